//! HTTP: which request does what, leaving out of an answer what was not asked for (contract §4).

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::columns::text;
use super::directory::{self, Named};
use super::read::{list, read};
use super::server::Shared;
use super::store::Store;
use super::{Caller, Refusal, fqn};
use crate::openmetadata::entity::EntityType;

pub(super) struct Request<'a> {
    method: &'a Method,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    body: &'a [u8],
    caller: Caller,
}

impl Request<'_> {
    pub(super) fn query(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(self.body)
            .map_err(|error| Refusal::bad(format!("Unable to process JSON: {error}")))
    }

    fn object(&self) -> Result<Map<String, Value>, Refusal> {
        match self.json()? {
            Value::Object(object) => Ok(object),
            _ => Err(Refusal::bad("Unable to process JSON: an object is expected".to_owned())),
        }
    }
}

/// Answers one request.
pub(super) fn answer(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    if shared.options().quirks.refuses_encoded_slashes && uri.path().contains("%2F") {
        return refuse(&Refusal::bad("Ambiguous URI path separator".to_owned()));
    }
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let Some(path) = uri.path().strip_prefix("/api/v1/") else { return web_ui() };
    let segments: Vec<String> =
        path.split('/').filter(|part| !part.is_empty()).map(decode).collect();
    let query = uri.query().unwrap_or_default().split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        Some((decode(key), decode(&value.replace('+', " "))))
    });
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let Some(response) = public(shared, method, &words, body) {
        return response;
    }
    let Some(caller) = shared.caller(headers) else {
        return refuse(&Refusal {
            status: 401,
            kind: "UNAUTHORIZED",
            message: "Not Authorized! Token not present".to_owned(),
        });
    };
    let request = Request { method, query: query.collect(), segments, body, caller };
    route(shared, &request).unwrap_or_else(|refusal| refuse(&refusal))
}

/// An unknown path is the web UI's business (quirk 1).
fn web_ui() -> Response {
    Html("<!DOCTYPE html><html><head><title>OpenMetadata</title></head><body><div id=\"root\"></div></body></html>")
        .into_response()
}

fn public(shared: &Shared, method: &Method, words: &[&str], body: &[u8]) -> Option<Response> {
    match (method, words) {
        (&Method::GET, ["system", "version"]) => Some(
            Json(json!({
                "version": shared.options().version.number(),
                "revision": "0000000",
                "timestamp": 1_750_000_000_000_i64,
            }))
            .into_response(),
        ),
        (&Method::GET, ["system", "health"]) => Some(StatusCode::OK.into_response()),
        (&Method::POST, ["users", "login"]) => {
            let sent: Value = serde_json::from_slice(body).unwrap_or_default();
            Some(match Shared::login(&sent) {
                Some(token) => Json(json!({
                    "accessToken": token,
                    "refreshToken": "00000000-0000-0000-0000-000000000000",
                    "tokenType": "Bearer",
                    "expiryDuration": 4_102_444_800_000_i64,
                }))
                .into_response(),
                None => refuse(&Refusal {
                    status: 401,
                    kind: "INVALID_USERNAME_PASSWORD",
                    message: "You have entered an invalid username or password.".to_owned(),
                }),
            })
        }
        _ => None,
    }
}

fn route(shared: &Shared, request: &Request<'_>) -> Result<Response, Refusal> {
    let words: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let mut store = shared.store();
    store.quirks = shared.options().quirks;
    match words.as_slice() {
        ["users", "loggedInUser"] => {
            let is_bot = request.caller == Caller::Bot;
            let name = if is_bot { "ingestion-bot" } else { "admin" };
            Ok(Json(json!({ "name": name, "isBot": is_bot, "isAdmin": !is_bot })).into_response())
        }
        ["classifications"] if request.method == Method::PUT => tag(&mut store, request, None),
        ["tags"] if request.method == Method::PUT => {
            tag(&mut store, request, Some("classification"))
        }
        words if request.method == Method::GET && directory::is_read(words) => {
            directory::read(&store, request, words)
        }
        // The index of the search lags behind for ever (contract §4.5, §5.2).
        ["search", ..] => {
            Ok(Json(json!({ "hits": { "total": { "value": 0 }, "hits": [] } })).into_response())
        }
        ["lineage", "getLineage"] => Ok(Json(json!({
            "nodes": {}, "upstreamEdges": {}, "downstreamEdges": {},
        }))
        .into_response()),
        ["lineage", rest @ ..] => lineage(&mut store, request, rest),
        ["services", "databaseServices", rest @ ..] => {
            collection(shared, &mut store, EntityType::DatabaseService, request, rest)
        }
        ["databases", rest @ ..] => {
            collection(shared, &mut store, EntityType::Database, request, rest)
        }
        ["databaseSchemas", rest @ ..] => {
            collection(shared, &mut store, EntityType::DatabaseSchema, request, rest)
        }
        ["tables", rest @ ..] => collection(shared, &mut store, EntityType::Table, request, rest),
        _ => Ok(web_ui()),
    }
}

