//! [`App`]: the whole state of the UI, and what each message does to it.
//!
//! `update` alone changes state and gives out commands; it awaits nothing and touches no terminal,
//! file or network. The clock comes in from outside too. What keys and actions do is in [`acts`], what
//! the reports of jobs do in [`reports`].

mod acts;
mod keys;
mod places;
mod reports;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyEvent, KeyEventKind};
use ratatui::layout::Rect;

use super::core::{Core, Server, Walk};
use super::dbt::{DbtPart, InOpenMetadata};
use super::keymap::{Keymap, Press};
use super::layer::Layer;
use super::layers::message::Message;
use super::msg::{Action, Cmd, JobSpec, Msg, Slot};
use super::panes::activity::ActivityPane;
use super::panes::catalog::CatalogPane;
use super::panes::detail::DetailPane;
use super::panes::lineage::LineagePane;
use super::panes::sync::{SyncPane, Target};
use super::remember::Remembered;
use super::theme::{ColourDepth, Theme, ThemeName};
use super::widgets::text;
use crate::dbt::ArtifactFiles;
use crate::http::RequestLog;
use crate::model::{Catalog, Change, DatasetPath, NodeId, NodeRef};
use crate::search::Index;

/// How long the cursor must rest on a node before the server is asked about it.
const SETTLE: Duration = Duration::from_millis(150);
/// How long the finder's index may lag behind a walk.
const INDEX_LAG: Duration = Duration::from_secs(2);
/// From so many datasets on, reading everything again is asked about first.
const MANY: usize = 1_000;

/// A place for the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pane {
    Catalog,
    Detail,
    Lineage,
    Sync,
    Activity,
}

/// The panes that share the right side, in the order of their labels.
pub(crate) const RIGHT_PANES: [(Pane, &str, Action); 4] = [
    (Pane::Detail, "Detail", Action::ShowDetail),
    (Pane::Lineage, "Lineage", Action::ShowLineage),
    (Pane::Sync, "Sync", Action::ShowSync),
    (Pane::Activity, "Activity", Action::ShowActivity),
];

/// What the UI starts with.
#[derive(Debug)]
pub struct Settings {
    /// What the connection is called.
    pub title: String,
    /// The theme.
    pub theme: ThemeName,
    /// Whether it is to be dark or light like the terminal, once that is known.
    pub follows_terminal: bool,
    /// What the terminal can show of it.
    pub colours: ColourDepth,
    /// Draw with ASCII signs only.
    pub ascii: bool,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// The keys.
    pub keymap: Keymap,
    /// What is known from an earlier run.
    pub snapshot: Option<Catalog>,
    /// The log that the connection writes.
    pub log: RequestLog,
    /// What the UI remembers from the last time.
    pub remembered: Remembered,
    /// Why there is nowhere to sync to, if so.
    pub no_sync: Option<String>,
    /// The connections that there are beside this one.
    pub profiles: Vec<Profile>,
    /// Something to say before anything else, such as why another profile could not be used.
    pub notice: Option<String>,
}

/// A connection by its name in the config file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name.
    pub name: String,
    /// Where it leads to, in words; or why it cannot be used.
    pub server: String,
    /// Whether it is the one in use.
    pub is_current: bool,
}

/// See the module.
#[derive(Debug)]
pub struct App {
    pub(crate) core: Core,
    pub(crate) catalog: CatalogPane,
    pub(crate) detail: DetailPane,
    pub(crate) lineage: LineagePane,
    pub(crate) sync: SyncPane,
    pub(crate) activity: ActivityPane,
    pub(crate) layers: Vec<Layer>,
    pub(crate) focus: Pane,
    /// Which pane has the right side.
    pub(crate) right: Pane,
    pub(crate) is_zoomed: bool,
    pub(crate) remembered: Remembered,
    pub(crate) pending: Vec<Press>,
    pub(crate) ascii: bool,
    colours: ColourDepth,
    settle_at: Option<Instant>,
    index: Option<Arc<Index>>,
    index_version: u64,
    index_made: Option<Instant>,
    pub(crate) last_click: Option<(Instant, u16, u16)>,
    pub(crate) places: Places,
    profiles: Vec<Profile>,
    /// Where the cursor was before jumps, and before going back from there.
    trail: Vec<NodeId>,
    ahead: Vec<NodeId>,
    /// Where somebody goes as soon as it is known what is there.
    arriving: Option<Arrival>,
    follows_terminal: bool,
    /// Keys that were pressed before what they are meant for is there.
    held: Vec<KeyEvent>,
}

