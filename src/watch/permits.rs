//! [`Permits`]: what of a plan may be applied without anybody looking at it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::sync::{Action, Item, ItemKey};

/// A sort of change that can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permit {
    /// Make databases, schemas and tables that are not there.
    Create,
    /// Change what is there; what people wrote stays.
    Update,
    /// Bring back what was soft-deleted.
    Restore,
    /// Write edges of lineage.
    Lineage,
    /// Soft-delete what Dremio no longer has, and remove edges that its SQL no longer supports.
    Delete,
}

impl Permit {
    /// The word for it in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Restore => "restore",
            Self::Lineage => "lineage",
            Self::Delete => "delete",
        }
    }

    /// What an item takes, if it writes.
    pub fn of(item: &Item) -> Option<Self> {
        let is_edge = matches!(item.key, ItemKey::Edge { .. });
        Some(match item.action {
            Action::Delete => Self::Delete,
            Action::Create | Action::Update | Action::Restore if is_edge => Self::Lineage,
            Action::Create => Self::Create,
            Action::Update => Self::Update,
            Action::Restore => Self::Restore,
            Action::Unchanged | Action::Keep | Action::Conflict => return None,
        })
    }
}

/// A list of words that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PermitsError {
    /// `nothing` beside something.
    #[error("`nothing` stands beside other words")]
    NothingAndMore,
    /// No such word.
    #[error(
        "{0:?} cannot be applied: write nothing, new, all, create, update, restore, lineage or delete"
    )]
    Unknown(String),
}

/// What may be applied; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Permits(BTreeSet<Permit>);

impl Permits {
    /// The words that [`Permits::from_words`] takes.
    pub const WORDS: &'static [&'static str] =
        &["nothing", "new", "all", "create", "update", "restore", "lineage", "delete"];

    /// Reads the words of a setting. `new` is create and lineage, `all` everything but delete, which
    /// has to be named.
    pub fn from_words<S: AsRef<str>>(words: &[S]) -> Result<Self, PermitsError> {
        let mut permits = BTreeSet::new();
        for word in words {
            match word.as_ref() {
                "nothing" if words.len() == 1 => {}
                "nothing" => return Err(PermitsError::NothingAndMore),
                "new" => permits.extend([Permit::Create, Permit::Lineage]),
                "all" => permits.extend([
                    Permit::Create,
                    Permit::Update,
                    Permit::Restore,
                    Permit::Lineage,
                ]),
                "create" => permits.extend([Permit::Create]),
                "update" => permits.extend([Permit::Update]),
                "restore" => permits.extend([Permit::Restore]),
                "lineage" => permits.extend([Permit::Lineage]),
                "delete" => permits.extend([Permit::Delete]),
                other => return Err(PermitsError::Unknown(other.to_owned())),
            }
        }
        Ok(Self(permits))
    }

    /// Whether nothing may be written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this sort of change may be made.
    pub fn allow(&self, permit: Permit) -> bool {
        self.0.contains(&permit)
    }

    /// What is left of them when a part of the catalogue was not read: making what is new. An update
    /// might take away what only was not seen.
    pub fn of_partial_reading(&self) -> Self {
        Self(self.0.iter().copied().filter(|permit| *permit == Permit::Create).collect())
    }

    /// The words, for people.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|permit| permit.name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleting_has_to_be_named() {
        let of = |words: &[&str]| Permits::from_words(words).unwrap();
        assert!(of(&["nothing"]).is_empty() && of(&[]).is_empty());
        assert_eq!(of(&["new"]).names(), ["create", "lineage"]);
        assert_eq!(of(&["all"]).names(), ["create", "update", "restore", "lineage"]);
        assert!(!of(&["all"]).allow(Permit::Delete));
        assert!(of(&["all", "delete"]).allow(Permit::Delete));
        assert_eq!(of(&["all", "delete"]).of_partial_reading().names(), ["create"]);
        assert!(of(&["update", "delete"]).of_partial_reading().is_empty());
    }

    #[test]
    fn contradictions_and_other_words_are_refused() {
        assert_eq!(Permits::from_words(&["nothing", "all"]), Err(PermitsError::NothingAndMore));
        let error = Permits::from_words(&["everything"]).unwrap_err().to_string();
        assert!(error.contains("\"everything\"") && error.contains("restore"), "{error}");
        for word in Permits::WORDS {
            assert!(Permits::from_words(&[word]).is_ok(), "{word}");
        }
    }
}
