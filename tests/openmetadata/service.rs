//! Quirks of the service: its type and its connection, which are not ours to change.

use dremio_explorer::openmetadata::entity::EntityType;
use dremio_explorer::sandbox::openmetadata::{Quirks, Version};
use dremio_explorer::sync::Action;
use serde_json::{Value, json};

use crate::lake::{Bench, ORDERS, item};

const SERVICES: &str = "/api/v1/services/databaseServices";

/// What an official connector has made before us.
fn official() -> Value {
    json!({
        "name": "Dremio",
        "serviceType": "CustomDatabase",
        "description": "Made by the connector",
        "displayName": "Our Dremio",
        "connection": { "config": {
            "type": "CustomDatabase",
            "connectionOptions": { "host": "dremio", "password": "hunter2" },
        }},
    })
}

async fn with_official(bench: &Bench) -> Value {
    assert_eq!(bench.raw("PUT", "services/databaseServices", Some(official())).await.0, 201);
    bench.server.clear_requests();
    bench.stored("service", "Dremio")
}

#[tokio::test]
async fn quirk_29_a_server_that_does_not_know_the_type_gets_a_custom_service() {
    let mut old = Bench::bot(Version::V1_12).await;
    let troubles = old.sync().await.troubles();
    let [told] = &troubles[..] else { panic!("{troubles:#?}") };
    assert!(told.contains("does not know the service type Dremio"), "{told}");
    assert_eq!(old.stored("service", "Dremio")["serviceType"], "CustomDatabase");
    old.is_settled().await;

    let mut new = Bench::bot(Version::V1_13).await;
    new.sync_well().await;
    assert_eq!(new.stored("service", "Dremio")["serviceType"], "Dremio");

    // Very old code cannot do without a connection: the custom form, which holds no secret.
    let quirks = Quirks { needs_connection: true, ..Quirks::default() };
    let mut bench = Bench::start(Version::V1_13, true, quirks).await;
    bench.sync().await;
    let made = bench.stored("service", "Dremio");
    assert_eq!(made["serviceType"], "CustomDatabase");
    assert_eq!(made["connection"]["config"]["connectionOptions"], json!({}));
    assert_eq!(bench.table(ORDERS).await.columns.len(), 4);
    bench.is_settled().await;
}

#[tokio::test]
async fn quirk_30_a_masked_connection_is_neither_compared_nor_sent() {
    for (who, mut bench) in Bench::all().await {
        let before = with_official(&bench).await;
        let read = bench.raw("GET", "services/databaseServices/name/Dremio", None).await.1;
        assert!(read.contains("*********") && !read.contains("hunter2"), "{who}: {read}");
        let plan = bench.plan().await;
        let service = item(&plan, "Dremio");
        assert_eq!((service.action, &service.changes[..]), (Action::Unchanged, &[][..]), "{who}");
        bench.sync_well().await;
        assert_eq!(bench.stored("service", "Dremio"), before, "{who}");
        for seen in bench.server.writes() {
            for word in ["connection", "password", "*****"] {
                assert!(!seen.body.contains(word), "{who}: {}", seen.body);
            }
        }
    }
}

#[tokio::test]
async fn quirk_34_a_service_that_is_there_is_never_put() {
    for (who, mut bench) in Bench::all().await {
        let before = with_official(&bench).await;
        bench.sync_well().await;
        let to_services = |targets: Vec<String>| -> Vec<String> {
            targets.into_iter().filter(|target| target.starts_with(SERVICES)).collect()
        };
        assert_eq!(to_services(bench.written("PUT")), Vec::<String>::new(), "{who}");

        // Deleted, it comes back by the request that touches nothing else.
        let id = before["id"].as_str().expect("an id");
        bench.person.delete(EntityType::DatabaseService, id, true).await.expect("deletes");
        let plan = bench.plan().await;
        assert_eq!(item(&plan, "Dremio").action, Action::Restore, "{who}");
        bench.server.clear_requests();
        bench.sync_well().await;
        assert_eq!(to_services(bench.written("PUT")), [format!("{SERVICES}/restore")], "{who}");
        assert_eq!(bench.stored("service", "Dremio"), before, "{who}");
        bench.is_settled().await;
    }
    // What such a PUT would do on this server.
    let bench = Bench::user(Version::V1_13).await;
    with_official(&bench).await;
    let bare = json!({ "name": "Dremio", "serviceType": "CustomDatabase" });
    assert_eq!(bench.raw("PUT", "services/databaseServices", Some(bare)).await.0, 200);
    assert!(bench.stored("service", "Dremio")["connection"].is_null());
}
