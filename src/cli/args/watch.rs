//! The arguments of the agent.

use clap::Args;

use super::ReportFormat;

/// `watch`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "\
The first round only remembers what it reads. Nothing is written to OpenMetadata unless --apply or
watch.apply says what: new (create, lineage), all (create, update, restore, lineage), single words of
these, or delete, which all leaves out. What people wrote stays.
Exit status: 0 ended by SIGTERM or, with --once, done; 1 something changed or OpenMetadata differs
(--once --exit-code), 2 usage or configuration, 3 a server failed (--once) or refused the first login,
4 parts could not be read or written (--once), 130 interrupted.")]
pub struct WatchArgs {
    /// One round, for cron
    #[arg(long)]
    pub once: bool,
    /// With --once: exit with 1 when something changed or OpenMetadata differs
    #[arg(long, requires = "once")]
    pub exit_code: bool,
    /// From the beginning of one round to that of the next, such as 15m
    #[arg(long, value_name = "TIME", conflicts_with = "once")]
    pub interval: Option<String>,
    /// What may be written to OpenMetadata with nobody looking (repeatable)
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub apply: Vec<String>,
    /// Write nothing of a plan that has more to write than this
    #[arg(long, value_name = "N")]
    pub max_changes: Option<u32>,
    /// Compare with OpenMetadata only this space, source, folder or dataset, with all below (repeatable)
    #[arg(long, value_name = "PATH")]
    pub space: Vec<String>,
    /// Shell command that gets each round with news as JSON on its standard input
    #[arg(long, value_name = "COMMAND")]
    pub notify_command: Option<String>,
    /// The form; json is one line for each round
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub format: ReportFormat,
}
