//! What an analysis says: statements with their tables, columns, influences and diagnostics.

use std::ops::Range;
use std::sync::Arc;

use super::policy::Policy;
use crate::model::DatasetPath;

/// The lineage of every statement in a text.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// The statements in order; empty ones between semicolons are left out.
    pub statements: Vec<StatementLineage>,
}

impl Analysis {
    /// The worst status of the statements; [`Status::Parsed`] for an empty text.
    pub fn status(&self) -> Status {
        self.statements.iter().map(|statement| statement.status).max().unwrap_or(Status::Parsed)
    }

    /// All diagnostics, statement by statement.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.statements.iter().flat_map(|statement| &statement.diagnostics)
    }
}

/// The lineage of one statement.
#[derive(Clone, Debug)]
pub struct StatementLineage {
    /// What the statement does.
    pub kind: StatementKind,
    /// The table, view or function it writes or defines; a bare query has none.
    pub target: Option<DatasetPath>,
    /// The tables it reads, in order of appearance; CTEs and aliases never.
    pub sources: Vec<SourceTable>,
    /// The columns it gives, in order.
    pub columns: Vec<OutputColumn>,
    /// The columns that decide which rows, groups or order, at every depth.
    pub row_influences: Vec<RowSource>,
    /// The masking and row-access policies that it puts on its target.
    pub policies: Vec<Policy>,
    /// How much of the statement was understood.
    pub status: Status,
    /// What was not understood, or does not fit the catalogue.
    pub diagnostics: Vec<Diagnostic>,
    /// Where the statement stands in the text, in bytes.
    pub span: Range<usize>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// A bare query.
    Query,
    /// `CREATE VIEW`, `CREATE VDS` or `ALTER VIEW … AS`.
    CreateView,
    /// `CREATE TABLE`, with a query or without.
    CreateTable,
    /// `CREATE FUNCTION`.
    CreateFunction,
    /// `INSERT`.
    Insert,
    /// `MERGE`.
    Merge,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
    /// `COPY INTO`.
    Copy,
    /// A statement without lineage: `USE`, `SHOW`, `ALTER`, `OPTIMIZE`, `GRANT`, …
    Other,
}

/// How much of a statement was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// All of it.
    Parsed,
    /// Something is missing or does not fit: the diagnostics say what.
    Partial,
    /// It did not parse; the tables come from a scan of its tokens.
    Failed,
}

/// How sure a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Picked up by scanning tokens of a statement that did not parse.
    Low,
    /// Read from the parsed statement, not found in the catalogue.
    Assumed,
    /// Found in the catalogue.
    Found,
}

/// A table a statement reads.
#[derive(Clone, Debug)]
pub struct SourceTable {
    /// The resolved path: context + name or the name as written (contract §7.1).
    pub path: Arc<DatasetPath>,
    /// The other path the name could have meant, when neither is in the catalogue.
    pub alternative: Option<DatasetPath>,
    /// How sure the path is.
    pub confidence: Confidence,
    /// Where the name first stands in the text, in bytes; empty for names from function bodies.
    pub span: Range<usize>,
    /// The versions asked for, as written: `BRANCH dev`, `SNAPSHOT '12'`.
    pub versions: Vec<String>,
    /// The user function through whose body the table is read.
    pub via_function: Option<DatasetPath>,
}

/// A column a statement gives.
#[derive(Clone, Debug)]
pub struct OutputColumn {
    /// Its name; `*` for a star over a table whose columns are unknown.
    pub name: String,
    /// The strongest step from its sources.
    pub kind: Kind,
    /// The base columns in its defining expression, each with how it acts; one entry per pair.
    pub sources: Vec<ColumnSource>,
    /// The SQL that defines it, as written, without its alias.
    pub expression: String,
    /// Where that SQL stands in the text, in bytes.
    pub span: Range<usize>,
    /// All SQL that it comes through, outermost first: items of CTEs, of subqueries and of the
    /// branches of a UNION. Items that only hand a column on are left out where others compute it.
    /// Empty when `expression` is all there is.
    pub fragments: Vec<Fragment>,
}

