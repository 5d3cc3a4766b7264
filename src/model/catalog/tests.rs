use proptest::prelude::*;

use super::*;
use crate::model::entity::{NodeErrorKind, SourceHealth};
use crate::model::types::{Column, Field};

fn path(text: &str) -> DatasetPath {
    if text.is_empty() { DatasetPath::default() } else { text.parse().expect("a valid path") }
}

fn item(text: &str, kind: NodeKind) -> Item {
    Item { path: path(text), id: Some(format!("id of {text}")), kind, raw_kind: None }
}

fn children(parent: &str, items: Vec<Item>) -> Change {
    Change::Children { parent: path(parent), items, first: true, last: true }
}

fn page(parent: &str, items: Vec<Item>, first: bool, last: bool) -> Change {
    Change::Children { parent: path(parent), items, first, last }
}

fn column(name: &str, data_type: DataType) -> Column {
    Column { name: name.to_owned(), data_type, nullable: None }
}

fn dataset(text: &str, kind: NodeKind, columns: Option<Vec<Column>>) -> Change {
    Change::Entity(Box::new(Entity {
        item: item(text, kind),
        created_at: None,
        detail: EntityDetail::Dataset(DatasetDetail { columns, ..DatasetDetail::default() }),
    }))
}

fn error(kind: NodeErrorKind) -> NodeError {
    NodeError { kind, message: "it failed".to_owned() }
}

fn names(node: NodeRef<'_>) -> Vec<&str> {
    node.children().map(NodeRef::name).collect()
}

const TABLE: NodeKind = NodeKind::Table(TableKind::Promoted);

/// A catalogue with something of everything.
pub(in crate::model) fn sample() -> Catalog {
    let mut catalog = Catalog::new();
    catalog.apply(children(
        "",
        vec![
            item("@ada", NodeKind::Home),
            item("Sales", NodeKind::Space),
            item("lake", NodeKind::Source),
        ],
    ));
    catalog.apply(children(
        "Sales",
        vec![
            item("Sales.EMEA", NodeKind::Folder),
            item("Sales.f", NodeKind::Function),
            Item {
                raw_kind: Some("PIPE".to_owned()),
                id: None,
                ..item("Sales.p", NodeKind::Unknown)
            },
        ],
    ));
    catalog.apply(page("lake", vec![item("lake.\"a.csv\"", NodeKind::File)], true, false));
    catalog.apply(children(
        "Sales.EMEA",
        vec![
            item("Sales.EMEA.Orders", NodeKind::View),
            item("Sales.EMEA.raw", TABLE),
            item("Sales.EMEA.empty", TABLE),
            item("Sales.EMEA.unread", TABLE),
        ],
    ));
    let geo = Field { name: "lat".to_owned(), data_type: DataType::Double };
    catalog.apply(Change::Entity(Box::new(Entity {
        item: item("Sales.EMEA.Orders", NodeKind::View),
        created_at: Some("2026-01-01T00:00:00.000Z".to_owned()),
        detail: EntityDetail::Dataset(DatasetDetail {
            columns: Some(vec![
                Column { nullable: Some(false), ..column("id", DataType::BigInt) },
                Column { nullable: Some(true), ..column("geo", DataType::Struct(Some(vec![geo]))) },
                column("", DataType::Unknown("BLOB".to_owned())),
            ]),
            sql: Some("SELECT 1".to_owned()),
            sql_context: vec!["Sales".to_owned(), "EMEA".to_owned()],
            format: None,
        }),
    })));
    catalog.apply(dataset("Sales.EMEA.raw", TABLE, None));
    catalog.apply(dataset("Sales.EMEA.empty", TABLE, Some(vec![])));
    catalog.apply(Change::Entity(Box::new(Entity {
        item: item("Sales.f", NodeKind::Function),
        created_at: None,
        detail: EntityDetail::Function(FunctionDetail {
            arguments: Some("x INT".to_owned()),
            ..FunctionDetail::default()
        }),
    })));
    catalog.apply(Change::Entity(Box::new(Entity {
        item: item("lake", NodeKind::Source),
        created_at: None,
        detail: EntityDetail::Source(SourceDetail {
            connector: Some("S3".to_owned()),
            health: SourceHealth::Bad,
            messages: vec!["down".to_owned()],
            suggestion: None,
        }),
    })));
    catalog.apply(Change::Failed { path: path("lake"), error: error(NodeErrorKind::SourceDown) });
    catalog
}

