//! `ingest-dbt` against a catalogue of which not everything is listed.

use super::*;

/// The shop's dbt project.
pub(crate) fn target() -> String {
    format!("{}/assets/sandbox/dbt/target", env!("CARGO_MANIFEST_DIR"))
}

fn ingest(servers: &Sandbox, home: &Path) -> Command {
    let mut command = program(&servers.dremio, &servers.openmetadata, home);
    command.args(["ingest-dbt", "--yes", "--format", "json", "--target-dir", &target()]);
    command
}

fn tables(servers: &Sandbox) -> Vec<String> {
    let dump = servers.openmetadata.dump();
    let entities = dump["entities"].as_object().expect("entities");
    let tables = entities.keys().filter_map(|name| name.strip_prefix("table "));
    tables.map(str::to_owned).collect()
}

/// Edges by name: ids are given in the order of arrival.
fn edges(servers: &Sandbox) -> Vec<String> {
    let dump = servers.openmetadata.dump();
    let entities = dump["entities"].as_object().expect("entities");
    let name = |id: &Value| {
        let found = entities.iter().find(|(_, entity)| entity["id"] == *id);
        found.map(|(name, _)| name.clone()).unwrap_or_default()
    };
    let edges = dump["edges"].as_array().expect("edges").iter();
    let mut edges: Vec<String> = edges
        .map(|edge| {
            let details = &edge["details"];
            let columns = details["columnsLineage"].to_string();
            format!(
                "{} → {}: {} {columns}",
                name(&edge["from"]),
                name(&edge["to"]),
                details["source"]
            )
        })
        .collect();
    edges.sort();
    edges
}

/// Raw tables stand in folders of a lake that are not listed when that is switched off: they are found
/// by the views that name them, matched with dbt's sources, and the edges out of them come along.
#[tokio::test(flavor = "multi_thread")]
async fn sources_that_only_views_name_are_matched_and_come_along() {
    let home = tempfile::tempdir().expect("a folder");
    let whole = servers(Content::Named("shop".to_owned()), Version::V2_0).await;
    let first = json(&output(ingest(&whole, home.path())).await);
    assert_eq!(first["sync"]["result"]["errors"], 0, "{}", first["sync"]["result"]);
    let raw = |servers: &Sandbox| {
        tables(servers).into_iter().filter(|fqn| fqn.starts_with("dremio.lake.")).count()
    };
    assert!(raw(&whole) > 3, "{:?}", tables(&whole));

    let home = tempfile::tempdir().expect("a folder");
    let part = servers(Content::Named("shop".to_owned()), Version::V2_0).await;
    let mut command = ingest(&part, home.path());
    command.env("DREMIO_EXPLORER_DISCOVERY_LIST_STORAGE_FOLDERS", "false");
    let second = json(&output(command).await);
    assert_eq!(second["sync"]["result"]["errors"], 0, "{}", second["sync"]["result"]);
    assert_eq!(second["counts"]["matched"], first["counts"]["matched"]);
    assert_eq!(tables(&part), tables(&whole));
    assert_eq!(edges(&part), edges(&whole));

    // What the settings leave out stays out, though a view names it and a source matches it.
    let home = tempfile::tempdir().expect("a folder");
    let without = servers(Content::Named("shop".to_owned()), Version::V2_0).await;
    let mut command = ingest(&without, home.path());
    command.env("DREMIO_EXPLORER_DISCOVERY_LIST_STORAGE_FOLDERS", "false");
    command.env("DREMIO_EXPLORER_DISCOVERY_EXCLUDE", r"^lake\.[^.]+\.");
    let third = json(&output(command).await);
    assert_eq!(third["sync"]["result"]["errors"], 0, "{}", third["sync"]["result"]);
    assert_eq!(raw(&without), 0, "{:?}", tables(&without));
    assert!(tables(&without).len() > 10 && !edges(&without).is_empty());
}

/// The filters and switches of the config file that narrow a sync narrow this too.
#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_a_sync_count_here_too() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers(Content::Named("shop".to_owned()), Version::V2_0).await;
    let file = home.path().join("narrow.yaml");
    let text = "sync: {tables: {exclude: [dim_]}}\nlineage: {column_level: false}";
    std::fs::write(&file, text).expect("writes");
    let mut command = ingest(&servers, home.path());
    command.arg("--config").arg(&file);
    let told = json(&output(command).await);
    assert_eq!(told["sync"]["result"]["errors"], 0, "{}", told["sync"]["result"]);
    let tables = tables(&servers);
    assert!(tables.iter().any(|fqn| fqn.contains(".fct_")), "{tables:?}");
    assert!(!tables.iter().any(|fqn| fqn.contains(".dim_")), "{tables:?}");
    let dump = servers.openmetadata.dump();
    assert!(!dump["edges"].as_array().expect("edges").is_empty());
    assert!(!dump["edges"].to_string().contains("toColumn"));
}
