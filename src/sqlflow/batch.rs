//! The batch form: a JSON array of cases in, a JSON array of answers out.

use std::time::Instant;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::analyze::analyze_as;
use super::dialect::Flavour;
use super::lineage::{
    Analysis, ColumnRef, ColumnSource, DiagnosticKind, Kind, StatementKind, StatementLineage,
    Status,
};
use super::schema::{SchemaMap, ViewBody};
use crate::model::DatasetPath;

/// Why a batch was not answered.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The text is not an array of cases.
    #[error("the batch is not a JSON array of cases: {0}")]
    Input(#[source] serde_json::Error),
    /// One of the cases is not what one must be.
    #[error("case {number} of the batch{}: {source}", named(id.as_deref()))]
    Case {
        /// Its place in the array, from 1.
        number: usize,
        /// Its id, if it has one.
        id: Option<String>,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The answers could not be written as JSON.
    #[error("the answers could not be written as JSON: {0}")]
    Output(#[source] serde_json::Error),
}

fn named(id: Option<&str>) -> String {
    id.map(|id| format!(" (id {id})")).unwrap_or_default()
}

#[derive(Deserialize)]
struct Case {
    id: serde_json::Value,
    sql: String,
    #[serde(default)]
    dialect: Option<String>,
    #[serde(default)]
    schema: Option<FxHashMap<String, Option<Vec<String>>>>,
    #[serde(default)]
    default_context: Option<Vec<String>>,
    /// Views that are read through, by name: their SQL.
    #[serde(default)]
    views: Option<FxHashMap<String, String>>,
}

#[derive(Serialize)]
struct Answer {
    id: serde_json::Value,
    tables: Tables,
    columns: Vec<Column>,
    indirect: Vec<Indirect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    ms: f64,
}

#[derive(Default, Serialize)]
struct Tables {
    target: Option<String>,
    sources: Vec<String>,
}

#[derive(Serialize)]
struct Column {
    target: String,
    sources: Vec<String>,
    kind: &'static str,
    influences: Vec<Influence>,
}

#[derive(Serialize)]
struct Influence {
    source: String,
    r#type: &'static str,
    subtype: &'static str,
}

#[derive(Serialize)]
struct Indirect {
    source: String,
    subtype: &'static str,
}

/// Answers a batch: an array of `{id, sql, dialect, schema, default_context, views}` in, an array of
/// `{id, tables, columns, indirect, error, ms}` out, in the same order.
pub fn run(json: &str) -> Result<String, BatchError> {
    let cases: Vec<serde_json::Value> = serde_json::from_str(json).map_err(BatchError::Input)?;
    let mut answers = Vec::with_capacity(cases.len());
    for (index, value) in cases.into_iter().enumerate() {
        let id = value.get("id").map(|id| match id {
            serde_json::Value::String(id) => id.clone(),
            other => other.to_string(),
        });
        let case = serde_json::from_value(value).map_err(|source| BatchError::Case {
            number: index + 1,
            id,
            source,
        })?;
        answers.push(answer(case));
    }
    serde_json::to_string(&answers).map_err(BatchError::Output)
}

fn answer(case: Case) -> Answer {
    let flavour = Flavour::from_name(case.dialect.as_deref().unwrap_or("ansi"));
    let mut schema = SchemaMap::new();
    for (name, columns) in case.schema.iter().flatten() {
        let path = path_of(name);
        match columns {
            Some(columns) => schema.insert(&path, columns.iter().map(String::as_str)),
            None => schema.insert_open(&path),
        }
    }
    let context = case.default_context.unwrap_or_default();
    for (name, sql) in case.views.iter().flatten() {
        let path = path_of(name);
        schema.insert_view(&path, ViewBody { sql: sql.as_str().into(), context: context.clone() });
    }
    let started = Instant::now();
    let analysis = analyze_as(&case.sql, &context, &schema, flavour);
    let ms = started.elapsed().as_secs_f64() * 1000.0;
    let error = analysis
        .diagnostics()
        .find(|diagnostic| diagnostic.kind == DiagnosticKind::Syntax)
        .map(|d| format!("line {}, column {}: {}", d.line, d.column, d.message))
        .or_else(|| {
            (analysis.status() == Status::Failed).then(|| "the statement does not parse".to_owned())
        });
    let (tables, columns, indirect) = merged(&analysis);
    Answer { id: case.id, tables, columns, indirect, error, ms: (ms * 1e4).round() / 1e4 }
}

fn path_of(name: &str) -> DatasetPath {
    name.parse().unwrap_or_else(|_| DatasetPath::new(name.split('.')))
}

/// Several statements give one answer: the last target, and what is read but not written before.
fn merged(analysis: &Analysis) -> (Tables, Vec<Column>, Vec<Indirect>) {
    let told: Vec<&StatementLineage> = analysis
        .statements
        .iter()
        .filter(|statement| statement.kind != StatementKind::Other)
        .collect();
    let last = told
        .iter()
        .rev()
        .find(|statement| statement.target.is_some() && !statement.sources.is_empty())
        .or_else(|| told.iter().rev().find(|statement| statement.target.is_some()))
        .or_else(|| told.last());
    let Some(last) = last else { return (Tables::default(), Vec::new(), Vec::new()) };
    let mut sources: Vec<String> = Vec::new();
    let mut written: Vec<DatasetPath> = Vec::new();
    for statement in &told {
        for source in &statement.sources {
            let name = table_name(&source.path);
            if !written.contains(&source.path.folded()) && !sources.contains(&name) {
                sources.push(name);
            }
        }
        if let Some(target) = &statement.target
            && told.len() > 1
        {
            written.push(target.folded());
        }
    }
    let target = match last.kind {
        StatementKind::CreateFunction => None,
        _ => last.target.as_ref().map(table_name),
    };
    let position = analysis.statements.iter().position(|s| std::ptr::eq(s, *last)).unwrap_or(0);
    let columns = last
        .columns
        .iter()
        .map(|column| {
            let mut kind = column.kind;
            let mut traced = Vec::new();
            for source in &column.sources {
                trace(&analysis.statements[..position], source, &mut kind, &mut traced);
            }
            let mut sources: Vec<String> = Vec::new();
            let mut influences = Vec::with_capacity(traced.len());
            for source in &traced {
                let name = column_name(&source.column);
                influences.push(Influence {
                    source: name.clone(),
                    r#type: source.influence.type_name(),
                    subtype: source.influence.subtype_name(),
                });
                if !sources.contains(&name) {
                    sources.push(name);
                }
            }
            Column {
                target: dotted([column.name.as_str()]),
                sources,
                kind: kind.as_str(),
                influences,
            }
        })
        .collect();
    let indirect = last
        .row_influences
        .iter()
        .map(|row| Indirect { source: column_name(&row.column), subtype: row.influence.as_str() })
        .collect();
    (Tables { target, sources }, columns, indirect)
}

/// Follows a source through the tables that earlier statements of the same text made.
fn trace(
    earlier: &[StatementLineage],
    source: &ColumnSource,
    kind: &mut Kind,
    traced: &mut Vec<ColumnSource>,
) {
    let made = source.column.table.as_ref().and_then(|table| {
        earlier.iter().enumerate().rev().find(|(_, statement)| {
            statement.target.as_ref().is_some_and(|target| target.folded() == table.folded())
                && !statement.columns.is_empty()
        })
    });
    let column = made.and_then(|(index, statement)| {
        let column = statement
            .columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(&source.column.column))?;
        Some((index, column))
    });
    let Some((index, column)) = column else {
        if !traced.contains(source) {
            traced.push(source.clone());
        }
        return;
    };
    *kind = (*kind).max(column.kind);
    for inner in &column.sources {
        let influence = source.influence.over(inner.influence);
        let through = ColumnSource { column: inner.column.clone(), influence };
        trace(&earlier[..index], &through, kind, traced);
    }
}

/// `table.column`, or only `column` when the table is not decided.
fn column_name(column: &ColumnRef) -> String {
    match &column.table {
        Some(table) => {
            dotted(table.parts().iter().map(String::as_str).chain([column.column.as_str()]))
        }
        None => dotted([column.column.as_str()]),
    }
}

fn table_name(path: &DatasetPath) -> String {
    dotted(path.parts().iter().map(String::as_str))
}

/// Parts joined by dots; one that holds a dot or a double quote is wrapped in double quotes.
fn dotted<'p>(parts: impl IntoIterator<Item = &'p str>) -> String {
    let mut name = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            name.push('.');
        }
        if part.contains(['.', '"']) || part.starts_with('`') || part.is_empty() {
            name.push('"');
            name.push_str(&part.replace('"', "\"\""));
            name.push('"');
        } else {
            name.push_str(part);
        }
    }
    name
}
