//! `snapshots`: what `discover` has stored.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::discover::Output;
use crate::cli::args::{ReportFormat, SnapshotsCommand};
use crate::cli::printer::Tone;
use crate::cli::session::Session;
use crate::cli::status::{ExitStatus, Failure, flatten};
use crate::model::display::clean;
use crate::report::{CatalogReport, SCHEMA_VERSION, diff_text};
use crate::snapshots::{SnapshotEntry, SnapshotStore, StoreError, diff};

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::usage(flatten(&error))
    }
}

/// Runs one of the commands.
pub(super) fn run(session: &Session, command: &SnapshotsCommand) -> Result<ExitStatus, Failure> {
    let settings = session.settings()?;
    let data_dir = session
        .data_dir(&settings)
        .ok_or_else(|| Failure::usage("there is no data folder: name one with --data-dir DIR"))?;
    let store = SnapshotStore::new(&data_dir);
    match command {
        SnapshotsCommand::List { format } => list(session, &store, *format),
        SnapshotsCommand::Show { snapshot, format, output } => {
            let output = Output::new(output.as_deref(), *format, &session.printer);
            output.check()?;
            let snapshot = find(&store, snapshot)?.load()?;
            let report = CatalogReport::new(
                &snapshot.catalog,
                &snapshot.server,
                &[],
                &[],
                !snapshot.complete,
            );
            output.write(&report, &session.printer)?;
            Ok(ExitStatus::Fine)
        }
        SnapshotsCommand::Diff { old, new, format } => {
            let (old, new) = (find(&store, old)?, find(&store, new)?);
            compare(session, &old, &new, *format)
        }
    }
}

fn list(
    session: &Session,
    store: &SnapshotStore,
    format: ReportFormat,
) -> Result<ExitStatus, Failure> {
    let entries = store.list(None)?;
    let mut rows = Vec::new();
    let mut text = String::new();
    for (index, entry) in entries.iter().enumerate() {
        let number = index + 1;
        match entry.header() {
            Ok(header) => {
                let state = if header.complete { "" } else { "  incomplete" };
                let _ = writeln!(
                    text,
                    "{number:>3}  {}  {}  {} datasets, {} columns{state}",
                    clean(&header.taken_at),
                    session.printer.tone(Tone::Strong, &clean(&header.server.host)),
                    header.datasets,
                    header.columns,
                );
                rows.push(json!({
                    "number": number,
                    "name": entry.name,
                    "path": entry.path,
                    "bytes": entry.bytes,
                    "taken_at": header.taken_at,
                    "server": header.server,
                    "complete": header.complete,
                    "resources": header.nodes,
                    "datasets": header.datasets,
                    "columns": header.columns,
                }));
            }
            // One that is damaged must not hide the others.
            Err(error) => {
                let words = flatten(&error);
                session.printer.warn(&words);
                rows.push(json!({
                    "number": number,
                    "name": entry.name,
                    "path": entry.path,
                    "bytes": entry.bytes,
                    "error": words,
                }));
            }
        }
    }
    match format {
        ReportFormat::Text if entries.is_empty() => {
            session.printer.note("nothing is stored yet; `discover` stores what it reads");
        }
        ReportFormat::Text => session.printer.data(&text)?,
        ReportFormat::Json => {
            let document = json!({ "schema_version": SCHEMA_VERSION, "snapshots": rows });
            session.printer.data(&format!("{document:#}\n"))?;
        }
    }
    Ok(ExitStatus::Fine)
}

/// The snapshot that a number of the list, a name or a file means.
pub(super) fn find(store: &SnapshotStore, wanted: &str) -> Result<SnapshotEntry, Failure> {
    if let Ok(number) = wanted.parse::<usize>() {
        let entries = store.list(None)?;
        let count = entries.len();
        let entry = number.checked_sub(1).and_then(|index| entries.into_iter().nth(index));
        return entry.ok_or_else(|| {
            Failure::usage(match count {
                0 => "nothing is stored yet; `discover` stores what it reads".to_owned(),
                1 => format!("there is no snapshot {wanted}: only one is stored"),
                _ => format!("there is no snapshot {wanted}: 1 to {count} are stored"),
            })
        });
    }
    let named = store.list(None)?.into_iter().find(|entry| entry.name == wanted);
    match named {
        Some(entry) => Ok(entry),
        None if Path::new(wanted).is_file() => Ok(SnapshotEntry::of_file(Path::new(wanted))?),
        None => Err(Failure::usage(format!(
            "there is no snapshot {wanted}: give a number or name of `snapshots list`, or a file"
        ))),
    }
}

fn compare(
    session: &Session,
    old: &SnapshotEntry,
    new: &SnapshotEntry,
    format: ReportFormat,
) -> Result<ExitStatus, Failure> {
    let (old, new) = (old.load()?, new.load()?);
    let diff = diff(&old.catalog, &new.catalog);
    match format {
        ReportFormat::Text => {
            let from = clean(&old.taken_at).into_owned();
            let to = clean(&new.taken_at).into_owned();
            session.printer.data(&format!("{from} → {to}\n{}", diff_text(&diff)))?;
        }
        ReportFormat::Json => {
            let side = |snapshot: &crate::model::snapshot::Snapshot| {
                json!({
                    "taken_at": snapshot.taken_at,
                    "server": snapshot.server,
                    "complete": snapshot.complete,
                })
            };
            let document = json!({
                "schema_version": SCHEMA_VERSION,
                "before": side(&old),
                "after": side(&new),
                "diff": diff,
            });
            session.printer.write_data(|mut out| {
                serde_json::to_writer_pretty(crate::report::Escaped(&mut out), &document)?;
                out.write_all(b"\n")
            })?;
        }
    }
    Ok(if diff.is_empty() { ExitStatus::Fine } else { ExitStatus::Findings })
}
