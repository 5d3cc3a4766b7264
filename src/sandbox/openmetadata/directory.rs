//! What entities refer to: people, teams, glossary terms, domains, and which classifications allow
//! one tag at a time. Clients read it; only tags are ever made by them.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::columns::text;
use super::routes::Request;
use super::server::OpenMetadataSandbox;
use super::store::Store;
use super::{Refusal, fqn};

/// The most users that own one thing (contract §2.2).
const MOST_OWNERS: usize = 5;
/// Tiers are there on every server.
const TIERS: [&str; 5] = ["Tier1", "Tier2", "Tier3", "Tier4", "Tier5"];

/// Something for entities to refer to.
#[derive(Clone, Debug)]
pub struct Named {
    collection: &'static str,
    fqn: String,
    body: Map<String, Value>,
}

impl Named {
    fn new(collection: &'static str, fqn: &str, body: Value) -> Self {
        let mut body = body.as_object().cloned().unwrap_or_default();
        let word = word_of(collection);
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{word}/{fqn}").as_bytes());
        let name = fqn::split(fqn).ok().and_then(|parts| parts.last().cloned());
        body.insert("id".to_owned(), json!(id.to_string()));
        body.insert("name".to_owned(), json!(name.unwrap_or_else(|| fqn.to_owned())));
        body.insert("fullyQualifiedName".to_owned(), json!(fqn));
        body.insert("deleted".to_owned(), json!(false));
        Self { collection, fqn: fqn.to_owned(), body }
    }

    /// A person.
    pub fn user(name: &str, email: &str) -> Self {
        let user = Self::new("users", &fqn::quote(name), json!({ "email": email, "isBot": false }));
        user.with("name", json!(name))
    }

    /// A team that may own data.
    pub fn team(name: &str) -> Self {
        let team = Self::new("teams", &fqn::quote(name), json!({ "teamType": "Group" }));
        team.with("name", json!(name))
    }

    /// A term of a glossary by FQN.
    pub fn term(fqn: &str) -> Self {
        Self::new("glossaryTerms", fqn, json!({}))
    }

    /// A domain by FQN.
    pub fn domain(fqn: &str) -> Self {
        Self::new("domains", fqn, json!({}))
    }

    /// A classification of which an entity carries one tag at most.
    pub fn exclusive(name: &str) -> Self {
        Self::new("classifications", name, json!({ "mutuallyExclusive": true }))
    }

    /// A classification whose tags do not shut each other out.
    pub fn classification(name: &str) -> Self {
        Self::new("classifications", name, json!({ "mutuallyExclusive": false }))
    }

    /// A tag by FQN.
    pub fn tag(fqn: &str) -> Self {
        Self::new("tags", fqn, json!({ "disabled": false }))
    }

    /// The same with another property.
    #[must_use]
    pub fn with(mut self, property: &str, value: Value) -> Self {
        self.body.insert(property.to_owned(), value);
        self
    }

    /// Its UUID.
    pub fn id(&self) -> &str {
        text(&self.body, "id")
    }
}

fn word_of(collection: &str) -> &'static str {
    match collection {
        "users" => "user",
        "teams" => "team",
        "glossaryTerms" => "glossaryTerm",
        "domains" => "domain",
        "classifications" => "classification",
        _ => "tag",
    }
}

