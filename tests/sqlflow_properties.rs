//! Properties of the lineage engine: what must not change the edges, and what must never happen.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use dremio_explorer::model::DatasetPath;
use dremio_explorer::sqlflow::{SchemaMap, StatementLineage, analyze};
use proptest::prelude::*;

const TABLES: [(&[&str], &[&str]); 3] = [
    (&["sales", "orders"], &["id", "cust", "amount", "day"]),
    (&["sales", "customers"], &["cust", "name", "country"]),
    (&["lake", "deep", "events"], &["id", "kind", "payload"]),
];

fn schema() -> SchemaMap {
    let mut schema = SchemaMap::new();
    for (path, columns) in TABLES {
        schema.insert(&DatasetPath::new(path.iter().copied()), columns.iter().copied());
    }
    schema
}

#[derive(Clone, Debug)]
enum Node {
    Column(usize, usize),
    Literal(u8),
    Sum(Box<Node>, Box<Node>),
    Call(&'static str, Box<Node>),
    Case(Box<Node>, Box<Node>, Box<Node>),
    Window(Box<Node>, Box<Node>),
}

#[derive(Clone, Debug)]
struct Shape {
    tables: Vec<usize>,
    items: Vec<Node>,
    filter: Option<Node>,
    joins: Vec<(usize, usize)>,
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        4 => (0..3usize, 0..4usize).prop_map(|(t, c)| Node::Column(t, c)),
        1 => any::<u8>().prop_map(Node::Literal),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Node::Sum(Box::new(a), Box::new(b))),
            (prop_oneof![Just("UPPER"), Just("SUM"), Just("COALESCE")], inner.clone())
                .prop_map(|(f, a)| Node::Call(f, Box::new(a))),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| Node::Case(
                Box::new(a),
                Box::new(b),
                Box::new(c)
            )),
            (inner.clone(), inner).prop_map(|(a, b)| Node::Window(Box::new(a), Box::new(b))),
        ]
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    (
        proptest::collection::vec(0..TABLES.len(), 1..4),
        proptest::collection::vec(node(), 1..5),
        proptest::option::of(node()),
        proptest::collection::vec((0..4usize, 0..4usize), 3),
    )
        .prop_map(|(tables, items, filter, joins)| Shape { tables, items, filter, joins })
}

/// How a shape is spelled; every choice must give the same edges.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent choices of spelling")]
struct Style {
    alias: &'static str,
    quoted: bool,
    upper: bool,
    parentheses: bool,
    comments: bool,
}

impl Style {
    fn name(self, name: &str) -> String {
        let name = if self.upper { name.to_uppercase() } else { name.to_owned() };
        if self.quoted { format!("\"{name}\"") } else { name }
    }

    fn gap(self) -> &'static str {
        if self.comments { " /* FROM x.y, */ -- 'open\n " } else { " " }
    }

    fn column(self, shape: &Shape, table: usize, column: usize) -> String {
        let position = table % shape.tables.len();
        let columns = TABLES[shape.tables[position]].1;
        format!("{}{position}.{}", self.alias, self.name(columns[column % columns.len()]))
    }

    fn node(self, shape: &Shape, node: &Node) -> String {
        let sql = match node {
            Node::Column(table, column) => self.column(shape, *table, *column),
            Node::Literal(n) => n.to_string(),
            Node::Sum(a, b) => {
                format!("({}{}+ {})", self.node(shape, a), self.gap(), self.node(shape, b))
            }
            Node::Call(function, a) => format!("{function}({})", self.node(shape, a)),
            Node::Case(a, b, c) => format!(
                "CASE WHEN {} > 1{}THEN {} ELSE {} END",
                self.node(shape, a),
                self.gap(),
                self.node(shape, b),
                self.node(shape, c)
            ),
            Node::Window(a, b) => {
                format!("MAX({}) OVER (PARTITION BY {})", self.node(shape, a), self.node(shape, b))
            }
        };
        if self.parentheses { format!("((({sql})))") } else { sql }
    }

    fn query(self, shape: &Shape) -> String {
        let mut sql = format!("SELECT{}", self.gap());
        for (index, item) in shape.items.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            let _ = write!(
                sql,
                "{comma}{} AS {}",
                self.node(shape, item),
                self.name(&format!("c{index}"))
            );
        }
        for (index, table) in shape.tables.iter().enumerate() {
            let path: Vec<String> = TABLES[*table].0.iter().map(|part| self.name(part)).collect();
            let word = if index == 0 { "FROM" } else { "JOIN" };
            let _ = write!(sql, "{}{word} {} AS {}{index}", self.gap(), path.join("."), self.alias);
            if index > 0 {
                let (left, right) = shape.joins[index];
                let _ = write!(
                    sql,
                    " ON {} = {}",
                    self.column(shape, index - 1, left),
                    self.column(shape, index, right)
                );
            }
        }
        if let Some(filter) = &shape.filter {
            let _ = write!(sql, "{}WHERE {} = 1", self.gap(), self.node(shape, filter));
        }
        sql
    }
}

