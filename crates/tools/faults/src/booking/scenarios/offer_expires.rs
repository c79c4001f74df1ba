use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use rand::Rng as _;
use tokio::task::JoinSet;

use super::Scenario;
use crate::booking::campaign::CAMPAIGN;
use crate::booking::citizen::Citizen;
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
/// The operator calls people up around the deadline, so that offers are ended all the time.
const CALLS_FROM_MS: i64 = -1_000;
const CALLS_UNTIL_MS: i64 = 1_000;

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
        let mut expires_last = 0;
        let mut looking = JoinSet::new();
        for (citizen, waiting) in line {
            looking.spawn(first_in_line(citizen, waiting));
        }
        while let Some(offered) = looking.join_next().await {
            let (citizen, waiting, offered) = offered?.context("nothing was offered")?;
            expires_last = expires_last.max(offered.expires_at);
            let at = offered.expires_at + stage.rng.random_range(-80..=5);
            stage.crowd()?.lead(accept(citizen, waiting, offered, at));
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
        until(expires_last + CALLS_FROM_MS).await;
        let calls = || call_up(at, &slot, expires_last + CALLS_UNTIL_MS);
        tokio::join!(calls(), calls());
        stage.until_all_are_through().await
    }
}

async fn first_in_line(
    mut citizen: Citizen,
    waiting: Waiting,
) -> Option<(Citizen, Waiting, Offered)> {
    let offered = citizen.until_offered(&waiting, OFFERED_WITHIN).await?;
    Some((citizen, waiting, offered))
}

async fn accept(mut citizen: Citizen, waiting: Waiting, offered: Offered, at: UnixMs) -> Citizen {
    until(at).await;
    let asked = accepting(&format!("accept-{}", citizen.number), &waiting, &offered.offer);
    citizen.insist(asked, &waiting.token).await;
    citizen
}

/// Calls people up again and again. That nobody can be called is no trouble here.
async fn call_up(at: &Installation, slot: &str, until: UnixMs) {
    let call = ["waitlist", "call-up", CAMPAIGN, "--slot", slot, "--count", "30", "--minutes", "1"];
    while now() < until {
        let _ = at.call_with(&[], &call).await;
    }
}
