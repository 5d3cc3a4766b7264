//! Quirks of lineage: what a PUT of an edge replaces, what a PUT of a table does to edges.

use std::collections::BTreeSet;

use dremio_explorer::model::DataType;
use dremio_explorer::openmetadata::entity::{
    ColumnLineage, EntityReference, EntityType, LineageDetails,
};
use dremio_explorer::sandbox::openmetadata::Version;
use dremio_explorer::sync::{Action, Selection};
use serde_json::{Value, json};

use crate::lake::{Bench, DAILY, ORDERS, VERSIONS, edge_item, item, path};

const ARCHIVE: &str = "Dremio.lake.raw.archive";

fn mapping(from: &str, to: &str) -> ColumnLineage {
    ColumnLineage { from_columns: vec![from.to_owned()], to_column: to.to_owned(), function: None }
}

/// What somebody drew by hand, with a pipeline that feeds it.
fn drawn() -> LineageDetails {
    LineageDetails {
        source: Some("Manual".to_owned()),
        sql_query: Some("INSERT INTO archive SELECT * FROM orders".to_owned()),
        description: Some("Every night".to_owned()),
        columns_lineage: vec![
            mapping(&format!("{ORDERS}.id"), &format!("{ARCHIVE}.id")),
            mapping(&format!("{ORDERS}.amount"), &format!("{ARCHIVE}.amount")),
            mapping(&format!("{ORDERS}.note"), &format!("{ARCHIVE}.note")),
        ],
        pipeline: Some(EntityReference {
            id: "44444444-4444-4444-4444-444444444444".to_owned(),
            entity_type: "pipeline".to_owned(),
            fully_qualified_name: Some("airflow.nightly".to_owned()),
            name: Some("nightly".to_owned()),
            inherited: false,
        }),
        temp_lineage_tables: Some(json!([{ "fromEntity": "orders", "toEntity": "#staging" }])),
    }
}

/// The lake with an archive of the orders, which a person's edge feeds.
async fn archived(bench: &mut Bench) {
    let mut archive = bench.lake.dataset("lake.raw.orders").clone();
    archive.path = path("lake.raw.archive");
    bench.lake.datasets.push(archive);
    bench.sync_well().await;
    bench.draw(ORDERS, ARCHIVE, &drawn()).await;
}

