//! [`PatternEngine`]: answers the queries of catalogue readers over any [`Catalogue`] without a
//! database: `INFORMATION_SCHEMA`, `sys.version`, `SELECT … FROM path` and counts.
//!
//! It knows column lists, conditions on plain columns, order, limit and offset. What joins, groups
//! or computes is beyond it and fails as a job fails.

mod condition;

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::Value;
use sqlparser::ast::{
    Expr, GroupByExpr, LimitClause, ObjectName, ObjectNamePart, OrderByKind, OrderBySort, Query,
    Select, SelectItem, SetExpr, Statement, TableFactor, Value as Literal,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use self::condition::Condition;
use super::dremio::catalogue::{Catalogue, NodeIx, Visibility};
use super::dremio::system::INFORMATION_SCHEMA;
use super::dremio::{QueryAnswer, QueryEngine};
use super::world::{Backend, Kind};
use crate::model::DataType;

/// Rows of a generated table.
const TABLE_ROWS: usize = 100;
/// Dremio cuts results here (contract §4.3); making more would be in vain.
const MAX_ROWS: usize = 1_000_000;

/// Answers catalogue queries from a [`Catalogue`].
#[derive(Clone, Debug)]
pub struct PatternEngine {
    catalogue: Arc<Catalogue>,
}

impl PatternEngine {
    /// An engine over this catalogue.
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue }
    }
}

type Columns = Vec<(String, DataType)>;
type Row = Vec<Value>;

impl QueryEngine for PatternEngine {
    fn run(&self, sql: &str, context: &[String]) -> Result<QueryAnswer, String> {
        let sql = sql.trim().trim_end_matches(';');
        let statements = Parser::parse_sql(&GenericDialect {}, sql)
            .map_err(|error| format!("PARSE ERROR: {error}"))?;
        let [Statement::Query(query)] = statements.as_slice() else {
            return Err("UNSUPPORTED_OPERATION ERROR: one SELECT at a time".to_owned());
        };
        let SetExpr::Select(select) = query.body.as_ref() else {
            return Err(unsupported("set operations"));
        };
        self.select(query, select, context)
    }
}

fn unsupported(what: &str) -> String {
    format!("UNSUPPORTED_OPERATION ERROR: this engine does not know {what}")
}

