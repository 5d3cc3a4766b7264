//! A finished layout as cells: what is drawn in each cell and whose it is, for a viewport of any size.
//!
//! Cells carry glyph *kinds*; which colour they get is the caller's business. Painting looks only at what the viewport
//! cuts, however large the drawing is.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{
    cells,
    glyph::{Arms, Cell, Charset, Glyph, Owner, text_cells},
    index,
    layout::{EdgeRoute, Layout, Rect, stub_width},
};

/// A painted part of a drawing.
#[derive(Debug)]
pub struct Cells<'a> {
    /// The part, in cells of the whole drawing.
    pub viewport: Rect,
    cells: Vec<Cell<'a>>,
}

impl<'a> Cells<'a> {
    /// The cell at a column and row of the viewport; outside of it an empty one.
    pub fn get(&self, x: usize, y: usize) -> Cell<'a> {
        let width = index(self.viewport.width);
        if x >= width {
            Cell::EMPTY
        } else {
            self.cells.get(y * width + x).copied().unwrap_or(Cell::EMPTY)
        }
    }

    /// The rows of the viewport, top first.
    pub fn rows(&self) -> impl Iterator<Item = &[Cell<'a>]> {
        self.cells.chunks(index(self.viewport.width).max(1))
    }
}

/// Boxes and edges to stand out while the rest is dimmed, such as a column's trace.
#[derive(Debug, Clone, Default)]
pub struct Highlight {
    nodes: Vec<bool>,
    pieces: Vec<Rect>,
}

impl Layout {
    /// Prepares a highlight; edges that are not drawn are ignored.
    pub fn highlight(
        &self,
        nodes: impl IntoIterator<Item = usize>,
        edges: impl IntoIterator<Item = (usize, usize)>,
    ) -> Highlight {
        let mut lit = vec![false; self.rects.len()];
        for node in nodes {
            if let Some(node) = lit.get_mut(node) {
                *node = true;
            }
        }
        let mut pieces = Vec::new();
        for route in edges.into_iter().filter_map(|(from, to)| self.edge(from, to)) {
            pieces.extend(self.path(route).iter().map(|run| Rect {
                x: run.x0,
                y: run.y0,
                width: run.x1 - run.x0 + 1,
                height: run.y1 - run.y0 + 1,
            }));
        }
        Highlight { nodes: lit, pieces }
    }

    /// Paints the part of the drawing inside `viewport`, which may lie partly or wholly outside of it.
    pub fn paint(&self, viewport: Rect, highlight: Option<&Highlight>) -> Cells<'_> {
        let viewport =
            Rect { width: viewport.width.max(0), height: viewport.height.max(0), ..viewport };
        let count = index(viewport.width) * index(viewport.height);
        let mut canvas = Canvas {
            layout: self,
            viewport,
            lines: vec![Line::default(); count],
            cells: Vec::new(),
        };
        canvas.rows();
        canvas.columns();
        if let Some(highlight) = highlight {
            canvas.light(highlight);
        }
        canvas.cells = canvas.lines.iter().map(Line::cell).collect();
        canvas.back_arrows();
        for column in self
            .columns
            .iter()
            .filter(|column| column.x0 < viewport.right() && column.x1 > viewport.x)
        {
            let first =
                column.boxes.partition_point(|&node| self.rects[node].bottom() <= viewport.y);
            let boxes = column.boxes[first..]
                .iter()
                .take_while(|&&node| self.rects[node].y < viewport.bottom());
            for &node in boxes {
                canvas.node(node, highlight.is_some_and(|highlight| highlight.nodes[node]));
            }
        }
        Cells { viewport, cells: canvas.cells }
    }

    /// Whose the cell of the whole drawing is; of a crossing the horizontal line.
    pub fn hit(&self, x: i32, y: i32) -> Option<Owner> {
        self.paint(Rect { x, y, width: 1, height: 1 }, None).get(0, 0).owner
    }

    /// The one edge that runs through the cell, if it is not a trunk shared by several.
    pub fn edge_at(&self, x: i32, y: i32) -> Option<EdgeRoute> {
        match self.edges_at(x, y)[..] {
            [edge] => Some(edge),
            _ => None,
        }
    }

    /// The whole drawing as text, lines without trailing spaces.
    pub fn to_text(&self, charset: Charset) -> String {
        let all = self.paint(Rect { x: 0, y: 0, width: self.width, height: self.height }, None);
        let mut text = String::with_capacity(all.cells.len());
        for row in all.rows() {
            let start = text.len();
            for cell in row {
                text.push_str(cell.glyph.symbol(charset));
            }
            text.truncate(start + text[start..].trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }
}

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const UP: u8 = 4;
const DOWN: u8 = 8;

/// What lines do in a cell, before it becomes a glyph.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    arms: u8,
    solid: bool,
    ends: bool,
    lit: bool,
    flat: Option<usize>,
    upright: Option<usize>,
}