/// Asserts that two catalogues say the same.
pub(in crate::model) fn same(a: &Catalog, b: &Catalog) {
    assert_eq!((a.len(), a.column_count()), (b.len(), b.column_count()));
    assert_eq!(a.root().listing(), b.root().listing());
    for (left, right) in a.walk().zip(b.walk()) {
        let facts = |node: NodeRef<'_>| {
            (
                (node.item(), node.listing(), node.error().cloned(), node.has_details()),
                (node.schema().state, node.schema().to_columns()),
                (node.created_at().map(str::to_owned), node.sql().map(str::to_owned)),
                node.sql_context().map(str::to_owned).collect::<Vec<_>>(),
                (
                    node.format().map(str::to_owned),
                    node.source().cloned(),
                    node.function().cloned(),
                ),
            )
        };
        assert_eq!(facts(left), facts(right));
        assert_eq!(b.at(&left.path()).map(NodeRef::path), Some(left.path()));
    }
}

/// What must hold whatever was applied.
fn check(catalog: &Catalog) {
    assert_eq!(catalog.walk().count(), catalog.len());
    let columns: usize = catalog.walk().map(|node| node.schema().len()).sum();
    assert_eq!(columns, catalog.column_count());
    for node in catalog.walk() {
        assert_eq!(catalog.at(&node.path()).map(NodeRef::id), Some(node.id()));
        assert_eq!(catalog.at(&node.path().folded()).map(NodeRef::id), Some(node.id()));
        assert!(catalog.get(node.id()).is_some());
        let parent = node.parent().expect("only the root has none");
        assert!(parent.children().any(|child| child.id() == node.id()));
        assert!(parent.id() == NodeId::ROOT || catalog.get(parent.id()).is_some());
        assert!(node.children().len() == 0 || node.kind().is_container());
        assert_eq!(node.depth(), node.path().len());
    }
}

#[test]
fn finds_without_case_and_keeps_the_spelling() {
    let catalog = sample();
    check(&catalog);
    let orders = catalog.lookup(&["sales", "Emea", "ORDERS"]).unwrap();
    assert_eq!(orders.path(), path("Sales.EMEA.Orders"));
    assert_eq!(orders.top().name(), "Sales");
    assert_eq!(orders.parent().unwrap().child("raw").unwrap().name(), "raw");
    assert!(catalog.lookup(&["sales", "orders"]).is_none());
    assert_eq!(catalog.at(&DatasetPath::default()).unwrap().id(), NodeId::ROOT);
}

#[test]
fn unknown_empty_and_unread_schemas_differ() {
    let catalog = sample();
    let state = |text| catalog.at(&path(text)).unwrap().schema().state;
    assert_eq!(state("Sales.EMEA.Orders"), SchemaState::Known);
    assert_eq!(state("Sales.EMEA.empty"), SchemaState::Known);
    assert_eq!(state("Sales.EMEA.raw"), SchemaState::Unknown);
    assert_eq!(state("Sales.EMEA.unread"), SchemaState::Unread);
    assert_eq!(catalog.column_count(), 3);
}

#[test]
fn pages_add_up_and_the_last_one_tells_what_is_gone() {
    let mut catalog = sample();
    let list = |names: &[&str]| -> Vec<Item> {
        names.iter().map(|name| item(&format!("Sales.EMEA.{name}"), TABLE)).collect()
    };
    catalog.apply(page("Sales.EMEA", list(&["raw", "new"]), true, false));
    let folder = catalog.at(&path("Sales.EMEA")).unwrap();
    assert_eq!(folder.listing(), Listing::Partial);
    assert_eq!(folder.children().len(), 5, "nothing is gone before the end");
    let orders = catalog.at(&path("Sales.EMEA.Orders")).unwrap().id();
    catalog.apply(page("Sales.EMEA", list(&["new", "newer"]), false, true));
    let folder = catalog.at(&path("Sales.EMEA")).unwrap();
    assert_eq!(names(folder), ["raw", "new", "newer"]);
    assert_eq!(folder.listing(), Listing::Complete);
    assert!(catalog.get(orders).is_none());
    assert_eq!(catalog.column_count(), 0);
    check(&catalog);
}

#[test]
fn a_page_without_a_beginning_removes_nothing() {
    let mut catalog = sample();
    catalog.apply(page("Sales.EMEA", vec![item("Sales.EMEA.late", TABLE)], false, true));
    assert_eq!(catalog.at(&path("Sales.EMEA")).unwrap().children().len(), 5);
    check(&catalog);
}

#[test]
fn removal_takes_everything_below() {
    let mut catalog = sample();
    catalog.apply(children("", vec![item("lake", NodeKind::Source)]));
    assert_eq!(catalog.len(), 2);
    assert!(catalog.at(&path("Sales.EMEA.Orders")).is_none());
    check(&catalog);
    catalog.apply(children("", vec![item("sales", NodeKind::Space)]));
    let again = catalog.at(&path("Sales")).unwrap();
    assert_eq!((again.name(), again.listing()), ("sales", Listing::Unread));
    check(&catalog);
}

