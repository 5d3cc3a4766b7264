//! A Dremio in memory: latency, paging, faults, a gauge of requests under way and an account of
//! every request, so that a repeated one is seen.

#![allow(dead_code, unreachable_pub, reason = "each test and bench includes it and uses its part")]
#![allow(missing_docs, clippy::missing_panics_doc, reason = "for tests")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dremio_explorer::discovery::CatalogApi;
use dremio_explorer::dremio::{BatchAnswer, ChildPage, EntityRef, Error, PageToken, QueryResult};
use dremio_explorer::model::{
    Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, FunctionDetail, Item,
    NodeKind, SourceDetail, SourceHealth, TableKind,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub const TABLE: NodeKind = NodeKind::Table(TableKind::Promoted);

#[derive(Clone, Debug)]
pub struct FakeNode {
    pub item: Item,
    pub detail: EntityDetail,
    pub children: Vec<Item>,
}

#[derive(Debug)]
pub struct World {
    pub roots: Vec<Item>,
    pub nodes: HashMap<DatasetPath, FakeNode>,
    pub ids: HashMap<String, DatasetPath>,
    pub page_size: usize,
    pub latency: Duration,
    /// Requests whose key holds this text take ten times as long.
    pub slow: Option<String>,
    pub batches: bool,
    /// One request in this many fails, chosen by what it asks for.
    pub faults: Option<u64>,
    /// Requests whose key is one of these fail.
    pub failing: HashSet<String>,
    /// Requests from this one on are refused, as with a token that has expired.
    pub expires_after: usize,
    pub sql: bool,
    pub concurrency: usize,
}

impl Default for World {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            nodes: HashMap::new(),
            ids: HashMap::new(),
            page_size: usize::MAX,
            latency: Duration::from_millis(20),
            slow: None,
            batches: true,
            faults: None,
            failing: HashSet::new(),
            expires_after: usize::MAX,
            sql: true,
            concurrency: 8,
        }
    }
}

pub fn path(text: &str) -> DatasetPath {
    if text.is_empty() { DatasetPath::default() } else { text.parse().expect("a valid path") }
}

impl World {
    pub fn item(text: &str, kind: NodeKind) -> Item {
        Item { path: path(text), id: Some(format!("id:{text}")), kind, raw_kind: None }
    }

    /// Adds a node below the one that its path names.
    pub fn add(&mut self, text: &str, kind: NodeKind) -> &mut FakeNode {
        self.add_item(Self::item(text, kind))
    }

    pub fn add_item(&mut self, item: Item) -> &mut FakeNode {
        let detail = match item.kind {
            NodeKind::Source => source("POSTGRES", SourceHealth::Good),
            NodeKind::Function => EntityDetail::Function(FunctionDetail::default()),
            kind if kind.is_dataset() => {
                let name = |index| format!("c{index}");
                let columns = (0..3).map(|index| Column {
                    name: name(index),
                    data_type: DataType::BigInt,
                    nullable: None,
                });
                EntityDetail::Dataset(DatasetDetail {
                    columns: Some(columns.collect()),
                    sql: (kind == NodeKind::View).then(|| "SELECT 1".to_owned()),
                    ..DatasetDetail::default()
                })
            }
            NodeKind::Home | NodeKind::Space | NodeKind::Folder => EntityDetail::Container,
            _ => EntityDetail::Plain,
        };
        let parent = item.path.parent().expect("not the root");
        if parent.is_empty() {
            self.roots.push(item.clone());
        } else {
            let parent = self.nodes.get_mut(&parent).expect("parents first");
            parent.children.push(item.clone());
        }
        if let Some(id) = &item.id {
            self.ids.entry(id.clone()).or_insert_with(|| item.path.clone());
        }
        let at = item.path.clone();
        self.nodes.insert(at.clone(), FakeNode { item, detail, children: Vec::new() });
        self.nodes.get_mut(&at).expect("just added")
    }

    pub fn add_all(&mut self, kind: NodeKind, paths: &[&str]) {
        for text in paths {
            self.add(text, kind);
        }
    }

