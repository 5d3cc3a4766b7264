//! Runs the whole UI without a terminal: keys go in, text comes out.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use dremio_explorer::dbt::ArtifactFiles;
use dremio_explorer::http::RequestLog;
use dremio_explorer::tui::keymap::Keymap;
use dremio_explorer::tui::run::{EditFailure, Incoming, Platform};
use dremio_explorer::tui::{
    App, Backend, ColourDepth, Exit, Remembered, Settings, ThemeName, run_on,
};
use futures::Stream;
use ratatui::Terminal;
use ratatui::backend::{Backend as DrawingBackend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

/// Nothing that a test waits for may take longer.
const LIMIT: Duration = Duration::from_secs(10);

/// A screen that the test can look at while the UI draws on it.
#[derive(Clone)]
struct Screen(Arc<Mutex<TestBackend>>);

impl Screen {
    fn with<R>(&self, f: impl FnOnce(&mut TestBackend) -> R) -> R {
        f(&mut self.0.lock().unwrap())
    }
}

impl DrawingBackend for Screen {
    type Error = Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.with(|screen| screen.draw(content))
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        self.with(TestBackend::hide_cursor)
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        self.with(TestBackend::show_cursor)
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        self.with(TestBackend::get_cursor_position)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, at: P) -> Result<(), Infallible> {
        self.with(|screen| screen.set_cursor_position(at))
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.with(TestBackend::clear)
    }

    fn clear_region(&mut self, region: ClearType) -> Result<(), Infallible> {
        self.with(|screen| screen.clear_region(region))
    }

    fn size(&self) -> Result<Size, Infallible> {
        self.with(|screen| screen.size())
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        self.with(TestBackend::window_size)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.with(TestBackend::flush)
    }
}

type Receiver = Arc<Mutex<mpsc::UnboundedReceiver<Incoming>>>;

struct Incomings(Receiver);

impl Stream for Incomings {
    type Item = io::Result<Incoming>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.lock().unwrap().poll_recv(context).map(|incoming| incoming.map(Ok))
    }
}

/// What the UI asked of the terminal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) copied: Vec<String>,
    pub(crate) edited: Vec<String>,
    pub(crate) suspended: usize,
    pub(crate) mouse: Vec<bool>,
    pub(crate) has_left: bool,
}

struct Stage {
    incoming: Receiver,
    asked: Arc<Mutex<Asked>>,
    drawn: Arc<Notify>,
}

impl Platform for Stage {
    type Incoming = Incomings;

    fn listen(&mut self) -> Incomings {
        Incomings(Arc::clone(&self.incoming))
    }

    fn copy(&mut self, text: &str) -> Result<String, String> {
        self.asked.lock().unwrap().copied.push(text.to_owned());
        Ok(String::new())
    }

    fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.asked.lock().unwrap().mouse.push(on);
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.asked.lock().unwrap().suspended += 1;
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        Ok(())
    }

    async fn edit(&mut self, text: &str, suffix: &str) -> Result<(), EditFailure> {
        self.asked.lock().unwrap().edited.push(format!("{suffix}:{text}"));
        Ok(())
    }

    fn leave(&mut self) {
        self.asked.lock().unwrap().has_left = true;
    }

    fn end_frame(&mut self) {
        self.drawn.notify_waiters();
    }
}

/// The running UI.
pub(crate) struct Runner {
    screen: Screen,
    incoming: mpsc::UnboundedSender<Incoming>,
    asked: Arc<Mutex<Asked>>,
    drawn: Arc<Notify>,
    task: JoinHandle<io::Result<Exit>>,
}

pub(crate) fn settings() -> Settings {
    Settings {
        title: "shop@localhost".to_owned(),
        theme: ThemeName::Dark,
        follows_terminal: false,
        colours: ColourDepth::True,
        ascii: false,
        mouse: true,
        keymap: Keymap::defaults(),
        snapshot: None,
        log: RequestLog::new(),
        remembered: Remembered::default(),
        no_sync: Some("no OpenMetadata server is set".to_owned()),
        profiles: Vec::new(),
        notice: None,
    }
}

impl Runner {
    pub(crate) fn start<B: Backend>(backend: B, size: (u16, u16)) -> Self {
        Self::start_with(backend, size, settings())
    }

    pub(crate) fn start_with<B: Backend>(backend: B, size: (u16, u16), settings: Settings) -> Self {
        Self::start_dbt(backend, size, settings, None)
    }

    /// With a dbt project that takes part.
    pub(crate) fn start_dbt<B: Backend>(
        backend: B,
        size: (u16, u16),
        settings: Settings,
        files: Option<Arc<dyn ArtifactFiles>>,
    ) -> Self {
        let screen = Screen(Arc::new(Mutex::new(TestBackend::new(size.0, size.1))));
        let (incoming, receiver) = mpsc::unbounded_channel();
        let asked = Arc::new(Mutex::new(Asked::default()));
        let drawn = Arc::new(Notify::new());
        let mut stage = Stage {
            incoming: Arc::new(Mutex::new(receiver)),
            asked: Arc::clone(&asked),
            drawn: Arc::clone(&drawn),
        };
        let drawing = screen.clone();
        let task = tokio::spawn(async move {
            let mut terminal = Terminal::new(drawing).unwrap();
            let mut app = App::new(settings, Instant::now()).with_dbt(files);
            run_on(&mut app, backend, &mut terminal, &mut stage).await
        });
        Self { screen, incoming, asked, drawn, task }
    }

