//! P13 over HTTP: Redis is killed and comes back.

use std::time::Duration;

use reqwest::Client;
use test_support::{PostgresServer, RedisServer, eventually};

use crate::citizen::{join, join_patiently, send, try_send};
use crate::fleet::{Plan, scarce};

#[tokio::test(flavor = "multi_thread")]
async fn polls_go_on_while_redis_is_down() {
    let (redis, postgres) = (
        RedisServer::start().await.expect("redis"),
        PostgresServer::start().await.expect("postgres"),
    );
    let campaign = (scarce(1, 1), Duration::from_mins(10));
    let fleet = Plan::on(&redis, &postgres, 1, 1, campaign).await.start().await;
    let client = Client::new();
    let url = fleet.room_url(0);
    let (joined, _) = join_patiently(&client, &url, "67346").await;
    assert_eq!((joined.status.as_u16(), joined.text("state")), (201, "gathering"));

    redis.kill9().expect("killed");
    let refused = client
        .post(format!("{url}/tickets"))
        .json(&serde_json::json!({"residence": {"postcode": "67346"}}))
        .send()
        .await
        .expect("a reply");
    assert_eq!(refused.status(), 503);
    let retry_after = refused.headers().get("retry-after").expect("Retry-After");
    assert!(retry_after.to_str().expect("text").parse::<u32>().is_ok_and(|s| s > 0));
    for path in [format!("{url}/ticket"), url.clone(), format!("{}/readyz", fleet.rooms[0].url())] {
        let reply = send(client.get(&path).bearer_auth(joined.text("ticket"))).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
    }

    redis.restart().await.expect("restarted");
    let next = tokio::sync::Mutex::new(None);
    eventually("joining works again", Duration::from_mins(1), async || {
        let reply = try_send(join(&client, &url, "67346")).await;
        *next.lock().await = reply.clone();
        reply.is_some_and(|reply| reply.status == 201)
    })
    .await;
    let next = next.into_inner().expect("a reply").body["entry"].as_u64().expect("an entry");
    assert!(next > joined.body["entry"].as_u64().expect("an entry"), "P8");
    fleet.stop().await;
}
