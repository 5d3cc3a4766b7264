//! An OpenMetadata that behaves as the contract's section 8 demands: four collections, lineage,
//! data models, what entities refer to, and every quirk of writing that a client has to live with. State is in memory.

mod change;
mod check;
mod columns;
mod directory;
pub mod fqn;
mod lineage;
mod merge;
mod patch;
mod read;
mod routes;
mod seed;
mod server;
mod store;

pub use directory::Named;
pub use seed::Seed;
pub use server::{Fault, OpenMetadataOptions, OpenMetadataSandbox, SeenRequest};

/// Which server is imitated; decides name patterns, enums and what a PUT stores (contract §7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// No `Dremio` service type yet, no bulk.
    V1_12,
    /// A view's SQL alone is not stored.
    #[default]
    V1_13,
    /// Strict names, data models survive, SQL is compared.
    V2_0,
}

impl Version {
    /// What `/system/version` says.
    pub fn number(self) -> &'static str {
        match self {
            Self::V1_12 => "1.12.4",
            Self::V1_13 => "1.13.0",
            Self::V2_0 => "2.0.2",
        }
    }
}

/// Faults of a server that do not go with its version alone. By default each is as its version
/// has it, or as all versions have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub struct Quirks {
    /// Whether a PUT fails to notice that only a view's SQL differs; `None` = up to 1.13
    /// (contract §3.3).
    pub legacy_schema_definition: Option<bool>,
    /// A PATCH of a table leaves the view's SQL alone, once that is mended (contract §3.6).
    pub patch_keeps_sql: bool,
    /// Names that `fields` may not hold (contract §4.3).
    pub unknown_fields: Vec<String>,
    /// The most rows of a bulk request, beyond which it is 413 (contract §4.4).
    pub bulk_limit: Option<usize>,
    /// A PUT of something stored is answered as if it were done, and is not (contract §3.1).
    pub echo_only: bool,
    /// An encoded slash in a path is refused, by the servlet container or a proxy (contract §2.7).
    pub refuses_encoded_slashes: bool,
    /// FQNs of what the server cannot read itself, and lists among `errors` (contract §4.1).
    pub unreadable: Vec<String>,
    /// A service without a connection is a 500 (contract §2.3).
    pub needs_connection: bool,
}

impl Quirks {
    fn ignores_sql(&self, version: Version) -> bool {
        self.legacy_schema_definition.unwrap_or(version < Version::V2_0)
    }
}

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Bot,
    User,
}

/// An error answer: status, `errorType`, message.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: u16,
    kind: &'static str,
    message: String,
}

impl Refusal {
    fn bad(message: String) -> Self {
        Self { status: 400, kind: "BAD_REQUEST", message }
    }

    fn not_found(message: String) -> Self {
        Self { status: 404, kind: "ENTITY_NOT_FOUND", message }
    }
}
