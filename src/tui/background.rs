//! Whether the terminal's ground is light or dark: asked of the terminal, or guessed from the
//! environment.
//!
//! The answer comes on standard input, among keys that somebody may have typed ahead: those are kept.
//! The question is asked together with another one that every terminal answers, so that nobody waits
//! for an answer that never comes.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

/// What came of asking.
#[derive(Debug, Default)]
pub struct Background {
    /// Whether the ground is light; `None` if the terminal does not say.
    pub is_light: Option<bool>,
    /// What was typed meanwhile.
    pub typed: Vec<KeyEvent>,
    /// Whether an answer may still come.
    pub(crate) is_late: bool,
}

/// What `COLORFGBG` says, which some terminals set: `15;0` is white on black.
pub(crate) fn guess() -> Option<bool> {
    is_light_index(&std::env::var("COLORFGBG").ok()?)
}

fn is_light_index(value: &str) -> Option<bool> {
    let ground: u8 = value.rsplit(';').next()?.parse().ok()?;
    match ground {
        0..=6 | 8 => Some(false),
        7 | 15 => Some(true),
        _ => None,
    }
}

/// Asks the terminal, which is in raw mode, and waits at most `limit` for its answer.
#[cfg(unix)]
pub(crate) fn ask(limit: std::time::Duration) -> Background {
    use std::io::Write as _;
    use std::time::Instant;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let mut out = std::io::stdout();
    // The colour of the ground, then the kind of terminal.
    if out.write_all(b"\x1b]11;?\x1b\\\x1b[c").and_then(|()| out.flush()).is_err() {
        return Background::default();
    }
    let until = Instant::now() + limit;
    let stdin = std::io::stdin();
    let mut bytes = Vec::new();
    let mut read = Reading::default();
    while !read.is_complete {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
        let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
        if left.is_zero() || !matches!(poll(&mut waiting, Some(&timeout)), Ok(1..)) {
            break;
        }
        let mut buffer = [0; 512];
        match rustix::io::read(&stdin, &mut buffer) {
            Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
            _ => break,
        }
        read = Reading::of(&bytes);
    }
    Background { is_light: read.is_light, is_late: !read.is_complete, typed: read.typed }
}

#[cfg(not(unix))]
pub(crate) fn ask(_: std::time::Duration) -> Background {
    Background::default()
}

/// What a terminal and a person have sent.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reading {
    is_light: Option<bool>,
    /// The answer to the second question is there: none will come to the first any more.
    is_complete: bool,
    typed: Vec<KeyEvent>,
}

impl Reading {
    fn of(bytes: &[u8]) -> Self {
        let mut reading = Self::default();
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            rest = match (*first, after) {
                (0x1b, [b']', text @ ..]) => {
                    let end = text.iter().position(|byte| matches!(byte, 0x07 | 0x1b));
                    let (said, after) = text.split_at(end.unwrap_or(text.len()));
                    reading.is_light = is_light(said).or(reading.is_light);
                    match after {
                        [0x1b, b'\\', after @ ..] | [_, after @ ..] => after,
                        [] => after,
                    }
                }
                (0x1b, [b'[', text @ ..]) => {
                    let end = text.iter().position(|byte| (0x40..=0x7e).contains(byte));
                    let Some(end) = end else { break };
                    let (said, last) = (&text[..end], text[end]);
                    if last == b'c' && said.first() == Some(&b'?') {
                        reading.is_complete = true;
                    } else {
                        reading.typed.extend(key_of(said, last));
                    }
                    &text[end + 1..]
                }
                (0x1b, [b'O', last, after @ ..]) => {
                    reading.typed.extend(key_of(&[], *last));
                    after
                }
                (0x1b, [byte @ 0x20..=0x7e, after @ ..]) => {
                    let code = KeyCode::Char(char::from(*byte));
                    reading.typed.push(KeyEvent::new(code, KeyModifiers::ALT));
                    after
                }
                _ => {
                    let length = character(rest);
                    let text = String::from_utf8_lossy(&rest[..length]);
                    reading.typed.extend(text.chars().filter_map(typed));
                    &rest[length..]
                }
            };
        }
        reading
    }
}

/// How many bytes the first character takes.
fn character(bytes: &[u8]) -> usize {
    let length = match bytes.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => 1,
    };
    length.min(bytes.len())
}

/// The key of a character as terminals send it.
fn typed(c: char) -> Option<KeyEvent> {
    let (code, modifiers) = match c {
        '\r' => (KeyCode::Enter, KeyModifiers::NONE),
        '\t' => (KeyCode::Tab, KeyModifiers::NONE),
        '\x7f' => (KeyCode::Backspace, KeyModifiers::NONE),
        '\x1b' => (KeyCode::Esc, KeyModifiers::NONE),
        '\x01'..='\x1a' => {
            let letter = char::from_u32(u32::from(c) + u32::from('a') - 1)?;
            (KeyCode::Char(letter), KeyModifiers::CONTROL)
        }
        c if c.is_control() || c == char::REPLACEMENT_CHARACTER => return None,
        c => (KeyCode::Char(c), KeyModifiers::NONE),
    };
    Some(KeyEvent::new(code, modifiers))
}

