//! Request bodies in JSON.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::field_error::invalid_field;
use crate::problem::{Answers, Code, Problem};

/// The longest body, in bytes.
pub const BODY_LENGTH_MAX: usize = 8 * 1024;

/// How long a body may take to arrive. The server's own limit ends with the head of the request.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// A JSON body. Its type says what is allowed: give it `#[serde(deny_unknown_fields)]`.
///
/// `LENGTH_MAX` is the longest body in bytes; only the services themselves may send longer ones than
/// [`BODY_LENGTH_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body<T, const LENGTH_MAX: usize = BODY_LENGTH_MAX>(pub T);

impl<T: DeserializeOwned + 'static, const LENGTH_MAX: usize> FromRequest for Body<T, LENGTH_MAX> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let acceptable = check(request.headers(), LENGTH_MAX);
        let payload = payload.take();
        Box::pin(async move {
            acceptable?;
            let bytes = tokio::time::timeout(BODY_TIME_MAX, read(payload, LENGTH_MAX))
                .await
                .map_err(|_| Problem::new(Code::RequestTimeout))??;
            parse(&bytes).map(Self)
        })
    }
}

impl<T, const LENGTH_MAX: usize> Answers for Body<T, LENGTH_MAX> {
    const CODES: &'static [Code] = &[
        Code::InvalidRequest,
        Code::RequestTimeout,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ];
}

fn check(headers: &HeaderMap, length_max: usize) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let media_type = text(CONTENT_TYPE).and_then(|value| value.split(';').next());
    if !media_type.is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    // What is announced as too long is refused before it is read.
    match text(CONTENT_LENGTH).map(str::parse::<usize>) {
        Some(Ok(length)) if length > length_max => Err(Problem::new(Code::BodyTooLarge)),
        Some(Ok(_) | Err(_)) | None => Ok(()),
    }
}

async fn read(mut payload: Payload, length_max: usize) -> Result<Bytes, Problem> {
    let Some(first) = payload.next().await else { return Ok(Bytes::new()) };
    let first = first.map_err(|_| incomplete())?;
    let Some(second) = payload.next().await else { return bounded(first, length_max) };
    let mut body = BytesMut::from(&bounded(first, length_max)?[..]);
    let mut chunk = Some(second);
    while let Some(bytes) = chunk {
        let bytes = bytes.map_err(|_| incomplete())?;
        if body.len() + bytes.len() > length_max {
            return Err(Problem::new(Code::BodyTooLarge));
        }
        body.extend_from_slice(&bytes);
        chunk = payload.next().await;
    }
    Ok(body.freeze())
}

fn bounded(bytes: Bytes, length_max: usize) -> Result<Bytes, Problem> {
    if bytes.len() > length_max {
        return Err(Problem::new(Code::BodyTooLarge));
    }
    Ok(bytes)
}

