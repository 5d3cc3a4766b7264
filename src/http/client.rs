//! [`HttpClient`]: sends requests to one server, within a limit, with retries, and logs each try.
//!
//! It does not know what a good answer looks like: whoever sends passes a judge. Dropping the
//! returned future drops the request.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use url::Url;

use super::answer::Answer;
use super::failure::{Failure, Reason};
use super::log::{RequestLog, RequestRecord};
use super::options::HttpOptions;
use super::proxy;
use super::retry::{Again, Judged, Resend, Setting, Tries, retry_after};
use super::slots::pause_without_slot;
use super::tls;

/// The most that may be under way at once, whatever is asked for.
const MAX_CONCURRENCY: usize = 16;
/// The largest body taken; a folder of a million files is about 250 MB.
const MAX_BODY: usize = 512 << 20;
/// Bodies above this size are parsed away from the threads that serve I/O.
const PARSE_INLINE: usize = 256 << 10;
/// A body may take this many read timeouts in all, as long as each piece comes in time.
const BODY_TIMEOUTS: u32 = 20;

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the methods' own names")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As written in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn to_reqwest(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Post => reqwest::Method::POST,
            Self::Put => reqwest::Method::PUT,
            Self::Patch => reqwest::Method::PATCH,
            Self::Delete => reqwest::Method::DELETE,
        }
    }
}

/// How long an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// [`HttpOptions::read_timeout`].
    Normal,
    /// [`HttpOptions::slow_read_timeout`].
    Slow,
    /// This long.
    Exactly(Duration),
}

/// What is sent along. Not shown by `Debug`: it may hold a password.
#[derive(Clone)]
pub struct Body {
    content_type: HeaderValue,
    bytes: Bytes,
}

impl Body {
    /// A JSON document.
    pub fn json(bytes: impl Into<Bytes>) -> Self {
        Self { content_type: HeaderValue::from_static("application/json"), bytes: bytes.into() }
    }

    /// A JSON patch (RFC 6902).
    pub fn json_patch(bytes: impl Into<Bytes>) -> Self {
        Self {
            content_type: HeaderValue::from_static("application/json-patch+json"),
            bytes: bytes.into(),
        }
    }

    /// A form, already encoded.
    pub fn form(encoded: String) -> Self {
        Self {
            content_type: HeaderValue::from_static("application/x-www-form-urlencoded"),
            bytes: encoded.into(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.bytes.len())
    }
}

/// A request, to be sent as often as it takes.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole URL, percent-encoded as it shall be sent.
    pub url: Url,
    /// What is sent along.
    pub body: Option<Body>,
    /// How long to wait for an answer.
    pub patience: Patience,
    /// After which failures it may be sent again.
    pub resend: Resend,
    /// The most tries that this request is worth; the settings may say fewer.
    pub max_retries: Option<u32>,
}

impl Request {
    /// A request without a body that may be repeated freely.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            body: None,
            patience: Patience::Normal,
            resend: Resend::ALWAYS,
            max_retries: None,
        }
    }
}

/// One try that was answered.
struct Attempt<T> {
    judged: Judged<T>,
    retry_after: Option<Duration>,
    status: u16,
}

/// A way to one server. Clones share connections, limit and log.
#[derive(Clone)]
pub struct HttpClient {
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    options: HttpOptions,
    server: &'static str,
    permits: Semaphore,
    max_concurrency: usize,
    /// No request before this moment: the server said so with a 429.
    hold_until: Mutex<Option<Instant>>,
    /// When the server last gave an answer, other than that it cannot.
    answered: Mutex<Option<Instant>>,
    log: RequestLog,
    /// The proxy on the way, for messages.
    proxy: Option<String>,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("server", &self.inner.server)
            .field("max_concurrency", &self.inner.max_concurrency)
            .finish_non_exhaustive()
    }
}

