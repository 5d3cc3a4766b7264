//! Old and new text as one: words that go struck through, words that come underlined.

use std::time::{Duration, Instant};

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use similar::{ChangeTag, DiffTag, TextDiff};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::model::display::{clean, clean_lines, width};
use crate::tui::core::Core;
use crate::tui::theme::Theme;

/// Unchanged lines that stay visible beside a changed one.
const CONTEXT: usize = 1;
/// How long the shortest comparison is looked for; after that, a longer one will do. A frame is to be
/// drawn in the same time.
const PATIENCE: Duration = Duration::from_millis(4);
/// Lines of which less is the same, in percent of their letters, are not woven together: nobody could
/// read them.
const WOVEN: usize = 40;

/// How words that differ are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// By colour and line alone.
    Styles,
    /// By signs too, `[-old-]{+new+}`: where there is no colour, a line through a word may be missing
    /// as well.
    Signs,
}

impl Marks {
    pub(super) fn of(core: &Core) -> Self {
        let has_colour = core.theme.good.fg.is_some() && !core.ascii;
        if has_colour { Self::Styles } else { Self::Signs }
    }
}

pub(super) fn gone(theme: &Theme) -> Style {
    theme.error.add_modifier(Modifier::CROSSED_OUT)
}

pub(super) fn come(theme: &Theme) -> Style {
    theme.good.add_modifier(Modifier::UNDERLINED)
}

/// A paragraph under way: its pieces, and whether one of them differs.
#[derive(Default)]
struct Paragraph {
    pieces: Vec<(String, Style)>,
    differs: bool,
}

/// Lines of at most `cells`; of long texts only what differs, with a little around it. What does not
/// fit on its line goes on below, `hang` cells further in than it began.
pub(super) fn compare(
    old: &str,
    new: &str,
    (cells, hang): (usize, usize),
    theme: &Theme,
    marks: Marks,
) -> Vec<Line<'static>> {
    let until = Instant::now() + PATIENCE;
    let (old, new) = (clean_lines(old), clean_lines(new));
    // Line by line first: that is quick, and keeps together what stands together.
    let lines = TextDiff::configure().deadline(until).diff_lines(&*old, &*new);
    let mut paragraphs = vec![Paragraph::default()];
    for op in lines.ops() {
        let before = lines.old_slices()[op.old_range()].concat();
        let after = lines.new_slices()[op.new_range()].concat();
        match op.tag() {
            DiffTag::Equal => push(&mut paragraphs, ChangeTag::Equal, &before, theme, marks),
            DiffTag::Delete => push(&mut paragraphs, ChangeTag::Delete, &before, theme, marks),
            DiffTag::Insert => push(&mut paragraphs, ChangeTag::Insert, &after, theme, marks),
            DiffTag::Replace => {
                push_words(&mut paragraphs, &before, &after, until, theme, marks);
            }
        }
    }
    // The end of the last line begins no line of its own.
    if paragraphs.len() > 1 && paragraphs.last().is_some_and(|last| last.pieces.is_empty()) {
        paragraphs.pop();
    }
    if !paragraphs.iter().any(|paragraph| paragraph.differs) {
        let text = "The same words: only line ends or other invisible characters differ.";
        return wrap_pieces(&[(text.to_owned(), theme.soft)], cells);
    }
    let near = |at: usize| {
        let from = at.saturating_sub(CONTEXT);
        paragraphs[from..paragraphs.len().min(at + CONTEXT + 1)].iter().any(|near| near.differs)
    };
    let mut lines = Vec::new();
    let mut left_out = 0;
    #[expect(clippy::needless_range_loop, reason = "neighbours are looked at by index too")]
    for at in 0..paragraphs.len() {
        if near(at) {
            push_left_out(&mut lines, &mut left_out, theme);
            lines.extend(wrap_hanging(&paragraphs[at].pieces, cells, hang));
        } else {
            left_out += 1;
        }
    }
    push_left_out(&mut lines, &mut left_out, theme);
    lines
}

