//! [`Client`]: one connection to one Dremio.

use super::{ConnectOptions, Error};
use crate::http::RequestLog;
use crate::model::{DatasetPath, Entity, Item, ServerInfo};

/// A connection. Clones share login, limits and log.
#[derive(Clone, Debug)]
pub struct Client {}

/// How to address a thing: by path where it can be written in a URL, else by id (contract §2.6, §2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRef {
    /// Where it stands.
    pub path: DatasetPath,
    /// The server's id, where a listing gave one.
    pub id: Option<String>,
}

/// An opaque mark of where a listing goes on; bound to the request that gave it (contract §2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken(pub(super) String);

impl PageToken {
    /// A token as a server wrote it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The token as the server wrote it, not encoded for a URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A container with a page of its children.
#[derive(Clone, Debug)]
pub struct ChildPage {
    /// The container itself, as this answer describes it.
    pub entity: Entity,
    /// The children on this page.
    pub items: Vec<Item>,
    /// Where to go on; `None` on the last page.
    pub next: Option<PageToken>,
}

/// The answer to a batch read.
#[derive(Clone, Debug, Default)]
pub struct BatchAnswer {
    /// What was found, in the order asked for but without gaps: match by id.
    pub entities: Vec<Entity>,
    /// Ids that the server could not serve, with its message.
    pub failed: Vec<(String, String)>,
}

/// A reflection of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reflection {
    /// The server's id.
    pub id: String,
    /// The name.
    pub name: String,
    /// `RAW`, `AGGREGATION`, `EXTERNAL`, …
    pub kind: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// The combined status, as the server words it.
    pub status: Option<String>,
    /// Size of what is materialised now, in bytes.
    pub size_bytes: Option<u64>,
    /// When its data was last fetched.
    pub last_data_fetch: Option<String>,
    /// The last failure's message.
    pub last_failure: Option<String>,
    /// The fields it holds, by role (`display`, `dimension`, `measure`, `partition`, `sort`, `distribution`).
    pub fields: Vec<(&'static str, Vec<String>)>,
}

/// One hop of Dremio's own lineage (Enterprise and Cloud).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The sources involved.
    pub sources: Vec<Item>,
    /// Direct parents that we may see.
    pub parents: Vec<Item>,
    /// Direct children that we may see.
    pub children: Vec<Item>,
}

impl Client {
    /// Prepares a connection; sends nothing yet.
    pub fn new(_options: ConnectOptions, _log: RequestLog) -> Result<Self, Error> {
        unimplemented!()
    }

    /// Logs in (or proves the token) and says who is there.
    pub async fn login(&self) -> Result<ServerInfo, Error> {
        unimplemented!()
    }

    /// Ends the login that [`Client::login`] made, if it made one. Failures are not interesting.
    pub async fn logout(&self) {
        unimplemented!()
    }

    /// Whether the server is up, without credentials (Software).
    pub async fn server_status(&self) -> Result<String, Error> {
        unimplemented!()
    }

    /// How many requests may be under way at once.
    pub fn max_concurrency(&self) -> usize {
        unimplemented!()
    }

    /// The log that this connection writes.
    pub fn request_log(&self) -> &RequestLog {
        unimplemented!()
    }

    /// Homes, spaces, sources and top-level functions.
    pub async fn root(&self) -> Result<Vec<Item>, Error> {
        unimplemented!()
    }

    /// A page of a container's children. `page` must come from the same `of`.
    pub async fn children(
        &self,
        _of: &EntityRef,
        _page: Option<&PageToken>,
    ) -> Result<ChildPage, Error> {
        unimplemented!()
    }

    /// One thing, without its children.
    pub async fn entity(&self, _of: &EntityRef) -> Result<Entity, Error> {
        unimplemented!()
    }

    /// Whether batch reads are offered: `None` until the first [`Client::datasets`] has found out.
    pub fn supports_batches(&self) -> Option<bool> {
        unimplemented!()
    }

    /// Up to 50 datasets by id in one request; [`Error::Unsupported`] where the server has no such thing.
    pub async fn datasets(&self, _ids: &[String]) -> Result<BatchAnswer, Error> {
        unimplemented!()
    }

    /// The wiki text; `None` where there is none or it cannot be had. Never asked for a home,
    /// where reading would create a text (contract §5).
    pub async fn wiki(&self, _of: &Item) -> Result<Option<String>, Error> {
        unimplemented!()
    }

    /// A dataset's labels; none for anything else.
    pub async fn labels(&self, _of: &Item) -> Result<Vec<String>, Error> {
        unimplemented!()
    }

    /// A dataset's reflections.
    pub async fn reflections(&self, _dataset_id: &str) -> Result<Vec<Reflection>, Error> {
        unimplemented!()
    }

    /// One hop of lineage; `None` where this edition has none.
    pub async fn graph(&self, _dataset_id: &str) -> Result<Option<Graph>, Error> {
        unimplemented!()
    }
}
