//! [`DatasetPath`]: where something stands in a Dremio catalogue.
//!
//! A path is a list of parts, never a joined string: a part may hold dots, slashes, quotes or
//! nothing printable at all. The joined, quoted form exists for people and for SQL only.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A path in the catalogue: the names from the root down, as the server spells them.
///
/// Two paths are equal when their parts are equal letter by letter; Dremio itself compares
/// without case, for which [`DatasetPath::folded`] gives the key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatasetPath(Vec<String>);

impl DatasetPath {
    /// A path of these parts, in order from the root.
    pub fn new<I, S>(parts: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        Self(parts.into_iter().map(Into::into).collect())
    }

    /// The parts in order from the root.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// How many parts there are; 0 only for the invisible root.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this is the invisible root above homes, spaces and sources.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last part, or the empty string for the invisible root.
    pub fn name(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The first part (home, space or source), if there is one.
    pub fn root(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// The path one level up; the invisible root has none.
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_last()?;
        Some(Self(rest.to_vec()))
    }

    /// The path of a child called `name`.
    #[must_use]
    pub fn join(&self, name: impl Into<String>) -> Self {
        let mut parts = self.0.clone();
        parts.push(name.into());
        Self(parts)
    }

    /// The key under which Dremio compares: every part lower-cased (contract §7.1, §8).
    #[must_use]
    pub fn folded(&self) -> Self {
        Self(self.0.iter().map(|part| fold(part)).collect())
    }

    /// Whether `self` is `ancestor` or lies below it, compared without case.
    pub fn is_within(&self, ancestor: &Self) -> bool {
        self.0.len() >= ancestor.0.len()
            && self.0.iter().zip(&ancestor.0).all(|(a, b)| same_name(a, b))
    }

    /// Whether both name the same thing to Dremio: equal without case.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.is_within(other)
    }

    /// The form to put into SQL: every part quoted, whatever it holds.
    pub fn to_sql(&self) -> String {
        let mut sql = String::new();
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                sql.push('.');
            }
            push_quoted(&mut sql, part);
        }
        sql
    }
}

/// The lower-cased form under which names are compared.
pub fn fold(name: &str) -> String {
    // The common case by far; `to_lowercase` walks Unicode tables.
    if name.is_ascii() { name.to_ascii_lowercase() } else { name.to_lowercase() }
}

/// Hands the lower-cased form of `name` to `use_it`, in nearly all cases without allocating.
pub fn with_folded<T>(name: &str, use_it: impl FnOnce(&str) -> T) -> T {
    if !name.is_ascii() {
        return use_it(&name.to_lowercase());
    }
    if !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return use_it(name);
    }
    let mut buffer = [0_u8; 128];
    if let Some(room) = buffer.get_mut(..name.len()) {
        room.copy_from_slice(name.as_bytes());
        room.make_ascii_lowercase();
        if let Ok(folded) = std::str::from_utf8(room) {
            return use_it(folded);
        }
    }
    use_it(&name.to_ascii_lowercase())
}

/// Whether two names are one to Dremio: equal without case (contract §7.1).
pub fn same_name(a: &str, b: &str) -> bool {
    a == b
        || if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { fold(a) == fold(b) }
}

/// Whether a part can stand in a dotted path without quotes.
fn is_plain(part: &str) -> bool {
    let mut chars = part.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn push_quoted(out: &mut String, part: &str) {
    out.push('"');
    for c in part.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
}

impl fmt::Display for DatasetPath {
    /// Dotted, with quotes only where they are needed to read it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            if is_plain(part) {
                f.write_str(part)?;
            } else {
                let mut quoted = String::with_capacity(part.len() + 2);
                push_quoted(&mut quoted, part);
                f.write_str(&quoted)?;
            }
        }
        Ok(())
    }
}

/// Why a text is not a dotted path, with the byte at which reading stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathParseError {
    /// A `"` was opened and never closed.
    #[error("the quote opened at byte {0} is never closed")]
    UnclosedQuote(usize),
    /// Two dots in a row, a leading or a trailing dot, or no text at all.
    #[error("a part is missing at byte {0} (write \"\" for an empty name)")]
    EmptyPart(usize),
    /// Text right after a closing quote, or a quote inside a bare part.
    #[error("unexpected {found:?} at byte {at}: a part is either bare or wholly in quotes")]
    Unexpected {
        /// Byte offset of the character.
        at: usize,
        /// The character.
        found: char,
    },
}

