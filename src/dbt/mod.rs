//! dbt's artifacts: read tolerantly, matched with Dremio's datasets, joined to lineage.
//!
//! Pure: bytes and a [`crate::model::Catalog`] in, values out. Finding files, asking servers and
//! writing to OpenMetadata happen elsewhere.

pub mod artifacts;
mod error;
mod lenient;
pub mod lineage;
pub mod manifest;
pub mod matching;
pub mod project;
pub mod relation;
pub mod sql;

pub use artifacts::{CatalogArtifact, RunResults, SourceFreshness};
pub use error::ArtifactError;
pub use lineage::{ModelGraph, PhysicalEdge};
pub use manifest::{Exposure, Manifest, Node, NodeColumn, ResourceType};
pub use matching::{MatchReport, MatchStatus, NodeMatch, match_nodes};
pub use relation::{Rule, relation_path};
