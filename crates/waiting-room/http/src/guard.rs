//! What a room stands in front of, where that is another system: which addresses people may be led back to,
//! where they wait, and what happens while nobody can be let in.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use url::{Url, form_urlencoded};
use waiting_room::RoomId;

/// The longest address that people are led back to, in bytes. Browsers and proxies hold as much.
const ADDRESS_LENGTH_MAX: usize = 2_048;

/// Whether requests go on that nobody can decide about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailMode {
    /// They are refused.
    #[default]
    Closed,
    /// They go on without a pass.
    Open,
}

/// How one room guards what it stands in front of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// The origins of what is guarded, such as `https://shop.example`, as a browser writes them.
    pub protects: Vec<String>,
    /// Where people wait: an address, or an absolute path of the same host. Without a fragment.
    pub waiting_page: Option<String>,
    /// What happens while nobody can be let in.
    pub fail: FailMode,
}

impl Guard {
    /// The address as the browser will understand it, if people may be led there.
    pub(crate) fn return_address(&self, address: &str) -> Option<String> {
        // What browsers would read in several ways is not for us to guess.
        let is_plain = address.len() <= ADDRESS_LENGTH_MAX
            && address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let url = Url::parse(address).ok().filter(|_| is_plain)?;
        // Other addresses have origins as well: that of `blob:https://…` is the one within.
        let is_page = ["https", "http"].contains(&url.scheme());
        let has_user = !url.username().is_empty() || url.password().is_some();
        let origin = url.origin().ascii_serialization();
        (is_page && !has_user && self.protects.contains(&origin)).then(|| url.into())
    }

    /// The waiting page, which leads back to what was asked for, if it may.
    pub(crate) fn waiting_page_for(&self, asked: &HeaderMap) -> Option<String> {
        let page = self.waiting_page.as_ref()?;
        let Some(address) = asked_for(asked).and_then(|address| self.return_address(&address))
        else {
            return Some(page.clone());
        };
        let separator = if page.contains('?') { '&' } else { '?' };
        let address: String = form_urlencoded::byte_serialize(address.as_bytes()).collect();
        Some(format!("{page}{separator}return_to={address}"))
    }

    /// Where people go on who came from nowhere: the front page of what is guarded, on the host that they ask if
    /// that is guarded.
    pub(crate) fn front_page(&self, asked: &HeaderMap) -> Option<String> {
        let host = asked.get(HOST).and_then(|host| host.to_str().ok());
        let own = self.protects.iter().find(|origin| host_of(origin) == host);
        own.or(self.protects.first()).map(|origin| format!("{origin}/"))
    }

    /// Whether the page that sent this request may act for whoever opened it: a page elsewhere could put its own
    /// pass in the place of a better one. Browsers say which page sent a form; other clients have no cookies
    /// that it could harm.
    pub(crate) fn lets_act(&self, request: &HttpRequest) -> bool {
        let Some(origin) = request.headers().get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let is_own = host.is_some() && host_of(origin) == host;
        is_own || self.lists(origin)
    }

    /// The address of the waiting page, where it has one that says of which host.
    pub(crate) fn waiting_page_elsewhere(&self) -> Option<&str> {
        self.waiting_page.as_deref().filter(|page| Url::parse(page).is_ok())
    }

    /// Whether pages of this origin may act for whoever opens them: those of what is guarded, and the
    /// waiting page.
    fn lists(&self, origin: &str) -> bool {
        let waiting = self.waiting_page.as_ref().and_then(|page| Url::parse(page).ok());
        self.protects.iter().any(|listed| listed == origin)
            || waiting.is_some_and(|page| page.origin().ascii_serialization() == origin)
    }
}

/// The host of an origin, with the port if it is another than usual.
fn host_of(origin: &str) -> Option<&str> {
    origin.split_once("://").map(|(_, host)| host)
}

/// The guards of the rooms that have one.
#[derive(Clone, Debug, Default)]
pub struct Guards(HashMap<RoomId, Guard>);

impl Guards {
    /// That of a room.
    pub(crate) fn of(&self, room: &RoomId) -> Option<&Guard> {
        self.0.get(room)
    }
}

impl FromIterator<(RoomId, Guard)> for Guards {
    fn from_iter<I: IntoIterator<Item = (RoomId, Guard)>>(guards: I) -> Self {
        Self(guards.into_iter().collect())
    }
}

