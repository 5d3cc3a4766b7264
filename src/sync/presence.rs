//! Which datasets have no table in OpenMetadata: found out by lists of names alone, much lighter
//! than a plan.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio_util::sync::CancellationToken;

use super::desired::{self, Body, Desired};
use super::selection::Selection;
use super::session::{PrepareError, SyncSettings};
use super::texts::Texts;
use crate::model::path::fold;
use crate::model::{Catalog, DatasetPath};
use crate::openmetadata::entity::{EntityType, StoredCommon};
use crate::openmetadata::{Client, Error, names};

/// Reads which of these datasets (folded paths) have no table in OpenMetadata, or a deleted one;
/// also those that cannot be brought there at all. As `datasets` spells them, in their order.
/// `on_progress` hears how many of how many databases were listed. Nothing is written.
pub async fn missing(
    client: &Client,
    catalog: &Catalog,
    settings: &SyncSettings,
    datasets: &BTreeSet<DatasetPath>,
    on_progress: &(dyn Fn(usize, usize) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<Vec<DatasetPath>, PrepareError> {
    let projection = settings.projection(&Texts::default());
    let projected = desired::project(catalog, &Selection::default(), &projection)?;
    let wanted = tables(&projected, datasets);
    let listing = stored(client, wanted.values(), on_progress);
    let stored = tokio::select! {
        () = cancel.cancelled() => return Err(PrepareError::Cancelled),
        stored = listing => stored?,
    };
    let there = |fqn: &String| stored.contains(&fold(fqn));
    Ok(without_table(datasets, &wanted, there))
}

/// The same from what was read for a plan.
pub fn missing_of<'a>(
    projected: &Desired,
    stored: impl Iterator<Item = &'a StoredCommon>,
    datasets: &BTreeSet<DatasetPath>,
) -> Vec<DatasetPath> {
    let stored = living(stored);
    without_table(datasets, &tables(projected, datasets), |fqn| stored.contains(&fold(fqn)))
}

/// The FQN of each dataset's table, by folded path; of those that can have one.
fn tables(projected: &Desired, datasets: &BTreeSet<DatasetPath>) -> HashMap<DatasetPath, String> {
    let folded: HashSet<DatasetPath> = datasets.iter().map(DatasetPath::folded).collect();
    projected
        .entities
        .iter()
        .filter(|entity| matches!(entity.body, Body::Table(_)))
        .map(|entity| (entity.path.folded(), entity.fqn.clone()))
        .filter(|(path, _)| folded.contains(path))
        .collect()
}

fn without_table(
    datasets: &BTreeSet<DatasetPath>,
    wanted: &HashMap<DatasetPath, String>,
    is_there: impl Fn(&String) -> bool,
) -> Vec<DatasetPath> {
    let lacks = |path: &&DatasetPath| !wanted.get(&path.folded()).is_some_and(&is_there);
    datasets.iter().filter(lacks).cloned().collect()
}

/// Folded FQNs of what is not deleted.
fn living<'a>(stored: impl Iterator<Item = &'a StoredCommon>) -> HashSet<String> {
    stored.filter(|it| !it.deleted).map(|it| fold(&it.fully_qualified_name)).collect()
}

/// Folded FQNs of the tables that there are in the databases of the wanted ones.
async fn stored<'a>(
    client: &Client,
    wanted: impl Iterator<Item = &'a String>,
    on_progress: &(dyn Fn(usize, usize) + Send + Sync),
) -> Result<HashSet<String>, Error> {
    let mut databases: BTreeMap<String, String> = BTreeMap::new();
    for fqn in wanted {
        let parts = names::split_fqn(fqn).ok();
        let database = parts.and_then(|parts| names::build_fqn(parts.get(..2)?).ok());
        if let Some(database) = database {
            databases.entry(fold(&database)).or_insert(database);
        }
    }
    // A database that is not there lists no tables (contract §4.1).
    let (mut done, total) = (0, databases.len());
    on_progress(done, total);
    let mut listings =
        stream::iter(databases.into_values())
            .map(|fqn| async move {
                client.list_names(EntityType::Table, ("database", fqn.as_str())).await
            })
            .buffer_unordered(client.max_concurrency());
    let mut found = HashSet::new();
    while let Some(tables) = listings.try_next().await? {
        found.extend(living(tables.iter()));
        done += 1;
        on_progress(done, total);
    }
    Ok(found)
}
