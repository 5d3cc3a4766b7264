//! What can go wrong when talking to Dremio, always naming the request.

use crate::model::NodeErrorKind;

/// A request that did not give what it was sent for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings cannot make a connection (bad URL, unreadable certificate, …).
    #[error("{0}")]
    Setup(String),
    /// The server has no such endpoint in this edition or version.
    #[error("{request}: this Dremio does not offer it")]
    Unsupported {
        /// Method and path.
        request: String,
    },
    /// We were told to stop.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// The sort of failure, for a mark on a node.
    pub fn node_error_kind(&self) -> NodeErrorKind {
        NodeErrorKind::Other
    }
}
