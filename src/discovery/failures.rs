//! What a failure costs: its node; and when to stop asking.

use super::bulk::Bulk;
use super::walk::{Answer, Stage, Walk};
use super::{CatalogApi, DiscoveryEvent, GaveUp};
use crate::dremio::Error;
use crate::model::{Change, DatasetPath, NodeError, NodeErrorKind, NodeId, NodeRef};

/// How the message of a node begins that was not tried.
pub const UNTRIED: &str = "not tried after earlier failures";

/// Whether the server turned us away, and whether that was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Refusal {
    #[default]
    None,
    Met,
    Told,
}

/// Whether every further request would meet the same answer.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(
        error,
        Error::BadLogin { .. }
            | Error::Unauthorized { .. }
            | Error::NoFirstUser { .. }
            | Error::Project { .. }
    )
}

pub(super) fn node_error(error: &Error) -> NodeError {
    NodeError { kind: error.node_error_kind(), message: error.to_string() }
}

impl<A: CatalogApi> Walk<A> {
    pub(super) fn succeed(&mut self, node: NodeId) {
        let mark = self.mark(node);
        mark.stage = Stage::Done;
        if std::mem::take(&mut mark.failed) {
            self.stats.failed -= 1;
        }
        self.refusal = Refusal::None;
    }

    pub(super) fn fail(&mut self, node: NodeId, error: NodeError) {
        let Some(view) = self.tree.get(node) else { return };
        let path = view.path();
        let last = self.count_failure(&error).then(|| error.clone());
        self.put_down(node, path, error);
        if let Some(last) = last {
            self.give_up(&last);
        }
    }

    /// A login that is refused makes every further request useless (contract §1.4).
    pub(super) fn note_refusal(&mut self, answer: &Answer) {
        let error = match answer {
            Answer::Root(answer) => answer.as_ref().err(),
            Answer::Page(answer) => answer.as_ref().err(),
            Answer::Entity(answer) => answer.as_ref().err(),
            Answer::Batch(answer) => answer.as_ref().err(),
            Answer::Rows(answer) => answer.as_ref().err(),
        };
        if error.is_some_and(is_refusal) {
            self.failures = self.patience();
            if self.refusal == Refusal::None {
                self.refusal = Refusal::Met;
            }
        }
    }

    /// After how many failures in a row to give up.
    fn patience(&self) -> usize {
        3 * self.workers() + 8
    }

    fn put_down(&mut self, node: NodeId, path: DatasetPath, error: NodeError) {
        let mark = self.mark(node);
        mark.stage = Stage::Done;
        if !mark.failed {
            mark.failed = true;
            self.stats.failed += 1;
        }
        self.change(Change::Failed { path, error });
    }

    /// Counts towards giving up; true when that is due.
    pub(super) fn count_failure(&mut self, error: &NodeError) -> bool {
        let counts = matches!(
            error.kind,
            NodeErrorKind::Unavailable | NodeErrorKind::Other | NodeErrorKind::Malformed
        );
        self.failures += usize::from(counts);
        counts && self.failures >= self.patience()
    }

    /// A server on which everything fails is not asked for the rest: that would take hours of
    /// retries. Each node says so.
    pub(super) fn give_up(&mut self, last: &NodeError) {
        self.failures = 0;
        let mut nodes = std::mem::take(&mut self.held);
        if let Bulk::Running(run) = std::mem::replace(&mut self.bulk, Bulk::Over) {
            nodes.extend(run.open);
        }
        nodes.retain(|node| self.marked(*node).stage == Stage::Queued);
        // Of those in the queue, a listing that is to go on counts as running.
        let queued = self.queue.take_all();
        nodes.extend(
            queued
                .into_iter()
                .filter(|node| matches!(self.marked(*node).stage, Stage::Queued | Stage::Running)),
        );
        let is_news = self.refusal == Refusal::Met;
        if nodes.is_empty() && !is_news {
            return;
        }
        let refused = self.refusal != Refusal::None;
        if refused {
            self.refusal = Refusal::Told;
        }
        let gave_up = GaveUp { refused, untried: nodes.len(), error: last.clone() };
        self.out.event(DiscoveryEvent::GaveUp(gave_up));
        let message = format!("{UNTRIED}: {}", last.message);
        for node in nodes {
            if let Some(path) = self.tree.get(node).map(NodeRef::path) {
                self.put_down(node, path, NodeError { kind: last.kind, message: message.clone() });
            }
        }
    }
}
