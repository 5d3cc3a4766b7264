//! `doctor`: tries each step of a connection alone and names the first that fails.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use crate::cli::args::{DoctorArgs, ReportFormat};
use crate::cli::printer::{Printer, Tone};
use crate::cli::session::{Session, Target};
use crate::cli::status::{ExitStatus, Failure, with_advice};
use crate::dremio::{Client, CloudRegion, ConnectOptions, Deployment, EntityRef, Error};
use crate::http::{Reason, RequestLog};
use crate::model::display::clean;
use crate::model::{Item, NodeKind};
use crate::report::SCHEMA_VERSION;

/// The steps, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Configuration,
    Dns,
    Tcp,
    Tls,
    Http,
    Dremio,
    Login,
    Root,
    Listing,
    BatchReads,
    Sql,
}

impl Step {
    const ALL: [Self; 11] = [
        Self::Configuration,
        Self::Dns,
        Self::Tcp,
        Self::Tls,
        Self::Http,
        Self::Dremio,
        Self::Login,
        Self::Root,
        Self::Listing,
        Self::BatchReads,
        Self::Sql,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Dns => "host name",
            Self::Tcp => "connection",
            Self::Tls => "TLS",
            Self::Http => "HTTP",
            Self::Dremio => "is it Dremio",
            Self::Login => "login",
            Self::Root => "root listing",
            Self::Listing => "a folder's listing",
            Self::BatchReads => "batch reads",
            Self::Sql => "SQL",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Passed,
    Failed,
    /// It says nothing here: no TLS on http, nothing to list.
    NotApplicable,
    /// Not reached, because an earlier step failed.
    NotTried,
}

#[derive(Debug, Serialize)]
struct Finding {
    step: Step,
    outcome: Outcome,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    ms: u64,
}

/// What came of a step that was tried.
enum Tried {
    Passed(String),
    NotApplicable(String),
    Failed { detail: String, advice: Option<String> },
}

impl From<Error> for Tried {
    fn from(error: Error) -> Self {
        let (detail, advice) = with_advice(&error);
        Self::Failed { detail, advice: advice.map(str::to_owned) }
    }
}

/// Findings as they come in, shown at once.
struct Examination<'a> {
    printer: &'a Printer,
    live: bool,
    findings: Vec<Finding>,
}

impl Examination<'_> {
    /// Takes down what came of a step; `false` when nothing after it can work.
    fn note(
        &mut self,
        step: Step,
        started: Instant,
        tried: impl Into<Tried>,
    ) -> Result<bool, Failure> {
        let (outcome, detail, advice) = match tried.into() {
            Tried::Passed(detail) => (Outcome::Passed, detail, None),
            Tried::NotApplicable(detail) => (Outcome::NotApplicable, detail, None),
            Tried::Failed { detail, advice } => (Outcome::Failed, detail, advice),
        };
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let finding = Finding { step, outcome, detail, advice, ms };
        if self.live {
            self.printer.data(&line(self.printer, &finding))?;
        }
        self.findings.push(finding);
        Ok(outcome != Outcome::Failed)
    }

    fn failed(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.outcome == Outcome::Failed)
    }
}

fn line(printer: &Printer, finding: &Finding) -> String {
    let (mark, tone) = match (finding.outcome, printer.ascii()) {
        (Outcome::Passed, false) => ("✓", Tone::Good),
        (Outcome::Passed, true) => ("ok", Tone::Good),
        (Outcome::Failed, false) => ("✗", Tone::Bad),
        (Outcome::Failed, true) => ("!!", Tone::Bad),
        (Outcome::NotApplicable | Outcome::NotTried, _) => ("-", Tone::Faint),
    };
    let width = if printer.ascii() { 2 } else { 1 };
    let mark = printer.tone(tone, &format!("{mark:width$}"));
    let mut text = format!("{mark} {:18} {}\n", finding.step.name(), clean(&finding.detail));
    if let Some(advice) = &finding.advice {
        let _ = writeln!(text, "{:indent$}{advice}", "", indent = width + 20);
    }
    text
}

/// Runs the command.
pub(super) async fn run(session: &Session, args: &DoctorArgs) -> Result<ExitStatus, Failure> {
    let mut examination = Examination {
        printer: &session.printer,
        live: args.format == ReportFormat::Text,
        findings: Vec::new(),
    };
    let started = Instant::now();
    let settings = session.settings()?;
    let _log = session.start_log(&settings, false);
    let target = match session.target(&settings).await {
        Ok(target) => Some(target),
        Err(failure) => {
            let tried = Tried::Failed { detail: failure.message, advice: None };
            examination.note(Step::Configuration, started, tried)?;
            None
        }
    };
    if let Some(target) = &target {
        let whole = examine(&mut examination, target, started, args.no_sql, &session.cancel);
        tokio::select! {
            outcome = whole => outcome?,
            () = session.cancel.cancelled() => return Err(Failure::interrupted()),
        }
    }
    let failed_step = examination.failed().map(|finding| finding.step);
    conclude(session, examination, args.format)?;
    Ok(match failed_step {
        None => ExitStatus::Fine,
        Some(Step::Configuration) => ExitStatus::Usage,
        Some(_) => ExitStatus::Remote,
    })
}

