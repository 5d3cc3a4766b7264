//! How an engine runs: cancelling, the time of its start, the same rows each time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dremio_explorer::sandbox::sql::{CANCELLED, Cancel, Engine};
use dremio_explorer::sandbox::world::World;
use serde_json::json;

use crate::{run, world};

#[test]
fn a_run_can_be_cancelled() {
    let engine = Engine::new(&world("shop"));
    let cancel = Cancel::default();
    cancel.pull();
    assert_eq!(engine.run_cancellable("SELECT 1", &[], &cancel), Err(CANCELLED.to_owned()));

    let engine = Arc::new(engine);
    let cancel = Cancel::default();
    let endless = "SELECT COUNT(*) FROM crm.public.customers a, crm.public.customers b, \
                   crm.public.customers c, crm.public.customers d, crm.public.customers e";
    let running = std::thread::spawn({
        let (engine, cancel) = (Arc::clone(&engine), cancel.clone());
        move || engine.run_cancellable(endless, &[], &cancel)
    });
    cancel.pull();
    assert_eq!(running.join().expect("no panic"), Err(CANCELLED.to_owned()));
    assert_eq!(run(&engine, "SELECT 1 AS x").rows, [[json!(1)]], "the next run is not hit");
}

#[test]
fn an_engine_is_there_at_once() {
    let world = world("shop");
    let start = Instant::now();
    let engine = Engine::new(&world);
    run(&engine, "SELECT * FROM sys.version");
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_millis(300), "{elapsed:?}");
}

#[test]
fn rows_are_the_same_whatever_was_read_before() {
    let world = world("shop");
    let first = Engine::new(&world);
    run(&first, "SELECT * FROM crm.support.ticket_events");
    let second = Engine::new(&world);
    let sql = "SELECT * FROM lake.\"shop-raw\".orders";
    assert_eq!(run(&first, sql), run(&second, sql));
    let names: HashSet<_> = World::names().collect();
    assert!(names.contains("shop") && names.contains("reference"));
}
