//! What a column holds, as the catalogue file says it in a word or two.

use serde_json::Value;

use crate::model::{DataType, DatasetPath};
use crate::sandbox::calendar;

/// Why a recipe cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column:?}: {problem}")]
pub struct RecipeError {
    column: String,
    problem: String,
}

impl RecipeError {
    pub(super) fn new(column: &str, problem: impl Into<String>) -> Self {
        Self { column: column.to_owned(), problem: problem.into() }
    }
}

/// What a column, a list's element or a field holds.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    /// How often there is nothing, from 0 to 1.
    pub(super) missing: f64,
    pub(super) maker: Maker,
}

/// How values lie in their range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Anywhere alike.
    Even,
    /// Mostly near the start.
    Low,
    /// Mostly near the end.
    High,
    /// From start to end over the rows.
    Rising,
    /// From start to end, ever denser.
    Growing,
    /// For references: row by row.
    InOrder,
}

impl Shape {
    fn read(word: Option<&str>) -> Result<Self, String> {
        Ok(match word {
            None => Self::Even,
            Some("low") => Self::Low,
            Some("high") => Self::High,
            Some("rising") => Self::Rising,
            Some("growing") => Self::Growing,
            Some("in_order") => Self::InOrder,
            Some(other) => return Err(format!("{other:?} is no shape of a range")),
        })
    }
}

/// A span of time to add, in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Gap {
    pub(super) from: i64,
    pub(super) to: i64,
}

#[derive(Clone, Debug)]
pub(super) enum Maker {
    Constant(Value),
    Serial(i64),
    Code {
        before: String,
        digits: usize,
        after: String,
        first: i64,
    },
    /// `cents`: two digits after the point also where the type has no scale.
    Number {
        from: f64,
        to: f64,
        shape: Shape,
        cents: bool,
    },
    Moment {
        from: i64,
        to: i64,
        shape: Shape,
    },
    Pick(Vec<(Value, f64)>),
    Cycle(Vec<Value>),
    Reference {
        path: DatasetPath,
        column: String,
        shape: Shape,
    },
    Same {
        path: DatasetPath,
        column: String,
        gap: Option<Gap>,
    },
    Copy {
        column: String,
        gap: Option<Gap>,
    },
    Product(String, String),
    /// Of the rows of another table that have the same `key`.
    Sum {
        path: DatasetPath,
        column: String,
        key: String,
    },
    ByColumn {
        column: String,
        cases: Vec<(String, Value)>,
        otherwise: Value,
    },
    Word {
        list: String,
        column: Option<String>,
    },
    Text(String),
    Hex(usize),
    Chance(f64),
    List {
        from: usize,
        to: usize,
        of: Box<Recipe>,
    },
    Struct(Vec<(String, Recipe)>),
    Json(Box<Recipe>, DataType),
}

impl Recipe {
    pub(super) fn read(column: &str, value: &Value) -> Result<Self, RecipeError> {
        Self::from_value(value).map_err(|problem| RecipeError::new(column, problem))
    }

