//! Quirks of the API around the entities: paths, tokens, fields, refusals, limits.

use dremio_explorer::openmetadata::Error;
use dremio_explorer::openmetadata::entity::{EntityType, StoredTable};
use dremio_explorer::sandbox::openmetadata::{Fault, Quirks, Version};
use dremio_explorer::sync::apply::ItemOutcome;
use serde_json::{Value, json};

use crate::lake::{Bench, DAILY, ORDERS, VERSIONS, client, path};

#[tokio::test]
async fn quirk_01_a_web_page_with_200_is_not_taken_for_the_api() {
    let bench = Bench::bot(Version::V1_13).await;
    let (url, token) = (bench.server.url(), bench.server.bot_token());
    for written in ["", "/", "/api", "/api/", "/api/v1", "/api/v1/"] {
        let info = client(&format!("{url}{written}"), token).connect().await;
        assert_eq!(info.expect(written).numbers, (1, 13, 0));
    }
    let lost = client(&format!("{url}/elsewhere"), token);
    let error = lost.connect().await.expect_err("a page");
    assert!(matches!(error, Error::NotJson { .. }), "{error}");
    assert!(error.to_string().contains("web page"), "{error}");
    // A request whose answer has no body is no success either when a page answers it.
    let id = "00000000-0000-0000-0000-000000000000";
    let deleted = lost.restore(EntityType::Table, id).await.expect_err("a page");
    assert!(matches!(deleted, Error::NotJson { .. }), "{deleted}");
}

#[tokio::test]
async fn quirk_02_a_version_says_nothing_about_the_token() {
    let bench = Bench::bot(Version::V2_0).await;
    let stranger = client(&bench.server.url(), "nonsense");
    assert_eq!(stranger.version().await.expect("needs no token").1, (2, 0, 2));
    let refused = stranger.connect().await.expect_err("proves the token");
    assert!(matches!(refused, Error::Unauthorized { .. }), "{refused}");
    let (ours, person) = (&bench.ours, &bench.person);
    assert_eq!(ours.connect().await.expect("a bot").is_bot, Some(true));
    assert_eq!(person.connect().await.expect("a person").is_bot, Some(false));
}

#[tokio::test]
async fn quirk_24_fields_that_a_server_does_not_know_are_left_out_once() {
    let quirks = Quirks {
        unknown_fields: ["sourceHash", "dataProducts", "domains"].map(str::to_owned).to_vec(),
        ..Quirks::default()
    };
    let mut bench = Bench::start(Version::V1_13, true, quirks).await;
    bench.sync_well().await;
    bench.is_settled().await;
    let refused: Vec<_> =
        bench.server.requests().into_iter().filter(|seen| seen.status == Some(400)).collect();
    // Parallel listings may meet the same refusal at once, later ones must not.
    assert!(refused.len() <= 3 * 4, "{refused:#?}");
    bench.server.clear_requests();
    bench.is_settled().await;
    assert!(bench.server.requests().iter().all(|seen| seen.status == Some(200)));
}

