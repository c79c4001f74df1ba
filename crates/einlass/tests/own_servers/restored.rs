//! P8, P9, P12: Redis is emptied and all waiting rooms are restarted; the operator applies the campaign
//! again, and the tickets bring the line back.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Client;
use serde_json::Value;
use test_support::{RedisServer, eventually};

use crate::citizen::{Reply, join, join_patiently, poll, redeem, send};
use crate::town::{Campaign, Instance, Town, stop_all};

const SOON: Duration = Duration::from_mins(1);
/// People who come before the loss, and after it.
const PEOPLE: usize = 60;
const NEWCOMERS: usize = 20;
/// Those who have taken their pass when everything is lost.
const INSIDE: usize = 10;

/// Somebody in line, with what they were told last.
struct Holder {
    ticket: String,
    epoch: u64,
    entry: u64,
    place: Option<u64>,
    is_called: bool,
    pass_id: Option<String>,
}

impl Holder {
    async fn join(client: &Client, instance: &Instance) -> Self {
        let (reply, _) = join_patiently(client, &instance.room(), "67346").await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let number = |member: &str| reply.body[member].as_u64().expect(member);
        let mut holder = Self {
            ticket: String::new(),
            epoch: number("epoch"),
            entry: number("entry"),
            place: None,
            is_called: false,
            pass_id: None,
        };
        holder.told(&reply);
        holder
    }

    /// Keeps the newest ticket, and holds what is told against what was told before.
    fn told(&mut self, reply: &Reply) {
        assert_eq!(reply.body["entry"], self.entry, "P12: {reply:?}");
        if let Some(ticket) = reply.body["ticket"].as_str() {
            ticket.clone_into(&mut self.ticket);
        }
        let place = reply.body["place"].as_u64();
        assert!(self.place.is_none() || self.place == place, "P12: {:?}, {reply:?}", self.place);
        self.place = place;
        self.is_called |= reply.text("state") == "called";
    }

    async fn ask(&mut self, client: &Client, instance: &Instance) -> Reply {
        let reply = send(poll(client, &instance.room(), &self.ticket)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        self.told(&reply);
        reply
    }

    /// Tries to take the pass; leaves again if it `is_short`.
    async fn take(&mut self, client: &Client, instance: &Instance, is_short: bool) {
        let reply = send(redeem(client, &instance.room(), &self.ticket)).await;
        match reply.status.as_u16() {
            201 => {
                let pass = reply.text("pass");
                let id = pass_id(pass);
                let known = self.pass_id.get_or_insert_with(|| id.clone());
                assert_eq!(*known, id, "P9: one ticket has one pass");
                if is_short {
                    let url = format!("{}/passes/current", instance.room());
                    assert_eq!(send(client.delete(url).bearer_auth(pass)).await.status, 204);
                }
            }
            // It was let in before, or has to wait.
            409 => assert_eq!(reply.code(), "not-your-turn", "{reply:?}"),
            _ => assert_eq!(reply.status, 503, "{reply:?}"),
        }
    }
}

/// The `jti` of a pass.
fn pass_id(pass: &str) -> String {
    let claims = pass.split('.').nth(1).expect("claims");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["jti"].as_str().expect("an id").to_owned()
}

async fn ask_all(client: &Client, instances: &[Instance], holders: &mut [Holder]) {
    for (number, holder) in holders.iter_mut().enumerate() {
        holder.ask(client, &instances[number % instances.len()]).await;
    }
}

/// Lets everybody of `who` take the pass, round after round.
async fn take_all(client: &Client, instances: &[Instance], who: &mut [&mut Holder], leaves: bool) {
    let who = tokio::sync::Mutex::new(who);
    eventually("everybody has the pass", SOON, async || {
        let mut who = who.lock().await;
        for (number, holder) in who.iter_mut().enumerate().filter(|(_, one)| one.pass_id.is_none())
        {
            holder.take(client, &instances[number % instances.len()], leaves).await;
        }
        who.iter().all(|holder| holder.pass_id.is_some())
    })
    .await;
}

async fn line_up(client: &Client, instances: &[Instance], people: usize) -> Vec<Holder> {
    let mut holders = Vec::new();
    for number in 0..people {
        holders.push(Holder::join(client, &instances[number % instances.len()]).await);
    }
    holders
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_loses_the_place_when_redis_and_all_instances_forget_everything() {
    let redis = RedisServer::start().await.expect("redis");
    let (town, client) = (Town::set_up(&redis), Client::new());
    let campaign = Campaign::soon(Duration::from_secs(4));
    assert!(town.apply(&campaign).done().contains("the room town is open"));
    let instances = town.open(&client, 2).await;
    let mut holders = line_up(&client, &instances, PEOPLE).await;
    let told = tokio::sync::Mutex::new(&mut holders);
    eventually("the draw is held, and some are called", SOON, async || {
        let mut holders = told.lock().await;
        ask_all(&client, &instances, &mut holders).await;
        holders.iter().all(|holder| holder.place.is_some())
            && holders.iter().filter(|holder| holder.is_called).count() >= 2 * INSIDE
    })
    .await;
    let mut inside: Vec<&mut Holder> =
        holders.iter_mut().filter(|holder| holder.is_called).take(INSIDE).collect();
    take_all(&client, &instances, &mut inside, false).await;
    ask_all(&client, &instances, &mut holders).await;

    stop_all(instances).await;
    redis.ask("FLUSHALL").expect("emptied");
    let instances = vec![town.start().await, town.start().await];
    for instance in &instances {
        instance.until_missing(&client, "for town: put it into force").await;
        let reply = send(join(&client, &instance.room(), "67346")).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (404, "room-not-found"));
    }
    assert!(town.run(&["room", "list"]).done().is_empty(), "a starting service makes no room");
    assert!(town.apply(&campaign).done().contains("listens to them before it issues"));
    for instance in &instances {
        instance.until_ready(&client).await;
    }

    // Each browser shows its ticket once, and everybody has their place again.
    ask_all(&client, &instances, &mut holders).await;
    let newcomers = line_up(&client, &instances, NEWCOMERS).await;
    holders.extend(newcomers);
    let entries: BTreeSet<(u64, u64)> =
        holders.iter().map(|holder| (holder.epoch, holder.entry)).collect();
    assert_eq!(entries.len(), PEOPLE + NEWCOMERS, "P8");
    for holder in holders.iter_mut().filter(|holder| holder.is_called) {
        let known = holder.pass_id.take();
        take_all(&client, &instances, &mut [holder], true).await;
        assert!(known.is_none() || known == holder.pass_id, "P9: the same pass after the loss");
    }
    let mut waiting: Vec<&mut Holder> =
        holders.iter_mut().filter(|holder| holder.pass_id.is_none()).collect();
    take_all(&client, &instances, &mut waiting, true).await;
    let passes: BTreeSet<&Option<String>> = holders.iter().map(|holder| &holder.pass_id).collect();
    assert_eq!(passes.len(), PEOPLE + NEWCOMERS, "P9: no pass for two tickets");
    stop_all(instances).await;
}
