//! Edges that people drew outlive a run that is killed after the server rewrote them (quirk 15).

use serde_json::json;

use super::*;

const VIEW: &str = "dremio.Analytics.staging.stg_orders";
const RATES: &str = "dremio.warehouse.core.exchange_rates";
const CUSTOMERS: &str = "dremio.crm.public.customers";

/// The reference catalogue in sync, with two edges around [`VIEW`] that somebody drew. Then a column
/// that Dremio does not have is added to the view: the next sync takes it away, for which the server
/// rewrites both edges. With what the server held before.
async fn drawn(home: &Path) -> (Sandbox, Value) {
    let servers = servers(Content::Named("reference".to_owned()), Version::V1_13).await;
    let first = run(&servers, home, &["--yes", "--no-descriptions"]).await;
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    let sent = servers.openmetadata.writes();
    let body = sent.iter().filter(|seen| seen.target == "/api/v1/tables").find_map(|seen| {
        let body: Value = serde_json::from_str(&seen.body).ok()?;
        (body["name"] == "stg_orders").then_some(body)
    });
    let mut body = body.expect("the view was sent");
    let out = json!({
        "source": "Manual",
        "sqlQuery": "MERGE INTO rates USING orders -- by hand",
        "description": "Every night",
        "columnsLineage": [{
            "fromColumns": [format!("{VIEW}.currency")],
            "toColumn": format!("{RATES}.currency"),
        }],
    });
    let into = json!({ "source": "Manual", "sqlQuery": "-- typed in by the desk" });
    let edges = vec![
        (VIEW.to_owned(), RATES.to_owned(), out),
        (CUSTOMERS.to_owned(), VIEW.to_owned(), into),
    ];
    let seed = Seed { edges, ..Seed::default() };
    servers.openmetadata.fill(seed).expect("is taken");
    let before = servers.openmetadata.dump();
    assert!(before["edges"].to_string().contains("toColumn\":\"dremio.warehouse"));
    let column = json!({ "name": "extra", "dataType": "INT" });
    body["columns"].as_array_mut().expect("columns").push(column);
    let seed = Seed { entities: vec![(EntityType::Table, body)], ..Seed::default() };
    servers.openmetadata.fill(seed).expect("is taken");
    servers.openmetadata.clear_requests();
    (servers, before)
}

/// Runs a sync until it waits for the answer to a request, and kills it there.
async fn killed_at(servers: &Sandbox, home: &Path, method: &str, prefix: &str) {
    let fault = Fault::Slow(Duration::from_secs(60));
    servers.openmetadata.clear_requests();
    servers.openmetadata.fail_next(1, Some(method), prefix, fault.clone());
    let mut child =
        command(servers, home, &["--yes", "--no-descriptions"]).spawn().expect("starts");
    let is_there =
        || servers.openmetadata.requests().iter().any(|seen| seen.fault.as_ref() == Some(&fault));
    while !is_there() && child.try_wait().expect("a child").is_none() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(is_there(), "the run ended without {method} {prefix}");
    child.kill().expect("is killed");
    child.wait().expect("is dead");
}

/// What a dry run says of the two edges: action and notes.
async fn told(servers: &Sandbox, home: &Path) -> Vec<(String, String)> {
    servers.openmetadata.clear_requests();
    let dry = run(servers, home, &["--dry-run", "--no-descriptions", "--format", "json"]).await;
    assert_eq!(servers.openmetadata.writes(), []);
    let dry = json(&dry);
    let items = dry["items"].as_array().expect("items").iter();
    let ours = items.filter(|item| {
        let text = item.to_string();
        item["type"] == "edge" && text.contains("put back")
    });
    ours.map(|item| (item["action"].as_str().expect("an action").to_owned(), item.to_string()))
        .collect()
}

