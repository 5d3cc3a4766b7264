//! The log of everything that was asked of the server, for assertions.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::options::Fault;

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// The method.
    pub method: String,
    /// The request target byte by byte: path and query as they were sent.
    pub target: String,
    /// The request's body.
    pub body: String,
    /// The answer's status; `None` while there is none, and for ever after a reset or when the
    /// client went away.
    pub status: Option<u16>,
    /// When it arrived, counted from the server's start.
    pub at: Duration,
    /// The scheme of its `Authorization`: `_dremio`, `Bearer`, `bare`, or nothing.
    pub authorization: Option<&'static str>,
    /// The fault that it met, if any.
    pub fault: Option<Fault>,
    /// Whether it tried to change something (contract §2.1, mutations).
    pub is_mutation: bool,
    /// What is wrong with it in itself: malformed percent-encoding, a wiki read that writes.
    pub defect: Option<&'static str>,
}

#[derive(Debug)]
pub(super) struct SeenLog {
    started: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    requests: Vec<SeenRequest>,
    in_flight: usize,
    peak: usize,
}

/// A request under way; counts as such until it is dropped.
#[derive(Debug)]
pub(super) struct Ticket<'a> {
    log: &'a SeenLog,
    number: usize,
}

impl SeenLog {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), inner: Mutex::default() }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn arrive(
        &self,
        method: &str,
        target: &str,
        body: &[u8],
        authorization: Option<&str>,
    ) -> Ticket<'_> {
        let authorization = authorization.map(|header| {
            if header.starts_with("Bearer ") {
                "Bearer"
            } else if header.starts_with("_dremio") {
                "_dremio"
            } else {
                "bare"
            }
        });
        let mut inner = self.inner();
        inner.in_flight += 1;
        inner.peak = inner.peak.max(inner.in_flight);
        inner.requests.push(SeenRequest {
            method: method.to_owned(),
            target: target.to_owned(),
            body: String::from_utf8_lossy(body).into_owned(),
            status: None,
            at: self.started.elapsed(),
            authorization,
            fault: None,
            is_mutation: false,
            defect: None,
        });
        Ticket { log: self, number: inner.requests.len() - 1 }
    }

    pub(super) fn requests(&self) -> Vec<SeenRequest> {
        self.inner().requests.clone()
    }

    pub(super) fn peak(&self) -> usize {
        self.inner().peak
    }
}

impl Ticket<'_> {
    pub(super) fn note(&self, change: impl FnOnce(&mut SeenRequest)) {
        if let Some(request) = self.log.inner().requests.get_mut(self.number) {
            change(request);
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.log.inner().in_flight -= 1;
    }
}
