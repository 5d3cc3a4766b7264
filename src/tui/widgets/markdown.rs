//! Markdown as people write it in wikis, made into lines of a given width.
//!
//! Headings, lists, quotes, code, tables, emphasis and links. What is not understood is shown as it
//! is written. No HTML and no pictures.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::text::{self, fit};
use crate::model::display::{clean, clean_lines, width};
use crate::tui::theme::Theme;

/// The lines of a Markdown text, none wider than `cells` (code and tables are cut).
pub(crate) fn render(markdown: &str, cells: usize, theme: &Theme) -> Vec<Line<'static>> {
    let cleaned = clean_lines(markdown);
    let source: Vec<&str> = cleaned.lines().collect();
    let mut out = Writer { cells: cells.max(8), theme, lines: Vec::new() };
    let mut at = 0;
    while at < source.len() {
        at += out.block(&source[at..]);
    }
    while out.lines.last().is_some_and(|line| line.spans.is_empty()) {
        out.lines.pop();
    }
    out.lines
}

struct Writer<'a> {
    cells: usize,
    theme: &'a Theme,
    lines: Vec<Line<'static>>,
}

impl Writer<'_> {
    /// Writes the block at the head of `source`; returns how many of its lines that took.
    fn block(&mut self, source: &[&str]) -> usize {
        let line = source[0];
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        if trimmed.is_empty() {
            self.blank();
            return 1;
        }
        if let Some(fence) = ["```", "~~~"].iter().find(|fence| trimmed.starts_with(**fence)) {
            return self.code(source, fence);
        }
        if let Some((level, title)) = heading(trimmed) {
            self.heading(level, title);
            return 1;
        }
        if is_rule(trimmed) {
            let rule = Span::styled("─".repeat(self.cells), self.theme.faint);
            self.lines.push(Line::from(rule));
            return 1;
        }
        if trimmed.starts_with('|') && source.get(1).is_some_and(|next| is_table_rule(next)) {
            return self.table(source);
        }
        if let Some(quoted) = trimmed.strip_prefix('>') {
            let bar = Span::styled("│ ", self.theme.faint);
            self.paragraph(quoted.trim_start(), &bar, &bar.clone(), self.theme.soft);
            return 1;
        }
        if let Some((bullet, rest)) = list_item(trimmed) {
            let indent = " ".repeat(indent.min(self.cells / 3));
            let first = Span::styled(format!("{indent}{bullet} "), self.theme.key);
            let rest_indent = Span::raw(" ".repeat(width(&first.content)));
            let (text, taken) = joined(rest, &source[1..]);
            self.paragraph(&text, &first, &rest_indent, self.theme.base);
            return 1 + taken;
        }
        let (text, taken) = joined(trimmed, &source[1..]);
        self.paragraph(&text, &Span::raw(""), &Span::raw(""), self.theme.base);
        1 + taken
    }

    fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.spans.is_empty()) {
            self.lines.push(Line::default());
        }
    }

    fn heading(&mut self, level: usize, title: &str) {
        self.blank();
        let style = if level <= 2 { self.theme.heading } else { self.theme.strong };
        self.paragraph(title, &Span::raw(""), &Span::raw(""), style);
        if level == 1 {
            let under = title.chars().count().min(self.cells);
            self.lines.push(Line::from(Span::styled("─".repeat(under), self.theme.faint)));
        }
    }

    fn code(&mut self, source: &[&str], fence: &str) -> usize {
        let mut taken = 1;
        for line in &source[1..] {
            taken += 1;
            if line.trim_start().starts_with(fence) {
                break;
            }
            let spans = vec![
                Span::styled("│ ", self.theme.faint),
                Span::styled((*line).to_owned(), self.theme.code),
            ];
            self.lines.push(Line::from(text::cut(spans, self.cells)));
        }
        taken
    }

    fn table(&mut self, source: &[&str]) -> usize {
        let rows: Vec<Vec<String>> = source
            .iter()
            .take_while(|line| line.trim_start().starts_with('|'))
            .map(|line| {
                let line = line.trim().trim_start_matches('|');
                let line = line.strip_suffix('|').unwrap_or(line);
                line.split('|')
                    .map(|cell| {
                        let spans = inline(cell.trim(), Style::new(), self.theme);
                        spans.iter().map(|span| span.content.as_ref()).collect()
                    })
                    .collect()
            })
            .collect();
        let taken = rows.len();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = rows.iter().enumerate().filter(|(row, _)| *row != 1);
                cells
                    .filter_map(|(_, row)| row.get(column))
                    .map(|cell| width(cell))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for (index, row) in rows.iter().enumerate() {
            let mut spans = Vec::new();
            for (column, cells) in widths.iter().enumerate() {
                let empty = String::new();
                let cell = row.get(column).unwrap_or(&empty);
                let (cell, style) = match index {
                    0 => (fit(cell, *cells), self.theme.header),
                    1 => ("─".repeat(*cells), self.theme.faint),
                    _ => (fit(cell, *cells), self.theme.base),
                };
                spans.push(Span::styled(cell, style));
                spans.push(Span::raw("  "));
            }
            self.lines.push(Line::from(text::cut(spans, self.cells)));
        }
        taken
    }

    fn paragraph(
        &mut self,
        source: &str,
        first: &Span<'static>,
        rest: &Span<'static>,
        style: Style,
    ) {
        let room = self.cells.saturating_sub(width(&first.content)).max(4);
        let mut line: Vec<Span<'static>> = Vec::new();
        let mut used = 0;
        let mut is_first = true;
        for word in words(inline(source, style, self.theme)) {
            let word_width = text::spans_width(&word);
            if used > 0 && used + 1 + word_width > room {
                self.finish(&mut line, if is_first { first } else { rest });
                (used, is_first) = (0, false);
            }
            if used > 0 {
                // A space inside a link or code keeps its look only between two words of it.
                let style = match (line.last(), word.first()) {
                    (Some(before), Some(after)) if before.style == after.style => before.style,
                    _ => Style::new(),
                };
                line.push(Span::styled(" ", style));
                used += 1;
            }
            used += word_width;
            line.extend(text::cut(word, room));
        }
        if used > 0 || is_first {
            self.finish(&mut line, if is_first { first } else { rest });
        }
    }

    fn finish(&mut self, line: &mut Vec<Span<'static>>, prefix: &Span<'static>) {
        let mut spans = vec![prefix.clone()];
        spans.append(line);
        self.lines.push(Line::from(spans));
    }
}

