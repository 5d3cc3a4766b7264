//! The catalogue at its largest: 100,000 datasets of 20 columns. What it takes to build one, to find
//! something, to hand a copy to another thread, to store it and to load it; and its memory.

#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::hint::black_box;
use std::sync::OnceLock;

use dremio_explorer::model::snapshot::Snapshot;
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Item,
    NodeKind, ServerInfo, TableKind,
};

const SPACES: usize = 50;
const FOLDERS: usize = 20;
const DATASETS: usize = 100;
const COLUMNS: usize = 20;

fn main() {
    print_memory();
    divan::main();
}

fn item(path: DatasetPath, kind: NodeKind) -> Item {
    let id = format!("{:08x}-0000-4000-8000-{:012x}", path.len(), hash(&path));
    Item { path, id: Some(id), kind, raw_kind: None }
}

fn hash(path: &DatasetPath) -> u64 {
    let bytes = path.parts().iter().flat_map(|part| part.bytes());
    bytes.fold(7, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        & 0xffff_ffff_ffff
}

fn columns(seed: usize) -> Vec<Column> {
    let words = ["id", "Amount", "created_at", "customer", "region", "is_valid", "qty", "note"];
    (0..COLUMNS)
        .map(|index| Column {
            name: format!("{}_{}", words[(seed + index) % words.len()], (seed / 7 + index) % 400),
            data_type: match (seed + index) % 5 {
                0 => DataType::BigInt,
                1 => DataType::Varchar,
                2 => DataType::Timestamp,
                3 => DataType::Decimal { precision: Some(18), scale: Some(2) },
                _ => DataType::List(Some(Box::new(DataType::Varchar))),
            },
            nullable: None,
        })
        .collect()
}

/// Everything that a walk would say, in its order.
fn each_change(mut take: impl FnMut(Change)) {
    let mut seed = 0;
    let list = |parent: &DatasetPath, items: Vec<Item>| Change::Children {
        parent: parent.clone(),
        items,
        first: true,
        last: true,
    };
    let root = DatasetPath::default();
    let spaces: Vec<_> = (0..SPACES).map(|index| root.join(format!("Space_{index}"))).collect();
    let items = spaces.iter().map(|path| item(path.clone(), NodeKind::Space)).collect();
    take(list(&root, items));
    for space in &spaces {
        let folders: Vec<_> =
            (0..FOLDERS).map(|index| space.join(format!("folder_{index}"))).collect();
        let items = folders.iter().map(|path| item(path.clone(), NodeKind::Folder)).collect();
        take(list(space, items));
        for folder in &folders {
            let datasets: Vec<_> =
                (0..DATASETS).map(|index| folder.join(format!("dataset_{index}"))).collect();
            let kind = |index: usize| match index % 2 {
                0 => NodeKind::View,
                _ => NodeKind::Table(TableKind::Direct),
            };
            let items = datasets.iter().enumerate();
            let items = items.map(|(index, path)| item(path.clone(), kind(index))).collect();
            take(list(folder, items));
            for (index, path) in datasets.into_iter().enumerate() {
                let kind = kind(index);
                seed += 1;
                let sql = (kind == NodeKind::View).then(|| {
                    format!("SELECT a.id, b.amount FROM {path} a JOIN other.place b ON a.id = b.id")
                });
                let detail = DatasetDetail {
                    columns: Some(columns(seed)),
                    sql,
                    sql_context: Vec::new(),
                    format: None,
                };
                take(Change::Entity(Box::new(Entity {
                    item: item(path, kind),
                    created_at: Some("2026-01-18T18:49:09.669Z".to_owned()),
                    detail: EntityDetail::Dataset(detail),
                })));
            }
        }
    }
}

fn changes() -> Vec<Change> {
    let mut changes = Vec::new();
    each_change(|change| changes.push(change));
    changes
}

fn build(changes: Vec<Change>) -> Catalog {
    let mut catalog = Catalog::new();
    for change in changes {
        catalog.apply(change);
    }
    catalog
}

fn snapshot() -> &'static Snapshot {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    SNAPSHOT.get_or_init(|| Snapshot {
        taken_at: "2026-01-31T09:05:00.250Z".to_owned(),
        server: ServerInfo { host: "localhost:9047".to_owned(), ..ServerInfo::default() },
        complete: true,
        catalog: build(changes()),
        absent: Vec::new(),
    })
}

