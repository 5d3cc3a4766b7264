//! From a plan to marks in the catalog: in sync, differs, missing; nothing where nothing is known.

use rustc_hash::FxHashMap;

use super::shown::{Progress, Shown};
use super::tree::Sort;
use crate::model::DatasetPath;
use crate::sync::apply::ItemOutcome;
use crate::sync::{Action, ItemKey};
use crate::tui::core::{Core, OmState};

impl Shown {
    /// Puts a mark on everything that the plan speaks of, and on what is above it.
    pub(super) fn mark(&self, core: &mut Core) {
        let mut marks: FxHashMap<DatasetPath, OmState> = FxHashMap::default();
        for (index, (item, progress)) in self.plan().items.iter().zip(&self.progress).enumerate() {
            let is_done = matches!(progress, Progress::Ended(ItemOutcome::Done { .. }));
            // An edge has no place in Dremio of its own: while it waits, the table that it leads to
            // differs.
            let table = match item.key {
                ItemKey::Edge { .. } if item.action.writes() && !is_done => self.table_of(index),
                _ => None,
            };
            let Some(path) = item.path.as_ref().or(table) else { continue };
            let state = match (item.action, progress) {
                (_, Progress::Ended(ItemOutcome::Done { .. })) | (Action::Unchanged, _) => {
                    OmState::InSync
                }
                _ if table.is_some() => OmState::Differs,
                (Action::Create | Action::Restore | Action::Conflict, _) => OmState::Missing,
                (Action::Update | Action::Keep | Action::Delete, _) => OmState::Differs,
            };
            let mut at = Some(path.folded());
            while let Some(path) = at.filter(|path| !path.is_empty()) {
                at = path.parent();
                marks.entry(path).and_modify(|known| *known = known.and(state)).or_insert(state);
            }
        }
        core.om.extend(marks);
    }

    /// Where the table of an edge stands in Dremio, if it is there in OpenMetadata already.
    fn table_of(&self, edge: usize) -> Option<&DatasetPath> {
        let node = self.tree.nodes[self.tree.node_of[edge]].parent?;
        let table = self.tree.nodes[node].item?;
        let is_done = matches!(self.progress[table], Progress::Ended(ItemOutcome::Done { .. }));
        let item = self.item(table);
        let is_missing = matches!(item.action, Action::Create | Action::Restore) && !is_done;
        item.path.as_ref().filter(|_| !is_missing)
    }

    /// Marks a table alone once it is written; what it stands in has to wait for the rest.
    pub(super) fn mark_leaf(&self, index: usize, core: &mut Core) {
        let is_done = matches!(self.progress[index], Progress::Ended(ItemOutcome::Done { .. }));
        let sort = self.tree.nodes[self.tree.node_of[index]].sort;
        if let (true, Sort::Table, Some(path)) = (is_done, sort, &self.item(index).path) {
            core.om.insert(path.folded(), OmState::InSync);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_what_its_parts_are_together() {
        use OmState::{Differs, InSync, Missing};
        assert_eq!(InSync.and(InSync), InSync);
        assert_eq!(Missing.and(Missing), Missing);
        assert_eq!(InSync.and(Missing), Differs);
        assert_eq!(Missing.and(InSync), Differs);
        assert_eq!(InSync.and(Differs), Differs);
    }
}
