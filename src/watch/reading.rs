//! One reading of the catalogue, and how it is laid over the one before: what could not be read this
//! time is carried over, so that it neither counts as gone now nor as new the next time.

use std::collections::HashSet;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::round::{Event, RoundError};
use crate::discovery::{self, CatalogApi, DiscoveryEvent, DiscoveryOptions, GaveUp};
use crate::lineage::{Engine, LineageGraph, complete};
use crate::model::{
    Catalog, Change, DatasetDetail, DatasetPath, Entity, EntityDetail, NodeError, NodeErrorKind,
    NodeKind, NodeRef,
};
use crate::snapshots::{CatalogDiff, DatasetState, diff};

/// What a round has read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// As the server has it now.
    pub(super) catalog: Catalog,
    /// The lineage of that.
    pub(super) graph: Arc<LineageGraph>,
    /// Tables that only views name, read at their paths.
    pub(super) found: Vec<DatasetPath>,
    /// Paths that views name and at which there is nothing.
    pub(super) absent: Vec<DatasetPath>,
    /// Paths of which that could not be found out.
    failed: Vec<(DatasetPath, NodeError)>,
    /// Why the walk gave up on the way.
    pub(super) gave_up: Option<GaveUp>,
    /// What could not be read, though neither forbidden nor of a source that is down, and why.
    pub(super) lost: Vec<(DatasetPath, String)>,
}

impl Reading {
    /// Whether something may be missing that a second reading would bring. What is forbidden or lies
    /// in a source that is down is not that: it would block everything for ever, and it is known
    /// where it stands.
    pub(super) fn is_partial(&self) -> bool {
        self.gave_up.is_some() || !self.lost.is_empty()
    }
}

/// Walks the catalogue and reads the SQL of its views.
pub(super) async fn read<A: CatalogApi>(
    api: &A,
    options: DiscoveryOptions,
    on_event: &(dyn Fn(Event) + Sync),
    cancel: &CancellationToken,
) -> Result<Reading, RoundError> {
    let workers = options.max_workers.unwrap_or_else(|| api.max_concurrency());
    let mut reading = Reading::default();
    let mut root_error = None;
    let (_handle, mut events) =
        discovery::discover(api.clone(), options, cancel.child_token(), false);
    let mut is_whole = false;
    while let Some(event) = events.recv().await {
        match event {
            DiscoveryEvent::Changes(changes) => {
                for change in changes {
                    if let Change::Failed { path, error } = &change
                        && path.is_empty()
                    {
                        root_error = Some(error.clone());
                    }
                    reading.catalog.apply(change);
                }
            }
            DiscoveryEvent::Progress(stats) => on_event(Event::Reading(stats)),
            DiscoveryEvent::Warning(text) => on_event(Event::Warning(text)),
            DiscoveryEvent::GaveUp(gave_up) => {
                reading.gave_up.get_or_insert(gave_up);
            }
            DiscoveryEvent::Skipped(_) => {}
            DiscoveryEvent::Finished { cancelled, .. } => {
                is_whole = !cancelled;
                break;
            }
        }
    }
    if !is_whole {
        return Err(RoundError::Cancelled);
    }
    let refused = reading.gave_up.as_ref().filter(|gave_up| gave_up.refused);
    if let Some(error) = root_error.or_else(|| refused.map(|gave_up| gave_up.error.clone())) {
        let is_refusal = refused.is_some();
        return Err(RoundError::Dremio { message: error.message, is_refusal, asked: None });
    }
    let catalog = std::mem::take(&mut reading.catalog);
    let (engine, catalog) = in_background(move || (Engine::new(&catalog), catalog), cancel).await?;
    let done = complete(api, catalog, engine, workers, cancel, |done, all| {
        on_event(Event::Tables { done, all });
    })
    .await;
    if done.cancelled {
        return Err(RoundError::Cancelled);
    }
    reading.found.extend(done.changes.iter().filter_map(|change| match change {
        Change::Entity(entity) => Some(entity.item.path.clone()),
        _ => None,
    }));
    reading.absent = done.absent;
    reading.failed = done.failed;
    let mut graph = done.engine.graph(&done.catalog);
    settle(&mut graph, &reading.absent, &reading.failed);
    reading.graph = Arc::new(graph);
    reading.catalog = done.catalog;
    // Some servers say 404 of what is forbidden (contract §1.4).
    let is_loss = |error: &NodeError| {
        use NodeErrorKind::{Forbidden, NotFound, SourceDown};
        !matches!(error.kind, Forbidden | NotFound | SourceDown)
    };
    let nodes = reading.catalog.walk();
    let lost = nodes.filter_map(|node| Some((node.path(), node.error()?)));
    let not_found_out = reading.failed.iter().map(|(path, error)| (path.clone(), error));
    reading.lost = lost
        .chain(not_found_out)
        .filter(|(_, error)| is_loss(error))
        .map(|(path, error)| (path, error.message.clone()))
        .collect();
    Ok(reading)
}

