//! Quirks of writing tables: what a PUT stores, clears, revives and answers.

use dremio_explorer::model::DataType;
use dremio_explorer::openmetadata::entity::EntityType;
use dremio_explorer::sandbox::openmetadata::{Quirks, Version};
use dremio_explorer::sync::Action;
use serde_json::{Value, json};

use crate::lake::{Bench, DAILY, ORDERS, VERSIONS, columns, item, path, tag, tags_of};

fn reword() -> Value {
    json!([{ "op": "add", "path": "/description", "value": "By hand" }])
}

fn names(table: &Value) -> Vec<&str> {
    let columns = table["columns"].as_array().expect("columns");
    columns.iter().filter_map(|column| column["name"].as_str()).collect()
}

#[tokio::test]
async fn quirk_07_sql_only_change_order_only_change_and_display_type_only_change_are_stored() {
    for (who, mut bench) in Bench::all().await {
        let orders = bench.lake.dataset("lake.raw.orders");
        orders.columns.push(("shape".to_owned(), DataType::Unknown("geography".into())));
        bench.sync_well().await;
        bench.lake.dataset("Sales.marts.daily").sql = Some("SELECT 1 AS day, 2 AS total".into());
        bench.sync_well().await;
        let stored = bench.stored("table", DAILY);
        assert_eq!(stored["schemaDefinition"], "SELECT 1 AS day, 2 AS total", "{who}");

        bench.lake.dataset("Sales.marts.daily").columns.reverse();
        bench.sync_well().await;
        assert_eq!(names(&bench.stored("table", DAILY)), ["total", "day"], "{who}");

        let shape = DataType::Unknown("geometry".into());
        bench.lake.dataset("lake.raw.orders").columns[4].1 = shape;
        bench.sync_well().await;
        let display = &bench.stored("table", ORDERS)["columns"][4]["dataTypeDisplay"];
        assert_eq!(display, "geometry", "{who}");
        bench.is_settled().await;
    }
}

/// The hash cannot help where it is the same: then a first PUT changes it.
#[tokio::test]
async fn quirk_07_an_order_under_an_equal_hash_takes_two_puts() {
    for version in VERSIONS {
        let mut bench = Bench::bot(version).await;
        bench.sync_well().await;
        // Somebody sends the columns in another order, with a hash of their own and then with ours.
        let stored = bench.table(ORDERS).await;
        let ours = stored.common.source_hash.clone().expect("a hash");
        for hash in ["theirs", &ours] {
            let mut columns = bench.lake.dataset("lake.raw.orders").columns.len();
            let body = json!({
                "name": "orders", "databaseSchema": "Dremio.lake.raw", "tableType": "Regular",
                "sourceUrl": stored.common.source_url, "sourceHash": hash,
                "columns": bench.stored("table", ORDERS)["columns"].as_array().map(|stored| {
                    columns -= 1;
                    let mut turned = stored.clone();
                    if hash == "theirs" { turned.rotate_left(columns); }
                    turned
                }),
            });
            let (status, answer) = bench.raw("PUT", "tables", Some(body)).await;
            assert_eq!(status, 200, "{answer}");
        }
        assert_eq!(names(&bench.stored("table", ORDERS))[0], "note", "{version:?}");
        bench.server.clear_requests();
        bench.sync_well().await;
        assert_eq!(bench.written("PUT").len(), 2, "{version:?}");
        assert_eq!(names(&bench.stored("table", ORDERS)), ["id", "day", "amount", "note"]);
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_08_sql_that_a_patch_erased_is_noticed() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        bench.edit(EntityType::Table, DAILY, reword()).await;
        assert!(bench.table(DAILY).await.schema_definition.is_none(), "{who}");
        let plan = bench.plan().await;
        let changes = &item(&plan, DAILY).changes;
        assert!(changes.iter().any(|change| change.field == "schemaDefinition"), "{who}");
    }
    // Once the server is mended there is nothing to notice.
    let quirks = Quirks { patch_keeps_sql: true, ..Quirks::default() };
    let mut bench = Bench::start(Version::V2_0, true, quirks).await;
    bench.sync_well().await;
    bench.edit(EntityType::Table, DAILY, reword()).await;
    bench.is_settled().await;
}

#[tokio::test]
async fn quirk_09_dbts_facts_go_first_and_never_cost_the_sql() {
    let facts = json!({ "modelType": "DBT", "path": "models/daily.sql", "rawSql": "select 1" });
    for version in VERSIONS {
        let mut bench = Bench::bot(version).await;
        bench.lake.models.insert(DAILY.to_owned(), facts.clone());
        bench.lake.models.insert(ORDERS.to_owned(), facts.clone());
        for _ in 0..2 {
            bench.server.clear_requests();
            bench.sync_well().await;
            let view = bench.stored("table", DAILY);
            assert!(view["schemaDefinition"].is_string(), "{version:?}: {view:#}");
            let table = bench.stored("table", ORDERS);
            assert_eq!(table["dataModel"]["path"], "models/daily.sql", "{version:?}");
            let has_facts = view["dataModel"].is_object();
            assert_eq!(has_facts, version == Version::V2_0, "{version:?}");
            bench.is_settled().await;
            // The second time the view itself changes.
            bench.lake.dataset("Sales.marts.daily").sql =
                Some("SELECT 2 AS day, 3 AS total".into());
        }
        let puts = bench.written("PUT");
        if version == Version::V2_0 {
            assert!(puts.last().is_some_and(|target| !target.ends_with("/dataModel")), "{puts:?}");
        } else {
            let notes = item(&bench.plan().await, DAILY).notes.join("; ");
            assert!(notes.contains("before 2.0"), "the preview says why not: {notes}");
        }
    }
}

