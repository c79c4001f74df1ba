//! The OpenAPI document of a service.

use serde_json::{Map, Value};

use crate::read;

/// Whose document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    WaitingRoom,
    Booking,
}

impl Service {
    pub const ALL: [Self; 2] = [Self::WaitingRoom, Self::Booking];

    /// The name of its file and of its folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WaitingRoom => "waiting-room",
            Self::Booking => "booking",
        }
    }

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::WaitingRoom => "Waiting room",
            Self::Booking => "Booking API",
        }
    }

    /// The document as it is now.
    pub fn document(self) -> Document {
        Document::from_file(&format!("api-spec/{}.json", self.name()))
    }

    /// The document as it was in the last release.
    pub fn released(self) -> Document {
        Document::from_file(&format!("api-spec/released/{}.json", self.name()))
    }
}

pub struct Document(Value);

impl Document {
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    fn from_file(file: &str) -> Self {
        Self(serde_json::from_str(&read(file)).unwrap_or_else(|error| panic!("{file}: {error}")))
    }

    /// Method, path, the operation, and what is said of all operations of the path.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value, &Value)> {
        const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];
        let paths = self.0["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, item)| {
            let methods = METHODS.iter().filter(|method| item.get(**method).is_some());
            methods.map(move |method| (*method, path.as_str(), &item[*method], item))
        })
    }

    /// The parameters of an operation and of its path.
    pub fn parameters<'a>(
        &'a self,
        operation: &'a Value,
        path_item: &'a Value,
    ) -> impl Iterator<Item = &'a Value> {
        let lists = [&path_item["parameters"], &operation["parameters"]];
        lists
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .map(|parameter| self.resolved(parameter))
    }

    /// What an operation needs: the names of the schemes of each alternative, joined.
    pub fn security<'a>(&'a self, operation: &'a Value) -> Vec<String> {
        let own = operation.get("security").or_else(|| self.0.get("security"));
        let alternatives = own.and_then(Value::as_array).into_iter().flatten();
        let names = |alternative: &Value| {
            let schemes = alternative.as_object().into_iter().flat_map(Map::keys);
            schemes.cloned().collect::<Vec<_>>().join(" and ")
        };
        alternatives.map(names).collect()
    }

    pub fn operation_id(operation: &Value) -> &str {
        operation["operationId"].as_str().unwrap_or("an operation without an operationId")
    }

    /// What a reference leads to, or the value itself.
    pub fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let mut value = value;
        while let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').unwrap_or(reference);
            value = self.0.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"));
        }
        value
    }
}
