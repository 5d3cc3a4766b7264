//! Applying plans to a sandbox OpenMetadata: idempotent, faithful to what people wrote, and the same
//! end state whatever goes wrong on the way.
#![cfg(feature = "demo")]

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail,
    Item as Listed, NodeKind, TableKind,
};
use dremio_explorer::openmetadata::entity::{EntityType, StoredTable};
use dremio_explorer::openmetadata::{Client, ConnectOptions, Credentials, Error};
use dremio_explorer::sandbox::openmetadata::{
    Fault, OpenMetadataOptions, OpenMetadataSandbox, Version,
};
use dremio_explorer::sync::apply::{Application, ApplyOptions, ItemOutcome, Report, apply};
use dremio_explorer::sync::journal::{Journal, interrupted};
use dremio_explorer::sync::plan::plan;
use dremio_explorer::sync::read;
use dremio_explorer::sync::settled::{EdgeHashes, SettledEdges};
use dremio_explorer::sync::{
    Action, Current, Desired, DesiredEdge, ItemKey, Plan, PlanOptions, Principal,
    ProjectionOptions, Selection, ServerTraits, desired,
};
use tokio_util::sync::CancellationToken;

/// Two databases, `schemas` schemas each, `tables` tables in each schema; each table of `Sales` is
/// a view on the table of the same name in `lake`.
fn catalog(schemas: usize, tables: usize) -> Catalog {
    let mut catalog = Catalog::new();
    let listed = |path: DatasetPath, kind| Listed { path, id: None, kind, raw_kind: None };
    let mut children = |parent: DatasetPath, items: Vec<Listed>| {
        catalog.apply(Change::Children { parent, items, first: true, last: true });
    };
    let roots = [("lake", NodeKind::Source), ("Sales", NodeKind::Space)];
    let at = |parts: &[&str]| DatasetPath::new(parts.iter().copied());
    children(at(&[]), roots.map(|(name, kind)| listed(at(&[name]), kind)).to_vec());
    for (root, kind) in roots {
        let dataset = if kind == NodeKind::Space {
            NodeKind::View
        } else {
            NodeKind::Table(TableKind::Promoted)
        };
        let folder = |n: usize| format!("s{n}");
        children(
            at(&[root]),
            (0..schemas).map(|n| listed(at(&[root, &folder(n)]), NodeKind::Folder)).collect(),
        );
        for schema in 0..schemas {
            let schema = folder(schema);
            children(
                at(&[root, &schema]),
                (0..tables)
                    .map(|n| listed(at(&[root, &schema, &format!("t{n}")]), dataset))
                    .collect(),
            );
        }
    }
    let datasets: Vec<_> = catalog
        .walk()
        .filter(|node| node.kind().is_dataset())
        .map(|node| (node.path(), node.kind()))
        .collect();
    for (path, kind) in datasets {
        let is_view = kind == NodeKind::View;
        let column =
            |name: &str, data_type| Column { name: name.to_owned(), data_type, nullable: None };
        let columns = vec![column("id", DataType::BigInt), column("name", DataType::Varchar)];
        let below = DatasetPath::new(path.parts()[1..].iter().cloned());
        catalog.apply(Change::Entity(Box::new(Entity {
            item: listed(path, kind),
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(columns),
                sql: is_view.then(|| format!("SELECT id, name FROM lake.{below}")),
                ..DatasetDetail::default()
            }),
        })));
    }
    catalog
}

fn project(catalog: &Catalog) -> Desired {
    let options = ProjectionOptions {
        service_name: "Dremio".to_owned(),
        service_type: "Dremio".to_owned(),
        default_schema: "default".to_owned(),
        dremio_url: Some("http://localhost:9047".to_owned()),
        label_classification: None,
        wikis: HashMap::new(),
        labels: HashMap::new(),
    };
    let mut desired =
        desired::project(catalog, &Selection::default(), &options).expect("a fit service name");
    let views: Vec<String> = desired
        .entities
        .iter()
        .filter(|entity| entity.fqn.starts_with("Dremio.Sales.") && entity.path.len() == 3)
        .map(|entity| entity.fqn.clone())
        .collect();
    desired.edges = views
        .into_iter()
        .map(|to| DesiredEdge {
            from: to.replace(".Sales.", ".lake."),
            to,
            source: "ViewLineage".to_owned(),
            sql: Some("SELECT id, name".to_owned()),
            columns: vec![
                (vec!["ID".to_owned()], "id".to_owned(), None),
                (vec!["name".to_owned()], "name".to_owned(), Some("UPPER(name)".to_owned())),
            ],
        })
        .collect();
    desired
}

