//! The fuzzy finder over every dataset and column.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::NodeRef;
use crate::search::{Found, Hit, Index, Query, Scope};
use crate::tui::core::Core;
use crate::tui::layer::Outcome;
use crate::tui::msg::{Action, JobSpec, Slot};
use crate::tui::panes::kinds;
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::{Cursor, scrollbar};
use crate::tui::widgets::popup;
use crate::tui::widgets::text::{counted, cut, marked, span, spans_width, spread};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    input: LineInput,
    scope: Scope,
    index: Option<Arc<Index>>,
    found: Arc<Found>,
    /// What `found` was looked for.
    query: Option<Query>,
    cursor: Cursor,
    list: Rect,
}

impl Finder {
    /// A finder over `index`; without one it waits for [`Finder::take_index`].
    pub(crate) fn new(index: Option<Arc<Index>>) -> Self {
        Self { index, ..Self::default() }
    }

    /// A newer index is there.
    pub(crate) fn take_index(&mut self, index: Arc<Index>, core: &mut Core) {
        self.index = Some(index);
        // What was found in the old index does not narrow a search in the new one.
        self.query = None;
        self.search(core);
    }

    /// A search has ended.
    pub(crate) fn take(&mut self, found: Arc<Found>) {
        self.found = found;
        self.query = Some(Query::new(self.input.value(), self.scope));
        self.cursor.go(0, self.found.hits.len());
    }

    fn search(&mut self, core: &mut Core) {
        let Some(index) = &self.index else { return };
        let query = Query::new(self.input.value(), self.scope);
        if query.is_empty() {
            core.cancel(Slot::Search);
            self.found = Arc::default();
            self.query = Some(query);
            return;
        }
        let previous = self.query.is_some().then(|| Arc::clone(&self.found));
        core.start("Find", JobSpec::Search(Arc::clone(index), query, previous));
    }

    pub(crate) fn handle(&mut self, action: Action, core: &mut Core) -> Outcome {
        match action {
            Action::Accept => {
                return match self.found.hits.get(self.cursor.at) {
                    Some(hit) => Outcome::GoTo(*hit),
                    None => Outcome::Stay,
                };
            }
            Action::SwitchScope => {
                self.scope = match self.scope {
                    Scope::All => Scope::Datasets,
                    Scope::Datasets => Scope::Columns,
                    Scope::Columns => Scope::All,
                };
                self.query = None;
                self.search(core);
            }
            action => {
                self.cursor.apply(action, self.found.hits.len());
            }
        }
        Outcome::Stay
    }

    pub(crate) fn key(&mut self, key: KeyEvent, core: &mut Core) {
        if self.input.key(key) {
            self.search(core);
        }
    }

    pub(crate) fn paste(&mut self, pasted: &str, core: &mut Core) {
        if self.input.paste(pasted) {
            self.search(core);
        }
    }

    pub(crate) fn click(&mut self, column: u16, row: u16, core: &mut Core) -> Outcome {
        if self.list.contains((column, row).into()) {
            let at = self.cursor.offset + usize::from(row - self.list.y);
            self.cursor.go(at, self.found.hits.len());
            return self.handle(Action::Accept, core);
        }
        Outcome::Stay
    }

