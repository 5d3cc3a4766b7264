//! [`Shown`]: a plan on the screen, what is chosen of it and what has become of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::choice::{Choice, Toggled, Why};
use super::marks::{Fate, Marks};
use super::tree::{ACTIONS, Tree};
use super::view::Before;
use crate::model::DatasetPath;
use crate::openmetadata::ServerInfo;
use crate::openmetadata::entity::{StoredColumn, StoredCommon};
use crate::report::sync::name_of;
use crate::sync::apply::{ApplyEvent, ItemOutcome, Report};
use crate::sync::session::Prepared;
use crate::sync::{Action as Change, FieldChange, Item, ItemKey, Outcome, Plan};
use crate::tui::om::{OmFacts, OmState};
use crate::tui::widgets::text::{count, counted};

/// So many deletions are named in the question before they are done.
const NAMED: usize = 5;

/// What has become of an item so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Open,
    Begun,
    Ended(ItemOutcome),
}

impl Progress {
    /// Whether it was written, and there is something to say about that.
    pub(super) fn has_notes(&self) -> bool {
        matches!(self, Self::Ended(ItemOutcome::Done { notes }) if !notes.is_empty())
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(self, Self::Ended(ItemOutcome::Failed { .. } | ItemOutcome::Skipped { .. }))
    }
}

/// What the plan was made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Switches {
    /// Soft-delete what Dremio no longer has.
    pub(super) prune: bool,
    /// Replace descriptions that differ from Dremio's.
    pub(super) overwrite: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Shown {
    prepared: Arc<Prepared>,
    pub(super) server: ServerInfo,
    pub(super) tree: Tree,
    pub(super) choice: Choice,
    pub(super) progress: Vec<Progress>,
    pub(super) report: Option<Box<Report>>,
    pub(super) switches: Switches,
    /// Containers taking part that were not read.
    pub(super) unread: usize,
    /// Descriptions that differ and stay as they are.
    pub(super) kept_texts: usize,
    /// Left out because only what had failed is planned again.
    not_retried: BTreeSet<ItemKey>,
    /// Of what takes part: how much is through, and how much of that failed.
    ended: usize,
    failed: usize,
    /// What was sent last.
    pub(super) latest: Option<usize>,
    /// When applying last came on.
    pub(super) heard: Option<Instant>,
    marks: Marks,
}

impl Shown {
    pub(super) fn new(
        prepared: Arc<Prepared>,
        server: ServerInfo,
        switches: Switches,
        unread: usize,
        before: &Before,
    ) -> Self {
        let plan = &prepared.plan;
        let mut by_hand = BTreeSet::new();
        let mut not_retried = BTreeSet::new();
        for (index, item) in plan.items.iter().enumerate().filter(|(_, item)| item.action.writes())
        {
            if before.left_out.contains(&item.key) {
                by_hand.insert(index);
            } else if before.retry.as_ref().is_some_and(|retry| !retry.contains(&item.key)) {
                by_hand.insert(index);
                not_retried.insert(item.key.clone());
            }
        }
        let tree = Tree::new(plan);
        let choice = Choice::new(&tree, plan, by_hand);
        let marks = Marks::new(plan, &tree);
        let changes = plan.items.iter().flat_map(|item| &item.changes);
        let kept_texts = changes.filter(|change| is_kept_text(change)).count();
        Self {
            progress: vec![Progress::Open; plan.items.len()],
            tree,
            choice,
            report: None,
            server,
            switches,
            unread,
            kept_texts,
            not_retried,
            ended: 0,
            failed: 0,
            latest: None,
            heard: None,
            marks,
            prepared,
        }
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.prepared.plan
    }

    pub(super) fn prepared(&self) -> &Arc<Prepared> {
        &self.prepared
    }

    pub(super) fn item(&self, index: usize) -> &Item {
        &self.prepared.plan.items[index]
    }

    /// The item of a node, if the plan speaks of it.
    pub(super) fn item_at(&self, node: usize) -> Option<&Item> {
        self.tree.nodes[node].item.map(|item| self.item(item))
    }

