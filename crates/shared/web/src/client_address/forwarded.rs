//! The two headers in which proxies say for whom they ask.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::http::header::{HeaderMap, HeaderName};

/// The header in which a proxy says for whom it asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: 192.0.2.1, 198.51.100.7`, which most proxies write.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=192.0.2.1;proto=https, for="[2001:db8::1]:4711"` (RFC 7239).
    Forwarded,
}

impl ForwardedHeader {
    /// The header called `name`, in lower case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::XForwardedFor, Self::Forwarded].into_iter().find(|header| header.text() == name)
    }

    pub(super) fn name(self) -> HeaderName {
        HeaderName::from_static(self.text())
    }

    const fn text(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }

    /// The hops from right to left, the one next to us first; `None` for a value that is no address.
    pub(super) fn hops(self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let lines = headers.get_all(self.name());
        let mut hops: Vec<Option<IpAddr>> = lines
            .flat_map(|line| match (line.to_str(), self) {
                (Err(_), _) => vec![None],
                (Ok(line), Self::XForwardedFor) => line.split(',').map(address).collect(),
                (Ok(line), Self::Forwarded) => elements(line),
            })
            .collect();
        hops.reverse();
        hops
    }
}

/// The addresses of the elements of one line of `Forwarded`.
fn elements(line: &str) -> Vec<Option<IpAddr>> {
    let mut outside = Outside::default();
    for character in line.chars() {
        outside.of_quotes(character);
    }
    // A quote that the client left open would swallow the element that the proxy added.
    if outside.is_quoted {
        return vec![None];
    }
    unquoted_split(line, ',').map(address_in_element).collect()
}

/// The address in the parameter `for` of one element of `Forwarded`.
fn address_in_element(element: &str) -> Option<IpAddr> {
    let mut values = unquoted_split(element, ';')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    let (_, value) = values.next()?;
    if values.next().is_some() {
        return None;
    }
    let value = value.trim();
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    address(inner.unwrap_or(value))
}

/// Splits where the separator stands outside of a quoted string: a client that chooses the host of
/// `host="…"` must not be able to add an element.
fn unquoted_split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut outside = Outside::default();
    text.split(move |character| outside.of_quotes(character) && character == separator)
}

/// Follows the quoted strings of a text (RFC 9110, section 5.6.4).
#[derive(Default)]
struct Outside {
    is_quoted: bool,
    is_escaped: bool,
}

impl Outside {
    /// Takes the next character; whether it stands outside of quoted strings.
    fn of_quotes(&mut self, character: char) -> bool {
        let was_escaped = std::mem::take(&mut self.is_escaped);
        match character {
            '\\' => self.is_escaped = self.is_quoted && !was_escaped,
            '"' if !was_escaped => self.is_quoted = !self.is_quoted,
            _ => (),
        }
        !self.is_quoted
    }
}

/// An address, with or without port, IPv6 in brackets or not.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let address = text
        .parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| bracketed().map(IpAddr::V6))?;
    Some(address.to_canonical())
}
