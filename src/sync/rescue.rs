//! Lineage edges that a server rewrites when columns of a table go, read before and put back after
//! (quirks 15, 37).
//!
//! Whatever the plan does not write itself would be lost otherwise: edges that people drew, edges
//! of pipelines, edges into tables outside the selection. What was read is in the journal before
//! the table is sent, so that a run that is killed in between leaves the next one all it needs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::diff::{FieldChange, Outcome};
use super::edges::mapping_line;
use super::handles::Handles;
use super::plan::{Action, Current, Item, ItemKey, Payload, Plan};
use super::write::Writer;
use crate::openmetadata::entity::{
    ColumnLineage, EntityType, LineageDetails, StoredEdge, StoredTable,
};
use crate::openmetadata::{Client, Error};

/// The ids of both ends of an edge.
pub type Ends = (String, String);

/// One end of an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeEnd {
    /// UUID.
    pub id: String,
    /// The type's word: `table`, `pipeline`, `dashboard`, …
    #[serde(rename = "type")]
    pub entity_type: String,
    /// The FQN, or the id where the server did not say.
    pub fqn: String,
}

/// An edge as it was before a table at one of its ends was sent with other columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EdgeBefore {
    /// FQN of that table.
    pub table: String,
    /// Upstream.
    pub from: EdgeEnd,
    /// Downstream.
    pub to: EdgeEnd,
    /// All that the server knew of the edge.
    pub details: LineageDetails,
}

impl EdgeBefore {
    /// The ids of both ends.
    pub fn ends(&self) -> Ends {
        (self.from.id.clone(), self.to.id.clone())
    }

    /// Names the edge in a plan.
    pub fn key(&self) -> ItemKey {
        ItemKey::Edge { from: self.from.fqn.clone(), to: self.to.fqn.clone() }
    }
}

/// The edges of one table whose columns are about to change, without those that the plan writes.
#[derive(Debug)]
pub(super) struct EdgesAtRisk {
    /// The table's id.
    id: String,
    pub(super) edges: Vec<EdgeBefore>,
}

/// Whether writing an item makes the server rewrite edges: a table of which columns go, change
/// their type or their spelling.
pub(super) fn is_risky(item: &Item) -> bool {
    matches!(item.key, ItemKey::Entity(EntityType::Table, _))
        && item.changes.iter().any(|change| {
            change.outcome == Outcome::Written
                && change.field.starts_with("columns.")
                && change.old.is_some()
                && (change.new.is_none()
                    || matches!(change.field.rsplit('.').next(), Some("dataType" | "name")))
        })
}

impl Writer<'_> {
    /// Reads the edges of a table before it is written; those that are `planned` will be sent whole.
    pub(super) async fn edges_at_risk(
        &self,
        item: &Item,
        planned: &HashSet<Ends>,
    ) -> Result<EdgesAtRisk, Error> {
        let id = item.expected.as_ref().map(|expected| expected.id.clone()).unwrap_or_default();
        let table = match &item.key {
            ItemKey::Entity(_, fqn) => fqn.clone(),
            ItemKey::Edge { to, .. } => to.clone(),
        };
        let around = self.client.lineage(&id, 1, 1).await?;
        let nodes: HashMap<&str, _> =
            around.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let end = |of: &String| {
            let node = nodes.get(of.as_str());
            let fqn = node.and_then(|node| node.fully_qualified_name.clone());
            let own = (*of == id).then(|| table.clone());
            EdgeEnd {
                id: of.clone(),
                entity_type: node.map_or("table", |node| &node.entity_type).to_owned(),
                fqn: fqn.or(own).unwrap_or_else(|| of.clone()),
            }
        };
        let edges = edges_of(&id, &around.upstream_edges, &around.downstream_edges)
            .into_iter()
            .filter(|(ends, _)| !planned.contains(ends))
            .map(|(ends, details)| EdgeBefore {
                table: table.clone(),
                from: end(&ends.0),
                to: end(&ends.1),
                details,
            })
            .collect();
        Ok(EdgesAtRisk { id, edges })
    }

    /// Puts back what the server made of the edges; gives those that are as they should be now, and
    /// what could not be put back.
    pub(super) async fn put_back(&self, at_risk: &EdgesAtRisk) -> (Vec<Ends>, Vec<String>) {
        let around = match self.client.lineage(&at_risk.id, 1, 1).await {
            Ok(around) => around,
            Err(error) => {
                let note = format!(
                    "its lineage edges could not be read back, the next sync tries again: {error}"
                );
                return (Vec::new(), vec![note]);
            }
        };
        let rewritten = edges_of(&at_risk.id, &around.upstream_edges, &around.downstream_edges);
        let (mut safe, mut notes) = (Vec::new(), Vec::new());
        for before in &at_risk.edges {
            let mut wanted = before.details.clone();
            wanted.columns_lineage = self.mappings_now(&wanted.columns_lineage);
            if rewritten.get(&before.ends()) != Some(&wanted)
                && let Err(error) = self.put_edge_between(before, &wanted).await
            {
                notes.push(format!(
                    "the lineage edge from {} to {}, which the server rewrote, could not be put back, the next sync tries again: {error}",
                    before.from.fqn, before.to.fqn
                ));
                continue;
            }
            safe.push(before.ends());
        }
        (safe, notes)
    }

    /// Sends an edge that an earlier run found before the server rewrote it.
    pub(super) async fn put_edge_back(&self, before: &EdgeBefore) -> Result<Vec<String>, Error> {
        for end in [&before.from, &before.to] {
            if end.entity_type == "table" {
                // For the spelling of its columns; if it is gone, the server says so.
                let _ = self.handle(&end.fqn).await;
            }
        }
        let mut wanted = before.details.clone();
        wanted.columns_lineage = self.mappings_now(&wanted.columns_lineage);
        self.put_edge_between(before, &wanted).await?;
        Ok(Vec::new())
    }

    async fn put_edge_between(
        &self,
        edge: &EdgeBefore,
        details: &LineageDetails,
    ) -> Result<(), Error> {
        let (from, to) = (&edge.from, &edge.to);
        let ends = ((&*from.id, &*from.entity_type), (&*to.id, &*to.entity_type));
        self.client.put_edge_between(ends.0, ends.1, details).await
    }
}

