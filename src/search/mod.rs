//! Finding a dataset by a few letters of its name, of a column, of a label, or by a piece of its SQL, among
//! millions.
//!
//! [`Index`] is built once from a catalogue and never changes; a search reads it only, so that any
//! number can run beside each other. Not here: when an index is built or a search is started, and
//! how hits are drawn.

mod index;
mod matching;
mod query;
mod sql;

pub use index::{Index, Labels};
pub use query::{Found, Hit, Part, Query, Scope};
