//! The log file, and what `-v` shows of it.
//!
//! The file lies in the data folder and a new one is begun each day; a week is kept. Standard error
//! gets lines only when a command was asked to say more, never while the terminal UI runs.

use std::io;
use std::path::{Path, PathBuf};

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// How many days are kept.
const DAYS: usize = 7;

/// What is logged where.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// `off`, `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// The file; `None` = one a day in the data folder.
    pub file: Option<PathBuf>,
    /// The data folder.
    pub data_dir: Option<PathBuf>,
    /// How much goes to standard error: 0 nothing, 1 what happens, 2 every request.
    pub verbose: u8,
    /// Whether standard error may show colour.
    pub color: bool,
}

/// Keeps the log going; what is not written yet is written when this is dropped.
#[derive(Debug)]
pub struct LogGuard {
    _worker: Option<WorkerGuard>,
}

/// Starts logging. Without a place for the file there is none, and the reason comes back beside the
/// guard: a log is never worth a run.
pub fn start(options: &LogOptions) -> (LogGuard, Option<String>) {
    let (writer, problem) = match appender(options) {
        Ok(writer) => (writer, None),
        Err((path, error)) => {
            (None, Some(format!("no log is written: cannot write {}: {error}", path.display())))
        }
    };
    let (file, worker) = writer
        .map(|appender| {
            let (writer, worker) = tracing_appender::non_blocking(appender);
            let layer = fmt::layer()
                .with_writer(writer)
                .with_ansi(false)
                .with_filter(filter(&options.level));
            (layer, worker)
        })
        .unzip();
    let stderr = (options.verbose > 0).then(|| {
        let level = if options.verbose == 1 { "info" } else { "debug" };
        fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(options.color)
            .with_target(false)
            .without_time()
            .with_filter(filter(level))
    });
    // A second start in one process (tests) keeps the first log.
    let _ = tracing_subscriber::registry().with(file).with(stderr).try_init();
    (LogGuard { _worker: worker }, problem)
}

/// Ours at the level asked for; libraries only when they warn.
fn filter(level: &str) -> EnvFilter {
    let others = if level == "error" { "error" } else { "warn" };
    EnvFilter::new(format!("{others},dremio_explorer={level}"))
}

fn appender(options: &LogOptions) -> Result<Option<RollingFileAppender>, (PathBuf, io::Error)> {
    if options.level == "off" {
        return Ok(None);
    }
    let (folder, builder) = if let Some(file) = &options.file {
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (folder, RollingFileAppender::builder().rotation(Rotation::NEVER).filename_prefix(name))
    } else {
        let Some(folder) = options.data_dir.clone() else { return Ok(None) };
        let builder = RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("dremio-explorer")
            .filename_suffix("log")
            .max_log_files(DAYS);
        (folder, builder)
    };
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    std::fs::create_dir_all(&folder).map_err(|error| (folder.clone(), error))?;
    builder.build(&folder).map(Some).map_err(|error| (folder, io::Error::other(error.to_string())))
}
