//! What people wrote in OpenMetadata, under both sorts of token: kept unless it is to be replaced, and
//! the plan says beforehand which.

use dremio_explorer::openmetadata::Client;
use dremio_explorer::openmetadata::entity::{CreateColumn, EntityType, StoredColumn, StoredTable};
use dremio_explorer::sandbox::openmetadata::{OpenMetadataSandbox, Version};
use dremio_explorer::sync::desired::Body;
use dremio_explorer::sync::settled::SettledEdges;
use dremio_explorer::sync::{Action, Desired, Outcome};
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::{Turn, catalog, catalog_where, client, failures, project, stored};

const VIEW: &str = "Dremio.Sales.s0.t0";
const SCHEMA: &str = "Dremio.Sales.s0";

fn token(server: &OpenMetadataSandbox, is_bot: bool) -> &'static str {
    if is_bot { server.bot_token() } else { server.user_token() }
}

/// Dremio describes the view, its schema and the view's second column.
fn described(mut desired: Desired) -> Desired {
    for entity in &mut desired.entities {
        let text = match &*entity.fqn {
            VIEW => "The view, says Dremio",
            SCHEMA => "The folder, says Dremio",
            _ => continue,
        };
        let common = entity.body.common_mut().expect("not a service");
        common.description = Some(text.to_owned());
        if let Body::Table(table) = &mut entity.body {
            table.columns[1].description = Some("The name, says Dremio".to_owned());
        }
    }
    desired
}

/// A person edits the view and its schema in the UI, which sends patches (contract §3.6).
async fn edit(client: &Client) {
    let table = stored(client, VIEW).await;
    let product =
        json!([{ "id": "5", "type": "dataProduct", "name": "P", "fullyQualifiedName": "P" }]);
    let domain = json!([{ "id": "6", "type": "domain", "name": "D", "fullyQualifiedName": "D" }]);
    let patch = json!([
        { "op": "add", "path": "/description", "value": "By hand" },
        { "op": "add", "path": "/displayName", "value": "Shown so" },
        { "op": "add", "path": "/domains", "value": domain },
        { "op": "add", "path": "/dataProducts", "value": product },
        { "op": "add", "path": "/columns/1/description", "value": "Name by hand" },
        { "op": "add", "path": "/columns/1/displayName", "value": "Name shown so" },
    ]);
    client.patch(EntityType::Table, &table.common.id, &patch).await.expect("patches");
    let schema: Value =
        client.by_name(EntityType::DatabaseSchema, SCHEMA).await.expect("reads").expect("is there");
    let patch = json!([{ "op": "add", "path": "/description", "value": "Schema by hand" }]);
    let id = schema["id"].as_str().expect("an id");
    client.patch(EntityType::DatabaseSchema, id, &patch).await.expect("patches");
}

async fn schema_description(client: &Client) -> Value {
    let schema: Option<Value> =
        client.by_name(EntityType::DatabaseSchema, SCHEMA).await.expect("reads");
    schema.expect("is there")["description"].clone()
}

