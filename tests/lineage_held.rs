//! `check-lineage` beside an OpenMetadata: what it holds, what it lacks, what it has too much.
#![cfg(feature = "demo")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use dremio_explorer::sandbox::dremio::DremioOptions;
use dremio_explorer::sandbox::openmetadata::OpenMetadataOptions;
use dremio_explorer::sandbox::servers::{Content, Sandbox};
use reqwest::Method;
use serde_json::{Value, json};

const VIEW: &str = "dremio.Analytics.marts.fct_orders";

async fn servers() -> Sandbox {
    serving("reference").await
}

async fn serving(catalogue: &str) -> Sandbox {
    let content = Content::Named(catalogue.to_owned());
    Sandbox::start(&content, DremioOptions::default(), OpenMetadataOptions::default())
        .await
        .expect("starts")
}

/// Runs the program on a thread of its own, so that the servers can answer meanwhile.
async fn run(servers: &Sandbox, home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dremio-explorer"));
    command
        .args(arguments)
        .arg("--data-dir")
        .arg(home)
        .env_clear()
        .env("HOME", home)
        .env("DREMIO_URL", servers.dremio.url())
        .env("DREMIO_USER", servers.dremio.user())
        .env("DREMIO_PASSWORD", servers.dremio.password())
        .env("OPENMETADATA_URL", servers.openmetadata.url())
        .env("OPENMETADATA_JWT_TOKEN", servers.openmetadata.bot_token())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    tokio::task::spawn_blocking(move || command.output()).await.expect("runs").expect("starts")
}

fn text(output: &Output) -> String {
    let both = [&output.stdout, &output.stderr];
    both.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).join("\n")
}

fn findings(output: &Output) -> Vec<(String, String, String)> {
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let list = document["openmetadata"]["findings"].as_array().expect("a list").clone();
    list.iter().map(|it| (word(it, "kind"), word(it, "from"), word(it, "to"))).collect()
}

/// Somebody else at work in OpenMetadata.
async fn call(servers: &Sandbox, method: Method, path: &str, body: Option<Value>) -> Value {
    // Whoever was first has installed one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("{}/api/v1/{path}", servers.openmetadata.url());
    let mut request =
        reqwest::Client::new().request(method, url).bearer_auth(servers.openmetadata.user_token());
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    let bytes = answer.bytes().await.expect("a body");
    serde_json::from_slice(&bytes).unwrap_or_default()
}

async fn id(servers: &Sandbox, fqn: &str) -> String {
    let table = call(servers, Method::GET, &format!("tables/name/{fqn}"), None).await;
    table["id"].as_str().expect("an id").to_owned()
}

fn edge(from: &str, to: &str, source: &str) -> Value {
    json!({"edge": {
        "fromEntity": {"id": from, "type": "table"},
        "toEntity": {"id": to, "type": "table"},
        "lineageDetails": {"source": source},
    }})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_openmetadata_holds_is_compared_edge_by_edge() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers().await;
    let require = ["check-lineage", "--openmetadata", "require", "--format", "json"];

    let nothing = run(&servers, home.path(), &require).await;
    assert_eq!(nothing.status.code(), Some(1), "{}", text(&nothing));
    assert!(findings(&nothing).iter().all(|(kind, ..)| kind == "missing"));

    let sync = run(&servers, home.path(), &["sync", "--yes"]).await;
    assert_eq!(sync.status.code(), Some(0), "{}", text(&sync));
    servers.openmetadata.clear_requests();
    let exact = run(&servers, home.path(), &require).await;
    assert_eq!(exact.status.code(), Some(0), "{}", text(&exact));
    assert_eq!(findings(&exact), []);
    assert_eq!(servers.openmetadata.writes(), [], "a check writes nothing");

    // One edge goes, one gets other details, one comes that the SQL does not know, one is drawn.
    let document: Value = serde_json::from_slice(&exact.stdout).expect("JSON");
    let into_view: Vec<Vec<String>> = document["edges"]
        .as_array()
        .expect("edges")
        .iter()
        .filter(|edge| edge["to"] == json!(["Analytics", "marts", "fct_orders"]))
        .map(|edge| serde_json::from_value(edge["from"].clone()).expect("a path"))
        .collect();
    assert!(into_view.len() >= 2, "{into_view:?}");
    let fqn = |path: &Vec<String>| format!("dremio.{}", path.join("."));
    let (first, second) = (fqn(&into_view[0]), fqn(&into_view[1]));
    let view = id(&servers, VIEW).await;
    let (first_id, second_id) = (id(&servers, &first).await, id(&servers, &second).await);
    let delete = format!("lineage/table/{first_id}/table/{view}");
    call(&servers, Method::DELETE, &delete, None).await;
    let differing = edge(&second_id, &view, "ViewLineage");
    call(&servers, Method::PUT, "lineage", Some(differing)).await;
    call(&servers, Method::PUT, "lineage", Some(edge(&view, &first_id, "ViewLineage"))).await;
    call(&servers, Method::PUT, "lineage", Some(edge(&view, &second_id, "Manual"))).await;

    let after = run(&servers, home.path(), &require).await;
    assert_eq!(after.status.code(), Some(1), "{}", text(&after));
    let found = findings(&after);
    let told = |kind: &str, from: &str, to: &str| (kind.to_owned(), from.to_owned(), to.to_owned());
    assert_eq!(
        found,
        [
            told("missing", &first, VIEW),
            told("differs", &second, VIEW),
            told("extra", VIEW, &first),
        ]
    );

    // For information only, unless it is asked for.
    let shown = run(&servers, home.path(), &["check-lineage", "--table", VIEW]).await;
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown));
    for words in ["Edges that are not in OpenMetadata (1)", "Different in OpenMetadata (1)"] {
        assert!(text(&shown).contains(words), "{}", text(&shown));
    }
    // A hand-drawn edge where one is computed is told and no fault.
    call(&servers, Method::PUT, "lineage", Some(edge(&first_id, &view, "Manual"))).await;
    let drawn = run(&servers, home.path(), &require).await;
    assert!(findings(&drawn).contains(&told("manual", &first, VIEW)), "{}", text(&drawn));
}

