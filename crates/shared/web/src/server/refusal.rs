//! What the parser refuses before there is a request, written as a problem.
//!
//! The parser answers with an empty response of its own, which no middleware sees. It is known by its form: every
//! response of the [`Edge`] has a request id, and this one has nothing but its length and the date.

use actix_web::http::header::HeaderValue;

use crate::edge::Edge;
use crate::language::Language;
use crate::problem::{self, Code, Problem};
use crate::request_id::RequestIds;

const HEAD_END: &[u8] = b"\r\n\r\n";
/// The parser answers in the version of the last request that it could read.
const VERSION: &[u8] = b"HTTP/1.";
/// No refusal of the parser is longer, in bytes.
const LENGTH_MAX: usize = 160;

/// Turns the refusals of one worker into problems.
pub(super) struct Refusals {
    edge: Edge,
    ids: RequestIds,
}

/// A refusal at the end of what is to be written. It is the last thing that is, for the connection ends with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    /// Where it begins.
    pub(super) start: usize,
    status: u16,
    date: &'a str,
}

/// Finds the refusal. Answers with a body do not end like a head, so hardly any is looked at.
pub(super) fn found_in(written: &[u8]) -> Option<Found<'_>> {
    if !written.ends_with(HEAD_END) {
        return None;
    }
    let tail = written.len().saturating_sub(LENGTH_MAX);
    let start =
        tail + written[tail..].windows(VERSION.len()).rposition(|bytes| bytes == VERSION)?;
    let head = std::str::from_utf8(&written[start..]).ok()?;
    let mut lines = head.strip_suffix("\r\n\r\n")?.split("\r\n");
    let line = lines.next()?;
    let status = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "))?;
    let status = status.get(..3)?.parse().ok()?;
    if !(400..600).contains(&status) || lines.next()? != "content-length: 0" {
        return None;
    }
    let mut line = lines.next()?;
    if line.starts_with("connection: ") {
        line = lines.next()?;
    }
    let date = line.strip_prefix("date: ")?;
    lines.next().is_none().then_some(Found { start, status, date })
}

impl Refusals {
    pub(super) fn of(edge: &Edge) -> Self {
        Self { ids: edge.request_ids(), edge: edge.clone() }
    }

    /// The whole response. The reader's language and origin are not known, for the head was not read; there is nothing
    /// in it that a page of any origin may not know.
    pub(super) fn problem(&self, found: &Found<'_>) -> Vec<u8> {
        let code = match found.status {
            408 => Code::RequestTimeout,
            431 => Code::HeadTooLarge,
            400..500 => Code::RequestMalformed,
            _ => Code::Internal,
        };
        let id: HeaderValue = self.ids.next();
        let id = id.to_str().unwrap_or_default();
        self.edge.refused(code);
        tracing::debug!(
            request_id = id,
            status = found.status,
            code = code.name(),
            "the parser refused a request"
        );
        let body = Problem::new(code).body(Language::En, id);
        let mut response = head(code, found.date, id, body.len()).into_bytes();
        response.extend_from_slice(&body);
        response
    }
}

fn head(code: Code, date: &str, id: &str, length: usize) -> String {
    let (status, link) = (code.status(), code.entry().link);
    let (number, reason) = (status.as_u16(), status.canonical_reason().unwrap_or_default());
    let (media_type, language) = (problem::CONTENT_TYPE, Language::En.tag());
    format!(
        "HTTP/1.1 {number} {reason}\r\n\
         content-length: {length}\r\n\
         content-type: {media_type}\r\n\
         content-language: {language}\r\n\
         cache-control: no-store\r\n\
         link: {link}\r\n\
         x-request-id: {id}\r\n\
         access-control-allow-origin: *\r\n\
         access-control-expose-headers: x-request-id\r\n\
         connection: close\r\n\
         date: {date}\r\n\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Fri, 27 Nov 2026 22:00:00 GMT";

    fn refusal(status: &str, connection: &str) -> String {
        format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n{connection}date: {DATE}\r\n\r\n")
    }

    #[test]
    fn the_parsers_refusal_is_found_behind_whatever_stands_before_it() {
        for (status, connection) in
            [("400 Bad Request", "connection: close\r\n"), ("408 Request Timeout", "")]
        {
            let refusal = refusal(status, connection);
            let status = status[..3].parse().expect("a number");
            let found = Found { start: 0, status, date: DATE };
            assert_eq!(found_in(refusal.as_bytes()), Some(found));
            let earlier = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            let old = refusal.replace("HTTP/1.1", "HTTP/1.0");
            assert_eq!(found_in(old.as_bytes()), Some(Found { start: 0, status, date: DATE }));
            let found = Found { start: earlier.len(), status, date: DATE };
            assert_eq!(found_in(format!("{earlier}{refusal}").as_bytes()), Some(found));
        }
    }

    #[test]
    fn answers_of_the_service_stay_as_they_are() {
        for answer in [
            "",
            "\r\n\r\n",
            "HTTP/1.1 204 No Content\r\nx-request-id: a\r\ndate: D\r\n\r\n",
            "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\ndate: D\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx-request-id: a\r\ndate: D\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\ndate: D\r\nx-request-id: a\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\ndate: D\r\n\r\n{}",
            "HTTP/1.1 100 Continue\r\n\r\n",
        ] {
            assert_eq!(found_in(answer.as_bytes()), None, "{answer}");
        }
    }
}
