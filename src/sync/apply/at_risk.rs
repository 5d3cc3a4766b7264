//! The part of a run that keeps edges which the server rewrites when columns of a table go (quirk 15).

use std::collections::HashSet;

use futures::stream::{self, StreamExt as _};

use super::{ItemOutcome, Run, lock};
use crate::openmetadata::Error;
use crate::sync::plan::ItemKey;
use crate::sync::rescue::{self, EdgesAtRisk};

impl Run<'_> {
    /// The edges of tables whose columns will go, as they are before anything is written.
    pub(super) async fn edges_at_risk(
        &self,
        indices: &[usize],
    ) -> Vec<(usize, Result<EdgesAtRisk, Error>)> {
        let items = &self.application.plan.items;
        let risky = indices.iter().copied().filter(|index| rescue::is_risky(&items[*index]));
        stream::iter(risky)
            .map(|index| async move { (index, self.writer.edges_at_risk(&items[index]).await) })
            .buffer_unordered(self.application.options.max_workers.max(1))
            .collect()
            .await
    }

    /// Puts those edges back that the plan will not write itself, also when the run has ended: what
    /// was there before must not be lost.
    pub(super) async fn put_back(&self, at_risk: Vec<(usize, Result<EdgesAtRisk, Error>)>) {
        if at_risk.is_empty() {
            return;
        }
        let planned: HashSet<(String, String)> = self
            .application
            .plan
            .items
            .iter()
            .enumerate()
            .filter(|(index, item)| item.action.writes() && self.is_open(*index))
            .filter_map(|(_, item)| match &item.key {
                ItemKey::Edge { from, to } => Some((self.writer.id(from)?, self.writer.id(to)?)),
                ItemKey::Entity(..) => None,
            })
            .collect();
        for (index, edges) in at_risk {
            if !matches!(lock(&self.outcomes)[index], ItemOutcome::Done { .. }) {
                continue;
            }
            let told = match edges {
                Ok(edges) => self.writer.put_back(&edges, &planned).await,
                Err(error) => vec![format!(
                    "its lineage edges could not be read before it was written, so that what the server made of them stays: {error}"
                )],
            };
            if let ItemOutcome::Done { notes } = &mut lock(&self.outcomes)[index] {
                notes.extend(told);
            }
        }
    }
}
