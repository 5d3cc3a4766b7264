//! Bulk requests of [`Writer`]: many new tables in one request, where the server offers that
//! (contract §4.4).

use std::collections::{BTreeMap, HashMap};

use futures::stream::{self, StreamExt as _};

use super::desired::Body;
use super::plan::{Item, ItemKey, Payload};
use super::write::Writer;
use crate::openmetadata::entity::{CreateTable, EntityType, StoredTable};
use crate::openmetadata::{Error, names};

/// From so many unknown tables of a database on, listing it is less work than asking for each.
const WORTH_A_LISTING: usize = 4;

/// What became of a bulk request.
#[derive(Debug)]
pub(super) enum Batch {
    /// Row by row, in the order of the items; a refused one with its reason.
    Rows(Vec<Result<(), String>>),
    /// The server has no such endpoint, or does not understand the request as a whole.
    NotOffered,
    /// It takes fewer rows at once (413).
    TooLarge,
}

impl Writer<'_> {
    /// Learns the ids and columns of tables that a bulk request made, which does not tell them: one
    /// listing a database, since edges need most of them (contract §4.4).
    pub(super) async fn learn(
        &self,
        fqns: impl Iterator<Item = &str>,
        workers: usize,
    ) -> Result<(), Error> {
        let mut missing: BTreeMap<String, usize> = BTreeMap::new();
        for fqn in fqns {
            if self.knows(fqn) {
                continue;
            }
            let database =
                names::split_fqn(fqn).ok().and_then(|parts| names::build_fqn(parts.get(..2)?).ok());
            if let Some(database) = database {
                *missing.entry(database).or_default() += 1;
            }
        }
        // A few are read by name when their turn comes.
        let databases: Vec<String> = missing
            .into_iter()
            .filter(|(_, count)| *count >= WORTH_A_LISTING)
            .map(|(database, _)| database)
            .collect();
        let mut listings = stream::iter(databases)
            .map(|database| async move {
                let filter = ("database", database.as_str());
                self.client.list::<StoredTable>(EntityType::Table, filter, |_, _| ()).await
            })
            .buffer_unordered(workers.max(1));
        while let Some(tables) = listings.next().await {
            for table in tables? {
                self.remember(&table);
            }
        }
        Ok(())
    }

    /// Sends tables in one request; a refused row has its reason in the place of its item.
    pub(super) async fn write_batch(&self, items: &[&Item]) -> Result<Batch, Error> {
        let bodies: Vec<&CreateTable> = items
            .iter()
            .filter_map(|item| match &item.payload {
                Some(Payload::Put(Body::Table(table))) => Some(&**table),
                _ => None,
            })
            .collect();
        let outcome = match self.client.put_bulk(EntityType::Table, &bodies).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => return Ok(Batch::NotOffered),
            Err(Error::Rejected { status: 413, .. }) => return Ok(Batch::TooLarge),
            Err(error) => return Err(error),
        };
        let key = |item: &Item| match &item.key {
            ItemKey::Entity(_, fqn) => fqn.clone(),
            ItemKey::Edge { to, .. } => to.clone(),
        };
        let last_part = |fqn: &str| names::split_fqn(fqn).ok().and_then(|mut parts| parts.pop());
        let mut by_name: HashMap<String, usize> = HashMap::new();
        for name in items.iter().filter_map(|item| last_part(&key(item))) {
            *by_name.entry(name).or_default() += 1;
        }
        // Servers name a row by its FQN; by a bare name only where that says which (quirk 26).
        let reason = |fqn: &str| {
            let name = last_part(fqn).filter(|name| by_name.get(name) == Some(&1));
            let found = outcome
                .failed
                .iter()
                .find(|(row, _)| row == fqn || name.as_ref().is_some_and(|name| row == name));
            found.map(|(_, message)| message.clone())
        };
        let mut rows: Vec<Result<(), String>> =
            items.iter().map(|item| reason(&key(item)).map_or(Ok(()), Err)).collect();
        let refused = rows.iter().filter(|row| row.is_err()).count();
        if outcome.passed + refused < items.len() {
            // Rows that the server speaks of nowhere, or not clearly, are looked for one by one.
            let said: Vec<&str> =
                outcome.failed.iter().map(|(_, message)| message.as_str()).collect();
            let why = outcome.abort_reason.unwrap_or_else(|| match said[..] {
                [] => "the server did not say why".to_owned(),
                _ => said.join("; "),
            });
            for (item, row) in items.iter().zip(&mut rows).filter(|(_, row)| row.is_ok()) {
                let fqn = key(item);
                match self.client.by_name::<StoredTable>(EntityType::Table, &fqn).await? {
                    Some(stored) => self.remember(&stored),
                    None => *row = Err(format!("the bulk request left it out: {why}")),
                }
            }
        }
        Ok(Batch::Rows(rows))
    }
}
