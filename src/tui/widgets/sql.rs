//! SQL in colour, line by line, and laid out for reading.

use std::ops::Range;

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use sqlformat::{FormatOptions, Indent, QueryParams};

use super::text;
use crate::model::display::clean_lines;
use crate::sqlflow::{TokenClass, classify};
use crate::tui::theme::Theme;

/// Longer SQL is shown as it is: nobody reads it in one piece, and laying it out takes long.
const MAX_FORMATTED: usize = 200_000;

/// The lines of `sql`, cleaned and coloured.
pub(crate) fn lines(sql: &str, theme: &Theme) -> Vec<Line<'static>> {
    let sql = clean_lines(sql);
    coloured(&sql, &classify(&sql), &[], theme)
}

/// The lines of cleaned SQL with these tokens; what stands in `links` is underlined.
pub(crate) fn coloured(
    sql: &str,
    tokens: &[(Range<usize>, TokenClass)],
    links: &[Range<usize>],
    theme: &Theme,
) -> Vec<Line<'static>> {
    let mut lines = vec![Vec::new()];
    let mut at = 0;
    for (range, class) in tokens {
        push(&mut lines, &sql[at..range.start], theme.base);
        let mut look = style(*class, theme);
        if links.iter().any(|link| link.start <= range.start && range.end <= link.end) {
            look = look.patch(theme.link).add_modifier(Modifier::UNDERLINED);
        }
        push(&mut lines, &sql[range.clone()], look);
        at = range.end;
    }
    push(&mut lines, &sql[at..], theme.base);
    lines.into_iter().map(Line::from).collect()
}

fn push(lines: &mut Vec<Vec<Span<'static>>>, piece: &str, style: Style) {
    for (index, part) in piece.split('\n').enumerate() {
        if index > 0 {
            lines.push(Vec::new());
        }
        if !part.is_empty()
            && let Some(line) = lines.last_mut()
        {
            line.push(text::span(part, style));
        }
    }
}

fn style(class: TokenClass, theme: &Theme) -> Style {
    let special = match class {
        TokenClass::Keyword => theme.keyword,
        TokenClass::String => theme.string,
        TokenClass::Number => theme.number,
        TokenClass::Comment => theme.comment,
        TokenClass::Operator => theme.operator,
        TokenClass::Function => theme.call,
        TokenClass::Identifier | TokenClass::QuotedIdentifier | TokenClass::Other => Style::new(),
    };
    theme.base.patch(special)
}

/// `sql` with other line breaks and indentation. `Err` says why it is not laid out: the formatter knows
/// no dialect, and what it makes is good only if it consists of the very same tokens.
pub(crate) fn formatted(sql: &str) -> Result<String, &'static str> {
    if sql.len() > MAX_FORMATTED {
        return Err("this SQL is too long to be laid out anew");
    }
    let options = FormatOptions { indent: Indent::Spaces(2), ..FormatOptions::default() };
    let laid_out = sqlformat::format(sql, &QueryParams::None, &options);
    if is_same(sql, &laid_out) {
        Ok(laid_out)
    } else {
        Err("this SQL would mean something else if it were laid out anew")
    }
}

/// Whether two texts are the same SQL but for white space between tokens and within comments.
fn is_same(a: &str, b: &str) -> bool {
    let (tokens_a, tokens_b) = (classify(a), classify(b));
    tokens_a.len() == tokens_b.len()
        && tokens_a.iter().zip(&tokens_b).all(|((at_a, class_a), (at_b, class_b))| {
            let (text_a, text_b) = (&a[at_a.clone()], &b[at_b.clone()]);
            let is_comment = *class_a == TokenClass::Comment;
            class_a == class_b
                && (text_a == text_b
                    || is_comment && text_a.split_whitespace().eq(text_b.split_whitespace()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{ColourDepth, ThemeName};

    #[test]
    fn keeps_every_letter_on_its_line() {
        let theme = Theme::load(ThemeName::Dark, ColourDepth::True);
        let sql = "SELECT a, -- why\n\t'x\ny' AS b\nFROM \"t\"";
        let text: Vec<String> = lines(sql, &theme)
            .iter()
            .map(|line| line.spans.iter().map(|span| span.content.as_ref()).collect())
            .collect();
        assert_eq!(text, ["SELECT a, -- why", "    'x", "y' AS b", "FROM \"t\""]);
        let first = &lines(sql, &theme)[0].spans[0];
        assert_eq!((first.content.as_ref(), first.style.fg), ("SELECT", theme.keyword.fg));
    }

    #[test]
    fn lays_out_without_changing_a_token() {
        let sql = "SELECT a.\"Größe\", SUM(CASE WHEN b > 1 THEN -1 ELSE 2e3 END) -- why\n  AS x, \
                   'it''s  two  spaces' FROM lake.\"shop-raw\".t a /* no\n   more */ WHERE c <> 4 GROUP BY 1";
        let laid_out = formatted(sql).expect("the same tokens");
        assert!(laid_out.lines().count() > 6, "{laid_out}");
        assert!(laid_out.contains("'it''s  two  spaces'"), "{laid_out}");
        assert!(laid_out.contains("-- why\n"), "{laid_out}");
    }

    #[test]
    fn refuses_what_would_mean_something_else() {
        assert!(!is_same("SELECT 1 - -1", "SELECT 1 --1"));
        assert!(!is_same("SELECT a b", "SELECT ab"));
        assert!(!is_same("SELECT 'a  b'", "SELECT 'a b'"));
        assert!(!is_same("SELECT \"A\"", "SELECT \"a\""));
        assert!(is_same("SELECT a\n FROM  t", "SELECT\n  a\nFROM\n  t"));
        assert!(formatted(&"SELECT 1 ".repeat(40_000)).is_err());
    }
}
