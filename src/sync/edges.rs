//! The lineage part of a plan (contract §5, quirks 15–17).
//!
//! A PUT replaces all details of an edge, so what others wrote is merged in first, and an edge that
//! a person drew is left alone.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::desired::{Desired, DesiredEdge};
use super::diff::{FieldChange, Outcome};
use super::fitting::Fitted;
use super::plan::{Action, Current, Item, ItemKey, Payload};
use crate::model::path::fold;
use crate::openmetadata::entity::{
    ColumnLineage, EntityReference, LineageDetails, StoredEdge, StoredTable, whole_reference,
};
use crate::openmetadata::names;

/// An edge to be sent. Columns are names below their table as the server spells (or will spell)
/// them; their FQNs are taken from the server's own answer when it is sent (quirk 17).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EdgeBody {
    /// `ViewLineage`, `DbtLineage`, or what someone else had set.
    pub source: String,
    /// The SQL behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// Kept from the stored edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Kept from the stored edge.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "whole_reference")]
    pub pipeline: Option<EntityReference>,
    /// Kept from the stored edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temp_lineage_tables: Option<Value>,
    /// Upstream columns, downstream column, transformation.
    pub columns: Vec<(Vec<String>, String, Option<String>)>,
    /// Mappings of others, kept with their FQNs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<ColumnLineage>,
}

/// Compares the desired edges with the stored ones.
pub(super) fn items(
    desired: &Desired,
    fitted: &[Fitted<'_>],
    current: &Current,
    touched: &HashSet<String>,
    clashing: &HashSet<&str>,
    prune: bool,
) -> Vec<Item> {
    let by_fqn: HashMap<String, &StoredTable> = current
        .tables
        .iter()
        .map(|table| (fold(&table.common.fully_qualified_name), table))
        .collect();
    let wanted_tables: HashSet<String> =
        desired.entities.iter().map(|entity| fold(&entity.fqn)).collect();
    let mut wanted_ids = HashSet::new();
    let mut items = Vec::new();
    for Fitted { edge, waiting, is_blind } in fitted {
        let ends = (by_fqn.get(&fold(&edge.from)), by_fqn.get(&fold(&edge.to)));
        let stored = match ends {
            (Some(from), Some(to)) => {
                let ids = (from.common.id.clone(), to.common.id.clone());
                let stored = current.edges.get(&ids);
                wanted_ids.insert(ids);
                stored
            }
            _ => None,
        };
        let mut item = edge_item(edge, stored, *is_blind);
        if stored.is_none() && current.settled.contains(&edge.to) {
            item.action = Action::Unchanged;
            item.changes.clear();
            item.payload = None;
        }
        let end_missing = |fqn: &str| {
            let there = by_fqn.get(&fold(fqn)).is_some_and(|table| !table.common.deleted);
            !there && !wanted_tables.contains(&fold(fqn))
        };
        let is_clashing = |fqn: &&String| clashing.contains(fqn.as_str());
        if let Some(clash) = [&edge.from, &edge.to].into_iter().find(is_clashing) {
            item.action = Action::Keep;
            item.payload = None;
            item.notes.push(format!("{clash} cannot be brought over"));
        } else if let Some(missing) =
            [&edge.from, &edge.to].into_iter().find(|fqn| end_missing(fqn))
        {
            item.action = Action::Keep;
            item.payload = None;
            item.notes.push(format!(
                "{missing} is not in OpenMetadata and not part of this sync; select it too"
            ));
        } else if item.action == Action::Unchanged
            // What was not read is put back as it was found, not as we think that it is.
            && stored.is_some()
            && (touched.contains(&edge.from) || touched.contains(&edge.to))
        {
            item.action = Action::Update;
            item.payload = Some(Payload::Edge(body(edge, stored, *is_blind)));
            item.notes.push(
                "sent again: the server rewrites edges of a table whose columns go".to_owned(),
            );
        }
        if *waiting > 0 && item.action.writes() {
            item.notes.push(format!(
                "{waiting} column mappings wait until OpenMetadata has the columns of {}",
                edge.from
            ));
        }
        items.push(item);
    }
    if prune {
        items.extend(stale(current, &desired.traced, &wanted_ids));
    }
    items
}

fn edge_item(edge: &DesiredEdge, stored: Option<&StoredEdge>, is_blind: bool) -> Item {
    let mut item = Item {
        key: ItemKey::Edge { from: edge.from.clone(), to: edge.to.clone() },
        path: None,
        action: Action::Create,
        changes: Vec::new(),
        notes: Vec::new(),
        expected: None,
        payload: None,
        repair: false,
        description_patch: None,
        data_model: None,
    };
    let wanted = body(edge, stored, is_blind);
    let Some(stored) = stored else {
        item.changes = changes(&LineageDetails::default(), &wanted, edge);
        item.payload = Some(Payload::Edge(wanted));
        return item;
    };
    let details = stored.lineage_details.clone().unwrap_or_default();
    // Absent means Manual to the server (contract §5.1).
    if details.source.as_deref().unwrap_or("Manual") == "Manual" {
        item.action = Action::Keep;
        item.notes.push("someone drew this edge by hand; it is left as it is".to_owned());
        return item;
    }
    item.changes = changes(&details, &wanted, edge);
    if item.changes.is_empty() {
        item.action = Action::Unchanged;
    } else {
        item.action = Action::Update;
        item.payload = Some(Payload::Edge(wanted));
    }
    item
}

/// The desired edge with what others wrote on the stored one; with `is_blind`, what we once wrote too.
fn body(edge: &DesiredEdge, stored: Option<&StoredEdge>, is_blind: bool) -> EdgeBody {
    let details = stored.and_then(|stored| stored.lineage_details.clone()).unwrap_or_default();
    let other =
        details.source.clone().filter(|source| *source != edge.source && source != "Manual");
    let ours: HashMap<String, HashSet<String>> = edge
        .columns
        .iter()
        .map(|(from, to, _)| (fold(to), from.iter().map(|column| fold(column)).collect()))
        .collect();
    // Ours replaces another's mapping only where it says no less.
    let says_more = |mapping: &ColumnLineage| {
        let ours = ours.get(&fold(&column_below(&mapping.to_column)));
        ours.is_none_or(|ours| {
            let mut from = mapping.from_columns.iter().map(|column| fold(&column_below(column)));
            from.any(|column| !ours.contains(&column))
        })
    };
    let foreign = if other.is_some() || is_blind {
        details.columns_lineage.into_iter().filter(says_more).collect()
    } else {
        Vec::new()
    };
    EdgeBody {
        source: other.unwrap_or_else(|| edge.source.clone()),
        sql: edge.sql.clone().or(details.sql_query),
        description: details.description,
        pipeline: details.pipeline,
        temp_lineage_tables: details.temp_lineage_tables,
        columns: edge.columns.clone(),
        foreign,
    }
}

/// The column's own name in a column FQN: what follows service, database, schema and table.
fn column_below(fqn: &str) -> String {
    match names::split_fqn(fqn) {
        Ok(parts) if parts.len() > 4 => parts[4..].join("."),
        _ => fqn.to_owned(),
    }
}

/// A mapping of columns as people read it.
pub(super) fn mapping_line(mapping: &ColumnLineage) -> String {
    line(
        mapping.from_columns.iter().map(|column| fold(&column_below(column))).collect(),
        &fold(&column_below(&mapping.to_column)),
        mapping.function.as_ref(),
    )
}

fn line(from: BTreeSet<String>, to: &str, function: Option<&String>) -> String {
    let from = from.into_iter().collect::<Vec<_>>().join(", ");
    match function {
        Some(function) => format!("{from} → {to}: {function}"),
        None => format!("{from} → {to}"),
    }
}

fn changes(stored: &LineageDetails, wanted: &EdgeBody, edge: &DesiredEdge) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let mut compare = |field: &str, old: Option<String>, new: Option<String>| {
        if old.as_deref().unwrap_or_default() != new.as_deref().unwrap_or_default() {
            changes.push(FieldChange {
                field: field.to_owned(),
                old,
                new,
                outcome: Outcome::Written,
            });
        }
    };
    compare("source", stored.source.clone(), Some(wanted.source.clone()));
    compare("sqlQuery", stored.sql_query.clone(), wanted.sql.clone());
    let old: BTreeSet<String> = stored.columns_lineage.iter().map(mapping_line).collect();
    let ours = edge.columns.iter().map(|(from, to, function)| {
        line(from.iter().map(|column| fold(column)).collect(), &fold(to), function.as_ref())
    });
    let foreign = wanted.foreign.iter().map(mapping_line);
    let new: BTreeSet<String> = ours.chain(foreign).collect();
    for gone in old.difference(&new) {
        compare("columnsLineage", Some(gone.clone()), None);
    }
    for added in new.difference(&old) {
        compare("columnsLineage", None, Some(added.clone()));
    }
    changes
}

