//! `watch`: rounds, one after the other, and what is said of them.

mod agent;
mod notify;

use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::cli::args::WatchArgs;
use crate::cli::run::sync::space_paths;
use crate::cli::session::{Session, Target};
use crate::cli::status::{ExitStatus, Failure, flatten};
use crate::config::Settings;
use crate::dremio::Deployment;
use crate::model::time::rfc3339;
use crate::openmetadata;
use crate::snapshots::SnapshotStore;
use crate::watch::schedule::{Schedule, keep};
use crate::watch::state::{Earlier, Memory, StateError};
use crate::watch::{DriftOptions, History, Permit, WatchOptions, Watcher};
use agent::Agent;

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::usage(flatten(&error))
    }
}

/// Runs the command.
pub(super) async fn run(session: &Session, args: &WatchArgs) -> Result<ExitStatus, Failure> {
    let settings = session.settings()?;
    let _log = session.start_log(&settings, false);
    let spaces = space_paths(&args.space)?;
    let mut terminated = Terminated::listen();
    let data_dir = session.data_dir(&settings).ok_or_else(|| {
        Failure::usage(
            "there is no data folder to remember readings in: name one with --data-dir DIR",
        )
    })?;
    let target = session.target(&settings).await?;
    let openmetadata = openmetadata(session, &settings, &target).await?;
    if openmetadata.is_none() && !spaces.is_empty() {
        return Err(Failure::usage("--space is about OpenMetadata, and none is set"));
    }
    demand_whole_reading_to_delete(&settings)?;
    let drift = openmetadata.is_some().then(|| DriftOptions {
        settings: settings.sync_settings(),
        within: spaces,
        permits: settings.watch.permits.clone(),
        max_changes: settings.watch.max_changes,
        max_workers: settings.sync.max_workers,
        batch_size: settings.sync.batch_size,
        data_dir: Some(data_dir.clone()).filter(|_| !target.is_demo()),
    });
    let options = WatchOptions {
        discovery: settings.discovery_options(),
        drift,
        host: target.name.clone().filter(|_| target.is_demo()).map(|name| format!("demo-{name}")),
        history: history(&settings, &data_dir),
    };
    let profile = settings.profile.as_deref().filter(|_| !target.is_demo());
    let memory = Memory::new(&data_dir, &place(&target), profile, &options.discovery);
    // Held until the command ends.
    let _lock = memory.lock()?;
    let earlier = earlier(session, &memory)?;
    let watcher = tokio::task::spawn_blocking(move || Watcher::new(options, memory, earlier))
        .await
        .map_err(|error| {
            Failure::new(ExitStatus::Remote, format!("the lineage engine stopped: {error}"))
        })?;
    let mut agent = Agent::new(session, &settings, args, target, openmetadata, watcher);
    if args.once {
        agent.round().await;
        return agent.ended();
    }
    let pace = settings.watch.pace;
    session.printer.note(&format!(
        "watching {} every {}{}; Ctrl-C ends it",
        agent.server(),
        words(pace.interval),
        match settings.watch.permits.names() {
            names if names.is_empty() => String::new(),
            names => format!(", writing to OpenMetadata unseen: {}", names.join(", ")),
        }
    ));
    let printer = session.printer.clone();
    let on_wait = |pause: Duration, failures: u32| {
        let at = rfc3339(SystemTime::now() + pause);
        let at = at.split_once('.').map_or(at.as_str(), |(seconds, _)| seconds);
        match failures {
            0 => printer.detail(&format!("next round in {}, at {at}Z", words(pause))),
            1 => printer.note(&format!("next try in {}, at {at}Z", words(pause))),
            _ => printer.note(&format!(
                "{failures} rounds in a row have failed; next try in {}, at {at}Z",
                words(pause)
            )),
        }
    };
    let schedule = Schedule::new(pace, fastrand::Rng::new());
    let round = async || agent.round().await;
    keep(schedule, round, on_wait, SystemTime::now, &session.cancel).await;
    let ended = agent.ended();
    match ended {
        // Told to stop, it has stopped: a service manager must not take that for a failure.
        Ok(ExitStatus::Interrupted) if terminated.happened() => Ok(ExitStatus::Fine),
        ended => ended,
    }
}

