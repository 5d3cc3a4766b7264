//! The requests of [`Client`]: reading and writing entities and lineage.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Error;
use super::client::{Call, Client};
use super::entity::{EntityReference, EntityType, LineageDetails, StoredCommon, StoredEdge};
use super::names;
use crate::http::{Body, Method, encode_segment};

/// Rows of a listing with columns are big (contract §4.1).
const PAGE: usize = 200;
/// A cursor that never ends must not keep us for ever.
pub(super) const MAX_PAGES: usize = 100_000;

/// What a PUT did.
#[derive(Clone, Debug, PartialEq)]
pub struct Written<T> {
    /// It was not there before.
    pub created: bool,
    /// The entity as the answer describes it. For one that was there before that is a claim, not
    /// what is stored (quirk 35).
    pub entity: T,
}

/// What a bulk PUT did, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkOutcome {
    /// How many rows the server says it took.
    pub passed: usize,
    /// FQN or name and message of each refused row.
    pub failed: Vec<(String, String)>,
    /// Why the whole was broken off, if it was.
    pub abort_reason: Option<String>,
}

/// The lineage around a table, one hop each way.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Neighbourhood {
    /// What stands at the other ends of the edges.
    pub nodes: Vec<EntityReference>,
    /// Edges into the table.
    pub upstream_edges: Vec<StoredEdge>,
    /// Edges out of it.
    pub downstream_edges: Vec<StoredEdge>,
}

#[derive(Deserialize)]
pub(super) struct PageWire<T> {
    #[serde(default = "Vec::new")]
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) paging: PagingWire,
    /// What a 2.0 could not read itself, in the place of those rows (contract §4.1).
    #[serde(default)]
    errors: Option<Vec<Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PagingWire {
    total: Option<u64>,
    pub(super) after: Option<String>,
}

/// Fields to ask for, newest names last: they are dropped first when a server does not know one
/// (quirk 24).
fn fields_of(entity: EntityType) -> &'static [&'static str] {
    match entity {
        EntityType::DatabaseService => &["owners", "tags", "domains"],
        EntityType::Database | EntityType::DatabaseSchema => &[
            "owners",
            "tags",
            "extension",
            "domains",
            "dataProducts",
            "sourceHash",
            "certification",
        ],
        EntityType::Table => &[
            "columns",
            "tags",
            "owners",
            "schemaDefinition",
            "tableConstraints",
            "tablePartition",
            "extension",
            "dataModel",
            "domains",
            "dataProducts",
            "sourceHash",
            "certification",
        ],
    }
}

pub(super) fn segment(text: &str) -> String {
    // FQNs and UUIDs are never empty, `.` or `..`.
    encode_segment(text).unwrap_or_else(|| "%00".to_owned())
}

impl Client {
    /// Everything of one type below a parent, soft-deleted included; `on_page` hears how many rows
    /// there are so far and in all. A service is read by name instead.
    pub async fn list<T>(
        &self,
        entity: EntityType,
        filter: (&str, &str),
        on_page: impl FnMut(usize, Option<u64>) + Send,
    ) -> Result<Vec<T>, Error>
    where
        T: DeserializeOwned + AsRef<StoredCommon> + Send + 'static,
    {
        self.list_with(entity, self.fields_of(entity), filter, on_page).await
    }

    /// As [`Client::list`], without any field that the server has to gather: names, and whether
    /// something is deleted.
    pub async fn list_names(
        &self,
        entity: EntityType,
        filter: (&str, &str),
    ) -> Result<Vec<StoredCommon>, Error> {
        self.list_with(entity, Vec::new(), filter, |_, _| ()).await
    }

