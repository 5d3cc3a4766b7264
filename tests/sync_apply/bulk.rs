//! Tables in bulk requests: what the server refuses, in part or as a whole, costs only that.

use dremio_explorer::http::HttpOptions;
use dremio_explorer::openmetadata::Credentials;
use dremio_explorer::openmetadata::entity::{EntityType, TagLabel};
use dremio_explorer::sandbox::openmetadata::{Fault, OpenMetadataSandbox, Version};
use dremio_explorer::sync::apply::ItemOutcome;
use dremio_explorer::sync::desired::Body;
use dremio_explorer::sync::settled::SettledEdges;
use dremio_explorer::sync::{Desired, ItemKey};
use rstest::rstest;

use crate::proxy::{Due, Proxy, Spoilt};
use crate::world::{Round, catalog, client, connect, failures, project, round, sandbox};

const BULK: &str = "/api/v1/tables/bulk";

fn counted(server: &OpenMetadataSandbox, method: &str, prefix: &str) -> usize {
    let requests = server.requests();
    let is_one = |target: &str| target.starts_with(prefix);
    requests.iter().filter(|seen| seen.method == method && is_one(&seen.target)).count()
}

async fn fresh(server: &OpenMetadataSandbox, desired: &Desired, batch: usize) -> Round {
    let client = client(server, server.bot_token());
    round(&client, desired, &mut SettledEdges::default(), batch).await
}

#[tokio::test]
async fn new_tables_go_in_batches_and_their_edges_need_no_read_each() {
    let alone = sandbox(Version::V1_13).await;
    let desired = project(&catalog(2, 20));
    fresh(&alone, &desired, 1).await;
    assert_eq!(counted(&alone, "PUT", BULK), 0);

    let server = sandbox(Version::V1_13).await;
    let first = fresh(&server, &desired, 25).await;
    assert_eq!(failures(&first), Vec::<String>::new());
    assert_eq!(server.dump(), alone.dump());
    assert_eq!(counted(&server, "PUT", BULK), 4, "80 tables, 25 in each");
    assert_eq!(counted(&server, "PUT", "/api/v1/tables"), 4, "and none alone");
    assert_eq!(counted(&server, "GET", "/api/v1/tables/name"), 0);
    assert_eq!(counted(&server, "GET", "/api/v1/tables?"), 2, "a list a database");
}

#[tokio::test]
async fn an_older_server_gets_them_one_by_one() {
    let server = sandbox(Version::V1_12).await;
    let first = fresh(&server, &project(&catalog(2, 20)), 25).await;
    assert_eq!(first.report.statistics.tables, 80);
    assert_eq!(counted(&server, "PUT", BULK), 1, "asked once");
    assert_eq!(server.count(EntityType::Table), 80);
}

#[tokio::test]
async fn a_server_that_takes_fewer_rows_gets_smaller_batches() {
    let server = sandbox(Version::V1_13).await;
    server.fail_next(2, Some("PUT"), BULK, Fault::Status(413, "too many".to_owned()));
    let first = fresh(&server, &project(&catalog(2, 20)), 40).await;
    assert_eq!(failures(&first), Vec::<String>::new());
    assert_eq!(server.count(EntityType::Table), 80);
    assert_eq!(counted(&server, "PUT", BULK), 2 + 8, "40 and 20 were too many: 10 each");
}

/// The server's own limit, met by halving: everything still goes in bulk.
#[rstest]
#[case::a_few(7, 5)]
#[case::one(1, 1)]
#[tokio::test]
async fn batches_shrink_to_what_the_server_takes(#[case] limit: usize, #[case] most: usize) {
    let server = sandbox(Version::V1_13).await;
    server.configure(|options| options.quirks.bulk_limit = Some(limit));
    let first = fresh(&server, &project(&catalog(2, 20)), 40).await;
    assert_eq!(failures(&first), Vec::<String>::new());
    assert_eq!(first.report.statistics.tables, 80);
    assert_eq!(server.count(EntityType::Table), 80);
    let asked: Vec<_> =
        server.requests().into_iter().filter(|seen| seen.target.starts_with(BULK)).collect();
    let refused = asked.iter().filter(|seen| seen.status == Some(413)).count();
    assert!((1..=8).contains(&refused), "{refused} were too large");
    assert_eq!(asked.len() - refused, 80 / most);
    assert_eq!(counted(&server, "PUT", "/api/v1/tables"), asked.len(), "none alone");
}

