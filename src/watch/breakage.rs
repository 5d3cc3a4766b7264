//! [`Breakages`]: who depended on what is gone or has another type now. Pure.

use serde::Serialize;

use super::lineage_changes::LineageChanges;
use crate::lineage::{LineageGraph, NodeRole, impact};
use crate::model::DatasetPath;
use crate::model::path::fold;
use crate::snapshots::{CatalogDiff, ColumnChange};

/// So many are told one by one; more of them in one round are a rebuilt catalogue.
const MOST: usize = 200;

/// What happened to a dataset or column that others depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The dataset is gone.
    DatasetRemoved,
    /// The column is gone.
    ColumnRemoved {
        /// Its name.
        column: String,
    },
    /// The column has another type.
    ColumnRetyped {
        /// Its name.
        column: String,
        /// The type before.
        before: String,
        /// The type now.
        after: String,
    },
}

impl Cause {
    /// The column, unless it is the dataset.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::DatasetRemoved => None,
            Self::ColumnRemoved { column } | Self::ColumnRetyped { column, .. } => Some(column),
        }
    }
}

/// Something that others depend on has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Breakage {
    /// The dataset.
    pub path: DatasetPath,
    /// What happened.
    #[serde(flatten)]
    pub cause: Cause,
    /// Who depends on it, nearest first.
    pub affected: Vec<Affected>,
}

/// Somebody who depended on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// Where it stands.
    pub path: DatasetPath,
    /// What it is.
    pub role: NodeRole,
    /// How many edges away, at least 1.
    pub hops: u32,
    /// Whether all of it is affected.
    pub whole: bool,
    /// Its columns that are.
    pub columns: Vec<String>,
    /// What its SQL names and is not there any more.
    pub broken: Option<String>,
}

/// All of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breakages {
    /// What others depend on and has changed, those that break something first.
    pub told: Vec<Breakage>,
    /// How many more there are.
    pub left_out: usize,
}

impl Breakages {
    /// Follows what is gone or has another type in the graph as it was.
    pub fn of(
        diff: &CatalogDiff,
        before: &LineageGraph,
        after: &LineageGraph,
        lineage: &LineageChanges,
    ) -> Self {
        let removed = diff.removed.iter().map(|state| (&state.path, Cause::DatasetRemoved));
        let columns = diff.changed.iter().flat_map(|dataset| {
            let causes = dataset.columns.iter().filter_map(|change| match change {
                ColumnChange::Removed { name, .. } => {
                    Some(Cause::ColumnRemoved { column: name.clone() })
                }
                ColumnChange::Type { name, before, after } => Some(Cause::ColumnRetyped {
                    column: name.clone(),
                    before: before.clone(),
                    after: after.clone(),
                }),
                ColumnChange::Added { .. }
                | ColumnChange::Nullable { .. }
                | ColumnChange::Renamed { .. } => None,
            });
            causes.map(|cause| (&dataset.path, cause))
        });
        let mut all = Self::default();
        for (path, cause) in removed.chain(columns) {
            let Some(node) = before.find(path) else { continue };
            let affected: Vec<Affected> = impact(before, node, cause.column())
                .into_iter()
                .filter_map(|found| {
                    let node = before.node(found.node);
                    // Who is gone too does not suffer.
                    after
                        .find(&node.path)
                        .filter(|at| after.node(*at).role != NodeRole::Missing)?;
                    Some(Affected {
                        path: node.path.clone(),
                        role: node.role,
                        hops: found.hops,
                        whole: found.is_whole,
                        columns: found.columns.iter().map(ToString::to_string).collect(),
                        broken: broken(lineage, &node.path, path, &cause),
                    })
                })
                .collect();
            if affected.is_empty() {
                continue;
            }
            if all.told.len() == MOST {
                all.left_out += 1;
                continue;
            }
            all.told.push(Breakage { path: path.clone(), cause, affected });
        }
        let breaks = |breakage: &Breakage| breakage.affected.iter().any(|one| one.broken.is_some());
        all.told.sort_by_key(|breakage| !breaks(breakage));
        all
    }
}

/// What of a view is newly broken and speaks of this cause.
fn broken(
    lineage: &LineageChanges,
    view: &DatasetPath,
    path: &DatasetPath,
    cause: &Cause,
) -> Option<String> {
    let word = fold(cause.column().unwrap_or_else(|| path.name()));
    let references = lineage.broken.iter().filter(|reference| reference.view.is_same(view));
    let mut messages = references.map(|reference| &reference.message);
    messages.find(|message| fold(message).contains(&word)).cloned()
}

#[cfg(test)]
mod tests {
    use super::super::lineage_changes::tests::graph;
    use super::*;
    use crate::snapshots::{DatasetChange, DatasetState};

    fn column_removed(path: &str, name: &str) -> CatalogDiff {
        let change =
            ColumnChange::Removed { name: name.to_owned(), data_type: "INTEGER".to_owned() };
        CatalogDiff {
            changed: vec![DatasetChange {
                path: path.parse().unwrap(),
                kind: None,
                columns: vec![change],
                reordered: false,
                sql: None,
                sql_context: None,
            }],
            ..CatalogDiff::default()
        }
    }

    #[test]
    fn a_column_that_goes_takes_along_who_names_it() {
        let datasets = |columns: &'static [&'static str]| {
            graph(&[
                ("t", columns, ""),
                ("v", &["b"], "SELECT b FROM t"),
                ("w", &["c"], "SELECT b AS c FROM v"),
                ("other", &["a"], "SELECT a FROM t"),
            ])
        };
        let (before, after) = (datasets(&["a", "b"]), datasets(&["a"]));
        let lineage = LineageChanges::between(&before, &after);
        let all = Breakages::of(&column_removed("s.t", "b"), &before, &after, &lineage);
        let affected = &all.told[0].affected;
        let names: Vec<String> = affected.iter().map(|one| one.path.to_string()).collect();
        assert_eq!(names, ["s.v", "s.w"], "what only reads column a is not concerned");
        assert!(affected[0].broken.as_deref().is_some_and(|message| message.contains('b')));
        assert_eq!((affected[1].hops, affected[1].broken.as_deref()), (2, None));
        assert_eq!(affected[1].columns, ["c"]);
    }

    #[test]
    fn who_goes_along_does_not_break() {
        let before = graph(&[("t", &["a"], ""), ("v", &["a"], "SELECT a FROM t")]);
        let after = graph(&[("z", &["a"], "")]);
        let state =
            |path: &str| DatasetState { path: path.parse().unwrap(), kind: "table", columns: None };
        let diff =
            CatalogDiff { removed: vec![state("s.t"), state("s.v")], ..CatalogDiff::default() };
        let lineage = LineageChanges::between(&before, &after);
        assert_eq!(Breakages::of(&diff, &before, &after, &lineage), Breakages::default());
    }
}
