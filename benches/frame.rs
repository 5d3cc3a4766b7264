//! A frame at 200×60 with 100,000 datasets known and visible: at most 8 ms while scrolling.

#[cfg(feature = "demo")]
#[path = "../tests/support/big_plan.rs"]
mod big_plan;

use std::sync::Arc;
use std::time::Instant;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use divan::Bencher;
use dremio_explorer::graph::layout::layout;
use dremio_explorer::http::RequestLog;
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Item,
    NodeError, NodeErrorKind, NodeKind,
};
use dremio_explorer::tui::keymap::Keymap;
use dremio_explorer::tui::msg::{Cmd, JobBody, JobEvent, JobSpec, Msg};
use dremio_explorer::tui::{App, ColourDepth, LineageModel, Remembered, Settings, ThemeName};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn main() {
    divan::main();
}

const DATASETS: usize = 100_000;

fn catalog() -> Catalog {
    let mut catalog = Catalog::new();
    let item = |path: DatasetPath, kind| Item { path, id: None, kind, raw_kind: None };
    let space = DatasetPath::new(["warehouse"]);
    catalog.apply(Change::Children {
        parent: DatasetPath::default(),
        items: vec![item(space.clone(), NodeKind::Space)],
        first: true,
        last: true,
    });
    catalog.apply(Change::Children {
        parent: space.clone(),
        items: (0..DATASETS)
            .map(|n| item(space.join(format!("fct_order_lines_{n}")), NodeKind::View))
            .collect(),
        first: true,
        last: true,
    });
    for n in 0..DATASETS {
        let columns = (0..20)
            .map(|c| Column {
                name: format!("column_{c}"),
                data_type: DataType::Decimal { precision: Some(12), scale: Some(2) },
                nullable: None,
            })
            .collect();
        catalog.apply(Change::Entity(Box::new(Entity {
            item: item(space.join(format!("fct_order_lines_{n}")), NodeKind::View),
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(columns),
                sql: Some(
                    "SELECT a, b, SUM(c) AS d\nFROM lake.raw.orders\nGROUP BY a, b\n".repeat(10),
                ),
                ..DatasetDetail::default()
            }),
        })));
    }
    catalog
}

fn app() -> App {
    let mut app = app_on(catalog());
    press(&mut app, 'l');
    app
}

fn app_on(catalog: Catalog) -> App {
    let settings = Settings {
        title: "bench".to_owned(),
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
    app.start();
    app
}

fn press(app: &mut App, key: char) {
    let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
    let cmds = app.update(Msg::Key(key), Instant::now());
    do_lineage_jobs(app, cmds);
}

/// Does at once what the lineage pane has done by jobs.
fn do_lineage_jobs(app: &mut App, cmds: Vec<Cmd>) {
    for cmd in cmds {
        let Cmd::Start(job, spec) = cmd else { continue };
        let slot = spec.slot();
        let body = match spec {
            JobSpec::Lineage(catalog, previous, looked, dbt) => {
                let model =
                    LineageModel::read(&catalog, previous.as_deref(), &looked, dbt.as_deref());
                JobBody::Lineage(Arc::new(model))
            }
            JobSpec::Layout(diagram) => {
                JobBody::Layout(Arc::new(layout(diagram, &|| false).expect("nobody cancels")))
            }
            _ => continue,
        };
        let more = app.update(Msg::Job(JobEvent { job, slot, body }), Instant::now());
        do_lineage_jobs(app, more);
    }
}

/// A chain of joins: each view reads the three before it.
fn woven(views: usize) -> Catalog {
    let mut catalog = Catalog::new();
    let space = DatasetPath::new(["s"]);
    let item = |path: DatasetPath, kind| Item { path, id: None, kind, raw_kind: None };
    let list = |parent: &DatasetPath, items| Change::Children {
        parent: parent.clone(),
        items,
        first: true,
        last: true,
    };
    let root = DatasetPath::default();
    catalog.apply(list(&root, vec![item(space.clone(), NodeKind::Space)]));
    let paths: Vec<DatasetPath> =
        (0..views).map(|n| space.join(format!("stg_order_lines_{n:04}"))).collect();
    let items = paths.iter().map(|path| item(path.clone(), NodeKind::View)).collect();
    catalog.apply(list(&space, items));
    for (n, path) in paths.iter().enumerate() {
        let sources: Vec<String> = [1, 4, 9]
            .iter()
            .filter_map(|back| n.checked_sub(*back))
            .map(|n| format!("{} t{n}", paths[n].to_sql()))
            .collect();
        let sql = if sources.is_empty() {
            "SELECT 1 AS id, 2 AS net".to_owned()
        } else {
            format!("SELECT t{}.id, t{}.net FROM {}", n - 1, n - 1, sources.join(", "))
        };
        let columns = ["id", "net"]
            .map(|name| Column {
                name: name.to_owned(),
                data_type: DataType::BigInt,
                nullable: None,
            })
            .to_vec();
        catalog.apply(Change::Entity(Box::new(Entity {
            item: item(path.clone(), NodeKind::View),
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(columns),
                sql: Some(sql),
                ..DatasetDetail::default()
            }),
        })));
    }
    catalog
}

