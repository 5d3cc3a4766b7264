//! Making text from a server fit to be shown: nothing that it holds may steer a terminal, turn the
//! reading direction or hide, and nothing may be wider than its place.
//!
//! Everything that draws or prints goes through here. JSON and other exact forms do not: there the
//! text is kept as it is and escaped.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Stands for a character that must not be shown.
const REPLACEMENT: char = '\u{FFFD}';
/// How many marks may pile up on one letter; the longest in written languages are about five.
const MAX_MARKS: usize = 8;
/// Spaces for a tab in [`clean_lines`].
const TAB: &str = "    ";

/// One line of text with everything that is not plainly visible replaced by something that is.
///
/// Control characters become their pictures (`␛`, `␊`), the upper controls, bidi marks, overrides
/// and isolates, line separators and zero-width characters become `�`. Joiners stay where
/// they have a use: inside emoji and in scripts that need them, never beside ASCII.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) {
        return Cow::Borrowed(text);
    }
    clean_chars(text, false)
}

/// Text of several lines, cleaned like [`clean`] with its line breaks kept (as `\n`) and tabs made
/// spaces. For SQL, wiki texts and messages.
pub fn clean_lines(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, 0x20..=0x7E | b'\n')) {
        return Cow::Borrowed(text);
    }
    clean_chars(text, true)
}

fn clean_chars(text: &str, lines: bool) -> Cow<'_, str> {
    let mut out = String::new();
    // Bytes before this are the same in `text`, so far as `out` is empty.
    let mut changed = false;
    let mut previous = None;
    let mut marks = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        let shown = if lines && c == '\n' {
            Shown::Same
        } else if lines && c == '\t' {
            Shown::Text(TAB)
        } else if lines && c == '\r' && next == Some('\n') {
            Shown::Text("")
        } else {
            show(c, previous, next)
        };
        let shown = match shown {
            Shown::Same if !c.is_control() && c.width() == Some(0) => {
                marks += 1;
                match marks.cmp(&(MAX_MARKS + 1)) {
                    std::cmp::Ordering::Less => Shown::Same,
                    std::cmp::Ordering::Equal => Shown::Char(REPLACEMENT),
                    std::cmp::Ordering::Greater => Shown::Text(""),
                }
            }
            other => {
                marks = 0;
                other
            }
        };
        if !changed && shown != Shown::Same {
            changed = true;
            out.reserve(text.len() + 8);
            out.push_str(&text[..at]);
        }
        if changed {
            match shown {
                Shown::Same => out.push(c),
                Shown::Char(c) => out.push(c),
                Shown::Text(text) => out.push_str(text),
            }
        }
        previous = Some(c);
    }
    if changed { Cow::Owned(out) } else { Cow::Borrowed(text) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Same,
    Char(char),
    Text(&'static str),
}

fn show(c: char, previous: Option<char>, next: Option<char>) -> Shown {
    match c {
        '\0'..='\u{1F}' => {
            // The control pictures stand in the order of the controls.
            Shown::Char(char::from_u32(0x2400 + c as u32).unwrap_or(REPLACEMENT))
        }
        '\u{7F}' => Shown::Char('\u{2421}'),
        '\u{200C}' | '\u{200D}' => {
            let useful = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !is_hidden(c));
            if useful(previous) && useful(next) { Shown::Same } else { Shown::Char(REPLACEMENT) }
        }
        c if is_hidden(c) => Shown::Char(REPLACEMENT),
        _ => Shown::Same,
    }
}

/// Whether a character has an effect and no picture. The two joiners are decided by [`show`].
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9F}'            // upper controls, CSI among them
        | '\u{AD}'                     // soft hyphen
        | '\u{34F}'                    // grapheme joiner
        | '\u{61C}'                    // Arabic letter mark
        | '\u{115F}' | '\u{1160}'      // Hangul fillers
        | '\u{17B4}' | '\u{17B5}'      // Khmer inherent vowels
        | '\u{180B}'..='\u{180F}'      // Mongolian selectors
        | '\u{200B}'..='\u{200F}'      // zero-width space, joiners, direction marks
        | '\u{2028}'..='\u{202E}'      // line separators, embeddings, overrides
        | '\u{2060}'..='\u{206F}'      // word joiner, isolates, invisible operators
        | '\u{3164}' | '\u{FFA0}'      // Hangul fillers
        | '\u{FEFF}'                   // byte order mark
        | '\u{FFF0}'..='\u{FFFB}'      // annotations
        | '\u{1D173}'..='\u{1D17A}'    // musical controls
        | '\u{E0000}'..='\u{E0FFF}'    // tags and further selectors
    )
}