impl HttpClient {
    /// Prepares a way to the server at `target`, called `server` in the log. The error says which
    /// setting is wrong.
    pub fn new(
        options: HttpOptions,
        target: &Url,
        server: &'static str,
        max_concurrency: usize,
        log: RequestLog,
    ) -> Result<Self, String> {
        let max_concurrency = max_concurrency.clamp(1, MAX_CONCURRENCY);
        let inner = Inner {
            client: tls::build(&options, target)?,
            proxy: proxy::on_the_way(&options, target),
            options,
            server,
            permits: Semaphore::new(max_concurrency),
            max_concurrency,
            hold_until: Mutex::new(None),
            answered: Mutex::new(None),
            log,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// How many requests may be under way at once.
    pub fn max_concurrency(&self) -> usize {
        self.inner.max_concurrency
    }

    /// The log.
    pub fn log(&self) -> &RequestLog {
        &self.inner.log
    }

    /// The settings.
    pub fn options(&self) -> &HttpOptions {
        &self.inner.options
    }

    /// Sends a request until `judge` is content or no more tries are left. `authorization` is asked
    /// for the header before each try, when the request is about to leave.
    pub async fn send<T, J>(
        &self,
        request: &Request,
        authorization: &(dyn Fn() -> Option<HeaderValue> + Send + Sync),
        judge: J,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        J: Fn(&Answer) -> Judged<T> + Clone + Send + 'static,
    {
        let mut options = self.inner.options.clone();
        options.retries = options.retries.min(request.max_retries.unwrap_or(u32::MAX));
        let mut tries = Tries::new(&options);
        loop {
            let begun = Instant::now();
            let (result, again, wait, status) =
                match self.attempt(request, authorization, tries.attempt, &judge).await {
                    Ok(Attempt { judged, retry_after, status }) => {
                        (Ok(judged.outcome), judged.again, retry_after, Some(status))
                    }
                    Err(failure) => {
                        let is_allowed = request.resend.allows(failure.reason);
                        (Err(failure), if is_allowed { Again::Yes } else { Again::No }, None, None)
                    }
                };
            if again == Again::No && status.is_some_and(|status| status < 500 && status != 429) {
                self.note_answer();
            }
            let setting = if status == Some(429) || again == Again::Later {
                Setting::Crowd
            } else if self.answers_since(begun) {
                Setting::AmongAnswers
            } else {
                Setting::Silence
            };
            match (tries.next(again, wait, setting), setting) {
                (None, _) => return result,
                // The others go on, and one of them takes the place of this one.
                (Some(pause), Setting::AmongAnswers) => pause_without_slot(pause).await,
                (Some(pause), Setting::Silence | Setting::Crowd) => sleep(pause).await,
            }
        }
    }

    async fn attempt<T, J>(
        &self,
        request: &Request,
        authorization: &(dyn Fn() -> Option<HeaderValue> + Send + Sync),
        attempt: u32,
        judge: &J,
    ) -> Result<Attempt<T>, Failure>
    where
        T: Send + 'static,
        J: Fn(&Answer) -> Judged<T> + Clone + Send + 'static,
    {
        let permit = self
            .inner
            .permits
            .acquire()
            .await
            .map_err(|_| Failure::new(Reason::Request, "the connection was shut down"))?;
        // With the permit in hand: the server may have asked to wait while it was waited for.
        self.wait_while_held().await;
        let mut entry = LogEntry::new(&self.inner, request, attempt);
        let answer = match self.exchange(request, authorization, &mut entry).await {
            Ok(answer) => answer,
            Err(failure) => {
                entry.error(failure.detail.clone());
                return Err(failure);
            }
        };
        entry.received();
        if answer.status == 429
            && let Some(wait) = answer.retry_after
        {
            self.hold(wait);
        }
        drop(permit);
        let retry_after = answer.retry_after;
        let status = answer.status;
        let judged = if answer.body.len() > PARSE_INLINE {
            let judge = judge.clone();
            tokio::task::spawn_blocking(move || judge(&answer)).await.map_err(|error| {
                Failure::new(Reason::Request, format!("reading the answer failed: {error}"))
            })?
        } else {
            judge(&answer)
        };
        match &judged.complaint {
            Some(complaint) => entry.error(complaint.clone()),
            None => entry.done(),
        }
        Ok(Attempt { judged, retry_after, status })
    }

    async fn exchange(
        &self,
        request: &Request,
        authorization: &(dyn Fn() -> Option<HeaderValue> + Send + Sync),
        entry: &mut LogEntry<'_>,
    ) -> Result<Answer, Failure> {
        let options = &self.inner.options;
        let proxy = self.inner.proxy.as_deref();
        let patience = match request.patience {
            Patience::Normal => options.read_timeout,
            Patience::Slow => options.slow_read_timeout,
            Patience::Exactly(duration) => duration,
        };
        let mut builder = self
            .inner
            .client
            .request(request.method.to_reqwest(), request.url.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(header) = authorization() {
            builder = builder.header(AUTHORIZATION, header);
        }
        builder = match &request.body {
            Some(body) => {
                builder.header(CONTENT_TYPE, body.content_type.clone()).body(body.bytes.clone())
            }
            None => builder.header(CONTENT_TYPE, HeaderValue::from_static("application/json")),
        };
        let mut response = timeout(options.connect_timeout + patience, builder.send())
            .await
            .map_err(|_| Failure::timeout(patience))?
            .map_err(|error| Failure::of(&error, options, proxy))?;
        entry.status(response.status().as_u16());
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(Failure::proxy_login(proxy.unwrap_or("on the way")));
        }
        let header =
            |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let mut answer = Answer {
            status: response.status().as_u16(),
            content_type: header(CONTENT_TYPE).map(|value| {
                value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
            }),
            location: header(LOCATION).map(str::to_owned),
            retry_after: header(RETRY_AFTER)
                .and_then(|value| retry_after(value, SystemTime::now())),
            body: Bytes::new(),
        };
        let expected = response.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let mut body = BytesMut::with_capacity(expected.min(1 << 20));
        let deadline = Instant::now() + patience * BODY_TIMEOUTS;
        loop {
            let left = patience.min(deadline.saturating_duration_since(Instant::now()));
            let piece = timeout(left, response.chunk())
                .await
                .map_err(|_| Failure::timeout(patience))?
                .map_err(|error| Failure::of(&error, options, proxy))?;
            let Some(piece) = piece else { break };
            entry.bytes(piece.len());
            body.extend_from_slice(&piece);
            if body.len() > MAX_BODY {
                return Err(Failure::new(
                    Reason::TooLarge,
                    format!("the answer is larger than {} MB", MAX_BODY >> 20),
                ));
            }
        }
        answer.body = body.freeze();
        Ok(answer)
    }

    fn note_answer(&self) {
        let mut answered = self.inner.answered.lock().unwrap_or_else(PoisonError::into_inner);
        *answered = Some(Instant::now());
    }

    /// Whether the server has answered since then, or shortly before: failures may come at once,
    /// when nothing else had the time to end.
    fn answers_since(&self, begun: Instant) -> bool {
        let answered = *self.inner.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.is_some_and(|at| at >= begun || at.elapsed() < self.inner.options.retry_pause / 4)
    }

    fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait.min(Duration::from_secs(60));
        let mut hold = self.inner.hold_until.lock().unwrap_or_else(PoisonError::into_inner);
        *hold = Some(hold.map_or(until, |earlier| earlier.max(until)));
    }

    async fn wait_while_held(&self) {
        loop {
            let until = {
                let mut hold = self.inner.hold_until.lock().unwrap_or_else(PoisonError::into_inner);
                if hold.is_some_and(|until| until <= Instant::now()) {
                    *hold = None;
                }
                *hold
            };
            match until {
                Some(until) => sleep_until(until).await,
                None => return,
            }
        }
    }
}

/// One line of the log in the making; written when dropped, so that a request that its sender gave
/// up is logged too.
struct LogEntry<'a> {
    inner: &'a Inner,
    started: Instant,
    elapsed: Option<Duration>,
    record: RequestRecord,
}

impl<'a> LogEntry<'a> {
    fn new(inner: &'a Inner, request: &Request, attempt: u32) -> Self {
        let record = RequestRecord {
            number: 0,
            at: SystemTime::now(),
            server: inner.server,
            method: request.method.as_str(),
            path: masked_path(&request.url),
            origin: request.url.origin().ascii_serialization(),
            status: None,
            error: Some("given up".to_owned()),
            elapsed: Duration::ZERO,
            bytes: 0,
            attempt,
        };
        Self { inner, started: Instant::now(), elapsed: None, record }
    }

