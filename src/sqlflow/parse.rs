//! Tokens to syntax trees, with sqlparser; what it rejects is tried in other dialects, then
//! with the faulty expression taken out.

use sqlparser::ast::{Expr, Query, Statement};
use sqlparser::dialect::Dialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::dialect::DremioDialect;
use super::fallback;
use super::lex::{is_any, past_close};
use super::statement::Written;

/// A recursion limit no real text meets; the stack grows with the nesting (see `run`).
const RECURSION_LIMIT: usize = 1_000_000;

/// How many faulty expressions are taken out of one statement before it counts as unparsable.
const MAX_REPAIRS: usize = 8;

/// A parsed tree, and the errors that were worked around.
pub(super) struct Parsed<T> {
    pub(super) tree: T,
    pub(super) tokens: Vec<TokenWithSpan>,
    pub(super) errors: Vec<SyntaxError>,
    /// Tables that a scan finds in the text as it was before the first repair.
    pub(super) scanned: Vec<Written>,
}

/// Where and why a text does not parse.
#[derive(Clone, Debug)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) at: Location,
}

/// A text that does not parse: why, and its tokens for the fallback.
pub(super) type Failure = Box<(SyntaxError, Vec<TokenWithSpan>)>;

pub(super) fn query(
    tokens: Vec<TokenWithSpan>,
    dialect: &dyn Dialect,
) -> Result<Parsed<Box<Query>>, Failure> {
    repaired(tokens, dialect, |parser: &mut Parser<'_>| parser.parse_query())
}

pub(super) fn statement(
    tokens: Vec<TokenWithSpan>,
    dialect: &dyn Dialect,
) -> Result<Parsed<Statement>, Failure> {
    repaired(tokens, dialect, |parser: &mut Parser<'_>| parser.parse_statement())
}

pub(super) fn expression(
    tokens: Vec<TokenWithSpan>,
    dialect: &dyn Dialect,
) -> Result<Parsed<Expr>, Failure> {
    repaired(tokens, dialect, |parser: &mut Parser<'_>| parser.parse_expr())
}

fn repaired<T>(
    mut tokens: Vec<TokenWithSpan>,
    dialect: &dyn Dialect,
    parse: impl Fn(&mut Parser) -> Result<T, ParserError>,
) -> Result<Parsed<T>, Failure> {
    let mut errors = Vec::new();
    let mut original: Option<Vec<TokenWithSpan>> = None;
    loop {
        let (error, at) = match attempt(&tokens, dialect, &parse) {
            Ok(_) if let Some(error) = dangling(&tokens) => {
                original.get_or_insert_with(|| tokens.clone());
                errors.push(error);
                tokens.pop();
                continue;
            }
            Ok(tree) => {
                let scanned = original.map(|tokens| fallback::scan(&tokens).sources);
                let scanned = scanned.unwrap_or_default();
                return Ok(Parsed { tree, tokens, errors, scanned });
            }
            Err(failure) => failure,
        };
        if errors.is_empty()
            && dialect.dialect() != std::any::TypeId::of::<sqlparser::dialect::GenericDialect>()
            && let Ok(tree) = attempt(&tokens, &DremioDialect, &parse)
        {
            return Ok(Parsed { tree, tokens, errors, scanned: Vec::new() });
        }
        if errors.is_empty() {
            for other in fallbacks() {
                if let Ok(tree) = attempt(&tokens, other, &parse) {
                    return Ok(Parsed { tree, tokens, errors, scanned: Vec::new() });
                }
            }
        }
        let give_up = errors.len() >= MAX_REPAIRS;
        errors.push(error);
        let before = tokens.len();
        let repaired = if give_up { None } else { repair(&tokens, at) };
        match repaired {
            // Every repair must shrink the text or touch new ground, or it would go on for ever.
            Some(shorter) if shorter.len() <= before => {
                let unrepaired = std::mem::replace(&mut tokens, shorter);
                original.get_or_insert(unrepaired);
            }
            _ => {
                let tokens = original.unwrap_or(tokens);
                return Err(Box::new((errors.swap_remove(0), tokens)));
            }
        }
    }
}

/// Grammars take a clause's keyword at the very end for a name: `… JOIN t ON`, `… ON WHERE`.
fn dangling(tokens: &[TokenWithSpan]) -> Option<SyntaxError> {
    const WORDS: &[&str] = &["WHERE", "ON", "HAVING", "QUALIFY", "AND", "OR", "BY", "JOIN"];
    let last = tokens.len().checked_sub(1)?;
    let is_name =
        last > 0 && (tokens[last - 1].token == Token::Period || is_any(tokens, last - 1, &["AS"]));
    if is_name || !is_any(tokens, last, WORDS) {
        return None;
    }
    let message = format!("expected more after {}, found the end", tokens[last].token);
    Some(SyntaxError { message, at: tokens[last].span.end })
}

fn fallbacks() -> [&'static dyn Dialect; 3] {
    static SNOWFLAKE: sqlparser::dialect::SnowflakeDialect = sqlparser::dialect::SnowflakeDialect;
    static DATABRICKS: sqlparser::dialect::DatabricksDialect =
        sqlparser::dialect::DatabricksDialect {};
    static POSTGRES: sqlparser::dialect::PostgreSqlDialect =
        sqlparser::dialect::PostgreSqlDialect {};
    [&SNOWFLAKE, &DATABRICKS, &POSTGRES]
}

/// One parse of all the tokens; an error comes with the index of the token it is at.
fn attempt<T>(
    tokens: &[TokenWithSpan],
    dialect: &dyn Dialect,
    parse: &impl Fn(&mut Parser) -> Result<T, ParserError>,
) -> Result<T, (SyntaxError, usize)> {
    let mut parser = Parser::new(dialect)
        .with_recursion_limit(RECURSION_LIMIT)
        .with_tokens_with_locations(tokens.to_vec());
    match parse(&mut parser) {
        Ok(tree) => {
            let next = parser.peek_token();
            if next.token == Token::EOF {
                return Ok(tree);
            }
            let at = tokens
                .iter()
                .position(|token| token.span.start >= next.span.start)
                .unwrap_or(tokens.len());
            let message = format!("expected the end of the statement, found {}", next.token);
            Err((SyntaxError { message, at: next.span.start }, at))
        }
        Err(error) => {
            let message = match error {
                ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
                ParserError::RecursionLimitExceeded => "nested too deeply".to_owned(),
            };
            let (message, location) = split_location(&message);
            let at = match location {
                Some(location) => tokens
                    .iter()
                    .position(|token| token.span.start >= location)
                    .unwrap_or(tokens.len()),
                None => tokens.len(),
            };
            let at_location = location
                .or_else(|| tokens.last().map(|token| token.span.end))
                .unwrap_or(Location { line: 1, column: 1 });
            Err((SyntaxError { message: message.to_owned(), at: at_location }, at))
        }
    }
}

/// sqlparser writes the place of an error into its message: ` at Line: 1, Column: 2`.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let Some((text, place)) = message.rsplit_once(" at Line: ") else { return (message, None) };
    let location = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
    });
    (text, location)
}

