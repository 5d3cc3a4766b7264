//! The plan of a sync: what it says will happen, against states as a server would hold them.

use std::collections::HashMap;

use dremio_explorer::lineage::Engine;
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Field,
    Item as Listed, NodeKind, TableKind,
};
use dremio_explorer::openmetadata::entity::{
    ColumnLineage, CreateColumn, CreateCommon, EntityType, LineageDetails, StoredColumn,
    StoredCommon, StoredEdge, StoredService, StoredTable, TagLabel,
};
use dremio_explorer::openmetadata::names;
use dremio_explorer::sync::desired::Body;
use dremio_explorer::sync::lineage::{desired_edges, traced};
use dremio_explorer::sync::plan::{Payload, plan};
use dremio_explorer::sync::{
    Action, Current, Desired, DesiredEdge, Item, ItemKey, Outcome, Plan, PlanOptions, Principal,
    ProjectionOptions, Selection, ServerTraits, desired,
};

mod edges;

fn path(text: &str) -> DatasetPath {
    text.parse().expect("a path")
}

/// A catalogue from lines such as `space Sales`, `view Sales.daily`.
fn catalog(lines: &[(&str, NodeKind)]) -> Catalog {
    let mut catalog = Catalog::new();
    let mut parents: Vec<DatasetPath> = vec![DatasetPath::default()];
    parents
        .extend(lines.iter().filter(|(_, kind)| kind.is_container()).map(|(text, _)| path(text)));
    for parent in parents {
        let items = lines
            .iter()
            .map(|(text, kind)| (path(text), *kind))
            .filter(|(child, _)| child.parent().as_ref() == Some(&parent))
            .map(|(path, kind)| Listed { id: Some(path.to_string()), path, kind, raw_kind: None })
            .collect();
        catalog.apply(Change::Children { parent, items, first: true, last: true });
    }
    catalog
}

fn describe(catalog: &mut Catalog, text: &str, columns: Vec<Column>, sql: Option<&str>) {
    let kind = catalog.at(&path(text)).expect("is there").kind();
    catalog.apply(Change::Entity(Box::new(Entity {
        item: Listed { path: path(text), id: None, kind, raw_kind: None },
        created_at: None,
        detail: EntityDetail::Dataset(DatasetDetail {
            columns: Some(columns),
            sql: sql.map(str::to_owned),
            ..DatasetDetail::default()
        }),
    })));
}

fn column(name: &str, data_type: DataType) -> Column {
    Column { name: name.to_owned(), data_type, nullable: None }
}

const PROMOTED: NodeKind = NodeKind::Table(TableKind::Promoted);

/// Two tables and a view over one of them.
fn sales() -> Catalog {
    let mut catalog = catalog(&[
        ("lake", NodeKind::Source),
        ("lake.raw", NodeKind::Folder),
        ("lake.raw.crm", NodeKind::Folder),
        ("lake.raw.crm.orders", PROMOTED),
        ("lake.top", PROMOTED),
        ("Sales", NodeKind::Space),
        ("Sales.marts", NodeKind::Folder),
        ("Sales.marts.daily", NodeKind::View),
    ]);
    let geo =
        DataType::Struct(Some(vec![Field { name: "lat".into(), data_type: DataType::Double }]));
    let orders = vec![
        column("id", DataType::BigInt),
        column("amount", DataType::Decimal { precision: Some(10), scale: Some(2) }),
        column("geo", geo.clone()),
        column("stops", DataType::List(Some(Box::new(geo)))),
        column("note", DataType::Varchar),
    ];
    describe(&mut catalog, "lake.raw.crm.orders", orders, None);
    describe(&mut catalog, "lake.top", vec![column("x", DataType::Integer)], None);
    let daily = vec![column("day", DataType::Date), column("total", DataType::Double)];
    describe(
        &mut catalog,
        "Sales.marts.daily",
        daily,
        Some("SELECT day, total FROM lake.raw.crm.orders"),
    );
    catalog
}

fn options() -> ProjectionOptions {
    ProjectionOptions {
        service_name: "Dremio".to_owned(),
        service_type: "Dremio".to_owned(),
        default_schema: "default".to_owned(),
        dremio_url: Some("http://localhost:9047".to_owned()),
        label_classification: None,
        wikis: HashMap::new(),
        labels: HashMap::new(),
    }
}

fn project(catalog: &Catalog) -> Desired {
    desired::project(catalog, &Selection::default(), &options()).expect("a fit service name")
}

