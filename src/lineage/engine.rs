//! [`Engine`]: reads the SQL of all views of a catalogue and joins the results; reads again only what
//! a change can have touched.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::graph::{Edge, LineageGraph, LineageNode, NodeIndex, NodeRole, Origin};
use super::reading::{Derived, SourceLineage, ViewLineage, read_view};
use crate::model::{Catalog, DatasetPath, Listing, NodeId, NodeKind, NodeRef};
use crate::sqlflow::Confidence;

/// The readings of all views, kept so that a change costs only what depends on it.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    views: FxHashMap<NodeId, Arc<ViewLineage>>,
    /// Columns of views that the server does not tell, as their SQL gives them.
    derived: Derived,
}

/// Views whose columns are not told can stand on one another; no real chain is longer.
const MOST_ROUNDS: usize = 200;

impl Engine {
    /// Reads every view of a catalogue, on all processors.
    pub fn new(catalog: &Catalog) -> Self {
        let mut engine = Self::default();
        engine.update(catalog);
        engine
    }

    /// Follows a catalogue that has changed: reads the views that are new or differ, and those for
    /// which a name that they look up means something else now. Says how many were read.
    pub fn update(&mut self, catalog: &Catalog) -> usize {
        let views: Vec<NodeRef<'_>> =
            catalog.walk().filter(|node| node.kind() == NodeKind::View).collect();
        let live: FxHashSet<NodeId> = views.iter().map(|node| node.id()).collect();
        self.views.retain(|id, _| live.contains(id));
        self.derived.retain(|id, _| live.contains(id));
        self.forget_derived(&views);
        let mut count = 0;
        for _ in 0..MOST_ROUNDS {
            let stale = self.stale(&views);
            if stale.is_empty() {
                break;
            }
            count += stale.len();
            let derived = &self.derived;
            let read: Vec<(NodeId, ViewLineage)> = stale
                .par_iter()
                .map(|node| (node.id(), read_view(catalog, derived, *node)))
                .collect();
            for (id, view) in read {
                match view.derived() {
                    Some(columns) => self.derived.insert(id, columns),
                    None => self.derived.remove(&id),
                };
                self.views.insert(id, Arc::new(view));
            }
        }
        count
    }

    /// The views whose reading is not, or not any more, what it would be now.
    fn stale<'a>(&self, views: &[NodeRef<'a>]) -> Vec<NodeRef<'a>> {
        let is_current = |node: &NodeRef<'_>| {
            self.views.get(&node.id()).is_some_and(|view| view.is_current(&self.derived, *node))
        };
        views.par_iter().filter(|node| !is_current(node)).copied().collect()
    }

    /// Forgets the derived columns of views that have to be read again, and of those that stand on
    /// them, so that what comes out does not depend on what was there before.
    fn forget_derived(&mut self, views: &[NodeRef<'_>]) {
        while !self.derived.is_empty() {
            let before = self.derived.len();
            for node in self.stale(views) {
                self.derived.remove(&node.id());
            }
            if self.derived.len() == before {
                break;
            }
        }
    }

    /// The graph of all that was read: every dataset of the catalogue, and what views name besides.
    pub fn graph(&self, catalog: &Catalog) -> LineageGraph {
        let mut assembly = Assembly::new(catalog);
        let datasets: Vec<NodeRef<'_>> =
            catalog.walk().filter(|node| node.kind().is_dataset()).collect();
        for node in &datasets {
            assembly.dataset(*node);
        }
        for node in datasets {
            let Some(view) = self.views.get(&node.id()) else { continue };
            let to = assembly.dataset(node);
            let shown = &mut assembly.nodes[to.index()];
            shown.reading = Some(view.reading.clone());
            if view.columns.is_none() {
                shown.columns.clone_from(&view.outputs);
            }
            for source in &view.sources {
                let from = assembly.source(&source.path);
                assembly.edges.push(Edge { from, to, ..edge(source) });
            }
        }
        LineageGraph::new(assembly.nodes, assembly.edges)
    }

    /// Paths that views name, where the catalogue shows nothing and yet there may be something,
    /// since a container above was not listed to its end. Sorted, each once.
    pub fn unresolved(&self, catalog: &Catalog) -> Vec<DatasetPath> {
        let mut found: Vec<DatasetPath> = self
            .views
            .values()
            .flat_map(|view| &view.sources)
            .filter(|source| source.confidence != Confidence::Found)
            .flat_map(|source| std::iter::once(&source.path).chain(&source.alternative))
            .filter(|path| !is_system(path) && unlisted_above(catalog, path).is_some())
            .cloned()
            .collect();
        found.sort();
        found.dedup_by(|a, b| a.is_same(b));
        found
    }
}

