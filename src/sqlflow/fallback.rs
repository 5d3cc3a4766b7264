//! Tables from tokens alone, for statements that do not parse (contract §7, failure policy).

use rustc_hash::FxHashSet;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::lex::{bare, dotted, is, is_any, is_token, past_close};
use super::statement::Written;

/// What a scan finds.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) target: Option<Written>,
    pub(super) sources: Vec<Written>,
}

/// Words that cannot be a bare table name after FROM or JOIN.
const NOT_A_TABLE: &[&str] = &[
    "SELECT", "WHERE", "GROUP", "ORDER", "ON", "USING", "HAVING", "LATERAL", "UNNEST", "VALUES",
    "JOIN", "LEFT", "RIGHT", "INNER", "CROSS", "FULL", "SET", "WHEN", "UNION", "LIMIT", "FROM",
    "AND", "OR", "NOT", "AS", "WITH", "QUALIFY",
];

/// Collects names after FROM, JOIN, USING and in TABLE( … ), and the target.
pub(super) fn scan(tokens: &[TokenWithSpan]) -> Scan {
    let ctes = cte_names(tokens);
    let mut scan = Scan::default();
    let mut at = 0;
    // One entry per open parenthesis: whether commas at its level separate FROM items.
    let mut in_from = vec![false];
    while at < tokens.len() {
        match &tokens[at].token {
            Token::LParen => in_from.push(false),
            Token::RParen if in_from.len() > 1 => {
                in_from.pop();
            }
            Token::Comma if in_from.last() == Some(&true) => {
                scan.table(tokens, at + 1, &ctes);
            }
            Token::Word(_) => {
                if is_any(tokens, at, &["FROM", "JOIN"])
                    || (is(tokens, at, "USING") && in_dml(tokens))
                {
                    let call = at > 1 && (is_extract(tokens, at) || is(tokens, at - 1, "DISTINCT"));
                    if !call {
                        scan.table(tokens, at + 1, &ctes);
                        if let Some(level) = in_from.last_mut() {
                            *level = true;
                        }
                    }
                } else if is(tokens, at, "TABLE") && is_token(tokens, at + 1, &Token::LParen) {
                    scan.table(tokens, at + 2, &ctes);
                } else if is_any(
                    tokens,
                    at,
                    &["WHERE", "GROUP", "ORDER", "SELECT", "HAVING", "SET"],
                ) {
                    if let Some(level) = in_from.last_mut() {
                        *level = false;
                    }
                } else if scan.target.is_none() {
                    scan.target(tokens, at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    scan
}

impl Scan {
    fn table(&mut self, tokens: &[TokenWithSpan], at: usize, ctes: &FxHashSet<String>) {
        let mut at = at;
        while is_token(tokens, at, &Token::LParen) {
            at += 1;
        }
        if is_any(tokens, at, NOT_A_TABLE) {
            return;
        }
        let Some((parts, span, next)) = dotted(tokens, at) else { return };
        let is_cte = parts.len() == 1 && ctes.contains(&parts[0].to_lowercase());
        let function = is_token(tokens, next, &Token::LParen) && parts.len() < 2;
        if !is_cte && !function {
            self.sources.push(Written { parts, span });
        }
    }

    fn target(&mut self, tokens: &[TokenWithSpan], at: usize) {
        let mut name = if is_any(tokens, at, &["VIEW", "VDS"])
            || (is(tokens, at, "TABLE") && at > 0 && !is_token(tokens, at + 1, &Token::LParen))
            || (is(tokens, at, "INTO") && at > 0)
            || (is(tokens, at, "UPDATE") && at == 0)
        {
            at + 1
        } else {
            return;
        };
        if is(tokens, name, "IF") {
            name += if is(tokens, name + 1, "NOT") { 3 } else { 2 };
        }
        if let Some((parts, span, _)) = dotted(tokens, name) {
            self.target = Some(Written { parts, span });
        }
    }
}

fn in_dml(tokens: &[TokenWithSpan]) -> bool {
    is_any(tokens, 0, &["MERGE", "DELETE"])
}

/// `EXTRACT(YEAR FROM x)`, `TRIM(BOTH FROM x)`, `SUBSTRING(x FROM 2)`.
fn is_extract(tokens: &[TokenWithSpan], from: usize) -> bool {
    let mut depth = 0usize;
    for at in (0..from).rev() {
        match tokens[at].token {
            Token::RParen => depth += 1,
            Token::LParen if depth == 0 => {
                return at > 0
                    && is_any(
                        tokens,
                        at - 1,
                        &["EXTRACT", "TRIM", "SUBSTRING", "OVERLAY", "POSITION"],
                    );
            }
            Token::LParen => depth -= 1,
            Token::Word(_) if depth == 0 && is(tokens, at, "SELECT") => return false,
            _ => {}
        }
    }
    false
}

/// The names defined as `name [(columns)] AS (` behind WITH or a comma.
fn cte_names(tokens: &[TokenWithSpan]) -> FxHashSet<String> {
    let mut names = FxHashSet::default();
    for at in 0..tokens.len() {
        let Token::Word(word) = &tokens[at].token else { continue };
        let mut next = at + 1;
        if is_token(tokens, next, &Token::LParen) {
            next = past_close(tokens, next);
        }
        let introduced = at > 0
            && (is_any(tokens, at - 1, &["WITH", "RECURSIVE"])
                || is_token(tokens, at - 1, &Token::Comma));
        if introduced && is(tokens, next, "AS") && is_token(tokens, next + 1, &Token::LParen) {
            let query = (next + 1..tokens.len())
                .find(|index| !is_token(tokens, *index, &Token::LParen))
                .and_then(|index| bare(&tokens[index]));
            if query.is_some() {
                names.insert(word.value.to_lowercase());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::dialect::DremioDialect;
    use super::super::lex::lex;
    use super::*;

    fn found(sql: &str) -> (String, String) {
        let scan = scan(&lex(sql, &DremioDialect, true).tokens);
        let text = |written: &Written| written.parts.join("/");
        (
            scan.target.iter().map(text).collect(),
            scan.sources.iter().map(text).collect::<Vec<_>>().join(" "),
        )
    }

    #[test]
    fn tables_stand_after_from_and_join() {
        assert_eq!(
            found("CREATE VIEW a.v AS SELECT ~ FROM x.\"t 1\", u JOIN (w) ON EXTRACT(DAY FROM d)"),
            ("a/v".to_owned(), "x/t 1 u w".to_owned())
        );
        assert_eq!(found("INSERT INTO t SELECT ~ FROM TABLE(a.f(1))").1, "a/f");
    }

    #[test]
    fn ctes_subqueries_and_clauses_are_no_tables() {
        assert_eq!(
            found("WITH a AS (SELECT ~ FROM r), b (x) AS (SELECT 1 FROM a) SELECT FROM b, a").1,
            "r"
        );
        assert_eq!(found("SELECT FROM WHERE"), (String::new(), String::new()));
        assert_eq!(found("SELECT a IS DISTINCT FROM b FROM t").1, "t");
    }
}
