//! The two lists over the graph: the columns of a dataset, to trace one, and all that depends on it.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::look::Traced;
use super::words::{self, Made};
use crate::lineage::{NodeIndex, NodeRole, impact};
use crate::model::display::{clean, truncate_middle, truncate_to_width, width};
use crate::model::path::fold;
use crate::tui::core::shown_path;
use crate::tui::lineage_model::LineageModel;
use crate::tui::theme::Theme;
use crate::tui::widgets::input::LineInput;
use crate::tui::widgets::list::{Cursor, scrollbar};
use crate::tui::widgets::popup;
use crate::tui::widgets::table::{self, Column, Spec};
use crate::tui::widgets::text::{contains, counted, spread};

/// Columns of a dataset to choose from.
#[derive(Debug)]
pub(super) struct ColumnPicker {
    /// The dataset's key.
    pub(super) node: String,
    title: String,
    names: Vec<(String, Option<Made>)>,
    is_view: bool,
    pub(super) input: LineInput,
    pub(super) cursor: Cursor,
    /// What was traced before, for when nothing is chosen.
    pub(super) before: Option<Traced>,
    list: Rect,
}

impl ColumnPicker {
    /// The columns of a node, with the cursor on the one traced.
    pub(super) fn new(model: &LineageModel, node: usize, before: Option<Traced>) -> Self {
        let graph = model.graph();
        let index = NodeIndex(u32::try_from(node).unwrap_or(u32::MAX));
        let shown = graph.node(index);
        let mut names: Vec<String> = shown.columns.iter().map(|name| name.to_string()).collect();
        // Of a table that the catalogue does not show, its readers know some columns.
        for (_, edge) in graph.downstream(index) {
            let read = edge.columns.iter().map(|step| &step.from);
            for name in read.chain(edge.rows.iter().map(|row| &row.from)) {
                if !names.iter().any(|known| fold(known) == fold(name)) {
                    names.push(name.to_string());
                }
            }
        }
        let key = model.outline().node(node).key.clone();
        let at = before
            .as_ref()
            .filter(|traced| traced.node == key)
            .and_then(|traced| names.iter().position(|name| fold(name) == fold(&traced.column)));
        let names: Vec<(String, Option<Made>)> = names
            .into_iter()
            .map(|name| {
                let kind = words::column_kind(graph, index, &fold(&name));
                (name, kind)
            })
            .collect();
        Self {
            node: key,
            title: clean(shown.path.name()).into_owned(),
            names,
            is_view: shown.role == NodeRole::View,
            input: LineInput::default(),
            cursor: Cursor { at: at.unwrap_or(0), ..Cursor::default() },
            before,
            list: Rect::ZERO,
        }
    }

    /// The columns that the filter lets through.
    pub(super) fn shown(&self) -> Vec<&(String, Option<Made>)> {
        let needle = self.input.value().trim().to_lowercase();
        self.names.iter().filter(|(name, _)| contains(name, &needle)).collect()
    }

    /// Whether there is nothing to choose from.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The column under the cursor.
    pub(super) fn chosen(&self) -> Option<Traced> {
        let shown = self.shown();
        let (name, _) = shown.get(self.cursor.at)?;
        Some(Traced { node: self.node.clone(), column: name.clone() })
    }

    /// The row that was clicked.
    pub(super) fn click(&mut self, column: u16, row: u16) -> bool {
        let is_hit = self.list.contains((column, row).into());
        if is_hit {
            let len = self.shown().len();
            self.cursor.go(self.cursor.offset + usize::from(row - self.list.y), len);
        }
        is_hit
    }

    /// Draws it at that edge of `area` where it covers least of the box whose columns it lists, which
    /// takes the columns `from` to `to` of the screen.
    pub(super) fn draw(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        (from, to): (i32, i32),
        theme: &Theme,
    ) {
        let widest = self.names.iter().map(|(name, _)| width(&clean(name))).max().unwrap_or(0);
        let title = format!("Trace a column of {}", self.title);
        let wanted = (widest + 16).max(width(&title) + 6);
        let wanted = u16::try_from(wanted).unwrap_or(u16::MAX).clamp(34, 60);
        let box_width = wanted.min(area.width.saturating_sub(4));
        let title = truncate_to_width(&title, usize::from(box_width.saturating_sub(6)));
        let side_width = (box_width + 4).min(area.width);
        let covered_right = to - i32::from(area.right() - side_width);
        let covered_left = i32::from(area.x + side_width) - from;
        let x = if covered_right <= covered_left { area.right() - side_width } else { area.x };
        let side = Rect { x, width: side_width, ..area };
        let height = u16::try_from(self.names.len()).unwrap_or(u16::MAX).saturating_add(4);
        let inside = popup::draw(frame, side, (box_width, height), &title, "", theme);
        self.input.draw(frame, Rect { height: 1, ..inside }, "/ ", theme);
        let list = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
        self.list = list;
        let len = self.shown().len();
        self.cursor.resize(usize::from(list.height), len);
        let shown = self.shown();
        for (y, at) in (list.y..).zip(self.cursor.window(len)) {
            let (name, kind) = shown[at];
            let word = match kind {
                Some(kind) => kind.word(),
                None if self.is_view => "no source",
                None => "",
            };
            let look = if kind.is_some() { theme.call } else { theme.faint };
            let left = vec![Span::raw(clean(name).into_owned())];
            let line_area = Rect { y, height: 1, ..list };
            let line = spread(left, vec![Span::styled(word, look)], usize::from(list.width));
            frame.render_widget(line, line_area);
            if at == self.cursor.at {
                frame.buffer_mut().set_style(line_area, theme.selected);
            }
        }
        if len == 0 {
            let text = Line::from(Span::styled("No column is called that.", theme.soft));
            frame.render_widget(text, Rect { height: 1, ..list });
        }
        let beside = Rect { width: list.width + 2, ..list };
        scrollbar(frame, beside, self.cursor.offset, len, theme.soft);
    }
}

