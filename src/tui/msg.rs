//! What the parts of the UI say to each other: messages in, actions within, commands out.
//!
//! Plain data. Nothing here does anything.

use crossterm::event::{KeyEvent, MouseEvent};
use tokio_util::sync::CancellationToken;

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::lineage_model::{LineageModel, Looked};
use super::panes::sync::{PlanView, ViewBasis};
use super::sync_target::{PlanRequest, PresenceRequest, Reached};
use crate::dbt::{ArtifactFiles, MatchedProject, Project};
use crate::discovery::{DiscoveryEvent, Resolved};
use crate::dremio::{QueryResult, Reflection};
use crate::graph::layout::{Diagram, Layout};
use crate::model::{Catalog, DatasetPath, Item, NodeId, ServerInfo};
use crate::openmetadata;
use crate::search::{Found, Index, Labels, Query};
use crate::sync::apply::{ApplyEvent, Report};
use crate::sync::session::{Prepared, Step};

macro_rules! actions {
    ($($variant:ident $name:literal $title:literal,)*) => {
        /// Something that a key, the palette or the mouse asks for. The snake-case name is what key
        /// maps and tests say.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $title] $variant,)*
        }

        impl Action {
            /// Every action, in the order in which help shows them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it does, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

actions! {
    Up "up" "Up",
    Down "down" "Down",
    Left "left" "Left, fold",
    Right "right" "Right, unfold",
    HalfPageUp "half_page_up" "Half a page up",
    HalfPageDown "half_page_down" "Half a page down",
    PageUp "page_up" "Page up",
    PageDown "page_down" "Page down",
    Top "top" "To the first line",
    Bottom "bottom" "To the last line",
    Open "open" "Open",
    Back "back" "One step back",
    Filter "filter" "Filter this list",
    Finder "finder" "Find a dataset or column anywhere",
    Palette "palette" "All actions by name",
    Help "help" "Keys",
    NextPane "next_pane" "Next pane",
    PreviousPane "previous_pane" "Previous pane",
    ShowCatalog "show_catalog" "Go to the catalog",
    ShowDetail "show_detail" "Go to the details",
    ShowLineage "show_lineage" "Lineage",
    ShowSync "show_sync" "Go to the sync plan",
    ShowActivity "show_activity" "Go to jobs, requests and warnings",
    NextTab "next_tab" "Next tab in this pane",
    PreviousTab "previous_tab" "Previous tab in this pane",
    ShowColumns "show_columns" "Columns",
    ShowSql "show_sql" "SQL",
    ShowPreview "show_preview" "Preview 50 rows",
    ShowWiki "show_wiki" "Wiki",
    ShowReflections "show_reflections" "Reflections",
    ShowUsedBy "show_used_by" "Used by: datasets that read this one",
    NextReference "next_reference" "SQL: to the next dataset that is named",
    PreviousReference "previous_reference" "SQL: to the dataset named before",
    ShowReferences "show_references" "SQL: all datasets that are named",
    FormatSql "format_sql" "SQL laid out anew, or as written",
    ShowDbt "show_dbt" "What dbt knows of it",
    ShowMatches "show_matches" "What dbt and Dremio have in common",
    ExpandAll "expand_all" "Unfold everything below",
    CollapseAll "collapse_all" "Fold everything",
    Grow "grow" "Lineage: one step more on both sides",
    Shrink "shrink" "Lineage: one step less on both sides",
    GrowUpstream "grow_upstream" "Lineage: one step more upstream",
    GrowDownstream "grow_downstream" "Lineage: one step more downstream",
    ShrinkUpstream "shrink_upstream" "Lineage: one step less upstream",
    ShrinkDownstream "shrink_downstream" "Lineage: one step less downstream",
    ToggleBeyond "toggle_beyond" "Lineage: show or hide what lies beyond this box",
    FoldFolder "fold_folder" "Lineage: fold or unfold this folder",
    HistoryBack "history_back" "Back to where you were before",
    HistoryForward "history_forward" "Forward again",
    NextRendering "next_rendering" "Lineage: boxes, tree or table",
    NextLevel "next_level" "Lineage: names, folders, columns or kinds",
    TraceColumn "trace_column" "Lineage: trace a column",
    NextColumn "next_column" "Lineage: trace the next column",
    PreviousColumn "previous_column" "Lineage: trace the column before",
    NextEdge "next_edge" "Lineage: next edge of this box",
    PreviousEdge "previous_edge" "Lineage: edge of this box before",
    TogglePanel "toggle_panel" "Lineage: panel with SQL off, small or large",
    ShowImpact "show_impact" "Lineage: all that depends on this",
    MarkPath "mark_path" "Lineage: path from here, then to here",
    Hide "hide" "Lineage: hide this box",
    HideMatching "hide_matching" "Lineage: hide by a selector",
    ShowHidden "show_hidden" "Lineage: show what was hidden or folded",
    NextMatch "next_match" "Next match",
    PreviousMatch "previous_match" "Match before",
    PanLeft "pan_left" "Lineage: move the view to the left",
    PanRight "pan_right" "Lineage: move the view to the right",
    PanUp "pan_up" "Lineage: move the view up",
    PanDown "pan_down" "Lineage: move the view down",
    Recentre "recentre" "Lineage: to the dataset in focus",
    GoToDataset "go_to_dataset" "Lineage: show this dataset in the catalog",
    ToggleMark "toggle_mark" "Mark or unmark",
    ClearMarks "clear_marks" "Remove all marks",
    MakePlan "make_plan" "Compare with OpenMetadata: what is marked, or this",
    Apply "apply" "Write the plan to OpenMetadata",
    NextAction "next_action" "Show one sort of change only",
    ScrollDown "scroll_down" "Scroll the changes down",
    ScrollUp "scroll_up" "Scroll the changes up",
    RetryFailed "retry_failed" "Plan again with what failed only",
    TogglePrune "toggle_prune" "Delete what Dremio no longer has, or not",
    ToggleOverwrite "toggle_overwrite" "Replace descriptions of others, or not",
    ForgetInterrupted "forget_interrupted" "Put away the notice of a sync that was cut off",
    Refresh "refresh" "Read this again",
    RefreshAll "refresh_all" "Read the whole catalogue again",
    Copy "copy" "Copy the path",
    CopyLong "copy_long" "Copy SQL, rows, a quoted path or a request",
    Edit "edit" "Open in your editor",
    CancelJob "cancel_job" "Cancel the job",
    Zoom "zoom" "This pane alone on the screen",
    Narrower "narrower" "Narrower catalog",
    Wider "wider" "Wider catalog",
    ToggleMouse "toggle_mouse" "Mouse on or off",
    NextTheme "next_theme" "Next theme",
    SwitchProfile "switch_profile" "Connect to another profile",
    SwitchScope "switch_scope" "Finder: datasets, columns, labels or SQL",
    Accept "accept" "Accept",
    Close "close" "Close",
    Redraw "redraw" "Draw the screen anew",
    Suspend "suspend" "Suspend to the shell",
    Quit "quit" "Quit",
}

impl Action {
    /// The action called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}

/// Everything that can happen to the UI.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// The terminal has another size now.
    Resize(u16, u16),
    /// The time that [`App::next_wake`](super::App::next_wake) asked for has come.
    Wake,
    /// A job has something to say.
    Job(JobEvent),
    /// A text was copied; says how, or why not.
    Copied(Result<String, String>),
    /// The editor has ended; says why it could not be used.
    Edited(Result<(), String>),
}

/// What a job runs for. Starting another job in a slot cancels the one before: latest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Logging in.
    Login,
    /// Reading the catalogue.
    Discovery,
    /// Wiki text and labels of the node looked at.
    Notes,
    /// Reflections of the node looked at.
    Reflections,
    /// Rows of the node looked at.
    Preview,
    /// Making the finder's index.
    Index,
    /// Looking something up in it.
    Search,
    /// Reading the SQL of all views.
    Lineage,
    /// Looking for datasets that views name.
    Resolve,
    /// Laying out a large lineage graph.
    Layout,
    /// Reading the dbt project, and matching it.
    Dbt,
    /// Connecting to OpenMetadata.
    OpenMetadata,
    /// Making a sync plan.
    Plan,
    /// Applying one.
    Apply,
    /// Putting away the journal of a sync that was cut off.
    Journal,
    /// Looking for datasets in OpenMetadata.
    Presence,
}

/// What a job is to do.
#[derive(Clone, Debug)]
pub enum JobSpec {
    /// Log in.
    Login,
    /// Read the catalogue; with `all` false only what is asked for by [`Cmd::ReadNow`].
    Discover {
        /// Whether to walk at all.
        all: bool,
    },
    /// Read wiki text and labels.
    Notes(NodeId, Item),
    /// Read the reflections of the dataset with this server id.
    Reflections(NodeId, String),
    /// Run a SELECT for a few rows.
    Preview(NodeId, String),
    /// Make the finder's index, with the labels known so far.
    Index(Arc<Catalog>, Arc<Labels>),
    /// Look something up.
    Search(Arc<Index>, Query, Option<Arc<Found>>),
    /// Read the SQL of all views, with what is known from the last time.
    Lineage(Arc<Catalog>, Option<Arc<LineageModel>>, Looked, Option<Arc<MatchedProject>>),
    /// Match a dbt project with the catalogue; read it first unless it is known.
    Dbt(Arc<dyn ArtifactFiles>, Option<Arc<Project>>, Arc<Catalog>),
    /// Look for datasets at their paths.
    Resolve(Vec<DatasetPath>),
    /// Lay out a large lineage graph.
    Layout(Diagram),
    /// Connect to OpenMetadata.
    OpenMetadata,
    /// Make a sync plan, and make it ready for the screen with what the pane knows.
    Plan(Box<PlanRequest>, Box<ViewBasis>),
    /// Look which datasets have no table in OpenMetadata.
    Presence(Box<PresenceRequest>),
    /// Apply a plan to this server, but for these items.
    Apply(Arc<Prepared>, openmetadata::ServerInfo, BTreeSet<usize>),
    /// Put away the journal of a sync to this server that was cut off.
    Forget(openmetadata::ServerInfo),
}

impl JobSpec {
    /// The slot it runs in.
    pub fn slot(&self) -> Slot {
        match self {
            Self::Login => Slot::Login,
            Self::Discover { .. } => Slot::Discovery,
            Self::Notes(..) => Slot::Notes,
            Self::Reflections(..) => Slot::Reflections,
            Self::Preview(..) => Slot::Preview,
            Self::Index(..) => Slot::Index,
            Self::Search(..) => Slot::Search,
            Self::Lineage(..) => Slot::Lineage,
            Self::Dbt(..) => Slot::Dbt,
            Self::Resolve(_) => Slot::Resolve,
            Self::Layout(_) => Slot::Layout,
            Self::OpenMetadata => Slot::OpenMetadata,
            Self::Plan(..) => Slot::Plan,
            Self::Apply(..) => Slot::Apply,
            Self::Forget(_) => Slot::Journal,
            Self::Presence(_) => Slot::Presence,
        }
    }

    /// The node it is about.
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Self::Notes(node, _) | Self::Reflections(node, _) | Self::Preview(node, _) => {
                Some(*node)
            }
            _ => None,
        }
    }
}

