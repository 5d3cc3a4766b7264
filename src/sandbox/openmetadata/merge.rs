//! What a PUT keeps, overwrites and ignores (contract §3.1–§3.3).

use serde_json::{Map, Value, json};

use super::columns::{self, ColumnChanges, text};
use super::{Caller, Quirks, Version, change};

/// A PUT against something stored.
#[derive(Debug)]
pub(super) struct Merged {
    /// The answer: what was sent, merged with what is kept.
    pub(super) entity: Map<String, Value>,
    /// Whether the row is stored at all.
    pub(super) stored: bool,
    /// What became of the columns.
    pub(super) columns: ColumnChanges,
}

/// Merges a sent entity (already normalised) with the stored one.
pub(super) fn merge(
    mut sent: Map<String, Value>,
    old: &Map<String, Value>,
    caller: Caller,
    version: Version,
    quirks: &Quirks,
) -> Merged {
    let mut changed = false;
    words(&mut sent, old, caller, version, &mut changed);
    let tags = columns::tags(sent.get("tags"), old.get("tags"));
    changed |= Some(tags.len()) != old.get("tags").and_then(Value::as_array).map(Vec::len);
    sent.insert("tags".to_owned(), Value::Array(tags));
    references(&mut sent, old, caller, version, &mut changed);
    for key in [
        "tableType",
        "sourceUrl",
        "retentionPeriod",
        "locationPath",
        "tableConstraints",
        "sourceHash",
        // Left out it is gone, which an official connector would notice (contract §2.3).
        "connection",
    ] {
        changed |= sent.get(key) != old.get(key);
    }
    let empty = Vec::new();
    let stored_columns = old.get("columns").and_then(Value::as_array).unwrap_or(&empty);
    let mut column_changes = ColumnChanges::default();
    if let Some(sent_columns) = sent.get_mut("columns").and_then(Value::as_array_mut) {
        column_changes = columns::merge(sent_columns, stored_columns, caller);
        changed |= column_changes.changed;
    }
    if version == Version::V2_0 && !sent.contains_key("schemaDefinition") {
        keep(&mut sent, old, "schemaDefinition");
    }
    if !quirks.ignores_sql(version) {
        changed |= sent.get("schemaDefinition") != old.get("schemaDefinition");
    }
    if version == Version::V2_0 || !changed {
        keep(&mut sent, old, "dataModel");
    }
    for key in
        ["id", "createdAt", "service", "database", "databaseSchema", "serviceType", "certification"]
    {
        keep(&mut sent, old, key);
    }
    version_and_time(&mut sent, old, changed, column_changes.major);
    Merged { entity: sent, stored: changed, columns: column_changes }
}

fn words(
    sent: &mut Map<String, Value>,
    old: &Map<String, Value>,
    caller: Caller,
    version: Version,
    changed: &mut bool,
) {
    for key in ["description", "displayName"] {
        let stored = text(old, key).to_owned();
        let is_kept = caller == Caller::Bot
            && match key {
                "description" => !stored.is_empty(),
                // 2.0's default bot policy denies editing it (contract §3.2).
                _ => version == Version::V2_0,
            };
        if is_kept {
            keep(sent, old, key);
        } else if text(sent, key) != stored {
            *changed = true;
        }
    }
}

fn references(
    sent: &mut Map<String, Value>,
    old: &Map<String, Value>,
    caller: Caller,
    version: Version,
    changed: &mut bool,
) {
    let is_empty = |map: &Map<String, Value>, key: &str| {
        map.get(key).and_then(Value::as_array).is_none_or(Vec::is_empty)
    };
    for key in ["owners", "domains", "dataProducts"] {
        let kept = match key {
            // 2.0's default bot policy denies editing them (contract §3.2).
            "owners" => is_empty(sent, key) || (caller == Caller::Bot && version == Version::V2_0),
            "domains" => is_empty(sent, key) || (caller == Caller::Bot && !is_empty(old, key)),
            _ => caller == Caller::Bot && !is_empty(old, key),
        };
        if kept {
            keep(sent, old, key);
        }
        *changed |= sent.get(key) != old.get(key) && !(is_empty(sent, key) && is_empty(old, key));
    }
    if caller == Caller::Bot || !sent.contains_key("extension") {
        keep(sent, old, "extension");
    }
    *changed |= sent.get("extension") != old.get("extension");
}

fn keep(sent: &mut Map<String, Value>, old: &Map<String, Value>, key: &str) {
    match old.get(key) {
        Some(value) => {
            sent.insert(key.to_owned(), value.clone());
        }
        None => {
            sent.remove(key);
        }
    }
}

fn version_and_time(
    sent: &mut Map<String, Value>,
    old: &Map<String, Value>,
    changed: bool,
    major: bool,
) {
    let version = old.get("version").and_then(Value::as_f64).unwrap_or(0.1);
    if changed {
        let next = version + if major { 1.0 } else { 0.1 };
        sent.insert("version".to_owned(), json!((next * 10.0).round() / 10.0));
        change::note(sent, old);
    } else {
        keep(sent, old, "version");
        keep(sent, old, "updatedAt");
        keep(sent, old, "updatedBy");
        keep(sent, old, "changeDescription");
    }
}
