//! From a request to its answer: faults, authentication and the table of endpoints.

use std::cell::Cell;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, OriginalUri, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use serde_json::{Value, json};

use super::listing::Paging;
use super::options::{DremioOptions, Edition, EncodedSlash, Fault, Health};
use super::reply::{ApiError, ApiResult, Reply};
use super::resolve::Reader;
use super::seen::Ticket;
use super::server::Server;
use super::target::Target;
use crate::sandbox::connection::Connection;

/// One request with what every handler needs.
struct Call<'a> {
    server: &'a Server,
    options: &'a DremioOptions,
    method: &'a str,
    target: &'a Target,
    headers: &'a HeaderMap,
    body: &'a [u8],
    ticket: &'a Ticket<'a>,
}

/// Answers whatever comes.
pub(super) async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let raw = uri.path_and_query().map_or("/", |target| target.as_str());
    let authorization = text(&headers, header::AUTHORIZATION);
    let ticket = server.seen.arrive(method.as_str(), raw, &body, authorization);
    let options = server.options();
    if !options.latency.is_zero() {
        tokio::time::sleep(options.latency).await;
    }
    let is_api = !raw.starts_with("/apiv2") && !raw.starts_with("/oauth");
    let fault = server.faults().draw(method.as_str(), raw, &body, is_api, &options);
    ticket.note(|seen| seen.fault.clone_from(&fault));
    let mut reply = match fault.as_ref().and_then(instead) {
        Some(reply) => reply,
        None if fault == Some(Fault::Reset) => {
            connection.reset();
            return Response::new(Body::empty());
        }
        None => {
            if let Some(Fault::Slow(time)) = fault {
                tokio::time::sleep(time).await;
            }
            let (server, ticket, method) = (&*server, &ticket, method.as_str());
            serve(server, &options, method, raw, &headers, &body, ticket).await
        }
    };
    ticket.note(|seen| seen.status = Some(reply.status));
    match fault {
        Some(Fault::Truncated) => reply.body.truncate(reply.body.len() / 2),
        Some(Fault::CutOff) => {
            let half: Bytes = reply.body[..reply.body.len() / 2].to_vec().into();
            let stream = futures::stream::iter([
                Ok(half),
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)),
            ]);
            return respond(&reply, Body::from_stream(stream));
        }
        _ => {}
    }
    let body = std::mem::take(&mut reply.body);
    respond(&reply, Body::from(body))
}

/// Answers as the server does when nothing goes wrong on the way.
async fn serve(
    server: &Server,
    options: &DremioOptions,
    method: &str,
    raw: &str,
    headers: &HeaderMap,
    body: &[u8],
    ticket: &Ticket<'_>,
) -> Reply {
    let path = raw.split('?').next().unwrap_or_default();
    let target = match options.encoded_slash {
        EncodedSlash::Rejected if path.to_ascii_uppercase().contains("%2F") => {
            return Reply::html(400, "400 Bad Request");
        }
        EncodedSlash::Decoded => Target::parse(&raw.replace("%2F", "/").replace("%2f", "/")),
        _ => Target::parse(raw),
    };
    let Some(target) = target else {
        ticket.note(|seen| seen.defect = Some("malformed percent-encoding"));
        return Reply::html(400, "Bad Message 400: Ambiguous URI encoding");
    };
    let call = Call { server, options, method, target: &target, headers, body, ticket };
    call.answer().await
}

