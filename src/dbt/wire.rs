//! `manifest.json` as it is written, and what becomes of each record in it.

use super::artifacts::HeaderWire;
use super::lenient::{Entries, List, Named, People, Record, Text, record};
use super::manifest::{
    Exposure, Group, Node, NodeColumn, Placement, ResourceType, TestFacts, UnitTest,
};
use super::owner::{OpenMetadataFacts, Owner};

record! {
    ManifestWire {
        metadata: Record<HeaderWire> = "metadata",
        nodes: Entries<Record<NodeWire>> = "nodes",
        sources: Entries<Record<NodeWire>> = "sources",
        exposures: Entries<Record<ExposureWire>> = "exposures",
        metrics: Entries<Record<RelayWire>> = "metrics",
        semantic_models: Entries<Record<RelayWire>> = "semantic_models",
        saved_queries: Entries<Record<RelayWire>> = "saved_queries",
        functions: Entries<Record<RelayWire>> = "functions",
        unit_tests: Entries<Record<UnitTestWire>> = "unit_tests",
        groups: Entries<Record<GroupWire>> = "groups",
        disabled: Entries<serde::de::IgnoredAny> = "disabled",
    }
}

record! {
    NodeWire {
        name: Text = "name",
        resource_type: Text = "resource_type",
        package_name: Text = "package_name",
        original_file_path: Text = "original_file_path",
        fqn: List<Text> = "fqn",
        database: Text = "database",
        schema: Text = "schema",
        alias: Text = "alias",
        identifier: Text = "identifier",
        relation_name: Text = "relation_name",
        defer_relation: Record<DeferWire> = "defer_relation",
        description: Text = "description",
        columns: Named<ColumnWire> = "columns",
        tags: List<Text> = "tags",
        meta: Record<MetaWire> = "meta",
        group: Text = "group",
        access: Text = "access",
        config: Record<ConfigWire> = "config",
        depends_on: Record<DependsWire> = "depends_on",
        raw_code: Text = "raw_code",
        raw_sql: Text = "raw_sql",
        compiled_code: Text = "compiled_code",
        compiled_sql: Text = "compiled_sql",
        language: Text = "language",
        version: Text = "version",
        latest_version: Text = "latest_version",
        source_name: Text = "source_name",
        test_metadata: Record<TestWire> = "test_metadata",
        column_name: Text = "column_name",
        attached_node: Text = "attached_node",
    }
}

record! {
    DeferWire {
        relation_name: Text = "relation_name",
    }
}

record! {
    ColumnWire {
        name: Text = "name",
        description: Text = "description",
        data_type: Text = "data_type",
        tags: List<Text> = "tags",
        meta: Record<MetaWire> = "meta",
        config: Record<ColumnConfigWire> = "config",
    }
}

record! {
    ColumnConfigWire {
        tags: List<Text> = "tags",
        meta: Record<MetaWire> = "meta",
    }
}

record! {
    MetaWire {
        owner: People = "owner",
        openmetadata: Record<OpenMetadataWire> = "openmetadata",
    }
}

record! {
    OpenMetadataWire {
        owner: People = "owner",
        tier: Text = "tier",
        glossary: List<Text> = "glossary",
        tags: List<Text> = "tags",
        domain: List<Text> = "domain",
        custom_properties: Entries<serde::de::IgnoredAny> = "customProperties",
    }
}

record! {
    ConfigWire {
        materialized: Text = "materialized",
        enabled: Text = "enabled",
        severity: Text = "severity",
        twin_strategy: Text = "twin_strategy",
        alias: Text = "alias",
        tags: List<Text> = "tags",
        meta: Record<MetaWire> = "meta",
        group: Text = "group",
        access: Text = "access",
        database: Text = "database",
        dremio_space: Text = "dremio_space",
        schema: Text = "schema",
        dremio_space_folder: Text = "dremio_space_folder",
        datalake: Text = "datalake",
        object_storage_source: Text = "object_storage_source",
        root_path: Text = "root_path",
        object_storage_path: Text = "object_storage_path",
    }
}

