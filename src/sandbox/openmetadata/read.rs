//! Reading: one entity or a page of them, lean unless more is asked for (contract §4).

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::columns::text;
use super::routes::Request;
use super::store::{Store, missing};
use super::{Refusal, Version, fqn};
use crate::openmetadata::entity::EntityType;

/// Fields that a plain read leaves out.
const ON_DEMAND: [&str; 9] = [
    "owners",
    "tags",
    "domains",
    "dataProducts",
    "extension",
    "schemaDefinition",
    "tableConstraints",
    "tablePartition",
    "certification",
];

/// Names that `fields` may hold besides those.
const ALSO_KNOWN: [&str; 17] = [
    "columns",
    "dataModel",
    "sourceHash",
    "sourceUrl",
    "usageSummary",
    "followers",
    "joins",
    "customMetrics",
    "testSuite",
    "lifeCycle",
    "tableType",
    "description",
    "displayName",
    "version",
    "deleted",
    "retentionPeriod",
    "locationPath",
];

/// The fields asked for; an unknown name is 400 (contract §4.3).
fn fields(request: &Request<'_>, store: &Store) -> Result<Vec<String>, Refusal> {
    let asked: Vec<String> = request
        .query("fields")
        .unwrap_or_default()
        .split(',')
        .filter(|field| !field.is_empty())
        .map(str::to_owned)
        .collect();
    let is_known = |field: &str| {
        let is_new = field == "sourceHash" && store.version == Version::V1_12;
        let is_switched_off = store.quirks.unknown_fields.iter().any(|off| off == field);
        let is_listed = ON_DEMAND.contains(&field)
            || ALSO_KNOWN.contains(&field)
            || (field == "domain" && has_one_domain(store));
        is_listed && !is_new && !is_switched_off
    };
    match asked.iter().find(|field| !is_known(field)) {
        Some(field) => Err(Refusal::bad(format!("Invalid field name {field}"))),
        None => Ok(asked),
    }
}

/// A server from before there could be several domains has one, under a name of its own
/// (contract §7).
fn has_one_domain(store: &Store) -> bool {
    store.quirks.unknown_fields.iter().any(|off| off == "domains")
}

fn is_included(entity: &Map<String, Value>, request: &Request<'_>) -> bool {
    match request.query("include").unwrap_or("non-deleted") {
        "all" => true,
        "deleted" => Store::is_deleted(entity),
        _ => !Store::is_deleted(entity),
    }
}

pub(super) fn read(
    store: &Store,
    entity: EntityType,
    fqn: &str,
    request: &Request<'_>,
) -> Result<Response, Refusal> {
    let fields = fields(request, store)?;
    let fqn = &fqn::canonical(fqn).map_err(Refusal::bad)?;
    let found = store.find(entity, fqn)?;
    if !is_included(found, request) {
        return Err(missing(entity, fqn));
    }
    let etag = format!("W/\"{}\"", found.get("version").cloned().unwrap_or_default());
    Ok(([(header::ETAG, etag)], Json(lean(store, found, &fields))).into_response())
}

pub(super) fn list(
    store: &Store,
    entity: EntityType,
    request: &Request<'_>,
) -> Result<Response, Refusal> {
    let fields = fields(request, store)?;
    let limit: usize = match request.query("limit").unwrap_or("10").parse() {
        Ok(limit) if limit <= 1_000_000 => limit,
        _ => return Err(Refusal::bad("[query param limit must be less than 1000000]".to_owned())),
    };
    if request.query("after").is_some() && request.query("before").is_some() {
        return Err(Refusal::bad("Only one of before or after query parameter allowed".to_owned()));
    }
    let parent = match entity {
        EntityType::DatabaseService => None,
        EntityType::Database => request.query("service"),
        EntityType::DatabaseSchema => request.query("database"),
        EntityType::Table => request.query("databaseSchema").or(request.query("database")),
    };
    let parent = parent.map(fqn::canonical).transpose().map_err(Refusal::bad)?;
    let prefix = parent.map(|parent| format!("{parent}."));
    let after = match request.query("after") {
        None => String::new(),
        Some(cursor) => URL_SAFE_NO_PAD
            .decode(cursor)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| Refusal::bad("Invalid cursor".to_owned()))?,
    };
    let all: Vec<&Map<String, Value>> = store
        .entities
        .iter()
        .filter(|((kind, fqn), _)| {
            *kind == entity && prefix.as_ref().is_none_or(|prefix| fqn.starts_with(prefix))
        })
        .map(|(_, stored)| stored)
        .filter(|stored| is_included(stored, request))
        .collect();
    let page: Vec<&&Map<String, Value>> = all
        .iter()
        .filter(|stored| text(stored, "fullyQualifiedName") > after.as_str())
        .take(limit + 1)
        .collect();
    let mut paging = json!({ "total": all.len() });
    if page.len() > limit && limit > 0 {
        let last = text(page[limit - 1], "fullyQualifiedName");
        paging["after"] = json!(URL_SAFE_NO_PAD.encode(last));
    }
    let is_unreadable = |stored: &&Map<String, Value>| {
        store.quirks.unreadable.iter().any(|fqn| fqn == text(stored, "fullyQualifiedName"))
    };
    let (errors, data): (Vec<_>, Vec<_>) =
        page.into_iter().take(limit).copied().partition(is_unreadable);
    let data: Vec<Value> = data.into_iter().map(|stored| lean(store, stored, &fields)).collect();
    let mut answer = json!({ "data": data, "paging": paging });
    if store.version >= Version::V2_0 {
        let unread = |stored: &Map<String, Value>| {
            let fqn = text(stored, "fullyQualifiedName");
            json!({ "message": format!("{fqn} could not be read") })
        };
        answer["errors"] = errors.into_iter().map(unread).collect();
    }
    Ok(Json(answer).into_response())
}

