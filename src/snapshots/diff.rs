//! What differs between two catalogues: datasets, their columns and their SQL.
//!
//! Plain data, compared by path without case. Only what both sides know is compared: a dataset whose
//! details one side never read is not changed.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::model::path::fold;
use crate::model::{
    Catalog, ColumnView, DatasetPath, Listing, NodeKind, NodeRef, SchemaState, SchemaView,
};

/// The differences, each list in the order of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CatalogDiff {
    /// Datasets that only the second catalogue has.
    pub added: Vec<DatasetState>,
    /// Datasets that only the first has, and that the second would have if they were still there.
    pub removed: Vec<DatasetState>,
    /// Datasets that both have and that differ.
    pub changed: Vec<DatasetChange>,
    /// Datasets that the second lacks because it did not read where they stand.
    pub not_compared: Vec<DatasetPath>,
}

/// A dataset that one side has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatasetState {
    /// Where it stands.
    pub path: DatasetPath,
    /// `table` or `view`.
    pub kind: &'static str,
    /// How many columns it has, where known.
    pub columns: Option<usize>,
}

/// How a dataset differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatasetChange {
    /// Where it stands, as the second side spells it.
    pub path: DatasetPath,
    /// The kinds, where a table became a view or the other way round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<(&'static str, &'static str)>,
    /// The columns that differ, in the order of the second side, then those that are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnChange>,
    /// Whether columns that both have stand in another order.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reordered: bool,
    /// The SQL before and after, where it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<(String, String)>,
    /// The SQL's context before and after, where it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql_context: Option<(Vec<String>, Vec<String>)>,
}

/// How a column differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ColumnChange {
    /// It is new.
    Added {
        /// Its name.
        name: String,
        /// Its type as text.
        data_type: String,
    },
    /// It is gone.
    Removed {
        /// Its name.
        name: String,
        /// Its type as text.
        data_type: String,
    },
    /// Its type differs, also inside.
    Type {
        /// Its name.
        name: String,
        /// The type before.
        before: String,
        /// The type after.
        after: String,
    },
    /// Whether it can hold nulls differs, where both sides say.
    Nullable {
        /// Its name.
        name: String,
        /// Before.
        before: bool,
        /// After.
        after: bool,
    },
    /// Its name differs in case only.
    Renamed {
        /// The name before.
        before: String,
        /// The name after.
        after: String,
    },
}

impl CatalogDiff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Compares an earlier catalogue with a later one.
pub fn diff(before: &Catalog, after: &Catalog) -> CatalogDiff {
    let earlier = datasets(before);
    let later = datasets(after);
    let mut diff = CatalogDiff::default();
    for (key, node) in &later {
        match earlier.get(key) {
            None => diff.added.push(state(*node)),
            Some(earlier) => diff.changed.extend(change(*earlier, *node)),
        }
    }
    for (key, node) in &earlier {
        if later.contains_key(key) {
            continue;
        }
        let path = node.path();
        if was_looked_for(after, &path) {
            diff.removed.push(state(*node));
        } else {
            diff.not_compared.push(path);
        }
    }
    diff
}

fn datasets(catalog: &Catalog) -> BTreeMap<DatasetPath, NodeRef<'_>> {
    let nodes = catalog.walk().filter(|node| node.kind().is_dataset());
    nodes.map(|node| (node.path().folded(), node)).collect()
}

/// Whether a catalogue was read where `path` stands, so that its absence says something.
fn was_looked_for(catalog: &Catalog, path: &DatasetPath) -> bool {
    let mut at = catalog.root();
    for part in path.parts() {
        match at.child(part) {
            Some(child) => at = child,
            // Below something that is a table now there is nothing any more.
            None => return !at.kind().is_container() || at.listing() == Listing::Complete,
        }
    }
    true
}

fn state(node: NodeRef<'_>) -> DatasetState {
    let schema = node.schema();
    DatasetState {
        path: node.path(),
        kind: node.kind().name(),
        columns: (schema.state == SchemaState::Known).then(|| schema.len()),
    }
}

