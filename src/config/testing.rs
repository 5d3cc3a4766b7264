//! Settings out of a text, for the tests of this module.

use secrecy::SecretString;

use super::secret::{Interrupted, Prompt};
use super::{ConfigError, FlagValue, Inputs, Settings, load};

/// Answers no question.
pub(super) struct Nobody;

impl Prompt for Nobody {
    fn ask(&mut self, _what: &str) -> Result<Option<SecretString>, Interrupted> {
        Ok(None)
    }
}

/// The settings of a file, with an environment and flags on top.
pub(super) fn settings(
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
