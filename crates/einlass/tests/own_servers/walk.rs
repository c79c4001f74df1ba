//! One citizen's way, step by step, on real Redis and PostgreSQL: what a person would try with curl.

use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use test_support::{PostgresServer, RedisServer, eventually};

use crate::citizen::{Reply, book, join, join_patiently, person, redeem, send};
use crate::fleet::{Fleet, Plan, scarce};

const SOON: Duration = Duration::from_mins(1);
const GATHERING: Duration = Duration::from_secs(1);

async fn places_left(client: &Client, fleet: &Fleet, slot: &str) -> u64 {
    let url = format!("{}/campaigns/{}/slots", fleet.booking_url(0), fleet.campaign.id);
    let slots = send(client.get(url)).await;
    let slots = slots.body["slots"].as_array().expect("slots").clone();
    let found = slots.iter().find(|entry| entry["id"] == slot).expect("the slot");
    found["places_left"].as_u64().expect("a number")
}

async fn get_pass(client: &Client, fleet: &Fleet) -> String {
    let (joined, _) = join_patiently(client, &fleet.room_url(0), "67346").await;
    assert_eq!(joined.status, 201, "{joined:?}");
    let ticket = joined.text("ticket").to_owned();
    let redeemed = tokio::sync::Mutex::new(None);
    eventually("the ticket is called", SOON, async || {
        let reply = send(redeem(client, &fleet.room_url(1), &ticket)).await;
        let is_there = reply.status == 201;
        *redeemed.lock().await = Some(reply);
        is_there
    })
    .await;
    let redeemed: Reply = redeemed.into_inner().expect("a reply");
    redeemed.text("pass").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_of_speyer_gets_an_appointment() {
    let (redis, postgres) = (
        RedisServer::start().await.expect("redis"),
        PostgresServer::start().await.expect("postgres"),
    );
    let plan = Plan::on(&redis, &postgres, 2, 2, (scarce(2, 3), GATHERING)).await;
    let fleet = plan.start().await;
    let client = Client::new();
    let campaign = fleet.campaign.id.to_string();
    let slot = fleet.campaign.slots[0].id.to_string();
    let pass = get_pass(&client, &fleet).await;

    // Book, then repeat with the same key on the other instance: the same reply.
    let url = |index| fleet.booking_url(index);
    let booked = send(book(&client, &url(0), &campaign, &pass, "key-1", (&slot, person(1)))).await;
    assert_eq!(booked.status, 201, "{booked:?}");
    let again = send(book(&client, &url(1), &campaign, &pass, "key-1", (&slot, person(1)))).await;
    assert_eq!(again, booked, "P3");

    // Another body under the same key, and the same person again.
    let other = send(book(&client, &url(0), &campaign, &pass, "key-1", (&slot, person(2)))).await;
    assert_eq!((other.status.as_u16(), other.code()), (422, "idempotency-key-reused"));
    let twice = send(book(&client, &url(0), &campaign, &pass, "key-2", (&slot, person(1)))).await;
    assert_eq!((twice.status.as_u16(), twice.code()), (409, "already-booked"), "P4");
    let revealed = twice.body.to_string();
    for secret in [booked.text("id"), booked.text("code"), slot.as_str(), "Mustermann"] {
        assert!(!revealed.contains(secret), "P4: {secret} in {revealed}");
    }

    // The owner reads it, cancels it, and the place is free once.
    eventually("two places are left", SOON, async || {
        places_left(&client, &fleet, &slot).await == 2
    })
    .await;
    let manage = booked.text("manage_token").to_owned();
    let own = format!("{}/bookings/{}", url(1), booked.text("id"));
    let read = send(client.get(&own).bearer_auth(&manage)).await;
    assert_eq!((read.status.as_u16(), read.text("status")), (200, "confirmed"));
    let stranger = send(client.get(&own).bearer_auth("AAAA")).await;
    assert_eq!((stranger.status.as_u16(), stranger.code()), (401, "manage-token-invalid"));
    let cancel = |index, key: &str| {
        client
            .post(format!("{}/bookings/{}/cancellation", url(index), booked.text("id")))
            .bearer_auth(&manage)
            .header("idempotency-key", key)
    };
    let cancelled = send(cancel(0, "cancel-1")).await;
    assert_eq!((cancelled.status.as_u16(), cancelled.text("status")), (200, "cancelled"));
    assert_eq!(send(cancel(1, "cancel-1")).await, cancelled, "P3");
    let second = send(cancel(1, "cancel-2")).await;
    assert_eq!(second.status, 409, "P5: {second:?}");
    eventually("the place is free once", SOON, async || {
        places_left(&client, &fleet, &slot).await == 3
    })
    .await;
    let anew = send(book(&client, &url(0), &campaign, &pass, "key-3", (&slot, person(1)))).await;
    assert_eq!(anew.status, 201, "after cancelling, the person may book again: {anew:?}");
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hassloch_is_turned_away_at_the_door_in_both_languages() {
    let (redis, postgres) = (
        RedisServer::start().await.expect("redis"),
        PostgresServer::start().await.expect("postgres"),
    );
    let plan = Plan::on(&redis, &postgres, 1, 1, (scarce(1, 1), GATHERING)).await;
    let fleet = plan.start().await;
    let client = Client::new();
    let url = fleet.room_url(0);
    let ask = |language: &'static str| {
        send(join(&client, &url, "67454").header("accept-language", language))
    };
    let (german, english) = (ask("de-DE,de;q=0.9").await, ask("en").await);
    for reply in [&german, &english] {
        assert_eq!((reply.status.as_u16(), reply.code()), (403, "not-eligible"), "{reply:?}");
        assert!(reply.body.to_string().contains("Haßloch"), "{reply:?}");
    }
    assert_ne!(german.text("title"), english.text("title"));
    let entered = send(client.get(&url)).await.body["entered"].clone();
    assert_eq!(entered, json!(0), "they take no entry");
    fleet.stop().await;
}
