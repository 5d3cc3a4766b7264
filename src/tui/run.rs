//! The event loop and the terminal: nothing else in the UI touches raw mode, the alternate screen,
//! the clipboard or signals.
//!
//! The loop is generic over the drawing backend and over [`Platform`], so that the whole program runs
//! in a test without a terminal.

use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use futures::{FutureExt, Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend as DrawingBackend;

use super::app::App;
use super::backend::Backend;
use super::jobs::Jobs;
use super::msg::{Cmd, Msg};

/// At most one frame in this time, however much happens.
const FRAME: Duration = Duration::from_millis(10);
/// How long messages are taken in before the next frame is due.
const DRAIN: Duration = Duration::from_millis(5);

/// How the UI was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By a person.
    Quit,
    /// By this signal.
    Signal(i32),
}

/// What comes in from outside.
#[derive(Debug)]
pub enum Incoming {
    /// From the terminal.
    Event(Event),
    /// A signal that ends the program.
    Stop(i32),
    /// A signal that suspends it.
    Suspend,
    /// It was continued after a stop that it had no part in.
    Continued,
}

/// The terminal, the clipboard, the editor and the signals.
pub trait Platform {
    /// What comes in; ends when the terminal is gone.
    type Incoming: Stream<Item = io::Result<Incoming>> + Unpin;

    /// Begins to listen. The one before is dropped first, so that nobody reads beside an editor.
    fn listen(&mut self) -> Self::Incoming;
    /// Puts a text on the clipboard; says how, where that is not plain.
    fn copy(&mut self, text: &str) -> Result<String, String>;
    /// Turns mouse reporting on or off.
    fn set_mouse(&mut self, on: bool) -> io::Result<()>;
    /// Gives the terminal back, stops, and takes it again when continued.
    fn suspend(&mut self) -> io::Result<()>;
    /// Takes the terminal again after somebody else has had it.
    fn resume(&mut self) -> io::Result<()>;
    /// Shows a text in the user's editor. `Err` has a signal that came meanwhile, or what went wrong.
    fn edit(
        &mut self,
        text: &str,
        suffix: &str,
    ) -> impl Future<Output = Result<(), EditFailure>> + Send;
    /// Gives the terminal back for good.
    fn leave(&mut self);
    /// A frame begins; terminals that can hold it back until it is whole.
    fn begin_frame(&mut self) {}
    /// A frame ends.
    fn end_frame(&mut self) {}
}

/// Why an editor came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditFailure {
    /// A signal that ends the program came meanwhile.
    Stop(i32),
    /// It could not be used.
    Message(String),
}

