//! `discover`: reads the catalogue, writes it, stores it.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use super::follow::follow;
use crate::cli::args::{CatalogFormat, DiscoverArgs};
use crate::cli::printer::{Printer, Progress};
use crate::cli::session::{Session, Target};
use crate::cli::status::{ExitStatus, Failure, flatten};
use crate::config::Settings;
use crate::discovery::{self, DiscoveryEvent, DiscoveryOptions, DiscoveryStats, GaveUp};
use crate::dremio::Client;
use crate::http::RequestLog;
use crate::model::display::clean;
use crate::model::snapshot::Snapshot;
use crate::model::time::rfc3339;
use crate::model::{Catalog, DatasetPath, Listing, NodeError, ServerInfo};
use crate::report::CatalogReport;
use crate::report::catalog::SkippedEntry;
use crate::snapshots::SnapshotStore;

/// What a walk brought home.
pub(super) struct Reading {
    pub(super) catalog: Catalog,
    /// Paths that views name and at which there is nothing.
    absent: Vec<DatasetPath>,
    skipped: Vec<SkippedEntry>,
    stats: DiscoveryStats,
    pub(super) cancelled: bool,
    /// Why the root itself could not be read.
    pub(super) root_error: Option<NodeError>,
    /// Why the walk gave up on the way.
    pub(super) gave_up: Option<GaveUp>,
}

impl Reading {
    /// Whether something is missing that a second reading may bring.
    pub(super) fn is_incomplete(&self) -> bool {
        self.cancelled || self.root_error.is_some() || self.gave_up.is_some()
    }

    /// Whether views may name things that no listing has shown.
    fn may_hide_something(&self) -> bool {
        self.catalog.walk().any(|node| {
            node.kind().is_container()
                && (node.listing() != Listing::Complete || node.error().is_some())
        })
    }

    /// Adds the tables that views name and no listing has shown, so that what is stored says as
    /// much of the lineage as the server does.
    async fn complete(
        &mut self,
        session: &Session,
        settings: &Settings,
        client: &Client,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        let completed =
            follow(session, settings, client, std::mem::take(&mut self.catalog)).await?;
        self.catalog = completed.catalog;
        self.absent = completed.absent;
        self.cancelled |= completed.cancelled;
        self.stats.requests += completed.requests;
        self.stats.elapsed += started.elapsed();
        Ok(())
    }
}

/// Runs the command.
pub(super) async fn run(session: &Session, args: &DiscoverArgs) -> Result<ExitStatus, Failure> {
    let settings = session.settings()?;
    let _log = session.start_log(&settings, false);
    let output = Output::new(args.output.as_deref(), args.format, &session.printer);
    output.check()?;
    let target = session.target(&settings).await?;
    let options = DiscoveryOptions { details: !args.no_details, ..settings.discovery_options() };

    let (client, server) = connect(session, &target).await?;
    let mut reading = read(session, &client, options).await;
    // Part of a catalogue on purpose is no reading of it; an interrupted one is, and says so.
    let is_whole = settings.discovery.include.is_empty()
        && settings.discovery.exclude.is_empty()
        && settings.discovery.max_depth.is_none()
        && settings.discovery.kinds.is_empty()
        && !args.no_details;
    if is_whole && !reading.is_incomplete() && reading.may_hide_something() {
        reading.complete(session, &settings, &client).await?;
    }
    client.logout().await;

    if let Some(error) = &reading.root_error
        && reading.catalog.is_empty()
    {
        return Err(Failure::new(ExitStatus::Remote, error.message.clone()));
    }
    let incomplete = reading.is_incomplete();
    let report = CatalogReport::new(
        &reading.catalog,
        &server,
        &settings.discovery.kinds,
        &reading.skipped,
        incomplete,
    )
    .with_cost(reading.stats.requests, reading.stats.elapsed.as_secs_f64());
    output.write(&report, &session.printer)?;
    let stats = report.stats();
    if output.format != CatalogFormat::Table || output.file.is_some() {
        session.printer.note(&report.summary());
    }
    let refusal = reading.gave_up.as_ref().filter(|gave_up| gave_up.refused);
    if refusal.is_none() {
        tell_failures(&session.printer, &reading.catalog);
    }
    if is_whole && !args.no_snapshot {
        let Reading { catalog, absent, .. } = reading;
        store(session, &settings, &target, server, catalog, absent, !incomplete);
    }
    Ok(if reading.cancelled {
        session.printer.warn("interrupted: the result holds what was read until then");
        ExitStatus::Interrupted
    } else if let Some(gave_up) = &reading.gave_up {
        session.printer.error(&format!("{gave_up}\nthe result holds what was read until then"));
        if gave_up.refused { ExitStatus::Remote } else { ExitStatus::Partial }
    } else if incomplete || stats.errors > 0 {
        ExitStatus::Partial
    } else {
        ExitStatus::Fine
    })
}

/// Logs in, with an eye on Ctrl-C.
pub(super) async fn connect(
    session: &Session,
    target: &Target,
) -> Result<(Client, ServerInfo), Failure> {
    let client = Client::new(target.options.clone(), RequestLog::new())?;
    let progress = session.printer.progress();
    progress.set("connecting".to_owned(), 0, None);
    let server = tokio::select! {
        server = client.login() => server?,
        () = session.cancel.cancelled() => return Err(Failure::interrupted()),
    };
    drop(progress);
    let who = server.user.as_deref().map(|user| format!(" as {user}")).unwrap_or_default();
    session.printer.detail(&format!("connected to {}{who}", server.host));
    Ok((client, server))
}

