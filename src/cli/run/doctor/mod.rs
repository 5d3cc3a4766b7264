//! `doctor`: tries each step of the connections alone and names those that fail.

mod dremio;
mod findings;
mod openmetadata;
mod reach;

use std::time::Instant;

use self::findings::{Examination, Server, Step, Tried};
use crate::cli::args::{DoctorArgs, ReportFormat};
use crate::cli::session::Session;
use crate::cli::status::{ExitStatus, Failure};
use crate::config::Settings;
use crate::report::SCHEMA_VERSION;

/// Runs the command.
pub(super) async fn run(session: &Session, args: &DoctorArgs) -> Result<ExitStatus, Failure> {
    let settings = session.settings()?;
    let _log = session.start_log(&settings, false);
    let mut examination = Examination::new(&session.printer, args.format == ReportFormat::Text);
    let whole = examine(session, &settings, args, &mut examination);
    tokio::select! {
        outcome = whole => outcome?,
        () = session.cancel.cancelled() => return Err(Failure::interrupted()),
    }
    let failed = examination.failed().next().map(|finding| finding.step);
    conclude(session, examination, args.format)?;
    Ok(match failed {
        None => ExitStatus::Fine,
        Some(Step::Configuration) => ExitStatus::Usage,
        Some(_) => ExitStatus::Remote,
    })
}

/// Both servers: that one fails says nothing about the other.
async fn examine(
    session: &Session,
    settings: &Settings,
    args: &DoctorArgs,
    examination: &mut Examination<'_>,
) -> Result<(), Failure> {
    examination.turn_to(Server::Dremio)?;
    let started = Instant::now();
    let target = match session.target(settings).await {
        Ok(target) => Some(target),
        Err(failure) => {
            examination.note(Step::Configuration, started, failure)?;
            None
        }
    };
    if let Some(target) = &target {
        dremio::examine(examination, target, started, args.no_sql, &session.cancel).await?;
    }

    examination.turn_to(Server::OpenMetadata)?;
    let started = Instant::now();
    let is_demo = target.as_ref().is_some_and(|target| target.is_demo());
    if settings.openmetadata.url.is_none() && !is_demo {
        let why = "none is set; only sync and ingest-dbt need one (--openmetadata-url URL)";
        examination.note(Step::Configuration, started, Tried::not_applicable(why))?;
        return Ok(());
    }
    let options = match &target {
        Some(target) => session.openmetadata(settings, target).await,
        None => session.openmetadata_set(settings).await,
    };
    match options {
        Ok(options) => openmetadata::examine(examination, options, settings, started).await,
        Err(failure) => examination.note(Step::Configuration, started, failure).map(drop),
    }
}

fn conclude(
    session: &Session,
    examination: Examination<'_>,
    format: ReportFormat,
) -> Result<(), Failure> {
    let failed: Vec<(Server, Step)> =
        examination.failed().map(|finding| (finding.server, finding.step)).collect();
    match format {
        ReportFormat::Text => {
            let named: Vec<String> = failed
                .iter()
                .map(|(server, step)| format!("{} ({})", step.name(), server.name()))
                .collect();
            session.printer.data(&if failed.is_empty() {
                "\neverything works\n".to_owned()
            } else {
                format!("\nfailed at: {}\n", named.join(", "))
            })
        }
        ReportFormat::Json => {
            let first = failed.first();
            let document = serde_json::json!({
                "schema_version": SCHEMA_VERSION,
                "ok": failed.is_empty(),
                "failed_server": first.map(|(server, _)| server),
                "failed_step": first.map(|(_, step)| step),
                "steps": examination.all(),
            });
            session.printer.data(&format!("{document:#}\n"))
        }
    }
}
