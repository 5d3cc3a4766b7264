//! The part of a run that sends new tables in bulk requests.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use futures::stream::{self, StreamExt as _};

use super::{ItemOutcome, Run};
use crate::sync::bulk::Batch;
use crate::sync::plan::{Action, Item, ItemKey};

impl Run<'_> {
    /// Sends new tables in batches where the server offers that; gives back what has to go one by
    /// one.
    pub(super) async fn bulk_tables(&self, indices: Vec<usize>) -> Vec<usize> {
        let (mut bulk, mut singles) = (Vec::new(), Vec::new());
        for index in indices {
            let item = &self.application.plan.items[index];
            if let Some(reason) = self.obstacle(item) {
                self.finish(index, ItemOutcome::Skipped { reason });
            } else if item.action == Action::Create
                && item.data_model.is_none()
                && !item.must_be_read_back()
            {
                bulk.push(index);
            } else {
                // Updates need the answer's columns, repairs and patches their own order.
                singles.push(index);
            }
        }
        let mut batches = bulk.chunks(self.application.options.batch_size);
        let Some(first) = batches.next().filter(|_| !self.is_ended()) else { return singles };
        // The first batch finds out whether there is such a thing.
        let left = self.batch(first).await;
        if left.len() == first.len() {
            singles.extend(bulk);
            return singles;
        }
        singles.extend(left);
        let left: Vec<Vec<usize>> = stream::iter(batches)
            .map(|batch| self.batch(batch))
            .buffer_unordered(self.workers())
            .collect()
            .await;
        singles.extend(left.into_iter().flatten());
        singles
    }

    /// Sends one batch, in parts if the server finds it too large. Gives back what it did not take
    /// for a reason that says nothing of the rows: alone, each gets its own answer.
    async fn batch(&self, indices: &[usize]) -> Vec<usize> {
        let mut left = Vec::new();
        let mut parts = vec![indices];
        while let Some(part) = parts.pop() {
            if self.is_ended() {
                break;
            }
            let most = self.most_rows.load(Ordering::Relaxed);
            if most == 0 {
                left.extend_from_slice(part);
                continue;
            }
            if part.len() > most {
                parts.extend(part.chunks(most).rev());
                continue;
            }
            let items: Vec<&Item> =
                part.iter().map(|index| &self.application.plan.items[*index]).collect();
            // Noted before it is sent: a run that is killed now must know what is in doubt.
            for index in part {
                self.begin(*index);
            }
            match self.writer.write_batch(&items).await {
                Ok(Batch::Rows(rows)) => {
                    for (index, row) in part.iter().zip(rows) {
                        self.unanswered.store(0, Ordering::Relaxed);
                        self.finish(
                            *index,
                            match row {
                                Ok(()) => ItemOutcome::Done { notes: Vec::new() },
                                Err(reason) => ItemOutcome::Failed { reason, in_doubt: false },
                            },
                        );
                    }
                }
                // Half of one row is none: then bulk requests are of no use here.
                Ok(Batch::TooLarge) => {
                    self.most_rows.fetch_min(part.len() / 2, Ordering::Relaxed);
                    parts.push(part);
                }
                Err(error) if error.is_fatal() => {
                    for index in part {
                        self.conclude(*index, Err(error.clone()));
                    }
                }
                Ok(Batch::NotOffered) | Err(_) => left.extend_from_slice(part),
            }
        }
        left
    }

    /// Learns about the ends of edges that bulk requests have made. What cannot be learnt so is
    /// asked for when its edge is written.
    pub(super) async fn learn_ends(&self, edges: &[usize]) {
        let ends: BTreeSet<&str> = edges
            .iter()
            .filter_map(|index| match &self.application.plan.items[*index].key {
                ItemKey::Edge { from, to } => Some([from.as_str(), to.as_str()]),
                ItemKey::Entity(..) => None,
            })
            .flatten()
            .collect();
        if let Err(error) = self.writer.learn(ends.into_iter(), self.workers()).await
            && error.is_fatal()
        {
            self.stop(error.to_string());
        }
    }
}
