//! Everything that can go wrong on demand.

use super::*;
use dremio_explorer::sandbox::dremio::{EncodedSlash, Fault, Faults};
use std::time::Instant;

#[tokio::test]
async fn planned_faults_come_once_each() {
    let rig = Rig::oss().await;
    let plan = |fault| rig.sandbox.fail_next(1, "/catalog", fault);
    plan(Fault::Unavailable);
    let answer = rig.get("/catalog").await;
    assert_eq!((answer.status, answer.content_type.as_deref()), (503, Some("text/plain")));
    plan(Fault::Html);
    let answer = rig.get("/catalog").await;
    assert_eq!(answer.status, 200);
    assert!(answer.content_type.unwrap().starts_with("text/html"));
    plan(Fault::Truncated);
    let answer = rig.get("/catalog").await;
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<Value>(&answer.text).is_err());
    plan(Fault::Unauthorized);
    assert_eq!(rig.get("/catalog").await.status, 401);
    plan(Fault::Status { status: 500, message: "please retry".to_owned() });
    assert_eq!(rig.get("/catalog").await.error(500), "please retry");
    plan(Fault::Reset);
    let error = rig.try_send("GET", "/catalog", None).await.err().expect("no answer");
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(rig.sandbox.requests().last().unwrap().status, None);
    plan(Fault::CutOff);
    assert!(rig.try_send("GET", "/catalog", None).await.is_err());
    plan(Fault::Slow(Duration::from_millis(60)));
    let start = Instant::now();
    rig.get("/catalog").await.ok();
    assert!(start.elapsed() >= Duration::from_millis(60));
    rig.get("/catalog").await.ok();
}

#[tokio::test]
async fn throttling_says_when_to_come_back() {
    let rig = Rig::oss().await;
    rig.sandbox.fail_next(1, "/catalog", Fault::Throttled { retry_after: Some(7) });
    let url = format!("{}/catalog", rig.sandbox.api_url());
    let response = rig.http.get(url).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 429);
    assert_eq!(response.headers()["retry-after"], "7");
}

#[tokio::test]
async fn random_faults_spare_the_login_and_repeat_with_the_seed() {
    let mut runs = Vec::new();
    for seed in [3, 3, 4] {
        let faults = Faults { unavailable: 0.3, ..Faults::default() };
        let rig = Rig::start(DremioOptions { seed, faults, ..DremioOptions::default() }).await;
        let mut statuses = Vec::new();
        for n in 0..40 {
            statuses.push(rig.get(&format!("/catalog?n={n}")).await.status);
        }
        assert!(statuses.contains(&503) && statuses.contains(&200));
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn latency_and_concurrency_are_measured() {
    let rig = Rig::oss().await;
    rig.sandbox.configure(|options| options.latency = Duration::from_millis(50));
    let start = Instant::now();
    futures::future::join_all((0..5).map(|_| rig.get("/catalog"))).await;
    assert!(start.elapsed() >= Duration::from_millis(50));
    assert!((2..=5).contains(&rig.sandbox.peak_in_flight()));
}

#[tokio::test]
async fn a_stopped_server_is_gone() {
    let rig = Rig::oss().await;
    rig.get("/catalog").await.ok();
    let url = rig.sandbox.url();
    rig.sandbox.stop().await;
    assert!(rig.http.get(url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn live_listings_can_be_slower_than_the_rest() {
    let rig = Rig::oss().await;
    rig.sandbox.configure(|options| options.live_latency = Duration::from_millis(80));
    let start = Instant::now();
    rig.by_path(&["lake", "raw"], "").await.ok();
    assert!(start.elapsed() >= Duration::from_millis(80));
    let start = Instant::now();
    rig.by_path(&["Finance"], "").await.ok();
    rig.by_path(&["lake", "raw"], "?exclude=children").await.ok();
    assert!(start.elapsed() < Duration::from_millis(80));
}

#[tokio::test]
async fn a_proxy_can_spoil_encoded_slashes() {
    let rig = Rig::oss().await;
    let path = ["Finance", "a/b \"q\" é.ü"];
    rig.by_path(&path, "").await.ok();
    rig.sandbox.configure(|options| options.encoded_slash = EncodedSlash::Rejected);
    assert_eq!(rig.by_path(&path, "").await.status, 400);
    rig.sandbox.configure(|options| options.encoded_slash = EncodedSlash::Decoded);
    rig.by_path(&path, "").await.error(404);
    let listed = rig.by_path(&["Finance"], "").await.ok();
    rig.by_id(listed["children"][1]["id"].as_str().unwrap(), "").await.ok();
}

#[tokio::test]
async fn any_answer_can_be_planned() {
    let rig = Rig::oss().await;
    let fault = Fault::Answer {
        status: 502,
        content_type: "application/json",
        body: r#"{"code":13,"message":"edge"}"#.to_owned(),
    };
    rig.sandbox.fail_next(1, "/job", fault.clone());
    let answer = rig.get("/job/1").await;
    assert_eq!((answer.status, &answer.json()["message"]), (502, &json!("edge")));
    assert_eq!(rig.sandbox.requests().last().unwrap().fault, Some(fault));
}

#[tokio::test]
async fn only_what_was_answered_in_full_counts_as_repeated() {
    let rig = Rig::oss().await;
    for fault in [Fault::Truncated, Fault::Unavailable, Fault::Html] {
        rig.sandbox.fail_next(1, "/catalog", fault);
        rig.get("/catalog").await;
    }
    rig.get("/catalog").await.ok();
    assert!(rig.sandbox.repeated().is_empty());
    rig.get("/catalog").await.ok();
    let repeated = rig.sandbox.repeated();
    assert_eq!(repeated.len(), 1);
    assert_eq!((repeated[0].0.1.as_str(), repeated[0].1), ("/api/v3/catalog", 2));
}
