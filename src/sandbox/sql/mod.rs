//! Runs Dremio SQL over a sandbox's catalogue, for real.
//!
//! A statement is parsed, its names are resolved as Dremio resolves them, and it is translated into
//! the SQL of an embedded, in-memory `SQLite` that holds the catalogue's rows. Views are computed
//! from their SQL. What a statement costs, and job states, are the server's matter.

mod aggregates;
mod expr;
mod from;
mod functions;
mod grouping;
mod index;
mod nested;
mod prepass;
mod query;
mod runtime;
mod scalar;
mod scope;
mod store;
mod system;
mod typing;
mod values;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::model::{DataType, DatasetPath};
use crate::sandbox::world::World;
use index::Index;
use query::Translator;
use store::Store;
pub use system::Edition;

/// The message of a run that was cancelled.
pub const CANCELLED: &str = "Query cancelled by user";

/// Rows after which an answer ends, as the server's default has it (contract §4.3).
const MAX_ROWS: usize = 1_000_000;

/// Stack of the thread that runs a query, in bytes; only what is used is ever backed by memory.
const STACK: usize = 64 << 20;

/// Gives the id under which the server knows a path, for the tables in `sys` that hold ids.
pub type IdOf = Arc<dyn Fn(&DatasetPath) -> String + Send + Sync>;

/// A query's result.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Names and types in order. Names may occur twice.
    pub columns: Vec<(String, DataType)>,
    /// Rows, values in column order and in the form of a job's result (contract §4.3).
    pub rows: Vec<Vec<Value>>,
}

/// Runs queries over one catalogue. One at a time: others wait.
pub struct Engine {
    index: Arc<Index>,
    edition: Edition,
    id_of: IdOf,
    /// Opened by the first query, so that a server is up before any table is filled.
    store: Mutex<Option<Store>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("edition", &self.edition).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine over a copy of `world`, as a Community edition.
    pub fn new(world: &World) -> Self {
        let id_of = Arc::new(|path: &DatasetPath| path.to_string());
        Self::with_options(Arc::new(world.clone()), Edition::default(), id_of)
    }

    /// An engine over `world` for an edition, with the ids that the server gives out.
    pub fn with_options(world: Arc<World>, edition: Edition, id_of: IdOf) -> Self {
        let index = Arc::new(Index::new(world));
        Self { index, edition, id_of, store: Mutex::new(None) }
    }

    /// Runs one query; names are looked up under `context` first.
    ///
    /// The error is the message that a failed job would show.
    pub fn run(&self, sql: &str, context: &[String]) -> Result<Answer, String> {
        self.run_cancellable(sql, context, &Cancel::default())
    }

    /// Like [`run`](Self::run), until `cancel` is pulled: then the error is [`CANCELLED`].
    pub fn run_cancellable(
        &self,
        sql: &str,
        context: &[String],
        cancel: &Cancel,
    ) -> Result<Answer, String> {
        // Statement trees are walked and dropped recursively; callers' threads have small stacks.
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("sandbox-sql".to_owned());
            let thread = thread.stack_size(STACK);
            let run = thread.spawn_scoped(scope, || self.run_here(sql, context, cancel));
            match run.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(answer)) => answer,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(error) => Err(format!("SYSTEM ERROR: no thread for the query: {error}")),
            }
        })
    }

    fn run_here(&self, sql: &str, context: &[String], cancel: &Cancel) -> Result<Answer, String> {
        let query = prepass::parse(sql)?;
        // A query that panicked leaves tables that are whole or absent, so the store is still good.
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if store.is_none() {
            let opened = Store::new(Arc::clone(&self.index), self.edition, Arc::clone(&self.id_of));
            *store = Some(opened.map_err(|error| format!("SYSTEM ERROR: {error}"))?);
        }
        let Some(store) = store.as_mut() else { return Err(CANCELLED.to_owned()) };
        store.cancelled = Arc::clone(&cancel.pulled);
        let _running = cancel.running(store.connection.get_interrupt_handle());
        if cancel.is_pulled() {
            return Err(CANCELLED.to_owned());
        }
        let translated = Translator::new(store, context.to_vec()).query(&query, None)?;
        collect(store, &translated.sql, translated.columns, cancel)
    }
}

fn collect(
    store: &Store,
    sql: &str,
    columns: Vec<(String, DataType)>,
    cancel: &Cancel,
) -> Result<Answer, String> {
    let fail = |error: rusqlite::Error| store::message(&error);
    let mut statement = store.connection.prepare(sql).map_err(fail)?;
    let mut cursor = statement.query([]).map_err(fail)?;
    let mut rows = Vec::new();
    while let Some(row) = cursor.next().map_err(fail)? {
        if cancel.is_pulled() {
            return Err(CANCELLED.to_owned());
        }
        if rows.len() == MAX_ROWS {
            break;
        }
        let mut values = Vec::with_capacity(columns.len());
        for (index, (_, data_type)) in columns.iter().enumerate() {
            values.push(values::to_json(row.get_ref(index).map_err(fail)?, data_type));
        }
        rows.push(values);
    }
    Ok(Answer { columns, rows })
}

/// A cord to pull from another thread, which ends a run early.
#[derive(Clone, Default)]
pub struct Cancel {
    pulled: Arc<AtomicBool>,
    handle: Arc<Mutex<Option<rusqlite::InterruptHandle>>>,
}

impl Cancel {
    /// Ends the run that holds the cord, or keeps it from starting.
    pub fn pull(&self) {
        self.pulled.store(true, Ordering::Relaxed);
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &*handle {
            handle.interrupt();
        }
    }

    /// Whether it has been pulled.
    pub fn is_pulled(&self) -> bool {
        self.pulled.load(Ordering::Relaxed)
    }

    fn running(&self, handle: rusqlite::InterruptHandle) -> Running<'_> {
        *self.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
        Running(self)
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").field("pulled", &self.is_pulled()).finish_non_exhaustive()
    }
}

/// Takes the interrupt handle back at the end of a run, so that a late pull hits no other query.
struct Running<'a>(&'a Cancel);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.0.handle.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
