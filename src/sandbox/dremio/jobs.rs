//! SQL: submit, status, results, cancel (contract §4.1–§4.3), over whatever [`QueryEngine`] there is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use super::fields::field;
use super::options::{DremioOptions, JobPace};
use super::reply::{ApiError, ApiResult, Reply};
use super::target::Target;
use super::time::{iso8601, now_millis};
use crate::model::DataType;

/// Answers SQL. Called on a thread that may block.
pub trait QueryEngine: Send + Sync {
    /// Runs one statement, names tried against `context` first. An error is the `errorMessage` of
    /// the failed job.
    fn run(&self, sql: &str, context: &[String]) -> Result<QueryAnswer, String>;

    /// As [`run`](QueryEngine::run), for engines that can stop early when the cord is pulled. What
    /// they answer then is of no matter.
    fn run_until(
        &self,
        sql: &str,
        context: &[String],
        _cord: &CancelCord,
    ) -> Result<QueryAnswer, String> {
        self.run(sql, context)
    }
}

/// Tells a running query that its job was cancelled.
#[derive(Clone, Default)]
pub struct CancelCord(Arc<Mutex<Cord>>);

#[derive(Default)]
struct Cord {
    is_pulled: bool,
    then: Vec<Box<dyn FnOnce() + Send>>,
}

impl std::fmt::Debug for CancelCord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CancelCord").field("is_pulled", &self.is_pulled()).finish_non_exhaustive()
    }
}

impl CancelCord {
    /// Whether it has been pulled.
    pub fn is_pulled(&self) -> bool {
        lock(&self.0).is_pulled
    }

    /// Calls `action` when it is pulled, or now if it has been.
    pub fn on_pull(&self, action: impl FnOnce() + Send + 'static) {
        let mut cord = lock(&self.0);
        if cord.is_pulled {
            drop(cord);
            action();
        } else {
            cord.then.push(Box::new(action));
        }
    }

    fn pull(&self) {
        let actions = {
            let mut cord = lock(&self.0);
            cord.is_pulled = true;
            std::mem::take(&mut cord.then)
        };
        for action in actions {
            action();
        }
    }
}

/// A query's result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryAnswer {
    /// Names and types of the columns.
    pub columns: Vec<(String, DataType)>,
    /// Values in column order.
    pub rows: Vec<Vec<Value>>,
}

/// A result as it is kept: rows as text, for there can be a million of them.
#[derive(Debug)]
struct Kept {
    schema: Vec<Value>,
    rows: Vec<Box<str>>,
}

type Outcome = Result<Arc<Kept>, String>;

impl Kept {
    fn of(answer: &QueryAnswer, limit: usize) -> Self {
        let schema = answer.columns.iter().map(|(name, data_type)| field(name, data_type));
        let rows = answer.rows.iter().take(limit).map(|row| {
            // Columns of one name collapse into one, as they do on the server.
            let object: Map<String, Value> = answer
                .columns
                .iter()
                .zip(row)
                .map(|((name, _), value)| (name.clone(), value.clone()))
                .collect();
            Value::Object(object).to_string().into_boxed_str()
        });
        Self { schema: schema.collect(), rows: rows.collect() }
    }
}

#[derive(Debug)]
struct Job {
    started: Instant,
    started_at: u64,
    ended_at: Option<u64>,
    polls: u32,
    /// Whether the request to cancel was already shown as such.
    cancel: Option<bool>,
    cord: CancelCord,
    outcome: watch::Receiver<Option<Outcome>>,
}

#[derive(Debug, Default)]
pub(super) struct Jobs {
    made: Mutex<u64>,
    by_id: Mutex<FxHashMap<String, Job>>,
    order: Mutex<VecDeque<String>>,
}

/// When more rows than this are kept, the oldest jobs are forgotten, as a day later anyway.
const MAX_KEPT_ROWS: usize = 4_000_000;

const MAX_PAGE: i32 = 500;
const DEFAULT_PAGE: i32 = 100;
const STATES: [&str; 6] =
    ["PENDING", "METADATA_RETRIEVAL", "PLANNING", "EXECUTION_PLANNING", "STARTING", "RUNNING"];
const CLOUD_STATES: [&str; 8] = [
    "PENDING",
    "METADATA_RETRIEVAL",
    "PLANNING",
    "ENGINE_START",
    "QUEUED",
    "EXECUTION_PLANNING",
    "STARTING",
    "RUNNING",
];

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Whether a statement would change something.
pub(super) fn is_mutation(sql: &str) -> bool {
    const CHANGING: [&str; 16] = [
        "CREATE", "DROP", "ALTER", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE",
        "OPTIMIZE", "VACUUM", "ROLLBACK", "GRANT", "REVOKE", "ANALYZE", "ASSIGN",
    ];
    let word: String = without_leading_comments(sql)
        .trim_start_matches(|c: char| c == '(' || c.is_whitespace())
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    CHANGING.contains(&word.to_uppercase().as_str())
}

