//! [`Answer`]: a status with its whole body, and how it is read as JSON or as an error message.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

/// How much of an unexpected body is shown.
const EXCERPT: usize = 200;

/// What a server sent back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type, lower-cased, without parameters.
    pub content_type: Option<String>,
    /// Where a redirect points; redirects are not followed.
    pub location: Option<String>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// The body, decompressed.
    pub body: Bytes,
}

/// Why a body is not the JSON that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotJson {
    /// Something else on purpose: a login page, a proxy's message.
    Other {
        /// What it is and how it begins.
        what: String,
    },
    /// JSON that is cut off, or not of the expected shape.
    Malformed {
        /// What the parser says.
        detail: String,
    },
}

impl Answer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, NotJson> {
        if self.claims_other_type() {
            return Err(self.not_json());
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            if self.claims_json() || self.body.first().is_some_and(|c| b"{[\"".contains(c)) {
                NotJson::Malformed { detail: error.to_string() }
            } else {
                self.not_json()
            }
        })
    }

    /// The server's message in a failed answer: `errorMessage`, `message`, `error_description`, the
    /// start of a text or a page's title; `None` when there is nothing to read.
    pub fn message(&self) -> Option<String> {
        if let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(&self.body) {
            let texts = ["errorMessage", "message", "error_description", "error"];
            if let Some(text) = texts
                .iter()
                .filter_map(|key| object.get(*key).and_then(Value::as_str))
                .find(|text| !text.trim().is_empty())
            {
                return Some(clean(text, 4 * EXCERPT));
            }
        }
        let text = String::from_utf8_lossy(&self.body);
        let text = if self.is_html() { title(&text) } else { text.into_owned() };
        let text = clean(&text, EXCERPT);
        (!text.is_empty()).then_some(text)
    }

    /// The usual words for the status.
    pub fn status_text(&self) -> String {
        let reason = reqwest::StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason());
        match reason {
            Some(reason) => format!("{} {reason}", self.status),
            None => self.status.to_string(),
        }
    }

    /// Whether the body is a web page.
    pub fn is_html(&self) -> bool {
        let start = self.body.trim_ascii_start();
        self.content_type.as_deref() == Some("text/html") || start.first() == Some(&b'<')
    }

    fn claims_json(&self) -> bool {
        self.content_type.as_deref().is_some_and(|kind| kind.ends_with("json"))
    }

    /// Redirects and pages. Plain text is tried as JSON: some servers mislabel it.
    fn claims_other_type(&self) -> bool {
        (300..400).contains(&self.status) || (!self.claims_json() && self.is_html())
    }

    fn not_json(&self) -> NotJson {
        let what = if let Some(location) = &self.location {
            format!("a redirect to {}", clean(location, EXCERPT))
        } else if self.is_html() {
            let title = clean(&title(&String::from_utf8_lossy(&self.body)), EXCERPT);
            if title.is_empty() { "a web page".to_owned() } else { format!("a web page ({title})") }
        } else if self.body.is_empty() {
            "an empty body".to_owned()
        } else {
            format!("text ({})", clean(&String::from_utf8_lossy(&self.body), EXCERPT))
        };
        NotJson::Other { what }
    }
}

/// A page's title, or else its text without tags.
fn title(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    if let Some(start) = lower.find("<title")
        && let Some(open) = lower[start..].find('>')
        && let Some(end) = lower[start + open..].find("</title")
    {
        return html[start + open + 1..start + open + end].to_owned();
    }
    let mut text = String::new();
    let mut inside_tag = false;
    for c in html.chars().take(20 * EXCERPT) {
        match c {
            '<' => inside_tag = true,
            '>' => {
                inside_tag = false;
                text.push(' ');
            }
            _ if !inside_tag => text.push(c),
            _ => {}
        }
    }
    text
}

/// Text from a server made fit for a message: control and direction characters and runs of blanks
/// become one blank, and it ends after `limit` characters.
pub fn clean(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    for c in text.trim().chars() {
        let c = if c.is_control() || is_direction_mark(c) { ' ' } else { c };
        if c.is_whitespace() && out.ends_with(' ') {
            continue;
        }
        if count == limit {
            out.push('…');
            break;
        }
        out.push(if c.is_whitespace() { ' ' } else { c });
        count += 1;
    }
    out.trim().to_owned()
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, content_type: Option<&str>, body: &str) -> Answer {
        Answer {
            status,
            content_type: content_type.map(str::to_owned),
            location: None,
            retry_after: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    #[test]
    fn message_follows_the_order_of_the_contract() {
        let json = Some("application/json");
        let message = |body| answer(400, json, body).message();
        assert_eq!(
            message(r#"{"errorMessage":"first","message":"second"}"#).as_deref(),
            Some("first")
        );
        assert_eq!(message(r#"{"code":7,"message":"second"}"#).as_deref(), Some("second"));
        assert_eq!(message("plain text").as_deref(), Some("plain text"));
        assert_eq!(message("").as_deref(), None);
        let long = "x".repeat(500);
        assert_eq!(message(&long).map(|text| text.chars().count()), Some(EXCERPT + 1));
    }

    #[test]
    fn a_page_is_told_by_its_title() {
        let page = "<!DOCTYPE html><html><head><TITLE>Sign in</TITLE></head><body>x</body></html>";
        let answer = answer(200, Some("text/html"), page);
        assert_eq!(
            answer.json::<Value>(),
            Err(NotJson::Other { what: "a web page (Sign in)".to_owned() })
        );
        assert_eq!(answer.message().as_deref(), Some("Sign in"));
    }

    #[test]
    fn cut_off_json_is_malformed_and_unlabelled_json_is_read() {
        let cut = answer(200, Some("application/json"), r#"{"data":[{"id""#);
        assert!(matches!(cut.json::<Value>(), Err(NotJson::Malformed { .. })));
        assert_eq!(answer(200, None, r#""OK""#).json::<String>(), Ok("OK".to_owned()));
        let text = answer(200, Some("text/plain"), "hello");
        assert!(matches!(text.json::<Value>(), Err(NotJson::Other { .. })));
    }

    #[test]
    fn messages_hold_no_control_characters() {
        assert_eq!(clean("a\u{1b}[31mred\u{202e}\r\n  b", 99), "a [31mred b");
    }

    proptest! {
        #[test]
        fn a_cleaned_message_is_one_short_line(text in any::<String>(), limit in 1usize..40) {
            let cleaned = clean(&text, limit);
            prop_assert!(!cleaned.chars().any(|c| c.is_control() || is_direction_mark(c)));
            prop_assert!(cleaned.chars().count() <= limit + 1);
            prop_assert!(!cleaned.contains("  ") && cleaned.trim() == cleaned);
            prop_assert_eq!(clean(&cleaned, usize::MAX), cleaned.clone());
            // What can be seen stays, in its order.
            let whole = clean(&text, usize::MAX);
            let seen = |text: &str| -> String {
                let is_seen =
                    |c: &char| !c.is_whitespace() && !c.is_control() && !is_direction_mark(*c);
                text.chars().filter(is_seen).collect()
            };
            prop_assert_eq!(seen(&whole), seen(&text));
        }
    }
}
