//! What lies between and around nodes: reach with hops, shortest path, all paths, and everything on any path.

use std::collections::{BTreeSet, VecDeque};

use super::{
    NONE,
    digraph::{Graph, Side},
};

/// Nodes reachable from `starts` on one side within `depth` hops, with their hops (0 for the starts), nearest first,
/// by key within a hop.
pub fn reach(graph: &Graph, starts: &[usize], side: Side, depth: usize) -> Vec<(usize, usize)> {
    let mut seen = vec![false; graph.len()];
    let mut found: Vec<(usize, usize)> = Vec::new();
    for &start in starts.iter().filter(|&&start| start < graph.len()) {
        if !std::mem::replace(&mut seen[start], true) {
            found.push((start, 0));
        }
    }
    let mut at = 0;
    while at < found.len() {
        let (node, hops) = found[at];
        at += 1;
        if hops == depth {
            continue;
        }
        for &next in graph.neighbours(node, side) {
            if !std::mem::replace(&mut seen[next], true) {
                found.push((next, hops + 1));
            }
        }
    }
    found.sort_by(|a, b| (a.1, &graph.node(a.0).key).cmp(&(b.1, &graph.node(b.0).key)));
    found
}

/// Nodes on any path from `from` to `to`, both included; empty if there is none.
pub fn between(graph: &Graph, from: usize, to: usize) -> BTreeSet<usize> {
    let after: BTreeSet<usize> = reach(graph, &[from], Side::Downstream, usize::MAX)
        .into_iter()
        .map(|(node, _)| node)
        .collect();
    if !after.contains(&to) {
        return BTreeSet::new();
    }
    let before = reach(graph, &[to], Side::Upstream, usize::MAX);
    before.into_iter().map(|(node, _)| node).filter(|node| after.contains(node)).collect()
}

/// One shortest path from `from` to `to`, both included; among equals the first by index.
pub fn shortest(graph: &Graph, from: usize, to: usize) -> Option<Vec<usize>> {
    let mut came_from = vec![NONE; graph.len()];
    let mut open = VecDeque::from([from]);
    *came_from.get_mut(from)? = from;
    while let Some(node) = open.pop_front() {
        if node == to {
            let mut path = vec![to];
            let mut at = to;
            while at != from {
                at = came_from[at];
                path.push(at);
            }
            path.reverse();
            return Some(path);
        }
        for &next in graph.neighbours(node, Side::Downstream) {
            if came_from[next] == NONE {
                came_from[next] = node;
                open.push_back(next);
            }
        }
    }
    None
}

/// Up to `limit` paths from `from` to `to` that pass no node twice. The flag tells whether there are more.
pub fn simple_paths(
    graph: &Graph,
    from: usize,
    to: usize,
    limit: usize,
) -> (Vec<Vec<usize>>, bool) {
    let inside = between(graph, from, to);
    let mut paths = Vec::new();
    if inside.is_empty() {
        return (paths, false);
    }
    let mut on_path = vec![false; graph.len()];
    on_path[from] = true;
    let mut path = vec![from];
    let mut next = vec![0_usize];
    // A dead end inside a cycle costs steps without giving paths; this bounds the search as a whole.
    let mut steps = limit.saturating_mul(1000).saturating_add(10_000);
    while let (Some(&node), Some(at)) = (path.last(), next.last_mut()) {
        if steps == 0 {
            return (paths, true);
        }
        steps -= 1;
        let row = graph.neighbours(node, Side::Downstream);
        let follow = row[*at..]
            .iter()
            .position(|next| node != to && inside.contains(next) && !on_path[*next]);
        if node == to {
            if paths.len() == limit {
                return (paths, true);
            }
            paths.push(path.clone());
        }
        if let Some(offset) = follow {
            let chosen = row[*at + offset];
            *at += offset + 1;
            on_path[chosen] = true;
            path.push(chosen);
            next.push(0);
        } else {
            on_path[node] = false;
            path.pop();
            next.pop();
        }
    }
    (paths, false)
}

#[cfg(test)]
mod tests {
    use super::{super::digraph::Node, *};

    fn graph(names: &str, edges: &[(usize, usize)]) -> Graph {
        Graph::new(
            names.chars().map(|name| Node::new([name.to_string()])).collect(),
            edges.iter().copied(),
        )
    }

    #[test]
    fn reach_counts_hops_and_stops_at_the_depth() {
        let g = graph("abcd", &[(0, 1), (1, 2), (2, 3), (0, 2)]);
        assert_eq!(reach(&g, &[0], Side::Downstream, 1), [(0, 0), (1, 1), (2, 1)]);
        assert_eq!(reach(&g, &[3], Side::Upstream, usize::MAX), [(3, 0), (2, 1), (0, 2), (1, 2)]);
    }

    #[test]
    fn everything_between_two_nodes() {
        let g = graph("abcde", &[(0, 1), (1, 3), (0, 2), (2, 3), (4, 3), (0, 4)]);
        assert_eq!(between(&g, 0, 3), BTreeSet::from([0, 1, 2, 3, 4]));
        assert_eq!(between(&g, 1, 3), BTreeSet::from([1, 3]));
        assert!(between(&g, 3, 0).is_empty());
    }

    #[test]
    fn shortest_and_all_paths_with_a_cycle() {
        let g = graph("abcd", &[(0, 1), (1, 2), (2, 1), (2, 3), (0, 2)]);
        assert_eq!(shortest(&g, 0, 3), Some(vec![0, 2, 3]));
        assert_eq!(shortest(&g, 3, 0), None);
        assert_eq!(simple_paths(&g, 0, 3, 10), (vec![vec![0, 1, 2, 3], vec![0, 2, 3]], false));
        assert_eq!(simple_paths(&g, 0, 3, 1), (vec![vec![0, 1, 2, 3]], true));
        assert_eq!(simple_paths(&g, 1, 1, 5), (vec![vec![1]], false));
    }
}
