//! The finder over 100,000 datasets × 20 columns: each keystroke must be answered within 50 ms.

use std::sync::atomic::AtomicBool;

use divan::Bencher;
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Item,
    NodeKind,
};
use dremio_explorer::search::{Found, Index, Labels, Query, Scope};

fn main() {
    divan::main();
}

const DATASETS: usize = 100_000;
const COLUMNS: usize = 20;
const WORDS: [&str; 24] = [
    "order", "customer", "amount", "date", "net", "gross", "total", "country", "status", "created",
    "updated", "product", "price", "quantity", "store", "channel", "margin", "segment", "score",
    "email", "address", "postcode", "delivery", "campaign",
];

/// How many different column names there are.
#[derive(Clone, Copy, Debug)]
enum Names {
    /// A few thousand, as in catalogues that people make.
    Common,
    /// Each column its own: two million.
    Unique,
}

fn catalog(names: Names) -> Catalog {
    let mut catalog = Catalog::new();
    let item = |path: DatasetPath, kind| Item { path, id: None, kind, raw_kind: None };
    let space = DatasetPath::new(["warehouse"]);
    let list = |parent: &DatasetPath, items| Change::Children {
        parent: parent.clone(),
        items,
        first: true,
        last: true,
    };
    catalog.apply(list(&DatasetPath::default(), vec![item(space.clone(), NodeKind::Space)]));
    let folders: Vec<DatasetPath> =
        (0..100).map(|n| space.join(format!("{}_{n}", WORDS[n % WORDS.len()]))).collect();
    let items = folders.iter().map(|folder| item(folder.clone(), NodeKind::Folder)).collect();
    catalog.apply(list(&space, items));
    for (f, folder) in folders.iter().enumerate() {
        let datasets: Vec<DatasetPath> = (0..DATASETS / 100)
            .map(|n| folder.join(format!("fct_{}_{}_{n}", WORDS[(n * 7 + f) % 24], WORDS[n % 24])))
            .collect();
        let items = datasets.iter().map(|path| item(path.clone(), NodeKind::View)).collect();
        catalog.apply(list(folder, items));
        for (d, path) in datasets.into_iter().enumerate() {
            let columns = (0..COLUMNS)
                .map(|c| {
                    let (a, b) = (WORDS[(c * 5 + d) % 24], WORDS[(c + d * 3) % 24]);
                    let name = match names {
                        Names::Common => format!("{a}_{b}_{}", c % 5),
                        Names::Unique => format!("{a}_{b}_{f}_{d}_{c}"),
                    };
                    Column { name, data_type: DataType::Varchar, nullable: None }
                })
                .collect();
            catalog.apply(Change::Entity(Box::new(Entity {
                item: item(path, NodeKind::View),
                created_at: None,
                detail: EntityDetail::Dataset(DatasetDetail {
                    columns: Some(columns),
                    sql: Some(sql(f, d)),
                    ..DatasetDetail::default()
                }),
            })));
        }
    }
    catalog
}

/// Some 600 bytes of SQL, as most views have.
fn sql(folder: usize, dataset: usize) -> String {
    let mut sql = "SELECT\n".to_owned();
    for c in 0..16 {
        let (a, b) = (WORDS[(c * 5 + dataset) % 24], WORDS[(c + folder) % 24]);
        sql.push_str(&format!("  o.{a}_{b} AS {a}_{c},\n"));
    }
    sql.push_str(&format!("  1 AS one\nFROM lake.raw.table_{folder}_{dataset} AS o\n"));
    sql
}

const QUERIES: [&str; 6] = ["c", "cu", "cus", "custdate", "orders cust", "zzzz"];

fn find(index: &Index, text: &str, previous: Option<&Found>) -> Found {
    let open = AtomicBool::new(false);
    Query::new(text, Scope::All).search(index, previous, 1_000, &open).expect("not cancelled")
}

#[divan::bench(args = QUERIES)]
fn common_names(bencher: Bencher<'_, '_>, text: &str) {
    let index = Index::build(&catalog(Names::Common), &Labels::default());
    assert_eq!(index.column_count(), DATASETS * COLUMNS);
    bencher.bench_local(|| find(&index, text, None));
}

#[divan::bench(args = QUERIES, sample_count = 20)]
fn unique_names(bencher: Bencher<'_, '_>, text: &str) {
    let index = Index::build(&catalog(Names::Unique), &Labels::default());
    bencher.bench_local(|| find(&index, text, None));
}

/// A piece of SQL that many, one or no views have.
#[divan::bench(args = ["cus", "customer_", "table_7_7 ", "left join"], sample_count = 20)]
fn sql_text(bencher: Bencher<'_, '_>, text: &str) {
    let index = Index::build(&catalog(Names::Common), &Labels::default());
    let open = AtomicBool::new(false);
    let query = Query::new(text, Scope::Sql);
    bencher.bench_local(|| query.search(&index, None, 1_000, &open).expect("not cancelled"));
}

/// The third letter of a word, typed after the second.
#[divan::bench(args = ["cus", "ord", "mar"], sample_count = 20)]
fn unique_names_narrowed(bencher: Bencher<'_, '_>, text: &str) {
    let index = Index::build(&catalog(Names::Unique), &Labels::default());
    let shorter = find(&index, &text[..2], None);
    bencher.bench_local(|| find(&index, text, Some(&shorter)));
}

#[divan::bench(sample_count = 5)]
fn build(bencher: Bencher<'_, '_>) {
    let catalog = catalog(Names::Common);
    bencher.bench_local(|| Index::build(&catalog, &Labels::default()));
}
