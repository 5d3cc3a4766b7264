//! `doctor` on OpenMetadata: each fault is found at its own step, with what to do about it.
#![cfg(feature = "demo")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use dremio_explorer::sandbox::dremio::DremioOptions;
use dremio_explorer::sandbox::openmetadata::{Fault, OpenMetadataOptions};
use dremio_explorer::sandbox::servers::{Content, Sandbox};
use serde_json::Value;

async fn servers() -> Sandbox {
    let content = Content::Named("reference".to_owned());
    Sandbox::start(&content, DremioOptions::default(), OpenMetadataOptions::default())
        .await
        .expect("starts")
}

fn command(servers: &Sandbox, home: &Path, url: &str, token: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dremio-explorer"));
    command
        .env_clear()
        .env("HOME", home)
        .env("DREMIO_URL", servers.dremio.url())
        .env("DREMIO_USER", servers.dremio.user())
        .env("DREMIO_PASSWORD", servers.dremio.password())
        .env("OPENMETADATA_URL", url)
        .env("OPENMETADATA_JWT_TOKEN", token)
        .current_dir(home);
    command
}

fn output(command: &mut Command) -> Output {
    tokio::task::block_in_place(|| command.output()).expect("starts")
}

fn report(command: &mut Command, code: i32) -> Value {
    let output = output(command.args(["--format", "json"]));
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{said}");
    serde_json::from_str(&said).expect("JSON")
}

fn finding<'a>(report: &'a Value, server: &str, step: &str) -> &'a Value {
    let steps = report["steps"].as_array().expect("steps");
    steps
        .iter()
        .find(|found| found["server"] == server && found["step"] == step)
        .unwrap_or_else(|| panic!("no {step} of {server}"))
}

/// That OpenMetadata failed at this step, nothing behind it was tried, and Dremio is fine.
#[track_caller]
fn fails_at(report: &Value, step: &str, words: &[&str]) {
    assert_eq!(report["ok"], false);
    assert_eq!(
        (&report["failed_server"], &report["failed_step"]),
        (&"openmetadata".into(), &step.into()),
        "{report:#}"
    );
    let steps = report["steps"].as_array().expect("steps");
    for found in steps.iter().filter(|found| found["server"] == "dremio") {
        assert!(["passed", "not_applicable"].contains(&found["outcome"].as_str().expect("one")));
    }
    let behind = steps.iter().skip_while(|found| found["outcome"] != "failed").skip(1);
    for found in behind {
        assert_eq!(found["outcome"], "not_tried", "{found:#}");
    }
    let found = finding(report, "openmetadata", step);
    let said = format!("{} {}", found["detail"], found["advice"]);
    for words in words {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
}

/// A server that gives every connection one JSON answer; returns its port.
fn serve(answer: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream);
        }
    });
    port
}

