use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::booking::history::Asked;
use crate::booking::stage::{Opening, Stage};

/// P3, P9: one key has one effect and one pass its seats, also when all is asked at the same time.
pub struct OnePass;

/// Uses at the same time.
const PARALLEL: u32 = 50;
/// Persons are numbered from here on.
const PERSONS: usize = 700_000;
const ROUNDS: usize = 4;

#[async_trait]
impl Scenario<Stage> for OnePass {
    fn name(&self) -> &'static str {
        "one-pass"
    }

    fn about(&self) -> &'static str {
        "one key is used 50 times at once at two instances, and one pass 50 times with keys of their own"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open(Opening { instances: 2, places: 500, passes: 2 * ROUNDS }).await?;
        let crowd = stage.crowd()?;
        for round in 0..ROUNDS {
            let (first, second) = (crowd.citizen()?.pass, crowd.citizen()?.pass);
            for use_of_it in 0..PARALLEL {
                let person = PERSONS + round * 1_000;
                let same = Asked::Book { key: format!("same-{round}"), person };
                let own = Asked::Book {
                    key: format!("own-{round}-{use_of_it}"),
                    person: person + 1 + use_of_it as usize,
                };
                for (pass, asked) in [(&first, same), (&second, own)] {
                    let mut citizen = crowd.citizen_with(pass.clone());
                    let pass = pass.clone();
                    crowd.lead(async move {
                        citizen.insist(asked, &pass).await;
                        citizen
                    });
                }
            }
            crowd.until_all_are_through().await?;
        }
        Ok(())
    }
}
