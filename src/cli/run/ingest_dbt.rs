//! `ingest-dbt`: find the artifacts, match, show, and bring dbt's facts to OpenMetadata.

use super::sync::{Servers, demand_consent, status_of, tell_interrupted, tell_step, traced, write};
use super::{dbt_matches, discover};
use crate::cli::args::{IngestDbtArgs, ReportFormat};
use crate::cli::dbt_project;
use crate::cli::session::Session;
use crate::cli::status::{ExitStatus, Failure};
use crate::config::Settings;
use crate::dbt::Project;
use crate::dbt::matching::{Evidence, match_nodes};
use crate::lineage;
use crate::model::DatasetPath;
use crate::report::dbt::InOpenMetadata;
use crate::report::{DbtReport, SyncReport};
use crate::sync::dbt::{DbtFacts, DbtWishes, make_tags, missing_tags, prepare};
use crate::sync::session::{Prepared, Sources, SyncSettings, Traced};
use crate::sync::{LeftOut, presence};

/// Runs the command.
pub(super) async fn run(session: &Session, args: &IngestDbtArgs) -> Result<ExitStatus, Failure> {
    let settings = session.settings()?;
    let _log = session.start_log(&settings, false);
    if !args.dry_run {
        demand_consent(session, args.yes)?;
    }
    // Before any server is asked: broken files need none.
    let project = read_project(session, args, &settings)?;
    let has_openmetadata =
        session.cli.connection.demo.is_some() || settings.openmetadata.url.is_some();
    if args.dry_run && !has_openmetadata {
        return dbt_matches::run(session, &settings, &project, args.format).await;
    }
    let Servers { target, client, server, dremio, catalog } =
        Servers::read(session, &settings).await?;
    // Raw tables in storage folders, which most sources of a project are, no listing may have shown.
    let Traced { catalog, graph: views, found, .. } = traced(session, &dremio, catalog).await?;
    // Found by way of a view, they are still what the settings leave out.
    let without: Vec<DatasetPath> =
        found.into_iter().filter(|path| !settings.reads(path)).collect();
    let matches = match_nodes(&project.manifest, &catalog, Evidence::of(&project));
    let (merged, disagreements) =
        lineage::dbt::merge(views.clone(), &catalog, &project.manifest, &matches);
    let graph = if settings.dbt.ingest_lineage { merged } else { views };
    let data_dir = if target.is_demo() { None } else { session.data_dir(&settings) };
    let sources = Sources {
        catalog: &catalog,
        graph: &graph,
        dremio: &dremio,
        openmetadata: &client,
        server: &server,
        data_dir: data_dir.as_deref(),
    };
    let facts = DbtFacts {
        manifest: &project.manifest,
        artifact: project.artifact.as_ref(),
        matches: &matches,
        without: &without,
    };
    let (mut prepared, left_out) = prepared(session, sources, facts, args, &settings).await?;
    dremio.logout().await;
    discover::tell_failures(&session.printer, &catalog);
    for (path, reason) in &prepared.unread_texts {
        session.printer.warn(&format!("{path}: its wiki could not be read: {reason}"));
    }
    tell_interrupted(session, &prepared);

    let datasets = matches.datasets().into_values().cloned().collect();
    let stored = prepared.current.tables.iter().map(|table| &table.common);
    let missing = presence::missing_of(&prepared.desired, stored, &datasets);
    let shown = DbtReport {
        manifest: &project.manifest,
        matches: &matches,
        runs: &project.runs,
        freshness: &project.freshness,
        in_openmetadata: InOpenMetadata::Lacks(&missing),
        disagreements: &disagreements,
        left_out: &left_out,
    };
    let is_text = args.format == ReportFormat::Text;
    let is_pending = !prepared.plan.is_empty();
    let planned = SyncReport { plan: &prepared.plan, server: &server, result: None };
    if is_text {
        session.printer.data(&shown.to_text())?;
        session.printer.data(&format!("\n{}", planned.plan_text()))?;
    }
    let document = |sync: &SyncReport<'_>| {
        let mut document = shown.to_json();
        document["sync"] = sync.to_json();
        format!("{document:#}\n")
    };
    let refused = is_pending
        && !args.dry_run
        && !args.yes
        && !session.printer.confirm("Write this to OpenMetadata?");
    if args.dry_run || refused {
        if !is_text {
            session.printer.data(&document(&planned))?;
        }
        session.printer.note("nothing was written");
        let findings = is_pending && args.exit_code;
        return Ok(if findings { ExitStatus::Findings } else { ExitStatus::Fine });
    }
    if !args.no_tags {
        make_tags(&client, &args.tags_as, &missing_tags(&prepared.plan, &args.tags_as)).await?;
    }
    let report = write(session, &settings, &client, &server, &mut prepared).await?;
    let result = SyncReport { plan: &prepared.plan, server: &server, result: Some(&report) };
    if is_text {
        session.printer.data(&format!("\n{}", result.result_text()))?;
    } else {
        session.printer.data(&document(&result))?;
    }
    Ok(status_of(&report, session.cancel.is_cancelled()))
}

async fn prepared(
    session: &Session,
    sources: Sources<'_>,
    facts: DbtFacts<'_>,
    args: &IngestDbtArgs,
    settings: &Settings,
) -> Result<(Prepared, Vec<LeftOut>), Failure> {
    let progress = session.printer.progress();
    let on_step = |step| tell_step(&progress, step);
    let wanted = SyncSettings {
        descriptions: !args.no_descriptions,
        lineage: settings.lineage.enabled && !args.no_lineage,
        overwrite_descriptions: args.overwrite_descriptions,
        overwrite_owners: args.overwrite_owners,
        ..settings.sync_settings()
    };
    let wishes = DbtWishes {
        tags_as: (!args.no_tags).then_some(args.tags_as.as_str()),
        owners: args.owners || args.overwrite_owners || settings.dbt.update_owners,
    };
    Ok(prepare(sources, facts, &wanted, wishes, &on_step, &session.cancel).await?)
}

fn read_project(
    session: &Session,
    args: &IngestDbtArgs,
    settings: &Settings,
) -> Result<Project, Failure> {
    let files = dbt_project::find_or_demo(session, &args.dbt, settings);
    let mut project = dbt_project::read(session, files.as_deref())?.ok_or_else(|| {
        Failure::usage(
            "which project? name its folder with --dbt-project, or that of its artifacts with --target-dir",
        )
    })?;
    for file in &args.run_results {
        let place = file.display();
        let bytes = dbt_project::read_file(file)
            .and_then(|bytes| bytes.ok_or_else(|| format!("there is no file {place}")))
            .map_err(Failure::usage)?;
        project.runs.add(&bytes).map_err(|error| Failure::usage(format!("{place}: {error}")))?;
    }
    Ok(project)
}
