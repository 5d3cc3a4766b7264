//! The walk over a server in memory: what it finds, what it asks for, and what a failure costs.

mod failures;
#[path = "../support/fake_catalog.rs"]
mod fake_catalog;
mod reading;
mod scope;
mod shapes;
mod steering;

use dremio_explorer::discovery::{
    DiscoveryEvent, DiscoveryHandle, DiscoveryOptions, DiscoveryStats, GaveUp, Skipped, discover,
};
use dremio_explorer::model::{Catalog, Change, NodeErrorKind, NodeKind, SchemaState};
use regex::Regex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use fake_catalog::{Fake, TABLE, World, path};

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

fn tables(count: usize) -> World {
    let mut world = World::default();
    world.add("db", NodeKind::Source);
    world.add("db.\"dotted.schema\"", NodeKind::Folder);
    for index in 0..count {
        world.add(&format!("db.\"dotted.schema\".t{index}"), TABLE);
    }
    world
}
