//! Following one table or column through a graph: where it comes from, what depends on it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::graph::{EdgeIndex, LineageGraph, NodeIndex};
use crate::model::path::fold;

/// A column of a node, its name folded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnAt {
    /// The node.
    pub node: NodeIndex,
    /// The column's name, lower-cased.
    pub column: String,
}

/// All columns that one column comes from and flows into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnTrace {
    /// The columns on the trace, itself included, by hops: negative upstream, positive downstream.
    pub columns: BTreeMap<ColumnAt, i32>,
    /// Edges on the trace, with the pairs of columns (folded) that they carry.
    pub edges: BTreeMap<EdgeIndex, Vec<(String, String)>>,
}

impl ColumnTrace {
    /// The nodes on the trace.
    pub fn nodes(&self) -> BTreeSet<NodeIndex> {
        self.columns.keys().map(|at| at.node).collect()
    }
}

/// Follows a column both ways, `up` and `down` hops far (`None` = as far as it goes). Influences
/// on values count, those on rows do not.
pub fn trace_column(
    graph: &LineageGraph,
    start: &ColumnAt,
    up: Option<u32>,
    down: Option<u32>,
) -> ColumnTrace {
    let mut trace = ColumnTrace::default();
    trace.columns.insert(start.clone(), 0);
    for (is_up, limit) in [(true, up), (false, down)] {
        let mut queue = VecDeque::from([(start.clone(), 0_u32)]);
        let mut seen = BTreeSet::from([start.clone()]);
        while let Some((at, hops)) = queue.pop_front() {
            if limit.is_some_and(|limit| hops >= limit) {
                continue;
            }
            for (far, edge, pair) in steps(graph, &at, is_up) {
                let pairs = trace.edges.entry(edge).or_default();
                if !pairs.contains(&pair) {
                    pairs.push(pair);
                }
                let distance = i32::try_from(hops + 1).unwrap_or(i32::MAX);
                let signed = if is_up { -distance } else { distance };
                trace.columns.entry(far.clone()).or_insert(signed);
                if seen.insert(far.clone()) {
                    queue.push_back((far, hops + 1));
                }
            }
        }
    }
    trace
}

type Step = (ColumnAt, EdgeIndex, (String, String));

/// The columns one hop away, with the edge and its (upstream, downstream) pair.
fn steps(graph: &LineageGraph, at: &ColumnAt, is_up: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = |index: EdgeIndex, node: NodeIndex| {
        for column in &graph.edge(index).columns {
            let (from, to) = (fold(&column.from), fold(&column.to));
            let (near, far) = if is_up { (&to, &from) } else { (&from, &to) };
            if *near == at.column {
                steps.push((ColumnAt { node, column: far.clone() }, index, (from, to)));
            }
        }
    };
    if is_up {
        graph.upstream(at.node).for_each(|(index, edge)| step(index, edge.from));
    } else {
        graph.downstream(at.node).for_each(|(index, edge)| step(index, edge.to));
    }
    steps
}

/// One thing that depends on a table or column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impact {
    /// What depends on it.
    pub node: NodeIndex,
    /// How many edges away, at least 1.
    pub hops: u32,
    /// The node one hop nearer, by which it is reached first.
    pub via: NodeIndex,
    /// Whether all of it is affected: all of a table was asked for, or the column decides rows of
    /// this or of something on the way.
    pub is_whole: bool,
    /// Columns of `node` that the column asked for flows into; empty when all of the table is meant.
    pub columns: Vec<Arc<str>>,
    /// The column decides which rows `node` has, whatever its columns.
    pub decides_rows: bool,
    /// The SQL fragments that use it, one for each affected column.
    pub expressions: Vec<Arc<str>>,
}

/// What depends on a node, or on one of its columns, nearest first. Once a column decides the rows
/// of a view, everything below that view is affected.
pub fn impact(graph: &LineageGraph, node: NodeIndex, column: Option<&str>) -> Vec<Impact> {
    // What of a reached node is affected: all of it, or these folded columns.
    let mut affected: BTreeMap<NodeIndex, Option<BTreeSet<String>>> = BTreeMap::new();
    affected.insert(node, column.map(|column| BTreeSet::from([fold(column)])));
    let mut found: BTreeMap<NodeIndex, Impact> = BTreeMap::new();
    let mut queue = VecDeque::from([(node, 0_u32)]);
    while let Some((at, hops)) = queue.pop_front() {
        let what = affected.get(&at).cloned().flatten();
        for (_, edge) in graph.downstream(at) {
            if edge.to == node {
                continue;
            }
            let (mut columns, mut expressions) = (Vec::new(), Vec::new());
            let mut decides_rows = false;
            if let Some(what) = &what {
                for step in edge.columns.iter().filter(|step| what.contains(&fold(&step.from))) {
                    if !columns.contains(&step.to) {
                        columns.push(Arc::clone(&step.to));
                        expressions.push(Arc::clone(&step.expression));
                    }
                }
                decides_rows = edge.rows.iter().any(|row| what.contains(&fold(&row.from)));
                if columns.is_empty() && !decides_rows {
                    continue;
                }
            }
            let is_whole = what.is_none() || decides_rows;
            let grown = match affected.get_mut(&edge.to) {
                Some(None) => false,
                Some(known) if is_whole => {
                    *known = None;
                    true
                }
                Some(Some(known)) => {
                    let before = known.len();
                    known.extend(columns.iter().map(|column| fold(column)));
                    known.len() > before
                }
                None => {
                    let set = columns.iter().map(|column| fold(column)).collect();
                    affected.insert(edge.to, (!is_whole).then_some(set));
                    true
                }
            };
            let entry = found.entry(edge.to).or_insert_with(|| Impact {
                node: edge.to,
                hops: hops + 1,
                via: at,
                is_whole: false,
                columns: Vec::new(),
                decides_rows: false,
                expressions: Vec::new(),
            });
            entry.decides_rows |= decides_rows;
            for (column, expression) in columns.into_iter().zip(expressions) {
                if !entry.columns.contains(&column) {
                    entry.columns.push(column);
                    entry.expressions.push(expression);
                }
            }
            if grown {
                queue.push_back((edge.to, hops + 1));
            }
        }
    }
    let mut impacts: Vec<Impact> = found
        .into_values()
        .map(|impact| {
            let is_whole = matches!(affected.get(&impact.node), Some(None));
            Impact { is_whole, ..impact }
        })
        .collect();
    impacts.sort_by_key(|impact| (impact.hops, impact.node));
    impacts
}
