//! What is wrong with a lineage: views that could not be read, references that lead nowhere, cycles;
//! and how much of it is known.

use serde::Serialize;

use super::graph::{Edge, LineageGraph, NodeIndex, NodeRole, Origin, ReadingStatus, SqlPosition};
use crate::sqlflow::{Confidence, DiagnosticKind};

/// How much of the lineage is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Views in all.
    pub views: usize,
    /// Views read wholly.
    pub parsed: usize,
    /// Views read with gaps.
    pub partial: usize,
    /// Views of which only the tables are known.
    pub failed: usize,
    /// Views whose SQL the server does not show or that were not read.
    pub unreadable: usize,
    /// Columns of views in all.
    pub columns: usize,
    /// Columns of views whose origin is known.
    pub traced_columns: usize,
}

impl Coverage {
    /// Views read wholly, in percent of all; 100 when there are none.
    pub fn views_percent(&self) -> f64 {
        percent(self.parsed, self.views)
    }

    /// Traced columns in percent of all; 100 when there are none.
    pub fn columns_percent(&self) -> f64 {
        percent(self.traced_columns, self.columns)
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 100.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of views are far below 2^52")]
    let share = part as f64 / whole as f64;
    share * 100.0
}

/// What a view names wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BrokenKind {
    /// A table or view that does not exist.
    Table,
    /// A column that its table does not have.
    Column,
    /// A table that was not found, and may exist all the same.
    Unchecked,
}

/// A reference of a view that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The view.
    pub view: NodeIndex,
    /// What leads nowhere.
    pub kind: BrokenKind,
    /// What is wrong, naming table or column.
    pub message: String,
    /// Where in the view's SQL; nowhere for names from function bodies.
    pub at: Option<SqlPosition>,
}

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// How much is known.
    pub coverage: Coverage,
    /// References that lead nowhere, by view and position.
    pub broken: Vec<Broken>,
    /// Views that could not be read wholly for another reason, by path.
    pub unreadable: Vec<NodeIndex>,
    /// Groups of views that feed themselves.
    pub cycles: Vec<Vec<NodeIndex>>,
}

impl CheckReport {
    /// Whether there is nothing to complain about. What could not be checked is no complaint.
    pub fn is_clean(&self) -> bool {
        self.broken.iter().all(|broken| broken.kind == BrokenKind::Unchecked)
            && self.unreadable.is_empty()
            && self.cycles.is_empty()
    }
}

/// Checks a graph, or those of its nodes that `is_wanted`.
pub fn check(graph: &LineageGraph, is_wanted: impl Fn(NodeIndex) -> bool) -> CheckReport {
    let mut report = CheckReport::default();
    for index in graph.indices().filter(|index| is_wanted(*index)) {
        let node = graph.node(index);
        if node.role != NodeRole::View {
            continue;
        }
        let Some(reading) = &node.reading else { continue };
        report.coverage.add(reading.status, reading.columns, reading.traced_columns);
        let first = report.broken.len();
        let mut has_other_trouble = false;
        for diagnostic in &reading.diagnostics {
            let kind = match diagnostic.kind {
                DiagnosticKind::UnknownTable => BrokenKind::Table,
                DiagnosticKind::UnknownColumn => BrokenKind::Column,
                DiagnosticKind::Syntax
                | DiagnosticKind::AmbiguousColumn
                | DiagnosticKind::Unsupported => {
                    has_other_trouble = true;
                    continue;
                }
            };
            let at = SqlPosition { line: diagnostic.line, column: diagnostic.column };
            let message = diagnostic.message.clone();
            report.broken.push(Broken { view: index, kind, message, at: Some(at) });
        }
        report.broken.extend(graph.upstream(index).filter_map(|(_, edge)| missing(graph, edge)));
        report.broken[first..].sort_by(|a, b| (a.at, &a.message).cmp(&(b.at, &b.message)));
        let explained = report.broken.len() > first && !has_other_trouble;
        let is_unreadable = match reading.status {
            ReadingStatus::Parsed => has_other_trouble,
            ReadingStatus::Partial => !explained,
            ReadingStatus::Failed | ReadingStatus::Hidden | ReadingStatus::Unread => true,
        };
        if is_unreadable {
            report.unreadable.push(index);
        }
    }
    report.cycles = graph
        .cycles()
        .into_iter()
        .filter(|group| group.iter().any(|index| is_wanted(*index)))
        .collect();
    report
}

impl Coverage {
    fn add(&mut self, status: ReadingStatus, columns: usize, traced: usize) {
        self.views += 1;
        self.columns += columns;
        self.traced_columns += traced;
        *match status {
            ReadingStatus::Parsed => &mut self.parsed,
            ReadingStatus::Partial => &mut self.partial,
            ReadingStatus::Failed => &mut self.failed,
            ReadingStatus::Hidden | ReadingStatus::Unread => &mut self.unreadable,
        } += 1;
    }
}

/// What is wrong with an edge from something that is not there.
fn missing(graph: &LineageGraph, edge: &Edge) -> Option<Broken> {
    let node = graph.node(edge.from);
    if node.role != NodeRole::Missing || !edge.origins.contains(&Origin::ViewSql) {
        return None;
    }
    let path = &node.path;
    let (kind, message) = if node.catalog.is_some() {
        (BrokenKind::Table, format!("{path} is neither a table nor a view"))
    } else if let Some(why) = &node.unchecked {
        (BrokenKind::Unchecked, format!("{path} was not found: {why}"))
    } else if let Some(version) = edge.versions.first() {
        let message = format!("{path} is read at {version}; only the default branch was looked at");
        (BrokenKind::Unchecked, message)
    } else if edge.confidence == Confidence::Low {
        let message = format!("{path} does not exist, if it is a table: the SQL did not parse");
        (BrokenKind::Unchecked, message)
    } else {
        (BrokenKind::Table, format!("{path} does not exist"))
    };
    let message = match &edge.via_function {
        Some(function) => format!("{message} (named by function {function})"),
        None => message,
    };
    Some(Broken { view: edge.to, kind, message, at: edge.at })
}
