//! [`Tty`]: the real terminal, with the way back from it in every case.
//!
//! Part of [`super::run`]; a file of its own because it is the part that a test has no use for.

use std::cell::Cell;
use std::io::{self, Write, stdout};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
    EventStream,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{Command, cursor, execute};
use futures::StreamExt;
use futures::stream::BoxStream;

use super::background::{self, Background, LateAnswer};
use super::run::{EditFailure, Incoming, Platform};

/// Whether the terminal is ours now; the panic hook must know it too.
static ENTERED: AtomicBool = AtomicBool::new(false);
thread_local! {
    /// Whether this thread is at work for the UI just now.
    static IN_UI: Cell<bool> = const { Cell::new(false) };
}

/// How long the terminal's answer is waited for; it is there within a round trip.
const ANSWER_LIMIT: Duration = Duration::from_millis(250);
/// More than this many bytes is more than many terminals take in one sequence.
const MAX_OSC52: usize = 74_000;

/// See the module.
pub(crate) struct Tty {
    mouse: bool,
    state_dir: Option<PathBuf>,
    /// Whether the answer to a question may still come.
    is_answer_due: bool,
}

impl Tty {
    /// Takes the terminal.
    pub(crate) fn enter(state_dir: Option<PathBuf>) -> io::Result<Self> {
        install_panic_hook();
        let tty = Self { mouse: false, state_dir, is_answer_due: false };
        tty.take()?;
        Ok(tty)
    }

    fn take(&self) -> io::Result<()> {
        enable_raw_mode()?;
        ENTERED.store(true, Ordering::SeqCst);
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        if self.mouse {
            execute!(stdout(), EnableMouseCapture)?;
        }
        Ok(())
    }

    fn write_copy(&self, text: &str) -> Result<String, String> {
        let dir = self.state_dir.clone().unwrap_or_else(std::env::temp_dir);
        let path = dir.join("copied.txt");
        std::fs::create_dir_all(&dir)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("{} could not be written: {error}", path.display()))?;
        Ok(format!("written to {}, which this terminal cannot copy", path.display()))
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
}

/// Puts the terminal back as it was; does nothing the second time.
fn give_back() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    // When even this fails, the terminal is gone and there is nobody to tell.
    let _ = execute!(
        stdout(),
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
}

/// Runs `ui` so that the panic hook knows its thread.
pub(crate) async fn as_ui<F: Future>(ui: F) -> F::Output {
    let mut ui = pin!(ui);
    std::future::poll_fn(|context| {
        let outer = IN_UI.replace(true);
        let polled = ui.as_mut().poll(context);
        IN_UI.set(outer);
        polled
    })
    .await
}

/// Lets a panic of the UI give the terminal back before it says anything. One elsewhere costs a task
/// only: it goes to the log, and the UI stays.
fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if IN_UI.get() || !ENTERED.load(Ordering::SeqCst) {
                give_back();
                previous(info);
            } else {
                tracing::error!(panic = %info, "a task panicked");
            }
        }));
    });
}

impl Platform for Tty {
    type Incoming = BoxStream<'static, io::Result<Incoming>>;

    fn background(&mut self) -> Background {
        // These have no colours to tell of.
        let is_plain = std::env::var("TERM").is_ok_and(|term| term == "dumb" || term == "linux");
        if is_plain {
            return Background::default();
        }
        let answer = background::ask(ANSWER_LIMIT);
        self.is_answer_due = answer.is_late;
        answer
    }

    fn listen(&mut self) -> Self::Incoming {
        let mut late = self.is_answer_due.then(LateAnswer::default);
        let events = EventStream::new().filter_map(move |event| {
            let is_typed = match (&event, &mut late) {
                (Ok(event), Some(late)) => late.is_typed(event),
                _ => true,
            };
            std::future::ready(is_typed.then(|| event.map(Incoming::Event)))
        });
        futures::stream::select(signals::stream().map(Ok), events).boxed()
    }

