use std::net::SocketAddr;

use actix_web::test::TestRequest;

use super::*;

const FORWARDED_FOR: &str = "x-forwarded-for";

fn proxies(header: ForwardedHeader) -> TrustedProxies {
    TrustedProxies::parse(["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.9"], header).expect("networks")
}

fn counted_as(proxies: &TrustedProxies, peer: &str, name: &str, lines: &[&str]) -> String {
    let peer = SocketAddr::new(peer.parse().expect("an address"), 4_711);
    let request = lines
        .iter()
        .fold(TestRequest::default(), |request, line| request.append_header((name, *line)))
        .peer_addr(peer)
        .to_http_request();
    let ClientAddress(address) = ClientAddress::of(&request, proxies);
    address.expect("every peer here has one").to_string()
}

#[test]
fn the_right_most_hop_that_is_no_trusted_proxy_is_the_client() {
    let proxies = proxies(ForwardedHeader::XForwardedFor);
    for (peer, lines, client) in [
        // Without a trusted peer the header is anybody's word.
        ("198.51.100.7", vec!["203.0.113.1"], "198.51.100.7"),
        ("198.51.100.7", vec![], "198.51.100.7"),
        ("10.0.0.1", vec!["203.0.113.1"], "203.0.113.1"),
        ("192.0.2.9", vec!["203.0.113.1"], "203.0.113.1"),
        ("192.0.2.8", vec!["203.0.113.1"], "192.0.2.8"),
        // What the client wrote itself stands to the left.
        ("10.0.0.1", vec!["1.1.1.1, 203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", vec!["1.1.1.1", "203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", vec!["10.0.0.9, 203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", vec!["1.1.1.1, 203.0.113.1, 10.2.3.4"], "203.0.113.1"),
        ("10.0.0.1", vec!["1.1.1.1, 203.0.113.1", "10.2.3.4,10.2.3.5"], "203.0.113.1"),
        // A request from inside, and a proxy that says nothing.
        ("10.0.0.1", vec!["10.2.3.4"], "10.2.3.4"),
        ("10.0.0.1", vec![], "10.0.0.1"),
        // Nothing left of a value that is no address can be believed.
        ("10.0.0.1", vec!["203.0.113.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", vec!["203.0.113.1, garbage, 10.2.3.4"], "10.2.3.4"),
        ("10.0.0.1", vec![""], "10.0.0.1"),
        ("10.0.0.1", vec!["203.0.113.1,"], "10.0.0.1"),
        ("10.0.0.1", vec!["203.0.113.1, ümlaut"], "10.0.0.1"),
        // Ports and brackets.
        ("10.0.0.1", vec!["203.0.113.1:5000"], "203.0.113.1"),
        ("10.0.0.1", vec!["[2001:db8:2::7]:5000"], "2001:db8:2::"),
        ("10.0.0.1", vec!["[2001:db8:2::7]"], "2001:db8:2::"),
    ] {
        assert_eq!(counted_as(&proxies, peer, FORWARDED_FOR, &lines), client, "{peer} {lines:?}");
    }
}

#[test]
fn an_ipv6_client_is_its_64_and_a_mapped_address_is_ipv4() {
    let proxies = proxies(ForwardedHeader::XForwardedFor);
    for (peer, line, client) in [
        ("2001:db8:2:3:4:5:6:7", "", "2001:db8:2:3::"),
        ("2001:db8:2:3:ffff::1", "", "2001:db8:2:3::"),
        ("2001:db8:1::1", "2001:db8:2:3:4::", "2001:db8:2:3::"),
        ("2001:db8:1::1", "2001:db8:2::7, 2001:db8:1:ffff::2", "2001:db8:2::"),
        ("::ffff:10.0.0.1", "::ffff:203.0.113.1", "203.0.113.1"),
        ("::ffff:203.0.113.1", "1.1.1.1", "203.0.113.1"),
    ] {
        assert_eq!(counted_as(&proxies, peer, FORWARDED_FOR, &[line]), client, "{peer} {line}");
    }
}

#[test]
fn only_the_configured_header_is_read() {
    let one = proxies(ForwardedHeader::XForwardedFor);
    assert_eq!(counted_as(&one, "10.0.0.1", "forwarded", &["for=1.1.1.1"]), "10.0.0.1");
    let other = proxies(ForwardedHeader::Forwarded);
    assert_eq!(counted_as(&other, "10.0.0.1", FORWARDED_FOR, &["1.1.1.1"]), "10.0.0.1");
    assert_eq!(ForwardedHeader::named("forwarded"), Some(ForwardedHeader::Forwarded));
    assert_eq!(ForwardedHeader::named("x-real-ip"), None);
}

#[test]
fn the_header_of_rfc_7239() {
    let proxies = proxies(ForwardedHeader::Forwarded);
    for (lines, client) in [
        (vec!["for=203.0.113.1"], "203.0.113.1"),
        (vec!["For=\"203.0.113.1:80\";proto=https;by=10.0.0.1"], "203.0.113.1"),
        (vec!["proto=http; for=\"[2001:db8:2::7]:4711\""], "2001:db8:2::"),
        (vec!["for=1.1.1.1, for=203.0.113.1, for=10.2.3.4"], "203.0.113.1"),
        (vec!["for=1.1.1.1", "for=203.0.113.1"], "203.0.113.1"),
        (vec!["for=203.0.113.1, for=_hidden"], "10.0.0.1"),
        (vec!["for=203.0.113.1, for=unknown"], "10.0.0.1"),
        (vec!["for=203.0.113.1, proto=https"], "10.0.0.1"),
        (vec!["for=1.1.1.1;for=203.0.113.1"], "10.0.0.1"),
        // A host that the client chose adds no hop.
        (vec![r#"for=203.0.113.1;host="x, for=1.1.1.1""#], "203.0.113.1"),
        (vec![r#"for=203.0.113.1;host="x\", for=1.1.1.1""#], "203.0.113.1"),
        (vec![r#"for=203.0.113.1;host="x;for=1.1.1.1""#], "203.0.113.1"),
        // Nor does a quote that it left open, before what the proxy adds.
        (vec![r#"for=1.1.1.1;x=", for=203.0.113.1"#], "10.0.0.1"),
        (vec![r#"for=1.1.1.1;x=", for="203.0.113.1:80""#], "10.0.0.1"),
        (vec![r#"for=1.1.1.1;x="\, for="203.0.113.1:80""#], "10.0.0.1"),
    ] {
        assert_eq!(counted_as(&proxies, "10.0.0.1", "forwarded", &lines), client, "{lines:?}");
    }
}

#[test]
fn what_is_no_network_of_a_proxy_is_refused() {
    for malformed in ["", "10.0.0.0/33", "10.0.0", "proxy.example", "::ffff:10.0.0.0/104", "10/8"] {
        let refused = TrustedProxies::parse([malformed], ForwardedHeader::default());
        let error = refused.expect_err(malformed);
        assert_eq!(error, InvalidNetwork::Malformed(malformed.to_owned()));
    }
    for everybody in ["0.0.0.0/0", "::/0"] {
        let refused = TrustedProxies::parse([everybody], ForwardedHeader::default());
        let error = refused.expect_err(everybody);
        assert_eq!(error, InvalidNetwork::Everybody(everybody.to_owned()));
    }
}

#[test]
fn an_address_is_not_shown() {
    let address = ClientAddress(Some(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    assert_eq!(format!("{address:?}"), "ClientAddress(…)");
}
