use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName,
};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web};

use super::*;

const PAGE: &str = "https://impfen.example";
const ELSEWHERE: &str = "https://other.example";

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
}

impl Answer {
    fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn allowed_origin(&self) -> &str {
        self.header(ACCESS_CONTROL_ALLOW_ORIGIN)
    }
}

async fn answer(origins: &[&str], request: TestRequest) -> Answer {
    let origins: Vec<_> = origins.iter().map(|&origin| origin.to_owned()).collect();
    let app = App::new()
        .route("/", web::get().to(HttpResponse::Ok))
        .route("/", web::post().to(HttpResponse::Created))
        .wrap(allow(&origins));
    let response = call_service(&init_service(app).await, request.to_request()).await;
    Answer { status: response.status(), headers: response.headers().clone() }
}

fn preflight(origin: &str, method: &str, headers: &str) -> TestRequest {
    TestRequest::default()
        .method(Method::OPTIONS)
        .insert_header((ORIGIN, origin))
        .insert_header((ACCESS_CONTROL_REQUEST_METHOD, method))
        .insert_header((ACCESS_CONTROL_REQUEST_HEADERS, headers))
}

/// A cache in between keeps one answer for everybody.
#[actix_web::test]
async fn what_is_public_is_answered_alike_whoever_asks() {
    for origins in [&[][..], &[PAGE]] {
        for origin in [None, Some(PAGE), Some(ELSEWHERE)] {
            let mut request = TestRequest::get();
            if let Some(origin) = origin {
                request = request.insert_header((ORIGIN, origin));
            }
            let answer = answer(origins, request).await;
            assert_eq!((answer.allowed_origin(), answer.header(VARY)), ("*", ""), "{origin:?}");
        }
    }
}

#[actix_web::test]
async fn the_time_of_an_answer_can_be_read() {
    let answer = answer(&[], TestRequest::get()).await;
    let exposed: Vec<_> = answer.header(ACCESS_CONTROL_EXPOSE_HEADERS).split(", ").collect();
    for name in ["date", "age", "etag", "location", "retry-after"] {
        assert!(exposed.contains(&name), "{exposed:?}");
    }
}

/// A cache keeps a public answer for everybody, also one that was asked for with a token.
#[actix_web::test]
async fn a_public_answer_is_everybodys_whatever_was_sent() {
    let app = App::new()
        .route(
            "/",
            web::get().to(async || {
                HttpResponse::Ok().insert_header(("cache-control", "public, max-age=60")).finish()
            }),
        )
        .wrap(allow(&[PAGE.to_owned()]));
    let request = TestRequest::get()
        .insert_header((AUTHORIZATION, "Bearer x"))
        .insert_header((ORIGIN, ELSEWHERE));
    let response = call_service(&init_service(app).await, request.to_request()).await;
    let answer = Answer { status: response.status(), headers: response.headers().clone() };
    assert_eq!((answer.allowed_origin(), answer.header(VARY)), ("*", ""));
}

#[actix_web::test]
async fn with_a_token_only_listed_origins_read_the_answer() {
    let with_token = |origin: &str| {
        TestRequest::get()
            .insert_header((AUTHORIZATION, "Bearer x"))
            .insert_header((ORIGIN, origin.to_owned()))
    };
    let posted = |origin: &str| TestRequest::post().insert_header((ORIGIN, origin.to_owned()));
    for request in [with_token, posted] as [fn(&str) -> TestRequest; 2] {
        let listed = answer(&[PAGE], request(PAGE)).await;
        assert_eq!((listed.allowed_origin(), listed.header(VARY)), (PAGE, "origin"));
        for origins in [&[][..], &[PAGE]] {
            let other = answer(origins, request(ELSEWHERE)).await;
            assert_eq!((other.allowed_origin(), other.header(VARY)), ("", "origin"));
        }
    }
}

#[actix_web::test]
async fn a_listed_page_may_send_the_headers_of_the_api() {
    let asked = preflight(PAGE, "POST", "authorization, idempotency-key");
    let answer = answer(&[PAGE], asked).await;
    assert_eq!((answer.status.as_u16(), answer.allowed_origin()), (204, PAGE));
    assert_eq!(answer.header(ACCESS_CONTROL_MAX_AGE), "3600");
    let headers = answer.header(ACCESS_CONTROL_ALLOW_HEADERS);
    assert!(headers.contains("idempotency-key") && headers.contains("authorization"), "{headers}");
    assert!(answer.header(ACCESS_CONTROL_ALLOW_METHODS).contains("DELETE"));
}

#[actix_web::test]
async fn another_page_may_read_what_is_public_and_no_more() {
    let public = answer(&[PAGE], preflight(ELSEWHERE, "GET", "x-request-id")).await;
    assert_eq!((public.status.as_u16(), public.allowed_origin()), (204, "*"));
    assert!(!public.header(ACCESS_CONTROL_ALLOW_HEADERS).contains("authorization"));
    assert!(public.header(ACCESS_CONTROL_ALLOW_HEADERS).contains("traceparent"));
    for (method, headers) in [("GET", "x-request-id, Authorization"), ("POST", "content-type")] {
        let refused = answer(&[PAGE], preflight(ELSEWHERE, method, headers)).await;
        assert_eq!((refused.status.as_u16(), refused.allowed_origin()), (400, ""), "{method}");
    }
}

/// `OPTIONS` that no browser sent is a method like any other.
#[actix_web::test]
async fn a_request_without_an_origin_is_no_preflight() {
    let request = TestRequest::default().method(Method::OPTIONS);
    let answer = answer(&[PAGE], request).await;
    assert_ne!(answer.status.as_u16(), 204);
}
