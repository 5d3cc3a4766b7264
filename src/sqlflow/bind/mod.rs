//! Binding: walks a syntax tree with its scopes and gives every column its lineage.
//!
//! A relation is an ordered list of [`Column`]s, each already traced to base columns, so a name
//! bound to a relation is bound to its sources; nothing is resolved twice.

mod dml;
mod expr;
mod flow;
mod from;
mod function;
mod function_names;
mod pivot;
mod query;
mod resolve;
mod scope;
mod select;
mod star;
mod table_function;

use std::ops::Range;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};
use sqlparser::dialect::Dialect;
use sqlparser::tokenizer::{Location, Span};

pub(super) use flow::{Acc, Column, Edge, Edges, Lin, Rows, Step, Via};
pub(super) use scope::Scope;

use super::dialect::Flavour;
use super::lineage::{Confidence, DiagnosticKind};
use super::names::{Folded, Name, Names};
use super::prepass::Notes;
use super::schema::{Relation, Schema};

/// A base table by its number.
pub(super) type TableId = u32;

/// The table number of a column that could not be decided.
pub(super) const NO_TABLE: TableId = u32::MAX;

/// A table the statement reads.
pub(super) struct Table {
    pub(super) parts: Vec<Name>,
    pub(super) alternative: Option<Vec<Name>>,
    pub(super) confidence: Confidence,
    /// `None` when the columns are unknown.
    pub(super) columns: Option<Rc<[Name]>>,
    pub(super) span: Option<Span>,
    pub(super) versions: Vec<Range<Location>>,
    pub(super) via: Option<Vec<Name>>,
    /// Whether the statement reads it; the target of DML is known here without being read.
    pub(super) read: bool,
}

/// A path the catalogue knows, with its columns if it knows those.
type Probed = (Vec<Name>, Option<Rc<[Name]>>);

/// A diagnostic before its place is turned into lines and columns of the text.
pub(super) struct Finding {
    pub(super) kind: DiagnosticKind,
    pub(super) message: String,
    pub(super) at: Location,
}

/// Everything one statement's binding shares.
pub(super) struct Binder<'s> {
    pub(super) schema: &'s dyn Schema,
    /// Under which names are tried first; a body has one of its own.
    pub(super) context: Rc<[String]>,
    pub(super) flavour: Flavour,
    pub(super) notes: &'s Notes,
    pub(super) names: Names,
    pub(super) tables: Vec<Table>,
    table_index: FxHashMap<Vec<Folded>, TableId>,
    pub(super) columns: Vec<(TableId, Name)>,
    column_index: FxHashMap<(TableId, Folded), u32>,
    pub(super) rows: Rows,
    pub(super) findings: Vec<Finding>,
    /// The SELECTs met, by the place of their keyword: where select items' texts are found.
    pub(super) selects: Vec<Location>,
    /// The select items met that have base columns in them.
    pub(super) steps: Vec<Step>,
    /// How many user functions are being expanded around here.
    function_depth: usize,
    /// The function whose body is being read, if any.
    via: Option<Vec<Name>>,
}

impl<'s> Binder<'s> {
    pub(super) fn new(
        schema: &'s dyn Schema,
        context: &'s [String],
        flavour: Flavour,
        notes: &'s Notes,
    ) -> Self {
        Self {
            schema,
            context: context.into(),
            flavour,
            notes,
            names: Names::default(),
            tables: Vec::new(),
            table_index: FxHashMap::default(),
            columns: Vec::new(),
            column_index: FxHashMap::default(),
            rows: Rows::default(),
            findings: Vec::new(),
            selects: Vec::new(),
            steps: Vec::new(),
            function_depth: 0,
            via: None,
        }
    }

