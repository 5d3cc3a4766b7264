//! One file per command. A command returns how it ended; `main` makes an exit code of it.

mod check_lineage;
mod config;
mod dbt_matches;
mod discover;
mod doctor;
mod follow;
mod forms;
mod impact;
mod ingest_dbt;
#[cfg(feature = "demo")]
mod ingest_dbt_demo;
mod lineage;
#[cfg(feature = "demo")]
mod sandbox;
#[cfg(feature = "demo")]
mod seed;
mod shell;
mod snapshots;
mod sql_lineage;
mod sync;
mod watch;

#[cfg(feature = "demo")]
pub(super) use ingest_dbt_demo::DemoProject;
#[cfg(feature = "demo")]
pub(super) use sandbox::{Demo, start as start_demo};

use super::args::Command;
use super::interrupt;
use super::session::Session;
use super::status::{ExitStatus, Failure};

/// Runs a command to its end and says what failed.
pub fn run(session: &Session, command: &Command) -> ExitStatus {
    let outcome = match command {
        Command::Completions { shell } => shell::completions(session, *shell),
        Command::Man { command } => shell::man(session, command.as_deref()),
        Command::Config(command) => config::run(session, command),
        Command::SqlLineage(args) => sql_lineage::run(session, args),
        Command::Discover(args) => block_on(session, discover::run(session, args)),
        Command::CheckLineage(args) => block_on(session, check_lineage::run(session, args)),
        Command::Impact(args) => block_on(session, impact::run(session, args)),
        Command::Sync(args) => block_on(session, sync::run(session, args)),
        Command::Watch(args) => block_on(session, watch::run(session, args)),
        Command::IngestDbt(args) => block_on(session, ingest_dbt::run(session, args)),
        Command::Doctor(args) => block_on(session, doctor::run(session, args)),
        #[cfg(feature = "demo")]
        Command::Sandbox(args) => block_on(session, sandbox::run(session, args)),
        Command::Snapshots(command) => snapshots::run(session, command),
    };
    outcome.unwrap_or_else(|failure| {
        // A reader that went away needs no words.
        if failure.status != ExitStatus::Fine {
            session.printer.error(&failure.message);
        }
        failure.status
    })
}

/// Runs a command on a runtime of its own, with Ctrl-C watched.
fn block_on(
    session: &Session,
    command: impl Future<Output = Result<ExitStatus, Failure>>,
) -> Result<ExitStatus, Failure> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        interrupt::watch(session.cancel.clone(), session.printer.clone());
        command.await
    });
    // A name look-up or a prompt that still blocks a thread must not keep the program.
    runtime.shutdown_background();
    outcome
}

/// The runtime on which everything asynchronous runs.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Failure::new(ExitStatus::Remote, format!("cannot start the runtime: {error}"))
    })
}
