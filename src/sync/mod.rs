//! Bringing a Dremio catalogue to OpenMetadata: what should be there ([`desired`]), what would
//! happen ([`plan`], [`diff`]), and making it happen.
//!
//! The first half is pure; only applying talks to a server. Nothing here talks to Dremio.

pub mod apply;
mod bulk;
pub mod columns;
mod creation;
mod data_model;
pub mod dbt;
pub mod desired;
pub mod diff;
pub mod edges;
mod fitting;
mod governance;
mod handles;
pub mod held;
pub mod journal;
pub mod lineage;
pub mod memory;
mod phase;
pub mod plan;
pub mod presence;
mod prune;
pub mod read;
pub mod rescue;
mod same_text;
pub mod selection;
pub mod session;
pub mod settled;
mod tally;
pub mod texts;
mod write;

pub use desired::{Conflict, Desired, DesiredEdge, DesiredEntity, ProjectionOptions};
pub use diff::{FieldChange, Outcome};
pub use governance::LeftOut;
pub use held::{HeldFinding, HeldKind, HeldLineage, HeldScope, held};
pub use plan::{Action, Current, Item, ItemKey, Plan, PlanOptions, Principal, ServerTraits};
pub use selection::{NameFilter, NameFilters, Selection};