record! {
    DependsWire {
        nodes: List<Text> = "nodes",
    }
}

record! {
    TestWire {
        name: Text = "name",
        namespace: Text = "namespace",
    }
}

record! {
    ExposureWire {
        name: Text = "name",
        label: Text = "label",
        kind: Text = "type",
        url: Text = "url",
        owner: People = "owner",
        description: Text = "description",
        depends_on: Record<DependsWire> = "depends_on",
    }
}

record! {
    RelayWire {
        depends_on: Record<DependsWire> = "depends_on",
    }
}

record! {
    UnitTestWire {
        name: Text = "name",
        tested_node_unique_id: Text = "tested_node_unique_id",
        depends_on: Record<DependsWire> = "depends_on",
    }
}

record! {
    GroupWire {
        name: Text = "name",
        owner: People = "owner",
    }
}

fn texts(list: List<Text>) -> Vec<Box<str>> {
    list.0.into_iter().filter_map(|text| text.given()).collect()
}

/// Two lists of tags as one: newer manifests have them at the node and in its configuration.
fn joined(own: List<Text>, configured: List<Text>) -> Vec<Box<str>> {
    let mut tags = texts(own);
    for tag in texts(configured) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// `model.package.name`, taken apart where a field is missing.
fn from_id(id: &str, index: usize) -> Box<str> {
    id.split('.').nth(index).unwrap_or_default().into()
}

impl MetaWire {
    /// Whom the metadata names: what is meant for OpenMetadata first (contract §6). And what else
    /// it asks OpenMetadata for.
    fn finish(self) -> (Vec<Owner>, Option<Box<OpenMetadataFacts>>) {
        let meant = self.openmetadata.0;
        let facts = OpenMetadataFacts {
            tier: meant.tier.meant(),
            glossary: texts(meant.glossary),
            tags: texts(meant.tags),
            domains: texts(meant.domain),
            custom_properties: meant
                .custom_properties
                .list
                .into_iter()
                .map(|(name, _)| name)
                .collect(),
        };
        let owners = if meant.owner.0.is_empty() { self.owner.0 } else { meant.owner.0 };
        let is_given = facts != OpenMetadataFacts::default();
        (owners, is_given.then(|| Box::new(facts)))
    }
}

/// What is told twice: newer manifests have it at the node and in its configuration.
fn told(own: MetaWire, configured: MetaWire) -> (Vec<Owner>, Option<Box<OpenMetadataFacts>>) {
    let ((owners, facts), (other_owners, other_facts)) = (own.finish(), configured.finish());
    (if owners.is_empty() { other_owners } else { owners }, facts.or(other_facts))
}

impl NodeWire {
    pub(super) fn finish(self, id: Box<str>, known: Option<ResourceType>) -> Node {
        let word = self.resource_type.or_empty();
        let word = if word.is_empty() { from_id(&id, 0) } else { word };
        let resource_type = known.unwrap_or_else(|| ResourceType::of(&word));
        let alias = match resource_type {
            ResourceType::Source => self.identifier.given(),
            _ => self.alias.given(),
        };
        let config = self.config.0;
        let placement = config.placement();
        let test = (resource_type == ResourceType::Test).then(|| TestFacts {
            kind: kind_of_test(self.test_metadata.0),
            column: self.column_name.given(),
            attached_node: self.attached_node.given(),
            severity: config.severity.given().map(|word| word.to_lowercase().into()),
        });
        let (owners, openmetadata) = told(self.meta.0, config.meta.0);
        // The name of a source's table stands behind that of the source.
        let place = if resource_type == ResourceType::Source { 3 } else { 2 };
        Node {
            name: self.name.given().unwrap_or_else(|| from_id(&id, place)),
            resource_type,
            package: self.package_name.given().unwrap_or_else(|| from_id(&id, 1)),
            file: self.original_file_path.given().map(|path| path.replace('\\', "/").into()),
            folders: texts(self.fqn),
            database: self.database.meant(),
            schema: self.schema.meant(),
            alias,
            relation_name: self.relation_name.meant(),
            deferred_to: self.defer_relation.0.relation_name.meant(),
            materialized: config.materialized.given().map(|word| word.to_lowercase().into()),
            enabled: config.enabled.0.is_none_or(|word| !word.eq_ignore_ascii_case("false")),
            description: self.description.or_empty(),
            columns: self
                .columns
                .0
                .into_iter()
                .map(|(key, Record(column))| NodeColumn {
                    name: column.name.given().unwrap_or(key),
                    description: column.description.or_empty(),
                    data_type: column.data_type.given(),
                    tags: joined(column.tags, column.config.0.tags),
                    openmetadata: told(column.meta.0, column.config.0.meta.0).1,
                })
                .filter(|column| !column.name.is_empty())
                .collect(),
            tags: joined(self.tags, config.tags),
            owners,
            openmetadata,
            group: self.group.given().or_else(|| config.group.given()),
            access: self.access.given().or_else(|| config.access.given()),
            depends_on: texts(self.depends_on.0.nodes),
            raw_code: self.raw_code.0.or(self.raw_sql.0).filter(|text| !text.is_empty()),
            compiled_code: self
                .compiled_code
                .0
                .or(self.compiled_sql.0)
                .filter(|text| !text.trim().is_empty()),
            is_python: self.language.0.is_some_and(|word| word.eq_ignore_ascii_case("python")),
            version: self.version.given(),
            latest_version: self.latest_version.given(),
            source_name: self
                .source_name
                .given()
                .or_else(|| (resource_type == ResourceType::Source).then(|| from_id(&id, 2))),
            twin_strategy: config.twin_strategy.given(),
            configured_alias: config.alias.given(),
            placement,
            test,
            unique_id: id,
        }
    }
}

impl ConfigWire {
    /// What it says of the place, by dbt-dremio's names and the general ones.
    fn placement(&self) -> Option<Box<Placement>> {
        let names = |texts: [&Text; 2]| texts.iter().any(|text| (*text).clone().meant().is_some());
        let placement = Placement {
            database: names([&self.database, &self.dremio_space]),
            schema: names([&self.schema, &self.dremio_space_folder]),
            source: names([&self.datalake, &self.object_storage_source]),
            path: names([&self.root_path, &self.object_storage_path]),
        };
        (placement != Placement::default()).then(|| Box::new(placement))
    }
}

/// `not_null`, `dbt_utils.equal_rowcount`, …
fn kind_of_test(test: TestWire) -> Option<Box<str>> {
    let name = test.name.given()?;
    Some(match test.namespace.given() {
        Some(package) => format!("{package}.{name}").into(),
        None => name,
    })
}

impl ExposureWire {
    pub(super) fn finish(self, id: Box<str>) -> Exposure {
        Exposure {
            name: self.name.given().unwrap_or_else(|| from_id(&id, 2)),
            label: self.label.given(),
            kind: self.kind.given(),
            url: self.url.given(),
            owners: self.owner.0,
            description: self.description.or_empty(),
            depends_on: texts(self.depends_on.0.nodes),
            unique_id: id,
        }
    }
}

impl RelayWire {
    pub(super) fn finish(self) -> Vec<Box<str>> {
        texts(self.depends_on.0.nodes)
    }
}

impl UnitTestWire {
    pub(super) fn finish(self, id: Box<str>) -> UnitTest {
        let depends_on = texts(self.depends_on.0.nodes);
        UnitTest {
            name: self.name.given().unwrap_or_else(|| from_id(&id, 3)),
            tested: self.tested_node_unique_id.given().or_else(|| depends_on.into_iter().next()),
            unique_id: id,
        }
    }
}

impl GroupWire {
    pub(super) fn finish(self, id: &str) -> Group {
        Group { name: self.name.given().unwrap_or_else(|| from_id(id, 2)), owners: self.owner.0 }
    }
}
