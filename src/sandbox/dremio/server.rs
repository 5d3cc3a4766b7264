//! [`DremioSandbox`]: a running server and the handle on it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::auth::Tokens;
use super::catalogue::Catalogue;
use super::collaboration::WrittenWikis;
use super::faults::FaultPlan;
use super::graph::Downstream;
use super::jobs::{Jobs, QueryEngine};
use super::options::{DremioOptions, Edition, Fault};
use super::routes;
use super::seen::{SeenLog, SeenRequest};
use crate::sandbox::connection::{Connection, ResettableListener};

const MAX_BODY: usize = 16 << 20;
/// Long enough for answers under way when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// What all requests share.
pub(super) struct Server {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) engine: Arc<dyn QueryEngine>,
    pub(super) jobs: Jobs,
    pub(super) seen: SeenLog,
    pub(super) wikis: WrittenWikis,
    pub(super) downstream: Downstream,
    options: RwLock<Arc<DremioOptions>>,
    tokens: Mutex<Tokens>,
    faults: Mutex<FaultPlan>,
}

impl Server {
    pub(super) fn options(&self) -> Arc<DremioOptions> {
        Arc::clone(&self.options.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sandbox Dremio that listens on loopback until it is stopped or dropped.
pub struct DremioSandbox {
    server: Arc<Server>,
    address: SocketAddr,
    stop: CancellationToken,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl std::fmt::Debug for DremioSandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DremioSandbox").field("address", &self.address).finish_non_exhaustive()
    }
}

impl DremioSandbox {
    /// Starts a server on the current tokio runtime. Fails if the port is taken.
    pub async fn start(
        catalogue: Arc<Catalogue>,
        engine: Arc<dyn QueryEngine>,
        options: DremioOptions,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
        let address = listener.local_addr()?;
        let server = Arc::new(Server {
            catalogue,
            engine,
            jobs: Jobs::default(),
            seen: SeenLog::new(),
            wikis: WrittenWikis::default(),
            downstream: Downstream::default(),
            options: RwLock::new(Arc::new(options)),
            tokens: Mutex::default(),
            faults: Mutex::default(),
        });
        let app = Router::new()
            .fallback(routes::handle)
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(Arc::clone(&server));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let serve = axum::serve(
            ResettableListener(listener),
            app.into_make_service_with_connect_info::<Connection>(),
        )
        .with_graceful_shutdown(stopped);
        let task = tokio::spawn(async move { serve.await });
        Ok(Self { server, address, stop, task: Some(task) })
    }

    /// `http://127.0.0.1:port`, to which a client adds `/api/v3` or `/v0/projects/…`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base of the catalogue API in this edition: `…/api/v3` or `…/v0/projects/{project}`.
    pub fn api_url(&self) -> String {
        match &self.server.options().edition {
            Edition::Cloud { project } => format!("{}/v0/projects/{project}", self.url()),
            Edition::Oss | Edition::Enterprise => format!("{}/api/v3", self.url()),
        }
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.server.catalogue.account().user
    }

    /// The user's password.
    pub fn password(&self) -> &str {
        &self.server.catalogue.account().password
    }

    /// The personal access token (Enterprise, Cloud).
    pub fn pat(&self) -> String {
        self.server.options().pat.clone()
    }

    /// What it serves.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.server.catalogue
    }

    /// Throws switches; requests that arrive later see them. The port does not change.
    pub fn configure(&self, change: impl FnOnce(&mut DremioOptions)) {
        let mut options = self.server.options.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut options));
    }

    /// Lets the next `times` requests fail whose target begins with `prefix`: either the whole
    /// target (`/apiv2/login`) or what follows the API's base (`/catalog/by-ids`).
    pub fn fail_next(&self, times: usize, prefix: &str, fault: Fault) {
        self.server.faults().fail_next(times, prefix, fault);
    }

    /// Forgets what [`DremioSandbox::fail_next`] has planned.
    pub fn clear_planned_faults(&self) {
        self.server.faults().clear();
    }

    /// Ends every login: their tokens are refused from now on.
    pub fn expire_tokens(&self) {
        self.server.tokens().expire_logins();
    }

    /// Refuses the personal access token from now on.
    pub fn revoke_pat(&self) {
        self.server.tokens().revoke_pat();
    }

    /// Everything that was asked, in order of arrival.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.server.seen.requests()
    }

    /// Requests that tried to change something. A reading client leaves this empty.
    pub fn mutations(&self) -> Vec<SeenRequest> {
        self.requests().into_iter().filter(|seen| seen.is_mutation).collect()
    }

    /// Requests that are wrong in themselves; see [`SeenRequest::defect`].
    pub fn defects(&self) -> Vec<SeenRequest> {
        self.requests().into_iter().filter(|seen| seen.defect.is_some()).collect()
    }

    /// What was asked more than once although the first answer was whole, each with the number of
    /// such answers: method, target and body. Polls of a job, logins and probes do not count.
    pub fn repeated(&self) -> Vec<((String, String, String), usize)> {
        let mut times: BTreeMap<_, usize> = BTreeMap::new();
        for seen in self.requests() {
            let is_whole = seen.status.is_some_and(|status| status < 300)
                && matches!(seen.fault, None | Some(Fault::Slow(_)));
            let is_poll = seen.target.contains("/job/") && !seen.target.contains("/results");
            if is_whole && !is_poll && !seen.target.starts_with("/apiv2") {
                *times.entry((seen.method, seen.target, seen.body)).or_default() += 1;
            }
        }
        times.into_iter().filter(|(_, times)| *times > 1).collect()
    }

    /// The greatest number of requests that were under way at once.
    pub fn peak_in_flight(&self) -> usize {
        self.server.seen.peak()
    }

    /// Stops listening and waits a moment for answers under way.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let abort = task.abort_handle();
            if tokio::time::timeout(GRACE, task).await.is_err() {
                abort.abort();
            }
        }
    }

    /// Completes when the server has stopped, for commands that do nothing else.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

impl Drop for DremioSandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
