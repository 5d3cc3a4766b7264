//! From text to [`Analysis`]: lexing, statement by statement parsing and binding, and the
//! fallback when that fails.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::bind::{Binder, Column, NO_TABLE, Scope, TableId};
use super::dialect::Flavour;
use super::fragments::fragments;
use super::lineage::{
    Analysis, ColumnRef, ColumnSource, Confidence, Diagnostic, DiagnosticKind, OutputColumn,
    RowSource, SourceTable, StatementKind, StatementLineage, Status,
};
use super::names::Name;
use super::parse::{Failure, SyntaxError};
use super::prepass::Notes;
use super::schema::{Schema, SchemaMap, Session};
use super::statement::{Body, Shape, Written};
use super::text::LineIndex;
use super::{fallback, items, lex, parse, policy, prepass, statement};
use crate::model::DatasetPath;

/// How deep parentheses may nest before a statement gets a stack of its own.
const DEEP: usize = 32;

/// How many tokens a statement may have before it gets a stack of its own.
const LONG: usize = 6_000;

/// The lineage of Dremio SQL. `context` is the view's `sqlContext` (contract §7.1).
///
/// Never fails as a whole and never panics on any text: what is not understood is told in the
/// diagnostics, and the tables are found even in text that does not parse.
pub fn analyze(sql: &str, context: &[String], schema: &dyn Schema) -> Analysis {
    analyze_as(sql, context, schema, Flavour::Dremio)
}

/// [`analyze`] for SQL of another flavour.
pub fn analyze_as(
    sql: &str,
    context: &[String],
    schema: &dyn Schema,
    flavour: Flavour,
) -> Analysis {
    let lexed = lex::lex(sql, flavour.dialect(), flavour.slash_comments());
    let index = LineIndex::new(sql);
    let mut statements: Vec<StatementLineage> = Vec::new();
    let mut session = Session { base: schema, created: SchemaMap::new() };
    let all = lex::statements(lexed.tokens);
    let count = all.len();
    let mut context = Cow::Borrowed(context);
    for (number, tokens) in all.into_iter().enumerate() {
        if let Some(used) = statement::used_context(&tokens) {
            context = Cow::Owned(used);
        }
        let error = lexed.error.as_ref().filter(|_| number + 1 == count);
        let error = error.map(|(message, at)| SyntaxError { message: message.clone(), at: *at });
        let job = Job { index: &index, context: &context, schema: &session, flavour, error };
        let told = job.run(tokens);
        if number + 1 < count {
            remember(&told, &mut session.created);
        }
        statements.push(told);
    }
    if count == 0
        && let Some((message, at)) = &lexed.error
    {
        let job = Job { index: &index, context: &context, schema, flavour, error: None };
        let error = SyntaxError { message: message.clone(), at: *at };
        statements.push(job.failed(&[], &error, 0..sql.len()));
    }
    Analysis { statements }
}

/// Later statements of a script see the tables and views that this one makes.
fn remember(statement: &StatementLineage, created: &mut SchemaMap) {
    let makes = matches!(statement.kind, StatementKind::CreateView | StatementKind::CreateTable);
    let Some(target) = statement.target.as_ref().filter(|_| makes) else { return };
    if statement.columns.iter().any(|column| column.name == "*") {
        created.insert_open(target);
    } else if !statement.columns.is_empty() {
        created.insert(target, statement.columns.iter().map(|column| column.name.as_str()));
    }
}

struct Job<'a> {
    index: &'a LineIndex<'a>,
    context: &'a [String],
    schema: &'a dyn Schema,
    flavour: Flavour,
    /// Where the tokenizer gave up in this statement.
    error: Option<SyntaxError>,
}

/// What was bound, with what is needed to tell it.
struct Outcome {
    kind: StatementKind,
    target: Option<TableId>,
    function: Option<Vec<String>>,
    columns: Rc<[Column]>,
    tokens: Vec<TokenWithSpan>,
    errors: Vec<SyntaxError>,
    /// Tables that a scan finds in text that had to be repaired to be parsed.
    scanned: Vec<Written>,
}

