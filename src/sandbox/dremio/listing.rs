//! Children of a container: three backends, three behaviours, and page tokens that are bound to
//! their path and version (contract §2.5).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::catalogue::NodeIx;
use super::options::VersionRef;
use super::reply::{ApiError, ApiResult};
use super::resolve::{Reader, Spot};
use super::target::Target;
use crate::model::path::fold;
use crate::sandbox::world::{Backend, Kind};

/// What a request says of children.
#[derive(Clone, Debug, Default)]
pub(super) struct Paging {
    max: Option<i32>,
    token: Option<String>,
}

impl Paging {
    pub(super) fn of(target: &Target) -> ApiResult<Self> {
        let max = target.integer("maxChildren")?;
        let excluded = target.all("exclude").any(|value| value == "children");
        let max = if excluded { Some(0) } else { max };
        Ok(Self { max, token: target.first("pageToken").map(str::to_owned) })
    }

    pub(super) fn at_most(max: i32) -> Self {
        Self { max: Some(max), token: None }
    }
}

/// Children to show and where to go on.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) items: Vec<NodeIx>,
    pub(super) next: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageToken {
    path: Vec<String>,
    version_context: VersionRef,
    #[serde(rename = "pageToken")]
    next_child: String,
}

impl Reader<'_> {
    pub(super) fn children(&self, spot: &Spot, paging: &Paging) -> ApiResult<Page> {
        let ix = spot.ix;
        if paging.max.is_some_and(|max| max <= 0) {
            return Ok(Page::default());
        }
        self.demand_available(ix)?;
        let token = paging.token.as_ref().map(|token| self.read_token(spot, token)).transpose()?;
        let backend = self.catalogue.backend(ix);
        if backend != Backend::Stored {
            self.live.set(true);
        }
        let all = self.catalogue.children(ix);
        if backend == Backend::Storage {
            return Ok(Page { items: all.to_vec(), next: None });
        }
        let start = match token {
            None => 0,
            Some(name) if backend == Backend::Stored => {
                let key = (fold(&name), name);
                all.partition_point(|child| {
                    self.catalogue.order_key(*child) < (key.0.as_str(), key.1.as_str())
                })
            }
            Some(name) => all
                .iter()
                .position(|child| self.catalogue.name(*child) == name)
                .ok_or_else(invalid_token)?,
        };
        let mut limit = usize::MAX;
        if let Some(max) = paging.max {
            limit = usize::try_from(max).unwrap_or(usize::MAX);
            limit = limit.min(self.options.page_cap.unwrap_or(usize::MAX).max(1));
        }
        let mut items = Vec::new();
        for child in &all[start..] {
            if backend == Backend::Versioned && self.catalogue.kind(*child) == Kind::Function {
                continue;
            }
            if items.len() == limit {
                let next = Some(self.write_token(spot, self.catalogue.name(*child)));
                return Ok(Page { items, next });
            }
            items.push(*child);
        }
        Ok(Page { items, next: None })
    }

    fn token_version(&self, spot: &Spot) -> VersionRef {
        if self.catalogue.backend(spot.ix) == Backend::Versioned {
            spot.version.clone().unwrap_or_else(|| spot.asked.clone())
        } else {
            VersionRef::not_specified()
        }
    }

    fn write_token(&self, spot: &Spot, next: &str) -> String {
        let path = self.catalogue.path(spot.ix).into_iter().map(str::to_owned).collect();
        let token = PageToken {
            path,
            version_context: self.token_version(spot),
            next_child: next.to_owned(),
        };
        let json = serde_json::to_vec(&token).expect("a token is plain strings");
        URL_SAFE_NO_PAD.encode(json)
    }

    fn read_token(&self, spot: &Spot, token: &str) -> ApiResult<String> {
        let json = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid_token())?;
        let token: PageToken = serde_json::from_slice(&json).map_err(|_| invalid_token())?;
        let path = self.catalogue.path(spot.ix);
        if token.path != path {
            return Err(ApiError::bad_request(format!(
                "Passed path [{}] does not match previous path [{}]",
                path.join(", "),
                token.path.join(", ")
            )));
        }
        let version = self.token_version(spot);
        if token.version_context != version {
            let show = |version: &VersionRef| {
                format!("{} {}", version.kind, version.value.as_deref().unwrap_or_default())
            };
            return Err(ApiError::bad_request(format!(
                "Passed version [{}] does not match previous version [{}]",
                show(&version).trim_end(),
                show(&token.version_context).trim_end()
            )));
        }
        Ok(token.next_child)
    }
}

fn invalid_token() -> ApiError {
    ApiError::bad_request("Invalid page token")
}
