//! [`Backend`]: what the UI needs of the other side, so that a test can stand in for a server.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::sync_target::{PlanRequest, PresenceRequest, Reached, SyncTarget};
use crate::discovery::{DiscoveryEvent, DiscoveryOptions, Resolved, discover, resolve};
use crate::dremio::{Client, QueryResult, Reflection};
use crate::model::{DatasetPath, Item, ServerInfo};
use crate::openmetadata;
use crate::sync::apply::{ApplyEvent, Report};
use crate::sync::session::{Prepared, Step};

/// Asks a running walk to read a node before all others.
pub type ReadNow = Arc<dyn Fn(DatasetPath) + Send + Sync>;

/// The other side. Failures are sentences made for people.
pub trait Backend: Clone + Send + Sync + 'static {
    /// Logs in and says who is there.
    fn login(&self) -> impl Future<Output = Result<ServerInfo, String>> + Send;
    /// Ends the login.
    fn logout(&self) -> impl Future<Output = ()> + Send;
    /// Starts reading; with `all` false, nothing but the roots and what is asked for. Goes on serving
    /// [`ReadNow`] until cancelled.
    fn discover(
        &self,
        all: bool,
        cancel: CancellationToken,
    ) -> (ReadNow, mpsc::Receiver<DiscoveryEvent>);
    /// The wiki text, if there is one.
    fn wiki(&self, of: &Item) -> impl Future<Output = Result<Option<String>, String>> + Send;
    /// The labels.
    fn labels(&self, of: &Item) -> impl Future<Output = Result<Vec<String>, String>> + Send;
    /// The reflections of a dataset.
    fn reflections(
        &self,
        dataset_id: &str,
    ) -> impl Future<Output = Result<Vec<Reflection>, String>> + Send;
    /// Looks for datasets at their paths, whether or not a listing shows them.
    fn resolve(
        &self,
        paths: Vec<DatasetPath>,
        cancel: &CancellationToken,
    ) -> impl Future<Output = Resolved> + Send;
    /// The first rows of a SELECT. Cancelling ends it on the server too.
    fn query(
        &self,
        sql: &str,
        max_rows: u64,
        cancel: &CancellationToken,
    ) -> impl Future<Output = Result<QueryResult, String>> + Send;
    /// Asks OpenMetadata who it is and who we are, and what an earlier sync left unfinished there.
    fn openmetadata(&self) -> impl Future<Output = Result<Reached, String>> + Send {
        async { Err(NO_TARGET.to_owned()) }
    }
    /// Makes a sync plan. Writes nothing.
    fn plan(
        &self,
        request: PlanRequest,
        steps: mpsc::UnboundedSender<Step>,
        cancel: CancellationToken,
    ) -> impl Future<Output = Result<Prepared, String>> + Send {
        let _ = (request, steps, cancel);
        async { Err(NO_TARGET.to_owned()) }
    }
    /// Puts away the journal of a sync to this server that was cut off.
    fn forget_interrupted(
        &self,
        server: openmetadata::ServerInfo,
    ) -> impl Future<Output = Result<(), String>> + Send {
        let _ = server;
        async { Err(NO_TARGET.to_owned()) }
    }
    /// Looks which datasets have no table in OpenMetadata; `listed` hears how many of how many
    /// databases were listed.
    fn missing_tables(
        &self,
        request: PresenceRequest,
        listed: mpsc::UnboundedSender<(usize, usize)>,
        cancel: CancellationToken,
    ) -> impl Future<Output = Result<Vec<DatasetPath>, String>> + Send {
        let _ = (request, listed, cancel);
        async { Err(NO_TARGET.to_owned()) }
    }
    /// Applies a sync plan but for the excluded items.
    fn apply(
        &self,
        prepared: Prepared,
        server: openmetadata::ServerInfo,
        excluded: BTreeSet<usize>,
        events: mpsc::UnboundedSender<ApplyEvent>,
        cancel: CancellationToken,
    ) -> impl Future<Output = Result<Report, String>> + Send {
        let _ = (prepared, server, excluded, events, cancel);
        async { Err(NO_TARGET.to_owned()) }
    }
}

