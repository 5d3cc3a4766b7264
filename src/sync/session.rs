//! From two servers to a plan: the steps that the command and the terminal UI share.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::apply::{Application, ApplyEvent, ApplyOptions, Report, apply};
use super::desired::{self, Desired, DesiredEdge, ProjectionOptions};
use super::journal::{self, Interrupted, Journal};
use super::lineage::{desired_edges, traced};
use super::memory::SyncMemory;
use super::plan::{Current, ItemKey, Payload, Plan, PlanOptions, Principal, ServerTraits, plan};
use super::read::{self, ReadProgress};
use super::rescue::{EdgeBefore, plan_put_back};
use super::selection::{NameFilters, Selection};
use super::settled::{EdgeHashes, SettledEdges};
use super::texts::{self, Texts, Wanted};
use crate::discovery::CatalogApi;
use crate::lineage::{Engine, LineageGraph, complete};
use crate::model::{Catalog, Change, DatasetPath, NodeError};
use crate::openmetadata::{self, ServerInfo};
use crate::{dremio, openmetadata::names::NameError};

/// What a person asks a sync to do, apart from what takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct SyncSettings {
    /// Name of the database service.
    pub service_name: String,
    /// Its type, if it has to be made.
    pub service_type: String,
    /// Schema of datasets right under a root.
    pub default_schema: String,
    /// Base of links back to Dremio.
    pub dremio_url: Option<String>,
    /// Bring wiki texts as descriptions.
    pub descriptions: bool,
    /// Bring labels as tags of this classification.
    pub label_classification: Option<String>,
    /// Bring lineage.
    pub lineage: bool,
    /// Of columns as well as of tables.
    pub column_lineage: bool,
    /// Names in OpenMetadata to take and to leave.
    pub names: NameFilters,
    /// Replace descriptions that differ from Dremio's.
    pub overwrite_descriptions: bool,
    /// Replace owners that differ from those that dbt names.
    pub overwrite_owners: bool,
    /// Soft-delete what Dremio no longer has, within what takes part.
    pub prune: bool,
    /// Read all edges again instead of relying on what earlier runs verified.
    pub reread_edges: bool,
    /// The catalogue is read without leaving anything out: only then is what is absent gone.
    pub reads_all: bool,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            service_name: "Dremio".to_owned(),
            service_type: "Dremio".to_owned(),
            default_schema: "default".to_owned(),
            dremio_url: None,
            descriptions: true,
            label_classification: None,
            lineage: true,
            column_lineage: true,
            names: NameFilters::default(),
            overwrite_descriptions: false,
            overwrite_owners: false,
            prune: false,
            reread_edges: false,
            reads_all: true,
        }
    }
}

impl SyncSettings {
    /// Leaves out of edges what is not to be brought.
    pub(super) fn narrow(&self, edges: &mut [DesiredEdge]) {
        for edge in edges.iter_mut().filter(|_| !self.column_lineage) {
            edge.columns.clear();
        }
    }

    /// How the projection is made, with the texts that were read for it.
    pub(super) fn projection(&self, texts: &Texts) -> ProjectionOptions {
        ProjectionOptions {
            service_name: self.service_name.clone(),
            service_type: self.service_type.clone(),
            default_schema: self.default_schema.clone(),
            dremio_url: self.dremio_url.clone(),
            label_classification: self.label_classification.clone(),
            wikis: texts.wikis.clone(),
            labels: texts.labels.clone(),
        }
    }
}

/// What is under way, for people who wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wiki texts and labels: read of all.
    Texts(usize, usize),
    /// What OpenMetadata holds.
    Current(ReadProgress),
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The service's name cannot be used.
    #[error("the service name cannot be used: {0}")]
    ServiceName(#[from] NameError),
    /// What discovery leaves out would be taken for gone.
    #[error(
        "pruning needs the whole catalogue: what discovery.include, exclude, include_types or max_depth \
         leave out would be taken for gone and deleted; restrict what takes part by --space, --include and \
         --exclude instead"
    )]
    PruneOfPart,
    /// OpenMetadata could not be read.
    #[error(transparent)]
    OpenMetadata(#[from] openmetadata::Error),
    /// We were told to stop.
    #[error("cancelled")]
    Cancelled,
}

