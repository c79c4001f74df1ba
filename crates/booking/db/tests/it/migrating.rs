//! Migrating, readiness, and how durable the connections are.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use booking::{BookingStore, StoreError};
use booking_db::{ConnectError, DbOptions, connect, migrate};
use kernel::{Clock, ManualClock, SystemClock, Timestamp};

use crate::fixture::{keys, number, on_postgres, on_sqlite, open, run};

async fn is_ready_only_when_migrated(url: &str) {
    let store = open(url).await;
    let problem = store.ready().await.expect_err("nothing is migrated");
    assert!(matches!(problem, StoreError::Broken { .. }), "{problem}");
    assert!(problem.to_string().contains("run `einlass migrate`"), "{problem}");
    migrate(url).await.expect("migrates");
    store.ready().await.expect("ready");
    migrate(url).await.expect("migrates again");
    store.ready().await.expect("still ready");
    assert_eq!(store.campaigns().await.expect("answers"), []);
}

#[tokio::test]
async fn postgres_is_ready_only_when_migrated() {
    is_ready_only_when_migrated(&test_support::shared_postgres_database().await).await;
}

#[tokio::test]
async fn sqlite_is_ready_only_when_migrated() {
    let folder = tempfile::tempdir().expect("a folder");
    is_ready_only_when_migrated(&format!("sqlite://{}/booking.db", folder.path().display())).await;
}

#[tokio::test]
async fn a_newer_schema_is_no_obstacle() {
    for fixture in [on_postgres().await, on_sqlite().await] {
        let insert =
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_later', 1)";
        run(&fixture.database().await, insert).await.expect("inserts");
        fixture.store().ready().await.expect("ready");
    }
}

#[tokio::test]
async fn several_instances_migrate_at_once() {
    let url = test_support::shared_postgres_database().await;
    let migrating: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { migrate(&url).await })
        })
        .collect();
    for migrated in migrating {
        migrated.await.expect("no panic").expect("migrates");
    }
    open(&url).await.ready().await.expect("ready");
}

#[tokio::test]
async fn a_server_without_synchronous_commit_is_put_right() {
    let fixture = on_postgres().await;
    let database = fixture.database().await;
    let name = fixture.url.rsplit('/').next().expect("a database");
    let careless = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    run(&database, &careless).await.expect("alters");
    let store = open(&fixture.url).await;
    store.ready().await.expect("our own connections insist on it");
}

#[tokio::test]
async fn sqlite_survives_a_crash_of_the_process() {
    let fixture = on_sqlite().await;
    let database = fixture.database().await;
    // WAL is a property of the file; 1 would be the rollback journal's answer.
    let is_wal = "SELECT journal_mode = 'wal' FROM pragma_journal_mode";
    assert_eq!(number(&database, is_wal).await, 1);
}

#[tokio::test]
async fn a_file_is_private_to_its_owner() {
    let fixture = on_sqlite().await;
    fixture
        .store()
        .apply_campaign(&booking::contract::scene::plan(), Timestamp::from_unix_s(1))
        .await
        .expect("applies");
    let path = fixture.url.trim_start_matches("sqlite://");
    for name in [path.to_owned(), format!("{path}-wal"), format!("{path}-shm")] {
        let mode = std::fs::metadata(&name).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    fixture.store.close().await.expect("closes");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("changed");
    let clock = Arc::new(SystemClock);
    for refused in [
        connect(&fixture.url, &DbOptions::default(), clock, keys()).await.err(),
        migrate(&fixture.url).await.err(),
    ] {
        let refused = refused.expect("others can read it");
        assert!(matches!(refused, ConnectError::OpenToOthers(_)), "{refused}");
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
}

#[tokio::test]
async fn the_clock_is_the_stores() {
    let postgres = on_postgres().await;
    let minute = std::time::Duration::from_mins(1);
    let before = SystemClock.now().minus(minute);
    let there = postgres.store().now().await.expect("answers");
    let after = SystemClock.now().plus(minute);
    assert!((before..=after).contains(&there), "{there} is not between {before} and {after}");

    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/booking.db", folder.path().display());
    let instant = Timestamp::from_unix_ms(1_623_650_400_123);
    let clock = Arc::new(ManualClock::at(instant));
    let sqlite = connect(&url, &DbOptions::default(), clock, keys()).await.expect("connects");
    assert_eq!(sqlite.now().await.expect("answers"), instant);
}

#[tokio::test]
async fn what_cannot_be_a_database_is_refused() {
    for url in
        ["mysql://localhost/booking", "sqlite://:memory:", "postgres://user:secret@[/booking"]
    {
        let refused = connect(url, &DbOptions::default(), Arc::new(SystemClock), keys()).await;
        assert!(matches!(refused.err(), Some(ConnectError::UnsupportedUrl)), "{url}");
        assert!(matches!(migrate(url).await, Err(ConnectError::UnsupportedUrl)), "{url}");
    }
    let nowhere = "sqlite:///nonexistent/folder/booking.db";
    let refused = connect(nowhere, &DbOptions::default(), Arc::new(SystemClock), keys()).await;
    assert!(matches!(refused.err(), Some(ConnectError::Open(_))));
}

#[tokio::test]
async fn a_database_that_is_down_is_unavailable() {
    // Nothing listens on the port of "discard" here.
    let options = DbOptions { acquire_timeout_ms: 200, ..DbOptions::default() };
    let url = "postgres://postgres@127.0.0.1:9/booking";
    let store =
        connect(url, &options, Arc::new(SystemClock), keys()).await.expect("connects when used");
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable { .. })));
    let instant = Timestamp::from_unix_s(1);
    assert!(matches!(store.execute(&[], instant).await, Err(StoreError::Unavailable { .. })));
}
