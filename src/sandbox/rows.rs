//! Makes a table's rows up from a short recipe, the same ones on every run.
//!
//! A recipe names what each column holds (`serial 1001`, `decimal 5..400 low`, `ref lake.orders.id`);
//! columns that it leaves out are guessed from their name and type. Rows refer to rows of other
//! tables, so that joins find partners. How a value is stored or typed is not known here.

mod recipe;
mod values;
mod words;

use std::collections::HashMap;

use fastrand::Rng;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::{DataType, DatasetPath};
use crate::sandbox::calendar;
pub use recipe::RecipeError;
use recipe::{Gap, Maker, Recipe, Shape};
use values::{fitted, moment_value, number_value, plain_text, text_of};

/// How to make a table's rows up.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// How many.
    pub rows: usize,
    /// Recipes by column; a column without one is guessed from its name and type.
    #[serde(default)]
    pub columns: Map<String, Value>,
}

impl Generate {
    /// A recipe that guesses every column.
    pub fn guessed(rows: usize) -> Self {
        Self { rows, columns: Map::new() }
    }
}

/// A column to fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
}

/// Rows of a table, values in column order.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Column names.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

impl Rows {
    fn value(&self, row: usize, column: &str) -> Option<&Value> {
        let index = self.columns.iter().position(|name| name.eq_ignore_ascii_case(column))?;
        self.rows.get(row)?.get(index)
    }
}

/// Where rows of other tables come from.
pub trait RowSource {
    /// The rows of the table at `path`, or why there are none.
    fn rows(&mut self, path: &DatasetPath) -> Result<std::sync::Arc<Rows>, String>;
}

