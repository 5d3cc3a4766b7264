//! What a dbt project names for OpenMetadata: owners, tiers, glossary terms, tags and domains are
//! looked up, brought where they are known, and told where they are not.
#![cfg(feature = "demo")]

use std::path::Path;

use assert_cmd::Command;
use dremio_explorer::sandbox::dremio::DremioOptions;
use dremio_explorer::sandbox::openmetadata::{Fault, Named, OpenMetadataOptions, Version};
use dremio_explorer::sandbox::servers::{Content, Sandbox};
use serde_json::{Value, json};

const ORDERS: &str = "dremio.marts.core.fct_orders";
const CUSTOMERS: &str = "dremio.marts.core.dim_customers";
const PRODUCTS: &str = "dremio.marts.core.dim_products";

fn assets() -> String {
    format!("{}/assets/sandbox/dbt/target", env!("CARGO_MANIFEST_DIR"))
}

/// The shop, an OpenMetadata beside it, and a folder for a project.
struct Bench {
    sandbox: Sandbox,
    /// What the servers run on; it ends after them.
    _runtime: tokio::runtime::Runtime,
    home: tempfile::TempDir,
    token: &'static str,
}

impl Bench {
    fn start(version: Version, is_bot: bool) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let sandbox = runtime
            .block_on(Sandbox::start(
                &Content::Named("shop".to_owned()),
                DremioOptions::default(),
                OpenMetadataOptions { version, bulk: true, ..OpenMetadataOptions::default() },
            ))
            .expect("starts");
        let server = &sandbox.openmetadata;
        let token = if is_bot { server.bot_token() } else { server.user_token() };
        Self { _runtime: runtime, home: tempfile::tempdir().expect("a folder"), token, sandbox }
    }

    fn know(&self, named: impl IntoIterator<Item = Named>) {
        self.sandbox.openmetadata.know(named);
    }

    /// The shop's project with other metadata: `meta` of nodes by the last part of their id.
    fn project(&self, meta: &[(&str, Value)], edit: impl FnOnce(&mut Value)) -> String {
        let target = self.home.path().join("target");
        std::fs::create_dir_all(&target).expect("a folder");
        let text = std::fs::read_to_string(format!("{}/manifest.json", assets())).expect("reads");
        let mut manifest: Value = serde_json::from_str(&text).expect("JSON");
        for (id, node) in manifest["nodes"].as_object_mut().expect("nodes") {
            let named = meta.iter().find(|(name, _)| *id == format!("model.shop.{name}"));
            node["meta"] = named.map_or_else(|| json!({}), |(_, meta)| meta.clone());
            node["config"]["meta"] = json!({});
            for column in
                node["columns"].as_object_mut().into_iter().flat_map(|all| all.values_mut())
            {
                column["meta"] = json!({});
                column["config"] = json!({});
            }
        }
        edit(&mut manifest);
        std::fs::write(target.join("manifest.json"), manifest.to_string()).expect("writes");
        target.display().to_string()
    }

    fn program(&self, target: &str, args: &[&str]) -> Command {
        let mut command = program(self.home.path());
        command
            .env("DREMIO_URL", self.sandbox.dremio.url())
            .env("DREMIO_USER", self.sandbox.dremio.user())
            .env("DREMIO_PASSWORD", self.sandbox.dremio.password())
            .env("OPENMETADATA_URL", self.sandbox.openmetadata.url())
            .env("OPENMETADATA_JWT_TOKEN", self.token)
            .args(["ingest-dbt", "--target-dir", target, "--format", "json"])
            .args(args);
        command
    }

    fn run(&self, target: &str, args: &[&str]) -> Value {
        document(&mut self.program(target, args))
    }

    fn ingest(&self, target: &str, args: &[&str]) -> Value {
        let done = self.run(target, &[&["--yes"], args].concat());
        assert_eq!(done["sync"]["result"]["errors"], 0, "{done:#}");
        done
    }

    fn stored(&self, fqn: &str) -> Value {
        self.sandbox.openmetadata.dump()["entities"][format!("table {fqn}")].clone()
    }

    fn owners(&self, fqn: &str) -> Vec<String> {
        names(&self.stored(fqn)["owners"], "name")
    }
}

fn names(list: &Value, key: &str) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|item| item[key].as_str()).map(str::to_owned).collect()
}

fn program(home: &Path) -> Command {
    let mut command = Command::cargo_bin("dremio-explorer").expect("the binary");
    command
        .env_clear()
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"));
    command
}

