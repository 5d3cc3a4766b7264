//! Applying plans to a sandbox OpenMetadata: idempotent, faithful to what people wrote, and the same
//! end state whatever goes wrong on the way.
#![cfg(feature = "demo")]

mod bulk;
mod faults;
mod proxy;
mod words;
mod world;

use std::sync::Mutex;
use std::time::Duration;

use dremio_explorer::http::HttpOptions;
use dremio_explorer::model::{
    Change, DatasetDetail, DatasetPath, Entity, EntityDetail, Item as Listed, NodeKind,
};
use dremio_explorer::openmetadata::Error;
use dremio_explorer::openmetadata::entity::{EntityType, StoredTable};
use dremio_explorer::sandbox::openmetadata::{Fault, Version};
use dremio_explorer::sync::apply::ItemOutcome;
use dremio_explorer::sync::journal::{Journal, interrupted};
use dremio_explorer::sync::settled::SettledEdges;
use dremio_explorer::sync::{Action, ItemKey};
use tokio_util::sync::CancellationToken;

use world::{Turn, catalog, client, connect, failures, project, round, sandbox};

#[tokio::test]
async fn a_second_run_writes_nothing_on_every_version() {
    for version in [Version::V1_12, Version::V1_13, Version::V2_0] {
        for is_bot in [true, false] {
            let sandbox = sandbox(version).await;
            let token = if is_bot { sandbox.bot_token() } else { sandbox.user_token() };
            let client = client(&sandbox, token);
            let desired = project(&catalog(2, 3));
            let mut settled = SettledEdges::default();
            let first = round(&client, &desired, &mut settled, 4).await;
            // An older server does not know the type, and the report says what was done about it.
            let told = failures(&first);
            assert_eq!(told.len(), usize::from(version == Version::V1_12), "{told:?}");
            assert_eq!(first.report.statistics.tables, 12);
            assert_eq!(first.report.statistics.edges, 6);
            assert_eq!(sandbox.count(EntityType::Table), 12);
            let state = sandbox.dump();

            sandbox.clear_requests();
            let second = round(&client, &desired, &mut settled, 4).await;
            assert_eq!(sandbox.writes(), [], "{version:?}");
            assert!(second.plan.is_empty());
            let lineage_reads =
                sandbox.requests().iter().filter(|seen| seen.target.contains("/lineage/")).count();
            assert_eq!(lineage_reads, 0, "edges that were verified are not read again");
            assert_eq!(sandbox.dump(), state);

            // Without the memory of the first run the edges are read, and found as they should be.
            let third = round(&client, &desired, &mut SettledEdges::default(), 4).await;
            assert!(third.plan.is_empty(), "{:?}", third.plan.counts());
            assert_eq!(sandbox.writes(), []);
        }
    }
}

#[tokio::test]
async fn changed_sql_reaches_servers_that_do_not_notice_it() {
    let sandbox = sandbox(Version::V1_13).await;
    let client = client(&sandbox, sandbox.bot_token());
    let mut catalog = catalog(1, 1);
    let mut settled = SettledEdges::default();
    round(&client, &project(&catalog), &mut settled, 1).await;
    let path: DatasetPath = "Sales.s0.t0".parse().expect("a path");
    let node = catalog.at(&path).expect("is there");
    let columns = node.schema().to_columns();
    catalog.apply(Change::Entity(Box::new(Entity {
        item: Listed { path, id: None, kind: NodeKind::View, raw_kind: None },
        created_at: None,
        detail: EntityDetail::Dataset(DatasetDetail {
            columns,
            sql: Some("SELECT id, name FROM lake.s0.t0 WHERE id > 0".to_owned()),
            ..DatasetDetail::default()
        }),
    })));
    let desired = project(&catalog);
    let update = round(&client, &desired, &mut settled, 1).await;
    assert_eq!(failures(&update), Vec::<String>::new());
    let fqn = "Dremio.Sales.s0.t0";
    let sql = |stored: Option<StoredTable>| stored.expect("is there").schema_definition;
    let stored = client.by_name(EntityType::Table, fqn).await.expect("reads");
    assert!(sql(stored).is_some_and(|sql| sql.contains("WHERE id > 0")));

    // A person edits the description in the UI: a PATCH, which erases the SQL under an equal hash.
    let id = client.by_name::<StoredTable>(EntityType::Table, fqn).await.expect("reads");
    let id = id.expect("is there").common.id;
    let patch = serde_json::json!([{ "op": "add", "path": "/description", "value": "By hand" }]);
    client.patch(EntityType::Table, &id, &patch).await.expect("patches");
    let erased = client.by_name(EntityType::Table, fqn).await.expect("reads");
    assert_eq!(sql(erased), None);
    let repair = round(&client, &desired, &mut settled, 1).await;
    assert_eq!(failures(&repair), Vec::<String>::new());
    let stored: StoredTable =
        client.by_name(EntityType::Table, fqn).await.expect("reads").expect("is there");
    assert!(stored.schema_definition.is_some());
    assert_eq!(stored.common.description.as_deref(), Some("By hand"));
    let after = round(&client, &desired, &mut settled, 1).await;
    assert!(after.plan.is_empty());
}

