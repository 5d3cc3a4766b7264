//! Token classes for showing SQL in colour; made for the eye, so lenient where the parser is not.

use std::ops::Range;

use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use super::dialect::DremioDialect;
use super::text::LineIndex;

/// What a piece of SQL text is, for display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenClass {
    /// A word of the language.
    Keyword,
    /// A bare name.
    Identifier,
    /// A name in quotes, with its quotes.
    QuotedIdentifier,
    /// A string literal, with its quotes.
    String,
    /// A number.
    Number,
    /// A comment, with its marks.
    Comment,
    /// An operator or punctuation.
    Operator,
    /// A name that is called.
    Function,
    /// Anything the tokenizer cannot name.
    Other,
}

/// The classes of `sql`, in order, by byte range; white space is left out.
///
/// Never fails: an unclosed quote or comment runs to the end of the text.
pub fn classify(sql: &str) -> Vec<(Range<usize>, TokenClass)> {
    let mut classes = Vec::new();
    let mut at = 0;
    while at < sql.len() {
        at = classify_from(sql, at, &mut classes);
    }
    classes
}

/// Classifies from byte `start` as far as the tokenizer gets; returns where to go on.
fn classify_from(sql: &str, start: usize, out: &mut Vec<(Range<usize>, TokenClass)>) -> usize {
    let rest = &sql[start..];
    let mut tokens: Vec<TokenWithSpan> = Vec::new();
    let complete =
        Tokenizer::new(&DremioDialect, rest).tokenize_with_location_into_buf(&mut tokens).is_ok();
    let index = LineIndex::new(rest);
    let mut reached = 0;
    for (position, token) in tokens.iter().enumerate() {
        let range = index.range(token.span);
        reached = reached.max(range.end);
        if matches!(token.token, Token::DuckIntDiv) {
            let end = rest[range.start..].find('\n').map_or(rest.len(), |at| range.start + at);
            out.push((start + range.start..start + end, TokenClass::Comment));
            return start + end;
        }
        if let Some(class) = class_of(&tokens, position) {
            // A line comment's token swallows its line break.
            let text = &rest[range.clone()];
            let end = range.end - (text.len() - text.trim_end().len());
            if end > range.start {
                out.push((start + range.start..start + end, class));
            }
        }
    }
    if complete {
        return sql.len();
    }
    let stuck = reached + (rest[reached..].len() - rest[reached..].trim_start().len());
    let tail = &rest[stuck..];
    let Some(first) = tail.chars().next() else { return sql.len() };
    let (length, class) = match first {
        '\'' => (tail.len(), TokenClass::String),
        '"' | '`' => (tail.len(), TokenClass::QuotedIdentifier),
        '/' if tail.starts_with("/*") => (tail.len(), TokenClass::Comment),
        c => (c.len_utf8(), TokenClass::Other),
    };
    out.push((start + stuck..start + stuck + length, class));
    start + stuck + length
}

fn class_of(tokens: &[TokenWithSpan], position: usize) -> Option<TokenClass> {
    Some(match &tokens[position].token {
        Token::Whitespace(
            Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_),
        ) => TokenClass::Comment,
        Token::EOF | Token::Whitespace(_) => return None,
        Token::Word(word) if word.quote_style.is_some() => TokenClass::QuotedIdentifier,
        Token::Word(word) => {
            let after_dot = position > 0 && tokens[position - 1].token == Token::Period;
            let next = next_token(tokens, position);
            let before_dot = next == Some(&Token::Period);
            let keyword = !after_dot && !before_dot && is_keyword(&word.value);
            let called = next == Some(&Token::LParen);
            if called && (!keyword || is_function_keyword(&word.value)) {
                TokenClass::Function
            } else if keyword {
                TokenClass::Keyword
            } else {
                TokenClass::Identifier
            }
        }
        Token::Number(..) => TokenClass::Number,
        Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::TripleSingleQuotedString(_)
        | Token::TripleDoubleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::DoubleQuotedByteStringLiteral(_)
        | Token::SingleQuotedRawStringLiteral(_)
        | Token::DoubleQuotedRawStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::HexStringLiteral(_) => TokenClass::String,
        Token::Char(_) => TokenClass::Other,
        _ => TokenClass::Operator,
    })
}

fn next_token(tokens: &[TokenWithSpan], position: usize) -> Option<&Token> {
    tokens[position + 1..]
        .iter()
        .map(|token| &token.token)
        .find(|token| !matches!(token, Token::Whitespace(_)))
}

fn is_keyword(word: &str) -> bool {
    contains_word(KEYWORDS, word)
}

fn is_function_keyword(word: &str) -> bool {
    contains_word(FUNCTION_KEYWORDS, word)
}

fn contains_word(sorted: &[&str], word: &str) -> bool {
    let upper = word.to_ascii_uppercase();
    sorted.binary_search(&upper.as_str()).is_ok()
}

