//! Generated catalogues: big ones and hostile ones.

use super::*;
use dremio_explorer::sandbox::patterns::PatternEngine;
use dremio_explorer::sandbox::scale::{self, ScaleOptions};
use dremio_explorer::sandbox::{dremio::catalogue::NodeIx, hostile};
use std::time::Instant;

async fn over(catalogue: Catalogue) -> Rig {
    // The engine needs a catalogue of its own only because `Rig` takes one by value.
    let engine_catalogue = Arc::new(catalogue);
    let engine = Arc::new(PatternEngine::new(Arc::clone(&engine_catalogue)));
    let sandbox = DremioSandbox::start(engine_catalogue, engine, polls(0)).await.unwrap();
    let mut rig = Rig { sandbox, http: client(), authorization: String::new() };
    rig.authorization = format!("_dremio{}", rig.log_in().await);
    rig
}

async fn rows(rig: &Rig, sql: &str) -> Vec<Value> {
    let job = rig.send("POST", "/sql", Some(json!({"sql": sql}))).await.ok();
    let job = job["id"].as_str().unwrap().to_owned();
    let status = rig.get(&format!("/job/{job}")).await.ok();
    assert_eq!(status["jobState"], "COMPLETED", "{status}");
    let results = rig.get(&format!("/job/{job}/results?limit=500")).await.ok();
    results["rows"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_hundred_thousand_datasets_are_there_at_once() {
    let start = Instant::now();
    let catalogue = scale::catalogue(ScaleOptions { datasets: 100_000, wide: 100_000 }).unwrap();
    let rig = over(catalogue).await;
    // Debug builds are many times slower than what this limit is about.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let page = rig.by_path(&["wide", "views"], "?maxChildren=500").await.ok();
    assert_eq!(names(&page).len(), 500);
    let all = rig.by_path(&["bucket", "landing"], "?maxChildren=500").await.ok();
    assert_eq!(names(&all).len(), 100_000);
    let view = rig.by_path(&["wide", "views", "VIEW_099999"], "").await.ok();
    assert_eq!(view["fields"].as_array().unwrap().len(), scale::COLUMNS);
    let again = rig.by_id(view["id"].as_str().unwrap(), "").await.ok();
    assert_eq!(again, view);
}

#[tokio::test]
async fn the_pattern_engine_answers_bulk_queries() {
    let rig = over(scale::catalogue(ScaleOptions { datasets: 300, wide: 0 }).unwrap()).await;
    let count = rows(&rig, "SELECT COUNT(*) AS n FROM INFORMATION_SCHEMA.\"TABLES\"").await;
    assert_eq!(count[0]["n"], 300);
    let count = rows(&rig, "SELECT COUNT(*) AS n FROM INFORMATION_SCHEMA.COLUMNS").await;
    assert_eq!(count[0]["n"], 6_000);
    let some = rows(
        &rig,
        "/* tool: test */ SELECT TABLE_SCHEMA, table_name, COLUMN_NAME AS c, DATA_TYPE, \
         ORDINAL_POSITION FROM INFORMATION_SCHEMA.COLUMNS \
         WHERE TABLE_SCHEMA = 'erp_01.billing.account' AND ORDINAL_POSITION <= 2 \
         ORDER BY TABLE_NAME DESC, ORDINAL_POSITION LIMIT 4 OFFSET 1",
    )
    .await;
    assert_eq!(some.len(), 4);
    assert_eq!(some[0]["ORDINAL_POSITION"], 2);
    assert!(some[0]["TABLE_NAME"].as_str() > some[1]["TABLE_NAME"].as_str());
    assert_eq!(keys(&some[0])[2], "c");
    let views = "SELECT * FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_SCHEMA LIKE 'sales%' LIMIT 3";
    let views = rows(&rig, views).await;
    assert!(views[0]["VIEW_DEFINITION"].as_str().unwrap().starts_with("SELECT * FROM \""));
    let path = format!("\"{}\"", "erp_01.billing.account".replace('.', "\".\""));
    let table = rows(
        &rig,
        "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.\"TABLES\" \
         WHERE TABLE_SCHEMA = 'erp_01.billing.account' LIMIT 1",
    )
    .await;
    let table = table[0]["TABLE_NAME"].as_str().unwrap();
    let preview = rows(&rig, &format!("SELECT * FROM {path}.\"{table}\" LIMIT 50")).await;
    assert_eq!(preview.len(), 50);
    assert_eq!(keys(&preview[0]).len(), scale::COLUMNS);
    assert_eq!(rows(&rig, "SELECT 1").await[0]["EXPR$0"], 1);
    let version = rows(&rig, "SELECT version FROM sys.version").await;
    assert!(version[0]["version"].as_str().unwrap().starts_with("25.2.0"));

    let job = json!({"sql": "SELECT * FROM sys.views LIMIT 1"});
    let job = rig.send("POST", "/sql", Some(job)).await.ok();
    let status = rig.get(&format!("/job/{}", job["id"].as_str().unwrap())).await.ok();
    assert_eq!(status["jobState"], "FAILED");
}

#[tokio::test]
async fn hostile_names_can_be_listed_and_opened() {
    let rig = over(hostile::catalogue().unwrap()).await;
    let catalogue = Arc::clone(rig.sandbox.catalogue());
    let all: Vec<NodeIx> = catalogue.all().collect();
    let mut opened = 0;
    for ix in all {
        let path = catalogue.path(ix);
        let listed = match catalogue.parent(ix) {
            Some(parent) => catalogue.children(parent).contains(&ix),
            None => true,
        };
        assert!(listed, "{path:?}");
        // Addresses cannot hold these; listings give their ids.
        if path.iter().any(|part| [".", ".."].contains(part)) {
            continue;
        }
        let entity = rig.by_path(&path, "?exclude=children").await.ok();
        // Stored names that differ by case only are one name; the first is found.
        if path.last() != Some(&"Twin") && path.last() != Some(&"TWIN") && path.len() > 1 {
            assert_eq!(entity["path"], json!(path));
        }
        let id = entity["id"].as_str().unwrap();
        if !(id.starts_with("dremio:/") && id.contains('"')) {
            assert_eq!(rig.by_id(id, "?exclude=children").await.ok()["id"], id);
        }
        opened += 1;
    }
    assert!(opened > 4 * hostile::names().len());
    let folder = rig.by_path(&["nessie;x", "in.a \"folder\""], "").await.ok();
    let dots: Vec<&Value> = folder["children"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["path"][2] == "." || item["path"][2] == "..")
        .collect();
    assert_eq!(dots.len(), 2);
    for item in dots {
        let entity = rig.by_id(item["id"].as_str().unwrap(), "").await.ok();
        assert_eq!(entity["path"], item["path"]);
    }
    assert!(rig.sandbox.defects().is_empty());
}
