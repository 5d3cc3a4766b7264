//! How OpenMetadata's answers are judged: what a status with its message means (contract §1.4).

use super::Error;
use super::client::{Verdict, again};
use crate::http::{Again, Answer, Judged, NotJson};

/// Reads an answer and decides whether to ask again.
pub(super) fn judge<T>(
    request: &str,
    is_read: bool,
    answer: &Answer,
    read: impl FnOnce(&Answer) -> Result<T, NotJson>,
) -> Verdict<T> {
    match interpret(request, answer, read) {
        Ok(value) => Judged { outcome: Ok(value), again: Again::No, complaint: None },
        Err(error) => {
            let complaint = match &error {
                Error::NotJson { what, .. } => what.clone(),
                Error::Malformed { detail, .. } => detail.clone(),
                Error::Forbidden { message, .. }
                | Error::NotFound { message, .. }
                | Error::Rejected { message, .. }
                | Error::Limited { message, .. }
                | Error::Server { message, .. } => message.clone(),
                _ => answer.status_text(),
            };
            let again = again(is_read, &error);
            Judged { outcome: Err(error), again, complaint: Some(complaint) }
        }
    }
}

fn interpret<T>(
    request: &str,
    answer: &Answer,
    read: impl FnOnce(&Answer) -> Result<T, NotJson>,
) -> Result<T, Error> {
    let request = request.to_owned();
    if answer.is_success() {
        return read(answer).map_err(|error| unreadable(request, error));
    }
    let message = answer.message().unwrap_or_else(|| answer.status_text());
    Err(match answer.status {
        300..=399 => match answer.json::<serde::de::IgnoredAny>() {
            Err(error) => unreadable(request, error),
            Ok(_) => Error::NotJson { request, what: answer.status_text() },
        },
        401 => Error::Unauthorized { request },
        403 => Error::Forbidden { request, message },
        404 => Error::NotFound { request, message },
        429 => Error::Limited { request, message, retry_after: answer.retry_after },
        status @ 500.. => Error::Server { request, status, message },
        status => Error::Rejected { request, status, message },
    })
}

fn unreadable(request: String, error: NotJson) -> Error {
    match error {
        NotJson::Other { what } => Error::NotJson { request, what },
        NotJson::Malformed { detail } => Error::Malformed { request, detail },
    }
}
