//! Catalogues of any size for load tests: sources and spaces with two levels of folders, views over
//! tables, 20 columns a dataset. Columns are made when they are asked for, so that a hundred
//! thousand datasets cost a few megabytes.

use std::sync::Arc;

use super::dremio::catalogue::{
    Account, Catalogue, CatalogueError, Detail, NewNode, NodeIx, Schema,
};
use super::world::{Backend, Kind};
use crate::model::{Column, DataType, DatasetPath, Field};

/// How big a generated catalogue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleOptions {
    /// Tables and views in the ordinary folders.
    pub datasets: usize,
    /// If not 0: a space folder of so many views, and a storage folder of so many files.
    pub wide: usize,
}

/// Columns of every generated dataset.
pub const COLUMNS: usize = 20;
const DATASETS_PER_FOLDER: usize = 20;
const FOLDERS_PER_AREA: usize = 10;
const DATASETS_PER_ROOT: usize = 2_000;
const MIN_ROOTS: usize = 6;

/// What a root of the generated catalogue is, in turn.
const ROOTS: [(&str, Kind, Backend, Option<&str>); 6] = [
    ("erp", Kind::Source, Backend::Stored, Some("POSTGRES")),
    ("sales", Kind::Space, Backend::Stored, None),
    ("lake", Kind::Source, Backend::Storage, Some("S3")),
    ("finance", Kind::Space, Backend::Stored, None),
    ("nessie", Kind::Source, Backend::Versioned, Some("NESSIE")),
    ("operations", Kind::Space, Backend::Stored, None),
];
const AREAS: [&str; 10] = [
    "billing",
    "customers",
    "inventory",
    "logistics",
    "marketing",
    "orders",
    "payments",
    "pricing",
    "returns",
    "suppliers",
];
const THINGS: [&str; 40] = [
    "account",
    "address",
    "agent",
    "batch",
    "budget",
    "carrier",
    "channel",
    "claim",
    "contract",
    "country",
    "coupon",
    "currency",
    "customer",
    "delivery",
    "device",
    "discount",
    "employee",
    "event",
    "factory",
    "fee",
    "invoice",
    "item",
    "ledger",
    "market",
    "order",
    "parcel",
    "partner",
    "payment",
    "plan",
    "price",
    "product",
    "region",
    "refund",
    "segment",
    "session",
    "shipment",
    "store",
    "supplier",
    "tax",
    "warehouse",
];
const ASPECTS: [&str; 25] = [
    "amount",
    "category",
    "city",
    "code",
    "comment",
    "count",
    "created_at",
    "date",
    "details",
    "email",
    "flags",
    "id",
    "is_active",
    "key",
    "limit",
    "name",
    "number",
    "owner",
    "quantity",
    "rate",
    "score",
    "status",
    "total",
    "updated_at",
    "weight",
];

/// A catalogue of this size. Fails only if it is too big to number.
pub fn catalogue(options: ScaleOptions) -> Result<Catalogue, CatalogueError> {
    let mut catalogue = Catalogue::new(Account {
        user: "demo".to_owned(),
        password: "demo-password".to_owned(),
        version: "25.2.0-202410241428100111-a963b970".to_owned(),
    });
    super::dremio::system::add_to(&mut catalogue)?;
    catalogue.add(None, NewNode::new("@demo", Kind::Home))?;
    let count = options.datasets.div_ceil(DATASETS_PER_ROOT).max(MIN_ROOTS);
    let table_detail = shared(None, None);
    let file_detail = shared(None, Some("Parquet"));
    let mut tables: Vec<NodeIx> = Vec::new();
    // Sources first, so that views can name their tables.
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|root| ROOTS[root % ROOTS.len()].1 == Kind::Space);
    for root in order {
        let (name, kind, backend, connector) = ROOTS[root % ROOTS.len()];
        let mut node = NewNode::new(format!("{name}_{:02}", root / ROOTS.len() + 1), kind);
        node.backend = backend;
        node.detail = Some(shared(connector, None));
        let root_ix = catalogue.add(None, node)?;
        let datasets = options.datasets / count + usize::from(root < options.datasets % count);
        let mut area = root_ix;
        let mut folder = root_ix;
        for dataset in 0..datasets {
            let topic = dataset / DATASETS_PER_FOLDER;
            if dataset % (DATASETS_PER_FOLDER * FOLDERS_PER_AREA) == 0 {
                let number = topic / FOLDERS_PER_AREA;
                let name = numbered(AREAS[number % AREAS.len()], number / AREAS.len());
                area = catalogue.add(Some(root_ix), NewNode::new(name, Kind::Folder))?;
            }
            if dataset % DATASETS_PER_FOLDER == 0 {
                let name = numbered(THINGS[topic % THINGS.len()], topic / THINGS.len());
                folder = catalogue.add(Some(area), NewNode::new(name, Kind::Folder))?;
            }
            let thing = THINGS[(dataset * 7 + root) % THINGS.len()];
            let name = format!("{thing}_{}_{dataset:05}", ASPECTS[dataset % ASPECTS.len()]);
            let is_view = kind == Kind::Space;
            let mut node = NewNode::new(name, if is_view { Kind::View } else { Kind::Table });
            let seed = catalogue.len();
            if is_view {
                let parent = tables.get(dataset.wrapping_mul(31) % tables.len().max(1)).copied();
                let schema = parent.map_or(seed, |table| seed_of(&catalogue, table));
                node.schema = made(schema);
                node.detail = Some(view(&catalogue, parent));
            } else {
                node.schema = made(seed);
                let in_files = backend != Backend::Stored;
                node.detail = Some(Arc::clone(if in_files { &file_detail } else { &table_detail }));
            }
            let added = catalogue.add(Some(folder), node)?;
            if !is_view {
                tables.push(added);
            }
        }
    }
    if options.wide > 0 {
        add_wide(&mut catalogue, options.wide)?;
    }
    Ok(catalogue.finish())
}

