//! The lineage of a dataset: a graph around it that one can walk in, as boxes, as a tree or as a table.
//!
//! [`look`] is what is looked at, [`scene`] what that shows, [`texts`] and [`canvas`] where it stands,
//! [`boxes`], [`rows`], [`panel`] and [`popup`] how it is drawn. Reading the SQL and laying out large
//! graphs are jobs. Not here: what SQL means ([`crate::lineage`]), how lines run ([`crate::graph`]).

mod act;
mod boxes;
mod canvas;
mod column;
mod draw;
mod look;
mod panel;
mod pointer;
mod popup;
mod rows;
mod scene;
mod texts;
mod typing;
mod walk;
mod words;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashSet;

use self::canvas::Canvas;
use self::look::{Filters, History, Look};
use self::popup::{ColumnPicker, ImpactList};
use self::scene::{Scene, TreeItem};
use self::texts::Level;
use crate::discovery::Resolved;
use crate::graph::layout::Layout;
use crate::model::{DatasetPath, NodeId, NodeRef};
use crate::tui::core::{Core, JobState, Server};
use crate::tui::lineage_model::{LineageModel, Looked};
use crate::tui::msg::{Action, JobSpec, Slot};
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::Cursor;
use crate::tui::widgets::text::counted;

/// How long the lineage may lag behind a running walk, and behind single changes.
const LAG: Duration = Duration::from_secs(2);
const SHORT_LAG: Duration = Duration::from_millis(250);

/// How the graph is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rendering {
    #[default]
    Boxes,
    Tree,
    Table,
}

/// How much room the panel gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PanelSize {
    Off,
    Small,
    Large,
}

/// What the pane is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Target {
    /// Nothing is under the cursor of the catalog.
    #[default]
    Nothing,
    /// Something without lineage of its own.
    NoDataset,
    /// A dataset, by key; until the lineage is read it is only known by that.
    Dataset(String),
}

/// What is being typed or chosen.
#[derive(Debug, Default)]
enum Typing {
    #[default]
    Nothing,
    Search,
    Hide,
    Columns(Box<ColumnPicker>),
    Impact(Box<ImpactList>),
}

/// What the App is to do after an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was none of ours.
    Ignored,
    /// It is done.
    Done,
    /// Go to a node, then do this.
    GoTo(NodeId, Option<Action>),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct LineagePane {
    model: Option<Arc<LineageModel>>,
    /// The catalogue's version that the model, or the job at it, was read from.
    version: u64,
    read_at: Option<Instant>,
    failure: Option<String>,
    /// What was looked for at its path, folded, and what that came to.
    asked: FxHashSet<DatasetPath>,
    looked: Looked,
    target: Target,
    history: History,
    /// The catalog's cursor led here, and nobody has done anything here since.
    is_passing: bool,
    filters: Filters,
    /// Chosen by hand; otherwise the pane's size decides.
    rendering: Option<Rendering>,
    /// How it was drawn last.
    drawn_as: Rendering,
    level: Level,
    panel: Option<PanelSize>,
    panel_top: usize,
    scene: Option<Scene>,
    is_stale: bool,
    typing: Typing,
    search: LineInput,
    hide: LineInput,
    /// Boxes that the search has found.
    found: Vec<usize>,
    /// The edge under the cursor, by the keys of its boxes.
    edge: Option<(String, String)>,
    /// Where a path begins, by key.
    mark: Option<String>,
    canvas: Canvas,
    cursor: Cursor,
}

impl LineagePane {
    /// Turns to the node under the cursor of the catalog.
    pub(crate) fn follow(&mut self, node: Option<NodeId>, core: &Core) {
        let node = node.and_then(|id| core.catalog.get(id));
        self.target = match node {
            None => Target::Nothing,
            Some(node) if !node.kind().is_dataset() => Target::NoDataset,
            Some(node) => Target::Dataset(node.path().to_string()),
        };
        let Target::Dataset(key) = &self.target else { return };
        let is_here =
            self.history.look().is_some_and(|look| look.focus() == key || look.selected == *key);
        if !is_here {
            let look = Look::around(key.clone(), 1, 1);
            // Passing over the catalog leaves no trail.
            if self.is_passing {
                self.history.replace(look);
            } else {
                self.history.push(look);
            }
            self.arrived();
            self.is_passing = true;
        }
    }

    /// Goes to a new place.
    fn go(&mut self, look: Look) {
        self.history.push(look);
        self.arrived();
    }

    /// What is the same for every new place.
    fn arrived(&mut self) {
        self.is_passing = false;
        self.edge = None;
        self.panel_top = 0;
        self.is_stale = true;
        self.cursor = Cursor { height: self.cursor.height, ..Cursor::default() };
        self.canvas.centre();
    }

