//! `ingest-dbt` against the sandbox: the shop's project is matched, written once, and then left alone.
#![cfg(feature = "demo")]

use assert_cmd::Command;
use dremio_explorer::sandbox::dremio::DremioOptions;
use dremio_explorer::sandbox::openmetadata::OpenMetadataOptions;
use dremio_explorer::sandbox::servers::{Content, Sandbox};
use serde_json::Value;

fn program(home: &std::path::Path) -> Command {
    let mut command = Command::cargo_bin("dremio-explorer").expect("the binary");
    command
        .env_clear()
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"));
    command
}

fn target() -> String {
    format!("{}/assets/sandbox/dbt/target", env!("CARGO_MANIFEST_DIR"))
}

fn document(command: &mut Command) -> Value {
    let output = command.output().expect("runs");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{out}\n{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}\n{out}\n{err}"))
}

fn node<'a>(document: &'a Value, id: &str) -> &'a Value {
    document["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .find(|node| node["unique_id"] == id)
        .unwrap_or_else(|| panic!("{id}"))
}

/// Items of the plan that would send something.
fn writes(document: &Value) -> Vec<&Value> {
    document["sync"]["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|item| {
            !["unchanged", "keep"].contains(&item["action"].as_str().expect("an action"))
        })
        .collect()
}

