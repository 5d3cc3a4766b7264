//! The Columns tab: names and types, with nested types folded.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::display::{clean, width};
use crate::model::path::fold;
use crate::model::{DataType, NodeRef};
use crate::tui::msg::Action;
use crate::tui::theme::Theme;
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::{Cursor, scrollbar};
use crate::tui::widgets::text::{contains, count, cut, fit, marked, occurrence, spans_width};

/// What OpenMetadata says of columns, by folded name.
pub(super) type Descriptions = FxHashMap<String, String>;

/// From this width on, descriptions have a column of their own.
const CELLS_FOR_DESCRIPTIONS: usize = 76;
/// How deep types are unfolded at all; deeper ones are read on the line of their type.
const MAX_DEPTH: usize = 32;

/// A visible line: a column, or a part of one, by its position on each level.
#[derive(Clone, Debug)]
struct Row<'a> {
    place: Vec<usize>,
    name: String,
    data_type: &'a DataType,
    nullable: Option<bool>,
    can_open: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct ColumnsView {
    cursor: Cursor,
    open: FxHashSet<Vec<usize>>,
    filter: LineInput,
    pub(super) is_typing: bool,
    /// A column to go to at the next drawing.
    wish: Option<usize>,
    area: Rect,
}

impl ColumnsView {
    /// A view with the cursor on a column.
    pub(super) fn at_column(column: usize) -> Self {
        Self { wish: Some(column), ..Self::default() }
    }

    pub(super) fn is_filtered(&self) -> bool {
        !self.filter.value().is_empty()
    }

