//! The steps of a connection to Dremio.

use std::fmt::Write as _;
use std::time::Instant;

use tokio_util::sync::CancellationToken;
use url::Url;

use super::findings::{Examination, Step, Tried};
use super::reach::{encryption, host, reach, step_of};
use crate::cli::session::Target;
use crate::cli::status::Failure;
use crate::dremio::{Client, CloudRegion, ConnectOptions, Deployment, EntityRef, Error};
use crate::http::RequestLog;
use crate::model::display::clean;
use crate::model::{Item, NodeKind};

/// Tries every step until one fails after which the rest cannot work.
pub(super) async fn examine(
    examination: &mut Examination<'_>,
    target: &Target,
    started: Instant,
    no_sql: bool,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let mut options = target.options.clone();
    // A person waits: say what is wrong now rather than after the fourth try.
    options.http.retries = options.http.retries.min(1);
    let made = base_url(&options.deployment)
        .and_then(|base| Ok((base, Client::new(options.clone(), RequestLog::new())?)));
    let (base, client) = match made {
        Ok(made) => made,
        Err(error) => {
            examination.note(Step::Configuration, started, error)?;
            return Ok(());
        }
    };
    let described = describe(&options, target, &base);
    examination.note(Step::Configuration, started, Tried::Passed(described))?;

    if !reach(examination, &options.http, &base).await? {
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
        Err(Error::Unreachable { reason, .. }) => Some(step_of(*reason)),
        Err(Error::Throttled { .. }) => Some(Step::Http),
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
                Step::Tls => encryption(&options.http, base),
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
                let words = match answer.failed.first() {
                    Some((_, error)) => error.to_string(),
                    None => "nothing came back".to_owned(),
                };
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

fn base_url(deployment: &Deployment) -> Result<Url, Error> {
    let host = match deployment {
        Deployment::Software { base_url } | Deployment::Cloud { base_url: Some(base_url), .. } => {
            return Ok(base_url.clone());
        }
        Deployment::Cloud { region: CloudRegion::Us, .. } => "api.dremio.cloud",
        Deployment::Cloud { region: CloudRegion::Eu, .. } => "api.eu.dremio.cloud",
    };
    Url::parse(&format!("https://{host}")).map_err(|error| Error::Setup(format!("{host}: {error}")))
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
