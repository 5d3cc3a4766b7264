//! Filling a server before anybody asks it: what earlier runs and people have left there.

use serde_json::{Value, json};

use super::directory::Named;
use super::server::OpenMetadataSandbox;
use super::store::missing;
use super::{Caller, Refusal};
use crate::openmetadata::entity::EntityType;

/// What a server holds at its start.
#[derive(Clone, Debug, Default)]
pub struct Seed {
    /// What the entities refer to, or may.
    pub named: Vec<Named>,
    /// Create bodies, parents before children.
    pub entities: Vec<(EntityType, Value)>,
    /// FQNs of two tables, and the details of the edge from the first to the second.
    pub edges: Vec<(String, String, Value)>,
    /// FQNs of tables that were deleted softly, after all that.
    pub deleted: Vec<String>,
}

impl OpenMetadataSandbox {
    /// Takes a seed in, as a bot's writes; says what does not fit. The request log stays empty.
    pub fn fill(&self, seed: Seed) -> Result<(), String> {
        let Seed { named, entities, edges, deleted } = seed;
        self.know(named);
        let said = |refusal: Refusal| refusal.message;
        let shared = self.shared();
        let mut store = shared.store();
        for (entity, body) in entities {
            let Value::Object(body) = body else { return Err(format!("not a body: {body}")) };
            store.put(entity, body, Caller::Bot, false).map_err(said)?;
        }
        for (from, to, details) in edges {
            let end = |fqn: &str| {
                let table = store.find(EntityType::Table, fqn)?;
                let id = table.get("id").ok_or_else(|| missing(EntityType::Table, fqn))?;
                Ok(json!({ "id": id, "type": "table" }))
            };
            let edge = json!({ "edge": {
                "fromEntity": end(&from).map_err(said)?,
                "toEntity": end(&to).map_err(said)?,
                "lineageDetails": details,
            }});
            store.put_edge(&edge, Caller::Bot).map_err(said)?;
        }
        for fqn in deleted {
            store.delete(EntityType::Table, &fqn, false, false).map_err(said)?;
        }
        Ok(())
    }
}
