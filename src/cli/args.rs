//! The command line as clap types; what the words mean is for [`super::run`] to say.

#![expect(clippy::doc_markdown, reason = "these lines are the help text, not Markdown")]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::parse_duration;

/// Explore a Dremio lakehouse in the terminal, sync it to OpenMetadata, and see its lineage.
///
/// Without a command the terminal UI opens.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "dremio-explorer",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    after_help = "Start with `dremio-explorer --demo`: everything works there, on servers inside this program."
)]
pub struct Cli {
    /// Which servers, and how to reach them.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// How results and messages look.
    #[command(flatten)]
    pub output: OutputArgs,
    /// What to do; the terminal UI if absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Which servers, and how to reach them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// Use the servers inside this program, filled from a catalogue: shop or reference
    #[arg(
        long,
        global = true,
        value_name = "CATALOGUE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "shop"
    )]
    pub demo: Option<String>,
    /// A config file on top of the user's own
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A profile of the config files
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Base URL of Dremio, such as http://localhost:9047
    #[arg(long, global = true, value_name = "URL")]
    pub dremio_url: Option<String>,
    /// User name; the password comes from $DREMIO_PASSWORD, the config file or a prompt. Without a
    /// user name, $DREMIO_PAT is a personal access token
    #[arg(long, global = true, value_name = "NAME")]
    pub dremio_user: Option<String>,
    /// Project of Dremio Cloud
    #[arg(long, global = true, value_name = "ID")]
    pub dremio_project: Option<String>,
    /// Base URL of OpenMetadata, such as http://localhost:8585/api; the token comes from
    /// $OPENMETADATA_JWT_TOKEN
    #[arg(long, global = true, value_name = "URL")]
    pub openmetadata_url: Option<String>,
    /// User (e-mail) of OpenMetadata, with $OPENMETADATA_PASSWORD
    #[arg(long, global = true, value_name = "NAME")]
    pub openmetadata_user: Option<String>,
    /// Database service of OpenMetadata under which everything is filed
    #[arg(long, global = true, value_name = "NAME")]
    pub service_name: Option<String>,
    /// PEM file of further certificate authorities to trust
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Accept any certificate
    #[arg(long, global = true)]
    pub insecure: bool,
    /// Proxy URL (http, https or socks5)
    #[arg(long, global = true, value_name = "URL")]
    pub proxy: Option<String>,
    /// Requests under way at once
    #[arg(long, global = true, value_name = "N")]
    pub max_workers: Option<u32>,
    /// Folder for snapshots, journals and the log
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// How results and messages look.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
#[expect(clippy::struct_excessive_bools, reason = "switches of the command line")]
pub struct OutputArgs {
    /// Say more on standard error; twice: every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing but errors on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// No progress bars
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
    /// Colours of the terminal UI: auto, dark, light, high-contrast or ansi16
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long, global = true)]
    pub no_mouse: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Read the catalogue and write it as JSON, YAML, CSV or a table
    Discover(DiscoverArgs),
    /// Bring spaces to OpenMetadata: show what would change, field by field, then write it
    Sync(SyncArgs),
    /// Match a dbt project with the catalogue and bring its descriptions, tags and lineage to
    /// OpenMetadata
    IngestDbt(IngestDbtArgs),
    /// Test the connection step by step and say what is wrong and what to do
    Doctor(DoctorArgs),
    /// Check the lineage of all views, and draw or export it
    CheckLineage(CheckLineageArgs),
    /// What depends on a table or column, and the SQL that uses it
    Impact(ImpactArgs),
    /// Lineage of SQL from files or standard input; no server needed
    SqlLineage(SqlLineageArgs),
    /// Stored readings of the catalogue: list, show, compare
    #[command(subcommand)]
    Snapshots(SnapshotsCommand),
    /// The configuration: begin one, show what is in force, say where it is
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Run the servers of the demo alone and print their addresses
    #[cfg(feature = "demo")]
    Sandbox(SandboxArgs),
    /// Print the completions of a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man {
        /// The page of this command rather than the main one
        command: Option<String>,
    },
}

