//! What is found, and in which order.

use super::*;
use crate::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Item,
    NodeKind,
};
use crate::search::Labels;

fn item(path: DatasetPath, kind: NodeKind) -> Item {
    Item { path, id: None, kind, raw_kind: None }
}

fn catalog(datasets: &[(&str, &[&str])]) -> Catalog {
    let mut catalog = Catalog::new();
    let space = DatasetPath::new(["sales"]);
    catalog.apply(Change::Children {
        parent: DatasetPath::default(),
        items: vec![item(space.clone(), NodeKind::Space)],
        first: true,
        last: true,
    });
    catalog.apply(Change::Children {
        parent: space.clone(),
        items: datasets.iter().map(|(name, _)| item(space.join(*name), NodeKind::View)).collect(),
        first: true,
        last: true,
    });
    for (name, columns) in datasets {
        let columns = columns
            .iter()
            .map(|name| Column {
                name: (*name).to_owned(),
                data_type: DataType::Varchar,
                nullable: None,
            })
            .collect();
        catalog.apply(Change::Entity(Box::new(Entity {
            item: item(space.join(*name), NodeKind::View),
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(columns),
                ..DatasetDetail::default()
            }),
        })));
    }
    catalog
}

fn names(catalog: &Catalog, found: &Found) -> Vec<String> {
    found
        .hits
        .iter()
        .map(|hit| {
            let node = catalog.get(hit.node).expect("the node is there");
            match hit.part {
                Part::Path => node.name().to_owned(),
                Part::Column(at) => {
                    let column = node.schema().get(at).expect("the column is there");
                    format!("{}.{}", node.name(), column.name)
                }
                Part::Label(at) => format!("{} #{at}", node.name()),
                Part::Sql(line) => format!("{}:{line}", node.name()),
            }
        })
        .collect()
}

fn search(catalog: &Catalog, text: &str) -> Vec<String> {
    let index = Index::build(catalog, &Labels::default());
    let found = Query::new(text, Scope::All)
        .search(&index, None, 100, &AtomicBool::new(false))
        .expect("not cancelled");
    names(catalog, &found)
}

const SHOP: &[(&str, &[&str])] = &[
    ("fct_orders", &["order_id", "customer_id", "amount"]),
    ("dim_customers", &["customer_id", "Größe"]),
    ("orders", &["order_id"]),
];

#[test]
fn finds_datasets_and_every_column_of_a_name() {
    let catalog = catalog(SHOP);
    assert_eq!(
        search(&catalog, "customer_id"),
        ["fct_orders.customer_id", "dim_customers.customer_id"]
    );
    assert_eq!(search(&catalog, "orders")[..2], ["orders", "fct_orders"]);
    assert_eq!(search(&catalog, "gros"), ["dim_customers.Größe"]);
    assert!(search(&catalog, "zzz").is_empty());
    assert!(search(&catalog, "").is_empty());
}

#[test]
fn words_before_the_last_narrow_the_dataset() {
    let catalog = catalog(SHOP);
    assert_eq!(search(&catalog, "dim cust_id"), ["dim_customers.customer_id"]);
    assert!(search(&catalog, "fct_orders.amo").contains(&"fct_orders.amount".to_owned()));
    assert!(!search(&catalog, "dim_customers.amount").contains(&"fct_orders.amount".to_owned()));
}

#[test]
fn narrowing_finds_what_a_fresh_search_finds() {
    let catalog = catalog(SHOP);
    let index = Index::build(&catalog, &Labels::default());
    let open = AtomicBool::new(false);
    for texts in [
        &["o", "or", "ord", "orde", "order_", "order_i"][..],
        &["fct o", "fct or", "fct ord"],
        &["dim_c", "dim_c.c", "dim_c.cu", "dim_c.cus"],
    ] {
        let mut previous = None;
        for text in texts {
            let query = Query::new(text, Scope::All);
            let fresh = query.search(&index, None, 100, &open).expect("not cancelled");
            let found = query.search(&index, previous.as_ref(), 100, &open).expect("not cancelled");
            assert_eq!(names(&catalog, &found), names(&catalog, &fresh), "for {text:?}");
            assert!(!found.hits.is_empty(), "for {text:?}");
            previous = Some(found);
        }
    }
}

#[test]
fn counts_what_the_limit_leaves_out() {
    let catalog = catalog(SHOP);
    let index = Index::build(&catalog, &Labels::default());
    let found = Query::new("order_id", Scope::Columns)
        .search(&index, None, 1, &AtomicBool::new(false))
        .expect("not cancelled");
    assert_eq!((found.hits.len(), found.columns, found.datasets), (1, 2, 0));
}

