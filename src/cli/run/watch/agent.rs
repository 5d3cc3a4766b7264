//! [`Agent`]: one round after the other, told and remembered.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use secrecy::SecretString;

use super::notify;
use crate::cli::args::{ReportFormat, WatchArgs};
use crate::cli::printer::{Printer, Progress};
use crate::cli::run::sync::{interrupted_text, tell_step};
use crate::cli::session::{Session, Target};
use crate::cli::status::{ExitStatus, Failure, flatten};
use crate::config::{Interrupted, Prompt, Settings};
use crate::http::RequestLog;
use crate::model::display::clean;
use crate::model::time::rfc3339;
use crate::report::WatchReport;
use crate::watch::schedule::Verdict;
use crate::watch::{DriftError, Event, Round, RoundError, Servers, Watcher};
use crate::{dremio, openmetadata};

/// How many things that could not be read are named.
const NAMED: usize = 5;

/// What the rounds share.
pub(super) struct Agent<'a> {
    session: &'a Session,
    settings: &'a Settings,
    args: &'a WatchArgs,
    target: Target,
    openmetadata: Option<openmetadata::ConnectOptions>,
    watcher: Watcher,
    /// Whether a block was shown.
    has_shown: bool,
    /// Whether a server refused what we logged in with.
    is_refused: bool,
    /// What was warned of already: a watcher would say it in every round.
    warned: Mutex<HashSet<String>>,
    /// How the last round went, or what ends the watch.
    ended: Result<ExitStatus, Failure>,
}

/// Nobody is asked for a password in the middle of the night.
struct Nobody;

impl Prompt for Nobody {
    fn ask(&mut self, _what: &str) -> Result<Option<SecretString>, Interrupted> {
        Ok(None)
    }
}

impl<'a> Agent<'a> {
    pub(super) fn new(
        session: &'a Session,
        settings: &'a Settings,
        args: &'a WatchArgs,
        target: Target,
        openmetadata: Option<openmetadata::ConnectOptions>,
        watcher: Watcher,
    ) -> Self {
        Self {
            session,
            settings,
            args,
            target,
            openmetadata,
            watcher,
            has_shown: false,
            is_refused: false,
            warned: Mutex::default(),
            ended: Ok(ExitStatus::Fine),
        }
    }

    /// The server in words.
    pub(super) fn server(&self) -> String {
        self.target.title()
    }

    /// How it ended.
    pub(super) fn ended(self) -> Result<ExitStatus, Failure> {
        match self.ended {
            Ok(_) if !self.args.once && self.session.cancel.is_cancelled() => {
                Ok(ExitStatus::Interrupted)
            }
            ended => ended,
        }
    }

    /// One round, told on the way and at its end.
    pub(super) async fn round(&mut self) -> Verdict {
        match self.try_round().await {
            Ok((verdict, status)) => {
                self.ended = Ok(status);
                verdict
            }
            Err(failure) => {
                self.ended = Err(failure);
                Verdict::Over
            }
        }
    }

    async fn try_round(&mut self) -> Result<(Verdict, ExitStatus), Failure> {
        if self.is_refused {
            self.fetch_credentials().await;
        }
        let began_at = rfc3339(SystemTime::now());
        let servers = self.servers()?;
        let progress = self.session.printer.progress();
        let printer = self.session.printer.clone();
        let warned = &self.warned;
        let on_event = |event| show(&progress, &printer, warned, event);
        let outcome = self.watcher.round(&servers, &on_event, &self.session.cancel).await;
        drop(progress);
        match outcome {
            Ok(round) => self.tell(round).await,
            Err(error) => self.tell_failure(&began_at, &error),
        }
    }

    /// New connections for each round: what was learnt of a server may not hold any more.
    fn servers(&self) -> Result<Servers, Failure> {
        Ok(Servers {
            dremio: dremio::Client::new(self.target.options.clone(), RequestLog::new())?,
            openmetadata: match &self.openmetadata {
                Some(options) => {
                    Some(openmetadata::Client::new(options.clone(), RequestLog::new())?)
                }
                None => None,
            },
        })
    }

    /// Reads anew what commands and files give; a password that was typed stays.
    async fn fetch_credentials(&mut self) {
        self.is_refused = false;
        if self.target.is_demo() {
            return;
        }
        let settings = self.settings.clone();
        let has_openmetadata = self.openmetadata.is_some();
        let fetched = tokio::task::spawn_blocking(move || {
            let dremio = settings.connect_options(&mut Nobody);
            let openmetadata =
                has_openmetadata.then(|| settings.openmetadata_options(&mut Nobody).ok());
            (dremio.ok(), openmetadata.flatten())
        });
        if let Ok((dremio, openmetadata)) = fetched.await {
            if let Some(options) = dremio {
                self.target.options = options;
            }
            self.openmetadata = openmetadata.or(self.openmetadata.take());
        }
    }

