//! The cases of `cases/sql/own` (their form is told in the README beside them): all of them right.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dremio_explorer::sqlflow::batch;
use serde_json::{Value, json};

use super::{column_edges, folded, influences, items, last, rows, text};

/// Words, where blanks inside double quotes separate nothing.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        if c.is_whitespace() && !quoted {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `a.b.c:T` is how that column acts; without a letter it acts as the kind says.
fn influence(source: &str, kind: &str) -> Value {
    let (source, code) = match source.rsplit_once(':') {
        Some((source, code)) if code.len() == 1 => (source, code),
        _ => match kind {
            "EXPRESSION" => (source, "T"),
            "AGGREGATION" => (source, "A"),
            "WINDOW" => (source, "W"),
            _ => (source, "I"),
        },
    };
    let (how, subtype) = match code {
        "I" => ("DIRECT", "IDENTITY"),
        "T" => ("DIRECT", "TRANSFORMATION"),
        "A" => ("DIRECT", "AGGREGATION"),
        "C" => ("INDIRECT", "CONDITIONAL"),
        "W" => ("INDIRECT", "WINDOW"),
        other => panic!("{other} is no influence"),
    };
    json!({"source": source, "type": how, "subtype": subtype})
}

/// A case in the form of `cases.json`.
fn case(file: &str, schema: &BTreeMap<String, Vec<String>>, written: &str) -> Value {
    let (name, body) = written.split_once('\n').expect("a name");
    let (head, expected) = body.split_once("\n---\n").expect("what is expected");
    let mut case = json!({
        "id": format!("{file} {name}"),
        "dialect": "dremio",
        "schema": schema,
        "expected_indirect": null,
    });
    let mut sql = head;
    while let Some((line, rest)) = sql.split_once('\n') {
        if let Some(context) = line.strip_prefix("ctx: ") {
            case["default_context"] = json!(words(context));
        } else if line == "schema: none" {
            case["schema"] = Value::Null;
        } else {
            break;
        }
        sql = rest;
    }
    case["sql"] = json!(sql);
    let (mut columns, mut optional) = (Some(Vec::new()), Vec::new());
    for line in expected.lines().filter(|line| !line.is_empty()) {
        if let Some(tables) = line.strip_prefix("> ") {
            let (target, sources) = tables.split_once(" < ").expect("target < sources");
            let sources: Vec<String> =
                words(sources).into_iter().filter(|name| name != "-").collect();
            let target = Some(target).filter(|target| *target != "-");
            case["expected_tables"] = json!({"target": target, "sources": sources});
        } else if let Some(rows) = line.strip_prefix('~') {
            let rows = words(rows).into_iter().map(|row| {
                let (source, subtype) = row.rsplit_once(':').expect("column:SUBTYPE");
                json!({"source": source, "subtype": subtype})
            });
            case["expected_indirect"] = rows.collect();
        } else if let Some(names) = line.strip_prefix("? ") {
            optional.extend(words(names));
        } else if line == "! error" {
            case["parse"] = json!("error");
        } else if line == "columns: open" {
            columns = None;
        } else if let [target, kind, sources @ ..] = words(line).as_slice() {
            let influences: Vec<Value> =
                sources.iter().map(|source| influence(source, kind)).collect();
            let sources: Vec<&Value> = influences.iter().map(|i| &i["source"]).collect();
            let column = json!({
                "target": target, "kind": kind, "sources": sources, "influences": influences,
            });
            columns.as_mut().expect("open or told").push(column);
        } else {
            panic!("{file} {name}: {line}");
        }
    }
    case["expected_columns"] = json!(columns);
    case["optional_sources"] = json!(optional);
    case
}

fn cases() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/sql/own");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let content = std::fs::read_to_string(&path).expect("a file of cases");
        let file = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let mut parts = content.split("\n## ");
        let schema: BTreeMap<String, Vec<String>> = parts
            .next()
            .into_iter()
            .flat_map(str::lines)
            .filter_map(|line| line.strip_prefix("@ "))
            .map(|line| {
                let mut names = words(line).into_iter();
                (names.next().expect("a table"), names.collect())
            })
            .collect();
        cases.extend(parts.map(|written| case(file, &schema, written)));
    }
    cases
}

fn named(tables: &Value) -> BTreeSet<Vec<String>> {
    let target = tables["target"].as_str().map(|target| {
        let mut name = folded(target);
        name.insert(0, "target".to_owned());
        name
    });
    items(tables, "sources").iter().map(|s| folded(text(s))).chain(target).collect()
}

fn kinds(columns: &[Value]) -> BTreeSet<(String, String)> {
    columns.iter().map(|c| (last(text(&c["target"])), text(&c["kind"]).to_owned())).collect()
}

#[test]
fn every_own_case_is_right() {
    let cases = cases();
    assert!(cases.len() > 200, "{}", cases.len());
    let answers = batch::run(&json!(cases).to_string()).expect("answers");
    let answers: Vec<Value> = serde_json::from_str(&answers).expect("an array");
    let mut wrong = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let mut note = |what: &str, missing: String, extra: String| {
            if missing != extra {
                wrong.push(format!(
                    "{}: {what}\n  want {missing}\n  got  {extra}",
                    text(&case["id"])
                ));
            }
        };
        let optional: BTreeSet<Vec<String>> =
            items(case, "optional_sources").iter().map(|name| folded(text(name))).collect();
        let tables = |tables: &Value| format!("{:?}", &named(tables) - &optional);
        note("tables", tables(&case["expected_tables"]), tables(&answer["tables"]));
        let broken = |is_broken: bool| if is_broken { "an error" } else { "none" }.to_owned();
        let is_error = !answer["error"].is_null();
        note("error", broken(text(&case["parse"]) == "error"), broken(is_error));
        if let Some(want) = case["expected_columns"].as_array() {
            let got = items(answer, "columns");
            let edges = |columns: &[Value]| format!("{:?}", column_edges(columns, &optional));
            note("columns", edges(want), edges(got));
            note("kinds", format!("{:?}", kinds(want)), format!("{:?}", kinds(got)));
            let acts = |columns: &[Value]| {
                let mut acts = influences(columns);
                acts.retain(|(_, source, _)| !optional.contains(source));
                format!("{acts:?}")
            };
            note("influences", acts(want), acts(got));
        }
        if !case["expected_indirect"].is_null() {
            let rows = |value: &Value, key: &str| format!("{:?}", rows(value, key));
            note("rows", rows(case, "expected_indirect"), rows(answer, "indirect"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
