//! The details of the node under the cursor, in tabs.
//!
//! Not here: the tree itself ([`super::catalog`]), and how details are read: the pane asks the core.

mod act;
mod columns;
pub(crate) mod dbt;
mod draw;
mod facts;
mod preview;
mod references;
mod scroll;
mod sql;
mod used_by;

use std::sync::Arc;

use ratatui::layout::Rect;
use rustc_hash::FxHashMap;

use self::columns::ColumnsView;
use self::preview::Preview;
use self::scroll::Scroll;
use self::sql::SqlView;
use self::used_by::UsedBy;
use crate::dbt::MatchedProject;
use crate::dremio::{QueryResult, Reflection};
use crate::model::{DatasetPath, NodeErrorKind, NodeId, NodeKind, NodeRef, SchemaState};
use crate::tui::core::{Core, JobState, Server, item_of, shown_path};
use crate::tui::jobs::PREVIEW_ROWS;
use crate::tui::keymap::Context;
use crate::tui::lineage_model::LineageModel;
use crate::tui::msg::{Action, JobSpec, Slot};

/// Of how many nodes what was fetched is kept.
const KEPT: usize = 200;

/// A tab of the pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tab {
    /// What a container is and holds.
    Overview,
    /// Columns with nested types.
    #[default]
    Columns,
    /// A view's SQL.
    Sql,
    /// A function's signature and body.
    Definition,
    /// A few rows.
    Preview,
    /// Wiki text and labels.
    Wiki,
    /// Reflections.
    Reflections,
    /// The datasets that read this one.
    UsedBy,
    /// What dbt knows of it.
    Dbt,
}

impl Tab {
    /// The tabs that a kind of node has.
    pub(crate) fn of(kind: NodeKind) -> &'static [Self] {
        match kind {
            NodeKind::View => {
                const TABS: &[Tab] = &[
                    Tab::Columns,
                    Tab::Sql,
                    Tab::Preview,
                    Tab::Wiki,
                    Tab::Reflections,
                    Tab::UsedBy,
                ];
                TABS
            }
            NodeKind::Table(_) => {
                &[Self::Columns, Self::Preview, Self::Wiki, Self::Reflections, Self::UsedBy]
            }
            NodeKind::Function => &[Self::Definition],
            NodeKind::Space | NodeKind::Source | NodeKind::Folder => &[Self::Overview, Self::Wiki],
            NodeKind::Home | NodeKind::File | NodeKind::Unknown => &[Self::Overview],
        }
    }

    /// The tab's label.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Columns => "Columns",
            Self::Sql => "SQL",
            Self::Definition => "Definition",
            Self::Preview => "Preview",
            Self::Wiki => "Wiki",
            Self::Reflections => "Reflections",
            Self::UsedBy => "Used by",
            Self::Dbt => "dbt",
        }
    }
}

/// What the App is to do after an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was none of ours.
    Ignored,
    /// It is done.
    Done,
    /// Go to a dataset: to its node, or to what is at its path.
    Jump(DatasetPath, Option<NodeId>),
    /// Let somebody choose among these, which are the datasets that the SQL names.
    Choose(Vec<(DatasetPath, Option<NodeId>)>),
}

impl From<bool> for Outcome {
    fn from(is_done: bool) -> Self {
        if is_done { Self::Done } else { Self::Ignored }
    }
}

/// Something that is asked of the server when somebody looks at it.
#[derive(Clone, Debug, Default)]
pub(crate) enum Remote<T> {
    /// Nobody has asked.
    #[default]
    Unasked,
    /// On its way.
    Loading,
    /// There.
    Ready(T),
    /// It could not be had, and why.
    Failed(String),
}

/// What was fetched for one node.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    wiki: Remote<Option<String>>,
    labels: Vec<String>,
    reflections: Remote<Vec<Reflection>>,
    preview: Remote<Preview>,
    used: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct DetailPane {
    node: Option<NodeId>,
    /// The tab that was asked for last; kept while nodes that have no such tab are passed.
    wanted: Tab,
    columns: ColumnsView,
    scroll: Scroll,
    preview_cursor: preview::View,
    extras: FxHashMap<NodeId, Extras>,
    clock: u64,
    tab_places: Vec<(Rect, Tab)>,
    sql: SqlView,
    used_by: UsedBy,
    /// What is known of the lineage, and why no more than that.
    lineage: Option<Arc<LineageModel>>,
    dbt: Option<Arc<MatchedProject>>,
    lineage_failure: Option<String>,
    /// A piece of SQL to bring into view at the next drawing.
    sql_wish: Option<String>,
    /// Where lines were drawn last, and on which of them the SQL begins.
    page: Rect,
    sql_top: usize,
}

impl DetailPane {
    /// The node shown.
    pub(crate) fn node(&self) -> Option<NodeId> {
        self.node
    }

    /// Turns to another node.
    pub(crate) fn show(&mut self, node: Option<NodeId>) {
        if self.node == node {
            return;
        }
        self.node = node;
        self.columns = ColumnsView::default();
        self.sql.leave();
        self.used_by.leave();
        self.sql_wish = None;
        self.reset_scroll();
    }

