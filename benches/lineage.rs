//! A catalogue of 10,000 views read and joined into one graph.

use divan::Bencher;
use dremio_explorer::lineage::{Engine, check, impact};
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Item,
    NodeKind, TableKind,
};

fn main() {
    divan::main();
}

const COLUMNS: usize = 20;
const TABLES: usize = 2_000;

fn entity(path: &[&str], kind: NodeKind, columns: Vec<String>, sql: Option<String>) -> Change {
    let columns = columns
        .into_iter()
        .map(|name| Column { name, data_type: DataType::BigInt, nullable: None })
        .collect();
    Change::Entity(Box::new(Entity {
        item: Item { path: DatasetPath::new(path.iter().copied()), id: None, kind, raw_kind: None },
        created_at: None,
        detail: EntityDetail::Dataset(DatasetDetail {
            columns: Some(columns),
            sql,
            ..DatasetDetail::default()
        }),
    }))
}

fn names(prefix: &str) -> Vec<String> {
    (0..COLUMNS).map(|at| format!("{prefix}{at}")).collect()
}

/// Views in five layers over 2,000 tables: stars, joins, CTEs, aggregates, windows, unions.
fn catalog(views: usize) -> Catalog {
    let mut catalog = Catalog::new();
    let root =
        |name: &str, kind| Item { path: DatasetPath::new([name]), id: None, kind, raw_kind: None };
    catalog.apply(Change::Children {
        parent: DatasetPath::default(),
        items: vec![root("lake", NodeKind::Source), root("space", NodeKind::Space)],
        first: true,
        last: true,
    });
    for table in 0..TABLES {
        let (folder, name) = (format!("raw_{}", table % 40), format!("t{table}"));
        let kind = NodeKind::Table(TableKind::Promoted);
        catalog.apply(entity(&["lake", &folder, &name], kind, names("c"), None));
    }
    let layer_size = views / 5;
    for view in 0..views {
        let layer = view / layer_size.max(1);
        let below = |step: usize| {
            let number = (view * 7 + step * 131) % layer_size.max(1);
            if layer == 0 {
                let table = number % TABLES;
                format!("lake.raw_{}.t{table}", table % 40)
            } else {
                format!("space.layer_{}.v{}", layer - 1, (layer - 1) * layer_size + number)
            }
        };
        let (a, b) = (below(1), below(2));
        let columns = |of: &str| {
            names("c").iter().map(|name| format!("{of}.{name}")).collect::<Vec<_>>().join(", ")
        };
        let sql = match view % 5 {
            0 => format!("SELECT * FROM {a}"),
            1 => format!(
                "SELECT {} FROM {a} x LEFT JOIN {b} y ON x.c0 = y.c0 AND y.c1 > 10 WHERE x.c2 IS NOT NULL",
                columns("x")
            ),
            2 => format!(
                "WITH base AS (SELECT * FROM {a} WHERE c3 < 100), other AS (SELECT c0, SUM(c5) AS c5 FROM {b} GROUP BY c0)
                 SELECT base.c0, {}, CAST(COALESCE(other.c5, 0) AS DOUBLE) AS c19
                 FROM base JOIN other ON base.c0 = other.c0",
                (1..COLUMNS - 1).map(|at| format!("CASE WHEN base.c{at} > 0 THEN base.c{at} ELSE 0 END AS c{at}"))
                    .collect::<Vec<_>>().join(", ")
            ),
            3 => format!(
                "SELECT c0, {}, ROW_NUMBER() OVER (PARTITION BY c1 ORDER BY c2) AS c19 FROM {a} ORDER BY c0",
                (1..COLUMNS - 1).map(|at| format!("UPPER(TRIM(c{at})) AS c{at}")).collect::<Vec<_>>().join(", ")
            ),
            _ => format!("SELECT * FROM {a} UNION ALL SELECT * FROM {b}"),
        };
        let (folder, name) = (format!("layer_{layer}"), format!("v{view}"));
        catalog.apply(entity(&["space", &folder, &name], NodeKind::View, names("c"), Some(sql)));
    }
    catalog
}

#[divan::bench(args = [1_000, 10_000], sample_count = 5)]
fn read_and_join(bencher: Bencher, views: usize) {
    let catalog = catalog(views);
    bencher.bench_local(|| Engine::new(&catalog).graph(&catalog).edges().len());
}

#[divan::bench(args = [10_000], sample_count = 5)]
fn join_only(bencher: Bencher, views: usize) {
    let catalog = catalog(views);
    let engine = Engine::new(&catalog);
    bencher.bench_local(|| engine.graph(&catalog).edges().len());
}

#[divan::bench(args = [10_000], sample_count = 5)]
fn update_without_change(bencher: Bencher, views: usize) {
    let catalog = catalog(views);
    let mut engine = Engine::new(&catalog);
    bencher.bench_local(|| engine.update(&catalog));
}

#[divan::bench(args = [10_000], sample_count = 5)]
fn check_all(bencher: Bencher, views: usize) {
    let catalog = catalog(views);
    let graph = Engine::new(&catalog).graph(&catalog);
    bencher.bench_local(|| check(&graph, |_| true).coverage);
}

#[divan::bench(args = [10_000], sample_count = 5)]
fn impact_of_a_table(bencher: Bencher, views: usize) {
    let catalog = catalog(views);
    let graph = Engine::new(&catalog).graph(&catalog);
    let start = graph.find(&DatasetPath::new(["lake", "raw_0", "t0"])).expect("it is there");
    bencher.bench_local(|| impact(&graph, start, Some("c0")).len());
}
