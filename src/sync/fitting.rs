//! [`Fitting`]: edges with the columns that their ends will have once a sync is through.
//!
//! The server drops a mapping of a column that it does not know, in silence (quirk 17): what cannot be
//! stored is not planned either, or it would be planned anew each time.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::desired::{Desired, DesiredEdge, DesiredEntity};
use super::handles::Handles;
use super::plan::Current;
use crate::model::path::fold;

/// What is known of the columns at the ends of edges.
pub(super) struct Fitting<'a> {
    wanted: HashMap<&'a str, &'a DesiredEntity>,
    stored: Handles,
}

/// An edge as it can be stored.
pub(super) struct Fitted<'a> {
    /// With those of its columns that both ends have.
    pub(super) edge: Cow<'a, DesiredEdge>,
    /// Mappings that are left out, wholly or in part, until a table has their columns.
    pub(super) waiting: usize,
    /// The columns of an end could not be read in Dremio: what is stored of them stays.
    pub(super) is_blind: bool,
}

impl<'a> Fitted<'a> {
    /// The edge as it is.
    pub(super) fn whole(edge: &'a DesiredEdge) -> Self {
        Self { edge: Cow::Borrowed(edge), waiting: 0, is_blind: false }
    }
}

impl<'a> Fitting<'a> {
    pub(super) fn new(desired: &'a Desired, current: &Current) -> Self {
        let ends: HashSet<&str> =
            desired.edges.iter().flat_map(|edge| [&*edge.from, &*edge.to]).collect();
        let wanted: HashMap<&str, &DesiredEntity> = desired
            .entities
            .iter()
            .filter(|entity| ends.contains(entity.fqn.as_str()))
            .map(|entity| (entity.fqn.as_str(), entity))
            .collect();
        let is_as_wanted = |fqn: &str| wanted.get(fqn).is_some_and(|entity| entity.columns_known);
        let mut stored = Handles::default();
        for table in &current.tables {
            let fqn = table.common.fully_qualified_name.as_str();
            if ends.contains(fqn) && !is_as_wanted(fqn) {
                stored.add(table);
            }
        }
        Self { wanted, stored }
    }

    pub(super) fn edge(&self, edge: &'a DesiredEdge) -> Fitted<'a> {
        let is_blind = [&edge.from, &edge.to]
            .iter()
            .any(|fqn| self.wanted.get(fqn.as_str()).is_some_and(|entity| !entity.columns_known));
        let has = |fqn: &str, column: &str| {
            // A table that will have Dremio's columns, or of which nothing is known, limits nothing.
            let handle = self.stored.get(fqn).filter(|handle| !handle.columns.is_empty());
            handle.is_none_or(|handle| handle.columns.contains_key(&fold(column)))
        };
        let fits = |(from, to, _): &(Vec<String>, String, Option<String>)| {
            has(&edge.to, to) && from.iter().all(|column| has(&edge.from, column))
        };
        let waiting = edge.columns.iter().filter(|mapping| !fits(mapping)).count();
        if waiting == 0 {
            return Fitted { edge: Cow::Borrowed(edge), waiting, is_blind };
        }
        let mut fitted = edge.clone();
        for (from, _, _) in &mut fitted.columns {
            from.retain(|column| has(&edge.from, column));
        }
        fitted.columns.retain(|(from, to, _)| !from.is_empty() && has(&edge.to, to));
        Fitted { edge: Cow::Owned(fitted), waiting, is_blind }
    }
}
