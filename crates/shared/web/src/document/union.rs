//! Objects that are of several kinds, told apart by the value of one member.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{EXTENSIBLE, object, reference, referred};

/// An object that has other members in each of its kinds. In Rust it is one type; in the document it is the schemas of
/// its kinds, one for those that are known together, and one more for kinds that may be added.
#[derive(Clone, Copy, Debug)]
pub struct Union {
    /// Its schema.
    pub schema: &'static str,
    /// The member that tells the kinds apart.
    pub by: &'static str,
    /// The name of the schema of the known kinds.
    pub known: &'static str,
    /// The name of the schema of kinds that are not known yet.
    pub other: &'static str,
    /// The kinds: one for each value of the member.
    pub variants: &'static [Variant],
    /// The members that not all kinds have, in groups.
    pub only: &'static [&'static [Only]],
}

/// One kind of an object.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// The value that tells it.
    pub value: &'static str,
    /// The name of its schema.
    pub schema: &'static str,
    /// What it is, in a sentence.
    pub description: &'static str,
    /// The members that it always has, and that are not null then.
    pub always: &'static [&'static str],
}

/// A member that only some kinds have.
#[derive(Clone, Copy, Debug)]
pub struct Only {
    /// Its name.
    pub member: &'static str,
    /// The kinds that may have it, by their values.
    pub of: &'static [&'static str],
}

impl Union {
    /// Puts the schemas of the kinds in the place of the one of the whole.
    pub(super) fn split(&self, schemas: &mut Map<String, Value>) {
        let whole = flattened(schemas, &reference(self.schema));
        let description = schemas[self.schema]["description"].clone();
        self.assert_complete(schemas, &whole);
        let mut mapping = Map::new();
        for variant in self.variants {
            schemas.insert(variant.schema.to_owned(), self.kind(variant, &whole));
            let pointer = reference(variant.schema)["$ref"].take();
            mapping.insert(variant.value.to_owned(), pointer);
        }
        let known: Vec<Value> =
            self.variants.iter().map(|variant| reference(variant.schema)).collect();
        let known = json!({
            "description": description,
            "oneOf": known,
            "discriminator": {"propertyName": self.by, "mapping": mapping},
        });
        schemas.insert(self.known.to_owned(), known);
        let mut other = whole;
        other["description"] =
            format!("A kind that a later version adds: `{}` has another value.", self.by).into();
        schemas.insert(self.other.to_owned(), other);
        let union = json!({
            "description": description,
            "anyOf": [reference(self.known), reference(self.other)],
            EXTENSIBLE: true,
        });
        schemas.insert(self.schema.to_owned(), union);
    }

    /// Whoever adds a kind says here what it has.
    fn assert_complete(&self, schemas: &Map<String, Value>, whole: &Value) {
        let by = &whole["properties"][self.by];
        let by = referred(by).map_or(by, |name| &schemas[name]);
        let values = by["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let described = self.variants.iter().map(|variant| variant.value);
        assert_eq!(
            described.collect::<BTreeSet<_>>(),
            values.collect::<BTreeSet<_>>(),
            "the variants of {} are the values of its {}",
            self.schema,
            self.by
        );
    }

    fn kind(&self, variant: &Variant, whole: &Value) -> Value {
        let mut schema = whole.clone();
        schema["description"] = variant.description.into();
        let required = schema["required"].as_array().into_iter().flatten();
        let mut required: BTreeSet<String> =
            required.filter_map(|name| Some(name.as_str()?.to_owned())).collect();
        let members = object(&mut schema["properties"]);
        for name in variant.always {
            let member = members.get_mut(*name).unwrap_or_else(|| panic!("no member {name}"));
            *member = not_null(member);
            required.insert((*name).to_owned());
        }
        for Only { member, of } in self.only.iter().copied().flatten() {
            if !of.contains(&variant.value) {
                assert!(members.remove(*member).is_some(), "no member {member}");
                required.remove(*member);
            }
        }
        members.insert(self.by.to_owned(), json!({"type": "string", "enum": [variant.value]}));
        schema["required"] = required.into_iter().collect();
        schema
    }
}

/// Writes a schema that is made of several as one object.
pub(super) fn flatten(schemas: &mut Map<String, Value>, name: &str) {
    let mut flat = flattened(schemas, &reference(name));
    flat["description"] = schemas[name]["description"].clone();
    schemas.insert(name.to_owned(), flat);
}

/// The schemas that a schema is made of.
pub(super) fn parts(schema: &Value) -> Vec<String> {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    parts.filter_map(|part| referred(part).map(str::to_owned)).collect()
}

/// One object of all that a schema is made of.
fn flattened(schemas: &Map<String, Value>, schema: &Value) -> Value {
    let schema = match referred(schema) {
        Some(name) => schemas.get(name).unwrap_or_else(|| panic!("there is no schema {name}")),
        None => schema,
    };
    let Some(parts) = schema["allOf"].as_array() else { return schema.clone() };
    let (mut members, mut required) = (Map::new(), Vec::new());
    for part in parts {
        let part = flattened(schemas, part);
        members.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    json!({"type": "object", "required": required, "properties": members})
}

/// The schema of a member that is there.
fn not_null(schema: &Value) -> Value {
    if let Some(alternatives) = schema["oneOf"].as_array() {
        let is_value = |schema: &&Value| schema["type"] != "null";
        return alternatives.iter().find(is_value).unwrap_or(schema).clone();
    }
    let mut schema = schema.clone();
    if let Some(types) = schema["type"].as_array() {
        let first = types.iter().find(|name| **name != "null").cloned();
        schema["type"] = first.unwrap_or(Value::Null);
    }
    schema
}
