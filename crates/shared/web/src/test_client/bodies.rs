//! Whether a body is what the document says of it.

use std::cell::RefCell;
use std::collections::HashMap;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use crate::document::EXTENSIBLE;

/// A name for the document; nothing is read from there.
const ADDRESS: &str = "http://document.invalid/openapi.json";

/// The schemas of a document, as strict as this version of the service is: it sends no value, no kind and no member that
/// is still to be added. A member that an object does not have may be null.
pub(super) struct Bodies(RefCell<Compiled>);

struct Compiled {
    components: Value,
    compiler: Compiler,
    schemas: Schemas,
    /// By the schema's own text.
    known: HashMap<String, SchemaIndex>,
}

impl Bodies {
    pub(super) fn of(document: &Value) -> Self {
        let mut components = document["components"].clone();
        close(&mut components);
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        let (schemas, known) = (Schemas::new(), HashMap::new());
        Self(RefCell::new(Compiled { components, compiler, schemas, known }))
    }

    /// What is wrong with `body`, which is to be one of `schema`.
    pub(super) fn mistakes(&self, schema: &Value, body: &Value) -> Option<String> {
        let mut compiled = self.0.borrow_mut();
        let index = compiled.index(schema);
        compiled.schemas.validate(body, index).err().map(|error| format!("{error:#}"))
    }
}

impl Compiled {
    fn index(&mut self, schema: &Value) -> SchemaIndex {
        let text = schema.to_string();
        if let Some(known) = self.known.get(&text) {
            return *known;
        }
        let mut schema = schema.clone();
        close(&mut schema);
        let address = format!("{ADDRESS}?{}", self.known.len());
        let resource = json!({"components": self.components, "schema": schema});
        self.compiler.add_resource(&address, resource).expect("a new address");
        let index = self.compiler.compile(&format!("{address}#/schema"), &mut self.schemas);
        let index = index.unwrap_or_else(|error| panic!("not a schema: {error:#}\n{text}"));
        self.known.insert(text, index);
        index
    }
}

/// Leaves out what stands for later versions, and what is not said.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get(EXTENSIBLE) == Some(&Value::Bool(true))
                && let Some(Value::Array(alternatives)) = members.get_mut("anyOf")
            {
                alternatives.pop();
            }
            if members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert_with(|| json!({"type": "null"}));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}
