//! The binary in a pseudo-terminal: whatever ends it, the terminal is as it was before.

use std::io::{Read, Write};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, tcgetattr};

/// Nothing that a test waits for may take longer.
const LIMIT: Duration = Duration::from_secs(20);

/// A terminal with the program in it.
struct Terminal {
    pty: Pty,
    child: Child,
    output: Arc<Mutex<Vec<u8>>>,
    modes_before: LocalModes,
    _home: tempfile::TempDir,
}

/// How a terminal answers what is asked of it.
#[derive(Clone, Copy)]
enum Answers {
    /// That its ground is white.
    White,
    /// Nothing at all.
    Nothing,
}

impl Terminal {
    fn run(args: &[&str]) -> Self {
        let program = env!("CARGO_BIN_EXE_dremio-explorer");
        Self::run_program(program, args, Answers::White, b"")
    }

    fn run_program(program: &str, args: &[&str], answers: Answers, typed_ahead: &[u8]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (mut pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(40, 120)).unwrap();
        let modes_before = tcgetattr(&pty).unwrap().local_modes;
        pty.write_all(typed_ahead).unwrap();
        let child = Command::new(program)
            .args(args)
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TERM", "xterm-256color")
            .env("COLORTERM", "truecolor")
            .spawn(pts)
            .unwrap();
        let output = Arc::new(Mutex::new(Vec::new()));
        let screen = rustix::io::fcntl_dupfd_cloexec(&pty, 0).unwrap();
        let written = Arc::clone(&output);
        std::thread::spawn(move || {
            let mut screen = std::fs::File::from(screen);
            let mut buffer = [0; 4096];
            // The terminal's end is an error on Linux.
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                let new = &buffer[..count];
                written.lock().unwrap().extend_from_slice(new);
                if matches!(answers, Answers::White) {
                    if contains(new, "\x1b]11;?") {
                        screen.write_all(b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\").unwrap();
                    }
                    if contains(new, "\x1b[c") {
                        screen.write_all(b"\x1b[?62;22c").unwrap();
                    }
                }
            }
        });
        Self { pty, child, output, modes_before, _home: home }
    }

    fn output(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }

