//! [`OpenMetadataSandbox`]: a running server, its switches, its faults and its log.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, OriginalUri, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::directory::Named;
use super::store::Store;
use super::{Caller, Quirks, Version, routes};
use crate::openmetadata::entity::EntityType;
use crate::sandbox::connection::{Connection, ResettableListener};

const MAX_BODY: usize = 256 << 20;
const BOT_TOKEN: &str = "sandbox-bot-token";
const USER_TOKEN: &str = "sandbox-user-token";
const EMAIL: &str = "admin@open-metadata.org";
const PASSWORD: &str = "admin";

/// Switches of a sandbox OpenMetadata; all can be thrown while it runs.
#[derive(Clone, Debug, Default)]
pub struct OpenMetadataOptions {
    /// Which server is imitated. Fixed at the start.
    pub version: Version,
    /// Whether `PUT …/bulk` exists.
    pub bulk: bool,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// Added to every answer.
    pub latency: Duration,
    /// Share of requests that fail with [`OpenMetadataSandbox::fail_next`]'s faults at random: 503.
    pub unavailable: f64,
    /// Share of requests whose connection is reset before anything happens.
    pub reset: f64,
    /// Share of writes that take effect, after which the connection is reset.
    pub reset_after_write: f64,
    /// Seed of the random faults.
    pub seed: u64,
    /// Faults of its own.
    pub quirks: Quirks,
}

/// Something that goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This status, with this message.
    Status(u16, String),
    /// This status, with so many seconds in `Retry-After`.
    Later(u16, u64),
    /// The connection is reset before anything happens.
    Reset,
    /// The request takes effect, then the connection is reset.
    ResetAfter,
    /// 200 with a web page.
    Html,
    /// The right answer after this time.
    Slow(Duration),
}

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// The method.
    pub method: String,
    /// Path and query, byte by byte.
    pub target: String,
    /// The body.
    pub body: String,
    /// The answer's status; `None` after a reset.
    pub status: Option<u16>,
    /// What went wrong with it on purpose.
    pub fault: Option<Fault>,
}

impl SeenRequest {
    /// Whether it asked to change something.
    pub fn is_write(&self) -> bool {
        self.method != "GET" && !self.target.contains("/users/")
    }
}

#[derive(Debug)]
struct Planned {
    left: usize,
    method: Option<String>,
    prefix: String,
    fault: Fault,
}

/// What all requests share.
pub(super) struct Shared {
    store: Mutex<Store>,
    options: RwLock<OpenMetadataOptions>,
    planned: Mutex<Vec<Planned>>,
    random: Mutex<fastrand::Rng>,
    seen: Mutex<Vec<SeenRequest>>,
    revoked: RwLock<bool>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    pub(super) fn options(&self) -> OpenMetadataOptions {
        self.options.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who a bearer token belongs to.
    pub(super) fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        if *self.revoked.read().unwrap_or_else(PoisonError::into_inner) {
            return None;
        }
        let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        match header.strip_prefix("Bearer ")? {
            BOT_TOKEN => Some(Caller::Bot),
            USER_TOKEN => Some(Caller::User),
            _ => None,
        }
    }

    /// The token for the right e-mail and base64 password.
    pub(super) fn login(sent: &Value) -> Option<&'static str> {
        let field = |key: &str| sent.get(key).and_then(Value::as_str).unwrap_or_default();
        (field("email") == EMAIL && field("password") == STANDARD.encode(PASSWORD))
            .then_some(USER_TOKEN)
    }

    fn draw(&self, method: &Method, target: &str) -> Option<Fault> {
        let due = lock(&self.planned)
            .iter_mut()
            .find(|planned| {
                planned.left > 0
                    && planned.method.as_deref().is_none_or(|wanted| wanted == method.as_str())
                    && target.starts_with(&planned.prefix)
            })
            .map(|planned| {
                planned.left -= 1;
                planned.fault.clone()
            });
        if due.is_some() {
            return due;
        }
        let options = self.options();
        let drawn = lock(&self.random).f64();
        let is_write = *method != Method::GET;
        if drawn < options.unavailable {
            Some(Fault::Status(503, "Service Unavailable".to_owned()))
        } else if drawn < options.unavailable + options.reset {
            Some(Fault::Reset)
        } else if is_write
            && drawn < options.unavailable + options.reset + options.reset_after_write
        {
            Some(Fault::ResetAfter)
        } else {
            None
        }
    }
}

