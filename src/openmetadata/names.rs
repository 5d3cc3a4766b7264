//! Names and fully qualified names as OpenMetadata wants them (contract §2.7).
//!
//! A name that holds what a server refuses is sent with the official client's replacement words
//! and read back for display; a fully qualified name (FQN) is built from and split into names here
//! and nowhere else.

use std::fmt::Write as _;

/// The longest name of an entity, in characters.
pub const MAX_NAME_CHARS: usize = 256;
/// The longest fully qualified name, in characters.
pub const MAX_FQN_CHARS: usize = 3072;

/// What stands in a sent name for what a server refuses; `::` first, since it is the longest.
const REPLACEMENTS: [(&str, &str); 6] = [
    ("::", "__reserved__colon__"),
    (">", "__reserved__arrow__"),
    ("\"", "__reserved__quote__"),
    ("\n", "__reserved__newline__"),
    ("\r", "__reserved__carriage_return__"),
    ("\t", "__reserved__tab__"),
];

/// A name made fit for sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedName {
    /// What to send.
    pub name: String,
    /// Whether it differs from the true name, which then belongs into `displayName`.
    pub changed: bool,
    /// Control characters without an official replacement were left out: worth a warning.
    pub stripped: bool,
}

/// Why a name or FQN cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left to send.
    #[error("the name is empty")]
    Empty,
    /// Cutting it could make two names one, so it is refused.
    #[error("the name has {0} characters, OpenMetadata takes at most {MAX_NAME_CHARS}")]
    NameTooLong(usize),
    /// Name and parents together are too long.
    #[error(
        "the fully qualified name has {0} characters, OpenMetadata takes at most {MAX_FQN_CHARS}"
    )]
    FqnTooLong(usize),
    /// A text is not a fully qualified name.
    #[error("not a fully qualified name at byte {at}: {why}")]
    Malformed {
        /// Byte offset.
        at: usize,
        /// What is wrong there.
        why: &'static str,
    },
}

/// Replaces what a server refuses in the name of a database, schema, table or column.
pub fn encode(name: &str) -> Result<EncodedName, NameError> {
    let mut sent = name.to_owned();
    for (refused, word) in REPLACEMENTS {
        if sent.contains(refused) {
            sent = sent.replace(refused, word);
        }
    }
    let stripped = sent.contains(char::is_control);
    if stripped {
        sent.retain(|c| !c.is_control());
    }
    if sent.is_empty() {
        return Err(NameError::Empty);
    }
    let length = sent.chars().count();
    if length > MAX_NAME_CHARS {
        return Err(NameError::NameTooLong(length));
    }
    Ok(EncodedName { changed: sent != name, name: sent, stripped })
}

/// The true name behind a stored one, for display.
pub fn decode(name: &str) -> String {
    let mut shown = name.to_owned();
    if shown.contains("__reserved__") {
        for (refused, word) in REPLACEMENTS {
            shown = shown.replace(word, refused);
        }
    }
    shown
}

/// Joins names to an FQN; a name is quoted if and only if it holds a dot.
pub fn build_fqn<S: AsRef<str>>(names: &[S]) -> Result<String, NameError> {
    let mut fqn = String::new();
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            fqn.push('.');
        }
        push_part(&mut fqn, name.as_ref());
    }
    let length = fqn.chars().count();
    if length > MAX_FQN_CHARS {
        return Err(NameError::FqnTooLong(length));
    }
    Ok(fqn)
}

/// An FQN with one more name at its end; the caller has checked the length of what it sends.
pub fn child_fqn(parent: &str, name: &str) -> String {
    let mut fqn = String::with_capacity(parent.len() + name.len() + 3);
    fqn.push_str(parent);
    fqn.push('.');
    push_part(&mut fqn, name);
    fqn
}

fn push_part(fqn: &mut String, name: &str) {
    if name.contains('.') {
        // Writing to a String cannot fail.
        let _ = write!(fqn, "\"{name}\"");
    } else {
        fqn.push_str(name);
    }
}

/// Takes an FQN apart into names, from left to right, quotes dropped.
pub fn split_fqn(fqn: &str) -> Result<Vec<String>, NameError> {
    let malformed = |at, why| Err(NameError::Malformed { at, why });
    let mut names = Vec::new();
    let mut chars = fqn.char_indices().peekable();
    loop {
        let mut name = String::new();
        let start = chars.peek().map_or(fqn.len(), |(at, _)| *at);
        if matches!(chars.peek(), Some((_, '"'))) {
            chars.next();
            loop {
                match chars.next() {
                    None => return malformed(start, "a quote is never closed"),
                    Some((_, '"')) if matches!(chars.peek(), Some((_, '"'))) => {
                        chars.next();
                        name.push('"');
                    }
                    Some((_, '"')) => break,
                    Some((_, c)) => name.push(c),
                }
            }
        } else {
            while let Some((at, c)) = chars.next_if(|(_, c)| *c != '.') {
                if c == '"' {
                    return malformed(at, "a quote inside a bare name");
                }
                name.push(c);
            }
        }
        if name.is_empty() {
            return malformed(start, "an empty name");
        }
        names.push(name);
        match chars.next() {
            None => return Ok(names),
            Some((_, '.')) => {}
            Some((at, _)) => return malformed(at, "text after a closing quote"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn replaces_what_servers_refuse() {
        let encoded = encode("a::b>c\"d\te").expect("a name");
        assert_eq!(
            encoded.name,
            "a__reserved__colon__b__reserved__arrow__c__reserved__quote__d__reserved__tab__e"
        );
        assert!(encoded.changed && !encoded.stripped);
        assert_eq!(decode(&encoded.name), "a::b>c\"d\te");
        let plain = encode("Umsätze 2024/05: it's").expect("a name");
        assert!(!plain.changed);
    }

    #[test]
    fn strips_other_control_characters_and_says_so() {
        let encoded = encode("a\u{1b}[31mb").expect("a name");
        assert_eq!(encoded.name, "a[31mb");
        assert!(encoded.stripped);
        assert_eq!(encode("\u{1}"), Err(NameError::Empty));
        assert_eq!(encode(&"x".repeat(257)), Err(NameError::NameTooLong(257)));
        assert!(encode(&"ä".repeat(256)).is_ok());
    }

    #[test]
    fn quotes_only_names_with_dots() {
        let fqn = build_fqn(&["svc", "Space", "folder.sub", "my view"]).expect("an FQN");
        assert_eq!(fqn, "svc.Space.\"folder.sub\".my view");
        assert_eq!(split_fqn(&fqn).expect("splits"), ["svc", "Space", "folder.sub", "my view"]);
        assert_eq!(split_fqn("a.\"b\".c").expect("splits"), ["a", "b", "c"]);
        assert!(matches!(split_fqn("a..b"), Err(NameError::Malformed { at: 2, .. })));
        assert!(matches!(split_fqn("a.b\"c.d"), Err(NameError::Malformed { at: 3, .. })));
        assert!(matches!(split_fqn("a."), Err(NameError::Malformed { at: 2, .. })));
    }

    proptest! {
        #[test]
        fn fqn_round_trip(names in proptest::collection::vec("[^\u{0}-\u{1f}\u{7f}-\u{9f}]{1,20}", 1..6)) {
            let sent: Vec<String> =
                names.iter().map(|name| encode(name).expect("short names").name).collect();
            let fqn = build_fqn(&sent).expect("short names");
            prop_assert_eq!(split_fqn(&fqn).expect("splits"), sent);
        }
    }
}
