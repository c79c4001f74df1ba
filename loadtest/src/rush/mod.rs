//! A rush of simulated people over real HTTP against a waiting room and the booking API behind it.
//!
//! Everybody's behaviour is drawn up front (`plan`). People come one by one and live their own task (`visitor`):
//! join (`door`), wait and redeem (`waiting`), choose and book (`counter`), or wait for a place that comes back
//! (`waitlist`). What they are told goes into the
//! `ledger`, which notices contradictions at once; the `audit` reads everything again at the end.

mod audit;
mod browser;
mod counter;
mod door;
mod ledger;
mod plan;
mod postcodes;
mod repeat;
mod summary;
mod visitor;
mod waiting;
mod waitlist;
mod wire;
mod world;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use plan::Shares;
pub use summary::{Promise, Summary};

use crate::clock;
use crate::progress::Progress;
use visitor::Visitor;
use world::{Board, World};

/// One rush. Start from [`Config::new`] and change what differs.
#[derive(Clone, Debug)]
pub struct Config {
    /// Base URL of the waiting room, e.g. `http://127.0.0.1:8080`.
    pub room_url: String,
    /// Base URL of the booking API.
    pub booking_url: String,
    /// Id of the campaign, which is also the name of its room.
    pub campaign: String,
    /// How many people come.
    pub people: u32,
    /// Seed of the plan.
    pub seed: u64,
    /// How they behave.
    pub shares: Shares,
    /// Most requests in flight at once.
    pub connections_max: usize,
    /// The rush is stopped after so many seconds, and audited.
    pub deadline_s: f64,
    /// Factor on the times people take of their own accord: the burst, thinking, being away. What the servers
    /// ask for (`poll_after_s`, `retry_after_s`) is honoured in full by all but the impatient.
    pub time_scale: f64,
}

impl Config {
    /// 20,000 people, seed 1, 256 requests in flight, ten minutes, real time.
    #[must_use]
    pub fn new(room_url: &str, booking_url: &str, campaign: &str) -> Self {
        Self {
            room_url: room_url.to_owned(),
            booking_url: booking_url.to_owned(),
            campaign: campaign.to_owned(),
            people: 20_000,
            seed: 1,
            shares: Shares::default(),
            connections_max: 256,
            deadline_s: 600.0,
            time_scale: 1.0,
        }
    }
}

/// How a rush stands; it only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Course {
    Running,
    /// Everything is booked: who still waits goes home.
    Over,
    /// The deadline has passed: everybody goes home.
    Stopped,
}

/// Lets the people come, waits until the last has left or the deadline has passed, and audits the promises.
///
/// `Err` only if the campaign or the room cannot be read at the start; everything later is counted in the summary.
pub async fn run(config: Config, progress: watch::Sender<Progress>) -> anyhow::Result<Summary> {
    anyhow::ensure!(config.connections_max > 0, "connections_max must not be 0");
    anyhow::ensure!(
        config.deadline_s > 0.0 && config.deadline_s.is_finite(),
        "deadline_s must be positive"
    );
    let started = clock::now();
    let (course, _) = watch::channel(Course::Running);
    let stopping = course.clone();
    let deadline = Duration::from_secs_f64(config.deadline_s);
    // Background tasks end with the set, also when the caller drops this future.
    let mut background = JoinSet::new();
    background.spawn(async move {
        clock::pause(deadline).await;
        stopping.send_replace(Course::Stopped);
    });

    let world = Arc::new(World::read(&config, course).await?);
    anyhow::ensure!(
        !world.campaign.municipalities.is_empty(),
        "the campaign {} names no municipality",
        config.campaign
    );
    let people =
        plan::draw_up(config.people, config.seed, &config.shares, &world.campaign.municipalities);
    let (board, news) = watch::channel(Board::default());
    let watching = Arc::clone(&world);
    background.spawn(async move { watching.watch(board).await });
    let reporting = Arc::clone(&world);
    let progress = Arc::new(progress);
    let reported = Arc::clone(&progress);
    background.spawn(async move { report(&reporting, &news, &reported, started).await });

    live(&world, people).await?;
    let seconds = started.elapsed().as_secs_f64();
    background.shutdown().await;

    let mut last = progress_of(&world, &Board::default(), started);
    last.phase = "audit";
    progress.send_replace(last);
    let audited = audit::audit(&world).await;
    Ok(summarise(&config, &world, audited, seconds))
}

