//! From an id or a path to a node, with the errors that each kind of root has for what is not there
//! (contract §2.6–§2.9), and back from a node to its id.

use std::cell::Cell;

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::catalogue::{Catalogue, NodeIx, Visibility};
use super::options::{DremioOptions, VersionRef};
use super::reply::{ApiError, ApiResult};
use super::target::Target;
use crate::sandbox::world::{Backend, Kind};

/// Reads the catalogue under the switches that hold for one request.
pub(super) struct Reader<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) options: &'a DremioOptions,
    /// Whether something live was listed: a storage or a versioned catalogue.
    pub(super) live: &'a Cell<bool>,
}

/// A node as a request addressed it.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) ix: NodeIx,
    /// The reference on which a versioned thing is read.
    pub(super) version: Option<VersionRef>,
    /// The reference as the request had it: page tokens of a versioned root hold it.
    pub(super) asked: VersionRef,
}

const ID_PREFIX: &str = "dremio:/";
const MAX_COMPONENTS: usize = 127;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VersionedId {
    table_key: Vec<String>,
    content_id: String,
    version_context: VersionRef,
}

impl Reader<'_> {
    /// `versionType` and `versionValue`: both or neither.
    pub(super) fn version(target: &Target) -> ApiResult<Option<VersionRef>> {
        match (target.first("versionType"), target.first("versionValue")) {
            (None, None) => Ok(None),
            (Some(kind), Some(value)) => {
                let kind = kind.to_uppercase();
                match kind.as_str() {
                    "BRANCH" | "TAG" | "COMMIT" | "SNAPSHOT" | "TIMESTAMP" => {
                        Ok(Some(VersionRef::new(&kind, value)))
                    }
                    "NOT_SPECIFIED" => Ok(None),
                    _ => Err(ApiError::bad_request(format!("Invalid version type [{kind}]"))),
                }
            }
            _ => Err(ApiError::bad_request(
                "Version type and value must be specified together or not at all.",
            )),
        }
    }

    /// The node with this id, whichever of the three kinds of id it is.
    pub(super) fn by_id(&self, id: &str) -> ApiResult<Spot> {
        let missing = || ApiError::not_found(format!("Could not find entity with id [{id}]"));
        if let Some(joined) = id.strip_prefix(ID_PREFIX) {
            if joined.contains('"') {
                return Err(missing());
            }
            let parts: Vec<String> =
                joined.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
            if parts.is_empty() {
                return Err(missing());
            }
            return self
                .by_path(&parts, None)
                .map_err(|error| if error.status == 404 { missing() } else { error });
        }
        if id.starts_with('{') {
            let parsed: VersionedId = serde_json::from_str(id).map_err(|_| missing())?;
            let version = Some(parsed.version_context);
            let spot = self
                .by_path(&parsed.table_key, version)
                .map_err(|error| if error.status == 404 { missing() } else { error })?;
            let same = self.catalogue.uuid(spot.ix).to_string() == parsed.content_id;
            return if same && spot.version.is_some() { Ok(spot) } else { Err(missing()) };
        }
        let uuid = Uuid::try_parse(id).map_err(|_| missing())?;
        let ix = self.catalogue.by_uuid(uuid).filter(|ix| self.exists(*ix)).ok_or_else(missing)?;
        Ok(Spot { ix, version: None, asked: VersionRef::not_specified() })
    }

    /// The node at this path, read on `asked` or on the default branch.
    pub(super) fn by_path(&self, path: &[String], asked: Option<VersionRef>) -> ApiResult<Spot> {
        if path.is_empty() || path.len() > MAX_COMPONENTS {
            return Err(ApiError::bad_request(format!(
                "A path has between 1 and {MAX_COMPONENTS} components, this one has {}",
                path.len()
            )));
        }
        let missing = || {
            ApiError::not_found(format!("Could not find entity with path [{}]", path.join(", ")))
        };
        let root = self
            .catalogue
            .twins(None, &path[0])
            .find(|root| self.exists(*root))
            .ok_or_else(missing)?;
        let unversioned = |ix| Spot { ix, version: None, asked: VersionRef::not_specified() };
        match (self.catalogue.kind(root), self.catalogue.backend(root)) {
            (Kind::Source, Backend::Versioned) => {
                if asked.as_ref().is_some_and(|reference| !self.is_known(reference)) {
                    return Err(missing());
                }
                if path.len() == 1 {
                    let asked = asked.unwrap_or_else(VersionRef::not_specified);
                    return Ok(Spot { ix: root, version: None, asked });
                }
                self.demand_available(root)?;
                let ix = self.walk_exactly(root, &path[1..]).ok_or_else(missing)?;
                if self.catalogue.kind(ix) == Kind::Function {
                    return Err(missing());
                }
                let version = asked.clone().or_else(|| self.options.references.first().cloned());
                let asked = asked.unwrap_or_else(VersionRef::not_specified);
                Ok(Spot { ix, version, asked })
            }
            (Kind::Source, Backend::Storage) => {
                if let Some(ix) = self.walk_stored(root, &path[1..]) {
                    return Ok(unversioned(ix));
                }
                self.demand_available(root)?;
                let found = self.walk_exactly(root, &path[1..]);
                found.map(unversioned).ok_or_else(|| file_not_found(path))
            }
            (Kind::Source, Backend::Stored) => {
                if let Some(ix) = self.walk_stored(root, &path[1..]) {
                    return Ok(unversioned(ix));
                }
                self.demand_available(root)?;
                Err(ApiError::bad_request(format!(
                    "Can not get internal item from non-filesystem source [{}] at [{}]",
                    self.catalogue.name(root),
                    path.join(", ")
                )))
            }
            _ => self.walk_stored(root, &path[1..]).map(unversioned).ok_or_else(missing),
        }
    }

    /// Follows names without case to something that Dremio's store has. Where names differ by case
    /// only, each is tried, the one spelled as asked first.
    fn walk_stored(&self, from: NodeIx, names: &[String]) -> Option<NodeIx> {
        let Some((name, rest)) = names.split_first() else {
            return self.catalogue.is_stored(from).then_some(from);
        };
        let twins: Vec<NodeIx> = self.catalogue.twins(Some(from), name).collect();
        let live = self.catalogue.backend(from) == Backend::Storage;
        let exact = twins.iter().filter(|ix| live && self.catalogue.name(**ix) == name);
        exact.chain(&twins).find_map(|ix| self.walk_stored(*ix, rest))
    }

    /// Follows names letter by letter, as a file system or a versioned catalogue does.
    fn walk_exactly(&self, from: NodeIx, names: &[String]) -> Option<NodeIx> {
        names.iter().try_fold(from, |at, name| {
            // A folder that was promoted to a table has no children any more.
            if self.catalogue.is_dataset(at) {
                return None;
            }
            self.catalogue.twins(Some(at), name).find(|ix| self.catalogue.name(*ix) == name)
        })
    }

    fn exists(&self, ix: NodeIx) -> bool {
        let root = self.catalogue.root_of(ix);
        self.catalogue.visibility(root) != Visibility::SoftwareOnly || !self.options.is_cloud()
    }

    fn is_known(&self, reference: &VersionRef) -> bool {
        let is_commit = reference.kind == "COMMIT"
            && reference.value.as_ref().is_some_and(|value| {
                value.len() >= 8 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
        is_commit || self.options.references.contains(reference)
    }

    /// Whether the source under this root is down.
    pub(super) fn is_bad(&self, root: NodeIx) -> bool {
        self.catalogue
            .detail(root)
            .and_then(|detail| detail.state.as_ref())
            .is_some_and(|state| state.status.eq_ignore_ascii_case("bad"))
    }

    /// The 400 of a source that is down (contract §2.9).
    pub(super) fn demand_available(&self, ix: NodeIx) -> ApiResult<()> {
        let root = self.catalogue.root_of(ix);
        if !self.is_bad(root) {
            return Ok(());
        }
        let state = self.catalogue.detail(root).and_then(|detail| detail.state.as_ref());
        let lines = state.map(|state| state.messages.as_slice()).unwrap_or_default();
        let context = lines.iter().map(|line| format!("MESSAGE {line}")).collect();
        Err(ApiError::bad_request(format!(
            "The source [{}] is currently unavailable. Metadata is not accessible; \
             please check node health (or external storage) and credentials",
            self.catalogue.name(root)
        ))
        .with_context(context))
    }

    /// The 403 of what the user may not open.
    pub(super) fn demand_readable(&self, ix: NodeIx) -> ApiResult<()> {
        if self.catalogue.detail(ix).is_some_and(|detail| detail.forbidden) {
            if self.options.forbidden_status == 404 {
                let path = self.catalogue.path(ix).join(", ");
                return Err(ApiError::not_found(format!(
                    "Could not find entity with path [{path}]"
                )));
            }
            return Err(ApiError::new(
                self.options.forbidden_status,
                format!(
                    "User [{}] not authorized to view [{}]",
                    self.catalogue.account().user,
                    self.catalogue.path(ix).join(".")
                ),
            ));
        }
        Ok(())
    }

    /// The id under which a node is served on `version`, or on the default branch.
    pub(super) fn id(&self, ix: NodeIx, version: Option<&VersionRef>) -> String {
        self.catalogue.id(ix, version.or(self.options.references.first()))
    }
}

impl Catalogue {
    /// The id under which a node is served; `version` matters below versioned sources only
    /// (contract §2.6).
    pub fn id(&self, ix: NodeIx, version: Option<&VersionRef>) -> String {
        if self.is_stored(ix) {
            return self.uuid(ix).to_string();
        }
        let path = self.path(ix);
        if self.backend(ix) == Backend::Storage {
            return format!("{ID_PREFIX}{}", path.join("/"));
        }
        let content_id = self.uuid(ix).to_string();
        json!({"tableKey": path, "contentId": content_id, "versionContext": version}).to_string()
    }
}

fn file_not_found(path: &[String]) -> ApiError {
    let file = format!("/{}", path[1..].join("/"));
    ApiError::new(500, format!("java.io.FileNotFoundException: File {file} does not exist"))
        .with_stack(vec![
            "com.dremio.exec.store.dfs.FileSystemPlugin.getFileStatus".to_owned(),
            "com.dremio.dac.service.catalog.CatalogServiceHelper.getInternal".to_owned(),
        ])
}