fn incomplete() -> Problem {
    Problem::new(Code::InvalidRequest).field(
        "body",
        "the body did not arrive completely",
        "der Inhalt kam nicht vollständig an",
    )
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Keeping track of the path costs time, so it is done only once something is known to be wrong.
    serde_json::from_slice(bytes).map_err(|error| {
        if !error.is_data() {
            return Problem::new(Code::InvalidRequest).field(
                "body",
                "this is not JSON",
                "das ist kein JSON",
            );
        }
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Ok(_) => invalid_field("", &error.to_string()),
            Err(located) => {
                invalid_field(&located.path().to_string(), &located.inner().to_string())
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Drain, Edge};
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use actix_web::{App, HttpResponse, web};
    use kernel::{Ags, Postcode, SeededEntropy};
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read from JSON")]
    struct Join {
        residence: Residence,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read from JSON")]
    struct Residence {
        postcode: Postcode,
        ags: Option<Ags>,
    }

    async fn join(_: Body<Join>) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }

    async fn answer(request: TestRequest) -> (u16, Value) {
        let edge = Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1)));
        let app = App::new().route("/", web::post().to(join)).wrap(edge);
        let app = init_service(app).await;
        let response = call_service(&app, request.to_request()).await;
        let status = response.status().as_u16();
        let body = if status < 400 { Value::Null } else { read_body_json(response).await };
        (status, body)
    }

    fn post(body: impl Into<Bytes>) -> TestRequest {
        TestRequest::post()
            .insert_header((CONTENT_TYPE, "application/json; charset=utf-8"))
            .set_payload(body)
    }

    async fn error_of(body: &str) -> (String, String) {
        let (status, problem) = answer(post(body.to_owned())).await;
        assert_eq!(status, 400, "{problem}");
        let error = &problem["errors"][0];
        let text = |member: &str| error[member].as_str().unwrap_or_default().to_owned();
        (text("field"), text("detail"))
    }

    #[actix_web::test]
    async fn a_valid_body_is_read() {
        let (status, _) = answer(post(r#"{"residence":{"postcode":"67346"}}"#)).await;
        assert_eq!(status, 204);
    }

    #[actix_web::test]
    async fn what_is_wrong_is_named() {
        let cases = [
            ("{}", "residence", "this field is missing"),
            (r#"{"residence":{}}"#, "residence.postcode", "this field is missing"),
            (r#"{"residence":{"postcode":"67346"},"x":1}"#, "x", "this field is not known"),
            (
                r#"{"residence":{"postcode":"67346","y":1}}"#,
                "residence.y",
                "this field is not known",
            ),
            (
                r#"{"residence":{"postcode":"1","ags":null}}"#,
                "residence.postcode",
                "'1' is not a postcode of five digits",
            ),
            (
                r#"{"residence":7}"#,
                "residence",
                "invalid type: integer `7`, expected struct Residence",
            ),
            ("", "body", "this is not JSON"),
            ("{", "body", "this is not JSON"),
            (r#"{"residence":{"postcode":"67346"}} x"#, "body", "this is not JSON"),
            ("[]", "body", "invalid length 0, expected struct Join with 1 element"),
        ];
        for (body, field, detail) in cases {
            let (found_field, found_detail) = error_of(body).await;
            assert_eq!((&*found_field, &*found_detail), (field, detail), "{body}");
        }
    }

    #[actix_web::test]
    async fn only_json_is_read() {
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]
        {
            let request = post("{}").insert_header((CONTENT_TYPE, content_type));
            assert_eq!(answer(request).await.0, 415, "{content_type}");
        }
        assert_eq!(answer(TestRequest::post().set_payload("{}")).await.0, 415);
    }

    #[actix_web::test]
    async fn a_long_body_is_refused_whether_announced_or_not() {
        let long = " ".repeat(BODY_LENGTH_MAX + 1);
        assert_eq!(answer(post(long.clone())).await.0, 413);
        let announced = post("{}").insert_header((CONTENT_LENGTH, long.len().to_string()));
        assert_eq!(answer(announced).await.0, 413);
        assert_eq!(answer(post(" ".repeat(BODY_LENGTH_MAX))).await.0, 400);
    }

    #[actix_web::test]
    async fn a_body_in_several_chunks_is_read_up_to_the_limit() {
        let read_chunks = |chunks: Vec<&'static [u8]>| async {
            let chunks = chunks.into_iter().map(|chunk| Ok(Bytes::from_static(chunk)));
            let stream: Pin<Box<dyn futures_util::Stream<Item = _>>> =
                Box::pin(futures_util::stream::iter(chunks));
            read(Payload::from(stream), BODY_LENGTH_MAX).await.map_err(|problem| problem.code())
        };
        assert_eq!(read_chunks(vec![b"{", b" ", b"}"]).await, Ok(Bytes::from_static(b"{ }")));
        let half = &[b' '; BODY_LENGTH_MAX / 2 + 1];
        assert_eq!(read_chunks(vec![half, half]).await, Err(Code::BodyTooLarge));
    }

    #[actix_web::test]
    async fn a_body_that_does_not_arrive_is_given_up() {
        tokio::time::pause();
        let never: Pin<Box<dyn futures_util::Stream<Item = _>>> =
            Box::pin(futures_util::stream::pending());
        let request =
            TestRequest::post().insert_header((CONTENT_TYPE, "application/json")).to_http_request();
        let problem = Body::<Join>::from_request(&request, &mut Payload::from(never))
            .await
            .map(|_| ())
            .expect_err("nothing arrives");
        assert_eq!(problem.code(), Code::RequestTimeout);
    }
}
