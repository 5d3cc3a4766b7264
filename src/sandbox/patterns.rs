//! [`PatternEngine`]: answers the queries of catalogue readers over any [`Catalogue`] without a
//! database: `INFORMATION_SCHEMA`, `sys.version`, `SELECT … FROM path` and counts.
//!
//! It knows column lists, conditions on plain columns, order, limit and offset. What joins, groups
//! or computes is beyond it and fails as a job fails.

mod cells;
mod condition;

use std::cmp::Ordering;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use sqlparser::ast::{
    Expr, GroupByExpr, LimitClause, ObjectName, ObjectNamePart, OrderByKind, OrderBySort, Query,
    Select, SelectItem, SetExpr, Statement, TableFactor, Value as Literal,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use self::cells::{column_row, value};
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
#[derive(Debug)]
pub struct PatternEngine {
    catalogue: Arc<Catalogue>,
    /// Tables and views with the schema that they are in, by schema and name.
    datasets: OnceLock<Vec<(Box<str>, NodeIx)>>,
}

impl PatternEngine {
    /// An engine over this catalogue.
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, datasets: OnceLock::new() }
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
        let condition =
            select.selection.as_ref().map(|expr| Condition::of(expr, &columns)).transpose()?;
        let keys = order_keys(query, &columns)?;
        if let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] =
            select.projection.as_slice()
            && is_count(expr)
        {
            return Ok(self.count(&table, condition, &select.projection[0]));
        }
        let picked = pick(select, &columns)?;
        let is_sorted = keys.is_empty() || table.is_in_order(&keys);
        let mut scan = Scan::new(condition);
        if is_sorted {
            scan.skip = offset;
            scan.enough = limit.min(MAX_ROWS);
        }
        let mut rows: Vec<(Row, Row)> = Vec::new();
        let enough = scan.enough;
        self.scan(&table, &mut scan, &mut |row| {
            let project = |at: &usize| row[*at].clone();
            let sort_key = keys.iter().filter(|_| !is_sorted).map(|(at, _)| project(at)).collect();
            rows.push((sort_key, picked.iter().map(|(at, _)| project(at)).collect()));
            rows.len() < enough
        });
        if !is_sorted {
            rows.sort_by(|(a, _), (b, _)| {
                let parts = a.iter().zip(b).zip(&keys);
                parts
                    .map(|((a, b), (_, descending))| {
                        let order = compare(a, b);
                        if *descending { order.reverse() } else { order }
                    })
                    .find(|order| order.is_ne())
                    .unwrap_or(Ordering::Equal)
            });
            rows.drain(..offset.min(rows.len()));
            rows.truncate(limit);
        }
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        let columns =
            picked.into_iter().map(|(column, name)| (name, columns[column].1.clone())).collect();
        Ok(QueryAnswer { columns, rows })
    }

    fn count(&self, table: &Table, condition: Option<Condition>, item: &SelectItem) -> QueryAnswer {
        let mut count: u64 = 0;
        self.scan(table, &mut Scan::new(condition), &mut |_| {
            count += 1;
            true
        });
        let name = match item {
            SelectItem::ExprWithAlias { alias, .. } => alias.value.clone(),
            _ => "EXPR$0".to_owned(),
        };
        QueryAnswer { columns: vec![(name, DataType::BigInt)], rows: vec![vec![count.into()]] }
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

    /// Whether a scan meets rows in this order by itself.
    fn is_in_order(&self, keys: &[(usize, bool)]) -> bool {
        let natural: &[usize] = match self {
            Self::Schema(at) if INFORMATION_SCHEMA[*at].0 == "SCHEMATA" => &[1],
            Self::Schema(_) => &[SCHEMA, NAME, POSITION],
            Self::Version | Self::Dataset(_) => &[],
        };
        keys.iter().map(|(column, _)| column).eq(natural.iter().take(keys.len()))
            && keys.iter().all(|(_, descending)| !descending)
    }
}

const SCHEMA: usize = 1;
const NAME: usize = 2;
const POSITION: usize = 4;

/// What a scan leaves out.
struct Scan {
    /// What can be said of a table before its columns are looked at.
    of_table: Option<Condition>,
    of_row: Option<Condition>,
    /// Rows to pass over.
    skip: usize,
    /// Rows after which the scan ends.
    enough: usize,
}

impl Scan {
    fn new(condition: Option<Condition>) -> Self {
        let (of_table, of_row) = condition.map_or((None, None), |whole| whole.split(NAME));
        Self { of_table, of_row, skip: 0, enough: usize::MAX }
    }

    fn wants_table(&self, head: &Row) -> bool {
        self.of_table.as_ref().is_none_or(|condition| condition.holds(head))
    }

