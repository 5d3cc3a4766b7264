//! SQL jobs (contract §4.1–§4.3).

use super::*;
use dremio_explorer::sandbox::dremio::CancelCord;

async fn submit(rig: &Rig, sql: &str) -> String {
    let answer = rig.send("POST", "/sql", Some(json!({"sql": sql, "context": ["a", "b.c"]}))).await;
    answer.ok()["id"].as_str().unwrap().to_owned()
}

async fn states(rig: &Rig, job: &str) -> Vec<String> {
    let mut states = Vec::new();
    loop {
        let answer = rig.get(&format!("/job/{job}")).await.ok();
        let state = answer["jobState"].as_str().unwrap().to_owned();
        let is_over = ["COMPLETED", "FAILED", "CANCELED"].contains(&state.as_str());
        states.push(state);
        if is_over {
            return states;
        }
    }
}

#[tokio::test]
async fn a_job_goes_through_its_states() {
    let rig = Rig::start(polls(3)).await;
    let job = submit(&rig, "SELECT 5").await;
    let early = rig.get(&format!("/job/{job}/results")).await.error(400);
    assert_eq!(early, "Can not fetch details for a job that is in [PENDING] state.");
    let seen = states(&rig, &job).await;
    assert_eq!(seen, ["PENDING", "METADATA_RETRIEVAL", "PLANNING", "COMPLETED"]);
    let status = rig.get(&format!("/job/{job}/")).await.ok();
    assert_eq!(status["rowCount"], 5);
    assert_eq!(status["errorMessage"], "");
    assert!(status["endedAt"].is_string());
}

#[tokio::test]
async fn time_moves_jobs_too() {
    let pace = JobPace::Time(Duration::from_millis(1));
    let rig = Rig::start(DremioOptions { pace, ..DremioOptions::default() }).await;
    let job = submit(&rig, "SELECT 1").await;
    assert_eq!(states(&rig, &job).await.last().unwrap(), "COMPLETED");
}

#[tokio::test]
async fn any_text_is_taken_and_fails_later() {
    let rig = Rig::start(polls(1)).await;
    let job = submit(&rig, "SELECT fail").await;
    assert_eq!(states(&rig, &job).await, ["PENDING", "FAILED"]);
    let status = rig.get(&format!("/job/{job}")).await.ok();
    assert_eq!(status["errorMessage"], "VALIDATION ERROR: Object 'fail' not found");
    assert!(status.get("rowCount").is_none());
    let message = rig.get(&format!("/job/{job}/results")).await.error(400);
    assert_eq!(message, "Can not fetch details for a job that is in [FAILED] state.");
    rig.send("POST", "/sql", Some(json!({"query": "SELECT 1"}))).await.error(400);
}

#[tokio::test]
async fn results_come_in_pages_of_500_at_most() {
    let rig = Rig::start(polls(0)).await;
    let job = submit(&rig, "SELECT 1234").await;
    states(&rig, &job).await;
    let results = |query: &str| format!("/job/{job}/results{query}");
    let page = rig.get(&results("")).await.ok();
    assert_eq!(page["rowCount"], 1234);
    assert_eq!(page["rows"].as_array().unwrap().len(), 100);
    assert_eq!(page["schema"][0], json!({"name": "n", "type": {"name": "BIGINT"}}));
    assert_eq!(page["rows"][0], json!({"n": 0, "context": "a.b.c", "nothing": null}));
    let page = rig.get(&results("?offset=1000&limit=500")).await.ok();
    assert_eq!(page["rows"].as_array().unwrap().len(), 234);
    assert_eq!(rig.get(&results("?offset=5000")).await.ok()["rows"], json!([]));
    assert_eq!(rig.get(&results("?limit=501")).await.error(400), "limit can not exceed 500 rows");
    rig.get(&results("?limit=ten")).await.error(404);

    let url = format!("{}{}", rig.sandbox.api_url(), results("?limit=1"));
    let request = rig.http.get(url).header("authorization", &rig.authorization);
    let request = request.header("x-dremio-job-data-number-format", "number-as-string");
    let page: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(page["rows"][0]["n"], "0");
}

#[tokio::test]
async fn results_are_cut_at_the_servers_limit() {
    let rig = Rig::start(DremioOptions { output_limit: 7, ..polls(0) }).await;
    let job = submit(&rig, "SELECT 9").await;
    states(&rig, &job).await;
    assert_eq!(rig.get(&format!("/job/{job}/results")).await.ok()["rowCount"], 7);
}

/// Runs until it is told to stop.
struct EndlessEngine;

impl QueryEngine for EndlessEngine {
    fn run(&self, _: &str, _: &[String]) -> Result<QueryAnswer, String> {
        Err("this engine is only run with a cord".to_owned())
    }

    fn run_until(&self, _: &str, _: &[String], cord: &CancelCord) -> Result<QueryAnswer, String> {
        let (send, receive) = std::sync::mpsc::channel();
        cord.on_pull(move || send.send(()).unwrap());
        receive.recv().map_err(|error| error.to_string())?;
        assert!(cord.is_pulled());
        Err("stopped".to_owned())
    }
}

#[tokio::test]
async fn cancelling_reaches_the_engine() {
    let world: World = serde_saphyr::from_str(include_str!("world.yaml")).unwrap();
    let catalogue = Catalogue::from_world(&world).unwrap();
    let rig = Rig::over(catalogue, Arc::new(EndlessEngine), DremioOptions::default()).await;
    let job = submit(&rig, "SELECT 1").await;
    rig.send("POST", &format!("/job/{job}/cancel"), None).await;
    assert_eq!(states(&rig, &job).await.last().unwrap(), "CANCELED");
    // The runtime's end waits for the engine's thread: this test would hang if it went on.
}

#[tokio::test]
async fn a_job_can_be_cancelled() {
    let pace = JobPace::Never;
    let rig = Rig::start(DremioOptions { pace, ..DremioOptions::default() }).await;
    let job = submit(&rig, "SELECT 1").await;
    rig.get(&format!("/job/{job}")).await.ok();
    let answer = rig.send("POST", &format!("/job/{job}/cancel"), None).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(states(&rig, &job).await, ["CANCELLATION_REQUESTED", "CANCELED"]);
    let status = rig.get(&format!("/job/{job}")).await.ok();
    assert_eq!(status["cancellationReason"], "Query cancelled by user");
    for (method, path) in [("POST", "/job/x/cancel"), ("GET", "/job/x"), ("GET", "/job/x/results")]
    {
        rig.send(method, path, None).await.error(404);
    }
}
