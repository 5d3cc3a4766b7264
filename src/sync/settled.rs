//! [`SettledEdges`]: which tables' edges were written and read back by an earlier run, so that a run
//! in which nothing changed needs list calls only.
//!
//! Pure; where it is kept is the caller's business. Losing it costs one read a table, nothing else.

use std::collections::{BTreeMap, HashMap};

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::desired::{Desired, DesiredEdge};
use super::fitting::Fitting;
use super::plan::Current;
use crate::openmetadata::entity::StoredCommon;

/// Tables by FQN, with what was written for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SettledEdges(BTreeMap<String, Settled>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Settled {
    /// The table that had them; another one of the same name starts anew.
    id: String,
    /// MD5 of the edges as desired.
    hash: String,
    /// There were no others that we once wrote: pruning has nothing to look for.
    #[serde(default)]
    exact: bool,
}

/// MD5 of the edges desired into each table that has any, by the table's FQN.
#[derive(Clone, Debug, Default)]
pub struct EdgeHashes(HashMap<String, String>);

impl EdgeHashes {
    /// Hashes all edges of a projection, as far as what is stored beside them has their columns: once
    /// it has more, they are not settled any more.
    pub fn of(desired: &Desired, current: &Current) -> Self {
        let fitting = Fitting::new(desired, current);
        let fitted: Vec<_> = desired.edges.iter().map(|edge| fitting.edge(edge).edge).collect();
        let mut edges: Vec<&DesiredEdge> = fitted.iter().map(|edge| &**edge).collect();
        edges.sort_by(|a, b| (&a.to, &a.from).cmp(&(&b.to, &b.from)));
        let groups = edges.chunk_by(|a, b| a.to == b.to);
        Self(groups.map(|group| (group[0].to.clone(), hash(group))).collect())
    }
}

impl SettledEdges {
    /// Whether the edges into a stored table are those desired now.
    pub fn holds(&self, table: &StoredCommon, hashes: &EdgeHashes) -> bool {
        let fqn = &table.fully_qualified_name;
        self.0.get(fqn).is_some_and(|settled| {
            settled.id == table.id && hashes.0.get(fqn) == Some(&settled.hash)
        })
    }

    /// Whether a run that pruned has left a table's edges so that they are those desired and no
    /// others of ours; for a table whose edges [hold](Self::holds).
    pub fn is_exact(&self, fqn: &str) -> bool {
        self.0.get(fqn).is_some_and(|settled| settled.exact)
    }

    /// Remembers that the edges into a table are now those desired.
    pub fn settle(&mut self, hashes: &EdgeHashes, fqn: &str, id: &str) {
        if let Some(hash) = hashes.0.get(fqn) {
            let mut settled = Settled { id: id.to_owned(), hash: hash.clone(), exact: true };
            settled.exact = self.0.get(fqn) == Some(&settled);
            self.0.insert(fqn.to_owned(), settled);
        }
    }

    /// Remembers that there are no edges of ours into a settled table that its SQL does not support.
    pub fn mark_exact(&mut self, fqn: &str) {
        if let Some(settled) = self.0.get_mut(fqn) {
            settled.exact = true;
        }
    }

    /// Forgets a table: its edges have to be read next time.
    pub fn unsettle(&mut self, fqn: &str) {
        self.0.remove(fqn);
    }
}

fn hash(edges: &[&DesiredEdge]) -> String {
    let mut digest = Md5::new();
    for edge in edges {
        digest.update(serde_json::to_vec(edge).unwrap_or_default());
    }
    super::desired::hex(&digest.finalize())
}
