//! The forms that show a lineage as a graph, the same for `check-lineage` and `impact`.

use super::lineage::Output;
use crate::cli::args::LineageFormat;
use crate::cli::printer::Printer;
use crate::cli::status::Failure;
use crate::report::LineageReport;
use crate::report::lineage::MERMAID_MOST_EDGES;

/// Browsers become slow with more boxes than this.
const MOST_IN_A_PAGE: usize = 3_000;

/// The form that a file's name asks for.
pub(super) fn form_of(extension: Option<&str>) -> LineageFormat {
    match extension {
        Some("json") => LineageFormat::Json,
        Some("html" | "htm") => LineageFormat::Html,
        Some("svg") => LineageFormat::Svg,
        Some("mmd" | "mermaid") => LineageFormat::Mermaid,
        Some("dot" | "gv") => LineageFormat::Dot,
        Some("csv") => LineageFormat::Csv,
        Some("ndjson" | "jsonl") => LineageFormat::OpenLineage,
        _ => LineageFormat::Text,
    }
}

/// Writes a lineage as a graph, and warns of one that its readers cannot show well.
pub(super) fn write(
    report: &LineageReport<'_>,
    format: LineageFormat,
    output: &Output,
    printer: &Printer,
) -> Result<(), Failure> {
    let text = match format {
        LineageFormat::Mermaid => report.to_mermaid(),
        LineageFormat::Dot => report.to_dot(),
        LineageFormat::Svg => drawn(report.to_svg())?,
        LineageFormat::Html => drawn(report.to_html())?,
        _ => return output.write(printer, |out| report.write_openlineage(out)),
    };
    output.write(printer, |out| out.write_all(text.as_bytes()))?;
    if format == LineageFormat::Mermaid && report.edge_count() > MERMAID_MOST_EDGES {
        printer.warn(&format!(
            "Mermaid draws at most {MERMAID_MOST_EDGES} edges unless its `maxEdges` is raised, and \
             this has {}: choose a part with --table, --space or --select",
            report.edge_count()
        ));
    }
    let is_page = matches!(format, LineageFormat::Html | LineageFormat::Svg);
    if is_page && report.node_count() > MOST_IN_A_PAGE {
        printer.warn(&format!(
            "{} datasets make a heavy page: choose a part with --table, --space or --select",
            report.node_count()
        ));
    }
    Ok(())
}

fn drawn(result: Result<String, impl std::error::Error>) -> Result<String, Failure> {
    result.map_err(|error| Failure::usage(format!("cannot draw the lineage: {error}")))
}
