//! What must hold of every drawing: a reader who follows a line by eye arrives at exactly the boxes it feeds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dremio_explorer::graph::{
    glyph::{Arms, Charset, Glyph},
    layout::{BoxSpec, Diagram, Layout, layout},
};
use proptest::prelude::*;

/// Edges among `nodes` boxes: any direction, so with cycles and self loops; `order` makes most of them run forward.
fn graphs(nodes: std::ops::Range<usize>, density: usize) -> impl Strategy<Value = Diagram> {
    nodes.prop_flat_map(move |count| {
        let edge = (0..count, 0..count, 0..10_u8);
        let edges = prop::collection::vec(edge, 0..=count * density);
        let shapes = prop::collection::vec((1..5_usize, 0..9_usize, 0..8_u8), count);
        (edges, shapes).prop_map(|(edges, shapes)| Diagram {
            boxes: shapes
                .into_iter()
                .enumerate()
                .map(|(at, (lines, width, stubs))| BoxSpec {
                    key: format!("n{at:03}"),
                    lines: (0..lines).map(|_| "x".repeat(width)).collect(),
                    min_width: 0,
                    hidden_left: if stubs & 3 == 1 { "+2".to_owned() } else { String::new() },
                    hidden_right: if stubs & 6 == 2 { "+13".to_owned() } else { String::new() },
                })
                .collect(),
            edges: edges
                .into_iter()
                .map(|(a, b, turn)| if turn < 8 { (a.min(b), a.max(b)) } else { (a, b) })
                .filter(|(a, b)| a != b || (a * 7 + b) % 5 == 0)
                .collect(),
        })
    })
}

/// Long chains with edges that skip far ahead.
fn skips() -> impl Strategy<Value = Diagram> {
    (5..40_usize).prop_flat_map(|count| {
        prop::collection::vec((0..count, 1..count), 0..count).prop_map(move |extra| Diagram {
            boxes: (0..count)
                .map(|at| BoxSpec::new(format!("n{at:03}"), format!("{at}")))
                .collect(),
            edges: (1..count)
                .map(|at| (at - 1, at))
                .chain(extra.into_iter().map(|(from, skip)| (from, (from + skip).min(count - 1))))
                .filter(|(a, b)| a != b)
                .collect(),
        })
    })
}

fn drawn(diagram: &Diagram) -> Layout {
    layout(diagram.clone(), &|| false).expect("never cancelled")
}

/// The painted characters, and which way a reader goes on from one of them.
struct Sheet {
    charset: Charset,
    text: String,
    grid: Vec<Vec<char>>,
}

type Step = (i32, i32);

const LEFT: Step = (-1, 0);
const RIGHT: Step = (1, 0);
const UP: Step = (0, -1);
const DOWN: Step = (0, 1);

impl Sheet {
    fn new(layout: &Layout, charset: Charset) -> Self {
        let text = layout.to_text(charset);
        let grid = text.lines().map(|line| line.chars().collect()).collect();
        Self { charset, text, grid }
    }

    fn at(&self, x: i32, y: i32) -> char {
        let row = usize::try_from(y).ok().and_then(|y| self.grid.get(y));
        row.zip(usize::try_from(x).ok()).and_then(|(row, x)| row.get(x)).copied().unwrap_or(' ')
    }

    /// The cells a line joins to this one; `None` where two lines only cross.
    fn arms(&self, x: i32, y: i32) -> Option<Vec<Step>> {
        let symbol = self.at(x, y);
        Some(match (self.charset, symbol) {
            (_, '─' | '┄' | '◀' | '-' | '~' | '<') => vec![LEFT, RIGHT],
            (_, '│' | '┆' | ':') => vec![UP, DOWN],
            (_, '┌') => vec![RIGHT, DOWN],
            (_, '┐') => vec![LEFT, DOWN],
            (_, '└') => vec![RIGHT, UP],
            (_, '┘') => vec![LEFT, UP],
            (_, '├') => vec![RIGHT, UP, DOWN],
            (_, '┤') => vec![LEFT, UP, DOWN],
            (_, '┬') => vec![LEFT, RIGHT, DOWN],
            (_, '┴') => vec![LEFT, RIGHT, UP],
            (_, '┼' | '|') => return None,
            // A plus joins what points at it.
            (_, '+') => {
                let sides = [(LEFT, "-~<|"), (RIGHT, "-~<|>"), (UP, "|:+"), (DOWN, "|:+")];
                let joined = sides
                    .into_iter()
                    .filter(|(step, line)| line.contains(self.at(x + step.0, y + step.1)));
                joined.map(|(step, _)| step).collect()
            }
            _ => panic!("a line ends at ({x},{y})\n{}", self.text),
        })
    }

