//! What the engine asks of a catalogue: which tables exist, with which columns, and what user
//! functions contain.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::DatasetPath;

/// What a catalogue knows about a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Nothing stands there.
    Missing,
    /// A table or view whose columns are not known.
    Open,
    /// A table or view; its columns were given, in order.
    Known,
}

/// A user function as the catalogue holds it.
#[derive(Clone, Debug)]
pub struct FunctionBody {
    /// The parameters' names in order.
    pub parameters: Vec<String>,
    /// The SQL expression or query it returns.
    pub body: Arc<str>,
    /// The context under which names in the body are resolved.
    pub context: Vec<String>,
}

/// A view that is read through: its SQL stands in the place of its name.
#[derive(Clone, Debug)]
pub struct ViewBody {
    /// The query.
    pub sql: Arc<str>,
    /// The context under which names in it are resolved.
    pub context: Vec<String>,
}

/// The catalogue as the engine sees it. Names compare without case, quoted ones too (contract §7.1).
///
/// Called once per table name and analysis, so look-ups should be cheap.
pub trait Schema: Sync {
    /// Says what stands at `path`; for [`Relation::Known`] gives every column's name to `column`
    /// first, in order.
    fn relation(&self, path: &[&str], column: &mut dyn FnMut(&str)) -> Relation;

    /// The user function at `path`, if there is one.
    fn function(&self, path: &[&str]) -> Option<FunctionBody> {
        let _ = path;
        None
    }

    /// The view at `path` if it is to be read through; one that is not is a table like any other.
    fn view(&self, path: &[&str]) -> Option<ViewBody> {
        let _ = path;
        None
    }
}

/// A catalogue in memory.
#[derive(Clone, Debug, Default)]
pub struct SchemaMap {
    relations: FxHashMap<String, Option<Vec<String>>>,
    views: FxHashMap<String, ViewBody>,
    functions: FxHashMap<String, FunctionBody>,
}

impl SchemaMap {
    /// An empty catalogue: every table is unknown.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a table or view with its columns in order.
    pub fn insert<I, S>(&mut self, path: &DatasetPath, columns: I)
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        let columns = columns.into_iter().map(Into::into).collect();
        self.relations.insert(key(path.parts()), Some(columns));
    }

    /// Adds a table or view whose columns are not known.
    pub fn insert_open(&mut self, path: &DatasetPath) {
        self.relations.insert(key(path.parts()), None);
    }

    /// Adds a user function.
    pub fn insert_function(&mut self, path: &DatasetPath, function: FunctionBody) {
        self.functions.insert(key(path.parts()), function);
    }

    /// Adds a view that is read through.
    pub fn insert_view(&mut self, path: &DatasetPath, view: ViewBody) {
        self.views.insert(key(path.parts()), view);
    }

    /// Whether a table or view stands at `path`.
    pub fn contains(&self, path: &DatasetPath) -> bool {
        self.relations.contains_key(&key(path.parts()))
    }
}

impl Schema for SchemaMap {
    fn relation(&self, path: &[&str], column: &mut dyn FnMut(&str)) -> Relation {
        if self.relations.is_empty() {
            return Relation::Missing;
        }
        match self.relations.get(&key(path)) {
            None => Relation::Missing,
            Some(None) => Relation::Open,
            Some(Some(columns)) => {
                for name in columns {
                    column(name);
                }
                Relation::Known
            }
        }
    }

    fn function(&self, path: &[&str]) -> Option<FunctionBody> {
        if self.functions.is_empty() {
            return None;
        }
        self.functions.get(&key(path)).cloned()
    }

    fn view(&self, path: &[&str]) -> Option<ViewBody> {
        if self.views.is_empty() {
            return None;
        }
        self.views.get(&key(path)).cloned()
    }
}

/// A catalogue with the tables and views that earlier statements of a script made on top.
pub(super) struct Session<'s> {
    pub(super) base: &'s dyn Schema,
    pub(super) created: SchemaMap,
}

impl Schema for Session<'_> {
    fn relation(&self, path: &[&str], column: &mut dyn FnMut(&str)) -> Relation {
        match self.created.relation(path, column) {
            Relation::Missing => self.base.relation(path, column),
            found => found,
        }
    }

    fn function(&self, path: &[&str]) -> Option<FunctionBody> {
        self.base.function(path)
    }

    fn view(&self, path: &[&str]) -> Option<ViewBody> {
        self.base.view(path)
    }
}

/// Parts folded and joined by a character no name holds.
fn key<S: AsRef<str>>(parts: &[S]) -> String {
    let mut key = String::with_capacity(32);
    for part in parts {
        let part = part.as_ref();
        if part.is_ascii() {
            key.extend(part.bytes().map(|b| b.to_ascii_lowercase() as char));
        } else {
            key.push_str(&part.to_lowercase());
        }
        key.push('\0');
    }
    key
}
