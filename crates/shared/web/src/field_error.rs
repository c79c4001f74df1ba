//! Turns what a parser says into what a person can act on.

use crate::problem::{Code, Problem};

const FIELD_LENGTH_MAX: usize = 64;

/// The problem for a parser's `message` about the field at `path`.
pub(crate) fn invalid_field(path: &str, message: &str) -> Problem {
    let message = message.split(" at line ").next().unwrap_or(message);
    let path = if path == "." { "" } else { path };
    let named = |prefix: &str| message.strip_prefix(prefix)?.split('`').next();
    let (field, en, de) = if let Some(name) = named("unknown field `") {
        (
            join(path, name),
            "this field is not known".to_owned(),
            "dieses Feld gibt es nicht".to_owned(),
        )
    } else if let Some(name) = named("missing field `") {
        (join(path, name), "this field is missing".to_owned(), "dieses Feld fehlt".to_owned())
    } else if let Some(name) = named("duplicate field `") {
        (
            join(path, name),
            "this field is given twice".to_owned(),
            "dieses Feld ist doppelt".to_owned(),
        )
    } else {
        let field = if path.is_empty() { "body" } else { path };
        (field.to_owned(), message.to_owned(), format!("ungültige Angabe: {message}"))
    };
    let field: String = field.chars().take(FIELD_LENGTH_MAX).collect();
    Problem::new(Code::InvalidRequest).field(field, en, de)
}

/// The path of field `name` in the object at `path`; some parsers have already gone down to it.
fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else if path == name || path.ends_with(&format!(".{name}")) {
        path.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
