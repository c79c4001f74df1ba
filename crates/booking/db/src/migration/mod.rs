//! The schema, migration by migration. These files are the truth; a test holds the entities to them.
//!
//! A migration that was released is never edited. Each is one SQL text for both backends, with the
//! few words in braces that differ between them (see `dialect`).

mod m20261122_000001_booking;
mod m20261123_000002_ended_passes;
mod m20261127_000003_key_version;
mod m20261127_000004_campaign_revisions;
mod m20261127_000005_pass_budget;
mod m20261127_000006_merged_booking;
mod m20261127_000007_events;
mod m20261128_000008_waitlist;
mod m20261128_000009_personal_data;
mod m20261128_000010_mail;
mod m20261128_000011_own_booking;
mod m20261128_000012_car;
mod m20261128_000013_mail_about;
mod m20261128_000014_webhooks;

use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, EntityTrait, Statement,
};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager, seaql_migrations};

use crate::connect::{self, ConnectError, DbOptions, backend_of, open_error};
use crate::file;

/// All migrations, in order.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_booking::Migration),
            Box::new(m20261123_000002_ended_passes::Migration),
            Box::new(m20261127_000003_key_version::Migration),
            Box::new(m20261127_000004_campaign_revisions::Migration),
            Box::new(m20261127_000005_pass_budget::Migration),
            Box::new(m20261127_000006_merged_booking::Migration),
            Box::new(m20261127_000007_events::Migration),
            Box::new(m20261128_000008_waitlist::Migration),
            Box::new(m20261128_000009_personal_data::Migration),
            Box::new(m20261128_000010_mail::Migration),
            Box::new(m20261128_000011_own_booking::Migration),
            Box::new(m20261128_000012_car::Migration),
            Box::new(m20261128_000013_mail_about::Migration),
            Box::new(m20261128_000014_webhooks::Migration),
        ]
    }
}

/// Serialises migrating instances: the key of PostgreSQL's advisory lock ("einlass" in ASCII).
const MIGRATION_LOCK: i64 = 0x0065_696e_6c61_7373;

/// A migration may have to wait for a long statement and may be one itself.
const MIGRATION_OPTIONS: DbOptions = DbOptions {
    writers_max: 1,
    readers_max: 1,
    acquire_timeout_ms: 10_000,
    statement_timeout_ms: 600_000,
    lock_timeout_ms: 60_000,
    idle_in_transaction_timeout_ms: 60_000,
    trip_deadline_ms: 600_000,
    read_deadline_ms: 600_000,
    keeps_recipients: false,
};

/// Brings the database at `url` to the schema this program expects; a SQLite file is created.
/// Doing it again changes nothing. Any number of instances may do it at the same time.
pub async fn migrate(url: &str) -> Result<(), ConnectError> {
    let backend = backend_of(url)?;
    file::make_private(url)?;
    let options = match backend {
        DbBackend::Postgres => connect::postgres(url, &MIGRATION_OPTIONS, 1),
        _ => connect::sqlite(url, &MIGRATION_OPTIONS, 1, false),
    };
    let database = Database::connect(options).await.map_err(open_error)?;
    // The pool has one connection, so the lock of that session holds for all that follows and ends
    // with it. SQLite's migrations are each one transaction under the file's writer lock.
    let lock = async |function: &str| match backend {
        DbBackend::Postgres => {
            let sql = format!("SELECT {function}({MIGRATION_LOCK})");
            database.execute_raw(Statement::from_string(backend, sql)).await.map(|_| ())
        }
        _ => Ok(()),
    };
    lock("pg_advisory_lock").await.map_err(ConnectError::Open)?;
    let migrated = Migrator::up(&database, None).await;
    let unlocked = lock("pg_advisory_unlock").await;
    database.close_by_ref().await.map_err(ConnectError::Open)?;
    migrated.and(unlocked).map_err(ConnectError::Migrate)
}

/// The migrations that the database lacks. Those it has beyond ours are no obstacle: during a
/// rolling update the old program runs on the new schema.
pub(crate) async fn pending(database: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let was_migrated = SchemaManager::new(database).has_table("seaql_migrations").await?;
    let applied = if was_migrated {
        seaql_migrations::Entity::find().all(database).await?
    } else {
        Vec::new()
    };
    let is_pending = |name: &String| applied.iter().all(|model| model.version != *name);
    let names = Migrator::migrations().into_iter().map(|migration| migration.name().to_owned());
    Ok(names.filter(is_pending).collect())
}

/// Fills in the words that differ: `{name}`, a text compared byte by byte (as Rust compares it, and
/// several times faster than by a locale); `{bytes}`; `{bigint}`; `{strict}`, which makes SQLite
/// check types as PostgreSQL does; `{json}` after a text that is read as JSON; and `{unhex}(…{hex})`.
fn dialect(backend: DbBackend, sql: &str) -> String {
    let words = match backend {
        DbBackend::Postgres => [
            ("{name}", "text COLLATE \"C\""),
            ("{bytes}", "bytea"),
            ("{bigint}", "bigint"),
            ("{strict}", ""),
            ("{json}", "::json"),
            ("{unhex}", "decode"),
            ("{hex}", ", 'hex'"),
        ],
        _ => [
            ("{name}", "text"),
            ("{bytes}", "blob"),
            ("{bigint}", "integer"),
            ("{strict}", "STRICT"),
            ("{json}", ""),
            ("{unhex}", "unhex"),
            ("{hex}", ""),
        ],
    };
    words.iter().fold(sql.to_owned(), |sql, (word, meaning)| sql.replace(word, meaning))
}

