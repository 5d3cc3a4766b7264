//! Imports point one way (`src/ARCHITECTURE.md`), only the printer prints, and only closed lists of
//! requests leave the program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What each top-level module of the crate may import, itself aside. A new module needs a line here.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("http", &[]),
    ("search", &["model"]),
    ("sqlflow", &["model"]),
    ("graph", &["model"]),
    ("dbt", &["model"]),
    ("dremio", &["model", "http"]),
    ("openmetadata", &["model", "http"]),
    ("snapshots", &["model"]),
    ("discovery", &["model", "http", "dremio"]),
    ("lineage", &["model", "sqlflow", "graph", "dbt", "dremio", "openmetadata", "discovery"]),
    (
        "sync",
        &[
            "model",
            "http",
            "sqlflow",
            "dbt",
            "dremio",
            "openmetadata",
            "discovery",
            "lineage",
            "snapshots",
        ],
    ),
    ("watch", &["model", "dremio", "openmetadata", "discovery", "snapshots", "lineage", "sync"]),
    (
        "report",
        &[
            "model",
            "sqlflow",
            "graph",
            "dbt",
            "openmetadata",
            "discovery",
            "sync",
            "lineage",
            "snapshots",
            "watch",
        ],
    ),
    ("log", &[]),
    (
        "config",
        &[
            "model",
            "http",
            "dremio",
            "openmetadata",
            "discovery",
            "sync",
            "lineage",
            "dbt",
            "watch",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "http",
            "sqlflow",
            "graph",
            "dbt",
            "dremio",
            "openmetadata",
            "discovery",
            "sync",
            "lineage",
            "snapshots",
            "search",
            "report",
            "config",
            "log",
            "watch",
            "sandbox",
        ],
    ),
    (
        "tui",
        &[
            "model",
            "http",
            "sqlflow",
            "graph",
            "dbt",
            "dremio",
            "openmetadata",
            "discovery",
            "sync",
            "lineage",
            "snapshots",
            "search",
            "report",
            "config",
            "log",
        ],
    ),
    // The embedded servers share the vocabulary and OpenMetadata's naming rules.
    ("sandbox", &["model", "openmetadata"]),
];

/// Within `cli`, only these files may know that there is a sandbox.
const SANDBOX_FILES: &[&str] = &["cli/run/sandbox.rs", "cli/run/seed.rs"];

/// Modules that must stay free of I/O, and the crates that would bring it.
const PURE: &[&str] = &["model", "sqlflow", "graph", "dbt", "search"];
const IMPURE: &[&str] =
    &["tokio", "reqwest", "ratatui", "crossterm", "std::fs", "std::net", "std::process", "axum"];

#[derive(Debug, PartialEq, Eq)]
struct Finding {
    line: usize,
    what: String,
}

fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let name = file.strip_prefix(&src).expect("below src").to_string_lossy().into_owned();
            (name.replace('\\', "/"), std::fs::read_to_string(&file).expect("UTF-8 source"))
        })
        .collect()
}

/// The code without comments and without what stands in `#[cfg(test)] mod … { }` at the end; lines
/// keep their numbers.
fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        if line == "#[cfg(test)]" {
            break;
        }
        let trimmed = line.trim_start();
        if !trimmed.starts_with("//") {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

fn module_of(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

/// Every module named after `crate::`, with its line; groups such as `crate::{a::X, b}` as well.
fn crate_imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let name = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let mut at = 0;
    while let Some(offset) = code[at..].find("crate::") {
        let start = at + offset;
        let line = 1 + code[..start].matches('\n').count();
        let rest = &code[start + "crate::".len()..];
        at = start + "crate::".len();
        // `$crate::` and paths of other crates that end in `crate` are not ours.
        if code[..start].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0_usize;
            let mut expect_name = true;
            for (index, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => expect_name = true,
                    c if expect_name && !c.is_whitespace() => {
                        let line = line + group[..index].matches('\n').count();
                        found.push((line, name(&group[index..])));
                        expect_name = false;
                    }
                    _ => {}
                }
            }
        } else {
            found.push((line, name(rest)));
        }
    }
    found
}

fn wrong_imports(file: &str, text: &str, modules: &[String]) -> Vec<Finding> {
    let module = module_of(file);
    if matches!(file, "lib.rs" | "main.rs") {
        return Vec::new();
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
        let what = format!("module `{module}` has no line in ALLOWED");
        return vec![Finding { line: 1, what }];
    };
    crate_imports(&code(text))
        .into_iter()
        .filter(|(_, used)| modules.contains(used) && used != module)
        .filter_map(|(line, used)| {
            if !allowed.contains(&used.as_str()) {
                return Some(Finding { line, what: format!("`{module}` must not use `{used}`") });
            }
            let hidden = used == "sandbox" && !SANDBOX_FILES.contains(&file);
            hidden.then(|| Finding { line, what: "only `cli::run::sandbox` may use it".to_owned() })
        })
        .collect()
}