fn plan_options(principal: Principal) -> PlanOptions {
    PlanOptions {
        principal,
        traits: ServerTraits { stores_sql_changes: false },
        overwrite_descriptions: false,
        overwrite_owners: false,
        prune: None,
    }
}

fn stored_common(fqn: &str, name: &str, common: &CreateCommon) -> StoredCommon {
    StoredCommon {
        id: format!("id of {fqn}"),
        name: name.to_owned(),
        fully_qualified_name: fqn.to_owned(),
        display_name: common.display_name.clone(),
        description: common.description.clone(),
        tags: common.tags.clone(),
        source_url: common.source_url.clone(),
        source_hash: common.source_hash.clone(),
        version: 0.1,
        ..StoredCommon::default()
    }
}

fn stored_columns(parent: &str, columns: &[CreateColumn]) -> Vec<StoredColumn> {
    columns
        .iter()
        .map(|column| {
            let fqn = format!("{parent}.{}", column.name);
            StoredColumn {
                name: column.name.clone(),
                data_type: column.data_type.clone(),
                display_name: column.display_name.clone(),
                data_length: column.data_length.map(i64::from),
                precision: column.precision.map(i64::from),
                scale: column.scale.map(i64::from),
                data_type_display: column
                    .data_type_display
                    .as_ref()
                    .map(|text| text.to_lowercase()),
                array_data_type: column.array_data_type.clone(),
                children: column.children.as_ref().map(|children| stored_columns(&fqn, children)),
                fully_qualified_name: Some(fqn),
                ..StoredColumn::default()
            }
        })
        .collect()
}

/// The state after everything desired has been created.
fn synced(desired: &Desired) -> Current {
    let mut current = Current { service: Some(StoredService::default()), ..Current::default() };
    for entity in &desired.entities {
        match &entity.body {
            Body::Service(_) => unreachable!("not among the entities"),
            Body::Database(body) => {
                current.databases.push(stored_common(&entity.fqn, &body.name, &body.common));
            }
            Body::Schema(body) => {
                current.schemas.push(stored_common(&entity.fqn, &body.name, &body.common));
            }
            Body::Table(body) => current.tables.push(StoredTable {
                common: stored_common(&entity.fqn, &body.name, &body.common),
                table_type: body.table_type.clone(),
                columns: stored_columns(&entity.fqn, &body.columns),
                schema_definition: body.schema_definition.clone(),
                ..StoredTable::default()
            }),
        }
    }
    current
}

fn table_item<'a>(plan: &'a Plan, fqn: &str) -> &'a Item {
    let key = ItemKey::Entity(EntityType::Table, fqn.to_owned());
    plan.items.iter().find(|item| item.key == key).expect("the table is in the plan")
}

fn stored_table<'a>(current: &'a mut Current, fqn: &str) -> &'a mut StoredTable {
    current
        .tables
        .iter_mut()
        .find(|table| table.common.fully_qualified_name == fqn)
        .expect("the table is stored")
}

const DAILY: &str = "Dremio.Sales.marts.daily";
const ORDERS: &str = "Dremio.lake.\"raw.crm\".orders";

fn edge() -> DesiredEdge {
    DesiredEdge {
        from: ORDERS.to_owned(),
        to: DAILY.to_owned(),
        source: "ViewLineage".to_owned(),
        sql: Some("SELECT 1".to_owned()),
        columns: vec![(
            vec!["amount".to_owned()],
            "total".to_owned(),
            Some("SUM(amount)".to_owned()),
        )],
    }
}

fn stored_edge(source: &str) -> StoredEdge {
    StoredEdge {
        from_entity: String::new(),
        to_entity: String::new(),
        lineage_details: Some(LineageDetails {
            source: Some(source.to_owned()),
            sql_query: Some("SELECT 1".to_owned()),
            columns_lineage: vec![ColumnLineage {
                from_columns: vec![format!("{ORDERS}.AMOUNT")],
                to_column: format!("{DAILY}.total"),
                function: Some("SUM(amount)".to_owned()),
            }],
            ..LineageDetails::default()
        }),
    }
}

#[test]
fn folders_become_schemas_and_roots_databases() {
    let desired = project(&sales());
    let fqns: Vec<&str> = desired.entities.iter().map(|entity| entity.fqn.as_str()).collect();
    assert_eq!(
        fqns,
        [
            "Dremio.lake",
            "Dremio.Sales",
            "Dremio.lake.raw",
            "Dremio.lake.\"raw.crm\"",
            "Dremio.lake.default",
            "Dremio.Sales.marts",
            ORDERS,
            "Dremio.lake.default.top",
            DAILY,
        ]
    );
    assert_eq!(desired.conflicts, []);
}