#[rstest]
#[tokio::test]
async fn what_people_wrote_outlives_every_sync(
    #[values(Version::V1_12, Version::V1_13, Version::V2_0)] version: Version,
    #[values(true, false)] is_bot: bool,
) {
    let server = crate::sandbox(version).await;
    let client = client(&server, token(&server, is_bot));
    let mut settled = SettledEdges::default();
    let turn = Turn::default();
    let first = project(&catalog(1, 2));
    turn.take(&client, &first, &mut settled).await.expect("reads");
    edit(&client).await;

    // Dremio has descriptions of its own now, and other SQL, so that the table is sent again.
    let desired = described(project(&catalog_where(1, 2, " WHERE id > 1")));
    let second = turn.take(&client, &desired, &mut settled).await.expect("reads");
    assert_eq!(failures(&second), Vec::<String>::new());
    let kept = if is_bot { Outcome::KeptByServer } else { Outcome::KeptForPeople };
    let changes: Vec<_> = second.plan.items.iter().flat_map(|item| &item.changes).collect();
    for field in ["description", "columns.name.description"] {
        let told: Vec<Outcome> = changes
            .iter()
            .filter(|change| change.field == field && change.old.is_some())
            .map(|change| change.outcome)
            .collect();
        assert!(
            !told.is_empty() && told.iter().all(|outcome| *outcome == kept),
            "{field}: {told:?}"
        );
    }
    let table = stored(&client, VIEW).await;
    assert_eq!(table.common.description.as_deref(), Some("By hand"));
    assert_eq!(table.common.display_name.as_deref(), Some("Shown so"));
    assert_eq!(table.common.data_products.len(), 1);
    assert_eq!(table.common.domains.len(), 1);
    assert_eq!(table.columns[1].description.as_deref(), Some("Name by hand"));
    assert_eq!(table.columns[1].display_name.as_deref(), Some("Name shown so"));
    assert!(table.schema_definition.is_some_and(|sql| sql.contains("id > 1")));
    assert_eq!(schema_description(&client).await, "Schema by hand");

    // What differs and is kept is no reason to send anything.
    server.clear_requests();
    let third = turn.take(&client, &desired, &mut settled).await.expect("reads");
    assert!(third.plan.items.iter().any(|item| item.action == Action::Keep));
    assert!(third.plan.is_empty());
    assert_eq!(server.writes(), []);
}

#[rstest]
#[tokio::test]
async fn descriptions_are_replaced_when_asked_for(
    #[values(Version::V1_12, Version::V1_13, Version::V2_0)] version: Version,
    #[values(true, false)] is_bot: bool,
    // With other SQL the table is sent anyway; without, only the words differ.
    #[values("", " WHERE id > 1")] more: &str,
) {
    let server = crate::sandbox(version).await;
    let client = client(&server, token(&server, is_bot));
    let mut settled = SettledEdges::default();
    let turn = Turn { overwrite: true, ..Turn::default() };
    let desired = described(project(&catalog(1, 2)));
    turn.take(&client, &desired, &mut settled).await.expect("reads");
    edit(&client).await;
    let desired = described(project(&catalog_where(1, 2, more)));
    let second = turn.take(&client, &desired, &mut settled).await.expect("reads");
    assert_eq!(failures(&second), Vec::<String>::new());
    let item = second.plan.items.iter().find(|item| {
        item.key == dremio_explorer::sync::ItemKey::Entity(EntityType::Table, VIEW.to_owned())
    });
    let item = item.expect("is planned");
    for field in ["description", "columns.name.description"] {
        let change = item.changes.iter().find(|change| change.field == field).expect(field);
        assert_eq!(change.outcome, Outcome::Written, "{field}");
        assert!(change.old.as_ref().is_some_and(|old| old.contains("hand")), "{field}");
    }
    // The plan says how a bot gets there.
    assert_eq!(item.notes.iter().any(|note| note.contains("PATCH")), is_bot, "{:?}", item.notes);
    let patches = server.requests().iter().filter(|seen| seen.method == "PATCH").count();
    assert_eq!(patches, if is_bot { 4 } else { 2 }, "two are the person's own");

    let table = stored(&client, VIEW).await;
    assert_eq!(table.common.description.as_deref(), Some("The view, says Dremio"));
    assert_eq!(table.columns[1].description.as_deref(), Some("The name, says Dremio"));
    // Only descriptions were to be replaced.
    assert_eq!(table.common.display_name.as_deref(), Some("Shown so"));
    assert_eq!(table.columns[1].display_name.as_deref(), Some("Name shown so"));
    assert_eq!(table.common.data_products.len(), 1);
    assert_eq!(schema_description(&client).await, "The folder, says Dremio");
    let sql = table.schema_definition.expect("the SQL is there again");
    assert!(sql.ends_with(more) && sql.contains("SELECT"), "{sql}");

    server.clear_requests();
    let third = turn.take(&client, &desired, &mut settled).await.expect("reads");
    assert!(third.plan.is_empty(), "{:?}", third.plan.counts());
    assert_eq!(server.writes(), []);
}

