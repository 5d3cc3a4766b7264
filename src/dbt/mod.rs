//! dbt's artifacts: read tolerantly, matched with Dremio's datasets, joined to lineage.
//!
//! Pure: bytes and a [`crate::model::Catalog`] in, values out. Finding files, asking servers and
//! writing to OpenMetadata happen elsewhere.

pub mod artifacts;
mod error;
mod leftovers;
mod lenient;
pub mod lineage;
pub mod manifest;
pub mod matched;
pub mod matching;
mod mend;
mod out_of_date;
pub mod owner;
pub mod profile;
pub mod project;
pub mod relation;
mod render;
pub mod select;
pub mod sql;
mod wire;

pub use artifacts::{CatalogArtifact, RunResults, SourceFreshness};
pub use error::ArtifactError;
pub use lineage::{ModelGraph, PhysicalEdge};
pub use manifest::{Exposure, Group, Manifest, Node, NodeColumn, ResourceType, UnitTest};
pub use matched::{MatchedProject, TestState};
pub use matching::{MatchReport, MatchStatus, NodeMatch, match_nodes};
pub use owner::{OpenMetadataFacts, Owner};
pub use profile::{Profile, Target};
pub use project::{ArtifactFiles, Project};
pub use relation::{Rule, relation_path};