    fn always(maker: Maker) -> Self {
        Self { missing: 0.0, maker }
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Self::from_text(text),
            Value::Object(object) => {
                let inner = |key: &str| {
                    Self::from_value(object.get(key).ok_or(format!("{key:?} is missing"))?)
                };
                let missing = object.get("missing").and_then(Value::as_f64).unwrap_or(0.0);
                let maker = if let Some(fields) = object.get("struct").and_then(Value::as_object) {
                    let read = |(name, value): (&String, &Value)| {
                        Ok((name.clone(), Self::from_value(value)?))
                    };
                    Maker::Struct(fields.iter().map(read).collect::<Result<_, String>>()?)
                } else if let Some([from, to]) =
                    object.get("list").and_then(Value::as_array).map(Vec::as_slice)
                {
                    let length = |value: &Value| {
                        let number = value.as_u64().and_then(|n| usize::try_from(n).ok());
                        number.ok_or("a list needs its shortest and longest length")
                    };
                    let (from, to) = (length(from)?, length(to)?);
                    if from > to {
                        return Err("a list's shortest length is above its longest".to_owned());
                    }
                    Maker::List { from, to, of: Box::new(inner("of")?) }
                } else if let Some(data_type) = object.get("type").and_then(Value::as_str) {
                    let data_type = data_type.parse::<DataType>().map_err(|e| e.to_string())?;
                    Maker::Json(Box::new(inner("json")?), data_type)
                } else {
                    return Err("one of struct, list or json is missing".to_owned());
                };
                Ok(Self { missing, maker })
            }
            other => Ok(Self::always(Maker::Constant(other.clone()))),
        }
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        if verb == "maybe" {
            let (share, rest) = rest.split_once(' ').ok_or("maybe needs a share and a recipe")?;
            let missing = share.parse::<f64>().map_err(|_| format!("{share:?} is no share"))?;
            return Ok(Self { missing, ..Self::from_text(rest)? });
        }
        Ok(Self::always(Maker::read(verb, rest.trim())?))
    }

    /// What a column most likely holds.
    pub(super) fn guess(name: &str, data_type: &DataType) -> Self {
        let name = name.to_ascii_lowercase();
        let word = |list: &str| Maker::Word { list: list.to_owned(), column: None };
        let moment = || Maker::Moment {
            from: calendar::days(2024, 1, 2) * calendar::DAY,
            to: calendar::days(2026, 6, 30) * calendar::DAY,
            shape: Shape::Rising,
        };
        let number = |to: f64| Maker::Number { from: 1.0, to, shape: Shape::Low, cents: true };
        Self::always(match data_type {
            DataType::Boolean => Maker::Chance(0.7),
            DataType::TinyInt | DataType::SmallInt => number(100.0),
            DataType::Integer | DataType::BigInt if name.ends_with("id") => Maker::Serial(1),
            DataType::Integer | DataType::BigInt => number(500.0),
            DataType::Float | DataType::Double => number(1000.0),
            DataType::Decimal { precision, scale } => {
                let digits = i64::from(precision.unwrap_or(10)) - i64::from(scale.unwrap_or(0));
                number(10_f64.powi(i32::try_from(digits.clamp(0, 3)).unwrap_or(0)).max(2.0) - 1.0)
            }
            DataType::Date | DataType::Timestamp | DataType::Time => moment(),
            DataType::Struct(Some(fields)) => Maker::Struct(
                fields
                    .iter()
                    .map(|field| (field.name.clone(), Self::guess(&field.name, &field.data_type)))
                    .collect(),
            ),
            DataType::List(Some(element)) => {
                Maker::List { from: 1, to: 3, of: Box::new(Self::guess(&name, element)) }
            }
            DataType::Map(Some(entry)) => Maker::Struct(
                ["first", "second"].map(|key| (key.to_owned(), Self::guess(key, &entry.1))).into(),
            ),
            DataType::Varchar | DataType::Unknown(_) => match name.as_str() {
                n if n.contains("first_name") => word("first_name"),
                n if n.contains("last_name") || n == "name" => word("last_name"),
                n if n.contains("city") => word("city"),
                n if n.contains("street") => word("street"),
                n if n.contains("company") || n.contains("supplier") => word("company"),
                n if n.contains("country") => Maker::Cycle(
                    ["DE", "FR", "GB", "SE", "NL"].into_iter().map(Value::from).collect(),
                ),
                n if n.contains("email") => {
                    Maker::Text("{~first_name:plain}.{~last_name:plain}@example.com".to_owned())
                }
                n if n.contains("status") => {
                    Maker::Cycle(["open", "done", "done"].into_iter().map(Value::from).collect())
                }
                _ => Maker::Code {
                    before: name.chars().take(3).collect::<String>().to_uppercase() + "-",
                    digits: 4,
                    after: String::new(),
                    first: 1,
                },
            },
            _ => Maker::Constant(Value::Null),
        })
    }
}