fn edge(source: &SourceLineage) -> Edge {
    Edge {
        from: NodeIndex(0),
        to: NodeIndex(0),
        origins: vec![Origin::ViewSql],
        confidence: source.confidence,
        columns: source.columns.clone(),
        rows: source.rows.clone(),
        versions: source.versions.clone(),
        via_function: source.via_function.clone(),
        at: source.at,
    }
}

/// The container that may hold something at `path` which the catalogue does not show: the nearest
/// one there is, if it was not listed to its end.
fn unlisted_above<'a>(catalog: &'a Catalog, path: &DatasetPath) -> Option<NodeRef<'a>> {
    let mut at = catalog.root();
    for part in path.parts() {
        let Some(child) = at.child(part) else {
            let is_root = at.id() == NodeId::ROOT;
            let is_open = at.listing() != Listing::Complete || at.error().is_some();
            return (!is_root && at.kind().is_container() && is_open).then_some(at);
        };
        at = child;
    }
    None
}

fn is_system(path: &DatasetPath) -> bool {
    let root = path.root().unwrap_or_default();
    root.eq_ignore_ascii_case("sys") || root.eq_ignore_ascii_case("information_schema")
}

struct Assembly<'a> {
    catalog: &'a Catalog,
    nodes: Vec<LineageNode>,
    edges: Vec<Edge>,
    by_id: FxHashMap<NodeId, NodeIndex>,
    outside: FxHashMap<DatasetPath, NodeIndex>,
}

impl<'a> Assembly<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            nodes: Vec::new(),
            edges: Vec::new(),
            by_id: FxHashMap::default(),
            outside: FxHashMap::default(),
        }
    }

    fn push(&mut self, node: LineageNode) -> NodeIndex {
        let index = NodeIndex(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node);
        index
    }

    /// The node of something in the catalogue.
    fn dataset(&mut self, found: NodeRef<'_>) -> NodeIndex {
        if let Some(index) = self.by_id.get(&found.id()) {
            return *index;
        }
        let role = match found.kind() {
            NodeKind::View => NodeRole::View,
            NodeKind::Table(_) => NodeRole::Table,
            // Read as a whole, through SQL that is only handed on.
            NodeKind::Source => NodeRole::Source,
            _ => NodeRole::Missing,
        };
        let index = self.push(LineageNode {
            path: found.path(),
            role,
            catalog: Some(found.id()),
            columns: found.schema().iter().map(|column| Arc::from(column.name)).collect(),
            reading: None,
            unchecked: None,
            tags: Vec::new(),
        });
        self.by_id.insert(found.id(), index);
        index
    }

    /// The node of something that a view names.
    fn source(&mut self, path: &DatasetPath) -> NodeIndex {
        if let Some(found) = self.catalog.at(path).filter(|found| !found.path().is_empty()) {
            return self.dataset(found);
        }
        let key = path.folded();
        if let Some(index) = self.outside.get(&key) {
            return *index;
        }
        let role = if is_system(path) { NodeRole::System } else { NodeRole::Missing };
        let above = unlisted_above(self.catalog, path).filter(|_| role == NodeRole::Missing);
        let unchecked = above.map(|above| {
            let why = above.error().map_or_else(
                || "was not listed to its end".to_owned(),
                |error| format!("could not be listed: {}", error.message),
            );
            Arc::from(format!("{} {why}", above.path()))
        });
        let index = self.push(LineageNode {
            path: path.clone(),
            role,
            catalog: None,
            columns: Vec::new(),
            reading: None,
            unchecked,
            tags: Vec::new(),
        });
        self.outside.insert(key, index);
        index
    }
}
