//! [`World`]: what a sandbox server holds, as read from a catalogue file.
//!
//! Files are YAML: a few settings and a tree of nodes. Column types are written as Dremio prints
//! them (`DECIMAL(10,2)`, `STRUCT<lat: DOUBLE, lon: DOUBLE>`, `LIST<VARCHAR>`, `MAP<VARCHAR, BIGINT>`).

use serde::{Deserialize, Deserializer, de};

use crate::sandbox::rows::Generate;

/// Everything a sandbox Dremio serves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// One line for people who choose a catalogue.
    pub title: String,
    /// The only user.
    pub user: String,
    /// Its password.
    pub password: String,
    /// The product version that login reports.
    pub version: String,
    /// Homes, spaces, sources and top-level functions.
    pub catalog: Vec<Node>,
}

/// What a [`Node`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the catalogue file")]
pub enum Kind {
    Home,
    Space,
    Source,
    Folder,
    File,
    Table,
    View,
    Function,
}

/// How a root lists its children (contract §2.5, the three backends).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// Dremio's own store: paged, fast, in name order.
    Stored,
    /// A live listing of a file system: never paged, in storage order.
    Storage,
    /// A live call to a versioned catalogue: paged, in catalogue order.
    Versioned,
}

/// A thing in the catalogue file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its name, as the server spells it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Wiki text.
    #[serde(default)]
    pub wiki: Option<String>,
    /// Labels of a dataset.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Children of a container.
    #[serde(default)]
    pub children: Vec<Node>,
    /// Connector of a source: `S3`, `POSTGRES`, `NESSIE`, …
    #[serde(default)]
    pub connector: Option<String>,
    /// How a source lists; by default what its connector does.
    #[serde(default)]
    pub backend: Option<Backend>,
    /// A source's state; good if absent.
    #[serde(default)]
    pub state: Option<State>,
    /// File format of a promoted table.
    #[serde(default)]
    pub format: Option<String>,
    /// Columns of a dataset as `name TYPE`; absent = the server has no schema for it.
    /// A list of its own spelling, see [`ColumnSpec`].
    #[serde(default)]
    pub columns: Option<Vec<ColumnSpec>>,
    /// Columns that only show when a table without [`columns`](Self::columns) is read.
    #[serde(default)]
    pub read_columns: Option<Vec<ColumnSpec>>,
    /// Names of older states of a table (`tag:close-2025`, `snapshot:1234`), with the number of
    /// rows that each of them had.
    #[serde(default)]
    pub versions: std::collections::BTreeMap<String, usize>,
    /// A table's rows, values in column order; a view's answer is computed.
    #[serde(default)]
    pub rows: Vec<Vec<serde_json::Value>>,
    /// How to make a table's rows up, instead of listing them.
    #[serde(default)]
    pub generate: Option<Generate>,
    /// SQL of a view.
    #[serde(default)]
    pub sql: Option<String>,
    /// Context of a view's SQL.
    #[serde(default)]
    pub context: Vec<String>,
    /// Serve the view without its SQL, as for a reader without the privilege.
    #[serde(default)]
    pub sql_hidden: bool,
    /// Answer 403 when it is opened by id or path, though it is listed.
    #[serde(default)]
    pub forbidden: bool,
    /// Reflections of a dataset, as the server would send them.
    #[serde(default)]
    pub reflections: Vec<serde_json::Value>,
    /// A function's argument list, return type and body.
    #[serde(default)]
    pub function: Option<FunctionSpec>,
}

/// A column in the catalogue file: `name` and Dremio's text of the type.
///
/// Written `order_id BIGINT`, or `"a name with spaces" VARCHAR`, or as a map of `name` and `type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The name.
    pub name: String,
    /// The type as text.
    pub data_type: String,
}

impl<'de> Deserialize<'de> for ColumnSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Line(String),
            Map {
                name: String,
                #[serde(rename = "type")]
                data_type: String,
            },
        }
        match Written::deserialize(deserializer)? {
            Written::Map { name, data_type } => Ok(Self { name, data_type }),
            Written::Line(line) => {
                let split = match line.strip_prefix('"') {
                    Some(rest) => rest.split_once("\" "),
                    None => line.split_once(' '),
                };
                let (name, data_type) = split.ok_or_else(|| {
                    de::Error::custom(format!("the column {line:?} has no type after its name"))
                })?;
                Ok(Self { name: name.to_owned(), data_type: data_type.trim().to_owned() })
            }
        }
    }
}

/// A source's state in the catalogue file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// `good`, `warn` or `bad`.
    pub status: String,
    /// Messages, most important first.
    #[serde(default)]
    pub messages: Vec<String>,
    /// What the server suggests.
    #[serde(default)]
    pub suggestion: String,
}

/// A function in the catalogue file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionSpec {
    /// `a INTEGER, b VARCHAR`
    pub arguments: String,
    /// The return type.
    pub returns: String,
    /// The body.
    pub body: String,
    /// Scalar or tabular.
    #[serde(default)]
    pub scalar: bool,
}
