//! The client of Dremio over servers that misbehave in ways that the contract allows.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use dremio_explorer::discovery::{DiscoveryEvent, DiscoveryOptions, discover};
use dremio_explorer::dremio::{
    Client, ConnectOptions, Credentials, Deployment, EntityRef, Error, PageToken,
};
use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::model::DatasetPath;
use futures::poll;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

#[path = "support/script.rs"]
mod script;

use script::{Scripted, script};

const ID: &str = "6b71a0b4-0000-4000-8000-000000000001";

fn client(server: &Scripted, max_concurrency: usize) -> Client {
    patient_client(server, max_concurrency, Duration::from_millis(1))
}

fn patient_client(server: &Scripted, max_concurrency: usize, retry_pause: Duration) -> Client {
    let options = ConnectOptions {
        deployment: Deployment::Software { base_url: server.url.parse().expect("a URL") },
        credentials: Credentials::Password { user: "ada".to_owned(), password: "pw".into() },
        http: HttpOptions { retry_pause, ..HttpOptions::default() },
        max_concurrency: Some(max_concurrency),
    };
    Client::new(options, RequestLog::new()).expect("a client")
}

fn token() -> (u16, String) {
    (200, json!({"token": "t", "userName": "ada", "version": "25.2.0"}).to_string())
}

fn space(names: &[&str], next: Option<&str>) -> (u16, String) {
    let item = |name: &&str| json!({"id": name, "path": ["s", name], "type": "DATASET", "datasetType": "VIRTUAL"});
    let children: Vec<Value> = names.iter().map(item).collect();
    let mut space = json!({"entityType": "space", "id": ID, "name": "s", "children": children});
    if let Some(next) = next {
        space["nextPageToken"] = json!(next);
    }
    (200, space.to_string())
}

fn the_space() -> EntityRef {
    EntityRef { path: DatasetPath::new(["s"]), id: Some(ID.to_owned()) }
}

/// Every page of the space: the names, page by page.
async fn pages(client: &Client) -> Result<Vec<Vec<String>>, Error> {
    let mut pages = Vec::new();
    let mut next: Option<PageToken> = None;
    loop {
        let page = client.children(&the_space(), next.as_ref()).await?;
        pages.push(page.items.iter().map(|item| item.path.name().to_owned()).collect());
        next = page.next;
        if next.is_none() {
            return Ok(pages);
        }
    }
}

#[tokio::test]
async fn while_a_login_is_being_refused_nothing_is_asked_without_a_token() {
    let logins = AtomicUsize::new(0);
    let arrived = Arc::new(Notify::new());
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let server = script({
        let arrived = Arc::clone(&arrived);
        move |asked| {
            if asked.target != "/apiv2/login" {
                return (401, String::new());
            }
            if logins.fetch_add(1, Ordering::Relaxed) == 0 {
                return token();
            }
            arrived.notify_one();
            // The test drops its end: the logins after this one are refused at once.
            let _ = may_go_on.lock().expect("the one login").recv();
            (401, json!({"errorMessage": "Login failed", "stackTrace": []}).to_string())
        }
    });
    let client = client(&server, 1);
    client.login().await.expect("the first login");
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.entity(&the_space()).await }
    });
    // The second login is under way: this one comes up to the only place, with the token known dead
    // to the server alone, and goes on when the login is known to be refused.
    arrived.notified().await;
    let the_space = the_space();
    let mut second = pin!(client.entity(&the_space));
    assert!(poll!(second.as_mut()).is_pending());
    drop(go_on);
    let first = first.await.expect("no panic").expect_err("refused");
    let second = second.await.expect_err("refused");
    for error in [first, second] {
        assert!(matches!(error, Error::BadLogin { .. }), "{error}");
    }
    let asked = server.asked("GET ");
    assert_eq!(asked.len(), 2, "{asked:?}");
    for asked in asked {
        assert_eq!(asked.authorization.as_deref(), Some("_dremiot"), "{}", asked.target);
    }
    assert_eq!(server.asked("POST /apiv2/login").len(), 2);
    // Nobody's account is locked by trying on; somebody who asks gets a new try.
    client.entity(&the_space).await.expect_err("refused");
    assert_eq!(server.asked("POST ").len(), 2);
    client.login().await.expect_err("refused");
    assert_eq!(server.asked("POST ").len(), 3);
    client.logout().await;
    assert!(server.asked("DELETE ").is_empty(), "there is no login to end");
}

