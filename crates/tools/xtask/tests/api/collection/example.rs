//! A body that a request can be sent with.

use serde_json::{Map, Value};

use crate::document::Document;

/// What the document shows as an example, or what can be made of the schema: of an object, the members that
/// it must have. Members of these names are variables instead.
pub fn body(document: &Document, content: &Value, variables: &[&str]) -> Value {
    let shown = content.get("example").cloned().or_else(|| {
        let examples = content["examples"].as_object()?;
        Some(document.resolved(examples.values().next()?)["value"].clone())
    });
    let value = shown.unwrap_or_else(|| of_schema(document, &content["schema"]));
    with_variables(value, variables)
}

fn with_variables(value: Value, variables: &[&str]) -> Value {
    let Value::Object(members) = value else { return value };
    let replaced = members.into_iter().map(|(name, value)| {
        let value = if variables.contains(&name.as_str()) && value.is_string() {
            Value::String(format!("{{{{{name}}}}}"))
        } else {
            with_variables(value, variables)
        };
        (name, value)
    });
    Value::Object(replaced.collect())
}

pub fn of_schema(document: &Document, schema: &Value) -> Value {
    let schema = document.resolved(schema);
    let shown = schema.get("example").or_else(|| schema.get("const"));
    if let Some(value) =
        shown.or_else(|| first(schema, "examples")).or_else(|| first(schema, "enum"))
    {
        return value.clone();
    }
    if let Some(alternative) = first(schema, "oneOf").or_else(|| first(schema, "anyOf")) {
        return of_schema(document, alternative);
    }
    let mut members = Map::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if let Value::Object(more) = of_schema(document, part) {
            members.extend(more);
        }
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        members.insert(name.to_owned(), of_schema(document, &schema["properties"][name]));
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find_map(Value::as_str).unwrap_or_default(),
        kind => kind.as_str().unwrap_or_default(),
    };
    match kind {
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| 0.into()),
        "boolean" => false.into(),
        "array" => Value::Array(vec![]),
        "string" => Value::String(text(schema["format"].as_str())),
        _ => Value::Object(members),
    }
}

fn text(format: Option<&str>) -> String {
    match format {
        Some("date") => "1964-08-12",
        Some("date-time") => "2021-06-14T06:00:01.000Z",
        Some("email") => "erika@example.org",
        _ => "text",
    }
    .to_owned()
}

fn first<'a>(schema: &'a Value, list: &str) -> Option<&'a Value> {
    schema.get(list)?.as_array()?.first()
}
