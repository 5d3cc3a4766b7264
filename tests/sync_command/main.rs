//! `sync` as a person or a script runs it: the real binary against sandbox servers in this process.
#![cfg(feature = "demo")]

mod dbt;
mod dry;
mod rescue;
mod unread;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::openmetadata::entity::EntityType;
use dremio_explorer::openmetadata::{Client, ConnectOptions, Credentials};
use dremio_explorer::sandbox::dremio::{DremioOptions, DremioSandbox};
use dremio_explorer::sandbox::openmetadata::{
    Fault, OpenMetadataOptions, OpenMetadataSandbox, Seed, Version,
};
use dremio_explorer::sandbox::servers::{Content, Sandbox};
use rstest::rstest;
use serde_json::Value;

async fn servers(content: Content, version: Version) -> Sandbox {
    let openmetadata = OpenMetadataOptions { version, ..OpenMetadataOptions::default() };
    Sandbox::start(&content, DremioOptions::default(), openmetadata).await.expect("starts")
}

fn command(servers: &Sandbox, home: &Path, arguments: &[&str]) -> Command {
    command_to(&servers.dremio, &servers.openmetadata, home, arguments)
}

fn command_to(
    dremio: &DremioSandbox,
    openmetadata: &OpenMetadataSandbox,
    home: &Path,
    arguments: &[&str],
) -> Command {
    let mut command = program(dremio, openmetadata, home);
    command.arg("sync").args(arguments);
    command
}

/// The program, told where the servers are and who asks.
fn program(dremio: &DremioSandbox, openmetadata: &OpenMetadataSandbox, home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dremio-explorer"));
    command
        .arg("--data-dir")
        .arg(home)
        .env_clear()
        .env("HOME", home)
        .env("DREMIO_URL", dremio.url())
        .env("DREMIO_USER", dremio.user())
        .env("DREMIO_PASSWORD", dremio.password())
        .env("OPENMETADATA_URL", openmetadata.url())
        .env("OPENMETADATA_JWT_TOKEN", openmetadata.bot_token())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Somebody else at the same server.
fn person(servers: &Sandbox) -> Client {
    let options = ConnectOptions {
        url: servers.openmetadata.url(),
        credentials: Credentials::Token(servers.openmetadata.user_token().into()),
        http: HttpOptions::default(),
        max_concurrency: None,
    };
    Client::new(options, RequestLog::new()).expect("good settings")
}

/// Runs the command on a thread of its own, so that the servers can answer meanwhile.
async fn run(servers: &Sandbox, home: &Path, arguments: &[&str]) -> Output {
    output(command(servers, home, arguments)).await
}

async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output()).await.expect("runs").expect("starts")
}

