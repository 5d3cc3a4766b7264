//! Column types as Dremio has them, with the whole nested tree (contract §3.2).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A type of a column or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    /// `BOOLEAN`
    Boolean,
    /// `TINYINT`
    TinyInt,
    /// `SMALLINT`
    SmallInt,
    /// `INTEGER`
    Integer,
    /// `BIGINT`
    BigInt,
    /// `FLOAT`
    Float,
    /// `DOUBLE`
    Double,
    /// `DECIMAL(p,s)`; both absent where the server did not say.
    Decimal {
        /// Digits in all.
        precision: Option<u32>,
        /// Digits after the point.
        scale: Option<i32>,
    },
    /// `VARCHAR`; Dremio gives no length.
    Varchar,
    /// `VARBINARY`
    Varbinary,
    /// `DATE`
    Date,
    /// `TIME`
    Time,
    /// `TIMESTAMP`
    Timestamp,
    /// `INTERVAL DAY TO SECOND`
    IntervalDay,
    /// `INTERVAL YEAR TO MONTH`
    IntervalYear,
    /// `STRUCT`; the fields are absent where only a flat type name is known.
    Struct(Option<Vec<Field>>),
    /// `LIST`; the element is absent for fixed-size lists and flat type names.
    List(Option<Box<DataType>>),
    /// `MAP` of key and value; absent where only a flat type name is known.
    Map(Option<Box<(DataType, DataType)>>),
    /// `UNION` of these types.
    Union(Vec<DataType>),
    /// `OTHER`: the type of a column that holds nothing but nulls.
    Null,
    /// A type that this program does not know, as the server spells it.
    Unknown(String),
}

/// A named part of a [`DataType::Struct`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Field {
    /// The name; anything, also empty.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub data_type: DataType,
}

/// A column of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Column {
    /// The name; anything, also empty, and not always unique.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// Whether nulls can occur; `None` where the server does not say (the usual case).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nullable: Option<bool>,
}

impl DataType {
    /// The name without what is inside: `STRUCT`, `DECIMAL`, `LIST`.
    pub fn base_name(&self) -> &str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::TinyInt => "TINYINT",
            Self::SmallInt => "SMALLINT",
            Self::Integer => "INTEGER",
            Self::BigInt => "BIGINT",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Decimal { .. } => "DECIMAL",
            Self::Varchar => "VARCHAR",
            Self::Varbinary => "VARBINARY",
            Self::Date => "DATE",
            Self::Time => "TIME",
            Self::Timestamp => "TIMESTAMP",
            Self::IntervalDay => "INTERVAL DAY TO SECOND",
            Self::IntervalYear => "INTERVAL YEAR TO MONTH",
            Self::Struct(_) => "STRUCT",
            Self::List(_) => "LIST",
            Self::Map(_) => "MAP",
            Self::Union(_) => "UNION",
            Self::Null => "NULL",
            Self::Unknown(name) => name,
        }
    }

    /// The parts that a reader can unfold, named for display: struct fields, a list's `element`,
    /// a map's `key` and `value`, a union's alternatives.
    pub fn children(&self) -> Vec<(String, &DataType)> {
        match self {
            Self::Struct(Some(fields)) => {
                fields.iter().map(|field| (field.name.clone(), &field.data_type)).collect()
            }
            Self::List(Some(element)) => vec![("element".to_owned(), element)],
            Self::Map(Some(entry)) => {
                vec![("key".to_owned(), &entry.0), ("value".to_owned(), &entry.1)]
            }
            Self::Union(types) => types
                .iter()
                .enumerate()
                .map(|(index, data_type)| (format!("option {}", index + 1), data_type))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Whether there is something inside to unfold.
    pub fn is_nested(&self) -> bool {
        match self {
            Self::Struct(fields) => fields.as_ref().is_some_and(|fields| !fields.is_empty()),
            Self::List(element) => element.is_some(),
            Self::Map(entry) => entry.is_some(),
            Self::Union(types) => !types.is_empty(),
            _ => false,
        }
    }
}

impl fmt::Display for DataType {
    /// The whole type on one line: `STRUCT<zip: VARCHAR, geo: LIST<DOUBLE>>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal { precision: Some(precision), scale } => {
                write!(f, "DECIMAL({precision},{})", scale.unwrap_or(0))
            }
            Self::Struct(Some(fields)) => {
                f.write_str("STRUCT<")?;
                for (index, field) in fields.iter().enumerate() {
                    let separator = if index > 0 { ", " } else { "" };
                    write!(f, "{separator}{}: {}", field.name, field.data_type)?;
                }
                f.write_str(">")
            }
            Self::List(Some(element)) => write!(f, "LIST<{element}>"),
            Self::Map(Some(entry)) => write!(f, "MAP<{}, {}>", entry.0, entry.1),
            Self::Union(types) if !types.is_empty() => {
                f.write_str("UNION<")?;
                for (index, data_type) in types.iter().enumerate() {
                    let separator = if index > 0 { ", " } else { "" };
                    write!(f, "{separator}{data_type}")?;
                }
                f.write_str(">")
            }
            other => f.write_str(other.base_name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_the_nested_tree_on_one_line() {
        let geo = Field {
            name: "geo".to_owned(),
            data_type: DataType::List(Some(Box::new(DataType::Double))),
        };
        let price = Field {
            name: "price".to_owned(),
            data_type: DataType::Decimal { precision: Some(10), scale: Some(2) },
        };
        let data_type = DataType::Struct(Some(vec![geo, price]));
        assert_eq!(data_type.to_string(), "STRUCT<geo: LIST<DOUBLE>, price: DECIMAL(10,2)>");
        assert_eq!(DataType::Struct(None).to_string(), "STRUCT");
        assert!(!DataType::List(None).is_nested());
    }
}
