//! [`Session`]: what every command of one run shares: flags, settings, voice, the way to stop.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;
use url::Url;

use super::args::{Cli, Command, ConnectionArgs, DiscoverArgs, OutputArgs, WatchArgs};
use super::printer::Printer;
use super::status::{ExitStatus, Failure};
use crate::config::{self, FlagValue, Inputs, Places, Settings};
use crate::dremio::{ConnectOptions, Deployment};
use crate::log::{LogGuard, LogOptions};
use crate::model::{Catalog, ServerInfo};
use crate::openmetadata;
use crate::snapshots::SnapshotStore;
use crate::sync::session::SyncSettings;

/// One run of the program.
#[derive(Clone, Debug)]
pub struct Session {
    /// The command line.
    pub cli: Cli,
    /// Where files live; `None` when the user has no home folder.
    pub places: Option<Places>,
    /// Where words go.
    pub printer: Printer,
    /// Cancelled by Ctrl-C.
    pub cancel: CancellationToken,
}

/// A server to connect to.
#[derive(Debug)]
pub struct Target {
    /// How.
    pub options: ConnectOptions,
    /// What people call it: the profile, the demo's catalogue, or nothing.
    pub name: Option<String>,
    /// Keeps the demo's servers up.
    #[cfg(feature = "demo")]
    pub(super) demo: Option<super::run::Demo>,
}

impl Target {
    /// Whether it is the demo.
    pub fn is_demo(&self) -> bool {
        #[cfg(feature = "demo")]
        {
            self.demo.is_some()
        }
        #[cfg(not(feature = "demo"))]
        {
            false
        }
    }
}

impl Target {
    /// The server under which a reading is stored: the demo's port is another one each time.
    pub fn server_for_store(&self, server: ServerInfo) -> ServerInfo {
        let demo = self.name.as_ref().filter(|_| self.is_demo());
        match demo {
            Some(catalogue) => ServerInfo { host: format!("demo-{catalogue}"), ..server },
            None => server,
        }
    }

    /// What to call the connection on the screen: `prod@dremio.example.com`, the host alone, or the
    /// demo's catalogue.
    pub fn title(&self) -> String {
        if self.is_demo() {
            return self.name.clone().unwrap_or_default();
        }
        let server = match &self.options.deployment {
            Deployment::Software { base_url } => host_and_port(base_url),
            Deployment::Cloud { project_id, .. } => format!("Cloud project {project_id}"),
        };
        self.name.as_ref().map_or_else(|| server.clone(), |name| format!("{name}@{server}"))
    }

    /// The newest stored reading of this server, if there is one that can be read.
    pub fn stored(&self, data_dir: &Path) -> Option<Catalog> {
        let host = match &self.options.deployment {
            Deployment::Software { base_url } => host_and_port(base_url),
            // One host serves every project, so a stored reading could be of another one.
            Deployment::Cloud { .. } => return None,
        };
        let server = self.server_for_store(ServerInfo { host, ..ServerInfo::default() });
        let entry = SnapshotStore::new(data_dir).latest(&server).ok()??;
        match entry.load() {
            Ok(snapshot) => Some(snapshot.catalog),
            Err(error) => {
                tracing::warn!(%error, "a stored reading could not be used");
                None
            }
        }
    }
}

fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

