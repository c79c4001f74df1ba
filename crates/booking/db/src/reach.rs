//! The way to a database that may fall silent.
//!
//! A frozen server, or a network that swallows packets, keeps no time-out of the server's and closes
//! no connection. So every call runs in a task of its own and is waited for until a deadline. Then
//! it is left to itself, never dropped, and its pool is given up with whatever hangs in it: the next
//! call opens connections of its own, and works as soon as the database does.
//!
//! A pool also loses connections without anybody noticing: one that falls silent while it is handed
//! back occupies its place in the pool for ever. Therefore as many calls get their turn as the pool
//! has connections, which makes a long wait for a connection mean one thing only: the database is not
//! there, or the pool is worn out. In both cases it is replaced, and also when it leads to a server
//! that has been demoted.
//!
//! What hangs in a pool that was given up costs one connection and one task each, at most as many as
//! a pool has connections, once for each time the database falls silent.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use booking::StoreError;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::connect::{ConnectError, DbOptions, Pools, backend_of, open_error, postgres, sqlite};
use crate::fault::asks_for_new_connections;
use crate::file;

/// What a call is for. Each kind has a pool and a queue of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It reads for somebody who asked.
    Read,
    /// It reads what the service itself must know (the clock, the places, readiness), and does not
    /// wait behind a crowd of readers.
    Watch,
    /// It is a transaction.
    Write,
}

/// Connections for what the service itself must know.
const WATCHERS_MAX: u32 = 2;

/// The pools in force, and how they are replaced.
pub(crate) struct Reach {
    url: String,
    options: DbOptions,
    backend: DbBackend,
    write: RwLock<Pool>,
    read: RwLock<Pool>,
    watch: RwLock<Pool>,
}

/// One pool, and the turns of those who use it.
#[derive(Clone)]
struct Pool {
    connections: DatabaseConnection,
    turns: Arc<Semaphore>,
    /// How many there were before it.
    number: u64,
}

impl Reach {
    /// Opens the pools. PostgreSQL is connected to on first use, so that a service starts while its
    /// database does not; a SQLite file is opened (and created) at once.
    pub async fn connect(url: &str, options: &DbOptions) -> Result<Self, ConnectError> {
        let backend = backend_of(url)?;
        file::make_private(url)?;
        // The writer first: it switches a SQLite file to WAL.
        let write = open(url, options, backend, Access::Write, 0).await.map_err(open_error)?;
        let read = open(url, options, backend, Access::Read, 0).await.map_err(open_error)?;
        let watch = open(url, options, backend, Access::Watch, 0).await.map_err(open_error)?;
        Ok(Self {
            url: url.to_owned(),
            options: *options,
            backend,
            write: RwLock::new(write),
            read: RwLock::new(read),
            watch: RwLock::new(watch),
        })
    }

    pub fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Closes the pools in force, after what is under way in them has ended.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.pool(Access::Read).connections.close_by_ref().await?;
        self.pool(Access::Watch).connections.close_by_ref().await?;
        self.pool(Access::Write).connections.close_by_ref().await
    }

    /// Makes a call when it is its turn; `run` also learns until when it is waited for.
    pub async fn call<T, F>(
        &self,
        access: Access,
        run: impl FnOnce(Pools, Instant) -> F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let pool = self.pool(access);
        let turn = self.turn(&pool).await?;
        let deadline = Instant::now() + self.time(access);
        let called = run(self.pools(access, &pool), deadline);
        let task = tokio::spawn(async move {
            let answer = called.await;
            drop(turn);
            answer
        });
        match timeout_at(deadline, task).await {
            Ok(Ok(answer)) => {
                if answer.as_ref().is_err_and(asks_for_new_connections) {
                    self.replace(access, pool.number).await;
                }
                answer
            }
            Ok(Err(panicked)) => {
                Err(StoreError::Broken { reason: panicked.to_string(), source: None })
            }
            Err(_elapsed) => {
                self.replace(access, pool.number).await;
                let reason = format!("no answer within {} ms", self.time(access).as_millis());
                Err(StoreError::Unavailable { reason, source: None })
            }
        }
    }

    async fn turn(&self, pool: &Pool) -> Result<OwnedSemaphorePermit, StoreError> {
        let wait_max = Duration::from_millis(self.options.acquire_timeout_ms);
        let turn = timeout(wait_max, Arc::clone(&pool.turns).acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            let reason = "all connections are taken".to_owned();
            StoreError::Busy { reason, source: None }
        })
    }

    fn pools(&self, access: Access, pool: &Pool) -> Pools {
        let (write, read) = match access {
            Access::Write => (pool.clone(), self.pool(Access::Read)),
            Access::Read | Access::Watch => (self.pool(Access::Write), pool.clone()),
        };
        Pools { write: write.connections, read: read.connections, backend: self.backend }
    }

    /// Gives a pool up, unless somebody else has done so already.
    async fn replace(&self, access: Access, number: u64) {
        // SQLite has no server that could fall silent, and its file is opened with some ceremony.
        if self.backend != DbBackend::Postgres {
            return;
        }
        // It connects on first use, so this waits for nothing.
        match open(&self.url, &self.options, self.backend, access, number + 1).await {
            Ok(fresh) => {
                let mut current = self.slot(access).write().unwrap_or_else(PoisonError::into_inner);
                if current.number == number {
                    *current = fresh;
                }
            }
            Err(error) => tracing::error!(%error, "failed to replace a pool of connections"),
        }
    }

    fn pool(&self, access: Access) -> Pool {
        self.slot(access).read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn slot(&self, access: Access) -> &RwLock<Pool> {
        match access {
            Access::Read => &self.read,
            Access::Watch => &self.watch,
            Access::Write => &self.write,
        }
    }

    fn time(&self, access: Access) -> Duration {
        Duration::from_millis(match access {
            Access::Read | Access::Watch => self.options.read_deadline_ms,
            Access::Write => self.options.trip_deadline_ms,
        })
    }
}

async fn open(
    url: &str,
    options: &DbOptions,
    backend: DbBackend,
    access: Access,
    number: u64,
) -> Result<Pool, DbErr> {
    let connections_max = match (access, backend) {
        (Access::Write, DbBackend::Postgres) => options.writers_max,
        (Access::Write, _) => 1,
        (Access::Read, _) => options.readers_max,
        (Access::Watch, _) => WATCHERS_MAX,
    };
    let connections_max = connections_max.max(1);
    let connect: ConnectOptions = match backend {
        DbBackend::Postgres => postgres(url, options, connections_max),
        _ => sqlite(url, options, connections_max, access != Access::Write),
    };
    let turns = usize::try_from(connections_max).unwrap_or(Semaphore::MAX_PERMITS);
    Ok(Pool {
        connections: Database::connect(connect).await?,
        turns: Arc::new(Semaphore::new(turns.min(Semaphore::MAX_PERMITS))),
        number,
    })
}
