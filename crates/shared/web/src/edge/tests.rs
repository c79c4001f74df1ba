use actix_web::test::{self, TestRequest};
use actix_web::{App, HttpResponse, web};
use kernel::SeededEntropy;
use serde_json::{Value, json};

use super::*;

fn edge() -> Edge {
    Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1)))
}

async fn refuse() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotEligible).with("municipality", "Haßloch"))
}

async fn busy() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::Overloaded))
}

async fn unauthorized() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::TicketInvalid))
}

async fn broken() -> Result<HttpResponse, Error> {
    Err(actix_web::error::ErrorInternalServerError("secret detail"))
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(HttpResponse::NoContent))
        .route("/refuse", web::get().to(refuse))
        .route("/busy", web::get().to(busy))
        .route("/unauthorized", web::get().to(unauthorized))
        .route("/broken", web::get().to(broken))
        .route(
            "/json",
            web::get().to(|| async { HttpResponse::BadRequest().json(json!({"own": 1})) }),
        );
}

async fn answer(edge: Edge, request: TestRequest) -> (ServiceResponse, Value) {
    let app = test::init_service(App::new().configure(routes).wrap(edge)).await;
    let response = test::call_service(&app, request.to_request()).await.map_into_boxed_body();
    let (request, response) = response.into_parts();
    let (head, body) = response.into_parts();
    let bytes = actix_web::body::to_bytes(body).await.expect("a body in memory");
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    (ServiceResponse::new(request, head.map_into_boxed_body()), body)
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

fn header_of<'a>(response: &'a ServiceResponse, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

#[actix_web::test]
async fn every_response_has_the_id_of_its_request() {
    let (response, _) =
        answer(edge(), get("/").insert_header(("x-request-id", "from-a-proxy"))).await;
    assert_eq!(header_of(&response, "x-request-id"), Some("from-a-proxy"));
    let (response, _) = answer(edge(), get("/")).await;
    assert_eq!(header_of(&response, "x-request-id").map(str::len), Some(20));
}

#[actix_web::test]
async fn a_problem_is_written_in_the_readers_language() {
    let request = get("/refuse").insert_header(("x-request-id", "request-1"));
    let (response, body) = answer(edge(), request.insert_header(("accept-language", "de"))).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(header_of(&response, "content-type"), Some("application/problem+json"));
    assert_eq!(header_of(&response, "content-language"), Some("de"));
    assert_eq!(header_of(&response, "cache-control"), Some("no-store"));
    let about = "</problems/not-eligible>; rel=\"describedby\"";
    assert_eq!(header_of(&response, "link"), Some(about));
    insta::assert_json_snapshot!(body, @r#"
    {
      "code": "not-eligible",
      "detail": "Sie gilt für Menschen, die in den Gemeinden der Aktion wohnen, und manchmal nur für bestimmte Jahrgänge. Bitte fragen Sie Ihre Gemeinde, welche Angebote es für Sie gibt.",
      "municipality": "Haßloch",
      "request_id": "request-1",
      "status": 403,
      "title": "Diese Aktion ist nicht für Sie vorgesehen",
      "type": "/problems/not-eligible"
    }
    "#);
    let (response, body) = answer(edge(), get("/refuse")).await;
    assert_eq!(header_of(&response, "content-language"), Some("en"));
    assert_eq!(body["title"], Code::NotEligible.entry().en.title);
    assert_eq!(body["request_id"].as_str(), header_of(&response, "x-request-id"));
}

#[actix_web::test]
async fn who_is_turned_away_for_load_is_told_when_to_come_back() {
    let (response, body) = answer(edge(), get("/busy")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let seconds = body["retry_after_s"].as_u64().expect("a number");
    assert!((RETRY_AFTER_BASE_S..=2 * RETRY_AFTER_BASE_S).contains(&seconds), "{seconds}");
    assert_eq!(header_of(&response, "retry-after"), Some(seconds.to_string().as_str()));
}

#[actix_web::test]
async fn a_refused_credential_names_the_scheme() {
    let (response, _) = answer(edge(), get("/unauthorized")).await;
    assert_eq!(header_of(&response, "www-authenticate"), Some("Bearer"));
}

#[actix_web::test]
async fn failures_of_the_framework_become_problems() {
    let (response, body) = answer(edge(), get("/broken")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body["code"], "internal");
    assert!(!body.to_string().contains("secret"), "{body}");
    let (_, body) = answer(edge(), get("/nowhere")).await;
    assert_eq!(body["code"], "not-found");
}

#[actix_web::test]
async fn a_handlers_own_failure_stays_as_it_is() {
    let (response, body) = answer(edge(), get("/json")).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body, json!({"own": 1}));
}

#[actix_web::test]
async fn draining_closes_connections() {
    let drain = Drain::new();
    let edge = Edge::new("test", drain.clone(), Arc::new(SeededEntropy::new(1)));
    let (response, _) = answer(edge.clone(), get("/")).await;
    assert!(response.response().head().keep_alive());
    drain.start();
    let (response, _) = answer(edge, get("/")).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(!response.response().head().keep_alive());
}

#[actix_web::test]
async fn requests_and_problems_are_counted() {
    let metrics = crate::metrics::Metrics::install().expect("the only recorder of this process");
    let edge = edge();
    for path in ["/", "/", "/refuse"] {
        answer(edge.clone(), get(path)).await;
    }
    let text = metrics.render();
    let counted =
        |line: &str| assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    counted(r#"http_requests_total{service="test",method="GET",status="2xx"} 2"#);
    counted(r#"http_requests_total{service="test",method="GET",status="4xx"} 1"#);
    counted(r#"http_problems_total{service="test",code="not-eligible"} 1"#);
    counted(r#"http_request_duration_seconds_count{service="test",method="GET"} 3"#);
}
