//! Masking and row-access policies in the header of a view or table (contract §7.2).

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::lex::{bare, dotted, is, is_any, is_token, past_close};
use crate::model::DatasetPath;

/// A policy that a statement puts on what it defines: a function that the server calls on reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What it does.
    pub kind: PolicyKind,
    /// The function, as written.
    pub function: DatasetPath,
    /// The column it masks; a row-access policy has none.
    pub column: Option<String>,
    /// The function's arguments, as written: columns of what is defined.
    pub arguments: Vec<String>,
}

/// What a policy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// Replaces the values of a column for those who may not see them.
    Masking,
    /// Leaves out rows that the reader may not see.
    RowAccess,
}

/// The policies in the header of a `CREATE`, or set by an `ALTER`.
pub(super) fn policies(tokens: &[TokenWithSpan]) -> Vec<Policy> {
    let mut found = Vec::new();
    if !is_any(tokens, 0, &["CREATE", "ALTER"]) {
        return found;
    }
    let mut at = 1;
    while at < tokens.len() && !is(tokens, at, "SELECT") {
        let kind = if is(tokens, at, "MASKING") && is(tokens, at + 1, "POLICY") {
            Some((PolicyKind::Masking, at + 2))
        } else if is(tokens, at, "ROW")
            && is(tokens, at + 1, "ACCESS")
            && is(tokens, at + 2, "POLICY")
        {
            Some((PolicyKind::RowAccess, at + 3))
        } else {
            None
        };
        let given = !is_any(tokens, at - 1, &["UNSET", "DROP"]);
        if let Some((kind, name)) = kind.filter(|_| given)
            && let Some((parts, _, open)) = dotted(tokens, name)
        {
            let column = (kind == PolicyKind::Masking).then(|| masked(tokens, at)).flatten();
            let (arguments, end) = arguments(tokens, open);
            found.push(Policy { kind, function: DatasetPath::new(parts), column, arguments });
            at = end;
        } else {
            at += 1;
        }
    }
    found
}

/// The column whose definition holds the token at `at`.
fn masked(tokens: &[TokenWithSpan], at: usize) -> Option<String> {
    let mut depth = 0usize;
    for back in (1..at).rev() {
        match tokens[back].token {
            Token::RParen => depth += 1,
            Token::LParen if depth > 0 => depth -= 1,
            Token::LParen | Token::Comma if depth == 0 => return name(&tokens[back + 1]),
            _ if depth == 0 && is(tokens, back, "COLUMN") => return name(&tokens[back + 1]),
            _ => {}
        }
    }
    None
}

fn name(token: &TokenWithSpan) -> Option<String> {
    match &token.token {
        Token::Word(word) => Some(word.value.clone()),
        _ => None,
    }
}

/// The names in the parentheses at `open`, and the index behind them.
fn arguments(tokens: &[TokenWithSpan], open: usize) -> (Vec<String>, usize) {
    if !is_token(tokens, open, &Token::LParen) {
        return (Vec::new(), open);
    }
    let end = past_close(tokens, open);
    let inside = &tokens[open + 1..end];
    let inside = match inside.split_last() {
        Some((last, rest)) if last.token == Token::RParen => rest,
        _ => inside,
    };
    let arguments = inside
        .split(|token| token.token == Token::Comma)
        .filter(|argument| !argument.is_empty())
        .map(|argument| {
            let text = |token: &TokenWithSpan| match bare(token) {
                Some(word) => word.to_owned(),
                None => name(token).unwrap_or_else(|| token.token.to_string()),
            };
            argument.iter().map(text).collect::<String>()
        })
        .collect();
    (arguments, end)
}

#[cfg(test)]
mod tests {
    use super::super::dialect::DremioDialect;
    use super::super::lex::lex;
    use super::*;

    fn found(sql: &str) -> Vec<String> {
        let found = policies(&lex(sql, &DremioDialect, true).tokens).into_iter();
        found
            .map(|policy| {
                let column = policy.column.unwrap_or_default();
                format!("{column} {:?} {}({})", policy.kind, policy.function, {
                    policy.arguments.join(", ")
                })
            })
            .collect()
    }

    #[test]
    fn policies_are_read_from_headers() {
        let sql = "CREATE OR REPLACE VIEW sp.\"v 1\" (id, \"s n\" MASKING POLICY sp.mask(\"s n\", id), \
                   e VARCHAR(3) MASKING POLICY f (e)) ROW ACCESS POLICY sp.rls(region) AS \
                   SELECT masking policy FROM t";
        assert_eq!(
            found(sql),
            ["s n Masking sp.mask(s n, id)", "e Masking f(e)", " RowAccess sp.rls(region)"]
        );
        assert_eq!(
            found("ALTER TABLE t MODIFY COLUMN ssn SET MASKING POLICY p (ssn)"),
            ["ssn Masking p(ssn)"]
        );
        assert_eq!(found("ALTER TABLE t MODIFY COLUMN ssn UNSET MASKING POLICY p"), [""; 0]);
        assert_eq!(found("ALTER TABLE t DROP ROW ACCESS POLICY p (a)"), [""; 0]);
        assert_eq!(found("SELECT a AS masking FROM policy"), [""; 0]);
    }

    #[test]
    fn text_that_breaks_off_is_read_as_far_as_it_goes() {
        assert_eq!(found("CREATE VIEW v (a MASKING POLICY p("), ["a Masking p()"]);
        assert_eq!(found("CREATE VIEW v (a MASKING POLICY p(a"), ["a Masking p(a)"]);
        assert_eq!(found("CREATE VIEW v (a MASKING POLICY"), [""; 0]);
        assert_eq!(found("CREATE MASKING POLICY p ("), [" Masking p()"]);
    }
}
