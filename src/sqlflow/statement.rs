//! What a statement is, read from its first tokens: headers of `CREATE`, `INSERT`, `COPY` and
//! `CREATE FUNCTION` are taken off here, so that only queries and DML reach the parser.

use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

use super::insert::{copy, insert};
use super::lex::{bare, dotted, is, is_any, is_token, past_close};
use super::lineage::StatementKind;

/// A name as written, with where its last part stands.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) parts: Vec<String>,
    pub(super) span: Span,
}

/// A statement split into what it writes and the tokens still to parse.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) kind: StatementKind,
    pub(super) target: Option<Written>,
    /// The column list of the header, in order.
    pub(super) columns: Vec<String>,
    pub(super) body: Body,
}

/// What is left to parse.
#[derive(Debug)]
pub(super) enum Body {
    /// A query.
    Query(Vec<TokenWithSpan>),
    /// `UPDATE`, `DELETE`, `MERGE`.
    Dml(Vec<TokenWithSpan>),
    /// A scalar expression: a function's body.
    Expression(Vec<TokenWithSpan>),
    /// A whole table or directory: `LIKE`, `CLONE`, `COPY INTO … FROM '@…'`.
    Table(Written),
    /// Nothing.
    Nothing,
}

impl Shape {
    pub(super) fn new(kind: StatementKind, body: Body) -> Self {
        Self { kind, target: None, columns: Vec::new(), body }
    }
}

const CREATE_MODIFIERS: &[&str] = &[
    "OR",
    "REPLACE",
    "ALTER",
    "TEMP",
    "TEMPORARY",
    "TRANSIENT",
    "VOLATILE",
    "EXTERNAL",
    "MATERIALIZED",
    "SECURE",
    "RECURSIVE",
    "GLOBAL",
    "LOCAL",
    "FORCE",
    "NOFORCE",
    "EDITIONABLE",
    "LIVE",
    "STREAMING",
    "DYNAMIC",
    "ICEBERG",
    "UNLOGGED",
    "MULTISET",
    "SET",
    "FOREIGN",
    "HYBRID",
    "PRIVATE",
    "SNAPSHOT",
    "COLUMN",
    "ROW",
];

/// Reads the shape of one statement.
pub(super) fn shape(mut tokens: Vec<TokenWithSpan>) -> Shape {
    // EXPLAIN and PROFILE read what they explain.
    if is_any(&tokens, 0, &["EXPLAIN", "PROFILE"])
        && let Some(start) = (1..tokens.len()).find(|at| {
            is_any(&tokens, *at, &["SELECT", "INSERT", "CREATE", "MERGE", "UPDATE", "DELETE"])
                || (is(&tokens, *at, "WITH") && with_starts_cte(&tokens, *at))
                || is_token(&tokens, *at, &Token::LParen)
        })
    {
        tokens.drain(..start);
    }
    let Some(first) = tokens.first() else {
        return Shape::new(StatementKind::Other, Body::Nothing);
    };
    if first.token == Token::LParen {
        return query(tokens);
    }
    let Some(word) = bare(first) else {
        return Shape::new(StatementKind::Query, Body::Query(tokens));
    };
    match word.to_ascii_uppercase().as_str() {
        "SELECT" | "VALUES" | "TABLE" => query(tokens),
        "FROM" => from_first(tokens),
        "WITH" => with(tokens),
        "CREATE" => create(tokens),
        "ALTER" => alter(tokens),
        "INSERT" | "REPLACE" | "UPSERT" => insert(tokens),
        // `MERGE BRANCH dev INTO main IN nes` merges no rows.
        "MERGE" if is(&tokens, 1, "BRANCH") && !is_any(&tokens, 2, &["USING", "AS"]) => {
            Shape::new(StatementKind::Other, Body::Nothing)
        }
        "MERGE" => Shape::new(StatementKind::Merge, Body::Dml(tokens)),
        "UPDATE" => Shape::new(StatementKind::Update, Body::Dml(tokens)),
        "DELETE" => Shape::new(StatementKind::Delete, Body::Dml(tokens)),
        "COPY" => copy(tokens),
        "CACHE" => cache(tokens),
        "USE" | "SHOW" | "DROP" | "OPTIMIZE" | "VACUUM" | "GRANT" | "REVOKE" | "SET" | "RESET"
        | "REFRESH" | "TRUNCATE" | "ANALYZE" | "CALL" | "BEGIN" | "START" | "COMMIT"
        | "ROLLBACK" | "DESCRIBE" | "DESC" | "EXPLAIN" | "FORGET" | "LOAD" | "UNLOAD"
        | "COMMENT" | "DECLARE" | "EXECUTE" | "EXEC" | "PREPARE" | "DEALLOCATE" | "LOCK"
        | "UNLOCK" | "KILL" | "ASSIGN" | "MSCK" | "UNCACHE" | "CLEAR" | "RENAME" | "GO"
        | "PRINT" | "END" | "PIPE" | "PRAGMA" | "ATTACH" | "DETACH" | "INSTALL" | "PURGE"
        | "RETURN" | "LIST" | "PUT" | "REMOVE" => Shape::new(StatementKind::Other, Body::Nothing),
        _ => Shape::new(StatementKind::Query, Body::Query(tokens)),
    }
}