fn document(command: &mut Command) -> Value {
    let output = command.output().expect("runs");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{out}\n{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}\n{out}\n{err}"))
}

fn item<'a>(document: &'a Value, fqn: &str) -> &'a Value {
    let items = document["sync"]["items"].as_array().expect("items");
    items.iter().find(|item| item["name"] == fqn).unwrap_or_else(|| panic!("{fqn}"))
}

fn change<'a>(document: &'a Value, fqn: &str, field: &str) -> Option<&'a Value> {
    let changes = item(document, fqn)["changes"].as_array()?;
    changes.iter().find(|change| change["field"] == field)
}

fn writes(document: &Value) -> Vec<&Value> {
    let items = document["sync"]["items"].as_array().expect("items").iter();
    items
        .filter(|item| {
            !["unchanged", "keep"].contains(&item["action"].as_str().expect("an action"))
        })
        .collect()
}

/// What was left out: field, value and reason, by the last part of the node's id.
fn left_out(document: &Value) -> Vec<[String; 4]> {
    let rows = document["left_out"].as_array().expect("a list").iter();
    rows.map(|row| {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let node = text("unique_id").rsplit('.').next().unwrap_or_default().to_owned();
        [text("field"), text("value"), text("reason"), node]
    })
    .collect()
}

fn reason<'a>(rows: &'a [[String; 4]], field: &str, value: &str) -> &'a str {
    let found = rows.iter().find(|row| row[0] == field && row[1] == value);
    &found.unwrap_or_else(|| panic!("{field} {value} is not among {rows:#?}"))[2]
}

