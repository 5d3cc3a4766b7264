//! `ingest-dbt --dry-run` where no OpenMetadata is set: the match report alone.

use super::discover;
use super::sync::{traced, whole_catalogue};
use crate::cli::args::ReportFormat;
use crate::cli::session::Session;
use crate::cli::status::{ExitStatus, Failure};
use crate::config::Settings;
use crate::dbt::Project;
use crate::dbt::matching::{Evidence, match_nodes};
use crate::lineage;
use crate::report::DbtReport;
use crate::report::dbt::InOpenMetadata;
use crate::sync::session::Traced;

/// Why nothing is said of OpenMetadata.
const NONE_SET: &str = "no OpenMetadata is set (openmetadata.url)";

/// Reads Dremio, and shows the report.
pub(super) async fn run(
    session: &Session,
    settings: &Settings,
    project: &Project,
    format: ReportFormat,
) -> Result<ExitStatus, Failure> {
    let target = session.target(settings).await?;
    let (dremio, catalog) = whole_catalogue(session, settings, &target).await?;
    // Raw tables in storage folders, which most sources of a project are, no listing may have shown.
    let Traced { catalog, graph: views, .. } = traced(session, &dremio, catalog).await?;
    dremio.logout().await;
    discover::tell_failures(&session.printer, &catalog);
    let matches = match_nodes(&project.manifest, &catalog, Evidence::of(project));
    let (_, disagreements) = lineage::dbt::merge(views, &catalog, &project.manifest, &matches);
    let report = DbtReport {
        manifest: &project.manifest,
        matches: &matches,
        runs: &project.runs,
        freshness: &project.freshness,
        in_openmetadata: InOpenMetadata::NotLookedUp(NONE_SET),
        disagreements: &disagreements,
        left_out: &[],
    };
    match format {
        ReportFormat::Text => session.printer.data(&report.to_text())?,
        ReportFormat::Json => {
            let mut document = report.to_json();
            // There is no plan.
            document["sync"] = serde_json::Value::Null;
            session.printer.data(&format!("{document:#}\n"))?;
        }
    }
    session.printer.note(&format!("{NONE_SET}: there is no plan, and nothing was written"));
    Ok(ExitStatus::Fine)
}