#[rstest]
#[case::before_the_table_is_stored("PUT", "/api/v1/tables", false)]
#[case::after_the_table_is_stored("GET", "/api/v1/tables/name", true)]
#[case::before_an_edge_is_put_back("PUT", "/api/v1/lineage", true)]
#[tokio::test(flavor = "multi_thread")]
async fn what_people_drew_outlives_a_kill(
    #[case] method: &str,
    #[case] prefix: &str,
    #[case] is_rewritten: bool,
    #[values(0, 1, 2)] more_kills: usize,
) {
    let home = tempfile::tempdir().expect("a folder");
    let (servers, before) = drawn(home.path()).await;
    killed_at(&servers, home.path(), method, prefix).await;
    let lost = differences(&servers.openmetadata.dump(), &before);
    assert_eq!(lost.contains(&"edges".to_owned()), is_rewritten, "{lost:?}");

    // The plan says it beforehand, and a dry run leaves it at that.
    let said = told(&servers, home.path()).await;
    if is_rewritten {
        assert_eq!(said.len(), 2, "{said:#?}");
        assert!(said.iter().all(|(action, _)| action == "update"), "{said:#?}");
        assert!(said.iter().any(|(_, text)| text.contains("by hand")), "{said:#?}");
        assert!(said.iter().any(|(_, text)| text.contains("by the desk")), "{said:#?}");
    } else {
        assert!(said.is_empty(), "{said:#?}");
    }
    // Killed again and again before any edge is back, nothing is forgotten.
    for _ in 0..more_kills {
        killed_at(&servers, home.path(), "PUT", "/api/v1/lineage").await;
    }
    let arguments = ["--yes", "--no-descriptions"];
    let resumed = run(&servers, home.path(), &arguments).await;
    let words = String::from_utf8_lossy(&resumed.stderr).into_owned();
    assert_eq!(resumed.status.code(), Some(0), "{words}");
    assert!(words.contains("was interrupted at 20"), "{words}");
    assert_eq!(differences(&servers.openmetadata.dump(), &before), Vec::<String>::new(), "{words}");
    let third = run(&servers, home.path(), &arguments).await;
    let words = String::from_utf8_lossy(&third.stderr).into_owned();
    assert!(words.contains("nothing to write") && !words.contains("interrupted"), "{words}");
}

/// The next run may be about something else; what the last one took is given back all the same.
#[rstest]
#[case::another_space(&["sync", "--space", "Finance", "--yes", "--no-descriptions"])]
#[case::without_lineage(&["sync", "--no-lineage", "--yes", "--no-descriptions"])]
#[tokio::test(flavor = "multi_thread")]
async fn whatever_runs_next_puts_back(#[case] arguments: &[&str]) {
    let home = tempfile::tempdir().expect("a folder");
    let (servers, before) = drawn(home.path()).await;
    killed_at(&servers, home.path(), "GET", "/api/v1/tables/name").await;
    let mut next = program(&servers.dremio, &servers.openmetadata, home.path());
    next.args(arguments).arg("--data-dir").arg(home.path());
    let next = output(next).await;
    let words = String::from_utf8_lossy(&next.stderr).into_owned();
    assert_eq!(next.status.code(), Some(0), "{words}");
    let now = servers.openmetadata.dump();
    for text in ["by hand", "by the desk"] {
        assert!(now["edges"].to_string().contains(text), "{words}");
    }
    let full = run(&servers, home.path(), &["--yes", "--no-descriptions"]).await;
    assert_eq!(full.status.code(), Some(0), "{}", String::from_utf8_lossy(&full.stderr));
    assert_eq!(differences(&servers.openmetadata.dump(), &before), Vec::<String>::new());
}

