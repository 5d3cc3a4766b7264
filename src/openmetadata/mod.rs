//! The OpenMetadata side: what its entities look like, how they are named, and the client.
//!
//! What is not here: deciding what to write, which is [`crate::sync`]'s.

pub mod entity;
pub mod names;
