//! Which column is traced: chosen from a list, the next one, or one that another pane names.

use super::look::Traced;
use super::popup::ColumnPicker;
use super::{LineagePane, Typing};
use crate::model::path::fold;
use crate::tui::core::Core;

impl LineagePane {
    /// Traces a column of the dataset where one is.
    pub(crate) fn trace(&mut self, column: String) {
        let Some(look) = self.history.look_mut() else { return };
        look.traced = Some(Traced { node: look.selected.clone(), column });
        self.changed();
    }

    pub(super) fn pick_column(&mut self, core: &mut Core) {
        let Some((model, node)) = self.model.as_ref().zip(self.selected_node()) else {
            core.complain("a folder has no columns; enter opens it");
            return;
        };
        let before = self.history.look().and_then(|look| look.traced.clone());
        let picker = ColumnPicker::new(model, node, before);
        if picker.is_empty() {
            core.complain("the columns of this are not known");
            return;
        }
        self.typing = Typing::Columns(Box::new(picker));
        self.begin_picking();
    }

    /// The traced column, if it is one of the box under the cursor.
    pub(super) fn traced_here(&self) -> Option<String> {
        let look = self.history.look()?;
        let traced = look.traced.as_ref().filter(|traced| traced.node == look.selected)?;
        Some(traced.column.clone())
    }

    pub(super) fn next_column(&mut self, forward: bool, core: &mut Core) {
        let Some(model) = &self.model else { return };
        let Some(look) = self.history.look() else { return };
        let key = look.traced.as_ref().map_or(&look.selected, |traced| &traced.node);
        let Some(node) = model.outline().find(key) else { return };
        let columns = &model.graph().nodes()[node].columns;
        let at = look
            .traced
            .as_ref()
            .and_then(|traced| columns.iter().position(|name| fold(name) == fold(&traced.column)));
        let next = match (at, forward) {
            (Some(at), true) => (at + 1).min(columns.len().saturating_sub(1)),
            (Some(at), false) => at.saturating_sub(1),
            (None, _) => 0,
        };
        let Some(column) = columns.get(next) else {
            core.complain("the columns of this are not known");
            return;
        };
        let traced = Traced { node: key.clone(), column: column.to_string() };
        if let Some(look) = self.history.look_mut() {
            look.traced = Some(traced);
        }
        self.changed();
    }
}
