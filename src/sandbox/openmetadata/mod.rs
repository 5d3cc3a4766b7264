//! An OpenMetadata that behaves as the contract's section 8 demands: four collections, lineage,
//! data models, tags, and every quirk of writing that a client has to live with. State is in memory.

mod check;
mod columns;
mod lineage;
mod merge;
mod routes;
mod seed;
mod server;
mod store;

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

    /// Whether a PUT that changes only a view's SQL is stored (contract §3.3).
    fn compares_sql(self) -> bool {
        self >= Self::V2_0
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
