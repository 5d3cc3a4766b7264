//! Quirks of names and types.

use dremio_explorer::model::{DataType, DatasetPath, Field};
use dremio_explorer::openmetadata::entity::EntityType;
use dremio_explorer::sandbox::openmetadata::{Quirks, Version};
use dremio_explorer::sync::{Action, DesiredEdge};
use serde_json::{Value, json};

use crate::lake::{Bench, DAILY, Dataset, Lake, ORDERS, columns, edge_item, item};

#[tokio::test]
async fn quirk_20_what_differs_only_in_case_is_a_conflict_with_all_below_it() {
    for (who, mut bench) in Bench::all().await {
        let service = json!({ "name": "Dremio", "serviceType": "CustomDatabase" });
        assert_eq!(bench.raw("PUT", "services/databaseServices", Some(service)).await.0, 201);
        let other = json!({ "name": "SALES", "service": "Dremio" });
        assert_eq!(bench.raw("PUT", "databases", Some(other)).await.0, 201);
        let plan = bench.plan().await;
        for fqn in ["Dremio.Sales", "Dremio.Sales.marts", DAILY] {
            assert_eq!(item(&plan, fqn).action, Action::Conflict, "{who}: {fqn}");
        }
        assert!(item(&plan, "Dremio.Sales").notes.join("; ").contains("Dremio.SALES"), "{who}");
        assert_eq!(edge_item(&plan).action, Action::Keep, "{who}");
        bench.server.clear_requests();
        let round = bench.sync().await;
        assert_eq!(round.troubles(), Vec::<String>::new(), "{who}: nothing is tried in vain");
        let failed: Vec<_> = bench
            .server
            .writes()
            .into_iter()
            .filter(|seen| seen.status.is_none_or(|status| status >= 400))
            .collect();
        assert!(failed.is_empty(), "{who}: {failed:#?}");
        assert_eq!(bench.server.count(EntityType::Database), 2, "{who}: SALES and lake");
        assert_eq!(bench.table(ORDERS).await.columns.len(), 4, "{who}");
    }
}

#[tokio::test]
async fn quirk_21_refused_characters_are_replaced_and_the_true_name_is_shown() {
    for (who, mut bench) in Bench::all().await {
        let inside = Field { name: "e>f".to_owned(), data_type: DataType::Varchar };
        bench.lake = Lake::only(Dataset {
            path: DatasetPath::new(["La>ke", "ra\"w\t", "or::ders\n"]),
            columns: columns(&[
                ("a\"b", DataType::BigInt),
                ("c::d", DataType::Struct(Some(vec![inside]))),
                ("x\u{1b}y", DataType::Date),
                ("harmless: it's / [ok]", DataType::Date),
            ]),
            sql: None,
        });
        bench.sync_well().await;
        let database = "Dremio.La__reserved__arrow__ke";
        let schema = format!("{database}.ra__reserved__quote__w__reserved__tab__");
        let table = format!("{schema}.or__reserved__colon__ders__reserved__newline__");
        assert_eq!(bench.stored("database", database)["displayName"], "La>ke", "{who}");
        assert_eq!(bench.stored("schema", &schema)["displayName"], "ra\"w\t", "{who}");
        let stored = bench.stored("table", &table);
        assert_eq!(stored["displayName"], "or::ders\n", "{who}");
        let columns = stored["columns"].as_array().expect("columns");
        assert_eq!(columns[0]["name"], "a__reserved__quote__b", "{who}");
        assert_eq!(columns[0]["displayName"], "a\"b", "{who}");
        assert_eq!(columns[1]["displayName"], "c::d", "{who}");
        assert_eq!(columns[1]["children"][0]["displayName"], "e>f", "{who}");
        assert_eq!(columns[2]["name"], "xy", "{who}: no word stands for it");
        assert_eq!(columns[3]["name"], "harmless: it's / [ok]", "{who}");
        assert!(columns[3]["displayName"].is_null(), "{who}");
        let notes = item(&bench.plan().await, &table).notes.join("; ");
        assert!(notes.contains("control characters"), "{who}: {notes}");
        bench.is_settled().await;
    }
    // The server means it.
    let mut bench = Bench::user(Version::V2_0).await;
    bench.sync_well().await;
    for name in ["a\"b", "a::b", "a\nb", "a>b", "a\tb"] {
        let body = json!({ "name": name, "service": "Dremio" });
        assert_eq!(bench.raw("PUT", "databases", Some(body)).await.0, 400, "{name:?}");
    }
}

