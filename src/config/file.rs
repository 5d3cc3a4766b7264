//! [`ConfigFile`]: one file, checked key by key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::error::{ConfigError, Problem, nearest, unknown};
use super::ingestion;
use super::kind::{Kind, Value};
use super::placeholder;
use super::schema::{self, KEYS, Key};
use super::tree::{self, Node, Tree};

/// What logs in to Dremio.
const DREMIO_LOGINS: &[&str] =
    &["dremio.password", "dremio.token", "dremio.token_command", "dremio.oauth.subject_token"];
/// What logs in to OpenMetadata.
const OPENMETADATA_LOGINS: &[&str] =
    &["openmetadata.password", "openmetadata.token", "openmetadata.token_command"];

/// A setting as a file states it; `None` takes back what a weaker layer says.
#[derive(Clone, Debug)]
pub(super) struct Stated {
    pub(super) key: &'static Key,
    pub(super) value: Option<Value>,
    pub(super) line: u64,
}

/// A file's settings.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    pub(super) path: PathBuf,
    pub(super) settings: Vec<Stated>,
    pub(super) profiles: BTreeMap<String, Vec<Stated>>,
    pub(super) default_profile: Option<String>,
    pub(super) warnings: Vec<String>,
}

impl ConfigFile {
    /// Reads a file; `environment` fills the placeholders of a workflow.
    pub(super) fn read(path: &Path, environment: &[(String, String)]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let mut file = Self::parse(path, &text, environment)?;
        file.warn_about_permissions();
        Ok(file)
    }

    pub(super) fn parse(
        path: &Path,
        text: &str,
        environment: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let tree = tree::parse(text).map_err(|error| {
            let message = format!("not valid YAML: {}", error.message);
            ConfigError::one(Problem::in_file(path, error.line, error.column, message))
        })?;
        let mut reader = Reader { path, problems: Vec::new() };
        let mut file = Self { path: path.to_owned(), ..Self::default() };
        match tree.node {
            Node::Null => {}
            Node::Map(mut entries) if ingestion::is_workflow(&entries) => {
                for (_, tree) in &mut entries {
                    placeholder::fill(tree, environment, &mut reader);
                }
                let read = ingestion::read(entries, &mut reader);
                file.settings = read.settings;
                file.warnings = read.warnings;
            }
            Node::Map(entries) => {
                for (name, tree) in entries {
                    match name.as_str() {
                        "profiles" => file.profiles = reader.profiles(tree),
                        "default_profile" => file.default_profile = reader.text(&name, tree),
                        _ => reader.entry("", &name, tree, &mut file.settings),
                    }
                }
            }
            Node::Scalar(_) | Node::List(_) => {
                reader.problem(tree.line, tree.column, "expected settings such as `dremio:`");
            }
        }
        reader.demand_one_login(&file.settings);
        for settings in file.profiles.values() {
            reader.demand_one_login(settings);
        }
        if reader.problems.is_empty() {
            Ok(file)
        } else {
            Err(ConfigError::Invalid(reader.problems))
        }
    }

    /// A secret in a file that others may read is worth a word.
    #[cfg(unix)]
    fn warn_about_permissions(&mut self) {
        use std::os::unix::fs::PermissionsExt;

        let holds_secret = |stated: &Stated| match &stated.value {
            Some(Value::Secret(secret)) => !secret.expose_secret().starts_with('@'),
            _ => false,
        };
        let all = self.settings.iter().chain(self.profiles.values().flatten());
        let is_open = std::fs::metadata(&self.path)
            .is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
        if is_open && all.into_iter().any(holds_secret) {
            let path = self.path.display();
            self.warnings.push(format!(
                "{path} holds a secret and can be read by others: run chmod 600 {path}"
            ));
        }
    }

    #[cfg(not(unix))]
    fn warn_about_permissions(&mut self) {}
}

