//! The smaller artifacts (`catalog.json`, `run_results.json`, `sources.json`) and what all four have
//! in common: the header that tells which artifact a file is, and of which version.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{ArtifactError, classify};
use super::lenient::{Entries, List, Named, Record, Text, record};
use super::mend::mended;

/// The artifacts that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Artifact {
    /// What the project holds.
    Manifest,
    /// Tables and columns as dbt saw them in the database.
    Catalog,
    /// What came of a run.
    RunResults,
    /// How fresh sources are.
    Sources,
}

impl Artifact {
    /// Its file in `target/`.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest.json",
            Self::Catalog => "catalog.json",
            Self::RunResults => "run_results.json",
            Self::Sources => "sources.json",
        }
    }

    /// The word in its schema's address.
    fn word(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Catalog => "catalog",
            Self::RunResults => "run-results",
            Self::Sources => "sources",
        }
    }

    /// The oldest version that is read and the newest that is known.
    fn versions(self) -> (u32, u32) {
        match self {
            Self::Manifest => (7, 12),
            Self::Catalog => (1, 1),
            Self::RunResults => (1, 6),
            Self::Sources => (1, 3),
        }
    }
}

impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

record! {
    HeaderWire {
        dbt_schema_version: Text = "dbt_schema_version",
        dbt_version: Text = "dbt_version",
        generated_at: Text = "generated_at",
        project_name: Text = "project_name",
        adapter_type: Text = "adapter_type",
    }
}

impl HeaderWire {
    /// The version, with what a reader should know; an error for anything else than `wanted`.
    pub(super) fn check(&self, wanted: Artifact) -> Result<(u32, Vec<String>), ArtifactError> {
        let Some(address) = self.dbt_schema_version.0.as_deref() else {
            return Err(ArtifactError::NotDbt {
                reason: "it has no metadata.dbt_schema_version".to_owned(),
            });
        };
        // https://schemas.getdbt.com/dbt/manifest/v12.json
        let mut parts = address.trim_end_matches('/').rsplit('/');
        let version = parts.next().unwrap_or_default();
        let word = parts.next().unwrap_or_default();
        if word != wanted.word() {
            let known = ["manifest", "catalog", "run-results", "sources", "semantic_manifest"];
            return Err(if known.contains(&word) {
                ArtifactError::WrongArtifact { found: word.to_owned(), wanted }
            } else {
                let clean: String = address.chars().filter(|c| !c.is_control()).take(100).collect();
                ArtifactError::NotDbt { reason: format!("its schema is {clean:?}") }
            });
        }
        let number = version
            .trim_start_matches('v')
            .split('.')
            .next()
            .and_then(|digits| digits.parse::<u32>().ok());
        let (oldest, newest) = wanted.versions();
        let unknown = |shown: &str| {
            vec![format!(
                "{wanted} of version {shown}: this program knows up to v{newest}; what it does not know is left out"
            )]
        };
        match number {
            Some(version) if version < oldest => {
                Err(ArtifactError::TooOld { artifact: wanted, version, oldest })
            }
            Some(version) if version > newest => Ok((version, unknown(&format!("v{version}")))),
            Some(version) => Ok((version, Vec::new())),
            None => {
                let clean: String = version.chars().filter(|c| !c.is_control()).take(20).collect();
                Ok((0, unknown(&format!("{clean:?}"))))
            }
        }
    }
}

