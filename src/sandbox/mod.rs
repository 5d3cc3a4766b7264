//! Embedded servers for the demo, for the `sandbox` command and for tests: they answer as a Dremio
//! (and as an OpenMetadata) does, over HTTP on loopback, from the catalogues in `assets/sandbox`.
//!
//! Nothing else in the program may know that they exist: clients meet them as they meet any server.

pub mod calendar;
mod connection;
pub mod dremio;
pub mod hostile;
pub mod load;
pub mod openmetadata;
pub mod patterns;
pub mod rows;
pub mod scale;
mod served;
pub mod servers;
pub mod sql;
pub mod world;

pub use served::{StartError, start};
