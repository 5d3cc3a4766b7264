//! [`Sandbox`]: both servers over one catalogue, as the demo and the `sandbox` command run them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dremio::{
    Catalogue, CatalogueError, DremioOptions, DremioSandbox, Edition, QueryAnswer, QueryEngine,
};
use super::load::LoadError;
use super::openmetadata::{OpenMetadataOptions, OpenMetadataSandbox};
use super::patterns::PatternEngine;
use super::scale::ScaleOptions;
use super::sql::{Edition as SqlEdition, Engine};
use super::world::World;
use super::{hostile, scale};
use crate::model::DatasetPath;

/// What the servers hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A built-in catalogue, or the file of one.
    Named(String),
    /// A made-up catalogue of so many datasets.
    Scale(usize),
    /// Names that break careless programs.
    Hostile,
}

/// Why the servers cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no such catalogue, or it is not in order.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The catalogue's file cannot be read.
    #[error("cannot read the catalogue file {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The catalogue contradicts itself.
    #[error("the catalogue cannot be served: {0}")]
    Catalogue(#[from] CatalogueError),
    /// The port is taken, or there is no loopback.
    #[error("cannot listen on 127.0.0.1 port {port}: {source}")]
    Listen {
        /// The port; 0 is any.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
}

/// A sandbox Dremio and a sandbox OpenMetadata.
#[derive(Debug)]
pub struct Sandbox {
    /// The Dremio, which holds the catalogue.
    pub dremio: DremioSandbox,
    /// The OpenMetadata, empty at first.
    pub openmetadata: OpenMetadataSandbox,
}

impl Sandbox {
    /// Starts both servers on the current tokio runtime.
    pub async fn start(
        content: &Content,
        dremio: DremioOptions,
        openmetadata: OpenMetadataOptions,
    ) -> Result<Self, StartError> {
        let (catalogue, engine) = load(content, &dremio.edition)?;
        let listen = |port| move |source| StartError::Listen { port, source };
        let port = dremio.port;
        let dremio = DremioSandbox::start(catalogue, engine, dremio).await.map_err(listen(port))?;
        let port = openmetadata.port;
        let openmetadata = OpenMetadataSandbox::start(openmetadata).await.map_err(listen(port))?;
        Ok(Self { dremio, openmetadata })
    }
}

type Loaded = (Arc<Catalogue>, Arc<dyn QueryEngine>);

fn load(content: &Content, edition: &Edition) -> Result<Loaded, StartError> {
    let made = match content {
        Content::Named(name) => return load_world(&world(name)?, edition),
        Content::Scale(datasets) => {
            scale::catalogue(ScaleOptions { datasets: *datasets, wide: 0 })?
        }
        Content::Hostile => hostile::catalogue()?,
    };
    let catalogue = Arc::new(made);
    Ok((Arc::clone(&catalogue), Arc::new(PatternEngine::new(catalogue))))
}

/// A built-in catalogue by name; anything that looks like a file is one.
fn world(name: &str) -> Result<World, StartError> {
    if World::names().any(|known| known == name) {
        return Ok(World::embedded(name)?);
    }
    let path = Path::new(name);
    let looks_like_file = path.components().count() > 1 || path.extension().is_some();
    if !looks_like_file && !path.exists() {
        return Err(LoadError::UnknownName { name: name.to_owned() }.into());
    }
    let text = std::fs::read_to_string(path)
        .map_err(|source| StartError::File { path: path.to_owned(), source })?;
    Ok(World::from_yaml(&text)?)
}

fn load_world(world: &World, edition: &Edition) -> Result<Loaded, StartError> {
    let catalogue = Arc::new(Catalogue::from_world(world)?);
    let edition = match edition {
        Edition::Oss => SqlEdition::Community,
        Edition::Enterprise => SqlEdition::Enterprise,
        Edition::Cloud { .. } => SqlEdition::Cloud,
    };
    let ids = Arc::clone(&catalogue);
    let id_of = move |path: &DatasetPath| {
        ids.find(path.parts()).map_or_else(|| path.to_string(), |ix| ids.uuid(ix).to_string())
    };
    let engine = Engine::with_options(Arc::new(world.clone()), edition, Arc::new(id_of));
    Ok((catalogue, Arc::new(SqlEngine(engine))))
}

/// The SQL engine as the server wants one.
struct SqlEngine(Engine);

impl QueryEngine for SqlEngine {
    fn run(&self, sql: &str, context: &[String]) -> Result<QueryAnswer, String> {
        let answer = self.0.run(sql, context)?;
        Ok(QueryAnswer { columns: answer.columns, rows: answer.rows })
    }
}
