//! The pass over tokens before the parser: takes out and records what the grammar lacks, and
//! plainer spellings for what has no bearing on lineage. Every token kept keeps its span.

use std::ops::Range;

use rustc_hash::FxHashMap;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::lex::{bare, is, is_any, is_token, keyword, past_close};

/// What the pass took out.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Version clauses by the start of the token before them: first and last token's locations.
    pub(super) versions: FxHashMap<Location, Range<Location>>,
}

const VERSION_WORDS: &[&str] =
    &["BRANCH", "TAG", "COMMIT", "REF", "REFERENCE", "SNAPSHOT", "TIMESTAMP"];

/// Rewrites the tokens of one statement.
pub(super) fn rewrite(tokens: Vec<TokenWithSpan>, notes: &mut Notes) -> Vec<TokenWithSpan> {
    let tokens = flatten_parentheses(tokens);
    if !needs_rewrite(&tokens) {
        return tokens;
    }
    let mut pass = Pass { out: Vec::with_capacity(tokens.len()), over: Vec::new(), notes };
    let mut at = 0;
    while at < tokens.len() {
        at = pass.step(&tokens, at);
    }
    pass.out
}

/// Whether any token starts something the pass looks at; most statements have none.
fn needs_rewrite(tokens: &[TokenWithSpan]) -> bool {
    tokens.iter().any(|token| match &token.token {
        Token::Word(word) if word.quote_style.is_none() => {
            matches!(
                word.keyword,
                Keyword::AT
                    | Keyword::CAST
                    | Keyword::TRY_CAST
                    | Keyword::OVER
                    | Keyword::TABLE
                    | Keyword::UNPIVOT
                    | Keyword::FROM
                    | Keyword::MAP
                    | Keyword::SYMMETRIC
                    | Keyword::ASYMMETRIC
                    | Keyword::TOP
            ) || ["CONTAINS", "CONVERT_FROM", "TRY_CONVERT_FROM"]
                .iter()
                .any(|name| word.value.eq_ignore_ascii_case(name))
        }
        Token::LBrace => true,
        _ => false,
    })
}

struct Pass<'n> {
    out: Vec<TokenWithSpan>,
    /// One entry per open parenthesis: whether it opens a window.
    over: Vec<bool>,
    notes: &'n mut Notes,
}

