//! The page as HTML, and what a browser is told with it.

use std::sync::LazyLock;

use ::web::{Code, Language, Problem, reply};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::door::Door;
use super::texts::{Texts, texts};
use super::visit::Visit;

const NAME: &str = "page.html";
const STYLE: &str = include_str!("../../templates/page.css");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// What a page is made of that depends on who asks. What ends in `.html` is escaped.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let added = environment.add_template(NAME, include_str!("../../templates/page.html"));
    added.expect("a template that every test of the page renders");
    environment
});

/// Nothing is loaded from anywhere, and only the one style sheet in the page counts.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
});

/// What one page shows.
#[derive(Default, Serialize)]
pub(super) struct Page {
    pub(super) heading: String,
    pub(super) alert: Option<Alert>,
    /// What is wrong with which field, for the list at the top.
    pub(super) errors: Vec<WrongField>,
    /// What is the case, a sentence or two each.
    pub(super) lines: Vec<String>,
    /// Numbers, with their names.
    pub(super) facts: Vec<Fact>,
    pub(super) door: Option<Door>,
    /// Whether the pass can be taken.
    pub(super) may_enter: bool,
    /// When the browser should ask again by itself.
    pub(super) refresh_s: Option<u32>,
}

/// What is the matter, and what to do.
#[derive(Serialize)]
pub(super) struct Alert {
    title: &'static str,
    detail: &'static str,
}

/// A field that is wrong.
#[derive(Serialize)]
pub(super) struct WrongField {
    pub(super) id: &'static str,
    pub(super) label: &'static str,
    pub(super) text: String,
}

/// A number and its name.
#[derive(Serialize)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
}

impl Alert {
    pub(super) fn of(problem: &Problem, language: Language) -> Self {
        let texts = texts(language);
        let (title, detail) = match problem.code() {
            Code::InvalidRequest => texts.wrong_fields,
            // Somebody went back and changed what they had sent.
            Code::IdempotencyKeyReused => texts.send_again,
            // A page without a script cannot compute.
            Code::ProofRequired => texts.send_later,
            Code::TicketInvalid => texts.ticket_unknown,
            code => {
                let text = code.entry().text(language);
                (text.title, text.detail)
            }
        };
        Self { title, detail }
    }

    pub(super) fn no_cookies(language: Language) -> Self {
        let (title, detail) = texts(language).no_cookies;
        Self { title, detail }
    }
}

/// The longest that nobody looks whether something has changed, and the shortest time that leaves people to read.
const REFRESH_S: std::ops::RangeInclusive<u32> = 5..=300;

impl Page {
    /// The page as it is sent.
    pub(super) fn respond(mut self, status: StatusCode, visit: &Visit<'_>) -> HttpResponse {
        let language = visit.language;
        let texts = texts(language);
        let settings = &visit.view.settings;
        let title = match language {
            Language::De => &settings.title_de,
            Language::En => &settings.title_en,
        };
        let message = visit.view.state.memory.live.message.as_ref();
        let message = message.map(|message| match language {
            Language::De => &message.de,
            Language::En => &message.en,
        });
        // What somebody has typed in must not go before it was sent.
        let is_renewed = self.refresh_s.is_some() && self.alert.is_none();
        let renewal = is_renewed.then(|| renewal(texts, visit));
        self.refresh_s = self
            .refresh_s
            .filter(|_| is_renewed && !visit.is_still())
            .map(|after| after.clamp(*REFRESH_S.start(), *REFRESH_S.end()));
        let other = match language {
            Language::De => Language::En,
            Language::En => Language::De,
        };
        let values = context! {
            title, message, renewal,
            other_language => context! {
                tag => other.tag(), name => super::texts::texts(other).language, link => visit.in_language(other),
            },
            ..Value::from(Serde(&self))
        };
        let origins = visit.guard.protects.iter().map(|origin| format!(" {origin}"));
        let policy = format!("{}{}", *POLICY, origins.collect::<String>());
        html(status, language, &policy, &values)
    }
}

/// How the page is renewed, and the way to the other manner.
fn renewal(texts: &Texts, visit: &Visit<'_>) -> Value {
    let (text, other) = if visit.is_still() { texts.still } else { texts.renewed };
    context! { text, other, link => visit.moving_or_still() }
}

/// A page for a problem that leaves nothing else to show.
pub(super) fn refusal(problem: &Problem, request: &HttpRequest) -> HttpResponse {
    let language = Language::preferred(request.headers());
    let text = problem.code().entry().text(language);
    let page = Page {
        heading: text.title.to_owned(),
        lines: vec![text.detail.to_owned()],
        ..Page::default()
    };
    let nothing: Option<&str> = None;
    let values = context! {
        title => nothing, message => nothing, renewal => nothing, other_language => nothing,
        ..Value::from(Serde(&page))
    };
    refused(problem, html(problem.code().status(), language, &POLICY, &values))
}

/// With what a problem tells programs in headers.
pub(super) fn refused(problem: &Problem, mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    for (name, value) in problem.headers() {
        headers.insert(name.clone(), value.clone());
    }
    if let Some(seconds) = problem.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn html(status: StatusCode, language: Language, policy: &str, values: &Value) -> HttpResponse {
    let style = Value::from_safe_string(STYLE.to_owned());
    let values = context! {
        style, language => language.tag(), texts => Value::from(Serde(texts(language))),
        ..values.clone()
    };
    let rendered = TEMPLATES.get_template(NAME).and_then(|template| template.render(values));
    let text = rendered.expect("every part of the template is there, which the tests show");
    let mut response = reply::private_text(HTML, text);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let security = [
        ("content-language", language.tag()),
        ("content-security-policy", policy),
        // Forms must say from where they come, and nobody else anything.
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ];
    for (name, value) in security {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}
