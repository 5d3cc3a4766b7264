//! Text to tokens: comments Dremio knows and the tokenizer does not, white space dropped,
//! statements split at semicolons.

use std::borrow::Cow;

use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Word};

/// The tokens of a text without white space, and where the tokenizer gave up, if it did.
pub(super) struct Lexed {
    pub(super) tokens: Vec<TokenWithSpan>,
    pub(super) error: Option<(String, Location)>,
}

/// Tokenizes `sql`; `slash_comments` says whether `//` starts a comment (contract §7.1).
pub(super) fn lex(sql: &str, dialect: &dyn Dialect, slash_comments: bool) -> Lexed {
    let text = if slash_comments { without_slash_comments(sql) } else { Cow::Borrowed(sql) };
    let mut tokens = Vec::with_capacity(sql.len() / 4);
    let error = Tokenizer::new(dialect, &text)
        .tokenize_with_location_into_buf(&mut tokens)
        .err()
        .map(|error| (error.message, error.location));
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
    Lexed { tokens, error }
}

/// Blanks `//` comments outside strings, quoted names and other comments, keeping every position.
fn without_slash_comments(sql: &str) -> Cow<'_, str> {
    if !sql.contains("//") {
        return Cow::Borrowed(sql);
    }
    let mut out = String::with_capacity(sql.len());
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('\'' | '"' | '`', _) => {
                out.push(c);
                for inner in chars.by_ref() {
                    out.push(inner);
                    if inner == c {
                        break;
                    }
                }
            }
            ('-', Some('-')) => {
                out.push(c);
                for inner in chars.by_ref() {
                    out.push(inner);
                    if inner == '\n' {
                        break;
                    }
                }
            }
            ('/', Some('*')) => {
                out.push(c);
                let mut last = ' ';
                for inner in chars.by_ref() {
                    out.push(inner);
                    if last == '*' && inner == '/' {
                        break;
                    }
                    last = inner;
                }
            }
            ('/', Some('/')) => {
                out.push(' ');
                while let Some(inner) = chars.next_if(|c| *c != '\n') {
                    // One blank per character: columns are counted in characters.
                    let _ = inner;
                    out.push(' ');
                }
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Splits tokens into statements at semicolons; empty ones are left out.
pub(super) fn statements(tokens: Vec<TokenWithSpan>) -> Vec<Vec<TokenWithSpan>> {
    let mut statements = Vec::with_capacity(1);
    let mut current = Vec::with_capacity(tokens.len());
    for token in tokens {
        if token.token == Token::SemiColon {
            if !current.is_empty() {
                statements.push(std::mem::take(&mut current));
            }
        } else {
            current.push(token);
        }
    }
    if !current.is_empty() {
        statements.push(current);
    }
    statements
}

/// The text of an unquoted word.
pub(super) fn bare(token: &TokenWithSpan) -> Option<&str> {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(&word.value),
        _ => None,
    }
}

/// Whether the token at `at` is the unquoted word `keyword`.
pub(super) fn is(tokens: &[TokenWithSpan], at: usize, keyword: &str) -> bool {
    tokens.get(at).and_then(bare).is_some_and(|word| word.eq_ignore_ascii_case(keyword))
}

/// Whether the token at `at` is one of these unquoted words.
pub(super) fn is_any(tokens: &[TokenWithSpan], at: usize, keywords: &[&str]) -> bool {
    tokens
        .get(at)
        .and_then(bare)
        .is_some_and(|word| keywords.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)))
}

/// Whether the token at `at` is `token`.
pub(super) fn is_token(tokens: &[TokenWithSpan], at: usize, token: &Token) -> bool {
    tokens.get(at).is_some_and(|found| found.token == *token)
}

/// The index after the parenthesis that closes the one at `open`, or the end.
pub(super) fn past_close(tokens: &[TokenWithSpan], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// A keyword token standing at `span`.
pub(super) fn keyword(text: &str, keyword: Keyword, span: Span) -> TokenWithSpan {
    let word = Word { value: text.to_owned(), quote_style: None, keyword };
    TokenWithSpan { token: Token::Word(word), span }
}

/// Reads a dotted name at `at`: its parts, the span of its last part, and the index after it.
pub(super) fn dotted(tokens: &[TokenWithSpan], at: usize) -> Option<(Vec<String>, Span, usize)> {
    let mut parts = Vec::with_capacity(3);
    let mut next = at;
    loop {
        let token = tokens.get(next)?;
        match &token.token {
            Token::Word(word) => parts.push(word.value.clone()),
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text)
                if parts.is_empty() || next > at =>
            {
                parts.push(text.clone());
            }
            Token::Number(digits, _) if !parts.is_empty() => parts.push(digits.clone()),
            _ => return None,
        }
        let mut span = token.span;
        next += 1;
        while is_token(tokens, next, &Token::Minus)
            && tokens[next].span.start == tokens[next - 1].span.end
            && tokens.get(next + 1).is_some_and(|t| t.span.start == tokens[next].span.end)
        {
            // `my-project.dataset`: hyphens without blanks belong to the name.
            let (Some(last), Some(word)) = (parts.last_mut(), tokens.get(next + 1)) else { break };
            last.push('-');
            last.push_str(&word.token.to_string());
            span = word.span;
            next += 2;
        }
        if !is_token(tokens, next, &Token::Period) {
            return Some((parts, span, next));
        }
        next += 1;
    }
}
