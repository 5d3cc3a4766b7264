//! What a walk says while it goes, gathered into events that are cheap to take in.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::model::{Change, DatasetPath, EntityDetail, NodeError};

/// How many items, nodes and column groups one [`DiscoveryEvent::Changes`] holds, about.
const BATCH: usize = 512;
/// How long a change waits for others.
const BATCH_TIME: Duration = Duration::from_millis(30);
/// The least time between two [`DiscoveryEvent::Progress`].
const PROGRESS_TIME: Duration = Duration::from_millis(100);

/// What the walk has to say.
#[derive(Debug)]
pub enum DiscoveryEvent {
    /// Something learnt, to be applied to the catalogue in this order.
    Changes(Vec<Change>),
    /// Counts so far.
    Progress(DiscoveryStats),
    /// Something left out on purpose, and why.
    Skipped(Skipped),
    /// Something worth telling that costs no node (e.g. a strategy that was not available).
    Warning(String),
    /// Nothing more is asked of the server, since everything fails.
    GaveUp(GaveUp),
    /// The end; `cancelled` when it was asked to stop, with everything read so far already sent.
    Finished {
        /// The final counts.
        stats: DiscoveryStats,
        /// Whether it was cut short.
        cancelled: bool,
    },
}

/// Why and how far a walk gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GaveUp {
    /// Whether the login, or the token, was refused; else the server failed too often.
    pub refused: bool,
    /// Nodes that were not tried; each says so itself too.
    pub untried: usize,
    /// The last failure.
    pub error: NodeError,
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { untried, error, .. } = self;
        write!(
            f,
            "nothing more is asked of this server, {untried} nodes were not tried: {}",
            error.message
        )
    }
}

/// Something that was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// What.
    pub path: DatasetPath,
    /// Why, in words.
    pub reason: String,
}

/// Counts of a walk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiscoveryStats {
    /// Containers listed to the end.
    pub containers: usize,
    /// Datasets found.
    pub datasets: usize,
    /// Datasets whose details are read.
    pub details: usize,
    /// Everything else found: files, functions, unknown things.
    pub others: usize,
    /// Nodes that could not be read.
    pub failed: usize,
    /// Nodes left out on purpose.
    pub skipped: usize,
    /// Listings and details still to be read, as far as known now.
    pub pending: usize,
    /// Requests sent by the walk; a bulk query counts as one, a retry inside the client not at all.
    pub requests: usize,
    /// Time since the start.
    pub elapsed: Duration,
}

/// Events on their way out.
#[derive(Debug)]
pub(super) struct Outbox {
    sender: mpsc::Sender<DiscoveryEvent>,
    ready: VecDeque<DiscoveryEvent>,
    changes: Vec<Change>,
    weight: usize,
    deadline: Option<Instant>,
    last_progress: Instant,
}

impl Outbox {
    pub(super) fn new(sender: mpsc::Sender<DiscoveryEvent>) -> Self {
        Self {
            sender,
            ready: VecDeque::new(),
            changes: Vec::new(),
            weight: 0,
            deadline: None,
            last_progress: Instant::now(),
        }
    }

    pub(super) fn change(&mut self, change: Change) {
        self.weight += match &change {
            Change::Children { items, .. } => 1 + items.len(),
            Change::Entity(entity) => match &entity.detail {
                EntityDetail::Dataset(dataset) => {
                    1 + dataset.columns.as_ref().map_or(0, Vec::len) / 8
                }
                _ => 1,
            },
            Change::Failed { .. } => 1,
        };
        self.changes.push(change);
        if self.weight >= BATCH {
            self.seal();
        } else if self.deadline.is_none() {
            self.deadline = Some(Instant::now() + BATCH_TIME);
        }
    }

    pub(super) fn event(&mut self, event: DiscoveryEvent) {
        self.ready.push_back(event);
    }

    /// Closes the batch under way, whatever its size.
    pub(super) fn seal(&mut self) {
        self.deadline = None;
        self.weight = 0;
        if !self.changes.is_empty() {
            self.ready.push_back(DiscoveryEvent::Changes(std::mem::take(&mut self.changes)));
        }
    }

    /// When the batch under way must go.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Sends what is ready, waiting for the receiver; false when that is gone.
    pub(super) async fn pump(&mut self) -> bool {
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.seal();
        }
        while let Some(event) = self.ready.pop_front() {
            if self.sender.send(event).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Whether how far it is was not told lately.
    pub(super) fn is_progress_due(&self) -> bool {
        self.last_progress.elapsed() >= PROGRESS_TIME
    }

    /// Tells how far it is, unless the receiver is behind: the next one will do.
    pub(super) fn progress(&mut self, stats: DiscoveryStats) {
        self.last_progress = Instant::now();
        let _ = self.sender.try_send(DiscoveryEvent::Progress(stats));
    }

    /// Waits until nobody listens any more.
    pub(super) async fn closed(&self) {
        self.sender.closed().await;
    }
}
