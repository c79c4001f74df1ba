//! Solves challenges as the page of a citizen does.

use altcha::{Challenge, Payload, SolveChallengeOptions, solve_challenge};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Client;

use crate::http::{self, Reply};

/// The proof that a refusal to join the room at this URL asks for; `None` if there is no challenge just now.
pub async fn of(client: &Client, room: &str, refusal: &Reply) -> Option<String> {
    let (path, host) = (refusal.body["challenge"].as_str()?, room.split("/v1/").next()?);
    let reply = http::send(client.get(format!("{host}{path}"))).await.ok()?;
    let challenge: Challenge = serde_json::from_value(reply.body).ok()?;
    tokio::task::spawn_blocking(move || solve(challenge)).await.ok()?
}

fn solve(challenge: Challenge) -> Option<String> {
    let solution = solve_challenge(SolveChallengeOptions::new(&challenge)).ok()??;
    Some(STANDARD.encode(serde_json::to_vec(&Payload { challenge, solution }).ok()?))
}
