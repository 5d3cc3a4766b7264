//! [`App`]: the whole state of the UI, and what each message does to it.
//!
//! `update` alone changes state and gives out commands; it awaits nothing and touches no terminal,
//! file or network. The clock comes in from outside too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyEvent, KeyEventKind};
use ratatui::layout::Rect;

use super::core::{Core, JobState, Server, Walk};
use super::keymap::{Context, Keymap, Meaning, Press};
use super::layer::{Layer, Outcome};
use super::layers::confirm::Confirm;
use super::layers::finder::Finder;
use super::layers::help::Help;
use super::layers::message::Message;
use super::layers::palette::Palette;
use super::msg::{Action, Cmd, JobBody, JobEvent, JobSpec, Msg, Slot};
use super::panes::activity::{self, ActivityPane};
use super::panes::catalog::{self, CatalogPane};
use super::panes::detail::{DetailPane, Tab};
use super::panes::lineage::{self, LineagePane};
use super::panes::sync::{self, SyncPane};
use super::remember::Remembered;
use super::theme::{ColourDepth, Theme, ThemeName};
use super::widgets::text;
use crate::discovery::DiscoveryEvent;
use crate::http::RequestLog;
use crate::model::{Catalog, Change, NodeId, NodeRef};
use crate::search::{Hit, Index};

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
        Self {
            core,
            catalog: CatalogPane::new(),
            detail: DetailPane::default(),
            lineage: LineagePane::default(),
            sync: SyncPane::new(settings.no_sync),
            activity: ActivityPane::default(),
            layers: Vec::new(),
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
        }
    }

    /// What to do first.
    pub fn start(&mut self) -> Vec<Cmd> {
        self.log_in();
        self.sync.connect(&mut self.core);
        self.core.cmd(Cmd::SetMouse(self.core.mouse));
        self.after_update();
        self.core.take_cmds()
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
        let lineage = (self.right == Pane::Lineage).then(|| self.lineage.next_read(&self.core));
        [spinner, settle, notice, age, backlog, lineage.flatten()].into_iter().flatten().min()
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
        if self.catalog.selected() != self.detail.node() {
            self.detail.show(self.catalog.selected());
            self.settle_at = Some(self.core.now + SETTLE);
        }
        if self.right == Pane::Lineage {
            self.lineage.refresh(&mut self.core);
        }
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

    /// Where a key is pressed now, the most special first.
    pub(crate) fn contexts(&self) -> Vec<Context> {
        if !self.layers.is_empty() {
            return vec![Context::Overlay];
        }
        if self.is_typing() {
            return vec![Context::Input];
        }
        self.pane_contexts()
    }

    pub(crate) fn pane_contexts(&self) -> Vec<Context> {
        let own = match self.focus {
            Pane::Catalog => Context::Catalog,
            Pane::Detail => Context::Detail,
            Pane::Lineage => Context::Lineage,
            Pane::Sync => Context::Sync,
            Pane::Activity => Context::Activity,
        };
        vec![own, Context::Global]
    }

    fn is_typing(&self) -> bool {
        match self.focus {
            Pane::Catalog => self.catalog.is_typing,
            Pane::Detail => self.detail.is_typing(),
            Pane::Lineage => self.lineage.is_typing(),
            Pane::Sync => false,
            Pane::Activity => self.activity.is_typing(),
        }
    }

    fn key(&mut self, key: KeyEvent) {
        let contexts = self.contexts();
        self.pending.push(Press::from(key));
        let mut meaning = self.core.keymap.meaning(&contexts, &self.pending);
        if meaning == Meaning::Nothing && self.pending.len() > 1 {
            // A sequence that came to nothing: its last key begins anew.
            self.pending = vec![Press::from(key)];
            meaning = self.core.keymap.meaning(&contexts, &self.pending);
        }
        match meaning {
            Meaning::Beginning => return,
            Meaning::Action(action) => {
                self.pending.clear();
                self.act(action);
                return;
            }
            Meaning::Nothing => self.pending.clear(),
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.key(key, &mut self.core);
        } else if self.is_typing() {
            match self.focus {
                Pane::Catalog => self.catalog.key(key),
                Pane::Detail => self.detail.key(key),
                Pane::Lineage => self.lineage.key(key),
                Pane::Sync => {}
                Pane::Activity => self.activity.key(key),
            }
        }
    }

    fn paste(&mut self, pasted: &str) {
        if let Some(layer) = self.layers.last_mut() {
            layer.paste(pasted, &mut self.core);
        } else if self.is_typing() {
            match self.focus {
                Pane::Catalog => self.catalog.paste(pasted),
                Pane::Detail => self.detail.paste(pasted),
                Pane::Lineage => self.lineage.paste(pasted),
                Pane::Sync => {}
                Pane::Activity => self.activity.paste(pasted),
            }
        }
    }

    /// Does what `action` says: the top overlay first, then the pane with the keys, then the App.
    pub(crate) fn act(&mut self, action: Action) {
        if let Some(layer) = self.layers.last_mut() {
            let outcome = layer.handle(action, &mut self.core);
            self.layer_outcome(outcome);
            return;
        }
        if self.is_typing() {
            match self.focus {
                Pane::Catalog => self.catalog.typing(action, &mut self.core),
                Pane::Detail => self.detail.typing(action, &self.core),
                Pane::Lineage => self.lineage.typing(action, &mut self.core),
                Pane::Sync => {}
                Pane::Activity => self.activity.typing(action, &mut self.core),
            }
            return;
        }
        if self.is_disconnected() && matches!(action, Action::Refresh | Action::RefreshAll) {
            self.log_in();
            return;
        }
        let is_done = match self.focus {
            Pane::Catalog => match self.catalog.handle(action, &mut self.core) {
                catalog::Outcome::Ignored => false,
                catalog::Outcome::Done => true,
                catalog::Outcome::Look => {
                    self.look();
                    true
                }
            },
            Pane::Detail => self.detail.handle(action, &mut self.core),
            Pane::Lineage => self.act_on_lineage(action),
            Pane::Sync => {
                let outcome = self.sync.handle(action, &mut self.core);
                self.sync_outcome(outcome)
            }
            Pane::Activity => {
                let outcome = self.activity.handle(action, &mut self.core);
                self.activity_outcome(outcome)
            }
        };
        if !is_done {
            self.act_globally(action);
        }
    }

    fn act_on_lineage(&mut self, action: Action) -> bool {
        match self.lineage.handle(action, &mut self.core) {
            lineage::Outcome::Ignored => return false,
            lineage::Outcome::Done => {}
            lineage::Outcome::GoTo(node, then) => {
                self.go_to(node, None);
                if let Some(then) = then {
                    self.act_globally(then);
                }
            }
        }
        true
    }

    fn activity_outcome(&mut self, outcome: activity::Outcome) -> bool {
        match outcome {
            activity::Outcome::Ignored => return false,
            activity::Outcome::Done => {}
            activity::Outcome::GoTo(node) => self.go_to(node, None),
            activity::Outcome::Tell(title, message) => {
                self.layers.push(Layer::Message(Message::new(title, message)));
            }
            activity::Outcome::Stop(slot) => self.stop(slot),
        }
        true
    }

    fn sync_outcome(&mut self, outcome: sync::Outcome) -> bool {
        match outcome {
            sync::Outcome::Ignored => return false,
            sync::Outcome::Done => {}
            sync::Outcome::Confirm(text) => {
                let confirm = Confirm::new("Write to OpenMetadata", text, "write", Action::Apply);
                self.layers.push(Layer::Confirm(confirm));
            }
            sync::Outcome::GoTo(path) => match self.core.catalog.at(&path).map(NodeRef::id) {
                Some(node) => {
                    self.catalog.reveal(&self.core, node);
                    self.focus = Pane::Catalog;
                }
                None => return false,
            },
        }
        true
    }

    /// Has what is marked, or what the cursor is on, compared with OpenMetadata.
    fn make_plan(&mut self) {
        (self.right, self.focus) = (Pane::Sync, Pane::Sync);
        let catalog = Arc::clone(&self.core.catalog);
        let mut paths = self.catalog.marked_paths(&catalog);
        if paths.is_empty() {
            let node = self.catalog.selected().and_then(|id| catalog.get(id));
            paths.extend(node.map(NodeRef::path));
        }
        drop(catalog);
        if paths.is_empty() {
            self.core.complain("there is nothing to compare yet");
            return;
        }
        self.sync.want(paths, &mut self.core);
    }

    pub(crate) fn layer_outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Stay => return,
            Outcome::Close => {
                self.layers.pop();
            }
            Outcome::Do(action) => {
                self.layers.pop();
                self.act(action);
            }
            Outcome::Confirmed(action) => {
                self.layers.pop();
                match action {
                    Action::RefreshAll => self.walk(),
                    Action::Apply => self.sync.apply(&mut self.core),
                    _ => {}
                }
            }
            Outcome::GoTo(Hit { node, column, .. }) => {
                self.layers.pop();
                self.go_to(node, column);
            }
        }
        if !self.layers.iter().any(|layer| matches!(layer, Layer::Finder(_))) {
            self.core.cancel(Slot::Search);
        }
    }

    /// Opens the lineage with the column under the cursor of the details traced.
    fn trace_column(&mut self) {
        match self.detail.selected_column(&self.core) {
            Some(column) => {
                self.act_globally(Action::ShowLineage);
                self.lineage.trace(column);
            }
            None => self.core.complain("choose a column of a table or a view first"),
        }
    }

    fn act_globally(&mut self, action: Action) {
        match action {
            Action::Back if self.is_zoomed => self.is_zoomed = false,
            Action::Back | Action::Left if self.focus != Pane::Catalog => {
                self.focus = Pane::Catalog;
            }
            Action::NextPane | Action::PreviousPane => {
                self.focus = if self.focus == Pane::Catalog { self.right } else { Pane::Catalog };
            }
            Action::ShowCatalog => self.focus = Pane::Catalog,
            Action::ShowDetail => self.look(),
            Action::ShowLineage => {
                (self.right, self.focus) = (Pane::Lineage, Pane::Lineage);
                self.settle_at = None;
                self.detail.show(self.catalog.selected());
                self.lineage.follow(self.catalog.selected(), &self.core);
            }
            Action::TraceColumn => self.trace_column(),
            Action::ShowSync => (self.right, self.focus) = (Pane::Sync, Pane::Sync),
            Action::MakePlan => self.make_plan(),
            Action::ShowActivity => {
                (self.right, self.focus) = (Pane::Activity, Pane::Activity);
            }
            Action::ShowColumns => self.show_tab(Tab::Columns, "columns"),
            Action::ShowSql => self.show_tab(Tab::Sql, "SQL"),
            Action::ShowWiki => self.show_tab(Tab::Wiki, "wiki"),
            Action::ShowReflections => self.show_tab(Tab::Reflections, "reflections"),
            Action::ShowPreview => {
                self.show_tab(Tab::Preview, "rows");
                self.detail.preview(&mut self.core, false);
            }
            Action::NextTab | Action::PreviousTab | Action::Edit if self.right == Pane::Detail => {
                self.detail.handle(action, &mut self.core);
            }
            Action::Finder => self.open_finder(),
            Action::Palette => {
                let contexts = self.pane_contexts();
                self.layers.push(Layer::Palette(Palette::new(contexts)));
            }
            Action::Help => {
                let help = Help::new(&self.core.keymap, &self.pane_contexts());
                self.layers.push(Layer::Help(help));
            }
            Action::RefreshAll => self.refresh_all(),
            Action::Zoom => self.is_zoomed = !self.is_zoomed,
            Action::Narrower => self.remembered.narrow(),
            Action::Wider => self.remembered.widen(),
            Action::ToggleMouse => {
                self.core.mouse = !self.core.mouse;
                let word =
                    if self.core.mouse { "on" } else { "off: the terminal selects text again" };
                self.core.notify(format!("mouse {word}"));
                self.core.cmd(Cmd::SetMouse(self.core.mouse));
            }
            Action::NextTheme => {
                let name = self.core.theme.name.next();
                self.core.theme = Theme::load(name, self.colours);
                self.core.notify(format!("theme {}", name.name()));
            }
            Action::Redraw => self.core.cmd(Cmd::Redraw),
            Action::Suspend => self.core.cmd(Cmd::Suspend),
            Action::Quit => self.core.cmd(Cmd::Quit),
            _ if self.right == Pane::Lineage && self.focus != Pane::Lineage => {
                self.act_on_lineage(action);
            }
            _ => {}
        }
    }

    fn is_disconnected(&self) -> bool {
        matches!(self.core.server, Server::Failed(_))
    }

    fn log_in(&mut self) {
        self.core.server = Server::Connecting;
        self.core.start("Log in", JobSpec::Login);
    }

    /// Turns to the details of the node under the cursor.
    fn look(&mut self) {
        (self.right, self.focus) = (Pane::Detail, Pane::Detail);
        self.settle_at = None;
        self.detail.show(self.catalog.selected());
        self.detail.settle(&mut self.core);
    }

    fn show_tab(&mut self, tab: Tab, what: &str) {
        self.detail.show(self.catalog.selected());
        if self.detail.select_tab(tab, &mut self.core) {
            self.settle_at = None;
            self.right = Pane::Detail;
            if matches!(self.focus, Pane::Activity | Pane::Lineage | Pane::Sync) {
                self.focus = Pane::Detail;
            }
        } else {
            self.core.complain(format!("there are no {what} to show here"));
        }
    }

    /// Goes to a node and, if given, to a column of it.
    fn go_to(&mut self, node: NodeId, column: Option<usize>) {
        if self.core.catalog.get(node).is_none() {
            self.core.complain("it is not in the catalogue any more");
            return;
        }
        self.catalog.reveal(&self.core, node);
        self.detail.show(Some(node));
        if let Some(column) = column {
            self.detail.go_to_column(column);
        }
        self.look();
        if column.is_none() {
            self.focus = Pane::Catalog;
        }
    }

    fn open_finder(&mut self) {
        self.make_index();
        self.layers.push(Layer::Finder(Finder::new(self.index.clone())));
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
        self.core.start("Index names", JobSpec::Index(catalog));
    }

    fn refresh_all(&mut self) {
        let datasets = self.core.walk.stats.datasets;
        if datasets < MANY {
            self.walk();
            return;
        }
        let text = format!(
            "Read all {} again? Reading them took {} the last time.",
            text::counted(datasets, "dataset"),
            text::counted(self.core.walk.stats.requests, "request"),
        );
        let confirm = Confirm::new("Read everything again", text, "read", Action::RefreshAll);
        self.layers.push(Layer::Confirm(confirm));
    }

    /// Starts to read the catalogue from its roots.
    fn walk(&mut self) {
        if !matches!(self.core.server, Server::Ready(_)) {
            return;
        }
        self.core.reading.clear();
        self.core.walk = Walk { running: true, ..Walk::default() };
        self.core.start("Read the catalogue", JobSpec::Discover { all: true });
    }

    fn stop(&mut self, slot: Slot) {
        if self.sync.stop_slot(slot, &mut self.core) {
            return;
        }
        let node = self.core.running(slot).and_then(|job| job.node);
        self.core.cancel(slot);
        if let Some(node) = node {
            self.detail.fail(node, slot, &JobState::Cancelled);
        }
        match slot {
            Slot::Discovery => {
                self.core.reading.clear();
                self.core.walk.running = false;
                self.core.walk.stopped = true;
            }
            Slot::Login => self.core.server = Server::Failed("Cancelled.".to_owned()),
            Slot::Layout => self.lineage.fail(slot, &JobState::Cancelled),
            _ => {}
        }
    }

    fn job(&mut self, JobEvent { job, slot, body }: JobEvent) {
        // The one place where stale reports are dropped.
        if !self.core.is_current(slot, job) {
            return;
        }
        let record = self.core.running(slot);
        let node = record.and_then(|record| record.node);
        let elapsed = record.map(|record| record.elapsed(self.core.now)).unwrap_or_default();
        match body {
            JobBody::LoggedIn(info) => {
                self.core.end(slot, JobState::Done);
                self.core.server = Server::Ready(info);
                self.walk();
            }
            JobBody::Discovery(event) => self.discovery(event),
            JobBody::Notes { wiki, labels } => {
                self.core.end(slot, JobState::Done);
                if let Some(node) = node {
                    self.detail.take_notes(node, wiki, labels);
                }
            }
            JobBody::Reflections(list) => {
                self.core.end(slot, JobState::Done);
                if let Some(node) = node {
                    self.detail.take_reflections(node, list);
                }
            }
            JobBody::Rows(rows) => {
                self.core.end(slot, JobState::Done);
                if let Some(node) = node {
                    self.detail.take_rows(node, rows, elapsed);
                }
            }
            JobBody::Index(index) => {
                self.core.end(slot, JobState::Done);
                self.index = Some(Arc::clone(&index));
                if let Some(Layer::Finder(finder)) = self.layers.last_mut() {
                    finder.take_index(index, &mut self.core);
                }
            }
            JobBody::Found(found) => {
                self.core.end(slot, JobState::Done);
                if let Some(Layer::Finder(finder)) = self.layers.last_mut() {
                    finder.take(found);
                }
            }
            JobBody::Lineage(model) => {
                self.core.end(slot, JobState::Done);
                self.lineage.take(model, &self.core);
            }
            JobBody::Resolved(found) => {
                self.core.end(slot, JobState::Done);
                self.lineage.take_resolved(&found);
                let changes = found.entities.into_iter();
                self.learn(changes.map(|entity| Change::Entity(Box::new(entity))).collect());
            }
            JobBody::Layout(drawing) => {
                self.core.end(slot, JobState::Done);
                self.lineage.take_layout(drawing);
            }
            JobBody::Reached(info) => {
                self.core.end(slot, JobState::Done);
                self.sync.reached(info);
            }
            JobBody::Planning(step) => self.sync.planning(step),
            JobBody::Planned(prepared) => {
                self.core.end(slot, JobState::Done);
                self.sync.planned(prepared, &mut self.core);
            }
            JobBody::Applying(events) => self.sync.applying(events, &mut self.core),
            JobBody::Applied(report) => {
                self.core.end(slot, JobState::Done);
                self.sync.applied(report, &mut self.core);
            }
            JobBody::Done => self.ended(slot, node, JobState::Done),
            JobBody::Cancelled => self.ended(slot, node, JobState::Cancelled),
            JobBody::Failed(message) => self.ended(slot, node, JobState::Failed(message)),
        }
    }

    /// A job has ended without what it was for.
    fn ended(&mut self, slot: Slot, node: Option<NodeId>, state: JobState) {
        if let Some(node) = node {
            self.detail.fail(node, slot, &state);
        }
        match (slot, &state) {
            (Slot::Login, JobState::Failed(message)) => {
                self.core.server = Server::Failed(message.clone());
                if !self.core.catalog.is_empty() {
                    let text = Message::new("Not connected".to_owned(), message.clone());
                    self.layers.push(Layer::Message(text));
                }
            }
            (Slot::Discovery, _) => {
                self.core.walk.running = false;
                self.core.reading.clear();
            }
            (Slot::OpenMetadata | Slot::Plan | Slot::Apply, state) => {
                self.sync.ended(slot, state);
            }
            (Slot::Index | Slot::Search, JobState::Failed(message)) => {
                self.core.complain(message.clone());
            }
            (Slot::Lineage | Slot::Resolve | Slot::Layout, state) => self.lineage.fail(slot, state),
            _ => {}
        }
        self.core.end(slot, state);
    }

    fn discovery(&mut self, event: DiscoveryEvent) {
        match event {
            DiscoveryEvent::Changes(changes) => self.learn(changes),
            DiscoveryEvent::Progress(stats) => self.core.walk.stats = stats,
            DiscoveryEvent::Skipped(skipped) => self.core.skip(skipped),
            DiscoveryEvent::Warning(text) => self.core.warn(text),
            DiscoveryEvent::Finished { stats, cancelled } => {
                self.core.walk.stats = stats;
                self.core.walk.running = false;
                self.core.walk.stopped = cancelled;
                self.core.walk.finished = (!cancelled).then_some(self.core.now);
                self.make_index();
            }
        }
    }
}
