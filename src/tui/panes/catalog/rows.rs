//! The tree made flat: which nodes are visible, in which order.
//!
//! Siblings are sorted once and kept sorted as pages of a listing come in, so that a folder of a
//! hundred thousand children costs its new children only.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::path::fold;
use crate::model::{Catalog, NodeId, NodeKind, NodeRef};
use crate::tui::widgets::text::contains;

/// A visible node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: NodeId,
    pub(super) depth: u16,
}

/// Children of containers in the order in which they are shown.
#[derive(Debug, Default)]
pub(super) struct Order {
    siblings: FxHashMap<NodeId, Siblings>,
}

#[derive(Debug, Default)]
struct Siblings {
    /// The children as the catalogue lists them, up to which all are sorted in.
    listed: Vec<NodeId>,
    /// Sorted by key.
    sorted: Vec<(Box<[u8]>, NodeId)>,
    /// Whether the catalogue may have others by now.
    is_stale: bool,
    /// Whether names and kinds may have changed too, not only the number of children.
    is_renewed: bool,
}

impl Order {
    /// Takes note that a container's children may have changed; `renewed` after a whole listing.
    pub(super) fn touch(&mut self, id: NodeId, renewed: bool) {
        if let Some(siblings) = self.siblings.get_mut(&id) {
            siblings.is_stale = true;
            siblings.is_renewed |= renewed;
        }
    }

    /// The children of `id` in order.
    pub(super) fn children(&mut self, catalog: &Catalog, id: NodeId) -> &[(Box<[u8]>, NodeId)] {
        let siblings = self
            .siblings
            .entry(id)
            .or_insert_with(|| Siblings { is_stale: true, ..Siblings::default() });
        if siblings.is_stale {
            siblings.update(catalog, id);
        }
        &siblings.sorted
    }
}

impl Siblings {
    fn update(&mut self, catalog: &Catalog, id: NodeId) {
        self.is_stale = false;
        let Some(node) = catalog.get(id) else {
            *self = Self::default();
            return;
        };
        let current: Vec<NodeId> = node.children().map(NodeRef::id).collect();
        let grew_only = current.starts_with(&self.listed) && !self.is_renewed;
        if !grew_only {
            self.sorted.clear();
            self.listed.clear();
        }
        self.is_renewed = false;
        let mut new: Vec<(Box<[u8]>, NodeId)> = current[self.listed.len()..]
            .iter()
            .filter_map(|id| catalog.get(*id))
            .map(|child| (sort_key(child.kind(), child.name()), child.id()))
            .collect();
        new.sort_unstable();
        self.listed = current;
        if self.sorted.is_empty() {
            self.sorted = new;
            return;
        }
        let old = std::mem::take(&mut self.sorted);
        self.sorted.reserve(old.len() + new.len());
        let mut old = old.into_iter().peekable();
        for entry in new {
            while let Some(before) = old.next_if(|before| *before < entry) {
                self.sorted.push(before);
            }
            self.sorted.push(entry);
        }
        self.sorted.extend(old);
    }
}

/// Sorts containers first, then by name without case, numbers within names by their value.
fn sort_key(kind: NodeKind, name: &str) -> Box<[u8]> {
    let rank = match kind {
        NodeKind::Home => 0,
        NodeKind::Space => 1,
        NodeKind::Source => 2,
        NodeKind::Folder => 3,
        NodeKind::Table(_) | NodeKind::View => 4,
        NodeKind::Function => 5,
        NodeKind::File => 6,
        NodeKind::Unknown => 7,
    };
    let folded = fold(name);
    let mut key = Vec::with_capacity(folded.len() + 8);
    key.push(rank);
    let bytes = folded.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            key.push(bytes[at]);
            at += 1;
            continue;
        }
        let end =
            bytes[at..].iter().position(|b| !b.is_ascii_digit()).map_or(bytes.len(), |n| at + n);
        let digits = &bytes[at..end];
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        let value = &digits[zeros..];
        // A digit, so that numbers keep their place among other signs; then the length, by which
        // numbers without leading zeros compare first.
        key.push(b'0');
        key.push(u8::try_from(value.len()).unwrap_or(u8::MAX));
        key.extend_from_slice(value);
        at = end;
    }
    // Names that differ in case or zeros only still need an order.
    key.push(0);
    key.extend_from_slice(name.as_bytes());
    key.into_boxed_slice()
}

