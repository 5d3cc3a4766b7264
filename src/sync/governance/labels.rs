//! Tiers, glossary terms, tags and domains of `meta.openmetadata`, as the server knows them.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::{Known, lookup_failed};
use crate::dbt::{Manifest, Node, OpenMetadataFacts};
use crate::model::path::fold;
use crate::openmetadata::entity::TagLabel;
use crate::openmetadata::{Client, Error, ReferentType, names};

/// The classification of tiers; an entity has one of them.
const TIER: &str = "Tier";
/// The first version whose entities take a list of domains (contract §7).
const TAKES_DOMAINS: (u32, u32) = (1, 10);

const CUSTOM_PROPERTIES: &str =
    "custom properties are not written: a write replaces all that a table has, or none";

/// One label that is asked for.
struct Wish<'a> {
    index: usize,
    column: Option<&'a str>,
    field: &'static str,
    /// As dbt has it.
    told: &'a str,
    target: Target,
}

enum Target {
    /// A tag of dbt's own classification, which is made when it is not there.
    Own(TagLabel),
    /// Something that must be there.
    Known(ReferentType, String),
    /// Nothing that can be looked up.
    Unfit(String),
}

/// What a name is on the server: its FQN there, or why it cannot be used.
type Looked = BTreeMap<(ReferentType, String), Result<String, String>>;

/// Looks up what these nodes and their columns ask for.
pub(super) async fn resolve(
    client: &Client,
    version: (u32, u32, u32),
    manifest: &Manifest,
    nodes: &[usize],
    tags_as: Option<&str>,
    known: &mut Known,
) -> Result<(), Error> {
    let mut wishes = Vec::new();
    let mut domains = Vec::new();
    for index in nodes {
        let node = &manifest.nodes[*index];
        if let Some(facts) = node.openmetadata.as_deref() {
            domains.extend(domain(*index, node, facts, version, known));
            for name in &facts.custom_properties {
                known.leave(node, "customProperties", name, CUSTOM_PROPERTIES.to_owned());
            }
        }
        if let Some(classification) = tags_as {
            add_wishes(&mut wishes, *index, node, classification);
        }
    }
    let asked = wishes.iter().filter_map(|wish| match &wish.target {
        Target::Known(kind, fqn) => Some((*kind, fqn.clone())),
        _ => None,
    });
    let asked_domains = domains.iter().map(|(_, fqn)| (ReferentType::Domain, (*fqn).to_owned()));
    let looked = look_up(client, asked.chain(asked_domains).collect()).await?;
    known.exclusive = exclusive(client, &looked).await?;
    for (index, fqn) in domains {
        match &looked[&(ReferentType::Domain, fqn.to_owned())] {
            Ok(fqn) => drop(known.domains.insert(index, fqn.clone())),
            Err(reason) => {
                known.leave(&manifest.nodes[index], "domain", fqn, reason.clone());
            }
        }
    }
    for wish in wishes {
        grant(wish, manifest, &looked, known);
    }
    Ok(())
}

/// The domain to look up; what cannot be had is told.
fn domain<'a>(
    index: usize,
    node: &Node,
    facts: &'a OpenMetadataFacts,
    version: (u32, u32, u32),
    known: &mut Known,
) -> Option<(usize, &'a str)> {
    let (first, others) = facts.domains.split_first()?;
    if (version.0, version.1) < TAKES_DOMAINS && version != (0, 0, 0) {
        let (major, minor) = TAKES_DOMAINS;
        for name in &facts.domains {
            let reason = format!("domains are brought from OpenMetadata {major}.{minor} on");
            known.leave(node, "domain", name, reason);
        }
        return None;
    }
    for name in others {
        let reason = format!("a table has one domain, and {first} is named first");
        known.leave(node, "domain", name, reason);
    }
    Some((index, first))
}

fn add_wishes<'a>(wishes: &mut Vec<Wish<'a>>, index: usize, node: &'a Node, classification: &str) {
    let columns = node.columns.iter().map(|column| (Some(&*column.name), &column.openmetadata));
    for (column, facts) in std::iter::once((None, &node.openmetadata)).chain(columns) {
        let Some(facts) = facts.as_deref() else { continue };
        let mut add = |field, told, target| {
            wishes.push(Wish { index, column, field, told, target });
        };
        if let Some(told) = facts.tier.as_deref() {
            add("tier", told, tier(told, column.is_some()));
        }
        for told in &facts.glossary {
            add(
                "glossary",
                told,
                fqn(told).map_or_else(Target::Unfit, |parts| {
                    known_as(ReferentType::GlossaryTerm, &parts)
                }),
            );
        }
        for told in &facts.tags {
            add(
                "tags",
                told,
                fqn(told).map_or_else(Target::Unfit, |parts| match parts.as_slice() {
                    [name] => own(classification, name),
                    [first, name] if first == classification => own(classification, name),
                    _ => known_as(ReferentType::Tag, &parts),
                }),
            );
        }
    }
}

fn fqn(told: &str) -> Result<Vec<String>, String> {
    names::split_fqn(told.trim())
        .map_err(|error| format!("it is not a name of OpenMetadata: {error}"))
}

fn known_as(kind: ReferentType, parts: &[String]) -> Target {
    match names::build_fqn(parts) {
        Ok(fqn) => Target::Known(kind, fqn),
        Err(error) => Target::Unfit(format!("it is not a name of OpenMetadata: {error}")),
    }
}

fn own(classification: &str, name: &str) -> Target {
    match own_labels(classification, &[name.into()]).pop() {
        Some(label) => Target::Own(label),
        None => Target::Unfit("it cannot be the name of a tag".to_owned()),
    }
}