/// The edges that touch a table, among those of its neighbourhood.
fn edges_of(
    id: &str,
    upstream: &[StoredEdge],
    downstream: &[StoredEdge],
) -> BTreeMap<Ends, LineageDetails> {
    let touching = upstream.iter().chain(downstream);
    let touching = touching.filter(|edge| edge.from_entity == id || edge.to_entity == id);
    touching
        .map(|edge| {
            let ends = (edge.from_entity.clone(), edge.to_entity.clone());
            (ends, edge.lineage_details.clone().unwrap_or_default())
        })
        .collect()
}

/// Adds to a plan the edges that an earlier run could not put back and that still are as the server
/// made them. What the plan writes anyway, what somebody has drawn anew or removed, is left alone.
pub(super) async fn plan_put_back(
    client: &Client,
    current: &Current,
    left: &[EdgeBefore],
    plan: &mut Plan,
) -> Result<(), Error> {
    let tables: BTreeSet<&str> = left.iter().map(|edge| edge.table.as_str()).collect();
    let mut read: Vec<StoredTable> = Vec::new();
    for fqn in tables {
        let stored: Option<StoredTable> = client.by_name(EntityType::Table, fqn).await?;
        read.extend(stored.filter(|table| !table.common.deleted));
    }
    let mut handles = Handles::of(current);
    for table in &read {
        handles.add(table);
    }
    for table in &read {
        let id = &table.common.id;
        let around = client.lineage(id, 1, 1).await?;
        let stored = edges_of(id, &around.upstream_edges, &around.downstream_edges);
        for edge in left.iter().filter(|edge| edge.table == table.common.fully_qualified_name) {
            let Some(now) = stored.get(&edge.ends()) else { continue };
            let wanted = as_it_was(&edge.details, now, table, &handles);
            if wanted != *now {
                insert(plan, now, EdgeBefore { details: wanted, ..edge.clone() });
            }
        }
    }
    Ok(())
}

/// The edge with what the server took from it given back. A source that changed since means that
/// somebody has replaced the edge.
fn as_it_was(
    before: &LineageDetails,
    now: &LineageDetails,
    table: &StoredTable,
    handles: &Handles,
) -> LineageDetails {
    let mut wanted = now.clone();
    if before.source != now.source {
        return wanted;
    }
    let text = |sql: &Option<String>| sql.clone().unwrap_or_default();
    let sql = text(&now.sql_query);
    if sql.is_empty() || sql == text(&table.schema_definition) {
        wanted.sql_query.clone_from(&before.sql_query);
    }
    let mut mappings = handles.mappings_now(&before.columns_lineage);
    let targets: HashSet<String> =
        mappings.iter().map(|mapping| mapping.to_column.clone()).collect();
    let others = now.columns_lineage.iter().filter(|it| !targets.contains(&it.to_column));
    mappings.extend(others.cloned());
    let has_all = |a: &[ColumnLineage], b: &[ColumnLineage]| b.iter().all(|it| a.contains(it));
    if !has_all(&now.columns_lineage, &mappings) || !has_all(&mappings, &now.columns_lineage) {
        wanted.columns_lineage = mappings;
    }
    wanted
}

fn insert(plan: &mut Plan, now: &LineageDetails, edge: EdgeBefore) {
    let mut changes = Vec::new();
    let mut change = |field: &str, old: Option<String>, new: Option<String>| {
        if old != new {
            let outcome = Outcome::Written;
            changes.push(FieldChange { field: field.to_owned(), old, new, outcome });
        }
    };
    change("sqlQuery", now.sql_query.clone(), edge.details.sql_query.clone());
    let lines = |details: &LineageDetails| -> BTreeSet<String> {
        details.columns_lineage.iter().map(mapping_line).collect()
    };
    let (old, new) = (lines(now), lines(&edge.details));
    for gone in old.difference(&new) {
        change("columnsLineage", Some(gone.clone()), None);
    }
    for added in new.difference(&old) {
        change("columnsLineage", None, Some(added.clone()));
    }
    let item = Item {
        key: edge.key(),
        path: None,
        action: Action::Update,
        changes,
        notes: vec![format!(
            "put back: the server rewrote it when columns of {} changed, and the run that changed them was cut off",
            edge.table
        )],
        expected: None,
        payload: Some(Payload::PutBack(Box::new(edge))),
        repair: false,
        description_patch: None,
        data_model: None,
    };
    match plan.items.iter().position(|other| other.key == item.key) {
        Some(index) if plan.items[index].action.writes() => {}
        Some(index) => plan.items[index] = item,
        None => {
            let deletes = plan.items.iter().position(|other| other.action == Action::Delete);
            plan.items.insert(deletes.unwrap_or(plan.items.len()), item);
        }
    }
}
