//! The terminal UI: one state, changed by messages, drawn as a whole.
//!
//! Keys become actions by the key map, actions change the [`App`], which gives out commands that the
//! event loop carries out; jobs report back by messages. No module here but `run`, `tty`
//! and `background` touches the terminal, none but `jobs` starts a task, and none knows how a server is
//! spoken to.

mod app;
mod backend;
mod background;
mod core;
mod dbt;
mod jobs;
pub mod keymap;
mod layer;
mod layers;
mod lineage_model;
mod mouse;
pub mod msg;
mod om;
mod panes;
mod remember;
pub mod run;
mod screen;
mod sync_target;
pub mod theme;
mod tty;
mod widgets;

use std::io::{self, BufWriter, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

pub use app::{App, Profile, Settings};
pub use backend::{Backend, Live, ReadNow};
pub use background::Background;
pub use lineage_model::{LineageModel, Looked};
pub use panes::sync::{PlanView, ViewBasis};
pub use remember::Remembered;
pub use run::{Exit, run_on};
pub use sync_target::{PlanRequest, Reached, SyncOptions, SyncTarget};
pub use theme::{ColourDepth, ThemeName};

use self::keymap::{Keymap, KeymapError};
use crate::dbt::ArtifactFiles;
use crate::discovery::DiscoveryOptions;
use crate::dremio::{Client, ConnectOptions};
use crate::http::RequestLog;
use crate::model::Catalog;

/// What the UI needs to begin.
#[derive(Debug)]
pub struct Options {
    /// Where to connect and how.
    pub connect: ConnectOptions,
    /// What to read.
    pub discovery: DiscoveryOptions,
    /// What the connection is called, for example a profile's name.
    pub title: String,
    /// The theme; `None` = dark or light like the terminal.
    pub theme: Option<ThemeName>,
    /// How many colours the terminal shows; [`ColourDepth::detect`] asks the environment.
    pub colours: ColourDepth,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Draw with ASCII signs only.
    pub ascii: bool,
    /// A file that patches the key map.
    pub keymap_override: Option<PathBuf>,
    /// What is known from an earlier run, shown until it is read anew.
    pub snapshot: Option<Catalog>,
    /// Where the UI remembers its few settings; `None` = nowhere.
    pub state_dir: Option<PathBuf>,
    /// Where a sync goes; or why it cannot go anywhere, and what to do about it.
    pub sync: Result<SyncOptions, String>,
    /// The dbt project that takes part.
    pub dbt: Option<Arc<dyn ArtifactFiles>>,
    /// The connections that there are by name.
    pub profiles: Vec<Profile>,
    /// Something to say before anything else, such as why another profile could not be used.
    pub notice: Option<String>,
}

/// Why the UI could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Input or output is not a terminal.
    #[error("the UI needs a terminal; use a command such as `discover` in scripts and pipes")]
    NoTerminal,
    /// The connection settings make no sense.
    #[error(transparent)]
    Connection(#[from] crate::dremio::Error),
    /// The settings of OpenMetadata make no sense.
    #[error(transparent)]
    OpenMetadata(#[from] crate::openmetadata::Error),
    /// The key map makes no sense.
    #[error(transparent)]
    Keymap(#[from] KeymapError),
    /// The key map could not be read.
    #[error("the key map {} could not be read: {source}", path.display())]
    KeymapFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] io::Error),
}

/// Runs the UI until somebody leaves it. The runtime should then be shut down with a time limit: a
/// search may still be running on one of its blocking threads.
pub async fn run(options: Options) -> Result<Exit, Error> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Error::NoTerminal);
    }
    let keymap = load_keymap(options.keymap_override)?;
    let log = RequestLog::new();
    let client = Client::new(options.connect, log.clone())?;
    let (sync, no_sync) = match options.sync {
        Ok(sync) => (Some(SyncTarget::new(sync, log.clone())?), None),
        Err(why) => (None, Some(why)),
    };
    let remembered = options.state_dir.as_deref().map(Remembered::load).unwrap_or_default();
    let settings = Settings {
        title: options.title,
        theme: options.theme.unwrap_or_else(|| match background::guess() {
            Some(true) => ThemeName::Light,
            _ => ThemeName::Dark,
        }),
        follows_terminal: options.theme.is_none() && options.colours != ColourDepth::None,
        colours: options.colours,
        ascii: options.ascii,
        mouse: options.mouse,
        keymap,
        snapshot: options.snapshot,
        log,
        no_sync,
        profiles: options.profiles,
        notice: options.notice,
        remembered: remembered.clone(),
    };
    let mut app = App::new(settings, Instant::now()).with_dbt(options.dbt);
    let backend = Live { client, discovery: options.discovery, sync };
    let mut tty = tty::Tty::enter(options.state_dir.clone())?;
    let screen = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
    let mut terminal = Terminal::new(screen)?;
    let exit = tty::as_ui(run_on(&mut app, backend, &mut terminal, &mut tty)).await?;
    drop(tty);
    let now_remembered = app.remembered();
    if let Some(dir) = options.state_dir
        && now_remembered != remembered
        && let Err(error) = now_remembered.save(&dir)
    {
        tracing::warn!(%error, "what the UI remembers could not be written");
    }
    Ok(exit)
}

fn load_keymap(path: Option<PathBuf>) -> Result<Keymap, Error> {
    let Some(path) = path else { return Ok(Keymap::with_override(None)?) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Keymap::with_override(Some((&path.display().to_string(), &text)))?),
        Err(source) => Err(Error::KeymapFile { path, source }),
    }
}
