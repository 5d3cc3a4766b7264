//! The whole UI, driven by keys on a screen in memory.

#![expect(clippy::unwrap_used, reason = "a test")]

mod dbt;
mod fake;
mod lineage;
mod runner;
#[cfg(feature = "demo")]
mod sandbox;
#[cfg(feature = "demo")]
mod sync;
#[cfg(all(unix, feature = "demo"))]
mod terminal;

use std::time::Instant;

use crossterm::event::MouseEventKind;
use dremio_explorer::model::{Catalog, NodeKind};
use dremio_explorer::tui::keymap::Keymap;
use dremio_explorer::tui::run::Incoming;
use dremio_explorer::tui::{ColourDepth, Exit, Profile, Settings};

use self::fake::{Fake, dataset, item, listing, text_columns};
use self::runner::{Runner, settings};

const SMALL: (u16, u16) = (80, 24);

async fn read(fake: &Fake) -> Runner {
    let runner = Runner::start(fake.clone(), SMALL);
    runner.wait_for("read just now").await;
    runner
}

/// The marts folder open and the cursor on `name`.
async fn on(fake: &Fake, name: &str) -> Runner {
    let runner = read(fake).await;
    runner.keys("j l j l").wait_for("orders10").await;
    runner.keys("/").typed(name).keys("enter").wait_for("1 match").await;
    runner.keys("esc").wait_gone("1 match").await;
    runner
}

#[tokio::test]
async fn there_is_a_frame_before_the_server_answers() {
    let fake = Fake::default().closed();
    let runner = Runner::start(fake.clone(), SMALL);
    insta::assert_snapshot!("connecting", runner.wait_for("connecting").await);
    fake.let_in();
    insta::assert_snapshot!("roots", runner.wait_for("read just now").await);
}

#[tokio::test]
async fn a_failed_login_says_what_to_do_and_can_be_tried_again() {
    let fake = Fake::default().fail_login(
        "POST /apiv2/login: 401: wrong user name or password. Check --dremio-user and DREMIO_PASSWORD.",
    );
    let runner = Runner::start(fake, SMALL);
    insta::assert_snapshot!("login_failed", runner.wait_for("try again").await);
    runner.keys("r").wait_for("analytics").await;
}

#[tokio::test]
async fn an_unreadable_root_is_explained() {
    let runner = Runner::start(Fake::default().broken_root(), SMALL);
    let text = runner.wait_for("nothing read").await;
    assert!(text.contains("✗ The catalogue of shop@localhost could not be read"), "{text}");
    assert!(text.contains("503 after 5 attempts") && text.contains("R try again"), "{text}");
    runner.keys("f").wait_for("there is nothing to find").await;
}

#[tokio::test]
async fn the_tree_opens_sorts_and_tells_of_trouble() {
    let runner = read(&Fake::default()).await;
    runner.keys("j l j l");
    let text = runner.wait_for("orders10").await;
    let at = |name: &str| text.find(name).unwrap_or_else(|| panic!("{name}:\n{text}"));
    assert!(at("customers") < at("orders2") && at("orders2") < at("orders10"), "{text}");
    insta::assert_snapshot!("tree", runner.wait_for("secret  ").await);
    runner.keys("C").wait_gone("orders10").await;
    runner.keys("E").wait_for("orders10").await;
}

#[tokio::test]
async fn nested_types_unfold() {
    let runner = on(&Fake::default(), "customers").await;
    runner.keys("enter").wait_for("STRUCT<city: VARCHAR").await;
    runner.wait_for("#pii").await;
    runner.keys("G enter j j l").wait_for("element").await;
    insta::assert_snapshot!("columns", runner.text());
    runner.keys("/").typed("name").wait_for("1 of 3").await;
    runner.keys("esc").wait_for("element").await;
    runner.keys("w").wait_for("One row each.").await;
}

