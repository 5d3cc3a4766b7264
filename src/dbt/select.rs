//! Selectors as dbt's `--select` takes them, over a project: `tag:nightly`, `source:raw.orders+`,
//! `+exposure:board`, `path:models/staging,config.materialized:view`.
//!
//! Space makes a union, comma an intersection; `+`, `2+` and `@` take relatives along. What is
//! selected are data nodes: in place of a test the node that it tests, in place of an exposure what
//! it uses.

use std::collections::BTreeSet;

use super::manifest::{Manifest, Node, ResourceType};
use super::matched::MatchedProject;
use super::owner::Owner;

/// The methods, as people type them before a colon.
const METHODS: &[&str] = &[
    "tag",
    "model",
    "source",
    "exposure",
    "path",
    "file",
    "fqn",
    "package",
    "resource_type",
    "group",
    "access",
    "version",
    "owner",
    "test_name",
    "result",
    "source_status",
];

/// Why a selector cannot be read, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(String);

/// A parsed selector: a union of intersections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    parts: Vec<Vec<Term>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    with_family: bool,
    up: usize,
    down: usize,
    method: String,
    value: String,
}

/// Whether a text is meant as a selector of dbt: it names a method or begins or ends with `+` or
/// `@`.
pub fn is_selector(text: &str) -> bool {
    text.split([' ', ',']).any(|term| {
        let bare = term.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '@'));
        let has_method = bare
            .split_once(':')
            .is_some_and(|(method, _)| METHODS.contains(&method) || method.starts_with("config."));
        has_method
            || term.len() > 1
                && (term.starts_with(['+', '@'])
                    || term.ends_with('+')
                    || split_down(term).1 > 0
                    || split_up(term).1 > 0)
    })
}

impl Selector {
    /// Reads a selector. An empty one selects nothing.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let parts = text
            .split_whitespace()
            .map(|part| part.split(',').filter(|term| !term.is_empty()).map(Term::parse).collect())
            .collect::<Result<Vec<Vec<Term>>, _>>()?;
        Ok(Self { parts: parts.into_iter().filter(|part| !part.is_empty()).collect() })
    }

    /// The data nodes it selects, by their places in [`Manifest::nodes`].
    pub fn apply(&self, project: &MatchedProject) -> BTreeSet<usize> {
        let manifest = &project.project.manifest;
        let family = Family::of(manifest);
        let mut selected = BTreeSet::new();
        for part in &self.parts {
            let mut common: Option<BTreeSet<usize>> = None;
            for term in part {
                let found = term.apply(project, &family);
                common = Some(match common {
                    Some(known) => &known & &found,
                    None => found,
                });
            }
            selected.extend(common.unwrap_or_default());
        }
        selected.retain(|index| manifest.nodes[*index].resource_type.is_data());
        selected
    }
}

/// `2+name` → the rest and how many steps up; all of them for a bare `+`.
fn split_up(term: &str) -> (&str, usize) {
    let digits = term.len() - term.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    match term[digits..].strip_prefix('+') {
        Some(rest) if !rest.is_empty() => (rest, term[..digits].parse().unwrap_or(usize::MAX)),
        _ => (term, 0),
    }
}

/// `name+2` → the rest and how many steps down.
fn split_down(term: &str) -> (&str, usize) {
    let bare = term.trim_end_matches(|c: char| c.is_ascii_digit());
    match bare.strip_suffix('+') {
        Some(rest) if !rest.is_empty() => (rest, term[bare.len()..].parse().unwrap_or(usize::MAX)),
        _ => (term, 0),
    }
}

impl Term {
    fn parse(text: &str) -> Result<Self, SelectorError> {
        let (rest, with_family) = match text.strip_prefix('@') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (rest, up) = split_up(rest);
        let (rest, down) = split_down(rest);
        if with_family && (up > 0 || down > 0) {
            return Err(SelectorError(format!("{text:?}: `@` and `+` do not go together")));
        }
        let (method, value) = rest.split_once(':').unwrap_or(("", rest));
        let is_known =
            method.is_empty() || METHODS.contains(&method) || method.starts_with("config.");
        if !is_known {
            return Err(SelectorError(format!(
                "there is no method {method:?}; there are {} and config.…",
                METHODS.join(", ")
            )));
        }
        if value.is_empty() {
            return Err(SelectorError(format!("{text:?}: what should it be?")));
        }
        Ok(Self { with_family, up, down, method: method.to_owned(), value: value.to_owned() })
    }

