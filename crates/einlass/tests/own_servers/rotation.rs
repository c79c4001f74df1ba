//! A new ticket key, brought in by restarting one instance after the other.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Client;
use test_support::RedisServer;

use crate::citizen::{join_patiently, poll, send};
use crate::town::{Campaign, Instance, Town, stop_all};

/// The file with the ticket keys in this order.
fn with_ticket_keys(file: &str, ids: &[u8]) -> String {
    let start = file.find("[[ticket]]").expect("a ticket key");
    let end = file.find("# Fixes the secrets of all draws").expect("the next section");
    let old = &file[start..end];
    let key = URL_SAFE_NO_PAD.encode([7; 32]);
    let new = format!("[[ticket]]\nid = 2\nkey = \"{key}\"\n\n");
    let keys: String = ids.iter().map(|id| if *id == 1 { old } else { new.as_str() }).collect();
    format!("{}{keys}{}", &file[..start], &file[end..])
}

async fn assert_all_good(client: &Client, instances: &[Instance], tickets: &[String]) {
    for instance in instances {
        for ticket in tickets {
            let reply = send(poll(client, &instance.room(), ticket)).await;
            assert_eq!(reply.status, 200, "P12: {reply:?}");
        }
    }
}

/// First every instance accepts the new key, then every one signs with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_by_rolling_restarts() {
    let redis = RedisServer::start().await.expect("redis");
    let (town, client) = (Town::set_up(&redis), Client::new());
    town.apply(&Campaign::soon(Duration::from_mins(10))).done();
    let keys = town.keys();
    let mut instances = town.open(&client, 2).await;
    let mut tickets = Vec::new();
    for ids in [[1, 2], [2, 1]] {
        for index in 0..instances.len() {
            for instance in &instances {
                let (joined, _) = join_patiently(&client, &instance.room(), "67346").await;
                tickets.push(joined.text("ticket").to_owned());
            }
            assert_all_good(&client, &instances, &tickets).await;
            instances.remove(index).stop().await;
            let restarted = town.start_with(&with_ticket_keys(&keys, &ids)).await;
            restarted.until_ready(&client).await;
            instances.insert(index, restarted);
            assert_all_good(&client, &instances, &tickets).await;
        }
    }
    let (joined, _) = join_patiently(&client, &instances[0].room(), "67346").await;
    let newest = joined.text("ticket").to_owned();
    stop_all(instances).await;

    // The old key is dropped when its last ticket is of no use any more, and not before.
    let without = town.start_with(&with_ticket_keys(&keys, &[2])).await;
    without.until_ready(&client).await;
    let statuses = |ticket: String| {
        let (client, room) = (client.clone(), without.room());
        async move { send(poll(&client, &room, &ticket)).await.status.as_u16() }
    };
    assert_eq!(statuses(tickets.swap_remove(0)).await, 401);
    assert_eq!(statuses(newest).await, 200);
    without.stop().await;
}
