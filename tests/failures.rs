//! What goes wrong between this program and a server, and what it says then: one clear message with
//! what to do, and an exit code.

use std::io::{Read, Write};
use std::net::TcpListener;

#[path = "support/program.rs"]
mod program;
#[path = "support/script.rs"]
mod script;

use program::{Home, Sandbox, answer_with_page, serve, serve_tls};
use script::script;
use serde_json::json;

#[test]
fn an_unreachable_host_is_told_apart_from_a_wrong_port() {
    let home = Home::new();
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let url = format!("http://127.0.0.1:{port}");
    let environment = [("DREMIO_URL", url.as_str()), ("DREMIO_PAT", "secret-token")];
    let run = home.run_with(&environment, &["discover"]).exits(3).says("refused").briefly();
    assert!(!run.stderr.contains("secret-token"));
    let report = home.run_with(&environment, &["doctor", "--format", "json"]).exits(3).json();
    assert_eq!(report["failed_step"], "tcp");
    let environment =
        [("DREMIO_URL", "http://no-such-host.invalid:9047"), ("DREMIO_PAT", "secret-token")];
    let report = home.run_with(&environment, &["doctor", "--format", "json"]).exits(3).json();
    assert_eq!(report["failed_step"], "dns");
}

#[test]
fn a_web_page_is_not_a_dremio() {
    let home = Home::new();
    let url = format!("http://127.0.0.1:{}", serve(answer_with_page));
    let environment =
        [("DREMIO_URL", url.as_str()), ("DREMIO_USER", "ada"), ("DREMIO_PASSWORD", "hunter2")];
    let run = home
        .run_with(&environment, &["discover"])
        .exits(3)
        .says("Sign in to Example")
        .says("URL")
        .briefly();
    assert!(!run.stderr.contains("hunter2"));
    let report = home.run_with(&environment, &["doctor", "--format", "json"]).exits(3).json();
    assert_eq!(report["failed_step"], "dremio");
}

#[test]
fn a_certificate_of_its_own_is_named_and_can_be_trusted() {
    let home = Home::new();
    let (port, pem) = serve_tls(rcgen::IsCa::NoCa);
    std::fs::write(home.path().join("ca.pem"), pem).expect("a file");
    let url = format!("https://localhost:{port}");
    let environment = [("DREMIO_URL", url.as_str()), ("DREMIO_PAT", "secret-token")];
    home.run_with(&environment, &["discover"])
        .exits(3)
        .says("certificate")
        .says("ca_file")
        .briefly();
    let failed_step = |args: &[&str]| {
        let mut all = vec!["doctor", "--format", "json"];
        all.extend(args);
        home.run_with(&environment, &all).exits(3).json()["failed_step"].clone()
    };
    assert_eq!(failed_step(&[]), "tls");
    // Past TLS, what answers is a page.
    assert_eq!(failed_step(&["--ca-file", "ca.pem"]), "dremio");
    assert_eq!(failed_step(&["--insecure"]), "dremio");
    home.run_with(&environment, &["discover", "--ca-file", "absent.pem"])
        .exits(2)
        .says("absent.pem")
        .briefly();
}

#[test]
fn a_wrong_password_is_refused_in_words() {
    let home = Home::new();
    let sandbox = Sandbox::start(&["--catalogue", "reference"]);
    let mut environment = sandbox.environment();
    environment.push(("DREMIO_PASSWORD", "not-this-one"));
    let run = home
        .run_with(&environment, &["discover"])
        .exits(3)
        .says("login was refused")
        .says("check user name and password")
        .briefly();
    assert!(!run.stderr.contains("not-this-one") && run.stdout.is_empty());
    let report = home.run_with(&environment, &["doctor", "--format", "json"]).exits(3).json();
    assert_eq!(report["failed_step"], "login");
    let report =
        home.run_with(&sandbox.environment(), &["doctor", "--format", "json"]).exits(0).json();
    assert_eq!(report["ok"], true);
    assert_eq!(report["steps"].as_array().map(Vec::len), Some(23), "of both servers");
}