    fn status(&mut self, status: u16) {
        self.record.status = Some(status);
    }

    fn bytes(&mut self, count: usize) {
        self.record.bytes += count as u64;
    }

    fn received(&mut self) {
        self.elapsed = Some(self.started.elapsed());
    }

    fn error(&mut self, error: String) {
        self.record.error = Some(error);
    }

    fn done(&mut self) {
        self.record.error = None;
    }
}

impl Drop for LogEntry<'_> {
    fn drop(&mut self) {
        self.record.elapsed = self.elapsed.unwrap_or_else(|| self.started.elapsed());
        self.inner.log.push(self.record.clone());
    }
}

/// Path and query, with the values of parameters that may be secret masked.
fn masked_path(url: &Url) -> String {
    let Some(query) = url.query() else { return url.path().to_owned() };
    let masked: Vec<String> = query
        .split('&')
        .map(|pair| {
            let key = pair.split('=').next().unwrap_or_default();
            let lower = key.to_ascii_lowercase();
            let is_secret = ["secret", "password", "passwd", "signature", "api_key", "apikey"]
                .iter()
                .any(|word| lower.contains(word))
                || (lower.ends_with("token") && lower != "pagetoken");
            if is_secret { format!("{key}=***") } else { pair.to_owned() }
        })
        .collect();
    format!("{}?{}", url.path(), masked.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_parameters_are_masked_and_page_tokens_are_not() {
        let url = Url::parse("https://h/p?pageToken=abc&access_token=xyz&client_secret=s&q=1")
            .expect("a valid URL");
        assert_eq!(masked_path(&url), "/p?pageToken=abc&access_token=***&client_secret=***&q=1");
    }

    #[test]
    fn debug_shows_no_body() {
        let body = Body::json(r#"{"password":"hunter2"}"#);
        assert!(!format!("{body:?}").contains("hunter2"));
    }
}