/// The entities and edges that differ, named only: a whole state is too much to read.
fn differences(a: &Value, b: &Value) -> Vec<String> {
    // An empty list and none are the same to whoever reads, and so are "not deleted" and silence.
    let entities = |state: &Value| {
        let mut entities = state["entities"].as_object().cloned().unwrap_or_default();
        for entity in entities.values_mut().filter_map(Value::as_object_mut) {
            entity.retain(|key, value| match &**key {
                "deleted" => *value != Value::Bool(false),
                "owners" => value.as_array().is_none_or(|owners| !owners.is_empty()),
                _ => true,
            });
        }
        entities
    };
    let (left, right) = (entities(a), entities(b));
    let mut names: Vec<String> = left
        .keys()
        .chain(right.keys())
        .filter(|name| left.get(*name) != right.get(*name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    if a["edges"] != b["edges"] {
        names.push("edges".to_owned());
    }
    names
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{error}\nstdout: {}\nstderr: {}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_catalogue_comes_over_once() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers(Content::Named("reference".to_owned()), Version::V1_13).await;
    let first = run(&servers, home.path(), &["--yes", "--format", "json"]).await;
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    let first = json(&first);
    assert_eq!(first["schema_version"], 1);
    let result = &first["result"];
    assert_eq!(
        (&result["databases"], &result["schemas"], &result["tables"], &result["errors"]),
        (&10.into(), &15.into(), &11.into(), &0.into())
    );
    assert_eq!(servers.openmetadata.count(EntityType::Table), 11);

    servers.openmetadata.clear_requests();
    let second = run(&servers, home.path(), &["--yes", "--format", "json"]).await;
    let second = json(&second);
    assert_eq!(servers.openmetadata.writes(), [], "a second run sends nothing but reads");
    assert_eq!(second["result"]["tables"], 0);
    assert_eq!(second["result"]["errors"], 0);
    assert!(servers.dremio.mutations().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_nothing_and_says_what_would_change() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers(Content::Named("reference".to_owned()), Version::V2_0).await;
    let arguments = ["--dry-run", "--exit-code", "--space", "Analytics"];
    let dry = run(&servers, home.path(), &arguments).await;
    assert_eq!(dry.status.code(), Some(1));
    let text = String::from_utf8_lossy(&dry.stdout);
    assert!(text.contains("fct_orders"), "{text}");
    assert!(!text.contains("monthly_revenue"), "not part of the space:\n{text}");
    assert_eq!(servers.openmetadata.writes(), []);

    // Without a terminal and without --yes nothing can be agreed to.
    let unasked = run(&servers, home.path(), &[]).await;
    assert_eq!(unasked.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unasked.stderr).contains("--yes"));

    let typo = run(&servers, home.path(), &["--dry-run", "--space", "Analytic"]).await;
    assert_eq!(typo.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&typo.stderr).contains("Analytics"));
    assert_eq!(servers.openmetadata.writes(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewed_plan_is_applied_exactly_or_not_at_all() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("plan.json");
    let file = file.to_str().expect("a path");
    let servers = servers(Content::Named("reference".to_owned()), Version::V2_0).await;
    let planned = run(&servers, home.path(), &["--plan-out", file, "--space", "Analytics"]).await;
    assert_eq!(planned.status.code(), Some(0), "{}", String::from_utf8_lossy(&planned.stderr));
    assert_eq!(servers.openmetadata.writes(), []);
    let applied = run(&servers, home.path(), &["--plan", file, "--yes", "--format", "json"]).await;
    assert_eq!(json(&applied)["result"]["errors"], 0);
    assert!(servers.openmetadata.count(EntityType::Table) >= 4);
    // It was made for an empty server, which this no longer is.
    let again = run(&servers, home.path(), &["--plan", file, "--yes"]).await;
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("moved on"));

    std::fs::write(file, "{\"schema_version\": 1").expect("writes");
    let broken = run(&servers, home.path(), &["--plan", file, "--yes"]).await;
    assert_eq!(broken.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&broken.stderr).contains("not a plan"));
}

/// The wiki of a space describes its database also when only one dataset below is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_what_is_in_sync_is_in_sync() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers(Content::Named("shop".to_owned()), Version::V1_13).await;
    let whole = run(&servers, home.path(), &["--yes", "--format", "json"]).await;
    assert_eq!(json(&whole)["result"]["errors"], 0);
    servers.openmetadata.clear_requests();
    let arguments = ["--yes", "--format", "json", "--space", "reporting.executive.board_pack"];
    let part = json(&run(&servers, home.path(), &arguments).await);
    assert_eq!(servers.openmetadata.writes(), []);
    assert_eq!(part["plan"]["table"]["unchanged"], 1);
}

/// The journal's size so far; 0 when there is none.
fn journal_size(home: &Path) -> u64 {
    let folders = std::fs::read_dir(home.join("sync")).into_iter().flatten().flatten();
    let files = folders.filter_map(|folder| folder.path().join("journal.jsonl").metadata().ok());
    files.map(|file| file.len()).sum()
}

