//! Signs of which terminals do not agree how wide they are.

use ratatui::buffer::Buffer;

/// Asks for a sign as a picture of two cells. Many terminals draw it in one all the same, and what
/// stood in the other before would stay there.
const AS_PICTURE: char = '\u{fe0f}';

/// Takes from the finished screen what makes the width of a sign a matter of the terminal.
pub(crate) fn settle(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        // Inside a sequence of joined signs it changes no width.
        if symbol.is_ascii() || !symbol.ends_with(AS_PICTURE) {
            continue;
        }
        let plain = symbol.trim_end_matches(AS_PICTURE).to_owned();
        cell.set_symbol(&plain);
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn the_cell_behind_a_picture_is_drawn_too() {
        let area = Rect::new(0, 0, 8, 1);
        let mut before = Buffer::empty(area);
        before.set_string(0, 0, "xxxxxxxx", Style::new());
        let mut after = Buffer::empty(area);
        after.set_string(0, 0, "a\u{26a0}\u{fe0f}b", Style::new());
        settle(&mut after);
        let drawn: Vec<u16> = before.diff(&after).iter().map(|(x, _, _)| *x).collect();
        assert_eq!(drawn, [0, 1, 2, 3, 4, 5, 6, 7], "nothing of before is left");
        assert_eq!(after[(1, 0)].symbol(), "\u{26a0}");
        assert_eq!(after[(3, 0)].symbol(), "b");
    }
}