fn tag(
    store: &mut Store,
    request: &Request<'_>,
    parent: Option<&str>,
) -> Result<Response, Refusal> {
    let body = request.object()?;
    let name = text(&body, "name");
    let fqn = match parent {
        Some(key) => fqn::below(text(&body, key), name),
        None => name.to_owned(),
    };
    let (collection, made) = match parent {
        Some(_) => ("tags", Named::tag(&fqn)),
        None => ("classifications", Named::classification(&fqn)),
    };
    let is_new = !store.directory.has(collection, &fqn);
    if is_new {
        store.directory.add(made);
    }
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(json!({ "name": name, "fullyQualifiedName": fqn }))).into_response())
}

fn lineage(store: &mut Store, request: &Request<'_>, rest: &[&str]) -> Result<Response, Refusal> {
    let nothing = || Refusal::not_found("lineage edge not found".to_owned());
    let found =
        |is_found: bool| is_found.then(|| StatusCode::OK.into_response()).ok_or_else(nothing);
    let depth = |key: &str| request.query(key).and_then(|text| text.parse().ok()).unwrap_or(1);
    match (request.method, rest) {
        (&Method::PUT, []) => {
            store.put_edge(&request.json()?, request.caller)?;
            Ok(StatusCode::OK.into_response())
        }
        (&Method::GET, ["getLineageEdge", from, to]) => {
            let edge = store.edge(from, to).ok_or_else(nothing)?;
            Ok(Json(json!({ "edge": edge["lineageDetails"] })).into_response())
        }
        (&Method::GET, ["table", "name", fqn]) => {
            let id = text(store.find(EntityType::Table, fqn)?, "id").to_owned();
            let answer = store.lineage_of(&id, depth("upstreamDepth"), depth("downstreamDepth"))?;
            Ok(Json(answer).into_response())
        }
        (&Method::GET, ["table", id]) => {
            let answer = store.lineage_of(id, depth("upstreamDepth"), depth("downstreamDepth"))?;
            Ok(Json(answer).into_response())
        }
        (&Method::DELETE, [_, to, "type", source]) => found(store.delete_edges_into(to, source)),
        (&Method::DELETE, [_, from, _, to]) => found(store.delete_edge(from, to)),
        _ => Ok(web_ui()),
    }
}

fn collection(
    shared: &Shared,
    store: &mut Store,
    entity: EntityType,
    request: &Request<'_>,
    rest: &[&str],
) -> Result<Response, Refusal> {
    let is_hard = request.query("hardDelete") == Some("true");
    let is_recursive = request.query("recursive") == Some("true");
    match (request.method, rest) {
        (&Method::GET, []) => list(store, entity, request),
        (&Method::PUT | &Method::POST, []) => {
            if entity == EntityType::DatabaseService {
                demand_connection(store, &request.object()?)?;
            }
            let is_post = request.method == Method::POST;
            let (status, body) = store.put(entity, request.object()?, request.caller, is_post)?;
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            Ok((status, Json(body)).into_response())
        }
        (&Method::PUT, ["restore"]) => {
            let body = request.object()?;
            let (_, fqn) = store.key_of(entity, text(&body, "id"))?;
            Ok(Json(Value::Object(store.restore(entity, &fqn))).into_response())
        }
        (&Method::PUT, ["bulk"])
            if shared.options().bulk && entity != EntityType::DatabaseService =>
        {
            bulk(store, entity, request)
        }
        (&Method::DELETE, ["async", _]) => Ok(job()),
        (&Method::PUT, [id, "dataModel"]) if entity == EntityType::Table => {
            let (_, fqn) = store.key_of(entity, id)?;
            Ok(Json(store.put_data_model(&fqn, &request.object()?)?).into_response())
        }
        (&Method::GET, ["name", fqn]) => read(store, entity, fqn, request),
        (&Method::GET, [id]) => {
            let (_, fqn) = store.key_of(entity, id)?;
            read(store, entity, &fqn, request)
        }
        (&Method::PATCH, ["name", fqn]) => patch(store, entity, fqn, request),
        (&Method::PATCH, [id]) => {
            let (_, fqn) = store.key_of(entity, id)?;
            patch(store, entity, &fqn, request)
        }
        (&Method::DELETE, ["name", fqn]) => {
            Ok(Json(store.delete(entity, fqn, is_recursive, is_hard)?).into_response())
        }
        (&Method::DELETE, [id]) => {
            let (_, fqn) = store.key_of(entity, id)?;
            Ok(Json(store.delete(entity, &fqn, is_recursive, is_hard)?).into_response())
        }
        _ => Err(Refusal::not_found("HTTP 404 Not Found".to_owned())),
    }
}

