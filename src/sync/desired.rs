//! What OpenMetadata should hold for a Dremio catalogue: the projection (contract §2.4).
//!
//! Service → database per home, space and source → schema per folder path → table per dataset.
//! What cannot be projected becomes a [`Conflict`], never silence.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::columns::{self, ProjectedColumns};
use super::selection::Selection;
use crate::model::path::fold;
use crate::model::{Catalog, DatasetPath, Listing, NodeKind, NodeRef};
use crate::openmetadata::entity::{
    CreateCommon, CreateDatabase, CreateSchema, CreateService, CreateTable, EntityType, TagLabel,
};
use crate::openmetadata::names;

/// How the projection is made.
#[derive(Clone, Debug)]
pub struct ProjectionOptions {
    /// Name of the database service.
    pub service_name: String,
    /// Its type for a new service; an existing one keeps its own.
    pub service_type: String,
    /// Schema of datasets that stand right under a root.
    pub default_schema: String,
    /// Base of links back to Dremio, without a trailing slash.
    pub dremio_url: Option<String>,
    /// Classification under which labels become tags; `None` leaves labels out.
    pub label_classification: Option<String>,
    /// Wiki texts by folded path, for descriptions.
    pub wikis: HashMap<DatasetPath, String>,
    /// Labels by folded path.
    pub labels: HashMap<DatasetPath, Vec<String>>,
}

/// Everything that should be there, parents before children.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The service.
    pub service: CreateService,
    /// Databases, then schemas, then tables; each in path order.
    pub entities: Vec<DesiredEntity>,
    /// Edges between tables, filled in by whoever knows the lineage.
    pub edges: Vec<DesiredEdge>,
    /// FQNs of the views whose SQL was read wholly, by whoever knows the lineage. What OpenMetadata
    /// has beyond `edges` is stale for these only: of all others the SQL may well say so.
    pub traced: HashSet<String>,
    /// What could not be projected.
    pub conflicts: Vec<Conflict>,
    /// Containers that were not read to the end: what is missing below them may well exist in
    /// Dremio, so nothing there may be deleted.
    pub unread: Vec<DatasetPath>,
    /// Classifications of which an entity carries one tag at most, as far as it was asked: a stored
    /// tag of one stays.
    pub exclusive: BTreeSet<String>,
}

impl Desired {
    /// Where everything that takes part stands in Dremio.
    pub(super) fn paths(&self) -> BTreeSet<DatasetPath> {
        self.entities.iter().map(|entity| entity.path.clone()).collect()
    }
}

/// One entity that should be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredEntity {
    /// Where it stands in Dremio; for the `default` schema its root.
    pub path: DatasetPath,
    /// Its FQN.
    pub fqn: String,
    /// The request body as if nothing were there yet.
    pub body: Body,
    /// The columns are known; if not, those on the server stay.
    pub columns_known: bool,
    /// A view's SQL may be read; if not, the one on the server stays.
    pub sql_known: bool,
    /// Column names as Dremio spells them, in the order of the body's columns.
    pub dremio_columns: Vec<String>,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// dbt's facts of a table, filled in by whoever knows dbt.
    pub data_model: Option<serde_json::Value>,
}

/// A create body of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body", rename_all = "camelCase")]
pub enum Body {
    /// A service.
    Service(CreateService),
    /// A database.
    Database(CreateDatabase),
    /// A schema.
    Schema(CreateSchema),
    /// A table or view.
    Table(Box<CreateTable>),
}

impl Body {
    /// Which collection it goes to.
    pub fn entity_type(&self) -> EntityType {
        match self {
            Self::Service(_) => EntityType::DatabaseService,
            Self::Database(_) => EntityType::Database,
            Self::Schema(_) => EntityType::DatabaseSchema,
            Self::Table(_) => EntityType::Table,
        }
    }

    /// The shared properties; a service has none.
    pub fn common(&self) -> Option<&CreateCommon> {
        match self {
            Self::Service(_) => None,
            Self::Database(body) => Some(&body.common),
            Self::Schema(body) => Some(&body.common),
            Self::Table(body) => Some(&body.common),
        }
    }

