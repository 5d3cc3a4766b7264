//! The keys, from the live key map, filterable.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::core::Core;
use crate::tui::keymap::{Context, Keymap};
use crate::tui::layer::Outcome;
use crate::tui::msg::Action;
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::{Cursor, scrollbar};
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{contains, cut, fit};

/// Cells for keys.
const KEYS: usize = 20;

/// See the module.
#[derive(Debug)]
pub(crate) struct Help {
    entries: Vec<(Context, Action, String)>,
    input: LineInput,
    cursor: Cursor,
    list: Rect,
}

/// A line of help: a heading or a binding.
enum Row<'a> {
    Air,
    Heading(Context),
    Binding(&'a (Context, Action, String)),
}

impl Help {
    /// The keys of this map, those of the contexts in force first.
    pub(crate) fn new(keymap: &Keymap, contexts: &[Context]) -> Self {
        let mut entries = keymap.entries();
        let rank = |context: &Context| {
            contexts.iter().position(|c| c == context).unwrap_or(contexts.len())
        };
        entries.sort_by_key(|(context, ..)| rank(context));
        let cursor = Cursor { at: 1, ..Cursor::default() };
        Self { entries, input: LineInput::default(), cursor, list: Rect::ZERO }
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let needle = self.input.value().trim().to_lowercase();
        let mut rows = Vec::new();
        let mut last = None;
        for entry in &self.entries {
            let (context, action, keys) = entry;
            let fits = contains(action.title(), &needle)
                || contains(action.name(), &needle)
                || contains(keys, &needle);
            if !fits {
                continue;
            }
            if last != Some(*context) {
                if last.is_some() {
                    rows.push(Row::Air);
                }
                rows.push(Row::Heading(*context));
                last = Some(*context);
            }
            rows.push(Row::Binding(entry));
        }
        rows
    }

    pub(crate) fn handle(&mut self, action: Action) -> Outcome {
        let rows = self.rows();
        if action == Action::Accept {
            return match rows.get(self.cursor.at) {
                Some(Row::Binding((context, action, _)))
                    if !matches!(context, Context::Overlay | Context::Input) =>
                {
                    Outcome::Do(*action)
                }
                _ => Outcome::Stay,
            };
        }
        let len = rows.len();
        self.cursor.apply(action, len);
        Outcome::Stay
    }

    pub(crate) fn key(&mut self, key: KeyEvent) {
        if self.input.key(key) {
            self.cursor.go(1, usize::MAX);
        }
    }

    pub(crate) fn paste(&mut self, pasted: &str) {
        self.input.paste(pasted);
    }

    pub(crate) fn click(&mut self, column: u16, row: u16) -> Outcome {
        if self.list.contains((column, row).into()) {
            let at = self.cursor.offset + usize::from(row - self.list.y);
            let len = self.rows().len();
            self.cursor.go(at, len);
        }
        Outcome::Stay
    }

    pub(crate) fn wheel(&mut self, lines: isize) {
        let len = self.rows().len();
        self.cursor.scroll(lines, len);
    }

    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let height = area.height.saturating_sub(2);
        let hint = "type to filter · change keys in keymap.yaml";
        let inside = popup::draw(frame, area, (78, height), "Keys", hint, theme);
        self.input.draw(frame, Rect { height: 1, ..inside }, "/ ", theme);
        let list = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
        self.list = list;
        let mut cursor = self.cursor;
        let rows = self.rows();
        cursor.resize(usize::from(list.height), rows.len());
        for (y, at) in (list.y..).zip(cursor.window(rows.len())) {
            let area = Rect { y, height: 1, ..list };
            match &rows[at] {
                Row::Air => {}
                Row::Heading(context) => {
                    let title = match context {
                        Context::Global => "Everywhere",
                        Context::Catalog => "Catalog",
                        Context::Detail => "Details",
                        Context::Lineage => "Lineage",
                        Context::Sync => "Sync",
                        Context::Activity => "Activity",
                        Context::Overlay => "Overlays",
                        Context::Input => "Filters",
                    };
                    frame.render_widget(Line::from(Span::styled(title, theme.heading)), area);
                }
                Row::Binding((_, action, keys)) => {
                    let spans = vec![
                        Span::styled(format!("  {}", fit(keys, KEYS)), theme.key),
                        Span::styled(action.title(), theme.overlay),
                    ];
                    let line = Line::from(cut(spans, usize::from(area.width)));
                    frame.render_widget(line, area);
                }
            }
            if at == cursor.at {
                frame.buffer_mut().set_style(area, theme.selected);
            }
        }
        if rows.is_empty() {
            let text = Line::from(Span::styled("No key does that.", theme.soft));
            frame.render_widget(text, Rect { height: 1, ..list });
        }
        let beside = Rect { width: list.width + 2, ..list };
        scrollbar(frame, beside, cursor.offset, rows.len(), theme.soft);
        self.cursor = cursor;
    }
}
