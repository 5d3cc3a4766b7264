//! [`mended`]: JSON that other programs let pass and a strict reader does not: `NaN` and `Infinity`
//! as Python writes them, numbers too large for anyone, halves of surrogate pairs, bytes that are no
//! UTF-8, line breaks inside texts.

/// A copy of the same length, so that places in messages stay true; `None` where there is nothing
/// to mend.
pub(super) fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut copy = bytes.to_vec();
    let mut has_changed = replace_invalid_utf8(&mut copy);
    let mut at = 0;
    let mut in_text = false;
    while at < copy.len() {
        at += match (in_text, copy[at]) {
            (_, b'"') => {
                in_text = !in_text;
                1
            }
            (true, b'\\') => escape(&mut copy, at, &mut has_changed),
            (true, 0..=0x1F) => {
                copy[at] = b' ';
                has_changed = true;
                1
            }
            (false, b'-' | b'+' | b'0'..=b'9' | b'N' | b'I') => {
                number(&mut copy, at, &mut has_changed)
            }
            _ => 1,
        };
    }
    has_changed.then_some(copy)
}

fn replace_invalid_utf8(copy: &mut [u8]) -> bool {
    let mut has_changed = false;
    let mut from = 0;
    while let Err(error) = std::str::from_utf8(&copy[from..]) {
        let start = from + error.valid_up_to();
        let length = error.error_len().unwrap_or(copy.len() - start);
        copy[start..start + length].fill(b'?');
        from = start + length;
        has_changed = true;
    }
    has_changed
}

/// The four hexadecimal digits of `\uXXXX` at `at`.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Looks at an escape; returns how many bytes to go on.
fn escape(copy: &mut [u8], at: usize, has_changed: &mut bool) -> usize {
    match code_unit(copy, at) {
        None => 2,
        Some(0xD800..=0xDBFF) if matches!(code_unit(copy, at + 6), Some(0xDC00..=0xDFFF)) => 12,
        Some(0xD800..=0xDFFF) => {
            copy[at + 2..at + 6].copy_from_slice(b"FFFD");
            *has_changed = true;
            6
        }
        Some(_) => 6,
    }
}

/// Looks at a number or a word in its place; one that is no number becomes an empty record, which
/// every reader here takes for nothing. Returns how many bytes to go on.
fn number(copy: &mut [u8], at: usize, has_changed: &mut bool) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    let length = copy[at..].iter().take_while(|byte| is_part(byte)).count();
    let word = &mut copy[at..at + length];
    let is_known = matches!(&*word, b"NaN" | b"Infinity" | b"-Infinity");
    let is_too_large = || {
        let value = std::str::from_utf8(word).ok().and_then(|text| text.parse::<f64>().ok());
        value.is_some_and(f64::is_infinite)
    };
    if length > 1 && (is_known || is_too_large()) {
        word.fill(b' ');
        word[..2].copy_from_slice(b"{}");
        *has_changed = true;
    }
    length.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Option<String> {
        mended(bytes).map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
    }

    #[test]
    fn only_what_is_wrong_is_replaced_and_nothing_moves() {
        assert_eq!(text(br#"{"a": [1, -2.5e3, true, "NaN", "\ud83d\ude00 \\"]}"#), None);
        assert_eq!(text(b"[NaN,-Infinity ,1]").as_deref(), Some("[{} ,{}        ,1]"));
        assert_eq!(text(br#""\ud83d x \\ud83d""#).as_deref(), Some(r#""\uFFFD x \\ud83d""#));
        assert_eq!(text(br#""\ude00""#).as_deref(), Some(r#""\uFFFD""#));
        assert_eq!(text(b"\"caf\xe9\"").as_deref(), Some("\"caf?\""));
        assert_eq!(text(b"\"a\nb\"\n").as_deref(), Some("\"a b\"\n"));
        assert_eq!(text(b"\"cut \\").as_deref(), None);
        let large = format!("[1e{}]", "9".repeat(400));
        let mended = text(large.as_bytes()).expect("is too large");
        assert_eq!(mended.len(), large.len());
        serde_json::from_str::<serde_json::Value>(&mended).expect("is JSON now");
    }
}
