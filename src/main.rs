//! The `dremio-explorer` binary: parses the command line, picks the terminal UI or a command, and
//! makes an exit code of how it ended. Everything else is in the library.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use dremio_explorer::cli::args::{Cli, ColorWhen, DbtArgs};
use dremio_explorer::cli::{self, ExitStatus, Failure, Session};
use dremio_explorer::log::LogGuard;
use dremio_explorer::tui::{self, ColourDepth, Exit, Profile, ThemeName};

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
    let mut session = Session::new(cli);
    if let Some(command) = &session.cli.command {
        return cli::run(&session, command).into();
    }
    let mut log = None;
    // What to go back to when another profile cannot be used, and what to say then.
    let mut before: Option<Session> = None;
    let mut notice = None;
    loop {
        match open_ui(&session, notice.take(), &mut log) {
            Ok(Exit::Quit) => return ExitStatus::Fine.into(),
            // As a shell reports a program that a signal ended.
            Ok(Exit::Signal(number)) => {
                return ExitCode::from(u8::try_from(128 + number).unwrap_or(1));
            }
            Ok(Exit::Switch(profile)) => {
                let next = session.on_profile(profile);
                before = Some(std::mem::replace(&mut session, next));
            }
            Err(failure) => match before.take() {
                Some(earlier) if failure.status != ExitStatus::Interrupted => {
                    let profile = session.cli.connection.profile.take().unwrap_or_default();
                    notice = Some(format!("profile {profile}: {}", failure.message));
                    session = earlier;
                }
                _ => {
                    session.printer.error(&failure.message);
                    return failure.status.into();
                }
            },
        }
    }
}

/// Opens the UI on a session's server until somebody leaves it or chooses another profile.
fn open_ui(
    session: &Session,
    notice: Option<String>,
    log: &mut Option<LogGuard>,
) -> Result<Exit, Failure> {
    if !session.printer.has_screen() {
        return Err(Failure::usage(tui::Error::NoTerminal.to_string()));
    }
    let settings = session.settings()?;
    if log.is_none() {
        *log = Some(session.start_log(&settings, true));
    }
    let runtime = cli::runtime()?;
    let outcome = runtime.block_on(async {
        // Kept until the UI is left: the demo's servers stop with it.
        let target = session.target(&settings).await?;
        let data_dir = session.data_dir(&settings);
        let sync = session.sync_target(&settings, &target).await?;
        let options = tui::Options {
            connect: target.options.clone(),
            discovery: settings.browsing_options(),
            title: target.title(),
            // `auto` is no theme's name.
            theme: ThemeName::from_name(&settings.ui.theme),
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
            profiles: session
                .profiles(&settings)
                .into_iter()
                .map(|(name, server)| Profile {
                    is_current: !target.is_demo() && settings.profile.as_ref() == Some(&name),
                    name,
                    server,
                })
                .collect(),
            dbt: cli::dbt_files(session, &DbtArgs::default(), &settings).map(Into::into),
            notice,
        };
        Box::pin(tui::run(options)).await.map_err(|error| match error {
            tui::Error::Connection(error) => error.into(),
            tui::Error::Terminal(_) => Failure::new(ExitStatus::Remote, cli::flatten(&error)),
            other => Failure::usage(cli::flatten(&other)),
        })
    });
    runtime.shutdown_timeout(GRACE);
    outcome
}