    fn rows<'a>(&self, node: NodeRef<'a>) -> Vec<Row<'a>> {
        let needle = self.filter.value().trim().to_lowercase();
        let mut rows = Vec::new();
        for (index, column) in node.schema().iter().enumerate() {
            let row = Row {
                place: vec![index],
                name: column.name.to_owned(),
                data_type: column.data_type,
                nullable: column.nullable,
                can_open: column.data_type.is_nested(),
            };
            if needle.is_empty() || has_name(column.name, column.data_type, &needle, 0) {
                self.push(row, &needle, &mut rows);
            }
        }
        rows
    }

    /// A row and, if it is open, the rows of its parts.
    fn push<'a>(&self, row: Row<'a>, needle: &str, rows: &mut Vec<Row<'a>>) {
        let place = row.place.clone();
        let data_type = row.data_type;
        // A filter opens what leads to a match.
        let leads_on = !needle.is_empty()
            && place.len() < MAX_DEPTH
            && data_type.children().iter().any(|(name, inner)| has_name(name, inner, needle, 0));
        let is_open = row.can_open && (self.open.contains(&place) || leads_on);
        rows.push(row);
        if !is_open || place.len() >= MAX_DEPTH {
            return;
        }
        for (index, (name, inner)) in data_type.children().into_iter().enumerate() {
            let mut place = place.clone();
            place.push(index);
            let row =
                Row { place, name, data_type: inner, nullable: None, can_open: inner.is_nested() };
            self.push(row, needle, rows);
        }
    }

    /// The name under the cursor; of a nested part, the dotted name from its column on.
    pub(super) fn selected_name(&self, node: NodeRef<'_>) -> Option<String> {
        let rows = self.rows(node);
        let row = rows.get(self.cursor.at)?;
        let mut names = Vec::new();
        for length in 1..=row.place.len() {
            let part = rows.iter().find(|other| other.place == row.place[..length])?;
            names.push(part.name.clone());
        }
        Some(names.join("."))
    }

    /// The column that the cursor is on or in.
    pub(super) fn selected_column(&self, node: NodeRef<'_>) -> Option<String> {
        let rows = self.rows(node);
        let column = *rows.get(self.cursor.at)?.place.first()?;
        Some(node.schema().get(column)?.name.to_owned())
    }

    pub(super) fn handle(&mut self, action: Action, node: NodeRef<'_>) -> bool {
        let rows = self.rows(node);
        if self.cursor.apply(action, rows.len()) {
            return true;
        }
        match action {
            Action::Filter => self.is_typing = true,
            Action::Back if self.is_filtered() => self.filter.clear(),
            Action::Open | Action::Left | Action::Right => {
                let Some(row) = rows.get(self.cursor.at) else { return false };
                let is_open = self.open.contains(&row.place);
                match action {
                    Action::Open | Action::Left if is_open => {
                        self.open.remove(&row.place);
                    }
                    Action::Open | Action::Right if row.can_open => {
                        self.open.insert(row.place.clone());
                    }
                    Action::Left if row.place.len() > 1 => {
                        let parent = &row.place[..row.place.len() - 1];
                        if let Some(at) = rows.iter().position(|other| other.place == parent) {
                            self.cursor.go(at, rows.len());
                        }
                    }
                    // At the outermost level, left goes back to the tree.
                    _ => return false,
                }
            }
            Action::ExpandAll => {
                for row in rows.iter().filter(|row| row.can_open) {
                    self.open.insert(row.place.clone());
                }
            }
            _ => return false,
        }
        true
    }

    pub(super) fn key(&mut self, key: KeyEvent) {
        if self.filter.key(key) {
            self.cursor = Cursor { height: self.cursor.height, ..Cursor::default() };
        }
    }

    pub(super) fn paste(&mut self, pasted: &str) {
        self.filter.paste(pasted);
    }

    pub(super) fn typing(&mut self, action: Action, node: NodeRef<'_>) {
        match action {
            Action::Accept => self.is_typing = false,
            Action::Close => {
                self.is_typing = false;
                self.filter.clear();
            }
            action => {
                self.handle(action, node);
            }
        }
    }

    pub(super) fn click(&mut self, column: u16, row: u16, node: NodeRef<'_>) {
        if !self.area.contains((column, row).into()) {
            return;
        }
        let rows = self.rows(node);
        let at = self.cursor.offset + usize::from(row - self.area.y);
        if at < rows.len() {
            if at == self.cursor.at {
                self.handle(Action::Open, node);
            }
            self.cursor.go(at, rows.len());
        }
    }

    pub(super) fn scroll(&mut self, lines: isize) {
        self.cursor.scroll(lines, usize::MAX);
    }

    /// Draws header and rows.
    pub(super) fn draw(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        node: NodeRef<'_>,
        described: Option<&Descriptions>,
        theme: &Theme,
        focused: bool,
    ) {
        if let Some(column) = self.wish.take() {
            self.cursor.height = usize::from(area.height.saturating_sub(1));
            self.cursor.centre(column, node.schema().len());
        }
        let rows = self.rows(node);
        let has_filter = self.is_typing || self.is_filtered();
        let filter_height = u16::from(has_filter && area.height > 3);
        let described = described.filter(|described| !described.is_empty());
        let layout = Layout::new(node, &rows, described, usize::from(area.width));
        // Without the room for a column of their own, one description at a time is told below.
        let has_note = described.is_some() && layout.description == 0 && area.height > 6;
        let note_height = if has_note { 2 } else { 0 };
        let taken = 1 + filter_height + note_height;
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(taken), ..area };
        self.area = body;
        self.cursor.resize(usize::from(body.height), rows.len());
        frame.render_widget(layout.header(theme), Rect { height: 1, ..area });
        let needle = self.filter.value().trim().to_lowercase();
        for (y, at) in (body.y..).zip(self.cursor.window(rows.len())) {
            let row = &rows[at];
            let is_open = rows.get(at + 1).is_some_and(|next| next.place.len() > row.place.len());
            let line_area = Rect { y, height: 1, ..body };
            frame.render_widget(layout.line(row, is_open, &needle, theme), line_area);
            if at == self.cursor.at {
                let look = if focused { theme.selected } else { theme.selected_away };
                frame.buffer_mut().set_style(line_area, look);
            }
        }
        if rows.is_empty() {
            let text =
                if has_filter { "No column has these letters." } else { "It has no columns." };
            frame.render_widget(Line::from(Span::styled(text, theme.soft)), body);
        }
        let beside = Rect { width: area.width + 1, ..body };
        scrollbar(frame, beside, self.cursor.offset, rows.len(), theme.soft);
        if has_note {
            let line = Rect { y: body.bottom() + 1, height: 1, ..area };
            let row = rows.get(self.cursor.at);
            let text = row.and_then(|row| description(row, described));
            let spans = match text {
                Some(text) => vec![
                    Span::styled("OpenMetadata: ", theme.soft),
                    Span::styled(clean(text).into_owned(), theme.base),
                ],
                None => vec![Span::styled("OpenMetadata has no description.", theme.faint)],
            };
            frame.render_widget(Line::from(cut(spans, usize::from(line.width))), line);
        }
        if filter_height > 0 {
            let line = Rect { y: area.bottom() - 1, height: 1, ..area };
            let matches = Span::styled(
                format!("{} of {}", count(rows.len()), count(node.schema().len())),
                theme.soft,
            );
            frame.render_widget(Line::from(matches).right_aligned(), line);
            if self.is_typing {
                self.filter.draw(frame, line, "/", theme);
            } else {
                let value = clean(self.filter.value()).into_owned();
                let spans = vec![Span::styled("/", theme.key), Span::styled(value, theme.strong)];
                frame.render_widget(Line::from(spans), line);
            }
        }
    }
}

/// Whether a column or anything nested in it has the letters in its name.
fn has_name(name: &str, data_type: &DataType, needle: &str, depth: usize) -> bool {
    contains(name, needle)
        || depth < MAX_DEPTH
            && data_type
                .children()
                .iter()
                .any(|(name, inner)| has_name(name, inner, needle, depth + 1))
}

