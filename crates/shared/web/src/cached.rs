//! Responses that are the same for everybody for a while.

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
    VARY,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

use crate::compressed::{Coding, Compressed};

/// A body with its validator, made once and answered many times. Clones share the bytes; a response
/// copies nothing.
#[derive(Clone, Debug)]
pub struct CachedBody {
    body: Bytes,
    compressed: Arc<Compressed>,
    etag: HeaderValue,
    content_type: HeaderValue,
    cache_control: HeaderValue,
}

impl CachedBody {
    /// A JSON body that caches may repeat for `max_age_s`.
    #[must_use]
    pub fn json(body: impl Into<Bytes>, max_age_s: u32) -> Self {
        Self::new(body.into(), HeaderValue::from_static("application/json"), max_age_s)
    }

    fn new(body: Bytes, content_type: HeaderValue, max_age_s: u32) -> Self {
        Self {
            etag: entity_tag("", &body),
            cache_control: header_value(&format!("public, max-age={max_age_s}")),
            content_type,
            compressed: Arc::default(),
            body,
        }
    }

    /// The same body, validated by `content` instead of by its own bytes: for a body with a part, such
    /// as the time, that nobody has to read again when only it has changed. The tag is a weak one.
    #[must_use]
    pub fn validated_by(mut self, content: &[u8]) -> Self {
        self.etag = entity_tag("W/", content);
        self
    }

    /// The same body under another media type.
    #[must_use]
    pub fn content_type(mut self, content_type: HeaderValue) -> Self {
        self.content_type = content_type;
        self
    }

    /// The bytes of the body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The entity tag, with its quotes.
    #[must_use]
    pub fn etag(&self) -> &str {
        self.etag.to_str().unwrap_or_default()
    }

    /// 200 with the body, or 304 without one if the client has it already (RFC 9110, section 13.1.2). A long body
    /// comes compressed as the client takes it best; each form has a tag of its own.
    #[must_use]
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let form = self.compressed.preferred(self.body.len(), request);
        let etag = form.map(|(coding, form)| form.etag(|| self.etag_of(coding)));
        let known = self.is_known(request.headers());
        let status = if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let mut response = HttpResponse::new(status);
        let headers = response.headers_mut();
        headers.insert(ETAG, etag.unwrap_or_else(|| self.etag.clone()));
        headers.insert(CACHE_CONTROL, self.cache_control.clone());
        if Compressed::pays(self.body.len()) {
            headers.append(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if known {
            return response;
        }
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        let encoded =
            form.and_then(|(coding, form)| Some((coding, form.body(coding, &self.body)?)));
        let body = match encoded {
            Some((coding, body)) => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
                body
            }
            None => self.body.clone(),
        };
        response.set_body(actix_web::body::BoxBody::new(body))
    }

    fn etag_of(&self, coding: Coding) -> HeaderValue {
        let tag = self.etag().trim_end_matches('"');
        header_value(&format!("{tag}-{}\"", coding.name()))
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(IF_NONE_MATCH)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || opaque(tag) == opaque(self.etag()))
    }
}

/// The tag without the mark of a weak one, which is what is compared (RFC 9110, section 8.8.3.2), and without the
/// quotes and what tells compressed forms apart: whoever has one form of a body need not read another.
fn opaque(tag: &str) -> &str {
    let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    tag.split_once('-').map_or(tag, |(tag, _)| tag)
}

fn entity_tag(prefix: &str, content: &[u8]) -> HeaderValue {
    // The tag only has to tell versions of one resource apart, so 64 bits without a key do.
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    header_value(&format!("{prefix}\"{:016x}\"", hasher.finish()))
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("digits and letters are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn status(cached: &CachedBody, if_none_match: Option<&str>) -> u16 {
        let mut request = TestRequest::default();
        if let Some(tags) = if_none_match {
            request = request.insert_header((IF_NONE_MATCH, tags));
        }
        cached.respond(&request.to_http_request()).status().as_u16()
    }

    #[actix_web::test]
    async fn the_body_is_sent_with_its_validator() {
        let cached = CachedBody::json("{}", 1);
        let response = cached.respond(&TestRequest::default().to_http_request());
        assert_eq!(response.headers().get(ETAG).expect("a tag"), cached.etag());
        assert_eq!(response.headers().get(CACHE_CONTROL).expect("a header"), "public, max-age=1");
        assert_eq!(response.headers().get(CONTENT_TYPE).expect("a header"), "application/json");
        let body = actix_web::body::to_bytes(response.into_body()).await.expect("in memory");
        assert_eq!(body, "{}");
    }

    #[actix_web::test]
    async fn a_long_body_comes_compressed() {
        use actix_web::http::header::ACCEPT_ENCODING;
        let cached = CachedBody::json("[0]".repeat(1_000), 1);
        let asked =
            |coding: &'static str| TestRequest::default().insert_header((ACCEPT_ENCODING, coding));
        let plain = cached.respond(&TestRequest::default().to_http_request());
        let gzip = cached.respond(&asked("gzip").to_http_request());
        assert_eq!(gzip.headers().get(CONTENT_ENCODING).expect("a header"), "gzip");
        assert_eq!(plain.headers().get(CONTENT_ENCODING), None);
        for response in [&plain, &gzip] {
            assert_eq!(response.headers().get(VARY).expect("a header"), "accept-encoding");
        }
        let tag = gzip.headers().get(ETAG).expect("a tag").to_str().expect("text").to_owned();
        assert_ne!(tag, cached.etag(), "another form has another tag");
        for tag in [&*tag, cached.etag()] {
            let again = asked("br").insert_header((IF_NONE_MATCH, tag)).to_http_request();
            assert_eq!(cached.respond(&again).status(), 304, "{tag}");
        }
        let length = actix_web::body::to_bytes(gzip.into_body()).await.expect("in memory").len();
        assert!(length < 200, "{length} bytes");
    }

    #[test]
    fn who_has_the_body_does_not_get_it_again() {
        let cached = CachedBody::json("{}", 1);
        let tag = cached.etag().to_owned();
        let known = [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()];
        for tags in known {
            assert_eq!(status(&cached, Some(&tags)), 304, "{tags}");
        }
        let weak = CachedBody::json("{\"now\":2}", 1).validated_by(b"{}");
        assert_eq!(weak.etag(), format!("W/{tag}"));
        assert_eq!(status(&weak, Some(&tag)), 304);
        assert_eq!(status(&weak, Some(weak.etag())), 304);
        assert_eq!(status(&cached, None), 200);
        assert_eq!(status(&cached, Some("\"x\"")), 200);
        assert_ne!(CachedBody::json("[]", 1).etag(), tag);
    }
}
