//! [`SyncTarget`]: the OpenMetadata that the UI brings a catalogue to, and the two long steps of
//! that: making a plan and applying it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::model::{Catalog, DatasetPath};
use crate::openmetadata::{Client, ServerInfo};
use crate::sync::Selection;
use crate::sync::apply::{ApplyEvent, Report};
use crate::sync::journal::{Interrupted, interrupted};
use crate::sync::memory::SyncMemory;
use crate::sync::presence::missing;
use crate::sync::session::{
    Prepared, Sources, Step, SyncSettings, Traced, Writing, prepare, trace,
};
use crate::{dremio, openmetadata};

/// What the UI is told about syncing.
#[derive(Clone, Debug)]
pub struct SyncOptions {
    /// The OpenMetadata to bring the catalogue to.
    pub connect: openmetadata::ConnectOptions,
    /// How the catalogue is brought there.
    pub settings: SyncSettings,
    /// Requests under way at once.
    pub max_workers: usize,
    /// Rows of a bulk request; 1 = none.
    pub batch_size: usize,
    /// Where what must be known from run to run is kept; nowhere, if `None`.
    pub data_dir: Option<PathBuf>,
}

/// A plan to be made.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The catalogue as known now.
    pub catalog: Arc<Catalog>,
    /// What of it takes part.
    pub selection: Selection,
    /// Soft-delete what Dremio no longer has.
    pub prune: bool,
    /// Replace descriptions that differ from Dremio's.
    pub overwrite: bool,
    /// The server as it introduced itself.
    pub server: ServerInfo,
}

/// Datasets to look for in OpenMetadata.
#[derive(Clone, Debug)]
pub struct PresenceRequest {
    /// The catalogue as known now.
    pub catalog: Arc<Catalog>,
    /// The datasets.
    pub datasets: BTreeSet<DatasetPath>,
}

/// An OpenMetadata that has answered.
#[derive(Clone, Debug)]
pub struct Reached {
    /// The server as it introduced itself.
    pub server: ServerInfo,
    /// What an earlier sync of our service to it left unfinished, as its journal tells.
    pub interrupted: Option<Interrupted>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct SyncTarget {
    client: Client,
    /// Scheme, host and port, for messages.
    place: String,
    settings: SyncSettings,
    max_workers: usize,
    batch_size: usize,
    data_dir: Option<PathBuf>,
}

impl SyncTarget {
    /// Prepares the connection; sends nothing yet. Fails when its settings make no sense.
    pub fn new(
        options: SyncOptions,
        log: crate::http::RequestLog,
    ) -> Result<Self, openmetadata::Error> {
        let SyncOptions { connect, settings, max_workers, batch_size, data_dir } = options;
        let place = place_of(&connect.url);
        let client = Client::new(connect, log)?;
        Ok(Self { client, place, settings, max_workers, batch_size, data_dir })
    }

    /// Asks the server who it is and who we are, and looks whether an earlier sync was cut off.
    pub(crate) async fn connect(&self) -> Result<Reached, String> {
        let server =
            self.client.connect().await.map_err(|error| format!("at {}: {error}", self.place))?;
        let Some(data_dir) = self.data_dir.clone() else {
            return Ok(Reached { server, interrupted: None });
        };
        let memory = SyncMemory::new(&data_dir, &server.host, &self.settings.service_name);
        let read = tokio::task::spawn_blocking(move || interrupted(&memory.journal())).await;
        let interrupted = match read {
            Ok(Ok(interrupted)) => interrupted,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the journal of the last sync could not be read");
                None
            }
            Err(error) => return Err(error.to_string()),
        };
        Ok(Reached { server, interrupted })
    }

    /// Puts away the journal of a sync that was cut off: nobody tells of it any more.
    pub(crate) async fn forget_interrupted(&self, server: ServerInfo) -> Result<(), String> {
        let Some(data_dir) = self.data_dir.clone() else { return Ok(()) };
        let memory = SyncMemory::new(&data_dir, &server.host, &self.settings.service_name);
        let put_away = tokio::task::spawn_blocking(move || {
            let path = memory.journal();
            memory
                .forget_interrupted()
                .map_err(|error| format!("{} could not be removed: {error}", path.display()))
        });
        put_away.await.map_err(|error| error.to_string())?
    }