impl Job<'_> {
    fn run(&self, tokens: Vec<TokenWithSpan>) -> StatementLineage {
        if !is_deep(&tokens) {
            return self.statement(tokens);
        }
        on_large_stack(tokens.len(), || self.statement(tokens.clone())).unwrap_or_else(|| {
            let span = self.span_of(&tokens);
            let error = SyntaxError {
                message: "nested too deeply for the memory at hand".to_owned(),
                at: tokens.first().map_or(Location { line: 1, column: 1 }, |t| t.span.start),
            };
            self.failed(&tokens, &error, span)
        })
    }

    fn span_of(&self, tokens: &[TokenWithSpan]) -> Range<usize> {
        match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => {
                self.index.offset(first.span.start)..self.index.offset(last.span.end)
            }
            _ => 0..0,
        }
    }

    fn statement(&self, tokens: Vec<TokenWithSpan>) -> StatementLineage {
        let span = self.span_of(&tokens);
        let mut notes = Notes::default();
        let tokens = prepass::rewrite(tokens, &mut notes);
        let policies = policy::policies(&tokens);
        let shape = statement::shape(tokens);
        let mut binder = Binder::new(self.schema, self.context, self.flavour, &notes);
        let told = match self.bind(shape, &mut binder) {
            Ok(outcome) => self.told(&mut binder, &outcome, span),
            Err((failure, kind, written)) => {
                self.failed_with(&failure.1, &failure.0, span, (kind, written))
            }
        };
        StatementLineage { policies, ..told }
    }

    fn bind(
        &self,
        shape: Shape,
        binder: &mut Binder<'_>,
    ) -> Result<Outcome, (Failure, StatementKind, Option<Written>)> {
        let Shape { kind, target: written, columns: names, body } = shape;
        let dialect = self.flavour.dialect();
        let is_function = kind == StatementKind::CreateFunction;
        let mut outcome = Outcome {
            kind,
            target: None,
            function: None,
            columns: Rc::from([]),
            tokens: Vec::new(),
            errors: self.error.iter().cloned().collect(),
            scanned: Vec::new(),
        };
        if let Some(written) = &written {
            if is_function {
                outcome.function = Some(written.parts.clone());
            } else {
                outcome.target = Some(resolve(binder, written));
            }
        }
        match body {
            Body::Nothing => {}
            Body::Table(source) => {
                let table = resolve(binder, &source);
                binder.read(table);
                outcome.columns = binder.all_columns(table).into();
            }
            Body::Query(tokens) => {
                let mut parsed =
                    parse::query(tokens, dialect).map_err(|failure| (failure, kind, written))?;
                outcome.columns = if is_function {
                    let mut scope = Scope::new(None, None);
                    scope.parameters(binder, &names);
                    binder.query(&parsed.tree, &None, Some(&scope))
                } else {
                    binder.query(&parsed.tree, &None, None)
                };
                if outcome.target.is_none() && kind == StatementKind::Query {
                    outcome.target = Self::select_into(&parsed.tree, binder, &mut outcome.kind);
                }
                outcome.tokens = std::mem::take(&mut parsed.tokens);
                outcome.errors.append(&mut parsed.errors);
                outcome.scanned = parsed.scanned;
            }
            Body::Expression(tokens) => {
                let mut parsed = parse::expression(tokens, dialect)
                    .map_err(|failure| (failure, kind, written))?;
                let mut scope = Scope::new(None, None);
                scope.parameters(binder, &names);
                outcome.columns = binder.expression(&parsed.tree, &scope);
                outcome.errors.append(&mut parsed.errors);
                outcome.scanned = parsed.scanned;
            }
            Body::Dml(tokens) => {
                let mut parsed = parse::statement(tokens, dialect)
                    .map_err(|failure| (failure, kind, written))?;
                let bound = binder.dml(&parsed.tree);
                outcome.target = bound.target;
                outcome.columns = bound.columns.into();
                outcome.errors.append(&mut parsed.errors);
                outcome.scanned = parsed.scanned;
            }
        }
        if !is_function && !names.is_empty() {
            let names: Vec<Name> = names.iter().map(|name| binder.names.intern(name)).collect();
            outcome.columns = Binder::renamed_to(&outcome.columns, &names);
        } else if matches!(kind, StatementKind::Insert | StatementKind::Copy) {
            let known = binder.target_columns(outcome.target);
            let open = outcome.columns.iter().any(|column| column.star.is_some());
            if !open && known.len() == outcome.columns.len() {
                outcome.columns = Binder::renamed_to(&outcome.columns, &known);
            }
        }
        Ok(outcome)
    }

    /// `SELECT … INTO t FROM …`.
    fn select_into(
        query: &sqlparser::ast::Query,
        binder: &mut Binder<'_>,
        kind: &mut StatementKind,
    ) -> Option<TableId> {
        use sqlparser::ast::{Expr, SetExpr};
        let mut body = query.body.as_ref();
        while let SetExpr::SetOperation { left, .. } = body {
            body = left;
        }
        let SetExpr::Select(select) = body else { return None };
        let idents = match select.into.as_ref()?.targets.first()? {
            Expr::Identifier(ident) => std::slice::from_ref(ident),
            Expr::CompoundIdentifier(parts) => parts.as_slice(),
            _ => return None,
        };
        *kind = StatementKind::CreateTable;
        let parts: Vec<Name> =
            idents.iter().map(|ident| binder.names.intern(&ident.value)).collect();
        Some(binder.table(&parts, idents.last()?.span))
    }

    /// Turns numbers back into names.
    fn told(
        &self,
        binder: &mut Binder<'_>,
        outcome: &Outcome,
        span: Range<usize>,
    ) -> StatementLineage {
        let paths: Vec<Arc<DatasetPath>> =
            binder.tables.iter().map(|table| Arc::new(path_of(binder, &table.parts))).collect();
        let column_ref = |number: u32| {
            let (table, name) = binder.columns[number as usize];
            ColumnRef {
                table: (table != NO_TABLE).then(|| Arc::clone(&paths[table as usize])),
                column: binder.names.text(name).to_owned(),
            }
        };
        let mut texts = items::Items::new(&outcome.tokens, self.index);
        let mut range = |(select, item): (u32, u32)| {
            texts.range(*binder.selects.get(select as usize)?, item as usize)
        };
        let columns: Vec<OutputColumn> = outcome
            .columns
            .iter()
            .map(|column| {
                let span = column.item.and_then(&mut range).unwrap_or(0..0);
                OutputColumn {
                    name: binder.names.text(column.name).to_owned(),
                    kind: column.lin.kind,
                    sources: column
                        .lin
                        .edges
                        .as_slice()
                        .iter()
                        .map(|edge| ColumnSource {
                            column: column_ref(edge.column),
                            influence: edge.influence,
                        })
                        .collect(),
                    expression: self.index.slice(span.clone()).to_owned(),
                    fragments: fragments(binder, column, self.index, &mut range),
                    span,
                }
            })
            .collect();
        let row_influences = binder
            .rows
            .list
            .iter()
            .map(|(column, influence)| RowSource {
                column: column_ref(*column),
                influence: *influence,
            })
            .collect();
        let mut sources: Vec<SourceTable> = binder
            .tables
            .iter()
            .zip(&paths)
            .filter(|(table, _)| table.read)
            .map(|(table, path)| SourceTable {
                path: Arc::clone(path),
                alternative: table.alternative.as_ref().map(|parts| path_of(binder, parts)),
                confidence: table.confidence,
                span: table.span.map_or(0..0, |span| self.index.range(span)),
                versions: table
                    .versions
                    .iter()
                    .map(|range| {
                        let range = self.index.offset(range.start)..self.index.offset(range.end);
                        self.index.slice(range).to_owned()
                    })
                    .collect(),
                via_function: table.via.as_ref().map(|parts| path_of(binder, parts)),
            })
            .collect();
        // What was taken out as an expression may have held a subquery.
        let target = outcome.target.and_then(|table| paths.get(table as usize)).map(Arc::clone);
        for name in &outcome.scanned {
            let table = self.scanned(binder, name);
            let known = sources.iter().any(|source| source.path == table.path);
            if !known && target.as_ref() != Some(&table.path) {
                sources.push(table);
            }
        }
        let mut diagnostics: Vec<Diagnostic> = outcome
            .errors
            .iter()
            .map(|error| self.diagnostic(DiagnosticKind::Syntax, error.message.clone(), error.at))
            .collect();
        for finding in std::mem::take(&mut binder.findings) {
            let diagnostic = self.diagnostic(finding.kind, finding.message, finding.at);
            if !diagnostics.contains(&diagnostic) {
                diagnostics.push(diagnostic);
            }
        }
        let open = outcome.columns.iter().any(|column| column.star.is_some());
        let status = if diagnostics.is_empty() && !open { Status::Parsed } else { Status::Partial };
        let target = match (&outcome.function, outcome.target) {
            (Some(parts), _) => Some(DatasetPath::new(parts.iter().cloned())),
            (None, Some(table)) => paths.get(table as usize).map(|path| path.as_ref().clone()),
            (None, None) => None,
        };
        StatementLineage {
            kind: outcome.kind,
            target,
            sources,
            columns,
            row_influences,
            policies: Vec::new(),
            status,
            diagnostics,
            span,
        }
    }

    fn diagnostic(&self, kind: DiagnosticKind, message: String, at: Location) -> Diagnostic {
        let (line, column) = self.index.position(self.index.offset(at));
        Diagnostic { kind, message, line, column }
    }

    fn failed(
        &self,
        tokens: &[TokenWithSpan],
        error: &SyntaxError,
        span: Range<usize>,
    ) -> StatementLineage {
        self.failed_with(tokens, error, span, (StatementKind::Query, None))
    }

    /// A table that only a scan of the tokens found.
    fn scanned(&self, binder: &mut Binder<'_>, name: &Written) -> SourceTable {
        let table = resolve(binder, name);
        let table = &binder.tables[table as usize];
        SourceTable {
            path: Arc::new(path_of(binder, &table.parts)),
            alternative: table.alternative.as_ref().map(|parts| path_of(binder, parts)),
            confidence: Confidence::Low,
            span: self.index.range(name.span),
            versions: Vec::new(),
            via_function: None,
        }
    }

    /// What a scan of the tokens finds.
    fn failed_with(
        &self,
        tokens: &[TokenWithSpan],
        error: &SyntaxError,
        span: Range<usize>,
        (kind, written): (StatementKind, Option<Written>),
    ) -> StatementLineage {
        let notes = Notes::default();
        let mut binder = Binder::new(self.schema, self.context, self.flavour, &notes);
        let found = fallback::scan(tokens);
        let written = written.or(found.target);
        let target = match written {
            Some(written) if kind == StatementKind::CreateFunction => {
                Some(DatasetPath::new(written.parts))
            }
            Some(written) => {
                let table = resolve(&mut binder, &written);
                Some(path_of(&binder, &binder.tables[table as usize].parts))
            }
            None => None,
        };
        let mut sources: Vec<SourceTable> = Vec::new();
        for name in found.sources {
            let table = self.scanned(&mut binder, &name);
            if !sources.iter().any(|known| known.path == table.path) {
                sources.push(table);
            }
        }
        StatementLineage {
            kind,
            target,
            sources,
            columns: Vec::new(),
            row_influences: Vec::new(),
            policies: Vec::new(),
            status: Status::Failed,
            diagnostics: vec![self.diagnostic(
                DiagnosticKind::Syntax,
                error.message.clone(),
                error.at,
            )],
            span,
        }
    }
}

