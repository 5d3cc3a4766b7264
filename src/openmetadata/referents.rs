//! What entities refer to: people, teams, tags, glossary terms, domains. They are only ever read
//! here; whoever refers to one must know that it exists, or the server answers 404 (quirk 25).

use std::collections::HashSet;

use serde::Deserialize;

use super::Error;
use super::client::{Call, Client};
use super::requests::{MAX_PAGES, PageWire, segment};
use crate::http::Method;

/// Rows of these listings are small.
const PAGE: usize = 500;

/// The collections that are read for references; nothing else of them is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferentType {
    /// A person or a bot.
    User,
    /// A team.
    Team,
    /// A set of tags.
    Classification,
    /// A tag of a classification.
    Tag,
    /// A term of a glossary.
    GlossaryTerm,
    /// A domain.
    Domain,
}

impl ReferentType {
    /// The word in references: `user`, `team`, `glossaryTerm`, …
    pub fn reference_type(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Team => "team",
            Self::Classification => "classification",
            Self::Tag => "tag",
            Self::GlossaryTerm => "glossaryTerm",
            Self::Domain => "domain",
        }
    }

    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::GlossaryTerm => "glossary term",
            other => other.reference_type(),
        }
    }

    fn collection(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Team => "teams",
            Self::Classification => "classifications",
            Self::Tag => "tags",
            Self::GlossaryTerm => "glossaryTerms",
            Self::Domain => "domains",
        }
    }
}

/// One of them as read: what decides whether it can be referred to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Referent {
    /// UUID.
    pub id: String,
    /// The name.
    pub name: String,
    /// The FQN, in the server's spelling.
    pub fully_qualified_name: Option<String>,
    /// What people read.
    pub display_name: Option<String>,
    /// Of users, and of some teams.
    pub email: Option<String>,
    /// Of users.
    pub is_bot: Option<bool>,
    /// Of teams: `Group`, `Department`, …
    pub team_type: Option<String>,
    /// Of tags and classifications: no longer to be used.
    pub disabled: Option<bool>,
    /// Of classifications: an entity carries one of its tags at most (contract §2.2).
    pub mutually_exclusive: Option<bool>,
    /// Soft-deleted.
    pub deleted: bool,
}

impl Client {
    /// One by name or FQN, soft-deleted ones not; `None` when there is none.
    pub async fn referent(&self, kind: ReferentType, fqn: &str) -> Result<Option<Referent>, Error> {
        let path = format!("{}/name/{}", kind.collection(), segment(fqn));
        match self.call::<Referent>(Call::new(Method::Get, path)).await {
            Ok(found) => Ok(Some(found).filter(|found| !found.deleted)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All of one kind, soft-deleted ones not.
    pub async fn referents(&self, kind: ReferentType) -> Result<Vec<Referent>, Error> {
        let mut seen = HashSet::new();
        let (mut rows, mut after): (Vec<Referent>, Option<String>) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let mut call =
                Call::new(Method::Get, kind.collection()).query("limit", &PAGE.to_string());
            if let Some(cursor) = &after {
                call = call.query("after", cursor);
            }
            let page: PageWire<Referent> = self.call(call.slow()).await?;
            let live = page.data.into_iter().filter(|row| !row.deleted);
            rows.extend(live.filter(|row| seen.insert(row.id.clone())));
            match page.paging.after {
                Some(cursor) if after.as_ref() != Some(&cursor) => after = Some(cursor),
                _ => break,
            }
        }
        Ok(rows)
    }
}
