//! Results for pipes and files: JSON, YAML, CSV and tables. The shapes are documented in `docs/`.
//!
//! Nothing here reads from a server, and nothing decides where the text goes.

pub mod catalog;
mod change;
pub mod dbt;
mod diff;
mod escape;
pub mod lineage;
pub mod sql_lineage;
pub mod sync;
pub mod watch;

pub use catalog::{CatalogReport, ReportStats};
pub use dbt::DbtReport;
pub use diff::diff_text;
pub use escape::Escaped;
pub use lineage::LineageReport;
pub use sql_lineage::SqlLineageReport;
pub use sync::SyncReport;
pub use watch::WatchReport;

/// Version of every JSON shape written here; raised when a reader would have to change.
pub const SCHEMA_VERSION: u32 = 1;
