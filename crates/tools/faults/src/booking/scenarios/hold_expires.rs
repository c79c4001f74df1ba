use anyhow::{Context, Result};
use async_trait::async_trait;
use jiff::Timestamp;
use rand::Rng as _;
use tokio::task::JoinSet;

use super::Scenario;
use crate::booking::citizen::Citizen;
use crate::booking::history::{Asked, Told};
use crate::booking::stage::{Opening, Stage};
use crate::clock::{UnixMs, until};

/// P1, P7: seats of which the time runs out as they are booked go to one of the two who want them.
pub struct HoldExpires;

/// All places but those of the two watchers are held, two seats at a time.
const HOLDS: usize = 40;
/// Persons are numbered from here on.
const PERSONS: usize = 800_000;

#[async_trait]
impl Scenario<Stage> for HoldExpires {
    fn name(&self) -> &'static str {
        "hold-expires"
    }

    fn about(&self) -> &'static str {
        "in the millisecond in which a hold ends its owner books at one instance, and others at the other"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let places = u32::try_from(2 + 2 * HOLDS)?;
        stage.open(Opening { instances: 2, places, passes: 3 * HOLDS }).await?;
        let mut holds = JoinSet::new();
        for _ in 0..HOLDS {
            let owner = stage.crowd()?.citizen()?;
            holds.spawn(hold(owner));
        }
        while let Some(held) = holds.join_next().await {
            let (mut owner, hold, ends_at) = held?.context("a hold was refused")?;
            let shift_ms = stage.rng.random_range(-3..=3);
            let crowd = stage.crowd()?;
            for rival in [crowd.citizen()?, crowd.citizen()?] {
                crowd.lead(take(rival, ends_at));
            }
            crowd.lead(async move {
                until(ends_at + shift_ms).await;
                let person = PERSONS + owner.number as usize;
                let key = format!("seat-{}", owner.number);
                let (asked, pass) = (Asked::Confirm { key, person, hold }, owner.pass.clone());
                owner.insist_from(0, asked, &pass).await;
                owner
            });
        }
        stage.until_all_are_through().await
    }
}

/// Holds two seats; with the hold and its end.
async fn hold(mut owner: Citizen) -> Option<(Citizen, String, UnixMs)> {
    let key = format!("hold-{}", owner.number);
    let pass = owner.pass.clone();
    let Told::Held(hold, body) = owner.insist(Asked::Hold { key }, &pass).await? else {
        return None;
    };
    let ends_at: Timestamp = body["expires_at"].as_str()?.parse().ok()?;
    Some((owner, hold, ends_at.as_millisecond()))
}

/// Wants a place as soon as there is one.
async fn take(mut rival: Citizen, at: UnixMs) -> Citizen {
    until(at).await;
    let person = PERSONS + rival.number as usize;
    let key = format!("place-{}", rival.number);
    let pass = rival.pass.clone();
    rival.insist_from(1, Asked::Book { key, person }, &pass).await;
    rival
}
