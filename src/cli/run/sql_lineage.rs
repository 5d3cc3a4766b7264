//! `sql-lineage`: the lineage engine on texts, without any server.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::args::{ReportFormat, SqlLineageArgs};
use crate::cli::session::Session;
use crate::cli::status::{ExitStatus, Failure};
use crate::model::DatasetPath;
use crate::report::{Escaped, SqlLineageReport};
use crate::sqlflow::{self, SchemaMap, Status};

/// Runs the command.
pub(super) fn run(session: &Session, args: &SqlLineageArgs) -> Result<ExitStatus, Failure> {
    let stdin = [PathBuf::from("-")];
    let files = if args.files.is_empty() { &stdin[..] } else { &args.files };
    if args.batch {
        for file in files {
            let answer = sqlflow::batch::run(&read(file)?)
                .map_err(|error| Failure::usage(format!("{}: {error}", told_name(file))))?;
            session.printer.data(answer.trim_end())?;
            session.printer.data("\n")?;
        }
        return Ok(ExitStatus::Fine);
    }
    let context = match &args.context {
        None => Vec::new(),
        Some(text) => text
            .parse::<DatasetPath>()
            .map_err(|error| Failure::usage(format!("--context {text}: {error}")))?
            .parts()
            .to_vec(),
    };
    let schema = args.schema.as_deref().map(read_schema).transpose()?.unwrap_or_default();
    let mut texts = Vec::new();
    for file in files {
        let text = read(file)?;
        let analysis = sqlflow::analyze(&text, &context, &schema);
        texts.push((name(file), text, analysis));
    }
    let report = SqlLineageReport::new(&texts);
    match args.format {
        ReportFormat::Text => session.printer.data(&report.to_text())?,
        ReportFormat::Json => session.printer.write_data(|mut out| {
            serde_json::to_writer_pretty(Escaped(&mut out), &report)?;
            out.write_all(b"\n")
        })?,
    }
    let failed = texts.iter().any(|(_, _, analysis)| analysis.status() == Status::Failed);
    Ok(if failed { ExitStatus::Findings } else { ExitStatus::Fine })
}

fn name(file: &Path) -> String {
    file.display().to_string()
}

/// A file's name in a sentence.
fn told_name(file: &Path) -> String {
    if file == Path::new("-") { "standard input".to_owned() } else { name(file) }
}

fn read(file: &Path) -> Result<String, Failure> {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| Failure::usage(format!("cannot read {}: {error}", told_name(file))))
}

/// A map from a dotted table name to its columns: a list of names, a map from name to type, or
/// nothing where they are not known.
fn read_schema(file: &Path) -> Result<SchemaMap, Failure> {
    let wrong = |what: &str| Failure::usage(format!("schema file {}: {what}", name(file)));
    let text = read(file)?;
    let tables: serde_json::Map<String, Value> = serde_saphyr::from_str(&text)
        .map_err(|error| wrong(&error.without_snippet().to_string()))?;
    let mut schema = SchemaMap::new();
    for (table, columns) in tables {
        let path: DatasetPath = table
            .parse()
            .map_err(|error| wrong(&format!("{table:?} is no table name: {error}")))?;
        match columns {
            Value::Null => schema.insert_open(&path),
            Value::Object(columns) => {
                schema.insert(&path, columns.into_iter().map(|(name, _)| name));
            }
            Value::Array(columns) => {
                let names: Option<Vec<String>> = columns
                    .into_iter()
                    .map(|column| match column {
                        Value::String(name) => Some(name),
                        _ => None,
                    })
                    .collect();
                let names = names.ok_or_else(|| {
                    wrong(&format!("the columns of {table} must be a list of names"))
                })?;
                schema.insert(&path, names);
            }
            _ => return Err(wrong(&format!("the columns of {table} must be a list of names"))),
        }
    }
    Ok(schema)
}