impl PatternEngine {
    fn select(
        &self,
        query: &Query,
        select: &Select,
        context: &[String],
    ) -> Result<QueryAnswer, String> {
        let is_plain = query.with.is_none()
            && select.distinct.is_none()
            && select.having.is_none()
            && matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
        if !is_plain {
            return Err(unsupported("WITH, DISTINCT, GROUP BY and HAVING"));
        }
        let (limit, offset) = bounds(query)?;
        let Some(from) = select.from.first() else { return constants(select) };
        let (1, true, TableFactor::Table { name, .. }) =
            (select.from.len(), from.joins.is_empty(), &from.relation)
        else {
            return Err(unsupported("joins and subqueries"));
        };
        let table = self.table(&parts(name)?, context)?;
        let columns = table.columns(&self.catalogue);
        let condition = select
            .selection
            .as_ref()
            .map(|condition| Condition::of(condition, &columns))
            .transpose()?;
        let keys = order_keys(query, &columns)?;
        let is_count = matches!(select.projection.as_slice(), [SelectItem::UnnamedExpr(expr)
            | SelectItem::ExprWithAlias { expr, .. }] if is_count(expr));
        let picked = if is_count { Vec::new() } else { pick(select, &columns)? };
        // Without an order the first rows will do.
        let enough = if keys.is_empty() && !is_count {
            offset.saturating_add(limit).min(MAX_ROWS)
        } else {
            usize::MAX
        };
        let mut rows: Vec<Row> = Vec::new();
        let mut count: u64 = 0;
        table.scan(&self.catalogue, &mut |row| {
            if condition.as_ref().is_none_or(|condition| condition.holds(&row)) {
                count += 1;
                if !is_count {
                    rows.push(row);
                }
            }
            rows.len() < enough
        });
        if is_count {
            let name = match &select.projection[0] {
                SelectItem::ExprWithAlias { alias, .. } => alias.value.clone(),
                _ => "EXPR$0".to_owned(),
            };
            let columns = vec![(name, DataType::BigInt)];
            return Ok(QueryAnswer { columns, rows: vec![vec![count.into()]] });
        }
        rows.sort_by(|a, b| {
            keys.iter()
                .map(|(column, descending)| {
                    let order = compare(&a[*column], &b[*column]);
                    if *descending { order.reverse() } else { order }
                })
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        let rows = rows
            .into_iter()
            .skip(offset)
            .take(limit)
            .map(|row| picked.iter().map(|(column, _)| row[*column].clone()).collect())
            .collect();
        let columns =
            picked.into_iter().map(|(column, name)| (name, columns[column].1.clone())).collect();
        Ok(QueryAnswer { columns, rows })
    }

    fn table(&self, path: &[String], context: &[String]) -> Result<Table, String> {
        let is = |schema: &str, table: &str| {
            path.len() == 2
                && path[0].eq_ignore_ascii_case(schema)
                && path[1].eq_ignore_ascii_case(table)
        };
        if let Some(at) = INFORMATION_SCHEMA.iter().position(|(n, _)| is("INFORMATION_SCHEMA", n)) {
            return Ok(Table::Schema(at));
        }
        if is("sys", "version") {
            return Ok(Table::Version);
        }
        let in_context: Vec<&String> = context.iter().chain(path).collect();
        [self.catalogue.find(&in_context), self.catalogue.find(path)]
            .into_iter()
            .flatten()
            .find(|ix| self.catalogue.is_dataset(*ix) && is_listed(&self.catalogue, *ix))
            .map(Table::Dataset)
            .ok_or_else(|| format!("VALIDATION ERROR: Object '{}' not found", path.join(".")))
    }
}

/// Something to select from.
enum Table {
    Schema(usize),
    Version,
    Dataset(NodeIx),
}

impl Table {
    fn columns(&self, catalogue: &Catalogue) -> Columns {
        match self {
            Self::Schema(at) => INFORMATION_SCHEMA[*at]
                .1
                .iter()
                .map(|(name, data_type)| ((*name).to_owned(), data_type.clone()))
                .collect(),
            Self::Version => vec![("version".to_owned(), DataType::Varchar)],
            Self::Dataset(ix) => catalogue
                .columns(*ix)
                .unwrap_or_default()
                .iter()
                .map(|column| (column.name.clone(), column.data_type.clone()))
                .collect(),
        }
    }

    /// Hands every row to `take` until that wants no more.
    fn scan(&self, catalogue: &Catalogue, take: &mut dyn FnMut(Row) -> bool) {
        match self {
            Self::Schema(at) => scan_schema(catalogue, INFORMATION_SCHEMA[*at].0, take),
            Self::Version => {
                take(vec![catalogue.account().version.as_str().into()]);
            }
            Self::Dataset(ix) => {
                let columns = self.columns(catalogue);
                let seed = catalogue.schema_seed(*ix).unwrap_or_default();
                for number in 0..TABLE_ROWS {
                    let row = columns
                        .iter()
                        .enumerate()
                        .map(|(at, (name, data_type))| value(name, data_type, seed, number, at));
                    if !take(row.collect()) {
                        return;
                    }
                }
            }
        }
    }
}

fn is_listed(catalogue: &Catalogue, ix: NodeIx) -> bool {
    catalogue.visibility(catalogue.root_of(ix)) != Visibility::System
}

fn scan_schema(catalogue: &Catalogue, table: &str, take: &mut dyn FnMut(Row) -> bool) {
    for ix in catalogue.all().filter(|ix| is_listed(catalogue, *ix)) {
        let go_on = match table {
            "SCHEMATA" => is_container(catalogue, ix).then(|| {
                let name = catalogue.path(ix).join(".");
                let is_mutable =
                    if catalogue.backend(ix) == Backend::Stored { "NO" } else { "YES" };
                take(texts(&["DREMIO", &name, "<owner>", "SIMPLE", is_mutable]))
            }),
            "TABLES" => dataset(catalogue, ix).map(|(schema, name)| {
                let is_view = catalogue.kind(ix) == Kind::View;
                let kind = if is_view { "VIEW" } else { "TABLE" };
                take(texts(&["DREMIO", &schema, name, kind]))
            }),
            "VIEWS" => dataset(catalogue, ix).filter(|_| catalogue.kind(ix) == Kind::View).map(
                |(schema, name)| {
                    let sql = catalogue.detail(ix).and_then(|detail| detail.sql.as_deref());
                    take(texts(&["DREMIO", &schema, name, sql.unwrap_or_default()]))
                },
            ),
            _ => dataset(catalogue, ix).map(|(schema, name)| {
                let columns = catalogue.columns(ix).unwrap_or_default();
                columns.iter().enumerate().all(|(at, column)| {
                    let mut row = texts(&["DREMIO", &schema, name, &column.name]);
                    row.extend(column_row(at + 1, &column.data_type));
                    take(row)
                })
            }),
        };
        if go_on == Some(false) {
            return;
        }
    }
}

fn is_container(catalogue: &Catalogue, ix: NodeIx) -> bool {
    matches!(catalogue.kind(ix), Kind::Home | Kind::Space | Kind::Source | Kind::Folder)
}

/// A dataset's schema as Dremio joins it, and its name.
fn dataset(catalogue: &Catalogue, ix: NodeIx) -> Option<(String, &str)> {
    if !catalogue.is_dataset(ix) {
        return None;
    }
    let path = catalogue.path(ix);
    Some((path[..path.len() - 1].join("."), catalogue.name(ix)))
}

fn texts(values: &[&str]) -> Row {
    values.iter().map(|value| Value::from(*value)).collect()
}

/// What follows the name in `COLUMNS`, in its lossy way (contract §4.4).
fn column_row(position: usize, data_type: &DataType) -> Vec<Value> {
    let name = match data_type {
        DataType::Varchar => "CHARACTER VARYING",
        DataType::Varbinary => "BINARY VARYING",
        DataType::Struct(_) => "ROW",
        DataType::List(_) => "ARRAY",
        DataType::IntervalDay | DataType::IntervalYear => "INTERVAL",
        other => other.base_name(),
    };
    let (precision, radix, scale): (Option<u32>, Option<u32>, Option<i32>) = match data_type {
        DataType::Decimal { precision, scale } => (*precision, Some(10), *scale),
        DataType::Integer => (Some(32), Some(2), Some(0)),
        DataType::BigInt => (Some(64), Some(2), Some(0)),
        DataType::Double => (Some(53), Some(2), None),
        _ => (None, None, None),
    };
    let length = (*data_type == DataType::Varchar).then_some(65_536);
    let datetime = matches!(data_type, DataType::Timestamp | DataType::Time).then_some(3);
    vec![
        position.into(),
        Value::Null,
        "YES".into(),
        name.into(),
        length.or(precision).into(),
        length.into(),
        length.into(),
        precision.into(),
        radix.into(),
        scale.into(),
        datetime.into(),
        Value::Null,
        Value::Null,
    ]
}

/// A made-up value; every eleventh is null.
fn value(name: &str, data_type: &DataType, seed: u32, row: usize, column: usize) -> Value {
    let number = (seed as usize + row * 7 + column * 13) % 1_000;
    if number.is_multiple_of(11) && !name.ends_with("id") {
        return Value::Null;
    }
    let (month, day) = (number % 12 + 1, number % 28 + 1);
    match data_type {
        DataType::Boolean => number.is_multiple_of(2).into(),
        DataType::TinyInt | DataType::SmallInt | DataType::Integer | DataType::BigInt => {
            number.into()
        }
        DataType::Float | DataType::Double | DataType::Decimal { .. } => {
            serde_json::json!(f64::from(u32::try_from(number).unwrap_or(0)) / 4.0)
        }
        DataType::Date => format!("2024-{month:02}-{day:02}").into(),
        DataType::Time => format!("{:02}:00:00.000", number % 24).into(),
        DataType::Timestamp => format!("2024-{month:02}-{day:02} 12:00:00.000").into(),
        DataType::Struct(Some(fields)) => fields
            .iter()
            .map(|field| {
                let inner = value(&field.name, &field.data_type, seed, row, column + 1);
                (field.name.clone(), inner)
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        DataType::List(Some(element)) => vec![value(name, element, seed, row, column + 1)].into(),
        _ => format!("{name} {number}").into(),
    }
}

fn parts(name: &ObjectName) -> Result<Vec<String>, String> {
    name.0
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(ident) => Ok(ident.value.clone()),
            ObjectNamePart::Function(_) => Err(unsupported("computed names")),
        })
        .collect()
}

fn count_literal(expr: &Expr) -> Result<usize, String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Literal::Number(digits, _) => digits.parse().map_err(|_| unsupported("this number")),
            _ => Err(unsupported("a bound that is no number")),
        },
        _ => Err(unsupported("computed bounds")),
    }
}

