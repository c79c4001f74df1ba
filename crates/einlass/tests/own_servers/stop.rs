//! P16: SIGTERM loses nothing. The binary as a process of its own, on the embedded default.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kernel::{Clock as _, SystemClock};
use reqwest::Client;
use test_support::eventually;

use crate::citizen::{Reply, book, join, person, try_send};

const SPEYER: &str = include_str!("../../../../deploy/campaigns/speyer-2021-06-20.toml");
const ROOM: &str = "http://127.0.0.1:18480/v1/rooms/speyer-2021-06-20";
const BOOKING: &str = "http://127.0.0.1:18481/v1";
const SOON: Duration = Duration::from_secs(30);

/// The Speyer campaign as if its openings had been yesterday and its slots came the day after tomorrow.
fn open_campaign() -> String {
    let day = |days: i64| {
        let at = kernel::Timestamp::from_unix_s(SystemClock.now().unix_s() + days * 86_400);
        at.to_string()[..10].to_owned()
    };
    SPEYER.replace("2021-06-14", &day(-1)).replace("= 2021-06-20", &format!("= {}", day(2)))
}

fn serve(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_einlass"))
        .arg("serve")
        .current_dir(folder)
        .env("EINLASS__WAITING_ROOM__LISTEN", "127.0.0.1:18480")
        .env("EINLASS__WAITING_ROOM__METRICS_LISTEN", "")
        .env("EINLASS__BOOKING__LISTEN", "127.0.0.1:18481")
        .env("EINLASS__BOOKING__METRICS_LISTEN", "127.0.0.1:18482")
        .env("EINLASS__BOOKING__JWKS", "http://127.0.0.1:18480/.well-known/jwks.json")
        .env("EINLASS__BOOKING__SIGNALS_URL", "http://127.0.0.1:18480")
        .env("EINLASS__CAMPAIGNS__FILES", r#"["campaign.toml"]"#)
        .env("EINLASS__SHUTDOWN__DRAIN_S", "1")
        .env("EINLASS__LOG__FILTER", "warn")
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the binary runs")
}

async fn wait_until_ready() {
    for url in ["http://127.0.0.1:18480/readyz", "http://127.0.0.1:18481/readyz"] {
        eventually("both services are ready", SOON, async || {
            reqwest::get(url).await.is_ok_and(|reply| reply.status().is_success())
        })
        .await;
    }
}

async fn terminate(child: &mut Child) -> ExitStatus {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    eventually("the process ends", SOON, async || child.try_wait().expect("waited").is_some())
        .await;
    child.wait().expect("ended")
}

/// Joins and books until the service is gone; gives the confirmed bookings.
async fn live(client: Client, number: usize, confirmed: Arc<AtomicUsize>) -> Vec<Reply> {
    let mut bookings = Vec::new();
    for turn in 0.. {
        let Some(joined) = try_send(join(&client, ROOM, "67346")).await else { break };
        let Some(pass) = joined.body["pass"]["pass"].as_str() else { continue };
        let slot = format!("boe-fashion-{:02}{}0", 7 + turn % 7, number % 6);
        let who = person(number * 100_000 + turn);
        let request = book(&client, BOOKING, "speyer-2021-06-20", pass, "key", (&slot, who));
        match try_send(request).await {
            Some(reply) if reply.status == 201 => {
                confirmed.fetch_add(1, Ordering::Relaxed);
                bookings.push(reply);
            }
            Some(_) => (),
            None => break,
        }
    }
    bookings
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_loses_no_booking() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("campaign.toml"), open_campaign()).expect("written");
    let mut child = serve(folder.path());
    wait_until_ready().await;
    let client = Client::new();
    let metrics = client.get("http://127.0.0.1:18482/metrics").send().await.expect("metrics");
    let metrics = metrics.text().await.expect("text");
    assert!(metrics.contains("batcher_batch_size"), "{metrics}");

    let confirmed = Arc::new(AtomicUsize::new(0));
    let people: Vec<_> = (0..12)
        .map(|number| tokio::spawn(live(client.clone(), number, Arc::clone(&confirmed))))
        .collect();
    eventually("some have booked", SOON, async || confirmed.load(Ordering::Relaxed) >= 30).await;
    let ended = terminate(&mut child).await;
    assert!(ended.success(), "{ended}");
    let mut bookings = Vec::new();
    for person in people {
        bookings.extend(person.await.expect("lived"));
    }
    assert!(bookings.len() >= 30);

    let mut child = serve(folder.path());
    wait_until_ready().await;
    for booking in &bookings {
        let own = format!("{BOOKING}/bookings/{}", booking.text("id"));
        let read = try_send(client.get(own).bearer_auth(booking.text("manage_token"))).await;
        let read = read.expect("a reply");
        assert_eq!((read.text("status"), read.text("slot")), ("confirmed", booking.text("slot")));
    }
    terminate(&mut child).await;
}
