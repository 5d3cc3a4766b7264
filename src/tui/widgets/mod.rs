//! Drawing that knows nothing of the program: text of exact width, lists, tables, inputs, SQL and
//! Markdown.

pub(crate) mod ascii;
pub(crate) mod emoji;
pub(crate) mod input;
pub(crate) mod list;
pub(crate) mod markdown;
pub(crate) mod popup;
pub(crate) mod sql;
pub(crate) mod table;
pub(crate) mod text;