/// What a server or proxy that takes no bulk request of any size, or is never free for one, answers:
/// after a few tries each table goes by itself.
#[rstest]
#[case::not_even_one_row(Fault::Status(413, "too large".to_owned()), 7)]
#[case::read_as_an_id(Fault::Status(404, "table instance for bulk not found".to_owned()), 1)]
#[case::no_such_method(Fault::Status(405, "HTTP 405 Method Not Allowed".to_owned()), 1)]
#[case::not_an_id(Fault::Status(400, "query param id must match".to_owned()), 1)]
#[case::the_web_page(Fault::Html, 1)]
#[case::not_made(Fault::Status(501, "Not Implemented".to_owned()), 1)]
#[case::always_busy(Fault::Status(503, "the bulk queue is full".to_owned()), 7)]
#[tokio::test]
async fn without_bulk_requests_tables_go_one_by_one(#[case] fault: Fault, #[case] tries: usize) {
    let server = sandbox(Version::V1_13).await;
    server.fail_next(usize::MAX, Some("PUT"), BULK, fault);
    let first = fresh(&server, &project(&catalog(2, 20)), 40).await;
    assert_eq!(failures(&first), Vec::<String>::new());
    assert_eq!(first.report.ended_early, None);
    assert_eq!(first.report.statistics.tables, 80);
    assert_eq!(server.count(EntityType::Table), 80);
    let asked = counted(&server, "PUT", BULK);
    assert!((1..=tries).contains(&asked), "{asked} bulk requests");
    assert_eq!(counted(&server, "PUT", "/api/v1/tables") - asked, 80);
}

/// A queue that is full for a moment is asked again, and the batches stay whole.
#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let server = sandbox(Version::V1_13).await;
    let busy = Fault::Status(503, "the bulk queue is full".to_owned());
    server.fail_next(3, Some("PUT"), BULK, busy);
    let first = fresh(&server, &project(&catalog(2, 20)), 40).await;
    assert_eq!(failures(&first), Vec::<String>::new());
    assert_eq!(server.count(EntityType::Table), 80);
    assert_eq!(counted(&server, "PUT", BULK), 3 + 2);
    assert_eq!(counted(&server, "PUT", "/api/v1/tables"), 5, "none alone");
}

/// The first batch shows that there are bulk requests; a later one fails as a whole.
#[rstest]
#[case::not_understood(400)]
#[case::denied(403)]
#[case::gone(404)]
#[case::broken(500)]
#[tokio::test]
async fn a_batch_that_fails_as_a_whole_is_sent_row_by_row(
    #[case] status: u16,
    #[values(0, 1, 2)] after: usize,
) {
    let server = sandbox(Version::V1_13).await;
    let proxy = Proxy::start(server.url()).await;
    let how = Spoilt::Status(status);
    proxy.spoil(Due { method: "PUT", prefix: BULK, after, times: 1, how });
    let token = Credentials::Token(server.bot_token().into());
    let client = connect(proxy.url(), token, HttpOptions { retries: 0, ..HttpOptions::default() });
    let desired = project(&catalog(2, 20));
    let first = round(&client, &desired, &mut SettledEdges::default(), 10).await;
    assert_eq!(proxy.left(), 0);
    assert_eq!(failures(&first), Vec::<String>::new());
    assert_eq!(first.report.statistics.not_begun, 0);
    assert_eq!(first.report.statistics.tables, 80);
    assert_eq!(server.count(EntityType::Table), 80);
}

/// Tables of one name in several schemas: the refused one is told apart from the others.
#[tokio::test]
async fn a_refused_row_is_named_and_no_other() {
    let server = sandbox(Version::V1_13).await;
    let mut desired = project(&catalog(3, 4));
    let bad = "Dremio.lake.s1.t2";
    for entity in &mut desired.entities {
        if let (true, Body::Table(table)) = (entity.fqn == bad, &mut entity.body) {
            table.common.tags.push(TagLabel {
                tag_fqn: "Nowhere.Known".to_owned(),
                source: "Classification".to_owned(),
                label_type: "Automated".to_owned(),
                state: "Confirmed".to_owned(),
            });
        }
    }
    let first = fresh(&server, &desired, 50).await;
    let items = first.plan.items.iter().zip(&first.report.outcomes);
    let failed: Vec<(&ItemKey, &str)> = items
        .filter_map(|(item, outcome)| match outcome {
            ItemOutcome::Failed { reason, .. } => Some((&item.key, reason.as_str())),
            _ => None,
        })
        .collect();
    let [(ItemKey::Entity(EntityType::Table, fqn), reason)] = failed[..] else {
        panic!("one table: {failed:?}")
    };
    assert_eq!(fqn, bad);
    assert!(reason.contains("Nowhere.Known"), "{reason}");
    assert_eq!(server.count(EntityType::Table), 23);
    assert_eq!(first.report.statistics.errors, 2, "the table, and the edge out of it");
}