/// A column of this type; `below` are its fields, or those of its elements.
fn column(name: &str, data_type: &str, below: Vec<CreateColumn>) -> CreateColumn {
    let (data_type, array_data_type) = match data_type.strip_prefix("ARRAY ") {
        Some(element) => ("ARRAY", Some(element.to_owned())),
        None => (data_type, None),
    };
    CreateColumn {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
        data_length: (data_type == "VARCHAR").then_some(65_536),
        data_type_display: Some(data_type.to_lowercase()),
        children: (!below.is_empty()).then_some(below),
        array_data_type,
        ..CreateColumn::default()
    }
}

/// Every way in which a column can stand inside another.
const NESTED: [&[&str]; 7] = [
    &["address", "city"],
    &["address", "geo"],
    &["address", "geo", "lat"],
    &["address", "phones", "number"],
    &["lines", "sku"],
    &["lines", "parts", "code"],
    &["lines", "parts", "maker", "name"],
];

/// The view with structs and lists of structs in each other, each field described by Dremio if so.
fn nested(mut desired: Desired, is_described: bool) -> Desired {
    let leaf = |name: &str| column(name, "VARCHAR", Vec::new());
    let geo = column("geo", "STRUCT", vec![leaf("lon"), leaf("lat")]);
    let phones = column("phones", "ARRAY STRUCT", vec![leaf("number")]);
    let maker = column("maker", "STRUCT", vec![leaf("name")]);
    let parts = column("parts", "ARRAY STRUCT", vec![leaf("code"), maker]);
    let mut columns = vec![
        column("address", "STRUCT", vec![leaf("street"), leaf("city"), geo, phones]),
        column("lines", "ARRAY STRUCT", vec![leaf("sku"), parts]),
    ];
    for path in NESTED.iter().filter(|_| is_described) {
        let mut level = &mut columns;
        for (depth, name) in path.iter().enumerate() {
            let found = level.iter_mut().find(|column| column.name == *name).expect(name);
            if depth + 1 == path.len() {
                found.description = Some(format!("{}, says Dremio", path.join(".")));
                break;
            }
            level = found.children.as_mut().expect("has fields");
        }
    }
    let view = desired.entities.iter_mut().find(|entity| entity.fqn == VIEW).expect("the view");
    let Body::Table(table) = &mut view.body else { panic!("a table") };
    table.columns.extend(columns);
    desired
}

/// A stored column, and where it stands in the JSON.
fn find<'a>(table: &'a StoredTable, path: &[&str]) -> (String, &'a StoredColumn) {
    let (mut level, mut place) = (&table.columns, String::new());
    for (depth, name) in path.iter().enumerate() {
        let index = level.iter().position(|column| column.name == *name).expect(name);
        place.push_str(&format!("/{}/{index}", if depth == 0 { "columns" } else { "children" }));
        if depth + 1 == path.len() {
            return (place, &level[index]);
        }
        level = level[index].children.as_ref().expect("has fields");
    }
    panic!("an empty path")
}

