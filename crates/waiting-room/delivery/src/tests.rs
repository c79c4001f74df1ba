use std::io::Write as _;

use kernel::{Clock as _, ManualClock, SeededEntropy};
use pass::{KeySet, PassMinter, PassVerifier, SigningKey};
use test_support::{Delivered, Receiver as Server, Reply, eventually};
use waiting_room::MemoryRoomStore;
use waiting_room::contract::{START, SwitchedStore, by, created, room_settings};
use waiting_room::draw::DrawKey;
use waiting_room::line::ticket::TicketKeys;
use waiting_room::live::LiveChange;
use waiting_room::service::operator;
use waiting_room::service::{Limits, Parts, Signing};
use webhook::SystemLookup;

use super::*;

const IN_TIME: Duration = Duration::from_secs(20);

/// A room in a store that several instances share, and the time.
struct Town {
    clock: Arc<ManualClock>,
    store: Arc<SwitchedStore>,
}

fn id(name: &str) -> Slug {
    name.parse().expect("a name")
}

fn after(s: i64) -> Timestamp {
    Timestamp::from_unix_s(START.unix_s() + s)
}

impl Town {
    async fn start() -> Self {
        let clock = Arc::new(ManualClock::at(after(-4_000)));
        let store = Arc::new(SwitchedStore::new(MemoryRoomStore::new(clock.clone())));
        let settings = room_settings("town");
        store.create(&settings, &created(&settings)).await.expect("a room");
        clock.set(after(-60));
        Self { clock, store }
    }

    /// The waiting room of another instance.
    async fn instance(&self, seed: u64) -> Arc<WaitingRoom> {
        let key = SigningKey::generate(&SeededEntropy::new(1));
        let keys = KeySet::new([key.public_key().clone()]).expect("one key");
        let limits = kernel::BatcherLimits::new(100, 100);
        let rooms = Arc::new(WaitingRoom::new(Parts {
            store: self.store.clone(),
            clock: self.clock.clone(),
            entropy: Arc::new(SeededEntropy::new(seed)),
            signing: Signing::shared(TicketKeys::new(1, &[7; 32]), PassMinter::new(key, "test")),
            draw_key: DrawKey::new(&[1; 32]),
            identity_key: None,
            verifier: PassVerifier::new("test", Arc::new(arc_swap::ArcSwap::from_pointee(keys))),
            limits: Limits {
                joins: limits,
                redemptions: limits,
                renew_every: Duration::from_millis(250),
                polls_per_s_max: 5_000,
            },
        }));
        rooms.discover().await.expect("the room");
        rooms
    }

    fn desk(&self, rooms: &Arc<WaitingRoom>) -> Desk {
        Desk {
            rooms: Arc::clone(rooms),
            store: self.store.clone(),
            entropy: Arc::new(SeededEntropy::new(3)),
            every: Duration::from_millis(5),
            silent_after: Duration::from_mins(10),
        }
    }

    /// A worker of another instance that has seen the room before it opens.
    async fn worker(&self, rooms: &Arc<WaitingRoom>, server: &Server) -> Worker {
        rooms.renew().await;
        let worker = Worker::start(self.desk(rooms), vec![receiver(server)]);
        let room = id("town");
        eventually("a worker has begun", IN_TIME, async || {
            self.store.notices(&room).await.expect("an answer").is_some()
        })
        .await;
        worker
    }

    async fn at(&self, s: i64, instances: &[&Arc<WaitingRoom>]) {
        self.clock.set(after(s));
        for rooms in instances {
            rooms.renew().await;
        }
    }

    /// Until it is noted that a message was not taken, and is tried again by then.
    async fn until_due_by(&self, s: i64) {
        let (room, endpoint) = (id("town"), id("town-hall"));
        eventually("the refusal is noted", IN_TIME, async || {
            let notices = self.store.notices(&room).await.expect("an answer");
            notices.is_some_and(|notices| notices.due(&endpoint, |_| true, after(s)).is_some())
        })
        .await;
    }

    async fn pause(&self) {
        let change = LiveChange { paused: Some(true), ..LiveChange::default() };
        let room = id("town");
        operator::set(&*self.store, &room, &change.into(), None, &by()).await.expect("an answer");
    }
}

