//! The catalogue's lineage: the demo's as a person would expect it, small catalogues with one trouble
//! each, tables read at their paths, and updates that equal a fresh reading.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dremio_explorer::discovery::{
    CatalogApi, DiscoveryEvent, DiscoveryOptions, GraphApi, discover, parents,
};
use dremio_explorer::dremio::{
    BatchAnswer, ChildPage, Client, ConnectOptions, Credentials, Deployment, EntityRef, Error,
    Graph, PageToken, QueryResult,
};
use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::lineage::{
    BrokenKind, ColumnAt, Completed, Engine, LineageGraph, NodeIndex, NodeRole, Origin,
    ReadingStatus, SqlPosition, check, compare, complete, impact, trace_column,
};
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail,
    FunctionDetail, Item, Listing, NodeError, NodeErrorKind, NodeKind, NodeRef, TableKind,
};
use dremio_explorer::sqlflow::{Confidence, Influence, Kind, RowInfluence};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

const TABLE: NodeKind = NodeKind::Table(TableKind::Promoted);

fn path(text: &str) -> DatasetPath {
    if text.is_empty() { DatasetPath::default() } else { text.parse().expect("a path") }
}

fn item(text: &str, kind: NodeKind) -> Item {
    Item { path: path(text), id: Some(format!("id of {text}")), kind, raw_kind: None }
}

fn listed(parent: &str, items: Vec<Item>) -> Change {
    Change::Children { parent: path(parent), items, first: true, last: true }
}

fn entity(text: &str, kind: NodeKind, columns: Option<&[&str]>, sql: Option<&str>) -> Entity {
    let columns = columns.map(|names| {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            data_type: DataType::BigInt,
            nullable: None,
        };
        names.iter().map(column).collect()
    });
    Entity {
        item: item(text, kind),
        created_at: None,
        detail: EntityDetail::Dataset(DatasetDetail {
            columns,
            sql: sql.map(str::to_owned),
            ..DatasetDetail::default()
        }),
    }
}

/// A catalogue of a space `s` and a source `lake`, both open.
#[derive(Default)]
struct World(Catalog);

impl World {
    fn new() -> Self {
        let mut world = Self::default();
        world.0.apply(listed("", vec![item("s", NodeKind::Space), item("lake", NodeKind::Source)]));
        world
    }

    fn table(mut self, text: &str, columns: &[&str]) -> Self {
        self.0.apply(Change::Entity(Box::new(entity(text, TABLE, Some(columns), None))));
        self
    }

    fn open_table(mut self, text: &str) -> Self {
        self.0.apply(Change::Entity(Box::new(entity(text, TABLE, None, None))));
        self
    }

    fn view(mut self, text: &str, columns: &[&str], sql: &str) -> Self {
        let view = entity(text, NodeKind::View, Some(columns), Some(sql));
        self.0.apply(Change::Entity(Box::new(view)));
        self
    }

    /// A view whose columns the server does not tell.
    fn bare_view(mut self, text: &str, sql: &str) -> Self {
        let view = entity(text, NodeKind::View, None, Some(sql));
        self.0.apply(Change::Entity(Box::new(view)));
        self
    }

    /// Ends the listings, so that what is not there does not exist.
    fn closed(mut self) -> Self {
        for root in ["s", "lake"] {
            let items = self.0.at(&path(root)).unwrap().children().map(NodeRef::item);
            let items = items.collect();
            self.0.apply(listed(root, items));
        }
        self
    }

    fn graph(&self) -> LineageGraph {
        Engine::new(&self.0).graph(&self.0)
    }
}

fn at(graph: &LineageGraph, text: &str) -> NodeIndex {
    graph.find(&path(text)).unwrap_or_else(|| panic!("{text} is not in the graph"))
}

/// `from.column → to.column kind influence` of all edges, sorted.
fn flows(graph: &LineageGraph) -> Vec<String> {
    let mut flows: Vec<String> = graph
        .edges()
        .iter()
        .flat_map(|edge| {
            let (from, to) = (&graph.node(edge.from).path, &graph.node(edge.to).path);
            edge.columns.iter().map(move |column| {
                format!("{from}.{} → {to}.{} {:?}", column.from, column.to, column.kind)
            })
        })
        .collect();
    flows.sort();
    flows
}

fn broken(graph: &LineageGraph) -> Vec<(BrokenKind, String, Option<SqlPosition>)> {
    let told = check(graph, |_| true).broken.into_iter();
    told.map(|broken| (broken.kind, broken.message, broken.at)).collect()
}

fn place(line: usize, column: usize) -> SqlPosition {
    SqlPosition { line, column }
}

