//! What a failure costs, and when nothing more is asked.

use dremio_explorer::discovery::DiscoveryOptions;
use dremio_explorer::model::{
    EntityDetail, Listing, NodeErrorKind, NodeKind, SchemaState, SourceHealth,
};

use crate::fake_catalog::{World, path, source};
use crate::run;

#[tokio::test(start_paused = true)]
async fn a_fault_costs_one_node_each() {
    let mut world = World::grid(5, 20, 40);
    world.faults = Some(20);
    let total = world.nodes.len();
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    let failed: Vec<_> = outcome.catalog.walk().filter(|node| node.error().is_some()).collect();
    assert!(!failed.is_empty());
    assert_eq!(failed.len(), outcome.stats.failed);
    let hidden: usize = failed
        .iter()
        .filter(|node| node.kind().is_container())
        .map(|node| if node.depth() == 1 { 20 * 41 } else { 40 })
        .sum();
    assert_eq!(outcome.catalog.len() + hidden, total);
    for node in outcome.catalog.walk().filter(|node| node.kind().is_dataset()) {
        assert!(node.error().is_some() || node.schema().state == SchemaState::Known);
    }
    assert_eq!(fake.repeated(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_bad_id_in_a_batch_costs_that_dataset() {
    let mut world = World::grid(1, 1, 60);
    world.failing.insert("id:space_0.folder_0.view_3".to_owned());
    world.ids.remove("id:space_0.folder_0.view_4");
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    assert_eq!(outcome.error("space_0.folder_0.view_3"), Some(NodeErrorKind::Other));
    assert_eq!(outcome.error("space_0.folder_0.view_4"), Some(NodeErrorKind::NotFound));
    assert_eq!((outcome.stats.details, outcome.stats.failed), (58, 2));
    assert_eq!(fake.asked_for("get"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_down_says_so_and_costs_nothing_else() {
    let mut world = World::grid(2, 2, 2);
    let bad = world.add("crm", NodeKind::Source);
    bad.detail = source("POSTGRES", SourceHealth::Bad);
    if let EntityDetail::Source(source) = &mut bad.detail {
        source.messages = vec!["Connection refused".to_owned()];
    }
    world.slow = Some("crm".to_owned());
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    let crm = outcome.catalog.at(&path("crm")).unwrap();
    assert_eq!(crm.error().unwrap().kind, NodeErrorKind::SourceDown);
    assert!(crm.error().unwrap().message.contains("currently unavailable"));
    assert!(crm.error().unwrap().message.contains("Connection refused"));
    assert_eq!(crm.source().unwrap().health, SourceHealth::Bad);
    assert_eq!((outcome.stats.failed, outcome.stats.details), (1, 8));
    assert_eq!((fake.asked_for("list crm"), fake.asked_for("get crm")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_on_everything_is_left_alone() {
    let mut world = World::grid(1, 400, 1);
    for folder in 0..400 {
        world.failing.insert(format!("list space_0.folder_{folder} 0"));
    }
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    assert!(fake.log().len() < 60, "{} requests", fake.log().len());
    assert_eq!(outcome.stats.failed, 400);
    assert!(
        outcome.catalog.walk().filter(|node| node.depth() == 2).all(|node| node.error().is_some())
    );
    let [gave_up] = outcome.gave_up.as_slice() else { panic!("{:?}", outcome.gave_up) };
    assert!(!gave_up.refused && gave_up.untried > 300, "{gave_up}");
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_breaks_off_keeps_what_came() {
    let mut world = World::grid(1, 1, 9);
    world.page_size = 3;
    world.failing.insert("list space_0.folder_0 3".to_owned());
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    let folder = outcome.catalog.at(&path("space_0.folder_0")).unwrap();
    assert_eq!(folder.error().unwrap().kind, NodeErrorKind::Unavailable);
    assert_eq!((folder.listing(), folder.children().len()), (Listing::Partial, 3));
    assert_eq!((outcome.stats.details, outcome.stats.failed), (3, 1));
    assert_eq!(fake.repeated(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn after_a_refused_login_nothing_more_is_asked() {
    let fake = World { expires_after: 20, ..World::grid(4, 10, 10) }.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    assert!(fake.log().len() <= 20 + 2 * 8, "{} requests", fake.log().len());
    let left = outcome.catalog.walk().filter(|node| {
        node.error().is_none() && node.listing() != Listing::Complete && !node.has_details()
    });
    assert_eq!(left.count(), 0, "whatever was not read says so");
    assert!(outcome.warnings.iter().any(|text| text.contains("token was refused")));
}

#[tokio::test(start_paused = true)]
async fn a_root_that_cannot_be_listed_is_told() {
    let mut world = World::grid(1, 1, 1);
    world.failing.insert("root".to_owned());
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    assert!(outcome.catalog.root().error().is_some());
    assert_eq!((outcome.stats.failed, outcome.cancelled), (1, false));
}
