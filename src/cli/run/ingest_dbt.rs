//! `ingest-dbt`: find the artifacts, match, show, and bring dbt's facts to OpenMetadata.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::discover;
use super::sync::{Servers, demand_consent, status_of, tell_interrupted, write};
use crate::cli::args::{IngestDbtArgs, ReportFormat};
use crate::cli::session::Session;
use crate::cli::status::{ExitStatus, Failure};
use crate::config::Settings;
use crate::dbt::matching::{Evidence, match_nodes};
use crate::dbt::project::ProjectFile;
use crate::dbt::{ArtifactError, CatalogArtifact, Manifest, RunResults, SourceFreshness};
use crate::lineage::{self, Engine};
use crate::model::DatasetPath;
use crate::openmetadata::entity::EntityType;
use crate::report::{DbtReport, SyncReport};
use crate::sync::dbt::{DbtFacts, make_tags, missing_tags, prepare};
use crate::sync::session::{PrepareError, Prepared, Sources, Step, SyncSettings};
use crate::sync::{Action, ItemKey};

/// The artifacts of a project.
struct Project {
    manifest: Manifest,
    artifact: Option<CatalogArtifact>,
    runs: RunResults,
    freshness: SourceFreshness,
}

/// Runs the command.
pub(super) async fn run(session: &Session, args: &IngestDbtArgs) -> Result<ExitStatus, Failure> {
    let settings = session.settings()?;
    let _log = session.start_log(&settings, false);
    if !args.dry_run {
        demand_consent(session, args.yes)?;
    }
    // Before any server is asked: broken files need none.
    let project = read_project(session, args)?;
    let Servers { target, client, server, dremio, catalog } =
        Servers::read(session, &settings).await?;
    let evidence = Evidence { artifact: project.artifact.as_ref(), job_texts: &[] };
    let matches = match_nodes(&project.manifest, &catalog, evidence);
    let graph = Engine::new(&catalog).graph(&catalog);
    let (graph, disagreements) = lineage::dbt::merge(graph, &catalog, &project.manifest, &matches);
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
    };
    let mut prepared = prepared(session, sources, facts, args, &settings).await?;
    dremio.logout().await;
    discover::tell_failures(&session.printer, &catalog);
    for (path, reason) in &prepared.unread_texts {
        session.printer.warn(&format!("{path}: its wiki could not be read: {reason}"));
    }
    tell_interrupted(session, &prepared);

    let missing = missing_in_openmetadata(&prepared);
    let shown = DbtReport {
        manifest: &project.manifest,
        matches: &matches,
        runs: &project.runs,
        freshness: &project.freshness,
        missing_in_openmetadata: &missing,
        disagreements: &disagreements,
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
) -> Result<Prepared, Failure> {
    let progress = session.printer.progress();
    let on_step = |step| match step {
        Step::Texts(done, total) => progress.set("reading wikis".to_owned(), done, Some(total)),
        Step::Current(read) => {
            let done = read.databases + read.lineages;
            let total = read.databases_total + read.lineages_total;
            progress.set("reading OpenMetadata".to_owned(), done, Some(total));
        }
    };
    let is_cloud = settings.dremio.project_id.is_some();
    let wanted = SyncSettings {
        service_name: settings.openmetadata.service_name.clone(),
        default_schema: settings.sync.default_schema.clone(),
        dremio_url: settings.dremio.url.clone().filter(|_| !is_cloud),
        descriptions: !args.no_descriptions,
        lineage: settings.lineage.enabled && !args.no_lineage,
        overwrite_descriptions: args.overwrite_descriptions,
        ..SyncSettings::default()
    };
    let tags_as = (!args.no_tags).then_some(args.tags_as.as_str());
    prepare(sources, facts, &wanted, tags_as, &on_step, &session.cancel).await.map_err(|error| {
        match error {
            PrepareError::Cancelled => Failure::interrupted(),
            PrepareError::ServiceName(_) => Failure::usage(error.to_string()),
            PrepareError::OpenMetadata(error) => error.into(),
        }
    })
}

/// Matched datasets whose table the plan makes.
fn missing_in_openmetadata(prepared: &Prepared) -> Vec<DatasetPath> {
    prepared
        .plan
        .items
        .iter()
        .filter(|item| {
            item.action == Action::Create
                && matches!(item.key, ItemKey::Entity(EntityType::Table, _))
        })
        .filter_map(|item| item.path.clone())
        .collect()
}

