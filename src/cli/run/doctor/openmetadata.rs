//! The steps of a connection to OpenMetadata.

use std::time::Instant;

use url::Url;

use super::findings::{Examination, Step, Tried};
use super::reach::{encryption, host, reach, step_of};
use crate::cli::status::Failure;
use crate::config::Settings;
use crate::http::RequestLog;
use crate::openmetadata::entity::{EntityType, StoredCommon, StoredService, StoredTable};
use crate::openmetadata::{Client, ConnectOptions, Credentials, Error, Identity, names};
use crate::sync::Principal;
use crate::sync::session::{principal, server_traits};

/// Major and minor of the servers that this program is tested with (contract §7).
const TESTED: [(u32, u32); 3] = [(1, 12), (1, 13), (2, 0)];

/// Tries every step until one fails after which the rest cannot work.
pub(super) async fn examine(
    examination: &mut Examination<'_>,
    mut options: ConnectOptions,
    settings: &Settings,
    started: Instant,
) -> Result<(), Failure> {
    // A person waits: say what is wrong now rather than after the fourth try.
    options.http.retries = options.http.retries.min(1);
    let client = match Client::new(options.clone(), RequestLog::new()) {
        Ok(client) => client,
        Err(error) => {
            examination.note(Step::Configuration, started, error)?;
            return Ok(());
        }
    };
    let base = client.root().clone();
    let described = Tried::passed(describe(&options, &base));
    examination.note(Step::Configuration, started, described)?;
    if !reach(examination, &options.http, &base).await? {
        return Ok(());
    }
    let Some((version, numbers)) = greet(examination, &client, &options, &base).await? else {
        return Ok(());
    };

    let started = Instant::now();
    let identity = match client.identity().await {
        Ok(identity) => identity,
        Err(error) => {
            examination.note(Step::Login, started, error)?;
            return Ok(());
        }
    };
    let who = identity.user.as_ref().map_or_else(
        || "the token is taken, though not said whose it is".to_owned(),
        |user| format!("logged in as {user}"),
    );
    examination.note(Step::Login, started, Tried::passed(who))?;
    let server = crate::openmetadata::ServerInfo {
        host: host(&base),
        version,
        numbers,
        user: identity.user.clone(),
        is_bot: identity.is_bot,
    };
    let rules = rules(principal(&server), &identity);
    examination.note(Step::Writes, Instant::now(), Tried::passed(rules))?;
    let is_old = !server_traits(&server).stores_sql_changes;
    look_around(examination, &client, settings, is_old).await
}

fn describe(options: &ConnectOptions, root: &Url) -> String {
    let way = match &options.credentials {
        Credentials::Token(_) => "by token".to_owned(),
        Credentials::Password { email, .. } => format!("as {email} by password"),
    };
    format!("{root}, {way}")
}

/// TLS, HTTP, whether the answer is OpenMetadata's, and its version: one request, read four ways.
async fn greet(
    examination: &mut Examination<'_>,
    client: &Client,
    options: &ConnectOptions,
    base: &Url,
) -> Result<Option<(String, (u32, u32, u32))>, Failure> {
    let started = Instant::now();
    let answer = client.version().await;
    let failed_at = match &answer {
        Ok(_) => None,
        Err(Error::Unreachable { reason, .. }) => Some(step_of(*reason)),
        Err(Error::Limited { .. } | Error::Server { .. }) => Some(Step::Http),
        Err(Error::TooOld { .. }) => Some(Step::Version),
        Err(_) => Some(Step::OpenMetadata),
    };
    for step in [Step::Tls, Step::Http, Step::OpenMetadata, Step::Version] {
        let tried = match (&answer, step) {
            (Err(error), _) if failed_at == Some(step) => error.clone().into(),
            (_, Step::Tls) => encryption(&options.http, base),
            (_, Step::Http) => Tried::passed(format!("{} answers", host(base))),
            (Ok((version, numbers)), Step::Version) => Tried::passed(judged(version, *numbers)),
            _ => Tried::passed("the answer is OpenMetadata's"),
        };
        if !examination.note(step, started, tried)? {
            return Ok(None);
        }
    }
    Ok(answer.ok())
}