#[test]
fn columns_carry_what_the_server_insists_on() {
    let desired = project(&sales());
    let orders = desired.entities.iter().find(|entity| entity.fqn == ORDERS).expect("is there");
    let Body::Table(body) = &orders.body else { panic!("a table") };
    let amount = &body.columns[1];
    assert_eq!((amount.precision, amount.scale), (Some(10), Some(2)));
    assert_eq!(body.columns[2].children.as_ref().map(Vec::len), Some(1));
    let stops = &body.columns[3];
    assert_eq!(stops.array_data_type.as_deref(), Some("STRUCT"));
    assert_eq!(stops.children.as_ref().map(Vec::len), Some(1));
    assert_eq!(body.columns[4].data_length, Some(65_536));
    assert_eq!(body.common.source_hash.as_ref().map(String::len), Some(32));
}

#[test]
fn a_second_plan_is_empty() {
    let desired = project(&sales());
    let first = plan(&desired, &Current::default(), &plan_options(Principal::Bot));
    assert!(first.items.iter().all(|item| item.action == Action::Create));
    assert_eq!(first.counts()["table"]["create"], 3);
    for principal in [Principal::Bot, Principal::User] {
        let second = plan(&desired, &synced(&desired), &plan_options(principal));
        let moved: Vec<_> =
            second.items.iter().filter(|item| item.action != Action::Unchanged).collect();
        assert_eq!(moved, Vec::<&Item>::new());
        assert!(second.is_empty());
    }
}

#[test]
fn a_plan_survives_its_json_form() {
    let desired = project(&sales());
    let first = plan(&desired, &Current::default(), &plan_options(Principal::User));
    let text = serde_json::to_string(&first).expect("serialises");
    let back: Plan = serde_json::from_str(&text).expect("reads back");
    assert_eq!(back, first);
}

#[test]
fn what_people_wrote_is_kept_and_said_so() {
    let mut options = options();
    options.wikis.insert(path("Sales.marts.daily").folded(), "From Dremio".to_owned());
    let desired = desired::project(&sales(), &Selection::default(), &options).expect("fit");
    let mut current = synced(&desired);
    let table = stored_table(&mut current, DAILY);
    table.common.description = Some("Written by a person".to_owned());
    table.common.display_name = Some("Daily totals".to_owned());
    table.columns[0].description = Some("The day".to_owned());
    // Something of ours changes too, so that a body is sent.
    table.common.source_hash = Some("0".repeat(32));
    for (principal, outcome) in
        [(Principal::Bot, Outcome::KeptByServer), (Principal::User, Outcome::KeptForPeople)]
    {
        let plan = plan(&desired, &current, &plan_options(principal));
        let item = table_item(&plan, DAILY);
        let change = item.changes.iter().find(|change| change.field == "description");
        assert_eq!(change.expect("is shown").outcome, outcome);
        let Some(Payload::Put(Body::Table(body))) = &item.payload else { panic!("a body") };
        assert_eq!(body.common.description.as_deref(), Some("Written by a person"));
        assert_eq!(body.common.display_name.as_deref(), Some("Daily totals"));
        assert_eq!(body.columns[0].description.as_deref(), Some("The day"));
    }
}

#[test]
fn only_the_description_differs_and_nothing_is_sent() {
    let mut options = options();
    options.wikis.insert(path("Sales.marts.daily").folded(), "From Dremio".to_owned());
    let desired = desired::project(&sales(), &Selection::default(), &options).expect("fit");
    let mut current = synced(&desired);
    stored_table(&mut current, DAILY).common.description = Some("By hand".to_owned());
    let kept = plan(&desired, &current, &plan_options(Principal::Bot));
    assert_eq!(table_item(&kept, DAILY).action, Action::Keep);
    assert!(kept.is_empty());

    let asked = |principal| PlanOptions { overwrite_descriptions: true, ..plan_options(principal) };
    let user = plan(&desired, &current, &asked(Principal::User));
    let Some(Payload::Put(Body::Table(body))) = &table_item(&user, DAILY).payload else {
        panic!("a body")
    };
    assert_eq!(body.common.description.as_deref(), Some("From Dremio"));
    let bot = plan(&desired, &current, &asked(Principal::Bot));
    let patch = table_item(&bot, DAILY).description_patch.clone().expect("a patch");
    assert_eq!(patch.entity.as_deref(), Some("From Dremio"));
    assert_eq!(patch.columns, []);
}