    /// Walks from every box along the lines and returns which boxes are reached from it.
    fn trace(&self, layout: &Layout) -> BTreeSet<(usize, usize)> {
        let (arrow, exit) =
            if self.charset == Charset::Unicode { ('▶', '├') } else { ('>', '+') };
        let count = layout.diagram().boxes.len();
        let rows = |node: usize| layout.rect(node).y + 1..layout.rect(node).bottom() - 1;
        let left_border: HashMap<(i32, i32), usize> = (0..count)
            .flat_map(|node| rows(node).map(move |y| ((layout.rect(node).x, y), node)))
            .collect();
        let mut reached = BTreeSet::new();
        for node in 0..count {
            let right = layout.rect(node).right();
            let mut seen = BTreeSet::new();
            let exits = rows(node).filter(|&y| self.at(right - 1, y) == exit);
            let mut open: Vec<(i32, i32, Step)> = exits.map(|y| (right, y, RIGHT)).collect();
            while let Some((x, y, step)) = open.pop() {
                if !seen.insert((x, y, step)) {
                    continue;
                }
                if self.at(x, y) == arrow {
                    assert_eq!(step, RIGHT, "an arrow is entered from the left");
                    reached.extend(left_border.get(&(x, y)).map(|&target| (node, target)));
                    continue;
                }
                let back = (-step.0, -step.1);
                let onward = match self.arms(x, y) {
                    None => vec![step],
                    Some(arms) => {
                        assert!(
                            arms.contains(&back),
                            "no way into ({x},{y}) by {step:?}\n{}",
                            self.text
                        );
                        arms.into_iter().filter(|arm| *arm != back).collect()
                    }
                };
                open.extend(onward.into_iter().map(|next| (x + next.0, y + next.1, next)));
            }
        }
        reached
    }
}

fn check(diagram: &Diagram) {
    let layout = drawn(diagram);
    let wanted: BTreeSet<(usize, usize)> = diagram.edges.iter().copied().collect();
    for charset in [Charset::Unicode, Charset::Ascii] {
        // Past this the tracks stand too close for a reader without box-drawing characters.
        if charset == Charset::Unicode || diagram.boxes.len() <= 40 {
            let sheet = Sheet::new(&layout, charset);
            assert_eq!(sheet.trace(&layout), wanted, "\n{}", sheet.text);
        }
    }
    let routed: BTreeSet<(usize, usize)> =
        layout.edges().iter().map(|edge| (edge.from, edge.to)).collect();
    assert_eq!(routed, wanted);

    let mut owners: BTreeMap<(i32, i32, bool), usize> = BTreeMap::new();
    for run in layout.runs() {
        for x in run.x0..=run.x1 {
            for y in run.y0..=run.y1 {
                let owner = *owners.entry((x, y, run.is_horizontal())).or_insert(run.source);
                assert_eq!(owner, run.source, "two sources share ({x},{y})");
            }
        }
    }
    for node in 0..diagram.boxes.len() {
        let rect = layout.rect(node);
        for other in 0..node {
            let there = layout.rect(other);
            let apart = rect.right() <= there.x
                || there.right() <= rect.x
                || rect.bottom() <= there.y
                || there.bottom() <= rect.y;
            assert!(apart, "boxes {node} and {other} overlap");
        }
        let inside = owners.keys().filter(|(x, y, _)| rect.contains(*x, *y));
        inside.for_each(|(x, y, _)| {
            assert_eq!(*x, rect.x, "a line runs into box {node} at ({x},{y})");
        });
    }
    let (width, height) = layout.size();
    let view = dremio_explorer::graph::layout::Rect { x: 0, y: 0, width, height };
    let four = Arms { left: true, right: true, up: true, down: true, dashed: false };
    for cell in layout.paint(view, None).rows().flatten() {
        if let Glyph::Line(arms) = cell.glyph {
            assert_ne!(Arms { dashed: false, ..arms }, four, "a junction of four");
        }
    }
    for edge in layout.edges() {
        let path = layout.path(edge);
        let rect = layout.rect(edge.from);
        let last = path.last().expect("an edge has a line");
        assert!(last.contains(rect.right(), last.y0), "the path begins at its box");
        assert!(
            path[0].contains(layout.rect(edge.to).x, path[0].y0),
            "the path ends at its target"
        );
        for pair in path.windows(2) {
            let joined = (pair[0].x0..=pair[0].x1)
                .any(|x| (pair[0].y0..=pair[0].y1).any(|y| pair[1].contains(x, y)));
            assert!(joined, "the path of {} to {} has a gap", edge.from, edge.to);
        }
    }
}

