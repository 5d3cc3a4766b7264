//! Percent-encoding of names into URLs, stricter than what the `url` crate does by itself.

use std::fmt::Write as _;

/// A name as one path segment: everything but RFC 3986 unreserved characters is encoded.
///
/// `None` for what no URL can carry as a segment: nothing at all, `.` and `..`, which URL parsers
/// and servers resolve away, encoded or not.
pub fn encode_segment(name: &str) -> Option<String> {
    match name {
        "" | "." | ".." => None,
        _ => Some(encode(name)),
    }
}

/// A value for a query string; spaces become `%20`, never `+`.
pub fn encode_query(value: &str) -> String {
    encode(value)
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn leaves_only_unreserved_characters() {
        assert_eq!(
            encode_segment("SF weather 2018-2019.csv").as_deref(),
            Some("SF%20weather%202018-2019.csv")
        );
        assert_eq!(
            encode_segment("a/b\\\"c\"%+#?;@:é").as_deref(),
            Some("a%2Fb%5C%22c%22%25%2B%23%3F%3B%40%3A%C3%A9")
        );
        assert_eq!(encode_segment("%2e%2e").as_deref(), Some("%252e%252e"));
    }

    #[test]
    fn refuses_what_a_url_would_resolve_away() {
        for name in ["", ".", ".."] {
            assert_eq!(encode_segment(name), None, "{name:?}");
        }
        assert_eq!(encode_segment("...").as_deref(), Some("..."));
    }

    proptest! {
        /// The `url` crate must hand the segment on untouched, and a server must read the same name.
        #[test]
        fn survives_the_url_crate(name in any::<String>()) {
            if let Some(segment) = encode_segment(&name) {
                let url = Url::parse(&format!("http://h/a/{segment}/z")).expect("a valid URL");
                prop_assert_eq!(url.path(), format!("/a/{segment}/z"));
                let decoded = percent_decode_str(&segment).decode_utf8().expect("UTF-8");
                prop_assert_eq!(decoded.as_ref(), name.as_str());
            }
        }
    }
}
