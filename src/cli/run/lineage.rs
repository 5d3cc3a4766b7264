//! What `check-lineage` and `impact` share: a catalogue, from the server or stored, and its lineage.

use std::collections::{BTreeSet, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::task::spawn_blocking;

use super::follow::{follow, workers};
use super::sync::tell_reading;
use super::{discover, snapshots};
use crate::cli::args::{DbtArgs, DremioGraphArg};
use crate::cli::dbt_project;
use crate::cli::printer::Printer;
use crate::cli::session::{Session, Target};
use crate::cli::status::{ExitStatus, Failure, flatten};
use crate::config::Settings;
use crate::dbt::Project;
use crate::dbt::matching::{Evidence, match_nodes};
use crate::discovery;
use crate::dremio::Client;
use crate::http::RequestLog;
use crate::lineage::dbt::merge;
use crate::lineage::{
    Difference, Engine, LineageGraph, NodeIndex, NodeRole, ReadingStatus, compare,
};
use crate::model::snapshot::Snapshot;
use crate::model::time::rfc3339;
use crate::model::{Catalog, DatasetPath, NodeErrorKind, ServerInfo};
use crate::openmetadata;
use crate::report::lineage::{LineageInput, Selection, Wanted};
use crate::snapshots::{SnapshotEntry, SnapshotStore, StoreError};
use crate::sync::{HeldLineage, HeldScope, held};

/// A lineage and where it is from.
pub(super) struct Lineage {
    pub(super) catalog: Catalog,
    pub(super) graph: LineageGraph,
    pub(super) server: ServerInfo,
    /// When the catalogue was read, as RFC 3339 text.
    taken_at: String,
    differences: Vec<Difference>,
    /// What OpenMetadata holds of it, once that was asked for.
    pub(super) held: Option<HeldLineage>,
    /// Keeps a demo's servers up, and says where OpenMetadata is.
    target: Option<Target>,
    /// Whether the reading was cut short.
    pub(super) incomplete: bool,
    /// Whether somebody pressed Ctrl-C.
    cancelled: bool,
    /// Nodes that could not be read, though neither forbidden nor of a source that is down.
    lost: usize,
}

impl Lineage {
    /// Reads the catalogue from where the flags say, and its lineage.
    pub(super) async fn load(
        session: &Session,
        settings: &Settings,
        snapshot: Option<&str>,
        graph_use: DremioGraphArg,
    ) -> Result<Self, Failure> {
        match snapshot {
            Some(name) => Self::stored(session, settings, name).await,
            None => Self::read(session, settings, graph_use).await,
        }
    }

    async fn stored(session: &Session, settings: &Settings, name: &str) -> Result<Self, Failure> {
        let entry = entry(session, settings, name)?;
        let progress = session.printer.progress();
        progress.set(format!("reading {}", entry.path.display()), 0, None);
        let loaded = spawn_blocking(move || {
            let snapshot = entry.load()?;
            let engine = Engine::new(&snapshot.catalog);
            let mut graph = engine.graph(&snapshot.catalog);
            graph.settle(&snapshot.absent, []);
            Ok::<_, StoreError>((snapshot, graph))
        });
        let (snapshot, graph) =
            joined(loaded.await)?.map_err(|error| Failure::usage(flatten(&error)))?;
        let Snapshot { taken_at, server, complete, catalog, .. } = snapshot;
        Ok(Self {
            lost: lost(&catalog),
            catalog,
            graph,
            server,
            taken_at,
            differences: Vec::new(),
            held: None,
            target: None,
            incomplete: !complete,
            cancelled: false,
        })
    }

    async fn read(
        session: &Session,
        settings: &Settings,
        graph_use: DremioGraphArg,
    ) -> Result<Self, Failure> {
        let target = session.target(settings).await?;
        let (client, server) = discover::connect(session, &target).await?;
        let reading = discover::read(session, &client, settings.discovery_options()).await;
        if let Some(error) = &reading.root_error
            && reading.catalog.is_empty()
        {
            client.logout().await;
            return Err(Failure::new(ExitStatus::Remote, error.message.clone()));
        }
        let incomplete = reading.is_incomplete();
        let mut lineage = Self {
            catalog: reading.catalog,
            graph: LineageGraph::default(),
            server,
            taken_at: rfc3339(reading_time()),
            differences: Vec::new(),
            held: None,
            target: Some(target),
            incomplete,
            cancelled: reading.cancelled,
            lost: 0,
        };
        if let Some(gave_up) = &reading.gave_up {
            session.printer.warn(&gave_up.to_string());
        }
        lineage.follow(session, settings, &client).await?;
        if graph_use != DremioGraphArg::Never && !lineage.cancelled {
            lineage.cross_check(session, settings, &client, graph_use).await;
        }
        client.logout().await;
        lineage.lost += lost(&lineage.catalog);
        Ok(lineage)
    }

    /// Reads the views' SQL, and the tables that it names and no listing has shown.
    async fn follow(
        &mut self,
        session: &Session,
        settings: &Settings,
        client: &Client,
    ) -> Result<(), Failure> {
        let catalog = std::mem::take(&mut self.catalog);
        let completed = follow(session, settings, client, catalog).await?;
        self.cancelled |= completed.cancelled;
        self.incomplete |= completed.cancelled;
        self.graph = completed.engine.graph(&completed.catalog);
        self.catalog = completed.catalog;
        self.graph.settle(
            &completed.absent,
            completed.failed.iter().map(|(path, error)| (path, error.message.as_str())),
        );
        self.lost += completed.failed.iter().filter(|(_, error)| is_loss(error.kind)).count();
        Ok(())
    }

    /// Compares with Dremio's own lineage, where it has one.
    async fn cross_check(
        &mut self,
        session: &Session,
        settings: &Settings,
        client: &Client,
        which: DremioGraphArg,
    ) {
        let views: Vec<(DatasetPath, String)> = self
            .graph
            .nodes()
            .iter()
            .filter(|node| node.role == NodeRole::View)
            .filter(|node| {
                let status = node.reading.as_ref().map(|reading| reading.status);
                let is_gap =
                    !matches!(status, Some(ReadingStatus::Parsed | ReadingStatus::Partial));
                which == DremioGraphArg::All || is_gap
            })
            .filter_map(|node| {
                // What may not be read has no lineage for us either.
                let found = self.catalog.get(node.catalog?).filter(|it| it.error().is_none())?;
                Some((node.path.clone(), found.server_id()?.to_owned()))
            })
            .collect();
        let progress = session.printer.progress();
        let workers = workers(settings, client);
        let parents = discovery::parents(client, views, workers, &session.cancel, |done, all| {
            progress.set("asking for Dremio's own lineage".to_owned(), done, Some(all));
        })
        .await;
        drop(progress);
        if let Some((path, error)) = parents.failed.first() {
            session.printer.warn(&format!(
                "Dremio's own lineage could not be read of {path}{}: {}",
                match parents.failed.len() {
                    1 => String::new(),
                    count => format!(" and {} more", count - 1),
                },
                error.message
            ));
        }
        self.cancelled |= parents.cancelled;
        self.incomplete |= parents.cancelled;
        let graph = std::mem::take(&mut self.graph);
        (self.graph, self.differences) = compare(graph, &self.catalog, &parents.by_view);
    }

    /// Joins the edges, exposures and tags of a dbt project, if one takes part.
    pub(super) fn join(&mut self, session: &Session, project: Option<&Project>) {
        let Some(project) = project else { return };
        let manifest = &project.manifest;
        let matches = match_nodes(manifest, &self.catalog, Evidence::of(project));
        if let Some(hint) = &matches.hint {
            session.printer.warn(hint);
        }
        let graph = std::mem::take(&mut self.graph);
        let (graph, disagreements) = merge(graph, &self.catalog, manifest, &matches);
        self.graph = graph;
        let counts = matches.counts();
        session.printer.detail(&format!(
            "{} nodes of the dbt project are matched with datasets, {} are not",
            counts.matched,
            counts.ambiguous + counts.missing_in_dremio + counts.unchecked
        ));
        if !disagreements.is_empty() {
            session.printer.warn(&format!(
                "dbt and the SQL of the views disagree on {} edges: `ingest-dbt --dry-run` lists them",
                disagreements.len()
            ));
        }
    }

    /// Reads what OpenMetadata holds of the selected part.
    pub(super) async fn ask_openmetadata(
        &mut self,
        session: &Session,
        settings: &Settings,
        selection: &Selection,
    ) -> Result<(), Failure> {
        let target = match self.target.take() {
            Some(target) => target,
            None => session.target(settings).await?,
        };
        let options = session.openmetadata(settings, &target).await?;
        let client = openmetadata::Client::new(options, RequestLog::new())?;
        let server = tokio::select! {
            server = client.connect() => server?,
            () = session.cancel.cancelled() => return Err(Failure::interrupted()),
        };
        let paths = |nodes: &BTreeSet<NodeIndex>| {
            nodes.iter().map(|node| self.graph.node(*node).path.folded()).collect()
        };
        let scope =
            HeldScope { downstream: paths(&selection.checked), upstream: paths(&selection.nodes) };
        let progress = session.printer.progress();
        let on_progress = |read| tell_reading(&progress, read);
        let sync = settings.sync_settings();
        let asked = held(
            (&client, &server),
            (&self.catalog, &self.graph),
            &sync,
            &scope,
            &on_progress,
            &session.cancel,
        );
        self.held = Some(asked.await?);
        self.target = Some(target);
        Ok(())
    }

    /// What the reports are made of.
    pub(super) fn input(&self) -> LineageInput<'_> {
        LineageInput {
            graph: &self.graph,
            catalog: &self.catalog,
            server: &self.server,
            taken_at: &self.taken_at,
            differences: &self.differences,
            held: self.held.as_ref(),
            incomplete: self.incomplete,
        }
    }

    /// How the reading ended, findings aside.
    pub(super) fn status(&self, printer: &Printer) -> ExitStatus {
        if self.cancelled {
            printer.warn("interrupted: the result holds what was read until then");
            ExitStatus::Interrupted
        } else if self.incomplete || self.lost > 0 {
            if self.lost > 0 {
                printer.warn(&format!(
                    "{} parts of the catalogue could not be read, so lineage may be missing; \
                     `discover` lists them",
                    self.lost
                ));
            }
            ExitStatus::Partial
        } else {
            ExitStatus::Fine
        }
    }
}

