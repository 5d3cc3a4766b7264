//! Syncing from the UI: choose, look, leave something out, write, watch it, see the marks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dremio_explorer::dbt::ArtifactFiles;
use dremio_explorer::discovery::DiscoveryOptions;
use dremio_explorer::dremio::{Client, ConnectOptions, Credentials, Deployment};
use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::openmetadata;
use dremio_explorer::openmetadata::entity::EntityType;
use dremio_explorer::sandbox::dremio::{Catalogue, DremioOptions, DremioSandbox};
use dremio_explorer::sandbox::openmetadata::{
    Fault, OpenMetadataOptions, OpenMetadataSandbox, Seed,
};
use dremio_explorer::sandbox::patterns::PatternEngine;
use dremio_explorer::sandbox::world::World;
use dremio_explorer::sync::journal::{Interrupted, Journal, interrupted};
use dremio_explorer::sync::memory::SyncMemory;
use dremio_explorer::sync::session::SyncSettings;
use dremio_explorer::tui::{ColourDepth, Exit, Live, Settings, SyncOptions, SyncTarget};
use serde_json::json;
use tempfile::TempDir;

use crate::big_plan::BigPlan;
use crate::fake::Fake;
use crate::runner::{Runner, settings};

/// Long enough for a person, or a test, to press a key between two writes.
const SLOW: Duration = Duration::from_millis(120);

/// Two servers; the UI on them is started by [`Stage::open`].
pub(crate) struct Stage {
    dremio: DremioSandbox,
    pub(crate) openmetadata: OpenMetadataSandbox,
    data: TempDir,
}

impl Stage {
    /// An empty OpenMetadata beside the spaces `ops` and `sales` on the source `erp`.
    pub(crate) async fn new() -> Self {
        Self::on(OpenMetadataOptions::default()).await
    }

    async fn on(options: OpenMetadataOptions) -> Self {
        Self::over(include_str!("sync_world.yaml"), options).await
    }

