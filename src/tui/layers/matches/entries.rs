//! The rows of the match report: what they are called, where they lead, what there is to say.

use rustc_hash::FxHashSet;

use crate::dbt::{MatchStatus, MatchedProject, NodeMatch, Rule};
use crate::lineage::Origin;
use crate::lineage::dbt::Disagreement;
use crate::model::DatasetPath;
use crate::tui::dbt::InOpenMetadata;
use crate::tui::widgets::text::counted;

/// The section of what OpenMetadata lacks; it has a heading even when it is empty.
pub(super) const IN_OPENMETADATA: &str = "Missing in OpenMetadata";

/// The sections that come after it.
const UNKNOWN: &str = "In Dremio, unknown to dbt";
const TWINS: &str = "Twin views";
const MATCHED: &str = "Matched";
const NOT_A_DATASET: &str = "Not a dataset";

/// Whether a section stands before that of OpenMetadata.
pub(super) fn is_before_openmetadata(section: &str) -> bool {
    ![IN_OPENMETADATA, UNKNOWN, TWINS, MATCHED, NOT_A_DATASET].contains(&section)
}

/// How a row is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Good,
    Warning,
    Error,
    Soft,
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) section: &'static str,
    pub(super) look: Look,
    pub(super) sign: &'static str,
    pub(super) name: String,
    /// The same at length, where the name is short for something.
    pub(super) whole: Option<String>,
    /// Where it stands or would stand.
    pub(super) place: Option<DatasetPath>,
    /// The dataset to go to.
    pub(super) target: Option<DatasetPath>,
    pub(super) reason: String,
    pub(super) rule: Option<Rule>,
    /// Of something ambiguous all that it could be.
    pub(super) candidates: Vec<DatasetPath>,
}

impl Entry {
    fn new(section: &'static str, (look, sign): (Look, &'static str), name: &str) -> Self {
        Self {
            section,
            look,
            sign,
            name: name.to_owned(),
            whole: None,
            place: None,
            target: None,
            reason: String::new(),
            rule: None,
            candidates: Vec::new(),
        }
    }

    /// With the dataset that it is about.
    fn at(self, dataset: Option<DatasetPath>) -> Self {
        Self { place: dataset.clone(), target: dataset, ..self }
    }

    fn saying(self, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..self }
    }

    /// With what matching says of a node.
    fn of(self, found: &NodeMatch) -> Self {
        Self { rule: found.rule, ..self.saying(found.reason.clone()) }
    }
}

/// All rows, section by section: first what needs a look.
pub(super) fn entries(
    project: &MatchedProject,
    in_openmetadata: &InOpenMetadata,
    disagreements: &[Disagreement],
) -> Vec<Entry> {
    let report = &project.report;
    let mut entries = Vec::new();
    let of_status = |status| report.nodes.iter().filter(move |found| found.status == status);
    for (status, section, look) in [
        (MatchStatus::Ambiguous, "Ambiguous", (Look::Warning, "?")),
        (MatchStatus::Missing, "Missing in Dremio", (Look::Error, "✗")),
        (MatchStatus::Unchecked, "Not checked", (Look::Warning, "?")),
    ] {
        entries.extend(of_status(status).map(|found| Entry {
            place: found.expected.clone(),
            target: found.found.first().cloned(),
            candidates: found.found.clone(),
            ..Entry::new(section, look, &found.unique_id).of(found)
        }));
    }
    let stale = report.nodes.iter().filter(|found| !found.out_of_date.is_empty());
    entries.extend(stale.map(|found| {
        Entry::new("Out of date", (Look::Warning, "!"), &found.unique_id)
            .at(found.dataset().cloned())
            .saying(found.out_of_date.join("; "))
    }));
    entries.extend(failed_tests(project));
    entries.extend(disagreements.iter().map(|found| {
        let section = "Lineage on which dbt and SQL disagree";
        let name = format!("{} → {}", found.from.name(), found.to.name());
        let reason = match found.known_to {
            Origin::Dbt => "dbt lists this edge, and the view's SQL does not read it",
            _ => {
                "the view's SQL reads it, and dbt does not list it: is the name written out where a ref or source should be?"
            }
        };
        let entry = Entry::new(section, (Look::Warning, "≠"), &name);
        let whole = Some(format!("{} → {}", found.from, found.to));
        Entry { whole, ..entry.at(Some(found.to.clone())).saying(reason) }
    }));
    entries.extend(missing_in_openmetadata(project, in_openmetadata));
    entries.extend(report.unknown.iter().map(|found| {
        Entry::new(UNKNOWN, (Look::Soft, "○"), found.path.name())
            .at(Some(found.path.clone()))
            .saying(found.reason.clone())
    }));
    entries.extend(report.twins.iter().map(|(path, id)| {
        Entry::new(TWINS, (Look::Soft, "○"), path.name())
            .at(Some(path.clone()))
            .saying(format!("dbt-dremio keeps it beside the table of {id}"))
    }));
    entries.extend(of_status(MatchStatus::Matched).map(|found| {
        Entry::new(MATCHED, (Look::Good, "✓"), &found.unique_id)
            .at(found.dataset().cloned())
            .of(found)
    }));
    entries.extend(
        of_status(MatchStatus::NotADataset)
            .map(|found| Entry::new(NOT_A_DATASET, (Look::Soft, "·"), &found.unique_id).of(found)),
    );
    entries
}

/// The nodes whose datasets have no table in OpenMetadata; of several over one dataset the first,
/// which makes it.
fn missing_in_openmetadata(project: &MatchedProject, known: &InOpenMetadata) -> Vec<Entry> {
    let InOpenMetadata::Lacks(missing) = known else { return Vec::new() };
    let mut told: FxHashSet<DatasetPath> = FxHashSet::default();
    let nodes = project.report.nodes.iter();
    nodes
        .filter_map(|found| Some((found, found.dataset()?)))
        .filter(|(_, path)| missing.contains(&path.folded()) && told.insert(path.folded()))
        .map(|(found, path)| {
            Entry::new(IN_OPENMETADATA, (Look::Warning, "+"), &found.unique_id)
                .at(Some(path.clone()))
                .saying("OpenMetadata has no table of it, or a deleted one: `sync` or `ingest-dbt` brings it there")
        })
        .collect()
}

fn failed_tests(project: &MatchedProject) -> Vec<Entry> {
    let mut failed = Vec::new();
    for found in &project.report.nodes {
        for test in project.tests_of(&found.unique_id) {
            if !test.is_failed() {
                continue;
            }
            let result = test.result.as_ref();
            let message = result.and_then(|result| result.message.as_deref());
            let rows = result.and_then(|result| result.failures).unwrap_or(0);
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            let reason = match message {
                Some(message) => format!("{}: {message}", test.status()),
                None => format!("{}: {}", test.status(), counted(rows, "row")),
            };
            let look =
                if test.status() == "warn" { (Look::Warning, "!") } else { (Look::Error, "✗") };
            let entry = Entry::new("Tests that did not pass", look, &test.name);
            failed.push(entry.at(found.dataset().cloned()).saying(reason));
        }
    }
    failed
}
