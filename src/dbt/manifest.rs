//! [`Manifest`]: what dbt knows of a project, read from `manifest.json` of v7 and newer.
//!
//! Macros, docs and everything else that is not used is skipped without being stored. Fields that
//! are missing, new or of another type never fail the reading.

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::artifacts::{self, Artifact, Header};
use super::error::ArtifactError;
use super::lenient::{Entries, List, Record, RefCall, Text};

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceType {
    /// A model.
    Model,
    /// A CSV file loaded by dbt.
    Seed,
    /// A table of past states.
    Snapshot,
    /// A declared table that dbt does not make.
    Source,
    /// A test of data.
    Test,
    /// A query that is compiled and never run.
    Analysis,
    /// Anything else: operations, functions, unit tests.
    Other,
}

impl ResourceType {
    fn of(word: &str) -> Self {
        match word {
            "model" => Self::Model,
            "seed" => Self::Seed,
            "snapshot" => Self::Snapshot,
            "source" => Self::Source,
            "test" => Self::Test,
            "analysis" => Self::Analysis,
            _ => Self::Other,
        }
    }

    /// dbt's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Seed => "seed",
            Self::Snapshot => "snapshot",
            Self::Source => "source",
            Self::Test => "test",
            Self::Analysis => "analysis",
            Self::Other => "other",
        }
    }

    /// Whether such a node stands for data: a model, seed, snapshot or source.
    pub fn is_data(self) -> bool {
        matches!(self, Self::Model | Self::Seed | Self::Snapshot | Self::Source)
    }
}

/// A documented column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeColumn {
    /// The name.
    pub name: Box<str>,
    /// Markdown; empty if there is none.
    pub description: Box<str>,
    /// The declared type.
    pub data_type: Option<Box<str>>,
    /// Tags.
    pub tags: Vec<Box<str>>,
}

/// What a test tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestFacts {
    /// `not_null`, `unique`, …; absent for a test written as SQL.
    pub kind: Option<Box<str>>,
    /// The tested column.
    pub column: Option<Box<str>>,
    /// The tested node, where the manifest says (1.4 and newer).
    pub attached_node: Option<Box<str>>,
    /// `error` or `warn`.
    pub severity: Option<Box<str>>,
}

/// A model, seed, snapshot, source, test or the like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// `model.package.name`.
    pub unique_id: Box<str>,
    /// The name in the project.
    pub name: Box<str>,
    /// What it is.
    pub resource_type: ResourceType,
    /// The package that defines it.
    pub package: Box<str>,
    /// Its file, below the project's folder.
    pub file: Option<Box<str>>,
    /// Space or source on Dremio.
    pub database: Option<Box<str>>,
    /// Folder path on Dremio, dotted.
    pub schema: Option<Box<str>>,
    /// The relation's name; of a source its identifier.
    pub alias: Option<Box<str>>,
    /// The relation as dbt writes it into SQL.
    pub relation_name: Option<Box<str>>,
    /// `view`, `table`, `incremental`, `ephemeral`, `reflection`, …
    pub materialized: Option<Box<str>>,
    /// Whether dbt builds it.
    pub enabled: bool,
    /// Markdown; empty if there is none.
    pub description: Box<str>,
    /// Documented columns in their order.
    pub columns: Vec<NodeColumn>,
    /// Tags.
    pub tags: Vec<Box<str>>,
    /// The owner that `meta` names.
    pub owner: Option<Box<str>>,
    /// The group.
    pub group: Option<Box<str>>,
    /// What it is made from, by unique id.
    pub depends_on: Vec<Box<str>>,
    /// SQL with Jinja.
    pub raw_code: Option<Box<str>>,
    /// SQL as compiled; absent when dbt only parsed.
    pub compiled_code: Option<Box<str>>,
    /// `ref` calls: package (if named) and name.
    pub refs: Vec<Vec<Box<str>>>,
    /// `source` calls: source and table.
    pub source_calls: Vec<Vec<Box<str>>>,
    /// A model's version.
    pub version: Option<Box<str>>,
    /// Name of the source that a table belongs to.
    pub source_name: Option<Box<str>>,
    /// dbt-dremio's way with a view beside a table: `clone`, `allow` or `prevent`.
    pub twin_strategy: Option<Box<str>>,
    /// Of a test.
    pub test: Option<TestFacts>,
}