/// How to reach OpenMetadata, if one is set. Writing needs one.
async fn openmetadata(
    session: &Session,
    settings: &Settings,
    target: &Target,
) -> Result<Option<openmetadata::ConnectOptions>, Failure> {
    let is_set = target.is_demo() || settings.openmetadata.url.is_some();
    if is_set || !settings.watch.permits.is_empty() {
        return session.openmetadata(settings, target).await.map(Some);
    }
    Ok(None)
}

/// What is left out of the reading looks like something that is gone.
fn demand_whole_reading_to_delete(settings: &Settings) -> Result<(), Failure> {
    if settings.watch.permits.allow(Permit::Delete) && !settings.discovery.is_whole() {
        return Err(Failure::usage(
            "watch.apply: delete needs the whole catalogue, since what discovery.include, exclude, include_types or max_depth leave out would be taken for gone; restrict what is brought over with --space or sync.databases, sync.schemas and sync.tables",
        ));
    }
    Ok(())
}

/// Part of a catalogue on purpose is no reading of it, so only whole ones are kept.
fn history(settings: &Settings, data_dir: &Path) -> Option<History> {
    settings.discovery.is_whole().then(|| History {
        store: SnapshotStore::new(data_dir),
        keep: settings.watch.keep_snapshots,
    })
}

/// The server's name in the data folder.
fn place(target: &Target) -> String {
    match &target.options.deployment {
        Deployment::Cloud { project_id, .. } => format!("cloud-{project_id}"),
        Deployment::Software { .. } if target.is_demo() => format!("demo-{}", target.title()),
        Deployment::Software { base_url } => {
            let host = base_url.host_str().unwrap_or_default();
            base_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}_{port}"))
        }
    }
}

/// What earlier rounds have left; a reading that cannot be used is told of and done without.
fn earlier(session: &Session, memory: &Memory) -> Result<Earlier, Failure> {
    match memory.load() {
        Ok(earlier) => {
            if earlier.has_other_scope {
                session.printer.note(
                    "the settings that say what is read have changed since the last round, so this one has nothing to compare with",
                );
            }
            Ok(earlier)
        }
        Err(error @ StateError::Baseline { .. }) => {
            let words = flatten(&error);
            session.printer.warn(&format!("{words}; this round has nothing to compare with"));
            Ok(Earlier::default())
        }
        Err(error) => Err(error.into()),
    }
}

/// A length of time for people: `2 min`, `45 s`.
fn words(time: Duration) -> String {
    let seconds = time.as_secs_f64().round().max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "waits are days at most"
    )]
    let seconds = seconds as u64;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Whether it was SIGTERM that asked for the end.
struct Terminated {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Terminated {
    fn listen() -> Self {
        Self {
            #[cfg(unix)]
            signal: {
                use tokio::signal::unix::{SignalKind, signal};
                signal(SignalKind::terminate()).ok()
            },
        }
    }

    #[cfg(unix)]
    fn happened(&mut self) -> bool {
        use futures::FutureExt as _;
        let signal = self.signal.as_mut();
        signal.is_some_and(|signal| signal.recv().now_or_never().is_some())
    }

    #[cfg(not(unix))]
    fn happened(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_told_in_words() {
        let words = |seconds| words(Duration::from_secs(seconds));
        assert_eq!(words(0), "1 s");
        assert_eq!(words(61), "1 min 1 s");
        assert_eq!(words(900), "15 min");
        assert_eq!(words(7_260), "2 h 1 min");
        assert_eq!(words(86_400), "24 h");
    }
}
