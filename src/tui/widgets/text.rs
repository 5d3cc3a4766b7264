//! Text of an exact width in cells, and numbers in words that people read.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;

use crate::model::display::{clean, truncate_to_width, width};

/// Text from a server as a piece of a line.
pub(crate) fn span(text: &str, style: Style) -> Span<'static> {
    Span::styled(clean(text).into_owned(), style)
}

/// Cleaned text in exactly `cells` cells: cut or filled up on the right.
pub(crate) fn fit(text: &str, cells: usize) -> String {
    let cleaned = clean(text);
    let mut fitted = truncate_to_width(&cleaned, cells).into_owned();
    let used = width(&fitted);
    fitted.extend(std::iter::repeat_n(' ', cells.saturating_sub(used)));
    fitted
}

/// Cleaned text in exactly `cells` cells: cut on the right or filled up on the left.
pub(crate) fn fit_right(text: &str, cells: usize) -> String {
    let cleaned = clean(text);
    let cut = truncate_to_width(&cleaned, cells);
    let mut fitted = " ".repeat(cells.saturating_sub(width(&cut)));
    fitted.push_str(&cut);
    fitted
}

/// Cleaned text of at most `cells`, cut on the left: the end of a path is what tells it from others.
pub(crate) fn cut_left(text: &str, cells: usize) -> String {
    let cleaned = clean(text);
    if width(&cleaned) <= cells {
        return cleaned.into_owned();
    }
    let mut kept = Vec::new();
    let mut left = cells.saturating_sub(1);
    for grapheme in cleaned.graphemes(true).rev() {
        let Some(rest) = left.checked_sub(width(grapheme)) else { break };
        left = rest;
        kept.push(grapheme);
    }
    kept.push("…");
    kept.into_iter().rev().collect()
}

/// How wide the spans are together.
pub(crate) fn spans_width(spans: &[Span<'_>]) -> usize {
    spans.iter().map(|span| width(&span.content)).sum()
}

/// Cuts spans to `cells`, with `…` where something is missing.
pub(crate) fn cut(spans: Vec<Span<'static>>, cells: usize) -> Vec<Span<'static>> {
    let mut left = cells;
    let mut kept = Vec::with_capacity(spans.len());
    if spans_width(&spans) <= cells {
        return spans;
    }
    for span in spans {
        let span_width = width(&span.content);
        if span_width < left {
            left -= span_width;
            kept.push(span);
            continue;
        }
        // More is to come, so this one must leave room for the sign that something is missing.
        let text = if span_width == left {
            truncate_to_width(&format!("{}…", span.content), left).into_owned()
        } else {
            truncate_to_width(&span.content, left).into_owned()
        };
        kept.push(Span::styled(text, span.style));
        break;
    }
    kept
}

/// A line of exactly `cells`: `left` cut as needed, `right` kept whole at the end.
pub(crate) fn spread(
    left: Vec<Span<'static>>,
    right: Vec<Span<'static>>,
    cells: usize,
) -> Line<'static> {
    let right_width = spans_width(&right);
    let room = cells.saturating_sub(right_width + usize::from(right_width > 0));
    let mut spans = cut(left, room);
    let used = spans_width(&spans);
    spans.push(Span::raw(" ".repeat(cells.saturating_sub(used + right_width))));
    spans.extend(right);
    Line::from(spans)
}

/// Cleaned text with some characters (counted from 0) in another style.
pub(crate) fn marked(text: &str, chars: &[u32], plain: Style, mark: Style) -> Vec<Span<'static>> {
    if chars.is_empty() {
        return vec![span(text, plain)];
    }
    let mut spans: Vec<(String, bool)> = Vec::new();
    for (at, c) in (0..).zip(text.chars()) {
        let is_marked = chars.binary_search(&at).is_ok();
        match spans.last_mut() {
            Some((piece, was)) if *was == is_marked => piece.push(c),
            _ => spans.push((c.to_string(), is_marked)),
        }
    }
    spans
        .into_iter()
        .map(|(piece, is_marked)| span(&piece, if is_marked { mark } else { plain }))
        .collect()
}

/// Where `needle` (lower case) occurs first in `text`, case aside, as character positions.
pub(crate) fn occurrence(text: &str, needle: &str) -> Option<Vec<u32>> {
    if needle.is_empty() {
        return Some(Vec::new());
    }
    let count = u32::try_from(needle.chars().count()).ok()?;
    if text.is_ascii() && needle.is_ascii() {
        let found = text
            .as_bytes()
            .windows(needle.len())
            .position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))?;
        let found = u32::try_from(found).ok()?;
        return Some((found..found + count).collect());
    }
    let folded = text.to_lowercase();
    let byte = folded.find(needle)?;
    let found = u32::try_from(folded[..byte].chars().count()).ok()?;
    Some((found..found + count).collect())
}