#[test]
fn a_promoted_folder_becomes_a_table_in_place() {
    let mut catalog = sample();
    let before = catalog.at(&path("Sales.EMEA")).unwrap().id();
    catalog.apply(children(
        "Sales",
        vec![Item { id: Some("new".into()), ..item("Sales.EMEA", TABLE) }],
    ));
    let table = catalog.at(&path("Sales.EMEA")).unwrap();
    assert_eq!((table.id(), table.kind(), table.server_id()), (before, TABLE, Some("new")));
    assert_eq!(table.children().len(), 0);
    assert_eq!(catalog.column_count(), 0);
    let late = catalog.apply(page("Sales.EMEA", vec![item("Sales.EMEA.x", TABLE)], false, true));
    assert_eq!(late.node, None, "a table has no children");
    check(&catalog);
}

#[test]
fn of_case_twins_the_first_is_kept_and_the_other_told() {
    let mut catalog = sample();
    let twins = vec![
        item("lake.Data", NodeKind::File),
        item("lake.data", NodeKind::Folder),
        item("lake.Data", NodeKind::File),
    ];
    let applied = catalog.apply(children("lake", twins));
    assert_eq!(applied.case_clashes, [path("lake.data")]);
    let kept = catalog.at(&path("lake.DATA")).unwrap();
    assert_eq!((kept.name(), kept.kind()), ("Data", NodeKind::File));
    check(&catalog);
}

#[test]
fn details_merge_with_what_a_listing_said() {
    let mut catalog = sample();
    let vague = NodeKind::Table(TableKind::Unknown);
    let mut change = dataset("sales.emea.RAW", vague, Some(vec![column("a", DataType::Date)]));
    if let Change::Entity(entity) = &mut change {
        entity.item.id = None;
    }
    catalog.apply(change);
    let raw = catalog.at(&path("Sales.EMEA.raw")).unwrap();
    assert_eq!(raw.kind(), TABLE, "the listing knew better");
    assert_eq!(raw.server_id(), Some("id of Sales.EMEA.raw"));
    assert_eq!(raw.name(), "RAW", "the stored spelling is the entity's");
    assert_eq!(raw.schema().get(0).unwrap().data_type, &DataType::Date);
    catalog.apply(children("Sales.EMEA", vec![item("Sales.EMEA.raw", vague)]));
    assert_eq!(catalog.column_count(), 1, "listing it again keeps its columns");
    let pipe = catalog.at(&path("Sales.p")).unwrap();
    assert_eq!(pipe.raw_kind(), Some("PIPE"));
    check(&catalog);
}

#[test]
fn an_error_stays_until_the_next_success() {
    let mut catalog = sample();
    let failed = |catalog: &Catalog, text| catalog.at(&path(text)).unwrap().error().is_some();
    assert!(failed(&catalog, "lake"));
    assert_eq!(catalog.at(&path("lake")).unwrap().source().unwrap().health, SourceHealth::Bad);
    catalog.apply(children("lake", vec![]));
    assert!(!failed(&catalog, "lake"));
    let change =
        Change::Failed { path: path("Sales.EMEA.raw"), error: error(NodeErrorKind::Forbidden) };
    catalog.apply(change);
    assert!(failed(&catalog, "Sales.EMEA.raw"));
    catalog.apply(dataset("Sales.EMEA.raw", TABLE, Some(vec![])));
    assert!(!failed(&catalog, "Sales.EMEA.raw"));
}

#[test]
fn what_is_not_here_changes_nothing() {
    let mut catalog = sample();
    let before = catalog.len();
    assert_eq!(catalog.apply(children("nowhere", vec![item("nowhere.x", TABLE)])).node, None);
    assert_eq!(catalog.apply(dataset("nowhere.x", TABLE, None)).node, None);
    assert_eq!(catalog.apply(dataset("", TABLE, None)).node, None);
    assert_eq!(catalog.len(), before);
    let root = Change::Failed { path: path(""), error: error(NodeErrorKind::Unavailable) };
    catalog.apply(root);
    assert!(catalog.root().error().is_some(), "the root's listing can fail too");
}

#[test]
fn details_of_something_unlisted_are_placed_with_the_folders_on_the_way() {
    let mut catalog = Catalog::new();
    catalog.apply(children("", vec![item("lake", NodeKind::Source), item("s", NodeKind::Space)]));
    catalog.apply(children("s", vec![]));
    catalog.apply(page("lake", vec![item("lake.raw", NodeKind::Folder)], true, false));
    let columns = Some(vec![column("id", DataType::BigInt)]);
    let applied = catalog.apply(dataset("lake.Raw.\"2024\".orders", TABLE, columns));
    let orders = catalog.at(&path("lake.raw.\"2024\".orders")).unwrap();
    assert_eq!(applied.node, Some(orders.id()));
    assert_eq!((orders.kind(), orders.schema().len()), (TABLE, 1));
    let folder = orders.parent().unwrap();
    assert_eq!((folder.kind(), folder.listing()), (NodeKind::Folder, Listing::Unread));
    assert!(folder.server_id().is_none());
    // The spelling of what was listed stays.
    assert_eq!(orders.path(), path("lake.raw.\"2024\".orders"));
    assert_eq!(catalog.at(&path("lake.raw")).unwrap().listing(), Listing::Unread);
    check(&catalog);

    // Below what was listed to its end, below a table, and without a root there is no place.
    for text in ["s.gone", "lake.raw.\"2024\".orders.part", "nowhere.t", "s.a.b"] {
        assert_eq!(catalog.apply(dataset(text, TABLE, None)).node, None, "{text}");
    }
    assert_eq!(catalog.len(), 5);
}

