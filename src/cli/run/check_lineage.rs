//! `check-lineage`: coverage, what is broken, and the lineage in every form.

use super::forms;
use super::lineage::{self, Lineage, Output, wanted};
use crate::cli::args::{CheckLineageArgs, DrawArg, HeldArg, LineageFormat};
use crate::cli::printer::Printer;
use crate::cli::session::Session;
use crate::cli::status::{ExitStatus, Failure};
use crate::config::Settings;
use crate::report::LineageReport;
use crate::report::lineage::{Draw, Selection, TextOptions, Wanted};

/// Runs the command.
pub(super) async fn run(session: &Session, args: &CheckLineageArgs) -> Result<ExitStatus, Failure> {
    let settings = session.settings()?;
    let _log = session.start_log(&settings, false);
    let output = Output::new(args.output.as_deref())?;
    let format = args.format.unwrap_or_else(|| forms::form_of(output.extension()));
    let wanted = Wanted {
        table: args.table.clone(),
        column: args.column.clone(),
        upstream: args.upstream,
        downstream: args.downstream,
        spaces: args.space.clone(),
        select: args.select.clone(),
        exclude: args.exclude.clone(),
        ..wanted(&settings)
    };
    let project = lineage::dbt_project(session, &args.dbt, &settings)?;
    let mut lineage =
        Lineage::load(session, &settings, args.snapshot.as_deref(), args.dremio_graph).await?;
    lineage.join(session, project.as_ref());
    let printer = &session.printer;
    let selection = Selection::new(&lineage.graph, &wanted)
        .map_err(|error| Failure::usage(error.to_string()))?;
    for term in &selection.unmatched {
        printer.warn(&format!("the selector {term:?} matches nothing"));
    }
    let is_required = args.openmetadata == HeldArg::Require;
    let mut is_unasked = false;
    if is_required || asks_openmetadata(session, &settings, args) {
        match lineage.ask_openmetadata(session, &settings, &selection).await {
            Ok(()) => {}
            Err(failure) if is_required || failure.status == ExitStatus::Interrupted => {
                return Err(failure);
            }
            Err(failure) => {
                printer.warn(&format!(
                    "the lineage that OpenMetadata holds could not be read: {}; \
                     `--openmetadata never` leaves it out",
                    failure.message
                ));
                is_unasked = true;
            }
        }
    }
    let report = LineageReport::new(lineage.input(), &selection);
    write(&report, format, args, &output, printer)?;
    let fails = judge(&report, args, printer);
    let status = match lineage.status(printer) {
        ExitStatus::Fine if is_unasked => ExitStatus::Partial,
        status => status,
    };
    // An interrupted check proves nothing, a failed one does.
    Ok(if fails && status != ExitStatus::Interrupted { ExitStatus::Findings } else { status })
}

/// Whether there is an OpenMetadata to compare with, and nothing speaks against asking it.
fn asks_openmetadata(session: &Session, settings: &Settings, args: &CheckLineageArgs) -> bool {
    let is_set = session.cli.connection.demo.is_some() || settings.openmetadata.url.is_some();
    args.openmetadata == HeldArg::Auto && args.snapshot.is_none() && is_set
}

fn write(
    report: &LineageReport<'_>,
    format: LineageFormat,
    args: &CheckLineageArgs,
    output: &Output,
    printer: &Printer,
) -> Result<(), Failure> {
    match format {
        LineageFormat::Json => output.write(printer, |out| report.write_json(out)),
        LineageFormat::Csv => output.write(printer, |out| report.write_csv(out)),
        LineageFormat::Text => {
            let on_terminal = output.is_stdout() && printer.is_terminal();
            let size = on_terminal.then(crossterm::terminal::size);
            let text = report.to_text(TextOptions {
                ascii: printer.ascii(),
                width: size.and_then(Result::ok).map(|(columns, _)| usize::from(columns)),
                draw: match args.draw {
                    DrawArg::Auto => Draw::Auto,
                    DrawArg::Boxes => Draw::Boxes,
                    DrawArg::Tree => Draw::Tree,
                },
                all: args.all,
            });
            output.write(printer, |out| out.write_all(text.as_bytes()))
        }
        graph => forms::write(report, graph, output, printer),
    }
}

/// Whether the lineage is not good enough, and says why.
fn judge(report: &LineageReport<'_>, args: &CheckLineageArgs, printer: &Printer) -> bool {
    let mut fails = false;
    if let Some(bar) = args.fail_under {
        let coverage = &report.check().coverage;
        for (what, percent) in [
            ("views read wholly", coverage.views_percent()),
            ("columns traced", coverage.columns_percent()),
        ] {
            if percent < bar {
                printer.error(&format!("{what}: {percent:.2} % is below the bar of {bar} %"));
                fails = true;
            }
        }
    }
    if args.openmetadata == HeldArg::Require && !report.is_held() {
        printer.error("OpenMetadata does not hold this lineage; `sync` would write it");
        fails = true;
    }
    if args.strict && !report.is_clean() {
        printer.error("the lineage has findings");
        fails = true;
    }
    fails
}
