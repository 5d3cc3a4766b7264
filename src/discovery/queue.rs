//! What is still to be read, and in which order.
//!
//! What somebody waits for comes first, then listings level by level, then details in batches,
//! then single details. How a request is sent and what its answer means is not in here.

use std::collections::VecDeque;

use crate::dremio::PageToken;
use crate::model::{NodeError, NodeId};

/// Datasets in one batch read (contract §2.1).
const BATCH: usize = 50;
/// The same for file-system sources, where one slow table holds all the others up.
const STORAGE_BATCH: usize = 25;

/// One request to send.
#[derive(Clone, Debug)]
pub(super) enum Job {
    /// The root listing.
    Root,
    /// A page of a container's children.
    List(Listing),
    /// The state of a source whose listing failed.
    State(NodeId, NodeError),
    /// One thing's details.
    Details(NodeId),
    /// The details of several datasets.
    Batch(Vec<NodeId>),
    /// A page of `INFORMATION_SCHEMA.COLUMNS`.
    Columns(u64),
}

/// A listing under way.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    pub(super) node: NodeId,
    /// Where to go on; `None` at the beginning.
    pub(super) page: Option<PageToken>,
    /// Pages in a row that brought nothing new.
    pub(super) idle_pages: u32,
}

impl Listing {
    pub(super) fn of(node: NodeId) -> Self {
        Self { node, page: None, idle_pages: 0 }
    }
}

/// Whether the server offers batch reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Batches {
    /// Not tried yet.
    #[default]
    Unknown,
    /// The first one is under way; no other is sent meanwhile.
    Probing,
    Offered,
    Missing,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    urgent: VecDeque<Job>,
    listings: VecDeque<Listing>,
    batch: VecDeque<NodeId>,
    storage_batch: VecDeque<NodeId>,
    singles: VecDeque<NodeId>,
    functions: VecDeque<NodeId>,
    columns: Option<u64>,
    pub(super) batches: Batches,
}

impl Queue {
    pub(super) fn urgent(&mut self, job: Job) {
        self.urgent.push_back(job);
    }

    pub(super) fn list(&mut self, node: NodeId) {
        self.listings.push_back(Listing::of(node));
    }

    /// Goes on with a listing before others are begun.
    pub(super) fn go_on(&mut self, listing: Listing, urgent: bool) {
        if urgent {
            self.urgent.push_front(Job::List(listing));
        } else {
            self.listings.push_front(listing);
        }
    }

    pub(super) fn batch(&mut self, node: NodeId, storage: bool) {
        if storage { &mut self.storage_batch } else { &mut self.batch }.push_back(node);
    }

    pub(super) fn single(&mut self, node: NodeId) {
        self.singles.push_back(node);
    }

    pub(super) fn function(&mut self, node: NodeId) {
        self.functions.push_back(node);
    }

    pub(super) fn columns(&mut self, offset: u64) {
        self.columns = Some(offset);
    }

    /// Takes out everything that was meant for batches.
    pub(super) fn take_batched(&mut self) -> Vec<NodeId> {
        self.batch.drain(..).chain(self.storage_batch.drain(..)).collect()
    }

    /// Takes out the functions.
    pub(super) fn take_functions(&mut self) -> Vec<NodeId> {
        self.functions.drain(..).collect()
    }

    /// Takes out all nodes whose listing or details are to be read.
    pub(super) fn take_all(&mut self) -> Vec<NodeId> {
        self.columns = None;
        let mut nodes = self.take_batched();
        nodes.extend(self.listings.drain(..).map(|listing| listing.node));
        nodes.extend(self.singles.drain(..));
        nodes.extend(self.functions.drain(..));
        for job in self.urgent.drain(..) {
            match job {
                Job::List(listing) => nodes.push(listing.node),
                Job::Details(node) | Job::State(node, _) => nodes.push(node),
                Job::Batch(batch) => nodes.extend(batch),
                Job::Root | Job::Columns(_) => {}
            }
        }
        nodes
    }

    /// Whether a listing waits.
    pub(super) fn has_listings(&self) -> bool {
        !self.listings.is_empty() || self.urgent.iter().any(|job| !matches!(job, Job::Details(_)))
    }

    /// The next request, and whether somebody waits for it. `is_due` tells whether a node still
    /// waits for what it is queued for; batches are filled up while `more_to_come`.
    pub(super) fn next(
        &mut self,
        is_due: impl Fn(NodeId) -> bool,
        more_to_come: bool,
    ) -> Option<(Job, bool)> {
        while let Some(job) = self.urgent.pop_front() {
            let due = match &job {
                Job::Root => is_due(NodeId::ROOT),
                Job::List(listing) => listing.page.is_some() || is_due(listing.node),
                Job::Details(node) => is_due(*node),
                _ => true,
            };
            if due {
                return Some((job, true));
            }
        }
        while let Some(listing) = self.listings.pop_front() {
            if listing.page.is_some() || is_due(listing.node) {
                return Some((Job::List(listing), false));
            }
        }
        if let Some(job) = self.next_batch(&is_due, more_to_come) {
            return Some((job, false));
        }
        if let Some(offset) = self.columns.take() {
            return Some((Job::Columns(offset), false));
        }
        for waiting in [&mut self.singles, &mut self.functions] {
            while let Some(node) = waiting.pop_front() {
                if is_due(node) {
                    return Some((Job::Details(node), false));
                }
            }
        }
        None
    }

    fn next_batch(&mut self, is_due: impl Fn(NodeId) -> bool, more_to_come: bool) -> Option<Job> {
        if matches!(self.batches, Batches::Probing | Batches::Missing) {
            return None;
        }
        for (waiting, size) in [(&mut self.batch, BATCH), (&mut self.storage_batch, STORAGE_BATCH)]
        {
            if waiting.len() < size && more_to_come {
                continue;
            }
            let mut nodes = Vec::with_capacity(size);
            while nodes.len() < size {
                match waiting.pop_front() {
                    Some(node) if is_due(node) => nodes.push(node),
                    Some(_) => {}
                    None => break,
                }
            }
            match nodes.as_slice() {
                [] => {}
                // One alone needs no batch, which may not be offered.
                [node] => return Some(Job::Details(*node)),
                _ => {
                    if self.batches == Batches::Unknown {
                        self.batches = Batches::Probing;
                    }
                    return Some(Job::Batch(nodes));
                }
            }
        }
        None
    }
}