/// Reads parts of a tree, collecting every problem.
pub(super) struct Reader<'a> {
    path: &'a Path,
    pub(super) problems: Vec<Problem>,
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, line: u64, column: u64, message: impl Into<String>) {
        self.problems.push(Problem::in_file(self.path, line, column, message));
    }

    /// Two ways to log in within one layer: which one is meant cannot be told.
    fn demand_one_login(&mut self, settings: &[Stated]) {
        for ways in [DREMIO_LOGINS, OPENMETADATA_LOGINS] {
            let is_given = |stated: &&Stated| {
                ways.contains(&stated.key.path)
                    && match &stated.value {
                        Some(Value::Secret(secret)) => !secret.expose_secret().is_empty(),
                        Some(Value::Text(text)) => !text.is_empty(),
                        _ => false,
                    }
            };
            let mut given = settings.iter().filter(is_given);
            let Some(first) = given.next() else { continue };
            for other in given {
                let place = format!("{}:{}", self.path.display(), other.line);
                let message = format!(
                    "two ways to log in: {} and, in line {}, {}; keep one",
                    other.key.path, first.line, first.key.path
                );
                self.problems.push(Problem::at(place, message));
            }
        }
    }

    fn profiles(&mut self, tree: Tree) -> BTreeMap<String, Vec<Stated>> {
        let mut profiles = BTreeMap::new();
        match tree.node {
            Node::Null => {}
            Node::Map(entries) => {
                for (profile, tree) in entries {
                    let mut settings = Vec::new();
                    match tree.node {
                        Node::Null => {}
                        Node::Map(entries) => {
                            for (name, tree) in entries {
                                self.entry("", &name, tree, &mut settings);
                            }
                        }
                        _ => {
                            let message =
                                format!("profile {profile} must hold settings such as `dremio:`");
                            self.problem(tree.line, tree.column, message);
                        }
                    }
                    profiles.insert(profile, settings);
                }
            }
            _ => {
                self.problem(
                    tree.line,
                    tree.column,
                    "profiles must be a map from a name to settings",
                );
            }
        }
        profiles
    }

    fn text(&mut self, name: &str, tree: Tree) -> Option<String> {
        match tree.node {
            Node::Scalar(text) => Some(text),
            Node::Null => None,
            _ => {
                self.problem(tree.line, tree.column, format!("{name}: expected a text"));
                None
            }
        }
    }

    fn entry(&mut self, section: &str, name: &str, tree: Tree, settings: &mut Vec<Stated>) {
        let path = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
        if let Some(key) = schema::find(&path) {
            if let Some(stated) = self.stated(key, &path, tree) {
                settings.push(stated);
            }
            return;
        }
        if schema::names_in(&path).is_empty() {
            let (line, column) = (tree.line, tree.column);
            self.problem(line, column, unknown_setting(section, name, &path));
            return;
        }
        match tree.node {
            Node::Null => {}
            Node::Map(entries) => {
                for (name, tree) in entries {
                    self.entry(&path, &name, tree, settings);
                }
            }
            _ => {
                let names = schema::names_in(&path).join(", ");
                self.problem(
                    tree.line,
                    tree.column,
                    format!("{path} is a section that may hold {names}"),
                );
            }
        }
    }

    /// Checks a value for `key`; `shown` is the setting's name in this file.
    pub(super) fn stated(&mut self, key: &'static Key, shown: &str, tree: Tree) -> Option<Stated> {
        let (line, column) = (tree.line, tree.column);
        let parsed = match tree.node {
            Node::Null => Ok(None),
            Node::Scalar(text) => key.kind.parse(&text).map(Some),
            Node::List(items) => {
                let texts: Option<Vec<String>> = items
                    .into_iter()
                    .map(|item| match item.node {
                        Node::Scalar(text) => Some(text),
                        _ => None,
                    })
                    .collect();
                match texts {
                    Some(texts) => key.kind.parse_list(texts).map(Some),
                    None => Err(format!("expected {}", key.kind.expected())),
                }
            }
            Node::Map(_) => Err(format!("expected {}, found a section", key.kind.expected())),
        };
        match parsed {
            Ok(value) => {
                let value = value.map(|value| self.relative_to_file(key, value));
                Some(Stated { key, value, line })
            }
            Err(message) => {
                self.problem(line, column, format!("{shown}: {message}"));
                None
            }
        }
    }

    /// What a file names is relative to that file, not to where the program happens to run.
    fn relative_to_file(&self, key: &Key, value: Value) -> Value {
        match (key.kind, value) {
            (Kind::Path, Value::Text(text)) if !text.starts_with('~') => {
                let folder = self.path.parent().unwrap_or(Path::new(""));
                Value::Text(folder.join(text).display().to_string())
            }
            (Kind::Secret, Value::Secret(secret)) => {
                let folder = self.path.parent().unwrap_or(Path::new(""));
                match secret.expose_secret().strip_prefix('@') {
                    Some(file) if !file.starts_with(['@', '~']) => {
                        Value::Secret(format!("@{}", folder.join(file).display()).into())
                    }
                    _ => Value::Secret(secret),
                }
            }
            (_, value) => value,
        }
    }
}

fn unknown_setting(section: &str, name: &str, path: &str) -> String {
    let names = schema::names_in(section);
    if nearest(name, &names).is_none() {
        // A setting of that very name elsewhere is what was meant, more often than not.
        let elsewhere: Vec<&str> = KEYS
            .iter()
            .map(|key| key.path)
            .filter(|other| other.rsplit('.').next() == Some(name) || *other == path)
            .collect();
        if let [first, ..] = elsewhere[..] {
            return format!("unknown setting {path}; did you mean {first}?");
        }
    }
    let shown: Vec<String> = names
        .iter()
        .map(
            |name| {
                if section.is_empty() { (*name).to_owned() } else { format!("{section}.{name}") }
            },
        )
        .collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    unknown("setting", path, path, &shown)
}