    /// Something changed the view of the place where one is.
    fn changed(&mut self) {
        self.is_passing = false;
        self.is_stale = true;
        self.canvas.follow();
    }

    /// The lineage as far as it was read, and why it could not be read further.
    pub(crate) fn reading(&self) -> (Option<&Arc<LineageModel>>, Option<&str>) {
        (self.model.as_ref(), self.failure.as_deref())
    }

    /// How long until the SQL of the views is due to be read; `None` if nothing has changed.
    pub(crate) fn next_read(&self, core: &Core) -> Option<Duration> {
        let is_wanted = self.version != core.version || self.model.is_none();
        let is_idle = core.running(Slot::Lineage).is_none();
        let may_ask = !core.catalog.is_empty();
        if !is_wanted || !is_idle || !may_ask || self.failure.is_some() {
            return None;
        }
        let Some(read_at) = self.read_at else { return Some(Duration::ZERO) };
        let lag = if core.walk.running { LAG } else { SHORT_LAG };
        Some((read_at + lag).saturating_duration_since(core.now))
    }

    /// Does what is due after any change: a new reading, a new scene, a layout.
    pub(crate) fn refresh(&mut self, core: &mut Core) {
        if self.next_read(core) == Some(Duration::ZERO) {
            self.version = core.version;
            let looked = self.looked.clone();
            let (catalog, dbt) = (Arc::clone(&core.catalog), core.dbt.matched().cloned());
            let spec = JobSpec::Lineage(catalog, self.model.clone(), looked, dbt);
            core.start("Read the SQL of the views", spec);
        }
        self.look_for_missing(core);
        if self.is_stale {
            self.rebuild();
        }
        self.order_layout(core);
    }

    /// Looks at their paths for the tables that views name and no listing has shown: discovery does
    /// not list the folders of file systems, where most raw tables stand.
    fn look_for_missing(&mut self, core: &mut Core) {
        let Some(model) = &self.model else { return };
        let may_ask = matches!(core.server, Server::Ready(_)) && core.walk.finished.is_some();
        if !may_ask || core.running(Slot::Resolve).is_some() {
            return;
        }
        let mut paths = model.unresolved().to_vec();
        paths.retain(|path| self.asked.insert(path.folded()));
        if !paths.is_empty() {
            let label = format!("Look for {} that views name", counted(paths.len(), "table"));
            core.start(label, JobSpec::Resolve(paths));
        }
    }

    /// dbt tells other edges than before.
    pub(crate) fn doubt(&mut self) {
        self.version = u64::MAX;
    }

    /// What was looked for is there, or is not.
    pub(crate) fn take_resolved(&mut self, found: &Resolved) {
        self.looked.absent.extend(found.absent.iter().cloned());
        let failed = found.failed.iter().map(|(path, why)| (path.clone(), why.message.clone()));
        self.looked.failed.extend(failed);
        // Nothing else may have changed, and yet the graph is another one.
        self.version = u64::MAX;
    }

    /// Has a large graph laid out, if boxes are what is looked at.
    fn order_layout(&mut self, core: &mut Core) {
        let (Some(model), Some(scene)) = (&self.model, &self.scene) else { return };
        if self.rendering.unwrap_or(self.drawn_as) != Rendering::Boxes {
            return;
        }
        if let Some(diagram) = self.canvas.order(model, scene, self.level) {
            let label = format!("Lay out {} boxes", diagram.boxes.len());
            core.start(label, JobSpec::Layout(diagram));
        }
    }

    /// The lineage was read.
    pub(crate) fn take(&mut self, model: Arc<LineageModel>, core: &Core) {
        self.model = Some(model);
        self.read_at = Some(core.now);
        self.failure = None;
        self.is_stale = true;
    }

    /// A large graph is laid out.
    pub(crate) fn take_layout(&mut self, layout: Arc<Layout>) {
        self.canvas.take(layout);
    }

    /// A job has ended without what it was for.
    pub(crate) fn fail(&mut self, slot: Slot, state: &JobState) {
        match (slot, state) {
            (Slot::Layout, _) => self.canvas.give_up(),
            (Slot::Resolve, _) => {}
            (_, JobState::Failed(message)) => self.failure = Some(message.clone()),
            _ => self.version = u64::MAX,
        }
    }

