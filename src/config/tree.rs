//! YAML as a tree in which every value knows its line.
//!
//! Scalars stay text: whether `0123` is a number or a password is for the setting to say.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) node: Node,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Null,
    Scalar(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// Why a text is not YAML: a message, and line and column from 1 where known.
#[derive(Debug)]
pub(super) struct YamlError {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) message: String,
}

/// Reads one document.
pub(super) fn parse(text: &str) -> Result<Tree, YamlError> {
    let spanned: Spanned<Raw> = serde_saphyr::from_str(text).map_err(|error| {
        let (line, column) =
            error.location().map_or((1, 1), |location| (location.line(), location.column()));
        // The snippet that the error would show could hold a password.
        let full = error.without_snippet().to_string();
        let message = full.split(", set DuplicateKeyPolicy").next().unwrap_or_default();
        let message = message.split(" at line ").next().unwrap_or_default();
        YamlError {
            line,
            column,
            message: message.split("; use ").next().unwrap_or_default().to_owned(),
        }
    })?;
    Ok(settle(spanned, text))
}

/// The tree as read, before scalars are given back their text.
enum Raw {
    Null,
    /// A string: what the quotes and folds made of it.
    Text(String),
    /// Something that YAML takes for a number or a truth value, with a text to fall back on.
    Typed(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

fn settle(spanned: Spanned<Raw>, text: &str) -> Tree {
    let place = spanned.referenced;
    let node = match spanned.value {
        Raw::Null => Node::Null,
        Raw::Text(text) => Node::Scalar(text),
        Raw::Typed(value) => Node::Scalar(written(&spanned.defined, text).unwrap_or(value)),
        Raw::List(items) => Node::List(items.into_iter().map(|item| settle(item, text)).collect()),
        Raw::Map(entries) => Node::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let key = match settle(key, text).node {
                        Node::Scalar(key) => key,
                        _ => String::new(),
                    };
                    (key, settle(value, text))
                })
                .collect(),
        ),
    };
    Tree { line: place.line(), column: place.column(), node }
}

/// The characters that stand in the file.
fn written(location: &Location, text: &str) -> Option<String> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let end = start.checked_add(usize::try_from(span.byte_len()?).ok()?)?;
    Some(text.get(start..end)?.trim().to_owned())
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(text: &str) -> String {
        match parse(text).unwrap().node {
            Node::Map(entries) => match &entries[0].1.node {
                Node::Scalar(text) => text.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn scalars_keep_the_text_of_the_file() {
        for (yaml, text) in [
            ("p: 0123", "0123"),
            ("p: 1e3", "1e3"),
            ("p: yes", "yes"),
            ("p: \"a\\u0041\"", "aA"),
            ("p: 12345678901234567890123", "12345678901234567890123"),
            ("é: 0x1F # comment", "0x1F"),
        ] {
            assert_eq!(scalar(yaml), text, "{yaml}");
        }
    }

    #[test]
    fn errors_never_quote_the_file() {
        let error = parse("password: \"secret\nuser: [x").unwrap_err();
        assert!(!error.message.contains("secret"), "{}", error.message);
        let error = parse("a: 1\na: 2").unwrap_err();
        assert_eq!((error.line, error.column), (2, 1));
        assert_eq!(error.message, "duplicate mapping key: a");
    }
}
