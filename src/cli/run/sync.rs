//! `sync`: plan, show, apply.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::discover::{self, Reading};
use crate::cli::args::{ReportFormat, SyncArgs};
use crate::cli::printer::Progress;
use crate::cli::session::{Session, Target};
use crate::cli::status::{ExitStatus, Failure};
use crate::config::Settings;
use crate::dremio;
use crate::http::RequestLog;
use crate::lineage::LineageGraph;
use crate::model::{Catalog, DatasetPath};
use crate::openmetadata::{Client, ServerInfo};
use crate::report::SyncReport;
use crate::sync::Selection;
use crate::sync::apply::{ApplyEvent, Report};
use crate::sync::journal::Interrupted;
use crate::sync::memory::SyncMemory;
use crate::sync::plan::{PLAN_SCHEMA_VERSION, Plan};
use crate::sync::read::ReadProgress;
use crate::sync::session::{
    Prepared, Sources, Step, SyncSettings, Traced, Writing, Written, prepare, trace,
};

/// A reviewed plan with what it was asked for, so that it can be made again and compared.
#[derive(Serialize, Deserialize)]
struct PlanFile {
    schema_version: u32,
    settings: SyncSettings,
    spaces: Vec<DatasetPath>,
    include: Vec<String>,
    exclude: Vec<String>,
    plan: Plan,
}

/// What takes part, and how.
struct Request {
    settings: SyncSettings,
    spaces: Vec<DatasetPath>,
    include: Vec<String>,
    exclude: Vec<String>,
    /// The plan that was reviewed, if one was given.
    reviewed: Option<Plan>,
}

/// Runs the command.
pub(super) async fn run(session: &Session, args: &SyncArgs) -> Result<ExitStatus, Failure> {
    let settings = session.settings()?;
    let _log = session.start_log(&settings, false);
    let request = request(args, &settings)?;
    let mut selection = request.selection()?;
    let writes = !args.dry_run && args.plan_out.is_none();
    if writes {
        demand_consent(session, args.yes)?;
    }
    let Servers { target, client, server, dremio, catalog } =
        Servers::read(session, &settings).await?;
    request.check_spaces(&catalog)?;
    let (catalog, graph) = if request.settings.lineage {
        let Traced { catalog, graph, found, .. } = traced(session, &dremio, catalog).await?;
        // Found by way of a view, they are still what the settings leave out.
        selection.without.extend(found.into_iter().filter(|path| !settings.reads(path)));
        (catalog, graph)
    } else {
        (catalog, LineageGraph::default())
    };
    let data_dir = if target.is_demo() { None } else { session.data_dir(&settings) };
    let sources = Sources {
        catalog: &catalog,
        graph: &graph,
        dremio: &dremio,
        openmetadata: &client,
        server: &server,
        data_dir: data_dir.as_deref(),
    };
    let mut prepared = prepared(session, sources, &selection, &request.settings).await?;
    dremio.logout().await;
    discover::tell_failures(&session.printer, &catalog);
    for (path, reason) in &prepared.unread_texts {
        session.printer.warn(&format!("{path}: its wiki or labels could not be read: {reason}"));
    }
    if let Some(reviewed) = &request.reviewed {
        refuse_stale(reviewed, &prepared.plan)?;
    }
    tell_interrupted(session, &prepared);

    let shown = SyncReport { plan: &prepared.plan, server: &server, result: None };
    let is_pending = !prepared.plan.is_empty();
    let is_text = args.format == ReportFormat::Text;
    if is_text {
        session.printer.data(&shown.plan_text())?;
    }
    if let Some(file) = &args.plan_out {
        write_plan(session, file, &request, &prepared.plan)?;
    }
    if !writes {
        if !is_text {
            session.printer.write_data(|out| shown.write_json(out))?;
        }
        session.printer.note("nothing was written");
        let findings = is_pending && args.exit_code;
        return Ok(if findings { ExitStatus::Findings } else { ExitStatus::Fine });
    }
    if is_pending && !args.yes && !session.printer.confirm("Write this to OpenMetadata?") {
        session.printer.note("nothing was written");
        return Ok(ExitStatus::Fine);
    }
    let report = write(session, &settings, &client, &server, &mut prepared).await?;
    if !is_pending {
        session.printer.note("nothing to write: OpenMetadata is up to date, no change was sent");
    }
    let result = SyncReport { plan: &prepared.plan, server: &server, result: Some(&report) };
    if is_text {
        session.printer.data(&format!("\n{}", result.result_text()))?;
    } else {
        session.printer.write_data(|out| result.write_json(out))?;
    }
    Ok(status_of(&report, session.cancel.is_cancelled()))
}

