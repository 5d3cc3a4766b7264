//! The lineage of SQL texts as a document and for reading (`docs/sql-lineage.md`).

use std::fmt::Write as _;

use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::model::DatasetPath;
use crate::model::display::clean;
use crate::sqlflow::{
    Analysis, ColumnRef, Confidence, DiagnosticKind, PolicyKind, StatementKind, StatementLineage,
    Status,
};

/// The lineage of several texts.
#[derive(Debug, Serialize)]
pub struct SqlLineageReport<'a> {
    schema_version: u32,
    statements: Vec<Statement<'a>>,
}

#[derive(Debug, Serialize)]
struct Statement<'a> {
    /// The file, or `-` for standard input.
    file: &'a str,
    /// The line on which the statement begins, from 1.
    line: usize,
    kind: &'static str,
    status: &'static str,
    target: Option<&'a DatasetPath>,
    tables: Vec<Table<'a>>,
    columns: Vec<Column<'a>>,
    rows: Vec<RowColumn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policies: Vec<PolicyNote<'a>>,
    diagnostics: Vec<Note<'a>>,
}

#[derive(Debug, Serialize)]
struct Table<'a> {
    path: &'a DatasetPath,
    confidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alternative: Option<&'a DatasetPath>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    versions: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    via_function: Option<&'a DatasetPath>,
}

#[derive(Debug, Serialize)]
struct Column<'a> {
    name: &'a str,
    kind: &'static str,
    expression: &'a str,
    sources: Vec<Source<'a>>,
}

#[derive(Debug, Serialize)]
struct Source<'a> {
    table: Option<&'a DatasetPath>,
    column: &'a str,
    #[serde(rename = "type")]
    influence: &'static str,
    subtype: &'static str,
}

#[derive(Debug, Serialize)]
struct RowColumn<'a> {
    table: Option<&'a DatasetPath>,
    column: &'a str,
    subtype: &'static str,
}

#[derive(Debug, Serialize)]
struct PolicyNote<'a> {
    kind: &'static str,
    function: &'a DatasetPath,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'a str>,
    arguments: &'a [String],
}

#[derive(Debug, Serialize)]
struct Note<'a> {
    kind: &'static str,
    message: &'a str,
    line: usize,
    column: usize,
}

impl<'a> SqlLineageReport<'a> {
    /// A report of texts: file name, text, what the engine says of it.
    pub fn new(texts: &'a [(String, String, Analysis)]) -> Self {
        let statements = texts
            .iter()
            .flat_map(|(file, text, analysis)| {
                analysis.statements.iter().map(|statement| Statement::new(file, text, statement))
            })
            .collect();
        Self { schema_version: SCHEMA_VERSION, statements }
    }

    /// For reading: a paragraph for each statement.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for statement in &self.statements {
            if !text.is_empty() {
                text.push('\n');
            }
            statement.write_text(&mut text);
        }
        text
    }
}

impl<'a> Statement<'a> {
    fn new(file: &'a str, text: &str, statement: &'a StatementLineage) -> Self {
        let before = text.get(..statement.span.start).unwrap_or_default();
        let source = |column: &'a ColumnRef| (column.table.as_deref(), column.column.as_str());
        Self {
            file,
            line: 1 + before.matches('\n').count(),
            kind: kind_name(statement.kind),
            status: match statement.status {
                Status::Parsed => "parsed",
                Status::Partial => "partial",
                Status::Failed => "failed",
            },
            target: statement.target.as_ref(),
            tables: statement
                .sources
                .iter()
                .map(|table| Table {
                    path: &table.path,
                    confidence: match table.confidence {
                        Confidence::Low => "low",
                        Confidence::Assumed => "assumed",
                        Confidence::Found => "found",
                    },
                    alternative: table.alternative.as_ref(),
                    versions: &table.versions,
                    via_function: table.via_function.as_ref(),
                })
                .collect(),
            columns: statement
                .columns
                .iter()
                .map(|column| Column {
                    name: &column.name,
                    kind: column.kind.as_str(),
                    expression: &column.expression,
                    sources: column
                        .sources
                        .iter()
                        .map(|from| {
                            let (table, column) = source(&from.column);
                            let influence = from.influence.type_name();
                            Source {
                                table,
                                column,
                                influence,
                                subtype: from.influence.subtype_name(),
                            }
                        })
                        .collect(),
                })
                .collect(),
            rows: statement
                .row_influences
                .iter()
                .map(|row| {
                    let (table, column) = source(&row.column);
                    RowColumn { table, column, subtype: row.influence.as_str() }
                })
                .collect(),
            policies: statement
                .policies
                .iter()
                .map(|policy| PolicyNote {
                    kind: match policy.kind {
                        PolicyKind::Masking => "masking",
                        PolicyKind::RowAccess => "row_access",
                    },
                    function: &policy.function,
                    column: policy.column.as_deref(),
                    arguments: &policy.arguments,
                })
                .collect(),
            diagnostics: statement
                .diagnostics
                .iter()
                .map(|diagnostic| Note {
                    kind: diagnostic_name(diagnostic.kind),
                    message: &diagnostic.message,
                    line: diagnostic.line,
                    column: diagnostic.column,
                })
                .collect(),
        }
    }