fn answer(mut stream: impl Read + Write, json: &str) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request);
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{json}",
        json.len()
    );
    let _ = stream.flush();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_tried_and_nothing_is_written() {
    let servers = servers().await;
    let home = tempfile::tempdir().expect("a folder");
    let url = format!("{}/api/", servers.openmetadata.url());
    let bot = servers.openmetadata.bot_token();
    let first = report(command(&servers, home.path(), &url, bot).arg("doctor"), 0);
    assert_eq!((&first["ok"], &first["failed_step"]), (&true.into(), &Value::Null));
    let detail = |report: &Value, step: &str| {
        finding(report, "openmetadata", step)["detail"].as_str().expect("words").to_owned()
    };
    let root = format!("{}/api/v1, by token", servers.openmetadata.url());
    assert_eq!(detail(&first, "configuration"), root, "the URL as it was understood");
    assert_eq!(detail(&first, "version"), "1.13.0");
    assert_eq!(detail(&first, "login"), "logged in as ingestion-bot");
    assert!(detail(&first, "writes").starts_with("a bot's token"));
    assert!(detail(&first, "service").contains("is not there yet"));
    assert_eq!(finding(&first, "openmetadata", "lineage")["outcome"], "not_applicable");
    assert_eq!(servers.openmetadata.writes(), []);

    let sync = output(command(&servers, home.path(), &url, bot).args(["sync", "--yes"]));
    assert_eq!(sync.status.code(), Some(0), "{}", String::from_utf8_lossy(&sync.stderr));
    servers.openmetadata.clear_requests();
    let person = servers.openmetadata.user_token();
    let text = output(command(&servers, home.path(), &url, person).arg("doctor"));
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for words in [
        "logged in as admin",
        "a person's token",
        "dremio is there, of type Dremio",
        "10 databases; dremio.",
        "is read by",
        "everything works",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");
    assert_eq!(servers.openmetadata.writes(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_found_at_its_step() {
    let servers = servers().await;
    let server = &servers.openmetadata;
    let home = tempfile::tempdir().expect("a folder");
    let (url, token) = (server.url(), server.bot_token());
    let examine = |url: &str, token: &str, code| {
        report(command(&servers, home.path(), url, token).arg("doctor"), code)
    };

    let closed =
        TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("one").port();
    let wrong_port = examine(&format!("http://127.0.0.1:{closed}"), token, 3);
    fails_at(&wrong_port, "tcp", &["refused", "check the port"]);
    let no_host = examine("http://no-such-host.invalid:8585", token, 3);
    fails_at(&no_host, "dns", &["no-such-host.invalid"]);
    let page = examine(&format!("{url}/elsewhere"), token, 3);
    fails_at(&page, "openmetadata", &["web page", "check the URL"]);
    fails_at(&examine(&url, "nonsense", 3), "login", &["refused the token", "Settings › Bots"]);
    let odd = output(command(&servers, home.path(), "ftp://host", token).arg("doctor"));
    assert_eq!(odd.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&odd.stderr).contains("OPENMETADATA_URL: not a URL"));
    fails_at(&examine(&url, "", 2), "configuration", &["OPENMETADATA_JWT_TOKEN"]);

    let old = serve(|stream| answer(stream, "{\"version\":\"1.4.2\"}"));
    let old = examine(&format!("http://127.0.0.1:{old}"), token, 3);
    fails_at(&old, "version", &["1.4.2 is too old", "1.5"]);

    let denied = "Principal: CatalogPrincipal{name='x'} operations [ViewAll] not allowed";
    for (path, step) in [
        ("/api/v1/services", "service"),
        ("/api/v1/databases?", "reads"),
        ("/api/v1/databaseSchemas", "reads"),
        ("/api/v1/tables", "reads"),
        ("/api/v1/lineage", "lineage"),
    ] {
        if step != "service"
            && server.count(dremio_explorer::openmetadata::entity::EntityType::Table) == 0
        {
            let sync = output(command(&servers, home.path(), &url, token).args(["sync", "--yes"]));
            assert_eq!(sync.status.code(), Some(0));
        }
        server.fail_next(1, Some("GET"), path, Fault::Status(403, denied.to_owned()));
        fails_at(&examine(&url, token, 3), step, &["does not allow it", "ViewAll", "a role"]);
    }

    server.fail_next(2, Some("GET"), "/api/v1/system/version", Fault::Status(503, "busy".into()));
    fails_at(&examine(&url, token, 3), "http", &["503", "try again later"]);
    // Who we are may be a secret: the token is good all the same.
    server.fail_next(1, Some("GET"), "/api/v1/users", Fault::Status(403, denied.to_owned()));
    let unknown = examine(&url, token, 0);
    let rules = finding(&unknown, "openmetadata", "writes")["detail"].to_string();
    assert!(rules.contains("taken for a person's"), "{rules}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_its_own_is_named_and_can_be_trusted() {
    let servers = servers().await;
    let home = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(home.path().join("ca.pem"), made.cert.pem()).expect("writes");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("a server configuration");
    let config = Arc::new(config);
    let port = serve(move |stream| {
        let session = rustls::ServerConnection::new(Arc::clone(&config)).expect("a session");
        answer(rustls::StreamOwned::new(session, stream), "{\"version\":\"1.4.2\"}");
    });
    let url = format!("https://localhost:{port}");
    let examine = |further: &[&str]| {
        report(command(&servers, home.path(), &url, "a-token").arg("doctor").args(further), 3)
    };
    fails_at(&examine(&[]), "tls", &["self-signed", "tls.ca_file"]);
    // Past TLS, the server's age is what is left to say.
    for further in [&["--ca-file", "ca.pem"][..], &["--insecure"]] {
        let past = examine(further);
        assert_eq!(finding(&past, "openmetadata", "tls")["outcome"], "passed");
        fails_at(&past, "version", &["too old"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_openmetadata_dremio_alone_is_tried_and_the_other_way_round() {
    let servers = servers().await;
    let home = tempfile::tempdir().expect("a folder");
    let mut alone = command(&servers, home.path(), "", "");
    let alone = report(
        alone.env_remove("OPENMETADATA_URL").env_remove("OPENMETADATA_JWT_TOKEN").arg("doctor"),
        0,
    );
    let found = finding(&alone, "openmetadata", "configuration");
    assert_eq!(found["outcome"], "not_applicable");
    assert!(found["detail"].as_str().is_some_and(|words| words.contains("--openmetadata-url")));

    let (url, token) = (servers.openmetadata.url(), servers.openmetadata.bot_token());
    let mut other = command(&servers, home.path(), &url, token);
    let other = report(other.env("DREMIO_PASSWORD", "not-this-one").arg("doctor"), 3);
    assert_eq!(
        (&other["failed_server"], &other["failed_step"]),
        (&"dremio".into(), &"login".into())
    );
    assert_eq!(finding(&other, "openmetadata", "reads")["outcome"], "passed");
}
