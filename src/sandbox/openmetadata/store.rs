//! What the server holds, and the operations on it. Entities are JSON objects as they are answered.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::check::{self, parent_key};
use super::columns::{self, text};
use super::directory::Directory;
use super::merge::{self, Merged};
use super::{Caller, Quirks, Refusal, Version, fqn};
use crate::openmetadata::entity::EntityType;

/// In characters (contract §2.7).
const LONGEST_FQN: usize = 3072;

/// The property of an entity that refers to its parent, and the reference.
type Parent = (&'static str, Value);

/// A stored edge: ends by UUID, details as sent and filtered.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) details: Map<String, Value>,
}

/// Everything that the server holds.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) version: Version,
    pub(super) quirks: Quirks,
    pub(super) entities: BTreeMap<(EntityType, String), Map<String, Value>>,
    pub(super) by_id: HashMap<String, (EntityType, String)>,
    pub(super) edges: Vec<Edge>,
    /// What entities refer to.
    pub(super) directory: Directory,
    /// Tags that come with a glossary term: term and tag.
    pub(super) derived_tags: Vec<(String, String)>,
    clock: i64,
}

impl Store {
    pub(super) fn new(version: Version) -> Self {
        // Timestamps only have to grow; a fixed start keeps recorded answers stable.
        Self { version, clock: 1_750_000_000_000, ..Self::default() }
    }

    pub(super) fn tick(&mut self) -> i64 {
        self.clock += 1;
        self.clock
    }

    pub(super) fn find(
        &self,
        entity: EntityType,
        fqn: &str,
    ) -> Result<&Map<String, Value>, Refusal> {
        self.entities.get(&(entity, fqn.to_owned())).ok_or_else(|| missing(entity, fqn))
    }

    pub(super) fn key_of(
        &self,
        entity: EntityType,
        id: &str,
    ) -> Result<(EntityType, String), Refusal> {
        let key = self.by_id.get(id).filter(|(found, _)| *found == entity);
        key.cloned().ok_or_else(|| missing(entity, id))
    }

    pub(super) fn is_deleted(entity: &Map<String, Value>) -> bool {
        entity.get("deleted").and_then(Value::as_bool).unwrap_or(false)
    }

    /// PUT (or POST, which must not find anything): status and answer.
    pub(super) fn put(
        &mut self,
        entity: EntityType,
        body: Map<String, Value>,
        caller: Caller,
        create_only: bool,
    ) -> Result<(u16, Value), Refusal> {
        check::create_body(entity, &body, self.version)?;
        self.check_tags(&body)?;
        let name = text(&body, "name").to_owned();
        let (fqn, parent) = self.place(entity, &body, &name)?;
        let mut sent = body;
        self.settle_references(&mut sent)?;
        sent.insert("fullyQualifiedName".to_owned(), json!(fqn));
        // The server's mapper ignores a data model in a create body (contract §2.2).
        sent.remove("dataModel");
        if let Some((key, reference)) = parent {
            sent.insert(key.to_owned(), reference);
        }
        if let Some(domains) = sent.get("domains").cloned() {
            sent.insert("domains".to_owned(), named_references(&domains, "domain"));
        }
        if let Some(products) = sent.get("dataProducts").cloned() {
            sent.insert("dataProducts".to_owned(), named_references(&products, "dataProduct"));
        }
        let words: fn(&str) -> String =
            if self.version == Version::V2_0 { sanitise } else { str::to_owned };
        if let Some(sent_columns) = sent.get_mut("columns").and_then(Value::as_array_mut) {
            columns::normalise(sent_columns, &fqn, words);
        }
        if let Some(description) = sent.get("description").and_then(Value::as_str).map(words) {
            sent.insert("description".to_owned(), json!(description));
        }
        let now = self.tick();
        sent.insert("updatedAt".to_owned(), json!(now));
        sent.insert("updatedBy".to_owned(), json!(caller.name()));
        let Some(old) = self.entities.get(&(entity, fqn.clone())).cloned() else {
            self.demand_exclusive(&sent)?;
            return Ok((201, self.create(entity, fqn, sent)));
        };
        if create_only {
            return Err(Refusal {
                status: 409,
                kind: "ENTITY_ALREADY_EXISTS",
                message: "Entity already exists".to_owned(),
            });
        }
        let old = if Self::is_deleted(&old) { self.restore(entity, &fqn) } else { old };
        let data_products = sent.get("dataProducts").and_then(Value::as_array);
        let has_domain = |map: &Map<String, Value>| {
            let map = self.with_inherited(map);
            map.get("domains").and_then(Value::as_array).is_some_and(|list| !list.is_empty())
        };
        if data_products.is_some_and(|list| !list.is_empty())
            && !has_domain(&old)
            && !has_domain(&sent)
        {
            return Err(Refusal::bad(
                "Domain cannot be empty when data products are provided.".to_owned(),
            ));
        }
        let Merged { entity: merged, stored, columns } =
            merge::merge(sent, &old, caller, self.version, &self.quirks);
        self.demand_exclusive(&merged)?;
        for (from, to) in &columns.renamed {
            self.rename_in_edges(from, to);
        }
        if !columns.gone.is_empty() || !columns.renamed.is_empty() {
            let id = text(&merged, "id").to_owned();
            let sql = merged.get("schemaDefinition").cloned();
            self.rewrite_edges(&id, &columns.gone, sql.as_ref());
        }
        if stored && !self.quirks.echo_only {
            self.entities.insert((entity, fqn), merged.clone());
        }
        // The answer echoes the request, stored or not, with what is inherited (contract §3.1).
        Ok((200, Value::Object(self.with_inherited(&merged))))
    }

