//! The levers that a change was made for.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest};
use waiting_room::service::operator::Expected;
use web::problem::Answers;
use web::{Code, Problem};

/// What `If-Match` says: the `ETag` of the room as whoever changes it has seen it. `None` for `*`, whatever it is.
/// A header there must be, so that nobody undoes the change of somebody else by forgetting it.
pub(crate) struct IfMatch(pub(crate) Option<Expected>);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(tag) = request.headers().get(IF_MATCH) else {
            return ready(Err(Problem::new(Code::IfMatchMissing)));
        };
        let tag = tag.to_str().unwrap_or_default().trim();
        let read = if tag == "*" { Some(None) } else { expected(tag).map(Some) };
        // What is no tag of ours is that of no room there is.
        ready(read.map(Self).ok_or_else(|| Problem::new(Code::LeversChanged)))
    }
}

/// Proxies that compress an answer make a weak tag of ours.
fn expected(tag: &str) -> Option<Expected> {
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let (incarnation, version) = tag.strip_prefix('"')?.strip_suffix('"')?.split_once('.')?;
    Some(Expected { incarnation: Some(incarnation.parse().ok()?), version: version.parse().ok()? })
}

impl Answers for IfMatch {
    const CODES: &'static [Code] = &[Code::LeversChanged, Code::IfMatchMissing];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_line_and_a_version() {
        let third = Some(Expected { incarnation: Some(1), version: 3 });
        assert_eq!((expected("\"1.3\""), expected("W/\"1.3\"")), (third, third));
        for other in ["", "1.3", "\"1\"", "\"1.x\"", "\"1.3\", \"1.4\"", "\"1.3"] {
            assert_eq!(expected(other), None, "{other}");
        }
    }
}
