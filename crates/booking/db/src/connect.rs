//! Connections: small pools for writing, for reading, and for what the service must know.
//!
//! Nothing here or in the store drops a database future: a `BEGIN` that is cancelled while under way
//! would hand an open transaction to the next user of the pooled connection. A database that answers
//! bounds every wait by `statement_timeout`, `lock_timeout`, `idle_in_transaction_session_timeout` or
//! SQLite's `busy_timeout`. One that has fallen silent keeps none of these: then [`crate::reach`]
//! stops waiting, and leaves the future to itself.
//!
//! The bounds are in this order: idle in a transaction < lock < statement < trip. An instance that
//! freezes with a campaign locked loses its transaction before anybody gives up waiting for it.

use std::path::PathBuf;
use std::time::Duration;

use kernel::private_file::OpenToOthers;

use sea_orm::{
    ConnectOptions, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

/// The bounds of the connections to one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DbOptions {
    /// Connections that write; as many batches can be under way, each of another campaign. SQLite
    /// always has one.
    pub writers_max: u32,
    /// Connections that only read what somebody asks for. Two more read the clock, the places and
    /// whether the database is ready.
    pub readers_max: u32,
    /// The longest wait for one's turn, and then the longest wait for a connection, connecting
    /// included.
    pub acquire_timeout_ms: u64,
    /// The longest a statement may run (PostgreSQL).
    pub statement_timeout_ms: u64,
    /// The longest wait for a row lock (PostgreSQL) or for the file's writer lock (SQLite).
    pub lock_timeout_ms: u64,
    /// The server ends a transaction that was left open this long (PostgreSQL): a client that died
    /// or froze does not keep its campaign locked. Shorter than the wait for a lock, so that nobody
    /// fails because of it.
    pub idle_in_transaction_timeout_ms: u64,
    /// How long a transaction is waited for. After that its outcome is unknown, and its connections
    /// are given up.
    pub trip_deadline_ms: u64,
    /// How long a read is waited for.
    pub read_deadline_ms: u64,
    /// Whether a letter about a cancellation keeps whom it tells until it is settled: only where somebody
    /// sends letters.
    pub keeps_recipients: bool,
}

impl Default for DbOptions {
    fn default() -> Self {
        Self {
            writers_max: 4,
            readers_max: 4,
            acquire_timeout_ms: 2_000,
            statement_timeout_ms: 3_000,
            lock_timeout_ms: 2_000,
            idle_in_transaction_timeout_ms: 1_000,
            trip_deadline_ms: 5_000,
            read_deadline_ms: 3_000,
            keeps_recipients: false,
        }
    }
}

/// The database cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL names no database this crate speaks.
    #[error(
        "the database url must begin with postgres:// or sqlite:// and name a server or a file"
    )]
    UnsupportedUrl,
    /// The database refused, or could not be opened.
    #[error("failed to open the database")]
    Open(#[source] DbErr),
    /// The file can be read by others.
    #[error(transparent)]
    OpenToOthers(OpenToOthers),
    /// Another service has the file.
    #[error(
        "another process has the database {0} in use, and SQLite is for one: stop that one first, or give \
         both the same PostgreSQL (`booking.database_url`)"
    )]
    InUse(PathBuf),
    /// The lock file cannot be made.
    #[error("failed to access {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A migration failed; those before it are in force.
    #[error("failed to migrate the database")]
    Migrate(#[source] DbErr),
}

/// The connections that one call works with.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    pub write: DatabaseConnection,
    pub read: DatabaseConnection,
    pub backend: DbBackend,
}

impl Pools {
    /// Begins a transaction that will write. On SQLite it takes the writer lock at once
    /// (`BEGIN IMMEDIATE`): a later upgrade from reading to writing would fail without waiting.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite_transaction_mode =
            (self.backend == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
        let options =
            TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() };
        self.write.begin_with_options(options).await
    }
}

/// SeaORM quotes a URL that it cannot read, with the password in it.
pub(crate) fn open_error(error: DbErr) -> ConnectError {
    match error {
        DbErr::Conn(RuntimeErr::Internal(_)) => ConnectError::UnsupportedUrl,
        _ => ConnectError::Open(error),
    }
}

pub(crate) fn backend_of(url: &str) -> Result<DbBackend, ConnectError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        Ok(DbBackend::Postgres)
    } else if url.starts_with("sqlite://") && !url.contains(":memory:") {
        // A database in memory would be another one for every connection, and gone after a crash.
        Ok(DbBackend::Sqlite)
    } else {
        Err(ConnectError::UnsupportedUrl)
    }
}

