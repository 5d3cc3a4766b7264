//! Rows: how high each box is, on which rows lines enter and leave it, and where it stands in its layer.
//!
//! Each layer is placed by isotonic regression towards the rows of its neighbours, clipped to the height of the tallest
//! layer plus a little slack, so that lines get straight and the drawing does not grow.

use super::{
    NONE, cells,
    csr::Csr,
    index,
    layers::{Kind, Layered},
    order::Cancelled,
};

/// Rows of everything in one component; offsets count from the top border of the box.
#[derive(Debug)]
pub(super) struct Rows {
    /// Top row of each item.
    pub(super) y: Vec<i32>,
    pub(super) height: Vec<i32>,
    /// Where the line leaves each item (0 for passing points).
    pub(super) exit: Vec<i32>,
    /// Where each line enters: by flat index of `pred`, then the targets of the turns one after the other.
    pub(super) entry: Vec<i32>,
    /// First index in `entry` of each turn.
    pub(super) turn_entry: Vec<usize>,
    /// Rows in use, all at or below row 0.
    pub(super) total: i32,
}

impl Rows {
    /// The row on which the item's line runs to the right of it.
    pub(super) fn out_row(&self, item: usize) -> i32 {
        self.y[item] + self.exit[item]
    }

    /// The row on which the entry `at` reaches `item`.
    pub(super) fn in_row(&self, item: usize, at: usize) -> i32 {
        self.y[item] + self.entry[at]
    }
}

/// Places all items; `position` is their order from the crossing reduction, `text_rows` the lines of each box.
pub(super) fn place(
    graph: &Layered,
    position: &[usize],
    text_rows: &[i32],
    cancelled: &dyn Fn() -> bool,
) -> Result<Rows, Cancelled> {
    let mut placer = Placer::new(graph, position, text_rows);
    let rounds = if graph.items.len() <= 1500 { 4 } else { 2 };
    for round in 0..rounds {
        if cancelled() {
            return Err(Cancelled);
        }
        for layer in 0..graph.layers.len() {
            placer.settle(layer, 2, u32::from(round > 0));
        }
        for layer in (0..graph.layers.len()).rev() {
            placer.settle(layer, 1, 2);
        }
    }
    for layer in 0..graph.layers.len() {
        placer.settle(layer, 1, 1);
    }
    placer.drop_empty_rows();
    placer.straighten();
    Ok(placer.rows)
}

struct Placer<'a> {
    graph: &'a Layered,
    boxes: usize,
    rows: Rows,
    /// Entries of each box in the order of their rows.
    entries: Csr,
    limit: i32,
    wishes: Vec<(i32, u32)>,
    blocks: Vec<Block>,
    pool: Vec<(i32, u32)>,
}

#[derive(Clone, Copy)]
struct Block {
    start: usize,
    items: usize,
    value: i32,
    sum: i64,
    weight: i64,
}

impl<'a> Placer<'a> {
    fn new(graph: &'a Layered, position: &[usize], text_rows: &[i32]) -> Self {
        let boxes = text_rows.len();
        let links = graph.pred.len();
        let mut turn_entry = Vec::with_capacity(graph.turns.len());
        let mut by_box: Vec<(usize, usize, usize)> = Vec::with_capacity(links);
        for target in 0..boxes {
            by_box.extend(
                graph.pred.range(target).map(|at| (target, position[graph.pred.item(at)] + 1, at)),
            );
        }
        let mut next = links;
        for turn in &graph.turns {
            turn_entry.push(next);
            for &target in &turn.targets {
                let above = position[turn.point] < position[target];
                by_box.push((target, if above { 0 } else { NONE }, next));
                next += 1;
            }
        }
        by_box.sort_unstable();
        let entries = Csr::from_pairs(boxes, by_box.iter().map(|&(target, _, at)| (target, at)));
        let items = graph.items.len();
        let mut rows = Rows {
            y: vec![0; items],
            height: vec![1; items],
            exit: vec![0; items],
            entry: vec![0; next],
            turn_entry,
            total: 0,
        };
        for (node, &text) in text_rows.iter().enumerate() {
            let ins = cells(entries.row(node).len());
            let inside = text.max(ins).max(1);
            rows.height[node] = inside + 2;
            let first = 1 + (inside - ins) / 2;
            for (at, &entry) in entries.row(node).iter().enumerate() {
                rows.entry[entry] = first + cells(at);
            }
            rows.exit[node] = 1 + (inside - 1) / 2;
        }
        let height = |layer: &Vec<usize>| layer.iter().map(|&item| rows.height[item]).sum::<i32>();
        let tallest = graph.layers.iter().map(height).max().unwrap_or(0);
        let limit = tallest + (tallest / 10).clamp(2, 12);
        for layer in &graph.layers {
            let mut y = (limit - layer.iter().map(|&item| rows.height[item]).sum::<i32>()) / 2;
            for &item in layer {
                rows.y[item] = y;
                y += rows.height[item];
            }
        }
        rows.total = limit;
        Self {
            graph,
            boxes,
            rows,
            entries,
            limit,
            wishes: Vec::new(),
            blocks: Vec::new(),
            pool: Vec::new(),
        }
    }

