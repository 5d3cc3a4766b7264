//! [`Jobs`]: the only place where the UI starts tasks.
//!
//! A job runs in a slot, with a token that a newer job in the slot cancels. Reports go through one
//! bounded channel; a job that reports faster than the UI takes in waits.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use rustc_hash::FxHashMap;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::backend::{Backend, ReadNow};
use super::lineage_model::LineageModel;
use super::msg::{JobBody, JobEvent, JobId, JobSpec, Slot, Ticket};
use super::panes::sync::PlanView;
use crate::dbt::{MatchedProject, Project};
use crate::graph::layout::{Cancelled, layout};
use crate::model::{DatasetPath, Item, NodeKind};
use crate::search::{Found, Index, Query};

/// Reports that may wait for the UI.
const CHANNEL: usize = 256;
/// Events of a sync told at once at most.
const BATCH: usize = 512;
/// Rows of a preview.
pub(crate) const PREVIEW_ROWS: u64 = 50;
/// Hits that the finder lists.
const MAX_HITS: usize = 1_000;
/// How long leaving waits for tasks to end, and then for the logout.
const PATIENCE: Duration = Duration::from_millis(1_200);
const LOGOUT_PATIENCE: Duration = Duration::from_millis(500);

/// Starts, cancels and ends jobs.
pub(crate) struct Jobs<B> {
    backend: B,
    events: mpsc::Sender<JobEvent>,
    root: CancellationToken,
    slots: FxHashMap<Slot, CancellationToken>,
    tracker: TaskTracker,
    read_now: Option<ReadNow>,
}

impl<B: Backend> Jobs<B> {
    pub(crate) fn new(backend: B) -> (Self, mpsc::Receiver<JobEvent>) {
        let (events, receiver) = mpsc::channel(CHANNEL);
        let jobs = Self {
            backend,
            events,
            root: CancellationToken::new(),
            slots: FxHashMap::default(),
            tracker: TaskTracker::new(),
            read_now: None,
        };
        (jobs, receiver)
    }

