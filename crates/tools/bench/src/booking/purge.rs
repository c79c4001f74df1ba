//! Bookings of one campaign while the rows of another, which is over, are purged.
//!
//! People come at a steady rate, far below what can be booked, before the purge, during all of it and after its end. So
//! the purge is measured once, whatever the number of rounds.

mod rows;

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use jiff::SignedDuration;
use loadtest::open_loop::{self, Exchange};

use super::people::{People, booking_requests};
use super::services::{self, Services};
use crate::Bench;
use crate::campaigns::{self, Campaign, Gate, from_now};
use crate::cores::Place;
use crate::figure::{Aim, Figure};
use crate::postgres::psql;

const DATABASE: &str = "purge";
/// The campaign that is over.
const OVER: &str = "over";
const LIVE: &str = "live";
const BOOKINGS_PER_S: u32 = 300;
const CONNECTIONS_MAX: usize = 256;
/// People are let in before it begins, and so many come at most.
const PEOPLE: u32 = 100_000;
/// In days: not due while the bookings without a purge are measured.
const NOT_DUE: u16 = 1_000;

/// How far the purge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    NotBegun,
    UnderWay,
    Ended,
}

/// The bookings of some windows.
#[derive(Default)]
struct Waits {
    /// From when each should have been sent until it was answered.
    all: Vec<Duration>,
    /// The longest time in which none was answered.
    pause: Duration,
}

/// Measures all.
pub fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let einlass = services::set_up(bench, DATABASE, bench.workers)?;
    let database = bench.postgres.url_of(DATABASE)?;
    einlass.apply(&Campaign { slots: 84, ..Campaign::opening_now(LIVE, Gate::Wide) })?;
    let today = from_now(SignedDuration::ZERO);
    einlass.apply_file(OVER, &campaigns::over(OVER, today, NOT_DUE))?;
    let rows = rows::fill(&database, OVER, bench.rows)?;
    let services = Services::start(&einlass, Place::Anywhere)?;
    services.wait_until_open(LIVE)?;
    let requests =
        booking_requests(&services, &People { campaign: LIVE, before: 0, number: PEOPLE })?;

    let mut windows = requests.chunks((bench.seconds * BOOKINGS_PER_S) as usize);
    let mut window = |waits: &mut Waits| {
        let requests = windows.next().context("the purge does not end")?;
        waits.add(&send(&services, requests)?);
        Ok::<(), anyhow::Error>(())
    };
    // The first window warms up and is not counted.
    window(&mut Waits::default())?;
    let (mut without, mut during) = (Waits::default(), Waits::default());
    for _ in 0..bench.rounds {
        window(&mut without)?;
    }
    einlass.apply_file(OVER, &campaigns::over(OVER, today, 0))?;
    loop {
        let before = stage(&database)?;
        let mut waits = Waits::default();
        window(&mut waits)?;
        let after = stage(&database)?;
        let pause_ms = waits.pause.as_secs_f64() * 1e3;
        eprintln!("purge, from {before:?} to {after:?}: the longest pause was {pause_ms:.0} ms");
        match (before, after) {
            (Stage::NotBegun, Stage::NotBegun) => without.merge(waits),
            (Stage::Ended, _) => break,
            _ => during.merge(waits),
        }
    }
    let left = rows::count(&database, OVER)?;
    ensure!(left == 0, "{left} rows are left after the purge");
    figures(rows, &without, &during, purge_s(&database)?)
}

/// Bookings at a steady rate.
fn send(services: &Services, requests: &[Vec<u8>]) -> Result<Vec<Exchange>> {
    let every = Duration::from_secs(1) / BOOKINGS_PER_S;
    let due: Vec<Duration> = (0_u32..).zip(requests).map(|(number, _)| every * number).collect();
    let exchanges = open_loop::run(&open_loop::Config {
        address: services.booking.address,
        due: &due,
        requests,
        connections_max: CONNECTIONS_MAX,
    });
    let exchanges = exchanges.context("the load failed")?;
    match exchanges.iter().find(|exchange| exchange.status != 201) {
        Some(other) => bail!("one of {} replies was {}", exchanges.len(), other.status),
        None => Ok(exchanges),
    }
}