#[cfg(test)]
mod tests {
    use sea_orm::QueryOrder;

    use super::*;
    use crate::tables::booking::Column;

    /// A database of the first release, with a pass that holds a seat and has booked two, is brought up to date.
    async fn a_used_pass_survives(url: &str) {
        let is_postgres = backend_of(url).expect("a database") == DbBackend::Postgres;
        let database = Database::connect(url).await.expect("connects");
        Migrator::up(&database, Some(1)).await.expect("the first release");
        let bytes =
            |hex: String| if is_postgres { format!("'\\x{hex}'") } else { format!("X'{hex}'") };
        let id = |number: u8| format!("{number:02x}").repeat(16);
        let pass = bytes(id(1));
        let booking = |number: u8| {
            let (id, hash) = (bytes(id(number)), bytes(id(number).repeat(2)));
            format!(
                "INSERT INTO booking VALUES ({id}, 'speyer', 'a', NULL, {pass}, 7318000, {hash}, 'null', \
                 '7Q2MX4KD', {hash}, 'confirmed', {number}, NULL)"
            )
        };
        let record = |number: u8, effect: &str| {
            let (hash, id) = (bytes(id(number).repeat(2)), id(number));
            format!(
                "INSERT INTO idempotency VALUES ({hash}, {hash}, 'speyer', 1, \
                 '{{\"effect\":\"{effect}\",\"booking\":\"booking_{id}\"}}')"
            )
        };
        for insert in [
            format!("INSERT INTO pass_use VALUES ({pass}, 'speyer', 1, 2, 3)"),
            booking(2),
            booking(3),
            record(3, "booked"),
            record(4, "cancelled"),
        ] {
            database.execute_unprepared(&insert).await.expect("inserts");
        }
        migrate(url).await.expect("migrates");
        assert_eq!(pending(&database).await.expect("answers"), Vec::<String>::new());
        let passes = crate::tables::pass_use::Entity::find().all(&database).await.expect("reads");
        let pass = passes.first().expect("the pass is there");
        assert_eq!((pass.seats_held, pass.seats, pass.ended_at_ms), (1, 4, None));
        let bookings = crate::tables::booking::Entity::find().order_by_asc(Column::SeatNo);
        let bookings = bookings.all(&database).await.expect("reads");
        let facts = bookings.iter().map(|row| {
            (
                row.id[0],
                row.seat_no,
                row.pass_seats,
                row.pass_expires_at_ms,
                row.request_key.clone(),
            )
        });
        // The second was recorded under its key; the first has one that nobody has.
        let expected = [(2, 1, 4, 3, vec![2; 32]), (3, 2, 4, 3, vec![3; 32])];
        assert_eq!(facts.collect::<Vec<_>>(), expected);
        let records = crate::tables::idempotency::Entity::find().all(&database).await;
        let kept: Vec<u8> = records.expect("reads").iter().map(|record| record.key[0]).collect();
        assert_eq!(kept, [4], "what was booked is said by the bookings");
    }

    /// A campaign that was replaced four times before revisions were kept begins its history.
    async fn a_campaign_in_force_is_its_first_revision(url: &str) {
        let database = Database::connect(url).await.expect("connects");
        Migrator::up(&database, Some(2)).await.expect("an earlier release");
        let insert = "INSERT INTO campaign VALUES ('speyer', 5, 7, '{}')";
        database.execute_unprepared(insert).await.expect("inserts");
        migrate(url).await.expect("migrates");
        let campaigns = crate::tables::campaign::Entity::find().all(&database).await;
        let campaigns = campaigns.expect("reads");
        assert_eq!((campaigns[0].revision, campaigns[0].applied_at_ms), (1, 7));
        let history = crate::tables::campaign_revision::Entity::find().all(&database).await;
        let history = history.expect("reads");
        let expected = crate::tables::campaign_revision::Model {
            campaign: "speyer".to_owned(),
            number: 1,
            applied_at_ms: 7,
            actor: "upgrade".to_owned(),
            reason: None,
            definition: Some("{}".to_owned()),
        };
        assert_eq!(history, [expected]);
    }

    #[tokio::test]
    async fn a_campaign_in_force_is_its_first_revision_on_postgres() {
        let url = test_support::shared_postgres_database().await;
        a_campaign_in_force_is_its_first_revision(&url).await;
    }

    #[tokio::test]
    async fn a_campaign_in_force_is_its_first_revision_on_sqlite() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/booking.db?mode=rwc", folder.path().display());
        file::make_private(&url).expect("made");
        a_campaign_in_force_is_its_first_revision(&url).await;
    }

    #[tokio::test]
    async fn a_used_pass_survives_on_postgres() {
        a_used_pass_survives(&test_support::shared_postgres_database().await).await;
    }

    #[tokio::test]
    async fn a_used_pass_survives_on_sqlite() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/booking.db?mode=rwc", folder.path().display());
        file::make_private(&url).expect("made");
        a_used_pass_survives(&url).await;
    }
}
