//! Reading what OpenMetadata holds now: list calls for entities, and lineage only of those tables
//! whose edges are not known to be as we last left them.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio_util::sync::CancellationToken;

use super::desired::{Body, Desired};
use super::plan::Current;
use super::settled::{EdgeHashes, SettledEdges};
use crate::openmetadata::entity::{EntityType, StoredCommon, StoredEdge, StoredTable};
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
        let trust = Trust { settled: &nothing, exactly: false };
        let read =
            read_edges(client, desired, trust, &targets, &mut current, progress, on_progress);
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
    let trust = Trust { settled, exactly: all };
    read_edges(client, desired, trust, &targets, &mut current, progress, on_progress).await?;
    revived_edges(client, desired, &mut current).await?;
    Ok(current)
}

/// What is taken as known of edges without reading them.
#[derive(Clone, Copy)]
struct Trust<'a> {
    settled: &'a SettledEdges,
    /// Only where it is also known that there are no others.
    exactly: bool,
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
    trust: Trust<'_>,
    targets: &HashSet<&str>,
    current: &mut Current,
    mut progress: ReadProgress,
    on_progress: &(dyn Fn(ReadProgress) + Send + Sync),
) -> Result<(), Error> {
    let hashes = EdgeHashes::of(desired, current);
    let at_stake = at_stake(desired, current);
    let mut unsettled = Vec::new();
    for table in &current.tables {
        let fqn = &table.common.fully_qualified_name;
        if !targets.contains(fqn.as_str()) {
            continue;
        }
        let is_known = trust.settled.holds(&table.common, &hashes)
            && (!trust.exactly || trust.settled.is_exact(fqn))
            && !at_stake.contains(fqn.as_str());
        if is_known {
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

/// FQNs of tables whose edges the server may rewrite in this run, because a table at one of their
/// ends will be written (quirk 15): whatever somebody has made of them meanwhile has to be known.
fn at_stake<'a>(desired: &'a Desired, current: &Current) -> HashSet<&'a str> {
    let stored: HashMap<&str, Option<&str>> = current
        .tables
        .iter()
        .map(|table| (&*table.common.fully_qualified_name, table.common.source_hash.as_deref()))
        .collect();
    let changing: HashSet<&str> = desired
        .entities
        .iter()
        .filter_map(|entity| match &entity.body {
            Body::Table(table) => Some((entity.fqn.as_str(), table.common.source_hash.as_deref())),
            _ => None,
        })
        .filter(|(fqn, hash)| stored.get(*fqn).is_some_and(|stored| stored != hash))
        .map(|(fqn, _)| fqn)
        .collect();
    let upstream = desired.edges.iter().filter(|edge| changing.contains(edge.from.as_str()));
    upstream.map(|edge| edge.to.as_str()).chain(changing.iter().copied()).collect()
}

/// The desired edges into soft-deleted tables, which keep them and come back with them. The server
/// may deny such a table itself (contract §5.2), so they are read from their other end.
async fn revived_edges(
    client: &Client,
    desired: &Desired,
    current: &mut Current,
) -> Result<(), Error> {
    let by_fqn: HashMap<&str, &StoredCommon> = current
        .tables
        .iter()
        .map(|table| (table.common.fully_qualified_name.as_str(), &table.common))
        .collect();
    let ends = desired.edges.iter().filter_map(|edge| {
        let (from, to) = (by_fqn.get(edge.from.as_str())?, by_fqn.get(edge.to.as_str())?);
        let is_known = current.settled.contains(&edge.to);
        (to.deleted && !is_known).then_some((*from, to.id.as_str()))
    });
    let mut outgoing: BTreeMap<&str, (bool, Vec<&str>)> = BTreeMap::new();
    for (from, to) in ends {
        outgoing.entry(&from.id).or_insert((from.deleted, Vec::new())).1.push(to);
    }
    let edges: Vec<Vec<StoredEdge>> = stream::iter(outgoing)
        .map(|(from, (is_deleted, to))| async move {
            if !is_deleted {
                let mut edges = client.lineage(from, 0, 1).await?.downstream_edges;
                edges.retain(|edge| edge.from_entity == from && to.contains(&&*edge.to_entity));
                return Ok(edges);
            }
            let mut edges = Vec::new();
            for to in to {
                edges.extend(client.edge(from, to).await?);
            }
            Ok(edges)
        })
        .buffer_unordered(client.max_concurrency())
        .try_collect()
        .await?;
    for edge in edges.into_iter().flatten() {
        current.edges.insert((edge.from_entity.clone(), edge.to_entity.clone()), edge);
    }
    Ok(())
}
