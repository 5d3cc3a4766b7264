//! Applying a [`Plan`]: parents before children, a bounded number of requests at once, every item
//! with its own outcome.
//!
//! A failed item costs itself and what stands below it, never the run. Cancelling takes effect
//! between requests; what is under way is waited for.

mod at_risk;
mod batches;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::handles::Handles;
use super::journal::Journal;
use super::phase::Phase;
use super::plan::{Action, Current, Item, ItemKey, Payload, Plan};
use super::tally::{edges_settled, statistics};
use super::write::Writer;
use crate::openmetadata::{Client, Error, names};

/// So many items in a row without an answer, each tried as often as the settings say, and the
/// server is taken to be gone: trying the others would take hours.
const GONE_AFTER: usize = 8;

/// Settings of an application.
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// Requests under way at once.
    pub max_workers: usize,
    /// New tables in one bulk request, where the server offers that; 1 = each by itself.
    pub batch_size: usize,
    /// The server stores a row when only the view's SQL differs; else SQL is verified by reading.
    pub stores_sql_changes: bool,
}

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ItemOutcome {
    /// Nothing was to be done.
    Untouched,
    /// It was done.
    Done {
        /// What the server did not take over although it said yes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
    },
    /// The server refused, or could not be reached.
    Failed {
        /// Why, and what to do.
        reason: String,
        /// Whether it may have been done all the same.
        in_doubt: bool,
    },
    /// Not tried, because something it needs failed.
    Skipped {
        /// What.
        reason: String,
    },
    /// Left out on request.
    Excluded,
    /// The run ended before its turn.
    NotBegun,
}

/// Something worth telling while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyEvent {
    /// An item (by its index in the plan) is being sent.
    Begun(usize),
    /// An item is finished.
    Finished(usize, ItemOutcome),
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Databases written.
    pub databases: usize,
    /// Schemas written.
    pub schemas: usize,
    /// Tables written.
    pub tables: usize,
    /// Lineage edges written.
    pub edges: usize,
    /// Items soft-deleted.
    pub deleted: usize,
    /// Items that were as they should be, or were kept on purpose.
    pub unchanged: usize,
    /// Items left out on request.
    pub excluded: usize,
    /// Items that failed or could not be tried.
    pub errors: usize,
    /// Items whose turn never came.
    pub not_begun: usize,
}

/// The whole result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// By index in the plan.
    pub outcomes: Vec<ItemOutcome>,
    /// Counts.
    pub statistics: Statistics,
    /// Why the run ended early, if it did: cancelled, or an error that every request would meet.
    pub ended_early: Option<String>,
    /// Tables whose edges are now all as desired, with their ids.
    pub settled: Vec<(String, String)>,
    /// Tables whose edges must be read next time.
    pub unsettled: Vec<String>,
}

/// A plan with all that applying it takes.
#[derive(Clone, Copy)]
pub struct Application<'a> {
    /// Where to.
    pub client: &'a Client,
    /// What.
    pub plan: &'a Plan,
    /// The state on which the plan rests.
    pub current: &'a Current,
    /// Indices of items that are left out; what needs them and finds them missing is skipped.
    pub excluded: &'a BTreeSet<usize>,
    /// How.
    pub options: &'a ApplyOptions,
    /// Where it is noted what was begun and done.
    pub journal: Option<&'a Mutex<Journal>>,
    /// Who hears of it.
    pub on_event: &'a (dyn Fn(ApplyEvent) + Send + Sync),
}

/// Applies a plan.
pub async fn apply(application: Application<'_>, cancel: &CancellationToken) -> Report {
    let plan = application.plan;
    let run = Run {
        application,
        cancel,
        writer: Writer::new(
            application.client,
            application.options,
            Handles::of(application.current),
        ),
        outcomes: Mutex::new(vec![ItemOutcome::NotBegun; plan.items.len()]),
        failed: Mutex::default(),
        fatal: Mutex::default(),
        is_stopped: CancellationToken::new(),
        unanswered: AtomicUsize::new(0),
        most_rows: AtomicUsize::new(application.options.batch_size.max(1)),
    };
    run.settle_what_is_not_written();
    for phase in Phase::ALL {
        let indices: Vec<usize> = plan
            .items
            .iter()
            .enumerate()
            .filter(|(index, item)| Phase::of(item) == Some(phase) && run.is_open(*index))
            .map(|(index, _)| index)
            .collect();
        run.phase(phase, indices).await;
    }
    run.report()
}