/// The way to a server of the test.
fn receiver(server: &Server) -> Receiver {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    let mut file = kernel::private_file::create(&secret).expect("a file");
    file.write_all(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("written");
    let path = folder.path().join("endpoints.toml");
    let (url, secret) = (server.url("/"), secret.display());
    let text = format!(
        "[[endpoint]]\nname = \"town-hall\"\nurl = \"{url}\"\nsecret_files = [\"{secret}\"]\n\
         allow_http = true\nallowed_networks = [\"127.0.0.1/32\"]\n"
    );
    std::fs::write(&path, text).expect("written");
    let endpoint = webhook::endpoint::read(&path, waiting_room::notice::NAMES);
    let endpoint = endpoint.expect("an endpoint").remove(0);
    let sender = Sender::new(&endpoint, webhook::Limits::default(), Arc::new(SystemLookup));
    Receiver { sender: sender.expect("a sender"), endpoint }
}

fn status(status: u16) -> Reply {
    Reply::Status(status, Vec::new())
}

async fn until_delivered(server: &Server, count: usize) -> Vec<Delivered> {
    eventually("messages arrive", IN_TIME, async || server.delivered().len() >= count).await;
    server.delivered()
}

fn kinds(delivered: &[Delivered]) -> Vec<&str> {
    let kind = |delivered: &Delivered| {
        waiting_room::notice::NAMES
            .iter()
            .find(|name| delivered.body.contains(&format!("\"type\":\"{name}\"")))
            .copied()
    };
    delivered.iter().map(|delivered| kind(delivered).expect("a kind")).collect()
}

/// P19: of two instances that see the same, one tells it; and tells it again, the same, until it is taken.
#[tokio::test(flavor = "multi_thread")]
async fn two_instances_tell_once_and_again_until_it_is_taken() {
    let town = Town::start().await;
    let server = Server::start(|_, before| status(if before == 0 { 500 } else { 204 }));
    let server = server.expect("a server");
    let (one, other) = (town.instance(1).await, town.instance(2).await);
    let workers = [town.worker(&one, &server).await, town.worker(&other, &server).await];
    town.at(1, &[&one, &other]).await;
    until_delivered(&server, 1).await;
    town.until_due_by(12).await;
    town.at(12, &[&one, &other]).await;
    let delivered = until_delivered(&server, 2).await;
    assert_eq!(kinds(&delivered), ["room.opened"; 2]);
    assert_eq!(delivered[0].body, delivered[1].body);
    assert_eq!(delivered[0].header("webhook-id"), delivered[1].header("webhook-id"));
    assert_ne!(delivered[0].header("webhook-signature"), "");

    town.pause().await;
    eventually("the pause has lasted and is told", IN_TIME, async || {
        town.clock.advance(Duration::from_secs(1));
        one.renew().await;
        other.renew().await;
        server.delivered().len() >= 3
    })
    .await;
    let delivered = until_delivered(&server, 3).await;
    assert_eq!(kinds(&delivered)[2..], ["room.paused"]);
    for worker in workers {
        worker.finish().await;
    }
    assert_eq!(server.delivered().len(), 3, "nothing was told twice");
}

/// A worker that dies while it tells something: the other one tells it.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_died_with_is_told_by_another() {
    let town = Town::start().await;
    let server = Server::start(|_, before| if before == 0 { Reply::Silence } else { status(204) });
    let server = server.expect("a server");
    let one = town.instance(1).await;
    let worker = town.worker(&one, &server).await;
    town.at(1, &[&one]).await;
    until_delivered(&server, 1).await;
    worker.kill();
    let other = town.instance(2).await;
    let worker = town.worker(&other, &server).await;
    town.at(2, &[&other]).await;
    town.at(2 + 61, &[&other]).await;
    let delivered = until_delivered(&server, 2).await;
    assert_eq!(delivered[0].header("webhook-id"), delivered[1].header("webhook-id"));
    worker.finish().await;
    assert_eq!(server.delivered().len(), 2);
}

/// Nobody can note that the store is silent; both tell it, under one id, and one of them that it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_store_is_told_by_all_under_one_id() {
    let town = Town::start().await;
    let server = Server::start(|_, _| status(204)).expect("a server");
    let (one, other) = (town.instance(1).await, town.instance(2).await);
    for rooms in [&one, &other] {
        town.worker(rooms, &server).await.finish().await;
    }
    town.store.set_down(true);
    let start = |rooms: &Arc<WaitingRoom>| {
        let desk = Desk { silent_after: Duration::ZERO, ..town.desk(rooms) };
        Worker::start(desk, vec![receiver(&server)])
    };
    let workers = [start(&one), start(&other)];
    let delivered = until_delivered(&server, 2).await;
    assert_eq!(kinds(&delivered), ["room.unhealthy"; 2]);
    assert!(delivered[0].body.contains("store_silent"), "{delivered:?}");
    assert_eq!(delivered[0].header("webhook-id"), delivered[1].header("webhook-id"));
    for worker in workers {
        worker.finish().await;
    }
    assert_eq!(server.delivered().len(), 2, "each has said it once");
}

/// Whoever has told of a silence says when it is over.
#[tokio::test]
async fn the_end_of_a_silence_is_told() {
    let town = Town::start().await;
    let server = Server::start(|_, _| status(204)).expect("a server");
    let rooms = town.instance(1).await;
    rooms.renew().await;
    let names = vec![id("town-hall")];
    let (_, stopped) = watch::channel(false);
    let receivers = vec![receiver(&server)];
    let shared = Arc::new(Shared { desk: town.desk(&rooms), receivers, names, stopped });
    let view = rooms.view("town").expect("the room");
    let begun = look(&shared, &view, Known::default()).await.known;
    let silent = Known { silent_since: Some(town.clock.now()), ..begun };
    let Looked { known, due, .. } = look(&shared, &view, silent).await;
    assert_eq!((known.silent_since, due.len()), (None, 1));
    for due in due {
        telling::tell(Arc::clone(&shared), Arc::clone(&view), due).await;
    }
    assert_eq!(kinds(&server.delivered()), ["room.healthy"]);
}