/// Makes the rows of the table at `path`. Path, recipe and the rows referred to decide them wholly.
pub fn generate(
    path: &DatasetPath,
    targets: &[Target],
    recipe: &Generate,
    others: &mut dyn RowSource,
) -> Result<Rows, RecipeError> {
    if let Some(stray) =
        recipe.columns.keys().find(|name| !targets.iter().any(|target| target.name == **name))
    {
        return Err(RecipeError::new(stray, "the table has no such column"));
    }
    let recipes = targets
        .iter()
        .map(|target| match recipe.columns.get(&target.name) {
            Some(value) => Recipe::read(&target.name, value),
            None => Ok(Recipe::guess(&target.name, &target.data_type)),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut maker = Table {
        rng: Rng::with_seed(seed(path)),
        others,
        total: recipe.rows,
        index: 0,
        picked: HashMap::new(),
        done: Vec::new(),
        targets,
    };
    let mut rows = Vec::with_capacity(recipe.rows);
    for index in 0..recipe.rows {
        maker.index = index;
        maker.picked.clear();
        maker.done.clear();
        for (target, recipe) in targets.iter().zip(&recipes) {
            let value = maker
                .value(recipe, &target.data_type)
                .map_err(|problem| RecipeError::new(&target.name, problem))?;
            maker.done.push(value);
        }
        rows.push(std::mem::take(&mut maker.done));
    }
    Ok(Rows { columns: targets.iter().map(|target| target.name.clone()).collect(), rows })
}

/// FNV-1a over the parts: fixed for good, unlike the standard library's hashers.
fn seed(path: &DatasetPath) -> u64 {
    let bytes = path.parts().iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

struct Table<'a> {
    rng: Rng,
    others: &'a mut dyn RowSource,
    total: usize,
    index: usize,
    /// The row chosen from each other table, for this row.
    picked: HashMap<DatasetPath, usize>,
    done: Vec<Value>,
    targets: &'a [Target],
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "made-up amounts and positions are far below 2^52"
)]
impl Table<'_> {
    #[expect(clippy::too_many_lines, reason = "one arm for each recipe")]
    fn value(&mut self, recipe: &Recipe, data_type: &DataType) -> Result<Value, String> {
        if recipe.missing > 0.0 && self.rng.f64() < recipe.missing {
            return Ok(Value::Null);
        }
        let value = match &recipe.maker {
            Maker::Constant(value) => value.clone(),
            Maker::Serial(first) => Value::from(first + self.serial()),
            Maker::Code { before, digits, after, first } => {
                let number = first + self.serial();
                Value::from(format!("{before}{number:0digits$}{after}"))
            }
            Maker::Number { from, to, shape, cents } => {
                let number = from + (to - from) * self.position(*shape);
                let number = if *cents && !matches!(data_type, DataType::Decimal { .. }) {
                    (number * 100.0).round() / 100.0
                } else {
                    number
                };
                number_value(number, data_type)
            }
            Maker::Moment { from, to, shape } => {
                let span = (to - from) as f64;
                let mut millis = from + (span * self.position(*shape)) as i64;
                if *data_type == DataType::Timestamp {
                    // Most people shop between breakfast and midnight.
                    let hour = (f64::from(7_u8) + 16.9 * self.rng.f64().sqrt()).min(23.9);
                    millis = millis.div_euclid(calendar::DAY) * calendar::DAY
                        + (hour * 3_600_000.0) as i64 / 1000 * 1000;
                }
                moment_value(millis, data_type)
            }
            Maker::Pick(options) => self.pick(options),
            Maker::Cycle(options) => options[self.index % options.len()].clone(),
            Maker::Reference { path, column, shape } => {
                let rows = self.others.rows(path)?;
                let length = rows.rows.len();
                if length == 0 {
                    return Err(format!("{path} has no rows to refer to"));
                }
                let row = match shape {
                    Shape::InOrder => self.index % length,
                    shape => ((self.position(*shape) * length as f64) as usize).min(length - 1),
                };
                self.picked.insert(path.clone(), row);
                rows.value(row, column).cloned().ok_or_else(|| no_column(path, column))?
            }
            Maker::Same { path, column, gap } => {
                let Some(row) = self.picked.get(path).copied() else {
                    return Err(format!("no earlier column refers to {path}"));
                };
                let rows = self.others.rows(path)?;
                let value = rows.value(row, column).ok_or_else(|| no_column(path, column))?;
                self.later(value.clone(), gap.as_ref(), data_type)
            }
            Maker::Copy { column, gap } => {
                let value = self.own(column)?.clone();
                self.later(value, gap.as_ref(), data_type)
            }
            Maker::Product(left, right) => {
                let (left, right) = (self.own(left)?.as_f64(), self.own(right)?.as_f64());
                match (left, right) {
                    (Some(left), Some(right)) => number_value(left * right, data_type),
                    _ => Value::Null,
                }
            }
            Maker::Sum { path, column, key } => {
                let rows = self.others.rows(path)?;
                let own = self.own(key)?;
                let mut sum = 0.0;
                for row in 0..rows.rows.len() {
                    if rows.value(row, key).ok_or_else(|| no_column(path, key))? == own {
                        let value = rows.value(row, column);
                        sum +=
                            value.ok_or_else(|| no_column(path, column))?.as_f64().unwrap_or(0.0);
                    }
                }
                number_value(sum, data_type)
            }
            Maker::ByColumn { column, cases, otherwise } => {
                let key = text_of(self.own(column)?);
                let found = cases.iter().find(|(case, _)| *case == key).map(|(_, value)| value);
                found.unwrap_or(otherwise).clone()
            }
            Maker::Word { list, column } => self.word(list, column.as_deref())?,
            Maker::Text(template) => Value::from(self.fill(template)?),
            Maker::Hex(length) => {
                let digits = (0..*length).map(|_| self.rng.char('a'..='p'));
                let hex = digits.filter_map(|c| char::from_digit(c as u32 - 'a' as u32, 16));
                Value::from(hex.collect::<String>())
            }
            Maker::Chance(probability) => Value::from(self.rng.f64() < *probability),
            Maker::List { from, to, of } => {
                let DataType::List(Some(element)) = data_type else {
                    return Err(format!("a list cannot fill a {data_type}"));
                };
                let length = self.rng.usize(*from..=*to);
                let mut values: Vec<Value> = Vec::with_capacity(length);
                for _ in 0..length {
                    let value = self.value(of, element)?;
                    if value.is_object() || !values.contains(&value) {
                        values.push(value);
                    }
                }
                Value::from(values)
            }
            Maker::Struct(recipes) => self.object(recipes, data_type)?,
            Maker::Json(recipe, data_type) => {
                Value::from(self.value(recipe, data_type)?.to_string())
            }
        };
        Ok(fitted(value, data_type))
    }

    fn serial(&self) -> i64 {
        i64::try_from(self.index).unwrap_or(i64::MAX)
    }

    /// Where between 0 and 1 a value falls.
    fn position(&mut self, shape: Shape) -> f64 {
        let random = self.rng.f64();
        match shape {
            Shape::Even => random,
            Shape::Low => random.powi(2),
            Shape::High => 1.0 - random.powi(2),
            Shape::Rising | Shape::InOrder => {
                (self.index as f64 + random) / self.total.max(1) as f64
            }
            // The newer, the more: a company that grows.
            Shape::Growing => ((self.index as f64 + random) / self.total.max(1) as f64).sqrt(),
        }
    }

    fn pick(&mut self, options: &[(Value, f64)]) -> Value {
        let total: f64 = options.iter().map(|(_, weight)| weight).sum();
        let mut at = self.rng.f64() * total;
        for (value, weight) in options {
            at -= weight;
            if at < 0.0 {
                return value.clone();
            }
        }
        options.last().map_or(Value::Null, |(value, _)| value.clone())
    }

    fn own(&self, column: &str) -> Result<&Value, String> {
        let index = self.targets.iter().position(|target| target.name == column);
        index
            .and_then(|index| self.done.get(index))
            .ok_or_else(|| format!("there is no earlier column {column:?}"))
    }

    fn later(&mut self, value: Value, gap: Option<&Gap>, data_type: &DataType) -> Value {
        let Some(millis) = value.as_str().and_then(calendar::parse) else {
            return value;
        };
        let shift = gap.map_or(0, |gap| self.rng.i64(gap.from..=gap.to));
        moment_value(millis + shift, data_type)
    }

    fn word(&mut self, list: &str, column: Option<&str>) -> Result<Value, String> {
        let key = match column {
            Some(column) => text_of(self.own(column)?),
            None => String::new(),
        };
        let by_key = |lists: &'static [(&str, &'static [&str])]| {
            lists.iter().find(|(name, _)| *name == key).map_or(lists[0].1, |(_, words)| *words)
        };
        let list = match list {
            "first_name" => words::FIRST_NAMES,
            "last_name" => words::LAST_NAMES,
            "city" => by_key(words::CITIES),
            "street" => words::STREETS,
            "line" => words::PRODUCT_LINES,
            "product" => by_key(words::PRODUCTS),
            "review" => {
                let stars = key.parse::<usize>().unwrap_or(3).clamp(1, words::REVIEWS.len());
                words::REVIEWS[stars - 1]
            }
            "ticket" => words::TICKETS,
            "company" => words::COMPANIES,
            other => return Err(format!("there is no word list {other:?}")),
        };
        Ok(Value::from(list[self.rng.usize(..list.len())]))
    }

    /// `{first_name:plain}.{last_name:plain}@example.com`: own columns, word lists after `~`, `#` digits.
    fn fill(&mut self, template: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let (field, after) = after.split_once('}').ok_or("a { is never closed")?;
            rest = after;
            let (field, plain) = match field.strip_suffix(":plain") {
                Some(field) => (field, true),
                None => (field, false),
            };
            let text = if let Some(list) = field.strip_prefix('~') {
                text_of(&self.word(list, None)?)
            } else if field.starts_with('#') {
                field.chars().map(|_| self.rng.digit(10)).collect()
            } else {
                text_of(self.own(field)?)
            };
            out.push_str(&if plain { plain_text(&text) } else { text });
        }
        out.push_str(rest);
        Ok(out)
    }

    fn object(
        &mut self,
        recipes: &[(String, Recipe)],
        data_type: &DataType,
    ) -> Result<Value, String> {
        let mut object = Map::new();
        for (name, recipe) in recipes {
            let inner = match data_type {
                DataType::Struct(Some(fields)) => fields
                    .iter()
                    .find(|field| field.name == *name)
                    .map(|field| &field.data_type)
                    .ok_or_else(|| format!("{data_type} has no field {name:?}"))?,
                DataType::Map(Some(entry)) => &entry.1,
                other => return Err(format!("a struct cannot fill a {other}")),
            };
            let value = self.value(recipe, inner)?;
            // A map lacks a key where a struct has a null.
            if !(value.is_null() && matches!(data_type, DataType::Map(_))) {
                object.insert(name.clone(), value);
            }
        }
        Ok(Value::Object(object))
    }
}

