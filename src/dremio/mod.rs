//! The Dremio client: reads a catalogue over REST and runs SELECTs.
//!
//! There is no code path here that changes anything in Dremio: the endpoints that this module can
//! form are a closed list (contract §10, last row).

mod client;
mod error;
mod options;
mod sql;

pub use client::{BatchAnswer, ChildPage, Client, EntityRef, Graph, PageToken, Reflection};
pub use error::Error;
pub use options::{CloudRegion, ConnectOptions, Credentials, Deployment};
pub use sql::{JobId, JobState, JobStatus, QueryResult, ResultPage};
