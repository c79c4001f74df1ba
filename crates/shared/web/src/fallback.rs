//! What a request gets that no handler takes: wrong path, wrong method, a parameter of the path that is none.

use std::collections::BTreeMap;

use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue, LINK};
use actix_web::web::{self, Data, PathConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use utoipa::openapi::{OpenApi, PathItem};

use crate::docs_page::LINKS;
use crate::problem::{Code, Problem};

/// The methods of each path, for the `Allow` header.
#[derive(Clone, Debug, Default)]
struct AllowedMethods(BTreeMap<String, Vec<Method>>);

/// Sets up problems for everything that does not reach a handler. `openapi` tells which methods a
/// path has; a path that is not in it has `GET`.
pub fn problems(openapi: &OpenApi) -> impl FnOnce(&mut ServiceConfig) + Clone + use<> {
    let allowed = Data::new(AllowedMethods::of(openapi));
    move |config| {
        config
            .app_data(allowed)
            .app_data(
                PathConfig::default().error_handler(|_, _| Problem::new(Code::NotFound).into()),
            )
            .default_service(web::to(no_handler));
    }
}

async fn no_handler(
    request: HttpRequest,
    allowed: Data<AllowedMethods>,
) -> Result<HttpResponse, Problem> {
    let Some(pattern) = request.match_pattern() else {
        return Err(Problem::new(Code::NotFound).header(LINK, LINKS));
    };
    let methods = allowed.0.get(&pattern).map_or(&[Method::GET, Method::HEAD][..], Vec::as_slice);
    if methods.contains(request.method()) {
        return Err(Problem::new(Code::NotFound));
    }
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let value = HeaderValue::from_str(&names.join(", ")).map_err(Problem::internal)?;
    Err(Problem::new(Code::MethodNotAllowed).header(ALLOW, value))
}

impl AllowedMethods {
    fn of(openapi: &OpenApi) -> Self {
        let paths = openapi.paths.paths.iter();
        Self(paths.map(|(path, item)| (path.clone(), methods(item))).collect())
    }
}

fn methods(item: &PathItem) -> Vec<Method> {
    [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::OPTIONS, &item.options),
        (Method::HEAD, &item.head),
        (Method::PATCH, &item.patch),
        (Method::TRACE, &item.trace),
    ]
    .into_iter()
    .filter(|(_, operation)| operation.is_some())
    .flat_map(|(method, _)| {
        // Whatever can be fetched can be asked for its head.
        let head = (method == Method::GET).then_some(Method::HEAD);
        [Some(method), head].into_iter().flatten()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Drain, Edge};
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use actix_web::{App, delete, get};
    use kernel::{CampaignId, SeededEntropy};
    use serde_json::Value;
    use utoipa::OpenApi as _;

    #[utoipa::path]
    #[get("/rooms/{room}")]
    async fn show(_room: web::Path<CampaignId>) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }

    #[utoipa::path]
    #[delete("/rooms/{room}")]
    async fn leave() -> HttpResponse {
        HttpResponse::NoContent().finish()
    }

    #[derive(utoipa::OpenApi)]
    #[openapi(paths(show, leave))]
    struct Document;

    async fn answer(request: TestRequest) -> (u16, Option<String>, Value) {
        let edge = Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1)));
        let app = App::new()
            .service(show)
            .service(leave)
            .configure(problems(&Document::openapi()))
            .wrap(edge);
        let response = call_service(&init_service(app).await, request.to_request()).await;
        let allow = response.headers().get(ALLOW);
        let allow = allow.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let status = response.status().as_u16();
        let body = if status < 400 { Value::Null } else { read_body_json(response).await };
        (status, allow, body)
    }

    fn get(uri: &str) -> TestRequest {
        TestRequest::get().uri(uri)
    }

    #[actix_web::test]
    async fn a_path_nobody_knows_is_not_found() {
        let (status, allow, body) = answer(get("/nowhere")).await;
        assert_eq!((status, allow), (404, None));
        assert_eq!(body["code"], "not-found");
    }

    #[actix_web::test]
    async fn a_method_the_path_does_not_have_is_told_those_it_has() {
        let (status, allow, body) = answer(TestRequest::post().uri("/rooms/a")).await;
        assert_eq!((status, allow.as_deref()), (405, Some("GET, HEAD, DELETE")));
        assert_eq!(body["code"], "method-not-allowed");
        assert_eq!(answer(TestRequest::delete().uri("/rooms/a")).await.0, 204);
    }

    #[actix_web::test]
    async fn a_name_that_is_none_is_not_found() {
        assert_eq!(answer(get("/rooms/A")).await.0, 404);
        assert_eq!(answer(get("/rooms/a")).await.0, 204);
    }
}