const PLAIN: Style =
    Style { alias: "r", quoted: false, upper: false, parentheses: false, comments: false };

/// Everything that counts as the statement's edges, folded.
#[derive(Debug, PartialEq, Eq)]
struct Edges {
    tables: BTreeSet<String>,
    columns: Vec<BTreeSet<String>>,
    rows: BTreeSet<String>,
}

fn told(statement: &StatementLineage) -> Edges {
    let name = |column: &dremio_explorer::sqlflow::ColumnRef| {
        let table = column.table.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{table}.{}", column.column).to_lowercase()
    };
    Edges {
        tables: statement.sources.iter().map(|s| s.path.to_string().to_lowercase()).collect(),
        columns: statement
            .columns
            .iter()
            .map(|column| {
                column
                    .sources
                    .iter()
                    .map(|s| format!("{} {}", name(&s.column), s.influence.subtype_name()))
                    .chain([column.kind.as_str().to_owned()])
                    .collect()
            })
            .collect(),
        rows: statement
            .row_influences
            .iter()
            .map(|row| format!("{} {}", name(&row.column), row.influence.as_str()))
            .collect(),
    }
}

fn edges(sql: &str, schema: &SchemaMap) -> Edges {
    let analysis = analyze(sql, &[], schema);
    assert_eq!(analysis.diagnostics().next(), None, "{sql}");
    told(&analysis.statements[0])
}

/// As many cases as `PROPTEST_CASES` says, or few enough for every run.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    ProptestConfig::with_cases(cases.unwrap_or(96))
}

static CORPUS: LazyLock<Vec<String>> = LazyLock::new(corpus);

/// Text to mutate: real statements of all sorts.
fn corpus() -> Vec<String> {
    let suite: serde_json::Value =
        serde_json::from_str(include_str!("cases/sql/cases.json")).expect("cases.json");
    let cases = suite["cases"].as_array().cloned().unwrap_or_default();
    let mut corpus: Vec<String> =
        cases.iter().filter_map(|case| case["sql"].as_str().map(str::to_owned)).collect();
    corpus.extend(include_str!("cases/sql/tpcds.sql").split(";\n").map(str::to_owned));
    corpus.extend(
        include_str!("cases/sql/dremio.sql")
            .lines()
            .filter_map(|line| line.split_once(" | ").map(|(_, sql)| sql.to_owned())),
    );
    for file in [
        include_str!("cases/sql/own/broken.txt"),
        include_str!("cases/sql/own/dremio.txt"),
        include_str!("cases/sql/own/nested.txt"),
        include_str!("cases/sql/own/queries.txt"),
    ] {
        let cases = file.split("\n## ").skip(1).filter_map(|case| case.split_once('\n'));
        corpus.extend(cases.filter_map(|(_, case)| Some(case.split_once("\n---\n")?.0.to_owned())));
    }
    corpus
}

