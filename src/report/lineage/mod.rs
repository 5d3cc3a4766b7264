//! The catalogue's lineage for pipes, files and browsers (`docs/lineage.md`).
//!
//! Every form is a function of the graph and of the part of it that was asked for. Nothing here
//! reads from a server, and nothing decides where the text goes. All lists are sorted, so that two
//! runs can be compared line by line.

mod csv;
mod dot;
mod drawing;
mod escape;
mod held;
mod html;
pub mod impact;
mod json;
mod mermaid;
mod openlineage;
pub mod select;
mod svg;
mod text;

pub use impact::ImpactReport;
pub use mermaid::MERMAID_MOST_EDGES;
pub use select::{Selection, SelectionError, Wanted};
pub use text::{Draw, TextOptions};

use crate::lineage::{
    CheckReport, ColumnEdge, Difference, EdgeIndex, LineageGraph, LineageNode, NodeIndex, NodeRole,
    RowEdge, check,
};
use crate::model::{Catalog, NodeRef, ServerInfo};
use crate::sqlflow::Confidence;
use crate::sync::HeldLineage;

/// A lineage with its checks, ready to be written.
#[derive(Debug)]
pub struct LineageReport<'a> {
    graph: &'a LineageGraph,
    catalog: &'a Catalog,
    server: &'a ServerInfo,
    /// When the catalogue was read, as RFC 3339 text.
    taken_at: &'a str,
    selection: &'a Selection,
    edges: Vec<EdgeIndex>,
    check: CheckReport,
    differences: Vec<&'a Difference>,
    held: Option<&'a HeldLineage>,
    incomplete: bool,
    /// Whether some edges are from elsewhere than the views' SQL.
    has_several_origins: bool,
}

/// What a report is made of, beside the selection.
#[derive(Clone, Copy, Debug)]
pub struct LineageInput<'a> {
    /// The graph.
    pub graph: &'a LineageGraph,
    /// The catalogue behind it: types, SQL.
    pub catalog: &'a Catalog,
    /// Where it was read.
    pub server: &'a ServerInfo,
    /// When it was read, as RFC 3339 text.
    pub taken_at: &'a str,
    /// Where our lineage differs from the server's own.
    pub differences: &'a [Difference],
    /// What OpenMetadata holds of it, if that was read.
    pub held: Option<&'a HeldLineage>,
    /// Whether the reading was cut short.
    pub incomplete: bool,
}

impl<'a> LineageReport<'a> {
    /// A report on a part of a lineage.
    pub fn new(input: LineageInput<'a>, selection: &'a Selection) -> Self {
        let graph = input.graph;
        let is_checked = |node: NodeIndex| selection.checked.contains(&node);
        let differences = input
            .differences
            .iter()
            .filter(|difference| graph.find(&difference.view).is_some_and(is_checked))
            .collect();
        Self {
            graph,
            catalog: input.catalog,
            server: input.server,
            taken_at: input.taken_at,
            selection,
            edges: selection.edges(graph),
            check: check(graph, is_checked),
            differences,
            held: input.held,
            incomplete: input.incomplete,
            has_several_origins: graph.has_several_origins(),
        }
    }

    /// What the checks came to.
    pub fn check(&self) -> &CheckReport {
        &self.check
    }

    /// How many edges there are to draw.
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// How many nodes there are to draw.
    pub fn node_count(&self) -> usize {
        self.selection.nodes.len()
    }

    /// Whether the checks found nothing to complain about, and no difference to the server's own
    /// lineage.
    pub fn is_clean(&self) -> bool {
        self.check.is_clean() && self.differences.is_empty()
    }

    /// Whether OpenMetadata was asked and holds exactly this lineage, hand-drawn edges aside.
    pub fn is_held(&self) -> bool {
        self.held.is_some_and(HeldLineage::is_exact)
    }

    fn nodes(&self) -> impl Iterator<Item = (NodeIndex, &'a LineageNode)> + '_ {
        self.selection.nodes.iter().map(|index| (*index, self.graph.node(*index)))
    }

    fn in_catalog(&self, node: &LineageNode) -> Option<NodeRef<'a>> {
        self.catalog.get(node.catalog?)
    }

    /// The columns that a drawing shows of a node: those on the trace, if a column was asked for.
    fn traced_columns(&self, index: NodeIndex) -> Vec<String> {
        let Some((_, trace)) = &self.selection.column else { return Vec::new() };
        let on_trace = trace.columns.keys().filter(|at| at.node == index);
        let known = &self.graph.node(index).columns;
        let mut columns: Vec<(usize, String)> = on_trace
            .map(|at| {
                let place = known.iter().position(|name| fold_eq(name, &at.column));
                let name =
                    place.map_or_else(|| at.column.clone(), |place| known[place].to_string());
                (place.unwrap_or(usize::MAX), name)
            })
            .collect();
        columns.sort();
        columns.into_iter().map(|(_, name)| name).collect()
    }

    /// The columns that flow along an edge, by downstream column; with a column asked for, those on
    /// its trace.
    fn flows(&self, index: EdgeIndex) -> Vec<&'a ColumnEdge> {
        let mut flows: Vec<&ColumnEdge> = self.graph.edge(index).columns.iter().collect();
        if let Some((_, trace)) = &self.selection.column {
            let pairs = trace.edges.get(&index).map(Vec::as_slice).unwrap_or_default();
            flows.retain(|flow| {
                pairs.iter().any(|(from, to)| fold_eq(&flow.from, from) && fold_eq(&flow.to, to))
            });
        }
        flows.sort_by_key(|flow| (&flow.to, &flow.from, flow.influence));
        flows
    }

    /// The columns along an edge that decide rows; a column's trace has none.
    fn row_flows(&self, index: EdgeIndex) -> &'a [RowEdge] {
        if self.selection.column.is_some() { &[] } else { &self.graph.edge(index).rows }
    }

    /// What the lineage is of, for headings.
    fn title(&self) -> String {
        let Some(focus) = self.selection.focus else {
            return format!("Lineage of {}", self.server.host);
        };
        let path = &self.graph.node(focus).path;
        match &self.selection.column {
            Some((column, _)) => format!("Lineage of {path}, column {column}"),
            None => format!("Lineage of {path}"),
        }
    }
}

fn fold_eq(name: &str, folded: &str) -> bool {
    crate::model::path::with_folded(name, |name| name == folded)
}

fn confidence_name(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Assumed => "assumed",
        Confidence::Found => "found",
    }
}

/// The class of a node in drawings.
fn class(node: &LineageNode) -> &'static str {
    match node.role {
        NodeRole::Missing if node.unchecked.is_some() => "unchecked",
        role => role.name(),
    }
}
