//! What must not write does not write, whatever else is asked of it: by the request logs of both
//! servers, by what OpenMetadata holds, and by what is left on disk.

use serde_json::json;

use super::*;

/// A server on which every sort of write would be due: something to create, to update, to restore, to
/// prune, an edge to remove and words of a person to replace.
async fn unsettled(content: &str, version: Version) -> Sandbox {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers(Content::Named(content.to_owned()), version).await;
    let first = run(&servers, home.path(), &["--yes"]).await;
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    let dump = servers.openmetadata.dump();
    let entities = dump["entities"].as_object().expect("entities").clone();
    let tables: Vec<&Value> = entities
        .iter()
        .filter(|(name, _)| name.starts_with("table "))
        .map(|(_, entity)| entity)
        .collect();
    let fqn = |table: &Value| table["fullyQualifiedName"].as_str().expect("an FQN").to_owned();
    let is_view = |table: &&&Value| table["tableType"] == "View";
    let views: Vec<&&Value> = tables.iter().filter(is_view).collect();
    let schema = fqn(views[0]).rsplit_once('.').expect("a schema").0.to_owned();
    let gone = json!({
        "name": "gone", "databaseSchema": schema, "columns": [], "tableType": "View",
        "schemaDefinition": "SELECT 1",
    });
    let edge = json!({ "source": "ViewLineage", "sqlQuery": "SELECT 1" });
    servers
        .openmetadata
        .fill(Seed {
            entities: vec![(EntityType::Table, gone)],
            edges: vec![(format!("{schema}.gone"), fqn(views[0]), edge)],
            deleted: vec![fqn(views[1])],
            named: Vec::new(),
        })
        .expect("is taken");
    // Words of a person, on everything that has some.
    let person = person(&servers);
    for (name, entity) in &entities {
        let Some((kind, _)) = name.split_once(' ') else { continue };
        let sort = match kind {
            "table" => EntityType::Table,
            "schema" => EntityType::DatabaseSchema,
            "database" => EntityType::Database,
            _ => continue,
        };
        if entity["fullyQualifiedName"] == json!(fqn(views[1])) {
            continue;
        }
        if entity["description"].as_str().is_none_or(str::is_empty) {
            continue;
        }
        let id = entity["id"].as_str().expect("an id");
        let patch = json!([{ "op": "add", "path": "/description", "value": "By hand" }]);
        person.patch(sort, id, &patch).await.expect("patches");
    }
    servers.openmetadata.clear_requests();
    servers
}

/// Runs a command that must not write, and looks everywhere for writes.
async fn wrote_nothing(servers: &Sandbox, home: &Path, is_bot: bool, arguments: &[&str]) -> Output {
    let before = servers.openmetadata.dump();
    let mut command = program(&servers.dremio, &servers.openmetadata, home);
    command.args(arguments).arg("--data-dir").arg(home.join("data"));
    if !is_bot {
        command.env("OPENMETADATA_JWT_TOKEN", servers.openmetadata.user_token());
    }
    let told = output(command).await;
    let what = format!("{arguments:?}: {}", String::from_utf8_lossy(&told.stderr));
    let others: Vec<_> = servers
        .openmetadata
        .requests()
        .into_iter()
        .filter(|seen| seen.method != "GET")
        .map(|seen| format!("{} {}", seen.method, seen.target))
        .collect();
    assert_eq!(others, Vec::<String>::new(), "{what}");
    assert!(servers.openmetadata.dump() == before, "{what}");
    assert!(servers.dremio.mutations().is_empty(), "{what}");
    assert_eq!(journal_size(&home.join("data")), 0, "{what}");
    told
}

