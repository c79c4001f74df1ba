use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, post};
use serde_json::json;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use super::*;
use crate::document::{Shapes, finish};
use crate::{Body, Code, Problem, problem_responses};

problem_responses!(
    /// What the thing can be refused with.
    ThingProblems:
        SlotFull
);

/// What is asked for.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler writes it itself")]
struct Thing {
    code: String,
}

/// The problem that the query asks for, or the thing.
#[utoipa::path(responses((status = 200, description = "The thing.", body = Thing), ThingProblems))]
#[get("/thing")]
async fn show(request: HttpRequest) -> Result<HttpResponse, Problem> {
    match request.query_string() {
        "named" => Err(Problem::new(Code::SlotFull).with("places_left", 0)),
        "unnamed" => Err(Problem::new(Code::SlotNotFound)),
        "accepted" => Ok(HttpResponse::Accepted().finish()),
        "bare" => Ok(thing().json(json!({"code": "its"}))),
        "more" => Ok(thing().json(json!({"code": "its", "size": 7, "colour": null}))),
        "nameless" => Ok(thing().json(json!({"code": 7}))),
        "text" => Ok(thing().content_type("text/plain").body("a thing")),
        _ => Ok(thing().insert_header(("x-thing", "here")).json(json!({"code": "its"}))),
    }
}

fn thing() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header(("cache-control", "no-store"));
    response
}

problem_responses!(
    /// What the echo can be refused with.
    EchoProblems of Body<Value>:
        SlotFull
);

/// The body and the peer.
#[utoipa::path(responses((status = 200, description = "The same."), EchoProblems))]
#[post("/echo")]
async fn echo(request: HttpRequest, body: Body<Value>) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    HttpResponse::Ok().json(json!({
        "body": body.0,
        "peer": request.peer_addr(),
        "authorization": header("authorization"),
    }))
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    show,
    echo,
    crate::docs_page::openapi_json,
    crate::docs_page::docs,
    crate::health::healthz,
    crate::health::readyz
))]
struct Document;

async fn client_of(document: &OpenApi) -> TestClient {
    let document = finish(document, &Shapes { flat: &[], open: &[], unions: &[] });
    TestClient::start(&document, |config| {
        config.service(show).service(echo);
    })
    .await
}

async fn client() -> TestClient {
    client_of(&Document::openapi()).await
}

#[actix_web::test]
async fn gives_status_headers_and_body() {
    let client = client().await;
    let reply = client.get("/thing").send().await;
    assert_eq!((reply.status, reply.json["code"].as_str()), (200, Some("its")));
    assert_eq!(reply.code(), "", "only a problem has a code");
    assert_eq!((reply.header("x-thing"), reply.header("x-other")), ("here", ""));
    let refused = client.get("/thing?named").send().await;
    assert_eq!((refused.status, refused.code()), (409, "slot-full"));
    let nowhere = client.get("/nowhere").send().await;
    assert_eq!((nowhere.status, nowhere.code()), (404, "not-found"));
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/docs", 308)] {
        assert_eq!(client.get(path).send().await.status, status, "{path}");
    }
    let document = client.get("/openapi.json").send().await;
    let again = client.get("/openapi.json").header("if-none-match", document.header("etag"));
    assert_eq!((document.status, again.send().await.status), (200, 304));
}

#[actix_web::test]
async fn sends_what_it_is_told() {
    let client = client().await;
    let peer = SocketAddr::from(([10, 0, 0, 1], 4_711));
    let ask = || client.request(&Method::POST, "/echo").bearer("first").from_peer(peer);
    let reply = ask().bearer("t").json(&json!([1])).send().await;
    let expected = json!({"body": [1], "peer": "10.0.0.1:4711", "authorization": "Bearer t"});
    assert_eq!(reply.json, expected);
    let reply = ask().no_header("authorization").text("2").path("/echo?x").send().await;
    assert_eq!((&reply.json["body"], &reply.json["authorization"]), (&json!(2), &Value::Null));
    let broken = ask().text("{").send().await;
    assert_eq!((broken.code(), broken.fields()), ("invalid-request", vec!["body"]));
}

#[actix_web::test]
#[should_panic(expected = "not in the document: GET /thing 404")]
async fn a_code_that_is_not_in_the_document_fails_the_test() {
    client().await.get("/thing?unnamed").send().await;
}

#[actix_web::test]
#[should_panic(expected = "not in the document: GET /thing 202")]
async fn a_status_that_is_not_in_the_document_fails_the_test() {
    client().await.get("/thing?accepted").send().await;
}

#[actix_web::test]
#[should_panic(expected = "/code")]
async fn a_body_that_is_not_of_its_schema_fails_the_test() {
    client().await.get("/thing?nameless").send().await;
}

#[actix_web::test]
#[should_panic(expected = "/size")]
async fn a_member_that_is_not_in_the_document_fails_the_test() {
    client().await.get("/thing?more").send().await;
}

#[actix_web::test]
#[should_panic(expected = "of the undocumented type 'text/plain': GET /thing 200")]
async fn a_body_of_another_media_type_fails_the_test() {
    client().await.get("/thing?text").send().await;
}

#[actix_web::test]
#[should_panic(expected = "without the header x-thing: GET /thing 200")]
async fn a_header_that_is_missing_fails_the_test() {
    let mut document = serde_json::to_value(Document::openapi()).expect("JSON");
    document["paths"]["/thing"]["get"]["responses"]["200"]["headers"]["X-Thing"] =
        json!({"schema": {"type": "string"}, "description": "Where it is."});
    let document = serde_json::from_value(document).expect("a document");
    client_of(&document).await.get("/thing?bare").send().await;
}

#[actix_web::test]
#[should_panic(expected = "not in the document: GET /thing 200")]
async fn an_operation_that_is_not_in_the_document_fails_the_test() {
    let mut document = Document::openapi();
    document.paths.paths.remove("/thing");
    client_of(&document).await.get("/thing").send().await;
}

#[utoipa::path(responses((status = 200, body = String)))]
#[get("/bare")]
async fn bare() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(bare))]
struct Undescribed;

#[actix_web::test]
#[should_panic(expected = "get /bare 200 has no description")]
async fn a_response_without_a_description_is_noticed() {
    client_of(&Undescribed::openapi()).await;
}