/// A plan with what it rests on.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What should be there.
    pub desired: Desired,
    /// What is there.
    pub current: Current,
    /// What would happen.
    pub plan: Plan,
    /// What the server stores when only SQL differs.
    pub traits: ServerTraits,
    /// Wikis and labels that could not be read.
    pub unread_texts: Vec<(DatasetPath, String)>,
    /// What an earlier run to the same service left behind when it was interrupted.
    pub interrupted: Option<Interrupted>,
    pub(super) settled: SettledEdges,
    /// Whether edges that no SQL supports were looked for.
    pub(super) pruned: bool,
    pub(super) memory: Option<SyncMemory>,
}

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The catalogue as read.
    pub catalog: &'a Catalog,
    /// Its lineage.
    pub graph: &'a LineageGraph,
    /// For wikis and labels.
    pub dremio: &'a dremio::Client,
    /// Where to.
    pub openmetadata: &'a openmetadata::Client,
    /// Who it is, as [`openmetadata::Client::connect`] told.
    pub server: &'a ServerInfo,
    /// Where to remember things between runs; nowhere, if `None`.
    pub data_dir: Option<&'a Path>,
}

impl Sources<'_> {
    /// Where this pair of server and service remembers things, and which edges it left settled.
    pub(super) fn remembered(&self, settings: &SyncSettings) -> (Option<SyncMemory>, SettledEdges) {
        let memory = self
            .data_dir
            .map(|folder| SyncMemory::new(folder, &self.server.host, &settings.service_name));
        let settled = match &memory {
            // A run that was killed may have left edges as the server rewrote them (quirk 15).
            Some(memory) if !settings.reread_edges && !was_interrupted(memory) => memory.settled(),
            _ => SettledEdges::default(),
        };
        (memory, settled)
    }
}

/// How a plan is to be applied.
#[derive(Clone, Copy)]
pub struct Writing<'a> {
    /// With which client.
    pub client: &'a openmetadata::Client,
    /// To which server.
    pub server: &'a ServerInfo,
    /// Items that are left out, by their index in the plan.
    pub excluded: &'a BTreeSet<usize>,
    /// Requests under way at once.
    pub max_workers: usize,
    /// New tables in one bulk request; 1 = each by itself.
    pub batch_size: usize,
    /// Hears what goes on.
    pub on_event: &'a (dyn Fn(ApplyEvent) + Send + Sync),
}

/// What came of applying a plan.
#[derive(Debug)]
pub struct Written {
    /// What became of its items.
    pub report: Report,
    /// What could not be noted for the next run.
    pub notes: Vec<String>,
}

/// A catalogue with its lineage.
#[derive(Debug, Default)]
pub struct Traced {
    /// The catalogue, with the tables that views name and no listing has shown.
    pub catalog: Catalog,
    /// Its lineage.
    pub graph: LineageGraph,
    /// Where those tables are.
    pub found: Vec<DatasetPath>,
    /// Names in views of which it could not be found out whether there is such a table.
    pub failed: Vec<(DatasetPath, NodeError)>,
    /// Whether it was cut short.
    pub cancelled: bool,
}

/// Reads the SQL of all views, and from Dremio the tables that it names and no listing has shown:
/// an edge has two ends. `on_progress` hears how many of how many such tables have been asked for.
pub async fn trace<A: CatalogApi>(
    dremio: &A,
    catalog: Catalog,
    workers: usize,
    cancel: &CancellationToken,
    on_progress: impl FnMut(usize, usize),
) -> Traced {
    // Reading thousands of views takes processors, not time on the network.
    let read = spawn_blocking(move || (Engine::new(&catalog), catalog));
    let (engine, catalog) = match read.await {
        Ok(read) => read,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => return Traced { cancelled: true, ..Traced::default() },
        },
    };
    let done = complete(dremio, catalog, engine, workers, cancel, on_progress).await;
    let found = done.changes.iter().filter_map(|change| match change {
        Change::Entity(entity) => Some(entity.item.path.clone()),
        _ => None,
    });
    Traced {
        found: found.collect(),
        graph: done.engine.graph(&done.catalog),
        catalog: done.catalog,
        failed: done.failed,
        cancelled: done.cancelled,
    }
}

