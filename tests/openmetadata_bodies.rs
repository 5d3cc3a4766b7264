//! Every body that a sync and a dbt ingestion send, held against OpenMetadata's JSON Schemas where
//! their folder is there, and always against a short list of what each request may and must hold.
//!
//! PATCH is left out: its bodies are JSON Patch, which the schemas do not speak of.
#![cfg(feature = "demo")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::openmetadata::entity::{EntityType, StoredTable};
use dremio_explorer::openmetadata::{Client, ConnectOptions, Credentials};
use dremio_explorer::sandbox::dremio::DremioOptions;
use dremio_explorer::sandbox::openmetadata::{OpenMetadataOptions, SeenRequest, Version};
use dremio_explorer::sandbox::servers::{Content, Sandbox};
use jsonschema::{Draft, Registry, Validator};
use serde_json::{Map, Value, json};

const BASE: &str = "https://om.invalid/schema/";

/// Which request a body belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Service,
    Database,
    Schema,
    Table,
    DataModel,
    Lineage,
    Restore,
    Classification,
    Tag,
}

impl Sort {
    const ALL: [Self; 9] = [
        Self::Service,
        Self::Database,
        Self::Schema,
        Self::Table,
        Self::DataModel,
        Self::Lineage,
        Self::Restore,
        Self::Classification,
        Self::Tag,
    ];

    /// By method and target; `None` for a request without a body of its own.
    fn of(seen: &SeenRequest) -> Option<Self> {
        let path = seen.target.split('?').next().unwrap_or_default();
        let path = path.strip_prefix("/api/v1/").unwrap_or(path);
        let words: Vec<&str> = path.split('/').collect();
        Some(match (seen.method.as_str(), words.as_slice()) {
            ("PATCH" | "DELETE", _) => return None,
            ("PUT", [.., "restore"]) => Self::Restore,
            ("PUT", ["services", "databaseServices"]) => Self::Service,
            ("PUT", ["databases"] | ["databases", "bulk"]) => Self::Database,
            ("PUT", ["databaseSchemas"] | ["databaseSchemas", "bulk"]) => Self::Schema,
            ("PUT", ["tables"] | ["tables", "bulk"]) => Self::Table,
            ("PUT", ["tables", _, "dataModel"]) => Self::DataModel,
            ("PUT", ["lineage"]) => Self::Lineage,
            ("PUT", ["classifications"]) => Self::Classification,
            ("PUT", ["tags"]) => Self::Tag,
            _ => panic!("nobody knows the request {} {}", seen.method, seen.target),
        })
    }

    /// The schema, where the folder has one.
    fn schema(self) -> Option<&'static str> {
        Some(match self {
            Self::Service => "api/services/createDatabaseService.json",
            Self::Database => "api/data/createDatabase.json",
            Self::Schema => "api/data/createDatabaseSchema.json",
            Self::Table => "api/data/createTable.json",
            Self::DataModel => "entity/data/table.json#/definitions/dataModel",
            Self::Lineage => "api/lineage/addLineage.json",
            Self::Restore => "api/data/restoreEntity.json",
            Self::Classification | Self::Tag => return None,
        })
    }
}

/// The bodies of a request: a bulk request has many.
fn bodies(seen: &SeenRequest) -> Vec<Value> {
    let body: Value = serde_json::from_str(&seen.body)
        .unwrap_or_else(|error| panic!("{} {}: {error}: {}", seen.method, seen.target, seen.body));
    match body {
        Value::Array(rows) => rows,
        body => vec![body],
    }
}

struct Recording {
    bodies: Vec<(Sort, Value)>,
}

