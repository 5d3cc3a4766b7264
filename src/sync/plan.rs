//! [`Plan`]: what bringing OpenMetadata up to date would do, item by item.
//!
//! Pure: desired state and current state in, items out. The plan holds the finished request bodies,
//! so that what is applied is what was shown.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::desired::{Body, Desired, DesiredEntity};
use super::diff::{self, DescriptionPatch, DiffOptions, EntityDiff, FieldChange};
use super::fitting::Fitting;
use super::rescue::EdgeBefore;
use super::selection::Selection;
use super::{creation, data_model, edges, governance, prune};
use crate::model::DatasetPath;
use crate::model::path::fold;
use crate::openmetadata::entity::{
    CreateCommon, EntityType, StoredCommon, StoredEdge, StoredService, StoredTable,
};
use crate::openmetadata::names;

pub use super::diff::Principal;

/// Version of the plan's JSON form.
pub const PLAN_SCHEMA_VERSION: u32 = 1;

/// What OpenMetadata holds now, soft-deleted entities included.
#[derive(Clone, Debug, Default)]
pub struct Current {
    /// The service of our name.
    pub service: Option<StoredService>,
    /// Its databases.
    pub databases: Vec<StoredCommon>,
    /// Their schemas.
    pub schemas: Vec<StoredCommon>,
    /// Their tables.
    pub tables: Vec<StoredTable>,
    /// Edges into those tables, by the UUIDs of both ends.
    pub edges: HashMap<(String, String), StoredEdge>,
    /// FQNs of tables whose edges were not read, since an earlier run left them as they should be.
    pub settled: HashSet<String>,
}

/// What a server version does (contract §3.3, §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerTraits {
    /// Stores a row when only the view's SQL differs.
    pub stores_sql_changes: bool,
}

impl ServerTraits {
    /// Whether a PUT of a table leaves dbt's facts alone; older servers drop them on a PUT that
    /// changes something (contract §6), and storing them costs the table its SQL.
    pub fn keeps_data_model(self) -> bool {
        self.stores_sql_changes
    }

    /// Whether a bot's PUT leaves display names of entities alone: the policy that bots have by
    /// default denies them from 2.0 on (contract §3.2).
    pub fn keeps_names_from_bots(self) -> bool {
        self.stores_sql_changes
    }

    /// Whether a bot's PUT leaves owners alone, by the same policy.
    pub fn keeps_owners_from_bots(self) -> bool {
        self.stores_sql_changes
    }
}

/// Settings of the plan.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// Who writes.
    pub principal: Principal,
    /// What the server does.
    pub traits: ServerTraits,
    /// Replace descriptions that differ from Dremio's wiki.
    pub overwrite_descriptions: bool,
    /// Replace owners that differ from those that are wanted.
    pub overwrite_owners: bool,
    /// Soft-delete what Dremio no longer has, within this selection.
    pub prune: Option<Selection>,
}

/// Names an item across two plans.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKey {
    /// A service, database, schema or table by FQN.
    Entity(EntityType, String),
    /// An edge by the FQNs of its ends.
    Edge {
        /// Upstream.
        from: String,
        /// Downstream.
        to: String,
    },
}

impl ItemKey {
    /// The word for what it is: `service`, `database`, `schema`, `table`, `edge`.
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Entity(entity, _) => entity.name(),
            Self::Edge { .. } => "edge",
        }
    }
}

/// What will be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is not there yet.
    Create,
    /// Something in it will change.
    Update,
    /// It was soft-deleted and comes back, with what is below it (quirk 12).
    Restore,
    /// It is as it should be.
    Unchanged,
    /// It differs, and stays as it is on purpose.
    Keep,
    /// It cannot be brought over.
    Conflict,
    /// Dremio no longer has it; it will be soft-deleted.
    Delete,
}

impl Action {
    /// Whether a request will be sent.
    pub fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Restore | Self::Delete)
    }

    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Restore => "restore",
            Self::Unchanged => "unchanged",
            Self::Keep => "keep",
            Self::Conflict => "conflict",
            Self::Delete => "delete",
        }
    }
}

/// The state on which an item's diff rests; if the server has moved on, the item is stale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// UUID.
    pub id: String,
    /// Version as read.
    pub version: f64,
    /// Epoch milliseconds as read.
    pub updated_at: Option<i64>,
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// A create body for PUT.
    Put(Body),
    /// Details of an edge; the ends' UUIDs and the columns' FQNs are settled when it is sent.
    Edge(edges::EdgeBody),
    /// A soft delete.
    Delete,
    /// The removal of an edge that we once wrote.
    DeleteEdge,
    /// Somebody's edge as it was before a run that was cut off made the server rewrite it.
    PutBack(Box<EdgeBefore>),
}

/// One line of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Which entity or edge.
    pub key: ItemKey,
    /// Where it stands in Dremio, where it does.
    pub path: Option<DatasetPath>,
    /// What will be done.
    pub action: Action,
    /// The fields that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// What a reader should know: reasons of conflicts, side effects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What the diff rests on; absent for what is not there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    /// What will be sent; absent when nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// The true body must be preceded by one with a throw-away hash (contract §3.5, repair write).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repair: bool,
    /// Descriptions that take a PATCH before the PUT (contract §3.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_patch: Option<DescriptionPatch>,
    /// dbt's facts of a table, which have a request of their own (contract §6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_model: Option<Value>,
}

