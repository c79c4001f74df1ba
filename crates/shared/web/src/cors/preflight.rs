//! What a browser asks before it asks something that a form could not.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, HeaderMap,
    HeaderValue, ORIGIN,
};

use super::is_read;
use crate::problem::{Code, Mistake, Problem};

/// Browsers remember an answer for two hours at most; after an hour a changed list holds for all.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("3600");

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, accept-language, authorization, content-type, idempotency-key, if-match, if-none-match, \
     traceparent, x-request-id",
);

const PUBLIC_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD");
const PUBLIC_HEADERS: HeaderValue =
    HeaderValue::from_static("accept, accept-language, if-none-match, traceparent, x-request-id");

/// The question.
pub(super) struct Preflight<'a> {
    method: Method,
    headers: &'a str,
}

impl<'a> Preflight<'a> {
    /// Whether a request is one.
    pub(super) fn of(method: &Method, headers: &'a HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let asked = text(ACCESS_CONTROL_REQUEST_METHOD)?.parse().ok()?;
        let is_one = method == Method::OPTIONS && headers.contains_key(ORIGIN);
        is_one.then(|| Self {
            method: asked,
            headers: text(ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default(),
        })
    }

    /// Whether it is about something that everybody may read.
    pub(super) fn is_public_read(&self) -> bool {
        let is_token = |name: &str| name.trim().eq_ignore_ascii_case(AUTHORIZATION.as_str());
        is_read(&self.method) && !self.headers.split(',').any(is_token)
    }
}

/// The methods and headers that a page may send; the browser compares.
pub(super) fn permit(is_public: bool) -> HttpResponse {
    let (methods, headers) =
        if is_public { (PUBLIC_METHODS, PUBLIC_HEADERS) } else { (METHODS, HEADERS) };
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, headers))
        .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE_S))
        .finish()
}

/// Nobody but a developer reads it: the browser tells the page that the request failed.
pub(super) fn refuse() -> Problem {
    Problem::new(Code::InvalidRequest).field("Origin", Mistake::Origin)
}