#[test]
fn a_table_that_does_not_exist_is_told_with_its_place() {
    let sql = "SELECT a\nFROM lake.gone g JOIN nowhere.t ON true";
    let world = World::new().view("s.v", &["a"], sql).closed();
    let graph = world.graph();
    assert_eq!(
        broken(&graph),
        [
            (BrokenKind::Table, "lake.gone does not exist".to_owned(), Some(place(2, 6))),
            (BrokenKind::Table, "nowhere.t does not exist".to_owned(), Some(place(2, 23))),
        ]
    );
    assert_eq!(graph.node(at(&graph, "lake.gone")).role, NodeRole::Missing);
    assert!(!check(&graph, |_| true).is_clean());
    // What hangs below a listing that never came to its end may exist.
    let open = World::new().view("s.v", &["a"], "SELECT a FROM lake.gone").graph();
    let told = broken(&open);
    assert_eq!(told[0].0, BrokenKind::Unchecked);
    assert!(told[0].1.contains("lake was not listed to its end"), "{}", told[0].1);
    assert!(check(&open, |_| true).is_clean());
}

#[test]
fn a_column_that_is_gone_and_a_folder_for_a_table_are_broken() {
    let mut world = World::new().table("lake.t", &["a", "b"]);
    world.0.apply(listed("lake", vec![item("lake.t", TABLE), item("lake.f", NodeKind::Folder)]));
    let world = world.view("s.v", &["x", "y"], "SELECT t.a AS x, t.c AS y FROM lake.t t");
    let world = world.view("s.w", &["a"], "SELECT a FROM lake.f");
    let graph = world.graph();
    let told = broken(&graph);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!((told[0].0, told[0].2), (BrokenKind::Column, Some(place(1, 20))));
    assert!(told[0].1.contains("lake.t has no column \"c\""), "{}", told[0].1);
    assert_eq!(told[1].1, "lake.f is neither a table nor a view");
    assert_eq!(graph.node(at(&graph, "lake.f")).role, NodeRole::Missing);
    // Both views are explained by that and are not told again.
    assert!(check(&graph, |_| true).unreadable.is_empty());
}

#[test]
fn hidden_unread_and_failed_views_are_told_apart() {
    let mut world = World::new().table("lake.t", &["a"]).view(
        "s.bad",
        &["a"],
        "SELECT a FROM FROM lake.t WHERE ((",
    );
    world.0.apply(Change::Entity(Box::new(entity("s.hidden", NodeKind::View, Some(&["a"]), None))));
    let all = world.0.at(&path("s")).unwrap().children().map(NodeRef::item);
    let all = all.chain([item("s.unread", NodeKind::View)]).collect();
    world.0.apply(listed("s", all));
    let error = NodeError { kind: NodeErrorKind::Forbidden, message: "no".to_owned() };
    world.0.apply(Change::Failed { path: path("s.unread"), error });
    let graph = world.graph();
    let status = |text| graph.node(at(&graph, text)).reading.as_ref().unwrap().status;
    assert_eq!(status("s.bad"), ReadingStatus::Failed);
    assert_eq!(status("s.hidden"), ReadingStatus::Hidden);
    assert_eq!(status("s.unread"), ReadingStatus::Unread);
    let report = check(&graph, |_| true);
    assert_eq!(report.unreadable.len(), 3);
    let coverage = report.coverage;
    assert_eq!((coverage.views, coverage.failed, coverage.unreadable), (3, 1, 2));
    assert_eq!((coverage.columns, coverage.traced_columns), (2, 0));
    assert!(coverage.views_percent().abs() < f64::EPSILON);
    // The tables of what does not parse are known all the same, and not for sure.
    let edge = graph.between(at(&graph, "lake.t"), at(&graph, "s.bad")).expect("the scan finds it");
    assert_eq!(edge.confidence, Confidence::Low);
}

#[test]
fn cycles_are_found_and_traces_through_them_end() {
    let world = World::new()
        .view("s.a", &["x"], "SELECT x FROM s.c")
        .view("s.b", &["x"], "SELECT x FROM s.a")
        .view("s.c", &["x"], "SELECT x FROM s.b")
        .view("s.own", &["x"], "SELECT x FROM s.own");
    let graph = world.graph();
    let names = |group: &Vec<NodeIndex>| {
        group.iter().map(|index| graph.node(*index).path.to_string()).collect::<Vec<_>>()
    };
    let report = check(&graph, |_| true);
    let cycles: Vec<_> = report.cycles.iter().map(names).collect();
    assert_eq!(cycles, [vec!["s.a", "s.b", "s.c"], vec!["s.own"]]);
    assert!(!report.is_clean());
    let start = ColumnAt { node: at(&graph, "s.a"), column: "x".to_owned() };
    assert_eq!(trace_column(&graph, &start, None, None).columns.len(), 3);
    let found = impact(&graph, at(&graph, "s.a"), Some("X"));
    let found: Vec<_> =
        found.iter().map(|it| (graph.node(it.node).path.to_string(), it.hops)).collect();
    assert_eq!(found, [("s.b".to_owned(), 1), ("s.c".to_owned(), 2)]);
}

