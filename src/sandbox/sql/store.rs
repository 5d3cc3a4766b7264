//! The engine's tables: each is filled when a query first needs it and kept. A view is computed
//! once, since nothing changes the rows under it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use crate::model::{DataType, DatasetPath};
use crate::sandbox::rows::{Generate, RowSource, Rows, Target, generate};
use crate::sandbox::sql::index::{Found, Index};
use crate::sandbox::sql::prepass::{self, Version};
use crate::sandbox::sql::query::{Translator, unsupported};
use crate::sandbox::sql::system::{Edition, System};
use crate::sandbox::sql::{IdOf, runtime, values};
use crate::sandbox::world::{Backend, ColumnSpec, Kind, Node};

/// Views in views deeper than this are taken for a mistake.
const MAX_DEPTH: usize = 64;

/// Rows of a table that the catalogue file says nothing about.
const DEFAULT_ROWS: usize = 25;

/// A filled table of the engine; its columns are called `c0`, `c1`, …
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<(String, DataType)>,
}

pub(super) struct Store {
    pub(super) connection: Connection,
    pub(super) index: Arc<Index>,
    pub(super) edition: Edition,
    pub(super) id_of: IdOf,
    /// Set by whoever waits for the answer no longer.
    pub(super) cancelled: Arc<AtomicBool>,
    tables: HashMap<Found, Arc<Table>>,
    rows: HashMap<usize, Arc<Rows>>,
    /// Datasets being filled, to notice one that needs itself.
    open: Vec<usize>,
}

impl Store {
    pub(super) fn new(index: Arc<Index>, edition: Edition, id_of: IdOf) -> rusqlite::Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA case_sensitive_like = ON;",
        )?;
        runtime::register(&connection)?;
        Ok(Self {
            connection,
            index,
            edition,
            id_of,
            cancelled: Arc::default(),
            tables: HashMap::new(),
            rows: HashMap::new(),
            open: Vec::new(),
        })
    }

    pub(super) fn find(&self, context: &[String], parts: &[String]) -> Result<Found, String> {
        self.index.dataset(context, parts, self.edition)
    }

    /// The path above an entry: what a function's body is read against.
    pub(super) fn parent_of(&self, entry: usize) -> Vec<String> {
        self.index.path(entry).parent().map_or_else(Vec::new, |parent| parent.parts().to_vec())
    }

    /// The engine's table for a dataset, filled if it is not yet.
    pub(super) fn table(&mut self, found: Found) -> Result<Arc<Table>, String> {
        if let Some(table) = self.tables.get(&found) {
            return Ok(Arc::clone(table));
        }
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(super::CANCELLED.to_owned());
        }
        let table = Arc::new(match found {
            Found::System(system) => self.system(system)?,
            Found::Dataset(entry) => {
                if self.open.contains(&entry) || self.open.len() >= MAX_DEPTH {
                    let path = self.index.path(entry);
                    return Err(format!("VALIDATION ERROR: {path} refers to itself"));
                }
                self.open.push(entry);
                let table = if self.index.node(entry).kind == Kind::View {
                    self.view(entry)
                } else {
                    self.stored(entry)
                };
                self.open.pop();
                table?
            }
        });
        self.tables.insert(found, Arc::clone(&table));
        Ok(table)
    }

    /// How many of its first rows a table had in an older state; `None` = all.
    pub(super) fn rows_at(&self, entry: usize, version: &Version) -> Result<Option<usize>, String> {
        let node = self.index.node(entry);
        let root = self.index.root(entry);
        let versioned = root.backend == Some(Backend::Versioned)
            || matches!(root.connector.as_deref(), Some("NESSIE" | "ARCTIC" | "DREMIO_CATALOG"));
        let key = format!("{}:{}", version.kind, version.value);
        if let Some(rows) = node.versions.get(&key) {
            return Ok(Some(*rows));
        }
        match version.kind.as_str() {
            "branch" | "reference" if versioned && version.value == "main" => Ok(None),
            "timestamp" if versioned || node.format.as_deref() == Some("Iceberg") => Ok(None),
            "snapshot" => Err(format!(
                "VALIDATION ERROR: Iceberg snapshot ID {} not found in {}",
                version.value,
                self.index.path(entry)
            )),
            kind if versioned => Err(format!(
                "VALIDATION ERROR: Requested {kind} '{}' not found on source {}.",
                version.value, root.name
            )),
            _ => Err(format!(
                "VALIDATION ERROR: Time travel is not supported on {}",
                self.index.path(entry)
            )),
        }
    }

    fn view(&mut self, entry: usize) -> Result<Table, String> {
        let index = Arc::clone(&self.index);
        let (path, node) = (index.path(entry), index.node(entry));
        let sql = node.sql.as_deref().unwrap_or_default();
        let translated = prepass::parse(sql)
            .and_then(|query| Translator::new(self, node.context.clone()).query(&query, None))
            .map_err(|problem| expanding(path, &problem))?;
        let name = format!("d{entry}");
        self.execute(&format!("CREATE TABLE {name} AS {}", translated.sql))
            .map_err(|problem| expanding(path, &problem))?;
        let declared = node.columns.as_deref().unwrap_or_default();
        let mut columns = translated.columns;
        for ((name, data_type), spec) in columns.iter_mut().zip(declared) {
            // The declared type knows the inside of what is only JSON to the engine.
            if *name == spec.name
                && let Ok(declared) = spec.data_type.parse::<DataType>()
            {
                *data_type = declared;
            }
        }
        Ok(Table { name, columns })
    }

    fn stored(&mut self, entry: usize) -> Result<Table, String> {
        let columns = self.columns_of(entry)?;
        let rows = self.rows_of(entry)?;
        self.fill(format!("d{entry}"), columns, rows.rows.iter())
    }

    fn system(&mut self, system: System) -> Result<Table, String> {
        let (index, id_of) = (Arc::clone(&self.index), Arc::clone(&self.id_of));
        let name = format!("s{}", self.tables.len());
        self.fill(name, system.columns(), system.rows(&index, &*id_of))
    }

    fn fill(
        &mut self,
        name: String,
        columns: Vec<(String, DataType)>,
        rows: impl Iterator<Item = impl AsRef<[serde_json::Value]>>,
    ) -> Result<Table, String> {
        if columns.is_empty() {
            return Err(unsupported("a table without columns"));
        }
        let names: Vec<String> = (0..columns.len()).map(|column| format!("c{column}")).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let cancelled = Arc::clone(&self.cancelled);
        let run = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            transaction.execute_batch(&format!("CREATE TABLE {name} ({})", names.join(", ")))?;
            {
                let insert = format!("INSERT INTO {name} VALUES ({marks})");
                let mut insert = transaction.prepare(&insert)?;
                for row in rows {
                    if cancelled.load(Ordering::Relaxed) {
                        return Err(rusqlite::Error::UserFunctionError(super::CANCELLED.into()));
                    }
                    let row = row.as_ref().iter().zip(&columns);
                    let row =
                        row.map(|(value, (_, data_type))| values::to_engine(value, data_type));
                    insert.execute(rusqlite::params_from_iter(row))?;
                }
            }
            transaction.commit()
        };
        run().map_err(|error| message(&error))?;
        Ok(Table { name, columns })
    }

    fn execute(&self, sql: &str) -> Result<(), String> {
        self.connection.execute_batch(sql).map_err(|error| message(&error))
    }

    fn columns_of(&self, entry: usize) -> Result<Vec<(String, DataType)>, String> {
        specs(self.index.node(entry))
            .iter()
            .map(|spec| match spec.data_type.parse() {
                Ok(data_type) => Ok((spec.name.clone(), data_type)),
                Err(error) => Err(format!("{}: {error}", self.index.path(entry))),
            })
            .collect()
    }

    fn rows_of(&mut self, entry: usize) -> Result<Arc<Rows>, String> {
        if let Some(rows) = self.rows.get(&entry) {
            return Ok(Arc::clone(rows));
        }
        let index = Arc::clone(&self.index);
        let (path, node) = (index.path(entry), index.node(entry));
        let columns = self.columns_of(entry)?;
        let rows = if node.rows.is_empty() {
            let targets: Vec<Target> =
                columns.into_iter().map(|(name, data_type)| Target { name, data_type }).collect();
            let guessed = Generate::guessed(DEFAULT_ROWS);
            let recipe = node.generate.as_ref().unwrap_or(&guessed);
            generate(path, &targets, recipe, self).map_err(|error| format!("{path}: {error}"))?
        } else {
            let columns = columns.into_iter().map(|(name, _)| name).collect();
            Rows { columns, rows: node.rows.clone() }
        };
        let rows = Arc::new(rows);
        self.rows.insert(entry, Arc::clone(&rows));
        Ok(rows)
    }
}

