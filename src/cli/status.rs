//! How a run ended: [`ExitStatus`] for the shell, [`Failure`] for the reader.

use std::error::Error;
use std::process::ExitCode;

use crate::config::{ConfigError, CredentialError};
use crate::sync::session::PrepareError;
use crate::{dremio, openmetadata};

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// All is well.
    Fine,
    /// The answer is not the hoped-for one: differences, gaps.
    Findings,
    /// The command line or the configuration cannot be used.
    Usage,
    /// A server, or the way to it, failed.
    Remote,
    /// Some was done, some was not.
    Partial,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

impl ExitStatus {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Remote => 3,
            Self::Partial => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

/// Why a command could not do its work, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The sort.
    pub status: ExitStatus,
    /// What was tried, on what, what the server said and what to do.
    pub message: String,
}

impl Failure {
    /// A failure of this sort.
    pub fn new(status: ExitStatus, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// A command line or configuration that cannot be used.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Usage, message)
    }

    /// Stopped by Ctrl-C before there was anything to show.
    pub fn interrupted() -> Self {
        Self::new(ExitStatus::Interrupted, "interrupted")
    }

    /// Output that could not be written to `place`. A reader that went away is no failure.
    pub fn writing(place: &str, error: &std::io::Error) -> Self {
        let status = if error.kind() == std::io::ErrorKind::BrokenPipe {
            ExitStatus::Fine
        } else {
            ExitStatus::Usage
        };
        Self::new(status, format!("cannot write {place}: {error}"))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(flatten(&error))
    }
}

impl From<CredentialError> for Failure {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Interrupted(_) => Self::interrupted(),
            error => Self::usage(flatten(&error)),
        }
    }
}

impl From<dremio::Error> for Failure {
    fn from(error: dremio::Error) -> Self {
        let status = match error {
            dremio::Error::Cancelled => return Self::interrupted(),
            dremio::Error::Setup(_) => ExitStatus::Usage,
            _ => ExitStatus::Remote,
        };
        Self::new(status, on_two_lines(&error, error.advice()))
    }
}

impl From<PrepareError> for Failure {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Cancelled => Self::interrupted(),
            PrepareError::ServiceName(_) | PrepareError::PruneOfPart => {
                Self::usage(error.to_string())
            }
            PrepareError::OpenMetadata(error) => error.into(),
        }
    }
}

impl From<openmetadata::Error> for Failure {
    fn from(error: openmetadata::Error) -> Self {
        let status = match error {
            openmetadata::Error::Setup(_) => ExitStatus::Usage,
            _ => ExitStatus::Remote,
        };
        Self::new(status, on_two_lines(&error, error.advice()))
    }
}

/// What happened, and below it what to do.
fn on_two_lines(error: &dyn Error, advice: Option<&'static str>) -> String {
    let what = without_advice(error, advice);
    advice.map_or_else(|| what.clone(), |advice| format!("{what}\n{advice}"))
}

/// What happened alone: an error of a server shows its advice behind it, as one text.
pub(super) fn without_advice(error: &dyn Error, advice: Option<&'static str>) -> String {
    let text = error.to_string();
    let what = advice.and_then(|advice| text.strip_suffix(&format!("; {advice}")));
    what.unwrap_or(&text).to_owned()
}

/// An error with its causes on one line, leaving out causes whose words are there already.
pub fn flatten(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Layer {
        words: &'static str,
        source: Option<Box<Layer>>,
    }

    fn layer(words: &'static str, source: Option<Layer>) -> Layer {
        Layer { words, source: source.map(Box::new) }
    }

    #[test]
    fn causes_are_told_once() {
        let error =
            layer("cannot read a: gone", Some(layer("gone", Some(layer("disk on fire", None)))));
        assert_eq!(flatten(&error), "cannot read a: gone: disk on fire");
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let error = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::writing("standard output", &error).status, ExitStatus::Fine);
        let error = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(Failure::writing("x.json", &error).status, ExitStatus::Usage);
    }
}