/// A sandbox OpenMetadata that listens on loopback until it is stopped or dropped.
pub struct OpenMetadataSandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: CancellationToken,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl std::fmt::Debug for OpenMetadataSandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenMetadataSandbox")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl OpenMetadataSandbox {
    /// Starts an empty server on the current tokio runtime. Fails if the port is taken.
    pub async fn start(options: OpenMetadataOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            store: Mutex::new(Store::new(options.version)),
            random: Mutex::new(fastrand::Rng::with_seed(options.seed)),
            options: RwLock::new(options),
            planned: Mutex::default(),
            seen: Mutex::default(),
            revoked: RwLock::new(false),
        });
        let app = Router::new()
            .fallback(handle)
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(Arc::clone(&shared));
        let stop = CancellationToken::new();
        let serve = axum::serve(
            ResettableListener(listener),
            app.into_make_service_with_connect_info::<Connection>(),
        )
        .with_graceful_shutdown(stop.clone().cancelled_owned());
        let task = tokio::spawn(async move { serve.await });
        Ok(Self { shared, address, stop, task: Some(task) })
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// `http://127.0.0.1:port`; the API is below `/api/v1`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A token with bot semantics.
    pub fn bot_token(&self) -> &'static str {
        BOT_TOKEN
    }

    /// A token with user semantics.
    pub fn user_token(&self) -> &'static str {
        USER_TOKEN
    }

    /// E-mail and password of the basic login.
    pub fn login(&self) -> (&'static str, &'static str) {
        (EMAIL, PASSWORD)
    }

    /// Throws switches; the version and the port stay.
    pub fn configure(&self, change: impl FnOnce(&mut OpenMetadataOptions)) {
        change(&mut self.shared.options.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Lets the next `times` requests of this method (any, if `None`) below `prefix` fail.
    pub fn fail_next(&self, times: usize, method: Option<&str>, prefix: &str, fault: Fault) {
        lock(&self.shared.planned).push(Planned {
            left: times,
            method: method.map(str::to_owned),
            prefix: prefix.to_owned(),
            fault,
        });
    }

    /// From now on no token is good, as after a rotation.
    pub fn revoke_tokens(&self) {
        *self.shared.revoked.write().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Everything that was asked, in order of arrival.
    pub fn requests(&self) -> Vec<SeenRequest> {
        lock(&self.shared.seen).clone()
    }

    /// Forgets what was asked.
    pub fn clear_requests(&self) {
        lock(&self.shared.seen).clear();
    }

    /// The requests that asked to change something.
    pub fn writes(&self) -> Vec<SeenRequest> {
        self.requests().into_iter().filter(SeenRequest::is_write).collect()
    }

    /// All that is stored, without ids' order or times: for comparing two servers.
    pub fn dump(&self) -> Value {
        let store = self.shared.store();
        let mut entities = Map::new();
        for ((kind, fqn), entity) in &store.entities {
            let mut shown = entity.clone();
            for volatile in ["updatedAt", "version", "changeDescription"] {
                shown.remove(volatile);
            }
            entities.insert(format!("{} {fqn}", kind.name()), Value::Object(shown));
        }
        let mut edges: Vec<Value> = store
            .edges
            .iter()
            .map(|edge| {
                let mut details = edge.details.clone();
                for volatile in ["createdAt", "updatedAt"] {
                    details.remove(volatile);
                }
                json!({ "from": edge.from, "to": edge.to, "details": details })
            })
            .collect();
        edges.sort_by_key(ToString::to_string);
        json!({ "entities": entities, "edges": edges })
    }

    /// From now on whatever carries this glossary term is shown with this tag too.
    pub fn derive_tag(&self, term: &str, tag: &str) {
        let mut store = self.shared.store();
        store.directory.add(Named::term(term));
        store.directory.add(Named::tag(tag));
        store.derived_tags.push((term.to_owned(), tag.to_owned()));
    }

    /// How many entities of a kind are stored and not deleted.
    pub fn count(&self, entity: EntityType) -> usize {
        let store = self.shared.store();
        let live = store
            .entities
            .iter()
            .filter(|((kind, _), stored)| *kind == entity && !Store::is_deleted(stored));
        live.count()
    }

    /// Stops listening and waits until answers under way are done.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = tokio::time::timeout(Duration::from_secs(2), task).await;
        }
    }
}

impl Drop for OpenMetadataSandbox {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// An error as the server words it; only its own ones have an `errorType` (contract §1.4).
fn failure(status: u16, message: &str) -> Response<Body> {
    let mut answer = json!({ "code": status, "message": message });
    let kind = match status {
        401 => Some("UNAUTHORIZED"),
        403 => Some("FORBIDDEN"),
        404 => Some("ENTITY_NOT_FOUND"),
        409 => Some("ENTITY_LOCKED"),
        412 => Some("PRECONDITION_FAILED"),
        413 => Some("BULK_LIMIT_EXCEPTION"),
        429 => Some("LIMITS_EXCEPTION"),
        _ => None,
    };
    if let Some(kind) = kind {
        answer["errorType"] = json!(kind);
    }
    let mut response = Response::new(Body::from(answer.to_string()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let number = {
        let mut seen = lock(&shared.seen);
        seen.push(SeenRequest {
            method: method.to_string(),
            target: target.clone(),
            body: String::from_utf8_lossy(&body).into_owned(),
            status: None,
            fault: None,
        });
        seen.len() - 1
    };
    let latency = shared.options().latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let mut is_reset = false;
    let fault = shared.draw(&method, &target);
    if let Some(seen) = lock(&shared.seen).get_mut(number) {
        seen.fault.clone_from(&fault);
    }
    let response = match fault {
        Some(Fault::Status(status, message)) => failure(status, &message),
        Some(Fault::Later(status, seconds)) => {
            let mut response = failure(status, "try again later");
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            response
        }
        Some(Fault::Reset) => {
            is_reset = true;
            Response::new(Body::empty())
        }
        Some(Fault::Html) => {
            let mut response = Response::new(Body::from("<html><body>sign in</body></html>"));
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html"));
            response
        }
        fault => {
            if let Some(Fault::Slow(time)) = fault {
                tokio::time::sleep(time).await;
            }
            is_reset = fault == Some(Fault::ResetAfter);
            routes::answer(&shared, &method, &uri, &headers, &body)
        }
    };
    if is_reset {
        connection.reset();
    } else if let Some(seen) = lock(&shared.seen).get_mut(number) {
        seen.status = Some(response.status().as_u16());
    }
    response
}