    pub(crate) async fn over(world: &str, options: OpenMetadataOptions) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let world = World::from_yaml(world).unwrap();
        let catalogue = Arc::new(Catalogue::from_world(&world).unwrap());
        let engine = Arc::new(PatternEngine::new(Arc::clone(&catalogue)));
        let dremio =
            DremioSandbox::start(catalogue, engine, DremioOptions::default()).await.unwrap();
        let openmetadata = OpenMetadataSandbox::start(options).await.unwrap();
        Self { dremio, openmetadata, data: tempfile::tempdir().unwrap() }
    }

    /// A UI that has read the catalogue and reached OpenMetadata.
    pub(crate) async fn open(&self, size: (u16, u16)) -> Runner {
        self.open_with(size, settings()).await
    }

    async fn open_with(&self, size: (u16, u16), settings: Settings) -> Runner {
        let runner = self.start(size, &self.openmetadata.url(), settings);
        runner.wait_for("read just now").await;
        runner.wait_for("1.13").await;
        runner
    }

    /// The same with a dbt project that takes part.
    pub(crate) async fn open_dbt(&self, size: (u16, u16), files: Arc<dyn ArtifactFiles>) -> Runner {
        let log = RequestLog::new();
        let live = self.live(&self.openmetadata.url(), &log, HttpOptions::default());
        let settings = Settings { log, no_sync: None, ..settings() };
        let runner = Runner::start_dbt(live, size, settings, Some(files));
        runner.wait_for("read just now").await;
        runner.wait_for("1.13").await;
        runner
    }

    fn start(&self, size: (u16, u16), openmetadata: &str, settings: Settings) -> Runner {
        // A test that waits for a failure has no time for retries.
        let http = HttpOptions { retries: 0, ..HttpOptions::default() };
        self.start_with_http(size, openmetadata, settings, http)
    }

    fn start_with_http(
        &self,
        size: (u16, u16),
        openmetadata: &str,
        settings: Settings,
        http: HttpOptions,
    ) -> Runner {
        let log = RequestLog::new();
        let live = self.live(openmetadata, &log, http);
        Runner::start_with(live, size, Settings { log, no_sync: None, ..settings })
    }

    fn live(&self, openmetadata: &str, log: &RequestLog, http: HttpOptions) -> Live {
        let connect = ConnectOptions {
            deployment: Deployment::Software { base_url: self.dremio.url().parse().unwrap() },
            credentials: Credentials::Password {
                user: self.dremio.user().to_owned(),
                password: self.dremio.password().to_owned().into(),
            },
            http: HttpOptions::default(),
            max_concurrency: None,
        };
        let sync = SyncOptions {
            connect: openmetadata::ConnectOptions {
                url: openmetadata.to_owned(),
                credentials: openmetadata::Credentials::Token(self.openmetadata.bot_token().into()),
                http,
                max_concurrency: None,
            },
            settings: SyncSettings::default(),
            max_workers: 1,
            batch_size: 1,
            data_dir: Some(self.data.path().to_owned()),
        };
        Live {
            client: Client::new(connect, log.clone()).unwrap(),
            discovery: DiscoveryOptions::default(),
            sync: Some(SyncTarget::new(sync, log.clone()).unwrap()),
        }
    }

    /// What OpenMetadata was asked to write, by method and path.
    fn writes(&self) -> Vec<String> {
        let writes = self.openmetadata.writes();
        writes.iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect()
    }

    /// What the journal tells of a run that was cut off.
    fn cut_off(&self) -> Option<Interrupted> {
        let url = self.openmetadata.url();
        let memory = SyncMemory::new(self.data.path(), url.trim_start_matches("http://"), "Dremio");
        interrupted(&memory.journal()).unwrap()
    }

    /// Puts a table into OpenMetadata that Dremio does not have, and one that somebody described.
    fn fill(&self) {
        let table = |name: &str, description: &str| {
            let column = json!({ "name": "id", "dataType": "BIGINT", "dataTypeDisplay": "bigint" });
            let body = json!({
                "name": name,
                "databaseSchema": "Dremio.sales.core",
                "columns": [column],
                "description": description,
            });
            (EntityType::Table, body)
        };
        let seed = Seed {
            entities: vec![
                (EntityType::DatabaseService, json!({ "name": "Dremio", "serviceType": "Dremio" })),
                (EntityType::Database, json!({ "name": "sales", "service": "Dremio" })),
                (EntityType::DatabaseSchema, json!({ "name": "core", "database": "Dremio.sales" })),
                table("customers", "People who bought something in the last month. Ask Finance."),
                table("returns", "Not in Dremio any more."),
            ],
            ..Seed::default()
        };
        self.openmetadata.fill(seed).unwrap();
    }
}

/// The line of the screen that holds `text`.
fn line<'a>(screen: &'a str, text: &str) -> &'a str {
    screen.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}:\n{screen}"))
}

/// The screen without what differs from run to run.
fn still(screen: &str) -> String {
    let (mut still, mut rest) = (String::new(), screen);
    while let Some((before, after)) = rest.split_once("127.0.0.1:") {
        let digits = after.chars().take_while(char::is_ascii_digit).count();
        still.push_str(before);
        still.push_str("127.0.0.1:");
        still.push_str(&"#".repeat(digits));
        rest = &after[digits..];
    }
    still + rest
}