#[tokio::test]
async fn quirk_15_edges_of_a_table_whose_columns_go_are_put_back() {
    for (who, mut bench) in Bench::all().await {
        archived(&mut bench).await;
        let before = bench.edge(ORDERS, DAILY).await;
        let orders = bench.lake.dataset("lake.raw.orders");
        orders.columns.retain(|(name, _)| name != "note");
        let plan = bench.plan().await;
        assert_eq!(edge_item(&plan).action, Action::Update, "{who}");
        assert!(item(&plan, ORDERS).notes.join("; ").contains("lineage edges"), "{who}");
        bench.sync_well().await;
        assert_eq!(bench.edge(ORDERS, DAILY).await, before, "{who}");
        let mut wanted = drawn();
        wanted.columns_lineage.pop();
        assert_eq!(bench.edge(ORDERS, ARCHIVE).await, wanted, "{who}: only its column is gone");
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_15_edges_into_what_is_not_selected_are_put_back_too() {
    let mut bench = Bench::bot(Version::V1_13).await;
    bench.sync_well().await;
    let before = bench.edge(ORDERS, DAILY).await;
    assert!(before.sql_query.is_some());
    bench.lake.selection = Selection { within: vec![path("lake")], ..Selection::default() };
    let orders = bench.lake.dataset("lake.raw.orders");
    orders.columns.retain(|(name, _)| name != "note");
    bench.sync_well().await;
    assert_eq!(bench.edge(ORDERS, DAILY).await, before);
    bench.lake.selection = Selection::default();
    bench.is_settled().await;
}

async fn created_at(bench: &Bench) -> Value {
    let (_, answer) = bench.raw("GET", &format!("lineage/table/name/{DAILY}"), None).await;
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    answer["upstreamEdges"][0]["lineageDetails"]["createdAt"].clone()
}

#[tokio::test]
async fn quirk_16_an_edge_is_merged_skipped_when_equal_and_spared_when_drawn_by_hand() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        let made = created_at(&bench).await;
        assert!(made.is_i64(), "{who}");
        bench.sync_well().await;
        assert_eq!(created_at(&bench).await, made, "{who}: an equal edge is not sent");

        // Somebody else's edge between the two: what they know joins what we know.
        let foreign = mapping(&format!("{ORDERS}.note"), &format!("{DAILY}.day"));
        let theirs = LineageDetails {
            source: Some("QueryLineage".to_owned()),
            columns_lineage: vec![foreign.clone()],
            ..drawn()
        };
        bench.lake.edges[0].columns.remove(0);
        bench.draw(ORDERS, DAILY, &theirs).await;
        bench.sync_well().await;
        let merged = bench.edge(ORDERS, DAILY).await;
        assert_eq!(merged.source.as_deref(), Some("QueryLineage"), "{who}");
        assert_eq!(merged.pipeline, theirs.pipeline, "{who}");
        assert_eq!(merged.description, theirs.description, "{who}");
        assert_eq!(merged.temp_lineage_tables, theirs.temp_lineage_tables, "{who}");
        assert!(merged.columns_lineage.contains(&foreign), "{who}: {merged:?}");
        assert_eq!(merged.columns_lineage.len(), 2, "{who}: {merged:?}");
        bench.is_settled().await;

        // One drawn by hand stays to the letter, whatever changes on our side.
        let hand = LineageDetails { columns_lineage: vec![foreign], ..drawn() };
        bench.draw(ORDERS, DAILY, &hand).await;
        bench.lake.edges[0].sql = Some("SELECT something else".to_owned());
        bench.lake.dataset("Sales.marts.daily").sql = Some("SELECT 1 AS day, 2 AS total".into());
        let plan = bench.plan().await;
        assert_eq!(edge_item(&plan).action, Action::Keep, "{who}");
        bench.sync_well().await;
        assert_eq!(bench.edge(ORDERS, DAILY).await, hand, "{who}");
    }
}

fn renamed(to: &str) -> Value {
    json!([
        { "op": "test", "path": "/columns/2/name", "value": "amount" },
        { "op": "replace", "path": "/columns/2/name", "value": to },
        { "op": "replace", "path": "/columns/2/fullyQualifiedName", "value": format!("{ORDERS}.{to}") },
    ])
}

