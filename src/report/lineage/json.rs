//! One JSON document with everything that is known of the selection.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use super::{LineageReport, confidence_name};
use crate::lineage::{
    BrokenKind, ColumnEdge, Coverage, EdgeIndex, LineageNode, NodeIndex, NodeRole, Origin,
    ReadingStatus, SqlPosition,
};
use crate::model::{DatasetPath, NodeRef, ServerInfo};
use crate::report::sql_lineage::diagnostic_name;
use crate::report::{Escaped, SCHEMA_VERSION};

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    server: &'a ServerInfo,
    incomplete: bool,
    table: Option<&'a DatasetPath>,
    column: Option<&'a str>,
    coverage: CoverageEntry,
    unreadable: Vec<Unreadable<'a>>,
    broken: Vec<BrokenEntry<'a>>,
    cycles: Vec<Vec<&'a DatasetPath>>,
    differences: Vec<DifferenceEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    openmetadata: Option<serde_json::Value>,
    nodes: Vec<NodeEntry<'a>>,
    edges: Vec<EdgeEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<Vec<TraceEntry<'a>>>,
}

/// How much is known.
#[derive(Serialize)]
pub(super) struct CoverageEntry {
    #[serde(flatten)]
    counts: Coverage,
    views_percent: f64,
    columns_percent: f64,
}

impl CoverageEntry {
    pub(super) fn new(counts: Coverage) -> Self {
        // Two digits are what people compare.
        let round = |percent: f64| (percent * 100.0).floor() / 100.0;
        Self {
            views_percent: round(counts.views_percent()),
            columns_percent: round(counts.columns_percent()),
            counts,
        }
    }
}

#[derive(Serialize)]
struct Unreadable<'a> {
    view: &'a DatasetPath,
    status: ReadingStatus,
    reasons: Vec<Reason<'a>>,
}

#[derive(Serialize)]
struct Reason<'a> {
    kind: &'static str,
    message: &'a str,
    #[serde(flatten)]
    at: Option<SqlPosition>,
}

#[derive(Serialize)]
struct BrokenEntry<'a> {
    view: &'a DatasetPath,
    kind: BrokenKind,
    message: &'a str,
    #[serde(flatten)]
    at: Option<SqlPosition>,
}

#[derive(Serialize)]
struct DifferenceEntry<'a> {
    view: &'a DatasetPath,
    only_in_sql: &'a [DatasetPath],
    only_in_graph: &'a [DatasetPath],
}

#[derive(Serialize)]
struct NodeEntry<'a> {
    path: &'a DatasetPath,
    role: NodeRole,
    #[serde(skip_serializing_if = "Option::is_none")]
    unchecked: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<ReadingStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traced_columns: Option<usize>,
    columns: Vec<ColumnEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Reason<'a>>,
}

#[derive(Serialize)]
struct ColumnEntry<'a> {
    name: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    data_type: Option<String>,
}

#[derive(Serialize)]
struct EdgeEntry<'a> {
    from: &'a DatasetPath,
    to: &'a DatasetPath,
    origins: &'a [Origin],
    confidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<SqlPosition>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    versions: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    via_function: Option<&'a DatasetPath>,
    columns: Vec<Flow<'a>>,
    rows: Vec<RowFlow<'a>>,
}

#[derive(Serialize)]
struct Flow<'a> {
    from: &'a str,
    to: &'a str,
    kind: &'static str,
    #[serde(rename = "type")]
    influence: &'static str,
    subtype: &'static str,
    expression: &'a str,
}

impl<'a> Flow<'a> {
    fn new(column: &'a ColumnEdge) -> Self {
        Self {
            from: &column.from,
            to: &column.to,
            kind: column.kind.as_str(),
            influence: column.influence.type_name(),
            subtype: column.influence.subtype_name(),
            expression: &column.expression,
        }
    }
}

#[derive(Serialize)]
struct RowFlow<'a> {
    from: &'a str,
    subtype: &'static str,
}

#[derive(Serialize)]
struct TraceEntry<'a> {
    path: &'a DatasetPath,
    column: String,
    /// Negative upstream.
    hops: i32,
}