#[tokio::test]
async fn what_is_not_known_is_said() {
    let runner = on(&Fake::default(), "hidden").await;
    runner.wait_for("The schema is not known.").await;
    runner.keys("s").wait_for("The SQL is hidden.").await;
    runner.keys("1 /").typed("secret").keys("enter esc").wait_for("you may not read").await;
    runner.wait_for("r tries again").await;
    runner.keys("/").typed("crm").keys("enter esc").wait_for("connection refused").await;
    runner.keys("/").typed("margin").keys("enter esc").wait_for("margin(price DOUBLE").await;
}

#[tokio::test]
async fn sql_goes_to_the_editor_and_to_the_clipboard() {
    let runner = on(&Fake::default(), "orders10").await;
    runner.keys("s").wait_for("WHERE amount > 0").await;
    runner.keys("y 2 Y e");
    runner.wait_until("the editor", || !runner.asked().edited.is_empty()).await;
    let asked = runner.asked();
    assert_eq!(asked.copied[0], "analytics.marts.orders10");
    assert!(asked.copied[1].starts_with("SELECT id, amount -- net\n"), "{:?}", asked.copied);
    assert!(asked.edited[0].starts_with(".sql:SELECT id"), "{:?}", asked.edited);
}

#[tokio::test]
async fn a_preview_shows_rows() {
    let fake = Fake::default().query(Some(Ok(())));
    let runner = on(&fake, "orders2").await;
    runner.keys("p").wait_for("2 rows").await;
    let text = runner.wait_for(r#"["a",{"b":1}]"#).await;
    assert!(text.contains("    7  ["), "numbers stand on the right:\n{text}");
    assert!(text.contains("12345  null"), "{text}");
    assert_eq!(fake.queries(), [r#"SELECT * FROM "analytics"."marts"."orders2" LIMIT 50"#]);
    runner.keys("2 Y");
    runner.wait_until("the copy", || !runner.asked().copied.is_empty()).await;
    assert_eq!(runner.asked().copied, ["id,tags\n7,\"[\"\"a\"\",{\"\"b\"\":1}]\"\n12345,\n"]);
}

#[tokio::test]
async fn a_running_preview_can_be_cancelled() {
    let fake = Fake::default();
    let runner = on(&fake, "orders2").await;
    runner.keys("p").wait_for("running for").await;
    runner.keys("2 esc").wait_for("Cancelled.").await;
    runner.wait_until("the server to know", || fake.cancelled_queries() == 1).await;
    runner.keys("r").wait_for("running for").await;
    runner.keys("5 x").wait_for("cancelled").await;
    runner.wait_until("the server to know", || fake.cancelled_queries() == 2).await;
}

#[tokio::test]
async fn a_failed_preview_says_why() {
    let fake = Fake::default().query(Some(Err("job 1: Table 'x' not found".to_owned())));
    let runner = on(&fake, "orders2").await;
    runner.keys("p").wait_for("Table 'x' not found").await;
    runner.wait_for("r runs it again").await;
    runner.keys("v").wait_for("403").await;
}

#[tokio::test]
async fn what_was_left_out_is_read_when_it_is_opened() {
    let fake = Fake::default();
    let runner = read(&fake).await;
    runner.keys("5 ]").wait_for("No request").await;
    runner.keys("] G").wait_for("not listed: storage").await;
    runner.keys("1 j j j l").wait_for("events.parquet").await;
    assert_eq!(fake.read_now(), ["lake"]);
    runner.wait_gone("not listed: storage").await;
}

#[tokio::test]
async fn the_finder_goes_to_datasets_and_columns() {
    let runner = read(&Fake::default()).await;
    runner.keys("f").wait_for("5 datasets, 7 columns, 0 labels").await;
    runner.typed("custid").wait_for("customer_id").await;
    runner.keys("enter").wait_for("analytics › marts › customers").await;
    runner.keys("f").typed("orders10").wait_for(" 1 dataset ").await;
    insta::assert_snapshot!("finder", runner.text());
    runner.keys("enter").wait_for("marts › orders10").await;
}

#[tokio::test]
async fn what_is_typed_at_once_finds_what_it_says() {
    let runner = read(&Fake::default()).await;
    // No search can have ended before the last of these keys.
    runner.keys("f").typed("orders10").keys("enter s 2");
    let text = runner.wait_for("marts › orders10").await;
    assert!(!text.contains("Find anything"), "{text}");
    runner.wait_for("WHERE amount > 0").await;
    runner.keys("f").typed("nothing like it").keys("enter x x").wait_for("Nothing like that").await;
    runner.wait_for("> nothing like it").await;
}

#[tokio::test]
async fn the_finder_looks_into_labels_and_sql() {
    let runner = on(&Fake::default(), "customers").await;
    runner.wait_for("#pii").await;
    runner.keys("f tab tab tab").wait_for("Find labels").await;
    runner.typed("pii").wait_for("# pii").await;
    runner.keys("tab").wait_for("Find in SQL").await;
    runner.keys("ctrl-u backspace backspace backspace");
    runner.typed("amount > 0").wait_for("WHERE amount > 0").await;
    runner.wait_for("SQL of 1 view").await;
    runner.keys("enter").wait_for("marts › orders10").await;
    runner.wait_for("3  WHERE amount > 0").await;
}

#[tokio::test]
async fn sql_leads_to_the_datasets_that_it_names() {
    let runner = on(&Fake::default(), "orders10").await;
    runner.keys("s 2 n").wait_for("FROM analytics.marts.orders2").await;
    runner.keys("enter").wait_for("marts › orders2").await;
    runner.keys("backspace").wait_for("marts › orders10").await;
    runner.keys("o").wait_for("Datasets that this SQL names").await;
    insta::assert_snapshot!("references", runner.text());
    runner.keys("1").wait_for("marts › orders2").await;
    runner.keys("2 n").wait_for("names no dataset").await;
}

#[tokio::test]
async fn a_dataset_that_no_listing_shows_is_looked_for() {
    let sql = "SELECT * FROM lake.raw.events";
    let view = dataset(&["analytics", "staging", "stg"], NodeKind::View, Some(sql), None);
    let items = vec![item(&["analytics", "staging", "stg"], NodeKind::View)];
    let events =
        dataset(&["lake", "raw", "events"], NodeKind::View, None, Some(text_columns(&["at"])));
    let fake = Fake::default().with(vec![listing(&["analytics", "staging"], items), view]);
    let runner = on(&fake.clone().findable(events), "stg").await;
    runner.keys("s 2 n").wait_for("FROM lake.raw.events").await;
    runner.keys("o").wait_for("not in the catalogue yet").await;
    runner.keys("enter").wait_for("lake › raw › events").await;
}

#[tokio::test]
async fn sql_is_laid_out_on_demand() {
    let runner = on(&Fake::default(), "orders10").await;
    runner.keys("s 2 F").wait_for("F as written").await;
    let text = runner.wait_for("  amount -- net").await;
    assert!(text.contains("3    amount -- net"), "{text}");
    runner.keys("Y F Y");
    runner.wait_until("two copies", || runner.asked().copied.len() == 2).await;
    let copied = runner.asked().copied;
    assert!(copied[0].starts_with("SELECT\n  id,\n  amount -- net\nFROM\n"), "{}", copied[0]);
    assert!(copied[1].starts_with("SELECT id, amount -- net\n"), "{}", copied[1]);
}

#[tokio::test]
async fn used_by_tells_who_depends_on_a_dataset() {
    let runner = on(&Fake::default(), "orders2").await;
    runner.keys("u").wait_for("Used by 1 dataset").await;
    insta::assert_snapshot!("used_by", runner.text());
    runner.keys("c").wait_for("Type").await;
    runner.click("Used by").wait_for("Used by 1 dataset").await;
    runner.keys("2 enter").wait_for("marts › orders10").await;
    runner.wait_for("Used by no other dataset").await;
}

#[tokio::test]
async fn what_may_not_be_read_has_no_preview() {
    let fake = Fake::default().query(Some(Ok(())));
    let runner = on(&fake, "secret").await;
    runner.keys("p").wait_for("No preview: you may not read this dataset.").await;
    runner.keys("2 enter r").wait_for("No preview").await;
    runner.keys("1 k p").wait_for("rows").await;
    runner.keys("1 h p").wait_for("there is no preview to show here").await;
    let asked: Vec<String> = fake.queries();
    assert!(
        asked.iter().all(|sql| !sql.contains("secret") && !sql.ends_with("\"marts\" LIMIT 50")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_profile_is_chosen_by_number() {
    let profile = |name: &str, is_current| Profile {
        name: name.to_owned(),
        server: format!("{name}.example.com"),
        is_current,
    };
    let profiles = vec![profile("dev", true), profile("prod", false)];
    let settings = Settings { profiles, ..settings() };
    let runner = Runner::start_with(Fake::default(), SMALL, settings);
    runner.wait_for("read just now").await;
    runner.keys("@").wait_for("prod.example.com").await;
    insta::assert_snapshot!("profiles", runner.text());
    runner.keys("2");
    assert_eq!(runner.end().await.0, Exit::Switch("prod".to_owned()));
}

#[tokio::test]
async fn without_profiles_it_is_said_how_to_have_some() {
    let settings = Settings { notice: Some("no password for prod".to_owned()), ..settings() };
    let runner = Runner::start_with(Fake::default(), SMALL, settings);
    runner.wait_for("no password for prod").await;
    runner.keys("esc @").wait_for("The config file has no profiles.").await;
    runner.keys("1 enter esc").wait_gone("no profiles").await;
}

#[tokio::test]
async fn the_list_of_warnings_follows_the_catalogue() {
    let runner = read(&Fake::default()).await;
    runner.keys("5 ] ]").wait_for("Warnings 2, left out 1").await;
    insta::assert_snapshot!("warnings", runner.text());
    runner.wait_for("secret: you may not read this").await;
    runner.keys("/").typed("secret").wait_gone("left out  ").await;
    runner.keys("enter").wait_for("no access").await;
    runner.keys("esc G").wait_for("not listed: storage").await;
}

#[tokio::test]
async fn overlays_show_the_live_keys() {
    let keymap = Keymap::with_override(Some(("k.yaml", "global: { zoom: [ctrl-o] }"))).unwrap();
    let settings = Settings { keymap, ..settings() };
    let runner = Runner::start_with(Fake::default(), SMALL, settings);
    runner.wait_for("read just now").await;
    runner.keys("?").typed("alone").wait_for("ctrl-o").await;
    runner.keys("esc :").typed("zoom").wait_for("This pane alone").await;
    runner.keys("enter").wait_gone("2 Detail").await;
    runner.keys("ctrl-o").wait_for("2 Detail").await;
}

#[tokio::test]
async fn escape_never_quits() {
    let runner = read(&Fake::default()).await;
    runner.keys("tab z esc esc esc esc esc esc").wait_for("2 Detail").await;
    runner.keys("f esc ? esc : esc").wait_gone("Actions").await;
    runner.keys("q");
    let (exit, asked) = runner.end().await;
    assert_eq!(exit, Exit::Quit);
    assert!(asked.has_left);
}

#[tokio::test]
async fn leaving_does_not_wait_for_a_query() {
    let runner = on(&Fake::default(), "orders2").await;
    runner.keys("p").wait_for("running for").await;
    runner.keys("ctrl-c");
    assert_eq!(runner.end().await.0, Exit::Quit);
}

#[tokio::test]
async fn signals_end_and_suspend() {
    let runner = read(&Fake::default()).await;
    runner.keys("ctrl-z").signal(Incoming::Suspend);
    runner.wait_until("two stops", || runner.asked().suspended == 2).await;
    runner.signal(Incoming::Continued);
    runner.keys("j").wait_for("Holds").await;
    runner.signal(Incoming::Stop(15));
    let (exit, asked) = runner.end().await;
    assert_eq!(exit, Exit::Signal(15));
    assert!(asked.has_left);
}

#[tokio::test]
async fn small_terminals_are_told_so() {
    let runner = read(&Fake::default()).await;
    for (width, height) in [(79, 24), (80, 23), (20, 3), (5, 1), (1, 1)] {
        runner.resize(width, height);
    }
    runner.resize(60, 10).wait_for("need 80×24").await;
    runner.resize(200, 60).wait_for("1 Catalog").await;
    runner.keys("> > > <").resize(80, 24).wait_for("1 Catalog").await;
}

#[tokio::test]
async fn the_mouse_selects_opens_and_scrolls() {
    let runner = read(&Fake::default()).await;
    runner.click("analytics").wait_for("◇ analytics   ").await;
    runner.click("analytics").wait_for("marts").await;
    runner.click("5 Activity").wait_for("Jobs").await;
    runner.click("2 Detail").wait_for("Overview").await;
    runner.mouse(MouseEventKind::ScrollDown, "lake");
    runner.mouse(MouseEventKind::ScrollUp, "Kind");
    runner.keys("m").wait_for("mouse off").await;
    assert_eq!(runner.asked().mouse, [true, false]);
}

#[tokio::test]
async fn pasted_text_goes_to_inputs_only() {
    let runner = read(&Fake::default()).await;
    runner.paste("q\u{1b}[31mq");
    runner.keys("/").paste("ana\nlytics").wait_for("/ana lytics").await;
}

#[tokio::test]
async fn a_filter_that_nothing_fits_leads_back() {
    let runner = on(&Fake::default(), "orders2").await;
    runner.keys("/").typed("zzz").wait_for("No name known so far").await;
    runner.keys("esc").wait_for("marts › orders2").await;
}

#[tokio::test]
async fn names_cannot_steer_the_terminal() {
    let names = [
        "a\u{1b}[31mred",
        "b\u{202e}gnp.exe",
        "c\u{7}bell\u{9b}2J",
        "d\tt\nn",
        "ｅ全角",
        "f🚀é\u{301}\u{301}",
        "",
    ];
    let long = "x".repeat(1_000);
    let items = names
        .iter()
        .copied()
        .chain([long.as_str()])
        .map(|name| item(&["lake", name], NodeKind::View))
        .collect();
    let runner = read(&Fake::default().with(vec![listing(&["lake"], items)])).await;
    runner.keys("j j j l").wait_for("xxxxx").await;
    for _ in 0..9 {
        runner.keys("j");
        let text = runner.wait_for("xxxxx").await;
        assert!(!text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{text:?}");
    }
    let text = runner.keys("f").wait_for("Type some letters").await;
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[tokio::test]
async fn no_colour_and_ascii_lose_nothing() {
    let settings = Settings { ascii: true, colours: ColourDepth::None, ..settings() };
    let runner = Runner::start_with(Fake::default(), SMALL, settings);
    let text = runner.wait_for("read just now").await;
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!("ascii", text);
}

#[tokio::test]
async fn a_stored_catalogue_is_there_at_once() {
    let mut catalog = Catalog::new();
    catalog.apply(listing(&[], vec![item(&["stored"], NodeKind::Space)]));
    let settings = Settings { snapshot: Some(catalog), ..settings() };
    let fake = Fake::default().closed();
    let runner = Runner::start_with(fake.clone(), SMALL, settings);
    runner.wait_for("stored").await;
    fake.let_in();
    runner.wait_for("analytics").await;
    runner.wait_gone("stored").await;
}

#[tokio::test]
async fn a_hundred_thousand_children_stay_fast() {
    let items =
        (0..100_000).map(|n| item(&["lake", &format!("view_{n}")], NodeKind::View)).collect();
    let runner = read(&Fake::default().with(vec![listing(&["lake"], items)])).await;
    runner.keys("j j j l").wait_for("view_1").await;
    let begun = Instant::now();
    runner.keys("G").wait_for("margin").await;
    runner.keys("k").wait_for("view_99999").await;
    // Generous for a build without optimisation: the point is that it is not a matter of seconds.
    assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
}
