//! [`Choice`]: which items of a plan take part, and what cannot go without what was left out.
//!
//! A table needs its schema, an edge both of its tables, the deletion of a container that of all
//! inside. What a person leaves out takes along what needs it; taking something in brings back what
//! it needs. All counts are kept, so that drawing a line never looks at all items.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::tree::{Counts, Tree, place};
use crate::sync::{Action, ItemKey, Plan};

/// Of the items at and below a node that would be written: how many are in, how many left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) taken: usize,
    pub(super) out: usize,
}

/// Why an item takes no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// A person said so.
    ByHand,
    /// It cannot go without this item, which is left out.
    Needs(usize),
}

/// What became of a toggle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Toggled {
    /// Nothing would be written there.
    Nothing,
    /// So many more are left out.
    LeftOut(usize),
    /// So many more take part.
    TakenIn(usize),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    by_hand: BTreeSet<usize>,
    implied: FxHashMap<usize, usize>,
    /// By node.
    shares: Vec<Share>,
    /// Items that take part, or that are not written anyway, by action.
    taken: Counts,
    total: Share,
}

impl Choice {
    /// Everything takes part but for these items and what needs them.
    pub(super) fn new(tree: &Tree, plan: &Plan, by_hand: BTreeSet<usize>) -> Self {
        let mut choice = Self { by_hand, ..Self::default() };
        choice.settle(tree, plan);
        choice
    }

    pub(super) fn why_out(&self, item: usize) -> Option<Why> {
        if self.by_hand.contains(&item) {
            return Some(Why::ByHand);
        }
        self.implied.get(&item).copied().map(Why::Needs)
    }

    pub(super) fn is_out(&self, item: usize) -> bool {
        self.by_hand.contains(&item) || self.implied.contains_key(&item)
    }

    pub(super) fn share(&self, node: usize) -> Share {
        self.shares[node]
    }

    /// Of the whole plan.
    pub(super) fn total(&self) -> Share {
        self.total
    }

    /// How many items with this action take part; of those that are not written, all.
    pub(super) fn taken(&self, action: Action) -> usize {
        self.taken[place(action)]
    }

    /// What was left out by hand.
    pub(super) fn by_hand(&self) -> &BTreeSet<usize> {
        &self.by_hand
    }

    /// All that is left out.
    pub(super) fn left_out(&self) -> BTreeSet<usize> {
        self.by_hand.iter().chain(self.implied.keys()).copied().collect()
    }

    /// Leaves out what `is_shown` of a node and all below it, or takes it in if none of that takes part.
    pub(super) fn toggle(
        &mut self,
        tree: &Tree,
        plan: &Plan,
        node: usize,
        is_shown: impl Fn(usize) -> bool,
    ) -> Toggled {
        let mut items = tree.items(node);
        items.retain(|item| plan.items[*item].action.writes() && is_shown(*item));
        if items.is_empty() {
            return Toggled::Nothing;
        }
        let before = self.total.out;
        if items.iter().any(|item| !self.is_out(*item)) {
            self.by_hand.extend(items);
            self.settle(tree, plan);
            Toggled::LeftOut(self.total.out.saturating_sub(before))
        } else {
            for item in items {
                self.take_in(tree, plan, item);
            }
            self.settle(tree, plan);
            Toggled::TakenIn(before.saturating_sub(self.total.out))
        }
    }

    /// Takes an item in with all that it needs.
    fn take_in(&mut self, tree: &Tree, plan: &Plan, item: usize) {
        self.by_hand.remove(&item);
        let node = tree.node_of[item];
        if plan.items[item].action == Action::Delete {
            // Its container may stay; what is inside may not.
            for below in tree.items(node) {
                if plan.items[below].action == Action::Delete {
                    self.by_hand.remove(&below);
                }
            }
            return;
        }
        let mut needed = tree.above(node);
        if let ItemKey::Edge { from, .. } = &plan.items[item].key
            && let Some(from) = tree.find(from)
        {
            needed.extend(tree.nodes[from].item);
            needed.extend(tree.above(from));
        }
        for item in needed {
            if makes(plan.items[item].action) {
                self.by_hand.remove(&item);
            }
        }
    }

    /// Finds what cannot go without what is left out, and counts anew.
    fn settle(&mut self, tree: &Tree, plan: &Plan) {
        self.implied.clear();
        let writes = |item: usize| plan.items[item].action.writes();
        // What will be missing at a node: itself or something above it. A node comes after its parent.
        let mut missing: Vec<Option<usize>> = vec![None; tree.nodes.len()];
        for (at, node) in tree.nodes.iter().enumerate() {
            let above = node.parent.and_then(|parent| missing[parent]);
            let own = node
                .item
                .filter(|item| self.by_hand.contains(item) && makes(plan.items[*item].action));
            missing[at] = above.or(own);
            if let (Some(item), Some(above)) = (node.item, above)
                && writes(item)
                && plan.items[item].action != Action::Delete
                && !self.by_hand.contains(&item)
            {
                self.implied.insert(item, above);
            }
        }
        for (index, item) in plan.items.iter().enumerate() {
            let ItemKey::Edge { from, .. } = &item.key else { continue };
            if item.action.writes()
                && item.action != Action::Delete
                && !self.is_out(index)
                && let Some(needed) = tree.find(from).and_then(|from| missing[from])
            {
                self.implied.insert(index, needed);
            }
        }
        let mut stays: Vec<Option<usize>> = vec![None; tree.nodes.len()];
        for (at, node) in tree.nodes.iter().enumerate().rev() {
            let deleted = node.item.filter(|item| plan.items[*item].action == Action::Delete);
            let is_entity = |item: &usize| matches!(plan.items[*item].key, ItemKey::Entity(..));
            if let Some(item) = deleted.filter(is_entity) {
                if let Some(inside) = stays[at]
                    && !self.by_hand.contains(&item)
                {
                    self.implied.insert(item, inside);
                }
                if self.by_hand.contains(&item) {
                    stays[at] = Some(item);
                }
            }
            if let Some(parent) = node.parent {
                stays[parent] = stays[parent].or(stays[at]);
            }
        }
        self.count(tree, plan);
    }

    fn count(&mut self, tree: &Tree, plan: &Plan) {
        self.taken = Counts::default();
        self.total = Share::default();
        self.shares = vec![Share::default(); tree.nodes.len()];
        for (at, node) in tree.nodes.iter().enumerate().rev() {
            if let Some(item) = node.item {
                let action = plan.items[item].action;
                let is_out = self.is_out(item);
                if action.writes() {
                    self.shares[at].taken += usize::from(!is_out);
                    self.shares[at].out += usize::from(is_out);
                }
                self.taken[place(action)] += usize::from(!is_out || !action.writes());
            }
            let own = self.shares[at];
            let sum = match node.parent {
                Some(parent) => &mut self.shares[parent],
                None => &mut self.total,
            };
            sum.taken += own.taken;
            sum.out += own.out;
        }
    }
}

/// Whether something is there only after this was done.
fn makes(action: Action) -> bool {
    matches!(action, Action::Create | Action::Restore)
}
