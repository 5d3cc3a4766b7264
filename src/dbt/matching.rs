//! Which Dremio dataset a dbt node is: [`match_nodes`] and its [`MatchReport`], with the reason and
//! the rule for each.
//!
//! What a rule does not decide is told as ambiguous and never guessed at: descriptions would go to
//! the wrong place.

use std::collections::HashMap;

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::artifacts::CatalogArtifact;
use super::leftovers;
use super::manifest::{Manifest, Node, ResourceType};
use super::out_of_date::differences;
use super::profile::Profile;
use super::project::Project;
use super::relation::{Rule, dotted_readings, relation_name_path, relation_path};
use super::sql::{made_relation, node_id_of};
use crate::model::path::{fold, same_name};
use crate::model::{Catalog, DatasetPath, Listing, NodeKind, NodeRef};

/// What matching a node came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchStatus {
    /// One dataset is it.
    Matched,
    /// Several datasets may be it, or several nodes claim one dataset.
    Ambiguous,
    /// There is no such dataset.
    Missing,
    /// It could not be found out, since Dremio did not list the place to its end.
    Unchecked,
    /// Nothing in Dremio stands for it: ephemerals, reflections, what is switched off.
    NotADataset,
}

impl MatchStatus {
    /// The words for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Ambiguous => "ambiguous",
            Self::Missing => "missing in Dremio",
            Self::Unchecked => "not checked",
            Self::NotADataset => "not a dataset",
        }
    }
}

/// One model, seed, snapshot or source, and what it is in Dremio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeMatch {
    /// dbt's unique id.
    pub unique_id: String,
    /// Where dbt puts it.
    pub expected: Option<DatasetPath>,
    /// What came of it.
    pub status: MatchStatus,
    /// The rule that decided, or would have.
    pub rule: Option<Rule>,
    /// The dataset as Dremio spells it; of something ambiguous all that may be it.
    pub found: Vec<DatasetPath>,
    /// Why.
    pub reason: String,
    /// In what Dremio and the artifacts differ; empty when they agree.
    pub out_of_date: Vec<String>,
}

impl NodeMatch {
    /// The dataset, where exactly one is it.
    pub fn dataset(&self) -> Option<&DatasetPath> {
        match self.status {
            MatchStatus::Matched => self.found.first(),
            _ => None,
        }
    }
}

/// A dataset where dbt builds, which dbt does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownDataset {
    /// Where it stands.
    pub path: DatasetPath,
    /// Why it is told, or what it probably is.
    pub reason: String,
}

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MatchReport {
    /// Models, seeds, snapshots and sources by unique id.
    pub nodes: Vec<NodeMatch>,
    /// Datasets in the spaces and folders of the project's models that no node stands for.
    pub unknown: Vec<UnknownDataset>,
    /// Views that dbt-dremio keeps beside tables, with the unique id of the table's node.
    pub twins: Vec<(DatasetPath, String)>,
    /// Why hardly anything was found, as far as dbt's profile tells.
    pub hint: Option<String>,
}

/// Counts of a [`MatchReport`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MatchCounts {
    /// Nodes with exactly one dataset.
    pub matched: usize,
    /// Nodes that may be several.
    pub ambiguous: usize,
    /// Nodes without a dataset.
    pub missing_in_dremio: usize,
    /// Nodes whose place was not listed.
    pub unchecked: usize,
    /// Ephemerals, reflections and the like.
    pub not_datasets: usize,
    /// Matched nodes that differ from Dremio.
    pub out_of_date: usize,
    /// Datasets that no node stands for.
    pub unknown_to_dbt: usize,
}