fn without_leading_comments(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        let after = if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else {
            return rest;
        };
        rest = after.trim_start();
    }
}

impl Jobs {
    /// `POST /sql`: always 200, whatever the text (contract §4.1).
    pub(super) fn submit(
        &self,
        body: &[u8],
        engine: &Arc<dyn QueryEngine>,
        options: &DremioOptions,
    ) -> ApiResult<(Reply, bool)> {
        let request: Value = serde_json::from_slice(body)
            .map_err(|error| ApiError::bad_request(format!("Unable to process JSON: {error}")))?;
        let Some(sql) = request.get("sql").and_then(Value::as_str).map(str::to_owned) else {
            return Err(ApiError::bad_request("sql is required"));
        };
        let context: Vec<String> = request
            .get("context")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|part| part.as_str().map(str::to_owned))
            .collect();
        let is_mutation = is_mutation(&sql);
        let id = {
            let mut made = lock(&self.made);
            *made += 1;
            let name = format!("job/{}/{}", options.seed, *made);
            Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
        };
        let (send, outcome) = watch::channel(None);
        let cord = CancelCord::default();
        let for_engine = cord.clone();
        let engine = Arc::clone(engine);
        let limit = options.output_limit;
        tokio::task::spawn_blocking(move || {
            let answer = if is_mutation {
                Err("PERMISSION ERROR: this server is read-only".to_owned())
            } else {
                engine.run_until(&sql, &context, &for_engine)
            };
            let answer = answer.map(|answer| Arc::new(Kept::of(&answer, limit)));
            // Nobody is left to tell when the server has stopped.
            let _ = send.send(Some(answer));
        });
        let job = Job {
            started: Instant::now(),
            started_at: now_millis(),
            ended_at: None,
            polls: 0,
            cancel: None,
            cord,
            outcome,
        };
        self.keep(id.clone(), job);
        Ok((Reply::ok(&json!({"id": id})), is_mutation))
    }

    fn keep(&self, id: String, job: Job) {
        let mut jobs = lock(&self.by_id);
        let mut order = lock(&self.order);
        let rows = |job: &Job| {
            let outcome = job.outcome.borrow();
            outcome.as_ref().and_then(|o| o.as_ref().ok()).map_or(0, |kept| kept.rows.len())
        };
        let mut kept: usize = jobs.values().map(rows).sum();
        while kept > MAX_KEPT_ROWS
            && let Some(oldest) = order.pop_front()
        {
            kept -= jobs.remove(&oldest).map_or(0, |job| rows(&job));
        }
        order.push_back(id.clone());
        jobs.insert(id, job);
    }

    /// `GET /job/{id}`: each call can show the next state.
    pub(super) async fn status(&self, id: &str, options: &DremioOptions) -> ApiResult<Reply> {
        let awaited = {
            let mut jobs = lock(&self.by_id);
            let job = jobs.get_mut(id).ok_or_else(|| unknown(id))?;
            job.polls += 1;
            let due = matches!(options.pace, JobPace::Polls(polls) if job.polls > polls);
            (due && job.cancel.is_none()).then(|| job.outcome.clone())
        };
        if let Some(mut outcome) = awaited {
            let _ = outcome.wait_for(Option::is_some).await;
        }
        let mut jobs = lock(&self.by_id);
        let job = jobs.get_mut(id).ok_or_else(|| unknown(id))?;
        let state = job.state(options);
        if job.cancel == Some(false) {
            job.cancel = Some(true);
        }
        Ok(Reply::ok(&job.describe(state, options)))
    }

    /// `GET /job/{id}/results`
    pub(super) fn results(
        &self,
        id: &str,
        target: &Target,
        numbers_as_text: bool,
        options: &DremioOptions,
    ) -> ApiResult<Reply> {
        let limit = target.integer("limit")?.unwrap_or(DEFAULT_PAGE);
        let offset = target.integer("offset")?.unwrap_or(0);
        if limit > MAX_PAGE {
            return Err(ApiError::bad_request("limit can not exceed 500 rows"));
        }
        let (Ok(limit), Ok(offset)) = (usize::try_from(limit), usize::try_from(offset)) else {
            return Err(ApiError::bad_request("limit and offset can not be negative"));
        };
        let answer = {
            let mut jobs = lock(&self.by_id);
            let job = jobs.get_mut(id).ok_or_else(|| unknown(id))?;
            let state = job.state(options);
            match (state, job.outcome.borrow().as_ref()) {
                ("COMPLETED", Some(Ok(answer))) => Arc::clone(answer),
                _ => {
                    return Err(ApiError::bad_request(format!(
                        "Can not fetch details for a job that is in [{state}] state."
                    )));
                }
            }
        };
        let mut body = format!("{{\"rowCount\":{},\"schema\":", answer.rows.len());
        body.push_str(&Value::from(answer.schema.as_slice()).to_string());
        body.push_str(",\"rows\":[");
        for (at, row) in answer.rows.iter().skip(offset).take(limit).enumerate() {
            if at > 0 {
                body.push(',');
            }
            if numbers_as_text {
                body.push_str(&with_numbers_as_text(row));
            } else {
                body.push_str(row);
            }
        }
        body.push_str("]}");
        Ok(Reply::json(200, body))
    }

    /// `POST /job/{id}/cancel`
    pub(super) fn cancel(&self, id: &str, options: &DremioOptions) -> ApiResult<Reply> {
        let mut jobs = lock(&self.by_id);
        let job = jobs.get_mut(id).ok_or_else(|| unknown(id))?;
        if !is_terminal(job.state(options)) {
            job.cancel.get_or_insert(false);
            job.cord.pull();
        }
        Ok(Reply::empty(204))
    }
}

