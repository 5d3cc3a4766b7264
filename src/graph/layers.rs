//! Nodes to layers, and the chains of passing points that carry long edges through the layers between.
//!
//! One chain serves all edges of a source, so that a source has one trunk. Edges that close a cycle get a chain of
//! their own that runs back under or over the boxes.

use super::{NONE, csr::Csr, cycles};

/// What stands in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Box,
    /// A point where a source's line passes to the right.
    Pass,
    /// A point where a source's line passes back to the left.
    Back,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) layer: usize,
}

/// The left end of a chain that runs back: from the passing point into boxes of the same layer.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub(super) point: usize,
    pub(super) targets: Vec<usize>,
}

/// A graph in which every link joins neighbouring layers. Items `0..nodes` are the boxes.
#[derive(Debug)]
pub(super) struct Layered {
    pub(super) items: Vec<Item>,
    pub(super) layers: Vec<Vec<usize>>,
    pub(super) succ: Csr,
    pub(super) pred: Csr,
    /// For each flat index of `succ` the flat index of the same link in `pred`.
    pub(super) link: Vec<usize>,
    pub(super) turns: Vec<Turn>,
    /// For each box the passing point in its own layer where its way back begins, or `NONE`.
    pub(super) mate: Vec<usize>,
    /// For each item the box of its layer that it should stay close to, or `NONE`.
    pub(super) anchor: Vec<usize>,
}

/// Splits a connected graph into layers.
pub(super) fn layered(graph: &Csr) -> Layered {
    let nodes = graph.rows();
    let layer = assign(graph);
    let mut items: Vec<Item> =
        (0..nodes).map(|node| Item { kind: Kind::Box, layer: layer[node] }).collect();
    let mut links: Vec<(usize, usize)> = Vec::with_capacity(graph.len() * 2);
    let mut turns = Vec::new();
    let mut mate = vec![NONE; nodes];
    let mut anchor = vec![NONE; nodes];
    for node in 0..nodes {
        let from = layer[node];
        let last = graph.row(node).iter().map(|&to| layer[to]).max().unwrap_or(0);
        let first_pass = items.len();
        for at in from + 1..last {
            links.push((if at == from + 1 { node } else { items.len() - 1 }, items.len()));
            items.push(Item { kind: Kind::Pass, layer: at });
            anchor.push(NONE);
        }
        for &to in graph.row(node).iter().filter(|&&to| layer[to] > from) {
            let gap = layer[to] - from - 1;
            links.push((if gap == 0 { node } else { first_pass + gap - 1 }, to));
        }
        let first = graph.row(node).iter().map(|&to| layer[to]).min().unwrap_or(NONE);
        if first > from {
            continue;
        }
        let first_back = items.len();
        mate[node] = first_back;
        for at in (first..=from).rev() {
            if at < from {
                links.push((items.len(), items.len() - 1));
            }
            anchor.push(if at == from { node } else { NONE });
            items.push(Item { kind: Kind::Back, layer: at });
        }
        let mut targets = Vec::new();
        for &to in graph.row(node).iter().filter(|&&to| layer[to] <= from) {
            if layer[to] == first {
                targets.push(to);
            } else {
                links.push((first_back + from - layer[to] + 1, to));
            }
        }
        let point = items.len() - 1;
        if anchor[point] == NONE {
            anchor[point] = targets[0];
        }
        turns.push(Turn { point, targets });
    }
    let succ = Csr::from_pairs(items.len(), links.iter().copied());
    let pred = Csr::from_pairs(items.len(), succ.pairs().map(|(a, b)| (b, a)));
    let mut next: Vec<usize> = (0..items.len()).map(|item| pred.range(item).start).collect();
    let link = succ
        .pairs()
        .map(|(_, to)| {
            next[to] += 1;
            next[to] - 1
        })
        .collect();
    let mut layers = vec![Vec::new(); items.iter().map(|item| item.layer + 1).max().unwrap_or(0)];
    for (at, item) in items.iter().enumerate() {
        layers[item.layer].push(at);
    }
    Layered { items, layers, succ, pred, link, turns, mate, anchor }
}

/// Longest path from the left; then nodes with room move right where that shortens the chains.
fn assign(graph: &Csr) -> Vec<usize> {
    let nodes = graph.rows();
    let cut = cycles::feedback_edges(graph);
    let kept = (0..nodes).flat_map(|node| graph.range(node).map(move |at| (node, at)));
    let kept: Vec<(usize, usize)> =
        kept.filter(|&(_, at)| !cut[at]).map(|(node, at)| (node, graph.item(at))).collect();
    let succ = Csr::from_pairs(nodes, kept.iter().copied());
    let pred = Csr::from_pairs(nodes, kept.iter().map(|&(a, b)| (b, a)));
    let mut waiting: Vec<usize> = (0..nodes).map(|node| pred.row(node).len()).collect();
    let mut order: Vec<usize> = (0..nodes).filter(|&node| waiting[node] == 0).collect();
    let mut layer = vec![0; nodes];
    let mut at = 0;
    while at < order.len() {
        let node = order[at];
        at += 1;
        for &next in succ.row(node) {
            layer[next] = layer[next].max(layer[node] + 1);
            waiting[next] -= 1;
            if waiting[next] == 0 {
                order.push(next);
            }
        }
    }
    let mut farthest: Vec<usize> = (0..nodes)
        .map(|node| succ.row(node).iter().map(|&to| layer[to]).max().unwrap_or(0))
        .collect();
    for _ in 0..2 {
        for &node in order.iter().rev() {
            let Some(limit) = succ.row(node).iter().map(|&to| layer[to]).min() else { continue };
            let target = limit - 1;
            if target <= layer[node] {
                continue;
            }
            let cost: usize =
                pred.row(node).iter().map(|&from| target.saturating_sub(farthest[from])).sum();
            if cost < target - layer[node] {
                layer[node] = target;
                for &from in pred.row(node) {
                    farthest[from] = farthest[from].max(target);
                }
            }
        }
    }
    let first = layer.iter().copied().min().unwrap_or(0);
    for at in &mut layer {
        *at -= first;
    }
    layer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_edges_share_one_chain() {
        let edges = [(0, 1), (1, 2), (2, 3), (0, 3), (0, 2)];
        let l = layered(&Csr::from_pairs(4, edges.iter().copied()));
        assert_eq!(l.items.iter().filter(|item| item.kind == Kind::Pass).count(), 2);
        assert_eq!(l.layers.len(), 4);
    }

    #[test]
    fn a_source_moves_next_to_its_reader() {
        let edges = [(0, 1), (1, 2), (2, 3), (4, 3)];
        let l = layered(&Csr::from_pairs(5, edges.iter().copied()));
        assert_eq!(l.items[4].layer, 2);
    }

    #[test]
    fn a_way_back_passes_every_layer_of_the_cycle() {
        let edges = [(0, 1), (1, 2), (2, 0)];
        let l = layered(&Csr::from_pairs(3, edges.iter().copied()));
        assert_eq!(l.items.iter().filter(|item| item.kind == Kind::Back).count(), 3);
        assert_eq!(l.turns.len(), 1);
    }
}
