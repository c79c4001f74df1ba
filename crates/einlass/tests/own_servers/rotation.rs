//! Keys that are replaced while people queue, without a restart, on one instance a while before the other.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{Clock as _, SystemClock};
use pass::{KeySet, PassVerifier};
use reqwest::Client;
use test_support::{RedisServer, eventually};

use crate::citizen::{join_patiently, poll, redeem, send};
use crate::town::{Campaign, Instance, ROOM, Town, stop_all};

/// A file is looked at every two seconds.
const SOON: Duration = Duration::from_secs(20);

/// The number of the key that has signed a ticket.
fn key_of(ticket: &str) -> u8 {
    URL_SAFE_NO_PAD.decode(ticket).expect("base64url")[1]
}

async fn published(client: &Client, instance: &Instance) -> KeySet {
    let reply = client.get(instance.url("/.well-known/jwks.json")).send().await.expect("a reply");
    KeySet::from_jwks(&reply.text().await.expect("a body")).expect("a key set")
}

/// Two instances, each with a key file of its own, and all tickets so far.
struct Rotation {
    town: Town,
    client: Client,
    instances: Vec<Instance>,
    tickets: Arc<Mutex<Vec<String>>>,
}

impl Rotation {
    async fn start(redis: &RedisServer) -> Self {
        let (town, client) = (Town::set_up(redis), Client::new());
        town.apply(&Campaign { max_active: 1_000, ..Campaign::soon(Duration::from_secs(1)) })
            .done();
        let mut instances = Vec::new();
        for file in Self::files(&town) {
            if !file.exists() {
                std::fs::copy(town.keys_file(), &file).expect("copied");
            }
            instances.push(town.start_watching(&file).await);
        }
        for instance in &instances {
            instance.until_ready(&client).await;
        }
        Self { town, client, instances, tickets: Arc::default() }
    }

    /// The first is the one that is rotated; the other gets a copy later.
    fn files(town: &Town) -> [PathBuf; 2] {
        [town.keys_file(), town.keys_file().with_file_name("behind.toml")]
    }

    fn tickets(&self) -> Vec<String> {
        self.tickets.lock().expect("no panic").clone()
    }

    /// Joins at one instance.
    async fn join(&self, instance: usize) -> String {
        let room = self.instances[instance].room();
        let (joined, _) = join_patiently(&self.client, &room, "67346").await;
        joined.text("ticket").to_owned()
    }

    /// Somebody joins at each; all tickets are good, and all passes are verified by what either publishes. How many
    /// passes there were.
    async fn check(&self) -> usize {
        let mut passes = 0;
        for instance in 0..2 {
            let ticket = self.join(instance).await;
            self.tickets.lock().expect("no panic").push(ticket);
        }
        let room = ROOM.parse().expect("a name");
        for ticket in self.tickets() {
            for instance in &self.instances {
                let asked = send(poll(&self.client, &instance.room(), &ticket)).await;
                assert_eq!(asked.status, 200, "P12: {asked:?}");
                let redeemed = send(redeem(&self.client, &instance.room(), &ticket)).await;
                assert!(matches!(redeemed.status.as_u16(), 201 | 409), "{redeemed:?}");
                let Some(pass) = redeemed.body["pass"].as_str() else { continue };
                passes += 1;
                for verifying in &self.instances {
                    let keys = published(&self.client, verifying).await;
                    let keys = Arc::new(ArcSwap::from_pointee(keys));
                    let verifier = PassVerifier::new("einlass", keys);
                    verifier.verify(pass, &room, SystemClock.now()).expect("a valid pass");
                }
            }
        }
        passes
    }

    /// `einlass keys rotate`, as if the last step had been taken years ago.
    fn rotate(&self) -> String {
        let text = std::fs::read_to_string(self.town.keys_file()).expect("keys");
        let year = &SystemClock.now().to_string()[..4];
        let old = text.replace(&format!("since = \"{year}"), "since = \"2021");
        std::fs::write(self.town.keys_file(), old).expect("written");
        self.town.run(&["keys", "rotate"]).done()
    }

    async fn until(&self, what: &str, instance: usize, keys: usize, signs: u8) {
        eventually(what, SOON, async || {
            published(&self.client, &self.instances[instance]).await.len() == keys
                && key_of(&self.join(instance).await) == signs
        })
        .await;
    }
}

/// Asks for all tickets at both instances until it is told to stop; every answer must be good.
async fn poll_on(
    client: Client,
    rooms: [String; 2],
    tickets: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
) -> usize {
    let (mut asked, mut rounds) = (0, tokio::time::interval(Duration::from_millis(50)));
    while !stop.load(Ordering::Relaxed) {
        let known = tickets.lock().expect("no panic").clone();
        for ticket in &known {
            for room in &rooms {
                let reply = send(poll(&client, room, ticket)).await;
                assert_eq!(reply.status, 200, "P12: {reply:?}");
                asked += 1;
            }
        }
        rounds.tick().await;
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_while_people_queue_and_nothing_is_lost() {
    let redis = RedisServer::start().await.expect("redis");
    let rotation = Rotation::start(&redis).await;
    let mut passes = rotation.check().await;
    let stop = Arc::new(AtomicBool::new(false));
    let rooms = [rotation.instances[0].room(), rotation.instances[1].room()];
    let polls = tokio::spawn(poll_on(
        rotation.client.clone(),
        rooms,
        Arc::clone(&rotation.tickets),
        Arc::clone(&stop),
    ));
    let [ahead, behind] = Rotation::files(&rotation.town);
    for (said, signs) in [("is the next one", 1), ("signs from now on", 2)] {
        let told = rotation.rotate();
        assert_eq!(told.matches(said).count(), 2, "{told}");
        rotation.until("one instance has the file", 0, 2, signs).await;
        passes += rotation.check().await;
        std::fs::copy(&ahead, &behind).expect("copied");
        rotation.until("the other has it, too", 1, 2, signs).await;
        passes += rotation.check().await;
    }
    assert!(passes > 0, "nobody was let in");
    stop.store(true, Ordering::Relaxed);
    assert!(polls.await.expect("every ticket was good all the time") > 0);

    // A retired ticket key is dropped when its last ticket is of no use any more, and not before.
    let tickets = rotation.tickets();
    let old = tickets.iter().find(|ticket| key_of(ticket) == 1).expect("one of the old key");
    let new = tickets.iter().find(|ticket| key_of(ticket) == 2).expect("one of the new key");
    rotation.town.run(&["keys", "rotate", "--drop-ticket-key", "1"]).done();
    let room = rotation.instances[0].room();
    eventually("the old key is gone", SOON, async || {
        send(poll(&rotation.client, &room, old)).await.status == 401
    })
    .await;
    assert_eq!(send(poll(&rotation.client, &room, new)).await.status, 200);
    stop_all(rotation.instances).await;
}