/// Names a job for its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// A job's report.
#[derive(Debug)]
pub struct JobEvent {
    /// Which job.
    pub job: JobId,
    /// Its slot.
    pub slot: Slot,
    /// What it has to say.
    pub body: JobBody,
}

/// What a job can report.
#[derive(Debug)]
pub enum JobBody {
    /// Logged in.
    LoggedIn(ServerInfo),
    /// The walk has something to say.
    Discovery(DiscoveryEvent),
    /// Wiki text and labels are there; each by itself may have failed.
    Notes {
        /// The wiki text, if there is one.
        wiki: Result<Option<String>, String>,
        /// The labels.
        labels: Result<Vec<String>, String>,
    },
    /// Reflections are there.
    Reflections(Vec<Reflection>),
    /// Rows are there.
    Rows(QueryResult),
    /// The index is there.
    Index(Arc<Index>),
    /// A search has ended.
    Found(Arc<Found>),
    /// The lineage is there.
    Lineage(Arc<LineageModel>),
    /// The dbt project is read and matched.
    Dbt(Arc<MatchedProject>),
    /// What there is at the paths looked at.
    Resolved(Resolved),
    /// A graph is laid out.
    Layout(Arc<Layout>),
    /// OpenMetadata has answered.
    Reached(Box<Reached>),
    /// How far a plan is.
    Planning(Step),
    /// A plan is there, ready for the screen.
    Planned(Box<PlanView>),
    /// What applying has come to since the last report.
    Applying(Vec<ApplyEvent>),
    /// Applying has ended.
    Applied(Box<Report>),
    /// Of so many databases so many were listed.
    Listing(usize, usize),
    /// These datasets have no table in OpenMetadata.
    Presence(Vec<DatasetPath>),
    /// The job has ended without more to say.
    Done,
    /// The job failed.
    Failed(String),
    /// The job was stopped before its end.
    Cancelled,
}

/// What the UI wants done by others.
#[derive(Debug)]
pub enum Cmd {
    /// Start a job; its token is cancelled by [`Cmd::Cancel`] and by a newer job in its slot.
    Start(JobId, JobSpec),
    /// Stop the job in a slot.
    Cancel(Slot),
    /// Have a node read before all others.
    ReadNow(DatasetPath),
    /// Put a text on the clipboard.
    Copy(String),
    /// Show a text in the user's editor; the suffix tells it the language.
    Edit {
        /// The text.
        text: String,
        /// Such as `.sql`.
        suffix: &'static str,
    },
    /// Drop something large where nobody waits for it.
    Discard(Box<dyn Any + Send>),
    /// Turn mouse reporting on or off.
    SetMouse(bool),
    /// Draw everything again.
    Redraw,
    /// Stop like any program does on Ctrl-Z.
    Suspend,
    /// Leave, and come back on another profile.
    Switch(String),
    /// Leave.
    Quit,
}

/// A job on its way to a task.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) job: JobId,
    pub(crate) slot: Slot,
    pub(crate) token: CancellationToken,
}
