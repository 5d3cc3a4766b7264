//! Translates whole queries: SELECT with its clauses, set operations, CTEs, VALUES.

use std::fmt::Write;

use sqlparser::ast::{
    self, Distinct, Expr, LimitClause, OrderByKind, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier,
};

use crate::model::DataType;
use crate::model::path::fold;
use crate::sandbox::sql::grouping::Group;
use crate::sandbox::sql::scope::{Scope, Typed};
use crate::sandbox::sql::store::Store;
use crate::sandbox::sql::typing;

/// A translated query; its columns are called `c0`, `c1`, … in the engine.
#[derive(Clone, Debug)]
pub(super) struct Translated {
    pub(super) sql: String,
    pub(super) columns: Vec<(String, DataType)>,
}

/// A name that WITH introduced.
pub(super) struct Cte {
    pub(super) name: String,
    pub(super) engine_name: String,
    pub(super) columns: Vec<(String, DataType)>,
}

/// Turns one statement of Dremio's dialect into the engine's.
pub(super) struct Translator<'s> {
    pub(super) store: &'s mut Store,
    pub(super) context: Vec<String>,
    pub(super) ctes: Vec<Cte>,
    /// Arguments of the function whose body is being translated.
    pub(super) arguments: Vec<(String, Typed)>,
    pub(super) windows: Vec<ast::NamedWindowDefinition>,
    /// Joins that FLATTEN asks for; `None` where it is not allowed.
    pub(super) flattens: Option<Vec<String>>,
    /// Set while checking that an aggregating query uses what it groups by.
    pub(super) groups: Option<Vec<Group>>,
    pub(super) saw_aggregate: bool,
    /// How deep in an expression we are.
    pub(super) depth: u32,
    counter: u32,
}

impl<'s> Translator<'s> {
    pub(super) fn new(store: &'s mut Store, context: Vec<String>) -> Self {
        Self {
            store,
            context,
            ctes: Vec::new(),
            arguments: Vec::new(),
            windows: Vec::new(),
            flattens: None,
            groups: None,
            saw_aggregate: false,
            depth: 0,
            counter: 0,
        }
    }

    /// A name that the engine does not know yet.
    pub(super) fn fresh(&mut self, letter: char) -> String {
        self.counter += 1;
        format!("{letter}{}", self.counter)
    }

    /// A query on its own: what surrounds it (grouping, FLATTEN) does not reach inside.
    pub(super) fn query(
        &mut self,
        query: &ast::Query,
        outer: Option<&Scope<'_>>,
    ) -> Result<Translated, String> {
        let flattens = self.flattens.take();
        let groups = self.groups.take();
        let windows = std::mem::take(&mut self.windows);
        let saw_aggregate = std::mem::replace(&mut self.saw_aggregate, false);
        let known = self.ctes.len();
        let translated = self.with_ctes(query, outer);
        self.ctes.truncate(known);
        (self.flattens, self.groups, self.windows) = (flattens, groups, windows);
        self.saw_aggregate = saw_aggregate;
        translated
    }

