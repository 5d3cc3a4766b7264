//! Translates FROM: datasets, subqueries, joins, table functions, UNNEST, PIVOT and UNPIVOT.

use sqlparser::ast::{
    self, Expr, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, PivotValueSource,
    TableFactor, TableWithJoins,
};

use crate::model::DataType;
use crate::model::path::fold;
use crate::sandbox::sql::index::Found;
use crate::sandbox::sql::prepass::{self, Version};
use crate::sandbox::sql::query::{Translated, Translator, rename, unsupported};
use crate::sandbox::sql::scope::{Relation, Scope, ScopeColumn, Typed};
use crate::sandbox::sql::typing;

/// The parts of a dotted name.
pub(super) fn idents(name: &ObjectName) -> Result<Vec<Ident>, String> {
    name.0
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(ident) => Ok(ident.clone()),
            ObjectNamePart::Function(_) => Err(unsupported("names that are computed")),
        })
        .collect()
}

impl Translator<'_> {
    pub(super) fn from<'o>(
        &mut self,
        tables: &[TableWithJoins],
        outer: Option<&'o Scope<'o>>,
    ) -> Result<(String, Scope<'o>), String> {
        let mut scope = Scope::within(outer);
        let mut sql = String::new();
        for table in tables {
            let separator = if sql.is_empty() { "" } else { " CROSS JOIN " };
            let text = self.table_with_joins(table, &mut scope)?;
            sql.push_str(separator);
            sql.push_str(&text);
        }
        Ok((sql, scope))
    }

    fn table_with_joins(
        &mut self,
        table: &TableWithJoins,
        scope: &mut Scope<'_>,
    ) -> Result<String, String> {
        let first = scope.relations.len();
        let mut sql = self.factor(&table.relation, scope)?;
        for join in &table.joins {
            let (word, constraint) = match &join.join_operator {
                JoinOperator::Join(on) | JoinOperator::Inner(on) => ("JOIN", on),
                JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => ("LEFT JOIN", on),
                JoinOperator::Right(on) | JoinOperator::RightOuter(on) => ("RIGHT JOIN", on),
                JoinOperator::FullOuter(on) => ("FULL JOIN", on),
                JoinOperator::CrossJoin(on) => ("CROSS JOIN", on),
                _ => return Err(unsupported("this kind of join")),
            };
            let left = scope.relations.len();
            let right = self.factor(&join.relation, scope)?;
            let on = match constraint {
                JoinConstraint::On(on) => format!(" ON {}", self.expr(on, scope)?.sql),
                JoinConstraint::Using(names) => {
                    let full = word == "FULL JOIN";
                    format!(" ON {}", using(scope, first, left, names, full)?)
                }
                JoinConstraint::None => String::new(),
                JoinConstraint::UsingAlias(..) | JoinConstraint::Natural => {
                    return Err(unsupported("NATURAL JOIN"));
                }
            };
            sql = format!("{sql} {word} {right}{on}");
        }
        Ok(sql)
    }

    fn factor(&mut self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<String, String> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let mut parts = idents(name)?;
                let version = parts.last().and_then(|part| Version::from_part(&part.value));
                if version.is_some() {
                    parts.pop();
                }
                let names: Vec<String> = parts.into_iter().map(|part| part.value).collect();
                let (source, columns) = self.named(&names, version.as_ref())?;
                self.join_in(&source, columns, names, alias.as_ref(), scope)
            }
            TableFactor::Derived { lateral: false, subquery, alias, .. } => {
                let outer = scope.outer;
                let inner = self.query(subquery, outer)?;
                let source = format!("({})", inner.sql);
                self.join_in(&source, inner.columns, Vec::new(), alias.as_ref(), scope)
            }
            TableFactor::Derived { lateral: true, .. } => Err(unsupported("LATERAL")),
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                Ok(format!("({})", self.table_with_joins(table_with_joins, scope)?))
            }
            TableFactor::TableFunction { expr: Expr::Function(function), alias } => {
                let inner = self.tabular(function, scope)?;
                let source = format!("({})", inner.sql);
                self.join_in(&source, inner.columns, Vec::new(), alias.as_ref(), scope)
            }
            TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } => {
                let [array] = array_exprs.as_slice() else {
                    return Err(unsupported("UNNEST of several lists"));
                };
                let array = self.expr(array, scope)?;
                let element = element(&array.data_type);
                let name = self.fresh('r');
                let mut columns = vec![("EXPR$0".to_owned(), element)];
                if *with_ordinality {
                    columns.push(("ORDINALITY".to_owned(), DataType::Integer));
                }
                if let Some(alias) = alias {
                    rename(&mut columns, alias)?;
                }
                let values = [format!("{name}.value"), format!("({name}.key + 1)")];
                let columns = columns.into_iter().zip(values).map(|((column, data_type), sql)| {
                    let value = Typed::new(sql, data_type);
                    ScopeColumn { name: column, value, merged: false }
                });
                scope.relations.push(Relation {
                    name: alias.iter().map(|alias| alias.name.value.clone()).collect(),
                    columns: columns.collect(),
                });
                Ok(format!("json_each({}) AS {name}", array.sql))
            }
            TableFactor::Pivot {
                table,
                aggregate_functions,
                value_column,
                value_source,
                alias,
                ..
            } => {
                let inner = self.pivot(table, aggregate_functions, value_column, value_source)?;
                let source = format!("({})", inner.sql);
                self.join_in(&source, inner.columns, Vec::new(), alias.as_ref(), scope)
            }
            other => Err(unsupported(&format!("{other} in FROM"))),
        }
    }

    /// The engine's name and the columns of a CTE, dataset or system table.
    fn named(
        &mut self,
        names: &[String],
        version: Option<&Version>,
    ) -> Result<(String, Vec<(String, DataType)>), String> {
        if let [name] = names {
            let key = fold(name);
            if let Some(cte) = self.ctes.iter().rev().find(|cte| fold(&cte.name) == key) {
                return Ok((cte.engine_name.clone(), cte.columns.clone()));
            }
        }
        let found = self.store.find(&self.context, names)?;
        let table = self.store.table(found)?;
        let source = match (version, found) {
            (Some(version), Found::Dataset(entry)) => {
                match self.store.rows_at(entry, version)? {
                    // Rows are in the order in which they came.
                    Some(rows) => {
                        format!("(SELECT * FROM {} ORDER BY rowid LIMIT {rows})", table.name)
                    }
                    None => table.name.clone(),
                }
            }
            (Some(_), Found::System(_)) => {
                return Err("VALIDATION ERROR: system tables have no versions".to_owned());
            }
            (None, _) => table.name.clone(),
        };
        Ok((source, table.columns.clone()))
    }

    /// Puts a relation into scope under a fresh engine name.
    fn join_in(
        &mut self,
        source: &str,
        mut columns: Vec<(String, DataType)>,
        path: Vec<String>,
        alias: Option<&ast::TableAlias>,
        scope: &mut Scope<'_>,
    ) -> Result<String, String> {
        let name = match alias {
            Some(alias) => {
                rename(&mut columns, alias)?;
                vec![alias.name.value.clone()]
            }
            None => path,
        };
        let engine_name = self.fresh('r');
        let columns = columns.into_iter().enumerate().map(|(index, (column, data_type))| {
            let value = Typed::new(format!("{engine_name}.c{index}"), data_type);
            ScopeColumn { name: column, value, merged: false }
        });
        scope.relations.push(Relation { name, columns: columns.collect() });
        Ok(format!("{source} AS {engine_name}"))
    }

    /// `TABLE(space.function(arguments))`
    fn tabular(
        &mut self,
        function: &ast::Function,
        scope: &Scope<'_>,
    ) -> Result<Translated, String> {
        let name: Vec<String> =
            idents(&function.name)?.into_iter().map(|part| part.value).collect();
        let entry = self.store.index.function(&self.context, &name);
        let no_match =
            || format!("VALIDATION ERROR: No match found for function signature {}", function.name);
        let entry = entry.ok_or_else(no_match)?;
        let node = self.store.index.node(entry);
        let body = match &node.function {
            Some(function) if !function.scalar => function.body.clone(),
            _ => return Err(no_match()),
        };
        let values = self.arguments_of(function, scope)?;
        let arguments = self.bind_arguments(entry, values)?;
        let query = prepass::parse(&body)?;
        let context = self.store.parent_of(entry);
        let saved_context = std::mem::replace(&mut self.context, context);
        let saved_arguments = std::mem::replace(&mut self.arguments, arguments);
        let saved_ctes = std::mem::take(&mut self.ctes);
        let translated = self.query(&query, None);
        (self.context, self.arguments, self.ctes) = (saved_context, saved_arguments, saved_ctes);
        translated
    }

    /// PIVOT: one group for each combination of the other columns, one column for each value.
    fn pivot(
        &mut self,
        table: &TableFactor,
        aggregates: &[ast::ExprWithAlias],
        value_column: &[Expr],
        values: &PivotValueSource,
    ) -> Result<Translated, String> {
        let mut scope = Scope::default();
        let from = self.factor(table, &mut scope)?;
        let ([key], PivotValueSource::List(values)) = (value_column, values) else {
            return Err(unsupported("PIVOT on several columns or on a subquery"));
        };
        let key = self.expr(key, &scope)?;
        let mut used = vec![key.sql.clone()];
        let mut measures = Vec::new();
        for aggregate in aggregates {
            let Expr::Function(function) = &aggregate.expr else {
                return Err("VALIDATION ERROR: PIVOT needs an aggregate function".to_owned());
            };
            let arguments = self.arguments_of(function, &scope)?;
            let value = self.expr(&aggregate.expr, &scope)?;
            let argument = match arguments.as_slice() {
                [argument] => argument.clone(),
                [] => Typed::new("1", DataType::Integer),
                _ => return Err(unsupported("PIVOT by a function of several arguments")),
            };
            used.push(argument.sql.clone());
            let name = function.name.to_string();
            measures.push((aggregate.alias.as_ref(), name, argument, value.data_type));
        }
        let kept: Vec<ScopeColumn> = scope
            .star(None)?
            .into_iter()
            .filter(|column| !used.contains(&column.value.sql))
            .cloned()
            .collect();
        let mut columns: Vec<(String, DataType)> =
            kept.iter().map(|c| (c.name.clone(), c.value.data_type.clone())).collect();
        let keys: Vec<String> = kept.into_iter().map(|column| column.value.sql).collect();
        let mut list = keys.clone();
        for value in values {
            let case = self.expr(&value.expr, &scope)?;
            for (alias, function, argument, data_type) in &measures {
                let base = match &value.alias {
                    Some(alias) => alias.value.clone(),
                    None => case.sql.trim_matches('\'').to_owned(),
                };
                let name = match alias {
                    Some(alias) => format!("{base}_{}", alias.value),
                    None => base,
                };
                columns.push((name, data_type.clone()));
                list.push(format!(
                    "{function}(CASE WHEN {} = {} THEN {} END)",
                    key.sql, case.sql, argument.sql
                ));
            }
        }
        let list: Vec<String> =
            list.iter().enumerate().map(|(index, sql)| format!("{sql} AS c{index}")).collect();
        let group_by =
            if keys.is_empty() { String::new() } else { format!(" GROUP BY {}", keys.join(", ")) };
        self.saw_aggregate = false;
        Ok(Translated { sql: format!("SELECT {} FROM {from}{group_by}", list.join(", ")), columns })
    }
}