    /// Passes a row on if it is wanted; false when the scan is over.
    fn pass(&mut self, row: Row, take: &mut dyn FnMut(Row) -> bool) -> bool {
        if self.of_row.as_ref().is_some_and(|condition| !condition.holds(&row)) {
            return true;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return true;
        }
        take(row)
    }
}

impl PatternEngine {
    /// Hands every wanted row to `take` until that wants no more.
    fn scan(&self, table: &Table, scan: &mut Scan, take: &mut dyn FnMut(Row) -> bool) {
        if scan.enough == 0 {
            return;
        }
        match table {
            Table::Schema(at) => self.scan_schema(INFORMATION_SCHEMA[*at].0, scan, take),
            Table::Version => {
                let row = texts(&[&self.catalogue.account().version]);
                if scan.wants_table(&row) {
                    scan.pass(row, take);
                }
            }
            Table::Dataset(ix) => {
                let columns = table.columns(&self.catalogue);
                let seed = self.catalogue.schema_seed(*ix).unwrap_or_default();
                for number in 0..TABLE_ROWS {
                    let row = columns
                        .iter()
                        .enumerate()
                        .map(|(at, (name, data_type))| value(name, data_type, seed, number, at))
                        .collect();
                    if scan.wants_table(&row) && !scan.pass(row, take) {
                        return;
                    }
                }
            }
        }
    }

    fn datasets(&self) -> &[(Box<str>, NodeIx)] {
        self.datasets.get_or_init(|| {
            let catalogue = &self.catalogue;
            let mut datasets: Vec<_> = catalogue
                .all()
                .filter(|ix| catalogue.is_dataset(*ix) && is_listed(catalogue, *ix))
                .map(|ix| {
                    let path = catalogue.path(ix);
                    (path[..path.len() - 1].join(".").into_boxed_str(), ix)
                })
                .collect();
            datasets.sort_by(|(a, a_ix), (b, b_ix)| {
                (a, catalogue.name(*a_ix)).cmp(&(b, catalogue.name(*b_ix)))
            });
            datasets
        })
    }

    fn scan_schema(&self, table: &str, scan: &mut Scan, take: &mut dyn FnMut(Row) -> bool) {
        let catalogue = &*self.catalogue;
        if table == "SCHEMATA" {
            let is_container = |ix: &NodeIx| {
                matches!(
                    catalogue.kind(*ix),
                    Kind::Home | Kind::Space | Kind::Source | Kind::Folder
                )
            };
            let mut schemas: Vec<(String, NodeIx)> = catalogue
                .all()
                .filter(|ix| is_container(ix) && is_listed(catalogue, *ix))
                .map(|ix| (catalogue.path(ix).join("."), ix))
                .collect();
            schemas.sort();
            for (name, ix) in schemas {
                let is_stored = catalogue.backend(ix) == Backend::Stored;
                let is_mutable = if is_stored { "NO" } else { "YES" };
                let row = texts(&["DREMIO", &name, "<owner>", "SIMPLE", is_mutable]);
                if scan.wants_table(&row) && !scan.pass(row, take) {
                    return;
                }
            }
            return;
        }
        for (schema, ix) in self.datasets() {
            let is_view = catalogue.kind(*ix) == Kind::View;
            let mut row = texts(&["DREMIO", schema, catalogue.name(*ix)]);
            if (table == "VIEWS" && !is_view) || !scan.wants_table(&row) {
                continue;
            }
            let goes_on = match table {
                "TABLES" => {
                    row.push(if is_view { "VIEW" } else { "TABLE" }.into());
                    scan.pass(row, take)
                }
                "VIEWS" => {
                    let sql = catalogue.detail(*ix).and_then(|detail| detail.sql.as_deref());
                    row.push(sql.unwrap_or_default().into());
                    scan.pass(row, take)
                }
                _ => {
                    let columns = catalogue.columns(*ix).unwrap_or_default();
                    // Whole tables before the page need no rows.
                    if scan.of_row.is_none() && columns.len() <= scan.skip {
                        scan.skip -= columns.len();
                        continue;
                    }
                    columns.iter().enumerate().all(|(at, column)| {
                        let mut row = row.clone();
                        row.push(column.name.as_str().into());
                        row.extend(column_row(at + 1, &column.data_type));
                        scan.pass(row, take)
                    })
                }
            };
            if !goes_on {
                return;
            }
        }
    }
}

fn is_listed(catalogue: &Catalogue, ix: NodeIx) -> bool {
    catalogue.visibility(catalogue.root_of(ix)) != Visibility::System
}

fn texts(values: &[&str]) -> Row {
    values.iter().map(|value| Value::from(*value)).collect()
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
