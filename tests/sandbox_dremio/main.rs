//! The sandbox Dremio against the server contract, by raw HTTP.

#![cfg(feature = "demo")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod bulk;
mod catalog;
mod faults;
mod jobs;
mod paging;
mod scale;
mod worlds;

use std::sync::Arc;
use std::time::Duration;

use dremio_explorer::model::DataType;
use dremio_explorer::sandbox::dremio::{
    Catalogue, DremioOptions, DremioSandbox, Edition, JobPace, QueryAnswer, QueryEngine,
};
use dremio_explorer::sandbox::world::World;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One path segment, encoded.
fn seg(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Answers any number of rows; `SELECT fail` fails.
struct CountingEngine;

impl QueryEngine for CountingEngine {
    fn run(&self, sql: &str, context: &[String]) -> Result<QueryAnswer, String> {
        if sql.contains("fail") {
            return Err("VALIDATION ERROR: Object 'fail' not found".to_owned());
        }
        let rows = sql.rsplit(' ').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(1);
        let columns = vec![
            ("n".to_owned(), DataType::BigInt),
            ("context".to_owned(), DataType::Varchar),
            ("nothing".to_owned(), DataType::Null),
        ];
        let row = |n: usize| vec![json!(n), json!(context.join(".")), Value::Null];
        Ok(QueryAnswer { columns, rows: (0..rows).map(row).collect() })
    }
}

struct Answer {
    status: u16,
    content_type: Option<String>,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(self.content_type.as_deref(), Some("application/json"), "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// The message of an error that has this status.
    fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()["errorMessage"].as_str().expect("every error has a message").to_owned()
    }
}

struct Rig {
    sandbox: DremioSandbox,
    http: reqwest::Client,
    authorization: String,
}

fn client() -> reqwest::Client {
    // The first test to come installs it for all.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap()
}

impl Rig {
    async fn start(options: DremioOptions) -> Self {
        let world: World = serde_saphyr::from_str(include_str!("world.yaml")).unwrap();
        Self::over(Catalogue::from_world(&world).unwrap(), Arc::new(CountingEngine), options).await
    }

    async fn oss() -> Self {
        Self::start(DremioOptions::default()).await
    }

    async fn enterprise() -> Self {
        Self::start(DremioOptions { edition: Edition::Enterprise, ..DremioOptions::default() })
            .await
    }

    async fn over(
        catalogue: Catalogue,
        engine: Arc<dyn QueryEngine>,
        options: DremioOptions,
    ) -> Self {
        let is_cloud = matches!(options.edition, Edition::Cloud { .. });
        let sandbox = DremioSandbox::start(Arc::new(catalogue), engine, options).await.unwrap();
        let mut rig = Self { http: client(), authorization: String::new(), sandbox };
        rig.authorization = if is_cloud {
            format!("Bearer {}", rig.sandbox.pat())
        } else {
            format!("_dremio{}", rig.log_in().await)
        };
        rig
    }

    async fn log_in(&self) -> String {
        let body = json!({"userName": self.sandbox.user(), "password": self.sandbox.password()});
        let answer = self.send("POST", "/apiv2/login", Some(body)).await.ok();
        answer["token"].as_str().unwrap().to_owned()
    }

    /// `path` is below the API's base, or absolute if it starts with `/apiv2` or the like.
    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.try_send(method, path, body).await.unwrap()
    }

    async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Answer> {
        let base = if ["/api", "/v0", "/oauth", "/index"].iter().any(|b| path.starts_with(b)) {
            self.sandbox.url()
        } else {
            self.sandbox.api_url()
        };
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{base}{path}"));
        if !self.authorization.is_empty() {
            request = request.header("authorization", &self.authorization);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let content_type =
            response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        Ok(Answer { status, content_type, text: response.text().await? })
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    async fn by_path(&self, path: &[&str], query: &str) -> Answer {
        let segments: Vec<String> = path.iter().map(|part| seg(part)).collect();
        self.get(&format!("/catalog/by-path/{}{query}", segments.join("/"))).await
    }

    async fn by_id(&self, id: &str, query: &str) -> Answer {
        self.get(&format!("/catalog/{}{query}", seg(id))).await
    }

    async fn id_of(&self, path: &[&str]) -> String {
        let entity = self.by_path(path, "?exclude=children").await.ok();
        entity["id"].as_str().unwrap().to_owned()
    }

    /// The names of a page's children.
    async fn names(&self, path: &[&str]) -> Vec<String> {
        names(&self.by_path(path, "").await.ok())
    }
}

fn names(entity: &Value) -> Vec<String> {
    let children = entity["children"].as_array().expect("a container has children");
    let last = |item: &Value| item["path"].as_array().unwrap().last().unwrap().clone();
    children.iter().map(|item| last(item).as_str().unwrap().to_owned()).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn polls(polls: u32) -> DremioOptions {
    DremioOptions { pace: JobPace::Polls(polls), ..DremioOptions::default() }
}
