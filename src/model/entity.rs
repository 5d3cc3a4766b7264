//! What a server says of one thing in the catalogue, before it is placed into a
//! [`Catalog`](super::Catalog).

use serde::{Deserialize, Serialize};

use super::path::DatasetPath;
use super::types::Column;

/// What sort of thing stands at a path (contract §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// The caller's own home space, `@user`.
    Home,
    /// A space: a root that holds folders and views.
    Space,
    /// A connection to data: a lake, a database, a versioned catalogue.
    Source,
    /// A folder in any of the above.
    Folder,
    /// A file that Dremio has not been told to read as a table.
    File,
    /// A table.
    Table(TableKind),
    /// A view.
    View,
    /// A user-defined function. Listed among containers by the server, never browsable.
    Function,
    /// Something newer than this program; shown, not browsed.
    Unknown,
}

/// How a table came to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// A file or folder promoted to a table, an Iceberg table, or any table of a versioned source.
    Promoted,
    /// A table of a relational or metastore source.
    Direct,
    /// The server said only "physical dataset".
    Unknown,
}

impl NodeKind {
    /// The word shown and written for it: `home`, `space`, … `table`, `view`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Space => "space",
            Self::Source => "source",
            Self::Folder => "folder",
            Self::File => "file",
            Self::Table(_) => "table",
            Self::View => "view",
            Self::Function => "function",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it can be opened to list what is inside.
    pub fn is_container(self) -> bool {
        matches!(self, Self::Home | Self::Space | Self::Source | Self::Folder)
    }

    /// Whether it is a table or a view.
    pub fn is_dataset(self) -> bool {
        matches!(self, Self::Table(_) | Self::View)
    }
}

/// One line of a listing: enough to show it, not what is inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it stands, in the server's spelling.
    pub path: DatasetPath,
    /// The server's id; not stable for files and folders of a file-system source (contract §2.6).
    pub id: Option<String>,
    /// What it is.
    pub kind: NodeKind,
    /// The server's own word where [`NodeKind::Unknown`].
    pub raw_kind: Option<String>,
}

/// One thing as read by id or path, without its children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// What a listing would say of it.
    pub item: Item,
    /// ISO-8601 text as sent; may be anything, never parsed for decisions.
    pub created_at: Option<String>,
    /// What only this kind of thing has.
    pub detail: EntityDetail,
}

/// The part of an [`Entity`] that depends on its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityDetail {
    /// A home, space or folder.
    Container,
    /// A source with its state.
    Source(SourceDetail),
    /// A table or view.
    Dataset(DatasetDetail),
    /// A user-defined function.
    Function(FunctionDetail),
    /// A file, or something unknown.
    Plain,
}

/// What is known of a table or view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetDetail {
    /// The columns; `None` = the server has no schema yet, which is not "no columns" (contract §3.1).
    pub columns: Option<Vec<Column>>,
    /// A view's SQL as saved. Absent for tables, and for views that we may not read.
    pub sql: Option<String>,
    /// The path against which the SQL's names are tried first.
    pub sql_context: Vec<String>,
    /// File format of a promoted table (`Parquet`, `Iceberg`, …).
    pub format: Option<String>,
}

/// What is known of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDetail {
    /// The connector: `S3`, `POSTGRES`, `NESSIE`, … an open set.
    pub connector: Option<String>,
    /// Whether it can be reached.
    pub health: SourceHealth,
    /// What the server says of its state, most important first.
    pub messages: Vec<String>,
    /// The server's suggestion, if any.
    pub suggestion: Option<String>,
}

/// Connectors whose folders are listed live from storage, never paged (contract §2.5).
const FILE_SYSTEM_CONNECTORS: [&str; 13] = [
    "S3",
    "AMAZON_S3",
    "ADL",
    "ADLS",
    "AZURE_STORAGE",
    "GCS",
    "HDFS",
    "MAPRFS",
    "NAS",
    "WEBHDFS",
    "SAMPLE_SOURCE",
    "PDFS",
    "INTERNAL",
];

impl SourceDetail {
    /// Whether listing it reads a file system or object store, which is slow and not paged
    /// (contract §2.5).
    pub fn is_file_system(&self) -> bool {
        self.connector.as_deref().is_some_and(|connector| {
            FILE_SYSTEM_CONNECTORS.iter().any(|known| known.eq_ignore_ascii_case(connector))
        })
    }
}

/// A source's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceHealth {
    /// Reachable.
    Good,
    /// Reachable, with complaints.
    Warn,
    /// Not reachable: listing it fails.
    Bad,
    /// The server did not say.
    Unknown,
}

/// What is known of a user-defined function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionDetail {
    /// Arguments as text: `a INTEGER, b VARCHAR`.
    pub arguments: Option<String>,
    /// The body's SQL.
    pub body: Option<String>,
    /// The return type as text.
    pub returns: Option<String>,
}

/// Why one node could not be read. It costs that node, never the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeError {
    /// The sort of failure, for marks and advice.
    pub kind: NodeErrorKind,
    /// What was tried, what the server said and what to do, in a sentence or two.
    pub message: String,
}

/// The sort of a [`NodeError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeErrorKind {
    /// The source behind it is down.
    SourceDown,
    /// The server refuses to show it.
    Forbidden,
    /// It is listed and yet not there.
    NotFound,
    /// The server or the way to it failed, after retries.
    Unavailable,
    /// The answer could not be understood.
    Malformed,
    /// Anything else.
    Other,
}

/// The server on the other side, as it introduced itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// Host and port, for display; never with credentials.
    pub host: String,
    /// Product version, where known.
    pub version: Option<String>,
    /// `OSS`, `Enterprise`, `Cloud`, where known.
    pub edition: Option<String>,
    /// The user we are logged in as, where known.
    pub user: Option<String>,
}
