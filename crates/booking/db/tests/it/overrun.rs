//! A crowd of readers.

use std::sync::Arc;
use std::time::Duration;

use booking::BookingStore;
use booking::contract::scene;
use booking_db::DbOptions;
use sea_orm::{ConnectionTrait, Database, Statement, TransactionTrait};
use test_support::eventually;

use crate::fixture::{number, on_postgres, open};

/// Whoever reads waits for readers. What the service itself must know (whether it is ready, the time,
/// the places) does not wait behind them.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_readers_makes_nothing_unready() {
    let fixture = on_postgres().await;
    fixture.store().apply_campaign(&scene::plan(), scene::at(0)).await.expect("applies");
    let store = Arc::new(open(&fixture.url).await);
    let database = Database::connect(&fixture.url).await.expect("connects");
    let transaction = database.begin().await.expect("begins");
    let lock = Statement::from_string(sea_orm::DbBackend::Postgres, "LOCK TABLE booking");
    transaction.execute_raw(lock).await.expect("locks");
    let readers: Vec<_> = (0..400)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.booking(scene::booking_id(1)).await })
        })
        .collect();
    let waiting = "SELECT COUNT(*) FROM pg_locks \
                   WHERE NOT granted AND relation = 'booking'::regclass";
    eventually("every connection for readers is taken", Duration::from_secs(30), async || {
        number(&database, waiting).await == i64::from(DbOptions::default().readers_max)
    })
    .await;
    store.ready().await.expect("ready");
    store.now().await.expect("tells the time");
    store.availability(&scene::slot("rehearsal"), scene::at(0)).await.expect("counts");
    assert!(readers.iter().all(|reader| !reader.is_finished()));
    transaction.rollback().await.expect("unlocks");
    for reader in readers {
        assert!(reader.await.expect("no panic").expect("answers").is_none());
    }
}
