//! What an OpenAPI document says beyond what is read off the handlers: unions by the value of a member, enumerations that
//! may grow, one schema for each problem, and what every operation answers.
//!
//! It works on the JSON of the document, which is where schemas can be taken apart.

mod answers;
mod open;
mod union;

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

pub(crate) use answers::EVERYWHERE;
pub(crate) use open::open_enum;
pub use union::{Only, Union, Variant};

use crate::problem;

/// Says of an `anyOf` that its last alternative stands for what a later version may add.
pub(crate) const EXTENSIBLE: &str = "x-extensible";

/// The shapes that a Rust type does not show.
#[derive(Clone, Copy, Debug)]
pub struct Shapes {
    /// The schemas that are made of several and are one object, by their names.
    pub flat: &'static [&'static str],
    /// The enumerations to which values may be added, by the names of their schemas.
    pub open: &'static [&'static str],
    /// The objects that are of several kinds.
    pub unions: &'static [Union],
}

/// Completes a document that has all its routes.
///
/// # Panics
/// Where `shapes` do not fit the document: a schema is missing, or a kind of an object has no variant. The test that
/// compares the document with the one checked in calls this.
#[must_use]
pub fn finish(document: &OpenApi, shapes: &Shapes) -> OpenApi {
    let mut json = serde_json::to_value(document).expect("a document can be written as JSON");
    let mut parts = Vec::new();
    for name in shapes.flat {
        parts.extend(union::parts(&schemas(&mut json)[*name]));
        union::flatten(schemas(&mut json), name);
    }
    for union in shapes.unions {
        parts.extend(union::parts(&schemas(&mut json)[union.schema]));
        union.split(schemas(&mut json));
    }
    remove_unused(&mut json, &parts);
    for name in shapes.open {
        open::open(schemas(&mut json), name);
    }
    answers::complete(&mut json);
    problem::describe(&mut json);
    serde_json::from_value(json).expect("what was added to a document is of its kind")
}

/// Removes those of these schemas to which nothing refers any more.
fn remove_unused(document: &mut Value, names: &[String]) {
    for name in names {
        let reference = reference(name).to_string();
        if !document.to_string().contains(&reference[1..reference.len() - 1]) {
            schemas(document).remove(name);
        }
    }
}

/// The schemas of a document.
pub(crate) fn schemas(document: &mut Value) -> &mut Map<String, Value> {
    object(&mut document["components"]["schemas"])
}

/// An object of a document, made where it is missing.
pub(crate) fn object(value: &mut Value) -> &mut Map<String, Value> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("an object of the document")
}

/// Every operation of a document, with its path.
pub(crate) fn operations(
    document: &mut Value,
) -> impl Iterator<Item = (&String, &mut Map<String, Value>)> {
    object(&mut document["paths"]).iter_mut().flat_map(|(path, item)| {
        object(item).values_mut().map(move |operation| (path, object(operation)))
    })
}

/// The name of the schema that `value` refers to.
pub(crate) fn referred(value: &Value) -> Option<&str> {
    value["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

/// A reference to a schema.
pub(crate) fn reference(name: &str) -> Value {
    serde_json::json!({"$ref": format!("#/components/schemas/{name}")})
}

#[cfg(test)]
mod tests;
