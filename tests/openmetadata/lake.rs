//! A small Dremio, the OpenMetadata beside it, and a sync between them.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail,
    Item as Listed, NodeKind, TableKind,
};
use dremio_explorer::openmetadata::entity::{
    CreateCommon, EntityType, LineageDetails, StoredTable,
};
use dremio_explorer::openmetadata::{Client, ConnectOptions, Credentials};
use dremio_explorer::sandbox::openmetadata::{
    OpenMetadataOptions, OpenMetadataSandbox, Quirks, Version,
};
use dremio_explorer::sync::apply::{Application, ApplyOptions, ItemOutcome, Report, apply};
use dremio_explorer::sync::plan::plan;
use dremio_explorer::sync::read;
use dremio_explorer::sync::session::{principal, server_traits};
use dremio_explorer::sync::settled::{EdgeHashes, SettledEdges};
use dremio_explorer::sync::{
    Current, Desired, DesiredEdge, Item, ItemKey, Plan, PlanOptions, ProjectionOptions, Selection,
    desired,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub(crate) const VERSIONS: [Version; 3] = [Version::V1_12, Version::V1_13, Version::V2_0];
pub(crate) const ORDERS: &str = "Dremio.lake.raw.orders";
pub(crate) const DAILY: &str = "Dremio.Sales.marts.daily";

/// One dataset of the lake.
#[derive(Clone, Debug)]
pub(crate) struct Dataset {
    pub(crate) path: DatasetPath,
    pub(crate) columns: Vec<(String, DataType)>,
    /// A view's SQL; a dataset without any is a table.
    pub(crate) sql: Option<String>,
}

/// What Dremio holds, and what a sync is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Lake {
    pub(crate) datasets: Vec<Dataset>,
    pub(crate) wikis: HashMap<DatasetPath, String>,
    pub(crate) labels: HashMap<DatasetPath, Vec<String>>,
    pub(crate) edges: Vec<DesiredEdge>,
    /// dbt's facts by FQN.
    pub(crate) models: HashMap<String, Value>,
    /// Descriptions of columns by the table's FQN and the column's name, as dbt brings them.
    pub(crate) column_texts: HashMap<(String, String), String>,
    /// What dbt brings of owners, domains and tags that must be there, by FQN of the table.
    pub(crate) named: HashMap<String, CreateCommon>,
    /// Classifications of which an entity has one tag.
    pub(crate) exclusive: BTreeSet<String>,
    pub(crate) selection: Selection,
    pub(crate) overwrite: bool,
    pub(crate) prune: bool,
    pub(crate) overwrite_owners: bool,
    pub(crate) batch: usize,
}

pub(crate) fn path(text: &str) -> DatasetPath {
    text.parse().expect("a path")
}

pub(crate) fn columns(columns: &[(&str, DataType)]) -> Vec<(String, DataType)> {
    columns.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect()
}

impl Lake {
    /// A table of orders, and a view of what was earned each day.
    pub(crate) fn sales() -> Self {
        let orders = Dataset {
            path: path("lake.raw.orders"),
            columns: columns(&[
                ("id", DataType::BigInt),
                ("day", DataType::Date),
                ("amount", DataType::Double),
                ("note", DataType::Varchar),
            ]),
            sql: None,
        };
        let daily = Dataset {
            path: path("Sales.marts.daily"),
            columns: columns(&[("day", DataType::Date), ("total", DataType::Double)]),
            sql: Some("SELECT day, SUM(amount) AS total FROM lake.raw.orders GROUP BY day".into()),
        };
        let mapped = |from: &str, to: &str, function: Option<&str>| {
            (vec![from.to_owned()], to.to_owned(), function.map(str::to_owned))
        };
        Self {
            edges: vec![DesiredEdge {
                from: ORDERS.to_owned(),
                to: DAILY.to_owned(),
                source: "ViewLineage".to_owned(),
                sql: daily.sql.clone(),
                columns: vec![
                    mapped("day", "day", None),
                    mapped("amount", "total", Some("SUM(amount)")),
                ],
            }],
            datasets: vec![orders, daily],
            wikis: HashMap::new(),
            labels: HashMap::new(),
            models: HashMap::new(),
            column_texts: HashMap::new(),
            named: HashMap::new(),
            exclusive: BTreeSet::new(),
            selection: Selection::default(),
            overwrite: false,
            prune: false,
            overwrite_owners: false,
            batch: 1,
        }
    }

    pub(crate) fn only(dataset: Dataset) -> Self {
        Self { datasets: vec![dataset], edges: Vec::new(), ..Self::sales() }
    }

