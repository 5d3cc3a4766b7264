//! Quirks about what people wrote: descriptions, names, tags, owners, data products.

use dremio_explorer::model::DataType;
use dremio_explorer::openmetadata::entity::EntityType;
use dremio_explorer::sandbox::openmetadata::{Quirks, Version};
use dremio_explorer::sync::{Action, Outcome};
use serde_json::{Value, json};

use crate::lake::{Bench, DAILY, ORDERS, columns, item, tag, tags_of};

fn reword(text: &str) -> Value {
    json!([{ "op": "add", "path": "/description", "value": text }])
}

#[tokio::test]
async fn quirk_03_a_bot_keeps_descriptions_and_says_so_or_patches_first() {
    for version in [Version::V1_12, Version::V1_13, Version::V2_0] {
        let mut bench = Bench::bot(version).await;
        bench.sync_well().await;
        bench.edit(EntityType::Table, DAILY, reword("By hand")).await;
        bench.edit(EntityType::DatabaseSchema, "Dremio.Sales.marts", reword("By hand too")).await;
        bench.lake.wiki("Sales.marts.daily", "From Dremio");
        bench.lake.wiki("Sales.marts", "From Dremio too");
        let plan = bench.plan().await;
        for fqn in [DAILY, "Dremio.Sales.marts"] {
            let changes = &item(&plan, fqn).changes;
            let change = changes.iter().find(|change| change.field == "description");
            assert_eq!(change.expect("is shown").outcome, Outcome::KeptByServer, "{fqn}");
        }
        bench.sync_well().await;
        let table = bench.table(DAILY).await;
        assert_eq!(table.common.description.as_deref(), Some("By hand"));
        assert!(table.schema_definition.is_some(), "the edit erased it, the sync brings it back");
        bench.is_settled().await;

        bench.lake.overwrite = true;
        bench.server.clear_requests();
        bench.sync_well().await;
        let table = bench.table(DAILY).await;
        assert_eq!(table.common.description.as_deref(), Some("From Dremio"), "{version:?}");
        assert!(table.schema_definition.is_some(), "{version:?}: the PATCH's price is paid");
        let schema = bench.stored("schema", "Dremio.Sales.marts");
        assert_eq!(schema["description"], "From Dremio too");
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_03_a_bot_replaces_the_description_of_a_deleted_table_that_comes_back() {
    let mut bench = Bench::bot(Version::V1_13).await;
    bench.sync_well().await;
    bench.edit(EntityType::Table, DAILY, reword("By hand")).await;
    let id = bench.table(DAILY).await.common.id;
    bench.person.delete(EntityType::Table, &id, false).await.expect("deletes");
    bench.lake.wiki("Sales.marts.daily", "From Dremio");
    bench.lake.overwrite = true;
    bench.sync_well().await;
    let table = bench.table(DAILY).await;
    assert!(!table.common.deleted);
    assert_eq!(table.common.description.as_deref(), Some("From Dremio"));
    assert!(table.schema_definition.is_some());
    bench.is_settled().await;
}

#[tokio::test]
async fn quirk_04_what_people_wrote_survives_a_put_of_every_kind() {
    for (who, mut bench) in Bench::all().await {
        let geo = |fields: &[(&str, DataType)]| {
            let field = |(name, kind): &(&str, DataType)| dremio_explorer::model::Field {
                name: (*name).to_owned(),
                data_type: kind.clone(),
            };
            DataType::Struct(Some(fields.iter().map(field).collect()))
        };
        bench
            .lake
            .dataset("lake.raw.orders")
            .columns
            .push(("geo".to_owned(), geo(&[("lat", DataType::Double), ("lon", DataType::Double)])));
        bench.sync_well().await;
        let words = |at: &str| {
            json!([
                { "op": "add", "path": format!("{at}/description"), "value": "By hand" },
                { "op": "add", "path": format!("{at}/displayName"), "value": "A name" },
            ])
        };
        bench.edit(EntityType::Database, "Dremio.lake", words("")).await;
        bench.edit(EntityType::DatabaseSchema, "Dremio.lake.raw", words("")).await;
        for at in ["", "/columns/0", "/columns/4/children/1"] {
            bench.edit(EntityType::Table, ORDERS, words(at)).await;
        }
        // Everything of ours changes: each gets a PUT.
        bench.lake.dataset("lake.raw.orders").columns.push(("new".to_owned(), DataType::Date));
        let hash = json!([{ "op": "add", "path": "/sourceHash", "value": "0" }]);
        bench.edit(EntityType::Database, "Dremio.lake", hash.clone()).await;
        bench.edit(EntityType::DatabaseSchema, "Dremio.lake.raw", hash).await;
        let round = bench.sync_well().await;
        for fqn in ["Dremio.lake", "Dremio.lake.raw", ORDERS] {
            assert_eq!(round.item(fqn).action, Action::Update, "{who}: {fqn}");
        }
        let table = bench.stored("table", ORDERS);
        let entities = [
            bench.stored("database", "Dremio.lake"),
            bench.stored("schema", "Dremio.lake.raw"),
            table["columns"][0].clone(),
            table["columns"][4]["children"][1].clone(),
            table,
        ];
        for entity in entities {
            assert_eq!(entity["description"], "By hand", "{who}: {entity:#}");
            assert_eq!(entity["displayName"], "A name", "{who}: {entity:#}");
        }
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_05_tags_join_those_that_are_there() {
    for (who, mut bench) in Bench::all().await {
        bench.add_tags("Labels", &["gold"]).await;
        bench.add_tags("PII", &["Sensitive"]).await;
        bench.sync_well().await;
        let by_hand = |at: &str| json!([{ "op": "add", "path": format!("{at}/tags"), "value": [tag("PII.Sensitive")] }]);
        for at in ["", "/columns/2"] {
            bench.edit(EntityType::Table, ORDERS, by_hand(at)).await;
        }
        bench.lake.label("lake.raw.orders", "gold");
        let plan = bench.plan().await;
        let change = item(&plan, ORDERS).changes.iter().find(|change| change.field == "tags");
        let change = change.expect("is shown");
        assert_eq!(change.old.as_deref(), Some("PII.Sensitive"));
        assert_eq!(change.new.as_deref(), Some("PII.Sensitive, Labels.gold"), "{who}");
        bench.sync_well().await;
        let stored = bench.stored("table", ORDERS);
        assert_eq!(tags_of(&stored), ["PII.Sensitive", "Labels.gold"], "{who}");
        assert_eq!(tags_of(&stored["columns"][2]), ["PII.Sensitive"]);
        bench.is_settled().await;

        // A label that goes leaves its tag: a PUT cannot take it away, and none is sent for ever.
        bench.lake.labels.clear();
        bench.sync_well().await;
        assert_eq!(tags_of(&bench.stored("table", ORDERS)), ["PII.Sensitive", "Labels.gold"]);
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_06_owners_stay() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        let owner =
            json!({ "id": "11111111-1111-1111-1111-111111111111", "type": "team", "name": "crm" });
        let own = json!([{ "op": "add", "path": "/owners", "value": [owner] }]);
        bench.edit(EntityType::Table, ORDERS, own.clone()).await;
        bench.edit(EntityType::Database, "Dremio.lake", own).await;
        bench.lake.dataset("lake.raw.orders").columns.push(("new".to_owned(), DataType::Date));
        bench.server.clear_requests();
        bench.sync_well().await;
        assert_eq!(bench.stored("table", ORDERS)["owners"][0], owner, "{who}");
        let sent: Vec<_> =
            bench.server.writes().into_iter().filter(|seen| seen.body.contains("owners")).collect();
        assert!(sent.is_empty(), "{who}: {sent:#?}");
    }
}

#[tokio::test]
async fn quirk_13_what_a_server_rewrites_is_not_a_difference() {
    for (who, mut bench) in Bench::all().await {
        let orders = bench.lake.dataset("lake.raw.orders");
        orders.columns = columns(&[
            ("id", DataType::BigInt),
            ("shape", DataType::Unknown("GEOGRAPHY(4326)".into())),
        ]);
        bench.lake.edges.clear();
        let text = "  Totals <script>alert(1)</script> & <b>more</b>\r\nof it  ";
        bench.lake.wiki("Sales.marts.daily", text);
        bench.lake.column_texts.insert((ORDERS.to_owned(), "id".to_owned()), text.to_owned());
        bench.sync_well().await;
        let stored = bench.stored("table", ORDERS);
        assert_eq!(stored["columns"][1]["dataTypeDisplay"], "geography(4326)");
        let is_sanitised = who.contains("V2_0");
        let shown =
            bench.stored("table", DAILY)["description"].as_str().expect("a text").to_owned();
        assert_eq!(shown.contains("script"), !is_sanitised, "{who}: {shown}");
        bench.is_settled().await;
        // Not even when descriptions of others are to be replaced.
        bench.lake.overwrite = true;
        bench.is_settled().await;
        // What a person writes is one, though.
        bench.edit(EntityType::Table, DAILY, reword("Something else")).await;
        let plan = bench.plan().await;
        let changes = &item(&plan, DAILY).changes;
        assert!(changes.iter().any(|change| change.field == "description"), "{who}");
    }
}

#[tokio::test]
async fn quirk_31_what_is_inherited_or_derived_is_not_sent_back() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        bench.server.derive_tag("Terms.Money", "PII.Sensitive");
        let owner = json!({ "id": "11111111-1111-1111-1111-111111111111", "type": "team" });
        let domain = json!({ "id": "22222222-2222-2222-2222-222222222222", "type": "domain", "fullyQualifiedName": "Retail" });
        let belongs = json!([
            { "op": "add", "path": "/owners", "value": [owner] },
            { "op": "add", "path": "/domains", "value": [domain] },
        ]);
        bench.edit(EntityType::DatabaseService, "Dremio", belongs).await;
        let term = json!({ "tagFQN": "Terms.Money", "source": "Glossary", "labelType": "Manual", "state": "Confirmed" });
        let tagged = json!([{ "op": "add", "path": "/columns/2/tags", "value": [term] }]);
        bench.edit(EntityType::Table, ORDERS, tagged).await;
        let read = bench.table(ORDERS).await;
        assert!(read.common.owners[0].inherited, "{who}");
        assert_eq!(read.columns[2].tags.len(), 2, "{who}: the term and its tag");
        // The type changes, for which the column's tags are sent again.
        bench.lake.dataset("lake.raw.orders").columns[2].1 = DataType::BigInt;
        bench.server.clear_requests();
        bench.sync_well().await;
        for seen in bench.server.writes() {
            for word in ["inherited", "Derived", "Retail", "PII.Sensitive"] {
                assert!(!seen.body.contains(word), "{who}: {word} in {}", seen.body);
            }
        }
        let stored = bench.stored("table", ORDERS);
        assert_eq!(stored["owners"], json!([]), "{who}");
        assert_eq!(tags_of(&stored["columns"][2]), ["Terms.Money"], "{who}");
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_36_data_products_are_sent_back_to_a_server_of_one_domain_too() {
    let quirks = Quirks { unknown_fields: vec!["domains".to_owned()], ..Quirks::default() };
    let mut bench = Bench::start(Version::V1_12, false, quirks).await;
    bench.sync_well().await;
    let domain = json!({ "id": "22222222-2222-2222-2222-222222222222", "type": "domain", "fullyQualifiedName": "Retail" });
    let product = json!({ "id": "33333333-3333-3333-3333-333333333333", "type": "dataProduct", "fullyQualifiedName": "Retail.Daily" });
    let belongs = json!([
        { "op": "add", "path": "/domains", "value": [domain] },
        { "op": "add", "path": "/dataProducts", "value": [product] },
    ]);
    bench.edit(EntityType::Table, ORDERS, belongs).await;
    bench.lake.dataset("lake.raw.orders").columns.push(("new".to_owned(), DataType::Date));
    bench.sync_well().await;
    let kept = &bench.stored("table", ORDERS)["dataProducts"];
    assert_eq!(kept[0]["fullyQualifiedName"], "Retail.Daily");
    bench.is_settled().await;
}

#[tokio::test]
async fn quirk_36_data_products_are_sent_back_or_their_loss_is_announced() {
    for (who, mut bench) in Bench::all().await {
        bench.sync_well().await;
        let domain = json!({ "id": "22222222-2222-2222-2222-222222222222", "type": "domain", "fullyQualifiedName": "Retail" });
        let product = json!({ "id": "33333333-3333-3333-3333-333333333333", "type": "dataProduct", "fullyQualifiedName": "Retail.Daily" });
        let belongs = |domains: Value| {
            json!([
                { "op": "add", "path": "/domains", "value": domains },
                { "op": "add", "path": "/dataProducts", "value": [product.clone()] },
            ])
        };
        bench.edit(EntityType::Table, ORDERS, belongs(json!([domain]))).await;
        bench.lake.dataset("lake.raw.orders").columns.push(("new".to_owned(), DataType::Date));
        bench.sync_well().await;
        let kept = &bench.stored("table", ORDERS)["dataProducts"];
        assert_eq!(kept[0]["fullyQualifiedName"], "Retail.Daily", "{who}");
        bench.is_settled().await;

        // Without a domain the server takes none: a person's PUT loses them, and says so before.
        bench.edit(EntityType::Table, ORDERS, belongs(json!([]))).await;
        bench.lake.dataset("lake.raw.orders").columns.push(("newer".to_owned(), DataType::Date));
        let plan = bench.plan().await;
        let notes = item(&plan, ORDERS).notes.join("; ");
        assert_eq!(notes.contains("Retail.Daily"), who.starts_with("user"), "{who}: {notes}");
        bench.sync_well().await;
        let left = &bench.stored("table", ORDERS)["dataProducts"];
        let is_kept = left.as_array().is_some_and(|list| !list.is_empty());
        assert_eq!(is_kept, who.starts_with("bot"), "{who}");
    }
}