#[test]
fn the_demo_has_one_owner_that_is_known_and_one_that_is_not() {
    let home = tempfile::tempdir().expect("a folder");
    let run = |more: &[&str]| {
        let args = ["--demo", "ingest-dbt", "--dry-run", "--format", "json"];
        document(program(home.path()).args(args).args(more))
    };
    let found = run(&["--owners"]);
    let owners = change(&found, ORDERS, "owners").expect("a change");
    assert_eq!((&owners["new"], &owners["outcome"]), (&json!("commerce-data"), &json!("written")));
    assert_eq!(change(&found, ORDERS, "domains").expect("a change")["new"], "Commerce");
    let tags = change(&found, ORDERS, "tags").expect("a change")["new"].as_str().expect("a text");
    for tag in ["dbtTags.mart", "Tier.Tier1", "Commerce.Order"] {
        assert!(tags.contains(tag), "{tags}");
    }
    let rows = left_out(&found);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0][3], "dim_customers");
    assert!(reason(&rows, "owner", "customer-data").contains("no user or team"));
    // Off by default, and then nobody is looked up.
    let found = run(&[]);
    assert!(change(&found, ORDERS, "owners").is_none());
    assert!(left_out(&found).is_empty());
    let text = program(home.path())
        .args(["--demo", "ingest-dbt", "--dry-run", "--owners"])
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for words in [
        "left out of OpenMetadata (1)",
        "owner customer-data: OpenMetadata has no user or team",
        "owners: + commerce-data",
        "domains: + Commerce",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn owners_are_written_once_with_every_token() {
    for (version, is_bot) in [
        (Version::V1_13, true),
        (Version::V1_13, false),
        (Version::V2_0, true),
        (Version::V2_0, false),
    ] {
        let who = format!("{version:?}, bot: {is_bot}");
        let bench = Bench::start(version, is_bot);
        bench.know([
            Named::team("commerce-data"),
            Named::term("Commerce.Order"),
            Named::domain("Commerce"),
            Named::exclusive("PII"),
            Named::tag("PII.Sensitive"),
        ]);
        bench.ingest(&assets(), &[]);
        assert_eq!(bench.owners(ORDERS), [] as [&str; 0], "{who}");
        let tags = names(&bench.stored(ORDERS)["tags"], "tagFQN");
        assert_eq!(tags, ["dbtTags.mart", "Tier.Tier1", "Commerce.Order"], "{who}");
        assert_eq!(names(&bench.stored(ORDERS)["domains"], "name"), ["Commerce"], "{who}");
        let customers = bench.stored(CUSTOMERS);
        let email = customers["columns"].as_array().expect("columns").iter();
        let email = email.clone().find(|column| column["name"] == "email").expect("a column");
        assert_eq!(names(&email["tags"], "tagFQN"), ["dbtTags.pii", "PII.Sensitive"], "{who}");
        let facts = bench.stored(ORDERS)["dataModel"].clone();
        assert!(facts.get("owners").is_none() && !facts.to_string().contains("Tier"), "{facts}");

        let is_kept = is_bot && version == Version::V2_0;
        let done = bench.ingest(&assets(), &["--owners"]);
        let told = change(&done, ORDERS, "owners").expect("a change");
        let outcome = if is_kept { "kept_by_server" } else { "written" };
        assert_eq!(told["outcome"], outcome, "{who}");
        let notes = item(&done, ORDERS)["notes"].to_string();
        assert_eq!(notes.contains("a person's token"), is_kept, "{who}: {notes}");
        assert_eq!(writes(&done).len(), usize::from(!is_kept), "{who}: {:#?}", writes(&done));
        let owners = if is_kept { vec![] } else { vec!["commerce-data"] };
        assert_eq!(bench.owners(ORDERS), owners, "{who}");
        assert_eq!(
            bench.stored(ORDERS)["schemaDefinition"].as_str().map(str::is_empty),
            Some(false)
        );
        bench.sandbox.openmetadata.clear_requests();
        let again = bench.ingest(&assets(), &["--owners"]);
        assert!(writes(&again).is_empty(), "{who}: {:#?}", writes(&again));
        let sent = bench.sandbox.openmetadata.writes();
        assert!(sent.is_empty(), "{who}: {sent:#?}");
    }
}

#[test]
fn owners_are_found_by_name_by_address_by_group_and_in_the_database() {
    let bench = Bench::start(Version::V2_0, false);
    bench.know([
        Named::user("steward", "steward@example.com"),
        Named::user("a.long.name", "planner@example.com"),
        Named::user("clerk", "clerk@elsewhere.example"),
        Named::user("robot", "robot@example.com").with("isBot", json!(true)),
        Named::user("twin", "twin@example.com"),
        Named::team("twin"),
        Named::team("Core-Data").with("displayName", json!("The core team")),
        Named::team("desk").with("email", json!("desk@example.com")),
        Named::team("division").with("teamType", json!("Department")),
    ]);
    let meta = [
        ("stg_orders", json!({ "owner": "STEWARD@example.com" })),
        ("stg_stores", json!({ "owner": "planner@example.com" })),
        ("stg_reviews", json!({ "owner": "clerk@example.com" })),
        ("stg_refunds", json!({ "owner": "robot" })),
        ("stg_loyalty", json!({ "owner": "twin" })),
        ("stg_payments", json!({ "owner": "the core team" })),
        (
            "stg_products",
            json!({ "owner": { "name": "Nobody knows", "email": "desk@example.com" } }),
        ),
        ("stg_customers", json!({ "owner": "division" })),
        // What is meant for OpenMetadata goes first, also where it is not known.
        ("dim_products", json!({ "owner": "steward", "openmetadata": { "owner": "core-data" } })),
        ("fct_orders", json!({ "owner": ["steward", "desk", "a.long.name", "nobody"] })),
    ];
    let target = bench.project(&meta, |manifest| {
        manifest["groups"] = json!({ "group.shop.crm": {
            "name": "crm", "unique_id": "group.shop.crm", "owner": { "name": "?", "email": "steward@example.com" },
        }});
        manifest["nodes"]["model.shop.dim_customers"]["group"] = json!("crm");
    });
    let catalog = json!({
        "metadata": { "dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json" },
        "nodes": {
            "model.shop.rfm_segments": { "metadata": { "owner": "desk" }, "columns": {} },
            "model.shop.dim_customers": { "metadata": { "owner": "desk" }, "columns": {} },
        },
        "sources": {},
    });
    std::fs::write(format!("{target}/catalog.json"), catalog.to_string()).expect("writes");
    let done = bench.ingest(&target, &["--owners"]);
    for (fqn, owners) in [
        ("dremio.staging.shop.stg_orders", vec!["steward"]),
        ("dremio.staging.shop.stg_stores", vec!["a.long.name"]),
        ("dremio.staging.shop.stg_reviews", vec![]),
        ("dremio.staging.shop.stg_refunds", vec![]),
        ("dremio.staging.crm.stg_loyalty", vec![]),
        ("dremio.staging.shop.stg_payments", vec!["Core-Data"]),
        ("dremio.staging.shop.stg_products", vec!["desk"]),
        ("dremio.staging.crm.stg_customers", vec![]),
        (PRODUCTS, vec!["Core-Data"]),
        (ORDERS, vec!["steward", "a.long.name"]),
        (CUSTOMERS, vec!["steward"]),
        ("dremio.marts.customers.rfm_segments", vec!["desk"]),
    ] {
        assert_eq!(bench.owners(fqn), owners, "{fqn}");
    }
    let rows = left_out(&done);
    for (value, words) in [
        ("clerk@example.com", "no user or team with the address clerk@example.com"),
        ("robot", "it is a bot"),
        ("twin", "the user twin or the team twin"),
        ("division", "type Department"),
        ("desk", "another is named first"),
        ("nobody", "no user or team of the name nobody"),
    ] {
        let told = reason(&rows, "owner", value);
        assert!(told.contains(words), "{value}: {told}");
    }
    assert_eq!(rows.len(), 6, "{rows:#?}");
    let again = bench.ingest(&target, &["--owners"]);
    assert!(writes(&again).is_empty(), "{:#?}", writes(&again));
    // The list of users was read once, however many names led to it.
    bench.sandbox.openmetadata.clear_requests();
    bench.run(&target, &["--owners", "--dry-run"]);
    let seen = bench.sandbox.openmetadata.requests();
    let lists = seen.iter().filter(|seen| seen.target.starts_with("/api/v1/users?")).count();
    assert_eq!(lists, 1);
}

#[test]
fn owners_of_people_stay_unless_they_are_to_be_replaced() {
    let bench = Bench::start(Version::V1_13, false);
    bench.know([Named::user("steward", "steward@example.com"), Named::team("desk")]);
    let owner = |name: &str| vec![("fct_orders", json!({ "owner": name }))];
    let target = bench.project(&owner("steward"), |_| ());
    bench.ingest(&target, &["--owners"]);
    assert_eq!(bench.owners(ORDERS), ["steward"]);
    let target = bench.project(&owner("desk"), |_| ());
    let kept = bench.ingest(&target, &["--owners"]);
    let told = change(&kept, ORDERS, "owners").expect("a change");
    assert_eq!(
        (&told["old"], &told["new"], &told["outcome"]),
        (&json!("steward"), &json!("desk"), &json!("kept_for_people"))
    );
    assert_eq!(bench.owners(ORDERS), ["steward"]);
    bench.ingest(&target, &["--overwrite-owners"]);
    assert_eq!(bench.owners(ORDERS), ["desk"]);
    // The configuration asks for owners as the option does, and replaces none.
    let target = bench.project(&[("dim_products", json!({ "owner": "desk" }))], |_| ());
    let config = bench.home.path().join("owners.yaml");
    std::fs::write(&config, "dbt:\n  update_owners: true\n").expect("writes");
    let config = config.display().to_string();
    bench.ingest(&target, &["--config", &config]);
    assert_eq!(bench.owners(PRODUCTS), ["desk"]);
    assert_eq!(bench.owners(ORDERS), ["desk"]);
}

#[test]
fn what_openmetadata_does_not_know_is_left_out_and_told() {
    let bench = Bench::start(Version::V2_0, true);
    bench.know([
        Named::term("Commerce.Order"),
        Named::domain("Commerce"),
        Named::exclusive("PII"),
        Named::tag("PII.Sensitive"),
        Named::tag("PII.NonSensitive"),
        Named::classification("Legal"),
        Named::tag("Legal.Old").with("disabled", json!(true)),
    ]);
    let meta = [
        (
            "fct_orders",
            json!({ "openmetadata": {
                "tier": "tier1",
                "glossary": ["Commerce.Order", "Commerce.Basket", "a..b"],
                "tags": ["gold", "dbtTags.silver", "Legal.Old", "Legal.New", "PII.Sensitive", "PII.NonSensitive", "Tier.Tier3"],
                "domain": ["Commerce", "Finance"],
                "customProperties": { "costCentre": 12 },
            }}),
        ),
        ("dim_products", json!({ "openmetadata": { "tier": "Tier.Tier9", "domain": "Finance" } })),
    ];
    let target = bench.project(&meta, |manifest| {
        let columns = &mut manifest["nodes"]["model.shop.fct_orders"]["columns"];
        columns["order_id"]["meta"] = json!({ "openmetadata": { "tier": "Tier1" } });
        columns["margin_eur"]["config"]["meta"] =
            json!({ "openmetadata": { "glossary": "Commerce.Order", "tags": ["PII.Sensitive"] } });
    });
    let done = bench.ingest(&target, &[]);
    let stored = bench.stored(ORDERS);
    let mut tags = names(&stored["tags"], "tagFQN");
    tags.sort();
    assert_eq!(
        tags,
        [
            "Commerce.Order",
            "PII.Sensitive",
            "Tier.Tier1",
            "dbtTags.gold",
            "dbtTags.mart",
            "dbtTags.silver"
        ]
    );
    assert_eq!(names(&stored["domains"], "name"), ["Commerce"]);
    let margin = stored["columns"].as_array().expect("columns").iter();
    let margin = margin.clone().find(|column| column["name"] == "margin_eur").expect("a column");
    assert_eq!(names(&margin["tags"], "tagFQN"), ["Commerce.Order", "PII.Sensitive"]);
    assert!(stored.get("extension").is_none(), "{stored}");
    let rows = left_out(&done);
    for (field, value, words) in [
        ("glossary", "Commerce.Basket", "no glossary term Commerce.Basket"),
        ("glossary", "a..b", "not a name of OpenMetadata"),
        ("tags", "Legal.Old", "is disabled"),
        ("tags", "Legal.New", "no tag Legal.New"),
        ("tags", "PII.NonSensitive", "PII allows one tag, and PII.Sensitive is named first"),
        ("tags", "Tier.Tier3", "Tier allows one tag"),
        ("domain", "Finance", ""),
        ("customProperties", "costCentre", "not written"),
        ("tier", "Tier.Tier9", "no tag Tier.Tier9"),
        ("tier", "Tier1", "not to a column"),
    ] {
        let told = reason(&rows, field, value);
        assert!(told.contains(words), "{field} {value}: {told}");
    }
    assert_eq!(rows.len(), 11, "{rows:#?}");
    let again = bench.ingest(&target, &[]);
    assert!(writes(&again).is_empty(), "{:#?}", writes(&again));
    // Without tags, tiers and terms stay away as well.
    let bare = Bench::start(Version::V2_0, true);
    bare.know([Named::domain("Commerce")]);
    let done = bare.ingest(&target, &["--no-tags"]);
    assert_eq!(names(&bare.stored(ORDERS)["tags"], "tagFQN"), [] as [&str; 0]);
    assert!(left_out(&done).iter().all(|row| ["domain", "customProperties"].contains(&&*row[0])));
}

#[test]
fn a_directory_that_cannot_be_read_costs_its_rows_and_not_the_run() {
    let bench = Bench::start(Version::V1_13, true);
    bench.know([Named::user("steward", "steward@example.com")]);
    let meta = [
        ("fct_orders", json!({ "owner": "desk" })),
        ("dim_products", json!({ "owner": "steward" })),
    ];
    let target = bench.project(&meta, |_| ());
    let server = &bench.sandbox.openmetadata;
    let denied =
        Fault::Status(403, "Principal: CatalogPrincipal operations [ViewAll] not allowed".into());
    server.fail_next(100, Some("GET"), "/api/v1/teams", denied);
    let done = bench.ingest(&target, &["--owners"]);
    let rows = left_out(&done);
    assert!(reason(&rows, "owner", "desk").contains("not allowed"), "{rows:?}");
    assert!(reason(&rows, "owner", "steward").contains("not allowed"), "{rows:?}");
    // A server that has no such collection answers with its web page.
    let bench = Bench::start(Version::V1_13, true);
    let meta = [("fct_orders", json!({ "openmetadata": { "domain": "Commerce" } }))];
    let target = bench.project(&meta, |_| ());
    bench.sandbox.openmetadata.fail_next(9, Some("GET"), "/api/v1/domains", Fault::Html);
    let rows = left_out(&bench.ingest(&target, &[]));
    assert!(reason(&rows, "domain", "Commerce").contains("could not be looked up"), "{rows:?}");
    // A token that is refused is no matter of one name.
    let bench = Bench::start(Version::V1_13, true);
    let target = bench.project(&meta, |_| ());
    let unauthorised = Fault::Status(401, "Token expired".to_owned());
    bench.sandbox.openmetadata.fail_next(9, Some("GET"), "/api/v1/domains", unauthorised);
    let output = bench.program(&target, &["--dry-run"]).output().expect("runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("refused the token"), "{told}");
}
