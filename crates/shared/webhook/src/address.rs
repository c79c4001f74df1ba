//! Which addresses a message may be sent to.
//!
//! An address that is not out in the Internet belongs to the machine itself, to its neighbours, or to whoever runs it:
//! databases, the waiting room, the metadata of a cloud. Somebody who may choose a host name could have all of them
//! asked. So only global unicast addresses are admitted, and of the others those that the operator names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(a: u16, b: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), length)
}

/// Of IPv4, what the registries of special addresses (RFC 6890) and of multicast have.
const NOT_GLOBAL_V4: [Ipv4Net; 19] = [
    v4(0, 0, 0, 0, 8),        // this network
    v4(10, 0, 0, 0, 8),       // private
    v4(100, 64, 0, 0, 10),    // shared by the customers of a carrier
    v4(127, 0, 0, 0, 8),      // this machine
    v4(168, 63, 129, 16, 32), // the metadata of a large cloud, at an address like any other
    v4(169, 254, 0, 0, 16),   // this link, and the metadata of most clouds
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // protocols
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 31, 196, 0, 24),  // AS112
    v4(192, 52, 193, 0, 24),  // relays of multicast
    v4(192, 88, 99, 0, 24),   // relays of 6to4
    v4(192, 168, 0, 0, 16),   // private
    v4(192, 175, 48, 0, 24),  // AS112
    v4(198, 18, 0, 0, 15),    // measurements
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved, and broadcast
];

/// Of IPv6, all that is global unicast. Addresses that stand for one of IPv4 (mapped, NAT64) lie outside.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

/// What of it is special all the same (RFC 6890 and later).
const NOT_GLOBAL_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),     // protocols, and Teredo, which stands for addresses of IPv4
    v6(0x2001, 0xdb8, 32), // documentation
    v6(0x2002, 0, 16),     // 6to4, which stands for addresses of IPv4
    v6(0x3fff, 0, 20),     // documentation
];

/// Whether an address is out in the Internet.
fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_GLOBAL_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address)
                && !NOT_GLOBAL_V6.iter().any(|network| network.contains(&address))
        }
    }
}

/// The networks that an endpoint may lie in besides the Internet.
#[derive(Clone, Debug, Default)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// These networks in CIDR notation, such as `10.1.0.0/16`. The text that is none is the error.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        let networks = texts.iter().map(|text| text.parse().map_err(|_| text.clone()));
        networks.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a message may be sent to this address.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> bool {
        is_global(address) || self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_global(text: &str) -> bool {
        super::is_global(text.parse().expect("an address"))
    }

    #[test]
    fn only_the_internet_is_global() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.178.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_global(address), "{address}");
        }
        for address in ["8.8.8.8", "100.63.0.1", "172.32.0.1", "193.99.144.80", "2a02:2e0:3fe::1"] {
            assert!(is_global(address), "{address}");
        }
    }

    #[test]
    fn what_the_operator_names_is_admitted_and_nothing_beside_it() {
        let networks = Networks::parse(&["10.1.0.0/16".to_owned(), "fd00:1::/64".to_owned()]);
        let networks = networks.expect("networks");
        let admits = |text: &str| networks.admit(text.parse().expect("an address"));
        for address in ["10.1.2.3", "fd00:1::7", "8.8.8.8"] {
            assert!(admits(address), "{address}");
        }
        // Somebody who names a network of IPv4 has not named another way to write its addresses.
        for address in ["10.2.0.1", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd00:2::7", "127.0.0.1"]
        {
            assert!(!admits(address), "{address}");
        }
        assert_eq!(Networks::parse(&["10.1/16".to_owned()]).expect_err("refused"), "10.1/16");
    }
}