impl MatchReport {
    /// How many there are of each.
    pub fn counts(&self) -> MatchCounts {
        let count = |status| self.nodes.iter().filter(|node| node.status == status).count();
        MatchCounts {
            matched: count(MatchStatus::Matched),
            ambiguous: count(MatchStatus::Ambiguous),
            missing_in_dremio: count(MatchStatus::Missing),
            unchecked: count(MatchStatus::Unchecked),
            not_datasets: count(MatchStatus::NotADataset),
            out_of_date: self.nodes.iter().filter(|node| !node.out_of_date.is_empty()).count(),
            unknown_to_dbt: self.unknown.len(),
        }
    }

    /// The dataset of every matched node, by unique id.
    pub fn datasets(&self) -> HashMap<&str, &DatasetPath> {
        self.nodes
            .iter()
            .filter_map(|node| Some((node.unique_id.as_str(), node.dataset()?)))
            .collect()
    }
}

/// What may be known besides manifest and catalogue.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// dbt's own catalogue, to tell whether it is out of date.
    pub artifact: Option<&'a CatalogArtifact>,
    /// SQL texts of Dremio's job history, whose comments name nodes.
    pub job_texts: &'a [String],
    /// dbt's profile, to tell what another target has to do with it.
    pub profile: Option<&'a Profile>,
}

impl<'a> Evidence<'a> {
    /// What a project brings along.
    pub fn of(project: &'a Project) -> Self {
        Self {
            artifact: project.artifact.as_ref(),
            profile: project.profile.profile.as_ref(),
            job_texts: &[],
        }
    }
}

/// Matches every data node of a manifest against a catalogue, without case.
pub fn match_nodes(manifest: &Manifest, catalog: &Catalog, evidence: Evidence<'_>) -> MatchReport {
    let matcher = Matcher {
        catalog,
        is_dremio: manifest.is_dremio(),
        by_name: by_name(catalog),
        made: made_by_jobs(evidence.job_texts),
    };
    let mut nodes: Vec<NodeMatch> = manifest.data_nodes().map(|node| matcher.node(node)).collect();
    settle_claims(manifest, &mut nodes);
    for found in &mut nodes {
        let Some(node) = manifest.node(&found.unique_id) else { continue };
        if let Some(dataset) = found.dataset().and_then(|path| catalog.at(path)) {
            found.out_of_date = differences(node, dataset, evidence.artifact);
        }
    }
    let mut report = MatchReport { nodes, ..MatchReport::default() };
    leftovers::find(manifest, catalog, &mut report);
    let built = |found: &&NodeMatch| !found.unique_id.starts_with("source.");
    let count =
        |status| report.nodes.iter().filter(built).filter(|found| found.status == status).count();
    if count(MatchStatus::Missing) > count(MatchStatus::Matched) {
        report.hint = evidence.profile.and_then(|profile| profile.hint(manifest, catalog));
    }
    report
}

/// Datasets by folded name.
fn by_name(catalog: &Catalog) -> FxHashMap<String, Vec<DatasetPath>> {
    let mut names: FxHashMap<String, Vec<DatasetPath>> = FxHashMap::default();
    for node in catalog.walk().filter(|node| node.kind().is_dataset()) {
        names.entry(fold(node.name())).or_default().push(node.path());
    }
    names
}

/// What each node made according to job texts; the last text wins.
fn made_by_jobs(texts: &[String]) -> HashMap<String, DatasetPath> {
    texts.iter().filter_map(|sql| Some((node_id_of(sql)?, made_relation(sql)?))).collect()
}

struct Matcher<'a> {
    catalog: &'a Catalog,
    is_dremio: bool,
    by_name: FxHashMap<String, Vec<DatasetPath>>,
    made: HashMap<String, DatasetPath>,
}