#[tokio::test]
async fn quirk_10_what_we_do_not_own_is_sent_back() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        let key = json!([
            { "constraintType": "UNIQUE", "columns": ["id"] },
            { "constraintType": "UNIQUE", "columns": ["note"] },
        ]);
        let partition =
            json!({ "columns": [{ "columnName": "day", "intervalType": "TIME-UNIT" }] });
        let theirs = json!([
            { "op": "add", "path": "/tableConstraints", "value": key },
            { "op": "add", "path": "/tablePartition", "value": partition },
            { "op": "add", "path": "/retentionPeriod", "value": "P30D" },
            { "op": "add", "path": "/locationPath", "value": "s3://lake/orders" },
            { "op": "add", "path": "/fileFormat", "value": "parquet" },
        ]);
        bench.edit(EntityType::Table, ORDERS, theirs).await;
        let retain = json!([{ "op": "add", "path": "/retentionPeriod", "value": "P30D" }]);
        let hash = json!([{ "op": "add", "path": "/sourceHash", "value": "0" }]);
        bench.edit(EntityType::Database, "Dremio.lake", retain).await;
        bench.edit(EntityType::Database, "Dremio.lake", hash).await;
        let orders = bench.lake.dataset("lake.raw.orders");
        orders.columns.retain(|(name, _)| name != "note");
        let plan = bench.plan().await;
        assert!(item(&plan, ORDERS).notes.join("; ").contains("constraint"), "{who}");
        bench.sync_well().await;
        let stored = bench.stored("table", ORDERS);
        assert_eq!(stored["tableConstraints"], json!([key[0]]), "{who}: one lost its column");
        assert_eq!(stored["tablePartition"], partition, "{who}");
        assert_eq!(stored["retentionPeriod"], "P30D", "{who}");
        assert_eq!(stored["locationPath"], "s3://lake/orders", "{who}");
        assert_eq!(stored["fileFormat"], "parquet", "{who}");
        assert_eq!(stored["tableType"], "Regular", "{who}");
        assert!(stored["sourceUrl"].is_string(), "{who}");
        assert_eq!(bench.stored("database", "Dremio.lake")["retentionPeriod"], "P30D", "{who}");
        bench.is_settled().await;

        // A partitioning by a column that goes is refused: it goes too, and the preview says so.
        bench.lake.edges.clear();
        bench.lake.dataset("lake.raw.orders").columns.retain(|(name, _)| name != "day");
        let plan = bench.plan().await;
        assert!(item(&plan, ORDERS).notes.join("; ").contains("partitioning"), "{who}");
        bench.sync_well().await;
        assert!(bench.stored("table", ORDERS)["tablePartition"].is_null(), "{who}");
    }
}

