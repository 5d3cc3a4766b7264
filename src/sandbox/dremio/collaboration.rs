//! Wikis, tags and reflections (contract §5).

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashSet;
use serde_json::{Value, json};

use super::catalogue::NodeIx;
use super::reply::{ApiError, ApiResult};
use super::resolve::{Reader, Spot};
use super::time::{created_at, modified_at};
use crate::sandbox::world::Kind;

/// Wikis that came to be because somebody read them.
#[derive(Debug, Default)]
pub(super) struct WrittenWikis(Mutex<FxHashSet<NodeIx>>);

impl Reader<'_> {
    /// Wikis and tags are there for what is stored and for the default branch; all else is 400.
    fn collaborator(&self, id: &str) -> ApiResult<Spot> {
        let missing = || ApiError::bad_request(format!("Could not find entity with id [{id}]"));
        if id.starts_with("dremio:/") {
            return Err(missing());
        }
        let spot =
            self.by_id(id).map_err(|error| if error.status == 404 { missing() } else { error })?;
        if spot.version.as_ref().is_some_and(|on| Some(on) != self.options.references.first()) {
            return Err(ApiError::bad_request(
                "Wiki and labels are only supported on the default branch of versioned sources.",
            ));
        }
        self.demand_readable(spot.ix)?;
        Ok(spot)
    }

    /// The wiki, and whether reading it has written it.
    pub(super) fn wiki(&self, id: &str, written: &WrittenWikis) -> ApiResult<(Value, bool)> {
        let ix = self.collaborator(id)?.ix;
        let text = self.catalogue.detail(ix).and_then(|detail| detail.wiki.as_deref());
        if let Some(text) = text {
            let version = self.catalogue.uuid(ix).as_bytes()[2] % 7;
            return Ok((json!({"text": text, "version": version}), false));
        }
        if self.catalogue.kind(ix) == Kind::Home {
            let mut written = written.0.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = written.insert(ix);
            let text =
                format!("# Welcome to {}\n\nThis is your home space.", self.catalogue.name(ix));
            return Ok((json!({"text": text, "version": 0}), is_new));
        }
        if self.options.is_oss() {
            Ok((json!({"text": ""}), false))
        } else {
            Err(ApiError::not_found(format!("Wiki not found for entity with id [{id}]")))
        }
    }

    pub(super) fn tags(&self, id: &str) -> ApiResult<Value> {
        let ix = self.collaborator(id)?.ix;
        if !self.catalogue.is_dataset(ix) {
            return Err(ApiError::bad_request("Labels may only be set on views and tables."));
        }
        let labels = self.catalogue.detail(ix).map(|detail| detail.labels.as_slice());
        Ok(match labels {
            Some(labels) if !labels.is_empty() => {
                json!({"tags": labels, "version": super::time::store_tag(self.catalogue.uuid(ix))})
            }
            _ => json!({"tags": []}),
        })
    }

    /// `GET /dataset/{id}/reflection`
    pub(super) fn reflections_of(&self, id: &str) -> ApiResult<Value> {
        let ix = self.by_id(id)?.ix;
        self.demand_readable(ix)?;
        if !self.catalogue.is_dataset(ix) {
            return Err(ApiError::not_found(format!("Could not find dataset with id [{id}]")));
        }
        Ok(json!({"data": self.reflections(ix)}))
    }

    /// `GET /reflection/{id}`
    pub(super) fn reflection(&self, id: &str) -> ApiResult<Value> {
        self.all_reflections()
            .find(|reflection| reflection["id"] == id)
            .ok_or_else(|| ApiError::not_found(format!("Could not find reflection [{id}]")))
    }

    /// Every reflection there is.
    pub(super) fn all_reflections(&self) -> impl Iterator<Item = Value> {
        self.catalogue.all().flat_map(|ix| self.reflections(ix))
    }

    /// Reflections as the file has them, completed with what it leaves out.
    fn reflections(&self, ix: NodeIx) -> Vec<Value> {
        let Some(detail) = self.catalogue.detail(ix) else { return Vec::new() };
        let uuid = self.catalogue.uuid(ix);
        let complete = |(number, reflection): (usize, &Value)| {
            let name = format!("{uuid}/{number}");
            let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string();
            let mut whole = json!({
                "id": id, "type": "RAW", "name": format!("Reflection {}", number + 1),
                "tag": super::time::store_tag(uuid), "createdAt": created_at(uuid),
                "updatedAt": modified_at(uuid), "datasetId": self.id(ix, None),
                "currentSizeBytes": 0, "totalSizeBytes": 0, "enabled": true,
                "arrowCachingEnabled": false,
                "status": {"config": "OK", "refresh": "SCHEDULED", "availability": "AVAILABLE",
                           "combinedStatus": "CAN_ACCELERATE", "failureCount": 0,
                           "lastDataFetch": modified_at(uuid), "expiresAt": modified_at(uuid)},
                "partitionDistributionStrategy": "CONSOLIDATED", "entityType": "reflection"
            });
            if let (Some(whole), Some(given)) = (whole.as_object_mut(), reflection.as_object()) {
                for (key, value) in given {
                    whole.insert(key.clone(), value.clone());
                }
            }
            whole
        };
        detail.reflections.iter().enumerate().map(complete).collect()
    }
}
