//! `impact`: what depends on a table or column.

use super::forms;
use super::lineage::{self, Lineage, Output, wanted};
use crate::cli::args::{DremioGraphArg, ImpactArgs, LineageFormat};
use crate::cli::session::Session;
use crate::cli::status::{ExitStatus, Failure};
use crate::report::LineageReport;
use crate::report::lineage::{ImpactReport, Selection, select};

/// Runs the command.
pub(super) async fn run(session: &Session, args: &ImpactArgs) -> Result<ExitStatus, Failure> {
    let settings = session.settings()?;
    let _log = session.start_log(&settings, false);
    let output = Output::new(args.output.as_deref())?;
    let format = args.format.unwrap_or_else(|| forms::form_of(output.extension()));
    // Only what the SQL does not tell is asked of the server's own lineage.
    let gaps = DremioGraphArg::Gaps;
    let project = lineage::dbt_project(session, &args.dbt, &settings)?;
    let mut lineage = Lineage::load(session, &settings, args.snapshot.as_deref(), gaps).await?;
    lineage.join(session, project.as_ref());
    let usage = |error: select::SelectionError| Failure::usage(error.to_string());
    let node = select::find(&lineage.graph, &args.table, &wanted(&settings)).map_err(usage)?;
    let column = args
        .column
        .as_deref()
        .map(|column| select::column_of(&lineage.graph, node, column))
        .transpose()
        .map_err(usage)?;
    let report = ImpactReport::new(
        &lineage.graph,
        &lineage.server,
        lineage.incomplete,
        node,
        column.as_deref(),
    );
    let printer = &session.printer;
    match format {
        LineageFormat::Text => {
            output.write(printer, |out| out.write_all(report.to_text().as_bytes()))?;
        }
        LineageFormat::Json => output.write(printer, |out| report.write_json(out))?,
        LineageFormat::Csv => output.write(printer, |out| report.write_csv(out))?,
        graph => {
            let selection = Selection::affected(&lineage.graph, node, column.as_deref());
            let drawn = LineageReport::new(lineage.input(), &selection);
            forms::write(&drawn, graph, &output, printer)?;
        }
    }
    Ok(lineage.status(&session.printer))
}