/// What a processor is busy with for seconds does not belong on the threads that wait for servers. Who
/// wants to leave does not wait for it.
pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    cancel: &CancellationToken,
) -> Result<T, RoundError> {
    let done = tokio::select! {
        done = tokio::task::spawn_blocking(work) => done,
        () = cancel.cancelled() => return Err(RoundError::Cancelled),
    };
    match done {
        Ok(result) => Ok(result),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(RoundError::Cancelled),
        },
    }
}

fn settle(graph: &mut LineageGraph, absent: &[DatasetPath], failed: &[(DatasetPath, NodeError)]) {
    graph.settle(absent, failed.iter().map(|(path, error)| (path, error.message.as_str())));
}

/// A reading laid over the one before.
#[derive(Debug)]
pub(super) struct Overlaid {
    /// What differs.
    pub(super) diff: CatalogDiff,
    /// What the next round is to be compared with.
    pub(super) catalog: Catalog,
    /// The lineage of that.
    pub(super) graph: Arc<LineageGraph>,
}

/// Compares a reading with the one before, and carries over what this one did not see.
pub(super) fn overlay(former: &Catalog, reading: &Reading) -> Overlaid {
    let mut diff = diff(former, &reading.catalog);
    let absent: HashSet<DatasetPath> = reading.absent.iter().map(DatasetPath::folded).collect();
    // What was asked for at its path and is not there is gone, though no listing says so.
    let (gone, unseen): (Vec<_>, Vec<_>) =
        diff.not_compared.drain(..).partition(|path| absent.contains(&path.folded()));
    diff.removed.extend(gone.iter().filter_map(|path| former.at(path)).map(|node| DatasetState {
        path: node.path(),
        kind: node.kind().name(),
        columns: Some(node.schema().len()).filter(|_| node.has_details()),
    }));
    diff.removed.sort_by_key(|state| state.path.folded());
    let mut catalog = reading.catalog.clone();
    let mut carried = 0;
    for node in unseen.iter().filter_map(|path| former.at(path)) {
        carried += usize::from(catalog.apply(again(node)).node.is_some());
    }
    for node in former.walk().filter(|node| node.kind().is_dataset() && node.has_details()) {
        let path = node.path();
        let Some(now) = catalog.at(&path) else { continue };
        if now.has_details() || is_view(now) != is_view(node) || !now.kind().is_dataset() {
            continue;
        }
        let error = now.error().cloned();
        catalog.apply(again(node));
        if let Some(error) = error {
            catalog.apply(Change::Failed { path, error });
        }
        carried += 1;
    }
    diff.not_compared = unseen;
    let graph = if carried == 0 {
        Arc::clone(&reading.graph)
    } else {
        let mut graph = Engine::new(&catalog).graph(&catalog);
        settle(&mut graph, &reading.absent, &reading.failed);
        Arc::new(graph)
    };
    Overlaid { diff, catalog, graph }
}

fn is_view(node: NodeRef<'_>) -> bool {
    node.kind() == NodeKind::View
}

