//! dbt's artifacts, read and compared with what dbt itself says of them.
#![allow(clippy::print_stderr, clippy::cast_possible_truncation, reason = "a skipped test says so")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use dremio_explorer::dbt::artifacts::Artifact;
use dremio_explorer::dbt::{
    ArtifactError, CatalogArtifact, Manifest, ModelGraph, PhysicalEdge, RunResults, relation_path,
};
use serde_json::{Value, json};

/// The fixtures beside the repository; `None` (and a word about it) where they are not.
fn fixtures(test: &str) -> Option<PathBuf> {
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("shared/dbt-fixtures"))
        .find(|folder| folder.is_dir());
    if shared.is_none() {
        eprintln!("{test}: skipped, there is no ../shared/dbt-fixtures");
    }
    shared
}

fn read(folder: &std::path::Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn named(manifest: &Manifest, edges: &[PhysicalEdge]) -> BTreeSet<(String, String)> {
    let id = |index: usize| manifest.nodes[index].unique_id.to_string();
    edges.iter().map(|edge| (id(edge.from), id(edge.to))).collect()
}

fn pairs(expected: &Value) -> BTreeSet<(String, String)> {
    expected
        .as_array()
        .expect("edges")
        .iter()
        .map(|pair| {
            let text = |at: usize| pair[at].as_str().expect("an id").to_owned();
            (text(0), text(1))
        })
        .collect()
}

#[test]
fn edges_and_paths_are_those_that_dbt_tells() {
    let Some(shared) = fixtures("edges_and_paths_are_those_that_dbt_tells") else { return };
    for adapter in ["dremio", "duckdb"] {
        let folder = shared.join(adapter);
        let manifest = Manifest::read(&read(&folder, "manifest.json")).expect("a manifest");
        let expected: Value =
            serde_json::from_slice(&read(&folder, "expected.json")).expect("expected.json");
        assert_eq!(manifest.adapter_type.as_deref(), Some(adapter));
        assert!(manifest.warnings.is_empty(), "{:?}", manifest.warnings);
        let graph = ModelGraph::of(&manifest);
        assert_eq!(named(&manifest, &graph.model_edges), pairs(&expected["model_edges"]));
        assert_eq!(named(&manifest, &graph.physical_edges), pairs(&expected["physical_edges"]));
        let relations = expected["relations"].as_object().expect("relations");
        let data: BTreeSet<&str> = manifest.data_nodes().map(|node| &*node.unique_id).collect();
        assert_eq!(data, relations.keys().map(String::as_str).collect());
        for (id, relation) in relations {
            let node = manifest.node(id).expect("a node");
            assert_eq!(json!(node.relation_name), relation["relation_name"], "{id}");
            assert_eq!(json!(node.database), relation["database"], "{id}");
            assert_eq!(json!(node.schema), relation["schema"], "{id}");
            assert_eq!(json!(node.relation_identifier()), relation["identifier"], "{id}");
            assert_eq!(json!(node.materialization()), relation["materialized"], "{id}");
            if let Some(path) = relation.get("path") {
                assert_eq!(json!(relation_path(node, manifest.is_dremio())), *path, "{id}");
            }
        }
        assert_eq!(json!(manifest.disabled), expected["disabled"]);
        assert_eq!(
            manifest.exposures.len(),
            expected["exposures"].as_u64().expect("a count") as usize
        );
        let catalog = CatalogArtifact::read(&read(&folder, "catalog.json")).expect("a catalogue");
        assert!(catalog.tables.keys().all(|id| manifest.node(id).is_some()));
        let mut runs = RunResults::default();
        runs.add(&read(&folder, "run_results.json")).expect("results");
        assert!(runs.of("model.corner_shop.stg_orders").is_some());
    }
}

#[test]
fn older_manifests_read_the_same() {
    let Some(shared) = fixtures("older_manifests_read_the_same") else { return };
    let folder = shared.join("versions");
    for (name, version) in [
        ("manifest_v8_dbt1.4.json", 8),
        ("manifest_v9_dbt1.5.json", 9),
        ("manifest_v11_dbt1.7.json", 11),
        ("manifest_v12_dbt1.12_parse.json", 12),
    ] {
        let manifest = Manifest::read(&read(&folder, name)).expect("a manifest");
        assert_eq!(manifest.version, version, "{name}");
        let graph = ModelGraph::of(&manifest);
        // What dbt itself says of who comes from whom.
        let whole: Value = serde_json::from_slice(&read(&folder, name)).expect("JSON");
        let parents = whole["parent_map"].as_object().expect("a map").iter();
        let is_model = |id: &str| id.starts_with("model.");
        let told: BTreeSet<(String, String)> = parents
            .filter(|(id, _)| is_model(id))
            .flat_map(|(id, from)| {
                let from = from.as_array().expect("a list").iter().filter_map(Value::as_str);
                from.filter(|from| is_model(from)).map(|from| (from.to_owned(), id.clone()))
            })
            .collect();
        assert_eq!(named(&manifest, &graph.model_edges), told, "{name}");
        let edges = named(&manifest, &graph.physical_edges);
        let pair =
            |a: &str, b: &str| (format!("model.corner_shop.{a}"), format!("model.corner_shop.{b}"));
        // Through the ephemeral int_order_lines.
        assert!(edges.contains(&pair("stg_products", "fct_orders")), "{name}");
        assert!(!edges.iter().any(|(from, _)| from.ends_with("int_order_lines")), "{name}");
        let orders = manifest.node("model.corner_shop.stg_orders").expect("a model");
        assert!(orders.raw_code.is_some(), "{name}");
        let rendered = dremio_explorer::dbt::sql::compiled(&manifest, orders).expect("renders");
        assert!(rendered.contains("raw_orders") && !rendered.contains("{{"), "{name}: {rendered}");
    }
    for name in
        ["run_results_v4_dbt1.4.json", "run_results_v4_dbt1.5.json", "run_results_v5_dbt1.7.json"]
    {
        let mut runs = RunResults::default();
        runs.add(&read(&folder, name)).expect("results");
        assert!(runs.warnings.is_empty() && !runs.results.is_empty(), "{name}");
    }
}

#[test]
fn job_texts_tell_what_a_node_made() {
    let Some(shared) = fixtures("job_texts_tell_what_a_node_made") else { return };
    let folder = shared.join("dremio");
    let manifest = Manifest::read(&read(&folder, "manifest.json")).expect("a manifest");
    let text = String::from_utf8(read(&folder, "submitted_sql.jsonl")).expect("UTF-8");
    let mut made = 0;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("a line");
        let sql = line["sql"].as_str().expect("SQL");
        let id = dremio_explorer::dbt::sql::node_id_of(sql).expect("a node_id");
        let Some(node) = manifest.node(&id) else { continue };
        if let Some(path) =
            dremio_explorer::dbt::sql::made_relation(sql).filter(|_| node.is_dataset())
        {
            let expected = relation_path(node, true).expect("a path");
            // A table's twin view stands elsewhere, under the same alias.
            assert!(path.is_same(&expected) || sql.contains("view"), "{id}: {path}");
            made += 1;
        }
    }
    assert!(made > 10, "{made}");
}

