//! A sync of 10,000 tables with 20 columns each, without its network: projecting, hashing, comparing
//! with what is stored. And how much memory all of that takes at once.

#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use dremio_explorer::lineage::Engine;
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Item,
    NodeKind, TableKind,
};
use dremio_explorer::openmetadata::entity::{
    CreateColumn, CreateCommon, StoredColumn, StoredCommon, StoredService, StoredTable,
};
use dremio_explorer::sync::desired::{Body, project};
use dremio_explorer::sync::lineage::desired_edges;
use dremio_explorer::sync::plan::plan;
use dremio_explorer::sync::settled::{EdgeHashes, SettledEdges};
use dremio_explorer::sync::{
    Current, Desired, PlanOptions, Principal, ProjectionOptions, Selection, ServerTraits,
};

const TABLES: usize = 10_000;
const COLUMNS: usize = 20;
const RUNS: u32 = 5;

/// Half tables, half views on them.
fn catalog() -> Catalog {
    let mut catalog = Catalog::new();
    let root =
        |name: &str, kind| Item { path: DatasetPath::new([name]), id: None, kind, raw_kind: None };
    catalog.apply(Change::Children {
        parent: DatasetPath::default(),
        items: vec![root("lake", NodeKind::Source), root("space", NodeKind::Space)],
        first: true,
        last: true,
    });
    for number in 0..TABLES {
        let (table, is_view) = (number / 2, number % 2 == 1);
        let folder = format!("folder_{}", table % 100);
        let (top, kind) = if is_view {
            ("space", NodeKind::View)
        } else {
            ("lake", NodeKind::Table(TableKind::Promoted))
        };
        let name = format!("t{table}");
        let path = DatasetPath::new([top, &folder, &name]);
        let columns = (0..COLUMNS).map(|at| Column {
            name: format!("column_{at}"),
            data_type: if at % 2 == 0 { DataType::BigInt } else { DataType::Varchar },
            nullable: None,
        });
        catalog.apply(Change::Entity(Box::new(Entity {
            item: Item { path, id: None, kind, raw_kind: None },
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(columns.collect()),
                sql: is_view.then(|| format!("SELECT * FROM lake.{folder}.{name}")),
                ..DatasetDetail::default()
            }),
        })));
    }
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

fn stored_common(fqn: &str, name: &str, common: &CreateCommon) -> StoredCommon {
    StoredCommon {
        id: format!("id of {fqn}"),
        name: name.to_owned(),
        fully_qualified_name: fqn.to_owned(),
        source_url: common.source_url.clone(),
        source_hash: common.source_hash.clone(),
        ..StoredCommon::default()
    }
}

fn stored_column(parent: &str, column: &CreateColumn) -> StoredColumn {
    StoredColumn {
        name: column.name.clone(),
        fully_qualified_name: Some(format!("{parent}.{}", column.name)),
        data_type: column.data_type.clone(),
        data_length: column.data_length.map(i64::from),
        data_type_display: column.data_type_display.clone(),
        ..StoredColumn::default()
    }
}

/// What a server holds after all of it was brought over, its edges verified.
fn synced(desired: &Desired) -> Current {
    let mut current = Current { service: Some(StoredService::default()), ..Current::default() };
    for entity in &desired.entities {
        let fqn = &entity.fqn;
        match &entity.body {
            Body::Service(_) => {}
            Body::Database(body) => {
                current.databases.push(stored_common(fqn, &body.name, &body.common));
            }
            Body::Schema(body) => {
                current.schemas.push(stored_common(fqn, &body.name, &body.common));
            }
            Body::Table(body) => current.tables.push(StoredTable {
                common: stored_common(fqn, &body.name, &body.common),
                table_type: body.table_type.clone(),
                columns: body.columns.iter().map(|column| stored_column(fqn, column)).collect(),
                schema_definition: body.schema_definition.clone(),
                ..StoredTable::default()
            }),
        }
    }
    current.settled = desired.edges.iter().map(|edge| edge.to.clone()).collect();
    current
}

/// The time of the quickest of a few runs.
fn timed<T>(what: &str, mut work: impl FnMut() -> T) -> Duration {
    let times = (0..RUNS).map(|_| {
        let begin = Instant::now();
        black_box(work());
        begin.elapsed()
    });
    let best = times.min().unwrap_or_default();
    println!("{what:<40} {best:>9.1?}");
    best
}

/// Peak of the memory held by this process, in MiB, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? / 1024)
}

fn main() {
    let catalog = catalog();
    let before = peak();
    let (selection, options) = (Selection::default(), options());
    let graph = Engine::new(&catalog).graph(&catalog);
    let whole = || {
        let mut desired = project(&catalog, &selection, &options).expect("a fit service name");
        desired.edges = desired_edges(&graph, &catalog, &desired, &desired);
        desired
    };
    let desired = whole();
    let current = synced(&desired);
    let plan_options = PlanOptions {
        principal: Principal::Bot,
        traits: ServerTraits { stores_sql_changes: false },
        overwrite_descriptions: false,
        overwrite_owners: false,
        prune: None,
    };
    let unchanged = plan(&desired, &current, &plan_options);
    assert!(unchanged.is_empty(), "{:?}", unchanged.counts());
    assert_eq!(unchanged.counts()["edge"]["unchanged"], TABLES / 2);
    drop(unchanged);

    let mut planning = Duration::ZERO;
    planning +=
        timed("lineage of all views", || Engine::new(&catalog).graph(&catalog).edges().len());
    planning += timed("projection with edges", whole);
    planning += timed("hashes of the edges", || {
        let hashes = EdgeHashes::of(&desired, &current);
        let mut settled = SettledEdges::default();
        for table in &current.tables {
            settled.settle(&hashes, &table.common.fully_qualified_name, &table.common.id);
        }
        settled
    });
    planning += timed("plan, nothing has changed", || plan(&desired, &current, &plan_options));
    println!("{:<40} {planning:>9.1?}   (bar: 2 s)", "an unchanged sync beside its network");
    timed("plan, nothing is there yet", || plan(&desired, &Current::default(), &plan_options));
    if let (Some(before), Some(after)) = (before, peak()) {
        println!("memory: {after} MiB at most, {before} MiB of them for the catalogue");
    }
}
