//! Handing a round to a program of the user's. Nothing that a server said gets into the command: it
//! goes in on standard input, as JSON.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::config::{KEYS, Kind};

/// How long the command may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs the command to its end, or kills it. Its standard output is nobody's: ours is data.
pub(super) async fn run(
    command: &str,
    line: Vec<u8>,
    cancel: &CancellationToken,
) -> Result<(), String> {
    run_within(LIMIT, command, line, cancel).await
}

async fn run_within(
    limit: Duration,
    command: &str,
    line: Vec<u8>,
    cancel: &CancellationToken,
) -> Result<(), String> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut shell = Command::new(shell);
    shell.arg(flag).arg(command).stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
    // Passwords and tokens are not for it.
    for key in KEYS.iter().filter(|key| key.kind == Kind::Secret) {
        shell.env_remove(key.variable());
        for alias in key.aliases {
            shell.env_remove(alias);
        }
    }
    let mut child = shell.spawn().map_err(|error| format!("cannot run the command: {error}"))?;
    let mut stdin = child.stdin.take();
    let work = async {
        if let Some(stdin) = &mut stdin {
            // A program that does not care for its input may close it.
            let _ = stdin.write_all(&line).await;
        }
        drop(stdin.take());
        child.wait().await
    };
    tokio::select! {
        ended = tokio::time::timeout(limit, work) => match ended {
            Err(_) => Err(format!("killed, since it took longer than {} s", limit.as_secs())),
            Ok(Err(error)) => Err(format!("cannot wait for the command: {error}")),
            Ok(Ok(status)) if !status.success() => Err(format!("the command failed ({status})")),
            Ok(Ok(_)) => Ok(()),
        },
        () = cancel.cancelled() => Err("killed, since the watch ends".to_owned()),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_line_comes_in_and_words_in_it_stay_words() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out");
        let line = b"{\"name\":\"$(touch pwned); `id`\"}\n".to_vec();
        let command = format!("cat > '{}'", file.display());
        run(&command, line.clone(), &CancellationToken::new()).await.unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), line);
    }

    #[tokio::test]
    async fn failures_and_endless_commands_are_told() {
        let cancel = CancellationToken::new();
        let error = run("exit 3", Vec::new(), &cancel).await.unwrap_err();
        assert!(error.contains('3'), "{error}");
        let short = Duration::from_millis(50);
        let error = run_within(short, "sleep 30", Vec::new(), &cancel).await.unwrap_err();
        assert!(error.contains("killed"), "{error}");
        // More than a pipe holds, to a program that does not read.
        run("true", vec![b' '; 1 << 20], &cancel).await.unwrap();
    }
}