/// The dbt project that takes part, if one does; it is read before any server is asked.
pub(super) fn dbt_project(
    session: &Session,
    args: &DbtArgs,
    settings: &Settings,
) -> Result<Option<Project>, Failure> {
    let files = dbt_project::find_or_demo(session, args, settings);
    dbt_project::read(session, files.as_deref())
}

/// Now, or what `SOURCE_DATE_EPOCH` says, so that two runs can be made equal to the letter.
fn reading_time() -> SystemTime {
    let fixed = std::env::var("SOURCE_DATE_EPOCH").ok();
    let seconds = fixed.and_then(|seconds| seconds.trim().parse::<u64>().ok());
    let fixed = seconds.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    fixed.unwrap_or_else(SystemTime::now)
}

/// The names under which tables are asked for.
pub(super) fn wanted(settings: &Settings) -> Wanted {
    let service = settings.openmetadata.service_name.clone();
    Wanted {
        openmetadata: Some((service, settings.sync.default_schema.clone())),
        ..Wanted::default()
    }
}

/// Where a text goes.
pub(super) struct Output {
    file: Option<PathBuf>,
}

impl Output {
    /// Fails now rather than after a long reading when the file has no folder to stand in.
    pub(super) fn new(file: Option<&Path>) -> Result<Self, Failure> {
        let file = file.filter(|file| *file != Path::new("-")).map(Path::to_owned);
        if let Some(file) = &file {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            let why = match folder {
                Some(folder) if !folder.is_dir() => {
                    Some(format!("there is no folder {}", folder.display()))
                }
                _ if file.is_dir() => Some("it is a folder".to_owned()),
                _ => None,
            };
            if let Some(why) = why {
                return Err(Failure::usage(format!("cannot write {}: {why}", file.display())));
            }
        }
        Ok(Self { file })
    }

