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

mod ends;

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