    pub(crate) fn dataset(&mut self, at: &str) -> &mut Dataset {
        let at = path(at);
        self.datasets.iter_mut().find(|dataset| dataset.path == at).expect("is in the lake")
    }

    pub(crate) fn wiki(&mut self, at: &str, text: &str) {
        self.wikis.insert(path(at).folded(), text.to_owned());
    }

    pub(crate) fn label(&mut self, at: &str, label: &str) {
        self.labels.entry(path(at).folded()).or_default().push(label.to_owned());
    }

    fn catalog(&self) -> Catalog {
        let mut children: Vec<(DatasetPath, Vec<Listed>)> = vec![(DatasetPath::default(), vec![])];
        let mut list = |parent: DatasetPath, path: &DatasetPath, kind| {
            let at = children.iter().position(|(known, _)| *known == parent);
            let at = at.unwrap_or_else(|| {
                children.push((parent, Vec::new()));
                children.len() - 1
            });
            if !children[at].1.iter().any(|item| item.path == *path) {
                children[at].1.push(Listed { path: path.clone(), id: None, kind, raw_kind: None });
            }
        };
        for dataset in &self.datasets {
            let parts = dataset.path.parts();
            for depth in 1..parts.len() {
                let at = DatasetPath::new(parts[..depth].iter().cloned());
                let kind = match (depth, &dataset.sql) {
                    (1, Some(_)) => NodeKind::Space,
                    (1, None) => NodeKind::Source,
                    _ => NodeKind::Folder,
                };
                list(at.parent().expect("not the root"), &at, kind);
            }
            list(dataset.path.parent().expect("not the root"), &dataset.path, dataset.kind());
        }
        let mut catalog = Catalog::new();
        for (parent, items) in children {
            catalog.apply(Change::Children { parent, items, first: true, last: true });
        }
        for dataset in &self.datasets {
            let column = |(name, data_type): &(String, DataType)| Column {
                name: name.clone(),
                data_type: data_type.clone(),
                nullable: None,
            };
            catalog.apply(Change::Entity(Box::new(Entity {
                item: Listed {
                    path: dataset.path.clone(),
                    id: None,
                    kind: dataset.kind(),
                    raw_kind: None,
                },
                created_at: None,
                detail: EntityDetail::Dataset(DatasetDetail {
                    columns: Some(dataset.columns.iter().map(column).collect()),
                    sql: dataset.sql.clone(),
                    ..DatasetDetail::default()
                }),
            })));
        }
        catalog
    }

    pub(crate) fn desired(&self) -> Desired {
        use dremio_explorer::sync::desired::Body;

        let options = ProjectionOptions {
            service_name: "Dremio".to_owned(),
            service_type: "Dremio".to_owned(),
            default_schema: "default".to_owned(),
            dremio_url: Some("http://localhost:9047".to_owned()),
            label_classification: Some("Labels".to_owned()),
            wikis: self.wikis.clone(),
            labels: self.labels.clone(),
        };
        let mut desired =
            desired::project(&self.catalog(), &self.selection, &options).expect("a fit name");
        let tables: BTreeSet<&str> =
            desired.entities.iter().map(|entity| entity.fqn.as_str()).collect();
        desired.edges =
            self.edges.iter().filter(|edge| tables.contains(edge.to.as_str())).cloned().collect();
        desired.exclusive.clone_from(&self.exclusive);
        for entity in &mut desired.entities {
            if self
                .datasets
                .iter()
                .any(|dataset| dataset.path == entity.path && dataset.sql.is_some())
            {
                desired.traced.insert(entity.fqn.clone());
            }
            entity.data_model = self.models.get(&entity.fqn).cloned();
            let Body::Table(table) = &mut entity.body else { continue };
            if let Some(named) = self.named.get(&entity.fqn) {
                table.common.owners.clone_from(&named.owners);
                table.common.domains.clone_from(&named.domains);
                table.common.tags.extend(named.tags.iter().cloned());
            }
            for column in &mut table.columns {
                let key = (entity.fqn.clone(), column.name.clone());
                column.description = self.column_texts.get(&key).cloned();
            }
        }
        desired
    }
}

impl Dataset {
    fn kind(&self) -> NodeKind {
        if self.sql.is_some() { NodeKind::View } else { NodeKind::Table(TableKind::Promoted) }
    }
}

/// A lake, the server that it is brought to, and two ways in: ours and a person's.
pub(crate) struct Bench {
    pub(crate) lake: Lake,
    pub(crate) server: OpenMetadataSandbox,
    /// Whose token we write with.
    pub(crate) ours: Client,
    pub(crate) person: Client,
    settled: SettledEdges,
}

