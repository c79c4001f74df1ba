//! What the document says an operation answers, to be held against what it answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::problem::{CONTENT_TYPE, Code};

/// Problems that any operation may answer with, and that no operation therefore names.
const EVERYWHERE: [Code; 3] = [Code::Internal, Code::NotFound, Code::MethodNotAllowed];

/// Problems of a path or a method that is not there.
const NOWHERE: [Code; 2] = [Code::NotFound, Code::MethodNotAllowed];

/// The codes of problems, by status. A status that has a body of its own has no codes.
type Statuses = BTreeMap<u16, BTreeSet<String>>;

/// By method and path, the statuses and codes that the document names.
#[derive(Clone, Debug)]
pub(super) struct DocumentedAnswers(BTreeMap<(String, String), Statuses>);

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
                    let is_described =
                        response["description"].as_str().is_some_and(|text| !text.is_empty());
                    assert!(is_described, "{method} {path} {status} has no description");
                    let status = status.parse().expect("every response is of one status");
                    let codes = members(&response["content"][CONTENT_TYPE]["examples"]);
                    (status, codes.map(|(code, _)| code.clone()).collect())
                });
                operations.insert((method.to_uppercase(), path.clone()), statuses.collect());
            }
        }
        Self(operations)
    }

    /// Whether the document names `status` for this request, and under it the `code` of a problem; the code is
    /// empty where the body is no problem.
    pub(super) fn names(&self, method: &str, path: &str, status: u16, code: &str) -> bool {
        let is_one_of = |codes: &[Code]| {
            codes.iter().any(|known| known.name() == code && known.status().as_u16() == status)
        };
        let operation = self
            .0
            .iter()
            .find(|((its_method, template), _)| its_method == method && is_of(template, path));
        let Some((_, statuses)) = operation else { return is_one_of(&NOWHERE) };
        let named = statuses.get(&status).is_some_and(|codes| {
            if codes.is_empty() { code.is_empty() } else { codes.contains(code) }
        });
        named || is_one_of(&EVERYWHERE)
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
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
        let documented = DocumentedAnswers(BTreeMap::from([(
            ("GET".to_owned(), "/v1/holds/{hold}".to_owned()),
            BTreeMap::from([
                (200, BTreeSet::new()),
                (404, BTreeSet::from(["hold-not-found".to_owned()])),
                (503, BTreeSet::new()),
            ]),
        )]));
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
