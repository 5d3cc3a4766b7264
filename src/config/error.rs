//! What can be wrong with settings, with the place and a suggestion.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, the variable or the flag; `None` when it stands nowhere in particular.
    pub place: Option<String>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    pub(super) fn anywhere(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into() }
    }

    pub(super) fn at(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: Some(place.into()), message: message.into() }
    }

    pub(super) fn in_file(file: &Path, line: u64, column: u64, message: impl Into<String>) -> Self {
        Self::at(format!("{}:{line}:{column}", file.display()), message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Why the settings cannot be used. No variant holds a secret's text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file that was asked for cannot be read.
    #[error("cannot read the config file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Values that cannot be what they are said to be; every one found.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
}

impl ConfigError {
    pub(super) fn one(problem: Problem) -> Self {
        Self::Invalid(vec![problem])
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// `unknown WHAT SHOWN; did you mean …?`, or the choices when nothing is near.
pub(super) fn unknown(what: &str, shown: &str, given: &str, known: &[&str]) -> String {
    let mut message = format!("unknown {what} {shown}");
    if let Some(near) = nearest(given, known) {
        message.push_str("; did you mean ");
        message.push_str(near);
        message.push('?');
    } else if known.is_empty() {
        message.push_str("; none is defined");
    } else {
        message.push_str("; known here: ");
        message.push_str(&known.join(", "));
    }
    message
}

/// The candidate that `given` was probably meant to be.
pub(super) fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let squash = |text: &str| text.to_ascii_lowercase().replace(['-', '_', '.'], "");
    let wanted = squash(given);
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &squash(candidate)), *candidate))
        .filter(|(distance, candidate)| *distance <= 1.max(wanted.len().min(candidate.len()) / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_lists_what_is_not() {
        let known = ["max_depth", "max_workers", "include"];
        assert_eq!(nearest("max-worker", &known), Some("max_workers"));
        assert_eq!(nearest("maxDepth", &known), Some("max_depth"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(
            unknown("setting", "colour", "colour", &known),
            "unknown setting colour; known here: max_depth, max_workers, include"
        );
    }
}
