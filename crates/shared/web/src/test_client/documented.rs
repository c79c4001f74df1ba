//! What the document says an operation answers, to be held against what it answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::Reply;
use super::bodies::Bodies;
use crate::problem::{CONTENT_TYPE, Code};

/// Problems that any operation may answer with, and that no operation therefore names.
const EVERYWHERE: [Code; 3] = [Code::Internal, Code::NotFound, Code::MethodNotAllowed];

/// Problems of a path or a method that is not there.
const NOWHERE: [Code; 2] = [Code::NotFound, Code::MethodNotAllowed];

/// Refusals of which each has all the headers that the document names for their status.
const UNIFORM: [u16; 4] = [401, 405, 429, 503];

/// What a document says of the answers of its operations.
pub(super) struct DocumentedAnswers {
    /// By method and path.
    operations: BTreeMap<(String, String), Statuses>,
    bodies: Bodies,
}

type Statuses = BTreeMap<u16, Answer>;

/// One answer of an operation.
#[derive(Default)]
struct Answer {
    /// The codes of its problems; none if it has a body of its own.
    codes: BTreeSet<String>,
    headers: Vec<String>,
    /// The schemas of its body, by media type.
    content: BTreeMap<String, Value>,
}

impl DocumentedAnswers {
    /// What `document` says. OpenAPI asks for a description of every response, and programs that make clients refuse a
    /// document without.
    ///
    /// # Panics
    /// Where a response has none.
    pub(super) fn of(document: &OpenApi) -> Self {
        let document = serde_json::to_value(document).expect("a document can be written as JSON");
        let mut operations = BTreeMap::new();
        for (path, item) in members(&document["paths"]) {
            for (method, operation) in members(item) {
                let statuses = members(&operation["responses"]).map(|(status, response)| {
                    let response = resolved(&document, response);
                    let is_described =
                        response["description"].as_str().is_some_and(|text| !text.is_empty());
                    assert!(is_described, "{method} {path} {status} has no description");
                    let status = status.parse().expect("every response is of one status");
                    (status, Answer::of(response))
                });
                operations.insert((method.to_uppercase(), path.clone()), statuses.collect());
            }
        }
        Self { operations, bodies: Bodies::of(&document) }
    }

    /// Why the document does not have this reply: its status, the code of its problem, a header that is missing, or its
    /// body.
    pub(super) fn mistakes(&self, method: &str, path: &str, reply: &Reply) -> Option<String> {
        if !self.names(method, path, reply.status, reply.code()) {
            return Some("not in the document".to_owned());
        }
        let answer = self.operation(method, path)?.get(&reply.status)?;
        let has_all = reply.status < 400 || UNIFORM.contains(&reply.status);
        let missing = answer
            .headers
            .iter()
            .find(|name| has_all && !reply.headers.contains_key(name.as_str()));
        if let Some(header) = missing {
            return Some(format!("without the header {header}"));
        }
        if answer.content.is_empty() {
            return None;
        }
        let media_type = reply.header("content-type").split(';').next().unwrap_or_default();
        let Some(schema) = answer.content.get(media_type) else {
            return Some(format!("of the undocumented type '{media_type}'"));
        };
        // The head of an answer has no body, and a page none that a schema could describe.
        let is_shown = !schema.is_null() && !reply.bytes.is_empty();
        is_shown.then(|| self.bodies.mistakes(schema, &reply.json)).flatten()
    }

    /// Whether the document names `status` for this request, and under it the `code` of a problem; the code is
    /// empty where the body is no problem.
    fn names(&self, method: &str, path: &str, status: u16, code: &str) -> bool {
        let is_one_of = |codes: &[Code]| {
            codes.iter().any(|known| known.name() == code && known.status().as_u16() == status)
        };
        let Some(statuses) = self.operation(method, path) else { return is_one_of(&NOWHERE) };
        let named = statuses.get(&status).is_some_and(|answer| {
            if answer.codes.is_empty() { code.is_empty() } else { answer.codes.contains(code) }
        });
        named || is_one_of(&EVERYWHERE)
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Statuses> {
        let of = |(its_method, template): &(String, String)| {
            its_method == method && is_of(template, path)
        };
        self.operations.iter().find(|(operation, _)| of(operation)).map(|(_, statuses)| statuses)
    }
}

impl Answer {
    fn of(response: &Value) -> Self {
        let codes = members(&response["content"][CONTENT_TYPE]["examples"]);
        let content = members(&response["content"]);
        Self {
            codes: codes.map(|(code, _)| code.clone()).collect(),
            headers: members(&response["headers"]).map(|(name, _)| name.to_lowercase()).collect(),
            content: content.map(|(of, content)| (of.clone(), content["schema"].clone())).collect(),
        }
    }
}

/// What a reference leads to, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let Some(pointer) = value["$ref"].as_str().and_then(|text| text.strip_prefix('#')) else {
        return value;
    };
    document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} leads nowhere"))
}

pub(super) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Whether a path is one of a template such as `/v1/things/{thing}`.
fn is_of(template: &str, path: &str) -> bool {
    let (mut its, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (its.next(), given.next()) {
            (None, None) => return true,
            (Some(name), Some(text)) if name == text || name.starts_with('{') => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_or_a_code_that_is_not_named_is_noticed() {
        let refused =
            Answer { codes: BTreeSet::from(["hold-not-found".to_owned()]), ..Answer::default() };
        let documented = DocumentedAnswers {
            operations: BTreeMap::from([(
                ("GET".to_owned(), "/v1/holds/{hold}".to_owned()),
                BTreeMap::from([
                    (200, Answer::default()),
                    (404, refused),
                    (503, Answer::default()),
                ]),
            )]),
            bodies: Bodies::of(&Value::Null),
        };
        for (path, status, code, is_named) in [
            ("/v1/holds/hold_1", 200, "", true),
            ("/v1/holds/hold_1", 304, "", false),
            ("/v1/holds/hold_1", 404, "hold-not-found", true),
            ("/v1/holds/hold_1", 404, "", false),
            ("/v1/holds/hold_1", 404, "pass-invalid", false),
            ("/v1/holds/hold_1", 401, "pass-invalid", false),
            ("/v1/holds/hold_1", 409, "hold-not-found", false),
            ("/v1/holds/hold_1", 503, "", true),
            ("/v1/holds/hold_1", 503, "unavailable", false),
            ("/v1/holds/hold_1", 500, "internal", true),
            ("/v1/holds/hold_1", 405, "method-not-allowed", true),
            ("/v1/holds/hold_1/x", 404, "not-found", true),
            ("/v1/holds/hold_1/x", 200, "", false),
            ("/v1/holds/hold_1/x", 401, "pass-invalid", false),
        ] {
            assert_eq!(
                documented.names("GET", path, status, code),
                is_named,
                "{path} {status} {code}"
            );
        }
    }
}
