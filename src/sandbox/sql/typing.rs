//! The types that Dremio gives to what is computed: arithmetic, branches, casts.

use sqlparser::ast;

use crate::model::DataType;
use crate::sandbox::sql::scope::Typed;

/// A decimal type within Dremio's 38 digits; digits after the point give way first, down to 6.
pub(super) fn decimal(precision: i64, scale: i64) -> DataType {
    let (precision, scale) = if precision > 38 {
        (38, (scale - (precision - 38)).max(scale.min(6)))
    } else {
        (precision, scale)
    };
    DataType::Decimal {
        precision: u32::try_from(precision.max(1)).ok(),
        scale: i32::try_from(scale).ok(),
    }
}

/// Precision and scale of an exact number.
fn exact(data_type: &DataType) -> Option<(i64, i64)> {
    match data_type {
        DataType::Decimal { precision, scale } => {
            Some((i64::from(precision.unwrap_or(38)), i64::from(scale.unwrap_or(0))))
        }
        DataType::BigInt => Some((19, 0)),
        DataType::Integer | DataType::SmallInt | DataType::TinyInt => Some((10, 0)),
        _ => None,
    }
}

pub(super) fn is_integer(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::TinyInt | DataType::SmallInt | DataType::Integer | DataType::BigInt
    )
}

pub(super) fn is_number(data_type: &DataType) -> bool {
    exact(data_type).is_some() || matches!(data_type, DataType::Float | DataType::Double)
}

/// The type of `left operator right` for the four operations and `%`.
pub(super) fn arithmetic(operator: char, left: &DataType, right: &DataType) -> DataType {
    if is_integer(left) && is_integer(right) {
        return if *left == DataType::BigInt || *right == DataType::BigInt {
            DataType::BigInt
        } else {
            DataType::Integer
        };
    }
    let (Some((left_digits, left_scale)), Some((right_digits, right_scale))) =
        (exact(left), exact(right))
    else {
        return match (left, right) {
            (DataType::Null, other) | (other, DataType::Null) => other.clone(),
            _ => DataType::Double,
        };
    };
    match operator {
        '*' => decimal(left_digits + right_digits + 1, left_scale + right_scale),
        '/' => {
            let scale = (left_scale + right_digits + 1).max(6);
            decimal(left_digits - left_scale + right_scale + scale, scale)
        }
        '%' => decimal(left_digits.min(right_digits), left_scale.max(right_scale)),
        _ => {
            let scale = left_scale.max(right_scale);
            let whole = (left_digits - left_scale).max(right_digits - right_scale);
            decimal(whole + scale + 1, scale)
        }
    }
}

/// The type that holds values of both: of branches, of the sides of a UNION.
pub(super) fn common(left: &DataType, right: &DataType) -> DataType {
    match (left, right) {
        _ if left == right => left.clone(),
        (DataType::Null, other) | (other, DataType::Null) => other.clone(),
        (DataType::Date, DataType::Timestamp) | (DataType::Timestamp, DataType::Date) => {
            DataType::Timestamp
        }
        _ if is_integer(left) && is_integer(right) => arithmetic('+', left, right),
        _ if is_number(left) && is_number(right) => match (exact(left), exact(right)) {
            (Some((left_digits, left_scale)), Some((right_digits, right_scale))) => {
                let scale = left_scale.max(right_scale);
                let whole = (left_digits - left_scale).max(right_digits - right_scale);
                decimal(whole + scale, scale)
            }
            _ => DataType::Double,
        },
        (DataType::Varchar, _) | (_, DataType::Varchar) => DataType::Varchar,
        _ => left.clone(),
    }
}

/// The type that a cast names.
pub(super) fn named(data_type: &ast::DataType) -> Result<DataType, String> {
    use ast::DataType as Named;
    Ok(match data_type {
        Named::Varchar(_) | Named::Char(_) | Named::CharacterVarying(_) | Named::Character(_) => {
            DataType::Varchar
        }
        Named::Varbinary(_) | Named::Binary(_) => DataType::Varbinary,
        Named::Timestamp(..) | Named::Datetime(_) => DataType::Timestamp,
        Named::Time(..) => DataType::Time,
        Named::Float(_) | Named::Real => DataType::Float,
        Named::Double(_) | Named::DoublePrecision => DataType::Double,
        Named::Decimal(info) | Named::Numeric(info) | Named::Dec(info) => match info {
            ast::ExactNumberInfo::PrecisionAndScale(precision, scale) => {
                decimal(i64::try_from(*precision).unwrap_or(38), *scale)
            }
            ast::ExactNumberInfo::Precision(precision) => {
                decimal(i64::try_from(*precision).unwrap_or(38), 0)
            }
            ast::ExactNumberInfo::None => decimal(38, 0),
        },
        other => match other.to_string().parse::<DataType>() {
            Ok(DataType::Unknown(name)) => {
                return Err(format!("VALIDATION ERROR: Unknown datatype name '{name}'"));
            }
            Ok(data_type) => data_type,
            Err(_) => return Err(format!("VALIDATION ERROR: Unknown datatype name '{other}'")),
        },
    })
}

/// `value` as a value of another type.
pub(super) fn cast(value: &Typed, to: &DataType) -> Typed {
    let sql = &value.sql;
    let from = &value.data_type;
    if from == to {
        return value.clone();
    }
    let cast = match to {
        DataType::Boolean => format!("dx_boolean({sql})"),
        to if is_integer(to) && !is_integer(from) => format!("dx_integer({sql})"),
        DataType::Float | DataType::Double => format!("dx_double({sql})"),
        DataType::Decimal { scale, .. } => {
            format!("round(dx_double({sql}), {})", scale.unwrap_or(0))
        }
        DataType::Varchar => match from {
            DataType::Boolean => format!("CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"),
            DataType::Decimal { scale, .. } => {
                format!("dx_decimal_text({sql}, {})", scale.unwrap_or(0))
            }
            _ => format!("CAST({sql} AS TEXT)"),
        },
        DataType::Date => format!("dx_date({sql})"),
        DataType::Timestamp => format!("dx_timestamp({sql})"),
        DataType::Time => format!("dx_time({sql})"),
        _ => sql.clone(),
    };
    Typed::new(cast, to.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> DataType {
        text.parse().expect("a type")
    }

    #[test]
    fn follows_the_rules_of_exact_numbers() {
        let typed = |op, left, right| arithmetic(op, &read(left), &read(right)).to_string();
        assert_eq!(typed('*', "DECIMAL(10,2)", "INTEGER"), "DECIMAL(21,2)");
        assert_eq!(typed('+', "DECIMAL(10,2)", "DECIMAL(12,4)"), "DECIMAL(13,4)");
        assert_eq!(typed('/', "DECIMAL(38,2)", "BIGINT"), "DECIMAL(38,6)");
        assert_eq!(typed('-', "INTEGER", "BIGINT"), "BIGINT");
        assert_eq!(typed('*', "DECIMAL(10,2)", "DOUBLE"), "DOUBLE");
        assert_eq!(common(&read("INTEGER"), &read("DECIMAL(5,2)")).to_string(), "DECIMAL(12,2)");
        assert_eq!(common(&DataType::Null, &DataType::Date), DataType::Date);
    }
}