fn patch(
    store: &mut Store,
    entity: EntityType,
    fqn: &str,
    request: &Request<'_>,
) -> Result<Response, Refusal> {
    let operations = request.json()?;
    let operations = operations
        .as_array()
        .ok_or_else(|| Refusal::bad("a JSON Patch must be an array".to_owned()))?;
    Ok(Json(store.patch(entity, fqn, operations, request.caller)?).into_response())
}

/// Very old code needs a connection where there is none (contract §2.3).
fn demand_connection(store: &Store, body: &Map<String, Value>) -> Result<(), Refusal> {
    if store.quirks.needs_connection && body.get("connection").is_none_or(Value::is_null) {
        return Err(Refusal {
            status: 500,
            kind: "INTERNAL_SERVER_ERROR",
            message: "Cannot invoke \"DatabaseConnection.getConfig()\" because it is null"
                .to_owned(),
        });
    }
    Ok(())
}

/// What is asked for later comes over a websocket that this server does not have.
fn job() -> Response {
    let body = json!({ "jobId": "00000000-0000-0000-0000-000000000000", "message": "started" });
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

fn bulk(store: &mut Store, entity: EntityType, request: &Request<'_>) -> Result<Response, Refusal> {
    let rows = request.json()?;
    let rows = rows.as_array().cloned().unwrap_or_default();
    if store.quirks.bulk_limit.is_some_and(|limit| rows.len() > limit) {
        return Err(Refusal {
            status: 413,
            kind: "BULK_LIMIT_EXCEPTION",
            message: format!("{} rows are more than a bulk request may hold", rows.len()),
        });
    }
    if request.query("async") == Some("true") {
        return Ok(job());
    }
    let overrides = request.query("overrideMetadata") == Some("true");
    let caller = if overrides { Caller::User } else { request.caller };
    let (mut passed, mut failed) = (Vec::new(), Vec::new());
    for row in &rows {
        let body = row.as_object().cloned().unwrap_or_default();
        let fqn = Store::fqn_of(entity, &body);
        if !overrides && store.holds_hash_of(entity, &fqn, &body) {
            passed.push(json!({ "request": fqn, "status": 200 }));
            continue;
        }
        match store.put(entity, body, caller, false) {
            Ok((status, stored)) => passed.push(json!({
                "request": stored["fullyQualifiedName"], "status": status,
            })),
            Err(refusal) => failed.push(json!({
                "request": fqn, "status": refusal.status, "message": refusal.message,
            })),
        }
    }
    let status = match (passed.is_empty(), failed.is_empty()) {
        (_, true) => "success",
        (true, false) => "failure",
        (false, false) => "partialSuccess",
    };
    Ok(Json(json!({
        "status": status,
        "numberOfRowsProcessed": rows.len(),
        "numberOfRowsPassed": passed.len(),
        "numberOfRowsFailed": failed.len(),
        "successRequest": passed,
        "failedRequest": failed,
    }))
    .into_response())
}

fn refuse(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = Json(json!({
        "code": refusal.status,
        "errorType": refusal.kind,
        "message": refusal.message,
    }));
    let mut response = (status, body).into_response();
    if [401, 403, 404, 409, 412].contains(&refusal.status) {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("om-auth"));
    }
    response
}
