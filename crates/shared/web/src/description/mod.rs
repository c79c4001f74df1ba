//! What the document says of a body or a query, held against what was sent: names everything that is wrong at once,
//! in words of our own. Only what could not be read is looked at.

mod value;

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex::Regex;
use serde_json::{Map, Value, json};
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use crate::problem::{Code, Mistake, Problem};

const FIELD_LENGTH_MAX: usize = 64;
const MISTAKES_MAX: usize = 32;

/// How a body or a query is described: a JSON Schema, and those that it refers to.
pub(crate) struct Description {
    schema: Value,
    named: HashMap<String, Value>,
    patterns: HashMap<String, Regex>,
}

impl Description {
    /// What the document says of a body of this type; made once in each thread.
    pub(crate) fn of_body<T: ToSchema + 'static>() -> Rc<Self> {
        known::<T>(|| {
            let mut schemas = Vec::new();
            T::schemas(&mut schemas);
            let named = schemas.iter().map(|(name, schema)| (name.clone(), written(schema)));
            Self::new(written(&T::schema()), named.collect())
        })
    }

    /// What the document says of the parameters of a query; made once in each thread.
    pub(crate) fn of_query<T: IntoParams + 'static>() -> Rc<Self> {
        known::<T>(|| {
            let parameters = T::into_params(|| Some(ParameterIn::Query));
            let parameters =
                serde_json::to_value(parameters).expect("parameters can be written as JSON");
            let parameters = parameters.as_array().map(Vec::as_slice).unwrap_or_default();
            let named = |parameter: &Value| parameter["name"].as_str().map(str::to_owned);
            let required = parameters.iter().filter(|it| it["required"] == true).filter_map(named);
            let properties = parameters.iter().filter_map(|parameter| {
                Some((named(parameter)?, with_example(&parameter["schema"], &parameter["example"])))
            });
            let schema = json!({
                "type": "object",
                "required": required.collect::<Vec<_>>(),
                "properties": properties.collect::<Map<_, _>>(),
                "additionalProperties": false,
            });
            Self::new(schema, HashMap::new())
        })
    }

    fn new(schema: Value, named: HashMap<String, Value>) -> Self {
        let mut patterns = HashMap::new();
        collect_patterns(&schema, &mut patterns);
        for schema in named.values() {
            collect_patterns(schema, &mut patterns);
        }
        Self { schema, named, patterns }
    }

    /// Everything that is wrong with `value`.
    pub(crate) fn mistakes_in(&self, value: &Value) -> Mistakes {
        let mut found = Mistakes::default();
        self.look(&self.schema, value, "", &mut found);
        found
    }

    /// The parameters of a query as the types that the document gives them.
    pub(crate) fn value_of(&self, parameters: Vec<(String, String)>) -> Value {
        let typed = |name: &str, text: String| match &self.schema["properties"][name]["type"] {
            kind if value::names_type(kind, "string") => text.into(),
            kind if value::names_type(kind, "boolean") => {
                text.parse::<bool>().map_or(Value::from(text), Value::from)
            }
            _ => text.parse::<i64>().map_or(Value::from(text), Value::from),
        };
        parameters
            .into_iter()
            .map(|(name, text)| {
                let value = typed(&name, text);
                (name, value)
            })
            .collect::<Map<_, _>>()
            .into()
    }
}

/// What is called by this path in the answer: as in `person.given_name`, `departures[3]`; the whole is `body`.
pub(crate) fn field_at(path: &str) -> String {
    let path = if path.is_empty() || path == "." { "body" } else { path };
    path.chars().take(FIELD_LENGTH_MAX).collect()
}

/// Paths, and what is wrong there.
#[derive(Default)]
pub(crate) struct Mistakes(Vec<(String, Mistake)>);

impl Mistakes {
    fn push(&mut self, path: &str, mistake: Mistake) {
        // Nobody reads more, and a body can be made to have a thousand.
        if self.0.len() < MISTAKES_MAX {
            self.0.push((path.to_owned(), mistake));
        }
    }

    /// Whether something is of another type than the document says.
    pub(crate) fn has_wrong_type(&self) -> bool {
        self.0.iter().any(|(_, mistake)| matches!(mistake, Mistake::WrongType(_)))
    }

    /// The problem that names all of them, or nothing.
    pub(crate) fn into_problem(self) -> Option<Problem> {
        let named = |problem: Problem, (path, mistake): (String, Mistake)| {
            problem.field(field_at(&path), mistake)
        };
        let is_some = !self.0.is_empty();
        is_some.then(|| self.0.into_iter().fold(Problem::new(Code::InvalidRequest), named))
    }
}

fn known<T: 'static>(describe: impl FnOnce() -> Description) -> Rc<Description> {
    thread_local! {
        static KNOWN: RefCell<HashMap<TypeId, Rc<Description>>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        known.entry(TypeId::of::<T>()).or_insert_with(|| Rc::new(describe())).clone()
    })
}

fn written(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).expect("a schema can be written as JSON")
}

fn with_example(schema: &Value, example: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(members) = schema.as_object_mut() {
        members.entry("example").or_insert_with(|| example.clone());
    }
    schema
}

fn collect_patterns(schema: &Value, patterns: &mut HashMap<String, Regex>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(pattern)) = members.get("pattern") {
                let regex = Regex::new(pattern).expect("the patterns of our own types are valid");
                patterns.insert(pattern.clone(), regex);
            }
            for member in members.values() {
                collect_patterns(member, patterns);
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                collect_patterns(entry, patterns);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests;