fn conclude(
    session: &Session,
    mut examination: Examination<'_>,
    format: ReportFormat,
) -> Result<(), Failure> {
    let failed = examination.failed().map(|finding| finding.step);
    match format {
        ReportFormat::Text => {
            let text = match failed {
                None => "everything works\n".to_owned(),
                Some(step) => format!("failed at: {}\n", step.name()),
            };
            session.printer.data(&text)
        }
        ReportFormat::Json => {
            for step in Step::ALL {
                if !examination.findings.iter().any(|finding| finding.step == step) {
                    examination.findings.push(Finding {
                        step,
                        outcome: Outcome::NotTried,
                        detail: String::new(),
                        advice: None,
                        ms: 0,
                    });
                }
            }
            let document = serde_json::json!({
                "schema_version": SCHEMA_VERSION,
                "ok": failed.is_none(),
                "failed_step": failed,
                "steps": examination.findings,
            });
            session.printer.data(&format!("{document:#}\n"))
        }
    }
}

/// Tries every step until one fails after which the rest cannot work.
async fn examine(
    examination: &mut Examination<'_>,
    target: &Target,
    started: Instant,
    no_sql: bool,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let mut options = target.options.clone();
    // A person waits: say what is wrong now rather than after the fourth try.
    options.http.retries = options.http.retries.min(1);
    let base = base_url(&options.deployment);
    let client = match Client::new(options.clone(), RequestLog::new()) {
        Ok(client) => client,
        Err(error) => {
            examination.note(Step::Configuration, started, error)?;
            return Ok(());
        }
    };
    let described = describe(&options, target, &base);
    examination.note(Step::Configuration, started, Tried::Passed(described))?;

    if !reach(examination, &options, &base).await? {
        return Ok(());
    }
    if !greet(examination, &client, &options, &base).await? {
        return Ok(());
    }
    let Some(roots) = enter(examination, &client).await? else { return Ok(()) };
    look_around(examination, &client, &roots).await?;

    let started = Instant::now();
    let tried = if no_sql {
        Tried::NotApplicable("left out, as asked".to_owned())
    } else {
        match client.query("SELECT 1 AS one", &[], 1, cancel).await {
            Ok(answer) if answer.rows.len() == 1 => Tried::Passed("SELECT 1 answers".to_owned()),
            Ok(answer) => Tried::Failed {
                detail: format!("SELECT 1 gave {} rows", answer.rows.len()),
                advice: None,
            },
            Err(error) => error.into(),
        }
    };
    examination.note(Step::Sql, started, tried)?;
    client.logout().await;
    Ok(())
}

/// Host name and connection, to the proxy if there is one.
async fn reach(
    examination: &mut Examination<'_>,
    options: &ConnectOptions,
    base: &Url,
) -> Result<bool, Failure> {
    let limit = options.http.connect_timeout;
    let proxy = options.http.proxy.as_deref().and_then(|proxy| Url::parse(proxy).ok());
    if proxy.is_none() && environment_proxy(base) {
        let started = Instant::now();
        for step in [Step::Dns, Step::Tcp] {
            let why = "a proxy of the environment is in between; see HTTP below".to_owned();
            examination.note(step, started, Tried::NotApplicable(why))?;
        }
        return Ok(true);
    }
    let (url, whose) = proxy.as_ref().map_or((base, ""), |proxy| (proxy, "proxy "));
    let port = url.port_or_known_default().unwrap_or(1080);

    let started = Instant::now();
    let (addresses, tried) = resolve(url, port, limit).await;
    if !examination.note(Step::Dns, started, tried)? {
        return Ok(false);
    }
    let started = Instant::now();
    let tried = dial(&addresses, limit, whose).await;
    examination.note(Step::Tcp, started, tried)
}

