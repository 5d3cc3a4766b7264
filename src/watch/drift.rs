//! [`Drift`]: how OpenMetadata differs from what was read, and bringing over of that what is
//! permitted. What the plan says is what a sync would say; what people wrote stays.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::permits::{Permit, Permits};
use super::reading::Reading;
use super::round::Event;
use super::state::hash;
use crate::model::DatasetPath;
use crate::openmetadata::entity::EntityType;
use crate::sync::apply::{ApplyEvent, ItemOutcome, Statistics};
use crate::sync::journal::Interrupted;
use crate::sync::plan::{Counts, Plan};
use crate::sync::session::{
    PrepareError, Prepared, Sources, SyncSettings, Writing, Written, prepare,
};
use crate::sync::{Action, ItemKey, Selection};
use crate::{dremio, openmetadata};

/// More tables than these at once, and more than a quarter of all, are not deleted unattended: it
/// looks like a login that sees less than it did.
const FEW_TABLES: usize = 5;

/// How to compare with OpenMetadata, and what may be written.
#[derive(Clone, Debug)]
pub struct DriftOptions {
    /// How things are brought over.
    pub settings: SyncSettings,
    /// Only these roots, folders and datasets with all below; empty = everything.
    pub within: Vec<DatasetPath>,
    /// What may be written.
    pub permits: Permits,
    /// A plan that would write more items than this is not applied at all.
    pub max_changes: usize,
    /// Requests under way at once.
    pub max_workers: usize,
    /// New tables in one bulk request.
    pub batch_size: usize,
    /// Where syncs remember things between runs; nowhere, if `None`.
    pub data_dir: Option<PathBuf>,
}

/// How OpenMetadata differs.
#[derive(Clone, Debug)]
pub struct Drift {
    /// Which OpenMetadata.
    pub server: openmetadata::ServerInfo,
    /// The service.
    pub service: String,
    /// How many items of each sort have each action.
    pub counts: Counts,
    /// What differs, in the order of the plan; conflicts too.
    pub items: Vec<DriftItem>,
    /// Whether this was not yet told in an earlier round.
    pub is_news: bool,
    /// Why what is permitted was not applied all the same.
    pub held_back: Option<String>,
    /// What was written, if anything was tried.
    pub applied: Option<Applied>,
    /// What an earlier run left behind when it was interrupted.
    pub interrupted: Option<Interrupted>,
    /// What still differs, as a fingerprint; `None` when nothing does.
    pub(super) fingerprint: Option<String>,
}

/// One thing that differs.
#[derive(Clone, Debug)]
pub struct DriftItem {
    /// Which.
    pub key: ItemKey,
    /// What would make it equal.
    pub action: Action,
    /// Whether that is permitted.
    pub is_permitted: bool,
    /// What became of it, if it was tried.
    pub outcome: Option<ItemOutcome>,
}

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct Applied {
    /// Counts.
    #[serde(flatten)]
    pub statistics: Statistics,
    /// Why it ended early, if it did.
    pub ended_early: Option<String>,
    /// Why what was verified could not be remembered, or the journal not be kept.
    pub notes: Vec<String>,
}

impl Drift {
    /// How many things differ and could be written.
    pub fn pending(&self) -> usize {
        let is_pending = |item: &&DriftItem| {
            item.action.writes() && !matches!(item.outcome, Some(ItemOutcome::Done { .. }))
        };
        self.items.iter().filter(is_pending).count()
    }

    /// What was tried and failed, with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&ItemKey, &str)> {
        self.items.iter().filter_map(|item| match &item.outcome {
            Some(ItemOutcome::Failed { reason, .. } | ItemOutcome::Skipped { reason }) => {
                Some((&item.key, reason.as_str()))
            }
            _ => None,
        })
    }
}

/// Why there is no comparison.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriftError {
    /// We were told to stop.
    #[error("cancelled")]
    Cancelled,
    /// A setting cannot be right.
    #[error("{0}")]
    Settings(String),
    /// The login or the token was refused.
    #[error("{0}")]
    Refused(String),
    /// The server failed.
    #[error("{message}")]
    Failed {
        /// What was tried, what the server said, what to do.
        message: String,
        /// How long it asks to wait, if it does.
        asked: Option<Duration>,
    },
}

