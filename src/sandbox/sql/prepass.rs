//! From Dremio's SQL text to a statement tree: what the generic grammar lacks (`AT BRANCH …`,
//! contract §7.2) is put into a form that it has.

use sqlparser::ast::{Query, SetExpr, Statement};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

/// Starts the last part of a table name that carries a version; no real name holds it.
const MARK: char = '\u{1}';

/// A table's older state, as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// `branch`, `tag`, `commit`, `reference`, `snapshot` or `timestamp`.
    pub(super) kind: String,
    /// Which one.
    pub(super) value: String,
}

impl Version {
    /// The version that a name's last part carries, if it does.
    pub(super) fn from_part(part: &str) -> Option<Self> {
        let (kind, value) = part.strip_prefix(MARK)?.split_once('=')?;
        Some(Self { kind: kind.to_owned(), value: value.to_owned() })
    }
}

/// The only query in `sql`.
pub(super) fn parse(sql: &str) -> Result<Query, String> {
    let dialect = GenericDialect {};
    let failed = |problem: String| {
        let problem = problem.trim_start_matches("sql parser error: ").to_owned();
        format!("PARSE ERROR: Failure parsing the query. {problem}")
    };
    let tokens = Tokenizer::new(&dialect, sql)
        .tokenize_with_location()
        .map_err(|error| failed(error.to_string()))?;
    let mut statements = Parser::new(&dialect)
        .with_tokens_with_locations(versions_into_names(&tokens))
        .with_recursion_limit(100)
        .parse_statements()
        .map_err(|error| failed(error.to_string()))?;
    let statement = statements.pop();
    match (statement, statements.is_empty()) {
        (Some(Statement::Query(query)), true) => match *query.body {
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                Err(READ_ONLY.to_owned())
            }
            _ => Ok(*query),
        },
        (Some(_), true) => Err(READ_ONLY.to_owned()),
        (None, _) => Err(failed("the text holds no statement".to_owned())),
        (Some(_), false) => Err(failed("only one statement can be run at a time".to_owned())),
    }
}

const READ_ONLY: &str = "UNSUPPORTED_OPERATION ERROR: the sandbox runs queries only";

/// The expression in `sql`, a scalar function's body.
pub(super) fn parse_expression(sql: &str) -> Result<sqlparser::ast::Expr, String> {
    let dialect = GenericDialect {};
    Parser::new(&dialect)
        .try_with_sql(sql)
        .and_then(|mut parser| parser.parse_expr())
        .map_err(|error| format!("PARSE ERROR: Failure parsing a function's body. {error}"))
}

/// Rewrites `t AT BRANCH dev` to `t."<mark>branch=dev"`.
fn versions_into_names(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some((version, next)) = version_at(tokens, at) {
            // After `TABLE( … )` there is no name to carry it.
            while out.last().is_some_and(|token| matches!(token.token, Token::Whitespace(_))) {
                out.pop();
            }
            if out.last().is_some_and(|token| matches!(token.token, Token::Word(_))) {
                let value = format!("{MARK}{}={}", version.kind, version.value);
                let word = Word {
                    value,
                    quote_style: Some('"'),
                    keyword: sqlparser::keywords::Keyword::NoKeyword,
                };
                out.push(TokenWithSpan { token: Token::Period, span: token.span });
                out.push(TokenWithSpan { token: Token::Word(word), span: token.span });
            }
            at = next;
        } else {
            out.push(token.clone());
            at += 1;
        }
    }
    out
}

/// The version clause that starts at token `at`, and the token after it.
fn version_at(tokens: &[TokenWithSpan], at: usize) -> Option<(Version, usize)> {
    let significant = |from: usize| {
        (from..tokens.len()).find(|index| !matches!(tokens[*index].token, Token::Whitespace(_)))
    };
    let bare = |index: usize| match &tokens[index].token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_lowercase()),
        _ => None,
    };
    if bare(at)? != "at" {
        return None;
    }
    let kind_at = significant(at + 1)?;
    let kind = match bare(kind_at)?.as_str() {
        "ref" | "reference" => "reference".to_owned(),
        kind @ ("branch" | "tag" | "commit" | "snapshot" | "timestamp") => kind.to_owned(),
        _ => return None,
    };
    let value_at = significant(kind_at + 1)?;
    let value = match &tokens[value_at].token {
        Token::Word(word) => word.value.clone(),
        Token::SingleQuotedString(text) | Token::Number(text, _) => text.clone(),
        _ => return None,
    };
    let mut next = value_at + 1;
    // `AT BRANCH main AS OF '…'`: told from an alias by the word OF.
    let as_of = significant(next)
        .filter(|index| bare(*index).as_deref() == Some("as"))
        .and_then(|index| significant(index + 1))
        .filter(|index| bare(*index).as_deref() == Some("of"))
        .and_then(|index| significant(index + 1));
    if let Some(moment) = as_of {
        next = moment + 1;
    }
    Some((Version { kind, value }, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_versions_in_the_name() {
        let sql = "SELECT o.at FROM nes.o AT BRANCH dev AS o JOIN c AT TAG \"v1.0\" c ON o.x = c.x \
                   JOIN i AT REF main AS OF '2024-05-01 00:00:00' z ON TRUE";
        let text = parse(sql).expect("a query").to_string();
        assert!(text.contains("nes.o.\"\u{1}branch=dev\" AS o"), "{text}");
        assert!(
            text.contains("c.\"\u{1}tag=v1.0\" c") || text.contains("c.\"\u{1}tag=v1.0\" AS c")
        );
        assert!(text.contains("i.\"\u{1}reference=main\" ") && text.contains(" z ON"), "{text}");
        assert_eq!(
            Version::from_part("\u{1}tag=v1.0"),
            Some(Version { kind: "tag".to_owned(), value: "v1.0".to_owned() })
        );
    }

    #[test]
    fn takes_one_query_only() {
        assert!(parse("SELECT 1;").is_ok());
        assert!(parse("SELECT 1; SELECT 2").expect_err("two").starts_with("PARSE ERROR"));
        assert!(parse("").expect_err("none").starts_with("PARSE ERROR"));
        assert!(parse("DELETE FROM t").expect_err("a change").starts_with("UNSUPPORTED"));
        assert!(parse("SELEC 1").expect_err("no SQL").contains("Failure parsing"));
    }
}
