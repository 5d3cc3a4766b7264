//! [`PlanList`]: which lines of a plan are on the screen: folded, of one sort, with some letters in
//! the name.

use std::collections::BTreeSet;

use super::shown::Shown;
use super::tree::{ACTIONS, Sort};
use crate::sync::{Action as Change, Item};
use crate::tui::msg::Action;
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::Cursor;
use crate::tui::widgets::text::contains;

/// Up to so many lines, a new plan is shown unfolded to its tables.
const UNFOLDED: usize = 400;

/// Which items are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Only {
    /// What would be written, conflicts, and what is kept although it differs.
    #[default]
    Differences,
    One(Change),
    LeftOut,
    Failed,
    /// What was written with a note, such as what the server did not take over.
    Noted,
    Everything,
}

impl Only {
    /// The word for people; the default needs none.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Differences => None,
            Self::One(action) => Some(action.name()),
            Self::LeftOut => Some("left out"),
            Self::Failed => Some("failed"),
            Self::Noted => Some("with a note"),
            Self::Everything => Some("everything"),
        }
    }
}

/// A line: a node and how deep it stands.
pub(super) type Row = (usize, usize);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct PlanList {
    pub(super) only: Only,
    pub(super) search: LineInput,
    pub(super) is_typing: bool,
    /// The letters searched for, in lower case.
    needle: String,
    /// By node: whether it or something above it has the letters in its name.
    hits: Vec<bool>,
    /// How many lines have the letters in their own name.
    pub(super) matches: usize,
    folded: BTreeSet<usize>,
    rows: Vec<Row>,
    pub(super) cursor: Cursor,
}

impl PlanList {
    /// The lines of a new plan, with the cursor on the first thing that would be written.
    pub(super) fn on(shown: &Shown) -> Self {
        let mut list = Self::default();
        list.flatten(shown);
        if list.rows.is_empty() {
            list.only = Only::Everything;
            list.flatten(shown);
        }
        if list.rows.len() > UNFOLDED {
            let is_schema = |at: &usize| shown.tree.nodes[*at].sort == Sort::Schema;
            list.folded = (0..shown.tree.nodes.len()).filter(is_schema).collect();
            list.flatten(shown);
        }
        list.go_to_first(|at| shown.item_at(at).is_some_and(|item| item.action.writes()));
        list
    }

