//! Edges as CSV, of tables, columns and rows in one file; safe to open in a spreadsheet.

use std::io::{self, Write};

use super::escape::csv_cell;
use super::{LineageReport, confidence_name};
use crate::lineage::EdgeIndex;

impl LineageReport<'_> {
    /// A line for each edge between tables, then its columns, then the columns that decide rows.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut csv = ::csv::Writer::from_writer(out);
        csv.write_record([
            "level",
            "from_table",
            "from_column",
            "to_table",
            "to_column",
            "kind",
            "type",
            "subtype",
            "expression",
            "origins",
            "confidence",
        ])?;
        for index in &self.edges {
            self.write_edge(*index, &mut csv)?;
        }
        csv.flush()
    }

    fn write_edge<W: Write>(&self, index: EdgeIndex, csv: &mut ::csv::Writer<W>) -> io::Result<()> {
        let edge = self.graph.edge(index);
        let path = |node| csv_cell(&self.graph.node(node).path.to_string());
        let (from, to) = (path(edge.from), path(edge.to));
        let origins: Vec<&str> = edge.origins.iter().map(|origin| origin.name()).collect();
        let origins = origins.join("; ");
        let confidence = confidence_name(edge.confidence);
        csv.write_record(["table", &from, "", &to, "", "", "", "", "", &origins, confidence])?;
        for column in self.flows(index) {
            csv.write_record([
                "column",
                &from,
                &csv_cell(&column.from),
                &to,
                &csv_cell(&column.to),
                column.kind.as_str(),
                column.influence.type_name(),
                column.influence.subtype_name(),
                &csv_cell(&column.expression),
                &origins,
                confidence,
            ])?;
        }
        for row in self.row_flows(index) {
            csv.write_record([
                "row",
                &from,
                &csv_cell(&row.from),
                &to,
                "",
                "",
                "INDIRECT",
                row.influence.as_str(),
                "",
                &origins,
                confidence,
            ])?;
        }
        Ok(())
    }
}
