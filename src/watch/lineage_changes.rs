//! [`LineageChanges`]: what differs between two lineage graphs. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::lineage::{
    BrokenKind, Coverage, Edge, LineageGraph, NodeRole, ReadingStatus, SqlPosition, check,
};
use crate::model::DatasetPath;
use crate::model::path::fold;

/// The differences, each list in the order of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LineageChanges {
    /// Edges that are new.
    pub edges_added: Vec<EdgeEnds>,
    /// Edges that are gone.
    pub edges_removed: Vec<EdgeEnds>,
    /// Edges whose columns differ.
    pub edges_changed: Vec<EdgeChange>,
    /// Views of which more or less can be read than before.
    pub views: Vec<ViewChange>,
    /// References that lead nowhere and did not before.
    pub broken: Vec<BrokenReference>,
    /// References that led nowhere and do not any more.
    pub mended: Vec<BrokenReference>,
    /// How much was known before.
    pub coverage_before: Coverage,
    /// How much is known now.
    pub coverage: Coverage,
}

/// The two ends of an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EdgeEnds {
    /// Upstream.
    pub from: DatasetPath,
    /// Downstream.
    pub to: DatasetPath,
}

/// How an edge differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EdgeChange {
    /// Which.
    #[serde(flatten)]
    pub ends: EdgeEnds,
    /// Upstream and downstream columns that are joined now.
    pub columns_added: Vec<(String, String)>,
    /// Upstream and downstream columns that are not joined any more.
    pub columns_removed: Vec<(String, String)>,
}

/// How the reading of a view differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ViewChange {
    /// Which.
    pub path: DatasetPath,
    /// How well its SQL could be read before.
    pub before: ReadingStatus,
    /// How well it can be read now.
    pub after: ReadingStatus,
}

impl ViewChange {
    /// Whether less can be read than before.
    pub fn is_worse(&self) -> bool {
        self.after > self.before
    }
}

/// A reference of a view that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrokenReference {
    /// The view.
    pub view: DatasetPath,
    /// What leads nowhere.
    pub kind: BrokenKind,
    /// What is wrong, naming table or column.
    pub message: String,
    /// Where in the view's SQL.
    pub at: Option<SqlPosition>,
}

impl LineageChanges {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.edges_added.is_empty()
            && self.edges_removed.is_empty()
            && self.edges_changed.is_empty()
            && self.views.is_empty()
            && self.broken.is_empty()
            && self.mended.is_empty()
            && self.coverage_before == self.coverage
    }

    /// Compares an earlier graph with a later one.
    pub fn between(before: &LineageGraph, after: &LineageGraph) -> Self {
        let (earlier, later) = (edges(before), edges(after));
        let mut changes = Self::default();
        for (key, (ends, edge)) in &later {
            match earlier.get(key) {
                None => changes.edges_added.push(ends.clone()),
                Some((_, former)) => changes.edges_changed.extend(change(ends, former, edge)),
            }
        }
        let gone = earlier.iter().filter(|(key, _)| !later.contains_key(*key));
        changes.edges_removed.extend(gone.map(|(_, (ends, _))| ends.clone()));
        changes.views = views(before, after);
        let (was, is) = (check(before, |_| true), check(after, |_| true));
        let (broken_before, broken) = (broken(before, was.broken), broken(after, is.broken));
        changes.mended = missing_in(&broken_before, &broken);
        // A view that is gone is not mended.
        changes.mended.retain(|reference| after.find(&reference.view).is_some());
        changes.broken = missing_in(&broken, &broken_before);
        changes.coverage_before = was.coverage;
        changes.coverage = is.coverage;
        changes
    }
}

type Keyed<'a> = BTreeMap<(DatasetPath, DatasetPath), (EdgeEnds, &'a Edge)>;

fn edges(graph: &LineageGraph) -> Keyed<'_> {
    let keyed = |edge: &'_ Edge| {
        let (from, to) = (&graph.node(edge.from).path, &graph.node(edge.to).path);
        ((to.folded(), from.folded()), EdgeEnds { from: from.clone(), to: to.clone() })
    };
    let edges = graph.edges().iter();
    edges
        .map(|edge| {
            let (key, ends) = keyed(edge);
            (key, (ends, edge))
        })
        .collect()
}

fn change(ends: &EdgeEnds, before: &Edge, after: &Edge) -> Option<EdgeChange> {
    let pairs = |edge: &Edge| -> BTreeMap<(String, String), (String, String)> {
        let pair =
            |from: &str, to: &str| ((fold(from), fold(to)), (from.to_owned(), to.to_owned()));
        edge.columns.iter().map(|column| pair(&column.from, &column.to)).collect()
    };
    let (before, after) = (pairs(before), pairs(after));
    let only = |a: &BTreeMap<_, (String, String)>, b: &BTreeMap<_, _>| -> Vec<(String, String)> {
        a.iter().filter(|(key, _)| !b.contains_key(*key)).map(|(_, pair)| pair.clone()).collect()
    };
    let (columns_added, columns_removed) = (only(&after, &before), only(&before, &after));
    let differs = !columns_added.is_empty() || !columns_removed.is_empty();
    differs.then(|| EdgeChange { ends: ends.clone(), columns_added, columns_removed })
}

fn views(before: &LineageGraph, after: &LineageGraph) -> Vec<ViewChange> {
    let mut changes = Vec::new();
    for node in after.nodes().iter().filter(|node| node.role == NodeRole::View) {
        let Some(former) = before.find(&node.path).map(|index| before.node(index)) else {
            continue;
        };
        if let (Some(was), Some(is)) = (&former.reading, &node.reading)
            && was.status != is.status
        {
            changes.push(ViewChange {
                path: node.path.clone(),
                before: was.status,
                after: is.status,
            });
        }
    }
    changes
}