impl Line {
    fn cell<'a>(&self) -> Cell<'a> {
        let (Some(source), arms) = (self.flat.or(self.upright), self.arms) else {
            return Cell::EMPTY;
        };
        let joined = Arms {
            left: arms & LEFT > 0,
            right: arms & RIGHT > 0,
            up: arms & UP > 0,
            down: arms & DOWN > 0,
            dashed: !self.solid,
        };
        let crossed = self.upright.filter(|&upright| upright != source);
        let glyph = if self.ends {
            Glyph::Arrow
        } else if crossed.is_some() {
            Glyph::Crossing
        } else {
            Glyph::Line(joined)
        };
        Cell {
            glyph,
            owner: Some(Owner::Line(source)),
            under: crossed.map(Owner::Line),
            lit: self.lit,
        }
    }
}

struct Canvas<'a> {
    layout: &'a Layout,
    viewport: Rect,
    lines: Vec<Line>,
    cells: Vec<Cell<'a>>,
}

impl<'a> Canvas<'a> {
    fn at(&self, x: i32, y: i32) -> Option<usize> {
        let inside = self.viewport.contains(x, y);
        inside.then(|| {
            index(y - self.viewport.y) * index(self.viewport.width) + index(x - self.viewport.x)
        })
    }

    fn rows(&mut self) {
        let view = self.viewport;
        for y in view.y.max(0)..view.bottom().min(self.layout.height) {
            let row = self.layout.by_row.row(index(y));
            let first = row.partition_point(|&run| self.layout.runs[run].x1 < view.x);
            for &run in &row[first..] {
                let run = &self.layout.runs[run];
                if run.x0 >= view.right() {
                    break;
                }
                for x in run.x0.max(view.x)..=run.x1.min(view.right() - 1) {
                    let Some(at) = self.at(x, y) else { continue };
                    let line = &mut self.lines[at];
                    line.arms |=
                        if x > run.x0 { LEFT } else { 0 } | if x < run.x1 { RIGHT } else { 0 };
                    line.solid |= !run.back;
                    line.flat = Some(run.source);
                    line.ends |= run.ends && x == run.x1;
                }
            }
        }
    }

    fn columns(&mut self) {
        let view = self.viewport;
        for x in view.x.max(0)..view.right().min(self.layout.width) {
            let column = self.layout.by_column.row(index(x));
            let first = column.partition_point(|&run| self.layout.runs[run].y1 < view.y);
            for &run in &column[first..] {
                let run = &self.layout.runs[run];
                if run.y0 >= view.bottom() {
                    break;
                }
                for y in run.y0.max(view.y)..=run.y1.min(view.bottom() - 1) {
                    let Some(at) = self.at(x, y) else { continue };
                    let line = &mut self.lines[at];
                    line.arms |=
                        if y > run.y0 { UP } else { 0 } | if y < run.y1 { DOWN } else { 0 };
                    line.solid |= !run.back;
                    line.upright = Some(run.source);
                }
            }
        }
    }

    fn light(&mut self, highlight: &Highlight) {
        let view = self.viewport;
        for area in &highlight.pieces {
            for y in area.y.max(view.y)..area.bottom().min(view.bottom()) {
                for x in area.x.max(view.x)..area.right().min(view.right()) {
                    if let Some(at) = self.at(x, y) {
                        self.lines[at].lit = true;
                    }
                }
            }
        }
    }

    /// Marks lines that run back, in the middle of each run or as near to it as no other line crosses.
    fn back_arrows(&mut self) {
        let view = self.viewport;
        for y in view.y.max(0)..view.bottom().min(self.layout.height) {
            for &run in self.layout.by_row.row(index(y)) {
                let run = &self.layout.runs[run];
                if !run.leftward || run.x1 < view.x || run.x0 >= view.right() {
                    continue;
                }
                let middle = i32::midpoint(run.x0, run.x1);
                let reach = (run.x1 - run.x0) / 2 - 1;
                let free = |x: &i32| self.layout.runs_at(*x, y).count() == 1;
                let place = (0..=reach).flat_map(|away| [middle - away, middle + away]).find(free);
                if let Some(at) = place.and_then(|x| self.at(x, y)) {
                    self.cells[at].glyph = Glyph::BackArrow;
                }
            }
        }
    }

    fn put(&mut self, x: i32, y: i32, glyph: Glyph<'a>, owner: Owner, lit: bool) {
        if let Some(at) = self.at(x, y) {
            self.cells[at] = Cell { glyph, owner: Some(owner), under: None, lit };
        }
    }

