//! [`Layered`]: the settings of all layers merged, each with its origin.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::FlagValue;
use super::error::{ConfigError, Problem, nearest};
use super::file::Stated;
use super::kind::Value;
use super::schema::{self, KEYS, Key, PROFILE_VARIABLE};

/// Who said what a setting is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The built-in defaults.
    Default,
    /// A file.
    File {
        /// Which.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The profile within the file.
        profile: Option<String>,
    },
    /// An environment variable.
    Environment(String),
    /// A flag, as spelled.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, profile: None } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line, profile: Some(profile) } => {
                write!(f, "{}:{line} (profile {profile})", path.display())
            }
            Self::Environment(name) => write!(f, "${name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A setting in force.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its value; `None` where a stronger layer took back a weaker one's.
    pub value: Option<Value>,
    /// Who said so.
    pub origin: Origin,
    /// Strength of the layer that said so; higher is stronger.
    pub rank: u32,
}

/// All settings that some layer speaks of.
#[derive(Clone, Debug, Default)]
pub struct Layered {
    settings: BTreeMap<&'static str, Setting>,
    rank: u32,
}

impl Layered {
    /// The setting at `path`, if any layer speaks of it.
    pub fn get(&self, path: &str) -> Option<&Setting> {
        debug_assert!(schema::find(path).is_some(), "{path} is not a setting");
        self.settings.get(path)
    }

    /// Every setting there is, in the order of the documentation.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Key, Option<&Setting>)> {
        KEYS.iter().map(|key| (key, self.settings.get(key.path)))
    }

    pub(super) fn take_defaults(&mut self, settings: Vec<Stated>) {
        self.take(settings, |_| Origin::Default);
    }

    pub(super) fn take_file(&mut self, path: &Path, profile: Option<&str>, settings: Vec<Stated>) {
        self.take(settings, |line| Origin::File {
            path: path.to_owned(),
            line,
            profile: profile.map(str::to_owned),
        });
    }

    fn take(&mut self, settings: Vec<Stated>, origin: impl Fn(u64) -> Origin) {
        self.rank += 1;
        for stated in settings {
            self.set(stated.key, stated.value, origin(stated.line));
        }
    }

    /// Takes what the environment says; an empty variable says nothing.
    pub(super) fn take_environment(
        &mut self,
        variables: &[(String, String)],
    ) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        let given =
            |name: &str| variables.iter().find(|(other, value)| other == name && !value.is_empty());
        self.rank += 1;
        for key in KEYS {
            let own = key.variable();
            let names = std::iter::once(own.as_str()).chain(key.aliases.iter().copied());
            let Some((name, text)) = names.into_iter().find_map(given) else { continue };
            match key.kind.parse(text) {
                Ok(value) => self.set(key, Some(value), Origin::Environment(name.clone())),
                Err(message) => problems.push(Problem::at(format!("${name}"), message)),
            }
        }
        problems.extend(variables.iter().filter_map(|(name, _)| unknown_variable(name)));
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid(problems)) }
    }

    pub(super) fn take_flags(
        &mut self,
        flags: &[(&'static str, FlagValue, &'static str)],
    ) -> Result<(), ConfigError> {
        self.rank += 1;
        let mut problems = Vec::new();
        for (path, value, flag) in flags {
            let Some(key) = schema::find(path) else { continue };
            let parsed = match value {
                FlagValue::Text(text) => key.kind.parse(text),
                FlagValue::List(items) => key.kind.parse_list(items.clone()),
            };
            match parsed {
                Ok(value) => self.set(key, Some(value), Origin::Flag(flag)),
                Err(message) => problems.push(Problem::at(*flag, message)),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid(problems)) }
    }

    fn set(&mut self, key: &'static Key, value: Option<Value>, origin: Origin) {
        self.settings.insert(key.path, Setting { value, origin, rank: self.rank });
    }
}

/// A variable with our own prefix that nobody reads is a typing error.
fn unknown_variable(name: &str) -> Option<Problem> {
    if !name.starts_with("DREMIO_EXPLORER_") || name == PROFILE_VARIABLE {
        return None;
    }
    let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
    if known.iter().any(|known| known == name) {
        return None;
    }
    let known: Vec<&str> = known.iter().map(String::as_str).chain([PROFILE_VARIABLE]).collect();
    let hint =
        nearest(name, &known).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Some(Problem::at(format!("${name}"), format!("no setting has this variable{hint}")))
}
