//! What could not be read, or was not to be read, is not gone; and what OpenMetadata has no place for
//! is not sent again and again.

use super::*;

const WORLD: &str = r"
title: A table that may not be read any more
user: ada
password: s3cret
version: 25.2.0-202410241428100111-a963b970
catalog:
  - name: crm
    kind: source
    connector: POSTGRES
    children:
      - name: public
        kind: folder
        children:
          - { name: customers, kind: table, columns: [id BIGINT, email VARCHAR] }
  - name: sales
    kind: space
    children:
      - { name: everyone, kind: view, sql: 'SELECT * FROM crm.public.customers' }
";
const TABLE: &str = "dremio.crm.public.customers";

/// A catalogue's file, which is what the sandbox serves from.
fn content(home: &Path, text: &str) -> Content {
    let file = home.join("world.yaml");
    std::fs::write(&file, text).expect("is written");
    Content::Named(file.display().to_string())
}

/// Servers on which a sync has brought everything over.
async fn synced(home: &Path) -> Sandbox {
    let servers = servers(content(home, WORLD), Version::V1_13).await;
    let first = run(&servers, home, &["--yes"]).await;
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    assert!(servers.openmetadata.dump()["edges"].to_string().contains("email"));
    servers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_may_not_be_read_any_more_keeps_its_columns() {
    let home = tempfile::tempdir().expect("a folder");
    let before = synced(home.path()).await;
    let edges = before.openmetadata.dump()["edges"].clone();
    before.openmetadata.clear_requests();
    let closed = WORLD.replace("customers, kind", "customers, forbidden: true, kind");
    let after = servers(content(home.path(), &closed), Version::V1_13).await;
    let arguments = ["--yes", "--prune", "--reread-edges", "--format", "json"];
    let ran =
        output(command_to(&after.dremio, &before.openmetadata, home.path(), &arguments)).await;
    let words = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(words.contains("not permitted"), "{words}");
    let counts = &json(&ran)["plan"];
    assert_eq!(counts["edge"], serde_json::json!({ "unchanged": 1 }), "{counts}");
    let dump = before.openmetadata.dump();
    assert_eq!(dump["edges"], edges);
    let table = &dump["entities"][format!("table {TABLE}")];
    assert_eq!(table["columns"].as_array().map(Vec::len), Some(2), "{words}");
    // The other server has another address, which links lead to; that is written once.
    before.openmetadata.clear_requests();
    let again =
        output(command_to(&after.dremio, &before.openmetadata, home.path(), &arguments)).await;
    assert_eq!(before.openmetadata.writes(), [], "{}", String::from_utf8_lossy(&again.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_an_upstream_does_not_have_yet_are_waited_for() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = synced(home.path()).await;
    let complete = servers.openmetadata.dump()["edges"].clone();
    let sent = servers.openmetadata.writes();
    let mut body = sent
        .iter()
        .filter_map(|seen| serde_json::from_str::<Value>(&seen.body).ok())
        .find(|body| body["name"] == "customers")
        .expect("the table was sent");
    body["columns"].as_array_mut().expect("columns").pop();
    body["sourceHash"] = "0".repeat(32).into();
    let seed = Seed { entities: vec![(EntityType::Table, body)], ..Seed::default() };
    servers.openmetadata.fill(seed).expect("is taken");

    let part = ["--space", "sales", "--yes", "--reread-edges"];
    assert_eq!(run(&servers, home.path(), &part).await.status.code(), Some(0));
    assert!(!servers.openmetadata.dump()["edges"].to_string().contains("email"));
    servers.openmetadata.clear_requests();
    let again = run(&servers, home.path(), &part).await;
    assert_eq!(servers.openmetadata.writes(), [], "{}", String::from_utf8_lossy(&again.stderr));

    // With the column its mapping comes back, without being asked to look again.
    let others = ["--space", "crm", "--yes"];
    assert_eq!(run(&servers, home.path(), &others).await.status.code(), Some(0));
    assert_eq!(run(&servers, home.path(), &part[..3]).await.status.code(), Some(0));
    let edges = &servers.openmetadata.dump()["edges"];
    assert!(edges.to_string().contains("email"), "{edges}");
    assert_eq!(edges.as_object().map(|it| it.len()), complete.as_object().map(|it| it.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_pruned_when_part_of_the_catalogue_is_left_out_on_purpose() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = synced(home.path()).await;
    servers.openmetadata.clear_requests();
    let config = home.path().join("part.yaml");
    std::fs::write(&config, "discovery: { exclude: [crm] }\n").expect("is written");
    let config = config.display().to_string();
    let ran = run(&servers, home.path(), &["--config", &config, "--prune", "--yes"]).await;
    let words = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(2), "{words}");
    assert!(words.contains("pruning needs the whole catalogue"), "{words}");
    assert_eq!(servers.openmetadata.writes(), []);
}
