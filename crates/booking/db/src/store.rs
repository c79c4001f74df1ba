//! The booking store.

mod mail;
mod port;
mod webhooks;

use std::borrow::Cow;
use std::sync::Arc;

use booking::{
    Applied, ApplyCampaign, Command, Executed, ExecutedPart, Footprint, RemoveCampaign, Removed,
    StoreError, decide,
};
use kernel::{Clock, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value};
use tokio::time::Instant;

use crate::apply::{apply, remove};
use crate::batch::{CampaignCache, Loader, Mirror, Mirrors, Moment, Writer, retry};
use crate::connect::{ConnectError, DbOptions, Pools};
use crate::fault::{COMMIT, Fault};
use crate::reach::{Access, Reach};
use crate::statements::Statements;
use crate::vault::{MasterKeys, Vault};

/// The booking store on PostgreSQL or SQLite.
///
/// A batch of new bookings is one statement where it can be ([`crate::batch`], optimistic). Any other is one
/// transaction of five round trips: begin, lock the campaigns, load, (decide,)
/// write, commit. Cancelled bookings in the batch cost one more, and so do changed ones; SQLite, where a round trip is a
/// function call, writes each kind of row separately. The texts of the statements do not depend on
/// the batch and are prepared once for each connection.
///
/// A call runs in a task of its own: whoever drops it, or stops waiting for it, drops no database
/// future (see [`crate::connect`]).
pub struct DbStore {
    reach: Reach,
    statements: Arc<Statements>,
    cache: Arc<CampaignCache>,
    mirrors: Arc<Mirrors>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    keeps_recipients: bool,
}

/// What one call works with, until its deadline and beyond.
pub(crate) struct Session {
    pub(crate) pools: Pools,
    pub(crate) statements: Arc<Statements>,
    pub(crate) cache: Arc<CampaignCache>,
    pub(crate) mirrors: Arc<Mirrors>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    keeps_recipients: bool,
    /// Nobody waits for the answer after this.
    deadline: Instant,
}

/// Connects to `postgres://user@host/database` (a Unix socket: `postgres://user@%2Frun%2Fpostgresql/database`
/// or `?host=/run/postgresql`) or to the file of `sqlite:///path/file.db`, which is made if need be.
///
/// `clock` is the store's clock on SQLite; PostgreSQL has its own. What is stored of persons is sealed by `keys`; without
/// them no person can be read or written, and all else can. The schema is not touched, see [`crate::migrate`].
pub async fn connect(
    url: &str,
    options: &DbOptions,
    clock: Arc<dyn Clock>,
    keys: Option<MasterKeys>,
) -> Result<DbStore, ConnectError> {
    let reach = Reach::connect(url, options).await?;
    let statements = Arc::new(Statements::new(reach.backend()));
    let (cache, mirrors, vault) = (Arc::default(), Arc::default(), Arc::new(Vault::new(keys)));
    let keeps_recipients = options.keeps_recipients;
    Ok(DbStore { reach, statements, cache, mirrors, vault, clock, keeps_recipients })
}

impl DbStore {
    /// Closes all connections, after what is under way has ended.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.reach.close().await
    }

    /// What keeps persons from being read or written with these master keys, and what to do; `None` if nothing does.
    pub async fn key_problem(&self) -> Result<Option<String>, StoreError> {
        let read = |db: Session| async move { retry(db.deadline, || db.read_key_problem()).await };
        self.call(Access::Watch, read).await
    }

    /// Makes one call within its deadline.
    pub(crate) async fn call<T, F>(
        &self,
        access: Access,
        run: impl FnOnce(Session) -> F + Send,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let run = |pools, deadline| {
            run(Session {
                pools,
                statements: Arc::clone(&self.statements),
                cache: Arc::clone(&self.cache),
                mirrors: Arc::clone(&self.mirrors),
                vault: Arc::clone(&self.vault),
                clock: Arc::clone(&self.clock),
                keeps_recipients: self.keeps_recipients,
                deadline,
            })
        };
        self.reach.call(access, run).await
    }
}

impl Session {
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, Fault> {
        self.pools.begin().await.map_err(Fault::at("begin a transaction"))
    }