    async fn list_with<T>(
        &self,
        entity: EntityType,
        mut fields: Vec<&'static str>,
        filter: (&str, &str),
        mut on_page: impl FnMut(usize, Option<u64>) + Send,
    ) -> Result<Vec<T>, Error>
    where
        T: DeserializeOwned + AsRef<StoredCommon> + Send + 'static,
    {
        let mut rows: Vec<T> = Vec::new();
        let mut seen = HashSet::new();
        let mut after: Option<String> = None;
        let mut left_out: Vec<Value> = Vec::new();
        for _ in 0..MAX_PAGES {
            let mut call = Call::new(Method::Get, entity.collection())
                .query(filter.0, filter.1)
                .query("limit", &PAGE.to_string())
                .query("include", "all")
                .slow();
            if !fields.is_empty() {
                call = call.query("fields", &fields.join(","));
            }
            if let Some(cursor) = &after {
                call = call.query("after", cursor);
            }
            let page: PageWire<T> = match self.call(call).await {
                Err(Error::Rejected { message, .. }) if self.drop_field(&mut fields, &message) => {
                    continue;
                }
                result => result?,
            };
            for row in page.data {
                // Pages shift when others write meanwhile (contract §4.1).
                if seen.insert(row.as_ref().id.clone()) {
                    rows.push(row);
                }
            }
            on_page(rows.len(), page.paging.total);
            left_out.extend(page.errors.into_iter().flatten());
            match page.paging.after {
                Some(cursor) if after.as_ref() != Some(&cursor) => after = Some(cursor),
                _ => break,
            }
        }
        let Some(first) = left_out.first() else { return Ok(rows) };
        // Taken for absent, such a row would be written over as if it were new.
        let why = first.get("message").and_then(Value::as_str).unwrap_or_default();
        Err(Error::Server {
            request: format!("GET {}", entity.collection()),
            status: 200,
            message: format!(
                "it could not read {} of what it holds below {}: {why}",
                left_out.len(),
                filter.1,
            ),
        })
    }

