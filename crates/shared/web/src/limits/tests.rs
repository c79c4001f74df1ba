use std::net::SocketAddr;

use actix_web::test::TestRequest;
use governor::clock::FakeRelativeClock;
use kernel::SeededEntropy;

use super::*;
use crate::client_address::{ForwardedHeader, TrustedProxies};

const KEYS_MAX: usize = 6_400;
const SLOW: Allowance = Allowance { per_minute: 60, burst: 10 };

/// A clock that stands still, and the parts of limits that go by it.
pub(super) fn parts(keys_max: usize) -> (FakeRelativeClock, LimitParts) {
    let clock = FakeRelativeClock::default();
    let shown = clock.clone();
    let clock_of_limits = LimitClock::of(move || shown.now().into());
    let entropy = Arc::new(SeededEntropy::new(1));
    (clock, LimitParts { keys_max, clock: clock_of_limits, entropy })
}

fn allowed(limit: &RateLimit, key: u64, requests: usize) -> usize {
    (0..requests).filter(|_| limit.check(&key).is_ok()).count()
}

#[test]
fn a_key_gets_its_burst_and_then_its_rate() {
    let (clock, parts) = parts(KEYS_MAX);
    let limit = RateLimit::new("test", SLOW, &parts);
    assert_eq!(allowed(&limit, 1, 100), 10);
    assert_eq!(allowed(&limit, 2, 100), 10, "another key has its own");
    clock.advance(Duration::from_millis(2_500));
    assert_eq!(allowed(&limit, 1, 100), 2);
    clock.advance(Duration::from_hours(1));
    assert_eq!(allowed(&limit, 1, 100), 10, "it never saves up more than the burst");
}

#[test]
fn a_limit_of_zero_is_off() {
    let (_, parts) = parts(KEYS_MAX);
    for burst in [0, 10] {
        let limit = RateLimit::new("test", Allowance { per_minute: 0, burst }, &parts);
        assert_eq!((allowed(&limit, 1, 10_000), limit.keys()), (10_000, 0));
    }
    let no_burst = RateLimit::new("test", Allowance { per_minute: 60, burst: 0 }, &parts);
    assert_eq!(allowed(&no_burst, 1, 10), 1, "a limit without burst still lets one through");
}

#[test]
fn a_refusal_says_when_to_come_back_and_what_is_permitted() {
    let (_, parts) = parts(KEYS_MAX);
    // One request in 20 seconds.
    let limit = RateLimit::new("join", Allowance { per_minute: 3, burst: 2 }, &parts);
    assert_eq!(allowed(&limit, 1, 2), 2);
    let waits: std::collections::BTreeSet<u64> = (0..500)
        .map(|_| {
            let problem = limit.check(&1_u64).expect_err("refused");
            assert_eq!(problem.code(), Code::RateLimited);
            let headers: Vec<String> = problem
                .headers()
                .iter()
                .map(|(name, value)| format!("{name}: {}", value.to_str().expect("plain text")))
                .collect();
            assert_eq!(
                headers,
                [r#"ratelimit-policy: "join";q=2;w=40"#, r#"ratelimit: "join";r=0;t=20"#]
            );
            problem.retry_after().expect("a time")
        })
        .collect();
    assert_eq!(waits, (20..=40).collect(), "jittered, and never before it can succeed");
}

#[test]
fn a_million_keys_never_exceed_the_cap() {
    let (clock, parts) = parts(200_000);
    let limit = RateLimit::new("test", SLOW, &parts);
    let mut most = 0;
    for key in 0..1_000_000_u64 {
        // Refused or not: what counts is what is kept.
        let _counted = limit.check(&key);
        if key % 1_000 == 0 {
            most = most.max(limit.keys());
            clock.advance(Duration::from_millis(1));
        }
    }
    most = most.max(limit.keys());
    assert!((190_000..=200_000).contains(&most), "{most}");
}

#[test]
fn when_all_buckets_are_in_use_new_keys_share_one() {
    let (clock, parts) = parts(KEYS_MAX);
    let limit = RateLimit::new("test", SLOW, &parts);
    let let_in = (0..100_000_u64).filter(|key| limit.check(key).is_ok()).count();
    // Not every part of the table fills up at the same time, but all do with this many.
    assert_eq!((limit.keys(), let_in), (KEYS_MAX, KEYS_MAX + 10));
    // A second later each bucket is full again and makes room.
    clock.advance(Duration::from_secs(1));
    let let_in = (200_000..203_200_u64).filter(|key| limit.check(key).is_ok()).count();
    assert_eq!(let_in, 3_200);
}

#[test]
fn stale_buckets_go_while_new_ones_come() {
    let (clock, parts) = parts(KEYS_MAX);
    let limit = RateLimit::new("test", SLOW, &parts);
    for key in 0..3_200_u64 {
        limit.check(&key).expect("the first of its key");
    }
    clock.advance(Duration::from_secs(11));
    for key in 10_000..13_200_u64 {
        limit.check(&key).expect("the first of its key");
    }
    assert_eq!(limit.keys(), 3_200, "those of before are gone though there was room");
    assert_eq!(allowed(&limit, 10_000, 100), 9, "those in use are not forgotten");
}

/// P14 and P17: whoever joins a thousand times from one address takes nothing from the others.
#[test]
fn one_address_is_cut_to_its_burst_and_the_others_are_served() {
    let (clock, parts) = parts(200_000);
    let proxies = TrustedProxies::parse(["10.0.0.0/8"], ForwardedHeader::default()).expect("CIDR");
    let allowance = Allowance { per_minute: 60, burst: 100 };
    let limit = AddressLimit::new("join", allowance, proxies, &parts);
    let joins = |client: &str, spoofed: usize| {
        let proxy = SocketAddr::from(([10, 0, 0, 1], 4_711));
        let forwarded = format!("192.0.2.{}, {client}", spoofed % 250);
        let request = TestRequest::post().insert_header(("x-forwarded-for", forwarded));
        limit.check(&request.peer_addr(proxy).to_http_request()).is_ok()
    };
    let (mut greedy, mut honest) = (0, 0);
    for number in 0..1_000 {
        greedy += usize::from(joins("203.0.113.1", number));
        if number % 20 == 0 {
            honest += usize::from(joins(&format!("198.51.100.{}", number / 20), number));
        }
        clock.advance(Duration::from_micros(500));
    }
    assert_eq!((greedy, honest), (100, 50));
}
