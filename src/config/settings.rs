//! [`Settings`]: the merged layers as plain fields, and what the use cases take of them. Connecting
//! and logging in is in [`super::connection`].

use std::path::PathBuf;

use regex::Regex;

use super::error::ConfigError;
use super::layers::Layered;
use super::reader::{Reader, kinds};
use crate::discovery::{DiscoveryOptions, Strategy};
use crate::dremio::{CloudRegion, Deployment};
use crate::http::HttpOptions;
use crate::model::{DatasetPath, NodeKind};
use crate::sync;
use crate::watch::Permits;
use crate::watch::schedule::Pace;

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
    /// `watch.…`
    pub watch: WatchSettings,
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

impl DiscoverySettings {
    /// Whether nothing is left out: only then does absence mean that something is gone.
    pub fn is_whole(&self) -> bool {
        self.include.is_empty()
            && self.exclude.is_empty()
            && self.max_depth.is_none()
            && self.kinds.is_empty()
    }
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
    /// Names in OpenMetadata to take and to leave.
    pub names: sync::NameFilters,
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

/// How the agent works.
#[derive(Clone, Debug)]
pub struct WatchSettings {
    /// How often it reads.
    pub pace: Pace,
    /// What it may write to OpenMetadata.
    pub permits: Permits,
    /// A plan of more items is not applied.
    pub max_changes: usize,
    /// Shell command that gets rounds with news.
    pub notify_command: Option<String>,
    /// How many stored readings are kept; `None` = all.
    pub keep_snapshots: Option<usize>,
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
    /// Whether owners are brought.
    pub update_owners: bool,
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
                names: sync::NameFilters {
                    databases: at.filter("sync.databases.include", "sync.databases.exclude"),
                    schemas: at.filter("sync.schemas.include", "sync.schemas.exclude"),
                    tables: at.filter("sync.tables.include", "sync.tables.exclude"),
                },
            },
            lineage: LineageSettings {
                enabled: at.bool("lineage.enabled")?,
                auto_discover: at.bool("lineage.auto_discover")?,
                column_level: at.bool("lineage.column_level")?,
                parse_sql: at.bool("lineage.parse_sql")?,
            },
            watch: at.watch()?,
            dbt: DbtSettings {
                enabled: at.bool("dbt.enabled")?,
                project_dir: at.path("dbt.project_dir"),
                profiles_dir: at.path("dbt.profiles_dir"),
                target: at.text("dbt.target"),
                ingest_lineage: at.bool("dbt.ingest_lineage")?,
                update_owners: at.bool("dbt.update_owners")?,
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

    /// How a sync goes, as far as settings say.
    pub fn sync_settings(&self) -> sync::session::SyncSettings {
        let is_cloud = self.dremio.project_id.is_some();
        let lineage = &self.lineage;
        sync::session::SyncSettings {
            service_name: self.openmetadata.service_name.clone(),
            default_schema: self.sync.default_schema.clone(),
            dremio_url: self.dremio.url.clone().filter(|_| !is_cloud),
            lineage: lineage.enabled && lineage.auto_discover && lineage.parse_sql,
            column_lineage: lineage.column_level,
            names: self.sync.names.clone(),
            reads_all: self.discovery.is_whole(),
            ..sync::session::SyncSettings::default()
        }
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
        self.discovery_options().reads(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::{Nobody, settings};
    use crate::config::{CredentialError, Inputs, load};

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