const CLAUSE_WORDS: &[&str] = &[
    "SELECT",
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
    "ON",
    "JOIN",
    "LEFT",
    "RIGHT",
    "INNER",
    "CROSS",
    "FULL",
    "BY",
    "WINDOW",
    "SET",
    "WITH",
    "DISTINCT",
    "OFFSET",
    "FETCH",
];

/// Puts NULL in the place of the expression around token `at`; `None` if there is none.
fn repair(tokens: &[TokenWithSpan], at: usize) -> Option<Vec<TokenWithSpan>> {
    let at = at.min(tokens.len().checked_sub(1)?);
    let mut inside = at;
    for _ in 0..4 {
        let (start, end) = item_around(tokens, inside);
        let kept_alias = alias_start(tokens, start, end);
        let placeholder = end.min(kept_alias);
        let already = placeholder == start + 1 && is_any(tokens, start, &["NULL"]);
        let clause = start > 0
            && is_any(
                tokens,
                start - 1,
                &["SELECT", "WHERE", "ON", "HAVING", "BY", "QUALIFY", "DISTINCT"],
            )
            || start > 0
                && tokens[start - 1].token == Token::Comma
                && in_select_list(tokens, start);
        if placeholder > start && !already && clause && at >= start {
            let mut out = tokens[..start].to_vec();
            let span = tokens[start].span;
            out.push(super::lex::keyword("NULL", sqlparser::keywords::Keyword::NULL, span));
            out.extend_from_slice(&tokens[placeholder..]);
            return Some(out);
        }
        // Not an expression here: look around the parenthesis that holds it.
        inside = open_around(tokens, inside)?;
    }
    None
}

