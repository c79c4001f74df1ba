//! How much of a batch takes the fast path, and what keeps it from there. That both come to the same is held by the
//! contract.

use std::sync::Arc;

use ::booking::contract::scene;
use ::booking::{BookSlotOutcome, BookingStore, Command, Outcome};
use kernel::SystemClock;
use sea_orm::ConnectionTrait;

use super::mirrors::PAUSE_BATCHES;
use crate::connect::DbOptions;
use crate::reach::Access;
use crate::store::{DbStore, connect};

/// A store of a fresh database in which person 0 is booked in slot `c`, so that something is remembered.
async fn store() -> (DbStore, String) {
    let url = test_support::shared_postgres_database().await;
    crate::migrate(&url).await.expect("migrates");
    let store = open(&url).await;
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    store.execute(&[book(0)], scene::at(0)).await.expect("executes");
    (store, url)
}

async fn open(url: &str) -> DbStore {
    connect(url, &DbOptions::default(), Arc::new(SystemClock), crate::vault::tests::keys())
        .await
        .expect("connects")
}

/// Person `number` under a pass and a key of their own.
fn book(number: u32) -> Command {
    book_under(number, number)
}

fn book_under(pass: u32, number: u32) -> Command {
    let pass = scene::grant(100 + pass, 4, scene::at(0));
    scene::book_slot(&pass, "c", number, number, scene::key(number, 0))
}

async fn attempt(store: &DbStore, commands: &[Command]) -> Vec<Option<Outcome>> {
    let commands = commands.to_vec();
    let attempt = |db: crate::store::Session| async move {
        let part = db.attempt(&commands, scene::at(1)).await?;
        Ok(part.map(|part| part.outcomes))
    };
    let outcomes = store.call(Access::Write, attempt).await.expect("answers");
    outcomes.unwrap_or_default()
}

/// The places of the commands that were carried out at once.
async fn done(store: &DbStore, commands: &[Command]) -> Vec<usize> {
    let outcomes = attempt(store, commands).await;
    let is_booked =
        |outcome: &Outcome| matches!(outcome, Outcome::BookSlot(BookSlotOutcome::Booked(_)));
    assert!(outcomes.iter().flatten().all(is_booked), "{outcomes:?}");
    (0..outcomes.len()).filter(|place| outcomes[*place].is_some()).collect()
}

async fn confirmed(store: &DbStore, number: u32) -> bool {
    store.booking(scene::booking_id(number)).await.expect("answers").is_some()
}

#[tokio::test]
async fn new_bookings_are_carried_out_at_once() {
    let (store, _) = store().await;
    let commands: Vec<Command> = (1..=8).map(book).collect();
    assert_eq!(done(&store, &commands).await.len(), 8);
    // A family: the pass has been used, and that is remembered.
    let family = [book_under(1, 11), book_under(1, 12), book_under(2, 13)];
    assert_eq!(done(&store, &family).await, [0, 1, 2]);
    for number in (1..=8).chain(11..=13) {
        assert!(confirmed(&store, number).await, "{number}");
    }
}

/// A repeat, a person who is booked, a hold: they are left, and take nobody else with them.
#[tokio::test]
async fn what_is_no_new_booking_is_left() {
    let (store, _) = store().await;
    let pass = scene::grant(1, 4, scene::at(0));
    let commands = [
        book(1),
        book(0),
        scene::book_slot(&pass, "c", 2, 0, scene::key(2, 0)),
        book(3),
        scene::cancel(0, scene::key(4, 0)),
        book(5),
    ];
    assert_eq!(done(&store, &commands).await, [0, 3, 5]);
    // What comes after a hold of the same slot has to wait for it: it might be the last place.
    let hold = scene::hold(&pass, "c", 1, 1, scene::key(6, 0));
    assert_eq!(done(&store, &[book(6), hold.clone(), book(7)]).await, [0]);
    // And so has what comes after something of the same pass, and what comes after that.
    let commands = [scene::end_pass(&scene::grant(108, 4, scene::at(0))), book(8), book(9)];
    assert_eq!(done(&store, &commands).await, [0; 0]);
    // Nothing is left to book in slot `a` but one place.
    let last = [1, 2].map(|number| {
        let pass = scene::grant(200 + number, 1, scene::at(0));
        scene::book_slot(&pass, "a", 20 + number, 20 + number, scene::key(20 + number, 0))
    });
    store.execute(&last[..1], scene::at(1)).await.expect("executes");
    assert_eq!(done(&store, &last[1..]).await, [0; 0]);
}