#[tokio::test]
async fn quirk_17_columns_are_named_as_the_server_spells_them_and_counted_afterwards() {
    for version in VERSIONS {
        let mut bench = Bench::bot(version).await;
        bench.sync_well().await;
        bench.edit(EntityType::Table, ORDERS, renamed("AMOUNT")).await;
        bench.lake.edges[0].sql = Some("SELECT something else".to_owned());
        bench.sync_with(BTreeSet::from([ORDERS.to_owned()]), async || ()).await;
        let edge = bench.edge(ORDERS, DAILY).await;
        let from: Vec<&str> = edge
            .columns_lineage
            .iter()
            .flat_map(|it| &it.from_columns)
            .map(String::as_str)
            .collect();
        assert!(from.contains(&"Dremio.lake.raw.orders.AMOUNT"), "{version:?}: {from:?}");
        bench.sync_well().await;

        // Between plan and writing a column gets another name: its mapping is dropped in silence.
        bench.lake.edges[0].sql = Some("SELECT something else again".to_owned());
        let person = crate::lake::client(&bench.server.url(), bench.server.user_token());
        let id = bench.table(ORDERS).await.common.id;
        let round = bench
            .sync_with(BTreeSet::new(), async || {
                person.patch(EntityType::Table, &id, &renamed("price")).await.expect("patches");
            })
            .await;
        let troubles = round.troubles().join("; ");
        assert!(troubles.contains("the server kept 1 of 2 column mappings"), "{troubles}");
        assert_eq!(round.report.unsettled, [DAILY], "{version:?}: it is read again next time");
        bench.sync_well().await;
        assert_eq!(bench.edge(ORDERS, DAILY).await.columns_lineage.len(), 2, "{version:?}");
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_18_an_empty_body_is_a_good_answer() {
    let mut bench = Bench::bot(Version::V2_0).await;
    bench.sync_well().await;
    let (from, to) = (bench.table(ORDERS).await.common.id, bench.table(DAILY).await.common.id);
    let edge = json!({ "edge": {
        "fromEntity": { "id": from, "type": "table" }, "toEntity": { "id": to, "type": "table" },
    }});
    assert_eq!(bench.raw("PUT", "lineage", Some(edge)).await, (200, String::new()));
    bench.ours.put_edge(&from, &to, &LineageDetails::default()).await.expect("is a success");
    bench.ours.delete_edge(&from, &to).await.expect("is a success");
    bench.ours.delete_edge(&from, &to).await.expect("gone already is fine too");
}

#[tokio::test]
async fn quirk_19_ends_are_references_when_sent_and_ids_when_read() {
    let mut bench = Bench::bot(Version::V1_13).await;
    bench.sync_well().await;
    let (from, to) = (bench.table(ORDERS).await.common.id, bench.table(DAILY).await.common.id);
    let bare = json!({ "edge": { "fromEntity": from, "toEntity": to } });
    assert_eq!(bench.raw("PUT", "lineage", Some(bare)).await.0, 400);
    let (_, answer) = bench.raw("GET", &format!("lineage/table/{to}"), None).await;
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["upstreamEdges"][0]["fromEntity"], json!(from));
    let read = bench.ours.lineage(&to, 1, 0).await.expect("reads");
    assert_eq!(
        (&read.upstream_edges[0].from_entity, &read.upstream_edges[0].to_entity),
        (&from, &to)
    );
    assert_eq!(read.nodes[0].entity_type, "table");
    let sent = bench.server.writes();
    let sent = sent.iter().find(|seen| seen.target == "/api/v1/lineage").expect("an edge");
    let sent: Value = serde_json::from_str(&sent.body).expect("JSON");
    assert_eq!(sent["edge"]["fromEntity"], json!({ "id": from, "type": "table" }));
}

#[tokio::test]
async fn quirk_37_a_column_of_another_case_is_stored_and_its_edges_follow() {
    for (who, mut bench) in Bench::all().await {
        archived(&mut bench).await;
        let before = bench.edge(ORDERS, DAILY).await;
        "AMOUNT".clone_into(&mut bench.lake.dataset("lake.raw.orders").columns[2].0);
        bench.sync_well().await;
        let stored = bench.stored("table", ORDERS);
        assert_eq!(stored["columns"][2]["name"], "AMOUNT", "{who}");
        let spelt = |details: LineageDetails| {
            let mut details = details;
            for mapping in &mut details.columns_lineage {
                for column in &mut mapping.from_columns {
                    *column = column.replace("orders.amount", "orders.AMOUNT");
                }
            }
            details
        };
        assert_eq!(bench.edge(ORDERS, DAILY).await, spelt(before), "{who}");
        assert_eq!(bench.edge(ORDERS, ARCHIVE).await, spelt(drawn()), "{who}");
        bench.is_settled().await;
        // A type of its own beside it changes nothing about that.
        bench.lake.dataset("lake.raw.orders").columns[2].1 = DataType::Float;
        bench.sync_well().await;
        assert_eq!(bench.edge(ORDERS, ARCHIVE).await, spelt(drawn()), "{who}");
    }
}

/// An edge that somebody drew by hand where we have one.
fn drawn_over() -> LineageDetails {
    LineageDetails {
        columns_lineage: vec![mapping(&format!("{ORDERS}.id"), &format!("{DAILY}.total"))],
        ..drawn()
    }
}

#[tokio::test]
async fn an_edge_drawn_over_a_verified_one_outlives_the_loss_of_an_unrelated_column() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        bench.draw(ORDERS, DAILY, &drawn_over()).await;
        bench.lake.dataset("lake.raw.orders").columns.retain(|(name, _)| name != "note");
        assert_eq!(edge_item(&bench.plan().await).action, Action::Keep, "{who}");
        bench.sync_well().await;
        assert_eq!(bench.edge(ORDERS, DAILY).await, drawn_over(), "{who}");
    }
}

