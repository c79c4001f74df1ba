//! A database that falls silent without a word: nobody waits for good, and when it is back it is used
//! again, without a restart and with nothing lost or doubled.

use std::sync::Arc;
use std::time::Duration;

use booking::contract::scene;
use booking::{
    BookSlotOutcome, BookingSecrets, BookingStore, Bookings, BookingsLimits, Command, Failure,
    Outcome, StoreError,
};
use booking_db::{DbOptions, DbStore, connect, migrate};
use kernel::{SeededEntropy, SyncedClock, SystemClock};
use sea_orm::{ConnectionTrait, Database, Statement, TransactionTrait};
use test_support::{PostgresServer, eventually};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::fixture::{keys, number};

/// Longer than any deadline and far shorter than for good.
const IN_TIME: Duration = Duration::from_secs(10);
/// "Back to normal within 10 s" (P14).
const BACK: Duration = Duration::from_secs(10);

fn book(number: u32) -> [Command; 1] {
    let pass = scene::grant(number, 1, scene::at(0));
    [scene::book_slot(&pass, "c", number, number, scene::key(number, 1))]
}

fn is_booked(outcomes: &[Outcome]) -> bool {
    matches!(outcomes, [Outcome::BookSlot(BookSlotOutcome::Booked(_))])
}

async fn in_time<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(IN_TIME, call).await.expect("an answer in time")
}

/// Books through the store, as the person of this number.
async fn booked(store: &DbStore, person: u32) -> bool {
    in_time(store.execute(&book(person), scene::at(1)))
        .await
        .is_ok_and(|done| is_booked(&done.outcomes))
}

/// Every kind of call meets the silence, and each ends.
async fn every_call_ends(store: &DbStore, person: u32) {
    let campaign = scene::slot("rehearsal");
    let command = book(person);
    let plan = scene::plan();
    let calls = async {
        tokio::join!(
            store.execute(&command, scene::at(1)),
            store.apply_campaign(&plan, scene::at(1)),
            store.availability(&campaign, scene::at(1)),
            store.booking(scene::booking_id(1)),
            store.hold(scene::hold_id(1)),
            store.now(),
            store.ready(),
        )
    };
    let (executed, applied, counted, booking, hold, now, ready) = in_time(calls).await;
    let errors = [
        executed.err(),
        applied.err(),
        counted.err(),
        booking.err(),
        hold.err(),
        now.err(),
        ready.err(),
    ];
    for error in errors {
        let is_silent =
            matches!(error, Some(StoreError::Unavailable { .. } | StoreError::Busy { .. }));
        assert!(is_silent, "{error:?}");
    }
}

/// A store whose connections are all open: the first persons are booked side by side.
async fn warm(url: &str, persons: u32) -> Arc<DbStore> {
    let store =
        connect(url, &DbOptions::default(), Arc::new(SystemClock), keys()).await.expect("connects");
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    let store = Arc::new(store);
    let booking: Vec<_> = (1..=persons)
        .map(|person| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { booked(&store, person).await && store.now().await.is_ok() })
        })
        .collect();
    for done in booking {
        assert!(done.await.expect("no panic"));
    }
    store
}

/// P2, P3: whoever was answered is booked, and whoever was not can repeat the same request.
async fn each_is_booked_once(store: &DbStore, url: &str, persons: u32) {
    for person in 1..=persons {
        assert!(booked(store, person).await, "{person}");
    }
    let database = Database::connect(url).await.expect("connects");
    for sql in [
        "SELECT COUNT(*) FROM booking WHERE status = 'confirmed'",
        "SELECT COUNT(DISTINCT request_key) FROM booking",
        "SELECT CAST(taken AS bigint) FROM slot WHERE id = 'c'",
    ] {
        assert_eq!(number(&database, sql).await, i64::from(persons), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_holds_nobody_up_and_is_used_again() {
    let server = PostgresServer::start().await.expect("PostgreSQL starts");
    let url = server.create_database().await.expect("a database");
    migrate(&url).await.expect("migrates");
    let store = warm(&url, 4).await;

    let frozen = server.freeze().expect("stops");
    every_call_ends(&store, 5).await;
    // By now the pools are new ones, and nobody lets them connect.
    every_call_ends(&store, 6).await;
    drop(frozen);

    eventually("it books again", BACK, async || booked(&store, 7).await).await;
    in_time(store.ready()).await.expect("ready");
    each_is_booked_once(&store, &url, 7).await;
}

/// A proxy that swallows packets: a connection that has fallen silent stays so for ever, as behind a
/// firewall that has forgotten it.
struct BlackHole {
    port: u16,
    is_open: watch::Sender<bool>,
}

impl BlackHole {
    async fn before(server: &PostgresServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (is_open, watching) = watch::channel(true);
        let upstream = server.port();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, upstream, watching.clone()));
            }
        });
        Self { port, is_open }
    }

    fn swallow(&self) {
        self.is_open.send_replace(false);
    }

    fn forward(&self) {
        self.is_open.send_replace(true);
    }
}

