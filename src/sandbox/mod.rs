//! Embedded servers for the demo, for the `sandbox` command and for tests: they answer as a Dremio
//! (and as an OpenMetadata) does, over HTTP on loopback, from the catalogues in `assets/sandbox`.
//!
//! Nothing else in the program may know that they exist: clients meet them as they meet any server.

mod connection;
pub mod dremio;
pub mod hostile;
pub mod patterns;
pub mod scale;
pub(crate) mod types;
pub mod calendar;
pub mod load;
pub mod rows;
pub mod sql;
pub mod world;
