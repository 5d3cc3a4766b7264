//! dbt's edges joined to the catalogue's lineage: one graph, an origin on every edge, and what the
//! two disagree on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;

use super::graph::{Edge, LineageGraph, LineageNode, NodeIndex, NodeRole, Origin, ReadingStatus};
use super::reading::read_sql;
use crate::dbt::relation::relation_name_path;
use crate::dbt::{Manifest, MatchReport, ModelGraph, Node, NodeMatch, sql};
use crate::model::{Catalog, DatasetPath, NodeKind};
use crate::sqlflow::Confidence;

/// First part of the path under which an exposure stands in the graph; no dataset can have it.
const EXPOSURES: &str = "dbt exposures";

/// An edge that only one of the two knows, into a view whose SQL was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Disagreement {
    /// The upstream dataset.
    pub from: DatasetPath,
    /// The view.
    pub to: DatasetPath,
    /// Which of the two knows the edge.
    pub known_to: Origin,
}

/// The graph with dbt's edges between matched datasets and its exposures as leaves, and where the
/// views' SQL says otherwise. Tables that dbt builds get column lineage from the compiled SQL.
pub fn merge(
    graph: LineageGraph,
    catalog: &Catalog,
    manifest: &Manifest,
    report: &MatchReport,
) -> (LineageGraph, Vec<Disagreement>) {
    let model_graph = ModelGraph::of(manifest);
    let datasets = report.datasets();
    let dataset = |index: usize| datasets.get(&*manifest.nodes[index].unique_id).copied();
    let mut edges = Vec::new();
    let mut pairs: HashSet<(DatasetPath, DatasetPath)> = HashSet::new();
    for edge in &model_graph.physical_edges {
        if let (Some(from), Some(to)) = (dataset(edge.from), dataset(edge.to))
            && !from.is_same(to)
        {
            pairs.insert((from.folded(), to.folded()));
            edges.push((from.clone(), to.clone(), bare_edge()));
        }
    }
    for node in manifest.data_nodes() {
        if let Some(to) = datasets.get(&*node.unique_id) {
            edges.extend(columns_from_sql(catalog, manifest, node, to, &pairs));
        }
    }
    let mut exposures = Vec::new();
    for (from, index) in &model_graph.exposure_edges {
        let Some(from) = dataset(*from) else { continue };
        let exposure = &manifest.exposures[*index];
        let path = DatasetPath::new([EXPOSURES, &exposure.name]);
        exposures.push(LineageNode {
            path: path.clone(),
            role: NodeRole::Exposure,
            catalog: None,
            columns: Vec::new(),
            reading: None,
            unchecked: None,
            tags: Vec::new(),
        });
        edges.push((from.clone(), path, bare_edge()));
    }
    let mut merged = graph.with(exposures, edges);
    for node in manifest.data_nodes().filter(|node| !node.tags.is_empty()) {
        if let Some(path) = datasets.get(&*node.unique_id) {
            merged.tag(path, node.tags.iter().map(|tag| Arc::from(&**tag)));
        }
    }
    let known = datasets.values().map(|path| path.folded()).collect();
    let told = told_of_missing(manifest, report, &model_graph);
    let disagreements = disagreements(&merged, &known, &told);
    merged.dispute(&disagreements);
    (merged, disagreements)
}

fn bare_edge() -> Edge {
    Edge {
        from: NodeIndex(0),
        to: NodeIndex(0),
        origins: vec![Origin::Dbt],
        confidence: Confidence::Found,
        columns: Vec::new(),
        rows: Vec::new(),
        versions: Vec::new(),
        via_function: None,
        at: None,
    }
}

/// The columns of a table that dbt builds, from its SQL; a view's own SQL is the better witness.
fn columns_from_sql(
    catalog: &Catalog,
    manifest: &Manifest,
    node: &Node,
    to: &DatasetPath,
    pairs: &HashSet<(DatasetPath, DatasetPath)>,
) -> Vec<(DatasetPath, DatasetPath, Edge)> {
    let Some(found) = catalog.at(to).filter(|found| found.kind() != NodeKind::View) else {
        return Vec::new();
    };
    if !node.is_stored() {
        return Vec::new();
    }
    let Some(sql) = sql::compiled(manifest, node) else { return Vec::new() };
    read_sql(catalog, found, &sql)
        .into_iter()
        .filter(|source| pairs.contains(&(source.path.folded(), to.folded())))
        .map(|source| {
            let edge = Edge { columns: source.columns, rows: source.rows, ..bare_edge() };
            (source.path, to.clone(), edge)
        })
        .collect()
}

/// The edges that dbt tells from nodes that Dremio does not have, as it writes them into SQL. They are
/// no edges of the graph, but what a view's SQL says of such a name is nothing that dbt denies.
fn told_of_missing(
    manifest: &Manifest,
    report: &MatchReport,
    model_graph: &ModelGraph,
) -> HashSet<(DatasetPath, DatasetPath)> {
    let matches: HashMap<&str, &NodeMatch> =
        report.nodes.iter().map(|found| (found.unique_id.as_str(), found)).collect();
    let found = |index: usize| matches.get(&*manifest.nodes[index].unique_id).copied();
    let edges = model_graph.physical_edges.iter().filter_map(|edge| {
        let from = found(edge.from).filter(|from| from.dataset().is_none())?;
        let to = found(edge.to)?.dataset()?;
        let names = from.expected.iter().cloned();
        let written = manifest.nodes[edge.from].relation_name.as_deref().map(relation_name_path);
        Some(names.chain(written).map(|name| (name.folded(), to.folded())))
    });
    edges.flatten().collect()
}

fn disagreements(
    graph: &LineageGraph,
    known: &HashSet<DatasetPath>,
    told: &HashSet<(DatasetPath, DatasetPath)>,
) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for edge in graph.edges() {
        let (from, to) = (graph.node(edge.from), graph.node(edge.to));
        let is_read = to.reading.as_ref().is_some_and(|reading| {
            matches!(reading.status, ReadingStatus::Parsed | ReadingStatus::Partial)
        });
        if !is_read || edge.from == edge.to || !known.contains(&to.path.folded()) {
            continue;
        }
        let known_to = match edge.origins.as_slice() {
            [Origin::Dbt] => Origin::Dbt,
            [Origin::ViewSql] if told.contains(&(from.path.folded(), to.path.folded())) => continue,
            [Origin::ViewSql] => Origin::ViewSql,
            _ => continue,
        };
        found.push(Disagreement { from: from.path.clone(), to: to.path.clone(), known_to });
    }
    found.sort();
    found
}