async fn resolve(url: &Url, port: u16, limit: Duration) -> (Vec<SocketAddr>, Tried) {
    let name = match url.host() {
        Some(Host::Ipv4(ip)) => {
            let tried = Tried::NotApplicable(format!("{ip} is an address"));
            return (vec![SocketAddr::from((ip, port))], tried);
        }
        Some(Host::Ipv6(ip)) => {
            let tried = Tried::NotApplicable(format!("{ip} is an address"));
            return (vec![SocketAddr::from((ip, port))], tried);
        }
        Some(Host::Domain(name)) => name,
        None => "",
    };
    let failed = |detail: String| {
        let advice = Some(Reason::Dns.advice().to_owned());
        (Vec::new(), Tried::Failed { detail, advice })
    };
    match timeout(limit, lookup_host((name, port))).await {
        Err(_) => failed(format!("no answer about {name} within {} s", limit.as_secs_f64())),
        Ok(Err(error)) => failed(format!("{name} is not known: {error}")),
        Ok(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.collect();
            if addresses.is_empty() {
                return failed(format!("{name} has no address"));
            }
            let shown: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
            (addresses, Tried::Passed(format!("{name} is {}", shown.join(", "))))
        }
    }
}

async fn dial(addresses: &[SocketAddr], limit: Duration, whose: &str) -> Tried {
    let mut last = None;
    for address in addresses {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Tried::Passed(format!("{whose}{address} takes connections")),
            Ok(Err(error)) => {
                let reason = if error.kind() == std::io::ErrorKind::ConnectionRefused {
                    Reason::Refused
                } else {
                    Reason::Connect
                };
                last = Some((format!("{whose}{address}: {error}"), reason));
            }
            Err(_) => {
                let detail =
                    format!("{whose}{address}: no connection within {} s", limit.as_secs_f64());
                last = Some((detail, Reason::ConnectTimeout));
            }
        }
    }
    let (detail, reason) = last.unwrap_or_else(|| ("no address".to_owned(), Reason::Dns));
    Tried::Failed { detail, advice: Some(reason.advice().to_owned()) }
}

