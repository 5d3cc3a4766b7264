//! Trees of odd shapes: rings, strays, twins, the very deep and the very wide.

use std::time::Duration;

use dremio_explorer::discovery::DiscoveryOptions;
use dremio_explorer::model::{Item, Listing, NodeKind};

use crate::fake_catalog::{World, path};
use crate::run;

#[tokio::test(start_paused = true)]
async fn rings_and_strays_come_to_an_end() {
    let mut world = World::default();
    world.add("s", NodeKind::Space);
    world.add("s.a", NodeKind::Folder);
    let ring = Item { id: Some("id:s.a".to_owned()), ..World::item("s.a.b", NodeKind::Folder) };
    world.add_item(ring);
    let strays = [
        World::item("s.a", NodeKind::Folder),
        World::item("s", NodeKind::Space),
        World::item("elsewhere.x", NodeKind::View),
        Item { path: path(""), ..World::item("s", NodeKind::Space) },
    ];
    world.nodes.get_mut(&path("s.a")).unwrap().children.extend(strays);
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    assert_eq!(outcome.paths(), ["s", "s.a", "s.a.b"]);
    assert!(outcome.skip_reason("s.a.b").contains("id of s.a"));
    assert!(outcome.skip_reason("s.a").contains("itself"));
    assert!(outcome.skip_reason("elsewhere.x").contains("does not belong"));
    assert_eq!(fake.log().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_endless_folder_ends_at_the_longest_path() {
    let mut world = World { latency: Duration::ZERO, ..World::default() };
    let mut at = path("s");
    world.add("s", NodeKind::Space);
    for _ in 0..200 {
        at = at.join("x");
        world.add(&at.to_string(), NodeKind::Folder);
    }
    let outcome = run(&world.serve(), DiscoveryOptions::default()).await;
    assert_eq!(outcome.catalog.len(), 127);
    assert_eq!(outcome.skipped.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn case_twins_and_repeats_are_one_thing() {
    let mut world = World::default();
    world.add("db", NodeKind::Source);
    world.add_all(NodeKind::View, &["db.Orders", "db.orders"]);
    let repeat = World::item("db.Orders", NodeKind::View);
    world.nodes.get_mut(&path("db")).unwrap().children.push(repeat);
    world.page_size = 2;
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    assert_eq!(outcome.paths(), ["db", "db.Orders"]);
    assert!(outcome.skip_reason("db.orders").contains("only in case"));
    assert_eq!((outcome.stats.skipped, outcome.stats.datasets), (1, 1));
    assert_eq!(fake.repeated(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_huge_folder_comes_in_pieces() {
    let mut world = World::default();
    world.add("s", NodeKind::Space);
    let items: Vec<_> =
        (0..100_000).map(|index| World::item(&format!("s.f{index}"), NodeKind::File)).collect();
    world.nodes.get_mut(&path("s")).unwrap().children = items;
    let outcome = run(&world.serve(), DiscoveryOptions::default()).await;
    assert_eq!((outcome.catalog.len(), outcome.stats.others), (100_001, 100_000));
    assert_eq!(outcome.catalog.at(&path("s")).unwrap().listing(), Listing::Complete);
}
