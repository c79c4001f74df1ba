use std::io::Write as _;
use std::time::Duration;

use booking::contract::scene;
use booking::webhook::{EndpointStanding, MessageKind};
use booking::{Command, MemoryStore};
use kernel::{ManualClock, SeededEntropy};
use test_support::{Delivered, Receiver as Server, Reply, eventually};
use webhook::{Limits, SystemLookup, endpoint};

use super::*;

const IN_TIME: Duration = Duration::from_secs(20);

/// Bookings in the model, and the time.
struct Town {
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
}

impl Town {
    async fn start() -> Self {
        let clock = Arc::new(ManualClock::at(scene::at(0)));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        for endpoint in ["town", "other"] {
            let name = scene::slot(endpoint);
            store.register_endpoint(&name, scene::at(0)).await.expect("answers");
        }
        store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
        Self { clock, store }
    }

    async fn book(&self, number: u32) {
        let pass = scene::grant(number, 4, scene::at(0));
        let command: Command = scene::book_slot(&pass, "c", number, number, scene::key(number, 0));
        let now = kernel::Clock::now(&*self.clock);
        self.store.execute(&[command], now).await.expect("answers");
    }

    fn desk(&self, seed: u64) -> Desk {
        Desk {
            bookings: self.store.clone(),
            webhooks: self.store.clone(),
            entropy: Arc::new(SeededEntropy::new(seed)),
            every: Duration::from_millis(10),
        }
    }

