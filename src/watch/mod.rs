//! The agent behind `watch`: reads the catalogue again and again, tells what has changed since the
//! last reading and what that does to the lineage, and brings to OpenMetadata what it may.
//!
//! [`Watcher::round`] is one reading with all that follows; [`schedule::keep`] repeats rounds;
//! [`state`] is what survives a restart. Where words go is for the caller to say: everything comes
//! out as values and [`Event`]s.

mod breakage;
mod drift;
mod lineage_changes;
mod permits;
mod reading;
mod round;
pub mod schedule;
pub mod state;

pub use breakage::{Affected, Breakage, Breakages, Cause};
pub use drift::{Applied, Drift, DriftError, DriftItem, DriftOptions};
pub use lineage_changes::{BrokenReference, EdgeChange, EdgeEnds, LineageChanges, ViewChange};
pub use permits::{Permit, Permits, PermitsError};
pub use round::{
    Comparison, Event, History, RememberError, Round, RoundError, Servers, WatchOptions, Watcher,
};
