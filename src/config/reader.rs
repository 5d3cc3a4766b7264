//! [`Reader`]: typed reading of the merged layers, whose values were checked when they were stated.

use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;

use super::error::{ConfigError, Problem};
use super::kind::Value;
use super::layers::{Layered, Origin};
use super::places::expand;
use super::settings::WatchSettings;
use crate::dremio::CloudRegion;
use crate::http::{HttpOptions, TlsOptions};
use crate::model::{NodeKind, TableKind};
use crate::sync;
use crate::watch::Permits;
use crate::watch::schedule::Pace;

/// The node kinds that the words of the config file mean.
pub(super) fn kinds(words: &[String]) -> Vec<NodeKind> {
    let tables = [TableKind::Promoted, TableKind::Direct, TableKind::Unknown].map(NodeKind::Table);
    let mut kinds = Vec::new();
    for word in words {
        match word.as_str() {
            "home" => kinds.push(NodeKind::Home),
            "space" => kinds.push(NodeKind::Space),
            "source" => kinds.push(NodeKind::Source),
            "folder" => kinds.push(NodeKind::Folder),
            "file" => kinds.push(NodeKind::File),
            "function" => kinds.push(NodeKind::Function),
            "view" => kinds.push(NodeKind::View),
            "table" => kinds.extend(tables),
            "dataset" => {
                kinds.extend(tables);
                kinds.push(NodeKind::View);
            }
            _ => {}
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// Typed reading of the merged layers.
pub(super) struct Reader<'a>(pub(super) &'a Layered);

impl Reader<'_> {
    pub(super) fn value(&self, path: &str) -> Option<&Value> {
        self.0.get(path)?.value.as_ref()
    }

    pub(super) fn text(&self, path: &str) -> Option<String> {
        match self.value(path)? {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn path(&self, path: &str) -> Option<PathBuf> {
        self.text(path).map(|text| expand(&text))
    }

    pub(super) fn number(&self, path: &str) -> Option<usize> {
        match self.value(path)? {
            Value::Integer(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    pub(super) fn maybe(&self, path: &str) -> Option<bool> {
        match self.value(path)? {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn bool(&self, path: &str) -> Result<bool, ConfigError> {
        self.needed(path, self.maybe(path))
    }

    pub(super) fn duration(&self, path: &str) -> Result<Duration, ConfigError> {
        let value = match self.value(path) {
            Some(Value::Duration(value)) => Some(*value),
            _ => None,
        };
        self.needed(path, value)
    }

    pub(super) fn list(&self, path: &str) -> Vec<String> {
        match self.value(path) {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    /// The patterns of a list, already known to be regular expressions; `before` is put in front.
    pub(super) fn patterns(&self, path: &str, before: &str) -> Vec<Regex> {
        let items = self.list(path);
        items.iter().filter_map(|item| Regex::new(&format!("{before}(?:{item})")).ok()).collect()
    }

    /// Filters of names match as OpenMetadata's do: from the beginning, whatever the case.
    pub(super) fn filter(&self, include: &str, exclude: &str) -> sync::NameFilter {
        const FROM_THE_BEGINNING: &str = "(?i)^";
        sync::NameFilter {
            include: self.patterns(include, FROM_THE_BEGINNING),
            exclude: self.patterns(exclude, FROM_THE_BEGINNING),
        }
    }

    pub(super) fn region(&self) -> CloudRegion {
        match self.text("dremio.cloud.region").as_deref() {
            Some("eu") => CloudRegion::Eu,
            _ => CloudRegion::Us,
        }
    }

    pub(super) fn http(&self, server: &str) -> Result<HttpOptions, ConfigError> {
        let at = |name: &str| format!("{server}.{name}");
        let slow_read = if server == "dremio" { "slow_read_timeout" } else { "read_timeout" };
        let retries = self.needed(&at("retries"), self.number(&at("retries")))?;
        Ok(HttpOptions {
            tls: TlsOptions {
                ca_file: self.path(&at("tls.ca_file")),
                client_certificate: self.path(&at("tls.client_certificate")),
                insecure: self.bool(&at("tls.insecure"))?,
            },
            proxy: self.text(&at("proxy")),
            connect_timeout: self.duration(&at("connect_timeout"))?,
            read_timeout: self.duration(&at("read_timeout"))?,
            slow_read_timeout: self.duration(&at(slow_read))?,
            retries: u32::try_from(retries).unwrap_or(u32::MAX),
            retry_pause: self.duration(&at("retry_pause"))?,
        })
    }

    pub(super) fn watch(&self) -> Result<WatchSettings, ConfigError> {
        let shortest = Duration::from_secs(1);
        let interval = self.duration("watch.interval")?;
        if interval < shortest {
            return Err(self.wrong("watch.interval", "it is at least 1s"));
        }
        let permits = Permits::from_words(&self.list("watch.apply"))
            .map_err(|error| self.wrong("watch.apply", &error.to_string()))?;
        Ok(WatchSettings {
            pace: Pace { interval, longest_pause: self.duration("watch.longest_pause")? },
            permits,
            max_changes: self.needed("watch.max_changes", self.number("watch.max_changes"))?,
            notify_command: self.text("watch.notify_command"),
            keep_snapshots: self.number("watch.keep_snapshots"),
        })
    }

    /// A value that is of the right kind and cannot be all the same.
    fn wrong(&self, path: &str, why: &str) -> ConfigError {
        ConfigError::one(Problem::at(self.origin(path).to_string(), format!("{path}: {why}")))
    }

    fn origin(&self, path: &str) -> Origin {
        self.0.get(path).map_or(Origin::Default, |setting| setting.origin.clone())
    }

    /// A setting that cannot be without a value; a file may have taken the default back.
    pub(super) fn needed<T>(&self, path: &str, value: Option<T>) -> Result<T, ConfigError> {
        value.ok_or_else(|| {
            let origin = self.origin(path).to_string();
            ConfigError::one(Problem::at(origin, format!("{path} cannot be empty")))
        })
    }
}