#[test]
fn a_later_listing_confirms_or_removes_what_was_placed() {
    let mut catalog = Catalog::new();
    catalog.apply(children("", vec![item("lake", NodeKind::Source)]));
    catalog.apply(dataset("lake.a.x", TABLE, Some(vec![column("id", DataType::BigInt)])));
    catalog.apply(dataset("lake.b.y", TABLE, Some(vec![column("id", DataType::BigInt)])));
    let id = catalog.at(&path("lake.a.x")).unwrap().id();
    catalog.apply(children("lake", vec![item("lake.A", NodeKind::Folder)]));
    let folder = catalog.at(&path("lake.a")).unwrap();
    assert_eq!((folder.name(), folder.server_id()), ("A", Some("id of lake.A")));
    assert_eq!(folder.listing(), Listing::Unread);
    assert!(catalog.at(&path("lake.b.y")).is_none());
    assert_eq!((catalog.len(), catalog.column_count()), (3, 1));
    catalog.apply(children("lake.A", vec![item("lake.A.x", TABLE), item("lake.A.z", TABLE)]));
    let listed = catalog.at(&path("lake.a.x")).unwrap();
    assert_eq!((listed.id(), listed.schema().len()), (id, 1));
    check(&catalog);
}

#[test]
fn a_clone_is_not_touched_by_later_changes() {
    let mut catalog = sample();
    let before = catalog.clone();
    catalog.apply(children("Sales", vec![item("Sales.other", NodeKind::Folder)]));
    catalog.apply(children("", vec![]));
    same(&before, &sample());
}

fn any_path() -> impl Strategy<Value = DatasetPath> {
    proptest::collection::vec(prop::sample::select(vec!["a", "A", "b", "ä", "Ä"]), 0..4)
        .prop_map(DatasetPath::new)
}

fn any_kind() -> impl Strategy<Value = NodeKind> {
    prop::sample::select(vec![
        NodeKind::Folder,
        NodeKind::Folder,
        NodeKind::Folder,
        TABLE,
        NodeKind::View,
        NodeKind::File,
        NodeKind::Unknown,
    ])
}

fn any_change() -> impl Strategy<Value = Change> {
    let names = prop::sample::select(vec!["a", "A", "b", "ä", "Ä", "c"]);
    let items = proptest::collection::vec((names, any_kind()), 0..5);
    let listing = (any_path(), items, any::<bool>(), any::<bool>()).prop_map(
        |(parent, items, first, last)| Change::Children {
            items: items
                .into_iter()
                .map(|(name, kind)| Item {
                    path: parent.join(name),
                    id: Some("x".to_owned()),
                    kind,
                    raw_kind: None,
                })
                .collect(),
            parent,
            first,
            last,
        },
    );
    let entity = (any_path(), any_kind(), proptest::option::of(0usize..4)).prop_map(
        |(path, kind, columns)| {
            let columns = columns
                .map(|count| (0..count).map(|_| column("c", DataType::Date)).collect::<Vec<_>>());
            let detail = if kind.is_dataset() {
                EntityDetail::Dataset(DatasetDetail { columns, ..DatasetDetail::default() })
            } else {
                EntityDetail::Plain
            };
            let item = Item { path, id: None, kind, raw_kind: None };
            Change::Entity(Box::new(Entity { item, created_at: None, detail }))
        },
    );
    let failed = any_path()
        .prop_map(|path| Change::Failed { path, error: error(NodeErrorKind::Unavailable) });
    prop_oneof![6 => listing, 3 => entity, 1 => failed]
}

proptest! {
    #[test]
    fn invariants_hold_after_any_changes(changes in proptest::collection::vec(any_change(), 0..40)) {
        let mut catalog = Catalog::new();
        for change in changes {
            catalog.apply(change);
            check(&catalog);
        }
        let tables = tables::Tables::from(&catalog);
        let json = serde_json::to_string(&tables).unwrap();
        let tables: tables::Tables = serde_json::from_str(&json).unwrap();
        same(&catalog, &tables.into_catalog().unwrap());
    }
}
