//! Problems in the OpenAPI document.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ComponentsBuilder, ContentBuilder, OpenApi, Ref, RefOr};
use utoipa::{Modify, PartialSchema, ToSchema};

use super::{CONTENT_TYPE, Code, Entry};
use crate::language::Language;

/// Problem details (RFC 9457). Some problems have further members, which the operation names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the body itself is written by `Problem`")]
pub struct ProblemDocument {
    /// `urn:einlass:problem:` and the code.
    #[schema(rename = "type", example = "urn:einlass:problem:slot-full")]
    type_uri: String,
    /// What is the matter, in the reader's language.
    title: String,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What the reader can do about it.
    detail: String,
    /// What clients decide on; see docs/problems.md for the closed list.
    #[schema(example = "slot-full")]
    code: String,
    /// Finds the request in the logs.
    request_id: String,
    /// When to try again, in seconds.
    retry_after_s: Option<u64>,
    /// What is wrong in the request.
    errors: Option<Vec<FieldErrorDocument>>,
}

/// What is wrong with one field of a request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the body itself is written by `Problem`")]
pub struct FieldErrorDocument {
    /// The path of the field, the name of the parameter or of the header.
    #[schema(example = "person.date_of_birth")]
    field: String,
    /// What is wrong with it, for programs; docs/problems.md has the list.
    #[schema(example = "wrong-form")]
    code: String,
    /// What is wrong with it, in the reader's language.
    detail: String,
}

/// Adds the schemas that [`responses`] refers to.
#[derive(Clone, Copy, Debug)]
pub struct ProblemSchemas;

impl Modify for ProblemSchemas {
    fn modify(&self, openapi: &mut OpenApi) {
        let components = openapi.components.take().unwrap_or_default();
        let schemas = [
            (ProblemDocument::name(), ProblemDocument::schema()),
            (FieldErrorDocument::name(), FieldErrorDocument::schema()),
        ];
        let builder = schemas
            .into_iter()
            .fold(ComponentsBuilder::from(components), |builder, (name, schema)| {
                builder.schema(name, schema)
            });
        openapi.components = Some(builder.build());
    }
}

/// The responses of an operation that can answer with these problems, by status.
#[must_use]
pub fn responses(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<&'static Entry>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status().as_u16()).or_default().push(code.entry());
    }
    by_status
        .into_iter()
        .map(|(status, entries)| (status.to_string(), RefOr::T(response(&entries))))
        .collect()
}

fn response(entries: &[&'static Entry]) -> Response {
    let description: Vec<String> =
        entries.iter().map(|entry| format!("`{}`: {}.", entry.name, entry.en.title)).collect();
    let examples = entries.iter().map(|entry| {
        let example = ExampleBuilder::new().summary(entry.en.title).value(Some(example(entry)));
        (entry.name, RefOr::T(example.build()))
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ProblemDocument::name())))
        .examples_from_iter(examples)
        .build();
    let builder =
        ResponseBuilder::new().description(description.join("\n\n")).content(CONTENT_TYPE, content);
    // All entries of a response have one status.
    let tells_when = entries.iter().any(|entry| entry.code.tells_when_to_retry());
    let is_limit = entries.iter().any(|entry| entry.status == StatusCode::TOO_MANY_REQUESTS);
    let retry =
        tells_when.then(|| ("Retry-After", u64::schema(), "When to try again, in seconds."));
    let limit = [
        ("RateLimit-Policy", String::schema(), "How many requests are permitted in which time."),
        (
            "RateLimit",
            String::schema(),
            "What is left of them, and after how many seconds there is more.",
        ),
    ];
    let headers = retry.into_iter().chain(limit.into_iter().filter(|_| is_limit));
    headers
        .fold(builder, |builder, (name, schema, text)| {
            let header = HeaderBuilder::new().schema(Some(schema)).description(Some(text));
            builder.header(name, header.build())
        })
        .build()
}

fn example(entry: &Entry) -> Value {
    let mut problem = super::Problem::new(entry.code);
    if entry.code.tells_when_to_retry() {
        problem = problem.retry_after_s(3);
    }
    serde_json::from_slice(&problem.body(Language::En, "6f1c9be2d04a00000001"))
        .unwrap_or_else(|_| json!({}))
}

/// What an extractor answers with where it finds nothing that it can give to the handler.
pub trait Answers {
    /// The codes of its problems.
    const CODES: &'static [Code];
}

/// Defines a type for `#[utoipa::path(responses(…))]` that stands for the problems an operation can
/// answer with:
///
/// ```
/// web::problem_responses!(
///     /// What a redemption can be refused with.
///     pub RedeemProblems: TicketInvalid, NotYourTurn, Overloaded
/// );
/// assert_eq!(RedeemProblems::codes().len(), 3);
/// ```
///
/// `RedeemProblems of RoomInPath, IdempotencyKey: …` adds those that the extractors answer with.
#[macro_export]
macro_rules! problem_responses {
    ($(#[$doc:meta])* $vis:vis $name:ident $(of $($extractor:ty),+)?: $($code:ident),+ $(,)?) => {
        $(#[$doc])*
        $vis struct $name;

        impl $name {
            /// The codes of the problems, in the order of the catalogue.
            $vis fn codes() -> ::std::vec::Vec<$crate::problem::Code> {
                let mut codes = ::std::vec![$($crate::problem::Code::$code),+];
                $($(codes.extend_from_slice(<$extractor as $crate::problem::Answers>::CODES);)+)?
                codes.sort_unstable();
                codes.dedup();
                codes
            }
        }

        impl $crate::reexport::utoipa::IntoResponses for $name {
            fn responses() -> ::std::collections::BTreeMap<
                ::std::string::String,
                $crate::reexport::utoipa::openapi::RefOr<
                    $crate::reexport::utoipa::openapi::response::Response,
                >,
            > {
                $crate::problem::responses(&Self::codes())
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::IntoResponses;

    problem_responses!(
        /// Problems to try the macro with.
        JoinProblems: RoomNotFound, NotEligible, RateLimited, Overloaded, Unavailable
    );

    #[test]
    fn problems_of_one_status_share_a_response() {
        let responses = JoinProblems::responses();
        assert_eq!(responses.keys().collect::<Vec<_>>(), ["403", "404", "429", "503"]);
        let busy = serde_json::to_value(&responses["503"]).expect("JSON");
        let content = &busy["content"][CONTENT_TYPE];
        assert_eq!(content["schema"]["$ref"], "#/components/schemas/ProblemDocument");
        assert_eq!(content["examples"]["overloaded"]["value"]["retry_after_s"], 3);
        assert!(content["examples"]["unavailable"].is_object());
        assert!(busy["headers"]["Retry-After"].is_object());
        let limited = serde_json::to_value(&responses["429"]).expect("JSON");
        for header in ["Retry-After", "RateLimit", "RateLimit-Policy"] {
            assert!(limited["headers"][header].is_object(), "{header}");
        }
        assert!(busy["headers"]["RateLimit"].is_null());
        assert_eq!(JoinProblems::codes().len(), 5);
    }

    #[test]
    fn the_schemas_are_added() {
        let mut openapi = OpenApi::default();
        ProblemSchemas.modify(&mut openapi);
        let document = serde_json::to_value(&openapi).expect("JSON");
        let schemas = &document["components"]["schemas"];
        assert!(schemas["ProblemDocument"]["properties"]["type"].is_object(), "{schemas}");
        assert!(schemas["FieldErrorDocument"].is_object());
    }
}