impl Item {
    /// Whether it brings owners or a domain: what a server made of those only a read tells
    /// (quirk 35), so that such an item is sent by itself.
    pub(super) fn must_be_read_back(&self) -> bool {
        let is_told =
            |common: &CreateCommon| !(common.owners.is_empty() && common.domains.is_empty());
        matches!(&self.payload, Some(Payload::Put(body)) if body.common().is_some_and(is_told))
    }
}

/// Counts by what and action.
pub type Counts = BTreeMap<String, BTreeMap<String, usize>>;

/// The whole of it: entities parents first, then edges, then deletes leaves first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// See [`PLAN_SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Name of the service.
    pub service: String,
    /// Who was assumed to write.
    pub principal: Principal,
    /// The items in the order in which they will be applied.
    pub items: Vec<Item>,
}

impl Plan {
    /// How many items of each sort have each action.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::new();
        for item in &self.items {
            *counts
                .entry(item.key.sort().to_owned())
                .or_default()
                .entry(item.action.name().to_owned())
                .or_default() += 1;
        }
        counts
    }

    /// Whether applying it would send anything.
    pub fn is_empty(&self) -> bool {
        !self.items.iter().any(|item| item.action.writes())
    }
}

/// Compares what should be there with what is.
pub fn plan(desired: &Desired, current: &Current, options: &PlanOptions) -> Plan {
    let stored = Stored::of(current);
    let mut items = vec![service_item(desired, current)];
    let mut touched = HashSet::new();
    let mut clashing: HashSet<&str> = HashSet::new();
    for entity in &desired.entities {
        let (mut item, touches_columns) = entity_item(entity, &desired.exclusive, &stored, options);
        if let Some(parent) = parent_fqn(&entity.body).filter(|parent| clashing.contains(parent)) {
            let why = format!("{parent} cannot be brought over, and so neither can this");
            item = Item { notes: vec![why], ..conflict(item.key, item.path) };
        }
        if item.action == Action::Conflict {
            clashing.insert(&entity.fqn);
        } else if touches_columns {
            touched.insert(entity.fqn.clone());
        }
        items.push(item);
    }
    prune::tell_of_revived(&mut items, desired, &stored);
    items.extend(desired.conflicts.iter().map(|found| Item {
        notes: vec![found.reason.clone()],
        ..conflict(ItemKey::Entity(found.entity, found.path.to_string()), Some(found.path.clone()))
    }));
    let fitting = Fitting::new(desired, current);
    let fitted: Vec<_> = desired.edges.iter().map(|edge| fitting.edge(edge)).collect();
    let is_pruning = options.prune.is_some();
    items.extend(edges::items(desired, &fitted, current, &touched, &clashing, is_pruning));
    if let Some(selection) = &options.prune {
        items.extend(prune::deletes(desired, &stored, selection));
    }
    Plan {
        schema_version: PLAN_SCHEMA_VERSION,
        service: desired.service.name.clone(),
        principal: options.principal,
        items,
    }
}

fn conflict(key: ItemKey, path: Option<DatasetPath>) -> Item {
    Item {
        key,
        path,
        action: Action::Conflict,
        changes: Vec::new(),
        notes: Vec::new(),
        expected: None,
        payload: None,
        repair: false,
        description_patch: None,
        data_model: None,
    }
}

fn parent_fqn(body: &Body) -> Option<&str> {
    match body {
        Body::Service(_) => None,
        Body::Database(body) => Some(&body.service),
        Body::Schema(body) => Some(&body.database),
        Body::Table(body) => Some(&body.database_schema),
    }
}

/// What is stored, by type and FQN.
pub(super) struct Stored<'a> {
    pub(super) commons: HashMap<(EntityType, &'a str), &'a StoredCommon>,
    tables: HashMap<&'a str, &'a StoredTable>,
    /// Folded FQNs with the spelling stored, to find clashes of case (quirk 20).
    folded: HashMap<String, &'a str>,
}

impl<'a> Stored<'a> {
    fn of(current: &'a Current) -> Self {
        let databases = current.databases.iter().map(|stored| (EntityType::Database, stored));
        let schemas = current.schemas.iter().map(|stored| (EntityType::DatabaseSchema, stored));
        let tables = current.tables.iter().map(|stored| (EntityType::Table, &stored.common));
        let commons: HashMap<_, _> = databases
            .chain(schemas)
            .chain(tables)
            .map(|(entity, stored)| ((entity, stored.fully_qualified_name.as_str()), stored))
            .collect();
        Self {
            folded: commons.keys().map(|(_, fqn)| (fold(fqn), *fqn)).collect(),
            commons,
            tables: current
                .tables
                .iter()
                .map(|table| (table.common.fully_qualified_name.as_str(), table))
                .collect(),
        }
    }
}