/// A key in the lineage of so many boxes, and the frame that it leads to: `h` moves, `v` lays out anew.
#[divan::bench(args = [(12, 'h'), (12, 'v'), (150, 'h'), (150, 'v'), (2_000, 'h')])]
fn lineage_key_and_frame(bencher: Bencher<'_, '_>, (views, key): (usize, char)) {
    let mut app = app_on(woven(views));
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).expect("a screen in memory");
    let mut draw = |app: &mut App| {
        terminal.draw(|frame| app.draw(frame)).expect("drawing to memory does not fail");
    };
    for key in ['l', 'G', '3'] {
        press(&mut app, key);
        draw(&mut app);
    }
    for _ in 0..40 {
        press(&mut app, '[');
    }
    draw(&mut app);
    bencher.bench_local(|| {
        press(&mut app, key);
        draw(&mut app);
    });
}

/// A key and the frame that it leads to.
#[divan::bench(args = ['j', 'G', 'g'])]
fn key_and_frame(bencher: Bencher<'_, '_>, key: char) {
    let mut app = app();
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).expect("a screen in memory");
    bencher.bench_local(|| {
        press(&mut app, key);
        terminal.draw(|frame| app.draw(frame)).expect("drawing to memory does not fail");
    });
}

/// A key, and the frame that it leads to, in a sync plan of 10,000 items.
#[cfg(feature = "demo")]
#[divan::bench(args = ["j", "G", "g", "gj ", "o", "CE", "/0\n"])]
fn plan_key_and_frame(bencher: Bencher<'_, '_>, keys: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut plan = runtime.block_on(big_plan::BigPlan::open(5_000));
    bencher.bench_local(|| plan.press(keys));
}

/// A plan of 10,000 items comes in.
#[cfg(feature = "demo")]
#[divan::bench(sample_count = 20)]
fn plan_taken_in_and_frame(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let plan = std::cell::RefCell::new(runtime.block_on(big_plan::BigPlan::open(5_000)));
    bencher
        .with_inputs(|| plan.borrow_mut().ask_again())
        .bench_local_values(|view| plan.borrow_mut().take_in(view));
}

/// The report comes in that all of 10,000 items are written.
#[cfg(feature = "demo")]
#[divan::bench(sample_count = 5)]
fn plan_applied_and_frame(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    bencher
        .with_inputs(|| {
            let mut plan = runtime.block_on(big_plan::BigPlan::open(5_000));
            plan.write(512);
            plan
        })
        .bench_local_refs(big_plan::BigPlan::end);
}

/// 512 more of 10,000 items are written.
#[cfg(feature = "demo")]
#[divan::bench]
fn plan_written_and_frame(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut plan = runtime.block_on(big_plan::BigPlan::open(5_000));
    bencher.bench_local(|| plan.write(512));
}

/// A frame of the list of warnings, and one after a key in it, beside 100,000 datasets.
#[divan::bench]
fn warnings_key_and_frame(bencher: Bencher<'_, '_>) {
    let mut app = app();
    let space = DatasetPath::new(["warehouse"]);
    let failed = (0..200).map(|n| Change::Failed {
        path: space.join(format!("fct_order_lines_{}", n * 400)),
        error: NodeError {
            kind: NodeErrorKind::Forbidden,
            message: "GET /catalog: you may not read this dataset".to_owned(),
        },
    });
    app.learn(failed.collect());
    for key in ['5', ']', ']'] {
        press(&mut app, key);
    }
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).expect("a screen in memory");
    let mut keys = ['j', 'k'].into_iter().cycle();
    bencher.bench_local(|| {
        press(&mut app, keys.next().unwrap_or('j'));
        terminal.draw(|frame| app.draw(frame)).expect("drawing to memory does not fail");
    });
}

/// A page of a listing comes in while the folder is open on the screen.
#[divan::bench(sample_count = 50)]
fn page_and_frame(bencher: Bencher<'_, '_>) {
    let mut app = app();
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).expect("a screen in memory");
    let space = DatasetPath::new(["warehouse"]);
    let mut page = 0;
    bencher.bench_local(|| {
        page += 1;
        let items = (0..500)
            .map(|n| Item {
                path: space.join(format!("late_{page}_{n}")),
                id: None,
                kind: NodeKind::View,
                raw_kind: None,
            })
            .collect();
        app.learn(vec![Change::Children {
            parent: space.clone(),
            items,
            first: false,
            last: false,
        }]);
        terminal.draw(|frame| app.draw(frame)).expect("drawing to memory does not fail");
    });
}
