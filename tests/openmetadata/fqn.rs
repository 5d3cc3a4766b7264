//! The sandbox joins and splits names by code of its own; here it is held against the client's.

use dremio_explorer::openmetadata::names;
use dremio_explorer::sandbox::openmetadata::fqn;
use proptest::prelude::*;

#[test]
fn both_follow_the_examples_of_the_contract() {
    let parts = ["a", "b.c", "d"];
    assert_eq!(names::build_fqn(&parts).expect("short"), "a.\"b.c\".d");
    assert_eq!(fqn::below(&fqn::below("a", "b.c"), "d"), "a.\"b.c\".d");
    for bad in ["a..b", "a.b\"c.d", "", "a.", ".a", "a.\"b", "\"a\"b.c", "\"\".a"] {
        assert!(names::split_fqn(bad).is_err(), "client: {bad}");
        assert!(fqn::split(bad).is_err(), "server: {bad}");
    }
    assert_eq!(fqn::canonical("svc.\"Space\".\"f.g\".v").expect("splits"), "svc.Space.\"f.g\".v");
}

proptest! {
    /// Names as the client sends them: whatever Dremio has, encoded.
    #[test]
    fn what_the_client_builds_the_server_takes_apart(
        dremio in proptest::collection::vec("[ -~äß\u{4e2d}\t\n]{1,12}", 1..6),
    ) {
        let sent: Vec<String> = dremio
            .iter()
            .filter_map(|name| names::encode(name).ok())
            .map(|encoded| encoded.name)
            .collect();
        prop_assume!(!sent.is_empty());
        let built = names::build_fqn(&sent).expect("short names");
        prop_assert_eq!(fqn::split(&built).expect("splits"), sent.clone());
        let joined = sent[1..].iter().fold(fqn::quote(&sent[0]), |parent, name| fqn::below(&parent, name));
        prop_assert_eq!(&joined, &built);
        prop_assert_eq!(names::split_fqn(&joined).expect("splits"), sent);
        prop_assert_eq!(fqn::canonical(&built).expect("splits"), built);
    }

    /// Any text at all: both take it apart alike, or both refuse it.
    #[test]
    fn both_split_alike(text in "[ab.\"]{0,14}") {
        match (names::split_fqn(&text), fqn::split(&text)) {
            (Ok(client), Ok(server)) => prop_assert_eq!(client, server),
            (Err(_), Err(_)) => {}
            (client, server) => prop_assert!(false, "{}: {:?} but {:?}", text, client, server),
        }
    }
}