async fn forward(mut client: TcpStream, upstream: u16, mut is_open: watch::Receiver<bool>) {
    let mut server =
        TcpStream::connect(("127.0.0.1", upstream)).await.expect("the server is there");
    let swallowed = is_open.wait_for(|is_open| !is_open);
    tokio::select! {
        biased;
        _ = swallowed => {}
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
    }
    // Both ends stay open, and neither hears of the other.
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_black_hole_holds_nobody_up_and_is_left_behind() {
    let server = PostgresServer::start().await.expect("PostgreSQL starts");
    let url = server.create_database().await.expect("a database");
    migrate(&url).await.expect("migrates");
    let hole = BlackHole::before(&server).await;
    let through = url.replace(&format!(":{}/", server.port()), &format!(":{}/", hole.port));
    assert_ne!(through, url);
    let store = warm(&through, 4).await;

    for person in [5, 6] {
        hole.swallow();
        every_call_ends(&store, person).await;
        hole.forward();
        eventually("it books again", BACK, async || booked(&store, person).await).await;
        eventually("it is ready again", BACK, async || store.ready().await.is_ok()).await;
    }
    each_is_booked_once(&store, &url, 6).await;
}

/// P16: a service whose database has fallen silent still comes to an end, and its callers get an answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_stops_though_its_database_is_silent() {
    let server = PostgresServer::start().await.expect("PostgreSQL starts");
    let url = server.create_database().await.expect("a database");
    migrate(&url).await.expect("migrates");
    let store = warm(&url, 2).await;
    let (bookings, tasks) = Bookings::start(
        store,
        Arc::new(SyncedClock::new(Arc::new(SystemClock))),
        Arc::new(SeededEntropy::new(1)),
        BookingSecrets::new(&[1; 32], &[2; 32]),
        BookingsLimits::default(),
    );
    eventually("the campaign is known", Duration::from_secs(30), async || {
        bookings.view().generation > 0
    })
    .await;
    let _frozen = server.freeze().expect("stops");
    let asking: Vec<_> = (10..400)
        .map(|number| {
            let (bookings, pass) = (Arc::clone(&bookings), scene::grant(number, 1, scene::at(0)));
            tokio::spawn(async move { bookings.hold(pass, scene::slot("c"), 1, "k").await })
        })
        .collect();
    eventually("the first batch is under way", Duration::from_secs(30), async || {
        bookings.report(&scene::slot("rehearsal")).await.is_none_or(|of| of.load.queue_depth > 0)
    })
    .await;
    bookings.shut_down();
    // The wait for a turn, for a trip to begin and for its end come one after the other.
    tokio::time::timeout(3 * IN_TIME, tasks.finished()).await.expect("it ends");
    for answer in asking {
        let answer = in_time(answer).await.expect("no panic");
        assert!(matches!(answer, Err(Failure::Unavailable | Failure::Overloaded)), "{answer:?}");
    }
}

/// An instance that freezes amid a transaction has its campaign locked. The server ends the
/// transaction before anybody else gives up.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_instance_fails_nobody() {
    let server = PostgresServer::start().await.expect("PostgreSQL starts");
    let url = server.create_database().await.expect("a database");
    migrate(&url).await.expect("migrates");
    let store = warm(&url, 2).await;
    let frozen = Database::connect(&url).await.expect("connects");
    let transaction = frozen.begin().await.expect("begins");
    let timeout_ms = DbOptions::default().idle_in_transaction_timeout_ms;
    for sql in [
        format!("SET LOCAL idle_in_transaction_session_timeout = {timeout_ms}"),
        "SELECT id FROM campaign FOR NO KEY UPDATE".to_owned(),
    ] {
        let statement = Statement::from_string(sea_orm::DbBackend::Postgres, sql);
        transaction.execute_raw(statement).await.expect("answers");
    }
    let executed = store.execute(&book(3), scene::at(1)).await.expect("executes");
    assert!(is_booked(&executed.outcomes), "{executed:?}");
    assert!(transaction.commit().await.is_err(), "the server has ended it");
}