fn resolve(binder: &mut Binder<'_>, written: &Written) -> TableId {
    let parts: Vec<Name> = written.parts.iter().map(|part| binder.names.intern(part)).collect();
    binder.table(&parts, written.span)
}

fn path_of(binder: &Binder<'_>, parts: &[Name]) -> DatasetPath {
    DatasetPath::new(parts.iter().map(|part| binder.names.text(*part)))
}

/// Whether parsing or walking these tokens could need more stack than a thread has.
fn is_deep(tokens: &[TokenWithSpan]) -> bool {
    if tokens.len() > LONG {
        return true;
    }
    let mut depth = 0usize;
    let mut prefix = 0usize;
    for token in tokens {
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            Token::Word(word) if word.keyword == sqlparser::keywords::Keyword::CASE => depth += 1,
            Token::Word(word) if word.keyword == sqlparser::keywords::Keyword::END => {
                depth = depth.saturating_sub(1);
            }
            Token::Word(word) if word.keyword == sqlparser::keywords::Keyword::NOT => prefix += 1,
            Token::Minus | Token::Plus | Token::Tilde | Token::ExclamationMark => prefix += 1,
            _ => {}
        }
        if depth > DEEP || prefix > 500 {
            return true;
        }
    }
    false
}

/// Runs `work` on a thread whose stack fits the text; `None` if there is no such thread.
fn on_large_stack<T: Send>(tokens: usize, work: impl FnOnce() -> T + Send) -> Option<T> {
    const MIB: usize = 1 << 20;
    // Memory is only taken where the stack is touched.
    let size = (tokens.saturating_mul(16 << 10)).clamp(64 * MIB, 2048 * MIB);
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("deep-sql".to_owned())
            .stack_size(size)
            .spawn_scoped(scope, work)
            .ok()?
            .join()
            .ok()
    })
}
