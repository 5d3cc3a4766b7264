//! OpenMetadata's ingestion workflow read as a config file.
//!
//! People who come from the Python connector have one. Every key is known by name: those that mean
//! one of our settings, those that mean nothing here, and those that ask for what is not done.

use std::collections::BTreeMap;

use super::error::unknown;
use super::file::{Reader, Stated};
use super::schema;
use super::tree::{Node, Tree};

/// What a workflow gives.
#[derive(Debug, Default)]
pub(super) struct Workflow {
    pub(super) settings: Vec<Stated>,
    pub(super) warnings: Vec<String>,
}

/// What becomes of a key of the workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// It is this setting.
    Setting(&'static str),
    /// It says what is so anyway.
    Given,
    /// It asks for something that this program does otherwise or not at all.
    Unused,
    /// Together with others it makes the URL of Dremio.
    Address,
    /// A word to be translated.
    Word,
}

use Meaning::{Address, Given, Setting, Unused, Word};

const OPTIONS: &str = "source.serviceConnection.config.connectionOptions";

/// Every key, with its place in the file.
const KEYS: &[(&str, Meaning)] = &[
    ("source.type", Given),
    ("source.serviceName", Setting("openmetadata.service_name")),
    ("source.serviceConnection.config.type", Given),
    ("source.serviceConnection.config.sourcePythonClass", Given),
    ("source.serviceConnection.config.connectionOptions.dremioHost", Address),
    ("source.serviceConnection.config.connectionOptions.dremioPort", Address),
    ("source.serviceConnection.config.connectionOptions.dremioUseSSL", Address),
    ("source.serviceConnection.config.connectionOptions.dremioUrl", Setting("dremio.url")),
    ("source.serviceConnection.config.connectionOptions.dremioUsername", Setting("dremio.user")),
    (
        "source.serviceConnection.config.connectionOptions.dremioPassword",
        Setting("dremio.password"),
    ),
    ("source.serviceConnection.config.connectionOptions.dremioToken", Setting("dremio.token")),
    (
        "source.serviceConnection.config.connectionOptions.dremioProjectId",
        Setting("dremio.cloud.project_id"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.discovery.strategy",
        Setting("discovery.strategy"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.discovery.max_depth",
        Setting("discovery.max_depth"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.discovery.timeout",
        Setting("dremio.read_timeout"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.discovery.include",
        Setting("discovery.include"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.discovery.exclude",
        Setting("discovery.exclude"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.discovery.include_types",
        Setting("discovery.include_types"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.discovery.max_workers",
        Setting("discovery.max_workers"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.discovery.list_storage_folders",
        Setting("discovery.list_storage_folders"),
    ),
    ("source.serviceConnection.config.connectionOptions.batch_size", Setting("sync.batch_size")),
    ("source.serviceConnection.config.connectionOptions.max_workers", Setting("sync.max_workers")),
    (
        "source.serviceConnection.config.connectionOptions.default_schema",
        Setting("sync.default_schema"),
    ),
    ("source.serviceConnection.config.connectionOptions.dbt.enabled", Setting("dbt.enabled")),
    (
        "source.serviceConnection.config.connectionOptions.dbt.project_dir",
        Setting("dbt.project_dir"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.dbt.profiles_dir",
        Setting("dbt.profiles_dir"),
    ),
    ("source.serviceConnection.config.connectionOptions.dbt.target", Setting("dbt.target")),
    (
        "source.serviceConnection.config.connectionOptions.dbt.ingest_lineage",
        Setting("dbt.ingest_lineage"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.lineage.enabled",
        Setting("lineage.enabled"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.lineage.auto_discover",
        Setting("lineage.auto_discover"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.lineage.column_level",
        Setting("lineage.column_level"),
    ),
    (
        "source.serviceConnection.config.connectionOptions.lineage.parse_sql",
        Setting("lineage.parse_sql"),
    ),
    ("source.sourceConfig.config.type", Given),
    (
        "source.sourceConfig.config.databaseFilterPattern.includes",
        Setting("sync.databases.include"),
    ),
    (
        "source.sourceConfig.config.databaseFilterPattern.excludes",
        Setting("sync.databases.exclude"),
    ),
    ("source.sourceConfig.config.schemaFilterPattern.includes", Setting("sync.schemas.include")),
    ("source.sourceConfig.config.schemaFilterPattern.excludes", Setting("sync.schemas.exclude")),
    ("source.sourceConfig.config.tableFilterPattern.includes", Setting("sync.tables.include")),
    ("source.sourceConfig.config.tableFilterPattern.excludes", Setting("sync.tables.exclude")),
    ("source.sourceConfig.config.includeTables", Given),
    ("source.sourceConfig.config.includeViews", Given),
    ("source.sourceConfig.config.markDeletedTables", Unused),
    ("source.sourceConfig.config.includeTags", Unused),
    ("source.sourceConfig.config.includeOwners", Unused),
    ("source.sourceConfig.config.includeStoredProcedures", Unused),
    ("source.sourceConfig.config.includeDDL", Unused),
    ("source.sourceConfig.config.overrideMetadata", Unused),
    ("source.sourceConfig.config.overrideViewLineage", Unused),
    ("source.sourceConfig.config.useFqnForFiltering", Unused),
    ("source.sourceConfig.config.queryLogDuration", Unused),
    ("source.sourceConfig.config.threads", Setting("sync.max_workers")),
    ("sink.type", Given),
    ("sink.config", Given),
    ("workflowConfig.loggerLevel", Word),
    ("workflowConfig.successThreshold", Unused),
    ("workflowConfig.raiseOnError", Unused),
    ("workflowConfig.openMetadataServerConfig.hostPort", Setting("openmetadata.url")),
    ("workflowConfig.openMetadataServerConfig.authProvider", Word),
    (
        "workflowConfig.openMetadataServerConfig.securityConfig.jwtToken",
        Setting("openmetadata.token"),
    ),
    ("workflowConfig.openMetadataServerConfig.verifySSL", Word),
    (
        "workflowConfig.openMetadataServerConfig.sslConfig.caCertificate",
        Setting("openmetadata.tls.ca_file"),
    ),
    ("workflowConfig.openMetadataServerConfig.storeServiceConnection", Unused),
    ("workflowConfig.openMetadataServerConfig.enableVersionValidation", Unused),
    ("ingestionPipelineFQN", Unused),
    ("pipelineRunId", Unused),
    ("enableStreamableLogs", Unused),
];

/// Whether a file has the shape of a workflow.
pub(super) fn is_workflow(entries: &[(String, Tree)]) -> bool {
    entries.iter().any(|(name, _)| matches!(name.as_str(), "source" | "workflowConfig"))
}

/// Reads a workflow.
pub(super) fn read(entries: Vec<(String, Tree)>, reader: &mut Reader<'_>) -> Workflow {
    let mut workflow = Workflow::default();
    let mut address = BTreeMap::new();
    for (name, tree) in entries {
        entry(&name, &name, "", tree, reader, &mut workflow, &mut address);
    }
    workflow.settings.extend(url(address, reader));
    workflow
}

fn entry(
    path: &str,
    name: &str,
    section: &str,
    tree: Tree,
    reader: &mut Reader<'_>,
    workflow: &mut Workflow,
    address: &mut BTreeMap<&'static str, Tree>,
) {
    let Some((known, meaning)) = KEYS.iter().find(|(known, _)| *known == path) else {
        let names = names_in(path);
        match tree.node {
            _ if names.is_empty() => {
                let known = names_in(section);
                let message = unknown("key", path, name, &known);
                reader.problem(tree.line, tree.column, message);
            }
            Node::Null => {}
            Node::Map(entries) => {
                for (name, tree) in entries {
                    entry(&format!("{path}.{name}"), &name, path, tree, reader, workflow, address);
                }
            }
            _ => {
                let message = format!("{path} is a section that may hold {}", names.join(", "));
                reader.problem(tree.line, tree.column, message);
            }
        }
        return;
    };
    match meaning {
        Given => {}
        Unused => workflow.warnings.push(format!("{path} has no meaning here and is not used")),
        Address => {
            address.insert(known, tree);
        }
        Setting(setting) => {
            // Templates leave what does not apply empty.
            let is_empty = match &tree.node {
                Node::Null => true,
                Node::Scalar(text) => text.is_empty(),
                _ => false,
            };
            let key = schema::find(setting).filter(|_| !is_empty);
            workflow.settings.extend(key.and_then(|key| reader.stated(key, name, tree)));
        }
        Word => word(path, name, &tree, reader, workflow),
    }
}

/// The names that may follow `section`.
fn names_in(section: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for (path, _) in KEYS {
        let rest = if section.is_empty() {
            Some(*path)
        } else {
            path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'))
        };
        let name = rest.and_then(|rest| rest.split('.').next());
        names.extend(name.filter(|name| !names.contains(name)));
    }
    names
}

/// Words that have to be put into ours.
fn word(path: &str, name: &str, tree: &Tree, reader: &mut Reader<'_>, workflow: &mut Workflow) {
    let Node::Scalar(text) = &tree.node else {
        reader.problem(tree.line, tree.column, format!("{name}: expected a text"));
        return;
    };
    let (setting, value) = match (name, text.to_ascii_lowercase().as_str()) {
        ("loggerLevel", "critical") => ("log.level", "error"),
        ("loggerLevel", "warning") => ("log.level", "warn"),
        ("loggerLevel", _) => ("log.level", text.as_str()),
        ("verifySSL", "ignore") => ("openmetadata.tls.insecure", "true"),
        ("verifySSL", "validate" | "no-ssl") | ("authProvider", "openmetadata") => return,
        ("verifySSL", _) => {
            let message =
                unknown("value", &format!("{text:?}"), text, &["no-ssl", "ignore", "validate"]);
            reader.problem(tree.line, tree.column, format!("{name}: {message}"));
            return;
        }
        _ => {
            workflow.warnings.push(format!(
                "{path}: {text} is not used; a token (securityConfig.jwtToken) logs in"
            ));
            return;
        }
    };
    let (line, column) = (tree.line, tree.column);
    let tree = Tree { line, column, node: Node::Scalar(value.to_owned()) };
    let stated = schema::find(setting).and_then(|key| reader.stated(key, name, tree));
    workflow.settings.extend(stated);
}

/// `dremioHost`, `dremioPort` and `dremioUseSSL` as the one URL that they mean.
fn url(mut address: BTreeMap<&'static str, Tree>, reader: &mut Reader<'_>) -> Option<Stated> {
    let mut take = |name: &str| {
        let tree = address.remove(format!("{OPTIONS}.{name}").as_str())?;
        match tree.node {
            Node::Scalar(ref text) => Some((text.clone(), tree)),
            Node::Null => None,
            _ => {
                reader.problem(tree.line, tree.column, format!("{name}: expected a text"));
                None
            }
        }
    };
    let (host, port, ssl) = (take("dremioHost"), take("dremioPort"), take("dremioUseSSL"));
    let (host, tree) = host?;
    let port = match port {
        Some((text, tree)) if text.parse::<u16>().is_err() => {
            let message = format!("dremioPort: {text:?} is not a port from 0 to 65535");
            reader.problem(tree.line, tree.column, message);
            return None;
        }
        Some((text, _)) => format!(":{text}"),
        None if host.contains("://") => String::new(),
        None => ":9047".to_owned(),
    };
    let is_ssl = matches!(&ssl, Some((text, _)) if text.eq_ignore_ascii_case("true"));
    let scheme = match (host.contains("://"), is_ssl) {
        (true, _) => "",
        (false, true) => "https://",
        (false, false) => "http://",
    };
    let url = format!("{scheme}{}{port}", host.trim_end_matches('/'));
    let tree = Tree { node: Node::Scalar(url), ..tree };
    reader.stated(schema::find("dremio.url")?, "dremioHost", tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_named_here_exists() {
        for (path, meaning) in KEYS {
            if let Setting(setting) = meaning {
                assert!(schema::find(setting).is_some(), "{path} means {setting}");
            }
        }
    }
}