impl Matcher<'_> {
    fn node(&self, node: &Node) -> NodeMatch {
        let expected = relation_path(node, self.is_dremio);
        let rule = Rule::of(node, self.is_dremio);
        let mut found = NodeMatch {
            unique_id: node.unique_id.to_string(),
            expected: expected.clone(),
            status: MatchStatus::NotADataset,
            rule: None,
            found: Vec::new(),
            reason: String::new(),
            out_of_date: Vec::new(),
        };
        if !node.enabled {
            "it is switched off in dbt".clone_into(&mut found.reason);
            return found;
        }
        if node.is_ephemeral() {
            "an ephemeral model is inlined into those that use it".clone_into(&mut found.reason);
            return found;
        }
        if node.is_reflection() {
            "a reflection speeds up another dataset and is none itself"
                .clone_into(&mut found.reason);
            return found;
        }
        found.rule = Some(rule);
        let Some(expected) = expected else {
            found.status = MatchStatus::Missing;
            "the manifest tells neither a database nor a schema for it"
                .clone_into(&mut found.reason);
            return found;
        };
        self.place(node, &expected, rule, &mut found);
        found
    }

    fn place(&self, node: &Node, expected: &DatasetPath, rule: Rule, found: &mut NodeMatch) {
        let written = node
            .relation_name
            .as_deref()
            .map(relation_name_path)
            .filter(|path| !path.is_same(expected));
        let at_place = self.dataset(expected);
        let at_relation = written.as_ref().and_then(|path| self.dataset(path));
        match (at_place, at_relation) {
            (Some(one), Some(other)) => {
                found.status = MatchStatus::Ambiguous;
                found.found = vec![one, other];
                "database, schema and alias lead to one dataset, relation_name to another"
                    .clone_into(&mut found.reason);
                return;
            }
            (Some(path), None) => return found.matched(path, rule, "it stands where dbt puts it"),
            (None, Some(path)) => {
                return found.matched(
                    path,
                    Rule::RelationName,
                    "it stands where the manifest's relation_name says",
                );
            }
            (None, None) => {}
        }
        let readings: Vec<DatasetPath> = if self.is_dremio {
            dotted_readings(expected).iter().filter_map(|path| self.dataset(path)).collect()
        } else {
            Vec::new()
        };
        match readings.as_slice() {
            [] => {}
            [path] => {
                return found.matched(
                    path.clone(),
                    Rule::DottedFolder,
                    "it stands there when dots in the schema belong to a folder's name",
                );
            }
            _ => {
                found.status = MatchStatus::Ambiguous;
                found.rule = Some(Rule::DottedFolder);
                found.found = readings;
                "the dots in its schema can be read in several ways".clone_into(&mut found.reason);
                return;
            }
        }
        if let Some(path) = self.made.get(&*node.unique_id).and_then(|path| self.dataset(path)) {
            return found.matched(path, Rule::JobComment, "a job of dbt made it there");
        }
        let deferred = node.deferred_to.as_deref().map(relation_name_path);
        if let Some(path) = deferred.and_then(|path| self.dataset(&path)) {
            let reason =
                "it is not built here, and dbt takes this one of another environment for it";
            return found.matched(path, Rule::Deferral, reason);
        }
        self.absent(node, expected, found);
    }

    /// Nothing stands where it should: why, and what there is instead.
    fn absent(&self, node: &Node, expected: &DatasetPath, found: &mut NodeMatch) {
        found.status = MatchStatus::Missing;
        let mut at = self.catalog.root();
        for (depth, part) in expected.parts().iter().enumerate() {
            if let Some(child) = at.child(part) {
                at = child;
                continue;
            }
            let is_open = at.listing() != Listing::Complete || at.error().is_some();
            if depth > 0 && is_open && at.kind().is_container() {
                found.status = MatchStatus::Unchecked;
                found.reason = match at.error() {
                    Some(error) => format!(
                        "{} was not listed to its end, so it may exist: {}",
                        at.path(),
                        error.message
                    ),
                    None if at.path().root().is_some_and(is_hidden) => format!(
                        "{} is not listed unless discovery.include names it, so it may exist",
                        at.path()
                    ),
                    None => format!("{} was not listed to its end, so it may exist", at.path()),
                };
                return;
            }
            found.reason = if depth == 0 {
                format!("Dremio has no space or source {part:?}")
            } else if depth + 1 < expected.len() {
                format!("there is no folder {part:?} in {}", at.path())
            } else {
                format!("there is nothing of that name in {}", at.path())
            };
            break;
        }
        if found.reason.is_empty() {
            found.reason = match at.kind() {
                NodeKind::File => {
                    "Dremio has a file there that was not promoted to a table".to_owned()
                }
                _ => "Dremio has something else than a dataset there".to_owned(),
            };
        }
        let root = expected.root().unwrap_or_default();
        let elsewhere: Vec<&DatasetPath> = self
            .by_name
            .get(&fold(node.relation_identifier()))
            .into_iter()
            .flatten()
            .filter(|path| !path.root().is_some_and(is_hidden))
            .collect();
        let near: Vec<&DatasetPath> = elsewhere
            .iter()
            .copied()
            .filter(|path| path.root().is_some_and(|found| same_name(found, root)))
            .collect();
        if near.len() > 1 {
            found.status = MatchStatus::Ambiguous;
            found.rule = Some(Rule::NameElsewhere);
            found.found = near.into_iter().cloned().collect();
            found.reason.push_str("; several datasets below have its name");
        } else if let Some(path) = near.first().or(elsewhere.first()) {
            let more = match elsewhere.len() {
                0 | 1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            found.reason.push_str(&format!(
                "; {path}{more} has its name: was the manifest made for another target?"
            ));
        }
    }

    fn dataset(&self, path: &DatasetPath) -> Option<DatasetPath> {
        self.catalog.at(path).filter(|node| node.kind().is_dataset()).map(NodeRef::path)
    }
}