/// How many datasets are looked for at once.
const LOOKS_AT_ONCE: usize = 8;
const NO_TARGET: &str = "no OpenMetadata is set up";

/// A real server.
#[derive(Clone, Debug)]
pub struct Live {
    /// The connection.
    pub client: Client,
    /// What a walk reads.
    pub discovery: DiscoveryOptions,
    /// Where a sync goes, if it goes anywhere.
    pub sync: Option<SyncTarget>,
}

impl Backend for Live {
    async fn login(&self) -> Result<ServerInfo, String> {
        self.client.login().await.map_err(|error| error.to_string())
    }

    async fn logout(&self) {
        self.client.logout().await;
    }

    fn discover(
        &self,
        all: bool,
        cancel: CancellationToken,
    ) -> (ReadNow, mpsc::Receiver<DiscoveryEvent>) {
        let mut options = self.discovery.clone();
        if !all {
            options.max_depth = Some(0);
        }
        let (handle, events) = discover(self.client.clone(), options, cancel, true);
        (Arc::new(move |path| handle.read_now(path)), events)
    }

    async fn wiki(&self, of: &Item) -> Result<Option<String>, String> {
        self.client.wiki(of).await.map_err(|error| error.to_string())
    }

    async fn labels(&self, of: &Item) -> Result<Vec<String>, String> {
        self.client.labels(of).await.map_err(|error| error.to_string())
    }

    async fn reflections(&self, dataset_id: &str) -> Result<Vec<Reflection>, String> {
        self.client.reflections(dataset_id).await.map_err(|error| error.to_string())
    }

    async fn resolve(&self, paths: Vec<DatasetPath>, cancel: &CancellationToken) -> Resolved {
        resolve(&self.client, paths, LOOKS_AT_ONCE, cancel, |_, _| {}).await
    }

    async fn query(
        &self,
        sql: &str,
        max_rows: u64,
        cancel: &CancellationToken,
    ) -> Result<QueryResult, String> {
        self.client.query(sql, &[], max_rows, cancel).await.map_err(|error| error.to_string())
    }
    async fn openmetadata(&self) -> Result<Reached, String> {
        match &self.sync {
            Some(target) => target.connect().await,
            None => Err(NO_TARGET.to_owned()),
        }
    }

    async fn plan(
        &self,
        request: PlanRequest,
        steps: mpsc::UnboundedSender<Step>,
        cancel: CancellationToken,
    ) -> Result<Prepared, String> {
        let Some(target) = self.sync.clone() else { return Err(NO_TARGET.to_owned()) };
        target.plan(self.client.clone(), request, steps, cancel).await
    }

    async fn forget_interrupted(&self, server: openmetadata::ServerInfo) -> Result<(), String> {
        let Some(target) = self.sync.clone() else { return Err(NO_TARGET.to_owned()) };
        target.forget_interrupted(server).await
    }

    async fn missing_tables(
        &self,
        request: PresenceRequest,
        listed: mpsc::UnboundedSender<(usize, usize)>,
        cancel: CancellationToken,
    ) -> Result<Vec<DatasetPath>, String> {
        let Some(target) = self.sync.clone() else { return Err(NO_TARGET.to_owned()) };
        target.missing_tables(request, listed, cancel).await
    }

    async fn apply(
        &self,
        prepared: Prepared,
        server: openmetadata::ServerInfo,
        excluded: BTreeSet<usize>,
        events: mpsc::UnboundedSender<ApplyEvent>,
        cancel: CancellationToken,
    ) -> Result<Report, String> {
        let Some(target) = self.sync.clone() else { return Err(NO_TARGET.to_owned()) };
        target.apply(prepared, server, excluded, events, cancel).await
    }
}
