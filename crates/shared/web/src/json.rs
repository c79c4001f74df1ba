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
use serde_json::Value;
use utoipa::ToSchema;

use crate::description::{Description, field_at};
use crate::problem::{Answers, Code, Mistake, Problem};

const MEDIA_TYPE: &str = "application/json";

/// The longest body, in bytes.
pub const BODY_LENGTH_MAX: usize = 8 * 1024;

/// How long a body may take to arrive. The server's own limit ends with the head of the request.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// A JSON body. Its type says what is allowed: give it `#[serde(deny_unknown_fields)]`, and in `#[schema(…)]` the
/// pattern and an example of whatever is not any text. What is wrong is then named by that schema, all of it at once.
///
/// `LENGTH_MAX` is the longest body in bytes; only the services themselves may send longer ones than
/// [`BODY_LENGTH_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body<T, const LENGTH_MAX: usize = BODY_LENGTH_MAX>(pub T);

impl<T: DeserializeOwned + ToSchema + 'static, const LENGTH_MAX: usize> FromRequest
    for Body<T, LENGTH_MAX>
{
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let acceptable = check(request.headers(), MEDIA_TYPE, LENGTH_MAX);
        let payload = payload.take();
        Box::pin(async move {
            acceptable?;
            let bytes = read(payload, LENGTH_MAX).await?;
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

/// Whether a body of this media type is announced, and one that is not too long.
pub(crate) fn check(headers: &HeaderMap, expected: &str, length_max: usize) -> Result<(), Problem> {
    if !is_of(headers, expected) {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    check_length(headers, length_max)
}

/// Whether the body is of this media type.
pub(crate) fn is_of(headers: &HeaderMap, media_type: &str) -> bool {
    let found = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let found = found.and_then(|value| value.split(';').next());
    found.is_some_and(|found| found.trim().eq_ignore_ascii_case(media_type))
}

/// What is announced as too long is refused before it is read.
pub(crate) fn check_length(headers: &HeaderMap, length_max: usize) -> Result<(), Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match announced.map(str::parse::<usize>) {
        Some(Ok(length)) if length > length_max => Err(Problem::new(Code::BodyTooLarge)),
        Some(Ok(_) | Err(_)) | None => Ok(()),
    }
}

/// The whole body, if it comes in time.
pub(crate) async fn read(payload: Payload, length_max: usize) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(BODY_TIME_MAX, gather(payload, length_max)).await;
    read.map_err(|_| Problem::new(Code::RequestTimeout))?
}

async fn gather(mut payload: Payload, length_max: usize) -> Result<Bytes, Problem> {
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
    whole(Mistake::Incomplete)
}

fn whole(mistake: Mistake) -> Problem {
    Problem::new(Code::InvalidRequest).field("body", mistake)
}

fn parse<T: DeserializeOwned + ToSchema + 'static>(bytes: &[u8]) -> Result<T, Problem> {
    let read = serde_json::from_slice(bytes);
    match read {
        Ok(body) if !is_suspect(bytes) => Ok(body),
        read => judge(bytes, read),
    }
}

/// Whether serde may have read more than the document allows: it takes a list of the right length for an object, at any
/// depth, and `null` for what was left out. Hardly any body has either.
fn is_suspect(bytes: &[u8]) -> bool {
    bytes.contains(&b'[') || bytes.windows(4).any(|word| word == b"null")
}

/// What is wrong with a body, if anything is.
#[cold]
fn judge<T: DeserializeOwned + ToSchema + 'static>(
    bytes: &[u8],
    read: serde_json::Result<T>,
) -> Result<T, Problem> {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return Err(whole(Mistake::NotJson));
    };
    let mistakes = Description::of_body::<T>().mistakes_in(&value);
    match read {
        // Whatever else is wrong is for the handler to say, which knows more than the document.
        Ok(body) if !mistakes.has_wrong_type() => Ok(body),
        Ok(_) => Err(mistakes.into_problem().unwrap_or_else(|| whole(Mistake::Invalid))),
        Err(error) => {
            Err(mistakes.into_problem().unwrap_or_else(|| undescribed::<T>(bytes, &error)))
        }
    }
}

