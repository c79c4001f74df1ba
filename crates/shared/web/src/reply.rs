//! Responses that belong to one citizen and are kept by nobody else.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use actix_web::web::Bytes;
use serde::Serialize;

use crate::problem::Problem;

/// Fits nearly every answer, so that the buffer does not grow while it is written.
const BODY_LENGTH: usize = 768;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// `body` as JSON that no cache may keep.
///
/// # Panics
/// If the type cannot be written as JSON, which a wire type can.
#[must_use]
pub fn private<T: Serialize>(status: StatusCode, body: &T) -> HttpResponse {
    let mut bytes = Vec::with_capacity(BODY_LENGTH);
    serde_json::to_writer(&mut bytes, body).expect("wire types can be written as JSON");
    let mut response = HttpResponse::with_body(status, BoxBody::new(Bytes::from(bytes)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CACHE_CONTROL, NO_STORE);
    response
}

/// A status alone, that no cache may keep.
#[must_use]
pub fn bare(status: StatusCode) -> HttpResponse {
    let mut response = HttpResponse::new(status);
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

/// A text of this media type that no cache may keep.
#[must_use]
pub fn private_text(media_type: HeaderValue, text: String) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CACHE_CONTROL, NO_STORE);
    response
}

/// 201 with what is there now, and where.
///
/// # Panics
/// As [`private`].
pub fn created<T: Serialize>(location: String, body: &T) -> Result<HttpResponse, Problem> {
    let location = HeaderValue::try_from(location).map_err(Problem::internal)?;
    let mut response = private(StatusCode::CREATED, body);
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// Done, and nothing to say about it.
#[must_use]
pub fn done() -> HttpResponse {
    HttpResponse::new(StatusCode::NO_CONTENT)
}
