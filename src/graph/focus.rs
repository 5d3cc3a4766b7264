//! Cuts a graph to what one screen can show: the neighbourhood of a focus, folded folders, filters, a column's trace.
//!
//! Nothing is lost silently: what the cut leaves out is counted on the node it hangs on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    csr::Csr,
    digraph::{Graph, Side},
    layout::{BoxSpec, Diagram},
};

/// Which nodes to start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Some nodes and what lies around them.
    Around {
        /// The nodes in focus.
        focus: BTreeSet<usize>,
        /// Hops shown upstream.
        upstream: usize,
        /// Hops shown downstream.
        downstream: usize,
    },
    /// Exactly these nodes, such as the result of a selector or of a path search.
    Nodes(BTreeSet<usize>),
}

/// A cut through a graph; plain data, so that a history of views is a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Where the view starts.
    pub scope: Scope,
    /// Nodes whose neighbours on that side are shown beyond the depth.
    pub expanded: BTreeSet<(usize, Side)>,
    /// Nodes beyond which nothing is shown on that side.
    pub collapsed: BTreeSet<(usize, Side)>,
    /// Folders drawn as one box; a folder inside a folded one is part of it.
    pub folded: BTreeSet<usize>,
    /// Nodes filtered out; lines pass through them as indirect edges.
    pub hidden: BTreeSet<usize>,
}

impl View {
    /// One node with its neighbours up to the given hops on each side.
    pub fn around(node: usize, upstream: usize, downstream: usize) -> Self {
        Self::of(Scope::Around { focus: BTreeSet::from([node]), upstream, downstream })
    }

    /// Exactly the given nodes.
    pub fn nodes(nodes: BTreeSet<usize>) -> Self {
        Self::of(Scope::Nodes(nodes))
    }

    fn of(scope: Scope) -> Self {
        Self {
            scope,
            expanded: BTreeSet::new(),
            collapsed: BTreeSet::new(),
            folded: BTreeSet::new(),
            hidden: BTreeSet::new(),
        }
    }

    /// Shows the neighbours of a node on one side.
    pub fn expand(&mut self, node: usize, side: Side) {
        self.collapsed.remove(&(node, side));
        self.expanded.insert((node, side));
    }

    /// Hides what lies beyond a node on one side.
    pub fn collapse(&mut self, node: usize, side: Side) {
        self.expanded.remove(&(node, side));
        self.collapsed.insert((node, side));
    }
}

/// What a box stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A node of the graph.
    Node(usize),
    /// A folded folder.
    Folder {
        /// The folder.
        group: usize,
        /// Its nodes that would be shown, sorted.
        members: Vec<usize>,
    },
}

impl Subject {
    /// The nodes of the graph behind the box.
    pub fn nodes(&self) -> &[usize] {
        match self {
            Self::Node(node) => std::slice::from_ref(node),
            Self::Folder { members, .. } => members,
        }
    }
}

/// A box of a focused graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FocusedNode {
    /// What it stands for.
    pub subject: Subject,
    /// Unique in the view and stable between views.
    pub key: String,
    /// Whether it is, or holds, the focus.
    pub focus: bool,
    /// Hops from the focus to here against the edges; `None` if it is not upstream.
    pub upstream: Option<usize>,
    /// Hops from the focus to here along the edges; `None` if it is not downstream.
    pub downstream: Option<usize>,
    /// Nodes it reads that are not shown (filtered ones are not counted).
    pub hidden_upstream: usize,
    /// Nodes that read it and are not shown (filtered ones are not counted).
    pub hidden_downstream: usize,
}

/// An edge between boxes of a focused graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FocusedEdge {
    /// Index of the box that is read.
    pub from: usize,
    /// Index of the box that reads.
    pub to: usize,
    /// Edges of the graph behind it; 0 if it only leads through filtered nodes.
    pub edges: usize,
}

impl FocusedEdge {
    /// Whether it only leads through filtered nodes.
    pub fn is_indirect(&self) -> bool {
        self.edges == 0
    }
}

/// The part of a graph that a view shows.
#[derive(Debug, Clone, Default)]
pub struct FocusedGraph {
    /// Boxes, sorted by key.
    pub nodes: Vec<FocusedNode>,
    /// Edges, sorted by source and target.
    pub edges: Vec<FocusedEdge>,
    shown_in: BTreeMap<usize, usize>,
    hidden: BTreeSet<usize>,
    succ: Csr,
    pred: Csr,
}

