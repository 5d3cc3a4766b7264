//! Lineage: replacing edges, silent dropping of unknown columns, reads by depth (contract §5).

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::columns::{self, text};
use super::store::{Edge, Store, missing};
use super::{Caller, Refusal};
use crate::openmetadata::entity::EntityType;

impl Store {
    /// PUT of an edge: replaces all its details.
    pub(super) fn put_edge(&mut self, body: &Value, caller: Caller) -> Result<(), Refusal> {
        let edge =
            body.get("edge").ok_or_else(|| Refusal::bad("[edge must not be null]".to_owned()))?;
        let end = |key: &str| -> Result<String, Refusal> {
            let reference = edge.get(key);
            let id = reference.and_then(|end| end.get("id")).and_then(Value::as_str);
            let kind = reference.and_then(|end| end.get("type")).and_then(Value::as_str);
            match (id, kind) {
                (Some(id), Some(_)) => Ok(id.to_owned()),
                _ => Err(Refusal::bad(format!("[edge.{key} must not be null]"))),
            }
        };
        let (from, to) = (end("fromEntity")?, end("toEntity")?);
        let from_columns = self.live_columns(&from)?;
        let to_columns = self.live_columns(&to)?;
        let mut details =
            edge.get("lineageDetails").and_then(Value::as_object).cloned().unwrap_or_default();
        details.entry("source").or_insert_with(|| json!("Manual"));
        if let Some(mappings) = details.get_mut("columnsLineage").and_then(Value::as_array_mut) {
            filter_mappings(mappings, &from_columns, &to_columns);
        }
        let now = self.tick();
        details.insert("createdAt".to_owned(), json!(now));
        details.insert("updatedAt".to_owned(), json!(now));
        let by = if caller == Caller::Bot { "ingestion-bot" } else { "admin" };
        details.insert("createdBy".to_owned(), json!(by));
        match self.edges.iter_mut().find(|edge| edge.from == from && edge.to == to) {
            Some(edge) => edge.details = details,
            None => self.edges.push(Edge { from, to, details }),
        }
        Ok(())
    }

    /// FQNs of the columns of a table that is there and not deleted.
    fn live_columns(&self, id: &str) -> Result<HashSet<String>, Refusal> {
        let key = self.by_id.get(id).ok_or_else(|| missing(EntityType::Table, id))?;
        let entity = self.entities.get(key).ok_or_else(|| missing(key.0, id))?;
        if Self::is_deleted(entity) {
            return Err(missing(key.0, id));
        }
        let columns = entity.get("columns").and_then(Value::as_array);
        Ok(columns.map(|columns| columns::all_fqns(columns)).into_iter().flatten().collect())
    }

    pub(super) fn edge(&self, from: &str, to: &str) -> Option<Value> {
        self.edges.iter().find(|edge| edge.from == from && edge.to == to).map(edge_answer)
    }

    pub(super) fn delete_edge(&mut self, from: &str, to: &str) -> bool {
        let before = self.edges.len();
        self.edges.retain(|edge| edge.from != from || edge.to != to);
        self.edges.len() != before
    }

    pub(super) fn delete_edges_into(&mut self, to: &str, source: &str) -> bool {
        let before = self.edges.len();
        self.edges.retain(|edge| edge.to != to || text(&edge.details, "source") != source);
        self.edges.len() != before
    }

