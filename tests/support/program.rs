//! The program in a home of its own, the sandbox beside it, and servers that are no Dremio.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "a part of several test binaries, each of which uses some of it"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::sync::Arc;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A home folder of its own, and the program run in it.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a home folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("dremio-explorer").expect("the program");
        command.args(args);
        for (name, _) in std::env::vars_os() {
            let shown = name.to_string_lossy().to_uppercase();
            if ["DREMIO", "OPENMETADATA", "XDG_", "NO_COLOR"].iter().any(|it| shown.starts_with(it))
                || shown.ends_with("_PROXY")
            {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.path()).env("COLUMNS", "100").current_dir(self.path());
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().expect("the program runs"))
    }

    pub fn run_with(&self, environment: &[(&str, &str)], args: &[&str]) -> Run {
        let mut command = self.command(args);
        command.envs(environment.iter().copied());
        Run::of(&command.output().expect("the program runs"))
    }
}

/// How a run ended and what it said.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8 output");
        let run = Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        };
        for said in [&run.stdout, &run.stderr] {
            assert!(!said.contains("panicked"), "{said}");
        }
        run
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "no {words:?} in:\n{}", self.stderr);
        self
    }

    /// A message is one to three lines, without the names of Rust types.
    #[track_caller]
    pub fn briefly(self) -> Self {
        assert!((1..=3).contains(&self.stderr.lines().count()), "{}", self.stderr);
        assert!(!self.stderr.contains("::"), "{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.stdout, self.stderr))
    }
}

/// `dremio-explorer sandbox` in the background; ended when dropped.
pub struct Sandbox {
    child: Child,
    environment: Vec<(String, String)>,
    _home: Home,
}

impl Sandbox {
    pub fn start(args: &[&str]) -> Self {
        let home = Home::new();
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("dremio-explorer"))
            .arg("sandbox")
            .args(args)
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the sandbox starts");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut environment = Vec::new();
        for line in stdout.lines() {
            let line = line.expect("a line");
            let (name, value) = line
                .strip_prefix("export ")
                .and_then(|rest| rest.split_once('='))
                .expect("export NAME='value'");
            environment.push((name.to_owned(), value.trim_matches('\'').to_owned()));
            if name == "OPENMETADATA_JWT_TOKEN" {
                break;
            }
        }
        Self { child, environment, _home: home }
    }

    pub fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that gives every connection one answer; returns its port.
pub fn serve(answer: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream);
        }
    });
    port
}

pub fn answer_with_page(mut stream: impl Read + Write) {
    const PAGE: &str = "<html><title>Sign in to Example</title></html>";
    let mut request = [0; 4096];
    let _ = stream.read(&mut request);
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{PAGE}",
        PAGE.len()
    );
    let _ = stream.flush();
}

/// An https server whose certificate it signed itself; returns its port and the certificate.
pub fn serve_tls(marked_as: rcgen::IsCa) -> (u16, String) {
    let mut wanted =
        rcgen::CertificateParams::new(["localhost".to_owned()]).expect("certificate parameters");
    wanted.is_ca = marked_as;
    let pair = rcgen::KeyPair::generate().expect("a key");
    let made = wanted.self_signed(&pair).expect("a certificate");
    let pem = made.pem();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(pair.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.der().clone()], key.into())
        .expect("a server configuration");
    let config = Arc::new(config);
    let port = serve(move |stream| {
        let session = rustls::ServerConnection::new(Arc::clone(&config)).expect("a session");
        answer_with_page(rustls::StreamOwned::new(session, stream));
    });
    (port, pem)
}
