//! The OpenAPI document, collected from the handlers as they are registered.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt;
use web::document::{Shapes, finish};

use crate::citizen::{join, ticket};
use crate::routes;
use crate::wire::MunicipalityToChoose;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Einlass waiting room API",
        description = "The virtual waiting room in front of a campaign.\n\n\
            A citizen joins with a postcode, and where the room asks for it with names or an e-mail \
            address, and gets a ticket. The ticket is the whole state: keep it, ask with it how things \
            stand as often as `poll_after_s` says, and redeem it for a pass when it is called. The pass \
            opens the booking API for a few minutes. Whoever closes the page loses nothing.\n\n\
            Times are RFC 3339 in UTC. Refusals are problem details (RFC 9457) from a closed catalogue, \
            in German and English: [/problems](/problems); decide on `code`. Texts come in English or \
            German, as `Accept-Language` asks. New members, and new values of `phase`, `state`, `slowed` \
            and `odds`, can be added at any time; ignore what you do not know.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "Where this document is read.")),
    paths(
        web::docs_page::openapi_json,
        web::docs_page::docs,
        web::problem_page::list_problems,
        web::problem_page::show_problem,
        web::health::healthz,
        web::health::readyz,
    ),
    components(schemas(
        web::health::Live,
        web::health::Ready,
        web::health::Missing,
        MunicipalityToChoose,
    )),
    tags(
        (name = "rooms", description = "For everybody."),
        (name = "hotline", description = "For those who queue for callers."),
        (name = "operator", description = "For those who run the waiting room."),
        (name = "services", description = "Between the waiting room and the booking service."),
        (name = "health", description = "For the operator."),
        (name = "documentation", description = "This document."),
    ),
    modifiers(&SecuritySchemes),
)]
struct Document;

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = |description: &str, format: Option<&str>| {
            let mut scheme = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some(description.to_owned()));
            if let Some(format) = format {
                scheme = scheme.bearer_format(format);
            }
            SecurityScheme::Http(scheme.build())
        };
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("ticket", bearer("The ticket that joining answered.", None));
        components.add_security_scheme(
            "pass",
            bearer("The pass that a ticket was redeemed for.", Some("JWT")),
        );
        components.add_security_scheme(
            "staff",
            bearer(
                "A token of a member of staff, issued by `einlass token issue` or by the OpenID Connect \
                 provider of the town. It names roles, and the campaigns that they are for.",
                Some("JWT"),
            ),
        );
        components.add_security_scheme(
            "service",
            bearer(
                "The credential of the room in the path: HMAC-SHA256 of `einlass signals v1`, a zero \
                 byte and the name of the room, in base64url without padding. The key is the text that \
                 both services are configured with as `signals.credential`.",
                None,
            ),
        );
    }
}

/// What a type of Rust does not show of what it is.
const SHAPES: Shapes = Shapes {
    flat: &["TakenPass"],
    unions: &[ticket::KINDS, join::KINDS],
    open: &["Asked", "Chances", "Done", "RoomPhase", "SlowedBy", "State"],
};

