//! [`Engine`]: reads the SQL of all views of a catalogue and joins the results; reads again only what
//! a change can have touched.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::graph::{
    ColumnEdge, Edge, LineageGraph, LineageNode, NodeIndex, NodeRole, Origin, Reading,
    ReadingStatus, RowEdge,
};
use crate::model::{Catalog, DatasetPath, NodeId, NodeKind, NodeRef, SchemaState};
use crate::sqlflow::{
    Analysis, ColumnRef, Confidence, FunctionBody, Kind, Relation, Schema, StatementLineage,
    Status, analyze,
};

/// The readings of all views, kept so that a change costs only what depends on it.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    views: FxHashMap<NodeId, Arc<ViewLineage>>,
}

/// One view's SQL as read.
#[derive(Debug)]
struct ViewLineage {
    reading: Reading,
    sources: Vec<SourceLineage>,
    /// Every name that was looked up, folded: a change there can change this reading.
    asked: FxHashSet<Vec<String>>,
    /// What was read, to see whether it has changed.
    sql: Option<Box<str>>,
    context: Vec<String>,
    columns: Option<Vec<Arc<str>>>,
}

#[derive(Debug)]
struct SourceLineage {
    path: DatasetPath,
    confidence: Confidence,
    columns: Vec<ColumnEdge>,
    rows: Vec<RowEdge>,
    versions: Vec<String>,
    via_function: Option<DatasetPath>,
}

impl Engine {
    /// Reads every view of a catalogue, on all processors.
    pub fn new(catalog: &Catalog) -> Self {
        let mut engine = Self::default();
        let views: Vec<NodeId> =
            catalog.walk().filter(|node| node.kind() == NodeKind::View).map(NodeRef::id).collect();
        engine.read(catalog, &views);
        engine
    }

    /// Follows a catalogue that has changed: reads views that are new, differ, or looked up a name
    /// that `changed` now means something else. Says how many views were read.
    pub fn update(&mut self, catalog: &Catalog, changed: &[DatasetPath]) -> usize {
        let changed: FxHashSet<Vec<String>> =
            changed.iter().map(|path| path.folded().parts().to_vec()).collect();
        let mut stale = Vec::new();
        let mut live = FxHashSet::default();
        for node in catalog.walk().filter(|node| node.kind() == NodeKind::View) {
            live.insert(node.id());
            let is_current = self
                .views
                .get(&node.id())
                .is_some_and(|view| view.is_of(node) && view.asked.is_disjoint(&changed));
            if !is_current {
                stale.push(node.id());
            }
        }
        self.views.retain(|id, _| live.contains(id));
        self.read(catalog, &stale);
        stale.len()
    }

    fn read(&mut self, catalog: &Catalog, views: &[NodeId]) {
        let read: Vec<(NodeId, Arc<ViewLineage>)> = views
            .par_iter()
            .filter_map(|id| Some((*id, Arc::new(read_view(catalog, catalog.get(*id)?)))))
            .collect();
        self.views.extend(read);
    }

    /// The graph of all that was read: every dataset of the catalogue, and what views name besides.
    pub fn graph(&self, catalog: &Catalog) -> LineageGraph {
        let mut assembly = Assembly::new(catalog);
        for node in catalog.walk().filter(|node| node.kind().is_dataset()) {
            let to = assembly.node(&node.path());
            let Some(view) = self.views.get(&node.id()) else { continue };
            assembly.nodes[to.index()].reading = Some(view.reading.clone());
            for source in &view.sources {
                let from = assembly.node(&source.path);
                assembly.edges.push(Edge {
                    from,
                    to,
                    origins: vec![Origin::ViewSql],
                    confidence: source.confidence,
                    columns: source.columns.clone(),
                    rows: source.rows.clone(),
                    versions: source.versions.clone(),
                    via_function: source.via_function.clone(),
                });
            }
        }
        LineageGraph::new(assembly.nodes, assembly.edges)
    }
}