#[tokio::test]
async fn edges_of_a_table_that_comes_back_come_with_it() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        let ours = bench.edge(ORDERS, DAILY).await;
        let id = bench.table(DAILY).await.common.id;
        bench.person.delete(EntityType::Table, &id, false).await.expect("deletes");
        bench.forget();
        assert_eq!(edge_item(&bench.plan().await).action, Action::Unchanged, "{who}");
        bench.sync_well().await;
        assert_eq!(bench.edge(ORDERS, DAILY).await, ours, "{who}");

        bench.draw(ORDERS, DAILY, &drawn_over()).await;
        for gone in [vec![DAILY], vec![ORDERS, DAILY]] {
            for fqn in gone {
                let id = bench.table(fqn).await.common.id;
                bench.person.delete(EntityType::Table, &id, false).await.expect("deletes");
            }
            bench.forget();
            assert_eq!(edge_item(&bench.plan().await).action, Action::Keep, "{who}");
            bench.sync_well().await;
            assert_eq!(bench.edge(ORDERS, DAILY).await, drawn_over(), "{who}");
        }
    }
}

#[tokio::test]
async fn what_another_tool_knows_of_a_column_of_ours_is_not_lost() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        let more = mapping(&format!("{ORDERS}.note"), &format!("{DAILY}.total"));
        let same = mapping(&format!("{ORDERS}.amount"), &format!("{DAILY}.total"));
        let theirs = LineageDetails {
            source: Some("QueryLineage".to_owned()),
            columns_lineage: vec![more.clone(), same.clone()],
            ..drawn()
        };
        bench.draw(ORDERS, DAILY, &theirs).await;
        bench.forget();
        bench.sync_well().await;
        let merged = bench.edge(ORDERS, DAILY).await.columns_lineage;
        assert!(merged.contains(&more), "{who}: {merged:?}");
        assert!(!merged.contains(&same), "{who}: ours says as much, and how: {merged:?}");
        assert_eq!(merged.len(), 3, "{who}: {merged:?}");
        bench.forget();
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn pruning_finds_edges_that_an_earlier_sync_has_left() {
    for version in VERSIONS {
        let mut bench = Bench::bot(version).await;
        archived(&mut bench).await;
        let ours =
            LineageDetails { source: Some("ViewLineage".to_owned()), ..LineageDetails::default() };
        bench.draw(ARCHIVE, DAILY, &ours).await;
        bench.lake.edges[0].sql = Some("SELECT something else".to_owned());
        bench.sync_well().await;
        bench.is_settled().await;
        bench.lake.prune = true;
        let gone = |plan: &dremio_explorer::sync::Plan| {
            plan.items.iter().filter(|item| item.action == Action::Delete).count()
        };
        assert_eq!(gone(&bench.plan().await), 1, "{version:?}");
        bench.sync_well().await;
        // Once it has looked it need not look again.
        bench.server.clear_requests();
        bench.is_settled().await;
        let read = bench.server.requests();
        assert!(
            !read.iter().any(|seen| seen.target.contains("/lineage/")),
            "{version:?}: {read:#?}"
        );
        bench.lake.prune = false;
        bench.is_settled().await;
    }
}
