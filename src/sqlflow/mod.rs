//! SQL to lineage: which tables and columns a statement reads, how they become its columns, and
//! which columns decide its rows.
//!
//! Pure: text and a [`Schema`] in, values out. Nothing here opens a file, asks a server or fails
//! as a whole; a statement that cannot be understood yields what can be found in it and says why.

mod dialect;
pub mod highlight;
mod text;

pub use highlight::{TokenClass, classify};