/// What people wrote on fields of structs, in lists too, is kept or replaced like anything else.
#[rstest]
#[tokio::test]
async fn words_on_nested_columns_are_kept_or_replaced(
    #[values(Version::V1_12, Version::V1_13, Version::V2_0)] version: Version,
    #[values(true, false)] is_bot: bool,
    #[values("", " WHERE id > 1")] more: &str,
) {
    let server = crate::sandbox(version).await;
    let client = client(&server, token(&server, is_bot));
    let mut settled = SettledEdges::default();
    let turn = Turn::default();
    let bare = nested(project(&catalog(1, 2)), false);
    let first = turn.take(&client, &bare, &mut settled).await.expect("reads");
    assert_eq!(first.report.statistics.errors, 0, "{:?}", failures(&first));
    let table = stored(&client, VIEW).await;
    let edits: Vec<Value> = NESTED
        .iter()
        .map(|path| {
            let place = find(&table, path).0;
            let text = format!("{} by hand", path.join("."));
            json!({ "op": "add", "path": format!("{place}/description"), "value": text })
        })
        .collect();
    client.patch(EntityType::Table, &table.common.id, &json!(edits)).await.expect("patches");

    let desired = nested(project(&catalog_where(1, 2, more)), true);
    let words = |table: &StoredTable| -> Vec<Option<String>> {
        NESTED.iter().map(|path| find(table, path).1.description.clone()).collect()
    };
    let all = |end: &str| -> Vec<Option<String>> {
        NESTED.iter().map(|path| Some(format!("{}{end}", path.join(".")))).collect()
    };
    let outcomes = |round: &crate::world::Round| -> Vec<Option<Outcome>> {
        let changes: Vec<_> = round.plan.items.iter().flat_map(|item| &item.changes).collect();
        let outcome = |path: &&[&str]| {
            let field = format!("columns.{}.description", path.join("."));
            changes.iter().find(|change| change.field == field).map(|change| change.outcome)
        };
        NESTED.iter().map(outcome).collect()
    };
    let second = turn.take(&client, &desired, &mut settled).await.expect("reads");
    assert_eq!(failures(&second), Vec::<String>::new());
    let kept = if is_bot { Outcome::KeptByServer } else { Outcome::KeptForPeople };
    assert_eq!(outcomes(&second), [Some(kept); 7]);
    assert_eq!(words(&stored(&client, VIEW).await), all(" by hand"));

    let turn = Turn { overwrite: true, ..Turn::default() };
    let third = turn.take(&client, &desired, &mut settled).await.expect("reads");
    assert_eq!(failures(&third), Vec::<String>::new());
    assert_eq!(outcomes(&third), [Some(Outcome::Written); 7]);
    let table = stored(&client, VIEW).await;
    assert_eq!(words(&table), all(", says Dremio"));
    let sql = table.schema_definition.expect("the PATCH's price is paid");
    assert!(sql.ends_with(more) && sql.contains("SELECT"), "{sql}");
    assert_eq!(find(&stored(&client, VIEW).await, &["address", "street"]).1.description, None);

    server.clear_requests();
    let fourth = turn.take(&client, &desired, &mut settled).await.expect("reads");
    assert!(fourth.plan.is_empty(), "{:?}", fourth.plan.counts());
    assert_eq!(server.writes(), []);
}

/// A PATCH goes through, the PUT after it does not: the view is without SQL until the next run.
#[tokio::test]
async fn sql_that_a_patch_erased_comes_back_with_the_next_run() {
    use dremio_explorer::sandbox::openmetadata::Fault;

    let server = crate::sandbox(Version::V1_13).await;
    let client = client(&server, server.bot_token());
    let mut settled = SettledEdges::default();
    let turn = Turn { overwrite: true, ..Turn::default() };
    let desired = described(project(&catalog(1, 2)));
    turn.take(&client, &desired, &mut settled).await.expect("reads");
    edit(&client).await;
    let refusal = Fault::Status(403, "not today".to_owned());
    server.fail_next(1, Some("PUT"), "/api/v1/tables", refusal);
    let second = turn.take(&client, &desired, &mut settled).await.expect("reads");
    assert_eq!(failures(&second).len(), 1, "{:?}", failures(&second));
    assert_eq!(stored(&client, VIEW).await.schema_definition, None);
    let third = turn.take(&client, &desired, &mut settled).await.expect("reads");
    assert_eq!(failures(&third), Vec::<String>::new());
    let table = stored(&client, VIEW).await;
    assert!(table.schema_definition.is_some());
    assert_eq!(table.common.description.as_deref(), Some("The view, says Dremio"));
}
