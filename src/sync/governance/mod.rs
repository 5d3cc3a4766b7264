//! Owners, tiers, glossary terms, tags and domains that a dbt project names for OpenMetadata: which
//! of them the server knows ([`resolve`]), and what becomes of them beside what it holds
//! ([`stored`]).
//!
//! A name that the server does not know would cost its whole table a 404 (quirk 25). So each is
//! looked up first, and what cannot be brought is told instead ([`LeftOut`]).

mod labels;
mod owners;
pub(super) mod stored;

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

pub(super) use labels::own_labels;

use crate::dbt::{CatalogArtifact, Manifest, Node, Owner};
use crate::openmetadata::entity::{EntityReference, TagLabel};
use crate::openmetadata::{Client, Error};

/// Something that dbt names for OpenMetadata and that is not brought there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LeftOut {
    /// What it is: `owner`, `tier`, `glossary`, `tags`, `domain`, `customProperties`.
    pub field: &'static str,
    /// As dbt has it.
    pub value: String,
    /// Why.
    pub reason: String,
    /// The node that names it.
    pub unique_id: String,
    /// Its column, where it is one that names it.
    pub column: Option<String>,
}

/// What of it is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wishes<'a> {
    /// Owners too.
    pub(super) owners: bool,
    /// The classification of dbt's own tags; `None` leaves tags of all kinds out.
    pub(super) tags_as: Option<&'a str>,
}

/// What the server knows of it, by the index of the node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Known {
    pub(super) owners: HashMap<usize, Vec<EntityReference>>,
    /// Tiers, glossary terms and tags.
    pub(super) tags: HashMap<usize, Vec<TagLabel>>,
    /// Those of columns, by folded name.
    pub(super) column_tags: HashMap<(usize, String), Vec<TagLabel>>,
    /// FQNs.
    pub(super) domains: HashMap<usize, String>,
    /// Classifications of which an entity carries one tag at most.
    pub(super) exclusive: BTreeSet<String>,
    pub(super) left_out: Vec<LeftOut>,
}

impl Known {
    fn leave(&mut self, node: &Node, field: &'static str, value: &str, reason: String) {
        self.leave_column(node, None, field, value, reason);
    }

    fn leave_column(
        &mut self,
        node: &Node,
        column: Option<&str>,
        field: &'static str,
        value: &str,
        reason: String,
    ) {
        self.left_out.push(LeftOut {
            field,
            value: value.to_owned(),
            reason,
            unique_id: node.unique_id.to_string(),
            column: column.map(str::to_owned),
        });
    }
}

/// Looks up what these nodes name. Each name costs a request or two; what is not known costs its
/// own row. Only an error that every further request would meet is one.
pub(super) async fn resolve(
    client: &Client,
    version: (u32, u32, u32),
    manifest: &Manifest,
    artifact: Option<&CatalogArtifact>,
    nodes: &[usize],
    wishes: Wishes<'_>,
) -> Result<Known, Error> {
    let mut known = Known::default();
    if wishes.owners {
        owners::resolve(client, manifest, artifact, nodes, &mut known).await?;
    }
    labels::resolve(client, version, manifest, nodes, wishes.tags_as, &mut known).await?;
    known.left_out.sort();
    Ok(known)
}

/// Who owns a node: what `meta` says, then whoever answers for its group, then whom the database
/// names (contract §6).
fn owners_of(manifest: &Manifest, artifact: Option<&CatalogArtifact>, node: &Node) -> Vec<Owner> {
    if !node.owners.is_empty() {
        return node.owners.clone();
    }
    let group = node.group.as_deref().and_then(|group| manifest.group(group));
    if let Some(group) = group.filter(|group| !group.owners.is_empty()) {
        return group.owners.clone();
    }
    let table = artifact.and_then(|artifact| artifact.tables.get(&node.unique_id));
    table.and_then(|table| Owner::of([table.owner.clone()?])).into_iter().collect()
}

/// The error again if going on makes no sense, else its words. A collection that a server does not
/// have at all is answered with its web page (quirk 1): that says nothing of the others.
fn lookup_failed(error: Error) -> Result<String, Error> {
    if error.is_fatal() && !matches!(error, Error::NotJson { .. }) {
        return Err(error);
    }
    Ok(format!("it could not be looked up: {error}"))
}
