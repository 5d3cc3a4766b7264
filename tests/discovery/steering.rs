//! Being told what to read first, to stop, and to wait.

use std::time::Duration;

use dremio_explorer::discovery::{DiscoveryEvent, DiscoveryOptions, Strategy, discover};
use dremio_explorer::model::{Change, Item, NodeErrorKind, NodeKind, SchemaState, SourceHealth};
use tokio_util::sync::CancellationToken;

use crate::fake_catalog::{TABLE, World, path, source};
use crate::{Outcome, start, tables};

#[tokio::test(start_paused = true)]
async fn what_somebody_waits_for_comes_first() {
    let fake = World { page_size: 4, ..World::grid(10, 40, 5) }.serve();
    let options = DiscoveryOptions { max_workers: Some(2), ..DiscoveryOptions::default() };
    let (handle, mut events) = start(&fake, options);
    let mut outcome = Outcome::default();
    outcome.until(&mut events, |catalog| catalog.len() >= 10).await;
    let before = fake.log().len();
    // Not known yet: its space and its folder have to be listed on the way, page by page.
    handle.read_now(path("space_9.folder_39.view_4"));
    let wanted = path("space_9.folder_39.view_4");
    outcome
        .until(&mut events, |catalog| {
            catalog.at(&wanted).is_some_and(|node| node.schema().state == SchemaState::Known)
        })
        .await;
    let between = fake.log().len() - before;
    assert!(between <= 2 * (10 + 2 + 1) + 10, "{between} requests on the way");
    outcome.until_finished(&mut events).await;
    assert_eq!(outcome.stats.details, 2_000);
    let twice: Vec<_> = fake.repeated();
    assert_eq!(twice, [""; 0], "the walk comes to it only once");
}

#[tokio::test(start_paused = true)]
async fn a_walk_that_is_kept_alive_reads_again_on_demand() {
    let mut world = World::grid(1, 1, 3);
    world.add("lake", NodeKind::Source).detail = source("NAS", SourceHealth::Good);
    world.add_item(Item { id: None, ..World::item("lake.dir", NodeKind::Folder) });
    world.add("lake.dir.t", TABLE);
    let fake = world.serve();
    let (handle, mut events) =
        discover(fake.clone(), DiscoveryOptions::default(), CancellationToken::new(), true);
    let mut outcome = Outcome::default();
    outcome.until_finished(&mut events).await;
    assert!(outcome.catalog.at(&path("lake.dir.t")).is_none());

    handle.read_now(path("lake.dir.t"));
    outcome
        .until(&mut events, |catalog| {
            catalog
                .at(&path("lake.dir.t"))
                .is_some_and(|node| node.schema().state == SchemaState::Known)
        })
        .await;

    handle.read_now(path("space_0.folder_0"));
    handle.read_now(path("space_0.folder_0.view_1"));
    while fake.asked_for("get space_0.folder_0.view_1") == 0
        || fake.asked_for("list space_0.folder_0 ") < 2
    {
        let event = events.recv().await.unwrap();
        outcome.take(event);
    }
    handle.read_now(path("space_0.gone"));
    let is_denial = |change: &Change| {
        matches!(change, Change::Failed { path: at, error }
            if *at == path("space_0.gone") && error.kind == NodeErrorKind::NotFound)
    };
    loop {
        match events.recv().await.unwrap() {
            DiscoveryEvent::Changes(changes) if changes.iter().any(is_denial) => break,
            event => assert!(!outcome.take(event)),
        }
    }
    handle.cancel();
    while let Some(event) = events.recv().await {
        assert!(!outcome.take(event), "there is one end only");
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_keeps_what_was_read() {
    let fake = World::grid(5, 20, 20).serve();
    let token = CancellationToken::new();
    let (handle, mut events) =
        discover(fake.clone(), DiscoveryOptions::default(), token.clone(), false);
    let mut outcome = Outcome::default();
    outcome.until(&mut events, |catalog| catalog.len() > 300).await;
    handle.cancel();
    outcome.until_finished(&mut events).await;
    assert!(outcome.cancelled);
    assert!(outcome.catalog.len() > 300);
    assert!(outcome.stats.pending > 0);
    let sent = fake.log().len();
    assert!(events.recv().await.is_none());
    assert_eq!(fake.log().len(), sent);
    assert!(!token.is_cancelled(), "the caller's other work goes on");
}

#[tokio::test(start_paused = true)]
async fn cancelling_stops_the_query_on_the_server_too() {
    let mut world = tables(500);
    world.slow = Some("query".to_owned());
    let fake = world.serve();
    let options = DiscoveryOptions { strategy: Strategy::Sql, ..DiscoveryOptions::default() };
    let token = CancellationToken::new();
    let (_handle, mut events) = discover(fake.clone(), options, token.clone(), false);
    let mut outcome = Outcome::default();
    while fake.asked_for("query") == 0 {
        tokio::time::advance(Duration::from_millis(5)).await;
        tokio::task::yield_now().await;
    }
    token.cancel();
    outcome.until_finished(&mut events).await;
    assert!(outcome.cancelled);
    assert_eq!(fake.cancelled_queries(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_walk_nobody_listens_to_stops() {
    let fake = World::grid(10, 50, 20).serve();
    let (_handle, mut events) = start(&fake, DiscoveryOptions::default());
    events.recv().await.unwrap();
    drop(events);
    let mut last = usize::MAX;
    while fake.log().len() != last {
        last = fake.log().len();
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    assert!(last < 30, "{last} requests");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_slow_is_waited_for() {
    let fake = World { latency: Duration::ZERO, ..World::grid(10, 100, 100) }.serve();
    let (_handle, mut events) = start(&fake, DiscoveryOptions::default());
    let mut last = usize::MAX;
    while fake.log().len() != last {
        last = fake.log().len();
        tokio::time::advance(Duration::from_secs(1)).await;
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    }
    assert!(last < 600, "{last} requests while nobody reads");
    let mut outcome = Outcome::default();
    outcome.until_finished(&mut events).await;
    assert_eq!(outcome.stats.details, 100_000);
}
