//! [`LineageModel`]: the lineage of a catalogue beside the plain graph that views are cut from. Made
//! in a job and shared with the pane that draws it.

use crate::dbt::MatchedProject;
use crate::graph::digraph::{Graph, Node};
use crate::lineage::dbt::{Disagreement, merge};
use crate::lineage::{Engine, LineageGraph, ReadingStatus};
use crate::model::display::width;
use crate::model::{Catalog, DatasetPath};

/// What looking for datasets at their paths came to.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// There is nothing at these.
    pub absent: Vec<DatasetPath>,
    /// Of these it could not be found out, and why.
    pub failed: Vec<(DatasetPath, String)>,
}

/// See the module. A node has the same index in both graphs.
#[derive(Debug, Default)]
pub struct LineageModel {
    engine: Engine,
    graph: LineageGraph,
    outline: Graph,
    views: usize,
    unread: usize,
    unresolved: Vec<DatasetPath>,
    disagreements: Vec<Disagreement>,
    origin_cells: Option<usize>,
}

impl LineageModel {
    /// Reads the SQL of all views; with a model of an earlier state only of those that changed.
    pub fn read(
        catalog: &Catalog,
        previous: Option<&Self>,
        looked: &Looked,
        dbt: Option<&MatchedProject>,
    ) -> Self {
        let mut engine = previous.map(|model| model.engine.clone()).unwrap_or_default();
        engine.update(catalog);
        let mut graph = engine.graph(catalog);
        let failed = looked.failed.iter().map(|(path, why)| (path, why.as_str()));
        graph.settle(&looked.absent, failed);
        let mut disagreements = Vec::new();
        if let Some(MatchedProject { project, report, .. }) = dbt {
            (graph, disagreements) = merge(graph, catalog, &project.manifest, report);
        }
        let unresolved = engine.unresolved(catalog);
        let nodes = graph
            .nodes()
            .iter()
            .map(|node| Node {
                key: node.path.to_string(),
                parts: node.path.parts().to_vec(),
                kind: node.role.name().to_owned(),
                tags: node.tags.iter().map(ToString::to_string).collect(),
            })
            .collect();
        let edges = graph.edges().iter().map(|edge| (edge.from.index(), edge.to.index()));
        let outline = Graph::new(nodes, edges);
        let (mut views, mut unread) = (0, 0);
        for reading in graph.nodes().iter().filter_map(|node| node.reading.as_ref()) {
            views += 1;
            unread += usize::from(reading.status == ReadingStatus::Unread);
        }
        let origin_cells = graph.has_several_origins().then(|| {
            let words = graph.edges().iter().map(|edge| width(&graph.told_by(edge)));
            words.max().unwrap_or(0)
        });
        Self { engine, graph, outline, views, unread, unresolved, disagreements, origin_cells }
    }

    /// Tables, views and columns.
    pub fn graph(&self) -> &LineageGraph {
        &self.graph
    }

    /// Nodes, folders and edges.
    pub fn outline(&self) -> &Graph {
        &self.outline
    }

    /// Paths that views name and no listing has shown, where there may be something all the same.
    pub fn unresolved(&self) -> &[DatasetPath] {
        &self.unresolved
    }

    /// Edges that only dbt or only a view's SQL knows.
    pub fn disagreements(&self) -> &[Disagreement] {
        &self.disagreements
    }

    /// Cells of the longest word for where an edge is known from; `None` where all are known from
    /// the views' SQL, so that no edge needs a word.
    pub fn origin_cells(&self) -> Option<usize> {
        self.origin_cells
    }

    /// Views in all, and those of them whose details have not been read.
    pub fn views(&self) -> (usize, usize) {
        (self.views, self.unread)
    }
}