impl ViewLineage {
    /// Whether it was read from what the catalogue holds now.
    fn is_of(&self, node: NodeRef<'_>) -> bool {
        let schema = node.schema();
        let same_columns = match &self.columns {
            None => schema.state != SchemaState::Known,
            Some(columns) => {
                columns.len() == schema.len()
                    && columns
                        .iter()
                        .zip(schema.iter())
                        .all(|(name, column)| **name == *column.name)
            }
        };
        same_columns
            && self.sql.as_deref() == node.sql()
            && self.context.iter().map(String::as_str).eq(node.sql_context())
    }
}

struct Assembly<'a> {
    catalog: &'a Catalog,
    nodes: Vec<LineageNode>,
    edges: Vec<Edge>,
    by_path: FxHashMap<DatasetPath, NodeIndex>,
}

impl<'a> Assembly<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        Self { catalog, nodes: Vec::new(), edges: Vec::new(), by_path: FxHashMap::default() }
    }

    fn node(&mut self, path: &DatasetPath) -> NodeIndex {
        let key = path.folded();
        if let Some(index) = self.by_path.get(&key) {
            return *index;
        }
        let found = self.catalog.at(path);
        let index = NodeIndex(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(LineageNode {
            path: found.map_or_else(|| path.clone(), NodeRef::path),
            role: role(path, found),
            catalog: found.map(NodeRef::id),
            columns: found.map(column_names).unwrap_or_default(),
            reading: None,
        });
        self.by_path.insert(key, index);
        index
    }
}

fn column_names(node: NodeRef<'_>) -> Vec<Arc<str>> {
    node.schema().iter().map(|column| Arc::from(column.name)).collect()
}

fn role(path: &DatasetPath, found: Option<NodeRef<'_>>) -> NodeRole {
    match found.map(NodeRef::kind) {
        Some(NodeKind::View) => NodeRole::View,
        Some(NodeKind::Source) => NodeRole::Source,
        Some(_) => NodeRole::Table,
        None => {
            let root = path.root().unwrap_or_default();
            let is_system =
                root.eq_ignore_ascii_case("sys") || root.eq_ignore_ascii_case("information_schema");
            if is_system { NodeRole::System } else { NodeRole::Missing }
        }
    }
}

/// The catalogue as the SQL engine sees it, noting every name that it is asked for.
struct Recorder<'a> {
    catalog: &'a Catalog,
    asked: Mutex<FxHashSet<Vec<String>>>,
}

impl Recorder<'_> {
    fn note(&self, path: &[&str]) {
        let folded = path.iter().map(|part| crate::model::path::fold(part)).collect();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(folded);
    }
}

impl Schema for Recorder<'_> {
    fn relation(&self, path: &[&str], column: &mut dyn FnMut(&str)) -> Relation {
        self.note(path);
        let Some(node) = self.catalog.lookup(path) else { return Relation::Missing };
        if !node.kind().is_dataset() {
            return Relation::Missing;
        }
        let schema = node.schema();
        if schema.state != SchemaState::Known {
            return Relation::Open;
        }
        for found in schema.iter() {
            column(found.name);
        }
        Relation::Known
    }

    fn function(&self, path: &[&str]) -> Option<FunctionBody> {
        let node = self.catalog.lookup(path).filter(|node| node.kind() == NodeKind::Function)?;
        self.note(path);
        let function = node.function()?;
        let body = function.body.as_deref()?;
        let arguments = function.arguments.as_deref().unwrap_or_default();
        let context = node.parent().map(|parent| parent.path().parts().to_vec());
        Some(FunctionBody {
            parameters: parameter_names(arguments),
            body: Arc::from(body),
            context: context.unwrap_or_default(),
        })
    }
}