/// A paragraph with the lines that go on with it, and how many those are.
fn joined(first: &str, rest: &[&str]) -> (String, usize) {
    let mut text = first.trim_end().to_owned();
    // Two spaces or a backslash at the end of a line break it.
    if first.ends_with("  ") || first.ends_with('\\') {
        return (text.trim_end_matches('\\').to_owned(), 0);
    }
    let mut taken = 0;
    for line in rest {
        let trimmed = line.trim_start();
        let begins_block = trimmed.is_empty()
            || heading(trimmed).is_some()
            || list_item(trimmed).is_some()
            || is_rule(trimmed)
            || ["```", "~~~", ">", "|"].iter().any(|sign| trimmed.starts_with(sign));
        if begins_block {
            break;
        }
        text.push(' ');
        text.push_str(trimmed.trim_end());
        taken += 1;
        if line.ends_with("  ") {
            break;
        }
    }
    (text, taken)
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let title = line[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| (level, title.trim().trim_end_matches('#').trim_end()))
}

fn is_rule(line: &str) -> bool {
    let signs: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    signs.len() >= 3 && ["-", "*", "_"].iter().any(|sign| signs.replace(sign, "").is_empty())
}

fn is_table_rule(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('|') && line.contains('-') && line.chars().all(|c| "|-: ".contains(c))
}