fn respond(reply: &Reply, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(content_type) = reply.content_type {
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    }
    if let Some(seconds) = reply.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What a fault answers in the server's place, if it answers at all.
fn instead(fault: &Fault) -> Option<Reply> {
    match fault {
        Fault::Unavailable => {
            Some(Reply::text(503, "text/plain", "upstream connect error or disconnect"))
        }
        Fault::Throttled { retry_after } => {
            let mut reply =
                Reply::value(429, &json!({"errorMessage": "Too many requests", "moreInfo": ""}));
            reply.retry_after = *retry_after;
            Some(reply)
        }
        Fault::Html => Some(Reply::html(200, "Sign in")),
        Fault::Unauthorized => Some(Reply::empty(401)),
        Fault::Answer { status, content_type, body } => {
            Some(Reply::text(*status, content_type, body))
        }
        Fault::Status { status, message } => Some(ApiError::new(*status, message.clone()).into()),
        Fault::Reset | Fault::Truncated | Fault::CutOff | Fault::Slow(_) => None,
    }
}

impl Call<'_> {
    fn reader<'a>(&'a self, live: &'a Cell<bool>) -> Reader<'a> {
        Reader { catalogue: &self.server.catalogue, options: self.options, live }
    }

    fn authorization(&self) -> Option<&str> {
        text(self.headers, header::AUTHORIZATION)
    }

    fn is_admitted(&self) -> bool {
        self.server.tokens().admit(self.authorization(), self.options)
    }

    async fn answer(&self) -> Reply {
        if self.options.health == Health::NoFirstUser && !self.options.is_cloud() {
            return ApiError::new(403, "No User Available").into();
        }
        let segments: Vec<&str> = self.target.segments.iter().map(String::as_str).collect();
        match (&self.options.edition, segments.as_slice()) {
            (Edition::Oss | Edition::Enterprise, ["apiv2", rest @ ..]) => self.internal(rest),
            (Edition::Oss | Edition::Enterprise, ["api", "v3", rest @ ..]) => self.api(rest).await,
            (Edition::Enterprise | Edition::Cloud { .. }, ["oauth", "token"]) => {
                if self.method == "POST" {
                    self.server.tokens().exchange(self.body, self.options)
                } else {
                    ApiError::new(405, "HTTP 405 Method Not Allowed").into()
                }
            }
            (Edition::Cloud { project }, ["v0", "projects", rest @ ..]) => {
                self.cloud(project, rest).await
            }
            (Edition::Cloud { .. }, _) | (_, ["api" | "oauth", ..]) => ApiError::no_route().into(),
            // The web application answers for every other address.
            _ if self.method == "GET" => Reply::html(200, "Dremio"),
            _ => ApiError::no_route().into(),
        }
    }

    /// `/apiv2`: the little of the internal API that clients use (contract §1.2).
    fn internal(&self, segments: &[&str]) -> Reply {
        match (self.method, segments) {
            ("GET", ["server_status"]) => match &self.options.health {
                Health::NotReady(word) => Reply::value(503, &json!(word)),
                _ => Reply::ok(&json!("OK")),
            },
            ("POST", ["login"]) => match self.demand_json() {
                Ok(()) => self.server.tokens().log_in(
                    self.body,
                    self.server.catalogue.account(),
                    self.options,
                ),
                Err(error) => error.into(),
            },
            ("GET", ["login"]) if self.is_admitted() => Reply::ok(&json!(true)),
            ("DELETE", ["login"]) if self.is_admitted() => {
                self.server.tokens().log_out(self.authorization());
                Reply::empty(204)
            }
            ("GET" | "DELETE", ["login"]) => Reply::empty(401),
            (_, ["login" | "server_status"]) => {
                ApiError::new(405, "HTTP 405 Method Not Allowed").into()
            }
            _ => ApiError::no_route().into(),
        }
    }

    /// `/v0/projects…`
    async fn cloud(&self, project: &str, segments: &[&str]) -> Reply {
        let this = json!({"id": project, "name": "sandbox", "state": "ACTIVE",
                          "cloudType": "AWS", "type": "QUERY_ENGINE"});
        match segments {
            _ if !self.server.tokens().admit(self.authorization(), self.options) => {
                Reply::empty(401)
            }
            [] if self.method == "GET" => Reply::ok(&json!([this])),
            // The edge answers here, in its own words (contract §1.4).
            [asked, ..] if *asked != project => Reply::html(403, "403 Forbidden"),
            [_] if self.method == "GET" => Reply::ok(&this),
            [_, rest @ ..] if !rest.is_empty() => self.admitted(rest).await,
            _ => ApiError::new(405, "HTTP 405 Method Not Allowed").into(),
        }
    }

    async fn api(&self, segments: &[&str]) -> Reply {
        if self.is_admitted() { self.admitted(segments).await } else { Reply::empty(401) }
    }

    async fn admitted(&self, segments: &[&str]) -> Reply {
        let result = match segments {
            ["catalog", rest @ ..] => {
                let (result, is_live) = {
                    let live = Cell::new(false);
                    let result = self.catalog(&self.reader(&live), rest);
                    (result, live.get())
                };
                if is_live && !self.options.live_latency.is_zero() {
                    tokio::time::sleep(self.options.live_latency).await;
                }
                result
            }
            ["sql"] | ["job", ..] => self.sql(segments).await,
            ["dataset", id, "reflection"] if self.method == "GET" => {
                let live = Cell::new(false);
                self.reader(&live).reflections_of(id).map(|value| Reply::ok(&value))
            }
            ["reflection", rest @ ..] => {
                let live = Cell::new(false);
                self.reflection(&self.reader(&live), rest)
            }
            ["user" | "role" | "source" | "token" | "scripts", ..] if self.method != "GET" => {
                Err(self.refuse_mutation())
            }
            _ => Err(ApiError::no_route()),
        };
        result.unwrap_or_else(Into::into)
    }

    /// Nothing here can be changed; that somebody tried is worth knowing.
    fn refuse_mutation(&self) -> ApiError {
        self.ticket.note(|seen| seen.is_mutation = true);
        ApiError::new(403, "This server is read-only")
    }

    fn demand_json(&self) -> ApiResult<()> {
        let content_type = text(self.headers, header::CONTENT_TYPE).unwrap_or_default();
        if content_type.to_ascii_lowercase().starts_with("application/json") {
            Ok(())
        } else {
            Err(ApiError::new(415, "HTTP 415 Unsupported Media Type"))
        }
    }

    fn catalog(&self, reader: &Reader<'_>, segments: &[&str]) -> ApiResult<Reply> {
        let body = match (self.method, segments) {
            ("GET", []) => reader.root(self.target)?,
            ("GET", ["by-path", ..]) => {
                let path: Vec<String> =
                    segments[1..].iter().map(|part| (*part).to_owned()).collect();
                let version = Reader::version(self.target)?;
                let paging = Paging::of(self.target)?;
                reader.entity(&reader.by_path(&path, version)?, &paging)?
            }
            ("POST", ["by-ids" | "by-paths"]) => {
                self.demand_json()?;
                if !self.options.by_ids {
                    return Err(self.promote_route());
                }
                if segments == ["by-ids"] {
                    reader.by_ids(self.target, self.body)?
                } else {
                    reader.by_paths(self.target, self.body)?
                }
            }
            ("GET", ["search"]) => reader.search(self.target),
            ("GET", ["privileges"]) if !self.options.is_oss() => {
                json!({"availablePrivileges": []}).to_string()
            }
            ("GET", [id]) => {
                let paging = Paging::of(self.target)?;
                reader.entity(&reader.by_id(id)?, &paging)?
            }
            ("GET", [id, "collaboration", "wiki"]) => {
                let (wiki, has_written) = reader.wiki(id, &self.server.wikis)?;
                if has_written {
                    let defect = Some("a wiki read on a home, which writes one");
                    self.ticket.note(|seen| seen.defect = defect);
                }
                wiki.to_string()
            }
            ("GET", [id, "collaboration", "tag"]) => reader.tags(id)?.to_string(),
            ("GET", [id, "graph"]) if !self.options.is_oss() && self.options.graph => {
                reader.graph(id, &self.server.downstream)?.to_string()
            }
            ("POST", [])
            | ("POST" | "PUT" | "DELETE" | "PATCH", [_] | [_, "refresh" | "grants"])
            | ("POST" | "PUT" | "DELETE", [_, "collaboration", ..]) => {
                return Err(self.refuse_mutation());
            }
            _ => return Err(ApiError::no_route()),
        };
        Ok(Reply::json(200, body))
    }

    /// Without `by-ids`, its address is that of promoting a file called so: an array is no entity,
    /// so nothing comes of it; an object would promote (contract §2.1).
    fn promote_route(&self) -> ApiError {
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(_)) => self.refuse_mutation(),
            _ => ApiError::bad_request(
                "Unable to process JSON: Cannot deserialize instance of \
                 `com.dremio.dac.api.Dataset` out of START_ARRAY token",
            ),
        }
    }

    async fn sql(&self, segments: &[&str]) -> ApiResult<Reply> {
        let jobs = &self.server.jobs;
        match (self.method, segments) {
            ("POST", ["sql"]) => {
                self.demand_json()?;
                let (reply, is_mutation) =
                    jobs.submit(self.body, &self.server.engine, self.options)?;
                if is_mutation {
                    self.ticket.note(|seen| seen.is_mutation = true);
                }
                Ok(reply)
            }
            ("GET", ["job", id]) => jobs.status(id, self.options).await,
            ("GET", ["job", id, "results"]) => {
                let format = self.headers.get("x-dremio-job-data-number-format");
                let as_text = format.is_some_and(|format| format == "number-as-string");
                jobs.results(id, self.target, as_text, self.options)
            }
            ("POST", ["job", id, "cancel"]) => jobs.cancel(id, self.options),
            (_, ["sql"] | ["job", _] | ["job", _, "results" | "cancel"]) => {
                Err(ApiError::new(405, "HTTP 405 Method Not Allowed"))
            }
            _ => Err(ApiError::no_route()),
        }
    }

    fn reflection(&self, reader: &Reader<'_>, segments: &[&str]) -> ApiResult<Reply> {
        match (self.method, segments) {
            ("GET", []) if !self.options.is_oss() => {
                let all: Vec<Value> = reader.all_reflections().collect();
                Ok(Reply::ok(&json!({"data": all})))
            }
            ("GET", [id]) => reader.reflection(id).map(|value| Reply::ok(&value)),
            ("POST" | "PUT" | "DELETE", [] | [_]) => Err(self.refuse_mutation()),
            _ => Err(ApiError::no_route()),
        }
    }
}
