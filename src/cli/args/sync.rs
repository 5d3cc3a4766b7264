//! The arguments of the commands that write to OpenMetadata.

use std::path::PathBuf;

use clap::Args;

use super::{DbtArgs, ReportFormat};

/// What to bring over, and how.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
The plan is always made first. Without --yes it is shown and you are asked; without a terminal
nothing is written unless --yes says so. What people wrote in OpenMetadata is kept.
Exit status: 0 done or nothing to do, 1 something would change (--dry-run --exit-code), 2 usage or
configuration, 3 a server failed, 4 some items failed, 130 interrupted.")]
#[expect(clippy::struct_excessive_bools, reason = "switches of the command line")]
pub struct SyncArgs {
    /// Only this space, source, folder or dataset, with all below (repeatable)
    #[arg(long, value_name = "PATH")]
    pub space: Vec<String>,
    /// Only datasets whose dotted path matches (repeatable)
    #[arg(long, value_name = "REGEX")]
    pub include: Vec<String>,
    /// Not what matches (repeatable)
    #[arg(long, value_name = "REGEX")]
    pub exclude: Vec<String>,
    /// Show the plan and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: exit with 1 when something would change
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// Apply the plan without asking
    #[arg(short, long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Write the plan to this file for review, and nothing to OpenMetadata
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "plan"])]
    pub plan_out: Option<PathBuf>,
    /// Apply exactly this reviewed plan; refuse if the servers have moved on since
    #[arg(long, value_name = "FILE", conflicts_with_all = ["space", "include", "exclude", "prune", "no_lineage", "no_descriptions", "overwrite_descriptions", "labels_as"])]
    pub plan: Option<PathBuf>,
    /// Soft-delete what Dremio no longer has, within what takes part
    #[arg(long)]
    pub prune: bool,
    /// Leave lineage out
    #[arg(long)]
    pub no_lineage: bool,
    /// Leave wiki texts out
    #[arg(long)]
    pub no_descriptions: bool,
    /// Replace descriptions that differ from Dremio's wiki, whoever wrote them
    #[arg(long)]
    pub overwrite_descriptions: bool,
    /// Bring labels as tags of this classification, which must hold them already
    #[arg(long, value_name = "CLASSIFICATION")]
    pub labels_as: Option<String>,
    /// Compare every lineage edge, not only those of tables that changed
    #[arg(long)]
    pub reread_edges: bool,
    /// The form of the result
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub format: ReportFormat,
}

/// `ingest-dbt`
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Reads manifest.json, and catalog.json, run_results*.json and sources.json where they are. With --demo
and no folder the project of the shop is taken. The match report and the plan are always shown first.
Exit status: 0 done or nothing to do, 1 something would change (--dry-run --exit-code), 2 usage,
configuration or artifacts, 3 a server failed, 4 some items failed, 130 interrupted.")]
#[expect(clippy::struct_excessive_bools, reason = "switches of the command line")]
pub struct IngestDbtArgs {
    /// Which project.
    #[command(flatten)]
    pub dbt: DbtArgs,
    /// Results of a further run (repeatable); of each test the latest counts
    #[arg(long, value_name = "FILE")]
    pub run_results: Vec<PathBuf>,
    /// Show the match report and the plan, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: exit with 1 when something would change
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// Write without asking
    #[arg(short, long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Classification of dbt's tags; it and its tags are made when they are not there
    #[arg(long, value_name = "CLASSIFICATION", default_value = "dbtTags")]
    pub tags_as: String,
    /// Leave tags out, tiers and glossary terms too
    #[arg(long)]
    pub no_tags: bool,
    /// Leave descriptions out
    #[arg(long)]
    pub no_descriptions: bool,
    /// Leave lineage out
    #[arg(long)]
    pub no_lineage: bool,
    /// Replace descriptions that differ from dbt's, whoever wrote them
    #[arg(long)]
    pub overwrite_descriptions: bool,
    /// Bring owners where OpenMetadata has none
    #[arg(long)]
    pub owners: bool,
    /// Bring owners, and replace those that differ, whoever set them
    #[arg(long)]
    pub overwrite_owners: bool,
    /// The form of the result
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub format: ReportFormat,
}
