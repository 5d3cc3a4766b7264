//! From boxes and edges to a drawing in integer cells: where each box lies and how each line runs.
//!
//! Edges go from left to right; components are stacked, small ones side by side. The result depends on the keys of the
//! boxes, never on their order in the input. Painting is in [`super::paint`].

use std::{cmp::Reverse, collections::BTreeSet};

use super::{
    NONE, cells,
    csr::Csr,
    glyph::text_cells,
    index,
    layers::layered,
    order::order,
    place::place,
    route::{Columns, Run, channels, runs},
};

pub use super::order::Cancelled;

/// A box to draw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BoxSpec {
    /// Identifies the box; unique in a diagram, and what the drawing's order depends on.
    pub key: String,
    /// Text inside the border, one entry a row. Control characters are drawn as `�`.
    pub lines: Vec<String>,
    /// Least width of the text area in cells, for boxes that shall not change width with their text.
    pub min_width: i32,
    /// Stands for lines on the left that are not shown, such as `+2`; empty for none. Drawn as the start of a line, or in
    /// the bottom border if other lines arrive there.
    pub hidden_left: String,
    /// The same on the right.
    pub hidden_right: String,
}

impl BoxSpec {
    /// A box with one line of text.
    pub fn new(key: impl Into<String>, line: impl Into<String>) -> Self {
        Self { key: key.into(), lines: vec![line.into()], ..Self::default() }
    }

    /// Columns of the whole box. Counts in the bottom border must fit between the corners.
    fn width(&self) -> i32 {
        let widest = self.lines.iter().map(|line| text_cells(line)).max().unwrap_or(0);
        let count = |text: &str| if text.is_empty() { 0 } else { text_cells(text) + 2 };
        (widest.max(self.min_width) + 4)
            .max(count(&self.hidden_left) + count(&self.hidden_right) + 2)
    }
}

/// Boxes and the edges between them, by index into `boxes`.
#[derive(Debug, Clone, Default)]
pub struct Diagram {
    /// The boxes; any order.
    pub boxes: Vec<BoxSpec>,
    /// From, to. Repeated edges are drawn once; indices outside `boxes` are ignored.
    pub edges: Vec<(usize, usize)>,
}

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rect {
    /// Leftmost column.
    pub x: i32,
    /// Top row.
    pub y: i32,
    /// Columns.
    pub width: i32,
    /// Rows.
    pub height: i32,
}

impl Rect {
    /// Whether the cell lies inside.
    pub fn contains(&self, x: i32, y: i32) -> bool {
        x >= self.x && x < self.right() && y >= self.y && y < self.bottom()
    }

    /// The first column behind the rectangle.
    pub fn right(&self) -> i32 {
        self.x + self.width
    }

    /// The first row below the rectangle.
    pub fn bottom(&self) -> i32 {
        self.y + self.height
    }
}

/// Rows inside a box on which something happens.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoxRows {
    /// Where the line leaves, if one does.
    pub(super) exit: Option<i32>,
    /// Where the start of hidden lines stands beside the box; `None` if there is none, or it is in the border.
    pub(super) stub_left: Option<i32>,
    pub(super) stub_right: Option<i32>,
}

/// One drawn edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeRoute {
    /// Source box.
    pub from: usize,
    /// Target box.
    pub to: usize,
    /// Whether the edge closes a cycle and runs back to the left, or back to its own box.
    pub back: bool,
    pub(super) run: usize,
}

/// Boxes that stand above each other.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) x0: i32,
    pub(super) x1: i32,
    pub(super) boxes: Vec<usize>,
}

/// A finished drawing. Boxes have the indices of the [`Diagram`].
#[derive(Debug)]
pub struct Layout {
    pub(super) diagram: Diagram,
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) rects: Vec<Rect>,
    pub(super) box_rows: Vec<BoxRows>,
    pub(super) runs: Vec<Run>,
    pub(super) edges: Vec<EdgeRoute>,
    pub(super) columns: Vec<Column>,
    pub(super) by_row: Csr,
    pub(super) by_column: Csr,
}

/// Lays out a diagram. `cancelled` is asked once per sweep.
pub fn layout(diagram: Diagram, cancelled: &dyn Fn() -> bool) -> Result<Layout, Cancelled> {
    let count = diagram.boxes.len();
    let mut by_key: Vec<usize> = (0..count).collect();
    by_key.sort_by(|&a, &b| diagram.boxes[a].key.cmp(&diagram.boxes[b].key).then(a.cmp(&b)));
    let mut rank = vec![0; count];
    for (at, &node) in by_key.iter().enumerate() {
        rank[node] = at;
    }
    let inside = diagram.edges.iter().filter(|&&(from, to)| from < count && to < count);
    let mut edges: Vec<(usize, usize)> = inside.map(|&(from, to)| (rank[from], rank[to])).collect();
    edges.sort_unstable();
    edges.dedup();
    let graph = Csr::from_pairs(count, edges.iter().copied());
    let mut local = vec![0; count];
    let mut parts = Vec::new();
    for members in components(count, &edges) {
        for (at, &node) in members.iter().enumerate() {
            local[node] = at;
        }
        let links =
            members.iter().flat_map(|&node| graph.row(node).iter().map(move |&to| (node, to)));
        let links =
            Csr::from_pairs(members.len(), links.map(|(from, to)| (local[from], local[to])));
        let members: Vec<usize> = members.iter().map(|&rank| by_key[rank]).collect();
        parts.push(Part::draw(&diagram, members, &links, cancelled)?);
    }
    Ok(assemble(diagram, parts))
}

