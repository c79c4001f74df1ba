//! What every operation answers, and the headers that follow from what it answers.

use serde_json::{Map, Value, json};

use super::{object, operations};
use crate::problem::{self, Code};

/// Where the operations of the APIs begin; the others are about the process.
const API: &str = "/v1/";

/// What any operation of the API may answer with. The document describes each once.
pub(crate) const EVERYWHERE: [(Code, &str); 2] =
    [(Code::MethodNotAllowed, "MethodNotAllowed"), (Code::Internal, "Internal")];

pub(super) fn complete(document: &mut Value) {
    for (path, operation) in operations(document) {
        operation.entry("security").or_insert_with(|| json!([]));
        let title = operation.get("summary").and_then(Value::as_str);
        if let Some(title) = title.map(|title| title.trim_end_matches('.').to_owned()) {
            operation.insert("summary".to_owned(), title.into());
        }
        if object(&mut operation["responses"]).contains_key("304") {
            validated(operation);
        } else {
            kept_by_nobody(operation);
        }
        for (status, response) in object(&mut operation["responses"]) {
            if status == "401" {
                let headers = object(&mut response["headers"]);
                header(headers, "WWW-Authenticate", "`Bearer`");
            }
        }
        if path.starts_with(API) {
            for (code, name) in EVERYWHERE {
                let response = json!({"$ref": format!("#/components/responses/{name}")});
                operation["responses"][code.status().as_str()] = response;
            }
        }
    }
    for (code, name) in EVERYWHERE {
        let mut response = problem::responses(&[code]).into_values().map(serde_json::to_value);
        let response = response.next().and_then(Result::ok).expect("one code has one response");
        object(&mut document["components"]["responses"]).insert(name.to_owned(), response);
    }
    let refused = &mut document["components"]["responses"]["MethodNotAllowed"]["headers"];
    header(object(refused), "Allow", "The methods of this address.");
}

/// What has an entity tag is kept by caches for a moment, and asked for again with the tag.
fn validated(operation: &mut Map<String, Value>) {
    for status in ["200", "304"] {
        let headers = object(&mut operation["responses"][status]["headers"]);
        header(headers, "ETag", "Changes with the content.");
        header(headers, "Cache-Control", "How long everybody may keep it: `public, max-age=…`.");
    }
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    let parameters = parameters.as_array_mut().expect("a list of parameters");
    if parameters.iter().all(|parameter| parameter["name"] != "If-None-Match") {
        parameters.push(json!({
            "name": "If-None-Match",
            "in": "header",
            "description": "The entity tag of the last answer.",
            "required": false,
            "schema": {"type": "string"},
        }));
    }
}

/// What is one person's, or true for one moment, is kept by no cache.
fn kept_by_nobody(operation: &mut Map<String, Value>) {
    for (status, response) in object(&mut operation["responses"]) {
        if status.starts_with('2') && response["content"].is_object() {
            header(object(&mut response["headers"]), "Cache-Control", "`no-store`");
        }
    }
}

fn header(headers: &mut Map<String, Value>, name: &str, description: &str) {
    headers
        .entry(name)
        .or_insert_with(|| json!({"schema": {"type": "string"}, "description": description}));
}