    fn copy(&mut self, text: &str) -> Result<String, String> {
        let term = std::env::var("TERM").unwrap_or_default();
        if text.len() * 4 / 3 > MAX_OSC52 || term == "linux" || term == "dumb" {
            return self.write_copy(text);
        }
        let mut sequence = String::new();
        // Formatting into a string does not fail.
        let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence);
        let mut out = stdout();
        let mut written = out.write_all(sequence.as_bytes());
        // tmux takes the sequence for itself, and hands on only what is wrapped.
        if std::env::var_os("TMUX").is_some() {
            let wrapped = format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"));
            written = written.and_then(|()| out.write_all(wrapped.as_bytes()));
        } else if term.starts_with("screen") {
            let wrapped = format!("\x1bP{sequence}\x1b\\");
            written = written.and_then(|()| out.write_all(wrapped.as_bytes()));
        }
        written.and_then(|()| out.flush()).map_err(|error| error.to_string())?;
        Ok(String::new())
    }

    fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on {
            execute!(stdout(), EnableMouseCapture)
        } else {
            execute!(stdout(), DisableMouseCapture)
        }
    }

    fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signals::stop_group();
        self.take()
    }

    fn resume(&mut self) -> io::Result<()> {
        // The shell has its own modes set; raw mode counts as on until it is turned off.
        let _ = disable_raw_mode();
        self.take()
    }

    async fn edit(&mut self, text: &str, suffix: &str) -> Result<(), EditFailure> {
        let failed = |error: io::Error| EditFailure::Message(format!("no file to edit: {error}"));
        let mut file = tempfile::Builder::new()
            .prefix("dremio-explorer-")
            .suffix(suffix)
            .tempfile()
            .map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(failed)?;
        let editor = ["VISUAL", "EDITOR"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
            .unwrap_or_else(|| "vi".to_owned());
        give_back();
        // As git does it: the setting may hold options and quotes.
        let child = tokio::process::Command::new("sh")
            .arg("-c")
            .arg(format!("{editor} \"$@\""))
            .arg(&editor)
            .arg(file.path())
            .kill_on_drop(true)
            .spawn();
        let outcome = match child {
            Ok(mut child) => {
                let mut signals = signals::stream();
                loop {
                    tokio::select! {
                        status = child.wait() => break match status {
                            Ok(status) if status.success() => Ok(()),
                            Ok(status) => Err(EditFailure::Message(format!(
                                "the editor `{editor}` ended with {status}; EDITOR says which is used"
                            ))),
                            Err(error) => Err(EditFailure::Message(error.to_string())),
                        },
                        Some(signal) = signals.next() => match signal {
                            Incoming::Stop(signal) => break Err(EditFailure::Stop(signal)),
                            Incoming::Suspend => signals::stop_group(),
                            _ => {}
                        },
                    }
                }
            }
            Err(error) => Err(EditFailure::Message(format!("`sh` could not be run: {error}"))),
        };
        self.take().map_err(|error| EditFailure::Message(error.to_string()))?;
        outcome
    }

    fn leave(&mut self) {
        give_back();
    }

    fn begin_frame(&mut self) {
        let _ = execute!(stdout(), BeginSynchronizedUpdate);
    }

    fn end_frame(&mut self) {
        let _ = execute!(stdout(), EndSynchronizedUpdate);
    }
}

#[cfg(unix)]
mod signals {
    use futures::stream::{BoxStream, StreamExt, select_all};
    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
    use tokio::signal::unix::{SignalKind, signal};

    use super::Incoming;

    /// The signals that concern the UI.
    pub(super) fn stream() -> BoxStream<'static, Incoming> {
        let streams =
            [SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT].into_iter().filter_map(|number| {
                let listener = match signal(SignalKind::from_raw(number)) {
                    Ok(listener) => listener,
                    Err(error) => {
                        tracing::warn!(number, %error, "a signal cannot be listened to");
                        return None;
                    }
                };
                let stream = futures::stream::unfold(listener, move |mut listener| async move {
                    listener.recv().await?;
                    let incoming = match number {
                        SIGTSTP => Incoming::Suspend,
                        SIGCONT => Incoming::Continued,
                        number => Incoming::Stop(number),
                    };
                    Some((incoming, listener))
                });
                Some(stream.boxed())
            });
        select_all(streams).boxed()
    }

    /// Stops the whole foreground job, as Ctrl-Z does: also a `cargo run` in front of us. Returns when
    /// continued. Without a shell to go back to, nothing would ever continue us, so then it does nothing.
    pub(super) fn stop_group() {
        use rustix::process::{Signal, getppid, getsid, kill_current_process_group};

        let own = getsid(None);
        let above = getppid().map(|parent| getsid(Some(parent)));
        if let (Ok(own), Some(Ok(above))) = (own, above)
            && own == above
        {
            let _ = kill_current_process_group(Signal::STOP);
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use futures::stream::{BoxStream, StreamExt, pending};

    use super::Incoming;

    pub(super) fn stream() -> BoxStream<'static, Incoming> {
        pending().boxed()
    }

    pub(super) fn stop_group() {}
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;

    use super::*;

    #[tokio::test]
    #[ignore = "run by the test below, in a terminal of its own"]
    async fn panics_on_purpose() {
        let _tty = Tty::enter(None).unwrap();
        as_ui(async { panic!("on purpose") }).await;
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_says_anything() {
        let (mut pty, pts) = pty_process::blocking::open().unwrap();
        let modes =
            |pty: &pty_process::blocking::Pty| rustix::termios::tcgetattr(pty).unwrap().local_modes;
        let before = modes(&pty);
        let name = "tui::tty::tests::panics_on_purpose";
        let mut child = pty_process::blocking::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .spawn(pts)
            .unwrap();
        let mut output = Vec::new();
        // The terminal's end is an error on Linux.
        let _ = pty.read_to_end(&mut output);
        assert!(!child.wait().unwrap().success());
        let output = String::from_utf8_lossy(&output).into_owned();
        let place =
            |text: &str| output.find(text).unwrap_or_else(|| panic!("{text:?}: {output:?}"));
        assert!(place("\x1b[?1049h") < place("\x1b[?1049l"), "{output:?}");
        assert!(place("\x1b[?1049l") < place("on purpose"), "{output:?}");
        assert!(output.rfind("\x1b[?25h") > output.rfind("\x1b[?25l"), "{output:?}");
        assert_eq!(modes(&pty), before);
    }
}
