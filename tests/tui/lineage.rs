//! The lineage pane, driven by keys and the mouse.

use dremio_explorer::model::{Change, NodeKind, TableKind};
use dremio_explorer::tui::Settings;

use crate::fake::{Fake, dataset, item, listing, path, text_columns};
use crate::runner::{Runner, settings};

const TABLE: NodeKind = NodeKind::Table(TableKind::Direct);
const WIDE: (u16, u16) = (140, 44);

/// `raw.sales` → `stg_orders` → `fct_orders` → `report`, with `raw.items` beside, a view of what is not
/// there, one whose SQL makes no sense, and a table that nothing reads.
fn shop() -> Vec<Change> {
    let view = |name: &str, sql: &str, columns: &[&str]| {
        dataset(&["shop", name], NodeKind::View, Some(sql), Some(text_columns(columns)))
    };
    let table = |name: &str, columns: &[&str]| {
        dataset(&["shop", "raw", name], TABLE, None, Some(text_columns(columns)))
    };
    let views = ["stg_orders", "fct_orders", "report", "stg_items", "lost", "muddle", "united"];
    let tables = ["sales", "items", "alone"];
    let mut items = vec![item(&["shop", "raw"], NodeKind::Folder)];
    items.extend(views.map(|name| item(&["shop", name], NodeKind::View)));
    vec![
        listing(&[], vec![item(&["shop"], NodeKind::Space)]),
        listing(&["shop"], items),
        listing(
            &["shop", "raw"],
            tables.iter().map(|name| item(&["shop", "raw", name], TABLE)).collect(),
        ),
        table("sales", &["id", "amount", "state", "note"]),
        table("items", &["order_id", "price"]),
        table("alone", &["id"]),
        view(
            "stg_orders",
            "SELECT id, amount * 2 AS net, state FROM shop.raw.sales",
            &["id", "net", "state"],
        ),
        view("stg_items", "SELECT order_id, price FROM shop.raw.items", &["order_id", "price"]),
        view(
            "fct_orders",
            "SELECT o.id, o.net, i.price FROM shop.stg_orders o JOIN shop.stg_items i \
             ON o.id = i.order_id WHERE o.state = 'paid'",
            &["id", "net", "price"],
        ),
        view(
            "report",
            "SELECT SUM(net) AS total, COUNT(*) AS n FROM shop.fct_orders",
            &["total", "n"],
        ),
        view("lost", "SELECT a FROM shop.gone", &["a"]),
        view(
            "united",
            "WITH paid AS (SELECT price * 2 AS twice FROM shop.raw.items) \
             SELECT 'a' AS what, CAST(order_id AS DOUBLE) AS figure FROM shop.raw.items \
             UNION ALL SELECT 'b', ROUND(twice, 1) FROM paid",
            &["what", "figure"],
        ),
        view("muddle", "SELECT FROM WHERE shop.fct_orders ((", &["a"]),
    ]
}

async fn at(name: &str, size: (u16, u16)) -> Runner {
    at_with(name, size, settings()).await
}

async fn at_with(name: &str, size: (u16, u16), settings: Settings) -> Runner {
    let sign = if settings.ascii { ">" } else { "›" };
    let runner = Runner::start_with(Fake::default().only(shop()), size, settings);
    runner.wait_for("read just now").await;
    runner.keys("f").typed(name).wait_for("1 dataset").await;
    runner.keys("enter").wait_for(&format!("{sign} {name}")).await;
    runner.keys("3").wait_for("up, ").await;
    runner
}

