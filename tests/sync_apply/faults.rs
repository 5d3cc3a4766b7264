//! Every fault at every step. A passing fault heals within the run; any other ends with what failed
//! named. Whatever happened, the next run brings the state of an undisturbed one, and the run after
//! that writes nothing.

use std::time::Duration;

use dremio_explorer::http::HttpOptions;
use dremio_explorer::openmetadata::entity::EntityType;
use dremio_explorer::openmetadata::{Client, Credentials};
use dremio_explorer::sandbox::openmetadata::{Fault, OpenMetadataSandbox, Seed, Version};
use dremio_explorer::sync::Desired;
use dremio_explorer::sync::apply::ItemOutcome;
use dremio_explorer::sync::settled::SettledEdges;
use rstest::rstest;
use serde_json::{Value, json};

use crate::proxy::{Due, Proxy, Spoilt};
use crate::world::{
    Round, Turn, catalog, catalog_where, client, connect, failures, person, project, round,
    sandbox, stored,
};

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// 503 two times.
    Unavailable,
    /// The connection is reset before anything happens.
    Reset,
    /// The request takes effect, and then the connection is reset.
    ResetAfter,
    /// No answer in time.
    Silence,
    /// The parent is locked.
    Locked,
    /// The token is refused, once, in mid-run.
    Unauthorized,
    /// A web page in place of JSON.
    Page,
    /// JSON that ends in the middle.
    Cut,
    /// The instance's limits are reached.
    Limited,
    /// A policy denies it, until somebody changes that.
    Denied,
    /// It fails, until somebody mends it.
    Broken,
}

use Trouble::{
    Broken, Cut, Denied, Limited, Locked, Page, Reset, ResetAfter, Silence, Unauthorized,
    Unavailable,
};

/// More often than any run asks.
const LASTING: usize = 1_000_000;

const ALL: [Trouble; 11] = [
    Unavailable,
    Reset,
    ResetAfter,
    Silence,
    Locked,
    Unauthorized,
    Page,
    Cut,
    Limited,
    Denied,
    Broken,
];

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// The run does all that it should, without a word.
    Healed,
    /// It cannot read what it must know, and writes nothing.
    NoPlan,
    /// It does what it can, and names what it could not.
    Named,
}

/// Where it goes wrong.
#[derive(Clone, Copy, Debug)]
struct Step {
    method: &'static str,
    prefix: &'static str,
    /// Log in with a password rather than with a bot's token.
    logs_in: bool,
    /// There is nothing before, rather than a part.
    is_fresh: bool,
    batch: usize,
    /// Words of people are replaced, and what Dremio does not have is removed.
    is_thorough: bool,
}

fn step(method: &'static str, prefix: &'static str) -> Step {
    Step { method, prefix, logs_in: false, is_fresh: false, batch: 1, is_thorough: false }
}

impl Step {
    fn is_read(self) -> bool {
        self.method == "GET"
    }

    /// What has to come of it.
    fn ending(self, trouble: Trouble) -> Ending {
        let is_before_the_plan = match self.prefix {
            "/api/v1/lineage" => self.is_read() && !self.is_fresh,
            "/api/v1/tables/name" => false,
            prefix => self.is_read() || prefix.contains("/users/"),
        };
        if self.heals(trouble) {
            Ending::Healed
        } else if self.prefix.contains("/users/loggedInUser") && trouble == Denied {
            // Who we are stays unknown, and the more careful is assumed.
            Ending::Healed
        } else if is_before_the_plan {
            Ending::NoPlan
        } else if self.prefix.contains("/bulk") && matches!(trouble, Page | Cut | Denied | Broken) {
            // Whatever is wrong with bulk requests, tables can go one by one.
            Ending::Healed
        } else {
            Ending::Named
        }
    }

