//! Syncing from the UI: choose, look, leave something out, write, see the marks.

use std::sync::Arc;

use dremio_explorer::discovery::DiscoveryOptions;
use dremio_explorer::dremio::{Client, ConnectOptions, Credentials, Deployment};
use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::openmetadata;
use dremio_explorer::openmetadata::entity::EntityType;
use dremio_explorer::sandbox::dremio::{Catalogue, DremioOptions, DremioSandbox};
use dremio_explorer::sandbox::openmetadata::{Fault, OpenMetadataOptions, OpenMetadataSandbox};
use dremio_explorer::sandbox::patterns::PatternEngine;
use dremio_explorer::sandbox::world::World;
use dremio_explorer::sync::session::SyncSettings;
use dremio_explorer::tui::{Exit, Live, Settings, SyncOptions, SyncTarget};

use crate::fake::Fake;
use crate::runner::{Runner, settings};

pub(crate) struct Stage {
    pub(crate) dremio: DremioSandbox,
    pub(crate) openmetadata: OpenMetadataSandbox,
    pub(crate) runner: Runner,
}

pub(crate) async fn stage(size: (u16, u16)) -> Stage {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let world = World::from_yaml(include_str!("world.yaml")).unwrap();
    let catalogue = Arc::new(Catalogue::from_world(&world).unwrap());
    let engine = Arc::new(PatternEngine::new(Arc::clone(&catalogue)));
    let dremio = DremioSandbox::start(catalogue, engine, DremioOptions::default()).await.unwrap();
    let openmetadata = OpenMetadataSandbox::start(OpenMetadataOptions::default()).await.unwrap();
    let log = RequestLog::new();
    let connect = ConnectOptions {
        deployment: Deployment::Software { base_url: dremio.url().parse().unwrap() },
        credentials: Credentials::Password {
            user: dremio.user().to_owned(),
            password: dremio.password().to_owned().into(),
        },
        http: HttpOptions::default(),
        max_concurrency: None,
    };
    let sync = SyncOptions {
        connect: openmetadata::ConnectOptions {
            url: openmetadata.url(),
            credentials: openmetadata::Credentials::Token(openmetadata.bot_token().into()),
            http: HttpOptions::default(),
            max_concurrency: None,
        },
        settings: SyncSettings::default(),
        max_workers: 4,
        batch_size: 1,
        data_dir: None,
    };
    let live = Live {
        client: Client::new(connect, log.clone()).unwrap(),
        discovery: DiscoveryOptions::default(),
        sync: Some(SyncTarget::new(sync, log.clone()).unwrap()),
    };
    let runner = Runner::start_with(live, size, Settings { log, no_sync: None, ..settings() });
    runner.wait_for("read just now").await;
    runner.wait_for("1.13").await;
    Stage { dremio, openmetadata, runner }
}

/// The line of the screen that holds `text`.
fn line<'a>(screen: &'a str, text: &str) -> &'a str {
    screen.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}:\n{screen}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_is_marked_looked_at_written_and_its_marks_follow() {
    let Stage { dremio, openmetadata, runner } = stage((200, 60)).await;
    runner.keys("/").typed("Finance").keys("enter esc space");
    runner.wait_for("☑").await;
    runner.keys("d").wait_for("create").await;
    assert_eq!(openmetadata.writes(), [], "a plan writes nothing");
    let plan = runner.text();
    assert!(plan.contains("☑ + Finance"), "{plan}");
    // From the last line, which is an edge or a table, up to a table.
    runner.keys("G space").wait_for("left out").await;
    runner.keys("a").wait_for("left out    1").await;
    assert_eq!(openmetadata.writes(), [], "nothing is written before it is confirmed");
    runner.keys("esc").wait_gone("Write to OpenMetadata").await;
    runner.keys("a").wait_for("as the bot ingestion-bot").await;
    runner.keys("enter").wait_for("written: 1 database").await;
    let after = runner.text();
    assert!(after.contains("1 left out"), "{after}");
    assert!(after.contains("✓ done"), "{after}");
    assert_eq!(openmetadata.count(EntityType::Database), 1);
    assert!(!openmetadata.writes().is_empty());
    assert!(line(&after, "◇ Finance").contains('●'), "one thing is still missing:\n{after}");
    // A new plan holds what was left out only; written, all is in sync.
    runner.keys("r").wait_gone("written:").await;
    runner.keys("G space").wait_for("☑").await;
    runner.keys("a enter").wait_for("written:").await;
    let done = runner.text();
    assert!(line(&done, "◇ Finance").contains('✓'), "{done}");
    openmetadata.clear_requests();
    runner.keys("r").wait_gone("written:").await;
    runner.keys("a").wait_for("there is nothing to write").await;
    assert_eq!(openmetadata.writes(), []);
    assert_eq!(dremio.mutations(), []);
    runner.keys("q");
    assert_eq!(runner.end().await.0, Exit::Quit);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_has_a_reason_and_is_tried_again_alone() {
    let Stage { dremio: _dremio, openmetadata, runner } = stage((120, 40)).await;
    let refusal = Fault::Status(400, "the name is not to my taste".to_owned());
    openmetadata.fail_next(1, Some("PUT"), "/api/v1/tables", refusal);
    runner.keys("/").typed("Finance").keys("enter esc d").wait_for("create").await;
    runner.keys("a enter").wait_for("1 failed").await;
    runner.keys("G").wait_for("the name is not to").await;
    runner.keys("t").wait_gone("written:").await;
    runner.wait_for("+1 create").await;
    runner.keys("a enter").wait_for("written: 0 databases, 0 schemas, 1 table").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_screens_show_tree_and_changes() {
    let Stage { dremio: _dremio, openmetadata: _openmetadata, runner } = stage((80, 24)).await;
    runner.keys("/").typed("Finance").keys("enter esc S").wait_for("create").await;
    runner.keys("z G").wait_for("· ").await;
    runner.keys("o").wait_for("showing create").await;
    runner.keys("J K C E 1").wait_for("1 Catalog").await;
}

#[tokio::test]
async fn without_openmetadata_the_tab_says_how_to_get_one() {
    let runner = Runner::start(Fake::default(), (80, 24));
    runner.wait_for("read just now").await;
    let text = runner.keys("4").wait_for("OPENMETADATA_URL").await;
    assert!(text.contains("no OpenMetadata server is set"), "{text}");
    assert!(!text.contains("not connected"), "{text}");
    runner.keys("d").wait_for("No OpenMetadata to sync to").await;
}

#[tokio::test]
async fn an_openmetadata_that_does_not_answer_is_a_calm_state() {
    let settings = Settings { no_sync: None, ..settings() };
    let runner = Runner::start_with(Fake::default(), (80, 24), settings);
    runner.wait_for("read just now").await;
    runner.keys("4").wait_for("r tries again").await;
    runner.keys("1 j").wait_for("analytics").await;
}