impl Session {
    /// A session for a parsed command line.
    pub fn new(cli: Cli) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let printer = Printer::new(&cli.output, no_color);
        Self { cli, places: Places::of_system(), printer, cancel: CancellationToken::new() }
    }

    /// The same run on another profile: what was said of a server on the command line was said of
    /// another one.
    pub fn on_profile(&self, profile: String) -> Self {
        let mut next = self.clone();
        next.cli.connection = ConnectionArgs {
            profile: Some(profile),
            demo: None,
            dremio_url: None,
            dremio_user: None,
            dremio_project: None,
            openmetadata_url: None,
            openmetadata_user: None,
            service_name: None,
            ..self.cli.connection.clone()
        };
        next
    }

    /// The profiles of the config files, and where each leads to, in words.
    pub fn profiles(&self, settings: &Settings) -> Vec<(String, String)> {
        let Ok(names) = config::profiles(&self.inputs()) else { return Vec::new() };
        let server = |name: &String| {
            if settings.profile.as_ref() == Some(name) && self.cli.connection.demo.is_none() {
                return settings.server();
            }
            match config::load(&self.on_profile(name.clone()).inputs()) {
                Ok(settings) => settings.server(),
                Err(error) => error.to_string(),
            }
        };
        names.into_iter().map(|name| (name.clone(), server(&name))).collect()
    }

    /// What decides the settings.
    pub fn inputs(&self) -> Inputs {
        let text = |value: OsString| value.into_string().ok();
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((text(name)?, text(value)?)))
            .collect();
        let mut flags = flags(&self.cli.connection, &self.cli.output);
        match &self.cli.command {
            Some(Command::Discover(args)) => flags.extend(discover_flags(args)),
            Some(Command::Watch(args)) => flags.extend(watch_flags(args)),
            _ => {}
        }
        Inputs {
            user_file: self.places.as_ref().map(|places| places.config_file.clone()),
            config_file: self.cli.connection.config.clone(),
            profile: self.cli.connection.profile.clone(),
            environment,
            flags,
        }
    }

    /// The settings in force; says what is odd about them.
    pub fn settings(&self) -> Result<Settings, Failure> {
        let settings = config::load(&self.inputs())?;
        for warning in &settings.warnings {
            self.printer.warn(warning);
        }
        Ok(settings)
    }

    /// The data folder: as set, else the system's place.
    pub fn data_dir(&self, settings: &Settings) -> Option<PathBuf> {
        settings
            .data_dir
            .clone()
            .or_else(|| self.places.as_ref().map(|places| places.data_dir.clone()))
    }

    /// The user's key bindings: as set, else the file in the usual place if it is there.
    pub fn keymap(&self, settings: &Settings) -> Option<PathBuf> {
        let usual = || {
            let file = self.places.as_ref()?.keymap_file.clone();
            file.exists().then_some(file)
        };
        settings.ui.keymap.clone().or_else(usual)
    }

    /// Starts the log; keep the guard until the end. `in_ui` keeps it off the terminal.
    pub fn start_log(&self, settings: &Settings, in_ui: bool) -> LogGuard {
        let (guard, problem) = crate::log::start(&LogOptions {
            level: settings.log.level.clone(),
            file: settings.log.file.clone(),
            data_dir: self.data_dir(settings),
            verbose: if in_ui { 0 } else { self.cli.output.verbose },
            color: self.printer.colors_messages(),
        });
        if let Some(problem) = problem {
            self.printer.warn(&problem);
        }
        guard
    }

    /// The server that flags, environment and files name, or the demo's. Must run on a tokio runtime.
    pub async fn target(&self, settings: &Settings) -> Result<Target, Failure> {
        #[cfg(feature = "demo")]
        if let Some(catalogue) = &self.cli.connection.demo {
            return super::run::start_demo(catalogue, settings).await;
        }
        #[cfg(not(feature = "demo"))]
        if self.cli.connection.demo.is_some() {
            return Err(Failure::usage("this build has no demo: build with `--features demo`"));
        }
        // Asking for a password blocks, and so does a command that fetches a token.
        let mut printer = self.printer.clone();
        let wanted = settings.clone();
        let options =
            tokio::task::spawn_blocking(move || wanted.connect_options(&mut printer)).await;
        let options = options.map_err(|error| {
            Failure::new(ExitStatus::Usage, format!("cannot read the credentials: {error}"))
        })??;
        Ok(Target {
            options,
            name: settings.profile.clone(),
            #[cfg(feature = "demo")]
            demo: None,
        })
    }

    /// The OpenMetadata that belongs to `target`: the demo's, or the one that is set.
    pub async fn openmetadata(
        &self,
        settings: &Settings,
        target: &Target,
    ) -> Result<openmetadata::ConnectOptions, Failure> {
        #[cfg(feature = "demo")]
        if let Some(demo) = &target.demo {
            return Ok(demo.openmetadata(settings));
        }
        let _ = target;
        self.openmetadata_set(settings).await
    }

    /// The OpenMetadata that flags, environment and files name.
    pub(super) async fn openmetadata_set(
        &self,
        settings: &Settings,
    ) -> Result<openmetadata::ConnectOptions, Failure> {
        let mut printer = self.printer.clone();
        let wanted = settings.clone();
        let options =
            tokio::task::spawn_blocking(move || wanted.openmetadata_options(&mut printer)).await;
        let options = options.map_err(|error| {
            Failure::new(ExitStatus::Usage, format!("cannot read the credentials: {error}"))
        })??;
        Ok(options)
    }
}