struct Run<'a> {
    application: Application<'a>,
    cancel: &'a CancellationToken,
    writer: Writer<'a>,
    outcomes: Mutex<Vec<ItemOutcome>>,
    /// FQNs of entities that are not there because their own item failed or was left out.
    failed: Mutex<HashMap<String, String>>,
    fatal: Mutex<Option<String>>,
    is_stopped: CancellationToken,
    /// Items in a row that the server did not answer.
    unanswered: AtomicUsize,
    /// How many rows a bulk request may have, as far as the server has told; 0 = not even one.
    most_rows: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run<'_> {
    fn settle_what_is_not_written(&self) {
        let mut outcomes = lock(&self.outcomes);
        for (index, item) in self.application.plan.items.iter().enumerate() {
            if !item.action.writes() {
                outcomes[index] = ItemOutcome::Untouched;
            } else if self.application.excluded.contains(&index) {
                outcomes[index] = ItemOutcome::Excluded;
                if let (ItemKey::Entity(_, fqn), Action::Create | Action::Restore) =
                    (&item.key, item.action)
                {
                    lock(&self.failed).insert(fqn.clone(), "was left out".to_owned());
                }
            }
        }
    }

    fn is_open(&self, index: usize) -> bool {
        lock(&self.outcomes)[index] == ItemOutcome::NotBegun
    }

    fn is_ended(&self) -> bool {
        self.cancel.is_cancelled() || self.is_stopped.is_cancelled()
    }

    async fn phase(&self, phase: Phase, indices: Vec<usize>) {
        let (mut singles, at_risk) = self.secure_edges(indices).await;
        if phase == Phase::Tables && self.application.options.batch_size > 1 {
            singles = self.bulk_tables(singles).await;
        }
        if phase == Phase::Edges && !self.is_ended() {
            self.learn_ends(&singles).await;
        }
        stream::iter(singles)
            .for_each_concurrent(self.workers(), |index| async move {
                if !self.is_ended() {
                    self.one(index).await;
                }
            })
            .await;
        self.put_back(at_risk).await;
        if phase == Phase::Edges && !self.is_ended() {
            self.verify_edges().await;
        }
    }

    async fn one(&self, index: usize) {
        let item = &self.application.plan.items[index];
        if let Some(reason) = self.obstacle(item) {
            self.finish(index, ItemOutcome::Skipped { reason });
            return;
        }
        self.begin(index);
        let result = self.writer.write(item).await;
        self.conclude(index, result);
    }

    fn workers(&self) -> usize {
        self.application.options.max_workers.max(1)
    }

    /// What keeps an item from being tried.
    fn obstacle(&self, item: &Item) -> Option<String> {
        let failed = lock(&self.failed);
        let parent_failed = |fqn: &str| {
            let mut parts = names::split_fqn(fqn).ok()?;
            while parts.pop().is_some() && !parts.is_empty() {
                let parent = names::build_fqn(&parts).ok()?;
                if let Some(why) = failed.get(&parent) {
                    return Some(format!("{parent} {why}"));
                }
            }
            None
        };
        match (&item.key, item.action) {
            (_, Action::Delete) => None,
            (ItemKey::Entity(_, fqn), _) => parent_failed(fqn),
            (ItemKey::Edge { from, to }, _) => [from, to].into_iter().find_map(|fqn| {
                let own = failed.get(fqn).map(|why| format!("{fqn} {why}"));
                own.or_else(|| parent_failed(fqn))
            }),
        }
    }

    fn begin(&self, index: usize) {
        if let Some(journal) = self.application.journal {
            let written = lock(journal).begin(&self.application.plan.items[index].key);
            self.report_journal_trouble(written);
        }
        (self.application.on_event)(ApplyEvent::Begun(index));
    }

    fn conclude(&self, index: usize, result: Result<Vec<String>, Error>) {
        match result {
            Ok(notes) => {
                self.unanswered.store(0, Ordering::Relaxed);
                self.finish(index, ItemOutcome::Done { notes });
            }
            Err(error) => {
                self.mark(&error);
                let in_doubt = error.may_have_happened();
                self.finish(index, ItemOutcome::Failed { reason: error.to_string(), in_doubt });
            }
        }
    }

    /// An item of which nothing was sent, because something before it failed.
    fn refuse(&self, index: usize, error: &Error, reason: String) {
        self.mark(error);
        self.finish(index, ItemOutcome::Failed { reason, in_doubt: false });
    }

    /// Draws from an error what it means for the run.
    fn mark(&self, error: &Error) {
        if error.is_fatal() {
            self.stop(error.to_string());
        } else if is_unanswered(error) {
            let count = self.unanswered.fetch_add(1, Ordering::Relaxed) + 1;
            if count >= GONE_AFTER {
                self.stop(format!("no answer to {count} items in a row; the last: {error}"));
            }
        } else {
            self.unanswered.store(0, Ordering::Relaxed);
        }
    }

    /// Lets nothing more begin; the first reason is the one that is told.
    fn stop(&self, reason: String) {
        lock(&self.fatal).get_or_insert(reason);
        self.is_stopped.cancel();
    }

    fn finish(&self, index: usize, outcome: ItemOutcome) {
        let item = &self.application.plan.items[index];
        let trouble = match &outcome {
            ItemOutcome::Failed { reason, .. } => Some(("could not be written", reason.as_str())),
            ItemOutcome::Skipped { reason } => Some(("was skipped", reason.as_str())),
            _ => None,
        };
        // What exists already can still be a parent when its update fails.
        if let (Some((why, _)), ItemKey::Entity(_, fqn), Action::Create | Action::Restore) =
            (trouble, &item.key, item.action)
        {
            lock(&self.failed).insert(fqn.clone(), why.to_owned());
        }
        if let Some(journal) = self.application.journal {
            let mut journal = lock(journal);
            let written = match (&outcome, trouble) {
                // In doubt is what begun without an end means.
                (ItemOutcome::Failed { in_doubt: true, .. }, _) => Ok(()),
                (_, Some((_, reason))) => journal.failed(&item.key, reason),
                (ItemOutcome::Done { .. }, None) => journal.done(&item.key),
                _ => Ok(()),
            };
            drop(journal);
            self.report_journal_trouble(written);
        }
        lock(&self.outcomes)[index] = outcome.clone();
        (self.application.on_event)(ApplyEvent::Finished(index, outcome));
    }

    /// A run whose journal cannot be written must not go on: nobody could tell what it did.
    fn report_journal_trouble(&self, written: std::io::Result<()>) {
        if let Err(error) = written {
            self.stop(format!("the journal could not be written: {error}"));
        }
    }

    /// Reads back the edges of each table that got some, and notes what the server dropped.
    async fn verify_edges(&self) {
        let mut by_table: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        {
            let outcomes = lock(&self.outcomes);
            for (index, item) in self.application.plan.items.iter().enumerate() {
                let is_done = matches!(outcomes[index], ItemOutcome::Done { .. });
                if let (true, ItemKey::Edge { to, .. }, Some(Payload::Edge(_))) =
                    (is_done, &item.key, &item.payload)
                {
                    by_table.entry(to).or_default().push(index);
                }
            }
        }
        stream::iter(by_table)
            .for_each_concurrent(self.workers(), |(to, indices)| async move {
                if self.is_ended() {
                    return;
                }
                let items: Vec<&Item> =
                    indices.iter().map(|index| &self.application.plan.items[*index]).collect();
                let missing = self.writer.verify_edges(to, &items).await;
                for (index, note) in indices.into_iter().zip(missing) {
                    let Some(note) = note else { continue };
                    if let ItemOutcome::Done { notes } = &mut lock(&self.outcomes)[index] {
                        notes.push(note);
                    }
                }
            })
            .await;
    }

    fn report(self) -> Report {
        let current = self.application.current;
        let outcomes = self.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut ended_early = self.fatal.into_inner().unwrap_or_else(PoisonError::into_inner);
        let is_open = outcomes.contains(&ItemOutcome::NotBegun);
        if ended_early.is_none() && is_open && self.cancel.is_cancelled() {
            ended_early = Some("cancelled".to_owned());
        }
        let statistics = statistics(self.application.plan, &outcomes);
        let handles = self.writer.into_handles();
        let (settled, unsettled) =
            edges_settled(self.application.plan, &outcomes, &handles, current);
        Report { outcomes, statistics, ended_early, settled, unsettled }
    }
}

/// Whether the server, or whatever stands before it, gave no answer of its own.
fn is_unanswered(error: &Error) -> bool {
    matches!(error, Error::Unreachable { .. } | Error::Server { status: 502..=504, .. })
}
