//! The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header).

use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::problem::{Answers, Code, Mistake, Problem};

const NAME: &str = "idempotency-key";

/// The client's name for one request: 1 to 64 visible ASCII characters. As the draft has it a
/// quoted string, and as most clients send it, without the quotes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Box<str>);

impl IdempotencyKey {
    /// The longest key, in characters.
    pub const LENGTH_MAX: usize = 64;

    /// The key as text, without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of a request that may have one, of at least so many characters.
    pub fn optional(request: &HttpRequest, least: usize) -> Result<Option<Self>, Problem> {
        let headers = request.headers();
        headers.contains_key(NAME).then(|| Self::read(headers, least)).transpose()
    }

    /// Reads the key from the headers of a request.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        Self::read(headers, 1)
    }

    fn read(headers: &HeaderMap, least: usize) -> Result<Self, Problem> {
        let mut values = headers.get_all(NAME);
        let key = match (values.next(), values.next()) {
            (None, _) => return Err(Problem::new(Code::IdempotencyKeyMissing)),
            (Some(value), None) => value.to_str().ok().and_then(key),
            (Some(_), Some(_)) => None,
        };
        let key = key.filter(|key| key.as_str().len() >= least);
        key.ok_or_else(|| {
            let mistake = Mistake::Key { least, most: Self::LENGTH_MAX };
            Problem::new(Code::InvalidRequest).field("Idempotency-Key", mistake)
        })
    }
}

/// Keys are secrets of the client in so far as they name its requests; they stay out of logs.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request.headers()))
    }
}

impl Answers for IdempotencyKey {
    const CODES: &'static [Code] = &[Code::IdempotencyKeyMissing, Code::InvalidRequest];
}

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "A random name for this request, 1 to 64 visible ASCII characters. Repeating the \
            request under the same key has no further effect and gives the same reply.";
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(description))
            .schema(Some(schema(1)))
            .example(Some("8e03978e-40d5-43e8-bc93-6894a57f9324".into()));
        vec![parameter.build()]
    }
}

/// The key in the document, in either spelling.
#[must_use]
pub fn schema(length_min: usize) -> Object {
    let pattern = format!("^[!#-~][!-~]{{{},{}}}$", length_min - 1, IdempotencyKey::LENGTH_MAX - 1);
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build()
}

fn key(value: &str) -> Option<IdempotencyKey> {
    let text = match value.strip_prefix('"') {
        Some(rest) => unquoted(rest.strip_suffix('"')?)?,
        None => value.to_owned(),
    };
    let valid = (1..=IdempotencyKey::LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    valid.then(|| IdempotencyKey(text.into()))
}

/// The content of a string of RFC 9651, section 3.3.3: `\"` and `\\` are the only escapes.
fn unquoted(content: &str) -> Option<String> {
    let mut text = String::with_capacity(content.len());
    let mut characters = content.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?,
            '"' => return None,
            other => other,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn read(values: &[&str]) -> Result<String, Code> {
        let request = values
            .iter()
            .fold(TestRequest::default(), |request, value| request.append_header((NAME, *value)))
            .to_http_request();
        IdempotencyKey::of(request.headers())
            .map(|key| key.as_str().to_owned())
            .map_err(|problem| problem.code())
    }

    #[test]
    fn both_spellings_are_the_same_key() {
        assert_eq!(read(&["8e03978e-40d5"]), Ok("8e03978e-40d5".to_owned()));
        assert_eq!(read(&["\"8e03978e-40d5\""]), Ok("8e03978e-40d5".to_owned()));
        assert_eq!(read(&[r#""a\"b\\c""#]), Ok(r#"a"b\c"#.to_owned()));
        assert_eq!(read(&[&"k".repeat(64)]), Ok("k".repeat(64)));
    }

    #[test]
    fn a_missing_key_and_a_malformed_one_are_told_apart() {
        assert_eq!(read(&[]), Err(Code::IdempotencyKeyMissing));
        let long = "k".repeat(65);
        for bad in ["", "\"\"", "\"", "\"a", "\"a\"b\"", "\"a\\b\"", "a b", "a\tb", &long] {
            assert_eq!(read(&[bad]), Err(Code::InvalidRequest), "{bad:?}");
        }
        assert_eq!(read(&["a", "b"]), Err(Code::InvalidRequest));
    }
}