    fn apply(&self, project: &MatchedProject, family: &Family) -> BTreeSet<usize> {
        let manifest = &project.project.manifest;
        let mut found: BTreeSet<usize> = match self.method.as_str() {
            "exposure" => self.used_by_exposures(project),
            "test_name" => tested(project, &|test| {
                let kind = test.test.as_ref().and_then(|facts| facts.kind.as_deref());
                let kind = kind.map(|kind| kind.rsplit('.').next().unwrap_or(kind));
                kind.is_some_and(|kind| fits(&self.value, kind))
            }),
            "result" => {
                let status = |node: &Node| {
                    let result = project.project.runs.of(&node.unique_id);
                    result.is_some_and(|result| fits(&self.value, &result.status))
                };
                let own = (0..manifest.nodes.len()).filter(|at| status(&manifest.nodes[*at]));
                own.chain(tested(project, &status)).collect()
            }
            _ => (0..manifest.nodes.len())
                .filter(|at| self.takes(&manifest.nodes[*at], project))
                .collect(),
        };
        let start: Vec<usize> = found.iter().copied().collect();
        if self.with_family {
            let below = reach(&start, usize::MAX, &family.children);
            let all: Vec<usize> = below.iter().copied().chain(start).collect();
            found.extend(reach(&all, usize::MAX, &family.parents));
            found.extend(below);
        } else {
            found.extend(reach(&start, self.up, &family.parents));
            found.extend(reach(&start, self.down, &family.children));
        }
        found
    }

    fn used_by_exposures(&self, project: &MatchedProject) -> BTreeSet<usize> {
        let exposures = &project.project.manifest.exposures;
        let edges = project.graph.exposure_edges.iter();
        edges
            .filter(|(_, exposure)| fits(&self.value, &exposures[*exposure].name))
            .map(|(from, _)| *from)
            .collect()
    }

    fn takes(&self, node: &Node, project: &MatchedProject) -> bool {
        let value = self.value.as_str();
        let is = |text: Option<&str>| text.is_some_and(|text| fits(value, text));
        match self.method.as_str() {
            "" => {
                if value.contains('/') {
                    in_path(value, node)
                } else {
                    fits(value, &node.name) || in_fqn(value, node)
                }
            }
            "model" => node.resource_type == ResourceType::Model && named(value, node),
            "tag" => node.tags.iter().any(|tag| fits(value, tag)),
            "source" => node.resource_type == ResourceType::Source && is_source(value, node),
            "path" => in_path(value, node),
            "file" => {
                let name = node.file.as_deref().and_then(|file| file.rsplit('/').next());
                is(name) || is(name.map(|name| name.rsplit_once('.').map_or(name, |it| it.0)))
            }
            "fqn" => in_fqn(value, node),
            "package" => match value {
                "this" => project.project.manifest.project_name.as_deref() == Some(&*node.package),
                _ => is(Some(&node.package)),
            },
            "resource_type" => is(Some(node.resource_type.name())),
            "group" => is(node.group.as_deref()),
            "access" => is(node.access.as_deref()),
            "owner" => node.owners.iter().flat_map(Owner::words).any(|owner| fits(value, owner)),
            "version" => match (&node.version, &node.latest_version) {
                (None, _) => value == "none",
                (Some(version), Some(latest)) if value == "latest" => version == latest,
                (Some(version), Some(latest)) if value == "old" => before(version, latest),
                (Some(version), Some(latest)) if value == "prerelease" => before(latest, version),
                (Some(version), _) => fits(value, version),
            },
            "source_status" => {
                let freshness = project.project.freshness.sources.get(&node.unique_id);
                freshness.is_some_and(|freshness| fits(value, &freshness.status))
            }
            "config.materialized" => is(node.materialization()),
            "config.enabled" => is(Some(if node.enabled { "true" } else { "false" })),
            "config.schema" => is(node.schema.as_deref()),
            "config.database" => is(node.database.as_deref()),
            "config.alias" => is(node.alias.as_deref()),
            "config.tags" => node.tags.iter().any(|tag| fits(value, tag)),
            "config.group" => is(node.group.as_deref()),
            "config.access" => is(node.access.as_deref()),
            "config.twin_strategy" => is(node.twin_strategy.as_deref()),
            _ => false,
        }
    }
}

