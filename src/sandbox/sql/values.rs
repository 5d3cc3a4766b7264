//! Values between JSON, as catalogue files and answers hold them (contract §4.3), and the engine.

use rusqlite::types::{Value as Stored, ValueRef};
use serde_json::{Number, Value};

use crate::model::DataType;

/// How the engine holds a value of a column: numbers with a fraction as REAL whatever they look
/// like, so that division does not become whole-number division; nested values as JSON text.
pub(super) fn to_engine(value: &Value, data_type: &DataType) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Bool(flag) => Stored::Integer(i64::from(*flag)),
        Value::Number(number) => {
            let real =
                matches!(data_type, DataType::Decimal { .. } | DataType::Float | DataType::Double);
            match number.as_i64() {
                Some(integer) if !real => Stored::Integer(integer),
                _ => number.as_f64().map_or(Stored::Null, Stored::Real),
            }
        }
        Value::String(text) => Stored::Text(text.clone()),
        nested => Stored::Text(nested.to_string()),
    }
}

/// A value of the engine as a job's result shows it.
pub(super) fn to_json(value: ValueRef<'_>, data_type: &DataType) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => match data_type {
            DataType::Boolean => Value::Bool(integer != 0),
            DataType::Float | DataType::Double | DataType::Decimal { scale: Some(1..), .. } => {
                real(whole(integer), None)
            }
            DataType::Varchar => Value::from(integer.to_string()),
            _ => Value::from(integer),
        },
        ValueRef::Real(number) => match data_type {
            DataType::Decimal { scale: Some(0), .. }
            | DataType::TinyInt
            | DataType::SmallInt
            | DataType::Integer
            | DataType::BigInt => integer_of(number),
            DataType::Decimal { scale, .. } => real(number, *scale),
            DataType::Varchar => Value::from(number.to_string()),
            _ => real(number, None),
        },
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let nested = matches!(
                data_type,
                DataType::Struct(_)
                    | DataType::List(_)
                    | DataType::Map(_)
                    | DataType::Union(_)
                    | DataType::Unknown(_)
            );
            if nested && let Ok(value) = serde_json::from_str(&text) {
                return value;
            }
            Value::from(text.into_owned())
        }
        ValueRef::Blob(bytes) => {
            use base64::Engine as _;
            Value::from(base64::engine::general_purpose::STANDARD.encode(bytes))
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a column that shows doubles was asked for")]
fn whole(integer: i64) -> f64 {
    integer as f64
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is what is wanted")]
fn integer_of(number: f64) -> Value {
    Value::from(number.round() as i64)
}

/// The number, rounded to `scale` digits so that sums of cents show as cents.
fn real(number: f64, scale: Option<i32>) -> Value {
    let number = match scale {
        Some(scale) if scale <= 15 => {
            let factor = 10_f64.powi(scale);
            let scaled = number * factor;
            // Beyond 2^53 there is no fraction left to round.
            if scaled.abs() < 9e15 { scaled.round() / factor } else { number }
        }
        _ => number,
    };
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shows_values_by_their_type() {
        let decimal = DataType::Decimal { precision: Some(10), scale: Some(2) };
        assert_eq!(to_json(ValueRef::Real(0.1 + 0.2), &decimal), json!(0.3));
        assert_eq!(to_json(ValueRef::Integer(1), &DataType::Boolean), json!(true));
        assert_eq!(to_json(ValueRef::Text(b"[1,2]"), &DataType::List(None)), json!([1, 2]));
        assert_eq!(to_json(ValueRef::Text(b"[1,2]"), &DataType::Varchar), json!("[1,2]"));
        assert_eq!(to_json(ValueRef::Real(7.0), &DataType::BigInt), json!(7));
        assert_eq!(to_json(ValueRef::Blob(b"\x01\x02"), &DataType::Varbinary), json!("AQI="));
        assert_eq!(to_engine(&json!(20), &decimal), Stored::Real(20.0));
        assert_eq!(
            to_engine(&json!({"a": 1}), &DataType::Struct(None)),
            Stored::Text("{\"a\":1}".into())
        );
    }
}
