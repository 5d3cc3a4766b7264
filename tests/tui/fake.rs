//! A [`Backend`] that answers from memory, with switches for everything that can go wrong.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use dremio_explorer::discovery::{DiscoveryEvent, DiscoveryStats, Resolved, Skipped};
use dremio_explorer::dremio::{QueryResult, Reflection};
use dremio_explorer::model::{
    Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Field,
    FunctionDetail, Item, NodeError, NodeErrorKind, NodeKind, ServerInfo, SourceDetail,
    SourceHealth, TableKind,
};
use dremio_explorer::tui::{Backend, ReadNow};
use serde_json::json;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

#[derive(Clone, Default)]
pub(crate) struct Fake {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    logins: Mutex<VecDeque<Result<(), String>>>,
    /// Set: login waits for [`Fake::let_in`].
    is_closed: Mutex<bool>,
    gate: Notify,
    query: Mutex<Option<Result<(), String>>>,
    cancelled_queries: Mutex<usize>,
    read: Mutex<Vec<DatasetPath>>,
    extra: Mutex<Vec<Change>>,
    queries: Mutex<Vec<String>>,
    is_root_broken: Mutex<bool>,
    /// Told instead of the usual facts.
    only: Mutex<Option<Vec<Change>>>,
    findable: Mutex<Vec<Entity>>,
}

impl Fake {
    /// The next login fails.
    pub(crate) fn fail_login(self, message: &str) -> Self {
        self.state.logins.lock().unwrap().push_back(Err(message.to_owned()));
        self
    }

    /// Logins wait until [`Fake::let_in`].
    pub(crate) fn closed(self) -> Self {
        *self.state.is_closed.lock().unwrap() = true;
        self
    }

    pub(crate) fn let_in(&self) {
        *self.state.is_closed.lock().unwrap() = false;
        self.state.gate.notify_waiters();
    }

    /// Queries run until they are cancelled (`None`), fail, or give rows.
    pub(crate) fn query(self, outcome: Option<Result<(), String>>) -> Self {
        *self.state.query.lock().unwrap() = outcome;
        self
    }

    /// More facts, told after the others.
    pub(crate) fn with(self, changes: Vec<Change>) -> Self {
        self.state.extra.lock().unwrap().extend(changes);
        self
    }

    /// These facts and no others.
    pub(crate) fn only(self, changes: Vec<Change>) -> Self {
        *self.state.only.lock().unwrap() = Some(changes);
        self
    }

    /// Something that no listing shows and that is found at its path.
    pub(crate) fn findable(self, change: Change) -> Self {
        if let Change::Entity(entity) = change {
            self.state.findable.lock().unwrap().push(*entity);
        }
        self
    }

    /// The root listing fails.
    pub(crate) fn broken_root(self) -> Self {
        *self.state.is_root_broken.lock().unwrap() = true;
        self
    }

    pub(crate) fn cancelled_queries(&self) -> usize {
        *self.state.cancelled_queries.lock().unwrap()
    }

    pub(crate) fn read_now(&self) -> Vec<String> {
        self.state.read.lock().unwrap().iter().map(ToString::to_string).collect()
    }

    pub(crate) fn queries(&self) -> Vec<String> {
        self.state.queries.lock().unwrap().clone()
    }
}

pub(crate) fn path(parts: &[&str]) -> DatasetPath {
    DatasetPath::new(parts.iter().copied())
}

pub(crate) fn item(parts: &[&str], kind: NodeKind) -> Item {
    Item { path: path(parts), id: Some(format!("id-{}", parts.join("/"))), kind, raw_kind: None }
}

pub(crate) fn listing(parent: &[&str], items: Vec<Item>) -> Change {
    Change::Children { parent: path(parent), items, first: true, last: true }
}

fn column(name: &str, data_type: DataType) -> Column {
    Column { name: name.to_owned(), data_type, nullable: None }
}

/// Columns of text.
pub(crate) fn text_columns(names: &[&str]) -> Vec<Column> {
    names.iter().map(|name| column(name, DataType::Varchar)).collect()
}

