//! [`Core`]: what all panes share: the catalogue, the jobs, the connection, and the commands that
//! the current update will give out.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use super::dbt::DbtPart;
use super::keymap::{Context, Keymap};
use super::msg::{Action, Cmd, JobId, JobSpec, Slot};
use super::om::OmFacts;
use super::theme::Theme;
use crate::discovery::{DiscoveryStats, Skipped};
use crate::http::RequestLog;
use crate::model::{Applied, Catalog, Change, DatasetPath, Item, NodeId, NodeRef, ServerInfo};
use crate::search::Labels;

/// How many ended jobs, warnings and left-out nodes are remembered.
const MEMORY: usize = 500;
/// How long a notice stays.
const NOTICE_TIME: Duration = Duration::from_secs(4);

/// Where the connection stands.
#[derive(Clone, Debug)]
pub(crate) enum Server {
    Connecting,
    Ready(ServerInfo),
    Failed(String),
}

/// How far reading the catalogue is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk {
    pub(crate) stats: DiscoveryStats,
    pub(crate) running: bool,
    /// When everything was read; `None` before, and after a walk that was stopped.
    pub(crate) finished: Option<Instant>,
    pub(crate) stopped: bool,
    pub(crate) warnings: VecDeque<String>,
    pub(crate) skipped: VecDeque<Skipped>,
}

/// A job as the Activity pane shows it.
#[derive(Clone, Debug)]
pub(crate) struct JobRecord {
    pub(crate) id: JobId,
    pub(crate) slot: Slot,
    pub(crate) label: String,
    pub(crate) node: Option<NodeId>,
    pub(crate) started: Instant,
    pub(crate) ended: Option<Instant>,
    pub(crate) state: JobState,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JobState {
    Running,
    Done,
    Failed(String),
    Cancelled,
}

/// A word in the footer that goes away by itself.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_error: bool,
    until: Instant,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) title: String,
    pub(crate) now: Instant,
    pub(crate) started: Instant,
    pub(crate) catalog: Arc<Catalog>,
    /// Facts that wait until nobody else reads the catalogue.
    backlog: VecDeque<Change>,
    /// Raised by every change to the catalogue.
    pub(crate) version: u64,
    /// Nodes asked for and not answered yet.
    pub(crate) reading: FxHashSet<NodeId>,
    pub(crate) server: Server,
    pub(crate) walk: Walk,
    pub(crate) log: RequestLog,
    pub(crate) theme: Theme,
    pub(crate) keymap: Keymap,
    pub(crate) mouse: bool,
    /// Whether everything is drawn in ASCII.
    pub(crate) ascii: bool,
    pub(crate) notice: Option<Notice>,
    pub(crate) jobs: VecDeque<JobRecord>,
    /// What plans have told of OpenMetadata. The job that makes a plan makes the next of these too.
    pub(crate) om: Arc<OmFacts>,
    /// The dbt project that takes part.
    pub(crate) dbt: DbtPart,
    /// Labels of the datasets that somebody has looked at.
    pub(crate) labels: Arc<Labels>,
    /// Nodes that could not be read.
    failed: FxHashSet<NodeId>,
    /// Raised by whatever changes the list of warnings, failures and left-out nodes.
    pub(crate) troubles_version: u64,
    current: FxHashMap<Slot, JobId>,
    next_job: u64,
    cmds: Vec<Cmd>,
}

/// What a change did to the tree, for those who keep something derived from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touched {
    pub(crate) node: NodeId,
    /// Whether its children may be others now.
    pub(crate) children: bool,
    /// Whether its listing has just been completed.
    pub(crate) listed: bool,
}

impl Core {
    pub(crate) fn new(
        title: String,
        snapshot: Option<Catalog>,
        log: RequestLog,
        theme: Theme,
        keymap: Keymap,
        mouse: bool,
        now: Instant,
    ) -> Self {
        let catalog = snapshot.unwrap_or_default();
        let failed =
            catalog.walk().filter(|node| node.error().is_some()).map(NodeRef::id).collect();
        Self {
            title,
            now,
            started: now,
            catalog: Arc::new(catalog),
            backlog: VecDeque::new(),
            version: 0,
            reading: FxHashSet::default(),
            server: Server::Connecting,
            walk: Walk::default(),
            log,
            theme,
            keymap,
            mouse,
            ascii: false,
            notice: None,
            jobs: VecDeque::new(),
            om: Arc::default(),
            dbt: DbtPart::default(),
            labels: Arc::default(),
            failed,
            troubles_version: 0,
            current: FxHashMap::default(),
            next_job: 0,
            cmds: Vec::new(),
        }
    }