/// See the module. By collection and FQN.
#[derive(Debug)]
pub(super) struct Directory(BTreeMap<(&'static str, String), Map<String, Value>>);

impl Default for Directory {
    fn default() -> Self {
        let mut directory = Self(BTreeMap::new());
        directory.add(Named::exclusive("Tier"));
        for tier in TIERS {
            directory.add(Named::tag(&format!("Tier.{tier}")));
        }
        directory
    }
}

impl Directory {
    pub(super) fn add(&mut self, named: Named) {
        self.0.insert((named.collection, named.fqn), named.body);
    }

    fn all(&self, collection: &str) -> impl Iterator<Item = &Map<String, Value>> {
        self.0.iter().filter(move |((kind, _), _)| *kind == collection).map(|(_, body)| body)
    }

    fn find(&self, collection: &'static str, name: &str) -> Result<&Map<String, Value>, Refusal> {
        let found = match collection {
            // Names of people and teams are no paths: the server quotes them by itself.
            "users" | "teams" => self.all(collection).find(|body| text(body, "name") == name),
            _ => self.0.get(&(collection, name.to_owned())),
        };
        found.ok_or_else(|| missing(collection, name))
    }

    pub(super) fn has(&self, collection: &'static str, fqn: &str) -> bool {
        self.find(collection, fqn).is_ok()
    }

    /// The owners of a body as references that a read gives; who may not own is refused.
    fn owners(&self, sent: &[Value]) -> Result<Vec<Value>, Refusal> {
        let mut owners = Vec::new();
        for owner in sent {
            let field = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or_default();
            let collection = if field("type") == "team" { "teams" } else { "users" };
            let body = self.all(collection).find(|body| text(body, "id") == field("id"));
            let body = body.ok_or_else(|| missing(collection, field("id")))?;
            let sort = text(body, "teamType");
            if collection == "teams" && sort != "Group" {
                return Err(Refusal::bad(format!(
                    "Team of type {sort} can't own entities. Only Team of type Group can own entities."
                )));
            }
            owners.push(json!({
                "id": field("id"),
                "type": word_of(collection),
                "name": body["name"],
                "fullyQualifiedName": body["fullyQualifiedName"],
                "deleted": false,
            }));
        }
        let has_team = owners.iter().any(|owner| owner["type"] == "team");
        if owners.len() > MOST_OWNERS || (has_team && owners.len() > 1) {
            return Err(Refusal::bad(
                "Only one team or multiple users, up to five, can be owners".to_owned(),
            ));
        }
        Ok(owners)
    }

    /// Classifications that allow one tag at a time.
    fn exclusive(&self) -> BTreeSet<&str> {
        self.all("classifications")
            .filter(|body| body.get("mutuallyExclusive") == Some(&json!(true)))
            .map(|body| text(body, "name"))
            .collect()
    }
}

fn missing(collection: &str, name: &str) -> Refusal {
    Refusal::not_found(format!("{} instance for {name} not found", word_of(collection)))
}

/// The collections that are read.
const READ: [&str; 6] = ["users", "teams", "glossaryTerms", "domains", "classifications", "tags"];

fn collection_of(words: &[&str]) -> Option<&'static str> {
    READ.into_iter().find(|known| words.first() == Some(known))
}

/// Whether a path is one of the directory's.
pub(super) fn is_read(words: &[&str]) -> bool {
    collection_of(words).is_some() && matches!(words, [_] | [_, "name", _])
}

/// Answers a read of the directory.
pub(super) fn read(
    store: &Store,
    request: &Request<'_>,
    words: &[&str],
) -> Result<Response, Refusal> {
    let collection = collection_of(words).unwrap_or_default();
    match words {
        [_, "name", name] => {
            store.directory.find(collection, name).map(|body| Json(body).into_response())
        }
        _ => page(store, request, collection),
    }
}

fn page(store: &Store, request: &Request<'_>, collection: &str) -> Result<Response, Refusal> {
    let number = |key: &str, or: usize| match request.query(key) {
        None => Ok(or),
        Some(text) => {
            text.parse().map_err(|_| Refusal::bad(format!("[query param {key} must be a number]")))
        }
    };
    let (limit, from) = (number("limit", 10)?, number("after", 0)?);
    let all: Vec<&Map<String, Value>> = store.directory.all(collection).collect();
    let mut paging = json!({ "total": all.len() });
    if from + limit < all.len() {
        paging["after"] = json!((from + limit).to_string());
    }
    let data: Vec<_> = all.into_iter().skip(from).take(limit).collect();
    Ok(Json(json!({ "data": data, "paging": paging })).into_response())
}

impl Store {
    /// Checks the owners and domains of a create body; owners become what a read gives.
    pub(super) fn settle_references(&self, body: &mut Map<String, Value>) -> Result<(), Refusal> {
        if let Some(owners) = body.get_mut("owners") {
            let sent = owners.as_array().map_or(&[][..], Vec::as_slice);
            *owners = Value::Array(self.directory.owners(sent)?);
        }
        let domains = body.get("domains").and_then(Value::as_array).into_iter().flatten();
        for domain in domains.filter_map(Value::as_str) {
            self.directory.find("domains", domain)?;
        }
        Ok(())
    }

    /// Refuses two tags of one exclusive classification on an entity or column.
    pub(super) fn demand_exclusive(&self, entity: &Map<String, Value>) -> Result<(), Refusal> {
        let exclusive = self.directory.exclusive();
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for tag in entity.get("tags").and_then(Value::as_array).into_iter().flatten() {
            let name = tag.get("tagFQN").and_then(Value::as_str).unwrap_or_default();
            let Some(group) = fqn::split(name).ok().and_then(|parts| parts.first().cloned()) else {
                continue;
            };
            if !exclusive.contains(group.as_str()) {
                continue;
            }
            if let Some(other) = seen.insert(group, name.to_owned()) {
                return Err(Refusal::bad(format!(
                    "Tag labels {other} and {name} are mutually exclusive and can't be assigned together"
                )));
            }
        }
        for key in ["columns", "children"] {
            let below = entity.get(key).and_then(Value::as_array).into_iter().flatten();
            for column in below.filter_map(Value::as_object) {
                self.demand_exclusive(column)?;
            }
        }
        Ok(())
    }
}

impl OpenMetadataSandbox {
    /// From now on these are there to be referred to.
    pub fn know(&self, named: impl IntoIterator<Item = Named>) {
        let shared = self.shared();
        let mut store = shared.store();
        named.into_iter().for_each(|named| store.directory.add(named));
    }
}
