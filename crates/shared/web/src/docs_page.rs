//! The OpenAPI document and a page to read it with. Nothing is loaded from elsewhere.

use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use actix_web::web::{Bytes, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::cached::CachedBody;
use crate::problem::{Code, Problem};

const DOCUMENT_MAX_AGE_S: u32 = 60;

/// Where a client finds what the API is (RFC 8631).
pub const LINKS: HeaderValue = HeaderValue::from_static(
    "</openapi.json>; rel=\"service-desc\"; type=\"application/json\", </docs/>; rel=\"service-doc\"",
);

/// The browser itself refuses whatever the page would load from elsewhere. Swagger UI writes its
/// style into the page, hence the one exception.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The documentation as it is served.
#[derive(Clone)]
pub struct DocsPage {
    document: CachedBody,
    config: Arc<Config<'static>>,
}

impl DocsPage {
    /// Documents what `openapi` describes.
    pub fn new(openapi: &OpenApi) -> Result<Self, serde_json::Error> {
        Ok(Self::of_json(openapi.to_json()?))
    }

    /// Documents what a finished document describes.
    #[must_use]
    pub fn of_json(document: impl Into<Bytes>) -> Self {
        // The address is relative, so the page works behind a proxy that adds a prefix. The
        // validator is a service on the internet that would be sent the document.
        let config = Config::new(["../openapi.json"]).validator_url("none");
        Self { document: CachedBody::json(document, DOCUMENT_MAX_AGE_S), config: Arc::new(config) }
    }

    /// The routes `/openapi.json`, `/docs` and what belongs to the page.
    pub fn routes(self) -> impl FnOnce(&mut ServiceConfig) + Clone {
        move |config| {
            config.app_data(Data::new(self)).service(openapi_json).service(docs).service(docs_file);
        }
    }
}

/// Show this document.
#[utoipa::path(tag = "documentation", responses(
    (status = 200, description = "OpenAPI 3.1", content_type = "application/json"),
    (status = 304, description = "Unchanged."),
))]
#[get("/openapi.json")]
pub async fn openapi_json(request: HttpRequest, page: Data<DocsPage>) -> HttpResponse {
    page.document.respond(&request)
}

/// Read this document as a page.
#[utoipa::path(tag = "documentation", responses((
    status = 308, description = "The page is at `docs/`.",
    headers(("Location" = String, description = "`docs/`")),
)))]
#[get("/docs")]
pub async fn docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "docs/")).finish()
}

#[get("/docs/{file:.*}")]
async fn docs_file(file: Path<String>, page: Data<DocsPage>) -> Result<HttpResponse, Problem> {
    let file = utoipa_swagger_ui::serve(&file, page.config.clone())
        .map_err(Problem::internal)?
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let mut response = HttpResponse::Ok()
        .content_type(file.content_type)
        .insert_header(("cache-control", "public, max-age=3600"))
        .body(Bytes::from(file.bytes.into_owned()));
    secure(response.headers_mut());
    Ok(response)
}

/// Sets the security headers of a page that needs nothing from elsewhere.
pub fn secure(headers: &mut HeaderMap) {
    let values = [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ];
    for (name, value) in values {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    async fn fetch(path: &str) -> (u16, HeaderMap, String) {
        let page = DocsPage::new(&OpenApi::default()).expect("JSON");
        let app = init_service(App::new().configure(page.routes())).await;
        let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = read_body(response).await;
        (status, headers, String::from_utf8_lossy(&body).into_owned())
    }

    #[actix_web::test]
    async fn the_document_is_served() {
        let (status, headers, body) = fetch("/openapi.json").await;
        assert_eq!(status, 200);
        assert!(headers.contains_key("etag"));
        assert!(body.contains("\"openapi\":\"3.1.0\""), "{body}");
    }

    #[actix_web::test]
    async fn the_page_loads_nothing_from_elsewhere() {
        let (status, headers, html) = fetch("/docs/").await;
        assert_eq!(status, 200);
        let policy = headers.get("content-security-policy").expect("a policy");
        assert!(policy.to_str().expect("text").starts_with("default-src 'none'"));
        let (_, _, start) = fetch("/docs/swagger-initializer.js").await;
        assert!(start.contains("../openapi.json") && start.contains("\"validatorUrl\": \"none\""));
        for text in [&html, &start] {
            assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
            assert!(!text.contains("=\"//"), "{text}");
        }
        let sources = html.split("src=\"").skip(1).chain(html.split("href=\"").skip(1));
        let mut count = 0;
        for source in sources.filter_map(|rest| rest.split('"').next()) {
            let path = format!("/docs/{}", source.trim_start_matches("./"));
            let (status, headers, _) = fetch(&path).await;
            assert_eq!(status, 200, "{path}");
            assert!(headers.contains_key("content-security-policy"), "{path}");
            count += 1;
        }
        assert!(count >= 5, "{html}");
    }

    #[actix_web::test]
    async fn the_short_address_leads_to_the_page() {
        let (status, headers, _) = fetch("/docs").await;
        assert_eq!(status, 308);
        assert_eq!(headers.get(LOCATION).expect("a location"), "docs/");
        assert_eq!(fetch("/docs/nothing.js").await.0, 404);
    }
}