pub(crate) fn dataset(
    parts: &[&str],
    kind: NodeKind,
    sql: Option<&str>,
    columns: Option<Vec<Column>>,
) -> Change {
    Change::Entity(Box::new(Entity {
        item: item(parts, kind),
        created_at: None,
        detail: EntityDetail::Dataset(DatasetDetail {
            columns,
            sql: sql.map(str::to_owned),
            sql_context: Vec::new(),
            format: None,
        }),
    }))
}

/// What every test starts from.
fn catalogue() -> Vec<Change> {
    const TABLE: NodeKind = NodeKind::Table(TableKind::Direct);
    let address = DataType::Struct(Some(vec![
        Field { name: "city".to_owned(), data_type: DataType::Varchar },
        Field {
            name: "geo".to_owned(),
            data_type: DataType::List(Some(Box::new(DataType::Double))),
        },
    ]));
    let amount = DataType::Decimal { precision: Some(12), scale: Some(2) };
    vec![
        listing(
            &[],
            vec![
                item(&["@ada"], NodeKind::Home),
                item(&["analytics"], NodeKind::Space),
                item(&["crm"], NodeKind::Source),
                item(&["lake"], NodeKind::Source),
                item(&["margin"], NodeKind::Function),
            ],
        ),
        listing(&["@ada"], vec![]),
        listing(
            &["analytics"],
            vec![
                item(&["analytics", "marts"], NodeKind::Folder),
                item(&["analytics", "staging"], NodeKind::Folder),
            ],
        ),
        listing(
            &["analytics", "marts"],
            vec![
                item(&["analytics", "marts", "orders10"], NodeKind::View),
                item(&["analytics", "marts", "orders2"], NodeKind::View),
                item(&["analytics", "marts", "hidden"], NodeKind::View),
                item(&["analytics", "marts", "customers"], TABLE),
                item(&["analytics", "marts", "secret"], NodeKind::View),
            ],
        ),
        listing(&["analytics", "staging"], vec![]),
        Change::Entity(Box::new(Entity {
            item: item(&["crm"], NodeKind::Source),
            created_at: None,
            detail: EntityDetail::Source(SourceDetail {
                connector: Some("POSTGRES".to_owned()),
                health: SourceHealth::Bad,
                messages: vec!["connection refused".to_owned()],
                suggestion: Some("Check the host.".to_owned()),
            }),
        })),
        Change::Failed {
            path: path(&["crm"]),
            error: NodeError {
                kind: NodeErrorKind::SourceDown,
                message: "GET crm: the source is down".to_owned(),
            },
        },
        dataset(
            &["analytics", "marts", "orders10"],
            NodeKind::View,
            Some("SELECT id, amount -- net\nFROM analytics.marts.orders2\nWHERE amount > 0"),
            Some(vec![column("id", DataType::BigInt), column("amount", amount.clone())]),
        ),
        dataset(
            &["analytics", "marts", "orders2"],
            NodeKind::View,
            Some("SELECT 1"),
            Some(vec![column("id", DataType::BigInt), column("amount", amount)]),
        ),
        dataset(&["analytics", "marts", "hidden"], NodeKind::View, None, None),
        dataset(
            &["analytics", "marts", "customers"],
            TABLE,
            None,
            Some(vec![
                column("customer_id", DataType::BigInt),
                column("name", DataType::Varchar),
                column("address", address),
            ]),
        ),
        Change::Failed {
            path: path(&["analytics", "marts", "secret"]),
            error: NodeError {
                kind: NodeErrorKind::Forbidden,
                message: "GET analytics.marts.secret: you may not read this view".to_owned(),
            },
        },
        Change::Entity(Box::new(Entity {
            item: item(&["margin"], NodeKind::Function),
            created_at: None,
            detail: EntityDetail::Function(FunctionDetail {
                arguments: Some("price DOUBLE, cost DOUBLE".to_owned()),
                body: Some("(price - cost) / price".to_owned()),
                returns: Some("DOUBLE".to_owned()),
            }),
        })),
    ]
}

impl Backend for Fake {
    async fn login(&self) -> Result<ServerInfo, String> {
        loop {
            let opened = self.state.gate.notified();
            if !*self.state.is_closed.lock().unwrap() {
                break;
            }
            opened.await;
        }
        let outcome = self.state.logins.lock().unwrap().pop_front().unwrap_or(Ok(()));
        outcome.map(|()| ServerInfo {
            host: "localhost:9047".to_owned(),
            version: Some("25.2.0-20241024".to_owned()),
            edition: Some("OSS".to_owned()),
            user: Some("ada".to_owned()),
        })
    }

