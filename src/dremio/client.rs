//! [`Client`]: one connection to one Dremio.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::time::Instant;
use url::Url;

use super::address::EntityRef;
use super::batch::BatchSupport;
use super::endpoint::{Bases, Endpoint};
use super::extras::GraphSupport;
use super::session::Session;
use super::verdict::{Policy, judge};
use super::wire::{EntityWire, ListWire, items};
use super::{ConnectOptions, Credentials, Deployment, Error};
use crate::http::{Answer, Body, HttpClient, NotJson, Patience, Request, RequestLog};
use crate::model::{Entity, Item, ServerInfo};

/// How long the root listing that proved a token is good for [`Client::root`].
const PROOF_LIFETIME: Duration = Duration::from_secs(30);
/// How long a query may take in all (contract §4.2: unknown states count as running).
const JOB_DEADLINE: Duration = Duration::from_secs(30 * 60);
/// The longest request line shown in a message.
const LONGEST_LABEL: usize = 240;

/// A connection. Clones share login, limits and log. `Debug` shows no secret.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    pub(super) job_deadline: Duration,
}

struct Inner {
    http: HttpClient,
    bases: Bases,
    session: Session,
    is_cloud: bool,
    has_login: bool,
    batches: BatchSupport,
    graphs: GraphSupport,
    /// The root listing with which [`Client::login`] proved a token, for the next [`Client::root`].
    proof: Mutex<Option<(Instant, Vec<Item>)>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("host", &self.inner.bases.host)
            .field("session", &self.inner.session)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Prepares a connection; sends nothing yet.
    pub fn new(options: ConnectOptions, log: RequestLog) -> Result<Self, Error> {
        let is_cloud = matches!(options.deployment, Deployment::Cloud { .. });
        let bases = Bases::new(&options.deployment)?;
        let has_login = matches!(options.credentials, Credentials::Password { .. });
        let session = Session::new(options.credentials, &options.deployment)?;
        let target = Url::parse(&bases.api)
            .map_err(|error| Error::Setup(format!("{} is not a URL: {error}", bases.api)))?;
        let concurrency = options.max_concurrency.unwrap_or(if is_cloud { 4 } else { 8 });
        let http = HttpClient::new(options.http, &target, "Dremio", concurrency, log)
            .map_err(Error::Setup)?;
        let inner = Inner {
            http,
            bases,
            session,
            is_cloud,
            has_login,
            batches: BatchSupport::default(),
            graphs: GraphSupport::default(),
            proof: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner), job_deadline: JOB_DEADLINE })
    }

    /// The same connection, with another limit to how long [`Client::query`] waits for a job.
    #[must_use]
    pub fn with_job_deadline(mut self, deadline: Duration) -> Self {
        self.job_deadline = deadline;
        self
    }

    /// Logs in (or proves the token) and says who is there.
    ///
    /// A personal access token is proved by reading the root listing, which the next
    /// [`Client::root`] then need not read again.
    pub async fn login(&self) -> Result<ServerInfo, Error> {
        self.forget_refusal();
        self.authenticate().await?;
        if !self.session().is_renewable() {
            let items = self.read_root(Policy::Contact).await?;
            *self.proof() = Some((Instant::now(), items));
        }
        let introduction = self.introduction();
        Ok(ServerInfo {
            host: self.inner.bases.host.clone(),
            version: introduction.version,
            edition: self.inner.is_cloud.then(|| "Cloud".to_owned()),
            user: introduction.user,
        })
    }

    /// Whether the server is up, without credentials (Software): `OK`, or another word when it is
    /// starting or stopping.
    pub async fn server_status(&self) -> Result<String, Error> {
        let request = self.request(Endpoint::ServerStatus, None, Policy::Single)?;
        let read = |answer: &Answer| answer.json::<String>();
        match self.transmit(&request, Policy::Single, &|| None, read).await {
            Err(Error::Server { status: 503, message, .. }) => {
                Ok(message.trim_matches('"').to_owned())
            }
            other => other,
        }
    }

    /// How many requests may be under way at once.
    pub fn max_concurrency(&self) -> usize {
        self.inner.http.max_concurrency()
    }

    /// The log that this connection writes.
    pub fn request_log(&self) -> &RequestLog {
        self.inner.http.log()
    }

    /// Homes, spaces, sources and top-level functions.
    pub async fn root(&self) -> Result<Vec<Item>, Error> {
        let proof = self.proof().take();
        match proof {
            Some((at, items)) if at.elapsed() < PROOF_LIFETIME => Ok(items),
            _ => self.read_root(Policy::Read).await,
        }
    }

    async fn read_root(&self, policy: Policy) -> Result<Vec<Item>, Error> {
        let read = |answer: &Answer| Ok(items(answer.json::<ListWire<'_>>()?.data));
        self.call(Endpoint::Root, None, policy, Patience::Normal, read).await.map_err(|error| {
            match error {
                Error::Forbidden { request, message } | Error::NotFound { request, message }
                    if self.inner.is_cloud =>
                {
                    Error::Project { request, message }
                }
                other => other,
            }
        })
    }

    /// One thing, without its children.
    pub async fn entity(&self, of: &EntityRef) -> Result<Entity, Error> {
        let read = {
            let asked = of.path.clone();
            move |answer: &Answer| Ok(answer.json::<EntityWire<'_>>()?.take_apart(&asked).0)
        };
        let ways = of.ways()?;
        let first = Endpoint::Entity(&ways.first);
        match self.call(first, None, Policy::Read, Patience::Normal, read.clone()).await {
            Err(error) => match ways.after(&error) {
                Some(address) => {
                    let second = Endpoint::Entity(&address);
                    self.call(second, None, Policy::Read, Patience::Normal, read)
                        .await
                        .map_err(|_| error)
                }
                None => Err(error),
            },
            found => found,
        }
    }

    pub(super) fn session(&self) -> &Session {
        &self.inner.session
    }

    pub(super) fn batch_support(&self) -> &BatchSupport {
        &self.inner.batches
    }

    pub(super) fn graph_support(&self) -> &GraphSupport {
        &self.inner.graphs
    }

    fn proof(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Vec<Item>)>> {
        self.inner.proof.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request with our token, logging in first and again when the token is refused.
    pub(super) async fn call<T, R>(
        &self,
        endpoint: Endpoint<'_>,
        body: Option<Body>,
        policy: Policy,
        patience: Patience,
        read: R,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        R: Fn(&Answer) -> Result<T, NotJson> + Clone + Send + 'static,
    {
        let mut request = self.request(endpoint, body, policy)?;
        request.patience = patience;
        self.authenticate().await?;
        let session = self.session();
        let used = AtomicU64::new(0);
        let header = || session.header(&used);
        match self.transmit(&request, policy, &header, read.clone()).await {
            Err(Error::Unauthorized { .. }) if session.is_renewable() => {
                self.renew(used.load(Ordering::Relaxed), Policy::Read).await?;
                self.transmit(&request, policy, &header, read).await
            }
            answered => answered,
        }
    }

    /// Sends a request without a token, as logging in does.
    pub(super) async fn contact<T, R>(
        &self,
        endpoint: Endpoint<'_>,
        body: Option<Body>,
        policy: Policy,
        read: R,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        R: Fn(&Answer) -> Result<T, NotJson> + Clone + Send + 'static,
    {
        let request = self.request(endpoint, body, policy)?;
        self.transmit(&request, policy, &|| None, read).await
    }

    pub(super) fn request(
        &self,
        endpoint: Endpoint<'_>,
        body: Option<Body>,
        policy: Policy,
    ) -> Result<Request, Error> {
        let mut request = Request::new(endpoint.method(), endpoint.url(&self.inner.bases)?);
        request.body = body;
        request.resend = policy.resend();
        Ok(request)
    }

    pub(super) async fn transmit<T, R>(
        &self,
        request: &Request,
        policy: Policy,
        header: &(dyn Fn() -> Option<HeaderValue> + Send + Sync),
        read: R,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        R: Fn(&Answer) -> Result<T, NotJson> + Clone + Send + 'static,
    {
        let label: Arc<str> = label(request).into();
        let judged = {
            let label = Arc::clone(&label);
            move |answer: &Answer| judge(&label, policy, answer, read.clone())
        };
        match self.inner.http.send(request, header, judged).await {
            Ok(outcome) => outcome,
            Err(failure) => Err(Error::Unreachable {
                request: format!("{label} at {}", self.inner.bases.host),
                reason: failure.reason,
                detail: failure.detail,
            }),
        }
    }

    /// Whether [`Client::logout`] would have something to end.
    pub fn logs_in(&self) -> bool {
        self.inner.has_login
    }
}

/// Method and path for messages; a name of a thousand characters is cut.
pub(super) fn label(request: &Request) -> String {
    let path = request.url.path();
    match path.get(..LONGEST_LABEL) {
        Some(start) if path.len() > LONGEST_LABEL => {
            format!("{} {start}…", request.method.as_str())
        }
        _ => format!("{} {path}", request.method.as_str()),
    }
}