/// An entity as it is read: with what it inherits, without what was not asked for.
fn lean(store: &Store, entity: &Map<String, Value>, fields: &[String]) -> Value {
    let asked = |field: &str| fields.iter().any(|name| name == field);
    let mut shown: Map<String, Value> = store
        .with_inherited(entity)
        .into_iter()
        .filter(|(key, _)| !ON_DEMAND.contains(&key.as_str()) || asked(key))
        .collect();
    if has_one_domain(store) {
        let domains = store.with_inherited(entity).remove("domains");
        if let Some(domain) =
            domains.filter(|_| asked("domain")).and_then(|all| all.get(0).cloned())
        {
            shown.insert("domain".to_owned(), domain);
        }
    }
    if let Some(connection) = shown.get_mut("connection") {
        mask(connection);
    }
    if !(asked("columns") && asked("tags"))
        && let Some(columns) = shown.get_mut("columns").and_then(Value::as_array_mut)
    {
        strip_tags(columns);
    }
    Value::Object(shown)
}

/// Secrets of a connection are never read back (contract §2.3).
fn mask(connection: &mut Value) {
    match connection {
        Value::Object(object) => {
            for (key, value) in object {
                if ["password", "personalAccessToken"].contains(&key.as_str()) {
                    *value = json!("*********");
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

impl Store {
    /// An entity with the owners and domains of its nearest parent that has some, where it has none
    /// of its own, and with the tags that come with its glossary terms (contract §4.3).
    pub(super) fn with_inherited(&self, entity: &Map<String, Value>) -> Map<String, Value> {
        let mut shown = entity.clone();
        for key in ["owners", "domains"] {
            if has_items(entity, key) {
                continue;
            }
            let Some(inherited) = self.inherited(entity, key) else { continue };
            shown.insert(key.to_owned(), Value::Array(inherited));
        }
        self.add_derived_tags(&mut shown);
        shown
    }

    fn inherited(&self, entity: &Map<String, Value>, key: &str) -> Option<Vec<Value>> {
        let parents = [
            ("databaseSchema", EntityType::DatabaseSchema),
            ("database", EntityType::Database),
            ("service", EntityType::DatabaseService),
        ];
        let (parent, kind) = parents.into_iter().find_map(|(field, kind)| {
            let fqn = entity.get(field)?.get("fullyQualifiedName")?.as_str()?;
            Some((self.find(kind, fqn).ok()?, kind))
        })?;
        if !has_items(parent, key) {
            return if kind == EntityType::DatabaseService {
                None
            } else {
                self.inherited(parent, key)
            };
        }
        let mut items = parent.get(key)?.as_array()?.clone();
        for item in &mut items {
            item["inherited"] = json!(true);
        }
        Some(items)
    }

    fn add_derived_tags(&self, entity: &mut Map<String, Value>) {
        if self.derived_tags.is_empty() {
            return;
        }
        if let Some(tags) = entity.get_mut("tags").and_then(Value::as_array_mut) {
            for (term, tag) in &self.derived_tags {
                let holds = |fqn: &str| tags.iter().any(|tag| tag["tagFQN"] == fqn);
                if holds(term) && !holds(tag) {
                    tags.push(json!({
                        "tagFQN": tag,
                        "source": "Classification",
                        "labelType": "Derived",
                        "state": "Confirmed",
                    }));
                }
            }
        }
        for key in ["columns", "children"] {
            let below = entity.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten();
            for column in below.filter_map(Value::as_object_mut) {
                self.add_derived_tags(column);
            }
        }
    }
}

fn has_items(entity: &Map<String, Value>, key: &str) -> bool {
    entity.get(key).and_then(Value::as_array).is_some_and(|items| !items.is_empty())
}

fn strip_tags(columns: &mut [Value]) {
    for column in columns.iter_mut().filter_map(Value::as_object_mut) {
        column.remove("tags");
        if let Some(children) = column.get_mut("children").and_then(Value::as_array_mut) {
            strip_tags(children);
        }
    }
}
