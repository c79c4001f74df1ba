//! Responses that belong to one citizen and are kept by nobody else.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use actix_web::web::Bytes;
use serde::Serialize;

/// Fits every answer but a long list, so that the buffer does not grow while it is written.
const BODY_LENGTH: usize = 512;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// `body` as JSON that no cache may keep.
pub(crate) fn private<T: Serialize>(status: StatusCode, body: &T) -> HttpResponse {
    let mut bytes = Vec::with_capacity(BODY_LENGTH);
    serde_json::to_writer(&mut bytes, body).expect("wire types can be written as JSON");
    let mut response = HttpResponse::with_body(status, BoxBody::new(Bytes::from(bytes)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CACHE_CONTROL, NO_STORE);
    response
}

/// Done, and nothing to say about it.
pub(crate) fn done() -> HttpResponse {
    HttpResponse::new(StatusCode::NO_CONTENT)
}
