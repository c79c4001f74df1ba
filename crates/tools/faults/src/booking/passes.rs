//! Passes, as citizens get them: a waiting room that is open and lets everybody in.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Client;
use serde_json::json;
use tokio::task::JoinSet;

use crate::booking::campaign::CAMPAIGN;
use crate::clock::{now, pause};
use crate::http::{self, POSTCODE};

const OPEN_MAX_MS: i64 = 30_000;
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// People who join at a time.
const DOORS: usize = 32;
const TRIES_MAX: u32 = 20;

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

async fn join(client: &Client, room: &str) -> Result<String> {
    let body = json!({"residence": {"postcode": POSTCODE}});
    let mut last = None;
    for _ in 0..TRIES_MAX {
        let reply = http::send(client.post(format!("{room}/tickets")).json(&body)).await;
        if let Ok(reply) = &reply
            && let Some(pass) = reply.body["pass"]["pass"].as_str()
        {
            return Ok(pass.to_owned());
        }
        last = Some(reply);
        pause(LOOK_EVERY).await;
    }
    bail!("joined without a pass: {:?}", last.context("no try")?)
}

fn room_url(room: &str) -> String {
    format!("{room}/v1/rooms/{CAMPAIGN}")
}