#[test]
fn a_certificate_marked_as_an_authoritys_is_taken_when_it_is_named_itself() {
    let home = Home::new();
    // What `openssl req -x509` makes when nothing else is said.
    let marked = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let (port, pem) = serve_tls(marked);
    std::fs::write(home.path().join("server.pem"), pem).expect("a file");
    let (_, other) = serve_tls(marked);
    std::fs::write(home.path().join("other.pem"), other).expect("a file");
    let url = format!("https://localhost:{port}");
    let discover = |host: &str, args: &[&str]| {
        let url = url.replace("localhost", host);
        let environment = [("DREMIO_URL", url.as_str()), ("DREMIO_PAT", "secret-token")];
        let mut all = vec!["discover"];
        all.extend(args);
        home.run_with(&environment, &all).exits(3).briefly()
    };
    discover("localhost", &[]).says("self-signed").says("--ca-file");
    // Past TLS, what answers is a page.
    discover("localhost", &["--ca-file", "server.pem"]).says("Sign in to Example");
    discover("localhost", &["--ca-file", "other.pem"]).says("self-signed");
    discover("127.0.0.1", &["--ca-file", "server.pem"]).says("another host name");
}

#[test]
fn a_port_on_which_something_else_is_spoken_is_told() {
    let home = Home::new();
    let discover = |url: String| {
        let environment = [("DREMIO_URL", url.as_str()), ("DREMIO_PAT", "secret-token")];
        home.run_with(&environment, &["discover"]).exits(3).briefly()
    };
    let ssh = serve(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n");
    });
    discover(format!("http://localhost:{ssh}")).says("is not HTTP").says("check the port");
    discover(format!("https://localhost:{ssh}")).says("does not answer in TLS");
    let (tls, _) = serve_tls(rcgen::IsCa::NoCa);
    discover(format!("http://localhost:{tls}")).says("https");
}

#[test]
fn a_proxy_is_named_when_the_proxy_is_to_blame() {
    let home = Home::new();
    let picky = serve(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\
              Content-Length: 0\r\nConnection: close\r\n\r\n",
        );
    });
    let discover = |url: &str, proxy: &str| {
        let environment = [("DREMIO_URL", url), ("DREMIO_PAT", "secret-token")];
        let run = home.run_with(&environment, &["discover", "--proxy", proxy]);
        let run = run.exits(3).briefly().says("through the proxy").says("`proxy`");
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    };
    let refused = |url: &str, proxy: &str| {
        let environment = [("DREMIO_URL", url), ("DREMIO_PAT", "secret-token")];
        let run = home.run_with(&environment, &["discover", "--proxy", proxy]);
        let run = run.exits(3).briefly().says("wants a user and password").says("`proxy`");
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    };
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    for url in ["http://dremio.invalid:9047", "https://dremio.invalid"] {
        refused(url, &format!("http://ada:hunter2@127.0.0.1:{picky}"));
        discover(url, &format!("http://ada:hunter2@{free}"));
        discover(url, "http://no-such-proxy.invalid:3128");
    }
}

#[test]
fn a_token_that_expires_on_the_way_is_told_once_and_keeps_what_was_read() {
    let home = Home::new();
    let spaces: Vec<_> = (0..40)
        .map(|n| {
            let id = format!("00000000-0000-4000-8000-{n:012}");
            json!({"id": id, "path": [format!("s{n}")], "type": "CONTAINER", "containerType": "SPACE"})
        })
        .collect();
    let root = json!({ "data": spaces }).to_string();
    let server = script(move |asked| {
        if asked.target.ends_with("/catalog") { (200, root.clone()) } else { (401, String::new()) }
    });
    let environment = [("DREMIO_URL", server.url.as_str()), ("DREMIO_PAT", "secret-token")];
    let run = home.run_with(&environment, &["discover", "--format", "json"]);
    let run = run.exits(3).says("the token was refused (401)").says("make a new one");
    assert_eq!(run.stderr.matches("token was refused").count(), 1, "{}", run.stderr);
    let json = run.json();
    assert_eq!(json["incomplete"], true);
    assert_eq!(json["resources"].as_array().map(Vec::len), Some(40));
    assert_eq!(server.asked("GET /api/v3/catalog/").len(), 8, "one for each worker, no more");
    home.run_with(&environment, &["snapshots", "list"]).exits(0);
    let list = home.run(&["snapshots", "list"]).exits(0).stdout;
    assert!(list.contains("incomplete"), "{list}");
}

#[test]
fn a_stored_reading_knows_the_tables_that_views_name_in_unlisted_folders() {
    let home = Home::new();
    home.run(&["discover", "--demo", "--no-storage-folders", "--format", "csv"]).exits(4);
    let args = ["check-lineage", "--demo", "--snapshot", "latest", "--format", "json"];
    let stored = home.run(&args).json();
    let live = home.run(&["check-lineage", "--demo", "--format", "json"]).json();
    assert_eq!(stored["broken"], live["broken"]);
    assert_eq!(stored["coverage"], live["coverage"]);
    let text = home.run(&["check-lineage", "--demo", "--snapshot", "latest"]).stdout;
    assert!(!text.contains("may exist"), "{text}");
}
