//! The walk's loop: sends requests, takes answers, keeps count. What an answer means for the
//! catalogue is in [`super::answers`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::bulk::Bulk;
use super::columns;
use super::events::Outbox;
use super::failures::Refusal;
use super::filter::Filter;
use super::queue::{Batches, Job, Queue};
use super::{CatalogApi, DiscoveryEvent, DiscoveryOptions, DiscoveryStats, Skipped};
use crate::dremio::{BatchAnswer, ChildPage, EntityRef, Error, QueryResult};
use crate::http::{Slot, Slots};
use crate::model::{
    Catalog, Change, DatasetPath, Entity, Item, NodeError, NodeErrorKind, NodeId, NodeKind, NodeRef,
};

/// Events that may wait for a slow receiver before the walk waits with them.
const CHANNEL: usize = 64;
/// More than this at once hurts a coordinator (contract §6.2).
const MAX_WORKERS: usize = 16;
/// How long a cancelled walk waits for the server to take note of a cancelled query.
const QUERY_GRACE: Duration = Duration::from_secs(3);

/// The other end of a running walk.
#[derive(Clone, Debug)]
pub struct DiscoveryHandle {
    cancel: CancellationToken,
    urgent: mpsc::UnboundedSender<DatasetPath>,
}

impl DiscoveryHandle {
    /// Asks for a node to be read before anything else: its listing if it is a container (also one
    /// that the walk would not list by itself), its details if it is a dataset. Repeats a reading,
    /// unless one is under way. A path that was not come to yet is reached first, listing by
    /// listing; the empty path stands for the root listing.
    pub fn read_now(&self, path: DatasetPath) {
        // A walk that is over reads nothing more.
        let _ = self.urgent.send(path);
    }

    /// Asks the walk to stop; what was read stays.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }
}

/// Starts a walk on the current tokio runtime. Events come on the receiver until `Finished`; with
/// `keep_alive` the walk then goes on serving [`DiscoveryHandle::read_now`] until it is cancelled or
/// its handle or receiver is dropped, with further events and no second `Finished`.
#[expect(clippy::needless_pass_by_value, reason = "the walk takes a token, not a loan of one")]
pub fn discover<A: CatalogApi>(
    api: A,
    options: DiscoveryOptions,
    cancel: CancellationToken,
    keep_alive: bool,
) -> (DiscoveryHandle, mpsc::Receiver<DiscoveryEvent>) {
    // The walk stops its own requests in the end, which must not stop the caller's others.
    let cancel = cancel.child_token();
    let (events, receiver) = mpsc::channel(CHANNEL);
    let (urgent, wishes) = mpsc::unbounded_channel();
    let walk = Walk::new(api, options, cancel.clone(), Outbox::new(events));
    tokio::spawn(walk.run(wishes, keep_alive));
    (DiscoveryHandle { cancel, urgent }, receiver)
}

/// How far one side (listing, details) of a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Untouched,
    Queued,
    Running,
    Done,
}

/// What the walk remembers of a node beside what the tree knows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// The kind when it was last seen; `None` until it was met.
    pub(super) kind: Option<NodeKind>,
    /// Its listing if it is a container, else its details.
    pub(super) stage: Stage,
    /// Whether it stands in a file-system source.
    pub(super) storage: bool,
    /// Whether it is wanted for itself and not only leads to what is wanted.
    pub(super) wanted: bool,
    /// Whether it was counted as failed.
    pub(super) failed: bool,
}

/// An answer, or why there is none.
pub(super) enum Answer {
    Root(Result<Vec<Item>, Error>),
    Page(Result<ChildPage, Error>),
    Entity(Result<Entity, Error>),
    Batch(Result<BatchAnswer, Error>),
    Rows(Result<QueryResult, Error>),
}