fn run(sandbox: &Sandbox, home: &Path, token: &str, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_dremio-explorer"))
        .args(arguments)
        .args(["--yes", "--data-dir"])
        .arg(home)
        .env_clear()
        .env("HOME", home)
        .env("DREMIO_URL", sandbox.dremio.url())
        .env("DREMIO_USER", sandbox.dremio.user())
        .env("DREMIO_PASSWORD", sandbox.dremio.password())
        .env("OPENMETADATA_URL", sandbox.openmetadata.url())
        .env("OPENMETADATA_JWT_TOKEN", token)
        .output()
        .expect("starts");
    // Some of the hostile names cannot be brought over, which is a part done (4).
    assert!(
        matches!(output.status.code(), Some(0 | 4)),
        "{arguments:?}: {}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn person(sandbox: &Sandbox) -> Client {
    let options = ConnectOptions {
        url: sandbox.openmetadata.url(),
        credentials: Credentials::Token(sandbox.openmetadata.user_token().into()),
        http: HttpOptions::default(),
        max_concurrency: None,
    };
    Client::new(options, RequestLog::new()).expect("good settings")
}

/// Deletes everything, softly.
async fn delete_service(sandbox: &Sandbox) {
    let kind = EntityType::DatabaseService;
    let person = person(sandbox);
    let service: Value = person.by_name(kind, "dremio").await.expect("reads").expect("is there");
    let id = service["id"].as_str().expect("an id");
    person.delete(kind, id, true).await.expect("deletes");
}

/// What people do to a server between two runs, so that the second has to update, restore, repair
/// and put edges back.
async fn disturb(sandbox: &Sandbox) {
    let server = &sandbox.openmetadata;
    let person = person(sandbox);
    let mut touched = 0;
    for (name, entity) in server.dump()["entities"].as_object().expect("entities") {
        let Some(fqn) = name.strip_prefix("table ") else { continue };
        let table: StoredTable =
            person.by_name(EntityType::Table, fqn).await.expect("reads").expect("is there");
        let id = &table.common.id;
        touched += 1;
        match touched % 4 {
            0 => person.delete(EntityType::Table, id, false).await.expect("deletes"),
            1 if entity["columns"].as_array().is_some_and(|columns| !columns.is_empty()) => {
                let edit = json!([
                    { "op": "add", "path": "/description", "value": "By hand" },
                    { "op": "add", "path": "/retentionPeriod", "value": "P30D" },
                    { "op": "add", "path": "/columns/0/displayName", "value": "A name" },
                    { "op": "add", "path": "/columns/-", "value": {
                        "name": "gone", "dataType": "DATE", "dataTypeDisplay": "date", "tags": [],
                        "fullyQualifiedName": format!("{fqn}.gone"),
                    }},
                ]);
                person.patch(EntityType::Table, id, &edit).await.expect("patches");
            }
            _ => {}
        }
    }
    assert!(touched > 3, "{touched} tables");
}

async fn record(version: Version) -> Recording {
    let mut bodies_seen = Vec::new();
    let contents = [
        (Content::Named("reference".to_owned()), false),
        (Content::Named("shop".to_owned()), true),
        (Content::Hostile, false),
    ];
    for (content, has_dbt) in contents {
        let openmetadata = OpenMetadataOptions {
            version,
            bulk: version > Version::V1_12,
            ..OpenMetadataOptions::default()
        };
        let sandbox =
            Sandbox::start(&content, DremioOptions::default(), openmetadata).await.expect("starts");
        let home = tempfile::tempdir().expect("a folder");
        let (bot, user) = (sandbox.openmetadata.bot_token(), sandbox.openmetadata.user_token());
        let run = |token: &'static str, arguments: Vec<&str>| {
            tokio::task::block_in_place(|| run(&sandbox, home.path(), token, &arguments));
        };
        run(bot, vec!["sync"]);
        if has_dbt {
            let target = format!("{}/assets/sandbox/dbt/target", env!("CARGO_MANIFEST_DIR"));
            run(user, vec!["ingest-dbt", "--target-dir", &target]);
        }
        disturb(&sandbox).await;
        run(user, vec!["sync", "--overwrite-descriptions", "--prune"]);
        disturb(&sandbox).await;
        run(bot, vec!["sync", "--overwrite-descriptions"]);
        delete_service(&sandbox).await;
        run(bot, vec!["sync"]);
        for seen in sandbox.openmetadata.writes() {
            let Some(sort) = Sort::of(&seen) else { continue };
            // The tests that follow are about what was meant, not about what an old server refused.
            bodies_seen.extend(bodies(&seen).into_iter().map(|body| (sort, body)));
        }
    }
    Recording { bodies: bodies_seen }
}

impl Recording {
    /// That the catalogues hold what is worth checking: else the checks prove little.
    fn demand_variety(&self, version: Version) {
        let sorts: BTreeSet<Sort> = self.bodies.iter().map(|(sort, _)| *sort).collect();
        assert_eq!(sorts, Sort::ALL.into_iter().collect(), "{version:?}");
        let all = self.bodies.iter().map(|(_, body)| body.to_string()).collect::<String>();
        for words in [
            "\"dataType\":\"STRUCT\"",
            "\"arrayDataType\":\"STRUCT\"",
            "\"children\":",
            "\"precision\":",
            "__reserved__",
            "\"schemaDefinition\":",
            "\"columnsLineage\":",
            "\"function\":",
            "\"retentionPeriod\":\"P30D\"",
            "\"tags\":",
            "\"upstream\":",
        ] {
            assert!(all.contains(words), "{version:?}: no body has {words}");
        }
        // Before 2.0 dbt's facts of views, which alone have SQL, are left out.
        assert_eq!(all.contains("\"rawSql\":"), version == Version::V2_0);
    }
}

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
fn own_check(sort: Sort, body: &Value) -> Vec<String> {
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

/// The folder of schemas beside the repository, or the one that the environment names.
fn folder() -> Option<PathBuf> {
    let beside =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts/openmetadata-schemas");
    let named = std::env::var_os("OPENMETADATA_SCHEMAS").map(PathBuf::from);
    named.into_iter().chain([beside]).find(|folder| folder.join("api").is_dir())
}

fn json_files(folder: &Path, below: &str, found: &mut BTreeMap<String, Value>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{below}{name}");
        if entry.path().is_dir() {
            json_files(&entry.path(), &format!("{path}/"), found);
        } else if name.ends_with(".json") {
            let text = std::fs::read_to_string(entry.path()).expect("a file");
            found.insert(path, serde_json::from_str(&text).expect("JSON"));
        }
    }
}

