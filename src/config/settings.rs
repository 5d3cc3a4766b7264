//! [`Settings`]: the merged layers as plain fields, and what the use cases take of them.

use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;
use secrecy::SecretString;
use url::Url;

use super::error::{ConfigError, Problem};
use super::layers::{Layered, Origin};
use super::places::expand;
use super::schema::Value;
use super::secret::{self, Prompt, SecretError};
use crate::discovery::{DiscoveryOptions, Strategy};
use crate::dremio::{CloudRegion, ConnectOptions, Credentials, Deployment};
use crate::http::{HttpOptions, TlsOptions};
use crate::model::{DatasetPath, NodeKind, TableKind};
use crate::{openmetadata, sync};

/// The settings of one run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The profile in force.
    pub profile: Option<String>,
    /// The files that were read, weakest first.
    pub files: Vec<PathBuf>,
    /// What is odd about them without being wrong.
    pub warnings: Vec<String>,
    /// Every value with its origin.
    pub layered: Layered,
    /// `dremio.…`
    pub dremio: DremioSettings,
    /// `openmetadata.…`
    pub openmetadata: OpenMetadataSettings,
    /// `discovery.…`
    pub discovery: DiscoverySettings,
    /// `sync.…`
    pub sync: SyncSettings,
    /// `lineage.…`
    pub lineage: LineageSettings,
    /// `dbt.…`
    pub dbt: DbtSettings,
    /// `ui.…`
    pub ui: UiSettings,
    /// `log.…`
    pub log: LogSettings,
    /// Folder for snapshots, journals and the log, where one is set.
    pub data_dir: Option<PathBuf>,
}

/// How to reach Dremio; secrets stay in [`Settings::layered`] until they are needed.
#[derive(Clone, Debug)]
pub struct DremioSettings {
    /// Base URL.
    pub url: Option<String>,
    /// User name.
    pub user: Option<String>,
    /// Control plane of Dremio Cloud.
    pub region: CloudRegion,
    /// Project of Dremio Cloud.
    pub project_id: Option<String>,
    /// TLS, time limits, retries.
    pub http: HttpOptions,
}

/// How to reach OpenMetadata; secrets stay in [`Settings::layered`] until they are needed.
#[derive(Clone, Debug)]
pub struct OpenMetadataSettings {
    /// Base URL.
    pub url: Option<String>,
    /// User (e-mail).
    pub user: Option<String>,
    /// Database service under which everything is filed.
    pub service_name: String,
    /// TLS, time limits, retries.
    pub http: HttpOptions,
}

/// What to read of the catalogue.
#[derive(Clone, Debug)]
pub struct DiscoverySettings {
    /// How dataset details are read.
    pub strategy: Strategy,
    /// Levels to list.
    pub max_depth: Option<usize>,
    /// Only these paths.
    pub include: Vec<Regex>,
    /// Not these paths.
    pub exclude: Vec<Regex>,
    /// Kinds wanted; empty = all.
    pub kinds: Vec<NodeKind>,
    /// Requests under way at once.
    pub max_workers: Option<usize>,
    /// List folders of file-system sources; `None` = when all of it is wanted.
    pub list_storage_folders: Option<bool>,
}

/// Names to take and to leave.
#[derive(Clone, Debug, Default)]
pub struct NameFilter {
    /// Only these; empty = all.
    pub include: Vec<Regex>,
    /// Not these.
    pub exclude: Vec<Regex>,
}

/// How a sync goes.
#[derive(Clone, Debug)]
pub struct SyncSettings {
    /// Schema for datasets right under a root.
    pub default_schema: String,
    /// New tables in one bulk request.
    pub batch_size: usize,
    /// Requests to OpenMetadata under way at once.
    pub max_workers: usize,
    /// Databases.
    pub databases: NameFilter,
    /// Schemas.
    pub schemas: NameFilter,
    /// Tables and views.
    pub tables: NameFilter,
}

/// Which lineage is found and written.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four switches of the config file")]
pub struct LineageSettings {
    /// Whether a sync writes lineage.
    pub enabled: bool,
    /// Find it in every view that was read.
    pub auto_discover: bool,
    /// Columns as well as tables.
    pub column_level: bool,
    /// Read SQL.
    pub parse_sql: bool,
}