    async fn logout(&self) {}

    fn discover(
        &self,
        all: bool,
        cancel: CancellationToken,
    ) -> (ReadNow, mpsc::Receiver<DiscoveryEvent>) {
        let (events, receiver) = mpsc::channel(8);
        let (wishes, mut asked_for) = mpsc::unbounded_channel::<DatasetPath>();
        let state = Arc::clone(&self.state);
        tokio::spawn(async move {
            let mut changes = if all { catalogue() } else { Vec::new() };
            if let Some(only) = state.only.lock().unwrap().clone().filter(|_| all) {
                changes = only;
            }
            if *state.is_root_broken.lock().unwrap() {
                let error = NodeError {
                    kind: NodeErrorKind::Unavailable,
                    message: "GET /catalog: 503 after 5 attempts".to_owned(),
                };
                changes = vec![Change::Failed { path: DatasetPath::default(), error }];
            }
            changes.extend(state.extra.lock().unwrap().drain(..));
            let _ = events.send(DiscoveryEvent::Changes(changes)).await;
            let skipped =
                Skipped { path: path(&["lake"]), reason: "not listed: storage".to_owned() };
            let _ = events.send(DiscoveryEvent::Skipped(skipped)).await;
            let counts = DiscoveryStats { containers: 5, datasets: 5, ..DiscoveryStats::default() };
            let _ = events.send(DiscoveryEvent::Finished { stats: counts, cancelled: false }).await;
            loop {
                let path = tokio::select! {
                    () = cancel.cancelled() => return,
                    Some(path) = asked_for.recv() => path,
                };
                state.read.lock().unwrap().push(path.clone());
                let items = vec![Item {
                    path: path.join("events.parquet"),
                    id: None,
                    kind: NodeKind::File,
                    raw_kind: None,
                }];
                let change = Change::Children { parent: path, items, first: true, last: true };
                let _ = events.send(DiscoveryEvent::Changes(vec![change])).await;
            }
        });
        (Arc::new(move |path| drop(wishes.send(path))), receiver)
    }

    async fn wiki(&self, of: &Item) -> Result<Option<String>, String> {
        assert_ne!(of.kind, NodeKind::Home, "asking for a home's wiki makes one");
        Ok((of.path.name() == "customers").then(|| "# People\n\nOne row **each**.".to_owned()))
    }

    async fn labels(&self, of: &Item) -> Result<Vec<String>, String> {
        Ok(if of.path.name() == "customers" { vec!["pii".to_owned()] } else { Vec::new() })
    }

    async fn reflections(&self, dataset_id: &str) -> Result<Vec<Reflection>, String> {
        Err(format!("GET reflections of {dataset_id}: 403"))
    }

    async fn resolve(&self, paths: Vec<DatasetPath>, _: &CancellationToken) -> Resolved {
        let known = self.state.findable.lock().unwrap();
        let (found, absent) =
            paths.into_iter().partition(|path| known.iter().any(|e| e.item.path == *path));
        let found: Vec<DatasetPath> = found;
        let entities = known.iter().filter(|e| found.contains(&e.item.path)).cloned().collect();
        Resolved { entities, absent, ..Resolved::default() }
    }

    async fn query(
        &self,
        sql: &str,
        max_rows: u64,
        cancel: &CancellationToken,
    ) -> Result<QueryResult, String> {
        assert_eq!(max_rows, 50);
        self.state.queries.lock().unwrap().push(sql.to_owned());
        let outcome = self.state.query.lock().unwrap().clone();
        match outcome {
            None => {
                cancel.cancelled().await;
                *self.state.cancelled_queries.lock().unwrap() += 1;
                Err("cancelled".to_owned())
            }
            Some(Err(message)) => Err(message),
            Some(Ok(())) => Ok(QueryResult {
                columns: vec![column("id", DataType::BigInt), column("tags", DataType::List(None))],
                rows: vec![vec![json!(7), json!(["a", {"b": 1}])], vec![json!(12345), json!(null)]],
                row_count: 2,
                truncated: false,
            }),
        }
    }
}