/// The context that `USE a.b` sets for the statements after it.
pub(super) fn used_context(tokens: &[TokenWithSpan]) -> Option<Vec<String>> {
    if !is(tokens, 0, "USE") {
        return None;
    }
    let kind = is_any(tokens, 1, &["DATABASE", "SCHEMA", "CATALOG"]) && tokens.len() > 2;
    if is_any(tokens, 1, &["BRANCH", "TAG", "COMMIT", "REFERENCE", "ROLE", "WAREHOUSE"]) {
        return None;
    }
    let (parts, _, next) = dotted(tokens, if kind { 2 } else { 1 })?;
    (next == tokens.len()).then_some(parts)
}

fn query(mut tokens: Vec<TokenWithSpan>) -> Shape {
    if let Some(option) = top_level(&tokens, 1, &["OPTION"])
        && is_token(&tokens, option + 1, &Token::LParen)
    {
        tokens.truncate(option);
    }
    Shape::new(StatementKind::Query, Body::Query(tokens))
}

/// `FROM t INSERT INTO x SELECT …` and `FROM t SELECT …`.
fn from_first(tokens: Vec<TokenWithSpan>) -> Shape {
    let Some(insert_at) = top_level(&tokens, 1, &["INSERT"]) else { return reorder(tokens) };
    let mut rest = tokens;
    let tail = rest.split_off(insert_at);
    let mut shape = insert(tail);
    if let Body::Query(select) = &mut shape.body {
        rest.append(select);
        let reordered = reorder(rest);
        shape.body = reordered.body;
    }
    shape
}

