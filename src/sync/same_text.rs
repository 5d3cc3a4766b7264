//! Whether a stored description is the one that was sent, whatever the server made of it (quirk 13).

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Line ends and outer space do not count. What was sent before may have come back rewritten: 2.0
/// drops scripts and rewrites markup (contract §3.2), so that then only the words count.
pub(super) fn is_same_text(new: &str, old: &str, sent_before: bool) -> bool {
    let normal = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    normal(new) == normal(old) || (sent_before && words(new) == words(old))
}

/// A text without markup, entities read, white space folded.
fn words(text: &str) -> String {
    static MARKUP: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?is)<(?:script|style)\b.*?(?:</(?:script|style)\s*>|$)|<!--.*?(?:-->|$)|</?[a-z][^>]*>",
        )
        .ok()
    });
    static ENTITY: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]+));").ok());
    let (Some(markup), Some(entity)) = (MARKUP.as_ref(), ENTITY.as_ref()) else {
        return text.to_owned();
    };
    let bare = markup.replace_all(text, " ");
    let read = entity.replace_all(&bare, |found: &Captures<'_>| {
        let number = |group: usize, radix| {
            let digits = found.get(group)?.as_str();
            u32::from_str_radix(digits, radix).ok().and_then(char::from_u32)
        };
        let named = || match found.get(3)?.as_str() {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some(' '),
            _ => None,
        };
        let read = number(1, 10).or_else(|| number(2, 16)).or_else(named);
        read.map_or_else(|| found[0].to_owned(), String::from)
    });
    read.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewritten_markup_is_the_same_text_only_if_it_was_sent_before() {
        let sent = "Totals <script>alert('1 < 2')</script>&amp; <b>more</b>\r\nof it";
        let stored = "Totals &amp; more\nof it";
        assert!(is_same_text(sent, stored, true));
        assert!(!is_same_text(sent, stored, false));
        assert!(is_same_text("a = b", "a &#61; b", true));
        assert!(is_same_text("tea <!-- hot --> &#x26; milk", "tea & milk", true));
    }

    #[test]
    fn other_words_are_another_text() {
        for (sent, stored) in [
            ("one", "two"),
            ("a < b", "a > b"),
            ("the <b>first</b>", "the second"),
            ("&unknown; thing", "thing"),
        ] {
            assert!(!is_same_text(sent, stored, true), "{sent} / {stored}");
        }
        assert!(is_same_text(" a\r\nb ", "a\nb", false));
    }
}
