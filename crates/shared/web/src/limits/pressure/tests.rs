use std::net::SocketAddr;

use actix_web::test::TestRequest;

use super::*;
use crate::TrustedProxies;
use crate::limits::tests::parts;

const USUAL: Usual = Usual { requests: 20, half_life: Duration::from_mins(5), pressure_max: 6 };

/// As many as are usual.
const ANY: u32 = u32::MAX;

/// The pressure on each of so many requests.
fn under(pressure: &Pressure, requests: usize) -> Vec<u8> {
    let each = |_| {
        let under = pressure.of(&1_u64, ANY);
        pressure.count(&1_u64);
        under
    };
    (0..requests).map(each).collect()
}

#[test]
fn it_rises_with_each_doubling_and_no_further_than_its_bound() {
    let (_, parts) = parts(6_400);
    let under = under(&Pressure::new("test", USUAL, &parts), 3_000);
    let begins = |at: u8| under.iter().position(|under| *under == at);
    // 20 are free, and 21 · 2^n − 1 are where the next begins.
    let begin = (1..=6).map(begins).collect::<Vec<_>>();
    assert_eq!(begin, [20, 41, 83, 167, 335, 671].map(Some));
    assert!(under.is_sorted());
    assert_eq!(under.last(), Some(&6));
}

#[test]
fn it_falls_by_one_in_each_half_life() {
    let (clock, parts) = parts(6_400);
    let pressure = Pressure::new("test", USUAL, &parts);
    under(&pressure, 10_000);
    let mut falls = vec![pressure.of(&1_u64, ANY)];
    for _ in 0..7 {
        assert!(!pressure.relief(&1_u64, ANY).is_zero());
        clock.advance(USUAL.half_life);
        falls.push(pressure.of(&1_u64, ANY));
    }
    assert_eq!(falls, [6, 6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(pressure.of(&2_u64, ANY), 0, "nobody else was under any");
}

#[test]
fn its_relief_is_when_the_next_one_is_free() {
    let (clock, parts) = parts(6_400);
    let pressure = Pressure::new("test", USUAL, &parts);
    under(&pressure, 50);
    let relief = pressure.relief(&1_u64, ANY);
    clock.advance(relief.saturating_sub(Duration::from_secs(1)));
    assert_eq!(pressure.of(&1_u64, ANY), 1);
    clock.advance(Duration::from_secs(2));
    assert_eq!((pressure.of(&1_u64, ANY), pressure.relief(&1_u64, ANY)), (0, Duration::ZERO));
}

/// Where less is to be had, less of it is usual for one.
#[test]
fn what_is_usual_can_be_less_for_a_while() {
    let (clock, parts) = parts(6_400);
    let pressure = Pressure::new("test", USUAL, &parts);
    let levels: Vec<u8> = (0..8)
        .map(|_| {
            pressure.count(&1_u64);
            pressure.of(&1_u64, 1)
        })
        .collect();
    assert_eq!(levels, [1, 1, 2, 2, 2, 2, 3, 3]);
    assert_eq!((pressure.of(&1_u64, 8), pressure.of(&1_u64, ANY)), (1, 0));
    assert_eq!(pressure.of(&2_u64, 0), 0, "the first is always free");
    clock.advance(pressure.relief(&1_u64, 1));
    assert_eq!(pressure.of(&1_u64, 1), 0);
}

#[test]
fn whoever_is_asked_for_more_is_told_what_is_usual_and_when_it_ends() {
    let (_, parts) = parts(6_400);
    let pressure = Pressure::new("test", USUAL, &parts);
    under(&pressure, 21);
    let problem = pressure.refusal(Code::ProofRequired, &1_u64, ANY);
    let headers: Vec<&str> =
        problem.headers().iter().filter_map(|(_, value)| value.to_str().ok()).collect();
    assert_eq!(headers, [r#""test";q=20;w=1318"#, r#""test";r=0;t=42"#]);
    assert!(problem.retry_after().is_some_and(|s| (42..=84).contains(&s)));
}

/// A rush of people from as many addresses asks nobody for more; who came often stays known.
#[test]
fn a_rush_never_exceeds_the_cap_and_its_keys_are_under_no_pressure() {
    let (clock, parts) = parts(64_000);
    let pressure = Pressure::new("test", USUAL, &parts);
    under(&pressure, 100);
    for key in 10..300_010_u64 {
        assert_eq!(pressure.of(&key, ANY), 0);
        pressure.count(&key);
        if key % 1_000 == 0 {
            clock.advance(Duration::from_millis(1));
        }
    }
    let kept = pressure.0.as_ref().map_or(0, |gauge| gauge.counts.len());
    assert!((1_000..=64_000).contains(&kept), "{kept}");
    assert_eq!(pressure.of(&1_u64, ANY), 3);
}

/// Even if all that is kept is under pressure, newcomers are not.
#[test]
fn a_table_full_of_busy_keys_says_nothing_of_new_ones() {
    let (clock, parts) = parts(640);
    let pressure = Pressure::new("test", USUAL, &parts);
    for key in 0..2_000_u64 {
        (0..30).for_each(|_| pressure.count(&key));
    }
    clock.advance(Duration::from_secs(2));
    (2_000..4_000_u64).for_each(|key| pressure.count(&key));
    assert_eq!(pressure.0.as_ref().map(|gauge| gauge.counts.len()), Some(640));
    assert!((2_000..4_000_u64).all(|key| pressure.of(&key, ANY) == 0));
}

/// Whoever has a /48 has 65,536 networks of the size that counts as one client.
#[test]
fn many_addresses_of_one_neighbourhood_are_counted_together() {
    let (_, parts) = parts(6_400);
    let pressure = AddressPressure::new("test", USUAL, TrustedProxies::none(), &parts);
    let from = |network: u16, host: u16| {
        let address = [0x2001, 0xdb8, 1, network, 0, 0, 0, host];
        TestRequest::get().peer_addr(SocketAddr::from((address, 1))).to_http_request()
    };
    for network in 0..320 {
        assert_eq!(pressure.of(&from(network, 1), ANY), 0, "{network}");
        pressure.count(&from(network, 2));
    }
    assert_eq!(pressure.of(&from(9_999, 1), ANY), 1);
    let elsewhere = TestRequest::get().peer_addr(SocketAddr::from(([192, 0, 2, 1], 1)));
    assert_eq!(pressure.of(&elsewhere.to_http_request(), ANY), 0);
}
