//! The lineage that OpenMetadata holds, beside the one computed from SQL and dbt.
//!
//! The same comparison as a plan's (contract §5), but of every table in question: an edge into a
//! table for which none is computed is a finding too. Nothing is written.

use std::collections::{BTreeSet, HashMap, HashSet};

use tokio_util::sync::CancellationToken;

use super::desired::{self, Body, Desired};
use super::diff::FieldChange;
use super::edges;
use super::fitting::Fitted;
use super::lineage::{desired_edges, traced};
use super::plan::{Action, Current, Item, ItemKey};
use super::read::{self, ReadProgress};
use super::selection::Selection;
use super::session::{PrepareError, SyncSettings};
use super::texts::Texts;
use crate::lineage::LineageGraph;
use crate::model::path::fold;
use crate::model::{Catalog, DatasetPath};
use crate::openmetadata::{Client, ServerInfo};

/// What OpenMetadata holds of a lineage.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldLineage {
    /// Host and port, for display.
    pub host: String,
    /// The version as the server writes it.
    pub version: String,
    /// The database service that was compared.
    pub service: String,
    /// Whether that service is there at all.
    pub service_exists: bool,
    /// Edges computed, between tables that the projection can bring over.
    pub computed: usize,
    /// Those of them that OpenMetadata holds as computed.
    pub equal: usize,
    /// The others, and what only OpenMetadata has; by downstream table.
    pub findings: Vec<HeldFinding>,
}

impl HeldLineage {
    /// Whether OpenMetadata holds exactly what was computed; edges drawn by hand do not count.
    pub fn is_exact(&self) -> bool {
        self.findings.iter().all(|finding| finding.kind == HeldKind::Manual)
    }
}

/// What is wrong with an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeldKind {
    /// Computed, and not in OpenMetadata.
    Missing,
    /// In both, with other columns, SQL or origin.
    Differs,
    /// In OpenMetadata as of a view's SQL, which was read wholly and does not say so.
    Extra,
    /// Drawn by a person; a sync leaves it alone.
    Manual,
}

impl HeldKind {
    /// Every kind, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Missing, Self::Differs, Self::Extra, Self::Manual];

    /// The word in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Differs => "differs",
            Self::Extra => "extra",
            Self::Manual => "manual",
        }
    }
}

/// One edge on which the two do not agree.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldFinding {
    /// What is wrong.
    pub kind: HeldKind,
    /// FQN of the upstream table.
    pub from: String,
    /// FQN of the downstream table.
    pub to: String,
    /// Where the upstream table stands in Dremio, if it does.
    pub from_path: Option<DatasetPath>,
    /// Where the downstream table stands in Dremio, if it does.
    pub to_path: Option<DatasetPath>,
    /// The fields that differ: what OpenMetadata has, what was computed.
    pub changes: Vec<FieldChange>,
    /// FQN of the end that OpenMetadata does not have, if that is why the edge is missing.
    pub absent: Option<String>,
}

/// Which edges are compared, in folded paths.
#[derive(Clone, Debug, Default)]
pub struct HeldScope {
    /// Edges into these datasets, and
    pub downstream: HashSet<DatasetPath>,
    /// of the computed ones those from these. Of what only OpenMetadata has, all.
    pub upstream: HashSet<DatasetPath>,
}

/// Reads what OpenMetadata holds of the lineage of the tables in `scope`, and compares.
pub async fn held(
    (client, server): (&Client, &ServerInfo),
    (catalog, graph): (&Catalog, &LineageGraph),
    settings: &SyncSettings,
    scope: &HeldScope,
    on_progress: &(dyn Fn(ReadProgress) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<HeldLineage, PrepareError> {
    let options = settings.projection(&Texts::default());
    let everything = desired::project(catalog, &Selection::default(), &options)?;
    let selection = Selection { names: settings.names.clone(), ..Selection::default() };
    let mut wanted = desired::project(catalog, &selection, &options)?;
    wanted.edges = desired_edges(graph, catalog, &everything, &wanted);
    wanted.traced = traced(graph, &wanted);
    settings.narrow(&mut wanted.edges);
    let roots = roots_in(&wanted, scope);
    wanted.entities.retain(|entity| match entity.body {
        Body::Table(_) => scope.downstream.contains(&entity.path.folded()),
        _ => entity.path.root().is_some_and(|root| roots.contains(root)),
    });
    let targets: HashSet<String> = wanted
        .entities
        .iter()
        .filter(|entity| matches!(entity.body, Body::Table(_)))
        .map(|entity| entity.fqn.clone())
        .collect();
    wanted.edges.retain(|edge| targets.contains(&edge.to));
    let current = read::lineage_of(client, &wanted, &targets, on_progress, cancel)
        .await?
        .ok_or(PrepareError::Cancelled)?;
    Ok(compare(&everything, &wanted, &current, server, scope))
}

fn roots_in(desired: &Desired, scope: &HeldScope) -> BTreeSet<String> {
    let tables = desired.entities.iter().filter(|entity| matches!(entity.body, Body::Table(_)));
    let held = tables.filter(|entity| scope.downstream.contains(&entity.path.folded()));
    held.filter_map(|entity| entity.path.root().map(str::to_owned)).collect()
}

fn compare(
    everything: &Desired,
    wanted: &Desired,
    current: &Current,
    server: &ServerInfo,
    scope: &HeldScope,
) -> HeldLineage {
    let paths: HashMap<String, &DatasetPath> =
        everything.entities.iter().map(|entity| (fold(&entity.fqn), &entity.path)).collect();
    let there: HashSet<String> = current
        .tables
        .iter()
        .filter(|table| !table.common.deleted)
        .map(|table| fold(&table.common.fully_qualified_name))
        .collect();
    let mut held = HeldLineage {
        host: server.host.clone(),
        version: server.version.clone(),
        service: wanted.service.name.clone(),
        service_exists: current.service.is_some(),
        computed: 0,
        equal: 0,
        findings: Vec::new(),
    };
    // As computed: what OpenMetadata has no columns for is a difference too.
    let whole: Vec<Fitted<'_>> = wanted.edges.iter().map(Fitted::whole).collect();
    for item in edges::items(wanted, &whole, current, &HashSet::new(), &HashSet::new(), true) {
        let ItemKey::Edge { from, to } = &item.key else { continue };
        let path = |fqn: &String| paths.get(&fold(fqn)).map(|path| (*path).clone());
        let (from_path, to_path) = (path(from), path(to));
        if item.action != Action::Delete {
            let is_in = |path: &DatasetPath| scope.upstream.contains(&path.folded());
            if !from_path.as_ref().is_some_and(is_in) {
                continue;
            }
            held.computed += 1;
        }
        let absent = [to, from].into_iter().find(|fqn| !there.contains(&fold(fqn)));
        let absent = absent.cloned();
        let kind = match item.action {
            _ if absent.is_some() => HeldKind::Missing,
            Action::Unchanged => {
                held.equal += 1;
                continue;
            }
            Action::Create => HeldKind::Missing,
            Action::Update => HeldKind::Differs,
            Action::Delete => HeldKind::Extra,
            _ => HeldKind::Manual,
        };
        let Item { key: ItemKey::Edge { from, to }, changes, .. } = item else { continue };
        // Of what is missing wholly the fields are no news.
        let changes = if kind == HeldKind::Differs { changes } else { Vec::new() };
        held.findings.push(HeldFinding { kind, from, to, from_path, to_path, changes, absent });
    }
    held.findings.sort_by(|a, b| (a.kind, &a.to, &a.from).cmp(&(b.kind, &b.to, &b.from)));
    held
}
