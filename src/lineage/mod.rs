//! The catalogue's lineage: every view's SQL read by [`crate::sqlflow`], joined into one graph of
//! tables and columns, with what could not be read listed beside it.
//!
//! No I/O: a [`crate::model::Catalog`] in, a [`LineageGraph`] out.

pub mod check;
pub mod engine;
pub mod graph;
pub mod trace;

pub use check::{Broken, CheckReport, Coverage, check};
pub use engine::Engine;
pub use graph::{
    ColumnEdge, Edge, EdgeIndex, LineageGraph, LineageNode, NodeIndex, NodeRole, Origin, Reading,
    ReadingStatus, RowEdge,
};
pub use trace::{ColumnAt, ColumnTrace, Impact, impact, trace_column};