#[tokio::test]
async fn whatever_goes_wrong_the_end_state_is_the_same() {
    let desired = project(&catalog(2, 10));
    let undisturbed = sandbox(Version::V1_13).await;
    let quiet = client(&undisturbed, undisturbed.bot_token());
    round(&quiet, &desired, &mut SettledEdges::default(), 1).await;
    let expected = undisturbed.dump();
    for seed in 0..6 {
        let disturbed = sandbox(Version::V1_13).await;
        disturbed.configure(|options| {
            options.unavailable = 0.1;
            options.reset = 0.05;
            options.reset_after_write = 0.1;
            options.seed = seed;
        });
        let shaken = client(&disturbed, disturbed.bot_token());
        let mut settled = SettledEdges::default();
        let batch = if seed % 2 == 0 { 1 } else { 7 };
        for _ in 0..4 {
            let turn = round(&shaken, &desired, &mut settled, batch).await;
            if turn.plan.is_empty() {
                break;
            }
        }
        assert_eq!(disturbed.dump(), expected, "seed {seed}");
    }
}

#[tokio::test]
async fn a_refused_schema_costs_its_tables_and_no_others() {
    let sandbox = sandbox(Version::V1_13).await;
    let client = client(&sandbox, sandbox.bot_token());
    let desired = project(&catalog(2, 2));
    sandbox.fail_next(1, Some("PUT"), "/api/v1/databaseSchemas", Fault::Status(403, "no".into()));
    let first = round(&client, &desired, &mut SettledEdges::default(), 1).await;
    let failed = first
        .report
        .outcomes
        .iter()
        .filter(|outcome| matches!(outcome, ItemOutcome::Failed { .. }))
        .count();
    let skipped = first
        .report
        .outcomes
        .iter()
        .filter(|outcome| matches!(outcome, ItemOutcome::Skipped { .. }))
        .count();
    assert_eq!(failed, 1);
    assert_eq!(skipped, 4, "two tables below it, and the two edges that they would end");
    assert_eq!(sandbox.count(EntityType::Table), 6);
    assert_eq!(first.report.ended_early, None);
    let second = round(&client, &desired, &mut SettledEdges::default(), 1).await;
    assert_eq!(failures(&second), Vec::<String>::new());
    assert_eq!(sandbox.count(EntityType::Table), 8);
}

#[tokio::test]
async fn a_token_that_expires_in_mid_run_ends_it_at_once() {
    let sandbox = sandbox(Version::V1_13).await;
    let client = client(&sandbox, sandbox.bot_token());
    let desired = project(&catalog(2, 20));
    sandbox.fail_next(1, Some("PUT"), "/api/v1/tables", Fault::Status(401, String::new()));
    let first = round(&client, &desired, &mut SettledEdges::default(), 1).await;
    let why = first.report.ended_early.expect("ended early");
    assert!(why.contains("Settings › Bots"), "{why}");
    assert!(first.report.statistics.not_begun > 50);
}

#[tokio::test]
async fn cancelling_leaves_a_journal_that_says_what_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.jsonl");
    let sandbox = sandbox(Version::V1_13).await;
    sandbox.configure(|options| options.latency = Duration::from_millis(5));
    let client = client(&sandbox, sandbox.bot_token());
    let desired = project(&catalog(2, 40));
    let journal =
        Mutex::new(Journal::start(&path, "Dremio", "localhost", 300, &[]).expect("starts"));
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let watch = async {
        while sandbox.count(EntityType::Table) < 10 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        stop.cancel();
    };
    let mut settled = SettledEdges::default();
    let turn = Turn { journal: Some(&journal), cancel, ..Turn::default() };
    let (first, ()) = tokio::join!(turn.take(&client, &desired, &mut settled), watch);
    let first = first.expect("reads");
    assert_eq!(first.report.ended_early.as_deref(), Some("cancelled"));
    let left = interrupted(&path).expect("reads").expect("was interrupted");
    assert_eq!(left.in_doubt, []);
    let tables = left
        .written
        .iter()
        .filter(|key| matches!(key, ItemKey::Entity(EntityType::Table, _)))
        .count();
    assert_eq!(tables, sandbox.count(EntityType::Table));
    let second = round(&client, &desired, &mut settled, 1).await;
    assert_eq!(failures(&second), Vec::<String>::new());
    assert_eq!(sandbox.count(EntityType::Table), 160);
}

#[tokio::test]
async fn a_soft_deleted_table_is_restored_and_announced() {
    let sandbox = sandbox(Version::V2_0).await;
    let client = client(&sandbox, sandbox.user_token());
    let desired = project(&catalog(1, 2));
    let mut settled = SettledEdges::default();
    round(&client, &desired, &mut settled, 1).await;
    let fqn = "Dremio.lake.s0.t1";
    let stored: StoredTable =
        client.by_name(EntityType::Table, fqn).await.expect("reads").expect("is there");
    client.delete(EntityType::Table, &stored.common.id, false).await.expect("deletes");
    let back = round(&client, &desired, &mut settled, 1).await;
    let restored: Vec<_> =
        back.plan.items.iter().filter(|item| item.action == Action::Restore).collect();
    assert_eq!(restored.len(), 1);
    assert_eq!(sandbox.count(EntityType::Table), 4);
}

#[tokio::test]
async fn wrong_servers_and_tokens_are_told_apart() {
    let sandbox = sandbox(Version::V1_13).await;
    let refused = client(&sandbox, "nonsense").connect().await.expect_err("no such token");
    assert!(matches!(refused, Error::Unauthorized { .. }), "{refused}");
    sandbox.fail_next(1, Some("GET"), "/api/v1/system/version", Fault::Html);
    let page = client(&sandbox, sandbox.bot_token()).connect().await.expect_err("a web page");
    assert!(matches!(page, Error::NotJson { .. }), "{page}");
    let url = format!("{}/api/", sandbox.url());
    let person = connect(url, world::person(&sandbox), HttpOptions::default());
    let info = person.connect().await.expect("connects");
    assert_eq!((info.is_bot, info.numbers), (Some(false), (1, 13, 0)));
}
