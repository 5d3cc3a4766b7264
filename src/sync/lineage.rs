//! From the lineage graph to the edges that OpenMetadata should hold.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::desired::{Body, Desired, DesiredEdge, DesiredEntity};
use crate::lineage::{Edge, LineageGraph, Origin, ReadingStatus};
use crate::model::path::fold;
use crate::model::{Catalog, DatasetPath, NodeRef};
use crate::sqlflow::Kind;

/// The edges into the tables of `desired`. `everything` is the projection of the whole catalogue,
/// from which tables outside the selection get their names.
pub fn desired_edges(
    graph: &LineageGraph,
    catalog: &Catalog,
    everything: &Desired,
    desired: &Desired,
) -> Vec<DesiredEdge> {
    let tables = |projection: &'_ Desired| -> HashMap<DatasetPath, usize> {
        projection
            .entities
            .iter()
            .enumerate()
            .filter(|(_, entity)| matches!(entity.body, Body::Table(_)))
            .map(|(index, entity)| (entity.path.folded(), index))
            .collect()
    };
    let (named, wanted) = (tables(everything), tables(desired));
    let mut edges = Vec::new();
    for edge in graph.edges() {
        let (from, to) = (graph.node(edge.from), graph.node(edge.to));
        if edge.from == edge.to {
            continue;
        }
        let (Some(from), Some(to)) =
            (named.get(&from.path.folded()), wanted.get(&to.path.folded()))
        else {
            continue;
        };
        let (from, to) = (&everything.entities[*from], &desired.entities[*to]);
        let sql = catalog.at(&to.path).and_then(NodeRef::sql).map(str::to_owned);
        edges.push(project_edge(edge, from, to, sql));
    }
    edges
}

/// FQNs of the views of `desired` whose SQL was read wholly.
pub fn traced(graph: &LineageGraph, desired: &Desired) -> HashSet<String> {
    let is_read = |path: &DatasetPath| {
        let node = graph.find(path).map(|index| graph.node(index));
        let reading = node.and_then(|node| node.reading.as_ref());
        reading.is_some_and(|reading| reading.status == ReadingStatus::Parsed)
    };
    let tables = desired.entities.iter().filter(|entity| matches!(entity.body, Body::Table(_)));
    tables.filter(|entity| is_read(&entity.path)).map(|entity| entity.fqn.clone()).collect()
}

fn project_edge(
    edge: &Edge,
    from: &DesiredEntity,
    to: &DesiredEntity,
    sql: Option<String>,
) -> DesiredEdge {
    let (from_names, to_names) = (sent_names(from), sent_names(to));
    let mut by_target: BTreeMap<&String, (Vec<String>, Option<String>)> = BTreeMap::new();
    for column in &edge.columns {
        let (Some(source), Some(target)) =
            (from_names.get(&fold(&column.from)), to_names.get(&fold(&column.to)))
        else {
            continue;
        };
        let (sources, function) = by_target.entry(target).or_default();
        if !sources.contains(source) {
            sources.push(source.clone());
        }
        if column.kind != Kind::Identity {
            *function = Some(column.expression.trim().to_owned());
        }
    }
    let is_dbt_only = edge.origins == [Origin::Dbt];
    DesiredEdge {
        from: from.fqn.clone(),
        to: to.fqn.clone(),
        source: if is_dbt_only { "DbtLineage" } else { "ViewLineage" }.to_owned(),
        sql,
        columns: by_target
            .into_iter()
            .map(|(target, (sources, function))| (sources, target.clone(), function))
            .collect(),
    }
}

/// The names under which a table's columns are sent, by Dremio's name, folded.
fn sent_names(entity: &DesiredEntity) -> HashMap<String, String> {
    let Body::Table(table) = &entity.body else { return HashMap::new() };
    entity
        .dremio_columns
        .iter()
        .zip(&table.columns)
        .map(|(dremio, sent)| (fold(dremio), sent.name.clone()))
        .collect()
}
