//! What could not be read, or was not to be read, is not gone.

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
";

/// A catalogue's file, which is what the sandbox serves from.
fn content(home: &Path, text: &str) -> Content {
    let file = home.join("world.yaml");
    std::fs::write(&file, text).expect("is written");
    Content::Named(file.display().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_may_not_be_read_any_more_keeps_its_columns() {
    let home = tempfile::tempdir().expect("a folder");
    let before = servers(content(home.path(), WORLD), Version::V1_13).await;
    assert_eq!(run(&before, home.path(), &["--yes"]).await.status.code(), Some(0));
    before.openmetadata.clear_requests();
    let closed = WORLD.replace("customers, kind", "customers, forbidden: true, kind");
    let after = servers(content(home.path(), &closed), Version::V1_13).await;
    let mut sync =
        command_to(&after.dremio, &before.openmetadata, home.path(), &["--yes", "--prune"]);
    sync.args(["--format", "json"]);
    let ran = output(sync).await;
    // The other server has another address, which its parents link to.
    let writes = before.openmetadata.writes();
    assert!(!writes.iter().any(|seen| seen.target.contains("/tables")), "{writes:?}");
    let table = &before.openmetadata.dump()["entities"]["table dremio.crm.public.customers"];
    assert_eq!(table["columns"].as_array().map(Vec::len), Some(2));
    let items = json(&ran)["items"].to_string();
    assert!(items.contains("could not be read in Dremio this time"), "{items}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_pruned_when_part_of_the_catalogue_is_left_out_on_purpose() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers(content(home.path(), WORLD), Version::V1_13).await;
    assert_eq!(run(&servers, home.path(), &["--yes"]).await.status.code(), Some(0));
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