    /// The shared properties, to change.
    pub fn common_mut(&mut self) -> Option<&mut CreateCommon> {
        match self {
            Self::Service(_) => None,
            Self::Database(body) => Some(&mut body.common),
            Self::Schema(body) => Some(&mut body.common),
            Self::Table(body) => Some(&mut body.common),
        }
    }
}

/// An edge that should be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredEdge {
    /// FQN of the upstream table.
    pub from: String,
    /// FQN of the downstream table.
    pub to: String,
    /// `ViewLineage` or `DbtLineage`.
    pub source: String,
    /// The SQL behind it.
    pub sql: Option<String>,
    /// Column mappings in Dremio's names: (upstream columns, downstream column, transformation).
    pub columns: Vec<(Vec<String>, String, Option<String>)>,
}

/// Something in Dremio that cannot be brought over as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Where it stands in Dremio.
    pub path: DatasetPath,
    /// What it would have become.
    pub entity: EntityType,
    /// Why not, and what to do about it.
    pub reason: String,
}

/// Projects the chosen part of a catalogue.
pub fn project(
    catalog: &Catalog,
    selection: &Selection,
    options: &ProjectionOptions,
) -> Result<Desired, names::NameError> {
    let service_name = names::encode(&options.service_name)?;
    let mut projection = Projection {
        options,
        selection,
        service_fqn: names::build_fqn(&[&service_name.name])?,
        databases: Vec::new(),
        schemas: Vec::new(),
        tables: Vec::new(),
        conflicts: Vec::new(),
        fqns: HashMap::new(),
    };
    for root in catalog.root().children().filter(|node| node.kind().is_container()) {
        if selection.holds_root(&root.path()) {
            projection.root(root);
        }
    }
    let mut entities = projection.databases;
    entities.append(&mut projection.schemas);
    entities.append(&mut projection.tables);
    Ok(Desired {
        service: CreateService {
            display_name: service_name.changed.then(|| options.service_name.clone()),
            name: service_name.name,
            service_type: options.service_type.clone(),
            description: None,
            connection: None,
        },
        entities,
        edges: Vec::new(),
        traced: HashSet::new(),
        conflicts: projection.conflicts,
        unread: std::iter::once(catalog.root())
            .chain(catalog.walk())
            .filter(|node| node.kind().is_container())
            .filter(|node| node.listing() != Listing::Complete || node.error().is_some())
            .map(NodeRef::path)
            .collect(),
        exclusive: BTreeSet::new(),
    })
}

struct Projection<'a> {
    options: &'a ProjectionOptions,
    selection: &'a Selection,
    service_fqn: String,
    databases: Vec<DesiredEntity>,
    schemas: Vec<DesiredEntity>,
    tables: Vec<DesiredEntity>,
    conflicts: Vec<Conflict>,
    /// FQNs given so far, folded, with who has them: Dremio does not tell case apart.
    fqns: HashMap<String, DatasetPath>,
}

/// A container under way: made only once something needs it.
struct Parent {
    path: DatasetPath,
    fqn: Option<String>,
}

