use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use serde_json::json;

use super::Scenario;
use crate::clock::{now, pause, seconds};
use crate::http::{self, POSTCODE};
use crate::instance::{Instance, Service};
use crate::room::campaign;
use crate::room::flood::{Flood, polls};
use crate::room::stage::{self, Opening, Stage, room_url};
use test_support::{Port, RedisServer};

/// P12, P14: tickets that are worth nothing cost next to nothing, and change nothing.
pub struct ForgedTickets;

const PER_SECOND: u32 = 10_000;
const TICKETS: usize = 300;

#[async_trait]
impl Scenario<Stage> for ForgedTickets {
    fn name(&self) -> &'static str {
        "forged-tickets"
    }

    fn about(&self) -> &'static str {
        "10,000 forged, foreign and rehearsal tickets a second, while the line moves"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let redis = RedisServer::start().await?;
        let store_url = redis.url();
        let campaign = "incarnation = 2";
        stage.open(Opening { store_url: &store_url, campaign, ..Opening::default() }).await?;
        let foreign = tickets(stage, &Elsewhere { prefix: "foreign", same_keys: false }).await?;
        let earlier = tickets(stage, &Elsewhere { prefix: "rehearsal", same_keys: true }).await?;
        let forged = foreign.iter().chain(&earlier).map(|ticket| forge(ticket)).collect();
        // Meanwhile the line has become short.
        stage.come(250, 3.0)?;
        stage.until_called(20).await?;
        stage.fault_is_over(0)?;
        let enough = Arc::new(AtomicBool::new(false));
        let flood = Flood {
            address: stage.instances[0].address(),
            requests: polls(campaign::ROOM, &[foreign, earlier, forged].concat()),
            per_second: PER_SECOND,
            enough: Arc::clone(&enough),
        };
        let flood = tokio::task::spawn_blocking(move || flood.run());
        let called = stage.until_calls_go_on(60).await;
        enough.store(true, Ordering::Relaxed);
        let outcome = flood.await??;
        called?;
        stage.course.notes.push(format!("{:.0} worthless tickets a second", outcome.per_second));
        ensure!(outcome.accepted == 0, "{} worthless tickets were accepted", outcome.accepted);
        // The tickets of the rehearsal have higher entries than this line has: none may have raised it.
        let status = http::send(stage.client.get(room_url(&stage.instances[0].url()))).await;
        let entered = status.ok().and_then(|status| status.body["entered"].as_u64());
        let entered = usize::try_from(entered.context("the status tells no number of entries")?)?;
        let joined = stage.crowd()?.joined();
        ensure!(entered <= joined + 20, "{joined} people joined, and {entered} entries are issued");
        Ok(())
    }
}

/// Another line, whose tickets are worth nothing in ours.
struct Elsewhere {
    prefix: &'static str,
    same_keys: bool,
}

/// Tickets of a room of the same name in another line. There nobody has been called, and the entries
/// are higher than ours.
async fn tickets(stage: &mut Stage, elsewhere: &Elsewhere) -> Result<Vec<String>> {
    let ours = stage.installation()?;
    let redis = RedisServer::start().await?;
    let settings = format!("redis_key_prefix = \"{}\"", elsewhere.prefix);
    let other = stage::set_up(ours.program(), &redis.url(), &settings).await?;
    if elsewhere.same_keys {
        for file in ["keys/waiting-room.toml", "keys/booking.toml"] {
            std::fs::copy(ours.folder().join(file), other.folder().join(file))?;
        }
    }
    other.apply(&campaign::to_toml(now() - 60_000, now() + 3_600_000, "incarnation = 1")).await?;
    let port = Port::reserve()?;
    let mut instance = Instance::new(Service::WaitingRoom, 0, port, &other);
    instance.start()?;
    instance.until_ready(&stage.client).await?;
    let join = room_url(&instance.url()) + "/tickets";
    let mut tickets = Vec::new();
    let body = json!({"residence": {"postcode": POSTCODE}});
    for number in 0..TICKETS * 3 {
        let client = http::client(u8::try_from(number % 100)? + 101)?;
        let reply = http::send(client.post(&join).json(&body)).await;
        let reply = reply.map_err(anyhow::Error::msg)?;
        match reply.body["ticket"].as_str() {
            Some(ticket) => tickets.push(ticket.to_owned()),
            // A room that starts after people began to gather is careful at first.
            None => pause(seconds(reply.number("retry_after_s").unwrap_or(0.2))).await,
        }
    }
    ensure!(tickets.len() >= TICKETS, "only {} tickets elsewhere", tickets.len());
    Ok(tickets)
}

/// The same with one letter changed.
pub(super) fn forge(ticket: &str) -> String {
    let middle = ticket.len() / 2;
    let other = if ticket[middle..].starts_with('x') { 'y' } else { 'x' };
    format!("{}{other}{}", &ticket[..middle], &ticket[middle + 1..])
}
