//! How stored columns meet sent ones (contract §3.4).

use serde_json::{Map, Value, json};

use super::{Caller, fqn};

/// What comparing two sets of columns came to.
#[derive(Clone, Debug, Default)]
pub(super) struct ColumnChanges {
    /// Something that the server compares differs.
    pub(super) changed: bool,
    /// A column went, or a length, precision or scale shrank.
    pub(super) major: bool,
    /// FQNs of columns that are gone.
    pub(super) gone: Vec<String>,
    /// FQNs whose spelling changes: old and new.
    pub(super) renamed: Vec<(String, String)>,
}

/// Fills what the server adds to sent columns: FQNs, display types in lower case. `words` is what
/// it makes of a description.
pub(super) fn normalise(columns: &mut [Value], parent_fqn: &str, words: fn(&str) -> String) {
    for column in columns {
        let Some(column) = column.as_object_mut() else { continue };
        let name = text(column, "name").to_owned();
        let fqn = fqn::below(parent_fqn, &name);
        column.insert("fullyQualifiedName".to_owned(), json!(fqn));
        let data_type = text(column, "dataType").to_owned();
        if data_type != "ARRAY" {
            column.remove("arrayDataType");
        }
        let display = match text(column, "dataTypeDisplay") {
            "" => data_type.to_lowercase(),
            shown => shown.to_lowercase(),
        };
        column.insert("dataTypeDisplay".to_owned(), json!(display));
        column.entry("tags").or_insert_with(|| json!([]));
        if let Some(text) = column.get("description").and_then(Value::as_str).map(words) {
            column.insert("description".to_owned(), json!(text));
        }
        if let Some(children) = column.get_mut("children").and_then(Value::as_array_mut) {
            normalise(children, &fqn, words);
        }
    }
}

/// Merges stored words into the sent columns and says what differs.
pub(super) fn merge(sent: &mut [Value], stored: &[Value], caller: Caller) -> ColumnChanges {
    let mut changes = ColumnChanges::default();
    let mut matched = vec![false; stored.len()];
    for column in sent.iter_mut() {
        let Some(column) = column.as_object_mut() else { continue };
        let found = stored.iter().position(|old| is_same(column, old));
        let Some(index) = found else {
            changes.changed = true;
            carry_over(column, stored);
            continue;
        };
        matched[index] = true;
        if let Some(old) = stored[index].as_object() {
            merge_one(column, old, caller, &mut changes);
        }
    }
    for (old, _) in stored.iter().zip(&matched).filter(|(_, matched)| !**matched) {
        changes.changed = true;
        changes.major = true;
        changes.gone.push(own_fqn(old));
    }
    changes
}

/// Name without case, type and element type: anything else is another column.
fn is_same(column: &Map<String, Value>, old: &Value) -> bool {
    let Some(old) = old.as_object() else { return false };
    text(column, "name").to_lowercase() == text(old, "name").to_lowercase()
        && text(column, "dataType") == text(old, "dataType")
        && text(column, "arrayDataType") == text(old, "arrayDataType")
}

/// A type change is a deletion and an addition, over which only the description is carried.
fn carry_over(column: &mut Map<String, Value>, stored: &[Value]) {
    let name = text(column, "name").to_lowercase();
    let old = stored
        .iter()
        .filter_map(Value::as_object)
        .find(|old| text(old, "name").to_lowercase() == name);
    if let Some(old) = old
        && text(column, "description").is_empty()
        && !text(old, "description").is_empty()
    {
        column.insert("description".to_owned(), old["description"].clone());
    }
}

fn merge_one(
    column: &mut Map<String, Value>,
    old: &Map<String, Value>,
    caller: Caller,
    changes: &mut ColumnChanges,
) {
    for key in ["description", "displayName"] {
        let stored = text(old, key).to_owned();
        if caller == Caller::Bot && !stored.is_empty() {
            column.insert(key.to_owned(), json!(stored));
        } else if text(column, key) != stored {
            changes.changed = true;
        }
    }
    let union = tags(column.get("tags"), old.get("tags"));
    if union.len() != old.get("tags").and_then(Value::as_array).map_or(0, Vec::len) {
        changes.changed = true;
    }
    column.insert("tags".to_owned(), Value::Array(union));
    for key in ["dataLength", "precision", "scale"] {
        let (new, old) = (number(column, key), number(old, key));
        if new != old {
            changes.changed = true;
            changes.major |= match (old, new) {
                (Some(old), Some(new)) => new < old,
                (None, Some(_)) => key == "dataLength",
                (Some(_), None) => key != "dataLength",
                (None, None) => false,
            };
        }
    }
    if column.get("constraint") != old.get("constraint") {
        changes.changed = true;
    }
    if text(column, "name") != text(old, "name") {
        changes.renamed.push((fqn_of(old), fqn_of(column)));
    }
    let empty = Vec::new();
    let stored = old.get("children").and_then(Value::as_array).unwrap_or(&empty);
    // Children given to a column that had none are not noticed by the server (contract §3.3).
    if !stored.is_empty()
        && let Some(children) = column.get_mut("children").and_then(Value::as_array_mut)
    {
        let below = merge(children, stored, caller);
        changes.changed |= below.changed;
        changes.major |= below.major;
        changes.gone.extend(below.gone);
        changes.renamed.extend(below.renamed);
    }
}

/// Stored tags and those sent that are new: a PUT never removes one.
pub(super) fn tags(sent: Option<&Value>, stored: Option<&Value>) -> Vec<Value> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut union = list(stored);
    for tag in list(sent) {
        let same = |other: &Value| {
            other.get("tagFQN") == tag.get("tagFQN") && other.get("source") == tag.get("source")
        };
        if !union.iter().any(same) {
            union.push(tag);
        }
    }
    union
}

/// All column FQNs of a table, nested ones included.
pub(super) fn all_fqns(columns: &[Value]) -> Vec<String> {
    let mut fqns = Vec::new();
    for column in columns {
        fqns.push(own_fqn(column));
        if let Some(children) = column.get("children").and_then(Value::as_array) {
            fqns.extend(all_fqns(children));
        }
    }
    fqns
}

fn own_fqn(column: &Value) -> String {
    column.as_object().map(fqn_of).unwrap_or_default()
}

fn fqn_of(column: &Map<String, Value>) -> String {
    text(column, "fullyQualifiedName").to_owned()
}

pub(super) fn text<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Map<String, Value>, key: &str) -> Option<i64> {
    object.get(key).and_then(Value::as_i64)
}
