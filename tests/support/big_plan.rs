//! A UI that shows a sync plan of many items, made against an empty sandbox OpenMetadata.

#![allow(dead_code, unreachable_pub, reason = "each test and bench includes it and uses its part")]
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used, reason = "for tests")]

use std::sync::Arc;
use std::time::Instant;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dremio_explorer::discovery::{DiscoveryEvent, DiscoveryStats};
use dremio_explorer::dremio;
use dremio_explorer::http::{HttpOptions, RequestLog};
use dremio_explorer::lineage::Engine;
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Item,
    NodeKind, ServerInfo,
};
use dremio_explorer::openmetadata;
use dremio_explorer::sandbox::openmetadata::{OpenMetadataOptions, OpenMetadataSandbox};
use dremio_explorer::sync::Selection;
use dremio_explorer::sync::apply::{ApplyEvent, ItemOutcome, Report, Statistics};
use dremio_explorer::sync::session::{Prepared, Sources, SyncSettings, prepare};
use dremio_explorer::tui::keymap::Keymap;
use dremio_explorer::tui::msg::{Cmd, JobBody, JobEvent, JobId, JobSpec, Msg, Slot};
use dremio_explorer::tui::{
    App, ColourDepth, PlanView, Reached, Remembered, Settings, ThemeName, ViewBasis,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio_util::sync::CancellationToken;

/// Views in one folder.
const FOLDER: usize = 500;

/// One space of so many views, each reading the one before.
fn catalog(views: usize) -> Catalog {
    let mut catalog = Catalog::new();
    let item = |path: DatasetPath, kind| Item { path, id: None, kind, raw_kind: None };
    let mut list = |parent: &DatasetPath, items| {
        catalog.apply(Change::Children { parent: parent.clone(), items, first: true, last: true });
    };
    let space = DatasetPath::new(["warehouse"]);
    list(&DatasetPath::default(), vec![item(space.clone(), NodeKind::Space)]);
    let folders: Vec<DatasetPath> =
        (0..views.div_ceil(FOLDER)).map(|n| space.join(format!("layer_{n:03}"))).collect();
    list(&space, folders.iter().map(|path| item(path.clone(), NodeKind::Folder)).collect());
    let paths: Vec<DatasetPath> =
        (0..views).map(|n| folders[n / FOLDER].join(format!("fct_order_lines_{n:05}"))).collect();
    for (folder, inside) in folders.iter().zip(paths.chunks(FOLDER)) {
        list(folder, inside.iter().map(|path| item(path.clone(), NodeKind::View)).collect());
    }
    for (n, path) in paths.iter().enumerate() {
        let sql = match n.checked_sub(1) {
            Some(before) => format!("SELECT id, net FROM {}", paths[before].to_sql()),
            None => "SELECT 1 AS id, 2 AS net".to_owned(),
        };
        let column = |name: &str| Column {
            name: name.to_owned(),
            data_type: DataType::BigInt,
            nullable: None,
        };
        catalog.apply(Change::Entity(Box::new(Entity {
            item: item(path.clone(), NodeKind::View),
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(vec![column("id"), column("net")]),
                sql: Some(sql),
                ..DatasetDetail::default()
            }),
        })));
    }
    catalog
}

/// The App on a screen in memory, with the jobs answered by hand.
pub struct BigPlan {
    app: App,
    terminal: Terminal<TestBackend>,
    server: openmetadata::ServerInfo,
    prepared: Arc<Prepared>,
    applying: Option<(JobId, JobSpec)>,
    /// Plans are asked for, and not answered at once.
    holds_plans: bool,
    asked: Option<(JobId, ViewBasis)>,
    /// What another thread would drop.
    discarded: Vec<Cmd>,
    written: usize,
}