#[test]
fn the_shop_is_matched_with_one_of_each_trouble() {
    let home = tempfile::tempdir().expect("a folder");
    let found = document(program(home.path()).args([
        "--demo",
        "ingest-dbt",
        "--dry-run",
        "--format",
        "json",
    ]));
    let counts = &found["counts"];
    assert_eq!(counts["matched"], 34, "{counts}");
    assert_eq!(counts["missing_in_dremio"], 1, "{counts}");
    assert_eq!(counts["ambiguous"], 1, "{counts}");
    assert_eq!(counts["out_of_date"], 1, "{counts}");
    assert_eq!(counts["not_datasets"], 1, "{counts}");
    // One of them is there, and deleted.
    assert_eq!(counts["missing_in_openmetadata"], 12, "{counts}");
    assert_eq!(node(&found, "model.shop.customer_churn")["status"], "missing");
    assert_eq!(node(&found, "model.shop.customer_lifetime_gross")["status"], "ambiguous");
    assert_eq!(node(&found, "model.shop.customer_lifetime")["status"], "matched");
    assert_eq!(node(&found, "model.shop.int_customer_scores")["status"], "not_a_dataset");
    let stale = node(&found, "model.shop.rfm_segments");
    assert!(stale["out_of_date"][0].as_str().expect("a reason").contains("SQL"), "{stale}");
    let countries = node(&found, "source.shop.lake_shop_raw_reference.countries");
    assert_eq!(countries["found"][0][3], "countries.csv", "{countries}");
    assert_eq!(countries["rule"], "source_identifier");
    let reviews = node(&found, "source.shop.lake_shop_raw.reviews");
    assert_eq!(reviews["freshness"]["status"], "warn", "{reviews}");
    let orders = node(&found, "model.shop.stg_orders");
    assert_eq!(orders["tests"].as_array().expect("tests").len(), 2, "{orders}");
    let unknown: Vec<&Value> = found["unknown_to_dbt"].as_array().expect("a list").iter().collect();
    assert!(unknown.iter().any(|found| found["path"][2] == "stg_events"), "{unknown:?}");
    let text =
        program(home.path()).args(["--demo", "ingest-dbt", "--dry-run"]).output().expect("runs");
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for words in [
        "dbt project shop",
        "missing in Dremio (1)",
        "ambiguous (1)",
        "out of date (1)",
        "sources that are not fresh (1)",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_second_run_writes_nothing_and_people_keep_their_words() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sandbox = runtime
        .block_on(Sandbox::start(
            &Content::Named("shop".to_owned()),
            DremioOptions::default(),
            OpenMetadataOptions {
                version: dremio_explorer::sandbox::openmetadata::Version::V2_0,
                ..OpenMetadataOptions::default()
            },
        ))
        .expect("starts");
    let home = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| {
        document(
            program(home.path())
                .env("DREMIO_URL", sandbox.dremio.url())
                .env("DREMIO_USER", sandbox.dremio.user())
                .env("DREMIO_PASSWORD", sandbox.dremio.password())
                .env("OPENMETADATA_URL", sandbox.openmetadata.url())
                .env("OPENMETADATA_JWT_TOKEN", sandbox.openmetadata.user_token())
                .args(args),
        )
    };
    let ingest = ["ingest-dbt", "--target-dir", &target(), "--yes", "--format", "json"];
    let first = run(&ingest);
    assert_eq!(first["sync"]["result"]["errors"], 0, "{}", first["sync"]["result"]);
    assert_eq!(first["sync"]["result"]["tables"], 34);
    let second = run(&ingest);
    assert!(writes(&second).is_empty(), "{:#?}", writes(&second));
    assert_eq!(second["counts"]["missing_in_openmetadata"], 0);

    let client = dremio_explorer::openmetadata::Client::new(
        dremio_explorer::openmetadata::ConnectOptions {
            url: sandbox.openmetadata.url(),
            credentials: dremio_explorer::openmetadata::Credentials::Token(
                sandbox.openmetadata.user_token().into(),
            ),
            http: dremio_explorer::http::HttpOptions::default(),
            max_concurrency: None,
        },
        dremio_explorer::http::RequestLog::new(),
    )
    .expect("a client");
    let entity = dremio_explorer::openmetadata::entity::EntityType::Table;
    let fqn = "dremio.marts.core.dim_customers";
    let stored = || -> dremio_explorer::openmetadata::entity::StoredTable {
        runtime
            .block_on(async {
                client.connect().await?;
                client.by_name(entity, fqn).await
            })
            .expect("reads")
            .expect("is there")
    };
    let table = stored();
    assert_eq!(
        table.common.description.as_deref(),
        Some("One row per customer, as everybody should count them.")
    );
    let email = table.columns.iter().find(|column| column.name == "email").expect("a column");
    assert_eq!(email.description.as_deref(), Some("Address in lower case."));
    assert!(email.tags.iter().any(|tag| tag.tag_fqn == "dbtTags.pii"), "{:?}", email.tags);
    assert!(table.common.tags.iter().any(|tag| tag.tag_fqn == "dbtTags.mart"));
    let model = table.data_model.as_ref().expect("facts of dbt");
    assert_eq!(model["modelType"], "DBT");
    assert!(
        model["upstream"]
            .as_array()
            .expect("upstream")
            .contains(&"dremio.staging.crm.stg_customers".into())
    );
    assert!(table.schema_definition.is_some(), "the view's SQL was lost");

    // The sync of Dremio has nothing against what dbt brought, and the other way round.
    let edit =
        serde_json::json!([{ "op": "replace", "path": "/description", "value": "By hand." }]);
    runtime.block_on(client.patch(entity, &table.common.id, &edit)).expect("patches");
    run(&ingest);
    let table = stored();
    assert_eq!(table.common.description.as_deref(), Some("By hand."));
    assert!(table.schema_definition.is_some() && table.data_model.is_some());
    let space = ["sync", "--space", "marts", "--yes", "--format", "json"];
    run(&space);
    assert!(stored().data_model.is_some());
    let third = run(&ingest);
    assert!(writes(&third).is_empty(), "{:#?}", writes(&third));
}

/// What a command says when it is refused: one line on standard error, exit code 2.
fn refusal(command: &mut Command) -> String {
    let output = command.output().expect("runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    text
}

#[test]
fn wrong_files_are_told_in_one_line() {
    let home = tempfile::tempdir().expect("a folder");
    let target = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &[u8]| {
        std::fs::write(target.path().join(name), text).expect("writes");
    };
    let fails = |words: &[&str]| {
        for command in [&["ingest-dbt", "--dry-run"][..], &["check-lineage"]] {
            let mut program = program(home.path());
            let text =
                refusal(program.arg("--demo").args(command).arg("--target-dir").arg(target.path()));
            assert!(words.iter().all(|word| text.contains(word)), "{words:?}: {text}");
        }
    };
    fails(&["no manifest.json", "dbt docs generate"]);
    write("manifest.json", b"{\"metadata\": {\n");
    fails(&["manifest.json", "cut off", "line 2"]);
    write("manifest.json", b"{}");
    fails(&["manifest.json", "not an artifact of dbt"]);
    write("manifest.json", b"<html>no</html>");
    fails(&["manifest.json", "not JSON", "line 1"]);
    write("manifest.json", b"{\"a\": 1,\n\"b\" \x1b[31m}");
    fails(&["manifest.json", "line 2"]);
    let schema = |word: &str, version: &str| {
        format!(
            "{{\"metadata\":{{\"dbt_schema_version\":\"https://schemas.getdbt.com/dbt/{word}/{version}.json\"}},\"nodes\":{{}},\"results\":[]}}"
        )
    };
    write("manifest.json", schema("manifest", "v3").as_bytes());
    fails(&["v3 is too old"]);
    write("manifest.json", schema("run-results", "v6").as_bytes());
    fails(&["run-results", "give manifest.json"]);
    // A good manifest with a bad companion.
    let good = std::fs::read(format!("{}/manifest.json", self::target())).expect("reads");
    write("manifest.json", &good);
    write("run_results_nightly.json", b"[");
    fails(&["run_results_nightly.json", "cut off"]);
    std::fs::remove_file(target.path().join("run_results_nightly.json")).expect("is removed");
    std::fs::create_dir(target.path().join("catalog.json")).expect("a folder");
    fails(&["catalog.json", "not a file"]);
}

/// To open a pipe that nobody writes into would wait for ever.
#[cfg(unix)]
#[test]
fn pipes_in_place_of_artifacts_are_told_and_not_waited_for() {
    let home = tempfile::tempdir().expect("a folder");
    for name in ["manifest.json", "catalog.json", "run_results.json", "sources.json"] {
        let target = tempfile::tempdir().expect("a folder");
        let good = format!("{}/manifest.json", self::target());
        std::fs::copy(good, target.path().join("manifest.json")).expect("copies");
        let pipe = target.path().join(name);
        let _ = std::fs::remove_file(&pipe);
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo").success());
        let text = refusal(
            program(home.path())
                .timeout(std::time::Duration::from_secs(20))
                .args(["--demo", "ingest-dbt", "--dry-run", "--target-dir"])
                .arg(target.path()),
        );
        assert!(text.contains(name) && text.contains("not a file"), "{text}");
    }
}

#[test]
fn folders_that_are_no_project_are_told_in_one_line() {
    let home = tempfile::tempdir().expect("a folder");
    let place = tempfile::tempdir().expect("a folder");
    let root = place.path();
    let says = |folder: &std::path::Path| {
        refusal(
            program(home.path())
                .args(["--demo", "ingest-dbt", "--dry-run", "--dbt-project"])
                .arg(folder),
        )
    };
    assert!(says(&root.join("nowhere")).contains("there is no folder"));
    assert!(says(root).contains("no dbt_project.yml"));
    let project = |name: &str, text: &str| {
        let folder = root.join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("dbt_project.yml"), text).expect("writes");
        folder
    };
    let finance = project("finance", "name: finance\n");
    let text = says(root);
    assert!(text.contains("finance has: name that"), "{text}");
    project("sales", "name: [\n");
    let text = says(root);
    assert!(text.contains("holds 2 dbt projects") && text.contains("sales"), "{text}");
    assert!(says(&root.join("sales")).contains("dbt_project.yml"));
    assert!(says(&finance).contains("target"), "{}", says(&finance));
    let both = program(home.path())
        .args(["ingest-dbt", "--dbt-project", "a", "--target-dir", "b"])
        .output()
        .expect("runs");
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn lineage_commands_take_the_project_in() {
    let home = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| {
        let output = program(home.path())
            .args(args)
            .args(["--demo", "--format", "csv"])
            .output()
            .expect("runs");
        assert!(output.status.code().is_some_and(|code| code != 2), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let exposure = "board_dashboard";
    // The demo's own project takes part by itself, as in `ingest-dbt` and in the terminal UI.
    let joined = run(&["check-lineage"]);
    assert!(joined.contains(exposure), "{joined}");
    assert_eq!(run(&["check-lineage", "--target-dir", &target()]), joined);
    let impact = run(&["impact", "--table", "marts.core.fct_orders"]);
    assert!(impact.contains(exposure), "{impact}");
    let both = |line: &&str| {
        line.starts_with("table,staging.shop.stg_orders,") && line.contains("int_orders_enriched")
    };
    let origins = joined.lines().find(both).expect("the edge");
    assert!(origins.contains("view SQL") && origins.contains("dbt"), "{origins}");
    // The configuration may name the project, and tags select.
    let config = home.path().join("with-dbt.yaml");
    let project = format!("{}/assets/sandbox/dbt", env!("CARGO_MANIFEST_DIR"));
    std::fs::write(&config, format!("dbt:\n  enabled: true\n  project_dir: {project}\n"))
        .expect("writes");
    let config = config.display().to_string();
    let mut tagged = run(&["--config", &config, "check-lineage", "--select", "tag:mart"]);
    assert!(tagged.contains("fct_orders") && !tagged.contains("stg_orders"), "{tagged}");
    tagged = run(&["--config", &config, "impact", "--table", "marts.core.fct_orders"]);
    assert!(tagged.contains(exposure), "{tagged}");
}

fn sandbox(runtime: &tokio::runtime::Runtime) -> Sandbox {
    let content = Content::Named("shop".to_owned());
    let servers =
        Sandbox::start(&content, DremioOptions::default(), OpenMetadataOptions::default());
    runtime.block_on(servers).expect("starts")
}

#[test]
fn without_openmetadata_the_report_says_that_nobody_looked() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sandbox = sandbox(&runtime);
    let home = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| {
        let mut command = program(home.path());
        command
            .env("DREMIO_URL", sandbox.dremio.url())
            .env("DREMIO_USER", sandbox.dremio.user())
            .env("DREMIO_PASSWORD", sandbox.dremio.password())
            .args(["ingest-dbt", "--target-dir", &target()])
            .args(args);
        command
    };
    let found = document(run(&["--dry-run"]).args(["--format", "json"]));
    assert_eq!(found["counts"]["matched"], 34);
    assert_eq!(found["counts"]["missing_in_openmetadata"], Value::Null);
    assert_eq!(found["missing_in_openmetadata"], Value::Null);
    assert_eq!(found["sync"], Value::Null);
    let why = found["openmetadata_not_looked_up"].as_str().expect("a reason");
    assert!(why.contains("openmetadata.url"), "{why}");
    let text = run(&["--dry-run"]).output().expect("runs");
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("?  missing in OpenMetadata: not looked up"), "{text}");
    // There is nowhere to write to.
    let refused = refusal(&mut run(&["--yes"]));
    assert!(refused.contains("OpenMetadata"), "{refused}");
}

/// A project whose artifacts are those of the shop with other spaces, and its profile.
fn project_with_profile(root: &std::path::Path, spaces: &str) {
    let target = root.join("target");
    std::fs::create_dir_all(&target).expect("a folder");
    let manifest = format!(
        r#"{{"metadata":{{"dbt_schema_version":"https://schemas.getdbt.com/dbt/manifest/v12.json",
            "adapter_type":"dremio","project_name":"shop"}},
           "nodes":{{"model.shop.fct_orders":{{"name":"fct_orders","resource_type":"model",
             "database":"{spaces}","schema":"core","config":{{"materialized":"view"}},
             "compiled_code":"select 1"}}}}}}"#
    );
    std::fs::write(target.join("manifest.json"), manifest).expect("writes");
    std::fs::write(root.join("dbt_project.yml"), "name: shop\nprofile: shop\n").expect("writes");
    let profiles = "shop:\n  target: dev\n  outputs:\n    dev: &dev {type: dremio, user: ada, \
                    password: hunter2, dremio_space: dev_marts, dremio_space_folder: core}\n    \
                    prod: {<<: *dev, dremio_space: \"{{ env_var('SPACE', 'marts') }}\"}\n";
    std::fs::write(root.join("profiles.yml"), profiles).expect("writes");
}