fn judged(version: &str, numbers: (u32, u32, u32)) -> String {
    if numbers == (0, 0, 0) {
        format!("{version:?}, which is no number; taken for an old one")
    } else if TESTED.contains(&(numbers.0, numbers.1)) {
        version.to_owned()
    } else {
        format!("{version}, which should work; tested are 1.12, 1.13 and 2.0")
    }
}

/// What a write keeps and replaces, which hangs on whose token it is (contract §3.2).
fn rules(principal: Principal, identity: &Identity) -> &'static str {
    match (principal, identity.is_bot) {
        (Principal::Bot, _) => "a bot's token: descriptions that are there stay",
        (Principal::User, Some(_)) => "a person's token: what people wrote is read and sent back",
        (Principal::User, None) => "not said whose token it is: taken for a person's",
    }
}

/// The service, and whether what is below it may be read.
async fn look_around(
    examination: &mut Examination<'_>,
    client: &Client,
    settings: &Settings,
    is_old: bool,
) -> Result<(), Failure> {
    let sync = settings.sync_settings();
    let started = Instant::now();
    let service = names::encode(&sync.service_name)
        .and_then(|encoded| names::build_fqn(&[encoded.name]))
        .map_err(|error| {
            Error::Setup(format!("the service name {:?}: {error}", sync.service_name))
        });
    let service = match service {
        Ok(service) => service,
        Err(error) => {
            examination.note(Step::Service, started, error)?;
            return Ok(());
        }
    };
    let kind = EntityType::DatabaseService;
    let tried = match client.by_name::<StoredService>(kind, &service).await {
        Ok(None) => Tried::passed(format!(
            "{service} is not there yet: the first sync makes it, of type {}{}",
            sync.service_type,
            if is_old { " (CustomDatabase where that is unknown)" } else { "" },
        )),
        Ok(Some(found)) if found.common.deleted => {
            Tried::passed(format!("{service} was deleted: the next sync restores it"))
        }
        Ok(Some(found)) => {
            Tried::passed(format!("{service} is there, of type {}", found.service_type))
        }
        Err(error) => error.into(),
    };
    if !examination.note(Step::Service, started, tried)? {
        return Ok(());
    }

    let started = Instant::now();
    let (table, tried) = match first_table(client, &service).await {
        Ok((words, table)) => (table, Tried::passed(words)),
        Err(error) => (None, error.into()),
    };
    if !examination.note(Step::Reads, started, tried)? {
        return Ok(());
    }

    let started = Instant::now();
    let tried = match table {
        None => Tried::not_applicable("there is no table to try it with"),
        Some(table) => match client.lineage(&table.common.id, 1, 1).await {
            Ok(around) => Tried::passed(format!(
                "{} reads {} and is read by {}",
                table.common.fully_qualified_name,
                around.upstream_edges.len(),
                around.downstream_edges.len()
            )),
            Err(error) => error.into(),
        },
    };
    examination.note(Step::Lineage, started, tried)?;
    Ok(())
}

/// How much there is below the service, and a table of it.
async fn first_table(
    client: &Client,
    service: &str,
) -> Result<(String, Option<StoredTable>), Error> {
    /// How many databases are opened in search of a table.
    const PATIENCE: usize = 12;
    let databases: Vec<StoredCommon> =
        client.list(EntityType::Database, ("service", service), |_, _| ()).await?;
    let mut words = match databases.len() {
        0 => "allowed; nothing is there yet".to_owned(),
        1 => "1 database".to_owned(),
        count => format!("{count} databases"),
    };
    for database in databases.iter().filter(|database| !database.deleted).take(PATIENCE) {
        let filter = ("database", database.fully_qualified_name.as_str());
        client.peek::<StoredCommon>(EntityType::DatabaseSchema, filter).await?;
        let (count, table) = client.peek::<StoredTable>(EntityType::Table, filter).await?;
        if table.is_some() {
            let plural = if count == 1 { "" } else { "s" };
            words.push_str(&format!(
                "; {} holds {count} table{plural}",
                database.fully_qualified_name
            ));
            return Ok((words, table));
        }
    }
    Ok((words, None))
}