/// What a user is told of an error of the engine.
pub(super) fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::UserFunctionError(message) => message.to_string(),
        rusqlite::Error::SqliteFailure(code, _)
            if code.code == rusqlite::ErrorCode::OperationInterrupted =>
        {
            super::CANCELLED.to_owned()
        }
        rusqlite::Error::SqliteFailure(_, Some(message)) if message.contains(" ERROR: ") => {
            message.clone()
        }
        rusqlite::Error::SqliteFailure(_, Some(message)) => {
            format!("SYSTEM ERROR: the sandbox's engine says: {message}")
        }
        other => format!("SYSTEM ERROR: the sandbox's engine says: {other}"),
    }
}

impl RowSource for Store {
    fn rows(&mut self, path: &DatasetPath) -> Result<Arc<Rows>, String> {
        let entry = self.index.find(path).ok_or_else(|| format!("there is no {path}"))?;
        if self.index.node(entry).kind != Kind::Table {
            return Err(format!("{path} is no table"));
        }
        if self.open.contains(&entry) && !self.rows.contains_key(&entry) {
            return Err(format!("the rows of {path} refer to themselves"));
        }
        self.open.push(entry);
        let rows = self.rows_of(entry);
        self.open.pop();
        rows
    }
}

fn specs(node: &Node) -> &[ColumnSpec] {
    node.columns.as_deref().or(node.read_columns.as_deref()).unwrap_or_default()
}

/// Wraps what went wrong in a view's SQL as the server does, once: the innermost view names it.
fn expanding(path: &DatasetPath, problem: &str) -> String {
    if problem == super::CANCELLED || problem.contains("Error while expanding view") {
        return problem.to_owned();
    }
    let problem = problem.trim_start_matches("VALIDATION ERROR: ");
    format!(
        "VALIDATION ERROR: Error while expanding view {}. {problem}. Verify the view's SQL definition.",
        path.to_sql()
    )
}
