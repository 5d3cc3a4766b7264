//! A question before something that takes long or cannot be undone.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::tui::core::Core;
use crate::tui::keymap::Context;
use crate::tui::layer::Outcome;
use crate::tui::msg::Action;
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
}

impl Confirm {
    /// Asks `text`; with `yes` as the word for doing it, and `action` what is done.
    pub(crate) fn new(
        title: &'static str,
        text: String,
        yes: &'static str,
        action: Action,
    ) -> Self {
        Self { title, text, yes, no: "no", action }
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

    pub(crate) fn handle(&self, action: Action) -> Outcome {
        if action == Action::Accept { Outcome::Confirmed(self.action) } else { Outcome::Stay }
    }

    pub(crate) fn draw(&self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let lines = wrap(&self.text, usize::from(WIDTH.min(area.width)) - 8);
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(5);
        let inside = popup::draw(frame, area, (WIDTH, height), self.title, "", theme);
        let mut shown = vec![Line::default()];
        shown.extend(lines.into_iter().map(Line::from));
        shown.push(Line::default());
        let context = [Context::Overlay];
        shown.push(Line::from(vec![
            Span::styled(core.key(&context, Action::Accept), theme.key),
            Span::styled(format!(" {}    ", self.yes), theme.strong),
            Span::styled(core.key(&context, Action::Close), theme.key),
            Span::styled(format!(" {}", self.no), theme.soft),
        ]));
        frame.render_widget(Paragraph::new(shown), inside);
    }
}