impl Waits {
    fn add(&mut self, exchanges: &[Exchange]) {
        self.all.extend(exchanges.iter().map(|one| one.answered.saturating_sub(one.due)));
        let mut answered: Vec<Duration> = exchanges.iter().map(|one| one.answered).collect();
        answered.sort_unstable();
        let pauses = answered.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
        self.pause = pauses.fold(self.pause, Duration::max);
    }

    fn merge(&mut self, other: Self) {
        self.all.extend(other.all);
        self.pause = self.pause.max(other.pause);
    }

    /// How long 999 of 1,000 wait at most, and how long the last one.
    fn p999_and_longest(&self) -> Result<(Duration, Duration)> {
        let mut sorted = self.all.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * 999).div_ceil(1_000).checked_sub(1);
        let p999 = rank.and_then(|rank| sorted.get(rank));
        let (p999, longest) = p999.zip(sorted.last()).context("nobody has booked")?;
        Ok((*p999, *longest))
    }
}

fn stage(database: &str) -> Result<Stage> {
    let sql = format!("SELECT ended_at_ms IS NULL FROM campaign_purge WHERE campaign = '{OVER}'");
    match psql(database, &sql)?.trim() {
        "" => Ok(Stage::NotBegun),
        "t" => Ok(Stage::UnderWay),
        "f" => Ok(Stage::Ended),
        other => bail!("whether the purge has ended is answered with {other}"),
    }
}

/// How long it took.
fn purge_s(database: &str) -> Result<f64> {
    let sql = format!(
        "SELECT (ended_at_ms - begun_at_ms) / 1000.0 FROM campaign_purge WHERE campaign = '{OVER}'"
    );
    psql(database, &sql)?.trim().parse().context("the purge has not ended")
}

fn figures(rows: u32, without: &Waits, during: &Waits, purge_s: f64) -> Result<Vec<Figure>> {
    let (calm_p999, calm_longest) = without.p999_and_longest()?;
    let (p999, longest) = during.p999_and_longest()?;
    let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
    eprintln!(
        "purge: {rows} rows in {purge_s:.0} s, {} bookings meanwhile and {} without",
        during.all.len(),
        without.all.len()
    );
    let one = |name, aim, counted: String, value: f64| {
        let mut figure = Figure::new(name, aim, counted);
        figure.add(value);
        figure
    };
    let whom = format!("{BOOKINGS_PER_S} a second in another campaign");
    Ok(vec![
        one(
            "purge_pause_ms",
            Some(Aim::AtMost(50.0)),
            format!(
                "the longest time without an answered booking, of {whom}, while {rows} rows are purged"
            ),
            ms(during.pause),
        ),
        one("purge_none_pause_ms", None, "the same without a purge".to_owned(), ms(without.pause)),
        one(
            "purge_p999_ratio",
            None,
            "how long 999 of 1,000 of them wait at most, to the same without a purge".to_owned(),
            p999.as_secs_f64() / calm_p999.as_secs_f64(),
        ),
        one("purge_p999_ms", None, "that time".to_owned(), ms(p999)),
        one("purge_longest_ms", None, "the longest that one of them waits".to_owned(), ms(longest)),
        one("purge_none_longest_ms", None, "the same without a purge".to_owned(), ms(calm_longest)),
        one("purge_s", None, "how long the purge takes".to_owned(), purge_s),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn exchange(due: u64, answered: u64) -> Exchange {
        Exchange { due: ms(due), sent: ms(due), answered: ms(answered), status: 201 }
    }

    #[test]
    fn a_pause_is_between_two_answers_of_one_window() {
        let mut waits = Waits::default();
        waits.add(&[exchange(0, 5), exchange(10, 55), exchange(20, 25)]);
        assert_eq!(waits.pause, ms(30));
        let mut later = Waits::default();
        later.add(&[exchange(0, 900), exchange(10, 910)]);
        waits.merge(later);
        assert_eq!(waits.pause, ms(30));
        let (p999, longest) = waits.p999_and_longest().expect("some");
        assert_eq!((p999, longest), (ms(900), ms(900)));
        assert!(Waits::default().p999_and_longest().is_err());
    }
}
