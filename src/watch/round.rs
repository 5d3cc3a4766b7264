//! [`Watcher`]: one round after the other, each compared with the one before.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio_util::sync::CancellationToken;

use super::breakage::Breakages;
use super::drift::{Drift, DriftError, DriftOptions, drift};
use super::lineage_changes::LineageChanges;
use super::reading::{in_background, overlay, read};
use super::schedule::Verdict;
use super::state::{Earlier, Memory, StateError};
use crate::discovery::{DiscoveryOptions, DiscoveryStats};
use crate::lineage::{Coverage, Engine, LineageGraph, check};
use crate::model::snapshot::Snapshot;
use crate::model::time::rfc3339;
use crate::model::{Catalog, DatasetPath, ServerInfo};
use crate::snapshots::{CatalogDiff, SnapshotStore, StoreError};
use crate::sync::session::Step;
use crate::{dremio, openmetadata};

/// Something worth telling while a round goes on.
#[derive(Debug)]
pub enum Event {
    /// Logging in to Dremio.
    Connecting,
    /// The catalogue is being read.
    Reading(DiscoveryStats),
    /// Tables that views name are being read at their paths.
    Tables {
        /// So many were asked for.
        done: usize,
        /// Of so many.
        all: usize,
    },
    /// The plan is being made.
    Step(Step),
    /// It is being applied.
    Applying {
        /// So many items are done.
        done: usize,
        /// Of so many.
        all: usize,
    },
    /// Something is odd and costs nothing.
    Warning(String),
}

/// The servers of one round.
#[derive(Clone, Debug)]
pub struct Servers {
    /// Where the catalogue is.
    pub dremio: dremio::Client,
    /// Where it is brought to, if it is.
    pub openmetadata: Option<openmetadata::Client>,
}

/// Where readings in which something changed are kept for people to look at.
#[derive(Clone, Debug)]
pub struct History {
    /// The store.
    pub store: SnapshotStore,
    /// So many of this server are kept, older ones deleted; all, if `None`.
    pub keep: Option<usize>,
}

/// What a watcher does.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// What to read.
    pub discovery: DiscoveryOptions,
    /// How to compare with OpenMetadata; not at all, if `None`.
    pub drift: Option<DriftOptions>,
    /// Under which name readings are stored, where that is not the server's host.
    pub host: Option<String>,
    /// Where to keep readings; nowhere, if `None`.
    pub history: Option<History>,
}

/// Why a round came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundError {
    /// We were told to stop.
    #[error("cancelled")]
    Cancelled,
    /// Dremio could not be read.
    #[error("{message}")]
    Dremio {
        /// What was tried, what the server said, what to do.
        message: String,
        /// Whether it refused us, rather than failed.
        is_refusal: bool,
        /// How long it asks to wait, if it does.
        asked: Option<Duration>,
    },
}

impl From<dremio::Error> for RoundError {
    fn from(error: dremio::Error) -> Self {
        use dremio::Error;
        let message = error.to_string();
        match error {
            Error::Cancelled => Self::Cancelled,
            Error::BadLogin { .. }
            | Error::Unauthorized { .. }
            | Error::Project { .. }
            | Error::Setup(_) => Self::Dremio { message, is_refusal: true, asked: None },
            Error::Throttled { retry_after, .. } => {
                Self::Dremio { message, is_refusal: false, asked: retry_after }
            }
            _ => Self::Dremio { message, is_refusal: false, asked: None },
        }
    }
}

impl RoundError {
    /// What it means for the next round.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Cancelled => Verdict::Over,
            Self::Dremio { asked, .. } => Verdict::Failed { asked: *asked },
        }
    }
}

/// What has changed since the last reading.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// When that was taken, as RFC 3339 text.
    pub since: String,
    /// Datasets, columns, SQL.
    pub diff: CatalogDiff,
    /// Edges, readable views, broken references.
    pub lineage: LineageChanges,
    /// Who depends on what is gone or has another type.
    pub breakages: Breakages,
}

impl Comparison {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.diff.is_empty() && self.lineage.is_empty()
    }
}

