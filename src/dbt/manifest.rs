//! [`Manifest`]: what dbt knows of a project, read from `manifest.json` of v7 and newer.
//!
//! Macros, docs and everything else that is not used is skipped without being stored. Fields that
//! are missing, new or of another type never fail the reading. How it is written: `wire`.

use rustc_hash::FxHashMap;

use super::artifacts::{self, Artifact};
use super::error::ArtifactError;
use super::lenient::{Entries, Fill, Record};
use super::owner::{OpenMetadataFacts, Owner};
use super::profile::Target;
use super::wire::{ManifestWire, NodeWire, RelayWire};

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
    pub(super) fn of(word: &str) -> Self {
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
    /// What `meta.openmetadata` asks for.
    pub openmetadata: Option<Box<OpenMetadataFacts>>,
}

/// What a test tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestFacts {
    /// `not_null`, `dbt_utils.equal_rowcount`, …; absent for a test written as SQL.
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
    /// Its file, below the project's folder, with slashes.
    pub file: Option<Box<str>>,
    /// Package, folders and name: what dbt's `fqn:` selects by.
    pub folders: Vec<Box<str>>,
    /// Space or source on Dremio.
    pub database: Option<Box<str>>,
    /// Folder path on Dremio, dotted.
    pub schema: Option<Box<str>>,
    /// The relation's name; of a source its identifier.
    pub alias: Option<Box<str>>,
    /// The relation as dbt writes it into SQL.
    pub relation_name: Option<Box<str>>,
    /// The relation of another environment that stands in for it (`--defer`), as in SQL.
    pub deferred_to: Option<Box<str>>,
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
    /// The owners that `meta` names: people or teams, by name or address.
    pub owners: Vec<Owner>,
    /// What `meta.openmetadata` asks for besides owners.
    pub openmetadata: Option<Box<OpenMetadataFacts>>,
    /// The group.
    pub group: Option<Box<str>>,
    /// `private`, `protected` or `public`.
    pub access: Option<Box<str>>,
    /// What it is made from, by unique id.
    pub depends_on: Vec<Box<str>>,
    /// SQL with Jinja, or Python.
    pub raw_code: Option<Box<str>>,
    /// SQL (or Python) as compiled; absent when dbt only parsed.
    pub compiled_code: Option<Box<str>>,
    /// Whether its code is Python, which no SQL engine reads.
    pub is_python: bool,
    /// A model's version.
    pub version: Option<Box<str>>,
    /// The version that a `ref` without one means.
    pub latest_version: Option<Box<str>>,
    /// Name of the source that a table belongs to.
    pub source_name: Option<Box<str>>,
    /// dbt-dremio's way with a view beside a table: `clone`, `allow` or `prevent`.
    pub twin_strategy: Option<Box<str>>,
    /// The alias of its configuration. dbt-dremio gives a table that of `file` instead, and this one
    /// to the view beside it.
    pub configured_alias: Option<Box<str>>,
    /// What the project itself says of where it goes, instead of the target.
    pub placement: Option<Box<Placement>>,
    /// Of a test.
    pub test: Option<TestFacts>,
}

/// Which parts of its place a node's own configuration names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Placement {
    /// The space of a view.
    pub database: bool,
    /// The folder of a view, or a part of it.
    pub schema: bool,
    /// The object storage source of a table.
    pub source: bool,
    /// The path of a table.
    pub path: bool,
}

impl Placement {
    /// Whether database and schema are named, for a table or for a view.
    pub fn names(&self, is_stored: bool) -> (bool, bool) {
        if is_stored { (self.source, self.path) } else { (self.database, self.schema) }
    }
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
    pub owners: Vec<Owner>,
    /// Markdown; empty if there is none.
    pub description: Box<str>,
    /// What it uses, by unique id: also metrics, saved queries and the like.
    pub depends_on: Vec<Box<str>>,
}

/// A test of a model's logic on made-up rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitTest {
    /// `unit_test.package.model.name`.
    pub unique_id: Box<str>,
    /// The name.
    pub name: Box<str>,
    /// The tested model, by unique id.
    pub tested: Option<Box<str>>,
}

