//! What flows into what, as dbt says: between models, between things that exist in the database,
//! and into exposures.

use rustc_hash::FxHashMap;

use super::manifest::{Manifest, Node, ResourceType};

/// An edge between nodes that exist in the database, by their places in [`Manifest::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhysicalEdge {
    /// The upstream node.
    pub from: usize,
    /// The downstream node.
    pub to: usize,
}

/// A manifest's edges.
#[derive(Clone, Debug, Default)]
pub struct ModelGraph {
    /// Model to model, exactly as dbt has them: ephemerals and reflections included.
    pub model_edges: Vec<PhysicalEdge>,
    /// Between models, seeds, snapshots and sources that exist: what an ephemeral model reads is
    /// read by whoever uses it, reflections are left out.
    pub physical_edges: Vec<PhysicalEdge>,
    /// From existing nodes to exposures, by their places in both lists.
    pub exposure_edges: Vec<(usize, usize)>,
}

impl ModelGraph {
    /// The edges of a manifest; each list sorted, each edge once.
    pub fn of(manifest: &Manifest) -> Self {
        let mut graph = Self::default();
        let mut steps = Steps::of(manifest);
        for (to, node) in manifest.nodes.iter().enumerate() {
            if node.resource_type == ResourceType::Model {
                let models = node
                    .depends_on
                    .iter()
                    .filter_map(|id| manifest.index_of(id))
                    .filter(|from| manifest.nodes[*from].resource_type == ResourceType::Model);
                graph.model_edges.extend(models.map(|from| PhysicalEdge { from, to }));
            }
            if node.is_dataset() {
                // Cycles come from broken files only, and nothing feeds itself.
                let upstream = steps.existing(&node.depends_on).into_iter();
                let edges = upstream.filter(|from| *from != to);
                graph.physical_edges.extend(edges.map(|from| PhysicalEdge { from, to }));
            }
        }
        for (index, exposure) in manifest.exposures.iter().enumerate() {
            let used = steps.existing(&exposure.depends_on);
            graph.exposure_edges.extend(used.into_iter().map(|from| (from, index)));
        }
        for edges in [&mut graph.model_edges, &mut graph.physical_edges] {
            edges.sort_unstable();
            edges.dedup();
        }
        graph.exposure_edges.sort_unstable();
        graph.exposure_edges.dedup();
        graph
    }
}

/// What a unique id stands for on the way upstream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// It exists in the database.
    Exists,
    /// It exists nowhere, so what it is made from counts: ephemeral models, and metrics, semantic
    /// models, saved queries and functions.
    Passed,
    /// A reflection holds what another dataset holds; nothing is made from it.
    End,
}

/// The manifest's dependencies by number. Names are looked up once each: chains of ephemeral models
/// are walked anew from every model that uses them.
struct Steps<'a> {
    numbers: FxHashMap<&'a str, usize>,
    stops: Vec<Stop>,
    parents: Vec<Vec<usize>>,
    /// The walk that met a number last.
    met: Vec<usize>,
    walk: usize,
}

impl<'a> Steps<'a> {
    fn of(manifest: &'a Manifest) -> Self {
        let stop = |node: &Node| match node {
            node if node.is_dataset() => Stop::Exists,
            node if node.is_reflection() => Stop::End,
            _ => Stop::Passed,
        };
        let nodes = manifest.nodes.iter();
        let nodes = nodes.map(|node| (&*node.unique_id, &*node.depends_on, stop(node)));
        let relays = manifest.relays().map(|(id, parents)| (id, parents, Stop::Passed));
        // Of an id that is both, the node counts: it comes first and so has the manifest's number.
        let mut numbers = FxHashMap::default();
        let (mut stops, mut lists) = (Vec::new(), Vec::new());
        for (id, parents, stop) in nodes.chain(relays) {
            numbers.entry(id).or_insert(stops.len());
            stops.push(stop);
            lists.push(parents);
        }
        let number = |id: &str| numbers.get(id).copied();
        // What exists is not passed, so nobody asks for its parents here.
        let parents = lists.iter().zip(&stops).map(|(ids, stop)| match stop {
            Stop::Passed => ids.iter().filter_map(|id| number(id)).collect(),
            Stop::Exists | Stop::End => Vec::new(),
        });
        let parents = parents.collect();
        let met = vec![0; stops.len()];
        Self { numbers, stops, parents, met, walk: 0 }
    }

    /// Places in [`Manifest::nodes`] of what exists in the database among `ids`, or behind them.
    fn existing(&mut self, ids: &[Box<str>]) -> Vec<usize> {
        self.walk += 1;
        let mut found = Vec::new();
        let mut stack: Vec<usize> =
            ids.iter().filter_map(|id| self.numbers.get(&**id).copied()).collect();
        while let Some(at) = stack.pop() {
            if std::mem::replace(&mut self.met[at], self.walk) == self.walk {
                continue;
            }
            match self.stops[at] {
                Stop::Exists => found.push(at),
                Stop::Passed => stack.extend_from_slice(&self.parents[at]),
                Stop::End => {}
            }
        }
        found
    }
}