#[derive(Debug)]
struct ImpactRow {
    key: String,
    hops: u32,
    path: String,
    via: String,
    what: String,
}

/// All that depends on a dataset or on one of its columns, nearest first.
#[derive(Debug)]
pub(super) struct ImpactList {
    title: String,
    rows: Vec<ImpactRow>,
    has_column: bool,
    pub(super) cursor: Cursor,
    list: Rect,
}

impl ImpactList {
    /// What depends on a node, or on a column of it.
    pub(super) fn new(model: &LineageModel, node: usize, column: Option<&str>) -> Self {
        let graph = model.graph();
        let index = NodeIndex(u32::try_from(node).unwrap_or(u32::MAX));
        let rows: Vec<ImpactRow> = impact(graph, index, column)
            .into_iter()
            .map(|found| {
                let columns: Vec<String> =
                    found.columns.iter().map(|name| clean(name).into_owned()).collect();
                let what = match (columns.is_empty(), found.decides_rows) {
                    (true, true) => "which rows there are".to_owned(),
                    (false, true) => format!("{}; which rows there are", columns.join(", ")),
                    (false, false) => columns.join(", "),
                    (true, false) => String::new(),
                };
                ImpactRow {
                    key: model.outline().node(found.node.index()).key.clone(),
                    hops: found.hops,
                    path: shown_path(&graph.node(found.node).path),
                    via: clean(graph.node(found.via).path.name()).into_owned(),
                    what,
                }
            })
            .collect();
        let mut title = shown_path(&graph.node(index).path);
        if let Some(column) = column {
            title = format!("{title}, column {}", clean(column));
        }
        Self {
            title,
            rows,
            has_column: column.is_some(),
            cursor: Cursor::default(),
            list: Rect::ZERO,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The key of the dataset under the cursor.
    pub(super) fn chosen(&self) -> Option<String> {
        self.rows.get(self.cursor.at).map(|row| row.key.clone())
    }

    /// The row that was clicked.
    pub(super) fn click(&mut self, column: u16, row: u16) -> bool {
        let is_hit = self.list.contains((column, row).into());
        if is_hit {
            self.cursor.go(self.cursor.offset + usize::from(row - self.list.y), self.rows.len());
        }
        is_hit
    }

    /// Draws it.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let height = u16::try_from(self.rows.len()).unwrap_or(u16::MAX).saturating_add(4);
        let title = format!("What depends on {}", self.title);
        let title = truncate_middle(&title, usize::from(area.width.saturating_sub(10)).min(104));
        let hint = counted(self.rows.len(), "dataset");
        let inside = popup::draw(frame, area, (110, height.max(6)), &title, &hint, theme);
        if self.rows.is_empty() {
            let text = "Nothing in the catalogue reads it.";
            frame.render_widget(
                Line::from(Span::styled(text, theme.soft)),
                Rect { height: 1, ..inside },
            );
            return;
        }
        let room = usize::from(inside.width).saturating_sub(5 + 2 * 3);
        let (path, other) = (room * 3 / 5, room - room * 3 / 5);
        let columns = [
            Column::new("Hops", 4).right(),
            Column::new("Dataset", path),
            Column::new(if self.has_column { "Affected" } else { "By way of" }, other),
        ];
        let spec = Spec { columns: &columns, left: 0, rows: self.rows.len(), focused: true, theme };
        let rows = &self.rows;
        self.list = table::draw(frame, inside, &spec, &mut self.cursor, |at, column| {
            let row = &rows[at];
            match column {
                0 => (Cow::Owned(row.hops.to_string()), theme.soft),
                1 => {
                    let path = crate::model::display::truncate_middle(&row.path, path);
                    (Cow::Owned(path.into_owned()), theme.overlay)
                }
                _ if self.has_column => (Cow::Borrowed(row.what.as_str()), theme.busy),
                _ => (Cow::Borrowed(row.via.as_str()), theme.soft),
            }
        });
    }
}
