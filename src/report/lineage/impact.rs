//! What depends on a table or column: for reading, as JSON and as CSV.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use super::escape::{csv_cell, one_line, shown};
use super::text::counted;
use crate::lineage::{Impact, LineageGraph, NodeIndex, NodeRole, Origin, impact};
use crate::model::display::clean;
use crate::model::path::fold;
use crate::model::{DatasetPath, ServerInfo};
use crate::report::{Escaped, SCHEMA_VERSION};

/// What depends on a table or column.
#[derive(Debug, Serialize)]
pub struct ImpactReport<'a> {
    schema_version: u32,
    server: &'a ServerInfo,
    incomplete: bool,
    table: &'a DatasetPath,
    role: NodeRole,
    column: Option<&'a str>,
    /// How many datasets depend on it.
    datasets: usize,
    /// How far the farthest is.
    hops: u32,
    impacts: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    path: &'a DatasetPath,
    role: NodeRole,
    hops: u32,
    via: &'a DatasetPath,
    /// Where the edge from there is known from.
    origins: &'a [Origin],
    /// The same in words; of no use where all edges are from the views' SQL.
    #[serde(skip)]
    told_by: Option<String>,
    /// Whether all of it is affected.
    whole: bool,
    /// How the affected columns upstream decide rows here.
    rows: Vec<RowUse<'a>>,
    columns: Vec<ColumnUse<'a>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct RowUse<'a> {
    from: &'a DatasetPath,
    column: &'a str,
    subtype: &'static str,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct ColumnUse<'a> {
    name: &'a str,
    from: &'a DatasetPath,
    from_column: &'a str,
    kind: &'static str,
    #[serde(rename = "type")]
    influence: &'static str,
    subtype: &'static str,
    expression: &'a str,
}

impl<'a> ImpactReport<'a> {
    /// Follows a node, or one of its columns, downstream.
    pub fn new(
        graph: &'a LineageGraph,
        server: &'a ServerInfo,
        incomplete: bool,
        node: NodeIndex,
        column: Option<&'a str>,
    ) -> Self {
        let found = impact(graph, node, column);
        // What of each affected node is affected: all, or these columns.
        let mut affected: BTreeMap<NodeIndex, Option<Vec<String>>> = found
            .iter()
            .map(|impact| {
                let columns = impact.columns.iter().map(|column| fold(column)).collect();
                (impact.node, (!impact.is_whole).then_some(columns))
            })
            .collect();
        affected.insert(node, column.map(|column| vec![fold(column)]));
        let has_words = graph.has_several_origins();
        let impacts: Vec<Entry<'_>> =
            found.iter().map(|impact| Entry::new(graph, impact, &affected, has_words)).collect();
        Self {
            schema_version: SCHEMA_VERSION,
            server,
            incomplete,
            table: &graph.node(node).path,
            role: graph.node(node).role,
            column,
            datasets: impacts.len(),
            hops: impacts.iter().map(|impact| impact.hops).max().unwrap_or(0),
            impacts,
        }
    }

    /// Whether nothing depends on it.
    pub fn is_empty(&self) -> bool {
        self.impacts.is_empty()
    }

    /// One JSON document, indented.
    pub fn write_json(&self, out: impl Write) -> io::Result<()> {
        let mut out = Escaped(out);
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")
    }

    /// A line for each use of a column or of rows; safe to open in a spreadsheet.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut csv = ::csv::Writer::from_writer(out);
        csv.write_record([
            "hops",
            "table",
            "role",
            "via",
            "whole",
            "use",
            "column",
            "from_table",
            "from_column",
            "kind",
            "subtype",
            "expression",
            "origins",
        ])?;
        for impact in &self.impacts {
            let head = [
                impact.hops.to_string(),
                csv_cell(&impact.path.to_string()),
                impact.role.name().to_owned(),
                csv_cell(&impact.via.to_string()),
                impact.whole.to_string(),
            ];
            let origins: Vec<&str> = impact.origins.iter().map(|origin| origin.name()).collect();
            let origins = origins.join("; ");
            let mut line = |rest: [&str; 7]| {
                let cells = head.iter().map(String::as_str).chain(rest);
                csv.write_record(cells.chain([origins.as_str()]))
            };
            if impact.columns.is_empty() && impact.rows.is_empty() {
                line(["table", "", "", "", "", "", ""])?;
            }
            for column in &impact.columns {
                line([
                    "column",
                    &csv_cell(column.name),
                    &csv_cell(&column.from.to_string()),
                    &csv_cell(column.from_column),
                    column.kind,
                    column.subtype,
                    &csv_cell(column.expression),
                ])?;
            }
            for row in &impact.rows {
                let from = csv_cell(&row.from.to_string());
                line(["rows", "", &from, &csv_cell(row.column), "", row.subtype, ""])?;
            }
        }
        csv.flush()
    }

    /// For reading, nearest first.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        if self.incomplete {
            out.push_str(
                "The catalogue was not read to its end: what follows is a part of it.\n\n",
            );
        }
        let what = match self.column {
            Some(column) => format!("{}, column {}", shown(self.table), clean(column)),
            None => shown(self.table),
        };
        if self.impacts.is_empty() {
            let _ = writeln!(out, "Nothing depends on {what}.");
            return out;
        }
        let verb = if self.datasets == 1 { "depends" } else { "depend" };
        let _ = writeln!(
            out,
            "{} {verb} on {what}, at most {} away.",
            counted(self.datasets, "dataset"),
            counted(self.hops as usize, "hop")
        );
        let mut hops = 0;
        for impact in &self.impacts {
            if impact.hops != hops {
                hops = impact.hops;
                let _ = writeln!(out, "\n{}", counted(hops as usize, "hop"));
            }
            self.write_impact(impact, &mut out);
        }
        out
    }

    fn write_impact(&self, impact: &Entry<'_>, out: &mut String) {
        const WIDEST: usize = 80;
        let via = if impact.hops > 1 {
            format!("  through {}", shown(impact.via))
        } else {
            String::new()
        };
        let told_by = impact.told_by.as_ref().map(|words| format!("  {words}"));
        let told_by = told_by.unwrap_or_default();
        let _ = writeln!(out, "  {}  ({}){via}{told_by}", shown(impact.path), impact.role.name());
        if self.column.is_none() {
            // Asked for a table, every column is meant; the SQL of each is in the JSON.
            let mut names: Vec<&str> = impact.columns.iter().map(|column| column.name).collect();
            names.dedup();
            if !names.is_empty() {
                let _ = writeln!(out, "    columns {}", one_line(&names.join(", "), WIDEST));
            }
        } else {
            for column in &impact.columns {
                // One line says enough of a column that flows and decides as well.
                let is_told = impact.columns.iter().any(|other| {
                    (other.name, other.expression) == (column.name, column.expression)
                        && other < column
                });
                if is_told {
                    continue;
                }
                let how = match (column.influence, column.kind) {
                    ("DIRECT", "IDENTITY") => String::new(),
                    ("DIRECT", kind) => format!("{}: ", kind.to_lowercase()),
                    (..) => format!("by {}: ", column.subtype.to_lowercase()),
                };
                let expression = one_line(column.expression, WIDEST);
                let _ = writeln!(out, "    {} = {how}{expression}", clean(column.name));
            }
        }
        let mut ways: Vec<&str> = impact.rows.iter().map(|row| row.subtype).collect();
        ways.sort_unstable();
        ways.dedup();
        if !ways.is_empty() {
            let ways = ways.join(", ").replace('_', " ").to_lowercase();
            let _ = writeln!(out, "    rows by {ways}");
        }
    }
}