    /// Whether it goes to standard output.
    pub(super) fn is_stdout(&self) -> bool {
        self.file.is_none()
    }

    /// What the file's name ends in.
    pub(super) fn extension(&self) -> Option<&str> {
        self.file.as_deref().and_then(Path::extension).and_then(|extension| extension.to_str())
    }

    /// Writes it.
    pub(super) fn write(
        &self,
        printer: &Printer,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), Failure> {
        match &self.file {
            Some(file) => printer.write_file(file, write),
            None => printer.write_data(write),
        }
    }
}

fn joined<T>(result: Result<T, tokio::task::JoinError>) -> Result<T, Failure> {
    result.map_err(|error| {
        Failure::new(ExitStatus::Remote, format!("the lineage engine stopped: {error}"))
    })
}

fn is_loss(kind: NodeErrorKind) -> bool {
    !matches!(kind, NodeErrorKind::Forbidden | NodeErrorKind::SourceDown)
}

fn lost(catalog: &Catalog) -> usize {
    catalog.walk().filter(|node| node.error().is_some_and(|error| is_loss(error.kind))).count()
}

/// The stored reading of that name: `latest` of the server that is set, else of all; or as
/// `snapshots` names it: a number, a name, a file.
fn entry(session: &Session, settings: &Settings, name: &str) -> Result<SnapshotEntry, Failure> {
    let failed = |error: StoreError| Failure::usage(flatten(&error));
    if Path::new(name).is_file() {
        return SnapshotEntry::of_file(Path::new(name)).map_err(failed);
    }
    let folder = session.data_dir(settings).ok_or_else(|| {
        Failure::usage("there is no data folder to find snapshots in: set --data-dir")
    })?;
    let store = SnapshotStore::new(&folder);
    if name != "latest" {
        return snapshots::find(&store, name);
    }
    let all = store.list(None).map_err(failed)?;
    let server = settings.dremio.url.as_deref().and_then(|url| url::Url::parse(url).ok());
    let host = match &session.cli.connection.demo {
        Some(catalogue) => Some(format!("demo-{catalogue}")),
        None => server
            .and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))),
    };
    let slug = host.map(|host| SnapshotStore::slug(&ServerInfo { host, ..ServerInfo::default() }));
    let servers: HashSet<&str> = all.iter().map(|entry| entry.server.as_str()).collect();
    let own = slug.filter(|slug| servers.contains(slug.as_str()));
    let found = match own {
        Some(slug) => all.iter().find(|entry| entry.server == slug),
        None if servers.len() > 1 => {
            return Err(Failure::usage(
                "there are snapshots of several servers: set --dremio-url or name a file",
            ));
        }
        None => all.first(),
    };
    found.cloned().ok_or_else(|| {
        Failure::usage(format!(
            "there is no snapshot in {}: `discover` stores one",
            folder.display()
        ))
    })
}
