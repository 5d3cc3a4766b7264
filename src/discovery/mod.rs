//! Reading a whole catalogue: a tree walk with bounded concurrency that says what it learns as it
//! goes, can be steered to a node that somebody waits for, and loses one node, not the run, to a
//! failure.
//!
//! No request is sent twice unless somebody asks for a node again.

mod answers;
mod api;
mod bulk;
mod columns;
mod events;
mod failures;
mod filter;
mod options;
mod queue;
mod resolve;
mod walk;
mod wishes;

pub use api::CatalogApi;
pub use events::{DiscoveryEvent, DiscoveryStats, GaveUp, Skipped};
pub use failures::UNTRIED;
pub use options::{DiscoveryOptions, Strategy};
pub use resolve::{GraphApi, Parents, Resolved, parents, resolve};
pub use walk::{DiscoveryHandle, discover};