/// Puts lines that took the place of others word by word into each other; below each other where
/// they have little in common.
fn push_words(
    paragraphs: &mut Vec<Paragraph>,
    before: &str,
    after: &str,
    until: Instant,
    theme: &Theme,
    marks: Marks,
) {
    let words = TextDiff::configure().deadline(until).diff_words(before, after);
    let is_one_line = !before.trim_end().contains('\n') && !after.trim_end().contains('\n');
    // Spaces are the same in any two texts, and say nothing.
    let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).count();
    let same: usize = words
        .iter_all_changes()
        .filter(|change| change.tag() == ChangeTag::Equal)
        .map(|change| letters(change.value()))
        .sum();
    if !is_one_line && same * 200 < (letters(before) + letters(after)) * WOVEN {
        push(paragraphs, ChangeTag::Delete, before, theme, marks);
        if !before.ends_with('\n') {
            paragraphs.push(Paragraph::default());
        }
        push(paragraphs, ChangeTag::Insert, after, theme, marks);
        return;
    }
    let mut runs: Vec<(ChangeTag, String)> = Vec::new();
    for change in words.iter_all_changes() {
        match runs.last_mut() {
            Some((tag, text)) if *tag == change.tag() => text.push_str(change.value()),
            _ => runs.push((change.tag(), change.value().to_owned())),
        }
    }
    for (tag, text) in runs {
        push(paragraphs, tag, &text, theme, marks);
    }
}

/// Adds text to the last paragraph, and begins another at each line break.
fn push(paragraphs: &mut Vec<Paragraph>, tag: ChangeTag, text: &str, theme: &Theme, marks: Marks) {
    let style = match tag {
        ChangeTag::Equal => theme.base,
        ChangeTag::Delete => gone(theme),
        ChangeTag::Insert => come(theme),
    };
    let (before, after) = match (marks, tag) {
        (Marks::Styles, _) | (_, ChangeTag::Equal) => ("", ""),
        (Marks::Signs, ChangeTag::Delete) => ("[-", "-]"),
        (Marks::Signs, ChangeTag::Insert) => ("{+", "+}"),
    };
    for (number, piece) in text.split('\n').enumerate() {
        if number > 0 {
            paragraphs.push(Paragraph::default());
        }
        let Some(paragraph) = paragraphs.last_mut() else { continue };
        // What comes after the last line break belongs to the next piece.
        let is_rest = number > 0 && piece.is_empty();
        paragraph.differs |= tag != ChangeTag::Equal && !is_rest;
        if !piece.is_empty() {
            paragraph.pieces.push((format!("{before}{piece}{after}"), style));
        }
    }
}

fn push_left_out(lines: &mut Vec<Line<'static>>, left_out: &mut usize, theme: &Theme) {
    if *left_out > 0 {
        let plural = if *left_out == 1 { "" } else { "s" };
        lines.push(Line::styled(format!("⋯ {left_out} line{plural} the same"), theme.faint));
    }
    *left_out = 0;
}

/// Pieces of text in lines of at most `cells`, broken between words where possible.
pub(super) fn wrap_pieces(pieces: &[(String, Style)], cells: usize) -> Vec<Line<'static>> {
    wrap_hanging(pieces, cells, 0)
}