/// A path that is being looked for in order to go there.
#[derive(Debug)]
struct Arrival {
    path: DatasetPath,
    /// Whether the answer has come.
    is_known: bool,
}

/// Where things were drawn last, for the mouse.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pub(crate) catalog: Rect,
    pub(crate) right: Rect,
    pub(crate) labels: Vec<(Rect, Pane)>,
}

impl App {
    /// A UI that has not begun.
    pub fn new(settings: Settings, now: Instant) -> Self {
        let theme = Theme::load(settings.theme, settings.colours);
        let mouse = settings.mouse && settings.remembered.mouse.unwrap_or(true);
        let mut core = Core::new(
            settings.title,
            settings.snapshot,
            settings.log,
            theme,
            settings.keymap,
            mouse,
            now,
        );
        core.ascii = settings.ascii;
        let mut layers = Vec::new();
        if let Some(text) = settings.notice {
            layers.push(Layer::Message(Message::new("Not connected".to_owned(), text)));
        }
        Self {
            core,
            catalog: CatalogPane::new(),
            detail: DetailPane::default(),
            lineage: LineagePane::default(),
            sync: SyncPane::new(settings.no_sync),
            activity: ActivityPane::default(),
            layers,
            focus: Pane::Catalog,
            right: Pane::Detail,
            is_zoomed: false,
            remembered: settings.remembered,
            pending: Vec::new(),
            ascii: settings.ascii,
            colours: settings.colours,
            settle_at: None,
            index: None,
            index_version: 0,
            index_made: None,
            last_click: None,
            places: Places::default(),
            profiles: settings.profiles,
            trail: Vec::new(),
            ahead: Vec::new(),
            arriving: None,
            follows_terminal: settings.follows_terminal,
            held: Vec::new(),
        }
    }

    /// The same with a dbt project that takes part.
    #[must_use]
    pub fn with_dbt(mut self, files: Option<Arc<dyn ArtifactFiles>>) -> Self {
        self.core.dbt = DbtPart::new(files);
        self
    }

    /// What to do first.
    pub fn start(&mut self) -> Vec<Cmd> {
        self.log_in();
        self.sync.connect(&mut self.core);
        self.core.cmd(Cmd::SetMouse(self.core.mouse));
        self.after_update();
        self.core.take_cmds()
    }

    /// Whether somebody should find out if the terminal is dark or light.
    pub fn follows_terminal(&self) -> bool {
        self.follows_terminal
    }

    /// The terminal's ground is light, or dark.
    pub fn take_background(&mut self, is_light: bool) {
        if self.follows_terminal {
            let name = if is_light { ThemeName::Light } else { ThemeName::Dark };
            self.core.theme = Theme::load(name, self.colours);
        }
    }

    /// What is worth remembering for the next time.
    pub fn remembered(&self) -> Remembered {
        Remembered { mouse: Some(self.core.mouse), ..self.remembered.clone() }
    }

    /// How long nothing can change by itself; then [`Msg::Wake`] is due. `None` = for ever.
    pub fn next_wake(&mut self, now: Instant) -> Option<Duration> {
        self.core.now = now;
        let spinner = self.core.is_busy().then_some(Duration::from_millis(100));
        let settle = self.settle_at.map(|at| at.saturating_duration_since(now));
        let notice = self.core.expire_notice();
        let age = self
            .core
            .walk
            .finished
            .map(|finished| text::ago(now.saturating_duration_since(finished)).1);
        let backlog = self.core.has_backlog().then_some(Duration::from_millis(20));
        let lineage = self.wants_lineage().then(|| self.lineage.next_read(&self.core));
        let dbt = self.core.next_dbt();
        [spinner, settle, notice, age, backlog, lineage.flatten(), dbt].into_iter().flatten().min()
    }

    /// Takes in what has happened; returns what is to be done about it.
    pub fn update(&mut self, msg: Msg, now: Instant) -> Vec<Cmd> {
        self.core.now = now;
        match msg {
            Msg::Key(key) if key.kind != KeyEventKind::Release => self.key(key),
            Msg::Key(_) | Msg::Resize(..) | Msg::Edited(Ok(())) => {}
            Msg::Paste(pasted) => self.paste(&pasted),
            Msg::Mouse(event) => self.mouse(event),
            Msg::Wake => self.wake(),
            Msg::Job(event) => self.job(event),
            Msg::Copied(Ok(how)) if how.is_empty() => {}
            Msg::Copied(Ok(how)) => self.core.notify(how),
            Msg::Copied(Err(why)) => self.core.complain(format!("not copied: {why}")),
            Msg::Edited(Err(why)) => self.core.complain(why),
        }
        self.after_update();
        self.core.take_cmds()
    }