async fn sandbox(version: Version) -> OpenMetadataSandbox {
    let options =
        OpenMetadataOptions { version, bulk: version > Version::V1_12, ..Default::default() };
    OpenMetadataSandbox::start(options).await.expect("starts")
}

fn client(sandbox: &OpenMetadataSandbox, token: &str) -> Client {
    let options = ConnectOptions {
        url: sandbox.url(),
        credentials: Credentials::Token(token.to_owned().into()),
        http: HttpOptions {
            retry_pause: Duration::from_millis(5),
            retries: 6,
            ..HttpOptions::default()
        },
        max_concurrency: Some(4),
    };
    Client::new(options, RequestLog::new()).expect("good settings")
}

struct Round {
    plan: Plan,
    report: Report,
}

/// Reads, plans and applies once, as the command does.
async fn round(
    client: &Client,
    desired: &Desired,
    settled: &mut SettledEdges,
    batch: usize,
) -> Round {
    round_with(client, desired, settled, batch, None, &CancellationToken::new()).await
}

async fn round_with(
    client: &Client,
    desired: &Desired,
    settled: &mut SettledEdges,
    batch: usize,
    journal: Option<&Mutex<Journal>>,
    cancel: &CancellationToken,
) -> Round {
    let info = client.connect().await.expect("connects");
    let stores_sql_changes = info.numbers.0 >= 2;
    let current = current(client, desired, settled).await;
    let principal = if info.is_bot == Some(true) { Principal::Bot } else { Principal::User };
    let options = PlanOptions {
        principal,
        traits: ServerTraits { stores_sql_changes },
        overwrite_descriptions: false,
        prune: None,
    };
    let plan = plan(desired, &current, &options);
    let report = apply(
        Application {
            client,
            plan: &plan,
            current: &current,
            excluded: &BTreeSet::new(),
            options: &ApplyOptions { max_workers: 4, batch_size: batch, stores_sql_changes },
            journal,
            on_event: &|_| (),
        },
        cancel,
    )
    .await;
    let hashes = EdgeHashes::of(desired);
    for (fqn, id) in &report.settled {
        settled.settle(&hashes, fqn, id);
    }
    for fqn in &report.unsettled {
        settled.unsettle(fqn);
    }
    Round { plan, report }
}

async fn current(client: &Client, desired: &Desired, settled: &SettledEdges) -> Current {
    read::current(client, desired, settled, false, &|_| (), &CancellationToken::new())
        .await
        .expect("reads")
        .expect("is not cancelled")
}

fn failures(round: &Round) -> Vec<String> {
    round
        .plan
        .items
        .iter()
        .zip(&round.report.outcomes)
        .filter(|(_, outcome)| match outcome {
            ItemOutcome::Done { notes } => !notes.is_empty(),
            ItemOutcome::Untouched => false,
            _ => true,
        })
        .map(|(item, outcome)| format!("{:?}: {outcome:?}", item.key))
        .collect()
}

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
    let journal = Mutex::new(Journal::start(&path, "Dremio", "localhost", 300).expect("starts"));
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let watch = async {
        while sandbox.count(EntityType::Table) < 10 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        stop.cancel();
    };
    let mut settled = SettledEdges::default();
    let run = round_with(&client, &desired, &mut settled, 1, Some(&journal), &cancel);
    let (first, ()) = tokio::join!(run, watch);
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
    let (email, password) = sandbox.login();
    let options = ConnectOptions {
        url: format!("{}/api/", sandbox.url()),
        credentials: Credentials::Password {
            email: email.to_owned(),
            password: password.to_owned().into(),
        },
        http: HttpOptions::default(),
        max_concurrency: None,
    };
    let person = Client::new(options, RequestLog::new()).expect("good settings");
    let info = person.connect().await.expect("connects");
    assert_eq!((info.is_bot, info.numbers), (Some(false), (1, 13, 0)));
}
