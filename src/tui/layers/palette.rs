//! Every action by name, with its keys.

use crossterm::event::KeyEvent;
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::core::Core;
use crate::tui::keymap::Context;
use crate::tui::layer::Outcome;
use crate::tui::msg::Action;
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::{Cursor, scrollbar};
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{marked, spread};

/// Actions that make sense only with a list or an input in front of one.
const NOT_OFFERED: &[Action] = &[
    Action::Up,
    Action::Down,
    Action::Left,
    Action::Right,
    Action::HalfPageUp,
    Action::HalfPageDown,
    Action::PageUp,
    Action::PageDown,
    Action::Top,
    Action::Bottom,
    Action::Open,
    Action::Back,
    Action::Accept,
    Action::Close,
    Action::SwitchScope,
    Action::Palette,
];

/// See the module.
#[derive(Debug)]
pub(crate) struct Palette {
    input: LineInput,
    cursor: Cursor,
    shown: Vec<(Action, Vec<u32>)>,
    contexts: Vec<Context>,
    list: Rect,
}

impl Palette {
    /// The actions, with the keys that they have in these contexts.
    pub(crate) fn new(contexts: Vec<Context>) -> Self {
        let mut palette = Self {
            input: LineInput::default(),
            cursor: Cursor::default(),
            shown: Vec::new(),
            contexts,
            list: Rect::ZERO,
        };
        palette.search();
        palette
    }

    fn search(&mut self) {
        let pattern = Pattern::new(
            self.input.value(),
            CaseMatching::Ignore,
            Normalization::Smart,
            AtomKind::Fuzzy,
        );
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut scored: Vec<(u32, Action, Vec<u32>)> = Action::ALL
            .iter()
            .filter(|action| !NOT_OFFERED.contains(action))
            .filter_map(|action| {
                let (mut buffer, mut indices) = (Vec::new(), Vec::new());
                let title = Utf32Str::new(action.title(), &mut buffer);
                let by_title = pattern.indices(title, &mut matcher, &mut indices);
                let mut buffer = Vec::new();
                let name = Utf32Str::new(action.name(), &mut buffer);
                let by_name = pattern.score(name, &mut matcher);
                indices.sort_unstable();
                indices.dedup();
                if by_title.is_none() {
                    indices.clear();
                }
                Some((by_title.max(by_name)?, *action, indices))
            })
            .collect();
        scored.sort_by_key(|(score, ..)| std::cmp::Reverse(*score));
        self.shown = scored.into_iter().map(|(_, action, indices)| (action, indices)).collect();
        self.cursor.go(0, self.shown.len());
    }

    pub(crate) fn handle(&mut self, action: Action) -> Outcome {
        if action == Action::Accept {
            return match self.shown.get(self.cursor.at) {
                Some((action, _)) => Outcome::Do(*action),
                None => Outcome::Stay,
            };
        }
        self.cursor.apply(action, self.shown.len());
        Outcome::Stay
    }

    pub(crate) fn key(&mut self, key: KeyEvent) {
        if self.input.key(key) {
            self.search();
        }
    }

    pub(crate) fn paste(&mut self, pasted: &str) {
        if self.input.paste(pasted) {
            self.search();
        }
    }

    pub(crate) fn click(&mut self, column: u16, row: u16) -> Outcome {
        if self.list.contains((column, row).into()) {
            self.cursor.go(self.cursor.offset + usize::from(row - self.list.y), self.shown.len());
            return self.handle(Action::Accept);
        }
        Outcome::Stay
    }

    pub(crate) fn wheel(&mut self, lines: isize) {
        self.cursor.scroll(lines, self.shown.len());
    }

    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let inside = popup::draw(frame, area, (72, 22), "Actions", "", theme);
        self.input.draw(frame, Rect { height: 1, ..inside }, ": ", theme);
        let list = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
        self.list = list;
        self.cursor.resize(usize::from(list.height), self.shown.len());
        for (y, at) in (list.y..).zip(self.cursor.window(self.shown.len())) {
            let (action, letters) = &self.shown[at];
            let key = core.keymap.key_for(&self.contexts, *action).unwrap_or_default();
            let left =
                marked(action.title(), letters, theme.overlay, theme.overlay.patch(theme.matched));
            let line = Rect { y, height: 1, ..list };
            let right = vec![Span::styled(key, theme.key)];
            frame.render_widget(spread(left, right, usize::from(list.width)), line);
            if at == self.cursor.at {
                frame.buffer_mut().set_style(line, theme.selected);
            }
        }
        if self.shown.is_empty() {
            let text = Line::from(Span::styled("No action is called that.", theme.soft));
            frame.render_widget(text, Rect { height: 1, ..list });
        }
        let beside = Rect { width: list.width + 2, ..list };
        scrollbar(frame, beside, self.cursor.offset, self.shown.len(), theme.soft);
    }
}
