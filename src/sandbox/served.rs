//! The whole of a sandbox Dremio: a catalogue file, its SQL engine and the server over both.

use std::io;
use std::sync::Arc;

use super::dremio::{
    CancelCord, Catalogue, CatalogueError, DremioOptions, DremioSandbox, Edition, QueryAnswer,
    QueryEngine,
};
use super::sql::{self, Cancel, Engine};
use super::world::World;
use crate::model::DatasetPath;

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The catalogue cannot be served.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The port cannot be had.
    #[error("the sandbox cannot listen on port {port}: {source}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
}

impl QueryEngine for Engine {
    fn run(&self, sql: &str, context: &[String]) -> Result<QueryAnswer, String> {
        self.run_until(sql, context, &CancelCord::default())
    }

    fn run_until(
        &self,
        sql: &str,
        context: &[String],
        cord: &CancelCord,
    ) -> Result<QueryAnswer, String> {
        let cancel = Cancel::default();
        let pulled = cancel.clone();
        cord.on_pull(move || pulled.pull());
        let answer = self.run_cancellable(sql, context, &cancel)?;
        Ok(QueryAnswer { columns: answer.columns, rows: answer.rows })
    }
}

/// Serves `world` with its SQL run for real.
pub async fn start(world: World, options: DremioOptions) -> Result<DremioSandbox, StartError> {
    let catalogue = Arc::new(Catalogue::from_world(&world)?);
    let edition = match options.edition {
        Edition::Oss => sql::Edition::Community,
        Edition::Enterprise => sql::Edition::Enterprise,
        Edition::Cloud { .. } => sql::Edition::Cloud,
    };
    let reference = options.references.first().cloned();
    let ids = Arc::clone(&catalogue);
    let id_of = move |path: &DatasetPath| {
        let found = ids.find(path.parts());
        found.map_or_else(String::new, |ix| ids.id(ix, reference.as_ref()))
    };
    let engine = Arc::new(Engine::with_options(Arc::new(world), edition, Arc::new(id_of)));
    let (views, learner) = (Arc::clone(&catalogue), Arc::clone(&engine));
    // A view that does not run is served without columns, as Dremio serves one that is broken.
    let learning = tokio::task::spawn_blocking(move || views.learn_views(&*learner));
    let _ = learning.await;
    let port = options.port;
    DremioSandbox::start(catalogue, engine, options)
        .await
        .map_err(|source| StartError::Listen { port, source })
}
