//! [`Client`]: one connection to one OpenMetadata.
//!
//! One method a request, each returning a typed value or an [`Error`] that names the request. What to
//! write, and in which order, is not decided here.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use url::Url;

use super::options::{ConnectOptions, Credentials, api_root};
use super::{Error, verdict};
use crate::http::{
    Again, Answer, Body, HttpClient, Judged, Method, NotJson, Patience, Request, RequestLog,
    Resend, encode_query,
};

/// Requests under way at once, unless the settings say otherwise.
const DEFAULT_CONCURRENCY: usize = 8;
/// The oldest version with `owners` (contract §7).
const OLDEST: (u32, u32) = (1, 5);
/// The oldest version that may have `domains` instead of one `domain` (contract §7).
const SEVERAL_DOMAINS: (u32, u32) = (1, 9);

/// A connection. Clones share login, limits and log.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: HttpClient,
    root: Url,
    credentials: Credentials,
    token: Mutex<Option<SecretString>>,
    /// Names that this server refuses in `fields` (quirk 24).
    unknown_fields: Mutex<Vec<&'static str>>,
    login: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("root", &self.inner.root.as_str()).finish_non_exhaustive()
    }
}

/// The server on the other side, and who we are to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// Host and port, for display.
    pub host: String,
    /// The version as the server writes it.
    pub version: String,
    /// Major, minor and patch.
    pub numbers: (u32, u32, u32),
    /// Our name there, where it could be read.
    pub user: Option<String>,
    /// Whether we are a bot; `None` when that could not be read, which is to be treated as "no".
    pub is_bot: Option<bool>,
}

/// Who we are to a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Our name there, where it could be read.
    pub user: Option<String>,
    /// Whether we are a bot; `None` when that could not be read, which is to be treated as "no".
    pub is_bot: Option<bool>,
}

