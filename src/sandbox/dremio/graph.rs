//! Dremio's own lineage: one hop, whole tables, Enterprise and Cloud only (contract §5).

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Value, json};

use super::catalogue::{Catalogue, NodeIx};
use super::reply::{ApiError, ApiResult};
use super::resolve::Reader;
use crate::sandbox::world::{Backend, Kind};

/// Children of each dataset, found once.
#[derive(Debug, Default)]
pub(super) struct Downstream(OnceLock<FxHashMap<NodeIx, Vec<NodeIx>>>);

impl Reader<'_> {
    /// `GET /catalog/{id}/graph`
    pub(super) fn graph(&self, id: &str, downstream: &Downstream) -> ApiResult<Value> {
        let spot = self.by_id(id)?;
        let ix = spot.ix;
        self.demand_readable(ix)?;
        let on_versioned_cloud =
            self.options.is_cloud() && self.catalogue.backend(ix) == Backend::Versioned;
        if !self.catalogue.is_dataset(ix) || on_versioned_cloud {
            return Err(ApiError::not_found(format!("No lineage for entity with id [{id}]")));
        }
        let downstream = downstream.0.get_or_init(|| invert(self.catalogue));
        let parents = parents(self.catalogue, ix);
        let mut sources: Vec<NodeIx> =
            parents.iter().map(|parent| self.catalogue.root_of(*parent)).collect();
        sources.retain(|root| self.catalogue.kind(*root) == Kind::Source);
        sources.sort_unstable();
        sources.dedup();
        let children = downstream.get(&ix).map(Vec::as_slice).unwrap_or_default();
        let items = |nodes: &[NodeIx]| -> Vec<Value> {
            nodes
                .iter()
                .filter(|ix| self.demand_readable(**ix).is_ok())
                .map(|ix| json!(self.item(*ix, spot.version.as_ref())))
                .collect()
        };
        Ok(json!({
            "sources": items(&sources), "parents": items(&parents), "children": items(children)
        }))
    }
}

fn invert(catalogue: &Catalogue) -> FxHashMap<NodeIx, Vec<NodeIx>> {
    let mut children: FxHashMap<NodeIx, Vec<NodeIx>> = FxHashMap::default();
    for ix in catalogue.all() {
        for parent in parents(catalogue, ix) {
            children.entry(parent).or_default().push(ix);
        }
    }
    children
}

/// The datasets that a view's SQL names, in order of appearance.
fn parents(catalogue: &Catalogue, ix: NodeIx) -> Vec<NodeIx> {
    let Some(detail) = catalogue.detail(ix) else { return Vec::new() };
    let Some(sql) = detail.sql.as_ref() else { return Vec::new() };
    let mut seen = FxHashSet::default();
    dotted_names(sql)
        .into_iter()
        .filter_map(|name| {
            let in_context: Vec<&String> = detail.context.iter().chain(&name).collect();
            let found = catalogue.find(&in_context).filter(|found| catalogue.is_dataset(*found));
            found.or_else(|| catalogue.find(&name).filter(|found| catalogue.is_dataset(*found)))
        })
        .filter(|parent| *parent != ix && seen.insert(*parent))
        .collect()
}

/// Every dotted name in a text. Which of them are tables, the catalogue knows better than a parser.
fn dotted_names(sql: &str) -> Vec<Vec<String>> {
    let mut names = Vec::new();
    let mut name: Vec<String> = Vec::new();
    let mut after_dot = false;
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let (part, length) = if c == '"' || c == '\'' {
            let (text, length) = quoted(rest, c);
            ((c == '"').then_some(text), length)
        } else if c.is_alphanumeric() || "_$@".contains(c) {
            let is_word = |c: char| c.is_alphanumeric() || "_$@".contains(c);
            let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            (Some(rest[..length].to_owned()), length)
        } else if rest.starts_with("--") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, rest.find("*/").map_or(rest.len(), |at| at + 2))
        } else {
            (None, c.len_utf8())
        };
        rest = &rest[length..];
        match part {
            Some(part) if after_dot => name.push(part),
            Some(part) => {
                names.extend((!name.is_empty()).then(|| std::mem::take(&mut name)));
                name.push(part);
            }
            None => {}
        }
        after_dot = c == '.';
    }
    names.extend((!name.is_empty()).then_some(name));
    names
}

/// A quoted text, its doubled quotes undone, and how many bytes it takes.
fn quoted(text: &str, quote: char) -> (String, usize) {
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            content.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            chars.next();
            content.push(quote);
        } else {
            return (content, at + 1);
        }
    }
    (content, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_dotted_names() {
        let sql = "SELECT a.x, 'no.t' FROM src.\"b.c\".\"d\"\"e\" a -- from z.z\n JOIN /* y.y */ \"@u\".v";
        let names: Vec<String> = dotted_names(sql).iter().map(|name| name.join("|")).collect();
        assert_eq!(names, ["SELECT", "a|x", "FROM", "src|b.c|d\"e", "a", "JOIN", "@u|v"]);
    }
}