#[tokio::test]
async fn quirk_25_a_missing_tag_is_not_a_missing_table() {
    for bulk in [1, 10] {
        let mut bench = Bench::bot(Version::V1_13).await;
        bench.lake.batch = bulk;
        bench.lake.label("lake.raw.orders", "gold");
        let round = bench.sync().await;
        let troubles = round.troubles();
        let about_tag = troubles.iter().find(|text| text.contains(ORDERS)).expect("it failed");
        assert!(about_tag.contains("tag instance for Labels.gold not found"), "{about_tag}");
        assert_eq!(round.report.ended_early, None);
        assert_eq!(bench.table(DAILY).await.columns.len(), 2, "the other one is there");
        bench.add_tags("Labels", &["gold"]).await;
        bench.sync_well().await;
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_26_a_bulk_answer_of_200_is_read_row_by_row() {
    let mut bench = Bench::bot(Version::V1_13).await;
    bench.lake.batch = 10;
    // Two tables of one name: a failed row must not be taken for the other.
    let mut twin = bench.lake.dataset("lake.raw.orders").clone();
    twin.path = path("lake.old.orders");
    bench.lake.datasets.push(twin);
    bench.lake.label("lake.old.orders", "missing");
    let round = bench.sync().await;
    assert_eq!(bench.written("PUT").iter().filter(|target| target.contains("/bulk?")).count(), 1);
    let failed: Vec<_> = round
        .plan
        .items
        .iter()
        .zip(&round.report.outcomes)
        .filter(|(_, outcome)| matches!(outcome, ItemOutcome::Failed { .. }))
        .map(|(item, outcome)| (format!("{:?}", item.key), format!("{outcome:?}")))
        .collect();
    let [(key, why)] = &failed[..] else { panic!("one row failed: {failed:#?}") };
    assert!(key.contains("Dremio.lake.old.orders"), "{key}");
    assert!(why.contains("Labels.missing"), "{why}");
    assert_eq!(round.report.statistics.tables, 2);
    assert_eq!(bench.server.count(EntityType::Table), 2);
}

#[tokio::test]
async fn quirk_27_a_limit_ends_the_run_at_once() {
    let mut bench = Bench::bot(Version::V1_13).await;
    let mut more = Vec::new();
    for number in 0..40 {
        let mut table = bench.lake.dataset("lake.raw.orders").clone();
        table.path = path(&format!("lake.raw.t{number}"));
        more.push(table);
    }
    bench.lake.datasets.extend(more);
    let limit = Fault::Status(429, "the instance's limit of tables is reached".into());
    bench.server.fail_next(usize::MAX, Some("PUT"), "/api/v1/tables", limit);
    let round = bench.sync().await;
    let why = round.report.ended_early.clone().expect("it ended");
    assert!(why.contains("limit of tables") && why.contains("administrator"), "{why}");
    let asked = bench.written("PUT").iter().filter(|target| target.ends_with("/tables")).count();
    assert!(asked <= 4, "{asked} requests after the first refusal");

    // A proxy that says when it will be better is believed.
    let mut bench = Bench::bot(Version::V1_13).await;
    bench.server.fail_next(2, Some("PUT"), "/api/v1/tables", Fault::Later(429, 0));
    bench.sync_well().await;
}

#[tokio::test]
async fn quirk_28_nothing_is_asked_of_the_search() {
    let mut bench = Bench::bot(Version::V2_0).await;
    bench.sync_well().await;
    bench.is_settled().await;
    let asked = bench.server.requests();
    let searched: Vec<_> = asked
        .iter()
        .filter(|seen| seen.target.contains("/search") || seen.target.contains("/getLineage?"))
        .collect();
    assert!(searched.is_empty(), "{searched:#?}");
    // Its view of lineage is not up to date; the one we ask is.
    let lagging =
        bench.raw("GET", &format!("lineage/getLineage?fqn={DAILY}&type=table"), None).await;
    let lagging: Value = serde_json::from_str(&lagging.1).expect("JSON");
    assert_eq!(lagging["upstreamEdges"], json!({}));
    assert_eq!(bench.edge(ORDERS, DAILY).await.columns_lineage.len(), 2);
}

#[tokio::test]
async fn quirk_32_no_job_is_started_whose_end_nobody_hears() {
    for version in VERSIONS {
        let mut bench = Bench::bot(version).await;
        bench.lake.batch = 10;
        bench.sync_well().await;
        for seen in bench.server.requests() {
            assert!(!seen.target.contains("/async/"), "{}", seen.target);
            assert!(!seen.target.contains("async=true"), "{}", seen.target);
            assert!(
                !seen.target.contains("/bulk") || seen.target.contains("async=false"),
                "{}",
                seen.target
            );
            assert_ne!(seen.status, Some(202));
        }
    }
    // The sandbox takes such a request, and nothing comes of it.
    let bench = Bench::bot(Version::V1_13).await;
    let row = json!([{ "name": "lake", "service": "Dremio" }]);
    let (status, answer) = bench.raw("PUT", "databases/bulk?async=true", Some(row)).await;
    assert_eq!(status, 202);
    assert!(answer.contains("jobId"), "{answer}");
    assert_eq!(bench.server.count(EntityType::Database), 0);
}

#[tokio::test]
async fn what_a_server_cannot_read_itself_is_not_taken_for_absent() {
    let quirks = Quirks { unreadable: vec![DAILY.to_owned()], ..Quirks::default() };
    let bench = Bench::start(Version::V2_0, false, quirks).await;
    let parents = [
        ("services/databaseServices", json!({ "name": "Dremio", "serviceType": "Dremio" })),
        ("databases", json!({ "name": "Sales", "service": "Dremio" })),
        ("databaseSchemas", json!({ "name": "marts", "database": "Dremio.Sales" })),
        (
            "tables",
            json!({ "name": "daily", "databaseSchema": "Dremio.Sales.marts", "columns": [] }),
        ),
    ];
    let rows = async || {
        let filter = ("database", "Dremio.Sales");
        bench.ours.list::<StoredTable>(EntityType::Table, filter, |_, _| ()).await
    };
    for (collection, body) in parents {
        assert_eq!(rows().await.expect("lists"), [], "before {collection}");
        assert_eq!(bench.raw("PUT", collection, Some(body)).await.0, 201);
    }
    let told = rows().await.expect_err("there is one").to_string();
    assert!(told.contains("Dremio.Sales.marts.daily could not be read"), "{told}");
}
