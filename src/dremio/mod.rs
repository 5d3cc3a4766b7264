//! The Dremio client: reads a catalogue over REST and runs SELECTs.
//!
//! There is no code path here that changes anything in Dremio: the endpoints that this module can
//! form are a closed list (contract §10, last row), and only single queries are submitted.

mod address;
mod batch;
mod client;
mod endpoint;
mod error;
mod extras;
mod listing;
mod options;
mod rows;
mod session;
mod sql;
mod statement;
mod types;
mod verdict;
mod wire;

pub use address::EntityRef;
pub use batch::BatchAnswer;
pub use client::Client;
pub use error::Error;
pub use extras::{Graph, Reflection};
pub use listing::{ChildPage, PageToken};
pub use options::{CloudRegion, ConnectOptions, Credentials, Deployment};
pub use sql::{JobId, JobState, JobStatus, QueryResult, ResultPage};
