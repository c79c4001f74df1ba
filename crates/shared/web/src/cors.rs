//! Which web pages may call the API.

use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER,
};
use actix_web::middleware::Condition;

use crate::limits::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::request_id;

const PREFLIGHT_MAX_AGE_S: usize = 3_600;

/// Lets pages of these origins, such as `https://impfen.example`, call the API. With no origin the
/// middleware is not there at all, and browsers allow pages of the API's own origin only.
#[must_use]
pub fn allow(origins: &[String]) -> Condition<Cors> {
    let cors = origins.iter().fold(terms(), |cors, origin| cors.allowed_origin(origin));
    Condition::new(!origins.is_empty(), cors)
}

/// Lets every page call the API that is served from this machine, on whatever port, or opened from a
/// file: for whoever develops one. Never in production.
#[must_use]
pub fn allow_this_machine() -> Condition<Cors> {
    let cors = terms().allowed_origin_fn(|origin, _| origin.to_str().is_ok_and(is_this_machine));
    Condition::new(true, cors)
}

fn is_this_machine(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let is_host = |host: &str| {
        let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
        let (name, port) = if port.ends_with(']') { (host, "") } else { (name, port) };
        ["localhost", "127.0.0.1", "[::1]"].contains(&name)
            && port.bytes().all(|byte| byte.is_ascii_digit())
    };
    // A page that was opened from a file has the origin `null`.
    origin == "null" || host.is_some_and(is_host)
}

/// What pages may send, and may read, that are allowed at all.
fn terms() -> Cors {
    Cors::default()
        .allowed_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allowed_headers([ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH])
        .allowed_header("idempotency-key")
        .allowed_header(request_id::HEADER)
        .expose_headers([ETAG, RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY, request_id::HEADER])
        .max_age(PREFLIGHT_MAX_AGE_S)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS,
        ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    };
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};

    const PAGE: &str = "https://impfen.example";

    async fn allowed(origins: &[String], request: TestRequest, header: &str) -> Option<String> {
        let app =
            App::new().route("/", web::get().to(HttpResponse::NoContent)).wrap(allow(origins));
        let response = call_service(&init_service(app).await, request.to_request()).await;
        response.headers().get(header).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    #[actix_web::test]
    async fn only_listed_origins_are_allowed() {
        let origins = [PAGE.to_owned()];
        let origin = ACCESS_CONTROL_ALLOW_ORIGIN.as_str();
        let from = |page: &str| TestRequest::get().insert_header((ORIGIN, page.to_owned()));
        assert_eq!(allowed(&origins, from(PAGE), origin).await.as_deref(), Some(PAGE));
        assert_eq!(allowed(&origins, from("https://other.example"), origin).await, None);
        assert_eq!(allowed(&[], from(PAGE), origin).await, None);
    }

    #[test]
    fn this_machine_has_a_few_names_and_every_port() {
        for origin in [
            "http://localhost:5173",
            "http://127.0.0.1",
            "https://[::1]:8443",
            "http://[::1]",
            "null",
        ] {
            assert!(is_this_machine(origin), "{origin}");
        }
        for origin in [
            "http://localhost.example",
            "http://localhost:80.example",
            "http://127.0.0.10:80",
            "https://impfen.example",
            "file://localhost",
            "",
        ] {
            assert!(!is_this_machine(origin), "{origin}");
        }
    }

    #[actix_web::test]
    async fn a_page_may_send_the_headers_of_the_api() {
        let preflight = TestRequest::default()
            .method(Method::OPTIONS)
            .insert_header((ORIGIN, PAGE))
            .insert_header((ACCESS_CONTROL_REQUEST_METHOD, "POST"))
            .insert_header((ACCESS_CONTROL_REQUEST_HEADERS, "authorization, idempotency-key"));
        let header = ACCESS_CONTROL_ALLOW_HEADERS.as_str();
        let allowed = allowed(&[PAGE.to_owned()], preflight, header).await.expect("allowed");
        assert!(
            allowed.contains("idempotency-key") && allowed.contains("authorization"),
            "{allowed}"
        );
    }
}
