//! OpenMetadata's entities as this program sends and reads them (contract §2, §4, §5).
//!
//! `Create…` values are request bodies, nothing more and nothing less: the server refuses unknown
//! properties. `Stored…` values are what a read gives; they are lenient, and hold raw JSON where the
//! program only has to carry a value back unchanged.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The four collections this program writes to, parents first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EntityType {
    /// A database service: one Dremio.
    DatabaseService,
    /// A source, space or home.
    Database,
    /// A folder path below one.
    DatabaseSchema,
    /// A dataset.
    Table,
}

impl EntityType {
    /// The word in references: `databaseService`, `database`, `databaseSchema`, `table`.
    pub fn reference_type(self) -> &'static str {
        match self {
            Self::DatabaseService => "databaseService",
            Self::Database => "database",
            Self::DatabaseSchema => "databaseSchema",
            Self::Table => "table",
        }
    }

    /// The collection's path below the API root, without slashes around it.
    pub fn collection(self) -> &'static str {
        match self {
            Self::DatabaseService => "services/databaseServices",
            Self::Database => "databases",
            Self::DatabaseSchema => "databaseSchemas",
            Self::Table => "tables",
        }
    }

    /// The word for people: `service`, `database`, `schema`, `table`.
    pub fn name(self) -> &'static str {
        match self {
            Self::DatabaseService => "service",
            Self::Database => "database",
            Self::DatabaseSchema => "schema",
            Self::Table => "table",
        }
    }
}

/// A tag on an entity or column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagLabel {
    /// `Classification.Tag`, or a glossary term's FQN.
    #[serde(rename = "tagFQN")]
    pub tag_fqn: String,
    /// `Classification` or `Glossary`.
    pub source: String,
    /// `Manual`, `Propagated`, `Automated`, `Derived`, `Generated`.
    #[serde(default = "manual")]
    pub label_type: String,
    /// `Suggested` or `Confirmed`.
    #[serde(default = "confirmed")]
    pub state: String,
}

fn manual() -> String {
    "Manual".to_owned()
}

fn confirmed() -> String {
    "Confirmed".to_owned()
}

/// A reference to another entity, as sent and read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityReference {
    /// UUID.
    pub id: String,
    /// The type's word, see [`EntityType::reference_type`]; also `user`, `team`, …
    #[serde(rename = "type")]
    pub entity_type: String,
    /// The FQN, where the server gives it. Never sent.
    #[serde(default, skip_serializing)]
    pub fully_qualified_name: Option<String>,
    /// The name, where the server gives it. Never sent.
    #[serde(default, skip_serializing)]
    pub name: Option<String>,
    /// Comes from a parent and must not be sent back (quirk 31).
    #[serde(default, skip_serializing)]
    pub inherited: bool,
}

/// Writes a reference with its names: what a server stores as it is given, such as an edge's
/// pipeline, has to go back whole, and a plan that is read from a file has to equal the one made.
#[expect(clippy::ref_option, reason = "the signature is serde's to say")]
pub(crate) fn whole_reference<S: Serializer>(
    reference: &Option<EntityReference>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Whole<'a> {
        id: &'a str,
        #[serde(rename = "type")]
        entity_type: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        fully_qualified_name: Option<&'a str>,
    }
    let whole = reference.as_ref().map(|reference| Whole {
        id: &reference.id,
        entity_type: &reference.entity_type,
        name: reference.name.as_deref(),
        fully_qualified_name: reference.fully_qualified_name.as_deref(),
    });
    whole.serialize(serializer)
}

/// `PUT /services/databaseServices`. Has no connection: credentials never go there (contract §2.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateService {
    /// The service's name.
    pub name: String,
    /// `Dremio`, or `CustomDatabase` where the server does not know that.
    pub service_type: String,
    /// The true name, where `name` had to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Only for servers that refuse a service without one: the custom form, empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Value>,
}

