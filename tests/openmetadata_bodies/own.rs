//! A short list of what each request may and must hold, which needs no schemas.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::Sort;

/// Properties that a body may and must have.
struct Shape {
    may: &'static [&'static str],
    must: &'static [&'static str],
}

fn holds(shape: &Shape, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let Some(object) = value.as_object() else {
        wrong.push(format!("{at} is no object: {value}"));
        return;
    };
    for key in object.keys().filter(|key| !shape.may.contains(&key.as_str())) {
        wrong.push(format!("{at} may not have {key}"));
    }
    for key in shape.must.iter().filter(|key| object.get(**key).is_none_or(Value::is_null)) {
        wrong.push(format!("{at} must have {key}"));
    }
    for (key, _) in object.iter().filter(|(_, value)| value.is_null()) {
        wrong.push(format!("{at} has an empty {key}"));
    }
}

const CREATE: &[&str] = &[
    "name",
    "displayName",
    "description",
    "tags",
    "owners",
    "domains",
    "dataProducts",
    "sourceUrl",
    "sourceHash",
    "retentionPeriod",
];
const TABLE_TYPES: &[&str] = &["View", "Regular", "Iceberg"];

fn create(
    parent: &'static str,
    further: &[&'static str],
) -> (Vec<&'static str>, Vec<&'static str>) {
    let may = CREATE.iter().chain([&parent]).chain(further).copied().collect();
    (may, vec!["name", parent])
}

fn is_uuid(value: &Value) -> bool {
    let groups = |text: &str| text.split('-').map(str::len).collect::<Vec<_>>() == [8, 4, 4, 4, 12];
    value
        .as_str()
        .is_some_and(|text| groups(text) && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit()))
}

/// The names that every supported version takes (contract §2.7).
fn name(value: &Value, at: &str, wrong: &mut Vec<String>) {
    let name = value.as_str().unwrap_or_default();
    let length = name.chars().count();
    let is_refused =
        name.contains("::") || name.contains(|c: char| c == '>' || c == '"' || c < ' ');
    if !(1..=256).contains(&length) || is_refused {
        wrong.push(format!("{at}: not a name: {name:?}"));
    }
}

fn tags(owner: &Map<String, Value>, at: &str, wrong: &mut Vec<String>) {
    const TAG: Shape = Shape {
        may: &["tagFQN", "source", "labelType", "state"],
        must: &["tagFQN", "source", "labelType", "state"],
    };
    for tag in owner.get("tags").and_then(Value::as_array).into_iter().flatten() {
        holds(&TAG, tag, &format!("{at}.tags"), wrong);
        if tag["labelType"] == "Derived" {
            wrong.push(format!("{at}: a derived tag is sent"));
        }
    }
}

fn columns(value: &Value, at: &str, wrong: &mut Vec<String>) {
    const COLUMN: Shape = Shape {
        may: &[
            "name",
            "displayName",
            "description",
            "dataType",
            "dataLength",
            "precision",
            "scale",
            "dataTypeDisplay",
            "arrayDataType",
            "children",
            "ordinalPosition",
            "tags",
        ],
        must: &["name", "dataType"],
    };
    let mut names = BTreeSet::new();
    for column in value.as_array().into_iter().flatten() {
        holds(&COLUMN, column, at, wrong);
        name(&column["name"], at, wrong);
        let own = format!("{at}.{}", column["name"].as_str().unwrap_or_default());
        // Servers match without case.
        if !names.insert(column["name"].as_str().unwrap_or_default().to_lowercase()) {
            wrong.push(format!("{own} occurs twice"));
        }
        let kind = column["dataType"].as_str().unwrap_or_default();
        if ["CHAR", "VARCHAR", "BINARY", "VARBINARY"].contains(&kind)
            && !column["dataLength"].is_u64()
        {
            wrong.push(format!("{own} has no length"));
        }
        if kind == "ARRAY" && !column["arrayDataType"].is_string() {
            wrong.push(format!("{own} has no element type"));
        }
        if kind == "STRUCT" && !column["children"].is_array() && !at.starts_with("dataModel") {
            wrong.push(format!("{own} has no children"));
        }
        if column["scale"].as_u64() > column["precision"].as_u64() {
            wrong.push(format!("{own}: scale without enough precision"));
        }
        if let Some(column) = column.as_object() {
            tags(column, &own, wrong);
        }
        columns(&column["children"], &own, wrong);
    }
}