impl Pass<'_> {
    /// Handles the token at `at`; returns the index of the next.
    fn step(&mut self, tokens: &[TokenWithSpan], at: usize) -> usize {
        let token = &tokens[at];
        match &token.token {
            Token::LParen => {
                let window = at > 0
                    && (is(tokens, at - 1, "OVER")
                        || (at > 2 && is(tokens, at - 1, "AS") && is(tokens, at - 3, "WINDOW")));
                self.over.push(window);
            }
            Token::RParen => {
                self.over.pop();
            }
            Token::LBrace => {
                if let Some(next) = self.odbc_escape(tokens, at) {
                    return next;
                }
            }
            Token::Word(word) if word.quote_style.is_none() => {
                if let Some(next) = self.word(tokens, at, &word.value) {
                    return next;
                }
            }
            _ => {}
        }
        self.out.push(token.clone());
        at + 1
    }

    fn word(&mut self, tokens: &[TokenWithSpan], at: usize, word: &str) -> Option<usize> {
        // Nothing below is longer or shorter than this, and names mostly are.
        if !(2..=16).contains(&word.len()) {
            return None;
        }
        let followed_by_paren = is_token(tokens, at + 1, &Token::LParen);
        if word.eq_ignore_ascii_case("AT") && is_any(tokens, at + 1, VERSION_WORDS) && at > 0 {
            return self.version(tokens, at);
        }
        if followed_by_paren && (is(tokens, at, "CAST") || is(tokens, at, "TRY_CAST")) {
            return self.cast(tokens, at);
        }
        if followed_by_paren && is_any(tokens, at, &["CONVERT_FROM", "TRY_CONVERT_FROM"]) {
            return self.cast(tokens, at);
        }
        if is(tokens, at, "TOP")
            && is_any(tokens, at.wrapping_sub(1), &["SELECT", "DISTINCT", "ALL"])
            && !matches!(
                tokens.get(at + 1)?.token,
                Token::Number(..) | Token::LParen | Token::Placeholder(_)
            )
        {
            // A column of that name: the clause is no part of Dremio's SQL.
            let token = Token::make_word(word, Some('"'));
            self.out.push(TokenWithSpan { token, span: tokens[at].span });
            return Some(at + 1);
        }
        if followed_by_paren && is(tokens, at, "CONTAINS") {
            return self.contains(tokens, at);
        }
        if is(tokens, at, "MAP") && is_token(tokens, at + 1, &Token::LBracket) {
            self.out.push(keyword("ARRAY", Keyword::ARRAY, tokens[at].span));
            return Some(at + 1);
        }
        if at > 0
            && is(tokens, at - 1, "BETWEEN")
            && is_any(tokens, at, &["SYMMETRIC", "ASYMMETRIC"])
        {
            return Some(at + 1);
        }
        if is(tokens, at, "UNPIVOT") {
            return self.unpivot(tokens, at);
        }
        if is(tokens, at, "TABLE") && !followed_by_paren && self.at_query_start() {
            let span = tokens[at].span;
            self.out.push(keyword("SELECT", Keyword::SELECT, span));
            self.out.push(TokenWithSpan { token: Token::Mul, span });
            self.out.push(keyword("FROM", Keyword::FROM, span));
            return Some(at + 1);
        }
        if self.over.last() == Some(&true)
            && is_any(tokens, at, &["ROWS", "RANGE", "GROUPS"])
            && self.out.last().is_some_and(|last| last.token != Token::Period)
            && !is_any(&self.out, self.out.len().wrapping_sub(1), &["BY"])
            && !is_token(&self.out, self.out.len().wrapping_sub(1), &Token::Comma)
        {
            // A frame decides no lineage, and grammars differ on it.
            return Some(to_close(tokens, at));
        }
        if is_any(tokens, at, &["FROM", "JOIN"])
            && let Some(Token::SingleQuotedString(text)) = tokens.get(at + 1).map(|t| &t.token)
            && self.in_from(tokens, at)
        {
            self.out.push(tokens[at].clone());
            let span = tokens[at + 1].span;
            // `'@src/dir'` names a place in a source.
            let parts: Vec<&str> = match text.strip_prefix('@') {
                Some(path) => path.split('/').filter(|part| !part.is_empty()).collect(),
                None => vec![text.as_str()],
            };
            for (index, part) in parts.into_iter().enumerate() {
                if index > 0 {
                    self.out.push(TokenWithSpan { token: Token::Period, span });
                }
                self.out.push(TokenWithSpan { token: Token::make_word(part, Some('"')), span });
            }
            return Some(at + 2);
        }
        None
    }

    /// `FROM 'x'` names a table, but not in `TRIM(BOTH 'x' FROM 'y')` or `EXTRACT`.
    fn in_from(&self, tokens: &[TokenWithSpan], at: usize) -> bool {
        let mut depth = 0usize;
        for back in (0..at).rev() {
            match tokens[back].token {
                Token::RParen => depth += 1,
                Token::LParen if depth == 0 => return false,
                Token::LParen => depth -= 1,
                _ if depth == 0 && is(tokens, back, "SELECT") => return true,
                _ => {}
            }
        }
        is(tokens, at, "FROM") && !self.out.is_empty()
    }

    fn at_query_start(&self) -> bool {
        match self.out.last() {
            None => true,
            Some(token) => {
                token.token == Token::LParen
                    || bare(token).is_some_and(|word| {
                        ["UNION", "ALL", "EXCEPT", "INTERSECT", "MINUS", "DISTINCT", "AS"]
                            .iter()
                            .any(|k| word.eq_ignore_ascii_case(k))
                    })
            }
        }
    }

    /// `AT BRANCH x [AS OF y]` after a table or function (contract §7.2).
    fn version(&mut self, tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
        let before = self.out.last()?;
        if !matches!(before.token, Token::Word(_) | Token::RParen | Token::SingleQuotedString(_)) {
            return None;
        }
        let key = before.span.start;
        // A branch, tag or commit is one name: `AT BRANCH dev (a, b)` goes on with a column list.
        let mut next = if is_any(tokens, at + 1, &["SNAPSHOT", "TIMESTAMP"]) {
            past_value(tokens, at + 2)?
        } else {
            let one = &tokens.get(at + 2)?.token;
            let is_name =
                matches!(one, Token::Word(_) | Token::SingleQuotedString(_) | Token::Number(..));
            is_name.then_some(at + 3)?
        };
        if is(tokens, next, "AS") && is(tokens, next + 1, "OF") {
            let from = if is(tokens, next + 2, "TIMESTAMP") { next + 3 } else { next + 2 };
            next = past_value(tokens, from)?;
        }
        let range = tokens[at + 1].span.start..tokens[next - 1].span.end;
        self.notes.versions.insert(key, range);
        Some(next)
    }

    /// `CAST(x AS <type>)`: no type has a bearing on lineage, and every dialect has its own.
    /// `TRY_CONVERT_FROM(x AS <type>)` loses it, as no grammar expects one there.
    fn cast(&mut self, tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
        let end = past_close(tokens, at + 1);
        let mut depth = 0usize;
        let mut type_at = None;
        for index in at + 1..end {
            match tokens[index].token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ if depth == 1 && is(tokens, index, "AS") => type_at = Some(index),
                _ => {}
            }
        }
        let type_at = type_at?;
        if type_at + 2 >= end && bare(tokens.get(type_at + 1)?).is_none() {
            return None;
        }
        self.out.push(tokens[at].clone());
        let mut index = at + 1;
        while index < type_at {
            index = self.step(tokens, index);
        }
        if is_any(tokens, at, &["CAST", "TRY_CAST"]) {
            let span = tokens[type_at + 1].span;
            self.out.push(tokens[type_at].clone());
            self.out.push(keyword("VARCHAR", Keyword::VARCHAR, span));
        }
        self.over.pop();
        if let Some(close) = tokens.get(end - 1).filter(|token| token.token == Token::RParen) {
            self.out.push(close.clone());
        }
        Some(end)
    }

    /// Lucene text inside `CONTAINS( … )`: only the fields it names stay, as arguments.
    fn contains(&mut self, tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
        let end = past_close(tokens, at + 1);
        let mut fields = Vec::new();
        for index in at + 2..end {
            if tokens[index].token == Token::Colon {
                let mut first = index - 1;
                while first > at + 3 && tokens[first - 1].token == Token::Period {
                    first -= 2;
                }
                if matches!(tokens[first].token, Token::Word(_)) {
                    fields.push(first..index);
                }
            }
        }
        if fields.is_empty() || !is_token(tokens, end - 1, &Token::RParen) {
            return None;
        }
        self.out.extend_from_slice(&tokens[at..at + 2]);
        for (index, field) in fields.into_iter().enumerate() {
            if index > 0 {
                let span = tokens[field.start].span;
                self.out.push(TokenWithSpan { token: Token::Comma, span });
            }
            self.out.extend_from_slice(&tokens[field]);
        }
        self.out.push(tokens[end - 1].clone());
        Some(end)
    }

    /// `UNPIVOT (v FOR q IN (q1 AS 1, q2 AS 2))`: the values' names are dropped.
    fn unpivot(&mut self, tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
        let open = (at + 1..at + 4).find(|index| is_token(tokens, *index, &Token::LParen))?;
        let end = past_close(tokens, open);
        self.out.push(tokens[at].clone());
        let mut index = at + 1;
        while index < end {
            if is(tokens, index, "AS")
                && tokens.get(index + 1).is_some_and(|next| {
                    matches!(next.token, Token::Number(..) | Token::SingleQuotedString(_))
                })
            {
                index += 2;
            } else {
                self.out.push(tokens[index].clone());
                index += 1;
            }
        }
        Some(end)
    }

    /// `{fn F(x)}` is `F(x)`, `{d '…'}` a string.
    fn odbc_escape(&mut self, tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
        if is_any(tokens, at + 1, &["D", "T", "TS"])
            && matches!(tokens.get(at + 2)?.token, Token::SingleQuotedString(_))
            && is_token(tokens, at + 3, &Token::RBrace)
        {
            self.out.push(tokens[at + 2].clone());
            return Some(at + 4);
        }
        if !is(tokens, at + 1, "FN") {
            return None;
        }
        let mut depth = 1usize;
        let mut close = at + 2;
        while close < tokens.len() {
            match tokens[close].token {
                Token::LBrace => depth += 1,
                Token::RBrace => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            close += 1;
        }
        let mut index = at + 2;
        while index < close.min(tokens.len()) {
            index = self.step(tokens, index);
        }
        Some(close + 1)
    }
}

