//! Functions in FROM: user table functions, table metadata, native queries, files with options.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    ObjectName, TableAlias, Value,
};
use sqlparser::tokenizer::Span;

use super::super::lineage::{Confidence, Influence, Kind};
use super::super::names::Name;
use super::super::schema::{Relation, Schema};
use super::super::{lex, parse};
use super::scope::{Content, Rel, Scope};
use super::{Acc, Binder, Column, Lin};
use crate::model::DatasetPath;

impl Binder<'_> {
    /// `f(x)` in FROM: a user table function, FLATTEN and the like
    pub(super) fn called(
        &mut self,
        name: &ObjectName,
        args: &[FunctionArg],
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) {
        if !args.is_empty() && args.iter().all(is_table_hint) {
            let parts = self.parts(name);
            let rel = self.named_relation(&parts, alias, Self::last_span(name), &scope.env);
            scope.rels.push(rel);
            return;
        }
        let function = Function {
            name: name.clone(),
            uses_odbc_syntax: false,
            parameters: FunctionArguments::None,
            args: FunctionArguments::List(FunctionArgumentList {
                duplicate_treatment: None,
                args: args.to_vec(),
                clauses: Vec::new(),
            }),
            filter: None,
            null_treatment: None,
            over: None,
            within_group: Vec::new(),
        };
        self.table_call(&function, alias, scope);
    }

    /// `TABLE( … )`.
    pub(super) fn table_function(
        &mut self,
        expr: &Expr,
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) {
        match expr {
            Expr::Function(function) => self.table_call(function, alias, scope),
            Expr::Nested(inner) => self.table_function(inner, alias, scope),
            Expr::Subquery(query) => {
                let columns = self.query(query, &scope.env, Some(scope));
                self.push_derived(columns, alias, scope);
            }
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                let idents = match expr {
                    Expr::CompoundIdentifier(parts) => parts.clone(),
                    Expr::Identifier(ident) => vec![ident.clone()],
                    _ => Vec::new(),
                };
                let parts: Vec<Name> = idents.iter().map(|ident| self.name(ident)).collect();
                let span = idents.last().map_or(Span::empty(), |ident| ident.span);
                let rel = self.named_relation(&parts, alias, span, &scope.env);
                scope.rels.push(rel);
            }
            other => {
                let lin = self.lineage(other, scope).transformed();
                self.push_values(&[lin], alias, scope);
            }
        }
    }

    fn table_call(
        &mut self,
        function: &Function,
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) {
        if let Some((path, body)) = self.user_function(function) {
            let columns = self.expand_table(&path, &body, function, scope);
            self.push_derived(columns, alias, scope);
            return;
        }
        let parts = self.parts(&function.name);
        let span = Self::last_span(&function.name);
        let args = match &function.args {
            FunctionArguments::List(list) => list.args.as_slice(),
            _ => &[],
        };
        let last = parts.last().map(|name| self.names.text(*name).to_ascii_lowercase());
        let last = last.as_deref().unwrap_or("");
        if last == "external_query" && parts.len() > 1 {
            self.external_query(&parts[..parts.len() - 1], args, span, alias, scope);
        } else if parts.len() == 1 && METADATA_FUNCTIONS.contains(&last) {
            if let Some(path) = first_string(args).and_then(|text| text.parse().ok()) {
                let path: DatasetPath = path;
                let parts: Vec<Name> =
                    path.parts().iter().map(|part| self.names.intern(part)).collect();
                let table = self.table(&parts, span);
                self.read(table);
            }
            let qualifier = self.alias_qualifier(alias);
            scope.rels.push(Rel { qualifier, content: Content::Opaque(Lin::CONSTANT) });
        } else if parts.len() > 1
            && !args.is_empty()
            && args.iter().all(|arg| !matches!(arg, FunctionArg::Unnamed(_)))
        {
            // `src.folder."x.csv"(type => 'text')`: the path is a dataset (contract §7.2).
            let rel = self.named_relation(&parts, alias, span, &None);
            scope.rels.push(rel);
        } else {
            let mut acc = Acc::new();
            acc.at_least(Kind::Expression);
            self.arguments(args, scope, Influence::Transformation, &mut acc);
            let lin = acc.finish();
            let alias_columns = alias.map(|alias| alias.columns.as_slice()).unwrap_or_default();
            if alias_columns.is_empty() {
                let qualifier = self.alias_qualifier(alias);
                scope.rels.push(Rel { qualifier, content: Content::Opaque(lin) });
            } else {
                let values = vec![lin; alias_columns.len()];
                self.push_values(&values, alias, scope);
            }
        }
    }

    /// A native query runs inside its source: the source is what is read (contract §7.2).
    fn external_query(
        &mut self,
        source: &[Name],
        args: &[FunctionArg],
        span: Span,
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) {
        let table = self.add_table(source.to_vec(), None, None, Confidence::Assumed, span);
        self.read(table);
        let names = first_string(args).map(|sql| self.native_columns(&sql)).unwrap_or_default();
        let content = if names.is_empty() {
            Content::Base { table, columns: None }
        } else {
            let columns = names.into_iter().map(|name| Column {
                name,
                lin: Lin::identity(self.column_id(table, name)),
                star: None,
                item: None,
            });
            Content::Derived(columns.collect())
        };
        let qualifier = self.alias_qualifier(alias);
        scope.rels.push(Rel { qualifier, content });
    }

    /// The names of a native query's columns, if it can be read and none is a star.
    fn native_columns(&mut self, sql: &str) -> Vec<Name> {
        let lexed = lex::lex(sql, self.dialect(), false);
        let Ok(parsed) = parse::query(lexed.tokens, self.dialect()) else { return Vec::new() };
        let mut probe = Binder::new(&NoSchema, &[], self.flavour, self.notes);
        let columns = probe.query(&parsed.tree, &None, None);
        if columns.iter().any(|column| column.star.is_some()) {
            return Vec::new();
        }
        columns.iter().map(|column| self.names.intern(probe.names.text(column.name))).collect()
    }
}

/// `FROM t (NOLOCK)`.
fn is_table_hint(arg: &FunctionArg) -> bool {
    const HINTS: &[&str] = &[
        "nolock",
        "readuncommitted",
        "updlock",
        "rowlock",
        "tablock",
        "tablockx",
        "xlock",
        "holdlock",
        "readpast",
        "nowait",
        "paglock",
    ];
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(ident))) = arg else {
        return false;
    };
    ident.quote_style.is_none() && HINTS.iter().any(|hint| ident.value.eq_ignore_ascii_case(hint))
}

/// Knows nothing.
struct NoSchema;

impl Schema for NoSchema {
    fn relation(&self, _: &[&str], _: &mut dyn FnMut(&str)) -> Relation {
        Relation::Missing
    }
}

/// Functions over a table's metadata, named by their argument (contract §7.2).
const METADATA_FUNCTIONS: &[&str] = &[
    "table_history",
    "table_snapshot",
    "table_manifests",
    "table_files",
    "table_partitions",
    "table_position_deletes",
    "table_refs",
];

fn first_string(args: &[FunctionArg]) -> Option<String> {
    let arg = args.first()?;
    let (FunctionArg::Unnamed(value)
    | FunctionArg::Named { arg: value, .. }
    | FunctionArg::ExprNamed { arg: value, .. }) = arg;
    match value {
        FunctionArgExpr::Expr(Expr::Value(value)) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}