const HEADER: &str = r#""metadata":{"dbt_schema_version":"https://schemas.getdbt.com/dbt/manifest/v12.json","adapter_type":"dremio"}"#;

fn small(nodes: &str) -> Vec<u8> {
    format!("{{{HEADER},\"nodes\":{{{nodes}}},\"sources\":{{}},\"macros\":{{}}}}").into_bytes()
}

#[test]
fn files_that_are_no_manifests_get_one_clear_line() {
    let whole = small(r#""model.p.a":{"resource_type":"model","name":"a"}"#);
    Manifest::read(&whole).expect("a manifest");
    let say = |bytes: &[u8]| {
        let error = Manifest::read(bytes).expect_err("is no manifest");
        let text = error.to_string();
        assert!(!text.contains('\n') && text.len() < 300, "{text:?}");
        error
    };
    for cut in [1, whole.len() / 2, whole.len() - 1] {
        assert!(matches!(say(&whole[..cut]), ArtifactError::Truncated { .. }), "cut at {cut}");
    }
    assert_eq!(say(b""), ArtifactError::Empty);
    assert_eq!(say(b" \n"), ArtifactError::Empty);
    assert_eq!(say(b"\xff\xfe{\0}\0"), ArtifactError::Utf16);
    assert_eq!(say(b"{\0}\0"), ArtifactError::Utf16);
    assert_eq!(say(b"\0{\0}"), ArtifactError::Utf16);
    assert_eq!(say(b"\x1f\x8b\x08\0\0"), ArtifactError::Packed { by: "gzip" });
    assert_eq!(say(b"PK\x03\x04manifest.json"), ArtifactError::Packed { by: "zip" });
    assert!(matches!(say(b"<html></html>"), ArtifactError::NotJson { .. }));
    assert!(matches!(say(b"{\"a\": }"), ArtifactError::NotJson { .. }));
    assert!(matches!(say(b"\x00\x01\x02"), ArtifactError::NotJson { .. }));
    assert!(matches!(say(b"[1, 2]"), ArtifactError::NotDbt { .. }));
    assert!(matches!(say(b"[1, "), ArtifactError::Truncated { .. }));
    assert!(matches!(say(b"{\"nodes\": {}}"), ArtifactError::NotDbt { .. }));
    assert!(matches!(say(b"{\"metadata\": 7, \"nodes\": {}}"), ArtifactError::NotDbt { .. }));
    let other = |word: &str, version: &str| {
        format!(
            "{{\"metadata\":{{\"dbt_schema_version\":\"https://schemas.getdbt.com/dbt/{word}/{version}.json\"}},\"nodes\":{{}}}}"
        )
    };
    assert!(matches!(
        say(other("catalog", "v1").as_bytes()),
        ArtifactError::WrongArtifact { wanted: Artifact::Manifest, .. }
    ));
    assert!(matches!(
        say(other("manifest", "v4").as_bytes()),
        ArtifactError::TooOld { version: 4, .. }
    ));
    let newer = Manifest::read(other("manifest", "v99").as_bytes()).expect("is read all the same");
    assert!(newer.warnings[0].contains("v99"));
    // Nesting without end, and names with escape sequences in the message.
    let deep = format!("{{{HEADER},\"nodes\":{{\"model.p.a\":{{\"x\":{}", "[".repeat(200_000));
    say(deep.as_bytes());
    let wrong = format!("{{{HEADER},\"nodes\":[\"\\u001b[31m\"]}}");
    assert!(!say(wrong.as_bytes()).to_string().contains('\u{1b}'));
}

#[test]
fn odd_fields_cost_nothing_but_themselves() {
    let manifest = Manifest::read(&small(
        r#""model.p.a":{"name":7,"description":null,"tags":"one","columns":null,"config":{"materialized":["x"],"enabled":true},"depends_on":{"nodes":null},"meta":"text","refs":[["b"],{"name":"c"}],"schema":{},"extra":[{"deep":[1]}]},"model.p.b":null"#,
    ))
    .expect("a manifest");
    let node = manifest.node("model.p.a").expect("a model");
    assert_eq!(&*node.name, "7");
    assert_eq!(node.tags, ["one".into()]);
    assert_eq!(node.materialized, None);
    assert_eq!(&*manifest.node("model.p.b").expect("a model").name, "b");
}

/// `tests/cases/dbt/*.json`: a manifest, and what must be read from it.
#[test]
fn what_other_projects_have_is_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/dbt");
    let mut failures = Vec::new();
    let mut cases = 0;
    for entry in std::fs::read_dir(&folder).expect("cases") {
        let file = entry.expect("a case").path();
        let bytes = std::fs::read(&file).expect("reads");
        let case: Value = serde_json::from_slice(&bytes).expect("JSON");
        cases += 1;
        let text = case["manifest"].to_string();
        let manifest = match Manifest::read(text.as_bytes()) {
            Ok(manifest) => manifest,
            Err(error) => {
                failures.push(format!("{}: {error}", file.display()));
                continue;
            }
        };
        let expected = case["expected"].as_object().expect("expectations");
        for (what, wanted) in expected {
            let found = found_of(&manifest, what, wanted);
            if found != *wanted {
                failures.push(format!("{} {what}: {found} is not {wanted}", file.display()));
            }
        }
    }
    assert!(cases >= 4, "{cases}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What a manifest says of `what`, in the shape of a case.
fn found_of(manifest: &Manifest, what: &str, wanted: &Value) -> Value {
    let graph = ModelGraph::of(manifest);
    let id = |index: usize| manifest.nodes[index].unique_id.to_string();
    let node = |id: &str| manifest.node(id).unwrap_or_else(|| panic!("{id}"));
    let exposure = |id: &str| manifest.exposures.iter().find(|found| &*found.unique_id == id);
    let each = |of: &dyn Fn(&str) -> Value| {
        let keys = wanted.as_object().expect("a map").keys();
        keys.map(|id| (id.clone(), of(id))).collect::<serde_json::Map<_, _>>().into()
    };
    match what {
        "warnings" => json!(manifest.warnings.len()),
        "model_edges" => json!(named(manifest, &graph.model_edges)),
        "physical_edges" => json!(named(manifest, &graph.physical_edges)),
        "exposure_edges" => graph
            .exposure_edges
            .iter()
            .map(|(from, to)| json!([id(*from), manifest.exposures[*to].unique_id]))
            .collect(),
        "paths" => each(&|id| json!(relation_path(node(id), manifest.is_dremio()))),
        "owners" => each(&|id| match exposure(id) {
            Some(exposure) => json!(exposure.owners),
            None => json!(node(id).owners),
        }),
        "tags" => each(&|id| json!(node(id).tags)),
        "column_tags" => each(&|id| {
            node(id).columns.iter().map(|column| json!([column.name, column.tags])).collect()
        }),
        "files" => each(&|id| json!(node(id).file)),
        "deferred" => each(&|id| json!(node(id).deferred_to)),
        "tests" => each(&|id| {
            let tests = manifest.tests_by_node();
            let facts = tests[id].iter().filter_map(|test| test.test.as_ref());
            facts.map(|test| json!([test.kind, test.severity])).collect()
        }),
        "unit_tests" => {
            let tests = manifest.unit_tests.iter();
            json!(
                tests
                    .map(|test| (&test.unique_id, &test.tested))
                    .collect::<std::collections::BTreeMap<_, _>>()
            )
        }
        other => panic!("a case asks for {other}, which no test knows"),
    }
}

#[test]
fn what_other_programs_take_for_json_is_read() {
    let node = |inner: &str| small(&format!(r#""model.p.a":{{"name":"a",{inner}}}"#));
    let read = |bytes: &[u8]| Manifest::read(bytes).expect("a manifest");
    for inner in [
        r#""meta":{"x":NaN,"y":[-Infinity,Infinity]}"#,
        r#""created_at":1e999,"version":123456789012345678901234567890"#,
        r#""description":"half \ud83d of a pair""#,
        "\"description\":\"a\nb\"",
        r#""name":"b","name":"a""#,
        r#""columns":7,"tags":{},"depends_on":[],"meta":[1],"config":"x""#,
    ] {
        let manifest = read(&node(inner));
        assert_eq!(&*manifest.node("model.p.a").expect("a model").name, "a", "{inner}");
    }
    let mut latin = node(r#""description":"caf""#);
    let at = latin.windows(4).position(|four| four == b"caf\"").expect("is there") + 3;
    latin.insert(at, 0xE9);
    assert_eq!(&*read(&latin).node("model.p.a").expect("a model").description, "caf?");
    let mut marked = b"\xef\xbb\xbf\r\n".to_vec();
    marked.extend(node(r#""tags":[]"#));
    assert_eq!(read(&marked).nodes.len(), 1);
    // What is wrong stays wrong, and where it is stays true.
    let error = Manifest::read(b"{\"a\": NaN,\n \"b\" 1}").expect_err("is no JSON");
    assert!(error.to_string().contains("line 2"), "{error}");
}

#[test]
fn a_hundred_thousand_levels_and_other_traps_end() {
    let deep = |open: &str, close: &str| {
        let text = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
        small(&format!(r#""model.p.a":{{"name":"a","skipped":{text}}}"#))
    };
    assert_eq!(Manifest::read(&deep("[", "]")).expect("is skipped").nodes.len(), 1);
    // Where names of people are looked for, a list in a list is none, however deep it goes.
    let owner = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let manifest = Manifest::read(&small(&format!(
        r#""model.p.a":{{"meta":{{"owner":["ann",{owner},{{"email":"bob@example.org"}}]}}}}"#
    )));
    assert_eq!(manifest.expect("is skipped").node("model.p.a").expect("a model").owners.len(), 2);
}

/// A chain of ephemeral models below each of many views: names are looked up once, not once a view.
#[test]
fn long_chains_of_ephemeral_models_end_soon() {
    const LONG: usize = 6_000;
    let node = |name: String, kind: &str, up: String| {
        format!(
            r#""model.p.{name}":{{"resource_type":"model","config":{{"materialized":"{kind}"}},"depends_on":{{"nodes":["{up}"]}}}}"#
        )
    };
    let chain = (0..LONG).map(|at| {
        let up = if at == 0 { "model.p.base".to_owned() } else { format!("model.p.e{}", at - 1) };
        node(format!("e{at}"), "ephemeral", up)
    });
    let views = (0..LONG / 4)
        .map(|at| node(format!("v{at}"), "view", format!("model.p.e{}", LONG - 1 - at)));
    let base = std::iter::once(node("base".to_owned(), "view", "source.p.s.gone".to_owned()));
    let text: Vec<String> = chain.chain(views).chain(base).collect();
    let manifest = Manifest::read(&small(&text.join(","))).expect("a manifest");
    let started = std::time::Instant::now();
    let graph = ModelGraph::of(&manifest);
    assert_eq!(graph.physical_edges.len(), LONG / 4);
    let base = manifest.index_of("model.p.base");
    assert!(graph.physical_edges.iter().all(|edge| Some(edge.from) == base));
    // Without optimisation too.
    assert!(started.elapsed().as_secs() < 3, "{:?}", started.elapsed());
}

#[test]
fn cycles_in_a_broken_manifest_end() {
    let node = |name: &str, kind: &str, up: &str| {
        format!(
            r#""model.p.{name}":{{"resource_type":"model","config":{{"materialized":"{kind}"}},"depends_on":{{"nodes":["model.p.{up}"]}}}}"#
        )
    };
    let text = [
        node("a", "ephemeral", "b"),
        node("b", "ephemeral", "a"),
        node("c", "view", "a"),
        node("d", "view", "d"),
    ]
    .join(",");
    let manifest = Manifest::read(&small(&text)).expect("a manifest");
    let graph = ModelGraph::of(&manifest);
    assert!(graph.physical_edges.is_empty());
    assert_eq!(graph.model_edges.len(), 4);
}

#[test]
fn of_several_runs_the_latest_execution_counts() {
    let run = |status: &str, step: &str, at: &str| {
        json!({
            "metadata": { "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json" },
            "results": [{ "unique_id": "test.p.t", "status": status,
                "timing": [{ "name": step, "completed_at": at }] }],
        })
        .to_string()
    };
    let mut runs = RunResults::default();
    runs.add(run("fail", "execute", "2026-02-01T00:00:00Z").as_bytes()).expect("results");
    runs.add(run("pass", "execute", "2026-01-01T00:00:00.5Z").as_bytes()).expect("results");
    runs.add(run("success", "compile", "2026-03-01T00:00:00Z").as_bytes()).expect("results");
    assert_eq!(&*runs.of("test.p.t").expect("a result").status, "fail");
    runs.add(run("pass", "execute", "2026-02-02T00:00:00+00:00").as_bytes()).expect("results");
    assert_eq!(&*runs.of("test.p.t").expect("a result").status, "pass");
}