impl BigPlan {
    /// A plan of some two items for each view, unfolded whole, the Sync pane in front.
    pub async fn open(views: usize) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let catalog = catalog(views);
        let sandbox = OpenMetadataSandbox::start(OpenMetadataOptions::default()).await.unwrap();
        let connect = openmetadata::ConnectOptions {
            url: sandbox.url(),
            credentials: openmetadata::Credentials::Token(sandbox.bot_token().into()),
            http: HttpOptions::default(),
            max_concurrency: None,
        };
        let client = openmetadata::Client::new(connect, RequestLog::new()).unwrap();
        let server = client.connect().await.unwrap();
        // Nothing is asked of it, since no wikis are brought along.
        let unused = dremio::ConnectOptions {
            deployment: dremio::Deployment::Software {
                base_url: "http://127.0.0.1:9".parse().unwrap(),
            },
            credentials: dremio::Credentials::Password {
                user: "nobody".to_owned(),
                password: String::new().into(),
            },
            http: HttpOptions::default(),
            max_concurrency: None,
        };
        let graph = Engine::new(&catalog).graph(&catalog);
        let sources = Sources {
            catalog: &catalog,
            graph: &graph,
            dremio: &dremio::Client::new(unused, RequestLog::new()).unwrap(),
            openmetadata: &client,
            server: &server,
            data_dir: None,
        };
        let settings = SyncSettings { descriptions: false, ..SyncSettings::default() };
        let everything = Selection::default();
        let token = CancellationToken::new();
        let prepared = prepare(sources, &everything, &settings, &|_| {}, &token).await.unwrap();
        let settings = Settings {
            title: "big".to_owned(),
            theme: ThemeName::Dark,
            follows_terminal: false,
            colours: ColourDepth::True,
            ascii: false,
            mouse: true,
            keymap: Keymap::defaults(),
            snapshot: Some(catalog),
            log: RequestLog::new(),
            remembered: Remembered::default(),
            no_sync: None,
            profiles: Vec::new(),
            notice: None,
        };
        let mut app = App::new(settings, Instant::now());
        let cmds = app.start();
        let mut big = Self {
            app,
            terminal: Terminal::new(TestBackend::new(200, 60)).unwrap(),
            server,
            prepared: Arc::new(prepared),
            applying: None,
            holds_plans: false,
            asked: None,
            discarded: Vec::new(),
            written: 0,
        };
        big.answer(cmds);
        big.press("dEg");
        big
    }

    pub fn items(&self) -> usize {
        self.prepared.plan.items.len()
    }

    /// Presses keys and draws; `\n` is Enter.
    pub fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
            let key = KeyEvent::new(code, KeyModifiers::NONE);
            let cmds = self.app.update(Msg::Key(key), Instant::now());
            self.answer(cmds);
        }
        self.draw();
    }

    /// Asks for the plan again; gives what its job would make of it.
    pub fn ask_again(&mut self) -> PlanView {
        self.discarded.clear();
        self.holds_plans = true;
        self.press("r");
        let (_, basis) = self.asked.as_ref().expect("a plan is asked for");
        PlanView::new(Arc::clone(&self.prepared), basis.clone())
    }

    /// Takes in what [`Self::ask_again`] gave, and draws.
    pub fn take_in(&mut self, view: PlanView) {
        let (job, _) = self.asked.take().expect("a plan is asked for");
        self.report(job, Slot::Plan, JobBody::Planned(Box::new(view)));
        self.draw();
    }

    /// Everything is written and told at once.
    pub fn end(&mut self) {
        let (job, _) = self.applying.take().expect("something is being written");
        let done = ItemOutcome::Done { notes: Vec::new() };
        let report = Report {
            outcomes: vec![done; self.items()],
            statistics: Statistics::default(),
            ended_early: None,
            settled: Vec::new(),
            unsettled: Vec::new(),
        };
        self.report(job, Slot::Apply, JobBody::Applied(Box::new(report)));
        self.draw();
    }

    /// The next so many items are written, as far as the UI is told.
    pub fn write(&mut self, items: usize) {
        if self.applying.is_none() {
            self.press("a\n");
        }
        let until = (self.written + items).min(self.items());
        let events = (self.written..until).flat_map(|item| {
            let done = ItemOutcome::Done { notes: Vec::new() };
            [ApplyEvent::Begun(item), ApplyEvent::Finished(item, done)]
        });
        let body = JobBody::Applying(events.collect());
        self.written = if until == self.items() { 0 } else { until };
        let (job, spec) = self.applying.as_ref().expect("the question was answered with yes");
        let (job, slot) = (*job, spec.slot());
        self.report(job, slot, body);
        self.draw();
    }

    fn report(&mut self, job: JobId, slot: Slot, body: JobBody) {
        let cmds = self.app.update(Msg::Job(JobEvent { job, slot, body }), Instant::now());
        self.answer(cmds);
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.terminal.backend().to_string()
    }

    fn draw(&mut self) {
        self.terminal.draw(|frame| self.app.draw(frame)).unwrap();
    }

    fn answer(&mut self, cmds: Vec<Cmd>) {
        for cmd in cmds {
            let Cmd::Start(job, spec) = cmd else {
                self.discarded.push(cmd);
                continue;
            };
            let slot = spec.slot();
            let body = match spec {
                JobSpec::Login => JobBody::LoggedIn(ServerInfo {
                    host: "big".to_owned(),
                    version: None,
                    edition: None,
                    user: None,
                }),
                JobSpec::Discover { .. } => JobBody::Discovery(DiscoveryEvent::Finished {
                    stats: DiscoveryStats::default(),
                    cancelled: false,
                }),
                JobSpec::OpenMetadata => JobBody::Reached(Box::new(Reached {
                    server: self.server.clone(),
                    interrupted: None,
                })),
                JobSpec::Plan(_, basis) if self.holds_plans => {
                    self.asked = Some((job, *basis));
                    continue;
                }
                JobSpec::Plan(_, basis) => {
                    let view = PlanView::new(Arc::clone(&self.prepared), *basis);
                    JobBody::Planned(Box::new(view))
                }
                JobSpec::Apply(..) => {
                    self.applying = Some((job, spec));
                    continue;
                }
                _ => continue,
            };
            self.report(job, slot, body);
        }
    }
}