/// Somebody removes one of the edges and draws the other anew before the next run: that stays so.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_did_meanwhile_stays() {
    let home = tempfile::tempdir().expect("a folder");
    let (servers, _) = drawn(home.path()).await;
    killed_at(&servers, home.path(), "GET", "/api/v1/tables/name").await;
    let dump = servers.openmetadata.dump();
    let id = |fqn: &str| dump["entities"][format!("table {fqn}")]["id"].as_str().expect("an id");
    person(&servers).delete_edge(id(CUSTOMERS), id(VIEW)).await.expect("removes");
    let anew = json!({ "source": "Manual", "sqlQuery": "-- drawn anew" });
    let edges = vec![(VIEW.to_owned(), RATES.to_owned(), anew)];
    servers.openmetadata.fill(Seed { edges, ..Seed::default() }).expect("is taken");
    let next = run(&servers, home.path(), &["--yes", "--no-descriptions"]).await;
    assert_eq!(next.status.code(), Some(0), "{}", String::from_utf8_lossy(&next.stderr));
    let edges = servers.openmetadata.dump()["edges"].to_string();
    assert!(edges.contains("-- drawn anew") && !edges.contains("by hand"), "{edges}");
    assert!(!edges.contains("by the desk"), "{edges}");
}

/// The server refuses to take an edge back: the run says so, and the next one does it.
#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_put_back_is_told_and_tried_again() {
    let home = tempfile::tempdir().expect("a folder");
    let (servers, before) = drawn(home.path()).await;
    let refusal = Fault::Status(403, "not today".to_owned());
    // The two that people drew, and those that syncs have written around the view. Into it the server
    // writes what stood there anyway: the view's own SQL.
    let dump = servers.openmetadata.dump();
    let view = &dump["entities"][format!("table {VIEW}")];
    let edges = dump["edges"].as_array().expect("edges").iter();
    let around = edges
        .filter(|edge| edge["from"] == view["id"] || edge["to"] == view["id"])
        .filter(|edge| edge["details"]["sqlQuery"] != view["schemaDefinition"])
        .count();
    assert!(around > 2);
    servers.openmetadata.fail_next(around, Some("PUT"), "/api/v1/lineage", refusal);
    let arguments = ["--yes", "--no-descriptions"];
    let first = run(&servers, home.path(), &arguments).await;
    let words = String::from_utf8_lossy(&first.stdout).into_owned();
    assert!(words.contains("could not be put back") && words.contains("not today"), "{words}");
    let refused = servers.openmetadata.requests().into_iter().filter(|seen| seen.fault.is_some());
    assert_eq!(refused.count(), around);
    let said = told(&servers, home.path()).await;
    for text in ["by hand", "by the desk"] {
        assert!(said.iter().any(|(_, item)| item.contains(text)), "{text}: {said:#?}");
    }
    let second = run(&servers, home.path(), &arguments).await;
    assert_eq!(second.status.code(), Some(0), "{}", String::from_utf8_lossy(&second.stderr));
    assert_eq!(differences(&servers.openmetadata.dump(), &before), Vec::<String>::new());
    assert!(told(&servers, home.path()).await.is_empty());
}

/// Edges that cannot be read are no reason to let the server rewrite them.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_whose_edges_cannot_be_read_is_not_sent() {
    let home = tempfile::tempdir().expect("a folder");
    let (servers, before) = drawn(home.path()).await;
    let dump = servers.openmetadata.dump();
    let id = dump["entities"][format!("table {VIEW}")]["id"].as_str().expect("an id");
    let around = format!("/api/v1/lineage/table/{id}?upstreamDepth=1&downstreamDepth=1");
    let refusal = Fault::Status(403, "not today".to_owned());
    servers.openmetadata.fail_next(1, Some("GET"), &around, refusal);
    let arguments = ["--yes", "--no-descriptions"];
    let first = run(&servers, home.path(), &arguments).await;
    let words = String::from_utf8_lossy(&first.stdout).into_owned();
    assert_eq!(first.status.code(), Some(4), "{words}");
    assert!(words.contains("could not be read before"), "{words}");
    let edges = |state: &Value| state["edges"].clone();
    assert_eq!(edges(&servers.openmetadata.dump()), edges(&before));
    let second = run(&servers, home.path(), &arguments).await;
    assert_eq!(second.status.code(), Some(0), "{}", String::from_utf8_lossy(&second.stderr));
    assert_eq!(differences(&servers.openmetadata.dump(), &before), Vec::<String>::new());
}
