//! Holds the types of bodies against what the document says of them.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::description::Description;

/// Makes many wrong bodies of a right one, each wrong in one place, and finds whatever the type refuses and the
/// document does not describe: a client would be told only that something cannot be read.
///
/// # Panics
/// Where there is such a body, or where the right one is refused.
pub fn assert_refusals_are_described<T: DeserializeOwned + ToSchema + 'static>(right: &Value) {
    let description = Description::of_body::<T>();
    let is_read = |body: &Value| serde_json::from_value::<T>(body.clone()).is_ok();
    let problem = description.mistakes_in(right).into_problem();
    assert!(is_read(right) && problem.is_none(), "{right}: {problem:?}");
    for body in wrong_bodies(right) {
        let is_described = description.mistakes_in(&body).into_problem().is_some();
        assert!(is_read(&body) || is_described, "refused, and the schema does not say why: {body}");
    }
}

fn wrong_bodies(right: &Value) -> Vec<Value> {
    let mut bodies = vec![];
    for pointer in pointers(right) {
        let values = [
            Value::Null,
            json!(true),
            json!(-1),
            json!(1.5),
            json!(300),
            json!(u64::from(u32::MAX) + 1),
            json!(""),
            json!("\u{1}"),
            json!("x".repeat(1_000)),
            json!([]),
            json!({}),
        ];
        bodies.extend(values.into_iter().map(|value| {
            let mut body = right.clone();
            *body.pointer_mut(&pointer).expect("a place in it") = value;
            body
        }));
        bodies.extend(wrong_objects(right, &pointer));
    }
    bodies
}

/// The object at `pointer` as a list, with a member too many, and without each of its members.
fn wrong_objects(right: &Value, pointer: &str) -> Vec<Value> {
    let with = |value: Value| {
        let mut body = right.clone();
        *body.pointer_mut(pointer).expect("a place in it") = value;
        body
    };
    let Some(Value::Object(members)) = right.pointer(pointer) else { return Vec::new() };
    let mut more = members.clone();
    more.insert("unknown".to_owned(), json!(1));
    let less = members.keys().map(|name| {
        let mut less = members.clone();
        less.remove(name);
        with(less.into())
    });
    let list = members.values().cloned().collect::<Vec<_>>();
    less.chain([with(more.into()), with(list.into())]).collect()
}

/// Every place in a value.
fn pointers(value: &Value) -> Vec<String> {
    let inner = |name: String, value: &Value| {
        pointers(value).into_iter().map(|pointer| format!("/{name}{pointer}")).collect::<Vec<_>>()
    };
    let below: Vec<String> = match value {
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| inner(name.clone(), value)).collect()
        }
        Value::Array(entries) => entries
            .iter()
            .enumerate()
            .flat_map(|(index, value)| inner(index.to_string(), value))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    std::iter::once(String::new()).chain(below).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, ToSchema)]
    #[expect(dead_code, reason = "only read from JSON")]
    struct Described {
        #[schema(value_type = String, pattern = "^[0-9]{5}$", example = "67346")]
        postcode: kernel::Postcode,
    }

    #[derive(Deserialize, ToSchema)]
    #[expect(dead_code, reason = "only read from JSON")]
    struct Undescribed {
        #[schema(value_type = String)]
        postcode: kernel::Postcode,
    }

    #[test]
    fn what_the_schema_says_is_enough() {
        assert_refusals_are_described::<Described>(&json!({"postcode": "67346"}));
    }

    #[test]
    #[should_panic(expected = "the schema does not say why")]
    fn a_pattern_that_is_missing_is_noticed() {
        assert_refusals_are_described::<Undescribed>(&json!({"postcode": "67346"}));
    }
}