/// The item between commas or clause words around `at`, at its own depth.
fn item_around(tokens: &[TokenWithSpan], at: usize) -> (usize, usize) {
    let mut start = at;
    let mut depth = 0usize;
    while start > 0 {
        match &tokens[start - 1].token {
            Token::RParen => depth += 1,
            Token::LParen | Token::Comma if depth == 0 => break,
            Token::LParen => depth -= 1,
            Token::Word(_) if depth == 0 && is_any(tokens, start - 1, CLAUSE_WORDS) => break,
            _ => {}
        }
        start -= 1;
    }
    let mut end = start;
    while end < tokens.len() {
        match &tokens[end].token {
            Token::LParen => {
                end = past_close(tokens, end);
                continue;
            }
            Token::RParen | Token::Comma => break,
            Token::Word(_) if end > start && is_any(tokens, end, CLAUSE_WORDS) => {
                let call = tokens.get(end + 1).is_some_and(|t| t.token == Token::LParen);
                if !(call && is_any(tokens, end, &["LEFT", "RIGHT"])) {
                    break;
                }
            }
            _ => {}
        }
        end += 1;
    }
    (start, end.max(start))
}

/// Whether the item at `start` belongs to a select list.
fn in_select_list(tokens: &[TokenWithSpan], start: usize) -> bool {
    let mut depth = 0usize;
    for at in (0..start).rev() {
        match tokens[at].token {
            Token::RParen => depth += 1,
            Token::LParen if depth == 0 => return false,
            Token::LParen => depth -= 1,
            Token::Word(_) if depth == 0 && is_any(tokens, at, CLAUSE_WORDS) => {
                return is_any(tokens, at, &["SELECT", "DISTINCT", "BY"]);
            }
            _ => {}
        }
    }
    false
}

/// Where the alias of an item begins: `AS x`, or a bare `x` behind what ends a value.
fn alias_start(tokens: &[TokenWithSpan], start: usize, end: usize) -> usize {
    if end >= start + 3 && is_any(tokens, end - 2, &["AS"]) {
        return end - 2;
    }
    let ends_value = |token: &Token| {
        matches!(
            token,
            Token::RParen | Token::RBracket | Token::SingleQuotedString(_) | Token::Number(..)
        )
    };
    let bare = end >= start + 2
        && matches!(&tokens[end - 1].token, Token::Word(word) if word.quote_style.is_some()
            || word.keyword == sqlparser::keywords::Keyword::NoKeyword)
        && ends_value(&tokens[end - 2].token);
    if bare { end - 1 } else { end }
}

/// The parenthesis that holds the token at `at`.
fn open_around(tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    for index in (0..at).rev() {
        match tokens[index].token {
            Token::RParen => depth += 1,
            Token::LParen if depth == 0 => return Some(index),
            Token::LParen => depth -= 1,
            _ => {}
        }
    }
    None
}