    /// Reads what is missing and makes a plan. Writes nothing.
    pub(crate) async fn plan(
        self,
        dremio: dremio::Client,
        request: PlanRequest,
        steps: mpsc::UnboundedSender<Step>,
        cancel: CancellationToken,
    ) -> Result<Prepared, String> {
        on_a_thread(move || async move {
            // A copy, so that the walk can go on writing into the one on the screen.
            let catalog = Catalog::clone(&request.catalog);
            drop(request.catalog);
            let workers = dremio.max_concurrency();
            let Traced { catalog, graph, cancelled, .. } = if self.settings.lineage {
                trace(&dremio, catalog, workers, &cancel, |_, _| ()).await
            } else {
                Traced { catalog, ..Traced::default() }
            };
            if cancelled {
                return Err("cancelled".to_owned());
            }
            let sources = Sources {
                catalog: &catalog,
                graph: &graph,
                dremio: &dremio,
                openmetadata: &self.client,
                server: &request.server,
                data_dir: self.data_dir.as_deref(),
            };
            let settings = SyncSettings {
                prune: request.prune,
                overwrite_descriptions: request.overwrite,
                ..self.settings
            };
            // Nobody listens any more when the UI is gone.
            let on_step = |step| {
                let _ = steps.send(step);
            };
            let made = prepare(sources, &request.selection, &settings, &on_step, &cancel).await;
            made.map_err(|error| error.to_string())
        })
        .await
    }

    /// Looks which datasets have no table. Lists names only, writes nothing.
    pub(crate) async fn missing_tables(
        self,
        request: PresenceRequest,
        listed: mpsc::UnboundedSender<(usize, usize)>,
        cancel: CancellationToken,
    ) -> Result<Vec<DatasetPath>, String> {
        on_a_thread(move || async move {
            // A copy, so that the walk can go on writing into the one on the screen.
            let catalog = Catalog::clone(&request.catalog);
            drop(request.catalog);
            // Nobody listens any more when the UI is gone.
            let on_listed = |done, total| {
                let _ = listed.send((done, total));
            };
            let (settings, datasets) = (&self.settings, &request.datasets);
            let found =
                missing(&self.client, &catalog, settings, datasets, &on_listed, &cancel).await;
            found.map_err(|error| format!("at {}: {error}", self.place))
        })
        .await
    }

    /// Writes what a plan says but for the excluded items, and remembers what was verified.
    pub(crate) async fn apply(
        self,
        mut prepared: Prepared,
        server: ServerInfo,
        excluded: BTreeSet<usize>,
        events: mpsc::UnboundedSender<ApplyEvent>,
        cancel: CancellationToken,
    ) -> Result<Report, String> {
        on_a_thread(move || async move {
            let on_event = |event| {
                let _ = events.send(event);
            };
            let writing = Writing {
                client: &self.client,
                server: &server,
                excluded: &excluded,
                max_workers: self.max_workers,
                batch_size: self.batch_size,
                on_event: &on_event,
            };
            let written = prepared.write(writing, &cancel).await.map_err(|error| {
                format!("nothing was written: the journal cannot be written: {error}")
            })?;
            for note in &written.notes {
                tracing::warn!("{note}");
            }
            Ok(written.report)
        })
        .await
    }
}

/// Where a URL leads, without what must not be shown in it.
fn place_of(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => "the configured URL".to_owned(),
    }
}

/// Runs work that mixes computing and waiting on a thread where it may take its time.
async fn on_a_thread<T, F, Fut>(work: F) -> Result<T, String>
where
    T: Send + 'static,
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, String>>,
{
    let runtime = Handle::current();
    let task = tokio::task::spawn_blocking(move || runtime.block_on(work()));
    task.await.unwrap_or_else(|error| match error.try_into_panic() {
        // Goes up to whoever runs the job, who makes its failure of it.
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => Err(error.to_string()),
    })
}
