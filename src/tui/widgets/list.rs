//! [`Cursor`]: a cursor in a list of which a window is shown, and the scrollbar beside it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::msg::Action;

/// How many lines stay visible above and below the cursor.
const MARGIN: usize = 2;

/// A cursor and a scroll position. `height` is that of the last drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) at: usize,
    pub(crate) offset: usize,
    pub(crate) height: usize,
}

impl Cursor {
    /// Moves as `action` says in a list of `len`; `false` if that is no movement.
    pub(crate) fn apply(&mut self, action: Action, len: usize) -> bool {
        let page = self.height.max(1);
        let last = len.saturating_sub(1);
        self.at = match action {
            Action::Up => self.at.saturating_sub(1),
            Action::Down => self.at + 1,
            Action::HalfPageUp => self.at.saturating_sub(page.div_ceil(2)),
            Action::HalfPageDown => self.at + page.div_ceil(2),
            Action::PageUp => self.at.saturating_sub(page),
            Action::PageDown => self.at + page,
            Action::Top => 0,
            Action::Bottom => last,
            _ => return false,
        }
        .min(last);
        self.follow(len);
        true
    }

    /// Puts the cursor on a line.
    pub(crate) fn go(&mut self, at: usize, len: usize) {
        self.at = at.min(len.saturating_sub(1));
        self.follow(len);
    }

    /// Puts the cursor on a line and that line in the middle.
    pub(crate) fn centre(&mut self, at: usize, len: usize) {
        self.at = at.min(len.saturating_sub(1));
        self.offset = self.at.saturating_sub(self.height / 2);
        self.follow(len);
    }

    /// Scrolls by `lines` (negative is up) and takes the cursor along only as far as it must.
    pub(crate) fn scroll(&mut self, lines: isize, len: usize) {
        let max = len.saturating_sub(self.height);
        self.offset = self.offset.saturating_add_signed(lines).min(max);
        let low = self.offset;
        let high = (self.offset + self.height).saturating_sub(1).max(low);
        self.at = self.at.clamp(low, high).min(len.saturating_sub(1));
    }

    /// Takes note of the height drawn at and of a list that may have become shorter.
    pub(crate) fn resize(&mut self, height: usize, len: usize) {
        let changed = self.height != height;
        self.height = height;
        self.at = self.at.min(len.saturating_sub(1));
        self.offset = self.offset.min(len.saturating_sub(height));
        if changed {
            self.follow(len);
        }
    }

    /// The lines to draw.
    pub(crate) fn window(&self, len: usize) -> std::ops::Range<usize> {
        self.offset.min(len)..len.min(self.offset + self.height)
    }

    fn follow(&mut self, len: usize) {
        if self.height == 0 {
            return;
        }
        let margin = MARGIN.min(self.height.saturating_sub(1) / 2);
        if self.at < self.offset + margin {
            self.offset = self.at.saturating_sub(margin);
        } else if self.at + margin >= self.offset + self.height {
            self.offset = self.at + margin + 1 - self.height;
        }
        self.offset = self.offset.min(len.saturating_sub(self.height));
    }
}

/// Draws a scrollbar over the right frame of a pane, if there is anything to scroll.
pub(crate) fn scrollbar(frame: &mut Frame<'_>, area: Rect, at: usize, len: usize, style: Style) {
    let height = usize::from(area.height);
    if len <= height || height < 2 || area.width == 0 {
        return;
    }
    let thumb = (height * height / len).clamp(1, height - 1);
    let top = (at * (height - thumb)).div_ceil((len - height).max(1)).min(height - thumb);
    let x = area.right() - 1;
    for row in 0..height {
        if (top..top + thumb).contains(&row)
            && let Ok(row) = u16::try_from(row)
            && let Some(cell) = frame.buffer_mut().cell_mut((x, area.y + row))
        {
            cell.set_symbol("┃").set_style(style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_cursor_in_view_with_a_margin() {
        let mut cursor = Cursor { height: 10, ..Cursor::default() };
        for _ in 0..8 {
            cursor.apply(Action::Down, 100);
        }
        assert_eq!((cursor.at, cursor.offset), (8, 1));
        cursor.apply(Action::Bottom, 100);
        assert_eq!((cursor.at, cursor.offset), (99, 90));
        cursor.apply(Action::Top, 100);
        assert_eq!((cursor.at, cursor.offset), (0, 0));
        assert!(!cursor.apply(Action::Open, 100));
    }

    #[test]
    fn wheel_takes_the_cursor_along_only_at_the_edge() {
        let mut cursor = Cursor { height: 10, at: 5, offset: 0 };
        cursor.scroll(3, 100);
        assert_eq!((cursor.at, cursor.offset), (5, 3));
        cursor.scroll(3, 100);
        assert_eq!((cursor.at, cursor.offset), (6, 6));
        cursor.scroll(-100, 100);
        assert_eq!((cursor.at, cursor.offset), (6, 0));
    }

    #[test]
    fn survives_empty_and_shrinking_lists() {
        let mut cursor = Cursor { height: 10, at: 50, offset: 45 };
        cursor.resize(10, 3);
        assert_eq!((cursor.at, cursor.offset), (2, 0));
        cursor.apply(Action::Down, 0);
        cursor.scroll(5, 0);
        assert_eq!(cursor.at, 0);
        assert_eq!(cursor.window(0), 0..0);
    }
}
