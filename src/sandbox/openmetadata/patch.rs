//! JSON Patch, with what it costs a table (contract §3.6).

use serde_json::{Value, json};

use super::store::{Store, missing};
use super::{Caller, Refusal, change};
use crate::openmetadata::entity::EntityType;

impl Store {
    /// A JSON Patch; on a table it erases the view's SQL (contract §3.6).
    pub(super) fn patch(
        &mut self,
        entity: EntityType,
        fqn: &str,
        operations: &[Value],
        caller: Caller,
    ) -> Result<Value, Refusal> {
        let stored = self.find(entity, fqn)?;
        if Self::is_deleted(stored) {
            return Err(missing(entity, fqn));
        }
        let before = stored.clone();
        let mut patched = Value::Object(before.clone());
        for operation in operations {
            apply_operation(&mut patched, operation)?;
        }
        let now = self.tick();
        if let Some(object) = patched.as_object_mut() {
            let version = object.get("version").and_then(Value::as_f64).unwrap_or(0.1);
            object.insert("version".to_owned(), json!(((version + 0.1) * 10.0).round() / 10.0));
            object.insert("updatedAt".to_owned(), json!(now));
            object.insert("updatedBy".to_owned(), json!(caller.name()));
            change::note(object, &before);
            if entity == EntityType::Table && !self.quirks.patch_keeps_sql {
                object.remove("schemaDefinition");
            }
            self.entities.insert((entity, fqn.to_owned()), object.clone());
        }
        Ok(patched)
    }
}

fn apply_operation(target: &mut Value, operation: &Value) -> Result<(), Refusal> {
    let field = |key: &str| operation.get(key).and_then(Value::as_str).unwrap_or_default();
    let (kind, pointer) = (field("op"), field("path"));
    let invalid = || Refusal::bad(format!("invalid patch operation {operation}"));
    let value = operation.get("value").cloned().unwrap_or(Value::Null);
    if kind == "test" {
        let matches = target.pointer(pointer) == Some(&value);
        return matches.then_some(()).ok_or_else(invalid);
    }
    let (parent, last) = pointer.rsplit_once('/').ok_or_else(invalid)?;
    let last = last.replace("~1", "/").replace("~0", "~");
    match (target.pointer_mut(parent).ok_or_else(invalid)?, kind) {
        (Value::Object(object), "add" | "replace") => {
            object.insert(last, value);
        }
        (Value::Object(object), "remove") => {
            object.remove(&last).ok_or_else(invalid)?;
        }
        (Value::Array(array), "add") if last == "-" => array.push(value),
        (Value::Array(array), _) => {
            let index: usize = last.parse().map_err(|_| invalid())?;
            match kind {
                "add" if index <= array.len() => array.insert(index, value),
                "replace" if index < array.len() => array[index] = value,
                "remove" if index < array.len() => {
                    array.remove(index);
                }
                _ => return Err(invalid()),
            }
        }
        _ => return Err(invalid()),
    }
    Ok(())
}
