//! Columns and their types as Dremio's JSON has them, in entities and in job results (contract §3.2).

use serde_json::{Map, Value, json};

use crate::model::DataType;

/// `{"name":…,"type":…}`
pub(super) fn field(name: &str, data_type: &DataType) -> Value {
    json!({"name": name, "type": type_of(data_type)})
}

fn unnamed(data_type: &DataType) -> Value {
    json!({"type": type_of(data_type)})
}

fn type_of(data_type: &DataType) -> Value {
    let mut wire = Map::new();
    // The null type is the only one that the wire names differently.
    let name = if *data_type == DataType::Null { "OTHER" } else { data_type.base_name() };
    wire.insert("name".to_owned(), name.into());
    let parts = match data_type {
        DataType::Decimal { precision, scale } => {
            if let Some(precision) = precision {
                wire.insert("precision".to_owned(), (*precision).into());
                wire.insert("scale".to_owned(), scale.unwrap_or(0).into());
            }
            None
        }
        DataType::Struct(Some(fields)) => {
            Some(fields.iter().map(|part| field(&part.name, &part.data_type)).collect())
        }
        DataType::List(Some(element)) => Some(vec![unnamed(element)]),
        DataType::Map(Some(entry)) => {
            let parts = [field("key", &entry.0), field("value", &entry.1)];
            Some(vec![json!({"type": {"name": "STRUCT", "subSchema": parts}})])
        }
        DataType::Union(types) => Some(types.iter().map(unnamed).collect()),
        _ => None,
    };
    if let Some(parts) = parts {
        wire.insert("subSchema".to_owned(), Value::Array(parts));
    }
    Value::Object(wire)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_types_as_the_contract_does() {
        let wire = |text: &str| field("c", &text.parse().unwrap())["type"].to_string();
        assert_eq!(wire("VARCHAR"), r#"{"name":"VARCHAR"}"#);
        assert_eq!(wire("DECIMAL(10,2)"), r#"{"name":"DECIMAL","precision":10,"scale":2}"#);
        assert_eq!(wire("OTHER"), r#"{"name":"OTHER"}"#);
        assert_eq!(wire("LIST"), r#"{"name":"LIST"}"#);
        assert_eq!(
            wire("LIST<VARCHAR>"),
            r#"{"name":"LIST","subSchema":[{"type":{"name":"VARCHAR"}}]}"#
        );
        assert_eq!(
            wire("STRUCT<zip: VARCHAR>"),
            r#"{"name":"STRUCT","subSchema":[{"name":"zip","type":{"name":"VARCHAR"}}]}"#
        );
        assert_eq!(
            wire("UNION<BIGINT, VARCHAR>"),
            r#"{"name":"UNION","subSchema":[{"type":{"name":"BIGINT"}},{"type":{"name":"VARCHAR"}}]}"#
        );
        let map = concat!(
            r#"{"name":"MAP","subSchema":[{"type":{"name":"STRUCT","subSchema":["#,
            r#"{"name":"key","type":{"name":"VARCHAR"}},"#,
            r#"{"name":"value","type":{"name":"BIGINT"}}]}}]}"#
        );
        assert_eq!(wire("MAP<VARCHAR, BIGINT>"), map);
    }
}