    /// What OpenMetadata has now under an FQN, and its columns if it is a table. Goes through all that
    /// was read.
    pub(super) fn stored(&self, fqn: &str) -> Option<(&StoredCommon, &[StoredColumn])> {
        let current = &self.prepared.current;
        let tables = current.tables.iter().map(|table| (&table.common, table.columns.as_slice()));
        let containers = current.databases.iter().chain(&current.schemas);
        containers
            .map(|common| (common, [].as_slice()))
            .chain(tables)
            .find(|(common, _)| common.fully_qualified_name == fqn)
    }

    /// Wikis and labels that could not be read.
    pub(super) fn unread_texts(&self) -> usize {
        self.prepared.unread_texts.len()
    }

    /// How many of the chosen items are through, and how many there are.
    pub(super) fn written(&self) -> (usize, usize) {
        (self.ended, self.choice.total().taken)
    }

    /// How many items failed or were not tried.
    pub(super) fn failed(&self) -> usize {
        self.failed
    }

    /// How many items were not tried since something that they need failed. Goes through all items.
    pub(super) fn not_tried(&self) -> usize {
        let is_skipped = |p: &&Progress| matches!(p, Progress::Ended(ItemOutcome::Skipped { .. }));
        self.progress.iter().filter(is_skipped).count()
    }

    /// How many items were written with a note. Goes through all items.
    pub(super) fn noted(&self) -> usize {
        self.progress.iter().filter(|progress| progress.has_notes()).count()
    }

    /// Whether the plan would write nothing, whatever is chosen.
    pub(super) fn is_in_sync(&self) -> bool {
        let total = self.choice.total();
        total.taken + total.out == 0
    }

    /// What stays left out when the plan is made again.
    pub(super) fn left_out(&self) -> BTreeSet<ItemKey> {
        let keys = self.choice.by_hand().iter().map(|index| self.item(*index).key.clone());
        keys.filter(|key| !self.not_retried.contains(key)).collect()
    }

    /// The items that failed or were not tried.
    pub(super) fn failures(&self) -> BTreeSet<ItemKey> {
        let items = self.plan().items.iter().zip(&self.progress);
        items
            .filter(|(_, progress)| progress.has_failed())
            .map(|(item, _)| item.key.clone())
            .collect()
    }

    /// Leaves out or takes in what `is_shown` at a node and below.
    pub(super) fn toggle(&mut self, node: usize, is_shown: impl Fn(usize) -> bool) -> Toggled {
        self.choice.toggle(&self.tree, &self.prepared.plan, node, is_shown)
    }

    /// Descriptions in OpenMetadata that would be replaced by Dremio's.
    pub(super) fn replaced_texts(&self) -> usize {
        if !self.switches.overwrite {
            return 0;
        }
        let items = self.plan().items.iter().enumerate();
        items
            .filter(|(index, _)| !self.choice.is_out(*index))
            .flat_map(|(_, item)| &item.changes)
            .filter(|change| is_replaced_text(change))
            .count()
    }

    /// Takes in what has happened while applying.
    pub(super) fn take(&mut self, events: Vec<ApplyEvent>, om: &mut OmFacts, now: Instant) {
        self.heard = Some(now);
        for event in events {
            match event {
                ApplyEvent::Begun(at) => {
                    self.progress[at] = Progress::Begun;
                    self.latest = Some(at);
                }
                ApplyEvent::Finished(at, outcome) => {
                    self.ended += usize::from(!matches!(self.progress[at], Progress::Ended(_)));
                    self.progress[at] = Progress::Ended(outcome);
                    self.failed += usize::from(self.progress[at].has_failed());
                    self.mark(at, om);
                }
            }
        }
    }

    /// The marks that follow from the plan, as it stands.
    pub(super) fn marks(&self) -> impl Iterator<Item = (&DatasetPath, OmState)> {
        self.marks.all()
    }

    /// Brings the marks of an item and all above it up to date.
    fn mark(&mut self, index: usize, om: &mut OmFacts) {
        let progress = &self.progress;
        let fate = |item: usize| match &progress[item] {
            Progress::Ended(ItemOutcome::Done { notes }) if notes.is_empty() => Fate::Written,
            Progress::Ended(ItemOutcome::Done { .. }) => Fate::WrittenInPart,
            _ => Fate::Unwritten,
        };
        let mut on_change = |path: &DatasetPath, state: OmState| match om.states.get_mut(path) {
            Some(known) => *known = state,
            None => drop(om.states.insert(path.clone(), state)),
        };
        self.marks.ended(index, &self.prepared.plan, &self.tree, &fate, &mut on_change);
    }

