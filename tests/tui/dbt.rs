//! A dbt project beside the catalogue: its facts, its report, its selectors.

use std::borrow::Cow;
use std::sync::Arc;

use dremio_explorer::dbt::ArtifactFiles;

use crate::fake::Fake;
use crate::runner::{Runner, settings};
use crate::sync::Stage;

const WIDE: (u16, u16) = (120, 40);

const MANIFEST: &str = r#"{
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "project_name": "warehouse", "adapter_type": "dremio"},
    "nodes": {
        "model.warehouse.customers": {"name": "customers", "resource_type": "model",
            "package_name": "warehouse", "database": "Analytics", "schema": "marts",
            "alias": "customers", "original_file_path": "models/marts/customers.sql",
            "config": {"materialized": "view"}, "tags": ["nightly"],
            "meta": {"owner": ["crm team"]}, "group": "sales",
            "description": "One row per \u001b[31mcustomer.", "compiled_code": "select 1"},
        "model.warehouse.churn": {"name": "churn", "resource_type": "model",
            "database": "analytics", "schema": "marts", "alias": "churn",
            "config": {"materialized": "view"}, "compiled_code": "select 1"},
        "test.warehouse.u": {"name": "unique_customers", "resource_type": "test",
            "attached_node": "model.warehouse.customers", "column_name": "customer_id",
            "test_metadata": {"name": "unique"}}},
    "exposures": {"exposure.warehouse.board": {"name": "board", "label": "The board",
        "type": "dashboard", "depends_on": {"nodes": ["model.warehouse.customers"]}}}}"#;

const RUNS: &str = r#"{
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"},
    "results": [{"unique_id": "test.warehouse.u", "status": "fail", "message": "Got 7 results",
        "timing": [{"name": "execute", "completed_at": "2026-05-01T10:00:00Z"}]}]}"#;