impl FromStr for DatasetPath {
    type Err = PathParseError;

    /// Reads what people type: `space.folder."name with . dots"`, quotes doubled inside quotes.
    ///
    /// Bare parts may hold anything but dots and quotes (`sales-2024`, `@ada`), more than SQL allows.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = Vec::new();
        let mut chars = text.char_indices().peekable();
        loop {
            let mut part = String::new();
            if let Some((start, '"')) = chars.peek().copied() {
                chars.next();
                loop {
                    match chars.next() {
                        None => return Err(PathParseError::UnclosedQuote(start)),
                        Some((_, '"')) if matches!(chars.peek(), Some((_, '"'))) => {
                            chars.next();
                            part.push('"');
                        }
                        Some((_, '"')) => break,
                        Some((_, c)) => part.push(c),
                    }
                }
            } else {
                let start = chars.peek().map_or(text.len(), |(at, _)| *at);
                while let Some((at, c)) = chars.peek().copied() {
                    match c {
                        '.' => break,
                        '"' => return Err(PathParseError::Unexpected { at, found: c }),
                        _ => part.push(c),
                    }
                    chars.next();
                }
                if part.is_empty() {
                    return Err(PathParseError::EmptyPart(start));
                }
            }
            parts.push(part);
            match chars.next() {
                None => return Ok(Self(parts)),
                Some((_, '.')) => {}
                Some((at, found)) => return Err(PathParseError::Unexpected { at, found }),
            }
        }
    }
}

impl<S: Into<String>> FromIterator<S> for DatasetPath {
    fn from_iter<I: IntoIterator<Item = S>>(parts: I) -> Self {
        Self::new(parts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> DatasetPath {
        text.parse().expect("a valid path")
    }

    #[test]
    fn reads_quotes_and_dots() {
        let samples = path(r#"Samples."samples.dremio.com"."SF weather 2018-2019.csv""#);
        assert_eq!(samples.parts(), ["Samples", "samples.dremio.com", "SF weather 2018-2019.csv"]);
        assert_eq!(path(r#"a."say ""hi""".b"#).parts(), ["a", r#"say "hi""#, "b"]);
        assert_eq!(path("@ada.sales-2024").parts(), ["@ada", "sales-2024"]);
        assert_eq!(path(r#""".x"#).parts(), ["", "x"]);
    }

    #[test]
    fn says_where_a_text_goes_wrong() {
        let error = |text: &str| text.parse::<DatasetPath>().expect_err("must not parse");
        assert_eq!(error("a..b"), PathParseError::EmptyPart(2));
        assert_eq!(error("a."), PathParseError::EmptyPart(2));
        assert_eq!(error(""), PathParseError::EmptyPart(0));
        assert_eq!(error(r#"a."b"#), PathParseError::UnclosedQuote(2));
        assert_eq!(error(r#"a.b"c"#), PathParseError::Unexpected { at: 3, found: '"' });
        assert_eq!(error(r#""a"b"#), PathParseError::Unexpected { at: 3, found: 'b' });
    }

    #[test]
    fn compares_without_case_within() {
        assert!(path("Sales.EMEA.orders").is_within(&path("sales.emea")));
        assert!(!path("sales.emea2").is_within(&path("sales.emea")));
        assert!(path("sales").is_within(&DatasetPath::default()));
    }

    proptest! {
        #[test]
        fn display_reads_back(parts in proptest::collection::vec(any::<String>(), 1..6)) {
            let original = DatasetPath::new(parts);
            prop_assert_eq!(original.to_string().parse::<DatasetPath>(), Ok(original.clone()));
            prop_assert_eq!(original.to_sql().parse::<DatasetPath>(), Ok(original));
        }

        #[test]
        fn folding_is_the_same_every_way(a in "[a-zA-ZäÄİΣß ]{0,150}", b in "[aAbB]{0,3}") {
            prop_assert_eq!(with_folded(&a, str::to_owned), fold(&a));
            prop_assert!(same_name(&a, &a.to_lowercase()));
            prop_assert_eq!(same_name(&a, &b), fold(&a) == fold(&b));
        }

        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = text.parse::<DatasetPath>();
        }
    }
}