    /// Gives out a command.
    pub(crate) fn cmd(&mut self, cmd: Cmd) {
        self.cmds.push(cmd);
    }

    /// Has something large dropped where nobody waits for it.
    pub(crate) fn discard(&mut self, value: impl Any + Send) {
        self.cmd(Cmd::Discard(Box::new(value)));
    }

    /// The commands given out since the last call.
    pub(crate) fn take_cmds(&mut self) -> Vec<Cmd> {
        std::mem::take(&mut self.cmds)
    }

    /// Starts a job; the one before in its slot is history.
    pub(crate) fn start(&mut self, label: impl Into<String>, spec: JobSpec) -> JobId {
        let (slot, node) = (spec.slot(), spec.node());
        self.end(slot, JobState::Cancelled);
        self.next_job += 1;
        let id = JobId(self.next_job);
        self.current.insert(slot, id);
        if self.jobs.len() == MEMORY {
            self.jobs.pop_front();
        }
        self.jobs.push_back(JobRecord {
            id,
            slot,
            label: label.into(),
            node,
            started: self.now,
            ended: None,
            state: JobState::Running,
        });
        self.cmd(Cmd::Start(id, spec));
        id
    }

    /// Stops the job in a slot.
    pub(crate) fn cancel(&mut self, slot: Slot) {
        if self.end(slot, JobState::Cancelled) {
            self.cmd(Cmd::Cancel(slot));
        }
    }

    /// Whether a report still matters: a later job in its slot, or its end, makes it stale.
    pub(crate) fn is_current(&self, slot: Slot, job: JobId) -> bool {
        self.current.get(&slot) == Some(&job)
    }

    /// The running job in a slot.
    pub(crate) fn running(&self, slot: Slot) -> Option<&JobRecord> {
        let id = self.current.get(&slot)?;
        self.jobs.iter().rev().find(|record| record.id == *id)
    }

    /// Takes down how the job in a slot has ended; `false` if none was running.
    pub(crate) fn end(&mut self, slot: Slot, state: JobState) -> bool {
        let Some(id) = self.current.remove(&slot) else { return false };
        let now = self.now;
        if let Some(record) = self.jobs.iter_mut().rev().find(|record| record.id == id) {
            record.ended = Some(now);
            record.state = state;
        }
        true
    }

    /// How many jobs that a person would care about are running.
    pub(crate) fn busy_jobs(&self) -> usize {
        self.jobs.iter().filter(|job| job.state == JobState::Running && job.is_shown()).count()
    }

