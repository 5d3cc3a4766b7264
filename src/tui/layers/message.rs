//! A text to read that is too long for a line, such as an error in full.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::tui::core::Core;
use crate::tui::layer::Outcome;
use crate::tui::msg::Action;
use crate::tui::widgets::popup;
use crate::tui::widgets::text::wrap;

const WIDTH: u16 = 88;

/// See the module.
#[derive(Debug)]
pub(crate) struct Message {
    title: String,
    text: String,
    top: usize,
}

impl Message {
    pub(crate) fn new(title: String, text: String) -> Self {
        Self { title, text, top: 0 }
    }

    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        match action {
            Action::Accept => return Outcome::Close,
            Action::Copy => core.copy(self.text.clone(), "the text"),
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
        let cells = WIDTH.min(area.width.saturating_sub(4)).saturating_sub(4);
        let lines = wrap(&self.text, usize::from(cells));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let title = crate::model::display::clean(&self.title).into_owned();
        let inside = popup::draw(frame, area, (WIDTH, height), &title, "", &core.theme);
        self.top = self.top.min(lines.len().saturating_sub(usize::from(inside.height)));
        let shown: Vec<Line<'_>> = lines.into_iter().skip(self.top).map(Line::from).collect();
        frame.render_widget(Paragraph::new(shown), inside);
    }
}
