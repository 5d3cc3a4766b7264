//! [`WatchReport`]: a round of the agent, as a block of text or as one line of JSON (`docs/watch.md`).

mod text;

use std::io::{self, Write};

use serde::Serialize;

use super::{Escaped, SCHEMA_VERSION};
use crate::lineage::Coverage;
use crate::model::{DatasetPath, ServerInfo};
use crate::openmetadata;
use crate::report::sync::name_of;
use crate::snapshots::CatalogDiff;
use crate::sync::Action;
use crate::sync::apply::ItemOutcome;
use crate::sync::plan::Counts;
use crate::watch::{
    Applied, Breakage, Drift, DriftError, DriftItem, LineageChanges, Round, RoundError,
};

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    round: u64,
    at: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a ServerInfo>,
    news: bool,
    #[serde(flatten)]
    told: Option<Told<'a>>,
    error: Option<Trouble<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    compared_with: Option<&'a str>,
    complete: bool,
    datasets: usize,
    coverage: Coverage,
    unread: Vec<Unread<'a>>,
    catalog: Option<&'a CatalogDiff>,
    lineage: Option<&'a LineageChanges>,
    impact: &'a [Breakage],
    impact_left_out: usize,
    openmetadata: Option<InOpenMetadata<'a>>,
}

#[derive(Serialize)]
struct Unread<'a> {
    path: &'a DatasetPath,
    reason: &'a str,
}

#[derive(Serialize)]
struct InOpenMetadata<'a> {
    host: &'a str,
    version: &'a str,
    service: &'a str,
    news: bool,
    pending: usize,
    plan: &'a Counts,
    items: Vec<Item<'a>>,
    held_back: Option<&'a str>,
    result: Option<&'a Applied>,
}

#[derive(Serialize)]
struct Item<'a> {
    #[serde(rename = "type")]
    sort: &'static str,
    name: String,
    action: Action,
    permitted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a ItemOutcome>,
}

#[derive(Serialize)]
struct Trouble<'a> {
    server: &'static str,
    message: &'a str,
}

/// What a round came to.
#[derive(Clone, Copy, Debug)]
pub struct WatchReport<'a> {
    round: &'a Round,
}

impl<'a> WatchReport<'a> {
    /// A report of a round.
    pub fn new(round: &'a Round) -> Self {
        Self { round }
    }

    /// Writes one line of JSON.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let round = self.round;
        let comparison = round.comparison.as_ref();
        let (held, error) = match &round.drift {
            None => (None, None),
            Some(Ok(drift)) => (Some(held(drift)), None),
            Some(Err(error)) => (None, Some(error.to_string())),
        };
        let unread = round.lost.iter().map(|(path, reason)| Unread { path, reason });
        let told = Told {
            compared_with: comparison.map(|comparison| comparison.since.as_str()),
            complete: !round.is_partial(),
            datasets: round.datasets,
            coverage: round.coverage,
            unread: unread.collect(),
            catalog: comparison.map(|comparison| &comparison.diff),
            lineage: comparison.map(|comparison| &comparison.lineage),
            impact: comparison.map_or(&[], |comparison| &comparison.breakages.told),
            impact_left_out: comparison.map_or(0, |comparison| comparison.breakages.left_out),
            openmetadata: held,
        };
        let in_dremio = round.gave_up.as_deref();
        line(
            out,
            &Document {
                schema_version: SCHEMA_VERSION,
                round: round.number,
                at: &round.began_at,
                seconds: Some((round.took.as_secs_f64() * 1_000.0).round() / 1_000.0),
                server: Some(&round.server),
                news: round.has_news(),
                told: Some(told),
                error: in_dremio.map(|message| Trouble { server: "dremio", message }).or(error
                    .as_deref()
                    .map(|message| Trouble { server: "openmetadata", message })),
            },
        )
    }

    /// Writes the line of a round that came to nothing.
    pub fn write_failure(
        number: u64,
        at: &str,
        error: &RoundError,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let message = error.to_string();
        line(
            out,
            &Document {
                schema_version: SCHEMA_VERSION,
                round: number,
                at,
                seconds: None,
                server: None,
                news: false,
                told: None,
                error: Some(Trouble { server: "dremio", message: &message }),
            },
        )
    }
}

fn line(mut out: &mut dyn Write, document: &Document<'_>) -> io::Result<()> {
    serde_json::to_writer(Escaped(&mut out), document)?;
    out.write_all(b"\n")
}

fn held(drift: &Drift) -> InOpenMetadata<'_> {
    let openmetadata::ServerInfo { host, version, .. } = &drift.server;
    let items = drift.items.iter().map(|found| {
        let (sort, name) = name_of(&found.key);
        let DriftItem { action, is_permitted: permitted, outcome, .. } = found;
        Item { sort, name, action: *action, permitted: *permitted, result: outcome.as_ref() }
    });
    InOpenMetadata {
        host,
        version,
        service: &drift.service,
        news: drift.is_news,
        pending: drift.pending(),
        plan: &drift.counts,
        items: items.collect(),
        held_back: drift.held_back.as_deref(),
        result: drift.applied.as_ref(),
    }
}

/// Whether an error of the comparison with OpenMetadata is only that we were told to stop.
pub(super) fn is_told_to_stop(error: &DriftError) -> bool {
    *error == DriftError::Cancelled
}
