//! The vocabulary of the whole program: paths, types, entities and the catalogue that holds them.
//!
//! Plain values only. No I/O, no async, no terminal, and nothing that knows how a server spells
//! these things on the wire.

pub mod catalog;
pub mod change;
pub mod entity;
mod intern;
pub mod path;
pub mod type_text;
pub mod types;

pub use catalog::{Catalog, ColumnView, Listing, NodeId, NodeRef, SchemaState, SchemaView};
pub use change::{Applied, Change};
pub use entity::{
    DatasetDetail, Entity, EntityDetail, FunctionDetail, Item, NodeError, NodeErrorKind, NodeKind,
    ServerInfo, SourceDetail, SourceHealth, TableKind,
};
pub use path::{DatasetPath, PathParseError};
pub use type_text::TypeParseError;
pub use types::{Column, DataType, Field};