/// Moves a leading FROM clause behind the select list, where every grammar takes it.
pub(super) fn reorder(mut tokens: Vec<TokenWithSpan>) -> Shape {
    let Some(select_at) = top_level(&tokens, 1, &["SELECT"]) else {
        let span = tokens[0].span;
        let mut full = vec![
            super::lex::keyword("SELECT", sqlparser::keywords::Keyword::SELECT, span),
            TokenWithSpan { token: Token::Mul, span },
        ];
        full.append(&mut tokens);
        return query(full);
    };
    let select = tokens.split_off(select_at);
    let clause = ["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "QUALIFY", "WINDOW"];
    let end = top_level(&select, 1, &clause).unwrap_or(select.len());
    let mut full = select;
    let tail = full.split_off(end);
    full.append(&mut tokens);
    full.extend(tail);
    query(full)
}

/// `WITH … SELECT`, `WITH … INSERT INTO t SELECT` and `WITH … UPDATE | DELETE | MERGE`.
fn with(tokens: Vec<TokenWithSpan>) -> Shape {
    let Some(verb) = top_level(&tokens, 1, &["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"])
    else {
        return query(tokens);
    };
    if is(&tokens, verb, "INSERT") {
        let mut head = tokens;
        let tail = head.split_off(verb);
        let mut shape = insert(tail);
        if let Body::Query(select) = &mut shape.body {
            head.append(select);
            *select = head;
        }
        return shape;
    }
    let kind = match tokens[verb].token.to_string().to_ascii_uppercase().as_str() {
        "UPDATE" => StatementKind::Update,
        "DELETE" => StatementKind::Delete,
        "MERGE" => StatementKind::Merge,
        _ => return query(tokens),
    };
    Shape::new(kind, Body::Dml(tokens))
}

fn create(tokens: Vec<TokenWithSpan>) -> Shape {
    let mut at = 1;
    while is_any(&tokens, at, CREATE_MODIFIERS) {
        at += 1;
    }
    if is_any(&tokens, at, &["FUNCTION", "AGGREGATE"]) {
        return function(tokens, at + 1);
    }
    if is_any(&tokens, at, &["PROCEDURE", "PROC"])
        && let Some(begin) = top_level(&tokens, at, &["BEGIN"])
    {
        let mut tokens = tokens;
        tokens.drain(..=begin);
        return shape(tokens);
    }
    let kind = if is_any(&tokens, at, &["VIEW", "VDS"]) {
        StatementKind::CreateView
    } else if is(&tokens, at, "TABLE") {
        StatementKind::CreateTable
    } else {
        return Shape::new(StatementKind::Other, Body::Nothing);
    };
    defined(tokens, at + 1, kind)
}

/// `ALTER VIEW v AS …`; any other ALTER has no lineage.
fn alter(tokens: Vec<TokenWithSpan>) -> Shape {
    let at = if is(&tokens, 1, "MATERIALIZED") { 2 } else { 1 };
    if is_any(&tokens, at, &["VIEW", "VDS"]) && query_start(&tokens, at + 1).is_some() {
        return defined(tokens, at + 1, StatementKind::CreateView);
    }
    Shape::new(StatementKind::Other, Body::Nothing)
}

fn cache(tokens: Vec<TokenWithSpan>) -> Shape {
    let Some(table) = top_level(&tokens, 1, &["TABLE"]) else {
        return Shape::new(StatementKind::Other, Body::Nothing);
    };
    defined(tokens, table + 1, StatementKind::CreateTable)
}

/// The rest of a CREATE: a name, columns, options, and the query behind AS.
fn defined(mut tokens: Vec<TokenWithSpan>, at: usize, kind: StatementKind) -> Shape {
    let mut at = past_if_exists(&tokens, at);
    if is_any(&tokens, at, &["IDENTIFIER"]) && is_token(&tokens, at + 1, &Token::LParen) {
        at += 2;
    }
    let Some((parts, span, next)) = dotted(&tokens, at) else {
        return Shape { columns: Vec::new(), target: None, kind, body: Body::Query(tokens) };
    };
    let target = Some(Written { parts, span });
    let start = query_start(&tokens, next);
    let open =
        (next..start.unwrap_or(tokens.len())).find(|i| is_token(&tokens, *i, &Token::LParen));
    let mut columns = Vec::new();
    if let Some(open) = open
        && (open == next || is_any(&tokens, next, &["ON"]) || !has_option(&tokens, next, open))
    {
        columns = column_list(&tokens, open, kind);
    }
    if let Some(start) = start {
        let mut body = tokens.split_off(start);
        trim_trailing_options(&mut body);
        return Shape { kind, target, columns, body: Body::Query(body) };
    }
    let source = (next..tokens.len()).find(|at| is_any(&tokens, *at, &["LIKE", "CLONE", "COPY"]));
    if let Some(source) = source
        && (source == next || source == next + 1 || is(&tokens, source, "CLONE"))
        && let Some((parts, span, _)) = dotted(&tokens, source + 1)
    {
        let body = Body::Table(Written { parts, span });
        return Shape { kind, target, columns: Vec::new(), body };
    }
    Shape { kind, target, columns: Vec::new(), body: Body::Nothing }
}

/// Whether a word that starts an option stands between the name and the parenthesis.
fn has_option(tokens: &[TokenWithSpan], from: usize, to: usize) -> bool {
    (from..to).any(|at| bare(&tokens[at]).is_some_and(|word| !word.eq_ignore_ascii_case("AT")))
        && !is(tokens, from, "AT")
}

/// The names in `( a, b INT, c MASKING POLICY p(c) )`.
pub(super) fn column_list(
    tokens: &[TokenWithSpan],
    open: usize,
    kind: StatementKind,
) -> Vec<String> {
    let end = past_close(tokens, open);
    let mut columns = Vec::new();
    let mut depth = 0usize;
    let mut expect = true;
    for token in &tokens[open..end] {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Comma if depth == 1 => expect = true,
            Token::Word(word) if expect && depth == 1 => {
                let constraint = word.quote_style.is_none()
                    && kind == StatementKind::CreateTable
                    && ["PRIMARY", "FOREIGN", "UNIQUE", "CONSTRAINT", "CHECK"]
                        .iter()
                        .any(|k| word.value.eq_ignore_ascii_case(k));
                if !constraint {
                    columns.push(word.value.clone());
                }
                expect = false;
            }
            _ => {}
        }
    }
    columns
}

