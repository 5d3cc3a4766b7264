//! The walk over 10,000 datasets behind 20 ms of latency: its time against what its requests must
//! take at that concurrency. No statistics: one run takes longer than any noise.

#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::time::{Duration, Instant};

use dremio_explorer::discovery::{DiscoveryEvent, DiscoveryOptions, Strategy, discover};
use dremio_explorer::model::{Catalog, DataType, DatasetDetail, EntityDetail};
use tokio_util::sync::CancellationToken;

#[path = "../tests/support/fake_catalog.rs"]
mod fake_catalog;

use fake_catalog::World;

const CONCURRENCY: u32 = 8;

fn world(batches: bool) -> World {
    let mut world = World::grid(20, 20, 25);
    for node in world.nodes.values_mut() {
        if let EntityDetail::Dataset(DatasetDetail { columns: Some(columns), .. }) =
            &mut node.detail
        {
            *columns = (0..20)
                .map(|index| dremio_explorer::model::Column {
                    name: format!("column_{index}"),
                    data_type: DataType::Varchar,
                    nullable: None,
                })
                .collect();
        }
    }
    world.batches = batches;
    world
}

async fn walk(name: &str, batches: bool) {
    let fake = world(batches).serve();
    let options = DiscoveryOptions { strategy: Strategy::Rest, ..DiscoveryOptions::default() };
    let begin = Instant::now();
    let (_handle, mut events) = discover(fake.clone(), options, CancellationToken::new(), false);
    let mut catalog = Catalog::new();
    let mut first = None;
    while let Some(event) = events.recv().await {
        if let DiscoveryEvent::Changes(changes) = event {
            first.get_or_insert_with(|| begin.elapsed());
            for change in changes {
                catalog.apply(change);
            }
        }
    }
    let elapsed = begin.elapsed();
    let requests = u32::try_from(fake.log().len()).unwrap_or(u32::MAX);
    let ideal = Duration::from_millis(20) * requests / CONCURRENCY;
    println!(
        "{name}: {} datasets' columns ({}), {requests} requests ({} repeated) in {elapsed:.2?}, \
         {:.2} × the ideal {ideal:.2?}; first tree after {:.1?}",
        catalog.walk().filter(|node| !node.schema().is_empty()).count(),
        catalog.column_count(),
        fake.repeated().len(),
        elapsed.as_secs_f64() / ideal.as_secs_f64(),
        first.unwrap_or_default(),
    );
}

#[tokio::main]
async fn main() {
    walk("batches", true).await;
    walk("one by one", false).await;
}
