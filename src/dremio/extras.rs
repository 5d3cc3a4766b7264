//! What hangs on a thing: wiki, labels, reflections, Dremio's own lineage (contract §5). One request
//! for each, so they are asked for only when somebody looks.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::address::is_unstored;
use super::endpoint::Endpoint;
use super::verdict::Policy;
use super::wire::{ListWire, items};
use super::{Client, Error};
use crate::http::{Answer, NotJson, Patience};
use crate::model::{Item, NodeKind};

/// A reflection of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reflection {
    /// The server's id.
    pub id: String,
    /// The name.
    pub name: String,
    /// `RAW`, `AGGREGATION`, `EXTERNAL`, …
    pub kind: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// The combined status, as the server words it.
    pub status: Option<String>,
    /// Size of what is materialised now, in bytes.
    pub size_bytes: Option<u64>,
    /// When its data was last fetched.
    pub last_data_fetch: Option<String>,
    /// The last failure's message.
    pub last_failure: Option<String>,
    /// The fields it holds, by role (`display`, `dimension`, `measure`, `partition`, `sort`, `distribution`).
    pub fields: Vec<(&'static str, Vec<String>)>,
}

/// One hop of Dremio's own lineage (Enterprise and Cloud).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The sources involved.
    pub sources: Vec<Item>,
    /// Direct parents that we may see.
    pub parents: Vec<Item>,
    /// Direct children that we may see.
    pub children: Vec<Item>,
}

/// What is known of the server's lineage endpoint.
#[derive(Debug, Default)]
pub(super) struct GraphSupport {
    /// 0 unknown, 1 offered, 2 not offered.
    known: AtomicU8,
}

const OFFERED: u8 = 1;
const NOT_OFFERED: u8 = 2;

#[derive(Deserialize)]
struct WikiWire {
    text: Option<String>,
}

#[derive(Deserialize)]
struct LabelsWire {
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct GraphWire<'a> {
    #[serde(borrow)]
    sources: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    parents: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    children: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReflectionWire {
    id: Option<String>,
    r#type: Option<String>,
    name: Option<String>,
    current_size_bytes: Option<Value>,
    enabled: Option<bool>,
    status: Option<Value>,
    display_fields: Option<Value>,
    dimension_fields: Option<Value>,
    measure_fields: Option<Value>,
    partition_fields: Option<Value>,
    sort_fields: Option<Value>,
    distribution_fields: Option<Value>,
}

impl Client {
    /// The wiki text; `None` where there is none or it cannot be had. Never asked for a home,
    /// where reading would create a text (contract §5).
    pub async fn wiki(&self, of: &Item) -> Result<Option<String>, Error> {
        let Some(id) = stored_id(of) else { return Ok(None) };
        // A thing of unknown kind at the root could be a home.
        if of.kind == NodeKind::Home
            || of.path.root().is_none_or(|root| of.path.len() == 1 && root.starts_with('@'))
        {
            return Ok(None);
        }
        let read = |answer: &Answer| Ok(answer.json::<WikiWire>()?.text);
        let text = self.call(Endpoint::Wiki(id), None, Policy::Read, Patience::Normal, read).await;
        Ok(or_none(text)?.flatten().filter(|text| !text.is_empty()))
    }

    /// A dataset's labels; none for anything else.
    pub async fn labels(&self, of: &Item) -> Result<Vec<String>, Error> {
        let Some(id) = stored_id(of).filter(|_| of.kind.is_dataset()) else {
            return Ok(Vec::new());
        };
        let read = |answer: &Answer| Ok(answer.json::<LabelsWire>()?.tags);
        let tags =
            self.call(Endpoint::Labels(id), None, Policy::Read, Patience::Normal, read).await;
        Ok(or_none(tags)?.flatten().unwrap_or_default())
    }