/// Parses a whole artifact.
pub(super) fn parse<T: DeserializeOwned>(
    artifact: Artifact,
    bytes: &[u8],
) -> Result<T, ArtifactError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // With its mark, or by the empty half of the first character.
    let is_wide = |bytes: &[u8]| {
        matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{', 0, ..] | [0, b'{', ..])
    };
    if is_wide(bytes) {
        return Err(ArtifactError::Utf16);
    }
    // The first bytes of gzip, zip, Zstandard and bzip2.
    let packed: [(&[u8], _); 4] = [
        (b"\x1f\x8b", "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh", "bzip2"),
    ];
    if let Some((_, by)) = packed.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return Err(ArtifactError::Packed { by });
    }
    match bytes.iter().position(|byte| !byte.is_ascii_whitespace()).map(|at| (at, bytes[at])) {
        None => return Err(ArtifactError::Empty),
        Some((_, b'{')) => {}
        Some((_, b'[' | b'"' | b'0'..=b'9' | b't' | b'f' | b'n' | b'-')) => {
            // Still to be told apart: a document of another sort, or no document at all.
            serde_json::from_slice::<serde::de::IgnoredAny>(bytes)
                .map_err(|error| classify(artifact, &error))?;
            return Err(ArtifactError::NotDbt { reason: "it holds no JSON object".to_owned() });
        }
        Some((at, _)) => {
            let line = bytes[..at].split(|byte| *byte == b'\n').count();
            return Err(ArtifactError::NotJson {
                reason: format!("line {line} does not begin with an opening brace"),
            });
        }
    }
    serde_json::from_slice(bytes).or_else(|error| {
        // What other programs than dbt let pass as JSON costs a second reading, and no more.
        let is_spelling = error.classify() == serde_json::error::Category::Syntax;
        match is_spelling.then(|| mended(bytes)).flatten() {
            Some(bytes) => {
                serde_json::from_slice(&bytes).map_err(|again| classify(artifact, &again))
            }
            None => Err(classify(artifact, &error)),
        }
    })
}

/// A column as dbt saw it in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogColumn {
    /// The name.
    pub name: Box<str>,
    /// The database's word for the type.
    pub data_type: Option<Box<str>>,
    /// A comment in the database.
    pub comment: Option<Box<str>>,
    /// Its place, from 1.
    pub index: Option<u32>,
}

/// A table as dbt saw it in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogTable {
    /// `view`, `table`, …
    pub kind: Option<Box<str>>,
    /// Who owns it there.
    pub owner: Option<Box<str>>,
    /// A comment in the database.
    pub comment: Option<Box<str>>,
    /// The columns in order.
    pub columns: Vec<CatalogColumn>,
}

/// `catalog.json`.
#[derive(Clone, Debug, Default)]
pub struct CatalogArtifact {
    /// By unique id; nodes and sources.
    pub tables: HashMap<Box<str>, CatalogTable>,
    /// When it was written.
    pub generated_at: Option<Box<str>>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

record! {
    CatalogWire {
        metadata: Record<HeaderWire> = "metadata",
        nodes: Entries<Record<TableWire>> = "nodes",
        sources: Entries<Record<TableWire>> = "sources",
    }
}

record! {
    TableWire {
        metadata: Record<TableMetaWire> = "metadata",
        columns: Named<CatalogColumnWire> = "columns",
    }
}

record! {
    TableMetaWire {
        kind: Text = "type",
        owner: Text = "owner",
        comment: Text = "comment",
    }
}

record! {
    CatalogColumnWire {
        name: Text = "name",
        kind: Text = "type",
        comment: Text = "comment",
        index: Text = "index",
    }
}

impl CatalogArtifact {
    /// Reads `catalog.json`.
    pub fn read(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let Record(wire): Record<CatalogWire> = parse(Artifact::Catalog, bytes)?;
        let header = wire.metadata.0;
        let (_, warnings) = header.check(Artifact::Catalog)?;
        let tables = wire
            .nodes
            .list
            .into_iter()
            .chain(wire.sources.list)
            .map(|(id, Record(table))| {
                let mut columns: Vec<CatalogColumn> = table
                    .columns
                    .0
                    .into_iter()
                    .map(|(key, Record(column))| CatalogColumn {
                        name: column.name.given().unwrap_or(key),
                        data_type: column.kind.given(),
                        comment: column.comment.given(),
                        index: column.index.0.and_then(|text| text.parse().ok()),
                    })
                    .collect();
                columns.sort_by_key(|column| column.index.unwrap_or(u32::MAX));
                let meta = table.metadata.0;
                let table = CatalogTable {
                    kind: meta.kind.given(),
                    owner: meta.owner.given(),
                    comment: meta.comment.given(),
                    columns,
                };
                (id, table)
            })
            .collect();
        Ok(Self { tables, generated_at: header.generated_at.given(), warnings })
    }
}

/// What came of one node in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeResult {
    /// `success`, `pass`, `fail`, `warn`, `error`, `skipped`, …
    pub status: Box<str>,
    /// When it was executed, ISO 8601 in UTC.
    pub completed_at: Option<Box<str>>,
    /// What dbt says of it.
    pub message: Option<Box<str>>,
    /// Failing rows.
    pub failures: Option<u64>,
}

