//! A small catalogue, a sandbox to bring it to, and one round of a sync.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail,
    Item as Listed, NodeKind, TableKind,
};
use dremio_explorer::openmetadata::entity::{EntityType, StoredTable};
use dremio_explorer::openmetadata::{Client, ConnectOptions, Credentials, Error};
use dremio_explorer::sandbox::openmetadata::{OpenMetadataOptions, OpenMetadataSandbox, Version};
use dremio_explorer::sync::apply::{Application, ApplyOptions, ItemOutcome, Report, apply};
use dremio_explorer::sync::journal::Journal;
use dremio_explorer::sync::plan::plan;
use dremio_explorer::sync::read;
use dremio_explorer::sync::settled::{EdgeHashes, SettledEdges};
use dremio_explorer::sync::{
    Desired, DesiredEdge, Plan, PlanOptions, Principal, ProjectionOptions, Selection, ServerTraits,
    desired,
};
use tokio_util::sync::CancellationToken;

/// Two databases, `schemas` schemas each, `tables` tables in each schema; each table of `Sales` is
/// a view on the table of the same name in `lake`.
pub(crate) fn catalog(schemas: usize, tables: usize) -> Catalog {
    catalog_where(schemas, tables, "")
}

/// The same, with something more at the end of each view's SQL.
pub(crate) fn catalog_where(schemas: usize, tables: usize, more: &str) -> Catalog {
    let mut catalog = Catalog::new();
    let listed = |path: DatasetPath, kind| Listed { path, id: None, kind, raw_kind: None };
    let mut children = |parent: DatasetPath, items: Vec<Listed>| {
        catalog.apply(Change::Children { parent, items, first: true, last: true });
    };
    let roots = [("lake", NodeKind::Source), ("Sales", NodeKind::Space)];
    let at = |parts: &[&str]| DatasetPath::new(parts.iter().copied());
    children(at(&[]), roots.map(|(name, kind)| listed(at(&[name]), kind)).to_vec());
    for (root, kind) in roots {
        let dataset = if kind == NodeKind::Space {
            NodeKind::View
        } else {
            NodeKind::Table(TableKind::Promoted)
        };
        let folder = |n: usize| format!("s{n}");
        children(
            at(&[root]),
            (0..schemas).map(|n| listed(at(&[root, &folder(n)]), NodeKind::Folder)).collect(),
        );
        for schema in 0..schemas {
            let schema = folder(schema);
            children(
                at(&[root, &schema]),
                (0..tables)
                    .map(|n| listed(at(&[root, &schema, &format!("t{n}")]), dataset))
                    .collect(),
            );
        }
    }
    let datasets: Vec<_> = catalog
        .walk()
        .filter(|node| node.kind().is_dataset())
        .map(|node| (node.path(), node.kind()))
        .collect();
    for (path, kind) in datasets {
        let is_view = kind == NodeKind::View;
        let column =
            |name: &str, data_type| Column { name: name.to_owned(), data_type, nullable: None };
        let columns = vec![column("id", DataType::BigInt), column("name", DataType::Varchar)];
        let below = DatasetPath::new(path.parts()[1..].iter().cloned());
        catalog.apply(Change::Entity(Box::new(Entity {
            item: listed(path, kind),
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(columns),
                sql: is_view.then(|| format!("SELECT id, name FROM lake.{below}{more}")),
                ..DatasetDetail::default()
            }),
        })));
    }
    catalog
}

pub(crate) fn project(catalog: &Catalog) -> Desired {
    let options = ProjectionOptions {
        service_name: "Dremio".to_owned(),
        service_type: "Dremio".to_owned(),
        default_schema: "default".to_owned(),
        dremio_url: Some("http://localhost:9047".to_owned()),
        label_classification: None,
        wikis: HashMap::new(),
        labels: HashMap::new(),
    };
    let mut desired =
        desired::project(catalog, &Selection::default(), &options).expect("a fit service name");
    let views: Vec<String> = desired
        .entities
        .iter()
        .filter(|entity| entity.fqn.starts_with("Dremio.Sales.") && entity.path.len() == 3)
        .map(|entity| entity.fqn.clone())
        .collect();
    desired.edges = views
        .into_iter()
        .map(|to| DesiredEdge {
            from: to.replace(".Sales.", ".lake."),
            to,
            source: "ViewLineage".to_owned(),
            sql: Some("SELECT id, name".to_owned()),
            columns: vec![
                (vec!["ID".to_owned()], "id".to_owned(), None),
                (vec!["name".to_owned()], "name".to_owned(), Some("UPPER(name)".to_owned())),
            ],
        })
        .collect();
    desired
}

