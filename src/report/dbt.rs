//! [`DbtReport`]: what a dbt project and Dremio have in common and what not, for people and for
//! programs (`docs/dbt.md`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::SCHEMA_VERSION;
use crate::dbt::{
    Manifest, MatchReport, MatchStatus, Node, NodeMatch, ResourceType, RunResults, SourceFreshness,
    UnitTest,
};
use crate::lineage::Origin;
use crate::lineage::dbt::Disagreement;
use crate::model::DatasetPath;
use crate::model::display::clean;
use crate::sync::LeftOut;

/// Lines of one section; more are counted.
const NAMED: usize = 60;
/// Nodes named for one thing; more are counted.
const NODES_NAMED: usize = 5;

/// Whether the matched datasets have tables in OpenMetadata.
#[derive(Clone, Copy, Debug)]
pub enum InOpenMetadata<'a> {
    /// These have none.
    Lacks(&'a [DatasetPath]),
    /// Nobody has looked; why not.
    NotLookedUp(&'a str),
}

impl<'a> InOpenMetadata<'a> {
    /// The datasets without a table; `None` where nobody has looked.
    fn missing(self) -> Option<&'a [DatasetPath]> {
        match self {
            Self::Lacks(missing) => Some(missing),
            Self::NotLookedUp(_) => None,
        }
    }

    fn not_looked_up(self) -> Option<&'a str> {
        match self {
            Self::Lacks(_) => None,
            Self::NotLookedUp(why) => Some(why),
        }
    }
}

/// A project, its matches, and what else is worth telling.
#[derive(Clone, Copy, Debug)]
pub struct DbtReport<'a> {
    /// The project.
    pub manifest: &'a Manifest,
    /// The matches.
    pub matches: &'a MatchReport,
    /// Results of tests and builds.
    pub runs: &'a RunResults,
    /// Freshness of sources.
    pub freshness: &'a SourceFreshness,
    /// What OpenMetadata has of the matched datasets.
    pub in_openmetadata: InOpenMetadata<'a>,
    /// Edges that only dbt or only a view's SQL knows.
    pub disagreements: &'a [Disagreement],
    /// What dbt names for OpenMetadata and is not brought: owners, tiers, terms and the like.
    pub left_out: &'a [LeftOut],
}

