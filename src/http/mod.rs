//! What the clients of both servers share: how a connection is made, what is retried, and a log of
//! every request.
//!
//! Nothing here knows Dremio or OpenMetadata.

pub mod log;
pub mod options;

pub use log::{RequestLog, RequestRecord};
pub use options::{HttpOptions, TlsOptions};