/// How many terminal cells a cleaned text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// At most `cells` terminal cells of a cleaned text, cut between whole characters as people see
/// them, with `…` at the end if anything is missing.
pub fn truncate_to_width(text: &str, cells: usize) -> Cow<'_, str> {
    if fits(text, cells) {
        return Cow::Borrowed(text);
    }
    let Some(room) = cells.checked_sub(1) else { return Cow::Borrowed("") };
    let end = end_within(text, room);
    Cow::Owned(format!("{}…", &text[..end]))
}

/// As [`truncate_to_width`], with the end kept and `…` in the middle: for paths, whose last part
/// says most.
pub fn truncate_middle(text: &str, cells: usize) -> Cow<'_, str> {
    if fits(text, cells) {
        return Cow::Borrowed(text);
    }
    let Some(room) = cells.checked_sub(1) else { return Cow::Borrowed("") };
    let tail_room = room - room / 3;
    let mut used = 0;
    let mut tail = text.len();
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += grapheme.width();
        if used > tail_room {
            break;
        }
        tail = at;
    }
    let head = end_within(text, room / 3).min(tail);
    Cow::Owned(format!("{}…{}", &text[..head], &text[tail..]))
}

fn fits(text: &str, cells: usize) -> bool {
    // No character takes more cells than UTF-8 takes bytes.
    text.len() <= cells || {
        let mut used = 0;
        text.graphemes(true).all(|grapheme| {
            used += grapheme.width();
            used <= cells
        })
    }
}

fn end_within(text: &str, cells: usize) -> usize {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > cells {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        for text in ["", "orders 2024", "Größe", "注文", "👩‍👩‍👧", "☁️", "می‌خواهم", "שלום"]
        {
            assert!(matches!(clean(text), Cow::Borrowed(_)), "{text:?}");
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn what_steers_a_terminal_is_made_visible() {
        assert_eq!(clean("\u{1b}[31mred\u{7}"), "␛[31mred␇");
        assert_eq!(clean("a\tb\r\nc\0\u{7f}"), "a␉b␍␊c␀␡");
        assert_eq!(clean("x\u{9b}2J"), "x�2J");
        assert_eq!(clean("a\u{202e}cod.exe\u{2066}"), "a�cod.exe�");
        assert_eq!(clean("user\u{200b}name\u{feff}"), "user�name�");
        assert_eq!(clean("é\u{200f}"), "é�");
    }

    #[test]
    fn joiners_stay_only_where_they_have_a_use() {
        assert_eq!(clean("a\u{200d}b"), "a�b");
        assert_eq!(clean("\u{200d}"), "�");
        assert_eq!(clean("👩\u{200d}x"), "👩�x");
    }

    #[test]
    fn piled_up_marks_are_cut() {
        let pile = format!("a{}b", "\u{301}".repeat(1_000));
        assert_eq!(clean(&pile), format!("a{}�b", "\u{301}".repeat(MAX_MARKS)));
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(clean_lines("SELECT\r\n\t1\u{1b}\n"), "SELECT\n    1␛\n");
        assert_eq!(clean_lines("lone \r return"), "lone ␍ return");
        assert!(matches!(clean_lines("a\nb"), Cow::Borrowed(_)));
    }

    #[test]
    fn cuts_between_whole_characters() {
        assert_eq!(truncate_to_width("orders", 6), "orders");
        assert_eq!(truncate_to_width("orders", 5), "orde…");
        assert_eq!(truncate_to_width("注文書", 4), "注…");
        assert_eq!(truncate_to_width("注文書", 5), "注文…");
        assert_eq!(truncate_to_width("👩‍👩‍👧 family", 3), "👩‍👩‍👧…");
        assert_eq!(truncate_to_width("e\u{301}tude", 2), "e\u{301}…");
        assert_eq!(truncate_to_width("orders", 1), "…");
        assert_eq!(truncate_to_width("orders", 0), "");
        assert_eq!(truncate_middle("lake.raw.2024.orders", 12), "lak…4.orders");
        assert_eq!(truncate_middle("lake.orders", 11), "lake.orders");
        assert_eq!(truncate_middle("lake.orders", 1), "…");
    }

    proptest! {
        #[test]
        fn nothing_hidden_comes_through(text in any::<String>()) {
            let cleaned = clean(&text);
            prop_assert!(!cleaned.chars().any(char::is_control));
            let is_joiner = |c| matches!(c, '\u{200C}' | '\u{200D}');
            let hides_something = cleaned.chars().any(|c| is_hidden(c) && !is_joiner(c));
            prop_assert!(!hides_something);
            prop_assert_eq!(clean(&cleaned), cleaned.clone());
        }

        #[test]
        fn a_cut_text_fits(text in any::<String>(), cells in 0usize..40) {
            let cleaned = clean(&text);
            prop_assert!(width(&truncate_to_width(&cleaned, cells)) <= cells);
            prop_assert!(width(&truncate_middle(&cleaned, cells)) <= cells);
        }
    }
}
