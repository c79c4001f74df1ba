//! Who waits: for their turn, and for a place.

use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use test_support::eventually;
use tokio::sync::Mutex;

use crate::citizen::{Reply, join_patiently, person, redeem, send};
use crate::fleet::Fleet;

const SOON: Duration = Duration::from_mins(1);

/// A ticket, and its pass.
pub async fn get_pass(client: &Client, fleet: &Fleet) -> (String, String) {
    let (joined, _) = join_patiently(client, &fleet.room_url(0), "67346").await;
    let ticket = joined.text("ticket").to_owned();
    let pass = Mutex::new(None);
    eventually("the ticket is called", SOON, async || {
        let reply = send(redeem(client, &fleet.room_url(0), &ticket)).await;
        *pass.lock().await = reply.body["pass"].as_str().map(str::to_owned);
        reply.status == 201
    })
    .await;
    (ticket, pass.into_inner().expect("a pass"))
}

/// The waitlist entry of person `number`.
pub async fn join_waitlist(client: &Client, fleet: &Fleet, pass: &str, number: usize) -> Reply {
    let url = format!("{}/campaigns/{}/waitlist", fleet.booking_url(0), fleet.campaign.id);
    let request = client.post(url).bearer_auth(pass).json(&json!({"person": person(number)}));
    let joined = send(request.header("idempotency-key", format!("wait-{number}"))).await;
    assert_eq!(joined.status, 201, "{joined:?}");
    joined
}

/// The offer that is made to whoever has joined.
pub async fn wait_for_offer(client: &Client, fleet: &Fleet, joined: &Reply) -> String {
    let own = format!("{}/waitlist/{}", fleet.booking_url(0), joined.text("id"));
    let offer = Mutex::new(None);
    eventually("a place is offered", SOON, async || {
        let shown = send(client.get(&own).bearer_auth(joined.text("waitlist_token"))).await;
        let id = shown.body["offer"]["id"].as_str().map(str::to_owned);
        let is_offered = id.is_some();
        *offer.lock().await = id;
        is_offered
    })
    .await;
    offer.into_inner().expect("an offer")
}