    pub(crate) fn statement(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Statement {
        Statement::from_sql_and_values(self.pools.backend, sql, values)
    }

    /// Runs a statement; how many rows it has changed.
    pub(crate) async fn run(
        &self,
        transaction: &DatabaseTransaction,
        doing: &'static str,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, Fault> {
        let statement = self.statement(sql, values);
        let done = transaction.execute_raw(statement).await.map_err(Fault::at(doing))?;
        Ok(done.rows_affected())
    }

    pub(crate) fn writer<'a>(&'a self, transaction: &'a DatabaseTransaction) -> Writer<'a> {
        Writer {
            backend: self.pools.backend,
            statements: &self.statements,
            transaction,
            keeps_recipients: self.keeps_recipients,
        }
    }

    /// Carries out what it can at once, or else all with care.
    async fn execute_part(
        &self,
        commands: Vec<Command>,
        now: Timestamp,
    ) -> Result<ExecutedPart, StoreError> {
        if let Some(executed) = self.attempt(&commands, now).await? {
            return Ok(executed);
        }
        self.execute(&commands, now).await.map(ExecutedPart::from)
    }

    async fn execute(&self, commands: &[Command], now: Timestamp) -> Result<Executed, StoreError> {
        let footprint = Footprint::of(commands);
        let careful = || self.execute_with_care(&footprint, commands, now);
        retry(self.deadline, careful).await
    }

    async fn execute_with_care(
        &self,
        footprint: &Footprint,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<Executed, Fault> {
        let transaction = self.begin().await?;
        let carried_out = self.carry_out(&transaction, footprint, commands, now).await;
        let (executed, learned) = end(transaction, carried_out).await?;
        if let Some((before, mirror)) = learned {
            self.mirrors.learn(before, mirror);
        }
        Ok(executed)
    }

    async fn carry_out(
        &self,
        transaction: &DatabaseTransaction,
        footprint: &Footprint,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<(Executed, Option<(Moment, Mirror)>), Fault> {
        let backend = self.pools.backend;
        let (statements, cache, vault) = (&*self.statements, &*self.cache, &*self.vault);
        let loader = Loader { backend, statements, cache, vault };
        let mut footprint = Cow::Borrowed(footprint);
        let (known, mirror, changes, outcomes) = loop {
            let (state, known) = loader.load(transaction, &footprint, now).await?;
            // SQLite has no fast path.
            let mirror = (backend == DbBackend::Postgres).then(|| Mirror::of(&state, &known));
            let (changes, outcomes) = decide(state, now, commands);
            match footprint.looking_further(commands, &outcomes) {
                Some(wider) => footprint = Cow::Owned(wider),
                None => break (known, mirror.flatten(), changes, outcomes),
            }
        };
        let stored = known.heads.iter().map(|head| (&head.campaign, head.wrapped.as_ref()));
        let keys = self.vault.for_changes(transaction, &changes, stored, now).await?;
        self.writer(transaction).write(&changes, &known, &keys).await?;
        let learned = mirror.map(|mirror| {
            let mut mirror = mirror.with_key(&keys);
            let before = mirror.moment();
            mirror.advance(&changes);
            (before, mirror)
        });
        Ok((Executed { outcomes, events: changes.events }, learned))
    }

    async fn read_ready(&self) -> Result<(), StoreError> {
        let pending = self.read_pending().await?;
        if !pending.is_empty() {
            let reason =
                format!("the database lacks {}: run `einlass migrate`", pending.join(", "));
            return Err(StoreError::Broken { reason, source: None });
        }
        self.read_durability().await??;
        self.check_keys().await
    }

    async fn apply_once(&self, request: &ApplyCampaign, now: Timestamp) -> Result<Applied, Fault> {
        let transaction = self.begin().await?;
        let applied = apply(&self.writer(&transaction), request, now).await;
        end(transaction, applied).await
    }

    async fn remove_once(
        &self,
        request: &RemoveCampaign,
        now: Timestamp,
    ) -> Result<Removed, Fault> {
        let transaction = self.begin().await?;
        let removed = remove(&self.writer(&transaction), request, now).await;
        self.vault.forget(&request.campaign);
        end(transaction, removed).await
    }
}

/// Commits what went well and takes back what did not.
pub(crate) async fn end<T>(
    transaction: DatabaseTransaction,
    result: Result<T, Fault>,
) -> Result<T, Fault> {
    match result {
        Ok(value) => {
            transaction.commit().await.map_err(Fault::at(COMMIT))?;
            Ok(value)
        }
        Err(fault) => {
            // If the rollback fails too, the connection is gone, and the server has rolled back.
            let _gone = transaction.rollback().await;
            Err(fault)
        }
    }
}