    /// Whether the run itself has to come through.
    fn heals(self, trouble: Trouble) -> bool {
        let is_contact = self.prefix.contains("/system/") || self.prefix.contains("/users/login");
        match trouble {
            Unavailable | Reset | ResetAfter => true,
            // Somebody waits to hear of a wrong URL: the first contact is not tried for long.
            Silence => !is_contact,
            // A password can log in again; a token that was refused stays refused.
            Unauthorized => self.logs_in && !is_contact,
            Locked => !is_contact,
            // Of an answer that has no body, or one that nobody needs, nothing is missed.
            Cut => {
                let is_needed = matches!(self.method, "PUT" | "POST");
                self.is_read() || self.prefix == "/api/v1/lineage" || !is_needed
            }
            Page | Limited | Denied | Broken => false,
        }
    }
}

/// What is there before: fewer tables, and views with other SQL, so that all sorts of requests
/// are needed.
async fn begin(step: Step) -> OpenMetadataSandbox {
    let server = sandbox(Version::V1_13).await;
    if !step.is_fresh {
        let quiet = client(&server, server.bot_token());
        let first = round(&quiet, &project(&catalog(1, 2)), &mut SettledEdges::default(), 1).await;
        assert_eq!(failures(&first), Vec::<String>::new());
        if step.is_thorough {
            litter(&server, &quiet).await;
        }
    }
    server
}

/// Words of a person on a view, a table that Dremio does not have, and an edge that no SQL has.
async fn litter(server: &OpenMetadataSandbox, client: &Client) {
    let gone = json!({ "name": "gone", "databaseSchema": "Dremio.lake.s0", "columns": [] });
    let from = "Dremio.lake.s0.t1".to_owned();
    let edge = (from, DESCRIBED.to_owned(), json!({ "source": "ViewLineage" }));
    let entities = vec![(EntityType::Table, gone)];
    let seed = Seed { entities, edges: vec![edge], ..Seed::default() };
    server.fill(seed).expect("is taken");
    let id = stored(client, DESCRIBED).await.common.id;
    let patch = json!([{ "op": "add", "path": "/description", "value": "By hand" }]);
    client.patch(EntityType::Table, &id, &patch).await.expect("patches");
}

const DESCRIBED: &str = "Dremio.Sales.s0.t0";

fn wanted() -> Desired {
    let mut desired = project(&catalog_where(2, 3, " WHERE id > 0"));
    for entity in &mut desired.entities {
        let is_it = entity.fqn == DESCRIBED;
        if let Some(common) = entity.body.common_mut().filter(|_| is_it) {
            common.description = Some("The view, says Dremio".to_owned());
        }
    }
    desired.traced = desired.edges.iter().map(|edge| edge.to.clone()).collect();
    desired
}

fn turn(step: Step) -> Turn<'static> {
    let Step { batch, is_thorough, .. } = step;
    Turn { batch, overwrite: is_thorough, prune: is_thorough, ..Turn::default() }
}

/// A run of this sort that nothing disturbs.
async fn good(step: Step, client: &Client, settled: &mut SettledEdges) -> Round {
    turn(step).take(client, &wanted(), settled).await.expect("reads")
}

/// Who did it is no part of the state: some of these runs are a bot's and some a person's.
fn state(server: &OpenMetadataSandbox) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.remove("updatedBy");
                object.remove("createdBy");
                object.values_mut().for_each(strip);
            }
            Value::Array(array) => array.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut dump = server.dump();
    strip(&mut dump);
    dump
}

async fn undisturbed(step: Step) -> Value {
    let server = begin(step).await;
    let quiet = client(&server, server.bot_token());
    let turn = good(step, &quiet, &mut SettledEdges::default()).await;
    assert_eq!(failures(&turn), Vec::<String>::new());
    state(&server)
}

fn arm(server: &OpenMetadataSandbox, proxy: &Proxy, step: Step, trouble: Trouble) {
    let (times, fault) = match trouble {
        Unavailable => (2, Fault::Status(503, "Service Unavailable".to_owned())),
        Reset => (1, Fault::Reset),
        ResetAfter => (1, Fault::ResetAfter),
        Silence => (1, Fault::Slow(Duration::from_secs(2))),
        Locked => (1, Fault::Status(409, "lake is being deleted".to_owned())),
        Unauthorized => (1, Fault::Status(401, "Expired token!".to_owned())),
        Page => (1, Fault::Html),
        Limited => (1, Fault::Status(429, "limits are reached".to_owned())),
        Cut | Denied | Broken => {
            let (times, how) = match trouble {
                Cut => (1, Spoilt::Cut),
                Denied => (LASTING, Spoilt::Status(403)),
                _ => (LASTING, Spoilt::Status(500)),
            };
            let Step { method, prefix, .. } = step;
            proxy.spoil(Due { method, prefix, after: 0, times, how });
            return;
        }
    };
    server.fail_next(times, Some(step.method), step.prefix, fault);
}

