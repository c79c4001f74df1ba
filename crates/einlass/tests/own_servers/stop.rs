//! P16: SIGTERM loses nothing. The binary as a process of its own, on the embedded default.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use kernel::{Clock as _, SystemClock};
use reqwest::Client;
use test_support::{Port, eventually};

use crate::citizen::{Reply, book, join, person, redeem, try_send};

const SPEYER: &str = include_str!("../../../../deploy/campaigns/speyer-2021-06-20.toml");
pub const CAMPAIGN: &str = "speyer-2021-06-20";
const SOON: Duration = Duration::from_mins(1);
/// The day of the slots, the same one even if midnight comes during the test.
pub static SLOTS_ON: LazyLock<String> = LazyLock::new(|| day(2));

/// The Speyer campaign as if its openings had been yesterday and its slots came the day after tomorrow. A
/// room that is made so late listens to tickets first, for the time in which everybody polls once.
pub fn open_campaign() -> String {
    SPEYER
        .replace("2021-06-14", &day(-1))
        .replace("= 2021-06-20", &format!("= {}", *SLOTS_ON))
        .replace("poll_max_s = 30", "poll_max_s = 2")
}

fn day(days: i64) -> String {
    let at = kernel::Timestamp::from_unix_s(SystemClock.now().unix_s() + days * 86_400);
    at.to_string()[..10].to_owned()
}

/// Where the process listens. Its ports stay its own while it is restarted.
pub struct Addresses {
    room: Port,
    booking: Port,
    metrics: Port,
}

impl Addresses {
    pub fn reserve() -> Self {
        let port = || Port::reserve().expect("a free port");
        Self { room: port(), booking: port(), metrics: port() }
    }

    pub fn room(&self) -> String {
        format!("http://127.0.0.1:{}", self.room.number())
    }

    pub fn booking(&self) -> String {
        format!("http://127.0.0.1:{}", self.booking.number())
    }

    pub fn metrics(&self) -> String {
        format!("http://127.0.0.1:{}/metrics", self.metrics.number())
    }
}

fn serve(folder: &Path, addresses: &Addresses) -> Child {
    serving(folder, addresses).stderr(Stdio::inherit()).spawn().expect("the binary runs")
}

/// `einlass serve` at these addresses.
pub fn serving(folder: &Path, addresses: &Addresses) -> Command {
    let listen = |port: &Port| format!("127.0.0.1:{}", port.number());
    let mut command = Command::new(env!("CARGO_BIN_EXE_einlass"));
    command
        .arg("serve")
        .current_dir(folder)
        .env("EINLASS__WAITING_ROOM__LISTEN", listen(&addresses.room))
        .env("EINLASS__WAITING_ROOM__METRICS_LISTEN", "")
        .env("EINLASS__BOOKING__LISTEN", listen(&addresses.booking))
        .env("EINLASS__BOOKING__METRICS_LISTEN", listen(&addresses.metrics))
        .env("EINLASS__BOOKING__JWKS", format!("{}/.well-known/jwks.json", addresses.room()))
        .env("EINLASS__BOOKING__SIGNALS_URL", addresses.room())
        .env("EINLASS__LIMITS__JOIN_PER_MINUTE", "0")
        .env("EINLASS__LIMITS__REDEEM_PER_MINUTE", "0")
        .env("EINLASS__LIMITS__TICKET_REDEEM_PER_MINUTE", "0")
        .env("EINLASS__CAMPAIGNS__FILES", r#"["campaign.toml"]"#)
        .env("EINLASS__SHUTDOWN__DRAIN_S", "1")
        .env("EINLASS__LOG__FILTER", "warn");
    command
}

pub async fn wait_until_ready(addresses: &Addresses) {
    for url in [addresses.room(), addresses.booking()] {
        eventually("both services are ready", SOON, async || {
            let answer = reqwest::get(format!("{url}/readyz")).await;
            answer.is_ok_and(|reply| reply.status().is_success())
        })
        .await;
    }
}

/// The program, which ends with the test however that ends.
pub struct Program(pub Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ended_already = self.0.wait();
    }
}

pub async fn terminate(child: &mut Child) -> ExitStatus {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    eventually("the process ends", SOON, async || child.try_wait().expect("waited").is_some())
        .await;
    child.wait().expect("ended")
}

/// Asks for the pass until the ticket is called; nothing once the service is gone.
pub async fn take_pass(client: &Client, room: &str, ticket: &str) -> Option<String> {
    let mut again = tokio::time::interval(Duration::from_millis(100));
    loop {
        again.tick().await;
        let reply = try_send(redeem(client, room, ticket)).await?;
        if reply.status == 201 || reply.status == 200 {
            return Some(reply.text("pass").to_owned());
        }
    }
}

/// Joins and books until the service is gone; gives the confirmed bookings.
async fn live(
    client: Client,
    addresses: Arc<Addresses>,
    number: usize,
    confirmed: Arc<AtomicUsize>,
) -> Vec<Reply> {
    let room = format!("{}/v1/rooms/{CAMPAIGN}", addresses.room());
    let booking = format!("{}/v1", addresses.booking());
    let mut bookings = Vec::new();
    for turn in 0.. {
        let Some(joined) = try_send(join(&client, &room, "67346")).await else { break };
        // While the room listens it refuses.
        let Some(ticket) = joined.body["ticket"].as_str() else { continue };
        let Some(pass) = take_pass(&client, &room, ticket).await else { break };
        let date = SLOTS_ON.replace('-', "");
        let slot = format!("boe-fashion-{date}-{:02}{}0", 7 + turn % 7, number % 6);
        let who = person(number * 100_000 + turn);
        let request = book(&client, &booking, CAMPAIGN, &pass, "key", (&slot, who));
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
    let addresses = Arc::new(Addresses::reserve());
    let mut child = serve(folder.path(), &addresses);
    wait_until_ready(&addresses).await;
    let client = Client::new();
    let metrics = client.get(addresses.metrics()).send().await.expect("metrics");
    let metrics = metrics.text().await.expect("text");
    assert!(metrics.contains("batcher_batch_size"), "{metrics}");

    let confirmed = Arc::new(AtomicUsize::new(0));
    let people: Vec<_> = (0..12)
        .map(|number| {
            let (client, addresses) = (client.clone(), Arc::clone(&addresses));
            tokio::spawn(live(client, addresses, number, Arc::clone(&confirmed)))
        })
        .collect();
    eventually("some have booked", SOON, async || confirmed.load(Ordering::Relaxed) >= 30).await;
    let ended = terminate(&mut child).await;
    assert!(ended.success(), "{ended}");
    let mut bookings = Vec::new();
    for person in people {
        bookings.extend(person.await.expect("lived"));
    }
    assert!(bookings.len() >= 30);

    let mut child = serve(folder.path(), &addresses);
    wait_until_ready(&addresses).await;
    for booking in &bookings {
        let own = format!("{}/v1/bookings/{}", addresses.booking(), booking.text("id"));
        let read = try_send(client.get(own).bearer_auth(booking.text("manage_token"))).await;
        let read = read.expect("a reply");
        assert_eq!((read.text("status"), read.text("slot")), ("confirmed", booking.text("slot")));
    }
    terminate(&mut child).await;
}
