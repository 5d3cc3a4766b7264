//! Lineage edges that a server rewrites when columns of a table go, read before and put back after
//! (quirks 15, 37).
//!
//! Whatever the plan does not write itself would be lost otherwise: edges that people drew, edges
//! of pipelines, edges into tables outside the selection.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::diff::Outcome;
use super::plan::{Item, ItemKey};
use super::write::Writer;
use crate::openmetadata::Error;
use crate::openmetadata::entity::{EntityType, LineageDetails, StoredEdge};

/// The ids of both ends of an edge.
type Ends = (String, String);

/// The edges of one table whose columns are about to change.
#[derive(Debug)]
pub(super) struct EdgesAtRisk {
    /// The table's id.
    id: String,
    edges: BTreeMap<Ends, LineageDetails>,
    /// The types of what stands at the ends, by id.
    types: HashMap<String, String>,
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
    /// Reads the edges of a table before it is written.
    pub(super) async fn edges_at_risk(&self, item: &Item) -> Result<EdgesAtRisk, Error> {
        let id = item.expected.as_ref().map(|expected| expected.id.clone()).unwrap_or_default();
        let (edges, types) = self.edges_around(&id).await?;
        Ok(EdgesAtRisk { id, edges, types })
    }

    /// Puts back what the server made of the edges, except those that the plan writes itself; gives
    /// what could not be put back.
    pub(super) async fn put_back(
        &self,
        at_risk: &EdgesAtRisk,
        planned: &HashSet<Ends>,
    ) -> Vec<String> {
        let rewritten = match self.edges_around(&at_risk.id).await {
            Ok((edges, _)) => edges,
            Err(error) => {
                return vec![format!("its lineage edges could not be read back: {error}")];
            }
        };
        let mut notes = Vec::new();
        for (ends, before) in at_risk.edges.iter().filter(|(ends, _)| !planned.contains(ends)) {
            let mut wanted = before.clone();
            wanted.columns_lineage = self.mappings_now(&before.columns_lineage);
            if rewritten.get(ends) == Some(&wanted) {
                continue;
            }
            let type_of = |id: &String| at_risk.types.get(id).map_or("table", String::as_str);
            let (from, to) = (&ends.0, &ends.1);
            let put = self
                .client
                .put_edge_between((from, type_of(from)), (to, type_of(to)), &wanted)
                .await;
            if let Err(error) = put {
                notes.push(format!(
                    "the lineage edge from {from} to {to}, which the server rewrote, could not be put back: {error}"
                ));
            }
        }
        notes
    }

    async fn edges_around(
        &self,
        id: &str,
    ) -> Result<(BTreeMap<Ends, LineageDetails>, HashMap<String, String>), Error> {
        let around = self.client.lineage(id, 1, 1).await?;
        let touches = |edge: &StoredEdge| edge.from_entity == id || edge.to_entity == id;
        let edges = around
            .upstream_edges
            .into_iter()
            .chain(around.downstream_edges)
            .filter(touches)
            .map(|edge| {
                ((edge.from_entity, edge.to_entity), edge.lineage_details.unwrap_or_default())
            })
            .collect();
        let types = around.nodes.into_iter().map(|node| (node.id, node.entity_type)).collect();
        Ok((edges, types))
    }
}