/// Places where `needle` stands in the code, as a word of its own.
fn uses(text: &str, needle: &str) -> Vec<usize> {
    code(text)
        .lines()
        .enumerate()
        .filter(|(_, line)| {
            line.match_indices(needle).any(|(at, _)| {
                !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            })
        })
        .map(|(index, _)| index + 1)
        .collect()
}

fn report(findings: &BTreeMap<String, Vec<Finding>>) -> String {
    let mut text = String::new();
    for (file, findings) in findings {
        for finding in findings {
            let _ = writeln!(text, "src/{file}:{}: {}", finding.line, finding.what);
        }
    }
    text
}

fn check(look: impl Fn(&str, &str) -> Vec<Finding>) {
    let findings: BTreeMap<String, Vec<Finding>> = sources()
        .into_iter()
        .map(|(file, text)| {
            let findings = look(&file, &text);
            (file, findings)
        })
        .filter(|(_, findings)| !findings.is_empty())
        .collect();
    assert!(findings.is_empty(), "\n{}", report(&findings));
}

#[test]
fn imports_point_one_way() {
    let sources = sources();
    assert!(sources.len() > 50, "the sources were not found");
    let mut modules: Vec<String> =
        sources.iter().map(|(file, _)| module_of(file).to_owned()).collect();
    modules.dedup();
    check(|file, text| wrong_imports(file, text, &modules));
}

#[test]
fn pure_modules_do_no_input_or_output() {
    check(|file, text| {
        if !PURE.contains(&module_of(file)) {
            return Vec::new();
        }
        IMPURE
            .iter()
            .flat_map(|name| {
                uses(text, &format!("{name}::"))
                    .into_iter()
                    .map(move |line| Finding { line, what: format!("uses {name}") })
            })
            .collect()
    });
}

#[test]
fn only_the_printer_and_the_screen_write_to_the_terminal() {
    const WRITERS: &[&str] = &["cli/printer.rs", "cli/prompt.rs", "log.rs"];
    check(|file, text| {
        let is_screen = file.starts_with("tui/");
        let mut findings = Vec::new();
        for needle in ["print!(", "println!(", "eprint!(", "eprintln!(", "dbg!("] {
            findings.extend(
                uses(text, needle).into_iter().map(|line| Finding {
                    line,
                    what: format!("{needle}…) belongs to the printer"),
                }),
            );
        }
        for needle in ["io::stdout", "io::stderr", "stdout()", "stderr()"] {
            if WRITERS.contains(&file) || is_screen {
                continue;
            }
            for line in uses(text, needle) {
                let shown = code(text).lines().nth(line - 1).unwrap_or_default().to_owned();
                // Asking whether it is a terminal writes nothing.
                if !shown.contains("is_terminal") {
                    let what = format!("{needle} belongs to the printer");
                    findings.push(Finding { line, what });
                }
            }
        }
        findings
    });
}

/// Requests to Dremio are formed in one file, from a closed list that cannot change a catalogue.
#[test]
fn requests_to_dremio_come_from_the_closed_list() {
    check(|file, text| {
        if module_of(file) != "dremio" || file == "dremio/endpoint.rs" {
            return Vec::new();
        }
        ["Method::Put", "Method::Patch", "Method::Delete", "reqwest::Client", "\"/catalog"]
            .iter()
            .flat_map(|needle| {
                uses(text, needle).into_iter().map(move |line| Finding {
                    line,
                    what: format!("{needle}: requests are formed in dremio/endpoint.rs only"),
                })
            })
            .collect()
    });
    let endpoint = sources()
        .into_iter()
        .find(|(file, _)| file == "dremio/endpoint.rs")
        .expect("the list of endpoints")
        .1;
    let deletes = uses(&endpoint, "Method::Delete").len();
    assert!(deletes <= 1, "the only thing to delete is our own login, found {deletes}");
    assert!(
        uses(&endpoint, "Method::Put").is_empty() && uses(&endpoint, "Method::Patch").is_empty()
    );
}

#[test]
fn a_wrong_import_is_found() {
    let modules: Vec<String> = ALLOWED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let wrong = |file: &str, text: &str| {
        wrong_imports(file, text, &modules).into_iter().map(|it| it.line).collect::<Vec<_>>()
    };
    assert_eq!(wrong("model/path.rs", "use std::fmt;\nuse crate::dremio::Client;\n"), [2]);
    assert_eq!(
        wrong("model/path.rs", "use crate::{\n    model::X,\n    tui::{App, cli},\n};"),
        [3]
    );
    assert_eq!(wrong("tui/app.rs", "fn f() {\n    crate::cli::run();\n}\n"), [2]);
    assert_eq!(wrong("cli/session.rs", "use crate::sandbox::World;"), [1]);
    assert_eq!(wrong("cli/run/sandbox.rs", "use crate::sandbox::World;"), [] as [usize; 0]);
    assert_eq!(wrong("novel/mod.rs", "use crate::model::X;"), [1]);
    assert_eq!(
        wrong(
            "model/path.rs",
            "// use crate::tui\nuse crate::model::X;\n#[cfg(test)]\nuse crate::tui::X;"
        ),
        [] as [usize; 0]
    );
}
