//! Fresh stores and what the tests do with them besides the port.

use std::sync::Arc;

use booking::contract::scene;
use booking::webhook::WebhookStore;
use booking::{BookingStore, ChainEnd, Event, MailStore, Outcome};
use booking_db::{DbOptions, DbStore, MasterKey, MasterKeys, connect, migrate};
use kernel::{Clock, SystemClock};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};
use tempfile::TempDir;

/// A store on a fresh, migrated database of its own.
pub struct Fixture {
    pub store: DbStore,
    pub url: String,
    _folder: Option<TempDir>,
}

impl Fixture {
    pub fn store(&self) -> &dyn BookingStore {
        &self.store
    }

    pub fn mail(&self) -> &dyn MailStore {
        &self.store
    }

    pub fn webhooks(&self) -> &dyn WebhookStore {
        &self.store
    }

    /// A connection past the store, as another program would have it.
    pub async fn database(&self) -> DatabaseConnection {
        Database::connect(&self.url).await.expect("the database is there")
    }
}

/// A busy machine is no failure: nothing that is waited for here is missing.
fn patient() -> DbOptions {
    DbOptions {
        acquire_timeout_ms: 60_000,
        statement_timeout_ms: 60_000,
        lock_timeout_ms: 60_000,
        idle_in_transaction_timeout_ms: 60_000,
        trip_deadline_ms: 60_000,
        read_deadline_ms: 60_000,
        keeps_recipients: true,
        ..DbOptions::default()
    }
}

/// The master keys of the tests.
#[expect(clippy::unnecessary_wraps, reason = "what `connect` takes")]
pub fn keys() -> Option<MasterKeys> {
    Some(MasterKeys::new(MasterKey::new(1, &[1; 32]), []).expect("one key"))
}

pub async fn open(url: &str) -> DbStore {
    open_with(url, keys()).await
}

pub async fn open_with(url: &str, keys: Option<MasterKeys>) -> DbStore {
    connect(url, &patient(), Arc::new(SystemClock), keys).await.expect("connects")
}

/// What so many instances are answered that do the same at once: each with its own connections, and its number.
pub async fn from_instances<F>(
    fixture: &Fixture,
    instances: u32,
    rush: impl Fn(Arc<DbStore>, u32) -> F,
) -> Vec<Outcome>
where
    F: Future<Output = Vec<Outcome>> + Send + 'static,
{
    let mut under_way = Vec::new();
    for instance in 0..instances {
        let store = Arc::new(open(&fixture.url).await);
        under_way.push(tokio::spawn(rush(store, instance)));
    }
    let mut outcomes = Vec::new();
    for instance in under_way {
        outcomes.extend(instance.await.expect("no panic"));
    }
    outcomes
}

/// As a program on a machine with this clock does.
pub async fn open_at(url: &str, clock: Arc<dyn Clock>) -> DbStore {
    connect(url, &patient(), clock, keys()).await.expect("connects")
}

pub async fn on_postgres() -> Fixture {
    let url = test_support::shared_postgres_database().await;
    migrate(&url).await.expect("migrates");
    Fixture { store: open(&url).await, url, _folder: None }
}

pub async fn on_sqlite() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/booking.db", folder.path().display());
    migrate(&url).await.expect("migrates");
    Fixture { store: open(&url).await, url, _folder: Some(folder) }
}

/// Runs one statement; how many rows it changed.
pub async fn run(database: &DatabaseConnection, sql: &str) -> Result<u64, DbErr> {
    let statement = Statement::from_string(database.get_database_backend(), sql);
    database.execute_raw(statement).await.map(|done| done.rows_affected())
}

/// The single number that a query answers.
pub async fn number(database: &DatabaseConnection, sql: &str) -> i64 {
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(statement).await.expect("answers").expect("a row");
    row.try_get_by_index(0).expect("a number")
}

/// All that has happened in the scene's campaign, from a chain that is whole.
pub async fn told(store: &dyn BookingStore) -> Vec<Event> {
    let campaign = scene::slot("rehearsal");
    let links = store.events(&campaign, 0, u32::MAX).await.expect("answers");
    ChainEnd::default().verify(&campaign, &links).expect("the chain is whole");
    links.iter().flat_map(|link| link.read().expect("events")).collect()
}

/// Runs a test on both databases.
macro_rules! on_both {
    ($($test:ident: $postgres:ident, $sqlite:ident;)+) => {$(
        #[tokio::test]
        async fn $postgres() {
            $test(on_postgres().await).await;
        }

        #[tokio::test]
        async fn $sqlite() {
            $test(on_sqlite().await).await;
        }
    )+};
}

pub(crate) use on_both;