    pub(crate) fn wheel(&mut self, lines: isize) {
        self.cursor.scroll(lines, self.found.hits.len());
    }

    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let theme = &core.theme;
        let title = match self.scope {
            Scope::All => "Find datasets and columns",
            Scope::Datasets => "Find datasets",
            Scope::Columns => "Find columns",
        };
        let width = (area.width * 4 / 5).max(76);
        let height = (area.height * 4 / 5).max(20);
        let inside = popup::draw(frame, area, (width, height), title, &self.totals(), theme);
        self.input.draw(frame, Rect { height: 1, ..inside }, "> ", theme);
        let list = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
        self.list = list;
        let len = self.found.hits.len();
        self.cursor.resize(usize::from(list.height), len);
        let query = Query::new(self.input.value(), self.scope);
        let window = self.cursor.window(len);
        let names_width = self.found.hits[window.clone()]
            .iter()
            .filter_map(|hit| Some(name_width(core.catalog.get(hit.node)?, hit)))
            .max()
            .unwrap_or(0)
            .min(usize::from(list.width) * 2 / 5);
        for (y, at) in (list.y..).zip(window) {
            let hit = &self.found.hits[at];
            let line = Rect { y, height: 1, ..list };
            let text = match core.catalog.get(hit.node) {
                Some(node) => {
                    hit_line(node, hit, &query, names_width, usize::from(list.width), core)
                }
                None => Line::from(Span::styled("(gone meanwhile)", theme.soft)),
            };
            frame.render_widget(text, line);
            if at == self.cursor.at {
                frame.buffer_mut().set_style(line, theme.selected);
            }
        }
        if len == 0 {
            self.draw_empty(frame, list, core);
        }
        let beside = Rect { width: list.width + 2, ..list };
        scrollbar(frame, beside, self.cursor.offset, len, theme.soft);
    }

    fn totals(&self) -> String {
        match &self.index {
            None => "making the index …".to_owned(),
            Some(index) if self.input.value().trim().is_empty() => format!(
                "{}, {}",
                counted(index.dataset_count(), "dataset"),
                counted(index.column_count(), "column")
            ),
            Some(_) => format!(
                "{} and {} match",
                counted(self.found.datasets, "dataset"),
                counted(self.found.columns, "column")
            ),
        }
    }

    fn draw_empty(&self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let is_searching = core.running(Slot::Search).is_some();
        let text = match (&self.index, self.input.value().trim().is_empty()) {
            (None, _) => return,
            (Some(_), true) => {
                "Type some letters of a name. With two words, the last is looked for in columns and the \
                 others in the path: orders cust"
            }
            (Some(_), false) if is_searching => return,
            (Some(_), false) if core.walk.running => {
                "Nothing like that among what has been read so far."
            }
            (Some(_), false) => "Nothing like that.",
        };
        let lines: Vec<Line<'_>> = crate::tui::widgets::text::wrap(text, usize::from(area.width))
            .into_iter()
            .map(|line| Line::from(Span::styled(line, core.theme.soft)))
            .collect();
        frame.render_widget(ratatui::widgets::Paragraph::new(lines), area);
    }
}

fn name_of<'a>(node: NodeRef<'a>, hit: &Hit) -> &'a str {
    match hit.column {
        Some(column) => node.schema().get(column).map_or("", |column| column.name),
        None => node.name(),
    }
}

fn name_width(node: NodeRef<'_>, hit: &Hit) -> usize {
    crate::model::display::width(&crate::model::display::clean(name_of(node, hit)))
}

/// Sign and name on the left, then the type of a column, then the path.
fn hit_line(
    node: NodeRef<'_>,
    hit: &Hit,
    query: &Query,
    names_width: usize,
    cells: usize,
    core: &Core,
) -> Line<'static> {
    let theme = &core.theme;
    let name = name_of(node, hit);
    let is_column = hit.column.is_some();
    let path = if is_column {
        node.path().to_string()
    } else {
        node.parent().map(|parent| parent.path().to_string()).unwrap_or_default()
    };
    let letters = query.matched_chars(name, is_column);
    let mut left = if is_column {
        vec![Span::styled("· ", theme.data_type)]
    } else {
        vec![Span::styled(
            format!("{} ", kinds::sign(node.kind())),
            kinds::style(node.kind(), theme),
        )]
    };
    let name_spans =
        cut(marked(name, &letters, theme.overlay, theme.overlay.patch(theme.matched)), names_width);
    let used = spans_width(&name_spans);
    left.extend(name_spans);
    left.push(Span::raw(" ".repeat(names_width.saturating_sub(used) + 2)));
    left.push(span(&path, theme.soft));
    let right = match hit.column.and_then(|column| node.schema().get(column)) {
        Some(column) => span(column.data_type.base_name(), theme.data_type),
        None => Span::styled(node.kind().name(), theme.soft),
    };
    spread(left, vec![right], cells)
}
