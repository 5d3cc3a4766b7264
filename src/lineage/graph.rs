//! [`LineageGraph`]: tables, views and what flows between them.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::model::path::fold;
use crate::model::{DatasetPath, NodeId};
use crate::sqlflow::{Confidence, Diagnostic, Influence, Kind, RowInfluence};

/// A place in a view's SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SqlPosition {
    /// Line, from 1.
    pub line: usize,
    /// Column in that line, from 1, in characters.
    pub column: usize,
}

/// Names a node of one graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub u32);

/// Names an edge of one graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeIndex(pub u32);

impl NodeIndex {
    /// For indexing side tables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl EdgeIndex {
    /// For indexing side tables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node is to the lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeRole {
    /// A table.
    Table,
    /// A view.
    View,
    /// A whole source, read through SQL that Dremio only hands on.
    Source,
    /// A system table: `sys.…`, `INFORMATION_SCHEMA.…`.
    System,
    /// Named in SQL, and no table or view in the catalogue.
    Missing,
    /// A dashboard or report that dbt knows of.
    Exposure,
}

impl NodeRole {
    /// The word for people and exports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::Source => "source",
            Self::System => "system",
            Self::Missing => "missing",
            Self::Exposure => "exposure",
        }
    }
}

/// Where an edge is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Read from the view's SQL.
    ViewSql,
    /// Told by a dbt manifest.
    Dbt,
    /// Told by Dremio's own graph (Enterprise and Cloud).
    DremioGraph,
}

impl Origin {
    /// The words for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::ViewSql => "view SQL",
            Self::Dbt => "dbt",
            Self::DremioGraph => "Dremio graph",
        }
    }
}

/// How well a view's SQL could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadingStatus {
    /// Wholly.
    Parsed,
    /// With gaps that the diagnostics name.
    Partial,
    /// Only its tables, by scanning the words.
    Failed,
    /// The server does not show the SQL.
    Hidden,
    /// The view's details could not be or have not been read.
    Unread,
}

impl ReadingStatus {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parsed => "parsed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Hidden => "SQL hidden",
            Self::Unread => "not read",
        }
    }
}

/// What reading a view's SQL came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// How well it went.
    pub status: ReadingStatus,
    /// What was not understood or does not fit, with line and column in the SQL.
    pub diagnostics: Vec<Diagnostic>,
    /// Columns of the view whose origin is known, constants included.
    pub traced_columns: usize,
    /// Columns of the view in all.
    pub columns: usize,
}

/// A table, a view, or something they name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineageNode {
    /// Where it stands; as written in SQL if it is missing.
    pub path: DatasetPath,
    /// What it is.
    pub role: NodeRole,
    /// The node in the catalogue, where there is one.
    pub catalog: Option<NodeId>,
    /// Column names in order, where known; of a view whose columns the catalogue does not know,
    /// those that its SQL gives.
    pub columns: Vec<Arc<str>>,
    /// For views, how well the SQL could be read.
    pub reading: Option<Reading>,
    /// Of something missing: why it may exist all the same.
    pub unchecked: Option<Arc<str>>,
    /// Tags that dbt gives it.
    pub tags: Vec<Arc<str>>,
}

/// One column flowing into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnEdge {
    /// Column of the upstream node.
    pub from: Arc<str>,
    /// Column of the downstream node.
    pub to: Arc<str>,
    /// The strongest step on the way.
    pub kind: Kind,
    /// How it acts.
    pub influence: Influence,
    /// The SQL that makes the downstream column of this one.
    pub expression: Arc<str>,
    /// Further SQL that it comes through: of CTEs, of subqueries, of other branches of a UNION.
    pub further: Vec<Arc<str>>,
}

impl ColumnEdge {
    /// All SQL that it comes through, outermost first.
    pub fn fragments(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.expression).chain(&self.further).map(|sql| &**sql)
    }
}

/// A column that decides which rows the downstream node has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowEdge {
    /// Column of the upstream node.
    pub from: Arc<str>,
    /// How it decides.
    pub influence: RowInfluence,
}

/// Everything that flows from one node into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The upstream node.
    pub from: NodeIndex,
    /// The downstream node.
    pub to: NodeIndex,
    /// Where it is known from; sorted, never empty.
    pub origins: Vec<Origin>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Columns that flow, by downstream column.
    pub columns: Vec<ColumnEdge>,
    /// Columns that decide rows.
    pub rows: Vec<RowEdge>,
    /// Versions asked for, as written: `BRANCH dev`.
    pub versions: Vec<String>,
    /// The function through whose body it is read.
    pub via_function: Option<DatasetPath>,
    /// Where the downstream view's SQL first names the upstream node.
    pub at: Option<SqlPosition>,
}

