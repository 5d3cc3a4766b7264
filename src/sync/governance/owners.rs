//! Owners by name or address, as the users and teams of the server.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::OnceCell;

use super::{Known, lookup_failed, owners_of};
use crate::dbt::{CatalogArtifact, Manifest, Owner};
use crate::openmetadata::entity::EntityReference;
use crate::openmetadata::{Client, Error, Referent, ReferentType};

/// The most users that own one thing (contract §2.2).
const MOST_USERS: usize = 5;
/// The only sort of team that may own data.
const OWNING_TEAMS: &str = "Group";

/// What a name stands for, or why for nothing.
type Found = Result<Vec<EntityReference>, String>;

/// Finds the owners of these nodes.
pub(super) async fn resolve(
    client: &Client,
    manifest: &Manifest,
    artifact: Option<&CatalogArtifact>,
    nodes: &[usize],
    known: &mut Known,
) -> Result<(), Error> {
    let named: Vec<(usize, Vec<Owner>)> = nodes
        .iter()
        .map(|index| (*index, owners_of(manifest, artifact, &manifest.nodes[*index])))
        .filter(|(_, owners)| !owners.is_empty())
        .collect();
    let distinct: BTreeSet<&Owner> = named.iter().flat_map(|(_, owners)| owners).collect();
    let directory = Directory { client, users: OnceCell::new(), teams: OnceCell::new() };
    let directory = &directory;
    let found: BTreeMap<&Owner, Found> = stream::iter(distinct)
        .map(|owner| async move { Ok::<_, Error>((owner, directory.find(owner).await?)) })
        .buffer_unordered(client.max_concurrency().max(1))
        .try_collect()
        .await?;
    for (index, owners) in &named {
        let node = &manifest.nodes[*index];
        let mut references = Vec::new();
        for owner in owners {
            match found.get(owner) {
                Some(Ok(some)) => references.extend(some.iter().cloned()),
                Some(Err(reason)) => known.leave(node, "owner", owner.name(), reason.clone()),
                None => {}
            }
        }
        let (kept, left) = choose(references);
        for (reference, reason) in left {
            let name = reference.name.unwrap_or(reference.id);
            known.leave(node, "owner", &name, reason.to_owned());
        }
        if !kept.is_empty() {
            known.owners.insert(*index, kept);
        }
    }
    Ok(())
}

/// One team, or so many users as the server takes: whoever is named first decides which.
fn choose(
    references: Vec<EntityReference>,
) -> (Vec<EntityReference>, Vec<(EntityReference, &'static str)>) {
    let (mut kept, mut left): (Vec<EntityReference>, Vec<_>) = (Vec::new(), Vec::new());
    for reference in references {
        if kept.iter().any(|other| other.id == reference.id) {
            continue;
        }
        let is_team = reference.entity_type == ReferentType::Team.reference_type();
        match kept.first() {
            None => kept.push(reference),
            Some(first) if first.entity_type != reference.entity_type || is_team => {
                left.push((
                    reference,
                    "one team owns a table, or up to five users; another is named first",
                ));
            }
            Some(_) if kept.len() >= MOST_USERS => {
                left.push((reference, "five users own it already, and more are not allowed"));
            }
            Some(_) => kept.push(reference),
        }
    }
    (kept, left)
}

/// The users and teams of a server; listed as a whole only when a name alone does not lead there.
struct Directory<'a> {
    client: &'a Client,
    users: OnceCell<Result<Vec<Referent>, String>>,
    teams: OnceCell<Result<Vec<Referent>, String>>,
}