impl DbtReport<'_> {
    fn counts(&self) -> Value {
        let mut counts = json!(self.matches.counts());
        counts["missing_in_openmetadata"] =
            json!(self.in_openmetadata.missing().map(<[DatasetPath]>::len));
        counts
    }

    /// The document: the project, counts, every node with its tests, and the lists.
    pub fn to_json(&self) -> Value {
        let tests = self.manifest.tests_by_node();
        let nodes: Vec<Value> = self
            .matches
            .nodes
            .iter()
            .map(|found| {
                let mut value = json!(found);
                value["rule_name"] = json!(found.rule.map(crate::dbt::Rule::name));
                if let Some(node) = self.manifest.node(&found.unique_id) {
                    value["resource_type"] = json!(node.resource_type.name());
                    value["materialized"] = json!(node.materialization());
                    value["tags"] = json!(node.tags);
                    value["owners"] = json!(node.owners);
                    value["group"] = json!(node.group);
                    value["access"] = json!(node.access);
                    let status = self.runs.of(&node.unique_id).map(|result| &result.status);
                    value["last_run"] = json!(status);
                    if let Some(freshness) = self.freshness.sources.get(&node.unique_id) {
                        value["freshness"] = json!({
                            "status": freshness.status,
                            "max_loaded_at": freshness.max_loaded_at,
                            "snapshotted_at": freshness.snapshotted_at,
                            "error": freshness.error,
                        });
                    }
                }
                let tests = tests.get(found.unique_id.as_str()).map_or(&[][..], Vec::as_slice);
                let units = self.manifest.unit_tests.iter();
                let units = units.filter(|test| test.tested.as_deref() == Some(&*found.unique_id));
                value["tests"] = tests
                    .iter()
                    .map(|test| self.test(test))
                    .chain(units.map(|test| self.unit_test(test)))
                    .collect();
                value
            })
            .collect();
        let unknown: Vec<Value> = self.matches.unknown.iter().map(|found| json!(found)).collect();
        let twins: Vec<Value> = self
            .matches
            .twins
            .iter()
            .map(|(path, id)| json!({ "path": path, "unique_id": id }))
            .collect();
        let exposures: Vec<Value> = self
            .manifest
            .exposures
            .iter()
            .map(|exposure| {
                json!({
                    "unique_id": exposure.unique_id,
                    "name": exposure.name,
                    "label": exposure.label,
                    "type": exposure.kind,
                    "owners": exposure.owners,
                    "url": exposure.url,
                    "depends_on": exposure.depends_on,
                })
            })
            .collect();
        json!({
            "schema_version": SCHEMA_VERSION,
            "project": {
                "name": self.manifest.project_name,
                "manifest_version": self.manifest.version,
                "dbt_version": self.manifest.dbt_version,
                "adapter": self.manifest.adapter_type,
                "generated_at": self.manifest.generated_at,
            },
            "warnings": self.manifest.warnings,
            "counts": self.counts(),
            "hint": self.matches.hint,
            "nodes": nodes,
            "unknown_to_dbt": unknown,
            "twin_views": twins,
            "missing_in_openmetadata": self.in_openmetadata.missing(),
            "openmetadata_not_looked_up": self.in_openmetadata.not_looked_up(),
            "exposures": exposures,
            "lineage_disagreements": self.disagreements,
            "left_out": self.left_out,
        })
    }

    fn test(&self, test: &Node) -> Value {
        let facts = test.test.clone().unwrap_or_default();
        let result = self.runs.of(&test.unique_id);
        json!({
            "unique_id": test.unique_id,
            "kind": facts.kind,
            "column": facts.column,
            "severity": facts.severity,
            "status": result.map(|result| &result.status),
            "failures": result.and_then(|result| result.failures),
        })
    }

    fn unit_test(&self, test: &UnitTest) -> Value {
        let result = self.runs.of(&test.unique_id);
        json!({
            "unique_id": test.unique_id,
            "kind": "unit test",
            "column": null,
            "severity": null,
            "status": result.map(|result| &result.status),
            "failures": result.and_then(|result| result.failures),
        })
    }

    /// The report for people: counts first, then what needs a look, then the matches.
    pub fn to_text(&self) -> String {
        let mut text = self.head();
        let counts = self.matches.counts();
        for (count, words) in [
            (counts.matched, "matched"),
            (counts.out_of_date, "of these out of date"),
            (counts.ambiguous, "ambiguous"),
            (counts.missing_in_dremio, "missing in Dremio"),
            (counts.unchecked, "not checked"),
            (counts.not_datasets, "not datasets (ephemeral, reflection, switched off)"),
            (counts.unknown_to_dbt, "in Dremio, unknown to dbt"),
        ] {
            let _ = writeln!(text, "  {count:>5}  {words}");
        }
        let _ = match self.in_openmetadata {
            InOpenMetadata::Lacks(missing) => {
                writeln!(text, "  {:>5}  missing in OpenMetadata", missing.len())
            }
            InOpenMetadata::NotLookedUp(why) => {
                writeln!(text, "      ?  missing in OpenMetadata: not looked up, {}", clean(why))
            }
        };
        if let Some(hint) = &self.matches.hint {
            let _ = writeln!(text, "\n{}", clean(hint));
        }
        for status in [
            MatchStatus::Ambiguous,
            MatchStatus::Missing,
            MatchStatus::Unchecked,
            MatchStatus::NotADataset,
        ] {
            let found = self.matches.nodes.iter().filter(|node| node.status == status);
            section(&mut text, status.name(), found.map(node_lines));
        }
        let stale = self.matches.nodes.iter().filter(|node| !node.out_of_date.is_empty());
        section(&mut text, "out of date", stale.map(stale_lines));
        let failed = self.failed_tests();
        section(&mut text, "tests that did not pass", failed.into_iter());
        section(&mut text, "sources that are not fresh", self.stale_sources().into_iter());
        let disagreements = self.disagreements.iter().map(|found| {
            let who = match found.known_to {
                Origin::Dbt => "only dbt knows it, the view's SQL does not read it",
                _ => "only the view's SQL knows it, dbt does not list it",
            };
            format!("{} → {}: {who}", clean_path(&found.from), clean_path(&found.to))
        });
        section(&mut text, "lineage on which dbt and SQL disagree", disagreements);
        let missing = self.in_openmetadata.missing().unwrap_or_default().iter().map(clean_path);
        section(&mut text, "missing in OpenMetadata", missing);
        section(&mut text, "left out of OpenMetadata", left_out_lines(self.left_out).into_iter());
        let twins = self
            .matches
            .twins
            .iter()
            .map(|(path, id)| format!("{} beside {}", clean_path(path), clean(id)));
        section(&mut text, "twin views", twins);
        let unknown = self.matches.unknown.iter().map(|found| clean_path(&found.path));
        section(&mut text, "in Dremio, unknown to dbt", unknown);
        let matched = self.matches.nodes.iter().filter(|node| node.status == MatchStatus::Matched);
        section(&mut text, "matched", matched.map(matched_line));
        text
    }

    fn head(&self) -> String {
        let manifest = self.manifest;
        let word = |text: &Option<Box<str>>| {
            text.as_deref().map_or_else(|| "?".to_owned(), |text| clean(text).into_owned())
        };
        let mut kinds: BTreeMap<ResourceType, usize> = BTreeMap::new();
        for node in &manifest.nodes {
            *kinds.entry(node.resource_type).or_default() += 1;
        }
        let mut parts: Vec<String> = kinds
            .iter()
            .filter(|(kind, _)| kind.is_data() || **kind == ResourceType::Test)
            .map(|(kind, count)| {
                let plural = if *count == 1 { "" } else { "s" };
                format!("{count} {}{plural}", kind.name())
            })
            .collect();
        if !manifest.exposures.is_empty() {
            let plural = if manifest.exposures.len() == 1 { "" } else { "s" };
            parts.push(format!("{} exposure{plural}", manifest.exposures.len()));
        }
        format!(
            "dbt project {} (manifest v{}, dbt {}, adapter {}): {}\n\n",
            word(&manifest.project_name),
            manifest.version,
            word(&manifest.dbt_version),
            word(&manifest.adapter_type),
            parts.join(", "),
        )
    }

    fn failed_tests(&self) -> Vec<String> {
        let passed = ["pass", "success", "skipped"];
        let tests = self.manifest.nodes.iter().filter(|node| node.test.is_some());
        let units = self.manifest.unit_tests.iter();
        tests
            .map(|test| (&test.name, &test.unique_id))
            .chain(units.map(|test| (&test.name, &test.unique_id)))
            .filter_map(|(name, id)| Some((name, self.runs.of(id)?)))
            .filter(|(_, result)| !passed.contains(&&*result.status))
            .map(|(name, result)| {
                let message = result.message.as_deref().unwrap_or("no reason given");
                format!("{} {}: {}", clean(name), clean(&result.status), clean(message))
            })
            .collect()
    }

    fn stale_sources(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .freshness
            .sources
            .iter()
            .filter(|(_, freshness)| &*freshness.status != "pass")
            .map(|(id, freshness)| {
                let why = match (&freshness.max_loaded_at, &freshness.error) {
                    (_, Some(error)) => format!(": {}", clean(error)),
                    (Some(at), None) => format!(": its newest row is of {}", clean(at)),
                    (None, None) => String::new(),
                };
                format!("{} {}{why}", clean(id), clean(&freshness.status))
            })
            .collect();
        lines.sort();
        lines
    }
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title} ({})", lines.len());
    for line in lines.iter().take(NAMED) {
        let _ = writeln!(text, "  {line}");
    }
    if lines.len() > NAMED {
        let _ = writeln!(text, "  … and {} more", lines.len() - NAMED);
    }
}

