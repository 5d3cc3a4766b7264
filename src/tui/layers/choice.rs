//! A short list to choose from: by cursor, by number or by click.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::tui::core::Core;
use crate::tui::layer::Outcome;
use crate::tui::msg::Action;
use crate::tui::widgets::list::{Cursor, scrollbar};
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{cut, span, spread, wrap};

/// Cells that the list takes at most.
const WIDTH: u16 = 84;

/// One thing to choose.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// A sign in front, with its look.
    pub(crate) sign: (&'static str, Style),
    /// What it is called.
    pub(crate) name: String,
    /// What else there is to say of it.
    pub(crate) note: String,
    /// What becomes of choosing it.
    pub(crate) outcome: Outcome,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Choice {
    title: String,
    /// The word for choosing, in the footer.
    verb: &'static str,
    options: Vec<Entry>,
    /// What is said when there is nothing to choose.
    empty: String,
    cursor: Cursor,
    list: Rect,
}

impl Choice {
    /// A list with the cursor on line `at`.
    pub(crate) fn new(
        title: String,
        verb: &'static str,
        options: Vec<Entry>,
        empty: String,
        at: usize,
    ) -> Self {
        let cursor = Cursor { at, ..Cursor::default() };
        Self { title, verb, options, empty, cursor, list: Rect::ZERO }
    }

    /// The word for choosing; `None` if there is nothing to choose.
    pub(crate) fn verb(&self) -> Option<&'static str> {
        (!self.options.is_empty()).then_some(self.verb)
    }

    fn choose(&self, at: usize) -> Outcome {
        self.options.get(at).map_or(Outcome::Stay, |option| option.outcome.clone())
    }

    pub(crate) fn handle(&mut self, action: Action) -> Outcome {
        if action == Action::Accept {
            return self.choose(self.cursor.at);
        }
        self.cursor.apply(action, self.options.len());
        Outcome::Stay
    }

    /// A digit chooses; `j` and `k` move, since nothing is typed here.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Outcome {
        match key.code {
            KeyCode::Char(digit @ '1'..='9') => {
                let at = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
                self.choose(at.unwrap_or(1) - 1)
            }
            KeyCode::Char('j') => self.handle(Action::Down),
            KeyCode::Char('k') => self.handle(Action::Up),
            _ => Outcome::Stay,
        }
    }

    pub(crate) fn click(&mut self, column: u16, row: u16) -> Outcome {
        if !self.list.contains((column, row).into()) {
            return Outcome::Stay;
        }
        self.choose(self.cursor.offset + usize::from(row - self.list.y))
    }

    pub(crate) fn wheel(&mut self, lines: isize) {
        self.cursor.scroll(lines, self.options.len());
    }

    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let width = WIDTH.min(area.width.saturating_sub(4));
        let empty = wrap(&self.empty, usize::from(width.saturating_sub(4)));
        let lines = if self.options.is_empty() { empty.len() } else { self.options.len() };
        let height = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2);
        let title = crate::model::display::clean(&self.title).into_owned();
        let list = popup::draw(frame, area, (width, height), &title, "", theme);
        self.list = list;
        if self.options.is_empty() {
            let lines: Vec<Line<'_>> = empty.into_iter().map(Line::from).collect();
            frame.render_widget(Paragraph::new(lines).style(theme.soft), list);
            return;
        }
        let cells = usize::from(list.width);
        self.cursor.resize(usize::from(list.height), self.options.len());
        for (y, at) in (list.y..).zip(self.cursor.window(self.options.len())) {
            let option = &self.options[at];
            let number = if at < 9 { format!("{} ", at + 1) } else { "  ".to_owned() };
            let (sign, look) = option.sign;
            let left = vec![
                Span::styled(number, theme.key),
                Span::styled(format!("{sign} "), look),
                span(&option.name, theme.overlay),
            ];
            let note = cut(vec![span(&option.note, theme.soft)], cells / 2);
            let line = Rect { y, height: 1, ..list };
            frame.render_widget(spread(left, note, cells), line);
            if at == self.cursor.at {
                frame.buffer_mut().set_style(line, theme.selected);
            }
        }
        let beside = Rect { width: list.width + 2, ..list };
        scrollbar(frame, beside, self.cursor.offset, self.options.len(), theme.soft);
    }
}
