//! The OpenAPI document of this API.

use actix_web::App;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt;
use web::document::{Shapes, finish};

use crate::citizen::{booking, waitlist};
use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Einlass booking API",
        description = "Gives every place away exactly once. A pass of the waiting room opens it.\n\n\
            Requests that change something carry an `Idempotency-Key`; repeating one unchanged has no \
            further effect and gives the same reply. Everything that is refused is a problem of a \
            closed list, in German and English: [/problems](/problems). Times are RFC 3339 in UTC.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "Where this document is read.")),
    tags(
        (name = "campaigns", description = "What everybody may read."),
        (name = "feeds", description = "What other sites may read and pass on."),
        (name = "holds", description = "Seats of one slot, kept for a few minutes."),
        (name = "waitlist", description = "People without a place, and what is offered to them."),
        (name = "passes", description = "What the waiting room gave."),
        (name = "bookings", description = "One person's confirmed place."),
        (name = "services", description = "For other systems of the operator."),
        (name = "health", description = "For the operator."),
        (name = "documentation", description = "This document."),
    ),
    modifiers(&Tokens),
)]
struct Document;

/// The kinds of bearer tokens.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let token = |description: &str, format: &str| {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format);
            SecurityScheme::Http(scheme.description(Some(description)).build())
        };
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("pass", token("The pass of the waiting room.", "JWT"));
        let manage_token = "The manage token that came with the booking.";
        components.add_security_scheme("manage_token", token(manage_token, "opaque"));
        let waitlist_token = "The token that came with joining the waitlist.";
        components.add_security_scheme("waitlist_token", token(waitlist_token, "opaque"));
        let mail_reports = "The token that the operator has given to the mail provider.";
        components.add_security_scheme("mail_reports", token(mail_reports, "opaque"));
    }
}

/// What a type of Rust does not show of what it is.
const SHAPES: Shapes = Shapes {
    flat: &["NewlyBooked"],
    unions: &[booking::KINDS, waitlist::show::KINDS],
    open: &[
        "BookingStatus",
        "EligibilityAnswer",
        "HoldState",
        "MailState",
        "RuleName",
        "WaitlistEntryState",
        "WhyNobodyIsCalled",
    ],
};

