//! The sync plan: making it, choosing from it, applying it, and what became of it.
//!
//! Nothing is written to OpenMetadata but by [`SyncPane::apply`], which the App calls only after a
//! confirmation. Not here: what a plan says and does ([`crate::sync`]).

mod draw;
mod marks;
mod tree;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::layout::Rect;

use self::tree::{ACTIONS, Tree};
use crate::model::DatasetPath;
use crate::openmetadata::ServerInfo;
use crate::sync::apply::{ApplyEvent, ItemOutcome, Report};
use crate::sync::session::{Prepared, Step};
use crate::sync::{Action as Change, ItemKey, Selection};
use crate::tui::core::{Core, JobState, Server};
use crate::tui::msg::{Action, Cmd, JobSpec, Slot};
use crate::tui::sync_target::PlanRequest;
use crate::tui::widgets::list::Cursor;
use crate::tui::widgets::text::{count, counted};

/// Up to so many lines, a new plan is shown unfolded to its tables.
const UNFOLDED: usize = 400;

/// Where the connection to OpenMetadata stands.
#[derive(Debug)]
pub(crate) enum Target {
    /// There is none; says what to do about it.
    None(String),
    Connecting,
    Ready(ServerInfo),
    Failed(String),
}

/// What is under way.
#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    /// A plan is wanted as soon as both servers are there and the catalogue is read.
    Waiting,
    Planning(Option<Step>),
    Applying {
        stopping: bool,
    },
}

/// Which items are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Only {
    /// What would be written, conflicts, and what is kept although it differs.
    #[default]
    Differences,
    One(Change),
    Failed,
    Everything,
}

/// What has become of an item so far.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Progress {
    Open,
    Begun,
    Ended(ItemOutcome),
}

impl Progress {
    fn has_failed(&self) -> bool {
        matches!(self, Self::Ended(ItemOutcome::Failed { .. } | ItemOutcome::Skipped { .. }))
    }
}

/// A plan on the screen.
#[derive(Debug)]
struct Shown {
    prepared: Arc<Prepared>,
    server: ServerInfo,
    tree: Tree,
    progress: Vec<Progress>,
    /// Left out by hand.
    excluded: BTreeSet<usize>,
    report: Option<Box<Report>>,
    /// Containers taking part that were not read.
    unread: usize,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct SyncPane {
    pub(crate) target: Target,
    stage: Stage,
    shown: Option<Shown>,
    /// Why there is no (new) plan, or why applying ended.
    failure: Option<String>,
    selection: Selection,
    prune: bool,
    overwrite: bool,
    /// What the next plan is for, if only for what failed.
    retry: Option<BTreeSet<ItemKey>>,
    only: Only,
    folded: BTreeSet<usize>,
    rows: Vec<(usize, usize)>,
    cursor: Cursor,
    /// Lines of the changes that are scrolled away, and how many can be.
    scroll: usize,
    scroll_max: usize,
    area: Rect,
    changes_area: Rect,
}

/// What became of an action.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ignored,
    Done,
    /// This text must be confirmed first.
    Confirm(String),
    GoTo(DatasetPath),
}

impl SyncPane {
    /// A pane that has not begun; `no_sync` says why there is nowhere to sync to.
    pub(crate) fn new(no_sync: Option<String>) -> Self {
        Self {
            target: no_sync.map_or(Target::Connecting, Target::None),
            stage: Stage::Idle,
            shown: None,
            failure: None,
            selection: Selection::default(),
            prune: false,
            overwrite: false,
            retry: None,
            only: Only::default(),
            folded: BTreeSet::new(),
            rows: Vec::new(),
            cursor: Cursor::default(),
            scroll: 0,
            scroll_max: 0,
            area: Rect::ZERO,
            changes_area: Rect::ZERO,
        }
    }