/// The same where what goes on below begins `hang` cells further in than the text did.
pub(super) fn wrap_hanging(
    pieces: &[(String, Style)],
    cells: usize,
    hang: usize,
) -> Vec<Line<'static>> {
    let cells = cells.max(4);
    let first = pieces.first().map_or("", |(text, _)| text);
    let begun = if hang == 0 { 0 } else { first.len() - first.trim_start_matches(' ').len() };
    let indent = if hang == 0 { 0 } else { (begun + hang).min(cells / 2) };
    let mut lines = vec![Vec::<Span<'static>>::new()];
    let mut used = 0;
    let mut put = |text: &str, style: Style, fresh: bool| {
        if fresh {
            let margin = (indent > 0).then(|| Span::raw(" ".repeat(indent)));
            lines.push(margin.into_iter().collect());
        }
        let Some(line) = lines.last_mut() else { return };
        match line.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push_str(text),
            _ => line.push(Span::styled(text.to_owned(), style)),
        }
    };
    for (text, style) in pieces {
        for word in clean(text).split_word_bounds() {
            let word_width = width(word);
            if used + word_width <= cells {
                put(word, *style, false);
                used += word_width;
            } else if word_width <= cells - indent {
                let is_space = word.trim().is_empty();
                let word = if is_space { "" } else { word };
                put(word, *style, true);
                used = indent + width(word);
            } else {
                for letter in word.graphemes(true) {
                    let letter_width = width(letter);
                    let fresh = used + letter_width > cells;
                    if fresh {
                        used = indent;
                    }
                    put(letter, *style, fresh);
                    used += letter_width;
                }
            }
        }
    }
    lines.into_iter().map(Line::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::{ColourDepth, ThemeName};

    fn plain(lines: &[Line<'_>]) -> Vec<String> {
        lines
            .iter()
            .map(|line| line.spans.iter().map(|span| span.content.as_ref()).collect())
            .collect()
    }

    #[test]
    fn words_that_differ_stand_in_their_line() {
        let theme = Theme::load(ThemeName::Dark, ColourDepth::True);
        let lines = compare(
            "paid orders of a day",
            "paid orders of a week",
            (60, 0),
            &theme,
            Marks::Styles,
        );
        assert_eq!(plain(&lines), ["paid orders of a dayweek"]);
        let styles: Vec<_> = lines[0].spans.iter().map(|span| span.style).collect();
        assert_eq!(styles, [theme.base, gone(&theme), come(&theme)]);
    }

    #[test]
    fn without_colour_signs_tell_old_from_new() {
        let theme = Theme::load(ThemeName::Dark, ColourDepth::None);
        let lines =
            compare("all orders of a day", "orders of a week", (60, 0), &theme, Marks::Signs);
        assert_eq!(plain(&lines), ["[-all -]orders of a [-day-]{+week+}"]);
        let lines = compare("a\nb", "a\nc\nd", (60, 0), &theme, Marks::Signs);
        assert_eq!(plain(&lines), ["a", "[-b-]", "{+c+}", "{+d+}"]);
    }

    #[test]
    fn what_is_the_same_is_left_out_of_long_texts() {
        let theme = Theme::load(ThemeName::Dark, ColourDepth::None);
        let old = "SELECT\na,\nb,\nc,\nd\nFROM t";
        let new = "SELECT\na,\nb,\nc,\nd\nFROM u";
        let lines = plain(&compare(old, new, (60, 0), &theme, Marks::Styles));
        assert_eq!(lines, ["⋯ 4 lines the same", "d", "FROM tu"]);
        let same_from_start = plain(&compare("a\nb\nc", "x\nb\nc", (60, 0), &theme, Marks::Styles));
        assert_eq!(same_from_start, ["ax", "b", "⋯ 1 line the same"]);
    }

    #[test]
    fn lines_are_never_wider_than_asked() {
        let theme = Theme::load(ThemeName::Dark, ColourDepth::True);
        let (old, new) = ("日本語 of the month".repeat(9), "日本語 of the year\u{1b}[1m".repeat(9));
        for cells in 4..40 {
            for hang in [0, 2] {
                for line in plain(&compare(&old, &new, (cells, hang), &theme, Marks::Signs)) {
                    assert!(width(&line) <= cells, "{cells}: {line:?}");
                    assert!(!line.contains('\u{1b}'));
                }
            }
        }
    }

    #[test]
    fn long_sql_is_compared_line_by_line_and_goes_on_further_in() {
        let theme = Theme::load(ThemeName::Dark, ColourDepth::None);
        let sql = |changed: &str| -> String {
            (0..300)
                .map(|n| match n {
                    150 => format!("    {changed} AS total_of_the_month,\r\n"),
                    _ => format!("\tcolumn_{n} + {n} AS other_{n},\r\n"),
                })
                .collect()
        };
        let lines = compare(&sql("SUM(a)"), &sql("SUM(b)"), (24, 2), &theme, Marks::Signs);
        assert_eq!(
            plain(&lines),
            [
                "⋯ 149 lines the same",
                "    column_149 + 149 AS ",
                "      other_149,",
                "    [-SUM(a)-]{+SUM(b)+}",
                "      AS ",
                "      total_of_the_month",
                "      ,",
                "    column_151 + 151 AS ",
                "      other_151,",
                "⋯ 148 lines the same",
            ]
        );
    }

    #[test]
    fn lines_with_little_in_common_stand_below_each_other() {
        let theme = Theme::load(ThemeName::Dark, ColourDepth::None);
        let (old, new) = ("SELECT one, two\nFROM three", "WITH ten AS (eleven)\nTABLE ten");
        let lines = plain(&compare(old, new, (60, 0), &theme, Marks::Signs));
        assert_eq!(
            lines,
            ["[-SELECT one, two-]", "[-FROM three-]", "{+WITH ten AS (eleven)+}", "{+TABLE ten+}",]
        );
    }

    #[test]
    fn what_cannot_be_seen_is_said() {
        let theme = Theme::load(ThemeName::Dark, ColourDepth::True);
        let lines = plain(&compare("a\r\nb", "a\nb", (80, 0), &theme, Marks::Styles));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("line ends"), "{lines:?}");
    }
}
