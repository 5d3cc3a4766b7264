//! Reading a whole catalogue: a tree walk with bounded concurrency that says what it learns as it
//! goes, can be steered to a node that somebody waits for, and loses one node, not the run, to a
//! failure.

mod api;
mod walk;

pub use api::CatalogApi;
pub use walk::{
    DiscoveryEvent, DiscoveryHandle, DiscoveryOptions, DiscoveryStats, Skipped, Strategy, discover,
};
