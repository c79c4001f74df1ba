//! What a client is told when something is refused or fails: problem details (RFC 9457) from one
//! closed catalogue.
//!
//! A handler returns a [`Problem`]; the [`Edge`](crate::edge::Edge) writes it, because only there
//! the reader's language and the request id are known.

mod catalogue;
mod document;
mod markdown;
mod members;
mod mistake;
mod schemas;

use std::borrow::Cow;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use kernel::Entropy;
use serde::Serialize;
use serde_json::{Map, Value};

pub use catalogue::{CATALOGUE, Code, Entry, Text};
pub use document::{Answers, responses};
pub use markdown::catalogue_markdown;
pub use mistake::{Form, Kind, Mistake};
pub(crate) use schemas::describe;

use crate::language::Language;

/// The media type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// One problem on its way to a client.
#[derive(Clone, Debug)]
pub struct Problem(Box<Content>);

#[derive(Clone, Debug)]
struct Content {
    code: Code,
    retry_after_s: Option<u64>,
    fields: Vec<FieldError>,
    extensions: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    reason: Option<String>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldError {
    field: String,
    mistake: Mistake,
}

impl Problem {
    /// The problem with this code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self(Box::new(Content {
            code,
            retry_after_s: None,
            fields: Vec::new(),
            extensions: Map::new(),
            headers: Vec::new(),
            reason: None,
        }))
    }

    /// An error nobody expected. The client learns nothing of it but the request id; the log does.
    #[must_use]
    pub fn internal(reason: impl fmt::Display) -> Self {
        Self::new(Code::Internal).because(reason)
    }

    /// When to try again, in the body and in the `Retry-After` header.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Names a field that is wrong, and what is wrong with it.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, mistake: impl Into<Mistake>) -> Self {
        self.0.fields.push(FieldError { field: field.into(), mistake: mistake.into() });
        self
    }

    /// Adds an extension member.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Into<Value>) -> Self {
        self.0.extensions.insert(member.to_owned(), value.into());
        self
    }

    /// Adds the reason for the log of a server error. Never shown to the client; never put personal
    /// data in it.
    #[must_use]
    pub fn because(mut self, reason: impl fmt::Display) -> Self {
        self.0.reason = Some(reason.to_string());
        self
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// What is the matter.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// When to try again, if that has been said.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.0.retry_after_s
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The fields that are wrong, and what is wrong with each.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Mistake)> {
        self.0.fields.iter().map(|wrong| (wrong.field.as_str(), &wrong.mistake))
    }

    /// The headers of the response, besides those that every problem has.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }

    /// The body in one language.
    pub(crate) fn body(&self, language: Language, request_id: &str) -> Vec<u8> {
        let entry = self.0.code.entry();
        let text = entry.text(language);
        let body = Body {
            type_uri: entry.type_uri,
            title: text.title,
            status: entry.status.as_u16(),
            detail: text.detail,
            code: entry.name,
            request_id,
            retry_after_s: self.0.retry_after_s,
            errors: self.0.fields.iter().map(|field| BodyField::of(field, language)).collect(),
            extensions: &self.0.extensions,
        };
        serde_json::to_vec(&body).expect("text and JSON values can be written as JSON")
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    type_uri: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<BodyField<'a>>,
    #[serde(flatten)]
    extensions: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct BodyField<'a> {
    field: &'a str,
    code: &'a str,
    detail: Cow<'static, str>,
}

impl<'a> BodyField<'a> {
    fn of(error: &'a FieldError, language: Language) -> Self {
        let FieldError { field, mistake } = error;
        Self { field, code: mistake.name(), detail: mistake.text(language) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code.name())
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// A time to wait that is not the same for everybody, or all come back at the same moment: between
/// `base_s` and twice that, uniformly.
#[must_use]
pub fn jittered_s(base_s: u64, entropy: &dyn Entropy) -> u64 {
    base_s + entropy.u64() % (base_s + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SeededEntropy;

    fn body(problem: &Problem, language: Language) -> Value {
        serde_json::from_slice(&problem.body(language, "r-1")).expect("JSON")
    }

    #[test]
    fn a_problem_in_both_languages() {
        let problem = Problem::new(Code::NotEligible).with("municipality", "Haßloch");
        insta::assert_json_snapshot!(body(&problem, Language::En), @r#"
        {
          "code": "not-eligible",
          "detail": "It is for people who live in its municipalities, and may be for certain ages only. Please ask your own municipality which offers there are for you.",
          "municipality": "Haßloch",
          "request_id": "r-1",
          "status": 403,
          "title": "This campaign is not for you",
          "type": "/problems/not-eligible"
        }
        "#);
        insta::assert_json_snapshot!(body(&problem, Language::De), @r#"
        {
          "code": "not-eligible",
          "detail": "Sie gilt für Menschen, die in den Gemeinden der Aktion wohnen, und manchmal nur für bestimmte Jahrgänge. Bitte fragen Sie Ihre Gemeinde, welche Angebote es für Sie gibt.",
          "municipality": "Haßloch",
          "request_id": "r-1",
          "status": 403,
          "title": "Diese Aktion ist nicht für Sie vorgesehen",
          "type": "/problems/not-eligible"
        }
        "#);
    }

    #[test]
    fn fields_and_the_time_to_wait() {
        let invalid =
            Problem::new(Code::InvalidRequest).field("person.date_of_birth", Mistake::DateOfBirth);
        insta::assert_json_snapshot!(body(&invalid, Language::De), @r#"
        {
          "code": "invalid-request",
          "detail": "Bitte berichtigen Sie, was unter errors genannt ist, und senden Sie sie noch einmal.",
          "errors": [
            {
              "code": "no-date-of-birth",
              "detail": "dieser Tag kann kein Geburtsdatum sein",
              "field": "person.date_of_birth"
            }
          ],
          "request_id": "r-1",
          "status": 400,
          "title": "Etwas an der Anfrage stimmt nicht",
          "type": "/problems/invalid-request"
        }
        "#);
        let overloaded = Problem::new(Code::Overloaded).retry_after_s(3);
        insta::assert_json_snapshot!(body(&overloaded, Language::En), @r#"
        {
          "code": "overloaded",
          "detail": "You lose nothing. Please try again in a few seconds.",
          "request_id": "r-1",
          "retry_after_s": 3,
          "status": 503,
          "title": "Very many people are here right now",
          "type": "/problems/overloaded"
        }
        "#);
    }

    #[test]
    fn the_reason_stays_inside() {
        let problem = Problem::internal("connection refused");
        assert_eq!(problem.reason(), Some("connection refused"));
        assert!(!body(&problem, Language::En).to_string().contains("connection"));
    }

    #[test]
    fn jitter_stays_between_once_and_twice_the_base() {
        let entropy = SeededEntropy::new(1);
        let waits: std::collections::BTreeSet<u64> =
            (0..200).map(|_| jittered_s(3, &entropy)).collect();
        assert_eq!(waits.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert_eq!(jittered_s(0, &entropy), 0);
    }
}