impl NodeMatch {
    fn matched(&mut self, path: DatasetPath, rule: Rule, reason: &str) {
        self.status = MatchStatus::Matched;
        self.rule = Some(rule);
        reason.clone_into(&mut self.reason);
        self.found = vec![path];
    }
}

fn is_hidden(root: &str) -> bool {
    root == "$scratch" || root.starts_with("__")
}

/// Several models on one dataset, which Dremio sees and dbt does not: mostly names that differ in
/// case only. The one that spells it as Dremio does has it; sources may share theirs with anyone.
fn settle_claims(manifest: &Manifest, nodes: &mut [NodeMatch]) {
    let is_dremio = manifest.is_dremio();
    let mut claims: HashMap<DatasetPath, Vec<usize>> = HashMap::new();
    for (index, found) in nodes.iter().enumerate() {
        let is_source = manifest
            .node(&found.unique_id)
            .is_none_or(|node| node.resource_type == ResourceType::Source);
        if let Some(path) = found.dataset().filter(|_| !is_source) {
            claims.entry(path.folded()).or_default().push(index);
        }
    }
    for claimants in claims.into_values().filter(|claimants| claimants.len() > 1) {
        let exact: Vec<usize> = claimants
            .iter()
            .copied()
            .filter(|index| nodes[*index].expected.as_ref() == nodes[*index].found.first())
            .collect();
        let keeper = match exact.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let ids: Vec<String> =
            claimants.iter().map(|index| nodes[*index].unique_id.clone()).collect();
        for index in claimants.into_iter().filter(|index| Some(*index) != keeper) {
            let others: Vec<&str> =
                ids.iter().map(String::as_str).filter(|id| *id != nodes[index].unique_id).collect();
            let mut reason = format!("{} claims the same dataset", others.join(", "));
            let own = nodes[index].expected.as_ref();
            let is_spelling = |other: &&str| {
                let other = manifest.node(other).and_then(|node| relation_path(node, is_dremio));
                matches!((own, &other), (Some(a), Some(b)) if a != b && a.is_same(b))
            };
            if others.iter().all(is_spelling) {
                reason.push_str(": Dremio does not tell upper from lower case");
            }
            nodes[index].status = MatchStatus::Ambiguous;
            nodes[index].reason = reason;
        }
    }
}
