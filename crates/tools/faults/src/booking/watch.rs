//! Somebody at each instance who has booked, asks for the same booking again and again, and looks how
//! many places are left: whether the instance reads and writes, and since when again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use reqwest::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::booking::citizen::{Citizen, Town};
use crate::booking::history::{Asked, Event, Told};
use crate::clock::pause;

const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Watchers are numbered from here on, as citizens and as persons.
const FIRST: u32 = 1_000_000;

/// The watchers.
pub struct Watch {
    watchers: JoinSet<Vec<Event>>,
    over: watch::Sender<bool>,
}

impl Watch {
    /// Puts one at each instance, where they book. Each needs a pass.
    pub async fn begin(town: &Arc<Town>, client: &Client, passes: &[String]) -> Result<Self> {
        let over = watch::Sender::new(false);
        let mut watchers = JoinSet::new();
        for (instance, pass) in passes.iter().enumerate() {
            let number = FIRST + u32::try_from(instance)?;
            let rng = StdRng::seed_from_u64(number.into());
            let (town, pass) = (Arc::clone(town), pass.clone());
            let mut citizen = Citizen::new(number, rng, client.clone(), town, pass);
            let asked = Asked::Book { key: format!("watch-{instance}"), person: number as usize };
            let pass = citizen.pass.clone();
            let first = citizen.insist(asked.clone(), &pass).await;
            ensure!(matches!(first, Some(Told::Booked(_))), "nothing can be booked: {first:?}");
            let mut ends = over.subscribe();
            watchers.spawn(async move {
                while !*ends.borrow() {
                    citizen.ask(instance, &Asked::Look, &pass).await;
                    citizen.ask(instance, &asked, &pass).await;
                    tokio::select! {
                        () = pause(LOOK_EVERY) => {}
                        _ = ends.changed() => {}
                    }
                }
                citizen.events
            });
        }
        Ok(Self { watchers, over })
    }

    /// Ends it, and gives what they were told.
    pub async fn end(self) -> Vec<Event> {
        self.over.send_replace(true);
        self.watchers.join_all().await.into_iter().flatten().collect()
    }
}
