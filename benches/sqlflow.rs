//! How long column lineage takes: TPC-DS-sized queries, one by one.

use std::collections::BTreeMap;

use divan::Bencher;
use dremio_explorer::model::DatasetPath;
use dremio_explorer::sqlflow::{SchemaMap, analyze, classify};

fn main() {
    divan::main();
}

fn schema() -> SchemaMap {
    let json = include_str!("../tests/cases/sql/tpcds.schema.json");
    let tables: BTreeMap<String, Vec<String>> = serde_json::from_str(json).expect("a schema");
    let mut schema = SchemaMap::new();
    for (name, columns) in tables {
        schema.insert(&DatasetPath::new([name]), columns);
    }
    schema
}

fn query(name: &str) -> &'static str {
    let text = include_str!("../tests/cases/sql/tpcds.sql");
    text.split("-- ")
        .filter_map(|part| part.split_once('\n'))
        .find(|(found, _)| found.trim() == name)
        .map(|(_, sql)| sql)
        .expect("a query of that name")
}

const QUERIES: [&str; 14] =
    ["q1", "q2", "q3", "q7", "q12", "q27", "q36", "q47", "q51", "q59", "q70", "q74", "q87", "q97"];

#[divan::bench(args = QUERIES)]
fn column_lineage(bencher: Bencher, name: &str) {
    let (schema, sql) = (schema(), query(name));
    bencher.bench(|| analyze(divan::black_box(sql), &[], &schema));
}

#[divan::bench]
fn all_queries(bencher: Bencher) {
    let schema = schema();
    let queries: Vec<&str> = QUERIES.iter().map(|name| query(name)).collect();
    bencher.bench(|| {
        queries
            .iter()
            .map(|sql| analyze(divan::black_box(sql), &[], &schema).statements.len())
            .sum::<usize>()
    });
}

#[divan::bench]
fn highlight(bencher: Bencher) {
    let sql = query("q47");
    bencher.bench(|| classify(divan::black_box(sql)));
}