/// The index of the parenthesis that closes the innermost one open at `at`.
fn to_close(tokens: &[TokenWithSpan], at: usize) -> usize {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => return index,
            Token::RParen => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The index after one value: a literal, a name, a call or a parenthesis, with `+`/`-` tails.
fn past_value(tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
    let mut next = match &tokens.get(at)?.token {
        Token::LParen => past_close(tokens, at),
        Token::Word(word)
            if word.quote_style.is_none()
                && (word.keyword == Keyword::INTERVAL || word.keyword == Keyword::TIMESTAMP)
                && matches!(tokens.get(at + 1)?.token, Token::SingleQuotedString(_)) =>
        {
            // INTERVAL '1' DAY
            at + if word.keyword == Keyword::INTERVAL { 3 } else { 2 }
        }
        Token::Word(_) => {
            let mut next = at + 1;
            while is_token(tokens, next, &Token::Period) && next + 1 < tokens.len() {
                next += 2;
            }
            if is_token(tokens, next, &Token::LParen) { past_close(tokens, next) } else { next }
        }
        Token::SingleQuotedString(_) | Token::Number(..) | Token::Placeholder(_) => at + 1,
        _ => return None,
    };
    while next < tokens.len() && matches!(tokens[next].token, Token::Plus | Token::Minus) {
        next = past_value(tokens, next + 1)?;
    }
    Some(next.min(tokens.len()))
}

/// Drops the inner pairs of three or more parentheses that open and close together; two stay, as
/// `((1, 2))` is a list of one tuple.
fn flatten_parentheses(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let triple = tokens.windows(3).any(|w| w.iter().all(|token| token.token == Token::LParen));
    if !triple {
        return tokens;
    }
    let mut close_of = vec![usize::MAX; tokens.len()];
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.token {
            Token::LParen => open.push(at),
            Token::RParen => {
                if let Some(start) = open.pop() {
                    close_of[start] = at;
                }
            }
            _ => {}
        }
    }
    let mut drop = vec![false; tokens.len()];
    for at in 2..tokens.len() {
        let (outer, middle, inner) = (close_of[at - 2], close_of[at - 1], close_of[at]);
        if inner != usize::MAX && middle == inner + 1 && outer == middle + 1 {
            drop[at] = true;
            drop[inner] = true;
        }
    }
    tokens.into_iter().zip(drop).filter(|(_, drop)| !drop).map(|(token, _)| token).collect()
}