#[tokio::test]
async fn quirk_11_a_stale_change_description_is_not_believed() {
    for version in VERSIONS {
        let mut bench = Bench::bot(version).await;
        bench.sync_well().await;
        bench.lake.dataset("lake.raw.orders").columns.push(("new".to_owned(), DataType::Date));
        bench.sync_well().await;
        let before = bench.plan().await;
        // A PUT that changes nothing answers with what the last change was.
        let last = bench.server.writes();
        let last = last.iter().rev().find(|seen| seen.target == "/api/v1/tables").expect("a PUT");
        let body: Value = serde_json::from_str(&last.body).expect("JSON");
        let answer =
            bench.ours.put::<Value>(EntityType::Table, &body).await.expect("is taken").entity;
        let told = &answer["changeDescription"]["fieldsUpdated"];
        assert!(told.as_array().is_some_and(|fields| !fields.is_empty()), "{answer:#}");
        // For us nothing has moved: a plan made before is not stale, and nothing is written.
        assert_eq!(bench.plan().await, before, "{version:?}");
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_12_what_comes_back_with_a_parent_is_said_beforehand() {
    for (who, mut bench) in Bench::all().await {
        let mut gone = bench.lake.dataset("lake.raw.orders").clone();
        gone.path = path("lake.raw.gone");
        bench.lake.datasets.push(gone);
        bench.sync_well().await;
        let schema: Value = bench
            .person
            .by_name(EntityType::DatabaseSchema, "Dremio.lake.raw")
            .await
            .expect("reads")
            .expect("is there");
        let id = schema["id"].as_str().expect("an id");
        bench.person.delete(EntityType::DatabaseSchema, id, true).await.expect("deletes");
        bench.lake.datasets.pop();
        let plan = bench.plan().await;
        assert_eq!(item(&plan, "Dremio.lake.raw").action, Action::Restore, "{who}");
        assert_eq!(item(&plan, ORDERS).action, Action::Restore, "{who}");
        let notes = item(&plan, "Dremio.lake.raw").notes.join("; ");
        assert!(notes.contains("Dremio.lake.raw.gone"), "{who}: {notes}");
        bench.sync_well().await;
        for fqn in [ORDERS, "Dremio.lake.raw.gone"] {
            assert_eq!(bench.stored("table", fqn)["deleted"], false, "{who}: {fqn}");
        }
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_14_a_new_type_keeps_tags_and_words() {
    for (who, mut bench) in Bench::all().await {
        bench.add_tags("PII", &["Sensitive"]).await;
        bench.sync_well().await;
        let by_hand = json!([
            { "op": "add", "path": "/columns/2/tags", "value": [tag("PII.Sensitive")] },
            { "op": "add", "path": "/columns/2/description", "value": "By hand" },
            { "op": "add", "path": "/columns/2/displayName", "value": "A name" },
        ]);
        bench.edit(EntityType::Table, ORDERS, by_hand).await;
        bench.lake.dataset("lake.raw.orders").columns[2].1 =
            DataType::Decimal { precision: Some(12), scale: Some(2) };
        let plan = bench.plan().await;
        let planned = item(&plan, ORDERS);
        assert!(planned.changes.iter().any(|change| change.field == "columns.amount.dataType"));
        assert!(planned.notes.join("; ").contains("drops its tags"), "{who}: {:?}", planned.notes);
        let before = bench.table(ORDERS).await.common.version;
        bench.sync_well().await;
        let column = bench.stored("table", ORDERS)["columns"][2].clone();
        assert_eq!(column["dataType"], "DECIMAL", "{who}");
        assert_eq!(tags_of(&column), ["PII.Sensitive"], "{who}");
        assert_eq!(column["description"], "By hand", "{who}");
        assert_eq!(column["displayName"], "A name", "{who}");
        let after = bench.table(ORDERS).await.common.version;
        assert!(after >= before + 0.9, "{who}: a major version: {before} → {after}");
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_33_an_edit_under_an_equal_hash_is_repaired() {
    for (who, mut bench) in Bench::all().await {
        bench.lake.batch = 10;
        bench.sync_well().await;
        let hash = bench.table(DAILY).await.common.source_hash;
        bench.edit(EntityType::Table, DAILY, reword()).await;
        let erased = bench.table(DAILY).await;
        assert_eq!((erased.common.source_hash, erased.schema_definition), (hash.clone(), None));
        bench.server.clear_requests();
        bench.sync_well().await;
        let repaired = bench.table(DAILY).await;
        assert!(repaired.schema_definition.is_some(), "{who}");
        assert_eq!(repaired.common.source_hash, hash, "{who}");
        assert_eq!(repaired.common.description.as_deref(), Some("By hand"), "{who}");
        let puts = bench.written("PUT");
        let wanted = if who.contains("V2_0") { 1 } else { 2 };
        assert_eq!(puts.len(), wanted, "{who}: {puts:?}");
        assert!(puts.iter().all(|target| target == "/api/v1/tables"), "{who}: {puts:?}");
        bench.is_settled().await;
    }
    // A server that is older than its number says: what it did not store is sent as to an older one.
    let quirks = Quirks { legacy_schema_definition: Some(true), ..Quirks::default() };
    let mut bench = Bench::start(Version::V2_0, true, quirks).await;
    bench.sync_well().await;
    bench.edit(EntityType::Table, DAILY, reword()).await;
    bench.server.clear_requests();
    bench.sync_well().await;
    assert_eq!(bench.written("PUT").len(), 3, "in vain, under another hash, and as it should be");
    assert!(bench.table(DAILY).await.schema_definition.is_some());
    bench.is_settled().await;
}

#[tokio::test]
async fn quirk_35_an_echo_is_not_taken_for_what_is_stored() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        let owner = json!({ "id": "11111111-1111-1111-1111-111111111111", "type": "team" });
        let own = json!([{ "op": "add", "path": "/owners", "value": [owner] }]);
        bench.edit(EntityType::DatabaseService, "Dremio", own).await;
        bench.server.configure(|options| options.quirks.echo_only = true);
        bench.lake.dataset("Sales.marts.daily").sql = Some("SELECT 1 AS day, 2 AS total".into());
        bench.lake.dataset("lake.raw.orders").columns = columns(&[
            ("id", DataType::BigInt),
            ("day", DataType::Date),
            ("amount", DataType::Double),
        ]);
        let round = bench.sync().await;
        let troubles = round.troubles().join("; ");
        assert!(troubles.contains("did not store the view's SQL"), "{who}: {troubles}");
        assert!(troubles.contains("did not store the columns as sent"), "{who}: {troubles}");
        // What was not stored is still to be done.
        bench.server.configure(|options| options.quirks.echo_only = false);
        bench.sync_well().await;
        assert_eq!(bench.stored("table", DAILY)["schemaDefinition"], "SELECT 1 AS day, 2 AS total");
        bench.is_settled().await;
    }
}