impl Node {
    /// How it is materialised, in dbt's word; sources have none.
    pub fn materialization(&self) -> Option<&str> {
        match self.resource_type {
            ResourceType::Seed => Some("seed"),
            ResourceType::Snapshot => Some("snapshot"),
            ResourceType::Source => None,
            _ => self.materialized.as_deref(),
        }
    }

    /// Whether it is inlined into others instead of being made.
    pub fn is_ephemeral(&self) -> bool {
        self.resource_type == ResourceType::Model
            && self.materialized.as_deref() == Some("ephemeral")
    }

    /// Whether it is a Dremio reflection, which is no dataset.
    pub fn is_reflection(&self) -> bool {
        self.resource_type == ResourceType::Model
            && self.materialized.as_deref() == Some("reflection")
    }

    /// Whether something in the database stands for it.
    pub fn is_dataset(&self) -> bool {
        self.resource_type.is_data() && !self.is_ephemeral() && !self.is_reflection()
    }

    /// Whether dbt-dremio makes it as a table in object storage.
    pub fn is_stored(&self) -> bool {
        matches!(self.resource_type, ResourceType::Seed | ResourceType::Snapshot)
            || (self.resource_type == ResourceType::Model
                && matches!(self.materialized.as_deref(), Some("table" | "incremental")))
    }

    /// The last part of its relation: alias, identifier, or else the name.
    pub fn relation_identifier(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// A dashboard, notebook or the like that uses models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// `exposure.package.name`.
    pub unique_id: Box<str>,
    /// The name.
    pub name: Box<str>,
    /// What people read.
    pub label: Option<Box<str>>,
    /// `dashboard`, `notebook`, `analysis`, `ml`, `application`.
    pub kind: Option<Box<str>>,
    /// Where it is.
    pub url: Option<Box<str>>,
    /// Who answers for it.
    pub owner: Option<Box<str>>,
    /// Markdown; empty if there is none.
    pub description: Box<str>,
    /// What it uses, by unique id.
    pub depends_on: Vec<Box<str>>,
}

/// A project as dbt parsed it.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// Version of the manifest's schema; 0 when it does not say.
    pub version: u32,
    /// dbt's version.
    pub dbt_version: Option<Box<str>>,
    /// When it was written.
    pub generated_at: Option<Box<str>>,
    /// The project's name.
    pub project_name: Option<Box<str>>,
    /// `dremio`, `duckdb`, …
    pub adapter_type: Option<Box<str>>,
    /// Nodes and sources, sorted by unique id.
    pub nodes: Vec<Node>,
    /// Exposures, sorted by unique id.
    pub exposures: Vec<Exposure>,
    /// Unique ids of what the project has switched off.
    pub disabled: Vec<Box<str>>,
    /// What a reader should know.
    pub warnings: Vec<String>,
    by_id: FxHashMap<Box<str>, u32>,
}

