//! A campaign with a nation's places, nearly full, and campaigns of 2,500 places, in turns: the number of
//! places must cost nothing.

use anyhow::{Result, ensure};
use loadtest::closed_loop::Limit;

use super::people::{self, CONNECTIONS, People, booking, booking_requests};
use super::services::{self, Services};
use crate::Bench;
use crate::campaigns::{Campaign, Gate};
use crate::cores::Place;
use crate::einlass::Einlass;
use crate::figure::{Aim, Figure};
use crate::load;

/// Of a small campaign, and bookings of one burst.
const SMALL: u32 = 2_500;
/// Of both, so that they differ in the places only.
const SLOTS: u32 = 84;
/// In each round and of each side; one is over in a moment.
const BURSTS: u32 = 8;
/// Bookings of the large campaign that are prepared at once before the rounds.
const PORTION: u32 = 50_000;
const LARGE: &str = "million";

/// Measures all.
pub fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let bursts = (bench.rounds + 1) * BURSTS;
    let filling = bench.places.checked_sub(bursts * SMALL);
    ensure!(filling.is_some(), "{} places are too few for {} rounds", bench.places, bench.rounds);
    let filling = filling.unwrap_or_default();

    let small_ids: Vec<String> = (0..bursts).map(|burst| format!("small-{burst}")).collect();
    let small_home = services::set_up(bench, "small", bench.workers)?;
    let large_home = services::set_up(bench, "large", bench.workers)?;
    let small = start(&small_home, &small_ids, SMALL)?;
    let large = start(&large_home, &[LARGE.to_owned()], bench.places)?;
    fill(&large, bench.places, filling)?;

    let mut rate = Figure::new(
        "book_million_rate_ratio",
        Some(Aim::AtLeast(0.8)),
        format!(
            "bookings a second in a campaign of {} places, the last of it, to those in campaigns of \
             {SMALL}; both on {SLOTS} slots, in bursts of {SMALL} over {CONNECTIONS} connections",
            bench.places
        ),
    );
    let mut memory = Figure::new(
        "book_million_memory_ratio",
        Some(Aim::AtMost(1.2)),
        "resident memory of the booking API with the one after each round, to that with the others",
    );
    let mut bursts = (0_u32..).zip(&small_ids);
    // The first round warms both up and is not counted.
    for round in 0..=bench.rounds {
        let (mut small_s, mut large_s) = (0.0, 0.0);
        for (burst, id) in bursts.by_ref().take(BURSTS as usize) {
            small_s += burst_s(&small, id, SMALL, 0)?;
            large_s += burst_s(&large, LARGE, bench.places, filling + burst * SMALL)?;
        }
        let (small_bytes, large_bytes) =
            (small.booking.resident_bytes()?, large.booking.resident_bytes()?);
        let booked = f64::from(BURSTS * SMALL);
        eprintln!(
            "{}, round {round}: {:.0}/s, small {:.0}/s; {large_bytes} bytes, small {small_bytes}",
            rate.name,
            booked / large_s,
            booked / small_s
        );
        if round > 0 {
            rate.add(small_s / large_s);
            memory.add(large_bytes / small_bytes);
        }
    }
    Ok(vec![rate, memory])
}

fn start(einlass: &Einlass, ids: &[String], places: u32) -> Result<Services> {
    for id in ids {
        let campaign = Campaign::opening_now(id, Gate::Wide);
        // Who has booked makes room at the gate at once.
        einlass.apply(&Campaign { slots: SLOTS, places, seats_max: 1, ..campaign })?;
    }
    let services = Services::start(einlass, Place::Anywhere)?;
    for id in ids {
        services.wait_until_open(id)?;
    }
    Ok(services)
}

/// Books the first `filling` of the places.
fn fill(large: &Services, places: u32, filling: u32) -> Result<()> {
    let mut before = 0;
    while before < filling {
        let number = PORTION.min(filling - before);
        let seconds = book_s(large, places, &People { campaign: LARGE, before, number })?;
        before += number;
        eprintln!("{before} of {places} places: {:.0} bookings/s", f64::from(number) / seconds);
    }
    Ok(())
}

fn burst_s(services: &Services, campaign: &str, places: u32, before: u32) -> Result<f64> {
    book_s(services, places, &People { campaign, before, number: SMALL })
}

/// How long they take.
fn book_s(services: &Services, places: u32, people: &People<'_>) -> Result<f64> {
    people::wait_until_left(services, people.campaign, places - people.before)?;
    let requests = booking_requests(services, people)?;
    let limit = Limit::Requests(people.number.into());
    let measured = load::measure(&services.booking, &booking(&requests, limit))?;
    Ok(f64::from(people.number) / measured.per_second)
}
