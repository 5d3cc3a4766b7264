//! SQL in colour, line by line.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text;
use crate::model::display::clean_lines;
use crate::sqlflow::{TokenClass, classify};
use crate::tui::theme::Theme;

/// The lines of `sql`, cleaned and coloured.
pub(crate) fn lines(sql: &str, theme: &Theme) -> Vec<Line<'static>> {
    let sql = clean_lines(sql);
    let mut lines = vec![Vec::new()];
    let mut at = 0;
    for (range, class) in classify(&sql) {
        push(&mut lines, &sql[at..range.start], theme.base);
        push(&mut lines, &sql[range.clone()], style(class, theme));
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
}
