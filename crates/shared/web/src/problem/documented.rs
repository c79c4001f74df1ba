//! The problems that the document names for each operation, to be held against those it answers with.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::{CONTENT_TYPE, Code};

/// Problems that any operation may answer with, and that no operation therefore names.
const EVERYWHERE: [Code; 3] = [Code::Internal, Code::NotFound, Code::MethodNotAllowed];

/// By method and path, the codes that the document names.
#[derive(Clone, Debug)]
pub struct DocumentedProblems(BTreeMap<(String, String), BTreeSet<String>>);

impl DocumentedProblems {
    /// What `document` says.
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        let document = serde_json::to_value(document).unwrap_or_default();
        let mut operations = BTreeMap::new();
        for (path, item) in members(&document["paths"]) {
            for (method, operation) in members(item) {
                let codes = members(&operation["responses"]).flat_map(|(_, response)| {
                    members(&response["content"][CONTENT_TYPE]["examples"]).map(|(code, _)| code)
                });
                operations.insert((method.to_uppercase(), path.clone()), codes.cloned().collect());
            }
        }
        Self(operations)
    }

    /// Whether the document names `code` for this request; anything is right where it has no such operation.
    #[must_use]
    pub fn names(&self, method: &str, path: &str, code: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        let operation = self
            .0
            .iter()
            .find(|((its_method, template), _)| its_method == method && is_of(template, path));
        let everywhere = EVERYWHERE.iter().any(|known| known.name() == code);
        operation.is_none_or(|(_, codes)| everywhere || codes.contains(code))
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Whether a path is one of a template such as `/v1/holds/{hold}`.
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
    fn a_code_that_is_not_named_is_noticed() {
        let documented = DocumentedProblems(BTreeMap::from([(
            ("GET".to_owned(), "/v1/holds/{hold}".to_owned()),
            BTreeSet::from(["hold-not-found".to_owned()]),
        )]));
        assert!(documented.names("GET", "/v1/holds/hold_1?x=1", "hold-not-found"));
        assert!(documented.names("GET", "/v1/holds/hold_1", "internal"));
        assert!(!documented.names("GET", "/v1/holds/hold_1", "pass-invalid"));
        assert!(documented.names("GET", "/v1/holds/hold_1/x", "pass-invalid"), "no such operation");
    }
}