fn service_item(desired: &Desired, current: &Current) -> Item {
    let key = ItemKey::Entity(
        EntityType::DatabaseService,
        names::build_fqn(&[&desired.service.name]).unwrap_or_else(|_| desired.service.name.clone()),
    );
    let mut item = Item {
        key,
        path: None,
        action: Action::Create,
        changes: Vec::new(),
        notes: Vec::new(),
        expected: None,
        payload: Some(Payload::Put(Body::Service(desired.service.clone()))),
        repair: false,
        description_patch: None,
        data_model: None,
    };
    if let Some(stored) = &current.service {
        // An existing service is never PUT: that may touch its connection (quirk 34).
        item.expected = Some(expected(&stored.common));
        if stored.common.deleted {
            item.action = Action::Restore;
        } else {
            item.action = Action::Unchanged;
            item.payload = None;
        }
        if stored.service_type != desired.service.service_type {
            item.notes.push(format!("keeps its type {}", stored.service_type));
        }
    }
    item
}

pub(super) fn expected(stored: &StoredCommon) -> Expected {
    Expected { id: stored.id.clone(), version: stored.version, updated_at: stored.updated_at }
}

fn entity_item(
    entity: &DesiredEntity,
    exclusive: &BTreeSet<String>,
    stored: &Stored<'_>,
    options: &PlanOptions,
) -> (Item, bool) {
    let entity_type = entity.body.entity_type();
    let mut item = Item {
        key: ItemKey::Entity(entity_type, entity.fqn.clone()),
        path: Some(entity.path.clone()),
        action: Action::Create,
        changes: Vec::new(),
        notes: entity.warnings.clone(),
        expected: None,
        payload: None,
        repair: false,
        description_patch: None,
        data_model: None,
    };
    let mut body = entity.body.clone();
    let Some(common) = stored.commons.get(&(entity_type, entity.fqn.as_str())) else {
        if let Some(spelling) = stored.folded.get(&fold(&entity.fqn)) {
            item.action = Action::Conflict;
            item.notes.push(format!(
                "OpenMetadata has it as {spelling}, which differs only in case; rename or delete that one first"
            ));
            return (item, false);
        }
        item.changes = creation::changes(&body);
        if let (Some(model), Body::Table(table)) = (&entity.data_model, &body) {
            if let Some(obstacle) = data_model::obstacle(table, None, options.traits) {
                item.notes.push(obstacle.to_owned());
            } else {
                item.changes.extend(data_model::changes(model, None));
                item.data_model = Some(model.clone());
            }
        }
        item.payload = Some(Payload::Put(body));
        return (item, false);
    };
    let diff_options = DiffOptions {
        principal: options.principal,
        traits: options.traits,
        overwrite_descriptions: options.overwrite_descriptions,
    };
    let mut diff = EntityDiff::default();
    let table = stored.tables.get(entity.fqn.as_str()).copied();
    let columns = table.map_or(&[][..], |table| table.columns.as_slice());
    let mut referred = governance::stored::yield_to_stored(&mut body, common, columns, exclusive);
    if let Some(ours) = body.common_mut() {
        referred.extend(governance::stored::changes(ours, common, options));
    }
    match (&mut body, table) {
        (Body::Table(table), Some(stored)) => {
            diff = diff::table(table, stored, entity.columns_known, entity.sql_known, diff_options);
            diff.changes.splice(0..0, referred);
            if let Some(model) = &entity.data_model {
                if let Some(obstacle) = data_model::obstacle(table, Some(stored), options.traits) {
                    diff.warnings.push(obstacle.to_owned());
                } else {
                    let changes = data_model::changes(model, stored.data_model.as_ref());
                    // Where a PUT would drop the facts, they are sent again with every PUT.
                    let again = diff.is_written() && !options.traits.keeps_data_model();
                    if !changes.is_empty() || again {
                        item.data_model = Some(model.clone());
                    }
                    diff.changes.extend(changes);
                }
            }
        }
        (body, _) => {
            if let Some(ours) = body.common_mut() {
                diff::common(&mut diff, ours, common, diff_options);
            }
            diff.changes.splice(0..0, referred);
        }
    }
    item.expected = Some(expected(common));
    item.action = if common.deleted {
        Action::Restore
    } else if diff.is_written() {
        Action::Update
    } else if diff.changes.is_empty() {
        Action::Unchanged
    } else {
        Action::Keep
    };
    diff.warnings.extend(governance::stored::note(&diff.changes).map(str::to_owned));
    item.changes = diff.changes;
    item.notes.extend(diff.warnings);
    if diff.touches_columns {
        item.notes.push(
            "the server rewrites the lineage edges of a table whose columns go; they are put back"
                .to_owned(),
        );
    }
    if item.action.writes() {
        if options.principal == Principal::User && common.certification.is_some() {
            item.notes.push(
                "some servers take its certification away when a person's token writes it; look at it afterwards"
                    .to_owned(),
            );
        }
        item.payload = Some(Payload::Put(body));
        item.repair = diff.repair;
        item.description_patch = diff.description_patch;
    }
    (item, diff.touches_columns)
}
