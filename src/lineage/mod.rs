//! The catalogue's lineage: every view's SQL read by [`crate::sqlflow`], joined into one graph of
//! tables and columns, with what could not be read listed beside it.
//!
//! A [`crate::model::Catalog`] in, a [`LineageGraph`] out, without I/O; only [`complete()`] asks a
//! server, for tables that views name and no listing has shown.

pub mod check;
pub mod compare;
pub mod complete;
pub mod dbt;
pub mod engine;
pub mod graph;
pub mod origins;
mod reading;
pub mod trace;

pub use check::{Broken, BrokenKind, CheckReport, Coverage, check};
pub use compare::{Difference, compare};
pub use complete::{Completed, complete};
pub use engine::Engine;
pub use graph::{
    ColumnEdge, Edge, EdgeIndex, LineageGraph, LineageNode, NodeIndex, NodeRole, Origin, Reading,
    ReadingStatus, RowEdge, SqlPosition,
};
pub use trace::{ColumnAt, ColumnTrace, Impact, impact, trace_column};
