//! The event loop and the terminal: nothing else in the UI touches raw mode, the alternate screen,
//! the clipboard or signals.
//!
//! The loop is generic over the drawing backend and over [`Platform`], so that the whole program runs
//! in a test without a terminal.

use std::future::Future;
use std::io;
use std::task::Poll;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use futures::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend as DrawingBackend;
use ratatui::layout::{Position, Rect};
use tokio::sync::mpsc;

use super::app::App;
use super::backend::Backend;
use super::background::Background;
use super::jobs::Jobs;
use super::msg::{Cmd, JobEvent, Msg};

/// At most one frame in this time, however much happens.
const FRAME: Duration = Duration::from_millis(10);
/// How long messages are taken in before the next frame is due.
const DRAIN: Duration = Duration::from_millis(5);

/// How the UI was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By a person.
    Quit,
    /// By a person who wants to go on with this profile.
    Switch(String),
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

    /// Asks the terminal whether its ground is light. Nobody listens to it meanwhile.
    fn background(&mut self) -> Background {
        Background::default()
    }
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
    let (jobs, mut reports) = Jobs::new(backend);
    let cmds = app.start();
    let mut runner = Runner {
        app,
        jobs,
        terminal,
        platform,
        incoming: None,
        cmds,
        drawn: Instant::now(),
        is_dirty: false,
    };
    runner.draw()?;
    // The login is on its way before the terminal is asked, and there is a frame to look at.
    let mut left = runner.carry_out().await?;
    if left.is_none() && runner.app.follows_terminal() {
        runner.follow_terminal();
    }
    runner.incoming = Some(runner.platform.listen());
    let exit = loop {
        if let Some(exit) = left.take() {
            break exit;
        }
        if let Some(exit) = runner.carry_out().await? {
            break exit;
        }
        if runner.is_dirty && runner.drawn.elapsed() >= FRAME {
            runner.draw()?;
        }
        if let Some(exit) = runner.take_in(&mut reports).await? {
            break exit;
        }
    };
    // The shell comes back at once; what still has to end does so behind it.
    runner.platform.leave();
    drop(reports);
    runner.jobs.shut_down().await;
    Ok(exit)
}

struct Runner<'a, B, T: DrawingBackend, P: Platform> {
    app: &'a mut App,
    jobs: Jobs<B>,
    terminal: &'a mut Terminal<T>,
    platform: &'a mut P,
    /// Absent while somebody else has the terminal.
    incoming: Option<P::Incoming>,
    cmds: Vec<Cmd>,
    drawn: Instant,
    is_dirty: bool,
}