#[tokio::test]
async fn one_key_opens_the_lineage_and_it_grows() {
    let runner = at("fct_orders", WIDE).await;
    let text = runner.wait_for("stg_items").await;
    assert!(text.contains("1 up, 1 down · 4 of 6"), "{text}");
    assert!(text.contains("◫ report") && !text.contains("▦ sales"), "{text}");
    insta::assert_snapshot!("lineage", text);
    let text = runner.keys("[").wait_for("2 up, 1 down · all 6").await;
    assert!(text.contains("▦ items"), "{text}");
    runner.keys("[").wait_for("nothing more to show on that side").await;
    runner.keys("{ {").wait_for("0 up, 1 down").await;
    runner.keys("+").wait_for("1 up, 1 down").await;
    runner.keys("- ] }").wait_for("0 up, 0 down · 1 of 6").await;
}

#[tokio::test]
async fn refocusing_leaves_a_trail() {
    let runner = at("fct_orders", WIDE).await;
    runner.keys("l enter").wait_for("view 2 of 2").await;
    runner.keys("backspace").wait_for("view 1 of 2").await;
    runner.keys(")").wait_for("view 2 of 2").await;
    runner.keys(")").wait_for("no view after this one").await;
    runner.keys("( (").wait_for("no view before this one").await;
    // Off to the details of what is under the cursor, and back to the same place.
    runner.keys("h s").wait_for(" 1  SELECT").await;
    runner.keys("3").wait_for("view 1 of 2").await;
}

#[tokio::test]
async fn a_column_is_traced_from_report_to_raw() {
    let runner = at("report", WIDE).await;
    runner.keys("c").wait_for("Trace a column of report").await;
    runner.typed("tot").wait_for("column total of report").await;
    runner.wait_for("3 more columns in 3 datasets").await;
    let text = runner.keys("enter").wait_gone("Trace a column").await;
    for line in ["Σ total", "→ net", "ƒ net", "amount", "… 3 more"] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    assert!(!text.contains("▦ items"), "{text}");
    insta::assert_snapshot!("lineage_trace", text);
    runner.keys("J").wait_for("column n of report: comes from no column").await;
    runner.keys("K").wait_for("column total of report").await;
    runner.keys("i").wait_for("What depends on shop.report, column total").await;
    runner.keys("esc esc").wait_gone("column total").await;
    // A choice that is not taken leaves all as it was.
    runner.keys("c").wait_for("column total of report").await;
    runner.keys("down").wait_for("column n of report").await;
    runner.keys("esc").wait_gone("column n of report").await;
}

#[tokio::test]
async fn a_column_of_the_details_opens_its_trace() {
    let runner = at("report", WIDE).await;
    runner.keys("2").wait_for("Columns").await;
    runner.keys("j t").wait_for("column n of report: comes from no column").await;
    runner.keys("2 k t").wait_for("column total of report: 3 more columns in 3 datasets").await;
    runner.wait_for("▦ sales").await;
    runner.keys("2 s t").wait_for("choose a column of a table or a view first").await;
}

#[tokio::test]
async fn all_sql_that_makes_a_column_is_told() {
    let runner = at("united", WIDE).await;
    let text = runner.wait_for("1 of 3 CAST(order_id AS DOUBLE)").await;
    assert!(text.contains("2 of 3 ROUND(twice, 1)"), "{text}");
    assert!(text.contains("3 of 3 price * 2") && text.contains("← items.price"), "{text}");
    assert!(text.contains("a constant, or a count of rows"), "{text}");
    let text = runner.keys(".").wait_for("shop.raw.items → shop.united").await;
    assert!(text.contains("1 of 2 ROUND(twice, 1)") && text.contains("2 of 2 price * 2"), "{text}");
}

#[tokio::test]
async fn what_depends_on_a_column_is_listed() {
    let runner = at("sales", WIDE).await;
    runner.keys("c").typed("state").keys("enter").wait_for("column state of sales").await;
    let text = runner.keys("i").wait_for("What depends on").await;
    assert!(text.contains("shop.stg_orders") && text.contains("which rows there are"), "{text}");
    runner.keys("down down enter").wait_for("view 2 of 2").await;
}

