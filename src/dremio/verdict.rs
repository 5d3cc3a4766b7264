//! How Dremio's answers are judged: what a status with its message means (contract §1.4, §2.9, §6),
//! and whether asking again helps.

use crate::http::answer::clean;
use crate::http::{Again, Answer, Judged, NotJson, Resend};

use super::Error;

/// How much of what a batch says of one element is kept, in characters.
const LONGEST_MESSAGE: usize = 800;

/// Which requests may be sent again, and after what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// A GET: after everything that may pass.
    Read,
    /// A batch read by POST: as a read, but a server error is final.
    Batch,
    /// A SELECT's submission: not when it may be running already.
    Submit,
    /// The first request of a session: a person waits to hear of a wrong URL.
    Contact,
    /// Only once.
    Single,
}

impl Policy {
    pub(super) fn resend(self) -> Resend {
        match self {
            Self::Read | Self::Batch => Resend::ALWAYS,
            Self::Submit => Resend::UNLESS_SLOW,
            Self::Contact => Resend::IF_BROKEN,
            Self::Single => Resend::NEVER,
        }
    }

    fn again(self, answer: &Answer, error: &Error) -> Again {
        match (self, error) {
            (Self::Single, _) => Again::No,
            // The server did not take the query, so it cannot run twice.
            (Self::Read | Self::Submit, Error::Server { message, .. }) if is_too_busy(message) => {
                Again::Later
            }
            (Self::Submit, Error::Throttled { .. }) => Again::Yes,
            (Self::Submit, _) => Again::No,
            (Self::Read, Error::Server { status: 500, message, .. })
                if message.to_ascii_lowercase().contains("please retry") =>
            {
                Again::Yes
            }
            (Self::Read, Error::Server { status: 500, .. }) => Again::Once,
            (Self::Read | Self::Batch, Error::Malformed { .. }) => Again::Once,
            // A proxy's page in the midst of good answers; one on the first request is a wrong URL.
            (Self::Read | Self::Batch, Error::NotJson { .. }) if answer.is_success() => Again::Once,
            (_, Error::Server { status, .. }) if *status != 500 => Again::after_status(*status),
            (_, Error::Rejected { status: 408, .. } | Error::Throttled { .. }) => Again::Yes,
            _ => Again::No,
        }
    }
}

/// Reads an answer and decides whether to ask again.
pub(super) fn judge<T>(
    request: &str,
    policy: Policy,
    answer: &Answer,
    read: impl FnOnce(&Answer) -> Result<T, NotJson>,
) -> Judged<Result<T, Error>> {
    let outcome = interpret(request, answer, read);
    match outcome {
        Ok(value) => Judged { outcome: Ok(value), again: Again::No, complaint: None },
        Err(error) => {
            let complaint = match &error {
                Error::NotJson { what, .. } => what.clone(),
                Error::Malformed { detail, .. } => detail.clone(),
                Error::Unauthorized { .. } => answer.status_text(),
                Error::BadLogin { message, .. }
                | Error::Forbidden { message, .. }
                | Error::NotFound { message, .. }
                | Error::SourceDown { message, .. }
                | Error::Rejected { message, .. }
                | Error::Throttled { message, .. }
                | Error::Server { message, .. } => message.clone(),
                other => other.to_string(),
            };
            let again = policy.again(answer, &error);
            Judged { outcome: Err(error), again, complaint: Some(complaint) }
        }
    }
}

