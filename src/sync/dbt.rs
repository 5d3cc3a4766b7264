//! Bringing dbt's facts to OpenMetadata: descriptions, tags, `dataModel` and lineage of matched
//! datasets, through the same plan, diff and application as any sync.
//!
//! What is matched with what is decided in [`crate::dbt`]; nothing here reads a file.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::desired::{self, Body, Desired};
use super::edges::EdgeBody;
use super::governance::{self, Known, LeftOut, own_labels};
use super::lineage::desired_edges;
use super::plan::{Current, Payload, Plan, PlanOptions, plan};
use super::read;
use super::selection::Selection;
use super::session::{
    PrepareError, Prepared, Sources, Step, SyncSettings, principal, recover, server_traits,
};
use super::texts::{self, Texts, Wanted};
use crate::dbt::{CatalogArtifact, Manifest, MatchReport, ModelGraph, Node, sql};
use crate::model::DatasetPath;
use crate::model::path::fold;
use crate::openmetadata::entity::{CreateColumn, EntityType, StoredCommon, TagLabel};
use crate::openmetadata::{Client, Error, names};

/// Words for the classification and tags that are made.
const CLASSIFICATION_TEXT: &str = "Tags of dbt models, sources and columns.";

/// What dbt knows, and which dataset each node is.
#[derive(Clone, Copy, Debug)]
pub struct DbtFacts<'a> {
    /// The project.
    pub manifest: &'a Manifest,
    /// dbt's own catalogue, for comments in the database.
    pub artifact: Option<&'a CatalogArtifact>,
    /// The matches.
    pub matches: &'a MatchReport,
    /// Datasets that stay out although a node is one of them.
    pub without: &'a [DatasetPath],
}

/// What of dbt is to be brought besides descriptions and lineage.
#[derive(Clone, Copy, Debug)]
pub struct DbtWishes<'a> {
    /// The classification of dbt's tags; `None` leaves tags, tiers and glossary terms out.
    pub tags_as: Option<&'a str>,
    /// Owners of tables that have none.
    pub owners: bool,
}