#[test]
fn erased_view_sql_is_found_and_repaired() {
    let desired = project(&sales());
    let mut current = synced(&desired);
    stored_table(&mut current, DAILY).schema_definition = None;
    let old = plan(&desired, &current, &plan_options(Principal::Bot));
    let item = table_item(&old, DAILY);
    assert_eq!(item.action, Action::Update);
    assert!(item.repair, "an older server stores it only after a throw-away hash");
    let fixed = PlanOptions {
        traits: ServerTraits { stores_sql_changes: true },
        ..plan_options(Principal::Bot)
    };
    assert!(!table_item(&plan(&desired, &current, &fixed), DAILY).repair);
}

#[test]
fn type_changes_resend_tags_and_dropped_columns_resend_edges() {
    let mut desired = project(&sales());
    desired.edges.push(edge());
    let mut current = synced(&desired);
    let ids = (format!("id of {ORDERS}"), format!("id of {DAILY}"));
    current.edges.insert(ids, stored_edge("ViewLineage"));
    let edge_item = |plan: &Plan| {
        plan.items.iter().find(|item| matches!(item.key, ItemKey::Edge { .. })).cloned()
    };
    let quiet = plan(&desired, &current, &plan_options(Principal::Bot));
    assert_eq!(edge_item(&quiet).expect("an edge").action, Action::Unchanged);

    let tag = TagLabel {
        tag_fqn: "PII.Sensitive".to_owned(),
        source: "Classification".to_owned(),
        label_type: "Manual".to_owned(),
        state: "Confirmed".to_owned(),
    };
    let table = stored_table(&mut current, DAILY);
    table.columns[1].data_type = "BIGINT".to_owned();
    table.columns[1].tags = vec![tag.clone()];
    let mut gone = table.columns[0].clone();
    gone.name = "gone".to_owned();
    table.columns.push(gone);
    let plan = plan(&desired, &current, &plan_options(Principal::Bot));
    let item = table_item(&plan, DAILY);
    let Some(Payload::Put(Body::Table(body))) = &item.payload else { panic!("a body") };
    assert_eq!(body.columns[1].tags, [tag]);
    assert!(item.changes.iter().any(|c| c.field == "columns.gone" && c.new.is_none()));
    assert_eq!(edge_item(&plan).expect("an edge").action, Action::Update);
}

#[test]
fn what_a_persons_put_takes_away_is_sent_back_or_told_of() {
    let desired = project(&sales());
    let mut current = synced(&desired);
    let stored = stored_table(&mut current, ORDERS);
    let domain = serde_json::json!({ "id": "d", "type": "domain", "fullyQualifiedName": "Retail" });
    // An older server has one domain.
    stored.common.domain = serde_json::from_value(domain).expect("a reference");
    stored.common.data_products = serde_json::from_value(serde_json::json!([
        { "id": "p", "type": "dataProduct", "fullyQualifiedName": "Retail.Orders" },
    ]))
    .expect("references");
    stored.common.certification =
        Some(serde_json::json!({ "tagLabel": { "tagFQN": "Certification.Gold" } }));
    let told = |plan: &Plan| table_item(plan, ORDERS).notes.join("; ").contains("certification");
    let idle = plan(&desired, &current, &plan_options(Principal::User));
    assert!(!told(&idle), "nothing is sent");
    stored_table(&mut current, ORDERS).common.source_hash = None;
    let sent = plan(&desired, &current, &plan_options(Principal::User));
    assert!(told(&sent));
    let Some(Payload::Put(Body::Table(body))) = &table_item(&sent, ORDERS).payload else {
        panic!("a table");
    };
    assert_eq!(body.common.data_products, ["Retail.Orders"]);
    assert!(
        !told(&plan(&desired, &current, &plan_options(Principal::Bot))),
        "a bot's PUT keeps it"
    );
}

