//! Columns of many tables by one query: `INFORMATION_SCHEMA.COLUMNS` (contract §4.4).
//!
//! The answer names a table by its parent path joined with dots, which cannot be taken apart again;
//! so the joined forms of the paths that are known are looked up instead. Types are flat.

use std::fmt::Write as _;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::dremio::QueryResult;
use crate::model::path::fold;
use crate::model::{Column, DataType, DatasetPath, NodeId};

/// Rows per query: what the contract finds good (§4.6).
pub(super) const PAGE_ROWS: u64 = 10_000;
/// Where the server itself cuts a result (contract §4.3).
pub(super) const MAX_ROWS: u64 = 1_000_000;

const FIELDS: [&str; 9] = [
    "TABLE_SCHEMA",
    "TABLE_NAME",
    "COLUMN_NAME",
    "ORDINAL_POSITION",
    "DATA_TYPE",
    "IS_NULLABLE",
    "NUMERIC_PRECISION",
    "NUMERIC_SCALE",
    "INTERVAL_TYPE",
];

/// The query for the rows from `offset` on, of these roots only if any are given.
pub(super) fn statement(offset: u64, roots: &[&str]) -> String {
    // Writing to a string cannot fail.
    let mut sql = format!(
        "/* tool: dremio-explorer */ SELECT {} FROM INFORMATION_SCHEMA.COLUMNS",
        FIELDS.join(", ")
    );
    for (index, root) in roots.iter().enumerate() {
        let word = if index == 0 { " WHERE" } else { " OR" };
        let literal = root.replace('\'', "''");
        let pattern = literal.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let _ = write!(
            sql,
            "{word} TABLE_SCHEMA = '{literal}' OR TABLE_SCHEMA LIKE '{pattern}.%' ESCAPE '\\'"
        );
    }
    let _ = write!(
        sql,
        " ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION LIMIT {PAGE_ROWS} OFFSET {offset}"
    );
    sql
}

/// The tables whose columns are wanted, by the name that the answer has for them.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_name: FxHashMap<(String, String), Vec<NodeId>>,
}

impl Names {
    pub(super) fn insert(&mut self, path: &DatasetPath, node: NodeId) {
        let Some(parent) = path.parent() else { return };
        let key = (fold(&parent.parts().join(".")), fold(path.name()));
        self.by_name.entry(key).or_default().push(node);
    }

    /// The table that is meant; `None` where it is unknown or could be one of several.
    pub(super) fn find(&self, schema: &str, table: &str) -> Option<NodeId> {
        let table = fold(table);
        let find = |schema: &str| match self.by_name.get(&(fold(schema), table.clone()))?.as_slice()
        {
            [node] => Some(*node),
            _ => None,
        };
        find(schema).or_else(|| find(&without_home_quotes(schema)?))
    }
}

/// `"@user".folder` as `@user.folder`: some servers quote a home (contract §8).
fn without_home_quotes(schema: &str) -> Option<String> {
    let rest = schema.strip_prefix("\"@")?;
    let (user, rest) = rest.split_once('"')?;
    Some(format!("@{user}{rest}"))
}

/// Puts rows together to tables. A table's rows stand together and may go over a page's end.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    schema: String,
    table: String,
    columns: Vec<(u64, Column)>,
}

impl Assembler {
    /// Takes a page in and hands every table that is whole to `done`; tells what is wrong with it.
    pub(super) fn take(
        &mut self,
        result: &QueryResult,
        mut done: impl FnMut(&str, &str, Vec<Column>),
    ) -> Result<(), String> {
        let mut places = [0; FIELDS.len()];
        for (place, field) in places.iter_mut().zip(FIELDS) {
            *place = result
                .columns
                .iter()
                .position(|column| column.name.eq_ignore_ascii_case(field))
                .ok_or_else(|| format!("the answer has no {field}"))?;
        }
        for row in &result.rows {
            let cell = |field: usize| row.get(places[field]).unwrap_or(&Value::Null);
            let (Some(schema), Some(table), Some(name)) =
                (cell(0).as_str(), cell(1).as_str(), cell(2).as_str())
            else {
                return Err("a row names no table or no column".to_owned());
            };
            if schema != self.schema || table != self.table {
                self.finish(&mut done);
                schema.clone_into(&mut self.schema);
                table.clone_into(&mut self.table);
            }
            let precision = number(cell(6)).and_then(|number| u32::try_from(number).ok());
            let scale = number(cell(7)).and_then(|number| i32::try_from(number).ok());
            let column = Column {
                name: name.to_owned(),
                data_type: data_type(
                    cell(4).as_str().unwrap_or_default(),
                    precision,
                    scale,
                    cell(8).as_str().unwrap_or_default(),
                ),
                // The contract vouches for no value of it; `NO` alone says something.
                nullable: (cell(5).as_str() == Some("NO")).then_some(false),
            };
            let ordinal = number(cell(3)).and_then(|number| u64::try_from(number).ok());
            self.columns.push((ordinal.unwrap_or(u64::MAX), column));
        }
        Ok(())
    }

    /// Hands out the table that was last begun.
    pub(super) fn finish(&mut self, done: &mut impl FnMut(&str, &str, Vec<Column>)) {
        if self.columns.is_empty() {
            return;
        }
        self.columns.sort_by_key(|(ordinal, _)| *ordinal);
        // Paging over a catalogue that changes can repeat a row.
        self.columns.dedup_by(|a, b| a.0 == b.0 && a.0 != u64::MAX && a.1.name == b.1.name);
        let columns = self.columns.drain(..).map(|(_, column)| column).collect();
        done(&self.schema, &self.table, columns);
    }
}

