//! Whether the draw is fair, measured over many draws with fixed seeds.
//!
//! Every bound is a quantile that a fair draw passes in 9,999 of 10,000 runs; the seeds are fixed, so a
//! test that passes once passes always.

use super::{Digest, Lots, lot};

/// The quantile of the standard normal distribution with 99.99 % below it.
const Z: f64 = 3.719;

fn seed_number(number: u64) -> Digest {
    Digest::of(&[b"fairness", &number.to_be_bytes()])
}

fn subject_number(number: u64) -> [u8; 16] {
    let mut subject = [0; 16];
    subject[8..].copy_from_slice(&number.to_be_bytes());
    subject
}

/// Pearson's χ² of counts that should all be equal.
fn chi_square(counts: &[u32]) -> f64 {
    let all: f64 = counts.iter().copied().map(f64::from).sum();
    let expected = all / cells(counts);
    counts.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum()
}

/// The 99.99 % quantile of χ² with this many degrees of freedom (Wilson and Hilferty 1931).
fn quantile(freedom: f64) -> f64 {
    let spread = 2.0 / (9.0 * freedom);
    freedom * (1.0 - spread + Z * spread.sqrt()).powi(3)
}

fn cells(counts: &[u32]) -> f64 {
    f64::from(u32::try_from(counts.len()).expect("small"))
}

fn index(place: u64) -> usize {
    usize::try_from(place).expect("small")
}

fn assert_even(counts: &[u32], what: &str) {
    let (found, bound) = (chi_square(counts), quantile(cells(counts) - 1.0));
    assert!(found < bound, "{what}: χ² = {found:.1} of at most {bound:.1}");
}

#[test]
fn the_subjects_of_one_draw_spread_evenly_over_its_places() {
    for entries in [2_u64, 3, 7, 64, 1_000] {
        let lots = Lots { first: 0, entries, seed: seed_number(entries) };
        let mut counts = vec![0; index(entries)];
        for number in 0..entries * 100 {
            counts[index(lots.place(&subject_number(number)))] += 1;
        }
        assert_even(&counts, &format!("{entries} places"));
    }
}

#[test]
fn one_subject_gets_every_place_equally_often() {
    for number in 0..5 {
        let mut counts = [0; 12];
        for draw in 0..6_000 {
            let lots = Lots { first: 0, entries: 12, seed: seed_number(draw) };
            counts[index(lots.place(&subject_number(number)))] += 1;
        }
        assert_even(&counts, &format!("subject {number}"));
    }
}

/// Whoever drew a bad place in one draw draws the next as everybody else does.
#[test]
fn two_draws_are_independent_of_each_other() {
    let draw = |number| Lots { first: 0, entries: 10, seed: seed_number(number) };
    let (morning, afternoon) = (draw(0), draw(1));
    let mut counts = [0; 100];
    for number in 0..20_000 {
        let subject = subject_number(number);
        counts[index(morning.place(&subject) * 10 + afternoon.place(&subject))] += 1;
    }
    assert_even(&counts, "pairs of places");
}

/// Subjects that follow each other come in every order equally often.
#[test]
fn every_order_of_four_is_equally_likely() {
    let mut counts = std::collections::BTreeMap::new();
    for draw in 0..6_000 {
        let seed = seed_number(draw);
        let mut order = [0, 1, 2, 3];
        order.sort_by_key(|&number| lot(&seed, &subject_number(number)));
        *counts.entry(order).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 24);
    assert_even(&counts.into_values().collect::<Vec<u32>>(), "orders of four");
}

/// P17. One person takes 100 tickets among 10,000 honest people. N counts all 10,100 entries, and half
/// the places are called: the person is among the called as often as anybody else.
#[test]
fn a_hundred_tickets_reach_as_often_as_one() {
    const DRAWS: u32 = 400;
    const HONEST: u64 = 10_000;
    const ENTRIES: u64 = HONEST + 100;
    const CALLED: u64 = ENTRIES / 2;
    let person = subject_number(u64::MAX);
    let (mut person_reached, mut honest_reached, mut as_hundred_subjects) = (0, 0, 0);
    for draw in 0..DRAWS {
        let lots = Lots { first: 0, entries: ENTRIES, seed: seed_number(draw.into()) };
        let reached = |subject: [u8; 16]| lots.place(&subject) < CALLED;
        let honest = (0..HONEST).filter(|&number| reached(subject_number(number))).count();
        honest_reached += u32::try_from(honest).expect("small");
        person_reached += u32::from((0..100).any(|_ticket| reached(person)));
        as_hundred_subjects +=
            u32::from((0..100).any(|ticket| reached(subject_number(HONEST + ticket))));
    }
    let draws = f64::from(DRAWS);
    let honest_rate = f64::from(honest_reached) / (draws * 10_000.0);
    let bound = Z * (honest_rate * (1.0 - honest_rate) / draws).sqrt();
    let off = |reached: u32| (f64::from(reached) / draws - honest_rate).abs();
    assert!((honest_rate - 0.5).abs() < 0.002, "half of all are called, got {honest_rate:.4}");
    assert!(off(person_reached) < bound, "{person_reached} of {DRAWS}, others {honest_rate:.4}");
    // The test can tell: with a lot for every ticket the same person is reached every time.
    assert!(off(as_hundred_subjects) > bound, "{as_hundred_subjects} of {DRAWS}");
}