fn interpret<T>(
    request: &str,
    answer: &Answer,
    read: impl FnOnce(&Answer) -> Result<T, NotJson>,
) -> Result<T, Error> {
    if answer.is_success() {
        return read(answer).map_err(|error| unreadable(request, error));
    }
    let request = request.to_owned();
    // A 401 has no body: nothing there is read (contract §1.4).
    if answer.status == 401 {
        return Err(Error::Unauthorized { request });
    }
    let message = answer.message().unwrap_or_else(|| answer.status_text());
    let lower = message.to_ascii_lowercase();
    Err(match answer.status {
        300..=399 => match answer.json::<serde::de::IgnoredAny>() {
            Err(error) => unreadable(&request, error),
            Ok(_) => Error::NotJson { request, what: answer.status_text() },
        },
        403 if lower.contains("no user available") => Error::NoFirstUser { request },
        403 => Error::Forbidden { request, message },
        404 => Error::NotFound { request, message },
        400 if is_source_down(&lower) => Error::SourceDown { request, message },
        400 if lower.contains("non-filesystem source") => Error::NotFound { request, message },
        // Inside a file-system source a missing thing is a server error.
        500 if lower.contains("filenotfoundexception") => Error::NotFound { request, message },
        500 if is_source_down(&lower) => Error::SourceDown { request, message },
        405 | 415 | 501 => Error::Unsupported { request },
        429 => Error::Throttled { request, message, retry_after: answer.retry_after },
        status @ 500.. => Error::Server { request, status, message },
        status => Error::Rejected { request, status, message },
    })
}

fn unreadable(request: &str, error: NotJson) -> Error {
    let request = request.to_owned();
    match error {
        NotJson::Other { what } => Error::NotJson { request, what },
        NotJson::Malformed { detail } => Error::Malformed { request, detail },
    }
}

fn is_source_down(lower: &str) -> bool {
    lower.contains("is currently unavailable") || lower.contains("metadata is not accessible")
}

fn is_too_busy(message: &str) -> bool {
    message.contains("maximum allowed number of live queries")
}

