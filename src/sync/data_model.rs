//! dbt's facts of a table in a plan: what differs, and when they cannot be stored (contract §6).

use serde_json::Value;

use super::diff::{FieldChange, Outcome};
use super::plan::ServerTraits;
use crate::openmetadata::entity::{CreateTable, StoredTable};

/// The fields of the facts that differ. Only what we send counts, and not when it was generated:
/// that changes with each run of dbt and tells nothing.
pub(super) fn changes(wanted: &Value, stored: Option<&Value>) -> Vec<FieldChange> {
    let Some(wanted) = wanted.as_object() else { return Vec::new() };
    wanted
        .iter()
        .filter(|(key, _)| *key != "generatedAt")
        .filter_map(|(key, new)| {
            let old = stored.and_then(|stored| stored.get(key)).filter(|old| !old.is_null());
            if old.is_some_and(|old| holds(old, new)) {
                return None;
            }
            Some(FieldChange {
                field: format!("dataModel.{key}"),
                old: old.map(shown),
                new: Some(shown(new)),
                outcome: Outcome::Written,
            })
        })
        .collect()
}

/// Whether the stored value says all that the wanted one says; servers add fields of their own.
fn holds(stored: &Value, wanted: &Value) -> bool {
    match (stored, wanted) {
        (Value::Object(stored), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| stored.get(key).is_some_and(|stored| holds(stored, wanted))),
        (Value::Array(stored), Value::Array(wanted)) => {
            stored.len() == wanted.len()
                && stored.iter().zip(wanted).all(|(stored, wanted)| holds(stored, wanted))
        }
        (Value::String(stored), Value::String(wanted)) => {
            stored.replace("\r\n", "\n").trim() == wanted.replace("\r\n", "\n").trim()
        }
        _ => stored == wanted,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Value::Array(items) => {
            let name = |item: &Value| {
                item.get("name").or(item.get("tagFQN")).and_then(Value::as_str).map(str::to_owned)
            };
            items.iter().filter_map(name).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// Why a table cannot have them: to an older server they would cost more than they bring.
pub(super) fn obstacle(
    table: &CreateTable,
    stored: Option<&StoredTable>,
    traits: ServerTraits,
) -> Option<&'static str> {
    if traits.keeps_data_model() {
        return None;
    }
    let has_sql = table.schema_definition.as_deref().is_some_and(|sql| !sql.is_empty());
    let has_constraints = stored
        .and_then(|stored| stored.table_constraints.as_ref())
        .and_then(Value::as_array)
        .is_some_and(|constraints| !constraints.is_empty());
    if has_sql {
        Some(
            "dbt's SQL and upstream are left out: before 2.0 OpenMetadata would lose the view's SQL for them",
        )
    } else if has_constraints {
        Some(
            "dbt's SQL and upstream are left out: before 2.0 OpenMetadata would lose the table's constraints for them",
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_we_send_is_compared() {
        let wanted =
            json!({ "modelType": "DBT", "columns": [{ "name": "a" }], "generatedAt": "2" });
        let stored = json!({ "modelType": "DBT", "columns": [{ "name": "a", "tags": [] }], "generatedAt": "1", "owners": [] });
        assert_eq!(changes(&wanted, Some(&stored)), []);
        let other = json!({ "modelType": "DBT", "columns": [] });
        let found = changes(&wanted, Some(&other));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].field, "dataModel.columns");
        assert_eq!(changes(&wanted, None).len(), 2);
    }
}
