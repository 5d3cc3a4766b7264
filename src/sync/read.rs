//! Reading what OpenMetadata holds now: list calls for entities, and lineage only of those tables
//! whose edges are not known to be as we last left them.

use std::collections::HashSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio_util::sync::CancellationToken;

use super::desired::{Body, Desired};
use super::plan::Current;
use super::settled::{EdgeHashes, SettledEdges};
use crate::openmetadata::entity::{EntityType, StoredCommon, StoredTable};
use crate::openmetadata::{Client, Error};

/// How far the reading is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadProgress {
    /// Databases listed to the end.
    pub databases: usize,
    /// Databases in all.
    pub databases_total: usize,
    /// Tables whose lineage was read.
    pub lineages: usize,
    /// Tables whose lineage has to be read.
    pub lineages_total: usize,
}

/// Reads the current state of everything desired; of every database of the service when `all`
/// (as pruning needs). `None` when cancelled.
pub async fn current(
    client: &Client,
    desired: &Desired,
    settled: &SettledEdges,
    all: bool,
    on_progress: &(dyn Fn(ReadProgress) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<Option<Current>, Error> {
    tokio::select! {
        () = cancel.cancelled() => Ok(None),
        current = read(client, desired, settled, all, on_progress) => current.map(Some),
    }
}

/// Reads the lineage of each table in `targets` (FQNs), whether or not an edge into it is desired.
/// `None` when cancelled.
pub(super) async fn lineage_of(
    client: &Client,
    desired: &Desired,
    targets: &HashSet<String>,
    on_progress: &(dyn Fn(ReadProgress) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<Option<Current>, Error> {
    let nothing = SettledEdges::default();
    let current = async {
        let (mut current, progress) = entities(client, desired, false, on_progress).await?;
        let targets = targets.iter().map(String::as_str).collect();
        let read =
            read_edges(client, desired, &nothing, &targets, &mut current, progress, on_progress);
        read.await?;
        Ok(current)
    };
    tokio::select! {
        () = cancel.cancelled() => Ok(None),
        current = current => current.map(Some),
    }
}

async fn read(
    client: &Client,
    desired: &Desired,
    settled: &SettledEdges,
    all: bool,
    on_progress: &(dyn Fn(ReadProgress) + Send + Sync),
) -> Result<Current, Error> {
    let (mut current, progress) = entities(client, desired, all, on_progress).await?;
    let targets = desired.edges.iter().map(|edge| &edge.to);
    // A view that reads nothing any more has stale edges all the same.
    let traced = desired.traced.iter().filter(|_| all);
    let targets = targets.chain(traced).map(String::as_str).collect();
    read_edges(client, desired, settled, &targets, &mut current, progress, on_progress).await?;
    Ok(current)
}

/// The service, its databases, and what is listed below those that matter.
async fn entities(
    client: &Client,
    desired: &Desired,
    all: bool,
    on_progress: &(dyn Fn(ReadProgress) + Send + Sync),
) -> Result<(Current, ReadProgress), Error> {
    let service = &desired.service.name;
    let service_fqn = crate::openmetadata::names::build_fqn(&[service])
        .map_err(|error| Error::Setup(format!("service {service:?}: {error}")))?;
    let mut current = Current {
        service: client.by_name(EntityType::DatabaseService, &service_fqn).await?,
        ..Current::default()
    };
    if current.service.is_none() {
        return Ok((current, ReadProgress::default()));
    }
    current.databases =
        client.list(EntityType::Database, ("service", &service_fqn), |_, _| ()).await?;
    let wanted: HashSet<&str> = desired
        .entities
        .iter()
        .filter(|entity| matches!(entity.body, Body::Database(_)))
        .map(|entity| entity.fqn.as_str())
        .collect();
    // Edges may come from elsewhere: whether their other end is there has to be known too.
    let upstream: HashSet<String> = desired
        .edges
        .iter()
        .filter_map(|edge| crate::openmetadata::names::split_fqn(&edge.from).ok())
        .filter_map(|parts| crate::openmetadata::names::build_fqn(parts.get(..2)?).ok())
        .collect();
    let databases: Vec<String> = current
        .databases
        .iter()
        .map(|database| database.fully_qualified_name.clone())
        .filter(|fqn| all || wanted.contains(fqn.as_str()) || upstream.contains(fqn))
        .collect();
    let mut progress = ReadProgress { databases_total: databases.len(), ..ReadProgress::default() };
    on_progress(progress);
    let mut listings = stream::iter(databases)
        .map(|fqn| async move {
            let filter = ("database", fqn.as_str());
            let schemas = client.list(EntityType::DatabaseSchema, filter, |_, _| ());
            let tables = client.list(EntityType::Table, filter, |_, _| ());
            futures::try_join!(schemas, tables)
        })
        .buffer_unordered(client.max_concurrency());
    while let Some(listed) = listings.next().await {
        let (schemas, tables): (Vec<StoredCommon>, Vec<StoredTable>) = listed?;
        current.schemas.extend(schemas);
        current.tables.extend(tables);
        progress.databases += 1;
        on_progress(progress);
    }
    drop(listings);
    Ok((current, progress))
}

async fn read_edges(
    client: &Client,
    desired: &Desired,
    settled: &SettledEdges,
    targets: &HashSet<&str>,
    current: &mut Current,
    mut progress: ReadProgress,
    on_progress: &(dyn Fn(ReadProgress) + Send + Sync),
) -> Result<(), Error> {
    let hashes = EdgeHashes::of(desired);
    let mut unsettled = Vec::new();
    for table in &current.tables {
        let fqn = &table.common.fully_qualified_name;
        if !targets.contains(fqn.as_str()) {
            continue;
        }
        if settled.holds(&table.common, &hashes) {
            current.settled.insert(fqn.clone());
        } else if !table.common.deleted {
            unsettled.push(table.common.id.clone());
        }
    }
    progress.lineages_total = unsettled.len();
    on_progress(progress);
    let mut lineages = stream::iter(unsettled)
        .map(|id| async move { client.lineage(&id, 1, 0).await })
        .buffer_unordered(client.max_concurrency());
    while let Some(lineage) = lineages.try_next().await? {
        for edge in lineage.upstream_edges {
            current.edges.insert((edge.from_entity.clone(), edge.to_entity.clone()), edge);
        }
        progress.lineages += 1;
        on_progress(progress);
    }
    Ok(())
}
