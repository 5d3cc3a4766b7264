//! A focused graph as rows: an indented tree of each side, and a table. For narrow terminals, pipes and screen readers.

use super::{
    digraph::Side,
    focus::{FocusedGraph, FocusedNode},
    glyph::Charset,
};

/// A row of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeRow {
    /// Index of the box in the focused graph.
    pub node: usize,
    /// Steps from the root, which has 0.
    pub depth: usize,
    /// For each level from the first to this one: whether more rows follow on that level.
    pub guides: Vec<bool>,
    /// Whether the box stands further up with everything below it.
    pub repeated: bool,
    /// Neighbours on the tree's side that are not shown.
    pub hidden: usize,
}

impl TreeRow {
    /// The lines before the text, such as `│  ├─ `.
    pub fn prefix(&self, charset: Charset) -> String {
        let (pass, none, branch, last) = match charset {
            Charset::Unicode => ("│  ", "   ", "├─ ", "└─ "),
            Charset::Ascii => ("|  ", "   ", "+- ", "`- "),
        };
        let mut text = String::new();
        for (level, &more) in self.guides.iter().enumerate() {
            text.push_str(match (level + 1 == self.guides.len(), more) {
                (true, true) => branch,
                (true, false) => last,
                (false, true) => pass,
                (false, false) => none,
            });
        }
        text
    }
}

/// The tree of one side of a box. Each box is opened once; where it occurs again, its row is marked as repeated.
pub fn tree(graph: &FocusedGraph, root: usize, side: Side) -> Vec<TreeRow> {
    let mut rows = Vec::new();
    let mut opened = vec![false; graph.nodes.len()];
    let mut open = vec![(root, Vec::new())];
    while let Some((node, guides)) = open.pop() {
        let Some(shown) = graph.nodes.get(node) else { continue };
        let children = graph.neighbours(node, side);
        let repeated = std::mem::replace(&mut opened[node], true) && !children.is_empty();
        let hidden = match side {
            Side::Upstream => shown.hidden_upstream,
            Side::Downstream => shown.hidden_downstream,
        };
        if !repeated {
            for (at, &child) in children.iter().enumerate().rev() {
                let mut guides: Vec<bool> = guides.clone();
                guides.push(at + 1 < children.len());
                open.push((child, guides));
            }
        }
        rows.push(TreeRow { node, depth: guides.len(), guides, repeated, hidden });
    }
    rows
}

/// Where a box stands, seen from the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// The focus reads it.
    Upstream,
    /// The focus itself.
    Focus,
    /// It reads the focus.
    Downstream,
    /// Both, by way of a cycle.
    Both,
    /// Neither: a neighbour of a neighbour, or a view without focus.
    Beside,
}

impl Relation {
    /// Where the box stands.
    pub fn of(node: &FocusedNode) -> Self {
        match (node.focus, node.upstream, node.downstream) {
            (true, ..) => Self::Focus,
            (_, Some(_), Some(_)) => Self::Both,
            (_, Some(_), None) => Self::Upstream,
            (_, None, Some(_)) => Self::Downstream,
            (_, None, None) => Self::Beside,
        }
    }

    /// The word for it in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Focus => "focus",
            Self::Downstream => "downstream",
            Self::Both => "both",
            Self::Beside => "beside",
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableRow {
    /// Index of the box in the focused graph.
    pub node: usize,
    /// Where it stands.
    pub relation: Relation,
    /// Hops from the focus, if it is connected to it.
    pub hops: Option<usize>,
    /// Boxes it reads.
    pub incoming: usize,
    /// Boxes that read it.
    pub outgoing: usize,
    /// Nodes it reads that are not shown.
    pub hidden_upstream: usize,
    /// Nodes that read it and are not shown.
    pub hidden_downstream: usize,
}

/// All boxes, from the farthest upstream to the farthest downstream, by key among equals.
pub fn table(graph: &FocusedGraph) -> Vec<TableRow> {
    let mut incoming = vec![0; graph.nodes.len()];
    let mut outgoing = vec![0; graph.nodes.len()];
    for edge in &graph.edges {
        outgoing[edge.from] += 1;
        incoming[edge.to] += 1;
    }
    let row = |(at, node): (usize, &FocusedNode)| TableRow {
        node: at,
        relation: Relation::of(node),
        hops: node.upstream.into_iter().chain(node.downstream).min(),
        incoming: incoming[at],
        outgoing: outgoing[at],
        hidden_upstream: node.hidden_upstream,
        hidden_downstream: node.hidden_downstream,
    };
    let mut rows: Vec<TableRow> = graph.nodes.iter().enumerate().map(row).collect();
    rows.sort_by_key(|row| {
        let hops = row.hops.unwrap_or(0);
        (
            row.relation,
            if row.relation == Relation::Upstream { usize::MAX - hops } else { hops },
            row.node,
        )
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            digraph::{Graph, Node},
            focus::View,
        },
        *,
    };

    fn focused() -> FocusedGraph {
        let nodes = ["a", "b", "c", "d", "e"].map(|name| Node::new([name])).to_vec();
        let graph = Graph::new(nodes, [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)]);
        FocusedGraph::new(&graph, &View::around(3, 9, 0))
    }

    #[test]
    fn a_tree_opens_each_box_once() {
        let f = focused();
        let lines: Vec<String> = tree(&f, f.shown(3).expect("shown"), Side::Upstream)
            .iter()
            .map(|row| {
                let mark = if row.repeated { " (again)" } else { "" };
                format!("{}{}{mark}", row.prefix(Charset::Unicode), f.nodes[row.node].key)
            })
            .collect();
        assert_eq!(lines, ["d", "├─ b", "│  └─ a", "└─ c", "   └─ a"]);
        let down = tree(&f, f.shown(3).expect("shown"), Side::Downstream);
        assert_eq!((down.len(), down[0].hidden), (1, 1));
    }

    #[test]
    fn a_box_met_again_is_marked_and_a_cycle_ends() {
        let nodes = ["a", "b", "c"].map(|name| Node::new([name])).to_vec();
        let graph = Graph::new(nodes, [(0, 1), (1, 2), (2, 0)]);
        let f = FocusedGraph::new(&graph, &View::around(0, 9, 9));
        let rows = tree(&f, 0, Side::Downstream);
        assert_eq!(
            rows.iter().map(|row| (row.node, row.repeated)).collect::<Vec<_>>(),
            [(0, false), (1, false), (2, false), (0, true)]
        );
    }

    #[test]
    fn the_table_goes_from_upstream_to_downstream() {
        let f = focused();
        let rows: Vec<(&str, &str, Option<usize>)> = table(&f)
            .iter()
            .map(|row| (f.nodes[row.node].key.as_str(), row.relation.as_str(), row.hops))
            .collect();
        assert_eq!(
            rows,
            [
                ("a", "upstream", Some(2)),
                ("b", "upstream", Some(1)),
                ("c", "upstream", Some(1)),
                ("d", "focus", Some(0))
            ]
        );
    }
}