/// `discover`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "\
Filters are regular expressions on the dotted path, such as '^sales\\.emea'.
Exit status: 0 everything was read, 2 usage or configuration, 3 nothing could be read,
4 parts could not be read (they are in the result with their error), 130 interrupted.")]
pub struct DiscoverArgs {
    /// Write to this file, all or nothing; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The form; by default what the file's name says, else a table on a terminal, else JSON
    #[arg(short, long, value_name = "FORM")]
    pub format: Option<CatalogFormat>,
    /// Only paths that match, and what leads to them (repeatable)
    #[arg(long, value_name = "REGEX")]
    pub include: Vec<String>,
    /// Not the paths that match, nor anything below (repeatable)
    #[arg(long, value_name = "REGEX")]
    pub exclude: Vec<String>,
    /// Kinds to report: home, space, source, folder, file, table, view, function, or dataset
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub types: Vec<String>,
    /// How many levels to read
    #[arg(long, value_name = "N")]
    pub depth: Option<u32>,
    /// How to read details: auto, rest or sql
    #[arg(long, value_name = "HOW")]
    pub strategy: Option<String>,
    /// Leave out the folders of file-system sources, whose listings are live and slow
    #[arg(long)]
    pub no_storage_folders: bool,
    /// Only the tree: no columns, no SQL
    #[arg(long)]
    pub no_details: bool,
    /// Do not store the reading in the data folder
    #[arg(long)]
    pub no_snapshot: bool,
}

/// Forms of a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CatalogFormat {
    /// One JSON document.
    Json,
    /// The same as YAML.
    Yaml,
    /// A line per resource.
    Csv,
    /// For reading.
    Table,
}

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
    /// Folder of the dbt project; its dbt_project.yml says where the artifacts are
    #[arg(long, value_name = "DIR", conflicts_with = "target_dir")]
    pub dbt_project: Option<PathBuf>,
    /// Folder that holds manifest.json and the other artifacts
    #[arg(long, value_name = "DIR")]
    pub target_dir: Option<PathBuf>,
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
    /// Leave tags out
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
    /// The form of the result
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub format: ReportFormat,
}

/// `doctor`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Exit status: 0 every step passed, 2 configuration, 3 a step failed.")]
pub struct DoctorArgs {
    /// The form
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub format: ReportFormat,
    /// No test query (on Cloud a query may start an engine)
    #[arg(long)]
    pub no_sql: bool,
}

/// Forms of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For reading.
    #[default]
    Text,
    /// One JSON document.
    Json,
}

/// `check-lineage`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "\
A selector names datasets by the end of their path, such as 'marts.fct_*'; 'path:marts' is all in
a folder; '+orders' takes what it reads along, 'orders+' what reads it, '2+orders+1' so many hops.
Exit status: 0 the lineage was read, 1 below the bar of --fail-under or findings with --strict,
2 usage or configuration, 3 nothing could be read, 4 parts of the catalogue could not be read,
130 interrupted.")]
pub struct CheckLineageArgs {
    /// The lineage of this table: its path, the end of its path, or its name in OpenMetadata
    #[arg(short, long, value_name = "PATH")]
    pub table: Option<String>,
    /// Only the trace of this column of the table
    #[arg(short, long, value_name = "NAME", requires = "table")]
    pub column: Option<String>,
    /// Hops upstream of the table; all by default
    #[arg(long, value_name = "N", requires = "table")]
    pub upstream: Option<u32>,
    /// Hops downstream of the table; all by default
    #[arg(long, value_name = "N", requires = "table")]
    pub downstream: Option<u32>,
    /// Draw everything, in the text form too
    #[arg(long, conflicts_with = "table")]
    pub all: bool,
    /// Only this space or source, and what it reads directly (repeatable)
    #[arg(long, value_name = "NAME")]
    pub space: Vec<String>,
    /// Only what this selector takes
    #[arg(long, value_name = "SELECTOR")]
    pub select: Option<String>,
    /// Not what this selector takes
    #[arg(long, value_name = "SELECTOR")]
    pub exclude: Option<String>,
    /// The form; by default what the file's name says, else text
    #[arg(short, long, value_name = "FORM")]
    pub format: Option<LineageFormat>,
    /// Write to this file, all or nothing; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How the text form draws
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub draw: DrawArg,
    /// Fail when less than PCT percent of the views are read wholly or of their columns traced
    #[arg(long, value_name = "PCT", value_parser = parse_percent)]
    pub fail_under: Option<f64>,
    /// Fail on any broken reference, unreadable view, cycle or difference
    #[arg(long)]
    pub strict: bool,
    /// Of which views to ask Dremio's own lineage (Enterprise and Cloud; one request a view)
    #[arg(long, value_name = "WHICH", default_value = "all")]
    pub dremio_graph: DremioGraphArg,
    /// Whether to compare with the lineage that OpenMetadata holds
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub openmetadata: HeldArg,
    /// Work on a stored reading: `latest`, or what `snapshots show` takes
    #[arg(long, value_name = "FILE|latest")]
    pub snapshot: Option<String>,
}

