//! What is written of a lineage: every form holds what it should, two runs are equal, and no name
//! gets out of its place.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use dremio_explorer::lineage::{Difference, Engine, LineageGraph};
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Field,
    Item, NodeKind, ServerInfo, TableKind,
};
use dremio_explorer::report::lineage::{
    Draw, ImpactReport, LineageInput, LineageReport, Selection, SelectionError, TextOptions,
    Wanted, select,
};
use serde_json::Value;

const TABLE: NodeKind = NodeKind::Table(TableKind::Promoted);

/// Names that mean something in one form or another.
const EVIL: [&str; 14] = [
    "</script><script>alert(1)</script>",
    "]]><x>",
    "\"]; end; n0[\"x",
    "=HYPERLINK(\"http://x\")",
    "@SUM(A1)",
    "+1",
    "-1",
    "a\nb",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{9b}31m",
    "\u{202e}txt.exe",
    "{{ 7*7 }}{% raw %}",
    "<!-- & -->\\\"'`",
    "%%{init: {}}%%",
];

struct Lineage {
    catalog: Catalog,
    graph: LineageGraph,
    server: ServerInfo,
    differences: Vec<Difference>,
}

fn path(text: &str) -> DatasetPath {
    if text.is_empty() { DatasetPath::default() } else { text.parse().expect("a path") }
}

fn listed(parent: DatasetPath, children: Vec<(&str, NodeKind)>) -> Change {
    let item = |(name, kind)| Item { path: parent.join(name), id: None, kind, raw_kind: None };
    let items = children.into_iter().map(item).collect();
    Change::Children { parent, items, first: true, last: false }
}

fn dataset(at: DatasetPath, columns: &[(&str, DataType)], sql: Option<String>) -> Change {
    let kind = if sql.is_some() { NodeKind::View } else { TABLE };
    let column = |(name, data_type): &(&str, DataType)| Column {
        name: (*name).to_owned(),
        data_type: data_type.clone(),
        nullable: None,
    };
    Change::Entity(Box::new(Entity {
        item: Item { path: at, id: None, kind, raw_kind: None },
        created_at: None,
        detail: EntityDetail::Dataset(DatasetDetail {
            columns: Some(columns.iter().map(column).collect()),
            sql,
            ..DatasetDetail::default()
        }),
    }))
}

impl Lineage {
    fn of(changes: Vec<Change>) -> Self {
        let mut catalog = Catalog::new();
        for change in changes {
            catalog.apply(change);
        }
        let graph = Engine::new(&catalog).graph(&catalog);
        let server = ServerInfo { host: "lake.example:9047".to_owned(), ..ServerInfo::default() };
        Self { catalog, graph, server, differences: Vec::new() }
    }

    fn input(&self) -> LineageInput<'_> {
        LineageInput {
            graph: &self.graph,
            catalog: &self.catalog,
            server: &self.server,
            taken_at: "2026-01-31T09:05:00Z",
            differences: &self.differences,
            held: None,
            incomplete: false,
        }
    }

    fn selection(&self, wanted: &Wanted) -> Selection {
        Selection::new(&self.graph, wanted).expect("a selection")
    }
}

fn wanted(table: &str, column: Option<&str>) -> Wanted {
    Wanted { table: Some(table.to_owned()), column: column.map(str::to_owned), ..Wanted::default() }
}

/// Two tables, three views in a row, and one that reads something gone.
fn small() -> Lineage {
    let int = DataType::BigInt;
    let place =
        DataType::Struct(Some(vec![Field { name: "lat".to_owned(), data_type: DataType::Double }]));
    let roots =
        vec![("lake", NodeKind::Source), ("sales", NodeKind::Space), ("hr", NodeKind::Space)];
    let view = |at: &str, columns: &[(&str, DataType)], sql: &str| {
        dataset(path(at), columns, Some(sql.to_owned()))
    };
    Lineage::of(vec![
        listed(DatasetPath::default(), roots),
        dataset(
            path("lake.raw.orders"),
            &[("id", int.clone()), ("amount", int.clone()), ("place", place)],
            None,
        ),
        dataset(path("lake.raw.people"), &[("id", int.clone()), ("name", DataType::Varchar)], None),
        view(
            "sales.staging.orders",
            &[("id", int.clone()), ("eur", int.clone())],
            "SELECT id, amount / 100 AS eur\nFROM lake.raw.orders WHERE place IS NOT NULL",
        ),
        view(
            "sales.marts.by_person",
            &[("name", DataType::Varchar), ("eur", int.clone())],
            "SELECT p.name, SUM(o.eur) AS eur FROM sales.staging.orders o JOIN lake.raw.people p ON p.id = o.id GROUP BY p.name",
        ),
        view(
            "hr.top",
            &[("name", DataType::Varchar)],
            "SELECT name FROM sales.marts.by_person ORDER BY eur",
        ),
        view("hr.broken", &[("a", int)], "SELECT a FROM hr.gone"),
    ])
}

