//! Reads a [`DataType`] back from the text that its `Display` writes, as people and catalogue
//! files spell Dremio's types. What a server sends on the wire is read elsewhere.

use std::str::FromStr;

use super::types::{DataType, Field};

/// Types nested deeper than this are refused: no table has them, and reading is recursive.
const MAX_DEPTH: usize = 64;

/// Why a text is not a type, with the byte at which reading stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a column type at byte {at}: {expected}")]
pub struct TypeParseError {
    /// Byte offset in the text.
    pub at: usize,
    /// What should have stood there.
    pub expected: &'static str,
}

impl FromStr for DataType {
    type Err = TypeParseError;

    /// Reads `DECIMAL(10,2)`, `STRUCT<lat: DOUBLE, "odd: name": LIST<VARCHAR>>`, `MAP<VARCHAR, BIGINT>`.
    ///
    /// Names are read without case. A word that is no type of Dremio's becomes [`DataType::Unknown`].
    /// A field name that holds a colon has to be quoted.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut reader = Reader { text, at: 0 };
        let data_type = reader.data_type(0)?;
        reader.skip_spaces();
        if reader.at < text.len() {
            return Err(reader.error("the end of the type"));
        }
        Ok(data_type)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, expected: &'static str) -> TypeParseError {
        TypeParseError { at: self.at, expected }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, c: char) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn expect(&mut self, c: char, expected: &'static str) -> Result<(), TypeParseError> {
        if self.take(c) { Ok(()) } else { Err(self.error(expected)) }
    }

    /// The text up to one of `stops`, trimmed.
    fn until(&mut self, stops: &[char]) -> String {
        self.skip_spaces();
        let end = self.rest().find(stops).unwrap_or(self.rest().len());
        let word = self.rest()[..end].trim_end().to_owned();
        self.at += end;
        word
    }

    fn data_type(&mut self, depth: usize) -> Result<DataType, TypeParseError> {
        if depth > MAX_DEPTH {
            return Err(self.error("a type nested less deeply"));
        }
        let name = self.until(&['(', ')', '<', '>', ',']);
        if name.is_empty() {
            return Err(self.error("a type name"));
        }
        Ok(match name.to_ascii_uppercase().as_str() {
            "BOOLEAN" => DataType::Boolean,
            "TINYINT" => DataType::TinyInt,
            "SMALLINT" => DataType::SmallInt,
            "INTEGER" | "INT" => DataType::Integer,
            "BIGINT" => DataType::BigInt,
            "FLOAT" => DataType::Float,
            "DOUBLE" => DataType::Double,
            "DECIMAL" => self.decimal()?,
            "VARCHAR" => DataType::Varchar,
            "VARBINARY" | "BINARY" => DataType::Varbinary,
            "DATE" => DataType::Date,
            "TIME" => DataType::Time,
            "TIMESTAMP" => DataType::Timestamp,
            "INTERVAL DAY TO SECOND" => DataType::IntervalDay,
            "INTERVAL YEAR TO MONTH" => DataType::IntervalYear,
            "NULL" | "OTHER" => DataType::Null,
            "STRUCT" => DataType::Struct(self.fields(depth)?),
            "LIST" => {
                let inner = self.inner(depth)?;
                DataType::List(inner.map(|mut types| Box::new(types.remove(0))))
            }
            "MAP" => match self.inner(depth)? {
                None => DataType::Map(None),
                Some(types) => match <[DataType; 2]>::try_from(types) {
                    Ok([key, value]) => DataType::Map(Some(Box::new((key, value)))),
                    Err(_) => return Err(self.error("MAP with a key type and a value type")),
                },
            },
            "UNION" => DataType::Union(self.inner(depth)?.unwrap_or_default()),
            _ => DataType::Unknown(name),
        })
    }

    fn decimal(&mut self) -> Result<DataType, TypeParseError> {
        if !self.take('(') {
            return Ok(DataType::Decimal { precision: None, scale: None });
        }
        let precision = self.until(&[',', ')']).parse().map_err(|_| self.error("a precision"))?;
        let scale = if self.take(',') {
            self.until(&[')']).parse().map_err(|_| self.error("a scale"))?
        } else {
            0
        };
        self.expect(')', "a closing parenthesis")?;
        Ok(DataType::Decimal { precision: Some(precision), scale: Some(scale) })
    }

    /// The comma-separated types between angle brackets; `None` where there are no brackets.
    fn inner(&mut self, depth: usize) -> Result<Option<Vec<DataType>>, TypeParseError> {
        if !self.take('<') {
            return Ok(None);
        }
        let mut types = vec![self.data_type(depth + 1)?];
        while self.take(',') {
            types.push(self.data_type(depth + 1)?);
        }
        self.expect('>', "a closing angle bracket")?;
        Ok(Some(types))
    }

    fn fields(&mut self, depth: usize) -> Result<Option<Vec<Field>>, TypeParseError> {
        if !self.take('<') {
            return Ok(None);
        }
        let mut fields = Vec::new();
        if self.take('>') {
            return Ok(Some(fields));
        }
        loop {
            let name = self.field_name()?;
            self.expect(':', "a colon after the field name")?;
            fields.push(Field { name, data_type: self.data_type(depth + 1)? });
            if !self.take(',') {
                break;
            }
        }
        self.expect('>', "a closing angle bracket")?;
        Ok(Some(fields))
    }

    fn field_name(&mut self) -> Result<String, TypeParseError> {
        if !self.take('"') {
            return Ok(self.until(&[':']));
        }
        let mut name = String::new();
        loop {
            let Some(end) = self.rest().find('"') else {
                return Err(self.error("a closing quote"));
            };
            name.push_str(&self.rest()[..end]);
            self.at += end + 1;
            if !self.rest().starts_with('"') {
                return Ok(name);
            }
            name.push('"');
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> DataType {
        text.parse().expect("a valid type")
    }

    #[test]
    fn reads_what_people_write() {
        assert_eq!(read("int"), DataType::Integer);
        assert_eq!(
            read("decimal( 10 , 2 )"),
            DataType::Decimal { precision: Some(10), scale: Some(2) }
        );
        let odd = Field { name: "a: \"b\"".to_owned(), data_type: DataType::Varchar };
        assert_eq!(read(r#"STRUCT<"a: ""b""": VARCHAR>"#), DataType::Struct(Some(vec![odd])));
        assert_eq!(read("GEOGRAPHY"), DataType::Unknown("GEOGRAPHY".to_owned()));
    }

    #[test]
    fn says_where_a_text_goes_wrong() {
        let at = |text: &str| text.parse::<DataType>().expect_err("must not parse").at;
        assert_eq!(at(""), 0);
        assert_eq!(at("LIST<VARCHAR"), 12);
        assert_eq!(at("VARCHAR>"), 7);
        assert_eq!(at("STRUCT<a VARCHAR>"), 17);
        assert!("LIST<".repeat(1_000_000).parse::<DataType>().is_err());
    }

    fn any_type() -> impl Strategy<Value = DataType> {
        let leaf = prop_oneof![
            Just(DataType::Boolean),
            Just(DataType::BigInt),
            Just(DataType::Varchar),
            Just(DataType::Varbinary),
            Just(DataType::IntervalDay),
            Just(DataType::Null),
            Just(DataType::Struct(None)),
            Just(DataType::Map(None)),
            Just(DataType::Decimal { precision: None, scale: None }),
            (1_u32..39, -2_i32..39).prop_map(|(precision, scale)| DataType::Decimal {
                precision: Some(precision),
                scale: Some(scale)
            }),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let field = ("[a-zA-Z_][a-zA-Z0-9_ .-]{0,6}[a-z]", inner.clone())
                .prop_map(|(name, data_type)| Field { name, data_type });
            prop_oneof![
                inner.clone().prop_map(|element| DataType::List(Some(Box::new(element)))),
                (inner.clone(), inner.clone())
                    .prop_map(|entry| DataType::Map(Some(Box::new(entry)))),
                proptest::collection::vec(inner, 1..4).prop_map(DataType::Union),
                proptest::collection::vec(field, 0..4)
                    .prop_map(|fields| DataType::Struct(Some(fields))),
            ]
        })
    }

    proptest! {
        #[test]
        fn display_reads_back(data_type in any_type()) {
            prop_assert_eq!(data_type.to_string().parse::<DataType>(), Ok(data_type));
        }

        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = text.parse::<DataType>();
        }
    }
}