#[test]
fn unions_go_by_position_and_columns_by_the_views_own_names() {
    let world = World::new().table("lake.t", &["a", "b"]).table("lake.u", &["c", "d"]).view(
        "s.v",
        &["One", "Two"],
        "SELECT a, b FROM LAKE.T UNION ALL SELECT d, c FROM lake.u",
    );
    assert_eq!(
        flows(&world.graph()),
        [
            "lake.t.a → s.v.One Identity",
            "lake.t.b → s.v.Two Identity",
            "lake.u.c → s.v.Two Identity",
            "lake.u.d → s.v.One Identity",
        ]
    );
}

#[test]
fn functions_lead_to_the_tables_in_their_bodies() {
    let mut world = World::new().table("lake.t", &["a", "k"]).view(
        "s.v",
        &["n"],
        "SELECT best(k) AS n FROM lake.u",
    );
    let function = Entity {
        item: item("s.best", NodeKind::Function),
        created_at: None,
        detail: EntityDetail::Function(FunctionDetail {
            arguments: Some("who BIGINT".to_owned()),
            body: Some("SELECT MAX(a) FROM lake.t WHERE t.k = who".to_owned()),
            returns: None,
        }),
    };
    let mut engine = Engine::new(&world.0);
    assert!(
        engine
            .graph(&world.0)
            .find(&path("lake.t"))
            .is_some_and(|t| { engine.graph(&world.0).downstream(t).len() == 0 })
    );
    // The function is made only now: the name was looked up before and found nothing.
    let mut view =
        entity("s.v", NodeKind::View, Some(&["n"]), Some("SELECT best(k) AS n FROM lake.u"));
    if let EntityDetail::Dataset(detail) = &mut view.detail {
        detail.sql_context = vec!["s".to_owned()];
    }
    world.0.apply(Change::Entity(Box::new(view)));
    engine.update(&world.0);
    world.0.apply(Change::Entity(Box::new(function)));
    assert_eq!(engine.update(&world.0), 1);
    let graph = engine.graph(&world.0);
    let edge = graph.between(at(&graph, "lake.t"), at(&graph, "s.v")).expect("through the body");
    assert_eq!(edge.via_function, Some(path("s.best")));
    assert_eq!(edge.at, None);
    assert!(edge.columns.iter().any(|it| (&*it.from, &*it.to) == ("a", "n")), "{:?}", edge.columns);
}

#[test]
fn a_star_over_a_table_of_unknown_columns_hands_on_the_views_own() {
    let world = World::new()
        .open_table("lake.t")
        .view("s.v", &["id", "a", "b", "now"], "SELECT 1 AS id, t.*, 2 AS now FROM lake.t t")
        .view("s.two", &["a", "b"], "SELECT t.*, u.* FROM lake.t t, lake.t2 u");
    let graph = world.graph();
    let edge = graph.between(at(&graph, "lake.t"), at(&graph, "s.v")).unwrap();
    let pairs: Vec<_> = edge.columns.iter().map(|it| (&*it.from, &*it.to, it.kind)).collect();
    assert_eq!(pairs, [("a", "a", Kind::Identity), ("b", "b", Kind::Identity)]);
    let reading = |text| graph.node(at(&graph, text)).reading.clone().unwrap();
    assert_eq!((reading("s.v").columns, reading("s.v").traced_columns), (4, 4));
    assert_eq!(reading("s.v").status, ReadingStatus::Partial);
    // Of two stars nobody can say which column is whose.
    assert_eq!((reading("s.two").columns, reading("s.two").traced_columns), (2, 0));
}

#[test]
fn columns_that_the_server_does_not_tell_come_from_the_sql() {
    let world = World::new()
        .table("lake.t", &["a", "b"])
        .bare_view("s.z_first", "SELECT a, b AS c FROM lake.t")
        .bare_view("s.m_second", "SELECT * FROM s.z_first")
        .bare_view("s.a_third", "SELECT m.*, m.gone FROM s.m_second m");
    let graph = world.graph();
    let columns = |text| -> Vec<String> {
        graph.node(at(&graph, text)).columns.iter().map(ToString::to_string).collect()
    };
    assert_eq!(columns("s.m_second"), ["a", "c"]);
    assert_eq!(columns("s.a_third"), ["a", "c", "gone"]);
    let told = broken(&graph);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("s.m_second has no column \"gone\""), "{}", told[0].1);
    let start = ColumnAt { node: at(&graph, "s.a_third"), column: "c".to_owned() };
    let trace = trace_column(&graph, &start, None, None);
    let far = ColumnAt { node: at(&graph, "lake.t"), column: "b".to_owned() };
    assert_eq!(trace.columns.get(&far), Some(&-3));
}