impl FocusedGraph {
    /// Cuts `graph` to `view`. Indices that do not exist are ignored.
    pub fn new(graph: &Graph, view: &View) -> Self {
        let visible = Visible::new(graph, view);
        let mut boxes: BTreeMap<(String, Option<usize>), Vec<usize>> = BTreeMap::new();
        for &node in &visible.nodes {
            // The outermost folded folder wins.
            let group =
                graph.groups_around(node).filter(|group| view.folded.contains(group)).last();
            let key = group.map_or_else(
                || graph.node(node).key.clone(),
                |group| graph.groups()[group].parts.join("."),
            );
            boxes.entry((key, group)).or_default().push(node);
        }
        let mut focused = Self { hidden: view.hidden.clone(), ..Self::default() };
        for ((key, group), members) in boxes {
            // Nodes that share a key stay apart; only a folder gathers nodes.
            let subjects = match group {
                Some(group) => vec![Subject::Folder { group, members }],
                None => members.into_iter().map(Subject::Node).collect(),
            };
            for subject in subjects {
                let at = focused.nodes.len();
                focused.shown_in.extend(subject.nodes().iter().map(|&node| (node, at)));
                let key = if group.is_some() { format!("{key}/") } else { key.clone() };
                focused.nodes.push(visible.describe(graph, view, subject, key));
            }
        }
        focused.join(graph);
        focused
    }

    fn join(&mut self, graph: &Graph) {
        let mut edges: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (&from, &from_box) in &self.shown_in {
            for &to in graph.neighbours(from, Side::Downstream) {
                let Some(&to_box) = self.shown_in.get(&to) else { continue };
                if from_box != to_box || from == to {
                    *edges.entry((from_box, to_box)).or_default() += 1;
                }
            }
            for to_box in self.through_hidden(graph, from, |_, _| true) {
                if to_box != from_box {
                    edges.entry((from_box, to_box)).or_default();
                }
            }
        }
        let folder = |at: usize| matches!(self.nodes[at].subject, Subject::Folder { .. });
        let kept = edges.into_iter().filter(|&((from, to), _)| from != to || !folder(from));
        self.edges = kept.map(|((from, to), edges)| FocusedEdge { from, to, edges }).collect();
        self.succ =
            Csr::from_pairs(self.nodes.len(), self.edges.iter().map(|edge| (edge.from, edge.to)));
        self.pred =
            Csr::from_pairs(self.nodes.len(), self.edges.iter().map(|edge| (edge.to, edge.from)));
    }

    /// Boxes reached from a node through filtered nodes only, over edges that `follow` accepts.
    fn through_hidden(
        &self,
        graph: &Graph,
        from: usize,
        follow: impl Fn(usize, usize) -> bool,
    ) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            for &next in graph.neighbours(node, Side::Downstream) {
                if !follow(node, next) {
                    continue;
                }
                if self.hidden.contains(&next) && !self.shown_in.contains_key(&next) {
                    if seen.insert(next) {
                        open.push(next);
                    }
                } else if node != from {
                    found.extend(self.shown_in.get(&next));
                }
            }
        }
        found
    }

    /// The box that shows a node of the graph.
    pub fn shown(&self, node: usize) -> Option<usize> {
        self.shown_in.get(&node).copied()
    }

    /// Boxes directly beside a box, sorted.
    pub fn neighbours(&self, at: usize, side: Side) -> &[usize] {
        match side {
            Side::Upstream => self.pred.row(at),
            Side::Downstream => self.succ.row(at),
        }
    }

    /// What to draw: `lines` gives the text of each box. Boxes and edges keep their indices.
    pub fn diagram(&self, lines: impl Fn(&FocusedNode) -> Vec<String>) -> Diagram {
        let count = |hidden: usize| if hidden == 0 { String::new() } else { format!("+{hidden}") };
        let spec = |node: &FocusedNode| BoxSpec {
            key: node.key.clone(),
            lines: lines(node),
            min_width: 0,
            hidden_left: count(node.hidden_upstream),
            hidden_right: count(node.hidden_downstream),
        };
        Diagram {
            boxes: self.nodes.iter().map(spec).collect(),
            edges: self.edges.iter().map(|edge| (edge.from, edge.to)).collect(),
        }
    }

    /// Boxes and edges of this view that show a trace given by nodes and edges of the graph; for
    /// [`super::layout::Layout::highlight`].
    pub fn lit(
        &self,
        graph: &Graph,
        nodes: &BTreeSet<usize>,
        edges: &BTreeSet<(usize, usize)>,
    ) -> (Vec<usize>, Vec<(usize, usize)>) {
        let boxes: BTreeSet<usize> = nodes.iter().filter_map(|node| self.shown(*node)).collect();
        let mut pairs = BTreeSet::new();
        for &(from, to) in edges {
            let Some(from_box) = self.shown(from) else { continue };
            if let Some(to_box) = self.shown(to) {
                pairs.insert((from_box, to_box));
            } else {
                let follow = |a: usize, b: usize| edges.contains(&(a, b));
                pairs.extend(
                    self.through_hidden(graph, from, follow)
                        .into_iter()
                        .map(|to_box| (from_box, to_box)),
                );
            }
        }
        pairs.retain(|&(from, to)| {
            self.edges.binary_search_by_key(&(from, to), |edge| (edge.from, edge.to)).is_ok()
        });
        (boxes.into_iter().collect(), pairs.into_iter().collect())
    }
}