#[cfg(test)]
mod tests {
    use super::super::dialect::DremioDialect;
    use super::super::lex::lex;
    use super::*;

    fn rewritten(sql: &str) -> (String, usize) {
        let mut notes = Notes::default();
        let tokens = rewrite(lex(sql, &DremioDialect, true).tokens, &mut notes);
        let text: Vec<String> = tokens.iter().map(|token| token.token.to_string()).collect();
        (text.join(" "), notes.versions.len())
    }

    #[test]
    fn takes_versions_out_and_counts_them() {
        assert_eq!(rewritten("FROM a.t AT BRANCH \"x y\" o"), ("FROM a . t o".to_owned(), 1));
        assert_eq!(
            rewritten("FROM t AT REF main AS OF '2024-01-01' WHERE x"),
            ("FROM t WHERE x".to_owned(), 1)
        );
        assert_eq!(
            rewritten("FROM t AT TIMESTAMP now() - INTERVAL '1' DAY AS q"),
            ("FROM t AS q".to_owned(), 1)
        );
        assert_eq!(rewritten("SELECT x AT TIME ZONE 'UTC'").1, 0);
        assert_eq!(rewritten("INTO t AT BRANCH dev (a, b)"), ("INTO t ( a , b )".to_owned(), 1));
        assert_eq!(
            rewritten("FROM t AT TIMESTAMP date_add(now(), 1) o"),
            ("FROM t o".to_owned(), 1)
        );
    }

