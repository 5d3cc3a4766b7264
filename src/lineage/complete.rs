//! [`complete`]: reads at their paths the tables that views name and no listing has shown. Discovery
//! does not list the folders of file systems, where most raw tables stand.

use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::discovery::{CatalogApi, resolve};
use crate::model::{Catalog, Change, DatasetPath, NodeError, NodeErrorKind};

/// A catalogue with the tables that its views name.
#[derive(Debug, Default)]
pub struct Completed {
    /// The catalogue.
    pub catalog: Catalog,
    /// The readings that go with it.
    pub engine: Engine,
    /// What was learnt, for other copies of the catalogue.
    pub changes: Vec<Change>,
    /// Paths at which there is nothing, for [`LineageGraph::settle`](super::LineageGraph::settle).
    pub absent: Vec<DatasetPath>,
    /// Paths of which it could not be found out.
    pub failed: Vec<(DatasetPath, NodeError)>,
    /// Requests sent.
    pub requests: usize,
    /// Whether it was cut short.
    pub cancelled: bool,
}

/// Asks for each unresolved path once, `workers` at a time, and again for what the views among the
/// finds name. `progress` hears how many of how many are done.
pub async fn complete<A: CatalogApi>(
    api: &A,
    catalog: Catalog,
    engine: Engine,
    workers: usize,
    cancel: &CancellationToken,
    mut progress: impl FnMut(usize, usize),
) -> Completed {
    let mut all = Completed { catalog, engine, ..Completed::default() };
    let mut tried = std::collections::HashSet::new();
    while !all.cancelled {
        let mut wanted = all.engine.unresolved(&all.catalog);
        wanted.retain(|path| tried.insert(path.folded()));
        if wanted.is_empty() {
            break;
        }
        let before = all.requests;
        let found = resolve(api, wanted, workers, cancel, |done, count| {
            progress(before + done, before + count);
        })
        .await;
        all.requests += found.requests;
        all.absent.extend(found.absent);
        all.failed.extend(found.failed);
        all.cancelled = found.cancelled;
        if found.entities.is_empty() {
            break;
        }
        let changes: Vec<Change> =
            found.entities.into_iter().map(|entity| Change::Entity(Box::new(entity))).collect();
        for change in &changes {
            all.catalog.apply(change.clone());
        }
        all.changes.extend(changes);
        let (catalog, mut engine) =
            (std::mem::take(&mut all.catalog), std::mem::take(&mut all.engine));
        let updated = spawn_blocking(move || {
            engine.update(&catalog);
            (catalog, engine)
        });
        match updated.await {
            Ok(updated) => (all.catalog, all.engine) = updated,
            // A fault of this program; the changes are there to begin again with.
            Err(error) => {
                let message = format!("the lineage engine stopped: {error}");
                all.failed.push((
                    DatasetPath::default(),
                    NodeError { kind: NodeErrorKind::Other, message },
                ));
                break;
            }
        }
    }
    all
}