/// The type of a list's elements.
pub(super) fn element(list: &DataType) -> DataType {
    match list {
        DataType::List(Some(element)) => (**element).clone(),
        _ => DataType::Unknown("ANY".to_owned()),
    }
}

/// The condition of USING, which also merges the columns that it names.
fn using(
    scope: &mut Scope<'_>,
    first: usize,
    right: usize,
    names: &[ObjectName],
    full: bool,
) -> Result<String, String> {
    let mut conditions = Vec::new();
    for name in names {
        let name = name.to_string();
        let key = fold(name.trim_matches('"'));
        let (lefts, rights) = scope.relations.split_at_mut(right);
        let find = |relations: &mut [Relation]| {
            let mut columns = relations.iter_mut().flat_map(|relation| relation.columns.iter_mut());
            columns.position(|column| fold(&column.name) == key && !column.merged)
        };
        let missing = || format!("VALIDATION ERROR: Column '{name}' not found in any table");
        let left_at = find(&mut lefts[first..]).ok_or_else(missing)?;
        let right_at = find(rights).ok_or_else(missing)?;
        let left = lefts[first..].iter_mut().flat_map(|r| r.columns.iter_mut()).nth(left_at);
        let right = rights.iter_mut().flat_map(|r| r.columns.iter_mut()).nth(right_at);
        let (Some(left), Some(right)) = (left, right) else { return Err(missing()) };
        conditions.push(format!("{} = {}", left.value.sql, right.value.sql));
        right.merged = true;
        if full {
            left.value.sql = format!("COALESCE({}, {})", left.value.sql, right.value.sql);
            left.value.data_type = typing::common(&left.value.data_type, &right.value.data_type);
        }
    }
    Ok(conditions.join(" AND "))
}