#[tokio::test]
async fn a_page_token_that_has_run_out_begins_the_listing_anew() {
    let listings = AtomicUsize::new(0);
    let server = script(move |asked| match asked.target.split_once("pageToken=") {
        _ if asked.method == "POST" => token(),
        None if listings.fetch_add(1, Ordering::Relaxed) == 0 => space(&["a", "b"], Some("old")),
        None => space(&["a", "b"], Some("new")),
        Some((_, "new")) => space(&["c"], None),
        Some(_) => (400, json!({"errorMessage": "Invalid page token"}).to_string()),
    });
    let pages = pages(&client(&server, 8)).await.expect("all pages");
    assert_eq!(pages.concat(), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_server_whose_page_tokens_never_hold_is_asked_for_all_at_once() {
    let server = script(|asked| {
        if asked.method == "POST" {
            token()
        } else if asked.target.contains("pageToken=") {
            (400, json!({"errorMessage": "Invalid page token"}).to_string())
        } else if asked.target.contains("maxChildren=") {
            space(&["a", "b"], Some("never"))
        } else {
            space(&["a", "b", "c", "d"], None)
        }
    });
    let pages = pages(&client(&server, 8)).await.expect("all of it");
    assert_eq!(pages.concat(), ["a", "b", "c", "d"], "each once");
    assert_eq!(server.asked("GET ").len(), 5, "two tries with pages, one without");
}

#[tokio::test]
async fn a_page_of_a_proxy_among_good_answers_costs_one_more_request() {
    let asked_before = AtomicUsize::new(0);
    let server = script(move |asked| {
        if asked.method == "POST" {
            token()
        } else if asked_before.fetch_add(1, Ordering::Relaxed) == 0 {
            (200, "<html><title>One moment</title></html>".to_owned())
        } else {
            space(&[], None)
        }
    });
    client(&server, 8).entity(&the_space()).await.expect("the second answer");
    assert_eq!(server.asked("GET ").len(), 2);

    let server = script(|asked| match asked.method.as_str() {
        "POST" => token(),
        _ => (200, "<html><title>Sign in</title></html>".to_owned()),
    });
    let error = client(&server, 8).entity(&the_space()).await.expect_err("a page");
    assert!(matches!(&error, Error::NotJson { what, .. } if what.contains("Sign in")), "{error}");
    assert_eq!(server.asked("GET ").len(), 2);
}

#[tokio::test]
async fn a_batch_that_was_cut_off_is_read_again_as_a_batch() {
    let batches = AtomicUsize::new(0);
    let server = script(move |asked| {
        if asked.target == "/apiv2/login" {
            return token();
        }
        let ids: Vec<String> = serde_json::from_str(&asked.body).expect("ids");
        let dataset = |id: &String| json!({"entityType": "dataset", "id": id, "path": ["s", id], "type": "VIRTUAL_DATASET", "fields": []});
        let data: Vec<Value> = ids.iter().map(dataset).collect();
        let answer = json!({ "data": data }).to_string();
        if batches.fetch_add(1, Ordering::Relaxed) == 1 {
            return (200, answer[..answer.len() / 2].to_owned());
        }
        (200, answer)
    });
    let ids: Vec<String> = (0..30).map(|n| format!("id-{n}")).collect();
    let answer = client(&server, 8).datasets(&ids).await.expect("all of them");
    assert_eq!((answer.entities.len(), answer.failed.len()), (30, 0));
    assert_eq!(server.asked("POST /api/v3/catalog/by-ids").len(), 3, "probe, cut, again");
}

/// A root listing of so many spaces: `s0`, `s1`, …
fn spaces(count: usize) -> (u16, String) {
    let space = |n| json!({"id": format!("s{n}"), "path": [format!("s{n}")], "type": "CONTAINER", "containerType": "SPACE"});
    (200, json!({"data": (0..count).map(space).collect::<Vec<Value>>()}).to_string())
}

/// The name in the target of a space's listing.
fn listed(target: &str) -> Option<&str> {
    let rest = target.strip_prefix("/api/v3/catalog/by-path/")?;
    Some(rest.split('?').next().unwrap_or(rest))
}

fn no_children(name: &str) -> (u16, String) {
    (200, json!({"entityType": "space", "id": name, "name": name, "children": []}).to_string())
}

fn overloaded() -> (u16, String) {
    (503, json!({"errorMessage": "not now"}).to_string())
}

#[tokio::test]
async fn one_that_pauses_before_a_retry_lets_the_others_go_first() {
    let failed = AtomicUsize::new(0);
    let server = script(move |asked| match listed(&asked.target) {
        _ if asked.method == "POST" => token(),
        None => spaces(6),
        Some("s0") if failed.fetch_add(1, Ordering::Relaxed) == 0 => overloaded(),
        Some(name) => no_children(name),
    });
    let client = patient_client(&server, 1, Duration::from_secs(2));
    let cancel = CancellationToken::new();
    let (_handle, mut events) = discover(client, DiscoveryOptions::default(), cancel, false);
    let mut finished = None;
    while let Some(event) = events.recv().await {
        if let DiscoveryEvent::Finished { stats, .. } = event {
            finished = Some(stats);
        }
    }
    let stats = finished.expect("the end");
    assert_eq!((stats.containers, stats.failed), (6, 0));
    let asked = server.asked("GET ");
    let order: Vec<_> = asked.iter().filter_map(|asked| listed(&asked.target)).collect();
    assert_eq!(order, ["s0", "s1", "s2", "s3", "s4", "s5", "s0"]);
}

#[tokio::test]
async fn a_server_that_fails_everything_is_not_asked_for_the_whole_queue_at_once() {
    let server = script(|asked| match listed(&asked.target) {
        _ if asked.method == "POST" => token(),
        None => spaces(60),
        Some(_) => overloaded(),
    });
    let client = patient_client(&server, 2, Duration::from_secs(2));
    let cancel = CancellationToken::new();
    let (_handle, mut events) = discover(client, DiscoveryOptions::default(), cancel, false);
    let tried = || {
        let asked = server.asked("GET ");
        asked.iter().filter_map(|asked| listed(&asked.target).map(str::to_owned)).collect()
    };
    // Until the first retry; the events must be taken meanwhile.
    let all: Vec<String> = loop {
        let tried: Vec<String> = tried();
        let distinct: HashSet<&String> = tried.iter().collect();
        if distinct.len() < tried.len() {
            break tried;
        }
        let _ = tokio::time::timeout(Duration::from_millis(10), events.recv()).await;
    };
    // Two that run and four for each that pause.
    let distinct: HashSet<&String> = all.iter().collect();
    assert!((2..=10).contains(&distinct.len()), "{all:?}");
}
