//! A plan as a tree: service, databases, schemas, tables, and under each table the edges into it.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::openmetadata::entity::EntityType;
use crate::openmetadata::names;
use crate::sync::{Action, ItemKey, Plan};

/// Every action, in the order in which they are counted and cycled through.
pub(super) const ACTIONS: [Action; 7] = [
    Action::Create,
    Action::Update,
    Action::Restore,
    Action::Delete,
    Action::Conflict,
    Action::Keep,
    Action::Unchanged,
];

/// How many items have each action, in the order of [`ACTIONS`].
pub(super) type Counts = [usize; 7];

pub(super) fn place(action: Action) -> usize {
    ACTIONS.iter().position(|known| *known == action).unwrap_or(0)
}

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Service,
    Database,
    Schema,
    Table,
    Edge,
    Conflicts,
}

impl Sort {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Database => "database",
            Self::Schema => "schema",
            Self::Table => "table",
            Self::Edge => "edge",
            Self::Conflicts => "conflicts",
        }
    }

    fn of_depth(depth: usize) -> Self {
        match depth {
            1 => Self::Service,
            2 => Self::Database,
            3 => Self::Schema,
            _ => Self::Table,
        }
    }
}

/// One line of the tree. A node comes after its parent.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    /// The plan's item; containers that the plan does not speak of have none.
    pub(super) item: Option<usize>,
    pub(super) sort: Sort,
    pub(super) label: String,
    /// Of this node and all below.
    pub(super) counts: Counts,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// The node of each item.
    pub(super) node_of: Vec<usize>,
    by_fqn: FxHashMap<String, usize>,
}

impl Tree {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut tree = Self::default();
        let mut conflicts = None;
        for (index, item) in plan.items.iter().enumerate() {
            let at = match &item.key {
                ItemKey::Entity(entity, name)
                    if item.payload.is_none()
                        && item.expected.is_none()
                        && item.action == Action::Conflict =>
                {
                    // Its name is a path in Dremio, since it has none in OpenMetadata.
                    let group = *conflicts.get_or_insert_with(|| {
                        tree.push(None, Sort::Conflicts, "cannot be brought over".to_owned())
                    });
                    tree.push(Some(group), sort_of(*entity), name.clone())
                }
                ItemKey::Entity(_, fqn) => tree.at(fqn),
                ItemKey::Edge { from, to } => {
                    let table = tree.at(to);
                    tree.push(Some(table), Sort::Edge, format!("← {}", short(from)))
                }
            };
            tree.nodes[at].item = Some(index);
            tree.node_of.push(at);
            tree.nodes[at].counts[place(item.action)] += 1;
        }
        for at in (0..tree.nodes.len()).rev() {
            let counts = tree.nodes[at].counts;
            if let Some(parent) = tree.nodes[at].parent {
                for (sum, count) in tree.nodes[parent].counts.iter_mut().zip(counts) {
                    *sum += count;
                }
            }
        }
        tree
    }

    fn push(&mut self, parent: Option<usize>, sort: Sort, label: String) -> usize {
        let at = self.nodes.len();
        if let Some(parent) = parent {
            self.nodes[parent].children.push(at);
        }
        let counts = Counts::default();
        self.nodes.push(Node { parent, children: Vec::new(), item: None, sort, label, counts });
        at
    }

    /// The node of an FQN, made with everything above it if need be.
    fn at(&mut self, fqn: &str) -> usize {
        if let Some(at) = self.by_fqn.get(fqn) {
            return *at;
        }
        let mut parts = names::split_fqn(fqn).unwrap_or_else(|_| vec![fqn.to_owned()]);
        let depth = parts.len();
        let label = names::decode(parts.last().map_or(fqn, String::as_str));
        parts.pop();
        let parent = match names::build_fqn(&parts) {
            Ok(above) if !parts.is_empty() => Some(self.at(&above)),
            _ => None,
        };
        let at = self.push(parent, Sort::of_depth(depth), label);
        self.by_fqn.insert(fqn.to_owned(), at);
        at
    }

    /// The node that stands for an FQN, if the plan speaks of it or of something below it.
    pub(super) fn find(&self, fqn: &str) -> Option<usize> {
        self.by_fqn.get(fqn).copied()
    }

    /// The items at and below a node.
    pub(super) fn items(&self, at: usize) -> Vec<usize> {
        let mut items = Vec::new();
        let mut stack = vec![at];
        while let Some(at) = stack.pop() {
            let node = &self.nodes[at];
            items.extend(node.item);
            stack.extend(&node.children);
        }
        items
    }

    /// The items of what is above a node.
    pub(super) fn above(&self, at: usize) -> Vec<usize> {
        let mut items = Vec::new();
        let mut next = self.nodes[at].parent;
        while let Some(at) = next {
            items.extend(self.nodes[at].item);
            next = self.nodes[at].parent;
        }
        items
    }

    /// The visible lines: nodes with their depth, where `passes` says which nodes with an item are
    /// wanted.
    pub(super) fn rows(
        &self,
        folded: &BTreeSet<usize>,
        passes: impl Fn(usize) -> bool,
    ) -> Vec<(usize, usize)> {
        let mut wanted = vec![false; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate().rev() {
            wanted[at] |= node.item.is_some() && passes(at);
            if let (true, Some(parent)) = (wanted[at], node.parent) {
                wanted[parent] = true;
            }
        }
        let mut rows = Vec::new();
        let mut stack: Vec<(usize, usize)> = (0..self.nodes.len())
            .rev()
            .filter(|at| self.nodes[*at].parent.is_none())
            .map(|at| (at, 0))
            .collect();
        while let Some((at, depth)) = stack.pop() {
            if !wanted[at] {
                continue;
            }
            rows.push((at, depth));
            if !folded.contains(&at) {
                let children = self.nodes[at].children.iter().rev();
                stack.extend(children.map(|child| (*child, depth + 1)));
            }
        }
        rows
    }
}

fn sort_of(entity: EntityType) -> Sort {
    match entity {
        EntityType::DatabaseService => Sort::Service,
        EntityType::Database => Sort::Database,
        EntityType::DatabaseSchema => Sort::Schema,
        EntityType::Table => Sort::Table,
    }
}

/// An FQN without its service, for people.
fn short(fqn: &str) -> String {
    match names::split_fqn(fqn) {
        Ok(parts) if parts.len() > 1 => {
            parts[1..].iter().map(|part| names::decode(part)).collect::<Vec<_>>().join(".")
        }
        _ => fqn.to_owned(),
    }
}