pub(super) struct Walk<A> {
    api: A,
    pub(super) options: DiscoveryOptions,
    pub(super) filter: Filter,
    cancel: CancellationToken,
    pub(super) out: Outbox,
    /// Everything met so far, as listed; details are only passed on.
    pub(super) tree: Catalog,
    marks: Vec<Mark>,
    /// Who was first met under a server id.
    pub(super) ids: FxHashMap<Arc<str>, NodeId>,
    pub(super) queue: Queue,
    /// Datasets that wait for the decision on the bulk query.
    pub(super) held: Vec<NodeId>,
    pub(super) bulk: Bulk,
    /// Paths asked for that the walk has not come to.
    pub(super) wishes: Vec<DatasetPath>,
    pub(super) stats: DiscoveryStats,
    /// Failures since the last success.
    pub(super) failures: usize,
    /// Whether the server turned us away since the last success.
    pub(super) refusal: Refusal,
    /// Set when the server does not let functions be read.
    pub(super) functions_off: bool,
    tasks: JoinSet<Answer>,
    running: HashMap<Id, (Job, bool, AbortHandle)>,
    /// One for each worker. A request that pauses before a retry gives its own back.
    slots: Slots,
    workers: usize,
    started: Instant,
}

impl<A: CatalogApi> Walk<A> {
    fn new(api: A, options: DiscoveryOptions, cancel: CancellationToken, out: Outbox) -> Self {
        let workers = options.max_workers.unwrap_or(api.max_concurrency()).clamp(1, MAX_WORKERS);
        Self {
            slots: Slots::new(workers),
            workers,
            api,
            filter: Filter::new(&options),
            options,
            cancel,
            out,
            tree: Catalog::new(),
            marks: Vec::new(),
            ids: FxHashMap::default(),
            queue: Queue::default(),
            held: Vec::new(),
            bulk: Bulk::default(),
            wishes: Vec::new(),
            stats: DiscoveryStats::default(),
            failures: 0,
            refusal: Refusal::None,
            functions_off: false,
            tasks: JoinSet::new(),
            running: HashMap::new(),
            started: Instant::now(),
        }
    }

