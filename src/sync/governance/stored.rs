//! What a PUT would do to the owners, the domain and the exclusive tags that an entity has, and the
//! body that does no more than is wanted (contract §3.2, §2.2).

use std::collections::BTreeSet;

use super::labels::classification;
use crate::model::path::fold;
use crate::openmetadata::entity::{
    CreateColumn, CreateCommon, EntityReference, StoredColumn, StoredCommon, TagLabel,
};
use crate::sync::desired::Body;
use crate::sync::diff::{FieldChange, Outcome, Principal};
use crate::sync::plan::PlanOptions;

/// The field of owners in a plan.
const OWNERS: &str = "owners";
/// The field of domains.
const DOMAINS: &str = "domains";

/// What differs in owners and domain; takes out of the body what is to stay as it is, since a PUT
/// keeps what is not sent.
pub(in crate::sync) fn changes(
    body: &mut CreateCommon,
    stored: &StoredCommon,
    options: &PlanOptions,
) -> Vec<FieldChange> {
    let owners = owners(body, stored, options);
    owners.into_iter().chain(domains(body, stored, options)).collect()
}

/// The same for something that is not there yet.
pub(in crate::sync) fn creation(body: &CreateCommon) -> Vec<FieldChange> {
    let owners = (OWNERS, named(&body.owners));
    let domains = (DOMAINS, (!body.domains.is_empty()).then(|| body.domains.join(", ")));
    let written = |(field, new): (&str, Option<String>)| {
        new.map(|new| change(field.to_owned(), None, new, Outcome::Written))
    };
    [owners, domains].into_iter().filter_map(written).collect()
}

/// Why a bot's owners are kept out, where they are.
pub(in crate::sync) fn note(changes: &[FieldChange]) -> Option<&'static str> {
    let is_kept = changes
        .iter()
        .any(|change| change.field == OWNERS && change.outcome == Outcome::KeptByServer);
    is_kept.then_some(
        "by default OpenMetadata 2.0 lets no bot set owners of what is there: use a person's token",
    )
}

fn change(field: String, old: Option<String>, new: String, outcome: Outcome) -> FieldChange {
    FieldChange { field, old, new: Some(new), outcome }
}

fn owners(
    body: &mut CreateCommon,
    stored: &StoredCommon,
    options: &PlanOptions,
) -> Option<FieldChange> {
    let new = named(&body.owners)?;
    let has_own = stored.owners.iter().any(|owner| !owner.inherited);
    let ids = |owners: &[EntityReference]| -> BTreeSet<String> {
        let in_force = owners.iter().filter(|owner| !has_own || !owner.inherited);
        in_force.map(|owner| owner.id.clone()).collect()
    };
    let sent: BTreeSet<String> = body.owners.iter().map(|owner| owner.id.clone()).collect();
    if ids(&stored.owners) == sent {
        body.owners.clear();
        return None;
    }
    let is_bot = options.principal == Principal::Bot;
    let outcome = if is_bot && options.traits.keeps_owners_from_bots() {
        Outcome::KeptByServer
    } else if has_own && !options.overwrite_owners {
        Outcome::KeptForPeople
    } else {
        Outcome::Written
    };
    if outcome != Outcome::Written {
        body.owners.clear();
    }
    Some(change(OWNERS.to_owned(), in_force(&stored.owners), new, outcome))
}

fn domains(
    body: &mut CreateCommon,
    stored: &StoredCommon,
    options: &PlanOptions,
) -> Option<FieldChange> {
    if body.domains.is_empty() {
        return None;
    }
    let fqn = |domain: &EntityReference| {
        domain.fully_qualified_name.clone().or_else(|| domain.name.clone()).unwrap_or_default()
    };
    let new = body.domains.join(", ");
    let has_own = stored.domains.iter().any(|domain| !domain.inherited);
    let stands = stored
        .domains
        .iter()
        .filter(|domain| !has_own || !domain.inherited)
        .any(|domain| body.domains.contains(&fqn(domain)));
    if stands {
        body.domains.clear();
        return None;
    }
    let outcome = match (has_own, options.principal) {
        (false, _) => Outcome::Written,
        (true, Principal::Bot) => Outcome::KeptByServer,
        (true, Principal::User) => Outcome::KeptForPeople,
    };
    if outcome != Outcome::Written {
        body.domains.clear();
    }
    Some(change(DOMAINS.to_owned(), in_force(&stored.domains), new, outcome))
}

