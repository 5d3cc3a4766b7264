//! What is wrong with a lineage: views that could not be read, references that lead nowhere, cycles;
//! and how much of it is known.

use serde::Serialize;

use super::graph::{LineageGraph, NodeIndex, NodeRole, ReadingStatus};
use crate::sqlflow::DiagnosticKind;

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

/// A reference of a view that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The view.
    pub view: NodeIndex,
    /// What is wrong, naming table or column.
    pub message: String,
    /// Line in the view's SQL, from 1.
    pub line: usize,
    /// Column in that line, from 1.
    pub column: usize,
}

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// How much is known.
    pub coverage: Coverage,
    /// References that lead nowhere, by view.
    pub broken: Vec<Broken>,
    /// Views that could not be read wholly for another reason, by path.
    pub unreadable: Vec<NodeIndex>,
    /// Groups of views that feed themselves.
    pub cycles: Vec<Vec<NodeIndex>>,
}

impl CheckReport {
    /// Whether there is nothing to complain about.
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty() && self.unreadable.is_empty() && self.cycles.is_empty()
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
        let coverage = &mut report.coverage;
        coverage.views += 1;
        coverage.columns += reading.columns;
        coverage.traced_columns += reading.traced_columns;
        *match reading.status {
            ReadingStatus::Parsed => &mut coverage.parsed,
            ReadingStatus::Partial => &mut coverage.partial,
            ReadingStatus::Failed => &mut coverage.failed,
            ReadingStatus::Hidden | ReadingStatus::Unread => &mut coverage.unreadable,
        } += 1;
        let is_broken =
            |kind| matches!(kind, DiagnosticKind::UnknownTable | DiagnosticKind::UnknownColumn);
        let mut has_other_trouble = reading.status != ReadingStatus::Parsed;
        for diagnostic in reading.diagnostics.iter().filter(|found| is_broken(found.kind)) {
            has_other_trouble = false;
            report.broken.push(Broken {
                view: index,
                message: diagnostic.message.clone(),
                line: diagnostic.line,
                column: diagnostic.column,
            });
        }
        if has_other_trouble {
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
