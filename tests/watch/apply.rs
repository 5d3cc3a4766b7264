//! What is written to OpenMetadata, and above all what is not.

use dremio_explorer::openmetadata::entity::EntityType;
use dremio_explorer::sandbox::dremio::Fault;
use dremio_explorer::sandbox::openmetadata::{Fault as Failing, OpenMetadataOptions};
use serde_json::{Value, json};

use crate::stage::{Stage, WORLD, Watch, only_crm, run, world};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_that_was_not_allowed() {
    let mut stage = Stage::new().await;
    let round = stage.sync_once(&["--exit-code"]).await.exits(1).json();
    assert_eq!(round["openmetadata"]["plan"]["table"]["create"], 11);
    assert_eq!(round["openmetadata"]["result"], Value::Null);
    assert_eq!(stage.writes(), Vec::<String>::new());
    // The same drift is told once.
    let again = stage.sync_once(&[]).await.exits(0).json();
    assert_eq!((&again["news"], &again["openmetadata"]["news"]), (&false.into(), &false.into()));

    // What needs something that may not be made is left, and is no failure.
    let round = stage.sync_once(&["--apply", "update,lineage"]).await.exits(0).json();
    assert_eq!(round["openmetadata"]["result"], Value::Null);
    assert_eq!(stage.writes(), Vec::<String>::new());

    let round = stage.sync_once(&["--apply", "new"]).await.exits(0).json();
    assert_eq!(round["openmetadata"]["result"]["tables"], 11);
    assert_eq!(round["openmetadata"]["pending"], 0);
    assert!(!stage.writes().is_empty());
    stage.sync_once(&["--apply", "all", "--exit-code"]).await.exits(0).says("up to date");
    assert_eq!(stage.writes(), Vec::<String>::new(), "applied twice it does nothing");

    // A table comes, one goes, one gets a column.
    stage
        .serve(&world(&[
            ("name: leads", "name: deals"),
            (
                "name: visits, kind: table, columns: [id BIGINT]",
                "name: visits, kind: table, columns: [id BIGINT, at DATE]",
            ),
        ]))
        .await;
    let tables = || stage.openmetadata.count(EntityType::Table);
    let new = stage.sync_once(&["--apply", "new"]).await.exits(0).json();
    assert_eq!((tables(), &new["openmetadata"]["result"]["tables"]), (12, &1.into()));
    let actions = |round: &Value| -> Vec<(String, bool)> {
        let items = round["openmetadata"]["items"].as_array().expect("a list").clone();
        let word = |item: &Value| item["action"].as_str().unwrap_or_default().to_owned();
        items.iter().map(|item| (word(item), item["permitted"] == true)).collect()
    };
    let expected = [("create".to_owned(), true), ("update".to_owned(), false)];
    assert!(expected.iter().all(|item| actions(&new).contains(item)), "{:?}", actions(&new));
    let all = stage.sync_once(&["--apply", "all"]).await.exits(0).json();
    assert_eq!((tables(), &all["openmetadata"]["result"]["tables"]), (12, &1.into()));
    assert_eq!(all["openmetadata"]["pending"], 0, "what is gone is not missed unless asked for");
    let deleting = stage.sync_once(&["--apply", "all,delete"]).await.exits(0).json();
    assert_eq!((tables(), &deleting["openmetadata"]["result"]["deleted"]), (11, &1.into()));
    assert!(stage.dremio().mutations().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_wrote_stays() {
    let mut stage = Stage::new().await;
    stage.sync_once(&["--apply", "all"]).await.exits(0);
    let url = format!(
        "{}/api/v1/tables/name/dremio.sales.staging.stg_customers",
        stage.openmetadata.url()
    );
    let edit = json!([{ "op": "replace", "path": "/description", "value": "By hand." }]);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = reqwest::Client::new()
        .patch(&url)
        .bearer_auth(stage.openmetadata.user_token())
        .header("content-type", "application/json-patch+json")
        .body(edit.to_string())
        .send()
        .await
        .expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    stage
        .serve(&world(&[
            ("One row per customer.", "Customers."),
            ("email VARCHAR, country VARCHAR]\n", "email VARCHAR, country VARCHAR, vip BOOLEAN]\n"),
        ]))
        .await;
    stage.sync_once(&["--apply", "all,delete"]).await.exits(0);
    let dump = stage.openmetadata.dump();
    let table = &dump["entities"]["table dremio.sales.staging.stg_customers"];
    assert_eq!(table["description"], "By hand.", "{}", dump["entities"]);
    assert_eq!(table["columns"].as_array().map(Vec::len), Some(4), "the rest is brought over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_may_not_be_read_any_more_keeps_its_columns() {
    let mut stage = Stage::new().await;
    stage.sync_once(&["--apply", "all"]).await.exits(0);
    stage.writes();
    stage
        .serve(&world(&[("name: customers, kind", "name: customers, forbidden: true, kind")]))
        .await;
    let ran = run(stage.syncing(&["--once", "--apply", "all,delete"])).await.exits(0);
    assert_eq!(stage.writes(), Vec::<String>::new(), "{}", ran.stdout);
    assert!(ran.stderr.contains("OpenMetadata is up to date"), "{}", ran.stderr);
    let dump = stage.openmetadata.dump();
    let table = &dump["entities"]["table dremio.crm.public.customers"];
    assert_eq!(table["columns"].as_array().map(Vec::len), Some(3));
    // It blocks nothing else.
    stage
        .serve(&world(&[
            ("name: customers, kind", "name: customers, forbidden: true, kind"),
            ("name: leads", "name: deals"),
        ]))
        .await;
    let round = stage.sync_once(&["--apply", "all,delete"]).await.exits(0).json();
    let result = &round["openmetadata"]["result"];
    assert_eq!((&result["tables"], &result["deleted"]), (&1.into(), &1.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_catalogue_deletes_and_updates_nothing() {
    let mut stage = Stage::new().await;
    stage.sync_once(&["--apply", "all"]).await.exits(0);
    stage.writes();
    // Not readable: the folder of `erp` fails, while another table has changed.
    stage
        .serve(&world(&[(
            "name: visits, kind: table, columns: [id BIGINT]",
            "name: visits, kind: table, columns: [id DATE]",
        )]))
        .await;
    let erp = stage.dremio().catalogue().find(&["erp".to_owned(), "public".to_owned()]);
    let id = stage.dremio().catalogue().id(erp.expect("a folder"), None);
    stage.dremio().fail_next(1_000, &format!("/catalog/{id}"), Fault::Unavailable);
    stage.dremio().fail_next(1_000, "/catalog/by-path/erp/public", Fault::Unavailable);
    let round = stage.sync_once(&["--apply", "all,delete"]).await.exits(4).json();
    assert_eq!(round["complete"], false);
    assert_eq!(stage.writes(), Vec::<String>::new());
    assert_eq!(round["openmetadata"]["plan"]["table"]["delete"], Value::Null);
    stage.dremio().clear_planned_faults();
    let whole = stage.sync_once(&["--apply", "all,delete"]).await.exits(0).json();
    assert_eq!(whole["openmetadata"]["result"]["tables"], 1, "what had changed is brought now");
    stage.writes();

    // Readable, but most of it is not there: a login that sees less, as far as anybody can tell.
    stage.serve(&only_crm()).await;
    let round = stage.sync_once(&["--apply", "all,delete"]).await.exits(4).json();
    let why = round["openmetadata"]["held_back"].as_str().expect("it is held back");
    assert!(why.contains("7 of 11 tables would be deleted"), "{why}");
    assert_eq!(stage.writes(), Vec::<String>::new());
    assert_eq!(stage.openmetadata.count(EntityType::Table), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_suspicious_size_is_held_back_whole() {
    let stage = Stage::new().await;
    let arguments = ["--apply", "all", "--max-changes", "5"];
    let round = stage.sync_once(&arguments).await.exits(4).json();
    let why = round["openmetadata"]["held_back"].as_str().expect("it is held back");
    assert!(why.contains("--max-changes") && why.contains("allows 5"), "{why}");
    assert_eq!(stage.writes(), Vec::<String>::new());
    let text =
        run(stage.syncing(&["--once", "--apply", "all", "--max-changes", "5"])).await.exits(4);
    assert_eq!(text.stdout, "", "the same is not told twice");
    stage.sync_once(&["--apply", "all"]).await.exits(0).says("up to date");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_openmetadata_dremio_is_still_told_of() {
    let mut stage = Stage::new().await;
    stage.sync_once(&["--apply", "all"]).await.exits(0);
    stage.serve(&world(&[("name: leads", "name: deals")])).await;
    stage.openmetadata.fail_next(1, None, "/", Failing::Status(503, "starting".to_owned()));
    let round = stage.sync_once(&["--apply", "all"]).await.exits(3).says("503").json();
    assert_eq!(round["error"]["server"], "openmetadata");
    assert_eq!(round["catalog"]["added"][0]["path"][2], "deals");
    // The next round brings over what this one could not.
    let next = stage.sync_once(&["--apply", "all"]).await.exits(0).json();
    assert_eq!(next["catalog"]["added"], json!([]));
    assert_eq!(next["openmetadata"]["result"]["tables"], 1);
    stage.openmetadata.revoke_tokens();
    stage.sync_once(&["--apply", "all"]).await.exits(3).says("refused the token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_fails_is_named_and_tried_again() {
    let stage = Stage::new().await;
    let refusal = Failing::Status(400, "no such thing".to_owned());
    stage.openmetadata.fail_next(1, Some("PUT"), "/api/v1/databaseSchemas", refusal);
    let ran = run(stage.syncing(&["--once", "--apply", "all"])).await.exits(4);
    assert!(
        ran.stdout.contains("✗ schema") && ran.stdout.contains("no such thing"),
        "{}",
        ran.stdout
    );
    let next = stage.sync_once(&["--apply", "all"]).await.exits(0).json();
    assert_eq!(next["openmetadata"]["pending"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_round_is_completed_by_the_next() {
    let undisturbed = Stage::new().await;
    undisturbed.sync_once(&["--apply", "all"]).await.exits(0);
    let entities = |stage: &Stage| {
        let dump = stage.openmetadata.dump();
        let names = dump["entities"].as_object().expect("entities").keys();
        (names.cloned().collect::<Vec<_>>(), dump["edges"].as_array().map(Vec::len))
    };
    for until in [1, 8, 20] {
        let mut stage = Stage::new().await;
        stage.once(&[]).await.exits(0);
        stage.serve(&world(&[("name: leads", "name: deals")])).await;
        stage.openmetadata.configure(|options: &mut OpenMetadataOptions| {
            options.latency = std::time::Duration::from_millis(15);
        });
        let mut watch =
            Watch::start(stage.syncing(&["--once", "--apply", "all", "--format", "json"]));
        watch.until("writes", |_| stage.openmetadata.writes().len() >= until).await;
        watch.kill();
        assert_eq!(watch.rounds().len(), 0);
        // What was not told is told, what was not written is written, and the kill is spoken of.
        let next = stage.sync_once(&["--apply", "all"]).await.exits(0).says("was interrupted at");
        let round = next.json();
        assert_eq!(round["catalog"]["added"][0]["path"][2], "deals");
        assert_eq!(round["openmetadata"]["pending"], 0);
        stage.serve(WORLD).await;
        stage.sync_once(&["--apply", "all"]).await.exits(0);
        let (names, edges) = entities(&stage);
        let (expected, expected_edges) = entities(&undisturbed);
        let only: Vec<_> = names.iter().filter(|name| !expected.contains(name)).collect();
        assert_eq!(
            (only, edges),
            (vec![&"table dremio.crm.public.deals".to_owned()], expected_edges)
        );
    }
}
