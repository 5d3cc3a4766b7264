//! What the mouse does in the pane.

use super::look::Traced;
use super::{LineagePane, Rendering, Typing, texts};
use crate::graph::digraph::Side;
use crate::graph::glyph::Owner;
use crate::tui::core::Core;
use crate::tui::msg::Action;

impl LineagePane {
    /// Takes a click, or the second of two.
    pub(crate) fn click(&mut self, (column, row): (u16, u16), is_double: bool, core: &mut Core) {
        if self.is_typing() {
            self.click_list(column, row, core);
            return;
        }
        if self.drawn_as != Rendering::Boxes {
            self.click_row(column, row, is_double, core);
            return;
        }
        self.canvas.grab(column, row);
        match self.canvas.hit(column, row) {
            Some(Owner::Line(_)) => self.click_line(column, row),
            Some(Owner::HiddenLeft(at)) => self.expand(at, Side::Upstream),
            Some(Owner::HiddenRight(at)) => self.expand(at, Side::Downstream),
            Some(Owner::Border(at)) => self.click_box(at, None, is_double, core),
            Some(Owner::Text { node, line }) => self.click_box(node, line, is_double, core),
            None => self.edge = None,
        }
    }

    fn click_list(&mut self, column: u16, row: u16, core: &mut Core) {
        let is_hit = match &mut self.typing {
            Typing::Columns(picker) => picker.click(column, row),
            Typing::Impact(list) => list.click(column, row),
            _ => false,
        };
        if is_hit {
            self.begin_picking();
            self.typing(Action::Accept, core);
        }
    }

    fn click_row(&mut self, column: u16, row: u16, is_double: bool, core: &mut Core) {
        if !self.canvas.area.contains((column, row).into()) {
            return;
        }
        let at = self.cursor.offset + usize::from(row - self.canvas.area.y);
        if let Some(shown) = self.box_on(at) {
            let len = self.row_count();
            self.cursor.go(at, len);
            self.select(shown);
            if is_double {
                self.handle(Action::Open, core);
            }
        }
    }

    fn click_box(&mut self, at: usize, line: Option<usize>, is_double: bool, core: &mut Core) {
        self.edge = None;
        self.select(at);
        if !is_double {
            return;
        }
        match self.column_on(at, line) {
            Some(traced) => {
                if let Some(look) = self.history.look_mut() {
                    look.traced = Some(traced);
                }
                self.changed();
            }
            None => {
                self.handle(Action::Open, core);
            }
        }
    }

    /// The column on a line of a box.
    fn column_on(&self, at: usize, line: Option<usize>) -> Option<Traced> {
        let (model, scene) = (self.model.as_ref()?, self.scene.as_ref()?);
        let line = self.canvas.drawing.as_ref()?.lines.get(at)?.get(line?)?;
        let column = texts::column_at(model, scene, at, self.level, line)?;
        Some(Traced { node: scene.graph.nodes[at].key.clone(), column: column.to_owned() })
    }

    /// The edge that was clicked; on a line that several share, the one after that of the last click.
    fn click_line(&mut self, column: u16, row: u16) {
        let Some((x, y)) = self.canvas.at(column, row) else { return };
        let Some(drawing) = &self.canvas.drawing else { return };
        let edges = drawing.layout.edges_at(x, y);
        let here = self.edge_boxes();
        let after = edges.iter().position(|edge| Some((edge.from, edge.to)) == here);
        let next = after.map_or(0, |at| at + 1);
        let Some((from, to)) = edges.get(next).or(edges.first()).map(|edge| (edge.from, edge.to))
        else {
            return;
        };
        self.show_edge(from, to);
    }

    /// The mouse is drawn.
    pub(crate) fn drag(&mut self, column: u16, row: u16) {
        if self.canvas.is_grabbed() {
            self.canvas.drag(column, row);
        }
    }

    /// The mouse was let go.
    pub(crate) fn release(&mut self) {
        self.canvas.release();
    }

    /// Scrolls by wheel.
    pub(crate) fn wheel(&mut self, lines: isize, sideways: bool) {
        match &mut self.typing {
            Typing::Columns(picker) => {
                let len = picker.shown().len();
                picker.cursor.scroll(lines, len);
                return;
            }
            Typing::Impact(list) => {
                let len = list.len();
                list.cursor.scroll(lines, len);
                return;
            }
            _ => {}
        }
        let step = i32::try_from(lines).unwrap_or(0);
        match (self.drawn_as, sideways) {
            (Rendering::Boxes, false) => self.canvas.pan(0, step),
            (Rendering::Boxes, true) => self.canvas.pan(step, 0),
            (_, true) => {}
            (_, false) => {
                let len = self.row_count();
                self.cursor.scroll(lines, len);
                if let Some(at) = self.box_on(self.cursor.at) {
                    self.select(at);
                }
            }
        }
    }
}