    /// Takes in facts about the catalogue.
    pub fn learn(&mut self, changes: Vec<Change>) {
        let touched = self.core.apply(changes);
        self.catalog.note(&touched);
        self.after_update();
    }

    /// What follows from any change: the tree's rows, and the node that the details show.
    fn after_update(&mut self) {
        let touched = self.core.catch_up();
        self.catalog.note(&touched);
        self.catalog.refresh(&self.core);
        self.sync.go_on(&mut self.core);
        self.core.follow_dbt();
        self.look_in_openmetadata();
        self.detail.take_dbt(self.core.dbt.matched());
        if self.catalog.selected() != self.detail.node() {
            self.detail.show(self.catalog.selected());
            self.settle_at = Some(self.core.now + SETTLE);
        }
        if self.right == Pane::Detail && self.detail.wants_lineage(&self.core) {
            self.lineage.follow(self.detail.node(), &self.core);
        }
        if self.wants_lineage() {
            self.lineage.refresh(&mut self.core);
        }
        self.detail.take_lineage(self.lineage.reading());
        let is_known = self.arriving.as_ref().is_some_and(|arrival| arrival.is_known);
        if is_known
            && !self.core.has_backlog()
            && let Some(Arrival { path, .. }) = self.arriving.take()
        {
            match self.core.catalog.at(&path).map(NodeRef::id) {
                Some(node) => self.go_to(node, None),
                None => self.core.complain(format!("there is nothing at {path} that you may see")),
            }
        }
    }

    fn is_showing_matches(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, Layer::Matches(_)))
    }

    /// Has the matched datasets looked up in OpenMetadata while the match report is open.
    fn look_in_openmetadata(&mut self) {
        if !self.is_showing_matches() {
            return;
        }
        let instead = match &self.sync.target {
            Target::None(why) => Some(InOpenMetadata::NotLookedUp(why.clone())),
            Target::Failed(why) => Some(InOpenMetadata::Failed(why.clone())),
            Target::Connecting => Some(InOpenMetadata::Waiting),
            Target::Ready(_) => None,
        };
        if self.core.follow_openmetadata(instead) {
            self.renew_matches();
        }
    }

    /// Whether something on the screen takes the lineage. The match report tells where dbt's and the
    /// SQL's disagree.
    fn wants_lineage(&self) -> bool {
        self.right == Pane::Lineage
            || self.is_showing_matches()
            || self.right == Pane::Detail && self.detail.wants_lineage(&self.core)
    }

    fn wake(&mut self) {
        self.core.expire_notice();
        if self.settle_at.is_some_and(|at| at <= self.core.now) {
            self.settle_at = None;
            match self.right {
                Pane::Detail => self.detail.settle(&mut self.core),
                Pane::Lineage => self.lineage.follow(self.detail.node(), &self.core),
                _ => {}
            }
        }
        let is_finding = self.layers.iter().any(|layer| matches!(layer, Layer::Finder(_)));
        let is_due = self.index_made.is_none_or(|made| self.core.now - made >= INDEX_LAG);
        if is_finding && is_due {
            self.make_index();
        }
    }

    fn log_in(&mut self) {
        self.core.server = Server::Connecting;
        self.core.start("Log in", JobSpec::Login);
    }

    /// Has the finder's index made, unless the one there is (or is being made) is good.
    fn make_index(&mut self) {
        if self.index_made.is_some() && self.index_version == self.core.version
            || self.core.running(Slot::Index).is_some()
            || self.core.catalog.is_empty()
        {
            return;
        }
        self.index_version = self.core.version;
        self.index_made = Some(self.core.now);
        let catalog = Arc::clone(&self.core.catalog);
        let labels = Arc::clone(&self.core.labels);
        self.core.start("Index names", JobSpec::Index(catalog, labels));
    }

    /// Starts to read the catalogue from its roots.
    fn walk(&mut self) {
        if !matches!(self.core.server, Server::Ready(_)) {
            return;
        }
        self.core.reading.clear();
        if self.core.walk.finished.is_some() {
            self.core.forget_dbt();
        }
        self.core.walk = Walk { running: true, ..Walk::default() };
        self.core.start("Read the catalogue", JobSpec::Discover { all: true });
    }
}