/// Killed at random moments, by the journal from its first line to its last, the reading back of
/// edges included; every other round with bulk requests. `SYNC_KILLS` and `SYNC_TABLES` make it as
/// hard as one likes (10 and 2,000 is the bar; it takes some minutes).
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_is_completed_by_the_next() {
    let number = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (kills, tables) = (number("SYNC_KILLS", 4), number("SYNC_TABLES", 200));
    let arguments = ["--yes", "--no-descriptions"];
    let home = tempfile::tempdir().expect("a folder");
    let undisturbed = servers(Content::Scale(tables), Version::V1_13).await;
    let whole = run(&undisturbed, home.path(), &arguments).await;
    assert_eq!(whole.status.code(), Some(0), "{}", String::from_utf8_lossy(&whole.stderr));
    let expected = undisturbed.openmetadata.dump();
    assert!(!expected["edges"].as_array().expect("edges").is_empty());
    let count = undisturbed.openmetadata.count(EntityType::Table);
    assert!(count >= tables, "{count} tables");
    let size = journal_size(home.path());
    let mut random = fastrand::Rng::new();
    for round in 0..kills {
        let home = tempfile::tempdir().expect("a folder");
        let options = OpenMetadataOptions {
            latency: Duration::from_millis(1),
            bulk: round % 2 == 1,
            ..OpenMetadataOptions::default()
        };
        let target = OpenMetadataSandbox::start(options).await.expect("starts");
        let sync = || command_to(&undisturbed.dremio, &target, home.path(), &arguments);
        let mut child = sync().spawn().expect("starts");
        // The first time when all is written and only the reading back is left.
        let until = if round == 0 { size - 20 } else { random.u64(1..size) };
        let has_ended =
            |child: &mut std::process::Child| child.try_wait().expect("a child").is_some();
        while journal_size(home.path()) < until && !has_ended(&mut child) {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        let was_alive = !has_ended(&mut child);
        child.kill().expect("is killed");
        child.wait().expect("is dead");
        let resumed = output(sync()).await;
        let words = String::from_utf8_lossy(&resumed.stderr).into_owned();
        let what = format!("round {round}, killed at {until} of {size} bytes of the journal");
        assert_eq!(resumed.status.code(), Some(0), "{what}: {words}");
        assert!(words.contains("was interrupted at 20") || !was_alive, "{what}: {words}");
        let differ = differences(&target.dump(), &expected);
        assert_eq!(differ, Vec::<String>::new(), "{what}: {words}");
        let third = output(sync()).await;
        let words = String::from_utf8_lossy(&third.stderr);
        assert!(words.contains("nothing to write"), "{what}: {words}");
        assert!(!words.contains("interrupted"), "it was completed: {words}");
    }
}

/// A column goes and with it, on the server, the SQL of the table's edges. Killed before these are
/// as they were again, the next run must not rely on having verified them once: neither where they were
/// read and the plan sends them, nor where they were known and are put back as they were found.
#[rstest]
#[case::known(&["--yes", "--no-descriptions"], "was interrupted at 20")]
#[case::read(
    &["--yes", "--no-descriptions", "--reread-edges"], "may or may not have been written"
)]
#[tokio::test(flavor = "multi_thread")]
async fn edges_of_a_changed_table_outlive_a_kill_between_the_two(
    #[case] killed: &[&str],
    #[case] said: &str,
) {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers(Content::Named("reference".to_owned()), Version::V1_13).await;
    let arguments = ["--yes", "--no-descriptions"];
    assert_eq!(run(&servers, home.path(), &arguments).await.status.code(), Some(0));
    let expected = servers.openmetadata.dump();

    // Somebody adds a column to every view, which Dremio's views do not have.
    let mut added = 0;
    for seen in servers.openmetadata.writes() {
        let Ok(mut body) = serde_json::from_str::<Value>(&seen.body) else { continue };
        if body["schemaDefinition"].is_null() {
            continue;
        }
        let column = serde_json::json!({ "name": "extra", "dataType": "INT" });
        body["columns"].as_array_mut().expect("columns").push(column);
        let seed = Seed { entities: vec![(EntityType::Table, body)], ..Seed::default() };
        servers.openmetadata.fill(seed).expect("is taken");
        added += 1;
    }
    assert!(added > 0);
    servers.openmetadata.clear_requests();
    let never = Fault::Slow(Duration::from_secs(60));
    servers.openmetadata.fail_next(1, Some("PUT"), "/api/v1/lineage", never);
    let mut child = command(&servers, home.path(), killed).spawn().expect("starts");
    let is_at_edges =
        || servers.openmetadata.writes().iter().any(|seen| seen.target == "/api/v1/lineage");
    while !is_at_edges() && child.try_wait().expect("a child").is_none() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    child.kill().expect("is killed");
    child.wait().expect("is dead");
    assert!(is_at_edges(), "edges of tables whose columns went are sent again");

    let resumed = run(&servers, home.path(), &arguments).await;
    let words = String::from_utf8_lossy(&resumed.stderr).into_owned();
    assert_eq!(resumed.status.code(), Some(0), "{words}");
    assert!(words.contains(said), "{words}");
    assert_eq!(differences(&servers.openmetadata.dump(), &expected), Vec::<String>::new());
}