/// The document of every route of this API, with the routes of health and documentation.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let document = App::new()
        .into_utoipa_app()
        .openapi(Document::openapi())
        .configure(routes::collect)
        .service(web::health::healthz)
        .service(web::health::readyz)
        .service(web::docs_page::openapi_json)
        .service(web::docs_page::docs)
        .service(web::problem_page::list_problems)
        .service(web::problem_page::show_problem)
        .split_for_parts()
        .1;
    finish(&document, &SHAPES)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use actix_web::http::Method;

    use web::test_client::{Example, examples};

    use super::*;
    use crate::harness::Api;

    const ROUTES: [&str; 42] = [
        "DELETE /v1/campaigns/{campaign}/passes/current",
        "DELETE /v1/holds/{hold}",
        "DELETE /v1/waitlist/{entry}",
        "GET /docs",
        "GET /fhir/$bulk-publish",
        "GET /fhir/campaigns/{campaign}/slots.ndjson",
        "GET /fhir/locations.ndjson",
        "GET /fhir/schedules.ndjson",
        "GET /healthz",
        "GET /openapi.json",
        "GET /problems",
        "GET /problems/{code}",
        "GET /readyz",
        "GET /v1/bookings/{booking}",
        "GET /v1/bookings/{booking}/calendar.ics",
        "GET /v1/bookings/{booking}/data",
        "GET /v1/bookings/{booking}/qr.svg",
        "GET /v1/campaigns",
        "GET /v1/campaigns/{campaign}",
        "GET /v1/campaigns/{campaign}/eligibility",
        "GET /v1/campaigns/{campaign}/slots",
        "GET /v1/campaigns/{campaign}/stream",
        "GET /v1/campaigns/{campaign}/waitlist",
        "GET /v1/holds/{hold}",
        "GET /v1/waitlist/{entry}",
        "POST /v1/bookings/{booking}/cancellation",
        "POST /v1/bookings/{booking}/car",
        "POST /v1/bookings/{booking}/erasure",
        "POST /v1/bookings/{booking}/mail",
        "POST /v1/bookings/{booking}/token",
        "POST /v1/campaigns/{campaign}/bookings",
        "POST /v1/campaigns/{campaign}/holds",
        "POST /v1/campaigns/{campaign}/lost-links",
        "POST /v1/campaigns/{campaign}/waitlist",
        "POST /v1/holds/{hold}/bookings",
        "POST /v1/holds/{hold}/renewal",
        "POST /v1/mail-reports",
        "POST /v1/waitlist/{entry}/offers/{offer}/acceptance",
        "POST /v1/waitlist/{entry}/offers/{offer}/decline",
        "PUT /v1/bookings/{booking}/contact",
        "PUT /v1/bookings/{booking}/person",
        "PUT /v1/bookings/{booking}/slot",
    ];

    fn document_json() -> String {
        let mut json = openapi().to_pretty_json().expect("a document can be written as JSON");
        json.push('\n');
        json
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable asks this test to write the document again"
    )]
    fn the_document_is_the_one_checked_in() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../api-spec/booking.json");
        let document = document_json();
        if std::env::var("UPDATE_DRIFT").is_ok() {
            std::fs::write(path, &document).expect("the document can be written");
        }
        let checked_in = std::fs::read_to_string(path).unwrap_or_default();
        assert!(checked_in == document, "api-spec/booking.json differs: run with UPDATE_DRIFT=1");
    }

    fn documented() -> Vec<(Method, String)> {
        let document = serde_json::to_value(openapi()).expect("JSON");
        let paths = document["paths"].as_object().expect("paths").clone();
        let operations = paths.into_iter().flat_map(|(path, item)| {
            let methods: Vec<String> = item.as_object().expect("methods").keys().cloned().collect();
            methods
                .into_iter()
                .map(move |method| (method.to_uppercase().parse().expect("a method"), path.clone()))
        });
        operations.collect()
    }

    #[test]
    fn every_route_is_in_the_document() {
        let documented: BTreeSet<String> =
            documented().iter().map(|(method, path)| format!("{method} {path}")).collect();
        assert_eq!(documented, ROUTES.map(str::to_owned).into());
        assert!(document_json().contains("\"openapi\": \"3.1"));
    }

    #[actix_web::test]
    async fn every_documented_route_is_registered() {
        let api = Api::start().await;
        for (method, path) in documented() {
            let path = path.replace("{code}", "not-found").replace(['{', '}'], "");
            let reply = api.request(&method, &path).send().await;
            let unknown = ["not-found", "method-not-allowed"].contains(&reply.code());
            assert!(!unknown, "{method} {path}: {}", reply.json);
        }
        let reply = api.request(&Method::PUT, "/v1/campaigns").send().await;
        assert_eq!((reply.status, reply.code()), (405, "method-not-allowed"));
    }

    /// What the document gives as an example is taken as a request, whatever becomes of it here.
    #[actix_web::test]
    async fn the_examples_can_be_sent() {
        let api = Api::start().await;
        for Example { method, path, body } in examples(&openapi()) {
            let call =
                api.request(&method, &path).bearer(&api.pass).header("idempotency-key", "k1");
            let reply = call.json(&body).send().await;
            assert!(![400, 405, 413, 415].contains(&reply.status), "{method} {path}: {reply}");
        }
    }

    #[test]
    fn operations_that_need_a_token_say_so() {
        let document = serde_json::to_value(openapi()).expect("JSON");
        for (method, path) in documented() {
            let operation = &document["paths"][&path][method.as_str().to_lowercase()];
            let is_lost_link = path.ends_with("/lost-links");
            let public = !path.starts_with("/v1/")
                || (method == Method::GET && path.starts_with("/v1/campaigns"))
                || is_lost_link;
            assert_eq!(operation["security"] == serde_json::json!([]), public, "{method} {path}");
            // Asking again for a link changes nothing for a while; declining or reporting twice is doing it once.
            let needs_key = [Method::POST, Method::PUT].contains(&method)
                && !is_lost_link
                && !path.ends_with("/decline")
                && path != "/v1/mail-reports";
            let has_key = operation["parameters"].to_string().contains("Idempotency-Key");
            assert_eq!(has_key, needs_key, "{method} {path}");
        }
    }
}
