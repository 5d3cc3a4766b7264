//! How long a manifest of 5,000 models takes: reading, edges, matching. Macros make up most of the
//! file, as in real projects.

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::BytesCount;
use dremio_explorer::dbt::{Manifest, ModelGraph};

fn main() {
    divan::main();
}

const MODELS: usize = 5_000;

/// About 50 MB, as dbt writes it.
fn manifest() -> Vec<u8> {
    let mut text = String::with_capacity(56 << 20);
    text.push_str(r#"{"metadata":{"dbt_schema_version":"https://schemas.getdbt.com/dbt/manifest/v12.json","adapter_type":"dremio","project_name":"big"},"nodes":{"#);
    let sql = "select a, b, sum(c) as c from upstream where d > 5 group by a, b\\n".repeat(25);
    for n in 0..MODELS {
        let comma = if n == 0 { "" } else { "," };
        let ups =
            [n.saturating_sub(1), n / 2, n / 3].map(|up| format!("\"model.big.m{up}\"")).join(",");
        let mut columns = String::new();
        for c in 0..10 {
            let comma = if c == 0 { "" } else { "," };
            let _ = write!(
                columns,
                r#"{comma}"c{c}":{{"name":"c{c}","description":"What column {c} of model {n} means.","meta":{{}},"data_type":null,"constraints":[],"quote":null,"config":{{"meta":{{}},"tags":[]}},"tags":[]}}"#
            );
        }
        let _ = write!(
            text,
            r#"{comma}"model.big.m{n}":{{"database":"Space","schema":"a.b","name":"m{n}","resource_type":"model","package_name":"big","unique_id":"model.big.m{n}","fqn":["big","m{n}"],"alias":"m{n}","config":{{"enabled":true,"materialized":"{}","tags":[],"meta":{{}}}},"tags":["x"],"description":"Model {n}.","columns":{{{columns}}},"meta":{{}},"relation_name":"\"Space\".\"a\".\"b\".\"m{n}\"","raw_code":"{sql}","compiled_code":"{sql}","depends_on":{{"macros":[],"nodes":[{ups}]}}}}"#,
            if n % 10 == 3 { "ephemeral" } else { "view" }
        );
    }
    text.push_str(r#"},"sources":{},"macros":{"#);
    let body = "{% macro x() %}\\n select 1 \\n{% endmacro %}".repeat(60);
    let mut n = 0;
    while text.len() < 50 << 20 {
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}"macro.big.x{n}":{{"name":"x{n}","macro_sql":"{body}","depends_on":{{"macros":[]}}}}"#
        );
        n += 1;
    }
    text.push_str("}}");
    text.into_bytes()
}

#[divan::bench(sample_count = 10)]
fn read_50_mb(bencher: Bencher) {
    let bytes = manifest();
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench(|| Manifest::read(divan::black_box(&bytes)).expect("a manifest"));
}

#[divan::bench(sample_count = 10)]
fn edges_through_ephemerals(bencher: Bencher) {
    let manifest = Manifest::read(&manifest()).expect("a manifest");
    bencher.bench(|| ModelGraph::of(divan::black_box(&manifest)));
}
