//! `GET /einlass.js`: the module with which any page joins, waits and takes the pass.

use std::sync::LazyLock;

use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse, get};
use web::CachedBody;

/// The module as it is published under `api-spec/clients`.
pub(crate) const MODULE: &str = include_str!("../../../../../api-spec/clients/einlass.js");

/// A page that is open for long keeps the module it has; one that is opened after an update has it soon.
const MAX_AGE_S: u32 = 300;

/// The media type that browsers ask of a module (RFC 9239).
const JAVASCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");

static BODY: LazyLock<CachedBody> =
    LazyLock::new(|| CachedBody::json(MODULE, MAX_AGE_S).content_type(JAVASCRIPT));

/// Show the module for web pages.
///
/// `import { Einlass } from "https://…/einlass.js"` joins, waits and takes the pass, and needs nothing else.
/// Its types are in `api-spec/clients/einlass.d.ts`.
#[utoipa::path(
    tag = "documentation",
    responses(
        (
            status = 200,
            description = "An ES module.",
            content_type = "text/javascript",
            headers(
                ("ETag" = String, description = "Changes with the module."),
                ("Cache-Control" = String, description = "`public, max-age=300`"),
            ),
        ),
        (status = 304, description = "Unchanged."),
    ),
)]
#[get("/einlass.js")]
pub(crate) async fn show_einlass_js(request: HttpRequest) -> HttpResponse {
    BODY.respond(&request)
}

#[cfg(test)]
mod tests;
