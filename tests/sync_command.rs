//! `sync` as a person or a script runs it: the real binary against sandbox servers in this process.
#![cfg(feature = "demo")]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use dremio_explorer::openmetadata::entity::EntityType;
use dremio_explorer::sandbox::dremio::{DremioOptions, DremioSandbox};
use dremio_explorer::sandbox::openmetadata::{OpenMetadataOptions, OpenMetadataSandbox, Version};
use dremio_explorer::sandbox::servers::{Content, Sandbox};
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
    let mut command = Command::new(env!("CARGO_BIN_EXE_dremio-explorer"));
    command
        .arg("sync")
        .args(arguments)
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

/// Runs the command on a thread of its own, so that the servers can answer meanwhile.
async fn run(servers: &Sandbox, home: &Path, arguments: &[&str]) -> Output {
    output(command(servers, home, arguments)).await
}

async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output()).await.expect("runs").expect("starts")
}

/// The entities and edges that differ, named only: a whole state is too much to read.
fn differences(a: &Value, b: &Value) -> Vec<String> {
    let entities = |state: &Value| state["entities"].as_object().cloned().unwrap_or_default();
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

/// `SYNC_KILLS` and `SYNC_TABLES` make it as hard as one likes.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_is_completed_by_the_next() {
    let number = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (kills, tables) = (number("SYNC_KILLS", 3), number("SYNC_TABLES", 200));
    let arguments = ["--yes", "--no-descriptions"];
    let home = tempfile::tempdir().expect("a folder");
    let undisturbed = servers(Content::Scale(tables), Version::V1_13).await;
    let whole = run(&undisturbed, home.path(), &arguments).await;
    assert_eq!(whole.status.code(), Some(0), "{}", String::from_utf8_lossy(&whole.stderr));
    let expected = undisturbed.openmetadata.dump();
    let count = undisturbed.openmetadata.count(EntityType::Table);
    assert!(count >= tables, "{count} tables");
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..kills {
        let home = tempfile::tempdir().expect("a folder");
        let options = OpenMetadataOptions {
            latency: Duration::from_millis(1),
            ..OpenMetadataOptions::default()
        };
        let target = OpenMetadataSandbox::start(options).await.expect("starts");
        let sync = || command_to(&undisturbed.dremio, &target, home.path(), &arguments);
        let mut child = sync().spawn().expect("starts");
        let until = random.usize(1..count);
        while target.count(EntityType::Table) < until
            && child.try_wait().expect("is a child").is_none()
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill().expect("is killed");
        child.wait().expect("is dead");
        let resumed = output(sync()).await;
        let words = String::from_utf8_lossy(&resumed.stderr).into_owned();
        assert_eq!(resumed.status.code(), Some(0), "{words}");
        assert!(words.contains("was interrupted"), "{words}");
        let differ = differences(&target.dump(), &expected);
        assert_eq!(differ, Vec::<String>::new(), "round {round}, killed at {until} tables");
    }
}