    fn write_text(&self, out: &mut String) {
        let target = self.target.map(|target| format!(" {}", shown(target))).unwrap_or_default();
        let _ = writeln!(
            out,
            "{}:{} {}{target} ({})",
            clean(self.file),
            self.line,
            self.kind.replace('_', " "),
            self.status
        );
        for table in &self.tables {
            let mut notes = Vec::new();
            if let Some(alternative) = table.alternative {
                notes.push(format!("or {}", shown(alternative)));
            }
            notes.extend(table.versions.iter().map(|version| format!("at {}", clean(version))));
            if let Some(function) = table.via_function {
                notes.push(format!("through {}", shown(function)));
            }
            if table.confidence == "low" {
                notes.push("not sure".to_owned());
            }
            let notes =
                if notes.is_empty() { String::new() } else { format!("  ({})", notes.join(", ")) };
            let _ = writeln!(out, "  reads {}{notes}", shown(table.path));
        }
        let width = self.columns.iter().map(|column| column.name.chars().count()).max();
        let width = width.unwrap_or(0).min(40);
        for column in &self.columns {
            let sources: Vec<String> = column
                .sources
                .iter()
                .map(|from| {
                    let name = column_name(from.table, from.column);
                    if from.influence == "DIRECT" { name } else { format!("[{name}]") }
                })
                .collect();
            let line = format!(
                "  {:width$}  {:11}  {}",
                clean(column.name),
                column.kind,
                sources.join(", ")
            );
            let _ = writeln!(out, "{}", line.trim_end());
        }
        for row in &self.rows {
            let kind = row.subtype.replace('_', " ").to_lowercase();
            let _ = writeln!(out, "  rows by {kind}: {}", column_name(row.table, row.column));
        }
        for policy in &self.policies {
            let arguments: Vec<_> = policy.arguments.iter().map(|name| clean(name)).collect();
            let call = format!("{}({})", shown(policy.function), arguments.join(", "));
            let _ = match policy.column {
                Some(column) => writeln!(out, "  {} masked by {call}", clean(column)),
                None => writeln!(out, "  rows by policy: {call}"),
            };
        }
        for note in &self.diagnostics {
            let _ = writeln!(out, "  ! {}:{} {}", note.line, note.column, clean(note.message));
        }
        let end = out.trim_end().len();
        out.truncate(end);
        out.push('\n');
    }
}

fn shown(path: &DatasetPath) -> String {
    clean(&path.to_string()).into_owned()
}

fn column_name(table: Option<&DatasetPath>, column: &str) -> String {
    let column = clean(column);
    table.map_or_else(|| column.to_string(), |table| format!("{}.{column}", shown(table)))
}

fn kind_name(kind: StatementKind) -> &'static str {
    match kind {
        StatementKind::Query => "query",
        StatementKind::CreateView => "create_view",
        StatementKind::CreateTable => "create_table",
        StatementKind::CreateFunction => "create_function",
        StatementKind::Insert => "insert",
        StatementKind::Merge => "merge",
        StatementKind::Update => "update",
        StatementKind::Delete => "delete",
        StatementKind::Copy => "copy",
        StatementKind::Other => "other",
    }
}

pub(super) fn diagnostic_name(kind: DiagnosticKind) -> &'static str {
    match kind {
        DiagnosticKind::Syntax => "syntax",
        DiagnosticKind::UnknownTable => "unknown_table",
        DiagnosticKind::UnknownColumn => "unknown_column",
        DiagnosticKind::AmbiguousColumn => "ambiguous_column",
        DiagnosticKind::Unsupported => "unsupported",
    }
}
