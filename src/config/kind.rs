//! [`Kind`] and [`Value`]: what a setting may be, and what it is.

use std::time::Duration;

use regex::Regex;
use secrecy::SecretString;

use super::duration::{format_duration, parse_duration};
use super::error::unknown;

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A text that is never shown; `@FILE` means what that file holds.
    Secret,
    /// An `http` or `https` URL.
    Url,
    /// A file or folder; `~/` is the home folder, and what a file names is relative to that file.
    Path,
    /// `true` or `false`.
    Bool,
    /// A whole number between these, both included.
    Integer(u64, u64),
    /// A length of time: `20ms`, `1.5s`, `2m`.
    Duration,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any of these words.
    Words(&'static [&'static str]),
    /// Regular expressions.
    Patterns,
}

/// A setting's value, already checked against its [`Kind`].
#[derive(Clone, Debug)]
pub enum Value {
    /// Text, URL, path or word.
    Text(String),
    /// A secret, or where to find it.
    Secret(SecretString),
    /// A truth value.
    Bool(bool),
    /// A number.
    Integer(u64),
    /// A length of time.
    Duration(Duration),
    /// Words or patterns.
    List(Vec<String>),
}

impl Value {
    /// The value as it would stand in a file; secrets as `********`.
    pub fn masked(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Secret(_) => "********".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Duration(value) => format_duration(*value),
            Self::List(items) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|item| serde_json::Value::from(item.as_str()).to_string())
                    .collect();
                format!("[{}]", items.join(", "))
            }
        }
    }
}

impl Kind {
    /// Checks a single text. The error says what would be right and never holds a secret.
    pub(super) fn parse(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Text | Self::Path => Ok(Value::Text(text.to_owned())),
            Self::Secret => Ok(Value::Secret(SecretString::from(text))),
            Self::Url => parse_url(text).map(Value::Text),
            Self::Bool => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Ok(Value::Bool(true)),
                "false" | "no" | "off" | "0" => Ok(Value::Bool(false)),
                _ => Err(format!("{text:?} is neither true nor false")),
            },
            Self::Integer(least, most) => text
                .parse()
                .ok()
                .filter(|number| (least..=most).contains(number))
                .map(Value::Integer)
                .ok_or_else(|| format!("{text:?} is not a whole number from {least} to {most}")),
            Self::Duration => parse_duration(text).map(Value::Duration),
            Self::Word(words) => word(text, words).map(|word| Value::Text(word.to_owned())),
            Self::Words(_) => {
                self.parse_list(text.split(',').map(|item| item.trim().to_owned()).collect())
            }
            Self::Patterns => self.parse_list(vec![text.to_owned()]),
        }
    }

    /// Checks several texts.
    pub(super) fn parse_list(self, items: Vec<String>) -> Result<Value, String> {
        match self {
            Self::Words(words) => {
                let items: Result<_, _> =
                    items.iter().map(|item| word(item, words).map(str::to_owned)).collect();
                items.map(Value::List)
            }
            Self::Patterns => {
                for item in &items {
                    Regex::new(item).map_err(|error| {
                        // The last line of a regex error says what is wrong; the others draw it.
                        let full = error.to_string();
                        let reason = full.lines().last().unwrap_or_default().trim();
                        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                        format!("{item:?} is not a regular expression: {reason}")
                    })?;
                }
                Ok(Value::List(items))
            }
            _ => Err(format!("expected {}, found a list", self.expected())),
        }
    }

    /// What to write, in words.
    pub fn expected(self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Secret => "a text or @FILE".to_owned(),
            Self::Url => "a URL".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Integer(least, most) => format!("a whole number from {least} to {most}"),
            Self::Duration => "a length of time such as 20ms, 1.5s or 2m".to_owned(),
            Self::Word(words) => format!("one of {}", words.join(", ")),
            Self::Words(words) => format!("a list of {}", words.join(", ")),
            Self::Patterns => "a list of regular expressions".to_owned(),
        }
    }
}

fn word(text: &str, words: &'static [&'static str]) -> Result<&'static str, String> {
    words
        .iter()
        .find(|word| word.eq_ignore_ascii_case(text))
        .copied()
        .ok_or_else(|| unknown("value", &format!("{text:?}"), text, words))
}

fn parse_url(text: &str) -> Result<String, String> {
    let wrong = |reason: &str| format!("not a URL of a server: {reason}");
    let url = url::Url::parse(text).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => wrong("http:// or https:// is missing"),
        other => wrong(&other.to_string()),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        // `localhost:9047` reads as a URL of the scheme `localhost`.
        return Err(wrong("http:// or https:// is missing"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("the host is missing"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "user and password do not belong into it, they are settings of their own",
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_needs_its_scheme_and_no_password() {
        assert!(
            parse_url("localhost:9047").unwrap_err().contains("http:// or https:// is missing")
        );
        assert!(parse_url("http://ada:pw@host").unwrap_err().contains("settings of their own"));
        assert!(!parse_url("http://ada:hunter2@host").unwrap_err().contains("hunter2"));
        assert_eq!(parse_url("https://d.example/x").unwrap(), "https://d.example/x");
    }
}