    /// Takes over how many lines there is room for.
    pub(super) fn with_height(mut self, height: usize) -> Self {
        self.cursor.height = height;
        self.go(self.cursor.at);
        self
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The node under the cursor.
    pub(super) fn node(&self) -> Option<usize> {
        self.rows.get(self.cursor.at).map(|row| row.0)
    }

    pub(super) fn is_folded(&self, node: usize) -> bool {
        self.folded.contains(&node)
    }

    /// Moves the cursor, if `action` says so; tells whether it did.
    pub(super) fn step(&mut self, action: Action) -> bool {
        self.cursor.apply(action, self.rows.len())
    }

    /// Puts the cursor on a line.
    pub(super) fn go(&mut self, row: usize) {
        self.cursor.go(row, self.rows.len());
    }

    /// Puts the cursor on a node, if it has a line.
    pub(super) fn go_to(&mut self, node: usize) {
        if let Some(row) = self.rows.iter().position(|row| row.0 == node) {
            self.go(row);
        }
    }

    /// Puts the cursor on the first item that is wanted, or on the folded line that holds it.
    pub(super) fn go_to_item(&mut self, shown: &Shown, is_wanted: impl Fn(&Item) -> bool) {
        let Some(index) = shown.plan().items.iter().position(is_wanted) else { return };
        let mut next = Some(shown.tree.node_of[index]);
        while let Some(at) = next {
            if let Some(row) = self.rows.iter().position(|row| row.0 == at) {
                self.go(row);
                return;
            }
            next = shown.tree.nodes[at].parent;
        }
    }

    fn go_to_first(&mut self, is_wanted: impl Fn(usize) -> bool) {
        if let Some(row) = self.rows.iter().position(|(at, _)| is_wanted(*at)) {
            self.go(row);
        }
    }

    /// To the next line below or above whose item passes the filter.
    pub(super) fn step_to_item(&mut self, forward: bool, shown: &Shown) {
        let passes = |row: &usize| self.is_asked_for(self.rows[*row].0, shown);
        let at = self.cursor.at;
        let next = if forward {
            (at + 1..self.rows.len()).find(passes)
        } else {
            (0..at.min(self.rows.len())).rev().find(passes)
        };
        if let Some(row) = next {
            self.go(row);
        }
    }

    pub(super) fn fold(&mut self, node: usize, fold: bool, shown: &Shown) {
        if fold {
            self.folded.insert(node);
        } else {
            self.folded.remove(&node);
        }
        self.flatten(shown);
    }

    pub(super) fn unfold_all(&mut self, shown: &Shown) {
        self.folded.clear();
        self.flatten(shown);
    }

    pub(super) fn fold_all(&mut self, shown: &Shown) {
        let is_foldable = |at: &usize| {
            let node = &shown.tree.nodes[*at];
            node.sort != Sort::Service && !node.children.is_empty()
        };
        self.folded = (0..shown.tree.nodes.len()).filter(is_foldable).collect();
        self.flatten(shown);
    }

    /// Shows these only, with the cursor on the first of them.
    pub(super) fn show(&mut self, only: Only, shown: &Shown) {
        self.only = only;
        self.flatten(shown);
        if !matches!(only, Only::Everything) {
            self.go_to_first_asked_for(shown);
        }
    }

    /// Shows the next sort of which there is any.
    pub(super) fn show_next(&mut self, shown: &Shown) {
        let mut choices = vec![Only::Differences];
        choices.extend(ACTIONS.map(Only::One));
        choices.extend([Only::LeftOut, Only::Failed, Only::Noted, Only::Everything]);
        let has_any =
            |only: &Only| (0..shown.progress.len()).any(|item| passes(shown, item, *only));
        let at = choices.iter().position(|only| *only == self.only).unwrap_or(0);
        let next =
            choices.iter().cycle().skip(at + 1).take(choices.len()).find(|only| has_any(only));
        self.show(next.copied().unwrap_or_default(), shown);
    }

    /// Whether an item is shown, folding aside: what a toggle of something above it means.
    pub(super) fn shows(&self, item: usize, shown: &Shown) -> bool {
        passes(shown, item, self.only)
            && (self.needle.is_empty() || self.hits[shown.tree.node_of[item]])
    }

    pub(super) fn is_searching(&self) -> bool {
        !self.needle.is_empty()
    }

    pub(super) fn needle(&self) -> &str {
        &self.needle
    }

    /// Looks for what is typed now.
    pub(super) fn searched(&mut self, shown: &Shown) {
        self.needle = self.search.value().trim().to_lowercase();
        if self.is_searching() {
            self.folded.clear();
        }
        self.flatten(shown);
        self.go_to_first_asked_for(shown);
    }

    /// Shows everything again, with the cursor where the search led.
    pub(super) fn end_search(&mut self, shown: &Shown) {
        self.is_typing = false;
        self.search.clear();
        self.needle.clear();
        self.flatten(shown);
    }

    fn go_to_first_asked_for(&mut self, shown: &Shown) {
        let is_there = self.node().is_some_and(|at| self.is_asked_for(at, shown));
        if is_there {
            return;
        }
        let row = (0..self.rows.len()).find(|row| self.is_asked_for(self.rows[*row].0, shown));
        if let Some(row) = row {
            self.go(row);
        }
    }

    /// Whether a line is there for its own sake and not for what is below it.
    fn is_asked_for(&self, at: usize, shown: &Shown) -> bool {
        let node = &shown.tree.nodes[at];
        node.item.is_some_and(|item| passes(shown, item, self.only))
            && (self.needle.is_empty() || contains(&node.label, &self.needle))
    }

    /// Makes the rows anew with the cursor on the same node, or near it.
    pub(super) fn flatten(&mut self, shown: &Shown) {
        let before = self.node();
        let nodes = &shown.tree.nodes;
        self.hits.clear();
        if !self.needle.is_empty() {
            self.hits.reserve(nodes.len());
            for node in nodes {
                let above = node.parent.is_some_and(|parent| self.hits[parent]);
                self.hits.push(above || contains(&node.label, &self.needle));
            }
        }
        let is_wanted = |at: usize| {
            nodes[at].item.is_some_and(|item| passes(shown, item, self.only))
                && (self.needle.is_empty() || self.hits[at])
        };
        self.rows = shown.tree.rows(&self.folded, is_wanted);
        self.matches = if self.needle.is_empty() {
            0
        } else {
            (0..nodes.len())
                .filter(|at| is_wanted(*at) && contains(&nodes[*at].label, &self.needle))
                .count()
        };
        match before.and_then(|at| self.rows.iter().position(|row| row.0 == at)) {
            Some(row) => self.go(row),
            None => self.go(self.cursor.at),
        }
    }
}

fn passes(shown: &Shown, index: usize, only: Only) -> bool {
    let action = shown.item(index).action;
    match only {
        Only::Differences => action != Change::Unchanged,
        Only::One(wanted) => action == wanted,
        Only::LeftOut => shown.choice.is_out(index),
        Only::Failed => shown.progress[index].has_failed(),
        Only::Noted => shown.progress[index].has_notes(),
        Only::Everything => true,
    }
}