pub(crate) async fn sandbox(version: Version) -> OpenMetadataSandbox {
    let options =
        OpenMetadataOptions { version, bulk: version > Version::V1_12, ..Default::default() };
    OpenMetadataSandbox::start(options).await.expect("starts")
}

pub(crate) fn client(sandbox: &OpenMetadataSandbox, token: &str) -> Client {
    let http =
        HttpOptions { retry_pause: Duration::from_millis(5), retries: 6, ..HttpOptions::default() };
    connect(sandbox.url(), Credentials::Token(token.to_owned().into()), http)
}

pub(crate) fn connect(url: String, credentials: Credentials, http: HttpOptions) -> Client {
    let options = ConnectOptions { url, credentials, http, max_concurrency: Some(4) };
    Client::new(options, RequestLog::new()).expect("good settings")
}

pub(crate) fn person(sandbox: &OpenMetadataSandbox) -> Credentials {
    let (email, password) = sandbox.login();
    Credentials::Password { email: email.to_owned(), password: password.to_owned().into() }
}

pub(crate) async fn stored(client: &Client, fqn: &str) -> StoredTable {
    client.by_name(EntityType::Table, fqn).await.expect("reads").expect("is there")
}

pub(crate) struct Round {
    pub(crate) plan: Plan,
    pub(crate) report: Report,
}

/// Reads, plans and applies once, as the command does.
pub(crate) async fn round(
    client: &Client,
    desired: &Desired,
    settled: &mut SettledEdges,
    batch: usize,
) -> Round {
    let turn = Turn { batch, ..Turn::default() };
    turn.take(client, desired, settled).await.expect("reads")
}

/// How a round goes.
pub(crate) struct Turn<'a> {
    pub(crate) batch: usize,
    pub(crate) overwrite: bool,
    pub(crate) prune: bool,
    pub(crate) journal: Option<&'a Mutex<Journal>>,
    pub(crate) cancel: CancellationToken,
}

impl Default for Turn<'_> {
    fn default() -> Self {
        Self {
            batch: 1,
            overwrite: false,
            prune: false,
            journal: None,
            cancel: CancellationToken::new(),
        }
    }
}

impl Turn<'_> {
    /// Fails where the servers cannot be read; what cannot be written is in the report.
    pub(crate) async fn take(
        &self,
        client: &Client,
        desired: &Desired,
        settled: &mut SettledEdges,
    ) -> Result<Round, Error> {
        let info = client.connect().await?;
        let stores_sql_changes = info.numbers.0 >= 2;
        let never = CancellationToken::new();
        let current = read::current(client, desired, settled, self.prune, &|_| (), &never)
            .await?
            .expect("is not cancelled");
        let principal = if info.is_bot == Some(true) { Principal::Bot } else { Principal::User };
        let options = PlanOptions {
            principal,
            traits: ServerTraits { stores_sql_changes },
            overwrite_descriptions: self.overwrite,
            overwrite_owners: false,
            prune: self.prune.then(Selection::default),
        };
        let plan = plan(desired, &current, &options);
        let report = apply(
            Application {
                client,
                plan: &plan,
                current: &current,
                excluded: &BTreeSet::new(),
                options: &ApplyOptions {
                    max_workers: 4,
                    batch_size: self.batch,
                    stores_sql_changes,
                },
                journal: self.journal,
                on_event: &|_| (),
            },
            &self.cancel,
        )
        .await;
        let hashes = EdgeHashes::of(desired, &current);
        for (fqn, id) in &report.settled {
            settled.settle(&hashes, fqn, id);
        }
        for fqn in &report.unsettled {
            settled.unsettle(fqn);
        }
        Ok(Round { plan, report })
    }
}

pub(crate) fn failures(round: &Round) -> Vec<String> {
    round
        .plan
        .items
        .iter()
        .zip(&round.report.outcomes)
        .filter(|(_, outcome)| match outcome {
            ItemOutcome::Done { notes } => !notes.is_empty(),
            ItemOutcome::Untouched => false,
            _ => true,
        })
        .map(|(item, outcome)| format!("{:?}: {outcome:?}", item.key))
        .collect()
}
