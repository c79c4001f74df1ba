//! The simulated citizens of one run, and what they were told together.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Client;
use tokio::task::JoinSet;

use crate::booking::citizen::{Citizen, Town};
use crate::booking::history::{Booked, Event};
use crate::booking::turn::Turn;
use crate::clock::{now, pause, seconds};
use crate::http;

/// Addresses that the citizens share.
const HOUSEHOLDS: u8 = 50;
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Persons who are not somebody's first attempt are numbered from here on.
const SECOND_SEATS: usize = 500_000;

/// Persons who wait are numbered from here on.
const WAITING: usize = 600_000;

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// A place.
    Place,
    /// A place, asked for twice as after a lost reply.
    PlaceTwice,
    /// A place that is given back a little later.
    PlaceForAWhile,
    /// A place, and then the same in the other slot.
    PlaceElsewhere,
    /// Two seats that are held first; both are used.
    Car,
    /// The same, but one seat is given back.
    HalfACar,
}

/// The citizens.
pub struct Crowd {
    pub town: Arc<Town>,
    clients: Vec<Client>,
    people: JoinSet<Vec<Event>>,
    events: Vec<Event>,
    passes: Vec<String>,
    rng: StdRng,
    next: u32,
}

impl Crowd {
    /// Nobody yet. Each pass will be somebody's.
    pub fn new(town: Arc<Town>, passes: Vec<String>, seed: u64) -> Result<Self> {
        Ok(Self {
            town,
            clients: clients()?,
            people: JoinSet::new(),
            events: Vec::new(),
            passes,
            rng: StdRng::seed_from_u64(seed),
            next: 0,
        })
    }

    /// Somebody new with a pass of their own, for a scenario to lead.
    pub fn citizen(&mut self) -> Result<Citizen> {
        let pass = self.passes.pop().context("no pass is left")?;
        Ok(self.citizen_with(pass))
    }

    /// Somebody new with that pass.
    pub fn citizen_with(&mut self, pass: String) -> Citizen {
        let number = self.next;
        self.next += 1;
        let rng = StdRng::seed_from_u64(self.rng.random());
        let client = self.clients[number as usize % self.clients.len()].clone();
        Citizen::new(number, rng, client, Arc::clone(&self.town), pass)
    }

    /// Lets a citizen live through `story`, and keeps what was told.
    pub fn lead<S: Future<Output = Citizen> + Send + 'static>(&mut self, story: S) {
        self.people.spawn(async move { story.await.events });
    }

    /// Lets `count` more people come within the next `within_s` seconds. Every tenth comes for a person
    /// for whom somebody has come before.
    pub fn come(&mut self, count: usize, within_s: f64) -> Result<()> {
        for _ in 0..count {
            let mut citizen = self.citizen()?;
            let arrives_in = seconds(self.rng.random_range(0.0..=within_s));
            let wish = match self.rng.random_range(0..100) {
                0..15 => Wish::PlaceTwice,
                15..25 => Wish::PlaceForAWhile,
                25..35 => Wish::Car,
                35..45 => Wish::HalfACar,
                45..55 => Wish::PlaceElsewhere,
                _ => Wish::Place,
            };
            let number = citizen.number as usize;
            let person = if self.rng.random_range(0..10) == 0 { number / 2 } else { number };
            self.people.spawn(async move {
                pause(arrives_in).await;
                let _ = live(&mut citizen, wish, person).await;
                citizen.events
            });
        }
        Ok(())
    }

    /// Lets `count` more people book a place each, and gives who has one with it, for a scenario to lead on.
    pub async fn holders(&mut self, count: usize) -> Result<Vec<(Citizen, Booked)>> {
        let mut booking = JoinSet::new();
        for _ in 0..count {
            let mut citizen = self.citizen()?;
            booking.spawn(async move {
                let (key, person) = (format!("key-{}", citizen.number), citizen.number as usize);
                let booked = citizen.book(&key, person, 1).await;
                booked.map(|booked| (citizen, booked))
            });
        }
        let mut holders = Vec::new();
        while let Some(holder) = booking.join_next().await {
            holders.push(holder?.context("a place was refused")?);
        }
        Ok(holders)
    }

    /// Lets all places of both slots be taken: this many of the one that everybody wants, and the one of the other.
    /// Gives those who have the first.
    pub async fn sell_out(&mut self, places: usize) -> Result<Vec<(Citizen, Booked)>> {
        let (mut mover, booked) = self.holders(1).await?.pop().context("nobody has booked")?;
        mover.move_over(&booked).await.context("nobody has moved")?;
        self.lead(async move { mover });
        self.holders(places).await
    }

    /// Lets `count` more people join the waitlist within the next `within_s` seconds. What is offered within
    /// `time` most of them accept.
    pub fn wait(&mut self, count: usize, within_s: f64, time: Duration) -> Result<()> {
        for _ in 0..count {
            let mut citizen = self.citizen()?;
            let arrives_in = seconds(self.rng.random_range(0.0..=within_s));
            let turn = match self.rng.random_range(0..100) {
                0..10 => Turn::Leaves,
                10..20 => Turn::Declines,
                20..30 => Turn::DeclinesAndLeaves,
                _ => Turn::Accepts,
            };
            let person = WAITING + citizen.number as usize;
            self.people.spawn(async move {
                pause(arrives_in).await;
                let _ = citizen.wait(person, turn, time).await;
                citizen.events
            });
        }
        Ok(())
    }

    /// Waits until `count` more requests were answered for good.
    pub async fn until_answered(&self, count: usize, within: Duration) -> Result<()> {
        let answered = || self.town.answered.load(Ordering::Relaxed);
        let (began, wanted) = (now(), answered() + count);
        while answered() < wanted {
            let waited_ms = u128::from((now() - began).unsigned_abs());
            ensure!(
                waited_ms < within.as_millis(),
                "after {within:?} {} of {wanted} requests answered",
                answered()
            );
            pause(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Waits until everybody has what they came for, or has lost patience.
    pub async fn until_all_are_through(&mut self) -> Result<()> {
        while let Some(told) = self.people.join_next().await {
            self.events.extend(told.context("a citizen's story broke off")?);
        }
        Ok(())
    }

    /// Closes all connections on which nothing is under way.
    pub fn hang_up(&mut self) -> Result<()> {
        self.clients = clients()?;
        Ok(())
    }

    /// What everybody was told who is through.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

fn clients() -> Result<Vec<Client>> {
    (1..=HOUSEHOLDS).map(http::client).collect()
}

/// `None` when patience ended.
async fn live(citizen: &mut Citizen, wish: Wish, person: usize) -> Option<()> {
    let key = format!("key-{}", citizen.number);
    match wish {
        Wish::Place => citizen.book(&key, person, 1).await.map(drop),
        Wish::PlaceTwice => citizen.book(&key, person, 2).await.map(drop),
        Wish::PlaceForAWhile => {
            let booked = citizen.book(&key, person, 1).await?;
            citizen.rest(0.1..1.0).await;
            citizen.cancel(&booked).await.map(drop)
        }
        Wish::PlaceElsewhere => {
            let booked = citizen.book(&key, person, 1).await?;
            citizen.move_over(&booked).await?;
            citizen.show(&booked).await.map(drop)
        }
        Wish::Car => {
            let second = SECOND_SEATS + citizen.number as usize;
            citizen.hold(&key, person, Some(second)).await
        }
        Wish::HalfACar => citizen.hold(&key, person, None).await,
    }
}
