//! Reading what somebody waits for, and tidying up when all is read.

use super::CatalogApi;
use super::queue::{Job, Listing as ListingJob};
use super::walk::{Stage, Walk};
use crate::model::{Change, DatasetPath, Listing, NodeError, NodeErrorKind, NodeId, NodeRef};

/// How a path that is asked for stands to what the walk knows.
enum Way {
    /// It is here.
    Here(NodeId),
    /// It must lie below this container, which was not listed to the end.
    Below(NodeId),
    /// It is not there.
    Nowhere,
}

impl<A: CatalogApi> Walk<A> {
    /// Serves [`super::DiscoveryHandle::read_now`].
    pub(super) fn wish(&mut self, path: DatasetPath) {
        match self.way_to(&path) {
            Way::Here(node) => self.urge(node),
            Way::Below(node) => {
                self.urge(node);
                if !self.wishes.contains(&path) {
                    self.wishes.push(path);
                }
            }
            Way::Nowhere => self.deny(path),
        }
    }

    /// Looks again for what was asked for and not known, after something was learnt.
    pub(super) fn retry_wishes(&mut self) {
        if self.wishes.is_empty() {
            return;
        }
        for path in std::mem::take(&mut self.wishes) {
            match self.way_to(&path) {
                Way::Here(node) => {
                    // The walk may be at it already; it is new, so one reading is enough.
                    if self.marked(node).stage != Stage::Done {
                        self.urge(node);
                    }
                }
                Way::Below(node) if self.marked(node).stage == Stage::Done => {
                    // Its listing failed, which it says itself.
                }
                Way::Below(node) => {
                    self.urge(node);
                    self.wishes.push(path);
                }
                Way::Nowhere => self.deny(path),
            }
        }
    }

    fn way_to(&self, path: &DatasetPath) -> Way {
        let mut at = self.tree.root();
        for part in path.parts() {
            match at.child(part) {
                Some(child) => at = child,
                None if at.kind().is_container() && at.listing() != Listing::Complete => {
                    return Way::Below(at.id());
                }
                None => return Way::Nowhere,
            }
        }
        Way::Here(at.id())
    }

    fn deny(&mut self, path: DatasetPath) {
        let message = format!("{path} is not listed by the server, or is left out by a filter");
        let error = NodeError { kind: NodeErrorKind::NotFound, message };
        self.change(Change::Failed { path, error });
    }

    /// Puts a node before all others, unless it is being read now.
    fn urge(&mut self, node: NodeId) {
        let Some(kind) = self.tree.get(node).map(NodeRef::kind) else { return };
        let mark = self.mark(node);
        if mark.stage == Stage::Running {
            return;
        }
        mark.stage = Stage::Queued;
        let job = if node == NodeId::ROOT {
            Job::Root
        } else if kind.is_container() {
            Job::List(ListingJob::of(node))
        } else {
            Job::Details(node)
        };
        self.queue.urgent(job);
    }

    /// Takes containers out that only might have led to something wanted and did not.
    pub(super) fn prune(&mut self) {
        if !self.filter.is_selective() {
            return;
        }
        let order: Vec<NodeId> = self.tree.walk().map(NodeRef::id).collect();
        let mut dead = rustc_hash::FxHashSet::default();
        let mut changed = Vec::new();
        // Children stand after their parents.
        for id in order.into_iter().rev().chain([NodeId::ROOT]) {
            let Some(node) = self.tree.get(id) else { continue };
            let lost = node.children().filter(|child| dead.contains(&child.id())).count();
            let is_empty = node.children().len() == lost;
            let is_lead = id != NodeId::ROOT && !self.marked(id).wanted;
            // What was not listed, or failed, may still lead somewhere.
            let was_listed = node.listing() == Listing::Complete && !self.marked(id).failed;
            if is_lead && is_empty && was_listed && node.kind().is_container() {
                dead.insert(id);
            } else if lost > 0 {
                changed.push(id);
            }
        }
        for id in changed {
            let Some(node) = self.tree.get(id) else { continue };
            if node.listing() != Listing::Complete {
                continue;
            }
            let (gone, kept): (Vec<_>, Vec<_>) =
                node.children().partition(|child| dead.contains(&child.id()));
            let items = kept.into_iter().map(NodeRef::item).collect();
            let gone: Vec<_> = gone.into_iter().map(NodeRef::path).collect();
            let change = Change::Children { parent: node.path(), items, first: true, last: true };
            self.tree.apply(change.clone());
            self.change(change);
            for path in gone {
                self.skip(path, "nothing below it is among what is included");
            }
        }
    }
}
