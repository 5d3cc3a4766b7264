//! [`ArtifactError`]: why a file is not the artifact that was asked for, in one line.

use super::artifacts::Artifact;

/// Why an artifact cannot be used. Every message is one line and says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// No bytes, or only white space.
    #[error("the file is empty: let dbt write it again")]
    Empty,
    /// Saved as UTF-16, as some shells do when output is redirected.
    #[error("the file is UTF-16: dbt writes UTF-8, so copy it from target/ as it is")]
    Utf16,
    /// Compressed, as build servers keep artifacts.
    #[error("the file is compressed with {by}: unpack it first")]
    Packed {
        /// The format's name.
        by: &'static str,
    },
    /// The text ends in the middle.
    #[error(
        "the file is cut off at line {line}, column {column}: let dbt finish, or copy it again"
    )]
    Truncated {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Not JSON at all.
    #[error("not JSON: {reason}")]
    NotJson {
        /// What the parser met, with its place.
        reason: String,
    },
    /// JSON of something else.
    #[error("not an artifact of dbt: {reason}")]
    NotDbt {
        /// What is missing.
        reason: String,
    },
    /// Another artifact than the one asked for.
    #[error("this is dbt's {found}, not its {wanted}: give {}", wanted.file_name())]
    WrongArtifact {
        /// The word in its schema's address.
        found: String,
        /// What was asked for.
        wanted: Artifact,
    },
    /// Older than anything this program reads.
    #[error(
        "{artifact} of version v{version} is too old: v{oldest} or newer is read, so run a newer dbt"
    )]
    TooOld {
        /// Which artifact.
        artifact: Artifact,
        /// Its version.
        version: u32,
        /// The oldest that is read.
        oldest: u32,
    },
    /// The shape is not that of the artifact.
    #[error("{artifact} has an unexpected shape: {reason}")]
    Shape {
        /// Which artifact.
        artifact: Artifact,
        /// What was met where.
        reason: String,
    },
}

/// Sorts a parser's error.
pub(super) fn classify(artifact: Artifact, error: &serde_json::Error) -> ArtifactError {
    use serde_json::error::Category;
    match error.classify() {
        Category::Eof => ArtifactError::Truncated { line: error.line(), column: error.column() },
        Category::Syntax | Category::Io => ArtifactError::NotJson { reason: one_line(error) },
        Category::Data => ArtifactError::Shape { artifact, reason: one_line(error) },
    }
}

/// A message may quote the file; it stays on one line of reasonable length.
fn one_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match clean.char_indices().nth(200) {
        Some((end, _)) => {
            format!("{}… at line {} column {}", &clean[..end], error.line(), error.column())
        }
        None => clean,
    }
}
