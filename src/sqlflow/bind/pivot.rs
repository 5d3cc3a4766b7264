//! Relations that change shape: PIVOT, UNPIVOT, `MATCH_RECOGNIZE`.

use std::rc::Rc;

use sqlparser::ast::{Expr, ExprWithAlias, PivotValueSource, TableAlias, TableFactor, Value};

use super::super::lineage::{Influence, RowInfluence};
use super::super::names::Name;
use super::scope::{AliasUse, Scope};
use super::{Acc, Binder, Column, Lin};

impl Binder<'_> {
    pub(super) fn reshaped(&mut self, factor: &TableFactor, scope: &mut Scope<'_>) {
        match factor {
            TableFactor::Pivot {
                table,
                aggregate_functions,
                value_column,
                value_source,
                alias,
                ..
            } => {
                let rels = self.isolated(table, scope);
                let mut inner = Scope::new(scope.parent, scope.env.clone());
                inner.rels = rels;
                let columns = self.pivot(&inner, aggregate_functions, value_column, value_source);
                self.push_derived(columns, self_or_inner(alias.as_ref(), table), scope);
            }
            TableFactor::Unpivot { table, value, name, columns, alias, .. } => {
                let rels = self.isolated(table, scope);
                let mut inner = Scope::new(scope.parent, scope.env.clone());
                inner.rels = rels;
                let name = self.name(name);
                let columns = self.unpivot(&inner, value, name, columns);
                self.push_derived(columns, self_or_inner(alias.as_ref(), table), scope);
            }
            TableFactor::UnpivotExpr { expression, value_alias, attribute_alias } => {
                let lin = self.lineage(expression, scope).transformed();
                let mut columns =
                    vec![Column { name: self.name(value_alias), lin, star: None, item: None }];
                if let Some(attribute) = attribute_alias {
                    let name = self.name(attribute);
                    columns.push(Column { name, lin: Lin::CONSTANT, star: None, item: None });
                }
                self.push_derived(columns.into(), None, scope);
            }
            TableFactor::MatchRecognize {
                table,
                partition_by,
                order_by,
                measures,
                symbols,
                rows_per_match,
                alias,
                ..
            } => {
                let rels = self.isolated(table, scope);
                let mut inner = Scope::new(scope.parent, scope.env.clone());
                inner.rels = rels;
                inner.alias_use = AliasUse::Last;
                for expr in partition_by {
                    self.decides(expr, &inner, RowInfluence::GroupBy);
                }
                for key in order_by {
                    self.decides(&key.expr, &inner, RowInfluence::Sort);
                }
                // Pattern variables qualify columns of the one input.
                for symbol in symbols {
                    let name = self.name(&symbol.symbol);
                    let mut rels = inner.rels.clone();
                    for rel in &mut rels {
                        rel.qualifier = super::scope::Qualifier::Alias(name);
                    }
                    inner.rels.append(&mut rels);
                }
                for symbol in symbols {
                    self.decides(&symbol.definition, &inner, RowInfluence::Filter);
                }
                let all = matches!(rows_per_match, Some(sqlparser::ast::RowsPerMatch::AllRows(_)));
                let mut columns: Vec<Column> = Vec::new();
                if all && let Some(first) = inner.rels.first().cloned() {
                    columns = self.columns_of(&first);
                } else {
                    for (index, expr) in partition_by.iter().enumerate() {
                        let lin = self.lineage(expr, &inner);
                        let name = self.output_name(expr, index);
                        columns.push(Column { name, lin, star: None, item: None });
                    }
                }
                for measure in measures {
                    let lin = self.lineage(&measure.expr, &inner);
                    let name = self.name(&measure.alias);
                    columns.push(Column { name, lin, star: None, item: None });
                }
                self.push_derived(columns.into(), alias.as_ref(), scope);
            }
            _ => {}
        }
    }

    /// The grouping columns that are left over, then one column per value and aggregate.
    fn pivot(
        &mut self,
        inner: &Scope<'_>,
        aggregates: &[ExprWithAlias],
        keys: &[Expr],
        values: &PivotValueSource,
    ) -> Rc<[Column]> {
        let mut used = Acc::new();
        let mut results = Vec::new();
        for aggregate in aggregates {
            let mut acc = Acc::new();
            self.walk(&aggregate.expr, inner, Influence::Identity, &mut acc);
            acc.edges.iter().for_each(|edge| used.push(*edge));
            let alias = aggregate.alias.as_ref().map(|alias| alias.value.clone());
            results.push((alias, acc.finish()));
        }
        let mut used_names = Vec::new();
        for aggregate in aggregates {
            self.column_names(&aggregate.expr, &mut used_names);
        }
        for key in keys {
            self.decides(key, inner, RowInfluence::GroupBy);
            self.column_names(key, &mut used_names);
        }
        let mut columns: Vec<Column> = Vec::new();
        for rel in inner.rels.clone() {
            let mut given = self.columns_of(&rel);
            given.retain(|column| {
                column.star.is_some()
                    || !used_names.iter().any(|n| self.names.same(*n, column.name))
            });
            for column in &mut given {
                if let Some(except) = &column.star {
                    column.star = Some(except.iter().chain(&used_names).copied().collect());
                }
            }
            columns.append(&mut given);
        }
        for column in &columns {
            self.rows.add_all(column.lin.edges.as_slice(), RowInfluence::GroupBy);
        }
        let several = results.len() > 1;
        let named = match values {
            PivotValueSource::List(list) => list.iter().map(value_name).collect::<Vec<String>>(),
            PivotValueSource::Any(_) => Vec::new(),
            PivotValueSource::Subquery(query) => {
                let columns = self.query(query, &inner.env, Some(inner));
                for column in columns.iter() {
                    self.rows.add_all(column.lin.edges.as_slice(), RowInfluence::Filter);
                }
                Vec::new()
            }
        };
        if named.is_empty() {
            let name = self.names.intern("*");
            for (_, lin) in &results {
                let lin = lin.clone();
                columns.push(Column { name, lin, star: Some(Rc::from([])), item: None });
            }
        }
        for value in &named {
            for (alias, lin) in &results {
                let name = match alias {
                    Some(alias) => format!("{value}_{alias}"),
                    None if several => format!("{value}_{}", columns.len()),
                    None => value.clone(),
                };
                let name = self.names.intern(&name);
                columns.push(Column { name, lin: lin.clone(), star: None, item: None });
            }
        }
        columns.into()
    }

    /// The columns that stay, the one that names the origin, and those that hold the values.
    fn unpivot(
        &mut self,
        inner: &Scope<'_>,
        value: &Expr,
        name: Name,
        list: &[ExprWithAlias],
    ) -> Rc<[Column]> {
        let targets: Vec<&Expr> = match value {
            Expr::Tuple(items) => items.iter().collect(),
            Expr::Nested(inner) => vec![inner.as_ref()],
            other => vec![other],
        };
        let mut accs: Vec<Acc> = targets.iter().map(|_| Acc::new()).collect();
        let mut used = Vec::new();
        for entry in list {
            let parts: Vec<&Expr> = match &entry.expr {
                Expr::Tuple(items) => items.iter().collect(),
                Expr::Nested(inner) => vec![inner.as_ref()],
                other => vec![other],
            };
            for (part, acc) in parts.into_iter().zip(&mut accs) {
                self.walk(part, inner, Influence::Identity, acc);
                self.column_names(part, &mut used);
            }
        }
        let mut columns: Vec<Column> = Vec::new();
        for rel in inner.rels.clone() {
            let mut given = self.columns_of(&rel);
            given.retain(|column| {
                column.star.is_some() || !used.iter().any(|n| self.names.same(*n, column.name))
            });
            columns.append(&mut given);
        }
        columns.push(Column { name, lin: Lin::CONSTANT, star: None, item: None });
        for (index, (target, acc)) in targets.into_iter().zip(accs).enumerate() {
            let name = self.output_name(target, index);
            columns.push(Column { name, lin: acc.finish(), star: None, item: None });
        }
        columns.into()
    }

    fn output_name(&mut self, expr: &Expr, index: usize) -> Name {
        match expr {
            Expr::Identifier(ident) => self.name(ident),
            Expr::CompoundIdentifier(parts) if !parts.is_empty() => {
                self.name(&parts[parts.len() - 1])
            }
            _ => self.names.intern(&format!("EXPR${index}")),
        }
    }

    /// The last parts of the column names in a simple expression.
    fn column_names(&mut self, expr: &Expr, names: &mut Vec<Name>) {
        use sqlparser::ast::{FunctionArg, FunctionArgExpr, FunctionArguments};
        match expr {
            Expr::Identifier(ident) => names.push(self.name(ident)),
            Expr::CompoundIdentifier(parts) => {
                if let Some(last) = parts.last() {
                    names.push(self.name(last));
                }
            }
            Expr::Function(function) => {
                if let FunctionArguments::List(list) = &function.args {
                    for arg in &list.args {
                        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg {
                            self.column_names(expr, names);
                        }
                    }
                }
            }
            Expr::BinaryOp { left, right, .. } => {
                self.column_names(left, names);
                self.column_names(right, names);
            }
            Expr::Nested(inner)
            | Expr::Cast { expr: inner, .. }
            | Expr::UnaryOp { expr: inner, .. } => {
                self.column_names(inner, names);
            }
            Expr::Tuple(items) => {
                for item in items {
                    self.column_names(item, names);
                }
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                for inner in operand.iter().chain(else_result) {
                    self.column_names(inner, names);
                }
                for branch in conditions {
                    self.column_names(&branch.condition, names);
                    self.column_names(&branch.result, names);
                }
            }
            _ => {}
        }
    }
}

/// PIVOT without an alias of its own is still called by its table's.
fn self_or_inner<'a>(
    alias: Option<&'a TableAlias>,
    table: &'a TableFactor,
) -> Option<&'a TableAlias> {
    alias.filter(|alias| !alias.name.value.is_empty()).or(match table {
        TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } => {
            alias.as_ref().filter(|alias| alias.columns.is_empty())
        }
        _ => None,
    })
}

/// The column name a pivot value gives.
fn value_name(value: &ExprWithAlias) -> String {
    if let Some(alias) = &value.alias {
        return alias.value.clone();
    }
    match &value.expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => text.clone(),
            other => other.to_string(),
        },
        Expr::Identifier(ident) => ident.value.clone(),
        other => other.to_string(),
    }
}