/// Without a person to ask, only `--yes` lets a command write.
pub(super) fn demand_consent(session: &Session, yes: bool) -> Result<(), Failure> {
    if yes || session.printer.can_ask() {
        return Ok(());
    }
    Err(Failure::usage(
        "nothing is written without a look at the plan: use --dry-run to see it, --yes to apply it unseen",
    ))
}

/// Both servers, and the whole catalogue: what every command that writes begins with.
pub(super) struct Servers {
    pub(super) target: Target,
    pub(super) client: Client,
    pub(super) server: ServerInfo,
    pub(super) dremio: dremio::Client,
    pub(super) catalog: Catalog,
}

impl Servers {
    /// Connects to OpenMetadata first, since reading the catalogue may take long.
    pub(super) async fn read(session: &Session, settings: &Settings) -> Result<Self, Failure> {
        let target = session.target(settings).await?;
        let client =
            Client::new(session.openmetadata(settings, &target).await?, RequestLog::new())?;
        let server = tokio::select! {
            server = client.connect() => server?,
            () = session.cancel.cancelled() => return Err(Failure::interrupted()),
        };
        let (dremio, catalog) = whole_catalogue(session, settings, &target).await?;
        Ok(Self { target, client, server, dremio, catalog })
    }
}

/// A connection to Dremio, and all that it shows; or why that cannot be read to its end.
pub(super) async fn whole_catalogue(
    session: &Session,
    settings: &Settings,
    target: &Target,
) -> Result<(dremio::Client, Catalog), Failure> {
    let (dremio, _) = discover::connect(session, target).await?;
    let Reading { catalog, cancelled, root_error, gave_up, .. } =
        discover::read(session, &dremio, settings.discovery_options()).await;
    if cancelled {
        return Err(Failure::interrupted());
    }
    if let Some(error) = root_error {
        return Err(Failure::new(ExitStatus::Remote, error.message));
    }
    // Half a catalogue is nothing to compare with.
    if let Some(gave_up) = gave_up {
        return Err(Failure::new(ExitStatus::Remote, gave_up.to_string()));
    }
    Ok((dremio, catalog))
}

pub(super) fn status_of(report: &Report, is_cancelled: bool) -> ExitStatus {
    if is_cancelled && report.statistics.not_begun > 0 {
        ExitStatus::Interrupted
    } else if report.ended_early.is_some() {
        ExitStatus::Remote
    } else if report.statistics.errors > 0 {
        ExitStatus::Partial
    } else {
        ExitStatus::Fine
    }
}

fn request(args: &SyncArgs, settings: &Settings) -> Result<Request, Failure> {
    if let Some(file) = &args.plan {
        let PlanFile { settings, spaces, include, exclude, plan, .. } = read_plan(file)?;
        return Ok(Request { settings, spaces, include, exclude, reviewed: Some(plan) });
    }
    let from_settings = settings.sync_settings();
    Ok(Request {
        settings: SyncSettings {
            descriptions: !args.no_descriptions,
            label_classification: args.labels_as.clone(),
            lineage: from_settings.lineage && !args.no_lineage,
            overwrite_descriptions: args.overwrite_descriptions,
            prune: args.prune,
            reread_edges: args.reread_edges,
            ..from_settings
        },
        spaces: space_paths(&args.space)?,
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        reviewed: None,
    })
}

/// What `--space` names.
pub(super) fn space_paths(texts: &[String]) -> Result<Vec<DatasetPath>, Failure> {
    let parse = |text: &String| {
        text.parse()
            .map_err(|error| Failure::usage(format!("--space {text:?} is not a path: {error}")))
    };
    texts.iter().map(parse).collect()
}

