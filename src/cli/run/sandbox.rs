//! `sandbox` and `--demo`: the servers inside this program. Nothing else here knows them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use url::Url;

use super::seed;
use crate::cli::args::{EditionArg, FaultKind, ReportFormat, SandboxArgs};
use crate::cli::session::{Session, Target};
use crate::cli::status::{ExitStatus, Failure, flatten};
use crate::config::Settings;
use crate::dremio::{ConnectOptions, Credentials, Deployment};
use crate::http::TlsOptions;
use crate::report::SCHEMA_VERSION;
use crate::sandbox::dremio::{DremioOptions, Edition, Faults};
use crate::sandbox::openmetadata::OpenMetadataOptions;
use crate::sandbox::servers::{Content, Sandbox, StartError};

/// The demo whose OpenMetadata is not empty at first.
const SEEDED: &str = "shop";
/// The project of the sandbox's Cloud.
const PROJECT: &str = "sandbox";

/// The demo's servers, which stop when this is dropped.
#[derive(Debug)]
pub(in crate::cli) struct Demo {
    sandbox: Sandbox,
}

impl Demo {
    /// How to reach the demo's OpenMetadata, with the rights of its bot.
    pub(in crate::cli) fn openmetadata(
        &self,
        settings: &Settings,
    ) -> crate::openmetadata::ConnectOptions {
        let server = &self.sandbox.openmetadata;
        crate::openmetadata::ConnectOptions {
            url: server.url(),
            credentials: crate::openmetadata::Credentials::Token(server.bot_token().into()),
            http: settings.openmetadata.http.clone(),
            max_concurrency: Some(settings.sync.max_workers),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::usage(flatten(&error))
    }
}

/// Starts the demo: everything that is set about servers gives way, the rest stays.
pub(in crate::cli) async fn start(catalogue: &str, settings: &Settings) -> Result<Target, Failure> {
    let content = content(catalogue);
    let sandbox =
        Sandbox::start(&content, DremioOptions::default(), OpenMetadataOptions::default()).await?;
    if catalogue == SEEDED {
        seed(&sandbox, settings)?;
    }
    let mut http = settings.dremio.http.clone();
    http.tls = TlsOptions::default();
    http.proxy = None;
    let options = ConnectOptions {
        deployment: Deployment::Software { base_url: url_of(&sandbox)? },
        credentials: Credentials::Password {
            user: sandbox.dremio.user().to_owned(),
            password: sandbox.dremio.password().into(),
        },
        http,
        max_concurrency: settings.discovery.max_workers,
    };
    Ok(Target { options, name: Some(catalogue.to_owned()), demo: Some(Demo { sandbox }) })
}

/// Has the sandbox's OpenMetadata hold an earlier state of its catalogue.
fn seed(sandbox: &Sandbox, settings: &Settings) -> Result<(), Failure> {
    let unfit = |why| Failure::usage(format!("the sandbox's OpenMetadata cannot be filled: {why}"));
    let seed =
        seed::earlier(sandbox.dremio.catalogue(), &settings.sync_settings()).map_err(unfit)?;
    sandbox.openmetadata.fill(seed).map_err(unfit)
}

fn content(catalogue: &str) -> Content {
    if catalogue == "hostile" { Content::Hostile } else { Content::Named(catalogue.to_owned()) }
}

fn url_of(sandbox: &Sandbox) -> Result<Url, Failure> {
    let url = sandbox.dremio.url();
    Url::parse(&url).map_err(|error| {
        Failure::new(ExitStatus::Remote, format!("the demo gave itself the address {url}: {error}"))
    })
}

/// Runs the command until Ctrl-C.
pub(super) async fn run(session: &Session, args: &SandboxArgs) -> Result<ExitStatus, Failure> {
    let content = args.scale.map_or_else(|| content(&args.catalogue), Content::Scale);
    let openmetadata = OpenMetadataOptions {
        port: args.openmetadata_port,
        latency: args.latency,
        ..OpenMetadataOptions::default()
    };
    let sandbox = Sandbox::start(&content, dremio_options(args), openmetadata).await?;
    if args.seeded {
        seed(&sandbox, &session.settings()?)?;
    }
    let description = describe(&sandbox, args.edition);
    match args.format {
        ReportFormat::Json => session.printer.data(&format!("{description:#}\n"))?,
        ReportFormat::Text => session.printer.data(&as_variables(&description))?,
    }
    session.printer.note("serving until Ctrl-C");
    session.cancel.cancelled().await;
    let requests = sandbox.dremio.requests();
    session.printer.note(&format!(
        "Dremio: {} requests, at most {} at once, {} that would change something, {} malformed",
        requests.len(),
        sandbox.dremio.peak_in_flight(),
        requests.iter().filter(|seen| seen.is_mutation).count(),
        requests.iter().filter(|seen| seen.defect.is_some()).count(),
    ));
    sandbox.dremio.stop().await;
    Ok(ExitStatus::Fine)
}

fn dremio_options(args: &SandboxArgs) -> DremioOptions {
    let mut faults = Faults { slow_by: args.slow_by, ..Faults::default() };
    for fault in &args.fault {
        *match fault.kind {
            FaultKind::Unavailable => &mut faults.unavailable,
            FaultKind::Throttled => &mut faults.throttled,
            FaultKind::Reset => &mut faults.reset,
            FaultKind::Truncated => &mut faults.truncated,
            FaultKind::CutOff => &mut faults.cut_off,
            FaultKind::Html => &mut faults.html,
            FaultKind::Slow => &mut faults.slow,
        } = fault.share;
    }
    DremioOptions {
        edition: match args.edition {
            EditionArg::Oss => Edition::Oss,
            EditionArg::Enterprise => Edition::Enterprise,
            EditionArg::Cloud => Edition::Cloud { project: PROJECT.to_owned() },
        },
        by_ids: !args.no_by_ids,
        page_cap: args.page_size,
        latency: args.latency,
        faults,
        expire_tokens_after: args.expire_tokens_after,
        port: args.port,
        seed: args.seed,
        ..DremioOptions::default()
    }
}

/// Addresses and credentials, under the names of the variables that this program reads.
fn describe(sandbox: &Sandbox, edition: EditionArg) -> Value {
    let dremio = &sandbox.dremio;
    let openmetadata = &sandbox.openmetadata;
    let mut environment = serde_json::Map::new();
    let mut set = |name: &str, value: &str| environment.insert(name.to_owned(), json!(value));
    set("DREMIO_URL", &dremio.url());
    match edition {
        EditionArg::Oss => {
            set("DREMIO_USER", dremio.user());
            set("DREMIO_PASSWORD", dremio.password());
        }
        EditionArg::Enterprise => {
            set("DREMIO_PAT", &dremio.pat());
        }
        EditionArg::Cloud => {
            set("DREMIO_PROJECT_ID", PROJECT);
            set("DREMIO_PAT", &dremio.pat());
        }
    }
    set("OPENMETADATA_URL", &openmetadata.url());
    set("OPENMETADATA_JWT_TOKEN", openmetadata.bot_token());
    let (user, password) = openmetadata.login();
    json!({
        "schema_version": SCHEMA_VERSION,
        "dremio": {
            "url": dremio.url(),
            "api_url": dremio.api_url(),
            "user": dremio.user(),
            "password": dremio.password(),
            "personal_access_token": dremio.pat(),
            "datasets": dremio.catalogue().all().filter(|ix| dremio.catalogue().is_dataset(*ix)).count(),
        },
        "openmetadata": {
            "url": openmetadata.url(),
            "bot_token": openmetadata.bot_token(),
            "user_token": openmetadata.user_token(),
            "user": user,
            "password": password,
        },
        "environment": environment,
    })
}

/// Lines for a shell: `DREMIO_URL='…'`.
fn as_variables(description: &Value) -> String {
    let Some(environment) = description["environment"].as_object() else { return String::new() };
    let mut text = String::new();
    for (name, value) in environment {
        let value = value.as_str().unwrap_or_default().replace('\'', "'\\''");
        let _ = writeln!(text, "export {name}='{value}'");
    }
    text
}
