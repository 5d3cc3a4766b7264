//! [`MatchedProject`]: a project beside the catalogue, to be asked by dataset: which nodes it is,
//! how its tests went, who uses it.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::artifacts::NodeResult;
use super::lineage::ModelGraph;
use super::manifest::{Exposure, Node, UnitTest};
use super::matching::{Evidence, MatchReport, NodeMatch, match_nodes};
use super::project::Project;
use crate::model::{Catalog, DatasetPath};

/// A test of a node, and what came of it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestState {
    /// The test's name in the project.
    pub name: Box<str>,
    /// `not_null`, `unique`, …; `SQL` for a test written as SQL, `unit test` for one of the logic.
    pub kind: Box<str>,
    /// The tested column.
    pub column: Option<Box<str>>,
    /// `error` or `warn`: what a failure counts as.
    pub severity: Option<Box<str>>,
    /// The last result; absent if no run is known.
    pub result: Option<NodeResult>,
}

impl TestState {
    /// `pass`, `fail`, `warn`, …; `not run` without a result.
    pub fn status(&self) -> &str {
        self.result.as_ref().map_or("not run", |result| &result.status)
    }

    /// Whether the last run found nothing wrong.
    pub fn is_passed(&self) -> bool {
        matches!(self.status(), "pass" | "success")
    }

