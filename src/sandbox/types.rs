//! Column types as text, the way catalogue files and Dremio's own `DESCRIBE` write them.
//!
//! `DECIMAL(10,2)`, `STRUCT<lat: DOUBLE, "odd name": DOUBLE>`, `LIST<VARCHAR>`, `MAP<VARCHAR, BIGINT>`.
//! Words that are no type of Dremio's are kept as [`DataType::Unknown`], for the set is open.

use crate::model::{DataType, Field};

/// Why a text is not a type, with the byte at which reading stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a column type: {what} at byte {at}")]
pub struct TypeError {
    /// The whole text.
    pub text: String,
    /// What was missing or too much.
    pub what: &'static str,
    /// Where.
    pub at: usize,
}

/// Reads a type.
pub(crate) fn parse_type(text: &str) -> Result<DataType, TypeError> {
    let mut reader = Reader { text, at: 0 };
    let data_type = reader.data_type()?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.error("unexpected text"));
    }
    Ok(data_type)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, what: &'static str) -> TypeError {
        TypeError { text: self.text.to_owned(), what, at: self.at }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn skip_space(&mut self) {
        while let Some(c) = self.peek().filter(|c| c.is_whitespace()) {
            self.at += c.len_utf8();
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn expect(&mut self, wanted: char, what: &'static str) -> Result<(), TypeError> {
        if self.take(wanted) { Ok(()) } else { Err(self.error(what)) }
    }

    fn until(&mut self, stops: &[char]) -> &str {
        self.skip_space();
        let rest = &self.text[self.at..];
        let length = rest.find(stops).unwrap_or(rest.len());
        self.at += length;
        rest[..length].trim()
    }

    fn number<N: std::str::FromStr>(&mut self) -> Result<N, TypeError> {
        let at = self.at;
        self.until(&[',', ')']).parse().map_err(|_| TypeError {
            text: self.text.to_owned(),
            what: "a number is missing",
            at,
        })
    }

    fn data_type(&mut self) -> Result<DataType, TypeError> {
        let word = self.until(&['<', '(', ',', '>', ')']).to_uppercase();
        Ok(match word.as_str() {
            "" => return Err(self.error("a type is missing")),
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
            "STRUCT" | "ROW" => DataType::Struct(self.fields()?),
            "LIST" | "ARRAY" => {
                let mut inner = self.inner()?;
                match inner.len() {
                    0 => DataType::List(None),
                    1 => DataType::List(inner.pop().map(Box::new)),
                    _ => return Err(self.error("a list has one element type")),
                }
            }
            "MAP" => match <[DataType; 2]>::try_from(self.inner()?) {
                Ok([key, value]) => DataType::Map(Some(Box::new((key, value)))),
                Err(inner) if inner.is_empty() => DataType::Map(None),
                Err(_) => return Err(self.error("a map has a key type and a value type")),
            },
            "UNION" => DataType::Union(self.inner()?),
            "NULL" | "OTHER" => DataType::Null,
            _ => DataType::Unknown(word),
        })
    }

    fn decimal(&mut self) -> Result<DataType, TypeError> {
        if !self.take('(') {
            return Ok(DataType::Decimal { precision: None, scale: None });
        }
        let precision = Some(self.number()?);
        let scale = if self.take(',') { Some(self.number()?) } else { Some(0) };
        self.expect(')', "`)` is missing")?;
        Ok(DataType::Decimal { precision, scale })
    }

    fn inner(&mut self) -> Result<Vec<DataType>, TypeError> {
        let mut types = Vec::new();
        if !self.take('<') {
            return Ok(types);
        }
        loop {
            types.push(self.data_type()?);
            if !self.take(',') {
                self.expect('>', "`>` is missing")?;
                return Ok(types);
            }
        }
    }

    fn fields(&mut self) -> Result<Option<Vec<Field>>, TypeError> {
        if !self.take('<') {
            return Ok(None);
        }
        let mut fields = Vec::new();
        if self.take('>') {
            return Ok(Some(fields));
        }
        loop {
            let name = self.field_name()?;
            self.expect(':', "`:` is missing after a field's name")?;
            fields.push(Field { name, data_type: self.data_type()? });
            if !self.take(',') {
                self.expect('>', "`>` is missing")?;
                return Ok(Some(fields));
            }
        }
    }

    fn field_name(&mut self) -> Result<String, TypeError> {
        if !self.take('"') {
            return Ok(self.until(&[':', ',', '>']).to_owned());
        }
        let mut name = String::new();
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            if c != '"' {
                name.push(c);
            } else if self.peek() == Some('"') {
                self.at += 1;
                name.push('"');
            } else {
                return Ok(name);
            }
        }
        Err(self.error("a quote is never closed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_the_model_displays() {
        for text in [
            "BIGINT",
            "DECIMAL(10,2)",
            "DECIMAL",
            "INTERVAL DAY TO SECOND",
            "STRUCT<lat: DOUBLE, lon: DOUBLE>",
            "LIST<STRUCT<sku: VARCHAR, tags: LIST<VARCHAR>>>",
            "MAP<VARCHAR, STRUCT<n: BIGINT>>",
            "UNION<BIGINT, VARCHAR>",
            "STRUCT",
            "LIST",
            "GEOGRAPHY",
        ] {
            assert_eq!(parse_type(text).unwrap().to_string(), text);
        }
        let spaced = parse_type(r#" struct< "a: ""b""" :int ,c:list< date > > "#).unwrap();
        assert_eq!(spaced.to_string(), r#"STRUCT<a: "b": INTEGER, c: LIST<DATE>>"#);
    }

    #[test]
    fn says_where_a_text_goes_wrong() {
        let error = |text: &str| parse_type(text).unwrap_err();
        assert_eq!(error("").what, "a type is missing");
        assert_eq!(error("LIST<VARCHAR").at, 12);
        assert_eq!(error("DECIMAL(x)").what, "a number is missing");
        assert_eq!(error("MAP<VARCHAR>").what, "a map has a key type and a value type");
        assert_eq!(error("STRUCT<a>").what, "`:` is missing after a field's name");
        assert_eq!(error("DATE>").at, 4);
    }
}
