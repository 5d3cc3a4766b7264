//! `config init`, `config show` and `config path`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use serde_json::json;

use crate::cli::args::{ConfigCommand, ReportFormat};
use crate::cli::printer::Tone;
use crate::cli::session::Session;
use crate::cli::status::{ExitStatus, Failure};
use crate::config::{Key, Origin, Setting, Settings, Value};

/// Runs one of the commands.
pub(super) fn run(session: &Session, command: &ConfigCommand) -> Result<ExitStatus, Failure> {
    match command {
        ConfigCommand::Init { force } => init(session, *force),
        ConfigCommand::Show { format, changed } => show(session, *format, *changed),
        ConfigCommand::Path { format } => path(session, *format),
    }
}

fn init(session: &Session, force: bool) -> Result<ExitStatus, Failure> {
    let places = session.places.as_ref();
    let file = session
        .cli
        .connection
        .config
        .clone()
        .or_else(|| places.map(|places| places.config_file.clone()))
        .ok_or_else(|| Failure::usage("there is no home folder: name a file with --config FILE"))?;
    if file.exists() && !force {
        return Err(Failure::usage(format!(
            "{} is there already; --force writes over it",
            file.display()
        )));
    }
    // What the flags and the environment say now; a file that is to be replaced has no say.
    let mut inputs = session.inputs();
    inputs.config_file = None;
    inputs.user_file = None;
    inputs.profile = None;
    let settings = crate::config::load(&inputs)?;
    write_private(&file, &first_file(&settings), force)
        .map_err(|error| Failure::writing(&file.display().to_string(), &error))?;
    session.printer.data(&format!("{}\n", file.display()))?;
    session.printer.note("fill in what is missing, then try `dremio-explorer doctor`");
    Ok(ExitStatus::Fine)
}

/// A file that only its owner may read.
fn write_private(file: &Path, text: &str, force: bool) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).truncate(true);
    if force {
        options.create(true)
    } else {
        options.create_new(true)
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        options.mode(0o600);
        if file.exists() {
            // The mode above counts for new files only.
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))?;
        }
    }
    options.open(file)?.write_all(text.as_bytes())
}

/// The text of a first config file: what is known filled in, the rest to be filled in.
fn first_file(settings: &Settings) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let line = |name: &str, value: Option<&str>, example: &str| match value {
        Some(value) => format!("{name}: {}", quoted(value)),
        None => format!("# {name}: {example}"),
    };
    let dremio = &settings.dremio;
    let openmetadata = &settings.openmetadata;
    let url = line("url", dremio.url.as_deref(), "http://localhost:9047");
    let user = line("user", dremio.user.as_deref(), "ada");
    let cloud = match &dremio.project_id {
        Some(project) => format!("cloud:\n    project_id: {}", quoted(project)),
        None => "# cloud: { project_id: …, region: us }".to_owned(),
    };
    let openmetadata_url = line("url", openmetadata.url.as_deref(), "http://localhost:8585/api");
    let is_set = settings
        .layered
        .get("openmetadata.service_name")
        .is_some_and(|setting| setting.origin != Origin::Default);
    let service =
        line("service_name", is_set.then_some(openmetadata.service_name.as_str()), "dremio");
    format!(
        "\
# Settings of dremio-explorer; docs/configuration.md lists all of them, and
# `dremio-explorer config show` tells what is in force and why.

dremio:
  {url}
  {user}
  {cloud}
  # Secrets need not stand here: $DREMIO_PASSWORD, $DREMIO_PAT, or
  # password: \"@/path/to/a/file\"
  # token_command: \"pass show dremio\"

openmetadata:
  {openmetadata_url}
  {service}
  # $OPENMETADATA_JWT_TOKEN, or
  # token: \"@/path/to/a/file\"

# Any of the above for another server, chosen with --profile staging:
# profiles:
#   staging:
#     dremio: {{ url: http://staging:9047 }}
"
    )
}