/// Everything that was taken to be absent and is there sends the batch to the careful path, whole.
#[tokio::test]
async fn what_is_not_remembered_is_found_by_the_database() {
    for unexpected in [
        // The person, the key, the seat of the pass.
        scene::book_slot(&scene::grant(1, 4, scene::at(0)), "c", 50, 1, scene::key(50, 0)),
        scene::book_slot(&scene::grant(1, 4, scene::at(0)), "c", 50, 50, scene::key(1, 9)),
        book_under(1, 50),
        // A pass that holds a seat, and one that was given back; a key of a hold.
        scene::book_slot(&scene::grant(2, 4, scene::at(0)), "c", 50, 50, scene::key(50, 0)),
        scene::book_slot(&scene::grant(3, 4, scene::at(0)), "c", 50, 50, scene::key(50, 0)),
        scene::book_slot(&scene::grant(4, 4, scene::at(0)), "c", 50, 50, scene::key(60, 9)),
    ] {
        let (store, url) = store().await;
        let before = [
            book(1),
            scene::hold(&scene::grant(2, 4, scene::at(0)), "c", 1, 1, scene::key(60, 0)),
            scene::end_pass(&scene::grant(3, 4, scene::at(0))),
        ];
        store.execute(&before, scene::at(1)).await.expect("executes");
        // Another instance remembers nothing of that.
        let other = open(&url).await;
        other.execute(&[book(2)], scene::at(1)).await.expect("executes");
        let batch = [book(51), unexpected.clone(), book(52)];
        assert_eq!(done(&other, &batch).await, [0; 0], "{unexpected:?}");
        assert!(!confirmed(&other, 51).await);
        let first = other.execute(&batch, scene::at(1)).await.expect("executes");
        let repeated = other.execute(&batch, scene::at(1)).await.expect("executes");
        assert_eq!(first.outcomes, repeated.outcomes, "a repeat is told the same");
        assert!(confirmed(&other, 51).await && confirmed(&other, 52).await);
    }
}

/// After another instance has written, an attempt changes nothing; for a while none is made.
#[tokio::test]
async fn another_writer_is_noticed() {
    let (store, url) = store().await;
    let other = open(&url).await;
    other.execute(&[book(1)], scene::at(1)).await.expect("executes");
    assert_eq!(done(&store, &[book(2)]).await, [0; 0]);
    assert!(!confirmed(&store, 2).await);
    for number in 2..2 + PAUSE_BATCHES {
        assert_eq!(done(&store, &[book(number)]).await, [0; 0], "{number}");
        store.execute(&[book(number)], scene::at(1)).await.expect("executes");
    }
    assert_eq!(done(&store, &[book(50)]).await, [0]);
}

/// A campaign that was changed is another one.
#[tokio::test]
async fn another_revision_is_noticed() {
    let (store, _) = store().await;
    let mut campaign = scene::campaign();
    campaign.closes_at = scene::at(1);
    let plan = ::booking::CampaignPlan::new(campaign).expect("a plan");
    store.apply_campaign(&plan, scene::at(0)).await.expect("applies");
    assert_eq!(done(&store, &[book(1)]).await, [0; 0]);
    let executed = store.execute(&[book(1)], scene::at(1)).await.expect("executes");
    assert_eq!(executed.outcomes, [Outcome::BookSlot(BookSlotOutcome::CampaignClosed)]);
}

/// A person who was booked under the key of an earlier release is not overlooked; whoever else was delays nobody.
#[tokio::test]
async fn an_older_booking_is_noticed() {
    let (store, url) = store().await;
    let database = sea_orm::Database::connect(&url).await.expect("connects");
    let former = scene::registration(1, 1).former_person_key.expect("a key");
    let mut hex = String::new();
    crate::dialect::write_hex(&mut hex, &former.0);
    let age = format!("UPDATE booking SET key_version = 1, person_key = '\\x{hex}'");
    database.execute_unprepared(&age).await.expect("updates");
    assert_eq!(done(&store, &[book(2)]).await, [0]);
    assert_eq!(done(&store, &[book(1)]).await, [0; 0]);
    let executed = store.execute(&[book(1)], scene::at(1)).await.expect("executes");
    assert_eq!(executed.outcomes, [Outcome::BookSlot(BookSlotOutcome::AlreadyBooked)]);
}

