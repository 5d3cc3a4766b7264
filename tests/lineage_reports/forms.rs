//! Text, JSON and CSV of a lineage and of an impact.

use dremio_explorer::report::lineage::{Draw, ImpactReport, LineageReport, TextOptions, Wanted};
use serde_json::Value;

use crate::{all, csv, hostile, json, path, small, wanted};

#[test]
fn text_tells_coverage_findings_and_the_tree() {
    let lineage = small();
    let selection = lineage.selection(&Wanted::default());
    let report = LineageReport::new(lineage.input(), &selection);
    insta::assert_snapshot!(report.to_text(TextOptions::default()), @r"
    Views    4 of 4 read wholly (100.0 %)
    Columns  6 of 6 traced to their origin (100.0 %)

    Not found, may exist (1)
      hr.broken:1:15  hr.gone was not found: hr was not listed to its end
    ");
    let selection = lineage.selection(&wanted("by_person", None));
    let report = LineageReport::new(lineage.input(), &selection);
    let tree = TextOptions { draw: Draw::Tree, ..TextOptions::default() };
    insta::assert_snapshot!(report.to_text(tree), @r"
    Views    3 of 3 read wholly (100.0 %)
    Columns  5 of 5 traced to their origin (100.0 %)

    sales.marts.by_person  (view, 2 columns)

    Upstream: 3 datasets
    ├─ lake.raw.people
    └─ sales.staging.orders
       └─ lake.raw.orders

    Downstream: 1 dataset
    └─ hr.top
    ");
    let selection = lineage.selection(&wanted("sales.marts.BY_PERSON", Some("EUR")));
    let report = LineageReport::new(lineage.input(), &selection);
    let tree = TextOptions { ascii: true, ..tree };
    insta::assert_snapshot!(report.to_text(tree), @r"
    Views    2 of 2 read wholly (100.0 %)
    Columns  4 of 4 traced to their origin (100.0 %)

    sales.marts.by_person  (view, 2 columns)
    column eur

    Comes from 2 columns
    `- sales.staging.orders.eur  [aggregation: SUM(o.eur)]
       `- lake.raw.orders.amount  [expression: amount / 100]

    Flows into 0 columns
    ");
    let boxes = TextOptions { draw: Draw::Boxes, ..TextOptions::default() };
    let drawing = report.to_text(boxes);
    assert!(drawing.contains("╭") && drawing.contains("amount"), "{drawing}");
}

#[test]
fn json_holds_everything_of_the_selection() {
    let lineage = small();
    let selection = lineage.selection(&wanted("by_person", Some("eur")));
    let value: Value =
        serde_json::from_str(&json(&LineageReport::new(lineage.input(), &selection))).unwrap();
    assert_eq!(value["schema_version"], 1);
    assert_eq!(value["column"], "eur");
    assert_eq!(value["nodes"].as_array().unwrap().len(), 3);
    assert_eq!(value["edges"][0]["columns"][0]["kind"], "AGGREGATION");
    assert_eq!(value["edges"][0]["columns"][0]["expression"], "SUM(o.eur)");
    assert_eq!(value["edges"][0]["columns"].as_array().unwrap().len(), 1, "only the trace");
    assert_eq!(value["edges"][0]["rows"], serde_json::json!([]));
    assert_eq!(value["edges"][0]["at"]["line"], 1);
    assert_eq!(value["trace"][0]["column"], "amount");
    assert_eq!(value["trace"][0]["hops"], -2);
    let selection = lineage.selection(&Wanted::default());
    let value: Value =
        serde_json::from_str(&json(&LineageReport::new(lineage.input(), &selection))).unwrap();
    assert_eq!(value["coverage"]["views"], 4);
    assert_eq!(value["coverage"]["columns_percent"], 100.0);
    assert_eq!(value["broken"][0]["kind"], "unchecked");
    assert_eq!(value["broken"][0]["line"], 1);
    assert!(value.get("trace").is_none());
    let gone =
        value["nodes"].as_array().unwrap().iter().find(|node| node["role"] == "missing").unwrap();
    assert_eq!(gone["path"], serde_json::json!(["hr", "gone"]));
}

#[test]
fn csv_has_a_line_for_each_edge_column_and_row() {
    let lineage = small();
    let selection = lineage
        .selection(&Wanted { select: Some("+staging.orders".to_owned()), ..Wanted::default() });
    let text = csv(&LineageReport::new(lineage.input(), &selection));
    insta::assert_snapshot!(text, @r"
    level,from_table,from_column,to_table,to_column,kind,type,subtype,expression,origins,confidence
    table,lake.raw.orders,,sales.staging.orders,,,,,,view SQL,found
    column,lake.raw.orders,amount,sales.staging.orders,eur,EXPRESSION,DIRECT,TRANSFORMATION,amount / 100,view SQL,found
    column,lake.raw.orders,id,sales.staging.orders,id,IDENTITY,DIRECT,IDENTITY,id,view SQL,found
    row,lake.raw.orders,place,sales.staging.orders,,,INDIRECT,FILTER,,view SQL,found
    ");
}

#[test]
fn impact_tells_who_how_and_by_which_sql() {
    let lineage = small();
    let find = |text: &str| lineage.graph.find(&path(text)).unwrap();
    let report = |column| {
        ImpactReport::new(&lineage.graph, &lineage.server, false, find("lake.raw.orders"), column)
    };
    insta::assert_snapshot!(report(Some("amount")).to_text(), @r"
    3 datasets depend on lake.raw.orders, column amount, at most 3 hops away.

    1 hop
      sales.staging.orders  (view)
        eur = expression: amount / 100

    2 hops
      sales.marts.by_person  (view)  through sales.staging.orders
        eur = aggregation: SUM(o.eur)

    3 hops
      hr.top  (view)  through sales.marts.by_person
        rows by sort
    ");
    let mut out = Vec::new();
    report(Some("place")).write_json(&mut out).unwrap();
    let value: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!((value["datasets"].clone(), value["hops"].clone()), (3.into(), 3.into()));
    assert_eq!(value["impacts"][0]["rows"][0]["subtype"], "FILTER");
    assert_eq!(value["impacts"][0]["whole"], true);
    assert_eq!(value["impacts"][1]["via"], serde_json::json!(["sales", "staging", "orders"]));
    let mut out = Vec::new();
    report(None).write_csv(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(
        text.lines().next(),
        Some(
            "hops,table,role,via,whole,use,column,from_table,from_column,kind,subtype,expression,origins"
        )
    );
    assert!(
        text.contains(
            "1,sales.staging.orders,view,lake.raw.orders,true,rows,,lake.raw.orders,place,,FILTER,"
        ),
        "{text}"
    );
    let nothing = ImpactReport::new(&lineage.graph, &lineage.server, false, find("hr.top"), None);
    assert!(nothing.is_empty());
    assert_eq!(nothing.to_text(), "Nothing depends on hr.top.\n");
}

#[test]
fn two_runs_are_equal_in_every_form() {
    let wanted = Wanted::default();
    assert_eq!(all(&small(), &wanted), all(&small(), &wanted));
    assert_eq!(all(&hostile(), &wanted), all(&hostile(), &wanted));
}
