//! The built-in catalogues and the SQL engine over them: every dataset that can be read gives rows
//! of its declared columns, and answers follow the contract (§4.3–4.5, §7).
#![cfg(feature = "demo")]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dremio_explorer::model::{DataType, DatasetPath};
use dremio_explorer::sandbox::sql::{Answer, CANCELLED, Cancel, Edition, Engine};
use dremio_explorer::sandbox::world::{Kind, Node, World};
use serde_json::{Value, json};
use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

const BROKEN: &str = "reporting.old.revenue_by_brand";

fn world(name: &str) -> World {
    World::embedded(name).expect("a built-in catalogue")
}

fn run(engine: &Engine, sql: &str) -> Answer {
    engine.run(sql, &[]).unwrap_or_else(|problem| panic!("{sql}\n{problem}"))
}

fn error(engine: &Engine, sql: &str) -> String {
    engine.run(sql, &[]).expect_err(sql)
}

fn number(engine: &Engine, sql: &str) -> i64 {
    run(engine, sql).rows[0][0].as_i64().unwrap_or_else(|| panic!("{sql}: no number"))
}

fn datasets(world: &World) -> impl Iterator<Item = (DatasetPath, &Node)> {
    world.walk().filter(|(_, node)| matches!(node.kind, Kind::Table | Kind::View))
}