    /// Makes the scene anew and finds in it what the cursor was on.
    fn rebuild(&mut self) {
        self.is_stale = false;
        self.canvas.invalidate();
        self.scene = None;
        let (Some(model), Some(look)) = (&self.model, self.history.look_mut()) else { return };
        let Some(scene) = Scene::new(model, look, &self.filters) else { return };
        if scene.position(&look.selected).is_none() {
            // It may have gone into a folded folder, or come out of one.
            let node = model.outline().find(&look.selected);
            let at = node.and_then(|node| scene.graph.shown(node)).or(scene.focus);
            if let Some(at) = at {
                look.selected.clone_from(&scene.graph.nodes[at].key);
            }
        }
        let is_edge = |(from, to): &(String, String)| {
            let ends = scene.position(from).zip(scene.position(to));
            ends.is_some_and(|(from, to)| scene.edges_of(from).contains(&(from, to)))
        };
        self.edge = self.edge.take().filter(is_edge);
        self.scene = Some(scene);
        self.find();
        self.put_cursor();
    }

    /// The box under the cursor.
    fn selected(&self) -> Option<usize> {
        self.scene.as_ref()?.position(&self.history.look()?.selected)
    }

    /// The one node of the box under the cursor.
    fn selected_node(&self) -> Option<usize> {
        self.scene.as_ref()?.node(self.selected()?)
    }

    /// The node of the catalogue under the cursor.
    fn selected_in<'a>(&self, core: &'a Core) -> Option<NodeRef<'a>> {
        let node = self.model.as_ref()?.graph().nodes().get(self.selected_node()?)?;
        core.catalog.get(node.catalog?)
    }

    /// The edge under the cursor, by boxes.
    fn edge_boxes(&self) -> Option<(usize, usize)> {
        let (from, to) = self.edge.as_ref()?;
        let scene = self.scene.as_ref()?;
        scene.position(from).zip(scene.position(to))
    }

    /// Puts the cursor on a box.
    fn select(&mut self, at: usize) {
        let Some(key) = self.scene.as_ref().and_then(|scene| scene.graph.nodes.get(at)) else {
            return;
        };
        let key = key.key.clone();
        if let Some(look) = self.history.look_mut()
            && look.selected != key
        {
            look.selected = key;
            self.edge = None;
            self.panel_top = 0;
        }
        self.canvas.follow();
        self.put_cursor();
    }

    /// How many rows the tree or the table has.
    fn row_count(&self) -> usize {
        self.scene.as_ref().map_or(0, |scene| match self.drawn_as {
            Rendering::Table => scene.table.len(),
            _ => scene.tree.len(),
        })
    }

    /// The box on a row; `None` on a heading.
    fn box_on(&self, row: usize) -> Option<usize> {
        let scene = self.scene.as_ref()?;
        match self.drawn_as {
            Rendering::Table => scene.table.get(row).map(|row| row.node),
            _ => match scene.tree.get(row)? {
                TreeItem::Box(row) => Some(row.node),
                TreeItem::Heading(_) => None,
            },
        }
    }

    /// Puts the cursor of tree and table on the row of the box under the cursor.
    fn put_cursor(&mut self) {
        let Some(selected) = self.selected() else { return };
        if self.box_on(self.cursor.at) == Some(selected) {
            return;
        }
        let len = self.row_count();
        if let Some(row) = (0..len).find(|row| self.box_on(*row) == Some(selected)) {
            self.cursor.go(row, len);
        }
    }

    /// The actions worth a place in the footer now.
    pub(crate) fn hints(&self) -> Vec<(Action, &'static str)> {
        if self.scene.is_none() {
            return vec![(Action::ShowCatalog, "catalog"), (Action::Finder, "find")];
        }
        let is_traced = self.history.look().is_some_and(|look| look.traced.is_some());
        let mut hints = Vec::new();
        if is_traced {
            hints.extend([
                (Action::Back, "end trace"),
                (Action::NextColumn, "next column"),
                (Action::PreviousColumn, "column before"),
            ]);
        }
        hints.extend([(Action::Open, "focus"), (Action::Grow, "more"), (Action::Shrink, "less")]);
        if !is_traced {
            hints.push((Action::TraceColumn, "trace column"));
        }
        hints.extend([
            (Action::NextRendering, "boxes/tree/table"),
            (Action::NextLevel, "detail"),
            (Action::HistoryBack, "back"),
            (Action::ToggleBeyond, "expand"),
            (Action::ShowImpact, "impact"),
            (Action::NextEdge, "edges"),
            (Action::Filter, "search"),
            (Action::TogglePanel, "panel"),
            (Action::Zoom, "zoom"),
        ]);
        hints
    }

    /// The same while something is typed or chosen.
    pub(crate) fn typing_hints(&self) -> Vec<(Action, &'static str)> {
        let (accept, close) = match self.typing {
            Typing::Columns(_) => ("trace it", "as before"),
            Typing::Impact(_) => ("focus on it", "close"),
            Typing::Hide => ("hide what matches", "cancel"),
            _ => ("keep", "end search"),
        };
        let mut hints = vec![(Action::Accept, accept), (Action::Close, close)];
        if matches!(self.typing, Typing::Search) {
            hints.push((Action::Down, "next match"));
        }
        hints
    }
}
