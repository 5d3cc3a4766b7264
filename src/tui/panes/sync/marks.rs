//! [`Marks`]: from a plan to marks in the catalog: in sync, differs, missing; nothing where nothing
//! is known. Each place counts what stands in it, so that an item that is written touches only what
//! is above it, however large the plan is.

use rustc_hash::FxHashMap;

use super::tree::{Sort, Tree};
use crate::model::DatasetPath;
use crate::sync::{Action, ItemKey, Plan};
use crate::tui::om::OmState;

/// How many things at and below a place are in sync, differ, and are missing.
type Tally = [usize; 3];

/// What has become of an item, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Unwritten,
    Written,
    /// The server said yes and did not take over all of it.
    WrittenInPart,
}

/// A path in Dremio (folded) that has a mark.
#[derive(Clone, Debug)]
struct Place {
    path: DatasetPath,
    parent: Option<usize>,
    tally: Tally,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    places: Vec<Place>,
    /// By item: where it counts. An edge counts at the table that it leads to.
    place_of: Vec<Option<usize>>,
    /// By item: what it counts as now.
    state_of: Vec<Option<OmState>>,
}

impl Marks {
    /// The marks of a plan of which nothing is written yet.
    pub(super) fn new(plan: &Plan, tree: &Tree) -> Self {
        let mut marks = Self::default();
        let mut by_path = FxHashMap::default();
        for item in &plan.items {
            let place = item.path.as_ref().map(|path| marks.place(path.folded(), &mut by_path));
            marks.place_of.push(place);
        }
        for (index, item) in plan.items.iter().enumerate() {
            if matches!(item.key, ItemKey::Edge { .. }) && item.path.is_none() {
                marks.place_of[index] =
                    table_of(tree, index).and_then(|table| marks.place_of[table]);
            }
        }
        marks.state_of = vec![None; plan.items.len()];
        for index in 0..plan.items.len() {
            let state = state(plan, tree, index, &|_| Fate::Unwritten);
            marks.recount(index, state, &mut |_, _| ());
        }
        marks
    }

    /// The place of a path, made with everything above it if need be.
    fn place(&mut self, path: DatasetPath, by_path: &mut FxHashMap<DatasetPath, usize>) -> usize {
        if let Some(at) = by_path.get(&path) {
            return *at;
        }
        let above = path.parent().filter(|above| !above.is_empty());
        let parent = above.map(|above| self.place(above, by_path));
        let at = self.places.len();
        self.places.push(Place { path: path.clone(), parent, tally: Tally::default() });
        by_path.insert(path, at);
        at
    }

    /// Every path with its mark.
    pub(super) fn all(&self) -> impl Iterator<Item = (&DatasetPath, OmState)> {
        self.places.iter().filter_map(|place| Some((&place.path, mark(place.tally)?)))
    }

    /// Takes in that an item has ended, where `fate` tells what has become of each; `on_change` hears
    /// of every mark that is another one now.
    pub(super) fn ended(
        &mut self,
        index: usize,
        plan: &Plan,
        tree: &Tree,
        fate: &dyn Fn(usize) -> Fate,
        on_change: &mut dyn FnMut(&DatasetPath, OmState),
    ) {
        self.recount(index, state(plan, tree, index, fate), on_change);
        let node = &tree.nodes[tree.node_of[index]];
        // Only where there is a table can an edge into it be missing.
        for child in node.children.iter().filter(|_| node.sort == Sort::Table) {
            if let Some(edge) = tree.nodes[*child].item {
                self.recount(edge, state(plan, tree, edge, fate), on_change);
            }
        }
    }

    fn recount(
        &mut self,
        index: usize,
        state: Option<OmState>,
        on_change: &mut dyn FnMut(&DatasetPath, OmState),
    ) {
        let before = std::mem::replace(&mut self.state_of[index], state);
        if before == state {
            return;
        }
        let mut next = self.place_of[index];
        while let Some(at) = next {
            let place = &mut self.places[at];
            let was = mark(place.tally);
            if let Some(before) = before {
                place.tally[before as usize] -= 1;
            }
            if let Some(state) = state {
                place.tally[state as usize] += 1;
            }
            let is = mark(place.tally);
            if let Some(is) = is.filter(|_| is != was) {
                on_change(&place.path, is);
            }
            next = place.parent;
        }
    }
}

/// What a container is whose parts are these.
fn mark([in_sync, differ, missing]: Tally) -> Option<OmState> {
    match (in_sync > 0, differ > 0, missing > 0) {
        (false, false, false) => None,
        (true, false, false) => Some(OmState::InSync),
        (false, false, true) => Some(OmState::Missing),
        _ => Some(OmState::Differs),
    }
}

/// How an item stands.
fn state(plan: &Plan, tree: &Tree, index: usize, fate: &dyn Fn(usize) -> Fate) -> Option<OmState> {
    let item = &plan.items[index];
    if matches!(item.key, ItemKey::Edge { .. }) {
        // An edge has no place in Dremio of its own: while it waits, the table that it leads to
        // differs.
        let is_waiting = item.action.writes() && fate(index) != Fate::Written;
        let table = table_of(tree, index).filter(|_| is_waiting)?;
        let action = plan.items[table].action;
        let is_there =
            fate(table) != Fate::Unwritten || !matches!(action, Action::Create | Action::Restore);
        return is_there.then_some(OmState::Differs);
    }
    Some(match (fate(index), item.action) {
        (Fate::Written, _) | (Fate::Unwritten, Action::Unchanged) => OmState::InSync,
        (Fate::WrittenInPart, _) => OmState::Differs,
        (_, Action::Create | Action::Restore | Action::Conflict) => OmState::Missing,
        (_, Action::Update | Action::Keep | Action::Delete) => OmState::Differs,
    })
}

/// The item of the table that an edge leads to.
fn table_of(tree: &Tree, edge: usize) -> Option<usize> {
    tree.nodes[tree.nodes[tree.node_of[edge]].parent?].item
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_what_its_parts_are_together() {
        use OmState::{Differs, InSync, Missing};
        assert_eq!(mark([0, 0, 0]), None);
        assert_eq!(mark([2, 0, 0]), Some(InSync));
        assert_eq!(mark([0, 0, 2]), Some(Missing));
        assert_eq!(mark([1, 0, 2]), Some(Differs));
        assert_eq!(mark([1, 1, 0]), Some(Differs));
    }
}
