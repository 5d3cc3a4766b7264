//! Results for pipes and files: JSON, YAML, CSV and tables. The shapes are documented in `docs/`.
//!
//! Nothing here reads from a server, and nothing decides where the text goes.

pub mod catalog;
mod escape;
pub mod lineage;
pub mod sql_lineage;

pub use catalog::{CatalogReport, ReportStats};
pub use escape::Escaped;
pub use lineage::LineageReport;
pub use sql_lineage::SqlLineageReport;

/// Version of every JSON shape written here; raised when a reader would have to change.
pub const SCHEMA_VERSION: u32 = 1;