/// Reads what is missing and makes the plan. Writes nothing.
pub async fn prepare(
    sources: Sources<'_>,
    selection: &Selection,
    settings: &SyncSettings,
    on_step: &(dyn Fn(Step) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<Prepared, PrepareError> {
    if settings.prune && !settings.reads_all {
        return Err(PrepareError::PruneOfPart);
    }
    let selection = &Selection { names: settings.names.clone(), ..selection.clone() };
    let wanted =
        Wanted { wikis: settings.descriptions, labels: settings.label_classification.is_some() };
    let on_text = |done, total| on_step(Step::Texts(done, total));
    let paths = if wanted == Wanted::default() {
        BTreeSet::new()
    } else {
        // What takes part, parents included, is the projection's to say.
        let bare = settings.projection(&Texts::default());
        desired::project(sources.catalog, selection, &bare)?.paths()
    };
    let texts =
        texts::read(sources.dremio, sources.catalog, &paths, wanted, &on_text, cancel).await;
    if cancel.is_cancelled() {
        return Err(PrepareError::Cancelled);
    }
    let options = settings.projection(&texts);
    let mut desired = desired::project(sources.catalog, selection, &options)?;
    if settings.lineage {
        // Edges may come from what takes no part.
        let everything = if selection.is_everything() {
            None
        } else {
            Some(desired::project(sources.catalog, &Selection::default(), &options)?)
        };
        let named = everything.as_ref().unwrap_or(&desired);
        desired.edges = desired_edges(sources.graph, sources.catalog, named, &desired);
        desired.traced = traced(sources.graph, &desired);
        settings.narrow(&mut desired.edges);
    }
    let (memory, settled) = sources.remembered(settings);
    let on_read = |progress| on_step(Step::Current(progress));
    let current =
        read::current(sources.openmetadata, &desired, &settled, settings.prune, &on_read, cancel)
            .await?
            .ok_or(PrepareError::Cancelled)?;
    let traits = server_traits(sources.server);
    let plan_options = PlanOptions {
        principal: principal(sources.server),
        traits,
        overwrite_descriptions: settings.overwrite_descriptions,
        overwrite_owners: settings.overwrite_owners,
        prune: settings.prune.then(|| selection.clone()),
    };
    let mut plan = plan(&desired, &current, &plan_options);
    let unread_texts = texts.failed;
    let client = sources.openmetadata;
    let interrupted = recover(client, memory.as_ref(), &current, &mut plan, cancel).await?;
    Ok(Prepared {
        desired,
        current,
        plan,
        traits,
        unread_texts,
        interrupted,
        settled,
        pruned: settings.prune,
        memory,
    })
}

/// What an interrupted run left behind, if the last one was that; the edges that it could not put back
/// are in the plan afterwards.
pub(super) async fn recover(
    client: &openmetadata::Client,
    memory: Option<&SyncMemory>,
    current: &Current,
    plan: &mut Plan,
    cancel: &CancellationToken,
) -> Result<Option<Interrupted>, PrepareError> {
    let Some(left) = left_behind(memory) else { return Ok(None) };
    tokio::select! {
        done = plan_put_back(client, current, &left.edges, plan) => done?,
        () = cancel.cancelled() => return Err(PrepareError::Cancelled),
    }
    Ok((!left.ended).then_some(left))
}

/// What the journal of the last run says, if that run did not come to its end.
fn left_behind(memory: Option<&SyncMemory>) -> Option<Interrupted> {
    let path = memory?.journal();
    journal::interrupted(&path).unwrap_or_else(|error| {
        let unreadable = Some(format!("{}: {error}", path.display()));
        Some(Interrupted { unreadable, ..Interrupted::default() })
    })
}

impl Prepared {
    /// Applies the plan and keeps its journal. An error means that the journal cannot be written, and
    /// that nothing else was.
    pub async fn write(
        &mut self,
        writing: Writing<'_>,
        cancel: &CancellationToken,
    ) -> io::Result<Written> {
        let journal = self.begin(&writing.server.host)?.map(Mutex::new);
        let options = ApplyOptions {
            max_workers: writing.max_workers,
            batch_size: writing.batch_size,
            stores_sql_changes: self.traits.stores_sql_changes,
        };
        let application = Application {
            client: writing.client,
            plan: &self.plan,
            current: &self.current,
            excluded: writing.excluded,
            options: &options,
            journal: journal.as_ref(),
            on_event: writing.on_event,
        };
        let report = apply(application, cancel).await;
        let mut notes = Vec::new();
        // A run that was cut short keeps its journal open: the next one tells what was done.
        if let Some(journal) = journal
            && report.ended_early.is_none()
            && let Err(error) = journal.into_inner().unwrap_or_else(PoisonError::into_inner).end()
        {
            notes.push(format!("the journal of the sync could not be closed: {error}"));
        }
        if let Err(error) = self.remember(&report) {
            notes.push(format!(
                "what was verified could not be remembered ({error}); the next run reads the edges again"
            ));
        }
        Ok(Written { report, notes })
    }

    /// The journal to apply the plan with: none when nothing is remembered between runs, or nothing is
    /// to be written.
    ///
    /// Edges that will be written count as unverified from here on, on disk too: a run that is
    /// killed between a table and its edges leaves edges that the server has rewritten (quirk 15).
    fn begin(&mut self, host: &str) -> io::Result<Option<Journal>> {
        let Some(memory) = &self.memory else { return Ok(None) };
        let writes = self.plan.items.iter().filter(|item| item.action.writes());
        let total = writes.clone().count();
        if total == 0 {
            // The interrupted run had got to its end but for saying so.
            journal::forget(&memory.journal())?;
            return Ok(None);
        }
        let put_back: Vec<&EdgeBefore> = writes
            .clone()
            .filter_map(|item| match &item.payload {
                Some(Payload::PutBack(edge)) => Some(&**edge),
                _ => None,
            })
            .collect();
        for item in writes {
            if let ItemKey::Edge { to, .. } = &item.key {
                self.settled.unsettle(to);
            }
        }
        memory.store_settled(&self.settled)?;
        Journal::start(&memory.journal(), &self.plan.service, host, total, &put_back).map(Some)
    }

    /// Where this sync remembers things between runs.
    pub fn memory(&self) -> Option<&SyncMemory> {
        self.memory.as_ref()
    }

    /// Remembers which edges a run left as they should be.
    fn remember(&mut self, report: &Report) -> io::Result<()> {
        let hashes = EdgeHashes::of(&self.desired, &self.current);
        for (fqn, id) in &report.settled {
            self.settled.settle(&hashes, fqn, id);
            // Of a view that was not read wholly nothing was pruned.
            if self.pruned && self.desired.traced.contains(fqn) {
                self.settled.mark_exact(fqn);
            }
        }
        for fqn in &report.unsettled {
            self.settled.unsettle(fqn);
        }
        self.memory.as_ref().map_or(Ok(()), |memory| memory.store_settled(&self.settled))
    }
}

fn was_interrupted(memory: &SyncMemory) -> bool {
    left_behind(Some(memory)).is_some()
}

/// Unknown is treated as a person: the case in which a PUT destroys more (contract §1.2).
pub fn principal(server: &ServerInfo) -> Principal {
    if server.is_bot == Some(true) { Principal::Bot } else { Principal::User }
}

/// What this version does (contract §3.3, §7): SQL alone is stored from 2.0 on for certain.
pub fn server_traits(server: &ServerInfo) -> ServerTraits {
    ServerTraits { stores_sql_changes: server.numbers.0 >= 2 }
}
