//! [`CatalogApi`]: what the walk needs of a server.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::dremio::{BatchAnswer, ChildPage, Client, EntityRef, Error, PageToken, QueryResult};
use crate::model::{Entity, Item};

/// The reading side of a catalogue; implemented by the client and by test fakes.
pub trait CatalogApi: Clone + Send + Sync + 'static {
    /// See [`Client::root`].
    fn root(&self) -> impl Future<Output = Result<Vec<Item>, Error>> + Send;
    /// See [`Client::children`].
    fn children(
        &self,
        of: &EntityRef,
        page: Option<&PageToken>,
    ) -> impl Future<Output = Result<ChildPage, Error>> + Send;
    /// See [`Client::entity`].
    fn entity(&self, of: &EntityRef) -> impl Future<Output = Result<Entity, Error>> + Send;
    /// See [`Client::datasets`].
    fn datasets(&self, ids: &[String]) -> impl Future<Output = Result<BatchAnswer, Error>> + Send;
    /// See [`Client::query`].
    fn query(
        &self,
        sql: &str,
        context: &[String],
        max_rows: u64,
        cancel: &CancellationToken,
    ) -> impl Future<Output = Result<QueryResult, Error>> + Send;
    /// See [`Client::max_concurrency`].
    fn max_concurrency(&self) -> usize;
}

impl CatalogApi for Client {
    async fn root(&self) -> Result<Vec<Item>, Error> {
        Self::root(self).await
    }

    async fn children(&self, of: &EntityRef, page: Option<&PageToken>) -> Result<ChildPage, Error> {
        Self::children(self, of, page).await
    }

    async fn entity(&self, of: &EntityRef) -> Result<Entity, Error> {
        Self::entity(self, of).await
    }

    async fn datasets(&self, ids: &[String]) -> Result<BatchAnswer, Error> {
        Self::datasets(self, ids).await
    }

    async fn query(
        &self,
        sql: &str,
        context: &[String],
        max_rows: u64,
        cancel: &CancellationToken,
    ) -> Result<QueryResult, Error> {
        Self::query(self, sql, context, max_rows, cancel).await
    }

    fn max_concurrency(&self) -> usize {
        Self::max_concurrency(self)
    }
}
