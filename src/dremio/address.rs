//! [`EntityRef`] and how it becomes a URL: by id or by path (contract §2.6, §2.7).
//!
//! A stable id (a UUID, or the JSON id of a versioned source, which carries the branch) is preferred:
//! it is short, and no proxy trips over what a name holds. Ids of files and folders that Dremio has
//! not stored (`dremio:/…`) change on promotion and do not carry every name, so there the path goes
//! first. The other way is tried once when the first one finds nothing for a reason that may lie in
//! the way of asking.

use super::Error;
use crate::http::encode_segment;
use crate::model::DatasetPath;

/// Longer paths in a URL run into the header limits of servers (8 KB on Jetty).
const LONGEST_PATH: usize = 6_000;
/// The most parts that a path may have (contract §2.7).
const MOST_PARTS: usize = 127;

/// How to address a thing: by id where it is stable, else by path (contract §2.6, §2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRef {
    /// Where it stands.
    pub path: DatasetPath,
    /// The server's id, where a listing gave one.
    pub id: Option<String>,
}

/// One way of asking.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Address {
    Id(String),
    Path(DatasetPath),
}

/// The ways of asking for one thing, best first.
#[derive(Debug)]
pub(super) struct Ways {
    pub(super) first: Address,
    second: Option<Address>,
}

impl EntityRef {
    /// Addresses by path alone.
    pub fn by_path(path: DatasetPath) -> Self {
        Self { path, id: None }
    }

    pub(super) fn ways(&self) -> Result<Ways, Error> {
        let id = self.id.as_deref().filter(|id| encode_segment(id).is_some());
        let by_id = id.map(|id| Address::Id(id.to_owned()));
        let by_path = is_expressible(&self.path).then(|| Address::Path(self.path.clone()));
        let (first, second) = match (by_id, by_path) {
            (Some(by_id), by_path) if id.is_some_and(is_stable) => (by_id, by_path),
            (by_id, Some(by_path)) => (by_path, by_id.filter(|_| is_delicate(&self.path))),
            (Some(by_id), None) => (by_id, None),
            (None, None) => return Err(Error::Unaddressable { path: self.path.to_string() }),
        };
        Ok(Ways { first, second })
    }
}

impl Ways {
    /// The way to try after `error`, if there is one that may do better.
    pub(super) fn after(self, error: &Error) -> Option<Address> {
        let may_help = match (&self.first, error) {
            (_, Error::NotFound { .. }) => true,
            // Proxies answer 400 to an encoded slash.
            (Address::Path(_), Error::Rejected { status: 400 | 414 | 431, .. }) => true,
            _ => false,
        };
        self.second.filter(|_| may_help)
    }
}

impl Address {
    /// What follows `/catalog/`.
    pub(super) fn encode(&self) -> Result<String, Error> {
        match self {
            Self::Id(id) => {
                encode_segment(id).ok_or_else(|| Error::Unaddressable { path: format!("{id:?}") })
            }
            Self::Path(path) => {
                let mut url = "by-path".to_owned();
                for part in path.parts() {
                    let Some(segment) = encode_segment(part) else {
                        return Err(Error::Unaddressable { path: path.to_string() });
                    };
                    url.push('/');
                    url.push_str(&segment);
                }
                Ok(url)
            }
        }
    }
}

/// Whether an id names the same thing tomorrow: a UUID, or the JSON of a versioned source.
pub(super) fn is_stable(id: &str) -> bool {
    is_uuid(id) || id.trim_start().starts_with('{')
}

/// Whether an id is that of a file or folder that Dremio has not stored.
pub(super) fn is_unstored(id: &str) -> bool {
    id.starts_with("dremio:/")
}

fn is_uuid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_expressible(path: &DatasetPath) -> bool {
    let mut length = 0;
    (1..=MOST_PARTS).contains(&path.len())
        && path.parts().iter().all(|part| match encode_segment(part) {
            Some(segment) => {
                length += segment.len() + 1;
                length <= LONGEST_PATH
            }
            None => false,
        })
}

/// Whether proxies and servers are known to stumble over a name in it.
fn is_delicate(path: &DatasetPath) -> bool {
    path.parts().iter().any(|part| part.contains(['/', '\\', '%', ';', '?', '#', '"']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "6b71a0b4-12ab-4cde-8f00-0123456789ab";

    fn reference(parts: &[&str], id: Option<&str>) -> EntityRef {
        EntityRef { path: DatasetPath::new(parts.iter().copied()), id: id.map(str::to_owned) }
    }

    fn first(parts: &[&str], id: Option<&str>) -> String {
        reference(parts, id).ways().expect("addressable").first.encode().expect("a segment")
    }

    fn not_found() -> Error {
        Error::NotFound { request: String::new(), message: String::new() }
    }

    #[test]
    fn stable_ids_go_first_and_unstable_ones_last() {
        assert_eq!(first(&["a", "b"], Some(UUID)), UUID);
        assert_eq!(first(&["a", "b"], Some(r#"{"k":"v/w"}"#)), "%7B%22k%22%3A%22v%2Fw%22%7D");
        assert_eq!(first(&["a", "b.c"], Some("dremio:/a/b.c")), "by-path/a/b.c");
        assert_eq!(first(&["a", "b"], None), "by-path/a/b");
    }

    #[test]
    fn what_no_url_can_carry_goes_by_id() {
        assert_eq!(first(&["a", ".."], Some("dremio:/a/..")), "dremio%3A%2Fa%2F..");
        assert_eq!(first(&["a", ""], Some("some id")), "some%20id");
        assert_eq!(first(&["a", &"é".repeat(1_100)], Some("dremio:/x")), "dremio%3A%2Fx");
        for parts in [&["a", "."][..], &[""][..], &[][..]] {
            let error = reference(parts, None).ways().expect_err("no way");
            assert!(matches!(error, Error::Unaddressable { .. }));
        }
    }

    #[test]
    fn the_other_way_is_tried_only_where_it_may_help() {
        let second = |parts: &[&str], id: &str, error: &Error| {
            reference(parts, Some(id)).ways().expect("addressable").after(error)
        };
        let rejected =
            Error::Rejected { request: String::new(), status: 400, message: String::new() };
        assert_eq!(
            second(&["a"], UUID, &not_found()),
            Some(Address::Path(DatasetPath::new(["a"])))
        );
        assert_eq!(second(&["a"], UUID, &rejected), None);
        let id = Some(Address::Id("dremio:/a/b/c".to_owned()));
        assert_eq!(second(&["a", "b/c"], "dremio:/a/b/c", &not_found()), id);
        assert_eq!(second(&["a", "b/c"], "dremio:/a/b/c", &rejected), id);
        assert_eq!(second(&["a", "b"], "dremio:/a/b", &not_found()), None);
        let down = Error::SourceDown { request: String::new(), message: String::new() };
        assert_eq!(second(&["a", "b/c"], "dremio:/a/b/c", &down), None);
    }
}