    /// The answer of `GET /lineage/table/…`; depths are capped at 3.
    pub(super) fn lineage_of(
        &self,
        id: &str,
        upstream: usize,
        downstream: usize,
    ) -> Result<Value, Refusal> {
        let entity = self.reference(id).ok_or_else(|| missing(EntityType::Table, id))?;
        let mut nodes = Vec::new();
        let mut reach = |depth: usize, is_up: bool| {
            let mut found = Vec::new();
            let mut seen = HashSet::from([id.to_owned()]);
            let mut frontier = vec![id.to_owned()];
            for _ in 0..depth.min(3) {
                let mut next = Vec::new();
                for edge in &self.edges {
                    let (near, far) =
                        if is_up { (&edge.to, &edge.from) } else { (&edge.from, &edge.to) };
                    if !frontier.contains(near) {
                        continue;
                    }
                    found.push(edge_answer(edge));
                    if seen.insert(far.clone()) {
                        nodes.extend(self.reference(far));
                        next.push(far.clone());
                    }
                }
                frontier = next;
            }
            found
        };
        let up = reach(upstream, true);
        let down = reach(downstream, false);
        let mut answer = Map::new();
        answer.insert("entity".to_owned(), entity);
        answer.insert("nodes".to_owned(), Value::Array(nodes));
        // Empty arrays may be missing (contract §5.2).
        for (key, edges) in [("upstreamEdges", up), ("downstreamEdges", down)] {
            if !edges.is_empty() {
                answer.insert(key.to_owned(), Value::Array(edges));
            }
        }
        Ok(Value::Object(answer))
    }

    fn reference(&self, id: &str) -> Option<Value> {
        let (kind, fqn) = self.by_id.get(id)?;
        let entity = self.entities.get(&(*kind, fqn.clone()))?;
        Some(json!({
            "id": id,
            "type": kind.reference_type(),
            "name": text(entity, "name"),
            "fullyQualifiedName": fqn,
            "deleted": Self::is_deleted(entity),
        }))
    }

    /// A column was spelt otherwise: its FQN is rewritten in every edge (contract §3.4).
    pub(super) fn rename_in_edges(&mut self, old: &str, new: &str) {
        for edge in &mut self.edges {
            let mappings = edge.details.get_mut("columnsLineage").and_then(Value::as_array_mut);
            for mapping in mappings.into_iter().flatten() {
                if mapping.get("toColumn").and_then(Value::as_str) == Some(old) {
                    mapping["toColumn"] = json!(new);
                }
                let from = mapping.get_mut("fromColumns").and_then(Value::as_array_mut);
                for column in from.into_iter().flatten() {
                    if column.as_str() == Some(old) {
                        *column = json!(new);
                    }
                }
            }
        }
    }

    /// Columns of a table went: its edges lose them, and their SQL becomes the table's (quirk 15).
    pub(super) fn rewrite_edges(&mut self, table: &str, gone: &[String], sql: Option<&Value>) {
        for edge in self.edges.iter_mut().filter(|edge| edge.from == table || edge.to == table) {
            if let Some(mappings) =
                edge.details.get_mut("columnsLineage").and_then(Value::as_array_mut)
            {
                let is_gone = |column: &Value| {
                    column.as_str().is_some_and(|column| gone.iter().any(|gone| gone == column))
                };
                mappings.retain_mut(|mapping| {
                    if mapping.get("toColumn").is_some_and(is_gone) {
                        return false;
                    }
                    let Some(from) = mapping.get_mut("fromColumns").and_then(Value::as_array_mut)
                    else {
                        return false;
                    };
                    from.retain(|column| !is_gone(column));
                    !from.is_empty()
                });
            }
            match sql {
                Some(sql) => edge.details.insert("sqlQuery".to_owned(), sql.clone()),
                None => edge.details.remove("sqlQuery"),
            };
        }
    }
}

/// Drops what the server does not know, without a word. A name relative to its table passes.
fn filter_mappings(mappings: &mut Vec<Value>, from: &HashSet<String>, to: &HashSet<String>) {
    let is_known = |column: &str, known: &HashSet<String>| {
        known.contains(column) || known.iter().any(|fqn| fqn.ends_with(&format!(".{column}")))
    };
    mappings.retain_mut(|mapping| {
        let target = mapping.get("toColumn").and_then(Value::as_str).unwrap_or_default();
        if !is_known(target, to) {
            return false;
        }
        let Some(sources) = mapping.get_mut("fromColumns").and_then(Value::as_array_mut) else {
            return false;
        };
        sources.retain(|source| source.as_str().is_some_and(|source| is_known(source, from)));
        !sources.is_empty()
    });
}

fn edge_answer(edge: &Edge) -> Value {
    json!({ "fromEntity": edge.from, "toEntity": edge.to, "lineageDetails": edge.details })
}