/// The same graph, given in another order.
fn shuffled(diagram: &Diagram, seed: u64) -> Diagram {
    let mut state = seed;
    let mut next = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap_or(0) % bound
    };
    let mut order: Vec<usize> = (0..diagram.boxes.len()).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, next(at + 1));
    }
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, &node)| place[node] = at);
    let mut edges: Vec<(usize, usize)> =
        diagram.edges.iter().map(|&(a, b)| (place[a], place[b])).collect();
    for at in (1..edges.len()).rev() {
        edges.swap(at, next(at + 1));
    }
    Diagram { boxes: order.iter().map(|&node| diagram.boxes[node].clone()).collect(), edges }
}

/// So many cases, or as many as `PROPTEST_CASES` says.
fn cases(usual: u32) -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    ProptestConfig {
        cases: wanted.unwrap_or(usual),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(160))]

    #[test]
    fn sparse_graphs(diagram in graphs(1..40, 2)) {
        check(&diagram);
    }

    #[test]
    fn dense_graphs(diagram in graphs(2..14, 8)) {
        check(&diagram);
    }

    #[test]
    fn long_skips(diagram in skips()) {
        check(&diagram);
    }

    #[test]
    fn input_order_does_not_matter(diagram in graphs(1..30, 2), seed in any::<u64>()) {
        let other = shuffled(&diagram, seed);
        prop_assert_eq!(drawn(&diagram).to_text(Charset::Unicode), drawn(&other).to_text(Charset::Unicode));
    }

    #[test]
    fn a_viewport_shows_a_part_of_the_whole(diagram in graphs(1..30, 2), x in -9..60_i32, y in -9..40_i32) {
        use dremio_explorer::graph::layout::Rect;
        let layout = drawn(&diagram);
        let (width, height) = layout.size();
        let whole = layout.paint(Rect { x: 0, y: 0, width, height }, None);
        let part = layout.paint(Rect { x, y, width: 30, height: 12 }, None);
        for (dy, row) in part.rows().enumerate() {
            for (dx, cell) in row.iter().enumerate() {
                let at = |start: i32, step: usize| usize::try_from(start + i32::try_from(step).expect("small"));
                if let (Ok(x), Ok(y)) = (at(x, dx), at(y, dy)) {
                    prop_assert_eq!(*cell, whole.get(x, y));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn large_graphs(diagram in graphs(100..300, 2)) {
        check(&diagram);
    }
}

#[test]
fn cancelling_ends_the_layout() {
    let diagram = Diagram {
        boxes: (0..50).map(|at| BoxSpec::new(format!("{at}"), "x")).collect(),
        edges: (1..50).map(|at| (at / 2, at)).collect(),
    };
    assert!(layout(diagram, &|| true).is_err());
}