fn show(session: &Session, format: ReportFormat, changed: bool) -> Result<ExitStatus, Failure> {
    let settings = session.settings()?;
    let shown: Vec<(&Key, Option<&Setting>)> = settings
        .layered
        .iter()
        .filter(|(_, setting)| {
            !changed || setting.is_some_and(|setting| setting.origin != Origin::Default)
        })
        .collect();
    match format {
        ReportFormat::Json => {
            let values: serde_json::Map<String, serde_json::Value> = shown
                .iter()
                .map(|(key, setting)| {
                    let value = setting.and_then(|setting| setting.value.as_ref());
                    let origin = setting.map(|setting| setting.origin.to_string());
                    (key.path.to_owned(), json!({ "value": value.map(to_json), "origin": origin }))
                })
                .collect();
            let document = json!({
                "schema_version": 1,
                "profile": settings.profile,
                "files": settings.files,
                "settings": values,
            });
            session.printer.data(&format!("{document:#}\n"))?;
        }
        ReportFormat::Text => {
            let value_of = |setting: Option<&Setting>| {
                let value = setting.and_then(|setting| setting.value.as_ref());
                value.map_or_else(|| "-".to_owned(), Value::masked)
            };
            let names = shown.iter().map(|(key, _)| key.path.len()).max().unwrap_or(0);
            let values = shown
                .iter()
                .map(|(_, setting)| value_of(*setting).chars().count())
                .filter(|width| *width <= 40)
                .max()
                .unwrap_or(0);
            let mut text = String::new();
            for (key, setting) in &shown {
                let value = value_of(*setting);
                let origin = setting.map(|setting| setting.origin.to_string()).unwrap_or_default();
                let name = format!("{:names$}", key.path);
                let name = session.printer.tone(Tone::Strong, &name);
                let origin = session.printer.tone(Tone::Faint, &origin);
                let line = format!("{name}  {value:values$}  {origin}");
                let _ = writeln!(text, "{}", line.trim_end());
            }
            session.printer.data(&text)?;
        }
    }
    Ok(ExitStatus::Fine)
}

fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::List(items) => json!(items),
        Value::Text(text) => json!(text),
        Value::Secret(_) | Value::Duration(_) => json!(value.masked()),
    }
}

fn path(session: &Session, format: ReportFormat) -> Result<ExitStatus, Failure> {
    let settings = session.settings()?;
    let places = session.places.as_ref();
    let data_dir = session.data_dir(&settings);
    let keymap =
        settings.ui.keymap.clone().or_else(|| places.map(|places| places.keymap_file.clone()));
    let log = settings.log.file.clone().or_else(|| data_dir.clone());
    let rows = [
        ("config", places.map(|places| places.config_file.clone())),
        ("--config", session.cli.connection.config.clone()),
        ("keymap", keymap),
        ("data", data_dir),
        ("log", log),
    ];
    match format {
        ReportFormat::Json => {
            let mut document = serde_json::Map::new();
            document.insert("schema_version".to_owned(), json!(1));
            for (name, path) in &rows {
                let exists = path.as_ref().is_some_and(|path| path.exists());
                let name = if *name == "--config" { "config_flag" } else { name };
                document.insert(name.to_owned(), json!({ "path": path, "exists": exists }));
            }
            let document = serde_json::Value::Object(document);
            session.printer.data(&format!("{document:#}\n"))?;
        }
        ReportFormat::Text => {
            let mut text = String::new();
            for (name, path) in &rows {
                let Some(path) = path else { continue };
                let state = if path.exists() { "" } else { "  (not there)" };
                let _ = writeln!(text, "{name:9} {}{state}", path.display());
            }
            session.printer.data(&text)?;
        }
    }
    Ok(ExitStatus::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Inputs, KEYS, Kind, load};

    #[test]
    fn the_first_file_can_be_read_back() {
        let settings = load(&Inputs {
            environment: vec![
                ("DREMIO_URL".to_owned(), "http://h:9047".to_owned()),
                ("DREMIO_USER".to_owned(), "ada \"x\"".to_owned()),
                ("DREMIO_PROJECT_ID".to_owned(), "p1".to_owned()),
                ("DREMIO_PASSWORD".to_owned(), "hunter2".to_owned()),
            ],
            ..Inputs::default()
        })
        .unwrap();
        let text = first_file(&settings);
        assert!(!text.contains("hunter2"));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &text).unwrap();
        let inputs = Inputs { config_file: Some(file.path().to_owned()), ..Inputs::default() };
        let read = load(&inputs).unwrap();
        assert_eq!(read.dremio.user.as_deref(), Some("ada \"x\""));
        assert_eq!(read.dremio.project_id.as_deref(), Some("p1"));
        assert!(read.warnings.is_empty());
    }

    #[test]
    fn secrets_are_of_the_secret_kind() {
        for key in KEYS {
            let name = key.path.rsplit('.').next().unwrap();
            let sounds_secret =
                ["password", "token", "client_secret", "subject_token"].contains(&name);
            assert_eq!(key.kind == Kind::Secret, sounds_secret, "{}", key.path);
        }
    }
}
