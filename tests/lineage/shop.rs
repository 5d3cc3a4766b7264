//! The demo's lineage, read from its servers.

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
    let sandbox = Sandbox::start(&content, dremio, OpenMetadataOptions::default()).await.unwrap();
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
    assert!(report.broken.iter().all(|it| it.message.contains("\"brand\"")), "{:?}", report.broken);
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
    let start =
        ColumnAt { node: at(&graph, "marts.core.fct_orders"), column: "net_amount_eur".to_owned() };
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
        let asked =
            sandbox.dremio.requests().iter().filter(|seen| seen.target.ends_with("/graph")).count();
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
        let edge = graph.between(at(&graph, "intermediate.int_orders_enriched"), orders).unwrap();
        assert_eq!(edge.origins, [Origin::ViewSql, Origin::DremioGraph]);
    }
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
