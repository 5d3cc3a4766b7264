//! A Dremio whose catalogue changes between rounds, an OpenMetadata, and the program beside them.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use dremio_explorer::sandbox::dremio::{DremioOptions, DremioSandbox};
use dremio_explorer::sandbox::openmetadata::{OpenMetadataOptions, OpenMetadataSandbox};
use dremio_explorer::sandbox::world::World;
use serde_json::Value;
use tempfile::TempDir;

/// Two sources of tables and a space with a chain of views.
pub(crate) const WORLD: &str = r"
title: A shop that changes
user: ada
password: s3cret
version: 25.2.0-202410241428100111-a963b970
catalog:
  - name: crm
    kind: source
    connector: POSTGRES
    children:
      - name: public
        kind: folder
        children:
          - { name: customers, kind: table, columns: [id BIGINT, email VARCHAR, country VARCHAR] }
          - { name: leads, kind: table, columns: [id BIGINT] }
          - { name: visits, kind: table, columns: [id BIGINT] }
          - { name: calls, kind: table, columns: [id BIGINT] }
  - name: erp
    kind: source
    connector: POSTGRES
    children:
      - name: public
        kind: folder
        children:
          - { name: orders, kind: table, columns: [order_id BIGINT, customer_id BIGINT, amount INTEGER] }
          - { name: lines, kind: table, columns: [order_id BIGINT] }
          - { name: items, kind: table, columns: [item_id BIGINT] }
  - name: sales
    kind: space
    children:
      - name: staging
        kind: folder
        children:
          - name: stg_customers
            kind: view
            wiki: One row per customer.
            sql: SELECT id, email, country FROM crm.public.customers
            columns: [id BIGINT, email VARCHAR, country VARCHAR]
          - name: stg_orders
            kind: view
            sql: SELECT order_id, customer_id, amount FROM erp.public.orders
            columns: [order_id BIGINT, customer_id BIGINT, amount INTEGER]
      - name: mailing
        kind: view
        sql: SELECT email FROM sales.staging.stg_customers
        columns: [email VARCHAR]
      - name: revenue
        kind: view
        sql: SELECT c.country, SUM(o.amount) AS amount FROM sales.staging.stg_orders o JOIN sales.staging.stg_customers c ON o.customer_id = c.id GROUP BY c.country
        columns: [country VARCHAR, amount BIGINT]
";