/// The same without the last line, where notices come and go.
fn above_footer(screen: &str) -> String {
    let lines: Vec<&str> = screen.lines().collect();
    still(&lines[..lines.len() - 1].join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_spaces_are_reviewed_but_for_one_table_written_and_watched() {
    let stage = Stage::new().await;
    let runner = stage.open((120, 40)).await;
    runner.keys("j space space d").wait_for("create").await;
    assert_eq!(stage.writes(), [""; 0], "a plan writes nothing");
    insta::assert_snapshot!("sync_plan", still(&runner.text()));
    let before = runner.text();
    assert!(
        line(&before, "◇ ops").contains('○') && line(&before, "◇ sales").contains('○'),
        "{before}"
    );
    runner.keys("/").typed("stock").keys("enter").wait_for("/stock").await;
    let text = runner.keys("space").wait_for("1 left out").await;
    assert!(line(&text, " stock ").contains("left out"), "{text}");
    insta::assert_snapshot!("sync_skipped", still(&text));
    runner.keys("esc").wait_gone("/stock").await;
    let question = runner.keys("a").wait_for("enter write").await;
    insta::assert_snapshot!("sync_question", still(&question));
    runner.keys("esc").wait_gone("enter write").await;
    assert_eq!(stage.writes(), [""; 0], "nothing is written before it is confirmed");
    stage.openmetadata.configure(|options| options.latency = SLOW / 4);
    runner.keys("a enter").wait_for("writing 3/").await;
    let after = runner.wait_for("written: 1 service, 2 databases, 2 schemas, 3 tables").await;
    assert!(after.contains("1 left out"), "{after}");
    assert!(line(&after, "◇ ops").contains('●'), "one of its tables is still missing:\n{after}");
    assert!(line(&after, "◇ sales").contains('✓'), "{after}");
    assert!(!stage.openmetadata.writes().iter().any(|seen| seen.body.contains("stock")));
    insta::assert_snapshot!("sync_applied", above_footer(&runner.text()));
    // A new plan leaves out the same; taken in, it is all that is written.
    stage.openmetadata.configure(|options| options.latency = Duration::ZERO);
    stage.openmetadata.clear_requests();
    runner.keys("r").wait_gone("written:").await;
    runner.wait_for("1 left out").await;
    runner.keys("/").typed("stock").keys("enter space").wait_gone("1 left out").await;
    runner.keys("esc a enter").wait_for("written: 1 table").await;
    let done = runner.text();
    assert!(line(&done, "◇ ops").contains('✓'), "{done}");
    assert_eq!(stage.writes(), ["PUT /api/v1/tables"]);
    assert_eq!(stage.dremio.mutations(), []);
    assert_eq!(stage.cut_off(), None);
    runner.keys("q");
    assert_eq!(runner.end().await.0, Exit::Quit);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_which_nothing_differs_says_so() {
    let stage = Stage::new().await;
    let runner = stage.open((80, 24)).await;
    runner.keys("j space space space d").wait_for("create").await;
    runner.keys("a enter").wait_for("written: 1 service, 3 databases").await;
    stage.openmetadata.clear_requests();
    runner.keys("r").wait_for("All in sync").await;
    insta::assert_snapshot!("sync_nothing_to_do", above_footer(&runner.text()));
    runner.keys("a").wait_for("there is nothing to write").await;
    assert_eq!(stage.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_searched_for_is_all_that_a_box_means() {
    let stage = Stage::new().await;
    let runner = stage.open((120, 40)).await;
    runner.keys("j space space space d").wait_for("create").await;
    let text = runner.keys("/").typed("ORDERS").wait_for("2 matches").await;
    assert!(text.contains("← sales.core.orders") && !text.contains("stock"), "{text}");
    runner.keys("enter g space").wait_for("3 items left out").await;
    let text = runner.keys("esc").wait_for("customers").await;
    assert!(line(&text, " orders ").contains("☐"), "{text}");
    assert!(line(&text, " customers ").contains("☑"), "{text}");
    // All in again, then the table alone: the edge from it cannot go without it, and brings it back.
    runner.keys("g space space").wait_for("+17 create").await;
    runner.keys("/").typed("orders").keys("enter G k space").wait_for("3 left out").await;
    runner.keys("esc").wait_gone("/orders").await;
    let text = runner.keys("o o").wait_for("showing left out").await;
    assert!(text.contains("← sales.core.orders") && !text.contains("stock"), "{text}");
    runner.keys("/").typed("← sales").keys("enter").wait_for("because").await;
    runner.keys("space").wait_for("1 left out").await;
    runner.keys("esc /").typed("nowhere").wait_for("0 matches").await;
    let text = runner.keys("esc").wait_gone("0 matches").await;
    assert!(text.contains("← erp.raw.items"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_has_a_reason_and_is_tried_again_alone() {
    let stage = Stage::new().await;
    let runner = stage.open((120, 40)).await;
    let refusal = Fault::Status(400, "the name is not to my taste".to_owned());
    stage.openmetadata.fail_next(1, Some("PUT"), "/api/v1/tables", refusal);
    runner.keys("j space space d").wait_for("create").await;
    runner.keys("a enter").wait_for("failed").await;
    let text = runner.wait_for("the name is not to my").await;
    assert!(text.contains("1 failed; 1 not tried"), "{text}");
    assert!(text.contains("showing failed") && text.contains("t retry failed"), "{text}");
    insta::assert_snapshot!("sync_failed", above_footer(&runner.text()));
    stage.openmetadata.clear_requests();
    runner.keys("t").wait_gone("written:").await;
    let text = runner.wait_for("create").await;
    assert!(text.contains("+2 create"), "a table, and the edge that needs it:\n{text}");
    runner.keys("a enter").wait_for("written: 1 table").await;
    assert_eq!(stage.writes().iter().filter(|write| write.contains("tables")).count(), 1);
    let text = runner.text();
    assert!(line(&text, "◇ ops").contains('✓'), "{text}");
    runner.keys("t").wait_for("nothing has failed").await;
}

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
async fn deleting_is_a_choice_that_names_what_goes() {
    let stage = Stage::new().await;
    stage.fill();
    let runner = stage.open((120, 40)).await;
    let text = runner.keys("j j d").wait_for("create").await;
    assert!(!text.contains("returns") && text.contains("P prune off"), "{text}");
    // The cursor goes to what was asked for.
    let text = runner.keys("P").wait_for("- soft-delete · table").await;
    assert!(text.contains("1 delete"), "{text}");
    assert!(text.contains("prune on"), "{text}");
    assert!(line(&text, " returns ").contains("delete"), "{text}");
    runner.keys("/").typed("returns").keys("enter enter").wait_for("back to the plan").await;
    let text = runner.text();
    assert!(text.contains("- soft-delete · table"), "{text}");
    assert!(text.contains("Not in Dremio any more.") && text.contains("1 column"), "{text}");
    runner.keys("esc esc").wait_gone("/returns").await;
    let text = runner.keys("a").wait_for("soft-delete 1 table").await;
    assert!(text.contains("- Dremio.sales.core.returns"), "{text}");
    runner.keys("esc /").typed("returns").keys("enter space").wait_for("left out").await;
    runner.keys("esc a").wait_for("enter write").await;
    let text = runner.text();
    assert!(!text.contains("soft-delete 1"), "{text}");
    runner.keys("esc /").typed("returns").keys("enter space").wait_for("1 delete").await;
    runner.keys("esc a enter").wait_for("1 deleted").await;
    assert_eq!(stage.writes().iter().filter(|write| write.starts_with("DELETE")).count(), 1);
    runner.keys("/").typed("returns").keys("enter").wait_for("✓ soft-deleted").await;
    runner.keys("esc P").wait_for("prune off").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_wrote_is_replaced_only_when_asked_for() {
    let stage = Stage::new().await;
    stage.fill();
    let runner = stage.open((120, 40)).await;
    let text = runner.keys("j j d").wait_for("create").await;
    assert!(text.contains("1 description of others stays as OpenMetadata has it"), "{text}");
    runner.keys("/").typed("customers").keys("enter");
    let text = runner.wait_for("kept: the server does not let a bot replace it").await;
    insta::assert_snapshot!("sync_kept", still(&text));
    let text =
        runner.keys("esc O").wait_for("1 description in OpenMetadata will be replaced").await;
    assert!(text.contains("overwrite on"), "{text}");
    runner.keys("/").typed("customers").keys("enter");
    runner.wait_for("replaces 1 description that OpenMetadata has now").await;
    runner.keys("esc a").wait_for("1 description that OpenMetadata has now").await;
    assert!(stage.openmetadata.dump().to_string().contains("Ask Finance"));
    runner.keys("enter").wait_for("written:").await;
    assert!(!stage.openmetadata.dump().to_string().contains("Ask Finance"));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_can_be_read_alone_and_one_after_the_other() {
    let stage = Stage::new().await;
    stage.fill();
    let runner = stage.open((80, 24)).await;
    runner.keys("j j d").wait_for("create").await;
    runner.keys("/").typed("core.").keys("esc /").typed("customers").keys("enter enter");
    let text = runner.wait_for("esc back to the plan").await;
    assert!(text.contains("schemaDefinition") && !text.contains("☑"), "{text}");
    insta::assert_snapshot!("sync_reading", still(&text));
    runner.keys("esc esc").wait_for("☑").await;
    let text = runner.keys("enter ]").wait_for("· edge").await;
    assert!(text.contains("select it too"), "what is kept says why:\n{text}");
    runner.keys("] ]").wait_for("Dremio.sales.core.orders").await;
    runner.keys("[ [ [ space").wait_for("left out of this sync by hand").await;
    runner.keys("h").wait_for("◪").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_colour_and_in_ascii_words_and_signs_tell_all() {
    let stage = Stage::new().await;
    stage.fill();
    let settings = Settings { ascii: true, colours: ColourDepth::None, ..settings() };
    let runner = stage.open_with((80, 24), settings).await;
    runner.keys("4 O 1 j j d").wait_for("create").await;
    runner.keys("/").typed("customers").keys("enter enter").wait_for("schemaDefinition").await;
    let text = runner.wait_for("[-").await;
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!("sync_ascii", above_footer(&text));
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

/// The quickest of some runs, so that a busy machine does not matter.
fn quickest(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let begun = Instant::now();
        run();
        begun.elapsed()
    };
    (0..8).map(time).min().unwrap()
}

fn once(run: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}

/// Bounds for a build without optimisation, of which a look at every item for every line would be
/// far out.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_items_stay_fast() {
    let mut plan = BigPlan::open(5_000).await;
    assert!(plan.items() > 10_000, "{}", plan.items());
    let text = plan.text();
    assert!(text.contains("fct_order_lines_00000") && text.contains("☑"), "{text}");
    let plan_taken_in = (0..8)
        .map(|_| {
            let view = plan.ask_again();
            let begun = Instant::now();
            plan.take_in(view);
            begun.elapsed()
        })
        .min()
        .unwrap();
    let times = [
        ("a step", quickest(|| plan.press("j"))),
        ("to the end", quickest(|| plan.press("Gg"))),
        ("skipping a folder", quickest(|| plan.press("gjj "))),
        ("another sort", quickest(|| plan.press("o"))),
        ("a plan", plan_taken_in),
        ("512 written", quickest(|| plan.write(512))),
        ("all written", once(|| plan.end())),
    ];
    println!("{times:?}");
    assert!(plan.text().contains("up to date with the plan"), "{}", plan.text());
    for (what, time) in times {
        let bound = if matches!(what, "a step" | "to the end" | "a plan") { 40 } else { 400 };
        assert!(time < Duration::from_millis(bound), "{what}: {time:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_one_of_its_edges_is_not_in_sync() {
    let stage = Stage::new().await;
    let runner = stage.open((120, 40)).await;
    runner.keys("j space space space d").wait_for("create").await;
    runner.keys("/").typed("← sales.core.orders").keys("enter space").wait_for("1 left out").await;
    let text = runner.keys("esc a enter").wait_for("written: 1 service").await;
    assert!(line(&text, "◇ ops").contains('●'), "{text}");
    assert!(line(&text, "◇ sales").contains('✓'), "{text}");
    runner.keys("r").wait_gone("written:").await;
    let text = runner
        .keys("/")
        .typed("← sales.core.orders")
        .keys("enter space")
        .wait_for("+1 create")
        .await;
    assert!(line(&text, "◇ ops").contains('●'), "{text}");
    let text = runner.keys("esc a enter").wait_for("written: 1 edge").await;
    assert!(line(&text, "◇ ops").contains('✓'), "{text}");
}
