//! What queries answer, and how they fail.

use dremio_explorer::sandbox::sql::Engine;
use serde_json::{Value, json};

use crate::{error, number, run, world};

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