    /// A dataset's reflections.
    pub async fn reflections(&self, dataset_id: &str) -> Result<Vec<Reflection>, Error> {
        if is_unstored(dataset_id) {
            return Ok(Vec::new());
        }
        let read = |answer: &Answer| {
            let list: ListWire<'_> = answer.json()?;
            let raw = list.data.unwrap_or_default().into_iter();
            raw.map(|raw| {
                serde_json::from_str::<ReflectionWire>(raw.get())
                    .map(ReflectionWire::into_reflection)
                    .map_err(|error| NotJson::Malformed { detail: error.to_string() })
            })
            .collect()
        };
        let endpoint = Endpoint::Reflections(dataset_id);
        self.call(endpoint, None, Policy::Read, Patience::Normal, read).await
    }

    /// One hop of lineage; `None` where this edition has none, or nothing for this dataset.
    ///
    /// The first call decides for the connection; its id should be one from a listing.
    pub async fn graph(&self, dataset_id: &str) -> Result<Option<Graph>, Error> {
        let known = &self.graph_support().known;
        if is_unstored(dataset_id) || known.load(Ordering::Acquire) == NOT_OFFERED {
            return Ok(None);
        }
        let read = |answer: &Answer| {
            let graph: GraphWire<'_> = answer.json()?;
            Ok(Graph {
                sources: items(graph.sources),
                parents: items(graph.parents),
                children: items(graph.children),
            })
        };
        let endpoint = Endpoint::Graph(dataset_id);
        match self.call(endpoint, None, Policy::Read, Patience::Normal, read).await {
            Ok(graph) => {
                known.store(OFFERED, Ordering::Release);
                Ok(Some(graph))
            }
            Err(Error::Unsupported { .. }) => {
                known.store(NOT_OFFERED, Ordering::Release);
                Ok(None)
            }
            Err(Error::NotFound { message, .. }) => {
                // Without such a route the 404 does not speak of an entity (contract §5).
                if known.load(Ordering::Acquire) != OFFERED
                    && !message.to_ascii_lowercase().contains("could not find")
                {
                    known.store(NOT_OFFERED, Ordering::Release);
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The id, unless it is of something that Dremio has not stored and so knows nothing more of.
fn stored_id(of: &Item) -> Option<&str> {
    of.id.as_deref().filter(|id| !is_unstored(id) && !id.is_empty())
}

/// Refusals to tell of a wiki or labels mean that there are none for us (contract §5).
fn or_none<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(
            Error::Rejected { status: 400, .. }
            | Error::Forbidden { .. }
            | Error::NotFound { .. }
            | Error::Unsupported { .. }
            | Error::SourceDown { .. },
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

impl ReflectionWire {
    fn into_reflection(self) -> Reflection {
        let status = |key: &str| {
            let text = self.status.as_ref()?.get(key)?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let roles = [
            ("display", &self.display_fields),
            ("dimension", &self.dimension_fields),
            ("measure", &self.measure_fields),
            ("partition", &self.partition_fields),
            ("sort", &self.sort_fields),
            ("distribution", &self.distribution_fields),
        ];
        Reflection {
            status: status("combinedStatus"),
            last_data_fetch: status("lastDataFetch"),
            last_failure: status("lastFailureMessage"),
            size_bytes: self.current_size_bytes.as_ref().and_then(Value::as_u64),
            fields: roles
                .into_iter()
                .map(|(role, fields)| (role, field_names(fields.as_ref())))
                .filter(|(_, names)| !names.is_empty())
                .collect(),
            id: self.id.unwrap_or_default(),
            name: self.name.unwrap_or_default(),
            kind: self.r#type.unwrap_or_default(),
            enabled: self.enabled.unwrap_or(true),
        }
    }
}

/// Fields come as `{"name":…}`, with more beside the name, or as bare names.
fn field_names(fields: Option<&Value>) -> Vec<String> {
    fields
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|field| field.as_str().or_else(|| field.get("name")?.as_str()))
        .map(str::to_owned)
        .collect()
}