#[test]
fn only_what_was_read_to_the_end_is_ever_deleted() {
    let full = project(&sales());
    let current = synced(&full);
    let smaller = {
        let mut lines = vec![
            ("lake", NodeKind::Source),
            ("lake.raw", NodeKind::Folder),
            ("Sales", NodeKind::Space),
            ("Sales.marts", NodeKind::Folder),
        ];
        lines.push(("lake.top", PROMOTED));
        catalog(&lines)
    };
    let prune = PlanOptions { prune: Some(Selection::default()), ..plan_options(Principal::Bot) };
    let deleted = |desired: &Desired| -> Vec<String> {
        plan(desired, &current, &prune)
            .items
            .iter()
            .filter(|item| item.action == Action::Delete)
            .map(|item| match &item.key {
                ItemKey::Entity(_, fqn) => fqn.clone(),
                ItemKey::Edge { .. } => "an edge".to_owned(),
            })
            .collect()
    };
    let complete = project(&smaller);
    assert_eq!(deleted(&complete), [DAILY, ORDERS, "Dremio.lake.\"raw.crm\""]);

    let mut unread = smaller.clone();
    unread.apply(Change::Children {
        parent: path("lake.raw"),
        items: Vec::new(),
        first: true,
        last: false,
    });
    assert_eq!(deleted(&project(&unread)), [DAILY]);
}

#[test]
fn clashes_are_reported() {
    let mut catalog = catalog(&[
        ("Sales", NodeKind::Space),
        ("Sales.default", NodeKind::Folder),
        ("Sales.stray", NodeKind::View),
        ("Sales.\"a.b\"", NodeKind::Folder),
        ("Sales.a", NodeKind::Folder),
        ("Sales.a.b", NodeKind::Folder),
        ("Sales.a.b.v", NodeKind::View),
    ]);
    describe(&mut catalog, "Sales.stray", Vec::new(), Some("SELECT 1"));
    let desired = project(&catalog);
    let clashing: Vec<String> =
        desired.conflicts.iter().map(|conflict| conflict.path.to_string()).collect();
    assert_eq!(clashing, ["Sales.stray", "Sales.a.b"]);
    let plan = plan(&desired, &Current::default(), &plan_options(Principal::Bot));
    assert_eq!(plan.counts()["table"]["conflict"], 1);
}

/// A name that is too long is no name: it is told, with what stands below it left out, and nothing
/// is cut short.
#[test]
fn names_that_are_too_long_are_reported() {
    let long = "x".repeat(200);
    let mut catalog = catalog(&[
        ("Sales", NodeKind::Space),
        (&format!("Sales.{long}"), NodeKind::Folder),
        (&format!("Sales.{long}.{long}"), NodeKind::Folder),
        (&format!("Sales.{long}.{long}.deep"), NodeKind::View),
        (&format!("Sales.{long}.{long}{long}"), NodeKind::View),
        (&format!("Sales.{long}.fine"), NodeKind::View),
    ]);
    describe(&mut catalog, &format!("Sales.{long}.fine"), Vec::new(), Some("SELECT 1"));
    let desired = project(&catalog);
    let told: Vec<(usize, bool)> = desired
        .conflicts
        .iter()
        .map(|conflict| (conflict.path.len(), conflict.reason.contains("at most 256")))
        .collect();
    assert_eq!(told, [(3, true), (3, true)], "{:?}", desired.conflicts);
    let plan = plan(&desired, &Current::default(), &plan_options(Principal::Bot));
    let counts = plan.counts();
    assert_eq!(counts["schema"]["conflict"], 1, "the folders' path joined by dots");
    assert_eq!((counts["table"]["conflict"], counts["table"]["create"]), (1, 1));
    assert!(desired.entities.iter().all(|entity| {
        let parts = names::split_fqn(&entity.fqn).expect("an FQN");
        parts.iter().all(|part| part.chars().count() <= names::MAX_NAME_CHARS)
    }));
}

#[test]
fn unknown_columns_and_hidden_sql_leave_the_stored_ones() {
    let full = project(&sales());
    let mut current = synced(&full);
    let hash = stored_table(&mut current, DAILY).common.source_hash.clone();
    let mut hidden = sales();
    let item =
        Listed { path: path("Sales.marts.daily"), id: None, kind: NodeKind::View, raw_kind: None };
    hidden.apply(Change::Entity(Box::new(Entity {
        item,
        created_at: None,
        detail: EntityDetail::Dataset(DatasetDetail::default()),
    })));
    let nothing = plan(&project(&hidden), &current, &plan_options(Principal::Bot));
    assert_eq!(table_item(&nothing, DAILY).action, Action::Unchanged);
    stored_table(&mut current, DAILY).table_type = None;
    let plan = plan(&project(&hidden), &current, &plan_options(Principal::Bot));
    let Some(Payload::Put(Body::Table(body))) = &table_item(&plan, DAILY).payload else {
        panic!("a body")
    };
    assert_eq!(body.columns.len(), 2);
    assert!(body.schema_definition.is_some());
    assert_eq!(body.common.source_hash, hash);
}
