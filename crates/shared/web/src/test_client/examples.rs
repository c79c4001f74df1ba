//! The examples of a document: they are possible, and can be sent.

use actix_web::http::Method;
use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

use super::bodies::Bodies;
use super::documented::members;

/// The longest title of an operation: it is one line of a list.
const TITLE_LENGTH_MAX: usize = 60;

/// A request that a document gives as an example.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its method.
    pub method: Method,
    /// Its path, with the examples of its parameters.
    pub path: String,
    /// Its body.
    pub body: Value,
}

/// The requests with a body in JSON that a document gives as examples.
///
/// # Panics
/// Where an example is not what its schema says, a parameter of a path has none, or the document breaks a rule that all
/// documents keep: a member is nullable or may be left out, not both, and an operation has a short title.
#[must_use]
pub fn examples(document: &OpenApi) -> Vec<Example> {
    let document = serde_json::to_value(document).expect("a document can be written as JSON");
    assert_possible(&document);
    let operations = members(&document["paths"]).flat_map(|(path, item)| {
        members(item).map(move |(method, operation)| (path, method, operation))
    });
    let with_body = operations.filter(|(_, _, operation)| {
        operation["requestBody"]["content"]["application/json"].is_object()
    });
    with_body
        .map(|(path, method, operation)| {
            let content = &operation["requestBody"]["content"]["application/json"];
            Example {
                method: method.to_uppercase().parse().expect("a method"),
                path: path_of(path, &operation["parameters"]),
                body: example(&document, content)
                    .unwrap_or_else(|| panic!("{path} has no example")),
            }
        })
        .collect()
}

fn path_of(template: &str, parameters: &Value) -> String {
    let parameters = parameters.as_array().into_iter().flatten();
    parameters.filter(|parameter| parameter["in"] == "path").fold(
        template.to_owned(),
        |path, parameter| {
            let name = parameter["name"].as_str().unwrap_or_default();
            let example = parameter["example"].as_str();
            let example = example.unwrap_or_else(|| panic!("{template}: {name} has no example"));
            path.replace(&format!("{{{name}}}"), example)
        },
    )
}

/// The example of a schema or of a content: its own, or that of its members.
fn example(document: &Value, of: &Value) -> Option<Value> {
    if let Some(own) = of.get("example") {
        return Some(own.clone());
    }
    if let Some(first) = of["examples"].as_array().and_then(|examples| examples.first()) {
        return Some(first.clone());
    }
    if let Some(schema) = of.get("schema") {
        return example(document, schema);
    }
    if let Some(pointer) = of["$ref"].as_str() {
        return example(document, document.pointer(pointer.strip_prefix('#')?)?);
    }
    let properties = of["properties"].as_object()?;
    let all: Option<Map<_, _>> = properties
        .iter()
        .map(|(name, schema)| Some((name.clone(), example(document, schema)?)))
        .collect();
    all.map(Value::Object)
}

/// Every example is one of its schema, a member is either nullable or may be left out, not both, and every operation
/// has a title.
fn assert_possible(document: &Value) {
    let bodies = Bodies::of(document);
    for (name, schema) in members(&document["components"]["schemas"]) {
        for (member, its) in members(&schema["properties"]) {
            if let Some(example) = its.get("example") {
                let mistakes = bodies.mistakes(its, example);
                assert_eq!(mistakes, None, "{name}.{member}: {example}");
            }
            let required = schema["required"]
                .as_array()
                .is_some_and(|names| names.iter().any(|required| required == member));
            assert!(required || !is_nullable(its), "{name}.{member} may be null and left out");
        }
    }
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item) {
            let title = operation["summary"].as_str().unwrap_or_default();
            let is_short = (1..=TITLE_LENGTH_MAX).contains(&title.len()) && !title.contains(". ");
            assert!(is_short, "{method} {path}: '{title}' is no title");
            for (status, response) in members(&operation["responses"]) {
                for (_, content) in members(&response["content"]) {
                    for (code, example) in members(&content["examples"]) {
                        let mistakes = bodies.mistakes(&content["schema"], &example["value"]);
                        assert_eq!(mistakes, None, "{method} {path} {status} {code}");
                    }
                }
            }
        }
    }
}

fn is_nullable(schema: &Value) -> bool {
    let any = |of: &str, is_null: fn(&Value) -> bool| {
        schema[of].as_array().is_some_and(|all| all.iter().any(is_null))
    };
    any("type", |name| name == "null")
        || any("oneOf", |one| one["type"] == "null")
        || any("anyOf", |one| one["type"] == "null")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(colour: &Value, required: &Value) -> OpenApi {
        let document = json!({
            "openapi": "3.1.0",
            "info": {"title": "Things", "version": "1"},
            "paths": {"/v1/things/{thing}": {"put": {
                "summary": "Change a thing",
                "parameters": [{"name": "thing", "in": "path", "required": true, "example": "t1"}],
                "requestBody": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Thing"},
                }}},
                "responses": {"204": {"description": "Done."}},
            }}},
            "components": {"schemas": {"Thing": {
                "type": "object", "required": required, "properties": {"colour": colour},
            }}},
        });
        serde_json::from_value(document).expect("a document")
    }

    #[test]
    fn a_request_is_made_of_the_examples_of_its_members() {
        let document = document(&json!({"type": "string", "example": "red"}), &json!([]));
        let found = examples(&document);
        let [Example { method, path, body }] = &found[..] else { panic!("{found:?}") };
        assert_eq!((method, &**path), (&Method::PUT, "/v1/things/t1"));
        assert_eq!(*body, json!({"colour": "red"}));
    }

    #[test]
    #[should_panic(expected = "Thing.colour: 7")]
    fn an_example_that_is_not_possible_is_noticed() {
        let _ = examples(&document(&json!({"type": "string", "example": 7}), &json!([])));
    }

    #[test]
    #[should_panic(expected = "Thing.colour may be null and left out")]
    fn a_member_that_may_be_null_and_left_out_is_noticed() {
        let colour = json!({"type": ["string", "null"], "example": "red"});
        let _ = examples(&document(&colour, &json!([])));
    }
}
