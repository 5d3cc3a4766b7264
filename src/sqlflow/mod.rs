//! SQL to lineage: which tables and columns a statement reads, how they become its columns, and
//! which columns decide its rows.
//!
//! Pure: text and a [`Schema`] in, values out. Nothing here opens a file, asks a server or fails
//! as a whole; a statement that cannot be understood yields what can be found in it and says why.

mod analyze;
pub mod batch;
mod bind;
mod dialect;
mod fallback;
mod fragments;
pub mod highlight;
mod insert;
mod items;
mod lex;
mod lineage;
mod names;
mod parse;
mod policy;
mod prepass;
mod schema;
mod statement;
mod text;

pub use analyze::{analyze, analyze_as};
pub use dialect::Flavour;
pub use highlight::{TokenClass, classify};
pub use lineage::{
    Analysis, ColumnRef, ColumnSource, Confidence, Diagnostic, DiagnosticKind, Fragment, Influence,
    Kind, OutputColumn, RowInfluence, RowSource, SourceTable, StatementKind, StatementLineage,
    Status,
};
pub use policy::{Policy, PolicyKind};
pub use schema::{FunctionBody, Relation, Schema, SchemaMap, ViewBody};
