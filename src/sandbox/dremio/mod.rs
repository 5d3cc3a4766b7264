//! A Dremio in the same process: HTTP on loopback, worded after the server contract and with every
//! quirk of it, over a [`Catalogue`] and a [`QueryEngine`].
//!
//! It imitates what a reading client meets. It changes nothing: calls that would are refused and
//! remembered (see [`DremioSandbox::mutations`]).

mod auth;
mod bulk;
pub mod catalogue;
mod collaboration;
mod entity;
mod faults;
mod fields;
mod from_world;
mod graph;
mod item;
mod jobs;
mod known;
mod listing;
mod options;
mod reply;
mod resolve;
mod routes;
mod seen;
mod server;
pub(crate) mod system;
mod target;
mod time;

pub use catalogue::{Catalogue, CatalogueError};
pub use jobs::{CancelCord, QueryAnswer, QueryEngine};
pub use options::{
    DremioOptions, Edition, EncodedSlash, Fault, Faults, Health, JobPace, VersionRef,
};
pub use seen::SeenRequest;
pub use server::DremioSandbox;
