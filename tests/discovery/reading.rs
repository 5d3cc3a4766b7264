//! What is read, in how many requests, and in which way.

use std::time::Duration;

use dremio_explorer::discovery::{DiscoveryOptions, Strategy};
use dremio_explorer::model::{DatasetDetail, EntityDetail, Listing, NodeKind, SchemaState};

use crate::fake_catalog::{TABLE, World, path};
use crate::{Outcome, run, start, tables};

#[tokio::test(start_paused = true)]
async fn everything_is_found_and_nothing_asked_twice() {
    let mut world = World::grid(4, 10, 30);
    world.page_size = 7;
    world.add("space_0.f", NodeKind::Function);
    world.add("space_0.odd", NodeKind::Unknown);
    let count = world.nodes.len();
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    assert_eq!(outcome.catalog.len(), count);
    assert!(outcome.catalog.walk().all(|node| node.error().is_none()));
    assert!(
        outcome
            .catalog
            .walk()
            .filter(|node| node.kind().is_container())
            .all(|node| node.listing() == Listing::Complete && node.has_details())
    );
    assert_eq!(outcome.catalog.column_count(), 4 * 10 * 30 * 3);
    assert_eq!(fake.repeated(), [""; 0]);
    let stats = outcome.stats;
    assert_eq!((stats.datasets, stats.details, stats.containers), (1_200, 1_200, 44));
    assert_eq!((stats.others, stats.failed, stats.skipped, stats.pending), (2, 0, 0, 0));
    assert_eq!(fake.asked_for("batch"), 1_200 / 50);
    assert_eq!(fake.asked_for("list space_0.f "), 0, "functions are not browsed");
    assert_eq!(fake.asked_for("get space_0.f"), 1);
    assert!(fake.most() <= 8);
    assert!(outcome.progress > 0);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_datasets_take_little_more_than_their_requests() {
    let fake = World::grid(20, 20, 25).serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    let requests = u32::try_from(outcome.stats.requests).unwrap();
    assert_eq!(outcome.stats.details, 10_000);
    assert_eq!(requests, 1 + 20 + 400 + 200);
    let ideal = Duration::from_millis(20) * requests / 8;
    let elapsed = outcome.stats.elapsed;
    assert!(elapsed <= ideal * 3 / 2, "{elapsed:?} against {ideal:?}");
    assert_eq!(fake.most(), 8);
}

#[tokio::test(start_paused = true)]
async fn workers_are_bounded_by_the_setting_and_by_sixteen() {
    for (asked, most) in [(Some(3), 3), (Some(99), 16), (None, 8), (Some(0), 1)] {
        let fake = World::grid(4, 10, 5).serve();
        let options = DiscoveryOptions { max_workers: asked, ..DiscoveryOptions::default() };
        run(&fake, options).await;
        assert_eq!(fake.most(), most);
    }
}

#[tokio::test(start_paused = true)]
async fn roots_come_at_once() {
    let mut world = World::grid(3, 3, 3);
    world.slow = Some("list".to_owned());
    let fake = world.serve();
    let (_handle, mut events) = start(&fake, DiscoveryOptions::default());
    let begin = tokio::time::Instant::now();
    let mut outcome = Outcome::default();
    outcome.until(&mut events, |catalog| catalog.len() == 3).await;
    assert_eq!(begin.elapsed(), Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn without_batches_datasets_are_read_one_by_one() {
    let mut world = World::grid(2, 4, 20);
    world.batches = false;
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    assert_eq!(outcome.catalog.column_count(), 160 * 3);
    assert_eq!((fake.asked_for("batch"), fake.asked_for("get")), (1, 160));
    assert_eq!(fake.asked_for("query"), 0, "a query does not pay for so few");
    assert_eq!(outcome.warnings.len(), 1);
    assert_eq!(fake.repeated(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn many_tables_without_batches_are_read_by_one_query() {
    let mut world = tables(5_000);
    world.batches = false;
    world.add("s", NodeKind::Space);
    world.add("s.v", NodeKind::View);
    world.add("db.lost", TABLE).detail = EntityDetail::Dataset(DatasetDetail::default());
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    assert_eq!(outcome.catalog.column_count(), 5_001 * 3);
    assert_eq!(fake.asked_for("query"), 2, "15,003 rows are two pages");
    assert_eq!(outcome.catalog.at(&path("s.v")).unwrap().sql(), Some("SELECT 1"));
    let lost = outcome.catalog.at(&path("db.lost")).unwrap();
    assert_eq!(lost.schema().state, SchemaState::Unknown);
    assert_eq!(fake.asked_for("get"), 2);
    assert_eq!((outcome.stats.details, outcome.stats.failed), (5_002, 0));
}

#[tokio::test(start_paused = true)]
async fn a_query_that_fails_costs_nothing_but_itself() {
    for strategy in [Strategy::Auto, Strategy::Sql] {
        let mut world = tables(500);
        world.batches = strategy == Strategy::Sql;
        world.sql = false;
        let fake = world.serve();
        let outcome =
            run(&fake, DiscoveryOptions { strategy, ..DiscoveryOptions::default() }).await;
        assert_eq!(outcome.catalog.column_count(), 1_500);
        assert!(outcome.warnings.iter().any(|text| text.contains("no privilege")));
        assert_eq!(fake.asked_for("query"), 1);
        assert_eq!(fake.asked_for("batch"), if world_has_batches(strategy) { 10 } else { 1 });
    }
}

fn world_has_batches(strategy: Strategy) -> bool {
    strategy == Strategy::Sql
}

#[tokio::test(start_paused = true)]
async fn strategies_are_kept_to() {
    let fake = tables(500).serve();
    let options = DiscoveryOptions { strategy: Strategy::Sql, ..DiscoveryOptions::default() };
    assert_eq!(run(&fake, options).await.catalog.column_count(), 1_500);
    assert_eq!((fake.asked_for("batch"), fake.asked_for("get")), (0, 0));
    for options in [
        DiscoveryOptions { strategy: Strategy::Rest, ..DiscoveryOptions::default() },
        DiscoveryOptions { auto_sql: false, ..DiscoveryOptions::default() },
    ] {
        let fake = World { batches: false, ..tables(500) }.serve();
        assert_eq!(run(&fake, options).await.catalog.column_count(), 1_500);
        assert_eq!(fake.asked_for("query"), 0);
    }
    let fake = tables(500).serve();
    let options = DiscoveryOptions { details: false, ..DiscoveryOptions::default() };
    let outcome = run(&fake, options).await;
    assert_eq!((outcome.stats.datasets, outcome.stats.details), (500, 0));
    assert_eq!(fake.log().len(), 3);
}