fn no_column(path: &DatasetPath, column: &str) -> String {
    format!("{path} has no column {column:?}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    struct Customers;

    impl RowSource for Customers {
        fn rows(&mut self, path: &DatasetPath) -> Result<Arc<Rows>, String> {
            if path.to_string() != "crm.customers" {
                return Err(format!("{path} is not there"));
            }
            let rows = (0..50).map(|index| vec![json!(index), json!("2025-01-01")]).collect();
            Ok(Arc::new(Rows { columns: vec!["id".to_owned(), "since".to_owned()], rows }))
        }
    }

    fn make(columns: &[(&str, &str)], recipes: &Value, rows: usize) -> Result<Rows, RecipeError> {
        let targets: Vec<Target> = columns
            .iter()
            .map(|(name, data_type)| Target {
                name: (*name).to_owned(),
                data_type: data_type.parse().expect("a type"),
            })
            .collect();
        let recipe = Generate { rows, columns: recipes.as_object().expect("an object").clone() };
        generate(&DatasetPath::new(["lake", "orders"]), &targets, &recipe, &mut Customers)
    }

    #[test]
    fn refers_to_rows_of_other_tables() {
        let columns = [("order_id", "BIGINT"), ("customer_id", "BIGINT"), ("day", "DATE")];
        let recipes = json!({
            "order_id": "serial 1000",
            "customer_id": "ref crm.customers.id low",
            "day": "same crm.customers.since + 1..3 days",
        });
        let first = make(&columns, &recipes, 200).expect("rows").rows;
        assert_eq!(first, make(&columns, &recipes, 200).expect("rows").rows, "not the same twice");
        assert_eq!(first[7][0], json!(1007));
        let mut low = 0;
        for row in &first {
            let id = row[1].as_i64().expect("an id");
            assert!((0..50).contains(&id));
            low += i64::from(id < 10);
            let day = row[2].as_str().expect("a date");
            assert!(("2025-01-02"..="2025-01-04").contains(&day), "{day}");
        }
        assert!(low > 65, "only {low} of 200 in the favoured fifth");
    }

    #[test]
    fn makes_nested_values_and_text() {
        let columns = [
            ("name", "VARCHAR"),
            ("price", "DECIMAL(10,2)"),
            ("items", "LIST<STRUCT<sku: VARCHAR, qty: INTEGER>>"),
            ("attributes", "MAP<VARCHAR, VARCHAR>"),
        ];
        let recipes = json!({
            "name": "text {~first_name:plain}@example.com",
            "items": {"list": [1, 3], "of": {"struct": {"sku": "code S-###", "qty": "int 1..4"}}},
            "attributes": {"struct": {"colour": "pick red|blue", "size": "maybe 0.5 pick S|M"}},
        });
        for row in make(&columns, &recipes, 50).expect("rows").rows {
            assert!(row[0].as_str().expect("text").ends_with("@example.com"));
            let cents = row[1].as_f64().expect("a number") * 100.0;
            assert!((cents - cents.round()).abs() < 1e-6);
            let items = row[2].as_array().expect("a list");
            assert!((1..=3).contains(&items.len()));
            assert!(items[0]["sku"].as_str().expect("text").starts_with("S-0"));
            assert!(row[3]["colour"].is_string());
        }
    }

    #[test]
    fn names_the_column_of_a_bad_recipe() {
        let error = |recipes: Value| {
            make(&[("a", "BIGINT")], &recipes, 1).expect_err("must be refused").to_string()
        };
        assert_eq!(error(json!({"b": "serial 1"})), "column \"b\": the table has no such column");
        assert!(error(json!({"a": "sreial 1"})).starts_with("column \"a\": "));
        assert_eq!(
            error(json!({"a": "ref crm.customers.nope"})),
            "column \"a\": crm.customers has no column \"nope\""
        );
        assert_eq!(
            error(json!({"a": "same crm.customers.id"})),
            "column \"a\": no earlier column refers to crm.customers"
        );
    }
}
