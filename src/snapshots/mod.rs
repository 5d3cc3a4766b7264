//! Snapshots in the data directory: saved whole or not at all, listed, loaded, compared.
//!
//! `<data>/snapshots/<server>/<time>.json.zst`. Nothing is ever deleted but by
//! [`SnapshotStore::prune`]. What is in a file is the business of [`crate::model::snapshot`].

pub mod diff;
mod store;

pub use diff::{CatalogDiff, ColumnChange, DatasetChange, DatasetState, diff};
pub use store::{SnapshotEntry, SnapshotStore, StoreError};
