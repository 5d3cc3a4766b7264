//! Asking for a secret on the terminal, which shows nothing of it.
//!
//! The terminal is in raw mode meanwhile, and is given back however that ends: also by a signal.

use std::io::{self, Write};

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use secrecy::SecretString;

use super::printer::Printer;
use crate::config::{Interrupted, Prompt};
use crate::model::display::clean_lines;

impl Prompt for Printer {
    fn ask(&mut self, what: &str) -> Result<Option<SecretString>, Interrupted> {
        if !self.can_ask() {
            return Ok(None);
        }
        let mut err = io::stderr().lock();
        let asked = write!(err, "{}: ", clean_lines(what)).and_then(|()| err.flush());
        if asked.is_err() || enable_raw_mode().is_err() {
            return Ok(None);
        }
        let watch = signals::watch();
        let answer = read_secret();
        if let Some(watch) = watch {
            watch.abort();
        }
        // A terminal left raw would be worse than an answer lost.
        let _ = disable_raw_mode();
        let _ = writeln!(err);
        match answer {
            Answer::Secret(secret) if !secret.is_empty() => Ok(Some(SecretString::from(secret))),
            Answer::Secret(_) | Answer::Nothing => Ok(None),
            Answer::Interrupted => Err(Interrupted),
        }
    }
}

/// What somebody did when asked.
enum Answer {
    /// Typed this.
    Secret(String),
    /// Refused to.
    Nothing,
    /// Wants to leave.
    Interrupted,
}

/// Reads a line from a terminal in raw mode, showing nothing.
fn read_secret() -> Answer {
    let mut secret = String::new();
    loop {
        let Ok(event) = crossterm::event::read() else { return Answer::Nothing };
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Enter => return Answer::Secret(secret),
                    KeyCode::Esc => return Answer::Nothing,
                    KeyCode::Char('c') if with_control => return Answer::Interrupted,
                    KeyCode::Char('d') if with_control => return Answer::Nothing,
                    KeyCode::Char('u') if with_control => secret.clear(),
                    KeyCode::Char(c) => secret.push(c),
                    KeyCode::Backspace => {
                        secret.pop();
                    }
                    _ => {}
                }
            }
            Event::Paste(text) => secret.push_str(&text),
            _ => {}
        }
    }
}

#[cfg(unix)]
mod signals {
    use crossterm::terminal::disable_raw_mode;
    use tokio::runtime::Handle;
    use tokio::signal::unix::{SignalKind, signal};
    use tokio::task::AbortHandle;

    /// Gives the terminal back and ends the program when it is told to end.
    pub(super) fn watch() -> Option<AbortHandle> {
        let runtime = Handle::try_current().ok()?;
        let task = runtime.spawn(async {
            let listeners = (signal(SignalKind::terminate()), signal(SignalKind::hangup()));
            let (Ok(mut terminate), Ok(mut hangup)) = listeners else { return };
            let number = tokio::select! {
                _ = terminate.recv() => SignalKind::terminate().as_raw_value(),
                _ = hangup.recv() => SignalKind::hangup().as_raw_value(),
            };
            let _ = disable_raw_mode();
            #[expect(clippy::exit, reason = "the thread that reads the answer cannot be stopped")]
            std::process::exit(128 + number);
        });
        Some(task.abort_handle())
    }
}

#[cfg(not(unix))]
mod signals {
    pub(super) fn watch() -> Option<tokio::task::AbortHandle> {
        None
    }
}
