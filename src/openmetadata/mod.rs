//! The OpenMetadata side: what its entities look like, how they are named, and the client.
//!
//! What is not here: deciding what to write, which is [`crate::sync`]'s.

mod client;
pub mod entity;
mod error;
pub mod names;
mod options;
mod referents;
mod requests;
mod verdict;

pub use client::{Client, Identity, ServerInfo};
pub use error::Error;
pub use options::{ConnectOptions, Credentials};
pub use referents::{Referent, ReferentType};
pub use requests::{BulkOutcome, Neighbourhood, Written};
