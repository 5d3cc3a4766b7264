//! [`Session`]: who we are to the server, and how that is proved anew when a token runs out.
//!
//! Logging in is single-flight: however many requests find their token refused at once, one login is
//! sent (contract §1.4).

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::{Client, Credentials, Deployment, Error};
use crate::dremio::verdict::Policy;
use crate::http::{Answer, Body, Patience, Slot, encode_query};

/// A token is exchanged again this long before it runs out, or at half of a shorter life.
const MARGIN: Duration = Duration::from_secs(30);
/// How long a logout may hold up the end of the program.
const LOGOUT_PATIENCE: Duration = Duration::from_secs(2);

/// The credentials and the token won with them.
pub(super) struct Session {
    credentials: Credentials,
    state: Mutex<State>,
    /// Held while logging in.
    logging_in: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Counts the tokens; 0 before the first.
    generation: u64,
    /// The server's refusal of these credentials; they are not tried again unasked, which could
    /// lock an account.
    refused: Option<Error>,
    /// What the last login told of the server.
    introduction: Introduction,
}

struct Token {
    header: HeaderValue,
    stale_from: Option<Instant>,
    /// Whether it ends with a logout.
    is_login: bool,
}

/// What a login tells besides the token.
#[derive(Clone, Debug, Default)]
pub(super) struct Introduction {
    pub(super) version: Option<String>,
    pub(super) user: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginWire {
    token: Option<SecretString>,
    user_name: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
struct ExchangeWire {
    access_token: Option<SecretString>,
    expires_in: Option<u64>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(credentials: Credentials, deployment: &Deployment) -> Result<Self, Error> {
        let mut state = State::default();
        match &credentials {
            Credentials::Password { .. } if matches!(deployment, Deployment::Cloud { .. }) => {
                return Err(Error::Setup(
                    "Dremio Cloud takes no user and password: give a personal access token"
                        .to_owned(),
                ));
            }
            Credentials::Password { user, .. } if user.is_empty() => {
                return Err(Error::Setup("a password needs a user name".to_owned()));
            }
            Credentials::Token(token) => {
                state.token = Some(Token {
                    header: header("Bearer ", token)?,
                    stale_from: None,
                    is_login: false,
                });
                state.generation = 1;
            }
            Credentials::Password { .. } | Credentials::OAuth { .. } => {}
        }
        Ok(Self {
            credentials,
            state: Mutex::new(state),
            logging_in: tokio::sync::Mutex::default(),
        })
    }

    /// Whether a refused token can be replaced without asking anybody.
    pub(super) fn is_renewable(&self) -> bool {
        !matches!(self.credentials, Credentials::Token(_))
    }

    /// The header for a request about to leave; notes which token it is.
    pub(super) fn header(&self, used: &AtomicU64) -> Option<HeaderValue> {
        let state = self.lock();
        used.store(state.generation, Ordering::Relaxed);
        state.token.as_ref().map(|token| token.header.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_live_token(&self) -> bool {
        let state = self.lock();
        state.token.as_ref().is_some_and(|token| {
            token.stale_from.is_none_or(|stale_from| Instant::now() < stale_from)
        })
    }
}

impl Client {
    /// Makes sure that there is a token, logging in if need be.
    pub(super) async fn authenticate(&self) -> Result<(), Error> {
        if self.session().has_live_token() {
            return Ok(());
        }
        let generation = self.session().lock().generation;
        self.renew(generation, Policy::Contact).await
    }

    /// Replaces the token that was the `seen`-th, unless somebody else has done so meanwhile.
    pub(super) async fn renew(&self, seen: u64, policy: Policy) -> Result<(), Error> {
        let session = self.session();
        let _guard = session.logging_in.lock().await;
        {
            let state = session.lock();
            if let Some(refusal) = &state.refused {
                return Err(refusal.clone());
            }
            if state.generation > seen && state.token.is_some() {
                return Ok(());
            }
        }
        let result = match &session.credentials {
            Credentials::Password { user, password } => {
                Slot::keep(self.log_in(user, password, policy)).await
            }
            Credentials::OAuth { subject_token, client } => {
                Slot::keep(self.exchange_token(subject_token, client.as_ref(), policy)).await
            }
            Credentials::Token(_) => return Ok(()),
        };
        let mut state = session.lock();
        match result {
            Ok((token, introduction)) => {
                state.token = Some(token);
                state.generation += 1;
                state.introduction = introduction;
                Ok(())
            }
            Err(error) => {
                if matches!(error, Error::BadLogin { .. } | Error::NoFirstUser { .. }) {
                    state.refused = Some(error.clone());
                    // Kept though it is dead: a request about to leave carries it and learns of
                    // the refusal, where without any it would be a stranger's.
                    if let Some(token) = &mut state.token {
                        token.stale_from = Some(Instant::now());
                        token.is_login = false;
                    }
                }
                Err(error)
            }
        }
    }

    /// Forgets an earlier refusal: somebody asks explicitly.
    pub(super) fn forget_refusal(&self) {
        self.session().lock().refused = None;
    }

    pub(super) fn introduction(&self) -> Introduction {
        self.session().lock().introduction.clone()
    }

    async fn log_in(
        &self,
        user: &str,
        password: &SecretString,
        policy: Policy,
    ) -> Result<(Token, Introduction), Error> {
        let body = serde_json::json!({ "userName": user, "password": password.expose_secret() });
        let body = Body::json(body.to_string());
        let answer: LoginWire = self
            .contact(Endpoint::Login, Some(body), policy, |answer: &Answer| answer.json())
            .await
            .map_err(|error| match error {
                Error::Unauthorized { request } => Error::BadLogin {
                    request,
                    message: format!("user {user:?}, or the password, is wrong"),
                },
                // Every Dremio has a login: something else answers here.
                Error::NotFound { request, message } => {
                    Error::NotJson { request, what: format!("404 ({message})") }
                }
                Error::Unsupported { request } => {
                    Error::NotJson { request, what: "a refusal of the method".to_owned() }
                }
                other => other,
            })?;
        let token = answer.token.ok_or_else(|| Error::Malformed {
            request: "POST login".to_owned(),
            detail: "there is no token in it".to_owned(),
        })?;
        let token = Token { header: header("_dremio", &token)?, stale_from: None, is_login: true };
        let introduction = Introduction {
            version: answer.version,
            user: answer.user_name.or_else(|| Some(user.to_owned())),
        };
        Ok((token, introduction))
    }

    async fn exchange_token(
        &self,
        subject_token: &SecretString,
        client: Option<&(String, SecretString)>,
        policy: Policy,
    ) -> Result<(Token, Introduction), Error> {
        let mut form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("scope", "dremio.all"),
            ("subject_token", subject_token.expose_secret().trim()),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ];
        if let Some((id, secret)) = client {
            form.push(("client_id", id));
            form.push(("client_secret", secret.expose_secret()));
        }
        let form: Vec<String> =
            form.iter().map(|(key, value)| format!("{key}={}", encode_query(value))).collect();
        let body = Body::form(form.join("&"));
        let answer: ExchangeWire = self
            .contact(Endpoint::ExchangeToken, Some(body), policy, |answer: &Answer| answer.json())
            .await
            .map_err(|error| match error {
                Error::Unauthorized { request } => Error::BadLogin {
                    request,
                    message: "the token to be exchanged was not accepted".to_owned(),
                },
                // OAuth says 400 for a token that is expired or not trusted.
                Error::Rejected { request, status: 400, message } => {
                    Error::BadLogin { request, message }
                }
                other => other,
            })?;
        let access_token = answer.access_token.ok_or_else(|| Error::Malformed {
            request: "POST /oauth/token".to_owned(),
            detail: "there is no access_token in it".to_owned(),
        })?;
        let stale_from = answer.expires_in.map(|seconds| {
            let life = Duration::from_secs(seconds);
            Instant::now() + life.saturating_sub(MARGIN).max(life / 2)
        });
        let token =
            Token { header: header("Bearer ", &access_token)?, stale_from, is_login: false };
        Ok((token, Introduction::default()))
    }

    /// Ends the login that we made, if we made one. Failures are not interesting.
    pub async fn logout(&self) {
        let header = {
            let mut state = self.session().lock();
            match &state.token {
                Some(token) if token.is_login => state.token.take().map(|token| token.header),
                _ => return,
            }
        };
        let Ok(mut request) = self.request(Endpoint::Logout, None, Policy::Single) else { return };
        request.patience = Patience::Exactly(LOGOUT_PATIENCE);
        let header = || header.clone();
        let sent = self.transmit(&request, Policy::Single, &header, |_: &Answer| Ok(()));
        let _ = tokio::time::timeout(2 * LOGOUT_PATIENCE, sent).await;
    }
}

fn header(scheme: &str, token: &SecretString) -> Result<HeaderValue, Error> {
    // Tokens read from files come with a newline.
    let token = token.expose_secret().trim();
    if token.is_empty() {
        return Err(Error::Setup("the token is empty".to_owned()));
    }
    let mut header = HeaderValue::from_str(&format!("{scheme}{token}")).map_err(|_| {
        Error::Setup("the token holds characters that no token has (a line break?)".to_owned())
    })?;
    header.set_sensitive(true);
    Ok(header)
}
