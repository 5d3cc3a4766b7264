//! Things read at their paths, one by one, without a listing that shows them: what views name in
//! folders that are not listed; and what Dremio's own lineage says of views.

use std::collections::HashSet;
use std::future::Future;

use futures::StreamExt;
use futures::stream;
use tokio_util::sync::CancellationToken;

use super::CatalogApi;
use super::failures::node_error;
use crate::dremio::{Client, EntityRef, Error, Graph};
use crate::model::{DatasetPath, Entity, NodeError};

/// What asking for things at their paths came to; everything by path.
#[derive(Debug, Default)]
pub struct Resolved {
    /// What is there, under the path asked for where the server tells another one.
    pub entities: Vec<Entity>,
    /// Paths at which there is nothing.
    pub absent: Vec<DatasetPath>,
    /// Paths of which it could not be found out, and why.
    pub failed: Vec<(DatasetPath, NodeError)>,
    /// Requests sent.
    pub requests: usize,
    /// Whether it was cut short; what was not asked for is in none of the lists.
    pub cancelled: bool,
}

/// Asks for each path once (compared without case), `workers` at a time. After a refused login
/// nothing more is sent.
pub async fn resolve<A: CatalogApi>(
    api: &A,
    mut paths: Vec<DatasetPath>,
    workers: usize,
    cancel: &CancellationToken,
    mut progress: impl FnMut(usize, usize),
) -> Resolved {
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.folded()));
    let count = paths.len();
    let answers = stream::iter(paths).map(|path| async move {
        let answer = api.entity(&EntityRef::by_path(path.clone())).await;
        (path, answer)
    });
    let mut answers = answers.buffer_unordered(workers.max(1));
    let mut all = Resolved::default();
    while let Some((path, answer)) = next(&mut answers, cancel, &mut all.cancelled).await {
        all.requests += 1;
        match answer {
            Ok(mut entity) => {
                if !entity.item.path.is_same(&path) {
                    entity.item.path = path;
                }
                all.entities.push(entity);
            }
            Err(Error::NotFound { .. }) => all.absent.push(path),
            Err(error) => {
                let is_final = matches!(error, Error::Unauthorized { .. } | Error::BadLogin { .. });
                all.failed.push((path, node_error(&error)));
                if is_final {
                    break;
                }
            }
        }
        progress(all.requests, count);
    }
    all.entities.sort_by(|a, b| a.item.path.cmp(&b.item.path));
    all.absent.sort();
    all.failed.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

async fn next<T>(
    answers: &mut (impl StreamExt<Item = T> + Unpin),
    cancel: &CancellationToken,
    cancelled: &mut bool,
) -> Option<T> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => {
            *cancelled = true;
            None
        }
        answer = answers.next() => answer,
    }
}

/// A server that may have lineage of its own (contract §5).
pub trait GraphApi: Clone + Send + Sync + 'static {
    /// See [`Client::graph`].
    fn graph(&self, dataset_id: &str) -> impl Future<Output = Result<Option<Graph>, Error>> + Send;
}

impl GraphApi for Client {
    async fn graph(&self, dataset_id: &str) -> Result<Option<Graph>, Error> {
        Self::graph(self, dataset_id).await
    }
}

/// What the server's own lineage says of views; everything by path.
#[derive(Debug, Default)]
pub struct Parents {
    /// The parents that it names, view by view. Those we may not see are left out by the server.
    pub by_view: Vec<(DatasetPath, Vec<DatasetPath>)>,
    /// Views for which asking failed, and why.
    pub failed: Vec<(DatasetPath, NodeError)>,
    /// Whether it was cut short.
    pub cancelled: bool,
}

/// Asks for the parents of each view, given by path and server id. The first is asked alone: it
/// tells whether the edition offers any lineage, and if not no other is asked.
pub async fn parents<A: GraphApi>(
    api: &A,
    mut views: Vec<(DatasetPath, String)>,
    workers: usize,
    cancel: &CancellationToken,
    mut progress: impl FnMut(usize, usize),
) -> Parents {
    let count = views.len();
    let mut all = Parents::default();
    let ask = |(path, id): (DatasetPath, String)| async move { (path, api.graph(&id).await) };
    views.sort();
    let rest = views.split_off(count.min(1));
    let first = stream::iter(views).map(ask).buffer_unordered(1);
    let rest = stream::iter(rest).map(ask).buffer_unordered(workers.max(1));
    let answers = first.chain(rest);
    tokio::pin!(answers);
    let mut done = 0;
    while let Some((path, answer)) = next(&mut answers, cancel, &mut all.cancelled).await {
        match answer {
            Ok(Some(graph)) => {
                let parents = graph.parents.into_iter().map(|item| item.path).collect();
                all.by_view.push((path, parents));
            }
            Ok(None) => {}
            Err(error) => all.failed.push((path, node_error(&error))),
        }
        done += 1;
        progress(done, count);
    }
    all.by_view.sort();
    all.failed.sort_by(|a, b| a.0.cmp(&b.0));
    all
}
