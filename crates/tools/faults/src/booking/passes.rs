//! Passes, as citizens get them: a waiting room that is open and lets everybody in.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Client;
use serde_json::json;
use tokio::task::JoinSet;

use crate::booking::campaign::CAMPAIGN;
use crate::clock::{now, pause};
use crate::http::{self, POSTCODE, Reply};

const OPEN_MAX_MS: i64 = 30_000;
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// People who join at a time.
const DOORS: usize = 32;
const PASS_MAX_MS: i64 = 30_000;

/// Waits until the room is open.
pub async fn until_open(client: &Client, room: &str) -> Result<()> {
    let began = now();
    while now() - began < OPEN_MAX_MS {
        let status = http::send(client.get(room_url(room))).await;
        if status.is_ok_and(|status| status.body["phase"] == "open") {
            return Ok(());
        }
        pause(LOOK_EVERY).await;
    }
    bail!("the room does not open")
}

/// Lets so many people join, and gives their passes.
pub async fn take(client: &Client, room: &str, count: usize) -> Result<Vec<String>> {
    let mut doors = JoinSet::new();
    for door in 0..DOORS {
        let people = count / DOORS + usize::from(door < count % DOORS);
        let (client, room) = (client.clone(), room_url(room));
        doors.spawn(async move {
            let mut passes = Vec::new();
            for _ in 0..people {
                passes.push(join(&client, &room).await?);
            }
            anyhow::Ok(passes)
        });
    }
    let mut passes = Vec::new();
    while let Some(through) = doors.join_next().await {
        passes.extend(through??);
    }
    ensure!(passes.len() == count, "{} of {count} passes", passes.len());
    Ok(passes)
}

/// Whoever is not called on arrival asks for the pass until it is given.
async fn join(client: &Client, room: &str) -> Result<String> {
    let body = json!({"residence": {"postcode": POSTCODE}});
    let mut ticket: Option<String> = None;
    let mut last = None;
    let began = now();
    while now() - began < PASS_MAX_MS {
        let request = match &ticket {
            None => client.post(format!("{room}/tickets")).json(&body),
            Some(ticket) => client.post(format!("{room}/passes")).bearer_auth(ticket),
        };
        let reply = http::send(request).await;
        if let Ok(Reply { status: 200 | 201, body, .. }) = &reply {
            if let Some(pass) = body["pass"]["pass"].as_str().or_else(|| body["pass"].as_str()) {
                return Ok(pass.to_owned());
            }
            ticket = body["ticket"].as_str().map(str::to_owned).or(ticket);
        }
        last = Some(reply);
        pause(LOOK_EVERY).await;
    }
    bail!("no pass: {:?}", last.context("no try")?)
}

fn room_url(room: &str) -> String {
    format!("{room}/v1/rooms/{CAMPAIGN}")
}