/// What a filter lets through.
#[derive(Clone, Debug, Default)]
pub(super) struct Filtered {
    /// By [`NodeId::index`]: whether the node matches, and whether something below it does.
    flags: Vec<(bool, bool)>,
    /// How many nodes match.
    pub(super) matches: usize,
}

impl Filtered {
    /// Looks for `needle` (lower case) in the name of every node known.
    pub(super) fn new(catalog: &Catalog, needle: &str) -> Self {
        let mut flags = vec![(false, false); catalog.index_bound()];
        let mut matches = 0;
        for node in catalog.walk() {
            if !contains(node.name(), needle) {
                continue;
            }
            matches += 1;
            flags[node.id().index()].0 = true;
            let mut above = node.parent();
            while let Some(parent) = above {
                let flag = &mut flags[parent.id().index()].1;
                if std::mem::replace(flag, true) {
                    break;
                }
                above = parent.parent();
            }
        }
        Self { flags, matches }
    }

    pub(super) fn is_match(&self, id: NodeId) -> bool {
        self.flags.get(id.index()).is_some_and(|flags| flags.0)
    }

    pub(super) fn has_match_below(&self, id: NodeId) -> bool {
        self.flags.get(id.index()).is_some_and(|flags| flags.1)
    }
}

/// Which nodes stand open.
#[derive(Debug, Default)]
pub(super) struct Openness {
    pub(super) open: FxHashSet<NodeId>,
    /// Folded by hand while a filter holds them open.
    pub(super) folded: FxHashSet<NodeId>,
}

impl Openness {
    pub(super) fn is_open(&self, id: NodeId, filter: Option<&Filtered>) -> bool {
        match filter {
            Some(filter) if filter.has_match_below(id) => !self.folded.contains(&id),
            _ => self.open.contains(&id),
        }
    }
}

/// The visible nodes in order.
pub(super) fn flatten(
    catalog: &Catalog,
    order: &mut Order,
    openness: &Openness,
    filter: Option<&Filtered>,
) -> Vec<Row> {
    let mut rows = Vec::new();
    // With each node: whether it is shown whatever it is called, being below a match.
    let mut stack: Vec<(NodeId, u16, bool)> = Vec::new();
    stack.extend(
        order.children(catalog, NodeId::ROOT).iter().rev().map(|(_, id)| (*id, 0_u16, false)),
    );
    while let Some((id, depth, is_below_match)) = stack.pop() {
        if let Some(filter) = filter
            && !is_below_match
            && !filter.is_match(id)
            && !filter.has_match_below(id)
        {
            continue;
        }
        rows.push(Row { id, depth });
        if !openness.is_open(id, filter) {
            continue;
        }
        let whole = filter.is_some_and(|filter| {
            (is_below_match || filter.is_match(id)) && !filter.has_match_below(id)
        });
        let children = order.children(catalog, id);
        stack.extend(children.iter().rev().map(|(_, id)| (*id, depth + 1, whole)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(names: &[&'static str]) -> Vec<&'static str> {
        let mut names = names.to_vec();
        names.sort_by_key(|name| sort_key(NodeKind::View, name));
        names
    }

    #[test]
    fn names_sort_naturally_and_without_case() {
        assert_eq!(
            sorted(&["v10", "V2", "v2", "alpha", "Beta", "v1", "_x", "v02"]),
            ["_x", "alpha", "Beta", "v1", "V2", "v02", "v2", "v10"]
        );
        let folder = sort_key(NodeKind::Folder, "z");
        assert!(folder < sort_key(NodeKind::View, "a"));
    }
}
