//! Column types over the wire (contract §3.2); job results use the same form.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::model::{Column, DataType, Field};

/// A column, or a part of a nested type, which then often has no name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FieldWire {
    name: Option<String>,
    r#type: Option<TypeWire>,
    is_nullable: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum TypeWire {
    Full(FullTypeWire),
    Name(String),
    Other(IgnoredAny),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FullTypeWire {
    name: Option<String>,
    precision: Option<u32>,
    scale: Option<i32>,
    sub_schema: Option<Vec<FieldWire>>,
}

/// The columns of a schema, in order.
pub(super) fn columns(fields: Vec<FieldWire>) -> Vec<Column> {
    fields
        .into_iter()
        .map(|field| Column {
            name: field.name.unwrap_or_default(),
            data_type: data_type(field.r#type),
            nullable: field.is_nullable,
        })
        .collect()
}

fn data_type(wire: Option<TypeWire>) -> DataType {
    let wire = match wire {
        Some(TypeWire::Full(full)) => full,
        Some(TypeWire::Name(name)) => {
            FullTypeWire { name: Some(name), precision: None, scale: None, sub_schema: None }
        }
        Some(TypeWire::Other(_)) | None => return DataType::Unknown(String::new()),
    };
    let name = wire.name.unwrap_or_default();
    let parts = wire.sub_schema;
    match name.to_ascii_uppercase().as_str() {
        "BOOLEAN" => DataType::Boolean,
        "TINYINT" => DataType::TinyInt,
        "SMALLINT" => DataType::SmallInt,
        "INTEGER" | "INT" => DataType::Integer,
        "BIGINT" => DataType::BigInt,
        "FLOAT" => DataType::Float,
        "DOUBLE" => DataType::Double,
        "DECIMAL" => DataType::Decimal { precision: wire.precision, scale: wire.scale },
        "VARCHAR" => DataType::Varchar,
        "VARBINARY" | "BINARY" => DataType::Varbinary,
        "DATE" => DataType::Date,
        "TIME" => DataType::Time,
        "TIMESTAMP" => DataType::Timestamp,
        "INTERVAL DAY TO SECOND" => DataType::IntervalDay,
        "INTERVAL YEAR TO MONTH" => DataType::IntervalYear,
        "STRUCT" | "ROW" => DataType::Struct(parts.map(|parts| {
            parts
                .into_iter()
                .map(|part| Field {
                    name: part.name.unwrap_or_default(),
                    data_type: data_type(part.r#type),
                })
                .collect()
        })),
        "LIST" | "ARRAY" => DataType::List(
            parts
                .and_then(|parts| parts.into_iter().next())
                .map(|element| Box::new(data_type(element.r#type))),
        ),
        "MAP" => DataType::Map(parts.and_then(map_entry).map(Box::new)),
        "UNION" => DataType::Union(
            parts.unwrap_or_default().into_iter().map(|part| data_type(part.r#type)).collect(),
        ),
        "OTHER" | "NULL" => DataType::Null,
        _ => DataType::Unknown(name),
    }
}

/// Key and value by position: their names differ by origin. They stand inside a STRUCT, or directly
/// in the MAP.
fn map_entry(parts: Vec<FieldWire>) -> Option<(DataType, DataType)> {
    let mut parts = parts.into_iter();
    let first = parts.next()?;
    if let Some(second) = parts.next() {
        return Some((data_type(first.r#type), data_type(second.r#type)));
    }
    match first.r#type {
        Some(TypeWire::Full(FullTypeWire { sub_schema: Some(entry), .. })) => {
            let mut entry = entry.into_iter();
            Some((data_type(entry.next()?.r#type), data_type(entry.next()?.r#type)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn shown(json: &str) -> String {
        let field: FieldWire = serde_json::from_str(json).expect("a field");
        columns(vec![field]).remove(0).data_type.to_string()
    }

    #[rstest]
    #[case(r#"{"name":"a","type":{"name":"BOOLEAN"}}"#, "BOOLEAN")]
    #[case(r#"{"name":"a","type":{"name":"bigint"}}"#, "BIGINT")]
    #[case(r#"{"name":"a","type":{"name":"DECIMAL","precision":38,"scale":9}}"#, "DECIMAL(38,9)")]
    #[case(r#"{"name":"a","type":{"name":"DECIMAL"}}"#, "DECIMAL")]
    #[case(r#"{"name":"a","type":{"name":"BINARY"}}"#, "VARBINARY")]
    #[case(r#"{"name":"a","type":{"name":"INTERVAL DAY TO SECOND"}}"#, "INTERVAL DAY TO SECOND")]
    #[case(r#"{"name":"a","type":{"name":"OTHER"}}"#, "NULL")]
    #[case(r#"{"name":"a","type":{"name":"GEOMETRY"}}"#, "GEOMETRY")]
    #[case(r#"{"name":"a","type":"VARCHAR"}"#, "VARCHAR")]
    #[case(r#"{"name":"a","type":7}"#, "")]
    #[case(
        r#"{"name":"a","type":{"name":"STRUCT","subSchema":[{"name":"zip","type":{"name":"VARCHAR"}}]}}"#,
        "STRUCT<zip: VARCHAR>"
    )]
    #[case(r#"{"name":"a","type":{"name":"STRUCT"}}"#, "STRUCT")]
    #[case(
        r#"{"name":"a","type":{"name":"LIST","subSchema":[{"type":{"name":"DATE"}}]}}"#,
        "LIST<DATE>"
    )]
    #[case(r#"{"name":"a","type":{"name":"LIST"}}"#, "LIST")]
    #[case(
        r#"{"name":"a","type":{"name":"MAP","subSchema":[{"type":{"name":"STRUCT","subSchema":[
            {"name":"k","type":{"name":"VARCHAR"}},{"name":"v","type":{"name":"BIGINT"}}]}}]}}"#,
        "MAP<VARCHAR, BIGINT>"
    )]
    #[case(
        r#"{"name":"a","type":{"name":"MAP","subSchema":[{"type":{"name":"VARCHAR"}},{"type":{"name":"DATE"}}]}}"#,
        "MAP<VARCHAR, DATE>"
    )]
    #[case(r#"{"name":"a","type":{"name":"MAP","subSchema":[]}}"#, "MAP")]
    #[case(
        r#"{"name":"a","type":{"name":"UNION","subSchema":[{"type":{"name":"BIGINT"}},{"type":{"name":"VARCHAR"}}]}}"#,
        "UNION<BIGINT, VARCHAR>"
    )]
    fn reads_types(#[case] json: &str, #[case] expected: &str) {
        assert_eq!(shown(json), expected);
    }

    #[test]
    fn keeps_columns_of_the_same_and_of_no_name() {
        let fields: Vec<FieldWire> = serde_json::from_str(
            r#"[{"name":"ID","type":{"name":"DATE"},"isNullable":false},{"name":"id","type":{"name":"DATE"}},{}]"#,
        )
        .expect("fields");
        let columns = columns(fields);
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["ID", "id", ""]);
        assert_eq!(columns[0].nullable, Some(false));
        assert_eq!(columns[1].nullable, None);
    }
}
