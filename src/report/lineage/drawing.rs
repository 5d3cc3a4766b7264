//! From cells to points: the boxes and rounded lines that SVG and HTML draw. Where they lie is
//! decided by [`crate::graph`], as in the terminal.

use std::fmt::Write as _;

use super::escape::{folder_in_box, name_in_box};
use super::select::digraph;
use super::{LineageReport, class};
use crate::graph::focus::{FocusedGraph, FocusedNode, Subject, View};
use crate::graph::layout::{EdgeRoute, Layout, Rect, layout};
use crate::lineage::NodeIndex;
use crate::model::display::{clean, truncate_to_width};

/// A cell in pixels: a monospaced letter of 12 pixels, and a line of text.
const CELL_X: f64 = 7.4;
const CELL_Y: f64 = 15.0;
/// Room around the drawing.
const MARGIN: f64 = 24.0;
/// How round the corners of lines are.
const CORNER: f64 = 7.0;
/// More columns than this are counted in a box, not shown.
const MOST_COLUMNS: usize = 12;

/// A drawing in pixels.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) boxes: Vec<DrawnBox>,
    pub(super) edges: Vec<DrawnEdge>,
}

/// A node.
#[derive(Debug)]
pub(super) struct DrawnBox {
    pub(super) node: NodeIndex,
    pub(super) class: &'static str,
    pub(super) is_focus: bool,
    /// The whole path, cleaned.
    pub(super) path: String,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The name, the folder, and columns where some are shown.
    pub(super) lines: Vec<DrawnLine>,
}

/// A line of text in a box.
#[derive(Debug)]
pub(super) struct DrawnLine {
    pub(super) class: &'static str,
    /// Its baseline, from the box's top.
    pub(super) y: f64,
    pub(super) text: String,
}

/// An edge.
#[derive(Debug)]
pub(super) struct DrawnEdge {
    pub(super) from: NodeIndex,
    pub(super) to: NodeIndex,
    /// Whether it closes a cycle.
    pub(super) is_back: bool,
    /// Whether it is only guessed.
    pub(super) is_unsure: bool,
    /// What an SVG path's `d` holds.
    pub(super) line: String,
}

impl LineageReport<'_> {
    /// The selection as boxes and lines.
    pub(super) fn drawing(&self) -> Drawing {
        let focused = self.focused();
        let nodes: Vec<NodeIndex> = focused.nodes.iter().map(node_of).collect();
        let mut texts: Vec<Vec<String>> = nodes
            .iter()
            .map(|index| {
                let path = &self.graph.node(*index).path;
                let mut lines = vec![name_in_box(path), folder_in_box(path)];
                lines.extend(self.columns_in_box(*index));
                lines
            })
            .collect();
        let mut diagram = focused.diagram(|_| Vec::new());
        for (spec, lines) in diagram.boxes.iter_mut().zip(&texts) {
            spec.lines.clone_from(lines);
        }
        diagram.edges.retain(|(from, to)| self.is_drawn(nodes[*from], nodes[*to]));
        // Nobody cancels, so there is always a drawing.
        let Ok(drawn) = layout(diagram, &|| false) else { return Drawing::default() };
        let boxes = nodes
            .iter()
            .zip(texts.drain(..))
            .enumerate()
            .map(|(at, (index, lines))| {
                let node = self.graph.node(*index);
                let (x, y, width, height) = outline(drawn.rect(at));
                DrawnBox {
                    node: *index,
                    class: class(node),
                    is_focus: self.selection.focus == Some(*index),
                    path: clean(&node.path.to_string()).into_owned(),
                    x,
                    y,
                    width,
                    height,
                    lines: drawn_lines(lines, height),
                }
            })
            .collect();
        let edges = drawn
            .edges()
            .iter()
            .map(|edge| {
                let (from, to) = (nodes[edge.from], nodes[edge.to]);
                let known = self.graph.between(from, to);
                DrawnEdge {
                    from,
                    to,
                    is_back: edge.back,
                    is_unsure: known
                        .is_some_and(|edge| edge.confidence == crate::sqlflow::Confidence::Low),
                    line: line(&drawn, edge),
                }
            })
            .collect();
        let (width, height) = drawn.size();
        Drawing {
            width: f64::from(width) * CELL_X + 2.0 * MARGIN,
            height: f64::from(height) * CELL_Y + 2.0 * MARGIN,
            boxes,
            edges,
        }
    }

    /// The selection as the drawing modules know it; one box a node, by path.
    pub(super) fn focused(&self) -> FocusedGraph {
        let nodes = self.selection.nodes.iter().map(|index| index.index()).collect();
        let mut focused = FocusedGraph::new(&digraph(self.graph), &View::nodes(nodes));
        for node in &mut focused.nodes {
            (node.hidden_upstream, node.hidden_downstream) = (0, 0);
        }
        focused
    }

    /// Whether an edge belongs to what is shown: with a column, only those that carry it.
    pub(super) fn is_drawn(&self, from: NodeIndex, to: NodeIndex) -> bool {
        let Some((_, trace)) = &self.selection.column else { return true };
        self.graph
            .upstream(to)
            .any(|(index, edge)| edge.from == from && trace.edges.contains_key(&index))
    }

    pub(super) fn columns_in_box(&self, index: NodeIndex) -> Vec<String> {
        const WIDEST: usize = 40;
        let columns = self.traced_columns(index);
        let more = columns.len().saturating_sub(MOST_COLUMNS);
        let mut lines: Vec<String> = columns
            .iter()
            .take(MOST_COLUMNS)
            .map(|column| truncate_to_width(&clean(column), WIDEST).into_owned())
            .collect();
        if more > 0 {
            lines.push(format!("… {more} more"));
        }
        lines
    }
}