impl Projection<'_> {
    fn root(&mut self, root: NodeRef<'_>) {
        let mut database = Parent { path: root.path(), fqn: None };
        if self.selection.holds(&database.path, false) {
            self.ensure_database(&mut database);
        }
        let mut default_schema = None;
        for child in root.children() {
            if child.kind().is_dataset() {
                if !self.selection.holds(&child.path(), true) {
                    continue;
                }
                let schema = if let Some(known) = &default_schema {
                    Option::clone(known)
                } else {
                    let made = self.default_schema(root, &mut database);
                    default_schema = Some(made.clone());
                    made
                };
                match schema {
                    Some(schema) => self.table(child, &schema),
                    None => self.conflict(
                        child.path(),
                        EntityType::Table,
                        format!(
                            "it stands right under {} and would go to the schema {:?}, which a folder of that name already is; set default_schema to another name",
                            root.name(),
                            self.options.default_schema
                        ),
                    ),
                }
            } else if child.kind() == NodeKind::Folder {
                self.folder(child, &mut database, String::new());
            }
        }
    }

    /// The schema for datasets right under a root, unless a real folder has its name.
    fn default_schema(&mut self, root: NodeRef<'_>, database: &mut Parent) -> Option<String> {
        let name = &self.options.default_schema;
        let clash = root
            .children()
            .any(|child| child.kind() == NodeKind::Folder && fold(child.name()) == fold(name));
        if clash {
            return None;
        }
        let database_fqn = self.ensure_database(database)?;
        self.schema(&database.path, name, &database_fqn)
    }

    fn folder(&mut self, folder: NodeRef<'_>, database: &mut Parent, prefix: String) {
        let path = folder.path();
        let name =
            if prefix.is_empty() { folder.name().to_owned() } else { prefix + "." + folder.name() };
        let mut schema = None;
        let mut tried = false;
        if self.selection.holds(&path, false) {
            tried = true;
            schema = self
                .ensure_database(database)
                .and_then(|database_fqn| self.schema(&path, &name, &database_fqn));
        }
        for child in folder.children() {
            if child.kind().is_dataset() && self.selection.holds(&child.path(), true) {
                if !tried {
                    tried = true;
                    schema = self
                        .ensure_database(database)
                        .and_then(|database_fqn| self.schema(&path, &name, &database_fqn));
                }
                // Without a schema the folder's own conflict says all there is to say.
                if let Some(schema) = &schema {
                    self.table(child, schema);
                }
            } else if child.kind() == NodeKind::Folder {
                self.folder(child, database, name.clone());
            }
        }
    }

    fn ensure_database(&mut self, database: &mut Parent) -> Option<String> {
        if database.fqn.is_none() {
            let name = database.path.name().to_owned();
            let path = database.path.clone();
            let service = self.service_fqn.clone();
            let (fqn, common, name, warnings) =
                self.named(&path, EntityType::Database, &name, &service)?;
            let body =
                Body::Database(CreateDatabase { name, service: self.service_fqn.clone(), common });
            self.databases.push(container(path, fqn.clone(), body, warnings));
            database.fqn = Some(fqn);
        }
        database.fqn.clone()
    }

    fn schema(&mut self, path: &DatasetPath, name: &str, database_fqn: &str) -> Option<String> {
        let (fqn, mut common, name, warnings) =
            self.named(path, EntityType::DatabaseSchema, name, database_fqn)?;
        if path.len() == 1 {
            // The wiki of a root describes the database, not the schema made up for its datasets.
            common.description = None;
        }
        let body = Body::Schema(CreateSchema { name, database: database_fqn.to_owned(), common });
        self.schemas.push(container(path.clone(), fqn.clone(), body, warnings));
        Some(fqn)
    }

    fn table(&mut self, dataset: NodeRef<'_>, schema_fqn: &str) {
        let path = dataset.path();
        let Some((fqn, common, name, mut warnings)) =
            self.named(&path, EntityType::Table, dataset.name(), schema_fqn)
        else {
            return;
        };
        let schema = dataset.schema();
        let ProjectedColumns { columns, dremio_names, warnings: column_warnings } =
            columns::project(&schema);
        warnings.extend(column_warnings);
        if let Some(error) = dataset.error() {
            warnings.push(format!("its details could not be read: {}", error.message));
        }
        let is_view = dataset.kind() == NodeKind::View;
        let table_type = match dataset.format() {
            _ if is_view => "View",
            Some(format) if format.eq_ignore_ascii_case("iceberg") => "Iceberg",
            _ => "Regular",
        };
        let body = Body::Table(Box::new(CreateTable {
            name,
            database_schema: schema_fqn.to_owned(),
            table_type: Some(table_type.to_owned()),
            columns,
            schema_definition: dataset.sql().map(str::to_owned),
            table_constraints: None,
            table_partition: None,
            location_path: None,
            file_format: None,
            common,
        }));
        self.tables.push(DesiredEntity {
            path,
            fqn,
            body: hashed(body),
            columns_known: schema.to_columns().is_some(),
            sql_known: !is_view || dataset.sql().is_some(),
            dremio_columns: dremio_names,
            warnings,
            data_model: None,
        });
    }

    /// Encodes a name, builds its FQN and takes it; a conflict if that cannot be.
    fn named(
        &mut self,
        path: &DatasetPath,
        entity: EntityType,
        name: &str,
        parent_fqn: &str,
    ) -> Option<(String, CreateCommon, String, Vec<String>)> {
        let encoded = match names::encode(name) {
            Ok(encoded) => encoded,
            Err(error) => {
                self.conflict(path.clone(), entity, error.to_string());
                return None;
            }
        };
        let fqn = names::child_fqn(parent_fqn, &encoded.name);
        let length = fqn.chars().count();
        if length > names::MAX_FQN_CHARS {
            let error = names::NameError::FqnTooLong(length);
            self.conflict(path.clone(), entity, error.to_string());
            return None;
        }
        if let Some(other) = self.fqns.get(&fold(&fqn)) {
            let reason = format!(
                "{other} becomes the same name in OpenMetadata ({fqn}); rename one of them in Dremio or leave one out"
            );
            self.conflict(path.clone(), entity, reason);
            return None;
        }
        self.fqns.insert(fold(&fqn), path.clone());
        let key = path.folded();
        let common = CreateCommon {
            display_name: encoded.changed.then(|| name.to_owned()),
            description: self
                .options
                .wikis
                .get(&key)
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty()),
            tags: self.tags(&key),
            source_url: self.source_url(path, entity),
            ..CreateCommon::default()
        };
        let warnings = if encoded.stripped {
            vec![format!("control characters left out of the name; sent as {:?}", encoded.name)]
        } else {
            Vec::new()
        };
        Some((fqn, common, encoded.name, warnings))
    }

    fn tags(&self, key: &DatasetPath) -> Vec<TagLabel> {
        let Some(classification) = &self.options.label_classification else { return Vec::new() };
        let labels = self.options.labels.get(key).map_or(&[][..], Vec::as_slice);
        labels
            .iter()
            .filter_map(|label| Some((label, names::encode(label).ok()?)))
            .map(|(_, encoded)| TagLabel {
                tag_fqn: names::child_fqn(classification, &encoded.name),
                source: "Classification".to_owned(),
                label_type: "Automated".to_owned(),
                state: "Confirmed".to_owned(),
            })
            .collect()
    }

    /// The page in Dremio's own UI.
    fn source_url(&self, path: &DatasetPath, entity: EntityType) -> Option<String> {
        const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');
        let base = self.options.dremio_url.as_deref()?.trim_end_matches('/');
        // Dremio's UI addresses a dataset by its dotted, quoted path below its root.
        let (first, rest) = path.parts().split_first()?;
        let rest = DatasetPath::new(rest.iter().cloned()).to_string();
        let encode = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
        Some(match (entity, rest.is_empty()) {
            (_, true) => format!("{base}/space/{}", encode(first)),
            (EntityType::Table, false) => {
                format!("{base}/space/{}/{}", encode(first), encode(&rest))
            }
            (_, false) => format!("{base}/space/{}/folder/{}", encode(first), encode(&rest)),
        })
    }

    fn conflict(&mut self, path: DatasetPath, entity: EntityType, reason: String) {
        self.conflicts.push(Conflict { path, entity, reason });
    }
}

fn container(path: DatasetPath, fqn: String, body: Body, warnings: Vec<String>) -> DesiredEntity {
    DesiredEntity {
        path,
        fqn,
        body: hashed(body),
        columns_known: true,
        sql_known: true,
        dremio_columns: Vec::new(),
        warnings,
        data_model: None,
    }
}

/// The body with the hash of its projection in it (contract §3.3).
///
/// The hash is taken before anything of the server's is merged in, so that the same Dremio state
/// always gives the same hash. Descriptions and tags are no part of it: the server compares them
/// itself, and leaving them out of a run, or failing to read them, is no reason to write anything.
fn hashed(mut body: Body) -> Body {
    let aside = body
        .common_mut()
        .map(|common| (common.description.take(), std::mem::take(&mut common.tags)));
    let canonical = serde_json::to_vec(&body).unwrap_or_default();
    if let Some(common) = body.common_mut() {
        common.source_hash = Some(hex(&Md5::digest(&canonical)));
        (common.description, common.tags) = aside.unwrap_or_default();
    }
    body
}

pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(2 * digest.len()), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
