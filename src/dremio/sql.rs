//! Running SELECTs: submit, poll, page, cancel (contract §4).

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::endpoint::Endpoint;
use super::rows::read_page;
use super::statement::prepare;
use super::verdict::Policy;
use super::{Client, Error};
use crate::http::answer::clean;
use crate::http::{Answer, Body, Patience};
use crate::model::Column;

/// The most rows that a page may have; one more is an error (contract §4.3).
const PAGE_ROWS: u32 = 500;
/// Pages read at once.
const PARALLEL_PAGES: usize = 4;
/// Exactly so many rows mean that the server cut the result.
const SERVER_LIMIT: u64 = 1_000_000;
/// Between two looks at a job: from, to and growth (contract §4.2).
const FIRST_LOOK: Duration = Duration::from_millis(200);
const LAST_LOOK: Duration = Duration::from_secs(3);
const LOOK_GROWTH: f64 = 1.5;
/// How long the end of a cancelled query may take.
const CANCEL_PATIENCE: Duration = Duration::from_secs(3);

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
    /// Values in the order of `columns`; a missing value is null. Decimals, and numbers that a
    /// float cannot hold, are strings with every digit.
    pub rows: Vec<Vec<serde_json::Value>>,
}

/// Rows of a finished query.
#[derive(Clone, Debug)]
pub struct QueryResult {
    /// The columns.
    pub columns: Vec<Column>,
    /// Values in the order of `columns`, as in [`ResultPage::rows`].
    pub rows: Vec<Vec<serde_json::Value>>,
    /// Rows of the whole result, of which `rows` may be the first few.
    pub row_count: u64,
    /// Whether the server cut the result at its own limit, or gave fewer rows than it counted
    /// (contract §4.3).
    pub truncated: bool,
}

#[derive(Deserialize)]
struct SubmittedWire {
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobWire {
    job_state: Option<String>,
    row_count: Option<u64>,
    error_message: Option<String>,
    cancellation_reason: Option<String>,
}

impl JobWire {
    fn into_status(self) -> JobStatus {
        let raw_state = clean(self.job_state.as_deref().unwrap_or("UNKNOWN"), 80);
        let state = match raw_state.to_ascii_uppercase().as_str() {
            "COMPLETED" => JobState::Completed,
            "FAILED" | "INVALID_STATE" => JobState::Failed,
            // The server's spelling has one L; both are taken.
            "CANCELED" | "CANCELLED" => JobState::Canceled,
            _ => JobState::Running,
        };
        let message = [self.error_message, self.cancellation_reason]
            .into_iter()
            .flatten()
            .map(|text| clean(&text, 2_000))
            .find(|text| !text.is_empty());
        JobStatus { state, raw_state, row_count: self.row_count, message }
    }
}

impl Client {
    /// Submits one SELECT. The server accepts any text; failure shows in [`Client::job`]. Anything
    /// but a single query is [`Error::NotReadOnly`] and is not sent.
    pub async fn submit(&self, sql: &str, context: &[String]) -> Result<JobId, Error> {
        let mut body = serde_json::json!({ "sql": prepare(sql)? });
        if !context.is_empty() {
            body["context"] = context.into();
        }
        let body = Some(Body::json(body.to_string()));
        let read = |answer: &Answer| Ok(answer.json::<SubmittedWire>()?.id);
        let id = self.call(Endpoint::Submit, body, Policy::Submit, Patience::Slow, read).await?;
        id.filter(|id| !id.is_empty()).map(JobId).ok_or_else(|| Error::Malformed {
            request: "POST sql".to_owned(),
            detail: "there is no job id in it".to_owned(),
        })
    }

    /// Asks how far a job is.
    pub async fn job(&self, id: &JobId) -> Result<JobStatus, Error> {
        let read = |answer: &Answer| Ok(answer.json::<JobWire>()?.into_status());
        self.call(Endpoint::Job(&id.0), None, Policy::Read, Patience::Normal, read).await
    }

    /// A page of rows of a completed job; at most 500.
    pub async fn results(&self, id: &JobId, offset: u64, limit: u32) -> Result<ResultPage, Error> {
        let endpoint = Endpoint::Results { job: &id.0, offset, limit: limit.clamp(1, PAGE_ROWS) };
        self.call(endpoint, None, Policy::Read, Patience::Slow, read_page).await
    }

    /// Asks the server to stop a job of ours. A job that is gone already is fine.
    pub async fn cancel(&self, id: &JobId) -> Result<(), Error> {
        let endpoint = Endpoint::CancelJob(&id.0);
        match self
            .call(endpoint, None, Policy::Contact, Patience::Normal, |_: &Answer| Ok(()))
            .await
        {
            Err(Error::NotFound { .. }) => Ok(()),
            other => other,
        }
    }

