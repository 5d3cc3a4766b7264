//! What flows: edges from base columns, the lineage of a column, and the columns that decide rows.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::super::lineage::{Influence, Kind, RowInfluence};
use super::super::names::Name;

/// A base column, by number, and how it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::sqlflow) struct Edge {
    pub(in crate::sqlflow) column: u32,
    pub(in crate::sqlflow) influence: Influence,
}

/// A set of edges; most columns have none or one, and many columns share theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sqlflow) enum Edges {
    None,
    One(Edge),
    Many(Rc<[Edge]>),
}

impl Edges {
    pub(in crate::sqlflow) fn as_slice(&self) -> &[Edge] {
        match self {
            Self::None => &[],
            Self::One(edge) => std::slice::from_ref(edge),
            Self::Many(edges) => edges,
        }
    }
}

/// Select items that a value has come through last, by number in `Binder::steps`.
pub(in crate::sqlflow) type Via = Option<Rc<[u32]>>;

/// A select item on the way of a value: those of CTEs, subqueries and branches of a UNION are what
/// the item of the outermost select does not show.
#[derive(Debug)]
pub(in crate::sqlflow) struct Step {
    /// Which select and which of its items.
    pub(in crate::sqlflow) item: (u32, u32),
    /// It hands a column on under its own or another name.
    pub(in crate::sqlflow) is_plain: bool,
    /// The base columns in it.
    pub(in crate::sqlflow) edges: Edges,
    /// The items before it.
    pub(in crate::sqlflow) via: Via,
}

/// The lineage of one value.
#[derive(Clone, Debug)]
pub(in crate::sqlflow) struct Lin {
    pub(in crate::sqlflow) kind: Kind,
    pub(in crate::sqlflow) edges: Edges,
    pub(in crate::sqlflow) via: Via,
}

/// The same lineage is the same, by whatever items it came.
impl PartialEq for Lin {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.edges == other.edges
    }
}

impl Eq for Lin {}

impl Lin {
    pub(in crate::sqlflow) const CONSTANT: Self =
        Self { kind: Kind::Constant, edges: Edges::None, via: None };

    pub(in crate::sqlflow) fn identity(column: u32) -> Self {
        let edge = Edge { column, influence: Influence::Identity };
        Self { kind: Kind::Identity, edges: Edges::One(edge), via: None }
    }
}

/// A column of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sqlflow) struct Column {
    pub(in crate::sqlflow) name: Name,
    pub(in crate::sqlflow) lin: Lin,
    /// Set when this stands for all columns of tables whose columns are unknown; the names are
    /// those it does not stand for.
    pub(in crate::sqlflow) star: Option<Rc<[Name]>>,
    /// Which select and which of its items defines the column.
    pub(in crate::sqlflow) item: Option<(u32, u32)>,
}

/// Collects the edges of one expression.
#[derive(Debug)]
pub(in crate::sqlflow) struct Acc {
    pub(in crate::sqlflow) edges: Vec<Edge>,
    pub(in crate::sqlflow) kind: Kind,
    seen: FxHashSet<Edge>,
    via: Vec<u32>,
}

/// From how many edges on a set is kept beside the list.
const SET_FROM: usize = 24;
/// So many select items that a value has come through are remembered.
const MAX_VIA: usize = 64;

impl Acc {
    pub(in crate::sqlflow) fn new() -> Self {
        Self {
            edges: Vec::new(),
            kind: Kind::Constant,
            seen: FxHashSet::default(),
            via: Vec::new(),
        }
    }

    pub(in crate::sqlflow) fn push(&mut self, edge: Edge) {
        if self.edges.len() < SET_FROM {
            if !self.edges.contains(&edge) {
                self.edges.push(edge);
            }
            return;
        }
        if self.seen.is_empty() {
            self.seen.extend(self.edges.iter().copied());
        }
        if self.seen.insert(edge) {
            self.edges.push(edge);
        }
    }

    /// Notes that a step of this kind lies on the path.
    pub(in crate::sqlflow) fn at_least(&mut self, kind: Kind) {
        self.kind = self.kind.max(kind);
    }

    /// Notes the select items that a value has come through.
    pub(in crate::sqlflow) fn came_through(&mut self, via: &[u32]) {
        for step in via {
            if self.via.len() < MAX_VIA && !self.via.contains(step) {
                self.via.push(*step);
            }
        }
    }

    /// Takes over the select items, not the edges, of another value.
    pub(in crate::sqlflow) fn came_through_those_of(&mut self, other: &Self) {
        self.came_through(&other.via);
    }

    /// Adds a value seen through `step`.
    pub(in crate::sqlflow) fn add(&mut self, lin: &Lin, step: Influence) {
        self.at_least(lin.kind);
        self.came_through(lin.via.as_deref().unwrap_or_default());
        for edge in lin.edges.as_slice() {
            self.push(Edge { column: edge.column, influence: step.over(edge.influence) });
        }
    }

    pub(in crate::sqlflow) fn finish(self) -> Lin {
        let edges = match self.edges.as_slice() {
            [] => Edges::None,
            [edge] => Edges::One(*edge),
            many => Edges::Many(many.into()),
        };
        let sourceless = matches!(edges, Edges::None) && self.kind <= Kind::Expression;
        let via = (!self.via.is_empty()).then(|| self.via.into());
        Lin { kind: if sourceless { Kind::Constant } else { self.kind }, edges, via }
    }
}

/// The columns that decide rows, each with how, without repetition.
#[derive(Debug, Default)]
pub(in crate::sqlflow) struct Rows {
    seen: FxHashSet<(u32, RowInfluence)>,
    pub(in crate::sqlflow) list: Vec<(u32, RowInfluence)>,
}

impl Rows {
    pub(in crate::sqlflow) fn add(&mut self, column: u32, influence: RowInfluence) {
        if self.seen.insert((column, influence)) {
            self.list.push((column, influence));
        }
    }

    pub(in crate::sqlflow) fn add_all(&mut self, edges: &[Edge], influence: RowInfluence) {
        for edge in edges {
            self.add(edge.column, influence);
        }
    }
}