async fn one_fault(step: Step, trouble: Trouble, expected: &Value) {
    let server = begin(step).await;
    let proxy = Proxy::start(server.url()).await;
    let http = HttpOptions {
        connect_timeout: Duration::from_millis(200),
        read_timeout: Duration::from_millis(400),
        slow_read_timeout: Duration::from_millis(400),
        retry_pause: Duration::from_millis(2),
        retries: 3,
        ..HttpOptions::default()
    };
    // The run after this one goes to the server itself, where nothing is spoilt.
    let is_proxied = matches!(trouble, Cut | Denied | Broken);
    let url = if is_proxied { proxy.url() } else { server.url() };
    let credentials =
        if step.logs_in { person(&server) } else { Credentials::Token(server.bot_token().into()) };
    let shaken = connect(url, credentials, http);
    server.clear_requests();
    arm(&server, &proxy, step, trouble);
    let mut settled = SettledEdges::default();
    let what = format!("{trouble:?} at {} {}", step.method, step.prefix);
    let ending = step.ending(trouble);
    let part = step.prefix.trim_start_matches("/api/v1/").trim_end_matches('?');
    match turn(step).take(&shaken, &wanted(), &mut settled).await {
        Err(error) => {
            // The reading failed, so nothing was written; the error names the request.
            assert_eq!(ending, Ending::NoPlan, "{what}: {error}");
            let words = error.to_string();
            assert!(words.contains(part), "{what}: {words}");
            assert_eq!(server.writes(), [], "{what}");
        }
        Ok(first) => {
            let told = failures(&first);
            match ending {
                Ending::Healed => {
                    assert_eq!(told, Vec::<String>::new(), "{what}");
                    assert_eq!(state(&server), *expected, "{what}");
                    assert_eq!(first.report.ended_early, None, "{what}");
                }
                Ending::NoPlan => panic!("{what}: a plan was made all the same"),
                Ending::Named => {
                    let named = |text: &String| text.contains(part);
                    assert!(told.iter().any(named), "{what}: {told:?}");
                }
            }
            let is_done = |outcome: &ItemOutcome| {
                matches!(outcome, ItemOutcome::Done { .. } | ItemOutcome::Untouched)
            };
            let all_done = first.report.outcomes.iter().all(is_done);
            // Nothing is lost without a word: what is not as it should be is among what was told.
            if all_done && told.is_empty() {
                assert_eq!(state(&server), *expected, "{what}: nothing was told");
            }
            if first.report.statistics.not_begun > 0 {
                assert!(first.report.ended_early.is_some(), "{what}: left undone for no reason");
            }
        }
    }
    if is_proxied {
        let armed = if trouble == Cut { 1 } else { LASTING };
        assert!(proxy.left() < armed, "{what}: the run does not come by here");
    } else {
        was_hit(&server, step, trouble, &what);
    }
    let quiet = client(&server, server.bot_token());
    let second = good(step, &quiet, &mut settled).await;
    assert_eq!(failures(&second), Vec::<String>::new(), "{what}: the next run");
    assert_eq!(state(&server), *expected, "{what}: after the next run");
    server.clear_requests();
    let third = good(step, &quiet, &mut settled).await;
    assert!(third.plan.is_empty(), "{what}: {:?}", third.plan.counts());
    assert_eq!(server.writes(), [], "{what}");
}