impl Directory<'_> {
    /// Whom an owner's name stands for, or else the addresses beside it.
    async fn find(&self, owner: &Owner) -> Result<Found, Error> {
        let (mut references, mut reasons) = (Vec::new(), Vec::new());
        for word in owner.words() {
            let found = match word.split_once('@') {
                Some((local, _)) => self.by_address(word, local).await?,
                None => self.by_name(word).await?,
            };
            match found {
                Ok(reference) => {
                    references.push(reference);
                    if !word.contains('@') {
                        break;
                    }
                }
                Err(reason) => reasons.push(reason),
            }
        }
        // A name may be without meaning where an address tells who is meant.
        Ok(if references.is_empty() { Err(reasons.join("; ")) } else { Ok(references) })
    }

    /// A user is mostly called what stands before the @ of the address; the address itself proves
    /// it. Whoever is called otherwise is found in the list.
    async fn by_address(
        &self,
        address: &str,
        local: &str,
    ) -> Result<Result<EntityReference, String>, Error> {
        let has = |referent: &Referent| {
            referent.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(address))
        };
        let local = local.to_lowercase();
        for name in [local.as_str(), address] {
            match self.client.referent(ReferentType::User, name).await {
                Ok(Some(user)) if has(&user) => return Ok(reference(ReferentType::User, user)),
                Ok(_) => {}
                Err(error) => return Ok(Err(lookup_failed(error)?)),
            }
        }
        self.among_all(has, || {
            format!("OpenMetadata has no user or team with the address {address}")
        })
        .await
    }

    /// By the name that the server uses, or by one that is spelt otherwise or only shown.
    async fn by_name(&self, name: &str) -> Result<Result<EntityReference, String>, Error> {
        let mut found = Vec::new();
        for kind in [ReferentType::User, ReferentType::Team] {
            match self.client.referent(kind, name).await {
                Ok(referent) => found.extend(referent.map(|referent| (kind, referent))),
                Err(error) => return Ok(Err(lookup_failed(error)?)),
            }
        }
        if found.is_empty() {
            let folded = name.to_lowercase();
            let goes_by = |referent: &Referent| {
                let shown = referent.display_name.as_deref().unwrap_or_default();
                referent.name.to_lowercase() == folded || shown.trim().to_lowercase() == folded
            };
            return self
                .among_all(goes_by, || {
                    format!("OpenMetadata has no user or team of the name {name}")
                })
                .await;
        }
        Ok(only_one(found, String::new))
    }

    /// The only user or team for which it holds.
    async fn among_all(
        &self,
        holds: impl Fn(&Referent) -> bool,
        nobody: impl Fn() -> String,
    ) -> Result<Result<EntityReference, String>, Error> {
        let mut found = Vec::new();
        for (kind, cell) in [(ReferentType::User, &self.users), (ReferentType::Team, &self.teams)] {
            let listed = cell
                .get_or_try_init(|| async {
                    match self.client.referents(kind).await {
                        Ok(list) => Ok(Ok(list)),
                        Err(error) => lookup_failed(error).map(Err),
                    }
                })
                .await?;
            match listed {
                Ok(list) => {
                    let some = list.iter().filter(|referent| holds(referent));
                    found.extend(some.map(|referent| (kind, referent.clone())));
                }
                Err(reason) => return Ok(Err(format!("{}, and {reason}", nobody()))),
            }
        }
        Ok(only_one(found, nobody))
    }
}

fn only_one(
    mut found: Vec<(ReferentType, Referent)>,
    nobody: impl Fn() -> String,
) -> Result<EntityReference, String> {
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(nobody()),
        (Some((kind, referent)), true) => reference(kind, referent),
        (Some(last), false) => {
            found.push(last);
            let names: Vec<String> = found
                .iter()
                .map(|(kind, referent)| format!("the {} {}", kind.name(), referent.name))
                .collect();
            Err(format!("it may be {}: name one of them, or an address", names.join(" or ")))
        }
    }
}

/// A reference to somebody who may own things, or why they may not.
fn reference(kind: ReferentType, referent: Referent) -> Result<EntityReference, String> {
    if referent.is_bot == Some(true) {
        return Err("it is a bot".to_owned());
    }
    if let (ReferentType::Team, Some(sort)) = (kind, referent.team_type.as_deref())
        && sort != OWNING_TEAMS
    {
        return Err(format!("it is a team of the type {sort}; only a {OWNING_TEAMS} owns data"));
    }
    Ok(EntityReference {
        id: referent.id,
        entity_type: kind.reference_type().to_owned(),
        fully_qualified_name: referent.fully_qualified_name,
        name: Some(referent.name),
        inherited: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(kind: ReferentType, name: &str) -> EntityReference {
        let referent =
            Referent { id: name.to_owned(), name: name.to_owned(), ..Referent::default() };
        reference(kind, referent).unwrap()
    }

    #[test]
    fn a_team_owns_alone_and_of_users_there_are_five() {
        let user = |number: usize| named(ReferentType::User, &format!("user{number}"));
        let team = named(ReferentType::Team, "crm");
        let (kept, left) = choose(vec![team.clone(), user(1), named(ReferentType::Team, "bi")]);
        assert_eq!((kept, left.len()), (vec![team.clone()], 2));
        let mut all: Vec<_> = (1..=7).map(user).collect();
        all.insert(1, team);
        all.insert(1, user(1));
        let (kept, left) = choose(all);
        assert_eq!(kept, (1..=5).map(user).collect::<Vec<_>>());
        assert_eq!(left.len(), 3);
    }
}