/// Every edge from a staging model to a mart is in OpenMetadata, or the check fails and names it.
#[tokio::test(flavor = "multi_thread")]
async fn the_edges_of_a_dbt_project_are_verified() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = serving("shop").await;
    let target = format!("{}/assets/sandbox/dbt/target", env!("CARGO_MANIFEST_DIR"));
    let check = ["check-lineage", "--target-dir", &target, "--openmetadata", "require"];
    let check: Vec<&str> =
        check.into_iter().chain(["--select", "+tag:mart", "--format", "json"]).collect();
    let before = run(&servers, home.path(), &check).await;
    assert_eq!(before.status.code(), Some(1), "{}", text(&before));

    let synced = run(&servers, home.path(), &["sync", "--yes"]).await;
    assert_eq!(synced.status.code(), Some(0), "{}", text(&synced));
    let ingested =
        run(&servers, home.path(), &["ingest-dbt", "--target-dir", &target, "--yes"]).await;
    assert_eq!(ingested.status.code(), Some(0), "{}", text(&ingested));
    let after = run(&servers, home.path(), &check).await;
    assert_eq!(after.status.code(), Some(0), "{}", text(&after));
    assert_eq!(findings(&after), []);
    let document: Value = serde_json::from_slice(&after.stdout).expect("JSON");
    let of_dbt =
        |edge: &&Value| edge["origins"].as_array().is_some_and(|it| it.contains(&json!("dbt")));
    let edges = document["edges"].as_array().expect("edges");
    assert!(edges.iter().filter(of_dbt).count() > 10, "{edges:?}");

    let (from, to) = ("dremio.staging.crm.stg_customers", "dremio.marts.core.dim_customers");
    let (from_id, to_id) = (id(&servers, from).await, id(&servers, to).await);
    let delete = format!("lineage/table/{from_id}/table/{to_id}");
    call(&servers, Method::DELETE, &delete, None).await;
    let gone = run(&servers, home.path(), &check).await;
    assert_eq!(gone.status.code(), Some(1), "{}", text(&gone));
    assert_eq!(findings(&gone), [("missing".to_owned(), from.to_owned(), to.to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_openmetadata_that_does_not_answer_costs_the_comparison_only() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers().await;
    servers.openmetadata.revoke_tokens();
    let told = run(&servers, home.path(), &["check-lineage"]).await;
    assert_eq!(told.status.code(), Some(4), "{}", text(&told));
    assert!(text(&told).contains("Views "), "the lineage is there: {}", text(&told));
    assert!(text(&told).contains("could not be read"), "{}", text(&told));
    let left_out = run(&servers, home.path(), &["check-lineage", "--openmetadata", "never"]).await;
    assert_eq!(left_out.status.code(), Some(0), "{}", text(&left_out));
    let required = ["check-lineage", "--openmetadata", "require"];
    let required = run(&servers, home.path(), &required).await;
    assert_eq!(required.status.code(), Some(3), "{}", text(&required));
}