/// Edges that we once wrote into a view of this sync and that its SQL no longer supports. A view whose
/// SQL was not read wholly keeps what it has.
fn stale(
    current: &Current,
    traced: &HashSet<String>,
    wanted_ids: &HashSet<(String, String)>,
) -> Vec<Item> {
    let by_id: HashMap<&str, &StoredTable> =
        current.tables.iter().map(|table| (table.common.id.as_str(), table)).collect();
    let mut items: Vec<Item> = current
        .edges
        .iter()
        .filter(|(ids, _)| !wanted_ids.contains(ids))
        .filter(|(_, edge)| {
            let source =
                edge.lineage_details.as_ref().and_then(|details| details.source.as_deref());
            source == Some("ViewLineage")
        })
        .filter_map(|((from, to), _)| {
            let (from, to) = (by_id.get(from.as_str())?, by_id.get(to.as_str())?);
            let to_fqn = &to.common.fully_qualified_name;
            traced.contains(to_fqn).then(|| Item {
                key: ItemKey::Edge {
                    from: from.common.fully_qualified_name.clone(),
                    to: to_fqn.clone(),
                },
                path: None,
                action: Action::Delete,
                changes: Vec::new(),
                notes: vec!["the view's SQL no longer reads it".to_owned()],
                expected: None,
                payload: Some(Payload::DeleteEdge),
                repair: false,
                description_patch: None,
                data_model: None,
            })
        })
        .collect();
    items.sort_by(|a, b| a.key.cmp(&b.key));
    items
}
