use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use rand::Rng as _;
use tokio::task::JoinSet;

use super::Scenario;
use crate::booking::campaign::CAMPAIGN;
use crate::booking::citizen::Citizen;
use crate::booking::history::Told;
use crate::booking::stage::{Opening, Stage};
use crate::booking::turn::{Offered, Turn, Waiting, accepting};
use crate::clock::{UnixMs, now, until};
use crate::installation::Installation;

/// P5: in the millisecond in which an offer expires it becomes a booking, or goes to whoever is next, and no place is
/// lost between the two.
pub struct OfferExpires;

const OFFERS: usize = 30;
/// Persons are numbered from here on.
const PERSONS: usize = 650_000;
const OFFERED_WITHIN: Duration = Duration::from_secs(20);
/// The offers of those who are next are still made.
const CASCADE: Duration = Duration::from_secs(90);
/// So many surely accept in time, and as many surely too late; the others in the moment itself.
const SURE: usize = 10;
const LATE_FROM: usize = OFFERS - SURE;
const EARLY_MS: i64 = -2_000;
const LATE_MS: i64 = 50;
/// The operator calls people up around the deadlines, so that offers are ended all the time.
const CALLS_FROM_MS: i64 = -1_000;
const CALLS_UNTIL_MS: i64 = 1_000;

/// How many were told what.
#[derive(Default)]
struct Answers {
    booked: AtomicUsize,
    expired: AtomicUsize,
}

#[async_trait]
impl Scenario<Stage> for OfferExpires {
    fn name(&self) -> &'static str {
        "offer-expires"
    }

    fn about(&self) -> &'static str {
        "in the millisecond in which offers expire some accept them, and others are called up for their places"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.other_slot.places = 1;
        let places = u32::try_from(OFFERS)? + 2;
        stage.open(Opening { instances: 2, places, passes: 3 * OFFERS + 1 }).await?;
        let holders = stage.crowd()?.sell_out(OFFERS).await?;
        let mut line = Vec::new();
        for number in 0..OFFERS {
            let mut citizen = stage.crowd()?.citizen()?;
            let waiting = citizen.join(PERSONS + number).await.context("nobody can wait")?;
            line.push((citizen, waiting));
        }
        for (mut holder, booked) in holders {
            stage.crowd()?.lead(async move {
                holder.cancel(&booked).await;
                holder
            });
        }
        let (mut expires_first, mut expires_last) = (UnixMs::MAX, 0);
        let answers = Arc::new(Answers::default());
        let mut looking = JoinSet::new();
        for (citizen, waiting) in line {
            looking.spawn(first_in_line(citizen, waiting));
        }
        let mut number = 0;
        while let Some(offered) = looking.join_next().await {
            let (citizen, waiting, offered) = offered?.context("nothing was offered")?;
            expires_first = expires_first.min(offered.expires_at);
            expires_last = expires_last.max(offered.expires_at);
            let shift_ms = match number {
                0..SURE => EARLY_MS,
                SURE..LATE_FROM => stage.rng.random_range(-80..=5),
                LATE_FROM.. => LATE_MS,
            };
            number += 1;
            let at = offered.expires_at + shift_ms;
            stage.crowd()?.lead(accept(citizen, waiting, offered, at, Arc::clone(&answers)));
        }
        for number in 0..OFFERS {
            let mut next = stage.crowd()?.citizen()?;
            stage.crowd()?.lead(async move {
                let _ = next.wait(PERSONS + OFFERS + number, Turn::Accepts, CASCADE).await;
                next
            });
        }
        let slot = stage.crowd()?.town.slot.clone();
        let at = stage.installation()?;
        until(expires_first + CALLS_FROM_MS).await;
        let calls = || call_up(at, &slot, expires_last + CALLS_UNTIL_MS);
        tokio::join!(calls(), calls());
        stage.until_all_are_through().await?;
        let told = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let (booked, expired) = (told(&answers.booked), told(&answers.expired));
        ensure!(
            booked > 0 && expired > 0,
            "{booked} were booked, {expired} told that they are late"
        );
        Ok(())
    }
}

async fn first_in_line(
    mut citizen: Citizen,
    waiting: Waiting,
) -> Option<(Citizen, Waiting, Offered)> {
    let offered = citizen.until_offered(&waiting, OFFERED_WITHIN).await?;
    Some((citizen, waiting, offered))
}

async fn accept(
    mut citizen: Citizen,
    waiting: Waiting,
    offered: Offered,
    at: UnixMs,
    answers: Arc<Answers>,
) -> Citizen {
    until(at).await;
    let asked = accepting(&format!("accept-{}", citizen.number), &waiting, &offered.offer);
    match citizen.insist(asked, &waiting.token).await {
        Some(Told::Booked(_)) => answers.booked.fetch_add(1, Ordering::Relaxed),
        Some(Told::Refused { code, .. }) if code == "offer-expired" => {
            answers.expired.fetch_add(1, Ordering::Relaxed)
        }
        _ => 0,
    };
    citizen
}

/// Calls people up again and again. That nobody can be called is no trouble here.
async fn call_up(at: &Installation, slot: &str, until: UnixMs) {
    let call = ["waitlist", "call-up", CAMPAIGN, "--slot", slot, "--count", "30", "--minutes", "1"];
    while now() < until {
        let _ = at.call_with(&[], &call).await;
    }
}
