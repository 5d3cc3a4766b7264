//! What was tried and what came of it, shown as it comes in.

use std::fmt::Write as _;
use std::time::Instant;

use serde::Serialize;

use crate::cli::printer::{Printer, Tone};
use crate::cli::status::{Failure, without_advice};
use crate::model::display::clean;
use crate::{dremio, openmetadata};

/// Whom a step concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Server {
    Dremio,
    #[serde(rename = "openmetadata")]
    OpenMetadata,
}

impl Server {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dremio => "Dremio",
            Self::OpenMetadata => "OpenMetadata",
        }
    }

    /// Its steps, in the order in which they are tried.
    pub(super) fn steps(self) -> &'static [Step] {
        match self {
            Self::Dremio => &[
                Step::Configuration,
                Step::Dns,
                Step::Tcp,
                Step::Tls,
                Step::Http,
                Step::Dremio,
                Step::Login,
                Step::Root,
                Step::Listing,
                Step::BatchReads,
                Step::Sql,
            ],
            Self::OpenMetadata => &[
                Step::Configuration,
                Step::Dns,
                Step::Tcp,
                Step::Tls,
                Step::Http,
                Step::OpenMetadata,
                Step::Version,
                Step::Login,
                Step::Writes,
                Step::Service,
                Step::Reads,
                Step::Lineage,
            ],
        }
    }
}

/// What can be tried alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    Configuration,
    Dns,
    Tcp,
    Tls,
    Http,
    Dremio,
    #[serde(rename = "openmetadata")]
    OpenMetadata,
    Version,
    Login,
    Writes,
    Service,
    Reads,
    Root,
    Listing,
    BatchReads,
    Sql,
    Lineage,
}

impl Step {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Dns => "host name",
            Self::Tcp => "connection",
            Self::Tls => "TLS",
            Self::Http => "HTTP",
            Self::Dremio => "is it Dremio",
            Self::OpenMetadata => "is it OpenMetadata",
            Self::Version => "version",
            Self::Login => "login",
            Self::Writes => "rules for writing",
            Self::Service => "service",
            Self::Reads => "reading",
            Self::Root => "root listing",
            Self::Listing => "a folder's listing",
            Self::BatchReads => "batch reads",
            Self::Sql => "SQL",
            Self::Lineage => "lineage",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Passed,
    Failed,
    /// It says nothing here: no TLS on http, nothing to list.
    NotApplicable,
    /// Not reached, because an earlier step failed.
    NotTried,
}

#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) server: Server,
    pub(super) step: Step,
    pub(super) outcome: Outcome,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    ms: u64,
}

/// What came of a step that was tried.
pub(super) enum Tried {
    Passed(String),
    NotApplicable(String),
    Failed { detail: String, advice: Option<String> },
}

impl Tried {
    pub(super) fn passed(detail: impl Into<String>) -> Self {
        Self::Passed(detail.into())
    }

    pub(super) fn not_applicable(detail: impl Into<String>) -> Self {
        Self::NotApplicable(detail.into())
    }
}

impl From<dremio::Error> for Tried {
    fn from(error: dremio::Error) -> Self {
        let advice = error.advice();
        let detail = without_advice(&error, advice);
        Self::Failed { detail, advice: advice.map(str::to_owned) }
    }
}

impl From<openmetadata::Error> for Tried {
    fn from(error: openmetadata::Error) -> Self {
        let advice = error.advice();
        let detail = without_advice(&error, advice);
        Self::Failed { detail, advice: advice.map(str::to_owned) }
    }
}

impl From<Failure> for Tried {
    fn from(failure: Failure) -> Self {
        Self::Failed { detail: failure.message, advice: None }
    }
}

/// Findings as they come in, shown at once.
pub(super) struct Examination<'a> {
    printer: &'a Printer,
    live: bool,
    /// Whose steps are being tried.
    server: Server,
    findings: Vec<Finding>,
}

impl<'a> Examination<'a> {
    pub(super) fn new(printer: &'a Printer, live: bool) -> Self {
        Self { printer, live, server: Server::Dremio, findings: Vec::new() }
    }

    /// Turns to a server.
    pub(super) fn turn_to(&mut self, server: Server) -> Result<(), Failure> {
        self.server = server;
        if self.live {
            let gap = if self.findings.is_empty() { "" } else { "\n" };
            let heading = self.printer.tone(Tone::Strong, server.name());
            self.printer.data(&format!("{gap}{heading}\n"))?;
        }
        Ok(())
    }

    /// Takes down what came of a step; `false` when nothing after it can work.
    pub(super) fn note(
        &mut self,
        step: Step,
        started: Instant,
        tried: impl Into<Tried>,
    ) -> Result<bool, Failure> {
        let (outcome, detail, advice) = match tried.into() {
            Tried::Passed(detail) => (Outcome::Passed, detail, None),
            Tried::NotApplicable(detail) => (Outcome::NotApplicable, detail, None),
            Tried::Failed { detail, advice } => (Outcome::Failed, detail, advice),
        };
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let finding = Finding { server: self.server, step, outcome, detail, advice, ms };
        if self.live {
            self.printer.data(&line(self.printer, &finding))?;
        }
        self.findings.push(finding);
        Ok(outcome != Outcome::Failed)
    }

    pub(super) fn failed(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.outcome == Outcome::Failed)
    }

    /// Every step of both servers in order, those that were not tried too.
    pub(super) fn all(mut self) -> Vec<Finding> {
        let steps = [Server::Dremio, Server::OpenMetadata]
            .into_iter()
            .flat_map(|server| server.steps().iter().map(move |step| (server, *step)));
        steps
            .map(|(server, step)| {
                let is_it = |found: &Finding| found.server == server && found.step == step;
                match self.findings.iter().position(is_it) {
                    Some(at) => self.findings.remove(at),
                    None => Finding {
                        server,
                        step,
                        outcome: Outcome::NotTried,
                        detail: String::new(),
                        advice: None,
                        ms: 0,
                    },
                }
            })
            .collect()
    }
}

fn line(printer: &Printer, finding: &Finding) -> String {
    let (mark, tone) = match (finding.outcome, printer.ascii()) {
        (Outcome::Passed, false) => ("✓", Tone::Good),
        (Outcome::Passed, true) => ("ok", Tone::Good),
        (Outcome::Failed, false) => ("✗", Tone::Bad),
        (Outcome::Failed, true) => ("!!", Tone::Bad),
        (Outcome::NotApplicable | Outcome::NotTried, _) => ("-", Tone::Faint),
    };
    let width = if printer.ascii() { 2 } else { 1 };
    let mark = printer.tone(tone, &format!("{mark:width$}"));
    let mut text = format!("{mark} {:18} {}\n", finding.step.name(), clean(&finding.detail));
    if let Some(advice) = &finding.advice {
        let _ = writeln!(text, "{:indent$}{advice}", "", indent = width + 20);
    }
    text
}