impl Client {
    /// Prepares a connection; sends nothing yet.
    pub fn new(options: ConnectOptions, log: RequestLog) -> Result<Self, Error> {
        let root = api_root(&options.url).map_err(Error::Setup)?;
        let concurrency = options.max_concurrency.unwrap_or(DEFAULT_CONCURRENCY);
        let http = HttpClient::new(options.http, &root, "OpenMetadata", concurrency, log)
            .map_err(Error::Setup)?;
        let token = match &options.credentials {
            Credentials::Token(token) => Some(token.clone()),
            Credentials::Password { .. } => None,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                http,
                root,
                credentials: options.credentials,
                token: Mutex::new(token),
                unknown_fields: Mutex::default(),
                login: tokio::sync::Mutex::new(()),
            }),
        })
    }

    /// Asks for the version, proves the token and learns who we are (contract §1.3).
    pub async fn connect(&self) -> Result<ServerInfo, Error> {
        let (version, numbers) = self.version().await?;
        let Identity { user, is_bot } = self.identity().await?;
        Ok(ServerInfo { host: self.host(), version, numbers, user, is_bot })
    }

    /// The API root that the URL was understood as (contract §1.1).
    pub fn root(&self) -> &Url {
        &self.inner.root
    }

    /// The server's version as it writes it, and its major, minor and patch. Proves nothing about
    /// the token (quirk 2); a version that is too old is an error.
    pub async fn version(&self) -> Result<(String, (u32, u32, u32)), Error> {
        #[derive(Deserialize)]
        struct VersionWire {
            version: String,
        }
        let answer: VersionWire = self.call(Call::contact(Method::Get, "system/version")).await?;
        let numbers = parse_version(&answer.version);
        if (numbers.0, numbers.1) < OLDEST && numbers != (0, 0, 0) {
            return Err(Error::TooOld { version: answer.version });
        }
        if (numbers.0, numbers.1) < SEVERAL_DOMAINS && numbers != (0, 0, 0) {
            // A proxy may empty a refusal, which then does not name the field (contract §1.4).
            let mut unknown = self.unknown_fields();
            for field in ["domains", "certification"] {
                if !unknown.contains(&field) {
                    unknown.push(field);
                }
            }
        }
        Ok((answer.version, numbers))
    }

    /// Who we are to the server: the first request that proves the token.
    pub async fn identity(&self) -> Result<Identity, Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct UserWire {
            name: Option<String>,
            is_bot: Option<bool>,
        }
        let user = match self.call::<UserWire>(Call::new(Method::Get, "users/loggedInUser")).await {
            Ok(user) => user,
            // Refused by a policy: the token is good, who we are stays unknown (contract §1.2).
            Err(Error::Forbidden { .. } | Error::NotFound { .. }) => UserWire::default(),
            Err(error) => return Err(error),
        };
        Ok(Identity {
            // The property may be left out for people (contract §1.2).
            is_bot: user.is_bot.or(user.name.is_some().then_some(false)),
            user: user.name,
        })
    }

    fn host(&self) -> String {
        let root = &self.inner.root;
        let host = root.host_str().unwrap_or_default();
        root.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    pub(super) fn unknown_fields(&self) -> std::sync::MutexGuard<'_, Vec<&'static str>> {
        self.inner.unknown_fields.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log that this connection writes.
    pub fn request_log(&self) -> &RequestLog {
        self.inner.http.log()
    }

    /// How many requests may be under way at once.
    pub fn max_concurrency(&self) -> usize {
        self.inner.http.max_concurrency()
    }

    /// Sends a request whose answer is JSON.
    pub(super) async fn call<T: DeserializeOwned + Send + 'static>(
        &self,
        call: Call,
    ) -> Result<T, Error> {
        self.send(call, |answer| answer.json()).await
    }

    /// Sends a request whose answer does not matter, or has no body (quirk 18).
    pub(super) async fn call_for_status(&self, call: Call) -> Result<u16, Error> {
        self.send(call, |answer| {
            // A web page with 200 is an unknown path, not a success (quirk 1).
            if answer.is_html() { answer.json::<()>().map(|()| 200) } else { Ok(answer.status) }
        })
        .await
    }

    pub(super) async fn send<T: Send + 'static>(
        &self,
        call: Call,
        read: fn(&Answer) -> Result<T, NotJson>,
    ) -> Result<T, Error> {
        let used = self.bearer(&call).await?;
        match self.exchange(&call, used.as_ref(), read).await {
            Err(Error::Unauthorized { .. }) if self.can_log_in() && call.is_authorized => {
                self.forget(used.as_ref());
                let fresh = self.bearer(&call).await?;
                self.exchange(&call, fresh.as_ref(), read).await
            }
            result => result,
        }
    }

    async fn exchange<T: Send + 'static>(
        &self,
        call: &Call,
        token: Option<&SecretString>,
        read: fn(&Answer) -> Result<T, NotJson>,
    ) -> Result<T, Error> {
        let name = format!("{} {}", call.method.as_str(), call.path);
        let url = Url::parse(&format!("{}/{}", self.inner.root, call.path))
            .map_err(|error| Error::Setup(format!("{name}: {error}")))?;
        let mut request = Request::new(call.method, url);
        request.body.clone_from(&call.body);
        request.patience = if call.is_slow { Patience::Slow } else { Patience::Normal };
        request.resend = call.resend;
        let header = token.and_then(|token| {
            let mut header =
                HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
            header.set_sensitive(true);
            Some(header)
        });
        let is_read = call.method == Method::Get;
        let judged = name.clone();
        self.inner
            .http
            .send(&request, &move || header.clone(), move |answer| {
                verdict::judge(&judged, is_read, answer, read)
            })
            .await
            .unwrap_or_else(|failure| {
                Err(Error::Unreachable {
                    request: name,
                    reason: failure.reason,
                    detail: failure.detail,
                })
            })
    }

    fn can_log_in(&self) -> bool {
        matches!(self.inner.credentials, Credentials::Password { .. })
    }

    fn stored_token(&self) -> Option<SecretString> {
        self.inner.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Drops a token that was refused, unless another request has replaced it already.
    fn forget(&self, refused: Option<&SecretString>) {
        let mut token = self.inner.token.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = match (token.as_ref(), refused) {
            (Some(current), Some(refused)) => current.expose_secret() == refused.expose_secret(),
            _ => false,
        };
        if is_same {
            *token = None;
        }
    }

    /// The token to send, logging in first if need be: one login however many wait for it.
    async fn bearer(&self, call: &Call) -> Result<Option<SecretString>, Error> {
        if !call.is_authorized {
            return Ok(None);
        }
        if let Some(token) = self.stored_token() {
            return Ok(Some(token));
        }
        let Credentials::Password { email, password } = &self.inner.credentials else {
            return Ok(None);
        };
        let _turn = self.inner.login.lock().await;
        if let Some(token) = self.stored_token() {
            return Ok(Some(token));
        }
        let body = json!({
            "email": email,
            "password": STANDARD.encode(password.expose_secret()),
        });
        let login = Call {
            body: Some(Body::json(body.to_string())),
            ..Call::contact(Method::Post, "users/login")
        };
        let answer = self.exchange::<LoginWire>(&login, None, |answer| answer.json()).await;
        let token = match answer {
            Ok(answer) => answer.access_token,
            Err(Error::Unauthorized { request }) => {
                return Err(Error::BadLogin { request, message: "401 Unauthorized".to_owned() });
            }
            Err(
                Error::Rejected { request, message, .. } | Error::NotFound { request, message },
            ) => {
                return Err(Error::BadLogin { request, message });
            }
            Err(error) => return Err(error),
        };
        *self.inner.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(Some(token))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginWire {
    access_token: SecretString,
}

/// A request below the API root.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Encoded path and query.
    pub(super) path: String,
    pub(super) body: Option<Body>,
    pub(super) is_slow: bool,
    pub(super) is_authorized: bool,
    pub(super) resend: Resend,
}

impl Call {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            is_slow: false,
            is_authorized: true,
            // Reads change nothing, and every write here can be repeated (contract §1.4).
            resend: Resend::ALWAYS,
        }
    }

    /// One without a token, for which a person waits.
    fn contact(method: Method, path: &str) -> Self {
        Self { is_authorized: false, resend: Resend::IF_BROKEN, ..Self::new(method, path) }
    }

    pub(super) fn json(method: Method, path: impl Into<String>, body: Vec<u8>) -> Self {
        Self { body: Some(Body::json(body)), ..Self::new(method, path) }
    }

    /// Adds a query parameter.
    pub(super) fn query(mut self, key: &str, value: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(key);
        self.path.push('=');
        self.path.push_str(&encode_query(value));
        self
    }

    pub(super) fn slow(mut self) -> Self {
        self.is_slow = true;
        self
    }
}