/// TLS, HTTP, and whether the answer is Dremio's: one request, read three ways.
async fn greet(
    examination: &mut Examination<'_>,
    client: &Client,
    options: &ConnectOptions,
    base: &Url,
) -> Result<bool, Failure> {
    let started = Instant::now();
    let is_cloud = matches!(options.deployment, Deployment::Cloud { .. });
    // Cloud has no status of its own; a first listing tells the same (contract §1.2).
    let answer = if is_cloud {
        client.root().await.map(|_| "Dremio Cloud answers".to_owned())
    } else {
        client.server_status().await.map(|word| format!("Dremio says {word:?}"))
    };
    let failed_at = match &answer {
        Ok(_) => None,
        Err(Error::Unreachable { reason: Reason::Certificate | Reason::Tls, .. }) => {
            Some(Step::Tls)
        }
        Err(Error::Unreachable { .. } | Error::Throttled { .. }) => Some(Step::Http),
        // Whatever else was said, something that speaks Dremio's JSON said it.
        Err(
            Error::Unauthorized { .. }
            | Error::BadLogin { .. }
            | Error::Forbidden { .. }
            | Error::Project { .. }
            | Error::NoFirstUser { .. },
        ) if is_cloud => None,
        Err(_) => Some(Step::Dremio),
    };
    let mut error = answer.as_ref().err().filter(|_| failed_at.is_some()).cloned();
    for step in [Step::Tls, Step::Http, Step::Dremio] {
        let tried = if failed_at == Some(step) {
            error.take().map_or_else(|| Tried::Passed(String::new()), Tried::from)
        } else {
            match step {
                Step::Tls if base.scheme() != "https" => {
                    Tried::NotApplicable("the URL is http: nothing is encrypted".to_owned())
                }
                Step::Tls if options.http.tls.insecure => {
                    Tried::Passed("encrypted; any certificate is taken, as set".to_owned())
                }
                Step::Tls => Tried::Passed("the certificate is trusted".to_owned()),
                Step::Http => Tried::Passed(format!("{} answers", host(base))),
                _ => Tried::Passed(answer.as_ref().map_or_else(
                    |_| "the answer is Dremio's".to_owned(),
                    |words| clean(words).into_owned(),
                )),
            }
        };
        if !examination.note(step, started, tried)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Login and root listing.
async fn enter(
    examination: &mut Examination<'_>,
    client: &Client,
) -> Result<Option<Vec<Item>>, Failure> {
    let started = Instant::now();
    let tried = match client.login().await {
        Ok(server) => {
            let mut words = String::from("logged in");
            if let Some(user) = &server.user {
                let _ = write!(words, " as {user}");
            }
            for (name, value) in [("version", &server.version), ("edition", &server.edition)] {
                if let Some(value) = value {
                    let _ = write!(words, ", {name} {value}");
                }
            }
            Tried::Passed(words)
        }
        Err(error) => error.into(),
    };
    if !examination.note(Step::Login, started, tried)? {
        return Ok(None);
    }
    let started = Instant::now();
    let (roots, tried) = match client.root().await {
        Ok(roots) if roots.is_empty() => {
            (None, Tried::Passed("nothing is there, or this user may see nothing".to_owned()))
        }
        Ok(roots) => {
            let count = roots.len();
            (
                Some(roots),
                Tried::Passed(format!("{count} at the root: homes, spaces, sources, functions")),
            )
        }
        Err(error) => (None, error.into()),
    };
    let passed = examination.note(Step::Root, started, tried)?;
    Ok(passed.then(|| roots.unwrap_or_default()))
}

/// A listing, and a batch read of a dataset if one is found on the way.
async fn look_around(
    examination: &mut Examination<'_>,
    client: &Client,
    roots: &[Item],
) -> Result<(), Failure> {
    /// How many folders are opened in search of a dataset.
    const PATIENCE: usize = 12;
    let started = Instant::now();
    let mut to_open: Vec<Item> = roots.iter().filter(|item| opens_fast(item)).cloned().collect();
    to_open.reverse();
    let (mut listed, mut dataset, mut error) = (None, None, None);
    for _ in 0..PATIENCE {
        let Some(item) = to_open.pop() else { break };
        let of = EntityRef { path: item.path.clone(), id: item.id.clone() };
        match client.children(&of, None).await {
            Ok(page) => {
                let count = page.items.len();
                // An empty home proves less than a folder with something in it.
                if listed.as_ref().is_none_or(|(best, _)| *best == 0) {
                    listed = Some((count, format!("{} lists {count} entries", item.path)));
                }
                dataset = page.items.iter().find(|item| item.kind.is_dataset()).cloned();
                if dataset.is_some() {
                    break;
                }
                to_open.extend(page.items.into_iter().filter(opens_fast).rev());
            }
            // A source that is down is its own trouble, not the connection's.
            Err(Error::SourceDown { .. } | Error::Forbidden { .. }) => {}
            Err(other) => {
                error.get_or_insert(other);
            }
        }
    }
    let tried = match (listed, error) {
        (Some((_, words)), _) => Tried::Passed(words),
        (None, Some(error)) => error.into(),
        (None, None) => Tried::NotApplicable("there is nothing to list".to_owned()),
    };
    examination.note(Step::Listing, started, tried)?;

    let started = Instant::now();
    let tried = match dataset.and_then(|item| Some((item.path, item.id?))) {
        None => Tried::NotApplicable("no dataset was found to try it with".to_owned()),
        Some((path, id)) => match client.datasets(&[id]).await {
            Ok(answer) if answer.entities.is_empty() => {
                let words = answer.failed.first().map_or("nothing came back", |(_, words)| words);
                Tried::Passed(format!("offered ({path}: {words})"))
            }
            Ok(_) => Tried::Passed(format!("offered; read {path}")),
            Err(Error::Unsupported { .. }) => Tried::NotApplicable(
                "not offered by this version: details are read one by one, or by SQL".to_owned(),
            ),
            Err(error) => error.into(),
        },
    };
    examination.note(Step::BatchReads, started, tried)?;
    Ok(())
}

/// Homes are left alone where others do; sources come last, since their listing may be live.
fn opens_fast(item: &Item) -> bool {
    matches!(item.kind, NodeKind::Space | NodeKind::Source | NodeKind::Folder | NodeKind::Home)
}

fn base_url(deployment: &Deployment) -> Url {
    let cloud = |host: &str| {
        Url::parse(&format!("https://{host}")).expect("a literal host makes a valid URL")
    };
    match deployment {
        Deployment::Software { base_url } | Deployment::Cloud { base_url: Some(base_url), .. } => {
            base_url.clone()
        }
        Deployment::Cloud { region: CloudRegion::Us, .. } => cloud("api.dremio.cloud"),
        Deployment::Cloud { region: CloudRegion::Eu, .. } => cloud("api.eu.dremio.cloud"),
    }
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn describe(options: &ConnectOptions, target: &Target, base: &Url) -> String {
    let mut words = format!("{}://{}", base.scheme(), host(base));
    if let Deployment::Cloud { project_id, .. } = &options.deployment {
        let _ = write!(words, ", project {project_id}");
    }
    words.push_str(match &options.credentials {
        crate::dremio::Credentials::Password { .. } => ", by password",
        crate::dremio::Credentials::Token(_) => ", by personal access token",
        crate::dremio::Credentials::OAuth { .. } => ", by token exchange",
    });
    if let Some(name) = &target.name {
        let _ = write!(words, " ({name})");
    }
    words
}

/// Whether the environment names a proxy for this URL; never for this machine itself.
fn environment_proxy(url: &Url) -> bool {
    let is_local = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => true,
    };
    let names: &[&str] = if url.scheme() == "https" {
        &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    } else {
        &["http_proxy", "ALL_PROXY", "all_proxy"]
    };
    !is_local && names.iter().any(|name| std::env::var_os(name).is_some_and(|it| !it.is_empty()))
}
