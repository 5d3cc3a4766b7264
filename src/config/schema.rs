//! [`KEYS`]: every setting there is, what it may be and what it does.
//!
//! Files, environment, `config show` and the documentation all follow this one list.

use super::kind::Kind;
use crate::watch::Permits;

/// The variable that chooses a profile.
pub(super) const PROFILE_VARIABLE: &str = "DREMIO_EXPLORER_PROFILE";
/// Before every setting's own variable.
const PREFIX: &str = "DREMIO_EXPLORER_";

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its place in a file, levels joined by dots: `dremio.tls.insecure`.
    pub path: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// Further environment variables, strongest first; [`Key::variable`] is stronger still.
    pub aliases: &'static [&'static str],
    /// What it does, as a sentence without its full stop.
    pub doc: &'static str,
}

const CONNECT_DOC: &str = "Time limit for making a connection";
const KINDS: &[&str] =
    &["home", "space", "source", "folder", "file", "table", "view", "dataset", "function"];

const fn key(
    path: &'static str,
    kind: Kind,
    aliases: &'static [&'static str],
    doc: &'static str,
) -> Key {
    Key { path, kind, aliases, doc }
}

/// Every setting, grouped as in a file.
pub const KEYS: &[Key] = &[
    key(
        "dremio.url",
        Kind::Url,
        &["DREMIO_URL"],
        "Base URL of Dremio Software, e.g. http://localhost:9047; with a project id, another base than Dremio Cloud's own",
    ),
    key(
        "dremio.user",
        Kind::Text,
        &["DREMIO_USER", "DREMIO_USERNAME"],
        "User name for a password login (Software)",
    ),
    key(
        "dremio.password",
        Kind::Secret,
        &["DREMIO_PASSWORD"],
        "Password of that user; asked for when it is absent and there is a terminal",
    ),
    key(
        "dremio.token",
        Kind::Secret,
        &["DREMIO_PAT", "DREMIO_TOKEN"],
        "Personal access token (Enterprise and Cloud)",
    ),
    key(
        "dremio.token_command",
        Kind::Text,
        &["DREMIO_TOKEN_COMMAND"],
        "Shell command that prints the personal access token",
    ),
    key(
        "dremio.oauth.subject_token",
        Kind::Secret,
        &["DREMIO_OAUTH_SUBJECT_TOKEN"],
        "Token (JWT) of an external identity provider, exchanged for a Dremio one",
    ),
    key(
        "dremio.oauth.client_id",
        Kind::Text,
        &["DREMIO_OAUTH_CLIENT_ID"],
        "Client id that the exchange needs for service users",
    ),
    key(
        "dremio.oauth.client_secret",
        Kind::Secret,
        &["DREMIO_OAUTH_CLIENT_SECRET"],
        "Secret of that client",
    ),
    key(
        "dremio.cloud.project_id",
        Kind::Text,
        &["DREMIO_PROJECT_ID"],
        "Project of Dremio Cloud; makes this a Cloud connection",
    ),
    key(
        "dremio.cloud.region",
        Kind::Word(&["us", "eu"]),
        &["DREMIO_REGION"],
        "Control plane of Dremio Cloud",
    ),
    key(
        "dremio.tls.ca_file",
        Kind::Path,
        &["DREMIO_CA_FILE"],
        "PEM file of further certificate authorities to trust",
    ),
    key(
        "dremio.tls.client_certificate",
        Kind::Path,
        &["DREMIO_CLIENT_CERTIFICATE"],
        "PEM file with the client's certificate and key",
    ),
    key("dremio.tls.insecure", Kind::Bool, &[], "Accept any certificate"),
    key(
        "dremio.proxy",
        Kind::Text,
        &[],
        "Proxy URL (http, https, socks5); by default HTTPS_PROXY and NO_PROXY are followed",
    ),
    key("dremio.connect_timeout", Kind::Duration, &[], CONNECT_DOC),
    key("dremio.read_timeout", Kind::Duration, &[], "Time limit for an answer"),
    key(
        "dremio.slow_read_timeout",
        Kind::Duration,
        &[],
        "Time limit for answers known to be slow: file-system listings, query results",
    ),
    key(
        "dremio.retries",
        Kind::Integer(0, 20),
        &[],
        "How often a request that may be repeated is sent again",
    ),
    key(
        "dremio.retry_pause",
        Kind::Duration,
        &[],
        "First pause before that; doubled each time, with jitter; a quarter of it while other requests are answered",
    ),
    key(
        "openmetadata.url",
        Kind::Url,
        &["OPENMETADATA_URL", "OPENMETADATA_HOST_PORT"],
        "Base URL of OpenMetadata, e.g. http://localhost:8585/api",
    ),
    key(
        "openmetadata.token",
        Kind::Secret,
        &["OPENMETADATA_JWT_TOKEN", "OPENMETADATA_TOKEN"],
        "JWT of a bot, or a personal access token",
    ),
    key(
        "openmetadata.token_command",
        Kind::Text,
        &["OPENMETADATA_TOKEN_COMMAND"],
        "Shell command that prints the token",
    ),
    key(
        "openmetadata.user",
        Kind::Text,
        &["OPENMETADATA_USER"],
        "User (e-mail) for a password login",
    ),
    key("openmetadata.password", Kind::Secret, &["OPENMETADATA_PASSWORD"], "Password of that user"),
    key(
        "openmetadata.service_name",
        Kind::Text,
        &["OPENMETADATA_SERVICE_NAME"],
        "Database service under which everything is filed",
    ),
    key(
        "openmetadata.tls.ca_file",
        Kind::Path,
        &["OPENMETADATA_CA_FILE"],
        "PEM file of further certificate authorities to trust",
    ),
    key(
        "openmetadata.tls.client_certificate",
        Kind::Path,
        &["OPENMETADATA_CLIENT_CERTIFICATE"],
        "PEM file with the client's certificate and key",
    ),
    key("openmetadata.tls.insecure", Kind::Bool, &[], "Accept any certificate"),
    key(
        "openmetadata.proxy",
        Kind::Text,
        &[],
        "Proxy URL; by default HTTPS_PROXY and NO_PROXY are followed",
    ),
    key("openmetadata.connect_timeout", Kind::Duration, &[], CONNECT_DOC),
    key("openmetadata.read_timeout", Kind::Duration, &[], "Time limit for an answer"),
    key(
        "openmetadata.retries",
        Kind::Integer(0, 20),
        &[],
        "How often a request that may be repeated is sent again",
    ),
    key(
        "openmetadata.retry_pause",
        Kind::Duration,
        &[],
        "First pause before that; doubled each time, with jitter; a quarter of it while other requests are answered",
    ),
    key(
        "discovery.strategy",
        Kind::Word(&["auto", "rest", "sql"]),
        &[],
        "How dataset details are read: batches or single reads (rest), bulk queries (sql), or what pays (auto)",
    ),
    key(
        "discovery.max_depth",
        Kind::Integer(1, 1_000),
        &[],
        "How many levels to list; all by default",
    ),
    key(
        "discovery.include",
        Kind::Patterns,
        &[],
        "Only paths that match one of these, and what leads to them",
    ),
    key(
        "discovery.exclude",
        Kind::Patterns,
        &[],
        "Not the paths that match one of these, nor anything below",
    ),
    key(
        "discovery.include_types",
        Kind::Words(KINDS),
        &[],
        "Kinds wanted in the result; `dataset` means table and view; all by default",
    ),
    key(
        "discovery.max_workers",
        Kind::Integer(1, 16),
        &[],
        "Requests under way at once; 8 by default, on Cloud 4",
    ),
    key(
        "discovery.list_storage_folders",
        Kind::Bool,
        &[],
        "List the folders of file-system sources, live and slow; by default a whole reading does and the terminal UI only opens those that are opened",
    ),
    key(
        "sync.default_schema",
        Kind::Text,
        &[],
        "Schema for datasets that stand right under a root",
    ),
    key(
        "sync.batch_size",
        Kind::Integer(1, 1_000),
        &[],
        "New tables in one bulk request, where OpenMetadata offers that; 1 sends each by itself",
    ),
    key(
        "sync.max_workers",
        Kind::Integer(1, 64),
        &[],
        "Requests to OpenMetadata under way at once",
    ),
    key(
        "sync.databases.include",
        Kind::Patterns,
        &[],
        "Only databases (homes, spaces, sources) whose name matches from its beginning",
    ),
    key("sync.databases.exclude", Kind::Patterns, &[], "Not these databases"),
    key(
        "sync.schemas.include",
        Kind::Patterns,
        &[],
        "Only schemas (folder paths joined by dots) whose name matches from its beginning",
    ),
    key("sync.schemas.exclude", Kind::Patterns, &[], "Not these schemas"),
    key(
        "sync.tables.include",
        Kind::Patterns,
        &[],
        "Only tables and views whose name matches from its beginning",
    ),
    key("sync.tables.exclude", Kind::Patterns, &[], "Not these tables and views"),
    key("lineage.enabled", Kind::Bool, &[], "Whether a sync writes lineage"),
    key(
        "lineage.auto_discover",
        Kind::Bool,
        &[],
        "Whether a sync finds lineage in the SQL of the views; off, it writes none",
    ),
    key(
        "lineage.column_level",
        Kind::Bool,
        &[],
        "Whether a sync writes lineage of columns as well as of tables",
    ),
    key(
        "lineage.parse_sql",
        Kind::Bool,
        &[],
        "Whether a sync reads the SQL of the views; off, it writes no lineage",
    ),
    key(
        "watch.interval",
        Kind::Duration,
        &[],
        "From the beginning of one round of `watch` to that of the next; some jitter is added",
    ),
    key(
        "watch.longest_pause",
        Kind::Duration,
        &[],
        "Longest wait between two tries while a server fails; never less than the interval",
    ),
    key(
        "watch.apply",
        Kind::Words(Permits::WORDS),
        &[],
        "What `watch` may write to OpenMetadata unseen: nothing; new (create, lineage); all (create, update, restore, lineage); or those words and delete, which `all` leaves out",
    ),
    key(
        "watch.max_changes",
        Kind::Integer(1, 1_000_000),
        &[],
        "A plan that would write more items than this is not applied by `watch`",
    ),
    key(
        "watch.notify_command",
        Kind::Text,
        &[],
        "Shell command that gets each round with news as JSON on its standard input",
    ),
    key(
        "watch.keep_snapshots",
        Kind::Integer(1, 100_000),
        &[],
        "How many stored readings of the server `watch` leaves when it adds one; all by default",
    ),
    key("dbt.enabled", Kind::Bool, &[], "Whether a dbt project takes part"),
    key("dbt.project_dir", Kind::Path, &[], "Folder of dbt_project.yml"),
    key("dbt.profiles_dir", Kind::Path, &[], "Folder of profiles.yml"),
    key("dbt.target", Kind::Text, &[], "Target of the dbt profile"),
    key("dbt.ingest_lineage", Kind::Bool, &[], "Whether lineage that only dbt knows is written"),
    key(
        "dbt.update_owners",
        Kind::Bool,
        &[],
        "Whether dbt's owners are brought to tables that have none",
    ),
    key(
        "ui.theme",
        Kind::Word(&["auto", "dark", "light", "high-contrast", "ansi16"]),
        &[],
        "Colours of the terminal UI",
    ),
    key("ui.mouse", Kind::Bool, &[], "Whether the terminal UI takes the mouse"),
    key("ui.ascii", Kind::Bool, &[], "Draw boxes and marks with ASCII characters only"),
    key(
        "ui.keymap",
        Kind::Path,
        &[],
        "Key bindings laid over the built-in ones; keymap.yaml beside the user's config file by default",
    ),
    key(
        "log.level",
        Kind::Word(&["off", "error", "warn", "info", "debug", "trace"]),
        &[],
        "What goes into the log file",
    ),
    key(
        "log.file",
        Kind::Path,
        &[],
        "The log file; dremio-explorer.log in the data folder by default",
    ),
    key("data_dir", Kind::Path, &[], "Folder for snapshots, journals and the log"),
];

/// The setting at `path`.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The names that may follow `section` (empty for the top level), in the order of [`KEYS`].
pub(super) fn names_in(section: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    for key in KEYS {
        let rest = if section.is_empty() {
            Some(key.path)
        } else {
            key.path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'))
        };
        if let Some(rest) = rest {
            let name = rest.split('.').next().unwrap_or(rest);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

impl Key {
    /// The environment variable that always sets it: `DREMIO_EXPLORER_DREMIO_TLS_INSECURE`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.path.replace('.', "_").to_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_named_once() {
        for (index, key) in KEYS.iter().enumerate() {
            assert!(KEYS[..index].iter().all(|other| other.path != key.path), "{}", key.path);
            for alias in key.aliases {
                let users = KEYS.iter().filter(|other| other.aliases.contains(alias)).count();
                assert_eq!(users, 1, "{alias}");
            }
        }
    }

    #[test]
    fn names_follow_their_section() {
        assert_eq!(names_in("dremio.tls"), ["ca_file", "client_certificate", "insecure"]);
        assert!(names_in("").contains(&"data_dir"));
    }
}
