//! The program as people and scripts run it: help texts, exit codes, messages, and commands against
//! the sandbox.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

#[path = "support/program.rs"]
mod program;

use program::{Home, Run, Sandbox};

#[test]
fn help_is_as_reviewed() {
    let home = Home::new();
    let commands: &[&[&str]] = &[
        &[],
        &["discover"],
        &["doctor"],
        &["sql-lineage"],
        &["snapshots"],
        &["snapshots", "list"],
        &["snapshots", "show"],
        &["snapshots", "diff"],
        &["config"],
        &["config", "init"],
        &["config", "show"],
        &["config", "path"],
        &["watch"],
        &["sandbox"],
        &["completions"],
        &["man"],
    ];
    for command in commands {
        let name = if command.is_empty() { "main".to_owned() } else { command.join("-") };
        let mut args = command.to_vec();
        args.push("--help");
        let run = home.run(&args).exits(0);
        insta::assert_snapshot!(format!("help_{name}"), run.stdout);
    }
}

#[test]
fn the_manual_has_its_parts() {
    let home = Home::new();
    let page = home.run(&["man"]).exits(0).stdout;
    let header: Vec<&str> =
        page.lines().filter(|line| line.starts_with(".TH") || line.starts_with(".SH")).collect();
    insta::assert_snapshot!(header.join("\n").replace(env!("CARGO_PKG_VERSION"), "[version]"));
    let page = home.run(&["man", "discover"]).exits(0).stdout;
    assert!(page.contains("dremio\\-explorer\\-discover"), "{page}");
    home.run(&["man", "nonsense"]).exits(2).says("there is no command nonsense");
}

#[test]
fn every_shell_has_completions() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&["completions", shell]).exits(0).stdout;
        assert!(script.contains("sql-lineage") && script.contains("doctor"), "{shell}");
    }
    home.run(&["completions", "tcsh"]).exits(2).says("bash");
}

#[test]
fn wrong_command_lines_are_usage_errors() {
    let home = Home::new();
    home.run(&["discvoer"]).exits(2).says("discover");
    home.run(&["discover", "--format", "xml"]).exits(2).says("json");
    home.run(&["sandbox", "--latency", "soon"]).exits(2).says("20ms");
    home.run(&["sandbox", "--fault", "503=200%"]).exits(2).says("not a share");
    home.run(&["discover", "--demo", "--types", "tabel"]).exits(2).says("did you mean table?");
    home.run(&["discover", "--demo", "--include", "("]).exits(2).says("--include");
    home.run(&["discover", "--demo=nowhere"]).exits(2).says("shop, reference").briefly();
    home.run(&["discover", "--demo", "-o", "no/such/folder/x.json"])
        .exits(2)
        .says("there is no folder no/such/folder");
}

#[test]
fn the_ui_needs_a_terminal() {
    Home::new().run(&[]).exits(2).says("needs a terminal").briefly();
}

#[test]
fn without_a_server_it_says_how_to_name_one() {
    let run = Home::new().run(&["discover"]).exits(2).says("--dremio-url").says("--demo").briefly();
    assert!(run.stdout.is_empty());
}

#[test]
fn a_bad_config_file_is_named_with_its_line() {
    let home = Home::new();
    std::fs::write(home.path().join("bad.yaml"), "dremio:\n  usr: ada\n").expect("a file");
    home.run(&["config", "show", "--config", "bad.yaml"])
        .exits(2)
        .says("bad.yaml:2:8: unknown setting dremio.usr; did you mean dremio.user?")
        .briefly();
    home.run(&["discover", "--config", "absent.yaml"])
        .exits(2)
        .says("cannot read the config file absent.yaml");
    home.run_with(&[("DREMIO_EXPLORER_UI_THEM", "dark")], &["config", "show"])
        .exits(2)
        .says("DREMIO_EXPLORER_UI_THEME");
}

