//! Batch reads of datasets by id: undocumented, so probed once for each connection (contract §2.1).

use std::sync::atomic::{AtomicU8, Ordering};

use rustc_hash::FxHashSet;

use super::client::label;
use super::endpoint::Endpoint;
use super::verdict::{Policy, batch_failure};
use super::wire::{EntityWire, ErrorWire, ListWire};
use super::{Client, Error};
use crate::http::{Answer, Body, NotJson, Patience, Slot};
use crate::model::{DatasetPath, Entity};

/// The most ids that a request may carry.
const MOST_IDS: usize = 50;

/// The answer to a batch read.
#[derive(Clone, Debug, Default)]
pub struct BatchAnswer {
    /// What was found, in the order asked for but without gaps: match by id.
    pub entities: Vec<Entity>,
    /// Ids that the server could not serve, and why: as if each had been asked for by itself.
    pub failed: Vec<(String, Error)>,
}

/// What is known of the server's batch reads.
#[derive(Debug, Default)]
pub(super) struct BatchSupport {
    /// 0 unknown, 1 offered, 2 not offered.
    known: AtomicU8,
    /// Held while finding out.
    probing: tokio::sync::Mutex<()>,
}

impl BatchSupport {
    fn get(&self) -> Option<bool> {
        match self.known.load(Ordering::Acquire) {
            1 => Some(true),
            2 => Some(false),
            _ => None,
        }
    }

    fn set(&self, offered: bool) {
        self.known.store(if offered { 1 } else { 2 }, Ordering::Release);
    }
}

impl Client {
    /// Whether batch reads are offered: `None` until the first [`Client::datasets`] has found out.
    pub fn supports_batches(&self) -> Option<bool> {
        self.batch_support().get()
    }

    /// Up to 50 datasets by id in one request; [`Error::Unsupported`] where the server has no such thing.
    ///
    /// The first call asks for its first id alone, to find out; it should be one from a listing.
    pub async fn datasets(&self, ids: &[String]) -> Result<BatchAnswer, Error> {
        let mut distinct = FxHashSet::default();
        let ids: Vec<String> = ids.iter().filter(|id| distinct.insert(*id)).cloned().collect();
        let mut answer = BatchAnswer::default();
        let mut rest = ids.as_slice();
        let Some((probe, others)) = ids.split_first() else { return Ok(answer) };
        if self.supports_batches() != Some(true) {
            let _guard = self.batch_support().probing.lock().await;
            if self.supports_batches().is_none() {
                answer = Slot::keep(self.probe(probe)).await?;
                rest = others;
            }
            if self.supports_batches() == Some(false) {
                return Err(Error::Unsupported { request: "POST catalog/by-ids".to_owned() });
            }
        }
        for ids in rest.chunks(MOST_IDS) {
            let more = self.batch(ids).await?;
            answer.entities.extend(more.entities);
            answer.failed.extend(more.failed);
        }
        Ok(answer)
    }

    async fn probe(&self, id: &str) -> Result<BatchAnswer, Error> {
        match self.batch(&[id.to_owned()]).await {
            Ok(answer) => {
                self.batch_support().set(true);
                Ok(answer)
            }
            // Without batches the request meets the route that promotes a file, which refuses an
            // array for a body, or refuses us, and changes nothing.
            Err(
                Error::Rejected { status: 400 | 422, .. }
                | Error::NotFound { .. }
                | Error::Forbidden { .. }
                | Error::Unsupported { .. },
            ) => {
                self.batch_support().set(false);
                Ok(BatchAnswer::default())
            }
            Err(error) => Err(error),
        }
    }

    async fn batch(&self, ids: &[String]) -> Result<BatchAnswer, Error> {
        let body = serde_json::to_vec(ids).map_err(|error| Error::Setup(error.to_string()))?;
        let asked = ids.to_vec();
        let request = label(&self.request(Endpoint::ByIds, None, Policy::Batch)?);
        let read = move |answer: &Answer| read_batch(&request, answer, &asked);
        let body = Some(Body::json(body));
        self.call(Endpoint::ByIds, body, Policy::Batch, Patience::Slow, read).await
    }
}

fn read_batch(request: &str, answer: &Answer, asked: &[String]) -> Result<BatchAnswer, NotJson> {
    let list: ListWire<'_> = answer.json()?;
    let mut entities = Vec::new();
    let mut unreadable = Vec::new();
    for raw in list.data.unwrap_or_default() {
        match serde_json::from_str::<EntityWire<'_>>(raw.get()) {
            Ok(wire) => entities.push(wire.take_apart(&DatasetPath::default()).0),
            Err(error) => {
                let detail = format!("its part of it: {error}");
                unreadable.push(Error::Malformed { request: request.to_owned(), detail });
            }
        }
    }
    let mut messages: Vec<String> = list
        .errors
        .unwrap_or_default()
        .into_iter()
        .filter_map(|raw| serde_json::from_str::<ErrorWire>(raw.get()).ok()?.error_message)
        .collect();

    let found: FxHashSet<&str> =
        entities.iter().filter_map(|entity| entity.item.id.as_deref()).collect();
    let wanted: FxHashSet<&str> = asked.iter().map(String::as_str).collect();
    // An old id of something promoted meanwhile is answered with the new entity.
    let renamed = entities
        .iter()
        .filter(|entity| entity.item.id.as_deref().is_none_or(|id| !wanted.contains(id)))
        .count();
    let mut missing: Vec<&String> =
        asked.iter().filter(|id| !found.contains(id.as_str())).collect();
    // The longest first: one id may begin as another does.
    missing.sort_by_key(|id| std::cmp::Reverse(id.len()));
    let mut failed = Vec::new();
    missing.retain(|id| {
        // The forms of contract §2.1: `'<id>' was not found`, `'<id>' failed with '<message>'`.
        let opening = format!("'{id}' ");
        match messages.iter().position(|message| message.starts_with(&opening)) {
            Some(index) => {
                let message = messages.remove(index);
                failed.push(((*id).clone(), batch_failure(request, &message[opening.len()..])));
                false
            }
            None => true,
        }
    });
    if missing.len() > renamed {
        let messages = messages.iter().map(|message| batch_failure(request, message));
        let mut reasons = unreadable.into_iter().chain(messages);
        for id in missing {
            let left_out = || Error::Malformed {
                request: request.to_owned(),
                detail: "it says nothing of this one".to_owned(),
            };
            failed.push((id.clone(), reasons.next().unwrap_or_else(left_out)));
        }
    }
    Ok(BatchAnswer { entities, failed })
}
