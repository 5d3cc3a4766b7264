//! Questions to a finished layout: places, routes, what lies in a cell, and where a step in a direction leads.

use super::{
    NONE, index,
    layout::{Diagram, EdgeRoute, Layout, Rect},
    route::Run,
};

impl Layout {
    /// Columns and rows of the whole drawing.
    pub fn size(&self) -> (i32, i32) {
        (self.width, self.height)
    }

    /// The boxes as they were given.
    pub fn diagram(&self) -> &Diagram {
        &self.diagram
    }

    /// Where a box lies, borders included.
    pub fn rect(&self, node: usize) -> Rect {
        self.rects[node]
    }

    /// All drawn edges, sorted by source and target.
    pub fn edges(&self) -> &[EdgeRoute] {
        &self.edges
    }

    /// All runs of all lines.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The route of an edge, if it is drawn.
    pub fn edge(&self, from: usize, to: usize) -> Option<&EdgeRoute> {
        let place =
            self.edges.binary_search_by_key(&(from, to), |edge| (edge.from, edge.to)).ok()?;
        Some(&self.edges[place])
    }

    /// The pieces of line one edge takes, from its target back to its source.
    pub fn path(&self, edge: &EdgeRoute) -> Vec<Run> {
        let mut pieces = Vec::new();
        let mut at = edge.run;
        let rect = self.rects[edge.to];
        let mut end = (rect.x, self.runs[at].y0);
        while at != NONE {
            let run = self.runs[at];
            let start = match run.parent {
                NONE => (run.x0, run.y0),
                parent => meeting(&self.runs[parent], &run),
            };
            pieces.push(Run {
                x0: start.0.min(end.0),
                y0: start.1.min(end.1),
                x1: start.0.max(end.0),
                y1: start.1.max(end.1),
                ..run
            });
            end = start;
            at = run.parent;
        }
        pieces
    }

    /// The edges whose line passes the cell; more than one on a shared trunk.
    pub fn edges_at(&self, x: i32, y: i32) -> Vec<EdgeRoute> {
        let sources: Vec<usize> = self.runs_at(x, y).map(|run| self.runs[run].source).collect();
        let mut found = Vec::new();
        for (at, &source) in sources.iter().enumerate() {
            if sources[..at].contains(&source) {
                continue;
            }
            let first = self.edges.partition_point(|edge| edge.from < source);
            let own = self.edges[first..].iter().take_while(|edge| edge.from == source);
            found.extend(own.filter(|edge| self.path(edge).iter().any(|run| run.contains(x, y))));
        }
        found
    }

    /// Runs through one cell, horizontal ones first.
    pub(super) fn runs_at(&self, x: i32, y: i32) -> impl Iterator<Item = usize> + '_ {
        let inside = (0..self.width).contains(&x) && (0..self.height).contains(&y);
        let flat = if inside { self.by_row.row(index(y)) } else { &[] };
        let upright = if inside { self.by_column.row(index(x)) } else { &[] };
        let first = flat.partition_point(|&run| self.runs[run].x1 < x);
        let flat = flat[first..].iter().copied().take_while(move |&run| self.runs[run].x0 <= x);
        let first = upright.partition_point(|&run| self.runs[run].y1 < y);
        flat.chain(upright[first..].iter().copied().take_while(move |&run| self.runs[run].y0 <= y))
    }

    /// The box a move from `node` leads to: left and right follow lines where there are any (the nearest by rows),
    /// up and down stay in the column; otherwise the nearest box that lies in that direction.
    pub fn neighbour(&self, node: usize, direction: Direction) -> Option<usize> {
        let here = self.rects[node];
        let joined: Vec<usize> = match direction {
            Direction::Left => {
                self.edges.iter().filter(|edge| edge.to == node).map(|edge| edge.from).collect()
            }
            Direction::Right => {
                self.edges.iter().filter(|edge| edge.from == node).map(|edge| edge.to).collect()
            }
            Direction::Up | Direction::Down => Vec::new(),
        };
        let ahead = |other: &usize| {
            let there = self.rects[*other];
            *other != node
                && match direction {
                    Direction::Left => there.x < here.x,
                    Direction::Right => there.x > here.x,
                    Direction::Up => there.bottom() <= here.y,
                    Direction::Down => there.y >= here.bottom(),
                }
        };
        let distance = |&other: &usize| {
            let there = self.rects[other];
            let rows = (2 * there.y + there.height - 2 * here.y - here.height).abs();
            let columns = (there.x - here.x).abs();
            match direction {
                Direction::Left | Direction::Right => (rows, columns, there.y, other),
                // A cell is about twice as high as wide; staying in the column matters more than being near.
                Direction::Up | Direction::Down => (rows + 2 * columns, columns, there.y, other),
            }
        };
        let line = joined.into_iter().filter(ahead).min_by_key(distance);
        line.or_else(|| match direction {
            Direction::Up | Direction::Down => {
                (0..self.rects.len()).filter(ahead).min_by_key(distance)
            }
            _ => (0..self.rects.len()).filter(ahead).min_by_key(|other| {
                let (rows, columns, y, other) = distance(other);
                (columns + rows, rows, y, other)
            }),
        })
    }
}

