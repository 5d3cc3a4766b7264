//! The lineage engine against its cases: the project's own, TPC-H, TPC-DS, and the constructs of
//! contract §7.2.

mod bodies;
mod command;
mod own;

use std::collections::{BTreeMap, BTreeSet};

use dremio_explorer::model::DatasetPath;
use dremio_explorer::sqlflow::{
    Confidence, DiagnosticKind, FunctionBody, Influence, Kind, SchemaMap, StatementKind, Status,
    analyze, batch,
};
use serde_json::{Value, json};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A dotted name without case and quotes, part by part.
fn folded(name: &str) -> Vec<String> {
    name.parse::<DatasetPath>().expect("a dotted name").folded().parts().to_vec()
}

fn last(name: &str) -> String {
    folded(name).pop().unwrap_or_default()
}

#[derive(Default)]
struct Tally {
    right: usize,
    missing: usize,
    extra: usize,
}

impl Tally {
    fn add<T: Ord>(&mut self, want: &BTreeSet<T>, got: &BTreeSet<T>) -> bool {
        self.right += want.intersection(got).count();
        self.missing += want.difference(got).count();
        self.extra += got.difference(want).count();
        want == got
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    fn f1(&self) -> f64 {
        2.0 * self.right as f64 / (2 * self.right + self.missing + self.extra).max(1) as f64
    }
}

fn column_edges(
    columns: &[Value],
    optional: &BTreeSet<Vec<String>>,
) -> BTreeSet<(String, Vec<String>)> {
    columns
        .iter()
        .flat_map(|column| {
            items(column, "sources")
                .iter()
                .map(|s| (last(text(&column["target"])), folded(text(s))))
        })
        .filter(|(_, source)| !optional.contains(source))
        .collect()
}

fn influences(columns: &[Value]) -> BTreeSet<(String, Vec<String>, String)> {
    columns
        .iter()
        .flat_map(|column| {
            items(column, "influences").iter().map(|i| {
                let how = format!("{} {}", text(&i["type"]), text(&i["subtype"]));
                (last(text(&column["target"])), folded(text(&i["source"])), how)
            })
        })
        .collect()
}

fn rows(answer: &Value, key: &str) -> BTreeSet<(Vec<String>, String)> {
    items(answer, key)
        .iter()
        .map(|i| (folded(text(&i["source"])), text(&i["subtype"]).to_owned()))
        .collect()
}

#[test]
fn own_cases() {
    let suite: Value =
        serde_json::from_str(include_str!("../cases/sql/cases.json")).expect("cases.json");
    let cases = items(&suite, "cases");
    let answers = batch::run(&serde_json::to_string(cases).expect("cases")).expect("answers");
    let answers: Vec<Value> = serde_json::from_str(&answers).expect("an array");
    let (mut tables, mut columns, mut kinds) =
        (Tally::default(), Tally::default(), Tally::default());
    let (mut acts, mut indirect) = (Tally::default(), Tally::default());
    let mut wrong: Vec<String> = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let mut note = |what: &str, fine: bool| {
            if !fine {
                wrong.push(format!("{} {what}: {answer}", text(&case["id"])));
            }
        };
        let named = |value: &Value| -> BTreeSet<Vec<String>> {
            let target = value["target"].as_str().into_iter().map(|t| {
                let mut name = folded(t);
                name.insert(0, "target".to_owned());
                name
            });
            items(value, "sources").iter().map(|s| folded(text(s))).chain(target).collect()
        };
        let optional: BTreeSet<_> =
            items(case, "optional_tables").iter().map(|s| folded(text(s))).collect();
        let want = &named(&case["expected_tables"]) - &optional;
        let got = &named(&answer["tables"]) - &optional;
        note("tables", tables.add(&want, &got));
        note("error", text(&case["parse"]) == "error" || answer.get("error").is_none());
        if !case["expected_columns"].is_null() {
            let optional: BTreeSet<_> =
                items(case, "optional_sources").iter().map(|s| folded(text(s))).collect();
            let want = items(case, "expected_columns");
            let got = items(answer, "columns");
            note(
                "columns",
                columns.add(&column_edges(want, &optional), &column_edges(got, &optional)),
            );
            if case["kinds_asserted"].as_bool().unwrap_or(true) && optional.is_empty() {
                let kind_of = |list: &[Value]| -> BTreeSet<(String, String)> {
                    list.iter()
                        .map(|c| (last(text(&c["target"])), text(&c["kind"]).to_owned()))
                        .collect()
                };
                note("kinds", kinds.add(&kind_of(want), &kind_of(got)));
                note("influences", acts.add(&influences(want), &influences(got)));
            }
        }
        if !case["expected_indirect"].is_null() {
            note(
                "indirect",
                indirect.add(&rows(case, "expected_indirect"), &rows(answer, "indirect")),
            );
        }
    }
    let scores = [tables.f1(), columns.f1(), kinds.f1(), acts.f1(), indirect.f1()];
    assert_eq!(answers.len(), cases.len());
    assert!(
        scores[0] >= 0.99 && scores[1] >= 0.98 && scores[2..].iter().all(|score| *score >= 0.95),
        "tables, columns, kinds, influences, indirect: {scores:?}\n{}",
        wrong.join("\n")
    );
}