/// The properties that create bodies of databases, schemas and tables share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateCommon {
    /// The true name, where `name` had to be changed, or what a human set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Tags to add; a PUT never removes one (quirk 5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagLabel>,
    /// Owners to set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<EntityReference>,
    /// Domain FQNs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Data product FQNs; a user's PUT that omits them removes them (quirk 36).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_products: Vec<String>,
    /// Where it can be seen in Dremio, percent-encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// MD5 of our projection, 32 hex digits (contract §3.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_hash: Option<String>,
    /// What the server holds and we do not own, sent back so that it is not cleared (quirk 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_period: Option<String>,
}

/// `PUT /databases`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateDatabase {
    /// The encoded name.
    pub name: String,
    /// FQN of the service.
    pub service: String,
    /// The rest.
    #[serde(flatten)]
    pub common: CreateCommon,
}

/// `PUT /databaseSchemas`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateSchema {
    /// The encoded name.
    pub name: String,
    /// FQN of the database.
    pub database: String,
    /// The rest.
    #[serde(flatten)]
    pub common: CreateCommon,
}

/// `PUT /tables`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateTable {
    /// The encoded name.
    pub name: String,
    /// FQN of the schema.
    pub database_schema: String,
    /// `View`, `Regular`, `Iceberg`; left out it is cleared (quirk 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_type: Option<String>,
    /// The columns in order; may be empty.
    pub columns: Vec<CreateColumn>,
    /// A view's SQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_definition: Option<String>,
    /// Theirs, sent back so that it is not dropped (quirk 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_constraints: Option<Value>,
    /// Likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_partition: Option<Value>,
    /// Likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_path: Option<String>,
    /// Likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_format: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub common: CreateCommon,
}

/// A column in a [`CreateTable`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateColumn {
    /// The encoded name.
    pub name: String,
    /// One of the server's words (contract §2.5).
    pub data_type: String,
    /// The true name, where `name` had to be changed, or what a human set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Needed for character and binary types (quirk 23).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_length: Option<u32>,
    /// Digits in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<u32>,
    /// Digits after the point; needs a precision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// The whole type as text; stored lower-cased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_type_display: Option<String>,
    /// Element type of an `ARRAY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array_data_type: Option<String>,
    /// Fields of a `STRUCT`, or of an array's element struct; `Some([])` is sent as `[]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<CreateColumn>>,
    /// Counts from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal_position: Option<u32>,
    /// Tags to add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagLabel>,
}

/// What every entity that was read has; all there is for a database or schema.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoredCommon {
    /// UUID.
    pub id: String,
    /// The stored name.
    pub name: String,
    /// The FQN, in the server's spelling.
    pub fully_qualified_name: String,
    /// Set by us for changed names, or by a human.
    pub display_name: Option<String>,
    /// Markdown.
    pub description: Option<String>,
    /// Tags, derived ones included.
    pub tags: Vec<TagLabel>,
    /// Owners, inherited ones included.
    pub owners: Vec<EntityReference>,
    /// Domains, inherited ones included.
    pub domains: Vec<EntityReference>,
    /// The one domain of an older server (contract §7).
    pub domain: Option<EntityReference>,
    /// Data products, inherited ones included.
    pub data_products: Vec<EntityReference>,
    /// Custom properties.
    pub extension: Option<Value>,
    /// Where it can be seen in Dremio.
    pub source_url: Option<String>,
    /// Hash of the projection last written.
    pub source_hash: Option<String>,
    /// Soft-deleted (contract §3.7).
    pub deleted: bool,
    /// Grows with each stored change.
    pub version: f64,
    /// Epoch milliseconds.
    pub updated_at: Option<i64>,
    /// Who stored the last change.
    pub updated_by: Option<String>,
    /// Carried back unchanged.
    pub retention_period: Option<String>,
    /// Not in create bodies; some servers take it away on a person's PUT (contract §3.2).
    pub certification: Option<Value>,
}

/// A service as read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoredService {
    /// What every entity has.
    #[serde(flatten)]
    pub common: StoredCommon,
    /// `Dremio`, `CustomDatabase`, …
    pub service_type: String,
}