#[cfg(unix)]
#[test]
fn config_init_writes_a_private_file_that_config_show_reads() {
    use std::os::unix::fs::PermissionsExt;

    let home = Home::new();
    let environment = [("DREMIO_PASSWORD", "hunter2")];
    let run =
        home.run_with(&environment, &["config", "init", "--dremio-url", "http://h:9047"]).exits(0);
    let file = Path::new(run.stdout.trim());
    let text = std::fs::read_to_string(file).expect("the config file");
    assert!(text.contains("http://h:9047") && !text.contains("hunter2"), "{text}");
    let mode = std::fs::metadata(file).expect("its mode").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    home.run(&["config", "init"]).exits(2).says("--force");

    let shown = home
        .run_with(&environment, &["config", "show", "--format", "json", "--dremio-user", "ada"])
        .exits(0);
    assert!(!shown.stdout.contains("hunter2"));
    let json = shown.json();
    let setting = |name: &str| json["settings"][name].clone();
    assert_eq!(setting("dremio.url")["value"], "http://h:9047");
    assert!(setting("dremio.url")["origin"].as_str().is_some_and(|it| it.contains("config.yaml:")));
    assert_eq!(setting("dremio.user")["origin"], "--dremio-user");
    assert_eq!(setting("dremio.password")["value"], "********");
    assert_eq!(setting("dremio.password")["origin"], "$DREMIO_PASSWORD");
    assert_eq!(setting("ui.mouse")["origin"], "default");
}

#[test]
fn a_password_can_come_from_a_file_and_a_token_from_a_command() {
    let home = Home::new();
    let oss = Sandbox::start(&["--catalogue", "reference"]);
    let mut environment = oss.environment();
    let password =
        environment.iter().find(|(name, _)| *name == "DREMIO_PASSWORD").expect("a password").1;
    std::fs::write(home.path().join("secret"), format!("{password}\n")).expect("a file");
    environment.push(("DREMIO_PASSWORD", "@secret"));
    home.run_with(&environment, &["discover", "--format", "csv"]).exits(0);

    let cloud = Sandbox::start(&["--catalogue", "reference", "--edition", "cloud"]);
    let mut environment = cloud.environment();
    let token = environment.iter().position(|(name, _)| *name == "DREMIO_PAT").expect("a token");
    let command = format!("echo {}", environment.remove(token).1);
    environment.push(("DREMIO_TOKEN_COMMAND", &command));
    home.run_with(&environment, &["discover", "--format", "csv"]).exits(0);
}

#[test]
fn discover_writes_every_form() {
    let home = Home::new();
    let json = home.run(&["discover", "--demo=reference"]).exits(0).json();
    assert_eq!(json["schema_version"], 1);
    let stats = &json["stats"];
    for (name, count) in [("resources", 36), ("roots", 10), ("folders", 15), ("datasets", 11)] {
        assert_eq!(stats[name], count, "{stats}");
    }
    let resources = json["resources"].as_array().expect("resources");
    for dataset in
        resources.iter().filter(|it| ["table", "view"].contains(&it["kind"].as_str().unwrap_or("")))
    {
        let columns = dataset["columns"].as_array().expect("typed columns");
        assert!(columns.iter().all(|column| column["type"].is_string()), "{dataset}");
    }
    for (file, start) in
        [("out.yaml", "schema_version: 1"), ("out.csv", "path,kind,id"), ("out.json", "{")]
    {
        let run = home.run(&["discover", "--demo=reference", "-o", file, "--no-snapshot"]).exits(0);
        assert!(run.stdout.is_empty());
        let text = std::fs::read_to_string(home.path().join(file)).expect("the file");
        assert!(text.starts_with(start), "{file}: {text:.100}");
    }
    let table = home.run(&["discover", "--demo=reference", "--format", "table"]).exits(0).stdout;
    assert!(
        table.lines().last().is_some_and(|it| it.starts_with("36 resources: 10 roots")),
        "{table}"
    );
    let views =
        home.run(&["discover", "--demo=reference", "--types", "view", "--format", "json"]).json();
    let kinds = views["resources"].as_array().expect("resources");
    assert!(!kinds.is_empty() && kinds.iter().all(|it| it["kind"] == "view"));
}