/// The schemas of a version: those of 1.13, made stricter for 2.0.
fn schemas(folder: &Path, version: Version) -> BTreeMap<String, Value> {
    let mut files = BTreeMap::new();
    json_files(folder, "", &mut files);
    let delta = files.remove("delta-1.13.0-to-2.0.7.json").expect("the delta");
    files.retain(|path, _| !path.starts_with("samples/"));
    for schema in files.values_mut() {
        let schema = schema.as_object_mut().expect("a schema");
        // Some of them do not name the file that they stand in.
        schema.remove("$id");
    }
    let link = "/definitions/entityLink/pattern";
    if let Some(pattern) = files.get_mut("type/basic.json").and_then(|it| it.pointer_mut(link)) {
        // A flag that only Java has; no body holds such a link.
        *pattern = json!(".*");
    }
    if version == Version::V2_0 {
        for change in delta["ops"].as_array().expect("changes") {
            let text = |key: &str| change[key].as_str().unwrap_or_default();
            // What is new is not sent, so it stays refused; what is stricter counts.
            if text("op") == "replace" {
                let file = files.get_mut(text("file")).expect("the file of a change");
                *file.pointer_mut(text("pointer")).expect("what changes") = change["value"].clone();
            }
        }
    }
    files
}

struct Checker {
    validators: BTreeMap<&'static str, Validator>,
}

impl Checker {
    fn new(folder: &Path, version: Version) -> Self {
        let mut builder = Registry::new().draft(Draft::Draft7);
        for (path, schema) in schemas(folder, version) {
            builder = builder.add(format!("{BASE}{path}"), schema).expect("a schema");
        }
        let registry = builder.prepare().expect("all references are there");
        let validator = |path: &'static str| {
            let schema = json!({ "$ref": format!("{BASE}{path}") });
            let built = jsonschema::options()
                .with_draft(Draft::Draft7)
                .with_registry(&registry)
                .should_validate_formats(true)
                .build(&schema);
            (path, built.unwrap_or_else(|error| panic!("{path}: {error}")))
        };
        let paths = Sort::ALL.into_iter().filter_map(Sort::schema);
        Self { validators: paths.map(validator).collect() }
    }

    fn wrong(&self, path: &str, body: &Value) -> Vec<String> {
        let errors = self.validators[path].iter_errors(body);
        errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
    }
}

fn complain(version: Version, wrong: &[(Sort, Value, Vec<String>)]) {
    let shown: Vec<String> = wrong
        .iter()
        .take(5)
        .map(|(sort, body, why)| format!("{sort:?}: {why:#?}\n{body:#}"))
        .collect();
    assert!(wrong.is_empty(), "{version:?}: {} bodies: {}", wrong.len(), shown.join("\n"));
}

async fn every_body_is_right(version: Version) {
    let recording = record(version).await;
    recording.demand_variety(version);
    let wrong: Vec<_> = recording
        .bodies
        .iter()
        .map(|(sort, body)| (*sort, body.clone(), own_check(*sort, body)))
        .filter(|(_, _, wrong)| !wrong.is_empty())
        .collect();
    complain(version, &wrong);
    let Some(folder) = folder() else {
        eprintln!("skipped: the folder of OpenMetadata's schemas is not there (own check only)");
        return;
    };
    let checker = Checker::new(&folder, version);
    let wrong: Vec<_> = recording
        .bodies
        .iter()
        .filter_map(|(sort, body)| Some((*sort, body.clone(), checker.wrong(sort.schema()?, body))))
        .filter(|(_, _, wrong)| !wrong.is_empty())
        .collect();
    complain(version, &wrong);
    eprintln!("{version:?}: {} bodies", recording.bodies.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_is_right_for_1_12() {
    every_body_is_right(Version::V1_12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_is_right_for_1_13() {
    every_body_is_right(Version::V1_13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_is_right_for_2_0() {
    every_body_is_right(Version::V2_0).await;
}

/// The check itself: what the folder gives as right and wrong is judged so, in both strictnesses.
#[test]
fn the_samples_are_judged_as_they_are_meant() {
    let Some(folder) = folder() else {
        eprintln!("skipped: the folder of OpenMetadata's schemas is not there");
        return;
    };
    for version in [Version::V1_13, Version::V2_0] {
        let checker = Checker::new(&folder, version);
        for (kind, is_right) in [("valid", true), ("invalid", false)] {
            let mut samples = BTreeMap::new();
            json_files(&folder.join("samples").join(kind), "", &mut samples);
            assert!(!samples.is_empty());
            for (name, sample) in samples {
                let stem = name.split('.').next().unwrap_or_default();
                let schema = Sort::ALL
                    .into_iter()
                    .filter_map(Sort::schema)
                    .find(|path| path.ends_with(&format!("/{stem}.json")))
                    .unwrap_or_else(|| panic!("no schema for {name}"));
                let wrong = checker.wrong(schema, &sample);
                assert_eq!(wrong.is_empty(), is_right, "{version:?} {name}: {wrong:#?}");
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
