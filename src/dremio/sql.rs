//! Running SELECTs: submit, poll, page, cancel (contract §4).

use tokio_util::sync::CancellationToken;

use super::{Client, Error};
use crate::model::Column;

/// Names a job on the server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobId(pub String);

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Not finished; also for states that this program does not know.
    Running,
    /// Results are there.
    Completed,
    /// It failed; see the message.
    Failed,
    /// It was cancelled.
    Canceled,
}

/// A job's state in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStatus {
    /// How far it is.
    pub state: JobState,
    /// The server's own word: `PLANNING`, `ENGINE_START`, …
    pub raw_state: String,
    /// Rows in all, once known.
    pub row_count: Option<u64>,
    /// Why it failed or was cancelled.
    pub message: Option<String>,
}

/// A page of a job's rows.
#[derive(Clone, Debug)]
pub struct ResultPage {
    /// Rows of the whole result.
    pub row_count: u64,
    /// The columns.
    pub columns: Vec<Column>,
    /// Values in the order of `columns`; a missing value is null.
    pub rows: Vec<Vec<serde_json::Value>>,
}

/// Rows of a finished query.
#[derive(Clone, Debug)]
pub struct QueryResult {
    /// The columns.
    pub columns: Vec<Column>,
    /// Values in the order of `columns`.
    pub rows: Vec<Vec<serde_json::Value>>,
    /// Rows of the whole result, of which `rows` may be the first few.
    pub row_count: u64,
    /// Whether the server cut the result at its own limit (contract §4.3).
    pub truncated: bool,
}

impl Client {
    /// Submits one SELECT. The server accepts any text; failure shows in [`Client::job`].
    pub async fn submit(&self, _sql: &str, _context: &[String]) -> Result<JobId, Error> {
        unimplemented!()
    }

    /// Asks how far a job is.
    pub async fn job(&self, _id: &JobId) -> Result<JobStatus, Error> {
        unimplemented!()
    }

    /// A page of rows of a completed job; at most 500.
    pub async fn results(
        &self,
        _id: &JobId,
        _offset: u64,
        _limit: u32,
    ) -> Result<ResultPage, Error> {
        unimplemented!()
    }

    /// Asks the server to stop a job of ours.
    pub async fn cancel(&self, _id: &JobId) -> Result<(), Error> {
        unimplemented!()
    }

    /// Runs a SELECT to its end and reads up to `max_rows` rows. On cancellation the job is
    /// cancelled on the server too and [`Error::Cancelled`] comes back.
    pub async fn query(
        &self,
        _sql: &str,
        _context: &[String],
        _max_rows: u64,
        _cancel: &CancellationToken,
    ) -> Result<QueryResult, Error> {
        unimplemented!()
    }
}
