//! What everybody in a rush knows: the addresses, the campaign, the openings and how the rush stands.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::watch;

use super::browser::{Browser, Request};
use super::ledger::Ledger;
use super::plan::Arrival;
use super::wire::{Campaign, NextOpening, Phase, RoomStatus, Slots, WaitlistStatus};
use super::{Config, Course};
use crate::clock::{self, ServerTime, parse_ms};

/// The last public news, as everybody can read them on the pages of the two services.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    pub phase: Phase,
    pub places_left: Option<u64>,
    pub more_openings: bool,
    /// Offers without an answer, while people can join the waitlist.
    pub offers_open: Option<u64>,
}

/// Without a place left, and with nothing happening for so long, the rush is over.
const QUIET_MAX: Duration = Duration::from_secs(3);
/// The same where offers are out that none of our people answers.
const UNANSWERED_MAX: Duration = Duration::from_secs(30);

/// Since when no place is left and nothing happens on the waitlist.
#[derive(Clone, Copy, Debug)]
struct Quiet {
    stirred: u64,
    since: Instant,
}

/// When people come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub gathers_from: Instant,
    pub opens_at: Instant,
    pub last_opening: Instant,
}

/// Everything the simulated people share.
#[derive(Debug)]
pub(super) struct World {
    pub room: String,
    pub booking: String,
    pub campaign_url: String,
    pub campaign: Campaign,
    pub places: u64,
    pub seed: u64,
    /// When the rush began, by the waiting room's clock, in Unix milliseconds.
    pub began_ms: i64,
    pub time_scale: f64,
    pub browser: Browser,
    pub ledger: Arc<Ledger>,
    pub server_time: ServerTime,
    pub times: Times,
    course: watch::Sender<Course>,
}

impl World {
    /// Reads the campaign and the room's openings.
    pub(super) async fn read(
        config: &Config,
        course: watch::Sender<Course>,
    ) -> anyhow::Result<Self> {
        let ledger = Arc::new(Ledger::default());
        let browser =
            Browser::new(config.connections_max, Arc::clone(&ledger), course.subscribe())?;
        let booking = config.booking_url.trim_end_matches('/').to_owned();
        let room =
            format!("{}/v1/rooms/{}", config.room_url.trim_end_matches('/'), config.campaign);
        let campaign_url = format!("{booking}/v1/campaigns/{}", config.campaign);
        let campaign: Campaign = read(&browser, &campaign_url).await?;
        let status: RoomStatus = read(&browser, &room).await?;
        let began_ms = parse_ms(&status.now)?;
        let server_time = ServerTime::told(began_ms);
        let times = times(&campaign, status.next_opening.as_ref(), server_time)?;
        Ok(Self {
            room,
            booking,
            campaign_url,
            places: campaign.tranches.iter().map(|tranche| tranche.places).sum(),
            campaign,
            seed: config.seed,
            began_ms,
            time_scale: config.time_scale,
            browser,
            ledger,
            server_time,
            times,
            course,
        })
    }

    /// How the rush stands.
    pub(super) fn course(&self) -> Course {
        *self.course.borrow()
    }

    /// Moves the rush on; it never goes back.
    pub(super) fn advance(&self, to: Course) {
        self.course.send_if_modified(|course| {
            let moved = to > *course;
            *course = to.max(*course);
            moved
        });
    }

    /// Waits as a person does; `false` as soon as there is nothing left to wait for.
    pub(super) async fn pause(&self, seconds: f64) -> bool {
        let wait = Duration::from_secs_f64(seconds.clamp(0.0, 3_600.0));
        let mut course = self.course.subscribe();
        tokio::select! {
            () = clock::pause(wait) => true,
            Ok(_) = course.wait_for(|course| *course != Course::Running) => false,
        }
    }

    /// Waits until `at`; `false` if the rush was stopped before.
    pub(super) async fn until(&self, at: Instant) -> bool {
        let mut course = self.course.subscribe();
        tokio::select! {
            biased;
            Ok(_) = course.wait_for(|course| *course == Course::Stopped) => false,
            () = clock::pause_until(at) => true,
        }
    }

