use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;

use super::Scenario;
use crate::booking::stage::{Opening, Stage};
use crate::booking::turn::accepting;

/// P3, P5: an offer is one booking, however often its link is used at the same time.
pub struct OfferOnce;

/// Uses at the same time, under one key and under keys of their own.
const PARALLEL: u32 = 50;
const ROUNDS: usize = 4;
/// Besides those of the watchers.
const PLACES: usize = 24;
/// Persons are numbered from here on.
const PERSONS: usize = 650_000;
const OFFERED_WITHIN: Duration = Duration::from_secs(20);

#[async_trait]
impl Scenario<Stage> for OfferOnce {
    fn name(&self) -> &'static str {
        "offer-once"
    }

    fn about(&self) -> &'static str {
        "one offer is accepted 50 times at once under one key at two instances, and 50 times with keys of their own"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.other_slot.places = 1;
        let places = u32::try_from(PLACES)? + 2;
        stage.open(Opening { instances: 2, places, passes: PLACES + ROUNDS + 1 }).await?;
        let crowd = stage.crowd()?;
        let mut holders = crowd.sell_out(PLACES).await?;
        let mut line = Vec::new();
        for number in 0..ROUNDS {
            let mut citizen = crowd.citizen()?;
            let waiting = citizen.join(PERSONS + number).await.context("nobody can wait")?;
            line.push((citizen, waiting));
        }
        for (mut citizen, waiting) in line {
            let (mut holder, booked) = holders.pop().context("nobody has a place")?;
            holder.cancel(&booked).await.context("nothing was cancelled")?;
            crowd.lead(async move { holder });
            let offered = citizen.until_offered(&waiting, OFFERED_WITHIN).await;
            let offer = offered.context("nothing was offered")?.offer;
            for use_of_it in 0..PARALLEL {
                for key in ["same".to_owned(), format!("own-{use_of_it}")] {
                    let asked = accepting(&format!("{key}-{offer}"), &waiting, &offer);
                    let (mut user, token) =
                        (crowd.citizen_with(String::new()), waiting.token.clone());
                    crowd.lead(async move {
                        user.insist(asked, &token).await;
                        user
                    });
                }
            }
            crowd.lead(async move { citizen });
            crowd.until_all_are_through().await?;
        }
        for (holder, _) in holders {
            crowd.lead(async move { holder });
        }
        crowd.until_all_are_through().await
    }
}
