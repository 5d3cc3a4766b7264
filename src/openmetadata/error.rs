//! What can go wrong when talking to OpenMetadata, always naming the request.
//!
//! Texts from the server are cleaned of control characters before they get in here.

use std::fmt;
use std::time::Duration;

use crate::http::Reason;

/// A request that did not give what it was sent for. Shown, it says what was tried, what the server
/// said and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The settings cannot make a connection.
    Setup(String),
    /// E-mail and password were refused, or the server does not take them.
    BadLogin {
        /// Method and path.
        request: String,
        /// What the server said.
        message: String,
    },
    /// The token was refused: expired, or replaced by a newer one of the same bot.
    Unauthorized {
        /// Method and path.
        request: String,
    },
    /// A policy of the server denies it.
    Forbidden {
        /// Method and path.
        request: String,
        /// What the server said.
        message: String,
    },
    /// The entity, or something that it refers to (parent, tag, owner), is not there.
    NotFound {
        /// Method and path.
        request: String,
        /// What the server said; names which.
        message: String,
    },
    /// The server is older than what this program works with.
    TooOld {
        /// Its version.
        version: String,
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
    /// The instance's limits are reached (contract §1.4): not a matter of waiting a little.
    Limited {
        /// Method and path.
        request: String,
        /// What the server said.
        message: String,
        /// How long a proxy asks to wait, if one does.
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
    /// The answer is not from OpenMetadata's API (quirk 1).
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
}

impl Error {
    /// Whether going on with other items makes no sense: every request would fail the same way.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::Setup(_)
                | Self::BadLogin { .. }
                | Self::Unauthorized { .. }
                | Self::TooOld { .. }
                | Self::Limited { .. }
                | Self::NotJson { .. }
        )
    }

    /// Whether the server may have done what was asked although no good answer came.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::Unreachable { reason, .. } => !reason.is_before_sending(),
            Self::Malformed { .. } | Self::Server { .. } => true,
            _ => false,
        }
    }

    /// What a person can do about it; part of the shown text too.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::BadLogin { .. } => "check e-mail and password, or use a token",
            Self::Unauthorized { .. } => {
                "it has expired or a newer token of the same bot replaced it: copy the current one \
                 from Settings › Bots"
            }
            Self::Forbidden { .. } => "give the token's user or bot a role that may",
            Self::TooOld { .. } => "have the server updated",
            Self::Limited { retry_after: None, .. } => "ask its administrator",
            Self::Server { status: 502..=504, .. } => {
                "the server or a proxy before it is overloaded or starting: try again later"
            }
            Self::Server { .. } => "see its log",
            Self::NotJson { .. } => "check the URL, and whether a proxy asks for a login",
            Self::Malformed { .. } => "a proxy may have cut it: try again",
            Self::Unreachable { reason, .. } => reason.advice(),
            Self::Setup(_)
            | Self::NotFound { .. }
            | Self::Rejected { .. }
            | Self::Limited { .. } => return None,
        })
    }

    /// Whether a server that lacks an endpoint answers so.
    pub(super) fn is_missing_endpoint(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. } | Self::NotJson { .. } | Self::Rejected { status: 405 | 400, .. }
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(problem) => f.write_str(problem)?,
            Self::BadLogin { request, message } => {
                write!(f, "OpenMetadata refused the login ({request}: {message})")?;
            }
            Self::Unauthorized { request } => {
                write!(f, "OpenMetadata refused the token ({request}: 401)")?;
            }
            Self::Forbidden { request, message } => {
                write!(f, "OpenMetadata does not allow it ({request}: {message})")?;
            }
            Self::NotFound { request, message } => {
                write!(f, "{request}: not found in OpenMetadata: {message}")?;
            }
            Self::TooOld { version } => {
                write!(f, "OpenMetadata {version} is too old: 1.5 or newer is needed")?;
            }
            Self::Rejected { request, status, message } => {
                write!(f, "{request}: OpenMetadata refused it ({status}): {message}")?;
            }
            Self::Limited { request, message, retry_after } => {
                write!(f, "{request}: OpenMetadata's limits are reached (429): {message}")?;
                if let Some(wait) = retry_after {
                    write!(f, ", it asks to wait {} s", wait.as_secs())?;
                }
            }
            Self::Server { request, status, message } => {
                write!(f, "{request}: OpenMetadata failed ({status}): {message}")?;
            }
            Self::NotJson { request, what } => {
                write!(f, "{request}: the answer is not from OpenMetadata's API but {what}")?;
            }
            Self::Malformed { request, detail } => {
                write!(f, "{request}: the answer could not be understood: {detail}")?;
            }
            Self::Unreachable { request, detail, .. } => write!(f, "{request}: {detail}")?,
        }
        match self.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