    /// Moves one layer as close to its neighbours' rows as its order allows.
    fn settle(&mut self, layer: usize, left: u32, right: u32) {
        let graph = self.graph;
        let order = &graph.layers[layer];
        let exact = order.len() <= 96;
        self.blocks.clear();
        self.pool.clear();
        let mut offset = 0;
        for &item in order {
            let (wish, weight) = self.wish(item, left, right);
            let value = wish - offset;
            let start = self.pool.len();
            self.pool.push((value, weight));
            let mut block = Block {
                start,
                items: 1,
                value,
                sum: i64::from(value) * i64::from(weight),
                weight: i64::from(weight),
            };
            while let Some(last) = self.blocks.last() {
                if last.value <= block.value {
                    break;
                }
                block.start = last.start;
                block.items += last.items;
                block.sum += last.sum;
                block.weight += last.weight;
                self.blocks.pop();
                block.value = if exact {
                    self.pool[block.start..].sort_unstable();
                    weighted_median(&self.pool[block.start..])
                } else {
                    i32::try_from(block.sum.div_euclid(block.weight.max(1))).unwrap_or(0)
                };
            }
            self.blocks.push(block);
            offset += self.rows.height[item];
        }
        let room = self.limit - offset;
        let (mut at, mut y) = (0, 0);
        for block in &self.blocks {
            let shift = block.value.clamp(0, room);
            for _ in 0..block.items {
                self.rows.y[order[at]] = y + shift;
                y += self.rows.height[order[at]];
                at += 1;
            }
        }
    }

    /// The row where the item's lines would run straight, and how much that matters.
    fn wish(&mut self, item: usize, left: u32, right: u32) -> (i32, u32) {
        let graph = self.graph;
        let rows = &self.rows;
        self.wishes.clear();
        let own = graph.items[item].kind;
        let factor = |other: usize| match (own, graph.items[other].kind) {
            (Kind::Box, Kind::Box) => 2,
            (Kind::Box, _) | (_, Kind::Box) => 3,
            _ => 8,
        };
        if left > 0 {
            for at in graph.pred.range(item) {
                let other = graph.pred.item(at);
                self.wishes.push((rows.out_row(other) - rows.entry[at], left * factor(other)));
            }
        }
        if right > 0 {
            for at in graph.succ.range(item) {
                let other = graph.succ.item(at);
                let row = rows.in_row(other, graph.link[at]);
                self.wishes.push((row - rows.exit[item], right * factor(other)));
            }
        }
        let anchor = graph.anchor[item];
        if anchor != NONE {
            let below = rows.y[anchor] <= rows.y[item];
            self.wishes.push((
                if below { rows.y[anchor] + rows.height[anchor] } else { rows.y[anchor] - 1 },
                4,
            ));
        }
        if self.wishes.is_empty() {
            return (rows.y[item], 1);
        }
        self.wishes.sort_unstable();
        (weighted_median(&self.wishes), self.wishes.iter().map(|wish| wish.1 * 4).sum())
    }

    /// Closes rows on which nothing stands.
    fn drop_empty_rows(&mut self) {
        let mut used = vec![false; index(self.limit)];
        for (item, &y) in self.rows.y.iter().enumerate() {
            used[index(y)..index(y + self.rows.height[item])].fill(true);
        }
        let mut kept = 0;
        let moved: Vec<i32> = used
            .iter()
            .map(|&used| {
                kept += i32::from(used);
                kept - i32::from(used)
            })
            .collect();
        for y in &mut self.rows.y {
            *y = moved[index(*y)];
        }
        self.rows.total = kept;
    }

    /// Uses free rows inside boxes to take bends out of lines.
    fn straighten(&mut self) {
        let graph = self.graph;
        for target in 0..self.boxes {
            let ins = self.entries.row(target);
            let inside = self.rows.height[target] - 2;
            let count = cells(ins.len());
            if count == 0 || count >= inside {
                continue;
            }
            let mut row = 0;
            for (at, &entry) in ins.iter().enumerate() {
                let last = inside - (count - 1 - cells(at));
                let wish = if entry < graph.pred.len() {
                    self.rows.out_row(graph.pred.item(entry)) - self.rows.y[target]
                } else {
                    self.rows.entry[entry]
                };
                row = wish.max(row + 1).min(last);
                self.rows.entry[entry] = row;
            }
        }
        for source in 0..self.boxes {
            let inside = self.rows.height[source] - 2;
            if inside > 1 && !graph.succ.row(source).is_empty() {
                self.rows.exit[source] = self.best_exit(source, inside);
            }
        }
        self.avoid_splits();
    }

