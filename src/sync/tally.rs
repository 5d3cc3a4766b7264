//! What a run came to: counts, and whose edges need not be read next time.

use std::collections::BTreeMap;

use super::apply::{ItemOutcome, Statistics};
use super::desired::Body;
use super::handles::Handles;
use super::plan::{Action, Current, ItemKey, Payload, Plan};

/// Counts what became of a plan's items.
pub(super) fn statistics(plan: &Plan, outcomes: &[ItemOutcome]) -> Statistics {
    let mut statistics = Statistics::default();
    for (item, outcome) in plan.items.iter().zip(outcomes) {
        let count = match outcome {
            ItemOutcome::Untouched if item.action == Action::Conflict => &mut statistics.errors,
            ItemOutcome::Untouched => &mut statistics.unchanged,
            ItemOutcome::Excluded => &mut statistics.excluded,
            ItemOutcome::NotBegun => &mut statistics.not_begun,
            ItemOutcome::Failed { .. } | ItemOutcome::Skipped { .. } => &mut statistics.errors,
            ItemOutcome::Done { .. } => match (&item.key, item.action, &item.payload) {
                (_, Action::Delete, _) => &mut statistics.deleted,
                (ItemKey::Edge { .. }, ..) => &mut statistics.edges,
                (_, _, Some(Payload::Put(Body::Database(_)))) => &mut statistics.databases,
                (_, _, Some(Payload::Put(Body::Schema(_)))) => &mut statistics.schemas,
                (_, _, Some(Payload::Put(Body::Table(_)))) => &mut statistics.tables,
                _ => continue,
            },
        };
        *count += 1;
    }
    statistics
}

/// Which tables' edges are now all as desired, and which have to be read again.
pub(super) fn edges_settled(
    plan: &Plan,
    outcomes: &[ItemOutcome],
    handles: &Handles,
    current: &Current,
) -> (Vec<(String, String)>, Vec<String>) {
    let mut is_good: BTreeMap<&str, bool> = BTreeMap::new();
    for (item, outcome) in plan.items.iter().zip(outcomes) {
        let ItemKey::Edge { to, .. } = &item.key else { continue };
        // Somebody else's edge: it is in the journal until it is back.
        if matches!(item.payload, Some(Payload::PutBack(_))) {
            continue;
        }
        let good = match outcome {
            ItemOutcome::Untouched => matches!(item.action, Action::Unchanged | Action::Keep),
            ItemOutcome::Done { notes } => notes.is_empty(),
            _ => false,
        };
        *is_good.entry(to).or_insert(true) &= good;
    }
    let (mut settled, mut unsettled) = (Vec::new(), Vec::new());
    for (to, good) in is_good {
        match handles.id(to) {
            Some(id) if good => settled.push((to.to_owned(), id)),
            _ if current.settled.contains(to) && good => {}
            _ => unsettled.push(to.to_owned()),
        }
    }
    (settled, unsettled)
}