/// The node behind a box; nothing is folded here.
pub(super) fn node_of(node: &FocusedNode) -> NodeIndex {
    let number = match &node.subject {
        Subject::Node(node) => *node,
        Subject::Folder { members, .. } => members.first().copied().unwrap_or(0),
    };
    NodeIndex(u32::try_from(number).unwrap_or(u32::MAX))
}

/// The lines in the middle of their box, which may be higher than they are.
fn drawn_lines(texts: Vec<String>, height: f64) -> Vec<DrawnLine> {
    /// From the middle of a cell down to where its letters stand.
    const BASELINE: f64 = 4.0;
    #[expect(clippy::cast_precision_loss, reason = "a box has few lines")]
    let own = (texts.len() + 1) as f64 * CELL_Y;
    let mut y = BASELINE + (height - own).max(0.0) / 2.0;
    let line = |(at, text)| {
        y += CELL_Y;
        let class = ["name", "folder"].get(at).copied().unwrap_or("column");
        DrawnLine { class, y, text }
    };
    texts.into_iter().enumerate().map(line).collect()
}

fn x(cell: i32) -> f64 {
    MARGIN + (f64::from(cell) + 0.5) * CELL_X
}

fn y(cell: i32) -> f64 {
    MARGIN + (f64::from(cell) + 0.5) * CELL_Y
}

/// A box's border runs through the middle of its outer cells.
fn outline(rect: Rect) -> (f64, f64, f64, f64) {
    let (left, top) = (x(rect.x), y(rect.y));
    (left, top, x(rect.right() - 1) - left, y(rect.bottom() - 1) - top)
}

/// The points of an edge from its source to its target, corners only.
fn points(drawn: &Layout, edge: &EdgeRoute) -> Vec<(f64, f64)> {
    let target = drawn.rect(edge.to);
    let source = drawn.rect(edge.from);
    let pieces = drawn.path(edge);
    let Some(first) = pieces.first() else { return Vec::new() };
    let mut at = (target.x, first.y1.min(first.y0.max(target.y)));
    if first.is_horizontal() {
        at.1 = first.y0;
    }
    let mut cells = vec![at];
    for piece in &pieces {
        let (a, b) = ((piece.x0, piece.y0), (piece.x1, piece.y1));
        let next = if a == at { b } else { a };
        if next != at {
            cells.push(next);
            at = next;
        }
    }
    if (source.y..source.bottom()).contains(&at.1) {
        cells.push((source.right() - 1, at.1));
    }
    cells.reverse();
    cells.dedup();
    let mut corners: Vec<(i32, i32)> = Vec::new();
    for cell in cells {
        if let [.., a, b] = corners[..]
            && ((a.0 == b.0 && b.0 == cell.0) || (a.1 == b.1 && b.1 == cell.1))
        {
            corners.pop();
        }
        corners.push(cell);
    }
    corners.into_iter().map(|(cell_x, cell_y)| (x(cell_x), y(cell_y))).collect()
}

/// The `d` of a path with rounded corners.
fn line(drawn: &Layout, edge: &EdgeRoute) -> String {
    let points = points(drawn, edge);
    let mut d = String::new();
    let Some((start, rest)) = points.split_first() else { return d };
    let _ = write!(d, "M{:.1} {:.1}", start.0, start.1);
    let mut before = *start;
    for (at, here) in rest.iter().enumerate() {
        match rest.get(at + 1) {
            None => {
                let _ = write!(d, "L{:.1} {:.1}", here.0, here.1);
            }
            Some(after) => {
                let (enter, leave) = (toward(*here, before), toward(*here, *after));
                let _ = write!(
                    d,
                    "L{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}",
                    enter.0, enter.1, here.0, here.1, leave.0, leave.1
                );
            }
        }
        before = *here;
    }
    d
}

/// A point on the way from a corner to another point, at the corner's radius or half the way.
fn toward(corner: (f64, f64), to: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (to.0 - corner.0, to.1 - corner.1);
    let length = dx.abs().max(dy.abs());
    if length == 0.0 {
        return corner;
    }
    let share = (CORNER / length).min(0.5);
    (corner.0 + dx * share, corner.1 + dy * share)
}