#[tokio::test]
async fn edges_tell_what_flows_and_what_decides() {
    let runner = at("fct_orders", WIDE).await;
    runner.keys(".").wait_for("shop.stg_items → shop.fct_orders").await;
    let text = runner.keys(".").wait_for("shop.stg_orders → shop.fct_orders").await;
    for fact in ["from view SQL · certain", "JOIN  id", "FILTER  state", "net → net", "o.net"] {
        assert!(text.contains(fact), "{fact}:\n{text}");
    }
    runner.keys("esc").wait_gone("from view SQL").await;
    runner.keys("d d").wait_gone("o.net").await;
}

#[tokio::test]
async fn tree_and_table_say_the_same() {
    let runner = at("fct_orders", (80, 24)).await;
    let text = runner.wait_for("is read by").await;
    assert!(text.contains("├─ ◫ stg_items") && text.contains("↑+1"), "{text}");
    insta::assert_snapshot!("lineage_tree", text);
    runner.keys("j l").wait_for("▦ items").await;
    runner.keys("h j enter").wait_for("view 2 of 2").await;
    runner.keys("backspace t").wait_for("Where").await;
    let text = runner.keys("G").wait_for("down 1").await;
    assert!(text.contains("shop.report"), "{text}");
    runner.keys("t").wait_for("focus").await;
}

#[tokio::test]
async fn trouble_is_told_on_its_box() {
    let runner = at("muddle", WIDE).await;
    let text = runner.wait_for("! SQL not understood, line 1").await;
    assert!(text.contains("a guess") || text.contains("fct_orders"), "{text}");
    let runner = at("lost", WIDE).await;
    let text = runner.wait_for("? gone").await;
    assert!(text.contains("not in the catalogue") && text.contains("╌╌"), "{text}");
    runner.keys("h").wait_for("Views name it, and it is not there.").await;
    runner.keys("o").wait_for("this is not in the catalogue").await;
    let runner = at("alone", WIDE).await;
    runner.wait_for("no view reads it").await;
}

#[tokio::test]
async fn folders_fold_and_boxes_hide() {
    let runner = at("stg_orders", WIDE).await;
    runner.keys("h F").wait_for("▪ shop.raw").await;
    runner.keys("enter").wait_gone("▪ shop.raw").await;
    runner.keys("x").wait_for("1 hidden (X shows all)").await;
    runner.keys("X").wait_gone("X shows all").await;
    runner.keys("H").typed("raw.*").keys("enter").wait_for("`raw.*` hidden").await;
    runner.keys("X H").typed("\"x").keys("enter").wait_for("selector").await;
}

#[tokio::test]
async fn a_path_and_a_search() {
    let runner = at("report", WIDE).await;
    runner.keys("[ [").wait_for("3 up").await;
    runner.keys("P").wait_for("path from shop.report").await;
    runner.keys("/").typed("raw.sales").wait_for("1 of 1").await;
    // The marks of the search go with the first step back.
    let text = runner.keys("enter P").wait_for("from shop.raw.sales to").await;
    assert!(text.contains("4 of 6") && text.contains("├────▶ ◫ stg_orders"), "{text}");
    runner.keys("esc esc").wait_for("3 up").await;
    runner.keys("/").typed("nonsense").keys("enter").wait_for("nothing in the lineage").await;
    runner.keys("/").typed("alone").wait_for("1 not shown").await;
    runner.keys("enter").wait_for("raw › alone").await;
}

#[tokio::test]
async fn copies_are_the_path_and_the_drawing() {
    let runner = at("stg_items", WIDE).await;
    runner.keys("y Y t Y");
    runner.wait_until("three copies", || runner.asked().copied.len() == 3).await;
    let copied = runner.asked().copied;
    assert_eq!(copied[0], "shop.stg_items");
    assert!(copied[1].contains("│ ▦ items"), "{}", copied[1]);
    assert!(copied[2].contains("└─ shop.raw.items"), "{}", copied[2]);
}

