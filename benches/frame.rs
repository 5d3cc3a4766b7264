//! A frame at 200×60 with 100,000 datasets known and visible: at most 8 ms while scrolling.

use std::time::Instant;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use divan::Bencher;
use dremio_explorer::http::RequestLog;
use dremio_explorer::model::{
    Catalog, Change, Column, DataType, DatasetDetail, DatasetPath, Entity, EntityDetail, Item,
    NodeKind,
};
use dremio_explorer::tui::keymap::Keymap;
use dremio_explorer::tui::msg::Msg;
use dremio_explorer::tui::{App, ColourDepth, Remembered, Settings, ThemeName};
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
    let settings = Settings {
        title: "bench".to_owned(),
        theme: ThemeName::Dark,
        colours: ColourDepth::True,
        ascii: false,
        mouse: true,
        keymap: Keymap::defaults(),
        snapshot: Some(catalog()),
        log: RequestLog::new(),
        remembered: Remembered::default(),
    };
    let mut app = App::new(settings, Instant::now());
    app.start();
    press(&mut app, 'l');
    app
}

fn press(app: &mut App, key: char) {
    let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
    app.update(Msg::Key(key), Instant::now());
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
