//! A proxy that hands on whatever it gets, except for what it is told to spoil.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use dremio_explorer::http::{
    Again, Answer, Body as Sent, HttpClient, HttpOptions, Judged, Method as Verb, Request,
    RequestLog,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

pub(crate) struct Proxy {
    shared: Arc<Shared>,
    url: String,
    task: JoinHandle<()>,
}

/// How an answer is spoilt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spoilt {
    /// Half of it, correctly delivered: JSON that ends in the middle.
    Cut,
    /// An error with this status; the server behind hears nothing.
    Status(u16),
}

struct Shared {
    target: String,
    client: HttpClient,
    due: Mutex<Option<Due>>,
}

/// What is to be spoilt.
pub(crate) struct Due {
    pub(crate) method: &'static str,
    pub(crate) prefix: &'static str,
    /// So many such requests go through before.
    pub(crate) after: usize,
    pub(crate) times: usize,
    pub(crate) how: Spoilt,
}

impl Shared {
    fn draw(&self, method: &Method, path: &str) -> Option<Spoilt> {
        let mut due = self.due.lock().expect("not poisoned");
        let due = due.as_mut()?;
        if method != due.method || !path.starts_with(due.prefix) {
            return None;
        }
        if due.after > 0 {
            due.after -= 1;
            return None;
        }
        due.times = due.times.checked_sub(1)?;
        Some(due.how)
    }
}

impl Proxy {
    pub(crate) async fn start(target: String) -> Self {
        let url = Url::parse(&target).expect("a URL");
        let options = HttpOptions { retries: 0, ..HttpOptions::default() };
        let client = HttpClient::new(options, &url, "proxied", 16, RequestLog::new());
        let shared = Arc::new(Shared {
            target,
            client: client.expect("good settings"),
            due: Mutex::default(),
        });
        let app = Router::new().fallback(hand_on).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Self { shared, url, task }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// From now on this is spoilt.
    pub(crate) fn spoil(&self, due: Due) {
        *self.shared.due.lock().expect("not poisoned") = Some(due);
    }

    /// How many requests can still be spoilt.
    pub(crate) fn left(&self) -> usize {
        self.shared.due.lock().expect("not poisoned").as_ref().map_or(0, |due| due.times)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hand_on(
    State(shared): State<Arc<Shared>>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let spoilt = shared.draw(&method, &uri.to_string());
    if let Some(Spoilt::Status(status)) = spoilt {
        let text = format!("{{\"code\":{status},\"message\":\"this will not do\"}}");
        return answer(status, Some("application/json".to_owned()), text.into());
    }
    let verb = match method {
        Method::GET => Verb::Get,
        Method::PUT => Verb::Put,
        Method::POST => Verb::Post,
        Method::PATCH => Verb::Patch,
        _ => Verb::Delete,
    };
    let url = Url::parse(&format!("{}{uri}", shared.target)).expect("a URL");
    let mut request = Request::new(verb, url);
    request.body = (!body.is_empty()).then(|| match verb {
        Verb::Patch => Sent::json_patch(body),
        _ => Sent::json(body),
    });
    let token = headers.get(header::AUTHORIZATION).cloned();
    let judge = |answer: &Answer| Judged {
        outcome: (answer.status, answer.content_type.clone(), answer.body.clone()),
        again: Again::No,
        complaint: None,
    };
    let sent = shared.client.send(&request, &move || token.clone(), judge).await;
    let (status, content_type, mut body) = sent.expect("the server behind answers");
    if let Some(Spoilt::Cut) = spoilt {
        body.truncate(body.len() / 2);
    }
    answer(status, content_type, body)
}

fn answer(status: u16, content_type: Option<String>, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    if let Some(content_type) = content_type {
        let value = content_type.parse().expect("a header");
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}
