//! The arguments of the commands about lineage.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{DbtArgs, ReportFormat};

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
    /// A dbt project whose edges, exposures and tags join the lineage.
    #[command(flatten)]
    pub dbt: DbtArgs,
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
    /// A dbt project whose edges and exposures join the lineage.
    #[command(flatten)]
    pub dbt: DbtArgs,
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
