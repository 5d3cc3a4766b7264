//! What is read through: functions and views with SQL of their own, and policies in headers.

use dremio_explorer::model::DatasetPath;
use dremio_explorer::sqlflow::{
    Confidence, DiagnosticKind, FunctionBody, Policy, PolicyKind, SchemaMap, Status, analyze, batch,
};
use serde_json::{Value, json};

fn path(text: &str) -> DatasetPath {
    text.parse().expect("a path")
}

#[test]
fn a_function_reads_under_its_own_context() {
    let mut schema = SchemaMap::new();
    schema.insert(&path("here.rates"), ["rate"]);
    schema.insert(&path("there.rates"), ["rate"]);
    let function = FunctionBody {
        parameters: vec!["p".to_owned()],
        body: "SELECT p * MAX(rate) FROM rates".into(),
        context: vec!["there".to_owned()],
    };
    schema.insert_function(&path("there.taxed"), function);
    let here = ["here".to_owned()];
    let sql = "SELECT there.taxed(1) AS x, (SELECT MIN(rate) FROM rates) AS y";
    let analysis = analyze(sql, &here, &schema);
    let statement = &analysis.statements[0];
    let of = |column: usize| -> Vec<String> {
        let sources = statement.columns[column].sources.iter();
        sources.map(|s| s.column.table.as_ref().expect("decided").to_string()).collect()
    };
    assert_eq!((of(0), of(1)), (vec!["there.rates".to_owned()], vec!["here.rates".to_owned()]));
    let through: Vec<bool> = statement.sources.iter().map(|s| s.via_function.is_some()).collect();
    assert_eq!(through, [true, false]);
}

#[test]
fn views_of_a_batch_are_read_through() {
    let cases = json!([{
        "id": "views",
        "sql": "CREATE VIEW m.v AS SELECT y.b AS c, n FROM y JOIN s.z ON y.a = z.k",
        "dialect": "dremio",
        "schema": {"s.x": ["a", "b", "d"]},
        "views": {
            "y": "SELECT * FROM s.x WHERE d > 1",
            "s.z": "SELECT a AS k, COUNT(*) AS n FROM y GROUP BY a",
        },
    }, {
        "id": "a view that reads itself",
        "sql": "SELECT a FROM y",
        "views": {"y": "SELECT a FROM y"},
    }]);
    let answers = batch::run(&cases.to_string()).expect("answers");
    let answers: Value = serde_json::from_str(&answers).expect("JSON");
    let first = &answers[0];
    assert_eq!(first["tables"], json!({"target": "m.v", "sources": ["s.x"]}));
    assert_eq!(first["columns"][0]["sources"], json!(["s.x.b"]));
    assert_eq!(first["columns"][1]["kind"], "AGGREGATION");
    let rows: Vec<String> = first["indirect"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| format!("{} {}", row["source"], row["subtype"]).replace('"', ""))
        .collect();
    assert_eq!(rows, ["s.x.d FILTER", "s.x.a GROUP_BY", "s.x.a JOIN"]);
    assert!(answers[1]["error"].is_null(), "{}", answers[1]);
}

#[test]
fn policies_of_a_view_are_facts_of_its_statement() {
    let sql = "CREATE VIEW sp.v (id, ssn MASKING POLICY sp.mask(ssn, id)) \
               ROW ACCESS POLICY sp.rls(id) AS SELECT a, b FROM lake.t";
    let analysis = analyze(sql, &[], &SchemaMap::new());
    let statement = &analysis.statements[0];
    assert_eq!(statement.status, Status::Parsed);
    let expected = [
        Policy {
            kind: PolicyKind::Masking,
            function: path("sp.mask"),
            column: Some("ssn".to_owned()),
            arguments: vec!["ssn".to_owned(), "id".to_owned()],
        },
        Policy {
            kind: PolicyKind::RowAccess,
            function: path("sp.rls"),
            column: None,
            arguments: vec!["id".to_owned()],
        },
    ];
    assert_eq!(statement.policies, expected);
    let names: Vec<&str> = statement.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["id", "ssn"]);
    let altered = "ALTER TABLE lake.t MODIFY COLUMN ssn SET MASKING POLICY sp.mask(ssn)";
    assert_eq!(analyze(altered, &[], &SchemaMap::new()).statements[0].policies.len(), 1);
    let failed = format!("{} WHERE ((", sql.replace("FROM lake.t", "FROM FROM lake.t"));
    let failed = &analyze(&failed, &[], &SchemaMap::new()).statements[0];
    assert_eq!((failed.status, failed.policies.len()), (Status::Failed, 2));
}

#[test]
fn tables_of_an_expression_that_is_taken_out_are_kept() {
    let sql = "SELECT a.x, SUM((SELECT y FROM lake.b ~~~ WHERE) AS s FROM lake.a a";
    let analysis = analyze(sql, &[], &SchemaMap::new());
    let statement = &analysis.statements[0];
    let tables: Vec<String> = statement.sources.iter().map(|s| s.path.to_string()).collect();
    assert!(tables.contains(&"lake.b".to_owned()), "{tables:?}");
    assert!(tables.contains(&"lake.a".to_owned()), "{tables:?}");
    let unsure = |name: &str| {
        let table = statement.sources.iter().find(|s| s.path.to_string() == name);
        table.map(|table| table.confidence)
    };
    assert_eq!(unsure("lake.b"), Some(Confidence::Low));
}

#[test]
fn a_clause_without_its_end_is_an_error_with_its_place() {
    for (sql, column) in [
        ("SELECT a FROM t JOIN u ON", 26),
        ("SELECT a FROM t WHERE", 22),
        ("SELECT a FROM t JOIN u ON WHERE", 32),
        ("SELECT a FROM t WHERE a = 1 AND", 32),
    ] {
        let analysis = analyze(sql, &[], &SchemaMap::new());
        let syntax = analysis.diagnostics().find(|d| d.kind == DiagnosticKind::Syntax);
        let syntax = syntax.unwrap_or_else(|| panic!("{sql}: no error"));
        assert_eq!((syntax.line, syntax.column), (1, column), "{sql}: {}", syntax.message);
        let names: Vec<String> = analysis.statements[0]
            .row_influences
            .iter()
            .map(|row| row.column.column.to_uppercase())
            .collect();
        assert!(!names.contains(&"WHERE".to_owned()), "{sql}: {names:?}");
    }
    let named = analyze("SELECT a AS by FROM t ORDER BY t.on", &[], &SchemaMap::new());
    assert_eq!(named.status(), Status::Parsed);
}
