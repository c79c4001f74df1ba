//! Purging a campaign's personal data: the key first, then the rows.

use booking::contract::scene;
use booking::{Campaign, CampaignPlan, PurgeCampaign, PurgeStep, PurgedBy, What};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};

use crate::fixture::{Fixture, number, on_both, on_postgres, on_sqlite, open, told};

const ROWS_MAX: u32 = 3;

fn purge_of(campaign: &str) -> PurgeCampaign {
    let by = PurgedBy::Clock;
    PurgeCampaign { campaign: scene::slot(campaign), by, rows_max: ROWS_MAX }
}

async fn step(fixture: &Fixture) -> PurgeStep {
    let now = scene::campaign().purge_at();
    fixture.store().purge_campaign(&purge_of("rehearsal"), now).await.expect("answers")
}

/// Two campaigns with the same people in them: bookings, a hold, a cancellation, a pass that was given back.
async fn lived_in(fixture: &Fixture) {
    let store = fixture.store();
    let other = Campaign { id: scene::slot("other"), ..scene::campaign() };
    let plan = CampaignPlan::new(other).expect("a plan");
    let now = scene::at(0);
    for plan in [scene::plan(), plan] {
        store.apply_campaign(&plan, now).await.expect("applies");
    }
    let pass = |n| scene::grant(n, 4, now);
    let mut commands: Vec<_> =
        (1..=4).map(|n| scene::book_slot(&pass(1), "c", n, n, scene::key(n, 1))).collect();
    commands.push(scene::hold(&pass(2), "c", 2, 1, scene::key(21, 1)));
    commands.push(scene::end_pass(&pass(3)));
    store.execute(&commands, now).await.expect("executes");
    let cancel = scene::cancel(4, scene::key(4, 2));
    store.execute(&[cancel], scene::at(1)).await.expect("executes");
    let mut pass = scene::grant(9, 4, now);
    pass.campaign = scene::slot("other");
    let elsewhere = scene::book_slot(&pass, "c", 9, 9, scene::key(9, 1));
    store.execute(&[elsewhere], now).await.expect("executes");
}

async fn rows(database: &DatabaseConnection, table: &str, campaign: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table} WHERE campaign = '{campaign}'");
    number(database, &sql).await
}

const TABLES: [&str; 5] = ["campaign_key", "booking", "hold", "pass_use", "idempotency"];

async fn left(database: &DatabaseConnection, campaign: &str) -> Vec<i64> {
    let mut left = Vec::new();
    for table in TABLES {
        left.push(rows(database, table, campaign).await);
    }
    left
}

/// The key goes first: from then on nobody's name can be read, wherever the rows still are. A process that begins in
/// the middle goes on, and nothing else is touched.
async fn nothing_of_a_person_is_left(mut fixture: Fixture) {
    lived_in(&fixture).await;
    let database = fixture.database().await;
    let before = left(&database, "rehearsal").await;
    assert!(before.iter().all(|rows| *rows > 0), "something of each: {before:?}");
    assert_eq!(step(&fixture).await, PurgeStep::GoesOn { rows: 0 });
    let begun = left(&database, "rehearsal").await;
    assert_eq!((begun[0], &begun[1..]), (0, &before[1..]));
    let booking = fixture.store().booking(scene::booking_id(1)).await.expect("answers");
    assert!(booking.expect("its row is there").registration.person.is_none());
    assert_eq!(step(&fixture).await, PurgeStep::GoesOn { rows: u64::from(ROWS_MAX) });

    fixture.store = open(&fixture.url).await;
    let mut deleted = u64::from(ROWS_MAX);
    loop {
        match step(&fixture).await {
            PurgeStep::GoesOn { rows } => deleted += rows,
            PurgeStep::Purged => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(deleted, before[1..].iter().sum::<i64>().unsigned_abs());
    assert_eq!(left(&database, "rehearsal").await, [0; 5]);
    assert_eq!(left(&database, "other").await[..2], [1, 1], "another campaign keeps its own");
    let events = told(fixture.store()).await;
    assert_eq!(events.last().map(|event| &event.what), Some(&What::CampaignPurged));
    for key in [6, 7] {
        // The blind indexes of persons 1 to 4, in whatever table.
        let hex = format!("0000000_{}", format!("0{key}").repeat(28));
        assert!(!dump(&database).await.iter().any(|row| like(row, &hex)), "{hex}");
    }
    let elsewhere = fixture.store().booking(scene::booking_id(9)).await.expect("answers");
    assert!(elsewhere.expect("is there").registration.person.is_some());
}

/// Whether a text has the pattern in it, `_` being any of 1 to 4.
fn like(text: &str, pattern: &str) -> bool {
    (1..=4).any(|digit: u8| text.contains(&pattern.replace('_', &digit.to_string())))
}

/// Every row of every table with persons, as text.
async fn dump(database: &DatabaseConnection) -> Vec<String> {
    let mut all = Vec::new();
    let is_postgres = database.get_database_backend() == sea_orm::DbBackend::Postgres;
    for (table, columns) in [
        ("booking", &["id", "person_key", "request_key"][..]),
        ("pass_use", &["pass_id"]),
        ("idempotency", &["key", "fingerprint"]),
    ] {
        for column in columns {
            let hex = if is_postgres {
                format!("encode({column}, 'hex')")
            } else {
                format!("lower(hex({column}))")
            };
            let sql = format!("SELECT {hex} FROM {table}");
            let statement = Statement::from_string(database.get_database_backend(), sql);
            let rows = database.query_all_raw(statement).await.expect("answers");
            all.extend(rows.iter().map(|row| row.try_get_by_index::<String>(0).expect("a text")));
        }
    }
    all
}

/// A purge waits for nobody but those of its own campaign, and the others not for it.
#[tokio::test]
async fn a_purge_is_of_one_campaign() {
    let fixture = on_postgres().await;
    lived_in(&fixture).await;
    let database = fixture.database().await;
    let lock =
        |campaign: &str| format!("SELECT 1 FROM campaign WHERE id = '{campaign}' FOR UPDATE");
    // As a purge or a batch of the other campaign would, for as long as the transaction is open.
    let other = database.begin().await.expect("begins");
    other.execute_unprepared(&lock("other")).await.expect("locks");
    assert_eq!(step(&fixture).await, PurgeStep::GoesOn { rows: 0 });
    assert_eq!(step(&fixture).await, PurgeStep::GoesOn { rows: u64::from(ROWS_MAX) });
    other.rollback().await.expect("rolls back");
    let purged = database.begin().await.expect("begins");
    purged.execute_unprepared(&lock("rehearsal")).await.expect("locks");
    purged
        .execute_unprepared("DELETE FROM booking WHERE campaign = 'rehearsal'")
        .await
        .expect("deletes");
    let mut pass = scene::grant(10, 4, scene::at(0));
    pass.campaign = scene::slot("other");
    let book = scene::book_slot(&pass, "c", 10, 10, scene::key(10, 1));
    fixture.store().execute(&[book], scene::at(0)).await.expect("does not wait");
    purged.rollback().await.expect("rolls back");
}

on_both! {
    nothing_of_a_person_is_left: purged_on_postgres, purged_on_sqlite;
}
