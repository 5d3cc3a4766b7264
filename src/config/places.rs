//! [`Places`]: where files live on this system.

use std::path::PathBuf;

use directories::{BaseDirs, ProjectDirs};

/// The folders and files of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The user's config file, there or not.
    pub config_file: PathBuf,
    /// The user's key bindings, there or not.
    pub keymap_file: PathBuf,
    /// Snapshots, journals and the log, unless set otherwise.
    pub data_dir: PathBuf,
}

impl Places {
    /// The places that this system gives a program; `None` when the user has no home.
    pub fn of_system() -> Option<Self> {
        let dirs = ProjectDirs::from("", "", "dremio-explorer")?;
        Some(Self {
            config_file: dirs.config_dir().join("config.yaml"),
            keymap_file: dirs.config_dir().join("keymap.yaml"),
            data_dir: dirs.data_local_dir().to_owned(),
        })
    }
}

/// A path as people write it: `~/` is the home folder.
pub(super) fn expand(text: &str) -> PathBuf {
    let home = || BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    match text.strip_prefix("~/") {
        Some(rest) => home().map_or_else(|| PathBuf::from(text), |home| home.join(rest)),
        None if text == "~" => home().unwrap_or_else(|| PathBuf::from(text)),
        None => PathBuf::from(text),
    }
}
