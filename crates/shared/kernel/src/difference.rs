//! What differs between two values of one kind, field by field, for whoever has to decide about a
//! change.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// A field that has another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Where it is, such as `gate.burst` or `sites[north].name`.
    pub field: String,
    /// The value before; `None` if there was none.
    pub from: Option<String>,
    /// The value after; `None` if there is none.
    pub to: Option<String>,
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, from, to } = self;
        match (from, to) {
            (Some(from), Some(to)) => write!(f, "{field}: {from} → {to}"),
            (None, Some(to)) => write!(f, "{field}: new, {to}"),
            (Some(from), None) => write!(f, "{field}: gone, was {from}"),
            (None, None) => f.write_str(field),
        }
    }
}

/// The fields in which `to` differs from `from`, by the names under which they are stored.
///
/// Lists are compared entry by entry: by `id` or by postcode and AGS where the entries have them, so
/// that a new entry in between does not make all later ones differ, else by position. O(fields).
#[must_use]
pub fn differences<T: Serialize>(from: &T, to: &T) -> Vec<FieldChange> {
    let value = |of: &T| serde_json::to_value(of).unwrap_or_default();
    let mut found = Vec::new();
    compare("", &value(from), &value(to), &mut found);
    found
}

fn compare(field: &str, from: &Value, to: &Value, found: &mut Vec<FieldChange>) {
    if from == to {
        return;
    }
    match (from, to) {
        (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_)) => {
            let (mut from, to) = (members(field, from), members(field, to));
            for (name, to) in to {
                match from.remove(&name) {
                    Some(from) => compare(&name, from, to, found),
                    None => found.push(FieldChange { field: name, from: None, to: shown(to) }),
                }
            }
            let gone = from.into_iter();
            found.extend(gone.map(|(field, from)| FieldChange {
                field,
                from: shown(from),
                to: None,
            }));
        }
        _ => {
            let (from, to) = (shown(from), shown(to));
            found.push(FieldChange { field: field.to_owned(), from, to });
        }
    }
}

/// The members of an object or a list, by their full names.
fn members<'v>(field: &str, value: &'v Value) -> BTreeMap<String, &'v Value> {
    match value {
        Value::Object(object) => {
            let dot = if field.is_empty() { "" } else { "." };
            object.iter().map(|(name, value)| (format!("{field}{dot}{name}"), value)).collect()
        }
        Value::Array(entries) => {
            let named = entries.iter().enumerate();
            named
                .map(|(index, entry)| (format!("{field}[{}]", name(index, entry)), entry))
                .collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeMap::new(),
    }
}

fn name(index: usize, entry: &Value) -> String {
    let text = |key| entry.get(key).and_then(Value::as_str);
    match (text("id"), text("postcode"), text("ags")) {
        (Some(id), _, _) => id.to_owned(),
        (None, Some(postcode), Some(ags)) => format!("{postcode} {ags}"),
        (None, _, _) => index.to_string(),
    }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(format!("'{text}'")),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(from: &Value, to: &Value) -> Vec<String> {
        differences(from, to).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_field_that_differs_is_named_with_both_values() {
        let from =
            json!({"title": "A", "gate": {"burst": 1, "pace": 2}, "note": null, "old": [1, 2]});
        let to = json!({"title": "B", "gate": {"burst": 1, "pace": 3}, "note": "x", "old": [1]});
        assert_eq!(
            lines(&from, &to),
            ["gate.pace: 2 → 3", "note: new, 'x'", "old[1]: gone, was 2", "title: 'A' → 'B'"]
        );
        assert_eq!(lines(&from, &from), Vec::<String>::new());
    }

    #[test]
    fn an_entry_in_between_leaves_the_others_what_they_are() {
        let from = json!([{"id": "a", "n": 1}, {"id": "c", "n": 3}]);
        let to = json!([{"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "c", "n": 4}]);
        assert_eq!(lines(&from, &to), [r#"[b]: new, {"id":"b","n":2}"#, "[c].n: 3 → 4"]);
        let row = |ags: &str, name: &str| json!({"postcode": "67346", "ags": ags, "name": name});
        let (from, to) = (json!([row("1", "A")]), json!([row("0", "B"), row("1", "C")]));
        assert_eq!(lines(&from, &to).len(), 2);
        assert_eq!(lines(&from, &to)[1], "[67346 1].name: 'A' → 'C'");
    }
}
