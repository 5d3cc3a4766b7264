//! Settings: where they come from, what they may be, and who said so.
//!
//! Layers, weakest first: the built-in `config/default.yaml`, the user's file, `--config`, the
//! environment, flags. Every value remembers its origin. A workflow file of OpenMetadata's ingestion
//! is read as a config file too. Not here: command-line parsing ([`crate::cli`]) and connecting.

mod connection;
mod duration;
mod error;
mod file;
mod ingestion;
mod kind;
mod layers;
mod placeholder;
pub mod places;
mod reader;
mod schema;
mod secret;
mod settings;
#[cfg(test)]
mod testing;
mod tree;

pub use connection::CredentialError;
pub use duration::{format_duration, parse_duration};
pub use error::{ConfigError, Problem};
pub use kind::{Kind, Value};
pub use layers::{Layered, Origin, Setting};
pub use places::Places;
pub use schema::{KEYS, Key};
pub use secret::{Interrupted, Prompt, SecretError};
pub use settings::{
    DbtSettings, DiscoverySettings, DremioSettings, LineageSettings, LogSettings,
    OpenMetadataSettings, Settings, SyncSettings, UiSettings,
};

use std::path::{Path, PathBuf};

use file::ConfigFile;

/// The defaults, compiled in.
pub const DEFAULTS: &str = include_str!("../../config/default.yaml");

/// What decides the settings of one run.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The user's own file; not being there is fine.
    pub user_file: Option<PathBuf>,
    /// The file named with `--config`; must be there.
    pub config_file: Option<PathBuf>,
    /// The profile asked for by flag.
    pub profile: Option<String>,
    /// Environment variables.
    pub environment: Vec<(String, String)>,
    /// Settings given as flags: key, value as text, the flag's spelling.
    pub flags: Vec<(&'static str, FlagValue, &'static str)>,
}

/// A setting's value as given by a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlagValue {
    /// A single text, parsed as the setting's kind asks.
    Text(String),
    /// Several values of a list.
    List(Vec<String>),
}

/// Reads and merges every layer.
///
/// All problems of a file are reported together, each with its place.
pub fn load(inputs: &Inputs) -> Result<Settings, ConfigError> {
    let mut files = Vec::new();
    if let Some(path) = inputs.user_file.as_deref().filter(|path| path.exists()) {
        files.push(ConfigFile::read(path, &inputs.environment)?);
    }
    if let Some(path) = &inputs.config_file {
        files.push(ConfigFile::read(path, &inputs.environment)?);
    }
    let profile = chosen_profile(inputs, &files)?;

    let mut layered = Layered::default();
    let defaults = ConfigFile::parse(Path::new("built-in defaults"), DEFAULTS, &[])?;
    layered.take_defaults(defaults.settings);
    let mut warnings = Vec::new();
    for file in &mut files {
        layered.take_file(&file.path, None, std::mem::take(&mut file.settings));
        if let Some(name) = &profile
            && let Some(settings) = file.profiles.remove(name)
        {
            layered.take_file(&file.path, Some(name), settings);
        }
        warnings.append(&mut file.warnings);
    }
    layered.take_environment(&inputs.environment)?;
    layered.take_flags(&inputs.flags)?;
    let paths = files.into_iter().map(|file| file.path).collect();
    Settings::new(layered, profile, paths, warnings)
}

/// The profile in force: by flag, by environment, else the default of the strongest file.
fn chosen_profile(inputs: &Inputs, files: &[ConfigFile]) -> Result<Option<String>, ConfigError> {
    let from_environment = inputs
        .environment
        .iter()
        .find(|(name, value)| name == schema::PROFILE_VARIABLE && !value.is_empty());
    let (name, said_by) = if let Some(name) = &inputs.profile {
        (name.clone(), "--profile".to_owned())
    } else if let Some((variable, name)) = from_environment {
        (name.clone(), variable.clone())
    } else if let Some((file, name)) =
        files.iter().rev().find_map(|file| Some((file, file.default_profile.clone()?)))
    {
        (name, format!("default_profile in {}", file.path.display()))
    } else {
        return Ok(None);
    };
    let mut known: Vec<&str> =
        files.iter().flat_map(|file| file.profiles.keys().map(String::as_str)).collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&name.as_str()) {
        return Ok(Some(name));
    }
    Err(ConfigError::one(Problem::anywhere(error::unknown(
        "profile",
        &format!("{name} (asked for by {said_by})"),
        &name,
        &known,
    ))))
}

/// The profiles that the files of `inputs` define, sorted.
pub fn profiles(inputs: &Inputs) -> Result<Vec<String>, ConfigError> {
    let mut names = Vec::new();
    let user_file = inputs.user_file.as_ref().filter(|path| path.exists());
    for path in user_file.into_iter().chain(&inputs.config_file) {
        names.extend(ConfigFile::read(path, &inputs.environment)?.profiles.into_keys());
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
