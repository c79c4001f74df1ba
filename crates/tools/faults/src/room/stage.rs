//! The stage of one scenario: an installation, its instances, the crowd, and the course of it all.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Client;
use test_support::Port;

use crate::clock::{Span, UnixMs, now, pause, seconds};
use crate::http;
use crate::installation::Installation;
use crate::instance::{Instance, Service};
use crate::play::{Judged, Scenario, Staged};
use crate::room::campaign::{self, BOUNDS, ROOM};
use crate::room::course::{Course, Heal};
use crate::room::crowd::Crowd;
use crate::room::history::Event;
use crate::room::judge::judge;
use crate::room::scenarios::ALL;
use crate::waits::Waits;

/// From the creation of the room until people gather.
const ANNOUNCED_MS: i64 = 3_000;
/// From then until the draw.
const GATHERING_MS: i64 = 5_000;
/// An instance may learn of the passing of time this much later.
const VIEW_AGE_MAX_MS: i64 = 1_000;
/// After the end of a fault instances may know differently much for so long: connections are made
/// anew, and views renewed.
const SETTLE_MS: i64 = 1_500;
/// After a loss that an instance remembers no entries are issued for so long.
pub const QUIET_MS: i64 = 2_000;
/// After a loss that only tickets remember everybody has polled once within so long.
pub const POLL_INTERVAL_MS: i64 = 3_000;

/// What a scenario begins with.
pub struct Opening<'a> {
    pub store_url: &'a str,
    pub instances: usize,
    /// Further settings of `[waiting_room]`.
    pub settings: &'a str,
    /// Further settings of the campaign.
    pub campaign: &'a str,
    /// How far off the clocks of the instances are, such as `+1h`; right where nothing is said.
    pub clocks: &'a [&'a str],
    /// People who come before the draw.
    pub people: usize,
}

impl Default for Opening<'_> {
    fn default() -> Self {
        Self { store_url: "", instances: 2, settings: "", campaign: "", clocks: &[], people: 250 }
    }
}

/// A stage. Scenarios use its parts directly.
pub struct Stage {
    pub rng: StdRng,
    pub course: Course,
    pub instances: Vec<Instance>,
    pub client: Client,
    pub installation: Option<Installation>,
    crowd: Option<Crowd>,
    program: PathBuf,
    seed: u64,
    campaign: String,
    waits: Waits,
}

#[async_trait]
impl Staged for Stage {
    const PART: &'static str = "room";
    const SCENARIOS: &'static [&'static dyn Scenario<Self>] = ALL;

    fn set(program: &Path, seed: u64) -> Result<Self> {
        Ok(Self {
            rng: StdRng::seed_from_u64(seed),
            course: Course::new(BOUNDS),
            instances: Vec::new(),
            client: http::client(250)?,
            installation: None,
            crowd: None,
            program: program.to_owned(),
            seed,
            campaign: String::new(),
            waits: Waits::start(),
        })
    }

    fn note_trouble(&mut self, trouble: String) {
        self.course.troubles.push(trouble);
    }

    async fn judged(&mut self) -> Judged {
        let mut events = self.close().await;
        events.sort_by_key(|event| event.answered);
        let verdict = judge(&self.course, &events);
        Judged {
            is_kept: verdict.is_kept(),
            verdict: verdict.to_string(),
            notes: std::mem::take(&mut self.course.notes),
            history: events.iter().map(|event| format!("{event:?}")).collect(),
            installation: self.installation.take(),
        }
    }
}

impl Stage {
    /// Sets everything up, puts the campaign into force, starts the instances and lets people come.
    /// Returns when some have been called.
    pub async fn open(&mut self, opening: Opening<'_>) -> Result<()> {
        let installation = set_up(&self.program, opening.store_url, opening.settings).await?;
        for index in 0..opening.instances {
            let port = Port::reserve()?;
            let mut instance = Instance::new(Service::WaitingRoom, index, port, &installation);
            if let Some(shift) = opening.clocks.get(index) {
                instance.set_clock(shift)?;
            }
            self.waits.watch(index, instance.process_id());
            self.instances.push(instance);
        }
        // Campaign files know whole seconds.
        let begins = (now() / 1_000 + 1) * 1_000;
        self.campaign = campaign::to_toml(
            begins + ANNOUNCED_MS,
            begins + ANNOUNCED_MS + GATHERING_MS,
            opening.campaign,
        );
        self.installation = Some(installation);
        self.apply().await?;
        self.start_all().await?;
        self.until_gathering(begins + ANNOUNCED_MS).await?;
        let rooms = self.instances.iter().map(|instance| room_url(&instance.url())).collect();
        let mut crowd = Crowd::new(rooms, self.seed)?;
        crowd.come(opening.people, 3.0);
        self.crowd = Some(crowd);
        Ok(())
    }

