//! Request bodies that mail servers pass on.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::json::{Body, check_length, is_of, read};
use crate::problem::{Answers, Code, Problem};

/// The media type of a whole message.
pub const MESSAGE: &str = "message/rfc822";

/// A JSON body as [`Body`], or a whole message (RFC 5322), which may be `LENGTH_MAX` bytes long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonOrMessage<T, const LENGTH_MAX: usize> {
    /// JSON.
    Json(T),
    /// A message, as it is.
    Message(Bytes),
}

impl<T: DeserializeOwned + ToSchema + 'static, const LENGTH_MAX: usize> FromRequest
    for JsonOrMessage<T, LENGTH_MAX>
{
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !is_of(request.headers(), MESSAGE) {
            let json = Body::<T>::from_request(request, payload);
            return Box::pin(async move { json.await.map(|Body(json)| Self::Json(json)) });
        }
        let acceptable = check_length(request.headers(), LENGTH_MAX);
        let payload = payload.take();
        Box::pin(async move {
            acceptable?;
            read(payload, LENGTH_MAX).await.map(Self::Message)
        })
    }
}

impl<T, const LENGTH_MAX: usize> Answers for JsonOrMessage<T, LENGTH_MAX> {
    const CODES: &'static [Code] = Body::<T>::CODES;
}