/// A mistake that the type finds and the document does not describe.
fn undescribed<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Problem {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let path = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => String::new(),
        Err(located) => located.path().to_string(),
    };
    let message = error.to_string();
    match message.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next()) {
        Some(name) => {
            let is_there = path == name || path.ends_with(&format!(".{name}"));
            let path = match path.as_str() {
                "." | "" => name.to_owned(),
                path if is_there => path.to_owned(),
                path => format!("{path}.{name}"),
            };
            Problem::new(Code::InvalidRequest).field(field_at(&path), Mistake::Twice)
        }
        None => Problem::new(Code::InvalidRequest).field(field_at(&path), Mistake::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Drain, Edge};
    use actix_web::http::header::ACCEPT_LANGUAGE;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use actix_web::{App, HttpResponse, web};
    use kernel::{Ags, Postcode, SeededEntropy};
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read from JSON")]
    struct Join {
        residence: Residence,
        #[schema(minimum = 1, maximum = 4)]
        seats: Option<u8>,
        #[serde(default)]
        #[schema(max_items = 2)]
        notes: Vec<String>,
        #[schema(nullable = false)]
        name: Option<String>,
    }

    #[derive(Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read from JSON")]
    struct Residence {
        #[schema(value_type = String, pattern = "^[0-9]{5}$", example = "67346")]
        postcode: Postcode,
        #[schema(value_type = Option<String>, pattern = "^[0-9]{8}$", example = "07318000")]
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

    /// What is told of a body in a language: `field: detail` for each error.
    async fn told(body: &str, language: &str) -> Vec<String> {
        let request = post(body.to_owned()).insert_header((ACCEPT_LANGUAGE, language));
        let (status, problem) = answer(request).await;
        assert_eq!(status, 400, "{body}: {problem}");
        let errors = problem["errors"].as_array().expect("a list").iter();
        let text = |error: &Value, member: &str| {
            error[member].as_str().map(str::to_owned).expect("a text")
        };
        errors.map(|error| format!("{}: {}", text(error, "field"), text(error, "detail"))).collect()
    }

    #[actix_web::test]
    async fn a_valid_body_is_read() {
        for body in [
            r#"{"residence":{"postcode":"67346"}}"#,
            r#"{"residence":{"postcode":"67346","ags":null},"seats":2,"notes":["[]","{"]}"#,
        ] {
            assert_eq!(answer(post(body)).await.0, 204, "{body}");
        }
    }

    #[actix_web::test]
    async fn everything_that_is_wrong_is_named_at_once() {
        let cases: [(&str, &[&str]); 12] = [
            ("{}", &["residence: this field is missing"]),
            (
                r#"{"residence":{"ags":7,"y":1},"seats":300,"x":1,"notes":["a",2,"c"]}"#,
                &[
                    "notes: at most 2 entries",
                    "notes[1]: text is expected here",
                    "residence.postcode: this field is missing",
                    "residence.ags: text is expected here",
                    "residence.y: this field is not known",
                    "seats: a number from 1 to 4 is expected",
                    "x: this field is not known",
                ],
            ),
            (
                r#"{"residence":{"postcode":"1","ags":""}}"#,
                &[
                    "residence.ags: expected in the form 07318000",
                    "residence.postcode: expected in the form 67346",
                ],
            ),
            (r#"{"residence":7}"#, &["residence: an object is expected here"]),
            (
                r#"{"residence":{"postcode":"67346"},"seats":1.5}"#,
                &["seats: a whole number is expected here"],
            ),
            (
                r#"{"residence":{"postcode":"67346","postcode":"67346"}}"#,
                &["residence.postcode: this field is given twice"],
            ),
            (r#"{"residence":null}"#, &["residence: an object is expected here"]),
            ("", &["body: this is not JSON"]),
            ("{", &["body: this is not JSON"]),
            (r#"{"residence":{"postcode":"67346"}} x"#, &["body: this is not JSON"]),
            ("7", &["body: an object is expected here"]),
            ("[]", &["body: an object is expected here"]),
        ];
        for (body, expected) in cases {
            assert_eq!(told(body, "en").await, expected, "{body}");
        }
    }

    #[actix_web::test]
    async fn german_is_german() {
        let body = r#"{"residence":{"ags":7},"seats":300,"notes":{},"x":1}"#;
        let expected = [
            "notes: hier wird eine Liste erwartet",
            "residence.postcode: dieses Feld fehlt",
            "residence.ags: hier wird Text erwartet",
            "seats: erwartet wird eine Zahl von 1 bis 4",
            "x: dieses Feld gibt es nicht",
        ];
        assert_eq!(told(body, "de").await, expected);
        assert_eq!(told("{", "de").await, ["body: das ist kein JSON"]);
    }

    /// serde reads `["67346", null]` for an object of two fields, which the document does not allow.
    #[actix_web::test]
    async fn a_list_is_no_object_at_any_depth() {
        let cases = [
            (r#"[{"postcode":"67346"},1,[],null]"#, "body"),
            (r#"{"residence":["67346","07318000"]}"#, "residence"),
            (r#"{"residence":["67346",null],"seats":2}"#, "residence"),
        ];
        for (body, field) in cases {
            assert!(serde_json::from_str::<Join>(body).is_ok(), "serde alone takes {body}");
            assert_eq!(told(body, "en").await, [format!("{field}: an object is expected here")]);
        }
    }

    #[actix_web::test]
    async fn null_is_what_the_document_says_it_is() {
        let at = |field: &str| format!(r#"{{"residence":{{"postcode":"67346"}},"{field}":null}}"#);
        assert_eq!(answer(post(at("seats"))).await.0, 204, "the document has it");
        assert!(serde_json::from_str::<Join>(&at("name")).is_ok(), "serde alone takes it");
        assert_eq!(told(&at("name"), "en").await, ["name: text is expected here"]);
        assert_eq!(told(&at("notes"), "en").await, ["notes: a list is expected here"]);
        let long = r#"{"residence":{"postcode":"67346"},"seats":null,"notes":["","",""]}"#;
        assert_eq!(answer(post(long)).await.0, 204, "what was read is the handler's to judge");
    }

    #[actix_web::test]
    async fn a_body_of_mistakes_gets_a_short_answer() {
        let fields: Vec<String> = (0..500).map(|number| format!("\"x{number}\":1")).collect();
        assert_eq!(told(&format!("{{{}}}", fields.join(",")), "en").await.len(), 32);
        let long = format!("{{\"{}\":1}}", "x".repeat(1_000));
        assert!(told(&long, "en").await.iter().all(|error| error.len() < 100));
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