/// Whether `needle` (lower case) occurs in `text`, case aside.
pub(crate) fn contains(text: &str, needle: &str) -> bool {
    if text.is_ascii() && needle.is_ascii() {
        return needle.is_empty()
            || text
                .as_bytes()
                .windows(needle.len())
                .any(|window| window.eq_ignore_ascii_case(needle.as_bytes()));
    }
    text.to_lowercase().contains(needle)
}

/// Cleaned lines of at most `cells`, broken between words where possible.
pub(crate) fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let paragraph = clean(paragraph);
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split_inclusive(' ') {
            let word_width = width(word.trim_end());
            if used + word_width <= cells {
                line.push_str(word);
                used += width(word);
                continue;
            }
            if used > 0 {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                used = 0;
            }
            for grapheme in word.graphemes(true) {
                let grapheme_width = width(grapheme);
                if used + grapheme_width > cells && used > 0 {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push_str(grapheme);
                used += grapheme_width;
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// `12,345`
pub(crate) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 column`, `2,000 columns`
pub(crate) fn counted(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", count(number))
}

/// `340 ms`, `2.4 s`, `3 min 05 s`
pub(crate) fn duration(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

/// `812 B`, `3.4 KB`, `1.2 GB`
pub(crate) fn bytes(size: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = size as f64;
    for unit in ["B", "KB", "MB", "GB"] {
        if value < 1_000.0 {
            return if unit == "B" { format!("{size} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1_000.0;
    }
    format!("{value:.1} TB")
}

/// How long ago, so coarsely that it seldom changes, and when it changes next.
pub(crate) fn ago(age: Duration) -> (String, Duration) {
    let seconds = age.as_secs();
    let until = |next: u64| Duration::from_secs(next).saturating_sub(age);
    match seconds {
        0..10 => ("just now".to_owned(), until(10)),
        10..60 => (format!("{} s ago", seconds / 10 * 10), until((seconds / 10 + 1) * 10)),
        60..3_600 => (format!("{} min ago", seconds / 60), until((seconds / 60 + 1) * 60)),
        _ => (format!("{} h ago", seconds / 3_600), until((seconds / 3_600 + 1) * 3_600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(line: &Line<'_>) -> String {
        line.spans.iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn lines_have_exactly_the_width_asked_for() {
        for cells in 0..24 {
            let left = vec![Span::raw("analytics"), Span::raw(".marts")];
            let line = spread(left, vec![Span::raw("14")], cells);
            assert!(width(&plain(&line)) <= cells.max(2), "{cells}: {:?}", plain(&line));
            assert_eq!(width(&fit("日本語の名前", cells)), cells);
            assert_eq!(width(&fit_right("日本語の名前", cells)), cells);
        }
        let cut_line = spread(vec![Span::raw("analytics"), Span::raw(".marts")], vec![], 12);
        assert_eq!(plain(&cut_line), "analytics.m…");
        assert_eq!(
            plain(&spread(vec![Span::raw("analytics"), Span::raw(".x")], vec![], 9)),
            "analytic…"
        );
    }

    #[test]
    fn the_end_of_a_path_stays() {
        assert_eq!(cut_left("analytics.marts.orders", 12), "…arts.orders");
        assert_eq!(cut_left("a.b", 12), "a.b");
        assert_eq!(cut_left("日本語の名前", 6), "…名前");
    }

    #[test]
    fn server_text_cannot_steer_the_terminal() {
        assert!(!fit("a\u{1b}[31mred", 20).contains('\u{1b}'));
        assert!(!plain(&Line::from(span("x\u{202e}y", Style::new()))).contains('\u{202e}'));
    }

    #[test]
    fn wraps_between_words_and_cuts_long_ones() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("a\n\nb", 4), ["a", "", "b"]);
    }

    #[test]
    fn marks_the_letters_that_matched() {
        let spans = marked("fct_orders", &[4, 5], Style::new(), Style::new().bold());
        let pieces: Vec<_> = spans.iter().map(|span| span.content.as_ref()).collect();
        assert_eq!(pieces, ["fct_", "or", "ders"]);
        assert_eq!(occurrence("Fct_Orders", "ord"), Some(vec![4, 5, 6]));
        assert_eq!(occurrence("Größe", "öß"), Some(vec![2, 3]));
        assert_eq!(occurrence("abc", "x"), None);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "column"), "1 column");
        assert_eq!(duration(Duration::from_millis(2_449)), "2.4 s");
        assert_eq!(duration(Duration::from_secs(185)), "3 min 05 s");
        assert_eq!(bytes(3_412), "3.4 KB");
        assert_eq!(ago(Duration::from_secs(25)), ("20 s ago".to_owned(), Duration::from_secs(5)));
    }
}
