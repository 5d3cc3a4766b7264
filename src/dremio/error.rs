//! What can go wrong when talking to Dremio, always naming the request.
//!
//! Texts from the server are cleaned of control characters before they get in here.

use std::fmt;
use std::time::Duration;

use crate::http::Reason;
use crate::model::NodeErrorKind;

/// A request that did not give what it was sent for. Shown, it says what was tried, what the server
/// said and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The settings cannot make a connection (bad URL, unreadable certificate, …).
    Setup(String),
    /// User name and password, or the token to be exchanged, were refused.
    BadLogin {
        /// Method and path.
        request: String,
        /// What the server said.
        message: String,
    },
    /// A token was refused: expired, revoked, or of another server. The answer has no text.
    Unauthorized {
        /// Method and path.
        request: String,
    },
    /// A fresh server, on which nobody has made the first user (contract §1.2).
    NoFirstUser {
        /// Method and path.
        request: String,
    },
    /// We may not see this.
    Forbidden {
        /// Method and path.
        request: String,
        /// What the server said.
        message: String,
    },
    /// Dremio Cloud does not show the project.
    Project {
        /// Method and path.
        request: String,
        /// What the server said.
        message: String,
    },
    /// It is not there, or we may not know that it is.
    NotFound {
        /// Method and path.
        request: String,
        /// What the server said.
        message: String,
    },
    /// No URL can name this path, and no listing has given an id for it yet.
    Unaddressable {
        /// The path, for display.
        path: String,
    },
    /// The source behind it cannot be reached; the source itself can still be read.
    SourceDown {
        /// Method and path.
        request: String,
        /// What the server said.
        message: String,
    },
    /// The server did not accept the request.
    Rejected {
        /// Method and path.
        request: String,
        /// The status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The server has no such endpoint in this edition or version.
    Unsupported {
        /// Method and path.
        request: String,
    },
    /// Too many requests, also after waiting.
    Throttled {
        /// Method and path.
        request: String,
        /// What the server said.
        message: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The server failed, also after retries.
    Server {
        /// Method and path.
        request: String,
        /// The status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The server served the other elements of a batch and not this one.
    NotServed {
        /// Method and path.
        request: String,
        /// What the server said.
        message: String,
    },
    /// The answer is not from Dremio's API: a web page, a redirect, a proxy's text.
    NotJson {
        /// Method and path.
        request: String,
        /// What came instead.
        what: String,
    },
    /// The answer is JSON that is cut off or not of the expected shape.
    Malformed {
        /// Method and path.
        request: String,
        /// What the parser says.
        detail: String,
    },
    /// No answer came.
    Unreachable {
        /// Method and path.
        request: String,
        /// The sort of failure.
        reason: Reason,
        /// What happened.
        detail: String,
    },
    /// A job failed on the server.
    JobFailed {
        /// The job's id.
        job: String,
        /// What the server said.
        message: String,
    },
    /// A job of ours was cancelled by somebody else.
    JobCanceled {
        /// The job's id.
        job: String,
        /// What the server said.
        message: String,
    },
    /// A job did not end in time and was cancelled.
    JobTimedOut {
        /// The job's id.
        job: String,
        /// The state in which it was left.
        state: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The statement is not a single query; this program runs nothing else.
    NotReadOnly {
        /// How it begins.
        statement: String,
    },
    /// We were told to stop.
    Cancelled,
}

impl Error {
    /// The sort of failure, for a mark on a node.
    pub fn node_error_kind(&self) -> NodeErrorKind {
        match self {
            Self::SourceDown { .. } => NodeErrorKind::SourceDown,
            Self::Forbidden { .. } => NodeErrorKind::Forbidden,
            Self::NotFound { .. } => NodeErrorKind::NotFound,
            Self::Throttled { .. } | Self::Server { .. } | Self::Unreachable { .. } => {
                NodeErrorKind::Unavailable
            }
            Self::NotJson { .. } | Self::Malformed { .. } => NodeErrorKind::Malformed,
            _ => NodeErrorKind::Other,
        }
    }

    /// Method and path of the request that failed, where it was one.
    pub fn request(&self) -> Option<&str> {
        match self {
            Self::BadLogin { request, .. }
            | Self::Unauthorized { request }
            | Self::NoFirstUser { request }
            | Self::Forbidden { request, .. }
            | Self::Project { request, .. }
            | Self::NotFound { request, .. }
            | Self::SourceDown { request, .. }
            | Self::Rejected { request, .. }
            | Self::Unsupported { request }
            | Self::Throttled { request, .. }
            | Self::Server { request, .. }
            | Self::NotServed { request, .. }
            | Self::NotJson { request, .. }
            | Self::Malformed { request, .. }
            | Self::Unreachable { request, .. } => Some(request),
            _ => None,
        }
    }

    /// What a person can do about it; part of the shown text too.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::BadLogin { .. } => "check user name and password (or the token to be exchanged)",
            Self::Unauthorized { .. } => {
                "the token has expired, was revoked or is for another server: make a new one \
                 (Dremio Community takes no personal access tokens, only user and password)"
            }
            Self::NoFirstUser { .. } => {
                "open the server in a browser and make its first administrator"
            }
            Self::Forbidden { .. } => "ask an administrator for the privilege to see it",
            Self::Project { .. } => {
                "check the project id, the region and that the token may use it"
            }
            Self::NotFound { .. } => {
                "it may have been moved or deleted, or you may not see it: refresh"
            }
            Self::Unaddressable { .. } => "list its parent first, which gives its id",
            Self::SourceDown { .. } => "see the source's state; an administrator can repair it",
            Self::Throttled { .. } => "lower `max_workers` or try again later",
            Self::Server { status: 502..=504, .. } => {
                "the server or a proxy before it is overloaded or starting: try again later"
            }
            Self::Server { .. } | Self::NotServed { .. } => {
                "this is an error inside Dremio; its log has the details"
            }
            Self::NotJson { .. } => {
                "check that the URL is Dremio's own and that no login page of a proxy stands \
                 before it"
            }
            Self::Malformed { .. } => {
                "a proxy may have cut it, or this Dremio is newer than this program: try again"
            }
            Self::Unreachable { reason, .. } => reason.advice(),
            Self::JobTimedOut { .. } => "narrow the query, or look at the job in Dremio",
            Self::NotReadOnly { .. } => {
                "only a single SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN is run"
            }
            Self::Setup(_)
            | Self::Rejected { .. }
            | Self::Unsupported { .. }
            | Self::JobFailed { .. }
            | Self::JobCanceled { .. }
            | Self::Cancelled => return None,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(text) => f.write_str(text)?,
            Self::BadLogin { request, message } => {
                write!(f, "{request}: the login was refused ({message})")?;
            }
            Self::Unauthorized { request } => write!(f, "{request}: the token was refused (401)")?,
            Self::NoFirstUser { request } => {
                write!(f, "{request}: this Dremio has no user yet")?;
            }
            Self::Forbidden { request, message } => {
                write!(f, "{request}: not permitted ({message})")?;
            }
            Self::Project { request, message } => {
                write!(f, "{request}: Dremio Cloud does not show this project ({message})")?;
            }
            Self::NotFound { request, message } => write!(f, "{request}: not found ({message})")?,
            Self::Unaddressable { path } => {
                write!(f, "{path}: no URL can name this path, and its id is not known")?;
            }
            Self::SourceDown { request, message } => {
                write!(f, "{request}: the source cannot be reached ({message})")?;
            }
            Self::Rejected { request, status, message } => {
                write!(f, "{request}: not accepted ({status}: {message})")?;
            }
            Self::Unsupported { request } => {
                write!(f, "{request}: this Dremio does not offer it")?;
            }
            Self::Throttled { request, message, retry_after } => {
                write!(f, "{request}: too many requests ({message})")?;
                if let Some(wait) = retry_after {
                    write!(f, ", the server asks to wait {} s", wait.as_secs())?;
                }
            }
            Self::Server { request, status, message } => {
                write!(f, "{request}: the server failed ({status}: {message})")?;
            }
            Self::NotServed { request, message } => {
                write!(f, "{request}: the server could not serve it ({message})")?;
            }
            Self::NotJson { request, what } => {
                write!(f, "{request}: the answer is not Dremio's but {what}")?;
            }
            Self::Malformed { request, detail } => {
                write!(f, "{request}: the answer cannot be understood ({detail})")?;
            }
            Self::Unreachable { request, detail, .. } => write!(f, "{request}: {detail}")?,
            Self::JobFailed { job, message } => write!(f, "job {job} failed: {message}")?,
            Self::JobCanceled { job, message } => {
                write!(f, "job {job} was cancelled on the server: {message}")?;
            }
            Self::JobTimedOut { job, state, after } => write!(
                f,
                "job {job} was still {state} after {} s and was cancelled",
                after.as_secs()
            )?,
            Self::NotReadOnly { statement } => {
                write!(f, "not run, because it is not a single query: {statement}")?;
            }
            Self::Cancelled => f.write_str("cancelled")?,
        }
        match self.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