/// What a round came to.
#[derive(Debug)]
pub struct Round {
    /// Counts from 1 since the watcher was started.
    pub number: u64,
    /// When it began, as RFC 3339 text.
    pub began_at: String,
    /// How long it took.
    pub took: Duration,
    /// The Dremio.
    pub server: ServerInfo,
    /// How many datasets it has.
    pub datasets: usize,
    /// How much of their lineage is known.
    pub coverage: Coverage,
    /// What could not be read, though neither forbidden nor of a source that is down, and why.
    pub lost: Vec<(DatasetPath, String)>,
    /// Why the reading was given up on the way, if it was.
    pub gave_up: Option<String>,
    /// What has changed; `None` when there was nothing to compare with.
    pub comparison: Option<Comparison>,
    /// How OpenMetadata differs; `None` when it is not asked.
    pub drift: Option<Result<Drift, DriftError>>,
    next: Arc<Former>,
}

impl Round {
    /// Whether there is anything to tell that was not told before.
    pub fn has_news(&self) -> bool {
        self.has_changes() || matches!(&self.drift, Some(Ok(drift)) if drift.is_news)
    }

    /// Whether Dremio has changed since the last reading.
    pub fn has_changes(&self) -> bool {
        self.comparison.as_ref().is_some_and(|comparison| !comparison.is_empty())
    }

    /// Whether a part of the catalogue could not be read that should have been.
    pub fn is_partial(&self) -> bool {
        !self.lost.is_empty() || self.gave_up.is_some()
    }

    /// What it means for the next round.
    pub fn verdict(&self) -> Verdict {
        match &self.drift {
            Some(Err(DriftError::Cancelled)) => Verdict::Over,
            Some(Err(DriftError::Failed { asked, .. })) => Verdict::Failed { asked: *asked },
            Some(Err(_)) => Verdict::Failed { asked: None },
            Some(Ok(drift))
                if drift.applied.as_ref().is_some_and(|applied| applied.ended_early.is_some()) =>
            {
                Verdict::Failed { asked: None }
            }
            _ if self.gave_up.is_some() => Verdict::Failed { asked: None },
            _ => Verdict::Good,
        }
    }
}

/// A reading to compare the next one with.
#[derive(Debug)]
struct Former {
    snapshot: Snapshot,
    graph: Arc<LineageGraph>,
}

/// Reads again and again; see the module's words.
#[derive(Debug)]
pub struct Watcher {
    options: WatchOptions,
    memory: Memory,
    former: Option<Arc<Former>>,
    told: Option<String>,
    rounds: u64,
}

impl Watcher {
    /// A watcher that goes on from what earlier ones have left.
    pub fn new(options: WatchOptions, memory: Memory, earlier: Earlier) -> Self {
        let former = earlier.baseline.map(|snapshot| {
            let mut graph = Engine::new(&snapshot.catalog).graph(&snapshot.catalog);
            graph.settle(&snapshot.absent, []);
            Arc::new(Former { snapshot, graph: Arc::new(graph) })
        });
        Self { options, memory, former, told: earlier.drift, rounds: 0 }
    }

    /// How many rounds were begun.
    pub fn rounds(&self) -> u64 {
        self.rounds
    }

