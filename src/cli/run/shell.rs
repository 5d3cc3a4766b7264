//! `completions` and `man`: made from the same types that read the command line.

use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::args::Cli;
use crate::cli::session::Session;
use crate::cli::status::{ExitStatus, Failure};

/// Prints a shell's completions.
pub(super) fn completions(
    session: &Session,
    shell: clap_complete::Shell,
) -> Result<ExitStatus, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "dremio-explorer", &mut script);
    session.printer.write_data(|out| out.write_all(&script))?;
    Ok(ExitStatus::Fine)
}

/// Prints the manual page of the program or of one command.
pub(super) fn man(session: &Session, command: Option<&str>) -> Result<ExitStatus, Failure> {
    let mut main = Cli::command();
    main.build();
    let page = if let Some(name) = command {
        let Some(found) = main.find_subcommand(name) else {
            let names: Vec<&str> = main.get_subcommands().map(clap::Command::get_name).collect();
            let names = names.join(", ");
            return Err(Failure::usage(format!("there is no command {name}; there are: {names}")));
        };
        let full = format!("dremio-explorer-{name}");
        found.clone().display_name(full.clone()).name(full)
    } else {
        main
    };
    let mut roff = Vec::new();
    Man::new(page)
        .render(&mut roff)
        .map_err(|error| Failure::writing("the manual page", &error))?;
    session.printer.write_data(|out| out.write_all(&roff))?;
    Ok(ExitStatus::Fine)
}