/// That it went wrong as often as it should, and that who can ask again did so.
fn was_hit(server: &OpenMetadataSandbox, step: Step, trouble: Trouble, what: &str) {
    let requests = server.requests();
    let hit: Vec<usize> = requests
        .iter()
        .enumerate()
        .filter(|(_, seen)| seen.fault.is_some())
        .map(|(index, _)| index)
        .collect();
    assert_eq!(hit.len(), if trouble == Unavailable { 2 } else { 1 }, "{what}: {requests:#?}");
    let last = hit[hit.len() - 1];
    let struck = &requests[last];
    assert!(struck.method == step.method && struck.target.starts_with(step.prefix), "{what}");
    if trouble != Silence {
        assert_eq!(struck.status.is_none(), matches!(trouble, Reset | ResetAfter), "{what}");
    }
    let is_asked_again = requests[last + 1..].iter().any(|seen| {
        seen.method == struck.method && seen.target == struck.target && seen.body == struck.body
    });
    assert_eq!(is_asked_again, step.heals(trouble), "{what}: asked again");
}

#[rstest]
#[case::probe(step("GET", "/api/v1/system/version"))]
#[case::who_we_are(step("GET", "/api/v1/users/loggedInUser"))]
#[case::login(Step { logs_in: true, ..step("POST", "/api/v1/users/login") })]
#[case::the_service(step("GET", "/api/v1/services/databaseServices"))]
#[case::list_databases(step("GET", "/api/v1/databases"))]
#[case::list_schemas(step("GET", "/api/v1/databaseSchemas"))]
#[case::list_tables(step("GET", "/api/v1/tables?"))]
#[case::read_edges(step("GET", "/api/v1/lineage"))]
#[case::read_back_a_table(step("GET", "/api/v1/tables/name"))]
#[case::read_back_edges(Step { is_fresh: true, ..step("GET", "/api/v1/lineage") })]
#[case::put_service(Step { is_fresh: true, ..step("PUT", "/api/v1/services/databaseServices") })]
#[case::put_database(Step { is_fresh: true, ..step("PUT", "/api/v1/databases") })]
#[case::put_schema(step("PUT", "/api/v1/databaseSchemas"))]
#[case::put_table(step("PUT", "/api/v1/tables"))]
#[case::put_table_as_a_person(Step { logs_in: true, ..step("PUT", "/api/v1/tables") })]
#[case::put_tables(Step { batch: 4, ..step("PUT", "/api/v1/tables/bulk") })]
#[case::put_edge(step("PUT", "/api/v1/lineage"))]
#[case::patch(Step { is_thorough: true, ..step("PATCH", "/api/v1/tables") })]
#[case::prune_a_table(Step { is_thorough: true, ..step("DELETE", "/api/v1/tables") })]
#[case::prune_an_edge(Step { is_thorough: true, ..step("DELETE", "/api/v1/lineage") })]
#[case::put_edge_after_bulk(Step { batch: 4, ..step("PUT", "/api/v1/lineage") })]
#[tokio::test(flavor = "multi_thread")]
async fn every_fault_heals_or_is_named(#[case] step: Step) {
    let expected = undisturbed(step).await;
    for trouble in ALL {
        // Locks are met by writes of entities.
        if trouble == Locked && matches!(step.method, "GET" | "POST") {
            continue;
        }
        one_fault(step, trouble, &expected).await;
    }
}

/// A server that is gone is not asked for each of thousands of items.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_ends_the_run() {
    let server = sandbox(Version::V1_13).await;
    let http = HttpOptions { retries: 0, ..HttpOptions::default() };
    let client = connect(server.url(), Credentials::Token(server.bot_token().into()), http);
    server.fail_next(usize::MAX, Some("PUT"), "/api/v1/tables", Fault::Reset);
    let desired = project(&catalog(2, 40));
    let turn = round(&client, &desired, &mut SettledEdges::default(), 1).await;
    let why = turn.report.ended_early.expect("ended early");
    assert!(why.contains("no answer to"), "{why}");
    assert!(turn.report.statistics.not_begun > 100, "{:?}", turn.report.statistics);
    assert!(turn.report.statistics.errors < 20, "{:?}", turn.report.statistics);
    assert_eq!(server.count(EntityType::Table), 0);
}
