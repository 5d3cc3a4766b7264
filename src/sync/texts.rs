//! Wiki texts and labels of what is to be synced, read from Dremio a few at a time.

use std::collections::{BTreeSet, HashMap};

use futures::stream::{self, StreamExt as _};
use tokio_util::sync::CancellationToken;

use crate::dremio::Client;
use crate::model::{Catalog, DatasetPath, Item, NodeKind};

/// Which texts to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Wiki texts, for descriptions.
    pub wikis: bool,
    /// Labels, for tags.
    pub labels: bool,
}

/// What was read, by folded path.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// Wiki texts.
    pub wikis: HashMap<DatasetPath, String>,
    /// Labels of datasets.
    pub labels: HashMap<DatasetPath, Vec<String>>,
    /// What could not be read, and why; costs a description, not the sync.
    pub failed: Vec<(DatasetPath, String)>,
}

/// Reads the texts of what stands at these paths. Stops early, with what it has, when cancelled.
pub async fn read(
    client: &Client,
    catalog: &Catalog,
    paths: &BTreeSet<DatasetPath>,
    wanted: Wanted,
    on_progress: &(dyn Fn(usize, usize) + Send + Sync),
    cancel: &CancellationToken,
) -> Texts {
    let mut texts = Texts::default();
    if wanted == Wanted::default() {
        return texts;
    }
    let items: Vec<Item> = paths
        .iter()
        .filter_map(|path| catalog.at(path))
        // Reading a home's wiki would write one (contract §5); unstored things have none.
        .filter(|node| node.kind() != NodeKind::Home)
        .filter_map(|node| {
            let id = node.server_id().filter(|id| !id.starts_with("dremio:/"))?;
            Some(Item {
                path: node.path(),
                id: Some(id.to_owned()),
                kind: node.kind(),
                raw_kind: None,
            })
        })
        .collect();
    let total = items.len();
    let mut reads = stream::iter(items)
        .map(|item| async move {
            let wiki = if wanted.wikis { client.wiki(&item).await } else { Ok(None) };
            let labels = if wanted.labels && item.kind.is_dataset() {
                client.labels(&item).await
            } else {
                Ok(Vec::new())
            };
            (item.path, wiki, labels)
        })
        .buffer_unordered(client.max_concurrency());
    let mut done = 0;
    loop {
        let next = tokio::select! {
            next = reads.next() => next,
            () = cancel.cancelled() => None,
        };
        let Some((path, wiki, labels)) = next else { break };
        done += 1;
        on_progress(done, total);
        let key = path.folded();
        match wiki {
            Ok(Some(text)) => {
                texts.wikis.insert(key.clone(), text);
            }
            Ok(None) => {}
            Err(error) => texts.failed.push((path.clone(), error.to_string())),
        }
        match labels {
            Ok(labels) if labels.is_empty() => {}
            Ok(labels) => {
                texts.labels.insert(key, labels);
            }
            Err(error) => texts.failed.push((path, error.to_string())),
        }
    }
    texts
}
