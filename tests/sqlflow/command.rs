//! `sql-lineage` as a person and a script meet it: texts, schema files, batches, and what is wrong
//! with them.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// What a run wrote and how it ended.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(home: &Path, args: &[&str], input: &str) -> Run {
    let mut command = Command::cargo_bin("dremio-explorer").expect("the binary");
    let command = command.env("HOME", home).current_dir(home).arg("sql-lineage").args(args);
    let output = command.write_stdin(input).output().expect("a run");
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

#[test]
fn several_statements_are_told_one_by_one() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(
        home.path().join("s.yaml"),
        "sales.orders: [id, cid]\nsales.customers: [cid, name]\n",
    )
    .expect("a file");
    let sql = "-- first\n\
        CREATE VIEW mart.v (id, ssn MASKING POLICY sp.mask(ssn)) ROW ACCESS POLICY sp.rls(id) AS\n\
        SELECT o.id, c.name FROM orders AT BRANCH dev o JOIN customers c ON o.cid = c.cid;\n\
        \n\
        SELECT ssn, 1 AS one FROM mart.v WHERE gone = 1;\n\
        USE lake;\n\
        SELECT a,, b FROM t\n";
    std::fs::write(home.path().join("a.sql"), sql).expect("a file");
    let args = ["a.sql", "--schema", "s.yaml", "--context", "sales"];
    let told = run(home.path(), &args, "");
    assert_eq!(
        told.out,
        "a.sql:2 create view mart.v (parsed)\n\
         \x20 reads sales.orders  (at BRANCH dev)\n\
         \x20 reads sales.customers\n\
         \x20 id   IDENTITY     sales.orders.id\n\
         \x20 ssn  IDENTITY     sales.customers.name\n\
         \x20 rows by join: sales.orders.cid\n\
         \x20 rows by join: sales.customers.cid\n\
         \x20 ssn masked by sp.mask(ssn)\n\
         \x20 rows by policy: sp.rls(id)\n\
         \n\
         a.sql:5 query (partial)\n\
         \x20 reads mart.v\n\
         \x20 ssn  IDENTITY     mart.v.ssn\n\
         \x20 one  CONSTANT\n\
         \x20 rows by filter: mart.v.gone\n\
         \x20 ! 5:40 mart.v has no column \"gone\"\n\
         \n\
         a.sql:6 other (parsed)\n\
         \n\
         a.sql:7 query (failed)\n\
         \x20 reads lake.t  (or t, not sure)\n\
         \x20 ! 7:10 Expected: an expression, found: ,\n"
    );
    assert_eq!((told.code, told.err.as_str()), (Some(1), ""));
    let json = run(home.path(), &["a.sql", "--format", "json"], "").out;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let policies = &json["statements"][0]["policies"];
    assert_eq!(policies[0]["column"], "ssn");
    assert_eq!(policies[1]["kind"], "row_access");
    assert!(json["statements"][1].get("policies").is_none());
}

#[test]
fn an_empty_text_is_fine() {
    let home = tempfile::tempdir().expect("a folder");
    for text in ["", " \n;;\n", "-- only a comment"] {
        let told = run(home.path(), &[], text);
        assert_eq!((told.code, told.out.as_str()), (Some(0), ""), "{text:?}");
    }
}

#[test]
fn files_that_cannot_be_used_are_named_with_what_is_wrong() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(home.path().join(name), bytes).expect("a file");
    };
    write("a.sql", b"SELECT 1");
    write("list.yaml", b"[1, 2]");
    write("number.yaml", b"a.b: 3");
    write("name.yaml", b"'a..b': [c]");
    write("bytes.sql", b"SELECT '\xff'");
    for (args, says) in [
        (&["absent.sql"][..], "cannot read absent.sql"),
        (&["bytes.sql"], "cannot read bytes.sql"),
        (&["."], "cannot read ."),
        (&["a.sql", "--schema", "absent.yaml"], "cannot read absent.yaml"),
        (&["a.sql", "--schema", "list.yaml"], "schema file list.yaml: expected mapping"),
        (&["a.sql", "--schema", "number.yaml"], "the columns of a.b must be a list of names"),
        (&["a.sql", "--schema", "name.yaml"], "schema file name.yaml: \"a..b\" is no table name"),
        (&["a.sql", "--context", "a..b"], "--context a..b"),
    ] {
        let told = run(home.path(), args, "");
        assert_eq!((told.code, told.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(told.err.contains(says), "{args:?}: {}", told.err);
        assert_eq!(told.err.trim_end().lines().count(), 1, "{args:?}: {}", told.err);
    }
}

#[test]
fn a_batch_with_a_fault_is_refused_by_its_case() {
    let home = tempfile::tempdir().expect("a folder");
    let good = r#"{"id": 1, "sql": "SELECT 1"}"#;
    for (batch, says) in [
        ("", "standard input: the batch is not a JSON array of cases"),
        ("{}", "the batch is not a JSON array of cases: invalid type: map"),
        ("null", "the batch is not a JSON array of cases: invalid type: null"),
        ("[1]", "case 1 of the batch: invalid type: integer `1`"),
        ("[{}]", "case 1 of the batch: missing field `id`"),
        (r#"[GOOD, {"id": "x"}]"#, "case 2 of the batch (id x): missing field `sql`"),
        (r#"[{"id": 7, "sql": null}]"#, "case 1 of the batch (id 7): invalid type: null"),
        (r#"[{"id": 7, "sql": "", "schema": []}]"#, "case 1 of the batch (id 7): invalid type"),
        (r#"[{"id": 7, "sql": "", "schema": {"t": 1}}]"#, "case 1 of the batch (id 7)"),
        (r#"[{"id": 7, "sql": "", "default_context": "a"}]"#, "case 1 of the batch (id 7)"),
        (r#"[{"id": "\u001b[31m", "sql": 1}]"#, "case 1 of the batch (id"),
    ] {
        let told = run(home.path(), &["--batch"], &batch.replace("GOOD", good));
        assert_eq!((told.code, told.out.as_str()), (Some(2), ""), "{batch}");
        assert!(told.err.contains(says), "{batch}: {}", told.err);
        assert!(!told.err.contains('\u{1b}'), "{batch}: {:?}", told.err);
    }
    for batch in ["[]", r#"[{"id": null, "sql": ";", "views": null, "schema": null, "more": 1}]"#] {
        assert_eq!(run(home.path(), &["--batch"], batch).code, Some(0), "{batch}");
    }
}