    fn pass_time(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    async fn standing(&self, endpoint: &str) -> EndpointStanding {
        let standing = self.store.endpoint(&scene::slot(endpoint)).await.expect("answers");
        standing.expect("it is known")
    }

    async fn all_is_told(&self, endpoint: &str) {
        eventually("everything to be taken", IN_TIME, async || {
            let news = self.store.news_for(&subscription(endpoint)).await.expect("answers");
            news.is_empty() && self.standing(endpoint).await.waiting == 0
        })
        .await;
    }
}

/// Everything but that the campaign is in force.
fn subscription(endpoint: &str) -> Subscription {
    let kinds = MessageKind::ALL.iter().copied();
    Subscription {
        endpoint: scene::slot(endpoint),
        kinds: kinds.filter(|kind| *kind != MessageKind::CampaignChanged).collect(),
        campaigns: Vec::new(),
    }
}

/// The way to a server of the test.
fn receiver(endpoint: &str, server: &Server, total_max: Duration) -> Receiver {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    let mut file = kernel::private_file::create(&secret).expect("a file");
    file.write_all(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("written");
    let path = folder.path().join("endpoints.toml");
    let (url, secret) = (server.url("/"), secret.display());
    let text = format!(
        "[[endpoint]]\nname = \"{endpoint}\"\nurl = \"{url}\"\nsecret_files = [\"{secret}\"]\n\
         allow_http = true\nallowed_networks = [\"127.0.0.1/32\"]\n"
    );
    std::fs::write(&path, text).expect("written");
    let described = endpoint::read(&path, &["booking.created"]).expect("an endpoint").remove(0);
    let limits = Limits { connect_max: IN_TIME, total_max };
    let sender = Sender::new(&described, limits, Arc::new(SystemLookup)).expect("a sender");
    Receiver { subscription: subscription(endpoint), sender }
}

fn server(answers: impl Fn(&Delivered, usize) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(answers).expect("a server")
}

fn taking() -> Server {
    server(|_, _| Reply::Status(204, Vec::new()))
}

fn start(desk: &Desk, server: &Server) -> Workers {
    Workers::start(desk, vec![receiver("town", server, IN_TIME)])
}

fn ids(server: &Server) -> Vec<String> {
    let delivered = server.delivered();
    delivered.iter().map(|delivered| delivered.header("webhook-id").to_owned()).collect()
}

#[tokio::test]
async fn what_happens_is_told_once_and_signed() {
    let (town, server) = (Town::start().await, taking());
    town.book(1).await;
    let workers = start(&town.desk(1), &server);
    town.all_is_told("town").await;
    town.book(2).await;
    town.all_is_told("town").await;
    workers.finish().await;
    assert_eq!(ids(&server), ["rehearsal_2", "rehearsal_3"]);
    let first = &server.delivered()[0];
    assert!(first.body.contains("\"booking.created\""), "{}", first.body);
    let sent_s: i64 = first.header("webhook-timestamp").parse().expect("a number");
    assert!(
        (scene::at(0).unix_s()..scene::at(3_600).unix_s()).contains(&sent_s),
        "on the store's clock"
    );
    assert!(first.header("webhook-signature").starts_with("v1,"));
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_and_is_the_same() {
    let town = Town::start().await;
    let server = server(|_, before| Reply::Status(if before == 0 { 500 } else { 200 }, Vec::new()));
    town.book(1).await;
    let workers = start(&town.desk(1), &server);
    eventually("the first attempt", IN_TIME, async || !server.delivered().is_empty()).await;
    // Not before its time: a second message comes meanwhile.
    town.book(2).await;
    eventually("the second message to be taken", IN_TIME, async || {
        server.delivered().len() == 2 && town.standing("town").await.waiting == 1
    })
    .await;
    assert_eq!(ids(&server), ["rehearsal_2", "rehearsal_3"]);
    town.pass_time(Duration::from_mins(1));
    town.all_is_told("town").await;
    workers.finish().await;
    assert_eq!(ids(&server), ["rehearsal_2", "rehearsal_3", "rehearsal_2"]);
    let delivered = server.delivered();
    assert_eq!(delivered[0].body, delivered[2].body);
    let at = |index: usize| delivered[index].header("webhook-timestamp").to_owned();
    assert_ne!(at(0), at(2), "each attempt is signed with its own time");
}

/// Once one that had failed is taken, the others do not wait for the minutes or hours that they were put off.
#[tokio::test]
async fn who_takes_messages_again_is_sent_at_once_what_was_put_off() {
    let town = Town::start().await;
    let server = server(|_, before| Reply::Status(if before < 3 { 500 } else { 200 }, Vec::new()));
    let attempts = async |attempts| {
        eventually("an attempt", IN_TIME, async || server.delivered().len() == attempts).await;
    };
    town.book(1).await;
    let workers = start(&town.desk(1), &server);
    attempts(1).await;
    town.pass_time(Duration::from_mins(1));
    // From now on it is put off for five minutes.
    attempts(2).await;
    town.book(2).await;
    attempts(3).await;
    town.pass_time(Duration::from_mins(1));
    town.all_is_told("town").await;
    workers.finish().await;
    let expected = ["rehearsal_2", "rehearsal_2", "rehearsal_3", "rehearsal_3", "rehearsal_2"];
    assert_eq!(ids(&server), expected);
}

#[tokio::test]
async fn a_message_that_is_never_taken_is_given_up_where_everybody_sees_it() {
    let town = Town::start().await;
    let server = server(|_, _| Reply::Status(503, Vec::new()));
    town.book(1).await;
    let workers = start(&town.desk(1), &server);
    for attempts in 1..=10 {
        eventually("an attempt", IN_TIME, async || server.delivered().len() == attempts).await;
        if attempts < 10 {
            town.pass_time(Duration::from_hours(29));
        }
    }
    eventually("it to be given up", IN_TIME, async || town.standing("town").await.failed == 1)
        .await;
    workers.finish().await;
    let failed = town.store.failed_deliveries(&scene::slot("town"), None, 10).await;
    let failed = failed.expect("answers");
    assert_eq!((failed[0].attempts, failed[0].reason.as_deref()), (10, Some("status 503")));
}

/// One that hangs costs the others nothing, and one that is gone is left alone.
#[tokio::test]
async fn one_endpoint_keeps_no_other_waiting() {
    let town = Town::start().await;
    let (hanging, taking) = (server(|_, _| Reply::Silence), taking());
    let receivers = vec![
        receiver("town", &hanging, Duration::from_hours(1)),
        receiver("other", &taking, IN_TIME),
    ];
    let workers = Workers::start(&town.desk(1), receivers);
    for number in 1..=20 {
        town.book(number).await;
    }
    town.all_is_told("other").await;
    assert_eq!(taking.delivered().len(), 20);
    assert!(hanging.delivered().len() <= 8, "a few at a time");
    workers.kill();
}

#[tokio::test]
async fn who_is_gone_is_left_alone_until_somebody_turns_it_on() {
    let town = Town::start().await;
    let server = server(|_, before| Reply::Status(if before == 0 { 410 } else { 200 }, Vec::new()));
    town.book(1).await;
    let workers = start(&town.desk(1), &server);
    eventually("it to be turned off", IN_TIME, async || {
        town.standing("town").await.disabled_at.is_some()
    })
    .await;
    town.book(2).await;
    workers.finish().await;
    // Workers that start later leave it alone as well.
    let workers = start(&town.desk(2), &server);
    town.pass_time(LEASE);
    let other = taking();
    let others = Workers::start(&town.desk(3), vec![receiver("other", &other, IN_TIME)]);
    town.all_is_told("other").await;
    assert_eq!(server.delivered().len(), 1);
    town.store.disable_endpoint(&scene::slot("town"), None).await.expect("answers");
    town.all_is_told("town").await;
    for workers in [workers, others] {
        workers.finish().await;
    }
    let mut told = ids(&server);
    told.sort();
    assert_eq!(told, ["rehearsal_2", "rehearsal_2", "rehearsal_3"], "nothing is lost");
}

#[tokio::test]
async fn two_workers_send_every_message_once() {
    let (town, server) = (Town::start().await, taking());
    for number in 1..=30 {
        town.book(number).await;
    }
    let workers = [start(&town.desk(1), &server), start(&town.desk(2), &server)];
    town.all_is_told("town").await;
    for workers in workers {
        workers.finish().await;
    }
    let mut told = ids(&server);
    assert_eq!(told.len(), 30);
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 30, "each its own");
}

/// At least once, and recognisable as the same (P19): the message has arrived, and whoever sent it never notes that.
#[tokio::test]
async fn a_worker_that_dies_before_it_notes_sends_the_same_message_again() {
    let town = Town::start().await;
    let server = server(|_, before| match before {
        0 => Reply::Silence,
        _ => Reply::Status(204, Vec::new()),
    });
    town.book(1).await;
    let first = start(&town.desk(1), &server);
    eventually("the message to arrive", IN_TIME, async || !server.delivered().is_empty()).await;
    first.kill();
    let second = start(&town.desk(2), &server);
    town.book(2).await;
    eventually("the other message", IN_TIME, async || server.delivered().len() == 2).await;
    let expected = ["rehearsal_2", "rehearsal_3"];
    assert_eq!(ids(&server), expected, "as long as it is lent nobody else sends it");
    town.pass_time(LEASE + IN_TIME);
    town.all_is_told("town").await;
    second.finish().await;
    assert_eq!(ids(&server), ["rehearsal_2", "rehearsal_3", "rehearsal_2"]);
    let delivered = server.delivered();
    assert_eq!(delivered[0].body, delivered[2].body);
}
