//! What every service has beside its own routes.

use actix_web::web::{Data, ServiceConfig};
use utoipa::openapi::OpenApi;

use crate::docs_page::DocsPage;
use crate::fallback;
use crate::health::{self, Readiness};
use crate::problem_page::ProblemPages;

/// Health, the documentation of what `openapi` describes, the pages of the problems, and an answer to whatever
/// reaches no handler. Configure it after the service's own routes.
pub fn routes(
    openapi: &OpenApi,
    readiness: Data<Readiness>,
) -> Result<impl FnOnce(&mut ServiceConfig) + Clone + use<>, serde_json::Error> {
    let docs_page = DocsPage::new(openapi)?;
    let problem_pages = ProblemPages::default();
    let fallback = fallback::problems(openapi);
    Ok(move |config: &mut ServiceConfig| {
        config
            .configure(health::routes(readiness))
            .configure(docs_page.routes())
            .configure(problem_pages.routes())
            .configure(fallback);
    })
}
