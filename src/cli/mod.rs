//! The command line: every use case as a command.
//!
//! Commands call the use cases and hand their results to [`crate::report`]; nothing here knows how
//! anything is read or drawn, nor the terminal UI.

pub mod args;
mod dbt_profile;
mod dbt_project;
mod interrupt;
pub mod printer;
mod prompt;
mod run;
mod session;
mod status;

pub use dbt_project::find_or_demo as dbt_files;
pub use run::{run, runtime};
pub use session::{Session, SyncParts, Target};
pub use status::{ExitStatus, Failure, flatten};