/// What a batch says of one of its elements, as if that had been asked for by itself. `message` is
/// what follows the element's id: `was not found`, or `failed with '<message>'` (contract §2.1).
pub(super) fn batch_failure(request: &str, message: &str) -> Error {
    let request = request.to_owned();
    let said = message.strip_prefix("failed with '").and_then(|said| said.strip_suffix('\''));
    let message = clean(said.unwrap_or(message), LONGEST_MESSAGE);
    let lower = message.to_ascii_lowercase();
    if lower.ends_with("was not found")
        || lower.contains("filenotfoundexception")
        || lower.contains("non-filesystem source")
        || lower.contains("could not find entity")
    {
        Error::NotFound { request, message }
    } else if is_source_down(&lower) {
        Error::SourceDown { request, message }
    } else if lower.contains("permission")
        || lower.contains("not authorized")
        || lower.contains("privilege")
    {
        Error::Forbidden { request, message }
    } else {
        Error::NotServed { request, message }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rstest::rstest;
    use serde_json::Value;

    use super::*;
    use crate::model::NodeErrorKind;

    fn judged(policy: Policy, status: u16, body: &str) -> Judged<Result<Value, Error>> {
        let answer = Answer {
            status,
            content_type: match body.as_bytes().first() {
                Some(b'<') => Some("text/html".to_owned()),
                Some(_) => Some("application/json".to_owned()),
                None => None,
            },
            location: None,
            retry_after: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        judge("GET /x", policy, &answer, |answer| answer.json())
    }

    fn said(message: &str) -> String {
        format!(r#"{{"errorMessage":{message:?},"moreInfo":""}}"#)
    }

    #[rstest]
    #[case(404, "Could not find entity with id [x]", NodeErrorKind::NotFound)]
    #[case(
        400,
        "Can not get internal item from non-filesystem source [pg]",
        NodeErrorKind::NotFound
    )]
    #[case(500, "java.io.FileNotFoundException: /a", NodeErrorKind::NotFound)]
    #[case(
        400,
        "The source [x] is currently unavailable. Metadata is not accessible; bad",
        NodeErrorKind::SourceDown
    )]
    #[case(403, "No privilege", NodeErrorKind::Forbidden)]
    #[case(403, "No User Available", NodeErrorKind::Other)]
    #[case(400, "limit can not exceed 500 rows", NodeErrorKind::Other)]
    #[case(429, "slow down", NodeErrorKind::Unavailable)]
    #[case(503, "starting", NodeErrorKind::Unavailable)]
    #[case(405, "no", NodeErrorKind::Other)]
    fn reads_the_matrix(#[case] status: u16, #[case] message: &str, #[case] kind: NodeErrorKind) {
        let error = judged(Policy::Read, status, &said(message)).outcome.expect_err("an error");
        assert_eq!(error.node_error_kind(), kind, "{error}");
        assert!(error.to_string().starts_with("GET /x: "), "{error}");
    }

    #[rstest]
    #[case(Policy::Read, 503, "x", Again::Yes)]
    #[case(Policy::Read, 408, "x", Again::Yes)]
    #[case(Policy::Read, 429, "x", Again::Yes)]
    #[case(Policy::Read, 500, "x", Again::Once)]
    #[case(Policy::Read, 500, "Job is moving, please retry", Again::Yes)]
    #[case(Policy::Read, 500, "java.io.FileNotFoundException: /a", Again::No)]
    #[case(Policy::Read, 400, "x", Again::No)]
    #[case(Policy::Read, 401, "", Again::No)]
    #[case(Policy::Read, 403, "x", Again::No)]
    #[case(Policy::Read, 404, "x", Again::No)]
    #[case(Policy::Read, 501, "x", Again::No)]
    #[case(Policy::Batch, 503, "x", Again::Yes)]
    #[case(Policy::Batch, 500, "x", Again::No)]
    #[case(Policy::Submit, 503, "x", Again::No)]
    #[case(Policy::Submit, 504, "x", Again::No)]
    #[case(Policy::Submit, 429, "x", Again::Yes)]
    #[case(
        Policy::Submit,
        500,
        "Rejecting query because it exceeded the maximum allowed number of live queries in a single coordinator",
        Again::Later
    )]
    #[case(Policy::Contact, 503, "x", Again::Yes)]
    #[case(Policy::Single, 503, "x", Again::No)]
    fn repeats_what_may_pass(
        #[case] policy: Policy,
        #[case] status: u16,
        #[case] message: &str,
        #[case] again: Again,
    ) {
        assert_eq!(judged(policy, status, &said(message)).again, again);
    }

    #[test]
    fn cut_json_is_asked_for_once_more() {
        assert_eq!(judged(Policy::Read, 200, r#"{"data":["#).again, Again::Once);
        assert_eq!(judged(Policy::Batch, 200, r#"{"data":["#).again, Again::Once);
        assert_eq!(judged(Policy::Submit, 200, r#"{"id":"#).again, Again::No);
    }

    #[test]
    fn a_page_among_good_answers_is_asked_for_once_more() {
        assert_eq!(judged(Policy::Read, 200, "<html>busy</html>").again, Again::Once);
        assert_eq!(judged(Policy::Contact, 200, "<html>sign in</html>").again, Again::No);
        assert_eq!(judged(Policy::Read, 302, "<html>sign in</html>").again, Again::No);
    }

    #[rstest]
    #[case("was not found", NodeErrorKind::NotFound, "not found (was not found); it may have")]
    #[case(
        "failed with 'The source [pg] is currently unavailable.'",
        NodeErrorKind::SourceDown,
        "the source cannot be reached (The source [pg] is currently unavailable.); see the"
    )]
    #[case(
        "failed with 'User [ada] has no \u{1b}[1mpermission on 'x''",
        NodeErrorKind::Forbidden,
        "not permitted (User [ada] has no [1mpermission on 'x'); ask an administrator"
    )]
    #[case(
        "failed with 'NullPointerException'",
        NodeErrorKind::Other,
        "the server could not serve it (NullPointerException); this is an error inside Dremio"
    )]
    fn an_element_of_a_batch_fails_as_if_asked_for_by_itself(
        #[case] message: &str,
        #[case] kind: NodeErrorKind,
        #[case] text: &str,
    ) {
        let error = batch_failure("POST /api/v3/catalog/by-ids", message);
        assert_eq!(error.node_error_kind(), kind);
        let shown = error.to_string();
        assert!(shown.starts_with(&format!("POST /api/v3/catalog/by-ids: {text}")), "{shown}");
    }
}
