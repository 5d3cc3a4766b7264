//! The graph that views are cut from: nodes with a path, folders derived from the paths, edges in both directions.
//!
//! Nodes are known by their index. What a node *is* (table, view, file) is only a word here.

use std::collections::{BTreeMap, HashMap};

use super::{csr::Csr, cycles};

/// A side of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// What the node reads.
    Upstream,
    /// What reads the node.
    Downstream,
}

impl Side {
    /// The other side.
    pub fn opposite(self) -> Self {
        match self {
            Self::Upstream => Self::Downstream,
            Self::Downstream => Self::Upstream,
        }
    }
}

/// A dataset in the graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Unique and stable; drawings are ordered by it.
    pub key: String,
    /// The path of the dataset; the last part is its name, those before are its folders.
    pub parts: Vec<String>,
    /// Such as `table` or `view`; the `kind:` selector compares it.
    pub kind: String,
    /// Labels; the `tag:` selector compares them.
    pub tags: Vec<String>,
}

impl Node {
    /// A node whose key is its parts joined by a dot.
    pub fn new<S: Into<String>>(parts: impl IntoIterator<Item = S>) -> Self {
        let parts: Vec<String> = parts.into_iter().map(Into::into).collect();
        Self { key: parts.join("."), parts, ..Self::default() }
    }

    /// The last part of the path, or the key where there is no path.
    pub fn name(&self) -> &str {
        self.parts.last().unwrap_or(&self.key)
    }
}

/// A folder: a path that some node lies below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The path, as the first node below it spells it.
    pub parts: Vec<String>,
    /// The folder around it, by index.
    pub parent: Option<usize>,
}

/// A directed graph; edges point from what is read to what reads it.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    groups: Vec<Group>,
    group_of: Vec<Option<usize>>,
    by_key: HashMap<String, usize>,
    succ: Csr,
    pred: Csr,
}

impl Graph {
    /// Builds a graph. Repeated edges count once, edges to nodes that do not exist are left out. Of nodes with the
    /// same key [`Self::find`] knows the first.
    pub fn new(nodes: Vec<Node>, edges: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut edges: Vec<(usize, usize)> = edges
            .into_iter()
            .filter(|&(from, to)| from < nodes.len() && to < nodes.len())
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let succ = Csr::from_pairs(nodes.len(), edges.iter().copied());
        let pred = Csr::from_pairs(nodes.len(), edges.iter().map(|&(from, to)| (to, from)));
        let mut known: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut group_of = Vec::with_capacity(nodes.len());
        let mut by_key = HashMap::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            by_key.entry(node.key.clone()).or_insert(at);
            let mut parent = None;
            let mut folded = Vec::new();
            for depth in 1..node.parts.len() {
                // Names are kept as spelled and compared without case.
                folded.push(node.parts[depth - 1].to_lowercase());
                parent = Some(*known.entry(folded.clone()).or_insert_with(|| {
                    groups.push(Group { parts: node.parts[..depth].to_vec(), parent });
                    groups.len() - 1
                }));
            }
            group_of.push(parent);
        }
        Self { nodes, groups, group_of, by_key, succ, pred }
    }

    /// Number of nodes; indices are below it.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A node by index.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn node(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    /// The index of the node with this key.
    pub fn find(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// All folders.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The folder a node lies in.
    pub fn group_of(&self, node: usize) -> Option<usize> {
        self.group_of[node]
    }

    /// The folder of a node, the folder around that, and so on.
    pub fn groups_around(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.group_of[node], |&group| self.groups[group].parent)
    }

    /// The direct neighbours on one side, sorted by index.
    pub fn neighbours(&self, node: usize, side: Side) -> &[usize] {
        match side {
            Side::Upstream => self.pred.row(node),
            Side::Downstream => self.succ.row(node),
        }
    }

    /// Whether `to` reads `from` directly.
    pub fn has_edge(&self, from: usize, to: usize) -> bool {
        from < self.len() && self.succ.row(from).binary_search(&to).is_ok()
    }

    /// All edges, sorted.
    pub fn edges(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.succ.pairs()
    }

    /// Number of edges.
    pub fn edge_count(&self) -> usize {
        self.succ.len()
    }

    /// Groups of nodes that feed each other in a ring, each sorted, and nodes that feed themselves.
    pub fn cycles(&self) -> Vec<Vec<usize>> {
        let (component, count) = cycles::strongly_connected(&self.succ);
        let mut members = vec![Vec::new(); count];
        for (node, &component) in component.iter().enumerate() {
            members[component].push(node);
        }
        members.retain(|group| group.len() > 1 || self.has_edge(group[0], group[0]));
        members.sort_unstable();
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_from_paths_without_regard_to_case() {
        let nodes = vec![
            Node::new(["Lake", "raw", "a"]),
            Node::new(["lake", "raw", "b"]),
            Node::new(["x"]),
        ];
        let graph = Graph::new(nodes, []);
        assert_eq!(graph.groups().len(), 2);
        assert_eq!(graph.group_of(0), graph.group_of(1));
        assert_eq!(graph.group_of(2), None);
        let around: Vec<usize> = graph.groups_around(1).collect();
        assert_eq!(graph.groups()[around[1]].parts, ["Lake"]);
    }

    #[test]
    fn cycles_are_listed_with_self_loops() {
        let nodes = ["a", "b", "c", "d"].map(|name| Node::new([name])).to_vec();
        let graph = Graph::new(nodes, [(0, 1), (1, 0), (1, 2), (3, 3), (0, 1), (7, 0)]);
        assert_eq!(graph.edge_count(), 4);
        assert_eq!(graph.cycles(), [vec![0, 1], vec![3]]);
    }
}