/// Where the query behind a header starts, searched from `from` outside parentheses.
fn query_start(tokens: &[TokenWithSpan], from: usize) -> Option<usize> {
    let mut at = from;
    while at < tokens.len() {
        match &tokens[at].token {
            Token::LParen => {
                // `CREATE TABLE t (SELECT …)`
                if at >= from && opens_query(tokens, at) && !follows_store(tokens, at) {
                    return Some(at);
                }
                at = past_close(tokens, at);
                continue;
            }
            Token::Word(word) if word.quote_style.is_none() => {
                let after_as = at > from && is(tokens, at - 1, "AS");
                let start = is(tokens, at, "SELECT")
                    || (is(tokens, at, "WITH")
                        && (after_as || with_starts_cte(tokens, at))
                        && !is_token(tokens, at + 1, &Token::LParen))
                    || (after_as && is_any(tokens, at, &["VALUES", "TABLE", "FROM"]));
                if start {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn follows_store(tokens: &[TokenWithSpan], at: usize) -> bool {
    at > 1 && is(tokens, at - 1, "AS") && is_any(tokens, at - 2, &["STORE", "STORED"])
}

/// `WITH x AS (`, `WITH x (a) AS (` or `WITH RECURSIVE …`, unlike `WITH NO DATA`.
pub(super) fn with_starts_cte(tokens: &[TokenWithSpan], at: usize) -> bool {
    is(tokens, at + 1, "RECURSIVE")
        || (tokens.get(at + 1).is_some_and(|t| matches!(t.token, Token::Word(_)))
            && ((is(tokens, at + 2, "AS") && is_token(tokens, at + 3, &Token::LParen))
                || is_token(tokens, at + 2, &Token::LParen)))
}

/// Whether the parenthesis at `open` holds a query.
pub(super) fn opens_query(tokens: &[TokenWithSpan], open: usize) -> bool {
    let first = (open..tokens.len()).find(|at| !is_token(tokens, *at, &Token::LParen));
    first.is_some_and(|at| {
        is(tokens, at, "SELECT")
            || (is(tokens, at, "WITH") && with_starts_cte(tokens, at))
            || (is(tokens, at, "VALUES") && is_token(tokens, at + 1, &Token::LParen))
            || (is(tokens, at, "TABLE") && at + 1 < tokens.len())
            || (is(tokens, at, "FROM") && at + 1 < tokens.len())
    })
}

/// Cuts `WITH NO DATA`, `WITH CHECK OPTION` and the like off the end of a query, and whatever
/// options follow a query in parentheses.
fn trim_trailing_options(tokens: &mut Vec<TokenWithSpan>) {
    if is_token(tokens, 0, &Token::LParen) {
        let close = past_close(tokens, 0);
        let goes_on =
            ["UNION", "EXCEPT", "INTERSECT", "MINUS", "ORDER", "LIMIT", "OFFSET", "FETCH"];
        if close < tokens.len() && !is_any(tokens, close, &goes_on) {
            tokens.truncate(close);
            return;
        }
    }
    let words = ["NO", "DATA", "SCHEMA", "CHECK", "CASCADED", "LOCAL", "READ"];
    for back in 2..=5.min(tokens.len().saturating_sub(1)) {
        let at = tokens.len() - back;
        if is(tokens, at, "WITH") && is_any(tokens, at + 1, &words) {
            tokens.truncate(at);
            return;
        }
    }
}

fn past_if_exists(tokens: &[TokenWithSpan], at: usize) -> usize {
    if is(tokens, at, "IF") && is(tokens, at + 1, "NOT") && is(tokens, at + 2, "EXISTS") {
        at + 3
    } else if is(tokens, at, "IF") && is(tokens, at + 1, "EXISTS") {
        at + 2
    } else {
        at
    }
}

/// `CREATE FUNCTION f (a INT) RETURNS … RETURN <expression or query>`.
fn function(mut tokens: Vec<TokenWithSpan>, at: usize) -> Shape {
    let kind = StatementKind::CreateFunction;
    let at = past_if_exists(&tokens, at);
    let Some((parts, span, next)) = dotted(&tokens, at) else {
        return Shape::new(kind, Body::Nothing);
    };
    let target = Some(Written { parts, span });
    let columns = if is_token(&tokens, next, &Token::LParen) {
        column_list(&tokens, next, StatementKind::CreateView)
    } else {
        Vec::new()
    };
    let Some(start) = top_level(&tokens, next, &["RETURN"]) else {
        return Shape { kind, target, columns, body: Body::Nothing };
    };
    let body = tokens.split_off(start + 1);
    let body = if body.is_empty() {
        Body::Nothing
    } else if is_any(&body, 0, &["SELECT", "WITH", "VALUES", "TABLE"]) || opens_query(&body, 0) {
        Body::Query(body)
    } else {
        Body::Expression(body)
    };
    Shape { kind, target, columns, body }
}

/// The first of these words outside parentheses at or after `from`.
pub(super) fn top_level(tokens: &[TokenWithSpan], from: usize, words: &[&str]) -> Option<usize> {
    let mut depth = 0usize;
    for at in from..tokens.len() {
        match tokens[at].token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Word(_) if depth == 0 && is_any(tokens, at, words) => return Some(at),
            _ => {}
        }
    }
    None
}