impl<'a> Entry<'a> {
    fn new(
        graph: &'a LineageGraph,
        impact: &Impact,
        affected: &BTreeMap<NodeIndex, Option<Vec<String>>>,
        has_words: bool,
    ) -> Self {
        let last = graph.between(impact.via, impact.node);
        let mut columns = Vec::new();
        let mut rows = Vec::new();
        for (_, edge) in graph.upstream(impact.node) {
            let Some(what) = affected.get(&edge.from) else { continue };
            let is_affected =
                |name: &str| what.as_ref().is_none_or(|columns| columns.contains(&fold(name)));
            let from = &graph.node(edge.from).path;
            columns.extend(edge.columns.iter().filter(|column| is_affected(&column.from)).map(
                |column| ColumnUse {
                    name: &column.to,
                    from,
                    from_column: &column.from,
                    kind: column.kind.as_str(),
                    influence: column.influence.type_name(),
                    subtype: column.influence.subtype_name(),
                    expression: &column.expression,
                },
            ));
            rows.extend(edge.rows.iter().filter(|row| is_affected(&row.from)).map(|row| RowUse {
                from,
                column: &row.from,
                subtype: row.influence.as_str(),
            }));
        }
        columns.sort();
        columns.dedup();
        rows.sort();
        rows.dedup();
        Self {
            path: &graph.node(impact.node).path,
            role: graph.node(impact.node).role,
            hops: impact.hops,
            via: &graph.node(impact.via).path,
            origins: last.map_or(&[], |edge| edge.origins.as_slice()),
            told_by: last.filter(|_| has_words).map(|edge| graph.told_by_in_words(edge)),
            whole: impact.is_whole,
            rows,
            columns,
        }
    }
}
