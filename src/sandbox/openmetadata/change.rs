//! `changeDescription`: what the last stored change was (contract §3.1).

use serde_json::{Map, Value, json};

/// Properties that change by themselves, or that the store keeps for itself.
const NOT_FIELDS: [&str; 5] =
    ["version", "updatedAt", "updatedBy", "changeDescription", "fullyQualifiedName"];

/// Writes into `new` how it differs from `old`. It stays there until the next stored change: the
/// answer to a write that changes nothing still tells of this one.
pub(super) fn note(new: &mut Map<String, Value>, old: &Map<String, Value>) {
    let (mut added, mut updated, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
    let is_field = |key: &str| !NOT_FIELDS.contains(&key);
    for (key, value) in new.iter().filter(|(key, _)| is_field(key)) {
        match old.get(key) {
            None => added.push(json!({ "name": key, "newValue": value.to_string() })),
            Some(before) if before != value => updated.push(json!({
                "name": key, "oldValue": before.to_string(), "newValue": value.to_string(),
            })),
            Some(_) => {}
        }
    }
    for (key, value) in old.iter().filter(|(key, _)| is_field(key)) {
        if !new.contains_key(key) {
            deleted.push(json!({ "name": key, "oldValue": value.to_string() }));
        }
    }
    let description = json!({
        "fieldsAdded": added,
        "fieldsUpdated": updated,
        "fieldsDeleted": deleted,
        "previousVersion": old.get("version"),
    });
    new.insert("changeDescription".to_owned(), description);
}