/// Which dbt project takes part.
#[derive(Clone, Debug)]
pub struct DbtSettings {
    /// Whether one does.
    pub enabled: bool,
    /// Folder of `dbt_project.yml`.
    pub project_dir: Option<PathBuf>,
    /// Folder of `profiles.yml`.
    pub profiles_dir: Option<PathBuf>,
    /// Target of the dbt profile.
    pub target: Option<String>,
    /// Whether lineage that only dbt knows is written.
    pub ingest_lineage: bool,
}

/// How the terminal UI looks.
#[derive(Clone, Debug)]
pub struct UiSettings {
    /// `auto`, `dark`, `light`, `high-contrast` or `ansi16`.
    pub theme: String,
    /// Whether it takes the mouse.
    pub mouse: bool,
    /// ASCII characters only.
    pub ascii: bool,
    /// Key bindings laid over the built-in ones.
    pub keymap: Option<PathBuf>,
}

/// What is logged where.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// `off`, `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// The file, where one is set.
    pub file: Option<PathBuf>,
}

/// Why there is nothing to log in with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// No server is named.
    #[error(
        "no Dremio server is set: give --dremio-url URL (Cloud: --dremio-project ID), write a config file with \
         `dremio-explorer config init`, or try --demo"
    )]
    NoServer,
    /// Nobody is named to log in as.
    #[error(
        "nobody to log in to {server} as: set DREMIO_PAT, or --dremio-user with DREMIO_PASSWORD"
    )]
    NoUser {
        /// The server.
        server: String,
    },
    /// There is a user and no password.
    #[error(
        "no password for user {user} on {server}: set DREMIO_PASSWORD, or dremio.password in the config file"
    )]
    NoPassword {
        /// The user.
        user: String,
        /// The server.
        server: String,
    },
    /// Dremio Cloud knows tokens only.
    #[error("Dremio Cloud takes a personal access token, not a password: set DREMIO_PAT")]
    NoCloudToken,
    /// No OpenMetadata is named.
    #[error(
        "no OpenMetadata server is set: give --openmetadata-url URL, set openmetadata.url in the \
         config file, or try --demo"
    )]
    NoOpenMetadata,
    /// There is no token, or a user without a password.
    #[error(
        "nothing to log in to OpenMetadata at {server} with: set OPENMETADATA_JWT_TOKEN, or \
         --openmetadata-user with OPENMETADATA_PASSWORD"
    )]
    NoOpenMetadataUser {
        /// The server.
        server: String,
    },
    /// A secret that is set cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl Settings {
    pub(super) fn new(
        layered: Layered,
        profile: Option<String>,
        files: Vec<PathBuf>,
        warnings: Vec<String>,
    ) -> Result<Self, ConfigError> {
        let at = Reader(&layered);
        Ok(Self {
            dremio: DremioSettings {
                url: at.text("dremio.url"),
                user: at.text("dremio.user"),
                region: at.region(),
                project_id: at.text("dremio.cloud.project_id"),
                http: at.http("dremio")?,
            },
            openmetadata: OpenMetadataSettings {
                url: at.text("openmetadata.url"),
                user: at.text("openmetadata.user"),
                service_name: at
                    .needed("openmetadata.service_name", at.text("openmetadata.service_name"))?,
                http: at.http("openmetadata")?,
            },
            discovery: DiscoverySettings {
                strategy: match at.text("discovery.strategy").as_deref() {
                    Some("rest") => Strategy::Rest,
                    Some("sql") => Strategy::Sql,
                    _ => Strategy::Auto,
                },
                max_depth: at.number("discovery.max_depth"),
                include: at.patterns("discovery.include", ""),
                exclude: at.patterns("discovery.exclude", ""),
                kinds: kinds(&at.list("discovery.include_types")),
                max_workers: at.number("discovery.max_workers"),
                list_storage_folders: at.maybe("discovery.list_storage_folders"),
            },
            sync: SyncSettings {
                default_schema: at.needed("sync.default_schema", at.text("sync.default_schema"))?,
                batch_size: at.needed("sync.batch_size", at.number("sync.batch_size"))?,
                max_workers: at.needed("sync.max_workers", at.number("sync.max_workers"))?,
                databases: at.filter("sync.databases.include", "sync.databases.exclude"),
                schemas: at.filter("sync.schemas.include", "sync.schemas.exclude"),
                tables: at.filter("sync.tables.include", "sync.tables.exclude"),
            },
            lineage: LineageSettings {
                enabled: at.bool("lineage.enabled")?,
                auto_discover: at.bool("lineage.auto_discover")?,
                column_level: at.bool("lineage.column_level")?,
                parse_sql: at.bool("lineage.parse_sql")?,
            },
            dbt: DbtSettings {
                enabled: at.bool("dbt.enabled")?,
                project_dir: at.path("dbt.project_dir"),
                profiles_dir: at.path("dbt.profiles_dir"),
                target: at.text("dbt.target"),
                ingest_lineage: at.bool("dbt.ingest_lineage")?,
            },
            ui: UiSettings {
                theme: at.needed("ui.theme", at.text("ui.theme"))?,
                mouse: at.bool("ui.mouse")?,
                ascii: at.bool("ui.ascii")?,
                keymap: at.path("ui.keymap"),
            },
            log: LogSettings {
                level: at.needed("log.level", at.text("log.level"))?,
                file: at.path("log.file"),
            },
            data_dir: at.path("data_dir"),
            profile,
            files,
            warnings,
            layered,
        })
    }

    /// What it takes to connect to Dremio; fetches the secrets, asking if need be.
    pub fn connect_options(
        &self,
        prompt: &mut dyn Prompt,
    ) -> Result<ConnectOptions, CredentialError> {
        let deployment = self.deployment()?;
        let credentials = self.credentials(&deployment, prompt)?;
        Ok(ConnectOptions {
            deployment,
            credentials,
            http: self.dremio.http.clone(),
            max_concurrency: self.discovery.max_workers,
        })
    }

    /// Where Dremio is.
    pub fn deployment(&self) -> Result<Deployment, CredentialError> {
        let url = self.dremio.url.as_deref().and_then(|url| Url::parse(url).ok());
        let is_cloud_url = url.as_ref().is_some_and(is_cloud);
        let (url_rank, project_rank) =
            (self.rank("dremio.url"), self.rank("dremio.cloud.project_id"));
        match (url, &self.dremio.project_id) {
            // A URL that somebody put on top of a Cloud setting means another server.
            (Some(base_url), Some(_)) if url_rank > project_rank && !is_cloud_url => {
                Ok(Deployment::Software { base_url })
            }
            (url, Some(project_id)) => {
                let is_eu = url.as_ref().is_some_and(|url| {
                    is_cloud_url && url.host_str().is_some_and(|host| host.contains(".eu."))
                });
                let region = if is_eu { CloudRegion::Eu } else { self.dremio.region };
                // A base of the same layer is a proxy's; a weaker layer's belongs to another server.
                let base_url = url.filter(|_| !is_cloud_url && url_rank == project_rank);
                Ok(Deployment::Cloud { region, project_id: project_id.clone(), base_url })
            }
            (Some(base_url), None) => Ok(Deployment::Software { base_url }),
            (None, None) => Err(CredentialError::NoServer),
        }
    }

    /// The way to log in that the strongest layer names; within one layer a token comes first.
    fn credentials(
        &self,
        deployment: &Deployment,
        prompt: &mut dyn Prompt,
    ) -> Result<Credentials, CredentialError> {
        let ways = [
            "dremio.password",
            "dremio.oauth.subject_token",
            "dremio.token_command",
            "dremio.token",
        ];
        let way = ways
            .into_iter()
            .filter(|way| self.value(way).is_some())
            .max_by_key(|way| self.rank(way));
        let is_cloud = matches!(deployment, Deployment::Cloud { .. });
        let server = describe(deployment);
        match way {
            Some("dremio.token") => Ok(Credentials::Token(self.secret("dremio.token")?)),
            Some("dremio.token_command") => {
                let command =
                    Reader(&self.layered).text("dremio.token_command").unwrap_or_default();
                Ok(Credentials::Token(secret::from_command("dremio.token_command", &command)?))
            }
            Some("dremio.oauth.subject_token") => {
                let client_id = Reader(&self.layered).text("dremio.oauth.client_id");
                let client = match client_id {
                    Some(id) => Some((id, self.secret("dremio.oauth.client_secret")?)),
                    None => None,
                };
                let subject_token = self.secret("dremio.oauth.subject_token")?;
                Ok(Credentials::OAuth { subject_token, client })
            }
            _ if is_cloud => Err(CredentialError::NoCloudToken),
            _ => {
                let user = self.dremio.user.clone();
                let user =
                    user.ok_or_else(|| CredentialError::NoUser { server: server.clone() })?;
                let password = if way.is_some() {
                    self.secret("dremio.password")?
                } else {
                    prompt
                        .ask(&format!("Password for {user} on {server}"))
                        .ok_or_else(|| CredentialError::NoPassword { user: user.clone(), server })?
                };
                Ok(Credentials::Password { user, password })
            }
        }
    }

    /// How a sync goes, as far as settings say.
    pub fn sync_settings(&self) -> sync::session::SyncSettings {
        let is_cloud = self.dremio.project_id.is_some();
        sync::session::SyncSettings {
            service_name: self.openmetadata.service_name.clone(),
            default_schema: self.sync.default_schema.clone(),
            dremio_url: self.dremio.url.clone().filter(|_| !is_cloud),
            lineage: self.lineage.enabled,
            ..sync::session::SyncSettings::default()
        }
    }

    /// What it takes to connect to OpenMetadata; fetches the secrets, asking if need be.
    pub fn openmetadata_options(
        &self,
        prompt: &mut dyn Prompt,
    ) -> Result<openmetadata::ConnectOptions, CredentialError> {
        let url = self.openmetadata.url.clone().ok_or(CredentialError::NoOpenMetadata)?;
        let ways = ["openmetadata.password", "openmetadata.token_command", "openmetadata.token"];
        let way = ways
            .into_iter()
            .filter(|way| self.value(way).is_some())
            .max_by_key(|way| self.rank(way));
        let credentials = match way {
            Some("openmetadata.token") => {
                openmetadata::Credentials::Token(self.secret("openmetadata.token")?)
            }
            Some("openmetadata.token_command") => {
                let setting = "openmetadata.token_command";
                let command = Reader(&self.layered).text(setting).unwrap_or_default();
                openmetadata::Credentials::Token(secret::from_command(setting, &command)?)
            }
            _ => {
                let email = self.openmetadata.user.clone();
                let email = email
                    .ok_or_else(|| CredentialError::NoOpenMetadataUser { server: url.clone() })?;
                let password = if way.is_some() {
                    self.secret("openmetadata.password")?
                } else {
                    prompt.ask(&format!("Password for {email} on {url}")).ok_or_else(|| {
                        CredentialError::NoOpenMetadataUser { server: url.clone() }
                    })?
                };
                openmetadata::Credentials::Password { email, password }
            }
        };
        Ok(openmetadata::ConnectOptions {
            url,
            credentials,
            http: self.openmetadata.http.clone(),
            max_concurrency: Some(self.sync.max_workers),
        })
    }

    /// What to read of the catalogue by somebody who looks around and opens what is of interest:
    /// nothing slow is fetched unasked.
    pub fn browsing_options(&self) -> DiscoveryOptions {
        let list_storage_folders = self.discovery.list_storage_folders.unwrap_or(false);
        DiscoveryOptions { list_storage_folders, ..self.discovery_options() }
    }

    /// What to read of the catalogue when all of it is wanted.
    pub fn discovery_options(&self) -> DiscoveryOptions {
        let discovery = &self.discovery;
        DiscoveryOptions {
            max_depth: discovery.max_depth,
            include: discovery.include.clone(),
            exclude: discovery.exclude.clone(),
            kinds: discovery.kinds.clone(),
            max_workers: discovery.max_workers,
            strategy: discovery.strategy,
            list_storage_folders: discovery.list_storage_folders.unwrap_or(true),
            // A query may start an engine of Dremio Cloud, which costs money: only when asked for.
            auto_sql: !matches!(self.deployment(), Ok(Deployment::Cloud { .. })),
            ..DiscoveryOptions::default()
        }
    }

    /// Whether the filters of `discovery` let a dataset at this path be read.
    pub fn reads(&self, path: &DatasetPath) -> bool {
        let discovery = &self.discovery;
        let forms = [path.to_string(), path.parts().join(".")];
        let matches = |pattern: &Regex| forms.iter().any(|form| pattern.is_match(form));
        discovery.max_depth.is_none_or(|depth| path.len() <= depth)
            && (discovery.include.is_empty() || discovery.include.iter().any(matches))
            && !discovery.exclude.iter().any(matches)
    }

    fn value(&self, path: &str) -> Option<&Value> {
        self.layered.get(path)?.value.as_ref()
    }

    fn rank(&self, path: &str) -> u32 {
        self.layered.get(path).map_or(0, |setting| setting.rank)
    }

    fn secret(&self, path: &'static str) -> Result<SecretString, SecretError> {
        match self.value(path) {
            Some(Value::Secret(value)) => secret::resolve(path, value),
            _ => Err(SecretError::Empty { setting: path, place: "the configuration".to_owned() }),
        }
    }
}

