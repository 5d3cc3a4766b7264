//! What the mouse does.

use std::time::Duration;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::app::{App, Pane};
use super::msg::Action;

/// Two clicks on one cell within this time are a double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);
/// Lines that one notch of the wheel scrolls.
const NOTCH: isize = 3;

impl App {
    pub(crate) fn mouse(&mut self, event: MouseEvent) {
        let (column, row) = (event.column, event.row);
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => self.click(column, row),
            MouseEventKind::ScrollUp => self.wheel(-NOTCH, column, row),
            MouseEventKind::ScrollDown => self.wheel(NOTCH, column, row),
            MouseEventKind::Drag(MouseButton::Left) if self.layers.is_empty() => {
                self.lineage.drag(column, row);
            }
            MouseEventKind::Up(_) => self.lineage.release(),
            MouseEventKind::ScrollLeft | MouseEventKind::ScrollRight
                if self.layers.is_empty() && self.is_on_lineage(column, row) =>
            {
                let step = if event.kind == MouseEventKind::ScrollLeft { -NOTCH } else { NOTCH };
                self.lineage.wheel(step * 2, true);
            }
            MouseEventKind::ScrollLeft if self.layers.is_empty() => self.act(Action::Left),
            MouseEventKind::ScrollRight if self.layers.is_empty() => self.act(Action::Right),
            _ => {}
        }
    }

    fn is_on_lineage(&self, column: u16, row: u16) -> bool {
        self.right == Pane::Lineage && self.places.right.contains((column, row).into())
    }

    fn click(&mut self, column: u16, row: u16) {
        let now = self.core.now;
        let is_double = self
            .last_click
            .is_some_and(|(at, x, y)| (x, y) == (column, row) && now - at <= DOUBLE_CLICK);
        // A third click begins a new pair.
        self.last_click = (!is_double).then_some((now, column, row));
        if let Some(layer) = self.layers.last_mut() {
            let outcome = layer.click(column, row, &mut self.core);
            self.layer_outcome(outcome);
            return;
        }
        let place = (column, row).into();
        let label = self.places.labels.iter().find(|(area, _)| area.contains(place));
        if let Some((_, pane)) = label {
            self.act(match pane {
                Pane::Catalog => Action::ShowCatalog,
                Pane::Detail => Action::ShowDetail,
                Pane::Lineage => Action::ShowLineage,
                Pane::Sync => Action::ShowSync,
                Pane::Activity => Action::ShowActivity,
            });
            return;
        }
        if self.places.catalog.contains(place) {
            self.focus = Pane::Catalog;
            let is_on_row = self.catalog.click(column, row, &mut self.core);
            if is_double && is_on_row {
                self.act(Action::Open);
            }
        } else if self.places.right.contains(place) {
            self.focus = self.right;
            match self.right {
                Pane::Activity => {
                    self.activity.click(column, row);
                    if is_double {
                        self.act(Action::Open);
                    }
                }
                Pane::Lineage => {
                    self.lineage.click((column, row), is_double, &mut self.core);
                }
                Pane::Sync => self.sync.click(column, row, &mut self.core),
                _ => {
                    let outcome = self.detail.click(column, row, is_double, &mut self.core);
                    self.detail_outcome(outcome);
                }
            }
        }
    }

    fn wheel(&mut self, lines: isize, column: u16, row: u16) {
        if let Some(layer) = self.layers.last_mut() {
            layer.wheel(lines);
            return;
        }
        let place = (column, row).into();
        if self.places.catalog.contains(place) {
            self.catalog.scroll(lines);
        } else if self.places.right.contains(place) {
            match self.right {
                Pane::Activity => self.activity.wheel(lines),
                Pane::Lineage => self.lineage.wheel(lines, false),
                Pane::Sync => self.sync.wheel(lines, column, row),
                _ => self.detail.wheel(lines, &self.core),
            }
        }
    }
}