impl LineageReport<'_> {
    /// One JSON document, indented.
    pub fn write_json(&self, out: impl Write) -> io::Result<()> {
        let mut out = Escaped(out);
        serde_json::to_writer_pretty(&mut out, &self.document())?;
        out.write_all(b"\n")
    }

    fn document(&self) -> Document<'_> {
        let path = |index: NodeIndex| &self.graph.node(index).path;
        Document {
            schema_version: SCHEMA_VERSION,
            server: self.server,
            incomplete: self.incomplete,
            table: self.selection.focus.map(path),
            column: self.selection.column.as_ref().map(|(column, _)| column.as_str()),
            coverage: CoverageEntry::new(self.check.coverage),
            unreadable: self
                .check
                .unreadable
                .iter()
                .map(|index| self.unreadable(self.graph.node(*index)))
                .collect(),
            broken: self
                .check
                .broken
                .iter()
                .map(|broken| BrokenEntry {
                    view: path(broken.view),
                    kind: broken.kind,
                    message: &broken.message,
                    at: broken.at,
                })
                .collect(),
            cycles: self
                .check
                .cycles
                .iter()
                .map(|group| group.iter().map(|index| path(*index)).collect())
                .collect(),
            differences: self
                .differences
                .iter()
                .map(|difference| DifferenceEntry {
                    view: &difference.view,
                    only_in_sql: &difference.only_in_sql,
                    only_in_graph: &difference.only_in_graph,
                })
                .collect(),
            openmetadata: self.held.map(super::held::document),
            nodes: self.nodes().map(|(_, node)| self.node_entry(node)).collect(),
            edges: self.edges.iter().map(|index| self.edge_entry(*index)).collect(),
            trace: self.selection.column.as_ref().map(|(_, trace)| {
                let entry = |(at, hops): (&crate::lineage::ColumnAt, &i32)| TraceEntry {
                    path: path(at.node),
                    column: self.spelled(at.node, &at.column),
                    hops: *hops,
                };
                trace.columns.iter().map(entry).collect()
            }),
        }
    }

    fn unreadable<'a>(&'a self, node: &'a LineageNode) -> Unreadable<'a> {
        let status = node.reading.as_ref().map_or(ReadingStatus::Unread, |reading| reading.status);
        let mut reasons = reasons(node);
        if let Some(error) = self.in_catalog(node).and_then(NodeRef::error) {
            reasons.push(Reason { kind: "read", message: &error.message, at: None });
        }
        Unreadable { view: &node.path, status, reasons }
    }

    fn node_entry<'a>(&'a self, node: &'a LineageNode) -> NodeEntry<'a> {
        let found = self.in_catalog(node);
        let schema = found.map(NodeRef::schema);
        let type_of = |at: usize| {
            let column = schema.and_then(|schema| schema.get(at));
            column.map(|column| column.data_type.to_string())
        };
        let column =
            |(at, name): (usize, &'a Arc<str>)| ColumnEntry { name, data_type: type_of(at) };
        NodeEntry {
            path: &node.path,
            role: node.role,
            unchecked: node.unchecked.as_deref(),
            status: node.reading.as_ref().map(|reading| reading.status),
            traced_columns: node.reading.as_ref().map(|reading| reading.traced_columns),
            columns: node.columns.iter().enumerate().map(column).collect(),
            sql: found.and_then(NodeRef::sql),
            diagnostics: reasons(node),
        }
    }

    fn edge_entry(&self, index: EdgeIndex) -> EdgeEntry<'_> {
        let edge = self.graph.edge(index);
        EdgeEntry {
            from: &self.graph.node(edge.from).path,
            to: &self.graph.node(edge.to).path,
            origins: &edge.origins,
            confidence: confidence_name(edge.confidence),
            at: edge.at,
            versions: &edge.versions,
            via_function: edge.via_function.as_ref(),
            columns: self.flows(index).into_iter().map(Flow::new).collect(),
            rows: self
                .row_flows(index)
                .iter()
                .map(|row| RowFlow { from: &row.from, subtype: row.influence.as_str() })
                .collect(),
        }
    }

    /// A folded column name as the node spells it.
    pub(super) fn spelled(&self, node: NodeIndex, folded: &str) -> String {
        let known = &self.graph.node(node).columns;
        let name = known.iter().find(|name| super::fold_eq(name, folded));
        name.map_or_else(|| folded.to_owned(), ToString::to_string)
    }
}

fn reasons(node: &LineageNode) -> Vec<Reason<'_>> {
    let diagnostics = node.reading.iter().flat_map(|reading| &reading.diagnostics);
    diagnostics
        .map(|diagnostic| Reason {
            kind: diagnostic_name(diagnostic.kind),
            message: &diagnostic.message,
            at: Some(SqlPosition { line: diagnostic.line, column: diagnostic.column }),
        })
        .collect()
}
