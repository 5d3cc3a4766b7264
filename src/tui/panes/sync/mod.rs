//! The sync plan: making it, choosing from it, applying it, and what became of it.
//!
//! Nothing is written to OpenMetadata but by [`SyncPane::apply`], which the App calls only after a
//! confirmation. Not here: what a plan says and does ([`crate::sync`]).

mod act;
mod bare;
mod choice;
mod draw;
mod explain;
mod footer;
mod head;
mod left_behind;
mod list;
mod marks;
mod shown;
mod tree;
mod view;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::layout::Rect;

use self::explain::Changes;
use self::list::{Only, PlanList};
use self::shown::{Shown, Switches};
use self::view::Before;
pub use self::view::{PlanView, ViewBasis};
use crate::model::DatasetPath;
use crate::openmetadata::ServerInfo;
use crate::sync::apply::{ApplyEvent, Report};
use crate::sync::journal::Interrupted;
use crate::sync::session::Step;
use crate::sync::{Action as Change, ItemKey, Selection};
use crate::tui::core::{Core, JobState, Server};
use crate::tui::msg::{Action, Cmd, JobSpec, Slot};
use crate::tui::sync_target::{PlanRequest, Reached};
use crate::tui::widgets::text::counted;

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
        /// The program is left once what is under way has ended.
        leaving: bool,
    },
}

/// See the module.
#[derive(Debug)]
pub(crate) struct SyncPane {
    pub(crate) target: Target,
    stage: Stage,
    shown: Option<Shown>,
    /// Why there is no (new) plan, or why applying ended.
    failure: Option<String>,
    /// What an earlier run left behind that was not brought to its end.
    interrupted: Option<Interrupted>,
    /// The same while its journal is being put away.
    put_away: Option<Interrupted>,
    /// Whether this pane has written: then a journal that is not at its end is nobody else's.
    has_applied: bool,
    selection: Selection,
    switches: Switches,
    /// What the next plan is for, if only for what failed.
    retry: Option<BTreeSet<ItemKey>>,
    /// Where the cursor is to be in the next plan: on the same item, or on the first of what was
    /// asked for.
    at: Option<ItemKey>,
    sought: Option<Change>,
    list: PlanList,
    changes: Changes,
    /// Where the rows were drawn last.
    area: Rect,
}

/// What a person has to agree to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) title: &'static str,
    pub(crate) text: String,
    pub(crate) yes: &'static str,
    pub(crate) no: &'static str,
    /// What is done then.
    pub(crate) action: Action,
}