/// The nodes one of whose tests is such a one.
fn tested(project: &MatchedProject, is_it: &dyn Fn(&Node) -> bool) -> BTreeSet<usize> {
    let manifest = &project.project.manifest;
    manifest
        .tests_by_node()
        .into_iter()
        .filter(|(_, tests)| tests.iter().any(|test| is_it(test)))
        .filter_map(|(id, _)| manifest.index_of(id))
        .collect()
}

fn before(version: &str, latest: &str) -> bool {
    match (version.parse::<f64>(), latest.parse::<f64>()) {
        (Ok(version), Ok(latest)) => version < latest,
        _ => version < latest,
    }
}

/// A name, a name with version, or a name with its package before it.
fn named(value: &str, node: &Node) -> bool {
    let versioned = node.version.as_ref().map(|version| format!("{}.v{version}", node.name));
    fits(value, &node.name)
        || versioned.is_some_and(|name| fits(value, &name))
        || fits(value, &format!("{}.{}", node.package, node.name))
}

/// `source`, `source.table` or `package.source.table`.
fn is_source(value: &str, node: &Node) -> bool {
    let source = node.source_name.as_deref().unwrap_or_default();
    match value.matches('.').count() {
        0 => fits(value, source),
        1 => fits(value, &format!("{source}.{}", node.name)),
        _ => fits(value, &format!("{}.{source}.{}", node.package, node.name)),
    }
}

/// The file itself, or a folder above it; `models/` may be left out.
fn in_path(value: &str, node: &Node) -> bool {
    let Some(file) = node.file.as_deref() else { return false };
    let value = value.trim_start_matches("./").trim_end_matches("/*").trim_end_matches('/');
    let without_top = file.split_once('/').map_or(file, |(_, rest)| rest);
    [file, without_top].into_iter().any(|file| {
        let ends = file.match_indices('/').map(|(at, _)| at).chain([file.len()]);
        ends.into_iter().any(|end| fits(value, &file[..end]))
    })
}

/// The beginning of package, folders and name, or of folders and name.
fn in_fqn(value: &str, node: &Node) -> bool {
    let parts: Vec<&str> = node.folders.iter().map(|part| &**part).collect();
    (0..=1).filter(|skipped| parts.len() > *skipped).any(|skipped| {
        let parts = &parts[skipped..];
        (1..=parts.len()).any(|end| fits(value, &parts[..end].join(".")))
    })
}

