//! Whom and what a project names for OpenMetadata: owners, and what `meta.openmetadata` asks for.

use std::fmt;

use serde::{Serialize, Serializer};

/// A person or team that answers for something, as far as dbt tells: by names or addresses, the one
/// that people read first. Never without any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(Vec<Box<str>>);

impl Owner {
    /// Whoever goes by these names and addresses; nobody if all are blank.
    pub fn of(words: impl IntoIterator<Item = Box<str>>) -> Option<Self> {
        let words = words.into_iter().map(|word| Box::from(word.trim()));
        let words: Vec<Box<str>> = words.filter(|word: &Box<str>| !word.is_empty()).collect();
        (!words.is_empty()).then_some(Self(words))
    }

    /// What to call them.
    pub fn name(&self) -> &str {
        self.0.first().map_or("", |word| word)
    }

    /// Several of them in one line.
    pub fn list(owners: &[Self]) -> String {
        owners.iter().map(Self::name).collect::<Vec<_>>().join(", ")
    }

    /// All that they go by: the name first, then addresses.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|word| &**word)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What `meta.openmetadata` of a node or column asks for, owners aside (contract §6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenMetadataFacts {
    /// `Tier.Tier1`, also as `Tier1`.
    pub tier: Option<Box<str>>,
    /// FQNs of glossary terms.
    pub glossary: Vec<Box<str>>,
    /// FQNs of tags.
    pub tags: Vec<Box<str>>,
    /// FQNs of domains; an entity has one.
    pub domains: Vec<Box<str>>,
    /// Names of custom properties, whose values are not read.
    pub custom_properties: Vec<Box<str>>,
}
