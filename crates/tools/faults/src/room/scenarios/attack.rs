use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};
use async_trait::async_trait;
use reqwest::Client;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use test_support::RedisServer;

use super::Scenario;
use super::forged_tickets::forge;
use crate::clock::{Span, now};
use crate::http;
use crate::instance::Instance;
use crate::room::bots::{self, Target};
use crate::room::stage::{Opening, Stage};

/// P9, P12, P14, P17: programs that join by the thousand, replay, forge, share, dawdle and hold on. Citizens are
/// served all the same, and lose nothing.
pub struct Attack {
    name: &'static str,
    about: &'static str,
    force: Force,
}

/// How many there are of each kind.
#[derive(Clone)]
struct Force {
    joins_per_second: u32,
    forged_per_second: u32,
    addresses: u8,
    dripping: usize,
    holding: usize,
    /// Citizens who come meanwhile.
    people: usize,
    lasts_s: std::ops::Range<f64>,
}

/// The whole of it.
pub const WHOLE: Attack = Attack {
    name: "attack",
    about: "thousands of joins from one address and from many, replayed proofs, forged and shared \
            tickets, slow bodies, 10,000 idle connections",
    force: Force {
        joins_per_second: 1_000,
        forged_per_second: 2_000,
        addresses: 80,
        dripping: 200,
        holding: 10_000,
        people: 250,
        lasts_s: 12.0..15.0,
    },
};

/// A little of it, for the tests.
pub const SMALL: Attack = Attack {
    name: "small-attack",
    about: "the same with a few programs, for a few seconds",
    force: Force {
        joins_per_second: 300,
        forged_per_second: 300,
        addresses: 10,
        dripping: 20,
        holding: 300,
        people: 50,
        lasts_s: 2.0..3.0,
    },
};

/// What the bounds of the door are: joins of an address at an instance without a proof, and a few for the time
/// in which half of them are forgotten.
const FREE: u64 = 20 + 2;
const INSTANCES: usize = 2;

/// Files that a process needs besides the connections that are held.
const OTHER_FILES: usize = 2_000;

#[async_trait]
impl Scenario<Stage> for Attack {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let holding = self.force.holding.min(open_files()?.saturating_sub(OTHER_FILES));
        let force = Force { holding, ..self.force.clone() };
        let redis = RedisServer::start().await?;
        let store_url = redis.url();
        stage
            .open(Opening { store_url: &store_url, instances: INSTANCES, ..Opening::default() })
            .await?;
        stage.until_called(20).await?;
        stage.fault_is_over(0)?;
        stage.come(self.force.people, self.force.lasts_s.start)?;
        let began = now();
        let target = Target {
            instances: stage.instances.iter().map(Instance::address).collect(),
            enough: Arc::new(AtomicBool::new(false)),
        };
        let attack = tokio::spawn(attack(target.clone(), force));
        stage.go_on(self.force.lasts_s.clone()).await;
        let called = stage.until_calls_go_on(20).await;
        target.enough.store(true, Ordering::Relaxed);
        let loot = attack.await??;
        stage.course.attacked.push(Span::since(began, 0));
        stage.course.notes.push(loot.note());
        called?;
        loot.is_small()
    }
}

/// How many files this process may open, and so connections: as many as the system allows it. The instances raise
/// their own limit.
fn open_files() -> Result<usize> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    Ok(limit.maximum.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX)))
}

/// What the programs got.
#[derive(Debug)]
struct Loot {
    joins_per_second: f64,
    tickets_of_one: u64,
    tickets_of_many: Vec<usize>,
    entries_of_one_proof: usize,
    passes_of_one_ticket: usize,
    forged_per_second: f64,
    forged_accepted: u64,
    cut_off: usize,
    held: usize,
}

async fn attack(target: Target, force: Force) -> Result<Loot> {
    let of = |last| http::client_at(Ipv4Addr::new(127, 0, 9, last));
    let forged: Vec<String> = (0..100).map(|number| forge(&format!("{number:0>120}"))).collect();
    let clients: Vec<Client> = (1..=20).map(of).collect::<Result<_>>()?;
    let (one, forging, many, entries, passes, cut_off, held) = tokio::join!(
        bots::join_from_one(&target, force.joins_per_second),
        bots::ask_with(&target, &forged, force.forged_per_second),
        bots::join_from_many(target.clone(), force.addresses),
        bots::replay(target.clone(), http::client_at(Ipv4Addr::LOCALHOST)?),
        bots::share(target.clone(), clients),
        bots::drip(target.clone(), force.dripping),
        bots::hold(target.clone(), force.holding),
    );
    let (one, forging) = (one?, forging?);
    Ok(Loot {
        joins_per_second: one.per_second,
        tickets_of_one: one.accepted,
        tickets_of_many: many?,
        entries_of_one_proof: entries.len(),
        passes_of_one_ticket: passes?.len(),
        forged_per_second: forging.per_second,
        forged_accepted: forging.accepted,
        cut_off,
        held,
    })
}

impl Loot {
    fn note(&self) -> String {
        format!(
            "{:.0} joins a second from one address: {} tickets; from {} addresses: {} tickets; one \
             proof: {} entries; one ticket: {} passes; {:.0} forged tickets a second: {} accepted; \
             {} slow bodies cut off; {} connections held",
            self.joins_per_second,
            self.tickets_of_one,
            self.tickets_of_many.len(),
            self.tickets_of_many.iter().sum::<usize>(),
            self.entries_of_one_proof,
            self.passes_of_one_ticket,
            self.forged_per_second,
            self.forged_accepted,
            self.cut_off,
            self.held
        )
    }

    fn is_small(&self) -> Result<()> {
        let (one, most) = (self.tickets_of_one, self.tickets_of_many.iter().max());
        ensure!(one <= FREE, "one address took {one} tickets");
        let each = FREE * INSTANCES as u64;
        ensure!(most.is_none_or(|most| *most as u64 <= each), "an address took {most:?} tickets");
        // An instance that has not asked the address yet gives it its free entries, with or without the proof.
        let most = 1 + FREE * (INSTANCES as u64 - 1);
        let of_proof = self.entries_of_one_proof as u64;
        ensure!(of_proof <= most, "one proof was worth several entries: {self:?}");
        ensure!(self.passes_of_one_ticket <= 1, "one ticket got several passes: {self:?}");
        ensure!(self.forged_accepted == 0, "{} forged tickets", self.forged_accepted);
        Ok(())
    }
}
