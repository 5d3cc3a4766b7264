//! Where a node stands in Dremio, by the rules of dbt-dremio.
//!
//! dbt keeps a relation as database, schema and identifier. On Dremio the database is a space or a
//! source, and the schema is a folder path joined by dots, parts with dots of their own in quotes.

use serde::{Deserialize, Serialize};

use super::manifest::{Node, ResourceType};
use crate::model::DatasetPath;

/// dbt-dremio's word for "right below the space or source".
const NO_SCHEMA: &str = "no_schema";

/// How a node's place was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A view: space, folder path, alias.
    SpaceAndFolder,
    /// A table, incremental, seed or snapshot: object storage source, path, name.
    ObjectStorage,
    /// A source: database, schema, identifier.
    SourceIdentifier,
    /// Database, schema and identifier of another adapter, as they are.
    DatabaseAndSchema,
    /// What the manifest's `relation_name` says where it differs.
    RelationName,
    /// The relation of another environment that the node is deferred to.
    Deferral,
    /// The schema read with dots inside folder names: some write such folders without quotes.
    DottedFolder,
    /// The `node_id` in the comment before a job's SQL.
    JobComment,
    /// Only the name fits.
    NameElsewhere,
}

impl Rule {
    /// The words for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::SpaceAndFolder => "space and folder",
            Self::ObjectStorage => "object storage source and path",
            Self::SourceIdentifier => "source identifier",
            Self::DatabaseAndSchema => "database and schema",
            Self::RelationName => "relation name",
            Self::Deferral => "deferred to another environment",
            Self::DottedFolder => "folder name with dots",
            Self::JobComment => "node_id in job text",
            Self::NameElsewhere => "same name elsewhere",
        }
    }

    /// The rule by which dbt-dremio places a node.
    pub fn of(node: &Node, is_dremio: bool) -> Self {
        match node.resource_type {
            _ if !is_dremio => Self::DatabaseAndSchema,
            ResourceType::Source => Self::SourceIdentifier,
            _ if node.is_stored() => Self::ObjectStorage,
            _ => Self::SpaceAndFolder,
        }
    }
}

/// A schema as a list of folders: split at dots outside quotes; none for `no_schema`.
pub fn split_schema(schema: &str) -> Vec<String> {
    let schema = schema.trim();
    if schema.is_empty() || schema == NO_SCHEMA {
        return Vec::new();
    }
    split_quoted(schema)
}

/// Splits at dots outside double quotes, and takes the quotes off.
fn split_quoted(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut in_quotes = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if in_quotes && chars.peek() == Some(&'"') => {
                chars.next();
                part.push('"');
            }
            '"' => in_quotes = !in_quotes,
            '.' if !in_quotes => parts.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
    }
    parts.push(part);
    parts
}

/// The path of a node's relation: database, folders, then alias or identifier. On other adapters
/// than Dremio the schema is one part. `None` where nothing tells a database or schema.
///
/// Ephemeral models and reflections have one too, though no dataset stands there.
pub fn relation_path(node: &Node, is_dremio: bool) -> Option<DatasetPath> {
    let schema = node.schema.as_deref().unwrap_or_default();
    let folders = match (schema, is_dremio) {
        ("", _) => Vec::new(),
        (schema, true) => split_schema(schema),
        (schema, false) => vec![schema.to_owned()],
    };
    if node.database.is_none() && folders.is_empty() {
        return node.relation_name.as_deref().map(relation_name_path);
    }
    let database = node.database.as_deref().map(str::to_owned);
    let name = node.relation_identifier().to_owned();
    Some(DatasetPath::new(database.into_iter().chain(folders).chain([name])))
}

/// A relation as written into SQL (`"lake".landing."2024.q2"."x.parquet"`) as a path.
pub fn relation_name_path(text: &str) -> DatasetPath {
    DatasetPath::new(split_quoted(text.trim()).into_iter().map(|part| {
        // Some adapters quote with backticks.
        part.strip_prefix('`')
            .and_then(|part| part.strip_suffix('`'))
            .map_or(part.clone(), str::to_owned)
    }))
}

/// The other ways to read a path whose schema has dots: neighbouring folders joined. At most 64.
pub fn dotted_readings(path: &DatasetPath) -> Vec<DatasetPath> {
    let parts = path.parts();
    let Some(folders) = parts.len().checked_sub(2).filter(|count| (2..=7).contains(count)) else {
        return Vec::new();
    };
    let gaps = folders - 1;
    (1_u32..1 << gaps)
        .map(|joined| {
            let mut read = vec![parts[0].clone(), parts[1].clone()];
            for (gap, part) in parts[2..=folders].iter().enumerate() {
                match read.last_mut() {
                    Some(last) if joined & (1 << gap) != 0 => {
                        last.push('.');
                        last.push_str(part);
                    }
                    _ => read.push(part.clone()),
                }
            }
            read.push(parts[folders + 1].clone());
            DatasetPath::new(read)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_split_at_dots_outside_quotes() {
        assert_eq!(split_schema("a.b"), ["a", "b"]);
        assert_eq!(split_schema("landing.\"2024.q2\""), ["landing", "2024.q2"]);
        assert_eq!(split_schema("a.\"say \"\"hi\"\".x\".c"), ["a", "say \"hi\".x", "c"]);
        assert!(split_schema("no_schema").is_empty());
        assert_eq!(split_schema("No_Schema2"), ["No_Schema2"]);
    }

    #[test]
    fn relation_names_may_mix_quoted_and_bare() {
        let path = relation_name_path("\"lake\".landing.\"2024.q2\".\"payments.parquet\"");
        assert_eq!(path.parts(), ["lake", "landing", "2024.q2", "payments.parquet"]);
        assert_eq!(relation_name_path("`a`.`b`").parts(), ["a", "b"]);
    }

    #[test]
    fn dotted_readings_join_folders_only() {
        let path = DatasetPath::new(["lake", "landing", "2024", "q2", "x"]);
        let readings: Vec<String> =
            dotted_readings(&path).iter().map(ToString::to_string).collect();
        assert_eq!(
            readings,
            [
                "lake.\"landing.2024\".q2.x",
                "lake.landing.\"2024.q2\".x",
                "lake.\"landing.2024.q2\".x"
            ]
        );
        assert!(dotted_readings(&DatasetPath::new(["a", "b", "c"])).is_empty());
    }
}