/// Words that are functions when a parenthesis follows them. Sorted.
const FUNCTION_KEYWORDS: &[&str] = &[
    "ARRAY",
    "CAST",
    "CONVERT",
    "DATE",
    "EXTRACT",
    "FLATTEN",
    "IF",
    "LEFT",
    "MAP",
    "REPLACE",
    "RIGHT",
    "ROW",
    "TIME",
    "TIMESTAMP",
    "UNNEST",
];

/// The words shown as keywords: those a reader takes for language, not all the grammar knows. Sorted.
const KEYWORDS: &[&str] = &[
    "ADD",
    "ALL",
    "ALTER",
    "ANALYZE",
    "AND",
    "ANTI",
    "ANY",
    "ARRAY",
    "AS",
    "ASC",
    "AT",
    "BETWEEN",
    "BIGINT",
    "BOOLEAN",
    "BRANCH",
    "BY",
    "CASE",
    "CAST",
    "COLUMN",
    "COMMIT",
    "CONVERT",
    "COPY",
    "CREATE",
    "CROSS",
    "CUBE",
    "CURRENT",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "DATE",
    "DECIMAL",
    "DELETE",
    "DESC",
    "DISTINCT",
    "DOUBLE",
    "DROP",
    "ELSE",
    "END",
    "ESCAPE",
    "EXCEPT",
    "EXCLUDE",
    "EXISTS",
    "EXTRACT",
    "FALSE",
    "FETCH",
    "FILTER",
    "FIRST",
    "FLATTEN",
    "FLOAT",
    "FOLLOWING",
    "FOR",
    "FROM",
    "FULL",
    "FUNCTION",
    "GRANT",
    "GROUP",
    "GROUPING",
    "HAVING",
    "IF",
    "ILIKE",
    "IN",
    "INNER",
    "INSERT",
    "INT",
    "INTEGER",
    "INTERSECT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOIN",
    "LAST",
    "LATERAL",
    "LEFT",
    "LIKE",
    "LIMIT",
    "LOCALSORT",
    "MAP",
    "MATCHED",
    "MERGE",
    "MINUS",
    "NATURAL",
    "NEXT",
    "NOT",
    "NULL",
    "NULLS",
    "OFFSET",
    "ON",
    "ONLY",
    "OPTIMIZE",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "PIVOT",
    "POLICY",
    "PRECEDING",
    "QUALIFY",
    "RANGE",
    "RECURSIVE",
    "REFERENCE",
    "REPLACE",
    "RETURN",
    "RETURNS",
    "REVOKE",
    "RIGHT",
    "ROLLUP",
    "ROW",
    "ROWS",
    "SELECT",
    "SEMI",
    "SET",
    "SETS",
    "SNAPSHOT",
    "TABLE",
    "TAG",
    "THEN",
    "TIME",
    "TIMESTAMP",
    "TO",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "UNNEST",
    "UNPIVOT",
    "UPDATE",
    "USE",
    "USING",
    "VACUUM",
    "VALUES",
    "VARCHAR",
    "VDS",
    "VIEW",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "WITHIN",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(sql: &str) -> Vec<(&str, TokenClass)> {
        classify(sql).into_iter().map(|(range, class)| (&sql[range], class)).collect()
    }

    #[test]
    fn word_lists_are_sorted() {
        assert!(KEYWORDS.is_sorted());
        assert!(FUNCTION_KEYWORDS.is_sorted());
    }

    #[test]
    fn names_every_class() {
        use TokenClass::*;
        assert_eq!(
            classes("SELECT o.\"größe\", UPPER(date) -- why\nFROM t WHERE x = 'ö' AND n > 1.5"),
            [
                ("SELECT", Keyword),
                ("o", Identifier),
                (".", Operator),
                ("\"größe\"", QuotedIdentifier),
                (",", Operator),
                ("UPPER", Function),
                ("(", Operator),
                ("date", Keyword),
                (")", Operator),
                ("-- why", Comment),
                ("FROM", Keyword),
                ("t", Identifier),
                ("WHERE", Keyword),
                ("x", Identifier),
                ("=", Operator),
                ("'ö'", String),
                ("AND", Keyword),
                ("n", Identifier),
                (">", Operator),
                ("1.5", Number),
            ]
        );
    }

    #[test]
    fn goes_on_behind_what_it_cannot_read() {
        use TokenClass::*;
        assert_eq!(classes("SELECT 'open"), [("SELECT", Keyword), ("'open", String)]);
        assert_eq!(classes("x /* open"), [("x", Identifier), ("/* open", Comment)]);
        assert_eq!(
            classes("a // don't\nb"),
            [("a", Identifier), ("// don't", Comment), ("b", Identifier)]
        );
    }

    proptest::proptest! {
        #[test]
        fn ranges_are_ordered_and_on_character_boundaries(sql in ".*") {
            let mut last = 0;
            for (range, _) in classify(&sql) {
                proptest::prop_assert!(range.start >= last && range.end > range.start);
                proptest::prop_assert!(sql.get(range.clone()).is_some());
                last = range.end;
            }
        }
    }
}
