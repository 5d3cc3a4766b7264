//! The part of a run that keeps edges which the server rewrites when columns of a table go (quirk 15).

use std::collections::HashSet;

use futures::stream::{self, StreamExt as _};

use super::{ItemOutcome, Run, lock};
use crate::sync::plan::{ItemKey, Payload};
use crate::sync::rescue::{self, EdgesAtRisk, Ends};

impl Run<'_> {
    /// Reads the edges of tables whose columns will go and notes them in the journal, before
    /// anything is written. Gives the items that may be written now, and what to put back after: a
    /// table whose edges cannot be read is not written, since it would cost people what they drew.
    pub(super) async fn secure_edges(
        &self,
        indices: Vec<usize>,
    ) -> (Vec<usize>, Vec<(usize, EdgesAtRisk)>) {
        let items = &self.application.plan.items;
        let (risky, mut open): (Vec<usize>, Vec<usize>) =
            indices.into_iter().partition(|index| rescue::is_risky(&items[*index]));
        if risky.is_empty() {
            return (open, Vec::new());
        }
        let planned = self.planned_edges();
        let planned = &planned;
        let mut reads =
            stream::iter(risky)
                .map(|index| async move {
                    (index, self.writer.edges_at_risk(&items[index], planned).await)
                })
                .buffer_unordered(self.workers());
        let mut at_risk = Vec::new();
        while let Some((index, edges)) = reads.next().await {
            match edges {
                Ok(edges) => {
                    self.note_at_risk(&edges);
                    at_risk.push((index, edges));
                    open.push(index);
                }
                Err(error) => {
                    self.begin(index);
                    self.refuse(
                        index,
                        &error,
                        format!(
                            "not written, since the server rewrites its lineage edges with it and these could not be read before: {error}"
                        ),
                    );
                }
            }
        }
        // The plan's order, as if nothing were at risk.
        open.sort_unstable();
        (open, at_risk)
    }

    /// The ends of edges that the plan writes itself.
    fn planned_edges(&self) -> HashSet<Ends> {
        let items = self.application.plan.items.iter().enumerate();
        items
            .filter(|(index, item)| item.action.writes() && self.is_open(*index))
            .filter_map(|(_, item)| match (&item.key, &item.payload) {
                (_, Some(Payload::PutBack(edge))) => Some(edge.ends()),
                (ItemKey::Edge { from, to }, _) => {
                    Some((self.writer.id(from)?, self.writer.id(to)?))
                }
                (ItemKey::Entity(..), _) => None,
            })
            .collect()
    }

    fn note_at_risk(&self, edges: &EdgesAtRisk) {
        let Some(journal) = self.application.journal else { return };
        let mut journal = lock(journal);
        let written = edges.edges.iter().try_for_each(|edge| journal.at_risk(edge));
        drop(journal);
        self.report_journal_trouble(written);
    }

    /// Puts back what the server made of the edges, also when the run has ended: what was there
    /// before must not be lost.
    pub(super) async fn put_back(&self, at_risk: Vec<(usize, EdgesAtRisk)>) {
        stream::iter(at_risk)
            .for_each_concurrent(self.workers(), |(index, edges)| async move {
                let may_be_rewritten = matches!(
                    lock(&self.outcomes)[index],
                    ItemOutcome::Done { .. } | ItemOutcome::Failed { in_doubt: true, .. }
                );
                let (safe, told) = if may_be_rewritten {
                    self.writer.put_back(&edges).await
                } else {
                    (edges.edges.iter().map(rescue::EdgeBefore::ends).collect(), Vec::new())
                };
                if let Some(journal) = self.application.journal {
                    let mut journal = lock(journal);
                    let written = safe.iter().try_for_each(|ends| journal.safe(ends));
                    drop(journal);
                    self.report_journal_trouble(written);
                }
                match &mut lock(&self.outcomes)[index] {
                    ItemOutcome::Done { notes } => notes.extend(told),
                    ItemOutcome::Failed { reason, .. } => {
                        for note in told {
                            reason.push_str("; ");
                            reason.push_str(&note);
                        }
                    }
                    _ => {}
                }
            })
            .await;
    }
}
