//! What a new entity will hold, told as the fields of a plan.

use super::desired::Body;
use super::diff::{FieldChange, Outcome};
use super::governance::stored;

/// What a new entity will hold, as changes from nothing.
pub(super) fn changes(body: &Body) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let mut add = |field: &str, value: Option<String>| {
        if value.is_some() {
            changes.push(FieldChange {
                field: field.to_owned(),
                old: None,
                new: value,
                outcome: Outcome::Written,
            });
        }
    };
    if let Some(common) = body.common() {
        add("displayName", common.display_name.clone());
        add("description", common.description.clone());
        let tags: Vec<&str> = common.tags.iter().map(|tag| tag.tag_fqn.as_str()).collect();
        add("tags", (!tags.is_empty()).then(|| tags.join(", ")));
        add("sourceUrl", common.source_url.clone());
    }
    if let Body::Table(table) = body {
        add("tableType", table.table_type.clone());
        add("schemaDefinition", table.schema_definition.clone());
        for column in &table.columns {
            add(&format!("columns.{}", column.name), column.data_type_display.clone());
            add(&format!("columns.{}.description", column.name), column.description.clone());
            let tags: Vec<&str> = column.tags.iter().map(|tag| tag.tag_fqn.as_str()).collect();
            let tags = (!tags.is_empty()).then(|| tags.join(", "));
            add(&format!("columns.{}.tags", column.name), tags);
        }
    }
    changes.extend(body.common().map(stored::creation).unwrap_or_default());
    changes
}