    #[test]
    fn keeps_two_of_many_parentheses() {
        assert_eq!(rewritten("((((a))))").0, "( ( a ) )");
        assert_eq!(rewritten("IN ((1, 2))").0, "IN ( ( 1 , 2 ) )");
        assert_eq!(rewritten("(((a) + 1) + 2)").0, "( ( ( a ) + 1 ) + 2 )");
    }

    #[test]
    fn reads_what_the_grammar_lacks() {
        assert_eq!(rewritten("CAST(a AS ARRAY(INT))").0, "CAST ( a AS VARCHAR )");
        assert_eq!(
            rewritten("TRY_CONVERT_FROM(CAST(a AS INT) AS ROW(x INT))").0,
            "TRY_CONVERT_FROM ( CAST ( a AS VARCHAR ) )"
        );
        assert_eq!(rewritten("CONVERT_FROM(a, 'JSON')").0, "CONVERT_FROM ( a , 'JSON' )");
        assert_eq!(rewritten("SELECT top, x FROM m").0, "SELECT \"top\" , x FROM m");
        assert_eq!(rewritten("SELECT TOP 5 x FROM m").0, "SELECT TOP 5 x FROM m");
        assert_eq!(rewritten("CONTAINS(n:wine AND x.b:\"red\"~2)").0, "CONTAINS ( n , x . b )");
        assert_eq!(rewritten("{fn UCASE({fn F(x)})}").0, "UCASE ( F ( x ) )");
        assert_eq!(rewritten("TABLE a.t").0, "SELECT * FROM a . t");
        assert_eq!(rewritten("SELECT 1 FROM '@src/d'").0, "SELECT 1 FROM \"src\" . \"d\"");
        assert_eq!(rewritten("TRIM(BOTH 'x' FROM 'y')").0, "TRIM ( BOTH 'x' FROM 'y' )");
        assert_eq!(
            rewritten(
                "OVER (PARTITION BY rows ORDER BY b ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING)"
            )
            .0,
            "OVER ( PARTITION BY rows ORDER BY b )"
        );
    }

    #[test]
    fn spans_survive() {
        let sql = "SELECT a FROM t AT BRANCH dev x WHERE b";
        let mut notes = Notes::default();
        let tokens = rewrite(lex(sql, &DremioDialect, true).tokens, &mut notes);
        let index = super::super::text::LineIndex::new(sql);
        for token in &tokens {
            assert_eq!(index.slice(index.range(token.span)), token.token.to_string());
        }
    }
}