/// `LIMIT`, `OFFSET` and `FETCH`, in either order.
fn bounds(query: &Query) -> Result<(usize, usize), String> {
    let (mut limit, mut offset) = (usize::MAX, 0);
    match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit: to, offset: from, .. }) => {
            if let Some(to) = to {
                limit = count_literal(to)?;
            }
            if let Some(from) = from {
                offset = count_literal(&from.value)?;
            }
        }
        Some(LimitClause::OffsetCommaLimit { .. }) => return Err(unsupported("LIMIT a, b")),
        None => {}
    }
    if let Some(quantity) = query.fetch.as_ref().and_then(|fetch| fetch.quantity.as_ref()) {
        limit = count_literal(quantity)?;
    }
    Ok((limit, offset))
}

fn constants(select: &Select) -> Result<QueryAnswer, String> {
    let mut answer = QueryAnswer { columns: Vec::new(), rows: vec![Vec::new()] };
    for (at, item) in select.projection.iter().enumerate() {
        let (expr, name) = match item {
            SelectItem::UnnamedExpr(expr) => (expr, format!("EXPR${at}")),
            SelectItem::ExprWithAlias { expr, alias } => (expr, alias.value.clone()),
            _ => return Err(unsupported("`*` without FROM")),
        };
        let (value, data_type) = condition::literal(expr)?;
        answer.columns.push((name, data_type));
        answer.rows[0].push(value);
    }
    Ok(answer)
}

