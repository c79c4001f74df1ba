use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::Scenario;
use crate::booking::citizen::Citizen;
use crate::booking::history::{Asked, Told};
use crate::booking::resets;
use crate::booking::resources::Resources;
use crate::booking::stage::{Opening, Stage};
use crate::clock::{Span, UnixMs, now, pause};

/// P2, P3, P14, P20: whose connection breaks in the middle of a request gets the place when asking again,
/// harms nobody else meanwhile, and leaves nothing behind in the instances.
///
/// The disk is slow: each flush of PostgreSQL's log is put off by `commit_delay`, so that a commit takes
/// as long as on a busy network disk, and most connections break while one is under way. Sockets and
/// memory of the instances are compared between two storms of the same size, for the first one fills pools
/// and caches.
pub struct ClientsReset;

const STORMS: usize = 2;
const RESETS_PER_S: usize = 300;
/// They take turns, and each breaks off several times.
const PEOPLE: usize = 600;
const TIMES: usize = 5;
/// Who breaks off nothing meanwhile.
const STRANGERS: usize = 150;
const COMMIT_MS: u32 = 100;
/// Persons are numbered from here on.
const PERSONS: usize = 600_000;
/// A run in which fewer commits lost their listener shows nothing.
const UNHEARD_MIN: usize = 100;
const QUIET_WITHIN_MS: i64 = 15_000;
/// Connections to the database that an instance may open when it needs them.
const POOLED: usize = 10;
const LOOK_EVERY: Duration = Duration::from_millis(200);

#[async_trait]
impl Scenario<Stage> for ClientsReset {
    fn name(&self) -> &'static str {
        "clients-reset"
    }

    fn about(&self) -> &'static str {
        "300 connections a second are reset in the middle of a request while every commit takes 100 ms, for ten seconds, twice"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let passes = STORMS * (PEOPLE + STRANGERS);
        let places = u32::try_from(passes - 100)?;
        stage.open(Opening { instances: 2, places, passes }).await?;
        let quiet = resources(stage)?;
        stage.slow_commits(COMMIT_MS).await?;
        let mut after = Vec::new();
        let unheard = Arc::new(AtomicUsize::new(0));
        for _ in 0..STORMS {
            storm(stage, &unheard).await?;
            stage.crowd()?.until_all_are_through().await?;
            stage.crowd()?.hang_up()?;
            after.push(until_quiet(stage, &quiet).await?);
        }
        let unheard = unheard.load(Ordering::Relaxed);
        stage.course.notes.push(format!("{unheard} were booked without hearing of it"));
        ensure!(unheard >= UNHEARD_MIN, "only {unheard} broke off while they were booked");
        stage.slow_commits(0).await?;
        stage.fault_is_over();
        for (instance, first) in after[0].iter().enumerate() {
            let last = &after[STORMS - 1][instance];
            stage.course.notes.push(format!(
                "instance {instance}: {}, then {first}, then {last}",
                quiet[instance]
            ));
            let kept = last.kept_since(first).map(|kept| format!("instance {instance}: {kept}"));
            stage.course.left_behind.extend(kept);
        }
        stage.until_all_are_through().await
    }
}

/// Afterwards everybody asks once more, and waits for the answer.
async fn storm(stage: &mut Stage, unheard: &Arc<AtomicUsize>) -> Result<()> {
    let began = now();
    let crowd = stage.crowd()?;
    let seconds = PEOPLE * TIMES / RESETS_PER_S;
    crowd.come(STRANGERS, f64::from(u32::try_from(seconds)?))?;
    let mut people = JoinSet::new();
    for turn in 0..PEOPLE {
        people.spawn(break_off(crowd.citizen()?, began, turn));
    }
    let people = people.join_all().await;
    stage.course.calm.push(Span::since(began, 0));
    let mut broken_off = 0;
    for (mut citizen, asked, times) in people {
        broken_off += times;
        let unheard = Arc::clone(unheard);
        stage.crowd()?.lead(async move {
            let (pass, asks) = (citizen.pass.clone(), now());
            let told = citizen.insist(asked, &pass).await;
            let was_booked = told.is_some_and(|told| is_from_before(&told, asks));
            unheard.fetch_add(usize::from(was_booked), Ordering::Relaxed);
            citizen
        });
    }
    ensure!(broken_off == PEOPLE * TIMES, "only {broken_off} connections were reset");
    Ok(())
}

/// Somebody who breaks off whenever it is their turn; with how often that succeeded.
async fn break_off(mut citizen: Citizen, began: UnixMs, turn: usize) -> (Citizen, Asked, usize) {
    let (key, person) = (format!("reset-{}", citizen.number), PERSONS + citizen.number as usize);
    let asked = Asked::Book { key, person };
    let mut times = 0;
    for round in 0..TIMES {
        let at = began + milliseconds((round * PEOPLE + turn) * 1_000 / RESETS_PER_S);
        pause(Duration::from_millis(u64::try_from(at - now()).unwrap_or_default())).await;
        times += usize::from(resets::break_off(&mut citizen, &asked).await.is_ok());
    }
    (citizen, asked, times)
}

/// Whether somebody is told of a booking that was made before.
fn is_from_before(told: &Told, then: UnixMs) -> bool {
    let Told::Booked(booked) = told else { return false };
    let made: Option<Timestamp> =
        booked.body["booked_at"].as_str().and_then(|made| made.parse().ok());
    made.is_some_and(|made| made.as_millisecond() < then)
}

fn milliseconds(count: usize) -> UnixMs {
    UnixMs::try_from(count).unwrap_or(UnixMs::MAX)
}

fn resources(stage: &Stage) -> Result<Vec<Resources>> {
    let instances = stage.instances.iter();
    instances
        .map(|instance| Resources::of(instance).context("nothing tells what an instance holds"))
        .collect()
}

/// Waits until nobody is connected but who was before, and gives what the instances hold then.
async fn until_quiet(stage: &mut Stage, before: &[Resources]) -> Result<Vec<Resources>> {
    let began = now();
    loop {
        let resources = resources(stage)?;
        let mut both = resources.iter().zip(before);
        if both.all(|(now, before)| now.sockets <= before.sockets + POOLED) {
            return Ok(resources);
        }
        if now() - began > QUIET_WITHIN_MS {
            let both = resources.iter().zip(before).enumerate();
            stage.course.left_behind.extend(both.map(|(instance, (now, before))| {
                format!("instance {instance}: {before}, {QUIET_WITHIN_MS} ms later {now}")
            }));
            return Ok(resources);
        }
        pause(LOOK_EVERY).await;
    }
}