/// Options for a pool of `connections_max` connections to PostgreSQL.
///
/// - No connection is closed for being idle or old, so under load the pool is as if `min = max`.
///   `min_connections` itself stays 0: the task by which sqlx keeps the minimum holds the pool's
///   permits while it retries with pauses of up to a minute, and would delay the recovery after a
///   restart of the server by as much.
/// - A connection is tested before use only when it was idle for a second: under load that saves a
///   round trip per batch, and a connection that died meanwhile is noticed at `BEGIN`, before
///   anything has happened.
pub(crate) fn postgres(url: &str, options: &DbOptions, connections_max: u32) -> ConnectOptions {
    let mut connect = common(url, options, connections_max);
    let settings = [
        ("statement_timeout", options.statement_timeout_ms.to_string()),
        ("lock_timeout", options.lock_timeout_ms.to_string()),
        ("idle_in_transaction_session_timeout", options.idle_in_transaction_timeout_ms.to_string()),
        // The server notices within 25 s that this side is gone, so that connections which were
        // given up here do not use up its `max_connections`. Unix sockets ignore it.
        ("tcp_keepalives_idle", "10".to_owned()),
        ("tcp_keepalives_interval", "5".to_owned()),
        ("tcp_keepalives_count", "3".to_owned()),
        // A batch locks its campaigns and then reads what earlier holders of the locks committed.
        ("default_transaction_isolation", "read committed".to_owned()),
        // Every statement looks up rows by key, so one plan fits all batches. Statistics must not
        // talk the planner out of the index: those of the first minutes are of empty tables.
        ("plan_cache_mode", "force_generic_plan".to_owned()),
        ("enable_seqscan", "off".to_owned()),
        ("jit", "off".to_owned()),
        // Refuse to lose what was answered, even where the server's default is otherwise (P2).
        ("synchronous_commit", "on".to_owned()),
    ];
    connect
        .connect_lazy(true)
        .set_application_name("einlass-booking")
        .test_before_acquire_if_idle_for(Duration::from_secs(1))
        .map_sqlx_postgres_opts(move |postgres| postgres.options(settings.clone()));
    connect
}

pub(crate) fn sqlite(
    url: &str,
    options: &DbOptions,
    connections_max: u32,
    reading: bool,
) -> ConnectOptions {
    let mut connect = common(url, options, connections_max);
    let busy_timeout = Duration::from_millis(options.lock_timeout_ms);
    connect.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(busy_timeout)
            .pragma("journal_mode", "WAL")
            // In WAL mode only FULL syncs the log at every commit (P2).
            .pragma("synchronous", "FULL")
            // What is deleted is overwritten: who was erased is not left in the file.
            .pragma("secure_delete", "ON");
        if reading { sqlite.pragma("query_only", "ON") } else { sqlite }
    });
    connect
}

fn common(url: &str, options: &DbOptions, connections_max: u32) -> ConnectOptions {
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(connections_max.max(1))
        .min_connections(0)
        .acquire_timeout(Duration::from_millis(options.acquire_timeout_ms))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // Statements carry personal data as parameters, and are the same few all the time (P15).
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    connect
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever holds a lock and says nothing loses it before anybody else gives up.
    #[test]
    fn each_bound_is_shorter_than_the_one_around_it() {
        let of = DbOptions::default();
        let bounds = [
            of.idle_in_transaction_timeout_ms,
            of.lock_timeout_ms,
            of.statement_timeout_ms,
            of.trip_deadline_ms,
        ];
        assert!(bounds.is_sorted_by(|inner, outer| inner < outer), "{bounds:?}");
        assert!(of.acquire_timeout_ms < of.read_deadline_ms);
    }

    #[test]
    fn the_url_names_the_backend() {
        let postgres = backend_of("postgres://postgres@%2Frun%2Fpostgresql/einlass");
        assert!(matches!(postgres, Ok(DbBackend::Postgres)));
        assert!(matches!(backend_of("sqlite:///tmp/einlass.db"), Ok(DbBackend::Sqlite)));
        for url in ["mysql://localhost/einlass", "sqlite://:memory:", "/tmp/einlass.db", ""] {
            assert!(matches!(backend_of(url), Err(ConnectError::UnsupportedUrl)), "{url}");
        }
    }
}
