//! Problems in the OpenAPI document.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{AnyOfBuilder, Discriminator, OneOfBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{CONTENT_TYPE, Code, Entry, Mistake, Problem, members, schemas};
use crate::document::EXTENSIBLE;
use crate::language::Language;

/// Any problem: problem details (RFC 9457). Some have further members, which their own schemas name.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "describes the body; the body itself is written by `Problem`")]
pub struct ProblemDocument {
    /// `/problems/` and the code: a page of this service that explains the problem to people.
    #[schema(rename = "type", example = "/problems/slot-full")]
    type_uri: String,
    /// What is the matter, in the reader's language.
    title: String,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    status: u16,
    /// What the reader can do about it.
    detail: String,
    /// What clients decide on.
    code: String,
    /// Finds the request in the logs.
    request_id: String,
    /// When to try again, in seconds.
    #[schema(nullable = false)]
    retry_after_s: Option<u64>,
    /// What is wrong in the request.
    #[schema(nullable = false)]
    errors: Option<Vec<FieldErrorDocument>>,
}

/// What is wrong with one field of a request.
#[derive(ToSchema)]
#[schema(as = FieldError)]
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
    let content =
        ContentBuilder::new().schema(Some(any_of(entries))).examples_from_iter(examples).build();
    let builder =
        ResponseBuilder::new().description(description.join("\n\n")).content(CONTENT_TYPE, content);
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

/// One of these problems, told apart by their codes, or one that is added later.
fn any_of(entries: &[&'static Entry]) -> Schema {
    let known = |entry: &&'static Entry| Ref::from_schema_name(schemas::name_of(entry.code));
    let known: RefOr<Schema> = match entries {
        [entry] => known(entry).into(),
        several => {
            let union =
                several.iter().fold(OneOfBuilder::new(), |union, entry| union.item(known(entry)));
            let mapping = several.iter().map(|entry| (entry.name, known(entry).ref_location));
            Schema::from(union.discriminator(Some(Discriminator::with_mapping("code", mapping))))
                .into()
        }
    };
    let any = Ref::from_schema_name(ProblemDocument::name());
    let extensible = ExtensionsBuilder::new().add(EXTENSIBLE, true).build();
    AnyOfBuilder::new().item(known).item(any).extensions(Some(extensible)).into()
}

impl Problem {
    /// A problem with this code, and with every member that one can have.
    #[must_use]
    pub fn example(code: Code) -> Self {
        let mut problem = Self::new(code);
        if code.tells_when_to_retry() {
            problem = problem.retry_after_s(3);
        }
        if code == Code::InvalidRequest {
            problem = problem.field("person.date_of_birth", Mistake::Missing);
        }
        for member in members::of(code) {
            problem = problem.with(member.name, member.example);
        }
        problem
    }
}

fn example(entry: &Entry) -> Value {
    let body = Problem::example(entry.code).body(Language::En, "6f1c9be2d04a00000001");
    serde_json::from_slice(&body).unwrap_or_else(|_| json!({}))
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
        let union = &content["schema"]["anyOf"];
        assert_eq!(union[0]["discriminator"]["propertyName"], "code");
        assert_eq!(
            union[0]["discriminator"]["mapping"]["overloaded"],
            "#/components/schemas/OverloadedProblem"
        );
        assert_eq!(union[1]["$ref"], "#/components/schemas/Problem", "others may be added");
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
}
