//! Our lineage beside Dremio's own (Enterprise and Cloud, contract §5): where they differ, and what
//! the server knows of views whose SQL could not be read.

use rustc_hash::{FxHashMap, FxHashSet};

use super::graph::{Edge, LineageGraph, LineageNode, NodeIndex, NodeRole, Origin, ReadingStatus};
use crate::model::{Catalog, DatasetPath, NodeKind, NodeRef};
use crate::sqlflow::Confidence;

/// A view whose tables the SQL and Dremio's graph tell differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The view.
    pub view: DatasetPath,
    /// Tables that only the SQL names. The server leaves out what we may not see, so this proves
    /// nothing by itself.
    pub only_in_sql: Vec<DatasetPath>,
    /// Tables that only Dremio's graph names.
    pub only_in_graph: Vec<DatasetPath>,
}

/// Compares with what the server says are the parents of views. Edges that both know carry both
/// origins in the result; those of views whose SQL is hidden or failed to parse are added.
pub fn compare(
    graph: LineageGraph,
    catalog: &Catalog,
    parents: &[(DatasetPath, Vec<DatasetPath>)],
) -> (LineageGraph, Vec<Difference>) {
    let mut differences = Vec::new();
    let mut nodes = Vec::new();
    let mut edges = Vec::new();
    for (path, parents) in parents {
        let Some(view) = graph.find(path) else { continue };
        let status = graph.node(view).reading.as_ref().map(|reading| reading.status);
        let is_read = matches!(status, Some(ReadingStatus::Parsed | ReadingStatus::Partial));
        let told: FxHashMap<DatasetPath, &DatasetPath> =
            parents.iter().map(|parent| (parent.folded(), parent)).collect();
        let mut by_sql = FxHashSet::default();
        let mut difference = Difference {
            view: graph.node(view).path.clone(),
            only_in_sql: Vec::new(),
            only_in_graph: Vec::new(),
        };
        for (_, edge) in graph.upstream(view) {
            let upstream = graph.node(edge.from);
            let key = upstream.path.folded();
            let is_told = told.contains_key(&key);
            if !is_told
                && matches!(upstream.role, NodeRole::Table | NodeRole::View)
                && edge.via_function.is_none()
                && edge.confidence > Confidence::Low
                && edge.from != view
            {
                difference.only_in_sql.push(upstream.path.clone());
            }
            by_sql.insert(key);
        }
        for (key, parent) in told {
            let is_new = !by_sql.contains(&key);
            if is_new && is_read {
                difference.only_in_graph.push(parent.clone());
                continue;
            }
            if is_new {
                nodes.push(node(catalog, parent));
            }
            edges.push((parent.clone(), path.clone(), edge()));
        }
        difference.only_in_graph.sort();
        if !difference.only_in_sql.is_empty() || !difference.only_in_graph.is_empty() {
            differences.push(difference);
        }
    }
    differences.sort_by(|a, b| a.view.cmp(&b.view));
    (graph.with(nodes, edges), differences)
}

fn edge() -> Edge {
    Edge {
        from: NodeIndex(0),
        to: NodeIndex(0),
        origins: vec![Origin::DremioGraph],
        confidence: Confidence::Found,
        columns: Vec::new(),
        rows: Vec::new(),
        versions: Vec::new(),
        via_function: None,
        at: None,
    }
}

/// A parent that only the server names; it exists, whether or not the catalogue shows it.
fn node(catalog: &Catalog, path: &DatasetPath) -> LineageNode {
    let found = catalog.at(path);
    LineageNode {
        path: path.clone(),
        role: match found.map(NodeRef::kind) {
            Some(NodeKind::View) => NodeRole::View,
            _ => NodeRole::Table,
        },
        catalog: found.map(NodeRef::id),
        columns: Vec::new(),
        reading: None,
        unchecked: None,
        tags: Vec::new(),
    }
}
