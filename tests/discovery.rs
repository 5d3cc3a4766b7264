//! The walk over a server in memory: what it finds, what it asks for, and what a failure costs.

use std::time::Duration;

use dremio_explorer::discovery::{
    DiscoveryEvent, DiscoveryHandle, DiscoveryOptions, DiscoveryStats, GaveUp, Skipped, Strategy,
    discover,
};
use dremio_explorer::model::{
    Catalog, Change, DatasetDetail, EntityDetail, Item, Listing, NodeErrorKind, NodeKind,
    SchemaState, SourceHealth,
};
use regex::Regex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

#[path = "support/fake_catalog.rs"]
mod fake_catalog;

use fake_catalog::{Fake, TABLE, World, path, source};

#[derive(Default)]
struct Outcome {
    catalog: Catalog,
    skipped: Vec<Skipped>,
    warnings: Vec<String>,
    gave_up: Vec<GaveUp>,
    stats: DiscoveryStats,
    cancelled: bool,
    progress: usize,
}

impl Outcome {
    fn take(&mut self, event: DiscoveryEvent) -> bool {
        match event {
            DiscoveryEvent::Changes(changes) => {
                for change in changes {
                    assert!(
                        !matches!(&change, Change::Children { items, .. } if items.len() > 512)
                    );
                    self.catalog.apply(change);
                }
            }
            DiscoveryEvent::Skipped(skipped) => self.skipped.push(skipped),
            DiscoveryEvent::Warning(text) => self.warnings.push(text),
            DiscoveryEvent::GaveUp(gave_up) => {
                self.warnings.push(gave_up.to_string());
                self.gave_up.push(gave_up);
            }
            DiscoveryEvent::Progress(_) => self.progress += 1,
            DiscoveryEvent::Finished { stats, cancelled } => {
                (self.stats, self.cancelled) = (stats, cancelled);
                return true;
            }
        }
        false
    }

    async fn until_finished(&mut self, events: &mut mpsc::Receiver<DiscoveryEvent>) {
        while let Some(event) = events.recv().await {
            if self.take(event) {
                return;
            }
        }
        panic!("the walk ended without saying so");
    }

    /// Takes events in until `done` holds.
    async fn until(
        &mut self,
        events: &mut mpsc::Receiver<DiscoveryEvent>,
        done: impl Fn(&Catalog) -> bool,
    ) {
        while !done(&self.catalog) {
            let event = events.recv().await.expect("the walk goes on");
            self.take(event);
        }
    }

    fn paths(&self) -> Vec<String> {
        self.catalog.walk().map(|node| node.path().to_string()).collect()
    }

    fn skip_reason(&self, text: &str) -> &str {
        let skipped = self.skipped.iter().find(|skipped| skipped.path == path(text));
        &skipped.unwrap_or_else(|| panic!("{text} is not skipped: {:?}", self.skipped)).reason
    }

    fn has_columns(&self, text: &str) -> bool {
        self.catalog.at(&path(text)).is_some_and(|node| node.schema().state == SchemaState::Known)
    }

    fn error(&self, text: &str) -> Option<NodeErrorKind> {
        self.catalog.at(&path(text)).expect(text).error().map(|error| error.kind)
    }
}

fn start(
    fake: &Fake,
    options: DiscoveryOptions,
) -> (DiscoveryHandle, mpsc::Receiver<DiscoveryEvent>) {
    discover(fake.clone(), options, CancellationToken::new(), false)
}

async fn run(fake: &Fake, options: DiscoveryOptions) -> Outcome {
    let (_handle, mut events) = start(fake, options);
    let mut outcome = Outcome::default();
    outcome.until_finished(&mut events).await;
    assert!(events.recv().await.is_none(), "nothing comes after the end");
    assert_eq!(outcome.stats.requests, fake.log().len());
    outcome
}

fn regexes(patterns: &[&str]) -> Vec<Regex> {
    patterns.iter().map(|pattern| Regex::new(pattern).expect(pattern)).collect()
}

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

fn tables(count: usize) -> World {
    let mut world = World::default();
    world.add("db", NodeKind::Source);
    world.add("db.\"dotted.schema\"", NodeKind::Folder);
    for index in 0..count {
        world.add(&format!("db.\"dotted.schema\".t{index}"), TABLE);
    }
    world
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

#[tokio::test(start_paused = true)]
async fn a_root_that_cannot_be_listed_is_told() {
    let mut world = World::grid(1, 1, 1);
    world.failing.insert("root".to_owned());
    let fake = world.serve();
    let outcome = run(&fake, DiscoveryOptions::default()).await;
    assert!(outcome.catalog.root().error().is_some());
    assert_eq!((outcome.stats.failed, outcome.cancelled), (1, false));
}