/// A table as read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoredTable {
    /// What every entity has.
    #[serde(flatten)]
    pub common: StoredCommon,
    /// `View`, `Regular`, …
    pub table_type: Option<String>,
    /// The columns in stored order.
    #[serde(deserialize_with = "without_spare_room")]
    pub columns: Vec<StoredColumn>,
    /// A view's SQL; a PATCH by anyone may have erased it (quirk 8).
    pub schema_definition: Option<String>,
    /// Carried back unchanged.
    pub table_constraints: Option<Value>,
    /// dbt's facts.
    pub data_model: Option<Value>,
    /// Carried back unchanged.
    pub table_partition: Option<Value>,
    /// Carried back unchanged.
    pub location_path: Option<String>,
    /// Carried back unchanged.
    pub file_format: Option<String>,
}

/// A column as read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoredColumn {
    /// The stored name.
    pub name: String,
    /// The FQN: the only right spelling for column lineage (quirk 17).
    pub fully_qualified_name: Option<String>,
    /// The server's word.
    pub data_type: String,
    /// Set by us for changed names, or by a human.
    pub display_name: Option<String>,
    /// Markdown.
    pub description: Option<String>,
    /// For character and binary types.
    pub data_length: Option<i64>,
    /// Digits in all.
    pub precision: Option<i64>,
    /// Digits after the point.
    pub scale: Option<i64>,
    /// Lower-cased by the server.
    pub data_type_display: Option<String>,
    /// Element type of an `ARRAY`.
    pub array_data_type: Option<String>,
    /// Fields of a struct.
    pub children: Option<Vec<StoredColumn>>,
    /// Counts from 1, where the server says.
    pub ordinal_position: Option<i64>,
    /// Tags, derived ones included.
    pub tags: Vec<TagLabel>,
}

/// A list as long as what is in it. One that is read grows by doubling, and a service's columns are
/// most of what a sync holds.
fn without_spare_room<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let mut list = Vec::deserialize(deserializer)?;
    list.shrink_to_fit();
    Ok(list)
}

/// The details of a lineage edge, as sent and read. A PUT replaces all of them (quirk 16).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LineageDetails {
    /// `ViewLineage`, `DbtLineage`, `Manual`, …; absent means `Manual`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The SQL behind the edge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql_query: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Column mappings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns_lineage: Vec<ColumnLineage>,
    /// A pipeline that someone attached; kept.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "whole_reference")]
    pub pipeline: Option<EntityReference>,
    /// The tables in between, as others wrote them; kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_lineage_tables: Option<Value>,
}

/// One column mapping of an edge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ColumnLineage {
    /// FQNs of source columns.
    pub from_columns: Vec<String>,
    /// FQN of the target column.
    pub to_column: String,
    /// The transformation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

/// A lineage edge as read: ends are bare ids there (quirk 19).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoredEdge {
    /// UUID of the upstream entity.
    pub from_entity: String,
    /// UUID of the downstream entity.
    pub to_entity: String,
    /// The details; absent for bare edges.
    pub lineage_details: Option<LineageDetails>,
}

impl AsRef<StoredCommon> for StoredCommon {
    fn as_ref(&self) -> &StoredCommon {
        self
    }
}

impl AsRef<StoredCommon> for StoredService {
    fn as_ref(&self) -> &StoredCommon {
        &self.common
    }
}

impl AsRef<StoredCommon> for StoredTable {
    fn as_ref(&self) -> &StoredCommon {
        &self.common
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_take_no_more_room_than_they_need() {
        let columns: Vec<Value> =
            (0..21).map(|n| serde_json::json!({"name": n.to_string()})).collect();
        let table = serde_json::json!({"id": "t", "columns": columns}).to_string();
        let table: StoredTable = serde_json::from_str(&table).expect("a table");
        assert_eq!((table.columns.len(), table.columns.capacity()), (21, 21));
        let bare: StoredTable = serde_json::from_str(r#"{"id": "t"}"#).expect("a table");
        assert_eq!(bare.columns, []);
    }
}
