//! The pass in a cookie (RFC 6265): a browser sends it along to what the room guards.
//!
//! The name begins with `__Host-`, so browsers take it over TLS only, for this host alone and all its paths, and
//! no neighbouring host can put another in its place. `HttpOnly`: no script reads it. `SameSite=Lax`: other
//! sites' pages cannot act with it, while links from elsewhere, and the way back from a waiting page on
//! another host, open.

use std::time::Duration;

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};

const PREFIX: &str = "__Host-einlass-";
const MANNERS: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// The pass of this room that the browser keeps, if it keeps one.
pub(crate) fn read<'a>(headers: &'a HeaderMap, room: &str) -> Option<&'a str> {
    let texts = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(name, value)| {
        (name.trim().strip_prefix(PREFIX) == Some(room)).then_some(value.trim())
    })
}

/// `Set-Cookie` that keeps a pass as long as it is good. A pass was verified, so it has no characters that a
/// cookie must not have.
pub(crate) fn keep(room: &str, pass: &str, for_the: Duration) -> Option<HeaderValue> {
    let max_age = for_the.as_secs();
    HeaderValue::try_from(format!("{PREFIX}{room}={pass}; Max-Age={max_age}; {MANNERS}")).ok()
}

/// `Set-Cookie` that takes it away.
pub(crate) fn forget(room: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{PREFIX}{room}=; Max-Age=0; {MANNERS}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(cookies: &[&str], room: &str) -> Option<String> {
        let headers = cookies
            .iter()
            .map(|text| (COOKIE, HeaderValue::from_str(text).expect("a value")))
            .collect();
        read(&headers, room).map(str::to_owned)
    }

    #[test]
    fn the_cookie_of_the_room_is_found_among_others() {
        let cookies = ["a=b; __Host-einlass-town=one.two.three;c=d", "__Host-einlass-village=x"];
        assert_eq!(read_from(&cookies, "town").as_deref(), Some("one.two.three"));
        assert_eq!(read_from(&cookies, "village").as_deref(), Some("x"));
        assert_eq!(read_from(&cookies, "tow"), None);
        assert_eq!(read_from(&["einlass-town=x; __host-einlass-town=y; town"], "town"), None);
        assert_eq!(read_from(&[], "town"), None);
    }
}
