//! The members of a body, whichever schemas it was made of.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::document::Document;

/// Members by their paths: `person.given_name`, `slots[].id`, and `this` for the body itself.
pub type Members = BTreeMap<String, Member>;

/// The body itself.
pub const BODY: &str = "this";

/// What limits a value besides its type, in the words of JSON Schema.
const LIMITS: &[&str] = &[
    "format",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "multipleOf",
];

/// What is said of one member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Whether it is in every object that can have it.
    pub always: bool,
    pub deprecated: bool,
    pub types: BTreeSet<String>,
    /// The values that are listed, if any are.
    pub values: BTreeSet<String>,
    /// Whether it can have values that are not listed.
    pub open: bool,
    pub limits: BTreeMap<String, String>,
}

impl Member {
    /// Whether it can only have the values that are listed.
    pub fn is_closed(&self) -> bool {
        !self.values.is_empty() && !self.open
    }

    /// Either of the two.
    fn or(mut self, other: Self) -> Self {
        self.always &= other.always;
        self.deprecated &= other.deprecated;
        self.types.extend(other.types);
        self.open |= other.open;
        self.values.extend(other.values);
        // A limit of one alternative is none of the other's.
        self.limits.retain(|name, limit| other.limits.get(name) == Some(limit));
        self
    }

    /// Both of the two.
    fn and(mut self, other: Self) -> Self {
        self.always |= other.always;
        self.deprecated |= other.deprecated;
        self.types.extend(other.types);
        self.open &= other.open;
        self.values.extend(other.values);
        self.limits.extend(other.limits);
        self
    }
}

/// The members that a body of this schema can have.
pub fn members(document: &Document, schema: &Value) -> Members {
    let mut found = Members::new();
    collect(document, schema, "", &mut found);
    found
}

/// Joins the bodies of several answers: what not all of them have is not always there.
pub fn either(bodies: impl IntoIterator<Item = Members>) -> Members {
    bodies.into_iter().reduce(|one, other| either_of_two(&one, &other)).unwrap_or_default()
}

fn either_of_two(one: &Members, other: &Members) -> Members {
    let lacks = |members: &Members, path: &str| {
        !members.contains_key(path)
            && parent(path).is_none_or(|parent| members.contains_key(parent))
    };
    let mut joined = Members::new();
    for path in one.keys().chain(other.keys()) {
        let known = one.get(path).cloned().into_iter().chain(other.get(path).cloned());
        let mut member = known.reduce(Member::or).unwrap_or_default();
        member.always &= !lacks(one, path) && !lacks(other, path);
        joined.insert(path.clone(), member);
    }
    joined
}

/// The object or the list that a member is in. Where that is absent, nothing is said of the member.
pub fn parent(path: &str) -> Option<&str> {
    path.strip_suffix("[]").or_else(|| path.rsplit_once('.').map(|(parent, _)| parent))
}

fn collect(document: &Document, schema: &Value, path: &str, found: &mut Members) {
    let schema = document.resolved(schema);
    let mut own = Member { deprecated: schema["deprecated"] == true, ..own(schema) };
    for part in list(schema, "allOf") {
        for (path, member) in below(document, part, path) {
            let merged = found.remove(&path).map_or(member.clone(), |known| known.and(member));
            found.insert(path, merged);
        }
    }
    let alternatives = list(schema, "oneOf").chain(list(schema, "anyOf"));
    let (nulls, others): (Vec<&Value>, Vec<&Value>) =
        alternatives.partition(|part| document.resolved(part)["type"] == "null");
    for (path, member) in either(others.iter().map(|part| below(document, part, path))) {
        let merged = found.remove(&path).map_or(member.clone(), |known| known.and(member));
        found.insert(path, merged);
    }
    let required: BTreeSet<&str> = list(schema, "required").filter_map(Value::as_str).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(document, property, &path, found);
        let member = found.entry(path).or_default();
        member.always = required.contains(name.as_str());
        // Beside a reference stands what is said of the member alone.
        member.deprecated |= property["deprecated"] == true;
    }
    if let Some(items) = schema.get("items") {
        collect(document, items, &format!("{path}[]"), found);
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        let path = if path.is_empty() { "*".to_owned() } else { format!("{path}.*") };
        collect(document, values, &path, found);
    }
    if !nulls.is_empty() {
        own.types.insert("null".to_owned());
    }
    let path = if path.is_empty() { BODY } else { path };
    let merged = found.remove(path).map_or(own.clone(), |known| known.and(own));
    found.insert(path.to_owned(), merged);
}

fn below(document: &Document, schema: &Value, path: &str) -> Members {
    let mut found = Members::new();
    collect(document, schema, path, &mut found);
    found
}

fn own(schema: &Value) -> Member {
    let values: Vec<&Value> = list(schema, "enum").chain(schema.get("const")).collect();
    let types = match &schema["type"] {
        Value::String(name) => BTreeSet::from([name.clone()]),
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        // A list of values says of what type it is.
        _ => values.iter().map(|value| kind(value).to_owned()).collect(),
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let limits =
        LIMITS.iter().filter_map(|name| Some(((*name).to_owned(), text(schema.get(name)?))));
    Member {
        open: values.is_empty() && !types.is_empty(),
        types,
        limits: limits.collect(),
        values: values.into_iter().map(text).collect(),
        ..Member::default()
    }
}

/// The type of a value, in the words of JSON Schema.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn list<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    schema.get(name).and_then(Value::as_array).into_iter().flatten()
}