impl Request {
    fn selection(&self) -> Result<Selection, Failure> {
        let patterns = |flag: &str, texts: &[String]| {
            texts
                .iter()
                .map(|text| {
                    Regex::new(text)
                        .map_err(|error| Failure::usage(format!("{flag} {text:?}: {error}")))
                })
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Selection {
            within: self.spaces.clone(),
            without: Vec::new(),
            include: patterns("--include", &self.include)?,
            exclude: patterns("--exclude", &self.exclude)?,
            ..Selection::default()
        })
    }

    /// A misspelt space must not look like one without tables.
    fn check_spaces(&self, catalog: &Catalog) -> Result<(), Failure> {
        match self.spaces.iter().find(|space| catalog.at(space).is_none()) {
            None => Ok(()),
            Some(missing) => {
                let roots: Vec<String> =
                    catalog.root().children().map(|root| root.path().to_string()).collect();
                Err(Failure::usage(format!(
                    "--space {missing}: Dremio has no such space, source or folder; at the top there are: {}",
                    roots.join(", ")
                )))
            }
        }
    }
}

async fn prepared(
    session: &Session,
    sources: Sources<'_>,
    selection: &Selection,
    settings: &SyncSettings,
) -> Result<Prepared, Failure> {
    let progress = session.printer.progress();
    let on_step = |step| tell_step(&progress, step);
    Ok(prepare(sources, selection, settings, &on_step, &session.cancel).await?)
}

/// Shows how far reading for a plan is.
pub(super) fn tell_step(progress: &Progress, step: Step) {
    match step {
        Step::Texts(done, total) => progress.set("reading wikis".to_owned(), done, Some(total)),
        Step::Current(read) => tell_reading(progress, read),
    }
}

/// Shows how far reading OpenMetadata is.
pub(super) fn tell_reading(progress: &Progress, read: ReadProgress) {
    let done = read.databases + read.lineages;
    let total = read.databases_total + read.lineages_total;
    progress.set("reading OpenMetadata".to_owned(), done, Some(total));
}

/// Reads what views say of lineage, and the tables that only they name.
pub(super) async fn traced(
    session: &Session,
    dremio: &dremio::Client,
    catalog: Catalog,
) -> Result<Traced, Failure> {
    let progress = session.printer.progress();
    progress.set("reading the SQL of the views".to_owned(), 0, None);
    let on_table = |done, all| {
        progress.set("reading tables that views name".to_owned(), done, Some(all));
    };
    let workers = dremio.max_concurrency();
    let traced = trace(dremio, catalog, workers, &session.cancel, on_table).await;
    drop(progress);
    if traced.cancelled {
        return Err(Failure::interrupted());
    }
    if let Some((path, error)) = traced.failed.first() {
        let more = match traced.failed.len() {
            1 => String::new(),
            count => format!(" and {} more tables", count - 1),
        };
        session.printer.warn(&format!(
            "{path}{more}, which views read, could not be looked up, so edges are missing: {}",
            error.message
        ));
    }
    Ok(traced)
}

/// Says what a run that was interrupted has left.
pub(super) fn tell_interrupted(session: &Session, prepared: &Prepared) {
    if let Some(left) = &prepared.interrupted {
        session.printer.note(&interrupted_text(left));
    }
}

