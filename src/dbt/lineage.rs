//! What flows into what, as dbt says: between models, between things that exist in the database,
//! and into exposures.

use rustc_hash::FxHashSet;

use super::manifest::{Manifest, ResourceType};

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
                let upstream = existing(manifest, &node.depends_on).into_iter();
                let edges = upstream.filter(|from| *from != to);
                graph.physical_edges.extend(edges.map(|from| PhysicalEdge { from, to }));
            }
        }
        for (index, exposure) in manifest.exposures.iter().enumerate() {
            let used = existing(manifest, &exposure.depends_on);
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

/// The nodes that exist in the database among `ids`. What exists nowhere is replaced by what it is
/// made from: ephemeral models, and metrics, semantic models, saved queries and functions.
fn existing(manifest: &Manifest, ids: &[Box<str>]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    let mut stack: Vec<&str> = ids.iter().map(|id| &**id).collect();
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        match manifest.index_of(id).map(|index| (index, &manifest.nodes[index])) {
            Some((index, node)) if node.is_dataset() => found.push(index),
            // A reflection holds what another dataset holds; nothing is made from it.
            Some((_, node)) if node.is_reflection() => {}
            _ => stack.extend(manifest.parents(id).iter().map(|id| &**id)),
        }
    }
    found
}