fn read_project(session: &Session, args: &IngestDbtArgs) -> Result<Project, Failure> {
    let folder = target_folder(session, args)?;
    let Some(manifest) = folder.read("manifest.json")? else {
        return Err(Failure::usage(format!(
            "{} has no manifest.json: run `dbt docs generate` (or compile, or build) first, or name the folder with --target-dir",
            folder.name()
        )));
    };
    let manifest = folder.parsed("manifest.json", Manifest::read(&manifest))?;
    let artifact = match folder.read("catalog.json")? {
        Some(bytes) => Some(folder.parsed("catalog.json", CatalogArtifact::read(&bytes))?),
        None => None,
    };
    let mut runs = RunResults::default();
    for name in folder.run_results()? {
        if let Some(bytes) = folder.read(&name)? {
            folder.parsed(&name, runs.add(&bytes))?;
        }
    }
    for file in &args.run_results {
        let place = file.display();
        let bytes = std::fs::read(file)
            .map_err(|error| Failure::usage(format!("cannot read {place}: {error}")))?;
        runs.add(&bytes).map_err(|error| Failure::usage(format!("{place}: {error}")))?;
    }
    let freshness = match folder.read("sources.json")? {
        Some(bytes) => folder.parsed("sources.json", SourceFreshness::read(&bytes))?,
        None => SourceFreshness::default(),
    };
    let catalog_warnings = artifact.iter().flat_map(|artifact| &artifact.warnings);
    for warning in manifest
        .warnings
        .iter()
        .chain(catalog_warnings)
        .chain(&runs.warnings)
        .chain(&freshness.warnings)
    {
        session.printer.warn(warning);
    }
    if !manifest.is_dremio() {
        session.printer.warn(&format!(
            "the manifest was made for {}, not for Dremio: paths are compared as database, schema and name",
            manifest.adapter_type.as_deref().unwrap_or_default()
        ));
    }
    Ok(Project { manifest, artifact, runs, freshness })
}

/// Where artifacts come from: a folder, or the demo's own.
enum Target {
    Folder(PathBuf),
    #[cfg(feature = "demo")]
    Shop,
}

impl Target {
    fn name(&self) -> String {
        match self {
            Self::Folder(folder) => folder.display().to_string(),
            #[cfg(feature = "demo")]
            Self::Shop => "the demo's project".to_owned(),
        }
    }

    /// A file's bytes; `None` when there is no such file.
    fn read(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>, Failure> {
        match self {
            Self::Folder(folder) => match std::fs::read(folder.join(name)) {
                Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => {
                    let place = folder.join(name);
                    Err(Failure::usage(format!("cannot read {}: {error}", place.display())))
                }
            },
            #[cfg(feature = "demo")]
            Self::Shop => Ok(shop(name).map(Cow::Borrowed)),
        }
    }

    fn parsed<T>(&self, name: &str, result: Result<T, ArtifactError>) -> Result<T, Failure> {
        result.map_err(|error| {
            let place = match self {
                Self::Folder(folder) => folder.join(name).display().to_string(),
                #[cfg(feature = "demo")]
                Self::Shop => name.to_owned(),
            };
            Failure::usage(format!("{place}: {error}"))
        })
    }

    /// Names of `run_results*.json`, sorted.
    fn run_results(&self) -> Result<Vec<String>, Failure> {
        let folder = match self {
            Self::Folder(folder) => folder,
            #[cfg(feature = "demo")]
            Self::Shop => return Ok(vec!["run_results.json".to_owned()]),
        };
        let entries = std::fs::read_dir(folder).map_err(|error| {
            Failure::usage(format!("cannot list {}: {error}", folder.display()))
        })?;
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| {
                name.starts_with("run_results")
                    && Path::new(name).extension().is_some_and(|end| end == "json")
            })
            .collect();
        names.sort();
        Ok(names)
    }
}

#[cfg(feature = "demo")]
fn shop(name: &str) -> Option<&'static [u8]> {
    Some(match name {
        "manifest.json" => include_bytes!("../../../assets/sandbox/dbt/target/manifest.json"),
        "catalog.json" => include_bytes!("../../../assets/sandbox/dbt/target/catalog.json"),
        "run_results.json" => include_bytes!("../../../assets/sandbox/dbt/target/run_results.json"),
        _ => return None,
    })
}

fn target_folder(session: &Session, args: &IngestDbtArgs) -> Result<Target, Failure> {
    if let Some(folder) = &args.target_dir {
        return Ok(Target::Folder(folder.clone()));
    }
    if let Some(project) = &args.dbt_project {
        let file = project.join("dbt_project.yml");
        let text = std::fs::read_to_string(&file).map_err(|error| {
            Failure::usage(format!(
                "cannot read {}: {error}; is it the folder of a dbt project?",
                file.display()
            ))
        })?;
        let read = ProjectFile::read(&text)
            .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
        return Ok(Target::Folder(project.join(read.target_path)));
    }
    #[cfg(feature = "demo")]
    if session.cli.connection.demo.as_deref() == Some("shop") {
        return Ok(Target::Shop);
    }
    let _ = session;
    Err(Failure::usage(
        "which project? name its folder with --dbt-project, or that of its artifacts with --target-dir",
    ))
}
