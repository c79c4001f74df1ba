//! A page for each problem of the catalogue: what the `type` of a problem leads to. In German and English at
//! once, so that it needs no negotiation and may be cached.

use std::collections::HashMap;
use std::fmt::Write as _;

use actix_web::http::header::HeaderValue;
use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get};

use crate::cached::CachedBody;
use crate::docs_page::secure;
use crate::language::Language;
use crate::problem::{CATALOGUE, Code, Entry, Problem};

const MAX_AGE_S: u32 = 3_600;

/// The pages as they are served.
#[derive(Clone)]
pub struct ProblemPages {
    list: CachedBody,
    pages: HashMap<&'static str, CachedBody>,
}

impl Default for ProblemPages {
    fn default() -> Self {
        let pages = CATALOGUE.iter().map(|entry| (entry.name, cached(&page(entry))));
        Self { list: cached(&list()), pages: pages.collect() }
    }
}

impl ProblemPages {
    /// The routes `/problems` and `/problems/{code}`.
    pub fn routes(self) -> impl FnOnce(&mut ServiceConfig) + Clone {
        move |config| {
            config.app_data(Data::new(self)).service(list_problems).service(show_problem);
        }
    }
}

/// List all problems.
#[utoipa::path(tag = "documentation", responses(
    (status = 200, description = "A page for people, in German and English.", content_type = "text/html"),
    (status = 304, description = "Unchanged."),
))]
#[get("/problems")]
pub async fn list_problems(request: HttpRequest, pages: Data<ProblemPages>) -> HttpResponse {
    respond(&pages.list, &request)
}

crate::problem_responses!(
    /// What looking up a problem can be refused with.
    pub ProblemPageProblems: NotFound
);

/// Explain a problem.
///
/// What it means, and what to do. The `type` of each problem is this path.
#[utoipa::path(
    tag = "documentation",
    params(("code" = String, Path, description = "The `code` of the problem.", example = "not-found")),
    responses(
        (status = 200, description = "A page for people, in German and English.", content_type = "text/html"),
        (status = 304, description = "Unchanged."),
        ProblemPageProblems,
    ),
)]
#[get("/problems/{code}")]
pub async fn show_problem(
    request: HttpRequest,
    code: Path<String>,
    pages: Data<ProblemPages>,
) -> Result<HttpResponse, Problem> {
    let page = pages.pages.get(code.as_str()).ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(respond(page, &request))
}

fn respond(page: &CachedBody, request: &HttpRequest) -> HttpResponse {
    let mut response = page.respond(request);
    secure(response.headers_mut());
    response
}

fn cached(html: &str) -> CachedBody {
    let html_utf8 = HeaderValue::from_static("text/html; charset=utf-8");
    CachedBody::json(html.to_owned(), MAX_AGE_S).content_type(html_utf8)
}

fn page(entry: &Entry) -> String {
    let mut body = String::new();
    for language in [Language::De, Language::En] {
        let text = entry.text(language);
        let (title, detail, tag) = (escaped(text.title), escaped(text.detail), language.tag());
        push(
            &mut body,
            format_args!("<section lang=\"{tag}\"><h2>{title}</h2><p>{detail}</p></section>\n"),
        );
    }
    let (name, status) = (entry.name, entry.status.as_u16());
    push(
        &mut body,
        format_args!(
            "<p><code>{name}</code> · HTTP {status} · <a href=\"../problems\">Alle Probleme / all problems</a></p>\n"
        ),
    );
    document(name, &body)
}

fn list() -> String {
    let mut body = String::new();
    for language in [Language::De, Language::En] {
        push(&mut body, format_args!("<ul lang=\"{}\">\n", language.tag()));
        for entry in CATALOGUE {
            let (name, title) = (entry.name, escaped(entry.text(language).title));
            push(
                &mut body,
                format_args!(
                    "<li><a href=\"problems/{name}\"><code>{name}</code></a> {title}</li>\n"
                ),
            );
        }
        body.push_str("</ul>\n");
    }
    document("Probleme / problems", &body)
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"de\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>body {{ max-width: 40rem; margin: 2rem auto; padding: 0 1rem; font: 1.1rem/1.5 sans-serif }}</style>\n\
         <main>\n<h1>{title}</h1>\n{body}</main>\n</html>\n"
    )
}

fn push(page: &mut String, line: std::fmt::Arguments<'_>) {
    page.write_fmt(line).expect("a string takes every text");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    async fn fetch(path: &str) -> (u16, String) {
        let app = init_service(App::new().configure(ProblemPages::default().routes())).await;
        let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        let status = response.status().as_u16();
        if status == 200 {
            assert!(response.headers().contains_key("content-security-policy"), "{path}");
            assert!(response.headers().contains_key("etag"), "{path}");
        }
        (status, String::from_utf8_lossy(&read_body(response).await).into_owned())
    }

    #[actix_web::test]
    async fn the_type_of_each_problem_leads_to_its_page() {
        for entry in CATALOGUE {
            let (status, html) = fetch(entry.type_uri).await;
            assert_eq!(status, 200, "{}", entry.name);
            for text in [entry.de, entry.en] {
                assert!(html.contains(&escaped(text.title)), "{html}");
                assert!(html.contains(&escaped(text.detail)), "{html}");
            }
        }
        assert_eq!(fetch("/problems/nothing").await.0, 404);
    }

    #[actix_web::test]
    async fn the_list_leads_to_all() {
        let (_, html) = fetch("/problems").await;
        for entry in CATALOGUE {
            assert_eq!(html.matches(&format!("href=\"problems/{}\"", entry.name)).count(), 2);
        }
    }
}