    /// Whether the last run found something wrong, warnings included.
    pub fn is_failed(&self) -> bool {
        matches!(self.status(), "fail" | "warn" | "error" | "runtime error")
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct MatchedProject {
    /// The project.
    pub project: Arc<Project>,
    /// What each node is in Dremio.
    pub report: MatchReport,
    /// What flows into what.
    pub graph: ModelGraph,
    /// Folded path of a dataset → places in [`super::Manifest::nodes`]: what makes it before
    /// sources over it.
    by_path: FxHashMap<DatasetPath, Vec<usize>>,
    /// Unique id → place in the report.
    by_id: FxHashMap<String, usize>,
    /// Unique id of a tested node → places of its tests.
    tests: FxHashMap<Box<str>, Vec<usize>>,
}

impl MatchedProject {
    /// Matches a project with a catalogue.
    pub fn new(project: Arc<Project>, catalog: &Catalog) -> Self {
        let manifest = &project.manifest;
        let evidence = Evidence::of(&project);
        let report = match_nodes(manifest, catalog, evidence);
        let mut by_path: FxHashMap<DatasetPath, Vec<usize>> = FxHashMap::default();
        let by_id: FxHashMap<String, usize> = report
            .nodes
            .iter()
            .enumerate()
            .map(|(at, found)| (found.unique_id.clone(), at))
            .collect();
        // In the order of unique ids, models and seeds come before sources.
        for found in &report.nodes {
            if let (Some(path), Some(index)) =
                (found.dataset(), manifest.index_of(&found.unique_id))
            {
                by_path.entry(path.folded()).or_default().push(index);
            }
        }
        let tests = manifest
            .tests_by_node()
            .into_iter()
            .map(|(id, tests)| {
                let places =
                    tests.into_iter().filter_map(|test| manifest.index_of(&test.unique_id));
                (id.into(), places.collect())
            })
            .collect();
        let graph = ModelGraph::of(manifest);
        Self { project, report, graph, by_path, by_id, tests }
    }

    /// The nodes that a dataset is: what makes it first, then sources over it.
    pub fn nodes_at(&self, path: &DatasetPath) -> impl Iterator<Item = &Node> {
        self.indices_at(path).iter().map(|index| &self.project.manifest.nodes[*index])
    }

    /// Whether dbt knows a dataset.
    pub fn knows(&self, path: &DatasetPath) -> bool {
        !self.indices_at(path).is_empty()
    }

    fn indices_at(&self, path: &DatasetPath) -> &[usize] {
        self.by_path.get(&path.folded()).map_or(&[], Vec::as_slice)
    }

    /// How a node was matched.
    pub fn match_of(&self, unique_id: &str) -> Option<&NodeMatch> {
        self.by_id.get(unique_id).map(|at| &self.report.nodes[*at])
    }

    /// Tests of a node, in the order of their names, unit tests last.
    pub fn tests_of(&self, unique_id: &str) -> Vec<TestState> {
        let manifest = &self.project.manifest;
        let places = self.tests.get(unique_id).map_or(&[][..], Vec::as_slice);
        let mut states: Vec<TestState> =
            places.iter().map(|at| self.state_of(&manifest.nodes[*at])).collect();
        states.sort_by(|a, b| a.name.cmp(&b.name));
        let of_unit = |test: &UnitTest| TestState {
            name: test.name.clone(),
            kind: "unit test".into(),
            column: None,
            severity: None,
            result: self.project.runs.of(&test.unique_id).cloned(),
        };
        let units = manifest.unit_tests.iter();
        states.extend(units.filter(|test| test.tested.as_deref() == Some(unique_id)).map(of_unit));
        states
    }

    fn state_of(&self, test: &Node) -> TestState {
        let facts = test.test.clone().unwrap_or_default();
        TestState {
            name: test.name.clone(),
            kind: facts.kind.unwrap_or_else(|| "SQL".into()),
            column: facts.column,
            severity: facts.severity,
            result: self.project.runs.of(&test.unique_id).cloned(),
        }
    }

    /// Exposures that use a node: those that name it, and those that use something made from it.
    pub fn exposures_of(&self, unique_id: &str) -> (Vec<&Exposure>, Vec<&Exposure>) {
        let manifest = &self.project.manifest;
        let Some(start) = manifest.index_of(unique_id) else { return (Vec::new(), Vec::new()) };
        let mut reached: FxHashSet<usize> = FxHashSet::default();
        let mut stack = vec![start];
        while let Some(at) = stack.pop() {
            if reached.insert(at) {
                // The edges are sorted by where they come from.
                let edges = &self.graph.physical_edges;
                let first = edges.partition_point(|edge| edge.from < at);
                let own = edges[first..].iter().take_while(|edge| edge.from == at);
                stack.extend(own.map(|edge| edge.to));
            }
        }
        let used = |is_used: &dyn Fn(usize) -> bool| -> BTreeSet<usize> {
            let edges = self.graph.exposure_edges.iter();
            edges.filter(|(from, _)| is_used(*from)).map(|(_, exposure)| *exposure).collect()
        };
        let direct = used(&|from| from == start);
        let further = used(&|from| reached.contains(&from));
        let named = |places: &mut dyn Iterator<Item = usize>| -> Vec<&Exposure> {
            places.map(|at| &manifest.exposures[at]).collect()
        };
        (named(&mut direct.iter().copied()), named(&mut further.difference(&direct).copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbt::Manifest;

    fn project() -> MatchedProject {
        let text = r#"{"metadata":{"dbt_schema_version":"https://schemas.getdbt.com/dbt/manifest/v12.json"},
            "nodes":{
              "model.p.a":{"config":{"materialized":"view"}},
              "model.p.mid":{"config":{"materialized":"ephemeral"},"depends_on":{"nodes":["model.p.a"]}},
              "model.p.b":{"config":{"materialized":"view"},"depends_on":{"nodes":["model.p.mid"]}},
              "test.p.z":{"attached_node":"model.p.a","column_name":"id","test_metadata":{"name":"unique"}},
              "test.p.y":{"attached_node":"model.p.a"}},
            "unit_tests":{"unit_test.p.a.adds":{"name":"adds","depends_on":{"nodes":["model.p.a"]}}},
            "exposures":{
              "exposure.p.near":{"depends_on":{"nodes":["model.p.a","model.p.b"]}},
              "exposure.p.far":{"depends_on":{"nodes":["model.p.b"]}}}}"#;
        let mut project = Project {
            manifest: Manifest::read(text.as_bytes()).expect("reads"),
            ..Project::default()
        };
        let runs = r#"{"metadata":{"dbt_schema_version":"https://schemas.getdbt.com/dbt/run-results/v6.json"},
            "results":[{"unique_id":"test.p.z","status":"fail","failures":3,"message":"Got 3 results"}]}"#;
        project.runs.add(runs.as_bytes()).expect("reads");
        MatchedProject::new(Arc::new(project), &Catalog::default())
    }

    #[test]
    fn tests_come_with_their_last_result() {
        let project = project();
        let tests = project.tests_of("model.p.a");
        let told: Vec<(&str, &str)> =
            tests.iter().map(|test| (&*test.kind, test.status())).collect();
        assert_eq!(told, [("SQL", "not run"), ("unique", "fail"), ("unit test", "not run")]);
        assert!(tests[1].is_failed() && !tests[0].is_failed());
        assert!(project.tests_of("model.p.b").is_empty());
    }

    #[test]
    fn exposures_are_near_or_further_down() {
        let project = project();
        let names = |id: &str| {
            let (near, far) = project.exposures_of(id);
            let name = |list: Vec<&Exposure>| -> Vec<String> {
                list.iter().map(|exposure| exposure.name.to_string()).collect()
            };
            (name(near), name(far))
        };
        assert_eq!(names("model.p.a"), (vec!["near".to_owned()], vec!["far".to_owned()]));
        assert_eq!(names("model.p.b"), (vec!["far".to_owned(), "near".to_owned()], Vec::new()));
    }
}
