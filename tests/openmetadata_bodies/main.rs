//! Every body that a sync and a dbt ingestion send, held against OpenMetadata's JSON Schemas where
//! their folder is there, and always against a short list of what each request may and must hold.
//!
//! PATCH is left out: its bodies are JSON Patch, which the schemas do not speak of.
#![cfg(feature = "demo")]
#![expect(clippy::print_stderr, reason = "that a check was skipped has to be said somewhere")]

mod own;
mod schemas;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::openmetadata::entity::{EntityType, StoredTable};
use dremio_explorer::openmetadata::{Client, ConnectOptions, Credentials};
use dremio_explorer::sandbox::dremio::DremioOptions;
use dremio_explorer::sandbox::openmetadata::{Named, OpenMetadataOptions, SeenRequest, Version};
use dremio_explorer::sandbox::servers::{Content, Sandbox};
use serde_json::{Value, json};

use own::own_check;
use schemas::{Checker, folder};

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
            sandbox.openmetadata.know([
                Named::team("commerce-data"),
                Named::term("Commerce.Order"),
                Named::domain("Commerce"),
            ]);
            run(user, vec!["ingest-dbt", "--owners", "--target-dir", &target]);
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
            "\"owners\":[{\"id\":",
            "\"domains\":[\"Commerce\"]",
            "\"source\":\"Glossary\"",
        ] {
            assert!(all.contains(words), "{version:?}: no body has {words}");
        }
        // Before 2.0 dbt's facts of views, which alone have SQL, are left out.
        assert_eq!(all.contains("\"rawSql\":"), version == Version::V2_0);
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