/// Every name is a nuisance.
fn hostile() -> Lineage {
    let mut changes = vec![listed(
        DatasetPath::default(),
        vec![("lake", NodeKind::Source), ("@home", NodeKind::Home)],
    )];
    let columns: Vec<(&str, DataType)> =
        EVIL.iter().map(|name| (*name, DataType::Varchar)).collect();
    for name in EVIL {
        let table = DatasetPath::new(["lake", name, name]);
        let view = DatasetPath::new(["@home", name, name]);
        let sql = format!(
            "-- {}\nSELECT * FROM {} WHERE {} > '</script>'",
            name.replace('\n', " "),
            table.to_sql(),
            DatasetPath::new([EVIL[0]]).to_sql()
        );
        changes.push(dataset(table, &columns, None));
        changes.push(dataset(view, &columns, Some(sql)));
    }
    changes.push(dataset(
        DatasetPath::new(["@home", "uses <gone>"]),
        &columns[..1],
        Some("SELECT 1 AS \"</script>\" FROM \"\u{1b}[2J<gone>\".\"]]>\"".to_owned()),
    ));
    Lineage::of(changes)
}

fn json(report: &LineageReport<'_>) -> String {
    let mut out = Vec::new();
    report.write_json(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn csv(report: &LineageReport<'_>) -> String {
    let mut out = Vec::new();
    report.write_csv(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn events(report: &LineageReport<'_>) -> (String, Vec<Value>) {
    let mut out = Vec::new();
    report.write_openlineage(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let events = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (text, events)
}

/// All forms, by name.
fn all(lineage: &Lineage, wanted: &Wanted) -> Vec<(&'static str, String)> {
    let selection = lineage.selection(wanted);
    let report = LineageReport::new(lineage.input(), &selection);
    let options = |draw| TextOptions { draw, all: true, ..TextOptions::default() };
    vec![
        ("tree", report.to_text(options(Draw::Tree))),
        ("boxes", report.to_text(options(Draw::Boxes))),
        ("json", json(&report)),
        ("csv", csv(&report)),
        ("mermaid", report.to_mermaid()),
        ("dot", report.to_dot()),
        ("svg", report.to_svg().unwrap()),
        ("html", report.to_html().unwrap()),
        ("openlineage", events(&report).0),
    ]
}

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
fn spaces_and_selectors_narrow_what_is_shown_and_checked() {
    let lineage = small();
    let names = |nodes: &BTreeSet<_>| -> Vec<String> {
        nodes.iter().map(|node| lineage.graph.node(*node).path.to_string()).collect()
    };
    let in_hr = lineage.selection(&Wanted { spaces: vec!["HR".to_owned()], ..Wanted::default() });
    assert_eq!(names(&in_hr.checked), ["hr.broken", "hr.gone", "hr.top"]);
    assert_eq!(names(&in_hr.nodes), ["hr.broken", "hr.gone", "hr.top", "sales.marts.by_person"]);
    let report = LineageReport::new(lineage.input(), &in_hr);
    assert_eq!(report.check().coverage.views, 2);
    assert_eq!((report.node_count(), report.edge_count()), (4, 2));
    let some = Wanted {
        select: Some("path:sales+".to_owned()),
        exclude: Some("hr.* nothing_like_it".to_owned()),
        ..Wanted::default()
    };
    let some = lineage.selection(&some);
    assert_eq!(names(&some.nodes), ["sales.marts.by_person", "sales.staging.orders"]);
    assert_eq!(some.unmatched, ["nothing_like_it"]);
    let near = Wanted { upstream: Some(1), downstream: Some(0), ..wanted("by_person", None) };
    let near = lineage.selection(&near);
    assert_eq!(
        names(&near.nodes),
        ["lake.raw.people", "sales.marts.by_person", "sales.staging.orders"]
    );
}

#[test]
fn tables_are_found_by_the_names_people_have_for_them() {
    let lineage = small();
    let names = Wanted {
        openmetadata: Some(("dremio".to_owned(), "default".to_owned())),
        ..Wanted::default()
    };
    let find = |text: &str| {
        select::find(&lineage.graph, text, &names)
            .map(|node| lineage.graph.node(node).path.to_string())
    };
    assert_eq!(find("SALES.marts.by_person").unwrap(), "sales.marts.by_person");
    assert_eq!(find("by_person").unwrap(), "sales.marts.by_person");
    assert_eq!(find("dremio.sales.marts.by_person").unwrap(), "sales.marts.by_person");
    assert_eq!(find("dremio.hr.default.top").unwrap(), "hr.top");
    match find("orders") {
        Err(SelectionError::Ambiguous { found, .. }) => {
            assert_eq!(found, ["lake.raw.orders", "sales.staging.orders"]);
        }
        other => panic!("{other:?}"),
    }
    let error = find("sales.marts.by_persn").unwrap_err().to_string();
    assert!(error.contains("did you mean sales.marts.by_person"), "{error}");
    let error = Selection::new(&lineage.graph, &wanted("by_person", Some("euro"))).unwrap_err();
    assert!(error.to_string().contains("did you mean eur?"), "{error}");
    let error = Wanted { spaces: vec!["sale".to_owned()], ..Wanted::default() };
    let error = Selection::new(&lineage.graph, &error).unwrap_err();
    assert!(error.to_string().contains("did you mean sales?"), "{error}");
    let error = Wanted { select: Some("\"open".to_owned()), ..Wanted::default() };
    assert!(matches!(Selection::new(&lineage.graph, &error), Err(SelectionError::Selector(_))));
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
fn openlineage_events_have_the_published_shape() {
    let lineage = small();
    let selection = lineage.selection(&Wanted::default());
    let (_, events) = events(&LineageReport::new(lineage.input(), &selection));
    let namespace = "dremio://lake.example:9047";
    for event in &events {
        assert_eq!(event["eventTime"], "2026-01-31T09:05:00Z");
        assert!(event["producer"].as_str().unwrap().starts_with("urn:"));
        let schema = event["schemaURL"].as_str().unwrap();
        let is_run = schema.ends_with("OpenLineage.json#/$defs/RunEvent");
        assert!(is_run || schema.ends_with("OpenLineage.json#/$defs/DatasetEvent"), "{schema}");
        assert_eq!(event.get("run").is_some(), is_run);
        assert_eq!(event.get("dataset").is_some(), !is_run);
    }
    let runs: Vec<&Value> =
        events.iter().filter(|event| event["eventType"] == "COMPLETE").collect();
    let names: Vec<&str> =
        runs.iter().map(|event| event["job"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["hr.broken", "hr.top", "sales.marts.by_person", "sales.staging.orders"]);
    for run in &runs {
        let id = run["run"]["runId"].as_str().unwrap();
        let starts = events.iter().filter(|e| e["eventType"] == "START" && e["run"]["runId"] == id);
        assert_eq!(starts.count(), 1, "{id}");
    }
    let person = runs[2];
    assert_eq!(person["job"]["namespace"], namespace);
    assert_eq!(person["inputs"].as_array().unwrap().len(), 2);
    let facets = &person["outputs"][0]["facets"];
    for (name, facet) in facets.as_object().unwrap() {
        let url = facet["_schemaURL"].as_str().unwrap();
        assert!(url.contains(".json#/$defs/") && facet["_producer"].is_string(), "{name}: {url}");
    }
    assert_eq!(facets["schema"]["fields"][0]["name"], "name");
    let lineage_facet = &facets["columnLineage"];
    assert!(lineage_facet["_schemaURL"].as_str().unwrap().contains("/1-2-0/"));
    assert_eq!(
        lineage_facet["fields"]["eur"]["inputFields"],
        serde_json::json!([{
            "namespace": namespace,
            "name": "sales.staging.orders",
            "field": "eur",
            "transformations": [{
                "type": "DIRECT", "subtype": "AGGREGATION", "description": "SUM(o.eur)", "masking": false
            }],
        }])
    );
    let rows = lineage_facet["dataset"].as_array().unwrap();
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let how = row["transformations"].as_array().unwrap();
            let how: Vec<&str> = how.iter().map(|it| it["subtype"].as_str().unwrap()).collect();
            format!(
                "{}.{} {}",
                row["name"].as_str().unwrap(),
                row["field"].as_str().unwrap(),
                how.join("+")
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            "lake.raw.people.id JOIN",
            "lake.raw.people.name GROUP_BY",
            "sales.staging.orders.id JOIN"
        ]
    );
    let orders = events
        .iter()
        .find(|event| event["dataset"]["name"] == "lake.raw.orders")
        .expect("a table is told too");
    let fields = &orders["dataset"]["facets"]["schema"]["fields"];
    assert_eq!(fields[2]["fields"][0]["name"], "lat");
}

#[test]
fn two_runs_are_equal_in_every_form() {
    let wanted = Wanted::default();
    assert_eq!(all(&small(), &wanted), all(&small(), &wanted));
    assert_eq!(all(&hostile(), &wanted), all(&hostile(), &wanted));
}

fn acts(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[test]
fn hostile_names_stay_in_their_place() {
    let lineage = hostile();
    let first = DatasetPath::new(["@home", EVIL[0], EVIL[0]]);
    let first = first.to_string();
    for wanted in [Wanted::default(), wanted(&first, None), wanted(&first, Some(EVIL[0]))] {
        for (form, text) in all(&lineage, &wanted) {
            assert!(!text.chars().any(acts), "{form} holds something that acts");
            match form {
                "json" => {
                    let value: Value = serde_json::from_str(&text).unwrap();
                    assert!(value["nodes"].to_string().contains("alert(1)"));
                }
                "openlineage" => {
                    assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
                }
                "csv" => check_csv(&text),
                "mermaid" => check_mermaid(&text),
                "dot" => check_dot(&text),
                "svg" => check_markup(
                    &text,
                    &["svg", "title", "style", "defs", "marker", "path", "rect", "g", "text"],
                ),
                "html" => check_html(&text),
                _ => {}
            }
        }
    }
    let node = lineage.graph.find(&DatasetPath::new(["lake", EVIL[3], EVIL[3]])).unwrap();
    let report = ImpactReport::new(&lineage.graph, &lineage.server, false, node, Some(EVIL[3]));
    let mut out = Vec::new();
    report.write_csv(&mut out).unwrap();
    check_csv(&String::from_utf8(out).unwrap());
    assert!(!report.to_text().chars().any(acts));
}

fn check_csv(text: &str) {
    let mut reader = ::csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
    for record in reader.records() {
        for cell in &record.unwrap() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
    }
}

/// Every line is one of the few forms that are written; a label never ends early.
fn check_mermaid(text: &str) {
    for line in text.lines().skip(1) {
        let line = line.trim();
        let is_fixed = line == "end" || line.starts_with("classDef ") || line.starts_with("class ");
        let edge = line.split_once(' ').is_some_and(|(from, rest)| {
            from.starts_with('n') && (rest.starts_with("--> n") || rest.starts_with("-.-> n"))
        });
        let label = line.split_once("[\"").is_some_and(|(_, rest)| {
            let inside = rest.rsplit_once("\"]").map(|(inside, _)| inside.replace("<br/>", ""));
            inside.is_some_and(|inside| !inside.contains(['"', '<', '>', '[', ']', '`']))
        });
        assert!(is_fixed || edge || label, "{line}");
    }
}

/// Quotes are closed on their line; labels hold only the tags that are written.
fn check_dot(text: &str) {
    for line in text.lines() {
        let outside = match line.split_once("[label=<") {
            Some((_, rest)) => {
                let (label, rest) = rest.rsplit_once(">, tooltip=").expect("a tooltip");
                check_markup(label, &["table", "tr", "td", "font", "b", "hr/"]);
                rest
            }
            None => line,
        };
        let unescaped = outside.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(unescaped.matches('"').count() % 2, 0, "{line}");
    }
}

/// All tags are of these names.
fn check_markup(text: &str, tags: &[&str]) {
    for (at, _) in text.match_indices('<') {
        let rest = text[at + 1..].trim_start_matches('/');
        let name: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        let name = name.trim_end_matches('/');
        let known = tags.iter().any(|tag| tag.trim_end_matches('/') == name);
        assert!(known, "a tag of another's: {}", &text[at..text.len().min(at + 60)]);
    }
}

fn check_html(text: &str) {
    assert_eq!(text.matches("<script").count(), 2, "a script of another's");
    assert_eq!(text.matches("</script").count(), 2, "a script is ended by another");
    assert!(!text.contains("http-equiv=\"refresh") && !text.contains("alert(1)</"));
    assert!(text.contains("default-src 'none'"));
    // Nothing is fetched from anywhere.
    for needle in
        ["src=\"", "href=\"", "url(http", "@import", "<link", "<img", "fetch(", "innerHTML"]
    {
        assert!(!text.contains(needle), "{needle}");
    }
    let data = text.split("<script type=\"application/json\" id=\"data\">").nth(1).unwrap();
    let data = data.split("</script>").next().unwrap();
    assert!(!data.contains(['<', '>', '&']));
    let value: Value = serde_json::from_str(data).unwrap();
    assert!(!value["nodes"].as_array().unwrap().is_empty());
    let body = text.split("<body>").nth(1).unwrap().split("<script").next().unwrap();
    let tags = [
        "header", "h1", "div", "button", "output", "nav", "input", "ul", "main", "svg", "defs",
        "marker", "path", "g", "title", "rect", "text", "span", "i", "aside", "footer", "noscript",
        "p",
    ];
    check_markup(body, &tags);
}
