//! [`Sandbox`]: both servers over one catalogue, as the demo and the `sandbox` command run them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dremio::{Catalogue, CatalogueError, DremioOptions, DremioSandbox};
use super::load::LoadError;
use super::openmetadata::{OpenMetadataOptions, OpenMetadataSandbox};
use super::patterns::PatternEngine;
use super::scale::ScaleOptions;
use super::world::World;
use super::{hostile, scale, served};

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
    /// The Dremio does not start.
    #[error(transparent)]
    Dremio(#[from] served::StartError),
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
        let dremio = match content {
            Content::Named(name) => served::start(world(name)?, dremio).await?,
            Content::Scale(datasets) => {
                let size = ScaleOptions { datasets: *datasets, wide: 0 };
                serve_made(scale::catalogue(size)?, dremio).await?
            }
            Content::Hostile => serve_made(hostile::catalogue()?, dremio).await?,
        };
        let port = openmetadata.port;
        let openmetadata = OpenMetadataSandbox::start(openmetadata)
            .await
            .map_err(|source| StartError::Listen { port, source })?;
        Ok(Self { dremio, openmetadata })
    }
}

/// Serves a catalogue that is made up, and so are its rows.
async fn serve_made(
    catalogue: Catalogue,
    options: DremioOptions,
) -> Result<DremioSandbox, StartError> {
    let catalogue = Arc::new(catalogue);
    let engine = Arc::new(PatternEngine::new(Arc::clone(&catalogue)));
    let port = options.port;
    DremioSandbox::start(catalogue, engine, options)
        .await
        .map_err(|source| StartError::Listen { port, source })
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