    fn until(&self, what: &str, mut is_so: impl FnMut(&str) -> bool) {
        let begun = Instant::now();
        while !is_so(&self.output()) {
            assert!(begun.elapsed() < LIMIT, "waited in vain for {what}:\n{:?}", self.output());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for a text that is written in one piece.
    fn wait_for(&self, text: &str) -> &Self {
        self.until(text, |output| output.contains(text));
        self
    }

    fn send(&mut self, bytes: &[u8]) -> &mut Self {
        self.pty.write_all(bytes).unwrap();
        self
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end; the terminal must be as it was.
    fn end(mut self) -> (ExitStatus, String) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > LIMIT {
                self.child.kill().unwrap();
                panic!("the program did not end:\n{:?}", self.output());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        // What was written last may still be on its way here.
        std::thread::sleep(Duration::from_millis(50));
        let output = self.output();
        is_restored(&output);
        assert_eq!(
            tcgetattr(&self.pty).unwrap().local_modes,
            self.modes_before,
            "modes of the line"
        );
        (status, output)
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Whether every mode that was turned on was turned off after that, and the cursor is back.
fn is_restored(output: &str) {
    for mode in ["1049", "2004", "1000", "1002", "1003", "1006", "2026"] {
        let on = output.rfind(&format!("\x1b[?{mode}h"));
        let off = output.rfind(&format!("\x1b[?{mode}l"));
        assert!(on <= off, "mode {mode} was left on:\n{output:?}");
    }
    assert!(output.rfind("\x1b[?25l") <= output.rfind("\x1b[?25h"), "no cursor:\n{output:?}");
}

#[test]
fn leaving_gives_the_terminal_back() {
    let mut terminal = Terminal::run(&["--demo"]);
    terminal.wait_for("read just now");
    terminal.send(b"q");
    let (status, output) = terminal.end();
    assert_eq!(status.code(), Some(0));
    assert!(output.contains("\x1b[?1049h"), "{output:?}");
}

#[test]
fn leaving_before_anything_was_read_gives_it_back_too() {
    // Nobody listens there: the login still runs.
    let args = ["--dremio-url", "http://192.0.2.1:9047", "--dremio-user", "ada"];
    let mut terminal = Terminal::run(&args);
    terminal.wait_for("Password for ada");
    terminal.send(b"secret\r");
    terminal.wait_for("connecting");
    terminal.send(b"q");
    let (status, output) = terminal.end();
    assert_eq!(status.code(), Some(0));
    assert!(!output.contains("secret"), "{output:?}");
}

#[test]
fn signals_give_it_back() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut terminal = Terminal::run(&["--demo"]);
        terminal.wait_for("read just now");
        // A query is running.
        terminal.send(b"/fct_orders\rp").wait_for("Preview");
        terminal.signal(signal);
        assert_eq!(terminal.end().0.code(), Some(code), "{signal:?}");
    }
}

#[test]
fn suspending_gives_it_back_and_takes_it_again() {
    let script = "set -m; \"$0\" --demo; echo stopped; fg >/dev/null; echo ended $?";
    let program = env!("CARGO_BIN_EXE_dremio-explorer");
    let mut terminal = Terminal::run_program("sh", &["-c", script, program], Answers::White, b"");
    terminal.wait_for("read just now");
    terminal.send(b"\x1a").wait_for("stopped");
    let output = terminal.output();
    is_restored(&output[..output.find("stopped").unwrap()]);
    // Both waking up and the signal to go on take it, so more than once is right too.
    terminal.until("the screen again", |output| output.matches("\x1b[?1049h").count() > 1);
    terminal.until("the tree again", |output| {
        output.rsplit("\x1b[?1049h").next().unwrap().contains("finance")
    });
    terminal.send(b"q").wait_for("ended 0");
    assert_eq!(terminal.end().0.code(), Some(0));
}

#[test]
fn ctrl_c_and_signals_leave_the_question_for_a_password() {
    let args = ["--dremio-url", "http://127.0.0.1:9", "--dremio-user", "ada"];
    let mut terminal = Terminal::run(&args);
    terminal.wait_for("Password for ada");
    terminal.send(b"sec\x03");
    let (status, _) = terminal.end();
    assert_eq!(status.code(), Some(130));

    let terminal = Terminal::run(&args);
    terminal.wait_for("Password for ada");
    // The watch for signals begins right after the question.
    std::thread::sleep(Duration::from_millis(200));
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.end().0.code(), Some(143));
}

/// The ground of the light theme.
const LIGHT: &str = "48;2;251;251;248";

#[test]
fn the_theme_follows_the_terminal_and_no_key_is_lost() {
    let program = env!("CARGO_BIN_EXE_dremio-explorer");
    let mut terminal = Terminal::run_program(program, &["--demo"], Answers::White, b"?");
    terminal.wait_for("type to filter").wait_for(LIGHT);
    // The first leaves the help that was typed ahead.
    terminal.send(b"\x03q");
    assert_eq!(terminal.end().0.code(), Some(0));
}

#[test]
fn a_terminal_that_answers_nothing_is_not_waited_for() {
    let program = env!("CARGO_BIN_EXE_dremio-explorer");
    let begun = Instant::now();
    let mut terminal = Terminal::run_program(program, &["--demo"], Answers::Nothing, b"");
    terminal.wait_for("1 Catalog");
    let first_frame = begun.elapsed();
    terminal.wait_for("read just now");
    terminal.send(b"q");
    let (status, output) = terminal.end();
    assert_eq!(status.code(), Some(0));
    assert!(!output.contains(LIGHT), "{output:?}");
    assert!(first_frame < Duration::from_secs(3), "the first frame took {first_frame:?}");
}