/// How to reach OpenMetadata, how to sync to it, and where to remember things between runs.
pub type SyncParts = (openmetadata::ConnectOptions, SyncSettings, Option<PathBuf>);

impl Session {
    /// What a sync from the terminal UI takes; or why there can be none, and what to do about it. Fails
    /// only when somebody wants to leave.
    pub async fn sync_target(
        &self,
        settings: &Settings,
        target: &Target,
    ) -> Result<Result<SyncParts, String>, Failure> {
        let connect = match self.openmetadata(settings, target).await {
            Ok(connect) => connect,
            Err(failure) if failure.status == ExitStatus::Interrupted => return Err(failure),
            Err(failure) => return Ok(Err(failure.message)),
        };
        let data_dir = if target.is_demo() { None } else { self.data_dir(settings) };
        Ok(Ok((connect, settings.sync_settings(), data_dir)))
    }
}

type Flags = Vec<(&'static str, FlagValue, &'static str)>;

/// The settings that the global flags speak of.
fn flags(connection: &ConnectionArgs, output: &OutputArgs) -> Flags {
    let text =
        |path, value: Option<String>, flag| value.map(|value| (path, FlagValue::Text(value), flag));
    let file = |path, value: &Option<PathBuf>, flag| {
        text(path, value.as_ref().map(|value| value.display().to_string()), flag)
    };
    let switch = |path, on: bool, value: &str, flag| text(path, on.then(|| value.to_owned()), flag);
    let workers = connection.max_workers.map(|number| number.to_string());
    [
        text("dremio.url", connection.dremio_url.clone(), "--dremio-url"),
        text("dremio.user", connection.dremio_user.clone(), "--dremio-user"),
        text("dremio.cloud.project_id", connection.dremio_project.clone(), "--dremio-project"),
        text("openmetadata.url", connection.openmetadata_url.clone(), "--openmetadata-url"),
        text("openmetadata.user", connection.openmetadata_user.clone(), "--openmetadata-user"),
        text("openmetadata.service_name", connection.service_name.clone(), "--service-name"),
        file("dremio.tls.ca_file", &connection.ca_file, "--ca-file"),
        file("openmetadata.tls.ca_file", &connection.ca_file, "--ca-file"),
        switch("dremio.tls.insecure", connection.insecure, "true", "--insecure"),
        switch("openmetadata.tls.insecure", connection.insecure, "true", "--insecure"),
        text("dremio.proxy", connection.proxy.clone(), "--proxy"),
        text("openmetadata.proxy", connection.proxy.clone(), "--proxy"),
        text("discovery.max_workers", workers.clone(), "--max-workers"),
        text("sync.max_workers", workers, "--max-workers"),
        file("data_dir", &connection.data_dir, "--data-dir"),
        text("ui.theme", output.theme.clone(), "--theme"),
        switch("ui.ascii", output.ascii, "true", "--ascii"),
        switch("ui.mouse", output.no_mouse, "false", "--no-mouse"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The settings that the flags of `discover` speak of.
fn discover_flags(args: &DiscoverArgs) -> Flags {
    let list = |path, items: &[String], flag| {
        (!items.is_empty()).then(|| (path, FlagValue::List(items.to_vec()), flag))
    };
    let text =
        |path, value: Option<String>, flag| value.map(|value| (path, FlagValue::Text(value), flag));
    let depth = args.depth.map(|depth| depth.to_string());
    let storage = args.no_storage_folders.then(|| "false".to_owned());
    [
        list("discovery.include", &args.include, "--include"),
        list("discovery.exclude", &args.exclude, "--exclude"),
        list("discovery.include_types", &args.types, "--types"),
        text("discovery.max_depth", depth, "--depth"),
        text("discovery.strategy", args.strategy.clone(), "--strategy"),
        text("discovery.list_storage_folders", storage, "--no-storage-folders"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The settings that the flags of `watch` speak of.
fn watch_flags(args: &WatchArgs) -> Flags {
    let text =
        |path, value: Option<String>, flag| value.map(|value| (path, FlagValue::Text(value), flag));
    let most = args.max_changes.map(|number| number.to_string());
    let apply = FlagValue::List(args.apply.clone());
    [
        text("watch.interval", args.interval.clone(), "--interval"),
        (!args.apply.is_empty()).then_some(("watch.apply", apply, "--apply")),
        text("watch.max_changes", most, "--max-changes"),
        text("watch.notify_command", args.notify_command.clone(), "--notify-command"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
