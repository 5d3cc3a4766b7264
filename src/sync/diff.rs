//! What a PUT would change, field by field, and the body that changes no more than that.
//!
//! The rules of what a server keeps, clears or ignores (contract §3.2–§3.4) live here.

mod columns;

use serde::{Deserialize, Serialize};
use std::collections::HashSet;

use columns::{Level, columns, resend};

use super::plan::ServerTraits;
use super::same_text::is_same_text;
use crate::model::path::fold;
use crate::openmetadata::entity::{CreateCommon, CreateTable, StoredCommon, StoredTable, TagLabel};

/// What will become of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The new value will be stored.
    Written,
    /// The server keeps the old one: a bot's PUT never replaces it (quirk 3).
    KeptByServer,
    /// We keep the old one: a person may have written it.
    KeptForPeople,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Where: `description`, `columns.amount.dataType`, `tags`.
    pub field: String,
    /// The value on the server; `None` = not set.
    pub old: Option<String>,
    /// Dremio's value; `None` = not set.
    pub new: Option<String>,
    /// What will become of it.
    pub outcome: Outcome,
}

/// Who writes, which decides what a PUT keeps (contract §1.2, §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// A bot token.
    Bot,
    /// A person's token, or one whose owner could not be read.
    User,
}

/// Descriptions that replace what is stored although a bot writes: its PUT would keep them (quirk 3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescriptionPatch {
    /// The entity's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Columns': the stored names from the table down to the column, and the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<(Vec<String>, String)>,
}

/// What the diff of one entity comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is found out on its own")]
pub struct EntityDiff {
    /// The fields, written and kept.
    pub changes: Vec<FieldChange>,
    /// What a reader should know before it is written.
    pub warnings: Vec<String>,
    /// Stored columns that will be gone or spelt otherwise: the server then rewrites the edges
    /// that name them (quirk 15, 37).
    pub touches_columns: bool,
    /// Nothing that the server compares changes, so it would not store the rest (contract §3.5).
    pub repair: bool,
    /// A bot's new descriptions, which take a PATCH before the PUT.
    pub description_patch: Option<DescriptionPatch>,
    /// Something changes that makes every server store the row.
    compared: bool,
    /// The view's SQL changes, which newer servers notice and older ones do not.
    sql_differs: bool,
    /// Something changes that no server notices by itself.
    unnoticed: bool,
    /// The stored hash is ours: these very texts were sent before.
    sent_before: bool,
}

impl EntityDiff {
    /// Whether anything will be stored.
    pub fn is_written(&self) -> bool {
        self.changes.iter().any(|change| change.outcome == Outcome::Written)
    }

    fn push(&mut self, field: impl Into<String>, old: Option<String>, new: Option<String>) {
        self.compared = true;
        self.push_written(field, old, new);
    }

    /// A difference that no server stores by itself (contract §3.3).
    fn push_unnoticed(
        &mut self,
        field: impl Into<String>,
        old: Option<String>,
        new: Option<String>,
    ) {
        self.unnoticed = true;
        self.push_written(field, old, new);
    }

    fn push_written(&mut self, field: impl Into<String>, old: Option<String>, new: Option<String>) {
        self.changes.push(FieldChange { field: field.into(), old, new, outcome: Outcome::Written });
    }

    fn text(&mut self, field: &str, old: Option<&str>, new: Option<&str>) {
        if old.unwrap_or_default() != new.unwrap_or_default() {
            self.push(field, old.map(str::to_owned), new.map(str::to_owned));
        }
    }
}

/// Settings of the diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffOptions {
    /// Who writes.
    pub principal: Principal,
    /// What the server does.
    pub traits: ServerTraits,
    /// Replace descriptions that differ from Dremio's wiki.
    pub overwrite_descriptions: bool,
}