impl Manifest {
    /// Reads `manifest.json`.
    pub fn read(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let wire: ManifestWire = artifacts::parse(Artifact::Manifest, bytes)?;
        let header = wire.metadata.0;
        let (version, mut warnings) = header.check(Artifact::Manifest)?;
        let Some(nodes) = wire.nodes else {
            return Err(ArtifactError::Shape {
                artifact: Artifact::Manifest,
                reason: "there are no nodes in it".to_owned(),
            });
        };
        let mut all: Vec<Node> = nodes
            .0
            .into_iter()
            .map(|(id, node)| node.0.finish(id, None))
            .chain(
                wire.sources
                    .0
                    .into_iter()
                    .map(|(id, node)| node.0.finish(id, Some(ResourceType::Source))),
            )
            .collect();
        all.sort_by(|a, b| a.unique_id.cmp(&b.unique_id));
        all.dedup_by(|later, earlier| later.unique_id == earlier.unique_id);
        let mut exposures: Vec<Exposure> =
            wire.exposures.0.into_iter().map(|(id, exposure)| exposure.0.finish(id)).collect();
        exposures.sort_by(|a, b| a.unique_id.cmp(&b.unique_id));
        let mut disabled: Vec<Box<str>> = wire.disabled.0.into_iter().map(|(id, _)| id).collect();
        disabled.sort();
        let by_id = all
            .iter()
            .enumerate()
            .map(|(index, node)| (node.unique_id.clone(), u32::try_from(index).unwrap_or(u32::MAX)))
            .collect();
        let uncompiled = all
            .iter()
            .filter(|node| node.resource_type == ResourceType::Model)
            .filter(|node| node.compiled_code.is_none())
            .count();
        if uncompiled > 0 {
            warnings.push(format!(
                "{uncompiled} models are not compiled: `dbt compile` or `dbt docs generate` would give their SQL"
            ));
        }
        Ok(Self {
            version,
            dbt_version: header.dbt_version.given(),
            generated_at: header.generated_at.given(),
            project_name: header.project_name.given(),
            adapter_type: header.adapter_type.given(),
            nodes: all,
            exposures,
            disabled,
            warnings,
            by_id,
        })
    }

    /// The node of that unique id.
    pub fn node(&self, unique_id: &str) -> Option<&Node> {
        self.index_of(unique_id).map(|index| &self.nodes[index])
    }

    /// Where in [`Manifest::nodes`] it is.
    pub fn index_of(&self, unique_id: &str) -> Option<usize> {
        self.by_id.get(unique_id).map(|index| *index as usize)
    }

    /// Nodes that stand for data: models, seeds, snapshots and sources.
    pub fn data_nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.resource_type.is_data())
    }

    /// Whether dbt-dremio's rules for paths hold: its adapter, or none told.
    pub fn is_dremio(&self) -> bool {
        self.adapter_type.as_deref().is_none_or(|name| name.eq_ignore_ascii_case("dremio"))
    }

    /// Tests by the unique id of what they test.
    pub fn tests_by_node(&self) -> FxHashMap<&str, Vec<&Node>> {
        let mut tests: FxHashMap<&str, Vec<&Node>> = FxHashMap::default();
        for node in &self.nodes {
            let Some(test) = &node.test else { continue };
            // Older manifests do not say; what a test lists last is what it is attached to.
            let tested = test.attached_node.as_deref().or(node.depends_on.last().map(|id| &**id));
            if let Some(tested) = tested {
                tests.entry(tested).or_default().push(node);
            }
        }
        tests
    }
}