    /// Starts a job and cancels the one before it in its slot.
    pub(crate) fn start(&mut self, job: JobId, spec: JobSpec) {
        let slot = spec.slot();
        self.cancel(slot);
        let token = self.root.child_token();
        self.slots.insert(slot, token.clone());
        let ticket = Ticket { job, slot, token };
        let reporter = Reporter { events: self.events.clone(), ticket };
        let backend = self.backend.clone();
        match spec {
            JobSpec::Login => self.spawn(reporter, async move |token| {
                match stopped_by(&token, backend.login()).await {
                    Some(Ok(info)) => JobBody::LoggedIn(info),
                    Some(Err(message)) => JobBody::Failed(message),
                    None => JobBody::Cancelled,
                }
            }),
            JobSpec::Discover { all } => {
                let (read_now, mut walk) = backend.discover(all, reporter.ticket.token.clone());
                self.read_now = Some(read_now);
                let relay = reporter.clone();
                self.spawn(reporter, async move |_| {
                    while let Some(event) = walk.recv().await {
                        relay.send(JobBody::Discovery(event)).await;
                    }
                    JobBody::Done
                });
            }
            JobSpec::Notes(_, item) => self.spawn(reporter, async move |token| {
                stopped_by(&token, notes(&backend, &item)).await.unwrap_or(JobBody::Cancelled)
            }),
            JobSpec::Reflections(_, id) => {
                self.spawn(reporter, async move |token| {
                    match stopped_by(&token, backend.reflections(&id)).await {
                        Some(Ok(list)) => JobBody::Reflections(list),
                        Some(Err(message)) => JobBody::Failed(message),
                        None => JobBody::Cancelled,
                    }
                });
            }
            // Not dropped on cancellation: the client then still has to cancel on the server.
            JobSpec::Preview(_, sql) => self.spawn(reporter, async move |token| {
                match backend.query(&sql, PREVIEW_ROWS, &token).await {
                    Ok(rows) => JobBody::Rows(rows),
                    Err(_) if token.is_cancelled() => JobBody::Cancelled,
                    Err(message) => JobBody::Failed(message),
                }
            }),
            JobSpec::Index(catalog, labels) => self.spawn(reporter, async move |_| {
                blocking(move || JobBody::Index(Arc::new(Index::build(&catalog, &labels)))).await
            }),
            JobSpec::Resolve(paths) => self.spawn(reporter, async move |token| {
                JobBody::Resolved(backend.resolve(paths, &token).await)
            }),
            JobSpec::Lineage(catalog, previous, looked, dbt) => {
                self.spawn(reporter, async move |_| {
                    blocking(move || {
                        let model = LineageModel::read(
                            &catalog,
                            previous.as_deref(),
                            &looked,
                            dbt.as_deref(),
                        );
                        JobBody::Lineage(Arc::new(model))
                    })
                    .await
                });
            }
            JobSpec::Dbt(files, known, catalog) => self.spawn(reporter, async move |_| {
                blocking(move || {
                    let read = known.map_or_else(|| Project::read(&*files).map(Arc::new), Ok);
                    match read {
                        Ok(project) => {
                            JobBody::Dbt(Arc::new(MatchedProject::new(project, &catalog)))
                        }
                        Err(why) => JobBody::Failed(why),
                    }
                })
                .await
            }),
            JobSpec::Layout(diagram) => self.spawn(reporter, async move |token| {
                blocking(move || match layout(diagram, &|| token.is_cancelled()) {
                    Ok(drawing) => JobBody::Layout(Arc::new(drawing)),
                    Err(Cancelled) => JobBody::Cancelled,
                })
                .await
            }),
            JobSpec::Search(index, query, previous) => {
                self.spawn(reporter, async move |token| {
                    search(index, query, previous, &token).await
                });
            }
            JobSpec::OpenMetadata => self.spawn(reporter, async move |token| {
                match stopped_by(&token, backend.openmetadata()).await {
                    Some(Ok(info)) => JobBody::Reached(Box::new(info)),
                    Some(Err(message)) => JobBody::Failed(message),
                    None => JobBody::Cancelled,
                }
            }),
            JobSpec::Plan(request, basis) => {
                let relay = reporter.clone();
                self.spawn(reporter, async move |token| {
                    let (steps, mut coming) = mpsc::unbounded_channel();
                    let work = backend.plan(*request, steps, token.clone());
                    let relaying = async {
                        let mut many = Vec::new();
                        while coming.recv_many(&mut many, BATCH).await > 0 {
                            // Only the latest says how far it is now.
                            if let Some(step) = many.drain(..).next_back() {
                                relay.send(JobBody::Planning(step)).await;
                            }
                        }
                    };
                    match tokio::join!(work, relaying).0 {
                        _ if token.is_cancelled() => JobBody::Cancelled,
                        Ok(prepared) => {
                            blocking(move || {
                                let view = PlanView::new(Arc::new(prepared), *basis);
                                JobBody::Planned(Box::new(view))
                            })
                            .await
                        }
                        Err(message) => JobBody::Failed(message),
                    }
                });
            }
            JobSpec::Presence(request) => {
                let relay = reporter.clone();
                self.spawn(reporter, async move |token| {
                    let (listed, mut coming) = mpsc::unbounded_channel();
                    let work = backend.missing_tables(*request, listed, token.clone());
                    let relaying = async {
                        while let Some((done, total)) = coming.recv().await {
                            relay.send(JobBody::Listing(done, total)).await;
                        }
                    };
                    match tokio::join!(work, relaying).0 {
                        _ if token.is_cancelled() => JobBody::Cancelled,
                        Ok(missing) => JobBody::Presence(missing),
                        Err(message) => JobBody::Failed(message),
                    }
                });
            }
            // Not dropped on cancellation: what is being written is waited for and told.
            JobSpec::Apply(prepared, server, excluded) => {
                let relay = reporter.clone();
                self.spawn(reporter, async move |token| {
                    let (events, mut coming) = mpsc::unbounded_channel();
                    let prepared = (*prepared).clone();
                    let work = backend.apply(prepared, server, excluded, events, token);
                    let relaying = async {
                        let mut many = Vec::new();
                        while coming.recv_many(&mut many, BATCH).await > 0 {
                            relay.send(JobBody::Applying(std::mem::take(&mut many))).await;
                        }
                    };
                    match tokio::join!(work, relaying).0 {
                        Ok(report) => JobBody::Applied(Box::new(report)),
                        Err(message) => JobBody::Failed(message),
                    }
                });
            }
            // Not dropped on cancellation either: it is done in a moment.
            JobSpec::Forget(server) => self.spawn(reporter, async move |_| {
                match backend.forget_interrupted(server).await {
                    Ok(()) => JobBody::Done,
                    Err(message) => JobBody::Failed(message),
                }
            }),
        }
    }

