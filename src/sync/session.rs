//! From two servers to a plan: the steps that the command and the terminal UI share.

use serde::{Deserialize, Serialize};
use std::path::Path;
use tokio_util::sync::CancellationToken;

use super::apply::Report;
use super::desired::{self, Desired, ProjectionOptions, Selection};
use super::journal::interrupted;
use super::lineage::desired_edges;
use super::memory::SyncMemory;
use super::plan::{Current, Plan, PlanOptions, Principal, ServerTraits, plan};
use super::read::{self, ReadProgress};
use super::settled::{EdgeHashes, SettledEdges};
use super::texts::{self, Texts, Wanted};
use crate::lineage::LineageGraph;
use crate::model::Catalog;
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
    /// Replace descriptions that differ from Dremio's.
    pub overwrite_descriptions: bool,
    /// Soft-delete what Dremio no longer has, within what takes part.
    pub prune: bool,
    /// Read all edges again instead of relying on what earlier runs verified.
    pub reread_edges: bool,
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
            overwrite_descriptions: false,
            prune: false,
            reread_edges: false,
        }
    }
}

impl SyncSettings {
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
    pub unread_texts: Vec<(crate::model::DatasetPath, String)>,
    pub(super) settled: SettledEdges,
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

/// Reads what is missing and makes the plan. Writes nothing.
pub async fn prepare(
    sources: Sources<'_>,
    selection: &Selection,
    settings: &SyncSettings,
    on_step: &(dyn Fn(Step) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<Prepared, PrepareError> {
    let wanted =
        Wanted { wikis: settings.descriptions, labels: settings.label_classification.is_some() };
    let on_text = |done, total| on_step(Step::Texts(done, total));
    // What takes part, parents included, is the projection's to say.
    let bare = settings.projection(&Texts::default());
    let paths = desired::project(sources.catalog, selection, &bare)?.paths();
    let texts =
        texts::read(sources.dremio, sources.catalog, &paths, wanted, &on_text, cancel).await;
    if cancel.is_cancelled() {
        return Err(PrepareError::Cancelled);
    }
    let options = settings.projection(&texts);
    let mut desired = desired::project(sources.catalog, selection, &options)?;
    if settings.lineage {
        let everything = desired::project(sources.catalog, &Selection::default(), &options)?;
        desired.edges = desired_edges(sources.graph, sources.catalog, &everything, &desired);
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
        prune: settings.prune.then(|| selection.clone()),
    };
    let plan = plan(&desired, &current, &plan_options);
    let unread_texts = texts.failed;
    Ok(Prepared { desired, current, plan, traits, unread_texts, settled, memory })
}

impl Prepared {
    /// Where this sync remembers things between runs.
    pub fn memory(&self) -> Option<&SyncMemory> {
        self.memory.as_ref()
    }

    /// Remembers which edges a run left as they should be.
    pub fn remember(&mut self, report: &Report) -> std::io::Result<()> {
        let hashes = EdgeHashes::of(&self.desired);
        for (fqn, id) in &report.settled {
            self.settled.settle(&hashes, fqn, id);
        }
        for fqn in &report.unsettled {
            self.settled.unsettle(fqn);
        }
        self.memory.as_ref().map_or(Ok(()), |memory| memory.store_settled(&self.settled))
    }
}

fn was_interrupted(memory: &SyncMemory) -> bool {
    !matches!(interrupted(&memory.journal()), Ok(None))
}

/// Unknown is treated as a person: the case in which a PUT destroys more (contract §1.2).
pub fn principal(server: &ServerInfo) -> Principal {
    if server.is_bot == Some(true) { Principal::Bot } else { Principal::User }
}

/// What this version does (contract §3.3, §7): SQL alone is stored from 2.0 on for certain.
pub fn server_traits(server: &ServerInfo) -> ServerTraits {
    ServerTraits { stores_sql_changes: server.numbers.0 >= 2 }
}
