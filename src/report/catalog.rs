//! [`CatalogReport`]: a catalogue as a document (`docs/discover.md`).

mod resource;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use super::{Escaped, SCHEMA_VERSION};
use crate::model::display::{clean, truncate_middle, truncate_to_width};
use crate::model::{Catalog, DatasetPath, NodeKind, NodeRef, SchemaState, ServerInfo};
use resource::Resources;

/// Cells for a name in a table; a name may be a thousand letters long.
const NAME_WIDTH: usize = 72;
/// Cells for what is odd about it.
const NOTE_WIDTH: usize = 80;

/// What is written of one reading of a catalogue.
#[derive(Debug, Serialize)]
pub struct CatalogReport<'a> {
    schema_version: u32,
    server: &'a ServerInfo,
    /// Whether the reading was cut short.
    incomplete: bool,
    resources: Resources<'a>,
    skipped: &'a [SkippedEntry],
    stats: ReportStats,
}

/// Something left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedEntry {
    /// Where it stands.
    pub path: DatasetPath,
    /// Why it was not read.
    pub reason: String,
}

/// Counts of the reading, and of what is in the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ReportStats {
    /// Resources in this document.
    pub resources: usize,
    /// Homes, spaces and sources among them.
    pub roots: usize,
    /// Folders among them.
    pub folders: usize,
    /// Tables and views among them.
    pub datasets: usize,
    /// Files, functions and unknown things among them.
    pub others: usize,
    /// Columns of those datasets.
    pub columns: usize,
    /// Resources with an error.
    pub errors: usize,
    /// Things left out.
    pub skipped: usize,
    /// Requests sent; absent for a stored catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<usize>,
    /// Seconds from the first request to the last answer; absent for a stored catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

impl<'a> CatalogReport<'a> {
    /// A report of the nodes of these kinds (all if empty), tables of whatever sort.
    pub fn new(
        catalog: &'a Catalog,
        server: &'a ServerInfo,
        kinds: &'a [NodeKind],
        skipped: &'a [SkippedEntry],
        incomplete: bool,
    ) -> Self {
        let resources = Resources::new(catalog, kinds);
        let mut stats = ReportStats { skipped: skipped.len(), ..ReportStats::default() };
        for node in resources.nodes() {
            stats.resources += 1;
            stats.errors += usize::from(node.error().is_some());
            match node.kind() {
                NodeKind::Home | NodeKind::Space | NodeKind::Source => stats.roots += 1,
                NodeKind::Folder => stats.folders += 1,
                NodeKind::Table(_) | NodeKind::View => {
                    stats.datasets += 1;
                    stats.columns += node.schema().len();
                }
                NodeKind::File | NodeKind::Function | NodeKind::Unknown => stats.others += 1,
            }
        }
        Self { schema_version: SCHEMA_VERSION, server, incomplete, resources, skipped, stats }
    }

    /// Adds what the reading cost.
    pub fn with_cost(mut self, requests: usize, seconds: f64) -> Self {
        self.stats.requests = Some(requests);
        // Milliseconds are all that the clock is good for.
        self.stats.seconds = Some((seconds * 1_000.0).round() / 1_000.0);
        self
    }

    /// The counts.
    pub fn stats(&self) -> ReportStats {
        self.stats
    }

    /// One JSON document, indented.
    pub fn write_json(&self, out: impl Write) -> io::Result<()> {
        let mut out = Escaped(out);
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")
    }

    /// The same as YAML.
    pub fn write_yaml(&self, out: &mut dyn Write) -> io::Result<()> {
        let text = serde_saphyr::to_string(self).map_err(io::Error::other)?;
        out.write_all(text.as_bytes())
    }