    /// Takes in the result.
    pub(super) fn finish(&mut self, report: Box<Report>, om: &mut OmFacts) {
        for (index, outcome) in report.outcomes.iter().enumerate().take(self.progress.len()) {
            if !matches!(&self.progress[index], Progress::Ended(known) if known == outcome) {
                self.progress[index] = Progress::Ended(outcome.clone());
                self.mark(index, om);
            }
        }
        self.failed = self.progress.iter().filter(|progress| progress.has_failed()).count();
        self.latest = None;
        self.report = Some(report);
    }

    /// What a person has to agree to before anything is written.
    pub(super) fn question(&self) -> String {
        let mut text = String::new();
        let is_taken = |index: usize, action: Change| {
            self.item(index).action == action && !self.choice.is_out(index)
        };
        // What goes is said before what comes.
        let writing = ACTIONS.into_iter().filter(|action| action.writes());
        let order = [Change::Delete].into_iter().chain(writing.filter(|a| *a != Change::Delete));
        for action in order.filter(|action| self.choice.taken(*action) > 0) {
            let taken: Vec<usize> =
                (0..self.progress.len()).filter(|index| is_taken(*index, action)).collect();
            let sorts = ["service", "database", "schema", "table", "edge"].map(|sort| {
                let is_one = |index: &&usize| name_of(&self.item(**index).key).0 == sort;
                (sort, taken.iter().filter(is_one).count())
            });
            let parts: Vec<String> = sorts
                .into_iter()
                .filter(|(_, number)| *number > 0)
                .map(|(sort, number)| counted(number, sort))
                .collect();
            let word = if action == Change::Delete { "soft-delete" } else { action.name() };
            // Three to a line, so that the words stay under each other.
            for (row, parts) in parts.chunks(3).enumerate() {
                let word = if row == 0 { word } else { "" };
                text.push_str(&format!("{word:<12}{}\n", parts.join(", ")));
            }
            if action == Change::Delete {
                for index in taken.iter().take(NAMED) {
                    text.push_str(&format!("  - {}\n", name_of(&self.item(*index).key).1));
                }
                if let Some(more) = taken.len().checked_sub(NAMED).filter(|more| *more > 0) {
                    text.push_str(&format!("  - and {} more\n", count(more)));
                }
            }
        }
        let out = self.choice.total().out;
        if out > 0 {
            text.push_str(&format!("{:<12}{}\n", "left out", count(out)));
        }
        let replaced = self.replaced_texts();
        if replaced > 0 {
            text.push_str(&format!(
                "\n{} that OpenMetadata has now will be replaced by Dremio's.\n",
                counted(replaced, "description")
            ));
        }
        let who = if self.server.is_bot == Some(true) { "the bot" } else { "the user" };
        text.push_str(&format!(
            "\nService {} in OpenMetadata {} on {}, as {who} {}.",
            self.plan().service,
            self.server.version,
            self.server.host,
            self.server.user.as_deref().unwrap_or("unknown"),
        ));
        text
    }

    /// The item without which another cannot go, by name.
    pub(super) fn needed_by(&self, index: usize) -> Option<String> {
        match self.choice.why_out(index)? {
            Why::ByHand => None,
            Why::Needs(other) => Some(name_of(&self.item(other).key).1),
        }
    }
}

fn is_text(change: &FieldChange) -> bool {
    change.field == "description" || change.field.ends_with(".description")
}

fn is_kept_text(change: &FieldChange) -> bool {
    is_text(change) && change.outcome != Outcome::Written
}

/// Whether a description that is there gives way to Dremio's.
pub(super) fn is_replaced_text(change: &FieldChange) -> bool {
    is_text(change)
        && change.outcome == Outcome::Written
        && change.old.as_ref().is_some_and(|old| !old.trim().is_empty())
}