/// Weakly connected components, each sorted, in the order of their first members.
fn components(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut parent: Vec<usize> = (0..count).collect();
    for &(a, b) in edges {
        let (a, b) = (root(&mut parent, a), root(&mut parent, b));
        parent[a.max(b)] = a.min(b);
    }
    let mut slot = vec![NONE; count];
    let mut found: Vec<Vec<usize>> = Vec::new();
    for node in 0..count {
        let root = root(&mut parent, node);
        if slot[root] == NONE {
            slot[root] = found.len();
            found.push(Vec::new());
        }
        found[slot[root]].push(node);
    }
    found
}

fn root(parent: &mut [usize], mut node: usize) -> usize {
    while parent[node] != node {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    node
}

/// One component, drawn at the origin; only `members` holds indices of the diagram.
struct Part {
    members: Vec<usize>,
    rects: Vec<Rect>,
    box_rows: Vec<BoxRows>,
    runs: Vec<Run>,
    edges: Vec<EdgeRoute>,
    columns: Vec<Column>,
    width: i32,
    height: i32,
}

impl Part {
    fn draw(
        diagram: &Diagram,
        members: Vec<usize>,
        links: &Csr,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Self, Cancelled> {
        let specs: Vec<&BoxSpec> = members.iter().map(|&node| &diagram.boxes[node]).collect();
        let text_rows: Vec<i32> = specs.iter().map(|spec| cells(spec.lines.len())).collect();
        let mut stub_left = vec![0; specs.len()];
        let mut stub_right = vec![0; specs.len()];
        let entered: BTreeSet<usize> = links.pairs().map(|(_, to)| to).collect();
        for (node, spec) in specs.iter().enumerate() {
            if !spec.hidden_left.is_empty() && !entered.contains(&node) {
                stub_left[node] = stub_width(&spec.hidden_left);
            }
            if !spec.hidden_right.is_empty() && links.row(node).is_empty() {
                stub_right[node] = stub_width(&spec.hidden_right);
            }
        }
        let mut graph = layered(links);
        let position = order(&mut graph, cancelled)?;
        let rows = place(&graph, &position, &text_rows, cancelled)?;
        let channels = channels(&graph, &rows);
        if cancelled() {
            return Err(Cancelled);
        }
        let mut gutters = vec![0; graph.layers.len()];
        let mut widths = vec![1; graph.layers.len()];
        for (node, spec) in specs.iter().enumerate() {
            let layer = graph.items[node].layer;
            gutters[layer] = gutters[layer].max(stub_left[node]);
            widths[layer] = widths[layer].max(spec.width() + stub_right[node]);
        }
        let layer_width =
            widths.iter().zip(&gutters).map(|(width, gutter)| width + gutter).collect();
        let columns = Columns::new(&channels, layer_width);
        let mut rects: Vec<Rect> = Vec::with_capacity(specs.len());
        for (node, spec) in specs.iter().enumerate() {
            let layer = graph.items[node].layer;
            rects.push(Rect {
                x: columns.layer_x[layer] + gutters[layer],
                y: rows.y[node],
                width: spec.width(),
                height: rows.height[node],
            });
        }
        let left: Vec<i32> = rects.iter().map(|rect| rect.x).collect();
        let right: Vec<i32> = rects.iter().map(|rect| rect.right() - 1).collect();
        let (runs, ends) = runs(&graph, &rows, &channels, &columns, (&left, &right), links);
        let edges = links.pairs().zip(ends).map(|((from, to), run)| {
            let back = graph.items[to].layer <= graph.items[from].layer;
            EdgeRoute { from, to, back, run }
        });
        let box_rows = (0..specs.len())
            .map(|node| BoxRows {
                exit: (!links.row(node).is_empty()).then(|| rows.exit[node]),
                stub_left: (stub_left[node] > 0).then(|| 1 + (rows.height[node] - 3) / 2),
                stub_right: (stub_right[node] > 0).then(|| 1 + (rows.height[node] - 3) / 2),
            })
            .collect();
        let boxes_of =
            |layer: &Vec<usize>| layer.iter().copied().filter(|&item| item < specs.len()).collect();
        let columns_of_boxes = graph.layers.iter().enumerate().map(|(at, layer)| Column {
            x0: columns.layer_x[at],
            x1: columns.layer_x[at] + columns.layer_width[at],
            boxes: boxes_of(layer),
        });
        let mut part = Self {
            edges: edges.collect(),
            columns: columns_of_boxes.collect(),
            members,
            rects,
            box_rows,
            runs,
            width: columns.width,
            height: rows.total,
        };
        part.close_rows();
        Ok(part)
    }

    /// Doglegs may run above or below everything else: takes in their rows and starts again at row 0.
    fn close_rows(&mut self) {
        let top = self.runs.iter().map(|run| run.y0).min().unwrap_or(0).min(0);
        self.height =
            self.runs.iter().map(|run| run.y1 + 1).max().unwrap_or(0).max(self.height) - top;
        self.shift(0, -top);
    }

    fn shift(&mut self, x: i32, y: i32) {
        for rect in &mut self.rects {
            rect.x += x;
            rect.y += y;
        }
        for run in &mut self.runs {
            (run.x0, run.x1) = (run.x0 + x, run.x1 + x);
            (run.y0, run.y1) = (run.y0 + y, run.y1 + y);
        }
        for column in &mut self.columns {
            column.x0 += x;
            column.x1 += x;
        }
    }
}

/// Columns that the start of a hidden line takes beside a box.
pub(super) fn stub_width(text: &str) -> i32 {
    text_cells(text) + 3
}

const GAP_X: i32 = 4;
const GAP_Y: i32 = 1;

/// What boxes without any edge may fill, however narrow the rest is.
const LOOSE_WIDTH: i32 = 100;

/// Puts the components on shelves no wider than the widest of them, the highest first, and loose boxes below by key.
fn assemble(diagram: Diagram, mut parts: Vec<Part>) -> Layout {
    let loose = |part: &Part| part.edges.is_empty();
    parts.sort_by_key(|part| {
        (loose(part), Reverse(part.height), if loose(part) { 0 } else { -part.width })
    });
    let mut joined = parts.iter().any(|part| !loose(part));
    let widest = parts.iter().map(|part| part.width).max().unwrap_or(0);
    let empty = BoxRows { exit: None, stub_left: None, stub_right: None };
    let mut all = Layout {
        width: 0,
        height: 0,
        rects: vec![Rect::default(); diagram.boxes.len()],
        box_rows: vec![empty; diagram.boxes.len()],
        runs: Vec::with_capacity(parts.iter().map(|part| part.runs.len()).sum()),
        edges: Vec::with_capacity(parts.iter().map(|part| part.edges.len()).sum()),
        columns: Vec::new(),
        by_row: Csr::default(),
        by_column: Csr::default(),
        diagram,
    };
    let (mut x, mut y, mut shelf) = (0, 0, 0);
    for mut part in parts {
        let first_loose = joined && loose(&part);
        joined &= !first_loose;
        let limit = if loose(&part) { widest.max(LOOSE_WIDTH) } else { widest };
        if x > 0 && (first_loose || x + part.width > limit) {
            (x, y) = (0, y + shelf + GAP_Y);
            shelf = 0;
        }
        part.shift(x, y);
        shelf = shelf.max(part.height);
        x += part.width + GAP_X;
        all.width = all.width.max(x - GAP_X);
        all.height = all.height.max(y + shelf);
        all.take(part);
    }
    all.edges.sort_unstable_by_key(|edge| (edge.from, edge.to));
    all.index_runs();
    all
}

impl Layout {
    fn take(&mut self, part: Part) {
        let first = self.runs.len();
        let members = &part.members;
        for ((&node, rect), rows) in members.iter().zip(part.rects).zip(part.box_rows) {
            self.rects[node] = rect;
            self.box_rows[node] = rows;
        }
        self.runs.extend(part.runs.into_iter().map(|run| Run {
            source: members[run.source],
            parent: if run.parent == NONE { NONE } else { run.parent + first },
            ..run
        }));
        self.edges.extend(part.edges.into_iter().map(|edge| EdgeRoute {
            from: members[edge.from],
            to: members[edge.to],
            run: edge.run + first,
            ..edge
        }));
        self.columns.extend(part.columns.into_iter().map(|column| Column {
            boxes: column.boxes.iter().map(|&node| members[node]).collect(),
            ..column
        }));
    }

    fn index_runs(&mut self) {
        let runs = &self.runs;
        let mut order: Vec<usize> = (0..runs.len()).collect();
        order.sort_unstable_by_key(|&run| (runs[run].x0, runs[run].y0, run));
        let flat = order.iter().filter(|&&run| runs[run].is_horizontal());
        self.by_row =
            Csr::from_pairs(index(self.height), flat.map(|&run| (index(runs[run].y0), run)));
        let upright = order.iter().filter(|&&run| !runs[run].is_horizontal());
        self.by_column =
            Csr::from_pairs(index(self.width), upright.map(|&run| (index(runs[run].x0), run)));
    }
}
