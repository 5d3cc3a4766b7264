//! [`Selection`]: which part of a lineage a report is about.

use std::collections::BTreeSet;

use crate::graph::digraph::{Graph, Node, Side};
use crate::graph::paths::reach;
use crate::graph::select::{SelectError, Selector};
use crate::lineage::{
    ColumnAt, ColumnTrace, EdgeIndex, LineageGraph, NodeIndex, NodeRole, impact, trace_column,
};
use crate::model::DatasetPath;
use crate::model::path::{fold, same_name};

/// What somebody asks for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// A table: its path, the end of its path, or its fully qualified name in OpenMetadata.
    pub table: Option<String>,
    /// A column of that table.
    pub column: Option<String>,
    /// Hops upstream of the table; `None` = all.
    pub upstream: Option<u32>,
    /// Hops downstream of the table; `None` = all.
    pub downstream: Option<u32>,
    /// Only these roots, and what they read directly; empty = all.
    pub spaces: Vec<String>,
    /// Only what this selector takes.
    pub select: Option<String>,
    /// Not what this selector takes.
    pub exclude: Option<String>,
    /// The service under which OpenMetadata knows the server, and its schema for datasets that
    /// stand right below a root.
    pub openmetadata: Option<(String, String)>,
}

/// Why a selection cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// No table of that name.
    #[error("there is no table or view {wanted:?} in the lineage{}", hint(.near))]
    NoTable {
        /// What was asked for.
        wanted: String,
        /// Paths that look like it.
        near: Vec<String>,
    },
    /// Several tables of that name.
    #[error("{wanted:?} could be {}: give the whole path", list(.found))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// The candidates.
        found: Vec<String>,
    },
    /// The table has no such column.
    #[error("{table} has no column {wanted:?}{}", hint(.near))]
    NoColumn {
        /// The table.
        table: String,
        /// What was asked for.
        wanted: String,
        /// Its columns that look like it.
        near: Vec<String>,
    },
    /// No root of that name.
    #[error("there is no space or source {wanted:?} with datasets{}", hint(.near))]
    NoSpace {
        /// What was asked for.
        wanted: String,
        /// Roots that look like it.
        near: Vec<String>,
    },
    /// A selector cannot be read.
    #[error(transparent)]
    Selector(#[from] SelectError),
}

fn hint(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", list(near)) }
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", …");
    }
    text
}

/// The part of a lineage that a report is about.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The nodes in it.
    pub nodes: BTreeSet<NodeIndex>,
    /// Those of them that the checks are about; the others are there to be read from.
    pub checked: BTreeSet<NodeIndex>,
    /// The table asked for.
    pub focus: Option<NodeIndex>,
    /// The column asked for, in the server's spelling, with its trace.
    pub column: Option<(String, ColumnTrace)>,
    /// Selector terms that match nothing; most likely misspelt.
    pub unmatched: Vec<String>,
}

impl Selection {
    /// The part that is asked for; everything if nothing is.
    pub fn new(graph: &LineageGraph, wanted: &Wanted) -> Result<Self, SelectionError> {
        let plain = digraph(graph);
        let mut selection = Self { nodes: graph.indices().collect(), ..Self::default() };
        let focus = wanted.table.as_deref().map(|table| find(graph, table, wanted)).transpose()?;
        selection.focus = focus;
        if let Some(node) = focus {
            match &wanted.column {
                Some(column) => {
                    let column = column_of(graph, node, column)?;
                    let start = ColumnAt { node, column: fold(&column) };
                    let trace = trace_column(graph, &start, wanted.upstream, wanted.downstream);
                    selection.nodes = trace.nodes();
                    selection.column = Some((column, trace));
                }
                None => selection.nodes = around(&plain, node, wanted),
            }
        }
        let mut keep = |text: &str, is_kept: bool| -> Result<(), SelectionError> {
            let found = Selector::parse(text)?.apply(&plain);
            selection.nodes.retain(|node| found.nodes.contains(&node.index()) == is_kept);
            selection.unmatched.extend(found.unmatched);
            Ok(())
        };
        if let Some(text) = &wanted.select {
            keep(text, true)?;
        }
        if let Some(text) = &wanted.exclude {
            keep(text, false)?;
        }
        selection.checked.clone_from(&selection.nodes);
        if !wanted.spaces.is_empty() {
            for space in &wanted.spaces {
                check_space(graph, space)?;
            }
            let is_in = |node: &NodeIndex| {
                let root = graph.node(*node).path.root().unwrap_or_default();
                wanted.spaces.iter().any(|space| same_name(space, root))
            };
            selection.checked.retain(is_in);
            let read: BTreeSet<NodeIndex> = selection
                .checked
                .iter()
                .flat_map(|node| graph.upstream(*node).map(|(_, edge)| edge.from))
                .filter(|node| selection.nodes.contains(node))
                .collect();
            selection.nodes = &selection.checked | &read;
        }
        Ok(selection)
    }

    /// A table and all that depends on it, or on one of its columns.
    pub fn affected(graph: &LineageGraph, node: NodeIndex, column: Option<&str>) -> Self {
        let found = impact(graph, node, column).into_iter().map(|impact| impact.node);
        let nodes: BTreeSet<NodeIndex> = found.chain([node]).collect();
        Self { checked: nodes.clone(), nodes, focus: Some(node), ..Self::default() }
    }

    /// The edges between nodes of the selection, in the graph's order; with a column, those that
    /// carry it.
    pub fn edges(&self, graph: &LineageGraph) -> Vec<EdgeIndex> {
        let is_in = |index: &EdgeIndex| {
            let edge = graph.edge(*index);
            self.nodes.contains(&edge.from)
                && self.nodes.contains(&edge.to)
                && self.column.as_ref().is_none_or(|(_, trace)| trace.edges.contains_key(index))
        };
        graph.edge_indices().filter(is_in).collect()
    }
}