    fn spawn<F, Fut>(&self, reporter: Reporter, work: F)
    where
        F: FnOnce(CancellationToken) -> Fut,
        Fut: Future<Output = JobBody> + Send + 'static,
    {
        let work = work(reporter.ticket.token.clone());
        self.tracker.spawn(async move {
            let body = guarded(work).await;
            reporter.send(body).await;
        });
    }

    /// Stops the job in a slot, if there is one.
    pub(crate) fn cancel(&mut self, slot: Slot) {
        if let Some(token) = self.slots.remove(&slot) {
            token.cancel();
        }
    }

    /// Drops something large where nobody waits for it.
    pub(crate) fn discard(value: Box<dyn Any + Send>) {
        // Not waited for on leaving: the memory goes with the process.
        drop(tokio::task::spawn_blocking(move || drop(value)));
    }

    /// Passes a wish on to the walk.
    pub(crate) fn read_now(&self, path: DatasetPath) {
        if let Some(read_now) = &self.read_now {
            read_now(path);
        }
    }

    /// Stops everything and waits a moment for it, so that the whole takes less than two seconds.
    pub(crate) async fn shut_down(self) {
        self.root.cancel();
        self.tracker.close();
        let _ = tokio::time::timeout(PATIENCE, self.tracker.wait()).await;
        let _ = tokio::time::timeout(LOGOUT_PATIENCE, self.backend.logout()).await;
    }
}

#[derive(Clone)]
struct Reporter {
    events: mpsc::Sender<JobEvent>,
    ticket: Ticket,
}

impl Reporter {
    async fn send(&self, body: JobBody) {
        let Ticket { job, slot, .. } = self.ticket;
        // The UI is gone when nobody receives; then there is nobody to tell.
        let _ = self.events.send(JobEvent { job, slot, body }).await;
    }
}

async fn notes<B: Backend>(backend: &B, item: &Item) -> JobBody {
    // Asking for a home's wiki would create one (contract §5).
    let wiki =
        async { if item.kind == NodeKind::Home { Ok(None) } else { backend.wiki(item).await } };
    let labels =
        async { if item.kind.is_dataset() { backend.labels(item).await } else { Ok(Vec::new()) } };
    let (wiki, labels) = tokio::join!(wiki, labels);
    JobBody::Notes { wiki, labels }
}

async fn search(
    index: Arc<Index>,
    query: Query,
    previous: Option<Arc<Found>>,
    token: &CancellationToken,
) -> JobBody {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stop);
    let work = blocking(move || match query.search(&index, previous.as_deref(), MAX_HITS, &seen) {
        Some(found) => JobBody::Found(Arc::new(found)),
        None => JobBody::Cancelled,
    });
    if let Some(body) = stopped_by(token, work).await {
        return body;
    }
    stop.store(true, Ordering::Relaxed);
    JobBody::Cancelled
}

async fn stopped_by<F: Future>(token: &CancellationToken, work: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        () = token.cancelled() => None,
        done = work => Some(done),
    }
}

/// Runs `work` on a thread where it may take its time.
async fn blocking(work: impl FnOnce() -> JobBody + Send + 'static) -> JobBody {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| panicked())
}

/// Turns a panic of a job into its failure.
async fn guarded(work: impl Future<Output = JobBody> + Send) -> JobBody {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| panicked())
}

fn panicked() -> JobBody {
    JobBody::Failed(
        "this job ended by a defect of this program; the log has the details".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_costs_the_job_only() {
        let body = guarded(async { panic!("on purpose") }).await;
        assert!(matches!(body, JobBody::Failed(_)));
        let body = blocking(|| panic!("on purpose")).await;
        assert!(matches!(body, JobBody::Failed(_)));
    }
}
