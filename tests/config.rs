//! Config files that are right, with what they say, and config files that are wrong, with the message.
//!
//! A case is a file and an `.expected` beside it; a new case needs no code. With `UPDATE_EXPECTED=1`
//! the expectations are written anew, to be reviewed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dremio_explorer::config::{self, Inputs, Origin, Settings, Value};

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(folder);
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("a case").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    assert!(cases.len() > 5, "the cases are gone");
    cases
}

/// Compares every case's outcome with its expectation and tells all that differ.
fn check(folder: &str, outcome: impl Fn(&Path) -> String) {
    let mut failures = String::new();
    for case in cases(folder) {
        let outcome = outcome(&case)
            .replace(&case.display().to_string(), "{file}")
            .replace(&case.parent().expect("a folder").display().to_string(), "{dir}");
        let expected_file = case.with_extension("expected");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(&expected_file, &outcome).expect("the expectation can be written");
        }
        let expected = std::fs::read_to_string(&expected_file).unwrap_or_default();
        if outcome != expected {
            let name = case.file_name().unwrap_or_default().display();
            let _ = writeln!(failures, "== {name}: expected\n{expected}== found\n{outcome}");
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

fn load(file: &Path) -> Result<Settings, config::ConfigError> {
    let environment = [
        ("TEST_DREMIO_HOST", "dremio.example"),
        ("TEST_DREMIO_PORT", "443"),
        ("TEST_SERVICE", "prod"),
    ];
    config::load(&Inputs {
        config_file: Some(file.to_owned()),
        environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        ..Inputs::default()
    })
}

/// What a file itself says, setting by setting, and the warnings about it.
fn stated(settings: &Settings) -> String {
    let mut text = String::new();
    for (key, setting) in settings.layered.iter() {
        let Some(setting) = setting else { continue };
        let Origin::File { line, profile, .. } = &setting.origin else { continue };
        let value = setting.value.as_ref().map_or_else(|| "-".to_owned(), Value::masked);
        let profile = profile.as_ref().map(|name| format!(", profile {name}")).unwrap_or_default();
        let _ = writeln!(text, "{} = {value} (line {line}{profile})", key.path);
    }
    for warning in &settings.warnings {
        // Whether others may read a file depends on how the repository was checked out.
        if !warning.contains("chmod 600") {
            let _ = writeln!(text, "warning: {warning}");
        }
    }
    text
}

#[test]
fn good_files_say_what_is_expected() {
    check("good", |file| match load(file) {
        Ok(settings) => stated(&settings),
        Err(error) => format!("ERROR {error}\n"),
    });
}

#[test]
fn bad_files_give_the_expected_message() {
    check("bad", |file| match load(file) {
        Ok(_) => "no error\n".to_owned(),
        Err(error) => format!("{error}\n"),
    });
}

#[test]
fn messages_about_bad_files_hold_no_secret() {
    for case in cases("bad") {
        let error = load(&case).expect_err("a bad file").to_string();
        assert!(!error.contains("hunter2"), "{}: {error}", case.display());
    }
}

#[test]
fn shipped_files_are_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["config/default.yaml", "config/ingestion.yaml"] {
        let settings = load(&root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!stated(&settings).contains("warning"), "{name}");
    }
}

#[test]
fn every_setting_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/configuration.md")).expect("the document");
    for key in config::KEYS {
        assert!(text.contains(&format!("`{}`", key.path)), "{} is not documented", key.path);
        for alias in key.aliases {
            assert!(text.contains(&format!("`{alias}`")), "{alias} is not documented");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_with_a_secret_that_others_can_read_is_worth_a_warning() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.yaml");
    let warnings = |text: &str, mode: u32| {
        std::fs::write(&file, text).expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("a mode");
        load(&file).expect("a good file").warnings
    };
    assert!(warnings("dremio: {password: x}", 0o644)[0].contains("chmod 600"));
    assert!(warnings("dremio: {password: x}", 0o600).is_empty());
    assert!(warnings("dremio: {password: '@file'}", 0o644).is_empty());
}
