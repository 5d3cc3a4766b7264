//! Nodes of dbt found in a small catalogue, as dbt-dremio places them, and what the two say of edges.

use std::collections::BTreeSet;

use dremio_explorer::dbt::matching::{Evidence, MatchReport, MatchStatus, NodeMatch, match_nodes};
use dremio_explorer::dbt::{Manifest, Rule};
use dremio_explorer::lineage::{self, Engine, Origin};
use dremio_explorer::model::{
    Catalog, Change, DatasetDetail, DatasetPath, Entity, EntityDetail, Item, NodeError,
    NodeErrorKind, NodeKind, TableKind,
};
use serde_json::{Value, json};

const TABLE: NodeKind = NodeKind::Table(TableKind::Promoted);

/// A catalogue of views (with their SQL) and tables; the roots of tables are sources.
fn catalog(views: &[(&[&str], &str)], tables: &[&[&str]]) -> Catalog {
    let item = |parts: &[&str], kind| Item {
        path: DatasetPath::new(parts.iter().copied()),
        id: Some(parts.join("/")),
        kind,
        raw_kind: None,
    };
    let mut items: Vec<(Item, Option<&str>)> = Vec::new();
    for (parts, sql) in views {
        items.push((item(parts, NodeKind::View), Some(sql)));
    }
    items.extend(tables.iter().map(|parts| (item(parts, TABLE), None)));
    let mut listings: Vec<(DatasetPath, Vec<Item>)> = Vec::new();
    for (found, sql) in &items {
        let parts = found.path.parts();
        for depth in 1..=parts.len() {
            let kind = match depth {
                depth if depth == parts.len() => found.kind,
                1 if sql.is_some() => NodeKind::Space,
                1 => NodeKind::Source,
                _ => NodeKind::Folder,
            };
            let names: Vec<&str> = parts[..depth].iter().map(String::as_str).collect();
            let child = item(&names, kind);
            let parent = DatasetPath::new(names[..depth - 1].iter().copied());
            match listings.iter_mut().find(|(known, _)| *known == parent) {
                Some((_, children)) if children.contains(&child) => {}
                Some((_, children)) => children.push(child),
                None => listings.push((parent, vec![child])),
            }
        }
    }
    let mut catalog = Catalog::new();
    listings.sort_by_key(|(parent, _)| parent.len());
    for (parent, items) in listings {
        catalog.apply(Change::Children { parent, items, first: true, last: true });
    }
    for (item, sql) in items {
        let detail = DatasetDetail { sql: sql.map(str::to_owned), ..DatasetDetail::default() };
        let detail = EntityDetail::Dataset(detail);
        catalog.apply(Change::Entity(Box::new(Entity { item, created_at: None, detail })));
    }
    catalog
}

/// A model: how it is made, where, and what else is told of it.
fn model(kind: &str, place: [&str; 3], more: Value) -> Value {
    let [database, schema, alias] = place;
    let mut node = json!({
        "resource_type": "model", "database": database, "schema": schema, "alias": alias,
        "config": { "materialized": kind },
    });
    for (key, value) in more.as_object().cloned().unwrap_or_default() {
        match (node.get_mut(&key), value) {
            (Some(Value::Object(own)), Value::Object(more)) => own.extend(more),
            (_, value) => node[key] = value,
        }
    }
    node
}

fn manifest(nodes: Value) -> Manifest {
    let document = json!({
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "adapter_type": "dremio",
        },
        "nodes": nodes,
    });
    Manifest::read(document.to_string().as_bytes()).expect("a manifest")
}

fn matched(manifest: &Manifest, catalog: &Catalog) -> MatchReport {
    match_nodes(manifest, catalog, Evidence::default())
}

fn of<'a>(report: &'a MatchReport, id: &str) -> &'a NodeMatch {
    report.nodes.iter().find(|found| found.unique_id == id).unwrap_or_else(|| panic!("{id}"))
}