impl Maker {
    fn read(verb: &str, rest: &str) -> Result<Self, String> {
        let (first, second) = match rest.split_once(' ') {
            Some((first, second)) => (first, Some(second.trim())),
            None => (rest, None),
        };
        Ok(match verb {
            "null" => Self::Constant(Value::Null),
            "const" => Self::Constant(literal(rest)),
            "serial" => Self::Serial(first.parse().unwrap_or(1)),
            "code" => {
                let start = first.find('#').ok_or("a code needs # where the number goes")?;
                let digits = first[start..].chars().take_while(|c| *c == '#').count();
                Self::Code {
                    before: first[..start].to_owned(),
                    digits,
                    after: first[start + digits..].to_owned(),
                    first: second.and_then(|from| from.parse().ok()).unwrap_or(1),
                }
            }
            "int" | "decimal" | "double" => {
                let (from, to) = range(first)?;
                let number =
                    |text: &str| text.parse::<f64>().map_err(|_| format!("{text:?} is no number"));
                // Whole numbers include their upper end.
                let end = if verb == "int" { 1.0 } else { 0.0 };
                Self::Number {
                    from: number(from)?,
                    to: number(to)? + end,
                    shape: Shape::read(second)?,
                    cents: verb == "decimal",
                }
            }
            "date" | "timestamp" => {
                let (from, to) = range(first)?;
                let moment =
                    |text: &str| calendar::parse(text).ok_or(format!("{text:?} is no date"));
                let (from, to) = (moment(from)?, moment(to)?);
                Self::Moment { from, to, shape: Shape::read(second)? }
            }
            "pick" => Self::Pick(rest.split('|').map(weighted).collect()),
            "cycle" => Self::Cycle(rest.split('|').map(literal).collect()),
            "ref" => {
                // A quoted part may hold spaces, so the shape is looked for from the end.
                let (target, shape) = match rest.rsplit_once(' ') {
                    Some((target, word)) if !word.ends_with('"') && !word.contains('.') => {
                        (target, Shape::read(Some(word))?)
                    }
                    _ => (rest, Shape::Even),
                };
                let (path, column) = column_path(target)?;
                Self::Reference { path, column, shape }
            }
            "same" => {
                let (target, gap) = gap(rest)?;
                let (path, column) = column_path(target)?;
                Self::Same { path, column, gap }
            }
            "col" => {
                let (column, gap) = gap(rest)?;
                Self::Copy { column: column.to_owned(), gap }
            }
            "mul" => {
                Self::Product(first.to_owned(), second.ok_or("mul needs two columns")?.to_owned())
            }
            "sum" => {
                let (target, key) = rest.split_once(" by ").ok_or("sum needs a key")?;
                let (path, column) = column_path(target.trim())?;
                Self::Sum { path, column, key: key.trim().to_owned() }
            }
            "map" => {
                let mut cases = Vec::new();
                let mut otherwise = Value::Null;
                for case in second.ok_or("map needs a column and cases")?.split('|') {
                    match case.split_once('=').ok_or("a case is written key=value")? {
                        ("*", value) => otherwise = literal(value),
                        (key, value) => cases.push((key.to_owned(), literal(value))),
                    }
                }
                Self::ByColumn { column: first.to_owned(), cases, otherwise }
            }
            "word" => Self::Word { list: first.to_owned(), column: second.map(str::to_owned) },
            "text" => Self::Text(rest.to_owned()),
            "hex" => Self::Hex(first.parse().map_err(|_| "hex needs a length")?),
            "bool" => Self::Chance(first.parse().map_err(|_| "bool needs a share of true")?),
            other => return Err(format!("there is no recipe {other:?}")),
        })
    }
}

fn range(text: &str) -> Result<(&str, &str), String> {
    text.split_once("..").ok_or_else(|| format!("{text:?} is not written from..to"))
}

/// `name:3` is an option with a weight; a weight left out is 1.
fn weighted(option: &str) -> (Value, f64) {
    match option.rsplit_once(':').map(|(name, weight)| (name, weight.parse::<f64>())) {
        Some((name, Ok(weight))) => (literal(name), weight),
        _ => (literal(option), 1.0),
    }
}

/// Numbers, `true`, `false` and `null` as such, everything else as text; quotes make text of anything.
fn literal(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if !value.is_object() && !value.is_array() => value,
        _ => Value::from(text),
    }
}

fn column_path(text: &str) -> Result<(DatasetPath, String), String> {
    let path: DatasetPath = text.parse().map_err(|e| format!("{text:?}: {e}"))?;
    let column = path.name().to_owned();
    match path.parent() {
        Some(table) if !table.is_empty() => Ok((table, column)),
        _ => Err(format!("{text:?} names no table")),
    }
}

/// `target + 1..72 hours`
fn gap(text: &str) -> Result<(&str, Option<Gap>), String> {
    let Some((target, gap)) = text.split_once(" + ") else {
        return Ok((text, None));
    };
    let (span, unit) = gap.split_once(' ').ok_or("a span needs a unit")?;
    let (from, to) = range(span)?;
    let unit = calendar::Unit::parse(unit).ok_or_else(|| format!("{unit:?} is no unit"))?;
    let amount = |text: &str| text.parse::<i64>().map_err(|_| format!("{text:?} is no number"));
    let (from, to) = (amount(from)?, amount(to)?);
    if from > to {
        return Err(format!("{span} runs backwards"));
    }
    let gap = Gap { from: calendar::add(unit, from, 0), to: calendar::add(unit, to, 0) };
    Ok((target.trim(), Some(gap)))
}
