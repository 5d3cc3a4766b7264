//! What a plan takes away, and what comes back unasked.

use std::collections::HashSet;

use super::desired::Desired;
use super::plan::{Action, Item, ItemKey, Payload, Stored, expected};
use super::selection::Selection;
use crate::model::DatasetPath;
use crate::model::path::fold;
use crate::openmetadata::entity::{EntityType, StoredCommon};
use crate::openmetadata::names;

/// Soft deletes of what Dremio no longer has, leaves first.
pub(super) fn deletes(desired: &Desired, stored: &Stored<'_>, selection: &Selection) -> Vec<Item> {
    let wanted: HashSet<String> = desired.entities.iter().map(|entity| fold(&entity.fqn)).collect();
    let mut gone: Vec<(EntityType, &StoredCommon)> = stored
        .commons
        .iter()
        .filter(|((_, fqn), common)| !common.deleted && !wanted.contains(&fold(fqn)))
        .filter(|((entity, fqn), _)| may_be_gone(*entity, fqn, desired, selection))
        .map(|((entity, _), common)| (*entity, *common))
        .collect();
    gone.sort_by(|a, b| {
        b.0.cmp(&a.0).then_with(|| a.1.fully_qualified_name.cmp(&b.1.fully_qualified_name))
    });
    gone.into_iter()
        .map(|(entity, common)| Item {
            key: ItemKey::Entity(entity, common.fully_qualified_name.clone()),
            path: None,
            action: Action::Delete,
            changes: Vec::new(),
            notes: vec!["Dremio no longer has it; it can be restored in OpenMetadata".to_owned()],
            expected: Some(expected(common)),
            payload: Some(Payload::Delete),
            repair: false,
            description_patch: None,
            data_model: None,
        })
        .collect()
}

/// Whether something stored lies inside the selection and below nothing that could not be read.
fn may_be_gone(entity: EntityType, fqn: &str, desired: &Desired, selection: &Selection) -> bool {
    let Ok(parts) = names::split_fqn(fqn) else { return false };
    // A schema's name is a folder path joined by dots, and a folder may itself have dots in its
    // name: both readings must allow the deletion.
    let decoded: Vec<String> = parts.iter().skip(1).map(|part| names::decode(part)).collect();
    let whole = DatasetPath::new(decoded.clone());
    let split = DatasetPath::new(decoded.iter().enumerate().flat_map(|(index, part)| {
        let is_schema = index == 1;
        if is_schema { part.split('.').map(str::to_owned).collect() } else { vec![part.clone()] }
    }));
    let is_dataset = entity == EntityType::Table;
    [&whole, &split].into_iter().all(|path| {
        selection.holds(path, is_dataset)
            && !desired.unread.iter().any(|unread| path.is_within(unread))
    })
}

/// What comes back brings along all that was deleted below it (quirk 12), wanted or not: that is
/// said beforehand.
pub(super) fn tell_of_revived(items: &mut [Item], desired: &Desired, stored: &Stored<'_>) {
    /// How many are named.
    const SHOWN: usize = 5;
    let wanted: HashSet<&str> = desired.entities.iter().map(|entity| entity.fqn.as_str()).collect();
    let mut unwanted: Vec<&str> = stored
        .commons
        .iter()
        .filter(|((_, fqn), common)| common.deleted && !wanted.contains(fqn))
        .map(|((_, fqn), _)| *fqn)
        .collect();
    unwanted.sort_unstable();
    for item in items.iter_mut().filter(|item| item.action == Action::Restore) {
        let ItemKey::Entity(_, fqn) = &item.key else { continue };
        let prefix = format!("{fqn}.");
        let below: Vec<&str> =
            unwanted.iter().copied().filter(|fqn| fqn.starts_with(&prefix)).collect();
        if below.is_empty() {
            continue;
        }
        let mut named = below.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        if below.len() > SHOWN {
            named.push_str(&format!(" and {} more", below.len() - SHOWN));
        }
        item.notes.push(format!("the server restores with it what was deleted below it: {named}"));
    }
}