#[test]
fn what_decides_rows_affects_all_below() {
    let world = World::new()
        .table("lake.t", &["a", "b", "c"])
        .view("s.v", &["a", "b"], "SELECT a, b + 1 AS b FROM lake.t WHERE c > 0")
        .view("s.w", &["n"], "SELECT COUNT(*) AS n FROM s.v")
        .view("s.x", &["b2"], "SELECT b * 2 AS b2 FROM s.v");
    let graph = world.graph();
    let of = |column| -> Vec<(String, bool, bool, Vec<String>)> {
        impact(&graph, at(&graph, "lake.t"), column)
            .into_iter()
            .map(|it| {
                let columns = it.columns.iter().map(ToString::to_string).collect();
                let path = graph.node(it.node).path.to_string();
                (path, it.is_whole, it.decides_rows, columns)
            })
            .collect()
    };
    let own = |text: &str| text.to_owned();
    assert_eq!(
        of(Some("c")),
        [
            (own("s.v"), true, true, vec![]),
            (own("s.w"), true, false, vec![]),
            (own("s.x"), true, false, vec![])
        ]
    );
    assert_eq!(
        of(Some("B")),
        [(own("s.v"), false, false, vec![own("b")]), (own("s.x"), false, false, vec![own("b2")])]
    );
    assert_eq!(of(Some("a")), [(own("s.v"), false, false, vec![own("a")])]);
    assert_eq!(of(None).len(), 3);
    let edge = graph.between(at(&graph, "lake.t"), at(&graph, "s.v")).unwrap();
    assert_eq!(edge.rows.len(), 1);
    assert_eq!(edge.rows[0].influence, RowInfluence::Filter);
    assert_eq!(edge.columns[1].influence, Influence::Transformation);
}

#[test]
fn other_branches_are_not_called_broken() {
    let sql = "SELECT a FROM lake.new_table AT BRANCH dev";
    let world = World::new().view("s.v", &["a"], sql).closed();
    let told = broken(&world.graph());
    assert_eq!(told[0].0, BrokenKind::Unchecked);
    assert!(told[0].1.contains("BRANCH dev"), "{}", told[0].1);
}

#[test]
fn dremios_graph_fills_gaps_and_differences_are_told() {
    let mut world = World::new()
        .table("lake.t", &["a"])
        .table("lake.u", &["a"])
        .view("s.v", &["a"], "SELECT a FROM lake.t")
        .view("s.bad", &["a"], "SELECT a FROM FROM lake.t WHERE ((")
        .view("s.same", &["a"], "SELECT a FROM lake.u");
    world.0.apply(Change::Entity(Box::new(entity("s.hidden", NodeKind::View, Some(&["a"]), None))));
    let told = [
        (path("s.v"), vec![path("lake.u")]),
        (path("s.same"), vec![path("LAKE.U")]),
        (path("s.bad"), vec![path("lake.t")]),
        (path("s.hidden"), vec![path("lake.t"), path("lake.unlisted")]),
        (path("s.not_here"), vec![path("lake.t")]),
    ];
    let (graph, differences) = compare(world.graph(), &world.0, &told);
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(differences[0].view, path("s.v"));
    assert_eq!(differences[0].only_in_sql, [path("lake.t")]);
    assert_eq!(differences[0].only_in_graph, [path("lake.u")]);
    let origins = |from, to| {
        let edge = graph.between(at(&graph, from), at(&graph, to));
        edge.map(|edge| (edge.origins.clone(), edge.confidence))
    };
    let both = vec![Origin::ViewSql, Origin::DremioGraph];
    assert_eq!(origins("lake.u", "s.same"), Some((both.clone(), Confidence::Found)));
    assert_eq!(origins("lake.t", "s.bad"), Some((both, Confidence::Found)));
    let graph_only = (vec![Origin::DremioGraph], Confidence::Found);
    assert_eq!(origins("lake.t", "s.hidden"), Some(graph_only.clone()));
    assert_eq!(origins("lake.unlisted", "s.hidden"), Some(graph_only));
    assert_eq!(graph.node(at(&graph, "lake.unlisted")).role, NodeRole::Table);
    assert_eq!(origins("lake.u", "s.v"), None);
}