fn with_numbers_as_text(row: &str) -> String {
    let mut row: Map<String, Value> = serde_json::from_str(row).unwrap_or_default();
    for value in row.values_mut() {
        if let Value::Number(number) = value {
            *value = number.to_string().into();
        }
    }
    Value::Object(row).to_string()
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("Job [{id}] does not exist"))
}

fn is_terminal(state: &str) -> bool {
    matches!(state, "COMPLETED" | "FAILED" | "CANCELED")
}

impl Job {
    fn state(&mut self, options: &DremioOptions) -> &'static str {
        let states: &[&'static str] = if options.is_cloud() { &CLOUD_STATES } else { &STATES };
        let last = states.len() - 1;
        match self.cancel {
            Some(false) => return "CANCELLATION_REQUESTED",
            Some(true) => {
                self.ended_at.get_or_insert_with(now_millis);
                return "CANCELED";
            }
            None => {}
        }
        let (step, is_due) = match options.pace {
            JobPace::Time(step) if step.is_zero() => (last, true),
            JobPace::Time(step) => {
                let steps = self.started.elapsed().as_nanos() / step.as_nanos();
                let steps = usize::try_from(steps).unwrap_or(usize::MAX);
                (steps, steps > last)
            }
            JobPace::Polls(polls) => (self.polls.saturating_sub(1) as usize, self.polls > polls),
            JobPace::Never => (self.polls.saturating_sub(1) as usize, false),
        };
        let outcome = self.outcome.borrow();
        let is_over = outcome.is_some() || self.outcome.has_changed().is_err();
        if self.ended_at.is_none() && !(is_due && is_over) {
            return states[step.min(last)];
        }
        self.ended_at.get_or_insert_with(now_millis);
        if matches!(*outcome, Some(Ok(_))) { "COMPLETED" } else { "FAILED" }
    }

    fn describe(&self, state: &str, options: &DremioOptions) -> Value {
        let outcome = self.outcome.borrow();
        let mut status = Map::new();
        let mut put = |key: &str, value: Value| status.insert(key.to_owned(), value);
        put("jobState", state.into());
        if let (Some(Ok(answer)), "COMPLETED") = (outcome.as_ref(), state) {
            put("rowCount", answer.rows.len().into());
        }
        let message = match (outcome.as_ref(), state) {
            (Some(Err(message)), "FAILED") => message.as_str(),
            (None, "FAILED") => "SYSTEM ERROR: the query engine stopped",
            _ => "",
        };
        put("errorMessage", message.into());
        put("startedAt", iso8601(self.started_at).into());
        if let Some(ended_at) = self.ended_at {
            put("endedAt", iso8601(ended_at).into());
        }
        put("queryType", "REST".into());
        if !options.is_oss() {
            put("queueName", "SMALL".into());
            put("queueId", "SMALL".into());
        }
        put("resourceSchedulingStartedAt", iso8601(self.started_at).into());
        if self.ended_at.is_some() {
            put("resourceSchedulingEndedAt", iso8601(self.started_at).into());
        }
        let reason = if self.cancel.is_some() { "Query cancelled by user" } else { "" };
        put("cancellationReason", reason.into());
        Value::Object(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_reads_from_writes() {
        assert!(!is_mutation("/* tool: x */ -- y\n SELECT 1"));
        assert!(!is_mutation("(WITH a AS (SELECT 1) SELECT * FROM a)"));
        assert!(is_mutation("/* x */ drop view a"));
        assert!(is_mutation("create or replace view a as select 1"));
        assert!(!is_mutation(""));
    }
}