    /// One round: reads, compares, brings over what is permitted. Nothing of it is remembered until
    /// [`Watcher::remember`] is called: what could not be told is found again.
    pub async fn round(
        &mut self,
        servers: &Servers,
        on_event: &(dyn Fn(Event) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<Round, RoundError> {
        self.rounds += 1;
        let (began, began_at) = (Instant::now(), rfc3339(SystemTime::now()));
        on_event(Event::Connecting);
        let server = tokio::select! {
            server = servers.dremio.login() => server?,
            () = cancel.cancelled() => return Err(RoundError::Cancelled),
        };
        let outcome = self.read_and_compare(servers, &server, &began_at, on_event, cancel).await;
        servers.dremio.logout().await;
        outcome.map(|round| Round { took: began.elapsed(), ..round })
    }

    async fn read_and_compare(
        &self,
        servers: &Servers,
        server: &ServerInfo,
        began_at: &str,
        on_event: &(dyn Fn(Event) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<Round, RoundError> {
        let reading =
            read(&servers.dremio, self.options.discovery.clone(), on_event, cancel).await?;
        let former = self.former.clone();
        let snapshot = Snapshot {
            taken_at: began_at.to_owned(),
            server: ServerInfo {
                host: self.options.host.clone().unwrap_or_else(|| server.host.clone()),
                ..server.clone()
            },
            complete: !reading.is_partial(),
            catalog: Catalog::new(),
            absent: reading.absent.clone(),
        };
        let (reading, next, comparison) =
            in_background(move || compare(former.as_deref(), reading, snapshot), cancel).await?;
        let drift = match (&self.options.drift, &servers.openmetadata) {
            (Some(options), Some(client)) => {
                let is_read = |path: &_| self.options.discovery.reads(path);
                let left_out = reading.found.iter().filter(|path| !is_read(path)).cloned();
                let servers = (&servers.dremio, client);
                let (left_out, told) = (left_out.collect(), self.told.as_deref());
                Some(drift(servers, &reading, left_out, options, told, on_event, cancel).await)
            }
            _ => None,
        };
        let catalog = &reading.catalog;
        Ok(Round {
            number: self.rounds,
            began_at: began_at.to_owned(),
            took: Duration::ZERO,
            server: server.clone(),
            datasets: catalog.walk().filter(|node| node.kind().is_dataset()).count(),
            coverage: check(&next.graph, |_| true).coverage,
            lost: reading.lost.clone(),
            gave_up: reading.gave_up.as_ref().map(ToString::to_string),
            comparison,
            drift,
            next,
        })
    }

    /// Makes a round the one to compare with, also after a restart. To be called when it has been
    /// told.
    pub fn remember(&mut self, round: Round) -> Result<(), RememberError> {
        let is_same = round.comparison.as_ref().is_some_and(Comparison::is_empty)
            && self.former.as_ref().is_some_and(|former| {
                let (was, is) = (&former.snapshot, &round.next.snapshot);
                (was.complete, was.catalog.len(), was.catalog.column_count(), &was.absent)
                    == (is.complete, is.catalog.len(), is.catalog.column_count(), &is.absent)
            });
        self.former = Some(Arc::clone(&round.next));
        if !is_same {
            self.memory.store_baseline(&round.next.snapshot)?;
        }
        if let Some(Ok(drift)) = &round.drift
            && drift.fingerprint != self.told
        {
            self.told.clone_from(&drift.fingerprint);
            self.memory.store_drift(self.told.as_deref())?;
        }
        if let Some(History { store, keep }) = &self.options.history
            && !is_same
            && !round.is_partial()
        {
            let entry = store.save(&round.next.snapshot)?;
            if let Some(keep) = keep {
                store.prune(&entry.server, *keep)?;
            }
        }
        Ok(())
    }
}

/// Why a round could not be remembered.
#[derive(Debug, thiserror::Error)]
pub enum RememberError {
    /// The watcher's own folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// The stored readings.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lays a reading over the former one; gives back the reading as it is for the plan.
fn compare(
    former: Option<&Former>,
    reading: super::reading::Reading,
    snapshot: Snapshot,
) -> (super::reading::Reading, Arc<Former>, Option<Comparison>) {
    let Some(former) = former else {
        let snapshot = Snapshot { catalog: reading.catalog.clone(), ..snapshot };
        let graph = Arc::clone(&reading.graph);
        return (reading, Arc::new(Former { snapshot, graph }), None);
    };
    let over = overlay(&former.snapshot.catalog, &reading);
    let lineage = LineageChanges::between(&former.graph, &over.graph);
    let breakages = Breakages::of(&over.diff, &former.graph, &over.graph, &lineage);
    let comparison =
        Comparison { since: former.snapshot.taken_at.clone(), diff: over.diff, lineage, breakages };
    let snapshot = Snapshot { catalog: over.catalog, ..snapshot };
    (reading, Arc::new(Former { snapshot, graph: over.graph }), Some(comparison))
}