    /// Connects, unless there is nowhere to connect to.
    pub(crate) fn connect(&mut self, core: &mut Core) {
        if !matches!(self.target, Target::None(_)) {
            self.target = Target::Connecting;
            core.start("Connect to OpenMetadata", JobSpec::OpenMetadata);
        }
    }

    pub(crate) fn reached(&mut self, info: ServerInfo) {
        self.target = Target::Ready(info);
    }

    /// Wants a plan for these paths and all below them.
    pub(crate) fn want(&mut self, within: Vec<DatasetPath>, core: &mut Core) {
        if matches!(self.stage, Stage::Applying { .. }) {
            core.complain("a plan is being applied just now");
            return;
        }
        self.selection = Selection { within, ..Selection::default() };
        self.retry = None;
        self.plan_again(core);
    }

    fn plan_again(&mut self, core: &mut Core) {
        core.cancel(Slot::Plan);
        self.failure = None;
        self.stage = Stage::Waiting;
        match self.target {
            Target::None(_) => self.stage = Stage::Idle,
            Target::Failed(_) => self.connect(core),
            Target::Connecting | Target::Ready(_) => {}
        }
        self.go_on(core);
    }

    /// Starts the plan that is waited for, once everything it needs is there.
    pub(crate) fn go_on(&mut self, core: &mut Core) {
        let (Stage::Waiting, Target::Ready(server)) = (&self.stage, &self.target) else { return };
        if core.walk.running || !matches!(core.server, Server::Ready(_)) {
            return;
        }
        let request = PlanRequest {
            catalog: Arc::clone(&core.catalog),
            selection: self.selection.clone(),
            prune: self.prune,
            overwrite: self.overwrite,
            server: server.clone(),
        };
        self.stage = Stage::Planning(None);
        core.start("Compare with OpenMetadata", JobSpec::Plan(Box::new(request)));
    }

    pub(crate) fn planning(&mut self, step: Step) {
        self.stage = Stage::Planning(Some(step));
    }

    /// Takes a plan in.
    pub(crate) fn planned(&mut self, prepared: Arc<Prepared>, core: &mut Core) {
        self.stage = Stage::Idle;
        let Target::Ready(server) = &self.target else { return };
        let items = &prepared.plan.items;
        let mut excluded = BTreeSet::new();
        if let Some(retry) = self.retry.take() {
            let other = |index: &usize| {
                items[*index].action.writes() && !retry.contains(&items[*index].key)
            };
            excluded = (0..items.len()).filter(other).collect();
        } else if let Some(before) = &self.shown {
            let skipped: BTreeSet<&ItemKey> = before
                .excluded
                .iter()
                .map(|index| &before.prepared.plan.items[*index].key)
                .collect();
            excluded =
                (0..items.len()).filter(|index| skipped.contains(&items[*index].key)).collect();
        }
        let selection = &self.selection;
        let unread =
            prepared.desired.unread.iter().filter(|path| selection.holds(path, false)).count();
        let shown = Shown {
            tree: Tree::new(&prepared.plan),
            progress: vec![Progress::Open; items.len()],
            server: server.clone(),
            excluded,
            report: None,
            unread,
            prepared,
        };
        self.only = Only::default();
        self.folded.clear();
        (self.cursor.at, self.cursor.offset, self.scroll) = (0, 0, 0);
        shown.mark(core);
        self.shown = Some(shown);
        self.flatten();
        if self.rows.is_empty() {
            self.only = Only::Everything;
            self.flatten();
        }
        if self.rows.len() > UNFOLDED
            && let Some(shown) = &self.shown
        {
            let is_schema = |at: &usize| shown.tree.nodes[*at].sort == tree::Sort::Schema;
            self.folded = (0..shown.tree.nodes.len()).filter(is_schema).collect();
            self.flatten();
        }
        self.go_to_first_write();
    }

