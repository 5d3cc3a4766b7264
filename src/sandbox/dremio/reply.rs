//! Answers and error bodies (contract §6.1).

use serde_json::{Value, json};

/// An answer before it meets the network.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: Option<&'static str>,
    pub(super) retry_after: Option<u64>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type: Some("application/json"),
            retry_after: None,
            body: body.into(),
        }
    }

    pub(super) fn value(status: u16, body: &Value) -> Self {
        Self::json(status, body.to_string())
    }

    pub(super) fn ok(body: &Value) -> Self {
        Self::value(200, body)
    }

    /// No body and no content type: 204, and the 401 of a bad token (contract §1.4).
    pub(super) fn empty(status: u16) -> Self {
        Self { status, content_type: None, retry_after: None, body: Vec::new() }
    }

    pub(super) fn text(status: u16, content_type: &'static str, body: &str) -> Self {
        Self { status, content_type: Some(content_type), retry_after: None, body: body.into() }
    }

    pub(super) fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\
             <body><h1>{title}</h1></body></html>\n"
        );
        Self::text(status, "text/html;charset=utf-8", &page)
    }
}

/// A refusal that has Dremio's JSON body.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) message: String,
    pub(super) context: Vec<String>,
    stack: Option<Vec<String>>,
}

pub(super) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), context: Vec::new(), stack: None }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, message)
    }

    /// The framework's answer to a route or a query parameter that does not fit (contract §2.5).
    pub(super) fn no_route() -> Self {
        Self::not_found("HTTP 404 Not Found")
    }

    pub(super) fn with_context(mut self, context: Vec<String>) -> Self {
        self.context = context;
        self
    }

    pub(super) fn with_stack(mut self, stack: Vec<String>) -> Self {
        self.stack = Some(stack);
        self
    }

    pub(super) fn body(&self) -> Value {
        let message = if self.message.is_empty() { "Something went wrong." } else { &self.message };
        let mut body = json!({"errorMessage": message, "moreInfo": ""});
        if !self.context.is_empty() {
            body["context"] = json!(self.context);
        }
        if let Some(stack) = &self.stack {
            body["stackTrace"] = json!(stack);
        }
        body
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        Self::value(error.status, &error.body())
    }
}