/// Raw tables stand in folders of a lake that are not listed when that is switched off: views name
/// them, and so they come along, with the edges.
#[tokio::test(flavor = "multi_thread")]
async fn tables_that_only_views_name_come_along() {
    let edges_of =
        |servers: &Sandbox| servers.openmetadata.dump()["edges"].as_array().expect("edges").clone();
    let arguments = ["--yes", "--no-descriptions"];
    let home = tempfile::tempdir().expect("a folder");
    let whole = servers(Content::Named("shop".to_owned()), Version::V1_13).await;
    run(&whole, home.path(), &arguments).await;
    let expected = edges_of(&whole);

    let home = tempfile::tempdir().expect("a folder");
    let part = servers(Content::Named("shop".to_owned()), Version::V1_13).await;
    let mut sync = command(&part, home.path(), &arguments);
    sync.env("DREMIO_EXPLORER_DISCOVERY_LIST_STORAGE_FOLDERS", "false");
    output(sync).await;
    assert_eq!(edges_of(&part), expected);
    let tables = |servers: &Sandbox| servers.openmetadata.count(EntityType::Table);
    assert!(tables(&part) <= tables(&whole));

    // What the settings leave out stays out, though a view names it.
    let home = tempfile::tempdir().expect("a folder");
    let without = servers(Content::Named("shop".to_owned()), Version::V1_13).await;
    let mut sync = command(&without, home.path(), &arguments);
    sync.env("DREMIO_EXPLORER_DISCOVERY_LIST_STORAGE_FOLDERS", "false");
    sync.env("DREMIO_EXPLORER_DISCOVERY_EXCLUDE", r"^lake\.");
    let excluded = output(sync).await;
    let words = String::from_utf8_lossy(&excluded.stderr).into_owned();
    let dump = without.openmetadata.dump();
    let stray: Vec<&String> = dump["entities"]
        .as_object()
        .expect("entities")
        .keys()
        .filter(|name| name.starts_with("table dremio.lake."))
        .collect();
    assert_eq!(stray, Vec::<&String>::new(), "{words}");
    assert!(!edges_of(&without).is_empty(), "{words}");
}

/// What goes wrong with OpenMetadata is in the exit code and in the words.
#[rstest]
#[case::policy("PUT", "/api/v1/databaseSchemas", Fault::Status(403, "not allowed".to_owned()), 4)]
#[case::limits("PUT", "/api/v1/tables", Fault::Status(429, "limits".to_owned()), 3)]
#[case::token("PUT", "/api/v1/tables", Fault::Status(401, "Expired token!".to_owned()), 3)]
#[case::page("PUT", "/api/v1/databaseSchemas", Fault::Html, 3)]
#[case::listing("GET", "/api/v1/databases", Fault::Status(403, "not allowed".to_owned()), 3)]
#[case::contact("GET", "/api/v1/system/version", Fault::Html, 3)]
#[tokio::test(flavor = "multi_thread")]
async fn failures_are_named_and_have_their_exit_code(
    #[case] method: &str,
    #[case] prefix: &str,
    #[case] fault: Fault,
    #[case] code: i32,
) {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers(Content::Named("reference".to_owned()), Version::V1_13).await;
    if method == "GET" {
        run(&servers, home.path(), &["--yes", "--space", "Analytics"]).await;
    }
    servers.openmetadata.fail_next(1, Some(method), prefix, fault);
    let arguments = ["--yes", "--format", "json"];
    let first = run(&servers, home.path(), &arguments).await;
    let words = String::from_utf8_lossy(&first.stderr).into_owned();
    assert_eq!(first.status.code(), Some(code), "{words}");
    if method == "GET" {
        assert!(words.contains(prefix.trim_start_matches("/api/v1/")), "{words}");
    } else {
        let told = json(&first);
        let failed: Vec<&Value> = told["items"]
            .as_array()
            .expect("items")
            .iter()
            .filter(|item| item["result"]["outcome"] == "failed")
            .collect();
        assert!(!failed.is_empty(), "{told:#}");
        let reason = failed[0]["result"]["reason"].as_str().expect("a reason");
        assert!(reason.contains(prefix.trim_start_matches("/api/v1/")), "{reason}");
        assert_eq!(told["result"]["ended_early"].is_null(), code == 4, "{told:#}");
    }
    let second = json(&run(&servers, home.path(), &arguments).await);
    assert_eq!(second["result"]["errors"], 0);
    assert_eq!(servers.openmetadata.count(EntityType::Table), 11);
}