/// One sync.
pub(crate) struct Round {
    pub(crate) plan: Plan,
    pub(crate) report: Report,
}

pub(crate) fn client(url: &str, token: &str) -> Client {
    let options = ConnectOptions {
        url: url.to_owned(),
        credentials: Credentials::Token(token.to_owned().into()),
        http: HttpOptions {
            retry_pause: Duration::from_millis(5),
            retries: 4,
            ..HttpOptions::default()
        },
        max_concurrency: Some(4),
    };
    Client::new(options, RequestLog::new()).expect("good settings")
}

impl Bench {
    /// With a bot's token.
    pub(crate) async fn bot(version: Version) -> Self {
        Self::start(version, true, Quirks::default()).await
    }

    /// With a person's token.
    pub(crate) async fn user(version: Version) -> Self {
        Self::start(version, false, Quirks::default()).await
    }

    pub(crate) async fn start(version: Version, is_bot: bool, quirks: Quirks) -> Self {
        let options = OpenMetadataOptions {
            version,
            bulk: version > Version::V1_12,
            quirks,
            ..OpenMetadataOptions::default()
        };
        let server = OpenMetadataSandbox::start(options).await.expect("starts");
        let token = if is_bot { server.bot_token() } else { server.user_token() };
        Self {
            lake: Lake::sales(),
            ours: client(&server.url(), token),
            person: client(&server.url(), server.user_token()),
            settled: SettledEdges::default(),
            server,
        }
    }

    /// Both kinds of token on every version.
    pub(crate) async fn all() -> Vec<(String, Self)> {
        let mut benches = Vec::new();
        for version in VERSIONS {
            benches.push((format!("bot, {version:?}"), Self::bot(version).await));
            benches.push((format!("user, {version:?}"), Self::user(version).await));
        }
        benches
    }

    async fn read(&self, desired: &Desired) -> Current {
        let cancel = CancellationToken::new();
        read::current(&self.ours, desired, &self.settled, self.lake.prune, &|_| (), &cancel)
            .await
            .expect("reads")
            .expect("is not cancelled")
    }

    async fn prepare(&self) -> (Plan, Current, bool) {
        let desired = self.lake.desired();
        let info = self.ours.connect().await.expect("connects");
        let current = self.read(&desired).await;
        let options = PlanOptions {
            principal: principal(&info),
            traits: server_traits(&info),
            overwrite_descriptions: self.lake.overwrite,
            overwrite_owners: self.lake.overwrite_owners,
            prune: self.lake.prune.then(|| self.lake.selection.clone()),
        };
        let plan = plan(&desired, &current, &options);
        (plan, current, options.traits.stores_sql_changes)
    }

    /// What a sync would do.
    pub(crate) async fn plan(&self) -> Plan {
        self.prepare().await.0
    }

    /// Reads, plans and applies, as the command does.
    pub(crate) async fn sync(&mut self) -> Round {
        self.sync_with(BTreeSet::new(), async || ()).await
    }

    /// The same, without some items, and with something that happens between plan and writing.
    pub(crate) async fn sync_with(
        &mut self,
        excluded: BTreeSet<String>,
        meanwhile: impl AsyncFnOnce(),
    ) -> Round {
        let (plan, current, stores_sql_changes) = self.prepare().await;
        meanwhile().await;
        let excluded = plan
            .items
            .iter()
            .enumerate()
            .filter(
                |(_, item)| matches!(&item.key, ItemKey::Entity(_, fqn) if excluded.contains(fqn)),
            )
            .map(|(index, _)| index)
            .collect();
        let report = apply(
            Application {
                client: &self.ours,
                plan: &plan,
                current: &current,
                excluded: &excluded,
                options: &ApplyOptions {
                    max_workers: 4,
                    batch_size: self.lake.batch,
                    stores_sql_changes,
                },
                journal: None,
                on_event: &|_| (),
            },
            &CancellationToken::new(),
        )
        .await;
        let hashes = EdgeHashes::of(&self.lake.desired(), &current);
        for (fqn, id) in &report.settled {
            self.settled.settle(&hashes, fqn, id);
            if self.lake.prune {
                self.settled.mark_exact(fqn);
            }
        }
        for fqn in &report.unsettled {
            self.settled.unsettle(fqn);
        }
        Round { plan, report }
    }

    /// Forgets which edges were left as they should be, as on another machine.
    pub(crate) fn forget(&mut self) {
        self.settled = SettledEdges::default();
    }

