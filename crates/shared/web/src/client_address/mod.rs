//! Where a request comes from, as far as that can be known.

mod forwarded;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

pub use forwarded::ForwardedHeader;

/// The network a client is counted under: its IPv4 address, or the /64 of its IPv6 address, within
/// which a client can give itself any address. An IPv4-mapped IPv6 address is the IPv4 address.
///
/// A socket that has no address is counted as one client with all others that have none.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(Option<IpAddr>);

impl ClientAddress {
    /// The address of the client of `request`.
    ///
    /// It is the peer's. Where the peer is a trusted proxy, it is what that proxy says, and so on from
    /// right to left: each value of the header was added by the hop to the right of it, so the first
    /// one that is not itself a trusted proxy is the last that can be believed. What stands left of
    /// it, the client may have written itself. A value that is no address ends the search, and the
    /// proxy that added it counts as the client.
    #[must_use]
    pub fn of(request: &HttpRequest, proxies: &TrustedProxies) -> Self {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        Self(peer.map(|peer| counted(proxies.client(peer, request.headers()))))
    }

    /// The network around it that one owner may well have: the /24 of IPv4, the /48 of IPv6.
    #[must_use]
    pub fn neighbourhood(self) -> Self {
        Self(self.0.map(|address| match address {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        }))
    }
}

/// Addresses are personal data and stay out of logs.
impl fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAddress(…)")
    }
}

fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// The proxies whose word is taken for where a request comes from, and the header they say it in.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: ForwardedHeader,
}

/// Text that names no network a proxy could be trusted in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    /// It is no network.
    #[error("\"{0}\" is no network in CIDR notation, such as \"10.0.0.0/8\" or \"2001:db8::/48\"")]
    Malformed(String),
    /// It holds every address.
    #[error("\"{0}\" holds every address, so anybody could claim to be anybody else")]
    Everybody(String),
}

impl TrustedProxies {
    /// Nobody is trusted: a client's address is that of its connection.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The proxies of these networks, each a CIDR or a single address. Only `header` is read: a proxy
    /// that sets one of the headers passes the other on as the client wrote it.
    pub fn parse<T: AsRef<str>>(
        networks: impl IntoIterator<Item = T>,
        header: ForwardedHeader,
    ) -> Result<Self, InvalidNetwork> {
        let networks = networks.into_iter().map(|text| network(text.as_ref()));
        Ok(Self { networks: networks.collect::<Result<_, _>>()?, header })
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        if !self.trusts(client) {
            return client;
        }
        for hop in self.header.hops(headers) {
            match hop {
                Some(address) => client = address,
                None => break,
            }
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    /// Whether `request` was forwarded by a proxy that is not trusted, or claims so.
    pub(crate) fn is_claimed(&self, request: &HttpRequest) -> bool {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        request.headers().contains_key(self.header.name())
            && !peer.is_some_and(|peer| self.trusts(peer))
    }
}

fn network(text: &str) -> Result<IpNet, InvalidNetwork> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network = network.map_err(|_| InvalidNetwork::Malformed(text.to_owned()))?;
    if network.prefix_len() == 0 {
        return Err(InvalidNetwork::Everybody(text.to_owned()));
    }
    // Addresses are compared in their canonical form, which is never an IPv4-mapped one.
    match network {
        IpNet::V6(mapped) if mapped.addr().to_ipv4_mapped().is_some() => {
            Err(InvalidNetwork::Malformed(text.to_owned()))
        }
        network => Ok(network),
    }
}

#[cfg(test)]
mod tests;
