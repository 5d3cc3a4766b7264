//! What flows into what, as dbt says: between models, between things that exist in the database,
//! and into exposures.

use std::collections::HashSet;

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
        for (to, node) in manifest.nodes.iter().enumerate() {
            if node.resource_type == ResourceType::Model {
                let models = parents(manifest, node)
                    .filter(|from| manifest.nodes[*from].resource_type == ResourceType::Model);
                graph.model_edges.extend(models.map(|from| PhysicalEdge { from, to }));
            }
            if node.is_dataset() {
                let upstream = existing(manifest, parents(manifest, node).collect());
                // Cycles come from broken files only, and nothing feeds itself.
                let edges = upstream.into_iter().filter(|from| *from != to);
                graph.physical_edges.extend(edges.map(|from| PhysicalEdge { from, to }));
            }
        }
        for (index, exposure) in manifest.exposures.iter().enumerate() {
            let used = exposure.depends_on.iter().filter_map(|id| manifest.index_of(id)).collect();
            graph
                .exposure_edges
                .extend(existing(manifest, used).into_iter().map(|from| (from, index)));
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

fn parents<'a>(manifest: &'a Manifest, node: &'a Node) -> impl Iterator<Item = usize> + 'a {
    node.depends_on.iter().filter_map(|id| manifest.index_of(id))
}

/// The nodes that exist in the database among `stack`, ephemeral ones replaced by what they read.
fn existing(manifest: &Manifest, mut stack: Vec<usize>) -> Vec<usize> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    while let Some(index) = stack.pop() {
        if !seen.insert(index) {
            continue;
        }
        let node = &manifest.nodes[index];
        if node.is_ephemeral() {
            stack.extend(parents(manifest, node));
        } else if node.is_dataset() {
            found.push(index);
        }
    }
    found
}
