//! [`Printer`]: everything that a command says goes through here.
//!
//! Data goes to standard output and nothing else does; messages and progress go to standard error,
//! progress only where that is a terminal. The terminal UI has no business here.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{ColorWhen, OutputArgs};
use super::status::Failure;
use crate::model::display::clean_lines;

/// Where a command's words go.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Printer {
    quiet: bool,
    verbose: bool,
    progress: bool,
    ascii: bool,
    color_out: bool,
    color_err: bool,
    bars: MultiProgress,
}

/// The tone of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// Something to see first.
    Strong,
    /// Of little weight.
    Faint,
    /// All is well.
    Good,
    /// Something to look at.
    Warning,
    /// Something failed.
    Bad,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\x1b[1m",
            Self::Faint => "\x1b[2m",
            Self::Good => "\x1b[32m",
            Self::Warning => "\x1b[33m",
            Self::Bad => "\x1b[31m",
        }
    }
}

impl Printer {
    /// A printer for these flags; `no_color` is whether the environment asks for none.
    pub fn new(args: &OutputArgs, no_color: bool) -> Self {
        let color = |is_terminal: bool| match args.color {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => is_terminal && !no_color,
        };
        let err_is_terminal = io::stderr().is_terminal();
        // Log lines and a moving bar cannot share the screen.
        let progress = err_is_terminal && !args.quiet && !args.no_progress && args.verbose == 0;
        let target =
            if progress { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self {
            quiet: args.quiet,
            verbose: args.verbose > 0,
            progress,
            ascii: args.ascii,
            color_out: color(io::stdout().is_terminal()),
            color_err: color(err_is_terminal),
            bars: MultiProgress::with_draw_target(target),
        }
    }

    /// Whether standard output is a terminal.
    pub fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether there is a screen and a keyboard for the terminal UI.
    pub fn has_screen(&self) -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Whether a person can be asked something.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether messages are coloured.
    pub fn colors_messages(&self) -> bool {
        self.color_err
    }

    /// Whether only ASCII characters may be drawn.
    pub fn ascii(&self) -> bool {
        self.ascii
    }

    /// `text` in this tone for standard output, if that shows colour.
    pub fn tone(&self, tone: Tone, text: &str) -> String {
        toned(self.color_out, tone, text)
    }

    /// Writes a text to standard output as it is.
    pub fn data(&self, text: &str) -> Result<(), Failure> {
        self.write_data(|out| out.write_all(text.as_bytes()))
    }

    /// Writes to standard output, buffered.
    pub fn write_data(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut out = BufWriter::new(io::stdout().lock());
        write(&mut out)
            .and_then(|()| out.flush())
            .map_err(|error| Failure::writing("to standard output", &error))
    }

    /// Writes a file beside its final place and moves it there at the end, so that nobody ever sees
    /// half of it.
    pub fn write_file(
        &self,
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let failed = |error: &io::Error| Failure::writing(&path.display().to_string(), error);
        // A link is written through, and a pipe or device cannot be replaced by a file.
        let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
            let file = std::fs::OpenOptions::new().write(true).open(path);
            let mut out = BufWriter::new(file.map_err(|error| failed(&error))?);
            return write(&mut out).and_then(|()| out.flush()).map_err(|error| failed(&error));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".dremio-explorer-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // What the process's mask makes of it, as for any file that a command writes.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(|error| failed(&error))?;
        let mut out = BufWriter::new(file);
        write(&mut out).map_err(|error| failed(&error))?;
        let file = out.into_inner().map_err(|error| failed(error.error()))?;
        file.as_file().sync_all().map_err(|error| failed(&error))?;
        file.persist(path).map_err(|error| failed(&error.error))?;
        Ok(())
    }

    /// Says something worth knowing, unless told to be quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.say(&clean_lines(text));
        }
    }

    /// Says something that only matters to somebody who asked for more.
    pub fn detail(&self, text: &str) {
        if self.verbose {
            self.say(&toned(self.color_err, Tone::Faint, &clean_lines(text)));
        }
    }

    /// Says that something is odd.
    pub fn warn(&self, text: &str) {
        if !self.quiet {
            let label = toned(self.color_err, Tone::Warning, "warning:");
            self.say(&format!("{label} {}", indented(&clean_lines(text), "         ")));
        }
    }

    /// Says what failed, whatever was asked for.
    pub fn error(&self, text: &str) {
        let label = toned(self.color_err, Tone::Bad, "error:");
        self.say(&format!("{label} {}", indented(&clean_lines(text), "       ")));
    }

    fn say(&self, text: &str) {
        self.bars.suspend(|| {
            // Nothing can be said about a standard error that is gone.
            let _ = writeln!(io::stderr().lock(), "{text}");
        });
    }

    /// Asks a yes-or-no question; anything but a clear yes is a no.
    pub fn confirm(&self, question: &str) -> bool {
        if !self.can_ask() {
            return false;
        }
        self.bars.suspend(|| {
            let mut err = io::stderr().lock();
            let asked = write!(err, "{} [y/N] ", clean_lines(question)).and_then(|()| err.flush());
            let mut answer = String::new();
            asked.is_ok()
                && io::stdin().read_line(&mut answer).is_ok()
                && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
        })
    }

    /// A progress line, drawn only on a terminal.
    pub fn progress(&self) -> Progress {
        let bar = ProgressBar::no_length();
        if !self.progress {
            return Progress { bar };
        }
        let bar = self.bars.add(bar);
        let ticks: &[&str] = if self.ascii {
            &["|", "/", "-", "\\", " "]
        } else {
            &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "]
        };
        let bars = if self.ascii { "#>-" } else { "━╸ " };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {bar:24} {elapsed}") {
            bar.set_style(style.tick_strings(ticks).progress_chars(bars));
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar }
    }
}

/// A progress line; gone when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Sets what it says, and how much of how much is done where that is known.
    pub fn set(&self, message: String, done: usize, all: Option<usize>) {
        if let Some(all) = all {
            self.bar.set_length(all as u64);
        }
        self.bar.set_position(done as u64);
        self.bar.set_message(message);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn toned(color: bool, tone: Tone, text: &str) -> String {
    if color && tone != Tone::Plain {
        format!("{}{text}\x1b[0m", tone.code())
    } else {
        text.to_owned()
    }
}

fn indented(text: &str, by: &str) -> String {
    text.trim_end().replace('\n', &format!("\n{by}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        let printer = Printer::new(&OutputArgs::default(), true);
        std::fs::write(&path, "before").unwrap();
        let failed = printer.write_file(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });
        assert!(failed.unwrap_err().message.contains("no more"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        printer.write_file(&path, |out| out.write_all(b"after")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
