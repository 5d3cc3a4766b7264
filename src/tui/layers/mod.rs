//! The overlays, one a module.

pub(crate) mod choice;
pub(crate) mod confirm;
pub(crate) mod finder;
pub(crate) mod help;
pub(crate) mod matches;
pub(crate) mod message;
pub(crate) mod palette;
