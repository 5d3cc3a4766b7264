//! [`Target`]: a request target taken apart the way the servlet container does it (contract §2.7).

use percent_encoding::percent_decode_str;

use super::reply::{ApiError, ApiResult};

/// Decoded segments and query parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) segments: Vec<String>,
    query: Vec<(String, String)>,
}

impl Target {
    /// `None` if the percent-encoding is malformed.
    pub(super) fn parse(raw: &str) -> Option<Self> {
        let (path, query) = raw.split_once('?').unwrap_or((raw, ""));
        let mut segments = Vec::new();
        for segment in path.split('/') {
            let segment = segment.split(';').next().unwrap_or_default();
            if !is_well_encoded(segment) {
                return None;
            }
            let decoded = percent_decode_str(segment).decode_utf8_lossy().into_owned();
            match decoded.as_str() {
                "" | "." => {}
                ".." => {
                    segments.pop();
                }
                _ => segments.push(decoded),
            }
        }
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Some(Self { segments, query })
    }

    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// An integer parameter; one that is no integer makes the route not match (contract §2.5).
    pub(super) fn integer(&self, name: &str) -> ApiResult<Option<i32>> {
        self.first(name).map(|value| value.parse().map_err(|_| ApiError::no_route())).transpose()
    }
}

fn is_well_encoded(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| {
        bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(raw: &str) -> Vec<String> {
        Target::parse(raw).unwrap().segments
    }

    #[test]
    fn decodes_each_segment_by_itself() {
        assert_eq!(
            segments("/a/b%2Fc/%22d%22/caf%C3%A9/x%20y+z"),
            ["a", "b/c", "\"d\"", "café", "x y+z"]
        );
        assert_eq!(segments("//a///b/"), ["a", "b"]);
        assert_eq!(segments("/a;v=1/b%3B;c"), ["a", "b;"]);
        assert_eq!(segments("/a/./b/%2E%2E/c"), ["a", "c"]);
        assert_eq!(Target::parse("/a%2/b"), None);
        assert_eq!(Target::parse("/100%"), None);
    }

    #[test]
    fn reads_parameters() {
        let target =
            Target::parse("/c?exclude=children&exclude=x&maxChildren=-3&limit=ten").unwrap();
        assert_eq!(target.all("exclude").collect::<Vec<_>>(), ["children", "x"]);
        assert_eq!(target.integer("maxChildren").unwrap(), Some(-3));
        assert_eq!(target.integer("limit").unwrap_err().status, 404);
        assert_eq!(target.integer("offset").unwrap(), None);
    }
}