impl<B, T, P> Runner<'_, B, T, P>
where
    B: Backend,
    T: DrawingBackend,
    T::Error: Send + Sync + 'static,
    P: Platform,
{
    fn update(&mut self, msg: Msg) {
        let cmds = self.app.update(msg, Instant::now());
        self.cmds.extend(cmds);
        self.is_dirty = true;
    }

    /// Takes the theme that goes with the terminal's ground.
    fn follow_terminal(&mut self) {
        let Background { is_light, typed, .. } = self.platform.background();
        if let Some(is_light) = is_light {
            self.app.take_background(is_light);
            self.is_dirty = true;
        }
        for key in typed {
            self.update(Msg::Key(key));
        }
    }

    /// Carries out the commands given so far, and those that they lead to.
    async fn carry_out(&mut self) -> io::Result<Option<Exit>> {
        while !self.cmds.is_empty() {
            for cmd in std::mem::take(&mut self.cmds) {
                match cmd {
                    Cmd::Start(id, spec) => self.jobs.start(id, spec),
                    Cmd::Cancel(slot) => self.jobs.cancel(slot),
                    Cmd::ReadNow(path) => self.jobs.read_now(path),
                    Cmd::Discard(value) => Jobs::<B>::discard(value),
                    Cmd::Copy(text) => {
                        let copied = self.platform.copy(&text);
                        self.update(Msg::Copied(copied));
                    }
                    Cmd::SetMouse(on) => self.platform.set_mouse(on)?,
                    Cmd::Redraw => self.clear()?,
                    Cmd::Suspend => {
                        self.incoming = None;
                        self.platform.suspend()?;
                        self.incoming = Some(self.platform.listen());
                        self.clear()?;
                    }
                    Cmd::Edit { text, suffix } => {
                        self.incoming = None;
                        let edited = self.platform.edit(&text, suffix).await;
                        self.incoming = Some(self.platform.listen());
                        self.clear()?;
                        match edited {
                            Ok(()) => self.update(Msg::Edited(Ok(()))),
                            Err(EditFailure::Message(why)) => self.update(Msg::Edited(Err(why))),
                            Err(EditFailure::Stop(signal)) => {
                                return Ok(Some(Exit::Signal(signal)));
                            }
                        }
                    }
                    Cmd::Switch(profile) => return Ok(Some(Exit::Switch(profile))),
                    Cmd::Quit => return Ok(Some(Exit::Quit)),
                }
            }
        }
        Ok(None)
    }

    /// Waits until something happens, and takes in what has happened by then.
    async fn take_in(
        &mut self,
        reports: &mut mpsc::Receiver<JobEvent>,
    ) -> io::Result<Option<Exit>> {
        let wake = if self.is_dirty {
            Some(FRAME.saturating_sub(self.drawn.elapsed()))
        } else {
            self.app.next_wake(Instant::now())
        };
        let Some(incoming) = &mut self.incoming else { return Ok(None) };
        // A person's key comes before any number of waiting reports: the UI answers whatever runs.
        let first = tokio::select! {
            biased;
            item = incoming.next() => Happened::Outside(item),
            Some(report) = reports.recv() => Happened::Report(Msg::Job(report)),
            () = sleep(wake) => {
                if self.is_dirty {
                    return Ok(None);
                }
                Happened::Report(Msg::Wake)
            }
        };
        let until = Instant::now() + DRAIN;
        let mut next = Some(first);
        while let Some(happened) = next.take() {
            match happened {
                Happened::Report(msg) => self.update(msg),
                Happened::Outside(None) => return Ok(Some(Exit::Quit)),
                Happened::Outside(Some(item)) => match item? {
                    Incoming::Event(event) => {
                        self.is_dirty = true;
                        if let Some(msg) = msg_of(event) {
                            self.update(msg);
                        }
                    }
                    Incoming::Stop(signal) => return Ok(Some(Exit::Signal(signal))),
                    Incoming::Suspend => self.cmds.push(Cmd::Suspend),
                    Incoming::Continued => {
                        self.platform.resume()?;
                        self.cmds.push(Cmd::Redraw);
                    }
                },
            }
            // Commands such as suspending must not wait behind what came after them.
            if Instant::now() >= until || self.cmds.iter().any(is_urgent) {
                break;
            }
            // Polled by this task's own waker: the terminal's stream keeps the first one that it meets.
            let waiting = match &mut self.incoming {
                Some(incoming) => futures::poll!(incoming.next()),
                None => Poll::Pending,
            };
            next = match waiting {
                Poll::Ready(item) => Some(Happened::Outside(item)),
                Poll::Pending => {
                    reports.try_recv().ok().map(|report| Happened::Report(Msg::Job(report)))
                }
            };
        }
        Ok(None)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.is_dirty = true;
        // Not `Terminal::clear`, which asks the terminal where its cursor is: somebody who listens to
        // keys at that moment would take the answer.
        let size = self.terminal.size().map_err(io::Error::other)?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size))).map_err(io::Error::other)
    }

    fn draw(&mut self) -> io::Result<()> {
        self.platform.begin_frame();
        let drawn =
            self.terminal.draw(|frame| self.app.draw(frame)).map(drop).map_err(io::Error::other);
        self.platform.end_frame();
        (self.drawn, self.is_dirty) = (Instant::now(), false);
        drawn
    }
}

enum Happened {
    Outside(Option<io::Result<Incoming>>),
    Report(Msg),
}

fn is_urgent(cmd: &Cmd) -> bool {
    matches!(cmd, Cmd::Suspend | Cmd::Edit { .. } | Cmd::Switch(_) | Cmd::Quit)
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