/// Starts everybody's task at their time, and waits for all.
async fn live(world: &Arc<World>, people: Vec<plan::Person>) -> anyhow::Result<()> {
    let mut arrivals: Vec<(Instant, plan::Person)> =
        people.into_iter().map(|person| (world.arrives_at(person.arrival), person)).collect();
    arrivals.sort_by_key(|(at, person)| (*at, person.number));
    world.ledger.counts.booking.store(arrivals.len() as u64, Ordering::SeqCst);
    let mut present = JoinSet::new();
    for (at, person) in arrivals {
        if !world.until(at).await {
            break;
        }
        let world = Arc::clone(world);
        present.spawn(async move { Visitor::new(&person, &world).live().await });
        while let Some(left) = present.try_join_next() {
            left.context("a simulated person failed")?;
        }
    }
    while let Some(left) = present.join_next().await {
        left.context("a simulated person failed")?;
    }
    Ok(())
}

async fn report(
    world: &World,
    news: &watch::Receiver<Board>,
    progress: &watch::Sender<Progress>,
    started: Instant,
) {
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    loop {
        ticks.tick().await;
        let board = news.borrow().clone();
        progress.send_replace(progress_of(world, &board, started));
    }
}

fn progress_of(world: &World, board: &Board, started: Instant) -> Progress {
    let counts = &world.ledger.counts;
    // In this order: what is cancelled was booked before.
    let cancelled = counts.cancelled.load(Ordering::Relaxed);
    let booked = counts.booked.load(Ordering::Relaxed).saturating_sub(cancelled);
    Progress {
        phase: board.phase.name(),
        gathering: counts.gathering.load(Ordering::Relaxed),
        turned_away: counts.turned_away.load(Ordering::Relaxed),
        waiting: counts.waiting.load(Ordering::Relaxed),
        called: world.ledger.issued().1,
        booked,
        places_left: board.places_left,
        places: world.places,
        seconds: started.elapsed().as_secs_f64(),
    }
}

fn summarise(config: &Config, world: &World, audited: audit::Audited, seconds: f64) -> Summary {
    let counts = &world.ledger.counts;
    let meter = &world.browser.meter;
    let (entered, passes) = world.ledger.issued();
    let (broken_promises, notes) = world.ledger.findings();
    Summary {
        seed: config.seed,
        people: config.people,
        turned_away: counts.turned_away.load(Ordering::Relaxed),
        entered,
        passes,
        bookings: audited.confirmed,
        places: world.places,
        waitlisted: counts.waitlisted.load(Ordering::Relaxed),
        offered: counts.offered.load(Ordering::Relaxed),
        accepted: counts.accepted.load(Ordering::Relaxed),
        cancelled: counts.cancelled.load(Ordering::Relaxed),
        oversold: audited.oversold,
        duplicate_persons: audited.duplicate_persons,
        lost: audited.lost_bookings + counts.lost_places.load(Ordering::Relaxed),
        http_requests: meter.requests.load(Ordering::Relaxed),
        errors_5xx: meter.errors_5xx.load(Ordering::Relaxed),
        errors_503: meter.errors_503.load(Ordering::Relaxed),
        errors_transport: meter.errors_transport.load(Ordering::Relaxed),
        seconds,
        p50_ms: meter.quantile_ms(0.5),
        p99_ms: meter.quantile_ms(0.99),
        broken_promises,
        notes,
    }
}