#[derive(Deserialize)]
struct ManifestWire {
    #[serde(default)]
    metadata: Record<Header>,
    nodes: Option<Entries<Record<NodeWire>>>,
    #[serde(default)]
    sources: Entries<Record<NodeWire>>,
    #[serde(default)]
    exposures: Entries<Record<ExposureWire>>,
    #[serde(default)]
    disabled: Entries<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeWire {
    name: Text,
    resource_type: Text,
    package_name: Text,
    original_file_path: Text,
    database: Text,
    schema: Text,
    alias: Text,
    identifier: Text,
    relation_name: Text,
    description: Text,
    columns: Entries<Record<ColumnWire>>,
    tags: List<Text>,
    meta: Record<MetaWire>,
    group: Text,
    config: Record<ConfigWire>,
    depends_on: Record<DependsWire>,
    raw_code: Text,
    raw_sql: Text,
    compiled_code: Text,
    compiled_sql: Text,
    refs: List<RefCall>,
    sources: List<RefCall>,
    version: Text,
    source_name: Text,
    test_metadata: Record<TestWire>,
    column_name: Text,
    attached_node: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ColumnWire {
    name: Text,
    description: Text,
    data_type: Text,
    tags: List<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MetaWire {
    owner: Text,
    openmetadata: Record<OpenMetadataWire>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OpenMetadataWire {
    owner: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ConfigWire {
    materialized: Text,
    enabled: Text,
    severity: Text,
    twin_strategy: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DependsWire {
    nodes: List<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TestWire {
    name: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ExposureWire {
    name: Text,
    label: Text,
    #[serde(rename = "type")]
    kind: Text,
    url: Text,
    owner: Record<OwnerWire>,
    description: Text,
    depends_on: Record<DependsWire>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OwnerWire {
    name: Text,
    email: Text,
}

fn texts(list: List<Text>) -> Vec<Box<str>> {
    list.0.into_iter().filter_map(|text| text.0).collect()
}

/// `model.package.name`, taken apart where a field is missing.
fn from_id(id: &str, index: usize) -> Box<str> {
    id.split('.').nth(index).unwrap_or_default().into()
}

impl NodeWire {
    fn finish(self, id: Box<str>, known: Option<ResourceType>) -> Node {
        let word = self.resource_type.or_empty();
        let word = if word.is_empty() { from_id(&id, 0) } else { word };
        let resource_type = known.unwrap_or_else(|| ResourceType::of(&word));
        let alias = match resource_type {
            ResourceType::Source => self.identifier.given(),
            _ => self.alias.given(),
        };
        let config = self.config.0;
        let test = (resource_type == ResourceType::Test).then(|| TestFacts {
            kind: self.test_metadata.0.name.given(),
            column: self.column_name.given(),
            attached_node: self.attached_node.given(),
            severity: config.severity.given().map(|word| word.to_lowercase().into()),
        });
        let meta = self.meta.0;
        let name =
            self.name.given().unwrap_or_else(|| id.rsplit('.').next().unwrap_or_default().into());
        Node {
            name,
            resource_type,
            package: self.package_name.given().unwrap_or_else(|| from_id(&id, 1)),
            file: self.original_file_path.given(),
            database: self.database.meant(),
            schema: self.schema.meant(),
            alias,
            relation_name: self.relation_name.given(),
            materialized: config.materialized.given().map(|word| word.to_lowercase().into()),
            enabled: config.enabled.0.as_deref() != Some("false"),
            description: self.description.or_empty(),
            columns: self
                .columns
                .0
                .into_iter()
                .map(|(key, Record(column))| NodeColumn {
                    name: column.name.given().unwrap_or(key),
                    description: column.description.or_empty(),
                    data_type: column.data_type.given(),
                    tags: texts(column.tags),
                })
                .collect(),
            tags: texts(self.tags),
            owner: meta.openmetadata.0.owner.given().or_else(|| meta.owner.given()),
            group: self.group.given(),
            depends_on: texts(self.depends_on.0.nodes),
            raw_code: self.raw_code.0.or(self.raw_sql.0).filter(|text| !text.is_empty()),
            compiled_code: self
                .compiled_code
                .0
                .or(self.compiled_sql.0)
                .filter(|text| !text.trim().is_empty()),
            refs: self.refs.0.into_iter().map(|call| call.0).collect(),
            source_calls: self.sources.0.into_iter().map(|call| call.0).collect(),
            version: self.version.given(),
            source_name: self.source_name.given(),
            twin_strategy: config.twin_strategy.given(),
            test,
            unique_id: id,
        }
    }
}

impl ExposureWire {
    fn finish(self, id: Box<str>) -> Exposure {
        let owner = self.owner.0;
        Exposure {
            name: self.name.given().unwrap_or_else(|| from_id(&id, 2)),
            label: self.label.given(),
            kind: self.kind.given(),
            url: self.url.given(),
            owner: owner.name.given().or_else(|| owner.email.given()),
            description: self.description.or_empty(),
            depends_on: texts(self.depends_on.0.nodes),
            unique_id: id,
        }
    }
}