/// Nothing that is told points outside the text.
fn points_inside(sql: &str, statements: &[StatementLineage]) -> bool {
    statements.iter().all(|statement| {
        sql.get(statement.span.clone()).is_some()
            && statement.columns.iter().all(|column| {
                sql.get(column.span.clone()).is_some_and(|text| text == column.expression)
            })
            && statement.sources.iter().all(|source| sql.get(source.span.clone()).is_some())
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn spelling_does_not_change_edges(
        shape in shape(),
        quoted in any::<bool>(),
        upper in any::<bool>(),
        parentheses in any::<bool>(),
        comments in any::<bool>(),
    ) {
        let schema = schema();
        let plain = edges(&PLAIN.query(&shape), &schema);
        let style = Style { alias: "other_", quoted, upper, parentheses, comments };
        prop_assert_eq!(plain, edges(&style.query(&shape), &schema));
    }

    #[test]
    fn a_subquery_is_a_cte(shape in shape()) {
        let schema = schema();
        let query = PLAIN.query(&shape);
        let columns: Vec<String> = (0..shape.items.len()).map(|i| format!("q.c{i}")).collect();
        let columns = columns.join(", ");
        let derived = edges(&format!("SELECT {columns} FROM ({query}) q"), &schema);
        let cte = edges(&format!("WITH q AS ({query}) SELECT {columns} FROM q"), &schema);
        let star = edges(&format!("WITH q AS ({query}) SELECT * FROM q"), &schema);
        prop_assert_eq!(&derived, &cte);
        prop_assert_eq!(derived, star);
    }

    #[test]
    fn an_expanded_star_is_the_list(table in 0..TABLES.len(), view in any::<bool>()) {
        let schema = schema();
        let (path, columns) = TABLES[table];
        let head = if view { "CREATE VIEW v AS " } else { "" };
        let path = path.join(".");
        let star = edges(&format!("{head}SELECT * FROM {path}"), &schema);
        let list = edges(&format!("{head}SELECT {} FROM {path}", columns.join(", ")), &schema);
        prop_assert_eq!(star, list);
    }

    #[test]
    fn a_star_over_joins_is_the_list(
        tables in proptest::collection::vec(0..TABLES.len(), 1..4),
        qualified in any::<bool>(),
        derived in any::<bool>(),
    ) {
        let schema = schema();
        let (mut from, mut list, mut stars) = (Vec::new(), Vec::new(), Vec::new());
        for (index, table) in tables.iter().enumerate() {
            let (path, columns) = TABLES[*table];
            let path = path.join(".");
            from.push(if derived {
                format!("(SELECT * FROM {path}) t{index}")
            } else {
                format!("{path} t{index}")
            });
            list.extend(columns.iter().map(|column| format!("t{index}.{column}")));
            stars.push(format!("t{index}.*"));
        }
        let star = if qualified { stars.join(", ") } else { "*".to_owned() };
        let from = from.join(" CROSS JOIN ");
        let star = edges(&format!("SELECT {star} FROM {from}"), &schema);
        let list = edges(&format!("SELECT {} FROM {from}", list.join(", ")), &schema);
        prop_assert_eq!(star, list);
    }

    #[test]
    fn removing_a_part_of_the_schema_invents_no_edge(
        asked in proptest::collection::vec((0..2usize, 0..2usize), 1..5),
        kept in 0..4usize,
        nested in any::<bool>(),
    ) {
        let tables = [("x.left", ["a", "b"]), ("y.right", ["c", "d"])];
        let columns: Vec<&str> = asked.iter().map(|(table, column)| tables[*table].1[*column]).collect();
        let sql = format!("SELECT {} FROM x.left CROSS JOIN y.right", columns.join(", "));
        let sql = if nested { format!("SELECT q.* FROM ({sql}) q") } else { sql };
        let with = |mask: usize| {
            let mut schema = SchemaMap::new();
            for (index, (path, columns)) in tables.iter().enumerate() {
                if mask >> index & 1 == 1 {
                    schema.insert(&path.parse().expect("a path"), columns.iter().copied());
                }
            }
            schema
        };
        let all = told(&analyze(&sql, &[], &with(3)).statements[0]);
        let less = told(&analyze(&sql, &[], &with(kept)).statements[0]);
        prop_assert_eq!(&all.tables, &less.tables);
        for (all, less) in all.columns.iter().zip(&less.columns) {
            // What cannot be decided has no table in front.
            let decided = less.iter().filter(|edge| !edge.starts_with('.'));
            for edge in decided {
                prop_assert!(all.contains(edge), "{} of {:?}", edge, all);
            }
        }
    }

    #[test]
    fn sources_are_scanned_and_no_schema_invents_none(shape in shape()) {
        let sql = PLAIN.query(&shape);
        let known = edges(&sql, &schema());
        let unknown = edges(&sql, &SchemaMap::new());
        for column in known.columns.iter().chain(&unknown.columns) {
            for source in column.iter().filter(|source| source.contains('.')) {
                let table = source.split(' ').next().and_then(|s| s.rsplit_once('.')).map(|s| s.0);
                prop_assert!(table.is_some_and(|table| known.tables.contains(table)), "{}", source);
            }
        }
        for (with, without) in known.columns.iter().zip(&unknown.columns) {
            prop_assert!(without.is_subset(with), "{:?} {:?}", without, with);
        }
        prop_assert!(unknown.rows.is_subset(&known.rows));
    }

    #[test]
    fn unqualified_names_without_schema_are_never_guessed(a in 0..4usize, b in 0..4usize) {
        let sql = format!(
            "SELECT {}, {} FROM sales.orders JOIN lake.deep.events ON 1 = 1",
            TABLES[0].1[a], TABLES[0].1[b],
        );
        let analysis = analyze(&sql, &[], &SchemaMap::new());
        for column in &analysis.statements[0].columns {
            prop_assert!(column.sources.iter().all(|source| source.column.table.is_none()));
        }
    }

    #[test]
    fn mutated_text_never_panics(
        which in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        noise in "[ -~é\n]{0,6}",
        swallow in 0..12usize,
    ) {
        let sql = &CORPUS[which.index(CORPUS.len())];
        let mut at = cut.index(sql.len() + 1);
        while !sql.is_char_boundary(at) {
            at -= 1;
        }
        let schema = schema();
        let _ = analyze(&sql[..at], &[], &schema);
        let rest: String = sql[at..].chars().skip(swallow).collect();
        let mutated = format!("{}{noise}{rest}", &sql[..at]);
        let analysis = analyze(&mutated, &[], &schema);
        prop_assert!(points_inside(&mutated, &analysis.statements), "{}", mutated);
        for diagnostic in analysis.diagnostics() {
            prop_assert!(diagnostic.line >= 1 && diagnostic.column >= 1);
        }
    }

    #[test]
    fn any_text_never_panics(sql in "\\PC{0,80}") {
        let _ = analyze(&sql, &["a".to_owned()], &SchemaMap::new());
    }
}