#[test]
fn spaces_quotes_and_dots_lead_to_one_dataset() {
    let catalog = catalog(
        &[
            (&["Büro Analytics", "core", "sales 2024.q1", "Kunden äöü"], "select 1"),
            (&["Büro Analytics", "after.dot"], "select 1"),
            (&["@ada", "home view"], "select 1"),
        ],
        &[
            &["Lake One", "data", "v1.0", "out", "marts", "FCT_ORDERS.parquet"],
            &["$scratch", "codes"],
            &["crm", "cust\"quoted"],
        ],
    );
    let manifest = manifest(json!({
        "model.p.customers": model("view", ["Büro Analytics", "core.\"sales 2024.q1\"", "KUNDEN ÄÖÜ"], json!({})),
        "model.p.dot": model("view", ["Büro Analytics", "no_schema", "after.dot"], json!({})),
        "model.p.home": model("view", ["@ada", "no_schema", "home view"], json!({})),
        "model.p.orders": model("incremental", ["Lake One", "data.\"v1.0\".out.marts", "fct_orders.parquet"], json!({})),
        "seed.p.codes": { "resource_type": "seed", "database": "$scratch", "schema": "no_schema" },
        "source.p.crm.quoted": { "resource_type": "source", "database": "crm", "schema": null,
            "identifier": "cust\"quoted", "relation_name": "\"crm\".\"cust\"quoted\"" },
    }));
    let report = matched(&manifest, &catalog);
    let rules = [
        ("model.p.customers", Rule::SpaceAndFolder),
        ("model.p.dot", Rule::SpaceAndFolder),
        ("model.p.home", Rule::SpaceAndFolder),
        ("model.p.orders", Rule::ObjectStorage),
        ("seed.p.codes", Rule::ObjectStorage),
    ];
    for (id, rule) in rules {
        let found = of(&report, id);
        assert_eq!((found.status, found.rule), (MatchStatus::Matched, Some(rule)), "{found:?}");
    }
    assert_eq!(of(&report, "source.p.crm.quoted").status, MatchStatus::Matched);
    assert!(report.unknown.is_empty(), "{:?}", report.unknown);
}

/// dbt-dremio names a table after `file` and the view beside it after `alias`.
#[test]
fn a_twin_goes_by_the_alias_and_not_by_the_file_of_its_table() {
    let catalog = catalog(
        &[
            (&["Shop", "marts", "Orders"], "select * from lake.out.orders_file"),
            (&["Shop", "marts", "plain"], "select * from lake.out.plain"),
            (&["Shop", "marts", "orders_file"], "select 1"),
            (&["Shop", "marts", "alone"], "select 1"),
            (&["Shop", "marts", "v"], "select 1"),
        ],
        &[&["lake", "out", "orders_file"], &["lake", "out", "plain"], &["lake", "out", "alone"]],
    );
    let file =
        json!({ "config": { "alias": "orders", "file": "orders_file" }, "name": "fct_orders" });
    let manifest = manifest(json!({
        "model.p.fct_orders": model("table", ["lake", "out", "orders_file"], file),
        "model.p.plain": model("incremental", ["lake", "out", "plain"], json!({})),
        "model.p.alone": model("table", ["lake", "out", "alone"], json!({ "config": { "twin_strategy": "prevent" } })),
        "model.p.v": model("view", ["Shop", "marts", "v"], json!({})),
    }));
    let report = matched(&manifest, &catalog);
    let twins: Vec<(String, &str)> =
        report.twins.iter().map(|(path, id)| (path.to_string(), id.as_str())).collect();
    assert_eq!(
        twins,
        [
            ("Shop.marts.Orders".to_owned(), "model.p.fct_orders"),
            ("Shop.marts.plain".to_owned(), "model.p.plain"),
        ]
    );
    let unknown: Vec<String> = report.unknown.iter().map(|found| found.path.to_string()).collect();
    assert_eq!(unknown, ["Shop.marts.alone", "Shop.marts.orders_file"]);
}

#[test]
fn two_models_on_one_dataset_are_told_with_the_true_reason() {
    let catalog = catalog(&[(&["Shop", "marts", "Orders"], "select 1")], &[]);
    let place = |alias| ["Shop", "marts", alias];
    let manifest = |other| {
        manifest(json!({
            "model.a.orders": model("view", place("Orders"), json!({})),
            "model.b.orders": model("view", place(other), json!({})),
        }))
    };
    let same = matched(&manifest("Orders"), &catalog);
    for id in ["model.a.orders", "model.b.orders"] {
        let found = of(&same, id);
        assert_eq!(found.status, MatchStatus::Ambiguous);
        assert!(found.reason.contains("claims the same dataset"), "{}", found.reason);
        assert!(!found.reason.contains("lower case"), "{}", found.reason);
    }
    let spelled = matched(&manifest("orders"), &catalog);
    assert_eq!(of(&spelled, "model.a.orders").status, MatchStatus::Matched);
    let other = of(&spelled, "model.b.orders");
    assert_eq!(other.status, MatchStatus::Ambiguous);
    assert!(other.reason.contains("lower case"), "{}", other.reason);
}

