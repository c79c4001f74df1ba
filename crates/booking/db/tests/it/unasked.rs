//! What a running service does without being asked: it purges campaigns whose time has come, and wraps data keys by a
//! new master key.

use std::sync::Arc;
use std::time::Duration;

use booking::contract::scene;
use booking::{
    Booking, BookingSecrets, BookingStore, Bookings, BookingsLimits, BookingsTasks, Campaign,
    CampaignPlan, Command, What,
};
use booking_db::{DbStore, MasterKey, MasterKeys};
use kernel::{OsEntropy, SyncedClock, SystemClock, Timestamp};
use test_support::eventually;

use crate::fixture::{Fixture, number, on_both, on_postgres, on_sqlite, open_with};

const SOON: Duration = Duration::from_secs(30);
/// The campaign of the scene was over in 2021; this one goes on for as long as there are tests.
const OTHER: &str = "other";
/// The first day of 2200.
const FAR_FUTURE: Timestamp = Timestamp::from_unix_s(7_258_118_400);

fn masters(current: u8, former: &[u8]) -> MasterKeys {
    let key = |id: u8| MasterKey::new(id, &[id; 32]);
    MasterKeys::new(key(current), former.iter().map(|id| key(*id))).expect("ids")
}

/// The service of one process, which looks at everything every few milliseconds.
struct Service {
    bookings: Arc<Bookings>,
    tasks: BookingsTasks,
}

impl Service {
    async fn start(fixture: &Fixture, keys: MasterKeys) -> Self {
        let store = Arc::new(open_with(&fixture.url, Some(keys)).await);
        let (bookings, tasks) = Bookings::start(
            store,
            Arc::new(SyncedClock::new(Arc::new(SystemClock))),
            Arc::new(OsEntropy),
            BookingSecrets::new(&[1; 32], &[2; 32]),
            BookingsLimits { view_every_ms: 1, ..BookingsLimits::default() },
        );
        Self { bookings, tasks }
    }

    async fn stop(self) {
        self.bookings.shut_down();
        self.tasks.finished().await;
    }
}

/// Somebody with a place and somebody who holds some, in each of two campaigns.
async fn lived_in(fixture: &Fixture) {
    let store = fixture.store();
    let now = scene::at(0);
    let other = Campaign { id: scene::slot(OTHER), closes_at: FAR_FUTURE, ..scene::campaign() };
    for plan in [scene::plan(), CampaignPlan::new(other).expect("a plan")] {
        store.apply_campaign(&plan, now).await.expect("applies");
    }
    for (campaign, number) in [("rehearsal", 1), (OTHER, 3)] {
        let pass = |number| {
            let mut pass = scene::grant(number, 2, now);
            pass.campaign = scene::slot(campaign);
            pass
        };
        let book = scene::book_slot(&pass(number), "c", number, number, scene::key(number, 1));
        let holder = number + 1;
        let hold = scene::hold(&pass(holder), "c", 2, holder, scene::key(holder, 1));
        for command in [book, hold] {
            execute(store, command).await;
        }
    }
}

async fn execute(store: &dyn BookingStore, command: Command) {
    let executed = store.execute(&[command], scene::at(1)).await.expect("answers");
    assert_eq!(executed.outcomes.len(), 1);
}

async fn happened(store: &dyn BookingStore, campaign: &str) -> Vec<What> {
    let links = store.events(&scene::slot(campaign), 0, u32::MAX).await.expect("answers");
    let events = links.iter().flat_map(|link| link.read().expect("events"));
    events.map(|event| event.what).collect()
}

async fn booking(store: &dyn BookingStore, number: u32) -> Option<Booking> {
    store.booking(scene::booking_id(number)).await.expect("answers")
}

const TABLES: [&str; 5] = ["campaign_key", "booking", "hold", "pass_use", "idempotency"];

/// How many rows each table has of a campaign, its key first.
async fn rows(fixture: &Fixture, campaign: &str) -> Vec<i64> {
    let database = fixture.database().await;
    let mut rows = Vec::new();
    for table in TABLES {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE campaign = '{campaign}'");
        rows.push(number(&database, &sql).await);
    }
    rows
}

async fn a_campaign_is_purged_when_its_time_has_come(fixture: Fixture) {
    lived_in(&fixture).await;
    let (store, before) = (fixture.store(), rows(&fixture, OTHER).await);
    assert_eq!(rows(&fixture, "rehearsal").await, before);
    assert!(before.iter().all(|rows| *rows > 0), "something of each: {before:?}");
    let service = Service::start(&fixture, masters(1, &[])).await;
    eventually("the purge has ended", SOON, async || {
        happened(store, "rehearsal").await.last() == Some(&What::CampaignPurged)
    })
    .await;
    assert_eq!(rows(&fixture, "rehearsal").await, [0; 5], "the key and every row");
    assert_eq!(booking(store, 1).await, None);
    assert_eq!(rows(&fixture, OTHER).await, before, "the other campaign keeps what it has");
    let kept = booking(store, 3).await.expect("is there");
    assert!(kept.registration.person == scene::registration(3, 3).person);
    assert!(!happened(store, OTHER).await.contains(&What::CampaignPurged));
    // Its time has come once: later looks find that it is done.
    let looks = service.bookings.view().generation + 130;
    eventually("it has looked again", SOON, async || service.bookings.view().generation >= looks)
        .await;
    service.stop().await;
    let purges = happened(store, "rehearsal").await;
    assert_eq!(purges.iter().filter(|what| **what == What::CampaignPurged).count(), 1);
}

/// The new key is set first and the service is started again; then the former one can be taken away.
async fn all_keys_are_wrapped_by_a_new_master_key(fixture: Fixture) {
    lived_in(&fixture).await;
    let database = fixture.database().await;
    // Nothing is purged meanwhile.
    let later = Campaign { closes_at: FAR_FUTURE, ..scene::campaign() };
    let later = CampaignPlan::new(later).expect("a plan");
    fixture.store().apply_campaign(&later, scene::at(2)).await.expect("applies");
    let wrapped_by = async |id: u8| {
        let sql = format!("SELECT COUNT(*) FROM campaign_key WHERE master_key_id = {id}");
        number(&database, &sql).await
    };
    assert_eq!((wrapped_by(1).await, wrapped_by(2).await), (2, 0));
    let service = Service::start(&fixture, masters(2, &[1])).await;
    eventually("both keys are wrapped anew", SOON, async || wrapped_by(2).await == 2).await;
    service.stop().await;
    let without: DbStore = open_with(&fixture.url, Some(masters(2, &[]))).await;
    without.ready().await.expect("ready without the former key");
    for number in [1, 3] {
        let person = booking(&without, number).await.expect("is there").registration.person.clone();
        assert!(person == scene::registration(number, number).person, "{number}");
    }
}

on_both! {
    a_campaign_is_purged_when_its_time_has_come: purged_unasked_on_postgres, purged_unasked_on_sqlite;
    all_keys_are_wrapped_by_a_new_master_key: wrapped_anew_on_postgres, wrapped_anew_on_sqlite;
}