fn add_wide(catalogue: &mut Catalogue, wide: usize) -> Result<(), CatalogueError> {
    let space = catalogue.add(None, NewNode::new("wide", Kind::Space))?;
    let folder = catalogue.add(Some(space), NewNode::new("views", Kind::Folder))?;
    let detail = view(catalogue, None);
    for number in 0..wide {
        let mut node = NewNode::new(format!("view_{number:06}"), Kind::View);
        node.schema = made(catalogue.len());
        node.detail = Some(Arc::clone(&detail));
        catalogue.add(Some(folder), node)?;
    }
    let mut source = NewNode::new("bucket", Kind::Source);
    source.backend = Backend::Storage;
    source.detail = Some(shared(Some("S3"), None));
    let source = catalogue.add(None, source)?;
    let folder = catalogue.add(Some(source), NewNode::new("landing", Kind::Folder))?;
    for number in 0..wide {
        let name = format!("part-{number:06}.parquet");
        catalogue.add(Some(folder), NewNode::new(name, Kind::File))?;
    }
    Ok(())
}

fn numbered(name: &str, round: usize) -> String {
    if round == 0 { name.to_owned() } else { format!("{name}_{}", round + 1) }
}

fn shared(connector: Option<&str>, format: Option<&str>) -> Arc<Detail> {
    Arc::new(Detail {
        connector: connector.map(str::to_owned),
        format: format.map(str::to_owned),
        ..Detail::default()
    })
}

fn view(catalogue: &Catalogue, parent: Option<NodeIx>) -> Arc<Detail> {
    let sql = match parent {
        Some(parent) => {
            let path: DatasetPath = catalogue.path(parent).into_iter().collect();
            format!("SELECT * FROM {}", path.to_sql())
        }
        None => "SELECT 1 AS \"one\"".to_owned(),
    };
    Arc::new(Detail { sql: Some(sql), ..Detail::default() })
}

fn made(seed: usize) -> Schema {
    Schema::Made(columns, u32::try_from(seed).unwrap_or(u32::MAX))
}

fn seed_of(catalogue: &Catalogue, table: NodeIx) -> usize {
    catalogue.schema_seed(table).map_or(0, |seed| seed as usize)
}

/// The columns of the dataset with this number: always the same, no two alike.
pub fn columns(seed: u32) -> Vec<Column> {
    let words = THINGS.len() * ASPECTS.len();
    let start = seed as usize * 389;
    (0..COLUMNS)
        .map(|position| {
            // 97 has no factor in common with the 1,000 names, so 20 steps meet 20 different ones.
            let word = (start + position * 97) % words;
            let aspect = ASPECTS[word % ASPECTS.len()];
            Column {
                name: format!("{}_{aspect}", THINGS[word / ASPECTS.len()]),
                data_type: type_for(aspect),
                nullable: None,
            }
        })
        .collect()
}

fn type_for(aspect: &str) -> DataType {
    let text = |name: &str| Field { name: name.to_owned(), data_type: DataType::Varchar };
    match aspect {
        "amount" | "total" => DataType::Decimal { precision: Some(18), scale: Some(2) },
        "count" | "quantity" | "number" => DataType::Integer,
        "id" | "key" => DataType::BigInt,
        "created_at" | "updated_at" => DataType::Timestamp,
        "date" => DataType::Date,
        "is_active" => DataType::Boolean,
        "rate" | "score" | "weight" => DataType::Double,
        "details" => DataType::Struct(Some(vec![text("source"), text("remark")])),
        "flags" => DataType::List(Some(Box::new(DataType::Varchar))),
        _ => DataType::Varchar,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn has_as_many_datasets_as_asked_for_with_twenty_columns_each() {
        let catalogue = catalogue(ScaleOptions { datasets: 1_003, wide: 7 }).unwrap();
        let datasets: Vec<_> = catalogue
            .all()
            .filter(|ix| catalogue.is_dataset(*ix))
            .filter(|ix| {
                let root = catalogue.name(catalogue.root_of(*ix));
                !["wide", "sys", "INFORMATION_SCHEMA"].contains(&root)
            })
            .collect();
        assert_eq!(datasets.len(), 1_003);
        for ix in &datasets {
            let columns = catalogue.columns(*ix).unwrap();
            let names: HashSet<_> = columns.iter().map(|column| &column.name).collect();
            assert_eq!(names.len(), COLUMNS);
        }
        let paths: HashSet<_> = catalogue.all().map(|ix| catalogue.path(ix)).collect();
        assert_eq!(paths.len(), catalogue.len());
        let landing = catalogue.find(&["bucket", "landing"]).unwrap();
        assert_eq!(catalogue.children(landing).len(), 7);
    }

    #[test]
    fn views_have_the_columns_of_the_table_that_they_name() {
        let catalogue = catalogue(ScaleOptions { datasets: 600, wide: 0 }).unwrap();
        let views = catalogue.all().filter(|ix| catalogue.kind(*ix) == Kind::View);
        let mut checked = 0;
        for view in views {
            let sql = catalogue.detail(view).and_then(|detail| detail.sql.as_deref()).unwrap();
            let table: DatasetPath = sql.strip_prefix("SELECT * FROM ").unwrap().parse().unwrap();
            let table = catalogue.find(table.parts()).expect("the table exists");
            assert_eq!(catalogue.columns(view), catalogue.columns(table));
            checked += 1;
        }
        assert!(checked > 200);
    }
}