/// A group of models with someone who answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: Box<str>,
    /// Who answers for it.
    pub owners: Vec<Owner>,
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
    /// Unit tests, sorted by unique id.
    pub unit_tests: Vec<UnitTest>,
    /// Groups, sorted by name.
    pub groups: Vec<Group>,
    /// Unique ids of what the project has switched off.
    pub disabled: Vec<Box<str>>,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// The target of dbt's profile that it is of, where that is known: `target` in Jinja.
    pub target: Option<Target>,
    by_id: FxHashMap<Box<str>, u32>,
    /// What metrics, semantic models, saved queries and functions are made from.
    relays: FxHashMap<Box<str>, Vec<Box<str>>>,
}

impl Manifest {
    /// Reads `manifest.json`.
    pub fn read(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let Record(wire): Record<ManifestWire> = artifacts::parse(Artifact::Manifest, bytes)?;
        let header = wire.metadata.0;
        let (version, mut warnings) = header.check(Artifact::Manifest)?;
        if !wire.nodes.is_map {
            return Err(ArtifactError::Shape {
                artifact: Artifact::Manifest,
                reason: "there are no nodes in it".to_owned(),
            });
        }
        let nodes = wire.nodes.list.into_iter().map(|(id, node)| node.0.finish(id, None));
        let source = |(id, node): (Box<str>, Record<NodeWire>)| {
            node.0.finish(id, Some(ResourceType::Source))
        };
        let mut all: Vec<Node> = nodes.chain(wire.sources.list.into_iter().map(source)).collect();
        // Of what comes twice the later counts.
        all.reverse();
        all.sort_by(|a, b| a.unique_id.cmp(&b.unique_id));
        all.dedup_by(|later, earlier| later.unique_id == earlier.unique_id);
        let mut exposures = finished(wire.exposures, |wire, id| wire.finish(id));
        exposures.sort_by(|a, b| a.unique_id.cmp(&b.unique_id));
        let mut unit_tests = finished(wire.unit_tests, |wire, id| wire.finish(id));
        unit_tests.sort_by(|a, b| a.unique_id.cmp(&b.unique_id));
        let mut groups = finished(wire.groups, |wire, id| wire.finish(&id));
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        let relay = |(id, Record(relay)): (Box<str>, Record<RelayWire>)| (id, relay.finish());
        let relays = [wire.metrics, wire.semantic_models, wire.saved_queries, wire.functions]
            .into_iter()
            .flat_map(|entries| entries.list)
            .map(relay)
            .collect();
        let mut disabled: Vec<Box<str>> =
            wire.disabled.list.into_iter().map(|(id, _)| id).collect();
        disabled.sort();
        let by_id = all
            .iter()
            .enumerate()
            .map(|(index, node)| (node.unique_id.clone(), u32::try_from(index).unwrap_or(u32::MAX)))
            .collect();
        let uncompiled = all
            .iter()
            .filter(|node| node.resource_type == ResourceType::Model && node.is_dataset())
            .filter(|node| node.compiled_code.is_none() && !node.is_python)
            .count();
        if uncompiled > 0 {
            let (are, their) =
                if uncompiled == 1 { ("model is", "its") } else { ("models are", "their") };
            warnings.push(format!(
                "{uncompiled} {are} not compiled: `dbt compile` or `dbt docs generate` would give {their} SQL"
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
            unit_tests,
            groups,
            disabled,
            warnings,
            target: None,
            by_id,
            relays,
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

    /// Metrics, semantic models, saved queries and functions, and what each is made from.
    pub(super) fn relays(&self) -> impl Iterator<Item = (&str, &[Box<str>])> {
        self.relays.iter().map(|(id, parents)| (&**id, &**parents))
    }

    /// The group of that name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| &*group.name == name)
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

/// The records of a map, finished with their keys.
fn finished<W: Fill, T>(entries: Entries<Record<W>>, finish: impl Fn(W, Box<str>) -> T) -> Vec<T> {
    entries.list.into_iter().map(|(id, Record(wire))| finish(wire, id)).collect()
}
