//! A watch that goes on: failing servers, signals, tokens, one at a time.
#![cfg(unix)]

use std::time::Duration;

use dremio_explorer::sandbox::dremio::{DremioOptions, Edition};
use rustix::process::Signal;
use serde_json::Value;

use crate::stage::{Stage, Watch, run, world};

const EVERY_SECOND: [&str; 4] = ["--interval", "1s", "--format", "json"];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_waited_for() {
    let mut stage = Stage::new().await;
    let mut watch = Watch::start(stage.command(&EVERY_SECOND));
    watch.until_rounds(1).await;
    stage.stop().await;
    watch
        .until("two failures", |watch| watch.stderr().contains("2 rounds in a row have failed"))
        .await;
    let said = watch.stderr();
    assert!(said.contains("next try in ") && said.contains("check the port"), "{said}");
    stage.serve(&world(&[("name: leads", "name: deals")])).await;
    let has_news = |watch: &Watch| watch.rounds().iter().any(|round| round["news"] == true);
    watch.until("the change", has_news).await;
    let rounds = watch.rounds();
    let failed: Vec<&Value> = rounds.iter().filter(|round| !round["error"].is_null()).collect();
    assert!(failed.len() >= 2 && failed.iter().all(|round| round["news"] == false), "{rounds:?}");
    let news = rounds.iter().find(|round| round["news"] == true).expect("news");
    assert_eq!(news["catalog"]["removed"][0]["path"][2], "leads");
    let numbers: Vec<u64> = rounds.iter().filter_map(|round| round["round"].as_u64()).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    // Up again, it is read every second again.
    let count = watch.rounds().len();
    watch.until_rounds(count + 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_end_a_watch_at_once() {
    let stage = Stage::new().await;
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 0)] {
        let mut watch = Watch::start(stage.command(&["--interval", "1h", "--format", "json"]));
        watch.until_rounds(1).await;
        watch.signal(signal);
        let (ended, took) = watch.ended().await;
        assert_eq!(ended, Some(code), "{}", watch.stderr());
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    // In the middle of a reading as well; nothing of it is remembered.
    stage.dremio().configure(|options| options.latency = Duration::from_millis(400));
    let mut watch = Watch::start(stage.command(&["--once", "--format", "json"]));
    let before = stage.dremio().requests().len();
    watch.until("requests", |_| stage.dremio().requests().len() > before + 2).await;
    watch.signal(Signal::INT);
    let (ended, took) = watch.ended().await;
    assert_eq!(ended, Some(130));
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(watch.rounds().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_under_way_is_ended_in_order() {
    let stage = Stage::new().await;
    stage.openmetadata.configure(|options| options.latency = Duration::from_millis(30));
    let arguments = ["--interval", "1h", "--format", "json", "--apply", "all"];
    let mut watch = Watch::start(stage.syncing(&arguments));
    watch.until("writes", |_| stage.openmetadata.writes().len() > 5).await;
    watch.signal(Signal::INT);
    let (ended, took) = watch.ended().await;
    assert_eq!(ended, Some(130), "{}", watch.stderr());
    assert!(took < Duration::from_secs(3), "{took:?}");
    let rounds = watch.rounds();
    let result = &rounds[0]["openmetadata"]["result"];
    assert!(result["not_begun"].as_u64().is_some_and(|count| count > 0), "{result}");
    stage.openmetadata.configure(|options| options.latency = Duration::ZERO);
    let next =
        stage.sync_once(&["--apply", "all"]).await.exits(0).says("was interrupted at").json();
    assert_eq!(next["openmetadata"]["pending"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_watcher_at_a_time() {
    let stage = Stage::new().await;
    let mut watch = Watch::start(stage.command(&["--interval", "1h", "--format", "json"]));
    watch.until_rounds(1).await;
    let second = stage.once(&[]).await.exits(2).says("another watcher");
    assert!(second.stderr.contains("(process ") && second.stdout.is_empty(), "{}", second.stderr);
    // The system takes the lock back, however a process ends.
    watch.kill();
    stage.once(&[]).await.exits(0).says("nothing has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_expire_are_renewed() {
    let options = DremioOptions { expire_tokens_after: Some(3), ..DremioOptions::default() };
    let stage = Stage::with(options).await;
    // One request at a time, or others use up what a login was good for.
    let round = stage.once(&["--max-workers", "1"]).await.exits(0).json();
    assert_eq!((&round["complete"], &round["datasets"]), (&true.into(), &11.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_replaced_is_read_anew() {
    let options = DremioOptions {
        edition: Edition::Enterprise,
        pat: "first".to_owned(),
        ..DremioOptions::default()
    };
    let stage = Stage::with(options).await;
    let file = stage.home().join("token");
    std::fs::write(&file, "first\n").unwrap();
    let mut command = stage.command(&EVERY_SECOND);
    command
        .env_remove("DREMIO_USER")
        .env_remove("DREMIO_PASSWORD")
        .env("DREMIO_PAT", format!("@{}", file.display()));
    let mut watch = Watch::start(command);
    watch.until_rounds(1).await;
    stage.dremio().configure(|options| options.pat = "second".to_owned());
    watch.until("a refusal", |watch| watch.stderr().contains("the token was refused")).await;
    std::fs::write(&file, "second\n").unwrap();
    let is_good = |watch: &Watch| {
        let rounds = watch.rounds();
        let failed = rounds.iter().position(|round| !round["error"].is_null());
        failed.is_some_and(|at| rounds[at..].iter().any(|round| round["error"].is_null()))
    };
    watch.until("the new token", is_good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_gets_the_rounds_with_news() {
    let mut stage = Stage::new().await;
    let file = stage.home().join("news");
    let notify = format!("cat >> '{}'; printenv DREMIO_PASSWORD >> '{0}'; true", file.display());
    let arguments = ["--once", "--notify-command", &notify];
    run(stage.command(&arguments)).await.exits(0);
    assert!(!file.exists(), "a first reading is no news");
    stage.serve(&world(&[("name: leads", "name: '$(touch pwned)'")])).await;
    run(stage.command(&arguments)).await.exits(0);
    let news = std::fs::read_to_string(&file).expect("news");
    let round: Value = serde_json::from_str(&news).expect("one line of JSON and no password");
    assert_eq!(round["catalog"]["added"][0]["path"][2], "$(touch pwned)");
    // A command that fails is told of, and the round counts all the same.
    stage.serve(&world(&[])).await;
    run(stage.command(&["--once", "--notify-command", "exit 7"]))
        .await
        .exits(0)
        .says("exit status: 7");
    stage.once(&[]).await.exits(0).says("nothing has changed");
}
