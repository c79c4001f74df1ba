//! Programs that want what is meant for citizens, each in its way, and what they got.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::clock::{pause, seconds};
use crate::http::{self, POSTCODE, Reply};
use crate::room::campaign::ROOM;
use crate::room::flood::{self, Flood};
use crate::room::stage::room_url;
use crate::room::{proof, reading};

/// Connections that are made at the same time.
const DIALLING: usize = 200;

/// What the programs attack, until it is enough.
#[derive(Clone)]
pub struct Target {
    pub instances: Vec<SocketAddr>,
    pub enough: Arc<AtomicBool>,
}

impl Target {
    fn is_over(&self) -> bool {
        self.enough.load(Ordering::Relaxed)
    }

    /// The room at one of the instances.
    fn room(&self, number: usize) -> String {
        room_url(&format!("http://{}", self.instances[number % self.instances.len()]))
    }

    /// Sends these requests over and over, at most so many a second, to the first instance.
    async fn flood(&self, requests: Vec<Vec<u8>>, per_second: u32) -> Result<flood::Outcome> {
        let (address, enough) = (self.instances[0], Arc::clone(&self.enough));
        let flood = Flood { address, requests, per_second, enough };
        tokio::task::spawn_blocking(move || flood.run()).await?
    }
}

/// Joins from one address, over and over; how many a second, and how many of all got a ticket.
pub async fn join_from_one(target: &Target, per_second: u32) -> Result<flood::Outcome> {
    target.flood(vec![flood::join(ROOM)], per_second).await
}

/// Asks with tickets that are worth nothing.
pub async fn ask_with(
    target: &Target,
    forged: &[String],
    per_second: u32,
) -> Result<flood::Outcome> {
    target.flood(flood::polls(ROOM, forged), per_second).await
}

/// Joins from many addresses in two neighbourhoods; how many tickets each address got.
pub async fn join_from_many(target: Target, addresses: u8) -> Result<Vec<usize>> {
    let mut bots = JoinSet::new();
    for number in 0..addresses {
        let address = Ipv4Addr::new(127, 0, 2 + number % 2, 1 + number / 2);
        let (client, target) = (http::client_at(address)?, target.clone());
        bots.spawn(async move {
            let mut tickets = 0;
            for join in 0.. {
                if target.is_over() {
                    break;
                }
                let room = target.room(join + usize::from(number));
                let reply = try_to_join(&client, &room, None).await;
                tickets += usize::from(reply.is_some_and(|reply| reply.status == 201));
                // It tries fast at first, and goes on for as long as it lasts.
                pause(seconds(if join < 60 { 0.02 } else { 0.5 })).await;
            }
            tickets
        });
    }
    Ok(bots.join_all().await)
}

/// Solves one challenge and uses it again and again at all instances; which entries it was worth. Somebody
/// else must put its address, which is that of [`join_from_one`], under pressure.
pub async fn replay(target: Target, client: Client) -> BTreeSet<u64> {
    let mut entries = BTreeSet::new();
    let mut proof = None;
    for number in 0.. {
        if target.is_over() {
            break;
        }
        // Where its address is not under pressure nobody looks at the proof.
        let room = target.room(if proof.is_none() { 0 } else { number });
        match try_to_join(&client, &room, proof.as_deref()).await {
            Some(reply) if reply.code() == "proof-required" && proof.is_none() => {
                proof = proof::of(&client, &room, &reply).await;
            }
            Some(reply) if proof.is_some() => entries.extend(reply.body["entry"].as_u64()),
            Some(_) | None => {}
        }
        pause(seconds(0.02)).await;
    }
    entries
}

/// Takes one ticket and asks for its pass from many addresses; which passes they got.
pub async fn share(target: Target, clients: Vec<Client>) -> Result<BTreeSet<String>> {
    let first = clients.first().context("nobody to share with")?;
    let reply = try_to_join(first, &target.room(0), None).await;
    let ticket = reply.as_ref().and_then(|reply| reply.body["ticket"].as_str());
    let ticket = ticket.context("no ticket to share")?.to_owned();
    let mut bots = JoinSet::new();
    for (number, client) in clients.into_iter().enumerate() {
        let (ticket, target) = (ticket.clone(), target.clone());
        bots.spawn(async move {
            let mut passes = BTreeSet::new();
            while !target.is_over() {
                let take = client.post(target.room(number) + "/passes").bearer_auth(&ticket);
                let reply = http::send(take).await.ok();
                let pass = reply.and_then(|reply| reading::pass(&reply.body));
                passes.extend(pass.map(|pass| pass.id));
                pause(seconds(0.2)).await;
            }
            passes
        });
    }
    Ok(bots.join_all().await.into_iter().flatten().collect())
}

/// Sends bodies by the byte, over so many connections; how many were cut off.
pub async fn drip(target: Target, connections: usize) -> usize {
    let mut bots = JoinSet::new();
    for number in 0..connections {
        let target = target.clone();
        bots.spawn(async move {
            let address = target.instances[number % target.instances.len()];
            let Ok(mut stream) = TcpStream::connect(address).await else { return 1 };
            let head = format!(
                "POST /v1/rooms/{ROOM}/tickets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                 Content-Length: 1000\r\n\r\n{{"
            );
            if stream.write_all(head.as_bytes()).await.is_err() {
                return 1;
            }
            while !target.is_over() {
                if stream.write_all(b" ").await.is_err() {
                    return 1;
                }
                pause(seconds(0.5)).await;
            }
            0
        });
    }
    bots.join_all().await.into_iter().sum()
}

/// Makes so many connections to the first instance, and holds them without a word; how many it held.
pub async fn hold(target: Target, connections: usize) -> usize {
    let mut held = Vec::with_capacity(connections);
    while held.len() < connections && !target.is_over() {
        let mut dialling = JoinSet::new();
        for number in held.len()..connections.min(held.len() + DIALLING) {
            dialling.spawn(dial(target.instances[0], number));
        }
        let made: Vec<TcpStream> = dialling.join_all().await.into_iter().flatten().collect();
        if made.is_empty() {
            break;
        }
        held.extend(made);
    }
    while !target.is_over() {
        pause(seconds(0.05)).await;
    }
    held.len()
}

/// From one of many addresses: each has its own ports.
async fn dial(to: SocketAddr, number: usize) -> Option<TcpStream> {
    let from = Ipv4Addr::new(127, 0, 8, u8::try_from(number % 200).ok()?);
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(SocketAddr::from((from, 0))).ok()?;
    socket.connect(to).await.ok()
}

async fn try_to_join(client: &Client, room: &str, proof: Option<&str>) -> Option<Reply> {
    let mut body = json!({"residence": {"postcode": POSTCODE}});
    if let Some(proof) = proof {
        body["proof"] = Value::from(proof);
    }
    http::send(client.post(format!("{room}/tickets")).json(&body)).await.ok()
}
