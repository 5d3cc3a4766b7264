//! Secrets: from the environment or a file as they stand, from `@FILE`, from a command, or asked for.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use secrecy::{ExposeSecret, SecretString};

use super::places::expand;

/// Somebody who can be asked for a secret.
pub trait Prompt {
    /// Asks for the secret called `what` (`password for ada`); `None` when nobody is there to ask
    /// or the question was refused, an error when the answer was Ctrl-C.
    fn ask(&mut self, what: &str) -> Result<Option<SecretString>, Interrupted>;
}

/// Somebody wants the program to end rather than answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// `@FILE` cannot be read.
    #[error("cannot read {setting} from {}: {source}", path.display())]
    File {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is nothing in the file or the command printed nothing.
    #[error("{setting}: {place} gave an empty text")]
    Empty {
        /// The setting.
        setting: &'static str,
        /// The file, or what the command is called.
        place: String,
    },
    /// The command could not be run.
    #[error("{setting}: cannot run the command: {source}")]
    Spawn {
        /// The setting.
        setting: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The command failed.
    #[error("{setting}: the command failed ({status}); run it by hand to see why")]
    Command {
        /// The setting.
        setting: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
    },
}

/// The secret that `value` stands for: itself, or with `@FILE` what is in that file. `@@` begins a
/// secret that begins with `@`.
pub(super) fn resolve(
    setting: &'static str,
    value: &SecretString,
) -> Result<SecretString, SecretError> {
    let text = value.expose_secret();
    let Some(rest) = text.strip_prefix('@') else { return Ok(value.clone()) };
    if rest.starts_with('@') {
        return Ok(SecretString::from(rest));
    }
    let path = expand(rest);
    let text = std::fs::read_to_string(&path).map_err(|source| SecretError::File {
        setting,
        path: path.clone(),
        source,
    })?;
    trimmed(setting, &path.display().to_string(), &text)
}

/// What a shell command prints. Its standard error and input stay the user's, for questions.
pub(super) fn from_command(
    setting: &'static str,
    command: &str,
) -> Result<SecretString, SecretError> {
    let mut shell = if cfg!(windows) {
        let mut shell = Command::new("cmd");
        shell.arg("/C");
        shell
    } else {
        let mut shell = Command::new("sh");
        shell.arg("-c");
        shell
    };
    let output = shell
        .arg(command)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| SecretError::Spawn { setting, source })?;
    if !output.status.success() {
        return Err(SecretError::Command { setting, status: output.status });
    }
    trimmed(setting, "the command", &String::from_utf8_lossy(&output.stdout))
}

fn trimmed(setting: &'static str, place: &str, text: &str) -> Result<SecretString, SecretError> {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(SecretError::Empty { setting, place: place.to_owned() });
    }
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_sign_means_a_file_and_two_mean_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hunter2\n").unwrap();
        let read = |text: &str| resolve("dremio.password", &SecretString::from(text));
        let from_file = read(&format!("@{}", file.path().display())).unwrap();
        assert_eq!(from_file.expose_secret(), "hunter2");
        assert_eq!(read("@@home").unwrap().expose_secret(), "@home");
        assert_eq!(read("plain").unwrap().expose_secret(), "plain");
        let missing = read("@/nonexistent/secret").unwrap_err().to_string();
        assert!(
            missing.starts_with("cannot read dremio.password from /nonexistent/secret"),
            "{missing}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_command_gives_its_output_or_a_reason() {
        let run = |command: &str| from_command("dremio.token_command", command);
        assert_eq!(run("printf 'abc\\n'").unwrap().expose_secret(), "abc");
        assert!(matches!(run("exit 3"), Err(SecretError::Command { .. })));
        assert!(matches!(run("true"), Err(SecretError::Empty { .. })));
    }
}