/// When OpenMetadata's lineage is compared with ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum HeldArg {
    /// When an OpenMetadata is set and the catalogue is not a stored one; for information.
    #[default]
    Auto,
    /// Not at all.
    Never,
    /// Always, and fail unless it holds this lineage exactly, hand-drawn edges aside.
    Require,
}

/// Forms of a lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LineageFormat {
    /// For reading.
    Text,
    /// One JSON document.
    Json,
    /// One page for a browser, without any outside part.
    Html,
    /// A picture.
    Svg,
    /// A flowchart for Markdown.
    Mermaid,
    /// A digraph for Graphviz.
    Dot,
    /// A line per edge, of tables and of columns; of `impact`, a line per use.
    Csv,
    /// OpenLineage events, one a line.
    #[value(name = "openlineage")]
    OpenLineage,
}

/// How the text form draws a lineage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DrawArg {
    /// Boxes where the terminal is wide enough, else a tree.
    #[default]
    Auto,
    /// Boxes.
    Boxes,
    /// A tree.
    Tree,
}

/// Of which views to ask Dremio's own lineage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DremioGraphArg {
    /// Of all: what differs is reported.
    #[default]
    All,
    /// Of those whose SQL could not be read.
    Gaps,
    /// Of none.
    Never,
}

/// `impact`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "\
Once a column decides which rows a view has (a join, a filter, a grouping), all of that view
depends on it, and so does what reads the view.
Exit status: 0 also when nothing depends on it, 2 usage or configuration, 3 nothing could be read,
4 parts of the catalogue could not be read, 130 interrupted.")]
pub struct ImpactArgs {
    /// The table: its path, the end of its path, or its name in OpenMetadata
    #[arg(short, long, value_name = "PATH")]
    pub table: String,
    /// Only what depends on this column
    #[arg(short, long, value_name = "NAME")]
    pub column: Option<String>,
    /// The form; by default what the file's name says, else text
    #[arg(short, long, value_name = "FORM")]
    pub format: Option<LineageFormat>,
    /// Write to this file, all or nothing; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Work on a stored reading: `latest`, or what `snapshots show` takes
    #[arg(long, value_name = "FILE|latest")]
    pub snapshot: Option<String>,
}

fn parse_percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    number
        .parse::<f64>()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| format!("{text:?} is not a percentage: write a number from 0 to 100"))
}

/// `sql-lineage`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "\
The schema file is YAML or JSON: a map from a dotted table name to the list of its columns.
Exit status: 0 every statement was parsed, 1 some was not (its tables are found all the same).")]
pub struct SqlLineageArgs {
    /// Files with SQL; standard input if there is none, or for `-`
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Tables and their columns, so that `*` and bare names can be resolved
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// The path against which names are tried first, such as sales.staging
    #[arg(long, value_name = "PATH")]
    pub context: Option<String>,
    /// The form
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub format: ReportFormat,
    /// Read a JSON array of cases and write a JSON array of answers
    #[arg(long, conflicts_with_all = ["schema", "context", "format"])]
    pub batch: bool,
}

/// `snapshots`
#[derive(Clone, Debug, Subcommand)]
pub enum SnapshotsCommand {
    /// List what is stored, newest first
    List {
        /// The form
        #[arg(short, long, value_name = "FORM", default_value = "text")]
        format: ReportFormat,
    },
    /// Write a stored catalogue in the forms of `discover`
    Show {
        /// Which: a number of `list` (1 is the newest), a name, or a file
        #[arg(default_value = "1")]
        snapshot: String,
        /// The form; by default a table on a terminal, else JSON
        #[arg(short, long, value_name = "FORM")]
        format: Option<CatalogFormat>,
        /// Write to this file, all or nothing
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// What changed from one to another; exit status 1 when anything did
    Diff {
        /// The older one
        #[arg(default_value = "2")]
        old: String,
        /// The newer one
        #[arg(default_value = "1")]
        new: String,
        /// The form
        #[arg(short, long, value_name = "FORM", default_value = "text")]
        format: ReportFormat,
    },
}

/// `config`
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write a config file to begin with, filled with the connection given by flags and environment
    Init {
        /// Write over a file that is there
        #[arg(long)]
        force: bool,
    },
    /// Show every setting in force and who said so; secrets are masked
    Show {
        /// The form
        #[arg(short, long, value_name = "FORM", default_value = "text")]
        format: ReportFormat,
        /// Only what differs from the defaults
        #[arg(long)]
        changed: bool,
    },
    /// Say where the files are
    Path {
        /// The form
        #[arg(short, long, value_name = "FORM", default_value = "text")]
        format: ReportFormat,
    },
}

