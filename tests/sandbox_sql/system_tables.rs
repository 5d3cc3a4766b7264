//! `INFORMATION_SCHEMA` and `sys`.

use std::sync::Arc;

use dremio_explorer::model::DatasetPath;
use dremio_explorer::sandbox::sql::{Edition, Engine};
use serde_json::json;

use crate::{error, number, run, world};

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
