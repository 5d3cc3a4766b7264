//! The catalogue's lineage: the demo's as a person would expect it, small catalogues with one trouble
//! each, tables read at their paths, and updates that equal a fresh reading.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod catalogs;
mod paths;
#[cfg(feature = "demo")]
mod shop;
mod updates;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dremio_explorer::discovery::{
    CatalogApi, DiscoveryEvent, DiscoveryOptions, GraphApi, discover, parents,
};
use dremio_explorer::dremio::{
    BatchAnswer, ChildPage, Client, ConnectOptions, Credentials, Deployment, EntityRef, Error,
    Graph, PageToken, QueryResult,
};
use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::lineage::{
    BrokenKind, ColumnAt, Completed, Engine, LineageGraph, NodeIndex, NodeRole, Origin,
    ReadingStatus, SqlPosition, check, compare, complete, impact, trace_column,
};
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail,
    FunctionDetail, Item, Listing, NodeError, NodeErrorKind, NodeKind, NodeRef, TableKind,
};
use dremio_explorer::sqlflow::{Confidence, Influence, Kind, RowInfluence};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

const TABLE: NodeKind = NodeKind::Table(TableKind::Promoted);

fn path(text: &str) -> DatasetPath {
    if text.is_empty() { DatasetPath::default() } else { text.parse().expect("a path") }
}

fn item(text: &str, kind: NodeKind) -> Item {
    Item { path: path(text), id: Some(format!("id of {text}")), kind, raw_kind: None }
}

fn listed(parent: &str, items: Vec<Item>) -> Change {
    Change::Children { parent: path(parent), items, first: true, last: true }
}

fn entity(text: &str, kind: NodeKind, columns: Option<&[&str]>, sql: Option<&str>) -> Entity {
    let columns = columns.map(|names| {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            data_type: DataType::BigInt,
            nullable: None,
        };
        names.iter().map(column).collect()
    });
    Entity {
        item: item(text, kind),
        created_at: None,
        detail: EntityDetail::Dataset(DatasetDetail {
            columns,
            sql: sql.map(str::to_owned),
            ..DatasetDetail::default()
        }),
    }
}

/// A catalogue of a space `s` and a source `lake`, both open.
#[derive(Default)]
struct World(Catalog);

impl World {
    fn new() -> Self {
        let mut world = Self::default();
        world.0.apply(listed("", vec![item("s", NodeKind::Space), item("lake", NodeKind::Source)]));
        world
    }

    fn table(mut self, text: &str, columns: &[&str]) -> Self {
        self.0.apply(Change::Entity(Box::new(entity(text, TABLE, Some(columns), None))));
        self
    }

    fn open_table(mut self, text: &str) -> Self {
        self.0.apply(Change::Entity(Box::new(entity(text, TABLE, None, None))));
        self
    }

    fn view(mut self, text: &str, columns: &[&str], sql: &str) -> Self {
        let view = entity(text, NodeKind::View, Some(columns), Some(sql));
        self.0.apply(Change::Entity(Box::new(view)));
        self
    }

    /// A view whose columns the server does not tell.
    fn bare_view(mut self, text: &str, sql: &str) -> Self {
        let view = entity(text, NodeKind::View, None, Some(sql));
        self.0.apply(Change::Entity(Box::new(view)));
        self
    }

    /// Ends the listings, so that what is not there does not exist.
    fn closed(mut self) -> Self {
        for root in ["s", "lake"] {
            let items = self.0.at(&path(root)).unwrap().children().map(NodeRef::item);
            let items = items.collect();
            self.0.apply(listed(root, items));
        }
        self
    }

    fn graph(&self) -> LineageGraph {
        Engine::new(&self.0).graph(&self.0)
    }
}

fn at(graph: &LineageGraph, text: &str) -> NodeIndex {
    graph.find(&path(text)).unwrap_or_else(|| panic!("{text} is not in the graph"))
}

/// `from.column → to.column kind influence` of all edges, sorted.
fn flows(graph: &LineageGraph) -> Vec<String> {
    let mut flows: Vec<String> = graph
        .edges()
        .iter()
        .flat_map(|edge| {
            let (from, to) = (&graph.node(edge.from).path, &graph.node(edge.to).path);
            edge.columns.iter().map(move |column| {
                format!("{from}.{} → {to}.{} {:?}", column.from, column.to, column.kind)
            })
        })
        .collect();
    flows.sort();
    flows
}

fn broken(graph: &LineageGraph) -> Vec<(BrokenKind, String, Option<SqlPosition>)> {
    let told = check(graph, |_| true).broken.into_iter();
    told.map(|broken| (broken.kind, broken.message, broken.at)).collect()
}

fn place(line: usize, column: usize) -> SqlPosition {
    SqlPosition { line, column }
}
