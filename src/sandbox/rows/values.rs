//! Made-up numbers, moments and texts as values of a column's type.

use serde_json::Value;

use crate::model::DataType;
use crate::sandbox::calendar;

pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Letters of an address: `Müller` → `mueller`, `de Vries` → `devries`.
pub(super) fn plain_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.to_lowercase().chars() {
        match c {
            'ä' => out.push_str("ae"),
            'ö' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'é' | 'è' => out.push('e'),
            'á' | 'à' => out.push('a'),
            'í' => out.push('i'),
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ => {}
        }
    }
    out
}

#[expect(clippy::cast_possible_truncation, reason = "made-up numbers are far below 2^52")]
pub(super) fn number_value(number: f64, data_type: &DataType) -> Value {
    match data_type {
        DataType::Decimal { scale, .. } => {
            let factor = 10_f64.powi(scale.unwrap_or(0));
            Value::from((number * factor).round() / factor)
        }
        DataType::Float | DataType::Double => {
            Value::from((number * 1_000_000.0).round() / 1_000_000.0)
        }
        _ => Value::from(number.floor() as i64),
    }
}

pub(super) fn moment_value(millis: i64, data_type: &DataType) -> Value {
    Value::from(match data_type {
        DataType::Timestamp => calendar::timestamp_text(millis),
        DataType::Time => calendar::time_text(millis.rem_euclid(calendar::DAY)),
        _ => calendar::date_text(millis),
    })
}

/// A recipe's numbers are fine as text where the column holds text.
pub(super) fn fitted(value: Value, data_type: &DataType) -> Value {
    match (&value, data_type) {
        (Value::Number(number), DataType::Varchar) => Value::from(number.to_string()),
        _ => value,
    }
}
