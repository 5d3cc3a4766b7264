//! The command line as clap types; what the words mean is for [`super::run`] to say.

#![expect(clippy::doc_markdown, reason = "these lines are the help text, not Markdown")]

mod catalog;
mod lineage;
mod sandbox;
mod sync;
mod watch;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use catalog::{CatalogFormat, DiscoverArgs, SnapshotsCommand};
pub use lineage::{
    CheckLineageArgs, DrawArg, DremioGraphArg, HeldArg, ImpactArgs, LineageFormat, SqlLineageArgs,
};
pub use sandbox::{EditionArg, FaultArg, FaultKind, SandboxArgs};
pub use sync::{IngestDbtArgs, SyncArgs};
pub use watch::WatchArgs;

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
    /// Which dbt project takes part.
    #[command(flatten, next_help_heading = "dbt")]
    pub dbt: DbtArgs,
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

/// Which dbt project takes part.
#[derive(Clone, Debug, Default, Args)]
pub struct DbtArgs {
    /// Folder of a dbt project; its dbt_project.yml says where the artifacts are
    #[arg(long, value_name = "DIR", conflicts_with = "target_dir")]
    pub dbt_project: Option<PathBuf>,
    /// Folder that holds manifest.json and dbt's other artifacts
    #[arg(long, value_name = "DIR")]
    pub target_dir: Option<PathBuf>,
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
    /// Read again and again: tell what changes, bring over what is allowed
    Watch(WatchArgs),
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

/// `doctor`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Exit status: 0 every step passed, 2 configuration, 3 a step failed.")]
pub struct DoctorArgs {
    /// The form
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub format: ReportFormat,
    /// No test query to Dremio (on Cloud a query may start an engine)
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn demo_takes_a_catalogue_only_with_an_equals_sign() {
        let cli = Cli::try_parse_from(["x", "--demo", "discover"]).unwrap();
        assert_eq!(cli.connection.demo.as_deref(), Some("shop"));
        let cli = Cli::try_parse_from(["x", "discover", "--demo=reference"]).unwrap();
        assert_eq!(cli.connection.demo.as_deref(), Some("reference"));
    }
}
