//! One value against one schema.

use kernel::Timestamp;
use serde_json::{Number, Value};

use super::{Description, Mistakes};
use crate::problem::{Form, Kind, Mistake};

const NAMED: &str = "#/components/schemas/";

impl Description {
    /// Notes what is wrong with the value at `path`.
    pub(super) fn look(&self, schema: &Value, value: &Value, path: &str, found: &mut Mistakes) {
        let schema = self.resolved(schema);
        let branches = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
        if let Some(branches) = branches {
            return self.look_at_branches(branches, value, path, found);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.look(part, value, path, found);
        }
        if !is_of_type(schema, value) {
            return found.push(path, Mistake::WrongType(expected(schema)));
        }
        match value {
            Value::Object(members) => {
                for name in strings(&schema["required"]).filter(|name| !members.contains_key(*name))
                {
                    found.push(&join(path, name), Mistake::Missing);
                }
                for (name, member) in members {
                    self.look_at_member(schema, name, member, path, found);
                }
            }
            Value::Array(entries) => {
                let count = entries.len() as u64;
                match (number(schema, "minItems"), number(schema, "maxItems")) {
                    (Some(least), _) if count < least => found.push(path, Mistake::TooFew(least)),
                    (_, Some(most)) if count > most => found.push(path, Mistake::TooMany(most)),
                    _ => (),
                }
                if schema["items"].is_object() {
                    for (index, entry) in entries.iter().enumerate() {
                        self.look(&schema["items"], entry, &format!("{path}[{index}]"), found);
                    }
                }
            }
            Value::String(text) => {
                if let Some(mistake) = self.mistake_in_text(schema, text) {
                    found.push(path, mistake);
                }
            }
            Value::Number(given) => {
                if let Some(mistake) = mistake_in_number(schema, given) {
                    found.push(path, mistake);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn look_at_member(
        &self,
        schema: &Value,
        name: &str,
        member: &Value,
        path: &str,
        found: &mut Mistakes,
    ) {
        let path = join(path, name);
        let Some(known) = schema["properties"].get(name) else {
            if schema["additionalProperties"] == Value::Bool(false) {
                found.push(&path, Mistake::Unknown);
            }
            return;
        };
        let is_required = strings(&schema["required"]).any(|required| required == name);
        // An optional text that says nothing is one that was left out.
        if is_required || !is_blank(self.resolved(known), member) {
            self.look(known, member, &path, found);
        }
    }

    /// Of several possible schemas that one counts which is of the value's type and has the least to say.
    fn look_at_branches(
        &self,
        branches: &[Value],
        value: &Value,
        path: &str,
        found: &mut Mistakes,
    ) {
        let of_type = branches.iter().filter(|branch| is_of_type(self.resolved(branch), value));
        let judged = of_type.map(|branch| {
            let mut found = Mistakes::default();
            self.look(branch, value, path, &mut found);
            found.0
        });
        if let Some(mistakes) = judged.min_by_key(Vec::len) {
            for (path, mistake) in mistakes {
                found.push(&path, mistake);
            }
        } else {
            let other = branches.last().map_or(Kind::Object, |it| expected(self.resolved(it)));
            found.push(path, Mistake::WrongType(other));
        }
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let named = schema["$ref"].as_str().and_then(|name| name.strip_prefix(NAMED));
        named.and_then(|name| self.named.get(name)).unwrap_or(schema)
    }

    fn mistake_in_text(&self, schema: &Value, text: &str) -> Option<Mistake> {
        let length = text.chars().count() as u64;
        let (least, most) = (number(schema, "minLength"), number(schema, "maxLength"));
        let pattern = schema["pattern"].as_str().and_then(|pattern| self.patterns.get(pattern));
        let choices: Vec<&str> = strings(&schema["enum"]).collect();
        if least.is_some_and(|least| least > 0) && text.trim().is_empty() {
            Some(Mistake::Empty)
        } else if let Some(least) = least.filter(|least| length < *least) {
            Some(Mistake::TooShort(least))
        } else if let Some(most) = most.filter(|most| length > *most) {
            Some(Mistake::TooLong(most))
        } else if pattern.is_some_and(|pattern| !pattern.is_match(text)) {
            let example = schema["example"].as_str();
            Some(
                example.map_or(Mistake::Invalid, |text| {
                    Mistake::Form(Form::Like(text.to_owned().into()))
                }),
            )
        } else if !choices.is_empty() && !choices.contains(&text) {
            Some(Mistake::NoChoice(choices.into_iter().map(str::to_owned).collect()))
        } else {
            match schema["format"].as_str() {
                Some("date") if !is_date(text.trim()) => Some(Mistake::Form(Form::Date)),
                Some("email") if !is_email(text.trim()) => Some(Mistake::Form(Form::Email)),
                Some("date-time") if text.parse::<Timestamp>().is_err() => {
                    Some(Mistake::Form(Form::Instant))
                }
                _ => None,
            }
        }
    }
}

fn mistake_in_number(schema: &Value, given: &Number) -> Option<Mistake> {
    let bound = |name: &str| schema[name].as_f64();
    // The document bounds a number by its format where the type is all that bounds it.
    #[expect(clippy::cast_possible_truncation, reason = "bounds of the document are whole numbers")]
    let least = bound("minimum").map(|least| least as i64);
    let of_format = match (schema["format"].as_str(), least) {
        (Some("int32"), Some(0..)) => i64::from(u32::MAX),
        (Some("int32"), _) => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    #[expect(clippy::cast_possible_truncation, reason = "bounds of the document are whole numbers")]
    let most = bound("maximum").map_or(of_format, |most| most as i64);
    let least = least.unwrap_or(if most < i64::MAX { -most - 1 } else { i64::MIN });
    let is_within = match given.as_i64() {
        Some(given) => (least..=most).contains(&given),
        None => given.as_u64().is_none(),
    };
    (!is_within).then_some(Mistake::OutOfRange { least, most })
}

/// Whether `kind`, one type or a list of them, has this one.
pub(super) fn names_type(kind: &Value, name: &str) -> bool {
    match kind {
        Value::String(only) => only == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    }
}

fn is_of_type(schema: &Value, value: &Value) -> bool {
    let names = |name| names_type(&schema["type"], name);
    let is_untyped = schema["type"].is_null();
    is_untyped
        || match value {
            Value::Null => names("null"),
            Value::Bool(_) => names("boolean"),
            Value::Number(number) => names("number") || (names("integer") && !number.is_f64()),
            Value::String(_) => names("string"),
            Value::Array(_) => names("array"),
            Value::Object(_) => names("object"),
        }
}

fn expected(schema: &Value) -> Kind {
    let kinds = [
        ("object", Kind::Object),
        ("array", Kind::List),
        ("string", Kind::Text),
        ("integer", Kind::Integer),
        ("number", Kind::Number),
        ("boolean", Kind::Boolean),
    ];
    let named = kinds.into_iter().find(|(name, _)| names_type(&schema["type"], name));
    named.map_or(Kind::Object, |(_, kind)| kind)
}

fn is_blank(schema: &Value, member: &Value) -> bool {
    let is_any_text = names_type(&schema["type"], "string") && schema["pattern"].is_null();
    is_any_text && member.as_str().is_some_and(|text| text.trim().is_empty())
}

fn number(schema: &Value, name: &str) -> Option<u64> {
    schema[name].as_u64()
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A day of the calendar, written `YYYY-MM-DD`: an instant of it can be read.
fn is_date(text: &str) -> bool {
    text.len() == 10 && format!("{text}T00:00:00Z").parse::<Timestamp>().is_ok()
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}
