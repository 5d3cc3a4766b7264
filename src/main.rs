//! The `dremio-explorer` binary: see the library for everything.

use std::process::ExitCode;

use clap::Parser;
use dremio_explorer::cli::args::Cli;
use dremio_explorer::cli::{self, Session};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output, errors to standard error; a reader may be gone.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let session = Session::new(cli);
    let status = match &session.cli.command {
        Some(command) => cli::run(&session, command),
        None => cli::ExitStatus::Usage,
    };
    status.into()
}