    /// Runs a SELECT to its end and reads up to `max_rows` rows. On cancellation the job is
    /// cancelled on the server too and [`Error::Cancelled`] comes back. Dropping the future also
    /// cancels the job.
    pub async fn query(
        &self,
        sql: &str,
        context: &[String],
        max_rows: u64,
        cancel: &CancellationToken,
    ) -> Result<QueryResult, Error> {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let job = self.submit_for_query(sql, context, cancel).await?;
        let ended = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            ended = self.wait_for(&job.id) => Some(ended),
        };
        match ended {
            None => {
                job.cancel_now().await;
                return Err(Error::Cancelled);
            }
            Some(Ok(())) => {}
            Some(Err(error @ (Error::JobFailed { .. } | Error::JobCanceled { .. }))) => {
                job.finish();
                return Err(error);
            }
            Some(Err(error)) => {
                job.cancel_now().await;
                return Err(error);
            }
        }
        let id = job.finish();
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Error::Cancelled),
            result = self.read_all(&id, max_rows) => result,
        }
    }

    /// Submits in a task of its own, so that a job whose id comes after we stopped waiting for it is
    /// cancelled and not left behind.
    async fn submit_for_query(
        &self,
        sql: &str,
        context: &[String],
        cancel: &CancellationToken,
    ) -> Result<RunningJob, Error> {
        let (sender, receiver) = oneshot::channel();
        let client = self.clone();
        let (sql, context) = (sql.to_owned(), context.to_vec());
        tokio::spawn(async move {
            let submitted = client.submit(&sql, &context).await;
            // A job that nobody takes is cancelled when it is dropped here.
            let _ = sender.send(submitted.map(|id| RunningJob { client: Some(client), id }));
        });
        tokio::pin!(receiver);
        let submitted = tokio::select! {
            biased;
            () = cancel.cancelled() => {
                if let Ok(Ok(Ok(job))) = timeout(CANCEL_PATIENCE, receiver).await {
                    job.cancel_now().await;
                }
                return Err(Error::Cancelled);
            }
            submitted = &mut receiver => submitted,
        };
        submitted.unwrap_or(Err(Error::Cancelled))
    }

    async fn wait_for(&self, id: &JobId) -> Result<(), Error> {
        let started = Instant::now();
        let mut pause = FIRST_LOOK;
        loop {
            sleep(pause).await;
            let status = self.job(id).await?;
            let message = || status.message.clone().unwrap_or_else(|| status.raw_state.clone());
            match status.state {
                JobState::Completed => return Ok(()),
                JobState::Failed => {
                    return Err(Error::JobFailed { job: id.0.clone(), message: message() });
                }
                JobState::Canceled => {
                    return Err(Error::JobCanceled { job: id.0.clone(), message: message() });
                }
                JobState::Running if started.elapsed() >= self.job_deadline => {
                    return Err(Error::JobTimedOut {
                        job: id.0.clone(),
                        state: status.raw_state,
                        after: self.job_deadline,
                    });
                }
                JobState::Running => pause = pause.mul_f64(LOOK_GROWTH).min(LAST_LOOK),
            }
        }
    }

    async fn read_all(&self, id: &JobId, max_rows: u64) -> Result<QueryResult, Error> {
        let page_rows = |rows: u64| u32::try_from(rows).unwrap_or(PAGE_ROWS).min(PAGE_ROWS);
        let first = self.results(id, 0, page_rows(max_rows)).await?;
        let row_count = first.row_count;
        let wanted = row_count.min(max_rows);
        let mut rows = first.rows;
        // A server may give shorter pages than asked for: go on from what came.
        let step = (rows.len() as u64).max(1);
        let mut starts = Vec::new();
        let mut next = rows.len() as u64;
        while next < wanted && next > 0 {
            starts.push((next, (next + step).min(wanted)));
            next += step;
        }
        let pages: Vec<_> = stream::iter(starts)
            .map(|(start, end)| self.read_range(id, start, end))
            .buffered(PARALLEL_PAGES)
            .try_collect()
            .await?;
        rows.extend(pages.into_iter().flatten());
        let truncated = row_count == SERVER_LIMIT || (rows.len() as u64) < wanted;
        rows.truncate(usize::try_from(max_rows).unwrap_or(usize::MAX));
        Ok(QueryResult { columns: first.columns, rows, row_count, truncated })
    }

    async fn read_range(
        &self,
        id: &JobId,
        start: u64,
        end: u64,
    ) -> Result<Vec<Vec<serde_json::Value>>, Error> {
        let mut rows = Vec::new();
        let mut offset = start;
        while offset < end {
            let limit = u32::try_from(end - offset).unwrap_or(PAGE_ROWS);
            let page = self.results(id, offset, limit).await?;
            if page.rows.is_empty() {
                break;
            }
            offset += page.rows.len() as u64;
            rows.extend(page.rows);
        }
        rows.truncate(usize::try_from(end - start).unwrap_or(usize::MAX));
        Ok(rows)
    }
}

/// A job that is cancelled on the server when nobody waits for it any more.
struct RunningJob {
    client: Option<Client>,
    id: JobId,
}

impl RunningJob {
    /// Nothing is left to cancel.
    fn finish(mut self) -> JobId {
        self.client = None;
        self.id.clone()
    }

    async fn cancel_now(mut self) {
        if let Some(client) = self.client.take() {
            let _ = timeout(CANCEL_PATIENCE, client.cancel(&self.id)).await;
        }
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let id = self.id.clone();
            runtime.spawn(async move {
                let _ = client.cancel(&id).await;
            });
        }
    }
}
