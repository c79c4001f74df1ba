//! What a browser keeps for a room in cookies (RFC 6265): the pass, which it sends along to what the room guards, and
//! the ticket of whoever waits on the room's own page.
//!
//! The names begin with `__Host-`, so browsers take them over TLS only, for this host alone and all its paths, and
//! no neighbouring host can put another in their place. `HttpOnly`: no script reads them. `SameSite=Lax`: other
//! sites' pages cannot act with them, while links from elsewhere, and the way back from a waiting page on
//! another host, open.

use std::time::Duration;

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};

const PREFIX: &str = "__Host-einlass-";
const MANNERS: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// One cookie of a room.
#[derive(Clone, Copy)]
pub(crate) struct Cookie<'a> {
    room: &'a str,
    /// No room has a name with a full stop in it.
    ending: &'static str,
}

impl<'a> Cookie<'a> {
    /// That of the pass.
    pub(crate) const fn pass(room: &'a str) -> Self {
        Self { room, ending: "" }
    }

    /// That of the ticket.
    pub(crate) const fn ticket(room: &'a str) -> Self {
        Self { room, ending: ".ticket" }
    }

    /// What the browser keeps in it, if anything.
    pub(crate) fn read(self, headers: &HeaderMap) -> Option<&str> {
        let texts = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
        let mut pairs =
            texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(name, value)| {
            let of = name.trim().strip_prefix(PREFIX)?;
            (of.strip_prefix(self.room)? == self.ending).then_some(value.trim())
        })
    }

    /// `Set-Cookie` that keeps a token as long as it is good. Tokens that were signed or verified here have no
    /// characters that a cookie must not have.
    pub(crate) fn keep(self, token: &str, for_the: Duration) -> Option<HeaderValue> {
        let (Self { room, ending }, max_age) = (self, for_the.as_secs());
        HeaderValue::try_from(format!(
            "{PREFIX}{room}{ending}={token}; Max-Age={max_age}; {MANNERS}"
        ))
        .ok()
    }

    /// `Set-Cookie` that takes it away.
    pub(crate) fn forget(self) -> Option<HeaderValue> {
        self.keep("", Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(cookies: &[&str], cookie: Cookie<'_>) -> Option<String> {
        let headers = cookies
            .iter()
            .map(|text| (COOKIE, HeaderValue::from_str(text).expect("a value")))
            .collect();
        cookie.read(&headers).map(str::to_owned)
    }

    #[test]
    fn the_cookie_of_the_room_is_found_among_others() {
        let cookies = ["a=b; __Host-einlass-town=one.two.three;c=d", "__Host-einlass-village=x"];
        assert_eq!(read_from(&cookies, Cookie::pass("town")).as_deref(), Some("one.two.three"));
        assert_eq!(read_from(&cookies, Cookie::pass("village")).as_deref(), Some("x"));
        assert_eq!(read_from(&cookies, Cookie::pass("tow")), None);
        assert_eq!(read_from(&cookies, Cookie::ticket("town")), None);
        let ticket = ["__Host-einlass-town.ticket=t"];
        assert_eq!(read_from(&ticket, Cookie::ticket("town")).as_deref(), Some("t"));
        assert_eq!(read_from(&ticket, Cookie::pass("town")), None);
        let others = ["einlass-town=x; __host-einlass-town=y; town"];
        assert_eq!(read_from(&others, Cookie::pass("town")), None);
        assert_eq!(read_from(&[], Cookie::pass("town")), None);
    }
}