/// Diffs the shared properties, and merges into `body` what a PUT without it would clear.
pub fn common(
    diff: &mut EntityDiff,
    body: &mut CreateCommon,
    stored: &StoredCommon,
    options: DiffOptions,
) {
    diff.sent_before = body.source_hash.is_some() && body.source_hash == stored.source_hash;
    description(diff, body, stored, options);
    // A name set by a human wins; ours only tells the true spelling of an encoded name.
    match (&stored.display_name, &body.display_name) {
        (Some(stored), _) if !stored.is_empty() => body.display_name = Some(stored.clone()),
        (_, Some(ours)) if is_name_kept(options) => diff.changes.push(FieldChange {
            field: "displayName".to_owned(),
            old: None,
            new: Some(ours.clone()),
            outcome: Outcome::KeptByServer,
        }),
        (_, ours) => diff.text("displayName", None, ours.clone().as_deref()),
    }
    tags(diff, "tags", &body.tags, &stored.tags);
    if body.source_url.is_none() {
        body.source_url.clone_from(&stored.source_url);
    }
    diff.text("sourceUrl", stored.source_url.as_deref(), body.source_url.clone().as_deref());
    body.retention_period.clone_from(&stored.retention_period);
    if options.principal == Principal::User {
        keep_data_products(diff, body, stored);
    }
    let hash = body.source_hash.clone();
    diff.text("sourceHash", stored.source_hash.as_deref(), hash.as_deref());
}

/// Whether the server ignores a display name that we send (contract §3.2).
fn is_name_kept(options: DiffOptions) -> bool {
    options.principal == Principal::Bot && options.traits.keeps_names_from_bots()
}

fn description(
    diff: &mut EntityDiff,
    body: &mut CreateCommon,
    stored: &StoredCommon,
    options: DiffOptions,
) {
    let old = stored.description.clone().filter(|text| !text.trim().is_empty());
    let (Some(new), Some(old)) = (body.description.clone(), old.clone()) else {
        if body.description.is_some() {
            diff.push("description", None, body.description.clone());
        } else {
            body.description = old;
        }
        return;
    };
    if is_same_text(&new, &old, diff.sent_before) {
        body.description = Some(old);
        return;
    }
    let outcome = match (options.overwrite_descriptions, options.principal) {
        (true, Principal::User) => {
            diff.compared = true;
            Outcome::Written
        }
        (true, Principal::Bot) => {
            diff.description_patch.get_or_insert_default().entity = Some(new.clone());
            Outcome::Written
        }
        (false, Principal::Bot) => Outcome::KeptByServer,
        (false, Principal::User) => Outcome::KeptForPeople,
    };
    if outcome != Outcome::Written {
        body.description = Some(old.clone());
    }
    diff.changes.push(FieldChange {
        field: "description".to_owned(),
        old: Some(old),
        new: Some(new),
        outcome,
    });
}

fn tags(diff: &mut EntityDiff, field: &str, ours: &[TagLabel], stored: &[TagLabel]) {
    let has = |tag: &TagLabel| {
        stored.iter().any(|other| other.tag_fqn == tag.tag_fqn && other.source == tag.source)
    };
    let added: Vec<&str> =
        ours.iter().filter(|tag| !has(tag)).map(|tag| tag.tag_fqn.as_str()).collect();
    if !added.is_empty() {
        let old: Vec<&str> = stored.iter().map(|tag| tag.tag_fqn.as_str()).collect();
        let all = [old.clone(), added].concat().join(", ");
        diff.push(field, (!old.is_empty()).then(|| old.join(", ")), Some(all));
    }
}

/// A user's PUT without data products removes them (quirk 36).
fn keep_data_products(diff: &mut EntityDiff, body: &mut CreateCommon, stored: &StoredCommon) {
    let own: Vec<String> = stored
        .data_products
        .iter()
        .filter(|product| !product.inherited)
        .filter_map(|product| product.fully_qualified_name.clone())
        .collect();
    if own.is_empty() {
        return;
    }
    if stored.domains.is_empty() && stored.domain.is_none() && body.domains.is_empty() {
        // The server refuses data products on an entity without a domain.
        diff.warnings.push(format!(
            "the server will drop its data products ({}) since it has no domain; add one first",
            own.join(", ")
        ));
    } else {
        body.data_products = own;
    }
}