#[test]
fn a_target_of_the_profile_is_held_against_the_artifacts() {
    let home = tempfile::tempdir().expect("a folder");
    let place = tempfile::tempdir().expect("a folder");
    project_with_profile(place.path(), "dev_marts");
    let run = |settings: &str| {
        let config = home.path().join("config.yaml");
        std::fs::write(&config, settings).expect("writes");
        let output = program(home.path())
            .args(["--demo", "ingest-dbt", "--dry-run", "--dbt-project"])
            .arg(place.path())
            .arg("--config")
            .arg(&config)
            .output()
            .expect("runs");
        assert!(output.status.success(), "{output:?}");
        let both = [&output.stdout, &output.stderr];
        let text = both.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).join("\n");
        assert!(!text.contains("hunter2"), "{text}");
        text
    };
    // Nothing of it is in this Dremio, and the place of another target is.
    let text = run("{}");
    assert!(
        text.contains("the artifacts are of target dev, and this Dremio has marts.core"),
        "{text}"
    );
    assert!(!text.contains("not of target"), "{text}");
    let text = run("dbt: {target: prod}");
    for words in ["not of target prod", "marts.core", "dev_marts.core", "fit target dev"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!run("dbt: {target: dev}").contains("not of target"));
    let text = run("dbt: {target: staging}");
    assert!(text.contains("profile shop has no target staging; it has dev, prod"), "{text}");
    let text = run("dbt: {profiles_dir: /nowhere}");
    assert!(text.contains("dbt.profiles_dir: there is no profiles.yml in /nowhere"), "{text}");
}
