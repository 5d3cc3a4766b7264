//! Which pieces of a view's SQL name a dataset or a function of the catalogue.
//!
//! For the eye and for jumping: by tokens, without understanding the query. What flows where is the
//! business of [`crate::lineage`].

use std::ops::Range;

use rustc_hash::FxHashSet;

use crate::model::path::fold;
use crate::model::{Catalog, DatasetPath, NodeId, NodeKind};
use crate::sqlflow::TokenClass;

/// A piece of SQL that names something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// Where it stands, in bytes.
    pub(super) range: Range<usize>,
    /// What it names; as written, if that is not in the catalogue.
    pub(super) path: DatasetPath,
    /// The node, where there is one.
    pub(super) node: Option<NodeId>,
}

/// A name with dots: its parts, and where each ends.
struct Chain {
    start: usize,
    parts: Vec<(String, usize)>,
    is_called: bool,
    /// After FROM, JOIN, or a comma or bracket, where a table may stand.
    is_at_table: bool,
    /// After FROM or JOIN, where nothing but a table stands.
    is_after_from: bool,
}

/// The references of `sql`, whose tokens these are, in the order of the text.
pub(super) fn references(
    sql: &str,
    tokens: &[(Range<usize>, TokenClass)],
    context: &[&str],
    catalog: &Catalog,
) -> Vec<Reference> {
    let own_names = ctes(sql, tokens);
    chains(sql, tokens)
        .into_iter()
        .filter_map(|chain| {
            let is_own = chain.parts.len() == 1 && own_names.contains(&fold(&chain.parts[0].0));
            if is_own { None } else { resolve(&chain, context, catalog) }
        })
        .collect()
}

/// What a chain names: looked up in the context first, as Dremio does (contract §7.1).
fn resolve(chain: &Chain, context: &[&str], catalog: &Catalog) -> Option<Reference> {
    // A path may be followed by a column.
    let shortest = if chain.is_at_table || chain.is_called { chain.parts.len() } else { 2 };
    if chain.parts.len() < shortest {
        return None;
    }
    for length in (shortest..=chain.parts.len()).rev() {
        let parts = chain.parts[..length].iter().map(|(name, _)| name.as_str());
        let with_context = context.iter().copied().chain(parts.clone());
        for path in [DatasetPath::new(with_context), DatasetPath::new(parts)] {
            let node = catalog.at(&path).filter(|node| {
                let is_function = node.kind() == NodeKind::Function;
                node.kind().is_dataset() || is_function && chain.is_called
            });
            if let Some(node) = node {
                let range = chain.start..chain.parts[length - 1].1;
                return Some(Reference { range, path: node.path(), node: Some(node.id()) });
            }
        }
    }
    let is_table = chain.is_after_from && !chain.is_called && chain.parts.len() > 1;
    is_table.then(|| Reference {
        range: chain.start..chain.parts.last().map_or(chain.start, |(_, end)| *end),
        path: DatasetPath::new(chain.parts.iter().map(|(name, _)| name.as_str())),
        node: None,
    })
}

fn is_name(class: TokenClass) -> bool {
    matches!(class, TokenClass::Identifier | TokenClass::QuotedIdentifier | TokenClass::Function)
}

fn chains(sql: &str, tokens: &[(Range<usize>, TokenClass)]) -> Vec<Chain> {
    let text = |at: usize| &sql[tokens[at].0.clone()];
    let mut chains = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !is_name(tokens[at].1) {
            at += 1;
            continue;
        }
        let before = (0..at).rev().find(|at| tokens[*at].1 != TokenClass::Comment).map(text);
        let is_after_from = before.is_some_and(|word| {
            ["from", "join"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
        });
        let is_at_table = is_after_from || before.is_some_and(|sign| sign == ",");
        let mut chain = Chain {
            start: tokens[at].0.start,
            parts: vec![(unquoted(text(at)), tokens[at].0.end)],
            is_called: tokens[at].1 == TokenClass::Function,
            is_at_table,
            is_after_from,
        };
        while at + 2 < tokens.len() && text(at + 1) == "." && is_name(tokens[at + 2].1) {
            at += 2;
            chain.parts.push((unquoted(text(at)), tokens[at].0.end));
            chain.is_called = tokens[at].1 == TokenClass::Function;
        }
        chains.push(chain);
        at += 1;
    }
    chains
}

/// The names that the query gives to parts of itself: `name AS (`.
fn ctes(sql: &str, tokens: &[(Range<usize>, TokenClass)]) -> FxHashSet<String> {
    tokens
        .windows(3)
        .filter(|window| {
            is_name(window[0].1)
                && sql[window[1].0.clone()].eq_ignore_ascii_case("as")
                && &sql[window[2].0.clone()] == "("
        })
        .map(|window| fold(&unquoted(&sql[window[0].0.clone()])))
        .collect()
}

fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inside) => inside.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, Item};
    use crate::sqlflow::classify;

    fn catalog() -> Catalog {
        let mut catalog = Catalog::new();
        let item = |parts: &[&str], kind| Item {
            path: DatasetPath::new(parts.iter().copied()),
            id: None,
            kind,
            raw_kind: None,
        };
        for (parent, items) in [
            (&[][..], vec![item(&["s"], NodeKind::Space), item(&["fn"], NodeKind::Function)]),
            (
                &["s"][..],
                vec![
                    item(&["s", "orders"], NodeKind::View),
                    item(&["s", "a.b"], NodeKind::View),
                    item(&["s", "lines"], NodeKind::View),
                ],
            ),
        ] {
            catalog.apply(Change::Children {
                parent: DatasetPath::new(parent.iter().copied()),
                items,
                first: true,
                last: true,
            });
        }
        catalog
    }

    fn found(sql: &str, context: &[&str]) -> Vec<(String, bool)> {
        references(sql, &classify(sql), context, &catalog())
            .into_iter()
            .map(|reference| (sql[reference.range].to_owned(), reference.node.is_some()))
            .collect()
    }

    #[test]
    fn finds_what_names_a_dataset() {
        let all =
            |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), true)).collect::<Vec<_>>();
        assert_eq!(found("SELECT o.x FROM S.Orders o", &[]), all(&["S.Orders"]));
        assert_eq!(found("SELECT * FROM s.\"a.b\", s.lines", &[]), all(&["s.\"a.b\"", "s.lines"]));
        assert_eq!(found("SELECT s.orders.id FROM s.orders", &[]), all(&["s.orders", "s.orders"]));
        assert_eq!(found("SELECT fn(1) FROM orders", &["s"]), all(&["fn", "orders"]));
        assert_eq!(found("-- s.orders\nSELECT 's.orders'", &[]), []);
    }

    #[test]
    fn names_of_the_query_itself_are_no_references() {
        let sql = "WITH orders AS (SELECT * FROM s.lines) SELECT * FROM orders JOIN lines ON 1 = 1";
        assert_eq!(found(sql, &["s"]), [("s.lines".to_owned(), true), ("lines".to_owned(), true)]);
    }

    #[test]
    fn what_is_not_in_the_catalogue_is_named_all_the_same() {
        assert_eq!(found("SELECT * FROM lake.raw.t", &[]), [("lake.raw.t".to_owned(), false)]);
        assert_eq!(found("SELECT a.b FROM x", &[]), []);
    }
}