    /// The first thing to look at is the first that would be written.
    fn go_to_first_write(&mut self) {
        let Some(shown) = &self.shown else { return };
        let is_written = |(at, _): &(usize, usize)| {
            let item = shown.tree.nodes[*at].item;
            item.is_some_and(|item| shown.prepared.plan.items[item].action.writes())
        };
        if let Some(row) = self.rows.iter().position(is_written) {
            self.cursor.go(row, self.rows.len());
        }
    }

    /// Takes in what has happened while applying.
    pub(crate) fn applying(&mut self, events: Vec<ApplyEvent>, core: &mut Core) {
        let Some(shown) = &mut self.shown else { return };
        for event in events {
            match event {
                ApplyEvent::Begun(at) => shown.progress[at] = Progress::Begun,
                ApplyEvent::Finished(at, outcome) => shown.progress[at] = Progress::Ended(outcome),
            }
        }
        // In a big plan the marks follow at the end, since each look goes through all items.
        if shown.progress.len() < 2_000 {
            shown.mark(core);
        }
    }

    /// Takes in the result.
    pub(crate) fn applied(&mut self, report: Box<Report>, core: &mut Core) {
        self.stage = Stage::Idle;
        let Some(shown) = &mut self.shown else { return };
        for (progress, outcome) in shown.progress.iter_mut().zip(&report.outcomes) {
            *progress = Progress::Ended(outcome.clone());
        }
        let errors = report.statistics.errors;
        if errors > 0 {
            core.complain(format!("{} could not be written", counted(errors, "item")));
            self.only = if shown.progress.iter().any(Progress::has_failed) {
                Only::Failed
            } else {
                self.only
            };
        } else if report.ended_early.is_none() {
            core.notify("OpenMetadata is up to date with the plan");
        }
        self.failure =
            report.ended_early.as_ref().map(|why| format!("The sync ended early: {why}."));
        shown.report = Some(report);
        shown.mark(core);
        self.flatten();
    }

    /// A job has ended without what it was for.
    pub(crate) fn ended(&mut self, slot: Slot, state: &JobState) {
        let message = match state {
            JobState::Failed(message) => message.clone(),
            _ => "Cancelled.".to_owned(),
        };
        if slot == Slot::OpenMetadata {
            self.target = Target::Failed(message);
            if matches!(self.stage, Stage::Waiting) {
                self.stage = Stage::Idle;
            }
        } else {
            self.stage = Stage::Idle;
            self.failure = Some(message);
        }
    }

