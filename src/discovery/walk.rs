//! The walk.

use std::time::Duration;

use regex::Regex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::CatalogApi;
use crate::model::{Change, DatasetPath, NodeKind};

/// What to read, and how.
#[derive(Clone, Debug)]
pub struct DiscoveryOptions {
    /// How many levels below the root to list; `None` = all.
    pub max_depth: Option<usize>,
    /// Only these paths (joined for display) and what leads to them; empty = all.
    pub include: Vec<Regex>,
    /// Not these paths, nor anything below them.
    pub exclude: Vec<Regex>,
    /// Kinds wanted in the result; empty = all. Containers on the way are read all the same.
    pub kinds: Vec<NodeKind>,
    /// Requests under way at once; `None` = what the client advises.
    pub max_workers: Option<usize>,
    /// How dataset details are read.
    pub strategy: Strategy,
    /// Read folders of file-system sources too, whose listings are live and slow.
    pub list_storage_folders: bool,
    /// Read dataset details (columns, SQL) at all, or only the tree.
    pub details: bool,
}

impl Default for DiscoveryOptions {
    fn default() -> Self {
        Self {
            max_depth: None,
            include: Vec::new(),
            exclude: Vec::new(),
            kinds: Vec::new(),
            max_workers: None,
            strategy: Strategy::Auto,
            list_storage_folders: false,
            details: true,
        }
    }
}

/// How dataset details are read (contract §4.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Batches where offered, else SQL where it pays, else one by one.
    #[default]
    Auto,
    /// REST only.
    Rest,
    /// Columns by SQL where at all possible.
    Sql,
}

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
    /// The end; `cancelled` when it was asked to stop, with everything read so far already sent.
    Finished {
        /// The final counts.
        stats: DiscoveryStats,
        /// Whether it was cut short.
        cancelled: bool,
    },
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
    /// Requests sent by the walk.
    pub requests: usize,
    /// Time since the start.
    pub elapsed: Duration,
}

/// The other end of a running walk.
#[derive(Clone, Debug)]
pub struct DiscoveryHandle {
    cancel: CancellationToken,
    urgent: mpsc::UnboundedSender<DatasetPath>,
}

impl DiscoveryHandle {
    /// Asks for a node to be read before anything else: its listing if it is a container (also one
    /// that the walk would not list by itself), its details if it is a dataset. Repeats a reading.
    pub fn read_now(&self, path: DatasetPath) {
        let _ = (&self.urgent, path);
        unimplemented!()
    }

    /// Asks the walk to stop; what was read stays.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }
}

/// Starts a walk on the current tokio runtime. Events come on the receiver until `Finished`; with
/// `keep_alive` the walk then goes on serving [`DiscoveryHandle::read_now`] until cancelled.
pub fn discover<A: CatalogApi>(
    _api: A,
    _options: DiscoveryOptions,
    _cancel: CancellationToken,
    _keep_alive: bool,
) -> (DiscoveryHandle, mpsc::Receiver<DiscoveryEvent>) {
    unimplemented!()
}