    /// `spaces` × `folders` × `datasets` views.
    pub fn grid(spaces: usize, folders: usize, datasets: usize) -> Self {
        let mut world = Self::default();
        for space in 0..spaces {
            let space = format!("space_{space}");
            world.add(&space, NodeKind::Space);
            for folder in 0..folders {
                let folder = format!("{space}.folder_{folder}");
                world.add(&folder, NodeKind::Folder);
                for dataset in 0..datasets {
                    world.add(&format!("{folder}.view_{dataset}"), NodeKind::View);
                }
            }
        }
        world
    }

    pub fn serve(self) -> Fake {
        Fake(Arc::new(Server {
            world: self,
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            log: Mutex::default(),
            cancelled_queries: AtomicUsize::new(0),
        }))
    }
}

pub fn source(connector: &str, health: SourceHealth) -> EntityDetail {
    EntityDetail::Source(SourceDetail {
        connector: Some(connector.to_owned()),
        health,
        messages: Vec::new(),
        suggestion: None,
    })
}

#[derive(Debug)]
pub struct Server {
    pub world: World,
    under_way: AtomicUsize,
    most: AtomicUsize,
    log: Mutex<Vec<String>>,
    cancelled_queries: AtomicUsize,
}

#[derive(Clone, Debug)]
pub struct Fake(pub Arc<Server>);

struct Gauge<'a>(&'a AtomicUsize);

impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Fake {
    /// All requests in the order in which they came.
    pub fn log(&self) -> Vec<String> {
        self.0.log.lock().expect("no panic while it is held").clone()
    }

    /// Requests that came more than once.
    pub fn repeated(&self) -> Vec<String> {
        let mut counts = BTreeMap::new();
        for key in self.log() {
            *counts.entry(key).or_insert(0) += 1;
        }
        counts.into_iter().filter(|(_, count)| *count > 1).map(|(key, _)| key).collect()
    }

    pub fn asked_for(&self, part: &str) -> usize {
        self.log().iter().filter(|key| key.contains(part)).count()
    }

    /// The most requests that were under way at once.
    pub fn most(&self) -> usize {
        self.0.most.load(Ordering::SeqCst)
    }

    pub fn cancelled_queries(&self) -> usize {
        self.0.cancelled_queries.load(Ordering::SeqCst)
    }

    async fn serve(&self, key: String) -> Result<(), Error> {
        let world = &self.0.world;
        let count = {
            let mut log = self.0.log.lock().expect("no panic while it is held");
            log.push(key.clone());
            log.len()
        };
        if count > world.expires_after {
            return Err(Error::Unauthorized { request: key });
        }
        let now = self.0.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        let _gauge = Gauge(&self.0.under_way);
        self.0.most.fetch_max(now, Ordering::SeqCst);
        let is_slow = world.slow.as_ref().is_some_and(|slow| key.contains(slow));
        tokio::time::sleep(world.latency * if is_slow { 10 } else { 1 }).await;
        let unlucky = world.faults.is_some_and(|faults| hash(&key).is_multiple_of(faults));
        if unlucky || world.failing.contains(&key) {
            let message = "the server failed".to_owned();
            return Err(Error::Server { request: key, status: 503, message });
        }
        Ok(())
    }

    fn find(&self, of: &EntityRef) -> Result<&FakeNode, Error> {
        let world = &self.0.world;
        let by_id = of.id.as_ref().and_then(|id| world.ids.get(id));
        let found = world.nodes.get(&of.path).or_else(|| world.nodes.get(by_id?));
        found.ok_or_else(|| Error::Setup(format!("{}: there is no such thing", of.path)))
    }
}

fn hash(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }) >> 7
}

fn entity(node: &FakeNode) -> Entity {
    Entity { item: node.item.clone(), created_at: None, detail: node.detail.clone() }
}

impl CatalogApi for Fake {
    async fn root(&self) -> Result<Vec<Item>, Error> {
        self.serve("root".to_owned()).await?;
        Ok(self.0.world.roots.clone())
    }

    async fn children(&self, of: &EntityRef, page: Option<&PageToken>) -> Result<ChildPage, Error> {
        let from = page.map_or("0", PageToken::as_str);
        self.serve(format!("list {} {from}", of.path)).await?;
        let node = self.find(of)?;
        if let EntityDetail::Source(source) = &node.detail
            && source.health == SourceHealth::Bad
        {
            let message = format!("The source [{}] is currently unavailable.", of.path);
            return Err(Error::SourceDown { request: format!("GET {}", of.path), message });
        }
        let from: usize = from.parse().expect("our own token");
        let size = self.0.world.page_size;
        let end = from.saturating_add(size).min(node.children.len());
        Ok(ChildPage {
            entity: entity(node),
            items: node.children[from..end].to_vec(),
            next: (end < node.children.len()).then(|| PageToken::new(end.to_string())),
        })
    }

