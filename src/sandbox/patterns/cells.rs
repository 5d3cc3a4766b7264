//! Cells of the tables that [`PatternEngine`](super::PatternEngine) serves.

use serde_json::Value;

use crate::model::DataType;

/// What follows the name in `COLUMNS`, in its lossy way (contract §4.4).
pub(super) fn column_row(position: usize, data_type: &DataType) -> Vec<Value> {
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
pub(super) fn value(
    name: &str,
    data_type: &DataType,
    seed: u32,
    row: usize,
    column: usize,
) -> Value {
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
