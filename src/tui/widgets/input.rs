//! [`LineInput`]: one line that a person types into.

use crossterm::event::{Event, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::text;
use crate::model::display::{clean, width};
use crate::tui::theme::Theme;

/// A line of text with a cursor in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineInput {
    input: Input,
}

impl LineInput {
    /// The text typed so far.
    pub(crate) fn value(&self) -> &str {
        self.input.value()
    }

    /// Empties it.
    pub(crate) fn clear(&mut self) {
        self.input.reset();
    }

    /// Takes a key; `true` if the text has changed.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        self.input.handle_event(&Event::Key(key)).is_some_and(|changed| changed.value)
    }

    /// Takes pasted text, of which a line is a line; `true` if the text has changed.
    pub(crate) fn paste(&mut self, pasted: &str) -> bool {
        let mut changed = false;
        let line = pasted.trim_matches(['\r', '\n']).replace(['\r', '\n', '\t'], " ");
        for c in line.chars().filter(|c| !c.is_control()) {
            changed |= self.input.handle(tui_input::InputRequest::InsertChar(c)).is_some();
        }
        changed
    }

    /// Draws `prompt`, the text and the terminal's cursor.
    pub(crate) fn draw(&self, frame: &mut Frame<'_>, area: Rect, prompt: &str, theme: &Theme) {
        let prompt_width = width(prompt);
        let room = usize::from(area.width).saturating_sub(prompt_width + 1);
        // Long texts scroll so that the cursor stays visible.
        let before: String = self.value().chars().take(self.input.cursor()).collect();
        let before = clean(&before).into_owned();
        let mut skip = 0;
        let mut cursor = width(&before);
        let mut chars = before.chars();
        while cursor > room {
            match chars.next() {
                Some(c) => cursor -= width(c.encode_utf8(&mut [0; 4])),
                None => break,
            }
            skip += 1;
        }
        let shown: String = clean(self.value()).chars().skip(skip).collect();
        let line = Line::from(text::cut(
            vec![Span::styled(prompt.to_owned(), theme.key), Span::styled(shown, theme.strong)],
            usize::from(area.width),
        ));
        frame.render_widget(line, area);
        if let Ok(column) = u16::try_from(prompt_width + cursor)
            && column < area.width
        {
            frame.set_cursor_position(Position::new(area.x + column, area.y));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_stays_one_line_without_controls() {
        let mut input = LineInput::default();
        assert!(input.paste("select 1\nfrom\u{1b} t\n"));
        assert_eq!(input.value(), "select 1 from t");
    }
}