    fn create(&mut self, entity: EntityType, fqn: String, mut sent: Map<String, Value>) -> Value {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{}/{fqn}", entity.name()).as_bytes());
        sent.insert("id".to_owned(), json!(id.to_string()));
        sent.insert("version".to_owned(), json!(0.1));
        sent.insert("deleted".to_owned(), json!(false));
        sent.entry("tags").or_insert_with(|| json!([]));
        sent.entry("owners").or_insert_with(|| json!([]));
        self.by_id.insert(id.to_string(), (entity, fqn.clone()));
        self.entities.insert((entity, fqn), sent.clone());
        Value::Object(sent)
    }

    /// The FQN of a body, and the parent as the property that holds its reference.
    fn place(
        &self,
        entity: EntityType,
        body: &Map<String, Value>,
        name: &str,
    ) -> Result<(String, Option<Parent>), Refusal> {
        let Some(key) = parent_key(entity) else {
            return Ok((fqn::quote(name), None));
        };
        let parent_type = match entity {
            EntityType::Table => EntityType::DatabaseSchema,
            EntityType::DatabaseSchema => EntityType::Database,
            EntityType::Database | EntityType::DatabaseService => EntityType::DatabaseService,
        };
        let parent_fqn = fqn::canonical(text(body, key)).map_err(Refusal::bad)?;
        let parent = self.find(parent_type, &parent_fqn)?;
        if Self::is_deleted(parent) {
            return Err(missing(parent_type, &parent_fqn));
        }
        let own_fqn = fqn::below(&parent_fqn, name);
        if own_fqn.chars().count() > LONGEST_FQN {
            return Err(Refusal::bad(format!(
                "[fullyQualifiedName size must be below {LONGEST_FQN}]"
            )));
        }
        let reference = json!({
            "id": text(parent, "id"),
            "type": parent_type.reference_type(),
            "name": text(parent, "name"),
            "fullyQualifiedName": parent_fqn,
            "deleted": false,
        });
        Ok((own_fqn, Some((key, reference))))
    }

    /// The FQN that a create body asks for, right or wrong.
    pub(super) fn fqn_of(entity: EntityType, body: &Map<String, Value>) -> String {
        let name = text(body, "name");
        parent_key(entity).map_or_else(|| fqn::quote(name), |key| fqn::below(text(body, key), name))
    }

    /// Whether a bulk request may leave a row out since its hash is the stored one: so from 2.0 on
    /// (contract §3.3).
    pub(super) fn holds_hash_of(
        &self,
        entity: EntityType,
        fqn: &str,
        body: &Map<String, Value>,
    ) -> bool {
        let stored = self.entities.get(&(entity, fqn.to_owned()));
        self.version == Version::V2_0
            && stored.is_some_and(|stored| {
                !Self::is_deleted(stored)
                    && body.contains_key("sourceHash")
                    && stored.get("sourceHash") == body.get("sourceHash")
            })
    }

    fn check_tags(&self, body: &Map<String, Value>) -> Result<(), Refusal> {
        for tag in body.get("tags").and_then(Value::as_array).into_iter().flatten() {
            let fqn = tag.get("tagFQN").and_then(Value::as_str).unwrap_or_default();
            let (collection, word) = match tag.get("source").and_then(Value::as_str) {
                Some("Glossary") => ("glossaryTerms", "glossaryTerm"),
                _ => ("tags", "tag"),
            };
            if !self.directory.has(collection, fqn) {
                return Err(Refusal::not_found(format!("{word} instance for {fqn} not found")));
            }
        }
        for key in ["columns", "children"] {
            let below = body.get(key).and_then(Value::as_array).into_iter().flatten();
            for column in below.filter_map(Value::as_object) {
                self.check_tags(column)?;
            }
        }
        Ok(())
    }