/// The whole graph; nodes in path order, edges by (downstream, upstream).
#[derive(Clone, Debug, Default)]
pub struct LineageGraph {
    nodes: Vec<LineageNode>,
    edges: Vec<Edge>,
    by_path: FxHashMap<DatasetPath, NodeIndex>,
    into: Vec<Vec<EdgeIndex>>,
    out_of: Vec<Vec<EdgeIndex>>,
    /// Ends of the edges on which dbt and the SQL of views disagree.
    pub(super) disputed: FxHashSet<(NodeIndex, NodeIndex)>,
}

impl LineageGraph {
    /// A graph of these nodes and edges; edges with the same ends are joined.
    pub fn new(nodes: Vec<LineageNode>, edges: Vec<Edge>) -> Self {
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_by(|a, b| nodes[*a].path.cmp(&nodes[*b].path));
        let mut moved = vec![NodeIndex(0); nodes.len()];
        for (new, old) in order.iter().enumerate() {
            moved[*old] = NodeIndex(u32::try_from(new).unwrap_or(u32::MAX));
        }
        let mut slots: Vec<Option<LineageNode>> = nodes.into_iter().map(Some).collect();
        let nodes: Vec<LineageNode> =
            order.into_iter().filter_map(|old| slots[old].take()).collect();
        let mut edges: Vec<Edge> = edges
            .into_iter()
            .map(|edge| Edge { from: moved[edge.from.index()], to: moved[edge.to.index()], ..edge })
            .collect();
        edges.sort_by_key(|edge| (edge.to, edge.from));
        // `dedup_by` hands over the later one first.
        edges.dedup_by(|later, earlier| {
            let is_same = (later.from, later.to) == (earlier.from, earlier.to);
            if is_same {
                join(earlier, later);
            }
            is_same
        });
        let by_path = nodes
            .iter()
            .enumerate()
            .map(|(index, node)| {
                (node.path.folded(), NodeIndex(u32::try_from(index).unwrap_or(u32::MAX)))
            })
            .collect();
        let mut into = vec![Vec::new(); nodes.len()];
        let mut out_of = vec![Vec::new(); nodes.len()];
        for (index, edge) in edges.iter().enumerate() {
            let index = EdgeIndex(u32::try_from(index).unwrap_or(u32::MAX));
            into[edge.to.index()].push(index);
            out_of[edge.from.index()].push(index);
        }
        Self { nodes, edges, by_path, into, out_of, disputed: FxHashSet::default() }
    }

    /// The graph with further nodes and edges; those point at nodes by path, compared without case,
    /// and are left out where an end is missing.
    pub fn with(
        self,
        nodes: Vec<LineageNode>,
        edges: impl IntoIterator<Item = (DatasetPath, DatasetPath, Edge)>,
    ) -> Self {
        let Self { nodes: mut all, edges: mut all_edges, mut by_path, .. } = self;
        for node in nodes {
            let next = NodeIndex(u32::try_from(all.len()).unwrap_or(u32::MAX));
            if let std::collections::hash_map::Entry::Vacant(place) =
                by_path.entry(node.path.folded())
            {
                place.insert(next);
                all.push(node);
            }
        }
        for (from, to, edge) in edges {
            let ends = (by_path.get(&from.folded()), by_path.get(&to.folded()));
            if let (Some(from), Some(to)) = ends {
                all_edges.push(Edge { from: *from, to: *to, ..edge });
            }
        }
        Self::new(all, all_edges)
    }

    /// Gives tags to a node, compared without case.
    pub fn tag(&mut self, path: &DatasetPath, tags: impl IntoIterator<Item = Arc<str>>) {
        let Some(index) = self.find(path) else { return };
        let known = &mut self.nodes[index.index()].tags;
        known.extend(tags);
        known.sort();
        known.dedup();
    }