    async fn tell(&mut self, round: Round) -> Result<(Verdict, ExitStatus), Failure> {
        let printer = self.session.printer.clone();
        let report = WatchReport::new(&round);
        match self.args.format {
            ReportFormat::Json => printer.write_data(|out| report.write_json(out))?,
            ReportFormat::Text if round.has_news() => {
                let text = report.to_text();
                // Blocks of a long watch stand apart.
                let gap = if std::mem::replace(&mut self.has_shown, true) { "\n" } else { "" };
                printer.data(&format!("{gap}{text}"))?;
            }
            ReportFormat::Text => {}
        }
        if self.args.once || round.comparison.is_none() {
            printer.note(&report.summary());
        } else if !round.has_news() {
            printer.detail(&report.summary());
        }
        tell_trouble(&printer, &round);
        if let Some(command) = &self.settings.watch.notify_command
            && round.has_news()
        {
            let mut line = Vec::new();
            report
                .write_json(&mut line)
                .map_err(|error| Failure::writing("the round for the command", &error))?;
            if let Err(why) = notify::run(command, line, &self.session.cancel).await {
                printer.warn(&format!("watch.notify_command: {why}"));
            }
        }
        let outcome = self.judge(&round);
        if let Err(error) = self.watcher.remember(round) {
            printer.warn(&format!(
                "{}; after a restart these changes will be told again",
                flatten(&error)
            ));
        }
        outcome
    }

    /// What a round means for the next one and for the exit status.
    fn judge(&mut self, round: &Round) -> Result<(Verdict, ExitStatus), Failure> {
        let is_first = round.number == 1;
        let cancelled = self.session.cancel.is_cancelled();
        let status = match &round.drift {
            Some(Err(DriftError::Cancelled)) => ExitStatus::Interrupted,
            Some(Err(DriftError::Settings(why))) if is_first => {
                return Err(Failure::usage(why.clone()));
            }
            Some(Err(DriftError::Refused(why))) if is_first => {
                return Err(Failure::new(ExitStatus::Remote, why.clone()));
            }
            Some(Err(error)) => {
                self.is_refused = matches!(error, DriftError::Refused(_));
                ExitStatus::Remote
            }
            Some(Ok(drift)) => match &drift.applied {
                Some(applied) if applied.ended_early.is_some() && cancelled => {
                    ExitStatus::Interrupted
                }
                Some(applied) if applied.ended_early.is_some() => ExitStatus::Remote,
                _ if drift.failures().next().is_some() || drift.held_back.is_some() => {
                    ExitStatus::Partial
                }
                _ => ExitStatus::Fine,
            },
            None => ExitStatus::Fine,
        };
        let differs =
            round.has_changes() || matches!(&round.drift, Some(Ok(drift)) if drift.pending() > 0);
        let status = match status {
            ExitStatus::Fine if round.is_partial() => ExitStatus::Partial,
            ExitStatus::Fine if self.args.exit_code && differs => ExitStatus::Findings,
            status => status,
        };
        Ok((round.verdict(), status))
    }

    fn tell_failure(
        &mut self,
        began_at: &str,
        error: &RoundError,
    ) -> Result<(Verdict, ExitStatus), Failure> {
        let RoundError::Dremio { message, is_refusal, .. } = error else {
            return Ok((Verdict::Over, ExitStatus::Interrupted));
        };
        let number = self.watcher.rounds();
        if self.args.format == ReportFormat::Json {
            self.session
                .printer
                .write_data(|out| WatchReport::write_failure(number, began_at, error, out))?;
        }
        // A wrong password is said at once, and not tried until the account is locked.
        if self.args.once || (*is_refusal && number == 1) {
            return Err(Failure::new(ExitStatus::Remote, message.clone()));
        }
        self.is_refused = *is_refusal;
        self.session.printer.warn(message);
        Ok((error.verdict(), ExitStatus::Remote))
    }
}

/// What went wrong without costing the round.
fn tell_trouble(printer: &Printer, round: &Round) {
    if let Some(gave_up) = &round.gave_up {
        printer.warn(gave_up);
    }
    if !round.lost.is_empty() {
        let named = round.lost.iter().take(NAMED);
        let named: Vec<String> = named
            .map(|(path, why)| format!("\n{}: {}", clean(&path.to_string()), clean(why)))
            .collect();
        let more = match round.lost.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!("\nand {more} more"),
        };
        printer.warn(&format!(
            "{} parts of the catalogue could not be read; what was known of them still counts, and nothing of OpenMetadata is updated or deleted{}{more}",
            round.lost.len(),
            named.concat(),
        ));
    }
    match &round.drift {
        Some(Err(error)) if *error != DriftError::Cancelled => {
            printer.warn(&error.to_string());
        }
        Some(Ok(drift)) => {
            if let Some(left) = &drift.interrupted
                && drift.applied.is_some()
            {
                printer.note(&interrupted_text(left));
            }
            for note in drift.applied.iter().flat_map(|applied| &applied.notes) {
                printer.warn(note);
            }
            // A block without news is not shown, and this must be known all the same.
            if let Some(why) = &drift.held_back
                && !round.has_news()
            {
                printer.detail(why);
            }
        }
        _ => {}
    }
}

fn show(progress: &Progress, printer: &Printer, warned: &Mutex<HashSet<String>>, event: Event) {
    match event {
        Event::Connecting => progress.set("connecting".to_owned(), 0, None),
        Event::Reading(stats) => {
            let done = stats.containers + stats.details;
            let words = format!(
                "{} folders, {} of {} datasets",
                stats.containers, stats.details, stats.datasets
            );
            progress.set(words, done, Some(done + stats.pending));
        }
        Event::Tables { done, all } => {
            progress.set("reading tables that views name".to_owned(), done, Some(all));
        }
        Event::Step(step) => tell_step(progress, step),
        Event::Applying { done, all } => progress.set("writing".to_owned(), done, Some(all)),
        Event::Warning(text) => {
            let mut warned = warned.lock().unwrap_or_else(PoisonError::into_inner);
            if warned.insert(text.clone()) {
                printer.warn(&text);
            }
        }
    }
}