/// The nodes a view shows, before folding.
struct Visible {
    nodes: BTreeSet<usize>,
    upstream: BTreeMap<usize, usize>,
    downstream: BTreeMap<usize, usize>,
}

impl Visible {
    fn new(graph: &Graph, view: &View) -> Self {
        let exists = |node: &&usize| **node < graph.len();
        let mut visible =
            Self { nodes: BTreeSet::new(), upstream: BTreeMap::new(), downstream: BTreeMap::new() };
        match &view.scope {
            Scope::Around { focus, upstream, downstream } => {
                let focus: Vec<usize> = focus.iter().filter(exists).copied().collect();
                visible.upstream = walk(graph, view, &focus, Side::Upstream, *upstream);
                visible.downstream = walk(graph, view, &focus, Side::Downstream, *downstream);
                visible.nodes.extend(visible.upstream.keys().chain(visible.downstream.keys()));
            }
            Scope::Nodes(nodes) => {
                visible
                    .nodes
                    .extend(nodes.iter().filter(exists).filter(|node| !view.hidden.contains(node)));
            }
        }
        let mut open: Vec<usize> = visible.nodes.iter().copied().collect();
        while let Some(node) = open.pop() {
            for side in [Side::Upstream, Side::Downstream] {
                if !view.expanded.contains(&(node, side)) {
                    continue;
                }
                for next in walk(graph, view, &[node], side, 1).into_keys() {
                    let hops = match side {
                        Side::Upstream => &mut visible.upstream,
                        Side::Downstream => &mut visible.downstream,
                    };
                    if let Some(here) = hops.get(&node).copied().filter(|_| next != node) {
                        hops.entry(next).or_insert(here + 1);
                    }
                    if visible.nodes.insert(next) {
                        open.push(next);
                    }
                }
            }
        }
        visible
    }

    fn describe(&self, graph: &Graph, view: &View, subject: Subject, key: String) -> FocusedNode {
        let members = subject.nodes();
        let hops = |hops: &BTreeMap<usize, usize>| {
            members.iter().filter_map(|node| hops.get(node)).min().copied()
        };
        let hidden = |side| {
            let beside = members.iter().flat_map(|&node| graph.neighbours(node, side));
            let missing =
                beside.filter(|next| !self.nodes.contains(next) && !view.hidden.contains(next));
            missing.collect::<BTreeSet<_>>().len()
        };
        let focus = match &view.scope {
            Scope::Around { focus, .. } => members.iter().any(|node| focus.contains(node)),
            Scope::Nodes(_) => false,
        };
        FocusedNode {
            focus,
            upstream: hops(&self.upstream),
            downstream: hops(&self.downstream),
            hidden_upstream: hidden(Side::Upstream),
            hidden_downstream: hidden(Side::Downstream),
            key,
            subject,
        }
    }
}

/// Unfiltered nodes within `depth` hops on one side. Filtered nodes are passed without counting a hop.
fn walk(
    graph: &Graph,
    view: &View,
    starts: &[usize],
    side: Side,
    depth: usize,
) -> BTreeMap<usize, usize> {
    let mut hops: BTreeMap<usize, usize> = starts.iter().map(|&start| (start, 0)).collect();
    let mut open: VecDeque<usize> = starts.iter().copied().collect();
    while let Some(node) = open.pop_front() {
        let here = hops[&node];
        if view.collapsed.contains(&(node, side)) {
            continue;
        }
        for &next in graph.neighbours(node, side) {
            let passes = view.hidden.contains(&next);
            let there = here + usize::from(!passes);
            if there > depth || hops.get(&next).is_some_and(|&known| known <= there) {
                continue;
            }
            hops.insert(next, there);
            if passes { open.push_front(next) } else { open.push_back(next) }
        }
    }
    // The focus itself stays, even where a filter matches it.
    hops.retain(|node, _| !view.hidden.contains(node) || starts.contains(node));
    hops
}