/// A server that is only asked for things at their paths.
#[derive(Clone)]
struct Paths(Arc<PathServer>);

struct PathServer {
    entities: HashMap<DatasetPath, Entity>,
    forbidden: HashSet<DatasetPath>,
    asked: Mutex<Vec<DatasetPath>>,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Paths {
    fn new(entities: Vec<Entity>, forbidden: &[&str]) -> Self {
        Self(Arc::new(PathServer {
            entities: entities.into_iter().map(|it| (it.item.path.folded(), it)).collect(),
            forbidden: forbidden.iter().map(|text| path(text)).collect(),
            asked: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }))
    }

    fn asked(&self) -> Vec<String> {
        self.0.asked.lock().unwrap().iter().map(ToString::to_string).collect()
    }
}

impl CatalogApi for Paths {
    async fn root(&self) -> Result<Vec<Item>, Error> {
        unreachable!("nothing is listed")
    }

    async fn children(&self, _: &EntityRef, _: Option<&PageToken>) -> Result<ChildPage, Error> {
        unreachable!("nothing is listed")
    }

    async fn entity(&self, of: &EntityRef) -> Result<Entity, Error> {
        self.0.asked.lock().unwrap().push(of.path.clone());
        let now = self.0.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
        let request = || format!("GET {}", of.path);
        if self.0.forbidden.contains(&of.path) {
            return Err(Error::Forbidden { request: request(), message: "not you".to_owned() });
        }
        let found = self.0.entities.get(&of.path.folded()).cloned();
        found.ok_or_else(|| Error::NotFound { request: request(), message: "no".to_owned() })
    }

    async fn datasets(&self, _: &[String]) -> Result<BatchAnswer, Error> {
        unreachable!("there are no ids")
    }

    async fn query(
        &self,
        _: &str,
        _: &[String],
        _: u64,
        _: &CancellationToken,
    ) -> Result<QueryResult, Error> {
        unreachable!("no SQL is run")
    }

    fn max_concurrency(&self) -> usize {
        4
    }
}

async fn completed(api: &Paths, world: World, cancel: &CancellationToken) -> Completed {
    let engine = Engine::new(&world.0);
    complete(api, world.0, engine, 3, cancel, |done, all| assert!(done <= all)).await
}

#[tokio::test(start_paused = true)]
async fn unlisted_tables_are_read_once_each_and_placed() {
    let mut world = World::new()
        .view("s.v", &["a"], "SELECT a FROM lake.raw.x JOIN LAKE.RAW.X ON true")
        .view("s.w", &["a", "b"], "SELECT * FROM lake.raw.x, lake.raw.deep.view")
        .view("s.gone", &["a"], "SELECT a FROM lake.raw.gone JOIN lake.raw.secret ON true")
        .view("s.lost", &["a"], "SELECT a FROM nowhere.t JOIN sys.options ON true");
    world.0.apply(listed("lake", vec![item("lake.raw", NodeKind::Folder)]));
    world = world.closed();
    let inner =
        entity("lake.raw.deep.view", NodeKind::View, None, Some("SELECT b FROM lake.raw.y"));
    let api = Paths::new(
        vec![
            entity("lake.raw.X", TABLE, Some(&["a"]), None),
            inner,
            entity("lake.raw.y", TABLE, Some(&["b"]), None),
        ],
        &["lake.raw.secret"],
    );
    let all = completed(&api, world, &CancellationToken::new()).await;
    let asked = api.asked();
    let folded: BTreeSet<String> = asked.iter().map(|text| text.to_lowercase()).collect();
    assert_eq!(folded.len(), asked.len(), "asked twice: {asked:?}");
    assert_eq!(
        folded.into_iter().collect::<Vec<_>>(),
        ["lake.raw.deep.view", "lake.raw.gone", "lake.raw.secret", "lake.raw.x", "lake.raw.y"]
    );
    assert_eq!(all.requests, 5);
    assert!(api.0.most.load(Ordering::SeqCst) <= 3);
    assert_eq!(all.absent, [path("lake.raw.gone")]);
    assert_eq!(all.failed.len(), 1);
    assert_eq!(all.changes.len(), 3);
    assert!(!all.cancelled);

    let mut graph = all.engine.graph(&all.catalog);
    graph.settle(&all.absent, all.failed.iter().map(|(path, error)| (path, &*error.message)));
    let x = graph.node(at(&graph, "lake.raw.x"));
    assert_eq!((x.role, x.path.name()), (NodeRole::Table, "X"));
    let raw = all.catalog.at(&path("lake.raw.deep")).unwrap();
    assert_eq!((raw.kind(), raw.listing()), (NodeKind::Folder, Listing::Unread));
    let told = broken(&graph);
    let kinds: Vec<_> = told.iter().map(|(kind, message, _)| (*kind, message.as_str())).collect();
    assert_eq!(kinds[0], (BrokenKind::Table, "lake.raw.gone does not exist"));
    assert_eq!(kinds[1].0, BrokenKind::Unchecked);
    assert!(kinds[1].1.contains("not you"), "{}", kinds[1].1);
    assert_eq!(kinds[2], (BrokenKind::Table, "nowhere.t does not exist"));
    assert_eq!(kinds.len(), 3);
    let start = ColumnAt { node: at(&graph, "s.w"), column: "b".to_owned() };
    let nodes = trace_column(&graph, &start, None, None).nodes();
    assert!(nodes.contains(&at(&graph, "lake.raw.y")), "a view was found, and what it reads");
}

#[tokio::test(start_paused = true)]
async fn reading_unlisted_tables_can_be_stopped() {
    let names: Vec<String> = (0..50).map(|n| format!("lake.raw.t{n}")).collect();
    let sql = format!("SELECT 1 FROM {}", names.join(", "));
    let world = World::new().view("s.v", &["a"], &sql);
    let api = Paths::new(Vec::new(), &[]);
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.cancel();
    });
    let all = completed(&api, world, &cancel).await;
    assert!(all.cancelled);
    assert!(api.asked().len() < 15, "{}", api.asked().len());
    assert!(all.absent.len() < 15);
    // What was not asked for is still open, not gone.
    let graph = all.engine.graph(&all.catalog);
    assert!(graph.node(at(&graph, "lake.raw.t49")).unchecked.is_some());
}