/// The names in `a INTEGER, b DECIMAL(10, 2)`.
fn parameter_names(arguments: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    let ends = arguments.char_indices().map(|(at, c)| (at, c)).chain([(arguments.len(), ',')]);
    for (at, c) in ends {
        match c {
            '(' | '<' => depth += 1,
            ')' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let argument = arguments[start..at].trim();
                let name = argument.split_whitespace().next().unwrap_or_default();
                if !name.is_empty() {
                    names.push(name.trim_matches('"').to_owned());
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

fn read_view(catalog: &Catalog, node: NodeRef<'_>) -> ViewLineage {
    let schema = node.schema();
    let known = (schema.state == SchemaState::Known).then(|| column_names(node));
    let context: Vec<String> = node.sql_context().map(str::to_owned).collect();
    let mut view = ViewLineage {
        reading: Reading {
            status: if node.has_details() { ReadingStatus::Hidden } else { ReadingStatus::Unread },
            diagnostics: Vec::new(),
            traced_columns: 0,
            columns: schema.len(),
        },
        sources: Vec::new(),
        asked: FxHashSet::default(),
        sql: node.sql().map(Into::into),
        context,
        columns: known,
    };
    let Some(sql) = node.sql() else { return view };
    let recorder = Recorder { catalog, asked: Mutex::default() };
    let analysis = analyze(sql, &view.context, &recorder);
    view.asked = recorder.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
    view.reading.status = match analysis.status() {
        Status::Parsed => ReadingStatus::Parsed,
        Status::Partial => ReadingStatus::Partial,
        Status::Failed => ReadingStatus::Failed,
    };
    view.reading.diagnostics = analysis.diagnostics().cloned().collect();
    collect(&analysis, &mut view);
    view
}

fn collect(analysis: &Analysis, view: &mut ViewLineage) {
    for statement in &analysis.statements {
        let mut by_path: FxHashMap<&DatasetPath, usize> = FxHashMap::default();
        for source in &statement.sources {
            let position = *by_path.entry(&*source.path).or_insert_with(|| {
                view.sources.push(SourceLineage {
                    path: (*source.path).clone(),
                    confidence: source.confidence,
                    columns: Vec::new(),
                    rows: Vec::new(),
                    versions: Vec::new(),
                    via_function: source.via_function.clone(),
                });
                view.sources.len() - 1
            });
            view.sources[position].versions.extend(source.versions.iter().cloned());
        }
        let names = output_names(statement, view.columns.as_deref());
        let mut traced = 0;
        for (output, name) in statement.columns.iter().zip(&names) {
            let is_decided = output.sources.iter().all(|source| source.column.table.is_some());
            let has_origin = !output.sources.is_empty() || output.kind != Kind::Expression;
            traced += usize::from(is_decided && has_origin && output.name != "*");
            let expression: Arc<str> = Arc::from(output.expression.as_str());
            for source in &output.sources {
                let Some(position) = position_of(&by_path, &source.column) else { continue };
                view.sources[position].columns.push(ColumnEdge {
                    from: Arc::from(source.column.column.as_str()),
                    to: Arc::clone(name),
                    kind: output.kind,
                    influence: source.influence,
                    expression: Arc::clone(&expression),
                });
            }
        }
        for row in &statement.row_influences {
            if let Some(position) = position_of(&by_path, &row.column) {
                view.sources[position].rows.push(RowEdge {
                    from: Arc::from(row.column.column.as_str()),
                    influence: row.influence,
                });
            }
        }
        view.reading.traced_columns += traced;
        view.reading.columns = view.reading.columns.max(statement.columns.len());
    }
    for source in &mut view.sources {
        source.rows.sort();
        source.rows.dedup();
    }
    view.reading.traced_columns = view.reading.traced_columns.min(view.reading.columns);
}

fn position_of(by_path: &FxHashMap<&DatasetPath, usize>, column: &ColumnRef) -> Option<usize> {
    by_path.get(&**column.table.as_ref()?).copied()
}

/// The view's own names for the columns of its SELECT: by position, as Dremio assigned them when
/// the view was saved, unless the catalogue has another number of columns.
fn output_names(statement: &StatementLineage, known: Option<&[Arc<str>]>) -> Vec<Arc<str>> {
    match known {
        Some(known) if known.len() == statement.columns.len() => known.to_vec(),
        _ => statement.columns.iter().map(|column| Arc::from(column.name.as_str())).collect(),
    }
}