/// Diffs a table, and merges into `body` what a PUT without it would clear.
pub fn table(
    body: &mut CreateTable,
    stored: &StoredTable,
    columns_known: bool,
    sql_known: bool,
    options: DiffOptions,
) -> EntityDiff {
    let mut diff = EntityDiff::default();
    if !(columns_known && sql_known) {
        // It tells of what could be read this time only.
        body.common.source_hash.clone_from(&stored.common.source_hash);
    }
    common(&mut diff, &mut body.common, &stored.common, options);
    diff.text("tableType", stored.table_type.as_deref(), body.table_type.clone().as_deref());
    if sql_known {
        let (old, new) = (&stored.schema_definition, &body.schema_definition);
        if old.as_deref().unwrap_or_default() != new.as_deref().unwrap_or_default() {
            diff.sql_differs = true;
            diff.push_written("schemaDefinition", old.clone(), new.clone());
        }
    } else {
        body.schema_definition.clone_from(&stored.schema_definition);
    }
    body.table_constraints.clone_from(&stored.table_constraints);
    body.table_partition.clone_from(&stored.table_partition);
    body.location_path.clone_from(&stored.location_path);
    body.file_format.clone_from(&stored.file_format);
    if columns_known {
        let level = Level { prefix: "columns", names: &[] };
        columns(&mut diff, level, &mut body.columns, &stored.columns, options);
    } else {
        body.columns = stored.columns.iter().map(resend).collect();
    }
    drop_constraints_of_gone_columns(&mut diff, body);
    drop_partition_of_gone_columns(&mut diff, body);
    // A PATCH erases the SQL, which the PUT after it has to bring back (quirk 8).
    let has_sql = body.schema_definition.as_deref().is_some_and(|sql| !sql.is_empty());
    let brings_sql = diff.sql_differs || (diff.description_patch.is_some() && has_sql);
    diff.repair =
        !diff.compared && (diff.unnoticed || (brings_sql && !options.traits.stores_sql_changes));
    if has_sql && diff.description_patch.is_some() {
        diff.warnings.push(
            "a bot's token replaces descriptions by a PATCH, for which the server drops the view's SQL; the table is sent again after it".to_owned(),
        );
    }
    diff
}

fn drop_constraints_of_gone_columns(diff: &mut EntityDiff, body: &mut CreateTable) {
    let Some(serde_json::Value::Array(constraints)) = &mut body.table_constraints else { return };
    let names: HashSet<String> = body.columns.iter().map(|column| fold(&column.name)).collect();
    constraints.retain(|constraint| {
        let columns = constraint.get("columns").and_then(serde_json::Value::as_array);
        let stays = columns.is_none_or(|columns| {
            columns
                .iter()
                .filter_map(serde_json::Value::as_str)
                .all(|column| names.contains(&fold(column)))
        });
        if !stays {
            diff.warnings.push(format!(
                "a constraint on a column that is gone will be dropped: {constraint}"
            ));
        }
        stays
    });
}

/// The server refuses a partition by a column that is not there.
fn drop_partition_of_gone_columns(diff: &mut EntityDiff, body: &mut CreateTable) {
    let by = body.table_partition.as_ref().and_then(|partition| partition.get("columns"));
    let by = by.and_then(serde_json::Value::as_array).into_iter().flatten();
    let names: HashSet<String> = body.columns.iter().map(|column| fold(&column.name)).collect();
    let gone: Vec<&str> = by
        .filter_map(|column| column.get("columnName").and_then(serde_json::Value::as_str))
        .filter(|column| !names.contains(&fold(column)))
        .collect();
    if !gone.is_empty() {
        diff.warnings
            .push(format!("its partitioning will be dropped, since {} is gone", gone.join(", ")));
        body.table_partition = None;
    }
}