fn change(before: NodeRef<'_>, after: NodeRef<'_>) -> Option<DatasetChange> {
    let (kind_before, kind_after) = (before.kind().name(), after.kind().name());
    let (columns, reordered) = columns(before.schema(), after.schema());
    let mut change = DatasetChange {
        path: after.path(),
        kind: (kind_before != kind_after).then_some((kind_before, kind_after)),
        columns,
        reordered,
        sql: None,
        sql_context: None,
    };
    if let (Some(before), Some(after)) = (before.sql(), after.sql())
        && before != after
    {
        change.sql = Some((before.to_owned(), after.to_owned()));
    }
    let are_views = before.kind() == NodeKind::View && after.kind() == NodeKind::View;
    if are_views && before.has_details() && after.has_details() {
        let context = |node: NodeRef<'_>| node.sql_context().map(str::to_owned).collect();
        let (before, after): (Vec<_>, Vec<_>) = (context(before), context(after));
        if before != after {
            change.sql_context = Some((before, after));
        }
    }
    let differs = change.kind.is_some()
        || !change.columns.is_empty()
        || change.reordered
        || change.sql.is_some()
        || change.sql_context.is_some();
    differs.then_some(change)
}

fn columns(before: SchemaView<'_>, after: SchemaView<'_>) -> (Vec<ColumnChange>, bool) {
    if before.state != SchemaState::Known || after.state != SchemaState::Known {
        return (Vec::new(), false);
    }
    // A name can occur more than once: the first is paired with the first, and so on.
    let mut earlier: FxHashMap<String, Vec<usize>> = FxHashMap::default();
    for (index, column) in before.iter().enumerate() {
        earlier.entry(fold(column.name)).or_default().push(index);
    }
    for indices in earlier.values_mut() {
        indices.reverse();
    }
    let mut changes = Vec::new();
    let mut pairs = Vec::new();
    for column in after.iter() {
        let paired = earlier.get_mut(&fold(column.name)).and_then(Vec::pop);
        let Some(index) = paired else {
            changes.push(ColumnChange::Added {
                name: column.name.to_owned(),
                data_type: column.data_type.to_string(),
            });
            continue;
        };
        pairs.push(index);
        if let Some(old) = before.get(index) {
            changes.extend(column_changes(old, column));
        }
    }
    let mut gone: Vec<_> = earlier.into_values().flatten().collect();
    gone.sort_unstable();
    for column in gone.into_iter().filter_map(|index| before.get(index)) {
        changes.push(ColumnChange::Removed {
            name: column.name.to_owned(),
            data_type: column.data_type.to_string(),
        });
    }
    (changes, !pairs.is_sorted())
}