fn is_count(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(_)) && expr.to_string().to_uppercase().starts_with("COUNT(")
}

/// The columns to show, with their names in the result.
fn pick(select: &Select, columns: &Columns) -> Result<Vec<(usize, String)>, String> {
    let mut picked = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => {
                picked.extend(columns.iter().enumerate().map(|(at, (name, _))| (at, name.clone())));
            }
            SelectItem::UnnamedExpr(expr) => {
                let at = condition::column(expr, columns)?;
                picked.push((at, columns[at].0.clone()));
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                picked.push((condition::column(expr, columns)?, alias.value.clone()));
            }
            SelectItem::ExprWithAliases { .. } => return Err(unsupported("several aliases")),
        }
    }
    Ok(picked)
}

fn order_keys(query: &Query, columns: &Columns) -> Result<Vec<(usize, bool)>, String> {
    let Some(order) = &query.order_by else { return Ok(Vec::new()) };
    let OrderByKind::Expressions(keys) = &order.kind else {
        return Err(unsupported("ORDER BY ALL"));
    };
    keys.iter()
        .map(|key| {
            let column = condition::column(&key.expr, columns)?;
            Ok((column, matches!(key.options.sort, Some(OrderBySort::Desc))))
        })
        .collect()
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Null, Value::Null) => Ordering::Equal,
        // Dremio puts nulls last.
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        _ => a.to_string().cmp(&b.to_string()),
    }
}
