//! The Preview tab: a few rows as a table.

use std::borrow::Cow;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use serde_json::Value;

use crate::dremio::QueryResult;
use crate::model::DataType;
use crate::model::display::{clean, width};
use crate::tui::msg::Action;
use crate::tui::theme::Theme;
use crate::tui::widgets::list::Cursor;
use crate::tui::widgets::table::{self, Column, Spec};
use crate::tui::widgets::text::{counted, duration, spread};

/// Cells that a column may take at most.
const MAX_WIDTH: usize = 40;

/// Rows made ready to be drawn.
#[derive(Clone, Debug)]
pub(super) struct Preview {
    columns: Vec<Column>,
    /// `None` is a null.
    rows: Vec<Vec<Option<String>>>,
    names: Vec<String>,
    row_count: u64,
    truncated: bool,
    elapsed: Duration,
}

impl Preview {
    pub(super) fn new(result: QueryResult, elapsed: Duration) -> Self {
        let rows: Vec<Vec<Option<String>>> =
            result.rows.iter().map(|row| row.iter().map(shown).collect()).collect();
        let columns = result
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let title = clean(&column.name).into_owned();
                let values = rows.iter().filter_map(|row| row.get(index));
                let widest = values
                    .map(|value| value.as_ref().map_or(4, |value| width(&clean(value))))
                    .max()
                    .unwrap_or(0);
                Column {
                    width: widest.max(width(&title)).clamp(3, MAX_WIDTH),
                    title,
                    right: is_number(&column.data_type),
                }
            })
            .collect();
        let names = result.columns.into_iter().map(|column| column.name).collect();
        Self {
            columns,
            rows,
            names,
            row_count: result.row_count,
            truncated: result.truncated,
            elapsed,
        }
    }

    /// The rows as CSV with a header; nulls are empty.
    pub(super) fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory fails only for rows of different length, which are left out.
        let _ = writer.write_record(&self.names);
        for row in &self.rows {
            let _ = writer.write_record(row.iter().map(|value| value.as_deref().unwrap_or("")));
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        // Compact JSON for what is nested.
        other => Some(other.to_string()),
    }
}

fn is_number(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::TinyInt
            | DataType::SmallInt
            | DataType::Integer
            | DataType::BigInt
            | DataType::Float
            | DataType::Double
            | DataType::Decimal { .. }
    )
}

/// Where the table is looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    cursor: Cursor,
    left: usize,
    body: Rect,
    width: usize,
}

impl View {
    pub(super) fn handle(&mut self, action: Action, preview: &Preview) -> bool {
        match action {
            Action::Left if self.left == 0 => return false,
            Action::Left => self.left -= 1,
            Action::Right => {
                let seen = table::columns_in(&preview.columns, self.left, self.width);
                if self.left + seen < preview.columns.len() {
                    self.left += 1;
                }
            }
            action => return self.cursor.apply(action, preview.rows.len()),
        }
        true
    }

    pub(super) fn click(&mut self, column: u16, row: u16) {
        if self.body.contains((column, row).into()) {
            self.cursor.at = self.cursor.offset + usize::from(row - self.body.y);
        }
    }

    pub(super) fn scroll(&mut self, lines: isize) {
        self.cursor.scroll(lines, usize::MAX);
    }

    /// Draws a line of figures, then the table.
    pub(super) fn draw(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        preview: &Preview,
        theme: &Theme,
        focused: bool,
    ) {
        self.width = usize::from(area.width);
        let mut left = vec![Span::styled(counted(preview.rows.len(), "row"), theme.strong)];
        if preview.row_count > preview.rows.len() as u64 {
            left.push(Span::styled(format!(" of {}", preview.row_count), theme.soft));
        }
        left.push(Span::styled(format!(" · {}", duration(preview.elapsed)), theme.soft));
        if preview.truncated {
            left.push(Span::styled(" · cut by the server", theme.warning));
        }
        let seen = table::columns_in(&preview.columns, self.left, self.width);
        let right = if seen < preview.columns.len() {
            let last = (self.left + seen).min(preview.columns.len());
            let text = format!("columns {}–{last} of {}", self.left + 1, preview.columns.len());
            vec![Span::styled(text, theme.soft)]
        } else {
            Vec::new()
        };
        frame.render_widget(spread(left, right, self.width), Rect { height: 1, ..area });
        let table_area = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        if preview.rows.is_empty() {
            let text = Line::from(Span::styled("It is empty: the query gave no rows.", theme.soft));
            frame.render_widget(text, Rect { height: 1, ..table_area });
            return;
        }
        let spec = Spec {
            columns: &preview.columns,
            left: self.left,
            rows: preview.rows.len(),
            focused,
            theme,
        };
        self.body = table::draw(frame, table_area, &spec, &mut self.cursor, |row, column| {
            match preview.rows[row].get(column) {
                Some(Some(value)) => {
                    let look =
                        if preview.columns[column].right { theme.number } else { theme.base };
                    (Cow::Borrowed(value.as_str()), look)
                }
                _ => (Cow::Borrowed("null"), theme.null_value),
            }
        });
    }
}