/// The address that was asked for, as the proxy in between says: `X-Original-URL` (nginx), or
/// `X-Forwarded-Proto`, `-Host` and `-Uri` (Traefik and the others). What was not read but sent cannot be sent
/// again by leading somebody back, so that leads to the front page.
fn asked_for(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let method = text("x-forwarded-method").or_else(|| text("x-original-method"));
    let is_read = method.is_none_or(|method| ["GET", "HEAD"].contains(&method));
    let address = if let Some(address) = text("x-original-url") {
        address.to_owned()
    } else {
        let uri = text("x-forwarded-uri").filter(|uri| uri.starts_with('/')).unwrap_or("/");
        format!("{}://{}{uri}", text("x-forwarded-proto")?, text("x-forwarded-host")?)
    };
    if is_read {
        return Some(address);
    }
    Url::parse(&address).and_then(|url| url.join("/")).ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn guard() -> Guard {
        Guard {
            protects: vec!["https://shop.example".into(), "http://localhost:8000".into()],
            waiting_page: Some("https://warten.example/town".into()),
            fail: FailMode::Closed,
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_str(value).expect("a value");
                (HeaderName::from_static(name), value)
            })
            .collect()
    }

    #[test]
    fn people_are_led_back_with_path_and_query() {
        let led = |address| guard().return_address(address);
        for address in [
            "https://shop.example/",
            "https://shop.example/a/b?c=d&e=%2F#f",
            "http://localhost:8000/x",
            "https://shop.example//evil.example/",
            "https://shop.example/?to=https://evil.example",
        ] {
            assert_eq!(led(address).as_deref(), Some(address));
        }
        assert_eq!(led("https://shop.example").as_deref(), Some("https://shop.example/"));
        assert_eq!(led("HTTPS://SHOP.example:443/X").as_deref(), Some("https://shop.example/X"));
    }

    #[test]
    fn nobody_is_led_anywhere_else() {
        for address in [
            "",
            "/a",
            "//shop.example/",
            "https://evil.example/",
            "http://shop.example/",
            "https://shop.example:8443/",
            "http://localhost:8001/",
            "https://shop.example.evil.example/",
            "https://evil.example/https://shop.example/",
            "https://shop.example@evil.example/",
            "https://user@shop.example/",
            "https://:secret@shop.example/",
            "https://evil.example\\@shop.example/",
            "https:\\\\shop.example/",
            "https://shop.example\t/",
            "https://shop.example/\r\nset-cookie: a=b",
            " https://shop.example/",
            "https://shop.example/ä",
            "https://sh\u{f8}p.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "blob:https://shop.example/",
            &format!("https://shop.example/{}", "x".repeat(ADDRESS_LENGTH_MAX)),
        ] {
            assert_eq!(guard().return_address(address), None, "{address}");
        }
    }

    #[test]
    fn every_proxy_says_what_was_asked_for() {
        let forwarded = [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "shop.example"),
            ("x-forwarded-uri", "/a?b=c"),
        ];
        let nginx = [("x-original-url", "https://shop.example/a?b=c")];
        let back = "https://warten.example/town?return_to=https%3A%2F%2Fshop.example%2Fa%3Fb%3Dc";
        assert_eq!(guard().waiting_page_for(&headers(&forwarded)).as_deref(), Some(back));
        assert_eq!(guard().waiting_page_for(&headers(&nginx)).as_deref(), Some(back));
        let sent = [&nginx[..], &[("x-forwarded-method", "POST")]].concat();
        let front = "https://warten.example/town?return_to=https%3A%2F%2Fshop.example%2F";
        assert_eq!(guard().waiting_page_for(&headers(&sent)).as_deref(), Some(front));
    }

    #[test]
    fn an_address_that_is_not_listed_is_left_out() {
        let elsewhere = headers(&[("x-original-url", "https://evil.example/")]);
        let page = guard().waiting_page_for(&elsewhere);
        assert_eq!(page.as_deref(), Some("https://warten.example/town"));
        let nothing = guard().waiting_page_for(&HeaderMap::new());
        assert_eq!(nothing.as_deref(), Some("https://warten.example/town"));
        let of_the_site = Guard { waiting_page: Some("/warten?room=town".into()), ..guard() };
        let asked = headers(&[("x-original-url", "https://shop.example/")]);
        assert_eq!(
            of_the_site.waiting_page_for(&asked).as_deref(),
            Some("/warten?room=town&return_to=https%3A%2F%2Fshop.example%2F")
        );
    }

    #[test]
    fn pages_of_listed_origins_may_act() {
        for origin in ["https://shop.example", "https://warten.example", "http://localhost:8000"] {
            assert!(guard().lists(origin), "{origin}");
        }
        for origin in ["null", "https://evil.example", "http://warten.example", ""] {
            assert!(!guard().lists(origin), "{origin}");
        }
    }
}
