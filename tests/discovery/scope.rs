//! What is left out: by place, depth, name and kind.

use dremio_explorer::discovery::DiscoveryOptions;
use dremio_explorer::model::{Item, NodeKind, SourceHealth};

use crate::fake_catalog::{TABLE, World, source};
use crate::{regexes, run};

#[tokio::test(start_paused = true)]
async fn storage_folders_are_left_alone_unless_dremio_stored_them() {
    let world = || {
        let mut world = World::default();
        world.add("lake", NodeKind::Source).detail = source("S3", SourceHealth::Good);
        world.add_item(Item {
            id: Some("dremio:/lake/raw".to_owned()),
            ..World::item("lake.raw", NodeKind::Folder)
        });
        world.add("lake.known", NodeKind::Folder);
        world.add("lake.\"x.csv\"", NodeKind::File);
        for index in 0..60 {
            world.add(&format!("lake.known.t{index}"), TABLE);
        }
        world.add("lake.raw.t", TABLE);
        world
    };
    let fake = world().serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    assert!(outcome.skip_reason("lake.raw").contains("file system"));
    assert!(outcome.has_columns("lake.known.t1"));
    assert_eq!(fake.asked_for("list lake.raw"), 0);
    assert_eq!(fake.asked_for("batch"), 3, "batches of 25 there");

    let fake = world().serve();
    let options = DiscoveryOptions { list_stored_folders: false, ..DiscoveryOptions::default() };
    let outcome = run(&fake, options).await;
    assert_eq!((outcome.skipped.len(), fake.log().len()), (2, 2));

    let fake = world().serve();
    let options = DiscoveryOptions { list_storage_folders: true, ..DiscoveryOptions::default() };
    assert!(run(&fake, options).await.has_columns("lake.raw.t"));
}

#[tokio::test(start_paused = true)]
async fn depth_is_counted_from_the_roots() {
    for (depth, nodes, skipped) in [(1, 2, 2), (2, 6, 4), (3, 18, 0)] {
        let fake = World::grid(2, 2, 3).serve();
        let options = DiscoveryOptions { max_depth: Some(depth), ..DiscoveryOptions::default() };
        let outcome = run(&fake, options).await;
        assert_eq!((outcome.catalog.len(), outcome.skipped.len()), (nodes, skipped));
    }
}

#[tokio::test(start_paused = true)]
async fn inclusion_reads_only_what_can_match_and_leaves_no_dead_ends() {
    let fake = World::grid(3, 3, 3).serve();
    let include = regexes(&[r"^space_1\.folder_[01]\.view_2$"]);
    let outcome = run(&fake, DiscoveryOptions { include, ..DiscoveryOptions::default() }).await;
    assert_eq!(
        outcome.paths(),
        [
            "space_1",
            "space_1.folder_0",
            "space_1.folder_0.view_2",
            "space_1.folder_1",
            "space_1.folder_1.view_2",
        ]
    );
    assert_eq!(fake.asked_for("list"), 3);

    let fake = World::grid(2, 2, 2).serve();
    let include = regexes(&["folder_1"]);
    let exclude = regexes(&["view_0"]);
    let options = DiscoveryOptions { include, exclude, ..DiscoveryOptions::default() };
    let outcome = run(&fake, options).await;
    assert_eq!(outcome.catalog.len(), 2 + 2 + 2);
    assert!(outcome.has_columns("space_0.folder_1.view_1"));
    assert!(outcome.skip_reason("space_0.folder_1.view_0").contains("view_0"));

    let fake = World::grid(2, 2, 2).serve();
    let include = regexes(&["nothing like this"]);
    let outcome = run(&fake, DiscoveryOptions { include, ..DiscoveryOptions::default() }).await;
    assert_eq!(outcome.paths(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn kinds_and_hidden_roots_are_filtered() {
    let mut world = World::default();
    world.add_all(NodeKind::Source, &["__accelerator", "$scratch", "db"].map(quoted));
    world.add("db.t", TABLE);
    world.add("db.v", NodeKind::View);
    world.add("\"$scratch\".tmp", TABLE);
    let fake = world.serve();
    let kinds = vec![NodeKind::Table(dremio_explorer::model::TableKind::Unknown)];
    let outcome = run(&fake, DiscoveryOptions { kinds, ..DiscoveryOptions::default() }).await;
    assert_eq!(outcome.paths(), ["\"$scratch\"", "db", "db.t"]);
    assert!(outcome.skip_reason("db.v").contains("view"));
    assert!(outcome.skip_reason("__accelerator").contains("internal"));
    assert!(outcome.skip_reason("\"$scratch\"").contains("temporary"));
}

fn quoted(name: &str) -> &str {
    if name == "$scratch" { "\"$scratch\"" } else { name }
}
