//! [`RequestLog`]: the latest requests, for the Activity pane, `-vv` and tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// How many requests are remembered.
const CAPACITY: usize = 2_000;

/// One request as sent. Holds no header and no body, so no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// Counts from 1 in the order of completion.
    pub number: u64,
    /// When it was sent.
    pub at: SystemTime,
    /// Which server: `Dremio` or `OpenMetadata`.
    pub server: &'static str,
    /// The method.
    pub method: &'static str,
    /// Path and query as sent, percent-encoded, with secret parameters masked.
    pub path: String,
    /// The base URL without credentials, for "copy as curl".
    pub origin: String,
    /// The status, or `None` when no answer came.
    pub status: Option<u16>,
    /// What went wrong when no usable answer came.
    pub error: Option<String>,
    /// From sending to the last byte of the answer.
    pub elapsed: Duration,
    /// Size of the answer's body in bytes.
    pub bytes: u64,
    /// 1 for the first try.
    pub attempt: u32,
}

/// A shared, bounded log of requests. Clones share the same log.
#[derive(Clone, Debug, Default)]
pub struct RequestLog {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    total: u64,
    recent: VecDeque<RequestRecord>,
}

impl RequestLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record; its number is given here.
    pub fn push(&self, mut record: RequestRecord) {
        tracing::debug!(
            server = record.server,
            method = record.method,
            path = %record.path,
            status = record.status,
            error = record.error.as_deref(),
            ms = u64::try_from(record.elapsed.as_millis()).unwrap_or(u64::MAX),
            bytes = record.bytes,
            attempt = record.attempt,
            "request",
        );
        let mut inner = self.lock();
        inner.total += 1;
        record.number = inner.total;
        if inner.recent.len() == CAPACITY {
            inner.recent.pop_front();
        }
        inner.recent.push_back(record);
    }

    /// How many requests were sent in all, forgotten ones included.
    pub fn total(&self) -> u64 {
        self.lock().total
    }

    /// The remembered requests with a number above `after`, oldest first.
    pub fn since(&self, after: u64) -> Vec<RequestRecord> {
        self.lock().recent.iter().filter(|record| record.number > after).cloned().collect()
    }

    /// How many of a server's latest requests in a row were not answered as they may be later (no
    /// answer at all, 429, 5xx), with the last of them; `None` when the last one was answered.
    pub fn unanswered(&self, server: &str) -> Option<(usize, RequestRecord)> {
        let inner = self.lock();
        let is_unanswered =
            |record: &&RequestRecord| record.status.is_none_or(|code| code == 429 || code >= 500);
        let mut failures = inner
            .recent
            .iter()
            .rev()
            .filter(|record| record.server == server)
            .take_while(is_unanswered);
        let last = failures.next()?.clone();
        Some((1 + failures.count(), last))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while pushing leaves the log usable.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_the_silence_of_its_own_server_only() {
        let log = RequestLog::new();
        let push = |server: &'static str, status: Option<u16>| {
            log.push(RequestRecord {
                number: 0,
                at: SystemTime::now(),
                server,
                method: "PUT",
                path: "/api/v1/tables".to_owned(),
                origin: String::new(),
                status,
                error: None,
                elapsed: Duration::ZERO,
                bytes: 0,
                attempt: 1,
            });
        };
        assert_eq!(log.unanswered("OpenMetadata"), None);
        push("OpenMetadata", Some(200));
        push("OpenMetadata", None);
        push("Dremio", Some(200));
        push("OpenMetadata", Some(503));
        let (times, last) = log.unanswered("OpenMetadata").expect("it is silent");
        assert_eq!((times, last.status), (2, Some(503)));
        assert_eq!(log.unanswered("Dremio"), None);
        // A refusal is an answer.
        push("OpenMetadata", Some(400));
        assert_eq!(log.unanswered("OpenMetadata"), None);
    }
}