/// Reads what is missing and plans what the matched datasets would get; tells besides what dbt names
/// for OpenMetadata and cannot be brought. `sources.graph` must hold dbt's edges already
/// ([`crate::lineage::dbt::merge`]). Writes nothing.
pub async fn prepare(
    sources: Sources<'_>,
    facts: DbtFacts<'_>,
    settings: &SyncSettings,
    wishes: DbtWishes<'_>,
    on_step: &(dyn Fn(Step) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<(Prepared, Vec<LeftOut>), PrepareError> {
    let is_left_out = |path: &&DatasetPath| facts.without.iter().any(|out| path.is_within(out));
    let datasets = facts.matches.datasets().into_values();
    let matched: HashSet<DatasetPath> =
        datasets.filter(|path| !is_left_out(path)).map(DatasetPath::folded).collect();
    let wanted = Wanted { wikis: settings.descriptions && !matched.is_empty(), labels: false };
    let on_text = |done, total| on_step(Step::Texts(done, total));
    let selection = Selection { names: settings.names.clone(), ..Selection::default() };
    let project = |options| desired::project(sources.catalog, &selection, &options);
    let paths = only(&project(settings.projection(&Texts::default()))?, &matched).paths();
    let texts =
        texts::read(sources.dremio, sources.catalog, &paths, wanted, &on_text, cancel).await;
    if cancel.is_cancelled() {
        return Err(PrepareError::Cancelled);
    }
    // Edges may come from what takes no part.
    let options = settings.projection(&texts);
    let everything = desired::project(sources.catalog, &Selection::default(), &options)?;
    let mut desired = if selection.is_everything() {
        only(&everything, &matched)
    } else {
        only(&project(options)?, &matched)
    };
    if settings.lineage {
        desired.edges = desired_edges(sources.graph, sources.catalog, &everything, &desired);
        settings.narrow(&mut desired.edges);
    }
    let nodes = nodes_by_path(facts, &facts.matches.datasets());
    let described: BTreeSet<usize> = desired
        .entities
        .iter()
        .filter(|entity| matches!(entity.body, Body::Table(_)))
        .filter_map(|entity| nodes.get(&entity.path.folded()).copied())
        .collect();
    let described: Vec<usize> = described.into_iter().collect();
    let known = governance::resolve(
        sources.openmetadata,
        sources.server.numbers,
        facts.manifest,
        facts.artifact,
        &described,
        governance::Wishes { owners: wishes.owners, tags_as: wishes.tags_as },
    )
    .await?;
    if cancel.is_cancelled() {
        return Err(PrepareError::Cancelled);
    }
    desired.exclusive.clone_from(&known.exclusive);
    decorate(&mut desired, &everything, facts, settings, wishes.tags_as, &nodes, &known);
    let (memory, settled) = sources.remembered(settings);
    let on_read = |progress| on_step(Step::Current(progress));
    let current = read::current(sources.openmetadata, &desired, &settled, false, &on_read, cancel)
        .await?
        .ok_or(PrepareError::Cancelled)?;
    keep_hashes(&mut desired, &current);
    let traits = server_traits(sources.server);
    let plan_options = PlanOptions {
        principal: principal(sources.server),
        traits,
        overwrite_descriptions: settings.overwrite_descriptions,
        overwrite_owners: settings.overwrite_owners,
        prune: None,
    };
    let mut plan = plan(&desired, &current, &plan_options);
    let unread_texts = texts.failed;
    let client = sources.openmetadata;
    let interrupted = recover(client, memory.as_ref(), &current, &mut plan, cancel).await?;
    let prepared = Prepared {
        desired,
        current,
        plan,
        traits,
        unread_texts,
        interrupted,
        settled,
        pruned: false,
        memory,
    };
    Ok((prepared, known.left_out))
}

/// The tables of these paths, with the schemas and databases that they stand in.
fn only(everything: &Desired, matched: &HashSet<DatasetPath>) -> Desired {
    let mut schemas = HashSet::new();
    let mut kept: Vec<_> = everything
        .entities
        .iter()
        .filter(|entity| {
            matches!(entity.body, Body::Table(_)) && matched.contains(&entity.path.folded())
        })
        .cloned()
        .collect();
    for entity in &kept {
        if let Body::Table(table) = &entity.body {
            schemas.insert(table.database_schema.as_str());
        }
    }
    let mut databases = HashSet::new();
    let mut parents = Vec::new();
    for entity in &everything.entities {
        if let Body::Schema(schema) = &entity.body
            && schemas.contains(entity.fqn.as_str())
        {
            databases.insert(schema.database.as_str());
            parents.push(entity.clone());
        }
    }
    let mut entities: Vec<_> = everything
        .entities
        .iter()
        .filter(|entity| {
            matches!(entity.body, Body::Database(_)) && databases.contains(entity.fqn.as_str())
        })
        .cloned()
        .collect();
    entities.append(&mut parents);
    entities.append(&mut kept);
    let conflicts = everything
        .conflicts
        .iter()
        .filter(|conflict| matched.contains(&conflict.path.folded()))
        .cloned()
        .collect();
    Desired {
        service: everything.service.clone(),
        entities,
        edges: Vec::new(),
        conflicts,
        traced: HashSet::new(),
        unread: everything.unread.clone(),
        exclusive: everything.exclusive.clone(),
    }
}

/// Puts dbt's words on the tables: over Dremio's wiki, which nobody sees there then.
fn decorate(
    desired: &mut Desired,
    everything: &Desired,
    facts: DbtFacts<'_>,
    settings: &SyncSettings,
    tags_as: Option<&str>,
    nodes: &HashMap<DatasetPath, usize>,
    known: &Known,
) {
    let graph = ModelGraph::of(facts.manifest);
    let datasets = facts.matches.datasets();
    let fqns: HashMap<DatasetPath, &str> = everything
        .entities
        .iter()
        .filter(|entity| matches!(entity.body, Body::Table(_)))
        .map(|entity| (entity.path.folded(), entity.fqn.as_str()))
        .collect();
    let fqn_of = |index: usize| {
        let path = datasets.get(&*facts.manifest.nodes[index].unique_id)?;
        fqns.get(&path.folded()).map(|fqn| (*fqn).to_owned())
    };
    let mut upstream: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for edge in &graph.physical_edges {
        if let Some(fqn) = fqn_of(edge.from) {
            upstream.entry(edge.to).or_default().insert(fqn);
        }
    }
    let mut compiled: HashMap<String, String> = HashMap::new();
    for entity in &mut desired.entities {
        let Body::Table(table) = &mut entity.body else { continue };
        let Some(index) = nodes.get(&entity.path.folded()).copied() else { continue };
        let node = &facts.manifest.nodes[index];
        if settings.descriptions && !node.description.trim().is_empty() {
            table.common.description = Some(node.description.to_string());
        }
        let comments = comments(node, facts.artifact);
        for (column, dremio_name) in table.columns.iter_mut().zip(&entity.dremio_columns) {
            let key = fold(dremio_name);
            if settings.descriptions
                && let Some(text) = comments.get(&key)
            {
                column.description = Some((*text).to_owned());
            }
            let documented = node.columns.iter().find(|documented| fold(&documented.name) == key);
            if let (Some(classification), Some(documented)) = (tags_as, documented) {
                column.tags.extend(own_labels(classification, &documented.tags));
            }
            add_labels(&mut column.tags, known.column_tags.get(&(index, key)));
        }
        if let Some(classification) = tags_as {
            table.common.tags.extend(own_labels(classification, &node.tags));
        }
        let sql = sql::compiled(facts.manifest, node);
        let upstream = upstream.get(&index).map(|fqns| fqns.iter().cloned().collect());
        entity.data_model = Some(data_model(
            facts.manifest,
            node,
            sql.as_deref(),
            upstream.unwrap_or_default(),
            &table.columns,
            &table.common.tags,
        ));
        // Not among dbt's facts: storing those would set owners and tags past all that the plan
        // keeps (contract §6).
        add_labels(&mut table.common.tags, known.tags.get(&index));
        table.common.owners = known.owners.get(&index).cloned().unwrap_or_default();
        table.common.domains = known.domains.get(&index).cloned().into_iter().collect();
        if let Some(sql) = sql {
            compiled.insert(entity.fqn.clone(), sql);
        }
    }
    for edge in &mut desired.edges {
        if edge.sql.is_none() {
            edge.sql = compiled.get(&edge.to).cloned();
        }
    }
}

/// The node of each dataset. A source over a dataset that another node makes has less to say of it,
/// and comes later in the manifest: the first counts.
fn nodes_by_path(
    facts: DbtFacts<'_>,
    datasets: &HashMap<&str, &DatasetPath>,
) -> HashMap<DatasetPath, usize> {
    let mut nodes = HashMap::new();
    for (index, node) in facts.manifest.nodes.iter().enumerate() {
        if let Some(path) = datasets.get(&*node.unique_id) {
            nodes.entry(path.folded()).or_insert(index);
        }
    }
    nodes
}

/// Adds labels that are not among `tags` yet.
fn add_labels(tags: &mut Vec<TagLabel>, more: Option<&Vec<TagLabel>>) {
    for label in more.into_iter().flatten() {
        if !tags.iter().any(|tag| tag.tag_fqn == label.tag_fqn && tag.source == label.source) {
            tags.push(label.clone());
        }
    }
}

/// Descriptions by folded column name: comments in the database first (contract §6).
fn comments<'a>(node: &'a Node, artifact: Option<&'a CatalogArtifact>) -> HashMap<String, &'a str> {
    let documented = node.columns.iter().map(|column| (fold(&column.name), &*column.description));
    let table = artifact.and_then(|artifact| artifact.tables.get(&node.unique_id));
    let commented = table
        .into_iter()
        .flat_map(|table| &table.columns)
        .filter_map(|column| Some((fold(&column.name), column.comment.as_deref()?)));
    documented.chain(commented).filter(|(_, text)| !text.trim().is_empty()).collect()
}

fn data_model(
    manifest: &Manifest,
    node: &Node,
    sql: Option<&str>,
    upstream: Vec<String>,
    columns: &[CreateColumn],
    tags: &[TagLabel],
) -> Value {
    let mut model = json!({
        "modelType": "DBT",
        "resourceType": node.resource_type.name(),
        "upstream": upstream,
        "columns": columns.iter().map(model_column).collect::<Vec<_>>(),
    });
    let mut set = |key: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            model[key] = json!(value);
        }
    };
    set("description", Some(&node.description));
    set("path", node.file.as_deref());
    set("rawSql", node.raw_code.as_deref());
    set("sql", sql);
    set("dbtSourceProject", manifest.project_name.as_deref());
    set("generatedAt", manifest.generated_at.as_deref());
    if !tags.is_empty() {
        model["tags"] = json!(tags);
    }
    model
}