    fn with_ctes(
        &mut self,
        query: &ast::Query,
        outer: Option<&Scope<'_>>,
    ) -> Result<Translated, String> {
        let mut ctes = Vec::new();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let mut body = self.query(&cte.query, None)?;
            rename(&mut body.columns, &cte.alias)?;
            let engine_name = self.fresh('w');
            ctes.push(format!("{engine_name} AS ({})", body.sql));
            let name = cte.alias.name.value.clone();
            self.ctes.push(Cte { name, engine_name, columns: body.columns });
        }
        let order: &[ast::OrderByExpr] = match query.order_by.as_ref().map(|order| &order.kind) {
            Some(OrderByKind::Expressions(order)) => order,
            Some(OrderByKind::All(_)) => return Err(unsupported("ORDER BY ALL")),
            None => &[],
        };
        let mut translated = self.body(&query.body, order, outer)?;
        if !ctes.is_empty() {
            translated.sql = format!("WITH {} {}", ctes.join(", "), translated.sql);
        }
        translated.sql.push_str(&self.limit(query)?);
        Ok(translated)
    }

    fn limit(&mut self, query: &ast::Query) -> Result<String, String> {
        let (limit, offset) = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
            None => (None, None),
        };
        let fetch = query.fetch.as_ref().and_then(|fetch| fetch.quantity.as_ref());
        let scope = Scope::default();
        let mut sql = String::new();
        if limit.or(fetch).is_some() || offset.is_some() {
            let limit = match limit.or(fetch) {
                Some(limit) => self.expr(limit, &scope)?.sql,
                None => "-1".to_owned(),
            };
            sql = format!(" LIMIT {limit}");
        }
        if let Some(offset) = offset {
            let _ = write!(sql, " OFFSET {}", self.expr(offset, &scope)?.sql);
        }
        Ok(sql)
    }

    fn body(
        &mut self,
        body: &SetExpr,
        order: &[ast::OrderByExpr],
        outer: Option<&Scope<'_>>,
    ) -> Result<Translated, String> {
        let mut translated = match body {
            SetExpr::Select(select) => return self.select(select, order, outer),
            SetExpr::Query(query) => {
                let inner = self.query(query, outer)?;
                Translated { sql: format!("SELECT * FROM ({})", inner.sql), ..inner }
            }
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                self.set_operation(left, *op, *set_quantifier, right, outer)?
            }
            SetExpr::Values(values) => self.values(values)?,
            _ => return Err(unsupported("this statement")),
        };
        if !order.is_empty() {
            let keys = order
                .iter()
                .map(|key| {
                    let column =
                        output_column(&key.expr, &translated.columns).ok_or_else(|| {
                            format!(
                                "VALIDATION ERROR: Column '{}' not found in any table",
                                key.expr
                            )
                        })?;
                    Ok(format!("c{column}{}", direction(key)))
                })
                .collect::<Result<Vec<_>, String>>()?;
            // A compound's own ORDER BY sees its members' names only.
            translated.sql =
                format!("SELECT * FROM ({}) ORDER BY {}", translated.sql, keys.join(", "));
        }
        Ok(translated)
    }

    fn set_operation(
        &mut self,
        left: &SetExpr,
        operator: SetOperator,
        quantifier: SetQuantifier,
        right: &SetExpr,
        outer: Option<&Scope<'_>>,
    ) -> Result<Translated, String> {
        let all = matches!(quantifier, SetQuantifier::All);
        if all && operator != SetOperator::Union {
            return Err(unsupported(&format!("{operator} ALL")));
        }
        let left = self.body(left, &[], outer)?;
        let right = self.body(right, &[], outer)?;
        if left.columns.len() != right.columns.len() {
            return Err(format!(
                "VALIDATION ERROR: Column count mismatch in {operator}: {} and {}",
                left.columns.len(),
                right.columns.len()
            ));
        }
        let word = match operator {
            SetOperator::Union if all => "UNION ALL",
            SetOperator::Union => "UNION",
            SetOperator::Intersect => "INTERSECT",
            _ => "EXCEPT",
        };
        let columns = left
            .columns
            .iter()
            .zip(&right.columns)
            .map(|((name, left), (_, right))| (name.clone(), typing::common(left, right)))
            .collect();
        let sql = format!("SELECT * FROM ({}) {word} SELECT * FROM ({})", left.sql, right.sql);
        Ok(Translated { sql, columns })
    }

    fn values(&mut self, values: &ast::Values) -> Result<Translated, String> {
        let scope = Scope::default();
        let mut columns: Vec<(String, DataType)> = Vec::new();
        let mut rows = Vec::new();
        for row in &values.rows {
            let mut cells = Vec::new();
            for (index, cell) in row.content.iter().enumerate() {
                let value = self.expr(cell, &scope)?;
                match columns.get_mut(index) {
                    Some((_, data_type)) => {
                        *data_type = typing::common(data_type, &value.data_type);
                    }
                    None => columns.push((format!("EXPR${index}"), value.data_type.clone())),
                }
                cells.push(format!("{} AS c{index}", value.sql));
            }
            rows.push(format!("SELECT {}", cells.join(", ")));
        }
        Ok(Translated { sql: format!("SELECT * FROM ({})", rows.join(" UNION ALL ")), columns })
    }

    fn select(
        &mut self,
        select: &Select,
        order: &[ast::OrderByExpr],
        outer: Option<&Scope<'_>>,
    ) -> Result<Translated, String> {
        self.saw_aggregate = false;
        let (from, mut scope) = self.from(&select.from, outer)?;
        let filter = match &select.selection {
            Some(filter) => format!(" WHERE {}", self.expr(filter, &scope)?.sql),
            None => String::new(),
        };
        self.windows.clone_from(&select.named_window);
        self.flattens = Some(Vec::new());
        let items = self.items(&select.projection, &scope)?;
        let flattens = self.flattens.take().unwrap_or_default();
        scope.aliases.clone_from(&items);
        let sets = self.grouping_sets(&select.group_by, &scope, &items)?;
        if let Some(having) = &select.having {
            self.expr(having, &scope)?;
        }
        let columns: Vec<(String, DataType)> =
            items.iter().map(|(name, value)| (name.clone(), value.data_type.clone())).collect();
        let parts = Parts { select, order, from, filter, columns: &columns };
        if !self.saw_aggregate && sets.is_empty() {
            let from = parts.from.clone() + &flattens.concat();
            let sql = self.assemble(&Parts { from, ..parts }, &items, &scope, "")?;
            return Ok(Translated { sql, columns });
        }
        if !flattens.is_empty() {
            return Err(
                "VALIDATION ERROR: FLATTEN is not allowed with GROUP BY or aggregates".into()
            );
        }
        let several = sets.len() > 1;
        let mut members = Vec::new();
        let sets = if sets.is_empty() { vec![Vec::new()] } else { sets };
        for set in sets {
            let group_by: Vec<&str> =
                set.iter().filter(|group| !group.absent).map(|group| group.sql.as_str()).collect();
            let group_by = match group_by.as_slice() {
                [] if several => " GROUP BY NULL".to_owned(),
                [] => String::new(),
                keys => format!(" GROUP BY {}", keys.join(", ")),
            };
            self.groups = Some(set);
            let items = self.items(&select.projection, &scope)?;
            scope.aliases.clone_from(&items);
            let order = if several { &[] } else { order };
            let parts =
                Parts { order, from: parts.from.clone(), filter: parts.filter.clone(), ..parts };
            let member = self.assemble(&parts, &items, &scope, &group_by);
            self.groups = None;
            members.push(member?);
        }
        if !several {
            return Ok(Translated { sql: members.remove(0), columns });
        }
        let members: Vec<String> =
            members.iter().map(|member| format!("SELECT * FROM ({member})")).collect();
        let mut sql = format!("SELECT * FROM ({})", members.join(" UNION ALL "));
        let keys = order
            .iter()
            .map(|key| match output_column(&key.expr, &columns) {
                Some(column) => Ok(format!("c{column}{}", direction(key))),
                None => Err(unsupported("ORDER BY an expression over several grouping sets")),
            })
            .collect::<Result<Vec<_>, String>>()?;
        if !keys.is_empty() {
            let _ = write!(sql, " ORDER BY {}", keys.join(", "));
        }
        Ok(Translated { sql, columns })
    }

    /// The SELECT's text, with QUALIFY as a filter around it.
    fn assemble(
        &mut self,
        parts: &Parts<'_>,
        items: &[(String, Typed)],
        scope: &Scope<'_>,
        group_by: &str,
    ) -> Result<String, String> {
        let select = parts.select;
        let mut list: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(index, (_, value))| format!("{} AS c{index}", value.sql))
            .collect();
        let having = match &select.having {
            Some(having) => format!(" HAVING {}", self.expr(having, scope)?.sql),
            None => String::new(),
        };
        let mut keys = Vec::new();
        for (index, key) in parts.order.iter().enumerate() {
            let sql = if let Some(column) = output_column(&key.expr, parts.columns) {
                format!("c{column}")
            } else {
                let value = self.expr(&key.expr, scope)?;
                if select.qualify.is_some() {
                    list.push(format!("{} AS o{index}", value.sql));
                    format!("o{index}")
                } else {
                    value.sql
                }
            };
            keys.push(format!("{sql}{}", direction(key)));
        }
        let distinct = match &select.distinct {
            Some(Distinct::Distinct) => "DISTINCT ",
            Some(Distinct::On(_)) => return Err(unsupported("DISTINCT ON")),
            _ => "",
        };
        let qualify = match &select.qualify {
            Some(qualify) => {
                list.push(format!("({}) AS q0", self.expr(qualify, scope)?.sql));
                true
            }
            None => false,
        };
        let from =
            if parts.from.is_empty() { String::new() } else { format!(" FROM {}", parts.from) };
        let inner_distinct = if qualify { "" } else { distinct };
        let list = list.join(", ");
        let mut sql =
            format!("SELECT {inner_distinct}{list}{from}{}{group_by}{having}", parts.filter);
        if qualify {
            let outputs: Vec<String> = (0..items.len()).map(|index| format!("c{index}")).collect();
            sql = format!("SELECT {distinct}{} FROM ({sql}) WHERE q0", outputs.join(", "));
        }
        if !keys.is_empty() {
            let _ = write!(sql, " ORDER BY {}", keys.join(", "));
        }
        Ok(sql)
    }

    fn items(
        &mut self,
        projection: &[SelectItem],
        scope: &Scope<'_>,
    ) -> Result<Vec<(String, Typed)>, String> {
        let mut items = Vec::new();
        for item in projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let name =
                        implied_name(expr).unwrap_or_else(|| format!("EXPR${}", items.len()));
                    items.push((name, self.expr(expr, scope)?));
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    items.push((alias.value.clone(), self.expr(expr, scope)?));
                }
                SelectItem::Wildcard(_) => items.extend(self.star(scope, None)?),
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    _,
                ) => {
                    let name = super::from::idents(name)?;
                    items.extend(self.star(scope, Some(&name))?);
                }
                other => return Err(unsupported(&other.to_string())),
            }
        }
        Ok(items)
    }

    fn star(
        &self,
        scope: &Scope<'_>,
        table: Option<&[ast::Ident]>,
    ) -> Result<Vec<(String, Typed)>, String> {
        let columns = scope.star(table)?;
        if let Some(groups) = &self.groups
            && let Some(stray) =
                columns.iter().find(|c| !groups.iter().any(|group| group.sql == c.value.sql))
        {
            return Err(format!(
                "VALIDATION ERROR: Expression '{}' is not being grouped",
                stray.name
            ));
        }
        Ok(columns.into_iter().map(|column| (column.name.clone(), column.value.clone())).collect())
    }
}