pub(super) fn interrupted_text(left: &Interrupted) -> String {
    const SHOWN: usize = 5;
    if let Some(why) = &left.unreadable {
        return format!(
            "the journal of the last sync cannot be read, so what it wrote is not known ({why}); this plan holds what is still to do"
        );
    }
    let time = |at: &Option<String>| at.clone().unwrap_or_else(|| "an unknown time".to_owned());
    let written = match left.written_by_sort() {
        sorts if sorts.is_empty() => "nothing".to_owned(),
        sorts => {
            let sorts: Vec<String> = ["service", "database", "schema", "table", "edge"]
                .into_iter()
                .filter_map(|sort| {
                    let count = *sorts.get(sort)?;
                    Some(format!("{count} {sort}{}", if count == 1 { "" } else { "s" }))
                })
                .collect();
            sorts.join(", ")
        }
    };
    let mut text = format!(
        "the last sync, of {}, was interrupted at {}: of {} items it wrote {written}",
        time(&left.began_at),
        time(&left.last_at),
        left.planned,
    );
    if !left.failed.is_empty() {
        text.push_str(&format!("; {} failed", left.failed.len()));
    }
    if !left.in_doubt.is_empty() {
        let names: Vec<String> = left
            .in_doubt
            .iter()
            .take(SHOWN)
            .map(|key| crate::report::sync::name_of(key).1)
            .collect();
        let more = if left.in_doubt.len() > SHOWN { ", …" } else { "" };
        text.push_str(&format!(
            "; {} may or may not have been written ({}{more})",
            left.in_doubt.len(),
            names.join(", ")
        ));
    }
    text + ". This plan holds what is still to do"
}

/// Applies a plan and remembers what was verified.
pub(super) async fn write(
    session: &Session,
    settings: &Settings,
    client: &Client,
    server: &ServerInfo,
    prepared: &mut Prepared,
) -> Result<Report, Failure> {
    let total = prepared.plan.items.iter().filter(|item| item.action.writes()).count();
    let place = prepared.memory().map(SyncMemory::journal).unwrap_or_default();
    let progress = session.printer.progress();
    let done = AtomicUsize::new(0);
    let on_event = |event| {
        if let ApplyEvent::Finished(..) = event {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress.set("writing".to_owned(), done, Some(total));
        }
    };
    let writing = Writing {
        client,
        server,
        excluded: &BTreeSet::new(),
        max_workers: settings.sync.max_workers,
        batch_size: settings.sync.batch_size,
        on_event: &on_event,
    };
    let written = prepared.write(writing, &session.cancel).await;
    drop(progress);
    let Written { report, notes } = written.map_err(|error| {
        let place = place.display();
        Failure::usage(format!(
            "nothing was written: the journal {place} cannot be written: {error}"
        ))
    })?;
    for note in &notes {
        session.printer.warn(note);
    }
    Ok(report)
}

fn write_plan(
    session: &Session,
    file: &Path,
    request: &Request,
    plan: &Plan,
) -> Result<(), Failure> {
    let document = PlanFile {
        schema_version: PLAN_SCHEMA_VERSION,
        settings: request.settings.clone(),
        spaces: request.spaces.clone(),
        include: request.include.clone(),
        exclude: request.exclude.clone(),
        plan: plan.clone(),
    };
    session.printer.write_file(file, |out| {
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    })
}

fn read_plan(file: &Path) -> Result<PlanFile, Failure> {
    let place = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("cannot read the plan {place}: {error}")))?;
    let plan: PlanFile = serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!("{place} is not a plan written by --plan-out: {error}"))
    })?;
    if plan.schema_version > PLAN_SCHEMA_VERSION {
        return Err(Failure::usage(format!(
            "{place} was written by a newer version of this program (plan version {})",
            plan.schema_version
        )));
    }
    Ok(plan)
}

/// A reviewed plan is applied exactly or not at all.
fn refuse_stale(reviewed: &Plan, fresh: &Plan) -> Result<(), Failure> {
    if reviewed == fresh {
        return Ok(());
    }
    let by_key = |plan: &'_ Plan| {
        plan.items
            .iter()
            .map(|item| (item.key.clone(), item.clone()))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let (old, new) = (by_key(reviewed), by_key(fresh));
    let mut moved: Vec<String> = new
        .iter()
        .filter(|(key, item)| old.get(key) != Some(item))
        .map(|(key, _)| crate::report::sync::name_of(key).1)
        .collect();
    moved.extend(
        old.keys()
            .filter(|key| !new.contains_key(key))
            .map(|key| crate::report::sync::name_of(key).1),
    );
    let count = moved.len();
    moved.truncate(5);
    Err(Failure::usage(format!(
        "the plan was not applied: Dremio or OpenMetadata have moved on since it was made ({count} items differ, such as {}); make and review a new one",
        moved.join(", ")
    )))
}
