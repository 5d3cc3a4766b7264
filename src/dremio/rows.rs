//! Job results over the wire, every digit kept (contract §4.3).
//!
//! Numbers are read from their text: a parser that goes through `f64` would change decimals and
//! large integers.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::sql::ResultPage;
use super::types::{FieldWire, columns};
use crate::http::{Answer, NotJson};
use crate::model::{Column, DataType};

/// Deeper values are shown as their text.
const DEEPEST: u32 = 64;
/// Digits that `f64` carries without loss.
const EXACT_DIGITS: usize = 15;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultsWire<'a> {
    row_count: Option<u64>,
    schema: Option<Vec<FieldWire>>,
    #[serde(borrow)]
    rows: Option<Vec<Pairs<'a>>>,
}

/// A JSON object with its order and its values' text.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

pub(super) fn read_page(answer: &Answer) -> Result<ResultPage, NotJson> {
    let wire: ResultsWire<'_> = answer.json()?;
    let mut columns: Vec<Column> = Vec::new();
    let mut names = rustc_hash::FxHashSet::default();
    for column in self::columns(wire.schema.unwrap_or_default()) {
        // In a row object columns of the same name are one.
        if names.insert(column.name.clone()) {
            columns.push(column);
        }
    }
    let raw = wire.rows.unwrap_or_default();
    let row_count = wire.row_count.unwrap_or(raw.len() as u64);
    let rows = raw.into_iter().map(|row| row.in_order(&columns)).collect();
    Ok(ResultPage { row_count, columns, rows })
}

impl Pairs<'_> {
    fn in_order(&self, columns: &[Column]) -> Vec<Value> {
        let mut cursor = 0;
        columns
            .iter()
            .map(|column| {
                // Rows mostly have the schema's order: go on from the last find.
                let (before, after) = self.0.split_at(cursor.min(self.0.len()));
                let found = after
                    .iter()
                    .position(|(name, _)| *name == column.name)
                    .map(|at| at + before.len())
                    .or_else(|| before.iter().position(|(name, _)| *name == column.name));
                match found {
                    Some(at) => {
                        cursor = at + 1;
                        exact(self.0[at].1, Some(&column.data_type), 0)
                    }
                    None => Value::Null,
                }
            })
            .collect()
    }
}

/// A value with every digit: integers as numbers, decimals as text.
fn exact(raw: &RawValue, data_type: Option<&DataType>, depth: u32) -> Value {
    let text = raw.get();
    let as_text = || Value::String(text.to_owned());
    if depth > DEEPEST {
        return as_text();
    }
    match text.as_bytes().first() {
        Some(b'{') => match serde_json::from_str::<Pairs<'_>>(text) {
            Ok(pairs) => {
                let mut object = Map::new();
                for (name, value) in pairs.0 {
                    let part = match data_type {
                        Some(DataType::Struct(Some(fields))) => fields
                            .iter()
                            .find(|field| field.name == name)
                            .map(|field| &field.data_type),
                        Some(DataType::Map(Some(entry))) => Some(&entry.1),
                        _ => None,
                    };
                    object.insert(name, exact(value, part, depth + 1));
                }
                Value::Object(object)
            }
            Err(_) => as_text(),
        },
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(elements) => {
                let part = match data_type {
                    Some(DataType::List(Some(element))) => Some(&**element),
                    _ => None,
                };
                Value::Array(elements.into_iter().map(|raw| exact(raw, part, depth + 1)).collect())
            }
            Err(_) => as_text(),
        },
        Some(b'-' | b'0'..=b'9') => number(text, data_type),
        _ => serde_json::from_str(text).unwrap_or_else(|_| as_text()),
    }
}

fn number(text: &str, data_type: Option<&DataType>) -> Value {
    if matches!(data_type, Some(DataType::Decimal { .. })) {
        return Value::String(text.to_owned());
    }
    if let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    if let Ok(number) = text.parse::<u64>() {
        return number.into();
    }
    let is_float = matches!(data_type, Some(DataType::Double | DataType::Float));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.parse::<f64>()
        .ok()
        .filter(|_| is_float || digits <= EXACT_DIGITS)
        .and_then(Number::from_f64)
        .map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn page(json: &str) -> ResultPage {
        let answer = Answer {
            status: 200,
            content_type: Some("application/json".to_owned()),
            location: None,
            retry_after: None,
            body: Bytes::copy_from_slice(json.as_bytes()),
        };
        read_page(&answer).expect("a page")
    }

    #[test]
    fn keeps_every_digit() {
        let page = page(
            r#"{"rowCount":1,"schema":[
                {"name":"big","type":{"name":"BIGINT"}},
                {"name":"price","type":{"name":"DECIMAL","precision":38,"scale":10}},
                {"name":"ratio","type":{"name":"DOUBLE"}},
                {"name":"deep","type":{"name":"STRUCT","subSchema":[
                    {"name":"p","type":{"name":"DECIMAL"}},{"name":"l","type":{"name":"LIST","subSchema":[{"type":{"name":"DECIMAL"}}]}}]}},
                {"name":"m","type":{"name":"MAP"}},
                {"name":"odd","type":{"name":"GEOMETRY"}}],
             "rows":[{"big":9223372036854775807,"price":12345678901234567890.1234567890,"ratio":0.1,
                "deep":{"p":1.10,"l":[2.50,null]},"m":{"k":18446744073709551615},"odd":0.12345678901234567890}]}"#,
        );
        assert_eq!(
            page.rows[0],
            [
                json!(9_223_372_036_854_775_807_i64),
                json!("12345678901234567890.1234567890"),
                json!(0.1),
                json!({"p":"1.10","l":["2.50",null]}),
                json!({"k":18_446_744_073_709_551_615_u64}),
                json!("0.12345678901234567890"),
            ]
        );
    }

    #[test]
    fn columns_come_in_the_order_of_the_schema() {
        let page = page(
            r#"{"rowCount":7,"schema":[{"name":"a","type":{"name":"INTEGER"}},{"name":"b","type":{"name":"VARCHAR"}},
                {"name":"a","type":{"name":"INTEGER"}},{"name":"c","type":{"name":"DATE"}}],
                "rows":[{"b":"x","a":1},{"c":"2020-01-31","a":null,"b":"\u00e9"}]}"#,
        );
        let names: Vec<_> = page.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"], "columns of one name collapse");
        assert_eq!(page.rows[0], [json!(1), json!("x"), json!(null)]);
        assert_eq!(page.rows[1], [json!(null), json!("é"), json!("2020-01-31")]);
        assert_eq!(page.row_count, 7);
    }

    #[test]
    fn a_bottomless_value_is_text() {
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        let page = page(&format!(
            r#"{{"schema":[{{"name":"a","type":{{"name":"LIST"}}}}],"rows":[{{"a":{deep}}}]}}"#
        ));
        let mut value = &page.rows[0][0];
        let mut depth = 0;
        while let Value::Array(elements) = value {
            value = &elements[0];
            depth += 1;
        }
        assert_eq!(depth, DEEPEST + 1);
        assert!(value.is_string());
    }
}