    /// Does what `action` says.
    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        let before = self.cursor.at;
        if self.cursor.apply(action, self.rows.len()) {
            if self.cursor.at != before {
                self.scroll = 0;
            }
            return Outcome::Done;
        }
        match action {
            Action::ScrollDown => self.scroll = (self.scroll + 3).min(self.scroll_max),
            Action::ScrollUp => self.scroll = self.scroll.saturating_sub(3),
            Action::NextAction => self.next_only(),
            Action::Refresh if matches!(self.target, Target::Failed(_)) => self.connect(core),
            Action::Refresh if self.is_idle() && self.shown.is_some() => self.plan_again(core),
            Action::CancelJob => self.stop(core),
            Action::RetryFailed => self.retry_failed(core),
            Action::TogglePrune if self.is_idle() => {
                self.prune = !self.prune;
                self.replan_with(core, "deleting what Dremio no longer has", self.prune);
            }
            Action::ToggleOverwrite if self.is_idle() => {
                self.overwrite = !self.overwrite;
                self.replan_with(core, "replacing descriptions of others", self.overwrite);
            }
            Action::Apply => return self.confirmation(core),
            Action::ExpandAll => {
                self.folded.clear();
                self.flatten();
            }
            Action::CollapseAll => {
                if let Some(shown) = &self.shown {
                    let is_folded = |at: &usize| {
                        let node = &shown.tree.nodes[*at];
                        node.sort != tree::Sort::Service && !node.children.is_empty()
                    };
                    self.folded = (0..shown.tree.nodes.len()).filter(is_folded).collect();
                }
                self.flatten();
            }
            _ => return self.handle_on_row(action, core),
        }
        Outcome::Done
    }

    fn handle_on_row(&mut self, action: Action, core: &mut Core) -> Outcome {
        let Some((at, _)) = self.rows.get(self.cursor.at).copied() else { return Outcome::Ignored };
        let Some(shown) = &mut self.shown else { return Outcome::Ignored };
        let has_children = !shown.tree.nodes[at].children.is_empty();
        let is_folded = self.folded.contains(&at);
        match action {
            Action::Open if has_children => self.fold(at, !is_folded),
            Action::Right if has_children && is_folded => self.fold(at, false),
            Action::Right => {
                self.cursor.apply(Action::Down, self.rows.len());
            }
            Action::Left if has_children && !is_folded => self.fold(at, true),
            Action::Left => {
                let Some(parent) = shown.tree.nodes[at].parent else { return Outcome::Ignored };
                if let Some(row) = self.rows.iter().position(|row| row.0 == parent) {
                    self.cursor.go(row, self.rows.len());
                    self.scroll = 0;
                }
            }
            Action::ToggleMark if !matches!(self.stage, Stage::Idle) || shown.report.is_some() => {
                core.complain("only a plan that is not applied yet can be chosen from");
            }
            Action::ToggleMark => {
                if shown.toggle(at) {
                    self.cursor.apply(Action::Down, self.rows.len());
                    self.scroll = 0;
                } else {
                    core.complain("nothing is written here");
                }
            }
            Action::Copy => {
                let item = shown.tree.nodes[at].item;
                let Some(item) = item.map(|item| &shown.prepared.plan.items[item]) else {
                    return Outcome::Done;
                };
                let (_, name) = crate::report::sync::name_of(&item.key);
                core.copy(name.clone(), &name);
            }
            Action::ShowCatalog => {
                let item = shown.tree.nodes[at].item;
                let path = item.and_then(|item| shown.prepared.plan.items[item].path.clone());
                return path.map_or(Outcome::Ignored, Outcome::GoTo);
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle)
    }

    fn replan_with(&mut self, core: &mut Core, what: &str, on: bool) {
        core.notify(format!("{what}: {}", if on { "on" } else { "off" }));
        if self.shown.is_some() {
            self.plan_again(core);
        }
    }

    fn fold(&mut self, at: usize, fold: bool) {
        if fold {
            self.folded.insert(at);
        } else {
            self.folded.remove(&at);
        }
        self.flatten();
    }

    /// Makes the rows anew with the cursor on the same node, or the nearest before it.
    fn flatten(&mut self) {
        let Some(shown) = &self.shown else {
            self.rows.clear();
            return;
        };
        let at = self.rows.get(self.cursor.at).map(|row| row.0);
        let only = self.only;
        self.rows = shown.tree.rows(&self.folded, |item| shown.passes(item, only));
        if let Some(row) = at.and_then(|at| self.rows.iter().position(|row| row.0 == at)) {
            self.cursor.go(row, self.rows.len());
        } else {
            self.cursor.go(self.cursor.at, self.rows.len());
            self.scroll = 0;
        }
    }

    fn next_only(&mut self) {
        let Some(shown) = &self.shown else { return };
        let mut choices = vec![Only::Differences];
        choices.extend(ACTIONS.map(Only::One));
        choices.extend([Only::Failed, Only::Everything]);
        let has_any = |only: &Only| (0..shown.progress.len()).any(|item| shown.passes(item, *only));
        let at = choices.iter().position(|only| *only == self.only).unwrap_or(0);
        let next =
            choices.iter().cycle().skip(at + 1).take(choices.len()).find(|only| has_any(only));
        self.only = next.copied().unwrap_or_default();
        self.flatten();
    }

    fn stop(&mut self, core: &mut Core) {
        match &mut self.stage {
            Stage::Idle => {}
            Stage::Waiting => self.stage = Stage::Idle,
            Stage::Planning(_) => {
                core.cancel(Slot::Plan);
                self.stage = Stage::Idle;
                self.failure = Some("Cancelled.".to_owned());
            }
            Stage::Applying { stopping } => {
                // The job goes on to its end: what is under way is waited for and told.
                *stopping = true;
                core.cmd(Cmd::Cancel(Slot::Apply));
            }
        }
    }

    /// Stops a job of this pane from elsewhere; `false` if the slot is not one of its own.
    pub(crate) fn stop_slot(&mut self, slot: Slot, core: &mut Core) -> bool {
        match slot {
            Slot::Plan | Slot::Apply => self.stop(core),
            Slot::OpenMetadata => {
                core.cancel(slot);
                self.ended(slot, &JobState::Cancelled);
            }
            _ => return false,
        }
        true
    }

    fn retry_failed(&mut self, core: &mut Core) {
        let Some(shown) = self.shown.as_ref().filter(|_| self.is_idle()) else { return };
        let failed: BTreeSet<ItemKey> = shown
            .prepared
            .plan
            .items
            .iter()
            .zip(&shown.progress)
            .filter(|(_, progress)| progress.has_failed())
            .map(|(item, _)| item.key.clone())
            .collect();
        if failed.is_empty() {
            core.complain("nothing has failed");
            return;
        }
        self.retry = Some(failed);
        self.plan_again(core);
    }

    /// What a person has to agree to before anything is written.
    fn confirmation(&self, core: &mut Core) -> Outcome {
        let Some(shown) = self.shown.as_ref().filter(|_| self.is_idle()) else {
            core.complain("there is no plan to apply yet");
            return Outcome::Done;
        };
        if shown.report.is_some() {
            core.complain("this plan was applied; make a new one to see what is left");
            return Outcome::Done;
        }
        let chosen = shown.chosen();
        if chosen.is_empty() {
            core.notify("there is nothing to write");
            return Outcome::Done;
        }
        let mut text = String::new();
        for action in ACTIONS.into_iter().filter(|action| action.writes()) {
            let sorts = ["service", "database", "schema", "table", "edge"].map(|sort| {
                let is_one = |index: &&usize| {
                    let item = &shown.prepared.plan.items[**index];
                    item.action == action && crate::report::sync::name_of(&item.key).0 == sort
                };
                (sort, chosen.iter().filter(is_one).count())
            });
            let total: usize = sorts.iter().map(|(_, number)| number).sum();
            if total == 0 {
                continue;
            }
            let parts: Vec<String> = sorts
                .into_iter()
                .filter(|(_, number)| *number > 0)
                .map(|(sort, number)| counted(number, sort))
                .collect();
            let word = if action == Change::Delete { "soft-delete" } else { action.name() };
            text.push_str(&format!("{word:<12}{}\n", parts.join(", ")));
        }
        if !shown.excluded.is_empty() {
            text.push_str(&format!("{:<12}{}\n", "left out", count(shown.excluded.len())));
        }
        let who = if shown.server.is_bot == Some(true) { "the bot" } else { "the user" };
        text.push_str(&format!(
            "\nService {} in OpenMetadata {} on {}, as {who} {}.",
            shown.prepared.plan.service,
            shown.server.version,
            shown.server.host,
            shown.server.user.as_deref().unwrap_or("unknown"),
        ));
        Outcome::Confirm(text)
    }

    /// Writes what was confirmed.
    pub(crate) fn apply(&mut self, core: &mut Core) {
        if !self.is_idle() {
            return;
        }
        let Some(shown) = self.shown.as_ref().filter(|shown| shown.report.is_none()) else {
            return;
        };
        let spec = JobSpec::Apply(
            Arc::clone(&shown.prepared),
            shown.server.clone(),
            shown.excluded.clone(),
        );
        self.failure = None;
        self.stage = Stage::Applying { stopping: false };
        core.start("Write to OpenMetadata", spec);
    }

    /// Puts the cursor where the mouse clicked; a click on a box chooses.
    pub(crate) fn click(&mut self, column: u16, row: u16, core: &mut Core) {
        if !self.area.contains((column, row).into()) {
            return;
        }
        let at = self.cursor.offset + usize::from(row - self.area.y);
        let Some((_, depth)) = self.rows.get(at).copied() else { return };
        if at != self.cursor.at {
            self.scroll = 0;
        }
        self.cursor.go(at, self.rows.len());
        match usize::from(column - self.area.x).checked_sub(depth * 2) {
            Some(0 | 1) => drop(self.handle(Action::Open, core)),
            Some(2 | 3) => drop(self.handle(Action::ToggleMark, core)),
            _ => {}
        }
    }

    /// Scrolls by wheel what is under it.
    pub(crate) fn wheel(&mut self, lines: isize, column: u16, row: u16) {
        if self.changes_area.contains((column, row).into()) {
            self.scroll = self.scroll.saturating_add_signed(lines).min(self.scroll_max);
        } else {
            self.cursor.scroll(lines, self.rows.len());
            self.scroll = 0;
        }
    }

    /// The actions worth a place in the footer now.
    pub(crate) fn hints(&self) -> Vec<(Action, &'static str)> {
        match (&self.stage, &self.shown) {
            (Stage::Applying { .. }, _) => {
                vec![(Action::CancelJob, "stop after what is under way")]
            }
            (Stage::Planning(_) | Stage::Waiting, _) => vec![(Action::CancelJob, "cancel")],
            (Stage::Idle, None) => match self.target {
                Target::Failed(_) => vec![(Action::Refresh, "try again")],
                Target::None(_) => Vec::new(),
                _ => vec![(Action::ShowCatalog, "catalog"), (Action::MakePlan, "compare")],
            },
            (Stage::Idle, Some(shown)) => {
                let mut hints = Vec::new();
                if shown.report.is_none() {
                    hints.extend([(Action::ToggleMark, "skip/include"), (Action::Apply, "apply")]);
                } else if shown.progress.iter().any(Progress::has_failed) {
                    hints.push((Action::RetryFailed, "retry failed"));
                }
                hints.extend([
                    (Action::NextAction, "show only"),
                    (Action::ScrollDown, "scroll"),
                    (Action::Refresh, "plan again"),
                    (Action::Zoom, "zoom"),
                    (Action::TogglePrune, "prune"),
                    (Action::ToggleOverwrite, "overwrite"),
                ]);
                hints
            }
        }
    }
}

impl Shown {
    /// The items that will be written.
    fn chosen(&self) -> Vec<usize> {
        let items = self.prepared.plan.items.iter().enumerate();
        items
            .filter(|(index, item)| item.action.writes() && !self.excluded.contains(index))
            .map(|(index, _)| index)
            .collect()
    }

    fn passes(&self, index: usize, only: Only) -> bool {
        let action = self.prepared.plan.items[index].action;
        match only {
            Only::Differences => action != Change::Unchanged,
            Only::One(wanted) => action == wanted,
            Only::Failed => self.progress[index].has_failed(),
            Only::Everything => true,
        }
    }

    /// Leaves a node out with all below it, or takes it in with what it needs above it; `false` if
    /// nothing is written there.
    fn toggle(&mut self, at: usize) -> bool {
        let items = &self.prepared.plan.items;
        let mut below = self.tree.items(at);
        below.retain(|index| items[*index].action.writes());
        if below.is_empty() {
            return false;
        }
        if below.iter().any(|index| !self.excluded.contains(index)) {
            self.excluded.extend(below);
        } else {
            for index in below.into_iter().chain(self.tree.above(at)) {
                self.excluded.remove(&index);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