/// The bullet to show and the text of a list item.
fn list_item(line: &str) -> Option<(String, &str)> {
    for sign in ["- ", "* ", "+ "] {
        if let Some(rest) = line.strip_prefix(sign) {
            return Some(match rest.split_at_checked(4) {
                Some(("[ ] ", task)) => ("☐".to_owned(), task),
                Some(("[x] " | "[X] ", task)) => ("☑".to_owned(), task),
                _ => ("•".to_owned(), rest),
            });
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line[digits..].strip_prefix(". ").or_else(|| line[digits..].strip_prefix(") "))?;
    (1..=9).contains(&digits).then(|| (format!("{}.", &line[..digits]), rest))
}

/// Emphasis, code and links within a paragraph.
fn inline(source: &str, base: Style, theme: &Theme) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = source;
    let mut previous: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        let piece = match c {
            '\\' if rest[1..].starts_with(|c: char| c.is_ascii_punctuation()) => {
                plain.push_str(&rest[1..2]);
                Some((Vec::new(), 2))
            }
            '`' => delimited(rest, "`")
                .map(|(inner, len)| (vec![Span::styled(inner.to_owned(), theme.code)], len)),
            '*' | '_' | '~' => emphasis(rest, previous, base, theme),
            '[' => link(rest, base, theme),
            '!' if rest[1..].starts_with('[') => {
                link(&rest[1..], base, theme).map(|(spans, len)| (spans, len + 1))
            }
            _ => None,
        };
        if let Some((pieces, len)) = piece {
            if !pieces.is_empty() && !plain.is_empty() {
                spans.push(Span::styled(std::mem::take(&mut plain), base));
            }
            spans.extend(pieces);
            previous = rest[..len].chars().next_back();
            rest = &rest[len..];
        } else {
            plain.push(c);
            previous = Some(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if !plain.is_empty() {
        spans.push(Span::styled(plain, base));
    }
    spans
}

/// What stands between two `sign`s, the first at the head of `text`, and the length of it all.
fn delimited<'t>(text: &'t str, sign: &str) -> Option<(&'t str, usize)> {
    let inner = text.strip_prefix(sign)?;
    let end = inner.find(sign)?;
    (end > 0).then(|| (&inner[..end], end + 2 * sign.len()))
}

fn emphasis(
    text: &str,
    previous: Option<char>,
    base: Style,
    theme: &Theme,
) -> Option<(Vec<Span<'static>>, usize)> {
    // `snake_case` is a name, not emphasis.
    if text.starts_with('_') && previous.is_some_and(char::is_alphanumeric) {
        return None;
    }
    for (sign, modifier) in [
        ("**", Modifier::BOLD),
        ("__", Modifier::BOLD),
        ("~~", Modifier::CROSSED_OUT),
        ("*", Modifier::ITALIC),
        ("_", Modifier::ITALIC),
    ] {
        if let Some((inner, len)) = delimited(text, sign) {
            if inner.starts_with(' ') || inner.ends_with(' ') {
                return None;
            }
            return Some((inline(inner, base.add_modifier(modifier), theme), len));
        }
    }
    None
}

fn link(text: &str, base: Style, theme: &Theme) -> Option<(Vec<Span<'static>>, usize)> {
    let (label, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (target, _) = rest.split_once(')')?;
    let len = 1 + label.len() + 2 + target.len() + 1;
    let mut spans = vec![Span::styled(label.to_owned(), base.patch(theme.link))];
    // A person must see where a link goes; a terminal gives no other way to look.
    if !target.is_empty() && target != label {
        spans.push(Span::styled(format!(" ({})", clean(target)), theme.faint));
    }
    Some((spans, len))
}

/// Cuts styled text at spaces, so that it can be set in lines.
fn words(spans: Vec<Span<'static>>) -> Vec<Vec<Span<'static>>> {
    let mut words: Vec<Vec<Span<'static>>> = vec![Vec::new()];
    for span in spans {
        for (index, part) in span.content.split(' ').enumerate() {
            if index > 0 {
                words.push(Vec::new());
            }
            if !part.is_empty()
                && let Some(word) = words.last_mut()
            {
                word.push(Span::styled(part.to_owned(), span.style));
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{ColourDepth, ThemeName};

    fn shown(markdown: &str, cells: usize) -> Vec<String> {
        let theme = Theme::load(ThemeName::Dark, ColourDepth::True);
        render(markdown, cells, &theme)
            .iter()
            .map(|line| line.spans.iter().map(|span| span.content.as_ref()).collect())
            .collect()
    }

    #[test]
    fn sets_the_blocks_that_wikis_have() {
        let text = "# Orders\n\nOne row per **order** from\nthe `crm`.\n\n- first\n- [ ] open\n  1. nested\n\
            > quoted\n\n| a | bb |\n|---|:--:|\n| 1 | x |\n\n```sql\nSELECT 1\n```\n---\n[docs](http://x/y)";
        assert_eq!(
            shown(text, 30),
            [
                "Orders",
                "──────",
                "",
                "One row per order from the",
                "crm.",
                "",
                "• first",
                "☐ open",
                "  1. nested",
                "│ quoted",
                "",
                "a  bb  ",
                "─  ──  ",
                "1  x   ",
                "",
                "│ SELECT 1",
                "──────────────────────────────",
                "docs (http://x/y)",
            ]
        );
    }

    #[test]
    fn leaves_names_and_lone_signs_alone() {
        assert_eq!(
            shown("snake_case_name 2 * 3 * 4 [x] a`b", 60),
            ["snake_case_name 2 * 3 * 4 [x] a`b"]
        );
    }

    #[test]
    fn never_panics_on_odd_text() {
        for text in
            ["", "|", "#", "```", "[a](", "**", "\\", "- ", "1.", "| a\n|-", "é_ü_*ö*", "!["]
        {
            let _ = shown(text, 1);
        }
    }
}