    /// When an arrival of the plan takes place.
    pub(super) fn arrives_at(&self, arrival: Arrival) -> Instant {
        let Times { gathers_from, opens_at, last_opening } = self.times;
        let within = |from: Instant, to: Instant, fraction: f64| {
            from + to.saturating_duration_since(from).mul_f64(fraction)
        };
        match arrival {
            Arrival::Gathering(fraction) => within(gathers_from, opens_at, fraction),
            Arrival::Burst(seconds) => {
                opens_at + Duration::from_secs_f64(seconds * self.time_scale)
            }
            Arrival::Later(fraction) => within(opens_at, last_opening, fraction),
        }
    }

    /// Follows the public pages and closes the rush when the campaign has nothing left to give. Runs until stopped.
    pub(super) async fn watch(&self, board: watch::Sender<Board>) {
        let mut quiet_since: Option<Quiet> = None;
        let mut ticks = tokio::time::interval(Duration::from_millis(500));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while self.course() == Course::Running {
            ticks.tick().await;
            if let Some(news) = self.news().await {
                if news.phase == Phase::Closed || self.nothing_more_comes(&news, &mut quiet_since) {
                    self.advance(Course::Over);
                }
                board.send_replace(news);
            }
        }
    }

    /// Whether the places are gone for good: either all are booked by our people, or there has been none for a
    /// while though none of them holds seats that may come back. Where people wait, whoever is offered a place
    /// has time to answer, and whoever comes in to join.
    fn nothing_more_comes(&self, news: &Board, quiet_since: &mut Option<Quiet>) -> bool {
        let counts = &self.ledger.counts;
        let nothing_left = news.places_left == Some(0) && !news.more_openings;
        if !nothing_left || counts.holds_open.load(Ordering::Relaxed) > 0 {
            *quiet_since = None;
            return false;
        }
        let stirred = counts.stirred();
        let quiet = quiet_since.filter(|quiet| quiet.stirred == stirred);
        let quiet =
            *quiet_since.insert(quiet.unwrap_or_else(|| Quiet { stirred, since: clock::now() }));
        let booked_out = counts.booked.load(Ordering::Relaxed) >= self.places;
        match news.offers_open {
            None if booked_out => true,
            None | Some(0) => quiet.since.elapsed() > QUIET_MAX,
            Some(_) => quiet.since.elapsed() > UNANSWERED_MAX,
        }
    }

    async fn news(&self) -> Option<Board> {
        let room: RoomStatus = read(&self.browser, &self.room).await.ok()?;
        let slots: Option<Slots> =
            read(&self.browser, &format!("{}/slots", self.campaign_url)).await.ok();
        let url = format!("{}/waitlist", self.campaign_url);
        let waitlist: Option<WaitlistStatus> = match &slots {
            Some(slots) if slots.waitlist_open => read(&self.browser, &url).await.ok(),
            Some(_) | None => None,
        };
        Some(Board {
            phase: room.phase,
            places_left: slots.map(|slots| slots.places_left),
            offers_open: waitlist.map(|waitlist| waitlist.offers_open),
            more_openings: room.next_opening.is_some() || clock::now() < self.times.last_opening,
        })
    }
}

async fn read<T: serde::de::DeserializeOwned>(browser: &Browser, url: &str) -> anyhow::Result<T> {
    let reply = browser
        .send(&Request::get(url.to_owned()))
        .await
        .with_context(|| format!("the deadline passed before {url} replied"))?;
    anyhow::ensure!(reply.status == 200, "GET {url} replied {}", reply.status);
    reply.json().with_context(|| format!("failed to read {url}"))
}

fn times(
    campaign: &Campaign,
    next: Option<&NextOpening>,
    server_time: ServerTime,
) -> anyhow::Result<Times> {
    let opens_ms: Vec<i64> = campaign
        .tranches
        .iter()
        .map(|tranche| parse_ms(&tranche.opens_at))
        .collect::<Result<_, _>>()?;
    let now_ms = server_time.now_ms();
    let (gathers_ms, next_ms) = match next {
        Some(next) => (parse_ms(&next.gathers_from)?, parse_ms(&next.opens_at)?),
        None => (now_ms, now_ms),
    };
    let last_ms = opens_ms.into_iter().max().unwrap_or(next_ms).max(next_ms);
    Ok(Times {
        gathers_from: server_time.instant_of(gathers_ms.max(now_ms)),
        opens_at: server_time.instant_of(next_ms),
        last_opening: server_time.instant_of(last_ms),
    })
}
