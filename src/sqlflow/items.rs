//! Where each item of a select list stands in the text, without its alias.

use std::ops::Range;

use rustc_hash::FxHashMap;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::lex::{is, is_any};
use super::text::LineIndex;

/// Finds the items of select lists, list by list as they are asked for.
pub(super) struct Items<'a> {
    tokens: &'a [TokenWithSpan],
    index: &'a LineIndex<'a>,
    lists: FxHashMap<Location, Vec<Range<usize>>>,
}

const END_WORDS: &[&str] = &[
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "QUALIFY",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "MINUS",
    "INTO",
    "WINDOW",
    "FETCH",
    "OFFSET",
    "LATERAL",
];

impl<'a> Items<'a> {
    pub(super) fn new(tokens: &'a [TokenWithSpan], index: &'a LineIndex<'a>) -> Self {
        Self { tokens, index, lists: FxHashMap::default() }
    }

    /// The bytes of item `item` of the SELECT whose keyword stands at `select`.
    pub(super) fn range(&mut self, select: Location, item: usize) -> Option<Range<usize>> {
        if !self.lists.contains_key(&select) {
            let list = self.list(select);
            self.lists.insert(select, list);
        }
        let tokens = self.lists.get(&select)?.get(item)?.clone();
        let tokens = self.without_alias(tokens);
        let (first, last) = (self.tokens.get(tokens.start)?, self.tokens.get(tokens.end - 1)?);
        // Tokens of a leading FROM clause were moved: a range across them is no range of the text.
        let range = self.index.offset(first.span.start)..self.index.offset(last.span.end);
        (range.start <= range.end).then_some(range)
    }

    /// The token ranges of a select list.
    fn list(&self, select: Location) -> Vec<Range<usize>> {
        let starts = |token: &TokenWithSpan| token.span.start == select;
        let Some(position) = self.tokens.iter().position(starts) else { return Vec::new() };
        let mut at = position + 1;
        while is_any(self.tokens, at, &["DISTINCT", "ALL"]) {
            at += 1;
        }
        if is(self.tokens, at, "TOP") {
            at += 2;
        }
        let mut items = Vec::new();
        let mut start = at;
        let mut depth = 0usize;
        while at < self.tokens.len() {
            match &self.tokens[at].token {
                Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
                Token::RParen | Token::RBracket | Token::RBrace if depth == 0 => break,
                Token::RParen | Token::RBracket | Token::RBrace => depth -= 1,
                Token::Comma if depth == 0 => {
                    items.push(start..at);
                    start = at + 1;
                }
                Token::Word(_) if depth == 0 && is_any(self.tokens, at, END_WORDS) => {
                    // `t.from` would be quoted; `x.limit` may not be.
                    let after_dot = at > 0 && self.tokens[at - 1].token == Token::Period;
                    if !after_dot {
                        break;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        if at > start {
            items.push(start..at);
        }
        items
    }

    /// Cuts `AS x` or a bare `x` off the end.
    fn without_alias(&self, range: Range<usize>) -> Range<usize> {
        let length = range.end.saturating_sub(range.start);
        if length < 2 {
            return range;
        }
        if length >= 3 && is(self.tokens, range.end - 2, "AS") {
            return range.start..range.end - 2;
        }
        let last = &self.tokens[range.end - 1].token;
        let before = &self.tokens[range.end - 2].token;
        let names = matches!(last, Token::Word(word) if word.quote_style.is_some()
            || !["END", "NULL", "TRUE", "FALSE"].iter().any(|k| word.value.eq_ignore_ascii_case(k)));
        let value_before = match before {
            Token::RParen
            | Token::RBracket
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::Placeholder(_) => true,
            Token::Word(word) => {
                word.quote_style.is_some()
                    || !["NOT", "IS", "AND", "OR", "DATE", "TIMESTAMP", "TIME", "INTERVAL"]
                        .iter()
                        .any(|k| word.value.eq_ignore_ascii_case(k))
            }
            _ => false,
        };
        if names && value_before { range.start..range.end - 1 } else { range }
    }
}
