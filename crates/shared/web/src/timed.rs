//! Responses that are the same for everybody but for the time in them.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use actix_web::web::Bytes;
use kernel::Timestamp;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A JSON body that is made once and tells the time of each answer.
///
/// It has no entity tag: a browser that is told "not modified" hands the page the body that it has, and
/// the time in that one stands still.
#[derive(Clone, Debug)]
pub struct TimedBody {
    before: Bytes,
    after: Bytes,
    cache_control: HeaderValue,
}

impl TimedBody {
    /// A body in which the member `name` is the beginning of time, [`Timestamp::default`], in whose place
    /// each answer has its own. Caches may do with it what `cache_control` says.
    ///
    /// # Panics
    /// If there is no such member.
    #[must_use]
    pub fn json(body: impl Into<Bytes>, name: &str, cache_control: HeaderValue) -> Self {
        let body = body.into();
        // Inside a text the quotes would be escaped, so what is found is the member.
        let (member, time) = (format!("\"{name}\":\""), Timestamp::default().to_string());
        let placeholder = format!("{member}{time}\"");
        let at = body.windows(placeholder.len()).position(|part| part == placeholder.as_bytes());
        let from = at.expect("the body has a member for the time") + member.len();
        Self { before: body.slice(..from), after: body.slice(from + time.len()..), cache_control }
    }

    /// The body as it is at `now`. One copy of the bytes.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Vec<u8> {
        [&*self.before, now.to_string().as_bytes(), &*self.after].concat()
    }

    /// 200 with the body as it is at `now`.
    #[must_use]
    pub fn respond(&self, now: Timestamp) -> HttpResponse {
        let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(self.at(now)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(CACHE_CONTROL, self.cache_control.clone());
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        r#"{"text":"\"now\":\"1970-01-01T00:00:00.000Z\"","now":"1970-01-01T00:00:00.000Z","n":1}"#;

    #[actix_web::test]
    async fn each_answer_tells_its_time() {
        let timed = TimedBody::json(BODY, "now", HeaderValue::from_static("public, max-age=1"));
        for second in [0, 5] {
            let now = Timestamp::from_unix_s(second);
            let response = timed.respond(now);
            assert_eq!(response.headers().get("etag"), None);
            assert_eq!(response.headers().get(CACHE_CONTROL).expect("one"), "public, max-age=1");
            let body = actix_web::body::to_bytes(response.into_body()).await.expect("in memory");
            let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!((&body["now"], &body["n"]), (&now.to_string().into(), &1.into()));
            assert!(body["text"].as_str().is_some_and(|text| text.contains("1970")), "{body}");
        }
    }
}