fn column_changes(before: ColumnView<'_>, after: ColumnView<'_>) -> Vec<ColumnChange> {
    let mut changes = Vec::new();
    if before.name != after.name {
        changes.push(ColumnChange::Renamed {
            before: before.name.to_owned(),
            after: after.name.to_owned(),
        });
    }
    if before.data_type != after.data_type {
        changes.push(ColumnChange::Type {
            name: after.name.to_owned(),
            before: before.data_type.to_string(),
            after: after.data_type.to_string(),
        });
    }
    if let (Some(was), Some(is)) = (before.nullable, after.nullable)
        && was != is
    {
        changes.push(ColumnChange::Nullable {
            name: after.name.to_owned(),
            before: was,
            after: is,
        });
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Change, Column, DataType, DatasetDetail, Entity, EntityDetail, Field, Item, TableKind,
    };

    const TABLE: NodeKind = NodeKind::Table(TableKind::Direct);

    fn item(text: &str, kind: NodeKind) -> Item {
        Item { path: text.parse().unwrap(), id: None, kind, raw_kind: None }
    }

    fn catalog(datasets: &[(&str, NodeKind)], last: bool) -> Catalog {
        let mut catalog = Catalog::new();
        catalog.apply(Change::Children {
            parent: DatasetPath::default(),
            items: vec![item("s", NodeKind::Space)],
            first: true,
            last: true,
        });
        catalog.apply(Change::Children {
            parent: "s".parse().unwrap(),
            items: datasets.iter().map(|(name, kind)| item(&format!("s.{name}"), *kind)).collect(),
            first: true,
            last,
        });
        catalog
    }

    fn detail(
        catalog: &mut Catalog,
        name: &str,
        kind: NodeKind,
        sql: Option<&str>,
        columns: &[(&str, DataType, Option<bool>)],
    ) {
        let columns = columns.iter().map(|(name, data_type, nullable)| Column {
            name: (*name).to_owned(),
            data_type: data_type.clone(),
            nullable: *nullable,
        });
        catalog.apply(Change::Entity(Box::new(Entity {
            item: item(&format!("s.{name}"), kind),
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(columns.collect()),
                sql: sql.map(str::to_owned),
                sql_context: vec!["s".to_owned()],
                format: None,
            }),
        })));
    }

    #[test]
    fn a_catalogue_does_not_differ_from_itself() {
        let mut catalog = catalog(&[("a", TABLE), ("v", NodeKind::View)], true);
        detail(&mut catalog, "v", NodeKind::View, Some("SELECT 1"), &[("x", DataType::Date, None)]);
        assert!(diff(&catalog, &catalog.clone()).is_empty());
        assert!(diff(&Catalog::new(), &Catalog::new()).is_empty());
    }

    #[test]
    fn datasets_come_go_and_change_their_kind() {
        let before = catalog(&[("a", TABLE), ("B", TABLE), ("c", NodeKind::View)], true);
        let after = catalog(&[("b", TABLE), ("c", TABLE), ("d", NodeKind::View)], true);
        let diff = diff(&before, &after);
        assert_eq!(
            diff.added.iter().map(|state| state.path.to_string()).collect::<Vec<_>>(),
            ["s.d"]
        );
        assert_eq!(diff.removed[0].path.to_string(), "s.a");
        assert_eq!((diff.changed.len(), diff.changed[0].kind), (1, Some(("view", "table"))));
    }

    #[test]
    fn what_was_not_read_is_not_taken_for_gone() {
        let before = catalog(&[("a", TABLE)], true);
        let unread = catalog(&[], false);
        let difference = diff(&before, &unread);
        assert!(difference.is_empty());
        assert_eq!(difference.not_compared[0].to_string(), "s.a");
        assert_eq!(diff(&before, &Catalog::new()).not_compared.len(), 1);
    }

    #[test]
    fn columns_are_compared_by_name_and_type() {
        let row =
            |data_type| DataType::Struct(Some(vec![Field { name: "x".to_owned(), data_type }]));
        let mut before = catalog(&[("a", TABLE), ("unread", TABLE)], true);
        let mut after = before.clone();
        detail(
            &mut before,
            "a",
            TABLE,
            None,
            &[
                ("id", DataType::Integer, Some(false)),
                ("geo", row(DataType::Float), None),
                ("dup", DataType::Date, None),
                ("dup", DataType::Time, None),
                ("old", DataType::Date, None),
            ],
        );
        detail(
            &mut after,
            "a",
            TABLE,
            None,
            &[
                ("ID", DataType::Integer, Some(true)),
                ("dup", DataType::Date, None),
                ("geo", row(DataType::Double), None),
                ("new", DataType::BigInt, None),
            ],
        );
        detail(&mut after, "unread", TABLE, None, &[("x", DataType::Date, None)]);
        let diff = diff(&before, &after);
        assert_eq!(diff.changed.len(), 1, "what one side never read is not compared");
        let change = &diff.changed[0];
        assert!(change.reordered);
        let text = |text: &str| text.to_owned();
        assert_eq!(
            change.columns,
            [
                ColumnChange::Renamed { before: text("id"), after: text("ID") },
                ColumnChange::Nullable { name: text("ID"), before: false, after: true },
                ColumnChange::Type {
                    name: text("geo"),
                    before: text("STRUCT<x: FLOAT>"),
                    after: text("STRUCT<x: DOUBLE>"),
                },
                ColumnChange::Added { name: text("new"), data_type: text("BIGINT") },
                ColumnChange::Removed { name: text("dup"), data_type: text("TIME") },
                ColumnChange::Removed { name: text("old"), data_type: text("DATE") },
            ]
        );
    }

    #[test]
    fn sql_is_compared_where_both_sides_show_it() {
        let mut before = catalog(&[("v", NodeKind::View), ("w", NodeKind::View)], true);
        let mut after = before.clone();
        detail(&mut before, "v", NodeKind::View, Some("SELECT 1"), &[]);
        detail(&mut after, "v", NodeKind::View, Some("SELECT 2"), &[]);
        detail(&mut before, "w", NodeKind::View, Some("SELECT 1"), &[]);
        detail(&mut after, "w", NodeKind::View, None, &[]);
        let diff = diff(&before, &after);
        assert_eq!(diff.changed.len(), 1, "hidden SQL is not changed SQL");
        let sql = diff.changed[0].sql.as_ref().unwrap();
        assert_eq!((sql.0.as_str(), sql.1.as_str()), ("SELECT 1", "SELECT 2"));
        let json = serde_json::to_value(&diff).unwrap();
        assert_eq!(json["changed"][0]["sql"][1], "SELECT 2");
    }
}