/// `Tier.Tier1`, also as `Tier1` or `1`.
fn tier(told: &str, is_column: bool) -> Target {
    if is_column {
        return Target::Unfit("a tier belongs to a table, not to a column".to_owned());
    }
    let word = told.trim();
    let strip = |text: &str, prefix: &str| -> Option<String> {
        let head = text.get(..prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| text[prefix.len()..].trim().to_owned())
    };
    let name = strip(word, "Tier.").unwrap_or_else(|| word.to_owned());
    let number = strip(&name, "Tier").unwrap_or_else(|| name.clone());
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let name = if is_number { format!("Tier{number}") } else { name };
    known_as(ReferentType::Tag, &[TIER.to_owned(), name])
}

async fn look_up(
    client: &Client,
    asked: BTreeSet<(ReferentType, String)>,
) -> Result<Looked, Error> {
    stream::iter(asked)
        .map(|(kind, fqn)| async move {
            let looked = match client.referent(kind, &fqn).await {
                Ok(Some(found)) if found.disabled == Some(true) => {
                    Err(format!("the {} {fqn} is disabled", kind.name()))
                }
                Ok(Some(found)) => Ok(found.fully_qualified_name.unwrap_or_else(|| fqn.clone())),
                Ok(None) => Err(format!("OpenMetadata has no {} {fqn}", kind.name())),
                Err(error) => Err(lookup_failed(error)?),
            };
            Ok(((kind, fqn), looked))
        })
        .buffer_unordered(client.max_concurrency().max(1))
        .try_collect()
        .await
}

/// Which classifications of the tags that are known allow one tag at a time.
async fn exclusive(client: &Client, looked: &Looked) -> Result<BTreeSet<String>, Error> {
    let tags = looked.iter().filter(|((kind, _), _)| *kind == ReferentType::Tag);
    let named: BTreeSet<String> =
        tags.filter_map(|(_, found)| classification(found.as_ref().ok()?)).collect();
    stream::iter(named)
        .map(|name| async move {
            let fqn = names::build_fqn(&[&name]).unwrap_or_else(|_| name.clone());
            let told = match client.referent(ReferentType::Classification, &fqn).await {
                Ok(found) => found.and_then(|found| found.mutually_exclusive),
                Err(error) => {
                    lookup_failed(error)?;
                    None
                }
            };
            // Where the server does not say: that of tiers is so on every server.
            Ok((told.unwrap_or(name == TIER)).then_some(name))
        })
        .buffer_unordered(client.max_concurrency().max(1))
        .try_filter_map(|name| async move { Ok(name) })
        .try_collect()
        .await
}

/// The first part of a tag's FQN.
pub(super) fn classification(tag_fqn: &str) -> Option<String> {
    names::split_fqn(tag_fqn).ok()?.into_iter().next()
}

/// Adds a label to what is brought, or says why not.
fn grant(wish: Wish<'_>, manifest: &Manifest, looked: &Looked, known: &mut Known) {
    let node = &manifest.nodes[wish.index];
    let label = match wish.target {
        Target::Own(label) => Ok(label),
        Target::Unfit(reason) => Err(reason),
        Target::Known(kind, fqn) => {
            looked.get(&(kind, fqn)).cloned().unwrap_or_else(|| Err(String::new())).map(|fqn| {
                label(fqn, if kind == ReferentType::Tag { "Classification" } else { "Glossary" })
            })
        }
    };
    let granted = label.and_then(|label| {
        let labels = match wish.column {
            None => known.tags.entry(wish.index).or_default(),
            Some(column) => known.column_tags.entry((wish.index, fold(column))).or_default(),
        };
        if labels.contains(&label) {
            return Ok(());
        }
        let group = classification(&label.tag_fqn).filter(|_| label.source == "Classification");
        if let Some(group) = group.filter(|group| known.exclusive.contains(group))
            && let Some(first) = labels.iter().find(|other| {
                other.source == label.source
                    && classification(&other.tag_fqn).as_deref() == Some(&group)
            })
        {
            return Err(format!("{group} allows one tag, and {} is named first", first.tag_fqn));
        }
        labels.push(label);
        Ok(())
    });
    if let Err(reason) = granted {
        known.leave_column(node, wish.column, wish.field, wish.told, reason);
    }
}

fn label(tag_fqn: String, source: &str) -> TagLabel {
    TagLabel {
        tag_fqn,
        source: source.to_owned(),
        label_type: "Automated".to_owned(),
        state: "Confirmed".to_owned(),
    }
}

/// Tags of dbt as labels of the classification that is made for them.
pub(in crate::sync) fn own_labels(classification: &str, tags: &[Box<str>]) -> Vec<TagLabel> {
    let mut names: Vec<String> =
        tags.iter().filter_map(|tag| names::encode(tag).ok()).map(|name| name.name).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter_map(|name| names::build_fqn(&[classification, &name]).ok())
        .map(|tag_fqn| label(tag_fqn, "Classification"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_is_understood_in_all_its_spellings() {
        let fqn = |told: &str| match tier(told, false) {
            Target::Known(ReferentType::Tag, fqn) => fqn,
            _ => panic!("{told}"),
        };
        for told in ["Tier.Tier1", "tier.tier1", "Tier1", "TIER1", " 1 ", "Tier 1"] {
            assert_eq!(fqn(told), "Tier.Tier1", "{told}");
        }
        assert_eq!(fqn("Tier.Gold"), "Tier.Gold");
        assert_eq!(fqn("é"), "Tier.é");
        assert!(matches!(tier("Tier1", true), Target::Unfit(_)));
    }
}
