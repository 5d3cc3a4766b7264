//! [`Phase`]: the order in which a plan is written.

use super::plan::{Action, Item, ItemKey};
use crate::openmetadata::entity::EntityType;

/// The order of writing: parents first, then edges, then deletes from the leaves up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Service,
    Databases,
    Schemas,
    Tables,
    Edges,
    DeleteEdges,
    DeleteTables,
    DeleteSchemas,
    DeleteDatabases,
}

impl Phase {
    pub(super) const ALL: [Self; 9] = [
        Self::Service,
        Self::Databases,
        Self::Schemas,
        Self::Tables,
        Self::Edges,
        Self::DeleteEdges,
        Self::DeleteTables,
        Self::DeleteSchemas,
        Self::DeleteDatabases,
    ];

    /// `None` for what is not written.
    pub(super) fn of(item: &Item) -> Option<Self> {
        let is_delete = item.action == Action::Delete;
        if !item.action.writes() {
            return None;
        }
        Some(match (&item.key, is_delete) {
            (ItemKey::Edge { .. }, false) => Self::Edges,
            (ItemKey::Edge { .. }, true) => Self::DeleteEdges,
            (ItemKey::Entity(EntityType::DatabaseService, _), _) => Self::Service,
            (ItemKey::Entity(EntityType::Database, _), false) => Self::Databases,
            (ItemKey::Entity(EntityType::DatabaseSchema, _), false) => Self::Schemas,
            (ItemKey::Entity(EntityType::Table, _), false) => Self::Tables,
            (ItemKey::Entity(EntityType::Database, _), true) => Self::DeleteDatabases,
            (ItemKey::Entity(EntityType::DatabaseSchema, _), true) => Self::DeleteSchemas,
            (ItemKey::Entity(EntityType::Table, _), true) => Self::DeleteTables,
        })
    }
}