    pub(super) fn dialect(&self) -> &'static dyn Dialect {
        self.flavour.dialect()
    }

    pub(super) fn name(&mut self, ident: &Ident) -> Name {
        self.names.intern(&ident.value)
    }

    /// The number of a base column.
    pub(super) fn column_id(&mut self, table: TableId, name: Name) -> u32 {
        let key = (table, self.names.folded(name));
        if let Some(&id) = self.column_index.get(&key) {
            return id;
        }
        let id = u32::try_from(self.columns.len()).unwrap_or(u32::MAX);
        self.columns.push((table, name));
        self.column_index.insert(key, id);
        id
    }

    /// Tells something about the statement.
    pub(super) fn find(&mut self, kind: DiagnosticKind, at: Location, message: String) {
        let at = if self.function_depth > 0 { Location { line: 0, column: 0 } } else { at };
        self.findings.push(Finding { kind, message, at });
    }

    /// The base table a name means: context + name first, then as written (contract §7.1).
    pub(super) fn table(&mut self, parts: &[Name], span: Span) -> TableId {
        let in_context = !self.context.is_empty();
        let mut found = None;
        if in_context {
            let full: Vec<Name> = self.in_context(parts);
            found = self.probe(full);
        }
        if found.is_none() {
            found = self.probe(parts.to_vec());
        }
        let (path, columns, alternative, confidence) = match found {
            Some((path, columns)) => (path, columns, None, Confidence::Found),
            None if in_context && parts.len() == 1 => {
                (self.in_context(parts), None, Some(parts.to_vec()), Confidence::Assumed)
            }
            None => {
                let other = in_context.then(|| self.in_context(parts));
                (parts.to_vec(), None, other, Confidence::Assumed)
            }
        };
        self.add_table(path, columns, alternative, confidence, span)
    }

    fn in_context(&mut self, parts: &[Name]) -> Vec<Name> {
        let context = Rc::clone(&self.context);
        let mut full: Vec<Name> = context.iter().map(|part| self.names.intern(part)).collect();
        full.extend_from_slice(parts);
        full
    }

    fn probe(&mut self, path: Vec<Name>) -> Option<Probed> {
        let key: Vec<Folded> = path.iter().map(|part| self.names.folded(*part)).collect();
        if let Some(&id) = self.table_index.get(&key) {
            let table = &self.tables[id as usize];
            if table.confidence == Confidence::Found {
                return Some((path, table.columns.clone()));
            }
        }
        let mut columns = Vec::new();
        let relation = {
            let texts: Vec<String> =
                path.iter().map(|part| self.names.text(*part).to_owned()).collect();
            let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
            let names = &mut self.names;
            self.schema.relation(&refs, &mut |column| columns.push(names.intern(column)))
        };
        match relation {
            Relation::Missing => None,
            Relation::Open => Some((path, None)),
            Relation::Known => Some((path, Some(columns.into()))),
        }
    }

    pub(super) fn add_table(
        &mut self,
        path: Vec<Name>,
        columns: Option<Rc<[Name]>>,
        alternative: Option<Vec<Name>>,
        confidence: Confidence,
        span: Span,
    ) -> TableId {
        let key: Vec<Folded> = path.iter().map(|part| self.names.folded(*part)).collect();
        let version = self.notes.versions.get(&span.start).cloned();
        if let Some(&id) = self.table_index.get(&key) {
            let table = &mut self.tables[id as usize];
            if let Some(version) = version.filter(|version| !table.versions.contains(version)) {
                table.versions.push(version);
            }
            return id;
        }
        let id = u32::try_from(self.tables.len()).unwrap_or(NO_TABLE);
        let outside = self.function_depth == 0;
        self.tables.push(Table {
            parts: path,
            alternative,
            confidence,
            columns,
            span: outside.then_some(span),
            versions: version.into_iter().collect(),
            via: self.via.clone(),
            read: false,
        });
        self.table_index.insert(key, id);
        id
    }

    /// Marks a table as read.
    pub(super) fn read(&mut self, table: TableId) {
        if let Some(table) = self.tables.get_mut(table as usize) {
            table.read = true;
        }
    }

    /// The parts of an object name; some dialects quote whole paths, which are split.
    pub(super) fn parts(&mut self, name: &ObjectName) -> Vec<Name> {
        let mut parts = Vec::with_capacity(name.0.len());
        for part in &name.0 {
            match part {
                ObjectNamePart::Identifier(ident)
                    if ident.quote_style == Some('`')
                        && self.flavour.splits_backticks()
                        && ident.value.contains('.') =>
                {
                    parts.extend(ident.value.split('.').map(|part| self.names.intern(part)));
                }
                ObjectNamePart::Identifier(ident) => parts.push(self.names.intern(&ident.value)),
                ObjectNamePart::Function(function) => {
                    parts.push(self.names.intern(&function.name.value));
                }
            }
        }
        parts
    }

    /// The span of a name's last part: what version clauses are recorded under.
    pub(super) fn last_span(name: &ObjectName) -> Span {
        match name.0.last() {
            Some(ObjectNamePart::Identifier(ident)) => ident.span,
            Some(ObjectNamePart::Function(function)) => function.name.span,
            None => Span::empty(),
        }
    }
}