    /// Takes in what looking for missing things at their paths came to: these are known not to
    /// exist, of those it could not be found out.
    pub fn settle<'a>(
        &mut self,
        absent: impl IntoIterator<Item = &'a DatasetPath>,
        failed: impl IntoIterator<Item = (&'a DatasetPath, &'a str)>,
    ) {
        let absent = absent.into_iter().map(|path| (path, None));
        let failed = failed.into_iter().map(|(path, why)| (path, Some(Arc::from(why))));
        for (path, unchecked) in absent.chain(failed) {
            if let Some(index) = self.find(path)
                && self.nodes[index.index()].role == NodeRole::Missing
            {
                self.nodes[index.index()].unchecked = unchecked;
            }
        }
    }

    /// The nodes in path order.
    pub fn nodes(&self) -> &[LineageNode] {
        &self.nodes
    }

    /// The edges.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Every node's index.
    pub fn indices(&self) -> impl Iterator<Item = NodeIndex> + use<> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)).map(NodeIndex)
    }

    /// Every edge's index.
    pub fn edge_indices(&self) -> impl Iterator<Item = EdgeIndex> + use<> {
        (0..u32::try_from(self.edges.len()).unwrap_or(u32::MAX)).map(EdgeIndex)
    }

    /// A node.
    pub fn node(&self, index: NodeIndex) -> &LineageNode {
        &self.nodes[index.index()]
    }

    /// An edge.
    pub fn edge(&self, index: EdgeIndex) -> &Edge {
        &self.edges[index.index()]
    }

    /// The node at a path, compared without case.
    pub fn find(&self, path: &DatasetPath) -> Option<NodeIndex> {
        self.by_path.get(&path.folded()).copied()
    }

    /// The edges into a node.
    pub fn upstream(&self, node: NodeIndex) -> impl ExactSizeIterator<Item = (EdgeIndex, &Edge)> {
        self.into[node.index()].iter().map(|index| (*index, self.edge(*index)))
    }

    /// The edges out of a node.
    pub fn downstream(&self, node: NodeIndex) -> impl ExactSizeIterator<Item = (EdgeIndex, &Edge)> {
        self.out_of[node.index()].iter().map(|index| (*index, self.edge(*index)))
    }

    /// The edge between two nodes, if there is one.
    pub fn between(&self, from: NodeIndex, to: NodeIndex) -> Option<&Edge> {
        self.upstream(to).map(|(_, edge)| edge).find(|edge| edge.from == from)
    }

    /// Groups of nodes that feed themselves; each in path order.
    pub fn cycles(&self) -> Vec<Vec<NodeIndex>> {
        strong_components(self)
            .into_iter()
            .filter(|group| {
                group.len() > 1 || self.downstream(group[0]).any(|(_, edge)| edge.to == group[0])
            })
            .collect()
    }
}

/// Takes into an edge what another with the same ends knows.
fn join(edge: &mut Edge, other: &Edge) {
    edge.origins.extend(&other.origins);
    edge.origins.sort_unstable();
    edge.origins.dedup();
    edge.confidence = edge.confidence.max(other.confidence);
    edge.at = edge.at.or(other.at);
    if !other.columns.is_empty() {
        let key = |column: &ColumnEdge| (fold(&column.from), fold(&column.to), column.influence);
        let mut known: FxHashSet<_> = edge.columns.iter().map(key).collect();
        let new = other.columns.iter().filter(|column| known.insert(key(column)));
        edge.columns.extend(new.cloned());
    }
    edge.rows.extend(other.rows.iter().cloned());
    edge.rows.sort();
    edge.rows.dedup();
    for version in &other.versions {
        if !edge.versions.contains(version) {
            edge.versions.push(version.clone());
        }
    }
    if edge.via_function.is_none() {
        edge.via_function.clone_from(&other.via_function);
    }
}

/// Tarjan's algorithm without recursion: view chains may be long.
fn strong_components(graph: &LineageGraph) -> Vec<Vec<NodeIndex>> {
    const UNSEEN: u32 = u32::MAX;
    let count = graph.nodes.len();
    let mut number = vec![UNSEEN; count];
    let mut low = vec![0_u32; count];
    let mut on_stack = vec![false; count];
    let (mut next, mut stack, mut groups) = (0, Vec::new(), Vec::new());
    for start in 0..count {
        if number[start] != UNSEEN {
            continue;
        }
        let mut calls = vec![(start, 0)];
        while let Some((node, position)) = calls.pop() {
            if position == 0 {
                number[node] = next;
                low[node] = next;
                next += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(edge) = graph.out_of[node].get(position) {
                calls.push((node, position + 1));
                let child = graph.edge(*edge).to.index();
                if number[child] == UNSEEN {
                    calls.push((child, 0));
                } else if on_stack[child] {
                    low[node] = low[node].min(number[child]);
                }
                continue;
            }
            if low[node] == number[node] {
                let mut group = Vec::new();
                while let Some(member) = stack.pop() {
                    on_stack[member] = false;
                    group.push(NodeIndex(u32::try_from(member).unwrap_or(u32::MAX)));
                    if member == node {
                        break;
                    }
                }
                group.sort_unstable();
                groups.push(group);
            }
            if let Some((parent, _)) = calls.last() {
                low[*parent] = low[*parent].min(low[node]);
            }
        }
    }
    groups.sort();
    groups
}
