//! `check-lineage` and `impact` as people and scripts run them, against the demo.

#![cfg(feature = "demo")]

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(home: &Path, args: &[&str]) -> Run {
    let mut command = Command::cargo_bin("dremio-explorer").expect("the program");
    for (name, _) in std::env::vars_os() {
        let shown = name.to_string_lossy().to_uppercase();
        if ["DREMIO", "OPENMETADATA", "XDG_"].iter().any(|it| shown.starts_with(it)) {
            command.env_remove(name);
        }
    }
    let output = command
        .args(args)
        .env("HOME", home)
        .env("COLUMNS", "100")
        .current_dir(home)
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn help_texts() {
    let home = home();
    for command in ["check-lineage", "impact"] {
        let Run { code, out, .. } = run(home.path(), &[command, "--help"]);
        assert_eq!(code, Some(0));
        // What all commands share is shown elsewhere.
        let own = out.split("\nConnection:").next().expect("a first part");
        let end = out.split("--no-mouse\n").nth(1).and_then(|rest| rest.split_once("\n\n"));
        let end = end.expect("what follows the options").1;
        insta::assert_snapshot!(
            format!("help_{}", command.replace('-', "_")),
            format!("{own}…\n{end}")
        );
    }
}

#[test]
fn the_demo_is_checked_and_the_bar_decides() {
    let home = home();
    let fine = run(home.path(), &["check-lineage", "--demo"]);
    assert_eq!(fine.code, Some(0), "{}", fine.err);
    assert!(fine.out.contains("Broken references (2)"), "{}", fine.out);
    assert!(fine.out.contains("reporting.old.revenue_by_brand:1:"), "{}", fine.out);
    let above = run(home.path(), &["check-lineage", "--demo", "--fail-under", "90"]);
    assert_eq!(above.code, Some(0), "{}", above.err);
    let below = run(home.path(), &["check-lineage", "--demo", "--fail-under", "99.5%"]);
    assert_eq!(below.code, Some(1), "{}", below.err);
    assert!(below.err.contains("below the bar of 99.5 %"), "{}", below.err);
    let strict = run(home.path(), &["check-lineage", "--demo", "--strict"]);
    assert_eq!(strict.code, Some(1));
    let clean = ["check-lineage", "--demo", "--strict", "--fail-under", "100", "--space", "marts"];
    let clean = run(home.path(), &clean);
    assert_eq!(clean.code, Some(0), "{}{}", clean.out, clean.err);
}

#[test]
fn a_file_takes_its_form_from_its_name() {
    let home = home();
    let begins = [
        ("l.html", "<!doctype html>"),
        ("l.svg", "<svg "),
        ("l.mmd", "flowchart LR"),
        ("l.dot", "digraph lineage {"),
        ("l.csv", "level,from_table"),
        ("l.json", "{"),
        ("l.ndjson", "{\"eventTime\":"),
        ("l.txt", "Views "),
    ];
    for (file, begin) in begins {
        let run = run(home.path(), &["check-lineage", "--demo", "-o", file, "--space", "finance"]);
        assert_eq!((run.code, run.out.as_str()), (Some(0), ""), "{file}: {}", run.err);
        let text = std::fs::read_to_string(home.path().join(file)).expect("the file");
        assert!(text.starts_with(begin), "{file}: {}", &text[..60.min(text.len())]);
    }
}

#[test]
fn what_cannot_be_asked_for_is_told_with_a_hint() {
    let home = home();
    let told = |args: &[&str]| {
        let run = run(home.path(), args);
        assert_eq!(run.code, Some(2), "{}", run.err);
        assert_eq!(run.out, "");
        run.err
    };
    let err = told(&["impact", "--demo", "--table", "marts.core.fct_order"]);
    assert!(err.contains("did you mean marts.core.fct_orders"), "{err}");
    let err = told(&["check-lineage", "--demo", "--table", "fct_orders", "--column", "net_amount"]);
    assert!(err.contains("net_amount_eur"), "{err}");
    assert!(told(&["check-lineage", "--demo", "--column", "a"]).contains("--table"));
    assert!(told(&["check-lineage", "--demo", "--fail-under", "101"]).contains("from 0 to 100"));
    let err = told(&["check-lineage", "--snapshot", "latest", "--data-dir", "nowhere"]);
    assert!(err.contains("no snapshot"), "{err}");
    assert!(told(&["impact", "-t", "x", "--snapshot", "gone.zst"]).contains("gone.zst"));
    let err = told(&["check-lineage", "--demo", "-o", "no/such/folder.svg"]);
    assert!(err.contains("there is no folder"), "{err}");
}

#[test]
fn impact_of_a_raw_column_reaches_the_reports() {
    let home = home();
    let args = [
        "impact",
        "--demo",
        "-t",
        r#"lake."shop-raw".order_items"#,
        "-c",
        "line_total",
        "-f",
        "json",
    ];
    let found = run(home.path(), &args);
    assert_eq!(found.code, Some(0), "{}", found.err);
    let value: Value = serde_json::from_str(&found.out).expect("JSON");
    assert_eq!(value["column"], "line_total");
    assert!(value["hops"].as_u64().is_some_and(|hops| hops >= 5), "{}", value["hops"]);
    let paths: Vec<String> = value["impacts"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|impact| {
            impact["path"]
                .as_array()
                .expect("a path")
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(".")
        })
        .collect();
    assert!(paths.iter().any(|path| path == "reporting.executive.board_pack"), "{paths:?}");
}

#[test]
fn impact_is_drawn_in_every_form() {
    let home = home();
    let of = |form: &str| {
        let asked = ["impact", "--demo", "-t", "staging.shop.stg_payments", "-f", form];
        let told = run(home.path(), &asked);
        assert_eq!(told.code, Some(0), "{form}: {}", told.err);
        told.out
    };
    for (form, begin) in [
        ("html", "<!doctype html>"),
        ("svg", "<svg "),
        ("mermaid", "flowchart LR"),
        ("dot", "digraph "),
        ("openlineage", "{"),
    ] {
        // Mermaid takes some signs for its own unless they are written as numbers.
        let text = of(form).replace("#95;", "_");
        assert!(text.starts_with(begin), "{form}:\n{text}");
        // What depends on it is there, and what it reads is not.
        assert!(text.contains("int_order_payments"), "{form}:\n{text}");
        let is_drawn = text.contains("stg_reviews") || text.contains("stg_tickets");
        assert!(!is_drawn, "{form}:\n{text}");
    }
    let file = home.path().join("impact.svg");
    let named = file.to_str().expect("UTF-8");
    let asked = ["impact", "--demo", "-t", "stg_payments", "-c", "paid_amount", "-o", named];
    let told = run(home.path(), &asked);
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(std::fs::read_to_string(&file).expect("a picture").starts_with("<svg "));
}