/// The OpenAPI 3.1 document of the API, with the routes for health and documentation.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let document = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Document::openapi())
        .configure(routes::collect)
        .split_for_parts()
        .1;
    finish(&document, &SHAPES)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use actix_web::http::Method;
    use staff::Role;
    use web::test_client::{Example, examples};

    use super::*;
    use crate::harness::{Harness, credential, token_of};

    /// The document as it is checked in under `api-spec/`.
    fn document_json() -> String {
        let mut text = openapi().to_pretty_json().expect("the document can be written as JSON");
        text.push('\n');
        text
    }

    /// Method and path of every operation in the document.
    fn documented() -> BTreeSet<(String, String)> {
        let document: serde_json::Value = serde_json::from_str(&document_json()).expect("JSON");
        let paths = document["paths"].as_object().expect("paths");
        let operations = |(path, item): (&String, &serde_json::Value)| {
            let methods: Vec<String> = item.as_object().expect("an item").keys().cloned().collect();
            methods.into_iter().map(|method| (method, path.clone())).collect::<Vec<_>>()
        };
        paths.iter().flat_map(operations).collect()
    }

    /// Method and path in the route attributes of the handlers.
    fn written() -> BTreeSet<(String, String)> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let entries = |folder: &Path| {
            let entries = fs::read_dir(folder).expect("a folder of sources");
            entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
        };
        let (folders, _files): (Vec<_>, Vec<_>) =
            entries(&source).into_iter().partition(|path| path.is_dir());
        let files = folders.iter().flat_map(|folder| entries(folder));
        files
            .filter(|path| path.is_file())
            .flat_map(|path| routes_in(&fs::read_to_string(path).expect("a source file")))
            .collect()
    }

    fn routes_in(source: &str) -> Vec<(String, String)> {
        let methods = ["get", "post", "put", "delete", "patch", "head"];
        let route = |line: &str| {
            methods.iter().find_map(|method| {
                let rest = line.strip_prefix(&format!("#[{method}(\""))?;
                Some((method.to_string(), rest.split('"').next()?.to_owned()))
            })
        };
        source.lines().filter_map(route).collect()
    }

    #[test]
    fn the_checked_in_document_is_the_generated_one() {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../api-spec/waiting-room.json");
        #[expect(clippy::disallowed_methods, reason = "the switch of the drift tests")]
        let update = std::env::var_os("UPDATE_DRIFT").is_some();
        if update {
            fs::write(&file, document_json()).expect("writing the document");
        }
        let checked_in = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            checked_in == document_json(),
            "api-spec/waiting-room.json is out of date: run the tests with UPDATE_DRIFT=1"
        );
    }

    #[test]
    fn every_route_is_in_the_document() {
        let (documented, written) = (documented(), written());
        let listed = include_str!("routes.rs").matches(".service(").count();
        assert_eq!(written.len(), listed, "{written:?}");
        assert!(written.is_subset(&documented), "{documented:?}");
    }

    #[actix_web::test]
    async fn every_documented_route_is_registered() {
        let harness = Harness::start().await;
        // A stream would not end otherwise.
        harness.drain.start();
        for (method, path) in documented() {
            let uri = path.replace("{room}", "town").replace("{code}", "not-found");
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let reply = harness.request(&method, &uri).send().await;
            let is_there = !["not-found", "method-not-allowed"].contains(&reply.code());
            assert!(is_there, "{method} {path}");
        }
    }

    /// What the document gives as an example is taken as a request, whatever becomes of it here.
    #[actix_web::test]
    async fn the_examples_can_be_sent() {
        let harness = Harness::start().await;
        for Example { method, path, body } in examples(&openapi()) {
            let path = path.replace("speyer-2021-06-20", "town");
            let bearer = match path.split('/').nth(2) {
                Some("staff") => token_of(&[Role::Hotline]),
                Some("operator") => token_of(&[Role::Operator]),
                _ => credential("town"),
            };
            let call = harness.request(&method, &path).bearer(&bearer).json(&body);
            let is_join = path.ends_with("/tickets") && !path.starts_with("/v1/staff/");
            let call = if is_join { call.no_header("authorization") } else { call };
            let call = call.header("if-match", "*");
            let reply = call.send().await;
            // The code of the example opens nothing here.
            let is_taken =
                [200, 201, 204].contains(&reply.status) || reply.code() == "resume-code-not-found";
            assert!(is_taken, "{method} {path}: {reply}");
        }
    }

    #[actix_web::test]
    async fn another_method_is_refused_with_those_that_are_there() {
        let harness = Harness::start().await;
        let reply = harness.request(&Method::PUT, "/v1/rooms/town").send().await;
        assert_eq!(reply.status, 405);
        assert_eq!(reply.header("allow"), "GET, HEAD");
        let head = harness.request(&Method::HEAD, "/v1/rooms/town").send().await;
        assert_eq!(head.status, 200, "HEAD on every GET");
        let reply = harness.get("/v1/nothing").send().await;
        assert_eq!((reply.status, reply.code()), (404, "not-found"));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let text = document_json();
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for reference in text.split("\"$ref\": \"#").skip(1) {
            let pointer = reference.split('"').next().expect("a pointer");
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