/// `sandbox`
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Faults are shares of the requests: --fault 503=5% --fault reset=1%. Kinds: 503, 429, reset,
truncated, cut-off, html, slow. Runs until Ctrl-C.")]
pub struct SandboxArgs {
    /// What to serve: shop, reference, hostile (names that break careless programs), or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "shop")]
    pub catalogue: String,
    /// Serve a made-up catalogue of so many datasets instead
    #[arg(long, value_name = "N", conflicts_with = "catalogue")]
    pub scale: Option<usize>,
    /// Time before each answer
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "0s")]
    pub latency: Duration,
    /// Which product to be
    #[arg(long, value_name = "EDITION", default_value = "oss")]
    pub edition: EditionArg,
    /// Be a version without batch reads
    #[arg(long)]
    pub no_by_ids: bool,
    /// Children on a page at most
    #[arg(long, value_name = "N")]
    pub page_size: Option<usize>,
    /// Something that goes wrong, and how often (repeatable)
    #[arg(long, value_name = "KIND=SHARE", value_parser = parse_fault)]
    pub fault: Vec<FaultArg>,
    /// How slow a `slow` answer is
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "5s")]
    pub slow_by: Duration,
    /// Each login is good for so many requests
    #[arg(long, value_name = "N")]
    pub expire_tokens_after: Option<u64>,
    /// Port of the Dremio on loopback; 0 is a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// The same for the OpenMetadata
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub openmetadata_port: u16,
    /// Let the OpenMetadata hold an earlier state of the catalogue, as the demo does
    #[arg(long)]
    pub seeded: bool,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The form of the addresses
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub format: ReportFormat,
}

/// An edition to play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EditionArg {
    /// Software Community.
    #[default]
    Oss,
    /// Software Enterprise.
    Enterprise,
    /// Cloud.
    Cloud,
}

/// A kind of fault and its share of all requests, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultArg {
    /// What goes wrong.
    pub kind: FaultKind,
    /// How often.
    pub share: f64,
}

/// What can go wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FaultKind {
    /// 503.
    #[value(name = "503", alias = "unavailable")]
    Unavailable,
    /// 429.
    #[value(name = "429", alias = "throttled")]
    Throttled,
    /// The connection is reset.
    Reset,
    /// JSON that stops half-way.
    Truncated,
    /// A body that stops half-way.
    CutOff,
    /// A web page.
    Html,
    /// The right answer, late.
    Slow,
}

fn parse_fault(text: &str) -> Result<FaultArg, String> {
    let (kind, share) =
        text.split_once('=').ok_or("write KIND=SHARE, such as 503=5% or reset=0.01")?;
    let kind = FaultKind::from_str(kind.trim(), true).map_err(|_| {
        format!("unknown kind {kind:?}: use 503, 429, reset, truncated, cut-off, html or slow")
    })?;
    let share = share.trim();
    let (number, scale) = share.strip_suffix('%').map_or((share, 1.0), |number| (number, 100.0));
    number
        .trim()
        .parse::<f64>()
        .ok()
        .map(|number| number / scale)
        .filter(|share| (0.0..=1.0).contains(share))
        .map(|share| FaultArg { kind, share })
        .ok_or_else(|| format!("{share:?} is not a share: write 5% or 0.05"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn faults_are_shares() {
        assert_eq!(
            parse_fault("503=5%"),
            Ok(FaultArg { kind: FaultKind::Unavailable, share: 0.05 })
        );
        assert_eq!(parse_fault("cut-off=1"), Ok(FaultArg { kind: FaultKind::CutOff, share: 1.0 }));
        assert!(parse_fault("reset=5").unwrap_err().contains("5% or 0.05"));
        assert!(parse_fault("fire=5%").unwrap_err().contains("503, 429"));
        assert!(parse_fault("503").unwrap_err().contains("KIND=SHARE"));
    }

    #[test]
    fn demo_takes_a_catalogue_only_with_an_equals_sign() {
        let cli = Cli::try_parse_from(["x", "--demo", "discover"]).unwrap();
        assert_eq!(cli.connection.demo.as_deref(), Some("shop"));
        let cli = Cli::try_parse_from(["x", "discover", "--demo=reference"]).unwrap();
        assert_eq!(cli.connection.demo.as_deref(), Some("reference"));
    }
}
