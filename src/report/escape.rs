//! [`Escaped`]: JSON that says the same and cannot steer a terminal.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes JSON with the characters that act on a terminal or on the reading direction as `\u`
/// escapes. serde escapes only the lower controls; the upper ones and the bidi marks it leaves.
#[derive(Debug)]
pub struct Escaped<W>(pub W);

fn acts(c: char) -> bool {
    matches!(c, '\u{7F}'..='\u{9F}' | '\u{AD}' | '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
        | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        // serde hands over whole fragments of strings, so a fragment is never cut inside a letter.
        match std::str::from_utf8(buffer) {
            Ok(text) if text.chars().any(acts) => {
                let mut out = String::with_capacity(text.len() + 16);
                for c in text.chars() {
                    if acts(c) {
                        let _ = write!(out, "\\u{:04x}", c as u32);
                    } else {
                        out.push(c);
                    }
                }
                self.0.write_all(out.as_bytes())?;
            }
            _ => self.0.write_all(buffer)?,
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_round_trip_and_hold_no_control() {
        let text = "a\u{9b}31m\u{202e}é\u{7f}\u{1b}[2J 😀 \u{feff}";
        let mut bytes = Vec::new();
        serde_json::to_writer(Escaped(&mut bytes), text).unwrap();
        let written = String::from_utf8(bytes).unwrap();
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        assert!(written.chars().all(|c| !c.is_control() && !acts(c)), "{written}");
        assert!(written.contains("é") && written.contains("😀"));
    }
}
