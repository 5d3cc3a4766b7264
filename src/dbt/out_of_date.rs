//! [`differences`]: in what a matched dataset is not what dbt says.

use std::collections::HashSet;

use super::artifacts::CatalogArtifact;
use super::manifest::{Node, ResourceType};
use super::sql::normal_form;
use crate::model::path::fold;
use crate::model::{NodeKind, NodeRef, SchemaState};

/// In what a dataset and the artifacts differ.
pub(super) fn differences(
    node: &Node,
    dataset: NodeRef<'_>,
    artifact: Option<&CatalogArtifact>,
) -> Vec<String> {
    let mut found = Vec::new();
    let is_view = dataset.kind() == NodeKind::View;
    let is_model = node.resource_type == ResourceType::Model;
    match node.materialization() {
        Some("view") if is_model && !is_view => {
            found.push("dbt makes a view, Dremio has a table".to_owned());
        }
        Some("table" | "incremental" | "seed" | "snapshot") if is_view => {
            found.push("dbt makes a table, Dremio has a view".to_owned());
        }
        Some("view") if is_model => {
            if let (Some(ours), Some(theirs)) = (node.compiled_code.as_deref(), dataset.sql())
                && normal_form(ours) != normal_form(theirs)
            {
                found.push(
                    "the view's SQL in Dremio is not what the manifest compiles to: run dbt again, or see who edited the view"
                        .to_owned(),
                );
            }
        }
        _ => {}
    }
    let schema = dataset.schema();
    if schema.state != SchemaState::Known {
        return found;
    }
    let names: HashSet<String> = schema.iter().map(|column| fold(column.name)).collect();
    let absent = |columns: Vec<&str>| -> Vec<String> {
        columns.into_iter().filter(|name| !names.contains(&fold(name))).map(str::to_owned).collect()
    };
    let documented = absent(node.columns.iter().map(|column| &*column.name).collect());
    if !documented.is_empty() {
        found.push(format!(
            "documented columns that Dremio does not have: {}",
            documented.join(", ")
        ));
    }
    if let Some(table) = artifact.and_then(|artifact| artifact.tables.get(&node.unique_id)) {
        let gone = absent(table.columns.iter().map(|column| &*column.name).collect());
        if !gone.is_empty() {
            found.push(format!(
                "columns of catalog.json that Dremio does not have: {}",
                gone.join(", ")
            ));
        }
        let listed: HashSet<String> =
            table.columns.iter().map(|column| fold(&column.name)).collect();
        let new: Vec<&str> = schema
            .iter()
            .map(|column| column.name)
            .filter(|name| !listed.contains(&fold(name)))
            .collect();
        if !table.columns.is_empty() && !new.is_empty() {
            found.push(format!(
                "columns of Dremio that catalog.json does not have: {}",
                new.join(", ")
            ));
        }
    }
    found
}