    async fn entity(&self, of: &EntityRef) -> Result<Entity, Error> {
        self.serve(format!("get {}", of.path)).await?;
        Ok(entity(self.find(of)?))
    }

    async fn datasets(&self, ids: &[String]) -> Result<BatchAnswer, Error> {
        assert!((1..=50).contains(&ids.len()), "{} ids in one batch", ids.len());
        self.serve(format!("batch {}", ids.join(" "))).await?;
        if !self.0.world.batches {
            return Err(Error::Unsupported { request: "POST /catalog/by-ids".to_owned() });
        }
        let request = "POST /catalog/by-ids".to_owned();
        let mut answer = BatchAnswer::default();
        for id in ids {
            let node = self.0.world.ids.get(id).and_then(|path| self.0.world.nodes.get(path));
            match node {
                Some(node) if !self.0.world.failing.contains(id) => {
                    answer.entities.push(entity(node));
                }
                Some(_) => answer.failed.push((
                    id.clone(),
                    Error::NotServed { request: request.clone(), message: "x".to_owned() },
                )),
                None => answer.failed.push((
                    id.clone(),
                    Error::NotFound { request: request.clone(), message: "no".to_owned() },
                )),
            }
        }
        Ok(answer)
    }

    async fn query(
        &self,
        sql: &str,
        _context: &[String],
        max_rows: u64,
        cancel: &CancellationToken,
    ) -> Result<QueryResult, Error> {
        let served = self.serve(format!("query {sql}"));
        tokio::select! {
            () = cancel.cancelled() => {
                self.0.cancelled_queries.fetch_add(1, Ordering::SeqCst);
                return Err(Error::Cancelled);
            }
            served = served => served?,
        }
        if !self.0.world.sql {
            return Err(Error::Setup("the job failed: no privilege".to_owned()));
        }
        Ok(columns(&self.0.world, sql, max_rows))
    }

    fn max_concurrency(&self) -> usize {
        self.0.world.concurrency
    }
}

const FIELDS: [&str; 9] = [
    "TABLE_SCHEMA",
    "TABLE_NAME",
    "COLUMN_NAME",
    "ORDINAL_POSITION",
    "DATA_TYPE",
    "IS_NULLABLE",
    "NUMERIC_PRECISION",
    "NUMERIC_SCALE",
    "INTERVAL_TYPE",
];

/// `INFORMATION_SCHEMA.COLUMNS` as asked for by `LIMIT` and `OFFSET`.
fn columns(world: &World, sql: &str, max_rows: u64) -> QueryResult {
    let number = |word: &str| -> usize {
        let after = sql.split(word).nth(1).expect("a paged query");
        after.split_whitespace().next().and_then(|text| text.parse().ok()).expect("a number")
    };
    let mut rows = Vec::new();
    for node in world.nodes.values() {
        let EntityDetail::Dataset(detail) = &node.detail else { continue };
        let schema = node.item.path.parent().expect("not the root").parts().join(".");
        for (index, column) in detail.columns.iter().flatten().enumerate() {
            rows.push((schema.clone(), node.item.path.name().to_owned(), index, &column.name));
        }
    }
    rows.sort();
    let count = rows.len();
    let rows: Vec<Vec<Value>> = rows
        .into_iter()
        .skip(number("OFFSET "))
        .take(number("LIMIT ").min(usize::try_from(max_rows).expect("64 bits")))
        .map(|(schema, table, index, name)| {
            let nothing = Value::Null;
            vec![
                json!(schema),
                json!(table),
                json!(name),
                json!(index + 1),
                json!("BIGINT"),
                json!("YES"),
                nothing.clone(),
                nothing.clone(),
                nothing,
            ]
        })
        .collect();
    assert!(rows.len() <= count);
    QueryResult {
        columns: FIELDS
            .map(|name| Column {
                name: name.to_owned(),
                data_type: DataType::Varchar,
                nullable: None,
            })
            .to_vec(),
        row_count: rows.len() as u64,
        rows,
        truncated: false,
    }
}