    /// One entity by FQN, soft-deleted ones too; `None` when there is none.
    pub async fn by_name<T>(&self, entity: EntityType, fqn: &str) -> Result<Option<T>, Error>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let mut fields = self.fields_of(entity);
        loop {
            let path = format!("{}/name/{}", entity.collection(), segment(fqn));
            let call = Call::new(Method::Get, path)
                .query("fields", &fields.join(","))
                .query("include", "all");
            match self.call(call).await {
                Ok(found) => return Ok(Some(found)),
                Err(Error::Rejected { message, .. }) if self.drop_field(&mut fields, &message) => {}
                Err(Error::NotFound { .. } | Error::Rejected { status: 400, .. })
                    if fqn.contains('/') =>
                {
                    return self.by_listing(entity, fqn, fields).await;
                }
                Err(Error::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// One entity, looked for in the list of its parent: proxies and servlet containers may refuse an
    /// encoded slash in a path, which in a query they let through (contract §2.7).
    async fn by_listing<T>(
        &self,
        entity: EntityType,
        fqn: &str,
        mut fields: Vec<&'static str>,
    ) -> Result<Option<T>, Error>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let filter = match entity {
            EntityType::DatabaseService => return Ok(None),
            EntityType::Database => "service",
            EntityType::DatabaseSchema => "database",
            EntityType::Table => "databaseSchema",
        };
        let parent = names::split_fqn(fqn).ok().and_then(|mut parts| {
            parts.pop();
            names::build_fqn(&parts).ok()
        });
        let Some(parent) = parent else { return Ok(None) };
        let siblings: Vec<StoredCommon> = self.list(entity, (filter, &parent), |_, _| ()).await?;
        let found = siblings.into_iter().find(|stored| stored.fully_qualified_name == fqn);
        let Some(found) = found else { return Ok(None) };
        loop {
            let path = format!("{}/{}", entity.collection(), segment(&found.id));
            let call = Call::new(Method::Get, path)
                .query("fields", &fields.join(","))
                .query("include", "all");
            match self.call(call).await {
                Ok(found) => return Ok(Some(found)),
                Err(Error::NotFound { .. }) => return Ok(None),
                Err(Error::Rejected { message, .. }) if self.drop_field(&mut fields, &message) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// How many there are of one type below a parent (soft-deleted ones not counted), and the
    /// first of them: enough to see whether they may be read.
    pub async fn peek<T>(
        &self,
        entity: EntityType,
        filter: (&str, &str),
    ) -> Result<(u64, Option<T>), Error>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let call = Call::new(Method::Get, entity.collection())
            .query(filter.0, filter.1)
            .query("limit", "1");
        let page: PageWire<T> = self.call(call).await?;
        let first = page.data.into_iter().next();
        Ok((page.paging.total.unwrap_or(u64::from(first.is_some())), first))
    }

    /// The fields to ask for, without those that this server has refused before.
    fn fields_of(&self, entity: EntityType) -> Vec<&'static str> {
        let unknown = self.unknown_fields();
        let spelled = |field: &'static str| match field {
            // The one domain that there was before there could be several (contract §7).
            "domains" if unknown.contains(&field) => "domain",
            field => field,
        };
        let fields = fields_of(entity).iter().copied().map(spelled);
        fields.filter(|field| !unknown.contains(field)).collect()
    }

    /// Whether a refusal names a field that can be left out; if so it is, now and from now on.
    fn drop_field(&self, fields: &mut Vec<&'static str>, message: &str) -> bool {
        if !message.contains("Invalid field name") {
            return false;
        }
        let named = fields.iter().position(|field| {
            message.split(|c: char| !c.is_alphanumeric()).any(|word| word == *field)
        });
        let dropped = match named {
            Some(index) => Some(fields.remove(index)),
            None => fields.pop(),
        };
        if let Some(field) = dropped {
            let mut unknown = self.unknown_fields();
            unknown.push(field);
            if field == "domains" && !unknown.contains(&"domain") {
                fields.push("domain");
            }
        }
        dropped.is_some()
    }

    /// Creates or updates an entity.
    pub async fn put<T: DeserializeOwned + Send + 'static>(
        &self,
        entity: EntityType,
        body: &impl serde::Serialize,
    ) -> Result<Written<T>, Error> {
        let call = Call::json(Method::Put, entity.collection(), encode(body)?);
        let (status, entity): (u16, T) =
            self.send(call, |answer| Ok((answer.status, answer.json()?))).await?;
        Ok(Written { created: status == 201, entity })
    }

    /// Creates or updates many entities; `None` when the server offers no such thing. A good answer
    /// does not mean that all rows went through (quirk 26).
    pub async fn put_bulk(
        &self,
        entity: EntityType,
        bodies: &[impl serde::Serialize],
    ) -> Result<Option<BulkOutcome>, Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct RowWire {
            request: Value,
            message: Option<String>,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct BulkWire {
            number_of_rows_passed: usize,
            abort_reason: Option<String>,
            failed_request: Vec<RowWire>,
        }
        let path = format!("{}/bulk", entity.collection());
        let call = Call::json(Method::Put, path, encode(&bodies)?).query("async", "false").slow();
        let answer: BulkWire = match self.call(call).await {
            Ok(answer) => answer,
            Err(error) if error.is_missing_endpoint() => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(BulkOutcome {
            passed: answer.number_of_rows_passed,
            abort_reason: answer.abort_reason,
            failed: answer
                .failed_request
                .into_iter()
                .map(|row| {
                    let name = match row.request {
                        Value::String(name) => name,
                        other => other.to_string(),
                    };
                    (name, row.message.unwrap_or_else(|| "no reason given".to_owned()))
                })
                .collect(),
        }))
    }

    /// Applies a JSON Patch (RFC 6902). On a table this erases the view's SQL (quirk 8).
    pub async fn patch(
        &self,
        entity: EntityType,
        id: &str,
        operations: &Value,
    ) -> Result<(), Error> {
        let path = format!("{}/{}", entity.collection(), segment(id));
        let mut call = Call::new(Method::Patch, path);
        call.body = Some(Body::json_patch(encode(operations)?));
        self.call_for_status(call).await.map(drop)
    }

    /// Soft-deletes an entity; with `recursive` what is below it too.
    pub async fn delete(&self, entity: EntityType, id: &str, recursive: bool) -> Result<(), Error> {
        let path = format!("{}/{}", entity.collection(), segment(id));
        let call = Call::new(Method::Delete, path)
            .query("recursive", if recursive { "true" } else { "false" })
            .query("hardDelete", "false");
        match self.call_for_status(call).await {
            // Gone already, perhaps by the first try of this very request.
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Brings a soft-deleted entity back.
    pub async fn restore(&self, entity: EntityType, id: &str) -> Result<(), Error> {
        let path = format!("{}/restore", entity.collection());
        let call = Call::json(Method::Put, path, encode(&json!({ "id": id }))?);
        self.call_for_status(call).await.map(drop)
    }

    /// Stores dbt's facts of a table. Erases the view's SQL by the way (quirk 9): put the table after.
    pub async fn put_data_model(&self, table_id: &str, model: &Value) -> Result<(), Error> {
        let path = format!("tables/{}/dataModel", segment(table_id));
        self.call_for_status(Call::json(Method::Put, path, encode(model)?)).await.map(drop)
    }

    /// Makes sure that a classification exists.
    pub async fn put_classification(&self, name: &str, description: &str) -> Result<(), Error> {
        let body = json!({ "name": name, "description": description });
        self.call_for_status(Call::json(Method::Put, "classifications", encode(&body)?))
            .await
            .map(drop)
    }

    /// Makes sure that a tag exists in a classification.
    pub async fn put_tag(
        &self,
        classification: &str,
        name: &str,
        description: &str,
    ) -> Result<(), Error> {
        let body = json!({
            "classification": classification, "name": name, "description": description,
        });
        self.call_for_status(Call::json(Method::Put, "tags", encode(&body)?)).await.map(drop)
    }

    /// Replaces all details of the edge between two tables.
    pub async fn put_edge(
        &self,
        from: &str,
        to: &str,
        details: &LineageDetails,
    ) -> Result<(), Error> {
        self.put_edge_between((from, "table"), (to, "table"), details).await
    }

    /// Replaces all details of the edge between two entities, each by id and type: references here,
    /// though a read gives bare ids (quirk 19).
    pub async fn put_edge_between(
        &self,
        from: (&str, &str),
        to: (&str, &str),
        details: &LineageDetails,
    ) -> Result<(), Error> {
        let body = json!({ "edge": {
            "fromEntity": { "id": from.0, "type": from.1 },
            "toEntity": { "id": to.0, "type": to.1 },
            "lineageDetails": details,
        }});
        self.call_for_status(Call::json(Method::Put, "lineage", encode(&body)?)).await.map(drop)
    }

    /// Removes the edge between two tables; fine when there is none.
    pub async fn delete_edge(&self, from: &str, to: &str) -> Result<(), Error> {
        let path = format!("lineage/table/{}/table/{}", segment(from), segment(to));
        match self.call_for_status(Call::new(Method::Delete, path)).await {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The edge between two tables, deleted ones too; `None` when there is none (contract §5.2). Its
    /// ends are those asked for.
    pub async fn edge(&self, from: &str, to: &str) -> Result<Option<StoredEdge>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            edge: LineageDetails,
        }
        let path = format!("lineage/getLineageEdge/{}/{}", segment(from), segment(to));
        match self.call::<Answer>(Call::new(Method::Get, path)).await {
            Ok(answer) => Ok(Some(StoredEdge {
                from_entity: from.to_owned(),
                to_entity: to.to_owned(),
                lineage_details: Some(answer.edge),
            })),
            // A web page: a server that has no such call.
            Err(Error::NotFound { .. } | Error::NotJson { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Edges into and out of a table, from the database and so up to date (contract §5.2).
    pub async fn lineage(
        &self,
        table_id: &str,
        upstream: u8,
        downstream: u8,
    ) -> Result<Neighbourhood, Error> {
        let call = Call::new(Method::Get, format!("lineage/table/{}", segment(table_id)))
            .query("upstreamDepth", &upstream.to_string())
            .query("downstreamDepth", &downstream.to_string());
        match self.call(call).await {
            Err(Error::NotFound { .. }) => Ok(Neighbourhood::default()),
            result => result,
        }
    }
}

fn encode(body: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body)
        .map_err(|error| Error::Setup(format!("a body cannot be written: {error}")))
}
