//! What a round tells, and what is remembered between two runs.

use dremio_explorer::sandbox::dremio::Fault;
use serde_json::Value;

use crate::stage::{Stage, run, without_erp, world};

fn paths(list: &Value) -> Vec<String> {
    let path = |entry: &Value| {
        let parts = entry["path"].as_array().expect("a path");
        parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".")
    };
    list.as_array().expect("a list").iter().map(path).collect()
}

/// Times, addresses and how long it took are others every time.
fn steady(text: &str) -> String {
    let at = regex::Regex::new(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").expect("a pattern");
    let text = at.replace_all(text, "[time]");
    let host = regex::Regex::new(r"127\.0\.0\.1:\d+").expect("a pattern");
    let text = host.replace_all(&text, "[host]");
    regex::Regex::new(r#""seconds": [\d.]+"#)
        .expect("a pattern")
        .replace_all(&text, "\"seconds\": 1")
        .into()
}

/// Column `email` goes, `amount` gets another type, a table goes, one comes, a view reads another.
fn changed() -> String {
    world(&[
        ("[id BIGINT, email VARCHAR, country VARCHAR] }", "[id BIGINT, country VARCHAR] }"),
        ("customer_id BIGINT, amount INTEGER] }", "customer_id BIGINT, amount BIGINT] }"),
        (
            "{ name: leads, kind: table, columns: [id BIGINT] }",
            "{ name: deals, kind: table, columns: [id BIGINT] }",
        ),
        ("GROUP BY c.country", "WHERE o.order_id > 7 GROUP BY c.country"),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_round_only_remembers() {
    let stage = Stage::new().await;
    let first = stage.once(&["--exit-code"]).await.exits(0).says("first reading").json();
    assert_eq!(first["catalog"], Value::Null, "nothing is new to somebody who knows nothing");
    assert_eq!((&first["news"], &first["datasets"]), (&false.into(), &11.into()));
    let second = stage.once(&["--exit-code"]).await.exits(0).says("nothing has changed").json();
    assert_eq!(second["compared_with"], first["at"]);
    assert_eq!((&second["news"], &second["error"]), (&false.into(), &Value::Null));
    // In text a quiet round is one line on standard error.
    let quiet = run(stage.command(&["--once"])).await.exits(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.lines().count()), ("", 1));
    assert!(stage.dremio().mutations().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_with_who_depends_on_them() {
    let mut stage = Stage::new().await;
    stage.once(&[]).await.exits(0);
    stage.serve(&changed()).await;
    let ran = stage.once(&["--exit-code"]).await.exits(1);
    let round = ran.json();
    assert_eq!(paths(&round["catalog"]["added"]), ["crm.public.deals"]);
    assert_eq!(paths(&round["catalog"]["removed"]), ["crm.public.leads"]);
    assert_eq!(
        paths(&round["catalog"]["changed"]),
        ["crm.public.customers", "erp.public.orders", "sales.revenue"]
    );
    let impact = round["impact"].as_array().expect("a list");
    let email = impact.iter().find(|one| one["column"] == "email").expect("email is missed");
    assert_eq!(email["cause"], "column_removed");
    assert_eq!(paths(&email["affected"]), ["sales.staging.stg_customers", "sales.mailing"]);
    assert!(email["affected"][0]["broken"].as_str().is_some_and(|why| why.contains("email")));
    assert_eq!(email["affected"][1]["hops"], 2);
    let amount = impact.iter().find(|one| one["column"] == "amount").expect("amount is used");
    assert_eq!((&amount["cause"], &amount["after"]), (&"column_retyped".into(), &"BIGINT".into()));
    assert_eq!(paths(&amount["affected"]), ["sales.staging.stg_orders", "sales.revenue"]);
    insta::assert_snapshot!("round_json", steady(&serde_json::to_string_pretty(&round).unwrap()));
    // Told is told.
    let next = stage.once(&["--exit-code"]).await.exits(0).json();
    assert_eq!(next["news"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_reads_well() {
    let mut stage = Stage::new().await;
    run(stage.command(&["--once"])).await.exits(0);
    stage.serve(&changed()).await;
    let ran = run(stage.syncing(&["--once"])).await.exits(0);
    insta::assert_snapshot!("round_text", steady(&ran.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_neither_gone_nor_new() {
    let mut stage = Stage::new().await;
    stage.once(&[]).await.exits(0);
    // The listing of one folder and the details of everything fail.
    for prefix in ["/catalog/by-path/erp", "/catalog/by-ids", "/catalog/dremio"] {
        stage.dremio().fail_next(1_000, prefix, Fault::Unavailable);
    }
    let erp = stage.dremio().catalogue().find(&["erp".to_owned(), "public".to_owned()]);
    let id = stage.dremio().catalogue().id(erp.expect("a folder"), None);
    stage.dremio().fail_next(1_000, &format!("/catalog/{id}"), Fault::Unavailable);
    let partial = stage.once(&[]).await.exits(4).says("could not be read").json();
    assert_eq!(partial["complete"], false);
    for list in ["added", "removed", "changed"] {
        assert_eq!(paths(&partial["catalog"][list]), Vec::<String>::new(), "{list}");
    }
    assert_eq!(partial["lineage"]["edges_removed"], Value::Array(Vec::new()));
    assert!(!partial["unread"].as_array().expect("a list").is_empty());
    stage.dremio().clear_planned_faults();
    let whole = stage.once(&[]).await.exits(0).json();
    assert_eq!((&whole["news"], &whole["complete"]), (&false.into(), &true.into()), "{whole}");
    // What goes afterwards is still noticed.
    stage.serve(&without_erp()).await;
    let gone = stage.once(&[]).await.exits(0).json();
    assert_eq!(paths(&gone["catalog"]["removed"]).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_settings_and_damaged_files_begin_anew() {
    let stage = Stage::new().await;
    stage.once(&[]).await.exits(0);
    let mut some = stage.command(&["--once", "--format", "json"]);
    some.env("DREMIO_EXPLORER_DISCOVERY_EXCLUDE", "^erp");
    let some = run(some).await.exits(0).says("the settings that say what is read have changed");
    assert_eq!((&some.json()["catalog"], &some.json()["datasets"]), (&Value::Null, &8.into()));
    let all = stage.once(&[]).await.exits(0).json();
    assert_eq!(all["catalog"], Value::Null);
    let folder = std::fs::read_dir(stage.home().join("watch")).unwrap().next().unwrap().unwrap();
    let mut files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let baseline = files.find(|file| file.to_string_lossy().contains("baseline")).unwrap();
    std::fs::write(&baseline, b"not a snapshot").unwrap();
    stage.once(&[]).await.exits(0).says("cannot be used").says("nothing to compare with");
    stage.once(&[]).await.exits(0).says("nothing has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_are_kept_when_something_changed_and_only_so_many() {
    let mut stage = Stage::new().await;
    let stored = |stage: &Stage| {
        let servers = std::fs::read_dir(stage.home().join("snapshots")).unwrap();
        servers.flat_map(|server| std::fs::read_dir(server.unwrap().path()).unwrap()).count()
    };
    stage.once(&[]).await.exits(0);
    stage.once(&[]).await.exits(0);
    assert_eq!(stored(&stage), 1, "a quiet round stores nothing");
    stage.serve(&changed()).await;
    stage.once(&[]).await.exits(0);
    assert_eq!(stored(&stage), 2);
    stage.serve(&without_erp()).await;
    let mut command = stage.command(&["--once"]);
    command.env("DREMIO_EXPLORER_WATCH_KEEP_SNAPSHOTS", "2");
    run(command).await.exits(0);
    assert_eq!(stored(&stage), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_or_refuses_ends_a_single_round() {
    let mut stage = Stage::new().await;
    stage.once(&[]).await.exits(0);
    let mut wrong = stage.command(&["--once", "--format", "json"]);
    wrong.env("DREMIO_PASSWORD", "guess");
    let refused = run(wrong).await.exits(3).says("the login was refused");
    assert_eq!(refused.json()["error"]["server"], "dremio");
    // A watch without end does not try a wrong password for ever either.
    let mut wrong = stage.command(&[]);
    wrong.env("DREMIO_PASSWORD", "guess");
    run(wrong).await.exits(3).says("the login was refused");
    stage.dremio().fail_next(1, "/catalog", Fault::Unavailable);
    stage.once(&[]).await.exits(3).says("503");
    stage.stop().await;
    stage.once(&[]).await.exits(3).says("check the port");
    stage.serve(&changed()).await;
    let round = stage.once(&[]).await.exits(0).json();
    assert_eq!(paths(&round["catalog"]["added"]), ["crm.public.deals"], "it is told afterwards");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_said_before_anything_is_asked() {
    let stage = Stage::new().await;
    let refused = async |arguments: &[&str], words: &str| {
        run(stage.command(arguments)).await.exits(2).says(words);
    };
    refused(&["--interval", "0s"], "--interval: watch.interval: it is at least 1s").await;
    refused(&["--interval", "soon"], "not a length of time").await;
    refused(&["--apply", "everything"], "--apply").await;
    refused(&["--apply", "nothing,all"], "`nothing` stands beside other words").await;
    refused(&["--once", "--apply", "all"], "no OpenMetadata server is set").await;
    refused(&["--once", "--space", "sales"], "--space is about OpenMetadata").await;
    refused(&["--exit-code"], "--once").await;
    refused(&["--max-changes", "0"], "--max-changes").await;
    let mut partly = stage.syncing(&["--once", "--apply", "all,delete"]);
    partly.env("DREMIO_EXPLORER_DISCOVERY_EXCLUDE", "^erp");
    run(partly).await.exits(2).says("delete needs the whole catalogue");
    assert_eq!(stage.dremio().requests().len(), 0);
    let typo = run(stage.syncing(&["--once", "--space", "sale"])).await;
    typo.exits(2).says("Dremio has no such space");
}