    /// Whether anything runs that a spinner tells of.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.server, Server::Connecting)
            || self.walk.running
            || !self.reading.is_empty()
            || self
                .jobs
                .iter()
                .rev()
                .take(20)
                .any(|job| job.state == JobState::Running && job.slot != Slot::Discovery)
    }

    /// Asks for a node to be read now.
    pub(crate) fn read_now(&mut self, node: NodeId) {
        let Some(path) = self.catalog.get(node).map(NodeRef::path) else { return };
        if !matches!(self.server, Server::Ready(_)) || !self.reading.insert(node) {
            return;
        }
        // A walk that was stopped serves nobody; one that reads nothing by itself takes over.
        if self.running(Slot::Discovery).is_none() {
            self.start("Read on demand", JobSpec::Discover { all: false });
        }
        self.cmd(Cmd::ReadNow(path));
    }

    /// Takes in facts, or keeps them while somebody else reads the catalogue.
    pub(crate) fn apply(&mut self, changes: Vec<Change>) -> Vec<Touched> {
        self.backlog.extend(changes);
        self.catch_up()
    }

    /// Takes in what was kept.
    pub(crate) fn catch_up(&mut self) -> Vec<Touched> {
        let mut touched = Vec::new();
        if self.backlog.is_empty() {
            return touched;
        }
        let Some(catalog) = Arc::get_mut(&mut self.catalog) else { return touched };
        self.version += 1;
        for change in self.backlog.drain(..) {
            let (children, listed) = match &change {
                Change::Children { last, .. } => (true, *last),
                Change::Entity(_) => (false, false),
                Change::Failed { .. } => (false, true),
            };
            let is_entity = matches!(change, Change::Entity(_));
            let Applied { node, case_clashes } = catalog.apply(change);
            for path in case_clashes {
                let reason =
                    "another name beside it differs in case only, and Dremio takes the two for one";
                remember(&mut self.walk.skipped, Skipped { path, reason: reason.to_owned() });
            }
            let Some(node) = node else { continue };
            let answered = listed
                || is_entity && catalog.get(node).is_some_and(|node| !node.kind().is_container());
            if answered {
                self.reading.remove(&node);
                // What was left out and is asked for by hand is not left out any more.
                if !self.walk.skipped.is_empty()
                    && let Some(path) = catalog.get(node).map(NodeRef::path)
                {
                    self.walk.skipped.retain(|skipped| skipped.path != path);
                }
            }
            if catalog.get(node).is_some_and(|node| node.error().is_some()) {
                self.failed.insert(node);
            }
            touched.push(Touched { node, children, listed });
        }
        // What was listed anew may have taken nodes away, and what was read again may be well now.
        self.failed.retain(|id| catalog.get(*id).is_some_and(|node| node.error().is_some()));
        self.troubles_version += 1;
        touched
    }

    /// The nodes that could not be read, in the order of their paths.
    pub(crate) fn failed_nodes(&self) -> Vec<NodeRef<'_>> {
        let mut nodes: Vec<NodeRef<'_>> =
            self.failed.iter().filter_map(|id| self.catalog.get(*id)).collect();
        nodes.sort_by_cached_key(|node| node.path());
        nodes
    }

    /// How many things there are that a person should know of: warnings and failures.
    pub(crate) fn warning_count(&self) -> usize {
        self.walk.warnings.len() + self.failed.len()
    }

    /// Whether facts are waiting.
    pub(crate) fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Something that was said once and is worth reading later.
    pub(crate) fn warn(&mut self, text: String) {
        self.troubles_version += 1;
        remember(&mut self.walk.warnings, text);
    }

    /// Something that was left out.
    pub(crate) fn skip(&mut self, skipped: Skipped) {
        self.troubles_version += 1;
        remember(&mut self.walk.skipped, skipped);
    }

    /// Says something in the footer.
    pub(crate) fn notify(&mut self, text: impl Into<String>) {
        self.notice =
            Some(Notice { text: text.into(), is_error: false, until: self.now + NOTICE_TIME });
    }

    /// Says in the footer that something did not work.
    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        self.notice =
            Some(Notice { text: text.into(), is_error: true, until: self.now + NOTICE_TIME * 2 });
    }

    /// Takes a notice away whose time is over; says when the next is.
    pub(crate) fn expire_notice(&mut self) -> Option<Duration> {
        let until = self.notice.as_ref()?.until;
        if until <= self.now {
            self.notice = None;
            return None;
        }
        Some(until - self.now)
    }

    /// Copies a text; `what` names it for the notice.
    pub(crate) fn copy(&mut self, text: String, what: &str) {
        let what = crate::model::display::clean(what).into_owned();
        self.notify(format!("copied {what}"));
        self.cmd(Cmd::Copy(text));
    }

    /// The first key for an action in these contexts, or its name where it has none.
    pub(crate) fn key(&self, contexts: &[Context], action: Action) -> String {
        self.keymap.key_for(contexts, action).unwrap_or_else(|| format!(":{}", action.name()))
    }

    /// The frame of the spinner that is shown now.
    pub(crate) fn spinner(&self) -> &'static str {
        let tenths = (self.now - self.started).as_millis() / 100;
        let frames = super::widgets::ascii::SPINNER;
        frames[usize::try_from(tenths).unwrap_or(0) % frames.len()]
    }
}

impl JobRecord {
    /// Whether it is worth a line: searches and the notes beside a node are not.
    pub(crate) fn is_shown(&self) -> bool {
        match self.slot {
            Slot::Login
            | Slot::Discovery
            | Slot::Preview
            | Slot::Reflections
            | Slot::Resolve
            | Slot::Layout
            | Slot::Plan
            | Slot::Apply
            | Slot::Presence => true,
            Slot::Notes
            | Slot::Dbt
            | Slot::Index
            | Slot::Search
            | Slot::Lineage
            | Slot::OpenMetadata
            | Slot::Journal => {
                matches!(self.state, JobState::Failed(_))
            }
        }
    }

    /// How long it has run.
    pub(crate) fn elapsed(&self, now: Instant) -> Duration {
        self.ended.unwrap_or(now).saturating_duration_since(self.started)
    }
}

fn remember<T>(list: &mut VecDeque<T>, entry: T) {
    if list.len() == MEMORY {
        list.pop_front();
    }
    list.push_back(entry);
}

/// A node as a listing would name it, to ask the server about it.
pub(crate) fn item_of(node: NodeRef<'_>) -> Item {
    Item {
        path: node.path(),
        id: node.server_id().map(str::to_owned),
        kind: node.kind(),
        raw_kind: node.raw_kind().map(str::to_owned),
    }
}

/// A path for people, each part fit to be shown.
pub(crate) fn shown_path(path: &DatasetPath) -> String {
    crate::model::display::clean(&path.to_string()).into_owned()
}