    /// A sync in which everything goes as planned; what was said about an old server's service type
    /// does not count.
    pub(crate) async fn sync_well(&mut self) -> Round {
        let round = self.sync().await;
        let told: Vec<String> =
            round.troubles().into_iter().filter(|text| !text.contains("CustomDatabase")).collect();
        assert_eq!(told, Vec::<String>::new());
        round
    }

    /// That nothing is left to do.
    pub(crate) async fn is_settled(&self) {
        let plan = self.plan().await;
        let open: Vec<_> = plan.items.iter().filter(|item| item.action.writes()).collect();
        assert!(open.is_empty(), "{open:#?}");
    }

    pub(crate) async fn table(&self, fqn: &str) -> StoredTable {
        let found = self.person.by_name(EntityType::Table, fqn).await.expect("reads");
        found.unwrap_or_else(|| panic!("{fqn} is not there"))
    }

    /// What is stored under a kind (`table`, `schema`, `database`, `service`) and FQN, as it is.
    pub(crate) fn stored(&self, kind: &str, fqn: &str) -> Value {
        self.server.dump()["entities"][format!("{kind} {fqn}")].clone()
    }

    /// What a person does in the UI: a PATCH.
    pub(crate) async fn edit(&self, entity: EntityType, fqn: &str, operations: Value) {
        let found: Value =
            self.person.by_name(entity, fqn).await.expect("reads").expect("is there");
        let id = found["id"].as_str().expect("an id");
        self.person.patch(entity, id, &operations).await.expect("patches");
    }

    /// One edge as it is read.
    pub(crate) async fn edge(&self, from: &str, to: &str) -> LineageDetails {
        let (from, to) = (self.table(from).await.common.id, self.table(to).await.common.id);
        let around = self.person.lineage(&to, 1, 0).await.expect("reads");
        let found = around.upstream_edges.into_iter().find(|edge| edge.from_entity == from);
        found.expect("an edge").lineage_details.unwrap_or_default()
    }

    /// Draws an edge as somebody else.
    pub(crate) async fn draw(&self, from: &str, to: &str, details: &LineageDetails) {
        let (from, to) = (self.table(from).await.common.id, self.table(to).await.common.id);
        self.person.put_edge(&from, &to, details).await.expect("draws");
    }

    /// Targets of the writes of one method since the log was cleared.
    pub(crate) fn written(&self, method: &str) -> Vec<String> {
        let writes = self.server.writes().into_iter();
        writes.filter(|seen| seen.method == method).map(|seen| seen.target).collect()
    }

    /// A request as the server answers it, without our client in between.
    pub(crate) async fn raw(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let method = method.parse().expect("a method");
        let url = format!("{}/api/v1/{path}", self.server.url());
        let mut request = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client")
            .request(method, url)
            .bearer_auth(self.server.user_token());
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.expect("answers");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    pub(crate) async fn add_tags(&self, classification: &str, tags: &[&str]) {
        self.person.put_classification(classification, "-").await.expect("makes it");
        for tag in tags {
            self.person.put_tag(classification, tag, "-").await.expect("makes it");
        }
    }
}

impl Round {
    /// What was not done, or was done with something to say about it.
    pub(crate) fn troubles(&self) -> Vec<String> {
        self.plan
            .items
            .iter()
            .zip(&self.report.outcomes)
            .filter(|(_, outcome)| match outcome {
                ItemOutcome::Done { notes } => !notes.is_empty(),
                ItemOutcome::Untouched => false,
                _ => true,
            })
            .map(|(item, outcome)| format!("{:?}: {outcome:?}", item.key))
            .collect()
    }

    pub(crate) fn item(&self, fqn: &str) -> &Item {
        item(&self.plan, fqn)
    }
}

pub(crate) fn item<'a>(plan: &'a Plan, fqn: &str) -> &'a Item {
    let found = plan
        .items
        .iter()
        .find(|item| matches!(&item.key, ItemKey::Entity(_, found) if found == fqn));
    found.unwrap_or_else(|| panic!("{fqn} is not in the plan"))
}

pub(crate) fn edge_item(plan: &Plan) -> &Item {
    plan.items.iter().find(|item| matches!(item.key, ItemKey::Edge { .. })).expect("an edge")
}

pub(crate) fn tag(fqn: &str) -> Value {
    json!({ "tagFQN": fqn, "source": "Classification", "labelType": "Manual", "state": "Confirmed" })
}

pub(crate) fn tags_of(entity: &Value) -> Vec<String> {
    let tags = entity["tags"].as_array().cloned().unwrap_or_default();
    tags.iter().filter_map(|tag| tag["tagFQN"].as_str()).map(str::to_owned).collect()
}