/// The key of a control sequence; the rarer ones are nobody's first.
fn key_of(parameters: &[u8], last: u8) -> Option<KeyEvent> {
    let code = match (parameters, last) {
        ([], b'A') => KeyCode::Up,
        ([], b'B') => KeyCode::Down,
        ([], b'C') => KeyCode::Right,
        ([], b'D') => KeyCode::Left,
        ([], b'H') => KeyCode::Home,
        ([], b'F') => KeyCode::End,
        ([], b'Z') => KeyCode::BackTab,
        ([], b'P') | (b"11", b'~') => KeyCode::F(1),
        (b"5", b'~') => KeyCode::PageUp,
        (b"6", b'~') => KeyCode::PageDown,
        _ => return None,
    };
    Some(KeyEvent::new(code, KeyModifiers::NONE))
}

/// Whether `11;rgb:ffff/ffff/ffff` is a light colour.
fn is_light(said: &[u8]) -> Option<bool> {
    let text = std::str::from_utf8(said).ok()?.strip_prefix("11;")?;
    let channels = text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?;
    let mut parts = channels.split('/').map(|part| {
        let most = 16_u32.checked_pow(u32::try_from(part.len()).ok()?)?.checked_sub(1)?;
        let value = u32::from_str_radix(part, 16).ok()?;
        (most > 0).then(|| f64::from(value) / f64::from(most))
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    Some(0.299 * red + 0.587 * green + 0.114 * blue > 0.5)
}

/// Takes a late answer out of what a person types, in which it would be read as keys.
#[derive(Debug, Default)]
pub(crate) struct LateAnswer {
    /// Events of the answer that may still come; 0 = outside of one.
    left: usize,
}

impl LateAnswer {
    /// Whether an event is a person's.
    pub(crate) fn is_typed(&mut self, event: &Event) -> bool {
        const LONGEST: usize = 40;
        let Event::Key(key) = event else { return true };
        let is_alt = key.modifiers.contains(KeyModifiers::ALT);
        if self.left == 0 {
            let begins = is_alt && key.code == KeyCode::Char(']');
            self.left = if begins { LONGEST } else { 0 };
            return !begins;
        }
        let ends = is_alt && key.code == KeyCode::Char('\\')
            || key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('g');
        self.left = if ends { 0 } else { self.left - 1 };
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(reading: &Reading) -> String {
        let letter = |key: &KeyEvent| match key.code {
            KeyCode::Char(c) => c.to_string(),
            code => format!("<{code}>"),
        };
        reading.typed.iter().map(letter).collect()
    }

    #[test]
    fn the_answer_is_told_from_what_was_typed_ahead() {
        let reading = Reading::of(
            "jé\r\u{1b}[B\u{1b}]11;rgb:ffff/fafa/f0f0\u{1b}\\/o\u{1b}[?62;22cq".as_bytes(),
        );
        assert_eq!(reading.is_light, Some(true));
        assert!(reading.is_complete);
        assert_eq!(chars(&reading), "jé<Enter><Down>/oq");
        let dark = Reading::of(b"\x1b]11;rgb:1e/1e/1e\x07\x1b[?1;2c");
        assert_eq!((dark.is_light, dark.is_complete, dark.typed.len()), (Some(false), true, 0));
    }

    #[test]
    fn a_terminal_that_knows_no_colour_is_not_waited_for() {
        let reading = Reading::of(b"\x1b[?62c");
        assert_eq!((reading.is_light, reading.is_complete), (None, true));
        assert!(!Reading::of(b"jj\x1b[?6").is_complete);
        assert!(!Reading::of(b"\x1b]11;rgb:0000/").is_complete);
        assert_eq!(chars(&Reading::of(b"\x1b")), "<Esc>");
    }

    #[test]
    fn the_environment_is_a_guess() {
        assert_eq!(is_light_index("15;0"), Some(false));
        assert_eq!(is_light_index("0;default;15"), Some(true));
        assert_eq!(is_light_index("nonsense"), None);
    }

    #[test]
    fn a_late_answer_is_no_typing() {
        let mut late = LateAnswer::default();
        let mut kept = String::new();
        for (c, modifiers) in [('j', KeyModifiers::NONE), (']', KeyModifiers::ALT)]
            .into_iter()
            .chain("11;rgb:0/0/0".chars().map(|c| (c, KeyModifiers::NONE)))
            .chain([('\\', KeyModifiers::ALT), ('k', KeyModifiers::NONE)])
        {
            if late.is_typed(&Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers))) {
                kept.push(c);
            }
        }
        assert_eq!(kept, "jk");
    }
}