#[derive(Debug)]
struct Files(&'static str);

impl ArtifactFiles for Files {
    fn place(&self) -> String {
        "target".to_owned()
    }

    fn path_of(&self, name: &str) -> String {
        format!("target/{name}")
    }

    fn read(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>, String> {
        Ok(match name {
            "manifest.json" => Some(Cow::Borrowed(self.0.as_bytes())),
            "run_results.json" => Some(Cow::Borrowed(RUNS.as_bytes())),
            _ => None,
        })
    }

    fn run_results(&self) -> Result<Vec<String>, String> {
        Ok(vec!["run_results.json".to_owned()])
    }
}

async fn with(manifest: &'static str) -> Runner {
    let files: Arc<dyn ArtifactFiles> = Arc::new(Files(manifest));
    let runner = Runner::start_dbt(Fake::default(), WIDE, settings(), Some(files));
    runner.wait_for("read just now").await;
    runner
}

#[tokio::test]
async fn a_dataset_tells_what_dbt_knows_of_it() {
    let runner = with(MANIFEST).await;
    // The project is matched once the catalogue is read.
    runner.keys("B").wait_for("1 matched, 0 ambiguous, 1 missing").await;
    runner.typed("customers").wait_gone("churn").await;
    runner.keys("enter").wait_for("marts › customers").await;
    runner.keys("b").wait_for("customers  model, view").await;
    let text = runner.text();
    for words in [
        "models/marts/customers.sql",
        "#nightly",
        "crm team",
        "Tests (1)",
        "✗ fail",
        "unique  customer_id",
        "Got 7 results",
        "The board  dashboard",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    runner.keys("3").wait_for("board").await;
    runner.wait_for("▷ dbt only").await;
}

#[tokio::test]
async fn the_report_says_why() {
    let runner = with(MANIFEST).await;
    runner.keys("B").wait_for("1 matched, 0 ambiguous, 1 missing").await;
    runner.wait_for("there is nothing of that name in analytics.marts").await;
    runner.typed("did not pass").wait_for("unique_customers").await;
    runner.wait_for("fail: Got 7 results").await;
    runner.keys("esc").wait_gone("did not pass").await;
}

const SHOP: &str = r#"{
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "project_name": "sales", "adapter_type": "dremio"},
    "nodes": {
        "model.sales.customers": {"name": "customers", "resource_type": "model",
            "database": "sales", "schema": "core", "config": {"materialized": "view"},
            "compiled_code": "SELECT id FROM erp.raw.people",
            "depends_on": {"nodes": ["source.sales.erp.people"]}},
        "model.sales.orders": {"name": "orders", "resource_type": "model",
            "database": "sales", "schema": "core", "config": {"materialized": "view"},
            "compiled_code": "SELECT id, price FROM erp.raw.items",
            "depends_on": {"nodes": ["source.sales.erp.items", "model.sales.customers"]}}},
    "sources": {"source.sales.erp.items": {"name": "items", "resource_type": "source",
        "source_name": "erp", "database": "erp", "schema": "raw", "identifier": "items"},
        "source.sales.erp.people": {"name": "people", "resource_type": "source",
        "source_name": "erp", "database": "erp", "schema": "raw", "identifier": "people"}}}"#;

#[tokio::test]
async fn what_openmetadata_lacks_is_looked_up_by_itself() {
    let stage = Stage::new().await;
    let runner = stage.open_dbt(WIDE, Arc::new(Files(SHOP))).await;
    runner.keys("B").wait_for("Missing in OpenMetadata  4").await;
    let text = runner.text();
    for words in ["4 not in OpenMetadata", "+ source.sales.erp.items", "Out of date  1"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    runner.typed("missing in open").wait_gone("Out of date").await;
    runner.wait_for("has no table of it").await;
    assert_eq!(stage.openmetadata.writes(), [], "nothing is written");
    // Where dbt and the SQL disagree is read too, and stands in the rows of a lineage.
    runner.keys("esc").wait_gone("has no table of it").await;
    runner.keys("B").typed("disagree").wait_for("sales.core.customers → sales.core.orders").await;
    runner.keys("enter").wait_for("core › orders").await;
    runner.keys("3").wait_for("▷ dbt only").await;
    runner.keys("t").wait_for("told by").await;
    let text = runner.text();
    let is_told = |name: &str, word: &str| {
        let is_row = |row: &&str| row.contains('├') || row.contains('└');
        text.lines().filter(is_row).any(|row| row.contains(name) && row.contains(word))
    };
    assert!(is_told("customers", "dbt≠SQL") && is_told("items", "SQL+dbt"), "{text}");
    runner.keys("t").wait_for("Told by").await;
    assert!(runner.text().contains("dbt≠SQL"), "{}", runner.text());
}

#[tokio::test]
async fn without_openmetadata_nothing_is_said_of_it() {
    let runner = with(MANIFEST).await;
    let words = "Missing in OpenMetadata  not looked up: no OpenMetadata server is set";
    runner.keys("B").wait_for(words).await;
    // What has no dataset leads nowhere, and says so.
    runner.keys("enter").wait_for("has no dataset in Dremio to go to").await;
}

#[tokio::test]
async fn the_finder_takes_selectors_of_dbt() {
    let runner = with(MANIFEST).await;
    runner.keys("B").wait_for("1 matched").await;
    runner.keys("esc").wait_gone("1 matched").await;
    runner.keys("f").typed("tag:nightly").wait_for(" 1 dataset ").await;
    runner.keys("enter").wait_for("marts › customers").await;
    runner.keys("f").typed("tag:never").wait_for("takes nothing of the dbt project").await;
    runner.keys("esc").wait_gone("takes nothing").await;
    runner.keys("f").typed("tga:x+").wait_for("there is no method").await;
}

#[tokio::test]
async fn without_a_project_it_is_said_how_to_have_one() {
    let runner = Runner::start(Fake::default(), WIDE);
    runner.wait_for("read just now").await;
    runner.keys("B").wait_for("start with --dbt-project").await;
    runner.keys("f").typed("tag:nightly").wait_for("no dbt project takes part").await;
}

#[tokio::test]
async fn a_broken_project_costs_nothing_but_itself() {
    let runner = with("{\"metadata\": ").await;
    runner.wait_for("cut off").await;
    runner.keys("B").wait_for("target/manifest.json").await;
}