/// Major, minor, patch of `1.13.0-SNAPSHOT`; zeros for what is not a number.
fn parse_version(text: &str) -> (u32, u32, u32) {
    let mut numbers = text
        .split(['.', '-', '+'])
        .map(|part| part.trim_start_matches('v').parse::<u32>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

/// Whether an answer is worth asking for again, for a read or an idempotent write (contract §1.4).
pub(super) fn again(is_read: bool, error: &Error) -> Again {
    match error {
        Error::Server { status: 500, .. } | Error::Malformed { .. } if is_read => Again::Once,
        Error::Server { status: 502..=504, .. } | Error::Limited { retry_after: Some(_), .. } => {
            Again::Yes
        }
        Error::Rejected { status: 409, message, .. } if !is_about_existence(message) => Again::Once,
        _ => Again::No,
    }
}

/// The other 409 of the server (contract §1.4). The lock that a deletion holds on what is below it
/// need not be named: `errorType` is optional, and a proxy may have emptied the body.
fn is_about_existence(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("already exist") || message.contains("already_exist")
}

pub(super) type Verdict<T> = Judged<Result<T, Error>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_with_suffixes_are_read() {
        assert_eq!(parse_version("1.13.0-SNAPSHOT"), (1, 13, 0));
        assert_eq!(parse_version("2.0.2"), (2, 0, 2));
        assert_eq!(parse_version("1.12-rc1"), (1, 12, 0));
    }
}