/// A piece of SQL that an output column comes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The SQL, as written, without its alias.
    pub expression: Arc<str>,
    /// The sources in it, by position in [`OutputColumn::sources`].
    pub sources: Vec<usize>,
}

/// A base column and how it acts on an output column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnSource {
    /// The column.
    pub column: ColumnRef,
    /// How it acts.
    pub influence: Influence,
}

/// A base column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnRef {
    /// Its table: one of [`StatementLineage::sources`], or in DML the target itself; `None` when
    /// the table cannot be decided without guessing.
    pub table: Option<Arc<DatasetPath>>,
    /// The column's name; `*` for all columns of an unknown table.
    pub column: String,
}

/// A column that decides rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowSource {
    /// The column.
    pub column: ColumnRef,
    /// How it decides.
    pub influence: RowInfluence,
}

/// The strongest step between a column and its sources, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// No source and no aggregate.
    Constant,
    /// Moved or renamed.
    Identity,
    /// A function, operator, cast, condition or field access.
    Expression,
    /// An aggregate somewhere on the path.
    Aggregation,
    /// An `OVER` somewhere on the path.
    Window,
}

impl Kind {
    /// The name in upper case, as the batch form writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "CONSTANT",
            Self::Identity => "IDENTITY",
            Self::Expression => "EXPRESSION",
            Self::Aggregation => "AGGREGATION",
            Self::Window => "WINDOW",
        }
    }
}

/// How a source acts on a column, in the terms of OpenLineage's column lineage facet 1-2-0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Influence {
    /// DIRECT: moved.
    Identity,
    /// DIRECT: transformed.
    Transformation,
    /// DIRECT: aggregated.
    Aggregation,
    /// INDIRECT: decides which value.
    Conditional,
    /// INDIRECT: a key of a window or of an ordering inside an aggregate.
    Window,
}

impl Influence {
    /// Whether the value itself flows.
    pub fn is_direct(self) -> bool {
        self < Self::Conditional
    }

    /// `DIRECT` or `INDIRECT`.
    pub fn type_name(self) -> &'static str {
        if self.is_direct() { "DIRECT" } else { "INDIRECT" }
    }

    /// The subtype's name in upper case.
    pub fn subtype_name(self) -> &'static str {
        match self {
            Self::Identity => "IDENTITY",
            Self::Transformation => "TRANSFORMATION",
            Self::Aggregation => "AGGREGATION",
            Self::Conditional => "CONDITIONAL",
            Self::Window => "WINDOW",
        }
    }

    /// The influence of `inner` seen through a step `self` that is nearer to the target.
    pub(super) fn over(self, inner: Self) -> Self {
        if !self.is_direct() || (inner.is_direct() && self > inner) { self } else { inner }
    }
}

/// How a column decides rows, groups or order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowInfluence {
    /// A join condition.
    Join,
    /// WHERE, HAVING, QUALIFY, EXISTS and IN subqueries.
    Filter,
    /// A grouping key.
    GroupBy,
    /// A sort key.
    Sort,
}

impl RowInfluence {
    /// The subtype's name in upper case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Join => "JOIN",
            Self::Filter => "FILTER",
            Self::GroupBy => "GROUP_BY",
            Self::Sort => "SORT",
        }
    }
}

/// What a diagnostic is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiagnosticKind {
    /// The text does not parse.
    Syntax,
    /// A table is not in the catalogue.
    UnknownTable,
    /// A column is not in a table whose columns are known.
    UnknownColumn,
    /// A column could belong to several tables.
    AmbiguousColumn,
    /// Something is understood only in part.
    Unsupported,
}

/// Something worth telling about a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What it is about.
    pub kind: DiagnosticKind,
    /// For people, in a sentence.
    pub message: String,
    /// The line in the text, from 1.
    pub line: usize,
    /// The column in that line, from 1, in characters.
    pub column: usize,
}