/// P1: a database that has gone back and comes to the same number again is not taken for the one that was.
#[tokio::test]
async fn a_database_that_has_gone_back_is_noticed() {
    for learns_first in [false, true] {
        let (store, url) = store().await;
        let database = sea_orm::Database::connect(&url).await.expect("connects");
        for keep in [
            "CREATE TABLE kept_campaign AS SELECT * FROM campaign",
            "CREATE TABLE kept_slot AS SELECT * FROM slot",
        ] {
            database.execute_unprepared(keep).await.expect("keeps");
        }
        assert_eq!(done(&store, &[book(1)]).await, [0]);
        for back in [
            "UPDATE campaign SET sequence = kept.sequence, event_number = kept.event_number, \
             event_hash = kept.event_hash FROM kept_campaign AS kept",
            "UPDATE slot SET taken = kept.taken, released = kept.released FROM kept_slot AS kept \
             WHERE kept.id = slot.id",
            "DELETE FROM booking WHERE booked_at_ms > (SELECT MIN(booked_at_ms) FROM booking)",
            "DELETE FROM event WHERE last_number > (SELECT event_number FROM campaign)",
        ] {
            database.execute_unprepared(back).await.expect("goes back");
        }
        // Another instance brings it to the number that the first one remembers.
        let other = open(&url).await;
        other.execute(&[book(2)], scene::at(2)).await.expect("executes");
        if learns_first {
            let hold =
                scene::hold(&scene::grant(300, 1, scene::at(0)), "c", 1, 1, scene::key(300, 0));
            store.execute(&[hold], scene::at(2)).await.expect("executes");
        } else {
            assert_eq!(done(&store, &[book(3)]).await, [0; 0]);
        }
        store.execute_part(&[book(4)], scene::at(2)).await.expect("executes");
        let sql = "SELECT CAST(taken AS bigint) AS taken, (SELECT COUNT(*) FROM booking) \
             + (SELECT COALESCE(SUM(seats), 0) FROM hold) AS there FROM slot WHERE id = 'c'";
        let row = database
            .query_one_raw(sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql));
        let row = row.await.expect("answers").expect("a row");
        let (taken, there): (i64, i64) = (
            row.try_get("", "taken").expect("a number"),
            row.try_get("", "there").expect("a number"),
        );
        assert_eq!(taken, there, "learns first: {learns_first}");
    }
}

/// The fast path first, or all with care: whoever depends on something that is left is judged after it.
#[tokio::test]
async fn what_frees_something_is_waited_for() {
    use ::booking::BindingCheck::Differs;
    let outcomes = async |part_by_part: bool| {
        let (store, _) = store().await;
        let pass = scene::grant(400, 2, scene::at(0));
        let first = [
            scene::book_slot(&pass, "c", 40, 40, scene::key(40, 0)),
            scene::book_slot(&scene::grant(401, 1, scene::at(0)), "a", 41, 41, scene::key(41, 0)),
        ];
        store.execute(&first, scene::at(1)).await.expect("executes");
        // Whoever is booked in place of the one the pass is bound to; and whoever cancelled comes back first.
        let batches = [
            vec![
                scene::cancel(40, scene::key(42, 0)),
                scene::bound(scene::book_slot(&pass, "c", 43, 43, scene::key(43, 0)), Differs),
            ],
            vec![scene::cancel(41, scene::key(44, 0))],
            vec![
                scene::book_slot(
                    &scene::grant(402, 1, scene::at(0)),
                    "a",
                    45,
                    41,
                    scene::key(45, 0),
                ),
                scene::book_slot(
                    &scene::grant(403, 1, scene::at(0)),
                    "a",
                    46,
                    46,
                    scene::key(46, 0),
                ),
            ],
        ];
        let mut all = Vec::new();
        for batch in &batches {
            all.extend(if part_by_part {
                ::booking::contract::carry_out(&store, batch, scene::at(2)).await.expect("executes")
            } else {
                store.execute(batch, scene::at(2)).await.expect("executes").outcomes
            });
        }
        all
    };
    assert_eq!(outcomes(true).await, outcomes(false).await);
}
