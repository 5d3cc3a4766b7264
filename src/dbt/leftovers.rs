//! Datasets in the places where dbt builds that no node stands for: unknown to dbt, or twins of
//! tables.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::manifest::{Manifest, Node, ResourceType};
use super::matching::{MatchReport, NodeMatch, UnknownDataset};
use super::relation::Rule;
use crate::model::path::fold;
use crate::model::{Catalog, DatasetPath, NodeKind};

/// Finds them, given the nodes of a report, and puts them into it.
pub(super) fn find(manifest: &Manifest, catalog: &Catalog, report: &mut MatchReport) {
    let known: HashSet<DatasetPath> =
        report.nodes.iter().flat_map(|node| &node.found).map(DatasetPath::folded).collect();
    let tables = tables_with_twins(manifest, report);
    let (mut unknown, mut twins) = (Vec::new(), Vec::new());
    for (scope, is_deep) in scopes(manifest, catalog, report) {
        let Some(top) = catalog.at(&scope) else { continue };
        let mut stack = vec![top];
        while let Some(container) = stack.pop() {
            for child in container.children() {
                if is_deep && child.kind().is_container() {
                    stack.push(child);
                }
                if !child.kind().is_dataset() {
                    continue;
                }
                let path = child.path();
                if known.contains(&path.folded()) {
                    continue;
                }
                match tables.get(&fold(child.name())) {
                    Some(table) if child.kind() == NodeKind::View => {
                        twins.push((path, table.unique_id.clone()));
                    }
                    _ => unknown.push(UnknownDataset {
                        path,
                        reason: format!(
                            "{scope} is a place where dbt builds, and no node makes it"
                        ),
                    }),
                }
            }
        }
    }
    unknown.sort_by(|a, b| a.path.cmp(&b.path));
    unknown.dedup();
    twins.sort();
    twins.dedup();
    report.unknown = unknown;
    report.twins = twins;
}

/// Where to look, and whether in the folders below too. Spaces as a whole: dbt makes their folders.
/// In a source only the very folders.
fn scopes(
    manifest: &Manifest,
    catalog: &Catalog,
    report: &MatchReport,
) -> BTreeMap<DatasetPath, bool> {
    let made = |node: &&NodeMatch| {
        manifest
            .node(&node.unique_id)
            .is_some_and(|found| found.resource_type != ResourceType::Source && found.enabled)
    };
    let mut scopes = BTreeMap::new();
    for node in report.nodes.iter().filter(made) {
        // What stands in from another environment does not make that a place of this one.
        let own = node.dataset().filter(|_| node.rule != Some(Rule::Deferral));
        let Some(path) = own.or(node.expected.as_ref()) else { continue };
        let Some(root) = catalog.at(&DatasetPath::new(path.root())) else { continue };
        if root.kind() == NodeKind::Space {
            scopes.insert(root.path(), true);
        } else if let Some(folder) = path.parent().and_then(|path| catalog.at(&path)) {
            scopes.entry(folder.path()).or_insert(false);
        }
    }
    scopes
}

/// The nodes beside whose table dbt-dremio keeps a view, by that view's name: the alias where there
/// is one, else the model's own name. What the table is called (`file`) does not count.
fn tables_with_twins<'a>(
    manifest: &Manifest,
    report: &'a MatchReport,
) -> HashMap<String, &'a NodeMatch> {
    let has_twin = |node: &&Node| {
        node.is_stored() && node.twin_strategy.as_deref().unwrap_or("clone") == "clone"
    };
    let named = report.nodes.iter().filter(|found| found.dataset().is_some()).filter_map(|found| {
        let node = manifest.node(&found.unique_id).filter(has_twin)?;
        Some((fold(node.configured_alias.as_deref().unwrap_or(&node.name)), found))
    });
    named.collect()
}
