//! A table with a header, a cursor line and columns that scroll sideways.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::list::{Cursor, scrollbar};
use super::text::{fit, fit_right};
use crate::tui::theme::Theme;

/// Cells between two columns.
const GAP: usize = 2;

/// A column of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    pub(crate) title: String,
    pub(crate) width: usize,
    pub(crate) right: bool,
}

impl Column {
    /// A column of this width.
    pub(crate) fn new(title: &str, width: usize) -> Self {
        Self { title: title.to_owned(), width, right: false }
    }

    /// With its text on the right, as for numbers.
    pub(crate) fn right(self) -> Self {
        Self { right: true, ..self }
    }
}

/// What to draw beside the cells.
pub(crate) struct Spec<'a> {
    pub(crate) columns: &'a [Column],
    /// The first column shown.
    pub(crate) left: usize,
    pub(crate) rows: usize,
    pub(crate) focused: bool,
    pub(crate) theme: &'a Theme,
}

/// Draws the table; `cell` gives text and style for a row and a column. Returns where the rows are.
pub(crate) fn draw<'c>(
    frame: &mut Frame<'_>,
    area: Rect,
    table: &Spec<'_>,
    cursor: &mut Cursor,
    cell: impl Fn(usize, usize) -> (Cow<'c, str>, Style),
) -> Rect {
    let theme = table.theme;
    if area.height == 0 {
        return area;
    }
    let width = usize::from(area.width);
    let shown = shown_columns(table.columns, table.left, width);
    let mut header = Vec::new();
    for (at, cells) in &shown {
        let column = &table.columns[*at];
        let title = if column.right {
            fit_right(&column.title, *cells)
        } else {
            fit(&column.title, *cells)
        };
        header.push(Span::styled(title, theme.header));
        header.push(Span::raw(" ".repeat(GAP)));
    }
    frame.render_widget(Line::from(header), Rect { height: 1, ..area });
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    cursor.resize(usize::from(body.height), table.rows);
    for (y, row) in (body.y..).zip(cursor.window(table.rows)) {
        let mut spans = Vec::new();
        for (at, cells) in &shown {
            let (text, style) = cell(row, *at);
            let text = if table.columns[*at].right {
                fit_right(&text, *cells)
            } else {
                fit(&text, *cells)
            };
            spans.push(Span::styled(text, style));
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        let line_area = Rect { y, height: 1, ..body };
        frame.render_widget(Line::from(spans), line_area);
        if row == cursor.at {
            let look = if table.focused { theme.selected } else { theme.selected_away };
            frame.buffer_mut().set_style(line_area, look);
        }
    }
    scrollbar(frame, Rect { width: area.width + 1, ..body }, cursor.offset, table.rows, theme.soft);
    body
}

/// Which columns are seen, with the cells that each has.
fn shown_columns(columns: &[Column], left: usize, width: usize) -> Vec<(usize, usize)> {
    let mut shown = Vec::new();
    let mut used = 0;
    for (at, column) in columns.iter().enumerate().skip(left) {
        if used >= width {
            break;
        }
        let cells = column.width.min(width - used);
        // A sliver of a column says nothing.
        if cells < 4 && cells < column.width && !shown.is_empty() {
            break;
        }
        shown.push((at, cells));
        used += cells + GAP;
    }
    shown
}

/// How many columns, from `left` on, are seen whole or in part.
pub(crate) fn columns_in(columns: &[Column], left: usize, width: usize) -> usize {
    shown_columns(columns, left, width).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_columns_that_fit() {
        let columns = [Column::new("a", 6), Column::new("b", 10), Column::new("c", 10)];
        assert_eq!(shown_columns(&columns, 0, 40), [(0, 6), (1, 10), (2, 10)]);
        assert_eq!(shown_columns(&columns, 0, 21), [(0, 6), (1, 10)]);
        assert_eq!(shown_columns(&columns, 0, 26), [(0, 6), (1, 10), (2, 6)]);
        assert_eq!(shown_columns(&columns, 2, 5), [(2, 5)]);
    }
}
