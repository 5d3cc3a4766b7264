//! How long a manifest of 5,000 models takes: reading, edges, matching. Macros make up most of the
//! file, as in real projects.

#![allow(clippy::print_stdout, reason = "a comparison is printed")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use divan::Bencher;
use divan::counter::BytesCount;
use dremio_explorer::dbt::{Manifest, ModelGraph};

/// Names the file that a child of this program reads, alone in its memory.
const CHILD: &str = "BENCH_DBT_MANIFEST";
const RUNS: usize = 5;

fn main() {
    if let Some(file) = std::env::var_os(CHILD) {
        read_alone(Path::new(&file));
        return;
    }
    if std::env::args().any(|argument| argument == "--bench") {
        compare();
    }
    divan::main();
}

/// The same file read by this program and by Python's `json.load`, turn by turn.
fn compare() {
    let folder = std::env::temp_dir();
    let file = folder.join(format!("bench-manifest-{}.json", std::process::id()));
    std::fs::write(&file, manifest()).expect("writes");
    let told = |command: &mut Command| {
        let output = command.output().ok().filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        let numbers = text.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
        Some(numbers.collect::<Vec<f64>>())
    };
    let this = std::env::current_exe().expect("a path");
    let script = "import json, resource, sys, time\nt = time.perf_counter()\njson.load(open(sys.argv[1]))\nprint(time.perf_counter() - t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)";
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.extend(told(Command::new(&this).env(CHILD, &file)));
        theirs.extend(told(Command::new("python3").args(["-c", script]).arg(&file)));
    }
    let _ = std::fs::remove_file(&file);
    let best = |runs: &[Vec<f64>], at: usize| {
        runs.iter().filter_map(|run| run.get(at)).copied().fold(f64::INFINITY, f64::min)
    };
    println!("read from disk:     {:.3} s, {:.0} MB at most", best(&ours, 0), best(&ours, 1));
    println!("Python's json.load: {:.3} s, {:.0} MB at most", best(&theirs, 0), best(&theirs, 1));
    println!("times faster:       {:.1}\n", best(&theirs, 0) / best(&ours, 0));
}

/// Prints seconds and the most memory ever held, in MB (0 where the system does not tell).
fn read_alone(file: &Path) {
    let start = Instant::now();
    let bytes = std::fs::read(file).expect("reads");
    let manifest = Manifest::read(&bytes).expect("a manifest");
    drop(bytes);
    let graph = ModelGraph::of(&manifest);
    let seconds = start.elapsed().as_secs_f64();
    assert!(!graph.physical_edges.is_empty());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    println!("{seconds} {}", kilobytes.unwrap_or(0.0) / 1024.0);
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