fn stored() -> &'static [u8] {
    static STORED: OnceLock<Vec<u8>> = OnceLock::new();
    STORED.get_or_init(|| {
        let mut bytes = Vec::new();
        snapshot().write_to(&mut bytes).expect("memory takes everything");
        bytes
    })
}

/// Resident memory in MB; 0 where the system does not tell.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) / 1_024
}

/// What a catalogue takes, fed change by change as by a walk in a process that did nothing before.
fn print_memory() {
    let before = resident();
    let mut catalog = Catalog::new();
    each_change(|change| {
        catalog.apply(change);
    });
    let built = resident();
    let copy = catalog.clone();
    println!(
        "{} nodes, {} columns: {} MB resident, {} MB more for a clone; stored in {} KB",
        copy.len(),
        copy.column_count(),
        built - before,
        resident() - built,
        stored().len() / 1_024,
    );
}

#[divan::bench(sample_count = 5)]
fn apply_everything(bencher: divan::Bencher<'_, '_>) {
    bencher.with_inputs(changes).bench_values(build);
}

#[divan::bench(sample_count = 20)]
fn clone_for_another_thread(bencher: divan::Bencher<'_, '_>) {
    let catalog = &snapshot().catalog;
    bencher.bench(|| catalog.clone());
}

/// The first change after a clone copies the node lists that it touches.
#[divan::bench(sample_count = 20)]
fn first_change_after_a_clone(bencher: divan::Bencher<'_, '_>) {
    let path = DatasetPath::new(["Space_3", "folder_7"]);
    let change = Change::Children {
        parent: path.clone(),
        items: vec![item(path.join("new"), NodeKind::View)],
        first: false,
        last: false,
    };
    bencher
        .with_inputs(|| (snapshot().catalog.clone(), change.clone()))
        .bench_values(|(mut catalog, change)| (catalog.apply(change), catalog));
}

#[divan::bench]
fn look_up(bencher: divan::Bencher<'_, '_>) {
    let catalog = &snapshot().catalog;
    bencher.bench(|| catalog.lookup(black_box(&["Space_31", "folder_7", "dataset_42"])).is_some());
}

#[divan::bench]
fn look_up_in_another_case(bencher: divan::Bencher<'_, '_>) {
    let catalog = &snapshot().catalog;
    bencher.bench(|| catalog.lookup(black_box(&["SPACE_31", "FOLDER_7", "DATASET_42"])).is_some());
}

#[divan::bench(sample_count = 10)]
fn walk_all_columns(bencher: divan::Bencher<'_, '_>) {
    let catalog = &snapshot().catalog;
    bencher.bench(|| {
        let columns = catalog.walk().flat_map(|node| {
            let schema = node.schema();
            (0..schema.len()).filter_map(move |index| schema.get(index))
        });
        columns.map(|column| column.name.len()).sum::<usize>()
    });
}

#[divan::bench(sample_count = 5)]
fn save_snapshot(bencher: divan::Bencher<'_, '_>) {
    let snapshot = snapshot();
    bencher.bench(|| {
        let mut bytes = Vec::new();
        snapshot.write_to(&mut bytes).map(|()| bytes.len())
    });
}

#[divan::bench(sample_count = 10)]
fn load_snapshot(bencher: divan::Bencher<'_, '_>) {
    let bytes = stored();
    bencher.bench(|| Snapshot::read_from(bytes));
}