    /// A line for each resource, with a header line. `for_terminal` replaces what could act on one.
    /// What a spreadsheet would take for a formula gets a `'` before it; JSON and YAML are exact.
    pub fn write_csv(&self, out: impl Write, for_terminal: bool) -> io::Result<()> {
        let shown = |text: &str| {
            let text = if for_terminal { clean(text) } else { Cow::Borrowed(text) };
            let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
            if is_formula { format!("'{text}") } else { text.into_owned() }
        };
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["path", "kind", "id", "columns", "sql", "error"])?;
        for node in self.resources.nodes() {
            let schema = node.schema();
            let columns = match schema.state {
                SchemaState::Known => schema.len().to_string(),
                SchemaState::Unknown | SchemaState::Unread => String::new(),
            };
            csv.write_record([
                shown(&node.path().to_string()),
                node.kind().name().to_owned(),
                shown(node.server_id().unwrap_or_default()),
                columns,
                shown(node.sql().unwrap_or_default()),
                shown(node.error().map_or("", |error| &error.message)),
            ])?;
        }
        csv.flush()
    }

    /// A table for reading, the tree shown by indentation.
    pub fn write_table(&self, out: &mut dyn Write, ascii: bool) -> io::Result<()> {
        let mut table = comfy_table::Table::new();
        table.load_preset(if ascii {
            comfy_table::presets::ASCII_NO_BORDERS
        } else {
            comfy_table::presets::NOTHING
        });
        table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
        table.set_header(["resource", "kind", "columns", "note"]);
        for node in self.resources.nodes() {
            let indent = "  ".repeat(node.depth().saturating_sub(1));
            let name = if self.resources.is_partial {
                // With levels left out, indentation would say nothing.
                clean(&node.path().to_string()).into_owned()
            } else {
                format!("{indent}{}", clean(node.name()))
            };
            let columns = match node.schema().state {
                SchemaState::Known => node.schema().len().to_string(),
                SchemaState::Unknown if node.kind().is_dataset() => "?".to_owned(),
                SchemaState::Unknown | SchemaState::Unread => String::new(),
            };
            let name = truncate_middle(&name, NAME_WIDTH).into_owned();
            let note = truncate_to_width(&note(node), NOTE_WIDTH).into_owned();
            table.add_row([name, node.kind().name().to_owned(), columns, note]);
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out, "{}", self.summary())
    }

    /// The counts as a sentence.
    pub fn summary(&self) -> String {
        let stats = self.stats;
        let mut text = format!(
            "{}: {}, {}, {}",
            counted(stats.resources, "resource"),
            counted(stats.roots, "root"),
            counted(stats.folders, "folder"),
            counted(stats.datasets, "dataset"),
        );
        for (count, word) in
            [(stats.others, "other"), (stats.columns, "column"), (stats.errors, "error")]
        {
            if count > 0 {
                let _ = write!(text, ", {}", counted(count, word));
            }
        }
        if stats.skipped > 0 {
            let _ = write!(text, ", {} skipped", stats.skipped);
        }
        if let (Some(requests), Some(seconds)) = (stats.requests, stats.seconds) {
            let _ = write!(text, "; {} in {seconds:.1} s", counted(requests, "request"));
        }
        text
    }
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// What is odd about a node, in one line.
fn note(node: NodeRef<'_>) -> String {
    if let Some(error) = node.error() {
        return clean(&error.message).into_owned();
    }
    let Some(source) = node.source() else { return String::new() };
    let connector = source.connector.as_deref().unwrap_or_default();
    let message = source.messages.first().map(String::as_str).unwrap_or_default();
    clean(format!("{connector} {message}").trim()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Change, Column, DataType, DatasetDetail, Entity, EntityDetail, Field, Item, NodeError,
        NodeErrorKind, TableKind,
    };

    const TABLE: NodeKind = NodeKind::Table(TableKind::Direct);

    fn item(path: &[&str], kind: NodeKind) -> Item {
        let path = DatasetPath::new(path.iter().copied());
        Item { id: Some(format!("id of {path}")), path, kind, raw_kind: None }
    }

    fn listed(parent: &[&str], items: Vec<Item>) -> Change {
        Change::Children {
            parent: DatasetPath::new(parent.iter().copied()),
            items,
            first: true,
            last: true,
        }
    }

    fn catalog() -> Catalog {
        let mut catalog = Catalog::new();
        catalog.apply(listed(
            &[],
            vec![item(&["sales"], NodeKind::Space), item(&["la\u{1b}[31mke"], NodeKind::Source)],
        ));
        catalog.apply(listed(
            &["sales"],
            vec![
                item(&["sales", "orders, all"], NodeKind::View),
                item(&["sales", "unread"], NodeKind::Table(TableKind::Direct)),
            ],
        ));
        let place = Field { name: "lat".to_owned(), data_type: DataType::Double };
        let column =
            |name: &str, data_type| Column { name: name.to_owned(), data_type, nullable: None };
        catalog.apply(Change::Entity(Box::new(Entity {
            item: item(&["sales", "orders, all"], NodeKind::View),
            created_at: None,
            detail: EntityDetail::Dataset(DatasetDetail {
                columns: Some(vec![
                    column("id", DataType::BigInt),
                    column("place", DataType::Struct(Some(vec![place]))),
                ]),
                sql: Some("SELECT 1".to_owned()),
                sql_context: vec!["sales".to_owned()],
                format: None,
            }),
        })));
        catalog.apply(Change::Failed {
            path: DatasetPath::new(["la\u{1b}[31mke"]),
            error: NodeError {
                kind: NodeErrorKind::SourceDown,
                message: "lake is down\u{9b}2J".to_owned(),
            },
        });
        catalog
    }

    fn render(write: impl FnOnce(&CatalogReport<'_>, &mut Vec<u8>) -> io::Result<()>) -> String {
        let catalog = catalog();
        let server = ServerInfo { host: "h:9047".to_owned(), ..ServerInfo::default() };
        let skipped =
            [SkippedEntry { path: DatasetPath::new(["x"]), reason: "excluded".to_owned() }];
        let report = CatalogReport::new(&catalog, &server, &[], &skipped, false).with_cost(3, 0.25);
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_and_yaml_say_the_same() {
        let json = render(|report, out| report.write_json(out));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["schema_version"], 1);
        assert_eq!(value["resources"][2]["path"], serde_json::json!(["sales", "orders, all"]));
        assert_eq!(value["resources"][2]["columns"][1]["type"], "STRUCT<lat: DOUBLE>");
        assert_eq!(value["resources"][2]["columns"][1]["children"][0]["name"], "lat");
        assert_eq!(value["resources"][3]["columns"], serde_json::Value::Null);
        assert_eq!(value["resources"][3]["schema"], "unread");
        assert_eq!(value["resources"][0]["path"][0], "la\u{1b}[31mke");
        assert_eq!(value["stats"]["errors"], 1);
        let yaml = render(|report, out| report.write_yaml(out));
        let back: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(back, value);
    }

    #[test]
    fn nothing_written_for_reading_can_steer_a_terminal() {
        let texts = [
            render(|report, out| report.write_json(out)),
            render(|report, out| report.write_yaml(out)),
            render(|report, out| report.write_csv(out, true)),
            render(|report, out| report.write_table(out, false)),
        ];
        for text in texts {
            assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        }
    }

    #[test]
    fn csv_is_quoted_and_exact() {
        let csv = render(|report, out| report.write_csv(out, false));
        let mut lines = csv.lines();
        assert_eq!(lines.next(), Some("path,kind,id,columns,sql,error"));
        assert!(lines.next().is_some_and(|line| line.contains("31mke")));
        assert_eq!(lines.next(), Some("sales,space,id of sales,,,"));
        assert_eq!(
            lines.next(),
            Some(r#""sales.""orders, all""",view,"id of sales.""orders, all""",2,SELECT 1,"#)
        );
    }

    #[test]
    fn order_and_kinds_do_not_depend_on_what_the_server_said_first() {
        let catalog = catalog();
        let server = ServerInfo::default();
        let kinds = [NodeKind::Table(TableKind::Unknown), NodeKind::Space];
        let report = CatalogReport::new(&catalog, &server, &kinds, &[], false);
        let value = serde_json::to_value(&report).unwrap();
        let paths: Vec<_> = value["resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|resource| resource["path"].to_string())
            .collect();
        assert_eq!(paths, [r#"["sales"]"#, r#"["sales","unread"]"#]);
    }

    #[test]
    fn no_cell_is_a_formula() {
        let mut catalog = Catalog::new();
        let evil = |id: &&str| Item { id: Some((*id).to_owned()), ..item(&["x", id], TABLE) };
        catalog.apply(listed(&[], vec![item(&["x"], NodeKind::Space)]));
        let ids = ["@SUM(A1)", "=1+1", "+x", "-x", "\t=x", "plain"];
        catalog.apply(listed(&["x"], ids.iter().map(evil).collect()));
        let server = ServerInfo::default();
        let report = CatalogReport::new(&catalog, &server, &[], &[], false);
        for for_terminal in [false, true] {
            let mut out = Vec::new();
            report.write_csv(&mut out, for_terminal).unwrap();
            for record in csv::Reader::from_reader(&*out).records() {
                let record = record.unwrap();
                let is_formula = |cell: &str| cell.starts_with(['=', '+', '-', '@', '\t']);
                assert!(!record.iter().any(is_formula), "{record:?}");
            }
        }
    }

    #[test]
    fn the_table_ends_with_a_summary() {
        let table = render(|report, out| report.write_table(out, true));
        assert_eq!(
            table.lines().last(),
            Some(
                "4 resources: 2 roots, 0 folders, 2 datasets, 2 columns, 1 error, 1 skipped; 3 \
                 requests in 0.2 s"
            )
        );
    }
}