/// The latest result of each node over any number of runs.
#[derive(Clone, Debug, Default)]
pub struct RunResults {
    /// By unique id.
    pub results: HashMap<Box<str>, NodeResult>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

record! {
    RunWire {
        metadata: Record<HeaderWire> = "metadata",
        results: List<Record<ResultWire>> = "results",
    }
}

record! {
    ResultWire {
        unique_id: Text = "unique_id",
        status: Text = "status",
        timing: List<Record<TimingWire>> = "timing",
        message: Text = "message",
        failures: Text = "failures",
    }
}

record! {
    TimingWire {
        name: Text = "name",
        completed_at: Text = "completed_at",
    }
}

impl RunResults {
    /// Takes in one `run_results.json`; of two results of a node the one completed later stays.
    /// What was only compiled counts for nothing (contract §6).
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), ArtifactError> {
        let Record(wire): Record<RunWire> = parse(Artifact::RunResults, bytes)?;
        let header = wire.metadata.0;
        let (_, warnings) = header.check(Artifact::RunResults)?;
        self.warnings.extend(warnings);
        let written = header.generated_at.given();
        for Record(result) in wire.results.0 {
            let Some(id) = result.unique_id.given() else { continue };
            let status = result.status.or_empty();
            let executed = result
                .timing
                .0
                .into_iter()
                .find(|step| step.0.name.0.as_deref() == Some("execute"))
                .map(|step| step.0.completed_at.given());
            // Nodes that failed before they ran, or were skipped, have no timing at all.
            let counts = executed.is_some()
                || matches!(&*status, "error" | "skipped" | "fail" | "runtime error");
            if !counts {
                continue;
            }
            let completed_at = executed.flatten().or_else(|| written.clone());
            let is_older = self.results.get(&id).is_some_and(|known| {
                instant(known.completed_at.as_deref()) > instant(completed_at.as_deref())
            });
            if !is_older {
                let result = NodeResult {
                    status,
                    completed_at,
                    message: result.message.given(),
                    failures: result.failures.0.and_then(|text| text.parse().ok()),
                };
                self.results.insert(id, result);
            }
        }
        Ok(())
    }

    /// The result of a node.
    pub fn of(&self, unique_id: &str) -> Option<&NodeResult> {
        self.results.get(unique_id)
    }
}

/// ISO 8601 in UTC, without the ending that dbt writes now as `Z`, now as `+00:00` or not at all.
fn instant(text: Option<&str>) -> &str {
    let text = text.unwrap_or_default();
    text.trim_end_matches('Z').trim_end_matches("+00:00")
}

/// How fresh one source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// `pass`, `warn`, `error`, `runtime error`.
    pub status: Box<str>,
    /// Why it could not be found out.
    pub error: Option<Box<str>>,
    /// When its newest row was loaded.
    pub max_loaded_at: Option<Box<str>>,
    /// When that was looked at.
    pub snapshotted_at: Option<Box<str>>,
}

/// `sources.json`.
#[derive(Clone, Debug, Default)]
pub struct SourceFreshness {
    /// By unique id.
    pub sources: HashMap<Box<str>, Freshness>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

record! {
    SourcesWire {
        metadata: Record<HeaderWire> = "metadata",
        results: List<Record<FreshnessWire>> = "results",
    }
}

record! {
    FreshnessWire {
        unique_id: Text = "unique_id",
        status: Text = "status",
        error: Text = "error",
        max_loaded_at: Text = "max_loaded_at",
        snapshotted_at: Text = "snapshotted_at",
    }
}

impl SourceFreshness {
    /// Reads `sources.json`.
    pub fn read(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let Record(wire): Record<SourcesWire> = parse(Artifact::Sources, bytes)?;
        let (_, warnings) = wire.metadata.0.check(Artifact::Sources)?;
        let sources = wire
            .results
            .0
            .into_iter()
            .filter_map(|Record(result)| {
                let freshness = Freshness {
                    status: result.status.or_empty(),
                    error: result.error.given(),
                    max_loaded_at: result.max_loaded_at.given(),
                    snapshotted_at: result.snapshotted_at.given(),
                };
                Some((result.unique_id.given()?, freshness))
            })
            .collect();
        Ok(Self { sources, warnings })
    }
}
