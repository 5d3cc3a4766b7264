//! Tables that are not listed, read at their paths; graphs asked of the server.

use super::*;

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