/// The graph as the drawing modules know it; nodes keep their numbers.
pub fn digraph(graph: &LineageGraph) -> Graph {
    let nodes = graph
        .nodes()
        .iter()
        .map(|node| Node {
            key: node.path.to_string(),
            parts: node.path.parts().to_vec(),
            kind: node.role.name().to_owned(),
            tags: node.tags.iter().map(ToString::to_string).collect(),
        })
        .collect();
    Graph::new(nodes, graph.edges().iter().map(|edge| (edge.from.index(), edge.to.index())))
}

fn around(graph: &Graph, node: NodeIndex, wanted: &Wanted) -> BTreeSet<NodeIndex> {
    let sides = [(Side::Upstream, wanted.upstream), (Side::Downstream, wanted.downstream)];
    sides
        .into_iter()
        .flat_map(|(side, hops)| {
            let depth = hops.map_or(usize::MAX, |hops| hops as usize);
            reach(graph, &[node.index()], side, depth)
        })
        .filter_map(|(node, _)| u32::try_from(node).ok().map(NodeIndex))
        .collect()
}

/// The node that a text names: by its whole path, else in OpenMetadata's terms, else by the end of
/// its path.
pub fn find(
    graph: &LineageGraph,
    text: &str,
    wanted: &Wanted,
) -> Result<NodeIndex, SelectionError> {
    let none =
        || SelectionError::NoTable { wanted: text.to_owned(), near: near(text, paths(graph)) };
    let path: DatasetPath = text.parse().map_err(|_| none())?;
    if let Some(node) = graph.find(&path) {
        return Ok(node);
    }
    let all = || graph.indices().map(|index| (index, &graph.node(index).path));
    if let Some((service, schema)) = &wanted.openmetadata {
        let mut found = all().filter(|(_, node)| is_fqn(&path, node, service, schema));
        if let Some((node, _)) = found.next() {
            return Ok(node);
        }
    }
    let is_end = |node: &DatasetPath| {
        let skipped = node.len().checked_sub(path.len());
        skipped.is_some_and(|skipped| {
            node.parts()[skipped..].iter().zip(path.parts()).all(|(a, b)| same_name(a, b))
        })
    };
    let found: Vec<_> = all().filter(|(_, node)| is_end(node)).collect();
    match &found[..] {
        [] => Err(none()),
        [(found, _)] => Ok(*found),
        _ => Err(SelectionError::Ambiguous {
            wanted: text.to_owned(),
            found: found.iter().map(|(_, path)| path.to_string()).collect(),
        }),
    }
}

/// Whether `fqn` is `service.root.folders.name`, the folders joined by dots into one part.
fn is_fqn(fqn: &DatasetPath, path: &DatasetPath, service: &str, default_schema: &str) -> bool {
    let [found_service, root, schema, name] = fqn.parts() else { return false };
    let [path_root, folders @ .., path_name] = path.parts() else { return false };
    let same_schema = if folders.is_empty() {
        same_name(schema, default_schema)
    } else {
        same_name(schema, &folders.join("."))
    };
    same_name(found_service, service)
        && same_name(root, path_root)
        && same_schema
        && same_name(name, path_name)
}

/// A column of a node in the server's spelling. Where the columns are not known, any name may be
/// one that edges carry.
pub fn column_of(
    graph: &LineageGraph,
    node: NodeIndex,
    wanted: &str,
) -> Result<String, SelectionError> {
    let known = &graph.node(node).columns;
    let carried = graph.downstream(node).flat_map(|(_, edge)| {
        edge.columns.iter().map(|c| &c.from).chain(edge.rows.iter().map(|row| &row.from))
    });
    let arriving = graph.upstream(node).flat_map(|(_, edge)| edge.columns.iter().map(|c| &c.to));
    let mut names = known.iter().chain(carried).chain(arriving);
    if let Some(name) = names.find(|name| same_name(name, wanted)) {
        return Ok(name.to_string());
    }
    Err(SelectionError::NoColumn {
        table: graph.node(node).path.to_string(),
        wanted: wanted.to_owned(),
        near: near(wanted, known.iter().map(ToString::to_string)),
    })
}

fn check_space(graph: &LineageGraph, wanted: &str) -> Result<(), SelectionError> {
    let roots = graph.nodes().iter().filter(|node| node.role != NodeRole::Missing);
    let mut roots: Vec<&str> = roots.filter_map(|node| node.path.root()).collect();
    roots.dedup();
    if roots.iter().any(|root| same_name(root, wanted)) {
        return Ok(());
    }
    let near = near(wanted, roots.into_iter().map(str::to_owned));
    Err(SelectionError::NoSpace { wanted: wanted.to_owned(), near })
}

fn paths(graph: &LineageGraph) -> impl Iterator<Item = String> {
    graph.nodes().iter().map(|node| node.path.to_string())
}

/// The few names most like `wanted`, by the whole and by the end.
fn near(wanted: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    const SHOWN: usize = 3;
    const LIKE: f64 = 0.8;
    let wanted = fold(wanted);
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let mut found: Vec<(f64, String)> = names
        .filter_map(|name| {
            let folded = fold(&name);
            let whole = strsim::jaro_winkler(&folded, &wanted);
            let likeness = whole.max(strsim::jaro_winkler(&last(&folded), &last(&wanted)) - 0.01);
            (likeness > LIKE).then_some((likeness, name))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.dedup();
    found.into_iter().take(SHOWN).map(|(_, name)| name).collect()
}
