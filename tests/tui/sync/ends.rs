//! Syncs that do not come to their end, and servers that are no help.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_sync_stops_between_writes_and_the_rest_is_planned_again() {
    let stage = Stage::new().await;
    let runner = stage.open((120, 40)).await;
    runner.keys("j space space d").wait_for("create").await;
    stage.openmetadata.configure(|options| options.latency = SLOW);
    runner.keys("a enter").wait_for("writing 2/").await;
    runner.keys("x").wait_for("The sync was stopped").await;
    let text = runner.wait_for("not begun").await;
    assert!(text.contains("r plans what is left"), "{text}");
    let cut_off = stage.cut_off().expect("the journal knows");
    assert_eq!(cut_off.in_doubt, [], "what was under way was waited for");
    let written = stage.writes().len();
    assert_eq!(cut_off.written.len(), written);
    stage.openmetadata.configure(|options| options.latency = Duration::ZERO);
    runner.keys("r").wait_gone("written:").await;
    runner.keys("a enter").wait_for("written:").await;
    let text = runner.wait_gone("writing").await;
    assert!(line(&text, "◇ ops").contains('✓') && line(&text, "◇ sales").contains('✓'), "{text}");
    assert_eq!(stage.openmetadata.count(EntityType::Table), 4);
    assert_eq!(stage.cut_off(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_a_running_sync_is_asked_about_and_told_of_the_next_time() {
    let stage = Stage::new().await;
    let runner = stage.open((120, 40)).await;
    runner.keys("j space space d").wait_for("create").await;
    stage.openmetadata.configure(|options| options.latency = SLOW);
    runner.keys("a enter").wait_for("writing 1/").await;
    let text = runner.keys("q").wait_for("esc stay").await;
    assert!(text.contains("A sync is under way"), "{text}");
    runner.keys("esc").wait_gone("esc stay").await;
    // Elsewhere in the UI it goes on, and the status bar says so.
    runner.keys("1").wait_for("writing 3/").await;
    runner.keys("q").wait_for("enter quit").await;
    runner.keys("enter");
    assert_eq!(runner.end().await.0, Exit::Quit);
    let cut_off = stage.cut_off().expect("the journal knows");
    assert_eq!(cut_off.in_doubt, [], "what was under way was waited for");
    assert_eq!(cut_off.written.len(), stage.writes().len());
    assert!(cut_off.written.len() < cut_off.planned, "{cut_off:?}");
    stage.openmetadata.configure(|options| options.latency = Duration::ZERO);
    let runner = stage.open((120, 40)).await;
    let text = runner.keys("4").wait_for("was cut off").await;
    assert!(
        text.contains(&format!("{} of {} items", cut_off.written.len(), cut_off.planned)),
        "{text}"
    );
    runner.keys("1 j space space d").wait_for("This plan has what is missing; D puts").await;
    runner.keys("a enter").wait_for("written:").await;
    runner.keys("q");
    assert_eq!(runner.end().await.0, Exit::Quit, "nothing runs, so nothing is asked");
    assert_eq!(stage.cut_off(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notice_of_a_sync_that_was_cut_off_can_be_put_away_for_good() {
    let stage = Stage::new().await;
    let runner = stage.open((80, 24)).await;
    runner.keys("4 D").wait_for("no earlier sync that was cut off").await;
    runner.keys("1 j space space d").wait_for("create").await;
    let slow = Fault::Slow(Duration::from_secs(20));
    stage.openmetadata.fail_next(1, Some("PUT"), "/api/v1/tables", slow);
    runner.keys("a enter").wait_for("now: table").await;
    runner.keys("q").wait_for("enter quit").await;
    runner.keys("enter").wait_for("leaving").await;
    runner.keys("q");
    assert_eq!(runner.end().await.0, Exit::Quit);
    assert_eq!(stage.cut_off().expect("the journal knows").in_doubt.len(), 1);

    stage.openmetadata.configure(|options| options.latency = Duration::ZERO);
    let runner = stage.open((80, 24)).await;
    runner.keys("4").wait_for("1 in doubt").await;
    let text = runner.keys("D").wait_for("enter put away").await;
    assert!(text.contains("In doubt:") && text.contains("- table Dremio."), "{text}");
    assert!(text.contains("esc keep"), "{text}");
    runner.keys("esc").wait_for("D put the notice away").await;
    assert!(stage.cut_off().is_some(), "nothing is put away before it is confirmed");
    runner.keys("1 j space space d").wait_for("D puts this away").await;
    let text = runner.keys("D enter").wait_for("is put away").await;
    assert!(!text.contains("was cut off"), "{text}");
    assert_eq!(stage.cut_off(), None);
    runner.keys("r").wait_for("create").await;
    assert!(!runner.text().contains("was cut off"));
    runner.keys("q");
    assert_eq!(runner.end().await.0, Exit::Quit);
    let runner = stage.open((80, 24)).await;
    let text = runner.keys("4").wait_for("before anything is").await;
    assert!(!text.contains("cut off"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_finds_nothing_missing_says_so_of_a_sync_that_was_cut_off() {
    let stage = Stage::new().await;
    let runner = stage.open((120, 40)).await;
    runner.keys("j space space d").wait_for("create").await;
    runner.keys("a enter").wait_for("written: 1 service").await;
    // A run that had written everything and was killed before it could say that it was at its end.
    let url = stage.openmetadata.url();
    let host = url.trim_start_matches("http://");
    let journal = SyncMemory::new(stage.data.path(), host, "Dremio").journal();
    Journal::start(&journal, "Dremio", host, 1, &[]).unwrap();
    runner.keys("q");
    assert_eq!(runner.end().await.0, Exit::Quit);
    let runner = stage.open((120, 40)).await;
    let text = runner.keys("j space space d").wait_for("Nothing to write").await;
    assert!(text.contains("This plan finds nothing missing; D puts"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_insists_on_leaving_leaves() {
    let stage = Stage::new().await;
    let runner = stage.open((80, 24)).await;
    runner.keys("j space space d").wait_for("create").await;
    let slow = Fault::Slow(Duration::from_secs(20));
    stage.openmetadata.fail_next(1, Some("PUT"), "/api/v1/databases", slow);
    runner.keys("a enter").wait_for("writing 1/").await;
    runner.wait_for("s without an answer; now: database Dremio.ops").await;
    runner.keys("q").wait_for("enter quit").await;
    runner.keys("enter").wait_for("leaving 1/").await;
    runner.keys("q");
    assert_eq!(runner.end().await.0, Exit::Quit);
    let cut_off = stage.cut_off().expect("the journal knows");
    assert_eq!((cut_off.written.len(), cut_off.in_doubt.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_under_way_can_be_cancelled_and_the_ui_answers_meanwhile() {
    let stage = Stage::new().await;
    let runner = stage.open((80, 24)).await;
    stage.openmetadata.configure(|options| options.latency = Duration::from_secs(20));
    runner.keys("d").wait_for("x cancels").await;
    runner.keys("1 j").wait_for("◇ sales").await;
    runner.keys("4 x").wait_for("Cancelled.").await;
    stage.openmetadata.configure(|options| options.latency = Duration::ZERO);
    let text = runner.keys("r").wait_for("create").await;
    assert!(!text.contains("Cancelled."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_while_a_sync_writes_is_told_of() {
    let stage = Stage::new().await;
    let http = HttpOptions { retry_pause: Duration::from_millis(400), ..HttpOptions::default() };
    let runner = stage.start_with_http((80, 24), &stage.openmetadata.url(), settings(), http);
    runner.wait_for("read just now").await;
    runner.keys("j space space d").wait_for("create").await;
    stage.openmetadata.fail_next(4, Some("PUT"), "/api/v1/", Fault::Reset);
    runner.keys("a enter").wait_for("OpenMetadata has not answered 3 requests").await;
    let text = runner.wait_for("written: 1 service, 2 databases").await;
    assert!(!text.contains("has not answered"), "it came back:\n{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_ends_a_sync_with_what_to_do() {
    let stage = Stage::new().await;
    let runner = stage.open((120, 40)).await;
    runner.keys("j space space d").wait_for("create").await;
    stage.openmetadata.configure(|options| options.latency = SLOW);
    runner.keys("a enter").wait_for("writing 1/").await;
    stage.openmetadata.revoke_tokens();
    let text = runner.wait_for("The sync ended early").await;
    assert!(text.contains("OpenMetadata refused the token"), "{text}");
    let text = runner.wait_for("not begun").await;
    assert!(text.contains("1 failed"), "the others were not tried:\n{text}");
    runner.keys("r").wait_for("✗ OpenMetadata refused the token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_in_place_of_an_answer_is_explained() {
    let stage = Stage::new().await;
    let runner = stage.open((80, 24)).await;
    stage.openmetadata.fail_next(1, None, "/api/v1/services", Fault::Html);
    let text = runner.keys("d").wait_for("There is no plan").await;
    assert!(text.contains("web page") && text.contains("r tries again"), "{text}");
    runner.keys("r").wait_for("create").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_openmetadata_that_is_down_can_come_back() {
    let stage = Stage::new().await;
    // A port on which nobody listens just now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let runner = stage.start((80, 24), &format!("http://127.0.0.1:{port}"), settings());
    runner.wait_for("read just now").await;
    runner.wait_for("✗ no OM").await;
    let text = runner.keys("4").wait_for("There is no connection").await;
    assert!(text.contains(&format!("127.0.0.1:{port}")) && text.contains("refused"), "{text}");
    let options = OpenMetadataOptions { port, ..OpenMetadataOptions::default() };
    let _openmetadata = OpenMetadataSandbox::start(options).await.unwrap();
    runner.keys("r").wait_for("OM 1.13").await;
    runner.keys("d").wait_for("create").await;
}

#[tokio::test]
async fn without_openmetadata_the_tab_says_how_to_get_one() {
    let runner = Runner::start(Fake::default(), (80, 24));
    runner.wait_for("read just now").await;
    let text = runner.keys("4").wait_for("config init").await;
    assert!(text.contains("No OpenMetadata server is set"), "{text}");
    assert!(!text.contains("no OM"), "{text}");
    runner.keys("d").wait_for("There is no OpenMetadata to sync to").await;
}

#[tokio::test]
async fn an_openmetadata_that_does_not_answer_is_a_calm_state() {
    let settings = Settings { no_sync: None, ..settings() };
    let runner = Runner::start_with(Fake::default(), (80, 24), settings);
    runner.wait_for("read just now").await;
    runner.keys("4").wait_for("r tries again").await;
    runner.keys("1 j").wait_for("analytics").await;
}