    /// Brings a soft-deleted entity back with all that is below it.
    pub(super) fn restore(&mut self, entity: EntityType, fqn: &str) -> Map<String, Value> {
        let prefix = format!("{fqn}.");
        for ((kind, other), stored) in &mut self.entities {
            if (*kind == entity && other == fqn) || (*kind > entity && other.starts_with(&prefix)) {
                stored.insert("deleted".to_owned(), json!(false));
            }
        }
        self.entities.get(&(entity, fqn.to_owned())).cloned().unwrap_or_default()
    }

    pub(super) fn delete(
        &mut self,
        entity: EntityType,
        fqn: &str,
        recursive: bool,
        hard: bool,
    ) -> Result<Value, Refusal> {
        let found = Value::Object(self.find(entity, fqn)?.clone());
        let prefix = format!("{fqn}.");
        let below: Vec<(EntityType, String)> = self
            .entities
            .iter()
            .filter(|((kind, other), _)| *kind > entity && other.starts_with(&prefix))
            .filter(|(_, stored)| hard || !Self::is_deleted(stored))
            .map(|(key, _)| key.clone())
            .collect();
        if !below.is_empty() && !recursive {
            return Err(Refusal::bad(format!("{} is not empty", entity.reference_type())));
        }
        let now = self.tick();
        for key in below.into_iter().chain([(entity, fqn.to_owned())]) {
            if hard {
                if let Some(gone) = self.entities.remove(&key) {
                    let id = text(&gone, "id").to_owned();
                    self.by_id.remove(&id);
                    self.edges.retain(|edge| edge.from != id && edge.to != id);
                }
            } else if let Some(stored) = self.entities.get_mut(&key) {
                stored.insert("deleted".to_owned(), json!(true));
                stored.insert("updatedAt".to_owned(), json!(now));
            }
        }
        Ok(found)
    }

    /// Stores dbt's facts; by the way the table's SQL is lost (contract §6).
    pub(super) fn put_data_model(
        &mut self,
        fqn: &str,
        model: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let version = self.version;
        let key = (EntityType::Table, fqn.to_owned());
        let stored = self.entities.get_mut(&key).ok_or_else(|| missing(EntityType::Table, fqn))?;
        let mut model = model.clone();
        for field in ["sql", "rawSql"] {
            let old = stored
                .get("dataModel")
                .and_then(|model| model.get(field))
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if text(&model, field).is_empty() && !old.is_empty() {
                model.insert(field.to_owned(), json!(old));
            }
        }
        let tags = columns::tags(model.get("tags"), stored.get("tags"));
        // Owners only where there are none.
        let has_owners =
            stored.get("owners").and_then(Value::as_array).is_some_and(|o| !o.is_empty());
        if let (Some(owners), false) = (model.get("owners"), has_owners) {
            stored.insert("owners".to_owned(), owners.clone());
        }
        stored.insert("tags".to_owned(), Value::Array(tags));
        stored.insert("dataModel".to_owned(), Value::Object(model));
        stored.remove("schemaDefinition");
        if version < Version::V2_0 {
            stored.remove("tableConstraints");
        }
        Ok(Value::Object(stored.clone()))
    }
}

impl Caller {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bot => "ingestion-bot",
            Self::User => "admin",
        }
    }
}

pub(super) fn missing(entity: EntityType, what: &str) -> Refusal {
    Refusal::not_found(format!("{} instance for {what} not found", entity.reference_type()))
}

/// FQN strings of a create body as the references that a read gives.
fn named_references(list: &Value, kind: &str) -> Value {
    let references = list.as_array().into_iter().flatten().filter_map(Value::as_str).map(|fqn| {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{kind}/{fqn}").as_bytes());
        json!({ "id": id.to_string(), "type": kind, "name": fqn, "fullyQualifiedName": fqn })
    });
    Value::Array(references.collect())
}

/// 2.0 drops scripts and event handlers; enough of it to make "stored differs from sent" real.
fn sanitise(description: &str) -> String {
    let Some(start) = description.find("<script") else { return description.to_owned() };
    let end = description[start..].find("</script>").map_or(description.len(), |at| start + at + 9);
    format!("{}{}", &description[..start], &description[end..])
}
