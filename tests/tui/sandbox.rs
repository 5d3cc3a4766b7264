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
use crate::sync::{Stage, stage};

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

#[tokio::test(flavor = "multi_thread")]
async fn columns_say_what_openmetadata_says_of_them() {
    let Stage { dremio: _dremio, openmetadata, runner } = stage((120, 40)).await;
    runner.keys("/").typed("b rev").keys("enter esc").wait_for("MAP<VARCHAR, BIGINT>").await;
    assert!(!runner.text().contains("OpenMetadata has"), "nothing is known yet");
    runner.keys("d").wait_for("create").await;
    runner.keys("a").wait_for("as the bot").await;
    runner.keys("enter").wait_for("written:").await;
    // A person describes a column there.
    let client = reqwest::Client::new();
    let token = openmetadata.user_token();
    let tables = format!("{}/api/v1/tables?limit=100&fields=columns", openmetadata.url());
    let listed = client.get(&tables).bearer_auth(token).send().await.unwrap();
    let listed = listed.text().await.unwrap();
    let listed: serde_json::Value =
        serde_json::from_str(&listed).unwrap_or_else(|error| panic!("{error}: {listed}"));
    let table = &listed["data"][0];
    let address = format!("{}/api/v1/tables/{}", openmetadata.url(), table["id"].as_str().unwrap());
    let patch = r#"[{"op":"add","path":"/columns/0/description","value":"The **key** of it."}]"#;
    let patched = client
        .patch(&address)
        .bearer_auth(token)
        .header("Content-Type", "application/json-patch+json")
        .body(patch)
        .send()
        .await
        .unwrap();
    assert!(patched.status().is_success(), "{}", patched.text().await.unwrap());
    runner.keys("r").wait_gone("written:").await;
    runner.wait_for("unchanged").await;
    runner.keys("2 c").wait_for("Description in OpenMetadata").await;
    runner.wait_for("  The **key** of it.").await;
    // Without room for that column it is told below.
    runner.resize(80, 24).wait_for("OpenMetadata: The **key** of it.").await;
    runner.keys("l j").wait_for("OpenMetadata has no description.").await;
}