struct Parts<'a> {
    select: &'a Select,
    order: &'a [ast::OrderByExpr],
    from: String,
    filter: String,
    columns: &'a [(String, DataType)],
}

pub(super) fn unsupported(what: &str) -> String {
    format!("UNSUPPORTED_OPERATION ERROR: the sandbox does not run {what}")
}

/// Gives columns the names of `alias (a, b)`.
pub(super) fn rename(
    columns: &mut [(String, DataType)],
    alias: &ast::TableAlias,
) -> Result<(), String> {
    if !alias.columns.is_empty() && alias.columns.len() != columns.len() {
        return Err(format!(
            "VALIDATION ERROR: List of column aliases must have same degree as table; {} has {} columns",
            alias.name,
            columns.len()
        ));
    }
    for ((name, _), new) in columns.iter_mut().zip(&alias.columns) {
        name.clone_from(&new.name.value);
    }
    Ok(())
}

pub(super) fn ordinal(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            ast::Value::Number(number, _) => number.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The output column that an ORDER BY key names by position or alias.
fn output_column(expr: &Expr, columns: &[(String, DataType)]) -> Option<usize> {
    if let Some(ordinal) = ordinal(expr) {
        return ordinal.checked_sub(1).filter(|index| *index < columns.len());
    }
    match expr {
        Expr::Identifier(name) => {
            let key = fold(&name.value);
            columns.iter().position(|(column, _)| fold(column) == key)
        }
        _ => None,
    }
}

/// Direction and place of nulls, which Dremio holds to be the highest values.
pub(super) fn direction(key: &ast::OrderByExpr) -> String {
    let descending = matches!(key.options.sort, Some(ast::OrderBySort::Desc));
    let nulls_first = key.options.nulls_first.unwrap_or(descending);
    format!(
        "{} NULLS {}",
        if descending { " DESC" } else { " ASC" },
        if nulls_first { "FIRST" } else { "LAST" }
    )
}

fn implied_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|part| part.value.clone()),
        Expr::Nested(inner) => implied_name(inner),
        _ => None,
    }
}