#[cfg(test)]
mod tests {
    use super::{super::digraph::Node, *};

    /// a → b → c → d, x → c, c → y, and folders: a, b in `s.raw`, the rest in `s.mart`.
    fn graph() -> Graph {
        let node = |name: &str| {
            let folder = if matches!(name, "a" | "b") { "raw" } else { "mart" };
            Node { key: name.to_owned(), ..Node::new(["s", folder, name]) }
        };
        let names = ["a", "b", "c", "d", "x", "y"];
        Graph::new(names.map(node).to_vec(), [(0, 1), (1, 2), (2, 3), (4, 2), (2, 5)])
    }

    fn keys(focused: &FocusedGraph) -> Vec<&str> {
        focused.nodes.iter().map(|node| node.key.as_str()).collect()
    }

    fn group(graph: &Graph, name: &str) -> usize {
        graph
            .groups()
            .iter()
            .position(|group| group.parts.last().is_some_and(|part| part == name))
            .expect("a folder")
    }

    #[test]
    fn depth_counts_on_each_side_and_the_rest_is_counted() {
        let g = graph();
        let f = FocusedGraph::new(&g, &View::around(2, 1, 0));
        assert_eq!(keys(&f), ["b", "c", "x"]);
        let at = |key: &str| f.nodes.iter().find(|node| node.key == key).expect("shown");
        assert_eq!(
            (at("b").hidden_upstream, at("c").hidden_downstream, at("x").hidden_upstream),
            (1, 2, 0)
        );
        assert_eq!(
            (at("b").upstream, at("b").downstream, at("c").upstream),
            (Some(1), None, Some(0))
        );
        assert!(at("c").focus && !at("b").focus);
    }

    #[test]
    fn expand_and_collapse_single_nodes() {
        let g = graph();
        let mut view = View::around(2, 1, 0);
        view.expand(1, Side::Upstream);
        view.expand(2, Side::Downstream);
        let f = FocusedGraph::new(&g, &view);
        assert_eq!(keys(&f), ["a", "b", "c", "d", "x", "y"]);
        assert_eq!(f.nodes[0].upstream, Some(2));
        view.collapse(2, Side::Upstream);
        assert_eq!(keys(&FocusedGraph::new(&g, &view)), ["c", "d", "y"]);
    }

    #[test]
    fn a_folded_folder_gathers_its_nodes() {
        let g = graph();
        let mut view = View::around(2, 9, 1);
        view.folded.insert(group(&g, "raw"));
        let f = FocusedGraph::new(&g, &view);
        assert_eq!(keys(&f), ["c", "d", "s.raw/", "x", "y"]);
        assert_eq!(
            f.nodes[2].subject,
            Subject::Folder { group: group(&g, "raw"), members: vec![0, 1] }
        );
        assert!(f.edges.iter().all(|edge| edge.from != edge.to));
        assert_eq!(f.shown(0), Some(2));
        view.folded.insert(group(&g, "s"));
        assert_eq!(keys(&FocusedGraph::new(&g, &view)), ["s/"]);
    }

    #[test]
    fn lines_pass_through_filtered_nodes() {
        let g = graph();
        let mut view = View::around(3, 2, 0);
        view.hidden.insert(2);
        let f = FocusedGraph::new(&g, &view);
        assert_eq!(keys(&f), ["a", "b", "d", "x"]);
        let indirect: Vec<(usize, usize)> = f
            .edges
            .iter()
            .filter(|edge| edge.is_indirect())
            .map(|edge| (edge.from, edge.to))
            .collect();
        assert_eq!(indirect, [(1, 2), (3, 2)]);
        let (boxes, pairs) =
            f.lit(&g, &BTreeSet::from([1, 2, 3]), &BTreeSet::from([(1, 2), (2, 3)]));
        assert_eq!((boxes, pairs), (vec![1, 2], vec![(1, 2)]));
    }

    #[test]
    fn a_given_set_shows_the_edges_inside_it() {
        let g = graph();
        let f = FocusedGraph::new(&g, &View::nodes(BTreeSet::from([0, 1, 3])));
        assert_eq!(keys(&f), ["a", "b", "d"]);
        assert_eq!(f.edges.len(), 1);
        assert_eq!(f.nodes[2].hidden_upstream, 1);
    }
}
