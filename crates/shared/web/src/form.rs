//! Request bodies as HTML forms send them.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::description::Description;
use crate::json::{BODY_LENGTH_MAX, check, read};
use crate::problem::{Answers, Code, Mistake, Problem};
use crate::query::wrong;

/// The media type of a form, for the document.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// A body that a form sends, which a page may do across origins where it navigates. Its type says what is allowed, as that
/// of a [`Body`](crate::Body) does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest for Form<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let acceptable = check(request.headers(), FORM, BODY_LENGTH_MAX);
        let payload = payload.take();
        Box::pin(async move {
            acceptable?;
            let bytes = read(payload, BODY_LENGTH_MAX).await?;
            let Ok(text) = std::str::from_utf8(&bytes) else {
                return Err(Problem::new(Code::InvalidRequest).field("body", Mistake::Invalid));
            };
            let read = web::Query::<T>::from_query(text).map(|read| Self(read.into_inner()));
            read.map_err(|_| wrong(text, &Description::of_body::<T>(), "body"))
        })
    }
}

impl<T> Answers for Form<T> {
    const CODES: &'static [Code] = &[
        Code::InvalidRequest,
        Code::RequestTimeout,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ];
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::http::header::CONTENT_TYPE;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use actix_web::{App, HttpResponse};
    use kernel::SeededEntropy;
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;
    use crate::{Drain, Edge};

    #[derive(Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    struct Sent {
        name: String,
        #[schema(nullable = false)]
        note: Option<String>,
    }

    async fn take(Form(Sent { name, note }): Form<Sent>) -> HttpResponse {
        HttpResponse::Ok().json((name, note))
    }

    async fn answer(media_type: &str, body: &str) -> (u16, Value) {
        let edge = Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1)));
        let app = init_service(App::new().route("/", web::post().to(take)).wrap(edge)).await;
        let request = TestRequest::post().insert_header((CONTENT_TYPE, media_type));
        let request = request.set_payload(body.to_owned()).to_request();
        let response = call_service(&app, request).await;
        (response.status().as_u16(), read_body_json(response).await)
    }

    #[actix_web::test]
    async fn a_form_is_read() {
        let (status, read) =
            answer("application/x-www-form-urlencoded; charset=UTF-8", "name=a+%26b").await;
        assert_eq!((status, read), (200, serde_json::json!(["a &b", null])));
    }

    #[actix_web::test]
    async fn what_is_wrong_is_named() {
        for (body, field, code) in [
            ("note=x", "name", "missing"),
            ("name=x&colour=red", "colour", "unknown"),
            ("name=x&name=y", "name", "twice"),
        ] {
            let (status, problem) = answer(FORM, body).await;
            let error = &problem["errors"][0];
            assert_eq!(
                (status, &error["field"], &error["code"]),
                (400, &field.into(), &code.into())
            );
        }
        assert_eq!(answer("application/json", "{}").await.0, 415);
        assert_eq!(answer(FORM, &"x".repeat(BODY_LENGTH_MAX + 1)).await.0, 413);
    }
}