#[tokio::test]
async fn the_mouse_selects_focuses_and_expands() {
    let runner = at("fct_orders", WIDE).await;
    // Alone on the screen, where the catalog's names are not in the way.
    runner.keys("z").wait_gone("1 Catalog").await;
    runner.click("◫ stg_items").wait_for("◫ shop.stg_items").await;
    runner.click("+1 ──▶").wait_for("▦ items").await;
    runner.click("◫ report").wait_for("◫ shop.report").await;
    runner.click("◫ report").wait_for("view 2 of 2").await;
    runner.keys("z");
    runner.click("2 Detail").wait_for("Columns").await;
    runner.click("3 Lineage").wait_for("up, ").await;
}

#[tokio::test]
async fn the_catalog_leads_and_other_things_have_none() {
    let runner = at("report", WIDE).await;
    runner.keys("1 g").wait_for("Tables and views have lineage.").await;
    runner.keys("/").typed("stg_items").keys("enter").wait_for("up, ").await;
    runner.wait_for("shop › stg_items").await;
}

#[tokio::test]
async fn ascii_is_ascii() {
    let settings = Settings { ascii: true, ..settings() };
    let runner = at_with("fct_orders", WIDE, settings).await;
    runner.keys("c").typed("net").keys("enter");
    let text = runner.wait_for("column net").await;
    assert!(text.is_ascii() && text.contains("#====="), "{text}");
    runner.keys("v v Y");
    runner.wait_until("a copy", || !runner.asked().copied.is_empty()).await;
    assert!(runner.asked().copied[0].contains("+----"), "{:?}", runner.asked().copied);
}

#[tokio::test]
async fn tables_that_no_listing_shows_are_looked_for() {
    let raw = dataset(&["lake", "raw", "orders"], TABLE, None, Some(text_columns(&["id"])));
    let view = dataset(
        &["shop", "stg"],
        NodeKind::View,
        Some("SELECT id FROM lake.raw.orders"),
        Some(text_columns(&["id"])),
    );
    let mut changes = vec![
        listing(&[], vec![item(&["lake"], NodeKind::Source), item(&["shop"], NodeKind::Space)]),
        listing(&["shop"], vec![item(&["shop", "stg"], NodeKind::View)]),
        view,
    ];
    changes.push(Change::Children {
        parent: path(&["lake"]),
        items: Vec::new(),
        first: true,
        last: false,
    });
    let fake = Fake::default().only(changes).findable(raw);
    let runner = Runner::start_with(fake, WIDE, settings());
    runner.wait_for("read just now").await;
    runner.keys("f").typed("stg").wait_for("1 dataset").await;
    runner.keys("enter").wait_for("› stg").await;
    runner.keys("3").wait_for("▦ orders").await;
}

#[tokio::test]
async fn a_hub_with_a_thousand_readers_is_laid_out_aside() {
    let mut items = vec![item(&["shop", "hub"], TABLE)];
    let names: Vec<String> = (0..1_000).map(|n| format!("reader_{n}")).collect();
    items.extend(names.iter().map(|name| item(&["shop", name], NodeKind::View)));
    let mut changes = vec![
        listing(&[], vec![item(&["shop"], NodeKind::Space)]),
        listing(&["shop"], items),
        dataset(&["shop", "hub"], TABLE, None, Some(text_columns(&["id"]))),
    ];
    changes.extend(names.iter().map(|name| {
        let columns = Some(text_columns(&["id"]));
        dataset(&["shop", name], NodeKind::View, Some("SELECT id FROM shop.hub"), columns)
    }));
    let runner = Runner::start_with(Fake::default().only(changes), WIDE, settings());
    runner.wait_for("read just now").await;
    runner.keys("f").typed("hub").wait_for("1 dataset").await;
    runner.keys("enter").wait_for("› hub").await;
    runner.keys("3").wait_for("outside: ↑ ").await;
    runner.keys("l G").wait_for("outside: ↑ 9").await;
}