fn schema_of(json: &str) -> SchemaMap {
    let tables: BTreeMap<String, Vec<String>> = serde_json::from_str(json).expect("a schema");
    let mut schema = SchemaMap::new();
    for (name, columns) in tables {
        schema.insert(&DatasetPath::new([name]), columns);
    }
    schema
}

/// `-- name` lines, each before one query.
fn queries(text: &str) -> Vec<(&str, &str)> {
    text.split("-- ")
        .filter_map(|part| part.split_once('\n'))
        .map(|(name, sql)| (name.trim(), sql.trim().trim_end_matches(';')))
        .collect()
}

#[test]
fn tpc_queries_are_fully_traced() {
    let suites = [
        (
            "TPC-H",
            include_str!("../cases/sql/tpch.sql"),
            include_str!("../cases/sql/tpch.schema.json"),
            22,
        ),
        (
            "TPC-DS",
            include_str!("../cases/sql/tpcds.sql"),
            include_str!("../cases/sql/tpcds.schema.json"),
            14,
        ),
    ];
    let mut wrong = Vec::new();
    for (suite, sql, schema, count) in suites {
        let schema = schema_of(schema);
        let queries = queries(sql);
        assert_eq!(queries.len(), count, "{suite}");
        for (name, sql) in queries {
            let analysis = analyze(sql, &[], &schema);
            let [statement] = analysis.statements.as_slice() else {
                wrong.push(format!("{suite} {name}: {} statements", analysis.statements.len()));
                continue;
            };
            let decided = statement
                .columns
                .iter()
                .flat_map(|column| &column.sources)
                .all(|source| source.column.table.is_some());
            let found = statement.sources.iter().all(|s| s.confidence == Confidence::Found);
            let written = statement.columns.iter().all(|c| !c.expression.is_empty());
            if statement.status != Status::Parsed || !decided || !found || !written {
                wrong.push(format!("{suite} {name}: {statement:#?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `name: source source` for every column.
fn traced(sql: &str, schema: &SchemaMap) -> Vec<String> {
    let analysis = analyze(sql, &[], schema);
    let statement = analysis.statements.last().expect("a statement");
    statement
        .columns
        .iter()
        .map(|column| {
            let mut sources: Vec<String> = Vec::new();
            for source in &column.sources {
                let name = match &source.column.table {
                    Some(table) => format!("{table}.{}", source.column.column),
                    None => source.column.column.clone(),
                };
                if !sources.contains(&name) {
                    sources.push(name);
                }
            }
            format!("{}: {}", column.name, sources.join(" ")).trim().to_owned()
        })
        .collect()
}

#[test]
fn tpc_columns_come_from_where_a_reader_says() {
    let schema = schema_of(include_str!("../cases/sql/tpch.schema.json"));
    let by_name: BTreeMap<&str, &str> =
        queries(include_str!("../cases/sql/tpch.sql")).into_iter().collect();
    assert_eq!(
        traced(by_name["q8"], &schema),
        [
            "o_year: orders.o_orderdate",
            "mkt_share: nation.n_name lineitem.l_extendedprice lineitem.l_discount",
        ]
    );
    assert_eq!(traced(by_name["q13"], &schema), ["c_count: orders.o_orderkey", "custdist:"]);
    assert_eq!(
        traced(by_name["q15"], &schema)[4],
        "total_revenue: lineitem.l_extendedprice lineitem.l_discount"
    );
    let schema = schema_of(include_str!("../cases/sql/tpcds.schema.json"));
    let by_name: BTreeMap<&str, &str> =
        queries(include_str!("../cases/sql/tpcds.sql")).into_iter().collect();
    assert_eq!(
        traced(by_name["q51"], &schema)[..2],
        ["item_sk: web_sales.ws_item_sk store_sales.ss_item_sk", "d_date: date_dim.d_date"]
    );
}

#[test]
fn constructs_of_the_contract_parse() {
    let failures: Vec<String> = include_str!("../cases/sql/dremio.sql")
        .lines()
        .filter(|line| !line.trim().is_empty())
        .filter_map(|line| {
            let (tables, sql) = line.split_once(" | ").expect("tables | sql");
            let analysis = analyze(sql, &[], &SchemaMap::new());
            let mut found: Vec<String> = analysis
                .statements
                .iter()
                .flat_map(|statement| {
                    let target = statement.target.iter().map(|t| format!(">{t}"));
                    statement.sources.iter().map(|s| s.path.to_string()).chain(target)
                })
                .collect();
            found.sort();
            found.dedup();
            let syntax = analysis.diagnostics().find(|d| d.kind == DiagnosticKind::Syntax);
            let found = if found.is_empty() { "-".to_owned() } else { found.join(" ") };
            (found != tables || syntax.is_some())
                .then(|| format!("{sql}\n  want {tables}\n  got  {found} {syntax:?}"))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn expressions_are_told_as_written() {
    let sql = "SELECT a, SUM( b )  AS s, CAST(c AS ARRAY(INT)) d,\n  x.y + 1 FROM t x -- end";
    let analysis = analyze(sql, &[], &SchemaMap::new());
    let texts: Vec<&str> =
        analysis.statements[0].columns.iter().map(|c| c.expression.as_str()).collect();
    assert_eq!(texts, ["a", "SUM( b )", "CAST(c AS ARRAY(INT))", "x.y + 1"]);
    for column in &analysis.statements[0].columns {
        assert_eq!(&sql[column.span.clone()], column.expression);
    }
    let source = &analysis.statements[0].sources[0];
    assert_eq!(&sql[source.span.clone()], "t");
}

#[test]
fn spans_stay_in_the_text_when_from_comes_first() {
    for sql in [
        "FROM t x SELECT x.a AS b, c WHERE d",
        " FROM ALL SELECT e.é, id, e.mgr h/.e mp WHERS * FROME",
    ] {
        for statement in analyze(sql, &[], &SchemaMap::new()).statements {
            for column in statement.columns {
                assert_eq!(sql.get(column.span), Some(column.expression.as_str()));
            }
        }
    }
}

#[test]
fn versions_are_kept_beside_the_table() {
    let sql = "SELECT n.a FROM nes.t AT BRANCH dev n JOIN nes.t AT TAG \"v 1\" o ON n.id = o.id";
    let analysis = analyze(sql, &[], &SchemaMap::new());
    let statement = &analysis.statements[0];
    assert_eq!(statement.sources.len(), 1);
    assert_eq!(statement.sources[0].versions, ["BRANCH dev", "TAG \"v 1\""]);
    assert_eq!(statement.status, Status::Parsed);
}

#[test]
fn a_bad_expression_costs_its_column_only() {
    let sql = "SELECT o.a, o.b ~~! ??? o.c AS x,\n o.d FROM lake.o o WHERE o.e = 1";
    let analysis = analyze(sql, &[], &SchemaMap::new());
    let statement = &analysis.statements[0];
    assert_eq!(statement.status, Status::Partial);
    let names: Vec<&str> = statement.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["a", "x", "d"]);
    assert_eq!(statement.columns[2].sources.len(), 1);
    let diagnostic = &statement.diagnostics[0];
    assert_eq!((diagnostic.kind, diagnostic.line), (DiagnosticKind::Syntax, 1));
}

#[test]
fn names_that_do_not_fit_the_catalogue_are_told() {
    let mut schema = SchemaMap::new();
    schema.insert(&DatasetPath::new(["s", "t"]), ["a", "b"]);
    let analysis = analyze("SELECT t.a,\n       t.gone, dir0 FROM s.t", &[], &schema);
    let statement = &analysis.statements[0];
    assert_eq!(statement.status, Status::Partial);
    let [diagnostic] = statement.diagnostics.as_slice() else {
        panic!("{:?}", statement.diagnostics)
    };
    assert_eq!(diagnostic.kind, DiagnosticKind::UnknownColumn);
    assert_eq!((diagnostic.line, diagnostic.column), (2, 10));
    assert_eq!(diagnostic.message, "s.t has no column \"gone\"");
}

#[test]
fn functions_are_read_through_their_bodies() {
    let mut schema = SchemaMap::new();
    schema.insert(&DatasetPath::new(["lake", "rates"]), ["day", "rate"]);
    schema.insert(&DatasetPath::new(["lake", "t"]), ["price", "day"]);
    schema.insert_function(
        &DatasetPath::new(["f", "taxed"]),
        FunctionBody {
            parameters: vec!["p".to_owned(), "d".to_owned()],
            body: "SELECT p * (SELECT MAX(rate) FROM lake.rates r WHERE r.day = d)".into(),
            context: Vec::new(),
        },
    );
    let analysis = analyze("SELECT f.taxed(t.price, t.day) AS x FROM lake.t", &[], &schema);
    let statement = &analysis.statements[0];
    let column = &statement.columns[0];
    assert_eq!(column.kind, Kind::Aggregation);
    let sources: Vec<(String, Influence)> =
        column.sources.iter().map(|s| (s.column.column.clone(), s.influence)).collect();
    assert_eq!(
        sources,
        [
            ("price".to_owned(), Influence::Transformation),
            ("rate".to_owned(), Influence::Aggregation)
        ]
    );
    let rates = statement.sources.iter().find(|s| s.path.name() == "rates").expect("rates");
    assert_eq!(rates.via_function.as_ref().map(ToString::to_string).as_deref(), Some("f.taxed"));
}

#[test]
fn scripts_see_what_they_made_before() {
    let schema = schema_of(r#"{"raw": ["a", "b"]}"#);
    let sql = "CREATE TABLE x AS SELECT a AS k, b FROM raw; CREATE VIEW y AS SELECT * FROM x";
    assert_eq!(traced(sql, &schema), ["k: x.k", "b: x.b"]);
    let answers = batch::run(
        &json!([{"id": 1, "sql": sql, "dialect": "dremio", "schema": {"raw": ["a", "b"]}}])
            .to_string(),
    )
    .expect("answers");
    let answers: Value = serde_json::from_str(&answers).expect("JSON");
    assert_eq!(answers[0]["tables"], json!({"target": "y", "sources": ["raw"]}));
    assert_eq!(answers[0]["columns"][0]["sources"], json!(["raw.a"]));
}

#[test]
fn depth_and_length_neither_overflow_nor_reject() {
    let schema = schema_of(r#"{"t": ["a", "b"]}"#);
    let nest = |open: &str, inner: &str, close: &str, n: usize| {
        format!("SELECT {}{inner}{} AS x FROM t", open.repeat(n), close.repeat(n))
    };
    let cases = [
        ("parentheses", nest("(", "a", ")", 2_000)),
        ("nested sums", nest("(", "a", "+ 1)", 2_000)),
        ("calls", nest("UPPER(", "a", ")", 2_000)),
        ("cases", nest("CASE WHEN a = 1 THEN 2 ELSE ", "b", " END", 1_000)),
        ("nots", nest("NOT ", "a", "", 4_000)),
        ("sum", format!("SELECT {} AS x FROM t", vec!["a"; 20_000].join(" + "))),
        ("conjunction", format!("SELECT a FROM t WHERE {}", vec!["b = 1"; 20_000].join(" AND "))),
        ("union", vec!["SELECT a FROM t"; 20_000].join(" UNION ALL ")),
        (
            "subqueries",
            format!("SELECT a FROM {}t{}", "(SELECT a FROM ".repeat(500), ") q".repeat(500)),
        ),
    ];
    for (name, sql) in cases {
        let analysis = analyze(&sql, &[], &schema);
        assert_eq!(
            analysis.status(),
            Status::Parsed,
            "{name}: {:?}",
            analysis.diagnostics().next()
        );
        assert!(!analysis.statements[0].columns[0].sources.is_empty(), "{name}");
    }
    let unclosed = analyze(&format!("SELECT {}", "(".repeat(20_000)), &[], &schema);
    assert_eq!(unclosed.status(), Status::Failed);
}

#[test]
fn statements_without_lineage_are_passed_over_quietly() {
    let sql = "USE lake; SHOW TABLES; ALTER TABLE t ADD COLUMNS (a INT); OPTIMIZE TABLE t;
        VACUUM TABLE t EXPIRE SNAPSHOTS; GRANT SELECT ON TABLE t TO USER u; ; DROP VIEW v;";
    let analysis = analyze(sql, &[], &SchemaMap::new());
    assert_eq!(analysis.statements.len(), 7);
    for statement in &analysis.statements {
        assert_eq!((statement.kind, statement.status), (StatementKind::Other, Status::Parsed));
        assert!(statement.sources.is_empty() && statement.diagnostics.is_empty());
    }
}

#[test]
fn a_batch_that_is_none_is_refused() {
    let error = batch::run("{").expect_err("no array");
    assert!(error.to_string().starts_with("the batch is not a JSON array of cases"));
    assert_eq!(batch::run("[]").expect("an empty batch"), "[]");
}