    /// `einlass campaign apply` of the same campaign, as after a loss.
    pub async fn apply(&self) -> Result<()> {
        self.installation()?.apply(&self.campaign).await
    }

    pub fn installation(&self) -> Result<&Installation> {
        self.installation.as_ref().context("the stage has not been opened")
    }

    pub async fn start_all(&mut self) -> Result<()> {
        for instance in &mut self.instances {
            instance.start()?;
        }
        for instance in &mut self.instances {
            instance.until_ready(&self.client).await?;
        }
        Ok(())
    }

    pub fn crowd(&mut self) -> Result<&mut Crowd> {
        self.crowd.as_mut().context("the stage has not been opened")
    }

    /// Lets `count` more people come within so many seconds.
    pub fn come(&mut self, count: usize, within_s: f64) -> Result<()> {
        self.crowd()?.come(count, within_s);
        Ok(())
    }

    /// Waits until `count` more people know that they are called.
    pub async fn until_called(&mut self, count: usize) -> Result<()> {
        self.crowd()?.until_called(count, Duration::from_secs(30)).await
    }

    /// Waits until the calls go on after the end of a fault, for `count` people who waited.
    pub async fn until_calls_go_on(&mut self, count: usize) -> Result<()> {
        self.crowd()?.until_called_anew(count, Duration::from_secs(30)).await
    }

    /// Between so many seconds, drawn from the seed.
    pub fn some_seconds(&mut self, range: std::ops::Range<f64>) -> Duration {
        seconds(self.rng.random_range(range))
    }

    /// Lets things go on for a while.
    pub async fn go_on(&mut self, range: std::ops::Range<f64>) {
        pause(self.some_seconds(range)).await;
    }

    /// The store was away since then and is back now; nobody need be called for `quiet_ms`.
    pub fn store_is_back(&mut self, away_since: UnixMs, quiet_ms: i64) -> Result<()> {
        self.course.away.push(Span::since(away_since, quiet_ms + SETTLE_MS));
        self.fault_is_over(quiet_ms)
    }

    /// From now on people must be called again, `quiet_ms` later at the latest besides the usual time.
    pub fn fault_is_over(&mut self, quiet_ms: i64) -> Result<()> {
        self.course.heals.push(Heal { at: now(), quiet_ms });
        self.crowd()?.heal();
        Ok(())
    }

    /// That instance was away since then and is back now.
    pub fn instance_is_back(&mut self, index: usize, away_since: UnixMs) {
        self.course.down.push((index, Span::since(away_since, 0)));
    }

    /// Sends everybody home, looks whether all instances live, and gives what was told.
    async fn close(&mut self) -> Vec<Event> {
        let events = match self.crowd.take() {
            Some(crowd) => crowd.go_home().await,
            None => Vec::new(),
        };
        for instance in &mut self.instances {
            if let Err(error) = instance.until_ready(&self.client).await {
                self.course.troubles.push(format!("at the end {error:#}"));
            }
        }
        self.course.waits.extend(self.waits.seen());
        events
    }

    /// Waits until each instance must know that people gather.
    async fn until_gathering(&self, gathers_from: UnixMs) -> Result<()> {
        for instance in &self.instances {
            let status = http::send(self.client.get(room_url(&instance.url()))).await;
            let reply = status.map_err(anyhow::Error::msg)?;
            ensure!(reply.status == 200, "the room is not there: {}", reply.body);
        }
        let left_ms = gathers_from + VIEW_AGE_MAX_MS - now();
        pause(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0))).await;
        Ok(())
    }
}

/// An installation whose waiting rooms share that store. `settings` are further lines of
/// `[waiting_room]`.
pub async fn set_up(program: &Path, store_url: &str, settings: &str) -> Result<Installation> {
    let config = format!(
        r#"[waiting_room]
metrics_listen = ""
workers = 1
store_url = "{store_url}"
{settings}

[booking]
database_url = "sqlite://einlass.db"

[shutdown]
drain_s = 1
finish_s = 5
"#
    );
    Installation::set_up(program, &config).await
}

/// The room at an instance.
pub fn room_url(instance: &str) -> String {
    format!("{instance}/v1/rooms/{ROOM}")
}