/// What is known of a dataset, as if it had just been read.
fn again(node: NodeRef<'_>) -> Change {
    Change::Entity(Box::new(Entity {
        item: node.item(),
        created_at: node.created_at().map(str::to_owned),
        detail: EntityDetail::Dataset(DatasetDetail {
            columns: node.schema().to_columns(),
            sql: node.sql().map(str::to_owned),
            sql_context: node.sql_context().map(str::to_owned).collect(),
            format: node.format().map(str::to_owned),
        }),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Column, DataType, Item, TableKind};

    const TABLE: NodeKind = NodeKind::Table(TableKind::Direct);

    fn item(path: &str, kind: NodeKind) -> Item {
        Item { path: path.parse().unwrap(), id: None, kind, raw_kind: None }
    }

    fn list(catalog: &mut Catalog, parent: &str, items: Vec<Item>) {
        let parent =
            if parent.is_empty() { DatasetPath::default() } else { parent.parse().unwrap() };
        catalog.apply(Change::Children { parent, items, first: true, last: true });
    }

    fn detail(
        catalog: &mut Catalog,
        path: &str,
        kind: NodeKind,
        columns: &[&str],
        sql: Option<&str>,
    ) {
        let columns = columns.iter().map(|name| Column {
            name: (*name).to_owned(),
            data_type: DataType::Integer,
            nullable: None,
        });
        catalog.apply(Change::Entity(Box::new(Entity {
            item: item(path, kind),
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(columns.collect()),
                sql: sql.map(str::to_owned),
                ..DatasetDetail::default()
            }),
        })));
    }

    /// `lake` with a table and `s` with a view on it.
    fn whole() -> Catalog {
        let mut catalog = Catalog::new();
        list(&mut catalog, "", vec![item("lake", NodeKind::Source), item("s", NodeKind::Space)]);
        list(&mut catalog, "lake", vec![item("lake.t", TABLE)]);
        list(&mut catalog, "s", vec![item("s.v", NodeKind::View)]);
        detail(&mut catalog, "lake.t", TABLE, &["a", "b"], None);
        detail(&mut catalog, "s.v", NodeKind::View, &["a"], Some("SELECT a FROM lake.t"));
        catalog
    }

    fn reading(catalog: Catalog) -> Reading {
        let graph = Arc::new(Engine::new(&catalog).graph(&catalog));
        Reading { catalog, graph, ..Reading::default() }
    }

    fn edges(graph: &LineageGraph) -> Vec<String> {
        let name = |index| graph.node(index).path.to_string();
        graph
            .edges()
            .iter()
            .map(|edge| format!("{} → {}", name(edge.from), name(edge.to)))
            .collect()
    }

    #[test]
    fn a_source_that_could_not_be_listed_is_neither_gone_now_nor_new_afterwards() {
        let mut cut = Catalog::new();
        list(&mut cut, "", vec![item("lake", NodeKind::Source), item("s", NodeKind::Space)]);
        list(&mut cut, "s", vec![item("s.v", NodeKind::View)]);
        detail(&mut cut, "s.v", NodeKind::View, &["a"], Some("SELECT a FROM lake.t"));
        let over = overlay(&whole(), &reading(cut));
        assert!(over.diff.is_empty());
        assert_eq!(over.diff.not_compared.len(), 1);
        assert_eq!(edges(&over.graph), ["lake.t → s.v"]);
        let columns = over.catalog.at(&"lake.t".parse().unwrap()).unwrap().schema().len();
        assert_eq!(columns, 2, "what was known stays known");
        let back = overlay(&over.catalog, &reading(whole()));
        assert!(back.diff.is_empty() && back.diff.not_compared.is_empty(), "{:?}", back.diff);
    }

    #[test]
    fn details_that_failed_once_do_not_hide_a_change() {
        let mut failed = whole();
        list(&mut failed, "lake", vec![]);
        list(&mut failed, "lake", vec![item("lake.t", TABLE)]);
        let error = NodeError { kind: NodeErrorKind::Unavailable, message: "503".to_owned() };
        failed.apply(Change::Failed { path: "lake.t".parse().unwrap(), error });
        let over = overlay(&whole(), &reading(failed));
        assert!(over.diff.is_empty());
        assert!(over.catalog.at(&"lake.t".parse().unwrap()).unwrap().error().is_some());
        let mut changed = whole();
        detail(&mut changed, "lake.t", TABLE, &["a"], None);
        let back = overlay(&over.catalog, &reading(changed));
        assert_eq!(back.diff.changed[0].columns.len(), 1, "column b went while nobody could look");
    }

    #[test]
    fn what_is_not_at_its_path_is_gone_though_no_listing_says_so() {
        let mut cut = Catalog::new();
        list(&mut cut, "", vec![item("lake", NodeKind::Source), item("s", NodeKind::Space)]);
        list(&mut cut, "s", vec![item("s.v", NodeKind::View)]);
        detail(&mut cut, "s.v", NodeKind::View, &["a"], Some("SELECT a FROM lake.t"));
        let absent = vec!["LAKE.T".parse().unwrap()];
        let over = overlay(&whole(), &Reading { absent, ..reading(cut) });
        assert_eq!(over.diff.removed[0].path.to_string(), "lake.t");
        assert!(over.diff.not_compared.is_empty());
        assert!(over.catalog.at(&"lake.t".parse().unwrap()).is_none());
    }
}