/// Runs the UI until somebody leaves it. Drawing comes first, so that there is a frame before
/// anything is known.
pub async fn run_on<B, T, P>(
    app: &mut App,
    backend: B,
    terminal: &mut Terminal<T>,
    platform: &mut P,
) -> io::Result<Exit>
where
    B: Backend,
    T: DrawingBackend,
    T::Error: Send + Sync + 'static,
    P: Platform,
{
    let (mut jobs, mut reports) = Jobs::new(backend);
    let mut incoming = platform.listen();
    let mut cmds = app.start();
    draw(app, terminal, platform)?;
    let mut drawn = Instant::now();
    let mut is_dirty = false;
    let exit = loop {
        let mut exit = None;
        for cmd in std::mem::take(&mut cmds) {
            match cmd {
                Cmd::Start(id, spec) => jobs.start(id, spec),
                Cmd::Cancel(slot) => jobs.cancel(slot),
                Cmd::ReadNow(path) => jobs.read_now(path),
                Cmd::Copy(text) => {
                    let copied = platform.copy(&text);
                    cmds.extend(app.update(Msg::Copied(copied), Instant::now()));
                }
                Cmd::SetMouse(on) => platform.set_mouse(on)?,
                Cmd::Redraw => terminal.clear().map_err(io::Error::other)?,
                Cmd::Suspend => {
                    drop(incoming);
                    platform.suspend()?;
                    incoming = platform.listen();
                    terminal.clear().map_err(io::Error::other)?;
                }
                Cmd::Edit { text, suffix } => {
                    drop(incoming);
                    let edited = platform.edit(&text, suffix).await;
                    incoming = platform.listen();
                    terminal.clear().map_err(io::Error::other)?;
                    let edited = match edited {
                        Ok(()) => Ok(()),
                        Err(EditFailure::Message(message)) => Err(message),
                        Err(EditFailure::Stop(signal)) => {
                            exit = Some(Exit::Signal(signal));
                            Ok(())
                        }
                    };
                    cmds.extend(app.update(Msg::Edited(edited), Instant::now()));
                }
                Cmd::Quit => exit = Some(Exit::Quit),
            }
            is_dirty = true;
        }
        if let Some(exit) = exit {
            break exit;
        }
        if !cmds.is_empty() {
            continue;
        }
        if is_dirty && drawn.elapsed() >= FRAME {
            draw(app, terminal, platform)?;
            (drawn, is_dirty) = (Instant::now(), false);
        }
        let wake = if is_dirty {
            Some(FRAME.saturating_sub(drawn.elapsed()))
        } else {
            app.next_wake(Instant::now())
        };
        // A person's key comes before any number of waiting reports: the UI answers whatever runs.
        let first = tokio::select! {
            biased;
            item = incoming.next() => Happened::Outside(item),
            Some(report) = reports.recv() => Happened::Report(Msg::Job(report)),
            () = sleep(wake) => if is_dirty { Happened::FrameDue } else { Happened::Report(Msg::Wake) },
        };
        let until = Instant::now() + DRAIN;
        let mut next = Some(first);
        let mut stop = None;
        while let Some(happened) = next.take() {
            match happened {
                Happened::FrameDue => break,
                Happened::Report(msg) => {
                    cmds.extend(app.update(msg, Instant::now()));
                    is_dirty = true;
                }
                Happened::Outside(None) => stop = Some(Exit::Quit),
                Happened::Outside(Some(item)) => match item? {
                    Incoming::Event(event) => {
                        if let Some(msg) = msg_of(event) {
                            cmds.extend(app.update(msg, Instant::now()));
                        }
                        is_dirty = true;
                    }
                    Incoming::Stop(signal) => stop = Some(Exit::Signal(signal)),
                    Incoming::Suspend => cmds.push(Cmd::Suspend),
                    Incoming::Continued => {
                        platform.resume()?;
                        cmds.push(Cmd::Redraw);
                    }
                },
            }
            // Commands such as suspending must not wait behind what came after them.
            if stop.is_some() || Instant::now() >= until || cmds.iter().any(is_urgent) {
                break;
            }
            next = match incoming.next().now_or_never() {
                Some(item) => Some(Happened::Outside(item)),
                None => reports.try_recv().ok().map(|report| Happened::Report(Msg::Job(report))),
            };
        }
        if let Some(exit) = stop {
            break exit;
        }
    };
    // The shell comes back at once; what still has to end does so behind it.
    platform.leave();
    drop(reports);
    jobs.shut_down().await;
    Ok(exit)
}

enum Happened {
    Outside(Option<io::Result<Incoming>>),
    Report(Msg),
    FrameDue,
}

fn is_urgent(cmd: &Cmd) -> bool {
    matches!(cmd, Cmd::Suspend | Cmd::Edit { .. } | Cmd::Quit)
}

fn msg_of(event: Event) -> Option<Msg> {
    Some(match event {
        Event::Key(key) => Msg::Key(key),
        Event::Paste(text) => Msg::Paste(text),
        Event::Mouse(mouse) => Msg::Mouse(mouse),
        Event::Resize(width, height) => Msg::Resize(width, height),
        Event::FocusGained | Event::FocusLost => return None,
    })
}

async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

fn draw<T, P>(app: &mut App, terminal: &mut Terminal<T>, platform: &mut P) -> io::Result<()>
where
    T: DrawingBackend,
    T::Error: Send + Sync + 'static,
    P: Platform,
{
    platform.begin_frame();
    let drawn = terminal.draw(|frame| app.draw(frame)).map(drop).map_err(io::Error::other);
    platform.end_frame();
    drawn
}