/// What is in force, and whether it is a parent's.
fn in_force(references: &[EntityReference]) -> Option<String> {
    let own: Vec<EntityReference> =
        references.iter().filter(|reference| !reference.inherited).cloned().collect();
    match named(&own) {
        None => named(references).map(|names| format!("{names} (inherited)")),
        own => own,
    }
}

fn named(references: &[EntityReference]) -> Option<String> {
    let names: Vec<&str> = references
        .iter()
        .map(|reference| {
            let name = reference.name.as_ref().or(reference.fully_qualified_name.as_ref());
            name.map_or(reference.id.as_str(), String::as_str)
        })
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Takes tags out of the body that the stored ones shut out: with two of an exclusive
/// classification the server would refuse the whole table.
pub(in crate::sync) fn yield_to_stored(
    body: &mut Body,
    stored: &StoredCommon,
    columns: &[StoredColumn],
    exclusive: &BTreeSet<String>,
) -> Vec<FieldChange> {
    let mut kept = Vec::new();
    if exclusive.is_empty() {
        return kept;
    }
    if let Some(common) = body.common_mut() {
        tags(&mut common.tags, &stored.tags, "tags", exclusive, &mut kept);
    }
    if let Body::Table(table) = body {
        below(&mut table.columns, columns, "columns", exclusive, &mut kept);
    }
    kept
}

fn below(
    ours: &mut [CreateColumn],
    stored: &[StoredColumn],
    prefix: &str,
    exclusive: &BTreeSet<String>,
    kept: &mut Vec<FieldChange>,
) {
    for column in ours.iter_mut().filter(|column| !column.tags.is_empty()) {
        let name = fold(&column.name);
        if let Some(old) = stored.iter().find(|old| fold(&old.name) == name) {
            let field = format!("{prefix}.{}.tags", column.name);
            tags(&mut column.tags, &old.tags, &field, exclusive, kept);
        }
    }
}

fn tags(
    ours: &mut Vec<TagLabel>,
    stored: &[TagLabel],
    field: &str,
    exclusive: &BTreeSet<String>,
    kept: &mut Vec<FieldChange>,
) {
    let group = |tag: &TagLabel| {
        let is_tag = tag.source == "Classification";
        classification(&tag.tag_fqn).filter(|group| is_tag && exclusive.contains(group))
    };
    ours.retain(|tag| {
        let Some(group) = group(tag) else { return true };
        if stored.iter().any(|other| other.tag_fqn == tag.tag_fqn) {
            return true;
        }
        let rival = stored
            .iter()
            .find(|other| self::classification(&other.tag_fqn).as_ref() == Some(&group));
        let Some(rival) = rival else { return true };
        let (old, new) = (Some(rival.tag_fqn.clone()), tag.tag_fqn.clone());
        kept.push(change(format!("{field}.{group}"), old, new, Outcome::KeptForPeople));
        false
    });
}

/// What of the owners and the domain that were sent did not get stored (quirk 35).
pub(in crate::sync) fn governance_not_stored(
    sent: &CreateCommon,
    stored: &StoredCommon,
) -> Vec<String> {
    let mut notes = Vec::new();
    let has_owner = |owner: &EntityReference| stored.owners.iter().any(|own| own.id == owner.id);
    if !sent.owners.iter().all(has_owner) {
        notes.push(match in_force(&stored.owners) {
            Some(owners) => format!("the server did not store the owners as sent; it has {owners}"),
            None => "the server did not store the owners".to_owned(),
        });
    }
    let has_domain = |fqn: &String| {
        stored.domains.iter().any(|own| own.fully_qualified_name.as_ref() == Some(fqn))
    };
    if !sent.domains.iter().all(has_domain) {
        notes.push("the server did not store the domain".to_owned());
    }
    notes
}
