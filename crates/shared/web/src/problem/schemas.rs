//! One schema for each problem, and one for any.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::document::{FieldErrorDocument, ProblemDocument};
use super::{CATALOGUE, CONTENT_TYPE, Code, Entry, Mistake, members};
use crate::document::{EVERYWHERE, object, open_enum, operations, reference, schemas};

/// The name of the enumeration of codes.
const CODES: &str = "ProblemCode";
/// The name of the enumeration of mistakes.
const MISTAKES: &str = "FieldErrorCode";

/// The name of the schema of the problems with this code.
pub(super) fn name_of(code: Code) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    };
    code.name().split('-').map(word).chain(["Problem".to_owned()]).collect()
}

/// Adds the schemas of the problems that the operations of a document answer with, and one of any problem.
pub(crate) fn describe(document: &mut Value) {
    let entries = answered(document);
    let names: Value = entries.iter().map(|entry| entry.name).collect();
    let schemas = schemas(document);
    for entry in &entries {
        schemas.insert(name_of(entry.code), schema(entry));
    }
    let description = "What clients decide on. The list is closed for now and may grow.";
    schemas.insert(CODES.to_owned(), open_enum(&names, &description.into()));
    let mut any = as_json(&ProblemDocument::schema());
    any["properties"]["code"] = reference(CODES);
    schemas.insert(ProblemDocument::name().into_owned(), any);
    let names: Value = Mistake::examples().iter().map(Mistake::name).collect();
    let description = "What is wrong with a field. The list is closed for now and may grow.";
    schemas.insert(MISTAKES.to_owned(), open_enum(&names, &description.into()));
    let mut field = as_json(&FieldErrorDocument::schema());
    field["properties"]["code"] = reference(MISTAKES);
    schemas.insert(FieldErrorDocument::name().into_owned(), field);
}

/// The problems that the document names, in the order of the catalogue.
fn answered(document: &mut Value) -> Vec<&'static Entry> {
    let mut named: BTreeSet<String> =
        EVERYWHERE.iter().map(|(code, _)| code.name().to_owned()).collect();
    for (_, operation) in operations(document) {
        for response in object(&mut operation["responses"]).values() {
            let examples = response["content"][CONTENT_TYPE]["examples"].as_object();
            named.extend(examples.into_iter().flat_map(Map::keys).cloned());
        }
    }
    CATALOGUE.iter().filter(|entry| named.contains(entry.name)).collect()
}

fn schema(entry: &Entry) -> Value {
    let mut schema = as_json(&ProblemDocument::schema());
    schema["description"] = format!("{}. {}", entry.en.title, entry.en.detail).into();
    let known = schema["required"].as_array().into_iter().flatten();
    let mut required: Vec<Value> = known.cloned().collect();
    let properties = object(&mut schema["properties"]);
    properties.insert("code".to_owned(), json!({"type": "string", "enum": [entry.name]}));
    let status = entry.status.as_u16();
    let status = json!({"type": "integer", "format": "int32", "enum": [status]});
    properties.insert("status".to_owned(), status);
    for (name, is_always, may_be) in [
        ("retry_after_s", entry.code.tells_when_to_retry(), false),
        ("errors", entry.code == Code::InvalidRequest, may_name_a_field(entry.code)),
    ] {
        if is_always {
            required.push(name.into());
        } else if !may_be {
            properties.remove(name);
        }
    }
    for member in members::of(entry.code) {
        if member.is_always {
            required.push(member.name.into());
        }
        properties.insert(member.name.to_owned(), member.schema);
    }
    schema["required"] = required.into();
    schema
}

/// Whether a problem of this code names the one at whom it failed, where several were sent in one request.
fn may_name_a_field(code: Code) -> bool {
    matches!(
        code,
        Code::AlreadyBooked
            | Code::DeclarationMissing
            | Code::HoldEnded
            | Code::NotEligible
            | Code::NotThePersonOfThePass
    )
}

fn as_json(schema: &impl serde::Serialize) -> Value {
    serde_json::to_value(schema).expect("a schema can be written as JSON")
}