    /// Takes note of how far the lineage is known.
    pub(crate) fn take_lineage(
        &mut self,
        (model, failure): (Option<&Arc<LineageModel>>, Option<&str>),
    ) {
        self.lineage = model.cloned();
        self.lineage_failure = failure.map(str::to_owned);
    }

    /// Takes note of the dbt project, as far as it is known.
    pub(crate) fn take_dbt(&mut self, matched: Option<&Arc<MatchedProject>>) {
        self.dbt = matched.cloned();
    }

    /// The tabs of a node: of its kind, and dbt's where dbt knows it.
    pub(crate) fn tabs(&self, node: NodeRef<'_>) -> Vec<Tab> {
        let mut tabs = Tab::of(node.kind()).to_vec();
        let knows = |dbt: &Arc<MatchedProject>| dbt.knows(&node.path());
        if node.kind().is_dataset() && self.dbt.as_ref().is_some_and(knows) {
            let at = tabs.iter().position(|tab| *tab == Tab::Wiki).unwrap_or(tabs.len());
            tabs.insert(at, Tab::Dbt);
        }
        tabs
    }

    /// Whether what is shown takes the lineage.
    pub(crate) fn wants_lineage(&self, core: &Core) -> bool {
        let node = self.node.and_then(|id| core.catalog.get(id));
        node.is_some_and(|node| self.tab(node) == Tab::UsedBy)
    }

    fn reset_scroll(&mut self) {
        self.scroll = Scroll::default();
        self.preview_cursor = preview::View::default();
    }

    /// The tab in front for a node.
    pub(crate) fn tab(&self, node: NodeRef<'_>) -> Tab {
        let tabs = self.tabs(node);
        if tabs.contains(&self.wanted) { self.wanted } else { tabs[0] }
    }

    /// Brings a tab to the front; `false` if the node has none such.
    pub(crate) fn select_tab(&mut self, tab: Tab, core: &mut Core) -> bool {
        let Some(node) = self.node.and_then(|id| core.catalog.get(id)) else { return false };
        if !self.tabs(node).contains(&tab) {
            return false;
        }
        if self.wanted != tab {
            self.wanted = tab;
            self.reset_scroll();
        }
        self.settle(core);
        true
    }

    /// Goes to a column.
    pub(crate) fn go_to_column(&mut self, column: usize) {
        self.wanted = Tab::Columns;
        self.columns = ColumnsView::at_column(column);
    }

    /// Goes to a piece of the SQL.
    pub(crate) fn go_to_sql(&mut self, text: String) {
        self.wanted = Tab::Sql;
        self.reset_scroll();
        self.sql_wish = Some(text);
    }

    /// The column under the cursor; of a nested one, the column that it is a part of.
    pub(crate) fn selected_column(&self, core: &Core) -> Option<String> {
        let node = core.catalog.get(self.node?)?;
        let is_here = self.tab(node) == Tab::Columns && node.kind().is_dataset();
        is_here.then(|| self.columns.selected_column(node))?
    }

    /// Whether the pane's filter is being typed.
    pub(crate) fn is_typing(&self) -> bool {
        self.columns.is_typing
    }

    fn extras(&mut self, id: NodeId) -> &mut Extras {
        self.clock += 1;
        if self.extras.len() >= KEPT && !self.extras.contains_key(&id) {
            let oldest =
                self.extras.iter().min_by_key(|(_, extras)| extras.used).map(|(id, _)| *id);
            if let Some(oldest) = oldest {
                self.extras.remove(&oldest);
            }
        }
        let extras = self.extras.entry(id).or_default();
        extras.used = self.clock;
        extras
    }

    /// The cursor rests on the node shown: asks for what its tab needs and nobody has asked for yet.
    pub(crate) fn settle(&mut self, core: &mut Core) {
        let Some(id) = self.node else { return };
        let catalog = Arc::clone(&core.catalog);
        let Some(node) = catalog.get(id) else { return };
        if !matches!(core.server, Server::Ready(_)) {
            return;
        }
        let kind = node.kind();
        if kind.is_dataset() && node.schema().state == SchemaState::Unread && node.error().is_none()
            || kind == NodeKind::Function && !node.has_details() && node.error().is_none()
        {
            core.read_now(id);
        }
        let tab = self.tab(node);
        let has_notes = kind.is_dataset()
            || matches!(kind, NodeKind::Space | NodeKind::Source | NodeKind::Folder);
        if has_notes && matches!(self.extras(id).wiki, Remote::Unasked) {
            self.give_up(Slot::Notes);
            self.extras(id).wiki = Remote::Loading;
            core.start("Notes", JobSpec::Notes(id, item_of(node)));
        }
        if tab == Tab::Reflections
            && matches!(self.extras(id).reflections, Remote::Unasked)
            && let Some(server_id) = node.server_id()
        {
            self.give_up(Slot::Reflections);
            self.extras(id).reflections = Remote::Loading;
            let label = format!("Reflections of {}", shown_path(&node.path()));
            core.start(label, JobSpec::Reflections(id, server_id.to_owned()));
        }
    }