impl From<openmetadata::Error> for DriftError {
    fn from(error: openmetadata::Error) -> Self {
        use openmetadata::Error;
        let message = error.to_string();
        match error {
            Error::Setup(_) => Self::Settings(message),
            Error::BadLogin { .. } | Error::Unauthorized { .. } => Self::Refused(message),
            Error::Limited { retry_after, .. } => Self::Failed { message, asked: retry_after },
            _ => Self::Failed { message, asked: None },
        }
    }
}

impl From<PrepareError> for DriftError {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Cancelled => Self::Cancelled,
            PrepareError::ServiceName(_) | PrepareError::PruneOfPart => {
                Self::Settings(error.to_string())
            }
            PrepareError::OpenMetadata(error) => error.into(),
        }
    }
}

/// Compares what was read with OpenMetadata and writes what is permitted. `left_out` are paths that
/// the settings leave out although a view names them, `told` is what was last said.
pub(super) async fn drift(
    (dremio, client): (&dremio::Client, &openmetadata::Client),
    reading: &Reading,
    left_out: Vec<DatasetPath>,
    options: &DriftOptions,
    told: Option<&str>,
    on_event: &(dyn Fn(Event) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<Drift, DriftError> {
    if let Some(missing) = options.within.iter().find(|path| reading.catalog.at(path).is_none())
        && !reading.is_partial()
    {
        return Err(DriftError::Settings(format!(
            "--space {missing}: Dremio has no such space, source or folder"
        )));
    }
    let server = tokio::select! {
        server = client.connect() => server?,
        () = cancel.cancelled() => return Err(DriftError::Cancelled),
    };
    let permits = if reading.is_partial() {
        options.permits.of_partial_reading()
    } else {
        options.permits.clone()
    };
    let settings =
        SyncSettings { prune: permits.allow(Permit::Delete), ..options.settings.clone() };
    let selection =
        Selection { within: options.within.clone(), without: left_out, ..Selection::default() };
    let sources = Sources {
        catalog: &reading.catalog,
        graph: &reading.graph,
        dremio,
        openmetadata: client,
        server: &server,
        data_dir: options.data_dir.as_deref(),
    };
    let on_step = |step| on_event(Event::Step(step));
    let mut prepared = prepare(sources, &selection, &settings, &on_step, cancel).await?;
    let (excluded, to_write) = choose(&prepared.plan, &permits);
    let held_back = guard(&prepared, &excluded, to_write, options);
    let report = if to_write > 0 && held_back.is_none() {
        Some(write(client, &server, &mut prepared, &excluded, options, on_event, cancel).await)
    } else {
        None
    };
    Ok(conclude(server, prepared, &permits, held_back, report, told))
}

/// The items that are not to be written, with those that need one of them, and how many of the others
/// would be written.
fn choose(plan: &Plan, permits: &Permits) -> (BTreeSet<usize>, usize) {
    let mut excluded = BTreeSet::new();
    // Entities that will still not be there; the plan has parents first, and edges after all of them.
    let mut missing: HashSet<&str> = HashSet::new();
    let mut to_write = 0;
    for (index, item) in plan.items.iter().enumerate() {
        let Some(permit) = Permit::of(item) else { continue };
        let needs_missing = match &item.key {
            ItemKey::Entity(_, fqn) => {
                let mut ends = fqn.match_indices('.').map(|(end, _)| end);
                ends.any(|end| missing.contains(&fqn[..end]))
            }
            ItemKey::Edge { from, to } => {
                missing.contains(from.as_str()) || missing.contains(to.as_str())
            }
        };
        if permits.allow(permit) && !needs_missing {
            to_write += 1;
            continue;
        }
        excluded.insert(index);
        if let (ItemKey::Entity(_, fqn), Action::Create | Action::Restore) =
            (&item.key, item.action)
        {
            missing.insert(fqn);
        }
    }
    (excluded, to_write)
}

/// Why a plan is too odd to be applied with nobody looking.
fn guard(
    prepared: &Prepared,
    excluded: &BTreeSet<usize>,
    to_write: usize,
    options: &DriftOptions,
) -> Option<String> {
    let most = options.max_changes;
    if to_write > most {
        return Some(format!(
            "nothing was written: {to_write} items would be, and watch.max_changes allows {most} at a \
             time; look with `sync --dry-run` and write with `sync`, or allow more with --max-changes"
        ));
    }
    let deletes = prepared.plan.items.iter().enumerate().filter(|(index, item)| {
        let is_table = matches!(item.key, ItemKey::Entity(EntityType::Table, _));
        is_table && item.action == Action::Delete && !excluded.contains(index)
    });
    let deletes = deletes.count();
    let live = prepared.current.tables.iter().filter(|table| !table.common.deleted).count();
    (deletes > FEW_TABLES && deletes * 4 > live).then(|| {
        format!(
            "nothing was written: {deletes} of {live} tables would be deleted, which looks as if this \
             login saw less of Dremio than before; if they are gone for good, use `sync --prune`"
        )
    })
}

/// Applies the plan but for what is excluded.
async fn write(
    client: &openmetadata::Client,
    server: &openmetadata::ServerInfo,
    prepared: &mut Prepared,
    excluded: &BTreeSet<usize>,
    options: &DriftOptions,
    on_event: &(dyn Fn(Event) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<Written, String> {
    let is_chosen = |(index, _): &(usize, _)| !excluded.contains(index);
    let items = prepared.plan.items.iter().enumerate().filter(is_chosen);
    let all = items.filter(|(_, item)| item.action.writes()).count();
    let done = AtomicUsize::new(0);
    let on_apply = |event| {
        if let ApplyEvent::Finished(..) = event {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            on_event(Event::Applying { done, all });
        }
    };
    let writing = Writing {
        client,
        server,
        excluded,
        max_workers: options.max_workers,
        batch_size: options.batch_size,
        on_event: &on_apply,
    };
    prepared.write(writing, cancel).await.map_err(|error| {
        format!("nothing was written: the journal of the sync cannot be written: {error}")
    })
}

fn conclude(
    server: openmetadata::ServerInfo,
    prepared: Prepared,
    permits: &Permits,
    mut held_back: Option<String>,
    written: Option<Result<Written, String>>,
    told: Option<&str>,
) -> Drift {
    let (report, notes) = match written {
        Some(Ok(Written { report, notes })) => (Some(report), notes),
        Some(Err(why)) => {
            held_back = Some(why);
            (None, Vec::new())
        }
        None => (None, Vec::new()),
    };
    let outcome = |index: usize| report.as_ref()?.outcomes.get(index).cloned();
    let mut still_open = String::new();
    let mut items = Vec::new();
    for (index, item) in prepared.plan.items.iter().enumerate() {
        if !item.action.writes() && item.action != Action::Conflict {
            continue;
        }
        let outcome = outcome(index)
            .filter(|outcome| !matches!(outcome, ItemOutcome::Excluded | ItemOutcome::Untouched));
        if !matches!(outcome, Some(ItemOutcome::Done { .. })) {
            let facts = (&item.key, item.action, &item.changes);
            still_open.push_str(&serde_json::to_string(&facts).unwrap_or_default());
        }
        items.push(DriftItem {
            key: item.key.clone(),
            action: item.action,
            is_permitted: Permit::of(item).is_some_and(|permit| permits.allow(permit)),
            outcome,
        });
    }
    let fingerprint = (!still_open.is_empty()).then(|| hash(&still_open));
    let has_written = items.iter().any(|item| item.outcome.is_some());
    Drift {
        service: prepared.plan.service.clone(),
        counts: prepared.plan.counts(),
        is_news: has_written || fingerprint.as_deref() != told,
        held_back,
        applied: report.map(|report| Applied {
            statistics: report.statistics,
            ended_early: report.ended_early,
            notes,
        }),
        interrupted: prepared.interrupted,
        fingerprint,
        items,
        server,
    }
}
