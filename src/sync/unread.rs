//! Tables whose columns could not be read this time.

use std::collections::HashSet;

use super::plan::{Action, Current, Item, ItemKey, Plan};
use crate::model::path::fold;
use crate::model::{Catalog, NodeRef, SchemaState};
use crate::openmetadata::entity::EntityType;

/// Keeps tables as they are in OpenMetadata, with their edges, where their columns are there and could
/// not be read in Dremio: they have become forbidden, or their source is down. Writing them would take
/// away the columns and what people wrote of them. The items say so.
pub fn keep_unread(plan: &mut Plan, current: &Current, catalog: &Catalog) {
    let with_columns: HashSet<String> = current
        .tables
        .iter()
        .filter(|table| !table.columns.is_empty())
        .map(|table| fold(&table.common.fully_qualified_name))
        .collect();
    let is_known =
        |node: NodeRef<'_>| node.error().is_none() && node.schema().state == SchemaState::Known;
    let unread: HashSet<String> = plan
        .items
        .iter()
        .filter_map(|item| {
            let ItemKey::Entity(EntityType::Table, fqn) = &item.key else { return None };
            let node = item.path.as_ref().and_then(|path| catalog.at(path))?;
            (!is_known(node) && with_columns.contains(&fold(fqn))).then(|| fqn.clone())
        })
        .collect();
    if unread.is_empty() {
        return;
    }
    let still_deleted: HashSet<String> = current
        .tables
        .iter()
        .filter(|table| table.common.deleted)
        .map(|table| table.common.fully_qualified_name.clone())
        .collect();
    for item in &mut plan.items {
        let (would_lose, why) = match &item.key {
            ItemKey::Entity(_, fqn) => (
                matches!(item.action, Action::Update | Action::Restore) && unread.contains(fqn),
                "its columns could not be read in Dremio this time; what is here stays".to_owned(),
            ),
            ItemKey::Edge { from, to } => {
                let end = [from, to].into_iter().find(|end| unread.contains(*end));
                let has_end = end.is_some_and(|end| still_deleted.contains(end));
                (
                    match item.action {
                        Action::Update | Action::Delete => end.is_some(),
                        // No edge can be drawn to what stays deleted.
                        Action::Create => has_end,
                        _ => false,
                    },
                    format!(
                        "the columns of {} could not be read in Dremio this time; the edge stays",
                        end.map_or("", |end| end.as_str())
                    ),
                )
            }
        };
        if would_lose {
            keep(item, why);
        }
    }
}

fn keep(item: &mut Item, why: String) {
    item.action = Action::Keep;
    item.changes.clear();
    item.notes = vec![why];
    item.payload = None;
    item.repair = false;
    item.description_patch = None;
    item.data_model = None;
}
