//! What is fit to be submitted: one query that changes nothing.
//!
//! This is a guard against mistakes, not a parser: it reads the first word and looks for a second
//! statement.

use super::Error;
use crate::http::answer::clean;

/// Put first, so that administrators find our queries (contract §4.1).
const MARK: &str = "/* tool: dremio-explorer */";

/// The text to submit, without a trailing `;` and with our mark.
pub(super) fn prepare(sql: &str) -> Result<String, Error> {
    let sql = sql.trim().trim_end_matches(|c: char| c == ';' || c.is_whitespace());
    let words = ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"];
    let first = first_word(sql);
    if !words.iter().any(|word| first.eq_ignore_ascii_case(word)) || has_second_statement(sql) {
        return Err(Error::NotReadOnly { statement: clean(sql, 80) });
    }
    if sql.starts_with("/*") && !sql.starts_with("/*+") {
        return Ok(sql.to_owned());
    }
    Ok(format!("{MARK} {sql}"))
}

/// Splits off a leading comment, quoted text or single character.
fn next_piece(sql: &str) -> (&str, &str) {
    let end = if sql.starts_with("--") {
        sql.find('\n')
    } else if let Some(rest) = sql.strip_prefix("/*") {
        rest.find("*/").map(|at| at + 4)
    } else if let Some(quote) = sql.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        sql[1..].find(quote).map(|at| at + 2)
    } else {
        sql.chars().next().map(char::len_utf8)
    };
    sql.split_at(end.unwrap_or(sql.len()))
}

fn first_word(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        if !rest.starts_with("--") && !rest.starts_with("/*") {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            return &rest[..end];
        }
        rest = next_piece(rest).1;
    }
}

fn has_second_statement(sql: &str) -> bool {
    let mut rest = sql;
    while !rest.is_empty() {
        let (piece, after) = next_piece(rest);
        if piece == ";" {
            return true;
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("SELECT 1")]
    #[case("  select * from t ;\n ; ")]
    #[case("(SELECT 1) UNION ALL (SELECT 2)")]
    #[case("-- a; b\n/* c; d */ WITH a AS (SELECT ';' x) SELECT \"a;b\" FROM a")]
    #[case("SELECT 'it''s; fine'")]
    #[case("VALUES (1)")]
    #[case("SHOW TABLES")]
    fn takes_single_queries(#[case] sql: &str) {
        let prepared = prepare(sql).expect("a query");
        assert!(!prepared.trim_end().ends_with(';'), "{prepared}");
        assert!(prepared.contains("/*"), "{prepared}");
    }

    #[rstest]
    #[case("DROP VIEW v")]
    #[case("")]
    #[case("/* SELECT */ DELETE FROM t")]
    #[case("-- SELECT\nCREATE VIEW v AS SELECT 1")]
    #[case("SELECT 1; DROP VIEW v")]
    #[case("SELECT 'a'';' ; ALTER PDS p FORGET METADATA")]
    #[case("SELECTED")]
    #[case("/* never closed")]
    fn refuses_everything_else(#[case] sql: &str) {
        assert!(matches!(prepare(sql), Err(Error::NotReadOnly { .. })), "{sql}");
    }

    #[test]
    fn keeps_a_comment_of_the_callers() {
        assert_eq!(prepare("/* mine */ SELECT 1;").expect("a query"), "/* mine */ SELECT 1");
        assert_eq!(prepare("SELECT 1").expect("a query"), format!("{MARK} SELECT 1"));
    }
}
