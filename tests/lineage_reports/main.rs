//! What is written of a lineage: every form holds what it should, two runs are equal, and no name
//! gets out of its place.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod forms;
mod hostile;
mod openlineage;
mod selection;

use dremio_explorer::lineage::{Difference, Engine, LineageGraph};
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Field,
    Item, NodeKind, ServerInfo, TableKind,
};
use dremio_explorer::report::lineage::{
    Draw, LineageInput, LineageReport, Selection, TextOptions, Wanted,
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
