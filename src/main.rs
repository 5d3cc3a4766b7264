//! The `dremio-explorer` binary: parses the command line, picks the terminal UI or a command, and
//! makes an exit code of how it ended. Everything else is in the library.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use dremio_explorer::cli::args::{Cli, ColorWhen};
use dremio_explorer::cli::{self, ExitStatus, Failure, Session};
use dremio_explorer::tui::{self, ColourDepth, Exit, ThemeName};

/// How long a search that still runs may keep the program at the end.
const GRACE: Duration = Duration::from_millis(200);

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
    if let Some(command) = &session.cli.command {
        return cli::run(&session, command).into();
    }
    match open_ui(&session) {
        Ok(Exit::Quit) => ExitStatus::Fine.into(),
        // As a shell reports a program that a signal ended.
        Ok(Exit::Signal(number)) => ExitCode::from(u8::try_from(128 + number).unwrap_or(1)),
        Err(failure) => {
            session.printer.error(&failure.message);
            failure.status.into()
        }
    }
}

fn open_ui(session: &Session) -> Result<Exit, Failure> {
    if !session.printer.has_screen() {
        return Err(Failure::usage(tui::Error::NoTerminal.to_string()));
    }
    let settings = session.settings()?;
    let _log = session.start_log(&settings, true);
    let runtime = cli::runtime()?;
    let outcome = runtime.block_on(async {
        // Kept until the UI is left: the demo's servers stop with it.
        let target = session.target(&settings).await?;
        let data_dir = session.data_dir(&settings);
        let sync = session.sync_target(&settings, &target).await;
        let options = tui::Options {
            connect: target.options.clone(),
            discovery: settings.browsing_options(),
            title: target.name.clone().unwrap_or_default(),
            theme: ThemeName::from_name(&settings.ui.theme).unwrap_or_default(),
            colours: match session.cli.output.color {
                ColorWhen::Never => ColourDepth::None,
                ColorWhen::Always if ColourDepth::detect() == ColourDepth::None => {
                    ColourDepth::Palette
                }
                ColorWhen::Auto | ColorWhen::Always => ColourDepth::detect(),
            },
            mouse: settings.ui.mouse,
            ascii: settings.ui.ascii,
            keymap_override: session.keymap(&settings),
            snapshot: data_dir.as_deref().and_then(|dir| target.stored(dir)),
            state_dir: data_dir,
            sync: sync.map(|(connect, settings_of_sync, data_dir)| tui::SyncOptions {
                connect,
                settings: settings_of_sync,
                max_workers: settings.sync.max_workers,
                batch_size: settings.sync.batch_size,
                data_dir,
            }),
        };
        tui::run(options).await.map_err(|error| match error {
            tui::Error::Connection(error) => error.into(),
            tui::Error::Terminal(_) => Failure::new(ExitStatus::Remote, cli::flatten(&error)),
            other => Failure::usage(cli::flatten(&other)),
        })
    });
    runtime.shutdown_timeout(GRACE);
    outcome
}