/// Nothing has changed: what is listed is all that is asked for, however many tables there are.
#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_catalogue_costs_list_calls_only() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers(Content::Scale(600), Version::V2_0).await;
    let arguments = ["--yes", "--format", "json", "--no-descriptions"];
    let first = json(&run(&servers, home.path(), &arguments).await);
    assert!(first["result"]["edges"].as_u64().expect("a number") > 100);
    servers.openmetadata.clear_requests();
    let second = run(&servers, home.path(), &arguments).await;
    let requests = servers.openmetadata.requests();
    let others: Vec<&str> = requests
        .iter()
        .map(|seen| seen.target.as_str())
        .filter(|target| {
            let is_list = ["databases?", "databaseSchemas?", "tables?"]
                .iter()
                .any(|list| target.strip_prefix("/api/v1/").is_some_and(|at| at.starts_with(list)));
            !is_list
        })
        .collect();
    let [version, user, service] = others[..] else { panic!("{others:?}") };
    assert!(version.ends_with("/system/version") && user.ends_with("/users/loggedInUser"));
    assert!(service.contains("/databaseServices/name/"));
    assert!(requests.len() < 40, "{} requests", requests.len());
    assert!(requests.iter().all(|seen| seen.method == "GET"));
    let words = String::from_utf8_lossy(&second.stderr);
    assert!(words.contains("nothing to write"), "{words}");
    let second = json(&second);
    assert_eq!(second["result"]["unchanged"], second["items"].as_array().expect("items").len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filters_and_switches_of_the_config_file_count() {
    let home = tempfile::tempdir().expect("a folder");
    let servers = servers(Content::Named("reference".to_owned()), Version::V1_13).await;
    let file = home.path().join("narrow.yaml");
    let dry = |text: &'static str| {
        std::fs::write(&file, text).expect("writes");
        let config = file.to_str().expect("a path").to_owned();
        let mut command = command(&servers, home.path(), &["--dry-run", "--format", "json"]);
        command.args(["--config", &config]);
        output(command)
    };
    let named = |document: &Value, sort: &str| -> Vec<String> {
        let items = document["items"].as_array().expect("items").iter();
        let found = items.filter(|item| item["type"] == sort);
        found.map(|item| item["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let all = json(&dry("{}").await);
    assert!(named(&all, "table").len() == 11 && !named(&all, "edge").is_empty());

    let narrow =
        json(&dry("sync: {schemas: {include: [marts$]}, tables: {exclude: [dim_]}}").await);
    assert_eq!(named(&narrow, "schema"), ["dremio.Analytics.marts"]);
    let tables = named(&narrow, "table");
    assert!(tables.contains(&"dremio.Analytics.marts.fct_orders".to_owned()), "{tables:?}");
    assert!(!tables.iter().any(|table| table.contains("dim_")), "{tables:?}");

    let columns = |document: &Value| document.to_string().matches("columnsLineage").count();
    let coarse = json(&dry("lineage: {column_level: false}").await);
    assert_eq!(named(&coarse, "edge"), named(&all, "edge"));
    assert!(columns(&all) > 0 && columns(&coarse) == 0);
    for off in ["lineage: {parse_sql: false}", "lineage: {auto_discover: false}"] {
        assert_eq!(named(&json(&dry(off).await), "edge"), Vec::<String>::new(), "{off}");
    }
}