fn broken(graph: &LineageGraph, found: Vec<crate::lineage::Broken>) -> Vec<BrokenReference> {
    // What could not be looked up is no news of the catalogue.
    let found = found.into_iter().filter(|broken| broken.kind != BrokenKind::Unchecked);
    found
        .map(|broken| BrokenReference {
            view: graph.node(broken.view).path.clone(),
            kind: broken.kind,
            message: broken.message,
            at: broken.at,
        })
        .collect()
}

/// Those of `a` that are not among `b`, wherever in the SQL they stand.
fn missing_in(a: &[BrokenReference], b: &[BrokenReference]) -> Vec<BrokenReference> {
    let key = |reference: &BrokenReference| {
        (reference.view.folded(), reference.kind, reference.message.clone())
    };
    let known: BTreeSet<_> = b.iter().map(key).collect();
    a.iter().filter(|reference| !known.contains(&key(reference))).cloned().collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::lineage::Engine;
    use crate::model::{
        Catalog, Change, Column, DataType, DatasetDetail, Entity, EntityDetail, Item, NodeKind,
        TableKind,
    };

    /// A space of tables (no SQL) and views, each with its columns.
    pub(crate) fn graph(datasets: &[(&str, &[&str], &str)]) -> LineageGraph {
        let kind = |sql: &str| {
            if sql.is_empty() { NodeKind::Table(TableKind::Direct) } else { NodeKind::View }
        };
        let item =
            |name: &str, kind| Item { path: name.parse().unwrap(), id: None, kind, raw_kind: None };
        let mut catalog = Catalog::new();
        catalog.apply(Change::Children {
            parent: DatasetPath::default(),
            items: vec![item("s", NodeKind::Space)],
            first: true,
            last: true,
        });
        let children = datasets.iter().map(|(name, _, sql)| item(&format!("s.{name}"), kind(sql)));
        catalog.apply(Change::Children {
            parent: "s".parse().unwrap(),
            items: children.collect(),
            first: true,
            last: true,
        });
        for (name, columns, sql) in datasets {
            let columns = columns.iter().map(|name| Column {
                name: (*name).to_owned(),
                data_type: DataType::Integer,
                nullable: None,
            });
            catalog.apply(Change::Entity(Box::new(Entity {
                item: item(&format!("s.{name}"), kind(sql)),
                created_at: None,
                detail: EntityDetail::Dataset(DatasetDetail {
                    columns: Some(columns.collect()),
                    sql: (!sql.is_empty()).then(|| (*sql).to_owned()),
                    sql_context: vec!["s".to_owned()],
                    format: None,
                }),
            })));
        }
        Engine::new(&catalog).graph(&catalog)
    }

    fn shown(edges: &[EdgeEnds]) -> Vec<String> {
        edges.iter().map(|edge| format!("{} → {}", edge.from, edge.to)).collect()
    }

    #[test]
    fn a_graph_does_not_differ_from_itself() {
        let graph = graph(&[("t", &["a"], ""), ("v", &["a"], "SELECT a FROM t")]);
        let changes = LineageChanges::between(&graph, &graph);
        assert!(changes.is_empty(), "{changes:?}");
    }

    #[test]
    fn edges_columns_and_readings_are_compared() {
        let before = graph(&[
            ("t", &["a", "b"], ""),
            ("u", &["a"], ""),
            ("v", &["x"], "SELECT a AS x FROM t"),
            ("w", &["a"], "SELECT a FROM u"),
            ("odd", &["a"], "SELECT a FROM u"),
        ]);
        let after = graph(&[
            ("T", &["a", "b"], ""),
            ("u", &["a"], ""),
            ("v", &["x"], "SELECT b AS x FROM t"),
            ("w", &["a"], "SELECT a FROM t"),
            ("odd", &["a"], "SELEKT a FROM u"),
        ]);
        let changes = LineageChanges::between(&before, &after);
        assert_eq!(shown(&changes.edges_added), ["s.T → s.w"]);
        assert_eq!(shown(&changes.edges_removed), ["s.u → s.w"]);
        let edge = changes.edges_changed.iter().find(|edge| edge.ends.to.to_string() == "s.v");
        let edge = edge.expect("the edge into v differs");
        let pair = |from: &str, to: &str| vec![(from.to_owned(), to.to_owned())];
        assert_eq!(edge.columns_added, pair("b", "x"));
        assert_eq!(edge.columns_removed, pair("a", "x"));
        let view = &changes.views[0];
        assert_eq!((view.path.to_string().as_str(), view.after), ("s.odd", ReadingStatus::Failed));
        assert!(view.is_worse());
        assert_eq!((changes.coverage_before.parsed, changes.coverage.parsed), (3, 2));
    }

    #[test]
    fn what_breaks_is_news_once() {
        let good = graph(&[("t", &["a", "b"], ""), ("v", &["b"], "SELECT b FROM t")]);
        let bad = graph(&[("t", &["a"], ""), ("v", &["b"], "SELECT b FROM t")]);
        let changes = LineageChanges::between(&good, &bad);
        assert_eq!(changes.broken.len(), 1, "{changes:?}");
        assert_eq!(changes.broken[0].kind, BrokenKind::Column);
        assert!(LineageChanges::between(&bad, &bad).broken.is_empty());
        let changes = LineageChanges::between(&bad, &good);
        assert_eq!((changes.broken.len(), changes.mended.len()), (0, 1));
    }
}