/// What became of an action.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ignored,
    Done,
    /// This must be confirmed first.
    Confirm(Question),
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
            interrupted: None,
            put_away: None,
            has_applied: false,
            selection: Selection::default(),
            switches: Switches::default(),
            retry: None,
            at: None,
            sought: None,
            list: PlanList::default(),
            changes: Changes::default(),
            area: Rect::ZERO,
        }
    }

    /// Connects, unless there is nowhere to connect to.
    pub(crate) fn connect(&mut self, core: &mut Core) {
        if !matches!(self.target, Target::None(_)) {
            self.target = Target::Connecting;
            core.start("Connect to OpenMetadata", JobSpec::OpenMetadata);
        }
    }

    pub(crate) fn reached(&mut self, reached: Reached) {
        self.target = Target::Ready(reached.server);
        self.interrupted = reached.interrupted;
    }

    /// Wants a plan for these paths and all below them.
    pub(crate) fn want(&mut self, within: Vec<DatasetPath>, core: &mut Core) {
        if matches!(self.stage, Stage::Applying { .. }) {
            core.complain("a plan is being applied just now");
            return;
        }
        self.selection = Selection { within, ..Selection::default() };
        self.retry = None;
        self.begin_plan(None, core);
    }

    /// Wants a plan for the same with the cursor where it is.
    fn plan_again(&mut self, core: &mut Core) {
        let item = self.list.node().and_then(|at| self.shown.as_ref()?.item_at(at));
        let at = item.map(|item| item.key.clone());
        self.begin_plan(at, core);
    }

    fn begin_plan(&mut self, at: Option<ItemKey>, core: &mut Core) {
        core.cancel(Slot::Plan);
        self.failure = None;
        self.at = at;
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
            prune: self.switches.prune,
            overwrite: self.switches.overwrite,
            server: server.clone(),
        };
        let basis = ViewBasis {
            server: server.clone(),
            selection: self.selection.clone(),
            switches: self.switches,
            before: Before {
                left_out: self.shown.as_ref().map(Shown::left_out).unwrap_or_default(),
                at: self.at.take(),
                sought: self.sought.take(),
                retry: self.retry.take(),
            },
            om: Arc::clone(&core.om),
        };
        self.stage = Stage::Planning(None);
        let spec = JobSpec::Plan(Box::new(request), Box::new(basis));
        core.start("Compare with OpenMetadata", spec);
    }

    pub(crate) fn planning(&mut self, step: Step) {
        self.stage = Stage::Planning(Some(step));
    }

    /// Takes a plan in. All that takes time was done by the job, and what it takes the place of is
    /// dropped by another.
    pub(crate) fn planned(&mut self, view: PlanView, core: &mut Core) {
        self.stage = Stage::Idle;
        let PlanView { shown, list, om } = view;
        if self.interrupted.is_some() || !self.has_applied {
            self.interrupted.clone_from(&shown.prepared().interrupted);
        }
        let list = list.with_height(self.list.cursor.height);
        self.changes.reset();
        let before = self.shown.replace(shown);
        let list_before = std::mem::replace(&mut self.list, list);
        let om_before = std::mem::replace(&mut core.om, om);
        core.discard((before, list_before, om_before));
    }

    /// Takes in what has happened while applying.
    pub(crate) fn applying(&mut self, events: Vec<ApplyEvent>, core: &mut Core) {
        let Some(shown) = &mut self.shown else { return };
        shown.take(events, Arc::make_mut(&mut core.om), core.now);
        if self.list.only == Only::Failed {
            self.list.flatten(shown);
        }
    }

    /// Takes in the result.
    pub(crate) fn applied(&mut self, report: Box<Report>, core: &mut Core) {
        let is_leaving = self.is_leaving();
        self.stage = Stage::Idle;
        let Some(shown) = &mut self.shown else { return };
        // Its journal has taken the place of the one that told of an earlier run.
        self.interrupted = None;
        self.has_applied = true;
        self.failure = report.ended_early.as_ref().map(|why| match why.as_str() {
            "cancelled" => "The sync was stopped.".to_owned(),
            why => format!("The sync ended early: {why}."),
        });
        let has_ended = report.ended_early.is_none();
        shown.finish(report, Arc::make_mut(&mut core.om));
        let failed = shown.failed();
        if failed > 0 {
            core.complain(format!("{} could not be written", counted(failed, "item")));
            self.list.show(Only::Failed, shown);
        } else {
            let noted = shown.noted();
            if noted > 0 {
                core.complain(format!("{} written with a note", counted(noted, "item")));
                self.list.show(Only::Noted, shown);
            } else {
                self.list.flatten(shown);
                if has_ended {
                    core.notify("OpenMetadata is up to date with the plan");
                }
            }
        }
        if is_leaving {
            core.cmd(Cmd::Quit);
        }
    }

    /// A job has ended without what it was for.
    pub(crate) fn ended(&mut self, slot: Slot, state: &JobState, core: &mut Core) {
        let message = match state {
            JobState::Failed(message) => message.clone(),
            _ => "Cancelled.".to_owned(),
        };
        if slot == Slot::OpenMetadata {
            if self.shown.is_some() {
                self.failure = Some(message.clone());
            }
            self.target = Target::Failed(message);
            if matches!(self.stage, Stage::Waiting) {
                self.stage = Stage::Idle;
            }
            return;
        }
        if slot == Slot::Journal {
            self.was_put_away(state, core);
            return;
        }
        let is_leaving = self.is_leaving();
        self.stage = Stage::Idle;
        self.failure = Some(message);
        if is_leaving {
            core.cmd(Cmd::Quit);
        }
    }

    fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle)
    }

    fn is_leaving(&self) -> bool {
        matches!(self.stage, Stage::Applying { leaving: true, .. })
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
            Stage::Applying { stopping, .. } => {
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
                self.ended(slot, &JobState::Cancelled, core);
            }
            _ => return false,
        }
        true
    }

    /// What to ask before the program is left, if it writes just now. Who asks again while it is
    /// already stopping is not asked.
    pub(crate) fn question_before_quitting(&self) -> Option<String> {
        let Stage::Applying { leaving: false, .. } = self.stage else { return None };
        let text = "A sync is under way. Quitting stops between two writes, waits for those under way, \
                    and notes in the journal how far it came. A new plan then holds what is left.";
        Some(text.to_owned())
    }

    /// Leaves the program as soon as nothing is being written any more.
    pub(crate) fn quit(&mut self, core: &mut Core) {
        if let Stage::Applying { leaving, .. } = &mut self.stage {
            *leaving = true;
            self.stop(core);
        } else {
            core.cmd(Cmd::Quit);
        }
    }

    fn retry_failed(&mut self, core: &mut Core) {
        let Some(shown) = self.shown.as_ref().filter(|_| self.is_idle()) else { return };
        let failed = shown.failures();
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
        } else if shown.is_in_sync() {
            core.notify("there is nothing to write");
        } else if shown.choice.total().taken == 0 {
            core.complain("everything is left out: there is nothing to write");
        } else {
            return Outcome::Confirm(Question {
                title: "Write to OpenMetadata",
                text: shown.question(),
                yes: "write",
                no: "no",
                action: Action::Apply,
            });
        }
        Outcome::Done
    }

    /// Writes what was confirmed.
    pub(crate) fn apply(&mut self, core: &mut Core) {
        // Its journal begins where the other one is just being removed.
        if !self.is_idle() || self.put_away.is_some() {
            return;
        }
        let Some(shown) = self.shown.as_ref().filter(|shown| shown.report.is_none()) else {
            return;
        };
        let spec = JobSpec::Apply(
            Arc::clone(shown.prepared()),
            shown.server.clone(),
            shown.choice.left_out(),
        );
        self.failure = None;
        self.changes.is_alone = false;
        self.stage = Stage::Applying { stopping: false, leaving: false };
        core.start("Write to OpenMetadata", spec);
    }
}

#[cfg(test)]
mod tests;