/// Where an encoded slash is refused, what has one in its name is found by way of its parent.
#[tokio::test]
async fn names_with_a_slash_need_no_path() {
    for refuses_encoded_slashes in [false, true] {
        for is_bot in [true, false] {
            let quirks = Quirks { refuses_encoded_slashes, ..Quirks::default() };
            let mut bench = Bench::start(Version::V1_13, is_bot, quirks).await;
            let with_slash = |at: &[&str]| DatasetPath::new(at.iter().copied());
            let source = with_slash(&["lake", "2023/24", "or/ders"]);
            let (orders, daily) = ("Dremio.lake.2023/24.or/ders", "Dremio.Sales.ma/rts.da/ily");
            bench.lake.dataset("lake.raw.orders").path = source.clone();
            bench.lake.dataset("Sales.marts.daily").path =
                with_slash(&["Sales", "ma/rts", "da/ily"]);
            orders.clone_into(&mut bench.lake.edges[0].from);
            daily.clone_into(&mut bench.lake.edges[0].to);
            bench.lake.batch = 5;
            bench.sync_well().await;
            // What was updated is read back, and its edges are sent by what was read.
            let changed = bench.lake.datasets.iter_mut().find(|dataset| dataset.path == source);
            changed.expect("is there").columns.pop();
            let round = bench.sync_well().await;
            assert!(round.report.statistics.tables == 1 && round.report.statistics.edges == 1);
            assert_eq!(bench.edge(orders, daily).await.columns_lineage.len(), 2);
            bench.is_settled().await;
            let answered = bench.server.requests();
            let refused = answered.iter().any(|seen| seen.status == Some(400));
            assert_eq!(refused, refuses_encoded_slashes);
            let nothing = "Dremio.lake.2023/24.no/thing";
            let nothing: Option<Value> =
                bench.ours.by_name(EntityType::Table, nothing).await.expect("reads");
            assert_eq!(nothing, None);
        }
    }
}

#[tokio::test]
async fn quirk_22_folder_paths_are_one_quoted_name() {
    for (who, mut bench) in Bench::all().await {
        let source = Dataset {
            path: DatasetPath::new(["lake", "a", "b", "x.y"]),
            columns: columns(&[("p.q", DataType::Double), ("r", DataType::Date)]),
            sql: None,
        };
        let view = Dataset {
            path: DatasetPath::new(["Sales", "c.d", "z"]),
            columns: columns(&[("s", DataType::Double)]),
            sql: Some("SELECT \"p.q\" AS s FROM lake.a.b.\"x.y\"".to_owned()),
        };
        let (from, to) = ("Dremio.lake.\"a.b\".\"x.y\"", "Dremio.Sales.\"c.d\".z");
        bench.lake.edges = vec![DesiredEdge {
            from: from.to_owned(),
            to: to.to_owned(),
            source: "ViewLineage".to_owned(),
            sql: view.sql.clone(),
            columns: vec![(vec!["p.q".to_owned()], "s".to_owned(), None)],
        }];
        bench.lake.datasets = vec![source, view];
        bench.sync_well().await;
        assert_eq!(bench.stored("schema", "Dremio.lake.\"a.b\"")["name"], "a.b", "{who}");
        assert_eq!(bench.table(from).await.common.name, "x.y", "{who}");
        let edge = bench.edge(from, to).await;
        let mapped = &edge.columns_lineage[0];
        assert_eq!(mapped.from_columns, [format!("{from}.\"p.q\"")], "{who}");
        assert_eq!(mapped.to_column, format!("{to}.s"), "{who}");
        bench.is_settled().await;
    }
}

#[tokio::test]
async fn quirk_23_every_type_is_filled_as_the_server_wants_it() {
    let list = |element: DataType| DataType::List(Some(Box::new(element)));
    let fields = |fields: &[(&str, DataType)]| {
        let field = |(name, kind): &(&str, DataType)| Field {
            name: (*name).to_owned(),
            data_type: kind.clone(),
        };
        DataType::Struct(Some(fields.iter().map(field).collect()))
    };
    let decimal = |precision, scale| DataType::Decimal { precision, scale };
    let kinds = [
        DataType::Boolean,
        DataType::TinyInt,
        DataType::SmallInt,
        DataType::Integer,
        DataType::BigInt,
        DataType::Float,
        DataType::Double,
        decimal(Some(10), Some(2)),
        decimal(Some(10), None),
        decimal(Some(3), Some(7)),
        decimal(None, Some(2)),
        decimal(None, None),
        DataType::Varchar,
        DataType::Varbinary,
        DataType::Date,
        DataType::Time,
        DataType::Timestamp,
        DataType::IntervalDay,
        DataType::IntervalYear,
        DataType::Struct(None),
        fields(&[]),
        fields(&[
            ("text", DataType::Varchar),
            ("same", DataType::Varchar),
            ("deep", fields(&[("b", DataType::Varbinary)])),
        ]),
        DataType::List(None),
        list(DataType::Varchar),
        list(list(DataType::Integer)),
        list(fields(&[("text", DataType::Varchar), ("list", list(decimal(None, None)))])),
        DataType::Map(None),
        DataType::Map(Some(Box::new((DataType::Varchar, fields(&[("a", DataType::Varchar)]))))),
        DataType::Union(vec![DataType::Varchar, DataType::Integer]),
        DataType::Null,
        DataType::Unknown("GEOGRAPHY".to_owned()),
    ];
    for (who, mut bench) in Bench::all().await {
        let columns =
            kinds.iter().enumerate().map(|(at, kind)| (format!("c{at}"), kind.clone())).collect();
        bench.lake = Lake::only(Dataset {
            path: DatasetPath::new(["lake", "raw", "all"]),
            columns,
            sql: None,
        });
        bench.sync_well().await;
        let stored = bench.table("Dremio.lake.raw.all").await;
        assert_eq!(stored.columns.len(), kinds.len(), "{who}");
        bench.is_settled().await;
    }
}
