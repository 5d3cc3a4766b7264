//! The arguments of the commands that read the catalogue, or a stored reading of it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ReportFormat;

/// `discover`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "\
Filters are regular expressions on the dotted path, such as '^sales\\.emea'.
Exit status: 0 everything was read, 2 usage or configuration, 3 nothing could be read or the login
was refused on the way, 4 parts could not be read (they are in the result with their error),
130 interrupted.")]
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