    /// The screen as text, spinners stilled.
    pub(crate) fn text(&self) -> String {
        let text = self.screen.with(|screen| {
            let buffer = screen.buffer();
            let area = buffer.area;
            let mut text = String::new();
            for y in 0..area.height {
                let line: String = (0..area.width).map(|x| buffer[(x, y)].symbol()).collect();
                text.push_str(line.trim_end());
                text.push('\n');
            }
            text
        });
        text.chars().map(|c| if ('\u{2800}'..'\u{2900}').contains(&c) { '⠋' } else { c }).collect()
    }

    fn send(&self, incoming: Incoming) -> &Self {
        self.incoming.send(incoming).expect("the UI is still there");
        self
    }

    /// Presses keys as named in key maps, separated by spaces.
    pub(crate) fn keys(&self, keys: &str) -> &Self {
        for key in keys.split(' ') {
            let (modifiers, name) = match key.strip_prefix("ctrl-") {
                Some(name) => (KeyModifiers::CONTROL, name),
                None => (KeyModifiers::NONE, key),
            };
            let code = match name {
                "enter" => KeyCode::Enter,
                "esc" => KeyCode::Esc,
                "tab" => KeyCode::Tab,
                "down" => KeyCode::Down,
                "up" => KeyCode::Up,
                "space" => KeyCode::Char(' '),
                "backspace" => KeyCode::Backspace,
                name => KeyCode::Char(name.chars().next().unwrap()),
            };
            self.send(Incoming::Event(Event::Key(KeyEvent::new(code, modifiers))));
        }
        self
    }

    /// Types a text.
    pub(crate) fn typed(&self, text: &str) -> &Self {
        for c in text.chars() {
            let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            self.send(Incoming::Event(Event::Key(key)));
        }
        self
    }

    pub(crate) fn paste(&self, text: &str) -> &Self {
        self.send(Incoming::Event(Event::Paste(text.to_owned())))
    }

    pub(crate) fn signal(&self, incoming: Incoming) -> &Self {
        self.send(incoming)
    }

    /// Does something with the mouse on the first cell of a text on the screen.
    pub(crate) fn mouse(&self, kind: MouseEventKind, on: &str) -> &Self {
        let text = self.text();
        let (row, line) = text
            .lines()
            .enumerate()
            .find(|(_, line)| line.contains(on))
            .unwrap_or_else(|| panic!("{on:?} is not on the screen:\n{text}"));
        let column = line[..line.find(on).unwrap()].chars().count();
        self.send(Incoming::Event(Event::Mouse(MouseEvent {
            kind,
            column: u16::try_from(column).unwrap(),
            row: u16::try_from(row).unwrap(),
            modifiers: KeyModifiers::NONE,
        })))
    }

    pub(crate) fn click(&self, on: &str) -> &Self {
        self.mouse(MouseEventKind::Down(MouseButton::Left), on)
    }

    pub(crate) fn resize(&self, width: u16, height: u16) -> &Self {
        self.screen.with(|screen| screen.resize(width, height));
        self.send(Incoming::Event(Event::Resize(width, height)))
    }

    pub(crate) fn asked(&self) -> Asked {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until `is_there` holds for the screen.
    async fn until(&self, what: &str, mut is_there: impl FnMut(&str) -> bool) -> String {
        let waited = tokio::time::timeout(LIMIT, async {
            loop {
                let drawn = self.drawn.notified();
                let text = self.text();
                if is_there(&text) {
                    return text;
                }
                drawn.await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("waited in vain for {what}:\n{}", self.text()))
    }

    pub(crate) async fn wait_for(&self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text)).await
    }

    pub(crate) async fn wait_gone(&self, text: &str) -> String {
        self.until(&format!("{text:?} to go"), |screen| !screen.contains(text)).await
    }

    /// Waits until something that is not on the screen is so.
    pub(crate) async fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let waited = tokio::time::timeout(LIMIT, async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("waited in vain for {what}:\n{}", self.text()));
    }

    /// Waits for the end, which must come within two seconds.
    pub(crate) async fn end(self) -> (Exit, Asked) {
        let begun = Instant::now();
        let exit = tokio::time::timeout(LIMIT, self.task)
            .await
            .expect("the UI ends")
            .expect("the UI does not panic")
            .expect("the UI ends well");
        assert!(begun.elapsed() < Duration::from_secs(2), "leaving took {:?}", begun.elapsed());
        let asked = self.asked.lock().unwrap().clone();
        (exit, asked)
    }
}