    /// Moves a box without incoming lines by a row where its line would run on and also branch up and down.
    fn avoid_splits(&mut self) {
        let graph = self.graph;
        for layer in &graph.layers {
            for (at, &item) in layer.iter().enumerate() {
                if graph.items[item].kind != Kind::Box || !self.entries.row(item).is_empty() {
                    continue;
                }
                let ends = || {
                    graph
                        .succ
                        .range(item)
                        .map(|link| self.rows.in_row(graph.succ.item(link), graph.link[link]))
                };
                let row = self.rows.out_row(item);
                let splits = |row: i32| {
                    ends().any(|end| end == row)
                        && ends().any(|end| end < row)
                        && ends().any(|end| end > row)
                };
                if !splits(row) {
                    continue;
                }
                let bottom = |item: usize| self.rows.y[item] + self.rows.height[item];
                let first = at.checked_sub(1).map_or(0, |above| bottom(layer[above]));
                let last = layer.get(at + 1).map_or(self.rows.total, |&below| self.rows.y[below]);
                let free = |step: &i32| {
                    self.rows.y[item] + step >= first
                        && bottom(item) + step <= last
                        && !splits(row + step)
                };
                if let Some(step) = [-1, 1].into_iter().find(free) {
                    self.rows.y[item] += step;
                }
            }
        }
    }

    fn best_exit(&self, source: usize, inside: i32) -> i32 {
        let ends = self.graph.succ.range(source);
        let top = self.rows.y[source];
        let targets: Vec<i32> = ends
            .map(|at| self.rows.in_row(self.graph.succ.item(at), self.graph.link[at]) - top)
            .collect();
        let (least, most) = (
            targets.iter().min().copied().unwrap_or(0),
            targets.iter().max().copied().unwrap_or(0),
        );
        let middle = self.rows.exit[source];
        let cost = |row: i32| {
            let straight = targets.contains(&row);
            // A line that goes straight on and branches both up and down needs two tracks.
            let both = straight && row > least && row < most;
            let bends = if straight { i32::from(both) * 3 } else { 2 };
            let outside = (least - row).max(row - most).max(0);
            (bends + outside, (row - middle).abs(), row)
        };
        (1..=inside).min_by_key(|&row| cost(row)).unwrap_or(middle)
    }
}

/// The smallest value with at least half of the weight at or below it; `sorted` must not be empty.
fn weighted_median(sorted: &[(i32, u32)]) -> i32 {
    let total: u32 = sorted.iter().map(|entry| entry.1).sum();
    let mut sum = 0;
    for &(value, weight) in sorted {
        sum += weight;
        if 2 * sum >= total {
            return value;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::{super::layers::layered, super::order::order, *};

    fn rows(edges: &[(usize, usize)], nodes: usize) -> (Layered, Rows) {
        let mut graph = layered(&Csr::from_pairs(nodes, edges.iter().copied()));
        let position = order(&mut graph, &|| false).expect("not cancelled");
        let needs = vec![1; nodes];
        let rows = place(&graph, &position, &needs, &|| false).expect("not cancelled");
        (graph, rows)
    }

    #[test]
    fn a_chain_is_straight_and_three_rows_high() {
        let (_, rows) = rows(&[(0, 1), (1, 2)], 3);
        assert_eq!(rows.y, [0, 0, 0]);
        assert_eq!(rows.total, 3);
    }

    #[test]
    fn a_box_grows_with_its_incoming_lines() {
        let (_, rows) = rows(&[(0, 3), (1, 3), (2, 3)], 4);
        assert_eq!(rows.height[3], 5);
        let mut entries = rows.entry.clone();
        entries.sort_unstable();
        assert_eq!(entries, [1, 2, 3]);
    }

    #[test]
    fn items_of_a_layer_never_overlap() {
        let edges: Vec<(usize, usize)> = (0..40).map(|i| (i % 10, 10 + (i * 7) % 13)).collect();
        let (graph, rows) = rows(&edges, 23);
        for layer in &graph.layers {
            for pair in layer.windows(2) {
                assert!(rows.y[pair[0]] + rows.height[pair[0]] <= rows.y[pair[1]]);
            }
        }
    }
}