/// Stores the reading. Not being able to costs a word, not the command.
fn store(
    session: &Session,
    settings: &Settings,
    target: &Target,
    server: ServerInfo,
    catalog: Catalog,
    absent: Vec<DatasetPath>,
    complete: bool,
) {
    let Some(data_dir) = session.data_dir(settings) else {
        session.printer.warn("not stored: there is no data folder; name one with --data-dir DIR");
        return;
    };
    let server = target.server_for_store(server);
    let taken_at = rfc3339(SystemTime::now());
    let snapshot = Snapshot { taken_at, server, complete, catalog, absent };
    match SnapshotStore::new(&data_dir).save(&snapshot) {
        Ok(entry) => session.printer.detail(&format!("stored as {}", entry.path.display())),
        Err(error) => session.printer.warn(&format!("not stored: {}", flatten(&error))),
    }
}

/// Walks the catalogue to the end, or until Ctrl-C.
pub(super) async fn read(session: &Session, client: &Client, options: DiscoveryOptions) -> Reading {
    let mut reading = Reading {
        catalog: Catalog::new(),
        absent: Vec::new(),
        skipped: Vec::new(),
        stats: DiscoveryStats::default(),
        cancelled: false,
        root_error: None,
        gave_up: None,
    };
    let progress = session.printer.progress();
    let (_handle, mut events) =
        discovery::discover(client.clone(), options, session.cancel.child_token(), false);
    while let Some(event) = events.recv().await {
        match event {
            DiscoveryEvent::Changes(changes) => {
                for change in changes {
                    if let crate::model::Change::Failed { path, error } = &change
                        && path.is_empty()
                    {
                        reading.root_error = Some(error.clone());
                    }
                    for clash in reading.catalog.apply(change).case_clashes {
                        let reason =
                            "differs from another name only in case, which is one name to \
                                      Dremio"
                                .to_owned();
                        reading.skipped.push(SkippedEntry { path: clash, reason });
                    }
                }
            }
            DiscoveryEvent::Progress(stats) => show(&progress, &stats),
            DiscoveryEvent::Skipped(skipped) => {
                reading.skipped.push(SkippedEntry { path: skipped.path, reason: skipped.reason });
            }
            DiscoveryEvent::Warning(text) => session.printer.warn(&text),
            DiscoveryEvent::GaveUp(gave_up) => {
                reading.gave_up.get_or_insert(gave_up);
            }
            DiscoveryEvent::Finished { stats, cancelled } => {
                reading.stats = stats;
                reading.cancelled = cancelled;
                break;
            }
        }
    }
    reading
}

fn show(progress: &Progress, stats: &DiscoveryStats) {
    let done = stats.containers + stats.details;
    let seconds = stats.elapsed.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for the eye")]
    let rate = if seconds > 0.0 { done as f64 / seconds } else { 0.0 };
    let failed = match stats.failed {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    progress.set(
        format!(
            "{} folders, {} of {} datasets{failed}, {rate:.0}/s",
            stats.containers, stats.details, stats.datasets
        ),
        done,
        Some(done + stats.pending),
    );
}

/// Names the first few nodes that could not be read; all of them are in the result.
pub(super) fn tell_failures(printer: &Printer, catalog: &Catalog) {
    const SHOWN: usize = 5;
    let failed = catalog.walk().filter_map(|node| node.error().map(|error| (node.path(), error)));
    // Why something was not tried is told once.
    let failed: Vec<_> =
        failed.filter(|(_, error)| !error.message.starts_with(discovery::UNTRIED)).collect();
    for (path, error) in failed.iter().take(SHOWN) {
        printer.warn(&format!("{}: {}", clean(&path.to_string()), clean(&error.message)));
    }
    if failed.len() > SHOWN {
        printer.warn(&format!("and {} more, listed in the result", failed.len() - SHOWN));
    }
}

/// Where a catalogue goes, and in which form.
pub(super) struct Output {
    file: Option<PathBuf>,
    format: CatalogFormat,
}

impl Output {
    /// The form asked for, else what the file's name says, else what suits the reader.
    pub(super) fn new(
        file: Option<&Path>,
        format: Option<CatalogFormat>,
        printer: &Printer,
    ) -> Self {
        let file = file.filter(|file| *file != Path::new("-")).map(Path::to_owned);
        let extension = file.as_deref().and_then(Path::extension).and_then(|it| it.to_str());
        let format = format.unwrap_or_else(|| match extension {
            Some("yaml" | "yml") => CatalogFormat::Yaml,
            Some("csv") => CatalogFormat::Csv,
            Some("txt") => CatalogFormat::Table,
            None if file.is_none() && printer.is_terminal() => CatalogFormat::Table,
            Some(_) | None => CatalogFormat::Json,
        });
        Self { file, format }
    }

    /// Fails now rather than after a long reading when the file has no folder to stand in.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        match folder {
            Some(folder) if !folder.is_dir() => Err(Failure::usage(format!(
                "cannot write {}: there is no folder {}",
                file.display(),
                folder.display()
            ))),
            _ if file.is_dir() => {
                Err(Failure::usage(format!("cannot write {}: it is a folder", file.display())))
            }
            _ => Ok(()),
        }
    }

    /// Writes the report.
    pub(super) fn write(
        &self,
        report: &CatalogReport<'_>,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let for_terminal = self.file.is_none() && std::io::stdout().is_terminal();
        let write = |out: &mut dyn std::io::Write| match self.format {
            CatalogFormat::Json => report.write_json(out),
            CatalogFormat::Yaml => report.write_yaml(out),
            CatalogFormat::Csv => report.write_csv(out, for_terminal),
            CatalogFormat::Table => report.write_table(out, printer.ascii()),
        };
        match &self.file {
            Some(file) => printer.write_file(file, write),
            None => printer.write_data(write),
        }
    }
}
