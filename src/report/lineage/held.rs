//! What OpenMetadata holds of a lineage, for reading and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::LineageReport;
use super::escape::{one_line, shown};
use super::text::counted;
use crate::model::DatasetPath;
use crate::model::display::clean;
use crate::sync::{FieldChange, HeldFinding, HeldKind, HeldLineage};

/// Cells for a value in a line.
const VALUE_WIDTH: usize = 60;

impl LineageReport<'_> {
    pub(super) fn write_held(&self, out: &mut String) {
        let Some(held) = self.held else { return };
        let _ = writeln!(out, "\n{}", summary(held));
        write_absent(held, out);
        for kind in HeldKind::ALL {
            let is_told = |finding: &&HeldFinding| finding.kind == kind && finding.absent.is_none();
            let list: Vec<&HeldFinding> = held.findings.iter().filter(is_told).collect();
            if list.is_empty() {
                continue;
            }
            let _ = writeln!(out, "\n{} ({})", heading(kind), list.len());
            for finding in list {
                let _ = writeln!(out, "  {}", line(finding));
                for change in &finding.changes {
                    write_change(change, out);
                }
            }
        }
    }
}

/// A table that is not there is told once, however many edges it takes along.
fn write_absent(held: &HeldLineage, out: &mut String) {
    if !held.service_exists {
        return;
    }
    let mut tables: BTreeMap<String, usize> = BTreeMap::new();
    for finding in &held.findings {
        let Some(fqn) = &finding.absent else { continue };
        let path = if *fqn == finding.to { &finding.to_path } else { &finding.from_path };
        *tables.entry(end(path.as_ref(), fqn)).or_default() += 1;
    }
    if tables.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nTables that are not in OpenMetadata ({})", tables.len());
    for (table, edges) in tables {
        let _ = writeln!(out, "  {table}  {}", counted(edges, "edge"));
    }
}

fn end(path: Option<&DatasetPath>, fqn: &str) -> String {
    path.map_or_else(|| clean(fqn).into_owned(), shown)
}

/// How much OpenMetadata has, in a line.
fn summary(held: &HeldLineage) -> String {
    let at = format!("OpenMetadata {} on {}", clean(&held.version), clean(&held.host));
    if !held.service_exists {
        return format!(
            "{at} has no service {}; `sync` makes it and writes the lineage",
            clean(&held.service)
        );
    }
    format!("{at} holds {} of {} edges as they are here", held.equal, held.computed)
}

fn heading(kind: HeldKind) -> &'static str {
    match kind {
        HeldKind::Missing => "Edges that are not in OpenMetadata",
        HeldKind::Differs => "Different in OpenMetadata",
        HeldKind::Extra => "Only in OpenMetadata, of SQL that has changed since",
        HeldKind::Manual => "Drawn by hand in OpenMetadata, left alone",
    }
}

/// Both ends, by Dremio's path where there is one.
pub(super) fn line(finding: &HeldFinding) -> String {
    let from = end(finding.from_path.as_ref(), &finding.from);
    let to = end(finding.to_path.as_ref(), &finding.to);
    format!("{from} → {to}")
}

fn write_change(change: &FieldChange, out: &mut String) {
    let field = match change.field.as_str() {
        "columnsLineage" => "columns",
        "sqlQuery" => "SQL",
        other => other,
    };
    for (sign, value) in [('-', &change.old), ('+', &change.new)] {
        if let Some(value) = value {
            let _ = writeln!(out, "    {sign} {field}: {}", one_line(value, VALUE_WIDTH));
        }
    }
}

/// The document's part.
pub(super) fn document(held: &HeldLineage) -> Value {
    let findings: Vec<Value> = held
        .findings
        .iter()
        .map(|finding| {
            let mut entry = json!({
                "kind": finding.kind.name(),
                "from": finding.from,
                "to": finding.to,
            });
            let optional = [
                ("from_path", finding.from_path.as_ref().map(|path| json!(path))),
                ("to_path", finding.to_path.as_ref().map(|path| json!(path))),
                ("absent", finding.absent.as_ref().map(|fqn| json!(fqn))),
                ("changes", (!finding.changes.is_empty()).then(|| json!(finding.changes))),
            ];
            for (key, value) in optional {
                if let Some(value) = value {
                    entry[key] = value;
                }
            }
            entry
        })
        .collect();
    json!({
        "server": held.host,
        "version": held.version,
        "service": held.service,
        "service_exists": held.service_exists,
        "computed": held.computed,
        "equal": held.equal,
        "findings": findings,
    })
}