/// A direction on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the sources.
    Left,
    /// Towards the readers.
    Right,
    /// To the box above.
    Up,
    /// To the box below.
    Down,
}

/// The cell in which a run leaves its parent.
fn meeting(parent: &Run, child: &Run) -> (i32, i32) {
    match (parent.is_horizontal(), child.is_horizontal()) {
        (true, false) => (child.x0, parent.y0),
        (false, true) => (parent.x0, child.y0),
        (true, true) => (child.x0.max(parent.x0).min(parent.x1), child.y0),
        (false, false) => (child.x0, if child.y0 >= parent.y1 { child.y0 } else { child.y1 }),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            glyph::{Glyph, Owner},
            layout::{BoxSpec, Diagram, layout},
        },
        *,
    };

    /// a → b, a → c, b → d, c → d.
    fn diamond() -> Layout {
        let boxes = ["a", "b", "c", "d"].map(|name| BoxSpec::new(name, name)).to_vec();
        layout(Diagram { boxes, edges: vec![(0, 1), (0, 2), (1, 3), (2, 3)] }, &|| false)
            .expect("never cancelled")
    }

    #[test]
    fn arrows_lead_along_lines_and_in_columns() {
        let l = diamond();
        assert_eq!(l.neighbour(0, Direction::Right), Some(1));
        assert_eq!(l.neighbour(1, Direction::Right), Some(3));
        assert_eq!(l.neighbour(1, Direction::Down), Some(2));
        assert_eq!(l.neighbour(2, Direction::Up), Some(1));
        assert_eq!(
            l.neighbour(3, Direction::Left).map(|node| l.edge(node, 3).is_some()),
            Some(true)
        );
        assert_eq!(l.neighbour(0, Direction::Left), None);
    }

    #[test]
    fn a_cell_tells_whose_it_is() {
        let l = diamond();
        let rect = l.rect(1);
        assert_eq!(l.hit(rect.x + 2, rect.y + 1), Some(Owner::Text { node: 1, line: Some(0) }));
        assert_eq!(l.hit(rect.x, rect.y), Some(Owner::Border(1)));
        let start = l.rect(0);
        assert_eq!(l.hit(start.right(), start.y + 1), Some(Owner::Line(0)));
        assert_eq!(l.hit(-1, 0), None);
        assert_eq!(l.hit(999, 999), None);
    }

    #[test]
    fn a_trunk_carries_several_edges_and_a_branch_one() {
        let l = diamond();
        let start = l.rect(0);
        let row =
            (start.y..start.bottom()).find(|&y| l.hit(start.right(), y).is_some()).expect("a line");
        assert_eq!(l.edges_at(start.right(), row).len(), 2);
        let end = l.rect(2);
        assert_eq!(l.edge_at(end.x - 1, end.y + 1).map(|edge| (edge.from, edge.to)), Some((0, 2)));
    }

    #[test]
    fn a_highlight_covers_one_branch_only() {
        let l = diamond();
        let light = l.highlight([0, 1], [(0, 1)]);
        let (width, height) = l.size();
        let cells = l.paint(Rect { x: 0, y: 0, width, height }, Some(&light));
        let lit = |node: usize| {
            let rect = l.rect(node);
            cells.get(index(rect.x + 1), index(rect.y)).lit
        };
        assert!(lit(0) && lit(1) && !lit(2) && !lit(3));
        let before = |node: usize| {
            let rect = l.rect(node);
            cells.get(index(rect.x - 1), index(rect.y + 1))
        };
        assert!(before(1).lit && !before(2).lit);
        assert!(matches!(before(1).glyph, Glyph::Line(_)));
    }

    #[test]
    fn hostile_text_stays_in_its_box() {
        let boxes = vec![BoxSpec::new("x", "a\u{1b}[31m\u{202e}b\tc")];
        let l = layout(Diagram { boxes, edges: vec![] }, &|| false).expect("never cancelled");
        let text = l.to_text(super::super::glyph::Charset::Unicode);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [widths[0]; 3], "{text}");
    }
}