/// All ways to put some of these together.
fn combinations<'a>(switches: &[&'a [&'a str]]) -> Vec<Vec<&'a str>> {
    (0..1_usize << switches.len())
        .map(|mask| {
            let chosen = switches.iter().enumerate().filter(|(index, _)| mask >> index & 1 == 1);
            chosen.flat_map(|(_, switch)| switch.iter().copied()).collect()
        })
        .collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn no_dry_sync_writes(#[values(true, false)] is_bot: bool) {
    let home = tempfile::tempdir().expect("a folder");
    let servers = unsettled("reference", Version::V1_13).await;
    let file = home.path().join("plan.json");
    let file = file.to_str().expect("a path");
    let switches: [&[&str]; 4] = [
        &["--prune"],
        &["--overwrite-descriptions"],
        &["--labels-as", "DremioLabels"],
        &["--reread-edges"],
    ];
    let mut actions = std::collections::BTreeSet::new();
    for chosen in combinations(&switches) {
        let dry = [&["sync", "--dry-run", "--exit-code", "--format", "json"], &*chosen].concat();
        let told = wrote_nothing(&servers, home.path(), is_bot, &dry).await;
        assert_eq!(told.status.code(), Some(1), "there is something to write");
        let told = json(&told);
        for item in told["items"].as_array().expect("items") {
            let sort = item["type"].as_str().expect("a type");
            actions.insert(format!("{} {sort}", item["action"].as_str().expect("an action")));
        }
        // A plan for later is no consent either, and neither is looking at it again.
        let planned = [&["sync", "--plan-out", file], &*chosen].concat();
        wrote_nothing(&servers, home.path(), is_bot, &planned).await;
        let again = ["sync", "--plan", file, "--dry-run"];
        let again = wrote_nothing(&servers, home.path(), is_bot, &again).await;
        assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
        // Without a terminal nobody can agree, and `--yes` goes with neither.
        let unasked = [&["sync"], &*chosen].concat();
        let unasked = wrote_nothing(&servers, home.path(), is_bot, &unasked).await;
        assert_eq!(unasked.status.code(), Some(2));
        for both in [["--dry-run", "--yes"].as_slice(), &["--plan-out", file, "--yes"]] {
            let both = [&["sync"], both, &*chosen].concat();
            let both = wrote_nothing(&servers, home.path(), is_bot, &both).await;
            assert_eq!(both.status.code(), Some(2));
        }
    }
    // All sorts of writes were due, so that there was something to hold back.
    for due in ["update table", "restore table", "delete table", "delete edge"] {
        assert!(actions.contains(due), "{due}: {actions:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn no_dry_ingestion_writes(#[values(true, false)] is_bot: bool) {
    let home = tempfile::tempdir().expect("a folder");
    let servers = unsettled("shop", Version::V2_0).await;
    let target = dbt::target();
    let ingest = ["ingest-dbt", "--target-dir", &target, "--format", "json"];
    let switches: [&[&str]; 3] = [&["--overwrite-descriptions"], &["--no-tags"], &["--no-lineage"]];
    for chosen in combinations(&switches) {
        let dry = [&ingest[..], &["--dry-run", "--exit-code"], &*chosen].concat();
        let told = wrote_nothing(&servers, home.path(), is_bot, &dry).await;
        assert_eq!(told.status.code(), Some(1), "there is something to write");
        let unasked = wrote_nothing(&servers, home.path(), is_bot, &ingest).await;
        assert_eq!(unasked.status.code(), Some(2));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn no_check_of_lineage_writes(#[values(true, false)] is_bot: bool) {
    let home = tempfile::tempdir().expect("a folder");
    let servers = unsettled("shop", Version::V1_13).await;
    let target = dbt::target();
    let switches: [&[&str]; 4] = [
        &["--openmetadata", "require"],
        &["--strict"],
        &["--target-dir", &target],
        &["--dremio-graph", "all"],
    ];
    for chosen in combinations(&switches) {
        let check = [&["check-lineage", "--format", "json"], &*chosen].concat();
        let told = wrote_nothing(&servers, home.path(), is_bot, &check).await;
        let code = told.status.code();
        assert!(
            matches!(code, Some(0 | 1 | 4)),
            "{code:?}: {}",
            String::from_utf8_lossy(&told.stderr)
        );
    }
    let asked = servers.openmetadata.requests();
    assert!(asked.iter().any(|seen| seen.target.contains("/lineage/")), "it was compared");
}
