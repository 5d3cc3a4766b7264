//! The UI on a real client and a real walk, over HTTP to the sandbox server.

use std::sync::Arc;

use dremio_explorer::discovery::DiscoveryOptions;
use dremio_explorer::dremio::{Client, ConnectOptions, Credentials, Deployment};
use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::sandbox::dremio::{Catalogue, DremioOptions, DremioSandbox};
use dremio_explorer::sandbox::patterns::PatternEngine;
use dremio_explorer::sandbox::world::World;
use dremio_explorer::tui::{Exit, Live, Settings};

use crate::runner::{Runner, settings};

async fn server() -> DremioSandbox {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let world = World::from_yaml(include_str!("world.yaml")).unwrap();
    let catalogue = Arc::new(Catalogue::from_world(&world).unwrap());
    let engine = Arc::new(PatternEngine::new(Arc::clone(&catalogue)));
    DremioSandbox::start(catalogue, engine, DremioOptions::default()).await.unwrap()
}

fn start(server: &DremioSandbox, password: &str) -> Runner {
    let log = RequestLog::new();
    let connect = ConnectOptions {
        deployment: Deployment::Software { base_url: server.url().parse().unwrap() },
        credentials: Credentials::Password {
            user: server.user().to_owned(),
            password: password.to_owned().into(),
        },
        http: HttpOptions::default(),
        max_concurrency: None,
    };
    let client = Client::new(connect, log.clone()).unwrap();
    let live = Live { client, discovery: DiscoveryOptions::default(), sync: None };
    Runner::start_with(live, (120, 40), Settings { log, ..settings() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_through_a_served_catalogue() {
    let server = server().await;
    let runner = start(&server, server.password());
    runner.wait_for("read just now").await;
    runner.keys("/").typed("b rev").keys("enter esc").wait_for("MAP<VARCHAR, BIGINT>").await;
    runner.wait_for("#gold #pii").await;
    runner.keys("s").wait_for("SELECT * FROM Orders o").await;
    runner.keys("w").wait_for("Money in").await;
    runner.keys("1 /").typed("orders").keys("enter esc p").wait_for(" rows").await;
    runner.keys("1 /").typed("raw").keys("enter esc l").wait_for("zz.csv").await;
    runner.keys("5 ]").wait_for("/api/v3/catalog").await;
    runner.keys("q");
    assert_eq!(runner.end().await.0, Exit::Quit);
    assert_eq!(server.defects(), []);
    assert_eq!(server.mutations(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_explained() {
    let server = server().await;
    let runner = start(&server, "wrong");
    let text = runner.wait_for("try again").await;
    assert!(text.contains("No connection to"), "{text}");
    assert!(!text.contains("wrong\u{22}"), "{text}");
}
