//! A question before something that takes long or cannot be undone.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::tui::core::Core;
use crate::tui::keymap::Context;
use crate::tui::layer::Outcome;
use crate::tui::msg::Action;
use crate::tui::widgets::list::scrollbar;
use crate::tui::widgets::popup;
use crate::tui::widgets::text::wrap;

const WIDTH: u16 = 60;

/// See the module.
#[derive(Debug)]
pub(crate) struct Confirm {
    title: &'static str,
    text: String,
    yes: &'static str,
    no: &'static str,
    action: Action,
    /// Lines scrolled away.
    top: usize,
}

impl Confirm {
    /// Asks `text`; with `yes` as the word for doing it, and `action` what is done.
    pub(crate) fn new(
        title: &'static str,
        text: String,
        yes: &'static str,
        action: Action,
    ) -> Self {
        Self { title, text, yes, no: "no", action, top: 0 }
    }

    /// The same with another word for not doing it.
    pub(crate) fn or(self, no: &'static str) -> Self {
        Self { no, ..self }
    }

    pub(crate) fn yes(&self) -> &'static str {
        self.yes
    }

    pub(crate) fn no(&self) -> &'static str {
        self.no
    }

    pub(crate) fn handle(&mut self, action: Action) -> Outcome {
        match action {
            Action::Accept => return Outcome::Confirmed(self.action),
            Action::Up => self.wheel(-1),
            Action::Down => self.wheel(1),
            Action::PageUp | Action::HalfPageUp => self.wheel(-10),
            Action::PageDown | Action::HalfPageDown => self.wheel(10),
            _ => {}
        }
        Outcome::Stay
    }

    pub(crate) fn wheel(&mut self, lines: isize) {
        self.top = self.top.saturating_add_signed(lines);
    }

    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let lines = wrap(&self.text, usize::from(WIDTH.min(area.width)) - 8);
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(5);
        let inside = popup::draw(frame, area, (WIDTH, height), self.title, "", theme);
        // However long the text is, the answers are always there.
        let [text, answers] = [
            Rect { y: inside.y + 1, height: inside.height.saturating_sub(3), ..inside },
            Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside },
        ];
        let len = lines.len();
        self.top = self.top.min(len.saturating_sub(usize::from(text.height)));
        let seen: Vec<Line<'_>> = lines.into_iter().skip(self.top).map(Line::from).collect();
        frame.render_widget(Paragraph::new(seen), text);
        scrollbar(frame, Rect { width: text.width + 2, ..text }, self.top, len, theme.soft);
        let context = [Context::Overlay];
        let answer = Line::from(vec![
            Span::styled(core.key(&context, Action::Accept), theme.key),
            Span::styled(format!(" {}    ", self.yes), theme.strong),
            Span::styled(core.key(&context, Action::Close), theme.key),
            Span::styled(format!(" {}", self.no), theme.soft),
        ]);
        frame.render_widget(answer, answers.intersection(inside));
    }
}