/// A column without what only the table's own columns have.
fn model_column(column: &CreateColumn) -> Value {
    let mut value = json!({
        "name": column.name,
        "dataType": column.data_type,
        "dataLength": column.data_length.unwrap_or(1),
    });
    if let Some(element) = &column.array_data_type {
        value["arrayDataType"] = json!(element);
    }
    if let Some(position) = column.ordinal_position {
        value["ordinalPosition"] = json!(position);
    }
    if let Some(text) = &column.description {
        value["description"] = json!(text);
    }
    value
}

/// The hash belongs to the sync of Dremio: what dbt adds must not make that write again.
fn keep_hashes(desired: &mut Desired, current: &Current) {
    let tables = current.tables.iter().map(|table| (EntityType::Table, &table.common));
    let stored: HashMap<(EntityType, &str), &StoredCommon> = current
        .databases
        .iter()
        .map(|stored| (EntityType::Database, stored))
        .chain(current.schemas.iter().map(|stored| (EntityType::DatabaseSchema, stored)))
        .chain(tables)
        .map(|(entity, stored)| ((entity, stored.fully_qualified_name.as_str()), stored))
        .collect();
    for entity in &mut desired.entities {
        let key = (entity.body.entity_type(), entity.fqn.as_str());
        if let (Some(stored), Some(common)) = (stored.get(&key), entity.body.common_mut())
            && stored.source_hash.is_some()
        {
            common.source_hash.clone_from(&stored.source_hash);
        }
    }
}