/// What OpenMetadata says of a row's column, in one line.
fn description<'a>(row: &Row<'_>, described: Option<&'a Descriptions>) -> Option<&'a str> {
    if row.place.len() > 1 {
        return None;
    }
    let text = described?.get(&fold(&row.name))?;
    text.lines().map(str::trim).find(|line| !line.is_empty())
}

/// How many cells the columns of the table have; 0 = there is no such column.
struct Layout<'a> {
    number: usize,
    name: usize,
    data_type: usize,
    nullable: bool,
    description: usize,
    described: Option<&'a Descriptions>,
}

impl<'a> Layout<'a> {
    fn new(
        node: NodeRef<'_>,
        rows: &[Row<'_>],
        described: Option<&'a Descriptions>,
        cells: usize,
    ) -> Self {
        let schema = node.schema();
        let number = schema.len().to_string().len().max(2);
        let nullable = schema.iter().any(|column| column.nullable.is_some()) && cells > 60;
        // Number, two cells of air, fold arrow, name, air, type, air, nullability.
        let fixed = number + 2 + 2 + if nullable { 10 } else { 0 };
        let room = cells.saturating_sub(fixed);
        let widest = rows
            .iter()
            .map(|row| (row.place.len() - 1) * 2 + width(&clean(&row.name)))
            .max()
            .unwrap_or(0);
        let name = (widest + 2).clamp(16, (room * 3 / 5).max(16)).min(room);
        let mut data_type = room - name;
        let mut description = 0;
        if described.is_some() && cells >= CELLS_FOR_DESCRIPTIONS {
            let widest = rows.iter().map(|row| width(&row.data_type.to_string())).max();
            data_type = (widest.unwrap_or(0) + 2).clamp(10, 24);
            description = room.saturating_sub(name + data_type);
        }
        Self { number, name, data_type, nullable, description, described }
    }

    fn header(&self, theme: &Theme) -> Line<'static> {
        let mut spans = vec![
            Span::styled(format!("{:>1$}", "#", self.number), theme.header),
            Span::raw("    "),
            Span::styled(fit("Name", self.name), theme.header),
            Span::styled(fit("Type", self.data_type), theme.header),
        ];
        if self.nullable {
            spans.push(Span::styled(fit("Nulls", 10), theme.header));
        }
        if self.description > 0 {
            spans.push(Span::styled("Description in OpenMetadata", theme.header));
        }
        Line::from(spans)
    }

    fn line(&self, row: &Row<'_>, is_open: bool, needle: &str, theme: &Theme) -> Line<'static> {
        let depth = row.place.len() - 1;
        let number = if depth == 0 { (row.place[0] + 1).to_string() } else { String::new() };
        let arrow = match (row.can_open, is_open) {
            (true, true) => "▾ ",
            (true, false) => "▸ ",
            (false, _) => "  ",
        };
        let mut spans = vec![
            Span::styled(format!("{number:>0$}  ", self.number), theme.faint),
            Span::raw("  ".repeat(depth)),
            Span::styled(arrow, theme.soft),
        ];
        let letters = if needle.is_empty() {
            Vec::new()
        } else {
            occurrence(&row.name, needle).unwrap_or_default()
        };
        let base = if depth == 0 { theme.base } else { theme.soft };
        let name = if row.name.is_empty() {
            vec![Span::styled("(no name)", theme.null_value)]
        } else {
            marked(&row.name, &letters, base, base.patch(theme.matched))
        };
        let room = self.name.saturating_sub(depth * 2 + 1);
        let name = cut(name, room);
        let used = spans_width(&name) + depth * 2;
        spans.extend(name);
        spans.push(Span::raw(" ".repeat(self.name.saturating_sub(used))));
        spans.extend(self.type_spans(row, is_open, theme));
        if self.nullable {
            let word = match row.nullable.filter(|_| depth == 0) {
                Some(true) => "nullable",
                Some(false) => "not null",
                None => "",
            };
            spans.push(Span::styled(fit(word, 10), theme.soft));
        }
        if self.description > 0
            && let Some(text) = description(row, self.described)
        {
            spans.push(Span::styled(fit(text, self.description), theme.base));
        }
        Line::from(spans)
    }

    /// The type; of an open nested one only its name, since its parts follow.
    fn type_spans(&self, row: &Row<'_>, is_open: bool, theme: &Theme) -> Vec<Span<'static>> {
        let base = row.data_type.base_name();
        let whole = row.data_type.to_string();
        let mut spans = vec![Span::styled(clean(base).into_owned(), theme.data_type)];
        if !is_open && let Some(rest) = whole.strip_prefix(base) {
            spans.push(Span::styled(clean(rest).into_owned(), theme.soft));
        }
        let spans = cut(spans, self.data_type.saturating_sub(1));
        let used = spans_width(&spans);
        let mut spans = spans;
        spans.push(Span::raw(" ".repeat(self.data_type.saturating_sub(used))));
        spans
    }
}