async fn connect(url: &str, user: &str, password: &str) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = ConnectOptions {
        deployment: Deployment::Software { base_url: url.parse().expect("a URL") },
        credentials: Credentials::Password { user: user.to_owned(), password: password.into() },
        http: HttpOptions::default(),
        max_concurrency: None,
    };
    let client = Client::new(options, RequestLog::new()).expect("a client");
    client.login().await.expect("a login");
    client
}

async fn discovered(client: &Client) -> Catalog {
    let options = DiscoveryOptions::default();
    let (_handle, mut events) = discover(client.clone(), options, CancellationToken::new(), false);
    let mut catalog = Catalog::new();
    while let Some(event) = events.recv().await {
        match event {
            DiscoveryEvent::Changes(changes) => {
                for change in changes {
                    catalog.apply(change);
                }
            }
            DiscoveryEvent::Finished { .. } => break,
            _ => {}
        }
    }
    catalog
}

#[cfg(feature = "demo")]
mod demo {
    use dremio_explorer::sandbox::dremio::{DremioOptions, Edition};
    use dremio_explorer::sandbox::openmetadata::OpenMetadataOptions;
    use dremio_explorer::sandbox::servers::{Content, Sandbox};

    use super::*;

    struct Shop {
        sandbox: Sandbox,
        client: Client,
        all: Completed,
        graph: LineageGraph,
    }

