//! [`Scroll`]: where a text is looked at.

use crate::tui::msg::Action;

/// The first line and the first cell shown. Height and length are those of the last drawing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scroll {
    pub(super) top: usize,
    pub(super) left: usize,
    height: usize,
    width: usize,
    len: usize,
}

/// Cells that one step sideways moves.
const STEP: usize = 8;

impl Scroll {
    pub(super) fn apply(&mut self, action: Action) -> bool {
        let page = self.height.max(1);
        match action {
            Action::Up => self.top = self.top.saturating_sub(1),
            Action::Down => self.top += 1,
            Action::HalfPageUp => self.top = self.top.saturating_sub(page.div_ceil(2)),
            Action::HalfPageDown => self.top += page.div_ceil(2),
            Action::PageUp => self.top = self.top.saturating_sub(page),
            Action::PageDown => self.top += page,
            Action::Top => (self.top, self.left) = (0, 0),
            Action::Bottom => self.top = self.len,
            Action::Left => self.left = self.left.saturating_sub(STEP),
            Action::Right => self.left += STEP,
            _ => return false,
        }
        self.clamp();
        true
    }

    pub(super) fn by(&mut self, lines: isize) {
        self.top = self.top.saturating_add_signed(lines);
        self.clamp();
    }

    /// Scrolls as little as is needed for a line and a cell of it to be in view, with some air.
    pub(super) fn show(&mut self, line: usize, cell: usize) {
        let air = (self.height / 4).min(5);
        if line < self.top + air {
            self.top = line.saturating_sub(air);
        } else if line + air >= self.top + self.height {
            self.top = (line + air + 1).saturating_sub(self.height);
        }
        if cell < self.left || cell + STEP * 2 > self.left + self.width.max(STEP * 2) {
            self.left = cell.saturating_sub(STEP) / STEP * STEP;
        }
        self.clamp();
    }

    /// Takes note of what is drawn now: how many lines, on how many cells and lines, and the
    /// widest line.
    pub(super) fn fit(&mut self, len: usize, (width, height): (usize, usize), widest: usize) {
        (self.len, self.width, self.height) = (len, width, height);
        let too_wide_by = widest.saturating_sub(width);
        self.left = self.left.min(too_wide_by.next_multiple_of(STEP));
        self.clamp();
    }

    fn clamp(&mut self) {
        self.top = self.top.min(self.len.saturating_sub(self.height));
    }
}