#[test]
fn quiet_and_piped_runs_say_nothing_on_standard_error() {
    let home = Home::new();
    let run = home.run(&["-q", "discover", "--demo=reference"]).exits(0);
    assert!(run.stderr.is_empty(), "{}", run.stderr);
    let run = home.run(&["-vv", "discover", "--demo=reference"]).exits(0);
    assert!(run.stderr.contains("/api/v3/catalog"), "{}", run.stderr);
    assert!(!run.stderr.contains("admin123") && !run.stdout.contains('\u{1b}'));
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_was_read_and_a_reader_that_leaves_is_no_error() {
    let home = Home::new();
    let sandbox = Sandbox::start(&["--scale", "4000", "--latency", "30ms"]);
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("dremio-explorer"));
    command.args(["-vv", "discover", "-o", "part.json", "--no-snapshot"]);
    command.envs(sandbox.environment()).env("HOME", home.path()).current_dir(home.path());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut stderr = BufReader::new(child.stderr.take().expect("its messages"));
    let mut line = String::new();
    let mut answers = 0;
    while answers < 10 && stderr.read_line(&mut line).expect("a line") > 0 {
        answers += usize::from(line.contains("status=200"));
        line.clear();
    }
    std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("a signal");
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("the rest");
    assert_eq!(child.wait().expect("an end").code(), Some(130), "{rest}");
    let text = std::fs::read_to_string(home.path().join("part.json")).expect("a partial result");
    let json: Value = serde_json::from_str(&text).expect("whole JSON");
    assert_eq!(json["incomplete"], true);
    assert!(json["resources"].as_array().is_some_and(|it| !it.is_empty()));

    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("dremio-explorer"));
    command.args(["-q", "discover", "--demo", "--no-snapshot"]).env("HOME", home.path());
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.code().is_some_and(|code| code == 0 || code == 4), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("error"), "{output:?}");
}

#[test]
fn sql_lineage_reads_files_and_standard_input() {
    let home = Home::new();
    std::fs::write(
        home.path().join("schema.yaml"),
        "sales.orders: [id, amount, status]\nsales.\"odd.name\": {a: BIGINT}\nsales.open:\n",
    )
    .expect("a file");
    let sql =
        "CREATE VIEW mart.v AS SELECT status, SUM(amount) AS total FROM orders GROUP BY status";
    std::fs::write(home.path().join("v.sql"), sql).expect("a file");
    let args = ["sql-lineage", "v.sql", "--schema", "schema.yaml", "--context", "sales"];
    let text = home.run(&args).exits(0).stdout;
    insta::assert_snapshot!("sql_lineage_text", text);
    let mut with_json = args.to_vec();
    with_json.extend(["--format", "json"]);
    insta::assert_snapshot!("sql_lineage_json", home.run(&with_json).exits(0).stdout);

    let mut command = home.command(&["sql-lineage"]);
    let run = Run::of(&command.write_stdin("SELECT FROM WHERE").output().expect("a run"));
    assert!(run.exits(1).stdout.contains("failed"));
    let mut command = home.command(&["sql-lineage", "--batch"]);
    let case = r#"[{"id":"1","sql":"SELECT a FROM t","dialect":"dremio","schema":{"t":["a"]},"default_context":[]}]"#;
    let run = Run::of(&command.write_stdin(case).output().expect("a run")).exits(0);
    assert_eq!(run.json()[0]["tables"]["sources"][0], "t");
    let mut command = home.command(&["sql-lineage", "--batch"]);
    Run::of(&command.write_stdin("[{").output().expect("a run")).exits(2).briefly();
    home.run(&["sql-lineage", "absent.sql"]).exits(2).says("cannot read absent.sql");
}