/// Whether a text is what a pattern with `*` and `?` says, case aside.
fn fits(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                // The last star takes one more letter.
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Who is made from whom, ephemerals included.
struct Family {
    parents: Vec<Vec<usize>>,
    children: Vec<Vec<usize>>,
}

impl Family {
    fn of(manifest: &Manifest) -> Self {
        let mut parents = vec![Vec::new(); manifest.nodes.len()];
        let mut children = vec![Vec::new(); manifest.nodes.len()];
        for (at, node) in manifest.nodes.iter().enumerate() {
            if !node.resource_type.is_data() {
                continue;
            }
            for from in node.depends_on.iter().filter_map(|id| manifest.index_of(id)) {
                parents[at].push(from);
                children[from].push(at);
            }
        }
        Self { parents, children }
    }
}

/// What lies at most so many steps away, the start left out unless it is reached again.
fn reach(start: &[usize], steps: usize, edges: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut ring: Vec<usize> = start.to_vec();
    let mut left = steps;
    while left > 0 && !ring.is_empty() {
        let mut next = Vec::new();
        for at in ring {
            next.extend(edges[at].iter().copied().filter(|to| found.insert(*to)));
        }
        ring = next;
        left -= 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dbt::Project;
    use crate::model::Catalog;

    fn project() -> MatchedProject {
        let node = |id: &str, folder: &str, kind: &str, tags: &str, ups: &str| {
            let mut parts = id.split('.');
            let (word, package) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            let name = parts.next().unwrap_or("");
            format!(
                r#""{id}":{{"resource_type":"{word}","name":"{name}","package_name":"{package}","original_file_path":"models/{folder}/{name}.sql","fqn":["{package}","{folder}","{name}"],"tags":[{tags}],"config":{{"materialized":"{kind}"}},"group":"g_{folder}","depends_on":{{"nodes":[{ups}]}}}}"#
            )
        };
        let nodes = [
            node(
                "model.shop.stg_orders",
                "staging",
                "view",
                "\"daily\"",
                "\"source.shop.raw.orders\"",
            ),
            node("model.shop.stg_items", "staging", "view", "", ""),
            node(
                "model.shop.mid",
                "work",
                "ephemeral",
                "",
                "\"model.shop.stg_orders\",\"model.shop.stg_items\"",
            ),
            node("model.shop.fct", "marts", "table", "\"Daily\",\"mart\"", "\"model.shop.mid\""),
            node("model.shop.report", "marts", "view", "", "\"model.shop.fct\""),
            node("seed.util.rates", "seeds", "seed", "", ""),
            r#""test.shop.u":{"attached_node":"model.shop.fct","test_metadata":{"name":"unique"}}"#
                .to_owned(),
        ]
        .join(",");
        let text = format!(
            r#"{{"metadata":{{"dbt_schema_version":"https://schemas.getdbt.com/dbt/manifest/v12.json","project_name":"shop"}},"nodes":{{{nodes}}},"sources":{{"source.shop.raw.orders":{{"source_name":"raw","name":"orders","package_name":"shop"}}}},"exposures":{{"exposure.shop.board":{{"name":"board","depends_on":{{"nodes":["model.shop.report"]}}}}}}}}"#
        );
        let mut project = Project {
            manifest: Manifest::read(text.as_bytes()).expect("reads"),
            ..Project::default()
        };
        let runs = r#"{"metadata":{"dbt_schema_version":"https://schemas.getdbt.com/dbt/run-results/v6.json"},"results":[{"unique_id":"test.shop.u","status":"fail"}]}"#;
        project.runs.add(runs.as_bytes()).expect("reads");
        MatchedProject::new(Arc::new(project), &Catalog::default())
    }

    fn selected(project: &MatchedProject, text: &str) -> String {
        let selector = Selector::parse(text).expect("reads");
        let nodes = &project.project.manifest.nodes;
        let names: Vec<&str> =
            selector.apply(project).into_iter().map(|at| &*nodes[at].name).collect();
        names.join(" ")
    }

    #[test]
    fn methods_mean_what_they_mean_to_dbt() {
        let project = project();
        for (text, wanted) in [
            ("tag:daily", "fct stg_orders"),
            ("tag:d*", "fct stg_orders"),
            ("model:fct", "fct"),
            ("model:shop.fct", "fct"),
            ("source:raw", "orders"),
            ("source:raw.orders", "orders"),
            ("source:shop.raw.*", "orders"),
            ("source:other", ""),
            ("path:models/marts", "fct report"),
            ("path:marts", "fct report"),
            ("path:models/mar", ""),
            ("models/staging/*", "stg_items stg_orders"),
            ("file:fct.sql", "fct"),
            ("file:fct", "fct"),
            ("package:util", "rates"),
            ("resource_type:seed", "rates"),
            ("config.materialized:ephemeral", "mid"),
            ("group:g_work", "mid"),
            ("exposure:board", "report"),
            ("test_name:unique", "fct"),
            ("result:fail", "fct"),
            ("shop.marts", "fct report"),
            ("marts.fct", "fct"),
            ("stg_*", "stg_items stg_orders"),
            ("version:none,tag:mart", "fct"),
        ] {
            assert_eq!(selected(&project, text), wanted, "{text}");
        }
    }

    #[test]
    fn relatives_unions_and_intersections() {
        let project = project();
        for (text, wanted) in [
            ("+fct", "fct mid stg_items stg_orders orders"),
            ("1+fct", "fct mid"),
            ("source:raw.orders+", "fct mid report stg_orders orders"),
            ("source:raw.orders+1", "stg_orders orders"),
            ("@stg_items", "fct mid report stg_items stg_orders orders"),
            ("stg_items rates", "stg_items rates"),
            ("+fct,tag:daily", "fct stg_orders"),
            ("+exposure:board,config.materialized:view", "report stg_items stg_orders"),
        ] {
            assert_eq!(selected(&project, text), wanted, "{text}");
        }
    }

    #[test]
    fn selectors_are_told_from_names_and_mistakes_are_explained() {
        for text in ["tag:x", "+orders", "orders+", "orders+2", "2+orders", "@orders", "a source:b"]
        {
            assert!(is_selector(text), "{text}");
        }
        for text in ["orders", "fct orders", "a:b", "+", "@", "c++x", "2024"] {
            assert!(!is_selector(text), "{text}");
        }
        for text in ["tga:x", "tag:", "@x+"] {
            let error = Selector::parse(text).expect_err("is wrong").to_string();
            assert!(!error.contains('\n') && !error.is_empty(), "{error}");
        }
        assert!(Selector::parse(" , ").expect("reads").parts.is_empty());
    }
}