/// The server in words, without credentials: `localhost:9047`, `Dremio Cloud project …`.
pub(super) fn describe(deployment: &Deployment) -> String {
    match deployment {
        Deployment::Software { base_url } => {
            let host = base_url.host_str().unwrap_or_default();
            base_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
        }
        Deployment::Cloud { project_id, .. } => format!("Dremio Cloud project {project_id}"),
    }
}

fn is_cloud(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host == "dremio.cloud" || host.ends_with(".dremio.cloud"))
}

/// The node kinds that the words of the config file mean.
fn kinds(words: &[String]) -> Vec<NodeKind> {
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
struct Reader<'a>(&'a Layered);

impl Reader<'_> {
    fn value(&self, path: &str) -> Option<&Value> {
        self.0.get(path)?.value.as_ref()
    }

    fn text(&self, path: &str) -> Option<String> {
        match self.value(path)? {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn path(&self, path: &str) -> Option<PathBuf> {
        self.text(path).map(|text| expand(&text))
    }

    fn number(&self, path: &str) -> Option<usize> {
        match self.value(path)? {
            Value::Integer(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    fn maybe(&self, path: &str) -> Option<bool> {
        match self.value(path)? {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn bool(&self, path: &str) -> Result<bool, ConfigError> {
        self.needed(path, self.maybe(path))
    }

    fn duration(&self, path: &str) -> Result<Duration, ConfigError> {
        let value = match self.value(path) {
            Some(Value::Duration(value)) => Some(*value),
            _ => None,
        };
        self.needed(path, value)
    }

    fn list(&self, path: &str) -> Vec<String> {
        match self.value(path) {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    /// The patterns of a list, already known to be regular expressions; `before` is put in front.
    fn patterns(&self, path: &str, before: &str) -> Vec<Regex> {
        let items = self.list(path);
        items.iter().filter_map(|item| Regex::new(&format!("{before}(?:{item})")).ok()).collect()
    }

    /// Filters of names match as OpenMetadata's do: from the beginning, whatever the case.
    fn filter(&self, include: &str, exclude: &str) -> NameFilter {
        const FROM_THE_BEGINNING: &str = "(?i)^";
        NameFilter {
            include: self.patterns(include, FROM_THE_BEGINNING),
            exclude: self.patterns(exclude, FROM_THE_BEGINNING),
        }
    }

    fn region(&self) -> CloudRegion {
        match self.text("dremio.cloud.region").as_deref() {
            Some("eu") => CloudRegion::Eu,
            _ => CloudRegion::Us,
        }
    }

    fn http(&self, server: &str) -> Result<HttpOptions, ConfigError> {
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

    /// A setting that cannot be without a value; a file may have taken the default back.
    fn needed<T>(&self, path: &str, value: Option<T>) -> Result<T, ConfigError> {
        value.ok_or_else(|| {
            let origin = self.0.get(path).map_or(Origin::Default, |setting| setting.origin.clone());
            ConfigError::one(Problem::at(origin.to_string(), format!("{path} cannot be empty")))
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::config::{FlagValue, Inputs, load};

    struct Nobody;

    impl Prompt for Nobody {
        fn ask(&mut self, _what: &str) -> Option<SecretString> {
            None
        }
    }

    fn settings(
        file: &str,
        environment: &[(&str, &str)],
        flags: &[(&'static str, &str)],
    ) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, file).unwrap();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        load(&Inputs {
            config_file: Some(path),
            environment: environment.iter().map(owned).collect(),
            flags: flags
                .iter()
                .map(|(key, value)| (*key, FlagValue::Text((*value).to_owned()), "--flag"))
                .collect(),
            ..Inputs::default()
        })
    }

    #[test]
    fn defaults_are_those_of_the_clients() {
        let settings = load(&Inputs::default()).unwrap();
        assert_eq!(settings.dremio.http, HttpOptions::default());
        assert!(matches!(settings.connect_options(&mut Nobody), Err(CredentialError::NoServer)));
    }

    #[test]
    fn stronger_layers_win_and_say_so() {
        let file = "dremio: {url: 'http://file:9047', user: ada}\ndiscovery: {max_workers: 2}\n";
        let settings = settings(
            file,
            &[("DREMIO_URL", "http://env:9047"), ("DREMIO_PASSWORD", "x")],
            &[("discovery.max_workers", "5")],
        )
        .unwrap();
        assert_eq!(settings.dremio.url.as_deref(), Some("http://env:9047"));
        assert_eq!(settings.discovery.max_workers, Some(5));
        let origin = |path: &str| settings.layered.get(path).unwrap().origin.to_string();
        assert_eq!(origin("dremio.url"), "$DREMIO_URL");
        assert_eq!(origin("discovery.max_workers"), "--flag");
        assert!(origin("dremio.user").ends_with("config.yaml:1"));
        assert_eq!(origin("ui.mouse"), "default");
    }

    #[test]
    fn the_strongest_layer_chooses_how_to_log_in() {
        let file = "dremio: {url: 'http://h', user: ada, token: from-file}";
        let with = |environment: &[(&str, &str)]| {
            let settings = settings(file, environment, &[]).unwrap();
            settings.connect_options(&mut Nobody).unwrap().credentials
        };
        match with(&[]) {
            Credentials::Token(token) => assert_eq!(token.expose_secret(), "from-file"),
            other => panic!("{other:?}"),
        }
        match with(&[("DREMIO_PASSWORD", "pw")]) {
            Credentials::Password { user, password } => {
                assert_eq!((user.as_str(), password.expose_secret()), ("ada", "pw"));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_url_on_top_of_a_cloud_profile_means_another_server() {
        let file = "dremio: {token: t, cloud: {project_id: p1, region: eu}}";
        let deployment = |flags: &[(&'static str, &str)]| {
            settings(file, &[], flags).unwrap().deployment().unwrap()
        };
        assert_eq!(
            deployment(&[]),
            Deployment::Cloud {
                region: CloudRegion::Eu,
                project_id: "p1".to_owned(),
                base_url: None
            }
        );
        assert!(matches!(
            deployment(&[("dremio.url", "http://h:9047")]),
            Deployment::Software { .. }
        ));
        assert!(matches!(
            deployment(&[("dremio.url", "https://proxy"), ("dremio.cloud.project_id", "p2")]),
            Deployment::Cloud { base_url: Some(_), .. }
        ));
    }

    #[test]
    fn a_missing_password_is_asked_for_and_then_named() {
        let settings = settings("dremio: {url: 'http://h:9047', user: ada}", &[], &[]).unwrap();
        let error = settings.connect_options(&mut Nobody).unwrap_err().to_string();
        assert!(
            error.contains("user ada on h:9047") && error.contains("DREMIO_PASSWORD"),
            "{error}"
        );
    }

    #[test]
    fn our_own_variables_are_checked_for_typing_errors() {
        let error = settings("", &[("DREMIO_EXPLORER_DREMIO_ULR", "x")], &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "$DREMIO_EXPLORER_DREMIO_ULR: no setting has this variable; did you mean \
             DREMIO_EXPLORER_DREMIO_URL?"
        );
    }

    #[test]
    fn null_takes_back_an_optional_setting_and_not_a_needed_one() {
        let with = |file: &str| settings(file, &[("DREMIO_URL", "http://h")], &[]);
        assert!(with("discovery: {max_depth: ~}").is_ok());
        let error = with("log:\n  level:\n").unwrap_err().to_string();
        assert!(error.ends_with("config.yaml:2: log.level cannot be empty"), "{error}");
    }
}
