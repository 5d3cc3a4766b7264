//! Strongly connected components, and which edges to leave out so that the rest has no cycle.

use super::{NONE, csr::Csr};

/// The strongly connected component of each node (Tarjan, without recursion), numbered in reverse topological order.
pub(super) fn strongly_connected(graph: &Csr) -> (Vec<usize>, usize) {
    let nodes = graph.rows();
    let mut component = vec![NONE; nodes];
    let mut number = vec![NONE; nodes];
    let mut low = vec![0; nodes];
    let mut stack = Vec::new();
    let mut calls: Vec<(usize, usize)> = Vec::new();
    let (mut next_number, mut components) = (0, 0);
    for root in 0..nodes {
        if number[root] != NONE {
            continue;
        }
        calls.push((root, 0));
        while let Some((node, done)) = calls.pop() {
            if done == 0 {
                number[node] = next_number;
                low[node] = next_number;
                next_number += 1;
                stack.push(node);
            }
            let row = graph.row(node);
            if done > 0 {
                low[node] = low[node].min(low[row[done - 1]]);
            }
            let mut at = done;
            let mut descended = false;
            while at < row.len() {
                let next = row[at];
                at += 1;
                if number[next] == NONE {
                    calls.push((node, at));
                    calls.push((next, 0));
                    descended = true;
                    break;
                }
                if component[next] == NONE {
                    low[node] = low[node].min(number[next]);
                }
            }
            if descended {
                continue;
            }
            if low[node] == number[node] {
                while let Some(member) = stack.pop() {
                    component[member] = components;
                    if member == node {
                        break;
                    }
                }
                components += 1;
            }
        }
    }
    (component, components)
}

/// Marks, by flat index of `graph`, edges whose removal leaves no cycle; self loops are always marked.
///
/// Few edges are marked (Eades, Lin and Smyth's greedy order inside each component), never the fewest by proof.
pub(super) fn feedback_edges(graph: &Csr) -> Vec<bool> {
    let nodes = graph.rows();
    let mut marked = vec![false; graph.len()];
    let (component, count) = strongly_connected(graph);
    let mut members = vec![Vec::new(); if count == nodes { 0 } else { count }];
    if count < nodes {
        for node in 0..nodes {
            members[component[node]].push(node);
        }
    }
    let mut rank = vec![0; nodes];
    for group in members.iter().filter(|group| group.len() > 1) {
        for (at, node) in greedy_order(graph, &component, group).into_iter().enumerate() {
            rank[node] = at;
        }
    }
    for node in 0..nodes {
        for at in graph.range(node) {
            let next = graph.item(at);
            marked[at] =
                node == next || (component[node] == component[next] && rank[next] < rank[node]);
        }
    }
    marked
}

fn greedy_order(graph: &Csr, component: &[usize], group: &[usize]) -> Vec<usize> {
    let inside = |a: usize, b: usize| a != b && component[a] == component[b];
    let local: std::collections::BTreeMap<usize, usize> =
        group.iter().enumerate().map(|(at, &n)| (n, at)).collect();
    let mut edges = Vec::new();
    for &node in group {
        edges.extend(
            graph
                .row(node)
                .iter()
                .filter(|&&next| inside(node, next))
                .map(|next| (local[&node], local[next])),
        );
    }
    let forward = Csr::from_pairs(group.len(), edges.iter().copied());
    let backward = Csr::from_pairs(group.len(), edges.iter().map(|&(a, b)| (b, a)));
    let mut outs: Vec<i64> =
        (0..group.len()).map(|at| i64::from(super::cells(forward.row(at).len()))).collect();
    let mut ins: Vec<i64> =
        (0..group.len()).map(|at| i64::from(super::cells(backward.row(at).len()))).collect();
    let mut entered = vec![0_i64; group.len()];
    let mut left_from = vec![0_i64; group.len()];
    for (from, to) in graph.pairs().filter(|&(from, to)| component[from] != component[to]) {
        if let Some(&at) = local.get(&to) {
            entered[at] += 1;
        }
        if let Some(&at) = local.get(&from) {
            left_from[at] += 1;
        }
    }
    let mut left: Vec<usize> = (0..group.len()).collect();
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    while !left.is_empty() {
        let sink = left.iter().position(|&at| outs[at] == 0);
        let source = || left.iter().position(|&at| ins[at] == 0);
        let (slot, at_tail) = if let Some(slot) = sink {
            (slot, true)
        } else if let Some(slot) = source() {
            (slot, false)
        } else {
            // Among equals a cycle begins where lines from outside enter it.
            let key = |at: usize| (outs[at] - ins[at], entered[at] - left_from[at]);
            let best =
                (0..left.len()).max_by_key(|&slot| (key(left[slot]), std::cmp::Reverse(slot)));
            (best.unwrap_or(0), false)
        };
        let node = left.remove(slot);
        for &next in forward.row(node) {
            ins[next] -= 1;
        }
        for &previous in backward.row(node) {
            outs[previous] -= 1;
        }
        if at_tail { tail.push(group[node]) } else { head.push(group[node]) }
    }
    head.extend(tail.into_iter().rev());
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: usize, edges: &[(usize, usize)]) -> Csr {
        Csr::from_pairs(nodes, edges.iter().copied())
    }

    #[test]
    fn components_of_two_joined_rings() {
        let g = graph(5, &[(0, 1), (1, 0), (1, 2), (2, 3), (3, 4), (4, 2)]);
        let (component, count) = strongly_connected(&g);
        assert_eq!(count, 2);
        assert_eq!(component[0], component[1]);
        assert_eq!(component[2], component[4]);
        assert_ne!(component[0], component[2]);
    }

    #[test]
    fn a_ring_loses_one_edge_and_a_loop_itself() {
        let g = graph(4, &[(0, 1), (1, 2), (2, 3), (3, 0), (2, 2)]);
        assert_eq!(feedback_edges(&g).iter().filter(|m| **m).count(), 2);
        assert!(feedback_edges(&graph(3, &[(0, 1), (1, 2), (0, 2)])).iter().all(|m| !m));
    }
}