/// dbt-dremio's own default for tables is `$scratch`, which is listed only when it is asked for.
#[test]
fn what_was_not_listed_is_told_with_the_way_to_list_it() {
    let mut catalog = Catalog::new();
    let root = |name: &str| Item {
        path: DatasetPath::new([name]),
        id: Some(name.to_owned()),
        kind: NodeKind::Source,
        raw_kind: None,
    };
    let items = vec![root("$scratch"), root("down")];
    let parent = DatasetPath::default();
    catalog.apply(Change::Children { parent, items, first: true, last: true });
    let message = "connection refused".to_owned();
    let error = NodeError { kind: NodeErrorKind::SourceDown, message };
    catalog.apply(Change::Failed { path: DatasetPath::new(["down"]), error });
    let manifest = manifest(json!({
        "model.p.t": model("table", ["$scratch", "no_schema", "t"], json!({})),
        "model.p.d": model("table", ["down", "x", "d"], json!({})),
    }));
    let report = matched(&manifest, &catalog);
    for (id, words) in [("model.p.t", "discovery.include"), ("model.p.d", "connection refused")] {
        let found = of(&report, id);
        assert_eq!(found.status, MatchStatus::Unchecked);
        assert!(found.reason.contains(words), "{}", found.reason);
    }
}

/// A view reads a model that Dremio does not have. dbt lists that edge, so nobody disagrees on it.
#[test]
fn edges_from_what_dremio_lacks_are_no_disagreement() {
    let catalog = catalog(
        &[(
            &["Shop", "marts", "v"],
            "select g.x, o.y from Shop.stg.gone g join lake.other o on 1 = 1",
        )],
        &[&["lake", "other"]],
    );
    let manifest = manifest(json!({
        "model.p.gone": model("view", ["Shop", "stg", "Gone"], json!({})),
        "model.p.v": model("view", ["Shop", "marts", "v"], json!({ "depends_on": { "nodes": ["model.p.gone"] } })),
    }));
    let report = matched(&manifest, &catalog);
    assert_eq!(of(&report, "model.p.gone").status, MatchStatus::Missing);
    let views = Engine::new(&catalog).graph(&catalog);
    let (_, disagreements) = lineage::dbt::merge(views, &catalog, &manifest, &report);
    let told: BTreeSet<(String, Origin)> =
        disagreements.iter().map(|found| (found.from.to_string(), found.known_to)).collect();
    assert_eq!(told, BTreeSet::from([("lake.other".to_owned(), Origin::ViewSql)]));
}

/// Python is no SQL: nothing is read from it, and nobody is asked to compile it.
#[test]
fn python_models_keep_their_edges_and_are_not_read_as_sql() {
    let code = "def model(dbt, session):\n    return dbt.ref(\"a\")\n# select * from lake.b";
    let manifest = manifest(json!({
        "model.p.a": model("table", ["lake", "no_schema", "a"], json!({ "compiled_code": "select 1 as x" })),
        "model.p.py": model("table", ["lake", "no_schema", "py"], json!({
            "language": "python", "raw_code": code, "depends_on": { "nodes": ["model.p.a"] },
        })),
    }));
    assert!(manifest.warnings.is_empty(), "{:?}", manifest.warnings);
    let node = manifest.node("model.p.py").expect("a model");
    assert_eq!(dremio_explorer::dbt::sql::compiled(&manifest, node), None);
    let catalog = catalog(&[], &[&["lake", "a"], &["lake", "py"]]);
    let report = matched(&manifest, &catalog);
    let views = Engine::new(&catalog).graph(&catalog);
    let (graph, _) = lineage::dbt::merge(views, &catalog, &manifest, &report);
    let edges: Vec<(String, String)> = graph
        .edges()
        .iter()
        .map(|edge| (graph.node(edge.from).path.to_string(), graph.node(edge.to).path.to_string()))
        .collect();
    assert_eq!(edges, [("lake.a".to_owned(), "lake.py".to_owned())]);
}