/// Tags that the items still to be written carry and that their entities do not have yet.
pub fn missing_tags(plan: &Plan, classification: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for item in plan.items.iter().filter(|item| item.action.writes()) {
        let Some(Payload::Put(Body::Table(table))) = &item.payload else { continue };
        let brings_tags =
            item.changes.iter().any(|change| change.field.rsplit('.').next() == Some("tags"));
        if !brings_tags {
            continue;
        }
        let below = table.columns.iter().flat_map(|column| &column.tags);
        for tag in table.common.tags.iter().chain(below) {
            let Ok(parts) = names::split_fqn(&tag.tag_fqn) else { continue };
            if let [first, name] = parts.as_slice()
                && first == classification
            {
                found.insert(name.clone());
            }
        }
    }
    found.into_iter().collect()
}

/// Makes the classification and its tags, which must be there before anything carries them.
pub async fn make_tags(
    client: &Client,
    classification: &str,
    tags: &[String],
) -> Result<(), Error> {
    if tags.is_empty() {
        return Ok(());
    }
    client.put_classification(classification, CLASSIFICATION_TEXT).await?;
    for tag in tags {
        client.put_tag(classification, tag, "A tag of the dbt project.").await?;
    }
    Ok(())
}

/// How many edges of a plan are dbt's alone.
pub fn dbt_edges(plan: &Plan) -> usize {
    let is_dbt = |body: &EdgeBody| body.source == "DbtLineage";
    plan.items
        .iter()
        .filter(|item| matches!(&item.payload, Some(Payload::Edge(body)) if is_dbt(body)))
        .count()
}
