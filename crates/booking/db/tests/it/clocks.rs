//! Programs whose machines tell different times.

use std::sync::Arc;
use std::time::Duration;

use booking::contract::scene;
use booking::{Lease, LeaseId, Mail, MailEnd, MailRules, MailStatus, MailStore, Settlement};
use booking_db::DbStore;
use kernel::{Clock, ManualClock, SystemClock, Timestamp};

use crate::fixture::{Fixture, on_postgres, on_sqlite, open_at};

const LEASE: Duration = Duration::from_mins(5);

/// As a worker does it: by the clock of the store.
async fn lease(store: &DbStore, name: u8) -> (Timestamp, Vec<Mail>) {
    let from = booking::BookingStore::now(store).await.expect("answers");
    let id = LeaseId([name; 16]);
    let lease = Lease { id, from, until: from.plus(LEASE), mails_max: 10 };
    (from, store.lease_mails(&lease).await.expect("answers"))
}

/// The letters that a program gets whose machine is an hour ahead, while another has them; and the time that the store
/// tells each of them. Whatever the first one says afterwards that it has sent is sent.
async fn taken_over(fixture: &Fixture) -> (Duration, usize) {
    fixture.store().apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    let pass = scene::grant(1, 4, scene::at(0));
    let book = scene::book_slot(&pass, "c", 1, 1, scene::key(1, 1));
    fixture.store().execute(&[book], scene::at(0)).await.expect("executes");
    let rules = MailRules { remind_before: None };
    let followed = fixture.mail().follow_events(&scene::slot("rehearsal"), &rules, 100).await;
    assert_eq!(followed.expect("follows").mails, 1);
    let ahead = SystemClock.now().plus(Duration::from_hours(1));
    let ahead = open_at(&fixture.url, Arc::new(ManualClock::at(ahead))).await;

    let (first, mails) = lease(&fixture.store, 1).await;
    assert_eq!(mails.len(), 1);
    let (second, taken_over) = lease(&ahead, 2).await;
    let settlement = Settlement {
        id: mails[0].id.clone(),
        lease: LeaseId([1; 16]),
        at: first,
        end: MailEnd::Sent,
    };
    fixture.mail().settle_mails(&[settlement]).await.expect("settles");
    let mails = ahead.mails_of(scene::booking_id(1)).await.expect("answers");
    assert_eq!(mails[0].status, MailStatus::Sent);
    (second.since(first), taken_over.len())
}

/// It asks the database for the time, so it waits as the others do.
#[tokio::test]
async fn on_postgres_no_machine_takes_a_letter_from_another() {
    let (apart, taken_over) = taken_over(&on_postgres().await).await;
    assert!(apart < LEASE, "{apart:?}");
    assert_eq!(taken_over, 0);
}

/// The database has no clock of its own, and everybody on a file is on one machine. Should their clocks differ all the
/// same, a lease is taken over, and no letter is lost.
#[tokio::test]
async fn on_sqlite_a_lease_is_taken_over_at_most() {
    let (apart, taken_over) = taken_over(&on_sqlite().await).await;
    assert!(apart > LEASE, "{apart:?}");
    assert_eq!(taken_over, 1);
}