/// The world with parts replaced, each of which must be there.
pub(crate) fn world(changes: &[(&str, &str)]) -> String {
    let mut text = WORLD.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

/// The world without the source `erp`.
pub(crate) fn without_erp() -> String {
    let (from, to) = (
        WORLD.find("  - name: erp").expect("is there"),
        WORLD.find("  - name: sales").expect("is there"),
    );
    format!("{}{}", &WORLD[..from], &WORLD[to..])
}

/// Nothing but the source `crm`.
pub(crate) fn only_crm() -> String {
    WORLD[..WORLD.find("  - name: erp").expect("is there")].to_owned()
}

pub(crate) struct Stage {
    dremio: Option<DremioSandbox>,
    port: u16,
    options: DremioOptions,
    pub(crate) openmetadata: OpenMetadataSandbox,
    home: TempDir,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(DremioOptions::default()).await
    }

    pub(crate) async fn with(options: DremioOptions) -> Self {
        let openmetadata =
            OpenMetadataSandbox::start(OpenMetadataOptions::default()).await.expect("starts");
        let home = tempfile::tempdir().expect("a folder");
        let mut stage = Self { dremio: None, port: 0, options, openmetadata, home };
        stage.serve(WORLD).await;
        stage
    }

    /// Serves another catalogue at the same address.
    pub(crate) async fn serve(&mut self, yaml: &str) {
        self.stop().await;
        let world = World::from_yaml(yaml).expect("a world");
        let options = DremioOptions { port: self.port, ..self.options.clone() };
        let dremio = dremio_explorer::sandbox::start(world, options).await.expect("starts");
        self.port =
            dremio.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("is there");
        self.dremio = Some(dremio);
    }

    /// Nobody listens any more.
    pub(crate) async fn stop(&mut self) {
        if let Some(dremio) = self.dremio.take() {
            dremio.stop().await;
        }
    }

    pub(crate) fn dremio(&self) -> &DremioSandbox {
        self.dremio.as_ref().expect("it is up")
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// `watch` with these arguments; it retries nothing by itself, so that faults are seen at once.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dremio-explorer"));
        command
            .arg("watch")
            .args(arguments)
            .arg("--data-dir")
            .arg(self.home())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("DREMIO_URL", format!("http://127.0.0.1:{}", self.port))
            .env("DREMIO_USER", "ada")
            .env("DREMIO_PASSWORD", "s3cret")
            .env("DREMIO_EXPLORER_DREMIO_RETRIES", "0")
            .env("DREMIO_EXPLORER_OPENMETADATA_RETRIES", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The same with OpenMetadata set.
    pub(crate) fn syncing(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command
            .env("OPENMETADATA_URL", self.openmetadata.url())
            .env("OPENMETADATA_JWT_TOKEN", self.openmetadata.bot_token());
        command
    }

    /// One round without OpenMetadata, as JSON.
    pub(crate) async fn once(&self, arguments: &[&str]) -> Ran {
        let all = [&["--once", "--format", "json"], arguments].concat();
        run(self.command(&all)).await
    }

    /// One round with OpenMetadata, as JSON.
    pub(crate) async fn sync_once(&self, arguments: &[&str]) -> Ran {
        let all = [&["--once", "--format", "json"], arguments].concat();
        run(self.syncing(&all)).await
    }

    /// `METHOD /path` of what was written to OpenMetadata since the last call.
    pub(crate) fn writes(&self) -> Vec<String> {
        let writes = self.openmetadata.writes();
        self.openmetadata.clear_requests();
        writes.iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect()
    }
}

/// How a run ended and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let ran = Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        };
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "no {words:?} in:\n{}", self.stderr);
        self
    }

    /// The one line of JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let lines: Vec<&str> = self.stdout.lines().collect();
        assert_eq!(lines.len(), 1, "{}\n{}", self.stdout, self.stderr);
        serde_json::from_str(lines[0]).expect("JSON")
    }
}

/// Runs a command on a thread of its own, so that the servers can answer meanwhile.
pub(crate) async fn run(mut command: Command) -> Ran {
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    Ran::of(&output.expect("runs").expect("starts"))
}

/// A watch under way, whose words go to files.
pub(crate) struct Watch {
    child: Child,
    folder: TempDir,
}

impl Watch {
    pub(crate) fn start(mut command: Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name| std::fs::File::create(folder.path().join(name)).expect("a file");
        let child = command.stdout(file("out")).stderr(file("err")).spawn().expect("starts");
        Self { child, folder }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("UTF-8")
    }

    pub(crate) fn stderr(&self) -> String {
        self.read("err")
    }

    /// The whole lines of JSON so far.
    pub(crate) fn rounds(&self) -> Vec<Value> {
        let text = self.read("out");
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        whole.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// Waits until something is so, and says what was said meanwhile if it never is.
    pub(crate) async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            let late = start.elapsed() > Duration::from_secs(60);
            let ended = self.child.try_wait().expect("a child");
            assert!(
                !late && ended.is_none(),
                "{what}: {ended:?}\n{}\n{}",
                self.read("out"),
                self.stderr()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn until_rounds(&mut self, count: usize) -> Vec<Value> {
        self.until(&format!("{count} rounds"), |watch| watch.rounds().len() >= count).await;
        self.rounds()
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("is sent");
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("is killed");
        self.child.wait().expect("is dead");
    }

    /// Waits for the end; gives the code and how long it took.
    pub(crate) async fn ended(&mut self) -> (Option<i32>, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return (status.code(), start.elapsed());
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{}", self.stderr());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
