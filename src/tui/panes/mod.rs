//! The panes, one a module: state, what its actions do, and how it is drawn.

pub(crate) mod activity;
pub(crate) mod catalog;
pub(crate) mod detail;
pub(crate) mod kinds;
pub(crate) mod lineage;
pub(crate) mod sync;