fn kinds(world: &World) -> HashMap<&'static str, usize> {
    let mut counts = HashMap::new();
    for (_, node) in world.walk() {
        let name = match node.kind {
            Kind::Home | Kind::Space | Kind::Source => "root",
            Kind::Folder => "folder",
            Kind::File => "file",
            Kind::Table | Kind::View => "dataset",
            Kind::Function => "function",
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn declared(node: &Node) -> Vec<(String, DataType)> {
    let specs = node.columns.iter().chain(&node.read_columns).flatten();
    specs.map(|spec| (spec.name.clone(), spec.data_type.parse().expect("a type"))).collect()
}

/// Whether a result may hold this value in a column of this type.
fn fits(value: &Value, data_type: &DataType) -> bool {
    match (value, data_type) {
        (Value::Null, _)
        | (Value::Bool(_), DataType::Boolean)
        | (Value::Number(_), DataType::Double | DataType::Decimal { .. })
        | (Value::String(_), DataType::Varchar) => true,
        (Value::Number(number), DataType::Integer | DataType::BigInt) => number.is_i64(),
        (Value::String(text), DataType::Date) => text.len() == 10,
        (Value::String(text), DataType::Timestamp) => text.len() == 23 && text.contains(' '),
        (Value::Array(values), DataType::List(Some(element))) => {
            values.iter().all(|value| fits(value, element))
        }
        (Value::Object(object), DataType::Struct(Some(fields))) => {
            object.iter().all(|(name, v)| {
                fields.iter().any(|field| field.name == *name && fits(v, &field.data_type))
            })
        }
        (Value::Object(object), DataType::Map(Some(entry))) => {
            object.values().all(|value| fits(value, &entry.1))
        }
        _ => false,
    }
}

#[test]
fn every_readable_dataset_previews_with_its_declared_columns() {
    for name in World::names() {
        let world = world(name);
        let engine = Engine::new(&world);
        let mut wrong = Vec::new();
        for (path, node) in datasets(&world) {
            if node.forbidden || path.to_string() == BROKEN {
                continue;
            }
            match engine.run(&format!("SELECT * FROM {}", path.to_sql()), &[]) {
                Err(problem) => wrong.push(format!("{path}: {problem}")),
                Ok(answer) => {
                    if answer.rows.is_empty() {
                        wrong.push(format!("{path}: no rows"));
                    }
                    if answer.columns != declared(node) {
                        wrong.push(format!(
                            "{path}: columns {:?}, declared {:?}",
                            answer.columns,
                            declared(node)
                        ));
                    }
                    let misfit = answer.rows.iter().flat_map(|row| row.iter().zip(&answer.columns));
                    let misfit = misfit.clone().find(|(value, (_, t))| !fits(value, t));
                    if let Some((value, (column, data_type))) = misfit {
                        wrong.push(format!("{path}.{column}: {value} is no {data_type}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn reference_has_exactly_36_resources_and_no_dataset_right_under_a_root() {
    let world = world("reference");
    let counts = kinds(&world);
    assert_eq!(counts, HashMap::from([("root", 10), ("folder", 15), ("dataset", 11)]));
    for (path, node) in datasets(&world) {
        assert!(path.len() > 2, "{path} would need a default schema");
        assert!(node.columns.as_ref().is_some_and(|columns| !columns.is_empty()), "{path}");
    }
}

#[test]
fn shop_has_about_80_datasets_and_its_special_cases() {
    let world = world("shop");
    let counts = kinds(&world);
    assert!((80..=90).contains(&counts["dataset"]), "{counts:?}");
    let roots = |kind| world.catalog.iter().filter(|node| node.kind == kind).count();
    assert_eq!((roots(Kind::Source), roots(Kind::Space), roots(Kind::Home)), (4, 5, 1));
    let count = |matches: fn(&Node) -> bool| datasets(&world).filter(|d| matches(d.1)).count();
    assert_eq!(count(|node| node.forbidden), 1);
    assert_eq!(count(|node| node.sql_hidden), 1);
    assert_eq!(count(|node| node.columns.is_none()), 1);
    assert_eq!(counts["function"], 2);
    assert!(counts["file"] >= 5);
    let bad: Vec<_> = world
        .catalog
        .iter()
        .filter_map(|node| node.state.as_ref())
        .filter(|state| state.status == "bad")
        .collect();
    assert_eq!(bad.len(), 1);
    assert!(!bad[0].messages.is_empty() && !bad[0].suggestion.is_empty());
}

/// Significant tokens; identifiers with whether they were quoted.
fn tokens(sql: &str) -> Vec<Token> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().expect("tokens");
    tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect()
}

fn word(token: Option<&Token>) -> Option<&str> {
    match token {
        Some(Token::Word(word)) => Some(&word.value),
        _ => None,
    }
}

/// Names after FROM and JOIN, found by tokens alone: not the way the engine finds them.
fn sources(sql: &str) -> Vec<Vec<String>> {
    let tokens = tokens(sql);
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let introduces = matches!(token, Token::Word(word)
            if word.quote_style.is_none()
                && matches!(word.value.to_uppercase().as_str(), "FROM" | "JOIN"));
        let mut next = at + 1;
        let mut name: Vec<String> = Vec::new();
        while let (true, Some(part)) = (introduces, word(tokens.get(next))) {
            name.push(part.to_owned());
            next += 2;
            if tokens.get(next - 1) != Some(&Token::Period) {
                break;
            }
        }
        if !name.is_empty() {
            names.push(name);
        }
    }
    names
}

fn depth(
    path: &DatasetPath,
    nodes: &HashMap<DatasetPath, &Node>,
    known: &mut HashMap<DatasetPath, usize>,
) -> usize {
    if let Some(depth) = known.get(path) {
        return *depth;
    }
    let node = nodes[path];
    let mut deepest = 0;
    for name in sources(node.sql.as_deref().unwrap_or_default()) {
        let with_context = node.context.iter().chain(&name).collect::<Vec<_>>();
        let candidates =
            [DatasetPath::new(with_context.into_iter().cloned()), DatasetPath::new(name.clone())];
        if let Some(source) =
            candidates.iter().map(DatasetPath::folded).find(|p| nodes.contains_key(p))
        {
            deepest = deepest.max(depth(&source, nodes, known));
        }
    }
    known.insert(path.clone(), deepest + 1);
    deepest + 1
}

#[test]
fn shop_is_more_than_six_layers_deep() {
    let world = world("shop");
    let nodes: HashMap<_, _> = datasets(&world).map(|(path, node)| (path.folded(), node)).collect();
    let mut known = HashMap::new();
    let deepest = nodes.keys().map(|path| depth(path, &nodes, &mut known)).max();
    assert!(deepest >= Some(6), "{deepest:?}");
    assert_eq!(known[&DatasetPath::new(["reporting", "executive", "board_pack"])], 8);
}

#[test]
fn view_sql_is_dremio_sql() {
    const FOREIGN: [&str; 10] = [
        "NATURAL",
        "TRY_CAST",
        "LATERAL",
        "DISTINCTROW",
        "TOP",
        "STRING_AGG",
        "GROUP_CONCAT",
        "IFF",
        "DATEADD",
        "SAFE_CAST",
    ];
    const RESERVED: [&str; 42] = [
        "VALUE",
        "YEAR",
        "MONTH",
        "DAY",
        "HOUR",
        "MINUTE",
        "SECOND",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "RANK",
        "ROW",
        "ROWS",
        "USER",
        "METHOD",
        "RESULT",
        "POSITION",
        "START",
        "END",
        "LANGUAGE",
        "CALL",
        "CURRENT",
        "FILTER",
        "RETURN",
        "ORDER",
        "GROUP",
        "PERCENT",
        "PERIOD",
        "RANGE",
        "REF",
        "SYSTEM",
        "UNIQUE",
        "TABLES",
        "FILES",
        "SCHEMAS",
        "COUNT",
        "SUM",
        "SECTION",
        "TRANSLATE",
        "WINDOW",
        "EXEC",
        "SNAPSHOT",
    ];
    let mut wrong = Vec::new();
    for name in World::names() {
        let world = world(name);
        for (path, node) in world.walk() {
            let Some(sql) = &node.sql else { continue };
            let tokens = tokens(sql);
            for (at, token) in tokens.iter().enumerate() {
                let Token::Word(found) = token else { continue };
                if found.quote_style.is_some() {
                    continue;
                }
                let upper = found.value.to_uppercase();
                if FOREIGN.contains(&upper.as_str()) {
                    wrong.push(format!("{path}: Dremio has no {upper}"));
                }
                let after_as = at > 0
                    && word(tokens.get(at - 1)).is_some_and(|w| w.eq_ignore_ascii_case("as"));
                let called = tokens.get(at + 1) == Some(&Token::LParen);
                let in_cast = tokens.get(at + 1) == Some(&Token::RParen) || called;
                if after_as && !in_cast && RESERVED.contains(&upper.as_str()) {
                    wrong.push(format!("{path}: the alias {upper} is reserved"));
                }
                let set = ["INTERSECT", "EXCEPT"].contains(&upper.as_str());
                if set && word(tokens.get(at + 1)) == Some("ALL") {
                    wrong.push(format!("{path}: {upper} ALL"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_refer_to_rows_that_exist() {
    let engine = Engine::new(&world("shop"));
    let lake = r#"lake."shop-raw""#;
    let references = [
        (format!("{lake}.orders"), "customer_id", "crm.public.customers".to_owned()),
        (format!("{lake}.order_items"), "order_id", format!("{lake}.orders")),
        (format!("{lake}.order_items"), "product_id", format!("{lake}.products")),
        (format!("{lake}.shipments"), "warehouse_id", "catalog.dims.warehouses".to_owned()),
        (format!("{lake}.products"), "supplier_id", "catalog.dims.suppliers".to_owned()),
        (
            "crm.public.loyalty_points".to_owned(),
            "account_id",
            "crm.public.loyalty_accounts".to_owned(),
        ),
        (
            "catalog.supply.purchase_order_lines".to_owned(),
            "po_id",
            "catalog.supply.purchase_orders".to_owned(),
        ),
    ];
    for (from, column, to) in references {
        let orphans = format!(
            "SELECT COUNT(*) FROM {from} f LEFT JOIN {to} t ON t.{column} = f.{column} \
             WHERE f.{column} IS NOT NULL AND t.{column} IS NULL"
        );
        assert_eq!(number(&engine, &orphans), 0, "{from}.{column}");
    }
    let unpaid = format!(
        "SELECT COUNT(*) FROM (SELECT p.order_id FROM {lake}.payments p \
         JOIN {lake}.order_items i ON i.order_id = p.order_id GROUP BY p.order_id, p.items_amount \
         HAVING ABS(SUM(i.line_total) - p.items_amount) > 0.005) d"
    );
    assert_eq!(number(&engine, &unpaid), 0, "payments are the sum of the lines");
}

#[test]
fn joins_go_through_views() {
    let engine = Engine::new(&world("shop"));
    let answer = run(
        &engine,
        "SELECT c.country, COUNT(*) AS orders, SUM(o.net_amount_eur) AS revenue
         FROM marts.core.fct_orders o JOIN marts.core.dim_customers c ON o.customer_id = c.customer_id
         GROUP BY c.country ORDER BY revenue DESC",
    );
    assert!(answer.rows.len() > 3);
    assert_eq!(answer.columns[2].1.to_string(), "DECIMAL(38,2)");
    let sum: i64 = answer.rows.iter().filter_map(|row| row[1].as_i64()).sum();
    let orders = number(&engine, "SELECT COUNT(*) FROM marts.core.fct_orders");
    let erased = number(
        &engine,
        "SELECT COUNT(*) FROM marts.core.fct_orders WHERE customer_id NOT IN \
         (SELECT customer_id FROM marts.core.dim_customers)",
    );
    assert_eq!(sum + erased, orders);
    // A total of a rollup is the sum over everything.
    let rollup = run(
        &engine,
        "SELECT COUNT(*) FROM reporting.executive.revenue_by_region WHERE region = 'All regions'",
    );
    assert_eq!(rollup.rows, [[json!(1)]]);
}

#[test]
fn names_are_tried_under_the_context_first() {
    let engine = Engine::new(&world("shop"));
    let context = ["staging".to_owned(), "SHOP".to_owned()];
    let sql = "SELECT COUNT(*) AS n FROM Stg_Orders";
    assert_eq!(engine.run(sql, &context).expect("an answer").rows, [[json!(200)]]);
    assert_eq!(error(&engine, sql), "VALIDATION ERROR: Object 'Stg_Orders' not found");
}

#[test]
fn failures_read_as_the_servers_do() {
    let engine = Engine::new(&world("shop"));
    let broken = error(&engine, r"SELECT * FROM reporting.old.revenue_by_brand");
    assert!(broken.starts_with("VALIDATION ERROR: Error while expanding view"), "{broken}");
    assert!(broken.contains("Column 'brand' not found"), "{broken}");
    assert_eq!(
        error(&engine, "SELECT nope FROM staging.shop.stg_orders"),
        "VALIDATION ERROR: Column 'nope' not found in any table"
    );
    assert_eq!(
        error(&engine, "SELECT 1 FROM staging.shop.nope"),
        "VALIDATION ERROR: Object 'nope' not found within 'staging.shop'"
    );
    assert!(error(&engine, "SELECT 1 FROM finance.people.payroll").starts_with("PERMISSION ERROR"));
    assert!(
        error(&engine, "SELECT country, COUNT(*) FROM crm.public.customers")
            .contains("'country' is not being grouped")
    );
    assert!(error(&engine, "SELECT 1 +").starts_with("PARSE ERROR"));
    assert!(
        error(&engine, "SELECT FROBNICATE(1)").contains("No match found for function signature")
    );
    let sum = |terms: usize| format!("SELECT {} AS x", vec!["1"; terms].join(" + "));
    assert_eq!(run(&engine, &sum(300)).rows, [[json!(300)]]);
    assert!(error(&engine, &sum(5000)).contains("nested this deeply"));
    let terms = vec!["customer_id"; 99].join(" + ");
    let grouped = format!(
        "SELECT SUM({terms}), COUNT(*) + {terms} FROM crm.public.customers GROUP BY customer_id"
    );
    assert_eq!(run(&engine, &grouped).rows.len(), 150);
    assert!(error(&engine, "DROP TABLE crm.public.customers").starts_with("UNSUPPORTED_OPERATION"));
    assert!(
        error(&engine, "SELECT CAST('x1' AS INTEGER) FROM crm.public.customers").contains("x1"),
        "a cast that fails names the value"
    );
}

#[test]
fn dialect_gives_the_right_values() {
    let engine = Engine::new(&world("shop"));
    let cases = [
        ("DATE_TRUNC('week', DATE '2026-01-01')", json!("2025-12-29"), "DATE"),
        (
            "TIMESTAMPADD(MONTH, 1, TIMESTAMP '2024-01-31 10:00:00')",
            json!("2024-02-29 10:00:00.000"),
            "TIMESTAMP",
        ),
        ("TIMESTAMPDIFF(DAY, DATE '2024-01-01', DATE '2024-03-01')", json!(60), "INTEGER"),
        ("DATEDIFF(DATE '2024-03-01', DATE '2024-01-01')", json!(60), "INTEGER"),
        ("EXTRACT(YEAR FROM DATE '2024-03-01')", json!(2024), "BIGINT"),
        ("DATE '2024-02-28' + INTERVAL '2' DAY", json!("2024-03-01"), "DATE"),
        ("LAST_DAY(DATE '2024-02-03')", json!("2024-02-29"), "DATE"),
        ("TO_CHAR(DATE '2024-02-03', 'YYYY/MM')", json!("2024/02"), "VARCHAR"),
        ("TO_DATE('03.02.2024', 'DD.MM.YYYY')", json!("2024-02-03"), "DATE"),
        ("CAST(2.5 AS DECIMAL(10,2)) * 3", json!(7.5), "DECIMAL(21,2)"),
        ("7 / 2", json!(3), "INTEGER"),
        ("7 / 2.0", json!(3.5), "DECIMAL(17,6)"),
        ("CAST(TRUE AS VARCHAR)", json!("true"), "VARCHAR"),
        ("CAST(1.5 AS VARCHAR)", json!("1.5"), "VARCHAR"),
        ("'a' || NULL", Value::Null, "VARCHAR"),
        ("CONCAT('a', NULL, 'b')", json!("ab"), "VARCHAR"),
        ("INITCAP('grand o''neil')", json!("Grand O'Neil"), "VARCHAR"),
        ("SPLIT_PART('a-b-c', '-', 2)", json!("b"), "VARCHAR"),
        ("REGEXP_EXTRACT('SKU-1042', '([A-Z]+)-(\\d+)', 2)", json!("1042"), "VARCHAR"),
        ("RIGHT('dremio', 3)", json!("mio"), "VARCHAR"),
        ("LPAD('7', 3, '0')", json!("007"), "VARCHAR"),
        ("COALESCE(NULL, 1 > 2)", json!(false), "BOOLEAN"),
        ("'Abc' LIKE 'a%'", json!(false), "BOOLEAN"),
        ("'Abc' ILIKE 'a%'", json!(true), "BOOLEAN"),
        ("ARRAY[1, 2]", json!([1, 2]), "LIST<INTEGER>"),
        ("CASE WHEN 1 = 2 THEN 1 ELSE 2.5 END", json!(2.5), "DECIMAL(11,1)"),
    ];
    for (expression, value, data_type) in cases {
        let answer = run(&engine, &format!("SELECT {expression} AS x"));
        assert_eq!(answer.rows, [[value]], "{expression}");
        assert_eq!(answer.columns[0].1.to_string(), data_type, "{expression}");
    }
    let values = run(
        &engine,
        "SELECT v.n, MEDIAN(v.x) m FROM (VALUES ('a', 1), ('a', 4), ('b', 7)) AS v(n, x) GROUP BY v.n ORDER BY 1 DESC",
    );
    assert_eq!(values.rows, [[json!("b"), json!(7.0)], [json!("a"), json!(2.5)]]);
    let nulls = run(&engine, "SELECT x FROM (VALUES (NULL), (2), (1)) AS v(x) ORDER BY x");
    assert_eq!(nulls.rows, [[json!(1)], [json!(2)], [Value::Null]], "nulls are highest");
    let listagg = run(
        &engine,
        "SELECT LISTAGG(DISTINCT x, '+') WITHIN GROUP (ORDER BY x DESC) FROM (VALUES ('a'), ('b'), ('a')) AS v(x)",
    );
    assert_eq!(listagg.rows, [[json!("b+a")]]);
    let unnest = run(
        &engine,
        "SELECT t.tag, COUNT(*) AS n FROM lake.\"shop-raw\".products p, UNNEST(p.tags) AS t(tag) GROUP BY t.tag",
    );
    assert!(unnest.rows.len() > 3);
    let flatten =
        error(&engine, "SELECT 1 FROM lake.\"shop-raw\".products WHERE FLATTEN(tags) = 'new'");
    assert!(flatten.contains("SELECT list only"), "{flatten}");
}

#[test]
fn time_travel_reads_older_states() {
    let engine = Engine::new(&world("shop"));
    let count = |at: &str| {
        number(&engine, &format!("SELECT COUNT(*) FROM catalog.supply.purchase_orders {at}"))
    };
    assert_eq!(count(""), 120);
    assert_eq!(count("AT BRANCH main"), 120);
    assert_eq!(count("AT TAG \"close-2025\" AS po"), 95);
    let unknown = error(&engine, "SELECT 1 FROM catalog.supply.purchase_orders AT TAG nope");
    assert!(unknown.contains("'nope' not found on source catalog"), "{unknown}");
    let snapshot =
        "SELECT COUNT(*) FROM lake.\"shop-raw\".shipments AT SNAPSHOT '5393090506354317772'";
    assert_eq!(number(&engine, snapshot), 150);
}

#[test]
fn information_schema_has_the_contracts_columns_and_lossy_types() {
    let world = world("reference");
    let engine = Engine::new(&world);
    let schemata = run(&engine, "SELECT * FROM INFORMATION_SCHEMA.SCHEMATA");
    assert_eq!(schemata.columns.len(), 5);
    // Roots, folders and the two system schemas.
    assert_eq!(schemata.rows.len(), 10 + 15 + 2);
    let tables = "SELECT COUNT(*) FROM INFORMATION_SCHEMA.\"TABLES\" WHERE TABLE_TYPE";
    assert_eq!(number(&engine, &format!("{tables} IN ('TABLE', 'VIEW')")), 11);
    assert_eq!(number(&engine, &format!("{tables} = 'VIEW'")), 5);
    let views = run(
        &engine,
        "SELECT TABLE_SCHEMA, VIEW_DEFINITION FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_NAME = 'revenue_by_month'",
    );
    assert_eq!(views.rows[0][0], json!("Analytics.marts.kpi"));
    assert!(views.rows[0][1].as_str().is_some_and(|sql| sql.starts_with("SELECT")));
    let columns = run(
        &engine,
        "SELECT COLUMN_NAME, ORDINAL_POSITION, DATA_TYPE, IS_NULLABLE FROM information_schema.columns
         WHERE TABLE_SCHEMA = 'lake.raw.events' AND TABLE_NAME = 'clicks' ORDER BY ORDINAL_POSITION",
    );
    let types: Vec<_> = columns.rows.iter().map(|row| row[2].as_str().unwrap_or("")).collect();
    assert_eq!(types, ["CHARACTER VARYING", "TIMESTAMP", "ROW", "ARRAY"]);
    assert_eq!(columns.rows[3], [json!("tags"), json!(4), json!("ARRAY"), json!("YES")]);
    let decimal = run(
        &engine,
        "SELECT NUMERIC_PRECISION, NUMERIC_SCALE FROM INFORMATION_SCHEMA.COLUMNS
         WHERE TABLE_SCHEMA = 'lake.raw' AND COLUMN_NAME = 'amount'",
    );
    assert_eq!(decimal.rows, [[json!(12), json!(2)]]);
}

#[test]
fn what_may_not_be_seen_is_not_in_information_schema() {
    let engine = Engine::new(&world("shop"));
    let count = |sql: &str| number(&engine, sql);
    assert_eq!(
        count("SELECT COUNT(*) FROM INFORMATION_SCHEMA.\"TABLES\" WHERE TABLE_NAME = 'payroll'"),
        0
    );
    assert_eq!(
        count(
            "SELECT COUNT(*) FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_NAME = 'unmatched_payments'"
        ),
        0
    );
    assert_eq!(
        count(
            "SELECT COUNT(*) FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'store_telemetry'"
        ),
        0
    );
}

#[test]
fn sys_depends_on_the_edition() {
    let shop = Arc::new(world("shop"));
    let engine = |edition| {
        let id = Arc::new(|path: &DatasetPath| format!("id:{path}"));
        Engine::with_options(Arc::clone(&shop), edition, id)
    };
    let community = engine(Edition::Community);
    assert_eq!(run(&community, "SELECT version FROM sys.version").rows, [[json!(shop.version)]]);
    assert!(error(&community, "SELECT * FROM sys.views LIMIT 1").contains("not found"));
    let enterprise = engine(Edition::Enterprise);
    let view = run(
        &enterprise,
        "SELECT view_id, path, sql_context FROM sys.views WHERE view_name = 'stg_shipment_scans'",
    );
    assert_eq!(
        view.rows,
        [[
            json!("id:staging.shop.stg_shipment_scans"),
            json!("[staging, shop, stg_shipment_scans]"),
            json!("[staging, shop]")
        ]]
    );
    assert!(number(&enterprise, "SELECT COUNT(*) FROM sys.\"tables\"") > 30);
    let cloud = engine(Edition::Cloud);
    assert!(number(&cloud, "SELECT COUNT(*) FROM sys.project.\"tables\"") > 30);
    assert!(error(&cloud, "SELECT * FROM sys.views").contains("not found"));
}

#[test]
fn a_run_can_be_cancelled() {
    let engine = Engine::new(&world("shop"));
    let cancel = Cancel::default();
    cancel.pull();
    assert_eq!(engine.run_cancellable("SELECT 1", &[], &cancel), Err(CANCELLED.to_owned()));

    let engine = Arc::new(engine);
    let cancel = Cancel::default();
    let endless = "SELECT COUNT(*) FROM crm.public.customers a, crm.public.customers b, \
                   crm.public.customers c, crm.public.customers d, crm.public.customers e";
    let running = std::thread::spawn({
        let (engine, cancel) = (Arc::clone(&engine), cancel.clone());
        move || engine.run_cancellable(endless, &[], &cancel)
    });
    cancel.pull();
    assert_eq!(running.join().expect("no panic"), Err(CANCELLED.to_owned()));
    assert_eq!(run(&engine, "SELECT 1 AS x").rows, [[json!(1)]], "the next run is not hit");
}

#[test]
fn an_engine_is_there_at_once() {
    let world = world("shop");
    let start = Instant::now();
    let engine = Engine::new(&world);
    run(&engine, "SELECT * FROM sys.version");
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_millis(300), "{elapsed:?}");
}

#[test]
fn rows_are_the_same_whatever_was_read_before() {
    let world = world("shop");
    let first = Engine::new(&world);
    run(&first, "SELECT * FROM crm.support.ticket_events");
    let second = Engine::new(&world);
    let sql = "SELECT * FROM lake.\"shop-raw\".orders";
    assert_eq!(run(&first, sql), run(&second, sql));
    let names: HashSet<_> = World::names().collect();
    assert!(names.contains("shop") && names.contains("reference"));
}