    async fn shop(edition: Edition) -> Shop {
        let dremio = DremioOptions { edition, ..DremioOptions::default() };
        let content = Content::Named("shop".to_owned());
        let sandbox =
            Sandbox::start(&content, dremio, OpenMetadataOptions::default()).await.unwrap();
        let server = &sandbox.dremio;
        let client = connect(&server.url(), server.user(), server.password()).await;
        let catalog = discovered(&client).await;
        let engine = Engine::new(&catalog);
        let all = complete(&client, catalog, engine, 8, &CancellationToken::new(), |_, _| {}).await;
        let mut graph = all.engine.graph(&all.catalog);
        graph.settle(&all.absent, []);
        Shop { sandbox, client, all, graph }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_shop_reads_as_a_person_would_expect() {
        let Shop { sandbox, all, graph, .. } = shop(Edition::Oss).await;
        assert!(sandbox.dremio.mutations().is_empty());
        assert!(!all.changes.is_empty(), "raw tables stand in folders that are not listed");
        assert!(all.absent.is_empty(), "{:?}", all.absent);
        let report = check(&graph, |_| true);
        let views: BTreeSet<String> =
            report.broken.iter().map(|broken| graph.node(broken.view).path.to_string()).collect();
        assert_eq!(views, BTreeSet::from(["reporting.old.revenue_by_brand".to_owned()]));
        assert!(
            report.broken.iter().all(|it| it.message.contains("\"brand\"")),
            "{:?}",
            report.broken
        );
        assert!(report.cycles.is_empty());
        let unreadable: Vec<String> =
            report.unreadable.iter().map(|it| graph.node(*it).path.to_string()).collect();
        assert_eq!(unreadable, ["finance.closing.unmatched_payments", "finance.people.payroll"]);
        assert!(report.coverage.views_percent() > 90.0, "{:?}", report.coverage);
        // All columns but those of the view that hides its SQL.
        let coverage = report.coverage;
        let hidden = graph.node(report.unreadable[0]).columns.len();
        assert_eq!(coverage.columns - coverage.traced_columns, hidden, "{coverage:?}");
        assert!(graph.nodes().iter().all(|node| node.role != NodeRole::Missing));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_mart_traces_to_raw_tables() {
        let Shop { graph, .. } = shop(Edition::Oss).await;
        let mut marts = 0;
        for start in graph.indices() {
            let node = graph.node(start);
            if node.path.root() != Some("marts") || node.role != NodeRole::View {
                continue;
            }
            marts += 1;
            let (mut open, mut seen, mut tables) = (vec![start], HashSet::new(), 0);
            while let Some(index) = open.pop() {
                if !seen.insert(index) {
                    continue;
                }
                if graph.node(index).role == NodeRole::Table {
                    tables += 1;
                } else {
                    assert!(graph.upstream(index).len() > 0, "{} reads nothing", node.path);
                }
                open.extend(graph.upstream(index).map(|(_, edge)| edge.from));
            }
            assert!(tables > 0, "{} has no raw table", node.path);
        }
        assert!(marts >= 12, "{marts}");
        let start = ColumnAt {
            node: at(&graph, "marts.core.fct_orders"),
            column: "net_amount_eur".to_owned(),
        };
        let trace = trace_column(&graph, &start, None, None);
        let raw = ColumnAt {
            node: at(&graph, r#"lake."shop-raw".order_items"#),
            column: "line_total".to_owned(),
        };
        assert_eq!(trace.columns.get(&raw), Some(&-4));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn enterprise_graphs_are_asked_for_once_a_view_and_community_once() {
        for (edition, offered) in [(Edition::Enterprise, true), (Edition::Oss, false)] {
            let Shop { sandbox, client, all, graph } = shop(edition).await;
            let views: Vec<(DatasetPath, String)> = all
                .catalog
                .walk()
                .filter(|node| node.kind() == NodeKind::View)
                .filter_map(|node| Some((node.path(), node.server_id()?.to_owned())))
                .collect();
            let count = views.len();
            let told = parents(&client, views, 4, &CancellationToken::new(), |_, _| {}).await;
            let asked = sandbox
                .dremio
                .requests()
                .iter()
                .filter(|seen| seen.target.ends_with("/graph"))
                .count();
            if !offered {
                assert_eq!((asked, told.by_view.len()), (1, 0));
                continue;
            }
            assert_eq!(asked, count);
            assert!(told.by_view.len() > 40, "{:?}", told.failed);
            let (graph, differences) = compare(graph, &all.catalog, &told.by_view);
            for difference in &differences {
                assert!(difference.only_in_graph.is_empty(), "{difference:?}");
            }
            let orders = at(&graph, "marts.core.fct_orders");
            let edge =
                graph.between(at(&graph, "intermediate.int_orders_enriched"), orders).unwrap();
            assert_eq!(edge.origins, [Origin::ViewSql, Origin::DremioGraph]);
        }
    }
}

/// A server whose graph fails for one view.
#[derive(Clone)]
struct Graphs;

impl GraphApi for Graphs {
    async fn graph(&self, id: &str) -> Result<Option<Graph>, Error> {
        if id == "bad" {
            let request = "GET graph".to_owned();
            return Err(Error::Server { request, status: 500, message: "no".to_owned() });
        }
        let parents = vec![item("lake.t", TABLE)];
        Ok(Some(Graph { parents, ..Graph::default() }))
    }
}

#[tokio::test]
async fn one_failing_graph_costs_one_view() {
    let views = [("s.a", "1"), ("s.b", "bad"), ("s.c", "2")];
    let views = views.map(|(text, id)| (path(text), id.to_owned())).to_vec();
    let told = parents(&Graphs, views, 2, &CancellationToken::new(), |_, _| {}).await;
    let paths: Vec<_> = told.by_view.iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(paths, ["s.a", "s.c"]);
    assert_eq!(told.failed[0].0, path("s.b"));
}

/// A change to a small catalogue.
#[derive(Clone, Debug)]
enum Step {
    Table(usize, Option<Vec<&'static str>>),
    View(usize, Option<Vec<&'static str>>, Option<String>, bool),
    Function(usize, String),
    Remove(BTreeSet<usize>),
}

/// Whatever stands at one of six places.
fn name(place: usize) -> String {
    format!("s.n{place}")
}

fn any_columns() -> impl Strategy<Value = Option<Vec<&'static str>>> {
    proptest::option::of(proptest::sample::subsequence(vec!["a", "b", "c"], 0..=3))
}

fn any_sql() -> impl Strategy<Value = String> {
    let place = || 0_usize..6;
    prop_oneof![
        place().prop_map(|n| format!("SELECT * FROM n{n}")),
        place().prop_map(|n| format!("SELECT a, b AS c FROM {}", name(n))),
        (place(), place()).prop_map(|(n, m)| format!(
            "SELECT x.*, y.a FROM n{n} x JOIN {} y ON x.a = y.a WHERE y.b > 1",
            name(m)
        )),
        (place(), place()).prop_map(|(n, m)| format!("SELECT n{n}(a) AS a FROM n{m}")),
        place().prop_map(|n| format!("SELECT a FROM lake.deep.n{n}")),
        Just("SELECT FROM WHERE".to_owned()),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let place = || 0_usize..6;
    prop_oneof![
        2 => (place(), any_columns()).prop_map(|(n, columns)| Step::Table(n, columns)),
        5 => (place(), any_columns(), proptest::option::weighted(0.9, any_sql()), any::<bool>())
            .prop_map(|(n, columns, sql, context)| Step::View(n, columns, sql, context)),
        1 => (place(), place()).prop_map(|(n, m)| {
            Step::Function(n, format!("SELECT MAX(b) FROM {} WHERE a = x", name(m)))
        }),
        1 => proptest::collection::btree_set(place(), 0..3).prop_map(Step::Remove),
    ]
}

fn take(catalog: &mut Catalog, step: Step) {
    let own = |entity: Entity| Change::Entity(Box::new(entity));
    match step {
        Step::Table(n, columns) => {
            catalog.apply(own(entity(&name(n), TABLE, columns.as_deref(), None)));
        }
        Step::View(n, columns, sql, in_context) => {
            let mut view = entity(&name(n), NodeKind::View, columns.as_deref(), sql.as_deref());
            if let EntityDetail::Dataset(detail) = &mut view.detail
                && in_context
            {
                detail.sql_context = vec!["s".to_owned()];
            }
            catalog.apply(own(view));
        }
        Step::Function(n, body) => {
            let detail = EntityDetail::Function(FunctionDetail {
                arguments: Some("x BIGINT".to_owned()),
                body: Some(body),
                returns: None,
            });
            let item = item(&name(n), NodeKind::Function);
            catalog.apply(own(Entity { item, created_at: None, detail }));
        }
        Step::Remove(places) => {
            let gone: HashSet<String> = places.into_iter().map(name).collect();
            let kept = catalog.at(&path("s")).unwrap().children().map(NodeRef::item);
            let kept = kept.filter(|item| !gone.contains(&item.path.to_string())).collect();
            // Not to its end, so that new things can still be placed.
            let parent = path("s");
            catalog.apply(Change::Children {
                parent: parent.clone(),
                items: kept,
                first: true,
                last: true,
            });
            catalog.apply(Change::Children { parent, items: vec![], first: true, last: false });
        }
    }
}

proptest! {
    #[test]
    fn an_update_equals_a_fresh_reading(
        steps in proptest::collection::vec((any_step(), any::<bool>()), 1..25)
    ) {
        let mut catalog = World::new().0;
        let mut engine = Engine::new(&catalog);
        for (step, is_followed) in steps {
            take(&mut catalog, step);
            if !is_followed {
                continue;
            }
            engine.update(&catalog);
            prop_assert_eq!(engine.update(&catalog), 0);
            let (updated, fresh) = (engine.graph(&catalog), Engine::new(&catalog).graph(&catalog));
            prop_assert_eq!(updated.nodes(), fresh.nodes());
            prop_assert_eq!(updated.edges(), fresh.edges());
        }
    }

    #[test]
    fn traced_columns_never_exceed_columns(steps in proptest::collection::vec(any_step(), 1..20)) {
        let mut catalog = World::new().0;
        for step in steps {
            take(&mut catalog, step);
        }
        let graph = Engine::new(&catalog).graph(&catalog);
        for node in graph.nodes() {
            if let Some(reading) = &node.reading {
                prop_assert!(reading.traced_columns <= reading.columns);
            }
        }
        let coverage = check(&graph, |_| true).coverage;
        prop_assert_eq!(
            coverage.views,
            coverage.parsed + coverage.partial + coverage.failed + coverage.unreadable
        );
    }
}