    async fn run(mut self, mut wishes: mpsc::UnboundedReceiver<DatasetPath>, keep_alive: bool) {
        self.mark(NodeId::ROOT).stage = Stage::Queued;
        self.queue.urgent(Job::Root);
        let mut finished = false;
        let mut handle_is_held = true;
        let cancelled = loop {
            self.fill();
            if self.running.is_empty() && !finished {
                self.prune();
                self.out.seal();
                let stats = self.counts();
                self.out.event(DiscoveryEvent::Finished { stats, cancelled: false });
                finished = true;
            }
            if !self.out.pump().await || (finished && (!keep_alive || !handle_is_held)) {
                break false;
            }
            let deadline = self.out.deadline();
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => break true,
                () = self.out.closed() => break false,
                wish = wishes.recv(), if handle_is_held => match wish {
                    Some(path) => self.wish(path),
                    None => handle_is_held = false,
                },
                Some(done) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => {
                    self.settle(done);
                }
                // Another request can be sent.
                () = self.slots.given_back() => {}
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {}
            }
            if self.out.is_progress_due() {
                let stats = self.counts();
                self.out.progress(stats);
            }
        };
        self.stop(cancelled && !finished).await;
    }

    /// Keeps what has already arrived, stops the rest, and says so.
    async fn stop(&mut self, tell: bool) {
        while let Some(done) = self.tasks.try_join_next_with_id() {
            self.settle(done);
        }
        self.cancel.cancel();
        // A query is told by the token and needs a moment to stop the job on the server.
        for (job, _, task) in self.running.values() {
            if !matches!(job, Job::Columns(_)) {
                task.abort();
            }
        }
        let end = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(QUERY_GRACE, end).await;
        if tell {
            self.out.seal();
            let stats = self.counts();
            self.out.event(DiscoveryEvent::Finished { stats, cancelled: true });
        }
        self.out.pump().await;
    }

    fn fill(&mut self) {
        while let Some(slot) = self.slots.try_take() {
            let more_to_come = self.lists_something();
            if !more_to_come {
                self.decide_on_bulk();
            }
            let marks = &self.marks;
            let tree = &self.tree;
            let is_due = |node: NodeId| {
                let mark = marks.get(node.index());
                mark.is_some_and(|mark| mark.stage == Stage::Queued) && tree.get(node).is_some()
            };
            let Some((job, urgent)) = self.queue.next(is_due, more_to_come) else { return };
            self.send(job, urgent, slot);
        }
    }

    fn lists_something(&self) -> bool {
        self.queue.has_listings()
            || self
                .running
                .values()
                .any(|(job, ..)| matches!(job, Job::Root | Job::List(_) | Job::State(..)))
    }

    fn send(&mut self, job: Job, urgent: bool, slot: Slot) {
        let api = self.api.clone();
        let task = match &job {
            Job::Root => {
                self.mark(NodeId::ROOT).stage = Stage::Running;
                self.tasks.spawn(slot.hold(async move { Answer::Root(api.root().await) }))
            }
            Job::List(listing) => {
                self.mark(listing.node).stage = Stage::Running;
                let of = self.reference(listing.node);
                let page = listing.page.clone();
                self.tasks.spawn(
                    slot.hold(async move { Answer::Page(api.children(&of, page.as_ref()).await) }),
                )
            }
            Job::State(node, _) => {
                let of = self.reference(*node);
                self.tasks.spawn(slot.hold(async move { Answer::Entity(api.entity(&of).await) }))
            }
            Job::Details(node) => {
                self.mark(*node).stage = Stage::Running;
                let of = self.reference(*node);
                self.tasks.spawn(slot.hold(async move { Answer::Entity(api.entity(&of).await) }))
            }
            Job::Batch(nodes) => {
                let mut ids = Vec::with_capacity(nodes.len());
                for node in nodes {
                    self.mark(*node).stage = Stage::Running;
                    let id = self.tree.get(*node).and_then(NodeRef::server_id);
                    ids.extend(id.map(str::to_owned));
                }
                self.tasks.spawn(slot.hold(async move { Answer::Batch(api.datasets(&ids).await) }))
            }
            Job::Columns(offset) => {
                let sql = columns::statement(*offset, &self.roots_in_scope());
                let cancel = self.cancel.clone();
                self.tasks.spawn(slot.hold(async move {
                    Answer::Rows(api.query(&sql, &[], columns::MAX_ROWS, &cancel).await)
                }))
            }
        };
        self.stats.requests += 1;
        self.running.insert(task.id(), (job, urgent, task));
    }

    fn settle(&mut self, done: Result<(Id, Answer), JoinError>) {
        match done {
            Ok((id, answer)) => {
                if let Some((job, urgent, _)) = self.running.remove(&id) {
                    self.take(job, urgent, answer);
                }
            }
            // Only a fault in the client itself gets here; it costs what was asked for.
            Err(error) => {
                if let Some((job, ..)) = self.running.remove(&error.id())
                    && error.is_panic()
                {
                    self.lose(job, "the answer could not be processed (a fault in this program)");
                }
            }
        }
        // A success or failure may have been what somebody waited for.
        self.retry_wishes();
    }

    fn lose(&mut self, job: Job, message: &str) {
        let error = || NodeError { kind: NodeErrorKind::Malformed, message: message.to_owned() };
        match job {
            Job::Root => self.fail(NodeId::ROOT, error()),
            Job::List(listing) => self.fail(listing.node, error()),
            Job::State(node, _) | Job::Details(node) => self.fail(node, error()),
            Job::Batch(nodes) => {
                self.queue.batches = Batches::Unknown;
                self.one_by_one(nodes);
            }
            Job::Columns(_) => self.abandon_bulk(message),
        }
    }

    fn reference(&self, node: NodeId) -> EntityRef {
        self.tree.get(node).map_or_else(
            || EntityRef { path: DatasetPath::default(), id: None },
            |node| EntityRef { path: node.path(), id: node.server_id().map(str::to_owned) },
        )
    }

    pub(super) fn mark(&mut self, node: NodeId) -> &mut Mark {
        if self.marks.len() <= node.index() {
            self.marks.resize(node.index() + 1, Mark::default());
        }
        &mut self.marks[node.index()]
    }

    pub(super) fn marked(&self, node: NodeId) -> Mark {
        self.marks.get(node.index()).copied().unwrap_or_default()
    }

    pub(super) fn skip(&mut self, path: DatasetPath, reason: impl Into<String>) {
        self.stats.skipped += 1;
        self.out.event(DiscoveryEvent::Skipped(Skipped { path, reason: reason.into() }));
    }

    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.out.event(DiscoveryEvent::Warning(text.into()));
    }

    pub(super) fn workers(&self) -> usize {
        self.workers
    }

    fn counts(&self) -> DiscoveryStats {
        let is_pending = |mark: &&Mark| matches!(mark.stage, Stage::Queued | Stage::Running);
        let pending = self.marks.iter().filter(is_pending).count();
        DiscoveryStats { pending, elapsed: self.started.elapsed(), ..self.stats }
    }

    pub(super) fn change(&mut self, change: Change) {
        self.out.change(change);
    }
}