/// What is wrong with a body, by a list of our own that needs no folder of schemas.
pub(crate) fn own_check(sort: Sort, body: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let object = body.as_object().cloned().unwrap_or_default();
    let check = |(may, must): (Vec<&'static str>, Vec<&'static str>), wrong: &mut Vec<String>| {
        let shape = Shape { may: may.leak(), must: must.leak() };
        holds(&shape, body, &format!("{sort:?}"), wrong);
    };
    match sort {
        Sort::Service => {
            let may = vec!["name", "displayName", "description", "serviceType", "connection"];
            check((may, vec!["name", "serviceType"]), &mut wrong);
            name(&body["name"], "service", &mut wrong);
            if !["Dremio", "CustomDatabase"].contains(&body["serviceType"].as_str().unwrap_or("")) {
                wrong.push("the service has an odd type".to_owned());
            }
        }
        Sort::Database => check(create("service", &[]), &mut wrong),
        Sort::Schema => check(create("database", &[]), &mut wrong),
        Sort::Table => {
            let further = [
                "tableType",
                "columns",
                "schemaDefinition",
                "tableConstraints",
                "tablePartition",
                "locationPath",
                "fileFormat",
            ];
            check(create("databaseSchema", &further), &mut wrong);
            if !body["columns"].is_array() {
                wrong.push("the table has no columns".to_owned());
            }
            columns(&body["columns"], "columns", &mut wrong);
            if !TABLE_TYPES.contains(&body["tableType"].as_str().unwrap_or_default()) {
                wrong.push(format!("the table has an odd type: {}", body["tableType"]));
            }
        }
        Sort::DataModel => {
            let may = vec![
                "modelType",
                "resourceType",
                "description",
                "path",
                "rawSql",
                "sql",
                "upstream",
                "columns",
                "tags",
                "dbtSourceProject",
                "generatedAt",
            ];
            check((may, vec!["modelType"]), &mut wrong);
            columns(&body["columns"], "dataModel", &mut wrong);
        }
        Sort::Lineage => lineage(body, &mut wrong),
        Sort::Restore => {
            check((vec!["id"], vec!["id"]), &mut wrong);
            if !is_uuid(&body["id"]) {
                wrong.push("what is restored has no id".to_owned());
            }
        }
        Sort::Classification => {
            check((vec!["name", "description"], vec!["name", "description"]), &mut wrong);
        }
        Sort::Tag => {
            let all = vec!["name", "description", "classification"];
            check((all.clone(), all), &mut wrong);
        }
    }
    if matches!(sort, Sort::Database | Sort::Schema | Sort::Table) {
        name(&body["name"], "entity", &mut wrong);
        let hash = body["sourceHash"].as_str().unwrap_or_default();
        if !(1..=32).contains(&hash.len()) {
            wrong.push(format!("not a hash: {hash:?}"));
        }
        let url = body["sourceUrl"].as_str().unwrap_or("http://x");
        if url::Url::parse(url).is_err() || url.contains([' ', '"', '<', '>', '\\', '{', '}']) {
            wrong.push(format!("not a URL: {url}"));
        }
    }
    tags(&object, "entity", &mut wrong);
    wrong
}

fn lineage(body: &Value, wrong: &mut Vec<String>) {
    const REFERENCE: Shape = Shape { may: &["id", "type"], must: &["id", "type"] };
    const EDGE: Shape = Shape {
        may: &["fromEntity", "toEntity", "lineageDetails"],
        must: &["fromEntity", "toEntity"],
    };
    const DETAILS: Shape = Shape {
        may: &[
            "source",
            "sqlQuery",
            "description",
            "columnsLineage",
            "pipeline",
            "tempLineageTables",
        ],
        must: &[],
    };
    const MAPPING: Shape =
        Shape { may: &["fromColumns", "toColumn", "function"], must: &["fromColumns", "toColumn"] };
    holds(&Shape { may: &["edge"], must: &["edge"] }, body, "lineage", wrong);
    let edge = &body["edge"];
    holds(&EDGE, edge, "edge", wrong);
    for end in ["fromEntity", "toEntity"] {
        holds(&REFERENCE, &edge[end], end, wrong);
        if !is_uuid(&edge[end]["id"]) {
            wrong.push(format!("{end} has no id"));
        }
    }
    let details = &edge["lineageDetails"];
    holds(&DETAILS, details, "lineageDetails", wrong);
    for mapping in details["columnsLineage"].as_array().into_iter().flatten() {
        holds(&MAPPING, mapping, "columnsLineage", wrong);
        let columns = mapping["fromColumns"].as_array().cloned().unwrap_or_default();
        for column in columns.iter().chain([&mapping["toColumn"]]) {
            let column = column.as_str().unwrap_or_default();
            let parts = dremio_explorer::sandbox::openmetadata::fqn::split(column);
            if parts.is_err() || parts.is_ok_and(|parts| parts.len() < 5) {
                wrong.push(format!("not the FQN of a column: {column:?}"));
            }
        }
    }
}

/// The own check refuses what it is there to refuse.
#[test]
fn the_own_check_finds_what_is_wrong() {
    let table = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({
            "name": "t", "databaseSchema": "s.d.x", "tableType": "View", "sourceHash": "0",
            "columns": [{ "name": "a", "dataType": "VARCHAR", "dataLength": 1 }],
        });
        change(&mut body);
        own_check(Sort::Table, &body)
    };
    assert_eq!(table(&|_| ()), Vec::<String>::new());
    let wrong: [&dyn Fn(&mut Value); 8] = [
        &|body| body["connection"] = json!({}),
        &|body| body["name"] = json!("a::b"),
        &|body| body["databaseSchema"] = Value::Null,
        &|body| body["columns"][0]["dataLength"] = Value::Null,
        &|body| body["columns"][0]["fullyQualifiedName"] = json!("s.d.x.t.a"),
        &|body| body["columns"][0]["dataType"] = json!("STRUCT"),
        &|body| body["tags"] = json!([{ "tagFQN": "a.b" }]),
        &|body| body["sourceUrl"] = json!("http://host/a b"),
    ];
    for (number, change) in wrong.into_iter().enumerate() {
        assert!(!table(change).is_empty(), "{number}");
    }
}