    fn node(&mut self, node: usize, lit: bool) {
        let layout = self.layout;
        let rect = layout.rects[node];
        let view = self.viewport;
        let lines = &layout.diagram.boxes[node].lines;
        let first_line = rect.y + 1 + (rect.height - 2 - cells(lines.len())) / 2;
        for y in rect.y.max(view.y)..rect.bottom().min(view.bottom()) {
            let line = usize::try_from(y - first_line).ok().filter(|&line| line < lines.len());
            for x in rect.x.max(view.x)..rect.right().min(view.right()) {
                let inner = Rect {
                    x: rect.x + 1,
                    y: rect.y + 1,
                    width: rect.width - 2,
                    height: rect.height - 2,
                };
                if inner.contains(x, y) {
                    self.put(x, y, Glyph::Empty, Owner::Text { node, line }, lit);
                } else {
                    self.border(node, x, y, lit);
                }
            }
            if let Some(line) = line {
                let owner = Owner::Text { node, line: Some(line) };
                self.text(rect.x + 2, y, &lines[line], owner, lit);
            }
        }
        self.hidden(node, lit);
    }

    fn border(&mut self, node: usize, x: i32, y: i32, lit: bool) {
        let rect = self.layout.rects[node];
        let (right, bottom) = (rect.right() - 1, rect.bottom() - 1);
        let exit = self.layout.box_rows[node].exit == Some(y - rect.y);
        if let Some(at) = self.at(x, y).filter(|&at| x == rect.x && self.lines[at].ends) {
            self.cells[at].glyph = Glyph::Arrow;
        } else if x == right && exit {
            self.put(x, y, Glyph::Exit, Owner::Border(node), lit);
        } else {
            let (flat, upright) = (y == rect.y || y == bottom, x == rect.x || x == right);
            let arms = Arms {
                left: flat && x > rect.x,
                right: flat && x < right,
                up: upright && y > rect.y,
                down: upright && y < bottom,
                dashed: false,
            };
            self.put(x, y, Glyph::Border(arms), Owner::Border(node), lit);
        }
    }

    /// Counts of hidden neighbours: the start of a line beside the box, or in the bottom border.
    fn hidden(&mut self, node: usize, lit: bool) {
        let layout = self.layout;
        let spec = &layout.diagram.boxes[node];
        let (rect, rows) = (layout.rects[node], layout.box_rows[node]);
        let (right, bottom) = (rect.right() - 1, rect.bottom() - 1);
        let owner = Owner::HiddenLeft(node);
        if let Some(row) = rows.stub_left {
            let y = rect.y + row;
            let end =
                self.text(rect.x - stub_width(&spec.hidden_left), y, &spec.hidden_left, owner, lit);
            self.put(end + 1, y, Glyph::Line(ACROSS), owner, lit);
            self.put(end + 2, y, Glyph::Line(ACROSS), owner, lit);
            self.put(rect.x, y, Glyph::Arrow, owner, lit);
        } else if !spec.hidden_left.is_empty() {
            self.put(rect.x + 1, bottom, Glyph::Empty, owner, lit);
            let end = self.text(rect.x + 2, bottom, &spec.hidden_left, owner, lit);
            self.put(end, bottom, Glyph::Empty, owner, lit);
        }
        let owner = Owner::HiddenRight(node);
        if let Some(row) = rows.stub_right {
            let y = rect.y + row;
            self.put(right, y, Glyph::Exit, owner, lit);
            self.put(right + 1, y, Glyph::Line(ACROSS), owner, lit);
            self.put(right + 2, y, Glyph::Arrow, owner, lit);
            self.text(right + 4, y, &spec.hidden_right, owner, lit);
        } else if !spec.hidden_right.is_empty() {
            let start = right - 1 - text_cells(&spec.hidden_right);
            self.put(start - 1, bottom, Glyph::Empty, owner, lit);
            let end = self.text(start, bottom, &spec.hidden_right, owner, lit);
            self.put(end, bottom, Glyph::Empty, owner, lit);
        }
    }

    /// Writes text from column `x` on and returns the column behind it.
    fn text(&mut self, mut x: i32, y: i32, text: &'a str, owner: Owner, lit: bool) -> i32 {
        for grapheme in text.graphemes(true) {
            let width = cells(grapheme.width());
            let visible = if grapheme.chars().any(char::is_control) { "�" } else { grapheme };
            let whole = self.at(x, y).is_some() == (width < 2 || self.at(x + 1, y).is_some());
            if width > 0 {
                self.put(x, y, if whole { Glyph::Text(visible) } else { Glyph::Empty }, owner, lit);
            }
            if width > 1 {
                // Half a wide grapheme at the edge of the viewport would shift the row.
                self.put(x + 1, y, if whole { Glyph::WideTail } else { Glyph::Empty }, owner, lit);
            }
            x += width;
        }
        x
    }
}

const ACROSS: Arms = Arms { left: true, right: true, up: false, down: false, dashed: false };
