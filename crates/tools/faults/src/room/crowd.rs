//! The simulated citizens of one run, and what they were told together.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::{now, pause, seconds};
use crate::http;
use crate::room::citizen::{Citizen, Town};
use crate::room::history::Event;

/// Addresses that the citizens share.
const HOUSEHOLDS: u8 = 50;

/// The citizens.
pub struct Crowd {
    town: Arc<Town>,
    clients: Vec<Client>,
    people: JoinSet<Vec<Event>>,
    over: watch::Sender<bool>,
    rng: StdRng,
    next: u32,
}

impl Crowd {
    /// Nobody yet. `rooms` are the room's URLs, one for each instance.
    pub fn new(rooms: Vec<String>, seed: u64) -> Result<Self> {
        let town = Arc::new(Town {
            rooms,
            joined: AtomicUsize::new(0),
            called: AtomicUsize::new(0),
            healed_at: AtomicI64::new(0),
            called_anew: AtomicUsize::new(0),
        });
        Ok(Self {
            town,
            clients: (1..=HOUSEHOLDS).map(http::client).collect::<Result<_>>()?,
            people: JoinSet::new(),
            over: watch::Sender::new(false),
            rng: StdRng::seed_from_u64(seed),
            next: 0,
        })
    }

    /// Lets `count` more people come within the next `within_s` seconds.
    pub fn come(&mut self, count: usize, within_s: f64) {
        for _ in 0..count {
            let number = self.next;
            self.next += 1;
            let arrives_in = seconds(self.rng.random_range(0.0..=within_s));
            let rng = StdRng::seed_from_u64(self.rng.random());
            let client = self.clients[number as usize % self.clients.len()].clone();
            let town = Arc::clone(&self.town);
            let over = self.over.subscribe();
            self.people.spawn(Citizen::new(number, arrives_in, rng, client, town, over).live());
        }
    }

    pub fn joined(&self) -> usize {
        self.town.joined.load(Ordering::Relaxed)
    }

    pub fn called(&self) -> usize {
        self.town.called.load(Ordering::Relaxed)
    }

    /// Waits until `count` more people have learnt that they are called.
    pub async fn until_called(&self, count: usize, within: Duration) -> Result<()> {
        let wanted = self.called() + count;
        self.until("people called", wanted, within, || self.called()).await
    }

    /// A fault ended just now.
    pub fn heal(&self) {
        self.town.called_anew.store(0, Ordering::Relaxed);
        self.town.healed_at.store(now(), Ordering::Relaxed);
    }

    /// Waits until `count` people who still waited after the end of the fault are called.
    pub async fn until_called_anew(&self, count: usize, within: Duration) -> Result<()> {
        let called = || self.town.called_anew.load(Ordering::Relaxed);
        self.until("people called after they had waited on", count, within, called).await
    }

    /// Waits until `count` people have joined.
    pub async fn until_joined(&self, count: usize, within: Duration) -> Result<()> {
        self.until("people in line", count, within, || self.joined()).await
    }

    async fn until(
        &self,
        what: &str,
        wanted: usize,
        within: Duration,
        look: impl Fn() -> usize,
    ) -> Result<()> {
        const LOOK_EVERY: Duration = Duration::from_millis(20);
        let began = now();
        while look() < wanted {
            let waited_ms = u128::from((now() - began).unsigned_abs());
            ensure!(
                waited_ms < within.as_millis(),
                "after {within:?} {} of {wanted} {what}",
                look()
            );
            pause(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Sends everybody home and gives what they were told.
    pub async fn go_home(mut self) -> Vec<Event> {
        self.over.send_replace(true);
        let mut events = Vec::new();
        while let Some(told) = self.people.join_next().await {
            match told {
                Ok(told) => events.extend(told),
                Err(failure) => std::panic::resume_unwind(failure.into_panic()),
            }
        }
        events
    }
}