fn clean_path(path: &DatasetPath) -> String {
    clean(&path.to_string()).into_owned()
}

fn rule(found: &NodeMatch) -> String {
    found.rule.map_or_else(String::new, |rule| format!(" [{}]", rule.name()))
}

fn node_lines(found: &NodeMatch) -> String {
    let mut line = clean(&found.unique_id).into_owned();
    if let Some(path) = found.expected.as_ref().filter(|_| found.status != MatchStatus::NotADataset)
    {
        let _ = write!(line, " → {}{}", clean_path(path), rule(found));
    }
    let _ = write!(line, "\n      {}", clean(&found.reason));
    if found.status == MatchStatus::Ambiguous {
        let candidates: Vec<String> = found.found.iter().map(clean_path).collect();
        let _ = write!(line, "\n      candidates: {}", candidates.join(", "));
    }
    line
}

fn stale_lines(found: &NodeMatch) -> String {
    let mut line = clean(&found.unique_id).into_owned();
    for difference in &found.out_of_date {
        let _ = write!(line, "\n      {}", clean(difference));
    }
    line
}

/// One line a value and reason, with the nodes that name it.
fn left_out_lines(left_out: &[LeftOut]) -> Vec<String> {
    let is_same =
        |a: &LeftOut, b: &LeftOut| (a.field, &a.value, &a.reason) == (b.field, &b.value, &b.reason);
    left_out
        .chunk_by(is_same)
        .map(|group| {
            let first = &group[0];
            let names: Vec<String> = group
                .iter()
                .map(|row| {
                    let column = row.column.as_deref().map_or("", |_| ".");
                    let name = row.column.as_deref().unwrap_or_default();
                    clean(&format!("{}{column}{name}", row.unique_id)).into_owned()
                })
                .collect();
            let more = names.len().saturating_sub(NODES_NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!(
                "{} {}: {}\n      {}{more}",
                first.field,
                clean(&first.value),
                clean(&first.reason),
                names.iter().take(NODES_NAMED).cloned().collect::<Vec<_>>().join(", "),
            )
        })
        .collect()
}

fn matched_line(found: &NodeMatch) -> String {
    let path = found.found.first().map(clean_path).unwrap_or_default();
    format!("{} → {path}{}", clean(&found.unique_id), rule(found))
}