/// Numbers come as such or as text (contract §4.3).
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The type that a flat SQL name stands for; what is inside a nested one is not known here.
fn data_type(name: &str, precision: Option<u32>, scale: Option<i32>, interval: &str) -> DataType {
    match name.to_ascii_uppercase().as_str() {
        "BOOLEAN" => DataType::Boolean,
        "TINYINT" => DataType::TinyInt,
        "SMALLINT" => DataType::SmallInt,
        "INTEGER" | "INT" => DataType::Integer,
        "BIGINT" => DataType::BigInt,
        "FLOAT" | "REAL" => DataType::Float,
        "DOUBLE" | "DOUBLE PRECISION" => DataType::Double,
        "DECIMAL" | "NUMERIC" => DataType::Decimal { precision, scale },
        "CHARACTER VARYING" | "VARCHAR" | "CHARACTER" | "CHAR" => DataType::Varchar,
        "BINARY VARYING" | "VARBINARY" | "BINARY" => DataType::Varbinary,
        "DATE" => DataType::Date,
        "TIME" => DataType::Time,
        "TIMESTAMP" => DataType::Timestamp,
        "ROW" | "STRUCT" => DataType::Struct(None),
        "ARRAY" | "LIST" => DataType::List(None),
        "MAP" => DataType::Map(None),
        "UNION" => DataType::Union(Vec::new()),
        "NULL" | "OTHER" => DataType::Null,
        "INTERVAL YEAR TO MONTH" => DataType::IntervalYear,
        "INTERVAL DAY TO SECOND" => DataType::IntervalDay,
        "INTERVAL" if interval.to_ascii_uppercase().contains("YEAR") => DataType::IntervalYear,
        "INTERVAL" if !interval.is_empty() => DataType::IntervalDay,
        _ => DataType::Unknown(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn result(rows: Vec<Vec<Value>>) -> QueryResult {
        let columns = FIELDS.map(|name| Column {
            name: name.to_owned(),
            data_type: DataType::Varchar,
            nullable: None,
        });
        QueryResult {
            columns: columns.to_vec(),
            row_count: rows.len() as u64,
            rows,
            truncated: false,
        }
    }

    fn row(schema: &str, table: &str, column: &str, at: u64, data_type: &str) -> Vec<Value> {
        vec![
            json!(schema),
            json!(table),
            json!(column),
            json!(at),
            json!(data_type),
            json!("YES"),
            json!(10),
            json!("2"),
            Value::Null,
        ]
    }

    #[test]
    fn a_table_may_go_over_a_page() {
        let mut assembler = Assembler::default();
        let mut tables = Vec::new();
        let mut done = |schema: &str, table: &str, columns: Vec<Column>| {
            let columns: Vec<_> = columns.iter().map(|column| column.name.clone()).collect();
            tables.push(format!("{schema}|{table}|{}", columns.join(",")));
        };
        let page = vec![row("s", "a", "x", 1, "DATE"), row("s", "b", "z", 2, "DATE")];
        assembler.take(&result(page), &mut done).unwrap();
        let page = vec![row("s", "b", "y", 1, "DATE"), row("s.t", "b", "q", 1, "DATE")];
        assembler.take(&result(page), &mut done).unwrap();
        assembler.finish(&mut done);
        assert_eq!(tables, ["s|a|x", "s|b|y,z", "s.t|b|q"]);
    }

    #[test]
    fn lossy_types_are_mapped() {
        let of = |name| data_type(name, Some(10), Some(2), "");
        assert_eq!(of("CHARACTER VARYING"), DataType::Varchar);
        assert_eq!(of("BINARY VARYING"), DataType::Varbinary);
        assert_eq!(of("ROW"), DataType::Struct(None));
        assert_eq!(of("ARRAY"), DataType::List(None));
        assert_eq!(of("decimal"), DataType::Decimal { precision: Some(10), scale: Some(2) });
        assert_eq!(of("GEOMETRY"), DataType::Unknown("GEOMETRY".to_owned()));
        assert_eq!(data_type("INTERVAL", None, None, "DAY TO SECOND"), DataType::IntervalDay);
        assert_eq!(data_type("INTERVAL", None, None, "YEAR TO MONTH"), DataType::IntervalYear);
    }

    #[test]
    fn schemas_are_looked_up_and_never_taken_apart() {
        let catalog = crate::model::Catalog::new();
        let node = catalog.root().id();
        let mut names = Names::default();
        names.insert(&DatasetPath::new(["Samples", "samples.dremio.com", "T"]), node);
        names.insert(&DatasetPath::new(["@ada@example.com", "f", "v"]), node);
        names.insert(&DatasetPath::new(["a.b", "t"]), node);
        names.insert(&DatasetPath::new(["a", "b", "t"]), node);
        assert_eq!(names.find("samples.samples.dremio.com", "t"), Some(node));
        assert_eq!(names.find("\"@ada@example.com\".f", "v"), Some(node));
        assert_eq!(names.find("a.b", "t"), None, "it could be either");
        assert_eq!(names.find("x", "t"), None);
    }

    #[test]
    fn an_answer_without_its_columns_is_an_error() {
        let mut answer = result(vec![row("s", "a", "x", 1, "DATE")]);
        answer.columns.remove(0);
        assert!(Assembler::default().take(&answer, |_, _, _| ()).is_err());
    }

    #[test]
    fn literals_are_quoted() {
        let sql = statement(20_000, &["o'hara_1"]);
        assert!(sql.contains(r"= 'o''hara_1' OR TABLE_SCHEMA LIKE 'o''hara\_1.%' ESCAPE '\'"));
        assert!(sql.ends_with("LIMIT 10000 OFFSET 20000"));
        assert!(!statement(0, &[]).contains("WHERE"));
    }
}