#[test]
fn finds_labels_and_pieces_of_sql() {
    let mut catalog = catalog(SHOP);
    let path = DatasetPath::new(["sales", "orders"]);
    let sql = "SELECT order_id\nFROM lake.raw\n  LEFT  JOIN x ON Kundengröße > 1";
    catalog.apply(Change::Entity(Box::new(Entity {
        item: item(path.clone(), NodeKind::View),
        created_at: None,
        detail: EntityDetail::Dataset(DatasetDetail {
            columns: Some(Vec::new()),
            sql: Some(sql.to_owned()),
            ..DatasetDetail::default()
        }),
    })));
    let node = catalog.at(&path).expect("it is there").id();
    let labels = Labels::from_iter([(node, vec!["gold".to_owned(), "pii".to_owned()])]);
    let index = Index::build(&catalog, &labels);
    let find = |text: &str, scope| {
        Query::new(text, scope)
            .search(&index, None, 10, &AtomicBool::new(false))
            .expect("not cancelled")
    };
    assert_eq!(names(&catalog, &find("gol", Scope::All)), ["orders #0"]);
    assert_eq!(names(&catalog, &find("pi", Scope::Labels)), ["orders #1"]);
    assert_eq!(index.label(1), "pii");
    assert_eq!(names(&catalog, &find("left join", Scope::All)), ["orders:2"]);
    assert_eq!(names(&catalog, &find("KUNDENGRÖSSE", Scope::Sql)), [""; 0]);
    assert_eq!(names(&catalog, &find("kundengröße", Scope::Sql)), ["orders:2"]);
    // Everything is named `order…` first; what the SQL says comes last.
    let all = names(&catalog, &find("order_id", Scope::All));
    assert_eq!(all.last().map(String::as_str), Some("orders:0"));
    assert!(find("or", Scope::All).sqls == 0 && find("or", Scope::Sql).sqls == 1);
    assert_eq!(find("left join", Scope::Datasets).sqls, 0);
    let query = Query::new("left join", Scope::Sql);
    assert_eq!(query.matched_sql(sql).map(|range| &sql[range]), Some("LEFT  JOIN"));
}

#[test]
fn narrowing_in_sql_finds_what_a_fresh_search_finds() {
    let mut catalog = catalog(SHOP);
    for (name, sql) in [("orders", "SELECT customer_id"), ("fct_orders", "SELECT 1 AS cust")] {
        catalog.apply(Change::Entity(Box::new(Entity {
            item: item(DatasetPath::new(["sales", name]), NodeKind::View),
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(Vec::new()),
                sql: Some(sql.to_owned()),
                ..DatasetDetail::default()
            }),
        })));
    }
    let index = Index::build(&catalog, &Labels::default());
    let open = AtomicBool::new(false);
    let mut previous = None;
    let mut counts = Vec::new();
    for text in ["cu", "cus", "cust", "custo"] {
        let query = Query::new(text, Scope::All);
        let found = query.search(&index, previous.as_ref(), 10, &open).expect("not cancelled");
        counts.push(found.sqls);
        previous = Some(found);
    }
    assert_eq!(counts, [0, 2, 2, 1]);
}

#[test]
fn stops_when_cancelled() {
    let catalog = catalog(SHOP);
    let index = Index::build(&catalog, &Labels::default());
    let query = Query::new("o", Scope::All);
    assert!(query.search(&index, None, 10, &AtomicBool::new(true)).is_none());
}

/// What a search must find, by looking at everything with the fuzzy matcher alone.
fn count_all(catalog: &Catalog, before: &str, last: &str, whole: &str) -> (usize, usize) {
    let mut scorer = Scorer::default();
    let mut matches = |text: &str, needle: &Needle| scorer.score(needle, text).is_some();
    let (before, last) = (Needle::new(before), Needle::new(last));
    let whole = Needle::new(whole);
    let (mut datasets, mut columns) = (0, 0);
    for node in catalog.walk().filter(|node| node.kind().is_dataset()) {
        let path = node.path().to_string();
        datasets += usize::from(matches(&path, &whole));
        if matches(&path, &before) {
            columns += node.schema().iter().filter(|column| matches(column.name, &last)).count();
        }
    }
    (datasets, columns)
}

#[test]
fn several_words_find_all_that_the_fuzzy_matcher_matches() {
    const WORDS: [&str; 5] = ["order", "Customer", "größe", "net", "st_o"];
    let datasets: Vec<(String, Vec<String>)> = (0..60)
        .map(|n| {
            let column = |c: usize| format!("{}_{}_{c}", WORDS[(n + c) % 5], WORDS[(n * c) % 5]);
            (format!("fct_{}_{}_{n}", WORDS[n % 5], WORDS[n / 5 % 5]), (0..6).map(column).collect())
        })
        .collect();
    let columns: Vec<Vec<&str>> =
        datasets.iter().map(|(_, names)| names.iter().map(String::as_str).collect()).collect();
    let datasets: Vec<(&str, &[&str])> = datasets
        .iter()
        .zip(&columns)
        .map(|((name, _), names)| (name.as_str(), &names[..]))
        .collect();
    let catalog = catalog(&datasets);
    let index = Index::build(&catalog, &Labels::default());
    let open = AtomicBool::new(false);
    let mut some = 0;
    for (before, sign, last) in [
        ("order", " ", "cust"),
        ("sales order", " ", "n"),
        ("cust", " ", "größe"),
        ("größe", " ", "o"),
        ("ord", ".", "st"),
        ("net", " ", "zzz"),
        ("zzz", " ", "net"),
        (r"st\", " ", "o"),
    ] {
        let text = format!("{before}{sign}{last}");
        let found = Query::new(&text, Scope::All).search(&index, None, 1_000, &open);
        let found = found.expect("not cancelled");
        let expected = count_all(&catalog, before, last, &text);
        assert_eq!((found.datasets, found.columns), expected, "{text:?}");
        some += usize::from(expected.0 > 0 && expected.1 > 0);
    }
    assert!(some >= 4, "only {some} of the queries find anything");
}
