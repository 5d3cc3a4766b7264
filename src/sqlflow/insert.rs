//! The headers of `INSERT` and `COPY INTO`: the target, its columns, and where the query starts.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::lex::{dotted, is, is_any, is_token, past_close};
use super::lineage::StatementKind;
use super::statement::{
    Body, Shape, Written, column_list, opens_query, reorder, top_level, with_starts_cte,
};

pub(super) fn insert(mut tokens: Vec<TokenWithSpan>) -> Shape {
    let kind = StatementKind::Insert;
    let mut at = 1;
    let noise = ["OR", "REPLACE", "IGNORE", "OVERWRITE", "INTO", "TABLE", "ALL", "LOW_PRIORITY"];
    while is_any(&tokens, at, &noise) {
        at += 1;
    }
    let directory = is(&tokens, at, "DIRECTORY") || is(&tokens, at + 1, "DIRECTORY");
    let (target, next) = match dotted(&tokens, at) {
        Some((parts, span, next)) if !directory => (Some(Written { parts, span }), next),
        _ => (None, at),
    };
    let end = top_level(&tokens, next, &["RETURNING"])
        .into_iter()
        .chain(on_conflict(&tokens, next))
        .min()
        .unwrap_or(tokens.len());
    tokens.truncate(end);
    let mut columns = Vec::new();
    let mut at = next;
    let start = loop {
        if at >= tokens.len() {
            break None;
        }
        if is_token(&tokens, at, &Token::LParen) {
            if opens_query(&tokens, at) {
                break Some(at);
            }
            if columns.is_empty() && (at == next || !is(&tokens, at - 1, "PARTITION")) {
                columns = column_list(&tokens, at, kind);
            }
            at = past_close(&tokens, at);
        } else if is_any(&tokens, at, &["SELECT", "VALUES", "VALUE", "FROM"])
            || (is(&tokens, at, "WITH") && with_starts_cte(&tokens, at))
            || (is(&tokens, at, "TABLE") && at > next)
        {
            break Some(at);
        } else {
            at += 1;
        }
    };
    let body = match start {
        Some(start) => Body::Query(tokens.split_off(start)),
        None => Body::Nothing,
    };
    let body = match body {
        Body::Query(query) if is(&query, 0, "FROM") => reorder(query).body,
        body => body,
    };
    Shape { kind, target, columns, body }
}

fn on_conflict(tokens: &[TokenWithSpan], from: usize) -> Option<usize> {
    let mut depth = 0usize;
    for at in from..tokens.len() {
        match tokens[at].token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ if depth == 0
                && is(tokens, at, "ON")
                && is_any(tokens, at + 1, &["CONFLICT", "DUPLICATE"]) =>
            {
                return Some(at);
            }
            _ => {}
        }
    }
    None
}

/// `COPY INTO t [(cols)] FROM '@src/dir' | (SELECT …)` (contract §7.2).
pub(super) fn copy(mut tokens: Vec<TokenWithSpan>) -> Shape {
    let kind = StatementKind::Copy;
    let at = if is(&tokens, 1, "INTO") { 2 } else { 1 };
    let Some((parts, span, next)) = dotted(&tokens, at) else {
        return Shape::new(kind, Body::Nothing);
    };
    let target = Some(Written { parts, span });
    let mut columns = Vec::new();
    if is_token(&tokens, next, &Token::LParen) {
        columns = column_list(&tokens, next, kind);
    }
    let body = match top_level(&tokens, next, &["FROM"]) {
        None => Body::Nothing,
        Some(from) if is_token(&tokens, from + 1, &Token::LParen) => {
            let end = past_close(&tokens, from + 1);
            tokens.truncate(end);
            Body::Query(tokens.split_off(from + 1))
        }
        Some(from) => match tokens.get(from + 1) {
            Some(token) => match &token.token {
                Token::SingleQuotedString(text) => {
                    Body::Table(Written { parts: stage_path(text), span: token.span })
                }
                // Already a name: the pass over tokens reads `FROM 'x'` as a table.
                Token::Word(word) if word.value.starts_with('@') => {
                    Body::Table(Written { parts: stage_path(&word.value), span: token.span })
                }
                _ => match dotted(&tokens, from + 1) {
                    Some((parts, span, _)) => Body::Table(Written { parts, span }),
                    None => Body::Nothing,
                },
            },
            None => Body::Nothing,
        },
    };
    Shape { kind, target, columns, body }
}

/// `@src/dir/` as path parts.
fn stage_path(text: &str) -> Vec<String> {
    let trimmed = text.trim_start_matches('@');
    if trimmed.contains("://") {
        return vec![text.to_owned()];
    }
    trimmed.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