    /// What was on its way in a slot is about to be given up, so it may be asked for again.
    fn give_up(&mut self, slot: Slot) {
        for extras in self.extras.values_mut() {
            match slot {
                Slot::Notes if matches!(extras.wiki, Remote::Loading) => {
                    extras.wiki = Remote::Unasked;
                }
                Slot::Reflections if matches!(extras.reflections, Remote::Loading) => {
                    extras.reflections = Remote::Unasked;
                }
                Slot::Preview if matches!(extras.preview, Remote::Loading) => {
                    extras.preview = Remote::Unasked;
                }
                _ => {}
            }
        }
    }

    /// Runs the preview of the node shown, unless its rows are there.
    pub(crate) fn preview(&mut self, core: &mut Core, again: bool) {
        let Some(id) = self.node else { return };
        let Some(node) = core.catalog.get(id) else { return };
        let path = node.path();
        let has_rows = node.kind().is_dataset() && no_rows(node).is_none();
        if !matches!(core.server, Server::Ready(_)) || !has_rows {
            return;
        }
        let is_wanted = match self.extras(id).preview {
            Remote::Unasked => true,
            Remote::Loading => false,
            Remote::Ready(_) | Remote::Failed(_) => again,
        };
        if is_wanted {
            self.give_up(Slot::Preview);
            self.extras(id).preview = Remote::Loading;
            let sql = format!("SELECT * FROM {} LIMIT {PREVIEW_ROWS}", path.to_sql());
            core.start(format!("Preview of {}", shown_path(&path)), JobSpec::Preview(id, sql));
        }
    }

    /// Wiki and labels have come, or not.
    pub(crate) fn take_notes(
        &mut self,
        id: NodeId,
        wiki: Result<Option<String>, String>,
        labels: Result<Vec<String>, String>,
        core: &mut Core,
    ) {
        if let Ok(labels) = &labels
            && core.labels.get(&id).map_or(&[][..], Vec::as_slice) != labels.as_slice()
        {
            Arc::make_mut(&mut core.labels).insert(id, labels.clone());
        }
        let extras = self.extras(id);
        extras.labels = labels.unwrap_or_default();
        extras.wiki = match wiki {
            Ok(text) => Remote::Ready(text.filter(|text| !text.trim().is_empty())),
            Err(message) => Remote::Failed(message),
        };
    }

    /// Reflections have come.
    pub(crate) fn take_reflections(&mut self, id: NodeId, list: Vec<Reflection>) {
        self.extras(id).reflections = Remote::Ready(list);
    }

    /// Rows have come.
    pub(crate) fn take_rows(
        &mut self,
        id: NodeId,
        rows: QueryResult,
        elapsed: std::time::Duration,
    ) {
        self.extras(id).preview = Remote::Ready(Preview::new(rows, elapsed));
        self.preview_cursor = preview::View::default();
    }

    /// A job for this node has ended without what it was for.
    pub(crate) fn fail(&mut self, id: NodeId, slot: Slot, state: &JobState) {
        fn failed<T>(state: &JobState) -> Remote<T> {
            match state {
                JobState::Failed(message) => Remote::Failed(message.clone()),
                _ => Remote::Unasked,
            }
        }
        let extras = self.extras(id);
        match slot {
            Slot::Notes => extras.wiki = failed(state),
            Slot::Reflections => extras.reflections = failed(state),
            Slot::Preview => {
                extras.preview = match state {
                    JobState::Cancelled => Remote::Failed("cancelled".to_owned()),
                    state => failed(state),
                };
            }
            _ => {}
        }
    }

    /// Reads the node shown again, with all that its tabs hold.
    pub(crate) fn reload(&mut self, core: &mut Core) {
        let Some(id) = self.node else { return };
        let tab = core.catalog.get(id).map(|node| self.tab(node));
        if tab == Some(Tab::Preview) {
            self.preview(core, true);
            return;
        }
        let extras = self.extras(id);
        extras.wiki = Remote::Unasked;
        extras.reflections = Remote::Unasked;
        core.read_now(id);
        self.settle(core);
    }

    fn key_for(core: &Core, action: Action) -> String {
        core.key(&[Context::Detail, Context::Global], action)
    }
}

/// Why a dataset has no rows to preview; `None` if it may have some.
fn no_rows(node: NodeRef<'_>) -> Option<&'static str> {
    match node.error()?.kind {
        NodeErrorKind::Forbidden => Some("you may not read this dataset"),
        NodeErrorKind::NotFound => Some("this dataset is not there any more"),
        _ => None,
    }
}

/// The SQL that a node is made of.
fn sql_of(node: NodeRef<'_>) -> Option<&str> {
    node.sql().or_else(|| node.function().and_then(|function| function.body.as_deref()))
}
