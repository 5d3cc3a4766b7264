//! What the views of a catalogue name that no listing has shown, read at its path.

use tokio::task::spawn_blocking;

use crate::cli::session::Session;
use crate::cli::status::{ExitStatus, Failure};
use crate::config::Settings;
use crate::dremio::Client;
use crate::lineage::{Completed, Engine, complete};
use crate::model::Catalog;

/// Reads the views' SQL, and the tables that it names and no listing has shown.
pub(super) async fn follow(
    session: &Session,
    settings: &Settings,
    client: &Client,
    catalog: Catalog,
) -> Result<Completed, Failure> {
    let progress = session.printer.progress();
    progress.set("reading the SQL of the views".to_owned(), 0, None);
    let read = spawn_blocking(move || (Engine::new(&catalog), catalog));
    let (engine, catalog) = read.await.map_err(|error| {
        Failure::new(ExitStatus::Remote, format!("the lineage engine stopped: {error}"))
    })?;
    let workers = workers(settings, client);
    let completed = complete(client, catalog, engine, workers, &session.cancel, |done, all| {
        progress.set("reading tables that views name".to_owned(), done, Some(all));
    })
    .await;
    drop(progress);
    if completed.requests > 0 {
        session.printer.detail(&format!(
            "{} tables that views name were read at their paths, {} are not there",
            completed.changes.len(),
            completed.absent.len()
        ));
    }
    Ok(completed)
}

/// Requests under way at once.
pub(super) fn workers(settings: &Settings, client: &Client) -> usize {
    settings.discovery.max_workers.unwrap_or_else(|| client.max_concurrency())
}
