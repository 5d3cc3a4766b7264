//! Moving the cursor: from box to box, and from row to row.

use super::scene::TreeItem;
use super::{LineagePane, Rendering};
use crate::graph::drawing::Direction;
use crate::tui::msg::Action;

impl LineagePane {
    pub(super) fn go_by(&mut self, action: Action) {
        if matches!(action, Action::HalfPageUp | Action::HalfPageDown) {
            let step = if action == Action::HalfPageUp { -4 } else { 4 };
            self.panel_top = self.panel_top.saturating_add_signed(step);
            return;
        }
        if self.drawn_as == Rendering::Boxes {
            self.go_in_boxes(action);
        } else {
            self.go_in_rows(action);
        }
    }

    /// Lays out what has changed since the last frame, so that keys typed ahead find it.
    pub(super) fn draw_ahead(&mut self) {
        if let (Some(model), Some(scene)) = (&self.model, &self.scene)
            && self.canvas.area.width > 0
        {
            self.canvas.fit(model, scene, self.level, self.canvas.area);
        }
    }

    fn go_in_boxes(&mut self, action: Action) {
        self.draw_ahead();
        let Some(drawing) = &self.canvas.drawing else { return };
        let layout = &drawing.layout;
        let place = |at: &usize| (layout.rect(*at).x, layout.rect(*at).y);
        let boxes = 0..drawing.lines.len();
        let step = |direction| self.selected().and_then(|at| layout.neighbour(at, direction));
        let page = i32::from(self.canvas.area.height.saturating_sub(2));
        let to = match action {
            Action::Left => step(Direction::Left),
            Action::Right => step(Direction::Right),
            Action::Up => step(Direction::Up),
            Action::Down => step(Direction::Down),
            Action::Top => boxes.min_by_key(place),
            Action::Bottom => boxes.max_by_key(place),
            Action::PageUp => {
                self.canvas.pan(0, -page);
                None
            }
            _ => {
                self.canvas.pan(0, page);
                None
            }
        };
        if let Some(to) = to {
            self.select(to);
        }
    }

    fn go_in_rows(&mut self, action: Action) {
        let len = self.row_count();
        match action {
            Action::Right => {
                if self.has_more_beyond() {
                    self.toggle_selected();
                }
                return;
            }
            Action::Left => {
                self.go_to_parent_row();
                return;
            }
            _ => {}
        }
        self.cursor.apply(action, len);
        // A heading is no place to rest.
        if self.box_on(self.cursor.at).is_none() {
            let is_up = matches!(action, Action::Up | Action::PageUp);
            self.cursor.apply(if is_up { Action::Up } else { Action::Down }, len);
        }
        if let Some(at) = self.box_on(self.cursor.at) {
            self.select(at);
        }
    }

    fn go_to_parent_row(&mut self) {
        let Some(scene) = &self.scene else { return };
        let depth = |item: &TreeItem| match item {
            TreeItem::Box(row) => Some(row.depth),
            TreeItem::Heading(_) => None,
        };
        let Some(here) = scene.tree.get(self.cursor.at).and_then(depth) else { return };
        let above = &scene.tree[..self.cursor.at];
        let parent = above.iter().rposition(|item| depth(item).is_some_and(|depth| depth < here));
        if let Some(row) = parent {
            let len = self.row_count();
            self.cursor.go(row, len);
            if let Some(at) = self.box_on(row) {
                self.select(at);
            }
        }
    }

    pub(super) fn recentre(&mut self) {
        if let Some(focus) = self.scene.as_ref().and_then(|scene| scene.focus) {
            self.select(focus);
            self.canvas.centre();
        }
    }
}
