//! The finder: datasets, columns and labels by a few letters, views by a piece of their SQL.

use std::collections::BTreeSet;
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::dbt::select::{Selector, is_selector};
use crate::model::display::{clean, width};
use crate::model::{DatasetPath, NodeRef};
use crate::search::{Found, Hit, Index, Part, Query, Scope};
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
    /// Somebody has chosen what comes first before the search for it has ended.
    is_accepting: bool,
    /// Why a selector of dbt selects nothing.
    refusal: Option<String>,
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

    /// A search has ended. What comes first may have been chosen already.
    pub(crate) fn take(&mut self, found: Arc<Found>) -> Outcome {
        self.found = found;
        self.query = Some(Query::new(self.input.value(), self.scope));
        self.cursor.go(0, self.found.hits.len());
        if std::mem::take(&mut self.is_accepting) { self.accept() } else { Outcome::Stay }
    }

    /// Whether a choice waits for the end of a search: what is typed now is meant for what follows.
    pub(crate) fn is_accepting(&self) -> bool {
        self.is_accepting
    }

    /// Nothing is chosen after all.
    pub(crate) fn stop_accepting(&mut self) {
        self.is_accepting = false;
    }

    fn accept(&self) -> Outcome {
        match self.found.hits.get(self.cursor.at) {
            Some(hit) => Outcome::GoTo(*hit, self.input.value().trim().to_owned()),
            None => Outcome::Stay,
        }
    }

    fn search(&mut self, core: &mut Core) {
        let text = self.input.value().trim();
        self.refusal = None;
        if is_selector(text) {
            core.cancel(Slot::Search);
            self.query = None;
            let selected = selected_by_dbt(text, core);
            self.found = Arc::new(selected.unwrap_or_else(|why| {
                self.refusal = Some(why);
                Found::default()
            }));
            self.cursor.go(0, self.found.hits.len());
            return;
        }
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
                // What is listed belongs to what was typed before.
                let is_behind = core.running(Slot::Search).is_some()
                    || self.index.is_none() && core.running(Slot::Index).is_some();
                let text = self.input.value().trim();
                if is_behind && !text.is_empty() && !is_selector(text) {
                    self.is_accepting = true;
                    return Outcome::Stay;
                }
                return self.accept();
            }
            Action::SwitchScope => {
                self.scope = match self.scope {
                    Scope::All => Scope::Datasets,
                    Scope::Datasets => Scope::Columns,
                    Scope::Columns => Scope::Labels,
                    Scope::Labels => Scope::Sql,
                    Scope::Sql => Scope::All,
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
            Scope::All => "Find anything",
            Scope::Datasets => "Find datasets",
            Scope::Columns => "Find columns",
            Scope::Labels => "Find labels",
            Scope::Sql => "Find in SQL",
        };
        let size = ((area.width * 4 / 5).max(76), (area.height * 4 / 5).max(20));
        let inside = popup::draw(frame, area, size, title, &self.totals(core), theme);
        self.input.draw(frame, Rect { height: 1, ..inside }, "> ", theme);
        let list = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
        self.list = list;
        let len = self.found.hits.len();
        self.cursor.resize(usize::from(list.height), len);
        let query = Query::new(self.input.value(), self.scope);
        let window = self.cursor.window(len);
        let index = self.index.as_deref();
        let names_width = self.found.hits[window.clone()]
            .iter()
            .filter_map(|hit| {
                Some(width(&clean(name_of(core.catalog.get(hit.node)?, hit, index?))))
            })
            .max()
            .unwrap_or(0)
            .min(usize::from(list.width) * 2 / 5);
        for (y, at) in (list.y..).zip(window) {
            let hit = &self.found.hits[at];
            let line = Rect { y, height: 1, ..list };
            let cells = (names_width, usize::from(list.width));
            let text = match (core.catalog.get(hit.node), index) {
                (Some(node), Some(index)) => hit_line(node, hit, index, &query, cells, core),
                _ => Line::from(Span::styled("(gone meanwhile)", theme.soft)),
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

    fn totals(&self, core: &Core) -> String {
        let Some(index) = &self.index else {
            let is_made = core.running(Slot::Index).is_some();
            return if is_made { "making the index …" } else { "" }.to_owned();
        };
        if self.input.value().trim().is_empty() {
            return format!(
                "{}, {}, {}",
                counted(index.dataset_count(), "dataset"),
                counted(index.column_count(), "column"),
                counted(index.label_count(), "label")
            );
        }
        let found = &self.found;
        let parts: Vec<String> = [
            (found.datasets, "dataset"),
            (found.columns, "column"),
            (found.labels, "label"),
            (found.sqls, "view's SQL"),
        ]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| match (number, what) {
            (2.., "view's SQL") => format!("SQL of {}", counted(number, "view")),
            (_, "view's SQL") => "SQL of 1 view".to_owned(),
            _ => counted(number, what),
        })
        .collect();
        parts.join(" · ")
    }

    fn draw_empty(&self, frame: &mut Frame<'_>, area: Rect, core: &Core) {
        let is_searching = core.running(Slot::Search).is_some();
        let text = match (&self.index, self.input.value().trim().is_empty()) {
            _ if self.refusal.is_some() => self.refusal.as_deref().unwrap_or_default(),
            (None, _) if core.catalog.is_empty() => {
                "Nothing has been read yet: there is nothing to find."
            }
            (None, _) => return,
            (Some(_), true) => match self.scope {
                Scope::Labels => {
                    "Type some letters of a label. Dremio gives labels one dataset at a time: what is \
                     searched are those of the datasets that you have looked at."
                }
                Scope::Sql => "Type some words as they stand in the SQL of views: left join",
                Scope::All if core.dbt.matched().is_some() => {
                    "Type some letters of a name. With two words, the last is looked for in columns \
                     and the others in the path: orders cust. dbt's selectors work too: tag:nightly, \
                     +fct_orders, source:raw.orders+, path:models/staging"
                }
                _ => {
                    "Type some letters of a name. With two words, the last is looked for in columns \
                     and the others in the path: orders cust"
                }
            },
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

/// The datasets that a selector of dbt takes; or why it takes none.
fn selected_by_dbt(text: &str, core: &Core) -> Result<Found, String> {
    let selector = Selector::parse(text).map_err(|error| error.to_string())?;
    let Some(project) = core.dbt.matched() else {
        return Err(core.dbt.absence().unwrap_or_default());
    };
    let manifest = &project.project.manifest;
    let selected = selector.apply(project);
    let paths: BTreeSet<&DatasetPath> = selected
        .iter()
        .filter_map(|at| project.match_of(&manifest.nodes[*at].unique_id)?.dataset())
        .collect();
    let nodes = paths.into_iter().filter_map(|path| core.catalog.at(path));
    let hits: Vec<Hit> =
        nodes.map(|node| Hit { node: node.id(), part: Part::Path, score: 0 }).collect();
    if hits.is_empty() {
        return Err(match selected.len() {
            0 => "This selector takes nothing of the dbt project.".to_owned(),
            count => format!(
                "This selector takes {} of the dbt project, none of which is a dataset here.",
                counted(count, "node")
            ),
        });
    }
    let mut found = Found::default();
    found.datasets = hits.len();
    found.hits = hits;
    Ok(found)
}

/// What stands in front of a hit's line.
fn name_of<'a>(node: NodeRef<'a>, hit: &Hit, index: &'a Index) -> &'a str {
    match hit.part {
        Part::Column(column) => node.schema().get(column).map_or("", |column| column.name),
        Part::Label(label) => index.label(label),
        Part::Path | Part::Sql(_) => node.name(),
    }
}

/// Sign and name on the left, then the path or the line of SQL, then what it is.
fn hit_line(
    node: NodeRef<'_>,
    hit: &Hit,
    index: &Index,
    query: &Query,
    (names_width, cells): (usize, usize),
    core: &Core,
) -> Line<'static> {
    let theme = &core.theme;
    let name = name_of(node, hit, index);
    let sign = match hit.part {
        Part::Column(_) => Span::styled("· ", theme.data_type),
        Part::Label(_) => Span::styled("# ", theme.call),
        Part::Path | Part::Sql(_) => {
            let look = kinds::style(node.kind(), theme);
            Span::styled(format!("{} ", kinds::sign(node.kind())), look)
        }
    };
    let mark = theme.overlay.patch(theme.matched);
    let letters = match hit.part {
        Part::Sql(_) => Vec::new(),
        Part::Column(_) => query.matched_chars(name, true),
        Part::Path | Part::Label(_) => query.matched_chars(name, false),
    };
    let name_spans = cut(marked(name, &letters, theme.overlay, mark), names_width);
    let used = spans_width(&name_spans);
    let mut left = vec![sign];
    left.extend(name_spans);
    left.push(Span::raw(" ".repeat(names_width.saturating_sub(used) + 2)));
    let right = match hit.part {
        Part::Path => {
            let place = node.parent().map(|parent| parent.path().to_string()).unwrap_or_default();
            left.push(span(&place, theme.soft));
            Span::styled(node.kind().name(), theme.soft)
        }
        Part::Column(column) => {
            left.push(span(&node.path().to_string(), theme.soft));
            let column = node.schema().get(column);
            column.map_or_else(Span::default, |c| span(c.data_type.base_name(), theme.data_type))
        }
        Part::Label(_) => {
            left.push(span(&node.path().to_string(), theme.soft));
            Span::styled("label", theme.soft)
        }
        Part::Sql(line) => {
            left.extend(sql_line(node.sql().unwrap_or_default(), line, query, theme.soft, mark));
            Span::styled(format!("SQL {}", line + 1), theme.soft)
        }
    };
    spread(left, vec![right], cells)
}

/// A line of SQL with what was found in it marked.
fn sql_line(sql: &str, line: usize, query: &Query, look: Style, mark: Style) -> Vec<Span<'static>> {
    let line = sql.lines().nth(line).unwrap_or_default().trim();
    let Some(found) = query.matched_sql(line) else { return vec![span(line, look)] };
    let start = line[..found.start].chars().count();
    let letters = start..start + line[found].chars().count();
    let letters: Vec<u32> = letters.filter_map(|at| u32::try_from(at).ok()).collect();
    // What was found matters more than how the line begins.
    let skip = start.saturating_sub(24);
    let shown: String = line.chars().skip(skip).collect();
    let letters: Vec<u32> =
        letters.into_iter().filter_map(|at| at.checked_sub(u32::try_from(skip).ok()?)).collect();
    let mut spans = Vec::new();
    if skip > 0 {
        spans.push(Span::styled("…", look));
    }
    spans.extend(marked(&shown, &letters, look, mark));
    spans
}
