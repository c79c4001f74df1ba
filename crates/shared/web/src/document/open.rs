//! Enumerations that may grow.

use serde_json::{Map, Value, json};

use super::EXTENSIBLE;

/// Lets an enumeration be any text besides its values, so that no client breaks when one is added.
pub(super) fn open(schemas: &mut Map<String, Value>, name: &str) {
    let closed = schemas.get_mut(name).unwrap_or_else(|| panic!("there is no schema {name}"));
    let description = closed["description"].clone();
    *closed = open_enum(&closed["enum"], &description);
}

/// One of these values, or one that is added later.
pub(crate) fn open_enum(values: &Value, description: &Value) -> Value {
    json!({
        "description": description,
        "anyOf": [{"type": "string", "enum": values}, {"type": "string"}],
        EXTENSIBLE: true,
    })
}
