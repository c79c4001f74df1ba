//! The booking store.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use booking::{
    Applied, ApplyCampaign, Availability, Booking, BookingId, BookingStore, Campaign, Command,
    Footprint, Hold, HoldId, Outcome, PassId, RemoveCampaign, Removed, Revision, StoreError,
    decide,
};
use kernel::{CampaignId, Clock, Timestamp};
use sea_orm::{DatabaseTransaction, DbErr};

use crate::apply::{apply, remove};
use crate::connect::{ConnectError, DbOptions, Pools};
use crate::fault::{Attempts, COMMIT, Fault};
use crate::load::{CampaignCache, Loader};
use crate::statements::Statements;
use crate::write::{Known, Writer};

/// The booking store on PostgreSQL or SQLite.
///
/// A batch is one transaction of five round trips: begin, lock the campaigns, load, (decide,)
/// write, commit. A cancellation in the batch costs one more; SQLite, where a round trip is a
/// function call, writes each kind of row separately. The texts of the statements do not depend on
/// the batch and are prepared once for each connection.
///
/// Every future must be awaited to its end (see [`crate::connect`]): call the store from the
/// batcher or from a background task, not from a handler that a client can cancel.
pub struct DbStore {
    pub(crate) pools: Pools,
    pub(crate) statements: Statements,
    pub(crate) cache: CampaignCache,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Connects to `postgres://user@host/database` (a Unix socket: `postgres://user@%2Frun%2Fpostgresql/database`
/// or `?host=/run/postgresql`) or to the file of `sqlite:///path/file.db`, which is made if need be.
///
/// `clock` is the store's clock on SQLite; PostgreSQL has its own. The schema is not touched, see
/// [`crate::migrate`].
pub async fn connect(
    url: &str,
    options: &DbOptions,
    clock: Arc<dyn Clock>,
) -> Result<DbStore, ConnectError> {
    let pools = Pools::connect(url, options).await?;
    let statements = Statements::new(pools.backend);
    Ok(DbStore { pools, statements, cache: CampaignCache::default(), clock })
}

impl DbStore {
    /// Closes all connections, after what is under way has ended.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.pools.close().await
    }

    async fn begin(&self) -> Result<DatabaseTransaction, Fault> {
        self.pools.begin().await.map_err(Fault::at("begin a transaction"))
    }

    fn writer<'a>(&'a self, transaction: &'a DatabaseTransaction) -> Writer<'a> {
        Writer { backend: self.pools.backend, statements: &self.statements, transaction }
    }

    async fn execute_once(
        &self,
        footprint: &Footprint,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<Vec<Outcome>, Fault> {
        let transaction = self.begin().await?;
        let carried_out = self.carry_out(&transaction, footprint, commands, now).await;
        end(transaction, carried_out).await
    }

    async fn carry_out(
        &self,
        transaction: &DatabaseTransaction,
        footprint: &Footprint,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<Vec<Outcome>, Fault> {
        let backend = self.pools.backend;
        let loader = Loader { backend, statements: &self.statements, cache: &self.cache };
        let state = loader.load(transaction, footprint, now).await?;
        let known = Known::of(&state);
        let (changes, outcomes) = decide(state, now, commands);
        self.writer(transaction).write(&changes, &known).await?;
        Ok(outcomes)
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
        end(transaction, removed).await
    }
}

/// Commits what went well and takes back what did not.
async fn end<T>(transaction: DatabaseTransaction, result: Result<T, Fault>) -> Result<T, Fault> {
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

/// Repeats `$attempt` as long as another one is worth it.
macro_rules! attempts {
    ($attempt:expr) => {{
        let mut attempts = Attempts::default();
        loop {
            match $attempt.await {
                Ok(value) => return Ok(value),
                Err(fault) => attempts.another(fault)?,
            }
        }
    }};
}

#[async_trait]
impl BookingStore for DbStore {
    async fn change_campaign(
        &self,
        request: &ApplyCampaign,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        attempts!(self.apply_once(request, now))
    }

    async fn remove_campaign(
        &self,
        request: &RemoveCampaign,
        now: Timestamp,
    ) -> Result<Removed, StoreError> {
        attempts!(self.remove_once(request, now))
    }

    async fn revisions(&self, campaign: &CampaignId) -> Result<Vec<Revision>, StoreError> {
        attempts!(self.read_revisions(campaign))
    }

    async fn campaigns(&self) -> Result<Vec<Campaign>, StoreError> {
        attempts!(self.read_campaigns())
    }

    async fn execute(
        &self,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<Vec<Outcome>, StoreError> {
        let footprint = Footprint::of(commands);
        attempts!(self.execute_once(&footprint, commands, now))
    }

    async fn availability(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<Option<Availability>, StoreError> {
        attempts!(self.read_availability(campaign, now))
    }

    async fn passes_with_open_holds(
        &self,
        passes: &[PassId],
        now: Timestamp,
    ) -> Result<HashSet<PassId>, StoreError> {
        attempts!(self.read_open_holds(passes, now))
    }

    async fn departed_passes(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
        passes_max: u32,
    ) -> Result<Vec<PassId>, StoreError> {
        attempts!(self.read_departed(campaign, now, passes_max))
    }

    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        attempts!(self.read_booking(id))
    }

    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        attempts!(self.read_hold(id))
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        attempts!(self.read_now())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        let pending = self.read_pending().await?;
        if !pending.is_empty() {
            let reason =
                format!("the database lacks {}: run `einlass migrate`", pending.join(", "));
            return Err(StoreError::Broken { reason, source: None });
        }
        self.read_durability().await?
    }
}
