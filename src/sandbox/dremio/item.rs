//! Catalogue items: what the root listing, `children`, searches and graphs hold (contract §2.2, §2.3).

use serde::Serialize;

use super::catalogue::{NodeIx, Visibility};
use super::options::VersionRef;
use super::reply::{ApiError, ApiResult};
use super::resolve::Reader;
use super::target::Target;
use super::time::{created_at, store_tag};
use crate::model::path::fold;
use crate::sandbox::world::{Backend, Kind};

/// Counting datasets stops here.
const COUNT_LIMIT: usize = 10_000;
const SEARCH_LIMIT: usize = 100;
pub(super) const PERMISSIONS: [&str; 3] = ["READ", "WRITE", "ALTER"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemWire<'a> {
    id: String,
    path: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_change_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<StatsWire>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatsWire {
    dataset_count: usize,
    dataset_count_bounded: bool,
}

#[derive(Serialize)]
struct Data<T> {
    data: Vec<T>,
}

impl<'a> Reader<'a> {
    pub(super) fn item(&self, ix: NodeIx, version: Option<&VersionRef>) -> ItemWire<'a> {
        self.item_at(ix, self.catalogue.path(ix), version)
    }

    pub(super) fn item_at(
        &self,
        ix: NodeIx,
        path: Vec<&'a str>,
        version: Option<&VersionRef>,
    ) -> ItemWire<'a> {
        let kind = self.catalogue.kind(ix);
        let backend = self.catalogue.backend(ix);
        let container_type = match kind {
            Kind::Home => Some("HOME"),
            Kind::Space => Some("SPACE"),
            Kind::Source => Some("SOURCE"),
            Kind::Folder => Some("FOLDER"),
            Kind::Function => Some("FUNCTION"),
            Kind::File | Kind::Table | Kind::View => None,
        };
        let dataset_type = match (kind, backend) {
            (Kind::View, _) => Some("VIRTUAL"),
            (Kind::Table, Backend::Stored) if self.is_in_source(ix) => Some("DIRECT"),
            (Kind::Table, _) => Some("PROMOTED"),
            _ => None,
        };
        // Live listings of a storage or of a versioned catalogue know of neither tag nor age.
        let from_store = backend == Backend::Stored || path.len() == 1;
        ItemWire {
            id: self.id(ix, version),
            path,
            tag: (from_store && kind != Kind::File).then(|| store_tag(self.catalogue.uuid(ix))),
            kind: match kind {
                Kind::File => "FILE",
                Kind::Table | Kind::View => "DATASET",
                _ => "CONTAINER",
            },
            dataset_type,
            container_type,
            created_at: (from_store && !matches!(kind, Kind::File | Kind::Folder))
                .then(|| created_at(self.catalogue.uuid(ix))),
            source_change_state: None,
            permissions: None,
            stats: None,
        }
    }

    pub(super) fn is_in_source(&self, ix: NodeIx) -> bool {
        self.catalogue.kind(self.catalogue.root_of(ix)) == Kind::Source
    }

    /// `GET /catalog`: the caller's home, spaces, sources, functions.
    pub(super) fn root(&self, target: &Target) -> ApiResult<String> {
        let mut with_count = false;
        let mut with_permissions = false;
        for value in target.all("include") {
            match value {
                "datasetCount" => with_count = true,
                "permissions" if !self.options.is_oss() => with_permissions = true,
                "tags" | "jobCount" | "children" => {
                    return Err(ApiError::new(500, format!("Unsupported detail type: {value}"))
                        .with_stack(vec!["com.dremio.dac.api.CatalogItem".to_owned()]));
                }
                _ => {
                    return Err(ApiError::bad_request(format!("Unknown include value: {value}")));
                }
            }
        }
        let home = fold(&format!("@{}", self.catalogue.account().user));
        let data = self
            .catalogue
            .roots()
            .iter()
            .filter(|ix| match self.catalogue.visibility(**ix) {
                Visibility::Listed => true,
                Visibility::System => false,
                Visibility::SoftwareOnly => !self.options.is_cloud(),
            })
            .filter(|ix| {
                self.catalogue.kind(**ix) != Kind::Home || fold(self.catalogue.name(**ix)) == home
            })
            .map(|ix| {
                let mut item = self.item(*ix, None);
                let kind = self.catalogue.kind(*ix);
                if with_count && kind != Kind::Function {
                    let dataset_count = self.catalogue.count_datasets(*ix, COUNT_LIMIT);
                    let dataset_count_bounded = dataset_count >= COUNT_LIMIT;
                    item.stats = Some(StatsWire { dataset_count, dataset_count_bounded });
                }
                if with_permissions {
                    item.permissions = Some(&PERMISSIONS);
                }
                if !self.options.is_oss() && kind == Kind::Source {
                    item.source_change_state = Some("NONE");
                }
                item
            })
            .collect();
        Ok(to_json(&Data { data }))
    }

    /// `GET /catalog/search`: names that contain the text.
    pub(super) fn search(&self, target: &Target) -> String {
        let wanted = fold(target.first("query").unwrap_or_default());
        let data = self
            .catalogue
            .all()
            .filter(|ix| {
                self.catalogue.is_stored(*ix)
                    && self.catalogue.order_key(*ix).0.contains(&wanted)
                    && self.catalogue.visibility(self.catalogue.root_of(*ix)) == Visibility::Listed
            })
            .take(SEARCH_LIMIT)
            .map(|ix| self.item(ix, None))
            .collect();
        to_json(&Data { data })
    }
}

pub(super) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("wire types have string keys only")
}
